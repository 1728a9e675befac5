-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local Column, Integer, ForeignKey = la.Column, la.Integer, la.ForeignKey

local fails = require "spec.support.fails"

describe("a relationship", function()
  local s, User, Address, Order, Item, Tag, Category, Profile
  before_each(function()
    s = shop.new()
    User, Address, Order, Item, Tag, Category, Profile = s.User, s.Address, s.Order, s.Item, s.Tag, s.Category, s.Profile
  end)
  after_each(function() s:close() end)

  it("shows on both sides at once, before any flush (REL-06, UOW-66)", function()
    local user = User{name = "Ann"}
    local address = Address{email = "a"}
    user.addresses:append(address)
    assert.equal(user, address.user)
    address.user = nil
    assert.equal(0, #user.addresses)
    address.user = user
    assert.equal(address, user.addresses[1])
  end)

  it("moves a child from the old parent to the new one", function()
    local a, b, address = User{name = "a"}, User{name = "b"}, Address{email = "x"}
    a.addresses:append(address)
    address.user = b
    assert.equal(0, #a.addresses)
    assert.equal(address, b.addresses[1])
  end)

  it("cascades add along its links (REL-14, UOW-73)", function()
    local user = User{name = "Ann", addresses = {Address{email = "a"}, Address{email = "b"}}}
    s.session:add(user)
    assert.equal(3, #s.session.new)
    s.session:commit()
    assert.equal(user.id, user.addresses[1].user_id)
    assert.equal(2, s.session:query(Address):count())
  end)

  it("brings objects into the session that are attached later (UOW-73)", function()
    local user = User{name = "Ann"}
    s.session:add(user)
    s.session:commit()
    local address = Address{email = "a"}
    user.addresses:append(address)
    assert.is_true(s.session:contains(address))
    s.session:commit()
    assert.equal(user.id, address.user_id)
  end)

  it("inserts parents before children, whatever was added first (UOW-36, UOW-46)", function()
    local address = Address{email = "a"}
    address.user = User{name = "Ann"}
    s.session:add(address)
    local sent = s:during(function() s.session:flush() end)
    assert.truthy(sent[1]:find("INSERT INTO users", 1, true))
    assert.truthy(sent[2]:find("INSERT INTO addresses", 1, true))
  end)

  it("sets the foreign key to NULL when a child is taken out (REL-01, UOW-77)", function()
    s:fill()
    local ann = s.session:get(User, 1)
    local first = ann.addresses[1]
    ann.addresses:remove(first)
    assert.is_nil(first.user)
    s.session:commit()
    assert.is_nil(first.user_id)
    assert.equal(1, #ann.addresses)
  end)

  it("deletes orphans with delete-orphan (UOW-79)", function()
    s:fill()
    local order = s.session:get(Order, 1)
    order.items:remove(order.items[1])
    s.session:commit()
    assert.equal(1, s.session:query(Item):count())
    order.items = {}
    s.session:commit()
    assert.equal(0, s.session:query(Item):count())
  end)

  it("deletes children along delete cascades (UOW-78)", function()
    s:fill()
    s.session:delete(s.session:get(Order, 1))
    s.session:commit()
    assert.equal(0, s.session:query(Item):count())
    assert.equal(2, s.session:query(Tag):count())
    assert.equal(0, s.session:connection():scalar(la.select(la.func.count()):select_from(s.item_tags)))
  end)

  it("nulls the keys of children without delete cascade (UOW-77)", function()
    s:fill()
    s.session:delete(s.session:get(User, 2))
    s.session:commit()
    assert.is_nil(s.session:get(Address, 3).user_id)
  end)

  it("is many-to-many by a secondary table (REL-04, UOW-48)", function()
    s:fill()
    local pen = s.session:get(Item, 1)
    assert.equal(2, #pen.tags)
    local red = pen.tags[1]
    assert.equal("red", red.name)
    assert.equal(pen, red.items[1])
    pen.tags:remove(red)
    assert.equal(0, #red.items)
    local green = Tag{name = "green"}
    pen.tags:append(green)
    assert.equal(pen, green.items[1])
    s.session:commit()
    assert.equal(0, #red.items)
    assert.equal("green", pen.tags[2].name)
  end)

  it("is one-to-one with uselist = false (REL-03)", function()
    local user = User{name = "Ann", profile = Profile{motto = "x"}}
    s.session:add(user)
    s.session:commit()
    assert.equal("x", user.profile.motto)
    assert.equal(user, user.profile.user)
    local old = user.profile
    user.profile = Profile{motto = "y"}
    assert.is_nil(old.user)
    s.session:commit()
    assert.equal("y", user.profile.motto)
    assert.is_nil(old.user_id)
  end)

  it("refers to its own class (REL-07, UOW-39)", function()
    local root = Category{name = "root", children = {Category{name = "a", children = {Category{name = "aa"}}}, Category{name = "b"}}}
    s.session:add(root)
    s.session:commit()
    assert.equal("aa", root.children[1].children[1].name)
    assert.equal(root, root.children[2].parent)
    assert.equal(2, s.session:query(Category):filter(Category.parent:eq(root)):count())
    s.session:delete(root)
    s.session:commit()
    assert.is_nil(s.session:query(Category):filter(Category.name:eq "a"):one().parent_id)
  end)

  it("can be declared from one side with backref (REL-06)", function()
    local Base = orm.declarative_base()
    local A = Base:class "A" {__tablename__ = "a", id = Column(Integer, {primary_key = true}), bs = orm.relationship("B", {backref = "a"})}
    local B = Base:class "B" {__tablename__ = "b", id = Column(Integer, {primary_key = true}), a_id = Column(Integer, ForeignKey "a.id")}
    local b = B()
    local a = A{bs = {b}}
    assert.equal(a, b.a)
  end)

  it("refuses an object of another class (REL-25)", function()
    fails(exc.ArgumentError, nil, function() User{name = "x"}.addresses:append("no") end)
    local ok = pcall(function()
      local user = User{name = "x"}
      user.addresses:append(Tag{name = "t"})
      s.session:add(user)
      s.session:flush()
    end)
    assert.is_false(ok)
    s.session:rollback()
  end)

  it("builds conditions: any, has, contains and comparison with an object (REL-22, LOAD-3.9)", function()
    s:fill()
    local query = s.session:query(User)
    assert.equal("Ann", query:filter(User.addresses:any(Address.email:eq "ann@two")):one().name)
    assert.equal(1, query:filter(~User.addresses:any()):count())
    assert.equal(2, s.session:query(Address):filter(Address.user:has(User.name:eq "Ann")):count())
    local ann = s.session:get(User, 1)
    assert.equal(2, s.session:query(Address):filter(Address.user:eq(ann)):count())
    assert.equal(1, s.session:query(Address):filter(Address.user:ne(ann)):count())
    assert.equal("Ann", query:filter(User.addresses:contains(ann.addresses[1])):one().name)
    fails(exc.InvalidRequestError, "Use has()", function() return Address.user:any() end)
  end)
end)

describe("a collection", function()
  local s, user, a, b, c
  before_each(function()
    s = shop.new()
    a, b, c = s.Address{email = "a"}, s.Address{email = "b"}, s.Address{email = "c"}
    user = s.User{name = "Ann", addresses = {a, b}}
  end)
  after_each(function() s:close() end)

  it("is a list (REL-19)", function()
    assert.equal(2, #user.addresses)
    assert.equal(a, user.addresses[1])
    assert.is_nil(user.addresses[3])
    local seen = {}
    for i, address in ipairs(user.addresses) do seen[i] = address end
    assert.same({a, b}, seen)
    assert.is_true(user.addresses:contains(b))
    assert.equal(2, user.addresses:index(b))
    assert.equal('[Address(id=nil, email="a", user_id=nil), Address(id=nil, email="b", user_id=nil)]', tostring(user.addresses))
  end)

  it("changes by its methods, with backrefs (REL-19, UOW-65)", function()
    user.addresses:insert(1, c)
    assert.equal(user, c.user)
    assert.equal(c, user.addresses[1])
    assert.equal(c, user.addresses:pop(1))
    assert.is_nil(c.user)
    user.addresses:extend{c}
    assert.equal(c, user.addresses:pop())
    user.addresses:clear()
    assert.equal(0, #user.addresses)
    assert.is_nil(a.user)
  end)

  it("changes by the table library (REL-19)", function()
    table.insert(user.addresses, c)
    assert.equal(user, c.user)
    assert.equal(3, #user.addresses)
    table.insert(user.addresses, 1, s.Address{email = "first"})
    assert.equal("first", user.addresses[1].email)
    assert.equal(4, #user.addresses)
    assert.equal("first", table.remove(user.addresses, 1).email)
    assert.equal(3, #user.addresses)
    table.sort(user.addresses, function(x, y) return x.email > y.email end)
    assert.equal("c", user.addresses[1].email)
    assert.equal(user, a.user)
    assert.equal(3, #user.addresses)
  end)

  it("is replaced as a whole, firing only for what came and went", function()
    user.addresses = {b, c}
    assert.is_nil(a.user)
    assert.equal(user, b.user)
    assert.equal(user, c.user)
    fails(exc.ArgumentError, nil, function() user.addresses = nil end)
    fails(exc.ArgumentError, nil, function() user.addresses = "x" end)
    assert.equal(2, #user.addresses)
  end)

  it("refuses what is not in it and places outside", function()
    fails(exc.ArgumentError, "not in the list", function() user.addresses:remove(c) end)
    fails(exc.ArgumentError, "outside", function() user.addresses:pop(9) end)
    fails(exc.InvalidRequestError, "no method", function() user.addresses:push(c) end)
  end)
end)

describe("a relationship that cannot be", function()
  local function pair(b_fields, options)
    local Base = orm.declarative_base()
    local A = Base:class "A" {__tablename__ = "a", id = Column(Integer, {primary_key = true}), bs = orm.relationship("B", options)}
    local fields = {__tablename__ = "b", id = Column(Integer, {primary_key = true})}
    for key, value in pairs(b_fields) do fields[key] = value end
    Base:class "B" (fields)
    return A, Base
  end

  it("has no join path (REL-09)", function()
    local A = pair{}
    fails(exc.ArgumentError, "A.bs", function() A() end)
  end)

  it("has several join paths (REL-09)", function()
    local A = pair{x = Column(Integer, ForeignKey "a.id"), y = Column(Integer, ForeignKey "a.id")}
    fails(exc.ArgumentError, "foreign_keys", function() A() end)
  end)

  it("has several paths and is told which (REL-08)", function()
    for _, named in ipairs {"B.y", "{B.y}", {"B.y"}} do
      local A = pair({x = Column(Integer, ForeignKey "a.id"), y = Column(Integer, ForeignKey "a.id")}, {foreign_keys = named})
      assert.equal(0, #A().bs)
    end
    local A = pair({x = Column(Integer, ForeignKey "a.id")}, {remote_side = "{B.x}", viewonly = true})
    assert.equal(0, #A().bs)
  end)

  it("has columns and conditions that are none", function()
    local function refused(what, options)
      fails(exc.ArgumentError, what, pair({x = Column(Integer, ForeignKey "a.id")}, options))
    end
    refused("expected for argument 'foreign_keys'; got: class B", {foreign_keys = "B"})
    refused("expected for argument 'remote_side'; got: 5", {remote_side = {5}})
    refused("expected for argument 'order_by'; got: 1", {order_by = "1"})
    refused("write User.id:eq", {primaryjoin = "A.id == B.x"})
  end)

  it("names a class that is not there", function()
    local Base = orm.declarative_base()
    local A = Base:class "A" {__tablename__ = "a", id = Column(Integer, {primary_key = true}), bs = orm.relationship "Bee"}
    fails(exc.InvalidRequestError, "Bee", function() A() end)
  end)

  it("back_populates an attribute that is not there", function()
    local A = pair({a_id = Column(Integer, ForeignKey "a.id")}, {back_populates = "nothing"})
    fails(exc.InvalidRequestError, "nothing", function() A() end)
  end)

  it("has delete-orphan on the wrong side (UOW-81)", function()
    local Base = orm.declarative_base()
    Base:class "A" {__tablename__ = "a", id = Column(Integer, {primary_key = true})}
    local B = Base:class "B" {__tablename__ = "b", id = Column(Integer, {primary_key = true}), a_id = Column(Integer, ForeignKey "a.id"),
      a = orm.relationship("A", {cascade = "all, delete-orphan"})}
    fails(exc.ArgumentError, "single_parent", function() B() end)
  end)
end)
