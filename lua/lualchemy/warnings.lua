-- SPDX-License-Identifier: MIT
-- Warnings: what is probably a mistake but no error, as Python's `warnings` with SQLAlchemy's categories.
--
-- A warning is an error object that is not raised (a class of lualchemy.exc, with `message` and `where`). Filters decide what becomes of it;
-- without one it is shown on the standard error output, once per text and place.
--
--   local warnings = require "lualchemy.warnings"
--   warnings.filterwarnings("ignore", {message = "cartesian product"})
--   warnings.simplefilter("error")                 -- in a test: every warning is raised
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

local warnings = {}

local actions = keywords.set {"error", "ignore", "always", "default", "once"}
local known = keywords.set {"message", "category", "append"}
-- Places that are remembered at most, so that texts which differ each time can't fill the memory.
local remembered_at_most = 1000

-- Sequence of {action, message, category}: the first that fits decides.
local filters = {}
-- Text and place of what was shown, and how many there are.
local shown, shown_count = {}, 0
-- While a program catches warnings: the list that takes them.
local caught

local function check_action(name, action)
  if not actions[action] then
    local nearest = core.nearest(action, actions)
    error(exc.ArgumentError(('%s: there is no action %s%s'):format(name, require("lualchemy.describe").value(action),
      nearest and ('; did you mean "%s"?'):format(nearest) or "")), 0)
  end
end

--- Says what becomes of warnings, as Python's `warnings.filterwarnings()`. The newest filter that fits decides.
---
---     warnings.filterwarnings("error", {message = "DELETE statement on table"})
---@param action "error"|"ignore"|"always"|"default"|"once"  raise; drop; show; show once per text and place; show once per text
---@param options table?  `message`: a Lua pattern that the text has; `category`: `exc.SAWarning` or another class; `append`: ask it last
---@raise ArgumentError for an unknown action, keyword or category
function warnings.filterwarnings(action, options)
  check_action("filterwarnings", action)
  local given = keywords.check("filterwarnings", options, known)
  if given.message ~= nil and type(given.message) ~= "string" then
    error(exc.ArgumentError("filterwarnings: message is a pattern, not a " .. type(given.message)), 0)
  end
  if given.category ~= nil and not exc.__is_class(given.category) then
    error(exc.ArgumentError("filterwarnings: category is a class of warnings such as exc.SAWarning"), 0)
  end
  local filter = {action = action, message = given.message, category = given.category}
  table.insert(filters, given.append and #filters + 1 or 1, filter)
end

--- As `filterwarnings` for every text, as Python's `warnings.simplefilter()`.
---@param action "error"|"ignore"|"always"|"default"|"once"
---@param category lualchemy.ErrorClass?  all if nil
function warnings.simplefilter(action, category)
  warnings.filterwarnings(action, {category = category})
end

--- Forgets the filters and what was shown, as Python's `warnings.resetwarnings()`.
function warnings.resetwarnings()
  filters, shown, shown_count = {}, {}, 0
end

--- Calls `fn` and gives a list of the warnings that came meanwhile, none of which is shown, and then what `fn` returns. Filters with the
--- action "error" still raise; filters set inside are gone afterwards. Python's `catch_warnings(record=True)`.
---
---     local list = warnings.catch_warnings(function() session:flush() end)
---     print(#list, list[1].message)
---@param fn function
---@return lualchemy.Error[] list
---@return any ...
---@raise ArgumentError for what cannot be called
function warnings.catch_warnings(fn)
  keywords.expect("catch_warnings", "a function", fn, "function")
  local list, outer_list, outer_filters = {}, caught, filters
  filters = table.move(filters, 1, #filters, 1, {})
  caught = list
  local _restore <close> = setmetatable({}, {__close = function() caught, filters = outer_list, outer_filters end})
  return list, fn()
end

--- Shows a warning. To be replaced by a program that has its own place for them: `warnings.showwarning = function(warning) … end`.
---@param warning lualchemy.Error
---@raise ArgumentError for what is no warning
function warnings.showwarning(warning)
  if not exc.__class_of(warning) then keywords.expect("showwarning", "a warning", warning, nil) end
  io.stderr:write(("%s: %s: %s\n"):format(warning.where or "?", exc.__class_of(warning).__name__, warning.message))
end

local function action_of(warning)
  for _, filter in ipairs(filters) do
    if (not filter.category or filter.category:matches(warning)) and (not filter.message or warning.message:find(filter.message)) then
      return filter.action
    end
  end
  return "default"
end

-- True if a warning with this key is new; it isn't afterwards.
local function is_new(key)
  if shown[key] then return false end
  if shown_count == remembered_at_most then shown, shown_count = {}, 0 end
  shown[key], shown_count = true, shown_count + 1
  return true
end

--- Warns, as Python's `warnings.warn()`.
---@param message string
---@param category lualchemy.ErrorClass?  `exc.SAWarning`
---@param code string?  the short code of the page of SQLAlchemy's documentation that explains it
---@raise ArgumentError for another message or category
function warnings.warn(message, category, code)
  keywords.expect("warn", "a message", message, "string")
  if category ~= nil and not exc.__is_class(category) then
    error(exc.ArgumentError "warn: category is a class of warnings such as exc.SAWarning", 2)
  end
  local warning = (category or exc.SAWarning)(message, {code = code})
  local action = action_of(warning)
  if action == "error" then error(warning, 0) end
  if action == "ignore" then return end
  if caught then
    caught[#caught + 1] = warning
  elseif action == "always" or action == "once" and is_new(message) or
    action == "default" and is_new(message .. "\n" .. tostring(warning.where)) then
    warnings.showwarning(warning)
  end
end

return require("lualchemy.strict").module("lualchemy.warnings", warnings)
