-- SPDX-License-Identifier: MIT
-- Events: who listens to what, on which target.
--
--   event.listen(engine, "before_cursor_execute", function(conn, cursor, statement) … end)
--   event.listens_for(User, "before_insert")(function(mapper, connection, target) … end)
--
-- A listener is kept with its target, weakly: it goes when the target goes. Which targets' listeners an event
-- reaches is known by its family: an engine's own and those of all engines; a class's own and, with
-- `propagate`, those of its bases. C counts listeners per event, so an event without any costs one comparison.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"

local event = {}

local facts = core.events()
local known = keywords.set {"propagate", "retval", "named", "insert", "once", "raw", "active_history", "include_key",
  "restore_load_context"}

-- Target → identifier → sequence of listeners {fn, options, order}.
local listeners = setmetatable({}, {__mode = "k"})
-- Numbers of listeners in order of registration; those put in front count down.
local last_order, first_order = 0, 0
-- Family → what it knows about targets.
local families = {}
-- Raised by every change, so that what was collected before is collected again.
local version = 0
-- Identifier → target → {version, sequence}.
local collected = {}

local function check_identifier(identifier)
  if type(identifier) ~= "string" or not facts[identifier] then
    local nearest = core.nearest(identifier, facts)
    error(exc.InvalidRequestError(("No such event %s%s"):format(require("lualchemy.describe").value(identifier),
      nearest and ('; did you mean "%s"?'):format(nearest) or "")), 0)
  end
  return facts[identifier]
end

-- The key under which listeners for `target` are kept: an area may say that one thing stands for another.
local function key_of(target, identifier)
  local family = families[check_identifier(identifier)[1]]
  local key = target
  if family and family.accepts then
    key = family.accepts(target, identifier)
  end
  local kind = type(key)
  if kind ~= "table" and kind ~= "userdata" and kind ~= "function" then
    error(exc.InvalidRequestError(("No such event '%s' for target '%s'"):format(identifier, tostring(target))), 0)
  end
  return key
end

local function find(list, fn)
  for i, listener in ipairs(list or {}) do
    if listener.fn == fn then return i end
  end
end

local function changed(identifier, change)
  version = version + 1
  collected[identifier] = nil
  core.listening(identifier, change)
  local family = families[facts[identifier][1]]
  if family and family.changed then family.changed(identifier, change) end
end

--- Tells how the targets of a family relate. `what` has, each optional: `accepts(target, identifier)`
--- gives what listeners are kept under (nil: no target of this event); `chain(target, identifier)` gives the
--- sequence of things whose listeners an event on `target` reaches, as second value a sequence of those of
--- which only listeners with `propagate` count, and true as third if the last of the first and all of the second are
--- called in the order in which they were registered; `listened(target, identifier, options)` is told of each new one,
--- `changed(identifier, change)` of how many more or less there are; with `raw`, argument `raw_argument` is given as
--- the state that la.inspect gives.
---@param name "POOL"|"CONNECTION"|"DIALECT"|"DDL"|"SESSION"|"MAPPER"|"INSTANCE"|"ATTRIBUTE"|"QUERY"|"INSTRUMENTATION"
---@param what table
function event.__family(name, what)
  families[name] = what
  version = version + 1
  collected = {}
end

--- Calls `fn` whenever the event happens on `target`.
---@param target any
---@param identifier string
---@param fn function
---@param options {propagate: boolean?, retval: boolean?, named: boolean?, insert: boolean?, once: boolean?}?
function event.listen(target, identifier, fn, options)
  options = keywords.check("event.listen", options, known)
  local key = key_of(target, identifier)
  if type(fn) ~= "function" and not (getmetatable(fn) or {}).__call then
    error(exc.ArgumentError("event.listen: the listener is no function"), 0)
  end
  local of_target = listeners[key]
  if not of_target then
    of_target = {}
    listeners[key] = of_target
  end
  local list = of_target[identifier] or {}
  of_target[identifier] = list
  if find(list, fn) then return end
  local order
  if options.insert then
    first_order = first_order - 1
    order = first_order
  else
    last_order = last_order + 1
    order = last_order
  end
  table.insert(list, options.insert and 1 or #list + 1, {fn = fn, options = options, order = order})
  changed(identifier, 1)
  local family = families[facts[identifier][1]]
  if family and family.listened then family.listened(key, identifier, options) end
end

--- As `listen`, with the function given to what it returns; gives the function back.
---@param target any
---@param identifier string
---@param options {propagate: boolean?, retval: boolean?, named: boolean?, insert: boolean?, once: boolean?}?
---@return fun(fn: function): function
function event.listens_for(target, identifier, options)
  return function(fn)
    event.listen(target, identifier, fn, options)
    return fn
  end
end

--- Undoes `listen`.
---@param target any
---@param identifier string
---@param fn function
function event.remove(target, identifier, fn)
  local key = key_of(target, identifier)
  local list = listeners[key] and listeners[key][identifier]
  local at = find(list, fn)
  if not at then
    error(exc.InvalidRequestError(
      ("No listeners found for event %s / %s / %s"):format(tostring(target), identifier, tostring(fn))), 0)
  end
  table.remove(list, at)
  changed(identifier, -1)
end

--- Does `fn` listen there?
---@return boolean
function event.contains(target, identifier, fn)
  local key = key_of(target, identifier)
  return find(listeners[key] and listeners[key][identifier], fn) ~= nil
end

local function add_listeners(into, key, identifier, propagated)
  for _, listener in ipairs(listeners[key] and listeners[key][identifier] or {}) do
    if not propagated or listener.options.propagate then
      into[#into + 1] = listener
      listener.key = key
    end
  end
end

local function sort_from(list, first)
  local tail = table.move(list, first, #list, 1, {})
  table.sort(tail, function(a, b) return a.order < b.order end)
  table.move(tail, 1, #tail, first, list)
end

local function collect(identifier, target)
  local cache = collected[identifier]
  if not cache then
    cache = setmetatable({}, {__mode = "k"})
    collected[identifier] = cache
  end
  local found = cache[target]
  if found and found.version == version then return found end
  local family = families[facts[identifier][1]]
  local own, inherited, merged = {target}, nil, false
  if family and family.chain then own, inherited, merged = family.chain(target, identifier) end
  found = {version = version}
  local first = 1
  for i, key in ipairs(own) do
    if merged and i == #own then first = #found + 1 end
    add_listeners(found, key, identifier, false)
  end
  for _, key in ipairs(inherited or {}) do
    add_listeners(found, key, identifier, true)
  end
  if merged then sort_from(found, first) end
  cache[target] = found
  return found
end

--- Does anybody listen to the event on `target`?
---@return boolean
function event.__has(target, identifier)
  return #collect(identifier, target) > 0
end

-- Argument names of each event, as a sequence.
local names = {}
local function names_of(identifier)
  if not names[identifier] then
    local list = {}
    for name in facts[identifier][2]:gmatch("%S+") do
      list[#list + 1] = name
    end
    names[identifier] = list
  end
  return names[identifier]
end

local function call(listener, identifier, args)
  local raw = listener.options.raw and (families[facts[identifier][1]] or {}).raw_argument
  if raw then
    args = table.move(args, 1, args.n, 1, {n = args.n})
    args[raw] = require("lualchemy.inspection").inspect(args[raw])
  end
  if not listener.options.named then
    return listener.fn(table.unpack(args, 1, args.n))
  end
  local by_name = {}
  for i, name in ipairs(names_of(identifier)) do
    by_name[name] = args[i]
  end
  return listener.fn(by_name)
end

-- A listener that is called once goes before its call, so that it may fire the event itself.
local function drop_once(listener, identifier)
  local list = listeners[listener.key] and listeners[listener.key][identifier]
  local at = find(list, listener.fn)
  if not at then return false end
  table.remove(list, at)
  changed(identifier, -1)
  return true
end

--- The listeners that an event on `target` reaches, in order: {fn, options}.
function event.__listeners(identifier, target)
  return collect(identifier, target)
end

--- Calls one of `__listeners`, which goes first if it is to be called once; gives what it returns.
function event.__call(listener, identifier, ...)
  if listener.options.once and not drop_once(listener, identifier) then return nil end
  return call(listener, identifier, table.pack(...))
end

--- Calls the listeners of an event and gives the arguments back, replaced where listeners with `retval` gave others.
function event.__fire(identifier, target, ...)
  local list = collect(identifier, target)
  if #list == 0 then return ... end
  local args = table.pack(...)
  local first, count = facts[identifier][3], facts[identifier][4]
  for _, listener in ipairs(list) do
    if not listener.options.once or drop_once(listener, identifier) then
      if listener.options.retval and count > 0 then
        local values = table.pack(call(listener, identifier, args))
        if values.n < count then
          error(exc.ArgumentError(("a listener of '%s' with retval = true has to return %d value%s"):format(identifier, count,
            count == 1 and "" or "s")), 0)
        end
        for i = 1, count do
          args[first + i - 1] = values[i]
        end
      else
        call(listener, identifier, args)
      end
    end
  end
  return table.unpack(args, 1, args.n)
end

core.hook("fire", event.__fire)
core.hook("event_has", event.__has)

return require("lualchemy.strict").module("lualchemy.event", event)
