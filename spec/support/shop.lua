-- SPDX-License-Identifier: MIT
-- One example schema for the specs of the ORM: customers with addresses, orders of items, tags of items, a tree of
-- categories, and a profile for each customer.
--
--   local shop = require "spec.support.shop"
--   local s = shop.new()           -- classes, an engine in memory with the tables, a session
--   s.statements                   -- what was sent, in order; s:forget() empties it
local shop = {}

local la = require "lualchemy"
local orm = require "lualchemy.orm"

--- The classes on a base of their own. `options` gives relationship options by "Class.attribute".
function shop.classes(options)
  options = options or {}
  local Base = orm.declarative_base()
  local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey

  local function relation(name, target, given)
    local merged = {}
    for key, value in pairs(given) do merged[key] = value end
    for key, value in pairs(options[name] or {}) do merged[key] = value end
    return orm.relationship(target, merged)
  end

  local item_tags = la.Table("item_tags", Base.metadata,
    Column("item_id", Integer, ForeignKey "items.id", {primary_key = true}),
    Column("tag_id", Integer, ForeignKey "tags.id", {primary_key = true}))

  local User = Base:class "User" {
    __tablename__ = "users",
    id = Column(Integer, {primary_key = true}),
    name = Column(String(50), {nullable = false}),
    age = Column(Integer),
    addresses = relation("User.addresses", "Address", {back_populates = "user", order_by = "Address.id"}),
    orders = relation("User.orders", "Order", {back_populates = "user", order_by = "Order.id"}),
    profile = relation("User.profile", "Profile", {back_populates = "user", uselist = false}),
  }
  local Address = Base:class "Address" {
    __tablename__ = "addresses",
    id = Column(Integer, {primary_key = true}),
    email = Column(String, {nullable = false, unique = true}),
    user_id = Column(Integer, ForeignKey "users.id"),
    user = relation("Address.user", "User", {back_populates = "addresses"}),
  }
  local Profile = Base:class "Profile" {
    __tablename__ = "profiles",
    id = Column(Integer, {primary_key = true}),
    motto = Column(String),
    user_id = Column(Integer, ForeignKey "users.id"),
    user = relation("Profile.user", "User", {back_populates = "profile"}),
  }
  local Order = Base:class "Order" {
    __tablename__ = "orders",
    id = Column(Integer, {primary_key = true}),
    note = Column(String),
    user_id = Column(Integer, ForeignKey "users.id"),
    user = relation("Order.user", "User", {back_populates = "orders"}),
    items = relation("Order.items", "Item", {back_populates = "order", order_by = "Item.id", cascade = "all, delete-orphan"}),
  }
  local Item = Base:class "Item" {
    __tablename__ = "items",
    id = Column(Integer, {primary_key = true}),
    name = Column(String, {nullable = false}),
    price = Column(Integer),
    order_id = Column(Integer, ForeignKey "orders.id"),
    order = relation("Item.order", "Order", {back_populates = "items"}),
    tags = relation("Item.tags", "Tag", {secondary = item_tags, back_populates = "items", order_by = "Tag.id"}),
  }
  local Tag = Base:class "Tag" {
    __tablename__ = "tags",
    id = Column(Integer, {primary_key = true}),
    name = Column(String, {nullable = false, unique = true}),
    items = relation("Tag.items", "Item", {secondary = item_tags, back_populates = "tags", order_by = "Item.id"}),
  }
  local Category = Base:class "Category" {
    __tablename__ = "categories",
    id = Column(Integer, {primary_key = true}),
    name = Column(String, {nullable = false}),
    parent_id = Column(Integer, ForeignKey "categories.id"),
    children = relation("Category.children", "Category", {back_populates = "parent", order_by = "Category.id"}),
    parent = relation("Category.parent", "Category", {back_populates = "children", remote_side = "Category.id"}),
  }
  return {Base = Base, User = User, Address = Address, Profile = Profile, Order = Order, Item = Item, Tag = Tag, Category = Category,
    item_tags = item_tags}
end

local Shop = {}
Shop.__index = Shop

--- Empties the list of statements.
function Shop:forget()
  for i = #self.statements, 1, -1 do self.statements[i] = nil end
end

--- The texts of what was sent, white space aside, without transaction statements.
function Shop:sent()
  local texts = {}
  for _, text in ipairs(self.statements) do
    local word = text:match("^%s*(%a+)")
    if word ~= "BEGIN" and word ~= "COMMIT" and word ~= "ROLLBACK" and word ~= "SAVEPOINT" and word ~= "RELEASE" and word ~= "PRAGMA" then
      texts[#texts + 1] = (text:gsub("%s+", " "))
    end
  end
  return texts
end

--- Runs `fn` and gives the texts that it sent.
function Shop:during(fn)
  self:forget()
  fn()
  return self:sent()
end

function Shop:close()
  self.session:close()
  self.engine:dispose()
end

--- Three customers with addresses, orders, items and tags, committed; the session is empty after it.
function Shop:fill()
  local User, Address, Order, Item, Tag = self.User, self.Address, self.Order, self.Item, self.Tag
  local session = self.session
  local red, blue = Tag{name = "red"}, Tag{name = "blue"}
  session:add_all{
    User{id = 1, name = "Ann", age = 30, addresses = {Address{id = 1, email = "ann@one"}, Address{id = 2, email = "ann@two"}},
      orders = {Order{id = 1, note = "first",
        items = {Item{id = 1, name = "pen", price = 2, tags = {red, blue}}, Item{id = 2, name = "ink", price = 5, tags = {blue}}}}}},
    User{id = 2, name = "Bob", age = 22, addresses = {Address{id = 3, email = "bob@one"}}},
    User{id = 3, name = "Cid"},
  }
  session:commit()
  session:expunge_all()
  self:forget()
  return self
end

--- A new shop. `options` as for `classes`; `engine` gives an engine of yours.
function shop.new(options, given)
  return shop.open(shop.classes(options), given)
end

--- `classes` (with their `Base`) with an engine in memory that has their tables, a session, and what was sent.
function shop.open(classes, given)
  local self = setmetatable(classes, Shop)
  self.statements = {}
  self.engine = given and given.engine or la.create_engine("sqlite://")
  la.event.listen(self.engine, "before_cursor_execute", function(_, _, statement)
    self.statements[#self.statements + 1] = statement
  end)
  self.Base.metadata:create_all(self.engine)
  self.Session = orm.sessionmaker{bind = self.engine}
  self.session = self.Session(given and given.session or {})
  self:forget()
  return self
end

return shop
