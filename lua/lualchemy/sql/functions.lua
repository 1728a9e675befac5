-- SPDX-License-Identifier: MIT
-- SQLAlchemy's `sqlalchemy.sql.functions`: `func`, and classes of functions of the program, which `func` then makes.
local core = require "lualchemy.core"
local element = require "lualchemy.sql._element"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"
local sql = require "lualchemy.sql"

local M = {func = sql.func, FunctionElement = sql.FunctionElement}

-- Names that were registered: where they are found → true.
local registered = {}

--- Lets `func.identifier(…)`, or `func.package.identifier(…)`, call `fn`. SQLAlchemy's `register_function()`.
---
---     functions.register_function("double", function(x) return x * 2 end)
---     la.select(la.func.double(users.c.age))
---@param identifier string  found in any case of its letters
---@param fn function|table  what is called with the arguments, and gives an SQL expression
---@param package string?  names separated by dots
---@raise ArgumentError for names that are no texts, and what cannot be called
function M.register_function(identifier, fn, package)
  for what, name in next, {identifier = identifier, package = package} do
    if type(name) ~= "string" or name == "" then
      error(exc.ArgumentError(("register_function: %s must be a name, not %s"):format(what, describe.value(name))), 0)
    end
  end
  if identifier == nil then error(exc.ArgumentError("register_function takes a name and a function"), 0) end
  local callable = type(fn) == "function" or type(fn) == "table" and getmetatable(fn) and getmetatable(fn).__call
  if not callable then
    error(exc.ArgumentError(("register_function: %s cannot be called"):format(describe.value(fn))), 0)
  end
  local place, key = sql.func, ((package and package .. "." or "") .. identifier):lower()
  for name in (package or ""):gmatch "[^.]+" do
    place = place[name]
    if core.class_of(place) ~= "lualchemy.func" then
      error(exc.ArgumentError(("register_function: %s is a function, not a package"):format(name)), 0)
    end
  end
  if registered[key] then
    require("lualchemy.warnings").warn(('The GenericFunction "%s" is already registered and is going to be overridden.')
      :format(key))
  end
  registered[key] = true
  core.register_function(place, identifier:lower(), fn)
end

-- A call as the database's function `name` with the arguments and the type that the object has.
local function make_call(object, class)
  if element.has_functions(class) then return element.make(object, class) end
  local arguments = {table.unpack(object.clauses)}
  if object.type then arguments[#arguments + 1] = {type_ = object.type} end
  local call = core.call_function(object.name, table.unpack(arguments))
  rawset(object, "__clause_element", call)
  rawset(object, "type", call.type)
end

-- A new class is found under its identifier.
local function register_class(class)
  local type_ = rawget(class, "type")
  if type_ ~= nil and not pcall(core.type_get, type_, "kind") then
    error(exc.ArgumentError(('class "%s": type is a type such as la.Integer, not %s'):format(class.__name__, describe.value(type_))), 0)
  end
  class.name = rawget(class, "name") or class.__name__
  M.register_function(rawget(class, "identifier") or class.name, class, rawget(class, "package"))
end

--- Functions of the program, which `func` makes once their class is there:
---
---     local as_utc = functions.GenericFunction:class "as_utc" {type = la.DateTime}
---     la.select(la.func.as_utc(orders.c.placed))
---     --> SELECT as_utc(orders.placed) AS as_utc_1
---
--- `name` is written in SQL (default: the class's name), `identifier` (default: `name`) and `package` say where `func` has it:
--- `{package = "geo", name = "ST_Buffer", identifier = "buffer"}` is `func.geo.buffer(…)`. An `__init` may change the
--- arguments before it hands them to `GenericFunction.__init`.
M.GenericFunction = sql.FunctionElement:class "GenericFunction" {__make = make_call}
M.GenericFunction.__on_class = register_class

-- The type of the first of `expressions` that has one.
local function type_of(expressions)
  for _, expression in ipairs(expressions) do
    local known = expression.type
    if known ~= nil and known.__name__ ~= "NullType" then return known end
  end
end

-- Classes that are there for being inherited from.
local function base_class(name, fields)
  local on_class = M.GenericFunction.__on_class
  M.GenericFunction.__on_class = nil
  local class = M.GenericFunction:class(name)(fields)
  M.GenericFunction.__on_class = on_class
  return class
end

--- Functions whose result has the type of their arguments, as `max` and `coalesce` have.
M.ReturnTypeFromArgs = base_class("ReturnTypeFromArgs", {
  __init = function(self, ...)
    sql.FunctionElement.__init(self, ...)
    self.type = type_of(self.clauses)
  end,
})

--- Functions that are written without parentheses where they have no arguments: `CURRENT_USER`.
M.AnsiFunction = base_class("AnsiFunction", {})
element.compiles(M.AnsiFunction)(function(call, compiler)
  return #call.clauses == 0 and call.name or compiler:visit_function(call)
end)

return require("lualchemy.strict").module("lualchemy.sql.functions", M)
