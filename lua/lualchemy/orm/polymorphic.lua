-- SPDX-License-Identifier: MIT
-- Entities that have the columns of subclasses: with_polymorphic().
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

local M = {}

local known = keywords.set {"selectable", "flat", "aliased", "innerjoin", "name", "polymorphic_on", "adapt_on_names"}

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
  options = keywords.check("with_polymorphic", options, known)
  if not core.is_mapped(class) then
    error(exc.ArgumentError("with_polymorphic takes a mapped class, then its subclasses"), 2)
  end
  return core.with_polymorphic(class, class_list(classes), options.selectable or nil, options.name,
    options.aliased or options.flat or options.name ~= nil, options.innerjoin)
end

return M
