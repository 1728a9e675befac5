-- SPDX-License-Identifier: MIT
-- The fields of class tables: what they may be, and those of a class with what mixins and abstract bases add.
local composites = require "lualchemy.orm.composite"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local relationships = require "lualchemy.orm.relationship"
local schema = require "lualchemy.schema"

local M = {}

--- What declarative keeps of a class beside its raw fields: class → {keys, objects, metatable, own, registry, abstract}.
M.records = setmetatable({}, {__mode = "k"})

M.Mixin = {__name = "lualchemy.Mixin"}
M.DeclaredAttr = {__name = "lualchemy.declared_attr"}

M.directives = keywords.set {
  "__tablename__", "__table_args__", "__mapper_args__", "__table__", "__abstract__", "__init", "__declare_first__", "__declare_last__",
}
-- Functions of a class table that are fields of the class although directives.
M.callable_directives = keywords.set {"__init", "__declare_first__", "__declare_last__"}
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

--- A field that is worked out for each class, as SQLAlchemy's `declared_attr`.
---
---     orm.mixin{ __tablename__ = declared_attr(function(cls) return cls.__name__:lower() end) }
---@param make fun(cls: table): any
---@return table
function M.declared_attr(make)
  return setmetatable({make = make}, M.DeclaredAttr)
end

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

--- The fields of a definition in a sequence of {key, value}, in the order in which they were made; names of own fields are taken.
local function gather(class, fields, taken, copy, into)
  local found = {}
  for key, value in next, fields do
    if type(key) == "string" and not taken[key] then
      M.refuse_name(class.__name__, key)
      taken[key] = true
      if getmetatable(value) == M.DeclaredAttr then value = value.make(class) end
      if copy then value = own_copy(value) end
      found[#found + 1] = {key = key, value = value, serial = M.serial_of(fields[key])}
      for _, field in ipairs(composites.is_composite(value) and value:fields() or {}) do
        if not taken[field.key] and fields[field.key] == nil then
          taken[field.key] = true
          found[#found + 1] = field
        end
      end
    elseif type(key) ~= "string" and math.type(key) ~= "integer" then
      error(exc.ArgumentError(("class %s: a field is named by a string, not by a %s"):format(class.__name__, type(key))), 0)
    end
  end
  table.sort(found, function(a, b)
    if a.serial ~= b.serial then return a.serial < b.serial end
    return a.key < b.key
  end)
  for _, field in ipairs(found) do into[#into + 1] = field end
end

--- Own fields, then those of mixins, then those of abstract bases.
function M.all_fields(class, definition, parent)
  local taken, fields = {}, {}
  gather(class, definition, taken, false, fields)
  for i, mixin in ipairs(definition) do
    if type(mixin) ~= "table" or (getmetatable(mixin) ~= M.Mixin and getmetatable(mixin) ~= nil and not M.records[mixin]) then
      error(exc.ArgumentError(("class %s: item %d of its table is a %s; mixins stand there"):format(class.__name__, i, type(mixin))), 0)
    end
    gather(class, M.records[mixin] and M.records[mixin].definition or mixin, taken, true, fields)
  end
  local base = parent
  while base and M.records[base] and M.records[base].abstract do
    local definition_of_base = M.records[base].definition
    if definition_of_base then
      taken.__abstract__ = true
      for _, mixin in ipairs(definition_of_base) do gather(class, mixin, taken, true, fields) end
      gather(class, definition_of_base, taken, true, fields)
    end
    base = rawget(base, "__base__")
  end
  return fields
end

return M
