-- SPDX-License-Identifier: MIT
-- compile{…}: texts, parameters, dialects.
local la = require "lualchemy"
local tables = require "spec.support.tables"
local u = tables.users.c

describe("compile", function()
  local stmt = la.select(u.id):where(u.id:gt(3), u.name:in_{"a", "b"})

  it("finds the text of an equal statement in the engine's cache, with the parameters of this one", function()
    local engine = la.create_engine("sqlite://")
    local function build(value)
      return la.select(u.id):where(u.id:gt(value), u.name:in_{"a", "b"})
    end
    local first, second = build(3):compile(engine), build(4):compile{bind = engine}
    assert.equal(tostring(build(3):compile{dialect = "sqlite"}), tostring(first))
    assert.equal(tostring(first), tostring(second))
    assert.equal(3, first.params.id_1)
    assert.equal(4, second.params.id_1)
    assert.same({"a", "b"}, second.params.name_1)
    assert.same({"id_1", "name_1"}, {table.unpack(second.positiontup)})
    assert.equal(second.params, second.params)
    local text = tostring(build(4):compile{bind = engine, literal_binds = true})
    assert.matches("users.id > 4", text, 1, true)
  end)

  it("gives each statement its own text and names while the cache changes and Lua collects", function()
    local engine = la.create_engine("sqlite://", {query_cache_size = 2})
    local kept = {}
    for i = 1, 60 do
      local limited = la.select(u.id):where(u.name:eq("a")):limit(i)
      for j = 2, i % 7 + 1 do limited = limited:where(u.id:ne(j)) end
      local text = tostring(limited:compile{dialect = "sqlite"})
      local compiled = limited:compile(engine)
      assert.equal(text, compiled.string)
      assert.equal(i, compiled.params.param_1)
      if i % 3 == 0 then kept[#kept + 1] = {text = text, compiled = compiled} end
      if i % 10 == 0 then collectgarbage() end
    end
    for _, entry in ipairs(kept) do
      assert.equal(entry.text, entry.compiled.string)
      assert.equal(select(2, entry.text:gsub("?", "")), #entry.compiled.positiontup)
    end
  end)

  it("may be read by a finalizer of the program", function()
    local seen
    do
      local compiled = stmt:compile(la.create_engine("sqlite://"))
      setmetatable({compiled = compiled}, {__gc = function(self)
        seen = {self.compiled.string, self.compiled.params, self.compiled.dialect}
      end})
    end
    collectgarbage()
    collectgarbage()
    assert.truthy(seen)
  end)

  it("takes the dialect of an engine", function()
    local engine = la.create_engine("sqlite://")
    local limited = la.select(u.id):limit(2)
    local text = tostring(limited:compile{dialect = "sqlite"})
    assert.equal(text, tostring(limited:compile(engine)))
    assert.equal(text, tostring(limited:compile{bind = engine}))
    assert.equal(text, tostring(limited:compile{dialect = engine.dialect}))
    assert.equal(tostring(limited:compile{dialect = "sqlite", literal_binds = true}), tostring(limited:compile(engine, {literal_binds = true})))
  end)

  it("EXP-26 gives text, params and their order", function()
    local compiled = stmt:compile{dialect = "sqlite"}
    assert.equal(tostring(compiled), compiled.string)
    assert.equal(3, compiled.params.id_1)
    assert.same({"a", "b"}, compiled.params.name_1)
    assert.same({"id_1", "name_1"}, {table.unpack(compiled.positiontup)})
    assert.equal("sqlite", compiled.dialect.name)
    assert.equal("qmark", compiled.dialect.paramstyle)
    assert.equal(stmt, compiled.statement)
  end)

  it("EXP-26 takes other values for the params, and names what it has", function()
    local compiled = stmt:compile{dialect = "sqlite"}
    local params = compiled:construct_params{id_1 = 9, other = 5}
    assert.equal(9, params.id_1)
    assert.same({"a", "b"}, params.name_1)
    assert.is_nil(params.other)
    assert.equal(3, compiled.params.id_1)
    local ok, err = pcall(function() return compiled.parms end)
    assert.is_false(ok)
    assert.truthy(tostring(err):find('a Compiled has no "parms": it has string, params', 1, true))
  end)

  it("EXP-26 writes values into the text", function()
    local text = tostring(stmt:compile{literal_binds = true})
    assert.matches("users.id > 3 AND users.name IN ('a', 'b')", text, 1, true)
    assert.equal(text, tostring(stmt:compile{compile_kwargs = {literal_binds = true}}))
    assert.matches("'it''s'", tostring(u.name:eq("it's"):compile{literal_binds = true}), 1, true)
  end)

  it("EXP-26 takes a dialect's name, its object, or what has one", function()
    local dialect = stmt:compile{dialect = "sqlite"}.dialect
    assert.equal(tostring(stmt:compile{dialect = "sqlite"}), tostring(stmt:compile{dialect = dialect}))
    local ok, err = pcall(stmt.compile, stmt, {dialect = "nope"})
    assert.is_false(ok)
    assert(la.exc.NoSuchModuleError:matches(err))
    ok, err = pcall(stmt.compile, stmt, {dialekt = "sqlite"})
    assert.is_false(ok)
    assert.matches("did you mean 'dialect'", err.message)
  end)

  it("EXP-26 leaves a failure of tostring in its text", function()
    assert.matches("Unconsumed column names: nope", tostring(la.insert(tables.users):values{nope = 1}))
  end)
end)

describe("a large statement", function()
  it("EXP-12 of 100,000 terms compiles", function()
    local terms = {}
    for i = 1, 100000 do terms[i] = u.id:eq(i) end
    local text = tostring(la.select(u.id):where(la.or_(table.unpack(terms, 1,
      50000)) | la.or_(table.unpack(terms, 50001))))
    local _, count = text:gsub(" OR ", "")
    assert.equal(99999, count)
  end)

  it("EXP-12 of 100,000 chained conditions compiles", function()
    local condition = u.id:eq(0)
    for i = 1, 100000 do condition = condition & u.id:ne(i) end
    local _, count = tostring(condition):gsub(" AND ", "")
    assert.equal(100000, count)
  end)

  it("SEL-03 of 20,000 where() calls compiles", function()
    local stmt = la.select(u.id)
    for i = 1, 20000 do stmt = stmt:where(u.id:ne(i)) end
    local _, count = tostring(stmt):gsub(" AND ", "")
    assert.equal(19999, count)
  end)

  it("EXP-03 with a list of 50,000 values is built", function()
    local list = {}
    for i = 1, 50000 do list[i] = i end
    assert.equal(50000, #u.id:in_(list):compile().params.id_1)
  end)
end)

describe("memory", function()
  local collect = require "spec.support.collect"

  it("of statements is given back", function()
    assert.is_true(collect.goes(function() return la.select(u.id):where(u.id:eq(1)):subquery().c end))
  end)

  it("of statements survives collections at any moment", function()
    local text = collect.often(function()
      local sub = la.select(u.id, la.func.count(u.age)):where(u.name:in_{"a", "b"}):group_by(u.id):subquery "s"
      return tostring(la.select(sub.c.id, sub.c.count):where(sub.c.count:gt(2)):filter_by{id = 3})
    end, 11)
    assert.matches("AND s.id = :id_1", text, 1, true)
  end)
end)
