-- SPDX-License-Identifier: MIT
-- The states of an object, the identity map, and what starts a flush.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local Column, Integer, String = la.Column, la.Integer, la.String

local fails = require "spec.support.fails"

local states = {"transient", "pending", "persistent", "deleted", "detached"}

--- The state of an object; that it has exactly one is asserted.
local function state(object)
  local found
  local inspected = la.inspect(object)
  for _, name in ipairs(states) do
    if inspected[name] then
      assert.is_nil(found)
      found = name
    end
  end
  return found
end

describe("the state of an object", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
  end)
  after_each(function() s:close() end)

  it("is one of five (UOW-1)", function()
    local user = User{name = "New"}
    assert.equal("transient", state(user))
    s.session:add(user)
    assert.equal("pending", state(user))
    s.session:flush()
    assert.equal("persistent", state(user))
    s.session:delete(user)
    assert.equal("persistent", state(user))
    s.session:flush()
    assert.equal("deleted", state(user))
    s.session:commit()
    assert.equal("detached", state(user))
  end)

  it("goes back with a rollback (UOW-1, UOW-5, UOW-6)", function()
    local fresh, cid = User{name = "New"}, s.session:get(User, 3)
    s.session:add(fresh)
    s.session:delete(cid)
    s.session:flush()
    assert.equal("persistent", state(fresh))
    assert.equal("deleted", state(cid))
    s.session:rollback()
    assert.equal("transient", state(fresh))
    assert.is_nil(la.inspect(fresh).identity)
    assert.equal("persistent", state(cid))
  end)

  it("is transient again when a pending object is expunged (UOW-6)", function()
    local fresh = User{name = "New"}
    s.session:add(fresh)
    s.session:expunge(fresh)
    assert.equal("transient", state(fresh))
    assert.same({}, s:during(function() s.session:flush() end))
  end)

  it("is persistent at once when a detached object is added, without SQL (UOW-2)", function()
    local ann = s.session:get(User, 1)
    s.session:expunge(ann)
    assert.equal("detached", state(ann))
    assert.same({}, s:during(function()
      s.session:add(ann)
      assert.equal("persistent", state(ann))
      s.session:add(ann)
      s.session:flush()
    end))
    assert.equal(0, #s.session.new)
  end)

  it("bars a deleted object from add (UOW-8)", function()
    local cid = s.session:get(User, 3)
    s.session:delete(cid)
    s.session:flush()
    fails(exc.InvalidRequestError, "has been deleted.  Use the make_transient() function", function() s.session:add(cid) end)
  end)

  it("is saved from a delete by add before the flush (UOW-11)", function()
    local cid = s.session:get(User, 3)
    s.session:delete(cid)
    assert.equal(1, #s.session.deleted)
    s.session:add(cid)
    assert.equal(0, #s.session.deleted)
    assert.same({}, s:during(function() s.session:flush() end))
    assert.equal("persistent", state(cid))
  end)

  it("is detached after close, whatever it was in (UOW-7)", function()
    local ann, fresh = s.session:get(User, 1), User{name = "New"}
    s.session:add(fresh)
    s.session:close()
    assert.equal("detached", state(ann))
    assert.equal("transient", state(fresh))
  end)

  it("lets a detached object be deleted (UOW-10)", function()
    local cid = s.session:get(User, 3)
    s.session:expunge(cid)
    s.session:delete(cid)
    s.session:commit()
    assert.equal(2, s.session:query(User):count())
  end)
end)

describe("the identity map", function()
  local s, User, Address
  before_each(function()
    s = shop.new():fill()
    User, Address = s.User, s.Address
  end)
  after_each(function() s:close() end)

  it("answers get without SQL, but reads what is expired (UOW-18)", function()
    local ann = s.session:get(User, 1)
    assert.same({}, s:during(function() assert.equal(ann, s.session:get(User, 1)) end))
    s.session:expire(ann)
    assert.equal(1, #s:during(function() assert.equal(ann, s.session:get(User, 1)) end))
    assert.same({}, s:during(function() assert.equal("Ann", ann.name) end))
  end)

  it("gives nil for an expired object whose row has gone, and lets it go (UOW-18)", function()
    local cid = s.session:get(User, 3)
    s.session:execute(la.text "DELETE FROM users WHERE id = 3")
    s.session:expire(cid)
    assert.is_nil(s.session:get(User, 3))
    assert.is_false(s.session:contains(cid))
  end)

  it("takes as many key values as there are key columns (UOW-19)", function()
    local Base = orm.declarative_base()
    local Point = Base:class "Point" {
      __tablename__ = "points",
      x = Column(Integer, {primary_key = true}),
      y = Column(Integer, {primary_key = true}),
      label = Column(String),
    }
    Base.metadata:create_all(s.engine)
    s.session:add(Point{x = 1, y = 2, label = "p"})
    s.session:commit()
    assert.equal("p", s.session:get(Point, {1, 2}).label)
    assert.equal("p", s.session:get(Point, {y = 2, x = 1}).label)
    fails(exc.InvalidRequestError, "Incorrect number of values in identifier to formulate primary key for session.get(); primary key columns are",
      function() s.session:get(Point, {1}) end)
    fails(exc.InvalidRequestError, nil, function() s.session:get(Point, {x = 1, z = 2}) end)
  end)

  it("is passed by with populate_existing and with_for_update", function()
    local ann = s.session:get(User, 1)
    s.session:execute(la.text "UPDATE users SET age = 77 WHERE id = 1")
    assert.equal(30, s.session:get(User, 1).age)
    assert.equal(1, #s:during(function() assert.equal(ann, s.session:get(User, 1, {populate_existing = true})) end))
    assert.equal(77, ann.age)
    assert.equal(1, #s:during(function() s.session:get(User, 1, {with_for_update = true}) end))
  end)

  it("keeps loaded attributes when a query reads their row (UOW-21, UOW-22)", function()
    local ann = s.session:get(User, 1)
    s.session:execute(la.text "UPDATE users SET age = 77, name = 'Anna' WHERE id = 1")
    assert.equal(ann, s.session:query(User):filter(User.id:eq(1)):one())
    assert.equal(30, ann.age)
    s.session:expire(ann, {"age"})
    s.session:query(User):filter(User.id:eq(1)):one()
    assert.same({}, s:during(function() assert.same({77, "Ann"}, {ann.age, ann.name}) end))
    ann.age = 5
    s.session:no_autoflush(function() s.session:query(User):filter(User.id:eq(1)):populate_existing():one() end)
    assert.same({77, "Anna"}, {ann.age, ann.name})
    assert.same({}, s:during(function() s.session:flush() end))
  end)

  it("gives nil for the side of an outer join that has no row (UOW-23)", function()
    local rows = s.session:query(User, Address):outerjoin(User.addresses):filter(User.id:eq(3)):all()
    assert.equal(1, #rows)
    assert.equal("Cid", rows[1][1].name)
    assert.is_nil(rows[1][2])
  end)

  it("can be listed and asked (UOW-25)", function()
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    local seen = 0
    for object in s.session.identity_map:values() do
      assert.is_true(object == ann or object == bob)
      seen = seen + 1
    end
    assert.equal(2, seen)
    assert.is_true(s.session.identity_map:contains(ann))
    s.session:expunge(ann)
    assert.is_false(s.session.identity_map:contains(ann))
    assert.is_true(s.session.identity_map:contains(bob))
  end)

  it("has keys for get (UOW-25)", function()
    local ann = s.session:get(User, 1)
    local keys = 0
    for key in s.session.identity_map:keys() do
      keys = keys + 1
      assert.equal(ann, s.session.identity_map:get(key))
    end
    assert.equal(1, keys)
  end)

  it("lets the INSERT of a new object with a key that it has be refused by the database", function()
    local ann = s.session:get(User, 1)
    s.session:add(User{id = 1, name = "Other"})
    fails(exc.IntegrityError, "UNIQUE constraint failed: users.id", function() s.session:flush() end)
    s.session:rollback()
    assert.equal("Ann", ann.name)
  end)
end)

describe("autoflush", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
  end)
  after_each(function() s:close() end)

  local function flushed(fn)
    local texts = s:during(fn)
    for _, text in ipairs(texts) do
      if text:find "^INSERT" then return true end
    end
    return false
  end

  it("precedes every statement of the session, Core and text too (UOW-27)", function()
    local ways = {
      function() s.session:execute(la.text "SELECT 1") end,
      function() s.session:scalar(la.select(la.literal(1))) end,
      function() s.session:scalars(la.select(User.id)):all() end,
      function() s.session:execute(la.select(User.__table__.c.id)):all() end,
      function() s.session:query(User.id):first() end,
      function() s.session:get(User, 2) end,
      function() s.session:merge(User{id = 99, name = "m"}) end,
    }
    for i, way in ipairs(ways) do
      s.session:add(User{name = "new" .. i})
      assert.is_true(flushed(way), "way " .. i)
    end
  end)

  it("precedes lazy loads, refreshes and the reading of what is expired (UOW-27)", function()
    local ann = s.session:get(User, 1)
    local function fresh() s.session:add(User{name = "new"}) end
    fresh()
    assert.is_true(flushed(function() return ann.addresses end))
    fresh()
    assert.is_true(flushed(function() s.session:refresh(ann) end))
    s.session:expire(ann)
    fresh()
    assert.is_true(flushed(function() return ann.name end))
  end)

  it("does not precede a get answered by the identity map, nor anything in no_autoflush (UOW-28)", function()
    local ann = s.session:get(User, 1)
    s.session:add(User{name = "new"})
    assert.is_false(flushed(function() assert.equal(ann, s.session:get(User, 1)) end))
    assert.is_false(flushed(function()
      s.session:no_autoflush(function() s.session:query(User):count() end)
      pcall(function() s.session:no_autoflush(function() error("no") end) end)
    end))
    assert.is_true(flushed(function() s.session:query(User):count() end))
  end)

  it("can be off; commit and begin_nested flush all the same (UOW-29)", function()
    local session <close> = s.Session{autoflush = false}
    session:add(User{name = "new"})
    assert.is_false(flushed(function() session:query(User):count() end))
    assert.is_true(flushed(function() session:begin_nested() end))
    session:add(User{name = "newer"})
    assert.is_true(flushed(function() session:commit() end))
  end)
end)
