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
local association = require "lualchemy.ext._association"
local attributes = require "lualchemy.orm.attributes"
local core = require "lualchemy.core"
local descriptors = require "lualchemy.orm.descriptor"
local exc = require "lualchemy.exc"
local inspection = require "lualchemy.orm.inspect"
local keywords = require "lualchemy.keywords"
local strict = require "lualchemy.strict"
local select = core.lua_select

local M = {}

--- What `inspect(Class).all_orm_descriptors[key].extension_type` is for a proxy, as SQLAlchemy's `AssociationProxyExtensionType`.
M.AssociationProxyExtensionType = {ASSOCIATION_PROXY = "ASSOCIATION_PROXY"}

local Proxy = {__name = "lualchemy.AssociationProxy", is_descriptor = true,
  extension_type = M.AssociationProxyExtensionType.ASSOCIATION_PROXY}
Proxy.__index = Proxy

local known = keywords.set {
  "creator", "cascade_scalar_deletes", "create_on_none_assignment", "getset_factory", "proxy_factory", "proxy_bulk_set", "info",
}
local functions = {"getset_factory", "proxy_factory", "proxy_bulk_set"}

--- An attribute that stands for `attr` of the objects of the relationship `target_collection`: a value where the relationship leads to one
--- object, a list, set or dictionary where it leads to several. What is assigned or appended makes the objects between. As SQLAlchemy's `association_proxy()`.
---
---     notes = association_proxy("links", "note", {creator = function(note) return Link{note = note} end})
---     user.notes:append "first"; user.notes = {"second", "third"}; #user.notes, user.notes[1], user.notes:contains "third"
---     la.select(User):where(User.notes:eq "third")
---@param target_collection string  the key of the relationship
---@param attr string  the attribute of its objects: a column, a relationship, a hybrid, or another association proxy
---@param options table?  `creator`: makes an object of a value, by default the class is called with {[attr] = value}, or with the value if it
--- has an `__init` of its own, and for a dictionary gets key and value; `cascade_scalar_deletes` (false): nil takes the one object away;
--- `create_on_none_assignment` (false): nil makes one; `getset_factory`: a function (class of the collection, proxy) that gives two functions which
--- read and write the value of an object; `proxy_factory`: a function (collection getter, creator, attr, proxy) that makes what the attribute
--- reads as, for collections of the program's own, and `proxy_bulk_set`: a function (that, values) for assignments; `info`: a table of yours
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
  for _, name in ipairs(functions) do
    if options[name] ~= nil then keywords.expect("association_proxy: " .. name, "a function", options[name], "function") end
  end
  return setmetatable({
    target_collection = target_collection, value_attr = attr, creator = options.creator, info = options.info or {},
    getset_factory = options.getset_factory, proxy_factory = options.proxy_factory, proxy_bulk_set = options.proxy_bulk_set,
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

--- The object between for a value, in dictionaries for a key and a value.
local function create(self, link, value, ...)
  if self.creator then return self.creator(value, ...) end
  local class = link.target
  if select("#", ...) > 0 then
    error(exc.ArgumentError(("the association proxy of the dictionary \"%s\" needs a creator: a function of key and value that makes a %s")
      :format(self.target_collection, class.__name__)), 0)
  end
  if class.__init == core.object_init then return class {[self.value_attr] = value} end
  return class(value)
end

--- The functions that read and write the value of an object between.
local function accessors(self, link)
  if self.getset_factory then
    local get, set = self.getset_factory(link.collection and link.collection.class or nil, self)
    return get, set
  end
  local attr = self.value_attr
  return function(target) return target[attr] end, function(target, value) target[attr] = value end
end

--- What the attribute of `object` reads as where the relationship leads to several objects.
local function view_of(self, object, link, key)
  local like = link.collection and link.collection.like or "list"
  local get, set = accessors(self, link)
  local function make(...) return create(self, link, ...) end
  if self.proxy_factory then
    return self.proxy_factory(function() return object[self.target_collection] end, make, self.value_attr, self)
  end
  local view = association.view(like, {
    _object = object, _collection = self.target_collection, _key = key, _get = get, _set = set, _proxy = self, _create = make,
  })
  if view then return view end
  error(exc.ArgumentError(("could not guess which interface to use for the collection_class of \"%s\"; specify a proxy_factory and " ..
    "proxy_bulk_set"):format(self.target_collection)), 0)
end

function Proxy:get(object, key)
  local link = link_of(self, core.mapped_class_of(object))
  if link.uselist then return view_of(self, object, link, key) end
  local target = object[self.target_collection]
  if target == nil then return nil end
  return (accessors(self, link))(target)
end

local function set_scalar(self, object, link, value)
  local target = object[self.target_collection]
  if target == nil then
    if value == nil and not self.create_on_none_assignment then return end
    object[self.target_collection] = create(self, link, value)
    return
  end
  select(2, accessors(self, link))(target, value)
  if value == nil and self.cascade_scalar_deletes then object[self.target_collection] = nil end
end

function Proxy:set(object, key, value)
  local link = link_of(self, core.mapped_class_of(object))
  if not link.uselist then return set_scalar(self, object, link, value) end
  if type(value) == "table" and rawget(value, "_object") == object and rawget(value, "_proxy") == self then return end
  local view = view_of(self, object, link, key)
  if self.proxy_bulk_set then return self.proxy_bulk_set(view, value) end
  if self.proxy_factory then
    error(exc.InvalidRequestError("no proxy_bulk_set supplied for custom collection_class implementation"), 0)
  end
  association.replace(view, value)
end

--- What `attributes.del_attribute(object, key)` does: the value goes, and with it the object between or all of them.
function Proxy:delete(object)
  local link = link_of(self, core.mapped_class_of(object))
  local target = not link.uselist and object[self.target_collection] or nil
  if target ~= nil then select(2, accessors(self, link))(target, nil) end
  attributes.del_attribute(object, self.target_collection)
end

--- `Class.key`: conditions on what the objects between lead to. Comparisons are those of the attribute there, inside an EXISTS.
---@class lualchemy.AssociationProxyInstance
---@field key string  of the proxy in its class
---@field owning_class table  the class that has the proxy
---@field target_collection string  the key of the relationship
---@field value_attr string  the key of the attribute of its objects
---@field scalar boolean  leads the relationship to one object?
---@field target_class table  the class between
---@field local_attr lualchemy.RelationshipAttribute  the relationship to it
---@field remote_attr any  the attribute of its objects
---@field attr table  both
---@field collection_class any  of the relationship
---@field parent lualchemy.AssociationProxy  what `association_proxy()` gave
---@field info table
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
    proxy = self, owning_class = class, target_collection = self.target_collection, value_attr = self.value_attr, link = link,
  }, Expression)
end

local function kind_of(self)
  return remote_kind(self.proxy, self.owning_class, self.link)
end

local function remote(self)
  return self.target_class[self.value_attr]
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
  return condition | self.local_attr:eq(nil)
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

local fields = {
  remote_attr = remote,
  attr = function(self) return {self.local_attr, remote(self)} end,
  parent = function(self) return self.proxy end,
  info = function(self) return self.proxy.info end,
  collection_class = function(self) return self.link.collection_class end,
  __clause_element = function()
    error(exc.ArgumentError("The association proxy can't be used as a plain column expression; it only works inside of a comparison expression"), 0)
  end,
}

function Expression:__index(name)
  local method = conditions[name]
  if method then return method end
  if fields[name] then return fields[name](self) end
  if strict.is_probe(name) then return nil end
  local attribute = remote(self)
  if kind_of(self) == "object" or type(attribute[name]) ~= "function" then
    strict.unknown(("association proxy %s.%s"):format(self.owning_class.__name__, self.key), name, conditions)
  end
  if name == "op" or name == "bool_op" then
    return function(_, ...)
      local operator = attribute[name](attribute, ...)
      return function(...) return exists(self, operator(...)) end
    end
  end
  return function(_, ...) return exists(self, attribute[name](attribute, ...)) end
end

function Expression:__tostring()
  return ("association_proxy(%s.%s)"):format(self.target_collection, self.value_attr)
end

local function no_operand()
  error(exc.InvalidRequestError("The association proxy can't be used as a plain column expression; it only works inside of a comparison " ..
    "expression: compare its attribute by any() or has(), or join along local_attr and remote_attr"), 2)
end

for _, name in ipairs {"__add", "__sub", "__mul", "__div", "__mod", "__pow", "__unm", "__idiv", "__concat", "__lt", "__le"} do
  Expression[name] = no_operand
end

function Proxy:__tostring()
  return ("association_proxy(\"%s\", \"%s\")"):format(self.target_collection, self.value_attr)
end

return strict.module("lualchemy.ext.associationproxy", M)
