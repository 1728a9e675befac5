-- SPDX-License-Identifier: MIT
-- What constraints, indexes, defaults and the like have in common: objects of Lua with fields that are read,
-- some of them computed, and a number that says when each was made.
local strict = require "lualchemy.strict"
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

local item = {}

local serial = 0

--- The next number in order of creation, one order for all parts of schemas.
---@return integer
function item.next_serial()
  serial = serial + 1
  return serial
end

--- A name that no naming convention changes: `conv("ck_users_age")`.
local Conv = {__name = "lualchemy.conv"}
function Conv.__tostring(name)
  return name.text
end

---@param text string
function item.conv(text)
  if type(text) ~= "string" then
    error(exc.ArgumentError(("conv takes a string, not a %s"):format(type(text))), 0)
  end
  return setmetatable({text = text}, Conv)
end

local Quoted = {__name = "lualchemy.quoted_name"}
function Quoted.__tostring(name)
  return name[1]
end

--- A name that always stands in quotes (`quote` true) or never (false), whatever it is made of; nil leaves it to
--- the dialect. Where a name is taken, of a table, a schema or a column, this is taken too.
---
---     la.Table(la.quoted_name("Orders", false), metadata, la.Column(la.quoted_name("total", true), la.Integer))
---
---@param value string
---@param quote boolean?
---@return any
function item.quoted_name(value, quote)
  if getmetatable(value) == Quoted then value = value[1] end
  if type(value) ~= "string" then
    error(exc.ArgumentError(("quoted_name takes a string, not a %s"):format(type(value))), 0)
  end
  if quote == nil then return value end
  return setmetatable({value, quote and true or false}, Quoted)
end

--- The string of a name, and whether it is to be quoted (nil: as it needs).
---@return any
---@return boolean?
function item.quoted(name)
  if getmetatable(name) == Quoted then return name[1], name[2] end
  return name, nil
end

--- The string of a name option, whether it is final, and whether it is to be quoted.
---@return string?
---@return boolean
---@return boolean?
function item.name_of(what, name)
  if name == core.null() then return nil, false end
  if getmetatable(name) == Conv then return name.text, true end
  if getmetatable(name) == Quoted then return name[1], false, name[2] end
  if name ~= nil and type(name) ~= "string" then
    error(exc.ArgumentError(("%s: name must be a string, not %s"):format(what, type(name))), 0)
  end
  return name, false
end

local kinds = setmetatable({}, {__mode = "k"})

-- The table in which the program keeps what it likes with an item.
local function info_of(self)
  if rawget(self, "_info") == nil then rawset(self, "_info", {}) end
  return rawget(self, "_info")
end

--- Makes a class of items. `fields` are the names that may be nil, `getters` compute, `methods` are called. With
--- `sequence`, `#`, ipairs and pairs go over the list that the getter of this name gives.
---@param name string
---@param parts {fields: string[]?, getters: table?, methods: table?, tostring: function?, sequence: string?}
---@return table class  a metatable; `item.new(class, fields)` makes an item
function item.class(name, parts)
  local fields, getters, methods = {}, {info = info_of}, {}
  for key, getter in next, parts.getters or {} do getters[key] = getter end
  for key, method in next, parts.methods or {} do methods[key] = method end
  for _, field in ipairs(parts.fields or {}) do
    fields[field] = true
  end
  local class = {__name = name, name = name}
  local sequence = getters[parts.sequence]
  if sequence then
    function class.__len(self) return #sequence(self) end
    function class.__pairs(self) return ipairs(sequence(self)) end
  end
  keywords.guard(name, methods, function(value) return item.kind(value) ~= nil end)
  function class.__index(self, key)
    local getter = getters[key]
    if getter then return getter(self) end
    local method = methods[key]
    if method then return method end
    if sequence and math.type(key) == "integer" then return sequence(self)[key] end
    if fields[key] or strict.is_probe(key) or key:sub(1, 1) == "_" then return nil end
    strict.unknown(name, key, fields, getters, methods)
  end
  function class.__newindex(self, key, value)
    if getters["set_" .. tostring(key)] then
      getters["set_" .. key](self, value)
    elseif fields[key] or type(key) == "string" and key:sub(1, 1) == "_" then
      rawset(self, key, value)
    else
      strict.unknown(name, key, fields)
    end
  end
  class.__tostring = parts.tostring or function() return name .. "()" end
  kinds[class] = name
  return class
end

--- An item of `class`, with a number in order of creation.
function item.new(class, fields)
  fields._serial = item.next_serial()
  return setmetatable(fields, class)
end

--- The name of an item's class ("ForeignKey"); nil for anything else.
---@return string?
function item.kind(value)
  return type(value) == "table" and kinds[getmetatable(value)] or nil
end

local dialects = {"postgresql", "mysql", "mariadb", "oracle", "mssql"}
-- What SQLite takes, by kind of item.
local sqlite = {
  Table = {"autoincrement", "with_rowid", "strict", "fts5"},
  Column = {"on_conflict_primary_key", "on_conflict_not_null", "on_conflict_unique", "unindexed"},
  Constraint = {"on_conflict"},
  Index = {"where"},
}

--- A function for keywords.check that lets through the arguments of dialects: `sqlite_where`, `postgresql_using`.
---@param kind "Table"|"Column"|"Constraint"|"Index"
function item.dialect_arguments(kind)
  local known = {}
  for _, name in ipairs(sqlite[kind]) do
    known["sqlite_" .. name] = true
  end
  return function(key)
    if type(key) ~= "string" then return false end
    if known[key] then return true end
    local dialect, argument = key:match("^(%a+)_(.+)$")
    if dialect == "sqlite" then
      error(exc.ArgumentError(("Argument '%s' is not accepted by dialect 'sqlite' on behalf of %s"):format(argument,
        kind)), 0)
    end
    for _, name in ipairs(dialects) do
      if dialect == name then return true end
    end
    return false
  end
end

--- The arguments of dialects among `options`.
function item.dialect_kwargs(options)
  local found = {}
  for key, value in next, options do
    local dialect = key:match("^(%a+)_.")
    if dialect == "sqlite" then found[key] = value end
    for _, name in ipairs(dialects) do
      if dialect == name then found[key] = value end
    end
  end
  return found
end

return item
