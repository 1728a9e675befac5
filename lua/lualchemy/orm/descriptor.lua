-- SPDX-License-Identifier: MIT
-- Attributes that are neither columns nor relationships but made of them: hybrids, association proxies, composites.
--
-- A descriptor is a table whose metatable has `is_descriptor` and three methods:
--   get(descriptor, object, key)           the value of `object.key`
--   set(descriptor, object, key, value)    what `object.key = value` does
--   of(descriptor, entity, key, class)     what `Class.key`, or that of an alias of the class, is in a statement
-- Objects find it in the table of their class's keys (binding/orm_object.c), classes and aliases through `find`. A subclass has its base's
-- unless it names a field of its own so.
local core = require "lualchemy.core"

local M = {}

--- class → its own descriptors by key
local own = setmetatable({}, {__mode = "k"})
--- class → the table by which its objects find their attributes
local keys_of = setmetatable({}, {__mode = "k"})
--- class → its direct subclasses
local below = setmetatable({}, {__mode = "k"})

--- expression that a descriptor gave → {descriptor, key}
local noted = setmetatable({}, {__mode = "k"})

--- `expression`, made for `Class.key`, stands for the descriptor where it is a key of values.
---@param expression any
---@param descriptor table
---@param key string
function M.note(expression, descriptor, key)
  noted[expression] = {descriptor = descriptor, key = key}
end

--- Is `value` a descriptor?
---@param value any
---@return boolean
function M.is_descriptor(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and meta.is_descriptor == true
end

--- Gives the descriptor to the objects of `class` and its subclasses, but for those that have a field of that name.
local function spread(class, key, descriptor)
  local keys = keys_of[class]
  if keys and math.type(keys[key]) ~= "integer" then keys[key] = descriptor end
  for _, subclass in ipairs(below[class] or {}) do
    if rawget(subclass, key) == nil and not (own[subclass] and own[subclass][key]) then spread(subclass, key, descriptor) end
  end
end

--- A class begins: `keys` is what its objects look their attributes up in; it has the descriptors of its bases.
---@param class table
---@param parent table?
---@param keys table
function M.begin(class, parent, keys)
  own[class], keys_of[class] = {}, keys
  if not parent then return end
  below[parent] = below[parent] or setmetatable({}, {__mode = "v"})
  table.insert(below[parent], class)
  for key, descriptor in pairs(keys_of[parent] or {}) do
    if M.is_descriptor(descriptor) then keys[key] = descriptor end
  end
end

--- Adds a descriptor to a class and its subclasses.
---@param class table
---@param key string
---@param descriptor table
function M.add(class, key, descriptor)
  own[class][key] = descriptor
  rawset(class, key, nil)
  spread(class, key, descriptor)
end

--- A plain field of a class hides the descriptor of a base.
---@param class table
---@param key string
function M.hide(class, key)
  local keys = keys_of[class]
  if keys and M.is_descriptor(keys[key]) then keys[key] = nil end
end

--- The descriptor `key` of a class itself, not of its bases.
---@param class table
---@param key string
---@return table?
function M.own(class, key)
  return own[class] and own[class][key]
end

--- The descriptor `key` of a class or its bases.
---@param class table
---@param key string
---@return table?
function M.find(class, key)
  local at = class
  while at do
    local found = M.own(at, key)
    if found then return found end
    if rawget(at, key) ~= nil then return nil end
    at = rawget(at, "__base__")
  end
end

--- All descriptors of a class by key, inherited ones too.
---@param class table
---@return table<string, table>
function M.all(class)
  local found = {}
  for key, value in pairs(keys_of[class] or {}) do
    if M.is_descriptor(value) then found[key] = value end
  end
  return found
end

core.hook("descriptor_of", function(class, key, entity)
  local descriptor = M.find(class, key)
  return descriptor and descriptor:of(entity, key, class)
end)

--- The row of a bulk INSERT or UPDATE, with what descriptors set in their place.
local function bulk_row(class, row)
  local changed = row
  for key, value in pairs(row) do
    local descriptor = type(key) == "string" and M.is_descriptor((keys_of[class] or {})[key]) and M.find(class, key)
    if descriptor and descriptor.bulk then
      if changed == row then
        changed = {}
        for name, given in pairs(row) do changed[name] = given end
      end
      changed[key] = nil
      descriptor:bulk(class, changed, value, key)
    end
  end
  return changed
end

--- The rows of a bulk INSERT or UPDATE by attribute, with what descriptors set in their place.
---@param class table?
---@param rows table[]
---@return table[]
function M.bulk_rows(class, rows)
  if class == nil then return rows end
  local changed
  for i, row in ipairs(rows) do
    local other = bulk_row(class, row)
    if other ~= row and not changed then changed = table.move(rows, 1, #rows, 1, {}) end
    if changed then changed[i] = other end
  end
  return changed or rows
end

--- The values of an UPDATE or INSERT, with what descriptors set in their place.
core.hook("values_of", function(class, values)
  local changed
  for key, value in pairs(values) do
    local descriptor
    local given = noted[key] or key
    if type(given) == "string" then
      descriptor = math.type((keys_of[class] or {})[given]) ~= "integer" and M.find(class, given)
    else
      descriptor = type(given) == "table" and rawget(given, "descriptor")
    end
    if descriptor and descriptor.update_pairs then
      if not changed then
        changed = {}
        for name, field in pairs(values) do changed[name] = field end
      end
      changed[key] = nil
      local name = type(given) == "table" and rawget(given, "key") or given
      for _, pair in ipairs(descriptor:update_pairs(class, name, value)) do changed[pair[1]] = pair[2] end
    end
  end
  return changed or values
end)

return M
