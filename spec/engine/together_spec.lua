-- SPDX-License-Identifier: MIT
-- Rows of one INSERT that go into their table many by one statement, beside what must not be told by it.
local la = require "lualchemy"
local fails = require "spec.support.fails"
local exc = la.exc

local engine, conn, t

before_each(function()
  engine = la.create_engine("sqlite://")
  conn = engine:connect()
  t = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}), la.Column("number", la.Integer))
end)
after_each(function() conn:close() end)

--- The table, with what is special about it. Where no value is given for `before`, it is how many rows the statement
--- before has changed.
local function create(number, constraints)
  conn:exec_driver_sql(("CREATE TABLE t (id INTEGER PRIMARY KEY, number INTEGER %s, before INTEGER DEFAULT (changes()) %s)")
    :format(number or "", constraints or ""))
end

local function set(i) return {id = i, number = i * 10} end

local function as_list(count, make)
  local list = {}
  for i = 1, count do list[i] = (make or set)(i) end
  return list
end

local function as_function(count, make)
  local i = 0
  return function()
    i = i + 1
    return i <= count and (make or set)(i) or nil
  end
end

local function ask(text) return conn:exec_driver_sql(text):scalar() end

--- How many rows went behind a statement of more rows than one.
local function together() return ask "SELECT count(*) FROM t WHERE before = 32" end

local function check_rows(count)
  assert.equal(count, ask "SELECT count(*) FROM t WHERE number = id * 10")
end

for kind, give in pairs {["a list of sets"] = as_list, ["a function that gives sets"] = as_function} do
  describe(("an INSERT with %s (DML-02)"):format(kind), function()
    it("sends rows together, and counts each", function()
      create()
      local result = conn:execute(la.insert(t), give(600))
      assert.equal(600, result.rowcount)
      assert.is_true(together() > 400)
      check_rows(600)
    end)

    it("sends few rows one by one", function()
      create()
      assert.equal(30, conn:execute(la.insert(t), give(30)).rowcount)
      assert.equal(0, together())
    end)

    it("takes defaults for each row", function()
      create()
      local counted = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}),
        la.Column("number", la.Integer, {default = 70}))
      conn:execute(la.insert(counted), give(100, function(i) return {id = i} end))
      assert.same({100, 7000}, {ask "SELECT max(id) FROM t", ask "SELECT sum(number) FROM t"})
    end)

    it("blames the row that fails, behind those before it", function()
      create "UNIQUE"
      local err = fails(exc.IntegrityError, "UNIQUE constraint failed: t.number", function()
        conn:execute(la.insert(t), give(200, function(i) return {id = i, number = i == 150 and 200 or i * 10} end))
      end)
      assert.equal("INSERT INTO t (id, number) VALUES (?, ?)", err.statement)
      check_rows(149)
      conn:rollback()
      assert.equal(0, ask "SELECT count(*) FROM sqlite_master")
    end)

    it("sends one by one what others have a say in", function()
      for what, sql in pairs {
        trigger = "CREATE TRIGGER twice AFTER INSERT ON t WHEN new.number < 100000 BEGIN INSERT INTO t (number) VALUES (100000); END",
        ["trigger of the connection"] = "CREATE TEMP TRIGGER noted AFTER INSERT ON t BEGIN SELECT 1; END",
        ["table that hides it"] = "CREATE TEMP TABLE t (id INTEGER PRIMARY KEY, number INTEGER, before INTEGER DEFAULT (changes()))",
      } do
        create()
        conn:exec_driver_sql(sql)
        conn:execute(la.insert(t), give(100, function(i) return {number = i} end))
        assert.equal(0, together(), what)
        conn:rollback()
      end
    end)

    it("keeps what ON CONFLICT says of each row", function()
      create "UNIQUE ON CONFLICT FAIL"
      fails(exc.IntegrityError, "UNIQUE constraint failed", function()
        conn:execute(la.insert(t), give(200, function(i) return {id = i, number = i == 150 and 10 or i * 10} end))
      end)
      check_rows(149)
      conn:rollback()
      create "UNIQUE"
      local same = give(100, function(i) return {id = i, number = i % 10} end)
      assert.equal(10, conn:execute(la.insert(t):prefix_with "OR IGNORE", same).rowcount)
    end)

    it("refuses a row that refers to one behind it", function()
      conn:exec_driver_sql "PRAGMA foreign_keys = ON"
      conn:rollback()
      create("REFERENCES T (id)")
      fails(exc.IntegrityError, "FOREIGN KEY constraint failed", function()
        conn:execute(la.insert(t), give(100, function(i) return {id = i, number = i == 50 and 51 or i} end))
      end)
      assert.equal(49, ask "SELECT count(*) FROM t")
    end)

    it("sees what the program does to the table", function()
      create()
      conn:execute(la.insert(t), give(100))
      conn:exec_driver_sql "CREATE TRIGGER none BEFORE INSERT ON t WHEN new.number % 20 BEGIN SELECT RAISE(IGNORE); END"
      assert.equal(50, conn:execute(la.insert(t), give(100, function(i) return {number = i * 10} end)).rowcount)
    end)

    it("does not group what a statement says of a row itself", function()
      create()
      conn:execute(la.insert(t):values {number = la.func.abs(la.bindparam "n")}, give(100, function(i) return {n = -i} end))
      assert.same({100, 0, 5050}, {ask "SELECT count(*) FROM t", together(), ask "SELECT sum(number) FROM t"})
      local rows = conn:execute(la.insert(t):returning(t.c.id), give(100, function(i) return {number = i} end)):all()
      assert.equal(100, #rows)
    end)
  end)
end

it("ends with its transaction where a constraint says so", function()
  create "UNIQUE ON CONFLICT ROLLBACK"
  conn:commit()
  fails(exc.IntegrityError, "UNIQUE constraint failed", function()
    conn:execute(la.insert(t), as_list(100, function(i) return {id = i, number = i == 90 and 10 or i * 10} end))
  end)
  conn:rollback()
  assert.equal(0, ask "SELECT count(*) FROM t")
end)

it("sends row by row where each statement is a transaction", function()
  create()
  conn:commit()
  local plain = engine:connect():execution_options {isolation_level = "AUTOCOMMIT"}
  plain:execute(la.insert(t), as_list(100))
  plain:close()
  check_rows(100)
end)
