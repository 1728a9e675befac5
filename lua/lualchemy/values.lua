-- SPDX-License-Identifier: MIT
-- Values that Lua has no kind for: exact decimals, dates, times; and lists that print readably.
local core = require "lualchemy.core"

core.hook("describe_list", function(list)
  return require("lualchemy.describe").list(list)
end)

local values = {}

--- An exact decimal number from a string, an integer or a decimal: `la.decimal "12.50"`. It has + - * / (to 28 digits),
--- // and % (rounded down, as for Lua's numbers), comparisons, `:compare(other)`, `:abs()`, `:is_zero()`, `:is_signed()`,
--- `:tonumber()`, `:tointeger()`; `:quantize(digits, rounding)` rounds to so many digits of fraction (or to those of a
--- decimal, as in `:quantize(la.decimal "0.01", "half_up")`), `:to_integral_value(rounding)` to none, `:normalize()` drops zeros
--- at the fraction's end. A rounding is "half_even" (the default), "half_up", "half_down", "up", "down", "ceiling",
--- "floor" or "05up". Floats are refused, for they are not exact.
---@param value string|integer|lualchemy.Decimal
---@return lualchemy.Decimal
function values.decimal(value)
  return core.decimal(value)
end

values.Decimal = values.decimal

--- A date: from a table, an ISO string, or seconds since the epoch in local time.
---@param value table|string|number
---@return lualchemy.Date
---@raise ArgumentError for a value that is no date, or for several arguments
function values.date(value, ...)
  return core.date(value, ...)
end

--- A time of day, likewise.
---@param value table|string|number
---@return lualchemy.Time
function values.time(value, ...)
  return core.time(value, ...)
end

--- A date with a time, likewise. A table without hour is midnight.
---@param value table|string|number
---@return lualchemy.DateTime
function values.datetime(value, ...)
  return core.datetime(value, ...)
end

return require("lualchemy.strict").module("lualchemy.values", values)
