-- SPDX-License-Identifier: MIT
-- Names of parameters: where two meet, and what placeholders make of their characters.
local la = require "lualchemy"
local fails = require "spec.support.fails"
require "spec.support.sql"
local x, y = la.column("x", la.Integer), la.column("y", la.String)

describe("names of parameters", function()
  it("EXP-14 never take that of a bindparam()", function()
    local named, plain = x:eq(la.bindparam("x_1", 5)), x:eq(7)
    local message = "Bind parameter 'x_1' conflicts with unique bind parameter of the same name"
    fails(la.exc.CompileError, message, function() return la.and_(named, plain):compile() end)
    fails(la.exc.CompileError, message, function() return la.and_(plain, named):compile() end)
  end)

  it("EXP-14 have no characters in a placeholder that would end it", function()
    assert.sql(x:eq(la.bindparam("a.b (c)", 5)), "x = :a_b_AcZ")
    assert.equal('"a:b" IN (__[POSTCOMPILE_aCb_1])', tostring(la.column "a:b":in_ {1}:compile()))
    assert.equal('"a(b)%c[d]" IN (__[POSTCOMPILE_a_b_c_d__1])', tostring(la.column "a(b)%c[d]":in_ {1}:compile()))
    local compiled = la.column("per%cent (all)", la.Integer):eq(5):compile()
    assert.equal('"per%cent (all)" = :per_cent_all_1', tostring(compiled))
    assert.same({"per_cent_all_1"}, {table.unpack(compiled.positiontup)})
  end)

  it("EXP-03 make a list in bindparam() one for IN", function()
    local compiled = x:in_(la.bindparam("q", {1, 2})):compile {dialect = "sqlite", literal_binds = true}
    assert.equal("x IN (1, 2)", tostring(compiled))
  end)

  it("EXP-04 type tuples, whose rows may be tuples", function()
    local pair = la.tuple_(la.column "a", la.column "b", {types = {la.Integer, la.String}})
    assert.sql(pair:in_ {la.tuple_(1, "a"), {2, "b"}}, "(a, b) IN ((:param_1, :param_2), (:param_3, :param_4))")
    fails(la.exc.ArgumentError, "types", function() return la.tuple_(x, y, {types = {la.Integer}}) end)
  end)

  it("EXP-15 leave out an else_ of la.null", function()
    assert.sql(la.case({x:eq(1), y}, {else_ = la.null}), "CASE WHEN (x = :x_1) THEN y END")
  end)
end)
