-- SPDX-License-Identifier: MIT
-- Comments say what the code cannot: every header and every Lua module starts with the design of
-- its noun, and no comment is a debt.
local tree = require "spec.support.tree"

-- The words in two parts, so that this file does not find itself.
local debts = {"TO" .. "DO", "FIX" .. "ME", "XX" .. "X", "HA" .. "CK"}

local function sources()
  local paths = {}
  for _, place in ipairs {
    {"csrc", "*.[ch]"}, {"lua", "*.lua"}, {"spec", "*.[ch]"}, {"spec", "*.lua"},
    {"examples", "*.lua"}, {"examples", "*.c"}, {"bench", "*.lua"}, {"bench", "*.[ch]"}, {"training", "*.lua"},
  } do
    table.move(tree.files(place[1], place[2]), 1, 1000, #paths + 1, paths)
  end
  return paths
end

describe("comments", function()
  it("leave no debt", function()
    local found = {}
    for _, path in ipairs(sources()) do
      for number, line in tree.lines(tree.read(path)) do
        for _, word in ipairs(debts) do
          if line:find("%f[%w_]" .. word .. "%f[^%w_]") then
            found[#found + 1] = ("%s:%d: %s"):format(path, number, word)
          end
        end
      end
    end
    assert(#found == 0, table.concat(found, "\n"))
  end)

  it("name the license in the first line of every source", function()
    local bare = {}
    for _, path in ipairs(sources()) do
      if not tree.read(path):match("^[^\n]*\n?[^\n]*"):find("SPDX-License-Identifier: MIT", 1, true) then
        bare[#bare + 1] = path
      end
    end
    assert(#bare == 0, table.concat(bare, "\n"))
  end)

  it("start every header with the design of its noun", function()
    local bare = {}
    for _, path in ipairs(tree.files("csrc", "*.h")) do
      if not tree.read(path):find("^/%*[^\n]*%*/\n/%*\n %* [%w`]") then bare[#bare + 1] = path end
    end
    assert(#bare == 0, "no design comment: " .. table.concat(bare, "\n"))
  end)

  it("start every Lua module with the design of its noun", function()
    local bare = {}
    for _, path in ipairs(tree.files("lua", "*.lua")) do
      local text = tree.read(path):gsub("^%-%-[^\n]*SPDX[^\n]*\n", ""):gsub("^%-%-%-@meta[^\n]*\n", "")
      if not text:find("^%-%-+%[?=*%[?%s*[%w`]") then bare[#bare + 1] = path end
    end
    assert(#bare == 0, "no design comment: " .. table.concat(bare, "\n"))
  end)
end)
