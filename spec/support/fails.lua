-- SPDX-License-Identifier: MIT
-- fails(class, pattern, fn): `fn` raises an error of `class` whose text has `pattern` (nil: any). Gives the error.
local assert = require "luassert"

return function(class, pattern, fn)
  local ok, err = pcall(fn)
  assert.is_false(ok)
  assert.is_true(class:matches(err), "not a " .. tostring(class) .. " but " .. tostring(err))
  if pattern then assert.truthy(tostring(err):find(pattern, 1, true), tostring(err)) end
  return err
end
