-- SPDX-License-Identifier: MIT
-- What an eager load has found stays found, however often the collector runs before the objects are delivered.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local collect = require "spec.support.collect"
local shop = require "spec.support.shop"

describe("eagerly loaded objects under collection", function()
  local s
  before_each(function() s = shop.new():fill() end)
  after_each(function() s:close() end)

  for _, name in ipairs {"joinedload", "selectinload", "immediateload"} do
    it("keep what " .. name .. " has read (LOAD-3.0)", function()
      local finalized = 0
      local function arm() -- a finalizer at each collection, so that handles without an owner go at once
        setmetatable({}, {__gc = function() finalized = finalized + 1 if finalized < 100000 then arm() end end})
      end
      arm()
      local mode = collectgarbage("incremental", 10, 1000)
      local users, sent
      local ok, err = pcall(collect.often, function()
        users = s.session:query(s.User):options(orm[name](s.User.addresses)):order_by(s.User.id):all()
        sent = s:during(function()
          assert.same({2, 1, 0}, {#users[1].addresses, #users[2].addresses, #users[3].addresses})
        end)
      end, 1)
      collectgarbage(mode)
      assert.is_true(ok, tostring(err))
      assert.same({}, sent)
    end)
  end

  it("keep it in results of select(), too", function()
    local mode = collectgarbage("incremental", 10, 1000)
    local ok, err = pcall(function()
      local stmt = la.select(s.User):options(orm.selectinload(s.User.addresses)):order_by(s.User.id)
      for user in s.session:scalars(stmt) do
        assert.same({}, s:during(function() assert.truthy(#user.addresses) end))
      end
    end)
    collectgarbage(mode)
    assert.is_true(ok, tostring(err))
  end)
end)
