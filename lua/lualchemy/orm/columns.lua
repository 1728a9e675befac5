-- SPDX-License-Identifier: MIT
-- The columns of mapped classes, told to those who want to know of each as it is mapped.
local core = require "lualchemy.core"
local schema = require "lualchemy.schema"

local M = {}

-- class → the keys of the columns that the class itself maps → column
local mapped = setmetatable({}, {__mode = "k"})
local listeners = {}
-- class → the keys of its attributes that have several columns → those behind the first
local further_columns = setmetatable({}, {__mode = "k"})

--- How the attribute of a column is loaded: as its column_property says, or the column itself.
local function options_of(column, given)
  local own = schema.mapped_options(column)
  if not own then return given end
  local options = {}
  for name, value in pairs(given or {}) do options[name] = value end
  for _, name in ipairs {"deferred", "deferred_group", "deferred_raiseload", "active_history"} do
    if options[name] == nil then options[name] = own[name] end
  end
  if options.deferred == nil then options.deferred = options.deferred_group ~= nil or options.deferred_raiseload end
  return options
end

--- Maps `column` under `key`: for declarative.
---@param class table
---@param key string
---@param column lualchemy.Column
---@param options table?  those of its column_property
---@param further lualchemy.Column[]?  columns of other tables that hold the same
function M.map(class, key, column, options, further)
  core.mapper_column(class, key, column, options_of(column, options))
  mapped[class] = mapped[class] or {}
  mapped[class][key] = column
  for _, other in ipairs(further or {}) do core.mapper_further_column(class, key, other) end
  if further then
    further_columns[class] = further_columns[class] or {}
    further_columns[class][key] = further
  end
  for _, listener in ipairs(listeners) do listener(class, key, column) end
end

--- The columns behind the first of an attribute that has several.
---@param class table
---@param key string
---@return lualchemy.Column[]
function M.further(class, key)
  return further_columns[class] and further_columns[class][key] or {}
end

--- `listener(class, key, column)` is called for every column that is mapped from now on.
---@param listener fun(class: table, key: string, column: lualchemy.Column)
function M.when_mapped(listener)
  listeners[#listeners + 1] = listener
end

--- Tells the listeners of what is mapped already, once more.
function M.tell_again()
  for class, columns in pairs(mapped) do
    for key, column in pairs(core.is_mapped(class) and columns or {}) do -- one that is not is about to go
      for _, listener in ipairs(listeners) do listener(class, key, column) end
    end
  end
end

return M
