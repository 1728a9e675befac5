-- SPDX-License-Identifier: MIT
-- What a SQLite database says about itself: pragmas, and the text of CREATE TABLE for the rest.
local core = require "lualchemy.core"
local types = require "lualchemy.types"
local create_table = require "lualchemy.engine.reflection._create_table"

local sqlite = {default_schema_name = "main"}

local function quote(name)
  return '"' .. name:gsub('"', '""') .. '"'
end

local function rows_of(connection, sql, params)
  local rows = {}
  for row in connection:exec_driver_sql(sql, params) do
    rows[#rows + 1] = row
  end
  return rows
end

-- Rows of a pragma about a table or an index; without a schema in "main", then among temporary ones.
local function pragma(connection, name, argument, schema)
  for _, place in ipairs(schema and {schema} or {"main", "temp"}) do
    local rows = rows_of(connection, ("PRAGMA %s.%s(%s)"):format(quote(place), name, quote(argument)))
    if #rows > 0 then return rows end
  end
  return {}
end

-- The text that made a table, view or index.
local function sql_of(connection, name, schema)
  for _, place in ipairs(schema and {schema} or {"main", "temp"}) do
    local master = place == "temp" and "sqlite_temp_master" or quote(place) .. ".sqlite_master"
    local rows = rows_of(connection, ("SELECT sql FROM %s WHERE name = ?"):format(master), {name})
    if rows[1] then return rows[1][1] end
  end
end

-- The tables that virtual tables keep their data in: not to be touched, nor created by anyone else. A SQLite before 3.37 does not
-- tell them.
local function shadow_tables(connection, schema)
  local found = {}
  local ok, rows = pcall(rows_of, connection, ("PRAGMA %s.table_list"):format(quote(schema or "main")))
  for _, row in ipairs(ok and rows or {}) do
    if row[3] == "shadow" and row[1] == (schema or "main") then found[row[2]] = true end
  end
  return found
end

local function names(connection, kind, schema)
  local list = {}
  local shadow = kind == "table" and shadow_tables(connection, schema) or {}
  local sql = "SELECT name FROM %s.sqlite_master WHERE type = '%s' AND name NOT LIKE 'sqlite~_%%' ESCAPE '~' " ..
    "ORDER BY name"
  for _, row in ipairs(rows_of(connection, sql:format(quote(schema or "main"), kind))) do
    if not shadow[row[1]] then list[#list + 1] = row[1] end
  end
  return list
end

function sqlite.get_table_names(connection, schema)
  return names(connection, "table", schema)
end

function sqlite.get_view_names(connection, schema)
  return names(connection, "view", schema)
end

function sqlite.get_temp_table_names(connection)
  return names(connection, "table", "temp")
end

function sqlite.get_temp_view_names(connection)
  return names(connection, "view", "temp")
end

function sqlite.get_schema_names(connection)
  local list = {}
  for _, row in ipairs(rows_of(connection, "PRAGMA database_list")) do
    if row[2] ~= "temp" then list[#list + 1] = row[2] end
  end
  return list
end

function sqlite.has_table(connection, name, schema)
  return #pragma(connection, "table_info", name, schema) > 0
end

function sqlite.get_view_definition(connection, name, schema)
  return sql_of(connection, name, schema)
end

-- ---------------------------------------------------------------------------------------------
-- Columns

local known_types = {
  BIGINT = "BIGINT", BLOB = "BLOB", BOOL = "BOOLEAN", BOOLEAN = "BOOLEAN", CHAR = "CHAR", DATE = "DATE",
    DATETIME = "DATETIME",
  DECIMAL = "DECIMAL", DOUBLE = "DOUBLE", ["DOUBLE PRECISION"] = "DOUBLE_PRECISION", FLOAT = "FLOAT", INT = "INTEGER",
  INTEGER = "INTEGER", JSON = "JSON", NCHAR = "NCHAR", NUMERIC = "NUMERIC", NVARCHAR = "NVARCHAR", REAL = "REAL",
  SMALLINT = "SMALLINT", TEXT = "TEXT", TIME = "TIME", TIMESTAMP = "TIMESTAMP", VARCHAR = "VARCHAR",
}

-- A column of a STRICT table that takes values of every kind: no other type has that name in CREATE TABLE.
local AnyType = types.UserDefinedType:class "ANY" {get_col_spec = function() return "ANY" end}

-- SQLite's own rules for names that it does not know.
local function type_by_affinity(name)
  if name == "ANY" then return AnyType() end
  if name:find("INT", 1, true) then return types.INTEGER end
  if name:find("CHAR", 1, true) or name:find("CLOB", 1, true) or name:find("TEXT", 1, true) then return types.TEXT end
  if name:find("BLOB", 1, true) or name == "" then return types.NullType end
  if name:find("REAL", 1, true) or name:find("FLOA", 1, true) or name:find("DOUB", 1, true) then return types.REAL end
  return types.NUMERIC
end

local takes_length = {CHAR = true, VARCHAR = true, NCHAR = true, NVARCHAR = true, TEXT = true, BLOB = true}
local takes_precision = {DECIMAL = 2, NUMERIC = 2, FLOAT = 1, REAL = 1, DOUBLE = 1}

local takes_collation = {CHAR = true, VARCHAR = true, NCHAR = true, NVARCHAR = true, TEXT = true}

--- The type for a declaration such as "VARCHAR(50)".
function sqlite.type_of(declared, collation)
  local name, arguments = declared:upper():match("^%s*([%w_ ]-)%s*(%b())")
  name = name or declared:upper():match("^%s*(.-)%s*$")
  local kind = known_types[name]
  if not kind then return type_by_affinity(name) end
  local numbers = {}
  for number in (arguments or ""):gmatch("%d+") do numbers[#numbers + 1] = math.tointeger(number) end
  if collation and takes_collation[kind] then return types[kind] {length = numbers[1], collation = collation} end
  if #numbers == 0 then return types[kind] end
  if takes_length[kind] then return types[kind](numbers[1]) end
  if takes_precision[kind] then return types[kind](table.unpack(numbers, 1, takes_precision[kind])) end
  return types[kind]
end

-- cid, name, type, notnull, dflt_value, pk, hidden (1 of a virtual table; 2 and 3 computed, virtual and stored)
local function read_column(row, text)
  local name = row[2]
  local info = {
    name = name, type = sqlite.type_of(row[3] or "", text.collations[name]), nullable = row[4] == 0 or row[4] == false,
    default = row[5], primary_key = row[6],
  }
  if row[7] == 2 or row[7] == 3 then
    info.computed = {sqltext = text.computed[name] or "", persisted = row[7] == 3}
  end
  local conflict, unindexed = text.not_null_conflicts[name], text.module == "fts5" and text.words[name] == "UNINDEXED"
  if conflict or unindexed then
    info.dialect_options = {sqlite_on_conflict_not_null = conflict, sqlite_unindexed = unindexed or nil}
  end
  return info
end

function sqlite.get_columns(connection, name, schema)
  local rows = pragma(connection, "table_xinfo", name, schema)
  if #rows == 0 then return nil end
  local sql, list = sql_of(connection, name, schema), {}
  local text = create_table.read(sql or "")
  for _, row in ipairs(rows) do
    if row[7] ~= 1 then list[#list + 1] = read_column(row, text) end
  end
  return list
end

local function read_text(connection, name, schema)
  local sql = sql_of(connection, name, schema)
  return create_table.read(sql or "")
end

-- ---------------------------------------------------------------------------------------------
-- Keys, constraints, indexes

local function conflict_option(action)
  return action and {sqlite_on_conflict = action} or nil
end

function sqlite.get_pk_constraint(connection, name, schema)
  local columns = {}
  for _, row in ipairs(pragma(connection, "table_info", name, schema)) do
    if row[6] > 0 then columns[row[6]] = row[2] end
  end
  local text = read_text(connection, name, schema)
  return {constrained_columns = columns, name = text.primary_key_name,
    dialect_options = conflict_option(text.primary_key_conflict)}
end

-- What stands behind the columns of CREATE TABLE, as options of a Table.
function sqlite.get_table_options(connection, name, schema)
  local text, options = read_text(connection, name, schema), {}
  options.sqlite_strict = text.strict
  if text.without_rowid then options.sqlite_with_rowid = false end
  options.sqlite_autoincrement = text.autoincrement or nil
  if text.module == "fts5" then
    options.sqlite_fts5 = next(text.settings) == nil or require("lualchemy.dialects._sqlite_fts5").settings(text.settings)
  end
  return options
end

-- The foreign key of the text over the same columns.
local function same_key(keys, columns, referred)
  for _, key in ipairs(keys) do
    if table.concat(key.columns, "\0"):lower() == table.concat(columns, "\0"):lower() and
      (key.referred_table or ""):lower() == referred:lower() then
      return key
    end
  end
  return {}
end

local function action(text)
  return text ~= "NO ACTION" and text or nil
end

-- id, seq, table, from, to, on_update, on_delete, match; the last declared has the lowest id.
function sqlite.get_foreign_keys(connection, name, schema)
  local by_id, ids = {}, {}
  for _, row in ipairs(pragma(connection, "foreign_key_list", name, schema)) do
    local key = by_id[row[1]]
    if not key then
      key = {referred_schema = schema, referred_table = row[3], constrained_columns = {}, referred_columns = {},
        options = {onupdate = action(row[6]), ondelete = action(row[7])}}
      by_id[row[1]] = key
      table.insert(ids, 1, row[1])
    end
    table.insert(key.constrained_columns, row[4])
    key.referred_columns[#key.constrained_columns] = row[5]
  end
  local texts, list = read_text(connection, name, schema).foreign_keys, {}
  for i, id in ipairs(ids) do
    local key = by_id[id]
    local text = same_key(texts, key.constrained_columns, key.referred_table)
    if #key.referred_columns == 0 then
      -- A reference without columns is to the other's primary key.
      key.referred_columns = sqlite.get_pk_constraint(connection, key.referred_table, schema).constrained_columns
      if #key.referred_columns ~= #key.constrained_columns then
        key.referred_columns = table.move(key.constrained_columns, 1, #key.constrained_columns, 1, {})
      end
    end
    key.name = text.name
    key.options.deferrable, key.options.initially = text.deferrable, text.initially
    list[i] = key
  end
  return list
end

function sqlite.get_unique_constraints(connection, name, schema)
  local list = {}
  for i, unique in ipairs(read_text(connection, name, schema).uniques) do
    list[i] = {name = unique.name, column_names = unique.columns, dialect_options = conflict_option(unique.conflict)}
  end
  return list
end

function sqlite.get_check_constraints(connection, name, schema)
  local list = {}
  for i, check in ipairs(read_text(connection, name, schema).checks) do
    list[i] = {name = check.name, sqltext = check.sqltext, dialect_options = conflict_option(check.conflict)}
  end
  return list
end

-- The parts of an index: their columns' names, null for expressions, which come in a list of their own.
local function read_parts(index, parts)
  for i, part in ipairs(parts) do
    index.column_names[i] = part.name or core.null()
    if not part.name and not index.expressions then
      index.expressions = {}
      for before = 1, i - 1 do index.expressions[before] = parts[before].name end
    end
    if index.expressions then index.expressions[i] = part.name or part.text end
    if part.desc then
      index.column_sorting = index.column_sorting or {}
      index.column_sorting[part.name or part.text] = {"desc"}
    end
  end
end

-- seq, name, unique, origin, partial; those that belong to constraints are left out.
function sqlite.get_indexes(connection, name, schema)
  local list = {}
  for _, row in ipairs(pragma(connection, "index_list", name, schema)) do
    if row[4] == "c" then
      local index = {name = row[2], unique = row[3] == 1 or row[3] == true, column_names = {}, dialect_options = {}}
      local sql = sql_of(connection, row[2], schema) or ""
      read_parts(index, create_table.index_parts(sql))
      if row[5] == 1 or row[5] == true then index.dialect_options.sqlite_where = create_table.index_where(sql) end
      list[#list + 1] = index
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

return sqlite
