-- SPDX-License-Identifier: MIT
-- Keys of the identity map, and from classes and objects to their mappers.
local binds = require "lualchemy.orm.binds"
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local hierarchy = require "lualchemy.orm.hierarchy"
local inspection = require "lualchemy.inspection"
local keywords = require "lualchemy.keywords"

local M = {}

local function primary_keys(class)
  local keys = {}
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.primary_key then keys[#keys + 1] = property end
  end
  return keys
end

--- The key of an object: that of its row, or the one its primary key attributes would give it.
local function key_of_object(object)
  local class = core.mapped_class_of(object)
  if not class then
    error(exc.UnmappedInstanceError(("a %s is not an instance of a mapped class"):format(type(object))), 0)
  end
  local identity = core.object_identity(object)
  if not identity then
    identity = {}
    for i, property in ipairs(primary_keys(class)) do
      local value = object[property.key]
      identity[i] = value == nil and core.null() or value
    end
  end
  return {hierarchy.root(class), identity, binds.token_of(object)}
end

local function key_of_row(class, row)
  local identity = {}
  for i, property in ipairs(primary_keys(class)) do identity[i] = row[property.column] end
  return {hierarchy.root(class), identity}
end

local function key_of_identity(class, identity)
  local count = #primary_keys(class)
  if type(identity) ~= "table" or identity[1] == nil then identity = {identity} end
  if #identity ~= count then
    error(exc.ArgumentError(("identity_key: the primary key of %s has %d part%s, not %d"):format(class.__name__, count, count == 1 and "" or "s",
      #identity)), 0)
  end
  return {hierarchy.root(class), {table.unpack(identity)}}
end

local key_keywords = keywords.set {"class_", "ident", "instance", "row", "identity_token"}

--- The key under which a session knows an object, `{class, {value, …}}`, with the class at the root of its hierarchy; `session.identity_map:get`
--- takes it. As SQLAlchemy's `identity_key()`.
---
---     orm.identity_key(User, 5)             -- {User, {5}}
---     orm.identity_key{instance = user}
---     orm.identity_key(User, {row = row})   -- of a row with the primary key's columns
---@param class table?  a mapped class; or the keywords
---@param ident any?  a primary key: a value, or a sequence for several columns; or the keywords
---@param options {instance: any?, row: any?, identity_token: any?}?
---@return table key
---@raise ArgumentError if neither a class nor an object is given, or no identity; UnmappedInstanceError
function M.identity_key(class, ident, options)
  if options == nil and keywords.is_table(ident) then ident, options = nil, ident end
  if options == nil and keywords.is_table(class) and not core.is_mapped(class) then class, options = nil, class end
  options = keywords.check("identity_key", options, key_keywords)
  class = class or options.class_
  if ident == nil then ident = options.ident end
  local key
  if options.instance ~= nil then
    key = key_of_object(options.instance)
  elseif class == nil then
    error(exc.ArgumentError("class or instance is required"), 2)
  else
    class = M.class_mapper(class).class_
    if options.row ~= nil then
      key = key_of_row(class, options.row)
    elseif ident ~= nil then
      key = key_of_identity(class, ident)
    else
      error(exc.ArgumentError("ident or row is required"), 2)
    end
  end
  if options.identity_token ~= nil then key[3] = options.identity_token end
  key[2] = core.list(key[2])
  return core.list(key)
end

--- The mapper of an object's class, as SQLAlchemy's `object_mapper()`.
---@param object any
---@return table mapper
---@raise UnmappedInstanceError
function M.object_mapper(object)
  local class = core.mapped_class_of(object)
  if not class then
    error(exc.UnmappedInstanceError(("a %s is not an instance of a mapped class"):format(type(object))), 2)
  end
  return inspection.inspect(class)
end

local mapper_keywords = keywords.set {"configure"}

--- The mapper of a class, as SQLAlchemy's `class_mapper()`: configured, unless `configure = false`.
---@param class table
---@param options {configure: boolean?}?
---@return table mapper
---@raise UnmappedClassError; ArgumentError for what is no class
function M.class_mapper(class, options)
  options = keywords.check("class_mapper", options, mapper_keywords)
  if type(class) == "table" and not core.is_mapped(class) then
    class = require("lualchemy.orm.events").class_of_mapper(class) or class
  end
  if type(class) ~= "table" then
    error(exc.ArgumentError(("Class object expected, got %s."):format(describe.value(class))), 2)
  end
  if not core.is_mapped(class) then
    error(exc.UnmappedClassError(("Class '%s' is not mapped"):format(tostring(rawget(class, "__name__") or describe.value(class)))), 2)
  end
  if options.configure == false then return class.__mapper__ end
  return inspection.inspect(class)
end

-- ---- the identity map ----

local function same_key(a, b)
  if type(a) ~= "table" or a[1] ~= b[1] or a[3] ~= b[3] or type(a[2]) ~= "table" or #a[2] ~= #b[2] then return false end
  for i, value in ipairs(b[2]) do
    if a[2][i] ~= value then return false end
  end
  return true
end

local map_methods = {}

--- Does the map have the object?
function map_methods.contains(self, object)
  for _, item in ipairs(self) do
    if item == object then return true end
  end
  return false
end

--- Iterates over the objects.
function map_methods.values(self)
  local at = 0
  return function() at = at + 1 return self[at] end
end

--- Iterates over the keys.
function map_methods.keys(self)
  local at = 0
  return function()
    at = at + 1
    if self[at] ~= nil then return key_of_object(self[at]) end
  end
end

--- Iterates over keys and their objects.
function map_methods.items(self)
  local at = 0
  return function()
    at = at + 1
    if self[at] ~= nil then return key_of_object(self[at]), self[at] end
  end
end

--- Is there an object with the key?
function map_methods.has_key(self, key)
  return map_methods.get(self, key) ~= nil
end

--- The object with the key, or nil.
function map_methods.get(self, key)
  for _, object in ipairs(self) do
    if same_key(key, key_of_object(object)) then return object end
  end
end

local map_meta = {
  __name = "lualchemy.IdentityMap",
  __index = map_methods,
  __tostring = function(self) return describe.list(self) end,
}

core.hook("identity_map", function(list) return setmetatable(list, map_meta) end)

-- A method of the class: called by a dot on `orm.Session`, or by a colon on a session or its class, which `fn` does not get.
local function class_method(fn)
  return function(first, ...)
    local metatable = getmetatable(first)
    local name = type(metatable) == "table" and metatable.__name
    if core.class_of(first) == "lualchemy.Session" or name == "lualchemy.SessionClass" then return fn(...) end
    return fn(first, ...)
  end
end

core.extend("lualchemy.Session", {
  --- `orm.identity_key`, as SQLAlchemy's `Session.identity_key()`.
  identity_key = class_method(M.identity_key),
  --- `orm.object_session`, as SQLAlchemy's `Session.object_session()`.
  object_session = class_method(function(...) return require("lualchemy.orm").object_session(...) end),
})

return M
