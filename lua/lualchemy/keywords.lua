-- SPDX-License-Identifier: MIT
-- Keyword arguments: one plain table, last. An unknown keyword is an error that names it, the function
-- and the nearest keyword there is.
local core = require "lualchemy.core"

local keywords = {}

--- The names as a set, to be handed to `check` and `split`.
---@param names string[]
---@return table<string, true>
function keywords.set(names)
  local set = {}
  for _, name in ipairs(names) do
    set[name] = true
  end
  return set
end

local function refuse(name, key, known)
  local exc = require "lualchemy.exc"
  if type(key) ~= "string" then
    error(exc.ArgumentError(("%s: the keyword table has the key %s, which is no name"):format(
      name, require("lualchemy.describe").value(key))), 0)
  end
  local nearest = core.nearest(key, known)
  error(exc.ArgumentError(('%s got an unknown keyword "%s"%s'):format(name, key,
    nearest and ('; did you mean "%s"?'):format(nearest) or "")), 0)
end

local function refuse_unsupported(name, key, instead)
  local exc = require "lualchemy.exc"
  error(exc.ArgumentError(("%s: %s is not supported: %s"):format(name, key, instead)), 0)
end

--- Raises unless every key of `given` (nil is none) is in the set `known`. A function as third argument
--- decides about keys that are not: it returns true for those that are all right. `unsupported` has those that
--- SQLAlchemy knows and that would do nothing here, with what serves instead: nil and false pass.
---@param name string    of the function, for the message
---@param given table?
---@param known table<string, any>
---@param also (fun(key: any): boolean?)?
---@param unsupported table<string, string>?
---@return table given
function keywords.check(name, given, known, also, unsupported)
  if given == nil then return {} end
  if type(given) ~= "table" then
    local exc = require "lualchemy.exc"
    error(exc.ArgumentError(("%s takes a table of keywords, not %s"):format(name, type(given))), 0)
  end
  if rawequal(given, package.loaded.lualchemy) or rawequal(given, package.loaded["lualchemy.orm"]) then
    keywords.expect(name, "a table of keywords", given)
  end
  for key, value in next, given do
    if not known[key] and not (also and also(key)) then
      if not (unsupported and unsupported[key]) then refuse(name, key, known) end
      if value then refuse_unsupported(name, key, unsupported[key]) end
    end
  end
  return given
end

--- Raises unless the value of an argument is of the type that the function wants.
---@param name string  of the function
---@param wants string  what it takes, in words: "a table of settings"
---@param value any
---@param kind type?  nil: none is right
function keywords.expect(name, wants, value, kind)
  if type(value) ~= kind then
    local exc = require "lualchemy.exc"
    error(exc.ArgumentError(("%s takes %s, not %s"):format(name, wants, require("lualchemy.describe").value(value))), 0)
  end
end

--- Raises unless each keyword that is given has a value of a type that `kinds` has for it: "boolean", "boolean or string".
---@param name string  of the function
---@param given table
---@param kinds table<string, string>
---@return table given
function keywords.expect_kinds(name, given, kinds)
  for key, value in next, given do
    local kind = kinds[key]
    if kind and kind ~= type(value) and not (" " .. kind .. " "):find(" " .. type(value) .. " ", 1, true) then
      local exc = require "lualchemy.exc"
      error(exc.ArgumentError(("%s: %s is a %s, not %s"):format(name, key, kind, require("lualchemy.describe").value(value))), 0)
    end
  end
  return given
end

--- The options of a `compile(bind, options)` whose first argument may be missing; that is an engine, a connection, a dialect or its name.
---@param bind any
---@param options table?
---@param known table<string, any>
---@return table options
function keywords.of_compile(bind, options, known)
  if bind == nil or keywords.is_table(bind) then return keywords.check("compile", bind or options, known) end
  local copy = {}
  for key, value in next, keywords.check("compile", options, known) do copy[key] = value end
  local class = core.class_of(bind)
  if class == "lualchemy.Engine" or class == "lualchemy.Connection" then
    bind = bind.dialect
  elseif type(bind) ~= "string" and not (type(bind) == "table" and type(bind.name) == "string") then
    local exc = require "lualchemy.exc"
    error(exc.ArgumentError(("compile takes a table of keywords, or an Engine, a Connection, a dialect or its name, not %s"):format(
      require("lualchemy.describe").value(bind))), 0)
  end
  copy.dialect = copy.dialect or bind
  return copy
end

--- Has each function of `methods` raise an ArgumentError where its self is none of those that `is` knows: a dot written for a colon.
---@param class string  what its self is, for the message
---@param methods table<string, function>
---@param is fun(value: any): boolean
function keywords.guard(class, methods, is)
  for name, fn in next, methods do
    if type(fn) == "function" then
      methods[name] = function(self, ...)
        if not is(self) then
          local exc = require "lualchemy.exc"
          error(exc.ArgumentError(("calling '%s' on a bad self (%s expected, got %s); is a dot written for a colon?"):format(name,
            class, require("lualchemy.describe").value(self))), 0)
        end
        return fn(self, ...)
      end
    end
  end
end

--- Could `value` be a table of keywords: plain, empty or with string keys alone at its front?
---@param value any
---@return boolean
function keywords.is_table(value)
  if type(value) ~= "table" or getmetatable(value) ~= nil then return false end
  local key = next(value)
  return key == nil or type(key) == "string" and value[1] == nil
end

--- The bind and the options of a call that takes these two, whose bind may be given by name among the options:
--- `create_all(engine, {tables = …})` or `create_all{bind = engine, tables = …}`.
---@param bind any
---@param options table?
---@return any bind
---@return table? options
function keywords.take_bind(bind, options)
  if options ~= nil or not keywords.is_table(bind) or bind.bind == nil then return bind, options end
  local rest = {}
  for key, value in next, bind do
    if key ~= "bind" then rest[key] = value end
  end
  return bind.bind, rest
end

--- Splits arguments into positional ones (a table with `n`) and the checked keywords, which come last if the
--- `required` positional arguments are there. A trailing nil is no argument.
---@param name string
---@param known table<string, any>
---@param required integer
---@return table args
---@return table options
function keywords.split(name, known, required, ...)
  local args = table.pack(...)
  local last = args[args.n]
  if args.n > required and keywords.is_table(last) then
    args[args.n] = nil
    args.n = args.n - 1
    return args, keywords.check(name, last, known)
  end
  if args.n > required and last == nil then
    args.n = args.n - 1
  end
  return args, {}
end

return require("lualchemy.strict").module("lualchemy.keywords", keywords)
