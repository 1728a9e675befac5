-- SPDX-License-Identifier: MIT
-- Full text search: the arguments of FTS5 tables, and what statements say about them.
--
-- An FTS5 table has two hidden columns: one named as itself, which stands for the table in MATCH and in the
-- functions below, and "rank".
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local types = require "lualchemy.types"
local select = core.lua_select

local fts5 = {}

local function fail(format, ...)
  error(exc.ArgumentError(format:format(...)), 0)
end

-- In the order in which they are written.
local options = {
  {"tokenize", "string"}, {"prefix", "string"}, {"content", "string"}, {"content_rowid", "string"}, {"columnsize", "number"},
  {"detail", "string"}, {"contentless_delete", "number"}, {"tokendata", "number"}, {"locale", "number"},
}
local known = {}
for _, option in ipairs(options) do known[option[1]] = option[2] end

local function text_of(name, value)
  if value == true or value == false then value = value and 1 or 0 end
  if name == "content" and core.class_of(value) == "lualchemy.Table" then value = value.name end
  if name == "prefix" and math.type(value) == "integer" then value = tostring(value) end
  if type(value) ~= known[name] then
    fail("sqlite_fts5: %s is a %s, not %s", name, known[name], describe.value(value))
  end
  if type(value) == "number" then return ("%s = %d"):format(name, value) end
  if value:find("\0", 1, true) then fail("sqlite_fts5: %s contains a zero byte", name) end
  return ("%s = '%s'"):format(name, (value:gsub("'", "''")))
end

--- The text of the module's arguments for the table option `sqlite_fts5`; nil for false.
---@param value boolean|string|table
---@return string?
function fts5.arguments(value)
  if value == false then return nil end
  if value == true then return "" end
  if type(value) == "string" then return value end
  if type(value) ~= "table" then fail("sqlite_fts5 is true or a table of FTS5's options, not %s", describe.value(value)) end
  keywords.check("sqlite_fts5", value, known)
  local list = {}
  for _, option in ipairs(options) do
    if value[option[1]] ~= nil then list[#list + 1] = text_of(option[1], value[option[1]]) end
  end
  return table.concat(list, ", ")
end

--- Settings out of a CREATE VIRTUAL TABLE as the table option has them.
---@param texts table<string, string>
---@return table
function fts5.settings(texts)
  local found = {}
  for name, text in pairs(texts) do
    found[name] = known[name] == "number" and tonumber(text) or text
  end
  return found
end

-- The FTS5 table that `target` is about: a table, an alias, a mapped class or an alias of one.
local function table_of(what, target)
  local found = core.base_table(target)
  if not found then
    fail("%s takes an FTS5 table, an alias of one, or a class that is mapped to one, not %s", what, describe.value(target))
  end
  if not core.table_option(found, "sqlite_fts5") then
    fail("%s: \"%s\" is not declared as an FTS5 table, with {sqlite_fts5 = true}", what, found.name)
  end
  return found
end

local function hidden(what, target, name)
  table_of(what, target)
  return core.hidden_column(target, name, types.Float)
end

local function sql()
  return require "lualchemy.sql"
end

function fts5.match(target, query)
  local class = core.class_of(target)
  if class == "lualchemy.Column" or class == "lualchemy.InstrumentedAttribute" then return target:match(query) end
  return hidden("match", target):match(query)
end

function fts5.rank(target)
  return hidden("rank", target, "rank")
end

local function call(name, type, ...)
  local arguments = table.pack(...)
  arguments[arguments.n + 1] = {type_ = type}
  return sql().func[name](table.unpack(arguments, 1, arguments.n + 1))
end

function fts5.bm25(target, ...)
  for i = 1, select("#", ...) do
    local weight = select(i, ...)
    if type(weight) ~= "number" then fail("bm25 takes the table and a weight for each column, not %s", describe.value(weight)) end
  end
  return call("bm25", types.Float, hidden("bm25", target), ...)
end

-- FTS5 counts the columns of the table from 0, without its rowid; -1 is the one that matches best.
local function place_of(what, target, column)
  if column == nil then return -1 end
  local name = type(column) == "string" and column or type(column) == "userdata" and column.name
  local place = 0
  for _, each in ipairs(core.table_columns(table_of(what, target))) do
    if each.name == name and not each.primary_key then return place end
    if not each.primary_key then place = place + 1 end
  end
  fail("%s: the table has no column %s to search in", what, describe.value(name or column))
end

local snippet_known = keywords.set {"open", "close", "ellipsis", "tokens"}

function fts5.snippet(target, column, given)
  given = keywords.check("snippet", given, snippet_known)
  return call("snippet", types.Text, hidden("snippet", target), place_of("snippet", target, column), given.open or "<b>",
    given.close or "</b>", given.ellipsis or "…", given.tokens or 16)
end

local highlight_known = keywords.set {"open", "close"}

function fts5.highlight(target, column, given)
  given = keywords.check("highlight", given, highlight_known)
  if column == nil then fail("highlight takes a table and one of its columns") end
  return call("highlight", types.Text, hidden("highlight", target), place_of("highlight", target, column), given.open or "<b>",
    given.close or "</b>")
end

function fts5.fts5_command(target, command, value)
  local found = table_of("fts5_command", target)
  local name = found.name
  if type(command) ~= "string" then fail("fts5_command takes a table and the name of a command, not %s", describe.value(command)) end
  local la = sql()
  local values = {[name] = command, rank = value}
  return la.insert(la.table(name, la.column(name), la.column("rank"), {schema = found.schema})):values(values)
end

return fts5
