-- SPDX-License-Identifier: MIT
-- SQL of the program's own, as SQLAlchemy's `sqlalchemy.ext.compiler`.
--
--   local compiler = require "lualchemy.ext.compiler"
--   local Greatest = la.FunctionElement:class "Greatest" {type = la.Integer, name = "greatest"}
--   compiler.compiles(Greatest)(function(element, compiler, kw)
--     return "greatest(" .. compiler:process(element.clauses, kw) .. ")"
--   end)
--   compiler.compiles(Greatest, "sqlite")(function(element, compiler, kw)
--     return "max(" .. compiler:process(element.clauses, kw) .. ")"
--   end)
--   la.select(Greatest(t.c.a, t.c.b, 5))
--
-- The functions are called when an object is made, once for each dialect that has one.
local element = require "lualchemy.sql._element"

local M = {}

--- Says how objects of a class are written in SQL: on the dialects named, or, without names, on every other. Gives a
--- function that takes `fn(element, compiler, kw)`, which gives the SQL text. `compiler:process(part, kw)` stands in it
--- for the SQL of a part: an expression, FROM element (`{asfrom = true}`), statement, or a sequence of them; with
--- `{literal_binds = true}` its values are in the text; `compiler:visit_function(element)` for a call as functions are
--- written that nothing is said of. `compiler.dialect.name` is the dialect's, or "default",
--- `compiler.preparer:quote(name)` a name in quotes where they are needed, `:format_table(t)`, `:format_column(c)` names.
---
--- A class without functions has those of the class above it. As SQLAlchemy's `@compiles`.
---
---     compiles(utcnow, "sqlite")(function() return "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))" end)
---
--- Raises ArgumentError for what is no class of SQL elements.
---@param class any  made by `la.ColumnElement:class "Name" {…}` or one of its kin
---@param ... string  names of dialects
---@return fun(fn: fun(element: any, compiler: any, kw: table): string): function
function M.compiles(class, ...)
  return element.compiles(class, ...)
end

--- Forgets the functions of a class. As SQLAlchemy's `deregister`.
---
---     deregister(utcnow)
---
---@param class any
function M.deregister(class)
  element.deregister(class)
end

return require("lualchemy.strict").module("lualchemy.ext.compiler", M)
