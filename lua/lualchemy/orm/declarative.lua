-- SPDX-License-Identifier: MIT
-- Declarative classes: a table of columns, relationships and methods becomes a mapped class.
--
-- The class is a plain table. Mapped attributes and methods lie raw in it, so that reading one costs a table look-up; its metatable
-- handles what is not there: names of base classes, names that do not exist, and assignments that add properties.
local changes = require "lualchemy.orm.changes"
local composites = require "lualchemy.orm.composite"
local concrete = require "lualchemy.orm.concrete"
local core = require "lualchemy.core"
local deferred = require "lualchemy.orm.deferred"
local descriptors = require "lualchemy.orm.descriptor"
local events = require "lualchemy.orm.events"
local exc = require "lualchemy.exc"
local fields_of = require "lualchemy.orm.fields"
local hierarchy = require "lualchemy.orm.hierarchy"
local keywords = require "lualchemy.keywords"
local mapping = require "lualchemy.orm.mapping"
local polymorphic = require "lualchemy.orm.polymorphic"
local registries = require "lualchemy.orm.registry"
local relationships = require "lualchemy.orm.relationship"
local schema = require "lualchemy.schema"
local strict = require "lualchemy.strict"

local M = {mixin = fields_of.mixin, declared_attr = fields_of.declared_attr, add_property = mapping.add_property}

--- What declarative keeps of a class beside its raw fields: class → {keys, objects, metatable, own, registry, abstract}.
local records = fields_of.records
polymorphic.records = records

local is_column, refuse_name, serial_of = schema.is_column, fields_of.refuse_name, fields_of.serial_of
local metamethods = fields_of.metamethods

--- Sets a metamethod or directive of the class; true if `key` was one.
local function set_special(class, record, key, value)
  if metamethods[key] then
    if record.objects then core.object_metamethod(record.objects, key, value) end
    rawset(class, key, value)
    return true
  end
  return false
end

local ClassMeta = {}

function ClassMeta.index(class, key)
  local showing = records[class].showing
  local shown = showing and showing(key)
  if shown ~= nil then return shown end
  local at = class
  while at do
    local found = rawget(at, key)
    if found ~= nil then return found end
    local descriptor = descriptors.own(at, key)
    if descriptor then return descriptor:of(class, key, class) end
    at = rawget(at, "__base__")
  end
  if key == "registry" then return records[class].registry end
  if key == "metadata" then return records[class].metadata or records[class].registry.metadata end
  if strict.is_probe(key) then return nil end
  deferred.check(class)
  strict.unknown(("class %s"):format(class.__name__), key, class)
end

function ClassMeta.newindex(class, key, value)
  local record = records[class]
  if type(key) ~= "string" then
    error(exc.ArgumentError(("a field of class %s is named by a string, not by a %s"):format(class.__name__, type(key))), 2)
  end
  if key:sub(1, 2) == "__" or fields_of.reserved[key] then
    refuse_name(class.__name__, key)
  end
  if set_special(class, record, key, value) or deferred.add_field(class, key, value) then return end
  if (is_column(value) or relationships.is_property(value)) and core.is_mapped(class) then
    mapping.add_property(class, key, value)
  elseif composites.is_composite(value) and core.is_mapped(class) then
    composites.add(class, key, value)
  elseif descriptors.is_descriptor(value) then
    descriptors.add(class, key, value)
  else
    descriptors.hide(class, key)
    rawset(class, key, value)
  end
end

local function class_tostring(class)
  return ("class %s"):format(rawget(class, "__name__"))
end

--- A class has the validators of its parent beside its own.
local function inherit_validators(record, parent)
  local above = parent and records[parent]
  record.validators = setmetatable({}, above and above.validators and {__index = above.validators, record = above} or nil)
end

--- Maps a class, and gives it its other fields.
local function finish_class(class, record, parent, fields)
  if not record.abstract then mapping.map_class(class, record, hierarchy.parent(class), fields) end
  for _, field in ipairs(fields) do
    local key, value = field.key, field.value
    if not fields_of.directives[key] and not set_special(class, record, key, value) and rawget(class, key) == nil and not is_column(value) and
      not relationships.is_property(value) then
      class[key] = value
    elseif fields_of.callable_directives[key] then
      rawset(class, key, value)
    end
  end
  if record.abstract then return end
  local at = parent
  while at do -- metamethods of base classes hold for the objects of this one
    for key in next, metamethods do
      local method = rawget(at, key)
      if method ~= nil and rawget(class, key) == nil and key ~= "__name" then core.object_metamethod(record.objects, key, method) end
    end
    at = rawget(at, "__base__")
  end
  record.registry:_add_class(class)
  events.class_mapped(class)
end
deferred.finish_class = finish_class
concrete.connect {finish_class = finish_class}

--- Makes the class `name` below `parent`.
local function make_class(parent, name, definition)
  if type(definition) ~= "table" then
    error(exc.ArgumentError(("class \"%s\" is followed by the table of its fields, not by a %s"):format(name, type(definition))), 3)
  end
  local registry = records[parent].registry
  local class = {__name__ = name, __base__ = parent}
  local record = {keys = {}, attributes = {}, registry = registry, definition = definition,
    abstract = definition.__abstract__ == true or concrete.is_template(definition)}
  record.metatable = {
    __index = ClassMeta.index, __newindex = ClassMeta.newindex, __call = core.class_call, __tostring = class_tostring,
    __name = "class " .. name, __metatable = false,
  }
  records[class] = record
  if concrete.is_template(definition) then concrete.begin_template(record) end
  inherit_validators(record, parent)
  descriptors.begin(class, parent, record.keys)
  setmetatable(class, record.metatable)
  local fields = fields_of.all_fields(class, definition, parent, record.abstract)
  for _, field in ipairs(fields) do field.value = changes.take_field(class, record, field.value) end
  if not record.abstract and deferred.is_deferred(class, definition) then
    deferred.hold(class, record, parent, fields)
  else
    mapping.whole(class, record, finish_class, class, record, parent, fields)
  end
  return class
end

--- Turns a plain table into a class that can be mapped: `registry:class "User" {}`, or a table of the program's own.
local function prepare_class(registry, class, name)
  local record = {keys = {}, attributes = {}, registry = registry, abstract = false}
  record.metatable = {
    __index = ClassMeta.index, __newindex = ClassMeta.newindex, __call = core.class_call, __tostring = class_tostring,
    __name = "class " .. name, __metatable = false,
  }
  rawset(class, "__name__", name)
  records[class] = record
  descriptors.begin(class, nil, record.keys)
  inherit_validators(record, nil)
  setmetatable(class, record.metatable)
  return record
end

--- A class that is mapped later, by `map_imperatively`.
function M.plain_class(registry, name, definition)
  local class = {to_table = core.object_to_table}
  local record = prepare_class(registry, class, name)
  for key, value in next, definition or {} do rawset(class, key, changes.take_field(class, record, value)) end
  return class
end

local imperative_keywords = keywords.set {"properties", "primary_key", "polymorphic_on", "polymorphic_identity", "version_id_col", "version_id_generator",
  "eager_defaults", "confirm_deleted_rows", "allow_partial_pks", "legacy_is_orphan", "inherits", "column_prefix", "exclude_properties",
  "include_properties", "with_polymorphic", "polymorphic_load", "polymorphic_abstract", "inherit_condition", "passive_updates", "passive_deletes"}

--- Maps `class`, made by `registry:class "User" {}` or any plain table, to a table: SQLAlchemy's `registry.map_imperatively()`.
function M.map_imperatively(registry, class, table_to_map, options)
  options = keywords.check("map_imperatively", options, imperative_keywords)
  if type(class) ~= "table" or (not records[class] and getmetatable(class) ~= nil) or core.is_mapped(class) then
    error(exc.ArgumentError("map_imperatively takes a class made by registry:class, or a plain table, that is not mapped yet"), 0)
  end
  local record = records[class] or prepare_class(registry, class, rawget(class, "__name__") or "Mapped")
  local arguments = {}
  for key, value in pairs(options) do
    if key ~= "properties" and key ~= "inherits" then arguments[key] = value end
  end
  local fields = {
    {key = "__table__", value = table_to_map},
    {key = "__mapper_args__", value = arguments},
  }
  local later = {}
  for key, property in pairs(options.properties or {}) do
    refuse_name(class.__name__, key)
    later[#later + 1] = {key = key, value = property, serial = serial_of(property)}
    for _, field in ipairs(composites.is_composite(property) and property:fields() or {}) do
      if not options.properties[composites.key_of(field)] then later[#later + 1] = field end
    end
  end
  table.sort(later, function(a, b) return a.serial < b.serial end)
  for _, field in ipairs(later) do fields[#fields + 1] = field end
  mapping.whole(class, record, mapping.map_class, class, record, options.inherits, fields)
  for _, field in ipairs(later) do
    if descriptors.is_descriptor(field.value) then class[field.key] = field.value end
  end
  rawset(class, "__init", rawget(class, "__init") or core.object_init)
  registry:_add_class(class)
  events.class_mapped(class)
  return class.__mapper__
end

--- The mapped classes that `target` stands for: itself, or those that have the mixin or base class, by name. Nil if it is neither.
function M.classes_of(target)
  if records[target] and not records[target].abstract then return {target} end
  if not records[target] and getmetatable(target) ~= fields_of.Mixin then return nil end
  local classes = {}
  for class, record in pairs(records) do
    for _, ancestor in ipairs((record.abstract or record.failed) and {} or events.ancestors(class)) do
      if ancestor == target then
        classes[#classes + 1] = class
        break
      end
    end
  end
  table.sort(classes, function(a, b) return a.__name__ < b.__name__ end)
  return classes
end

--- A class by name, whatever the name: for what makes classes from tables.
M.make_class = make_class

--- `Base:class "User" { … }`.
local function class_method(parent, name, extra)
  if type(name) ~= "string" or not name:match("^[%a_][%w_]*$") or extra ~= nil then
    error(exc.ArgumentError("Base:class takes the name of the class, then its table: Base:class \"User\" { … }"), 2)
  end
  return function(definition)
    return make_class(parent, name, definition)
  end
end

--- The methods that every mapped class has, below its own: mapped attributes and the class's methods win over them.
local function new_base(registry, name)
  local base = {
    __name__ = name,
    class = class_method,
    to_table = core.object_to_table,
    __init = core.object_init,
  }
  local record = {keys = {}, attributes = {}, registry = registry, abstract = true, definition = nil}
  record.metatable = {__index = ClassMeta.index, __newindex = ClassMeta.newindex, __tostring = class_tostring, __name = "class " .. name,
    __metatable = false, __call = core.class_call}
  records[base] = record
  descriptors.begin(base, nil, record.keys)
  inherit_validators(record, nil)
  return setmetatable(base, record.metatable)
end

local base_keywords = keywords.set {"metadata", "registry", "name"}

--- Keywords of SQLAlchemy's function that do nothing here, with what serves instead.
local base_without_effect = {
  cls = "fields for every class stand in orm.DeclarativeBase:class \"Base\" { … }",
  class_registry = "the registry keeps the names of its classes",
  type_annotation_map = "there are no annotations; a Column has its type",
}

--- The base class that mapped classes are made from, as SQLAlchemy's `declarative_base()`.
---
---     local Base = orm.declarative_base()
---     local User = Base:class "User" { __tablename__ = "users", id = Column(Integer, {primary_key = true}) }
---@param options table?  `metadata`: a MetaData of your own; `registry`; `name`
---@return table Base  with `.metadata`, `.registry` and `:class(name)`
function M.declarative_base(options)
  options = keywords.check("declarative_base", options, base_keywords, nil, base_without_effect)
  local base = new_base(options.registry or registries.new {metadata = options.metadata}, options.name or "Base")
  records[base].metadata = options.metadata
  return base
end

--- `orm.DeclarativeBase:class "Base" { metadata = … }`: a base with a registry of its own.
M.DeclarativeBase = setmetatable({
  --- Names the base; the table that follows may have `metadata`, `registry`, and fields for every class.
  ---@param name string
  ---@return fun(definition: table): table
  class = function(_, name, extra)
    if type(name) ~= "string" or extra ~= nil then
      error(exc.ArgumentError('DeclarativeBase:class takes a name, then a table: DeclarativeBase:class "Base" { … }'), 2)
    end
    return function(definition)
      definition = definition or {}
      local metadata, registry = definition.metadata, definition.registry
      local base = M.declarative_base {metadata = metadata, registry = registry, name = name}
      for key, value in next, definition do
        if key ~= "metadata" and key ~= "registry" then
          records[base].definition = records[base].definition or {}
          records[base].definition[key] = value
          if type(value) == "function" then rawset(base, key, value) end
        end
      end
      return base
    end
  end,
}, {__name = "DeclarativeBase"})

--- Raises for fields of a constructor that are not mapped: what a class has a setter for is set, anything else is a mistake.
core.hook("unknown_fields", function(object, fields)
  local class = core.mapped_class_of(object)
  local keys = records[class].keys
  for key in next, fields do
    if descriptors.is_descriptor(keys[key]) then
      object[key] = fields[key]
    elseif not keys[key] then
      if type(key) ~= "string" then
        error(exc.ArgumentError(("%s takes a table of its attributes by name; this one has the key %s"):format(class.__name__, tostring(key))), 0)
      end
      local ok, found = pcall(function() return class[key] end)
      if ok and found ~= nil and type(found) ~= "function" and key:sub(1, 2) ~= "__" then
        object[key] = fields[key]
      else
        local nearest = core.nearest(key, keys)
        error(exc.ArgumentError(("'%s' is an invalid keyword argument for %s%s"):format(key, class.__name__,
          nearest and ("; did you mean \"%s\"?"):format(nearest) or "")), 0)
      end
    end
  end
end)

events.connect {
  record_of = function(class) return records[class] end,
  class_of_mapper = function(mapper)
    if type(mapper) == "table" then return mapper.class_ end
    return core.mapper_class(mapper)
  end,
}

--- Does a base of `class` have a table? As SQLAlchemy's `has_inherited_table()`, for functions of `declared_attr`.
---
---     __tablename__ = declared_attr(function(cls) return not orm.has_inherited_table(cls) and cls.__name__:lower() or nil end)
---@param class table
---@return boolean
---@raise ArgumentError for what is no class
function M.has_inherited_table(class)
  keywords.expect("has_inherited_table", "a class", class, "table")
  local at = rawget(class, "__base__")
  while at do
    if rawget(at, "__table__") ~= nil then return true end
    at = rawget(at, "__base__")
  end
  return false
end

--- Keeps the kind of a relationship's collections as long as its class; gives it.
---@param class table
---@param key string
---@param kind table?
---@return table?
function M.keep_collection(class, key, kind)
  local record = records[class]
  record.collections = record.collections or {}
  record.collections[key] = kind
  return kind
end

--- What declarative keeps of a class; for the other modules of the ORM.
function M.record(class)
  return records[class]
end

return M
