-- SPDX-License-Identifier: MIT
-- What engines and pools write: echo, echo_pool, their loggers' names.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = la.exc

-- What is written while `fn` runs, a line each without the time of day and how long it took.
local function written_by(fn)
  local stderr, lines = io.stderr, {}
  io.stderr = {write = function(_, line) -- luacheck: ignore
    lines[#lines + 1] = line:match "^%d+%-%d+%-%d+ %d+:%d+:%d+ (.*)\n$":gsub("%d[%d.e-]*s([ %]])", "0s%1", 1)
  end}
  local ok, message = pcall(fn)
  io.stderr = stderr -- luacheck: ignore
  assert.is_true(ok, message)
  return lines
end

-- What the log says of each statement in front of its parameters, and the parameters.
local function tags_of(fn)
  local tags = {}
  for _, line in ipairs(written_by(fn)) do tags[#tags + 1] = line:match "(%[%l[^%]]+%] .+)" end
  return tags
end

-- What the log says of what `fn` does with a connection.
local function lines_of(options, fn)
  options.echo = options.echo or true
  local engine = la.create_engine("sqlite://", options)
  local lines = written_by(function()
    local conn <close> = engine:connect()
    fn(conn)
  end)
  for i, line in ipairs(lines) do lines[i] = line:gsub("^INFO lualchemy%.engine%.Engine ", ""):gsub("^DEBUG lualchemy%.engine%.Engine ", "D ") end
  return lines
end

-- An engine that shows nothing yet, a class with an empty table, and a session.
local function things()
  local engine = la.create_engine("sqlite://")
  local Base = orm.declarative_base()
  local Thing = Base:class "Thing" {__tablename__ = "things", id = la.Column(la.Integer, {primary_key = true})}
  Base.metadata:create_all(engine)
  return engine, Thing, orm.Session(engine)
end

describe("the log of an engine", function()
  it("shows statements with parameters to an echo function", function()
    local lines = {}
    local engine = la.create_engine("sqlite://", {echo = function(text, params, seconds)
      lines[#lines + 1] = {text, params and tostring(params), seconds ~= nil}
    end})
    engine:begin(function(conn) conn:execute(la.text "SELECT :x", {x = 1}) end)
    assert.same({{"BEGIN (implicit)", nil, false}, {"SELECT ?", "[1]", true}, {"COMMIT", nil, false}}, lines)
    engine.echo = false
    engine:begin(function(conn) conn:execute(la.text "SELECT 1") end)
    assert.equal(3, #lines)
  end)

  it("says of a statement in the log since when it lies in the cache", function()
    local engine = la.create_engine("sqlite://", {echo = true})
    local t = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}))
    assert.same({
      "[no key 0s] ()", "[raw sql] ()",
      "[generated in 0s] (1)", "[cached since 0s ago] (2)",
      "[generated in 0s] ()", "[cached since 0s ago] ()",
    }, tags_of(function()
      engine:begin(function(conn)
        conn:execute(la.schema.CreateTable(t))
        conn:exec_driver_sql("SELECT 1")
        for i = 1, 2 do conn:execute(la.insert(t):values {id = i}) end
        for _ = 1, 2 do conn:execute(la.select(t)) end
      end)
    end))
  end)

  it("shows what fails, savepoints, and that autocommit begins nothing", function()
    assert.same({"BEGIN (implicit)", "SELECT nothing", "[generated in 0s] ()", "SAVEPOINT sa_savepoint_1", "[no key 0s] ()",
      "ROLLBACK"}, lines_of({}, function(conn)
      pcall(conn.execute, conn, la.text "SELECT nothing")
      conn:begin_nested()
    end))
    assert.same({"BEGIN (implicit; nothing is begun in autocommit mode)", "SELECT 1", "[raw sql] ()",
      "COMMIT has no effect due to autocommit mode"}, lines_of({isolation_level = "AUTOCOMMIT"}, function(conn)
      conn:exec_driver_sql "SELECT 1"
      conn:commit()
    end))
  end)

  it("puts a logging_token in front of what its connection sends (CON-07)", function()
    assert.same({"[one] BEGIN (implicit)", "[one] SELECT 1", "[one] [raw sql] ()", "[one] ROLLBACK"},
      lines_of({execution_options = {logging_token = "one"}}, function(conn) conn:exec_driver_sql "SELECT 1" end))
    assert.same("[two] BEGIN (implicit)", lines_of({}, function(conn)
      conn:execution_options {logging_token = "two"}
      conn:exec_driver_sql "SELECT 1"
    end)[1])
  end)

  it("says the same of what sessions send, also of what was sent while nothing was shown", function()
    local engine, Thing, session = things()
    session:scalars(la.select(Thing)):all()
    engine.echo = true
    assert.same({
      "[cached since 0s ago] ()",
      "[generated in 0s] (1)", "[cached since 0s ago] (2)",
      "[generated in 0s] (2)", "[cached since 0s ago] (1)",
    }, tags_of(function()
      session:scalars(la.select(Thing)):all()
      for id = 1, 2 do
        session:add(Thing {id = id})
        session:flush()
      end
      for id = 2, 1, -1 do session:scalars(la.select(Thing):where(Thing.id:eq(id))):all() end
    end))
    session:close()
  end)

  it("shows columns and rows with echo = 'debug', of streams when they are read", function()
    assert.same({"BEGIN (implicit)", "SELECT 1 AS a, 'x' AS b UNION SELECT 2, NULL", "[generated in 0s] ()", 'D Col ("a", "b")',
      'D Row (1, "x")', "D Row (2, nil)", "SELECT 5 AS c", "[generated in 0s] ()", "here", 'D Col ("c")', "D Row (5)", "ROLLBACK"},
      lines_of({echo = "debug"}, function(conn)
        conn:execute(la.text "SELECT 1 AS a, 'x' AS b UNION SELECT 2, NULL"):all()
        local result = conn:execute(la.text "SELECT 5 AS c", nil, {execution_options = {stream_results = true}})
        io.stderr:write("2000-01-01 00:00:00 here\n")
        assert.equal(1, #result:all())
      end))
    assert.same({"SELECT ?", "[generated in 0s] [SQL parameters hidden due to hide_parameters=true]", 'D Col ("?")'},
      {table.unpack(lines_of({echo = "debug", hide_parameters = true}, function(conn)
        conn:execute(la.text "SELECT :x", {x = "secret"}):all()
      end), 2, 4)})
  end)

  it("shows the rows that sessions read behind their statements", function()
    local engine, Thing, session = things()
    session:add_all {Thing {}, Thing {}}
    session:flush()
    engine.echo = "debug"
    local lines = written_by(function()
      assert.equal(2, #session:query(Thing):order_by(Thing.id):all())
      session:close()
    end)
    for i, line in ipairs(lines) do lines[i] = line:match "Engine (.*)" end
    assert.same({"SELECT things.id AS things_id FROM things ORDER BY things.id", "[generated in 0s] ()",
      'Col ("things_id")', "Row (1)", "Row (2)", "ROLLBACK"}, lines)
    engine.echo = true
    lines = written_by(function()
      session:query(Thing):all()
      session:close()
    end)
    assert.equal(4, #lines)
  end)

  it("has the engine's logging_name", function()
    local engine = la.create_engine("sqlite://", {echo = true, logging_name = "mine"})
    assert.same({"INFO lualchemy.engine.Engine.mine BEGIN (implicit)", "INFO lualchemy.engine.Engine.mine ROLLBACK"}, written_by(function()
      local conn <close> = engine:connect()
      conn:begin()
    end))
  end)

  it("takes nothing else for echo and echo_pool", function()
    local ok, err = pcall(la.create_engine, "sqlite://", {echo = "loud"})
    assert.is_false(ok)
    assert.matches('echo is true, false, "debug" or a function, not a string', tostring(err))
    ok, err = pcall(la.create_engine, "sqlite://", {echo_pool = 1})
    assert.is_false(ok)
    assert.is_true(exc.ArgumentError:matches(err))
    assert.matches('echo_pool is true, false or "debug", not 1', tostring(err))
  end)
end)

describe("the log of a pool (POOL-01)", function()
  local path
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  -- What is written of a connection that is used, of one that is given up, of one given up later, and of the end.
  local function lives(options)
    local engine = la.create_engine("sqlite:///" .. path, options)
    local lines = written_by(function()
      local conn = engine:connect()
      conn:scalar(la.select(1))
      conn:close()
      conn = engine:connect()
      conn:invalidate "broken"
      conn:close()
      conn = engine:connect()
      conn:invalidate {soft = true}
      conn:close()
      engine:dispose()
    end)
    for i, line in ipairs(lines) do lines[i] = line:gsub("lualchemy.RawConnection: %S+", "*") end
    return lines
  end

  it("says with echo_pool what is out of the ordinary", function()
    assert.same({"INFO lualchemy.pool.QueuePool Invalidate connection * (reason: broken)",
      "INFO lualchemy.pool.QueuePool Soft invalidate connection *",
      "INFO lualchemy.pool.QueuePool Pool disposed. Pool size: 5  Connections in pool: 0 Current Overflow: -5 Current Checked out connections: 0",
    }, lives {echo_pool = true})
    assert.same({}, lives {})
  end)

  it("says with echo_pool = 'debug' how connections come and go", function()
    local lines = lives {echo_pool = "debug", pool_logging_name = "mine"}
    for i, line in ipairs(lines) do lines[i] = line:gsub("lualchemy.pool.QueuePool.mine ", "") end
    assert.same({"DEBUG Created new connection *", "DEBUG Connection * checked out from pool",
      "DEBUG Connection * returned to pool, transaction already reset", "DEBUG Connection * checked out from pool",
      "INFO Invalidate connection * (reason: broken)", "DEBUG Closing connection *", "DEBUG Created new connection *",
      "DEBUG Connection * checked out from pool", "INFO Soft invalidate connection *",
      "DEBUG Connection * returned to pool, rollback-on-return", "DEBUG Closing connection *",
      "INFO Pool disposed. Pool size: 5  Connections in pool: 0 Current Overflow: -5 Current Checked out connections: 0"}, lines)
  end)

  it("says what ends a transaction of a connection that comes back", function()
    for reset, told in pairs {commit = "commit-on-return", none = "no reset"} do
      local lines = lives {echo_pool = "debug", pool_reset_on_return = reset}
      assert.equal("DEBUG lualchemy.pool.QueuePool Connection * returned to pool, " .. told, lines[#lines - 2])
    end
  end)
end)
