-- SPDX-License-Identifier: MIT
-- session:merge: the state of an object, and of what hangs on it, copied onto the session's own objects.
local adapter = require "lualchemy.orm._adapter"
local binds = require "lualchemy.orm.binds"
local core = require "lualchemy.core"
local events = require "lualchemy.orm.events"
local exc = require "lualchemy.exc"
local hierarchy = require "lualchemy.orm.hierarchy"
local keywords = require "lualchemy.keywords"
local warnings = require "lualchemy.warnings"
local select = core.lua_select

local M = {}

--- The identity that `object` has, or would have by its primary key attributes; nil if a part is missing.
local function identity_of(object, properties)
  local known = core.object_identity(object)
  if known then return known end
  local identity = {}
  for _, property in ipairs(properties) do
    if property.primary_key then
      local value = core.object_loaded(object, property.key) and object[property.key] or nil
      if value == nil then return nil end
      identity[#identity + 1] = value
    end
  end
  return identity
end

--- What one merge knows: `made` has the session's object for each object seen; `fresh` has those that are new, by class and key; `arrived` has, for
--- each object, the relationships it was reached by, under the name that leads back; `properties` has those of each class; `load` and `options`
--- are the caller's.
local function new_pass(given)
  return {made = {}, fresh = {}, arrived = {}, properties = {}, load = given.load ~= false, options = given.options}
end

--- The object made in this merge for the key, or nil and a function that remembers one.
local function fresh_of(pass, class, identity)
  local root = hierarchy.root(class)
  local level = pass.fresh[root] or {}
  pass.fresh[root] = level
  for i = 1, #identity - 1 do
    level[identity[i]] = level[identity[i]] or {}
    level = level[identity[i]]
  end
  local last = identity[#identity]
  return level[last], function(object) level[last] = object end
end

--- Notes that `member` is reached along `property`.
local function arrive(member, property, pass)
  if not property.back_populates then return end
  local arrived = pass.arrived[member] or {}
  pass.arrived[member] = arrived
  arrived[property.back_populates] = true
end

--- Writes an attribute of the session's object: as the program does, or, without loading, as a load does.
local function put(pass, target, key, value)
  if pass.load then
    target[key] = value
  else
    core.object_set_committed(target, key, value)
  end
end

local wants_flush = "flush() all changes on mapped instances before merging with load=False."

--- A new object of the session with the identity of `object`, without asking the database.
local function target_without_load(session, object, class)
  if core.object_state(object) == "transient" or core.object_state(object) == "pending" then
    error(exc.InvalidRequestError("merge() with load=False option does not support objects transient (i.e. unpersisted) objects.  " ..
      wants_flush), 0)
  end
  local key = core.object_identity(object)
  local target = core.session_peek(session, class, key, core.object_token(object))
  if target then return target end
  if select(2, core.object_state(object)) then
    error(exc.InvalidRequestError("merge() with load=False option does not support objects marked as 'dirty'.  " .. wants_flush), 0)
  end
  target = core.object_new(class)
  core.object_adopt_identity(session, target, object)
  return target, true
end

--- The session's object for `object`, of the identity map, of the database, made by this merge, or new; and whether it is new.
local function target_of(session, object, class, properties, pass)
  if not pass.load then return target_without_load(session, object, class) end
  local identity = identity_of(object, properties)
  local target, remember
  if identity then
    target, remember = fresh_of(pass, class, identity)
    target = target or session:get(class, identity, {options = pass.options, identity_token = binds.token_of(object)})
  end
  if target then return target, false end
  target = core.object_new(class)
  session:add(target)
  if remember then remember(target) end
  return target, true
end

--- The version that is merged must be the one that is there.
local function check_version(object, target, properties)
  for _, property in ipairs(properties) do
    if property.version and core.object_loaded(object, property.key) and core.object_loaded(target, property.key) then
      local given, existing = object[property.key], target[property.key]
      if given ~= existing then
        error(exc.StaleDataError(("Version id '%s' on merged state %s does not match existing version '%s'. " ..
          "Leave the version attribute unset when merging to update the most recent version.")
          :format(tostring(given), tostring(target), tostring(existing))), 0)
      end
    end
  end
end

local function merge_columns(object, target, properties, pass)
  for _, property in ipairs(properties) do
    if property.kind == "column" and core.object_loaded(object, property.key) then
      local value = object[property.key]
      if not (property.primary_key and value == nil) then put(pass, target, property.key, value) end
    end
  end
end

local function properties_of(pass, class)
  local properties = pass.properties[class] or core.mapper_properties(class)
  pass.properties[class] = properties
  return properties
end

--- Merges the columns of an object. Gives the walk along its relationships, or nil if there is none to do.
local function begin(session, object, pass)
  if pass.made[object] then return nil end
  local class = core.mapped_class_of(object)
  if not class then
    error(exc.UnmappedInstanceError(("a %s is not an instance of a mapped class"):format(type(object))), 0)
  end
  if core.object_session(object) == session then
    local state = core.object_state(object)
    if state == "persistent" then
      pass.made[object] = object
      return nil
    end
    if state == "pending" then
      warnings.warn(("Instance %s is already pending in this Session yet is being merged again; " ..
        "this is probably not what you want to do"):format(tostring(object)))
    end
  end
  local properties = properties_of(pass, class)
  local target, new = target_of(session, object, class, properties, pass)
  pass.made[object] = target
  if pass.load then check_version(object, target, properties) end
  merge_columns(object, target, properties, pass)
  return {object = object, target = target, new = new, properties = properties, at = 1}
end

--- The objects at the other end of a relationship that the merge goes along; nil if it does not. The side by which an object was reached is set by
--- the other side, unless nothing is loaded.
local function members_along(object, property, pass)
  if property.kind ~= "relationship" or not property.cascade.merge or not core.object_loaded(object, property.key) then return nil end
  local arrived = pass.arrived[object]
  if pass.load and arrived and arrived[property.key] then return nil end
  if not property.uselist then return {object[property.key]} end
  local list = adapter.list_of(object, property.key)
  return table.move(list, 1, #list, 1, {})
end

--- Goes on with a walk: gives the walk of the next object that has to be merged before it, or nil when it is over.
local function go_on(session, walk, pass)
  while walk.properties[walk.at] do
    local property = walk.properties[walk.at]
    if not walk.members then walk.members, walk.done = members_along(walk.object, property, pass), 0 end
    local members = walk.members
    while members and walk.done < #members do
      local member = members[walk.done + 1]
      arrive(member, property, pass)
      local below = begin(session, member, pass)
      if below then return below end
      walk.done = walk.done + 1
      members[walk.done] = pass.made[member]
    end
    if members then put(pass, walk.target, property.key, property.uselist and adapter.members(members) or members[1]) end
    walk.members, walk.at = nil, walk.at + 1
  end
end

--- Merges an object and what hangs on it; the way to it is a list, so that a graph may be as deep as it likes.
local function merge_one(session, object, pass)
  local way = {begin(session, object, pass)}
  local depth = #way
  while depth > 0 do
    local below = go_on(session, way[depth], pass)
    if below then
      depth = depth + 1
      way[depth] = below
    else
      if way[depth].new then events.tell_merged(way[depth].target) end
      way[depth] = nil
      depth = depth - 1
    end
  end
  return pass.made[object]
end

local merge_keywords = keywords.set {"load", "options"}

--- Copies the loaded attributes of `object` onto the session's object of the same identity (found, loaded, or new), along relationships with
--- the merge cascade, and gives that one. `object` is left as it is. As SQLAlchemy's `Session.merge()`.
---
---     local user = session:merge(User{id = 7, name = "Ann"})
---     local cached = session:merge(user_of_a_cache, {load = false})
---@param session lualchemy.Session
---@param object any
---@param options {load: boolean?, options: table?}?  `load` (true): false takes the attributes as what the database has, without asking it; `options`: loader
--- options for objects that are read
---@return any
---@raise StaleDataError if the version differs; InvalidRequestError for a new or changed object with `load = false`
function M.merge(session, object, options)
  local given = keywords.check("merge", options, merge_keywords)
  if given.load ~= false then core.session_autoflush(session) end
  return session:no_autoflush(function() return merge_one(session, object, new_pass(given)) end)
end

--- The same for each of a list of objects, after one autoflush, as SQLAlchemy's `Session.merge_all()`. Gives the session's objects, in order.
---@param session lualchemy.Session
---@param objects any[]
---@param options {load: boolean?, options: table?}?  as for `merge`
---@return any[]
---@raise as `merge`
function M.merge_all(session, objects, options)
  local given = keywords.check("merge_all", options, merge_keywords)
  if type(objects) ~= "table" then
    error(exc.ArgumentError(("session:merge_all() takes a list of objects, not a %s"):format(type(objects))), 0)
  end
  if given.load ~= false then core.session_autoflush(session) end
  return session:no_autoflush(function()
    local merged, pass = {}, new_pass(given)
    for i, object in ipairs(objects) do merged[i] = merge_one(session, object, pass) end
    return merged
  end)
end

core.extend("lualchemy.Session", {merge = M.merge, merge_all = M.merge_all})

return M
