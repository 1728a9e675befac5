-- SPDX-License-Identifier: MIT
-- A session between the failure of a flush and rollback().
local la = require "lualchemy"
local exc = la.exc
local shop = require "spec.support.shop"
local fails = require "spec.support.fails"

describe("a session whose flush has failed", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
    s.session:add(User{id = 1, name = "again"})
    fails(exc.IntegrityError, nil, function() s.session:flush() end)
  end)
  after_each(function() s:close() end)

  local function rolled_back()
    return la.warnings.catch_warnings(function() s.session:rollback() end)
  end

  it("discards what is added to it, with a warning (UOW-120)", function()
    local new = User{name = "new"}
    s.session:add(new)
    assert.is_true(s.session:contains(new))
    local list = rolled_back()
    assert.equal(1, #list)
    assert.equal("Session's state has been changed on a non-active transaction - this state will be discarded.", list[1].message)
    assert.is_false(s.session:contains(new))
    assert.is_true(la.inspect(new).transient)
    assert.same({0, 0, 0}, {#s.session.new, #s.session.dirty, #s.session.deleted})
  end)

  it("discards changes and marks for deletion likewise (UOW-120)", function()
    s.session:rollback()
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    s.session:no_autoflush(function()
      s.session:add(User{id = 2, name = "again"})
      fails(exc.IntegrityError, nil, function() s.session:flush() end)
    end)
    ann.name = "Changed"
    s.session:delete(bob)
    assert.equal(1, #rolled_back())
    assert.equal("Ann", ann.name)
    assert.is_true(la.inspect(bob).persistent)
    assert.same({0, 0, 0}, {#s.session.new, #s.session.dirty, #s.session.deleted})
  end)

  it("warns of nothing when nothing has changed (UOW-120)", function()
    assert.equal(0, #rolled_back())
    assert.equal(3, s.session:query(User):count())
  end)

  it("raises the warning where a filter says so, and is rolled back all the same", function()
    s.session:add(User{name = "new"})
    la.warnings.catch_warnings(function()
      la.warnings.simplefilter "error"
      fails(exc.SAWarning, "non-active transaction", function() s.session:rollback() end)
    end)
    assert.equal(3, s.session:query(User):count())
  end)
end)
