-- SPDX-License-Identifier: MIT
-- Classes and relationships made from the tables of a database, as SQLAlchemy's `sqlalchemy.ext.automap`.
--
--   local Base = require("lualchemy.ext.automap").automap_base()
--   Base:prepare(la.create_engine "sqlite:///chinook.sqlite")
--   local Artist = Base.classes.Artist
--   session:scalars(la.select(Artist)):first().album_collection
local declarative = require "lualchemy.orm.declarative"
local deferred = require "lualchemy.orm.deferred"
local exc = require "lualchemy.exc"
local hierarchy = require "lualchemy.orm.hierarchy"
local keywords = require "lualchemy.keywords"
local reflect = require "lualchemy.schema.reflect"
local relationships = require "lualchemy.orm.relationship"
local strict = require "lualchemy.strict"
local warnings = require "lualchemy.warnings"

local M = {}

--- Classes by name; an unknown name is an error.
local function named(what)
  return setmetatable({}, {
    __name = "lualchemy.automap.classes",
    __index = function(self, name)
      if strict.is_probe(name) then return nil end
      strict.unknown(what, name, self)
    end,
  })
end

--- What the class of a table is called, unless `prepare` is told otherwise: as the table.
---@param base table
---@param tablename string
---@param table_to_map lualchemy.Table
---@return string
function M.classname_for_table(base, tablename, table_to_map) -- luacheck: no unused args
  return tablename
end

local function name_of(caller, class)
  local name = type(class) == "table" and rawget(class, "__name__")
  if type(name) ~= "string" then
    keywords.expect(caller, "a mapped class as its third argument", class)
  end
  return name
end

--- What a link to one object is called: as its class, in lower case.
---@param base table
---@param local_cls table
---@param referred_cls table
---@param constraint lualchemy.ForeignKeyConstraint
---@return string
function M.name_for_scalar_relationship(base, local_cls, referred_cls, constraint) -- luacheck: no unused args
  return name_of("name_for_scalar_relationship", referred_cls):lower()
end

--- What a collection is called: as the class of its objects, in lower case, and "_collection".
---@param base table
---@param local_cls table
---@param referred_cls table
---@param constraint lualchemy.ForeignKeyConstraint
---@return string
function M.name_for_collection_relationship(base, local_cls, referred_cls, constraint) -- luacheck: no unused args
  return name_of("name_for_collection_relationship", referred_cls):lower() .. "_collection"
end

--- Makes a relationship: `make` is `orm.relationship` or `orm.backref`; nil makes none.
---@param base table
---@param direction string  "ONETOMANY", "MANYTOONE", "MANYTOMANY"
---@param make function
---@param attrname string
---@param local_cls table
---@param referred_cls table
---@param options table  of the relationship
---@return table?
function M.generate_relationship(base, direction, make, attrname, local_cls, referred_cls, options) -- luacheck: no unused args
  keywords.expect("generate_relationship", "orm.relationship or orm.backref as its third argument", make, "function")
  if make == relationships.backref then return make(attrname, options) end
  return make(referred_cls, options)
end

local function foreign_keys_of(of_table)
  local found = {}
  for i, constraint in ipairs(of_table.foreign_key_constraints) do found[i] = constraint end
  table.sort(found, function(a, b) return table.concat(a.column_keys, ",") < table.concat(b.column_keys, ",") end)
  return found
end

--- The two foreign keys of a table that has nothing but these; nil for another.
local function links_of(of_table)
  local keys = foreign_keys_of(of_table)
  if #keys ~= 2 then return nil end
  local linked, count = {}, 0
  for _, key in ipairs(keys) do
    for _, element in ipairs(key.elements) do
      if not linked[element.parent] then linked[element.parent], count = true, count + 1 end
    end
  end
  return count == #of_table.c and keys or nil
end

local function columns_of(constraint, side)
  local list = {}
  for i, element in ipairs(constraint.elements) do list[i] = element[side] end
  return list
end

local function referred_table(constraint)
  return constraint.elements[1].column.table
end

--- What deletions and NOT NULL say of the side with the collection.
local function collection_options(constraint, given)
  local options, nullable = {collection_class = given.collection_class}, true
  for _, element in ipairs(constraint.elements) do nullable = nullable and element.parent.nullable end
  local ondelete = constraint.ondelete and constraint.ondelete:lower()
  if not nullable then
    options.cascade = "all, delete-orphan"
    options.passive_deletes = ondelete == "cascade" or nil
  else
    options.passive_deletes = ondelete == "set null" or nil
  end
  return options
end

--- Notes that `class` has a relationship `name` of a foreign key. False if an earlier one has taken the name.
local function take_name(given, class, name)
  local taken = given.taken
  taken[class] = taken[class] or {}
  if taken[class][name] then return false end
  taken[class][name] = true
  return true
end

--- Makes the pair of relationships `name` of `class` and `back` of `other`, as far as the classes have none of that name. `one`
--- and `many` are the options and direction of each. Of two foreign keys with one `name` the first one gets it; a `back` that is
--- taken alone is an error when the classes are configured.
local function link(base, given, class, name, one, other, back, many)
  local create = given.generate_relationship
  local has_name, has_back = deferred.field(class, name), deferred.field(other, back)
  if not take_name(given, class, name) then return end
  if has_name == nil then
    local options = one.options
    if has_back == nil then
      options.backref = create(base, many.direction, relationships.backref, back, other, class, many.options)
      if options.backref ~= nil then take_name(given, other, back) end
    end
    local made = create(base, one.direction, relationships.relationship, name, class, other, options)
    if made == nil then return end
    deferred.add_field(class, name, made)
    if has_back then
      has_back.options.back_populates, made.options.back_populates = name, back
    end
  elseif has_back == nil then
    for key, value in pairs(many.own) do many.options[key] = value end
    many.options.back_populates = name
    local made = create(base, many.direction, relationships.relationship, back, other, class, many.options)
    if made == nil then return end
    deferred.add_field(other, back, made)
    has_name.options.back_populates = back
  end
end

local function link_foreign_keys(base, given, class, of_table, classes)
  for _, constraint in ipairs(foreign_keys_of(of_table)) do
    local other = classes[referred_table(constraint)]
    if other and (class == other or not hierarchy.is_a(class, other)) then
      local name = given.name_for_scalar_relationship(base, class, other, constraint)
      local back = given.name_for_collection_relationship(base, other, class, constraint)
      local keys = columns_of(constraint, "parent")
      link(base, given, class, name, {direction = "MANYTOONE", options = {foreign_keys = keys, remote_side = columns_of(constraint, "column")}},
        other, back, {direction = "ONETOMANY", options = collection_options(constraint, given), own = {foreign_keys = keys}})
    end
  end
end

--- The condition that joins an association table by one of its foreign keys.
local function condition(constraint)
  local parts = {}
  for i, element in ipairs(constraint.elements) do parts[i] = element.column:eq(element.parent) end
  return require("lualchemy").and_(table.unpack(parts))
end

local function link_many_to_many(base, given, association, keys, classes)
  local class, other = classes[referred_table(keys[1])], classes[referred_table(keys[2])]
  if not class or not other then return end
  local name = given.name_for_collection_relationship(base, class, other, keys[1])
  local back = given.name_for_collection_relationship(base, other, class, keys[2])
  local first, second = condition(keys[1]), condition(keys[2])
  link(base, given, class, name,
    {direction = "MANYTOMANY", options = {secondary = association, primaryjoin = first, secondaryjoin = second,
      collection_class = given.collection_class}},
    other, back,
    {direction = "MANYTOMANY", options = {collection_class = given.collection_class},
      own = {secondary = association, primaryjoin = second, secondaryjoin = first}})
end

--- Notes a class under its name, and under that of its module.
local function publish(base, class, name, module_name)
  if not module_name then base.classes[name] = class end
  local at = base.by_module
  for part in (module_name or base.__name__):gmatch "[^.]+" do
    if rawget(at, part) == nil then at[part] = named("the module " .. part) end
    at = at[part]
  end
  at[name] = class
end

--- Declares a class for the table, unless its name is taken.
local function declare(base, given, of_table)
  local module_name = given.modulename_for_table and given.modulename_for_table(base, of_table.name, of_table) or nil
  local name = given.classname_for_table(base, of_table.name, of_table)
  if not module_name and rawget(base.classes, name) then
    warnings.warn(("Ignoring duplicate class name '%s' received in automap base for table %s without a module being set; consider using the " ..
      "modulename_for_table hook"):format(name, of_table.name))
    return nil
  end
  local class = declarative.make_class(base, name, {__table__ = of_table})
  publish(base, class, name, module_name)
  return class
end

local prepare_keywords = keywords.set {
  "autoload_with", "engine", "reflect", "schema", "classname_for_table", "modulename_for_table", "name_for_scalar_relationship",
  "name_for_collection_relationship", "generate_relationship", "collection_class", "reflection_options",
}
local functions = {"classname_for_table", "modulename_for_table", "name_for_scalar_relationship", "name_for_collection_relationship",
  "generate_relationship"}

local function options_of(first, second)
  local options = keywords.is_table(first) and first or second
  local given = {taken = {}} -- class → the names that foreign keys of this call have given it
  for key, value in pairs(keywords.check("prepare", options, prepare_keywords)) do given[key] = value end
  if first ~= options then given.autoload_with = first end
  given.autoload_with = given.autoload_with or given.engine
  for _, name in ipairs(functions) do
    if given[name] == nil then given[name] = M[name ~= "modulename_for_table" and name or "__none"] end
    if given[name] ~= nil and type(given[name]) ~= "function" then
      error(exc.ArgumentError(("prepare: %s is a function, not a %s"):format(name, type(given[name]))), 3)
    end
  end
  return given
end

--- Reads the tables: those of the classes that wait, then all others of the database.
local function read_tables(base, given, waiting)
  local inspector = given.autoload_with and require("lualchemy.engine.reflection").Inspector(given.autoload_with)
  local made = {}
  for _, class in ipairs(waiting) do made[#made + 1] = deferred.make_table(class) end
  if not inspector then return end
  for _, each in ipairs(made) do
    if inspector:has_table(each.name, each.schema) then reflect.table(each, inspector, {autoload_replace = false}, {}) end
  end
  local options = {schema = given.schema}
  for key, value in pairs(given.reflection_options or {}) do options[key] = value end
  base.metadata:reflect(inspector, options)
end

--- Makes classes for the tables of the metadata, those of the database `autoload_with` included, with relationships by their foreign keys, and maps
--- the classes that were declared below the base.
local function prepare(self, first, second)
  local given = options_of(first, second)
  local base = self
  while base and rawget(base, "by_module") == nil do base = rawget(base, "__base__") end
  local waiting = deferred.classes(base)
  read_tables(base, given, waiting)
  local classes, order, associations = {}, {}, {}
  for _, class in ipairs(waiting) do
    local own_table = deferred.make_table(class)
    if own_table then
      classes[own_table] = class
      order[#order + 1] = {class, own_table}
    end
  end
  local seen = declarative.record(base).automapped
  for _, each in pairs(base.metadata.tables) do
    if not seen[each] then
      seen[each] = true
      local keys = links_of(each)
      if keys then
        associations[#associations + 1] = {each, keys}
      elseif #each.primary_key.columns > 0 and not classes[each] then
        local class = declare(base, given, each)
        if class then
          classes[each] = class
          order[#order + 1] = {class, each}
        end
      end
    end
  end
  for _, entry in ipairs(order) do link_foreign_keys(base, given, entry[1], entry[2], classes) end
  for _, entry in ipairs(associations) do link_many_to_many(base, given, entry[1], entry[2], classes) end
  for _, class in ipairs(waiting) do publish(base, class, class.__name__) end
  for _, class in ipairs(deferred.classes(base)) do deferred.map(class) end
end

--- A base class that makes its classes from the tables of a database: `Base:prepare(engine, options)`, then `Base.classes.<table>`. Classes
--- that are declared below it before that are completed by what the database says. As SQLAlchemy's `automap_base()`.
---
---     local Base = automap.automap_base()
---     Base:prepare(engine, {name_for_scalar_relationship = function(base, class, other, constraint) return constraint.column_keys[1]:sub(1, -3) end})
---
--- Options of `prepare`: `autoload_with`, `schema`, `classname_for_table`, `modulename_for_table`, `name_for_scalar_relationship`,
--- `name_for_collection_relationship`, `generate_relationship`, `collection_class`, `reflection_options`.
---@param base table?  a declarative base; or options of `declarative_base`
---@return table Base  with `prepare`, `classes` and `by_module`
function M.automap_base(base)
  if base == nil or keywords.is_table(base) then base = declarative.declarative_base(base) end
  if not declarative.record(base) then
    error(exc.ArgumentError("automap_base takes a declarative base, or the options for one"), 2)
  end
  local automapped = declarative.make_class(base, base.__name__, {__abstract__ = true})
  rawset(automapped, "prepare", prepare)
  rawset(automapped, "classes", named "Base.classes")
  rawset(automapped, "by_module", named "Base.by_module")
  declarative.record(automapped).automapped = {}
  return deferred.declare(automapped, "AutomapBase")
end

return strict.module("lualchemy.ext.automap", M)
