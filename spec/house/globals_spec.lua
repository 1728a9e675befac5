-- SPDX-License-Identifier: MIT
-- Loading and using the module writes no global and reads none that is not Lua's own.
local tree = require "spec.support.tree"
local rockspec = require "spec.house.rockspec"

-- Runs in an interpreter of its own: the strict table must be there before the first module.
local prelude = [[
local known = {}
for name in pairs(_G) do known[name] = true end
setmetatable(_G, {
  __newindex = function(_, name) error("global written: " .. tostring(name), 2) end,
  __index = function(_, name)
    if not known[name] then error("global read: " .. tostring(name), 2) end
  end,
})
local libraries = {"string", "table", "math", "io", "os", "coroutine", "debug", "utf8"}
local before = {}
for _, library in ipairs(libraries) do
  before[library] = {}
  for name, value in pairs(_G[library]) do before[library][name] = value end
end
local string_meta = getmetatable("").__index
]]

local epilogue = [[
for _, library in ipairs(libraries) do
  for name, value in pairs(_G[library]) do
    assert(before[library][name] == value, "changed: " .. library .. "." .. name)
  end
end
assert(getmetatable("").__index == string_meta, "the metatable of strings is changed")
]]

local function run_strict(lines)
  local path = tree.scratch("globals") .. "/strict.lua"
  tree.write(path, prelude .. lines .. epilogue)
  local text, status = tree.shell(tree.interpreter() .. " " .. tree.quote(path))
  assert(status == 0, text)
end

describe("under a strict _G", function()
  it("every module loads by itself", function()
    for _, module in ipairs(rockspec.modules()) do
      run_strict(("assert(require %q)\n"):format(module.name))
    end
  end)

  it("tables without the rest of the library have expressions and statements with all their fields", function()
    run_strict [[
      local la = require "lualchemy"
      local users = la.Table("users", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}))
      assert(tostring(users.c.id:eq(1).left) == "users.id")
      assert(tostring(users:select().whereclause) == "nil")
      assert(users:alias().primary_key)
      assert(users:insert():compile().params.id == la.null)
    ]]
  end)

  it("the ORM without the rest of the library shows its lists", function()
    run_strict [[
      local orm = require "lualchemy.orm"
      local Base = orm.declarative_base()
      local User = Base:class "User" {
        __tablename__ = "users",
        id = orm.mapped_column(require("lualchemy.types").Integer, {primary_key = true}),
      }
      assert(tostring(User.__table__.columns:values()):find "id")
    ]]
  end)

  it("the quick start runs", function()
    run_strict('dofile "examples/01_quickstart.lua"\n')
  end)
end)

describe("the global select", function()
  it("may be la.select: modules use Lua's own", function()
    run_strict [[
      known.select = true
      local la = require "lualchemy"
      rawset(_G, "select", la.select)
      for _, name in ipairs {"orm", "ext.associationproxy", "ext.mutable", "engine.reflection"} do require("lualchemy." .. name) end
      local users = la.Table("users", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}), la.CheckConstraint("id > 0"))
      local engine = la.create_engine("sqlite://")
      users.metadata:create_all(engine)
      assert(la.inspect(engine):get_check_constraints("users")[1].sqltext == "id > 0")
    ]]
    for _, module in ipairs(rockspec.modules()) do
      local text = tree.read(module.path)
      if ("\n" .. text):gsub("\n%s*%-%-[^\n]*", ""):find "[^%w_.:\"]select%([^)]" then
        assert.truthy(text:find("local select = ", 1, true), module.name)
      end
    end
  end)
end)
