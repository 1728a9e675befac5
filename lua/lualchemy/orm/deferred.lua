-- SPDX-License-Identifier: MIT
-- Classes that are declared, and mapped later: when the database has been asked for their tables (DeferredReflection, automap).
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local fields_of = require "lualchemy.orm.fields"
local hierarchy = require "lualchemy.orm.hierarchy"
local mapping = require "lualchemy.orm.mapping"

local M = {}

local records = fields_of.records

-- Set by declarative: maps a class with its fields.
M.finish_class = nil

-- Mixins and bases below which classes wait → what they are called.
local waiting_rooms = setmetatable({}, {__mode = "k"})

--- Classes with the mixin `mixin`, or below the class `mixin`, are mapped by its method `prepare`.
---@param mixin table
---@param name string
function M.declare(mixin, name)
  waiting_rooms[mixin] = name
  return mixin
end

--- What the class waits for, or nil.
local function room_of(class, definition)
  for _, mixin in ipairs(definition or {}) do
    if waiting_rooms[mixin] then return waiting_rooms[mixin] end
  end
  local at = rawget(class, "__base__")
  while at and records[at] do
    if waiting_rooms[at] then return waiting_rooms[at] end
    for _, mixin in ipairs(records[at].definition or {}) do
      if waiting_rooms[mixin] then return waiting_rooms[mixin] end
    end
    at = rawget(at, "__base__")
  end
end

--- Is the class to be mapped later?
function M.is_deferred(class, definition)
  return room_of(class, definition) ~= nil
end

local function refuse(class)
  error(exc.UnmappedClassError(("Class %s is a subclass of %s.  Mappings are not produced until the :prepare() method is called on the class " ..
    "hierarchy."):format(class.__name__, room_of(class, records[class].definition))), 0)
end

--- Keeps a class until it is mapped.
function M.hold(class, record, parent, fields)
  record.deferred = {parent = parent, fields = fields}
  record.awaits, record.metatable.__call = refuse, refuse
  local registry = record.registry
  registry.deferred = registry.deferred or {}
  table.insert(registry.deferred, class)
end

--- Raises for a class that is not mapped yet.
function M.check(class)
  local record = records[class]
  if record and record.awaits then record.awaits(class) end
end

--- A field that is given to a class that waits; false for other classes.
function M.add_field(class, key, value)
  local held = records[class].deferred
  if not held then return false end
  fields_of.refuse_name(class.__name__, key)
  for i, field in ipairs(held.fields) do
    if field.key == key then table.remove(held.fields, i) break end
  end
  table.insert(held.fields, {key = key, value = value, serial = fields_of.serial_of(value)})
  return true
end

--- The field `key` of a class that waits, or nil.
function M.field(class, key)
  for _, field in ipairs(records[class].deferred.fields) do
    if field.key == key then return field.value end
  end
end

--- The classes below `base` that wait, in the order in which they were made.
---@param base table
---@return table[]
function M.classes(base)
  local found = {}
  for _, class in ipairs(records[base].registry.deferred or {}) do
    if records[class].deferred and hierarchy.is_a(class, base) then found[#found + 1] = class end
  end
  return found
end

--- Makes the table of a class that waits, as far as its fields say; nil for one that shares its parent's.
function M.make_table(class)
  local record = records[class]
  return record.own_table or mapping.prepare_table(class, record, record.deferred.parent, record.deferred.fields)
end

--- Maps a class that waits; one that can't be mapped leaves nothing behind.
function M.map(class)
  local record = records[class]
  local held = record.deferred
  record.deferred, record.awaits, record.metatable.__call = nil, nil, core.class_call
  for i, waiting in ipairs(record.registry.deferred) do
    if waiting == class then table.remove(record.registry.deferred, i) break end
  end
  mapping.whole(class, record, M.finish_class, class, record, held.parent, held.fields)
end

return M
