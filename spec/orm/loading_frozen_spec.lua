-- SPDX-License-Identifier: MIT
-- Results that a listener keeps, given to other sessions.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

describe("orm.loading.merge_frozen_result (RES-04, EVT-05)", function()
  local s, User, make
  before_each(function()
    s = shop.new():fill()
    User = s.User
    make = orm.sessionmaker(s.engine)
    local kept = {}
    la.event.listen(make, "do_orm_execute", function(state)
      local key = state.execution_options.cache_key
      if not key then return end
      kept[key] = kept[key] or state:invoke_statement():freeze()
      return orm.loading.merge_frozen_result(state.session, state.statement, kept[key], {load = false})()
    end)
    s.session:close()
  end)
  after_each(function() s:close() end)

  it("answers a statement in another session without sending it", function()
    local statement = la.select(User, User.name:concat "!"):order_by(User.id):execution_options {cache_key = "users"}
    local one, two = make(), make()
    local first = one:execute(statement):all()
    one:close()
    local again
    assert.same({}, s:during(function() again = two:execute(statement):all() end))
    assert.equal(#first, #again)
    assert.same({first[1][1].name, first[1][2]}, {again[1][1].name, again[1][2]})
    assert.is_true(two:contains(again[1][1]))
    assert.is_false(first[1][1] == again[1][1], "each session has objects of its own")
    again[1][1].name = "changed"
    two:commit()
    assert.equal("changed", two:scalar(la.select(User.name):where(User.id:eq(again[1][1].id))))
    two:close()
  end)

  it("names what it can't take", function()
    local session = make()
    fails(exc.ArgumentError, "takes what result:freeze() gives, not 3", function() orm.loading.merge_frozen_result(session, la.select(User), 3) end)
    fails(exc.ArgumentError, "takes a session, not nil", function() orm.loading.merge_frozen_result(nil, la.select(User)) end)
    fails(exc.ArgumentError, "the select of classes", function() orm.loading.merge_frozen_result(session, la.select(1), session:execute(la.select(1)):freeze()) end)
    session:close()
  end)

  it("stands beside listeners of every sessionmaker", function()
    local seen = 0
    local function count() seen = seen + 1 end
    la.event.listen(orm.sessionmaker, "transient_to_pending", count)
    local session = make()
    session:add(User{name = "x"})
    la.event.remove(orm.sessionmaker, "transient_to_pending", count)
    session:add(User{name = "y"})
    session:close()
    assert.equal(1, seen)
  end)
end)
