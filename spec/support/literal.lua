-- SPDX-License-Identifier: MIT
-- Tables of statements and their texts for SQLite, with all values written out:
--
--   check {
--     {users.c.id:eq(3), "users.id = 3"},
--   }
local assert = require "luassert"
local normal = require("spec.support.sql").normal

---@param cases table[]
return function(cases)
  for _, case in ipairs(cases) do
    local text = tostring(case[1]:compile {dialect = "sqlite", literal_binds = true})
    assert.equal(normal(case[2]), normal(text))
  end
end
