-- SPDX-License-Identifier: MIT
-- JSON values of columns: the serializers that engines use unless `json_serializer` and `json_deserializer`
-- name others.
--
-- Integers stay integers, floats read back as the same floats, nulls inside a value are la.null both ways. A
-- table that came from an array has a metatable with `__jsontype = "array"`, so that it stays one when it is empty.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"

local json = {}

local array = {__jsontype = "array", __name = "lualchemy.json.array"}

--- The JSON value null, where la.null means SQL NULL: `la.JSON.NULL`.
json.NULL = setmetatable({}, {
  __name = "lualchemy.JSON.NULL",
  __jsonnull = true,
  __tostring = function() return "JSON.NULL" end,
})

--- Marks a table as an array, so that it is one even if it is empty.
---@generic T: table
---@param list T
---@return T list
function json.array(list)
  keywords.expect("json.array", "a table", list, "table")
  return setmetatable(list, array)
end

--- A value as JSON text, its keys sorted.
---@param value any
---@return string
function json.encode(value)
  return core.json_encode(value)
end

--- The value of a JSON text.
---@param text string
---@return any
function json.decode(text)
  return core.json_decode(text, array)
end

return require("lualchemy.strict").module("lualchemy.json", json)
