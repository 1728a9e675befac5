-- SPDX-License-Identifier: MIT
-- The fields of class tables: what they may be, and those of a class with what mixins and abstract bases add.
local composites = require "lualchemy.orm.composite"
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local item = require "lualchemy.schema.item"
local relationships = require "lualchemy.orm.relationship"
local schema = require "lualchemy.schema"
local warnings = require "lualchemy.warnings"

local M = {}

--- What declarative keeps of a class beside its raw fields: class → {keys, objects, metatable, own, registry, abstract}.
M.records = setmetatable({}, {__mode = "k"})

M.Mixin = {__name = "lualchemy.Mixin"}
M.DeclaredAttr = {__name = "lualchemy.declared_attr"}

M.directives = keywords.set {
  "__tablename__", "__table_args__", "__mapper_args__", "__table__", "__table_cls__", "__abstract__", "__init", "__declare_first__",
  "__declare_last__",
}
-- Functions of a class table that are fields of the class although directives.
M.callable_directives = keywords.set {"__init", "__declare_first__", "__declare_last__", "__table_cls__"}
M.metamethods = keywords.set {
  "__tostring", "__eq", "__lt", "__le", "__call", "__concat", "__len", "__unm", "__add", "__sub", "__mul", "__div",
  "__idiv", "__mod", "__pow", "__band", "__bor", "__bxor", "__bnot", "__shl", "__shr", "__pairs", "__name",
}
M.reserved = keywords.set {"metadata", "registry"}

--- Attributes that several classes share: `orm.mixin{ created_at = Column(DateTime), touch = function(self) … end }`. Columns are copied into
--- each class that has it.
---@param fields table
---@return table mixin  for the array part of a class table
function M.mixin(fields)
  keywords.expect("mixin", "a table of attributes", fields, "table")
  return setmetatable(fields, M.Mixin)
end

--- A declared_attr; `cascading`: classes below a mapped one get their own, too.
local function declared(make, cascading)
  if type(make) ~= "function" then
    error(exc.ArgumentError(("declared_attr takes a function of the class, not %s"):format(describe.value(make))), 3)
  end
  return setmetatable({make = make, cascading = cascading, serial = item.next_serial()}, M.DeclaredAttr)
end

--- A field that is worked out for each class, as SQLAlchemy's `declared_attr`. The function finds the other columns of the class in it.
---
---     orm.mixin{ __tablename__ = declared_attr(function(cls) return cls.__name__:lower() end) }
---     orm.mixin{ x = Column(Integer), y = Column(Integer), sum = declared_attr(function(cls) return column_property(cls.x + cls.y) end) }
---
--- Directives like `__tablename__` are worked out for every class of a hierarchy, attributes for the topmost that has a table:
--- `declared_attr.cascading(fn)` for those below it, too. `declared_attr.directive(fn)` is the same as `declared_attr(fn)`.
---@overload fun(make: fun(cls: table): any): table
M.declared_attr = setmetatable({
  --- Worked out for every mapped class of a hierarchy.
  ---@param make fun(cls: table): any
  ---@return table
  cascading = function(make) return declared(make, true) end,
  --- A declared_attr for `__tablename__` and its kin.
  ---@param make fun(cls: table): any
  ---@return table
  directive = function(make) return declared(make, false) end,
}, {
  __name = "lualchemy.declared_attr",
  __call = function(_, make) return declared(make, false) end,
})

--- Copies of a mixin's or abstract class's values, so that each class has its own.
local function own_copy(value)
  if schema.is_column(value) then return schema.copy_column(value) end
  if composites.is_composite(value) then return value:copy() end
  if relationships.is_property(value) then
    local copy = setmetatable({}, relationships.Property)
    for key, field in pairs(value) do copy[key] = field end
    copy.options = {}
    for key, field in pairs(value.options or {}) do copy.options[key] = field end
    if schema.is_column(value.expression) then copy.expression = schema.copy_column(value.expression) end
    return copy
  end
  return value
end

--- When a field was made, for those that remember.
function M.serial_of(value)
  if schema.is_column(value) then return schema.column_serial(value) end
  if composites.is_composite(value) then return value:serial() end
  if getmetatable(value) == M.DeclaredAttr then return value.serial end
  if relationships.is_property(value) then
    if schema.is_column(value.expression) then return schema.column_serial(value.expression) end
    return value.serial
  end
  return 0
end

function M.refuse_name(class_name, key)
  if M.reserved[key] then
    error(exc.InvalidRequestError(("Attribute name '%s' is reserved when using the Declarative API (class %s); " ..
      "call the attribute otherwise and give the column its name: Column(\"%s\", …)")
      :format(key, class_name, key)), 0)
  end
  if key:sub(1, 2) == "__" and not M.directives[key] and not M.metamethods[key] then
    error(exc.ArgumentError(("class %s: \"%s\" can't be a name of an attribute or metamethod here"):format(class_name, key)), 0)
  end
end

--- Adds those who give fields to a class: `definition`, then the mixins in its array part, which may have mixins, too.
--- `copied`: the class has copies; `below`: a mapped class has these fields already.
local function add_sources(class, definition, copied, below, into)
  into[#into + 1] = {fields = definition, copied = copied, below = below}
  for i, mixin in ipairs(definition) do
    if type(mixin) ~= "table" or (getmetatable(mixin) ~= M.Mixin and getmetatable(mixin) ~= nil and not M.records[mixin]) then
      error(exc.ArgumentError(("class %s: item %d of its table is a %s; mixins stand there"):format(class.__name__, i, type(mixin))), 0)
    end
    add_sources(class, M.records[mixin] and M.records[mixin].definition or mixin, true, below, into)
  end
end

--- Those who give fields to a class: itself, its mixins, its abstract bases with theirs; and its mapped ones, for what they pass on.
local function sources_of(class, definition, parent)
  local sources, below, base = {}, false, parent
  add_sources(class, definition, false, false, sources)
  while base and M.records[base] do
    local record = M.records[base]
    below = below or not (record.abstract or record.template)
    if record.definition then add_sources(class, record.definition, true, below, sources) end
    base = rawget(base, "__base__")
  end
  return sources
end

--- Does a class below a mapped one get `value` as the field `key`, too?
local function passes_mapped(key, value)
  return key == "__table_cls__" or getmetatable(value) == M.DeclaredAttr and (value.cascading or M.directives[key] == true)
end

--- A cascading declared_attr takes the place of the class's own field.
local function override(class, key, value, source, own)
  warnings.warn(("Attribute '%s' on class %s cannot be processed due to declared_attr.cascading; skipping"):format(key, class.__name__))
  own.value, own.serial, own.copied, own.is_own = value, M.serial_of(value), source.copied, nil
end

--- The fields of one source in a sequence of {key, value}, in the order in which they were made; names that are taken are left out.
local function gather(class, source, taken, into)
  local from = #into + 1
  for key, value in next, source.fields do
    if key == "metadata" and core.is(value, "lualchemy.MetaData") then
      M.records[class].metadata = M.records[class].metadata or value
    elseif type(key) == "string" and not taken[key] and (not source.below or passes_mapped(key, value)) then
      M.refuse_name(class.__name__, key)
      taken[key] = {key = key, value = source.copied and own_copy(value) or value, serial = M.serial_of(value), copied = source.copied,
        is_own = source.is_own}
      into[#into + 1] = taken[key]
    elseif type(taken[key]) == "table" and taken[key].is_own and getmetatable(value) == M.DeclaredAttr and value.cascading then
      override(class, key, value, source, taken[key])
    elseif type(key) ~= "string" and math.type(key) ~= "integer" then
      error(exc.ArgumentError(("class %s: a field is named by a string, not by a %s"):format(class.__name__, type(key))), 0)
    end
  end
  local found = table.move(into, from, #into, 1, {})
  table.sort(found, function(a, b)
    if a.serial ~= b.serial then return a.serial < b.serial end
    return a.key < b.key
  end)
  table.move(found, 1, #found, from, into)
end

--- Calls the functions of the declared_attrs among `fields`; while they run, the class shows its fields. That of `__mapper_args__` waits until
--- the class has its table.
local function work_out(class, fields, by_name)
  local function value_of(key)
    local field = by_name[key]
    if type(field) ~= "table" then return nil end
    if getmetatable(field.value) == M.DeclaredAttr then
      if field.running then
        error(exc.InvalidRequestError(("class %s: the declared_attr \"%s\" needs itself"):format(class.__name__, key)), 0)
      end
      field.running = true
      local made = field.value.make(class)
      field.value = field.copied and own_copy(made) or made
    end
    if schema.is_column(field.value) then schema.name_column(field.value, key) end
    return field.value
  end
  local function shown(fn)
    M.records[class].showing = value_of
    local made = fn()
    M.records[class].showing = nil
    return made
  end
  shown(function()
    for _, field in ipairs(fields) do
      if field.key ~= "__mapper_args__" and getmetatable(field.value) == M.DeclaredAttr then value_of(field.key) end
    end
  end)
  local arguments = by_name.__mapper_args__
  if arguments and getmetatable(arguments.value) == M.DeclaredAttr then
    local make = arguments.value.make
    arguments.value = function() return shown(function() return make(class) end) end
  end
end

--- The column of a field or part, if it is one.
local function column_of(value)
  if schema.is_column(value) then return value end
  return relationships.is_property(value) and schema.is_column(value.expression) and value.expression or nil
end

--- The fields with those that composites bring: columns that are no fields yet.
local function with_parts(fields, taken)
  local all, columns = {}, {}
  for _, field in ipairs(fields) do
    local column = column_of(field.value)
    if column then columns[column] = true end
  end
  for _, field in ipairs(fields) do
    all[#all + 1] = field
    for _, part in ipairs(composites.is_composite(field.value) and field.value:fields() or {}) do
      if not columns[column_of(part.value)] and not taken[composites.key_of(part)] then
        taken[part.key] = part
        all[#all + 1] = part
      end
    end
  end
  return all
end

--- Own fields, then those of mixins, then those of abstract bases. An abstract class leaves its declared_attrs to the classes below it.
function M.all_fields(class, definition, parent, abstract)
  local taken, fields = {}, {}
  M.records[class].metadata = nil
  for i, source in ipairs(sources_of(class, definition, parent)) do
    source.is_own = i == 1
    gather(class, source, taken, fields)
    if i == 1 then taken.__abstract__ = taken.__abstract__ or true end
  end
  M.records[class].metadata = M.records[class].metadata or parent and M.records[parent].metadata
  if abstract then
    for i = #fields, 1, -1 do
      if getmetatable(fields[i].value) == M.DeclaredAttr then table.remove(fields, i) end
    end
  else
    work_out(class, fields, taken)
  end
  return with_parts(fields, taken)
end

return M
