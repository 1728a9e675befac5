-- SPDX-License-Identifier: MIT
-- Fields of expressions, FROM elements and statements that are asked for seldom: made in Lua. A name that
-- there is not is an error that names the nearest one.
local core = require "lualchemy.core"
local strict = require "lualchemy.strict"

local M = {}

-- The columns of a FROM element for which `is_wanted` holds.
local function columns_where(from, is_wanted)
  local found = {}
  for _, column in ipairs(from.c) do
    if is_wanted(column) then found[#found + 1] = column end
  end
  return found
end

-- ---------------------------------------------------------------------------------------------
-- Expressions

local columns = {
  table = function(_, from) return from end,
  primary_key = function(origin) return origin ~= nil and origin.primary_key end,
  foreign_keys = function(origin) return origin and origin.foreign_keys or {} end,
  nullable = function(origin) return origin == nil or origin.nullable end,
}

--- The functions of `bindparam(name, {callable_ = …})`, by the types that call them.
---@private
M.callables = setmetatable({}, {__mode = "k"})

local function callable_of(self) return M.callables[self.type] end

local params = {
  callable = callable_of,
  effective_value = function(self)
    local callable = callable_of(self)
    if callable then return callable() end
    local _, value = core.expression_part(self, "value")
    return value
  end,
}

-- What stands in `compiled.params` for a parameter without a value of its own.
core.hook("param_value", function(type)
  local callable = M.callables[type]
  if callable then return callable() end
  return core.null()
end)

-- What a comparator_factory's methods call their expression, which they are called on here.
local itself = {expr = true, expression = true}

core.hook("expression_field", function(self, name, methods)
  if columns[name] then return columns[name](core.column_origin(self)) end
  local found, part = core.expression_part(self, name)
  if found then return part end
  if itself[name] then return self end
  if params[name] and core.expression_part(self, "value") then return params[name](self) end
  if strict.is_probe(name) then return nil end
  strict.unknown("an expression", name, columns, methods)
end)

-- ---------------------------------------------------------------------------------------------
-- FROM elements

local froms = {
  element = core.from_element,
  original = core.from_element,
  description = function(from) return from.name end,
  schema = function() return nil end,
  primary_key = function(from)
    return columns_where(from, function(column) return column.primary_key end)
  end,
  foreign_keys = function(from)
    local keys = {}
    for _, column in ipairs(from.c) do
      for _, key in ipairs(column.foreign_keys) do keys[#keys + 1] = key end
    end
    return keys
  end,
}

local from_names = {"c", "columns", "exported_columns", "column", "name", "left", "right", "onclause"}

core.hook("from_field", function(self, name, methods)
  if froms[name] then return froms[name](self) end
  if strict.is_probe(name) then return nil end
  for _, known in ipairs(from_names) do
    if known == name then return nil end
  end
  strict.unknown("a FROM clause", name, froms, methods, from_names)
end)

-- ---------------------------------------------------------------------------------------------
-- Statements

local is_from = {["lualchemy.Table"] = true, ["lualchemy.FromClause"] = true}

local function describe_entity(entity, aliased)
  local class, name = core.entity_class(entity)
  if not aliased then name = class.__name__ end
  return {name = name, type = class, aliased = aliased, expr = entity, entity = entity}
end

-- One part that is no class; of tables each column.
local function describe_part(descriptions, item, entity)
  if is_from[core.class_of(item)] then
    for _, column in ipairs(item.c) do describe_part(descriptions, column, entity) end
    return
  end
  descriptions[#descriptions + 1] = {name = core.expression_name(item), type = item.type,
    aliased = entity ~= nil and not core.is_mapped(entity), expr = item, entity = entity}
end

--- What a statement selects or returns, part by part: `name`, `type` (a type, or the class), `aliased`, `expr`, `entity`
--- (the class or alias it comes from).
---@private
function M.column_descriptions(statement)
  local items, entities = core.select_items(statement)
  local descriptions, of_classes = {}, false
  for i, item in ipairs(items) do
    local entity = entities[i] or nil
    of_classes = of_classes or entity ~= nil
    if item == entity then
      descriptions[#descriptions + 1] = describe_entity(entity, not core.is_mapped(entity))
    else
      describe_part(descriptions, item, entity)
    end
  end
  if not of_classes and core.class_of(statement) == "lualchemy.Select" then
    -- Names are those of a row's columns: of two the second is "id_1".
    for i, key in ipairs(statement.selected_columns:keys()) do
      if descriptions[i] then descriptions[i].name = key end
    end
  end
  return descriptions
end

-- The table or class that INSERT, UPDATE or DELETE is of.
local function entity_description(statement)
  local target = statement.table
  local table, class = core.base_table(target), core.entity_class(target)
  if not class then return {name = target.name, table = target} end
  return {name = class.__name__, type = class, expr = class, entity = class, table = table}
end

local selects = {column_descriptions = M.column_descriptions}
local changes = {returning_column_descriptions = M.column_descriptions, entity_description = entity_description}

local fields_of = {
  ["lualchemy.Select"] = selects, ["lualchemy.Insert"] = changes, ["lualchemy.Update"] = changes,
  ["lualchemy.Delete"] = changes,
}

local statement_names = {"selected_columns", "exported_columns", "c", "columns", "inner_columns", "whereclause", "froms",
  "columns_clause_froms", "table"}

core.hook("statement_field", function(self, name, methods)
  local class = core.class_of(self)
  local fields = fields_of[class] or {}
  if fields[name] then return fields[name](self) end
  if strict.is_probe(name) then return nil end
  for _, known in ipairs(statement_names) do
    if known == name then return nil end
  end
  strict.unknown(class:match "%w+$":lower() .. "()", name, fields, methods, statement_names)
end)

return M
