-- SPDX-License-Identifier: MIT
-- Hooks that misbehave: each hook of a flush, a load and a transaction, with each misdeed. Whatever comes of it is an error object or the right
-- result; afterwards the session works, the database is consistent, and nothing is kept.
local la = require "lualchemy"
local event = la.event
local shop = require "spec.support.shop"

local exc = la.exc

-- What a hook may do that it should not. Each gets the shop and an object.
local misdeeds = {
  raise_text = function() error("mischief", 0) end,
  raise_table = function() error({mischief = true}) end,
  raise_nil = function() error(nil) end,
  flush = function(s) s.session:flush() end,
  commit = function(s) s.session:commit() end,
  rollback = function(s) s.session:rollback() end,
  close = function(s) s.session:close() end,
  begin_nested = function(s) s.session:begin_nested() end,
  query = function(s) return s.session:query(s.User):all() end,
  lazy_load = function(s) return #s.session:query(s.User):first().addresses end,
  connection = function(s) s.session:connection():execute(la.text "SELECT 1") end,
  add = function(s) s.session:add(s.User{name = "added by a hook"}) end,
  delete = function(s)
    local tag = s.session:query(s.Tag):first()
    if tag then s.session:delete(tag) end
  end,
  expunge = function(s)
    for _, object in ipairs(s.session.new) do s.session:expunge(object) end
  end,
  expunge_all = function(s) s.session:expunge_all() end,
  expire_all = function(s) s.session:expire_all() end,
  change = function(s)
    for object in s.session:iter() do
      if la.isinstance(object, s.User) then object.age = 99 end
    end
  end,
  change_links = function(s)
    for object in s.session:iter() do
      if la.isinstance(object, s.User) then object.addresses = {} end
    end
  end,
  collect = function() collectgarbage() collectgarbage() end,
  dispose = function(s) s.engine:dispose() end,
  yield = function() coroutine.yield() end,
}

-- Where hooks are.
local places = {}
for _, name in ipairs {"before_flush", "after_flush", "before_attach", "after_attach", "transient_to_pending", "pending_to_persistent",
  "persistent_to_deleted", "loaded_as_persistent"} do
  places["session " .. name] = function(s, fn) event.listen(s.session, name, fn) end
end
for _, name in ipairs {"before_insert", "after_insert", "before_update", "after_update", "before_delete", "after_delete", "load", "refresh",
  "expire", "init"} do
  places["object " .. name] = function(s, fn) event.listen(s.User, name, fn) end
end
places["session do_orm_execute"] = function(s, fn) event.listen(s.session, "do_orm_execute", fn) end
for _, name in ipairs {"before_cursor_execute", "after_cursor_execute"} do
  places["engine " .. name] = function(s, fn) event.listen(s.engine, name, fn) end
end
places["attribute set"] = function(s, fn) event.listen(s.User.age, "set", fn) end
for _, name in ipairs {"append", "remove"} do
  places["attribute " .. name] = function(s, fn) event.listen(s.User.addresses, name, fn) end
end

--- Work that passes all hooks.
local function work(s)
  local session, User, Address = s.session, s.User, s.Address
  local ann = session:get(User, 1)
  session:add(User{name = "new", age = 1, addresses = {Address{email = "new@one"}}})
  ann.age = 31
  if #ann.addresses > 0 then ann.addresses:remove(ann.addresses[1]) end
  session:flush()
  local cid = session:get(User, 3)
  if cid then session:delete(cid) end
  session:commit()
  session:expire(ann)
  local _ = ann.name
  session:rollback()
end

local function sorted(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- The session works, and the rows that foreign keys refer to are there.
local function check_usable(s)
  local session = s.session
  session:rollback()
  session:expunge_all()
  local before = session:query(s.User):count()
  session:add(s.User{name = "afterwards"})
  session:commit()
  assert.equal(before + 1, session:query(s.User):count())
  assert.equal("afterwards", session:query(s.User):order_by(s.User.id:desc()):first().name)
  session:rollback()
  local conn <close> = s.engine:connect()
  assert.equal(0, #conn:execute(la.text "PRAGMA foreign_key_check"):all())
  assert.equal("ok", conn:scalar(la.text "PRAGMA integrity_check"))
end

describe("a hook that misbehaves", function()
  for _, place in ipairs(sorted(places)) do
    for _, misdeed in ipairs(sorted(misdeeds)) do
      it(("%s: %s"):format(place, misdeed), function()
        local s = shop.new():fill()
        local active, depth = true, 0
        places[place](s, function()
          if not active or depth > 2 then return end
          depth = depth + 1
          local _leave <close> = setmetatable({}, {__close = function() depth = depth - 1 end})
          misdeeds[misdeed](s)
        end)
        la.warnings.catch_warnings(function()
          local ok, err
          if misdeed == "yield" then
            ok, err = coroutine.resume(coroutine.create(work), s)
            assert.match("can't yield", tostring(err), 1, true)
          else
            ok, err = pcall(work, s)
          end
          local mischief = err == nil or err == "mischief" or type(err) == "table" and err.mischief
          assert.is_true(ok or mischief or exc.LualchemyError:matches(err), tostring(err))
          active = false
          if misdeed == "dispose" then return end -- the database in memory went with the engine
          check_usable(s)
        end)
        s:close()
      end)
    end
  end
end)

describe("a hook that ends its transaction", function()
  it("ends the flush with an error", function()
    for _, misdeed in ipairs {"rollback", "close"} do
      for _, place in ipairs {"after_flush", "after_flush_postexec"} do
        local s = shop.new():fill()
        event.listen(s.session, place, function() misdeeds[misdeed](s) end, {once = true})
        s.session:add(s.User{name = "new"})
        local ok, err = pcall(s.session.flush, s.session)
        assert.is_true(not ok and exc.ResourceClosedError:matches(err), tostring(err))
        check_usable(s)
        s:close()
      end
    end
  end)

  it("keeps what it committed in the middle of a flush, which ends with an error", function()
    for _, outer in ipairs {"flush", "commit"} do
      for _, place in ipairs {"after_flush", "after_flush_postexec"} do
        local s = shop.new()
        event.listen(s.session, place, function() s.session:commit() end, {once = true})
        local new = s.User{name = "new"}
        s.session:add(new)
        local ok, err = pcall(s.session[outer], s.session)
        assert.is_true(not ok and exc.ResourceClosedError:matches(err), tostring(err))
        assert.is_true(la.inspect(new).persistent)
        s.session:commit()
        assert.equal(1, s.session:query(s.User):count())
        assert.equal("new", new.name)
        check_usable(s)
        s:close()
      end
    end
  end)

  it("may have savepoints of its own, begun and ended in a flush", function()
    for _, place in ipairs {"session before_flush", "session after_flush", "object before_insert", "object after_insert"} do
      local s = shop.new()
      local active = true
      places[place](s, function()
        if not active then return end
        active = false
        local point = s.session:begin_nested()
        s.session:execute(la.insert(s.Tag.__table__), {{name = "kept"}})
        point:commit()
        if place:find "before" then return end -- a rollback takes what is pending out of the session
        point = s.session:begin_nested()
        s.session:execute(la.insert(s.Tag.__table__), {{name = "lost"}})
        point:rollback()
      end)
      s.session:add(s.User{name = "new"})
      s.session:commit()
      assert.same({"kept"}, s.session:scalars(la.select(s.Tag.name)):all())
      assert.equal(1, s.session:query(s.User):count())
      check_usable(s)
      s:close()
    end
  end)

  it("hears of statements before what follows them", function()
    local s = shop.new()
    local heard = {}
    event.listen(s.engine, "before_cursor_execute", function(_, _, statement) heard[#heard + 1] = statement:match "^%a+ %a+ %a+" end)
    event.listen(s.User, "after_insert", function() heard[#heard + 1] = "after_insert" end)
    event.listen(s.session, "after_flush", function() heard[#heard + 1] = "after_flush" end)
    s.session:add(s.User{name = "new", profile = s.Profile{motto = "x"}})
    s.session:flush()
    assert.same({"INSERT INTO users", "after_insert", "INSERT INTO profiles", "after_flush"}, heard)
    s:close()
  end)

  it("may begin a savepoint in a flush: commit() commits it too", function()
    for _, place in ipairs {"session before_flush", "session after_flush", "object after_insert", "engine before_cursor_execute"} do
      local s = shop.new()
      local active = true
      places[place](s, function()
        if active then
          active = false
          s.session:begin_nested()
        end
      end)
      s.session:add(s.User{name = "new"})
      s.session:commit()
      assert.is_false(s.session:in_transaction(), place)
      assert.equal(1, s.session:query(s.User):count(), place)
      check_usable(s)
      s:close()
    end
  end)

  it("can't flush again: the session asks for rollback()", function()
    for _, place in ipairs {"session after_flush", "object after_insert"} do
      local s = shop.new():fill()
      local active = true
      places[place](s, function()
        if active then s.session:flush() end
      end)
      s.session:add(s.User{name = "new"})
      local ok, err = pcall(s.session.flush, s.session)
      assert.is_true(not ok and exc.InvalidRequestError:matches(err), tostring(err))
      active = false
      ok, err = pcall(s.session.connection, s.session)
      assert.is_true(not ok and exc.PendingRollbackError:matches(err), tostring(err))
      assert.match("Session is already flushing", tostring(err), 1, true)
      check_usable(s)
      s:close()
    end
  end)

  it("may put a savepoint into a commit that is under way, which commits it", function()
    local s = shop.new():fill()
    event.listen(s.session, "before_commit", function() s.session:begin_nested() end, {once = true})
    s.session:add(s.User{name = "new"})
    s.session:commit()
    assert.is_false(s.session:in_transaction())
    assert.equal(4, s.session:query(s.User):count())
    check_usable(s)
    s:close()
  end)

  it("finds nothing to flush after a commit, and may not send anything then", function()
    local s = shop.new():fill()
    local messages = {}
    event.listen(s.session, "after_commit", function()
      s.session:flush()
      for _, call in ipairs {"commit", "rollback", "connection"} do messages[#messages + 1] = select(2, pcall(s.session[call], s.session)).message end
    end, {once = true})
    s.session:get(s.User, 1)
    s.session:commit()
    for _, message in ipairs(messages) do assert.match("This session is in 'committed' state", message, 1, true) end
    assert.equal(3, #messages)
    s:close()
  end)

  it("that ends the transaction before a commit's flush makes the commit fail", function()
    for _, misdeed in ipairs {"rollback", "close"} do
      local s = shop.new():fill()
      event.listen(s.session, "before_flush", function() misdeeds[misdeed](s) end, {once = true})
      s.session:add(s.User{name = "new"})
      local ok, err = pcall(s.session.commit, s.session)
      assert.is_true(not ok and exc.IllegalStateChangeError:matches(err), tostring(err))
      assert.match("a listener has ended its transaction", err.message, 1, true)
      assert.equal(3, s.session:query(s.User):count())
      check_usable(s)
      s:close()
    end
  end)

  it("leaves what it begins anew open: commit() ends what was there", function()
    local s = shop.new():fill()
    local ann = s.session:get(s.User, 1)
    event.listen(s.User, "expire", function() s.session:add(s.User{name = "added"}) end)
    s.session:commit()
    assert.is_true(s.session:in_transaction())
    s.session:rollback()
    assert.equal("Ann", ann.name)
    s:close()
  end)
end)
