-- SPDX-License-Identifier: MIT
-- with_loader_criteria: a condition on the rows of a class wherever a statement has it.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local fails = require "spec.support.fails"

describe("with_loader_criteria (LOAD-3.7, QRY-05)", function()
  local s, User, Address, Item, Tag, session
  before_each(function()
    s = shop.new():fill()
    User, Address, Item, Tag, session = s.User, s.Address, s.Item, s.Tag, s.session
  end)
  after_each(function() s:close() end)

  local users = "SELECT users.id AS users_id, users.name AS users_name, users.age AS users_age FROM users"
  local lists = {}  -- of each user, in order

  local function not_one(options)
    return orm.with_loader_criteria(Address, Address.email:ne "ann@one", options)
  end

  --- What `query` sends, and the lengths of its users' address lists.
  local function with_lists(query)
    local sent = s:during(function()
      for i, user in ipairs(query:order_by(User.id):all()) do lists[i] = #user.addresses end
    end)
    return sent, lists
  end

  local function sent_by(query)
    return s:during(function() query:all() end)[1]
  end

  it("stands in what a subquery load embeds of the class (LOAD-3.4)", function()
    local some = orm.with_loader_criteria(User, User.id:lt(2))
    local sent = s:during(function()
      session:scalars(la.select(User):options(orm.subqueryload(User.addresses), some)):all()
    end)
    assert.same({"SELECT users.id, users.name, users.age FROM users WHERE users.id < ?",
      "SELECT addresses.id AS addresses_id, addresses.email AS addresses_email, addresses.user_id AS addresses_user_id, anon_1.users_id AS anon_1_users_id " ..
      "FROM (SELECT users.id AS users_id FROM users WHERE users.id < ?) AS anon_1 JOIN addresses ON anon_1.users_id = addresses.user_id " ..
      "ORDER BY addresses.id"}, sent)
    session:expunge_all()
    sent = s:during(function()
      session:scalars(la.select(Address):options(orm.selectinload(Address.user):subqueryload(User.orders), some)):all()
    end)
    assert.truthy(sent[3]:find("FROM (SELECT users.id AS users_id FROM users WHERE users.id IN (?, ?) AND users.id < ?) AS anon_1", 1, true))
  end)

  it("stands in the WHERE of the class's own queries", function()
    assert.equal("SELECT addresses.id AS addresses_id, addresses.email AS addresses_email, addresses.user_id AS addresses_user_id "
      .. "FROM addresses WHERE addresses.email != ? AND addresses.id > ?",
      sent_by(session:query(Address):options(not_one(), orm.with_loader_criteria(Address, Address.id:gt(0)))))
    assert.equal("SELECT addresses.email AS addresses_email FROM addresses WHERE addresses.email != ?",
      sent_by(session:query(Address.email):options(not_one())))
    assert.equal(2, session:scalar(la.select(la.func.count()):select_from(Address):options(not_one())))
  end)

  it("stands in the ON of joins", function()
    assert.equal(users .. " JOIN addresses ON users.id = addresses.user_id AND addresses.email != ?",
      sent_by(session:query(User):join(User.addresses):options(not_one())))
    assert.equal(users .. " LEFT OUTER JOIN addresses ON addresses.user_id = users.id AND addresses.email != ?",
      sent_by(session:query(User):outerjoin(Address, Address.user_id:eq(User.id)):options(not_one())))
  end)

  it("holds for what every strategy loads", function()
    for _, name in ipairs {"joinedload", "selectinload", "subqueryload", "immediateload", "lazyload"} do
      session:expunge_all()
      local sent, found = with_lists(session:query(User):options(not_one(), orm[name](User.addresses)))
      assert.same({1, 1, 0}, found, name)
      assert.truthy(sent[#sent]:find("addresses_?1?%.email != %?"), name)
    end
  end)

  it("holds for many-to-many, not for the secondary table", function()
    local query = session:query(Item):options(orm.with_loader_criteria(Tag, Tag.name:ne "red"), orm.joinedload(Item.tags)):order_by(Item.id)
    assert.truthy(sent_by(query):find("JOIN tags AS tags_1 ON tags_1.id = item_tags_1.tag_id AND tags_1.name != ?)", 1, true))
    assert.equal(1, #query:all()[1].tags)
  end)

  it("goes on to lazy loads unless it is told not to", function()
    local _, found = with_lists(session:query(User):options(not_one{propagate_to_loaders = false}))
    assert.same({2, 1, 0}, found)
    session:expunge_all()
    _, found = with_lists(session:query(User):options(not_one{propagate_to_loaders = false}, orm.selectinload(User.addresses)))
    assert.same({1, 1, 0}, found)
  end)

  it("makes a many-to-one nil whose row it excludes", function()
    local found = session:query(Address):options(orm.with_loader_criteria(User, User.name:ne "Bob")):order_by(Address.id):all()
    assert.equal("Ann", found[1].user.name)
    assert.is_nil(found[3].user)
  end)

  it("reaches subqueries, EXISTS, any() and has()", function()
    assert.equal(users .. " WHERE users.id IN (SELECT addresses.user_id FROM addresses WHERE addresses.email != ?)",
      sent_by(session:query(User):filter(User.id:in_(la.select(Address.user_id))):options(not_one())))
    assert.equal(users .. " WHERE EXISTS (SELECT 1 FROM addresses WHERE users.id = addresses.user_id AND addresses.email != ?)",
      sent_by(session:query(User):filter(User.addresses:any()):options(not_one())))
    assert.truthy(sent_by(session:query(Address):filter(Address.user:has(User.age:gt(1))):options(orm.with_loader_criteria(User, User.name:ne "Bob")))
      :find("WHERE EXISTS (SELECT 1 FROM users WHERE users.id = addresses.user_id AND users.age > ? AND users.name != ?)", 1, true))
    local count = la.select(la.func.count(Address.id)):where(Address.user_id:eq(User.id)):scalar_subquery()
    assert.equal(1, session:execute(la.select(User.name, count):options(not_one()):order_by(User.id)):first()[2])
  end)

  it("concerns aliases only where it says so", function()
    local A = orm.aliased(Address)
    assert.equal(3, #session:query(A):options(not_one()):all())
    assert.equal(2, #session:query(A):options(not_one{include_aliases = true}):all())
  end)

  it("leaves alone what is read again", function()
    local ann = session:query(User):options(orm.with_loader_criteria(User, User.name:ne "Zed")):order_by(User.id):first()
    session:commit()
    assert.same({"SELECT users.id, users.name, users.age FROM users WHERE users.id = ?"}, s:during(function() assert.equal("Ann", ann.name) end))
  end)

  it("limits UPDATE and DELETE, in memory too", function()
    local one = session:get(Address, 1)
    for _, how in ipairs {"evaluate", "fetch"} do
      local stmt = la.update(Address):values{email = "z"}:where(Address.id:eq(1)):options(not_one()):execution_options{synchronize_session = how}
      assert.equal(0, session:execute(stmt).rowcount, how)
      assert.equal("ann@one", one.email)
    end
    assert.equal(1, session:execute(la.delete(Address):where(Address.id:in_{1, 2}):options(not_one())).rowcount)
    assert.equal(2, session:query(Address):count())
  end)

  it("takes a function of the class, and new values each time", function()
    for _, name in ipairs {"ann@one", "ann@two"} do
      session:expunge_all()
      local found = session:query(User):options(orm.with_loader_criteria(Address, function(class) return class.email:ne(name) end))
        :filter(User.id:eq(1)):one()
      assert.equal(1, #found.addresses)
      assert.not_equal(name, found.addresses[1].email)
    end
  end)

  it("takes a mixin or a base class, for all that have it, and only these", function()
    local Base = orm.declarative_base()
    local Column, Integer, Boolean = la.Column, la.Integer, la.Boolean
    local SoftDeleted = orm.mixin{deleted = Column(Boolean, {default = false})}
    local Parent = Base:class "Parent" {SoftDeleted, __tablename__ = "parents", id = Column(Integer, {primary_key = true})}
    local Child = Base:class "Child" {SoftDeleted, __tablename__ = "children", id = Column(Integer, {primary_key = true}),
      parent_id = Column(Integer, la.ForeignKey "parents.id")}
    Parent.children = orm.relationship(Child, {order_by = Child.id})
    local Note = Base:class "Note" {__tablename__ = "notes", id = Column(Integer, {primary_key = true})}
    local engine = la.create_engine("sqlite://")
    Base.metadata:create_all(engine)
    local work <close> = orm.Session(engine)
    work:add_all{Parent{id = 1, children = {Child{id = 1}, Child{id = 2, deleted = true}}}, Parent{id = 2, deleted = true}, Note{id = 1}}
    work:commit()
    work:expunge_all()
    local alive = orm.with_loader_criteria(SoftDeleted, function(class) return class.deleted:eq(false) end)
    local parents = work:query(Parent):options(alive):all()
    assert.equal(1, #parents)
    assert.equal(1, #parents[1].children)
    assert.equal(1, #work:query(Note):options(alive):all())
    assert.equal(2, #work:query(Parent, Note):filter(Parent.id:ge(Note.id)):options(orm.with_loader_criteria(Base, function(class) return class.id:ge(1) end)):all())
  end)

  it("refuses what is no class and no condition", function()
    fails(exc.ArgumentError, "with_loader_criteria takes a mapped class, a mixin or a base class", function() orm.with_loader_criteria("User", true) end)
    fails(exc.ArgumentError, nil, function() orm.with_loader_criteria(User, "x") end)
    fails(exc.ArgumentError, "takes a function of a class", function() orm.with_loader_criteria(s.Base, User.id:eq(1)) end)
    fails(exc.ArgumentError, "include_alias", function() orm.with_loader_criteria(User, User.id:eq(1), {include_alias = true}) end)
  end)
end)

describe("the text of a statement of classes (LOAD-3.2)", function()
  it("has its eager joins", function()
    local s = shop.new()
    local User, Order = s.User, s.Order
    local function text(stmt) return (tostring(stmt):gsub("%s+", " ")) end
    assert.equal("SELECT users.id, users.name, users.age, addresses_1.id AS id_1, addresses_1.email, addresses_1.user_id FROM users "
      .. "LEFT OUTER JOIN addresses AS addresses_1 ON users.id = addresses_1.user_id ORDER BY addresses_1.id",
      text(la.select(User):options(orm.joinedload(User.addresses))))
    assert.equal("SELECT anon_1.id, anon_1.name, anon_1.age, items_1.id AS id_1, items_1.name AS name_1, items_1.price, items_1.order_id, "
      .. "orders_1.id AS id_2, orders_1.note, orders_1.user_id FROM (SELECT users.id AS id, users.name AS name, users.age AS age FROM users "
      .. "ORDER BY users.name LIMIT :param_1) AS anon_1 LEFT OUTER JOIN orders AS orders_1 ON anon_1.id = orders_1.user_id "
      .. "LEFT OUTER JOIN items AS items_1 ON orders_1.id = items_1.order_id ORDER BY anon_1.name, orders_1.id, items_1.id",
      text(la.select(User):options(orm.joinedload(User.orders):joinedload(Order.items)):limit(3):order_by(User.name)))
    assert.equal("SELECT anon_1.id, anon_1.name, anon_1.age FROM (SELECT users.id AS id, users.name AS name, users.age AS age FROM users) AS anon_1",
      text(la.select(la.select(User):options(orm.joinedload(User.addresses)):subquery())))
    s:close()
  end)
end)
