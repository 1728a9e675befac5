-- SPDX-License-Identifier: MIT
-- What is called when attributes of objects change: validators of the class, then listeners.
--
-- A change of a link has a mirror on the other side. Validators of the attribute that the program has changed come first, then what the mirror
-- brings, then the attribute's listeners; SQLAlchemy's order.
local core = require "lualchemy.core"
local event = require "lualchemy.event"
local events = require "lualchemy.orm.events"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local select = core.lua_select

local M = {}

local Validator = {__name = "lualchemy.validates"}
local Reconstructor = {__name = "lualchemy.reconstructor"}

local validates_keywords = keywords.set {"include_removes", "include_backrefs"}

--- Makes a function that checks values of attributes before they are set or appended, as SQLAlchemy's `validates()`: it gives the value to
--- use, or raises. A field of the class table. Options: `include_removes` (false; with it removals are told too, and the function gets a
--- fourth argument, true for these), `include_backrefs` (true: also what the other side of a relationship brings).
---
---     check_email = orm.validates("email", "backup_email")(function(self, key, value)
---       if not value:find "@" then error("no address: " .. value) end
---       return value:lower()
---     end),
---@param ... string|table  names of attributes; options last, see above
---@return fun(fn: fun(self: table, key: string, value: any, is_remove: boolean?): any): table
function M.validates(...)
  local names, options = keywords.split("validates", validates_keywords, 1, ...)
  if names.n == 0 then error(exc.ArgumentError("validates takes the names of the attributes that the function checks"), 2) end
  for i = 1, names.n do
    if type(names[i]) ~= "string" then
      error(exc.ArgumentError(("validates takes names of attributes, not %s"):format(require("lualchemy.describe").value(names[i]))), 2)
    end
  end
  return function(fn)
    if type(fn) ~= "function" then error(exc.ArgumentError("validates(…) is called with the function that checks"), 2) end
    return setmetatable({fn = fn, names = names, include_removes = options.include_removes == true,
      include_backrefs = options.include_backrefs ~= false}, Validator)
  end
end

--- Makes a function that is called with each object that is loaded, as the constructor is with new ones: SQLAlchemy's `reconstructor()`.
--- A field of the class table.
---@param fn fun(self: table)
---@return table
function M.reconstructor(fn)
  if type(fn) ~= "function" then error(exc.ArgumentError("reconstructor takes a function"), 2) end
  return setmetatable({fn = fn}, Reconstructor)
end

--- Takes a field of a class that is a validator or a reconstructor: gives the function, which stays in the class as a method.
function M.take_field(class, record, value)
  local meta = getmetatable(value)
  if meta == Validator then
    for _, name in ipairs(value.names) do
      if rawget(record.validators, name) then
        error(exc.InvalidRequestError(("A validation function for mapped attribute '%s' on mapper Mapper[%s] already exists.")
          :format(name, class.__name__)), 0)
      end
      record.validators[name] = value
    end
    return value.fn
  elseif meta == Reconstructor then
    event.listen(class, "load", function(object) value.fn(object) end, {propagate = true})
    return value.fn
  end
  return value
end

local declarative_record

local function record_of(class)
  declarative_record = declarative_record or require("lualchemy.orm.declarative").record
  return declarative_record(class)
end

local function validate(validator, object, key, value, is_remove)
  if validator.include_removes then return validator.fn(object, key, value, is_remove) end
  return validator.fn(object, key, value)
end

local function old_value(target, object, key)
  if core.object_loaded(object, key) then return object[key] end
  if core.object_state(object) ~= "transient" then
    for _, listener in ipairs(event.__listeners("set", target)) do
      if listener.options.active_history then return object[key] end
    end
  end
  return events.NO_VALUE
end

--- The value that the class's validator of an attribute leaves of `value`.
function M.validated(object, key, value)
  local validator = record_of(core.mapped_class_of(object)).validators[key]
  return validator and validate(validator, object, key, value, false) or not validator and value or nil
end

core.hook("attribute_set", function(object, key, value)
  local class = core.mapped_class_of(object)
  local validator = record_of(class).validators[key]
  if validator then value = validate(validator, object, key, value, false) end
  local target = events.attribute_key(class, key)
  if event.__has(target, "set") then
    local old = old_value(target, object, key)
    value = select(2, event.__fire("set", target, object, value, old, {class_ = class, key = key, op = "set"}))
  end
  return value
end)

core.hook("init_scalar", function(object, key)
  local target = events.attribute_key(core.mapped_class_of(object), key)
  if not event.__has(target, "init_scalar") then return nil end
  return (select(2, event.__fire("init_scalar", target, object, nil, object)))
end)

--- The validator's answer for one elementary change {object, key, kind, other, old, known, heard}.
local function validated(row, is_backref)
  local validator = row[7] and record_of(core.mapped_class_of(row[1])).validators[row[2]]
  if not validator or is_backref and not validator.include_backrefs then return row[4] end
  if row[3] == "remove" then
    if validator.include_removes then validate(validator, row[1], row[2], row[4], true) end
    return row[4]
  end
  return validate(validator, row[1], row[2], row[4], false)
end

--- What the listeners make of it.
local function heard(row, value, initiator)
  if not row[7] then return value end
  local target = events.attribute_key(core.mapped_class_of(row[1]), row[2])
  if row[3] == "set" then
    local old = row[5]
    if old == nil and not row[6] then old = events.NO_VALUE end
    return (select(2, event.__fire("set", target, row[1], value, old, initiator)))
  end
  return (select(2, event.__fire(row[3], target, row[1], value, initiator, nil)))
end

core.hook("link_events", function(rows, bulk)
  local first = rows[1]
  local initiator = {class_ = core.mapped_class_of(first[1]), key = first[2], op = bulk and "bulk_replace" or first[3]}
  local value = first[4]
  if not bulk or first[3] == "remove" then value = validated(first, false) end
  for i = 2, #rows do
    local row = rows[i]
    heard(row, validated(row, true), initiator)
  end
  return heard(first, value, initiator)
end)

core.hook("bulk_replace", function(object, key, values)
  local class = core.mapped_class_of(object)
  local validator = record_of(class).validators[key]
  if validator then
    for i, value in ipairs(values) do values[i] = validate(validator, object, key, value, false) end
  end
  event.__fire("bulk_replace", events.attribute_key(class, key), object, values, {class_ = class, key = key, op = "bulk_replace"}, nil)
end)

--- The constructor with its events: `init` may change the table of fields, a copy of what the program gave.
core.hook("construct", function(object, init, ...)
  local class = core.mapped_class_of(object)
  local args = table.pack(...)
  local fields = {}
  if keywords.is_table(args[1]) then
    for key, value in pairs(args[1]) do fields[key] = value end
    args[1] = fields
  elseif args.n == 0 then
    args[1], args.n = fields, 1
  end
  event.__fire("init", class, object, args, fields)
  local ok, err = pcall(init or core.object_init, object, table.unpack(args, 1, args.n))
  if not ok then
    event.__fire("init_failure", class, object, args, fields)
    error(err, 0)
  end
end)

return M
