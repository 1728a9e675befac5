-- SPDX-License-Identifier: MIT
-- What an association proxy of several objects reads as: a list, set or dictionary of values that stand for the objects of a collection.
--
-- A view keeps nothing but the object that it belongs to: each use looks the collection up again, so that it is never out of date. `_get(target)`
-- and `_set(target, value)` reach the value of an object between; `_create(value)`, of a dictionary `_create(key, value)`, makes such an object.
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local ordered = require "lualchemy.orm._ordered"
local strict = require "lualchemy.strict"
local select = core.lua_select

local M = {}

local function targets(self)
  return self._object[self._collection]
end

local function value_at(self, target)
  local value = self._get(target)
  if value == nil then return core.null() end
  return value
end

local function checked(self, value)
  if value == nil then
    error(exc.ArgumentError(("the association proxy '%s' takes a value, not nil; la.null stands for NULL"):format(self._key)), 0)
  end
  return value
end

local function created_for(self, value)
  return self._create(checked(self, value))
end

--- The values of a plain sequence or of a view; raises for anything else.
local function sequence(self, values)
  local is_list = type(values) == "table" or type(values) == "userdata" and core.mapped_class_of(values) == nil and values ~= core.null()
  if not is_list or core.is_mapped(values) then
    error(exc.ArgumentError(("the association proxy '%s' takes a list of values, not %s; {} empties it")
      :format(self._key, values == nil and "nil" or "a " .. type(values))), 0)
  end
  local copy = {}
  for i = 1, #values do copy[i] = values[i] end
  return copy
end

--- The objects for the values of a list; `values` is read in full before anything changes.
local function created(self, values)
  local objects = sequence(self, values)
  for i, value in ipairs(objects) do objects[i] = self._create(value) end
  return objects
end

local function method_of(self, methods, key)
  local method = methods[key]
  if method == nil and not strict.is_probe(key) then
    strict.unknown(("the association proxy '%s'"):format(self._key), key, methods)
  end
  return method
end

local function show(self)
  local texts = {}
  for i, value in ipairs(self) do texts[i] = describe.value(value) end
  return "[" .. table.concat(texts, ", ") .. "]"
end

-- ---- lists ----

local List = {__name = "lualchemy.AssociationList"}
M.List = List

--- The list of values of an object: what a collection of objects can, with values in place of the objects.
---@class lualchemy.AssociationList
local methods = {}

--- Adds a value at the end, with an object of its own.
---@param value any
function methods:append(value)
  targets(self):append(created_for(self, value))
end

--- Adds a value at a position, counted from 1.
---@param index integer
---@param value any
function methods:insert(index, value)
  targets(self):insert(index, created_for(self, value))
end

--- Adds every value of a list.
---@param values any[]
function methods:extend(values)
  targets(self):extend(created(self, values))
end

--- The position of a value, or nil.
---@param value any
---@return integer?
function methods:index(value)
  for i, target in ipairs(targets(self)) do
    if value_at(self, target) == value then return i end
  end
end

--- Is the value there?
---@param value any
---@return boolean
function methods:contains(value)
  return methods.index(self, value) ~= nil
end

--- How often the value is there.
---@param value any
---@return integer
function methods:count(value)
  local count = 0
  for _, found in ipairs(self) do
    if found == value then count = count + 1 end
  end
  return count
end

--- Takes the first object with the value out; an error if there is none.
---@param value any
function methods:remove(value)
  local at = methods.index(self, value)
  if not at then error(exc.ArgumentError(("the value is not in the list: %s"):format(describe.value(value))), 0) end
  targets(self):pop(at)
end

--- Takes out what is at a position, or the last one, and gives its value.
---@param index? integer
---@return any
function methods:pop(index)
  return value_at(self, targets(self):pop(index))
end

--- Takes out every object.
function methods:clear()
  targets(self):clear()
end

function List:__index(key)
  if math.type(key) == "integer" then
    local target = targets(self)[key]
    if target == nil then return nil end
    return value_at(self, target)
  end
  return method_of(self, methods, key)
end

--- Writes the value of the object at a place; past the last it appends, and nil takes the last one out.
function List:__newindex(place, value)
  local list = targets(self)
  local count = #list
  if math.type(place) ~= "integer" then
    error(exc.InvalidRequestError(("the association proxy '%s' takes integer places, not '%s'"):format(self._key, tostring(place))), 2)
  elseif place < 1 or place > count + 1 or value == nil and place < count then
    error(exc.ArgumentError(("place %d is outside of a list of %d%s"):format(place, count,
      value == nil and ", or a hole would be left: use :pop(i)" or "")), 2)
  elseif value == nil then
    if place == count then list:pop() end
  elseif place > count then
    list:append(created_for(self, value))
  else
    self._set(list[place], value)
  end
end

function List:__len()
  return #targets(self)
end

function List:__pairs()
  return ipairs(self)
end

--- Equal to a list with equal values in the same order.
function List.__eq(left, right)
  if #left ~= #right then return false end
  for i = 1, #left do
    if left[i] ~= right[i] then return false end
  end
  return true
end

List.__tostring = show

--- `object.key = values`.
function List.replace(self, values)
  self._object[self._collection] = created(self, values)
end

-- ---- sets ----

local Set = {__name = "lualchemy.AssociationSet"}
M.Set = Set

--- The set of values of an object.
---@class lualchemy.AssociationSet
local set_methods = {}

--- The values in the order of their objects, each once; and the objects by value.
local function values_of(self)
  local values, objects = ordered.new(), {}
  for _, target in pairs(targets(self)) do
    local value = value_at(self, target)
    values:add(value)
    if objects[value] == nil then objects[value] = target end
  end
  return values:list(), objects
end

local function target_of(self, value)
  for _, target in pairs(targets(self)) do
    if value_at(self, target) == value then return target end
  end
end

--- Adds a value, if it is not there.
---@param value any
function set_methods:add(value)
  if target_of(self, checked(self, value)) == nil then targets(self):add(created_for(self, value)) end
end

---@param value any
---@return boolean
function set_methods:contains(value)
  return target_of(self, value) ~= nil
end

--- Takes a value out, if it is there.
---@param value any
function set_methods:discard(value)
  local target = target_of(self, value)
  if target ~= nil then targets(self):remove(target) end
end

--- Takes a value out; an error if it is not there.
---@param value any
function set_methods:remove(value)
  local target = target_of(self, value)
  if target == nil then error(exc.ArgumentError(("the value is not in the set: %s"):format(describe.value(value))), 2) end
  targets(self):remove(target)
end

--- Takes some value out and gives it.
---@return any
function set_methods:pop()
  return value_at(self, targets(self):pop())
end

--- Takes out every object.
function set_methods:clear()
  targets(self):clear()
end

--- Adds every value of a list.
---@param values any[]
function set_methods:update(values)
  local _, objects = values_of(self)
  for _, value in ipairs(sequence(self, values)) do
    if objects[value] == nil then
      objects[value] = created_for(self, value)
      targets(self):add(objects[value])
    end
  end
end

--- Takes every value of a list out.
---@param values any[]
function set_methods:difference_update(values)
  for _, value in ipairs(sequence(self, values)) do set_methods.discard(self, value) end
end

--- Takes out what is not in the list.
---@param values any[]
function set_methods:intersection_update(values)
  local wanted = {}
  for _, value in ipairs(sequence(self, values)) do wanted[value] = true end
  for _, value in ipairs((values_of(self))) do
    if not wanted[value] then set_methods.remove(self, value) end
  end
end

--- Takes out the values that are there, and adds those that are not.
---@param values any[]
function set_methods:symmetric_difference_update(values)
  for _, value in ipairs(sequence(self, values)) do
    if target_of(self, value) ~= nil then set_methods.remove(self, value) else set_methods.add(self, value) end
  end
end

function Set:__index(key)
  if math.type(key) then return (values_of(self))[key] end
  return method_of(self, set_methods, key)
end

function Set:__newindex(key)
  error(exc.InvalidRequestError(("the association proxy '%s' is a set: use :add(value) and :remove(value) instead of writing '%s'")
    :format(self._key, tostring(key))), 2)
end

function Set:__len()
  return #(values_of(self))
end

function Set:__pairs()
  return ipairs((values_of(self)))
end

--- Equal to a set of the same values.
function Set.__eq(left, right)
  local values = values_of(left)
  if getmetatable(right) ~= Set or #values ~= #right then return false end
  for _, value in ipairs(values) do
    if target_of(right, value) == nil then return false end
  end
  return true
end

function Set:__tostring()
  return show((values_of(self)))
end

--- `object.key = values`: objects whose values stay are kept.
function Set.replace(self, values)
  local wanted = sequence(self, values)
  set_methods.update(self, wanted)
  set_methods.intersection_update(self, wanted)
end

-- ---- dictionaries ----

local Dict = {__name = "lualchemy.AssociationDict"}
M.Dict = Dict

--- The values of an object by key. A key wins over a method of the same name.
---@class lualchemy.AssociationDict
local dict_methods = {}

local function entry(self, key)
  if key == nil then return nil end
  return targets(self):get(key)
end

--- The value of a key, or the default.
---@param key any
---@param default? any
---@return any
function dict_methods:get(key, default)
  local target = entry(self, key)
  if target == nil then return default end
  return value_at(self, target)
end

--- Is there a value with the key?
---@param key any
---@return boolean
function dict_methods:contains(key)
  return entry(self, key) ~= nil
end

--- The value of a key; if there is none, `value` is put there.
---@param key any
---@param value any
---@return any
function dict_methods:setdefault(key, value)
  if entry(self, key) == nil then self[key] = value end
  return dict_methods.get(self, key)
end

--- Takes a key out and gives its value; without it the default, or an error if none is given.
---@param key any
---@param ... any  the default
---@return any
function dict_methods:pop(key, ...)
  local target = entry(self, key)
  if target == nil and select("#", ...) > 0 then return (...) end
  return value_at(self, targets(self):pop(key))
end

--- Takes out what came last; gives key and value.
---@return any key
---@return any value
function dict_methods:popitem()
  local key, target = targets(self):popitem()
  return key, value_at(self, target)
end

--- Puts in every value of a table by key.
---@param values table
function dict_methods:update(values)
  local found = {}
  for key, value in pairs(values) do found[#found + 1] = {key, value} end
  for _, pair in ipairs(found) do self[pair[1]] = pair[2] end
end

--- Takes out every object.
function dict_methods:clear()
  targets(self):clear()
end

---@return any[]
function dict_methods:keys()
  return targets(self):keys()
end

---@return any[]
function dict_methods:values()
  local list = targets(self):values()
  for i, target in ipairs(list) do list[i] = value_at(self, target) end
  return list
end

--- Pairs {key, value} in order.
---@return table[]
function dict_methods:items()
  local list = targets(self):items()
  for _, pair in ipairs(list) do pair[2] = value_at(self, pair[2]) end
  return list
end

function Dict:__index(key)
  local target = entry(self, key)
  if target ~= nil then return value_at(self, target) end
  return type(key) == "string" and dict_methods[key] or nil
end

--- Writes the value of the object under a key, or makes one; nil takes it out.
function Dict:__newindex(key, value)
  local target = entry(self, key)
  if value == nil then
    targets(self)[key] = nil
  elseif target ~= nil then
    self._set(target, value, key)
  else
    targets(self)[key] = self._create(key, value)
  end
end

function Dict:__len()
  return #targets(self)
end

function Dict:__pairs()
  local step = pairs(targets(self))
  return function()
    local key, target = step()
    if key == nil then return nil end
    return key, value_at(self, target)
  end
end

--- Equal to a dictionary or plain table with equal values under the same keys.
function Dict.__eq(left, right)
  if getmetatable(left) ~= Dict then left, right = right, left end
  local count = 0
  for key, value in pairs(right) do
    if dict_methods.get(left, key) ~= value then return false end
    count = count + 1
  end
  return count == #left
end

function Dict:__tostring()
  local values = {}
  for key, value in pairs(self) do values[key] = value end
  return describe.value(values)
end

--- `object.key = values`: objects whose keys stay are kept and get the new values.
function Dict.replace(self, values)
  if type(values) ~= "table" or getmetatable(values) ~= nil and getmetatable(values) ~= Dict then
    error(exc.ArgumentError(("the association proxy '%s' takes a table of values by key, not %s; {} empties it")
      :format(self._key, values == nil and "nil" or "a " .. type(values))), 0)
  end
  local wanted = {}
  for key, value in pairs(values) do wanted[key] = value end
  dict_methods.update(self, wanted)
  for _, key in ipairs(targets(self):keys()) do
    if wanted[key] == nil then targets(self)[key] = nil end
  end
end

local faces = {list = List, set = Set, dict = Dict}

--- A view of the values of `object`'s collection; nil if a collection of that likeness has none.
---@param like string  "list", "set" or "dict"
---@param fields table  _object, _collection (its key), _key (the proxy's), _get, _set, _create
---@return table?
function M.view(like, fields)
  return faces[like] and setmetatable(fields, faces[like])
end

--- Assigns to what `view` stands for.
---@param view table
---@param values any
function M.replace(view, values)
  getmetatable(view).replace(view, values)
end

return M
