-- SPDX-License-Identifier: MIT
-- Tables that stand for what a class is mapped to in the place of a table: a subquery, a union of tables.
--
-- Such a table is in no metadata that anybody creates, although its foreign keys are found where those of the class's registry are. Its columns
-- have the keys and foreign keys of the columns that they come from.
local core = require "lualchemy.core"
local schema = require "lualchemy.schema"

local M = {}

--- A column `key` of the type `type`, with what `source`, a column of a table or nil, is.
local function column_like(key, type, source)
  local la = require "lualchemy"
  local items = {}
  for i, foreign_key in ipairs(source and source.foreign_keys or {}) do items[i] = la.ForeignKey(foreign_key.target_fullname) end
  items[#items + 1] = {primary_key = source ~= nil and source.primary_key}
  return la.Column(key, type, table.unpack(items))
end

--- The table for `element`; `source_of(key)` gives the column of a table that one of its columns comes from, or nil.
---@param metadata lualchemy.MetaData
---@param element lualchemy.FromClause
---@param name string
---@param source_of fun(key: string): lualchemy.Column|nil
---@return lualchemy.Table
function M.table_of(metadata, element, name, source_of)
  local columns = {}
  for i, key in ipairs(element.c:keys()) do columns[i] = column_like(key, element.c[key].type, source_of(key)) end
  columns[#columns + 1] = {schema = "lualchemy mapped"}
  local made = schema.Table(name, metadata, table.unpack(columns))
  core.metadata_remove(metadata, made)
  return made
end

--- The table for a subquery.
---@param metadata lualchemy.MetaData
---@param subquery lualchemy.FromClause
---@param name string
---@return lualchemy.Table
function M.table_of_subquery(metadata, subquery, name)
  return M.table_of(metadata, subquery, name, function(key) return core.column_behind(subquery.c[key]) end)
end

return M
