-- SPDX-License-Identifier: MIT
-- Classes of functions that func makes (FN-07).
local la = require "lualchemy"
local compiles = require("lualchemy.ext.compiler").compiles
local functions = require "lualchemy.sql.functions"
local check = require "spec.support.literal"
local fails = require "spec.support.fails"
local words = require "spec.support.words"
local func, users = la.func, words.users

describe("functions of the program (FN-07)", function()
  it("have a type, a name of their own, and a package", function()
    functions.GenericFunction:class "spec_as_utc" {type = la.DateTime}
    functions.GenericFunction:class "SpecBuffer" {
      type = la.LargeBinary, package = "spec_geo", name = "ST_Buffer", identifier = "buffer", inherit_cache = true,
    }
    functions.GenericFunction:class "spec_plain" {}
    check {
      {la.select(func.spec_as_utc(users.c.seen)), "SELECT spec_as_utc(users.seen) AS spec_as_utc_1 FROM users"},
      {func.SPEC_AS_UTC("x"), "spec_as_utc('x')"},
      {func.spec_geo.buffer(users.c.pic, 5), "ST_Buffer(users.pic, 5)"},
      {func.buffer(1), "buffer(1)"},
      {func.spec_plain(1), "spec_plain(1)"},
      {func.spec_as_utc(users.c.seen):eq(nil), "spec_as_utc(users.seen) IS NULL"},
      {la.select(func.spec_as_utc(users.c.seen):over {order_by = users.c.id}:label "o"),
        "SELECT spec_as_utc(users.seen) OVER (ORDER BY users.id) AS o FROM users"},
    }
    assert.equal("DateTime", func.spec_as_utc(users.c.seen).type.__name__)
  end)

  it("may change their arguments, and be written by compiles", function()
    local Twice = functions.GenericFunction:class "spec_twice" {
      type = la.Integer,
      __init = function(self, x) functions.GenericFunction.__init(self, x, x) end,
    }
    check {{func.spec_twice(users.c.age), "spec_twice(users.age, users.age)"}}
    compiles(Twice)(function(call, compiler) return "2 * " .. compiler:process(call.clauses[1]) end)
    check {{func.spec_twice(users.c.age), "2 * users.age"}}
  end)

  it("take the type of their arguments, or stand without parentheses", function()
    functions.ReturnTypeFromArgs:class "spec_greatest" {}
    functions.AnsiFunction:class "SPEC_USER" {type = la.String}
    assert.equal("Date", func.spec_greatest(nil, users.c.born).type.__name__)
    check {
      {func.spec_user(), "SPEC_USER"},
      {func.spec_user(1), "SPEC_USER(1)"},
      {func.spec_user() .. "!", "SPEC_USER || '!'"},
    }
  end)

  it("may be plain functions", function()
    functions.register_function("spec_double", function(x) return x * 2 end)
    functions.register_function("spec_double", function(x) return x * 3 end, "spec_pack.inner")
    check {{func.spec_double(users.c.age), "users.age * 2"}, {func.spec_pack.inner.spec_double(users.c.age), "users.age * 3"}}
    fails(la.exc.ArgumentError, "cannot be called", function() functions.register_function("x", 5) end)
    fails(la.exc.ArgumentError, "must be a name", function() functions.register_function({}, print) end)
    fails(la.exc.ArgumentError, "must be a name", function() functions.register_function("x", print, 5) end)
    fails(la.exc.ArgumentError, "takes a name", function() functions.register_function(nil, print) end)
  end)

  it("warn where one takes another's place", function()
    functions.GenericFunction:class "spec_again" {}
    local warnings = require "lualchemy.warnings"
    local caught = warnings.catch_warnings(function() functions.GenericFunction:class "spec_again" {} end)
    assert.truthy(tostring(caught[1]):find("already registered", 1, true))
  end)
end)
