-- SPDX-License-Identifier: MIT
-- What the built files show to the linker: a module exports its luaopen function alone and brings
-- no Lua of its own; the embedding library has the functions of lualchemy.h.
local tree = require "spec.support.tree"

local function exported(path, options)
  local text, status = tree.shell(("nm %s %s"):format(options, tree.quote(path)))
  assert(status == 0, text)
  local names = {}
  for name in text:gmatch("%x+ [TDBRVW] ([%w_]+)") do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

describe("the headers of the core", function()
  it("hide what they declare, also from builds without -fvisibility=hidden, as LuaRocks' is", function()
    local open = {}
    for _, header in ipairs(tree.files("csrc", "*.h")) do
      local text = tree.read(header)
      local hidden = text:find("#pragma GCC visibility push(hidden)", 1, true)
        and text:find("#pragma GCC visibility pop\n\n#endif\n$")
      if not hidden and not header:find("^csrc/include/") then open[#open + 1] = header end
    end
    assert(#open == 0, table.concat(open, "\n"))
  end)
end)

describe("the module", function()
  local path = tree.build() .. "/lualchemy/core.so"

  it("exports its luaopen function alone", function()
    assert.same({"luaopen_lualchemy_core"}, exported(path, "-D --defined-only"))
  end)

  it("has every function that it calls, but for Lua's and the libraries'", function()
    local text, status = tree.shell("nm -u " .. tree.quote(path))
    assert(status == 0, text)
    assert.is_nil(text:match("U (la_[%w_]+)"))
    assert.is_nil(text:match("U (lualchemy_[%w_]+)"))
  end)

  it("is not linked to liblua", function()
    local text, status = tree.shell("readelf -d " .. tree.quote(path))
    assert(status == 0, text)
    assert.is_nil(text:match("NEEDED[^\n]*lua"))
    assert.truthy(text:match("NEEDED[^\n]*sqlite3"))
  end)
end)

describe("the embedding library", function()
  it("has the functions of lualchemy.h and the module's own as its only global names", function()
    assert.same({"lualchemy_preload", "lualchemy_pushengine", "luaopen_lualchemy",
      "luaopen_lualchemy_core"}, exported(tree.build() .. "/liblualchemy.a", "--defined-only -g"))
  end)
end)
