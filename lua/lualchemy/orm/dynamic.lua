-- SPDX-License-Identifier: MIT
-- Collections that never load: `lazy = "write_only"` and `lazy = "dynamic"`. Reading such an attribute gives one of these objects; what is
-- added and removed is queued until the flush (binding/orm_link.c), what is in the database is found by statements.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local registries = require "lualchemy.orm.registry"
local warnings = require "lualchemy.warnings"

local M = {}

--- The methods that change: both kinds have them.
local Writer = {}

--- Adds an object.
---@param item table  an object of the relationship's class
function Writer:add(item)
  core.link_queue(self._object, self._key, item, true)
end

--- Adds each object of a sequence.
---@param items table
function Writer:add_all(items)
  for _, item in ipairs(items) do self:add(item) end
end

--- Removes an object.
---@param item table
function Writer:remove(item)
  core.link_queue(self._object, self._key, item, false)
end

local function attribute(self)
  return core.mapped_class_of(self._object)[self._key]
end

local function related(self)
  return core.with_parent(self._object, attribute(self))
end

-- ---- lazy = "write_only" ----

---@class lualchemy.WriteOnlyCollection
local WriteOnly = setmetatable({}, {__index = Writer})

--- A SELECT of the collection's objects, in the relationship's order.
---
---     session:scalars(user.addresses:select():where(Address.email:like "%@x")):all()
---@return lualchemy.Select
function WriteOnly:select()
  local target, order = core.link_target(self._object, self._key)
  local statement = core.select(target):where(related(self))
  return #order > 0 and statement:order_by(table.unpack(order)) or statement
end

--- An INSERT of rows that belong to the object; one-to-many only.
---@return lualchemy.Insert
function WriteOnly:insert()
  local la = require "lualchemy"
  local target, _, keys = core.link_target(self._object, self._key)
  if keys == nil then
    error(exc.InvalidRequestError("Write only bulk INSERT only supported for one-to-many collections; for many-to-many, use a separate bulk "
      .. "INSERT along with add_all()."), 2)
  end
  local values = {}
  for column, name in pairs(keys) do values[column] = self._object[name] end
  return la.insert(target):values(values)
end

--- An UPDATE of the collection's rows.
---@return lualchemy.Update
function WriteOnly:update()
  return require("lualchemy").update((core.link_target(self._object, self._key))):where(related(self))
end

--- A DELETE of the collection's rows.
---@return lualchemy.Delete
function WriteOnly:delete()
  return require("lualchemy").delete((core.link_target(self._object, self._key))):where(related(self))
end

local function refuse_iteration()
  error(exc.InvalidRequestError("WriteOnly collections don't support iteration in-place; to query for collection items, use the select() method "
    .. "to produce a SQL statement and execute it with session.scalars()."), 2)
end

local write_only = {
  __name = "lualchemy.WriteOnlyCollection", __metatable = false,
  __len = refuse_iteration, __pairs = refuse_iteration, __call = refuse_iteration,
  __index = function(_, key)
    local method = WriteOnly[key]
    if method == nil and math.type(key) then refuse_iteration() end
    if method == nil then error(exc.InvalidRequestError(("a write-only collection has no %s"):format(tostring(key))), 2) end
    return method
  end,
}

-- ---- lazy = "dynamic" ----

---@class lualchemy.AppenderQuery
local Appender = setmetatable({}, {__index = Writer})

Appender.append = Writer.add
Appender.extend = Writer.add_all

--- The session through which the collection is read; nil while the object is not in the database.
local function session_of(self)
  local session = core.object_session(self._object)
  if session and session.autoflush and core.object_state(self._object) == "pending" then session:flush() end
  return core.object_state(self._object) == "persistent" and session or nil
end

--- The collection as a Query, whose methods it has too: `user.addresses:filter_by{email = "x"}:all()`.
---@return lualchemy.Query
---@raise DetachedInstanceError when the object is in no session
function Appender:query()
  local session = session_of(self) or core.object_session(self._object)
  if not session then
    error(exc.DetachedInstanceError(("Parent instance %s is not bound to a Session, and no contextual session is established; "
      .. "lazy load operation of attribute '%s' cannot proceed"):format(tostring(self._object), self._key)), 2)
  end
  local target, order = core.link_target(self._object, self._key)
  local query = session:query(target):filter(related(self))
  return #order > 0 and query:order_by(table.unpack(order)) or query
end

--- The objects that wait for a flush.
local function queued(self)
  if core.object_state(self._object) == "detached" then
    warnings.warn(("Instance %s is detached, dynamic relationship cannot return a correct result.   This warning will become a " ..
      "DetachedInstanceError in a future release."):format(tostring(self._object)))
  end
  return (core.link_queued(self._object, self._key))
end

--- All objects; those that wait for a flush while the object is not in the database.
---@return table
function Appender:all()
  if session_of(self) then return self:query():all() end
  return queued(self)
end

--- How many objects there are.
---@return integer
function Appender:count()
  if session_of(self) then return self:query():count() end
  return #queued(self)
end

local dynamic = {
  __name = "lualchemy.AppenderQuery", __metatable = false,
  __len = Appender.count,
  __pairs = function(self) return ipairs(self:all()) end,
  __index = function(self, key)
    local own = registries.described(core.mapped_class_of(self._object), self._key).options.query_class
    local method = own and own[key]
    if method == nil then method = Appender[key] end
    if method ~= nil then return method end
    if math.type(key) == "integer" then
      if key < 1 then return nil end
      if not session_of(self) then return queued(self)[key] end
      return self:query():slice(key - 1, key):all()[1]
    end
    return function(_, ...)
      local query = self:query()
      return query[key](query, ...)
    end
  end,
}

--- What the attribute `key` of `object` reads as.
core.hook("unloaded_collection", function(object, key, lazy)
  return setmetatable({_object = object, _key = key}, lazy == "dynamic" and dynamic or write_only)
end)

--- `object[key] = members`: those that a dynamic collection has and that are not among them leave.
core.hook("unloaded_assign", function(object, key, members, lazy)
  if type(members) ~= "table" then
    error(exc.ArgumentError(("attribute '%s' takes a sequence of objects, not a %s"):format(key, type(members))), 0)
  end
  local collection = object[key]
  local stays, had = {}, {}
  for _, member in ipairs(members) do stays[member] = true end
  if core.object_state(object) ~= "transient" and core.object_state(object) ~= "pending" then
    if lazy == "write_only" then
      error(exc.InvalidRequestError(("Collection \"%s.%s\" does not support implicit iteration; collection replacement operations can't be used")
        :format(core.mapped_class_of(object).__name__, key)), 0)
    end
    for _, member in ipairs(collection:all()) do
      had[member] = true
      if not stays[member] then collection:remove(member) end
    end
  else
    for _, member in ipairs((core.link_queued(object, key))) do
      had[member] = true
      if not stays[member] then collection:remove(member) end
    end
  end
  for _, member in ipairs(members) do
    if not had[member] then collection:add(member) end
  end
end)

return M
