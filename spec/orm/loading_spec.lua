-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local fails = require "spec.support.fails"

describe("loading", function()
  local s, User, Address, Order, Item, session
  before_each(function()
    s = shop.new():fill()
    User, Address, Order, Item, session = s.User, s.Address, s.Order, s.Item, s.session
  end)
  after_each(function() s:close() end)

  it("reads a list when it is touched (LOAD-3.1, REL-21)", function()
    local ann = session:get(User, 1)
    assert.same({"SELECT addresses.id, addresses.email, addresses.user_id FROM addresses WHERE ? = addresses.user_id ORDER BY addresses.id"},
      s:during(function() assert.equal(2, #ann.addresses) end))
    assert.same({}, s:during(function() assert.equal("ann@two", ann.addresses[2].email) end))
  end)

  it("answers a many-to-one from the identity map (LOAD-3.1)", function()
    local ann = session:get(User, 1)
    local address = session:get(Address, 1)
    assert.same({}, s:during(function() assert.equal(ann, address.user) end))
    local other = session:get(Address, 3)
    assert.same({"SELECT users.id, users.name, users.age FROM users WHERE users.id = ?"},
      s:during(function() assert.equal("Bob", other.user.name) end))
  end)

  it("sends nothing for a foreign key that is NULL (LOAD-3.1)", function()
    session:add(Address{id = 9, email = "x"})
    session:commit()
    local address = session:get(Address, 9)
    assert.same({}, s:during(function() assert.is_nil(address.user) end))
  end)

  it("begins nothing for what the identity map, a NULL or a new object answers (LOAD-3.1, SES-07)", function()
    session:add(Address{id = 9, email = "x"})
    session:commit()
    local quiet = orm.Session(s.engine, {expire_on_commit = false})
    local first, orphan, ann = quiet:get(Address, 1), quiet:get(Address, 9), quiet:get(User, 1)
    local new = User{}
    quiet:commit()
    local begun = 0
    la.event.listen(s.engine, "begin", function() begun = begun + 1 end)
    assert.equal(ann, first.user)
    assert.is_nil(orphan.user)
    quiet:add(new)
    assert.equal(0, #new.addresses)
    assert.equal(0, begun)
    quiet:rollback()
    quiet:expire(ann)
    quiet:expire(first, {"user"})
    assert.equal("Ann", first.user.name)
    assert.equal(1, begun)
    quiet:close()
  end)

  it("refuses a statement for a raising link before it flushes or begins anything (LOAD-3.6)", function()
    local ann = session:query(User):options(orm.raiseload(User.orders, {sql_only = true})):first()
    session:commit()
    local name = ann.name
    session:flush()
    ann.name = name .. "!"
    local heard = 0
    la.event.listen(session, "do_orm_execute", function() heard = heard + 1 end)
    assert.same({}, s:during(function()
      fails(exc.InvalidRequestError, "raise_on_sql", function() return #ann.orders end)
    end))
    assert.same({true, 0}, {session:is_modified(ann), heard})
  end)

  it("tells of the column that a raising link has to read first (LOAD-3.6, EVT-02)", function()
    local quiet = orm.Session(s.engine, {expire_on_commit = false})
    local address = quiet:scalars(la.select(Address):options(orm.raiseload(Address.user, {sql_only = true}), orm.defer(Address.user_id))):first()
    quiet:commit()
    local begun = 0
    la.event.listen(s.engine, "begin", function() begun = begun + 1 end)
    assert.same({"SELECT addresses.user_id FROM addresses WHERE addresses.id = ?"}, s:during(function()
      fails(exc.InvalidRequestError, "raise_on_sql", function() return address.user end)
    end))
    assert.equal(1, begun)
    quiet:close()
  end)

  it("names the secondary before what a joined load stands behind (LOAD-3.1, LOAD-3.2)", function()
    local Base = orm.declarative_base()
    local Column, Integer = la.Column, la.Integer
    local pairs_of = la.Table("pairs", Base.metadata, Column("a", la.ForeignKey "a.id"), Column("b", la.ForeignKey "b.id"))
    local A = Base:class "A" {__tablename__ = "a", id = Column(Integer, {primary_key = true}), bs = orm.relationship("B", {secondary = pairs_of})}
    local B = Base:class "B" {__tablename__ = "b", id = Column(Integer, {primary_key = true}), cs = orm.relationship("C", {lazy = "joined"})}
    Base:class "C" {__tablename__ = "c", id = Column(Integer, {primary_key = true}), b_id = Column(la.ForeignKey "b.id")}
    Base.metadata:create_all(s.engine)
    session:add(A{id = 1, bs = {B{id = 2}}})
    session:commit()
    local a = session:get(A, 1)
    assert.same({"SELECT b.id, c_1.id, c_1.b_id FROM pairs, b LEFT OUTER JOIN c AS c_1 ON b.id = c_1.b_id WHERE ? = pairs.a AND b.id = pairs.b"},
      s:during(function() assert.equal(1, #a.bs) end))
  end)

  it("joins within a lazy load what goes back to its owner's class, as in any select (LOAD-3.2)", function()
    local other = shop.new{["Item.tags"] = {lazy = "joined"}}:fill()
    local blue = other.session:get(other.Tag, 2)
    assert.same({"SELECT items.id, items.name, items.price, items.order_id, tags_1.id, tags_1.name FROM item_tags, items LEFT OUTER JOIN " ..
      "(item_tags AS item_tags_1 JOIN tags AS tags_1 ON tags_1.id = item_tags_1.tag_id) ON items.id = item_tags_1.item_id " ..
      "WHERE ? = item_tags.tag_id AND items.id = item_tags.item_id ORDER BY items.id, tags_1.id"},
      other:during(function() assert.equal(2, #blue.items[1].tags) end))
    other:close()
  end)

  it("reads for a refreshed object and what is joined to it one by one (LOAD-3.3, UOW-100)", function()
    local other = shop.new{["Address.user"] = {lazy = "joined"}, ["User.orders"] = {lazy = "selectin"}}:fill()
    local address = other.session:get(other.Address, 1)
    other.session:expire(address.user, {"orders"})
    local texts = other:during(function() other.session:refresh(address) end)
    assert.equal(2, #texts)
    assert.truthy(texts[2]:find("FROM orders WHERE ? = orders.user_id", 1, true))
    other:close()
  end)

  it("reads many-to-many lists (LOAD-3.1)", function()
    local pen = session:get(Item, 1)
    assert.same({"SELECT tags.id, tags.name FROM tags, item_tags WHERE ? = item_tags.item_id AND tags.id = item_tags.tag_id ORDER BY tags.id"},
      s:during(function() assert.equal(2, #pen.tags) end))
  end)

  it("looks up what an immediate load comes back to, and sends nothing for it (LOAD-3.6)", function()
    local other = shop.new{["User.addresses"] = {lazy = "immediate"}, ["Address.user"] = {lazy = "immediate"}}:fill()
    local ann = other.session:get(other.User, 1)
    assert.same({}, other:during(function() assert.equal(ann, ann.addresses[2].user) end))
    other.session:expunge_all()
    local texts = other:during(function() ann = other.session:query(other.User):options(orm.joinedload(other.User.addresses)):first() end)
    assert.equal(1, #texts)
    assert.is_false(la.inspect(ann.addresses[1]).unloaded[1] ~= nil)
    other:close()
  end)

  it("ends where immediate loads, subclasses and joins go round, with populate_existing too (LOAD-3.0, LOAD-3.8)", function()
    local Base = orm.declarative_base()
    local Column, Integer = la.Column, la.Integer
    local A = Base:class "A" {__tablename__ = "a", id = Column(Integer, {primary_key = true}), es = orm.relationship("E", {lazy = "immediate"})}
    local B = Base:class "B" {__tablename__ = "b", id = Column(Integer, {primary_key = true}), a_id = Column(la.ForeignKey "a.id"),
      a = orm.relationship("A", {lazy = "joined"})}
    local E = Base:class "E" {__tablename__ = "e", id = Column(Integer, {primary_key = true}), kind = Column(la.String),
      a_id = Column(la.ForeignKey "a.id"), __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "e"}}
    local M = E:class "M" {__tablename__ = "m", id = Column(la.ForeignKey "e.id", {primary_key = true}), b_id = Column(la.ForeignKey "b.id"),
      b = orm.relationship("B", {lazy = "selectin"}), __mapper_args__ = {polymorphic_identity = "m", polymorphic_load = "inline"}}
    Base.metadata:create_all(s.engine)
    local a = A{id = 1}
    session:add_all{a, M{id = 2, a_id = 1, b = B{id = 3, a = a}}}
    session:commit()
    for _, lazily in ipairs {false, true} do
      local statement = la.select(A):execution_options{populate_existing = lazily}
      local texts = s:during(function() assert.equal(a, session:scalars(statement):unique():one()) end)
      assert.equal(3, #texts)
      assert.equal("SELECT b.id, b.a_id, a_1.id FROM b LEFT OUTER JOIN a AS a_1 ON a_1.id = b.a_id WHERE b.id IN (?)",
        (texts[3]:gsub(" AS [%w_]+(,)", "%1")))
      assert.equal(a, a.es[1].b.a)
    end
  end)

  it("sends nothing for objects that are not in the database (UOW-61)", function()
    assert.same({}, s:during(function()
      assert.equal(0, #User{name = "x"}.addresses)
      assert.is_nil(Address{email = "x"}.user)
    end))
  end)

  it("reads lists of all parents by selectin (LOAD-3.3)", function()
    local sent = s:during(function()
      local users = session:scalars(la.select(User):options(orm.selectinload(User.addresses)):order_by(User.id)):all()
      assert.same({2, 1, 0}, {#users[1].addresses, #users[2].addresses, #users[3].addresses})
    end)
    assert.same({
      "SELECT users.id, users.name, users.age FROM users ORDER BY users.id",
      "SELECT addresses.user_id, addresses.id, addresses.email FROM addresses WHERE addresses.user_id IN (?, ?, ?) ORDER BY addresses.id",
    }, sent)
  end)

  it("reads many-to-ones by selectin (LOAD-3.3)", function()
    local sent = s:during(function()
      local all = session:scalars(la.select(Address):options(orm.selectinload(Address.user)):order_by(Address.id)):all()
      assert.equal("Ann", all[2].user.name)
      assert.equal("Bob", all[3].user.name)
    end)
    assert.equal("SELECT users.id, users.name, users.age FROM users WHERE users.id IN (?, ?)", sent[2])
    assert.equal(2, #sent)
  end)

  it("reads many-to-manys by selectin (LOAD-3.3)", function()
    local sent = s:during(function()
      local items = session:scalars(la.select(Item):options(orm.selectinload(Item.tags)):order_by(Item.id)):all()
      assert.same({2, 1}, {#items[1].tags, #items[2].tags})
    end)
    assert.equal(2, #sent)
  end)

  it("reads lists by a join (LOAD-3.2)", function()
    local sent = s:during(function()
      local users = session:query(User):options(orm.joinedload(User.addresses)):order_by(User.id):all()
      assert.equal(3, #users)
      assert.same({2, 1, 0}, {#users[1].addresses, #users[2].addresses, #users[3].addresses})
    end)
    assert.equal(1, #sent)
    assert.truthy(sent[1]:find("LEFT OUTER JOIN addresses AS addresses_1 ON users.id = addresses_1.user_id ORDER BY users.id, addresses_1.id", 1, true), sent[1])
  end)

  it("asks for unique() with joined lists in 2.0 style (LOAD-3.2)", function()
    local stmt = la.select(User):options(orm.joinedload(User.addresses))
    fails(exc.InvalidRequestError, "The unique() method must be invoked on this Result", function() session:scalars(stmt):all() end)
    assert.equal(3, #session:scalars(stmt):unique():all())
  end)

  it("wraps a limited query whose lists are joined (LOAD-3.2)", function()
    local sent = s:during(function()
      local users = session:query(User):options(orm.joinedload(User.addresses)):order_by(User.id):limit(1):all()
      assert.equal(1, #users)
      assert.equal(2, #users[1].addresses)
    end)
    assert.equal(1, #sent)
    assert.truthy(sent[1]:find("FROM (SELECT", 1, true), sent[1])
  end)

  it("nests strategies (LOAD-3.0)", function()
    local sent = s:during(function()
      local users = session:query(User):options(orm.selectinload(User.orders):joinedload(Order.items):selectinload(Item.tags)):order_by(User.id):all()
      assert.equal("red", users[1].orders[1].items[1].tags[1].name)
    end)
    assert.equal(3, #sent)
  end)

  it("follows lazy = on the relationship (REL-21)", function()
    for lazy, count in pairs{selectin = 2, joined = 1, immediate = 4} do
      local t = shop.new{["User.addresses"] = {lazy = lazy}}:fill()
      local sent = t:during(function()
        local users = t.session:query(t.User):order_by(t.User.id):all()
        assert.equal(2, #users[1].addresses)
      end)
      assert.equal(count, #sent, lazy)
      t:close()
    end
  end)

  it("raises where loading is forbidden (LOAD-3.5)", function()
    local ann = session:query(User):options(orm.raiseload(User.addresses)):filter(User.id:eq(1)):one()
    fails(exc.InvalidRequestError, "'User.addresses' is not available due to lazy='raise'", function() return ann.addresses end)
  end)

  it("defers columns (DEC-19)", function()
    local ann
    assert.same({"SELECT users.id, users.name FROM users WHERE users.id = ?"}, s:during(function()
      ann = session:scalars(la.select(User):options(orm.load_only(User.name)):where(User.id:eq(1))):one()
    end))
    assert.same({"SELECT users.age FROM users WHERE users.id = ?"}, s:during(function() assert.equal(30, ann.age) end))
  end)

  it("does not overwrite what is loaded unless asked to (UOW-21, UOW-22)", function()
    local ann = session:get(User, 1)
    session:connection():execute(la.text "UPDATE users SET age = 99 WHERE id = 1")
    session:query(User):all()
    assert.equal(30, ann.age)
    session:query(User):populate_existing():all()
    assert.equal(99, ann.age)
  end)

  it("refuses options that don't fit (LOAD-3.0)", function()
    fails(exc.ArgumentError, "does not apply to any of the root entities", function()
      session:query(User):options(orm.joinedload(Order.items)):all()
    end)
    fails(exc.ArgumentError, nil, function() session:query(User):options(orm.joinedload(User.orders):joinedload(User.addresses)):all() end)
    fails(exc.LualchemyError, nil, function() session:query(User):options(orm.joinedload(User.name)):all() end)
    fails(exc.ArgumentError, "User.addresses", function() orm.joinedload("addresses") end)
  end)
end)
