-- SPDX-License-Identifier: MIT
-- What is SQLite's own: keys, pools, transactions, RETURNING, reflected types, limits.
local la = require "lualchemy"
local database = require "spec.support.database"
local fails = require "spec.support.fails"
require "spec.support.sql"
local exc = la.exc

local Column, Integer, Table = la.Column, la.Integer, la.Table

after_each(database.clean)

local function new_table(name, ...)
  local metadata = la.MetaData()
  return Table(name or "t", metadata, Column("id", Integer, {primary_key = true}), Column("x", Integer), ...), metadata
end

describe("keys of SQLite", function()
  it("SL-03 only an INTEGER key counts up by itself, so a BigInteger one takes a variant", function()
    local metadata = la.MetaData()
    local big = Table("big", metadata, Column("id", la.BigInteger, {primary_key = true}), Column("x", Integer))
    local variant = Table("variant", metadata,
      Column("id", la.BigInteger:with_variant(Integer, "sqlite"), {primary_key = true}), Column("x", Integer))
    assert.matches("id BIGINT NOT NULL", la.CreateTable(big):compile {dialect = "sqlite"}, 1, true)
    assert.matches("id INTEGER NOT NULL", la.CreateTable(variant):compile {dialect = "sqlite"}, 1, true)
    assert.matches("id BIGINT NOT NULL", tostring(la.CreateTable(variant)), 1, true)
    local engine = database.engine {memory = true}
    metadata:create_all(engine)
    engine:begin(function(conn)
      fails(exc.IntegrityError, "NOT NULL constraint failed: big.id", function() conn:execute(la.insert(big), {x = 1}) end)
      assert.equal(1, conn:execute(la.insert(variant), {x = 1}).inserted_primary_key[1])
    end)
  end)

  it("rows of one INSERT may all be empty: the database numbers them, or it is an error", function()
    local metadata = la.MetaData()
    local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("x", la.Integer, {server_default = "5"}))
    local plain = la.Table("plain", metadata, la.Column("x", la.Integer))
    assert.sql(la.insert(t):values {{}, {}}, {sqlite = "INSERT INTO t (id) VALUES (NULL), (NULL)"})
    assert.sql(la.insert(t):values {{}}, {sqlite = "INSERT INTO t DEFAULT VALUES"})
    local engine = database.engine {memory = true}
    local conn <close> = engine:connect()
    metadata:create_all(conn)
    conn:execute(la.insert(t):values {{}, {}})
    conn:execute(la.insert(t):values {{}})
    assert.same({5, 5, 5}, conn:scalars(la.select(t.c.x)):all())
    fails(la.exc.CompileError, "INSERT of several rows without values: table plain has no column that the database numbers",
      function() conn:execute(la.insert(plain):values {{}, {}}) end)
    fails(la.exc.CompileError, "row 2 sets column x, which the first row does not",
      function() conn:execute(la.insert(t):values {{}, {x = 1}}) end)
    fails(la.exc.CompileError, "row 2 sets column x, which the first row does not",
      function() conn:execute(la.insert(t):values {{id = 9}, {id = 10, x = 1}}) end)
  end)

  it("rows of one INSERT may each give a column that has a default, or leave it out", function()
    local metadata, count = la.MetaData(), 0
    local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("x", la.Integer, {default = 7}),
      la.Column("y", la.Integer, {default = function() count = count + 1; return count end}))
    local conn <close> = database.engine {memory = true}:connect()
    metadata:create_all(conn)
    conn:execute(la.insert(t):values {{}, {x = 1}, {y = 20}, {x = 2, y = 30}, {}})
    assert.same({7, 1, 7, 2, 7}, conn:scalars(la.select(t.c.x):order_by(t.c.id)):all())
    local made = conn:scalars(la.select(t.c.y):order_by(t.c.id)):all()
    assert.same({20, 30}, {made[3], made[4]})
    assert.equal(3, count)
  end)

  it("SL-21 a row without values is DEFAULT VALUES, also many of them", function()
    local t, metadata = new_table()
    local engine = database.engine {memory = true}
    metadata:create_all(engine)
    engine:begin(function(conn)
      assert.sql(la.insert(t):values {}, {sqlite = "INSERT INTO t DEFAULT VALUES"})
      assert.equal(1, conn:execute(la.insert(t):values {}).inserted_primary_key.id)
      assert.equal(3, conn:execute(la.insert(t), {{}, {}, {}}).rowcount)
      local result = conn:execute(la.insert(t):returning(t.c.id), {{}, {}})
      assert.same({5, 6}, {table.unpack(result:scalars():all())})
    end)
  end)
end)

describe("connections of SQLite", function()
  it("SL-04 a database in memory is one connection, a file has a pool", function()
    local memory, file = database.engine {memory = true}, database.engine()
    assert.equal("StaticPool", memory.pool.kind)
    assert.equal("QueuePool", file.pool.kind)
    memory:begin(function(conn) conn:exec_driver_sql("CREATE TABLE t (x)") end)
    local first <close> = memory:connect()
    local second <close> = memory:connect()
    assert.is_true(la.inspect(first):has_table("t"))
    assert.is_true(la.inspect(second):has_table("t"))
  end)

  it("SL-07 foreign keys are enforced, unless the engine is told otherwise", function()
    local metadata = la.MetaData()
    Table("p", metadata, Column("id", Integer, {primary_key = true}))
    local c = Table("c", metadata, Column("p", la.ForeignKey "p.id"))
    local function insert(engine)
      metadata:create_all(engine)
      engine:begin(function(conn) conn:execute(la.insert(c), {p = 7}) end)
    end
    fails(exc.IntegrityError, "FOREIGN KEY constraint failed", function() insert(database.engine()) end)
    insert(database.engine {foreign_keys = false})
  end)
end)

describe("SL-05 transactions of SQLite", function()
  -- The statements that reach the database, with those that begin and end transactions.
  local function logged(options, work)
    local lines = {}
    local engine = database.engine {begin_mode = options.begin_mode, echo = function(text) lines[#lines + 1] = text end}
    engine:begin(function(conn) conn:exec_driver_sql("CREATE TABLE t (x)") end)
    work(engine)
    return lines, engine
  end

  it("begin before any statement, so that DDL is rolled back too", function()
    local engine = database.engine()
    local conn <close> = engine:connect()
    conn:exec_driver_sql("CREATE TABLE t (x)")
    conn:rollback()
    assert.is_false(la.inspect(conn):has_table("t"))
  end)

  it("see one state of the database from the first SELECT on", function()
    local engine = database.engine {journal_mode = "wal"}
    engine:begin(function(conn) conn:exec_driver_sql("CREATE TABLE t (x)") end)
    local reader <close> = engine:connect()
    local function count() return reader:exec_driver_sql("SELECT count(*) FROM t"):scalar() end
    assert.equal(0, count())
    engine:begin(function(conn) conn:exec_driver_sql("INSERT INTO t VALUES (1)") end)
    assert.equal(0, count())
    reader:rollback()
    assert.equal(1, count())
  end)

  it("roll back to a savepoint and go on", function()
    local engine = database.engine()
    engine:begin(function(conn)
      conn:exec_driver_sql("CREATE TABLE t (x)")
      conn:exec_driver_sql("INSERT INTO t VALUES (1)")
      local savepoint = conn:begin_nested()
      conn:exec_driver_sql("INSERT INTO t VALUES (2)")
      savepoint:rollback()
    end)
    engine:begin(function(conn)
      assert.equal(1, conn:exec_driver_sql("SELECT count(*) FROM t"):scalar())
    end)
  end)

  it("begin DEFERRED, IMMEDIATE or EXCLUSIVE", function()
    for mode, blocks in pairs {deferred = false, immediate = true, exclusive = true} do
      local engine = logged({begin_mode = mode}, function() end) and database.engine {begin_mode = mode, busy_timeout = 0}
      local first <close> = engine:connect()
      first:exec_driver_sql("SELECT 1")
      local second <close> = engine:connect()
      local ok, err = pcall(second.exec_driver_sql, second, "SELECT 1")
      assert.equal(not blocks, ok)
      if blocks then assert.matches("locked", tostring(err)) end
    end
    fails(exc.ArgumentError, "begin_mode is one of", function() la.create_engine("sqlite://", {begin_mode = "later"}) end)
  end)

  it("are none in AUTOCOMMIT", function()
    local engine = database.engine()
    local conn <close> = engine:connect():execution_options {isolation_level = "AUTOCOMMIT"}
    conn:exec_driver_sql("CREATE TABLE t (x)")
    conn:rollback()
    assert.is_true(la.inspect(conn):has_table("t"))
    assert.equal("AUTOCOMMIT", conn:get_isolation_level())
  end)

  it("of two engines on one file see each other's commits", function()
    local path = database.path()
    local first, second = la.create_engine("sqlite:///" .. path), la.create_engine("sqlite:///" .. path)
    first:begin(function(conn) conn:exec_driver_sql("CREATE TABLE t (x)") end)
    second:begin(function(conn) conn:exec_driver_sql("INSERT INTO t VALUES (1)") end)
    first:begin(function(conn) assert.equal(1, conn:exec_driver_sql("SELECT count(*) FROM t"):scalar()) end)
    first:dispose()
    second:dispose()
  end)
end)

describe("statements of SQLite", function()
  local t = new_table()
  local name = la.column("name", la.String)

  it("SL-10 RETURNING stands with INSERT, UPDATE and DELETE, its columns without their table", function()
    assert.sql(la.insert(t):values {x = 1}:returning(t.c.id, (t.c.x + 1):label("y")),
      {sqlite = "INSERT INTO t (x) VALUES (?) RETURNING id, x + ? AS y"})
    assert.sql(la.update(t):values {x = 1}:where(t.c.id:eq(2)):returning(t),
      {sqlite = "UPDATE t SET x=? WHERE t.id = ? RETURNING id, x"})
    assert.sql(la.delete(t):where(t.c.id:eq(2)):returning(t.c.x), {sqlite = "DELETE FROM t WHERE t.id = ? RETURNING x"})
    local engine = database.engine {memory = true}
    t.metadata:create_all(engine)
    engine:begin(function(conn)
      assert.same({1, 5}, {table.unpack(conn:execute(la.insert(t):returning(t.c.id, t.c.x), {x = 5}):one())})
      assert.equal(6, conn:scalar(la.update(t):values {x = t.c.x + 1}:returning(t.c.x)))
      assert.equal(1, conn:scalar(la.delete(t):returning(t.c.id)))
    end)
  end)

  it("SL-22 are written as SQLite takes them", function()
    local flag = la.column("flag", la.Boolean)
    for _, case in ipairs {
      {la.true_(), "1"},
      {flag:is_(false), "flag IS 0"},
      {t.c.x:is_distinct_from(3), "t.x IS NOT ?"},
      {t.c.x:is_not_distinct_from(3), "t.x IS ?"},
      {t.c.x / 2, "t.x / (? + 0.0)"},
      {t.c.x // 2, "t.x / ?"},
      {la.func.now(), "CURRENT_TIMESTAMP"},
      {la.func.char_length(name), "length(name)"},
      {la.extract("month", la.column("d")), "CAST(STRFTIME('%m', d) AS INTEGER)"},
      {t.c.x:bitwise_xor(3), "((t.x | ?) - (t.x & ?))"},
      {name:regexp_match("a"), "name REGEXP ?"},
      {name:match("a"), "name MATCH ?"},
    } do
      assert.sql(case[1], {sqlite = case[2]})
    end
    assert.sql(tostring(la.select(t.c.x):where(t.c.x:in_ {}):compile {dialect = "sqlite", render_postcompile = true}),
      "SELECT t.x FROM t WHERE t.x IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1)")
    assert.sql(la.select(t.c.x):with_for_update(), {sqlite = "SELECT t.x FROM t"})
    assert.sql(la.select(t.c.x):offset(3), {sqlite = "SELECT t.x FROM t LIMIT ? OFFSET ?"})
  end)

  it("SL-24 take as many values as SQLite does, and say when there are more", function()
    local engine = database.engine {memory = true}
    t.metadata:create_all(engine)
    local list = {}
    for i = 1, 32766 do list[i] = i end
    engine:begin(function(conn)
      conn:execute(la.insert(t), {x = 17})
      assert.equal(1, conn:scalar(la.select(la.func.count()):where(t.c.x:in_(list))))
      for i = 1, 300000 do list[i] = i end
      fails(exc.OperationalError, "too many SQL variables", function()
        conn:execute(la.select(t):where(t.c.x:in_(list)))
      end)
      assert.equal(17, conn:scalar(la.select(t.c.x)))
    end)
  end)
end)

describe("schemas of SQLite", function()
  it("SL-14 have their foreign keys in CREATE TABLE, for there is no ALTER, and none to another database", function()
    local metadata = la.MetaData()
    local a = Table("a", metadata, Column("b", la.ForeignKey("b.id", {use_alter = true, name = "a_b"})))
    Table("b", metadata, Column("id", Integer, {primary_key = true}))
    local other = Table("other", metadata, Column("b", la.ForeignKey "b.id"), {schema = "attached"})
    assert.sql(la.CreateTable(a):compile {dialect = "sqlite"},
      {sqlite = "CREATE TABLE a (b INTEGER, CONSTRAINT a_b FOREIGN KEY(b) REFERENCES b (id))"})
    assert.sql(tostring(la.CreateTable(a)), "CREATE TABLE a (b INTEGER)")
    assert.sql(la.CreateTable(other):compile {dialect = "sqlite"}, {sqlite = "CREATE TABLE attached.other (b INTEGER)"})
  end)

  local function reflect(ddl, ask)
    local engine = database.engine {memory = true}
    return engine:begin(function(conn)
      conn:exec_driver_sql(ddl)
      return ask(la.inspect(conn))
    end)
  end

  it("SL-16 give each column the type of its name, or that of its affinity", function()
    local columns = reflect([[CREATE TABLE t (a int, b varchar(20), c decimal(10, 2), d, e blob, g datetime, h boolean,
      i bigint unsigned, j clob, k somefloat, l weird, m charint, n numeric(4), o timestamp, p json, q real, r nchar(3),
      s "my text")]], function(inspector) return inspector:get_columns("t") end)
    local found = {}
    for i, column in ipairs(columns) do found[i] = column.name .. " " .. tostring(column.type) end
    assert.equal("a INTEGER;b VARCHAR(20);c DECIMAL(10, 2);d NULL;e BLOB;g DATETIME;h BOOLEAN;i INTEGER;j TEXT;k REAL;\z
      l NUMERIC;m INTEGER;n NUMERIC(4);o TIMESTAMP;p JSON;q REAL;r NCHAR(3);s TEXT", table.concat(found, ";"))
  end)

  it("SL-17 tell the names and options of constraints from the text of CREATE TABLE", function()
    reflect([[CREATE TABLE t (id integer, u text constraint "own u" unique, p integer generated always as (id * 2) stored,
      r integer references p (id) on delete cascade,
      constraint pk primary key (id), constraint uq unique (u, r),
      constraint fk foreign key (r) references q (id) on update set null deferrable initially deferred,
      constraint ck check (id > 0), check (u <> 'a,b'))]], function(inspector)
      assert.equal("pk", inspector:get_pk_constraint("t").name)
      local keys = {}
      for _, key in ipairs(inspector:get_foreign_keys("t")) do keys[key.referred_table] = key end
      assert.equal("CASCADE", keys.p.options.ondelete)
      assert.equal("fk", keys.q.name)
      assert.equal("SET NULL", keys.q.options.onupdate)
      assert.is_true(keys.q.options.deferrable)
      assert.equal("DEFERRED", keys.q.options.initially)
      local unique = {}
      for _, found in ipairs(inspector:get_unique_constraints("t")) do
        unique[found.name] = table.concat(found.column_names, ",")
      end
      assert.same({["own u"] = "u", uq = "u,r"}, unique)
      local checks = {}
      for _, found in ipairs(inspector:get_check_constraints("t")) do
        checks[#checks + 1] = (found.name or "-") .. " " .. found.sqltext
      end
      table.sort(checks)
      assert.same({"- u <> 'a,b'", "ck id > 0"}, checks)
      for _, column in ipairs(inspector:get_columns("t")) do
        if column.name == "p" then
          assert.equal("id * 2", column.computed.sqltext)
          assert.is_true(column.computed.persisted)
        end
      end
    end)
  end)
end)

describe("SL-01 dates of SQLite", function()
  local sqlite = require "lualchemy.dialects.sqlite"
  local now = la.datetime {year = 2024, month = 2, day = 3, hour = 4, min = 5, sec = 6, usec = 789}
  local digits = "%(year)04d%(month)02d%(day)02d%(hour)02d%(minute)02d%(second)02d"
  local metadata = la.MetaData()
  local t = Table("t", metadata,
    Column("plain", sqlite.DATETIME), Column("date", sqlite.DATE), Column("time", sqlite.TIME),
    Column("packed", sqlite.DATETIME {storage_format = digits}),
    Column("american", sqlite.DATE {storage_format = "%(month)02d/%(day)02d/%(year)04d"}),
    Column("short", sqlite.TIME {truncate_microseconds = true}),
    Column("lenient", sqlite.DATE {storage_format = "%(year)d-%(month)d-%(day)d", regexp = "(%d+)%D(%d+)%D(%d+)"}))
  local values = {plain = now, date = now, time = now, packed = now, american = now, short = now, lenient = now}

  it("are text in ISO form, or in the form that the type says", function()
    local engine = database.engine {memory = true}
    metadata:create_all(engine)
    engine:begin(function(conn)
      conn:execute(la.insert(t), values)
      assert.same({"2024-02-03 04:05:06.000789", "2024-02-03", "04:05:06.000789", "20240203040506", "02/03/2024",
        "04:05:06", "2024-2-3"}, {table.unpack(conn:exec_driver_sql("SELECT * FROM t"):one())})
      local row = conn:execute(la.select(t)):one()
      assert.equal("2024-02-03 04:05:06", tostring(row.packed))
      assert.equal("2024-02-03", tostring(row.american))
      assert.equal("04:05:06", tostring(row.short))
      assert.equal("2024-02-03", tostring(row.lenient))
      assert.equal(1, #conn:execute(la.select(t):where(t.c.packed:eq(now))):all())
      conn:exec_driver_sql("UPDATE t SET lenient = '2025/1/2', american = 'x'")
      assert.equal("2025-01-02", tostring(conn:scalar(la.select(t.c.lenient))))
      fails(exc.StatementError, "Couldn't parse Date string 'x'", function() conn:scalar(la.select(t.c.american)) end)
      conn:execute(la.update(t):values {packed = la.null})
      assert.is_nil(conn:scalar(la.select(t.c.packed)))
    end)
  end)

  it("have the affinity of text even where they are digits alone", function()
    local ddl = la.CreateTable(t):compile {dialect = "sqlite"}
    assert.matches("packed DATETIME_CHAR", ddl, 1, true)
    assert.matches("american DATE,", ddl, 1, true)
    assert.matches("plain DATETIME,", ddl, 1, true)
    assert.matches("packed DATETIME,", tostring(la.CreateTable(t)), 1, true)
  end)

  it("refuse what is no date, and formats that cannot be", function()
    local engine = database.engine {memory = true}
    metadata:create_all(engine)
    engine:begin(function(conn)
      fails(exc.StatementError, "SQLite DateTime type takes dates with times, not \"x\"", function()
        conn:execute(la.insert(t), {packed = "x"})
      end)
      fails(exc.StatementError, "(plain)", function() conn:execute(la.insert(t), {plain = "x"}) end)
    end)
    fails(exc.ArgumentError, "only one of truncate_microseconds or storage_format", function()
      sqlite.DATETIME {truncate_microseconds = true, storage_format = "%(year)d"}
    end)
    fails(exc.ArgumentError, "none of year, month", function() sqlite.DATE {storage_format = "%(week)d"} end)
    fails(exc.ArgumentError, 'unknown keyword "storage_fromat"', function() sqlite.DATE {storage_fromat = ""} end)
  end)

  it("stay dates for operators", function()
    assert.equal("Interval", (t.c.packed - t.c.plain).type.__visit_name__)
  end)
end)
