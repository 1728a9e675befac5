-- SPDX-License-Identifier: MIT
-- A helper of busted that puts the collector under pressure:
--
--   busted --helper=spec/support/gc.lua -Xhelper generational|incremental
--
-- Generational mode is what the stand-alone interpreter starts in, incremental mode what an
-- embedded state has. Both run here with short pauses (one below 100 would collect without a pause and
-- make a run fifty times longer), and a full collection is
-- forced at awkward moments: by a count hook that fires in the middle of whatever the program does.
-- A finalizer that is armed again each time it runs keeps every collection calling Lua code.
local mode = arg and arg[1] or "generational"
if mode == "incremental" then
  collectgarbage("incremental", 110, 400)
else
  collectgarbage("generational", 5, 10)
end

local function arm()
  setmetatable({}, {__gc = function()
    arm()
  end})
end
arm()

-- A prime number of instructions, so that the place moves through every loop.
debug.sethook(function() collectgarbage() end, "", 9973)
