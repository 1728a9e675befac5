---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of the C functions that values have, and of lualchemy.core's own low-level functions.

---An exact decimal number, immutable. Has + - * / (28 digits), unary minus, comparisons, `..` and tostring;
---integers and decimal strings serve as operands, floats are refused.
---@class lualchemy.Decimal
---@operator add(lualchemy.Decimal|integer|string): lualchemy.Decimal
---@operator sub(lualchemy.Decimal|integer|string): lualchemy.Decimal
---@operator mul(lualchemy.Decimal|integer|string): lualchemy.Decimal
---@operator div(lualchemy.Decimal|integer|string): lualchemy.Decimal
---@operator idiv(lualchemy.Decimal|integer|string): lualchemy.Decimal
---@operator mod(lualchemy.Decimal|integer|string): lualchemy.Decimal
---@operator unm: lualchemy.Decimal
local Decimal = {}

---Rounded, or filled with zeros, to so many digits after the point, or to as many as a decimal has:
---`price:quantize(2, "half_up")`, `price:quantize(la.decimal "0.01")`. ArgumentError for an unknown rounding.
---@param digits integer|lualchemy.Decimal
---@param rounding? "half_even"|"half_up"|"half_down"|"up"|"down"|"ceiling"|"floor"|"05up" half_even if it is not given
---@return lualchemy.Decimal
function Decimal:quantize(digits, rounding) end

---Rounded to no digits after the point.
---@param rounding? string as of quantize
---@return lualchemy.Decimal
function Decimal:to_integral_value(rounding) end

---Without zeros at the end of its fraction: 1.500 is 1.5.
---@return lualchemy.Decimal
function Decimal:normalize() end

---Is it less than zero?
---@return boolean
function Decimal:is_signed() end

---@return boolean
function Decimal:is_zero() end

---Orders by number; the other may be what == cannot compare with.
---@param other lualchemy.Decimal|integer|string
---@return -1|0|1
function Decimal:compare(other) end

---@return lualchemy.Decimal
function Decimal:abs() end

---The nearest float.
---@return number
function Decimal:tonumber() end

---The same number as an integer, or nil if it is none of 64 bits.
---@return integer?
function Decimal:tointeger() end

---@class lualchemy.Date
---@field year integer
---@field month integer
---@field day integer
---@operator sub(lualchemy.Date): integer
---@operator sub(number): lualchemy.Date
---@operator add(number): lualchemy.Date
local Date = {}

---@return string  "2024-01-31"
function Date:isoformat() end

---@class lualchemy.Time
---@field hour integer
---@field min integer
---@field sec integer
---@field usec integer
---@operator sub(lualchemy.Time): number
---@operator sub(number): lualchemy.Time
---@operator add(number): lualchemy.Time
local Time = {}

---@return string  "10:20:30"
function Time:isoformat() end

---@class lualchemy.DateTime
---@field year integer
---@field month integer
---@field day integer
---@field hour integer
---@field min integer
---@field sec integer
---@field usec integer
---@operator sub(lualchemy.DateTime): number
---@operator sub(number): lualchemy.DateTime
---@operator add(number): lualchemy.DateTime
local DateTime = {}

---@return string  "2024-01-31T10:20:30"
function DateTime:isoformat() end

---The C half of Lualchemy, for its own Lua modules.
---@class lualchemy.core
local core = {}

---Registers what C calls by that name.
---@param name string
---@param fn function
function core.hook(name, fn) end

---Bytes and blocks that the core holds, and how many allocations it has made.
---@return integer bytes
---@return integer blocks
---@return integer allocations
function core.memory() end

---la.null, the light userdata NULL.
---@return lightuserdata
function core.null() end

---Adds methods, and metamethods by names with two underscores, to a class of userdata and those below it.
---@param class string  "lualchemy.Select"
---@param functions table<string, function>
function core.extend(class, functions) end

---The class of one of our userdata, or nil.
---@param value any
---@return string?
function core.class_of(value) end

---Is the value of the class or of one below it?
---@param value any
---@param class string
---@return boolean
function core.is(value, class) end

---The caller's place outside of Lualchemy's own files, and a traceback.
---@return string?
---@return string
function core.where() end

---Chunks in the folder of the calling one are Lualchemy's own.
function core.home() end

---What running out of memory raises.
---@param object any
function core.no_memory(object) end

---@param value string|integer|lualchemy.Decimal
---@return lualchemy.Decimal
function core.decimal(value) end

---@param value table|string|number
---@return lualchemy.Date
function core.date(value) end

---@param value table|string|number
---@return lualchemy.Time
function core.time(value) end

---@param value table|string|number
---@return lualchemy.DateTime
function core.datetime(value) end

---What a table is by its metatable.
---@param value any
---@return "Date"|"Time"|"DateTime"|nil
function core.moment_kind(value) end

---Gives a sequence the metatable of lists, whose tostring shows the items.
---@generic T: table
---@param list T
---@return T list
function core.list(list) end

---@param value any
---@return boolean
function core.is_list(value) end

---The nearest name among the string keys and the strings in the sequences of the tables, or nil.
---@param name any
---@param ... table
---@return string?
function core.nearest(name, ...) end

---One listener more or less of an event.
---@param identifier string
---@param change integer
function core.listening(identifier, change) end

---Identifier → family, names of arguments, first argument that a listener may replace and how many.
---@return table<string, table>
function core.events() end

---@param value any
---@return string
function core.json_encode(value) end

---@param text string
---@param array table  metatable of arrays
---@return any
function core.json_decode(text, array) end
