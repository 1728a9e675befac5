-- SPDX-License-Identifier: MIT
-- Boxes of expressions and statements share owners: what the program sees of it is when memory goes
-- back, and what a finalizer of its own meets.
local core = require "lualchemy.core"
local la = require "lualchemy"
local collect = require "spec.support.collect"

local text = ("x"):rep(100000)

local function many(count, make)
  local boxes = {}
  for i = 1, count do boxes[i] = make(i) end
  return boxes
end

local function condition(i)
  return la.literal(i):gt(i)
end

describe("memory of expressions", function()
  it("goes back when nothing refers to them", function()
    many(500, condition)
    collect.all()
    local before = core.memory()
    many(500, condition)
    collect.all()
    assert.equal(before, (core.memory()))
  end)

  it("stays for the columns of a subquery whose types call the program", function()
    local Code = la.TypeDecorator:class "Code" {impl = la.String, process_bind_param = function(_, value) return value end}
    local users = la.Table("users", la.MetaData(), la.Column("id", la.Integer), la.Column("code", Code))
    local columns = many(100, function()
      return la.select(users.c.id, users.c.code, la.literal("x", Code):label "given"):subquery("s").c.given
    end)
    collect.all()
    many(1000, condition)
    collect.all()
    for i = 1, #columns do assert.equal("s.given = :given_1", tostring(columns[i]:eq "a")) end
  end)

  it("goes back but for a few neighbours of one that stays", function()
    many(500, condition)
    collect.all()
    local before = core.memory()
    local kept = many(1000, condition)[500]
    local each = (core.memory() - before) / 1000
    collect.all()
    assert.is_true(core.memory() - before <= 64 * each)
    assert.truthy(tostring(kept):find(">", 1, true))
  end)

  it("goes back for what is large, whoever was made beside it", function()
    collect.all()
    local before = core.memory()
    local kept = {}
    many(20, function(i)
      kept[i] = la.literal(i)
      return la.literal(text)
    end)
    collect.all()
    assert.is_true(core.memory() - before < #text)
    assert.equal(20, #kept)
  end)

  it("goes back for what is made of much, whoever was made beside it", function()
    local function keep(count)
      local kept = {}
      for i = 1, count do
        local all = la.and_(table.unpack(many(1000, condition)))
        many(40, la.literal)
        kept[i] = {la.literal(i), tostring(all:label "all") and nil}
      end
      return kept
    end
    keep(1)
    collect.all()
    local before = core.memory()
    local kept = keep(20)
    collect.all()
    assert.is_true(core.memory() - before < 20 * 131072)
    assert.equal(20, #kept)
  end)

  it("survives collections at every few instructions", function()
    collect.often(function()
      local boxes = many(100, condition)
      for i, box in ipairs(boxes) do
        assert.truthy(tostring(box):find(" > ", 1, true), i)
      end
    end)
  end)
end)

describe("a finalizer of the program", function()
  -- Runs `use` in a finalizer that comes after those of whatever was made behind it.
  local function finalize(use)
    local met
    local function leave()
      local guard = setmetatable({}, {__gc = function(self) met = {pcall(use, self.box)} end})
      guard.box = many(100, condition)[100]
    end
    leave()
    collect.all()
    return table.unpack(met)
  end

  it("meets expressions without their content", function()
    assert.same({true, "<released>"}, {finalize(tostring)})
    local ok, err = finalize(function(box) return la.select(box) end)
    assert.is_false(ok)
    assert.is_true(la.exc.ArgumentError:matches(err), tostring(err))
  end)

  it("may keep them and go on with others", function()
    local kept
    finalize(function(box)
      kept = {box, condition(1)}
      many(100, condition)
    end)
    many(100, condition)
    collect.all()
    assert.equal("<released>", tostring(kept[1]))
    assert.truthy(tostring(kept[2]):find(" > ", 1, true))
    assert.is_false((pcall(la.and_, kept[2], kept[1])))
  end)
end)

describe("an object that an expression is made with", function()
  it("lives as long as the expression", function()
    local weak = setmetatable({}, {__mode = "v"})
    local Type = la.TypeDecorator:class "PagedType" {
      impl = la.String,
      process_bind_param = function(_, value) return value end,
    }
    local function make()
      local given = Type()
      weak.type = given
      return la.literal("x", given):eq "y"
    end
    local box = make()
    many(200, condition)
    collect.all()
    assert.truthy(weak.type)
    assert.truthy(tostring(box))
    box = nil
    many(200, condition)
    collect.all()
    assert.is_nil(box)
    assert.is_nil(weak.type)
  end)
end)
