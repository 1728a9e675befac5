-- SPDX-License-Identifier: MIT
-- Userdata of ours: their metatables are closed, methods check what they are called on, and the core's
-- low-level functions take wrong arguments as errors.
local core = require "lualchemy.core"
local la = require "lualchemy"
local collect = require "spec.support.collect"

local hostile = {nil, true, 1, 1.5, "text", {}, print, io.stdout, coroutine.create(print), la.null,
  setmetatable({}, {__index = error})}

describe("a box", function()
  local d = la.decimal "1.5"

  it("hides its metatable", function()
    assert.is_false(getmetatable(d))
    assert.has_error(function() setmetatable(d, {}) end)
    assert.is_false(getmetatable(la.date "2024-01-01"))
    assert.is_false(getmetatable(core.list {}))
  end)

  it("refuses a wrong self, naming the method and the class", function()
    for i = 1, 11 do
      local ok, err = pcall(d.quantize, hostile[i], 2)
      assert.is_false(ok)
      assert.is_true(la.exc.ArgumentError:matches(err))
      assert.truthy(tostring(err):find("lualchemy.Decimal", 1, true), tostring(err))
    end
  end)

  it("is known by its class", function()
    assert.equal("lualchemy.Decimal", core.class_of(d))
    assert.is_true(core.is(d, "lualchemy.Decimal"))
    for i = 1, 11 do
      assert.is_nil((core.class_of(hostile[i])))
      assert.is_false(core.is(hostile[i], "lualchemy.Decimal"))
    end
  end)

  it("gets methods from Lua, but no finalizer", function()
    core.extend("lualchemy.Decimal", {_doubled = function(self) return self + self end})
    assert.equal("3.0", tostring(d:_doubled()))
    for _, name in ipairs {"__gc", "__metatable", "__newindex", "__mode", "__name"} do
      assert.has_error(function() core.extend("lualchemy.Decimal", {[name] = print}) end)
    end
    assert.has_error(function() core.extend("lualchemy.Nothing", {}) end)
  end)

  it("takes no assignment", function()
    assert.has_error(function() d.x = 1 end)
  end)
end)

-- Every class of userdata with its methods, from the metatables in the registry. What is a function too
-- (`la.desc(value)`, `column:desc()`) takes a plain value in place of its self, as an operand.
local function each_method(visit)
  for _, meta in next, debug.getregistry() do
    local name = type(meta) == "table" and rawget(meta, "__name")
    local class = type(name) == "string" and name:match("^lualchemy%.(%u.*)$")
    if class then
      local index = rawget(meta, "__index")
      if type(index) == "function" then index = select(2, debug.getupvalue(index, 2)) end
      for method, fn in next, type(index) == "table" and index or {} do
        local both = core[method] ~= nil or method == "bitwise_not"
        if type(fn) == "function" and method ~= "_doubled" and not both then visit(class, method, fn) end
      end
    end
  end
end

describe("every method of every class", function()
  for _, module in ipairs {"lualchemy.schema", "lualchemy.sql", "lualchemy.engine", "lualchemy.orm"} do
    pcall(require, module)
  end

  it("raises for a wrong self", function()
    local accepting = {}
    each_method(function(class, method, fn)
      for i = 1, 11 do
        local ok = pcall(fn, hostile[i])
        if ok then accepting[#accepting + 1] = class .. ":" .. method .. " takes a " .. type(hostile[i]) end
      end
    end)
    table.sort(accepting)
    assert(#accepting == 0, table.concat(accepting, "\n"))
  end)

  it("raises for another class's object as self", function()
    local d = la.decimal "1.5"
    local accepting = {}
    each_method(function(class, method, fn)
      if class ~= "Decimal" and pcall(fn, d) then accepting[#accepting + 1] = class .. ":" .. method end
    end)
    assert(#accepting == 0, table.concat(accepting, "\n"))
  end)
end)

describe("the functions of lualchemy.core", function()
  -- These change what the whole program sees.
  local skip = {no_memory = true, hook = true, home = true, extend = true, listening = true}

  it("raise for wrong arguments, and never crash", function()
    for name, fn in pairs(core) do
      if type(fn) == "function" and not skip[name] then
        for i = 1, 11 do
          pcall(fn, hostile[i])
          for j = 1, 11 do
            pcall(fn, hostile[i], hostile[j])
          end
        end
      end
    end
    collect.all()
  end)
end)

describe("memory", function()
  it("of the core goes back when nothing refers to it", function()
    local function work()
      for i = 1, 200 do
        local x = la.decimal(i) / 7 * "1.0001"
        assert(tostring(x))
        pcall(la.decimal, "x")
      end
    end
    work()
    collect.all()
    local before = core.memory()
    work()
    collect.all()
    assert.equal(before, (core.memory()))
  end)

  it("survives collections at every few instructions", function()
    collect.often(function()
      local sum = la.decimal(0)
      for i = 1, 20 do sum = sum + la.decimal(i) end
      assert.equal("210", tostring(sum))
      assert.equal("[1, 2024-01-01]", tostring(core.list {1, la.date "2024-01-01"}))
      assert.is_false((pcall(la.decimal, "x")))
    end)
  end)

  it("survives a finalizer that works with the library", function()
    local calls = collect.finalizing(function()
      assert(la.decimal "1" + 1)
      pcall(la.decimal, {})
    end, function()
      for i = 1, 100 do assert(la.decimal(i) * 2) end
    end)
    assert.is_true(calls > 0)
  end)
end)
