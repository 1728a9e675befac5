-- SPDX-License-Identifier: MIT
-- Where a class stands among those that it inherits from, mapped or not: its `__base__`, which lies raw in the class.
local core = require "lualchemy.core"
local records = require("lualchemy.orm.fields").records

local M = {}

--- Is `class` the class `base`, or one below it? Asks nothing of mappers: classes that wait for theirs are answered for, too.
---@param class table|nil
---@param base table
---@return boolean
function M.is_a(class, base)
  while class do
    if class == base then return true end
    class = rawget(class, "__base__")
  end
  return false
end

--- The nearest mapped class that `class` inherits from, past abstract ones, or nil.
---@param class table
---@return table|nil
function M.parent(class)
  local parent = rawget(class, "__base__")
  while parent and not core.is_mapped(parent) do parent = rawget(parent, "__base__") end
  return parent
end

--- The nearest class above `class` that keeps those below it: a mapped one, or one that will be mapped to their union.
---@param class table
---@return table|nil
function M.above(class)
  local at = rawget(class, "__base__")
  while at and not (records[at] and records[at].below) do at = rawget(at, "__base__") end
  return at
end

--- The topmost mapped class above `class`; itself if there is none.
---@param class table
---@return table
function M.root(class)
  local parent = M.parent(class)
  while parent do class, parent = parent, M.parent(parent) end
  return class
end

--- The table of a mapped class: its own, the one that it shares with its parent, or the first of the join that it is mapped to.
---@param class table
---@return lualchemy.Table
function M.table(class) return records[class].table end

return M
