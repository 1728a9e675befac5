-- SPDX-License-Identifier: MIT
-- What `require "lualchemy"` gives: the names that SQLAlchemy's top level has.
--
-- Nothing of it is loaded before it is asked for. A name is looked for in the modules below, in order,
-- and stays here once found; a name that none of them has is an error that says which is near.
local core = require "lualchemy.core"

-- An error's place needs lualchemy.exc's folder, and C makes its errors through it.
local exc = require "lualchemy.exc"
-- Lists that the core makes show themselves through it.
require "lualchemy.values"

-- Modules whose names are the top level's names too.
local sources = {
  "lualchemy.schema",
  "lualchemy.types",
  "lualchemy.sql",
  "lualchemy.engine",
  "lualchemy.engine.url",
  "lualchemy.pool",
  "lualchemy.values",
  "lualchemy.inspection",
}

-- Modules that are fields as well.
local submodules = {
  engine = "lualchemy.engine",
  exc = "lualchemy.exc",
  event = "lualchemy.event",
  orm = "lualchemy.orm",
  pool = "lualchemy.pool",
  schema = "lualchemy.schema",
  sql = "lualchemy.sql",
  types = "lualchemy.types",
  warnings = "lualchemy.warnings",
}

---@class lualchemy
local la = {
  _VERSION = "Lualchemy 0.1.0",
  null = core.null(),
  exc = exc,
}

-- Finds and keeps the value of a name; nil if there is none.
local function find(name)
  local value
  if submodules[name] then
    value = require(submodules[name])
  else
    for _, source in ipairs(sources) do
      value = rawget(require(source), name)
      if value ~= nil then break end
    end
  end
  rawset(la, name, value)
  return value
end

-- Every table that holds names of the top level, for suggestions and for pairs.
local function tables()
  local all = {la, submodules}
  for _, source in ipairs(sources) do
    all[#all + 1] = require(source)
  end
  return all
end

local meta = {__name = "lualchemy"}

function meta.__index(_, name)
  local strict = require "lualchemy.strict"
  if strict.is_probe(name) then return nil end
  local value = find(name)
  if value == nil then
    strict.unknown('module "lualchemy"', name, table.unpack(tables()))
  end
  return value
end

-- Visits every name, sorted.
function meta.__pairs()
  local names = {}
  for _, holder in ipairs(tables()) do
    for name in next, holder do
      if type(name) == "string" and name:sub(1, 2) ~= "__" then names[name] = true end
    end
  end
  local sorted = {}
  for name in next, names do
    sorted[#sorted + 1] = name
  end
  table.sort(sorted)
  local at = 0
  return function()
    at = at + 1
    local name = sorted[at]
    if name then return name, la[name] end
  end
end

return setmetatable(la, meta)
