-- SPDX-License-Identifier: MIT
-- What listeners of connections are told, and with which arguments.
local la = require "lualchemy"
local database = require "spec.support.database"

describe("events of connections (EVT-02)", function()
  local engine, told
  before_each(function()
    engine, told = database.engine(), {}
  end)
  after_each(database.clean)

  -- Notes the arguments of each call under the event's name.
  local function note(target, ...)
    for _, name in ipairs {...} do
      la.event.listen(target, name, function(...)
        told[#told + 1] = table.pack(name, ...)
      end)
    end
  end
  local function names()
    local list = {}
    for i, call in ipairs(told) do list[i] = call[1] end
    return list
  end

  it("tell of a transaction and its savepoints, with the connection and the savepoint's name", function()
    note(engine, "begin", "savepoint", "release_savepoint", "rollback_savepoint", "commit", "rollback")
    local conn <close> = engine:connect()
    conn:begin()
    conn:begin_nested():commit()
    conn:begin_nested():rollback()
    conn:commit()
    conn:begin():rollback()
    assert.same({"begin", "savepoint", "release_savepoint", "savepoint", "rollback_savepoint", "commit", "begin", "rollback"}, names())
    for _, call in ipairs(told) do assert.equal(conn, call[2]) end
    assert.equal("sa_savepoint_1", told[2][3])
    assert.equal("sa_savepoint_1", told[3][3])
    assert.equal("sa_savepoint_2", told[4][3])
    assert.equal("sa_savepoint_2", told[5][3])
  end)

  it("tell of execution options that are set, which a listener may act on", function()
    note(engine, "set_connection_execution_options", "set_engine_execution_options")
    local conn <close> = engine:connect()
    conn:execution_options {logging_token = "a"}
    engine:update_execution_options {logging_token = "b"}
    local other = engine:execution_options {logging_token = "c"}
    assert.same({"set_connection_execution_options", "set_engine_execution_options", "set_engine_execution_options"}, names())
    assert.equal(conn, told[1][2])
    assert.same({logging_token = "a"}, told[1][3])
    assert.equal(engine, told[2][2])
    assert.equal(other, told[3][2])
    assert.same({logging_token = "c"}, told[3][3])
  end)

  it("of a pool tell of its first connection once, and of each that is made or given up", function()
    note(engine, "first_connect", "connect", "invalidate")
    local _first <close> = engine:connect()
    local second <close> = engine:connect()
    second:invalidate()
    assert.same({"first_connect", "connect", "connect", "invalidate"}, names())
    assert.equal("RawConnection", tostring(told[4][2]):match "RawConnection")
  end)

  it("tell of a connection that is taken and of an engine that is disposed of", function()
    note(engine, "engine_connect", "engine_disposed")
    local conn = engine:connect()
    conn:close()
    engine:dispose()
    assert.same({"engine_connect", "engine_disposed"}, names())
    assert.equal(conn, told[1][2])
    assert.equal(engine, told[2][2])
  end)

  it("tell of statements before and after; with retval a listener changes what is executed and sent", function()
    note(engine, "after_execute", "after_cursor_execute")
    la.event.listen(engine, "before_execute", function(_, _, many, params) return la.select(la.literal_column "2"), many, params end, {retval = true})
    la.event.listen(engine, "before_cursor_execute", function(_, _, statement, params) return "/* seen */ " .. statement, params end, {retval = true})
    local conn <close> = engine:connect()
    assert.equal(2, conn:execute(la.select(la.literal_column "1")):scalar())
    assert.same({"after_cursor_execute", "after_execute"}, names())
    assert.truthy(told[1][4]:find("/* seen */ SELECT 2", 1, true))
  end)

  it("of one engine cost no other engine a call of Lua, in Core and in sessions", function()
    local orm = require "lualchemy.orm"
    local quiet = database.engine()
    local session <close> = orm.Session(quiet)
    local conn <close> = quiet:connect()
    local statement = la.select(la.literal(1))
    note(engine, "before_cursor_execute", "after_cursor_execute", "before_execute", "after_execute", "handle_error", "begin", "commit")
    local function work()
      assert.equal(1, conn:execute(statement):scalar())
      assert.equal(1, session:execute(statement):scalar())
    end
    local function fired()
      local count = 0
      debug.sethook(function()
        local info = debug.getinfo(2, "S")
        if info.source:find("event.lua", 1, true) then count = count + 1 end
      end, "c")
      work()
      debug.sethook()
      return count
    end
    work() -- asks once who listens
    assert.equal(0, fired())
    assert.equal(0, #told)
    local reached = 0
    local function every() reached = reached + 1 end
    la.event.listen(la.Engine, "after_cursor_execute", every) -- those of all engines reach this one
    work()
    la.event.remove(la.Engine, "after_cursor_execute", every)
    assert.equal(2, reached)
  end)

  it("reach the listeners of a connection alone, of whatever engine", function()
    note(engine, "before_cursor_execute")
    local quiet = database.engine()
    local conn <close> = quiet:connect()
    local other <close> = quiet:connect()
    note(conn, "after_cursor_execute")
    other:execute(la.text "SELECT 1")
    assert.equal(0, #told)
    conn:execute(la.text "SELECT 1")
    assert.same({"after_cursor_execute"}, names())
  end)

  it("use the parameters of a listener with retval that is called once", function()
    la.event.listen(engine, "before_cursor_execute", function(_, _, statement) return statement, {7} end, {retval = true, once = true})
    local conn <close> = engine:connect()
    assert.equal(7, conn:execute(la.select(la.literal(1))):scalar())
    assert.equal(1, conn:execute(la.select(la.literal(1))):scalar())
  end)
end)
