-- SPDX-License-Identifier: MIT
-- What Lua holds of objects: how long they live, what finalizers may do with them, and what they cost.
local la = require "lualchemy"
local core = require "lualchemy.core"
local collect = require "spec.support.collect"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

describe("an object that nobody holds", function()
  local s
  before_each(function() s = shop.new():fill() end)
  after_each(function() s:close() end)

  it("leaves the session, and its memory is given back", function()
    local function load() return #s.session:query(s.User):all() end
    assert.equal(3, load())
    collectgarbage()
    local count = 0
    for _ in pairs(s.session.identity_map) do count = count + 1 end
    assert.equal(0, count)
    collect.all()
    local bytes = core.memory()
    for _ = 1, 20 do
      load()
      collect.all()
    end
    assert.equal(bytes, (core.memory()))
  end)

  it("is still there for finalizers of what held it", function()
    local seen = {}
    local function hold(user)
      setmetatable({user = user}, {__gc = function(t)
        seen[#seen + 1] = t.user.name
        t.user.remark = "kept"
        seen[#seen + 1] = t.user.remark
      end})
    end
    hold(s.session:get(s.User, 1))
    collect.all()
    assert.same({"Ann", "kept"}, seen)
  end)

  it("leaves its session at once, and lives on detached when a finalizer brings it back", function()
    local back
    local function hold(user)
      setmetatable({user = user}, {__gc = function(t) back = t.user end})
    end
    hold(s.session:get(s.User, 1))
    collectgarbage()
    assert.equal("Ann", back.name)
    collect.all()
    assert.equal("Ann", back.name)
    assert.is_true(la.inspect(back).detached)
    assert.not_equal(back, s.session:get(s.User, 1))
  end)

  it("refuses use when a finalizer brings it back and it is left unused", function()
    local back
    local function hold(user)
      setmetatable({user = user}, {__gc = function(t) back = t.user end})
    end
    hold(s.session:get(s.User, 1))
    collect.all()
    fails(la.exc.InvalidRequestError, "collected as garbage", function() return back.name end)
    fails(la.exc.InvalidRequestError, "collected as garbage", function() back.name = "x" end)
    fails(la.exc.InvalidRequestError, "collected as garbage", function() return tostring(back) end)
    fails(la.exc.InvalidRequestError, "collected as garbage", function() s.session:add(back) end)
    assert.equal("Ann", s.session:get(s.User, 1).name)
  end)

  it("makes no object finalizable: a full collection frees it at once", function()
    local weak = setmetatable({}, {__mode = "k"})
    weak[s.session:get(s.User, 1)] = true
    collectgarbage()
    assert.is_nil(next(weak))
  end)
end)
