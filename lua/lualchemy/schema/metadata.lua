-- SPDX-License-Identifier: MIT
-- MetaData: the tables of one schema, by name and in order of dependency.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local strict = require "lualchemy.strict"
local describe = require "lualchemy.describe"
local item = require "lualchemy.schema.item"
local warnings = require "lualchemy.warnings"

local M = {}

---@class lualchemy.MetaData
---@field tables table<string, lualchemy.Table>
---@field sorted_tables lualchemy.Table[]
---@field schema string?

local convention_kinds = keywords.set {"pk", "fk", "uq", "ck", "ix"}
local metadata_keywords = keywords.set {"schema", "quote_schema", "naming_convention", "info"}

-- A naming convention has formats by kind, and functions by the name of the token they stand for.
local function set_conventions(self, convention)
  local record = core.record(self)
  record.conventions, record.tokens = {}, nil
  for key, value in next, convention do
    if type(value) == "function" then
      record.tokens = record.tokens or {}
      record.tokens[key] = value
    elseif type(value) ~= "string" or not convention_kinds[key] then
      error(exc.ArgumentError(
        ("naming_convention has formats for pk, fk, uq, ck and ix, and functions for tokens; not %s = %s")
        :format(tostring(key), describe.value(value))), 0)
    else
      record.conventions[key] = value
      core.metadata_convention(self, key, value)
    end
  end
end

--- A new catalogue of tables.
---
---     local metadata = la.MetaData{naming_convention = {uq = "uq_%(table_name)s_%(column_0_N_name)s"}}
---@param options lualchemy.MetaDataOptions?
---@return lualchemy.MetaData
function M.MetaData(options)
  if type(options) == "string" then options = {schema = options} end
  options = keywords.check("MetaData", options, metadata_keywords)
  local schema, quote_schema = item.quoted(options.schema)
  if schema ~= nil and type(schema) ~= "string" then
    error(exc.ArgumentError(("MetaData: schema must be a string, not %s"):format(type(schema))), 0)
  end
  local self = core.metadata_new(schema)
  if quote_schema == nil then quote_schema = options.quote_schema end
  core.record(self).quote_schema = quote_schema
  if options.naming_convention then set_conventions(self, options.naming_convention) end
  core.record(self).info = options.info
  return self
end

-- ---------------------------------------------------------------------------------------------
-- metadata.tables: a map by full name, in order of creation.

local tables_meta = {__name = "lualchemy.tables"}
local tables_methods = {}

local owner_of = setmetatable({}, {__mode = "k"})

local function names_of(self)
  local names = {}
  for i, found in ipairs(core.metadata_tables(owner_of[self])) do names[i] = found.fullname end
  return names
end

function tables_methods.keys(self)
  return core.list(names_of(self))
end

function tables_methods.values(self)
  return core.metadata_tables(owner_of[self])
end

function tables_methods.contains(self, name)
  return core.metadata_table(owner_of[self], name) ~= nil
end

function tables_methods.get(self, name, default)
  return core.metadata_table(owner_of[self], name) or default
end

function tables_meta.__index(self, name)
  if type(name) ~= "string" then return nil end
  return core.metadata_table(owner_of[self], name) or tables_methods[name]
end

function tables_meta.__newindex()
  error(exc.InvalidRequestError(
    "metadata.tables cannot be changed; a Table adds itself, metadata:remove(table) takes it away"), 0)
end

function tables_meta.__len(self)
  return #core.metadata_tables(owner_of[self])
end

function tables_meta.__pairs(self)
  local all, at = core.metadata_tables(owner_of[self]), 0
  return function()
    at = at + 1
    if all[at] then return all[at].fullname, all[at] end
  end
end

function tables_meta.__tostring(self)
  return "{" .. table.concat(names_of(self), ", ") .. "}"
end

local function tables_view(self)
  local record = core.record(self)
  if not record.view then
    record.view = setmetatable({}, tables_meta)
    owner_of[record.view] = self
  end
  return record.view
end

-- ---------------------------------------------------------------------------------------------

local fields = {
  tables = tables_view,
  schema = function(self) return core.metadata_schema(self) end,
  sorted_tables = function(self)
    local tables, in_circle = core.metadata_sorted(self)
    if in_circle then
      warnings.warn(('Cannot correctly sort tables; there are unresolvable cycles between tables "%s", which is usually caused by mutually ' ..
        "dependent foreign key constraints.  Foreign key constraints involving these tables will not be considered; this warning may raise an " ..
        "error in a future release."):format(require("lualchemy.schema.sort").circle_of(tables)))
    end
    return tables
  end,
  naming_convention = function(self)
    local copy = {ix = "ix_%(column_0_label)s"}
    for key, value in next, core.record(self).conventions or {} do copy[key] = value end
    for key, value in next, core.record(self).tokens or {} do copy[key] = value end
    return copy
  end,
  schemas = function(self)
    local found, seen = {}, {}
    for _, each in ipairs(core.metadata_tables(self)) do
      if each.schema and not seen[each.schema] then
        seen[each.schema] = true
        found[#found + 1] = each.schema
      end
    end
    return core.list(found)
  end,
  info = function(self)
    local record = core.record(self)
    record.info = record.info or {}
    return record.info
  end,
}

local methods = {}

--- Creates the tables that are not there, with their indexes, in order of dependency:
--- `metadata:create_all(engine)`, or `metadata:create_all{bind = engine}`.
---@param bind lualchemy.Engine|lualchemy.Connection
---@param options {tables: lualchemy.Table[]?, checkfirst: boolean|table?}?
function methods.create_all(self, bind, options)
  require("lualchemy.schema.ddl").create_all(self, bind, options)
end

--- Drops the tables that are there, those that refer to others first.
function methods.drop_all(self, bind, options)
  require("lualchemy.schema.ddl").drop_all(self, bind, options)
end

--- Reads the tables of a database: `metadata:reflect(engine, {only = {"users"}})`.
function methods.reflect(self, bind, options)
  require("lualchemy.schema.reflect").metadata(self, bind, options)
end

--- Forgets a table.
function methods.remove(self, target)
  if core.class_of(target) ~= "lualchemy.Table" then
    error(exc.ArgumentError(("remove takes a Table, not %s"):format(describe.value(target))), 0)
  end
  core.metadata_remove(self, target)
end

--- Forgets every table.
function methods.clear(self)
  for _, target in ipairs(core.metadata_tables(self)) do
    core.metadata_remove(self, target)
  end
end

core.hook("metadata_field", function(self, key)
  local field = fields[key]
  if field then return field(self) end
  if methods[key] then return methods[key] end
  if strict.is_probe(key) then return nil end
  strict.unknown("MetaData", key, fields, methods)
end)

core.extend("lualchemy.MetaData", {
  __tostring = function() return "MetaData()" end,
})

return M
