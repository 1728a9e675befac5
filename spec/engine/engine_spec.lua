-- SPDX-License-Identifier: MIT
-- create_engine, its options, and what an engine offers.
local la = require "lualchemy"
local core = require "lualchemy.core"
local exc = la.exc

local function message_of(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return tostring(err)
end

describe("create_engine", function()
  it("ENG-01 opens nothing before the first use", function()
    local engine = la.create_engine("sqlite:////no/such/folder/x.db")
    assert.equal("Engine(sqlite:////no/such/folder/x.db)", tostring(engine))
    assert.has_error(function() engine:connect() end)
  end)

  it("ENG-01 refuses unknown options with the nearest known one", function()
    assert.matches('unknown keyword "ecko"; did you mean "echo"', message_of(la.create_engine, "sqlite://", {ecko = true}))
    assert.matches("pool_size is a number", message_of(la.create_engine, "sqlite:///x.db", {pool_size = "5"}))
    assert.matches('begin_mode is one of "DEFERRED"', message_of(la.create_engine, "sqlite://", {begin_mode = "now"}))
    local _, err = pcall(la.create_engine, "oracle://")
    assert.is_true(exc.NoSuchModuleError:matches(err))
  end)

  it("ENG-12 refuses pool options that make no sense for the pool", function()
    assert.matches("max_overflow makes no sense for a StaticPool",
      message_of(la.create_engine, "sqlite://", {max_overflow = 3}))
    assert.matches("poolclass is one of", message_of(la.create_engine, "sqlite://", {poolclass = "QueuePool"}))
  end)

  it("ENG-20 gives name, driver, dialect, url and pool", function()
    local engine = la.create_engine("sqlite://")
    assert.equal("sqlite", engine.name)
    assert.equal("sqlite3", engine.driver)
    assert.equal("sqlite", engine.dialect.name)
    assert.equal("sqlite://", tostring(engine.url))
    assert.matches("StaticPool", engine.pool:status())
    assert.matches('Engine has no "dispos"; did you mean "dispose"', message_of(function() return engine.dispos end))
  end)

  it("ENG-04 reads a configuration", function()
    local engine = la.engine_from_config{["sqlalchemy.url"] = "sqlite:///x.db", ["sqlalchemy.pool_size"] = "3",
      ["sqlalchemy.echo"] = "false", other = 1}
    assert.equal(3, engine.pool:size())
    local other = la.engine_from_config({["db.url"] = "sqlite:///y.db"}, {prefix = "db.", pool_size = 2})
    assert.equal("sqlite:///y.db", tostring(other.url))
    assert.equal(2, other.pool:size())
    assert.matches("pool_size is a number", message_of(la.engine_from_config,
      {["db.url"] = "sqlite://", ["db.pool_size"] = "many"}, "db."))
  end)

  it("ENG-09 takes connect_args for the driver", function()
    local engine = la.create_engine("sqlite://", {connect_args = {timeout = 0.25, foreign_keys = false}})
    engine:begin(function(conn)
      assert.equal(0, conn:exec_driver_sql("PRAGMA foreign_keys"):scalar())
      assert.equal(250, conn:exec_driver_sql("PRAGMA busy_timeout"):scalar())
    end)
    assert.matches('unknown keyword "tmeout"', message_of(la.create_engine, "sqlite://", {connect_args = {tmeout = 1}}))
  end)

  it("ENG-05 mocks an engine for DDL", function()
    local texts = {}
    local metadata = la.MetaData()
    la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}))
    metadata:create_all(la.create_mock_engine("sqlite://", function(sql) texts[#texts + 1] = tostring(sql) end),
      {checkfirst = false})
    assert.equal(1, #texts)
    assert.matches("CREATE TABLE t", texts[1])
  end)

  it("enforces foreign keys on SQLite unless told otherwise", function()
    local function enforced(options)
      return la.create_engine("sqlite://", options):begin(function(conn)
        return conn:exec_driver_sql("PRAGMA foreign_keys"):scalar()
      end)
    end
    assert.equal(1, enforced())
    assert.equal(0, enforced{foreign_keys = false})
  end)

  it("sets the journal mode of a file", function()
    local path = os.tmpname()
    local engine = la.create_engine("sqlite:///" .. path, {journal_mode = "wal"})
    assert.equal("wal", engine:begin(function(conn) return conn:exec_driver_sql("PRAGMA journal_mode"):scalar() end))
    engine:dispose()
    for _, suffix in ipairs {"", "-wal", "-shm"} do os.remove(path .. suffix) end
    assert.matches("journal_mode is delete", message_of(function()
      la.create_engine("sqlite://", {journal_mode = "fast"}):connect()
    end))
  end)
end)

describe("an engine", function()
  it("ENG-13 compiles a statement once and prepares it once", function()
    local engine = la.create_engine("sqlite://")
    local conn <close> = engine:connect()
    conn:exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    local t = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}))
    local function run(i) conn:execute(la.select(t):where(t.c.id:eq(i))) end
    run(1)
    local before = core.engine_counts(engine)
    for i = 1, 10 do run(i) end
    local after = core.engine_counts(engine)
    assert.equal(before.misses, after.misses)
    assert.equal(before.hits + 10, after.hits)
    assert.equal(before.prepares, after.prepares)
    engine:clear_compiled_cache()
    assert.equal(0, core.engine_counts(engine).cached)
  end)

  it("ENG-18 hides parameters in errors when asked", function()
    local engine = la.create_engine("sqlite://", {hide_parameters = true})
    local conn <close> = engine:connect()
    local text = message_of(conn.exec_driver_sql, conn, "SELECT ? FROM nothing", {"secret"})
    assert.matches("hidden", text)
    assert.is_nil(text:find("secret", 1, true))
  end)

  it("ENG-20 forgets a database in memory on dispose, and can be used again", function()
    local engine = la.create_engine("sqlite://")
    engine:begin(function(conn) conn:exec_driver_sql("CREATE TABLE t (x)") end)
    engine:dispose()
    assert.matches("no such table", message_of(engine.begin, engine, function(conn)
      conn:exec_driver_sql("SELECT * FROM t")
    end))
  end)

  it("ENG-20 gives an engine with other options on the same pool", function()
    local engine = la.create_engine("sqlite://")
    local auto = engine:execution_options{isolation_level = "AUTOCOMMIT"}
    local conn <close> = auto:connect()
    assert.equal("AUTOCOMMIT", conn:get_isolation_level())
    local plain <close> = engine:connect()
    assert.equal("SERIALIZABLE", plain:get_isolation_level())
    assert.equal(2, engine.pool:checkedout())
  end)

  it("ENG-14 uses its own JSON serializers", function()
    local engine = la.create_engine("sqlite://", {
      json_serializer = function(value) return "[" .. value.a .. "]" end,
      json_deserializer = function(text) return {from = text} end,
    })
    local t = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}), la.Column("d", la.JSON))
    engine:begin(function(conn)
      conn:exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, d JSON)")
      conn:execute(la.insert(t), {d = {a = 7}})
      assert.equal("[7]", conn:execute(la.select(t.c.d)):scalar().from)
    end)
  end)
end)

describe("pools", function()
  local path
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function file_engine(options)
    return la.create_engine("sqlite:///" .. path, options)
  end

  it("POOL-01 keep connections up to their size and refuse beyond the overflow", function()
    local engine = file_engine{pool_size = 1, max_overflow = 1, pool_timeout = 0}
    local a, b = engine:connect(), engine:connect()
    local ok, err = pcall(engine.connect, engine)
    assert.is_false(ok)
    assert.is_true(exc.TimeoutError:matches(err))
    assert.matches("QueuePool limit of size 1 overflow 1 reached", err.message)
    a:close()
    b:close()
    assert.equal("Pool size: 1  Connections in pool: 1 Current Overflow: 0 Current Checked out connections: 0",
      engine.pool:status())
  end)

  it("POOL-01 tell where their connections were taken, with echo_pool", function()
    local engine = file_engine{pool_size = 1, max_overflow = 0, echo_pool = true}
    local held <close> = engine:connect()
    assert.matches("connections were taken at: [^\n]*engine_spec.lua:%d+", message_of(engine.connect, engine))
    assert.is_false(held.closed)
  end)

  it("POOL-14 take back connections that are garbage before they refuse", function()
    local engine = file_engine{pool_size = 1, max_overflow = 0}
    do
      local conn = engine:connect()
      conn:exec_driver_sql("SELECT 1")
    end
    local _conn <close> = engine:connect()
    assert.equal(1, engine.pool:checkedout())
  end)

  it("POOL-02 close connections after use with NullPool", function()
    local engine = file_engine{poolclass = la.pool.NullPool}
    engine:connect():close()
    assert.equal(0, engine.pool:checkedin())
  end)

  it("POOL-03 share one connection with StaticPool", function()
    local engine = file_engine{poolclass = la.pool.StaticPool}
    local a <close> = engine:connect()
    local b <close> = engine:connect()
    a:exec_driver_sql("CREATE TEMP TABLE only_here (x)")
    assert.equal(0, b:exec_driver_sql("SELECT count(*) FROM only_here"):scalar())
  end)

  it("POOL-04 POOL-05 know SingletonThreadPool and AssertionPool", function()
    local single = file_engine{poolclass = la.pool.SingletonThreadPool}
    local a <close> = single:connect()
    local again <close> = single:connect()
    assert.equal("SingletonThreadPool", single.pool.kind)
    local one = file_engine{poolclass = la.pool.AssertionPool}
    local held <close> = one:connect()
    assert.matches("already checked out", message_of(one.connect, one))
    assert.is_false(held.closed or again.closed or a.closed)
  end)

  it("POOL-07 test a connection before they lend it", function()
    local engine = file_engine{pool_pre_ping = true}
    engine:connect():close()
    local before = core.engine_counts(engine).statements
    local conn <close> = engine:connect()
    assert.equal(before + 1, core.engine_counts(engine).statements)
    assert.equal(1, conn:exec_driver_sql("SELECT 1"):scalar())
  end)

  it("POOL-08 close a connection that is older than pool_recycle seconds, and open another", function()
    local opened = 0
    local engine = file_engine{pool_recycle = 0.05}
    la.event.listen(engine, "connect", function() opened = opened + 1 end)
    engine:connect():close()
    engine:connect():close()
    assert.equal(1, opened)
    local started = os.clock()
    repeat until os.clock() - started > 0.06
    engine:connect():close()
    assert.equal(2, opened)
    local never = file_engine()
    la.event.listen(never, "connect", function() opened = opened + 1 end)
    never:connect():close()
    never:connect():close()
    assert.equal(3, opened)
  end)

  it("tell who may hold a lock", function()
    local engine = file_engine{busy_timeout = 0}
    engine:begin(function(conn) conn:exec_driver_sql("CREATE TABLE t (x)") end)
    local a <close> = engine:connect()
    a:exec_driver_sql("INSERT INTO t VALUES (1)")
    local b <close> = engine:connect()
    assert.matches("2 connections of this engine are in use in this program", message_of(b.exec_driver_sql, b,
      "INSERT INTO t VALUES (2)"))
  end)

  it("POOL-09 roll back what a user left open", function()
    local engine = file_engine()
    engine:begin(function(conn) conn:exec_driver_sql("CREATE TABLE t (x)") end)
    local conn = engine:connect()
    conn:exec_driver_sql("INSERT INTO t VALUES (1)")
    conn:close()
    assert.equal(0, engine:begin(function(c) return c:exec_driver_sql("SELECT count(*) FROM t"):scalar() end))
    local keeping = file_engine{pool_reset_on_return = "commit"}
    conn = keeping:connect()
    conn:exec_driver_sql("INSERT INTO t VALUES (1)")
    conn:close()
    assert.equal(1, engine:begin(function(c) return c:exec_driver_sql("SELECT count(*) FROM t"):scalar() end))
  end)

  it("POOL-10 replace an invalidated connection", function()
    local engine = file_engine()
    local conn <close> = engine:connect()
    conn:exec_driver_sql("SELECT 1")
    conn:invalidate()
    assert.is_true(conn.invalidated)
    assert.matches("rollback", message_of(conn.exec_driver_sql, conn, "SELECT 1"))
    assert.matches("rollback", message_of(function() return conn.connection end))
    conn:rollback()
    assert.equal(2, conn:exec_driver_sql("SELECT 2"):scalar())
    conn:rollback()
    conn:invalidate()
    assert.is_true(conn.connection.is_valid) -- takes another one
    assert.is_false(conn.invalidated)
    conn:invalidate()
    conn:close()
    assert.same({false, true}, {conn.invalidated, conn.closed})
  end)

  it("POOL-13 tell their state in numbers", function()
    local engine = file_engine{pool_size = 4}
    local conn <close> = engine:connect()
    local pool = engine.pool
    assert.same({4, 0, 1, -3}, {pool:size(), pool:checkedin(), pool:checkedout(), pool:overflow()})
    assert.is_false(conn.closed)
  end)

  it("POOL-16 tell listeners of new connections, which can execute", function()
    local engine = file_engine()
    local seen = 0
    la.event.listen(engine, "connect", function(dbapi_connection)
      seen = seen + 1
      dbapi_connection:execute("PRAGMA cache_size = 77")
    end)
    local events = {}
    for _, name in ipairs {"checkout", "checkin", "engine_disposed"} do
      la.event.listen(engine, name, function() events[#events + 1] = name end)
    end
    engine:connect():close()
    assert.same({"checkout", "checkin"}, events)
    local conn <close> = engine:connect()
    assert.equal(77, conn:exec_driver_sql("PRAGMA cache_size"):scalar())
    assert.equal(1, seen)
  end)
end)
