-- SPDX-License-Identifier: MIT
-- Tables of statements and the texts that they compile to.
--
--   local check = require "spec.support.compiled"
--   check {
--     {u.id:eq(3), default = "users.id = :id_1", sqlite = "users.id = ?"},
--     {u.id:eq(nil), "users.id IS NULL"},                    -- both dialects
--     {u.id:in_{1}, "users.id IN (1)", literal_binds = true}, -- keywords of compile()
--     {statement, "error: the message begins so"},
--   }
local assert = require "luassert"

local dialects = {"default", "sqlite"}

local function normal(text)
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

local function text_of(case, dialect)
  local ok, result = pcall(function()
    return tostring(case[1]:compile {
      dialect = dialect, literal_binds = case.literal_binds, render_postcompile = case.render_postcompile,
    })
  end)
  if ok then return normal(result) end
  return "error: " .. normal(type(result) == "table" and result.message or tostring(result))
end

-- A message is compared as far as it is given.
local function compare(expected, got)
  if expected:find("^error: ") then got = got:sub(1, #expected) end
  assert.equal(expected, got)
end

---@param cases table[]
return function(cases)
  for _, case in ipairs(cases) do
    for _, dialect in ipairs(dialects) do
      local expected = case[2] or case[dialect]
      if expected then compare(expected, text_of(case, dialect)) end
    end
  end
end
