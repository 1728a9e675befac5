-- SPDX-License-Identifier: MIT
-- ARCHITECTURE.md, csrc/README.md and spec/README.md name every folder that is there, and no other.
local tree = require "spec.support.tree"

local function folders(parent)
  local names = {}
  for name in tree.shell("cd " .. parent .. " && ls -d */"):gmatch("([^\n]+)/") do
    names[#names + 1] = name
  end
  return names
end

describe("the maps of the house", function()
  local maps = {
    {page = "ARCHITECTURE.md", parent = "csrc"},
    {page = "csrc/README.md", parent = "csrc"},
    {page = "spec/README.md", parent = "spec"},
  }
  for _, map in ipairs(maps) do
    it(map.page .. " names every folder of " .. map.parent, function()
      local text = tree.read(map.page)
      for _, name in ipairs(folders(map.parent)) do
        local named = text:find("%f[%w]" .. name .. "/") or text:find("`" .. name .. "`", 1, true)
        assert(named, ("%s does not name %s/%s"):format(map.page, map.parent, name))
      end
    end)
  end

  it("ARCHITECTURE.md names no folder of csrc that is not there", function()
    local real = {}
    for _, name in ipairs(folders("csrc")) do
      real[name] = true
    end
    for name in tree.read("ARCHITECTURE.md"):gmatch("csrc/([%w_]+)/") do
      assert(real[name], "there is no csrc/" .. name)
    end
  end)
end)
