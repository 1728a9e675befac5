-- SPDX-License-Identifier: MIT
-- Dictionaries of objects, as SQLAlchemy's `sqlalchemy.orm.mapped_collection`: the key of an object is found by a function when it comes in,
-- and stays what it was.
--
--   notes = relationship("Note", {collection_class = orm.attribute_keyed_dict "keyword"})
--   item.notes.color = Note{keyword = "color", text = "red"}; item.notes.color.text; for keyword, note in pairs(item.notes) do … end
--
-- A key wins over a method of the same name: `notes:get(key)` asks for keys alone.
local adapter = require "lualchemy.orm._adapter"
local collections = require "lualchemy.orm._collection_class"
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local ordered = require "lualchemy.orm._ordered"
local warnings = require "lualchemy.warnings"
local select = core.lua_select

local M = {}

--- Where a dictionary has its insides; no key of the program can be this table.
local INSIDE = {}

--- What a key function gives for an object whose key was never set …
local unset = {}
--- … and for one whose key is nil.
local none = {}

local function inside(view)
  return rawget(view, INSIDE)
end

-- ---- keys of several columns ----

local function is_sequence(key)
  return type(key) == "table" and (getmetatable(key) == nil or getmetatable(key) == M.CompositeKey)
end

--- Sequences of values, one table for each: equal ones are the same key.
M.CompositeKey = {
  __name = "lualchemy.CompositeKey",
  __tostring = function(key) return describe.value(table.move(key, 1, #key, 1, {})) end,
}

--- The dictionary's own table for the sequence of values `key`, kept if `keep`.
local function composite(state, key, keep)
  local at = state.composites
  for i = 1, #key do
    local below = at[key[i]]
    if not below then
      if not keep then return nil end
      below = {}
      at[key[i]] = below
    end
    at = below
  end
  if not at[INSIDE] and keep then at[INSIDE] = setmetatable(table.move(key, 1, #key, 1, {}), M.CompositeKey) end
  return at[INSIDE]
end

local function normal(state, key, keep)
  if is_sequence(key) then return composite(state, key, keep) end
  if key == nil then return core.null() end
  return key
end

-- ---- the class ----

local function find(view, key)
  local state = inside(view)
  key = normal(state, key, false)
  return key ~= nil and state.objects[key] or nil
end

---@class lualchemy.KeyFuncDict
local Dict = collections.new_class("KeyFuncDict", nil, {
  class = collections.subclass,
  __init = function(self, keyfunc, options)
    if type(keyfunc) ~= "function" then
      error(exc.ArgumentError(("KeyFuncDict takes a function of an object that gives its key, not a %s"):format(type(keyfunc))), 3)
    end
    options = keywords.check("KeyFuncDict", options, keywords.set {"ignore_unpopulated_attribute"})
    rawset(self, INSIDE, {
      keyfunc = keyfunc, ignore = options.ignore_unpopulated_attribute == true, objects = {}, held = {}, keys = ordered.new(), composites = {},
    })
  end,
  __index = function(view, key)
    local object = find(view, key)
    if object ~= nil or type(key) ~= "string" then return object end
    return collections.class_of(view)[key]
  end,
  __len = function(view) return inside(view).keys.count end,
})
Dict.is_canned, Dict.is_keyed = Dict, true
--- The objects of the collection.
---@param view any
---@return any[]
function Dict.members_of(view) return Dict.values(view) end
collections.set_roles(Dict, {append = "set", remove = "remove", like = "dict"})
M.KeyFuncDict = Dict

local function key_text(key)
  return type(key) == "string" and key:match("^[%a_][%w_]*$") and key or "[" .. (type(key) == "table" and tostring(key) or describe.value(key)) .. "]"
end

function Dict.instances.__tostring(view)
  local texts = {}
  for key, object in pairs(view) do texts[#texts + 1] = key_text(key) .. " = " .. describe.value(object) end
  return "{" .. table.concat(texts, ", ") .. "}"
end

--- Keys and objects in the order in which they came; the walk goes on over what there was when it began.
function Dict.instances.__pairs(view)
  local state = inside(view)
  local keys, at = state.keys:list(), 0
  return function()
    at = at + 1
    return keys[at], keys[at] ~= nil and state.objects[keys[at]] or nil
  end
end

local function take_out(view, key)
  local state = inside(view)
  state.held[state.objects[key]] = nil
  state.objects[key] = nil
  state.keys:remove(key)
end

local function remove_key(view, key)
  local object = inside(view).objects[key]
  adapter.remove_only(view, object)
  take_out(view, key)
  return object
end

local function put(view, key, object)
  local state = inside(view)
  key = normal(state, key, true)
  if rawequal(state.objects[key], object) then return end
  if state.objects[key] ~= nil then remove_key(view, key) end
  local held = state.held[object]
  if held ~= nil then
    take_out(view, held) -- it moves from one key to another
  else
    object = adapter.append(view, object)
  end
  state.objects[key], state.held[object] = object, key
  state.keys:add(key)
end

--- `dict[key] = object`; nil takes out what is there.
function Dict.instances.__newindex(view, key, object)
  if object == nil then
    key = normal(inside(view), key, false)
    if key ~= nil and inside(view).objects[key] ~= nil then remove_key(view, key) end
    return
  end
  put(view, key, object)
end

local function attribute_name(view)
  local mine = adapter.of(view)
  return mine and ("%s.%s"):format(core.mapped_class_of(mine.owner).__name__, mine.key) or "unknown relationship"
end

--- The key of an object; nil if it is to be passed over.
local function key_of(view, object)
  local state = inside(view)
  local key = state.keyfunc(object)
  if key == nil then key = unset end
  if key ~= unset and key ~= none then return key end
  if state.ignore then return nil end
  local name = attribute_name(view)
  if key == none then
    warnings.warn(("Attribute keyed dictionary value for attribute '%s' was None; this will raise in a future release. To skip this assignment " ..
      "entirely, set ignore_unpopulated_attribute = true on the mapped collection factory."):format(name))
    return core.null()
  end
  error(exc.InvalidRequestError(("In event triggered from population of attribute '%s' (potentially from a backref), can't populate value in " ..
    "KeyFuncDict; dictionary key derived from %s is not populated. Ensure appropriate state is set up on the %s object before assigning to the " ..
    "%s attribute. To skip this assignment entirely, set ignore_unpopulated_attribute = true on the mapped collection factory.")
    :format(name, tostring(object), core.mapped_class_of(object).__name__, name)), 0)
end

local function check_object(object, method)
  if core.mapped_class_of(object) then return end
  error(exc.ArgumentError(("%s takes an object, not %s"):format(method, object == nil and "nil" or "a " .. type(object))), 3)
end

--- Adds an object under the key that it has.
---@param object any
function Dict:set(object)
  check_object(object, "set")
  local key = key_of(self, object)
  if key ~= nil then put(self, key, object) end
end

--- Takes an object out; an error if its key leads to none, or to another one.
---@param object any
function Dict:remove(object)
  check_object(object, "remove")
  local key = key_of(self, object)
  if key == nil then return end
  key = normal(inside(self), key, true)
  local held = inside(self).objects[key]
  if not rawequal(held, object) then
    error(exc.InvalidRequestError(("Can not remove '%s' from collection; collection holds '%s' for key '%s'. Possible cause: is the KeyFuncDict " ..
      "key function based on mutable properties or properties that only obtain values after flush?")
      :format(tostring(object), tostring(held), type(key) == "string" and key or describe.value(key))), 0)
  end
  remove_key(self, key)
end

--- The object of a key, or the default.
---@param key any
---@param default? any
---@return any
function Dict:get(key, default)
  local object = find(self, key)
  if object == nil then return default end
  return object
end

--- Is there an object with the key?
---@param key any
---@return boolean
function Dict:contains(key)
  return find(self, key) ~= nil
end

--- Takes out what is under a key, and gives it; without it the default, or an error if none is given.
---@param key any
---@param ... any  the default
---@return any
function Dict:pop(key, ...)
  if find(self, key) ~= nil then return remove_key(self, normal(inside(self), key, false)) end
  if select("#", ...) > 0 then return (...) end
  error(exc.ArgumentError(("the dictionary has no key %s"):format(describe.value(key))), 2)
end

--- Takes out what came last; gives key and object.
---@return any key
---@return any object
function Dict:popitem()
  local key = inside(self).keys:last()
  if key == nil then error(exc.ArgumentError("the dictionary is empty"), 2) end
  return key, remove_key(self, key)
end

--- The object of a key; if there is none, `object` is put there.
---@param key any
---@param object any
---@return any
function Dict:setdefault(key, object)
  local found = find(self, key)
  if found ~= nil then
    adapter.append_without_mutation(self, found)
    return found
  end
  check_object(object, "setdefault")
  self[key] = object
  return find(self, key)
end

--- Puts in every object of a table by key, or of another dictionary.
---@param objects table
function Dict:update(objects)
  if type(objects) ~= "table" then error(exc.ArgumentError(("update takes a table of objects by key, not a %s"):format(type(objects))), 2) end
  local found = {}
  for key, object in pairs(objects) do
    check_object(object, "update")
    found[#found + 1] = {key, object}
  end
  for _, pair in ipairs(found) do self[pair[1]] = pair[2] end
end

--- Takes out every object.
function Dict:clear()
  for _, key in adapter.backwards(inside(self).keys:list()) do remove_key(self, key) end
end

--- The keys in order; of several columns: sequences.
---@return any[]
function Dict:keys()
  return core.list(inside(self).keys:list())
end

--- The objects in order.
---@return any[]
function Dict:values()
  local list = inside(self).keys:list()
  for i, key in ipairs(list) do list[i] = inside(self).objects[key] end
  return core.list(list)
end

--- Pairs {key, object} in order.
---@return table[]
function Dict:items()
  local list = inside(self).keys:list()
  for i, key in ipairs(list) do list[i] = core.list {key, inside(self).objects[key]} end
  return core.list(list)
end

--- The members of a table of objects by key, which must be the keys that the key function gives; nil for what is no table.
function Dict.convert(value, new)
  if type(value) ~= "table" or core.is_mapped(value) then return nil end
  local class = collections.class_of(value)
  if getmetatable(value) ~= nil and not (class and class.is_keyed) then return nil end
  local fresh = new()
  local state = inside(fresh)
  local found = {}
  for key, object in pairs(value) do
    check_object(object, "a dictionary of objects")
    local wanted = key_of(fresh, object)
    if wanted == nil or normal(state, wanted, true) ~= normal(state, key, true) then
      error(exc.ArgumentError(("Found incompatible key %s for value %s; this collection's keying function requires a key of %s for this value.")
        :format(describe.value(key), tostring(object), describe.value(wanted))), 0)
    end
    found[#found + 1] = object
  end
  return found
end

-- ---- what makes them ----

local function factory(keyfunc, options)
  return function() return Dict(keyfunc, options) end
end

local known = keywords.set {"ignore_unpopulated_attribute"}

--- Dictionaries whose keys a function of the object gives, as SQLAlchemy's `keyfunc_mapping()`: nil is no key.
---@param keyfunc fun(object: any): any
---@param options {ignore_unpopulated_attribute: boolean?}?  objects without a key are passed over instead of raising
---@return function collection_class
function M.keyfunc_mapping(keyfunc, options)
  keywords.expect("keyfunc_mapping", "a function of an object", keyfunc, "function")
  return factory(keyfunc, keywords.check("keyfunc_mapping", options, known))
end

--- The value of an attribute as a key: tells nil that was given from nil that nobody gave.
local function key_by_attribute(object, name)
  local value = object[name]
  if value ~= nil then return value end
  for _, property in ipairs(core.mapper_properties(core.mapped_class_of(object))) do
    if property.key == name then return core.object_loaded(object, name) and none or unset end
  end
  return none
end

--- Dictionaries whose keys are the values of an attribute, as SQLAlchemy's `attribute_keyed_dict()`.
---
---     notes = relationship("Note", {collection_class = orm.attribute_keyed_dict "keyword"})
---@param attr_name string
---@param options {ignore_unpopulated_attribute: boolean?}?  objects whose attribute was never set are passed over instead of raising
---@return function collection_class
function M.attribute_keyed_dict(attr_name, options)
  keywords.expect("attribute_keyed_dict", "the name of an attribute", attr_name, "string")
  return factory(function(object) return key_by_attribute(object, attr_name) end, keywords.check("attribute_keyed_dict", options, known))
end

--- The name under which the class of an object maps a column.
local function key_of_column(object, column)
  local class = core.mapped_class_of(object)
  local _, name = core.attribute_of(column)
  if name then return name end
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.column == column then return property.key end
  end
  error(exc.InvalidRequestError(("column_keyed_dict: %s does not map the column '%s'"):format(class.__name__, tostring(column))), 0)
end

--- Dictionaries whose keys are the values of a column, or sequences of the values of several, as SQLAlchemy's `column_keyed_dict()`.
---@param mapping_spec any  a column, an attribute, or a sequence of them
---@param options {ignore_unpopulated_attribute: boolean?}?
---@return function collection_class
function M.column_keyed_dict(mapping_spec, options)
  options = keywords.check("column_keyed_dict", options, known)
  local several = type(mapping_spec) == "table"
  local columns = several and mapping_spec or {mapping_spec}
  for i = 1, math.max(1, #columns) do
    if not (core.is(columns[i], "lualchemy.Column") or core.attribute_of(columns[i])) then
      error(exc.ArgumentError("column_keyed_dict takes a column, or a sequence of columns, not " .. describe.value(columns[i])), 2)
    end
  end
  return factory(function(object)
    if not several or #columns == 1 then return key_by_attribute(object, key_of_column(object, columns[1])) end
    local key = {}
    for i, column in ipairs(columns) do
      local value = object[key_of_column(object, column)]
      if value == nil then value = core.null() end
      key[i] = value
    end
    return key
  end, options)
end

return require("lualchemy.strict").module("lualchemy.orm.mapped_collection", M)
