-- SPDX-License-Identifier: MIT
-- Every Lua block of the documentation runs. The blocks of one page run in order as one script,
-- each in a scope of its own under shared globals, as a reader would type them; `local` at the
-- start of a line of a block is therefore seen by the blocks after it. A block that is no program
-- (it shows a shape, or fails on purpose) is marked ```lua norun. What stands after `-->` is a line
-- that the page prints, but for blanks, and may go on in the next lines; pages may print more than they tell, in between.
local tree = require "spec.support.tree"

local function pages()
  local paths = {}
  for _, name in ipairs {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "csrc/README.md", "spec/README.md"} do
    if tree.exists(name) then paths[#paths + 1] = name end
  end
  return table.move(tree.files("doc", "*.md"), 1, 1000, #paths + 1, paths)
end

-- The blocks of a page as {line, text}.
local function blocks(text)
  local found, block = {}, nil
  for number, line in tree.lines(text) do
    local fence = line:match("^```(.*)$")
    if block and fence then
      found[#found + 1], block = block, nil
    elseif block then
      block.lines[#block.lines + 1] = line
    elseif fence == "lua" then
      block = {line = number, lines = {}}
    elseif fence and fence ~= "" then
      block = {lines = {}, other = true}
    end
  end
  local lua = {}
  for _, one in ipairs(found) do
    if not one.other then lua[#lua + 1] = {line = one.line, text = table.concat(one.lines, "\n")} end
  end
  return lua
end

-- A `local` at the start of a line becomes a global, so that later blocks see it; attributes stay.
local function shared(text)
  text = "\n" .. text
  text = text:gsub("\nlocal function ", "\nfunction ")
  text = text:gsub("\nlocal ([^\n<]-=)", "\n%1")
  return (text:gsub("\nlocal ([%w_, ]+)\n", "\n%1 = nil\n"):sub(2))
end

-- Words parted by one blank.
local function plain(text)
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

-- What a page tells after `-->`, as {text, alone}: alone on its line it may go on with the next.
local function told_in(text)
  local told = {}
  for _, line in tree.lines(text) do
    local code, words = line:match("^(.-)%-%->%s*(.*)$")
    if words then told[#told + 1] = {text = plain(words), alone = plain(code) == ""} end
  end
  return told
end

-- The number of told lines, from the one at `i`, that together are the printed line; nil if they are not.
local function number_that_make(line, told, i)
  local joined = told[i].text
  local n = 1
  while joined ~= line do
    if not (told[i + n] and told[i + n].alone) or #joined > #line then return nil end
    joined = joined .. " " .. told[i + n].text
    n = n + 1
  end
  return n
end

-- The first told line that `output` does not have, in order, after those before it.
local function untold(text, output)
  local printed, told = {}, told_in(text)
  for _, line in tree.lines(output) do printed[#printed + 1] = plain(line) end
  local at, i = 1, 1
  while told[i] do
    local n
    while printed[at] and not n do
      n = number_that_make(printed[at], told, i)
      at = at + 1
    end
    if not n then return told[i].text end
    i = i + n
  end
end

describe("the Lua blocks of", function()
  for _, page in ipairs(pages()) do
    local found = blocks(tree.read(page))
    if #found > 0 then
      it(page .. " run and print what they tell", function()
        local folder = tree.scratch("doc")
        local parts, told = {}, {}
        for i, block in ipairs(found) do
          local path = ("%s/%d.lua"):format(folder, i)
          -- Blank lines in front keep the line numbers of the page.
          tree.write(path, ("\n"):rep(block.line) .. shared(block.text) .. "\n")
          parts[#parts + 1] = ("assert(loadfile(%q))()"):format(path)
          told[i] = block.text
        end
        local main = folder .. "/main.lua"
        tree.write(main, table.concat(parts, "\n") .. "\n")
        local root = tree.root()
        -- In a folder of its own: a block may make files.
        local search = tree.quote(("%s/lua/?.lua;%s/lua/?/init.lua;;"):format(root, root))
        local text, status = tree.shell(("cd %s && LUA_PATH_5_4=%s %s %s"):format(
          tree.quote(folder), search, tree.interpreter(), tree.quote(main)))
        assert(status == 0, page .. ":\n" .. text)
        local missing = untold(table.concat(told, "\n"), text)
        assert(not missing, ("%s tells, but does not print in this place: %s\n%s"):format(page, tostring(missing), text))
      end)
    end
  end
end)
