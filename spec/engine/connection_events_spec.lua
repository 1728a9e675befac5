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
end)
