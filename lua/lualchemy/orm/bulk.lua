-- SPDX-License-Identifier: MIT
-- Rows written by class without the unit of work: bulk_insert_mappings, bulk_update_mappings, bulk_save_objects.
--
-- A row is a table keyed by attribute. For a class of several tables each table gets its part of every row, the base's first. Rows in
-- sequence that set the same columns are one statement; one that must tell the key it was given is a statement of its own.
local binds = require "lualchemy.orm.binds"
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local hierarchy = require "lualchemy.orm.hierarchy"
local inspection = require "lualchemy.inspection"
local keywords = require "lualchemy.keywords"
local mapped_columns = require "lualchemy.orm.columns"
local runs_of = require "lualchemy.orm.runs"

local M = {}

local function lualchemy()
  return require "lualchemy"
end

local function record_of(class)
  return require("lualchemy.orm.declarative").record(class)
end

--- The attribute that gives a column its value: its own, or for a joined table's key the one of the column that it refers to.
local function key_of(column, keys)
  if keys[column] then return keys[column] end
  for _, foreign_key in ipairs(column.primary_key and column.foreign_keys or {}) do
    if keys[foreign_key.column] then return keys[foreign_key.column] end
  end
end

--- What is written of a table: `fields` of {column, key, primary}.
local function part_of(tbl, keys, primary, above)
  local part = {table = tbl, fields = {}}
  for _, column in ipairs(tbl.c) do
    local key = key_of(column, keys)
    if key then
      local referred = above and column.primary_key and column.foreign_keys[1]
      local base_key = referred and key_of(referred.column, keys)
      part.fields[#part.fields + 1] = {column = column, key = key, base_key = base_key, primary = column.primary_key or primary[key] == column}
    end
  end
  return part
end

local function count_up(version)
  return (version or 0) + 1
end

--- What gives the next version: a function of the old one, or false if the program or the database does.
local function version_generator(class)
  local at = class
  while at do
    local own = record_of(at).arguments.version_id_generator
    if own ~= nil then return own end
    at = hierarchy.parent(at)
  end
  return count_up
end

--- The attributes of the class's columns go into `plan`; gives the attribute of each column, a base's columns under the names that the base gives.
local function attributes_of(class, plan, concrete)
  local keys = {}
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.column then
      plan.mapped[property.key] = true
      plan.primary[property.key] = property.primary_key and property.column or nil
      if property.primary_key then plan.key_columns = (plan.key_columns and plan.key_columns .. ", " or "") .. tostring(property.column) end
      keys[property.column] = property.key
      for _, column in ipairs(mapped_columns.further(class, property.key)) do keys[column] = property.key end
      if property.version then plan.version = property.key end
    end
  end
  local above = not concrete and hierarchy.parent(class)
  while above do
    for _, property in ipairs(core.mapper_properties(above)) do
      if property.column and plan.mapped[property.key] then keys[property.column] = keys[property.column] or property.key end
    end
    above = hierarchy.parent(above)
  end
  return keys
end

--- How rows of a class are written: its tables' parts, the base's first; what marks its rows and counts their versions.
local function plan_of(class)
  local mapper = inspection.inspect(class)
  local plan = {class = class, parts = {}, mapped = {}, primary = {}}
  local keys = attributes_of(class, plan, mapper.concrete)
  local on = mapper.polymorphic_on
  plan.discriminator, plan.identity = on and keys[on], record_of(class).arguments.polymorphic_identity
  plan.generator = version_generator(class)
  plan.of_root = mapper.concrete and 1 or #core.mapper_tables(hierarchy.root(class))
  for i, tbl in ipairs(mapper.concrete and {class.__table__} or mapper.tables) do
    plan.parts[i] = part_of(tbl, keys, plan.primary, i > plan.of_root)
  end
  return plan
end

local function check_rows(name, rows)
  if type(rows) ~= "table" then
    error(exc.ArgumentError(("session:%s() takes a list of tables, not a %s"):format(name, type(rows))), 0)
  end
  for i, row in ipairs(rows) do
    if type(row) ~= "table" then
      error(exc.ArgumentError(("session:%s() takes a list of tables keyed by attribute; number %d is a %s"):format(name, i, type(row))), 0)
    end
  end
  if rows[1] == nil and next(rows) ~= nil then
    error(exc.ArgumentError(("session:%s() takes a list of tables, not one table"):format(name)), 0)
  end
end

local function check_keys(plan, rows)
  for _, row in ipairs(rows) do
    for key in pairs(row) do
      if not plan.mapped[key] then
        local nearest = core.nearest(key, plan.mapped)
        error(exc.InvalidRequestError(("%s has no mapped column \"%s\"%s"):format(plan.class.__name__, tostring(key),
          nearest and ('; did you mean "%s"?'):format(nearest) or "")), 0)
      end
    end
  end
end

local function execute(connection, statement, run)
  return connection:execute(statement, #run == 1 and run[1] or run)
end

-- ---- inserting ----

--- What the class itself gives a row: its mark, and its first version.
local function given_by_class(plan, row)
  local values = {}
  if plan.discriminator and row[plan.discriminator] == nil then values[plan.discriminator] = plan.identity end
  if plan.version and plan.generator ~= false and row[plan.version] == nil then values[plan.version] = plan.generator(nil) end
  return values
end

--- Rows of an INSERT, keyed by attribute, with what the class gives them.
---@param class table
---@param rows table[]
---@return table[]
function M.completed(class, rows)
  local plan = plan_of(class)
  if plan.identity == nil and not plan.version then return rows end
  local completed = {}
  for i, row in ipairs(rows) do
    local values = given_by_class(plan, row)
    for name, value in pairs(row) do values[name] = value end
    completed[i] = values
  end
  return completed
end

local function insert_values(part, row, render_nulls)
  local null, values = core.null(), {}
  for _, field in ipairs(part.fields) do
    local value = row[field.key]
    if value == nil and field.base_key then value = row[field.base_key] end
    local sends = value ~= null or render_nulls and not field.primary or field.column.type.should_evaluate_none
    if value ~= nil and sends then values[field.column.key] = value end
  end
  return values
end

--- The key that the database makes when a row of the first table has none: its attribute, or nil.
local function made_key(part, values)
  local made
  for _, field in ipairs(part.fields) do
    if field.primary and values[field.column.key] == nil then made = made or field.key end
  end
  return made
end

local function insert_one(connection, part, statement, values)
  local result = connection:execute(statement, next(values) ~= nil and values or nil)
  local made, key = {}, result.inserted_primary_key
  for at, column in ipairs(part.table.primary_key.columns) do
    for _, field in ipairs(part.fields) do
      if field.column == column then made[field.key] = key[at] end
    end
  end
  return made
end

--- What a statement sets by itself in one table: by column.
local function own_values(part, own)
  local values = {}
  for _, field in ipairs(part.fields) do
    if own and own[field.key] ~= nil then values[field.column.key] = own[field.key] end
  end
  return next(values) ~= nil and values or nil
end

local function insert_statement(part, options)
  local statement, values = lualchemy().insert(part.table), own_values(part, options.own)
  return values and statement:values(values) or statement
end

--- The part of the rows that one table has. Rows whose new key is needed go one at a time, and get it.
local function insert_part(connection, plan, index, rows, options)
  local part, pending = plan.parts[index], {}
  local statement = insert_statement(part, options)
  local function send()
    for _, run in ipairs(runs_of(pending)) do execute(connection, statement, run) end
    pending = {}
  end
  for _, row in ipairs(rows) do
    local values = insert_values(part, row, options.render_nulls)
    local made = index <= plan.of_root and (options.return_defaults or #plan.parts > 1) and made_key(part, values)
    if made then
      send()
      for key, value in pairs(insert_one(connection, part, statement, values)) do row[key] = value end
    else
      pending[#pending + 1] = values
    end
  end
  send()
end

--- Inserts rows of a class, keyed by attribute; gives them with what they were completed by.
---@param connection lualchemy.Connection
---@param class table
---@param rows table[]
---@param options {return_defaults: boolean?, render_nulls: boolean?, own: table?}  `own`: what each row gets besides, by attribute
---@return table[] rows
function M.insert(connection, class, rows, options)
  local plan = plan_of(class)
  check_keys(plan, rows)
  local full = {}
  for i, row in ipairs(rows) do full[i] = setmetatable(given_by_class(plan, row), {__index = row}) end
  for index in ipairs(plan.parts) do insert_part(connection, plan, index, full, options) end
  return full, plan
end

-- ---- updating ----

--- What a row sets in a table, with its key as parameters of their own; nil if it sets nothing there.
local function update_values(plan, part, row, unmapped, sets)
  local values = {}
  for _, name in ipairs(unmapped) do values[name] = row[name] end
  for at, field in ipairs(part.fields) do
    local value = row[field.key]
    if value == nil and field.base_key then value = row[field.base_key] end
    if field.primary then
      if value == nil or value == core.null() then
        error(exc.InvalidRequestError(("No primary key value supplied for column(s) %s; per-row ORM Bulk UPDATE by Primary Key requires " ..
          "that records contain primary key values"):format(plan.key_columns), {code = "bupq"}), 0)
      end
      values["__key_" .. at] = value
    elseif field.key == plan.version and plan.generator ~= false then
      if value == nil then
        error(exc.InvalidRequestError(("a row to update in bulk has no \"%s\": the version that it was read with"):format(field.key)), 0)
      end
      values["__key_" .. at], values[field.column.key], sets = value, plan.generator(value), true
    elseif value ~= nil then
      values[field.column.key], sets = value, true
    end
  end
  return sets and values or nil
end

local function update_statement(plan, part, options)
  local la, criteria = lualchemy(), {options.condition}
  for at, field in ipairs(part.fields) do
    if field.primary or field.key == plan.version and plan.generator ~= false then
      criteria[#criteria + 1] = field.column:eq(la.bindparam("__key_" .. at))
    end
  end
  local statement = la.update(part.table):where(table.unpack(criteria)):execution_options(options.execution_options or {})
  local values = own_values(part, options.own)
  return values and statement:values(values) or statement, values ~= nil
end

--- The names in a row that are no attributes: parameters of the condition.
local function unmapped_in(plan, row)
  local names = {}
  for name in pairs(row) do
    if not plan.mapped[name] then names[#names + 1] = name end
  end
  return names
end

--- Updates rows of a class by primary key: each row has its key, and sets its other attributes.
---@param connection lualchemy.Connection
---@param class table
---@param rows table[]
---@param options {condition: any, execution_options: table?, own: table?}?  `condition`: what else must hold for a row, which then need not
--- be there; names in `rows` that are no attributes are its parameters. `own`: what each row gets besides, by attribute
---@return integer matched  rows that were there; in a class of several tables those of the table that had the most
function M.update(connection, class, rows, options)
  options = options or {}
  local plan, is_free, matched = plan_of(class), options.condition ~= nil, 0
  if not is_free then check_keys(plan, rows) end
  for _, part in ipairs(plan.parts) do
    local all, of_part, statement, sets = {}, 0, update_statement(plan, part, options)
    for _, row in ipairs(rows) do all[#all + 1] = update_values(plan, part, row, is_free and unmapped_in(plan, row) or {}, sets) end
    for _, run in ipairs(runs_of(all)) do
      local count = execute(connection, statement, run).rowcount
      if count ~= #run and not is_free then
        error(exc.StaleDataError(("UPDATE statement on table '%s' expected to update %d row(s); %d were matched.")
          :format(part.table.name, #run, count)), 0)
      end
      of_part = of_part + count
    end
    matched = math.max(matched, of_part)
  end
  return matched
end

-- ---- objects ----

--- The values of an object that are known; of a change only those that differ, its key and its version.
local function row_of(object, class, changed_only)
  local row, null = {}, core.null()
  for _, property in ipairs(core.mapper_properties(class)) do
    local key = property.key
    if property.column and property.kind == "column" and core.object_loaded(object, key) then
      local added, _, deleted = core.object_history(object, key)
      if not changed_only or property.primary_key or property.version or #added + #deleted > 0 then
        local value = object[key]
        row[key] = value == nil and null or value
      end
    end
  end
  return row
end

--- An object that has a row gives its identity, whether or not its attributes are loaded.
local function changes_of(object, class, changed_only)
  local row, identity, at = row_of(object, class, changed_only), core.object_identity(object), 0
  if not identity then
    error(exc.InvalidRequestError(("bulk_save_objects: %s lost its row while the objects before it were saved"):format(describe.value(object))), 0)
  end
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.primary_key then
      at = at + 1
      row[property.key] = identity[at]
    end
  end
  return row
end

--- The saved object stands for its row from now on.
local function adopt(object, row, plan)
  for key in pairs(plan.mapped) do
    if row[key] ~= nil and not core.object_loaded(object, key) then core.object_set_committed(object, key, row[key]) end
  end
  if core.object_state(object) == "transient" then core.make_detached(object) end
end

local function save_group(connection, group, options)
  local rows = {}
  if group.has_row then
    for i, object in ipairs(group) do rows[i] = changes_of(object, group.class, options.update_changed_only ~= false) end
    M.update(connection, group.class, rows)
    return
  end
  for i, object in ipairs(group) do rows[i] = row_of(object, group.class, false) end
  local full, plan = M.insert(connection, group.class, rows, options)
  if options.return_defaults then
    for i, object in ipairs(group) do adopt(object, full[i], plan) end
  end
end

--- Objects of one class, all with a row or all without, in groups: those that follow each other, or all of them.
local function groups_of(objects, preserve_order)
  local groups, found = {}, {}
  for i, object in ipairs(objects) do
    local class = core.mapped_class_of(object)
    if not class then
      error(exc.UnmappedInstanceError(("bulk_save_objects: number %d is a %s, not an instance of a mapped class"):format(i, type(object))), 0)
    end
    local has_row = core.object_identity(object) ~= nil
    local group = groups[#groups]
    if not preserve_order then
      found[class] = found[class] or {}
      group = found[class][has_row]
    end
    if not group or group.class ~= class or group.has_row ~= has_row then
      group = {class = class, has_row = has_row}
      groups[#groups + 1] = group
      if not preserve_order then found[class][has_row] = group end
    end
    group[#group + 1] = object
  end
  return groups
end

-- ---- methods of sessions ----

local methods = {}

local insert_keywords = keywords.set {"return_defaults", "render_nulls"}
local save_keywords = keywords.set {"return_defaults", "update_changed_only", "preserve_order"}

local function check_class(name, class)
  if not core.is_mapped(class) then
    local mapped = type(class) == "table" and require("lualchemy.orm.events").class_of_mapper(class)
    if not mapped then
      error(exc.ArgumentError(("session:%s() takes a mapped class, not %s"):format(name, require("lualchemy.describe").value(class))), 0)
    end
    class = mapped
  end
  return class
end

--- Inserts rows of a class without making objects, as SQLAlchemy's `Session.bulk_insert_mappings()`. No events of objects, no relationships,
--- and nothing in the session changes.
---
---     session:bulk_insert_mappings(User, {{name = "Ann"}, {name = "Bob"}})
---@param session lualchemy.Session
---@param class table  a mapped class
---@param rows table[]  each keyed by attribute
---@param options {return_defaults: boolean?, render_nulls: boolean?}?  `return_defaults` (false): the rows get the keys that the database
--- made, for a statement each; `render_nulls` (false): `la.null` is sent, so that no default of the database stands for it
---@raise InvalidRequestError for a key that is no mapped column; what the database says: the session then asks for rollback()
function methods.bulk_insert_mappings(session, class, rows, options)
  options = keywords.check("bulk_insert_mappings", options, insert_keywords)
  class = check_class("bulk_insert_mappings", class)
  check_rows("bulk_insert_mappings", rows)
  core.session_write(session, function()
    local full, plan = M.insert(binds.connection(session, class), class, rows, options)
    for i, row in ipairs(options.return_defaults and rows or {}) do
      for key in pairs(plan.primary) do row[key] = full[i][key] end
    end
  end)
end

--- Updates rows of a class by primary key, as SQLAlchemy's `Session.bulk_update_mappings()`. Objects of the session keep what they have.
---
---     session:bulk_update_mappings(User, {{id = 1, age = 30}, {id = 2, age = 22}})
---@param session lualchemy.Session
---@param class table  a mapped class
---@param rows table[]  each keyed by attribute, with the whole primary key, and the version if the class has one
---@raise InvalidRequestError for a row without its key; StaleDataError if a row is not there
function methods.bulk_update_mappings(session, class, rows)
  class = check_class("bulk_update_mappings", class)
  check_rows("bulk_update_mappings", rows)
  core.session_write(session, function() M.update(binds.connection(session, class), class, rows) end)
end

--- Writes objects without the unit of work, as SQLAlchemy's `Session.bulk_save_objects()`: those without a row are inserted, the others
--- updated. Only their columns are written; they don't become the session's.
---@param session lualchemy.Session
---@param objects any[]
---@param options {return_defaults: boolean?, update_changed_only: boolean?, preserve_order: boolean?}?  `return_defaults` (false): new objects
--- get their keys, for a statement each, and are detached then; `update_changed_only` (true); `preserve_order` (true): only objects that
--- follow each other share a statement; false: all of a class
---@raise UnmappedInstanceError; StaleDataError if a row is not there
function methods.bulk_save_objects(session, objects, options)
  options = keywords.check("bulk_save_objects", options, save_keywords)
  if type(objects) ~= "table" then
    error(exc.ArgumentError(("session:bulk_save_objects() takes a list of objects, not a %s"):format(type(objects))), 0)
  end
  local groups = groups_of(objects, options.preserve_order ~= false)
  core.session_write(session, function()
    for _, group in ipairs(groups) do save_group(binds.connection(session, group.class), group, options) end
  end)
end

core.extend("lualchemy.Session", methods)

return M
