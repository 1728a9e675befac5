-- SPDX-License-Identifier: MIT
-- The rockspec names every C source and every Lua module that is on disk, and nothing else.
local tree = require "spec.support.tree"
local rockspec = require "spec.house.rockspec"

describe("the rockspec", function()
  local spec = {}
  assert(loadfile(rockspec.path, "t", spec))()

  local function sorted(list)
    local copy = {table.unpack(list)}
    table.sort(copy)
    return copy
  end

  it("lists the C sources on disk (./dev rockspec rewrites the lists)", function()
    assert.same(sorted(rockspec.sources()), sorted(spec.build.modules["lualchemy.core"].sources))
  end)

  it("lists the Lua modules on disk (./dev rockspec rewrites the lists)", function()
    local on_disk, listed = {}, {}
    for _, module in ipairs(rockspec.modules()) do
      on_disk[module.name] = module.path
    end
    for name, path in pairs(spec.build.modules) do
      if name ~= "lualchemy.core" then listed[name] = path end
    end
    assert.same(on_disk, listed)
  end)

  it("needs Lua and sqlite3 only, with the builtin build", function()
    assert.equals("builtin", spec.build.type)
    assert.same({"lua >= 5.4, < 5.6"}, spec.dependencies)
    assert.same({SQLITE = {header = "sqlite3.h"}}, spec.external_dependencies)
  end)

  it("is what ./dev rockspec writes", function()
    assert.equals(rockspec.render(), tree.read(rockspec.path))
  end)
end)
