-- SPDX-License-Identifier: MIT
-- examples/embedding: a program that links liblualchemy.a, with two Lua states in two threads.
local tree = require "spec.support.tree"

local run, build = tree.run, tree.build()

-- The compiler's options for Lua, from the build that made the library.
local function lua_options()
  local include = tree.read(build .. "/CMakeCache.txt"):match("LUALCHEMY_LUA_INCLUDE:PATH=([^\n]+)")
  local library = os.getenv("LUALCHEMY_LUA_LIBRARY") or "lua5.4"
  return ("-I%s"):format(tree.quote(include)), "-l" .. library
end

describe("a host with Lualchemy inside", function()
  local folder, host

  setup(function()
    folder = tree.scratch("embedding")
    host = folder .. "/host"
    local include, library = lua_options()
    run(("cc -std=gnu11 -Wall -Wextra -Werror -Icsrc/include %s examples/embedding/host.c -o %s -L%s -llualchemy %s " ..
      "-lsqlite3 -lm -lpthread"):format(include, tree.quote(host), tree.quote(build), library))
    run(("cp examples/embedding/app.lua %s"):format(tree.quote(folder)))
  end)

  it("runs two states in two threads on its own connections", function()
    local text = run(("cd %s && ./host app.lua"):format(tree.quote(folder)))
    assert.equals("north: 102 items, 5057 in all\nsouth: 202 items, 20107 in all\n", text)
  end)

  it("gets all memory back", function()
    if select(2, tree.shell("command -v valgrind")) ~= 0 then return end
    run(("cd %s && valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=all " ..
      "--errors-for-leak-kinds=all ./host app.lua"):format(tree.quote(folder)))
  end)
end)
