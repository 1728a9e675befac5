-- SPDX-License-Identifier: MIT
-- Constraints and indexes.
--
-- An object is a description until it belongs to a table; then `_core` is the box of its core object, and
-- name, columns and the like are read from there.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local item = require "lualchemy.schema.item"

local constraint = {}

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
    return args, keywords.check(name, last, known, name == "Index" and item.dialect_arguments("Index") or constraint_arguments)
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
constraint.column_of = column_of

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

local function find_columns(kind, target, columns)
  local found = {}
  for i, column in ipairs(columns) do
    found[i] = find_column(kind, target, column)
  end
  return found
end

-- ---------------------------------------------------------------------------------------------
-- What all have

local common_fields = {"table", "deferrable", "initially", "info", "comment", "parent", "dialect_kwargs", "_core", "_name"}

local function get_name(self)
  local box = rawget(self, "_core")
  if box then return core.constraint_name(box) end
  return (item.name_of("constraint", rawget(self, "_name")))
end

local function set_name(self, name)
  local text, is_final = item.name_of("constraint", name)
  rawset(self, "_name", name)
  if rawget(self, "_core") then core.constraint_set_name(self._core, text, is_final) end
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
  local all = {name = get_name, set_name = set_name, columns = get_columns, info = get_info}
  for key, getter in next, more or {} do
    all[key] = getter
  end
  return all
end

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
  if not format or not record.tokens or rawget(self, "_name") and not format:find("constraint_name", 1, true) then return end
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
  rawset(self, "_core", box)
  rawset(self, "table", target)
  rawset(self, "parent", target)
  local record = core.record(target)
  record.items = record.items or {}
  record.items[box] = self
  apply_tokens(self, target, kind)
  return self
end

-- ---------------------------------------------------------------------------------------------
-- Foreign keys

--- Schema, table and column that a string or a column names. A string without a point is a table.
local function target_names(spec)
  local column = type(spec) ~= "string" and column_of(spec)
  if column then
    if not column.table then
      error(exc.InvalidRequestError(("ForeignKey to column '%s', which belongs to no table yet"):format(tostring(column))), 0)
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
  if core.class_of(spec) and (is_column(spec) or core.column_of(spec)) then return spec end
  error(exc.ArgumentError(("%s refers to a column, given as a Column or as \"table.column\", not to a %s")
    :format(name, type(spec))), 0)
end

local foreign_keywords = keyword_set {"use_alter", "onupdate", "ondelete", "link_to_name", "match"}
local foreign_fields = {"use_alter", "onupdate", "ondelete", "link_to_name", "match"}

local function copy_fields(from, to)
  for _, field in ipairs(foreign_fields) do
    to[field] = from[field]
  end
  return to
end

local ForeignKey
ForeignKey = item.class("ForeignKey", {
  fields = {"parent", "constraint", "deferrable", "initially", "use_alter", "onupdate", "ondelete", "link_to_name", "match",
    "comment", "dialect_kwargs"},
  getters = {
    name = function(self)
      if self.constraint then return self.constraint.name end
      return (item.name_of("ForeignKey", rawget(self, "_name")))
    end,
    info = get_info,
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
      local _, referred = core.constraint_referred(self.constraint._core)
      return referred == other
    end,
  },
  tostring = function(self) return ('ForeignKey("%s")'):format(self.target_fullname) end,
})

--- A reference from a column to another: `Column(Integer, ForeignKey("users.id", {ondelete = "CASCADE"}))`.
---@param column string|lualchemy.Column
---@param options table?
function constraint.ForeignKey(column, options)
  options = keywords.check("ForeignKey", options, foreign_keywords, constraint_arguments)
  return new(ForeignKey, options, copy_fields(options, {_spec = check_spec("ForeignKey", column)}))
end

--- The same reference for a copy of its column.
function constraint.copy_foreign_key(key)
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
  tostring = to_text,
})

--- FOREIGN KEY over several columns: `ForeignKeyConstraint({"a", "b"}, {"other.a", "other.b"}, {name = …})`.
---@param columns table
---@param refcolumns table
---@param options table?
function constraint.ForeignKeyConstraint(columns, refcolumns, options)
  options = keywords.check("ForeignKeyConstraint", options, foreign_keywords, constraint_arguments)
  if type(columns) ~= "table" or type(refcolumns) ~= "table" then
    error(exc.ArgumentError("ForeignKeyConstraint takes a list of columns and a list of what they refer to"), 0)
  end
  if #columns ~= #refcolumns or #columns == 0 then
    error(exc.ArgumentError("ForeignKeyConstraint number of constrained columns must match the number of referenced columns."), 0)
  end
  local elements = {}
  for i, spec in ipairs(refcolumns) do
    elements[i] = new(ForeignKey, {}, copy_fields(options, {_spec = check_spec("ForeignKeyConstraint", spec), _place = i}))
  end
  return new(ForeignKeyConstraint, options, copy_fields(options, {_columns = columns, elements = core.list(elements)}))
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
function constraint.attach_column_key(target, column, key)
  key._listed, key._place = true, 1
  local self = new(ForeignKeyConstraint, {name = rawget(key, "_name"), deferrable = key.deferrable,
    initially = key.initially, comment = key.comment}, copy_fields(key, {elements = core.list {key}}))
  add_foreign_key(self, target, {column}, true)
end

-- ---------------------------------------------------------------------------------------------
-- Keys and checks

local UniqueConstraint = item.class("UniqueConstraint", {fields = common_fields, getters = getters(), tostring = to_text})
local PrimaryKeyConstraint = item.class("PrimaryKeyConstraint", {fields = common_fields, getters = getters(), tostring = to_text})
local CheckConstraint = item.class("CheckConstraint", {
  fields = common_fields, getters = getters {
    sqltext = function(self) return self._core and core.constraint_get(self._core).sqltext or self._sqltext end,
  },
  tostring = function(self) return ("CheckConstraint(%s)"):format(tostring(self.sqltext)) end,
})

-- Columns given as boxes of which all belong to one table: the constraint joins that at once, or when the last of its
-- columns is attached.
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
  if target and not rawget(self, "_core") then constraint.attach(target, self) end
  return self
end
constraint.join_columns = join_columns

local column_keywords = keyword_set()

--- UNIQUE over columns, given by name or as they are.
function constraint.UniqueConstraint(...)
  local args, options = split("UniqueConstraint", column_keywords, 0, ...)
  return join_columns(new(UniqueConstraint, options, {_columns = args}), args)
end

--- The same with the columns in a list.
function constraint.unique_over(columns, options)
  local args = table.move(columns, 1, #columns, 1, {})
  args[#args + 1] = options
  return constraint.UniqueConstraint(table.unpack(args))
end

--- The primary key of a table, with a name; its columns take the place of those marked `primary_key`.
function constraint.PrimaryKeyConstraint(...)
  local args, options = split("PrimaryKeyConstraint", column_keywords, 0, ...)
  return new(PrimaryKeyConstraint, options, {_columns = args})
end

--- CHECK: SQL text, or a condition.
---@param sqltext string|lualchemy.ColumnElement
---@param options table?
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

--- The CHECK that a Boolean or Enum asks for.
function constraint.attach_type_check(target, column, values)
  local name = column.type.name
  local self = new(CheckConstraint, {name = name}, {_sqltext = column:in_(values)})
  local options = core_options(self)
  options.sqltext, options.type_bound = self._sqltext, column
  settle(self, target, core.constraint_add(target, "check", options), "ck")
end

-- ---------------------------------------------------------------------------------------------
-- Indexes

local index_keywords = keywords.set {"unique", "quote", "info"}

local Index = item.class("Index", {
  fields = {"unique", "table", "parent", "dialect_kwargs", "_core", "_name"},
  getters = {
    name = get_name, set_name = set_name, info = get_info,
    columns = function(self)
      return self._core and core.index_get(self._core).columns or core.list {}
    end,
    expressions = function(self)
      return self._core and core.index_get(self._core).expressions or core.list(table.move(self._columns, 1, self._columns.n, 1, {}))
    end,
  },
  methods = {
    --- Creates the index in the database.
    create = function(self, bind, options) require("lualchemy.schema.ddl").create_index(self, bind, options) end,
    drop = function(self, bind, options) require("lualchemy.schema.ddl").drop_index(self, bind, options) end,
  },
  tostring = function(self)
    local parts = {('"%s"'):format(self.name or "nil")}
    for _, expr in ipairs(self.expressions) do
      parts[#parts + 1] = tostring(expr)
    end
    return ("Index(%s%s)"):format(table.concat(parts, ", "), self.unique and ", {unique = true}" or "")
  end,
})

--- An index over columns and expressions: `Index("ix_users_name", users.c.name, {unique = true})`. The name may be nil.
---@param name string?
function constraint.Index(name, ...)
  local args, options = split("Index", index_keywords, 0, ...)
  item.name_of("Index", name)
  local self = item.new(Index, {_name = name, _info = options.info, _columns = args, unique = options.unique or false,
    dialect_kwargs = item.dialect_kwargs(options)})
  local columns = {}
  for _, expr in ipairs(args) do
    if core.class_of(expr) then
      table.move(core.columns_of(expr), 1, #core.columns_of(expr), #columns + 1, columns)
    elseif type(expr) ~= "string" then
      error(exc.ArgumentError(("an Index is made of columns and expressions, not of a %s"):format(type(expr))), 0)
    end
  end
  return join_columns(self, columns)
end

--- The same with what it is made of in a list.
function constraint.index_over(name, expressions, options)
  local args = table.move(expressions, 1, #expressions, 1, {})
  args[#args + 1] = options
  return constraint.Index(name, table.unpack(args))
end

local function attach_index(target, self)
  local expressions = {}
  for i, expr in ipairs(self._columns) do
    if type(expr) == "string" then
      expressions[i] = find_column("Index", target, expr)
    else
      expressions[i] = column_of(expr) or expr
    end
  end
  local name, is_final = item.name_of("Index", rawget(self, "_name"))
  local where = self.dialect_kwargs.sqlite_where
  if type(where) == "string" then where = core.sql_text(where) end
  settle(self, target, core.index_add(target, {
    name = name, name_is_final = is_final, expressions = expressions, unique = self.unique, where = where,
  }), "ix")
end

-- ---------------------------------------------------------------------------------------------

--- Adds a constraint or an index to a table.
function constraint.attach(target, self)
  local kind = item.kind(self)
  if rawget(self, "_core") then
    if self.table == target then return end
    error(exc.ArgumentError(("%s belongs to table '%s' already"):format(tostring(self), self.table.name)), 0)
  end
  if kind == "Index" then
    attach_index(target, self)
  elseif kind == "ForeignKeyConstraint" then
    add_foreign_key(self, target, find_columns(kind, target, self._columns), false)
  elseif kind == "CheckConstraint" then
    local options = core_options(self)
    options.sqltext = self._sqltext
    settle(self, target, core.constraint_add(target, "check", options), "ck")
  else
    local core_kind = kind == "UniqueConstraint" and "unique" or "primary_key"
    local options = core_options(self, find_columns(kind, target, self._columns))
    settle(self, target, core.constraint_add(target, core_kind, options), core_kind == "unique" and "uq" or "pk")
  end
end

local classes = {primary_key = PrimaryKeyConstraint, foreign_key = ForeignKeyConstraint, unique = UniqueConstraint,
  check = CheckConstraint}
local conventions = {primary_key = "pk", foreign_key = "fk", unique = "uq", check = "ck"}

--- The object of a constraint or index of the core, made for one that Lua has not seen: the implicit primary key, what was
--- reflected.
function constraint.wrap(target, box)
  local items = core.record(target).items
  if items and items[box] then return items[box] end
  if core.is(box, "lualchemy.Index") then
    local known = core.index_get(box)
    return settle(item.new(Index, {_columns = {n = 0}, unique = known.unique, dialect_kwargs = {}}), target, box, "ix")
  end
  local known = core.constraint_get(box)
  local fields = {deferrable = known.deferrable, initially = known.initially, dialect_kwargs = {}}
  if known.kind == "foreign_key" then
    copy_fields(known, fields)
    fields.elements = core.list {}
    for i in ipairs(known.columns) do
      local name = known.referred_names[i]
      local spec = (known.referred_schema and known.referred_schema .. "." or "") .. known.referred_table ..
        (name ~= "" and "." .. name or "")
      fields.elements[i] = new(ForeignKey, {}, copy_fields(known, {_spec = spec, _place = i}))
    end
  end
  local self = settle(item.new(classes[known.kind], fields), target, box, conventions[known.kind])
  for i, element in ipairs(rawget(self, "elements") or {}) do
    rawset(element, "constraint", self)
    rawset(element, "parent", known.columns[i])
    element._listed = true
    local record = core.record(known.columns[i])
    record.foreign_keys = record.foreign_keys or {}
    table.insert(record.foreign_keys, element)
  end
  return self
end

--- Is it a constraint or an index?
function constraint.is(value)
  local kind = item.kind(value)
  return kind == "Index" or kind == "ForeignKeyConstraint" or kind == "UniqueConstraint" or
    kind == "PrimaryKeyConstraint" or kind == "CheckConstraint"
end

return constraint
