-- SPDX-License-Identifier: MIT
-- session:merge: the state of an object, and of what hangs on it, copied onto the session's own objects.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

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

local merge_one

--- Copies one relationship along the merge cascade.
local function merge_relationship(session, object, target, property, seen)
  if not property.cascade.merge or not core.object_loaded(object, property.key) then return end
  if property.uselist then
    local list = {}
    for i, member in ipairs(object[property.key]) do list[i] = merge_one(session, member, seen) end
    target[property.key] = list
  else
    local other = object[property.key]
    target[property.key] = other and merge_one(session, other, seen) or nil
  end
end

function merge_one(session, object, seen)
  if seen[object] then return seen[object] end
  local class = core.mapped_class_of(object)
  if not class then
    error(exc.UnmappedInstanceError(("a %s is not an instance of a mapped class"):format(type(object))), 0)
  end
  if core.object_session(object) == session then
    seen[object] = object
    return object
  end
  local properties = core.mapper_properties(class)
  local identity = identity_of(object, properties)
  local target = identity and session:get(class, identity)
  if not target then
    target = core.object_new(class)
    session:add(target)
  end
  seen[object] = target
  for _, property in ipairs(properties) do
    if property.kind == "column" and core.object_loaded(object, property.key) then
      local value = object[property.key]
      if not (property.primary_key and value == nil) then target[property.key] = value end
    end
  end
  for _, property in ipairs(properties) do
    if property.kind == "relationship" then merge_relationship(session, object, target, property, seen) end
  end
  return target
end

local merge_keywords = keywords.set {"load", "options"}

--- Copies the loaded attributes of `object` onto the session's object of the same identity (found, loaded, or new), along relationships with
--- the merge cascade, and gives that one. `object` is left as it is. As SQLAlchemy's `Session.merge()`.
function M.merge(session, object, options)
  keywords.check("merge", options, merge_keywords)
  core.session_autoflush(session)
  return session:no_autoflush(function() return merge_one(session, object, {}) end)
end

core.extend("lualchemy.Session", {merge = M.merge})

return M
