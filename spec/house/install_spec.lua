-- SPDX-License-Identifier: MIT
-- Lualchemy installs in every way that README.md names, and each installed copy runs the quick
-- start from a folder that is not this tree.
local tree = require "spec.support.tree"

local run, root = tree.run, tree.root()

-- A copy of what is on disk here, built things left out, as a git repository with one commit.
local function copy_of_tree(name)
  local copy = tree.scratch(name)
  local parts = {}
  for _, part in ipairs {"csrc", "lua", "examples", "rockspec", "training", "CMakeLists.txt", "LICENSE", "README.md"} do
    if select(2, tree.shell("[ -e " .. part .. " ]")) == 0 then parts[#parts + 1] = part end
  end
  run(("tar -cf - --exclude='*.o' %s | tar -xf - -C %s"):format(table.concat(parts, " "), tree.quote(copy)))
  run(("cd %s && git init -q -b main . && git add -A && " ..
    "git -c user.name=spec -c user.email=spec@localhost commit -q -m copy"):format(tree.quote(copy)))
  return copy
end

-- Runs the quick start with an installed tree alone: its share/lua/5.4 and lib/lua/5.4.
local function quick_start_runs(prefix)
  local script = tree.scratch("elsewhere") .. "/quickstart.lua"
  tree.write(script, tree.read("examples/01_quickstart.lua"))
  local version = _VERSION:match("%d+%.%d+")
  local share, lib = prefix .. "/share/lua/" .. version, prefix .. "/lib/lua/" .. version
  local text = run(("cd / && LUA_PATH_5_4=%s LUA_CPATH_5_4=%s LUA_INIT= %s %s"):format(
    tree.quote(share .. "/?.lua;" .. share .. "/?/init.lua"), tree.quote(lib .. "/?.so"),
    tree.interpreter(), tree.quote(script)))
  assert.equals(tree.read("examples/01_quickstart.expected"), text)
end

-- LuaRocks with the home folder of the spec, so that no setting of the user takes part. Where the
-- rockspec names the public repository, git takes the copy instead.
local function luarocks(folder, copy, arguments)
  local replace = ""
  if copy then
    local url = assert(tree.read("rockspec/lualchemy-scm-1.rockspec"):match('url = "git%+([^"]+)"'))
    replace = ("GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=%s GIT_CONFIG_VALUE_0=%s "):format(
      tree.quote("url.file://" .. copy .. ".insteadOf"), tree.quote(url))
  end
  return run(("cd %s && %sHOME=%s luarocks --lua-version 5.4 %s"):format(
    tree.quote(folder), replace, tree.quote(tree.scratch("home")), arguments))
end

describe("an installed copy runs the quick start", function()
  it("made by luarocks make", function()
    local copy, prefix = copy_of_tree("make"), tree.scratch("make-tree")
    luarocks(copy, nil, ("make --deps-mode none --tree %s rockspec/lualchemy-scm-1.rockspec"):format(
      tree.quote(prefix)))
    quick_start_runs(prefix)
    local names = run(("nm -D --defined-only %s/lib/lua/5.4/lualchemy/core.so"):format(tree.quote(prefix)))
    assert.is_nil(names:match(" T (la_[%w_]+)"))
  end)

  it("packed by luarocks pack and installed from the .src.rock", function()
    local copy, folder, prefix = copy_of_tree("pack"), tree.scratch("rock"), tree.scratch("rock-tree")
    luarocks(folder, copy, "pack " .. tree.quote(copy .. "/rockspec/lualchemy-scm-1.rockspec"))
    -- Compiled without optimizing: what is shown here is that the rock holds all it needs.
    luarocks(folder, nil, ("install --deps-mode none --tree %s lualchemy-scm-1.src.rock CFLAGS='-O0 -fPIC'")
      :format(tree.quote(prefix)))
    quick_start_runs(prefix)
  end)

  it("made by cmake --install", function()
    local build, prefix = tree.scratch("cmake"), tree.scratch("cmake-tree")
    run(("cmake -S %s -B %s -DLUALCHEMY_TESTS=OFF -DCMAKE_BUILD_TYPE=Debug -DCMAKE_INSTALL_PREFIX=%s"):format(
      tree.quote(root), tree.quote(build), tree.quote(prefix)))
    run(("cmake --build %s -j 2 && cmake --install %s"):format(tree.quote(build), tree.quote(build)))
    for _, path in ipairs {"lib/liblualchemy.a", "include/lualchemy.h", "lib/lua/5.4/lualchemy/core.so"} do
      assert(tree.exists(prefix .. "/" .. path), path .. " is not installed")
    end
    quick_start_runs(prefix)
  end)
end)
