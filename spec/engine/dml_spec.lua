-- SPDX-License-Identifier: MIT
-- Executing INSERT, UPDATE and DELETE: keys of new rows, defaults, counts, many rows at once.
local la = require "lualchemy"
local database = require "spec.support.database"
local fails = require "spec.support.fails"
local sql = require "spec.support.sql"
local exc = la.exc

local Column, Integer, String, Table = la.Column, la.Integer, la.String, la.Table

local metadata = la.MetaData()
local t = Table("t", metadata, Column("id", Integer, {primary_key = true}), Column("x", Integer),
  Column("name", String, {default = "d"}))
-- A key of two columns, and defaults of all kinds.
local pair = Table("pair", metadata,
  Column("a", Integer, {primary_key = true, autoincrement = false}),
  Column("b", String, {primary_key = true, default = function(context)
    return "b" .. context:get_current_parameters().a
  end}),
  Column("c", Integer, {default = la.func.abs(-5)}),
  Column("s", Integer, {server_default = "7"}),
  Column("u", String, {onupdate = "changed"}))
local computed = Table("computed", metadata, Column("id", Integer, {primary_key = true, default = la.func.abs(-42)}))
local given = Table("given", metadata, Column("id", String, {primary_key = true, server_default = la.text "'zz'"}),
  Column("x", Integer))

local conn, sent

before_each(function()
  sent = {}
  local engine = database.engine {memory = true, echo = function(text) sent[#sent + 1] = sql.normal(text) end}
  metadata:create_all(engine)
  conn = engine:connect()
  conn:exec_driver_sql("SELECT 1")
  sent = {}
end)
after_each(function()
  conn:close()
  database.clean()
end)

local function key_of(statement, parameters)
  return {table.unpack(conn:execute(statement, parameters).inserted_primary_key)}
end

describe("DML-07 inserted_primary_key", function()
  it("is the last insert id of a key that counts up", function()
    local result = conn:execute(la.insert(t), {x = 1})
    assert.equal(1, result.inserted_primary_key.id)
    assert.equal(1, result.lastrowid)
    assert.same({2}, key_of(la.insert(t):values {x = 1}))
    assert.same({77}, key_of(la.insert(t), {id = 77}))
    assert.same({"INSERT INTO t (x, name) VALUES (?, ?)", "INSERT INTO t (x, name) VALUES (?, ?)",
      "INSERT INTO t (id, name) VALUES (?, ?)"}, sent)
  end)

  it("is the last insert id of a counting key that an expression gives, and fetched where there is no row number", function()
    assert.same({33}, key_of(la.insert(t):values {id = la.func.abs(-33)}))
    assert.equal("INSERT INTO t (id, name) VALUES (abs(?), ?)", sent[1])
    local bare = Table("bare", la.MetaData(), Column("id", Integer, {primary_key = true}), {sqlite_with_rowid = false})
    bare:create(conn)
    sent = {}
    assert.same({5}, key_of(la.insert(bare):values {id = la.func.abs(-5)}))
    assert.equal("INSERT INTO bare (id) VALUES (abs(?)) RETURNING id", sent[1])
  end)

  it("has given values and those of default functions", function()
    local key = conn:execute(la.insert(pair), {a = 1}).inserted_primary_key
    assert.equal(1, key.a)
    assert.equal("b1", key[2])
  end)

  it("is fetched by RETURNING where the database makes it", function()
    assert.same({42}, key_of(la.insert(computed)))
    assert.same({"zz"}, key_of(la.insert(given), {x = 1}))
    assert.same({43}, key_of(la.insert(computed):values {id = la.literal(40) + 3}))
    assert.same({"INSERT INTO computed (id) VALUES (abs(?)) RETURNING id",
      "INSERT INTO given (x) VALUES (?) RETURNING id", "INSERT INTO computed (id) VALUES ((? + ?)) RETURNING id"}, sent)
  end)

  it("is not fetched for inline() and INSERT from SELECT", function()
    assert.same({}, key_of(la.insert(given):inline(), {x = 1}))
    assert.same({}, key_of(la.insert(given):from_select({"id", "x"}, la.select(la.literal("y"), la.literal(1)))))
    assert.equal("INSERT INTO given (x) VALUES (?)", sent[1])
  end)

  it("is that of one row, of an INSERT", function()
    fails(exc.InvalidRequestError, "executemany call", function()
      return conn:execute(la.insert(t), {{x = 1}, {x = 2}}).inserted_primary_key
    end)
    fails(exc.InvalidRequestError, "not an insert() expression", function()
      return conn:execute(la.select(t)).inserted_primary_key
    end)
  end)
end)

describe("DML-06 return_defaults", function()
  it("fetches what the database has made, or the columns named", function()
    local result = conn:execute(la.insert(pair):return_defaults(), {a = 1})
    assert.same({5, 7}, {table.unpack(result.returned_defaults)})
    assert.equal("INSERT INTO pair (a, b, c) VALUES (?, ?, abs(?)) RETURNING c, s, u", sent[1])
    assert.is_false(result.returns_rows)
    result = conn:execute(la.insert(pair):return_defaults(pair.c.s), {a = 2})
    assert.equal(7, result.returned_defaults.s)
    assert.same({2, "b2"}, {table.unpack(result.inserted_primary_key)})
    assert.equal(1, result.rowcount)
  end)

  it("of many rows", function()
    local result = conn:execute(la.insert(pair):return_defaults(pair.c.s), {{a = 1}, {a = 2}})
    assert.equal(2, #result.returned_defaults_rows)
    assert.equal(7, result.returned_defaults_rows[2].s)
    assert.equal("b2", result.inserted_primary_key_rows[2].b)
    assert.equal(1, conn:execute(la.insert(t):return_defaults(), {{x = 1}, {x = 2}}).inserted_primary_key_rows[1].id)
  end)

  it("of an UPDATE", function()
    conn:execute(la.insert(pair), {a = 1})
    local result = conn:execute(la.update(pair):values {s = pair.c.s + 1}:return_defaults())
    assert.equal(8, result.returned_defaults.s)
    assert.equal(1, result.rowcount)
  end)

  it("gives nil where nothing was asked for", function()
    assert.is_nil(conn:execute(la.insert(t), {x = 1}).returned_defaults)
  end)
end)

describe("DML-02 a list of parameters", function()
  it("sends one statement for all rows, whose columns are the first one's", function()
    assert.equal(2, conn:execute(la.insert(t), {{x = 1}, {x = 2}}).rowcount)
    assert.same({"INSERT INTO t (x, name) VALUES (?, ?)"}, sent)
    assert.equal(3, conn:scalar(la.select(la.func.sum(t.c.x))))
  end)

  it("whose rows miss a value is an error that says which row", function()
    fails(exc.StatementError, "A value is required for bind parameter 'x', in parameter group 2", function()
      conn:execute(la.insert(t), {{x = 1}, {name = "n"}})
    end)
    assert.equal(0, conn:scalar(la.select(la.func.count()):select_from(t)))
  end)

  it("has la.null for NULL", function()
    conn:execute(la.insert(t), {{x = 1}, {x = la.null}})
    assert.equal(1, conn:scalar(la.select(la.func.count(t.c.x))))
  end)
end)

describe("DML-16 rowcount", function()
  it("counts the rows that an UPDATE or DELETE finds, changed or not", function()
    conn:execute(la.insert(t), {{x = 1}, {x = 2}, {x = 2}})
    assert.equal(2, conn:execute(la.update(t):where(t.c.x:eq(2)):values {x = 2}).rowcount)
    assert.equal(0, conn:execute(la.delete(t):where(t.c.x:eq(9))).rowcount)
    assert.equal(3, conn:execute(la.delete(t)).rowcount)
  end)

  it("is the sum for many, known with RETURNING too, and -1 for what counts nothing", function()
    conn:execute(la.insert(t), {{id = 1}, {id = 2}, {id = 3}})
    local statement = la.update(t):where(t.c.id:eq(la.bindparam("which"))):values {x = la.bindparam("to")}
    assert.equal(2, conn:execute(statement, {{which = 1, to = 5}, {which = 2, to = 6}, {which = 9, to = 7}}).rowcount)
    assert.equal(3, conn:execute(la.update(t):values {x = 1}:returning(t.c.id)).rowcount)
    assert.equal(-1, conn:execute(la.select(t)).rowcount)
    assert.equal(-1, conn:exec_driver_sql("CREATE TABLE other (x)").rowcount)
  end)
end)

describe("DML-17 defaults", function()
  it("of functions are called for each row, those of SQL stand in the statement, the database's are left out", function()
    conn:execute(la.insert(pair), {{a = 1}, {a = 2}})
    assert.same({"INSERT INTO pair (a, b, c) VALUES (?, ?, abs(?))"}, sent)
    local rows = conn:execute(la.select(pair.c.b, pair.c.c, pair.c.s):order_by(pair.c.a)):all()
    assert.same({"b1", 5, 7}, {table.unpack(rows[1])})
    assert.same({"b2", 5, 7}, {table.unpack(rows[2])})
  end)

  it("yield to values that are given, and to NULL", function()
    conn:execute(la.insert(pair), {a = 1, b = "own", c = 1, s = la.null})
    local row = conn:execute(la.select(pair)):one()
    assert.equal("own", row.b)
    assert.is_nil(row.s)
  end)

  it("of updates come where the column is not set", function()
    conn:execute(la.insert(pair), {a = 1})
    conn:execute(la.update(pair):values {s = 1})
    assert.equal("UPDATE pair SET s=?, u=?", sent[2])
    assert.equal("changed", conn:scalar(la.select(pair.c.u)))
    conn:execute(la.update(pair):values {s = 1, u = "own"})
    assert.equal("own", conn:scalar(la.select(pair.c.u)))
  end)
end)

describe("DML-20 ENG-19 many rows with RETURNING", function()
  local function inserted(options)
    local parameters = {}
    for i = 1, 2500 do parameters[i] = {x = i} end
    return conn:execute(la.insert(t):returning(t.c.id, t.c.x, options), parameters)
  end

  it("give their rows in the order of the parameters, of one prepared statement", function()
    local result = inserted {sort_by_parameter_order = true}
    assert.equal(2500, result.rowcount)
    for i, row in ipairs(result:all()) do
      assert.equal(i, row.x)
      assert.equal(i, row.id)
    end
    assert.same({"INSERT INTO t (x, name) VALUES (?, ?) RETURNING id, x"}, sent)
  end)

  it("whether the order is asked for or not", function()
    local rows = inserted():all()
    assert.equal(1, rows[1].x)
    assert.equal(2500, rows[2500].x)
  end)

  it("and options of SQLAlchemy for batches are taken, since there are none to set", function()
    la.create_engine("sqlite://", {use_insertmanyvalues = false, insertmanyvalues_page_size = 10})
    fails(exc.ArgumentError, "insertmanyvalues_page_size is a number", function()
      la.create_engine("sqlite://", {insertmanyvalues_page_size = "many"})
    end)
  end)
end)

describe("RES-10 a result", function()
  local function result()
    return conn:execute(la.text "SELECT 1 AS x UNION SELECT 2 UNION SELECT 3")
  end

  it("gives each row once", function()
    local rows = result()
    assert.equal(3, #rows:all())
    assert.equal(0, #rows:all())
    rows = result()
    assert.equal(1, rows:fetchone().x)
    assert.equal(2, #rows:all())
  end)

  it("is closed by what takes the first row alone", function()
    local rows = result()
    rows:first()
    assert.is_true(rows.closed)
    fails(exc.ResourceClosedError, "This result object is closed.", function() rows:all() end)
  end)

  it("shares its rows with its views", function()
    local rows = result()
    local scalars = rows:scalars()
    assert.equal(1, scalars:fetchmany(1)[1])
    assert.equal(2, #rows:all())
    assert.equal(0, #scalars:all())
  end)
end)
