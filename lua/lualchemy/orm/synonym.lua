-- SPDX-License-Identifier: MIT
-- Synonyms that do more than give another name: with a descriptor for objects, or comparisons of their own.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"

local M = {}

local Synonym = {__name = "lualchemy.synonym", is_descriptor = true}
Synonym.__index = Synonym

--- Is `value` such a synonym?
---@param value any
---@return boolean
function M.is_synonym(value)
  return getmetatable(value) == Synonym
end

--- Does the field say that the column called as it is mapped under the name that the synonym stands for?
---@param value any
---@return boolean
function M.maps_column(value)
  if M.is_synonym(value) then return value.map_column == true end
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and meta.__name == "lualchemy.Property" and value.kind == "synonym" and value.options.map_column == true
end

--- The name that a synonym of either kind stands for.
---@param synonym table
---@return string
function M.target(synonym)
  return synonym.target or synonym.argument
end

--- A synonym of the attribute `name`; the options are those of `synonym()`.
---@param name string
---@param options table
---@return table
function M.new(name, options)
  local descriptor, factory = options.descriptor or {}, options.comparator_factory
  local getter = descriptor.fget or descriptor.get
  if type(descriptor) ~= "table" or options.descriptor ~= nil and type(getter) ~= "function" then
    error(exc.ArgumentError("synonym: descriptor is a hybrid_property, or a table with the functions get and set"), 3)
  end
  if factory ~= nil and type(factory) ~= "function" and type(factory) ~= "table" then
    error(exc.ArgumentError("synonym: comparator_factory is called with the attribute, and gives a comparator"), 3)
  end
  return setmetatable({target = name, getter = getter, has_descriptor = options.descriptor ~= nil,
    setter = descriptor.fset or rawget(descriptor, "set"), factory = factory, map_column = options.map_column}, Synonym)
end

function Synonym:get(object)
  if self.getter then return self.getter(object) end
  return object[self.target]
end

function Synonym:set(object, key, value)
  if self.has_descriptor and not self.setter then
    error(exc.InvalidRequestError(("can't set attribute '%s' of %s: its synonym has no setter"):format(key,
      core.mapped_class_of(object).__name__)), 0)
  elseif self.setter then
    self.setter(object, value)
  else
    object[self.target] = value
  end
end

function Synonym:of(entity, key)
  local attribute = entity[self.target]
  if type(attribute) == "userdata" then attribute = core.attribute_renamed(attribute, key) end
  return self.factory and self.factory(attribute) or attribute
end

--- What `la.update(Class):values{key = value}` sets.
function Synonym:update_pairs(class, _, value)
  return {{class[self.target], value}}
end

--- What a row of a bulk INSERT or UPDATE sets.
function Synonym:bulk(_, row, value)
  row[self.target] = value
end

return M
