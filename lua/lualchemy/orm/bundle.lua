-- SPDX-License-Identifier: MIT
-- Bundles: expressions that come as one value of a row.
--
-- A Bundle holds a node of the statement; rows are put together by the function that core.hook "bundle_rows" gives for a result.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local strict = require "lualchemy.strict"

local M = {}

local known = keywords.set {"single_entity"}

---@class lualchemy.Bundle
---@field name string  what the value is called in a row
---@field c table  the expressions by name, and in order; `columns` is the same
---@field exprs table  the expressions in order
---@field single_entity boolean
local Bundle = {__name = "Bundle"}

local columns_metatable = {
  __name = "columns of a Bundle",
  __index = function(self, key)
    if strict.is_probe(key) then return nil end
    if key == "keys" then return function(columns) return columns.__keys end end
    strict.unknown("a Bundle", key, self)
  end,
}

--- What an expression of a bundle is called in its rows; nil for one without a name.
local function name_of(expression)
  if getmetatable(expression) ~= nil and type(expression) == "table" and rawget(expression, "exprs") then return expression.name end
  local class, alias = core.entity_class(expression)
  if class then return alias or class.__name__ end
  return core.expression_name(expression)
end

local function columns_of(exprs)
  local columns, keys = {}, {}
  for i, expression in ipairs(exprs) do
    local name = name_of(expression)
    columns[i] = expression
    keys[i] = name or false
    if name then columns[name] = expression end
  end
  columns.__keys = keys
  return setmetatable(columns, columns_metatable)
end

local function make(class, name, exprs, single)
  local self = {name = name, exprs = exprs, single_entity = single, c = columns_of(exprs)}
  self.columns = self.c
  setmetatable(self, class)
  local parts = {}
  for i, expression in ipairs(exprs) do parts[i] = expression end
  self.__clause_element = core.row_bundle(name, parts, single, class.create_row_processor ~= Bundle.create_row_processor and self or nil)
  return self
end

--- The same under another name.
---@param name string
---@return lualchemy.Bundle
function Bundle:label(name)
  if type(name) ~= "string" then
    error(exc.ArgumentError(("Bundle:label() takes a name, not a %s"):format(type(name))), 2)
  end
  return make(getmetatable(self), name, self.exprs, self.single_entity)
end

--- Gives the function that makes the bundle's value of a row; it is called with the statement first. Classes made by `Bundle:class` may have
--- their own; this one makes Rows.
---@param procs fun(row: any): any[]  each gives its expression's value in a row
---@param labels string[]  what the expressions are called
---@return fun(row: any): any
function Bundle:create_row_processor(_, procs, labels)
  local row_of, count = core.row_maker(labels), #procs
  return function(row)
    local values = {}
    for i = 1, count do values[i] = procs[i](row) end
    return row_of(table.unpack(values, 1, count))
  end
end

function Bundle:__tostring()
  local names = {}
  for i, key in ipairs(self.c.__keys) do names[i] = key or "?" end
  return ("Bundle(%s: %s)"):format(self.name, table.concat(names, ", "))
end

local function construct(class, name, ...)
  local args, options = keywords.split(class.__name, known, 0, ...)
  if type(name) ~= "string" then
    error(exc.ArgumentError(("%s takes a name first, not a %s"):format(class.__name, type(name))), 2)
  end
  if args.n == 0 then
    error(exc.ArgumentError(("%s \"%s\" has no expressions"):format(class.__name, name)), 2)
  end
  for i = 1, args.n do
    if args[i] == nil then error(exc.ArgumentError(("%s \"%s\": expression %d is nil"):format(class.__name, name, i)), 2) end
  end
  args.n = nil
  local single = options.single_entity
  if single == nil then single = class.single_entity or false end
  return make(class, name, args, single)
end

--- A class of bundles with members of its own, `create_row_processor` and `single_entity` among them.
local function derive(base, name)
  if type(name) ~= "string" then
    error(exc.ArgumentError("Bundle:class takes the name of the class"), 2)
  end
  return function(members)
    local class = {}
    for key, value in pairs(base) do class[key] = value end
    for key, value in pairs(members) do class[key] = value end
    class.__name = name
    return M.open(class)
  end
end

--- Makes `class` callable, and its members those of its bundles.
function M.open(class)
  class.__index = function(_, key)
    local value = class[key]
    if value == nil and not strict.is_probe(key) then strict.unknown("a Bundle", key, class, {name = 1, c = 1, columns = 1, exprs = 1}) end
    return value
  end
  class.class = derive
  return setmetatable(class, {__call = construct, __tostring = function() return ("class %s"):format(class.__name) end})
end

--- Expressions that come as one value of a row, as SQLAlchemy's `Bundle`.
---
---     local person = orm.Bundle("person", User.name, User.age)
---     for row in session:execute(la.select(person):where(person.c.age:gt(18))) do print(row.person.name) end
---@type lualchemy.Bundle | fun(name: string, ...: any): lualchemy.Bundle
M.Bundle = M.open(Bundle)

--- A bundle whose values are plain tables by name, as SQLAlchemy's `DictBundle`.
M.DictBundle = M.Bundle:class "DictBundle" {
  --- As `Bundle:create_row_processor`: the values are tables.
  ---@param procs fun(row: any): any[]
  ---@param labels string[]
  ---@return fun(row: any): table
  create_row_processor = function(_, _, procs, labels)
    return function(row)
      local values = {}
      for i, proc in ipairs(procs) do
        if labels[i] then values[labels[i]] = proc(row) end
      end
      return values
    end
  end,
}

--- The items of parts `first` to `last`: places of values, and bundles with items of their own. `at` is the next bundle.
local function items_of(keys, bundles, first, last, at)
  local items, i = {}, first
  while i <= last do
    local bundle = bundles[at]
    if bundle and bundle.first == i then
      local item = {key = bundle.key, bundle = bundle.bundle, maker = bundle.maker}
      item.items, at = items_of(keys, bundles, i, i + bundle.count - 1, at + 1)
      items[#items + 1], i = item, i + bundle.count
    else
      items[#items + 1], i = {key = keys[i], place = i}, i + 1
    end
  end
  return items, at
end

--- The function that gives an item's value of the values of all parts.
local function processor(statement, item)
  local place = item.place
  if place then
    return function(values) return values[place] end
  end
  local procs, labels = {}, {}
  for i, below in ipairs(item.items) do procs[i], labels[i] = processor(statement, below), below.key end
  if item.maker then
    local made = item.maker
    return function(values)
      local given = {}
      for i, proc in ipairs(procs) do given[i] = proc(values) end
      return made(table.unpack(given, 1, #procs))
    end
  end
  if item.bundle then return item.bundle:create_row_processor(statement, procs, labels) end
  return Bundle.create_row_processor(Bundle, statement, procs, labels)
end

core.hook("bundle_rows", function(statement, keys, bundles)
  local procs = {}
  for i, item in ipairs((items_of(keys, bundles, 1, #keys, 1))) do procs[i] = processor(statement, item) end
  local count = #procs
  return function(...)
    local values, row = {...}, {}
    for i = 1, count do row[i] = procs[i](values) end
    return table.unpack(row, 1, count)
  end
end)

return M
