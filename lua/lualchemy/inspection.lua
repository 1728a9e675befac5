-- SPDX-License-Identifier: MIT
-- `la.inspect` and `la.isinstance`: each area registers what it knows about its own things.
local core = require "lualchemy.core"

local inspection = {}

-- Class of a userdata → function(value); and functions asked in order for what has no such row.
local inspectors, askers, testers = {}, {}, {}

-- What is inspected by itself: its fields tell all there is.
local inspects_itself = {}
for _, name in ipairs {"Table", "Column", "ColumnElement", "FromClause", "Select", "InstrumentedAttribute", "RelationshipAttribute", "TextClause",
  "ClauseElement"} do
  inspects_itself["lualchemy." .. name] = true
end

--- Registers an inspector. `class` is the name of a class of userdata ("lualchemy.Engine"), or nil for a function that
--- is asked about everything else and gives nil for what it does not know.
---@param class string?
---@param inspector fun(value: any): any
function inspection.__register(class, inspector)
  if class then
    inspectors[class] = inspector
  else
    askers[#askers + 1] = inspector
  end
end

--- Registers a test for `isinstance`: it gives true or false for classes that it knows, nil for others.
---@param tester fun(value: any, class: any): boolean?
function inspection.__register_test(tester)
  testers[#testers + 1] = tester
end

--- What is known about a thing: the Inspector of an engine or connection, the Mapper of a class, the state
--- of an object, what an alias stands for; tables, columns, attributes and selects themselves.
---@param value any
---@param raiseerr boolean?  false: nil instead of an error
---@return any
function inspection.inspect(value, raiseerr)
  local class = core.class_of(value)
  local inspector = class and inspectors[class]
  if inspector then return inspector(value) end
  if class and inspects_itself[class] then return value end
  for _, ask in ipairs(askers) do
    local found = ask(value)
    if found ~= nil then return found end
  end
  if raiseerr == false then return nil end
  local exc = require "lualchemy.exc"
  local meta = getmetatable(value)
  error(exc.NoInspectionAvailable(("No inspection system is available for object of type %s"):format(
    class or type(meta) == "table" and meta.__name or type(value))), 0)
end

--- Is `value` of `class` or of a class below it: mapped classes, errors, types, tables, columns, engines …
---@param value any
---@param class any
---@return boolean
function inspection.isinstance(value, class)
  for _, test in ipairs(testers) do
    local answer = test(value, class)
    if answer ~= nil then return answer end
  end
  local exc = require "lualchemy.exc"
  if type(class) == "table" and getmetatable(class) == getmetatable(exc.LualchemyError) then
    return class:matches(value)
  end
  error(exc.ArgumentError("isinstance: the second argument is no class"), 0)
end

return require("lualchemy.strict").module("lualchemy.inspection", inspection)
