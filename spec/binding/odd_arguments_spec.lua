-- SPDX-License-Identifier: MIT
-- Arguments of a kind that no function takes, where Lua itself would find them only deep inside: each is an error
-- of ours that names the function.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local fails = require "spec.support.fails"
local ArgumentError = la.exc.ArgumentError

describe("an argument of the wrong kind", function()
  local session
  before_each(function() session = orm.Session(la.create_engine "sqlite://") end)
  after_each(function() session:close() end)

  local function refused(text, fn, ...)
    local args = table.pack(...)
    fails(ArgumentError, text, function() fn(table.unpack(args, 1, args.n)) end)
  end

  it("is refused by the functions of warnings", function()
    refused("warn takes a message, not nil", la.warnings.warn)
    refused("warn: category is a class of warnings", la.warnings.warn, "x", 5)
    refused("catch_warnings takes a function, not nil", la.warnings.catch_warnings)
    refused("showwarning takes a warning, not 7", la.warnings.showwarning, 7)
  end)

  it("is refused by the functions of the ORM", function()
    refused("has_inherited_table takes a class, not nil", orm.has_inherited_table)
    refused("sessionmaker takes a table of options, not 4", orm.sessionmaker, nil, 4)
    refused("polymorphic_union takes a table of identity = table, not 1", orm.polymorphic_union, {1})
    refused("session:get_bind takes a table of options, not 1", session.get_bind, session, nil, 1)
    refused("session:delete_all() takes a list of objects", session.delete_all, session, session)
    refused("Query.merge_result takes a Result or a list, not nil", function() session:query(la.literal(1)):merge_result(nil) end)
  end)

  it("is refused by slice where the numbers overflow", function()
    local select = la.select(la.column "x")
    refused("slice: no table has as many rows", select.slice, select, math.mininteger, math.maxinteger)
    refused("slice: no table has as many rows", function() select:offset(5):slice(math.maxinteger, nil) end)
  end)

  it("is refused by what sorts tables", function()
    local t = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}))
    refused("sort_tables: extra_dependencies takes a list of pairs {first, then} of Tables, not 5", la.sort_tables, {t}, {extra_dependencies = {5}})
    refused("number 2 is 5", la.sort_tables, {t}, {extra_dependencies = {{t, 5}}})
    refused("sort_tables: skip_fn takes a function, not 5", la.sort_tables, {t}, {skip_fn = 5})
    refused("filter_fn takes a function, not 5", la.sort_tables_and_constraints, {t}, {filter_fn = 5})
  end)

  it("is refused by constraints, for a column", function()
    local expected = "String column name or column expression for DDL constraint expected, got "
    refused(expected .. "5.", la.UniqueConstraint, 5)
    refused(expected .. "nil.", la.UniqueConstraint, "a", nil, "b")
    refused(expected .. "true.", la.PrimaryKeyConstraint, true)
    refused(expected .. "5.", la.ForeignKeyConstraint, {5}, {"a.b"})
  end)

  it("is refused by classes of functions", function()
    local functions = require "lualchemy.sql.functions"
    local Generic = functions.GenericFunction
    refused('class "odd": type is a type such as la.Integer, not 5', function() return Generic:class "odd" {type = 5} end)
    refused('class "odd": __init is a function, not a number', function() return Generic:class "odd" {__init = 4} end)
    functions.register_function("odd_taken", function() return la.literal(1) end)
    refused("odd_taken is a function, not a package", functions.register_function, "buffer", function() end, "odd_taken")
  end)

  it("is refused by elements of DDL", function()
    refused("a DDL element is executed by a Connection, not by nil", la.DDL "SELECT 1")
    refused("a DDL element is executed by a Connection, not by 5", la.DDL "SELECT 1", nil, 5)
  end)
end)
