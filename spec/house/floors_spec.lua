-- SPDX-License-Identifier: MIT
-- The floors of csrc: a file includes headers of its own folder and of the floors below it; only
-- the binding sees Lua, only the SQLite driver and the embedding files see sqlite3.
local tree = require "spec.support.tree"

local floors = {"base", "schema", "sql", "compile", "dialect", "engine", "orm", "binding"}
local height = {}
for i, floor in ipairs(floors) do
  height[floor] = i
end

local lua_headers = {["lua.h"] = true, ["lauxlib.h"] = true, ["lualib.h"] = true, ["luaconf.h"] = true}

-- What is wrong with one include, or nil. `path` is the file, `header` what it includes.
local function fault(path, header)
  local floor = path:match("^csrc/([^/]+)/")
  if lua_headers[header] then
    if floor ~= "binding" and floor ~= "include" then return "only binding may include " .. header end
  elseif header == "sqlite3.h" then
    local driver = path:find("^csrc/engine/driver_sqlite3[^/]*%.c$")
    local embedding = path:find("^csrc/binding/embed[^/]*%.[ch]$") or floor == "include"
    if not (driver or embedding) then return floor .. " may not include sqlite3.h" end
  elseif header:find("/") and not header:find("^sys/") then
    local other = header:match("^([^/]+)/")
    if other == "include" then
      if floor ~= "binding" then return floor .. " may not include " .. header end
    elseif not height[other] then
      return "no floor " .. other
    elseif not height[floor] or height[other] > height[floor] then
      return ("%s may not include %s"):format(floor, other)
    elseif header:find("_internal%.h$") and other ~= floor then
      return ("%s is internal to %s"):format(header, other)
    end
  end
end

-- Faults in the include lines of a text, as "file:line: what".
local function faults_in(path, text, into)
  for number, line in tree.lines(text) do
    local mark, header = line:match('^%s*#%s*include%s*([<"])([^>"]+)[>"]')
    if header then
      local what = fault(path, header)
      if not what and mark == '"' and not header:find("/") then
        what = ('write "%s" from csrc, with its folder'):format(header)
      end
      if what then into[#into + 1] = ("%s:%d: %s"):format(path, number, what) end
    end
  end
end

describe("the floors", function()
  it("are kept by every include line", function()
    local faults = {}
    for _, path in ipairs(tree.files("csrc", "*.[ch]")) do
      faults_in(path, tree.read(path), faults)
    end
    assert(#faults == 0, table.concat(faults, "\n"))
  end)

  it("have no folder without a place in the order", function()
    for _, path in ipairs(tree.files("csrc", "*.[ch]")) do
      local floor = path:match("^csrc/([^/]+)/")
      assert(floor == "include" or height[floor], path .. " is on no floor")
    end
  end)

  it("are checked by rules that find planted faults", function()
    local faults = {}
    faults_in("csrc/sql/x.c", '#include "orm/session.h"\n#include <lua.h>\n#include "node.h"\n', faults)
    faults_in("csrc/binding/x.c", '#include "engine/pool_internal.h"\n#include <sqlite3.h>\n', faults)
    assert.same({
      "csrc/sql/x.c:1: sql may not include orm",
      "csrc/sql/x.c:2: only binding may include lua.h",
      'csrc/sql/x.c:3: write "node.h" from csrc, with its folder',
      "csrc/binding/x.c:1: engine/pool_internal.h is internal to engine",
      "csrc/binding/x.c:2: binding may not include sqlite3.h",
    }, faults)
  end)

  it("have headers that compile alone", function()
    local flags = "-std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wwrite-strings -Werror"
    local lua_include = tree.shell("grep '^LUALCHEMY_LUA_INCLUDE' " ..
      tree.quote(tree.build() .. "/CMakeCache.txt")):match("=([^\n]+)")
    local bad = {}
    for _, path in ipairs(tree.files("csrc", "*.h")) do
      local sees_lua = path:find("^csrc/binding/") or path:find("^csrc/include/")
      local text, status = tree.shell(("echo '#include \"%s\"' | cc %s -Icsrc %s -fsyntax-only -x c -"):format(
        (path:gsub("^csrc/", "")), flags, sees_lua and "-isystem " .. tree.quote(lua_include) or ""))
      if status ~= 0 then bad[#bad + 1] = path .. "\n" .. text end
    end
    assert(#bad == 0, table.concat(bad, "\n"))
  end)

  it("give the core no symbol of Lua", function()
    local text, status = tree.shell("nm -u " .. tree.quote(tree.build() .. "/libla_core.a"))
    assert(status == 0, text)
    assert.is_nil(text:match("%sU%s+(luaL?_[%w_]+)"))
  end)
end)
