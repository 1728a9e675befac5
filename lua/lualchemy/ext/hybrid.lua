-- SPDX-License-Identifier: MIT
-- Attributes and methods that work on objects and in statements alike, as SQLAlchemy's `sqlalchemy.ext.hybrid`.
--
--   local hybrid = require "lualchemy.ext.hybrid"
--   local Interval = Base:class "Interval" {
--     __tablename__ = "intervals",
--     id = Column(Integer, {primary_key = true}), start = Column(Integer), stop = Column(Integer),
--     length = hybrid.hybrid_property(function(self) return self.stop - self.start end),
--     contains = hybrid.hybrid_method(function(self, point) return self.start <= point and point < self.stop end)
--       :expression(function(cls, point) return cls.start:le(point) & cls.stop:gt(point) end),
--   }
--   interval.length, interval:contains(5); la.select(Interval.length):where(Interval:contains(5))
local core = require "lualchemy.core"
local descriptors = require "lualchemy.orm.descriptor"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

local M = {}

--- What `inspect(Class).all_orm_descriptors[key].extension_type` is for hybrids, as SQLAlchemy's `HybridExtensionType`.
M.HybridExtensionType = {HYBRID_METHOD = "HYBRID_METHOD", HYBRID_PROPERTY = "HYBRID_PROPERTY"}

local Property = {__name = "lualchemy.hybrid_property", is_descriptor = true, extension_type = M.HybridExtensionType.HYBRID_PROPERTY}
local Method = {__name = "lualchemy.hybrid_method", is_descriptor = true, extension_type = M.HybridExtensionType.HYBRID_METHOD}
local Inplace = {__name = "lualchemy.hybrid_property.inplace"}

local function check_function(name, fn)
  if type(fn) ~= "function" then
    error(exc.ArgumentError(("%s takes a function, not a %s"):format(name, type(fn))), 3)
  end
  return fn
end

--- A value of an object in Lua, and an SQL expression of its class: `fn` gets the object, or the class or alias. As SQLAlchemy's
--- `hybrid_property`. A field of a class table, or assigned to a class.
---
---     full_name = hybrid_property(function(self) return self.first .. " " .. self.last end)
---       :setter(function(self, value) self.first, self.last = value:match("(%S+) (%S+)") end)
---@param fn fun(self: any): any
---@return lualchemy.hybrid_property
function M.hybrid_property(fn)
  return setmetatable({fget = check_function("hybrid_property", fn)}, Property)
end

local function with(self, field, fn)
  local copy = {}
  for key, value in next, self do copy[key] = value end
  copy[field] = fn
  return setmetatable(copy, Property)
end

---@class lualchemy.hybrid_property
---@field inplace lualchemy.hybrid_property  the same methods, which change the property itself and give it back
local methods = {}

--- What the attribute is in a statement, where that is not what the function gives for the class.
---@param fn fun(cls: any): any
---@return lualchemy.hybrid_property
function methods:expression(fn) return with(self, "expr", check_function("expression", fn)) end

--- What an assignment does.
---@param fn fun(self: any, value: any)
---@return lualchemy.hybrid_property
function methods:setter(fn) return with(self, "fset", check_function("setter", fn)) end

--- What the attribute is compared by in a statement: `fn` gives a Comparator.
---@param fn fun(cls: any): any
---@return lualchemy.hybrid_property
function methods:comparator(fn) return with(self, "compare", check_function("comparator", fn)) end

--- What an UPDATE sets: `fn` gets the class and the value, and gives a list of pairs {attribute, value}.
---@param fn fun(cls: any, value: any): table
---@return lualchemy.hybrid_property
function methods:update_expression(fn) return with(self, "update_expr", check_function("update_expression", fn)) end

--- What a row of a bulk INSERT or UPDATE (`session:execute(statement, rows)`) sets: `fn` gets the class, the row, which it changes, and the value.
---@param fn fun(cls: any, row: table, value: any)
---@return lualchemy.hybrid_property
function methods:bulk_dml(fn) return with(self, "bulk_set", check_function("bulk_dml", fn)) end

--- What `attributes.del_attribute(object, key)` does.
---@param fn fun(self: any)
---@return lualchemy.hybrid_property
function methods:deleter(fn) return with(self, "fdel", check_function("deleter", fn)) end

--- Another function for objects, as SQLAlchemy's `getter`.
---@param fn fun(self: any): any
---@return lualchemy.hybrid_property
function methods:getter(fn) return with(self, "fget", check_function("getter", fn)) end

function Property:__index(key)
  if key == "inplace" then return setmetatable({property = self}, Inplace) end
  return Property[key] or methods[key]
end

local inplace_fields = {expression = "expr", setter = "fset", comparator = "compare", update_expression = "update_expr", getter = "fget",
  bulk_dml = "bulk_set", deleter = "fdel"}

function Inplace:__index(name)
  local field = inplace_fields[name]
  if not field then return nil end
  return function(of, fn)
    of.property[field] = check_function(name, fn)
    return of.property
  end
end

function Property:get(object)
  return self.fget(object)
end

function Property:set(object, key, value)
  if not self.fset then
    error(exc.InvalidRequestError(("can't set attribute '%s' of %s: its hybrid has no setter"):format(key,
      core.mapped_class_of(object).__name__)), 0)
  end
  self.fset(object, value)
end

--- What the attribute is in a statement is named as the hybrid in the rows of a select.
local function named(value, key)
  if type(value) ~= "userdata" then return value end
  if core.is_unnamed(value) then return value:label(key) end
  return core.attribute_renamed(value, key)
end

function Property:of(entity, key)
  local value = (self.compare or self.expr or self.fget)(entity)
  local class = type(value) == "table" and getmetatable(value)
  local maker = type(class) == "table" and rawget(class, "__clause_element__")
  local element = maker and maker(value)
  if type(element) == "userdata" then rawset(value, "__clause_element", core.attribute_renamed(element, key)) end
  local made = named(value, key)
  if self.update_expr and (made ~= value or maker) then descriptors.note(made, self, key) end
  return made
end

function Property:delete(object, key)
  if not self.fdel then
    error(exc.InvalidRequestError(("can't delete attribute '%s' of %s: its hybrid has no deleter"):format(key,
      core.mapped_class_of(object).__name__)), 0)
  end
  self.fdel(object)
end

--- What a row of a bulk INSERT or UPDATE sets.
function Property:bulk(class, row, value, key)
  if self.bulk_set then
    self.bulk_set(class, row, value)
  else
    row[key] = value
  end
end

--- What `la.update(Class):values{key = value}` sets: pairs of attribute and value.
function Property:update_pairs(class, key, value)
  if self.update_expr then return self.update_expr(class, value) end
  local target = self:of(class, key)
  return {{target, value}}
end

--- A method that works on objects and in statements. As SQLAlchemy's `hybrid_method`.
---
---     older = hybrid_method(function(self, age) return self.age > age end):expression(function(cls, age) return cls.age:gt(age) end)
---@param fn function  gets the object, and the arguments
---@return lualchemy.hybrid_method
function M.hybrid_method(fn)
  return setmetatable({fn = check_function("hybrid_method", fn)}, Method)
end

---@class lualchemy.hybrid_method
Method.__index = Method

--- What the method does for the class or an alias.
---@param fn function
---@return lualchemy.hybrid_method
function Method:expression(fn)
  return setmetatable({fn = self.fn, expr = check_function("expression", fn)}, Method)
end

function Method:get()
  return self.fn
end

function Method:set(object, key)
  error(exc.InvalidRequestError(("can't set '%s' of %s: it is a hybrid method"):format(key, core.mapped_class_of(object).__name__)), 0)
end

function Method:of()
  return self.expr or self.fn
end

-- What an operator gives of values of Lua; of SQL expressions it is their method of that name.
local of_values = {
  eq = function(a, b) return a == b end, ne = function(a, b) return a ~= b end,
  lt = function(a, b) return a < b end, le = function(a, b) return a <= b end,
  gt = function(a, b) return a > b end, ge = function(a, b) return a >= b end,
  add = function(a, b) return a + b end, sub = function(a, b) return a - b end, mul = function(a, b) return a * b end,
  div = function(a, b) return a / b end, mod = function(a, b) return a % b end, idiv = function(a, b) return a // b end,
  concat = function(a, b) return a .. b end, unm = function(a) return -a end,
}
-- Comparisons, and what they are from the other side: `5 < column` is `column > 5`.
local turned = {eq = "eq", ne = "ne", lt = "gt", le = "ge", gt = "lt", ge = "le"}

local function is_expression(value) return type(value) == "userdata" and core.class_of(value) ~= nil and value ~= core.null() end

--- An operator, as `operate` gets it: called with both sides it gives the condition, or the result where both are values of Lua.
---@class lualchemy.Operator
---@field name string  of the method: "eq", "lt", "like" …
local Operator = {__name = "lualchemy.Operator"}
Operator.__index = Operator

function Operator:__tostring() return self.name end

function Operator:__call(left, right, ...)
  local name = self.name
  local compares, compute = turned[name] ~= nil, of_values[name]
  if compute and not (compares and (is_expression(left) or is_expression(right))) then return compute(left, right) end
  if not is_expression(left) then
    if compares then return right[turned[name]](right, left) end
    error(exc.ArgumentError(("the operator %s takes an SQL expression on its left side, not a %s"):format(name, type(left))), 2)
  end
  return left[name](left, right, ...)
end

-- The operators that `operate` stands for, by name.
local operators = {}
local function add_operator(name) operators[name] = setmetatable({name = name}, Operator) end
for name in pairs(of_values) do add_operator(name) end
for _, name in ipairs {"like", "not_like", "ilike", "not_ilike", "in_", "not_in", "is_", "is_not", "between", "contains", "startswith", "endswith",
  "icontains", "istartswith", "iendswith", "match", "regexp_match", "is_distinct_from", "is_not_distinct_from", "asc", "desc", "label"} do
  add_operator(name)
end

local Comparator = {__name = "lualchemy.Comparator"}

--- Comparisons of one's own for a hybrid, as SQLAlchemy's `Comparator`: methods given here are used, others are those of the expression that
--- `__clause_element__` gives, by default the one that it is made of. `operate(self, op, other)` stands for all operators that are not given:
--- `op(left, right)` is this one of other sides, `op.name` its name ("eq", "lt", "add" …).
---
---     local CaseInsensitive = hybrid.Comparator:class "CaseInsensitive" {
---       operate = function(self, op, other) return op(la.func.lower(self:__clause_element__()), la.func.lower(other)) end,
---     }
---     word_insensitive = hybrid_property(function(self) return self.word:lower() end)
---       :comparator(function(cls) return CaseInsensitive(cls.word) end)
---
--- With `__init(self, …)` it may hold what it likes, a value of an object or an expression of a class, and a hybrid gives the same of both:
--- of two values `op` gives what Lua's operator does.
---
---     local Word = hybrid.Comparator:class "Word" {
---       __init = function(self, word) self.word = type(word) == "string" and word:lower() or la.func.lower(word) end,
---       __clause_element__ = function(self) return self.word end,
---       operate = function(self, op, other) return op(self.word, type(other) == "string" and other:lower() or other.word) end,
---     }
---     word = hybrid_property(function(self) return Word(self.name) end)    -- thing.word:eq "Ann", Thing.word:eq "Ann"
M.Comparator = setmetatable({}, Comparator)

local function new_comparator(class, ...)
  local self = setmetatable({}, class)
  local init = class.definition.__init
  if init then
    init(self, ...)
  elseif is_expression((...)) then
    self.expression = (...)
  else
    error(exc.ArgumentError(("%s takes an SQL expression, not a %s"):format(class.name, type((...)))), 2)
  end
  return self
end

local function own_expression(self)
  return rawget(self, "expression")
end

-- An operator of the comparator: the definition's method, its `operate`, or what the expression has.
local function operator_of(class, key)
  local definition = class.definition
  if definition[key] ~= nil then return definition[key] end
  local operator = operators[key]
  if operator and definition.operate then
    return function(of, ...) return definition.operate(of, operator, ...) end
  end
end

local function index(class, comparator, key)
  local own = operator_of(class, key)
  if own ~= nil then return own end
  if key == "__clause_element__" then return class.__clause_element__ end
  if type(key) == "string" and key:sub(1, 2) == "__" then return nil end
  local expression = class.__clause_element__(comparator)
  if not is_expression(expression) then return nil end
  local method = expression[key]
  if type(method) ~= "function" then return method end
  return function(_, ...) return method(expression, ...) end
end

-- The metamethod of an arithmetic operator, which `compute` is of values and expressions.
local function arithmetic(class, name, compute)
  return function(a, b)
    if getmetatable(a) == class then
      local own = operator_of(class, name)
      if own then return own(a, b) end
      a = class.__clause_element__(a)
    end
    if getmetatable(b) == class then b = class.__clause_element__(b) end
    return compute(a, b)
  end
end

-- Lua's own operators: comparisons of values that hybrids give of objects, and arithmetic.
local function add_metamethods(class)
  for _, name in ipairs {"eq", "lt", "le"} do
    class["__" .. name] = function(a, b)
      local compare = operator_of(class, name)
      if not compare then return name == "eq" and rawequal(a, b) end
      local result = compare(a, b)
      if type(result) ~= "boolean" then
        if name == "eq" then return rawequal(a, b) end
        error(exc.ArgumentError(("Lua makes a boolean of %s; write a:%s(b)"):format(name == "lt" and "<" or "<=", name)), 2)
      end
      return result
    end
  end
  for name, compute in pairs(of_values) do
    if not turned[name] then class["__" .. name] = arithmetic(class, name, compute) end
  end
end

--- Makes the class `name` of comparators; the table that follows has its methods.
---@param name string
---@return fun(definition: table): table
function M.Comparator:class(name)
  if type(name) ~= "string" then
    error(exc.ArgumentError("Comparator:class takes the name of the class, then the table of its methods"), 2)
  end
  return function(definition)
    keywords.expect("Comparator:class", "a table of methods", definition, "table")
    local class = {name = name, __name = name, definition = definition, __tostring = definition.__tostring,
      __clause_element__ = definition.__clause_element__ or own_expression}
    function class.__index(comparator, key) return index(class, comparator, key) end
    add_metamethods(class)
    return setmetatable(class, {__call = new_comparator, __name = name})
  end
end

local plain = M.Comparator:class "Comparator" {}

function Comparator:__call(expression) return plain(expression) end

return require("lualchemy.strict").module("lualchemy.ext.hybrid", M)
