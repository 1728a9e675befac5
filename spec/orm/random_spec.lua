-- SPDX-License-Identifier: MIT
-- The randomised check of the unit of work: rounds of random work on random mappings, each compared with a model of what the
-- database must hold (spec/support/random_play.lua). A round is its seed: LUALCHEMY_ROUND=1234 runs that one alone.
local random_play = require "spec.support.random_play"

local alone = tonumber(os.getenv "LUALCHEMY_ROUND" or "")
local last = os.getenv "LUALCHEMY_THOROUGH" and 10000 or 250

local function run(seed)
  local round = random_play.new(seed)
  local ok, err = xpcall(round.run, function(raised) return tostring(raised) end, round)
  local log = table.concat(round.log, "\n  ")
  round:close()
  assert(ok, ("round %d (LUALCHEMY_ROUND=%d runs it alone): %s\n%s\n  %s"):format(seed, seed, tostring(err), round.world:describe(), log))
end

describe("random work on random mappings", function()
  it("leaves the rows and the objects that a model of it expects, after each flush and commit", function()
    for seed = alone or 1, alone or last do run(seed) end
  end)

  it("does the same for the same seed", function()
    local first = random_play.new(7)
    first:run()
    first:close()
    local second = random_play.new(7)
    second:run()
    second:close()
    assert.same(first.log, second.log)
  end)
end)
