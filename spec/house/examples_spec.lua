-- SPDX-License-Identifier: MIT
-- Every example runs through the built module and prints what stands beside it in NAME.expected.
local tree = require "spec.support.tree"

describe("an example", function()
  -- Example 04 is a report over the Chinook database and takes the path of its file, which is no
  -- part of this tree; where the file is not at hand, that example is left out.
  local chinook = os.getenv("LUALCHEMY_CHINOOK") or "../shared/data/chinook.sqlite"

  for _, path in ipairs(tree.files("examples", "[0-9]*.lua")) do
    local wants_chinook = path:find("/04_") ~= nil
    local run = wants_chinook and not tree.exists(chinook) and function() end or it

    run(path .. " runs", function()
      local text, status = tree.shell(("%s %s %s"):format(tree.interpreter(), tree.quote(path),
        wants_chinook and tree.quote(chinook) or ""))
      assert(status == 0, text)
      local expected = path:gsub("%.lua$", ".expected")
      if tree.exists(expected) then
        assert.equals(tree.read(expected), text)
      else
        assert.truthy(#text > 0, "it prints nothing")
      end
    end)
  end
end)
