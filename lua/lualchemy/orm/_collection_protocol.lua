-- SPDX-License-Identifier: MIT
-- Collection classes of the program: what its methods do is said by marks, as by the decorators of SQLAlchemy's `collection`.
--
--   local collection = require("lualchemy.orm.collections").collection
--   local Bag = {}
--   Bag.__index = Bag
--   function Bag.new() return setmetatable({objects = {}}, Bag) end
--   Bag.put = collection.appender(function(self, object) self.objects[object] = true end)
--   Bag.take = collection.remover(function(self, object) self.objects[object] = nil end)
--   Bag.each = collection.iterator(function(self) return pairs(self.objects) end)
--   … relationship("Coin", {collection_class = Bag.new})
--
-- When the class is first used by a relationship each mark gives way to a function that tells the object's attribute what comes and goes.
local adapter = require "lualchemy.orm._adapter"
local exc = require "lualchemy.exc"

local M = {}

--- A marked method: `fn`, and what the mark says. It can be called, for collections of a class that no relationship uses.
local Mark = {__name = "lualchemy.collection", __call = function(mark, ...) return mark.fn(...) end}

local function mark(fn, fields)
  if getmetatable(fn) == Mark then
    for key, value in pairs(fields) do fn[key] = value end
    return fn
  end
  if type(fn) ~= "function" then error(exc.ArgumentError(("collection: a method is a function, not a %s"):format(type(fn))), 3) end
  fields.fn = fn
  return setmetatable(fields, Mark)
end

--- Marks for the methods of a collection class, as SQLAlchemy's decorators `collection.appender` and its sisters.
---@class lualchemy.collection
local collection = {}
M.collection = collection

--- The method that adds one object: fn(self, object). Loads and the other side of the relationship call it too.
---@param fn function
---@return table
function collection.appender(fn) return mark(fn, {role = "appender"}) end

--- The method that takes one object out: fn(self, object).
---@param fn function
---@return table
function collection.remover(fn) return mark(fn, {role = "remover"}) end

--- The method that gives the objects: fn(self) gives a sequence, or what `for object in` takes; of two values that a step gives the first is
--- the object unless it is a place or true.
---@param fn function
---@return table
function collection.iterator(fn) return mark(fn, {role = "iterator"}) end

--- A method that is left as it is, though its name is that of a method which adds or removes.
---@param fn function
---@return table
function collection.internally_instrumented(fn) return mark(fn, {plain = true}) end

local function argument(n, name)
  if math.type(n) ~= "integer" or n < 1 then
    error(exc.ArgumentError(("collection.%s takes the place of the object among the arguments, from 1"):format(name)), 3)
  end
  return n
end

--- A method that adds its n-th argument (self not counted): `put = collection.adds(1)(function(self, object) … end)`.
---@param n integer
---@return fun(fn: function): table
function collection.adds(n)
  argument(n, "adds")
  return function(fn) return mark(fn, {before = "append", argument = n}) end
end

--- A method that adds its n-th argument and returns the object that had to go for it, or nil.
---@param n integer
---@return fun(fn: function): table
function collection.replaces(n)
  argument(n, "replaces")
  return function(fn) return mark(fn, {before = "append", argument = n, after = true}) end
end

--- A method that takes its n-th argument out.
---@param n integer
---@return fun(fn: function): table
function collection.removes(n)
  argument(n, "removes")
  return function(fn) return mark(fn, {before = "remove", argument = n}) end
end

--- A method that returns the object which it has taken out, or nil: `pop = collection.removes_return()(function(self) … end)`.
---@return fun(fn: function): table
function collection.removes_return()
  return function(fn) return mark(fn, {after = true}) end
end

-- ---- what marks turn into ----

--- fn with the adapter told before it, of the argument, and after it, of what it returns.
local function told(name, fn, before, place, after)
  return function(self, ...)
    local mine = adapter.of(self)
    if not mine then return fn(self, ...) end
    local args = table.pack(...)
    local field, object = nil, nil
    if before then
      object = args[place]
      if object == nil then error(exc.ArgumentError(("Missing argument %d of %s"):format(place, name)), 2) end
      if before == "append" then
        field, object = "arriving", adapter.append(self, object)
        args[place] = object
      else
        field = "leaving"
        adapter.remove(self, object)
      end
    end
    mine.left = nil
    local results
    if field then
      results = table.pack(pcall(adapter.during, self, field, object, fn, table.unpack(args, 1, args.n)))
      if not table.remove(results, 1) then
        adapter.take_back(self, field, object)
        error(results[1], 0)
      end
      results.n = results.n - 1
    else
      results = table.pack(fn(self, table.unpack(args, 1, args.n)))
    end
    local gone = after and results[1]
    if gone ~= nil and gone ~= false and not rawequal(mine.left, gone) then adapter.remove(self, gone) end
    return table.unpack(results, 1, results.n)
  end
end

local defaults = {appender = {"append", "add"}, remover = {"remove"}, iterator = {"iter", "each"}}
local role_facts = {appender = {"append", 1}, remover = {"remove", 1}}

--- methods table → its roles, once its marks have given way
local prepared = setmetatable({}, {__mode = "k"})

--- The tables in which methods of an object are looked up, nearest first.
local function method_tables(specimen)
  local list, at = {}, specimen
  for _ = 1, 100 do
    local meta = getmetatable(at)
    local index = type(meta) == "table" and rawget(meta, "__index")
    if type(index) ~= "table" then break end
    list[#list + 1] = index
    at = index
  end
  return list
end

local function replace_marks(methods, roles)
  for name, value in next, methods do
    if getmetatable(value) == Mark then
      if value.role and not roles[value.role] then roles[value.role] = name end
      local facts = role_facts[value.role] or {}
      local before, place = value.before or not value.after and facts[1], value.argument or facts[2]
      if value.plain or not (before or value.after) then
        methods[name] = value.fn
      else
        methods[name] = told(name, value.fn, before, place, value.after)
      end
    end
  end
end

local function prepare(specimen, where)
  local tables = method_tables(specimen)
  local own = tables[1]
  if not own then
    error(exc.ArgumentError(("%s: collection_class makes a %s without a class: its metatable has no table of methods in __index")
      :format(where, type(specimen))), 0)
  end
  if prepared[own] then return prepared[own] end
  local roles = {}
  for _, methods in ipairs(tables) do
    for role, name in pairs(prepared[methods] or {}) do roles[role] = roles[role] or name end
    replace_marks(methods, roles)
  end
  for role, names in pairs(defaults) do
    for _, name in ipairs(names) do
      if not roles[role] and type(specimen[name]) == "function" then
        roles[role] = name
        local facts = role_facts[role]
        if facts then own[name] = told(name, specimen[name], facts[1], facts[2]) end
      end
    end
    if not roles[role] then
      error(exc.ArgumentError(("%s: the collection_class must elect %s %s method to be a collection class: mark one with collection.%s(fn)")
        :format(where, role == "remover" and "a" or "an", role, role)), 0)
    end
  end
  prepared[own] = roles
  return roles
end

local function collect(view, name)
  local step, state, control = view[name](view)
  if type(step) == "table" and (getmetatable(step) or {}).__call == nil then return step end
  local found = {}
  while true do
    local first, second = step(state, control)
    if first == nil then return found end
    control = first
    found[#found + 1] = (math.type(first) or first == true) and second or first
  end
end

--- The function that makes an empty collection: `given` itself, or a class that can be called; nil for anything else.
---@param given any
---@return function?
function M.factory(given)
  if type(given) == "function" then return given end
  local meta = type(given) == "table" and getmetatable(given)
  if type(meta) == "table" and meta.__call then return function() return given() end end
  if type(given) == "table" and type(given.new) == "function" then return given.new end
end

--- The kind of collections that `new()` makes, of which `specimen` is one.
---@param specimen any
---@param new function
---@param sequence_of fun(value: any): any[]?
---@param where string  the relationship, for messages
---@return table kind
function M.kind(specimen, new, sequence_of, where)
  if type(specimen) ~= "table" and type(specimen) ~= "userdata" then
    error(exc.ArgumentError(("%s: collection_class makes a %s instead of a collection"):format(where, type(specimen))), 0)
  end
  local roles = prepare(specimen, where)
  local methods = method_tables(specimen)[1]
  local function is_own(value)
    return (type(value) == "table" or type(value) == "userdata") and method_tables(value)[1] == methods
  end
  return adapter.kind {
    like = "collection", new = new,
    append = function(view, object) view[roles.appender](view, object) end,
    remove = function(view, object) view[roles.remover](view, object) end,
    convert = function(value)
      if is_own(value) then return collect(value, roles.iterator) end
      return sequence_of(value)
    end,
    accepts = is_own,
  }
end

return M
