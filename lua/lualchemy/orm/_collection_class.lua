-- SPDX-License-Identifier: MIT
-- Classes of collections: lists and sets, from which others are made (`InstrumentedSet:class "TagSet" { … }`), and what a `collection_class` means.
-- A class of the program says by the functions of `collection` which of its methods add, remove and give the members.
local adapter = require "lualchemy.orm._adapter"
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local ordered = require "lualchemy.orm._ordered"
local protocol = require "lualchemy.orm._collection_protocol"
local strict = require "lualchemy.strict"

local M = {}

--- Names the methods of a class of the program: see `lualchemy.orm.collections`.
M.collection = protocol.collection

-- ---- classes of collections ----

local Class = {__name = "lualchemy.CollectionClass"}

function Class.__call(class, ...)
  local view = setmetatable({}, rawget(class, "instances"))
  class.__init(view, ...)
  return view
end

function Class:__tostring()
  return "class " .. rawget(self, "__name__")
end

function Class.__index(class, key)
  local base = rawget(class, "__base__")
  return base and base[key]
end

--- The class of a collection; nil for other values.
---@param value any
---@return table?
function M.class_of(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and rawget(meta, "collection_class") or nil
end

--- Makes a class of collections; fields whose names begin with two underscores are metamethods of its collections.
---@param name string
---@param base table?
---@param fields table
---@return table class
local function new_class(name, base, fields)
  local instances = {}
  for key, value in next, base and rawget(base, "instances") or {} do instances[key] = value end
  for key, value in next, fields do
    if type(key) == "string" and key:sub(1, 2) == "__" and key ~= "__init" then instances[key] = value end
  end
  fields.__name__, fields.__base__, fields.instances = name, base, instances
  instances.__name, instances.collection_class = name, fields
  return setmetatable(fields, Class)
end

--- A class below another: `InstrumentedList:class "Playlist" { total = function(self) … end }`. Its methods call those of the class above with a
--- dot: `InstrumentedList.append(self, object)`.
local function subclass(base, name)
  if type(name) ~= "string" then error(exc.ArgumentError("a class of collections is made by :class \"Name\" { … }"), 2) end
  return function(fields)
    if type(fields) ~= "table" then error(exc.ArgumentError(("class %s is followed by a table of its methods"):format(name)), 2) end
    local own = {}
    for key, value in next, fields do own[key] = value end
    return new_class(name, base, own)
  end
end

--- The base classes have these.
M.new_class, M.subclass = new_class, subclass

--- A field of a view that is no place and no member: a method, or a field that the program has set.
local function method_of(view, key)
  local class = M.class_of(view)
  local method = class[key]
  if method == nil and not strict.is_probe(key) and class.is_canned == class then strict.unknown("a " .. class.__name__, key, class) end
  return method
end

local function show(view)
  local texts = {}
  for i, object in ipairs(view) do texts[i] = describe.value(object) end
  return "[" .. table.concat(texts, ", ") .. "]"
end

--- The objects of a plain sequence, or of any collection but a dictionary.
local function sequence_of(value)
  if core.class_of(value) == "lualchemy.InstrumentedList" then return value end
  local class = M.class_of(value)
  if type(value) ~= "table" or core.is_mapped(value) or class and class.is_keyed then return nil end
  if class then return class.members_of(value) end
  return getmetatable(value) == nil and value or nil
end
M.sequence_of = sequence_of

--- An error for what is no list of objects.
local function check_sequence(value, method)
  local objects = sequence_of(value)
  if not objects then
    error(exc.ArgumentError(("%s takes a sequence of objects, not %s"):format(method, value == nil and "nil" or "a " .. type(value))), 3)
  end
  local copy = {}
  for i = 1, #objects do copy[i] = objects[i] end
  return copy
end
M.check_sequence = check_sequence

-- ---- lists ----

---@class lualchemy.InstrumentedListClass
local List = new_class("InstrumentedList", nil, {
  class = subclass,
  __init = function(self) rawset(self, "_items", {}) end,
  __index = function(view, key)
    if math.type(key) then return rawget(view, "_items")[key] end
    return method_of(view, key)
  end,
  __len = function(view) return #rawget(view, "_items") end,
  __pairs = function(view) return ipairs(view) end,
  __tostring = show,
})
List.is_canned = List
--- The objects of the collection.
---@param view any
---@return any[]
function List.members_of(view) return rawget(view, "_items") end
M.InstrumentedList = List

local function items_of(view)
  return rawget(view, "_items")
end

--- Adds an object at the end.
---@param object any
function List:append(object)
  object = adapter.append(self, object)
  local items = items_of(self)
  items[#items + 1] = object
end

--- Adds an object at a place, counted from 1.
---@param place integer
---@param object any
function List:insert(place, object)
  local count = #items_of(self)
  if math.type(place) ~= "integer" or place < 1 or place > count + 1 then
    error(exc.ArgumentError(("place %s is outside of a list of %d"):format(tostring(place), count)), 2)
  end
  object = adapter.append(self, object, place)
  table.insert(items_of(self), place, object)
end

--- Adds every object of a sequence.
---@param objects any
function List:extend(objects)
  for _, object in ipairs(check_sequence(objects, "extend")) do self:append(object) end
end

--- The place of an object, or nil.
---@param object any
---@return integer?
function List:index(object)
  for i, item in ipairs(items_of(self)) do
    if rawequal(item, object) then return i end
  end
end

---@param object any
---@return boolean
function List:contains(object)
  return List.index(self, object) ~= nil
end

--- Takes the first occurrence of an object out; an error if there is none.
---@param object any
function List:remove(object)
  local place = List.index(self, object)
  if not place then error(exc.ArgumentError(("the object is not in the list: %s"):format(describe.value(object))), 2) end
  adapter.remove(self, object, place)
  table.remove(items_of(self), place)
end

--- Takes out what is at a place, or the last object, and gives it.
---@param place? integer
---@return any
function List:pop(place)
  local items = items_of(self)
  place = place or #items
  local object = items[place]
  if object == nil then
    error(exc.ArgumentError(#items == 0 and "the list is empty" or ("place %s is outside of a list of %d"):format(tostring(place), #items)), 2)
  end
  adapter.remove(self, object, place)
  table.remove(items, place)
  return object
end

--- Takes out every object.
function List:clear()
  for i = #items_of(self), 1, -1 do
    adapter.remove(self, items_of(self)[i], i)
    items_of(self)[i] = nil
  end
end

--- `view[i] = object`, also as `table.insert`, `table.remove` and `table.sort` do it. The list sorts out what came and went.
function List.instances.__newindex(view, place, object)
  if math.type(place) ~= "integer" then
    rawset(view, place, object)
    return
  end
  local items = items_of(view)
  if place < 1 or place > #items + 1 or object == nil and place < #items then
    error(exc.ArgumentError(("place %d is outside of a list of %d%s"):format(place, #items,
      object == nil and ", or a hole would be left: use :pop(i)" or "")), 2)
  end
  items[place] = adapter.write(view, place, object)
end

-- ---- sets ----

---@class lualchemy.InstrumentedSetClass
local Set = new_class("InstrumentedSet", nil, {
  class = subclass,
  __init = function(self) rawset(self, "_members", ordered.new()) end,
  __index = function(view, key)
    if math.type(key) then return rawget(view, "_members"):at(key) end
    return method_of(view, key)
  end,
  __newindex = function(view, key, value)
    if math.type(key) then error(exc.InvalidRequestError("a set of objects has no places to write to: use :add(object) and :remove(object)"), 2) end
    rawset(view, key, value)
  end,
  __len = function(view) return rawget(view, "_members").count end,
  __pairs = function(view) return ipairs(rawget(view, "_members"):list()) end,
  __tostring = show,
})
Set.is_canned = Set
--- The objects of the collection.
---@param view any
---@return any[]
function Set.members_of(view) return rawget(view, "_members"):list() end
M.InstrumentedSet = Set

local function members_of(view)
  return rawget(view, "_members")
end

--- Adds an object, if it is not there.
---@param object any
function Set:add(object)
  if members_of(self):has(object) then return adapter.append_without_mutation(self, object) end
  members_of(self):add(adapter.append(self, object))
end

--- Takes an object out, if it is there.
---@param object any
function Set:discard(object)
  if not members_of(self):has(object) then return end
  adapter.remove_only(self, object)
  members_of(self):remove(object)
end

--- Takes an object out; an error if it is not there.
---@param object any
function Set:remove(object)
  if not members_of(self):has(object) then
    error(exc.ArgumentError(("the object is not in the set: %s"):format(describe.value(object))), 2)
  end
  adapter.remove_only(self, object)
  members_of(self):remove(object)
end

---@param object any
---@return boolean
function Set:contains(object)
  return members_of(self):has(object)
end

--- Takes some object out and gives it: the one that came last.
---@return any
function Set:pop()
  local object = members_of(self):last()
  if object == nil then error(exc.ArgumentError("the set is empty"), 2) end
  self:remove(object)
  return object
end

--- Takes out every object.
function Set:clear()
  for _, object in adapter.backwards(members_of(self):list()) do self:remove(object) end
end

local function as_set(objects, method)
  local has = {}
  for _, object in ipairs(check_sequence(objects, method)) do has[object] = true end
  return has
end

--- Adds every object of a sequence or set.
---@param objects any
function Set:update(objects)
  for _, object in ipairs(check_sequence(objects, "update")) do self:add(object) end
end

--- Takes out every object of a sequence or set.
---@param objects any
function Set:difference_update(objects)
  for _, object in ipairs(check_sequence(objects, "difference_update")) do self:discard(object) end
end

--- Takes out what is not among the objects.
---@param objects any
function Set:intersection_update(objects)
  local wanted = as_set(objects, "intersection_update")
  for _, object in ipairs(members_of(self):list()) do
    if not wanted[object] then self:remove(object) end
  end
end

--- Takes out the objects that are there, and adds those that are not.
---@param objects any
function Set:symmetric_difference_update(objects)
  for _, object in ipairs(check_sequence(objects, "symmetric_difference_update")) do
    if self:contains(object) then self:remove(object) else self:add(object) end
  end
end

--- A sequence of the objects of the set for which `keep(object)` holds.
local function filtered(set, keep)
  local found = {}
  for _, object in ipairs(members_of(set):list()) do
    if keep(object) then found[#found + 1] = object end
  end
  return found
end

--- The objects of both, as a plain sequence; so do the next three.
---@param objects any
---@return any[]
function Set:union(objects)
  local found = filtered(self, function() return true end)
  local has = as_set(found, "union")
  for _, object in ipairs(check_sequence(objects, "union")) do
    if not has[object] then found[#found + 1], has[object] = object, true end
  end
  return found
end

---@param objects any
---@return any[]
function Set:intersection(objects)
  local other = as_set(objects, "intersection")
  return filtered(self, function(object) return other[object] end)
end

---@param objects any
---@return any[]
function Set:difference(objects)
  local other = as_set(objects, "difference")
  return filtered(self, function(object) return not other[object] end)
end

---@param objects any
---@return any[]
function Set:symmetric_difference(objects)
  local found = Set.difference(self, objects)
  for _, object in ipairs(check_sequence(objects, "symmetric_difference")) do
    if not self:contains(object) then found[#found + 1] = object end
  end
  return found
end

--- Are all its objects among those given?
---@param objects any
---@return boolean
function Set:issubset(objects)
  return #Set.difference(self, objects) == 0
end

--- Does it have all the objects given?
---@param objects any
---@return boolean
function Set:issuperset(objects)
  for _, object in ipairs(check_sequence(objects, "issuperset")) do
    if not self:contains(object) then return false end
  end
  return true
end

---@param objects any
---@return boolean
function Set:isdisjoint(objects)
  return #Set.intersection(self, objects) == 0
end

-- ---- kinds ----

local roles = {
  [List] = {append = "append", remove = "remove", like = "list"},
  [Set] = {append = "add", remove = "remove", like = "set"},
}

--- How the class of a new base is filled; for the dictionaries.
---@param class table
---@param role {append: string, remove: string, like: string}
function M.set_roles(class, role)
  roles[class] = role
end

local function convert_with(class)
  return class.convert or sequence_of
end

--- The kind of collections that `new()` makes, which are of `class`.
local function kind_of_class(class, new)
  local role = roles[class.is_canned]
  return adapter.kind {
    class = class, like = role.like, new = new,
    append = function(view, object) class[role.append](view, object) end,
    remove = function(view, object) class[role.remove](view, object) end,
    convert = function(value) return convert_with(class)(value, new) end,
    accepts = function(value) return M.class_of(value) == class end,
  }
end

local names = {set = Set, list = List}

--- The kind that a `collection_class` means; nil for the usual list.
---@param given any
---@param where string  the relationship, for messages
---@return table?
function M.kind(given, where)
  if given == nil or given == "list" or given == List then return nil end
  given = names[given] or given
  if getmetatable(given) == Class then return kind_of_class(given, given) end
  local new = protocol.factory(given)
  if not new then
    error(exc.ArgumentError(("%s: collection_class is \"list\", \"set\", a class of collections, or a function that makes an empty one, not %s")
      :format(where, describe.value(given))), 0)
  end
  local specimen = new()
  local class = M.class_of(specimen)
  if class then return kind_of_class(class, new) end
  return protocol.kind(specimen, new, sequence_of, where)
end

return M
