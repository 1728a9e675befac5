-- SPDX-License-Identifier: MIT
-- Links and cascades in combination: what a flush makes of objects that were linked and let go, deleted on one side, or held by nobody.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local shop = require "spec.support.shop"

local Column, Integer, ForeignKey = la.Column, la.Integer, la.ForeignKey

describe("links that change more than once before a flush", function()
  local s
  after_each(function() s:close() end)

  it("make an orphan of a child that was given a parent and let go again (UOW-79)", function()
    s = shop.new()
    local order, item = s.Order{note = "o"}, s.Item{name = "i"}
    s.session:add_all{order, item}
    s.session:commit()
    assert.same({nil, 0}, {item.order, #order.items})
    order.items:append(item)
    order.items:remove(item)
    assert.same({"DELETE FROM items WHERE items.id = ?"}, s:during(function() s.session:flush() end))
    assert.is_true(la.inspect(item).deleted)
  end)

  it("are kept while nobody holds the child that was let go (UOW-16)", function()
    s = shop.new():fill()
    do
      local order = s.session:get(s.Order, 1)
      order.items:remove(order.items[1])
    end
    do
      local bob = s.session:get(s.User, 2)
      bob.addresses[1].user = nil
    end
    collectgarbage()
    collectgarbage()
    s.session:commit()
    assert.equal(1, s.session:query(s.Item):count())
    assert.is_nil(s.session:get(s.Address, 3).user_id)
  end)
end)

describe("a child that moves from a parent that is deleted", function()
  it("stays, if the parent deletes its children (UOW-78)", function()
    local s = shop.new():fill()
    local first, second = s.session:get(s.Order, 1), s.Order{note = "second"}
    s.session:add(second)
    local pen, ink = first.items[1], first.items[2]
    second.items:append(pen)
    s.session:no_autoflush(function() s.session:delete(first) end)
    s.session:commit()
    assert.same({second, 1}, {pen.order, #second.items})
    assert.is_true(la.inspect(ink).detached)
    assert.equal(1, s.session:query(s.Item):count())
    s:close()
  end)

  it("goes with a parent whose cascades are given as a list (UOW-78)", function()
    local s = shop.new{["User.addresses"] = {cascade = {"save-update", "delete"}}}:fill()
    local bob = s.session:get(s.User, 2)
    local address = bob.addresses[1]
    s.session:delete(bob)
    s.session:commit()
    assert.is_true(la.inspect(address).detached)
    s:close()
  end)

  it("goes with the parent that it has left, if it has no other (UOW-78)", function()
    local s = shop.new{["User.addresses"] = {cascade = "all"}}:fill()
    local bob = s.session:get(s.User, 2)
    local address = bob.addresses[1]
    bob.addresses:remove(address)
    s.session:no_autoflush(function() s.session:delete(bob) end)
    s.session:commit()
    assert.is_true(la.inspect(address).detached)
    s:close()
  end)
end)

describe("a row of a secondary table", function()
  it("is deleted once, though both of its objects are, one flush after the other (UOW-84)", function()
    local s = shop.new():fill()
    local pen = s.session:get(s.Item, 1)
    local red = pen.tags[1]
    assert.equal(1, #red.items)
    s.session:delete(red)
    s.session:flush()
    s.session:delete(pen)
    local sent = s:during(function() s.session:flush() end)
    assert.same({"DELETE FROM item_tags WHERE item_tags.item_id = ? AND item_tags.tag_id = ?", "DELETE FROM items WHERE items.id = ?"}, sent)
    assert.equal(1, s.session:scalar(la.select(la.func.count()):select_from(s.item_tags)))
    s:close()
  end)
end)

describe("a child with two owners", function()
  local s, User, Firm, Address
  local function open(legacy)
    local Base = orm.declarative_base()
    local function owner(name)
      return Base:class(name) {
        __tablename__ = "two_" .. name:lower() .. "s",
        id = Column(Integer, {primary_key = true}),
        addresses = orm.relationship("Address", {back_populates = name:lower(), cascade = "all, delete-orphan"}),
      }
    end
    User, Firm = owner "User", owner "Firm"
    Address = Base:class "Address" {
      __tablename__ = "two_addresses",
      id = Column(Integer, {primary_key = true}),
      user_id = Column(Integer, ForeignKey "two_users.id"),
      firm_id = Column(Integer, ForeignKey "two_firms.id"),
      user = orm.relationship("User", {back_populates = "addresses"}),
      firm = orm.relationship("Firm", {back_populates = "addresses"}),
      __mapper_args__ = {legacy_is_orphan = legacy},
    }
    s = shop.new()
    Base.metadata:create_all(s.engine)
    local user, firm = User{}, Firm{}
    s.session:add_all{user, firm}
    s.session:flush()
    assert.same({0, 0}, {#user.addresses, #firm.addresses})
    local address = Address{user = user, firm = firm}
    s.session:add(address)
    return address, user, firm
  end
  after_each(function() s:close() end)

  it("is an orphan when it loses one of them (UOW-80)", function()
    local address, user = open(false)
    user.addresses:remove(address)
    assert.is_true(la.inspect(address).transient)
    address, user = open(false)
    s.session:flush()
    user.addresses:remove(address)
    s.session:commit()
    assert.is_true(la.inspect(address).detached)
    assert.equal(0, s.session:query(Address):count())
  end)

  it("is an orphan when it loses both, with legacy_is_orphan (UOW-80)", function()
    local address, user, firm = open(true)
    user.addresses:remove(address)
    assert.is_true(la.inspect(address).pending)
    firm.addresses:remove(address)
    assert.is_true(la.inspect(address).transient)
    address, user, firm = open(true)
    s.session:flush()
    user.addresses:remove(address)
    s.session:flush()
    assert.is_nil(address.user_id)
    firm.addresses:remove(address)
    s.session:commit()
    assert.equal(0, s.session:query(Address):count())
  end)
end)

describe("expunging and expiring", function()
  local s, ann
  local function open(cascade)
    s = shop.new{["User.addresses"] = {cascade = cascade}}:fill()
    ann = s.session:get(s.User, 1)
    return ann.addresses[1], ann.orders[1]
  end
  after_each(function() s:close() end)

  it("follow the cascades that are named for them alone (UOW-87)", function()
    local address, order = open "save-update, merge, expunge, refresh-expire"
    s.session:expire(ann)
    assert.same({"id", "email", "user_id", "user"}, la.inspect(address).unloaded)
    assert.same({}, s:during(function() assert.equal("first", order.note) end))
    assert.equal(address, ann.addresses[1])
    s.session:expunge(ann)
    assert.is_true(la.inspect(address).detached)
    assert.is_true(la.inspect(order).persistent)
  end)

  it("leave children alone without them (UOW-87)", function()
    local address = open "save-update, merge"
    assert.equal("ann@one", address.email)
    s.session:expire(ann)
    assert.same({}, s:during(function() assert.equal("ann@one", address.email) end))
    s.session:expunge(ann)
    assert.is_true(la.inspect(address).persistent)
  end)

  it("take a pending child out of the session (UOW-87)", function()
    open "all, delete-orphan"
    local fresh = s.Address{email = "fresh"}
    ann.addresses:append(fresh)
    assert.is_true(la.inspect(fresh).pending)
    s.session:expire(ann)
    assert.is_true(la.inspect(fresh).transient)
    assert.equal(2, #ann.addresses)
  end)

  it("refresh expires what follows, and reads the object itself (UOW-87, UOW-100)", function()
    local address = open "save-update, merge, refresh-expire"
    assert.equal("ann@one", address.email)
    s.session:execute(la.text "UPDATE addresses SET email = 'other' WHERE id = 1")
    s.session:refresh(ann)
    assert.equal("other", address.email)
  end)
end)

describe("a flush of classes that inherit in steps", function()
  it("inserts rows of base tables first, whichever class comes first (UOW-131)", function()
    local Base = orm.declarative_base()
    local function id(of) return la.Column(la.Integer, of and la.ForeignKey(of .. ".id"), {primary_key = true}) end
    local A = Base:class "A" {__tablename__ = "step_a", id = la.Column(la.Integer, {primary_key = true}), kind = la.Column(la.String),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "a"}}
    local B = A:class "B" {__tablename__ = "step_b", id = id "step_a", __mapper_args__ = {polymorphic_identity = "b"}}
    local C = B:class "C" {__tablename__ = "step_c", id = id "step_b", __mapper_args__ = {polymorphic_identity = "c"}}
    local D = A:class "D" {__tablename__ = "step_d", id = id "step_a", __mapper_args__ = {polymorphic_identity = "d"}}
    local s = shop.new()
    Base.metadata:create_all(s.engine)
    s.session:add_all{A{}, C{}, D{}, B{}, C{}}
    local tables = s:during(function() s.session:flush() end)
    for i, text in ipairs(tables) do tables[i] = text:match "INTO (%S+)" end
    local order, seen = {}, {}
    for _, name in ipairs(tables) do
      if not seen[name] then order[#order + 1] = name end
      seen[name] = true
    end
    assert.equal("step_a", order[1])
    assert.is_true(table.concat(order, " "):find "step_b.*step_c" ~= nil)
    s.session:commit()
    assert.equal(3, s.session:query(B):count())
    s:close()
  end)
end)
