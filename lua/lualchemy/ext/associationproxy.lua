-- SPDX-License-Identifier: MIT
-- An attribute that shows one attribute of related objects, as SQLAlchemy's `sqlalchemy.ext.associationproxy`.
--
--   local association_proxy = require("lualchemy.ext.associationproxy").association_proxy
--   local User = Base:class "User" {
--     __tablename__ = "users",
--     id = Column(Integer, {primary_key = true}),
--     links = relationship("Link", {cascade = "all, delete-orphan"}),
--     keywords = association_proxy("links", "keyword", {creator = function(keyword) return Link{keyword = keyword} end}),
--   }
--   user.keywords:append(Keyword{word = "blue"}); la.select(User):where(User.keywords:any{word = "blue"})
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local descriptors = require "lualchemy.orm.descriptor"
local exc = require "lualchemy.exc"
local inspection = require "lualchemy.orm.inspect"
local keywords = require "lualchemy.keywords"
local strict = require "lualchemy.strict"

local M = {}

local Proxy = {__name = "lualchemy.AssociationProxy", is_descriptor = true}
Proxy.__index = Proxy

local known = keywords.set {"creator", "cascade_scalar_deletes", "create_on_none_assignment"}

--- An attribute that stands for `attr` of the objects of the relationship `target_collection`: a value where the relationship leads to one
--- object, a list where it leads to several. What is assigned or appended makes the objects between. As SQLAlchemy's `association_proxy()`.
---
---     notes = association_proxy("links", "note", {creator = function(note) return Link{note = note} end})
---     user.notes:append "first"; user.notes = {"second", "third"}; #user.notes, user.notes[1], user.notes:contains "third"
---     la.select(User):where(User.notes:eq "third")
---@param target_collection string  the key of the relationship
---@param attr string  the attribute of its objects: a column, a relationship, a hybrid, or another association proxy
---@param options table?  `creator`: makes an object of a value, by default the class is called with {[attr] = value}, or with the value if it
--- has an `__init` of its own; `cascade_scalar_deletes` (false): nil takes the one object away; `create_on_none_assignment` (false): nil makes one
---@return lualchemy.AssociationProxy  a field for a class table, or to be assigned to a class
---@raise ArgumentError for what is no name or no function, and for an unknown keyword
function M.association_proxy(target_collection, attr, options)
  if type(target_collection) ~= "string" or type(attr) ~= "string" then
    error(exc.ArgumentError("association_proxy takes the name of a relationship, then that of an attribute of its objects"), 2)
  end
  options = keywords.check("association_proxy", options, known)
  if options.creator ~= nil and type(options.creator) ~= "function" and not core.is_mapped(options.creator) then
    error(exc.ArgumentError(("association_proxy: creator is a function or a mapped class, not a %s"):format(type(options.creator))), 2)
  end
  return setmetatable({
    target_collection = target_collection, value_attr = attr, creator = options.creator,
    cascade_scalar_deletes = options.cascade_scalar_deletes == true,
    create_on_none_assignment = options.create_on_none_assignment == true,
    links = setmetatable({}, {__mode = "k"}), -- class → the relationship there
  }, Proxy)
end

---@class lualchemy.AssociationProxy
---@field target_collection string
---@field value_attr string

--- The relationship of `class` that the proxy goes by.
local function link_of(self, class)
  local link = self.links[class]
  if link then return link end
  link = inspection.class(class):get_property(self.target_collection)
  if link.kind ~= "relationship" then
    error(exc.InvalidRequestError(("association proxy to a non-relationship intermediary is not supported: %s.%s is none")
      :format(class.__name__, self.target_collection)), 0)
  end
  self.links[class] = link
  return link
end

--- The object between for `value`.
local function create(self, link, value)
  if self.creator then return self.creator(value) end
  local class = link.target
  if class.__init == core.object_init then return class {[self.value_attr] = value} end
  return class(value)
end

local List = {__name = "lualchemy.AssociationList"}

function Proxy:get(object, key)
  local link = link_of(self, core.mapped_class_of(object))
  if link.uselist then return setmetatable({_object = object, _proxy = self, _link = link, _key = key}, List) end
  local target = object[self.target_collection]
  if target == nil then return nil end
  return target[self.value_attr]
end

--- The values of a list, made objects; `values` is read in full before anything changes.
local function created(self, link, key, values)
  local is_list = type(values) == "table" or type(values) == "userdata" and core.mapped_class_of(values) == nil and values ~= core.null()
  if not is_list or core.is_mapped(values) then
    error(exc.ArgumentError(("the association proxy '%s' takes a list of values, not %s; {} empties it")
      :format(key, values == nil and "nil" or "a " .. type(values))), 0)
  end
  local objects = {}
  for i = 1, #values do objects[i] = create(self, link, values[i]) end
  return objects
end

local function set_scalar(self, object, link, value)
  local target = object[self.target_collection]
  if target == nil then
    if value == nil and not self.create_on_none_assignment then return end
    object[self.target_collection] = create(self, link, value)
    return
  end
  target[self.value_attr] = value
  if value == nil and self.cascade_scalar_deletes then object[self.target_collection] = nil end
end

function Proxy:set(object, key, value)
  local link = link_of(self, core.mapped_class_of(object))
  if not link.uselist then return set_scalar(self, object, link, value) end
  if getmetatable(value) == List and value._object == object and value._proxy == self then return end
  object[self.target_collection] = created(self, link, key, value)
end

--- The list of values of an object: what a collection of objects can, with values in place of the objects.
---@class lualchemy.AssociationList
local methods = {}

local function targets(self)
  return self._object[self._proxy.target_collection]
end

local function value_at(self, target)
  local value = target[self._proxy.value_attr]
  if value == nil then return core.null() end
  return value
end

local function checked(self, value)
  if value == nil then
    error(exc.ArgumentError(("the association proxy '%s' takes a value, not nil; la.null stands for NULL"):format(self._key)), 0)
  end
  return value
end

local function created_for(self, value)
  return create(self._proxy, self._link, checked(self, value))
end

--- Adds a value at the end, with an object of its own.
---@param value any
function methods:append(value)
  targets(self):append(created_for(self, value))
end

--- Adds a value at a position, counted from 1.
---@param index integer
---@param value any
function methods:insert(index, value)
  targets(self):insert(index, created_for(self, value))
end

--- Adds every value of a list.
---@param values any[]
function methods:extend(values)
  targets(self):extend(created(self._proxy, self._link, self._key, values))
end

--- The position of a value, or nil.
---@param value any
---@return integer?
function methods:index(value)
  for i, target in ipairs(targets(self)) do
    if value_at(self, target) == value then return i end
  end
end

--- Is the value there?
---@param value any
---@return boolean
function methods:contains(value)
  return methods.index(self, value) ~= nil
end

--- How often the value is there.
---@param value any
---@return integer
function methods:count(value)
  local count = 0
  for _, found in ipairs(self) do
    if found == value then count = count + 1 end
  end
  return count
end

--- Takes the first object with the value out; an error if there is none.
---@param value any
function methods:remove(value)
  local at = methods.index(self, value)
  if not at then error(exc.ArgumentError(("the value is not in the list: %s"):format(describe.value(value))), 0) end
  targets(self):pop(at)
end

--- Takes out what is at a position, or the last one, and gives its value.
---@param index? integer
---@return any
function methods:pop(index)
  return value_at(self, targets(self):pop(index))
end

--- Takes out every object.
function methods:clear()
  targets(self):clear()
end

function List:__index(key)
  if math.type(key) == "integer" then
    local target = targets(self)[key]
    if target == nil then return nil end
    return value_at(self, target)
  end
  local method = methods[key]
  if method == nil and not strict.is_probe(key) then strict.unknown(("the association proxy '%s'"):format(self._key), key, methods) end
  return method
end

--- Writes the value of the object at a place; past the last it appends, and nil takes the last one out.
function List:__newindex(place, value)
  local list = targets(self)
  local count = #list
  if math.type(place) ~= "integer" then
    error(exc.InvalidRequestError(("the association proxy '%s' takes integer places, not '%s'"):format(self._key, tostring(place))), 2)
  elseif place < 1 or place > count + 1 or value == nil and place < count then
    error(exc.ArgumentError(("place %d is outside of a list of %d%s"):format(place, count,
      value == nil and ", or a hole would be left: use :pop(i)" or "")), 2)
  elseif value == nil then
    if place == count then list:pop() end
  elseif place > count then
    list:append(created_for(self, value))
  else
    list[place][self._proxy.value_attr] = value
  end
end

function List:__len()
  return #targets(self)
end

function List:__pairs()
  return ipairs(self)
end

--- Equal to a list with equal values in the same order.
function List.__eq(left, right)
  if #left ~= #right then return false end
  for i = 1, #left do
    if left[i] ~= right[i] then return false end
  end
  return true
end

function List:__tostring()
  local texts = {}
  for i, value in ipairs(self) do texts[i] = describe.value(value) end
  return "[" .. table.concat(texts, ", ") .. "]"
end

--- `Class.key`: conditions on what the objects between lead to. Comparisons are those of the attribute there, inside an EXISTS.
---@class lualchemy.AssociationProxyInstance
---@field scalar boolean  leads the relationship to one object?
---@field target_class table  the class between
---@field local_attr lualchemy.RelationshipAttribute  the relationship to it
---@field remote_attr any  the attribute of its objects
---@field attr table  both
local Expression = {__name = "lualchemy.AssociationProxyInstance"}
local conditions = {}

--- What the proxied attribute is: "proxy", "column" or "object", and for the last whether it is a list; raises if the class has none.
local function remote_kind(self, class, link)
  local descriptor = descriptors.find(link.target, self.value_attr)
  if getmetatable(descriptor) == Proxy then return "proxy" end
  local mapper = inspection.class(link.target)
  if mapper:has_property(self.value_attr) then
    local property = mapper:get_property(self.value_attr)
    if property.kind == "relationship" then return "object", property.uselist end
  elseif not descriptor then
    error(exc.InvalidRequestError(("Association proxy %s.%s refers to an attribute '%s' that is not directly mapped on class %s; therefore " ..
      "this operation cannot proceed since we don't know what type of object is referred towards"):format(class.__name__,
      self.target_collection, self.value_attr, link.target.__name__)), 0)
  end
  return "column"
end

function Proxy:of(entity, key, class)
  local link = link_of(self, class)
  return setmetatable({
    key = key, scalar = not link.uselist, target_class = link.target, local_attr = entity[self.target_collection],
    proxy = self, class = class, link = link,
  }, Expression)
end

local function kind_of(self)
  return remote_kind(self.proxy, self.class, self.link)
end

local function remote(self)
  return self.target_class[self.proxy.value_attr]
end

--- An EXISTS of the objects between that meet the criterion.
local function exists(self, ...)
  if self.scalar then return self.local_attr:has(...) end
  return self.local_attr:any(...)
end

local function check_column_criteria(is_has, ...)
  for i = 1, select("#", ...) do
    if keywords.is_table((select(i, ...))) then
      error(exc.ArgumentError("Can't apply keyword arguments to column-targeted association proxy; use :eq()"), 0)
    end
  end
  if is_has and (...) ~= nil then
    error(exc.ArgumentError("Non-empty has() not allowed for column-targeted association proxy; use :eq()"), 0)
  end
end

local function criteria(self, is_has, ...)
  local kind, many = kind_of(self)
  if kind == "proxy" then return exists(self, criteria(remote(self), is_has, ...)) end
  if kind == "object" then
    local attribute = remote(self)
    if many then return exists(self, attribute:any(...)) end
    return exists(self, attribute:has(...))
  end
  check_column_criteria(is_has, ...)
  return exists(self, ...)
end

--- There is an object at the end that meets the criteria: `any(condition)`, `any{word = "x"}`.
---@param ... any
---@return lualchemy.ColumnElement
---@raise InvalidRequestError where there is one at most: that is `has`
function conditions:any(...)
  local kind, many = kind_of(self)
  if kind ~= "proxy" and self.scalar and not many then
    error(exc.InvalidRequestError("'any()' not implemented for scalar attributes. Use has()."), 0)
  end
  return criteria(self, false, ...)
end

--- The object at the end meets the criteria; arguments as for `any`.
---@param ... any
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for a list: that is `any`
function conditions:has(...)
  local kind, many = kind_of(self)
  if kind ~= "proxy" and (not self.scalar or many) then
    error(exc.InvalidRequestError("'has()' not implemented for collections. Use any()."), 0)
  end
  return criteria(self, true, ...)
end

--- The object or value at the end is `other`. With nil also: there is no object between.
---@param other any
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for a list of objects: that is `contains`
function conditions:eq(other)
  local condition
  if kind_of(self) == "column" then
    condition = exists(self, remote(self):eq(other))
  else
    condition = self.local_attr:has(remote(self):eq(other))
  end
  if other ~= nil and other ~= core.null() then return condition end
  return condition | ~exists(self)
end

--- There is an object between whose object or value is another one than `other`.
---@param other any
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for a list of objects
function conditions:ne(other)
  if kind_of(self) == "column" then return exists(self, remote(self):ne(other)) end
  return self.local_attr:has(remote(self):ne(other))
end

--- The objects at the end have `other` among them; of a column: its text has `other` in it.
---@param other any
---@param ... any
---@return lualchemy.ColumnElement
---@raise InvalidRequestError where there is one object at most: that is `eq`
function conditions:contains(other, ...)
  local kind, many = kind_of(self)
  local attribute = remote(self)
  if kind == "column" then return exists(self, attribute:contains(other, ...)) end
  if kind == "proxy" then many = not attribute.scalar end
  if kind == "object" and self.scalar and not many then
    error(exc.InvalidRequestError("contains() doesn't apply to a scalar object endpoint; use :eq()"), 0)
  end
  if many then return exists(self, attribute:contains(other)) end
  return exists(self, attribute:eq(other))
end

function Expression:__index(name)
  local method = conditions[name]
  if method then return method end
  if name == "remote_attr" then return remote(self) end
  if name == "attr" then return {self.local_attr, remote(self)} end
  if strict.is_probe(name) then return nil end
  local attribute = remote(self)
  if kind_of(self) == "object" or type(attribute[name]) ~= "function" then
    strict.unknown(("association proxy %s.%s"):format(self.class.__name__, self.key), name, conditions)
  end
  return function(_, ...) return exists(self, attribute[name](attribute, ...)) end
end

function Expression:__tostring()
  return ("association_proxy(%s.%s)"):format(self.proxy.target_collection, self.proxy.value_attr)
end

function Proxy:__tostring()
  return ("association_proxy(\"%s\", \"%s\")"):format(self.target_collection, self.value_attr)
end

return strict.module("lualchemy.ext.associationproxy", M)
