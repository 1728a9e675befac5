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
      local users, sent
      local ok, err = pcall(collect.often, function()
        users = s.session:query(s.User):options(orm[name](s.User.addresses)):order_by(s.User.id):all()
        sent = s:during(function()
          assert.same({2, 1, 0}, {#users[1].addresses, #users[2].addresses, #users[3].addresses})
        end)
      end, 1)
      assert.is_true(ok, tostring(err))
      assert.same({}, sent)
    end)
  end

  it("keep it in results of select(), too", function()
    local ok, err = pcall(collect.often, function()
      local stmt = la.select(s.User):options(orm.selectinload(s.User.addresses)):order_by(s.User.id)
      for user in s.session:scalars(stmt) do
        assert.same({}, s:during(function() assert.truthy(#user.addresses) end))
      end
    end, 1)
    assert.is_true(ok, tostring(err))
  end)
end)
