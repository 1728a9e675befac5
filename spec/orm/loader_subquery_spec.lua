-- SPDX-License-Identifier: MIT
-- subqueryload: one more statement for each step of a path, which has the first one in it.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local fails = require "spec.support.fails"

describe("subqueryload (LOAD-3.4)", function()
  local s, User, Address, Order, Item, Category, session

  local function open(options)
    s = shop.new(options):fill()
    User, Address, Order, Item, Category, session = s.User, s.Address, s.Order, s.Item, s.Category, s.session
  end
  before_each(function() open() end)
  after_each(function() s:close() end)

  local items = "items.id AS items_id, items.name AS items_name, items.price AS items_price, items.order_id AS items_order_id"
  local addresses = "addresses.id AS addresses_id, addresses.email AS addresses_email, addresses.user_id AS addresses_user_id"
  local orders = "orders.id AS orders_id, orders.note AS orders_note, orders.user_id AS orders_user_id"
  local users = "users.id AS users_id, users.name AS users_name, users.age AS users_age"

  --- What follows the first statement of `query`, whose objects `use` then reads without any more.
  local function follows(query, expected, use)
    local found
    local sent = s:during(function() found = query:all() end)
    table.remove(sent, 1)
    assert.same(expected, sent)
    assert.same({}, s:during(function() use(found) end))
  end

  local function of(class, ...)
    return session:query(class):options(...):order_by(class.id)
  end

  it("embeds the statement for one-to-many", function()
    follows(of(User, orm.subqueryload(User.addresses)), {
      "SELECT " .. addresses .. ", anon_1.users_id AS anon_1_users_id FROM (SELECT users.id AS users_id FROM users) AS anon_1 "
        .. "JOIN addresses ON anon_1.users_id = addresses.user_id ORDER BY addresses.id",
    }, function(found)
      assert.same({2, 1, 0}, {#found[1].addresses, #found[2].addresses, #found[3].addresses})
      assert.equal("ann@two", found[1].addresses[2].email)
    end)
  end)

  it("reads many-to-one from distinct keys", function()
    follows(of(Address, orm.subqueryload(Address.user)), {
      "SELECT " .. users .. ", anon_1.addresses_user_id AS anon_1_addresses_user_id FROM (SELECT DISTINCT addresses.user_id AS addresses_user_id "
        .. "FROM addresses) AS anon_1 JOIN users ON users.id = anon_1.addresses_user_id",
    }, function(found) assert.same({"Ann", "Ann", "Bob"}, {found[1].user.name, found[2].user.name, found[3].user.name}) end)
  end)

  it("joins the secondary table of many-to-many", function()
    follows(of(Item, orm.subqueryload(Item.tags)), {
      "SELECT tags.id AS tags_id, tags.name AS tags_name, anon_1.items_id AS anon_1_items_id FROM (SELECT items.id AS items_id FROM items) AS anon_1 "
        .. "JOIN item_tags AS item_tags_1 ON anon_1.items_id = item_tags_1.item_id JOIN tags ON tags.id = item_tags_1.tag_id ORDER BY tags.id",
    }, function(found) assert.same({2, 1}, {#found[1].tags, #found[2].tags}) end)
  end)

  it("joins along the whole path for the steps below", function()
    follows(of(User, orm.subqueryload(User.orders):subqueryload(Order.items):subqueryload(Item.tags)), {
      "SELECT " .. orders .. ", anon_1.users_id AS anon_1_users_id FROM (SELECT users.id AS users_id FROM users) AS anon_1 "
        .. "JOIN orders ON anon_1.users_id = orders.user_id ORDER BY orders.id",
      "SELECT " .. items .. ", orders_1.id AS orders_1_id FROM (SELECT users.id AS users_id FROM users) AS anon_1 "
        .. "JOIN orders AS orders_1 ON anon_1.users_id = orders_1.user_id JOIN items ON orders_1.id = items.order_id ORDER BY items.id",
      "SELECT tags.id AS tags_id, tags.name AS tags_name, items_1.id AS items_1_id FROM (SELECT users.id AS users_id FROM users) AS anon_1 "
        .. "JOIN orders AS orders_1 ON anon_1.users_id = orders_1.user_id JOIN items AS items_1 ON orders_1.id = items_1.order_id "
        .. "JOIN item_tags AS item_tags_1 ON items_1.id = item_tags_1.item_id JOIN tags ON tags.id = item_tags_1.tag_id ORDER BY tags.id",
    }, function(found) assert.equal("blue", found[1].orders[1].items[2].tags[1].name) end)
  end)

  it("follows a joined step, and has joined steps below", function()
    follows(of(User, orm.joinedload(User.orders):subqueryload(Order.items)), {
      "SELECT " .. items .. ", orders_1.id AS orders_1_id FROM (SELECT users.id AS users_id FROM users) AS anon_1 "
        .. "JOIN orders AS orders_1 ON anon_1.users_id = orders_1.user_id JOIN items ON orders_1.id = items.order_id ORDER BY items.id",
    }, function(found) assert.equal(2, #found[1].orders[1].items) end)
    session:expunge_all()
    follows(of(User, orm.subqueryload(User.orders):joinedload(Order.items)), {
      "SELECT " .. orders .. ", anon_1.users_id AS anon_1_users_id, items_1.id AS items_1_id, items_1.name AS items_1_name, "
        .. "items_1.price AS items_1_price, items_1.order_id AS items_1_order_id FROM (SELECT users.id AS users_id FROM users) AS anon_1 "
        .. "JOIN orders ON anon_1.users_id = orders.user_id LEFT OUTER JOIN items AS items_1 ON orders.id = items_1.order_id "
        .. "ORDER BY orders.id, items_1.id",
    }, function(found) assert.equal(2, #found[1].orders[1].items) end)
  end)

  it("embeds the selectin or lazy load that it stands below", function()
    follows(of(User, orm.selectinload(User.orders):subqueryload(Order.items)), {
      "SELECT orders.user_id, orders.id, orders.note FROM orders WHERE orders.user_id IN (?, ?, ?) ORDER BY orders.id",
      "SELECT " .. items .. ", anon_1.orders_id AS anon_1_orders_id FROM (SELECT orders.id AS orders_id FROM orders "
        .. "WHERE orders.user_id IN (?, ?, ?)) AS anon_1 JOIN items ON anon_1.orders_id = items.order_id ORDER BY items.id",
    }, function(found) assert.equal(2, #found[1].orders[1].items) end)
    session:expunge_all()
    local ann = of(User, orm.lazyload(User.orders):subqueryload(Order.items)):first()
    assert.same({
      "SELECT orders.id, orders.note, orders.user_id FROM orders WHERE ? = orders.user_id ORDER BY orders.id",
      "SELECT " .. items .. ", anon_1.orders_id AS anon_1_orders_id FROM (SELECT orders.id AS orders_id FROM orders "
        .. "WHERE ? = orders.user_id) AS anon_1 JOIN items ON anon_1.orders_id = items.order_id ORDER BY items.id",
    }, s:during(function() assert.equal(2, #ann.orders[1].items) end))
  end)

  it("keeps criteria, limit and the order that a limit needs", function()
    follows(of(User, orm.subqueryload(User.addresses)):filter(User.name:ne "Bob"):limit(2), {
      "SELECT " .. addresses .. ", anon_1.users_id AS anon_1_users_id FROM (SELECT users.id AS users_id FROM users WHERE users.name != ? "
        .. "ORDER BY users.id LIMIT ? OFFSET ?) AS anon_1 JOIN addresses ON anon_1.users_id = addresses.user_id ORDER BY addresses.id",
    }, function(found) assert.same({2, 0}, {#found[1].addresses, #found[2].addresses}) end)
    session:expunge_all()
    follows(session:query(Address):options(orm.subqueryload(Address.user)):order_by(Address.email:desc()):limit(1), {
      "SELECT " .. users .. ", anon_1.addresses_user_id AS anon_1_addresses_user_id FROM (SELECT DISTINCT addresses.user_id AS addresses_user_id, "
        .. "addresses.email AS addresses_email FROM addresses ORDER BY addresses.email DESC LIMIT ? OFFSET ?) AS anon_1 "
        .. "JOIN users ON users.id = anon_1.addresses_user_id",
    }, function(found) assert.equal("Bob", found[1].user.name) end)
  end)

  it("takes the values of each execution, and of criteria of its own", function()
    for name, email in pairs{Ann = "ann@two", Bob = "bob@one"} do
      session:expunge_all()
      local query = session:query(User):filter(User.name:eq(name)):options(orm.subqueryload(User.addresses:and_(Address.email:ne "ann@one")))
      follows(query, {
        "SELECT " .. addresses .. ", anon_1.users_id AS anon_1_users_id FROM (SELECT users.id AS users_id FROM users WHERE users.name = ?) AS anon_1 "
          .. "JOIN addresses ON anon_1.users_id = addresses.user_id AND addresses.email != ? ORDER BY addresses.id",
      }, function(found) assert.same({1, email}, {#found[1].addresses, found[1].addresses[1].email}) end)
    end
  end)

  it("starts from aliases, and from each of several entities", function()
    local A = orm.aliased(User)
    follows(session:query(A):options(orm.subqueryload(A.addresses)):filter(A.name:eq "Ann"), {
      "SELECT " .. addresses .. ", anon_1.users_1_id AS anon_1_users_1_id FROM (SELECT users_1.id AS users_1_id FROM users AS users_1 "
        .. "WHERE users_1.name = ?) AS anon_1 JOIN addresses ON anon_1.users_1_id = addresses.user_id ORDER BY addresses.id",
    }, function(found) assert.equal(2, #found[1].addresses) end)
    session:expunge_all()
    follows(session:query(User, Order):join(User.orders):options(orm.subqueryload(User.addresses), orm.subqueryload(Order.items)), {
      "SELECT " .. addresses .. ", anon_1.users_id AS anon_1_users_id FROM (SELECT users.id AS users_id FROM users "
        .. "JOIN orders ON users.id = orders.user_id) AS anon_1 JOIN addresses ON anon_1.users_id = addresses.user_id ORDER BY addresses.id",
      "SELECT " .. items .. ", anon_1.orders_id AS anon_1_orders_id FROM (SELECT orders.id AS orders_id FROM users "
        .. "JOIN orders ON users.id = orders.user_id) AS anon_1 JOIN items ON anon_1.orders_id = items.order_id ORDER BY items.id",
    }, function(found) assert.same({2, 2}, {#found[1].User.addresses, #found[1].Order.items}) end)
  end)

  it("goes round as far as join_depth says", function()
    s:close()
    open{["Category.children"] = {lazy = "subquery", join_depth = 2}}
    session:add(Category{id = 1, name = "root", children = {Category{id = 2, name = "a", children = {Category{id = 3, name = "b",
      children = {Category{id = 4, name = "c"}}}}}}})
    session:commit()
    session:expunge_all()
    follows(session:query(Category):filter(Category.id:eq(1)), {
      "SELECT categories.id AS categories_id, categories.name AS categories_name, categories.parent_id AS categories_parent_id, "
        .. "anon_1.categories_id AS anon_1_categories_id FROM (SELECT categories.id AS categories_id FROM categories WHERE categories.id = ?) AS anon_1 "
        .. "JOIN categories ON anon_1.categories_id = categories.parent_id ORDER BY categories.id",
      "SELECT categories.id AS categories_id, categories.name AS categories_name, categories.parent_id AS categories_parent_id, "
        .. "categories_1.id AS categories_1_id FROM (SELECT categories.id AS categories_id FROM categories WHERE categories.id = ?) AS anon_1 "
        .. "JOIN categories AS categories_1 ON anon_1.categories_id = categories_1.parent_id "
        .. "JOIN categories ON categories_1.id = categories.parent_id ORDER BY categories.id",
    }, function(found) assert.equal("b", found[1].children[1].children[1].name) end)
  end)

  it("serves get() with lazy = \"subquery\"", function()
    s:close()
    open{["User.orders"] = {lazy = "subquery"}, ["Order.items"] = {lazy = "subquery"}}
    for _ = 1, 2 do
      session:expunge_all()
      local ann
      assert.equal(3, #s:during(function() ann = session:get(User, 1) end))
      assert.same({}, s:during(function() assert.equal(2, #ann.orders[1].items) end))
    end
  end)

  it("has nothing to say when there are no rows", function()
    assert.equal(1, #s:during(function()
      assert.same({}, session:query(User):filter(User.id:eq(77)):options(orm.subqueryload(User.orders)):all())
    end))
  end)

  it("gives each member once however many ways lead to its parent", function()
    local Tag = s.Tag
    local pens = session:scalars(la.select(Item):options(orm.subqueryload(Item.tags):subqueryload(Tag.items)):order_by(Item.id)):all()
    assert.same({}, s:during(function()
      assert.same({2, 1, 2}, {#pens[1].tags, #pens[1].tags[1].items, #pens[1].tags[2].items})
    end))
  end)

  it("handles large IN lists of a selectin load in its chunks", function()
    local rows = {}
    for i = 1, 600 do rows[i] = {id = 100 + i, name = "u" .. i} end
    session:execute(la.insert(User), rows)
    session:add(Order{id = 50, user_id = 690, items = {Item{id = 60, name = "late"}}})
    session:commit()
    session:expunge_all()
    local found
    local sent = s:during(function() found = of(User, orm.selectinload(User.orders):subqueryload(Order.items)):all() end)
    assert.equal(5, #sent)
    assert.same({}, s:during(function()
      assert.equal("late", found[593].orders[1].items[1].name)
      assert.equal("pen", found[1].orders[1].items[1].name)
    end))
  end)

  it("reads custom joins by what they refer to", function()
    User.first_mail = orm.relationship(Address, {viewonly = true, uselist = false,
      primaryjoin = la.and_(User.id:eq(Address.user_id), Address.email:like "%one")})
    follows(of(User, orm.subqueryload(User.first_mail)), {
      "SELECT " .. addresses .. ", anon_1.users_id AS anon_1_users_id FROM (SELECT users.id AS users_id FROM users) AS anon_1 "
        .. "JOIN addresses ON anon_1.users_id = addresses.user_id AND addresses.email LIKE ?",
    }, function(found) assert.same({"ann@one", "bob@one"}, {found[1].first_mail.email, found[2].first_mail.email}) end)
  end)

  it("can't be streamed, nor can joined lists; selectin and immediate loads come with each part", function()
    local words = "Can't use yield_per with eager loaders that require uniquing or row buffering, e.g. joinedload() against collections or subqueryload()."
    local function stream(class, option)
      return session:scalars(la.select(class):options(option):order_by(class.id):execution_options{yield_per = 2})
    end
    for _, name in ipairs {"subqueryload", "joinedload"} do
      fails(exc.InvalidRequestError, words, function() stream(User, orm[name](User.orders)):all() end)
    end
    assert.same({3, 1, 4}, {
      #s:during(function() stream(User, orm.selectinload(User.orders)):all() end),
      #s:during(function() session:expunge_all(); stream(Address, orm.joinedload(Address.user)):all() end),
      #s:during(function() session:expunge_all(); stream(User, orm.immediateload(User.orders)):all() end),
    })
  end)
end)

describe("subqueryload of a relationship of a subclass (LOAD-3.2)", function()
  it("goes by the keys of its objects where the statement is of the base class alone", function()
    local Base = orm.declarative_base()
    local Person = Base:class "Person" {
      __tablename__ = "people",
      id = la.Column(la.Integer, {primary_key = true}),
      kind = la.Column(la.String),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "person"},
    }
    local Writer = Person:class "Writer" {
      __tablename__ = "writers",
      id = la.Column(la.Integer, la.ForeignKey "people.id", {primary_key = true}),
      books = orm.relationship("Book", {lazy = "subquery"}),
      __mapper_args__ = {polymorphic_identity = "writer"},
    }
    local Book = Base:class "Book" {
      __tablename__ = "books",
      id = la.Column(la.Integer, {primary_key = true}),
      writer_id = la.Column(la.Integer, la.ForeignKey "writers.id"),
    }
    local s = shop.open {Base = Base}
    s.session:add_all {Person{}, Writer{books = {Book{}, Book{}}}, Writer{}}
    s.session:commit()
    s.session:expunge_all()
    local sent = s:during(function()
      local people = s.session:scalars(la.select(Person):order_by(Person.id)):all()
      assert.same({2, 0}, {#people[2].books, #people[3].books})
    end)
    assert.same({"SELECT people.id, people.kind FROM people ORDER BY people.id",
      "SELECT books.writer_id, books.id FROM books WHERE books.writer_id IN (?, ?)"}, sent)
    s:close()
  end)

  it("goes by the keys of its objects below a subqueryload of the base class", function()
    local Base = orm.declarative_base()
    local key = function(target) return la.Column(la.Integer, target and la.ForeignKey(target), {primary_key = true}) end
    local House = Base:class "House" {__tablename__ = "houses", id = key(), people = orm.relationship "Person"}
    local Person = Base:class "Person" {__tablename__ = "people", id = key(), kind = la.Column(la.String), house_id = la.Column(la.ForeignKey "houses.id"),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "person"}}
    local Writer = Person:class "Writer" {__tablename__ = "writers", id = key "people.id", town_id = la.Column(la.ForeignKey "towns.id"),
      town = orm.relationship("Town", {lazy = "subquery"}), __mapper_args__ = {polymorphic_identity = "writer"}}
    local Town = Base:class "Town" {__tablename__ = "towns", id = key(), name = la.Column(la.String)}
    local s = shop.new()
    Base.metadata:create_all(s.engine)
    s.session:add_all {House{people = {Person{}, Writer{town = Town{name = "Bonn"}}, Writer{town = Town{name = "Ulm"}}}}, House{people = {Writer{}}}}
    s.session:commit()
    s.session:expunge_all()
    local houses
    local sent = s:during(function() houses = s.session:scalars(la.select(House):options(orm.subqueryload(House.people)):order_by(House.id)):all() end)
    for _, text in ipairs(sent) do assert.is_nil(text:find(", writers", 1, true), text) end
    local names = {}
    for _, person in ipairs(houses[1].people) do
      if la.isinstance(person, Writer) then names[#names + 1] = person.town.name end
    end
    assert.same({"Bonn", "Ulm"}, names)
    s:close()
  end)
end)
