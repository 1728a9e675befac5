-- SPDX-License-Identifier: MIT
-- Constraints of tables: keys, UNIQUE, CHECK; and whatever comes to a table as one of them.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"
local item = require "lualchemy.schema.item"
local types = require "lualchemy.types"
local warnings = require "lualchemy.warnings"
local base = require "lualchemy.schema._constraint"

local constraint_arguments = base.constraint_arguments
local keyword_set = base.keyword_set
local split = base.split
local find_columns = base.find_columns
local common_fields = base.common_fields
local getters = base.getters
local to_text = base.to_text
local new = base.new
local core_options = base.core_options
local settle = base.settle
local join_columns = base.join_columns

local foreign_key = require "lualchemy.schema.foreign_key"
local index = require "lualchemy.schema.index"

local constraint = {
  column_of = base.column_of,
  join_columns = base.join_columns,
  ForeignKey = foreign_key.ForeignKey,
  ForeignKeyConstraint = foreign_key.ForeignKeyConstraint,
  copy_foreign_key = foreign_key.copy_foreign_key,
  attach_column_key = foreign_key.attach_column_key,
  Index = index.Index,
  index_over = index.index_over,
}

local UniqueConstraint = item.class("UniqueConstraint", {fields = common_fields, getters = getters(),
  methods = base.methods, tostring = to_text, sequence = "columns"})
local PrimaryKeyConstraint = item.class("PrimaryKeyConstraint", {fields = common_fields, getters = getters {
    -- The columns, the one that counts first.
    columns_autoinc_first = function(self)
      local counts, found = self.table and self.table.autoincrement_column, {}
      for _, column in ipairs(self.columns) do
        table.insert(found, column == counts and 1 or #found + 1, column)
      end
      return core.list(found)
    end,
  },
  methods = base.methods, tostring = to_text, sequence = "columns"})
local CheckConstraint = item.class("CheckConstraint", {
  fields = common_fields, getters = getters {
    sqltext = function(self) return self._core and core.constraint_get(self._core).sqltext or self._sqltext end,
  },
  methods = base.methods, sequence = "columns",
  tostring = function(self) return ("CheckConstraint(%s)"):format(tostring(self.sqltext)) end,
})

local column_keywords = keyword_set()

--- UNIQUE over columns, given by name or as they are.
---
---     la.UniqueConstraint("first", "last", {name = "uq_person"})
---@param ... any  columns; last the options, lualchemy.ConstraintOptions
---@raise ArgumentError for unknown options; ConstraintColumnNotFoundError, at the table, for a name that it does not have
function constraint.UniqueConstraint(...)
  local args, options = split("UniqueConstraint", column_keywords, 0, ...)
  return join_columns(new(UniqueConstraint, options, {_columns = base.check_columns(args, args.n)}), args)
end

--- The same with the columns in a list.
function constraint.unique_over(columns, options)
  local args = table.move(columns, 1, #columns, 1, {})
  args[#args + 1] = options
  return constraint.UniqueConstraint(table.unpack(args))
end

--- The primary key of a table, with a name; its columns take the place of those marked `primary_key`.
---
---     la.PrimaryKeyConstraint("order_id", "line", {name = "pk_lines"})
---@param ... any  columns; last the options, lualchemy.ConstraintOptions
function constraint.PrimaryKeyConstraint(...)
  local args, options = split("PrimaryKeyConstraint", column_keywords, 0, ...)
  return new(PrimaryKeyConstraint, options, {_columns = base.check_columns(args, args.n)})
end

--- CHECK: SQL text, or a condition.
---
---     la.CheckConstraint("age >= 0", {name = "ck_age"})
---@param sqltext string|lualchemy.ColumnElement
---@param options lualchemy.ConstraintOptions?
---@raise ArgumentError for what is neither, and for unknown options
function constraint.CheckConstraint(sqltext, options)
  options = keywords.check("CheckConstraint", options, keyword_set(), constraint_arguments)
  if type(sqltext) == "string" then
    sqltext = core.sql_text(sqltext)
  elseif not core.class_of(sqltext) then
    error(exc.ArgumentError(("CheckConstraint takes SQL text or a condition, not a %s"):format(type(sqltext))), 0)
  end
  local self = new(CheckConstraint, options, {_sqltext = sqltext})
  return join_columns(self, core.columns_of(sqltext))
end

local function key_of(part)
  return type(part) == "string" and part or part.key
end

--- The same constraint for `target`, or for any table: its columns are named by key.
function base.copy(self, target)
  local kind, keys = item.kind(self), {}
  local options = {name = rawget(self, "_name"), deferrable = self.deferrable, initially = self.initially,
    info = rawget(self, "_info")}
  for key, value in next, self.dialect_kwargs or {} do options[key] = value end
  if kind == "CheckConstraint" then
    local sqltext = self.sqltext
    if target and self.table then sqltext = core.move_columns(sqltext, self.table, target) end
    return new(CheckConstraint, options, {_sqltext = sqltext})
  end
  for i, part in ipairs(self.columns) do keys[i] = key_of(part) end
  if kind == "ForeignKeyConstraint" then return foreign_key.copy(self, keys, options) end
  local class = kind == "UniqueConstraint" and UniqueConstraint or PrimaryKeyConstraint
  return new(class, options, {_columns = keys})
end

--- The CHECK that a Boolean or Enum asks for.
function constraint.attach_type_check(target, column, values)
  local self = new(CheckConstraint, {name = types.__check_name(column.type)}, {_sqltext = column:in_(values)})
  local options = core_options(self)
  options.sqltext, options.type_bound = self._sqltext, column
  settle(self, target, core.constraint_add(target, "check", options), "ck")
end

-- ---------------------------------------------------------------------------------------------

local function quoted_names(columns)
  local names = {}
  for i, column in ipairs(columns) do names[i] = ("'%s'"):format(column.name) end
  return table.concat(names, ", ")
end

-- Columns that say `primary_key` and are not those of the constraint.
local function warn_of_other_key(target, columns)
  local marked, listed = target.primary_key.columns, {}
  for _, column in ipairs(columns) do listed[column] = true end
  local is_same = #marked == #columns
  for _, column in ipairs(marked) do is_same = is_same and listed[column] end
  if is_same or #marked == 0 or #columns == 0 then return end
  local given = quoted_names(columns)
  warnings.warn(("Table '%s' specifies columns %s as primary_key=True, not matching locally specified columns %s; setting the current " ..
    "primary key columns to %s"):format(target.name, quoted_names(marked), given, given))
end

--- Adds a constraint or an index to a table.
function constraint.attach(target, self)
  local kind = type(self) == "table" and item.kind(self)
  if not kind then
    error(exc.ArgumentError(("append_constraint takes a constraint or an Index, not %s"):format(describe.value(self))), 0)
  end
  if rawget(self, "_core") then
    if self.table == target then return end
    error(exc.ArgumentError(("%s belongs to table '%s' already"):format(tostring(self), self.table.name)), 0)
  end
  if kind == "Index" then
    index.attach(target, self)
  elseif kind == "ForeignKeyConstraint" then
    foreign_key.attach(target, self)
  elseif kind == "CheckConstraint" then
    -- One that was given with a column is written behind that.
    local column = rawget(self, "_column")
    local options = core_options(self, column and {column})
    options.sqltext, options.inline_rendered = self._sqltext, column ~= nil
    settle(self, target, core.constraint_add(target, "check", options), "ck")
  else
    local core_kind = kind == "UniqueConstraint" and "unique" or "primary_key"
    local columns = find_columns(kind, target, self._columns)
    local options = core_options(self, columns)
    if core_kind == "primary_key" then warn_of_other_key(target, columns) end
    settle(self, target, core.constraint_add(target, core_kind, options), core_kind == "unique" and "uq" or "pk")
  end
end
base.attach = constraint.attach

local classes = {primary_key = PrimaryKeyConstraint, unique = UniqueConstraint, check = CheckConstraint}
local conventions = {primary_key = "pk", unique = "uq", check = "ck"}

--- The object of a constraint or index of the core, made for one that Lua has not seen: the implicit primary
--- key, what was reflected.
function constraint.wrap(target, box)
  local items = core.record(target).items
  if items and items[box] then return items[box] end
  if core.is(box, "lualchemy.Index") then return index.wrap(target, box) end
  local known = core.constraint_get(box)
  if known.kind == "foreign_key" then return foreign_key.wrap(target, box, known) end
  local fields = {deferrable = known.deferrable, initially = known.initially, dialect_kwargs = {}}
  return settle(item.new(classes[known.kind], fields), target, box, conventions[known.kind])
end

--- Is it a constraint or an index?
function constraint.is(value)
  local kind = item.kind(value)
  return kind == "Index" or kind == "ForeignKeyConstraint" or kind == "UniqueConstraint" or
    kind == "PrimaryKeyConstraint" or kind == "CheckConstraint"
end

return constraint
