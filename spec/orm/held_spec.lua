-- SPDX-License-Identifier: MIT
-- What an eager load has found stays found, however often the collector runs before the objects are delivered.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local collect = require "spec.support.collect"
local shop = require "spec.support.shop"

describe("eagerly loaded objects under collection", function()
  local s
  before_each(function() s = shop.new():fill() end)
  after_each(function() s:close() end)

  for _, name in ipairs {"joinedload", "selectinload", "immediateload"} do
    it("keep what " .. name .. " has read (LOAD-3.0)", function()
      local users, sent
      local ok, err = pcall(collect.often, function()
        users = s.session:query(s.User):options(orm[name](s.User.addresses)):order_by(s.User.id):all()
        sent = s:during(function()
          assert.same({2, 1, 0}, {#users[1].addresses, #users[2].addresses, #users[3].addresses})
        end)
      end, 1)
      assert.is_true(ok, tostring(err))
      assert.same({}, sent)
    end)
  end

  it("keep it in results of select(), too", function()
    local ok, err = pcall(collect.often, function()
      local stmt = la.select(s.User):options(orm.selectinload(s.User.addresses)):order_by(s.User.id)
      for user in s.session:scalars(stmt) do
        assert.same({}, s:during(function() assert.truthy(#user.addresses) end))
      end
    end, 1)
    assert.is_true(ok, tostring(err))
  end)
end)

describe("an object that leaves its session with changes of its links", function()
  local s
  before_each(function() s = shop.new():fill() end)
  after_each(function() s:close() end)

  for _, leave in ipairs {"close", "expunge_all", "reset"} do
    it("keeps what they held before, for its history and for other sessions, after " .. leave .. " (UOW-2)", function()
      local ann = s.session:get(s.User, 1)
      local count = #ann.addresses
      ann.addresses = {}
      s.session[leave](s.session)
      collect.all()
      local others = {}
      for i = 1, 300 do others[i] = s.Address{email = "other" .. i} end -- takes the memory that is free
      collect.all()
      local removed = la.inspect(ann).attrs.addresses.history.deleted
      assert.equal(count, #removed)
      for _, address in ipairs(removed) do assert.equal("string", math.type(address.id) and type(address.email)) end
      assert.equal(300, #others)
      removed = nil -- luacheck: ignore 311
      collect.all()
      local session <close> = orm.Session(s.engine)
      session:add(ann)
      session:flush()
      assert.equal(0, session:query(s.Address):filter(s.Address.user_id:eq(1)):count())
      session:rollback()
    end)
  end

  it("keeps what a reference was before, though it was never read (UOW-2)", function()
    local address = s.session:query(s.Address):filter(s.Address.user_id:eq(1)):first()
    s.session:expire_all()
    assert.truthy(address.email)
    ;(function()
      local ann = s.session:get(s.User, 1) -- only the session's map has it while it is held here
      address.user = s.session:get(s.User, 2)
      assert.equal("Ann", ann.name)
    end)()
    s.session:close()
    collect.all()
    local others = {}
    for i = 1, 300 do others[i] = s.User{name = "other" .. i} end
    assert.equal(300, #others)
    s.session:add(address)
    assert.equal("Ann", la.inspect(address).attrs.user.history.deleted[1].name)
    s.session:flush()
    assert.equal(2, address.user_id)
  end)

  it("keeps what an expired reference was, by the list that lets go of it (UOW-2)", function()
    local address = s.session:query(s.Address):filter(s.Address.user_id:eq(1)):first()
    local held = setmetatable({}, {__mode = "v"})
    ;(function()
      local newcomer = s.User{name = "Zoe"}
      newcomer.addresses = {address}
      s.session:rollback()
      assert.equal("Ann", address.user.name)
      s.session:rollback()
      newcomer.addresses = {}
      held.newcomer = newcomer
    end)()
    collect.all()
    collect.all()
    assert.equal("Zoe", held.newcomer and held.newcomer.name)
    assert.equal(held.newcomer, la.inspect(address).attrs.user.history.deleted[1])
    s.session:add(s.User{name = "Cid", addresses = {address}})
    s.session:flush()
    assert.equal("Cid", address.user.name)
  end)

  it("stays in the session that it has come to when the first, which lost its row, goes (SES-16)", function()
    local user = s.User{id = 77, name = "Zoe"}
    ;(function()
      local first = orm.Session(s.engine)
      first:add(user)
      first:flush()
      first:delete(user)
      first:flush()
      first:add(s.User{id = 1, name = "taken"})
      assert.is_false(pcall(first.flush, first))
      s.session:add(user)
      first:close()
    end)()
    collect.all()
    assert.is_true(s.session:contains(user))
    assert.equal(s.session, orm.object_session(user))
    s.session:flush()
    assert.equal("Zoe", s.session:get(s.User, 77).name)
  end)
end)

describe("the members of an object that a rollback has left without a row", function()
  local s, User, Address
  before_each(function()
    s = shop.new()
    User, Address = s.User, s.Address
  end)
  after_each(function() s:close() end)

  --- Was expired by a savepoint's rollback, and lost its row by the one around it.
  local function left()
    local user = User{name = "ann", addresses = {Address{email = "a"}, Address{email = "b"}}}
    s.session:add(user)
    s.session:flush()
    s.session:begin_nested()
    user.name = "other"
    s.session:flush()
    assert.equal(2, #user.addresses)
    s.session:get_nested_transaction():rollback()
    s.session:rollback()
    assert.is_true(la.inspect(user).transient)
    return user
  end

  it("are forgotten by both halves of its list", function()
    local user = left()
    local own = Address{email = "c", user = user}
    assert.equal(1, #user.addresses)
    assert.equal(own, user.addresses[1])
    local other = User{name = "bob"}
    local moved = Address{email = "d", user = user}
    other.addresses:append(moved)
    collectgarbage()
    collectgarbage()
    assert.same({1, "c"}, {#user.addresses, user.addresses[1].email})
    assert.equal(0, #left().addresses)
  end)
end)
