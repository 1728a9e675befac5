-- SPDX-License-Identifier: MIT
-- Tables made from what a database says: autoload_with and metadata:reflect().
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"
local constraint = require "lualchemy.schema.constraint"
local column = require "lualchemy.schema.column"
local item = require "lualchemy.schema.item"

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

-- Makes the columns of those names the primary key where they are not, or stand in another order.
local function set_key(target, names)
  local columns, have = all_columns(target, names), target.primary_key.columns
  local same = not columns or #columns == #have
  for i = 1, same and columns and #columns or 0 do same = same and columns[i] == have[i] end
  if not same then constraint.attach(target, constraint.PrimaryKeyConstraint(table.unpack(columns))) end
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

-- A column of the program's own comes where the database has one of its name.
local function add_given(target, each, is_key)
  if is_key and not each.primary_key then
    error(exc.ArgumentError(("Trying to redefine primary-key column '%s' as a non-primary-key column on table '%s'")
      :format(each.name, target.fullname)), 0)
  end
  if not each.table and not target.c:contains(each.key) then core.table_add_column(target, each) end
end

-- Adds the columns, and says anew of those that are there what the database says, unless the program gives them.
local function add_columns(target, inspector, options, given)
  local schema, wanted, own, keys = target.schema, nil, {}, {}
  if options.include_columns then wanted = keywords.set(options.include_columns) end
  for _, each in ipairs(given) do own[each.name or ""] = each end
  local primary = inspector:get_pk_constraint(target.name, schema)
  for _, name in ipairs(primary.constrained_columns) do keys[name] = true end
  for _, info in ipairs(inspector:get_columns(target.name, schema)) do
    local known = target.c:get(info.name)
    if own[info.name] then
      add_given(target, own[info.name], keys[info.name])
    elseif (not wanted or wanted[info.name]) and not (known and options.autoload_replace == false) then
      fire(target, inspector, info)
      local made = make_column(info, keys[info.name])
      if known then
        require("lualchemy.schema.table").redefine(known, made)
      else
        core.table_add_column(target, made)
      end
    end
  end
  if options.autoload_replace ~= false then set_key(target, primary.constrained_columns) end
  local conflict = (primary.dialect_options or {}).sqlite_on_conflict
  if conflict then set_key_conflict(target, conflict) end
  if primary.name then core.constraint_set_name(target.primary_key._core, primary.name, true) end
end

-- The columns whose foreign keys are the program's own: those it gave, and those that have one.
local function linked_columns(target, given)
  local found = {}
  for _, each in ipairs(target.c) do found[each] = #each.foreign_keys > 0 end
  for _, each in ipairs(given) do found[each] = true end
  return found
end

local function has_any(set, columns)
  for _, each in ipairs(columns) do
    if set[each] then return true end
  end
  return false
end

local function add_foreign_keys(target, inspector, options, given)
  local tables, linked = require "lualchemy.schema.table", linked_columns(target, given)
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

-- What a UNIQUE over columns of these names, a CHECK of this text or an index of this name is known by.
local function unique_sign(names)
  return "unique " .. table.concat(names, "\0")
end

local function check_sign(sqltext)
  return "check " .. tostring(sqltext)
end

local function index_sign(name)
  return "index " .. tostring(name)
end

-- The signs of what a table has: one that is read again gets nothing twice.
local function present(target)
  local found = {}
  for _, each in ipairs(target.constraints) do
    local names = {}
    for i, part in ipairs(each) do names[i] = part.name end
    if item.kind(each) == "UniqueConstraint" then found[unique_sign(names)] = true end
    if item.kind(each) == "CheckConstraint" then found[check_sign(each.sqltext)] = true end
  end
  for _, each in ipairs(target.indexes) do found[index_sign(each.name)] = true end
  return found
end

local function add_others(target, inspector)
  local there = present(target)
  for _, unique in ipairs(inspector:get_unique_constraints(target.name, target.schema)) do
    local columns = all_columns(target, unique.column_names)
    if columns and not there[unique_sign(unique.column_names)] then
      constraint.attach(target, constraint.unique_over(columns, named(unique)))
    end
  end
  for _, check in ipairs(inspector:get_check_constraints(target.name, target.schema)) do
    local sqltext = text(check.sqltext)
    if not there[check_sign(sqltext)] then
      constraint.attach(target, constraint.CheckConstraint(sqltext, named(check)))
    end
  end
  for _, index in ipairs(inspector:get_indexes(target.name, target.schema)) do
    local parts, where = index_parts(target, index), index.dialect_options.sqlite_where
    if parts and #parts > 0 and not there[index_sign(index.name)] then
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
  add_foreign_keys(target, inspector, options, given)
  add_others(target, inspector)
end

local reflect_keywords = keywords.set {"schema", "views", "resolve_fks", "only", "extend_existing", "autoload_replace"}

-- The names of the tables to read from `schema`: those asked for, without those that the metadata has.
local function chosen(metadata, inspector, schema, options)
  local place = schema and {schema = schema} or nil
  local names, found, only = inspector:get_table_names(place), {}, options.only
  if options.views then
    local views = inspector:get_view_names(place)
    table.move(views, 1, #views, #names + 1, names)
  end
  local function add(name)
    local known = core.metadata_table(metadata, (schema and schema .. "." or "") .. name)
    if (not known or options.extend_existing) and (type(only) ~= "function" or only(name, metadata)) then
      found[#found + 1] = name
    end
  end
  if type(only) == "table" then
    local known, missing = keywords.set(names), {}
    for _, name in ipairs(only) do
      if not known[name] then missing[#missing + 1] = tostring(name) end
    end
    if #missing > 0 then
      error(exc.InvalidRequestError(("Could not reflect: requested table(s) not available in %s%s: (%s)"):format(
        describe.value(inspector.bind), schema and (" schema '%s'"):format(schema) or "", table.concat(missing, ", "))), 0)
    end
    names = only
  elseif only ~= nil and type(only) ~= "function" then
    error(exc.ArgumentError(("reflect: only is a list of names or a function, not %s"):format(describe.value(only))), 0)
  end
  for _, name in ipairs(names) do add(name) end
  return found
end

--- Makes a Table for each table of the database that the metadata does not have, from the schema asked for or else
--- from the metadata's.
function reflect.metadata(metadata, bind, options)
  bind, options = keywords.take_bind(bind, options)
  options = keywords.check("reflect", options, reflect_keywords)
  local inspector, tables = inspector_of(bind), require "lualchemy.schema.table"
  local schema = options.schema or core.metadata_schema(metadata)
  for _, name in ipairs(chosen(metadata, inspector, schema, options)) do
    tables.Table(name, metadata, {autoload_with = inspector, schema = schema, resolve_fks = options.resolve_fks,
      extend_existing = options.extend_existing, autoload_replace = options.autoload_replace})
  end
end

return reflect
