-- SPDX-License-Identifier: MIT
-- The Inspector: what a database says about itself. `la.inspect(engine)` gives one.
--
-- What is asked once is remembered until clear_cache(). An inspector of an engine takes a connection for
-- each question, one of a connection uses that.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"
local keywords = require "lualchemy.keywords"
local many = require "lualchemy.engine.reflection._many"
local strict = require "lualchemy.strict"

local reflection = {ObjectKind = many.ObjectKind, ObjectScope = many.ObjectScope}

---@class lualchemy.Inspector
---@field bind lualchemy.Engine|lualchemy.Connection
---@field dialect lualchemy.Dialect
---@field default_schema_name string
local Inspector = {}

local facts_of = {sqlite = "lualchemy.engine.reflection._sqlite"}

--- An inspector of an engine or a connection.
---@param bind lualchemy.Engine|lualchemy.Connection
---@return lualchemy.Inspector
function reflection.Inspector(bind)
  local class = core.class_of(bind)
  if class ~= "lualchemy.Engine" and class ~= "lualchemy.Connection" then
    error(exc.ArgumentError(("an Inspector takes an Engine or a Connection, not %s"):format(describe.value(bind))), 0)
  end
  local module = facts_of[bind.dialect.name]
  if not module then
    error(exc.CompileError(("reflection is not there for dialect \"%s\""):format(bind.dialect.name)), 0)
  end
  local facts = require(module)
  return setmetatable({bind = bind, dialect = bind.dialect, default_schema_name = facts.default_schema_name,
    _facts = facts, _cache = {}, _is_engine = class == "lualchemy.Engine"}, Inspector)
end

-- Calls a fact with a connection.
local function ask(self, name, ...)
  if not self._is_engine then return self._facts[name](self.bind, ...) end
  local connection <close> = self.bind:connect()
  return self._facts[name](connection, ...)
end

-- A schema as the second argument: a string, or {schema = …}.
-- The schema: the argument itself, or `schema` of a table of options.
local function schema_of(options)
  local schema = options
  if type(options) == "table" then schema = options.schema end
  if schema ~= nil and type(schema) ~= "string" then
    error(exc.ArgumentError(("a schema is a name, not %s"):format(describe.value(schema))), 0)
  end
  return schema
end

local function ask_cached(self, name, ...)
  local key = name .. "\0" .. table.concat({...}, "\0")
  if self._cache[key] == nil then self._cache[key] = ask(self, name, ...) or false end
  return self._cache[key]
end

local function check_name(method, name)
  if type(name) ~= "string" then
    error(exc.ArgumentError(("%s takes the name of a table, not %s"):format(method, describe.value(name))), 0)
  end
end

local function check_table(self, name, schema)
  if not ask(self, "has_table", name, schema) then
    error(exc.NoSuchTableError((schema and schema .. "." or "") .. name), 0)
  end
end

local function copy(value)
  if type(value) ~= "table" or getmetatable(value) ~= nil then return value end
  local made = {}
  for key, part in next, value do made[key] = copy(part) end
  return made
end

local methods = {}

local is_map = keywords.set {"get_pk_constraint", "get_table_options"}

-- What is told of one table.
for _, name in ipairs {"get_columns", "get_pk_constraint", "get_foreign_keys", "get_unique_constraints", "get_indexes",
  "get_check_constraints", "get_table_options"} do
  methods[name] = function(self, table_name, options)
    check_name(name, table_name)
    local schema = schema_of(options)
    local key = name .. "\0" .. table_name .. "\0" .. (schema or "")
    if self._cache[key] == nil then
      check_table(self, table_name, schema)
      self._cache[key] = ask(self, name, table_name, schema)
    end
    local found = copy(self._cache[key])
    return is_map[name] and found or core.list(found)
  end
end

-- Lists of names.
for _, name in ipairs {"get_table_names", "get_view_names", "get_temp_table_names", "get_temp_view_names", "get_schema_names"} do
  methods[name] = function(self, options)
    return core.list(copy(ask_cached(self, name, schema_of(options))))
  end
end

function methods.has_table(self, name, options)
  check_name("has_table", name)
  return ask(self, "has_table", name, schema_of(options))
end

function methods.has_index(self, table_name, index_name, options)
  for _, index in ipairs(self:get_indexes(table_name, options)) do
    if index.name == index_name then return true end
  end
  return false
end

function methods.has_schema(self, name)
  for _, known in ipairs(self:get_schema_names()) do
    if known == name then return true end
  end
  return false
end

function methods.get_view_definition(self, name, options)
  check_name("get_view_definition", name)
  check_table(self, name, schema_of(options))
  return ask(self, "get_view_definition", name, schema_of(options))
end

-- SQLite keeps no comments, and has neither sequences nor materialized views.
function methods.get_table_comment(self, name, options)
  check_name("get_table_comment", name)
  check_table(self, name, schema_of(options))
  return {}
end

function methods.get_sequence_names(_, options)
  schema_of(options)
  return core.list {}
end

methods.get_materialized_view_names = methods.get_sequence_names

function methods.has_sequence(_, name, options)
  check_name("has_sequence", name)
  schema_of(options)
  return false
end

many.add(methods, schema_of)

--- Forgets what was read.
function methods.clear_cache(self)
  self._cache = {}
end

--- Fills a table with what the database says of it: what `Table(…, {autoload_with = engine})` does.
function methods.reflect_table(self, target, include_columns)
  if core.class_of(target) ~= "lualchemy.Table" then
    error(exc.ArgumentError(("reflect_table takes a Table, not %s"):format(describe.value(target))), 0)
  end
  require("lualchemy.schema.reflect").table(target, self, {include_columns = include_columns}, {})
end

keywords.guard("lualchemy.Inspector", methods, function(value) return getmetatable(value) == Inspector end)

function Inspector:__index(key)
  if key == "engine" then return self._is_engine and self.bind or self.bind.engine end
  if methods[key] then return methods[key] end
  if strict.is_probe(key) or key:sub(1, 1) == "_" then return nil end
  strict.unknown("Inspector", key, methods)
end

Inspector.__name = "lualchemy.Inspector"
function Inspector.__tostring(self)
  return ("Inspector(%s)"):format(tostring(self.bind))
end

return require("lualchemy.strict").module("lualchemy.engine.reflection", reflection)
