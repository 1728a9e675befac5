-- SPDX-License-Identifier: MIT
-- Statements of very many terms that are really run: the right answer, or SQLite's limit as an error object.
local la = require "lualchemy"
local fails = require "spec.support.fails"

describe("a statement that is run with very many", function()
  local COUNT = 100000
  local exc, conn, t = la.exc, nil, nil
  before_each(function()
    conn = la.create_engine("sqlite://"):connect()
    local metadata = la.MetaData()
    t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("n", la.String))
    metadata:create_all(conn)
    conn:execute(la.insert(t), {{id = 1, n = "a"}, {id = 2, n = "b"}, {id = COUNT, n = "c"}})
  end)
  after_each(function() conn:close() end)

  local function many(count, make)
    local list = {}
    for i = 1, count do list[i] = make(i) end
    return list
  end
  local function rows(statement) return #conn:execute(statement):all() end
  local function too_large(pattern, statement)
    fails(exc.OperationalError, pattern, function() conn:execute(statement) end)
    assert.equal(3, conn:scalar(la.select(la.func.count()):select_from(t)))
  end

  it("values of IN finds what is there, also beyond SQLite's number of parameters", function()
    for _, count in ipairs {32766, 32767, COUNT} do
      assert.equal(count == COUNT and 3 or 2, rows(la.select(t):where(t.c.id:in_(many(count, function(i) return i end)))))
    end
  end)

  it("terms of OR is SQLite's limit, and less than that is answered", function()
    local function either(count)
      local condition = t.c.id:eq(0)
      for i = 1, count do condition = condition | t.c.id:eq(i) end
      return la.select(t):where(condition)
    end
    assert.equal(2, rows(either(900)))
    too_large("Expression tree is too large", either(COUNT))
  end)

  it("columns is SQLite's limit beyond 2000, in a SELECT and in a table", function()
    local function columns(count) return la.select(many(count, function(i) return la.literal_column(tostring(i)) end)) end
    assert.equal(2000, #conn:execute(columns(2000)):first())
    too_large("too many columns in result set", columns(2001))
    too_large("too many columns in result set", la.select(many(COUNT, function(i) return la.literal(i) end)))
    local function wide(name, count)
      return la.Table(name, la.MetaData(), table.unpack(many(count, function(i) return la.Column("c" .. i, la.Integer) end)))
    end
    local widest, values = wide("widest", 2000), {}
    widest:create(conn)
    for i = 1, 2000 do values["c" .. i] = i end
    conn:execute(la.insert(widest), values)
    assert.equal(2000, conn:execute(la.select(widest)):first().c2000)
    fails(exc.OperationalError, "too many columns on wider", function() wide("wider", 2001):create(conn) end)
  end)

  it("SELECTs, arguments, joins and levels is SQLite's limit, or ours, by name", function()
    too_large("too many terms in compound SELECT", la.union_all(table.unpack(many(5000, function(i) return la.select(la.literal(i)) end))))
    too_large("too many arguments on function max", la.select(la.func.max(table.unpack(many(200, function(i) return i end)))))
    local join = t
    for _ = 1, 70 do
      local alias = t:alias()
      join = join:join(alias, alias.c.id:eq(t.c.id))
    end
    too_large("at most 64 tables in a join", la.select(t.c.id):select_from(join))
    local nested = la.select(t.c.id)
    for _ = 1, 1000 do nested = la.select(nested:subquery().c.id) end
    fails(exc.CompileError, "nested too deeply", function() conn:execute(nested) end)
  end)

  it("rows of VALUES, sets of parameters and bytes is written and read", function()
    assert.equal(16000, conn:execute(la.insert(t):values(many(16000, function() return {n = "x"} end))).rowcount)
    assert.equal(COUNT, conn:execute(la.insert(t), many(COUNT, function() return {n = "x"} end)).rowcount)
    local long = ("z"):rep(10 * 1024 * 1024)
    assert.is_true(conn:scalar(la.select(la.literal(long))) == long)
    assert.equal(1, conn:scalar(la.text("SELECT 1 -- " .. long)))
    local label = conn:execute(la.select(la.literal(1):label(long))):keys()[1]
    assert.is_true(label == long) -- what is made by the library alone is cut
    assert.equal("a\xff\xfe\0z", conn:scalar(la.select(la.literal "a\xff\xfe\0z")))
    fails(exc.ProgrammingError, "zero byte", function() conn:execute(la.select(la.column "a\0b"):select_from(la.table "t")) end)
  end)
end)
