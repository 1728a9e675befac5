-- SPDX-License-Identifier: MIT
-- The assertion `assert.sql(statement, text, params)`: the text a statement compiles to, white space aside, and
-- its parameters. `text` may be a table by dialect: {default = "…", sqlite = "…"}; a string is the default dialect's.
--
--   require "spec.support.sql"
--   assert.sql(la.select(users.c.id), "SELECT users.id FROM users")
--   assert.sql(users.c.id:eq(7), "users.id = :id_1", {id_1 = 7})
local assert = require "luassert"
local say = require "say"

local sql = {}

--- A text with every run of white space as one space.
function sql.normal(text)
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""):gsub("%( ", "("):gsub(" %)", ")"))
end

local function compiled(statement, dialect)
  if type(statement) == "string" then return statement end
  if dialect == "default" then return statement:compile() end
  return statement:compile {dialect = dialect}
end

local function same_params(expected, got)
  for name, value in pairs(expected) do
    if got[name] ~= value then return false end
  end
  for name in pairs(got) do
    if expected[name] == nil then return false end
  end
  return true
end

local function check(state, arguments)
  local statement, texts, params = arguments[1], arguments[2], arguments[3]
  if type(texts) == "string" then texts = {default = texts} end
  for dialect, text in pairs(texts) do
    local got = compiled(statement, dialect)
    local same = sql.normal(tostring(got)) == sql.normal(text)
    if not same or params and not same_params(params, got.params) then
      local describe = require "lualchemy.describe"
      state.failure_message = nil
      arguments[1] = sql.normal(tostring(got)) .. (same and "\n" .. describe.value(got.params) or "")
      arguments[2] = sql.normal(text) .. (same and "\n" .. describe.value(params) or "")
      arguments.n = 2
      return false
    end
  end
  return true
end

say:set("assertion.sql.positive", "Expected other SQL.\nGot:\n%s\nExpected:\n%s")
say:set("assertion.sql.negative", "Did not expect this SQL.\nGot:\n%s\nExpected other than:\n%s")
assert:register("assertion", "sql", check, "assertion.sql.positive", "assertion.sql.negative")

return sql
