-- SPDX-License-Identifier: MIT
-- merge without loading, with versions, of pending objects; get that reads again.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local warnings = require "lualchemy.warnings"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local Column, Integer = la.Column, la.Integer

local s, User
before_each(function()
  s = shop.new():fill()
  User = s.User
end)
after_each(function() s:close() end)

describe("merge with load = false", function()
  local other, ann
  before_each(function()
    other = s.Session()
    ann = other:get(User, 1)
    assert.equal(2, #ann.addresses)
    s:forget()
  end)
  after_each(function() other:close() end)

  it("copies the state as committed, without SQL (UOW-105)", function()
    local merged
    assert.same({}, s:during(function()
      merged = s.session:merge(ann, {load = false})
      assert.same({"Ann", 30}, {merged.name, merged.age})
      assert.equal(2, #merged.addresses)
      assert.equal("ann@one", merged.addresses[1].email)
    end))
    assert.not_equal(ann, merged)
    assert.equal(s.session, orm.object_session(merged.addresses[2]))
    assert.is_true(la.inspect(merged).persistent)
    assert.equal(0, #s.session.dirty)
    assert.is_false(s.session:is_modified(merged))
    assert.same({}, s:during(function() assert.equal(merged, s.session:get(User, 1)) end))
    assert.same({}, s:during(function() s.session:flush() end))
    merged.age = 31
    s.session:commit()
    assert.equal(31, merged.age)
  end)

  it("leaves what is not loaded to be read (UOW-105)", function()
    other:expire(ann, {"age"})
    local merged = s.session:merge(ann, {load = false})
    assert.equal(1, #s:during(function() assert.equal(30, merged.age) end))
    assert.equal(1, #s:during(function() assert.equal(1, #merged.orders) end))
  end)

  it("overwrites the object that is there (UOW-105)", function()
    local mine = s.session:get(User, 1)
    s.session:execute(la.text "UPDATE users SET age = 77 WHERE id = 1")
    s.session:expire(mine)
    assert.equal(77, mine.age)
    assert.equal(mine, s.session:merge(ann, {load = false}))
    assert.equal(30, mine.age)
    assert.is_false(s.session:is_modified(mine))
  end)

  it("refuses new and changed objects (UOW-105)", function()
    fails(exc.InvalidRequestError, "merge() with load=False option does not support objects transient (i.e. unpersisted) objects.",
      function() s.session:merge(User{id = 3}, {load = false}) end)
    ann.age = 99
    fails(exc.InvalidRequestError, "merge() with load=False option does not support objects marked as 'dirty'.",
      function() s.session:merge(ann, {load = false}) end)
  end)
end)

describe("merge", function()
  it("warns of a pending object, and makes another (UOW-108)", function()
    local pending, merged = User{name = "Pat"}, nil
    s.session:add(pending)
    local list = warnings.catch_warnings(function()
      s.session:no_autoflush(function() merged = s.session:merge(pending) end)
    end)
    if merged == pending then assert.same({}, list) return end
    assert.equal(1, #list)
    assert.truthy(list[1].message:find("is already pending in this Session yet is being merged again; this is probably not what you want to do", 1, true))
    assert.is_true(la.inspect(merged).pending)
    assert.equal("Pat", merged.name)
  end)

  it("takes loader options for what it reads", function()
    local merged
    assert.equal(2, #s:during(function()
      merged = s.session:merge(User{id = 1, age = 40}, {options = {orm.selectinload(User.addresses)}})
    end))
    assert.same({}, s:during(function() assert.equal(2, #merged.addresses) end))
    fails(exc.ArgumentError, "merge", function() s.session:merge(merged, {lod = false}) end)
  end)
end)

describe("an object with a version", function()
  local Doc
  before_each(function()
    local Base = orm.declarative_base()
    Doc = Base:class "Doc" {
      __tablename__ = "docs",
      id = Column(Integer, {primary_key = true}),
      n = Column(Integer),
      version = Column(Integer, {nullable = false}),
      __mapper_args__ = {version_id_col = "version"},
    }
    Base.metadata:create_all(s.engine)
    s.session:add(Doc{id = 1, n = 1})
    s.session:commit()
  end)

  it("is merged if the version is the one that is there, or not given (UOW-107)", function()
    local doc = s.session:merge(Doc{id = 1, n = 2, version = 1})
    s.session:commit()
    assert.same({2, 2}, {doc.n, doc.version})
    fails(exc.StaleDataError, "Version id '1' on merged state Doc(id=1, n=2, version=2) does not match existing version '2'. " ..
      "Leave the version attribute unset when merging to update the most recent version.",
      function() s.session:merge(Doc{id = 1, n = 3, version = 1}) end)
    s.session:merge(Doc{id = 1, n = 3})
    s.session:commit()
    assert.same({3, 3}, {doc.n, doc.version})
  end)

  it("is checked when it is read for an update (UOW-128)", function()
    local doc = s.session:get(Doc, 1)
    assert.equal(doc, s.session:get(Doc, 1, {with_for_update = true}))
    s.session:execute(la.text "UPDATE docs SET version = 2")
    fails(exc.StaleDataError, "has version id '1' which does not match database-loaded version id '2'.",
      function() s.session:get(Doc, 1, {with_for_update = true}) end)
  end)
end)

describe("get", function()
  it("reads again with populate_existing and with_for_update (UOW-20)", function()
    local bob = s.session:get(User, 2)
    s.session:execute(la.text "UPDATE users SET age = 50 WHERE id = 2")
    assert.same({}, s:during(function() assert.equal(22, s.session:get(User, 2).age) end))
    assert.equal(1, #s:during(function() assert.equal(bob, s.session:get(User, 2, {populate_existing = true})) end))
    assert.equal(50, bob.age)
    s.session:execute(la.text "UPDATE users SET age = 60 WHERE id = 2")
    assert.equal(1, #s:during(function() assert.equal(60, s.session:get(User, 2, {with_for_update = true}).age) end))
    bob.age = 1
    s.session:no_autoflush(function() s.session:get(User, 2, {populate_existing = true}) end)
    assert.equal(60, bob.age)
  end)

  it("gives nothing for an object of another subclass (UOW-20)", function()
    local Base = orm.declarative_base()
    local Employee = Base:class "Employee" {
      __tablename__ = "employees",
      id = Column(Integer, {primary_key = true}),
      kind = Column(la.String),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "employee"},
    }
    local Manager = Employee:class "Manager" {__mapper_args__ = {polymorphic_identity = "manager"}}
    local Engineer = Employee:class "Engineer" {__mapper_args__ = {polymorphic_identity = "engineer"}}
    Base.metadata:create_all(s.engine)
    local engineer = Engineer{id = 1}
    s.session:add(engineer)
    s.session:flush()
    assert.equal(engineer, s.session:get(Employee, 1))
    assert.is_nil(s.session:get(Manager, 1))
  end)
end)

describe("merging a graph that is deep", function()
  it("takes no stack", function()
    local Base = orm.declarative_base()
    local Node = Base:class "Node" {
      __tablename__ = "nodes",
      id = la.Column(la.Integer, {primary_key = true}),
      next_id = la.Column(la.ForeignKey "nodes.id"),
      next = orm.relationship("Node", {remote_side = "Node.id"}),
    }
    local first = Node{id = 1}
    local last = first
    for i = 2, 25000 do
      last.next = Node{id = i}
      last = last.next
    end
    last.next = first
    local merged = shop.open{Base = Base}.session:merge(first)
    local count, at = 1, merged.next
    while at ~= merged do
      count, at = count + 1, at.next
    end
    assert.equal(25000, count)
  end)
end)
