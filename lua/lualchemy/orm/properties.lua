-- SPDX-License-Identifier: MIT
-- Attributes of a class as `la.inspect(Class).attrs` and its kin show them: SQLAlchemy's ColumnProperty and RelationshipProperty.
--
-- What core.mapper_properties gives of an attribute is there at once; the rest is found when it is asked for.
local core = require "lualchemy.core"
local mapped_columns = require "lualchemy.orm.columns"
local strict = require "lualchemy.strict"

local M = {}

local function inspect(class) return require("lualchemy.inspection").inspect(class) end

--- What relationship() was given, an empty table for what has no such description.
local function given(class, key)
  local described = class.registry and class.registry.described or {}
  while class do
    local found = described[class] and described[class][key]
    if found then return found end
    class = rawget(class, "__base__")
  end
  return {options = {}}
end

local function no() return false end

local shared = {
  parent = function(class) return inspect(class) end,
  class_attribute = function(class, key) return class[key] end,
  is_property = function() return true end,
  extension_type = function() return "NOT_EXTENSION" end,
  is_mapper = function() return false end,
  is_attribute = no, is_instance = no, is_aliased_class = no, is_selectable = no, is_bundle = no, is_clause_element = no,
  info = function(class, key, property) return property.column and property.column.info or given(class, key).options.info or {} end,
  doc = function(class, key) return given(class, key).options.doc end,
}

local of_columns = {
  columns = function(class, key, property) return core.list {property.column or class[key], table.unpack(mapped_columns.further(class, key))} end,
  expression = function(class, key, property) return property.column or class[key] end,
}

--- A field of what the relationship was configured to.
local function part(name)
  return function(class, key) return core.relationship_parts(class, key)[name] end
end

local function option(name)
  return function(class, key) return given(class, key).options[name] end
end

local function columns_of(pairs_of, at)
  local list, seen = {}, {}
  for _, pair in ipairs(pairs_of) do
    if not seen[pair[at]] then
      list[#list + 1], seen[pair[at]] = pair[at], true
    end
  end
  return list
end

local of_relationships = {
  argument = function(class, key) return given(class, key).argument end,
  backref = option "backref",
  back_populates = option "back_populates",
  collection_class = option "collection_class",
  overlaps = option "overlaps",
  mapper = function(_, _, property) return inspect(property.target) end,
  entity = function(_, _, property) return inspect(property.target) end,
  join_depth = part "join_depth",
  --- {local column, remote column} of each equality, the secondary table's columns being remote.
  local_remote_pairs = function(class, key, property)
    local parts, list = core.relationship_parts(class, key), {}
    for _, pair in ipairs(parts.pairs) do
      list[#list + 1] = property.direction == "MANYTOONE" and {pair[2], pair[1]} or pair
    end
    for _, pair in ipairs(parts.secondary_pairs) do list[#list + 1] = pair end
    return list
  end,
  --- {column that gives its value, column that gets it}.
  synchronize_pairs = part "pairs",
  secondary_synchronize_pairs = part "secondary_pairs",
  local_columns = function(class, key, property)
    return columns_of(core.relationship_parts(class, key).pairs, property.direction == "MANYTOONE" and 2 or 1)
  end,
  remote_side = function(class, key, property)
    local parts = core.relationship_parts(class, key)
    local list = columns_of(parts.pairs, property.direction == "MANYTOONE" and 1 or 2)
    for _, column in ipairs(columns_of(parts.secondary_pairs, 2)) do list[#list + 1] = column end
    return list
  end,
}
for _, name in ipairs {"primaryjoin", "secondaryjoin", "order_by", "lazy", "single_parent", "post_update", "passive_updates", "passive_deletes",
  "innerjoin", "active_history"} do
  of_relationships[name] = part(name)
end

for name, default in pairs {load_on_pending = false, enable_typechecks = true} do
  of_relationships[name] = function(class, key)
    local value = given(class, key).options[name]
    if value == nil then return default end
    return value
  end
end
for _, name in ipairs {"omit_join", "distinct_target_key", "sync_backref"} do of_relationships[name] = option(name) end

-- What core.mapper_properties may leave out.
local optional = {column = true, secondary = true, target = true, collection = true, composite_class = true, attributes = true, uselist = true, viewonly = true,
  direction = true, cascade = true, configured = true, name = true}

local metatables = setmetatable({}, {__mode = "k"})

local function metatable_of(class)
  local made = metatables[class]
  if made then return made end
  made = {
    __name = "lualchemy.MapperProperty",
    class = class,
    __tostring = function(property) return ("%s.%s"):format(class.__name__, property.key) end,
    __index = function(property, name)
      local own = property.kind == "relationship" and of_relationships or of_columns
      local find = own[name] or shared[name]
      if find then return find(class, property.key, property) end
      if optional[name] or strict.is_probe(name) then return nil end
      strict.unknown(("the property %s.%s"):format(class.__name__, property.key), name, own, shared, optional)
    end,
  }
  metatables[class] = made
  return made
end

--- The class and the key of the attribute that `value` describes; nothing for what is no such description.
function M.attribute_of(value)
  local class = type(value) == "table" and rawget(value, "key") and (getmetatable(value) or {}).class
  if class and metatables[class] == getmetatable(value) then return class, value.key end
end

-- The kinds of operation that a relationship passes on: a set, whose text lists them as they are given.
local cascade_meta = {
  __name = "lualchemy.CascadeOptions",
  __tostring = function(cascade)
    local kinds = {}
    for kind, on in next, cascade do
      if on then kinds[#kinds + 1] = kind end
    end
    table.sort(kinds)
    return table.concat(kinds, ",")
  end,
}

--- Gives the description of an attribute of `class` its other fields.
function M.complete(class, property)
  if property.cascade then setmetatable(property.cascade, cascade_meta) end
  return setmetatable(property, metatable_of(class))
end

return M
