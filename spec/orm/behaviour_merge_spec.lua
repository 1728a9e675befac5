-- SPDX-License-Identifier: MIT
-- Expiring and refreshing, and merge.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local fails = require "spec.support.fails"

describe("an expired object", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
  end)
  after_each(function() s:close() end)

  it("keeps what is set on it when the rest is read (UOW-99)", function()
    local ann = s.session:get(User, 1)
    s.session:expire(ann)
    s.session:execute(la.text "UPDATE users SET name = 'Anna', age = 31 WHERE id = 1")
    ann.age = 50
    s.session:no_autoflush(function() assert.equal("Anna", ann.name) end)
    assert.equal(50, ann.age)
    s.session:commit()
    assert.equal(50, ann.age)
  end)

  it("is every object after a rollback (UOW-96)", function()
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    ann.age = 1
    s.session:rollback()
    assert.equal(2, #s:during(function() assert.same({30, 22}, {ann.age, bob.age}) end))
  end)

  it("is after a rollback to a savepoint only what changed in it (UOW-96)", function()
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    local savepoint = s.session:begin_nested()
    ann.age = 1
    s.session:flush()
    savepoint:rollback()
    assert.same({}, s:during(function() assert.equal(22, bob.age) end))
    assert.equal(1, #s:during(function() assert.equal(30, ann.age) end))
  end)

  it("that belongs to no session says what cannot be read (UOW-101)", function()
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    s.session:expire(ann)
    s.session:expunge_all()
    fails(exc.DetachedInstanceError, "is not bound to a Session; attribute refresh operation cannot proceed", function() return ann.name end)
    fails(exc.DetachedInstanceError, "is not bound to a Session; lazy load operation of attribute 'addresses' cannot proceed",
      function() return bob.addresses end)
    assert.equal("Bob", bob.name)
  end)

  it("says that a deferred attribute cannot be loaded without a session (UOW-101)", function()
    local Base = orm.declarative_base()
    local Doc = Base:class "Doc" {
      __tablename__ = "docs",
      id = la.Column(la.Integer, {primary_key = true}),
      text = orm.deferred(la.Column(la.String)),
    }
    Base.metadata:create_all(s.engine)
    s.session:add(Doc{id = 1, text = "long"})
    s.session:commit()
    s.session:expunge_all()
    local doc = s.session:get(Doc, 1)
    s.session:expunge(doc)
    fails(exc.DetachedInstanceError, "is not bound to a Session; deferred load operation of attribute 'text' cannot proceed",
      function() return doc.text end)
  end)

  it("cannot be refreshed if its row has gone (UOW-100)", function()
    local cid = s.session:get(User, 3)
    s.session:execute(la.text "DELETE FROM users WHERE id = 3")
    fails(exc.InvalidRequestError, "Could not refresh instance", function() s.session:refresh(cid) end)
  end)

  it("loses what was changed when it is refreshed, all or those of the names, before others are flushed (UOW-100)", function()
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    ann.age, ann.name, bob.name = 1, "A", "B"
    assert.same({"UPDATE users SET name=? WHERE users.id = ?", "SELECT users.age FROM users WHERE users.id = ?"},
      s:during(function() s.session:refresh(ann, {"age"}) end))
    assert.same({30, "A"}, {ann.age, ann.name})
    ann.age, bob.age = 1, 2
    local texts = s:during(function() s.session:refresh(ann) end)
    assert.same({2, "UPDATE users SET age=? WHERE users.id = ?"}, {#texts, texts[1]})
    assert.same({30, 2}, {ann.age, bob.age})
    ann.age = 1
    fails(exc.ArgumentError, "a list of attribute names expected", function() s.session:refresh(ann, "age") end)
    fails(exc.InvalidRequestError, "User has no attribute 'agee' to expire", function() s.session:refresh(ann, {"age", "agee"}) end)
    assert.equal(1, ann.age)
  end)

  it("loses pending changes, all or those of the names (UOW-97)", function()
    local ann = s.session:get(User, 1)
    ann.age, ann.name = 1, "A"
    s.session:expire(ann, {"age"})
    s.session:no_autoflush(function() assert.same({30, "A"}, {ann.age, ann.name}) end)
    s.session:expire(ann)
    assert.same({30, "Ann"}, {ann.age, ann.name})
  end)

  it("reads the names given to refresh at once, lists among them (UOW-100)", function()
    local ann = s.session:get(User, 1)
    assert.equal(2, #ann.addresses)
    s.session:execute(la.text "INSERT INTO addresses (email, user_id) VALUES ('ann@three', 1)")
    s.session:refresh(ann, {"addresses"})
    assert.same({}, s:during(function() assert.equal(3, #ann.addresses) end))
  end)
end)

describe("merge", function()
  local s, User, Address
  before_each(function()
    s = shop.new():fill()
    User, Address = s.User, s.Address
  end)
  after_each(function() s:close() end)

  it("finds, loads or makes the session's object and leaves the given one alone (UOW-103)", function()
    local bob = s.session:get(User, 2)
    local given = User{id = 2, name = "Rob"}
    assert.same({}, s:during(function() assert.equal(bob, s.session:merge(given)) end))
    assert.equal("Rob", bob.name)
    assert.is_false(s.session:contains(given))

    local ann
    assert.equal(1, #s:during(function() s.session:no_autoflush(function() ann = s.session:merge(User{id = 1, name = "Anna"}) end) end))
    assert.equal("Anna", ann.name)
    assert.is_true(la.inspect(ann).persistent)

    local new = s.session:merge(User{id = 50, name = "New"})
    assert.is_true(la.inspect(new).pending)
    local keyless = s.session:merge(User{name = "Keyless"})
    assert.is_true(la.inspect(keyless).pending)
    s.session:commit()
    assert.same({"Anna", "Rob", "New", "Keyless"}, {ann.name, bob.name, new.name, keyless.name})
    assert.is_true(la.inspect(given).transient)
  end)

  it("makes a new object of one whose row was deleted (UOW-103)", function()
    local bob = s.session:get(User, 2)
    s.session:delete(bob)
    s.session:flush()
    local merged = s.session:merge(bob)
    assert.are_not.equal(bob, merged)
    assert.same({true, "Bob", 2}, {la.inspect(merged).pending, merged.name, merged.id})
    s.session:commit()
    assert.equal("Bob", s.session:get(User, 2).name)
  end)

  it("gives a persistent object of the session itself (UOW-103)", function()
    local bob = s.session:get(User, 2)
    assert.equal(bob, s.session:merge(bob))
  end)

  it("copies what is set, nil too, and nothing else (UOW-104)", function()
    local merged = s.session:merge(User{id = 1, name = "Anna"})
    assert.equal(30, merged.age)
    local given = User{id = 1}
    given.age = nil
    assert.equal(merged, s.session:merge(given))
    assert.is_nil(merged.age)
    assert.equal("Anna", merged.name)
    assert.equal(2, #merged.addresses)
  end)

  it("replaces the lists that are given: who is not in them goes (UOW-104)", function()
    local merged = s.session:merge(User{id = 1, addresses = {Address{id = 2, email = "changed"}, Address{email = "added"}}})
    s.session:commit()
    assert.same({"changed", "added"}, {merged.addresses[1].email, merged.addresses[2].email})
    assert.equal(2, #merged.addresses)
    assert.is_nil(s.session:get(Address, 1).user_id)
  end)

  it("takes an object of another session with what hangs on it (UOW-103)", function()
    local other <close> = s.Session()
    local theirs = other:get(User, 1)
    assert.equal(2, #theirs.addresses)
    theirs.age = 99
    local ours = s.session:merge(theirs)
    assert.not_equal(theirs, ours)
    assert.equal(99, ours.age)
    assert.equal(other, orm.object_session(theirs))
    other:rollback()
    s.session:commit()
    assert.equal(99, s.session:get(User, 1).age)
    assert.equal(2, #ours.addresses)
  end)

  it("has one object for an identity that comes twice (UOW-106)", function()
    local a, b = Address{email = "a", user = User{id = 70, name = "X"}}, Address{email = "b", user = User{id = 70, name = "X"}}
    local first, second = s.session:merge(a), s.session:merge(b)
    assert.equal(first.user, second.user)
    s.session:commit()
    assert.equal(2, #first.user.addresses)
  end)

  it("has one object for an identity that comes twice in what is merged (UOW-106)", function()
    local merged = s.session:merge(User{name = "Y", orders = {
      s.Order{items = {s.Item{name = "i", tags = {s.Tag{id = 30, name = "t"}}}, s.Item{name = "j", tags = {s.Tag{id = 30, name = "t"}}}}}}})
    local items = merged.orders[1].items
    assert.equal(items[1].tags[1], items[2].tags[1])
    s.session:commit()
    assert.equal(1, s.session:query(s.Tag):filter(s.Tag.id:eq(30)):count())
  end)

  it("flushes once before, and not within (UOW-109)", function()
    s.session:add(User{name = "pending"})
    local sent = s:during(function()
      s.session:merge(User{id = 1, addresses = {Address{id = 1, email = "x"}, Address{id = 88, email = "y"}}})
    end)
    assert.truthy(sent[1]:find "^INSERT INTO users")
    for i = 2, #sent do assert.truthy(sent[i]:find "^SELECT", sent[i]) end
    assert.equal(1, #s.session.new)
  end)
end)
