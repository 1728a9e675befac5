-- SPDX-License-Identifier: MIT
-- Histories of attributes, backrefs in memory, and what goes along links: cascades and deletes.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local Column, Integer, ForeignKey = la.Column, la.Integer, la.ForeignKey

local fails = require "spec.support.fails"

--- Added, unchanged and deleted values of an attribute.
local function history(object, key)
  local it = la.inspect(object).attrs[key].history
  return {it.added, it.unchanged, it.deleted}
end

describe("an attribute", function()
  local s, User, Address
  before_each(function()
    s = shop.new():fill()
    User, Address = s.User, s.Address
  end)
  after_each(function() s:close() end)

  it("has a history of added, unchanged and deleted values (UOW-62)", function()
    local fresh = User{name = "New"}
    assert.same({{"New"}, {}, {}}, history(fresh, "name"))
    assert.same({{}, {}, {}}, history(fresh, "age"))
    local ann = s.session:get(User, 1)
    assert.same({{}, {30}, {}}, history(ann, "age"))
    ann.age = 31
    assert.same({{31}, {}, {30}}, history(ann, "age"))
    ann.age = 30
    assert.same({{}, {30}, {}}, history(ann, "age"))
  end)

  it("has no old value in its history when it was set before it was loaded (UOW-62)", function()
    local ann = s.session:get(User, 1)
    s.session:expire(ann)
    assert.same({}, s:during(function() ann.age = 31 end))
    assert.same({{31}, {}, {}}, history(ann, "age"))
    assert.same({"UPDATE users SET age=? WHERE users.id = ?"}, s:during(function() s.session:flush() end))
  end)

  it("has the history of its list (UOW-62)", function()
    local ann = s.session:get(User, 1)
    local one, two, three = ann.addresses[1], ann.addresses[2], Address{email = "three"}
    ann.addresses:remove(one)
    ann.addresses:append(three)
    assert.same({{three}, {two}, {one}}, history(ann, "addresses"))
    s.session:flush()
    assert.same({{}, {two, three}, {}}, history(ann, "addresses"))
  end)

  it("that was not set reads nil or an empty list, and stays unset", function()
    local fresh = User{name = "New"}
    assert.is_nil(fresh.age)
    assert.is_nil(fresh.profile)
    assert.equal(0, #fresh.addresses)
    assert.same({{}, {}, {}}, history(fresh, "age"))
  end)

  it("of a foreign key does not change the loaded object until that expires (UOW-71)", function()
    local address = s.session:get(Address, 1)
    assert.equal("Ann", address.user.name)
    address.user_id = 2
    s.session:flush()
    assert.equal("Ann", address.user.name)
    s.session:expire(address)
    assert.equal("Bob", address.user.name)
  end)

  it("of a relationship wins over the foreign key at the flush (UOW-71)", function()
    local address = s.session:get(Address, 1)
    address.user = s.session:get(User, 2)
    address.user_id = 3
    s.session:flush()
    assert.equal(2, address.user_id)
  end)

  it("holds a JSON value whose inner changes go unseen", function()
    local Base = orm.declarative_base()
    local Doc = Base:class "Doc" {__tablename__ = "docs", id = Column(Integer, {primary_key = true}), data = Column(la.JSON)}
    Base.metadata:create_all(s.engine)
    local doc = Doc{data = {a = 1}}
    s.session:add(doc)
    s.session:commit()
    doc.data.a = 2
    assert.is_false(s.session:is_modified(doc))
    s.session:commit()
    assert.equal(1, doc.data.a)
    doc.data = {a = 3}
    s.session:commit()
    assert.equal(3, doc.data.a)
  end)
end)

describe("a backref", function()
  local s, User, Address
  before_each(function()
    s = shop.new():fill()
    User, Address = s.User, s.Address
  end)
  after_each(function() s:close() end)

  it("queues for a list that is not loaded, and merges when it is (UOW-66)", function()
    local ann = s.session:get(User, 1)
    local late = Address{email = "late"}
    s.session:no_autoflush(function()
      assert.same({}, s:during(function() late.user = ann end))
      assert.equal(3, #ann.addresses)
      assert.equal(late, ann.addresses[3])
      late.user = ann
      assert.equal(3, #ann.addresses)
    end)
  end)

  it("takes a moved child from the lists that are loaded (UOW-67)", function()
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    local address = ann.addresses[1]
    assert.equal(ann, address.user)
    bob.addresses:append(address)
    assert.equal(1, #ann.addresses)
    assert.is_false(ann.addresses:contains(address))
    assert.equal(bob, address.user)
  end)

  it("leaves a child in the old list until that expires, if the child did not know its parent (UOW-67)", function()
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    local address = ann.addresses[1]
    s.session:expire(address)
    bob.addresses:append(address)
    assert.equal(2, #ann.addresses)
    s.session:commit()
    assert.equal(1, #ann.addresses)
    assert.equal(bob, address.user)
  end)
end)

describe("a cascade", function()
  local s

  local function open(options)
    s = shop.new(options):fill()
    return s.session:get(s.User, 1)
  end
  after_each(function() s:close() end)

  it("is by default along add and merge, not along delete or expunge (UOW-75)", function()
    local ann = open()
    local email = ann.addresses[1]
    s.session:expunge(ann)
    assert.is_true(s.session:contains(email))
    local cascade = la.inspect(s.User).relationships.addresses.cascade
    assert.is_true(cascade.merge)
    assert.is_true(cascade["save-update"])
    assert.falsy(cascade.delete)
    assert.falsy(cascade.expunge)
    local merged = s.session:merge(s.User{id = 2, name = "Bob", addresses = {s.Address{id = 3, email = "b"}}})
    assert.equal("b", merged.addresses[1].email)
  end)

  it("named all is along add, merge, refresh-expire, expunge and delete (UOW-75)", function()
    local ann = open{["User.addresses"] = {cascade = "all"}}
    local cascade = la.inspect(s.User).relationships.addresses.cascade
    for _, name in ipairs{"save-update", "merge", "refresh-expire", "expunge", "delete"} do assert.is_true(cascade[name], name) end
    local email = ann.addresses[1]
    s.session:expunge(ann)
    assert.is_false(s.session:contains(email))
    s.session:add(ann)
    assert.is_true(s.session:contains(email))
    s.session:delete(ann)
    assert.is_true(s.session.deleted:contains(email))
  end)

  it("of an unknown name is refused (UOW-75)", function()
    fails(exc.ArgumentError, "Invalid cascade option(s): 'everything'", function()
      shop.classes{["User.addresses"] = {cascade = "everything"}}.User()
    end)
    s = shop.new()
  end)

  it("of add follows what was taken out of a list (UOW-76)", function()
    local ann = open()
    local email = ann.addresses[1]
    s.session:expunge_all()
    ann.addresses:remove(email)
    s.session:add(ann)
    assert.is_true(s.session:contains(email))
    s.session:commit()
    assert.is_nil(email.user_id)
  end)

  it("of delete leaves the deleted child in the loaded list until that expires (UOW-85)", function()
    local ann = open()
    local email = ann.addresses[1]
    s.session:delete(email)
    s.session:flush()
    assert.equal(2, #ann.addresses)
    s.session:commit()
    assert.equal(1, #ann.addresses)
  end)

  it("takes a pending orphan out of the session (UOW-79)", function()
    local ann = open()
    local order = ann.orders[1]
    local item = s.Item{name = "cap"}
    order.items:append(item)
    assert.is_true(s.session:contains(item))
    order.items:remove(item)
    assert.is_false(s.session:contains(item))
    assert.same({}, s:during(function() s.session:flush() end))
  end)
end)

describe("passive deletes", function()
  local s, Parent, Child
  local function open(options)
    local Base = orm.declarative_base()
    Parent = Base:class "Parent" {
      __tablename__ = "parents",
      id = Column(Integer, {primary_key = true}),
      children = orm.relationship("Child", options),
    }
    Child = Base:class "Child" {
      __tablename__ = "children",
      id = Column(Integer, {primary_key = true}),
      parent_id = Column(Integer, ForeignKey("parents.id", {ondelete = "CASCADE"})),
    }
    s = shop.new()
    Base.metadata:create_all(s.engine)
    s.session:add(Parent{id = 1, children = {Child{}, Child{}}})
    s.session:commit()
    s.session:expunge_all()
    return s.session:get(Parent, 1)
  end
  after_each(function() s:close() end)

  it("leave lists that are not loaded to the database (UOW-82)", function()
    local parent = open{cascade = "all, delete", passive_deletes = true}
    s.session:delete(parent)
    assert.same({"DELETE FROM parents WHERE parents.id = ?"}, s:during(function() s.session:flush() end))
    assert.equal(0, s.session:query(Child):count())
  end)

  it("still handle lists that are loaded (UOW-82)", function()
    local parent = open{passive_deletes = true}
    assert.equal(2, #parent.children)
    s.session:delete(parent)
    local sent = s:during(function() s.session:flush() end)
    assert.same({"UPDATE children SET parent_id=? WHERE children.id = ?", "DELETE FROM parents WHERE parents.id = ?"}, sent)
  end)

  it("of all set no foreign key to NULL, and bear no delete cascade (UOW-82)", function()
    local parent = open{passive_deletes = "all"}
    assert.equal(2, #parent.children)
    s.session:delete(parent)
    assert.same({"DELETE FROM parents WHERE parents.id = ?"}, s:during(function() s.session:flush() end))
    fails(exc.ArgumentError, "can't set passive_deletes='all' in conjunction with 'delete' or 'delete-orphan' cascade", function()
      open{passive_deletes = "all", cascade = "all"}
    end)
  end)
end)

describe("a foreign key within a primary key", function()
  it("is not set to NULL (UOW-83)", function()
    local Base = orm.declarative_base()
    local A = Base:class "A" {__tablename__ = "a", id = Column(Integer, {primary_key = true}), bs = orm.relationship("B")}
    local B = Base:class "B" {
      __tablename__ = "b",
      a_id = Column(Integer, ForeignKey "a.id", {primary_key = true}),
      n = Column(Integer, {primary_key = true}),
    }
    local s = shop.new()
    Base.metadata:create_all(s.engine)
    local a = A{bs = {B{n = 1}}}
    s.session:add(a)
    s.session:commit()
    a.bs = {}
    local ok, err = pcall(s.session.flush, s.session)
    assert.is_false(ok)
    assert.truthy(tostring(err):find("Dependency rule on column 'a.id' tried to blank-out primary key column 'b.a_id' on instance", 1, true))
    s.session:rollback()
    assert.equal(1, #a.bs)
    s:close()
  end)
end)
