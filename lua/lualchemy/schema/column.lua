-- SPDX-License-Identifier: MIT
-- Columns and what makes their values: defaults, computed expressions, sequences.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local strict = require "lualchemy.strict"
local describe = require "lualchemy.describe"
local item = require "lualchemy.schema.item"
local constraint = require "lualchemy.schema.constraint"

local column = {}

local null = core.null()

---@class lualchemy.Column: lualchemy.ColumnElement
---@field name string
---@field key string
---@field type lualchemy.Type
---@field table lualchemy.Table?
---@field nullable boolean
---@field primary_key boolean
---@field foreign_keys table

--- Is it a column of a table: a Column, attached or not?
function column.is_column(value)
  return core.is(value, "lualchemy.Column")
end

-- ---------------------------------------------------------------------------------------------
-- What makes values

local Default = item.class("ColumnDefault", {
  fields = {"arg", "is_scalar", "is_callable", "is_clause_element", "is_sequence"},
  tostring = function(self) return ("ColumnDefault(%s)"):format(describe.value(self.arg)) end,
})

--- What `default` is made of.
function column.ColumnDefault(arg)
  arg = core.clause_element(arg) or arg
  local is_clause, is_callable = core.class_of(arg) ~= nil, type(arg) == "function"
  return item.new(Default, {arg = arg, is_clause_element = is_clause, is_callable = is_callable,
    is_scalar = not is_clause and not is_callable, is_sequence = false})
end

local DefaultClause = item.class("DefaultClause", {
  fields = {"arg", "for_update"},
  tostring = function(self) return ("DefaultClause(%s)"):format(describe.value(self.arg)) end,
})

--- What `server_default` is made of: a string is written as a literal, `text()` and functions as they are.
function column.DefaultClause(arg)
  arg = arg == null and core.text "NULL" or core.clause_element(arg) or arg
  if type(arg) ~= "string" and not core.class_of(arg) then
    error(exc.ArgumentError(("a server default is a string, text() or another expression, not %s")
      :format(describe.value(arg))), 0)
  end
  return item.new(DefaultClause, {arg = arg})
end

local FetchedValue = item.class("FetchedValue", {fields = {"for_update"}})

--- The database makes the value by means that are not known here: it is read back after a flush.
function column.FetchedValue()
  return item.new(FetchedValue, {})
end

local Computed = item.class("Computed", {
  fields = {"sqltext", "persisted", "column"},
  tostring = function(self) return ("Computed(%s)"):format(tostring(self.sqltext)) end,
})

--- GENERATED ALWAYS AS: `Computed("price * 2", {persisted = true})`.
---@param sqltext string|lualchemy.ColumnElement
---@param options {persisted: boolean?}?
function column.Computed(sqltext, options)
  options = keywords.check("Computed", options, keywords.set {"persisted"})
  if type(sqltext) == "string" then sqltext = core.sql_text(sqltext) end
  if not core.class_of(sqltext) then
    error(exc.ArgumentError(("Computed takes SQL text or an expression, not a %s"):format(type(sqltext))), 0)
  end
  return item.new(Computed, {sqltext = sqltext, persisted = options.persisted})
end

local counter_fields = {"start", "increment", "minvalue", "maxvalue", "nominvalue", "nomaxvalue", "cycle", "cache",
  "order"}

local function counter(name, more, methods)
  local fields = table.move(counter_fields, 1, #counter_fields, 1, {})
  table.move(more, 1, #more, #fields + 1, fields)
  return keywords.set(fields), item.class(name, {
    fields = fields, methods = methods,
    tostring = function(self) return self.name and ('%s("%s")'):format(name, self.name) or name .. "()" end,
  })
end

local identity_keywords, Identity = counter("Identity", {"always", "on_null", "name"})

--- GENERATED … AS IDENTITY on databases that have it; SQLite counts an integer key anyway.
---@param options {always: boolean?, on_null: boolean?, start: integer?, increment: integer?, minvalue: integer?, maxvalue: integer?, cycle: boolean?}?
function column.Identity(options)
  local fields = {}
  for key, value in next, keywords.check("Identity", options, identity_keywords) do fields[key] = value end
  return item.new(Identity, fields)
end

local sequence_methods = {}

--- The expression that makes the next value of the sequence: `users:insert():values{id = sequence:next_value()}`;
--- `func.next_value(sequence)` is the same. An error where a dialect without sequences writes it.
function sequence_methods.next_value(self)
  return core.next_value(self.name, self.schema or self.metadata and self.metadata.schema, self.data_type)
end

--- CREATE SEQUENCE, where the database has sequences; nothing elsewhere.
---@param bind lualchemy.Engine|lualchemy.Connection
---@param options {checkfirst: boolean?}?
function sequence_methods.create(self, bind, options)
  require("lualchemy.schema.ddl").send_sequence("create", self, bind, options)
end

--- DROP SEQUENCE, likewise.
---@param bind lualchemy.Engine|lualchemy.Connection
---@param options {checkfirst: boolean?}?
function sequence_methods.drop(self, bind, options)
  require("lualchemy.schema.ddl").send_sequence("drop", self, bind, options)
end

local sequence_keywords, Sequence = counter("Sequence", {"schema", "data_type", "optional", "metadata", "name",
  "quote", "info"}, sequence_methods)
Sequence.__clause_element__ = sequence_methods.next_value

--- A sequence, on databases that have them; the others leave it out.
---@param name string
function column.Sequence(name, options)
  local fields = {}
  for key, value in next, keywords.check("Sequence", options, sequence_keywords) do fields[key] = value end
  fields.name = item.name_of("Sequence", name)
  return item.new(Sequence, fields)
end

-- ---------------------------------------------------------------------------------------------
-- Defaults in the core

local client_slots = {default = true, onupdate = true}

-- A plain table that is a value (of a JSON column) is handed out by a function: the core keeps scalars only.
local function set_client_default(target, slot, arg)
  if type(arg) == "function" then
    core.column_default(target, slot, "host", arg)
  elseif core.class_of(arg) and core.class_of(arg) ~= "lualchemy.Decimal" then
    core.column_default(target, slot, "expr", arg)
  elseif type(arg) == "table" and not core.moment_kind(arg) and target.type.__visit_name__ == "JSON" then
    local function give() return arg end
    core.record(target)[slot .. "_function"] = give
    core.column_default(target, slot, "host", give)
  else
    local ok, err = pcall(core.column_default, target, slot, "value", arg)
    if not ok then
      local text = type(err) == "table" and err.message or tostring(err)
      error(exc.ArgumentError(("%s of column \"%s\": %s"):format(slot, target.name or "?", text)), 0)
    end
  end
end

local function set_server_default(target, slot, arg)
  if type(arg) == "string" then
    core.column_default(target, slot, "text", arg)
  else
    core.column_default(target, slot, "expr", arg)
  end
end

local function set_default(target, slot, value)
  local record, kind = core.record(target), item.kind(value)
  if value == nil then return end
  if kind == "Sequence" or kind == "Identity" then
    record[slot] = value
  elseif client_slots[slot] then
    if value == null then return end
    local default = kind == "ColumnDefault" and value or column.ColumnDefault(value)
    record[slot] = default
    set_client_default(target, slot, default.arg)
  elseif kind == "FetchedValue" then
    record[slot] = value
    core.column_default(target, slot, "fetched")
  else
    local default = kind == "DefaultClause" and value or column.DefaultClause(value)
    record[slot] = default
    set_server_default(target, slot, default.arg)
  end
end

-- ---------------------------------------------------------------------------------------------
-- Column

local core_keywords = {"key", "nullable", "primary_key", "unique", "index", "system", "autoincrement", "comment",
  "quote"}
local default_keywords = {"default", "onupdate", "server_default", "server_onupdate"}
-- Of mapped_column: the mapper reads them from the record.
local mapped_keywords = {"deferred", "deferred_group", "deferred_raiseload", "active_history", "sort_order",
  "use_existing_column"}
local mapped_kinds = {deferred = "boolean", deferred_group = "string", deferred_raiseload = "boolean", active_history = "boolean",
  sort_order = "number", info = "table", doc = "string"}
-- Of mapped_column, and without effect here.
local dataclass_keywords = {}
for _, name in ipairs {"init", "repr", "kw_only", "compare", "default_factory", "hash", "dataclass_metadata"} do
  dataclass_keywords[name] = "it belongs to dataclasses; a class takes its fields as a table, and default = function() … end makes a value"
end
local other_keywords = {"name", "type_", "insert_default", "doc", "info", "insert_sentinel"}

local column_keywords = {}
for _, names in ipairs {core_keywords, default_keywords, mapped_keywords, other_keywords} do
  for _, name in ipairs(names) do
    column_keywords[name] = true
  end
end
local column_arguments = item.dialect_arguments("Column")

-- One positional argument behind the name.
local function add_item(found, value)
  local kind = item.kind(value)
  if core.is(value, "lualchemy.Type") then
    if found.type then error(exc.ArgumentError("May not pass type_ positionally and as a keyword."), 0) end
    found.type = value
  elseif kind == "ForeignKey" then
    table.insert(found.foreign_keys, value)
  elseif kind == "Computed" then
    found.computed = value
  elseif kind == "Identity" then
    found.identity = value
  elseif kind == "Sequence" or kind == "ColumnDefault" then
    found.options.default = value
  elseif kind == "FetchedValue" or kind == "DefaultClause" then
    found.options.server_default = value
  elseif constraint.is(value) then
    table.insert(found.constraints, value)
  elseif value ~= nil then
    error(exc.ArgumentError(("Column takes a name, a type, and items such as ForeignKey; it was given %s")
      :format(describe.value(value))), 0)
  end
end

local function read_arguments(...)
  local args, given = table.pack(...), {}
  local last = args[args.n]
  if args.n > 0 and keywords.is_table(last) then
    given = keywords.check("Column", last, column_keywords, column_arguments, dataclass_keywords)
    keywords.expect_kinds("Column", given, mapped_kinds)
    args[args.n], args.n = nil, args.n - 1
  end
  local options = {}
  for key, value in next, given do options[key] = value end
  local found = {options = options, foreign_keys = {}, constraints = {}, name = options.name}
  local from = 1
  local name, quote = item.quoted(args[1])
  if quote ~= nil then args[1], options.quote = name, quote end
  if type(args[1]) == "string" then
    if found.name then error(exc.ArgumentError("May not pass name positionally and as a keyword."), 0) end
    found.name, from = args[1], 2
  end
  for i = from, args.n do
    add_item(found, args[i])
  end
  if options.type_ ~= nil then add_item(found, options.type_) end
  return found
end

local function set_options(target, options)
  for _, key in ipairs(core_keywords) do
    if options[key] ~= nil then core.column_set(target, key, options[key]) end
  end
  for _, part in ipairs {"not_null", "primary_key"} do
    local action = options["sqlite_on_conflict_" .. part]
    if action ~= nil then core.column_set(target, "conflict_" .. part, action) end
  end
  if options.sqlite_unindexed ~= nil then core.column_set(target, "unindexed", options.sqlite_unindexed) end
  if options.default == nil then options.default = options.insert_default end
  for _, slot in ipairs(default_keywords) do
    set_default(target, slot, options[slot])
  end
end

local function keep_record(target, found)
  local record, options = core.record(target), found.options
  record.serial = item.next_serial()
  record.foreign_keys, record.constraints = found.foreign_keys, found.constraints
  record.computed, record.identity = found.computed, found.identity
  record.doc, record.info = options.doc, options.info
  record.dialect_kwargs = item.dialect_kwargs(options)
  for _, name in ipairs(mapped_keywords) do
    if options[name] ~= nil then
      record.mapped = record.mapped or {}
      record.mapped[name] = options[name]
    end
  end
end

local function check_identity(options)
  if options.autoincrement == false then
    error(exc.ArgumentError("A column with an Identity object cannot specify autoincrement=False"), 0)
  end
  if options.server_default ~= nil or options.server_onupdate ~= nil then
    error(exc.ArgumentError("A column with an Identity object cannot specify a server_default or a server_onupdate argument"), 0)
  end
end

--- A column. Name and type may be left out: a mapped class gives the name, a foreign key's target the type. As SQLAlchemy's `Column` and
--- `mapped_column`.
---
---     la.Column("name", la.String(50), {nullable = false, index = true})
---     la.Column("user_id", la.ForeignKey("users.id", {ondelete = "CASCADE"}))
---@param ... any  the name, the type, ForeignKey, CheckConstraint, Computed, Identity, Sequence; last the options, lualchemy.ColumnOptions
---@raise ArgumentError for what is none of these, and for unknown options
---@return lualchemy.Column
function column.Column(...)
  local found = read_arguments(...)
  local target = core.column_new(found.name, found.type)
  keep_record(target, found)
  if found.identity then
    check_identity(found.options)
    if found.options.nullable == nil then found.options.nullable = false end
  end
  set_options(target, found.options)
  if found.computed then
    found.computed.column = target
    core.column_computed(target, found.computed.sqltext, found.computed.persisted)
  end
  for _, key in ipairs(found.foreign_keys) do
    key.parent = target
  end
  return target
end

-- Was the foreign key given with the column, not in a ForeignKeyConstraint of the table?
local function is_own_key(key)
  local owner = rawget(key, "constraint")
  return not owner or not owner._core or core.constraint_get(owner._core).inline_rendered
end

--- A copy without a table, for a mixin's class or another metadata. It keeps its place in the order of creation.
function column.copy_column(source)
  local copy = core.column_copy(source)
  local from, to = core.record(source), core.record(copy)
  for _, key in ipairs {"serial", "type", "default", "onupdate", "server_default", "server_onupdate",
    "default_function",
    "onupdate_function", "doc", "computed", "identity", "dialect_kwargs", "mapped"} do
    to[key] = from[key]
  end
  if from.info then
    to.info = {}
    for key, value in next, from.info do to.info[key] = value end
  end
  to.foreign_keys, to.constraints = {}, {}
  for _, key in ipairs(from.foreign_keys or {}) do
    if is_own_key(key) then
      local copied = constraint.copy_foreign_key(key)
      copied.parent = copy
      table.insert(to.foreign_keys, copied)
    end
  end
  for i, check in ipairs(from.constraints or {}) do
    to.constraints[i] = constraint.CheckConstraint(check._sqltext or check.sqltext, {name = rawget(check, "_name")})
  end
  return copy
end

--- What mapped_column() was told of the attribute beside the column, or nil.
---@param target lualchemy.Column
---@return table|nil
function column.mapped_options(target)
  return core.record(target).mapped
end

--- When the column was made, among all parts of schemas.
function column.column_serial(target)
  return core.record(target).serial or 0
end

--- Gives a column without a name the name `name`.
function column.name_column(target, name)
  if not column.is_column(target) then
    error(exc.ArgumentError(("expected a Column, got %s"):format(describe.value(target))), 0)
  end
  if target.name == nil then core.column_set(target, "name", name) end
  return target
end

-- ---------------------------------------------------------------------------------------------
-- Fields

-- A default of a column that Lua has not made: one that was reflected.
local function default_of(self, slot)
  local known = core.record(self)[slot]
  if known then return known end
  local kind, value = core.column_get_default(self, slot)
  if kind == "none" then return nil end
  local made
  if kind == "fetched" then
    made = column.FetchedValue()
  elseif client_slots[slot] then
    made = column.ColumnDefault(value)
  else
    made = column.DefaultClause(value)
  end
  core.record(self)[slot] = made
  return made
end

local function own_list(name)
  return function(self)
    local record = core.record(self)
    record[name] = record[name] or {}
    return core.list(record[name])
  end
end

local fields = {
  foreign_keys = function(self)
    if self.table then
      for _, box in ipairs(core.table_constraints(self.table)) do constraint.wrap(self.table, box) end
    end
    return own_list("foreign_keys")(self)
  end,
  constraints = own_list("constraints"),
  computed = function(self) return core.record(self).computed end,
  identity = function(self) return core.record(self).identity end,
  doc = function(self) return core.record(self).doc end,
  description = function(self) return self.name end,
  expr = function(self) return self end,
  expression = function(self) return self end,
  dialect_kwargs = function(self) return core.record(self).dialect_kwargs or {} end,
  kwargs = function(self) return self.dialect_kwargs end,
  info = function(self)
    local record = core.record(self)
    record.info = record.info or {}
    return record.info
  end,
}
for _, slot in ipairs(default_keywords) do
  fields[slot] = function(self) return default_of(self, slot) end
end

local methods = {}

--- Does the column refer to `other` by a foreign key?
---@param other lualchemy.Column
---@return boolean
function methods.references(self, other)
  for _, key in ipairs(self.foreign_keys) do
    if key.column == other then return true end
  end
  return false
end

--- Adds a ForeignKey to the column.
---@param key any
function methods.append_foreign_key(self, key)
  if item.kind(key) ~= "ForeignKey" then
    error(exc.ArgumentError(("append_foreign_key takes a ForeignKey, not %s"):format(describe.value(key))), 0)
  end
  local record = core.record(self)
  record.foreign_keys = record.foreign_keys or {}
  table.insert(record.foreign_keys, key)
  key.parent = self
  if self.table then constraint.attach_column_key(self.table, self, key) end
end

--- A copy that belongs to no table yet.
---@return lualchemy.Column
function methods.copy(self)
  return column.copy_column(self)
end

local names = keywords.set {"name", "key", "type", "table", "nullable", "primary_key", "unique", "index", "system",
  "comment",
  "autoincrement"}

core.hook("column_field", function(self, key)
  local field = fields[key]
  if field then return field(self) end
  if methods[key] then return methods[key] end
  if strict.is_probe(key) then return nil end
  strict.unknown(("column \"%s\""):format(tostring(self)), key, names, fields, methods)
end)

return column
