-- SPDX-License-Identifier: MIT
-- Tables made from what a database says: autoload_with and metadata:reflect().
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"
local constraint = require "lualchemy.schema.constraint"
local column = require "lualchemy.schema.column"

local reflect = {}

local function inspector_of(bind)
  local meta = getmetatable(bind)
  if type(meta) == "table" and meta.__name == "lualchemy.Inspector" then return bind end
  return require("lualchemy.engine.reflection").Inspector(bind)
end

-- SQL text with its colons kept from being names of parameters.
local function text(sql)
  return core.sql_text((sql:gsub("\\", "\\\\"):gsub(":", "\\:")))
end

local function make_column(info, is_key)
  local options = {nullable = info.nullable, primary_key = is_key or nil, comment = info.comment, key = info.key,
    info = info.info}
  if info.default ~= nil then options.server_default = text(info.default) end
  for name, value in next, info.dialect_options or {} do options[name] = value end
  if info.computed then
    return column.Column(info.name, info.type, column.Computed(text(info.computed.sqltext),
      {persisted = info.computed.persisted}), options)
  end
  return column.Column(info.name, info.type, options)
end

local function fire(target, inspector, info)
  local event = require "lualchemy.event"
  for _, level in ipairs {target.metadata, target} do
    if event.__has(level, "column_reflect") then event.__fire("column_reflect", level, inspector, target, info) end
  end
end

-- The columns of those names; nil if one of them was left out.
local function all_columns(target, names)
  local by_name, found = {}, {}
  for _, each in ipairs(target.c) do by_name[each.name] = each end
  for i, name in ipairs(names) do
    if not by_name[name] then return nil end
    found[i] = by_name[name]
  end
  return found
end

-- Columns of a primary key stand in its own order, which may differ from that of the table's.
local function order_key(target, names)
  local columns = #names > 1 and all_columns(target, names)
  if columns and #columns == #target.primary_key.columns then
    constraint.attach(target, constraint.PrimaryKeyConstraint(table.unpack(columns)))
  end
end

-- A key of one column may be written behind that, where SQLite counts by itself.
local function set_key_conflict(target, conflict)
  local columns = target.primary_key.columns
  if #columns == 1 then
    core.column_set(columns[1], "conflict_primary_key", conflict)
  elseif #columns > 1 then
    local names = {}
    for i, each in ipairs(columns) do names[i] = each end
    names[#names + 1] = {sqlite_on_conflict = conflict}
    constraint.attach(target, constraint.PrimaryKeyConstraint(table.unpack(names)))
  end
end

-- Adds the columns that are not given by the program.
local function add_columns(target, inspector, options, given)
  local schema, wanted, own, keys = target.schema, nil, {}, {}
  if options.include_columns then wanted = keywords.set(options.include_columns) end
  for _, each in ipairs(given) do own[each.name or ""] = true end
  local primary = inspector:get_pk_constraint(target.name, schema)
  for _, name in ipairs(primary.constrained_columns) do keys[name] = true end
  for _, info in ipairs(inspector:get_columns(target.name, schema)) do
    if (not wanted or wanted[info.name]) and not own[info.name] and not target.c:contains(info.name) then
      fire(target, inspector, info)
      core.table_add_column(target, make_column(info, keys[info.name]))
    end
  end
  order_key(target, primary.constrained_columns)
  local conflict = (primary.dialect_options or {}).sqlite_on_conflict
  if conflict then set_key_conflict(target, conflict) end
  if primary.name then core.constraint_set_name(target.primary_key._core, primary.name, true) end
end

-- The columns that have a foreign key of the program's own.
local function linked_columns(target)
  local found = {}
  for _, each in ipairs(target.c) do found[each] = #each.foreign_keys > 0 end
  return found
end

local function has_any(set, columns)
  for _, each in ipairs(columns) do
    if set[each] then return true end
  end
  return false
end

local function add_foreign_keys(target, inspector, options)
  local tables, linked = require "lualchemy.schema.table", linked_columns(target)
  for _, key in ipairs(inspector:get_foreign_keys(target.name, target.schema)) do
    local columns = all_columns(target, key.constrained_columns)
    if columns and not has_any(linked, columns) then
      local prefix = (key.referred_schema and key.referred_schema .. "." or "") .. key.referred_table
      if options.resolve_fks ~= false and not core.metadata_table(target.metadata, prefix) and
        inspector:has_table(key.referred_table, key.referred_schema) then
        tables.Table(key.referred_table, target.metadata, {autoload_with = inspector, schema = key.referred_schema})
      end
      local specs, has_dot = {}, false
      for i, name in ipairs(key.referred_columns) do
        specs[i] = prefix .. "." .. name
        has_dot = has_dot or name:find(".", 1, true) ~= nil
      end
      -- A text names a column behind its last dot: a column with a dot in its name is given as it is.
      local referred = has_dot and core.metadata_table(target.metadata, prefix)
      specs = referred and all_columns(referred, key.referred_columns) or specs
      constraint.attach(target, constraint.ForeignKeyConstraint(columns, specs, {
        name = key.name, onupdate = key.options.onupdate, ondelete = key.options.ondelete,
        deferrable = key.options.deferrable, initially = key.options.initially,
      }))
    end
  end
end

local function named(info)
  local options = {name = info.name}
  for name, value in next, info.dialect_options or {} do options[name] = value end
  return options
end

-- What an index is over: columns, and texts of expressions; nil if a column was left out.
local function index_parts(target, index)
  local parts = {}
  for i = 1, #index.column_names do
    local name = index.column_names[i]
    local part
    if name ~= core.null() then
      local found = all_columns(target, {name})
      part = found and found[1]
    else
      part = text(index.expressions[i])
    end
    if part == nil then return nil end
    local sorting = (index.column_sorting or {})[name ~= core.null() and name or index.expressions[i]]
    if sorting and sorting[1] == "desc" then part = part:desc() end
    parts[i] = part
  end
  return parts
end

local function add_others(target, inspector)
  for _, unique in ipairs(inspector:get_unique_constraints(target.name, target.schema)) do
    local columns = all_columns(target, unique.column_names)
    if columns then constraint.attach(target, constraint.unique_over(columns, named(unique))) end
  end
  for _, check in ipairs(inspector:get_check_constraints(target.name, target.schema)) do
    constraint.attach(target, constraint.CheckConstraint(text(check.sqltext), named(check)))
  end
  for _, index in ipairs(inspector:get_indexes(target.name, target.schema)) do
    local parts, where = index_parts(target, index), index.dialect_options.sqlite_where
    if parts and #parts > 0 then
      constraint.attach(target, constraint.index_over(index.name, parts,
        {unique = index.unique, sqlite_where = where and text(where)}))
    end
  end
end

--- Fills `target` from the database of `bind`; columns in `given` are the program's own and stay as they are.
function reflect.table(target, bind, options, given)
  local inspector = inspector_of(bind)
  add_columns(target, inspector, options, given)
  require("lualchemy.schema.table").add_dialect_kwargs(target, inspector:get_table_options(target.name, target.schema))
  for _, each in ipairs(given) do
    -- Constraints may need them, so they come now; what they bring along is attached by the caller.
    if not each.table then core.table_add_column(target, each) end
  end
  add_foreign_keys(target, inspector, options)
  add_others(target, inspector)
end

local reflect_keywords = keywords.set {"schema", "views", "resolve_fks", "only", "extend_existing", "autoload_replace"}

local function chosen(inspector, options)
  local names = inspector:get_table_names(options.schema)
  if options.views then
    local views = inspector:get_view_names(options.schema)
    table.move(views, 1, #views, #names + 1, names)
  end
  if options.only == nil then return names end
  if type(options.only) == "function" then
    local found = {}
    for _, name in ipairs(names) do
      if options.only(name) then found[#found + 1] = name end
    end
    return found
  end
  local known, missing = keywords.set(names), {}
  for _, name in ipairs(options.only) do
    if not known[name] then missing[#missing + 1] = name end
  end
  if #missing > 0 then
    error(exc.InvalidRequestError(("Could not reflect: requested table(s) not available in %s: (%s)"):format(
      describe.value(inspector.bind), table.concat(missing, ", "))), 0)
  end
  return options.only
end

--- Makes a Table for each table of the database that the metadata does not have.
function reflect.metadata(metadata, bind, options)
  options = keywords.check("reflect", options, reflect_keywords)
  local inspector, tables = inspector_of(bind), require "lualchemy.schema.table"
  local schema = options.schema or core.metadata_schema(metadata)
  for _, name in ipairs(chosen(inspector, options)) do
    local known = core.metadata_table(metadata, (schema and schema .. "." or "") .. name)
    if not known or options.extend_existing then
      tables.Table(name, metadata, {autoload_with = inspector, schema = options.schema,
        resolve_fks = options.resolve_fks,
        extend_existing = options.extend_existing})
    end
  end
end

return reflect
