-- SPDX-License-Identifier: MIT
-- Events of the ORM: which of its things can be listened to, and what the core has to note for it.
--
--   event.listen(session, "before_flush", fn)       one session, a sessionmaker, or orm.Session for all
--   event.listen(User, "before_insert", fn)         a class; with propagate its subclasses too, also those of Base or a mixin
--   event.listen(User.name, "set", fn)              an attribute
--   event.listen(orm.Mapper, "after_insert", fn)    every class
--
-- The core notes and hands out only what somebody listens to: bits of a mapper and of a session, worked out here whenever a listener or a
-- class comes or goes.
local core = require "lualchemy.core"
local event = require "lualchemy.event"
local exc = require "lualchemy.exc"
local properties = require "lualchemy.orm.properties"

local M = {}

--- Stands for every mapped class as a target of events, as SQLAlchemy's `Mapper` does.
M.Mapper = setmetatable({__name__ = "Mapper"}, {__name = "lualchemy.Mapper", __tostring = function() return "Mapper" end})

--- What an attribute's old value is when it was not loaded: the `oldvalue` that listeners of "set" get.
M.NO_VALUE = setmetatable({}, {__tostring = function() return "NO_VALUE" end})

-- What declarative keeps of classes; set by it, since it is loaded later.
local record_of = function() end

-- Mapped classes that live, to be told what is listened to.
local classes = setmetatable({}, {__mode = "k"})
-- Session → the sessionmaker that made it.
local makers = setmetatable({}, {__mode = "k"})
-- Session → its class, if that is one of the program's.
local session_classes = setmetatable({}, {__mode = "k"})

local function is_class(target)
  return type(target) == "table" and record_of(target) ~= nil
end
M.is_class = is_class

--- The class that a target of mapper and instance events stands for: a class, a mixin, an inspected mapper, a mapper.
local function class_target(target, identifier)
  if target == M.Mapper or is_class(target) then return target end
  if type(target) == "table" and (getmetatable(target) or {}).__name == "lualchemy.Mixin" then return target end
  local found = (type(target) == "table" or type(target) == "userdata") and M.class_of_mapper(target) or nil
  if found then return found end
  error(exc.InvalidRequestError(("No such event '%s' for target '%s'"):format(identifier, tostring(target))), 0)
end

local function add_mixins(definition, list)
  for _, mixin in ipairs(definition) do
    local record = record_of(mixin)
    list[#list + 1] = mixin
    add_mixins(record and record.definition or mixin, list)
  end
end

--- The bases of a class and the mixins of all of them, nearest first.
local function ancestors(class)
  local list, at = {}, class
  while at do
    local record = record_of(at)
    add_mixins(record and record.definition or {}, list)
    at = rawget(at, "__base__")
    list[#list + 1] = at
  end
  return list
end

M.ancestors = ancestors

--- Listeners for Mapper first, then those of the class and what its bases propagate, in the order in which they came.
local function class_chain(class)
  if class == M.Mapper then return {class} end
  return {M.Mapper, class}, ancestors(class), true
end

-- ---- what the core is to note ----

local bits = {
  before_insert = 1, after_insert = 1, before_update = 1, after_update = 1, before_delete = 1, after_delete = 1,
  set = 2, append = 2, remove = 2, bulk_replace = 2, append_wo_mutation = 2,
  load = 4, refresh = 8, expire = 16, init = 32, init_failure = 32, refresh_flush = 64, init_scalar = 128,
  init_collection = 256, dispose_collection = 256,
}
local attribute_events = {
  set = true, append = true, remove = true, bulk_replace = true, append_wo_mutation = true, init_scalar = true, init_collection = true,
  dispose_collection = true, modified = true,
}
-- How many listeners each event has; an event without any needs no look at the classes.
local counts = {}

-- Class → key → the object that stands for the attribute as a target.
local attributes = setmetatable({}, {__mode = "k"})

local function attribute_key(class, key)
  local of_class = attributes[class]
  if not of_class then
    of_class = {}
    attributes[class] = of_class
  end
  local found = of_class[key]
  if not found then
    found = setmetatable({class = class, key = key}, {__tostring = function() return ("%s.%s"):format(class.__name__, key) end})
    of_class[key] = found
  end
  return found
end
M.attribute_key = attribute_key

local function has_attribute_listener(class, identifier)
  for _, property in ipairs(core.mapper_properties(class)) do
    if event.__has(attribute_key(class, property.key), identifier) then return true end
  end
  return false
end

local function tell_class(class)
  if not core.is_mapped(class) then return end -- it is about to go
  local all = 0
  for identifier, bit in pairs(bits) do
    if all & bit == 0 and (counts[identifier] or 0) > 0 then
      local heard
      if attribute_events[identifier] then
        heard = has_attribute_listener(class, identifier)
      else
        heard = event.__has(class, identifier)
      end
      if heard then all = all | bit end
    end
  end
  local record = record_of(class)
  local at = record
  while at and at.validators do -- a class has its base's validators
    if next(at.validators) then all = all | bits.set end
    at = (getmetatable(at.validators) or {}).record
  end
  core.mapper_hears(class, all)
end

local configuration = {
  before_configured = true, after_configured = true, before_mapper_configured = true, mapper_configured = true,
}

local function class_changed(identifier, change)
  counts[identifier] = (counts[identifier] or 0) + change
  if configuration[identifier] then M.configuration_wanted() end
  if not bits[identifier] then return end
  for class in pairs(classes) do tell_class(class) end
end

local transitions = {
  "transient_to_pending", "pending_to_transient", "pending_to_persistent", "persistent_to_transient", "loaded_as_persistent",
  "persistent_to_deleted", "persistent_to_detached", "deleted_to_persistent", "deleted_to_detached", "detached_to_persistent",
  "before_attach", "after_attach",
}
local is_transition = {}
for _, name in ipairs(transitions) do is_transition[name] = true end

local function tell_session(session)
  local watched = {}
  for _, name in ipairs(transitions) do
    if (counts[name] or 0) > 0 and event.__has(session, name) then watched[name:upper()] = true end
  end
  core.session_watch(session, watched)
end

local function session_changed(identifier, change)
  counts[identifier] = (counts[identifier] or 0) + change
  if not is_transition[identifier] then return end
  for _, session in ipairs(core.sessions()) do tell_session(session) end
end

-- ---- the families ----

local function session_target(target, identifier)
  local name = type(target) == "table" and (getmetatable(target) or {}).__name
  if name == "lualchemy.SessionClass" or name == "lualchemy.sessionmaker" or core.class_of(target) == "lualchemy.Session" then return target end
  if name == "lualchemy.scoped_session" then return target.session_factory end
  local sessions = require "lualchemy.orm.session"
  if target == sessions.sessionmaker then return sessions.Session end
  error(exc.ArgumentError(("No such event '%s' for target '%s': a session, a sessionmaker, a scoped_session, orm.Session or orm.sessionmaker is one")
    :format(identifier, tostring(target))), 0)
end

event.__family("SESSION", {
  accepts = session_target,
  chain = function(session)
    local list = {session}
    if makers[session] then table.insert(list, 1, makers[session]) end
    local class = session_classes[session]
    while class and class ~= M.Session do
      table.insert(list, 1, class)
      class = rawget(class, "__base__")
    end
    table.insert(list, 1, M.Session)
    return list
  end,
  changed = session_changed,
})

event.__family("MAPPER", {
  accepts = function(target, identifier)
    if identifier == "before_configured" or identifier == "after_configured" then
      if target == M.Mapper or M.is_registry(target) then return target end
      error(exc.InvalidRequestError(("event '%s' is listened to on orm.Mapper or a registry"):format(identifier)), 0)
    end
    return class_target(target, identifier)
  end,
  raw_argument = 3,
  chain = function(target)
    if M.is_registry(target) then return {M.Mapper, target} end
    return class_chain(target)
  end,
  changed = class_changed,
})

event.__family("INSTANCE", {accepts = class_target, chain = class_chain, changed = class_changed, raw_argument = 1})

event.__family("ATTRIBUTE", {
  raw_argument = 1,
  accepts = function(target, identifier)
    local class, key = core.attribute_of(target)
    if not class then class, key = properties.attribute_of(target) end
    if not class then
      error(exc.InvalidRequestError(("No such event '%s' for target '%s': an attribute of a mapped class is one"):format(identifier, tostring(target))), 0)
    end
    return attribute_key(class, key)
  end,
  chain = function(target)
    local inherited, at = {}, rawget(target.class, "__base__")
    while at do
      if attributes[at] and attributes[at][target.key] then inherited[#inherited + 1] = attributes[at][target.key] end
      at = rawget(at, "__base__")
    end
    return {target}, inherited, true
  end,
  changed = class_changed,
})

--- What is told of a class at its making, its subclasses' listeners need not propagate.
local function instrumentation_chain(class)
  if class == M.Mapper then return {class} end
  return {M.Mapper, class, table.unpack(ancestors(class))}
end

event.__family("INSTRUMENTATION", {accepts = class_target, chain = instrumentation_chain, changed = class_changed})

-- ---- what calls the listeners ----

--- The connection that listeners of a flush get.
core.hook("mapper_event", function(name, object, session)
  local class = core.mapped_class_of(object)
  event.__fire(name, class, class.__mapper__, core.session_connection_at_hand(session), object)
end)

local instance_events = {"load", "refresh", "expire"}
core.hook("instance_event", function(number, object, session)
  event.__fire(instance_events[number], core.mapped_class_of(object), object, number < 3 and session or nil, nil)
end)

--- `expire` of some attributes.
core.hook("expire_event", function(object, names)
  event.__fire("expire", core.mapped_class_of(object), object, names)
end)

--- `refresh_flush`: what a flush has fetched from the database.
core.hook("refresh_flush_event", function(object, session, names)
  event.__fire("refresh_flush", core.mapped_class_of(object), object, {session = session}, names)
end)

-- ---- what other modules of the ORM tell ----

--- True if somebody listens to the event, on whatever target.
function M.listened(identifier)
  return (counts[identifier] or 0) > 0
end

--- merge() has made an object: `load`, with no session.
function M.tell_merged(object)
  if M.listened "load" then event.__fire("load", core.mapped_class_of(object), object, nil) end
end

--- A class is being mapped: its mapper is there, its attributes are not.
function M.class_instrumented(class)
  if M.listened "class_instrument" then event.__fire("class_instrument", class, class) end
  if M.listened "instrument_class" then event.__fire("instrument_class", class, class.__mapper__, class) end
end

--- A mapped class has got an attribute.
function M.attribute_added(class, key)
  if M.listened "attribute_instrument" and core.mapper_has(class, key) then
    event.__fire("attribute_instrument", class, class, key, class[key])
  end
end

--- A class has been mapped.
function M.class_mapped(class)
  classes[class] = true
  tell_class(class)
  if next(counts) == nil then return end
  for _, property in ipairs(M.listened "attribute_instrument" and core.mapper_properties(class) or {}) do
    M.attribute_added(class, property.key)
  end
  event.__fire("after_mapper_constructed", class, class.__mapper__, class)
end

--- A session has been made, by `maker` if that is not nil, of `class` if that is not nil.
function M.session_made(session, maker, class)
  if maker then makers[session] = maker end
  if class and class ~= M.Session then session_classes[session] = class end
  if next(counts) ~= nil then tell_session(session) end
end

--- Given by declarative: how to find the record of a class; likewise by the other modules.
function M.connect(parts)
  record_of = parts.record_of or record_of
  M.class_of_mapper = parts.class_of_mapper or M.class_of_mapper
  M.is_registry = parts.is_registry or M.is_registry
  M.Session = parts.Session or M.Session
  M.configuration_wanted = parts.configuration_wanted or M.configuration_wanted
end

M.configuration_wanted = function() end
M.class_of_mapper = function() end
M.is_registry = function() return false end

return M
