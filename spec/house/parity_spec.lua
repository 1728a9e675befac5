-- SPDX-License-Identifier: MIT
-- The list of features is whole, and specs name no feature that is not in it.
local parity = require "spec.house.parity"

describe("features.tsv", function()
  local rows = parity.read()
  local known = {}
  for _, row in ipairs(rows) do
    known[row.id] = row
  end

  it("has each id once, with an importance of A, B or C", function()
    local seen = {}
    for _, row in ipairs(rows) do
      assert.is_nil(seen[row.id], row.id .. " stands twice")
      seen[row.id] = true
      assert.truthy(row.importance:find("^[ABC]$"), row.id)
    end
  end)

  it("has the 415 features, the 145 behaviours and the loader rules", function()
    local count = {features = 0, behaviours = 0, rules = 0}
    for _, row in ipairs(rows) do
      local kind = row.id:find("^UOW%-") and "behaviours" or row.id:find("^LOAD%-") and "rules"
        or "features"
      count[kind] = count[kind] + 1
    end
    assert.same({features = 415, behaviours = 145, rules = 11}, count)
  end)

  it("knows every id that specs and the differences page name", function()
    local families = {}
    for id in pairs(known) do
      families[id:match("^%u+")] = true
    end
    for _, named in ipairs {parity.named()} do
      for id, path in pairs(named) do
        if families[id:match("^%u+")] then
          assert(known[id], ("%s names %s, which is no feature"):format(path, id))
        end
      end
    end
  end)
end)
