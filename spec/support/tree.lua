-- SPDX-License-Identifier: MIT
-- The files of this tree, for specs that read the project itself. Paths are relative to the root,
-- which is the current folder of every spec.
local tree = {}

--- Runs a command of the shell. Gives what it printed (both streams) and its status.
function tree.shell(command)
  local pipe <close> = assert(io.popen("(" .. command .. ") 2>&1", "r"))
  local text = pipe:read("a")
  local _, _, status = pipe:close()
  return text, status
end

--- Runs a command that has to succeed. Gives what it printed.
function tree.run(command)
  local text, status = tree.shell(command)
  assert(status == 0, command .. "\n" .. text)
  return text
end

--- The absolute path of this tree.
function tree.root()
  return (tree.run("pwd"):gsub("\n$", ""))
end

--- `text` as one word of the shell.
function tree.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- The files below `folder` whose name matches the shell's `pattern`, sorted; none if there is no
--- such folder.
function tree.files(folder, pattern)
  local names = {}
  local text = tree.shell(("[ ! -d %s ] || LC_ALL=C find %s -type f -name %s -print"):format(
    tree.quote(folder), tree.quote(folder), tree.quote(pattern or "*")))
  for name in text:gmatch("[^\n]+") do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

function tree.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

function tree.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

function tree.exists(path)
  local file <close> = io.open(path, "rb")
  return file ~= nil
end

--- The build folder of the run, where scratch files may go.
function tree.build()
  return os.getenv("LUALCHEMY_BUILD") or "build"
end

--- A new empty folder `name` for scratch; its absolute path.
function tree.scratch(name)
  local path = tree.build() .. "/scratch/" .. name
  local text, status = tree.shell(("rm -rf %s && mkdir -p %s && cd %s && pwd"):format(
    tree.quote(path), tree.quote(path), tree.quote(path)))
  assert(status == 0, text)
  return (text:gsub("\n$", ""))
end

--- The interpreter that runs the specs.
function tree.interpreter()
  return os.getenv("LUA") or "lua5.4"
end

--- Steps over lines: `for number, line in tree.lines(text) do`.
function tree.lines(text)
  local number = 0
  local next_line = (text:gsub("([^\n])$", "%1\n")):gmatch("([^\n]*)\n")
  return function()
    local line = next_line()
    if line then
      number = number + 1
      return number, line
    end
  end
end

return tree
