-- SPDX-License-Identifier: MIT
-- Tables: made of columns and constraints, kept by a metadata, read by name.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local strict = require "lualchemy.strict"
local describe = require "lualchemy.describe"
local item = require "lualchemy.schema.item"
local constraint = require "lualchemy.schema.constraint"
local column = require "lualchemy.schema.column"
local warnings = require "lualchemy.warnings"

local M = {}

---@class lualchemy.Table: lualchemy.FromClause
---@field name string
---@field schema string?
---@field fullname string
---@field metadata lualchemy.MetaData
---@field c table
---@field primary_key table

local function fire(identifier, target, ...)
  local event = require "lualchemy.event"
  if event.__has(target, identifier) then event.__fire(identifier, target, target, ...) end
end

-- ---------------------------------------------------------------------------------------------
-- Attaching columns

-- The values that a CHECK of the type lists; nil if the type asks for none.
local function checked_values(type)
  if not type.create_constraint then return nil end
  local kind = type.__visit_name__
  if kind == "Boolean" or kind == "BOOLEAN" then return {0, 1} end
  if kind == "Enum" then return type.enums end
end

-- What a column brings along: index or UNIQUE, the CHECK of its type, foreign keys, checks of its own, in SQLAlchemy's
-- order.
local function attach_items(target, added)
  local record = core.record(added)
  if added.index then
    constraint.attach(target, constraint.Index(nil, added.key, {unique = added.unique}))
  elseif added.unique then
    constraint.attach(target, constraint.UniqueConstraint(added.key,
      {sqlite_on_conflict = (record.dialect_kwargs or {}).sqlite_on_conflict_unique}))
  end
  local values = core.record(added).type and checked_values(added.type)
  if values then constraint.attach_type_check(target, added, values) end
  for _, key in ipairs(record.foreign_keys or {}) do
    if not key._listed then constraint.attach_column_key(target, added, key) end
  end
  for _, check in ipairs(record.constraints or {}) do
    rawset(check, "_column", added)
    constraint.attach(target, check)
  end
end

local function attach_pending(added)
  local record = core.record(added)
  local pending = record.pending or {}
  record.pending = nil
  for _, waiting in ipairs(pending) do
    if not rawget(waiting, "_core") then
      constraint.join_columns(waiting, waiting._columns or core.columns_of(waiting._sqltext))
    end
  end
end

--- Replaces what is known of a column that is there already by what a new one of the same name says.
---@private
function M.redefine(known, added)
  if core.record(added).type then core.column_set(known, "type", added.type) end
  core.column_set(known, "nullable", added.nullable)
  for _, slot in ipairs {"default", "onupdate", "server_default", "server_onupdate"} do
    core.column_default(known, slot, core.column_get_default(added, slot))
    core.record(known)[slot] = core.record(added)[slot]
  end
end

local function attach_columns(target, columns, replace)
  local attached = {}
  for _, added in ipairs(columns) do
    local known = replace and added.key and core.table_column(target, added.key)
    if added.table == target then
      attached[#attached + 1] = added -- reflection has added it
    elseif known then
      M.redefine(known, added)
    else
      fire("before_parent_attach", added, target)
      core.table_add_column(target, added)
      attached[#attached + 1] = added
    end
  end
  return attached
end

local function finish_columns(target, attached)
  for _, added in ipairs(attached) do
    attach_items(target, added)
    attach_pending(added)
    fire("after_parent_attach", added, target)
  end
end

-- ---------------------------------------------------------------------------------------------
-- Table

local table_keywords = keywords.set {"schema", "quote", "quote_schema", "autoload_with", "autoload_replace",
  "keep_existing",
  "extend_existing", "resolve_fks", "include_columns", "implicit_returning", "comment", "info", "listeners", "prefixes"}
local table_arguments = item.dialect_arguments("Table")

local function sort_items(items)
  local columns, others = {}, {}
  for i = 1, items.n do
    local value = items[i]
    if column.is_column(value) then
      columns[#columns + 1] = value
    elseif constraint.is(value) then
      others[#others + 1] = value
    elseif value ~= nil then
      error(exc.ArgumentError(("Table takes columns and constraints; it was given %s")
        :format(describe.value(value))), 0)
    end
  end
  table.sort(others, function(a, b) return a._serial < b._serial end)
  return columns, others
end

local function set_options(target, options)
  local quote_schema = options.quote_schema
  if quote_schema == nil and options.schema == nil then quote_schema = core.record(target.metadata).quote_schema end
  if options.quote ~= nil or quote_schema ~= nil then core.table_quote(target, options.quote, quote_schema) end
  if options.comment ~= nil then core.table_set_comment(target, options.comment) end
  if options.implicit_returning ~= nil then core.table_set_implicit_returning(target, options.implicit_returning) end
  for _, prefix in ipairs(options.prefixes or {}) do
    core.table_add_prefix(target, prefix)
  end
  core.record(target).dialect_kwargs = core.record(target).dialect_kwargs or {}
  for key, value in next, item.dialect_kwargs(options) do
    core.record(target).dialect_kwargs[key] = value
    if key == "sqlite_fts5" then value = require("lualchemy.dialects._sqlite_fts5").arguments(value) end
    if value ~= nil then core.table_set_option(target, key, value) end
  end
  if options.info then core.record(target).info = options.info end
  for _, listener in ipairs(options.listeners or {}) do
    require("lualchemy.event").listen(target, listener[1], listener[2])
  end
end

--- Sets options of dialects that the program has not set.
---@private
function M.add_dialect_kwargs(target, options)
  local own, missing = core.record(target).dialect_kwargs, {}
  for key, value in next, options do
    if own[key] == nil then missing[key] = value end
  end
  set_options(target, missing)
end

local function fill(target, items, options, replace)
  local columns, others = sort_items(items)
  set_options(target, options)
  if options.autoload_with then
    require("lualchemy.schema.reflect").table(target, options.autoload_with, options, columns)
  end
  local attached = attach_columns(target, columns, replace)
  for _, other in ipairs(others) do
    fire("before_parent_attach", other, target)
    if not rawget(other, "_core") then constraint.attach(target, other) end
    fire("after_parent_attach", other, target)
  end
  finish_columns(target, attached)
end

-- The options with what quoted names say, and the names as strings.
local function unquote(name, options)
  local text, quote = item.quoted(name)
  local schema, quote_schema = item.quoted(options.schema)
  if quote == nil and quote_schema == nil then return text, options end
  local changed = {}
  for key, value in next, options do changed[key] = value end
  if quote ~= nil then changed.quote = quote end
  if quote_schema ~= nil then changed.quote_schema = quote_schema end
  changed.schema = schema
  return text, changed
end

local function check_start(name, metadata)
  if type(name) ~= "string" or name == "" then
    error(exc.ArgumentError(("Table takes a name first, not %s"):format(describe.value(name))), 0)
  end
  if not core.is(metadata, "lualchemy.MetaData") then
    error(exc.ArgumentError(("Table \"%s\" takes a MetaData after its name, not %s"):format(name,
      describe.value(metadata))), 0)
  end
end

-- The table that is there already, when that is all right; nil if there is none.
local function find_existing(metadata, name, items, options)
  local schema = options.schema or core.metadata_schema(metadata)
  local known = core.metadata_table(metadata, (schema and schema ~= "" and schema .. "." or "") .. name)
  if not known then return nil end
  if options.keep_existing and options.extend_existing then
    error(exc.ArgumentError("keep_existing and extend_existing are mutually exclusive."), 0)
  end
  if not options.keep_existing and not options.extend_existing and items.n > 0 then
    error(exc.InvalidRequestError(
      ("Table '%s' is already defined for this MetaData instance.  Specify 'extend_existing=true' " ..
      "to redefine options and columns on an existing Table object.")
      :format(known.fullname)), 0)
  end
  return known
end

--- A table. Without columns it gives the table of that name if there is one. As SQLAlchemy's `Table`.
---
---     local users = la.Table("users", metadata,
---       la.Column("id", la.Integer, {primary_key = true}),
---       la.Column("name", la.String(50), {nullable = false}),
---       la.UniqueConstraint("name", {name = "uq_users_name"}),
---       {sqlite_strict = true})
---     local orders = la.Table("orders", metadata, {autoload_with = engine})
---@param name string
---@param metadata lualchemy.MetaData
---@param ... any  columns, constraints, indexes; last the options, lualchemy.TableOptions
---@return lualchemy.Table
---@raise InvalidRequestError if there is a table of that name and columns are given; NoSuchTableError when it is to be read and is not there;
--- ArgumentError for unknown options
function M.Table(name, metadata, ...)
  check_start(item.quoted(name), metadata)
  local items, options = table.pack(...), {}
  if items.n > 0 and keywords.is_table(items[items.n]) then
    options = keywords.check("Table", items[items.n], table_keywords, table_arguments)
    items[items.n], items.n = nil, items.n - 1
  end
  name, options = unquote(name, options)
  local known = find_existing(metadata, name, items, options)
  if known then
    if options.extend_existing then fill(known, items, options, true) end
    return known
  end
  local target = core.table_new(metadata, name, options.schema)
  fire("before_parent_attach", target, metadata)
  local ok, err = pcall(fill, target, items, options)
  if not ok then
    core.metadata_remove(metadata, target)
    error(err, 0)
  end
  fire("after_parent_attach", target, metadata)
  return target
end

--- Adds a column to a table; `key` names one that has no name.
function M.append_column(target, key, added)
  column.name_column(added, key)
  if added.table == target then return added end
  finish_columns(target, attach_columns(target, {added}))
  return added
end

-- ---------------------------------------------------------------------------------------------
-- Fields and methods

local function wrap_all(self, boxes, keep)
  local found = {}
  for _, box in ipairs(boxes) do
    local wrapped = constraint.wrap(self, box)
    if not keep or keep(wrapped) then found[#found + 1] = wrapped end
  end
  return core.list(found)
end

local function is_foreign(wrapped)
  return item.kind(wrapped) == "ForeignKeyConstraint"
end

local fields = {
  primary_key = function(self) return constraint.wrap(self, core.table_constraints(self)[1]) end,
  constraints = function(self) return wrap_all(self, core.table_constraints(self)) end,
  indexes = function(self) return wrap_all(self, core.table_indexes(self)) end,
  foreign_key_constraints = function(self) return wrap_all(self, core.table_constraints(self), is_foreign) end,
  foreign_keys = function(self)
    local found = {}
    for _, foreign in ipairs(self.foreign_key_constraints) do
      table.move(foreign.elements, 1, #foreign.elements, #found + 1, found)
    end
    return core.list(found)
  end,
  autoincrement_column = function(self) return core.table_autoincrement(self) end,
  info = function(self)
    local record = core.record(self)
    record.info = record.info or {}
    return record.info
  end,
  dialect_kwargs = function(self) return core.record(self).dialect_kwargs end,
  kwargs = function(self) return core.record(self).dialect_kwargs end,
  exported_columns = function(self) return self.columns end,
  prefixes = core.table_prefixes,
  is_view = function(self) return core.record(self).is_view and true or false end,
  description = function(self) return self.name end,
}

local methods = {}

--- Adds a column; with `replace_existing` the column of its name is redefined.
function methods.append_column(self, added, options)
  options = keywords.check("append_column", options, keywords.set {"replace_existing"})
  if not column.is_column(added) then
    error(exc.ArgumentError(("append_column takes a Column, not %s"):format(describe.value(added))), 0)
  end
  finish_columns(self, attach_columns(self, {added}, options.replace_existing))
end

function methods.append_constraint(self, added)
  constraint.attach(self, added)
end

--- Creates the table in the database: `users:create(engine, {checkfirst = true})`.
function methods.create(self, bind, options)
  require("lualchemy.schema.ddl").create_table(self, bind, options)
end

function methods.drop(self, bind, options)
  require("lualchemy.schema.ddl").drop_table(self, bind, options)
end

--- The element that creates the table in the place of CREATE TABLE; nil: that.
---@param element lualchemy.DDLElement?
function methods.set_creator_ddl(self, element)
  core.record(self).creator = element
end

--- The element that drops the table in the place of DROP TABLE; nil: that.
---@param element lualchemy.DDLElement?
function methods.set_dropper_ddl(self, element)
  core.record(self).dropper = element
end

local to_metadata_keywords = keywords.set {"schema", "name", "referred_schema_fn"}

local function keys_of(columns)
  local keys = {}
  for i, part in ipairs(columns) do keys[i] = part.key end
  return keys
end

-- What a column brings along comes with its copy.
local function is_of_column(self, keys, what)
  return #keys == 1 and self.c[keys[1]][what]
end

-- The constraints of `self` that are not its columns' own, for another table, as far as they name its columns by key.
local function copied_items(self)
  local copies = {}
  for _, box in ipairs(core.table_constraints(self)) do
    local wrapped = constraint.wrap(self, box)
    local kind, keys = item.kind(wrapped), keys_of(wrapped.columns)
    local is_wanted
    if kind == "UniqueConstraint" then
      is_wanted = not is_of_column(self, keys, "unique")
    elseif kind == "PrimaryKeyConstraint" then
      is_wanted = #keys > 1 or #keys > 0 and (rawget(wrapped, "_name") or wrapped.deferrable ~= nil or
        wrapped.initially or next(wrapped.dialect_kwargs))
    else
      is_wanted = kind == "ForeignKeyConstraint" and not core.constraint_get(box).inline_rendered
    end
    if is_wanted then copies[#copies + 1] = wrapped:copy() end
  end
  return copies
end

-- Checks and indexes are over expressions, which name the columns of their own table.
local function copy_expressions(self, copy)
  for _, box in ipairs(core.table_constraints(self)) do
    local wrapped = constraint.wrap(self, box)
    local known = core.constraint_get(box)
    if known.kind == "check" and not known.type_bound and not known.inline_rendered then
      constraint.attach(copy, wrapped:copy {target_table = copy})
    end
  end
  for _, index in ipairs(self.indexes) do
    if not (#index.expressions == 1 and is_of_column(self, keys_of(index.columns), "index")) then
      local parts, options = {}, {unique = index.unique}
      for key, value in next, index.dialect_kwargs do options[key] = value end
      for i, part in ipairs(index.expressions) do parts[i] = core.move_columns(part, self, copy) end
      local where = options.sqlite_where
      if where ~= nil and type(where) ~= "string" then options.sqlite_where = core.move_columns(where, self, copy) end
      local made = constraint.index_over(rawget(index, "_name"), parts, options)
      rawset(made, "_condition", rawget(index, "_condition"))
      constraint.attach(copy, made)
    end
  end
end

--- A copy of the table in another metadata.
function methods.to_metadata(self, metadata, options)
  options = keywords.check("to_metadata", options, to_metadata_keywords)
  local name = options.name or self.name
  local schema = options.schema == nil and self.schema or options.schema
  if schema == core.null() then schema = nil end
  local existing = core.metadata_table(metadata, (schema and schema .. "." or "") .. name)
  if existing then
    warnings.warn(("Table '%s' already exists within the given MetaData - not copying."):format(existing.fullname))
    return existing
  end
  local items = {}
  for _, source in ipairs(self.c) do
    items[#items + 1] = column.copy_column(source)
  end
  for _, copy in ipairs(copied_items(self)) do
    items[#items + 1] = copy
  end
  local given = {schema = schema, comment = self.comment, prefixes = self.prefixes}
  for key, value in next, self.dialect_kwargs do given[key] = value end
  items[#items + 1] = given
  local copy = M.Table(name, metadata, table.unpack(items))
  copy_expressions(self, copy)
  return copy
end

core.hook("table_field", function(self, key)
  local field = fields[key]
  if field then return field(self) end
  if methods[key] then return methods[key] end
  if strict.is_probe(key) then return nil end
  strict.unknown(("table \"%s\""):format(self.fullname), key, fields, methods,
    {"name", "schema", "fullname", "c", "columns", "metadata", "comment"})
end)

return M
