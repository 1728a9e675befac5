-- SPDX-License-Identifier: MIT
-- What the input goes through that Lua has a part in: JSON, texts as SQL, statements as bytes. Each function takes the input; an error that is not
-- one of Lualchemy's, or a result that contradicts itself, ends the run.
local checks = {}

local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local json = require "lualchemy.json"
local la = require "lualchemy"
local statements = require "spec.support.statements"

la.warnings.simplefilter "ignore"

--- Calls `fn`; only Lualchemy's errors are right.
local function try(fn, ...)
  local ok, result = pcall(fn, ...)
  if ok then return result end
  assert(exc.LualchemyError:matches(result), result)
end

function checks.json(text)
  local ok, value = pcall(json.decode, text)
  if ok then
    local again = json.decode(json.encode(value))
    assert(json.encode(again) == json.encode(value))
  end
end

function checks.text(text)
  local made = try(la.text, text)
  if made then
    tostring(made)
    tostring(la.select(made))
  end
  try(function() return tostring(la.select(la.column(text)):compile()) end)
  try(function() return tostring(la.literal(text):compile{literal_binds = true}) end)
end

--- What core.statement_read takes, for each of the statements, in an order that is always the same.
local function written()
  local all, order = statements.matrix(statements.classes()), {}
  for name in pairs(all) do order[#order + 1] = name end
  table.sort(order)
  for i, name in ipairs(order) do
    local bytes, names, types, hosts = core.statement_write(all[name])
    for at, entry in ipairs(names) do names[at] = entry[3] and entry[2][entry[3]] or entry[2] end
    order[i] = {bytes, names, types, hosts}
  end
  return order
end

local records

--- The input says which statement, and then, for each four bytes, what is done at which place of its bytes: one is replaced, put in or taken out.
--- With 255 in front its rest stands for the bytes themselves.
local function damage(bytes, input, at)
  while at + 3 <= #input do
    local what, place, byte
    what, place, byte, at = string.unpack("<BI2B", input, at)
    place = place % (#bytes + 1)
    bytes = bytes:sub(1, place) .. (what % 3 < 2 and string.char(byte) or "") .. bytes:sub(place + (what % 3 == 1 and 1 or 2))
  end
  return bytes
end

function checks.bytes(input)
  records = records or written()
  local first, second = input:byte(1, 2)
  if not second then return end
  local record = records[second % #records + 1]
  local bytes = first == 255 and input:sub(3) or damage(record[1], input, 2 + 1)
  local statement = try(core.statement_read, bytes, record[2], record[3], record[4])
  if statement ~= nil then
    tostring(statement)
    for _, dialect in ipairs{"sqlite", "default"} do
      try(function() return tostring(statement:compile{dialect = dialect}) end)
    end
    try(core.statement_write, statement)
  end
end

return checks
