-- SPDX-License-Identifier: MIT
-- la.inspect of classes and objects: the mapper, and the state of an object.
local core = require "lualchemy.core"
local events = require "lualchemy.orm.events"
local fields = require "lualchemy.orm.fields"
local hierarchy = require "lualchemy.orm.hierarchy"
local inspection = require "lualchemy.inspection"
local properties = require "lualchemy.orm.properties"
local strict = require "lualchemy.strict"
local select = core.lua_select

local M = {}

local function each(list, make)
  local made = {}
  for i, item in ipairs(list) do made[i] = make(item) end
  return core.list(made)
end

--- What lists of properties, of a mapper or of an object's state, have beside these; a property of the name wins.
local listed = {
  keys = function(list) return each(list, function(item) return item.key end) end,
  values = function(list) return each(list, function(item) return item end) end,
  items = function(list) return each(list, function(item) return core.list {item.key, item} end) end,
}

--- A list of properties of `what` that also answers by name.
local function by_name(list, what)
  local named = {}
  for _, item in ipairs(list) do named[item.key] = item end
  --- Is there one of this name?
  local function contains(_, key) return named[key] ~= nil end
  return setmetatable(list, {
    __name = "lualchemy.properties",
    __tostring = function() return tostring(listed.keys(list)) end,
    __index = function(_, key)
      local found = named[key] or listed[key] or key == "contains" and contains or nil
      if found or strict.is_probe(key) then return found end
      strict.unknown(what or "the mapper", key, named)
    end,
  })
end

--- The attributes of a class that are of `kind`, or of another one; all for nil.
local function kind_of(class, kind, other)
  local list = {}
  for _, property in ipairs(core.mapper_properties(class)) do
    if kind == nil or property.kind == kind or property.kind == other then list[#list + 1] = properties.complete(class, property) end
  end
  return by_name(list)
end

local inspect_class

local function record_of(class)
  return require("lualchemy.orm.declarative").record(class)
end

local parent_of, root_of = hierarchy.parent, hierarchy.root

--- The class and its subclasses, level by level.
local function family(class)
  local list = {class}
  for _, at in ipairs(list) do
    for _, below in ipairs(record_of(at).below or {}) do list[#list + 1] = below end
  end
  return list
end

--- The nearest value of a mapper argument, of the class or its bases, and the class that has it.
local function argument_of(class, name)
  local at = class
  while at do
    local value = record_of(at).arguments[name]
    if value ~= nil then return value, at end
    at = parent_of(at)
  end
end

local function find_property(class, key)
  local found = kind_of(class)
  for _, property in ipairs(found) do
    if property.key == key then return property end
  end
end

--- The composite `key` of a class, or nil.
local function composite_of(class, key)
  local found = require("lualchemy.orm.descriptor").find(class, key)
  return found and require("lualchemy.orm.composite").is_composite(found) and found or nil
end

--- The composites of a class, in order of their names: {key, kind, attributes}.
local function composites_of(class)
  local list = {}
  for key, descriptor in pairs(require("lualchemy.orm.descriptor").all(class)) do
    if composite_of(class, key) then
      list[#list + 1] = {key = key, kind = "composite", composite_class = descriptor.make, attributes = descriptor:keys(class)}
    end
  end
  table.sort(list, function(a, b) return a.key < b.key end)
  return list
end

local function no() return false end

--- The objects that `property`, a relationship, links to `object`; those that are not loaded only if `loads`.
local function linked(object, property, loads)
  if not loads and not core.object_loaded(object, property.key) then return {} end
  local value = object[property.key]
  if value == nil then return {} end
  if not property.uselist then return {value} end
  local list = {}
  for _, member in pairs(value) do list[#list + 1] = member end
  return list
end

--- The objects that the cascade `kind` reaches from the object of `state`.
local function reached(kind, state)
  local list, seen, waiting = {}, {[state.object] = true}, {state.object}
  while #waiting > 0 do
    local object = table.remove(waiting)
    for _, property in ipairs(kind_of(core.mapped_class_of(object), "relationship")) do
      if property.cascade[kind] then
        for _, other in ipairs(linked(object, property, kind == "delete")) do
          if not seen[other] then
            seen[other] = true
            list[#list + 1], waiting[#waiting + 1] = other, other
          end
        end
      end
    end
  end
  return list
end

local function identities() return require "lualchemy.orm.identity" end

local mapper_fields = {
  is_selectable = no, is_property = no, is_attribute = no, is_instance = no, is_aliased_class = no, is_bundle = no, is_clause_element = no,
  non_primary = no, represents_outer_join = no,
  entity_namespace = function(class) return class end,
  primary_base_mapper = function(class) return inspect_class(root_of(class)) end,
  --- mapper:iterate_to_root(): the mapper, its base, its base's base …
  iterate_to_root = function(class)
    return function()
      local at = class
      return function()
        local found = at
        at = at and parent_of(at)
        return found and inspect_class(found)
      end
    end
  end,
  --- mapper:add_property(key, property), mapper:add_properties {key = property}
  add_property = function(class)
    return function(_, key, property)
      if core.mapper_has(class, key) then require("lualchemy.orm.declarative").add_property(class, key, property) end
      class[key] = property
    end
  end,
  add_properties = function(class)
    return function(_, given)
      for key, property in pairs(given) do class[key] = property end
    end
  end,
  --- mapper:cascade_iterator(kind, state): the objects that an operation on an object reaches, each with its mapper and state
  cascade_iterator = function()
    return function(_, kind, state)
      local list, at = reached(kind, state), 0
      return function()
        at = at + 1
        local object = list[at]
        if object then return object, inspect_class(core.mapped_class_of(object)), inspection.inspect(object) end
      end
    end
  end,
  selectable = function(class) return (select(2, core.alias_parts(class))) end,
  configured = function() return true end,
  primary_mapper = function(class)
    return function() return inspect_class(class) end
  end,
  validators = function(class)
    local found, validators = {}, record_of(class).validators
    for _, property in ipairs(core.mapper_properties(class)) do found[property.key] = validators[property.key] end
    return found
  end,
  version_id_col = function(class)
    for _, property in ipairs(core.mapper_properties(class)) do
      if property.version then return property.column end
    end
  end,
  eager_defaults = function(class)
    local given = argument_of(class, "eager_defaults")
    if given == nil then return "auto" end
    return given
  end,
  with_polymorphic_mappers = function(class)
    local given, list = argument_of(class, "with_polymorphic"), {}
    if given == nil then return list end
    for _, at in ipairs(given == "*" and family(class) or given) do
      list[#list + 1] = inspect_class(type(at) == "string" and class.registry.classes[at] or at)
    end
    return list
  end,
  iterate_properties = function(class)
    local list, at = kind_of(class), 0
    return function()
      at = at + 1
      return list[at]
    end
  end,
  polymorphic_iterator = function(class)
    return function()
      local list, at = family(class), 0
      return function()
        at = at + 1
        return list[at] and inspect_class(list[at])
      end
    end
  end,
  --- mapper:common_parent(other), mapper:is_sibling(other)
  common_parent = function(class)
    return function(_, other) return root_of(class) == root_of(other.class_) end
  end,
  is_sibling = function(class)
    return function(_, other)
      return parent_of(class) ~= nil and parent_of(class) == parent_of(other.class_) and other.class_ ~= class
    end
  end,
  primary_key_from_instance = function()
    return function(_, object) return identities().identity_key {instance = object}[2] end
  end,
  identity_key_from_instance = function()
    return function(_, object) return identities().identity_key {instance = object} end
  end,
  identity_key_from_primary_key = function(class)
    return function(_, identity) return identities().identity_key(class, identity) end
  end,
  identity_key_from_row = function(class)
    return function(_, row) return identities().identity_key(class, {row = row}) end
  end,
  class_ = function(class) return class end,
  local_table = function(class) return class.__table__ end,
  mapped_table = function(class) return class.__table__ end,
  attrs = function(class) return kind_of(class) end,
  column_attrs = function(class) return kind_of(class, "column", "expression") end,
  relationships = function(class) return kind_of(class, "relationship") end,
  synonyms = function(class) return kind_of(class, "synonym") end,
  primary_key = function(class)
    local list = {}
    for _, property in ipairs(core.mapper_properties(class)) do
      if property.primary_key then list[#list + 1] = property.column end
    end
    return core.list(list)
  end,
  columns = function(class) return class.__table__.c end,
  c = function(class) return class.__table__.c end,
  key = function(class) return class.__name__ end,
  is_mapper = function() return true end,
  mapper = function(class) return inspect_class(class) end,
  entity = function(class) return class end,
  registry = function(class) return class.registry end,
  persist_selectable = function(class) return class.__table__ end,
  inherits = function(class)
    local parent = parent_of(class)
    return parent and inspect_class(parent)
  end,
  base_mapper = function(class)
    return inspect_class(root_of(class))
  end,
  single = function(class) return parent_of(class) ~= nil and parent_of(class).__table__ == class.__table__ end,
  concrete = function(class) return record_of(class).arguments.concrete == true end,
  tables = function(class) return core.list(core.mapper_tables(class)) end,
  self_and_descendants = function(class)
    local list = family(class)
    for i, at in ipairs(list) do list[i] = inspect_class(at) end
    return core.list(list)
  end,
  polymorphic_identity = function(class) return record_of(class).arguments.polymorphic_identity end,
  polymorphic_on = function(class)
    local on, owner = argument_of(class, "polymorphic_on")
    return type(on) == "string" and owner.__table__.c[on] or on
  end,
  polymorphic_map = function(class)
    local map = {}
    for _, at in ipairs(family(root_of(class))) do
      local identity = record_of(at).arguments.polymorphic_identity
      if identity ~= nil then map[identity] = inspect_class(at) end
    end
    return map
  end,
  composites = function(class) return by_name(composites_of(class)) end,
  all_orm_descriptors = function(class)
    local list = kind_of(class)
    for key, descriptor in pairs(require("lualchemy.orm.descriptor").all(class)) do
      list[#list + 1] = {key = key, kind = "descriptor", descriptor = descriptor, is_attribute = true,
        extension_type = getmetatable(descriptor).extension_type or "NOT_EXTENSION"}
    end
    return by_name(list)
  end,
  --- mapper:get_property(key)
  get_property = function(class)
    return function(_, key)
      local found = find_property(class, key)
      if found then return found end
      error(require("lualchemy.exc").InvalidRequestError(("Mapper 'Mapper[%s(%s)]' has no property '%s'.  If this property was indicated from " ..
        "other mappers or configure events, ensure registry.configure() has been called."):format(class.__name__, hierarchy.table(class).name, tostring(key))), 0)
    end
  end,
  --- mapper:has_property(key)
  has_property = function(class)
    return function(_, key) return find_property(class, key) ~= nil end
  end,
  --- mapper:get_property_by_column(column)
  get_property_by_column = function(class)
    return function(_, column)
      for _, property in ipairs(kind_of(class, "column")) do
        if property.column == column then return property end
      end
      error(require("lualchemy.exc").InvalidRequestError(("No column %s is configured on mapper Mapper[%s(%s)]"):format(tostring(column),
        class.__name__, hierarchy.table(class).name)), 0)
    end
  end,
  --- mapper:isa(other)
  isa = function(class)
    return function(_, other)
      return core.is_subclass(class, core.is_mapped(other) and other or other.class_)
    end
  end,
}

-- Arguments of mappers that a class has for itself, and what holds where they are not given; nil is `none`.
local none = {}
for name, default in pairs {
  allow_partial_pks = true, batch = true, confirm_deleted_rows = true, legacy_is_orphan = false, passive_deletes = false, passive_updates = true,
  polymorphic_abstract = false, column_prefix = none, include_properties = none, exclude_properties = none, polymorphic_load = none,
  with_polymorphic = none, version_id_generator = none,
} do
  mapper_fields[name] = function(class)
    local given = record_of(class).arguments[name]
    if given == nil and default ~= none then return default end
    return given
  end
end

--- The mapper of a class, one for each; `class.__mapper__`.
function M.mapper(class)
  return setmetatable({}, {
    __name = "lualchemy.Mapper",
    __tostring = function() return ("Mapper[%s(%s)]"):format(class.__name__, hierarchy.table(class).name) end,
    __index = function(_, key)
      local make = mapper_fields[key]
      if make then return make(class) end
      if strict.is_probe(key) then return nil end
      strict.unknown("a mapper", key, mapper_fields)
    end,
  })
end

function inspect_class(class)
  require("lualchemy.orm.registry").configure(class)
  return class.__mapper__
end

local History = {__name = "lualchemy.History"}
History.__index = History

--- Whether anything came or went.
function History:has_changes() return #self.added + #self.deleted > 0 end

--- Whether there is nothing at all, changed or not.
function History:empty() return #self.added + #self.deleted + #self.unchanged == 0 end

local function joined(...)
  local list = {}
  for _, part in ipairs {...} do
    for _, value in ipairs(part) do list[#list + 1] = value end
  end
  return list
end

--- All of it: what came, what stayed, what went.
function History:sum() return joined(self.added, self.unchanged, self.deleted) end

--- What was there before: what stayed, and what went.
function History:non_added() return joined(self.unchanged, self.deleted) end

--- What is there now: what came, and what stayed.
function History:non_deleted() return joined(self.added, self.unchanged) end

function History:__tostring()
  local describe = require "lualchemy.describe"
  return ("History(added=%s, unchanged=%s, deleted=%s)"):format(describe.list(self.added), describe.list(self.unchanged), describe.list(self.deleted))
end

--- The history of an attribute as far as it is known without SQL.
local function history_of(object, key)
  local composite = composite_of(core.mapped_class_of(object), key)
  if composite then
    local added, unchanged, deleted = composite:history(object)
    return setmetatable({added = added, unchanged = unchanged, deleted = deleted}, History)
  end
  local added, unchanged, deleted = core.object_history(object, key)
  return setmetatable({added = added, unchanged = unchanged, deleted = deleted}, History)
end

--- The same after loading what is not loaded.
local function load_history(object, key)
  if composite_of(core.mapped_class_of(object), key) or not core.object_loaded(object, key) then local _ = object[key] end
  core.object_load_old(object, key)
  return history_of(object, key)
end

--- The state of one attribute: `.value` (loads), `.loaded_value`, `.history` with `.added`, `.unchanged`, `.deleted`, `:load_history()`.
local function attribute_state(object, key)
  return setmetatable({key = key}, {
    __name = "lualchemy.AttributeState",
    __index = function(_, name)
      if name == "value" then return object[key] end
      if name == "loaded_value" then return composite_of(core.mapped_class_of(object), key) and object[key] or core.object_loaded(object, key) and object[key] or nil end
      if name == "state" then return inspection.inspect(object) end
      if name == "history" then return history_of(object, key) end
      if name == "load_history" then return function() return load_history(object, key) end end
    end,
  })
end

--- The names of an object's attributes of which `is(object, property)` holds.
local function names_where(object, is)
  local list = {}
  for _, property in ipairs(core.mapper_properties(core.mapped_class_of(object))) do
    if property.kind ~= "synonym" and is(object, property) then list[#list + 1] = property.key end
  end
  return core.list(list)
end

local function is_expired(object, property) return core.object_expired(object, property.key) end

--- The names of the attributes that are as they were when they were loaded.
local function unmodified(object)
  return names_where(object, function(_, property)
    local added, _, deleted = core.object_history(object, property.key)
    return #added + #deleted == 0
  end)
end

-- Object → the table that the program keeps with its state.
local infos = setmetatable({}, {__mode = "k"})

local state_fields = {
  is_instance = function() return true end, is_mapper = no, is_aliased_class = no, is_selectable = no, is_attribute = no, is_property = no,
  is_bundle = no, is_clause_element = no,
  info = function(object)
    infos[object] = infos[object] or {}
    return infos[object]
  end,
  --- state:obj(): the object
  obj = function(object)
    return function() return object end
  end,
  callables = function() return {} end,
  --- What modified attributes were before, by name.
  committed_state = function(object)
    local values = {}
    for _, key in ipairs(names_where(object, function() return true end)) do
      local added, _, deleted = core.object_history(object, key)
      if #added + #deleted > 0 then values[key] = deleted[1] == nil and core.null() or deleted[1] end
    end
    return values
  end,
  --- state:get_history(key): as `state.attrs[key].history`
  get_history = function(object)
    return function(_, key) return history_of(object, key) end
  end,
  --- state:unmodified_intersection(keys): those of `keys` that are as they were when they were loaded
  unmodified_intersection = function(object)
    return function(_, keys)
      local wanted, list = {}, {}
      for _, key in ipairs(keys) do wanted[key] = true end
      for _, key in ipairs(unmodified(object)) do
        if wanted[key] then list[#list + 1] = key end
      end
      return list
    end
  end,
  class_ = function(object) return core.mapped_class_of(object) end,
  --- The loaded attributes by name, without SQL.
  dict = function(object)
    local values = {}
    for _, key in ipairs(names_where(object, function(_, property) return core.object_loaded(object, property.key) end)) do
      local value = object[key]
      values[key] = value == nil and core.null() or value
    end
    return values
  end,
  expired = function(object) return #names_where(object, is_expired) > 0 end,
  expired_attributes = function(object) return names_where(object, is_expired) end,
  identity_key = function(object)
    if core.object_identity(object) == nil then return nil end
    return identities().identity_key {instance = object}
  end,
  key = function(object)
    if core.object_identity(object) == nil then return nil end
    return identities().identity_key {instance = object}
  end,
  unmodified = unmodified,
  unloaded_expirable = function(object)
    return names_where(object, function(_, property) return not core.object_loaded(object, property.key) end)
  end,
  transient = function(object) return core.object_state(object) == "transient" end,
  pending = function(object) return core.object_state(object) == "pending" end,
  persistent = function(object) return core.object_state(object) == "persistent" end,
  deleted = function(object) return core.object_state(object) == "deleted" end,
  detached = function(object) return core.object_state(object) == "detached" end,
  was_deleted = function(object) return core.was_deleted(object) end,
  modified = function(object) return (select(2, core.object_state(object))) end,
  identity_token = function(object) return require("lualchemy.orm.binds").token_of(object) end,
  session = function(object) return core.object_session(object) end,
  identity = function(object) return core.object_identity(object) end,
  has_identity = function(object) return core.object_identity(object) ~= nil end,
  object = function(object) return object end,
  class = function(object) return core.mapped_class_of(object) end,
  mapper = function(object) return inspect_class(core.mapped_class_of(object)) end,
  unloaded = function(object)
    local list = {}
    for _, property in ipairs(core.mapper_properties(core.mapped_class_of(object))) do
      if property.kind ~= "synonym" and not core.object_loaded(object, property.key) then list[#list + 1] = property.key end
    end
    return core.list(list)
  end,
  attrs = function(object)
    local list = {}
    for _, property in ipairs(core.mapper_properties(core.mapped_class_of(object))) do
      list[#list + 1] = attribute_state(object, property.key)
    end
    for _, composite in ipairs(composites_of(core.mapped_class_of(object))) do
      list[#list + 1] = attribute_state(object, composite.key)
    end
    return by_name(list, "the object")
  end,
}

local function inspect_object(object)
  return setmetatable({}, {
    __name = "lualchemy.InstanceState",
    __index = function(_, key)
      local make = state_fields[key]
      if make then return make(object) end
      if strict.is_probe(key) then return nil end
      strict.unknown("the state of an object", key, state_fields)
    end,
  })
end

local alias_fields = {
  class_ = function(alias) return (core.entity_class(alias)) end,
  mapper = function(alias) return inspect_class((core.entity_class(alias))) end,
  entity = function(alias) return alias end,
  name = function(alias) return (core.alias_parts(alias)) end,
  selectable = function(alias) return (select(2, core.alias_parts(alias))) end,
  is_aliased_class = function() return true end,
  is_mapper = no, is_instance = no, is_selectable = no, is_attribute = no, is_property = no, is_bundle = no, is_clause_element = no,
  represents_outer_join = no,
  entity_namespace = function(alias) return alias end,
  local_table = function(alias) return (core.entity_class(alias)).__table__ end,
  persist_selectable = function(alias) return (core.entity_class(alias)).__table__ end,
  polymorphic_on = function(alias) return inspect_class((core.entity_class(alias))).polymorphic_on end,
  with_polymorphic_mappers = function(alias) return inspect_class((core.entity_class(alias))).with_polymorphic_mappers end,
}

--- What an alias of a class is: SQLAlchemy's AliasedInsp.
local function inspect_alias(alias)
  return setmetatable({}, {
    __name = "lualchemy.AliasedInsp",
    __tostring = function() return tostring(alias) end,
    __index = function(_, key)
      local make = alias_fields[key]
      if make then return make(alias) end
      if strict.is_probe(key) then return nil end
      strict.unknown("the inspection of an alias", key, alias_fields)
    end,
  })
end

inspection.__register(nil, function(value)
  if core.is_mapped(value) then return inspect_class(value) end
  if core.mapped_class_of(value) then return inspect_object(value) end
end)
inspection.__register("lualchemy.AliasedClass", inspect_alias)

--- Is `class` mapped, a base or a mixin?
local function is_class(class)
  return core.is_mapped(class) or events.is_class(class) or getmetatable(class) == fields.Mixin
end

inspection.__register_test(function(value, class)
  if type(class) ~= "table" or not is_class(class) then return nil end
  local own = core.mapped_class_of(value)
  if own == class then return true end
  for _, ancestor in ipairs(own and events.ancestors(own) or {}) do
    if ancestor == class then return true end
  end
  return false
end)

local attribute_fields = {
  class_ = function(class) return class end,
  parent = function(class) return inspect_class(class) end,
  property = find_property,
  prop = find_property,
  key = function(_, key) return key end,
  info = function(class, key) return find_property(class, key).info end,
  expression = function(class, key) return class[key] end,
  expressions = function(class, key)
    local property = find_property(class, key)
    return property.columns or core.list {class[key]}
  end,
  entity = function(class, key) return find_property(class, key).entity end,
  mapper = function(class, key) return find_property(class, key).mapper end,
  is_attribute = function() return true end,
  is_mapper = no, is_instance = no, is_aliased_class = no, is_selectable = no, is_property = no, is_bundle = no, is_clause_element = no,
}

-- What the attribute of a column has from it.
for _, name in ipairs {"primary_key", "nullable", "default", "onupdate", "server_default", "server_onupdate", "index", "unique", "comment", "foreign_keys",
  "table", "autoincrement", "computed", "identity", "constraints", "doc"} do
  attribute_fields[name] = function(class, key)
    local property = find_property(class, key)
    if property and property.column then return property.column[name] end
    strict.unknown(("the attribute %s.%s"):format(class.__name__, key), name, {})
  end
end

--- The fields of `User.name` and `User.orders` beside those that expressions have: the value, and true if there is such a field.
core.hook("attribute_field", function(class, key, name)
  local find = attribute_fields[name]
  if not find then return nil, false end
  if (name == "entity" or name == "mapper") and find_property(class, key).kind ~= "relationship" then return inspect_class(class), true end
  return find(class, key), true
end)

M.class, M.object, M.load_history = inspect_class, inspect_object, load_history

return M
