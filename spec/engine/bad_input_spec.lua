-- SPDX-License-Identifier: MIT
-- What a program should not give: names, widths and numbers beyond what a database takes, and work that is dropped half-way.
local la = require "lualchemy"
local database = require "spec.support.database"
local fails = require "spec.support.fails"
local exc = la.exc

after_each(database.clean)

describe("names", function()
  local strange = {
    ["double quotes"] = {'a"b', 'c"d'}, ["single quotes"] = {"a'b", "c'd"}, ["other quotes"] = {"a`b", "c]d["},
    dots = {"a.b", "c.d"}, ["what formats and parameters begin with"] = {"a%b(c)", "c%s:x?@$"}, blanks = {"a b ", " c "},
    ["reserved words"] = {"select", "order"}, ["both cases"] = {"MixedCase", "Column Name"}, ["UTF-8"] = {"täble", "cölumn"},
    ["bytes that are no UTF-8"] = {"t\xff\xfe", "c\xc3"}, ["control characters"] = {"a\nb", "c\td"},
    ["100,000 bytes"] = {("t"):rep(100000), ("c"):rep(100000)},
  }
  for what, names in pairs(strange) do
    it("with " .. what .. " are created, written, read, reflected and dropped", function()
      local engine, metadata = database.engine {memory = true}, la.MetaData()
      local name, key = names[1], names[2]
      local t = la.Table(name, metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column(key, la.Text))
      metadata:create_all(engine)
      engine:begin(function(conn)
        conn:execute(t:insert(), {[key] = "v"})
        conn:execute(t:update():values {[key] = "w"}:where(t.c[key]:eq "v"))
        assert.equal("w", conn:execute(la.select(t):order_by(t.c[key])):one()[key])
      end)
      local reflected = la.MetaData()
      reflected:reflect(engine)
      assert.is_not_nil(reflected.tables[name].c[key])
      metadata:drop_all(engine)
      assert.equal(0, #la.inspect(engine):get_table_names())
    end)
  end

  it("with a zero byte are an error, not a shorter name", function()
    local engine = database.engine {memory = true}
    for _, names in ipairs {{"a\0b", "c"}, {"a", "c\0d"}} do
      local metadata = la.MetaData()
      la.Table(names[1], metadata, la.Column(names[2], la.Text))
      fails(exc.ProgrammingError, "zero byte", function() metadata:create_all(engine) end)
    end
    local conn <close> = engine:connect()
    fails(exc.ProgrammingError, "zero byte", function() conn:exec_driver_sql("SELECT 1\0; DROP TABLE x") end)
    fails(exc.ProgrammingError, "zero byte", function() conn:execute(la.text "SELECT 1\0; DROP TABLE x") end)
  end)
end)

describe("limits of SQLite", function()
  it("2,000 columns work, one more is an error of the database", function()
    for _, count in ipairs {2000, 2001} do
      local engine, metadata, columns = database.engine {memory = true}, la.MetaData(), {}
      for i = 1, count do columns[i] = la.Column("c" .. i, la.Integer, {primary_key = i == 1}) end
      local t = la.Table("wide", metadata, table.unpack(columns))
      if count > 2000 then
        fails(exc.OperationalError, "too many columns", function() metadata:create_all(engine) end)
      else
        metadata:create_all(engine)
        engine:begin(function(conn)
          conn:execute(t:insert(), {c1 = 1, c2000 = 5})
          assert.equal(5, conn:execute(la.select(t)):one().c2000)
        end)
      end
    end
    local conn <close> = database.engine {memory = true}:connect()
    local wide = {}
    for i = 1, 2001 do wide[i] = la.literal(i) end
    fails(exc.OperationalError, "too many columns", function() conn:execute(la.select(table.unpack(wide))) end)
    assert.equal(1, conn:scalar(la.select(la.literal(1))))
  end)

  it("a value of no kind of the database is an error that names what it is", function()
    local conn <close> = database.engine {memory = true}:connect()
    for _, value in ipairs {print, io.stdout, coroutine.create(print), {}, {1}} do
      assert.is_false((pcall(conn.exec_driver_sql, conn, "SELECT ?, ?", {1, value})))
      assert.is_false((pcall(function() return conn:scalar(la.select(la.literal(value))) end)))
    end
    assert.equal(1, conn:scalar(la.select(la.literal(1))))
  end)
end)

describe("a coroutine that is dropped", function()
  it("in the middle of a result or a transaction leaves no lock", function()
    local engine = database.engine {busy_timeout = 1}
    engine:begin(function(conn)
      conn:exec_driver_sql("CREATE TABLE n (x)")
      conn:exec_driver_sql("INSERT INTO n VALUES (1), (2), (3)")
    end)
    local reading = coroutine.wrap(function()
      local conn <close> = engine:connect()
      for row in conn:execute(la.text "SELECT x FROM n", nil, {execution_options = {yield_per = 1}}) do coroutine.yield(row.x) end
    end)
    assert.equal(1, reading())
    local writing = coroutine.wrap(function()
      local conn <close> = engine:begin()
      conn:exec_driver_sql("INSERT INTO n VALUES (4)")
      coroutine.yield()
    end)
    writing()
    reading, writing = nil, nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.equal(0, engine.pool:checkedout())
    engine:begin(function(conn)
      assert.equal(3, conn:scalar(la.text "SELECT count(*) FROM n"))
      conn:exec_driver_sql("DROP TABLE n")
    end)
  end)
end)
