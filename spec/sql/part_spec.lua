-- SPDX-License-Identifier: MIT
-- The parts of expressions, read back as fields.
local la = require "lualchemy"
local fails = require "spec.support.fails"
local words = require "spec.support.words"
local users = words.users
local id, name = users.c.id, users.c.name

local function texts(list)
  local found = {}
  for _, part in ipairs(list) do found[#found + 1] = tostring(part) end
  return found
end

describe("parts of expressions", function()
  it("are the sides of an operator, and what labels, casts and functions are of", function()
    local condition = id:eq(5)
    assert.equal(id, condition.left)
    assert.equal(5, condition.right.value)
    assert.same({"users.id = :id_1", "users.name IS NULL"}, texts(la.and_(condition, name:is_(nil)).clauses))
    assert.equal(id, id:label "n".element)
    assert.equal(id, la.cast(id, la.String).clause)
    assert.equal(name, la.func.coalesce(name, "x").clauses[1])
    assert.equal("x", la.func.coalesce(name, "x").clauses[2].value)
    assert.equal(id, la.extract("year", id).expr)
  end)

  it("are what a window, a filter and WITHIN GROUP are made of", function()
    local total = la.func.sum(id)
    local window = total:over {partition_by = name, order_by = {id, name:desc()}}
    assert.equal("sum(users.id)", tostring(window.element))
    assert.same({"users.name"}, texts(window.partition_by))
    assert.same({"users.id", "users.name DESC"}, texts(window.order_by))
    assert.is_nil(total:over().order_by)
    local filtered = total:filter(id:gt(2))
    assert.equal("sum(users.id)", tostring(filtered.func))
    assert.equal(2, filtered.criterion.right.value)
    assert.same({"users.id"}, texts(la.func.mode():within_group(id).order_by))
  end)

  it("of a parameter are its name, its value and what is said of it", function()
    local given = la.bindparam("n", 5)
    assert.same({"n", 5, 5, false, false}, {given.key, given.value, given.effective_value, given.required, given.expanding})
    local open = la.bindparam "n"
    assert.is_nil(open.value)
    assert.is_true(open.required)
    assert.is_true(la.bindparam("n", 1, {unique = true}).unique)
    local list = la.bindparam("n", {1, 2})
    assert.is_true(list.expanding)
    assert.equal(2, list.value[2])
  end)

  it("of a parameter with callable_ are the function and what it gives, as in params", function()
    local function seven() return 7 end
    local asked = la.bindparam("n", {callable_ = seven, type_ = la.Integer})
    assert.is_nil(asked.value)
    assert.equal(seven, asked.callable)
    assert.equal(7, asked.effective_value)
    assert.same({n = 7}, la.select(id):where(id:eq(asked)):compile().params)
  end)

  it("name the expression itself, for methods of a comparator_factory", function()
    local sum = id + 1
    assert.equal(sum, sum.expression)
    assert.equal(sum, sum.expr)
    local Logged = la.Integer:class "Logged" {comparator_factory = {log = function(self, base) return la.func.log(base, self.expr) end}}
    local t = la.Table("t", la.MetaData(), la.Column("x", Logged))
    assert.equal(t.c.x, t.c.x.expression)
    assert.equal("log(:log_1, t.x)", tostring(t.c.x:log(2)))
  end)

  it("are refused by name where an expression has none of the kind", function()
    fails(la.exc.ArgumentError, 'has no "left"', function() return id:label "n".left end)
    fails(la.exc.ArgumentError, 'has no "effective_value"', function() return la.func.max(id).effective_value end)
  end)
end)
