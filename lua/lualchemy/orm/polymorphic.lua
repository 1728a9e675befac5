-- SPDX-License-Identifier: MIT
-- Classes of a hierarchy: with_polymorphic(), and the mapper arguments that say how rows are told apart and subclasses loaded.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local hierarchy = require "lualchemy.orm.hierarchy"
local keywords = require "lualchemy.keywords"
local warnings = require "lualchemy.warnings"

local M = {}

--- What declarative keeps of classes, set by it.
M.records = {}

local known = keywords.set {"selectable", "flat", "aliased", "innerjoin", "name"}

--- Keywords of SQLAlchemy that do nothing here, with the reason.
local without_effect = {
  polymorphic_on = "rows are told apart by the class's own polymorphic_on, which the selectable must have",
  adapt_on_names = "columns of the selectable are found by the columns that they come from",
}

local function class_list(classes)
  if classes == "*" then return nil end
  if type(classes) ~= "table" or core.is_mapped(classes) then
    error(exc.ArgumentError("with_polymorphic takes a list of mapped classes, or \"*\" for all subclasses"), 0)
  end
  for i, class in ipairs(classes) do
    if not core.is_mapped(class) then
      error(exc.ArgumentError(("with_polymorphic: item %d of its list is no mapped class"):format(i)), 0)
    end
  end
  return classes
end

--- A class with the columns of subclasses, so that a statement loads, filters and orders by them, as SQLAlchemy's `with_polymorphic()`.
---
---     local staff = orm.with_polymorphic(Person, {Engineer, Manager})
---     session:scalars(la.select(staff):where(staff.Engineer.lang:eq "lua" | staff.Manager.status:eq "busy"))
---@param class table  a mapped class
---@param classes "*"|table[]  its subclasses; their bases come along
---@param options table?  `aliased` or `flat`: under aliases; `innerjoin`: rows of these classes alone; `name` of the alias; `selectable`: a FROM
--- element that has all their columns
---@return lualchemy.AliasedClass  with an entity for each subclass as a field
---@raise ArgumentError for what is no class
---@raise InvalidRequestError for a class that does not inherit from `class`
function M.with_polymorphic(class, classes, options)
  options = keywords.check("with_polymorphic", options, known, nil, without_effect)
  if not core.is_mapped(class) then
    error(exc.ArgumentError("with_polymorphic takes a mapped class, then its subclasses"), 2)
  end
  return core.with_polymorphic(class, class_list(classes), options.selectable or nil, options.name,
    options.aliased or options.flat or options.name ~= nil, options.innerjoin)
end

local polymorphic_loads = {inline = "inline", selectin = "selectin"}

--- How selects load subclasses: `with_polymorphic` ("*", or the names or classes of subclasses) and `polymorphic_load` of this class.
function M.set_loading(class, record, parent, given)
  local with = given.with_polymorphic
  if with ~= nil and with ~= "*" and type(with) ~= "table" then
    error(exc.ArgumentError(("class %s: with_polymorphic is \"*\" or a list of classes or their names"):format(class.__name__)), 0)
  end
  local how = given.polymorphic_load
  if how ~= nil and not polymorphic_loads[how] then
    error(exc.ArgumentError(("class %s: polymorphic_load is \"inline\" or \"selectin\", not %s"):format(class.__name__, tostring(how))), 0)
  end
  record.with_polymorphic = type(with) == "table" and keywords.set(with) or nil
  local named = false
  local at = parent
  while at and M.records[at] do
    local list = M.records[at].with_polymorphic
    named = named or list ~= nil and (list[class] or list[class.__name__]) ~= nil
    at = rawget(at, "__base__")
  end
  core.mapper_loading(class, {all = with == "*", inline = named or how == "inline", selectin = how == "selectin"})
end

--- A class that rows and objects are never of, only its subclasses.
function M.forbid_objects(class, record)
  record.metatable.__call = function()
    error(exc.InvalidRequestError(("Can't instantiate class for Mapper[%s(%s)]; mapper is marked polymorphic_abstract = true")
      :format(class.__name__, hierarchy.table(class).name)), 0)
  end
end

local function inherited_argument(class, name)
  local at = class
  while at and M.records[at] do
    local value = M.records[at].arguments and M.records[at].arguments[name]
    if value ~= nil then return value end
    at = rawget(at, "__base__")
  end
end

--- The class of the hierarchy that has `identity` already.
local function class_of_identity(class, identity)
  local list = {hierarchy.root(class)}
  for _, at in ipairs(list) do
    if at ~= class and M.records[at].arguments and M.records[at].arguments.polymorphic_identity == identity then return at end
    for _, below in ipairs(M.records[at].below or {}) do list[#list + 1] = below end
  end
end

--- Warns of a class without an identity among classes that have one, and of one that two have.
function M.check_identity(class, parent, arguments)
  local identity = arguments.polymorphic_identity
  local on = inherited_argument(parent, "polymorphic_on")
  if parent and core.is_mapped(parent) and on ~= nil and identity == nil and not arguments.polymorphic_abstract then
    warnings.warn(("Mapper Mapper[%s(%s)] does not indicate a 'polymorphic_identity', yet is part of an inheritance hierarchy that has a " ..
      "'polymorphic_on' column. Objects of this type cannot be loaded polymorphically which can lead to degraded or incorrect loading " ..
      "behavior in some scenarios. Please establish a polymorphic_identity for this class, or leave it un-mapped. To omit mapping an " ..
      "intermediary class when using declarative, set the '__abstract__ = true' attribute on that class.")
      :format(class.__name__, hierarchy.table(class).name))
  end
  local other = identity ~= nil and class_of_identity(class, identity)
  if other then
    warnings.warn(("Reassigning polymorphic association for identity %s from Mapper[%s(%s)] to Mapper[%s(%s)]: Check for duplicate use of " ..
      "%s as value for polymorphic_identity."):format(require("lualchemy.describe").value(identity), other.__name__, hierarchy.table(other).name,
      class.__name__, hierarchy.table(class).name, require("lualchemy.describe").value(identity)))
  end
end

return M
