-- SPDX-License-Identifier: MIT
-- What constraints and indexes share: their arguments, names and columns, and how they come to a table.
--
-- An object is a description until it belongs to a table; then `_core` is the box of its core object, and
-- name, columns and the like are read from there.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"
local item = require "lualchemy.schema.item"
local select = core.lua_select

local base = {}

local constraint_arguments = item.dialect_arguments("Constraint")
local constraint_keywords = {"name", "deferrable", "initially", "info", "comment"}

local function keyword_set(more)
  local set = keywords.set(constraint_keywords)
  for _, name in ipairs(more or {}) do
    set[name] = true
  end
  return set
end

-- Arguments and checked keywords of a constraint's constructor.
local function split(name, known, required, ...)
  local args = table.pack(...)
  local last = args[args.n]
  if args.n > required and keywords.is_table(last) then
    args[args.n], args.n = nil, args.n - 1
    return args, keywords.check(name, last, known, name == "Index" and item.dialect_arguments("Index") or
      constraint_arguments)
  end
  return args, {}
end

-- ---------------------------------------------------------------------------------------------
-- Columns of a table by name or as they are

local function is_column(value)
  return core.is(value, "lualchemy.Column")
end

--- The COLUMN of an expression that is one: a column, a mapped attribute; nil for others.
local function column_of(value)
  if is_column(value) then return value end
  return core.class_of(value) and core.column_of(value) or nil
end

local function find_column(kind, target, column)
  if type(column) == "string" then
    local found = core.table_column(target, column)
    if not found then
      error(exc.ConstraintColumnNotFoundError(("Can't create %s on table '%s': no column named '%s' is present.")
        :format(kind, target.name, column)), 0)
    end
    return found
  end
  local found = column_of(column)
  if not found then
    error(exc.ArgumentError(("%s takes columns and their names, not a %s"):format(kind, type(column))), 0)
  end
  return found
end

-- The columns given to a constraint, each a name or a column.
local function check_columns(columns, count)
  for i = 1, count do
    if type(columns[i]) ~= "string" and not column_of(columns[i]) then
      error(exc.ArgumentError(("String column name or column expression for DDL constraint expected, got %s."):format(
        describe.value(columns[i]))), 0)
    end
  end
  return columns
end

local function find_columns(kind, target, columns)
  local found = {}
  for i, column in ipairs(columns) do
    found[i] = find_column(kind, target, column)
  end
  return found
end

-- ---------------------------------------------------------------------------------------------
-- What all have

local common_fields = {"table", "deferrable", "initially", "info", "comment", "parent", "dialect_kwargs", "_core",
  "_name"}

local function get_name(self)
  local box = rawget(self, "_core")
  if box then return core.constraint_name(box) end
  return (item.name_of("constraint", rawget(self, "_name")))
end

local function set_name(self, name)
  local text, is_final, quote = item.name_of("constraint", name)
  rawset(self, "_name", name)
  if not rawget(self, "_core") then return end
  core.constraint_set_name(self._core, text, is_final)
  core.constraint_quote(self._core, quote)
end

local function get_columns(self)
  local box = rawget(self, "_core")
  if box then return core.constraint_get(box).columns end
  return core.list(table.move(self._columns or {}, 1, #(self._columns or {}), 1, {}))
end

local function get_info(self)
  local info = rawget(self, "_info")
  if not info then
    info = {}
    rawset(self, "_info", info)
  end
  return info
end

local function getters(more)
  local all = {name = get_name, set_name = set_name, columns = get_columns, info = get_info,
    kwargs = function(self) return self.dialect_kwargs end}
  for key, getter in next, more or {} do
    all[key] = getter
  end
  return all
end

-- ---------------------------------------------------------------------------------------------
-- Methods

local condition_keywords = keywords.set {"dialect", "callable_", "state"}

--- The constraint or index is created only for the dialect (or dialects) named, or where `callable_(item, item,
--- connection or nil, options)` gives true; `state` is handed to that in `options.state`. Gives the item back.
local function ddl_if(self, options)
  options = keywords.check("ddl_if", options, condition_keywords)
  if options.callable_ ~= nil and type(options.callable_) ~= "function" then
    error(exc.ArgumentError(("ddl_if: callable_ is a function, not a %s"):format(type(options.callable_))), 0)
  end
  rawset(self, "_condition", options)
  return self
end

local methods = {
  ddl_if = ddl_if,
  --- Is `column` one of the constraint's?
  contains_column = function(self, column)
    for _, own in ipairs(self.columns) do
      if own == column then return true end
    end
    return false
  end,
  --- The same constraint for another table, which it joins by `append_constraint`: its columns go by name.
  ---@param options {target_table: lualchemy.Table?}?
  copy = function(self, options)
    options = keywords.check("copy", options, keywords.set {"target_table"})
    local made = base.copy(self, options.target_table)
    rawset(made, "_condition", rawget(self, "_condition"))
    return made
  end,
}

local function to_text(self)
  local names = {}
  for i, column in ipairs(self.columns) do
    names[i] = tostring(column)
  end
  local name = self.name
  return ("%s(%s%s)"):format(getmetatable(self).name, table.concat(names, ", "),
    name and (#names > 0 and ", " or "") .. ('{name = "%s"}'):format(name) or "")
end

local function new(class, options, fields)
  item.name_of(class.name, options.name)
  fields._name = options.name
  fields._info = options.info
  fields.deferrable, fields.initially, fields.comment = options.deferrable, options.initially, options.comment
  fields.dialect_kwargs = item.dialect_kwargs(options)
  return item.new(class, fields)
end

-- What every constraint tells the core.
local function core_options(self, columns)
  local name, is_final = item.name_of("constraint", rawget(self, "_name"))
  return {
    columns = columns, name = name, name_is_final = is_final, deferrable = self.deferrable, initially = self.initially,
    conflict = self.dialect_kwargs and self.dialect_kwargs.sqlite_on_conflict,
  }
end

-- Custom tokens of the metadata's naming convention are functions; the core knows the others.
local function apply_tokens(self, target, kind)
  local record = core.record(target.metadata)
  local format = record.conventions and record.conventions[kind]
  if not format or not record.tokens or rawget(self, "_name") and not format:find("constraint_name", 1,
    true) then return end
  if select(2, item.name_of("constraint", rawget(self, "_name"))) then return end
  local used = false
  local expanded = format:gsub("%%%(([%w_]+)%)s", function(token)
    local fn = record.tokens[token]
    if not fn then return nil end
    used = true
    return (tostring(fn(self, target)):gsub("%%", "%%%%"))
  end)
  if not used then return end
  core.metadata_convention(target.metadata, kind, expanded)
  local ok, name = pcall(core.constraint_name, self._core)
  core.metadata_convention(target.metadata, kind, format)
  if not ok then error(name, 0) end
  core.constraint_set_name(self._core, name, true)
end

--- Gives `self` its core object `box` in `target`.
local function settle(self, target, box, kind)
  core.constraint_quote(box, select(3, item.name_of("constraint", rawget(self, "_name"))))
  rawset(self, "_core", box)
  rawset(self, "table", target)
  rawset(self, "parent", target)
  local record = core.record(target)
  record.items = record.items or {}
  record.items[box] = self
  apply_tokens(self, target, kind)
  return self
end

--- Columns given as boxes of which all belong to one table: the constraint joins that at once, or when the last of
--- its columns is attached.
local function join_columns(self, columns)
  local target
  for _, column in ipairs(columns) do
    local found = type(column) ~= "string" and column_of(column)
    if found then
      if not found.table then
        local record = core.record(found)
        record.pending = record.pending or {}
        table.insert(record.pending, self)
        return self
      end
      target = target or found.table
    end
  end
  if target and not rawget(self, "_core") then base.attach(target, self) end
  return self
end

base.constraint_arguments = constraint_arguments
base.keyword_set = keyword_set
base.split = split
base.column_of = column_of
base.find_column = find_column
base.check_columns = check_columns
base.find_columns = find_columns
base.common_fields = common_fields
base.get_name = get_name
base.set_name = set_name
base.get_info = get_info
base.getters = getters
base.methods = methods
base.ddl_if = ddl_if
base.to_text = to_text
base.new = new
base.core_options = core_options
base.settle = settle
base.join_columns = join_columns

return base
