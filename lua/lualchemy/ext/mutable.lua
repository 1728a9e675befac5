-- SPDX-License-Identifier: MIT
-- Values that tell their object when they are changed inside, as SQLAlchemy's `sqlalchemy.ext.mutable`.
--
--   local mutable = require "lualchemy.ext.mutable"
--   local Doc = Base:class "Doc" {
--     __tablename__ = "docs",
--     id = Column(Integer, {primary_key = true}),
--     data = Column(mutable.MutableDict.as_mutable(la.JSON)),
--   }
--   doc.data.title = "new"; table.insert(doc.data.tags, "red"); session:commit()      -- UPDATE docs SET data=? …
--
-- What the object shows is an empty table with metamethods around the plain value, at every depth; the database is given the plain one.
-- Such a table keeps its object alive, so that no change is lost.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local json = require "lualchemy.json"
local columns = require "lualchemy.orm.columns"
local strict = require "lualchemy.strict"
local types = require "lualchemy.types"

local M = {}

-- Keys of a tracked table that no program has: the plain table, and what all tables of one value share:
-- {object, key, class, value = the outermost table, inner = plain table → tracked one}.
local PLAIN, SHARED = {}, {}
-- Key of a type's record: the class of values of its columns.
local type_key = {}

local function is_tracked(value)
  return type(value) == "table" and rawget(value, SHARED) ~= nil
end

--- Is `value` a table that is looked into? Those with a metatable of their own are values: dates, JSON's null.
local function is_container(value)
  if type(value) ~= "table" then return false end
  local meta = getmetatable(value)
  return meta == nil or is_tracked(value) or type(meta) == "table" and (meta.__jsontype ~= nil or next(meta) == nil)
end

local function copy(value, seen)
  if is_tracked(value) then value = rawget(value, PLAIN) end
  if not is_container(value) then return value end
  if seen[value] then return seen[value] end
  local made = {}
  seen[value] = made
  for key, field in next, value do made[key] = copy(field, seen) end
  local meta = getmetatable(value)
  if meta then return setmetatable(made, meta) end
  return #made > 0 and json.array(made) or made
end

--- A plain table with all that is in a tracked one, for what reads tables by `next`; any other value as it is.
---@param value any
---@return any
function M.plain(value)
  return copy(value, {})
end

--- The object of the value has been told of a change to come. A value that another has replaced is on its own.
local function change(tracked)
  local shared = rawget(tracked, SHARED)
  local object, key = shared.object, shared.key
  if object == nil then return end
  if core.object_has_value(object, key, shared.value) then
    core.object_flag_modified(object, key)
  elseif core.object_loaded(object, key) then
    shared.object = nil
  else
    error(exc.InvalidRequestError(("Can't flag attribute '%s' modified; it's not present in the object state: it has expired, read it " ..
      "from the object again"):format(key)), 0)
  end
end

local function track(shared, plain)
  local tracked = setmetatable({[PLAIN] = plain, [SHARED] = shared}, shared.class.__meta)
  shared.value = shared.value or tracked
  return tracked
end

local function show(tracked, value)
  if not is_container(value) then return value end
  local shared = rawget(tracked, SHARED)
  local inner = shared.inner
  if not inner[value] then inner[value] = track(shared, value) end
  return inner[value]
end

---@class lualchemy.Mutable
local Class = {}

--- The metatable of the values of a class of mutables.
local function metatable_of(class)
  return {
    __name = class.__name__,
    __metatable = false,
    __plain = function(tracked) return rawget(tracked, PLAIN) end,
    __index = function(tracked, key)
      local value = rawget(tracked, PLAIN)[key]
      if value == nil then return class.__fields[key] end
      return show(tracked, value)
    end,
    __newindex = function(tracked, key, value)
      if key == nil then error(exc.ArgumentError(("a field of a %s can't be named nil"):format(class.__name__)), 2) end
      change(tracked)
      rawget(tracked, PLAIN)[key] = M.plain(value)
      local changed = class.__fields.changed
      if changed then changed(rawget(tracked, SHARED).value) end
    end,
    __len = function(tracked) return #rawget(tracked, PLAIN) end,
    __pairs = function(tracked)
      local plain = rawget(tracked, PLAIN)
      return function(_, key)
        local following, value = next(plain, key)
        return following, show(tracked, value)
      end, tracked, nil
    end,
    __tostring = function(tracked) return require("lualchemy.describe").value(rawget(tracked, PLAIN)) end,
  }
end

local function refuse(key, value)
  error(exc.ArgumentError(("Attribute '%s' does not accept objects of type %s"):format(key, type(value))), 0)
end

--- What the class makes of a value that the program gives: a plain table that is its own.
local function coerced(class, key, value)
  local made = class.__coerce(class, key, value)
  if not is_container(made) then refuse(key, value) end
  return M.plain(made)
end

local class_keywords = {coerce = true}

--- A class of mutables below `base`.
local function new_class(name, base, coerce, fields)
  local class = {__name__ = name, __base__ = base, __coerce = coerce, __fields = fields}
  class.__meta = metatable_of(class)
  local methods = {class = Class.class}
  for _, key in ipairs {"as_mutable", "associate_with", "associate_with_attribute", "coerce"} do
    methods[key] = function(first, ...) -- called as `MutableDict.as_mutable(…)` and as `MutableDict:as_mutable(…)`
      if first == class then return Class[key](class, ...) end
      return Class[key](class, first, ...)
    end
  end
  return setmetatable(class, {
    __name = "lualchemy.Mutable",
    __tostring = function() return ("class %s"):format(name) end,
    __index = function(_, key)
      if methods[key] or strict.is_probe(key) then return methods[key] end
      strict.unknown(("class %s"):format(name), key, methods)
    end,
  })
end

--- Makes a class of mutables: `coerce(class, key, value)` gives the plain table for a value that is assigned or loaded, and raises or gives nil
--- for what can't be one; `changed(self)` is called after each change; other functions are methods of the values, unless
--- the value has a field of that name.
---
---     local Point = mutable.Mutable:class "Point" {
---       length = function(self) return math.sqrt(self.x ^ 2 + self.y ^ 2) end,
---     }
---     corner = Column(Point.as_mutable(la.JSON))
---@param name string
---@return fun(fields: table): lualchemy.Mutable
function Class:class(name)
  if type(name) ~= "string" then
    error(exc.ArgumentError("Mutable:class takes the name of the class, then the table of its methods"), 2)
  end
  return function(fields)
    if type(fields) ~= "table" then
      error(exc.ArgumentError(("class \"%s\" is followed by the table of its methods, not by a %s"):format(name, type(fields))), 2)
    end
    local own = {}
    for key, field in next, self.__fields do own[key] = field end
    for key, field in next, fields do
      if type(field) ~= "function" then
        error(exc.ArgumentError(("class \"%s\": the field %s is a %s; only functions stand there"):format(name, tostring(key), type(field))), 2)
      end
      if not class_keywords[key] then own[key] = field end
    end
    local class = new_class(name, self, fields.coerce or self.__coerce, own)
    class.__coerces_loaded = fields.coerce ~= nil or self.__coerces_loaded
    return class
  end
end

--- The type `sqltype` for columns whose values tell of changes inside, as SQLAlchemy's `as_mutable()`.
---
---     data = Column(mutable.MutableDict.as_mutable(la.JSON))
---@param sqltype lualchemy.Type  JSON, or a TypeDecorator whose values are tables
---@return lualchemy.Type
---@raise ArgumentError for what is no such type
function Class:as_mutable(sqltype)
  if not core.is(sqltype, "lualchemy.Type") then
    error(exc.ArgumentError(("%s.as_mutable takes a type, not %s"):format(self.__name__, require("lualchemy.describe").value(sqltype))), 3)
  end
  local type_of_table = types.__copy(sqltype, {})
  if type_of_table.process_result_value == nil then
    error(exc.ArgumentError(("%s.as_mutable takes a type whose values are tables, JSON or a TypeDecorator with process_result_value, not %s")
      :format(self.__name__, tostring(sqltype))), 3)
  end
  core.record(type_of_table)[type_key] = self
  return type_of_table
end

local associated = {} -- {type, class}, the latest first

--- All columns of the type `sqltype`, mapped before or from now on, have such values, as SQLAlchemy's `associate_with()`.
---@param sqltype lualchemy.Type  a class of types: JSON, or one made from TypeDecorator
function Class:associate_with(sqltype)
  if not core.is(sqltype, "lualchemy.Type") then
    error(exc.ArgumentError(("%s.associate_with takes a type"):format(self.__name__)), 3)
  end
  table.insert(associated, 1, {type = sqltype, class = self})
  columns.tell_again()
end

-- Class → key → class of mutables.
local mutables = setmetatable({}, {__mode = "k"})

local function associate(class, key, mutable)
  core.property_mutable(class, key)
  mutables[class] = mutables[class] or {}
  mutables[class][key] = mutable
end

--- The values of one attribute are such values, as SQLAlchemy's `associate_with_attribute()`.
---@param attribute lualchemy.Attribute  `Doc.data`
function Class:associate_with_attribute(attribute)
  local class, key = core.attribute_of(attribute)
  if not class then
    error(exc.ArgumentError(("%s.associate_with_attribute takes an attribute of a class, such as Doc.data"):format(self.__name__)), 3)
  end
  associate(class, key, self)
end

--- The plain table that the class makes of `value`, as for an assignment to the attribute `key`.
---@param key string
---@param value any
---@return table
---@raise ArgumentError for what is not for this class
function Class:coerce(key, value)
  return coerced(self, key, value)
end

columns.when_mapped(function(class, key, column)
  local of_type = core.record(column.type)[type_key]
  for _, entry in ipairs(of_type and {} or associated) do
    if require("lualchemy.inspection").isinstance(column.type, entry.type) then
      of_type = entry.class
      break
    end
  end
  if of_type then associate(class, key, of_type) end
end)

local function class_of(object, key)
  local at = core.mapped_class_of(object)
  while at do
    if mutables[at] and mutables[at][key] then return mutables[at][key] end
    at = rawget(at, "__base__")
  end
  return M.Mutable
end

local function track_for(object, key, class, plain)
  return track({object = object, key = key, class = class, inner = setmetatable({}, {__mode = "k"})}, plain)
end

core.hook("mutable_loaded", function(object, key, value)
  if not is_container(value) then return value end
  local class = class_of(object, key)
  if class.__coerces_loaded then value = coerced(class, key, value) end
  return track_for(object, key, class, value)
end)

core.hook("mutable_set", function(object, key, value)
  local class = class_of(object, key)
  if is_tracked(value) then
    local shared = rawget(value, SHARED)
    if shared.value == value and shared.object == object and shared.key == key then return value end
  end
  return track_for(object, key, class, coerced(class, key, value))
end)

core.hook("mutable_copy", M.plain)

--- Any table: the base of the others and of classes of your own (`Mutable:class "Name" {…}`).
M.Mutable = new_class("Mutable", nil, function(_, key, value)
  if not is_container(value) then refuse(key, value) end
  return value
end, {})

--- Tables with named fields; a list is refused.
M.MutableDict = new_class("MutableDict", M.Mutable, function(_, key, value)
  if not is_container(value) then refuse(key, value) end
  if #value > 0 then
    error(exc.ArgumentError(("Attribute '%s' does not accept lists: it is a MutableDict"):format(key)), 0)
  end
  return value
end, {})

--- Lists; a table with named fields is refused. An empty one stays a list.
M.MutableList = new_class("MutableList", M.Mutable, function(_, key, value)
  if not is_container(value) then refuse(key, value) end
  local plain = M.plain(value)
  for name in next, plain do
    if math.type(name) ~= "integer" then
      error(exc.ArgumentError(("Attribute '%s' does not accept a table with named fields: it is a MutableList"):format(key)), 0)
    end
  end
  return json.array(plain)
end, {})

--- Values of composites: see lualchemy.ext._mutable_composite.
M.MutableComposite = require("lualchemy.ext._mutable_composite").MutableComposite

return strict.module("lualchemy.ext.mutable", M)
