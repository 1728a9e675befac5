-- SPDX-License-Identifier: MIT
-- Every example runs through the built module and prints what stands beside it in NAME.expected.
local tree = require "spec.support.tree"

describe("an example", function()
  -- What an example needs as its arguments, by its number; the others need none.
  local arguments = {}
  local chinook = os.getenv("LUALCHEMY_CHINOOK") or "../shared/data/chinook.sqlite"
  if tree.exists(chinook) then arguments["04"] = tree.quote(chinook) end

  for _, path in ipairs(tree.files("examples", "[0-9]*.lua")) do
    local number = path:match("/(%d+)[^/]*$")
    local runs = number ~= "04" or arguments["04"] ~= nil

    it(path .. " runs", function()
      if not runs then
        pending("the Chinook database is not here (LUALCHEMY_CHINOOK)")
        return
      end
      local text, status = tree.shell(("%s %s %s"):format(tree.interpreter(), tree.quote(path),
        arguments[number] or ""))
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
