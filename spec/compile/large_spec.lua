-- SPDX-License-Identifier: MIT
-- Statements far larger than any that a person writes, and names of any bytes: an error object or the right text.
local la = require "lualchemy"
local fails = require "spec.support.fails"

-- Every term costs the same, so a part of them shows it.
local COUNT = os.getenv "LUALCHEMY_THOROUGH" and 100000 or 20000
local a = la.column("a", la.Integer)

-- `make(x)` COUNT times around itself.
local function nested(make, start)
  local expr = start
  for _ = 1, COUNT do expr = make(expr) end
  return expr
end

local function many(make)
  local items = {}
  for i = 1, COUNT do items[i] = make(i) end
  return items
end

local function occurrences(text, word)
  return select(2, text:gsub(word, ""))
end

-- Compiles, and counts a word in the text.
local function count_in(statement, word)
  return occurrences(tostring(statement:compile {dialect = "sqlite"}), word)
end

describe("a statement of very many", function()
  local cases = {
    {"terms of and_", function() return la.and_(table.unpack(many(function(i) return a:eq(i) end))) end, "=", COUNT},
    {"terms of or_", function() return la.or_(table.unpack(many(function(i) return a:eq(i) end))) end, "=", COUNT},
    {"conditions of where", function() return la.select(a):where(many(function(i) return a:ne(i) end)) end, "!=", COUNT},
    {"values of IN as expressions", function() return a:in_(many(function(i) return la.literal(i) end)) end, "%?", COUNT},
    {"additions", function() return nested(function(x) return x + 1 end, a) end, "%+", COUNT},
    {"subtractions from the right", function() return nested(function(x) return 1 - x end, a) end, "%-", COUNT},
    {"nested functions", function() return nested(function(x) return la.func.f(x) end, a) end, "f%(", COUNT},
    {"nested CASEs", function() return nested(function(x) return la.case({a:eq(1), x}) end, a) end, "CASE", COUNT},
    {"nested casts", function() return nested(function(x) return la.cast(x, la.Integer) end, a) end, "CAST", COUNT},
    {"negations", function() return nested(function(x) return -x end, a) end, "%-", COUNT},
    {"labels", function() return nested(function(x) return x:label "x" end, a) end, "a", 1},
    {"branches of a CASE", function()
      return la.case(table.unpack(many(function(i) return {a:eq(i), i} end)))
    end, "WHEN", COUNT},
    {"type_coerces", function() return nested(function(x) return la.type_coerce(x, la.String) end, a) end, "a", 1},
    {"columns", function() return la.select(many(function(i) return la.column("c" .. i) end)) end, "c%d", COUNT},
    {"columns without names", function() return la.select(many(function(i) return la.literal(i) end)) end, "anon_", COUNT},
    {"things to order by", function() return la.select(a):order_by(many(function() return a:desc() end)) end, "DESC", COUNT},
    {"SELECTs of a UNION", function() return la.union_all(many(function() return la.select(a) end)) end, "UNION", COUNT - 1},
    {"rows of VALUES", function()
      return la.insert(la.table("t", la.column "a")):values(many(function(i) return {a = i} end))
    end, "%(%?%)", COUNT},
  }
  for _, case in ipairs(cases) do
    it(case[1] .. " compiles", function()
      local found = count_in(case[2](), case[3])
      assert.equal(case[4], found)
    end)
  end

  it("statements inside each other is an error that says how deep they may be", function()
    local function refused(make)
      local statement = la.select(a)
      for _ = 1, 2000 do statement = make(statement) end
      local err = fails(la.exc.LualchemyError, "nested", function() statement:compile() end)
      assert.truthy(tostring(err):find("nested too deeply", 1, true) or tostring(err):find("more than 500 deep", 1, true))
    end
    refused(function(inner) return la.select(inner:subquery()) end)
    refused(function(inner) return la.select(inner:scalar_subquery()) end)
    refused(function(inner) return la.select(a):where(la.exists(inner)) end)
    refused(function(inner) return la.select(inner:cte(nil, {nesting = true})) end)
  end)

  it("parameters more than SQLite takes is the database's error, and the connection is of use afterwards", function()
    local engine = la.create_engine "sqlite://"
    local connection <close> = engine:connect()
    local most = {}
    for i = 1, 300000 do most[i] = i end
    fails(la.exc.OperationalError, "too many SQL variables", function()
      connection:execute(la.select(la.literal(1):in_(most)))
    end)
    local taken = {}
    for i = 1, 32765 do taken[i] = i end
    assert.is_true(connection:scalar(la.select(la.literal(32765):in_(taken))))
    fails(la.exc.OperationalError, nil, function()
      connection:execute(la.select(nested(function(x) return la.func.abs(x) end, la.literal(1))))
    end)
    assert.equal(1, connection:scalar(la.select(la.literal(1))))
  end)
end)
