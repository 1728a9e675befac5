-- SPDX-License-Identifier: MIT
-- Executing statements: parameters, defaults, types, events.
local la = require "lualchemy"
local exc = la.exc

local engine, conn, t

before_each(function()
  engine = la.create_engine("sqlite://")
  conn = engine:connect()
  t = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}), la.Column("name", la.String(20)),
    la.Column("age", la.Integer))
  conn:exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)")
end)
after_each(function() conn:close() end)

local function names()
  return conn:scalars(la.select(t.c.name):order_by(t.c.id)):all()
end

local function failure(class, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.is_true(class:matches(err), tostring(err))
  return err
end

describe("execute (CON-06)", function()
  it("CON-06 takes a map, a list of maps, or nothing", function()
    conn:execute(la.insert(t), {name = "a"})
    conn:execute(la.insert(t), {{name = "b"}, {name = "c"}})
    conn:execute(la.insert(t):values{name = "d"})
    conn:execute(la.insert(t), {})
    assert.same({"a", "b", "c", "d", la.null}, names())
  end)

  it("CON-06 takes la.null for NULL", function()
    conn:execute(la.insert(t), {name = la.null, age = 3})
    assert.same({la.null}, names())
  end)

  it("CON-06 names text() parameters", function()
    conn:execute(la.text "INSERT INTO t (name, age) VALUES (:name, :age)", {{name = "a", age = 1}, {name = "b", age = 2}})
    assert.equal("b", conn:scalar(la.text "SELECT name FROM t WHERE age = :age", {age = 2}))
    local err = failure(exc.StatementError, conn.execute, conn, la.text "SELECT :x", {y = 1})
    assert.equal("A value is required for bind parameter 'x'", err.message)
  end)

  it("CON-06 takes lists for IN", function()
    conn:execute(la.insert(t), {{name = "a"}, {name = "b"}, {name = "c"}})
    local statement = la.select(t.c.name):where(t.c.id:in_(la.bindparam("ids", {expanding = true})))
    assert.same({"a", "c"}, conn:execute(statement, {ids = {1, 3}}):scalars():all())
    assert.same({"b"}, conn:execute(statement, {ids = {2}}):scalars():all())
    assert.same({}, conn:execute(statement, {ids = la.null}):scalars():all())
    assert.same({"a", "b"}, conn:scalars(la.select(t.c.name):where(t.c.id:in_{1, 2})):all())
  end)

  it("CON-06 updates and deletes many", function()
    conn:execute(la.insert(t), {{name = "a"}, {name = "b"}, {name = "c"}})
    local result = conn:execute(la.update(t):where(t.c.id:eq(la.bindparam "b_id")):values{name = la.bindparam "new"},
      {{b_id = 1, new = "x"}, {b_id = 2, new = "y"}, {b_id = 99, new = "z"}})
    assert.equal(2, result.rowcount)
    assert.same({"x", "y", "c"}, names())
    assert.equal(1, conn:execute(la.delete(t):where(t.c.id:eq(la.bindparam "b_id")), {b_id = 3}).rowcount)
  end)

  it("CON-06 selects an expression", function()
    assert.equal(3, conn:scalar(la.func.length("abc")))
  end)

  it("CON-06 refuses what cannot be executed", function()
    assert.matches("Not an executable object", failure(exc.ObjectNotExecutableError, conn.execute, conn, "SELECT 1").message)
    failure(exc.ArgumentError, conn.execute, conn, la.select(t), 5)
    failure(exc.ArgumentError, conn.execute, conn, la.select(t), {}, {exection_options = {}})
    failure(exc.ArgumentError, conn.execute, conn, la.select(t), {}, {execution_options = {yield_pre = 1}})
  end)

  it("CON-06 refuses keys that are no columns", function()
    assert.matches("Unconsumed column names: nmae", failure(exc.CompileError, conn.execute, conn, la.insert(t), {nmae = "x"}).message)
    local copies = la.insert(t):from_select({"name"}, la.select(t.c.name))
    assert.matches("Unconsumed column names: id", failure(exc.CompileError, conn.execute, conn, copies, {id = 50}).message)
  end)

  it("CON-06 names the column of a wrong value before anything is sent", function()
    local err = failure(exc.StatementError, conn.execute, conn, la.insert(t), {name = "a", age = "old"})
    assert.equal("(age) a string is not an Integer", err.message)
    err = failure(exc.StatementError, conn.execute, conn, la.insert(t), {{name = "a", age = 1}, {age = 2}})
    assert.equal("A value is required for bind parameter 'name', in parameter group 2", err.message)
  end)

  it("CON-06 sends SQL text as it is by exec_driver_sql", function()
    conn:exec_driver_sql("INSERT INTO t (name) VALUES (?)", {"a"})
    conn:exec_driver_sql("INSERT INTO t (name) VALUES (?)", {{"b"}, {"c"}})
    conn:exec_driver_sql("INSERT INTO t (name) VALUES (:n)", {{n = "d"}, {n = "e"}})
    assert.equal("d", conn:exec_driver_sql("SELECT name FROM t WHERE id = :id", {id = 4}):scalar())
    assert.same({"a", "b", "c", "d", "e"}, names())
  end)

  it("CON-07 merges execution options of engine, connection, statement and call", function()
    conn:execution_options{yield_per = 2}
    assert.equal(2, conn:get_execution_options().yield_per)
    conn:execute(la.insert(t), {{name = "a"}, {name = "b"}, {name = "c"}})
    local sizes = {}
    for part in conn:execute(la.select(t)):partitions() do sizes[#sizes + 1] = #part end
    assert.same({2, 1}, sizes)
  end)
end)

describe("defaults", function()
  it("are evaluated for each row, with the context", function()
    local seen = 0
    local d = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}), la.Column("name", la.String),
      la.Column("age", la.Integer, {default = function(context)
        seen = seen + 1
        return #context:get_current_parameters().name + (context.connection == conn and 100 or 0)
      end}))
    conn:execute(la.insert(d), {{name = "a"}, {name = "bbb"}})
    conn:execute(la.insert(d):values{name = "cc"})
    conn:execute(la.insert(d), {name = "given", age = 1})
    assert.same({101, 103, 102, 1}, conn:scalars(la.select(d.c.age):order_by(d.c.id)):all())
    assert.equal(3, seen)
  end)

  it("that raise pass their error on, and the connection goes on", function()
    local d = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}),
      la.Column("age", la.Integer, {default = function() error("no age", 0) end}))
    local ok, err = pcall(conn.execute, conn, la.insert(d), {id = 1})
    assert.is_false(ok)
    assert.equal("no age", err)
    assert.equal(0, conn:scalar(la.select(la.func.count()):select_from(d)))
  end)

  it("may execute statements themselves", function()
    local d = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}), la.Column("name", la.String),
      la.Column("age", la.Integer, {default = function(context)
        return context.connection:scalar(la.select(la.func.count()):select_from(t)) * 10
      end}))
    conn:execute(la.insert(d), {{name = "a"}, {name = "b"}})
    assert.same({{"a", 0}, {"b", 0}}, {{table.unpack(conn:execute(la.select(d.c.name, d.c.age):where(d.c.id:eq(1))):one())},
      {table.unpack(conn:execute(la.select(d.c.name, d.c.age):where(d.c.id:eq(2))):one())}})
  end)

  it("give the keys of inserted rows", function()
    local d = la.Table("k", la.MetaData(), la.Column("code", la.String, {primary_key = true, default = function() return "c1" end}),
      la.Column("part", la.Integer, {primary_key = true}))
    conn:exec_driver_sql("CREATE TABLE k (code TEXT, part INTEGER, PRIMARY KEY (code, part))")
    local key = conn:execute(la.insert(d), {part = 4}).inserted_primary_key
    assert.same({"c1", 4}, {key.code, key.part})
  end)
end)

describe("events of executions", function()
  it("EVT before_cursor_execute may change what is sent", function()
    local sent = {}
    la.event.listen(engine, "before_cursor_execute", function(_, _, text, params)
      sent[#sent + 1] = text
      return text .. " /* seen */", params
    end, {retval = true})
    la.event.listen(engine, "after_cursor_execute", function(_, _, text) sent[#sent + 1] = text end)
    assert.equal(7, conn:scalar(la.select(la.literal(7))))
    assert.equal(2, #sent)
    assert.equal(sent[1] .. " /* seen */", sent[2])
  end)

  it("EVT see sequences of parameters, and of sequences for many", function()
    local seen = {}
    la.event.listen(engine, "before_cursor_execute", function(_, _, _, params, _, many) seen[#seen + 1] = {params, many} end)
    conn:execute(la.insert(t), {name = "a"})
    conn:execute(la.insert(t), {{name = "b"}, {name = "c"}})
    assert.same({{{"a"}, false}, {{{"b"}, {"c"}}, true}}, seen)
    assert.same({"a", "b", "c"}, names())
  end)

  it("EVT handle_error sees the error and may raise another", function()
    local seen
    la.event.listen(engine, "handle_error", function(context)
      seen = context
      if context.statement:find("other") then error("another", 0) end
    end)
    local err = failure(exc.OperationalError, conn.exec_driver_sql, conn, "SELECT * FROM nothing_here")
    assert.equal(err, seen.sqlalchemy_exception)
    assert.equal(1, seen.original_exception.code)
    assert.equal("SELECT * FROM nothing_here", seen.statement)
    assert.equal("another", select(2, pcall(conn.exec_driver_sql, conn, "SELECT * FROM other")))
  end)

  it("EVT begin, commit and rollback are told", function()
    local seen = {}
    for _, name in ipairs {"begin", "commit", "rollback"} do
      la.event.listen(engine, name, function() seen[#seen + 1] = name end)
    end
    conn:commit()
    conn:exec_driver_sql("SELECT 1")
    conn:rollback()
    assert.same({"commit", "begin", "rollback"}, seen)
  end)
end)

describe("collection of garbage", function()
  it("may close and use the same engine at any moment", function()
    local function trouble()
      setmetatable({}, {__gc = function()
        local other = engine:connect()
        other:execute(la.select(t):where(t.c.id:eq(1))):all()
        other:close()
      end})
    end
    for i = 1, 300 do
      trouble()
      conn:execute(la.insert(t), {name = "n" .. i, age = i})
      if i % 50 == 0 then collectgarbage() end
    end
    assert.equal(300, conn:scalar(la.select(la.func.count()):select_from(t)))
    assert.equal("n300", conn:scalar(la.select(t.c.name):where(t.c.age:eq(300))))
  end)
end)

describe("many sets of parameters (ENG-19)", function()
  it("are converted before the first of them is sent", function()
    local metadata = la.MetaData()
    local stamped = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("day", la.Date))
    for _, listens in ipairs {false, true} do
      local fresh = la.create_engine "sqlite://"
      if listens then la.event.listen(fresh, "before_cursor_execute", function() end) end
      metadata:create_all(fresh)
      local connection <close> = fresh:connect()
      local ok, err = pcall(connection.execute, connection, stamped:insert(),
        {{id = 1, day = "2024-01-31"}, {id = 2, day = "2024-02-31"}, {id = 3, day = "2024-03-31"}})
      assert.is_false(ok)
      assert.truthy(tostring(err):find("(day)", 1, true))
      assert.equal(0, connection:scalar(la.select(la.func.count()):select_from(stamped)))
      connection:execute(stamped:insert(), {{id = 1, day = "2024-01-31"}, {id = 2, day = la.null}})
      connection:execute(stamped:update():where(stamped.c.id:eq(la.bindparam "k")):values {day = la.bindparam "d"},
        {{k = 1, d = "2024-04-01"}, {k = 2, d = "2024-04-02"}})
      assert.equal("2024-04-02", tostring(connection:scalar(la.select(stamped.c.day):where(stamped.c.id:eq(2)))))
    end
  end)
end)
