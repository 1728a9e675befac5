-- SPDX-License-Identifier: MIT
-- Statements in a session that are more than one select: bulk rows, options of get, blocks left in the middle.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local database = require "spec.support.database"
local shop = require "spec.support.shop"

describe("a session", function()
  local s, User, Address
  before_each(function()
    s = shop.new():fill()
    User, Address = s.User, s.Address
  end)
  after_each(function()
    s:close()
    database.clean()
  end)

  it("updates a list of rows by their primary keys (QRY-11, UOW-140)", function()
    local ann = s.session:get(User, 1)
    assert.equal(30, ann.age)
    assert.equal(2, s.session:execute(la.update(User), {{id = 1, age = 51}, {id = 2, age = 52}}).rowcount)
    assert.equal(51, ann.age)
    assert.equal(52, s.session:get(User, 2).age)
    assert.is_nil(s.session:get(User, 3).age)
  end)

  it("refuses rows without primary key, and rows that are not there", function()
    local ok, err = pcall(function() s.session:execute(la.update(User), {{age = 1}}) end)
    assert.is_false(ok)
    assert.is_true(exc.InvalidRequestError:matches(err))
    ok, err = pcall(function() s.session:execute(la.update(User), {{id = 99, age = 1}}) end)
    assert.is_false(ok)
    assert.is_true(exc.StaleDataError:matches(err))
    s.session:rollback()
    assert.equal(30, s.session:get(User, 1).age)
  end)

  it("inserts rows of different keys without losing values (QRY-09, UOW-139)", function()
    s.session:execute(la.insert(User), {{name = "x"}, {name = "y", age = 4}})
    assert.equal(4, s.session:query(User.age):filter_by{name = "y"}:scalar())
  end)

  it("gives objects for RETURNING of a class (QRY-10)", function()
    local user = s.session:scalars(la.insert(User):values{name = "new"}:returning(User)):one()
    assert.equal("new", user.name)
    assert.equal(user, s.session:get(User, user.id))
  end)

  it("gets with loader options (SES-05)", function()
    local ann = s.session:get(User, 1, {options = {orm.selectinload(User.addresses)}})
    s.session:close()
    assert.equal(2, #ann.addresses)
  end)

  it("gives the first column of the one row that is left, however many were read before (RES-01)", function()
    for _ = 1, 6 do s.session:add(User{name = "more"}) end
    s.session:flush()
    local count = s.session:query(User):count()
    local ids = s.session:scalars(la.select(User.id):order_by(User.id)):all()
    for read = 0, count - 1 do
      for _, method in ipairs {"scalar", "scalar_one", "scalar_one_or_none"} do
        local result = s.session:execute(la.select(User):order_by(User.id))
        for _ = 1, read do result:fetchone() end
        local ok, user = pcall(result[method], result)
        if method == "scalar" or read == count - 1 then
          assert.equal(ids[read + 1], user.id)
        else
          assert.is_false(ok)
          assert.is_true(exc.MultipleResultsFound:matches(user))
        end
      end
    end
  end)

  it("rolls back when the coroutine of its block is closed", function()
    local running = coroutine.create(function()
      s.session:begin(function()
        s.session:add(User{name = "lost"})
        s.session:flush()
        coroutine.yield()
      end)
    end)
    assert.is_true(coroutine.resume(running))
    assert.is_true(coroutine.close(running))
    assert.is_false(s.session:in_transaction())
    assert.equal(3, s.session:query(User):count())
  end)

  it("forgets nothing by reading an unset reference before the flush", function()
    local address = Address{email = "new@one", user_id = 1}
    s.session:add(address)
    assert.is_nil(address.user)
    s.session:flush()
    assert.equal("Ann", address.user.name)
  end)

  it("that is dropped gives its connection back before the pool says that it is empty", function()
    local engine = database.engine()
    s.Base.metadata:create_all(engine)
    collectgarbage "stop"
    local ok, err = pcall(function()
      for _ = 1, 40 do orm.Session(engine):query(User):first() end
    end)
    collectgarbage "restart"
    assert.is_true(ok, tostring(err))
  end)

  it("finds by criteria of related objects by name", function()
    assert.equal("Ann", s.session:query(User):filter(User.addresses:any{email = "ann@one"}):one().name)
    assert.equal(2, s.session:query(Address):filter(Address.user:has{name = "Ann"}):count())
  end)

  it("selects from an alias over a subquery (QRY-03)", function()
    local grown = la.select(User):where(User.age:gt(25)):subquery()
    local Grown = orm.aliased(User, grown)
    assert.equal("Ann", s.session:query(Grown):one().name)
  end)
end)
