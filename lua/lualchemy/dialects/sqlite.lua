-- SPDX-License-Identifier: MIT
-- What SQLite alone has: `insert` with ON CONFLICT, its dialect, and its types by name.
local core = require "lualchemy.core"
local fts5 = require "lualchemy.dialects._sqlite_fts5"
local types = require "lualchemy.types"

local sqlite = {
  insert = core.insert,
}

local Dialect = {__name = "lualchemy.dialects.sqlite.dialect"}

function Dialect:__tostring()
  return ("dialect(%s)"):format(self.name)
end

--- A dialect, for `compile{dialect = …}`: what engines have as `engine.dialect`.
function sqlite.dialect()
  return setmetatable({
    name = "sqlite", driver = "sqlite3", paramstyle = "qmark", max_identifier_length = 9999,
    dialect = core.dialect("sqlite"),
  }, Dialect)
end

for _, name in ipairs {
  "BLOB", "BOOLEAN", "CHAR", "DECIMAL", "FLOAT", "INTEGER", "JSON", "NUMERIC", "REAL", "SMALLINT", "TEXT", "TIMESTAMP",
  "VARCHAR",
} do
  sqlite[name] = types[name]
end

-- With `storage_format` ("%(year)04d-%(month)02d-%(day)02d") the text in the database has that form. It is read back
-- by the format, or by `regexp`, a Lua pattern whose captures are the format's fields in order;
-- `truncate_microseconds` leaves out the fraction.
for name, type in pairs(require "lualchemy.dialects._sqlite_moment") do
  sqlite[name] = type
end

--- A condition: the row of an FTS5 table matches the query. `target` is the table, an alias of it, a class mapped to it, or one
--- of its columns, which then is what is searched.
---
---     la.select(docs):where(sqlite.match(docs, "lua AND orm")):order_by(sqlite.bm25(docs))
---
---@param target lualchemy.Table|lualchemy.FromClause|lualchemy.Column|table
---@param query any  in FTS5's language, a bound value
---@return lualchemy.ColumnElement
---@raise ArgumentError for a target that is no table
function sqlite.match(target, query)
  return fts5.match(target, query)
end

--- How well a row matches, better ones being less: the hidden column "rank", faster to sort by than `bm25`.
---@return lualchemy.ColumnElement
function sqlite.rank(target)
  return fts5.rank(target)
end

--- How well a row matches, with a weight for each column (1 unless given): `sqlite.bm25(docs, 10, 1)`.
---@param target lualchemy.Table|lualchemy.FromClause|table
---@param ... number
---@return lualchemy.ColumnElement
function sqlite.bm25(target, ...)
  return fts5.bm25(target, ...)
end

--- A piece of the text around what matches. Without a column the one that matches best.
---
---     sqlite.snippet(docs, docs.c.body, {open = "[", close = "]", ellipsis = "...", tokens = 10})
---
---@param target lualchemy.Table|lualchemy.FromClause|table
---@param column (lualchemy.Column|string)?
---@param options {open: string?, close: string?, ellipsis: string?, tokens: integer?}?  "<b>", "</b>", "…" and 16 unless given
---@return lualchemy.ColumnElement
function sqlite.snippet(target, column, options)
  return fts5.snippet(target, column, options)
end

--- The whole text of a column with what matches marked.
---@param target lualchemy.Table|lualchemy.FromClause|table
---@param column lualchemy.Column|string
---@param options {open: string?, close: string?}?  "<b>" and "</b>" unless given
---@return lualchemy.ColumnElement
function sqlite.highlight(target, column, options)
  return fts5.highlight(target, column, options)
end

--- A statement that gives an FTS5 table one of its commands: "optimize", "rebuild", "integrity-check", "automerge" …
---
---     conn:execute(sqlite.fts5_command(docs, "rank", "bm25(10.0, 5.0)"))
---
---@param target lualchemy.Table|table
---@param command string
---@param value any?
---@return lualchemy.Insert
function sqlite.fts5_command(target, command, value)
  return fts5.fts5_command(target, command, value)
end

return require("lualchemy.strict").module("lualchemy.dialects.sqlite", sqlite)
