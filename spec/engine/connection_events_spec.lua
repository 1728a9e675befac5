-- SPDX-License-Identifier: MIT
-- What listeners of connections are told, and with which arguments.
local la = require "lualchemy"
local database = require "spec.support.database"
local fails = require "spec.support.fails"

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

  it("share a context of the execution, in which listeners keep what they like, with the error", function()
    local seen = {}
    la.event.listen(engine, "before_cursor_execute", function(_, _, _, _, context) context.began = #seen + 1 end)
    la.event.listen(engine, "after_cursor_execute", function(_, _, _, _, context) seen[#seen + 1] = context end)
    la.event.listen(engine, "handle_error", function(failure) seen[#seen + 1] = failure.execution_context end)
    local conn <close> = engine:connect()
    local statement = la.select(la.literal(1))
    conn:execute(statement)
    assert.is_false(pcall(conn.exec_driver_sql, conn, "nonsense"))
    assert.same({1, 2}, {seen[1].began, seen[2].began})
    local context = seen[1]
    assert.equal(conn, context.connection)
    assert.equal(engine, context.engine)
    assert.equal(statement, context.invoked_statement)
    assert.equal("SELECT ? AS anon_1", context.statement)
    assert.same({{1}}, {{context.parameters[1][1]}})
    assert.same({false, false}, {context.executemany, context.isinsert})
    assert.equal("nonsense", seen[2].statement)
  end)

  it("give up the connection where a listener of handle_error calls it a disconnect", function()
    la.event.listen(engine, "handle_error", function(failure)
      failure.is_disconnect = failure.original_exception.message:find "nowhere" ~= nil
    end)
    local conn <close> = engine:connect()
    local function invalidated_by(statement)
      local ok, err = pcall(conn.exec_driver_sql, conn, statement)
      assert.is_false(ok)
      return err.connection_invalidated
    end
    assert.is_falsy(invalidated_by "SELECT * FROM missing")
    assert.is_false(conn.invalidated)
    assert.is_true(invalidated_by "SELECT * FROM nowhere")
    assert.is_true(conn.invalidated)
    conn:rollback()
    assert.equal(1, conn:scalar(la.text "SELECT 1"))
  end)

  it("come in the order of what is done: the end of a transaction before it is logged, savepoints as statements", function()
    engine.echo = function(text) told[#told + 1] = {"echo " .. text} end
    note(engine, "begin", "commit", "rollback", "savepoint", "release_savepoint", "before_execute", "after_execute",
      "before_cursor_execute", "after_cursor_execute")
    local conn <close> = engine:connect()
    local outer = conn:begin()
    local inner = conn:begin_nested()
    assert.same({"echo BEGIN (implicit)", "begin", "savepoint", "before_execute", "before_cursor_execute",
      "echo SAVEPOINT sa_savepoint_1", "after_cursor_execute", "after_execute"}, names())
    assert.equal("SAVEPOINT sa_savepoint_1", tostring(told[4][3]))
    inner:commit()
    outer:commit()
    assert.same({"echo RELEASE SAVEPOINT sa_savepoint_1", "after_cursor_execute", "after_execute", "commit", "echo COMMIT"},
      table.move(names(), 12, 16, 1, {}))
    assert.same({false, false}, {inner.is_valid, outer.is_valid})
  end)

  it("say of a list with one set what they say of one set", function()
    local given = {}
    la.event.listen(engine, "before_execute", function(_, _, many, params) given[#given + 1] = {#many, params.a} end)
    local conn <close> = engine:connect()
    for _, params in ipairs {{a = 1}, {{a = 1}}} do conn:execute(la.text "SELECT :a", params) end
    assert.same({{0, 1}, {0, 1}}, given)
  end)

  it("CON-07 tell the options of the engine, the connection, the statement and the call, the program's own as well", function()
    local seen = {}
    local function see(options) seen[#seen + 1] = ("%s %s %s %s"):format(options.of_engine, options.tag, options.of_statement, options.of_call) end
    local other = engine:execution_options {of_engine = 1, tag = "engine"}
    la.event.listen(other, "before_execute", function(_, _, _, _, options) see(options) end)
    la.event.listen(other, "after_execute", function(_, _, _, _, options) see(options) end)
    la.event.listen(other, "before_cursor_execute", function(_, _, _, _, context) see(context.execution_options) end)
    local conn <close> = other:connect()
    conn:execution_options {tag = "connection"}
    conn:execute(la.select(la.literal(1)):execution_options {of_statement = 2, tag = "statement"}, nil, {execution_options = {of_call = 3}})
    assert.same({"1 statement 2 3", "1 statement 2 3", "1 statement 2 3"}, seen)
    seen = {}
    conn:exec_driver_sql("SELECT 1", nil, {execution_options = {tag = "call"}})
    assert.same({"1 call nil nil"}, seen)
  end)

  it("CON-07 refuse options that are nearly those there are, and those that nothing here takes", function()
    local conn <close> = engine:connect()
    fails(la.exc.ArgumentError, 'unknown keyword "isolation_levle"; did you mean "isolation_level"?',
      function() conn:execution_options {isolation_levle = "AUTOCOMMIT"} end)
    fails(la.exc.ArgumentError, "compiled_cache is not supported: compiled statements lie with the engine",
      function() conn:execution_options {compiled_cache = {}} end)
    fails(la.exc.ArgumentError, "the key 1, which is no name", function() conn:execution_options {"x"} end)
  end)

  it("of a raw connection are the pool's alone", function()
    note(engine, "engine_connect", "checkout")
    engine:raw_connection():close()
    assert.same({"checkout"}, names())
  end)

  it("are told after a flush, with a context that says how long a statement took", function()
    local orm = require "lualchemy.orm"
    local Base = orm.declarative_base()
    local Thing = Base:class "Thing" {__tablename__ = "told_things", id = la.Column(la.Integer, {primary_key = true})}
    Base.metadata:create_all(engine)
    local began, ended = {}, {}
    la.event.listen(engine, "before_cursor_execute", function(_, _, _, _, context) began[#began + 1] = context end)
    la.event.listen(engine, "after_cursor_execute", function(_, _, _, _, context) ended[#ended + 1] = context end)
    local session <close> = orm.Session(engine)
    session:add(Thing {})
    session:flush()
    assert.equal(1, #ended)
    assert.equal(began[1], ended[1])
    assert.is_true(ended[1].isinsert)
    assert.equal("float", math.type(ended[1].seconds))
  end)
end)

describe("a connection that was given up in its transaction", function()
  it("executes nothing more before rollback(), whatever the parameters are", function()
    local engine = database.engine()
    local conn <close> = engine:connect()
    conn:begin()
    conn:invalidate()
    for _, params in ipairs {{}, {1}, {a = 1}, {{a = 1}}} do
      local ok, err = pcall(conn.exec_driver_sql, conn, "SELECT :a", params)
      assert.is_false(ok)
      assert.is_true(la.exc.PendingRollbackError:matches(err))
    end
    conn:rollback()
    conn:execution_options {isolation_level = "READ UNCOMMITTED"}
    assert.equal("READ UNCOMMITTED", conn:get_isolation_level())
  end)
end)

describe("a listener that closes what it is told of", function()
  after_each(database.clean)

  it("of a connection that is given back leaves it closed", function()
    local engine = database.engine()
    local conn = engine:connect()
    local told = 0
    la.event.listen(engine, "reset", function()
      told = told + 1
      conn:close()
    end, {once = true})
    conn:execute(la.text "SELECT 1")
    conn:close()
    assert.same({1, true}, {told, conn.closed})
    assert.equal(1, engine:connect():scalar(la.text "SELECT 1"))
  end)

  it("of the end of a session's transaction gets an error, and the session goes on", function()
    local orm = require "lualchemy.orm"
    local engine = database.engine()
    for _, case in ipairs {{"rollback", "rollback"}, {"commit", "commit"}, {"rollback", "close"}} do
      local session = orm.Session(engine)
      session:execute(la.text "SELECT 1")
      la.event.listen(engine, case[1], function() session:close() end, {once = true})
      local ok, err = pcall(session[case[2]], session)
      assert.is_false(ok)
      assert.matches("Method 'close%(%)' can't be called here; method '" .. case[2], err.message)
      session:rollback()
      assert.equal(1, session:scalar(la.text "SELECT 1"))
      session:close()
    end
  end)

  it("that fails leaves no connection behind, and no lock", function()
    for _, name in ipairs {"engine_connect", "checkout", "begin", "commit", "rollback", "reset", "checkin"} do
      local engine = database.engine()
      la.event.listen(name:find "^check" and engine.pool or name == "reset" and engine.pool or engine, name, function() error "no" end, {once = true})
      local ok = pcall(engine.begin, engine, function(conn)
        conn:exec_driver_sql "CREATE TABLE IF NOT EXISTS t (x)"
        if name == "rollback" then error "so that it rolls back" end
      end)
      assert.is_false(ok, name)
      assert.equal(0, engine.pool:checkedout(), name)
      engine:begin(function(conn) conn:exec_driver_sql "CREATE TABLE IF NOT EXISTS other (x)" end)
      assert.equal(0, engine.pool:checkedout(), name)
    end
  end)
end)
