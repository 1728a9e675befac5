-- SPDX-License-Identifier: MIT
-- QRY-04: each loader option, by what it sends and what the objects have afterwards.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"
local staff = require "spec.support.staff"

local fails = require "spec.support.fails"

local USERS = "SELECT users.id, users.name, users.age FROM users"
local ADDRESSES = "SELECT addresses.id, addresses.email, addresses.user_id FROM addresses"
local LAZY_ADDRESSES = ADDRESSES .. " WHERE ? = addresses.user_id ORDER BY addresses.id"

describe("QRY-04: the option", function()
  local s, User, Address, Order, Item, Tag, Category, session
  before_each(function()
    s = shop.new():fill()
    User, Address, Order, Item, Tag, Category, session = s.User, s.Address, s.Order, s.Item, s.Tag, s.Category, s.session
  end)
  after_each(function() s:close() end)

  local function load(entity, ...)
    local stmt = la.select(entity):options(...)
    local objects
    local sent = s:during(function() objects = session:scalars(stmt):unique():all() end)
    return sent, objects
  end

  it("joinedload puts the FROMs that it joins to behind the others that the entities name (LOAD-3.2)", function()
    local function text(stmt)
      return s:during(function() session:execute(stmt):unique():all() end)[1]:match " FROM (.*)":gsub(" AS [%w_]+", ""):gsub(" ON [^,]*", "")
    end
    local users = orm.joinedload(User.orders)
    assert.equal("items, users LEFT OUTER JOIN orders", (text(la.select(User, Item):options(users))))
    assert.equal("items, users LEFT OUTER JOIN orders", (text(la.select(Item.id, User):options(users))))
    assert.equal("items, users LEFT OUTER JOIN orders", (text(la.select(User):select_from(User, Item):options(users))))
    assert.equal("items, users LEFT OUTER JOIN orders, orders LEFT OUTER JOIN users",
      (text(la.select(Item, User, Order):options(users, orm.joinedload(Order.user)))))
    assert.equal("users LEFT OUTER JOIN orders", (text(la.select(User):where(Item.id:eq(1)):options(users)):match "^[^,]*"))
    assert.equal("items, users LEFT OUTER JOIN orders, orders LEFT OUTER JOIN users",
      (text(la.select(User, Order):select_from(Item, Order, User):options(orm.joinedload(Order.user), users))))
  end)

  it("joinedload joins, outer unless innerjoin says otherwise, in parentheses below an outer join", function()
    local function text(...)
      return load(User, ...)[1]:match " FROM (.*) ORDER BY"
    end
    assert.equal("users LEFT OUTER JOIN orders AS orders_1 ON users.id = orders_1.user_id LEFT OUTER JOIN items AS items_1 ON orders_1.id = "
      .. "items_1.order_id", text(orm.joinedload(User.orders):joinedload(Order.items)))
    assert.equal("users JOIN orders AS orders_1 ON users.id = orders_1.user_id JOIN items AS items_1 ON orders_1.id = items_1.order_id",
      text(orm.joinedload(User.orders, {innerjoin = true}):joinedload(Order.items, {innerjoin = true})))
    assert.equal("users LEFT OUTER JOIN (orders AS orders_1 JOIN items AS items_1 ON orders_1.id = items_1.order_id) ON users.id = "
      .. "orders_1.user_id", text(orm.joinedload(User.orders):joinedload(Order.items, {innerjoin = true})))
    assert.equal("users LEFT OUTER JOIN orders AS orders_1 ON users.id = orders_1.user_id LEFT OUTER JOIN items AS items_1 ON orders_1.id = "
      .. "items_1.order_id", text(orm.joinedload(User.orders):joinedload(Order.items, {innerjoin = "unnested"})))
    fails(exc.ArgumentError, 'innerjoin is true, false, "nested" or "unnested", not sideways',
      function() orm.joinedload(User.orders, {innerjoin = "sideways"}) end)
  end)

  it("selectinload sends a statement for each relationship, whatever stands above it", function()
    local sent, users = load(User, orm.joinedload(User.orders):selectinload(Order.items):selectinload(Item.tags))
    assert.equal(3, #sent)
    assert.equal("SELECT items.order_id, items.id, items.name, items.price FROM items WHERE items.order_id IN (?) ORDER BY items.id", sent[2])
    assert.equal("SELECT item_tags.item_id, tags.id, tags.name FROM item_tags JOIN tags ON tags.id = item_tags.tag_id "
      .. "WHERE item_tags.item_id IN (?, ?) ORDER BY tags.id", sent[3])
    assert.same({}, s:during(function()
      for _, user in ipairs(users) do
        for _, order in ipairs(user.orders) do assert.equal(2, #order.items[1].tags) end
      end
    end))
  end)

  it("selectinload joins parents and targets where a foreign key is deferred", function()
    local sent, addresses = load(Address, orm.load_only(Address.email), orm.selectinload(Address.user))
    assert.same({"SELECT addresses.id, addresses.email FROM addresses",
      "SELECT addresses_1.id, users.id, users.name, users.age FROM addresses AS addresses_1 JOIN users ON users.id = addresses_1.user_id "
      .. "WHERE addresses_1.id IN (?, ?, ?)"}, sent)
    assert.same({}, s:during(function() assert.equal("Bob", addresses[3].user.name) end))
  end)

  it("selectinload has criteria of a many-to-many in the ON of its join", function()
    local sent, items = load(Item, orm.selectinload(Item.tags:and_(Tag.name:ne "red")))
    assert.equal("SELECT item_tags.item_id, tags.id, tags.name FROM item_tags JOIN tags ON tags.id = item_tags.tag_id AND tags.name != ? "
      .. "WHERE item_tags.item_id IN (?, ?) ORDER BY tags.id", sent[2])
    assert.equal("blue", items[1].tags[1].name)
    assert.equal(1, #items[1].tags)
  end)

  it("selectinload takes recursion_depth and chunksize", function()
    session:add_all{Category{id = 1, name = "a"}, Category{id = 2, name = "b", parent_id = 1}, Category{id = 3, name = "c", parent_id = 2}}
    session:commit()
    local children = "SELECT categories.parent_id, categories.id, categories.name FROM categories WHERE categories.parent_id IN (%s) "
      .. "ORDER BY categories.id"
    local top = la.select(Category):where(Category.id:eq(1))
    local found
    local function during(option)
      session:expunge_all()
      return s:during(function() found = session:scalars(top:options(option)):one() end)
    end
    assert.same({"SELECT categories.id, categories.name, categories.parent_id FROM categories WHERE categories.id = ?",
      children:format "?", children:format "?"}, during(orm.selectinload(Category.children, {recursion_depth = 1})))
    assert.same({}, s:during(function() assert.equal("c", found.children[1].children[1].name) end))
    session:expunge_all()
    assert.equal(3, #load(User, orm.selectinload(User.addresses, {chunksize = 2})))
  end)

  it("subqueryload embeds the statement", function()
    local sent, users = load(User, orm.subqueryload(User.addresses))
    assert.same({USERS, "SELECT addresses.id AS addresses_id, addresses.email AS addresses_email, addresses.user_id AS addresses_user_id, "
      .. "anon_1.users_id AS anon_1_users_id FROM (SELECT users.id AS users_id FROM users) AS anon_1 JOIN addresses ON anon_1.users_id = "
      .. "addresses.user_id ORDER BY addresses.id"}, sent)
    assert.same({}, s:during(function() assert.equal(2, #users[1].addresses) end))
  end)

  it("immediateload sends what lazy loads would, at once", function()
    assert.same({USERS, LAZY_ADDRESSES, LAZY_ADDRESSES, LAZY_ADDRESSES}, (load(User, orm.immediateload(User.addresses))))
  end)

  it("lazyload overrides the class, and has options below it", function()
    local other = shop.new({["User.addresses"] = {lazy = "joined"}}):fill()
    local sent = other:during(function() other.session:scalars(la.select(other.User):options(orm.lazyload(other.User.addresses))):all() end)
    assert.same({USERS}, sent)
    other:close()
    local _, users = load(User, orm.lazyload(User.orders):joinedload(Order.items))
    assert.same({"SELECT orders.id, orders.note, orders.user_id, items_1.id, items_1.name, items_1.price, items_1.order_id FROM orders "
      .. "LEFT OUTER JOIN items AS items_1 ON orders.id = items_1.order_id WHERE ? = orders.user_id ORDER BY orders.id, items_1.id"},
      s:during(function() assert.equal(2, #users[1].orders[1].items) end))
  end)

  it("raiseload forbids reading, with sql_only but what is in memory", function()
    local _, addresses = load(Address, orm.raiseload(Address.user))
    fails(exc.InvalidRequestError, "'Address.user' is not available due to lazy='raise'", function() return addresses[1].user end)
    session:expunge_all()
    local ann = session:get(User, 1)
    _, addresses = load(Address, orm.raiseload(Address.user, {sql_only = true}))
    assert.equal(ann, addresses[1].user)
    fails(exc.InvalidRequestError, "'Address.user' is not available due to lazy='raise_on_sql'", function() return addresses[3].user end)
  end)

  it("noload leaves what it names empty", function()
    local sent, users = load(User, orm.noload(User.addresses), orm.noload(User.profile))
    assert.same({USERS}, sent)
    assert.same({}, s:during(function()
      assert.equal(0, #users[1].addresses)
      assert.is_nil(users[1].profile)
    end))
  end)

  it("contains_eager reads the rows of a join, of an alias too", function()
    local a, o = orm.aliased(Address), orm.aliased(Order)
    local function check(stmt, count)
      local users
      local sent = s:during(function() users = session:scalars(stmt):unique():all() end)
      assert.equal(1, #sent)
      assert.same({}, s:during(function() assert.equal(count, #users[1].addresses) end))
      session:expunge_all()
      return sent[1]
    end
    check(la.select(User):join(User.addresses):where(Address.id:eq(2)):options(orm.contains_eager(User.addresses)), 1)
    local by_type = check(la.select(User):join(User.addresses:of_type(a)):options(orm.contains_eager(User.addresses:of_type(a))), 2)
    local by_alias = check(la.select(User):join(a, User.addresses):options(orm.contains_eager(User.addresses, {alias = a})), 2)
    assert.equal("SELECT addresses_1.id, addresses_1.email, addresses_1.user_id, users.id AS id_1, users.name, users.age FROM users "
      .. "JOIN addresses AS addresses_1 ON users.id = addresses_1.user_id", by_alias)
    assert.equal(by_alias, by_type)
    local table_alias = Address.__table__:alias "few"
    check(la.select(User):join(table_alias, table_alias.c.user_id:eq(User.id)):where(table_alias.c.id:gt(1))
      :options(orm.contains_eager(User.addresses, {alias = table_alias})), 1)
    local users
    local sent = s:during(function()
      users = session:scalars(la.select(User):join(User.orders:of_type(o)):join(o.items)
        :options(orm.contains_eager(User.orders:of_type(o)):contains_eager(o.items))):unique():all()
    end)
    assert.equal(1, #sent)
    assert.same({}, s:during(function() assert.equal(2, #users[1].orders[1].items) end))
  end)

  it("defaultload keeps the strategy, and is a step for others", function()
    local sent, users = load(User, orm.defaultload(User.orders):load_only(Order.note))
    assert.same({USERS}, sent)
    assert.same({"SELECT orders.id, orders.note FROM orders WHERE ? = orders.user_id ORDER BY orders.id"},
      s:during(function() assert.equal("first", users[1].orders[1].note) end))
  end)

  it("load_only, defer and undefer choose columns, raiseload forbids the others", function()
    assert.same({"SELECT users.id, users.name FROM users"}, (load(User, orm.load_only(User.name))))
    session:expunge_all()
    local _, users = load(User, orm.load_only(User.name, {raiseload = true}))
    fails(exc.InvalidRequestError, "'User.age' is not available due to raiseload=True", function() return users[1].age end)
    session:expunge_all()
    _, users = load(User, orm.defer(User.age))
    assert.same({"SELECT users.age FROM users WHERE users.id = ?"}, s:during(function() assert.equal(30, users[1].age) end))
    session:expunge_all()
    _, users = load(User, orm.defer(User.age, {raiseload = true}))
    fails(exc.InvalidRequestError, "'User.age' is not available due to raiseload=True", function() return users[1].age end)
    session:expunge_all()
    assert.same({"SELECT users.id, users.age FROM users"}, (load(User, orm.defer "*", orm.undefer(User.age))))
    session:expunge_all()
    assert.same({"SELECT users.id, users.name, users.age FROM users"}, (load(User, orm.undefer "*")))
  end)

  it("options() and Load make branches", function()
    local sent = load(User, orm.Load(User):options(orm.joinedload(User.profile), orm.selectinload(User.orders):options(
      orm.joinedload(Order.items), orm.load_only(Order.note))))
    assert.same({"SELECT users.id, users.name, users.age, profiles_1.id AS id_1, profiles_1.motto, profiles_1.user_id FROM users LEFT OUTER "
      .. "JOIN profiles AS profiles_1 ON users.id = profiles_1.user_id",
      "SELECT orders.user_id, orders.id, orders.note, items_1.id, items_1.name, items_1.price, items_1.order_id FROM orders LEFT OUTER JOIN "
      .. "items AS items_1 ON orders.id = items_1.order_id WHERE orders.user_id IN (?, ?, ?) ORDER BY orders.id, items_1.id"},
      {sent[1], (sent[2]:gsub(" AS %w+_%d,", ","))})
  end)

  it("selectinload and subqueryload go on below members that are loaded already, and leave those as they are (LOAD-3.3, LOAD-3.4)", function()
    for _, option in ipairs {orm.selectinload, orm.subqueryload} do
      local ann = session:get(User, 1)
      local order = ann.orders[1]
      local added = Order{note = "new"}
      ann.orders:append(added)
      session:no_autoflush(function()
        local sent = load(User, option(User.orders))
        assert.equal(2, #sent)
        sent = load(User, option(User.orders):selectinload(Order.items))
        assert.equal(3, #sent)
        assert.same({}, s:during(function() assert.equal(2, #order.items) end))
      end)
      assert.same({order, added}, {ann.orders[1], ann.orders[2]})
      session:rollback()
      session:expunge_all()
    end
  end)

  it("a wildcard stands for what defaultload() names as well, whose own options hold below it", function()
    local _, users = load(User, orm.defaultload(User.orders), orm.raiseload "*")
    for _ = 1, 2 do
      fails(exc.InvalidRequestError, "'User.orders' is not available due to lazy='raise'", function() return users[1].orders end)
      session:expire_all()
    end
    session:expunge_all()
    local sent
    sent, users = load(User, orm.defaultload(User.orders):lazyload(Order.items), orm.selectinload "*")
    assert.truthy(table.concat(sent, "\n"):find("FROM orders WHERE orders.user_id IN", 1, true))
    local texts = s:during(function() assert.equal(2, #users[1].orders[1].items) end)
    assert.equal("SELECT items.id, items.name, items.price, items.order_id FROM items WHERE ? = items.order_id ORDER BY items.id", texts[1])
  end)

  it("a wildcard stands for all relationships that nothing else names, of all entities, or of one", function()
    local sent, users = load(User, orm.joinedload(User.orders), orm.raiseload "*")
    assert.equal(1, #sent)
    local ann = session:get(User, 1)
    assert.equal(3, #users)
    assert.equal("first", ann.orders[1].note)
    fails(exc.InvalidRequestError, "'User.addresses' is not available due to lazy='raise'", function() return ann.addresses end)
    fails(exc.InvalidRequestError, "'Order.items' is not available due to lazy='raise'", function() return ann.orders[1].items end)
    session:expunge_all()
    local rows = session:execute(la.select(User, Address):join(User.addresses):options(orm.raiseload "*")):all()
    fails(exc.InvalidRequestError, "'Address.user' is not available due to lazy='raise'", function() return rows[1].Address.user end)
    session:expunge_all()
    rows = session:execute(la.select(User, Address):join(User.addresses):options(orm.Load(User):raiseload "*")):all()
    assert.equal("Ann", rows[1].Address.user.name)
    fails(exc.InvalidRequestError, "'User.orders' is not available due to lazy='raise'", function() return rows[1].User.orders end)
  end)

  it("a wildcard holds for what comes with the statement, and for nothing that is read lazily later (LOAD-3.6)", function()
    local _, users = load(User, orm.lazyload(User.orders), orm.raiseload "*")
    assert.equal(2, #users[1].orders[1].items, "items has its own strategy in a lazy load of orders")
    session:expunge_all()
    _, users = load(User, orm.selectinload(User.orders), orm.raiseload "*")
    local order = users[1].orders[1]
    fails(exc.InvalidRequestError, "'Order.items' is not available due to lazy='raise'", function() return order.items end)
    session:refresh(order)
    fails(exc.InvalidRequestError, "'Order.items' is not available due to lazy='raise'", function() return order.items end)
    session:expunge_all()
    _, users = load(User, orm.immediateload(User.orders), orm.raiseload "*")
    assert.equal(2, #users[1].orders[1].items)
    session:expunge_all()
    _, users = load(User, orm.lazyload(User.orders):raiseload "*")
    fails(exc.InvalidRequestError, "'Order.items' is not available due to lazy='raise'", function() return users[1].orders[1].items end)
  end)

  it("the last strategy of a path says which criteria hold there (LOAD-3.0)", function()
    local one = User.addresses:and_(Address.email:like "%one")
    local function filters(...)
      session:expunge_all()
      return table.concat((load(User, ...)), "\n"):find("LIKE", 1, true) ~= nil
    end
    assert.is_true(filters(orm.selectinload(User.addresses), orm.selectinload(one)))
    assert.is_false(filters(orm.selectinload(one), orm.selectinload(User.addresses):lazyload(Address.user)))
    assert.is_true(filters(orm.selectinload(one), orm.defaultload(User.addresses):joinedload(Address.user)))
    assert.is_false(filters(orm.defaultload(one), orm.selectinload(User.addresses)))
    assert.is_false(filters(orm.selectinload(User.addresses), orm.defaultload(one)))
  end)

  it("a path through aliases starts from the alias", function()
    local u = orm.aliased(User)
    local sent = load(u, orm.joinedload(u.addresses), orm.selectinload(u.orders))
    assert.equal("SELECT users_1.id, users_1.name, users_1.age, addresses_1.id AS id_1, addresses_1.email, addresses_1.user_id FROM users AS "
      .. "users_1 LEFT OUTER JOIN addresses AS addresses_1 ON users_1.id = addresses_1.user_id ORDER BY addresses_1.id", sent[1])
    assert.equal(2, #sent)
  end)

  it("takes what a strategy is given, also behind defaultload (LOAD-3.2)", function()
    local stmt = la.select(User):options(orm.defaultload(User.orders):load_only(Order.id), orm.joinedload(User.orders, {innerjoin = true}))
    assert.matches("FROM users JOIN orders AS orders_1", (s:during(function() session:scalars(stmt):unique():all() end)[1]))
  end)

  it("selects the columns that a join is by, whether they are loaded or not (LOAD-3.2)", function()
    local sent, orders = load(Order, orm.load_only(Order.id), orm.joinedload(Order.user))
    assert.matches("^SELECT orders.id, orders.user_id, users_1.id AS id_1", sent[1])
    assert.truthy(tostring(la.inspect(orders[1]).unloaded):find "user_id")
  end)

  it("has no effect on entities that with_only_columns has replaced, as theirs (QRY-07)", function()
    local stmt = la.select(Order):options(orm.joinedload(Order.user), orm.load_only(Order.id))
    assert.same({"SELECT orders.id FROM orders"}, s:during(function() session:execute(stmt:with_only_columns(Order.id)):all() end))
    assert.same({"SELECT orders.id AS orders_id FROM orders"},
      s:during(function() session:query(Order):options(orm.joinedload(Order.user)):with_entities(Order.id):all() end))
    assert.matches("LEFT OUTER JOIN users AS users_1", (s:during(function() session:scalars(stmt:with_only_columns(Order)):all() end)[1]))
  end)

  it("joinedload has inner joins along a secondary one after the other in parentheses", function()
    local text = load(User, orm.joinedload(User.orders):joinedload(Order.items, {innerjoin = true}):joinedload(Item.tags, {innerjoin = true}))[1]
    assert.matches("LEFT OUTER JOIN %(orders AS orders_1 JOIN items AS items_1 ON .- JOIN [%w_]+ AS [%w_]+ ON .- JOIN tags AS tags_1 ON [^()]*%) ON users", text)
  end)

  it("refuses what does not fit", function()
    local function refused(class, message, ...)
      local options = {...}
      fails(class, message, function() session:scalars(la.select(User):options(table.unpack(options))):all() end)
    end
    refused(exc.ArgumentError, "Mapped class Order referenced in option joinedload(Order.items) does not apply to any of the root entities in "
      .. "this query, e.g. User.", orm.joinedload(Order.items))
    refused(exc.ArgumentError, 'ORM mapped entity or attribute "User.addresses" does not link from relationship "User.orders".',
      orm.joinedload(User.orders):joinedload(User.addresses))
    refused(exc.LoaderStrategyException, 'Can\'t apply "joined loader" strategy to property "User.name", which is a "column property"; this '
      .. 'loader strategy is intended to be used with a "relationship property".', orm.joinedload(User.name))
    refused(exc.LoaderStrategyException, 'Can\'t apply "deferred column loader" strategy to property "User.orders", which is a '
      .. '"relationship"; this loader strategy is intended to be used with a "column property".', orm.defer(User.orders))
    refused(exc.InvalidRequestError, "Loader strategy replacement selectinload(User.orders) is in conflict with existing strategy "
      .. "joinedload(User.orders)", orm.joinedload(User.orders), orm.selectinload(User.orders))
    refused(exc.InvalidRequestError, "Loader strategy replacement joinedload(User.orders) is in conflict with existing strategy "
      .. "joinedload(User.orders)", orm.joinedload(User.orders, {innerjoin = true}), orm.joinedload(User.orders))
    refused(exc.ArgumentError, "Wildcard token cannot be followed by another entity", orm.joinedload "*":joinedload(User.orders))
    fails(exc.ArgumentError, "Query has only expression-based entities; attribute loader option joinedload(User.orders) can't be applied here.",
      function() session:execute(la.select(User.name):options(orm.joinedload(User.orders))):all() end)
    fails(exc.ArgumentError, "Can't apply wildcard ('*') or load_only() loader option to multiple entities Mapper[User(users)], "
      .. "Mapper[Order(orders)].", function() session:execute(la.select(User, Order):options(orm.undefer_group "big")):all() end)
  end)
end)

describe("QRY-04: the option selectin_polymorphic", function()
  local s
  before_each(function() s = staff.new():fill() end)
  after_each(function() s:close() end)

  it("reads what subclasses add, of a statement's entity or below a step", function()
    local session = s.session
    local sent = s:during(function()
      session:scalars(la.select(s.Person):options(orm.selectin_polymorphic(s.Person, {s.Engineer, s.Manager}))):all()
    end)
    assert.equal(3, #sent)
    assert.truthy(sent[2]:find "FROM people JOIN engineers ON people.id = engineers.id WHERE people.id IN %(")
    session:expunge_all()
    people = nil -- luacheck: ignore
    local below = s:during(function()
      session:scalars(la.select(s.Company):options(orm.selectinload(s.Company.people):selectin_polymorphic{s.Engineer, s.Manager})):all()
    end)
    assert.equal(4, #below)
    assert.same({sent[2], sent[3]}, {below[3], below[4]})
    fails(exc.ArgumentError, "selectin_polymorphic: item 1 of its list is no subclass of Person",
      function() orm.selectinload(s.Company.people):selectin_polymorphic{s.Company} end)
    fails(exc.ArgumentError, "selectin_polymorphic takes a list of subclasses of what the step before leads to",
      function() orm.selectinload(s.Company.people):selectin_polymorphic() end)
  end)
end)

describe("QRY-04: columns", function()
  local Column, Integer, String = la.Column, la.Integer, la.String
  local s, Book
  before_each(function()
    local Base = orm.declarative_base()
    local pages = Column(Integer)
    Book = Base:class "Book" {
      __tablename__ = "books",
      id = Column(Integer, {primary_key = true}),
      title = Column(String),
      pages = pages,
      twice = orm.column_property(pages * 2),
      text = orm.deferred(Column(String)),
      cover = orm.deferred(Column(String), {group = "pictures"}),
      back = orm.deferred(Column(String), {group = "pictures"}),
      price = orm.query_expression(),
    }
    s = shop.open({Base = Base})
    s.session:add(Book{id = 1, title = "Lua", pages = 5, text = "t", cover = "c", back = "b"})
    s.session:commit()
    s.session:expunge_all()
  end)
  after_each(function() s:close() end)

  local function first(...)
    local stmt, book = la.select(Book):options(...), nil
    local sent = s:during(function() book = s.session:scalars(stmt):one() end)
    return sent[1], book
  end

  it("of expressions come before those of the table", function()
    assert.equal("SELECT books.pages * ? AS anon_1, books.id, books.title, books.pages FROM books",
      (first()):gsub("books.pages, books.id, books.title", "books.id, books.title, books.pages"))
  end)

  it("of a group come with undefer_group, an expression with with_expression", function()
    local sent, book = first(orm.undefer_group "pictures", orm.with_expression(Book.price, Book.pages + 1))
    assert.truthy(sent:find("books.cover, books.back", 1, true))
    assert.truthy(sent:find("books.pages + ? AS anon_", 1, true))
    assert.same({}, s:during(function() assert.same({"c", "b", 6}, {book.cover, book.back, book.price}) end))
  end)

  it("are all in a statement that is embedded in another, deferred ones too", function()
    local sub = la.select(Book):subquery()
    local sent = s:during(function()
      assert.equal("t", s.session:scalar(la.select(sub.c.text)))
      assert.equal("Lua", s.session:scalars(la.select(orm.aliased(Book, sub))):one().title)
    end)
    assert.truthy(sent[1]:find("books.text AS text, books.cover AS cover", 1, true))
    assert.is_nil(sent[2]:match "^(.-) FROM":find("text", 1, true))
    assert.equal(1, s.session:query(Book):count())
  end)
end)
