-- SPDX-License-Identifier: MIT
-- Concrete inheritance: each class has a table with all its columns, and no row in its base's.
--
-- Such classes share nothing in the core but that one is a kind of the other: identities, keys and columns are their own. Selects of a base give objects
-- of all classes once it reads from the union of their tables.
local core = require "lualchemy.core"
local descriptors = require "lualchemy.orm.descriptor"
local exc = require "lualchemy.exc"
local fields_of = require "lualchemy.orm.fields"
local keywords = require "lualchemy.keywords"

local M = {}

local records = fields_of.records
local declarative

--- What mapping.lua gives: `refresh_attributes(class, record)`.
function M.connect(functions)
  declarative = functions
end

local Missing = {__name = "lualchemy.concrete_inherited_property", is_descriptor = true}
Missing.__index = Missing

local function refuse(class, key)
  error(exc.InvalidRequestError(("Concrete Mapper[%s(%s)] does not implement attribute '%s' at the instance level.  Add this property " ..
    "explicitly to Mapper[%s(%s)]."):format(class.__name__, class.__table__.name, key, class.__name__, class.__table__.name)), 0)
end

function Missing:get(object, key) refuse(core.mapped_class_of(object), key) end
function Missing:set(object, key) refuse(core.mapped_class_of(object), key) end
function Missing:of(_, key, class) refuse(class, key) end

--- The columns of the tables in `tables` (identity → table or select) as one select over all of them: what a table does not have is NULL there;
--- `typecol` names a column with the identities. As SQLAlchemy's `polymorphic_union()`.
---
---     local pjoin = orm.polymorphic_union({employee = employees, manager = managers}, "type", "pjoin")
---@param tables table<any, lualchemy.Table>
---@param typecol string?
---@param name string?  of the alias ("p_union")
---@param options table?  `cast_nulls` (true): missing columns are CAST(NULL AS …)
---@return lualchemy.FromClause
---@raise ArgumentError for what is no map of tables
function M.polymorphic_union(tables, typecol, name, options)
  options = keywords.check("polymorphic_union", options, keywords.set {"cast_nulls"})
  if type(tables) ~= "table" or next(tables) == nil then
    error(exc.ArgumentError("polymorphic_union takes a table of identity = table"), 2)
  end
  local la = require "lualchemy"
  local order, keys, types = {}, {}, {}
  for identity in pairs(tables) do order[#order + 1] = identity end
  table.sort(order, function(a, b) return tostring(a) < tostring(b) end)
  for _, identity in ipairs(order) do
    for _, column in ipairs(tables[identity].c) do
      if types[column.key] == nil then
        keys[#keys + 1], types[column.key] = column.key, column.type
      end
    end
  end
  local selects = {}
  for i, identity in ipairs(order) do
    local of_table, columns = tables[identity], {}
    for k, key in ipairs(keys) do
      if of_table.c:contains(key) then
        columns[k] = of_table.c[key]
      else
        columns[k] = (options.cast_nulls == false and la.null_() or la.cast(la.null, types[key])):label(key)
      end
    end
    if typecol then columns[#columns + 1] = la.literal_column(("'%s'"):format(tostring(identity):gsub("'", "''")), la.String):label(typecol) end
    selects[i] = la.select(table.unpack(columns))
  end
  return (#selects == 1 and selects[1] or la.union_all(table.unpack(selects))):alias(name or "p_union")
end

--- A mixin: see lualchemy.ext.declarative.
M.ConcreteBase = fields_of.mixin {}

local function has_mixin(class)
  for _, mixin in ipairs(records[class].definition or {}) do
    if mixin == M.ConcreteBase then return true end
  end
  return false
end

--- The tables of the class and of the concrete classes below it, by identity.
local function family_tables(class, into)
  local identity = records[class].arguments.polymorphic_identity
  if identity ~= nil then into[identity] = class.__table__ end
  for _, below in ipairs(records[class].below) do
    if records[below].arguments.concrete then family_tables(below, into) end
  end
  return into
end

local typecol = "_polymorphic_on"

--- Lets selects of `class` read from the union of the tables of its classes.
local function unite(class)
  local record = records[class]
  local name = rawget(class, "_concrete_discriminator_name") or "type"
  local element = core.mapper_element(class, M.polymorphic_union(family_tables(class, {}), name, "pjoin"))
  core.mapper_expression(class, typecol, element.c[name], nil)
  core.mapper_polymorphic(class, typecol, nil)
  core.mapper_finish(class)
  declarative.refresh_attributes(class, record)
end

--- A concrete class has been mapped: what its base has and it has not is an error to use, and unions are made anew.
function M.begin(class, parent)
  if parent and core.is_mapped(parent) then
    for _, property in ipairs(core.mapper_properties(parent)) do
      if not core.mapper_has(class, property.key) and property.key ~= typecol and rawget(class, property.key) == nil then
        descriptors.add(class, property.key, setmetatable({}, Missing))
      end
    end
  end
  local at = class
  while at and core.is_mapped(at) do
    if has_mixin(at) and #records[at].below + 1 > 1 then
      local record = records[at]
      local base = at
      record.unite = record.unite or function() unite(base) end
      record.registry:_before(record.unite)
    end
    at = rawget(at, "__base__")
  end
end

return M
