-- SPDX-License-Identifier: MIT
-- Copies of databases, and handles to single values: what SQLite offers beside statements.
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

local function fail(format, ...)
  error(exc.ArgumentError(format:format(...)), 0)
end

local function check_name(what, name)
  if type(name) ~= "string" or name == "" or name:find("\0", 1, true) then
    fail("%s is a name, not %s", what, describe.value(name))
  end
  return name
end

local backup_known = keywords.set {"pages", "progress", "name", "target_name"}

local function check_backup(options)
  options = keywords.check("backup", options, backup_known)
  local pages, progress = options.pages or -1, options.progress
  if math.type(pages) ~= "integer" or pages > 0x7fffffff or pages == 0 then
    fail("backup: pages is how many are copied at a time, or -1 for all, not %s", describe.value(options.pages))
  end
  if progress ~= nil and type(progress) ~= "function" and not (getmetatable(progress) or {}).__call then
    fail("backup: progress is a function, not a %s", type(progress))
  end
  return pages, progress, check_name("backup: name", options.name or "main"),
    check_name("backup: target_name", options.target_name or "main")
end

local Connection = {}

function Connection:backup(target, options)
  local pages, progress, name, target_name = check_backup(options)
  local class = core.class_of(target)
  if class == "lualchemy.Engine" then
    local connection <close> = target:connect()
    return self:backup(connection, options)
  elseif class ~= "lualchemy.Connection" then
    fail("backup goes into an Engine or a Connection, not a %s", type(target))
  end
  local backup <close> = core.backup_open(self, name, target, target_name)
  local done, remaining, total
  repeat
    done, remaining, total = core.backup_step(backup, pages)
    if progress then progress(remaining, total) end
  until done
end

local blob_known = keywords.set {"readonly", "name"}

-- The names of a table or column, given as such or by name; a table's schema is the database that it is in.
local function table_names(value)
  if type(value) == "string" then return check_name("blobopen: the table", value) end
  local ok, name = pcall(function() return value.name end)
  if not ok or core.class_of(value) ~= "lualchemy.Table" then fail("blobopen: the table is a Table or a name, not %s", describe.value(value)) end
  return name, value.schema
end

local function column_name(value)
  if type(value) == "string" then return check_name("blobopen: the column", value) end
  if core.class_of(value) ~= "lualchemy.Column" then
    fail("blobopen: the column is a Column or a name, not %s", describe.value(value))
  end
  return value.name
end

function Connection:blobopen(table, column, row, options)
  options = keywords.check("blobopen", options, blob_known)
  local name, schema = table_names(table)
  if math.type(row) ~= "integer" then fail("blobopen: the row is told by its rowid, an integer, not %s", describe.value(row)) end
  return core.connection_blobopen(self, check_name("blobopen: name", options.name or schema or "main"), name, column_name(column),
    row, not options.readonly)
end

core.extend("lualchemy.Connection", Connection)

local Engine = {}

function Engine:backup(target, options)
  core.engine_settings(self) -- which says what is no engine
  local connection <close> = self:connect()
  return connection:backup(target, options)
end

core.extend("lualchemy.Engine", Engine)

return Connection
