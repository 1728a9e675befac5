-- SPDX-License-Identifier: MIT
-- Where a class stands among those that it inherits from, mapped or not: its `__base__`, which lies raw in the class.
local core = require "lualchemy.core"

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

--- The mapped class that `class` inherits from, or nil.
---@param class table
---@return table|nil
function M.parent(class)
  local parent = rawget(class, "__base__")
  return parent and core.is_mapped(parent) and parent or nil
end

--- The topmost mapped class above `class`; itself if there is none.
---@param class table
---@return table
function M.root(class)
  local parent = M.parent(class)
  while parent do class, parent = parent, M.parent(parent) end
  return class
end

return M
