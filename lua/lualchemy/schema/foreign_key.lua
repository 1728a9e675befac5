-- SPDX-License-Identifier: MIT
-- References from columns to columns: ForeignKey of one, ForeignKeyConstraint of several.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local item = require "lualchemy.schema.item"
local base = require "lualchemy.schema._constraint"
local select = core.lua_select

local constraint_arguments = base.constraint_arguments
local keyword_set = base.keyword_set
local column_of = base.column_of
local common_fields = base.common_fields
local get_info = base.get_info
local getters = base.getters
local to_text = base.to_text
local new = base.new
local core_options = base.core_options
local settle = base.settle

local foreign_key = {}

--- Schema, table and column that a string or a column names. A string without a point is a table.
local function target_names(spec)
  local column = type(spec) ~= "string" and column_of(spec)
  if column then
    if not column.table then
      error(exc.InvalidRequestError(("ForeignKey to column '%s', which belongs to no table yet")
        :format(tostring(column))), 0)
    end
    return column.table.schema, column.table.name, column.key
  end
  local parts = {}
  for part in (spec .. "."):gmatch("([^.]*)%.") do
    parts[#parts + 1] = part
  end
  if #parts == 1 then return nil, parts[1], "" end
  local schema = #parts > 2 and table.concat(parts, ".", 1, #parts - 2) or nil
  return schema, parts[#parts - 1], parts[#parts]
end

local function check_spec(name, spec)
  if type(spec) == "string" and spec ~= "" then return spec end
  if core.class_of(spec) and column_of(spec) then return spec end
  error(exc.ArgumentError(("%s refers to a column, given as a Column or as \"table.column\", not to a %s")
    :format(name, type(spec))), 0)
end

local foreign_keywords = keyword_set {"use_alter", "onupdate", "ondelete", "link_to_name", "match"}
local foreign_kinds = {use_alter = "boolean", onupdate = "string", ondelete = "string", link_to_name = "boolean", match = "string",
  deferrable = "boolean", initially = "string", comment = "string", info = "table"}
local foreign_fields = {"use_alter", "onupdate", "ondelete", "link_to_name", "match"}

local function copy_fields(from, to)
  for _, field in ipairs(foreign_fields) do
    to[field] = from[field]
  end
  return to
end

local ForeignKey
ForeignKey = item.class("ForeignKey", {
  fields = {"parent", "constraint", "deferrable", "initially", "use_alter", "onupdate", "ondelete", "link_to_name",
    "match",
    "comment", "dialect_kwargs"},
  getters = {
    name = function(self)
      if self.constraint then return self.constraint.name end
      return (item.name_of("ForeignKey", rawget(self, "_name")))
    end,
    info = get_info,
    kwargs = function(self) return self.dialect_kwargs end,
    target_fullname = function(self)
      local schema, name, column = target_names(self._spec)
      return (schema and schema .. "." or "") .. name .. (column ~= "" and "." .. column or "")
    end,
    column = function(self)
      if not self.constraint then
        error(exc.InvalidRequestError(("ForeignKey '%s' belongs to no table yet"):format(self.target_fullname)), 0)
      end
      return core.constraint_referred(self.constraint._core)[self._place or 1]
    end,
  },
  methods = {
    references = function(self, other)
      if not self.constraint then
        error(exc.InvalidRequestError(("ForeignKey '%s' belongs to no table yet"):format(self.target_fullname)), 0)
      end
      local _, referred = core.constraint_referred(self.constraint._core)
      return referred == other
    end,
    --- The column of `other` that it refers to, or nil.
    get_referent = function(self, other)
      local column = self.column
      return column.table == other and column or nil
    end,
    --- The same reference for another column.
    copy = function(self) return foreign_key.copy_foreign_key(self) end,
  },
  tostring = function(self) return ('ForeignKey("%s")'):format(self.target_fullname) end,
})

--- A reference from a column to another: `Column(Integer, ForeignKey("users.id", {ondelete = "CASCADE"}))`.
---@param column string|lualchemy.Column  a column, or "table.column", with "schema." before it if there is one
---@param options lualchemy.ForeignKeyOptions?
---@raise ArgumentError for what is no column, and for unknown options; NoReferencedTableError, NoReferencedColumnError when it is used and
--- what it names is not there
function foreign_key.ForeignKey(column, options)
  options = keywords.check("ForeignKey", options, foreign_keywords, constraint_arguments)
  keywords.expect_kinds("ForeignKey", options, foreign_kinds)
  return new(ForeignKey, options, copy_fields(options, {_spec = check_spec("ForeignKey", column)}))
end

--- The same reference for a copy of its column.
function foreign_key.copy_foreign_key(key)
  local fields = copy_fields(key, {_spec = key._spec})
  return new(ForeignKey, {name = rawget(key, "_name"), deferrable = key.deferrable, initially = key.initially,
    info = rawget(key, "_info"), comment = key.comment}, fields)
end

local ForeignKeyConstraint = item.class("ForeignKeyConstraint", {
  fields = {"elements", "use_alter", "onupdate", "ondelete", "link_to_name", "match", table.unpack(common_fields)},
  getters = getters {
    column_keys = function(self)
      local keys = {}
      for i, column in ipairs(self.columns) do
        keys[i] = column.key
      end
      return core.list(keys)
    end,
    referred_table = function(self) return select(2, core.constraint_referred(self._core)) end,
  },
  methods = base.methods,
  tostring = to_text,
  sequence = "columns",
})

--- FOREIGN KEY over several columns: `ForeignKeyConstraint({"a", "b"}, {"other.a", "other.b"}, {name = …})`.
---@param columns (string|lualchemy.Column)[]  of the table
---@param refcolumns (string|lualchemy.Column)[]  what they refer to, as many
---@param options lualchemy.ForeignKeyOptions?
---@raise ArgumentError if the lists differ in length
function foreign_key.ForeignKeyConstraint(columns, refcolumns, options)
  options = keywords.check("ForeignKeyConstraint", options, foreign_keywords, constraint_arguments)
  keywords.expect_kinds("ForeignKeyConstraint", options, foreign_kinds)
  if type(columns) ~= "table" or type(refcolumns) ~= "table" then
    error(exc.ArgumentError("ForeignKeyConstraint takes a list of columns and a list of what they refer to"), 0)
  end
  if #columns ~= #refcolumns or #columns == 0 then
    error(exc.ArgumentError(
      "ForeignKeyConstraint number of constrained columns must match the number of referenced columns."), 0)
  end
  base.check_columns(columns, #columns)
  local elements = {}
  for i, spec in ipairs(refcolumns) do
    elements[i] = new(ForeignKey, {}, copy_fields(options, {_spec = check_spec("ForeignKeyConstraint", spec),
      _place = i}))
  end
  local made = new(ForeignKeyConstraint, options, copy_fields(options, {_columns = columns, elements = core.list(elements)}))
  return base.join_columns(made, columns)
end

--- The same constraint over the columns of the keys `keys`, for another table.
function foreign_key.copy(self, keys, options)
  local targets = {}
  for i, element in ipairs(self.elements) do targets[i] = element.target_fullname end
  return foreign_key.ForeignKeyConstraint(keys, targets, copy_fields(self, options))
end

-- The columns that `elements` refer to, if each is given as a column of one table; else nil: they go by name.
local function given_columns(elements)
  local given = {}
  for i, element in ipairs(elements) do
    local spec = element._spec
    given[i] = type(spec) ~= "string" and column_of(spec) or nil
    if not given[i] or given[i].table ~= given[1].table then return nil end
  end
  return given
end

-- Adds the foreign key constraint `self` over `columns` to `target`.
local function add_foreign_key(self, target, columns, inline)
  local options = core_options(self, columns)
  copy_fields(self, options)
  options.use_alter, options.link_to_name = self.use_alter or nil, nil
  options.inline_rendered = inline
  options.referred_names = {}
  local first
  for i, element in ipairs(self.elements) do
    local schema, name, column = target_names(element._spec)
    if first and (first[1] ~= schema or first[2] ~= name) then
      error(exc.ArgumentError(("ForeignKeyConstraint on %s(%s) refers to multiple remote tables: %s and %s"):format(
        target.fullname, table.concat(self.column_keys, ", "), first[2], name)), 0)
    end
    first = first or {schema, name}
    options.referred_names[i] = column
  end
  options.referred_schema, options.referred_table = first[1], first[2]
  options.referred_columns = given_columns(self.elements)
  settle(self, target, core.constraint_add(target, "foreign_key", options), "fk")
  for i, element in ipairs(self.elements) do
    rawset(element, "constraint", self)
    rawset(element, "parent", columns[i])
    local record = core.record(columns[i])
    record.foreign_keys = record.foreign_keys or {}
    if not element._listed then
      element._listed = true
      table.insert(record.foreign_keys, element)
    end
  end
end

--- Adds the foreign key of `column`, which is attached.
function foreign_key.attach_column_key(target, column, key)
  key._listed, key._place = true, 1
  local self = new(ForeignKeyConstraint, {name = rawget(key, "_name"), deferrable = key.deferrable,
    initially = key.initially, comment = key.comment}, copy_fields(key, {elements = core.list {key}}))
  add_foreign_key(self, target, {column}, true)
end

--- Adds a ForeignKeyConstraint to a table.
function foreign_key.attach(target, self)
  add_foreign_key(self, target, base.find_columns("ForeignKeyConstraint", target, self._columns), false)
end

--- The object of a foreign key of the core that Lua has not seen.
function foreign_key.wrap(target, box, known)
  local fields = copy_fields(known, {deferrable = known.deferrable, initially = known.initially, dialect_kwargs = {},
    elements = core.list {}})
  for i in ipairs(known.columns) do
    local name = known.referred_names[i]
    local spec = (known.referred_schema and known.referred_schema .. "." or "") .. known.referred_table ..
      (name ~= "" and "." .. name or "")
    fields.elements[i] = new(ForeignKey, {}, copy_fields(known, {_spec = spec, _place = i}))
  end
  local self = settle(item.new(ForeignKeyConstraint, fields), target, box, "fk")
  for i, element in ipairs(self.elements) do
    rawset(element, "constraint", self)
    rawset(element, "parent", known.columns[i])
    element._listed = true
    local record = core.record(known.columns[i])
    record.foreign_keys = record.foreign_keys or {}
    table.insert(record.foreign_keys, element)
  end
  return self
end

return foreign_key
