-- SPDX-License-Identifier: MIT
-- Attributes that are one element of a value with elements, such as a JSON column, as SQLAlchemy's `sqlalchemy.ext.indexable`.
--
--   local index_property = require("lualchemy.ext.indexable").index_property
--   local Person = Base:class "Person" {
--     __tablename__ = "people", id = Column(Integer, {primary_key = true}), data = Column(JSON),
--     name = index_property("data", "name"),
--   }
--   person.name = "Ann"; la.select(Person):where(Person.name:as_string():eq "Ann")
local attributes = require "lualchemy.orm.attributes"
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local hybrid = require "lualchemy.ext.hybrid"
local keywords = require "lualchemy.keywords"

local M = {}

local known = keywords.set {"default", "datatype", "mutable", "onebased"}

local function is_mapped(object, attr)
  for _, property in ipairs(core.mapper_properties(core.mapped_class_of(object))) do
    if property.key == attr then return true end
  end
  return false
end

--- A list long enough for its last place, or an empty table.
local function empty_value(index)
  local value = {}
  for i = 1, math.type(index) == "integer" and index or 0 do value[i] = core.null() end
  return value
end

--- A list has no holes.
local function check_place(attr, value, index)
  if math.type(index) == "integer" and value[index] == nil and index > #value + 1 then
    error(exc.InvalidRequestError(("the element %d of '%s' can't be set: the list has %d"):format(index, attr, #value)), 0)
  end
end

--- An attribute for the element `index` of the attribute `attr`, as SQLAlchemy's `index_property()`; in statements it is `Class.attr:at(index)`.
--- Where there is no such element it reads nil, or the default; nil takes the element out.
---@param attr string  of a JSON column, or of another index_property
---@param index integer|string  a key, or a place counted from 1
---@param options {default: any, datatype: (fun(): table)?, mutable: boolean?, onebased: boolean?}?  `default`: what a missing element reads as;
--- `datatype`: makes the value where there is none, by default a list for a place and a table for a key; `mutable` (true): false refuses to write;
--- `onebased` (true): false for a column whose places count from 0 in SQL, as those of JSON do
---@return lualchemy.hybrid_property
---@raise ArgumentError for an unknown keyword or a wrong kind of argument
function M.index_property(attr, index, options)
  keywords.expect("index_property", "the name of an attribute", attr, "string")
  if math.type(index) ~= "integer" and type(index) ~= "string" then
    error(exc.ArgumentError(("index_property takes a key or a place, not a %s"):format(type(index))), 2)
  end
  options = keywords.check("index_property", options, known)
  local datatype = options.datatype or function() return empty_value(index) end
  local sql_index = index
  if math.type(index) == "integer" and options.onebased == false then sql_index = index - 1 end

  local function get(object)
    local value = object[attr]
    local element
    if value ~= nil then element = value[index] end
    if element == nil and options.default ~= core.null() then return options.default end
    return element
  end

  local function set(object, element)
    local value = object[attr]
    if value == nil then value = datatype() end
    check_place(attr, value, index)
    value[index] = element
    object[attr] = value
    if is_mapped(object, attr) then attributes.flag_modified(object, attr) end
  end

  local property = hybrid.hybrid_property(get):expression(function(class) return class[attr]:at(sql_index) end)
  if options.mutable == false then return property end
  return property:setter(set):deleter(function(object)
    if object[attr] == nil or object[attr][index] == nil then
      error(exc.InvalidRequestError(("this object does not have a value for the element %s of '%s'"):format(tostring(index), attr)), 0)
    end
    set(object, nil)
  end)
end

return require("lualchemy.strict").module("lualchemy.ext.indexable", M)
