-- SPDX-License-Identifier: MIT
-- The rockspec names every C source and every Lua module that is on disk, and nothing else.
local tree = require "spec.support.tree"
local rockspec = require "spec.house.rockspec"

describe("the rockspec", function()
  local spec = {}
  assert(loadfile(rockspec.path, "t", spec))()

  -- What is in one list and not in the other, as text; "" if they are equal.
  local function difference(on_disk, listed)
    local lines, seen = {}, {}
    for _, name in ipairs(listed) do
      seen[name] = true
    end
    for _, name in ipairs(on_disk) do
      if not seen[name] then lines[#lines + 1] = "not listed: " .. name end
      seen[name] = nil
    end
    for name in pairs(seen) do
      lines[#lines + 1] = "not on disk: " .. name
    end
    return table.concat(lines, "\n")
  end

  it("lists the C sources on disk (./dev rockspec rewrites the lists)", function()
    assert.equals("", difference(rockspec.sources(), spec.build.modules["lualchemy.core"].sources))
  end)

  it("lists the Lua modules on disk (./dev rockspec rewrites the lists)", function()
    local on_disk, listed = {}, {}
    for _, module in ipairs(rockspec.modules()) do
      on_disk[#on_disk + 1] = module.name .. " = " .. module.path
    end
    for name, path in pairs(spec.build.modules) do
      if name ~= "lualchemy.core" then listed[#listed + 1] = name .. " = " .. path end
    end
    assert.equals("", difference(on_disk, listed))
  end)

  it("needs Lua and sqlite3 only, with the builtin build", function()
    assert.equals("builtin", spec.build.type)
    assert.same({"lua >= 5.4, < 5.6"}, spec.dependencies)
    assert.same({SQLITE = {header = "sqlite3.h"}}, spec.external_dependencies)
  end)

  it("is what ./dev rockspec writes", function()
    assert(rockspec.render() == tree.read(rockspec.path), "run ./dev rockspec")
  end)
end)
