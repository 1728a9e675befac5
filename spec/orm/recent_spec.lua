-- SPDX-License-Identifier: MIT
-- What is made again of the same parts: the same object while it is held, and never that of other parts.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local collect = require "spec.support.collect"
local shop = require "spec.support.shop"

describe("what is made again of the same parts", function()
  local s, User, Order, Address
  before_each(function()
    s = shop.new()
    User, Order, Address = s.User, s.Order, s.Address
  end)
  after_each(function() s:close() end)

  local function joined()
    return la.select(User):join(Order, Order.user_id:eq(User.id))
  end

  it("is the same object where it has no values", function()
    local on = Order.user_id:eq(User.id)
    assert.equal(on, Order.user_id:eq(User.id))
    local order = User.name:desc()
    assert.equal(order, User.name:desc())
    local _, users = la.select(User), la.select(User)
    assert.equal(users, la.select(User))
    local statement = users:join(Order, on)
    assert.equal(statement, users:join(Order, on))
  end)

  it("differs with each part", function()
    local on, order, statement = Order.user_id:eq(User.id), User.name:desc(), joined()
    local others = {
      Order.user_id:ne(User.id), User.id:eq(Order.user_id), Order.user_id:eq(Order.id), User.name:asc(), User.id:desc(),
      User.name:nulls_last(), la.select(User), la.select(User):join(Order, on):where(on), la.select(Order):join(User, on),
      la.select(User):outerjoin(Order, on), la.select(User):join(Address, on), statement:join(Order, on),
      la.select(User):distinct():join(Order, on), la.select(User.id):join(Order, on),
    }
    local texts = {}
    for _, one in ipairs {on, order, statement, table.unpack(others)} do
      local text = tostring(one)
      assert.is_nil(texts[text])
      texts[text] = true
    end
    assert.are_not.equal(statement, la.select(User):join(Order, on, {isouter = true}))
    assert.are_not.equal(statement, la.select(User):join_from(User, Order, on))
  end)

  it("is made anew where it has values", function()
    assert.are_not.equal(User.id:eq(1), User.id:eq(1))
    local on = Order.user_id:eq(User.id) & Order.id:gt(1)
    assert.are_not.equal(la.select(User):join(Order, on), la.select(User):join(Order, on))
  end)

  it("is the same Query for the same session only", function()
    local _ = s.session:query(User)
    local query = s.session:query(User)
    assert.equal(query, s.session:query(User))
    local other <close> = orm.Session(s.engine)
    for _ = 1, 2 do
      assert.equal(other, other:query(User).session)
      assert.equal(s.session, s.session:query(User).session)
    end
    assert.are_not.equal(query:filter(User.id:gt(1)), query:filter(User.id:gt(1)))
    assert.is_nil(other:query(Order):filter(Order.id:eq(1)):first())
    assert.error_matches(function() s.session:query() end, "no columns")
  end)

  it("is let go when nobody holds it", function()
    assert.is_true(collect.goes(function() return s.session:query(User) end))
    assert.is_true(collect.goes(joined))
    assert.is_true(collect.goes(function() return Order.user_id:eq(User.id) end))
    assert.is_true(collect.goes(function() return la.select(User) end))
  end)

  it("says the same with a collection at any moment", function()
    local text = tostring(joined())
    collect.often(function()
      for _ = 1, 5 do assert.equal(text, tostring(joined())) end
    end, 5)
  end)
end)
