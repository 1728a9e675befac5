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
local describe = require "lualchemy.describe"
local stand_in = require "lualchemy.orm.stand_in"

local M = {}

local records = fields_of.records
local declarative = {}

--- What mapping.lua and declarative.lua give: `refresh_attributes(class, record)`, `is_mapped_column(value)`, `column_of(value)`,
--- `finish_class(class, record, parent, fields)`.
function M.connect(functions)
  for name, fn in pairs(functions) do declarative[name] = fn end
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

--- The tables (identity → table) in the order of `order` as one select over all of them.
local function union_of(order, tables, typecol, name, cast_nulls)
  local la = require "lualchemy"
  local keys, types = {}, {}
  for _, identity in ipairs(order) do
    for _, column in ipairs(tables[identity].c) do
      if column.key == typecol then
        error(exc.InvalidRequestError(("Polymorphic union can't use '%s' as the discriminator column due to mapped column %s; please apply the " ..
          "'typecolname' argument; this is available on ConcreteBase as '_concrete_discriminator_name'"):format(typecol, tostring(column))), 0)
      end
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
        columns[k] = (cast_nulls and la.cast(la.null, types[key]) or la.null_()):label(key)
      end
    end
    if typecol then columns[#columns + 1] = la.literal_column(("'%s'"):format(tostring(identity):gsub("'", "''")), la.String):label(typecol) end
    selects[i] = la.select(table.unpack(columns))
  end
  return (#selects == 1 and selects[1] or la.union_all(table.unpack(selects))):alias(name or "p_union")
end

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
  local order = {}
  for identity, of_table in pairs(tables) do
    if core.class_of(of_table) == nil then
      error(exc.ArgumentError(("polymorphic_union takes a table of identity = table, not %s"):format(describe.value(of_table))), 2)
    end
    order[#order + 1] = identity
  end
  table.sort(order, function(a, b) return tostring(a) < tostring(b) end)
  return union_of(order, tables, typecol, name, options.cast_nulls ~= false)
end

--- Mixins: see lualchemy.ext.declarative.
M.ConcreteBase, M.AbstractConcreteBase = fields_of.mixin {}, fields_of.mixin {strict_attrs = false}

local function has_mixin(definition, wanted)
  for _, mixin in ipairs(definition or {}) do
    if mixin == wanted then return true end
  end
  return false
end

--- Is a class with this table mapped to the union of the classes below it?
---@param definition table?
---@return boolean
function M.is_template(definition)
  return has_mixin(definition, M.AbstractConcreteBase)
end

--- The concrete classes below `class`, itself included if it has rows, in the order in which they were made.
local function family(class, list)
  if records[class].arguments and not records[class].template then list[#list + 1] = class end
  for _, below in ipairs(records[class].below) do
    if records[below].arguments.concrete then family(below, list) end
  end
  return list
end

--- What unions call the column with identities.
local function told_by_name(class)
  while class do
    local name = rawget(class, "_concrete_discriminator_name") or records[class] and records[class].union_name
    if name then return name end
    class = rawget(class, "__base__")
  end
  return "type"
end

--- The union of the tables of the class and of the concrete classes below it; the name of its column with identities.
local function family_union(class)
  local order, tables = {}, {}
  for _, member in ipairs(family(class, {})) do
    local identity = records[member].arguments.polymorphic_identity
    if identity ~= nil then
      if not tables[identity] then order[#order + 1] = identity end
      tables[identity] = member.__table__
    end
  end
  local name = told_by_name(class)
  if #order == 0 then return nil, name end
  return union_of(order, tables, name, "pjoin", true), name, tables, order
end

--- Lets selects of `class` read from the union of the tables of its classes.
local function unite(class)
  local record = records[class]
  local union, name = record.union, record.union_name
  if not union then union, name = family_union(class) end
  local element = core.mapper_element(class, union, record.template)
  if not record.template then
    core.mapper_expression(class, name, element.c[name], nil)
    core.mapper_polymorphic(class, name, nil)
  end
  core.mapper_finish(class)
  declarative.refresh_attributes(class, record)
end

--- What the base of a concrete class has and it has not is an error to use.
local function hide_inherited(class, parent)
  local told_by = told_by_name(parent)
  for _, property in ipairs(core.mapper_properties(parent)) do
    if not core.mapper_has(class, property.key) and property.key ~= told_by and rawget(class, property.key) == nil then
      descriptors.add(class, property.key, setmetatable({}, Missing))
    end
  end
end

--- A table that stands for the union: its columns are like those of the first table that has them.
local function table_of_union(record, union, name, tables, order)
  return stand_in.table_of(record.registry.metadata, union, "pjoin", function(key)
    for _, identity in ipairs(key == name and {} or order) do
      if tables[identity].c:contains(key) then return tables[identity].c[key] end
    end
  end)
end

--- The fields of a class that is mapped to a union: its columns are those of the union.
local function fields_of_union(class, record, of_union, name)
  local fields, declared = {}, {[name] = true}
  for _, field in ipairs(fields_of.all_fields(class, record.definition, rawget(class, "__base__"), false)) do
    local value = field.value
    if declarative.is_mapped_column(value) then
      local column = declarative.column_of(value)
      local own = column.name or field.key
      declared[own] = true
      value = of_union.c:contains(own) and of_union.c[own] or nil
    end
    if field.key == "__mapper_args__" then value = type(value) == "function" and value(class) or value end
    if value ~= nil then fields[#fields + 1] = {key = field.key, value = value, serial = field.serial} end
  end
  for _, column in ipairs(of_union.primary_key.columns) do declared[column.key] = true end
  local arguments = {}
  for i = #fields, 1, -1 do
    if fields[i].key == "__mapper_args__" then
      for key, value in pairs(fields[i].value) do arguments[key] = value end
      table.remove(fields, i)
    end
  end
  arguments.polymorphic_on, arguments.polymorphic_abstract = name, true
  if class.strict_attrs then
    arguments.include_properties = {}
    for key in pairs(declared) do table.insert(arguments.include_properties, key) end
  end
  fields[#fields + 1] = {key = "__mapper_args__", value = arguments}
  fields[#fields + 1] = {key = "__table__", value = of_union}
  return fields
end

--- Maps a class to the union of the concrete classes below it, which become its subclasses.
local function map_template(class)
  local record = records[class]
  local union, name, tables, order = family_union(class)
  if not union then return end
  local of_union = table_of_union(record, union, name, tables, order)
  record.abstract, record.awaits, record.metatable.__call = false, nil, core.class_call
  declarative.finish_class(class, record, rawget(class, "__base__"), fields_of_union(class, record, of_union, name))
  unite(class)
  for _, below in ipairs(record.below) do
    if records[below].arguments.concrete then
      core.mapper_concrete_base(below, class)
      hide_inherited(below, class)
    end
  end
end

local function refuse_waiting(class)
  error(exc.UnmappedClassError(("Class %s is a subclass of AbstractConcreteBase and has a mapping pending until all subclasses are defined. " ..
    "Call the orm.configure_mappers() function after all subclasses have been defined to complete the mapping of this class.")
    :format(class.__name__)), 0)
end

--- A class that is mapped to a union begins: it waits for the classes below it.
function M.begin_template(record)
  record.template, record.below, record.awaits, record.metatable.__call = true, {}, refuse_waiting, refuse_waiting
end

--- Asks for the union of `class` to be made, again if there is one, when the registry is configured.
local function want_union(class)
  local record = records[class]
  record.unite = record.unite or function()
    if core.is_mapped(class) then unite(class) else map_template(class) end
  end
  record.registry:_before(record.unite)
end

local function fail_with_polymorphic(class, problem)
  error(exc.ArgumentError(("class %s: with_polymorphic %s"):format(class.__name__, problem)), 0)
end

--- Arguments of a class that names what its selects read from, `with_polymorphic = {"*", pjoin}`: without it, and without the column of it that
--- tells classes apart. A join of tables is what "*" reads from anyway.
---@param class table
---@param record table
---@param arguments table
---@return table arguments
function M.take_union(class, record, arguments)
  local given = arguments.with_polymorphic
  if type(given) ~= "table" or given[2] == nil or (given[1] ~= "*" and type(given[2]) ~= "userdata") then return arguments end
  local rest, on = {}, arguments.polymorphic_on
  for key, value in pairs(arguments) do rest[key] = value end
  rest.with_polymorphic = given[1]
  if core.is_join(given[2]) then return rest end
  if given[1] ~= "*" then fail_with_polymorphic(class, 'with a selectable is for all classes: {"*", selectable}') end
  if not core.is_selectable(given[2]) then fail_with_polymorphic(class, "is a list of classes, or {\"*\", selectable}") end
  local name = type(on) == "string" and on or core.expression_name(on)
  if not name or not given[2].c:contains(name) then
    fail_with_polymorphic(class, "with a selectable needs a polymorphic_on that is one of its columns")
  end
  record.union, record.union_name = given[2], name
  rest.with_polymorphic, rest.polymorphic_on = nil, nil
  return rest
end

--- A concrete class has been mapped: what its base has and it has not is an error to use, and unions are made anew.
function M.begin(class, parent)
  if parent then hide_inherited(class, parent) end
  local at = class
  while at and records[at] do
    local record = records[at]
    if record.template or record.union or has_mixin(record.definition, M.ConcreteBase) and #record.below > 0 then
      want_union(at)
    end
    at = rawget(at, "__base__")
  end
end

return M
