-- SPDX-License-Identifier: MIT
-- What SQLite alone has: `insert` with ON CONFLICT, its dialect, and its types by name.
local core = require "lualchemy.core"
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

return require("lualchemy.strict").module("lualchemy.dialects.sqlite", sqlite)
