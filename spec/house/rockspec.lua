-- SPDX-License-Identifier: MIT
-- The rockspec, made from the files on disk: LuaRocks' builtin build wants every C source and every
-- Lua module by name. As a script (./dev rockspec) it rewrites the file; rockspec_spec compares.
package.path = "./?.lua;" .. package.path
local tree = require "spec.support.tree"

local rockspec = {path = "rockspec/lualchemy-scm-1.rockspec"}

-- In the order of the floors, so that the list reads as the house does.
local floors = {"base", "schema", "sql", "compile", "dialect", "engine", "orm", "binding"}

local template = [==[
rockspec_format = "3.0"
package = "lualchemy"
version = "scm-1"

source = {
  url = "git+https://github.com/lualchemy/lualchemy.git",
  branch = "main",
}

description = {
  summary = "The database toolkit and object-relational mapper for Lua",
  detailed = [[
Lualchemy brings SQLAlchemy's model to Lua: an engine with pooled connections, an expression
language that compiles to SQL, classes mapped to tables, sessions with unit of work and identity
map, relationships with lazy and eager loading. The core is C; only sqlite3 is needed.]],
  license = "MIT",
  labels = {"database", "orm", "sql", "sqlite"},
}

supported_platforms = {"unix"}

dependencies = {
  "lua >= 5.4, < 5.6",
}

external_dependencies = {
  SQLITE = {header = "sqlite3.h"},
}

-- The lists below are written by ./dev rockspec.
build = {
  type = "builtin",
  modules = {
    ["lualchemy.core"] = {
      defines = {"NDEBUG"},
      incdirs = {"csrc", "$(SQLITE_INCDIR)"},
      libdirs = {"$(SQLITE_LIBDIR)"},
      libraries = {"sqlite3", "m"},
      sources = {
@SOURCES@
      },
    },
@MODULES@
  },
}
]==]

--- C sources of the module: every floor, without what only the embedding library needs.
function rockspec.sources()
  local sources = {}
  for _, floor in ipairs(floors) do
    for _, path in ipairs(tree.files("csrc/" .. floor, "*.c")) do
      if not path:find("/binding/embed[^/]*%.c$") then
        sources[#sources + 1] = path
      end
    end
  end
  return sources
end

--- Lua modules as a sorted list of {name = …, path = …}. Annotations (lua/lualchemy/meta) are no modules.
function rockspec.modules()
  local modules = {}
  for _, path in ipairs(tree.files("lua/lualchemy", "*.lua")) do
    if not path:find("/meta/", 1, true) then
      local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
      modules[#modules + 1] = {name = name, path = path}
    end
  end
  table.sort(modules, function(a, b) return a.name < b.name end)
  return modules
end

--- The whole text of the rockspec for the files on disk.
function rockspec.render()
  local sources, modules = {}, {}
  for _, path in ipairs(rockspec.sources()) do
    sources[#sources + 1] = ("        %q,"):format(path)
  end
  for _, module in ipairs(rockspec.modules()) do
    modules[#modules + 1] = ("    [%q] = %q,"):format(module.name, module.path)
  end
  local lists = {SOURCES = table.concat(sources, "\n"), MODULES = table.concat(modules, "\n")}
  return (template:gsub("@(%u+)@", lists))
end

if arg and arg[0] and arg[0]:find("rockspec%.lua$") then
  tree.write(rockspec.path, rockspec.render())
end

return rockspec
