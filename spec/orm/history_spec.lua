-- SPDX-License-Identifier: MIT
-- What an attribute remembers of its change before it is flushed, and what is read for it when: next to SQLAlchemy, statement by statement.
local la = require "lualchemy"
local attributes = require "lualchemy.orm.attributes"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local null = la.null

local s, User, Address, Profile
local function open(options)
  s = shop.new(options):fill()
  User, Address, Profile = s.User, s.Address, s.Profile
  s.session:add(Profile{id = 1, motto = "go", user_id = 1})
  s.session:commit()
  s:forget()
  return s.session
end
after_each(function() s:close() end)

--- The history as it is known without SQL.
local function known(object, key)
  local history = la.inspect(object).attrs[key].history
  return {history.added, history.unchanged, history.deleted}
end

local profile_of_user = "SELECT profiles.id, profiles.motto, profiles.user_id FROM profiles WHERE ? = profiles.user_id"

describe("an attribute that is set to what it is", function()
  it("makes its object dirty, and the flush writes nothing (UOW-43, UOW-25)", function()
    local session = open()
    local ann, address = session:get(User, 1), session:get(Address, 1)
    local owner = address.user
    local heard = 0
    la.event.listen(Address, "before_update", function() heard = heard + 1 end)
    ann.name = "Ann"
    address.user = owner
    assert.is_true(session.dirty:contains(ann) and session.dirty:contains(address))
    assert.is_false(session:is_modified(ann) or session:is_modified(address))
    assert.same({{}, {"Ann"}, {}}, known(ann, "name"))
    assert.same({{}, {ann}, {}}, known(address, "user"))
    assert.same({}, s:during(function() session:flush() end))
    assert.same({0, 1}, {#session.dirty, heard})
  end)

  it("is not in session.dirty once its object is marked for deletion (UOW-25)", function()
    local session = open()
    local cid = session:get(User, 3)
    cid.age = 4
    session:delete(cid)
    assert.same({0, 1}, {#session.dirty, #session.deleted})
    session:rollback()
  end)

  it("is overwritten by populate_existing, and its object is clean again (UOW-22)", function()
    local session = open()
    local ann = session:get(User, 1)
    ann.age = 99
    session:no_autoflush(function() session:query(User):populate_existing():all() end)
    assert.same({30, 0}, {ann.age, #session.dirty})
  end)
end)

describe("a one-to-one link that is set before it is loaded", function()
  it("is read by the flush, which lets the old object go (UOW-64)", function()
    local session = open()
    local ann, new = session:get(User, 1), Profile{motto = "new"}
    assert.same({}, s:during(function() ann.profile = new end))
    assert.same({{new}, {}, {}}, known(ann, "profile"))
    assert.same({profile_of_user, "UPDATE profiles SET user_id=? WHERE profiles.id = ?", "INSERT INTO profiles (motto, user_id) VALUES (?, ?)"},
      s:during(function() session:flush() end))
    assert.same({nil, 1}, {session:get(Profile, 1).user_id, new.user_id})
    assert.same({{}, {new}, {}}, known(ann, "profile"))
  end)

  it("is read by the flush, which deletes the orphan (UOW-64, UOW-79)", function()
    local session = open{["User.profile"] = {cascade = "all, delete-orphan"}}
    session:get(User, 1).profile = nil
    assert.same({profile_of_user, "DELETE FROM profiles WHERE profiles.id = ?"}, s:during(function() session:flush() end))
  end)

  it("is read by the flush also with lazy = \"raise\" (UOW-64, UOW-86)", function()
    local session = open{["User.profile"] = {lazy = "raise"}}
    session:get(User, 1).profile = Profile{motto = "new"}
    session:commit()
    assert.is_nil(session:get(Profile, 1).user_id)
  end)

  it("is read, and its object deleted, in the flush that deletes the owner (UOW-64, UOW-77)", function()
    local session = open{["User.addresses"] = {cascade = "all"}, ["User.orders"] = {cascade = "all"}}
    local ann = session:get(User, 1)
    ann.profile = nil
    session:no_autoflush(function() session:delete(ann) end)
    session:commit()
    assert.is_nil(session:get(Profile, 1).user_id)
  end)

  it("is read by get_history, without a flush (UOW-62, UOW-64)", function()
    local session = open()
    local ann, old = session:get(User, 1), session:get(Profile, 1)
    session:add(User{name = "pending"})
    ann.profile = nil
    assert.same({profile_of_user}, s:during(function()
      local history = attributes.get_history(ann, "profile")
      assert.same({{null}, {}, {old}}, {history.added, history.unchanged, history.deleted})
    end))
  end)

  it("is read at once with active_history, without a flush (UOW-63)", function()
    local session = open{["User.profile"] = {active_history = true}}
    local ann = session:get(User, 1)
    session:add(User{name = "pending"})
    assert.same({profile_of_user}, s:during(function() ann.profile = nil end))
    assert.equal(1, #known(ann, "profile")[3])
  end)
end)

describe("a link to one object that is deleted", function()
  it("is cut without a statement, and has its old object alone in its history (UOW-70)", function()
    local session = open()
    local address, ann = session:get(Address, 1), session:get(User, 1)
    session:add(User{name = "pending"})
    assert.same({}, s:during(function() attributes.del_attribute(address, "user") end))
    assert.same({{}, {}, {ann}}, known(address, "user"))
    assert.is_nil(address.user)
    session:commit()
    assert.is_nil(address.user_id)
  end)

  it("whose object is not in the session has nil in its history (UOW-70)", function()
    local session = open()
    local address = session:get(Address, 3)
    attributes.del_attribute(address, "user")
    assert.same({{null}, {}, {}}, known(address, "user"))
    assert.same({"UPDATE addresses SET user_id=? WHERE addresses.id = ?"}, s:during(function() session:flush() end))
  end)

  it("has to have a value, if its object is new (UOW-70)", function()
    open()
    fails(exc.InvalidRequestError, "this Address object does not have a value for the attribute 'user'",
      function() attributes.del_attribute(Address{email = "x"}, "user") end)
  end)
end)

describe("a list that is not loaded", function()
  it("has what backrefs queued for it in no history, until it is loaded (UOW-62, UOW-66)", function()
    local session = open()
    local ann, bob, address = session:get(User, 1), session:get(User, 2), session:get(Address, 3)
    address.user = ann
    assert.same({{}, {}, {}}, known(ann, "addresses"))
    session:no_autoflush(function()
      assert.equal(3, #ann.addresses)
      assert.same({address}, known(ann, "addresses")[1])
      assert.same({0, {{}, {}, {address}}}, {#bob.addresses, known(bob, "addresses")})
    end)
  end)
end)

describe("a link that the identity map answers", function()
  it("is read without a flush; one that takes a statement flushes first (UOW-27, UOW-28)", function()
    local session = open()
    local first, third = session:get(Address, 1), session:get(Address, 3)
    local ann = session:get(User, 1)
    session:add(User{name = "pending"})
    assert.same({}, s:during(function() assert.equal(ann, first.user) end))
    local sent = s:during(function() return third.user end)
    assert.same({"INSERT INTO users (name, age) VALUES (?, ?)", 2}, {sent[1], #sent})
  end)
end)

describe("expired attributes", function()
  it("of a list are read alone, while the key is known; else after the object (UOW-98)", function()
    local session = open()
    local ann = session:get(User, 1)
    local list = "SELECT addresses.id, addresses.email, addresses.user_id FROM addresses WHERE ? = addresses.user_id ORDER BY addresses.id"
    session:expire(ann, {"age", "addresses"})
    assert.same({list}, s:during(function() assert.equal(2, #ann.addresses) end))
    session:expire(ann)
    assert.same({"SELECT users.id, users.name, users.age FROM users WHERE users.id = ?", list},
      s:during(function() assert.equal(2, #ann.addresses) end))
  end)

  it("that are named to refresh are read in the order in which they are mapped (UOW-100)", function()
    local session = open()
    local ann = session:get(User, 1)
    assert.same({"SELECT users.name, users.age FROM users WHERE users.id = ?"},
      s:during(function() session:refresh(ann, {"age", "name"}) end))
  end)
end)

describe("an object that is expunged after its INSERT", function()
  local function state(object)
    local inspected = la.inspect(object)
    return inspected.transient and "transient" or inspected.detached and "detached" or "in the session"
  end

  it("is transient after a rollback, which takes its row, and detached after a commit (UOW-6, UOW-7)", function()
    local session = open()
    local one, two = User{name = "one"}, User{name = "two"}
    session:add_all{one, two}
    session:flush()
    session:expunge(one)
    assert.equal("detached", state(one))
    session:expunge_all()
    session:rollback()
    assert.same({"transient", "transient"}, {state(one), state(two)})
    session:add(one)
    session:flush()
    session:expunge(one)
    session:commit()
    assert.equal("detached", state(one))
    assert.equal(4, session:query(User):count())
  end)

  it("is so in savepoints too, and after it was added again (UOW-6, UOW-113)", function()
    local session = open()
    local one, two = User{name = "one"}, User{name = "two"}
    local savepoint = session:begin_nested()
    session:add_all{one, two}
    session:flush()
    session:expunge(one)
    session:expunge(two)
    session:add(two)
    savepoint:rollback()
    assert.same({"transient", "transient"}, {state(one), state(two)})
    savepoint = session:begin_nested()
    session:add(one)
    session:flush()
    savepoint:commit()
    session:expunge(one)
    session:rollback()
    assert.equal("transient", state(one))
    session:add_all{one, two}
    session:commit()
    assert.equal(5, session:query(User):count())
  end)
end)

describe("an object whose DELETE is flushed", function()
  it("can be expunged, and stays outside at a rollback (UOW-4, UOW-7)", function()
    local session = open()
    local cid = session:get(User, 3)
    session:delete(cid)
    session:flush()
    session:expunge(cid)
    assert.is_true(la.inspect(cid).detached)
    session:rollback()
    assert.is_true(la.inspect(cid).detached)
    assert.equal("Cid", session:get(User, 3).name)
  end)
end)
