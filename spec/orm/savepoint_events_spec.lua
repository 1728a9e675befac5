-- SPDX-License-Identifier: MIT
-- What listeners of an engine hear of the transactions and savepoints of sessions.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local event = la.event
local shop = require "spec.support.shop"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"

describe("listeners of connections hear of a session's savepoints (EVT-02)", function()
  local s, log
  before_each(function()
    s, log = shop.new():fill(), {}
    s.session:close()
    for _, name in ipairs {"begin", "commit", "rollback", "savepoint", "rollback_savepoint", "release_savepoint"} do
      event.listen(s.engine, name, function(_, savepoint)
        log[#log + 1] = name .. (savepoint and " " .. savepoint:match "%d+" or "")
      end)
    end
    event.listen(s.engine, "before_cursor_execute", function(_, _, statement)
      log[#log + 1] = statement:gsub("sa_savepoint_", ""):match "^%u[%u ]*%d*"
    end)
  end)
  after_each(function() s:close() end)

  local function told(expected, fn)
    log = {}
    fn()
    assert.same(expected, log)
  end

  it("before the statements that set and release them", function()
    local nested
    told({"begin", "savepoint 1", "SAVEPOINT 1", "SELECT "}, function()
      nested = s.session:begin_nested()
      s.session:execute(la.select(la.literal(1)))
    end)
    told({"savepoint 2", "SAVEPOINT 2", "INSERT INTO ", "release_savepoint 2", "RELEASE SAVEPOINT 2", "release_savepoint 1",
      "RELEASE SAVEPOINT 1"}, function()
      local inner = s.session:begin_nested()
      s.session:add(s.User {name = "new"})
      inner:commit()
      nested:commit()
    end)
    told({"commit"}, function() s.session:commit() end)
  end)

  it("when they are rolled back, and when closing the session does it", function()
    told({"begin", "savepoint 1", "SAVEPOINT 1", "SELECT ", "rollback_savepoint 1", "ROLLBACK TO SAVEPOINT 1", "RELEASE SAVEPOINT 1"},
      function()
        local nested = s.session:begin_nested()
        s.session:execute(la.select(la.literal(1)))
        nested:rollback()
      end)
    s.session:begin_nested()
    s.session:connection()
    told({"rollback_savepoint 2", "rollback", "ROLLBACK TO SAVEPOINT 2", "RELEASE SAVEPOINT 2"}, function() s.session:close() end)
  end)

  it("when a flush that fails has ended them, or the whole transaction", function()
    local session = s.session
    session:begin_nested()
    session:add(s.User {id = 1, name = "again"})
    told({"begin", "savepoint 1", "SAVEPOINT 1", "INSERT INTO ", "ROLLBACK TO SAVEPOINT 1", "RELEASE SAVEPOINT 1", "rollback_savepoint 1"},
      function() fails(la.exc.IntegrityError, nil, function() session:flush() end) end)
    told({"rollback"}, function() session:rollback() end)
    session:add(s.User {id = 1, name = "again"})
    told({"begin", "INSERT INTO ", "rollback"}, function()
      fails(la.exc.IntegrityError, nil, function() session:flush() end)
    end)
    told({}, function() session:rollback() end)
  end)

  it("of those that join a connection's transaction, and nothing of what stays the connection's", function()
    local conn <close> = s.engine:connect()
    conn:begin()
    local session <close> = orm.Session(conn, {join_transaction_mode = "create_savepoint"})
    told({"savepoint 1", "SAVEPOINT 1", "SELECT ", "release_savepoint 1", "RELEASE SAVEPOINT 1"}, function()
      session:execute(la.select(la.literal(1)))
      session:commit()
    end)
    local plain <close> = orm.Session(conn, {join_transaction_mode = "rollback_only"})
    told({"SELECT "}, function()
      plain:execute(la.select(la.literal(1)))
      plain:commit()
    end)
    plain:connection()
    told({"rollback"}, function() plain:rollback() end)
  end)

  it("and an error of theirs keeps the savepoint from being set", function()
    event.listen(s.engine, "savepoint", function() error "no savepoints" end, {once = true})
    s.session:begin_nested()
    local ok, err = pcall(s.session.connection, s.session)
    assert.is_false(ok)
    assert.truthy(tostring(err):find "no savepoints")
    for _, what in ipairs(log) do assert.is_nil(what:find "SAVEPOINT") end
  end)

  it("a savepoint of a connection that was rolled back is no longer one to be joined", function()
    local conn <close> = s.engine:connect()
    conn:begin()
    conn:begin_nested():rollback()
    local session <close> = orm.Session(conn)
    told({"SELECT ", "rollback"}, function()
      session:execute(la.select(la.literal(1)))
      session:rollback()
    end)
  end)
end)

describe("a listener of a savepoint that a flush begins", function()
  it("may end the transaction: the flush says so, and the session works (UOW-34)", function()
    for _, ending in ipairs {"rollback", "close", "reset"} do
      for _, name in ipairs {"before_cursor_execute", "after_cursor_execute", "savepoint"} do
        local s = shop.new():fill()
        local session, ended = s.session, false
        session:commit()
        session:begin_nested()
        session:add_all {s.User{name = "new"}, s.User{name = "newer"}}
        event.listen(s.engine, name, function(_, _, text)
          if not ended and (type(text) ~= "string" or text:find "^SAVEPOINT") then
            ended = true
            session[ending](session)
          end
        end)
        local ok, err = pcall(session.flush, session)
        assert.is_true(ended and not ok, ending .. " " .. name)
        assert.is_true(exc.ResourceClosedError:matches(err), tostring(err))
        session:rollback()
        session:add(s.User{name = "last"})
        session:commit()
        assert.equal(1, session:query(s.User):filter(s.User.name:in_{"new", "newer", "last"}):count())
        s:close()
      end
    end
  end)
end)
