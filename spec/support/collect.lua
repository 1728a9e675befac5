-- SPDX-License-Identifier: MIT
-- Collections forced where a spec wants them.
local collect = {}

--- Collects until nothing more goes: finalizers of finalizers too.
function collect.all()
  for _ = 1, 4 do
    collectgarbage()
  end
end

--- Calls `fn` with a full collection at every `step`-th instruction (7); gives what it gives.
function collect.often(fn, step)
  local hook, mask, count = debug.gethook()
  debug.sethook(function() collectgarbage() end, "", step or 7)
  local results = table.pack(pcall(fn))
  debug.sethook(hook, mask, count)
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

--- Is what `make` gives collected once nothing else refers to it?
---@param make fun(): any
---@return boolean
function collect.goes(make)
  local weak = setmetatable({}, {__mode = "v"})
  weak[1] = make()
  collect.all()
  return weak[1] == nil
end

--- Calls `fn` from finalizers for as long as `during` runs; gives how often.
function collect.finalizing(fn, during)
  local calls, armed = 0, true
  local function arm()
    setmetatable({}, {__gc = function()
      if not armed then return end
      calls = calls + 1
      fn()
      arm()
    end})
  end
  arm()
  collect.often(during, 50)
  armed = false
  return calls
end

return collect
