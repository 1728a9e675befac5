-- SPDX-License-Identifier: MIT
-- What a cascade does not reach: what was let go before, what was there already, what has no row any more.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

describe("a delete cascade", function()
  local s, session
  after_each(function() s:close() end)

  it("does not reach what a many-to-one let go, be the object deleted as an orphan (UOW-78, UOW-79)", function()
    s = shop.new{["User.addresses"] = {cascade = "all, delete-orphan"}, ["Address.user"] = {cascade = "all"}}:fill()
    session = s.session
    local address = session:get(s.Address, 3)
    local bob = address.user
    assert.equal("Bob", bob.name)
    address.user = nil
    assert.same({"DELETE FROM addresses WHERE addresses.id = ?"}, s:during(function() session:flush() end))
    assert.is_true(la.inspect(bob).persistent)
    session:rollback()
    address.user = session:get(s.User, 1)
    session:delete(address)
    session:commit()
    assert.is_nil(session:get(s.User, 1))
    assert.equal("Bob", session:get(s.User, 2).name)
  end)

  it("reaches it where the many-to-one deletes orphans (UOW-79)", function()
    s = shop.new{["Address.user"] = {cascade = "all, delete-orphan", single_parent = true}}:fill()
    session = s.session
    local address = session:get(s.Address, 3)
    assert.equal("Bob", address.user.name)
    address.user = nil
    session:delete(address)
    session:commit()
    assert.is_nil(session:get(s.User, 2))
  end)

  it("does not reach what a many-to-many let go (UOW-78)", function()
    s = shop.new{["Item.tags"] = {cascade = "all"}}:fill()
    session = s.session
    local ink = session:get(s.Item, 2)
    assert.equal("blue", ink.tags[1].name)
    ink.tags:remove(ink.tags[1])
    session:delete(ink)
    session:commit()
    assert.equal(2, session:query(s.Tag):count())
  end)
end)

describe("a save-update cascade", function()
  local s, session
  before_each(function()
    s = shop.new():fill()
    session = s.session
  end)
  after_each(function() s:close() end)

  it("brings nothing by an assignment of what is there already (UOW-73)", function()
    local address = session:get(s.Address, 3)
    local user = s.User{name = "Dan", addresses = {address}}
    assert.equal(user, address.user)
    address.user = user
    assert.is_true(la.inspect(user).transient)
    address.user = nil
    address.user = user
    assert.is_true(la.inspect(user).pending)
  end)

  it("brings nothing when a detached object is deleted (UOW-10)", function()
    local address = session:get(s.Address, 3)
    session:expunge(address)
    local user = s.User{name = "Dan"}
    address.user = user
    session:delete(address)
    assert.is_true(la.inspect(user).transient)
    assert.same({"DELETE FROM addresses WHERE addresses.id = ?"}, s:during(function() session:flush() end))
  end)

  it("brings all that hangs on an object, or nothing (UOW-8, UOW-73)", function()
    local gone, bob = session:get(s.Address, 1), session:get(s.User, 2)
    session:delete(gone)
    session:expunge(bob)
    session:commit()
    local user = s.User{name = "Dan", addresses = {s.Address{email = "d"}, gone}}
    fails(la.exc.InvalidRequestError, "has been deleted", function() session:add(user) end)
    assert.same({true, true}, {la.inspect(user).transient, la.inspect(user.addresses[1]).transient})
    local other = session:get(s.User, 2)
    local address = s.Address{email = "e", user = bob}
    fails(la.exc.InvalidRequestError, "another instance with this key is already present", function() session:add(address) end)
    assert.same({true, true, true}, {la.inspect(address).transient, la.inspect(bob).detached, la.inspect(other).persistent})
    session:expunge_all()
    local one = session:get(s.User, 2)
    session:expunge(one)
    local twin = session:get(s.User, 2)
    session:expunge(twin)
    local order = s.Order{note = "o", user = one, items = {s.Item{name = "i"}}}
    local tag = s.Tag{name = "t", items = {order.items[1]}}
    local _ = s.Order{note = "p", user = twin, items = {s.Item{name = "j", tags = {tag}}}}
    fails(la.exc.InvalidRequestError, "another instance with this key is already present", function() session:add(tag) end)
    assert.same({true, true, true, true}, {la.inspect(tag).transient, la.inspect(order).transient, la.inspect(one).detached, la.inspect(twin).detached})
    assert.equal(0, #session.new)
  end)

  it("refuses an object whose row was deleted, and leaves both as they were (UOW-73)", function()
    local ann, bob = session:get(s.User, 1), session:get(s.User, 2)
    local gone = bob.addresses[1]
    assert.equal(2, #ann.addresses)
    session:delete(gone)
    session:flush()
    local message = "Instance 'Address(id=3)' has been deleted.  Use the make_transient() function to send this object back to the transient state."
    fails(la.exc.InvalidRequestError, message, function() ann.addresses:append(gone) end)
    session:commit()
    local told = 0
    la.event.listen(s.User.addresses, "append", function() told = told + 1 end)
    fails(la.exc.InvalidRequestError, message, function() ann.addresses:append(gone) end)
    assert.equal(0, told)
    assert.same({2, false}, {#ann.addresses, la.inspect(ann).modified})
    orm.make_transient(gone)
    ann.addresses:append(gone)
    session:commit()
    assert.equal(3, #ann.addresses)
  end)
end)

describe("inspect(object).modified", function()
  local s
  after_each(function() s:close() end)

  it("tells that something was set, be it to what was there (SES-09, UOW-43)", function()
    s = shop.new():fill()
    local session = s.session
    local function set(object, name, value)
      object[name] = value
      local state = la.inspect(object)
      assert.same({true, true, false}, {state.modified, #session.dirty == 1, session:is_modified(object)})
      assert.same({}, s:during(function() session:flush() end))
      assert.is_false(state.modified)
    end
    local ann = session:get(s.User, 1)
    local addresses = ann.addresses
    set(ann, "name", "Ann")
    set(ann, "addresses", {addresses[1], addresses[2]})
    set(addresses[1], "user", ann)
    assert.is_true(la.inspect(s.User{}).modified == false and la.inspect(s.User{name = "x"}).modified)
  end)

  it("tells nothing any more once the object is expired, and session.dirty neither (SES-09, UOW-97)", function()
    s = shop.new():fill()
    local session = s.session
    local ann, bob = session:get(s.User, 1), session:get(s.User, 2)
    for _, expire in ipairs {function() session:expire_all() end, function() session:expire(ann) session:expire(bob) end} do
      ann.name, bob.addresses = "A", {}
      assert.equal(3, #session.dirty)
      expire()
      assert.same({false, false}, {la.inspect(ann).modified, la.inspect(bob).modified})
    end
    session:expire_all()
    assert.equal(0, #session.dirty)
  end)
end)
