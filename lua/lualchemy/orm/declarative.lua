-- SPDX-License-Identifier: MIT
-- Declarative classes: a table of columns, relationships and methods becomes a mapped class.
--
-- The class is a plain table. Mapped attributes and methods lie raw in it, so that reading one costs a table look-up; its metatable
-- handles what is not there: names of base classes, names that do not exist, and assignments that add properties.
local changes = require "lualchemy.orm.changes"
local core = require "lualchemy.core"
local descriptors = require "lualchemy.orm.descriptor"
local events = require "lualchemy.orm.events"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local mapped_columns = require "lualchemy.orm.columns"
local polymorphic = require "lualchemy.orm.polymorphic"
local registries = require "lualchemy.orm.registry"
local relationships = require "lualchemy.orm.relationship"
local schema = require "lualchemy.schema"
local strict = require "lualchemy.strict"

local M = {}

--- What declarative keeps of a class beside its raw fields: class → {keys, objects, metatable, own, registry, abstract}.
local records = setmetatable({}, {__mode = "k"})
polymorphic.records = records

local Mixin = {__name = "lualchemy.Mixin"}
local DeclaredAttr = {__name = "lualchemy.declared_attr"}

local directives = keywords.set {
  "__tablename__", "__table_args__", "__mapper_args__", "__table__", "__abstract__", "__init", "__declare_first__", "__declare_last__",
}
-- Functions of a class table that are fields of the class although directives.
local callable_directives = keywords.set {"__init", "__declare_first__", "__declare_last__"}
local metamethods = keywords.set {
  "__tostring", "__eq", "__lt", "__le", "__call", "__concat", "__len", "__unm", "__add", "__sub", "__mul", "__div",
  "__idiv", "__mod", "__pow", "__band", "__bor", "__bxor", "__bnot", "__shl", "__shr", "__pairs", "__name",
}
local reserved = keywords.set {"metadata", "registry"}

--- Attributes that several classes share: `orm.mixin{ created_at = Column(DateTime), touch = function(self) … end }`. Columns are copied into
--- each class that has it.
---@param fields table
---@return table mixin  for the array part of a class table
function M.mixin(fields)
  keywords.expect("mixin", "a table of attributes", fields, "table")
  return setmetatable(fields, Mixin)
end

--- A field that is worked out for each class, as SQLAlchemy's `declared_attr`.
---
---     orm.mixin{ __tablename__ = declared_attr(function(cls) return cls.__name__:lower() end) }
---@param make fun(cls: table): any
---@return table
function M.declared_attr(make)
  return setmetatable({make = make}, DeclaredAttr)
end

local function is_column(value)
  return schema.is_column(value)
end

--- Copies of a mixin's or abstract class's values, so that each class has its own.
local function own_copy(value)
  if is_column(value) then return schema.copy_column(value) end
  if relationships.is_property(value) then
    local copy = setmetatable({}, relationships.Property)
    for key, field in pairs(value) do copy[key] = field end
    copy.options = {}
    for key, field in pairs(value.options or {}) do copy.options[key] = field end
    if is_column(value.expression) then copy.expression = schema.copy_column(value.expression) end
    return copy
  end
  return value
end

--- When a field was made, for those that remember.
local function serial_of(value)
  if is_column(value) then return schema.column_serial(value) end
  if relationships.is_property(value) then
    if is_column(value.expression) then return schema.column_serial(value.expression) end
    return value.serial
  end
  return 0
end

local function refuse_name(class_name, key)
  if reserved[key] then
    error(exc.InvalidRequestError(("Attribute name '%s' is reserved when using the Declarative API (class %s); " ..
      "call the attribute otherwise and give the column its name: Column(\"%s\", …)")
      :format(key, class_name, key)), 0)
  end
  if key:sub(1, 2) == "__" and not directives[key] and not metamethods[key] then
    error(exc.ArgumentError(("class %s: \"%s\" can't be a name of an attribute or metamethod here"):format(class_name, key)), 0)
  end
end

--- The fields of a definition in a sequence of {key, value}, in the order in which they were made; names of own fields are taken.
local function gather(class, fields, taken, copy, into)
  local found = {}
  for key, value in next, fields do
    if type(key) == "string" and not taken[key] then
      refuse_name(class.__name__, key)
      taken[key] = true
      if getmetatable(value) == DeclaredAttr then value = value.make(class) end
      if copy then value = own_copy(value) end
      found[#found + 1] = {key = key, value = value, serial = serial_of(fields[key])}
    elseif type(key) ~= "string" and math.type(key) ~= "integer" then
      error(exc.ArgumentError(("class %s: a field is named by a string, not by a %s"):format(class.__name__, type(key))), 0)
    end
  end
  table.sort(found, function(a, b)
    if a.serial ~= b.serial then return a.serial < b.serial end
    return a.key < b.key
  end)
  for _, field in ipairs(found) do into[#into + 1] = field end
end

--- Own fields, then those of mixins, then those of abstract bases.
local function all_fields(class, definition, parent)
  local taken, fields = {}, {}
  gather(class, definition, taken, false, fields)
  for i, mixin in ipairs(definition) do
    if type(mixin) ~= "table" or (getmetatable(mixin) ~= Mixin and getmetatable(mixin) ~= nil and not records[mixin]) then
      error(exc.ArgumentError(("class %s: item %d of its table is a %s; mixins stand there"):format(class.__name__, i, type(mixin))), 0)
    end
    gather(class, records[mixin] and records[mixin].definition or mixin, taken, true, fields)
  end
  local base = parent
  while base and records[base] and records[base].abstract do
    local definition_of_base = records[base].definition
    if definition_of_base then
      taken.__abstract__ = true
      for _, mixin in ipairs(definition_of_base) do gather(class, mixin, taken, true, fields) end
      gather(class, definition_of_base, taken, true, fields)
    end
    base = rawget(base, "__base__")
  end
  return fields
end

--- `__table_args__`: an array of constraints with the options last, or the options alone.
local function table_arguments(class, given)
  if given == nil then return {}, {} end
  if type(given) ~= "table" then
    error(exc.ArgumentError(("class %s: __table_args__ is a list of constraints with a table of options last, or that table"):format(class.__name__)), 0)
  end
  if #given == 0 then return {}, given end
  local items, options = {}, {}
  for i, item in ipairs(given) do
    if i == #given and keywords.is_table(item) then options = item else items[i] = item end
  end
  for key, value in next, given do
    if type(key) == "string" then options[key] = value end
  end
  return items, options
end

local function is_mapped_column(value)
  return is_column(value) or relationships.is_property(value) and value.kind == "column" and is_column(value.expression)
end

--- The class's table: given, made from its columns, or its parent's.
local function make_table(class, record, parent, values, columns)
  if values.__table__ ~= nil then return values.__table__ end
  local name = values.__tablename__
  if name == nil then
    if parent and core.is_mapped(parent) then
      local table_of_parent = parent.__table__
      for _, field in ipairs(columns) do
        schema.append_column(table_of_parent, field.key, field.column)
      end
      return nil
    end
    error(exc.InvalidRequestError(("Class %s does not have a __table__ or __tablename__ specified and does not inherit from an " ..
      "existing table-mapped class."):format(class.__name__)), 0)
  end
  if type(name) ~= "string" then
    error(exc.ArgumentError(("class %s: __tablename__ is a string, not a %s"):format(class.__name__, type(name))), 0)
  end
  local items, options = table_arguments(class, values.__table_args__)
  local arguments = {name, record.registry.metadata}
  for _, field in ipairs(columns) do
    schema.name_column(field.column, field.key)
    arguments[#arguments + 1] = field.column
  end
  for _, item in ipairs(items) do arguments[#arguments + 1] = item end
  arguments[#arguments + 1] = options
  return schema.Table(table.unpack(arguments))
end

local mapper_keywords = keywords.set {
  "polymorphic_identity", "polymorphic_on", "version_id_col", "version_id_generator", "primary_key", "eager_defaults",
  "confirm_deleted_rows", "allow_partial_pks", "include_properties", "exclude_properties", "column_prefix", "properties",
  "batch", "passive_updates", "passive_deletes", "with_polymorphic", "inherit_condition", "polymorphic_load",
  "legacy_is_orphan", "polymorphic_abstract",
}

--- Mapper arguments of SQLAlchemy that do nothing here, with what serves instead.
local without_effect = {
  concrete = "concrete inheritance is not supported; share columns by a mixin or an abstract class",
  always_refresh = "give a statement the execution option populate_existing",
  order_by = "mappers have no order; give it to the statement, or to the relationship",
  local_table = "the table of a class is its __table__ or __tablename__",
  inherits = "a class inherits from the class that it is made by: Parent:class \"Child\" { … }",
  non_primary = "a class has one mapper; use orm.aliased(Class, subquery)",
}

--- The column that a mapper argument names: by string, as a column, or as a local that is a field too.
local function column_argument(own_table, values, given)
  if type(given) == "string" then
    local value = values[given]
    if is_column(value) then return value end
    return own_table.c[given]
  end
  return given
end

local function make_mapper(class, record, parent, own_table, values)
  local given = values.__mapper_args__
  if type(given) == "function" then given = given(class) end
  given = keywords.check(("class %s: __mapper_args__"):format(class.__name__), given, mapper_keywords, nil, without_effect)
  local of_table = own_table or parent.__table__
  local primary_key
  if given.primary_key then
    primary_key = {}
    for i, column in ipairs(given.primary_key) do primary_key[i] = column_argument(of_table, values, column) end
  end
  return core.mapper_new(record.registry.core, class, {
    class_name = class.__name__,
    table = own_table,
    base = parent and core.is_mapped(parent) and parent or nil,
    primary_key = primary_key,
    version_id = given.version_id_col and column_argument(of_table, values, given.version_id_col) or nil,
    inherit_condition = given.inherit_condition,
    version_generator = given.version_id_generator,
    eager_defaults = given.eager_defaults,
    confirm_deleted_rows = given.confirm_deleted_rows,
    batch = given.batch,
    passive_deletes = given.passive_deletes,
    passive_updates = given.passive_updates,
    allow_partial_pks = given.allow_partial_pks,
    legacy_is_orphan = given.legacy_is_orphan,
  }), given
end

--- Makes the class attributes of all mapped properties, and the objects' keys.
local function refresh_attributes(class, record)
  core.mapper_keys(class, record.keys)
  for key, number in next, record.keys do
    if math.type(number) == "integer" and (rawget(class, key) == nil or record.attributes[key]) then
      rawset(class, key, core.mapper_attribute(class, key))
      record.attributes[key] = true
    end
  end
end

--- Adds one mapped property under `key`; gives false if `value` is none.
local function add_mapped(class, record, key, value)
  if is_column(value) then
    mapped_columns.map(class, key, value, nil)
  elseif relationships.is_property(value) then
    if value.kind == "column" and is_column(value.expression) then
      mapped_columns.map(class, key, value.expression, value.options)
    elseif value.kind == "column" then
      local expression = value.expression
      if type(expression) == "function" then expression = expression(class) end
      core.mapper_expression(class, key, expression, value.options)
    elseif value.kind == "synonym" then
      core.mapper_synonym(class, key, value.argument)
    else
      core.mapper_relationship(class, key)
      record.registry:_wait(class, key, value)
    end
  else
    return false
  end
  return true
end

--- A property for a class that exists: `User.addresses = relationship(…)`, `User.age = Column(Integer)`.
function M.add_property(class, key, value)
  local record = records[class]
  refuse_name(class.__name__, key)
  if is_mapped_column(value) then
    schema.append_column(class.__table__, key, is_column(value) and value or value.expression)
  end
  add_mapped(class, record, key, value)
  core.mapper_finish(class)
  record.attributes[key] = true
  refresh_attributes(class, record)
end

--- The columns that `include_properties` or `exclude_properties` lists, by name or as columns; nil if it is not given.
local function column_set(class, name, given)
  if given == nil then return nil end
  if type(given) ~= "table" then
    error(exc.ArgumentError(("class %s: %s is a list of columns or their names"):format(class.__name__, name)), 0)
  end
  return keywords.set(given)
end

--- Columns of the table that no field maps are mapped under their keys, with `column_prefix` in front; but for those that are left out.
local function map_columns(class, own_table, columns, values, arguments)
  local key_of = {}
  local include = column_set(class, "include_properties", arguments.include_properties)
  local exclude = column_set(class, "exclude_properties", arguments.exclude_properties)
  for _, field in ipairs(columns) do key_of[field.column] = field end
  for _, column in ipairs(own_table.c) do
    local field = key_of[column]
    local left_out = include and not (include[column.key] or include[column]) or exclude and (exclude[column.key] or exclude[column])
    if field then
      mapped_columns.map(class, field.key, column, field.options)
    elseif not left_out and (values[column.key] == nil or is_column(values[column.key])) then
      mapped_columns.map(class, (arguments.column_prefix or "") .. column.key, column, nil)
    end
  end
end

--- What tells the classes of a hierarchy apart: a column, or an attribute; an SQL expression becomes an attribute of its own.
local function discriminator(class, values, given)
  if type(given) == "function" then given = given(class) end
  if type(given) == "string" then
    local value = values[given]
    if relationships.is_property(value) and not is_mapped_column(value) then return given end
  elseif type(given) == "userdata" and not is_column(given) then
    core.mapper_expression(class, "_polymorphic_on", given, nil)
    return "_polymorphic_on"
  end
  return given and column_argument(class.__table__, values, given)
end

local function map_class(class, record, parent, fields)
  local values, columns = {}, {}
  for _, field in ipairs(fields) do
    values[field.key] = field.value
    if is_mapped_column(field.value) then
      local property = not is_column(field.value) and field.value or nil
      columns[#columns + 1] = {key = field.key, column = property and property.expression or field.value,
        options = property and property.options or nil}
    end
  end
  for _, name in ipairs {"__tablename__", "__table_args__", "__mapper_args__", "__table__"} do
    if type(values[name]) == "function" then values[name] = values[name](class) end
  end
  local own_table = make_table(class, record, parent, values, columns)
  rawset(class, "__table__", own_table or parent.__table__)
  rawset(class, "__tablename__", values.__tablename__ or parent and rawget(parent, "__tablename__"))
  local mapper, arguments = make_mapper(class, record, parent, own_table, values)
  rawset(class, "__mapper__", require("lualchemy.orm.inspect").mapper(class))
  record.objects = core.object_metatable(class, record.keys)
  record.objects.__name = class.__name__
  core.mapper_bind(mapper, record.metatable, record.objects, record.keys)
  polymorphic.set_loading(class, record, parent, arguments)
  events.class_instrumented(class)
  if own_table then
    map_columns(class, own_table, columns, values, arguments)
  else
    for _, field in ipairs(columns) do mapped_columns.map(class, field.key, field.column, field.options) end
  end
  for _, field in ipairs(fields) do
    if not is_mapped_column(field.value) then add_mapped(class, record, field.key, field.value) end
  end
  for key, property in pairs(arguments.properties or {}) do add_mapped(class, record, key, property) end
  polymorphic.check_identity(class, parent, arguments)
  if arguments.polymorphic_on ~= nil or arguments.polymorphic_identity ~= nil then
    core.mapper_polymorphic(class, discriminator(class, values, arguments.polymorphic_on), arguments.polymorphic_identity)
  end
  if arguments.polymorphic_abstract then polymorphic.forbid_objects(class, record) end
  record.arguments, record.below = arguments, {}
  if parent and records[parent] and records[parent].below then table.insert(records[parent].below, class) end
  core.mapper_finish(class)
  refresh_attributes(class, record)
end

--- Sets a metamethod or directive of the class; true if `key` was one.
local function set_special(class, record, key, value)
  if metamethods[key] then
    if record.objects then record.objects[key] = value end
    rawset(class, key, value)
    return true
  end
  return false
end

local ClassMeta = {}

function ClassMeta.index(class, key)
  local at = class
  while at do
    local found = rawget(at, key)
    if found ~= nil then return found end
    local descriptor = descriptors.own(at, key)
    if descriptor then return descriptor:of(class, key, class) end
    at = rawget(at, "__base__")
  end
  if key == "registry" then return records[class].registry end
  if key == "metadata" then return records[class].registry.metadata end
  if strict.is_probe(key) then return nil end
  strict.unknown(("class %s"):format(class.__name__), key, class)
end

function ClassMeta.newindex(class, key, value)
  local record = records[class]
  if type(key) ~= "string" then
    error(exc.ArgumentError(("a field of class %s is named by a string, not by a %s"):format(class.__name__, type(key))), 2)
  end
  if key:sub(1, 2) == "__" or reserved[key] then
    refuse_name(class.__name__, key)
  end
  if set_special(class, record, key, value) then return end
  if (is_column(value) or relationships.is_property(value)) and core.is_mapped(class) then
    M.add_property(class, key, value)
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

--- Makes the class `name` below `parent`.
local function make_class(parent, name, definition)
  if type(definition) ~= "table" then
    error(exc.ArgumentError(("class \"%s\" is followed by the table of its fields, not by a %s"):format(name, type(definition))), 3)
  end
  local registry = records[parent].registry
  local class = {__name__ = name, __base__ = parent}
  local record = {keys = {}, attributes = {}, registry = registry, definition = definition, abstract = definition.__abstract__ == true}
  record.metatable = {
    __index = ClassMeta.index, __newindex = ClassMeta.newindex, __call = core.class_call, __tostring = class_tostring,
    __name = "class " .. name, __metatable = false,
  }
  records[class] = record
  inherit_validators(record, parent)
  descriptors.begin(class, parent, record.keys)
  setmetatable(class, record.metatable)
  local fields = all_fields(class, definition, parent)
  for _, field in ipairs(fields) do field.value = changes.take_field(class, record, field.value) end
  if not record.abstract then map_class(class, record, parent, fields) end
  for _, field in ipairs(fields) do
    local key, value = field.key, field.value
    if not directives[key] and not set_special(class, record, key, value) and rawget(class, key) == nil and not is_column(value) and
      not relationships.is_property(value) then
      class[key] = value
    elseif callable_directives[key] then
      rawset(class, key, value)
    end
  end
  if not record.abstract then
    local at = parent
    while at do -- metamethods of base classes hold for the objects of this one
      for key in next, metamethods do
        local method = rawget(at, key)
        if method ~= nil and rawget(class, key) == nil and key ~= "__name" then record.objects[key] = method end
      end
      at = rawget(at, "__base__")
    end
    registry:_add_class(class)
    events.class_mapped(class)
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
  end
  table.sort(later, function(a, b) return a.serial < b.serial end)
  for _, field in ipairs(later) do fields[#fields + 1] = field end
  map_class(class, record, options.inherits, fields)
  rawset(class, "__init", rawget(class, "__init") or core.object_init)
  registry:_add_class(class)
  events.class_mapped(class)
  return class.__mapper__
end

--- The mapped classes that `target` stands for: itself, or those that have the mixin or base class, by name. Nil if it is neither.
function M.classes_of(target)
  if records[target] and not records[target].abstract then return {target} end
  if not records[target] and getmetatable(target) ~= Mixin then return nil end
  local classes = {}
  for class, record in pairs(records) do
    for _, ancestor in ipairs(record.abstract and {} or events.ancestors(class)) do
      if ancestor == target then
        classes[#classes + 1] = class
        break
      end
    end
  end
  table.sort(classes, function(a, b) return a.__name__ < b.__name__ end)
  return classes
end

--- `Base:class "User" { … }`.
local function class_method(parent, name)
  if type(name) ~= "string" or not name:match("^[%a_][%w_]*$") then
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
  local registry = options.registry or registries.new {metadata = options.metadata}
  return new_base(registry, options.name or "Base")
end

--- `orm.DeclarativeBase:class "Base" { metadata = … }`: a base with a registry of its own.
M.DeclarativeBase = setmetatable({
  --- Names the base; the table that follows may have `metadata`, `registry`, and fields for every class.
  ---@param name string
  ---@return fun(definition: table): table
  class = function(_, name)
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
function M.has_inherited_table(class)
  local at = rawget(class, "__base__")
  while at do
    if rawget(at, "__table__") ~= nil then return true end
    at = rawget(at, "__base__")
  end
  return false
end

--- What declarative keeps of a class; for the other modules of the ORM.
function M.record(class)
  return records[class]
end

return M
