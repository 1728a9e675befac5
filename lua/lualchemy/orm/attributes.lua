-- SPDX-License-Identifier: MIT
-- What a program does with attributes beside reading and writing them: `require "lualchemy.orm.attributes"`, the names of SQLAlchemy's
-- `sqlalchemy.orm.attributes`.
local core = require "lualchemy.core"
local event = require "lualchemy.event"
local events = require "lualchemy.orm.events"
local descriptors = require "lualchemy.orm.descriptor"
local exc = require "lualchemy.exc"
local inspection = require "lualchemy.orm.inspect"
local strict = require "lualchemy.strict"

---@class lualchemy.orm.attributes
---@field NO_VALUE table  what listeners get as an old value that nobody knows
local attributes = {NO_VALUE = events.NO_VALUE}

--- The mapped property of `object` called `key`.
local function property_of(object, key)
  local class = core.mapped_class_of(object)
  if not class then
    error(exc.UnmappedInstanceError(("a %s is not an instance of a mapped class"):format(type(object))), 0)
  end
  local named = {}
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.key == key then return property end
    named[property.key] = true
  end
  local nearest = core.nearest(tostring(key), named)
  error(exc.InvalidRequestError(("%s has no mapped attribute '%s'%s"):format(class.__name__, tostring(key),
    nearest and ("; did you mean '%s'?"):format(nearest) or "")), 0)
end

--- The history of an attribute: `.added`, `.unchanged`, `.deleted`, lists; what is not loaded is loaded first, as in SQLAlchemy's
--- `get_history()`. `la.inspect(object).attrs.x.history` is the same without loading.
---
---     user.name = "Anna"
---     local history = attributes.get_history(user, "name")     -- added {"Anna"}, deleted {"Ann"}
---@param object any  an object of a mapped class
---@param key string
---@return lualchemy.History
---@raise InvalidRequestError for what is no mapped attribute
function attributes.get_history(object, key)
  property_of(object, key)
  return inspection.load_history(object, key)
end

--- Reads an attribute by name, as SQLAlchemy's `get_attribute()`.
---@param object any
---@param key string
---@return any
function attributes.get_attribute(object, key)
  property_of(object, key)
  return object[key]
end

--- Writes an attribute by name, with its history and events, as SQLAlchemy's `set_attribute()`.
---@param object any
---@param key string
---@param value any
function attributes.set_attribute(object, key, value)
  property_of(object, key)
  object[key] = value
end

--- Deletes the value of an attribute, as Python's `del object.key` does: a column becomes NULL (its history then has the old value and no new
--- one), a link is cut, a list is emptied.
---
---     attributes.del_attribute(user, "age")
---@param object any
---@param key string
---@raise InvalidRequestError if the attribute has no value
function attributes.del_attribute(object, key)
  local class = core.mapped_class_of(object)
  local descriptor = class and descriptors.find(class, key)
  if descriptor and descriptor.delete then return descriptor:delete(object, key) end
  local property = property_of(object, key)
  if property.kind == "relationship" and property.uselist then
    object[key] = {}
  else
    core.object_delete_value(object, key)
  end
end

--- Gives an attribute a value as if it had been loaded: without history and events, and the object is not changed by it. As SQLAlchemy's
--- `set_committed_value()`.
---
---     attributes.set_committed_value(user, "addresses", session:query(Address):filter_by{user_id = user.id}:all())
---@param object any
---@param key string
---@param value any  for a list of objects: a list
---@raise ArgumentError for a value that the attribute can't have
function attributes.set_committed_value(object, key, value)
  property_of(object, key)
  core.object_set_committed(object, key, value)
end

--- Makes a list of objects empty as if it had been loaded so, and gives it. As SQLAlchemy's `init_collection()`.
---@param object any
---@param key string
---@return lualchemy.Collection
function attributes.init_collection(object, key)
  attributes.set_committed_value(object, key, {})
  return object[key]
end

--- Takes a loaded attribute for changed, so that the next flush writes it: for values that were changed inside, which nothing tells. As
--- SQLAlchemy's `flag_modified()`.
---
---     doc.data.title = "new"
---     attributes.flag_modified(doc, "data")
---@param object any
---@param key string
---@raise InvalidRequestError if the attribute is not loaded
function attributes.flag_modified(object, key)
  property_of(object, key)
  core.object_flag_modified(object, key)
  if events.listened "modified" then
    local class = core.mapped_class_of(object)
    event.__fire("modified", events.attribute_key(class, key), object, {class_ = class, key = key, op = "modified"})
  end
end

--- Takes an object for changed without naming an attribute: it is in `session.dirty`, and no UPDATE follows from it. As SQLAlchemy's
--- `flag_dirty()`.
---@param object any
function attributes.flag_dirty(object)
  core.object_flag_dirty(object)
end

--- The state of an object, what `la.inspect(object)` gives; as SQLAlchemy's `instance_state()`.
---@param object any
---@return lualchemy.InstanceState
function attributes.instance_state(object)
  if not core.mapped_class_of(object) then
    error(exc.UnmappedInstanceError(("a %s is not an instance of a mapped class"):format(type(object))), 0)
  end
  return inspection.object(object)
end

return strict.module("lualchemy.orm.attributes", attributes)
