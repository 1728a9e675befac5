-- SPDX-License-Identifier: MIT
-- Files stay short enough to be about one noun. The largest are printed, so that growth is seen.
local tree = require "spec.support.tree"

local hard_limit, shown = 700, 5

local function count_lines(path)
  local _, count = tree.read(path):gsub("\n", "")
  return count
end

describe("the size of", function()
  local kinds = {
    {name = "C files", folder = "csrc", pattern = "*.c"},
    {name = "headers", folder = "csrc", pattern = "*.h"},
    {name = "Lua modules", folder = "lua", pattern = "*.lua"},
    {name = "specs", folder = "spec", pattern = "*.lua"},
  }
  for _, kind in ipairs(kinds) do
    it(("%s is at most %d lines"):format(kind.name, hard_limit), function()
      local sizes = {}
      for _, path in ipairs(tree.files(kind.folder, kind.pattern)) do
        sizes[#sizes + 1] = {path = path, lines = count_lines(path)}
      end
      table.sort(sizes, function(a, b) return a.lines > b.lines end)
      local too_long = {}
      for i, size in ipairs(sizes) do
        if i <= shown then print(("%6d %s"):format(size.lines, size.path)) end
        if size.lines > hard_limit then too_long[#too_long + 1] = size.path end
      end
      assert(#too_long == 0, "too long: " .. table.concat(too_long, ", "))
    end)
  end
end)
