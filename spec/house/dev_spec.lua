-- SPDX-License-Identifier: MIT
-- The script for people: it runs from any folder, passes on arguments and the exit status, and
-- costs next to nothing when everything is built.
local tree = require "spec.support.tree"

describe("./dev", function()
  local root = tree.root()
  local dev = tree.quote(root .. "/dev")
  local folder

  setup(function()
    folder = tree.scratch("dev")
    tree.write(folder .. "/script.lua", [[
      local la = require "lualchemy"
      print(type(la.create_engine), ...)
      os.exit(7)
    ]])
  end)

  it("run passes on arguments and the exit status, whatever the folder", function()
    local text, status = tree.shell(("cd %s && %s run script.lua one 'two three'"):format(
      tree.quote(folder), dev))
    assert.equals("function\tone\ttwo three\n", text)
    assert.equals(7, status)
  end)

  it("run adds under half a second when all is built", function()
    tree.write(folder .. "/empty.lua", "")
    local command = ("cd %s && %s run empty.lua"):format(tree.quote(folder), dev)
    tree.shell(command)
    local text, status = tree.shell(("bash -c 'TIMEFORMAT=%%R; time (%s)'"):format(
      command:gsub("'", "'\\''")))
    assert(status == 0, text)
    assert(tonumber(text:match("[%d.]+")) < 0.5, text)
  end)

  it("env points an interpreter at this tree", function()
    local text, status = tree.shell(
      ("cd / && eval \"$(%s env)\" && %s -e 'print(type(require \"lualchemy\"))'"):format(
        dev, tree.interpreter()))
    assert.equals("table\n", text)
    assert.equals(0, status)
  end)

  it("help names every command, and an unknown one is refused", function()
    local text = tree.shell(dev .. " help")
    for _, command in ipairs {"run", "test", "bench", "lint", "parity", "env", "build", "help"} do
      assert.truthy(text:find("./dev " .. command, 1, true), command)
    end
    local refused, status = tree.shell(dev .. " frobnicate")
    assert.equals(2, status)
    assert.truthy(refused:find('no command "frobnicate"', 1, true))
  end)
end)
