-- SPDX-License-Identifier: MIT
-- Lists that keep the place of each object in a column, as SQLAlchemy's `sqlalchemy.ext.orderinglist`.
--
--   local ordering_list = require("lualchemy.ext.orderinglist").ordering_list
--   slides = relationship("Slide", {order_by = "Slide.position", collection_class = ordering_list "position"})
--   deck.slides:insert(1, Slide{})       -- positions are 0, 1, 2 …
local collections = require "lualchemy.orm._collection_class"
local adapter = require "lualchemy.orm._adapter"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

local M = {}

--- Places are counted from 0.
---@param index integer  from 0
---@return integer
function M.count_from_0(index)
  return index
end

--- Places are counted from 1.
---@param index integer  from 0
---@return integer
function M.count_from_1(index)
  keywords.expect("count_from_1", "a number", index, "number")
  return index + 1
end

--- Places are counted from `start`.
---@param start integer
---@return fun(index: integer): integer
function M.count_from_n_factory(start)
  keywords.expect("count_from_n_factory", "a number", start, "number")
  return function(index) return index + start end
end

local List = collections.InstrumentedList
local known = keywords.set {"count_from", "ordering_func", "reorder_on_append"}

--- The list itself; the program gets it from a relationship with `ordering_list`.
---@class lualchemy.OrderingList
local OrderingList = List:class "OrderingList" {
  __init = function(self, attr, options)
    keywords.expect("OrderingList", "the name of an attribute", attr, "string")
    keywords.expect("OrderingList", "a table of options", options, "table")
    List.__init(self)
    rawset(self, "ordering_attr", attr)
    rawset(self, "ordering_func", options.ordering_func)
    rawset(self, "reorder_on_append", options.reorder_on_append)
  end,
}
M.OrderingList = OrderingList

local function order_entity(list, place, object, reorder)
  local have = object[list.ordering_attr]
  if have ~= nil and not reorder then return end
  local wanted = list.ordering_func(place - 1, list)
  if have ~= wanted then object[list.ordering_attr] = wanted end
end

--- Gives every object the value of its place.
function OrderingList:reorder()
  for place, object in ipairs(self) do order_entity(self, place, object, true) end
end

--- Adds an object at the end and gives it the value of its place, if it has none; with `reorder_on_append` in any case.
---@param object any
function OrderingList:append(object)
  List.append(self, object)
  local place = #self
  order_entity(self, place, self[place], self.reorder_on_append)
end

--- Adds an object at a place, counted from 1, and numbers all.
---@param place integer
---@param object any
function OrderingList:insert(place, object)
  List.insert(self, place, object)
  self:reorder()
end

--- Takes an object out and numbers the others.
---@param object any
function OrderingList:remove(object)
  List.remove(self, object)
  if adapter.of(self) then self:reorder() end
end

--- Takes out the object at a place, or the last one, and numbers the others.
---@param place integer?
---@return any object
function OrderingList:pop(place)
  local object = List.pop(self, place)
  self:reorder()
  return object
end

local write = OrderingList.instances.__newindex

--- A place that is written is numbered; once no object stands at two places, as in the middle of `table.insert`, all are.
function OrderingList.instances.__newindex(list, place, object)
  write(list, place, object)
  if math.type(place) ~= "integer" then return end
  local seen = {}
  for _, item in ipairs(list) do
    if seen[item] then return end
    seen[item] = true
  end
  list:reorder()
end

local function ordering_func(given)
  local func, from = given.ordering_func, given.count_from
  if func ~= nil then
    if type(func) ~= "function" then
      error(exc.ArgumentError(("ordering_list: ordering_func is a function of the place, from 0, and the list, not a %s"):format(type(func))), 3)
    end
    return func
  end
  if from == nil then return M.count_from_0 end
  return M.count_from_n_factory(from)
end

--- The collection class of lists that number their objects, as SQLAlchemy's `ordering_list()`. Give the relationship an `order_by` of the same
--- column: the list takes objects in the order in which they are loaded.
---@param attr string  the attribute of the objects that has their place
---@param options {count_from: integer?, ordering_func: (fun(index: integer, list: any): any)?, reorder_on_append: boolean?}?  `count_from` (0);
--- `ordering_func` makes the value of a place, which is counted from 0; `reorder_on_append` (false): also objects that have a value get that
--- of their place when they are appended or loaded
---@return function collection_class
---@raise ArgumentError for an unknown keyword or a wrong kind of argument
function M.ordering_list(attr, options)
  keywords.expect("ordering_list", "the name of an attribute", attr, "string")
  local given = keywords.check("ordering_list", options, known)
  local settled = {ordering_func = ordering_func(given), reorder_on_append = given.reorder_on_append == true}
  return function() return OrderingList(attr, settled) end
end

return require("lualchemy.strict").module("lualchemy.ext.orderinglist", M)
