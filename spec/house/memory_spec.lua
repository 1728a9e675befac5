-- SPDX-License-Identifier: MIT
-- The quick start while memory fails (spec/host/memory_host.c): an error each time, no crash,
-- nothing left behind, and the file holds all or nothing of each commit. A sample from a start that
-- moves with the clock; ./dev test --thorough takes every allocation.
local tree = require "spec.support.tree"

local host = os.getenv("LUALCHEMY_MEMORY_HOST") or tree.build() .. "/spec/host/memory_host"
local thorough = os.getenv("LUALCHEMY_THOROUGH") ~= nil

-- Seconds for each combination of the sample: a minute in all.
local seconds = {running = 12, loading = 6}

describe("when allocations fail, the quick start", function()
  for _, when in ipairs {"running", "loading"} do
    for _, source in ipairs {"lua", "sqlite"} do
      for _, mode in ipairs {"once", "after"} do
        -- SQLite is not used while modules load.
        local run = (when == "loading" and source == "sqlite") and function() end or it
        run(("leaves nothing broken: %s, %s, %s"):format(source, mode, when), function()
          local folder = select(2, tree.shell("[ -w /dev/shm ]")) == 0 and "/dev/shm" or tree.scratch("memory")
          local start = os.time() % 9973
          local command = ("TMPDIR=%s %s %s %s %s %s %d examples/01_quickstart.lua"):format(
            tree.quote(folder), tree.quote(host), source, mode, when,
            thorough and "all" or tostring(seconds[when]), start)
          local text, status = tree.shell(command)
          assert(status == 0, command .. "\n" .. text)
          local tried = tonumber(text:match("tried (%d+)"))
          assert(tried and tried > 10, text)
          print(("%s %s %s: %s"):format(source, mode, when, text:match("tried[^\n]*")))
        end)
      end
    end
  end
end)
