-- SPDX-License-Identifier: MIT
-- Values as texts for people: in error messages, logs, and the tostring of lists and objects.
--
-- Strings stand in double quotes with escapes, NULL is nil, plain tables are shown as they would be
-- written, everything else as its own tostring has it. What is long is cut in the middle, and of many
-- parameters only the first and last are shown, as SQLAlchemy does.
local core = require "lualchemy.core"

local describe = {}

local max_chars, max_params, max_sets, max_depth = 300, 100, 10, 4
local null = core.null()

local escapes = {["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\0"] = "\\0", ['"'] = '\\"', ["\\"] = "\\\\"}

local function quote(text)
  return '"' .. text:gsub('[%c"\\\127]', function(char)
    return escapes[char] or ("\\%03d"):format(char:byte())
  end) .. '"'
end

-- Cuts a long text in the middle, not inside a UTF-8 sequence.
local function cut(text, limit)
  if #text <= limit then return text end
  local half = limit // 2
  local head, tail = half, #text - half + 1
  while head > 0 and text:byte(head + 1) and text:byte(head + 1) & 0xC0 == 0x80 do head = head - 1 end
  while tail <= #text and text:byte(tail) & 0xC0 == 0x80 do tail = tail + 1 end
  return ("%s ... (%d characters truncated) ... %s"):format(text:sub(1, head), #text - limit, text:sub(tail))
end

-- A metatable that hides itself is one of ours, or as careful: it has a text of its own.
local function has_own_text(value)
  local meta = getmetatable(value)
  return meta ~= nil and (type(meta) ~= "table" or meta.__tostring ~= nil)
end

local describe_value

local function compare_keys(a, b)
  if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
  return type(a) < type(b)
end

local function sorted_keys(map)
  local keys = {}
  for key in next, map do
    keys[#keys + 1] = key
  end
  table.sort(keys, compare_keys)
  return keys
end

local function describe_key(key, depth, seen)
  if type(key) == "string" and key:find("^[%a_][%w_]*$") then return key end
  return "[" .. describe_value(key, depth, seen) .. "]"
end

local function describe_table(value, depth, seen)
  if depth > max_depth or seen[value] then return "{...}" end
  seen[value] = true
  local parts, length = {}, #value
  for i = 1, length do
    parts[i] = describe_value(value[i], depth + 1, seen)
  end
  for _, key in ipairs(sorted_keys(value)) do
    if not (math.type(key) == "integer" and key >= 1 and key <= length) then
      parts[#parts + 1] = describe_key(key, depth + 1, seen) .. " = " .. describe_value(value[key], depth + 1, seen)
    end
  end
  seen[value] = nil
  return "{" .. table.concat(parts, ", ") .. "}"
end

local modules = {lualchemy = true, ["lualchemy.orm"] = true}

local function module_name(value)
  local meta = type(value) == "table" and getmetatable(value)
  local name = type(meta) == "table" and meta.__name
  return modules[name] and rawequal(package.loaded[name], value) and name or nil
end

function describe_value(value, depth, seen)
  if value == nil or value == null then return "nil" end
  if module_name(value) then return ("the module %s (is a colon written for a dot?)"):format(module_name(value)) end
  if type(value) == "string" then return quote(value) end
  if type(value) == "table" and not has_own_text(value) then
    return describe_table(value, depth, seen)
  end
  return tostring(value)
end

--- A value as text, cut when it is longer than `limit` (300).
---@param value any
---@param limit integer?
---@return string
function describe.value(value, limit)
  return cut(describe_value(value, 1, {}), limit or max_chars)
end

--- A string in double quotes with escapes, whole.
describe.quote = quote

-- Joins what `item(i)` gives for 1..count, leaving out the middle of a long sequence.
local function join(count, item)
  local parts = {}
  local shown = count > max_params and max_params // 2 or count
  for i = 1, shown do
    parts[i] = item(i)
  end
  local text = table.concat(parts, ", ")
  if shown == count then return text end
  local rest = {}
  for i = count - shown + 1, count do
    rest[#rest + 1] = item(i)
  end
  return ("%s ... %d parameters truncated ... %s"):format(text, count - max_params, table.concat(rest, ", "))
end

local function describe_set(params)
  if type(params) ~= "table" then return describe.value(params) end
  if #params > 0 or next(params) == nil then
    return "(" .. join(#params, function(i) return describe.value(params[i]) end) .. ")"
  end
  local keys = sorted_keys(params)
  return "{" .. join(#keys, function(i)
    return describe_key(keys[i], 1, {}) .. " = " .. describe.value(params[keys[i]])
  end) .. "}"
end

local function describe_sets(sets, from, to)
  local parts = {}
  for i = from, to do
    parts[#parts + 1] = describe_set(sets[i])
  end
  return table.concat(parts, ", ")
end

--- Parameters as an error or a log line shows them: `("a", 1)`, `{id = 1}`, `[("a"), ("b")]`.
---@param params table   one set, or a sequence of sets
---@param ismulti boolean?
---@return string
function describe.parameters(params, ismulti)
  if not ismulti then return describe_set(params) end
  local count = #params
  if count <= max_sets then
    return "[" .. describe_sets(params, 1, count) .. "]"
  end
  return ("[%s  ... displaying %d of %d total bound parameter sets ...  %s]"):format(
    describe_sets(params, 1, max_sets - 2), max_sets, count, describe_sets(params, count - 1, count))
end

--- A list as text: `[1, "x", User(id=1)]`.
---@param list table
---@return string
function describe.list(list)
  local parts, seen = {}, {}
  for i = 1, #list do
    parts[i] = cut(describe_value(list[i], 2, seen), max_chars)
  end
  return "[" .. table.concat(parts, ", ") .. "]"
end

return require("lualchemy.strict").module("lualchemy.describe", describe)
