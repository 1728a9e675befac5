-- SPDX-License-Identifier: MIT
-- Attributes that are one value made of several columns, as SQLAlchemy's `composite()`.
--
-- A composite is a descriptor (orm/descriptor.lua): the columns are mapped under their own names, the value is made of them when it is read and kept
-- as long as they stay as they are. In statements it stands for its columns.
local changes = require "lualchemy.orm.changes"
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local descriptors = require "lualchemy.orm.descriptor"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local relationships = require "lualchemy.orm.relationship"
local schema = require "lualchemy.schema"
local strict = require "lualchemy.strict"
local select = core.lua_select

local M = {}

local null = core.null()

local Composite = {__name = "lualchemy.composite", is_descriptor = true}
Composite.__index = Composite

--- Is `value` a composite?
---@param value any
---@return boolean
function M.is_composite(value)
  return getmetatable(value) == Composite
end

local composite_keywords = keywords.set {"group", "deferred", "raiseload", "active_history", "return_none_on", "comparator_factory", "info", "doc"}

local function is_callable(value)
  if type(value) == "function" then return true end
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and meta.__call ~= nil or type(value) == "table" and meta == false
end

local function new(make, items, options)
  local composite = setmetatable({make = make, items = items, options = options}, Composite)
  composite.values = setmetatable({}, {__mode = "k"}) -- object → {the columns' values, value = what they make}
  return composite
end

--- One value of several columns: `make` gets their values and gives the value, which has a method `__composite_values` that gives them back, and
--- `__eq`. As SQLAlchemy's `composite()`. In statements it is compared column by column, selected as the value, ordered by, and set.
---
---     local Vertex = Base:class "Vertex" {
---       __tablename__ = "vertices",
---       id = Column(Integer, {primary_key = true}),
---       start = composite(Point, Column("x1", Integer), Column("y1", Integer)),
---     }
---     vertex.start = Point(3, 4); la.select(Vertex):where(Vertex.start:eq(Point(3, 4)))
---@param make fun(...): any  a function, or a class that is called
---@param ... any  Columns, which have names or are fields of the class, names of attributes, attributes; then options:
--- `group`, `deferred`, `raiseload`, `active_history` of the columns;
--- `return_none_on`: a function of the values that says when there is no value (when all are nil), or false: never; `comparator_factory`: a table
--- of methods for statements, which find the attributes in `self.clauses`
---@return table
---@raise ArgumentError for no columns, or what is none
function M.composite(make, ...)
  if not is_callable(make) then
    error(exc.ArgumentError(("composite takes the function or class that makes its values, then the columns; not %s"):format(describe.value(make))), 2)
  end
  local items, options = keywords.split("composite", composite_keywords, 1, ...)
  if items.n == 0 then error(exc.ArgumentError("composite takes the columns that its value is made of"), 2) end
  for i = 1, items.n do
    local item = items[i]
    if type(item) ~= "string" and not schema.is_column(item) and not core.attribute_of(item) then
      error(exc.ArgumentError(("composite: argument %d is %s, which is neither a Column nor an attribute nor its name"):format(i + 1,
        describe.value(item))), 2)
    end
  end
  if options.return_none_on and type(options.return_none_on) ~= "function" then
    error(exc.ArgumentError("composite: return_none_on is a function of the values, or false"), 2)
  end
  return new(make, items, options)
end

--- A copy with columns of its own, for a class that gets it from a mixin.
function Composite:copy()
  local items = {n = self.items.n}
  for i, item in ipairs(self.items) do items[i] = schema.is_column(item) and item.table == nil and schema.copy_column(item) or item end
  return new(self.make, items, self.options)
end

--- When the first of its columns was made, for the order of fields.
function Composite:serial()
  local first = self.items[1]
  return schema.is_column(first) and schema.column_serial(first) or 0
end

--- The columns that come with it, as fields: {key, value}.
function Composite:fields()
  local fields, options = {}, self.options
  for _, item in ipairs(self.items) do
    if schema.is_column(item) then
      local value = item
      if options.deferred or options.group or options.raiseload or options.active_history then
        value = relationships.column_property(item, {deferred = options.deferred, group = options.group, raiseload = options.raiseload,
          active_history = options.active_history})
      end
      fields[#fields + 1] = {key = item.key or item.name, value = value, serial = schema.column_serial(item)}
    end
  end
  return fields
end

--- The name under which one of the fields above is mapped.
function M.key_of(field)
  if field.key == nil then error(exc.ArgumentError("Composite class column arguments must be named: Column(\"x\", Integer)"), 0) end
  return field.key
end

local function key_of_column(class, column)
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.column == column then return property.key end
  end
end

--- The names of the attributes that its value is made of.
function Composite:keys(class)
  if not self.names then
    local names = {}
    for i, item in ipairs(self.items) do
      local key = item
      if schema.is_column(item) then
        key = key_of_column(class, item)
      elseif type(item) ~= "string" then
        key = select(2, core.attribute_of(item))
      end
      if key == nil or not core.mapper_has(class, key) then
        error(exc.ArgumentError(("composite of class %s: %s is no attribute of a column"):format(class.__name__, describe.value(item))), 0)
      end
      names[i] = key
    end
    self.names = names
  end
  return self.names
end

local function method_of(value)
  return (type(value) == "table" or type(value) == "userdata") and value.__composite_values or nil
end

--- The values of the columns in a value of the composite, a packed list.
function Composite:unpacked(value, what)
  local count = self.items.n
  if value == nil or value == null then return {n = count} end
  local method = method_of(value)
  if not method then
    error(exc.InvalidRequestError(("%s: %s has no method __composite_values(), which gives the values of its columns")
      :format(what, describe.value(value))), 0)
  end
  local found = table.pack(method(value))
  if found.n == 1 and type(found[1]) == "table" and count > 1 then
    found = found[1]
    found.n = found.n or count
  end
  if found.n ~= count then
    error(exc.InvalidRequestError(("%s: __composite_values() gives %d values, and there are %d columns"):format(what, found.n, count)), 0)
  end
  return found
end

--- The value that the packed list of its columns' values makes.
function Composite:made(values)
  local none = self.options.return_none_on
  if none then
    if none(table.unpack(values, 1, self.items.n)) then return nil end
  elseif none == nil then
    local all = true
    for i = 1, self.items.n do all = all and values[i] == nil end
    if all then return nil end
  end
  return self.make(table.unpack(values, 1, self.items.n))
end

-- What makes values that tell of changes inside (lualchemy.ext.mutable) → {coerce, owned}.
local watchers = setmetatable({}, {__mode = "k"})

--- For values that `make` makes: `coerce(key, value)` gives what an assignment stores, `owned(value, composite, object, key)` is called
--- with the objects that show a value.
---@param make any
---@param functions {coerce: function, owned: function}
function M.watch(make, functions)
  watchers[make] = functions
end

local function own(self, value, object, key)
  local watcher = value ~= nil and watchers[self.make]
  if watcher then watcher.owned(value, self, object, key) end
end

function Composite:keep(object, key, value)
  local kept = {value = value}
  for i, name in ipairs(self.names) do kept[i] = object[name] end
  self.values[object] = kept
  own(self, value, object, key)
end

function Composite:get(object, key)
  local kept, now = self.values[object], {}
  local same = kept ~= nil
  for i, name in ipairs(self:keys(core.mapped_class_of(object))) do
    now[i] = object[name]
    same = same and now[i] == kept[i]
  end
  if same then return kept.value end
  now.value = self:made(now)
  if now.value ~= nil then
    self.values[object] = now
    own(self, now.value, object, key)
  end
  return now.value
end

--- Does `object` show `value`?
function Composite:shows(object, value)
  local kept = self.values[object]
  if not kept or not rawequal(kept.value, value) then return false end
  for i, name in ipairs(self.names) do
    if object[name] ~= kept[i] then return false end
  end
  return true
end

--- Gives the columns of `object` the values in `value`.
function Composite:store(object, key, value)
  local class = core.mapped_class_of(object)
  local values = self:unpacked(value, ("%s.%s"):format(class.__name__, key))
  for i, name in ipairs(self:keys(class)) do object[name] = values[i] end
  self:keep(object, key, value)
end

function Composite:set(object, key, value)
  value = changes.validated(object, key, value)
  local watcher = watchers[self.make]
  if watcher then value = watcher.coerce(key, value) end
  self:store(object, key, value)
end

function Composite:delete(object, key)
  self:set(object, key, nil)
end

--- What came and went, as values of the composite.
function Composite:history(object)
  local added, deleted, changed = {}, {}, false
  for i, name in ipairs(self:keys(core.mapped_class_of(object))) do
    local came, stayed, went = core.object_history(object, name)
    changed = changed or #came + #went > 0
    local now = came[1]
    if now == nil then now = stayed[1] end
    if now ~= nil and now ~= null then added[i] = now end
    if went[1] ~= nil and went[1] ~= null then deleted[i] = went[1] end
    if #came + #went == 0 then deleted[i] = added[i] end
  end
  local now, before = self:made(added), self:made(deleted)
  if not changed then return {}, {now == nil and null or now}, {} end
  return {now == nil and null or now}, {}, {before == nil and null or before}
end

-- ---------------------------------------------------------------------------------------------
-- In statements

local Comparator = {}
local methods = {}

local function compared(method, join)
  return function(self, other)
    local parts = {}
    local values = rawget(self, "descriptor"):unpacked(other, tostring(self))
    for i, attribute in ipairs(rawget(self, "clauses")) do parts[i] = attribute[method](attribute, values[i]) end
    return require("lualchemy")[join](table.unpack(parts))
  end
end

methods.eq, methods.lt, methods.le, methods.gt, methods.ge = compared("eq", "and_"), compared("lt", "and_"), compared("le", "and_"), compared("gt", "and_"),
  compared("ge", "and_")
-- Other than SQLAlchemy's, which joins these by AND: two values differ if one of their columns does.
methods.ne = compared("ne", "or_")

local function ordered(method)
  return function(self)
    local parts = {}
    for i, attribute in ipairs(rawget(self, "clauses")) do parts[i] = attribute[method](attribute) end
    return core.bundle(rawget(self, "key"), parts)
  end
end
for _, name in ipairs {"asc", "desc", "nulls_first", "nulls_last"} do methods[name] = ordered(name) end

local function listed(method)
  return function(self, list)
    local rows = {}
    for i, value in ipairs(list) do rows[i] = rawget(self, "descriptor"):unpacked(value, tostring(self)) end
    local tuple = require("lualchemy").tuple_(table.unpack(rawget(self, "clauses")))
    return tuple[method](tuple, rows)
  end
end
methods.in_, methods.not_in = listed "in_", listed "not_in"

function Comparator.__index(self, key)
  local factory = rawget(self, "descriptor").options.comparator_factory
  local found = factory and factory[key] or methods[key]
  if found ~= nil or strict.is_probe(key) then return found end
  strict.unknown(tostring(self), key, methods, factory or {})
end

function Comparator.__tostring(self)
  return ("%s.%s"):format(rawget(self, "class_").__name__, rawget(self, "key"))
end

--- The attributes of the columns of `Class.composite`; nil for anything else.
---@param value any
---@return table[]?
function M.attributes(value)
  return getmetatable(value) == Comparator and rawget(value, "clauses") or nil
end

--- The names that refresh() and expire() are given, with those of the columns in the place of a composite's.
core.hook("column_names", function(class, names)
  local found = {}
  for _, name in ipairs(names) do
    local descriptor = descriptors.find(class, name)
    for _, key in ipairs(M.is_composite(descriptor) and descriptor:keys(class) or {name}) do found[#found + 1] = key end
  end
  return found
end)

function Composite:of(entity, key, class)
  local clauses = {}
  self.row_value = self.row_value or function(...) return self:made {...} end -- the number below does not hold it
  self.maker = self.maker or core.host(self.row_value)
  for i, name in ipairs(self:keys(class)) do clauses[i] = entity[name] end
  return setmetatable({descriptor = self, key = key, class_ = class, clauses = clauses,
    __clause_element = core.bundle(key, clauses, self.maker)}, Comparator)
end

--- What `la.update(Class):values{key = value}` sets.
function Composite:update_pairs(class, key, value)
  local what, pairs_of = ("%s.%s"):format(class.__name__, key), {}
  if value ~= nil and value ~= null and not method_of(value) then
    error(exc.ArgumentError(("Can't UPDATE composite attribute %s to %s"):format(what, describe.value(value))), 0)
  end
  local values = self:unpacked(value, what)
  for i, name in ipairs(self:keys(class)) do
    pairs_of[i] = {class[name], values[i] == nil and null or values[i]}
  end
  return pairs_of
end

--- What a row of a bulk INSERT or UPDATE sets.
function Composite:bulk(class, row, value, key)
  local values = self:unpacked(value, ("%s.%s"):format(class.__name__, key))
  for i, name in ipairs(self:keys(class)) do row[name] = values[i] == nil and null or values[i] end
end

--- Adds a composite to a class that exists, with the columns that it brings.
function M.add(class, key, composite)
  for _, field in ipairs(composite:fields()) do
    local column = schema.is_column(field.value) and field.value or field.value.expression
    if not key_of_column(class, column) and not core.mapper_has(class, M.key_of(field)) then class[field.key] = field.value end
  end
  descriptors.add(class, key, composite)
  return composite:keys(class)
end

return M
