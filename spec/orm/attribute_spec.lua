-- SPDX-License-Identifier: MIT
-- Attributes beyond reading and writing: lualchemy.orm.attributes, active_history, deletion, what is changed inside.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local attributes = require "lualchemy.orm.attributes"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local Column, Integer, String = la.Column, la.Integer, la.String

local function parts(history) return {history.added, history.unchanged, history.deleted} end

--- The history of an attribute as it is known without SQL.
local function known(object, key) return parts(la.inspect(object).attrs[key].history) end

describe("an attribute of an object", function()
  local s, User, Address, ann
  before_each(function()
    s = shop.new():fill()
    User, Address = s.User, s.Address
    ann = s.session:get(User, 1)
    s:forget()
  end)
  after_each(function() s:close() end)

  it("is set on an expired object without SQL; a key keeps its old value (UOW-63)", function()
    s.session:expire(ann)
    assert.same({}, s:during(function() ann.age, ann.id = 31, 9 end))
    assert.same({{31}, {}, {}}, known(ann, "age"))
    assert.same({{9}, {}, {1}}, known(ann, "id"))
  end)

  it("has its history by name, loaded if need be (UOW-62, SES-17)", function()
    ann.age = 31
    assert.same({{31}, {}, {30}}, parts(attributes.get_history(ann, "age")))
    local sent = s:during(function() s.session:no_autoflush(function() assert.equal(2, #attributes.get_history(ann, "addresses").unchanged) end) end)
    assert.equal(1, #sent)
    assert.same({{}, {}, {}}, known(ann, "orders"))
    s.session:no_autoflush(function() assert.equal(1, #la.inspect(ann).attrs.orders:load_history().unchanged) end)
    assert.is_true(la.inspect(ann).attrs.age.history:has_changes())
    assert.is_true(la.inspect(User{}).attrs.age.history:empty())
    assert.same({31, 30}, attributes.get_history(ann, "age"):sum())
    assert.equal("History(added=[31], unchanged=[], deleted=[30])", tostring(attributes.get_history(ann, "age")))
  end)

  it("is read and written by name (SES-17)", function()
    assert.equal("Ann", attributes.get_attribute(ann, "name"))
    attributes.set_attribute(ann, "name", "Anna")
    assert.equal("Anna", ann.name)
    fails(exc.InvalidRequestError, "User has no mapped attribute 'nane'; did you mean 'name'?", function() attributes.get_attribute(ann, "nane") end)
    fails(exc.UnmappedInstanceError, "a table is not an instance of a mapped class", function() attributes.get_attribute({}, "x") end)
  end)

  it("is deleted: a column becomes NULL, with the old value in its history alone (UOW-70, SES-17)", function()
    attributes.del_attribute(ann, "age")
    assert.is_nil(ann.age)
    assert.same({{}, {}, {30}}, known(ann, "age"))
    assert.same({"UPDATE users SET age=? WHERE users.id = ?"}, s:during(function() s.session:flush() end))
    assert.is_nil(s.session:scalar(la.select(User.age):where(User.id:eq(1))))
    ann.age = nil
    assert.same({{}, {la.null}, {}}, known(ann, "age"))
  end)

  it("that has no value cannot be deleted (UOW-70)", function()
    local fresh = User{name = "New"}
    fails(exc.InvalidRequestError, "this User object does not have a value for the attribute 'age'",
      function() attributes.del_attribute(fresh, "age") end)
    fails(exc.InvalidRequestError, "this User object does not have a value for the attribute 'profile'",
      function() attributes.del_attribute(fresh, "profile") end)
  end)

  it("that is deleted and not loaded has no old value (UOW-70)", function()
    s.session:expire(ann)
    attributes.del_attribute(ann, "age")
    assert.same({{la.null}, {}, {}}, known(ann, "age"))
    s.session:commit()
    assert.is_nil(ann.age)
  end)

  it("of a relationship is cut by nil and by deletion (UOW-70, REL-26)", function()
    local one, two = ann.addresses[1], ann.addresses[2]
    one.user = nil
    attributes.del_attribute(two, "user")
    assert.equal(0, #ann.addresses)
    s.session:flush()
    assert.same({nil, nil}, {one.user_id, two.user_id})
    assert.is_nil(s.session:query(Address):filter(Address.user_id:eq(1)):first())
    local bob = s.session:get(User, 2)
    attributes.del_attribute(bob, "addresses")
    assert.equal(0, #bob.addresses)
    s.session:commit()
    assert.equal(0, s.session:query(Address):filter(Address.user_id:is_not(nil)):count())
  end)

  it("takes a committed value without history (UOW-72, SES-17)", function()
    attributes.set_committed_value(ann, "age", 99)
    assert.equal(99, ann.age)
    assert.same({{}, {99}, {}}, known(ann, "age"))
    assert.equal(0, #s.session.dirty)
    assert.same({}, s:during(function() s.session:flush() end))
    ann.age = 7
    assert.same({{7}, {}, {99}}, known(ann, "age"))
  end)

  it("is_modified tells changes of the row from those of collections (SES-16)", function()
    ann.addresses:append(Address{email = "new@x"})
    assert.is_true(s.session:is_modified(ann))
    assert.is_false(s.session:is_modified(ann, {include_collections = false}))
    ann.age = 50
    assert.is_true(s.session:is_modified(ann, {include_collections = false}))
    fails(exc.ArgumentError, "include_collection", function() s.session:is_modified(ann, {include_collection = false}) end)
  end)

  it("takes committed lists and objects, without backrefs (UOW-72, SES-17)", function()
    local addresses = s.session:query(Address):order_by(Address.id):all()
    s:forget()
    attributes.set_committed_value(ann, "addresses", addresses)
    assert.same({}, s:during(function() assert.equal(3, #ann.addresses) end))
    assert.is_false(s.session:is_modified(ann))
    assert.equal(0, #s.session.dirty)
    attributes.set_committed_value(addresses[1], "user", nil)
    assert.is_nil(addresses[1].user)
    attributes.set_committed_value(addresses[1], "user", ann)
    assert.equal(ann, addresses[1].user)
    assert.equal(3, #ann.addresses)
    ann.addresses:remove(addresses[3])
    assert.same({{}, {addresses[1], addresses[2]}, {addresses[3]}}, known(ann, "addresses"))
    assert.equal(0, #attributes.init_collection(ann, "orders"))
    assert.same({}, s.session.new)
    fails(exc.ArgumentError, "attribute 'addresses' takes a list, not a number", function() attributes.set_committed_value(ann, "addresses", 3) end)
    fails(exc.UnmappedInstanceError, "a number is not an instance", function() attributes.set_committed_value(ann, "addresses", {3}) end)
    fails(exc.StatementError, "age", function() attributes.set_committed_value(ann, "age", {}) end)
  end)

  it("is flagged as modified, so that it is written (UOW-69, SES-17)", function()
    assert.equal("Ann", ann.name)
    attributes.flag_modified(ann, "name")
    assert.is_true(s.session:is_modified(ann))
    assert.same({{"Ann"}, {}, {}}, known(ann, "name"))
    assert.same({"UPDATE users SET name=? WHERE users.id = ?"}, s:during(function() s.session:flush() end))
    s.session:expire(ann)
    fails(exc.InvalidRequestError, "Can't flag attribute 'name' modified; it's not present in the object state",
      function() attributes.flag_modified(ann, "name") end)
    fails(exc.InvalidRequestError, "'addresses' of User is no attribute of a column", function() attributes.flag_modified(ann, "addresses") end)
  end)

  it("is flagged and rolled back with the rest (SES-17)", function()
    attributes.flag_modified(ann, "name")
    s.session:rollback()
    assert.equal("Ann", ann.name)
    assert.is_false(s.session:is_modified(ann))
  end)

  it("need not change for its object to be dirty (UOW-69, SES-17)", function()
    attributes.flag_dirty(ann)
    assert.same({ann}, {table.unpack(s.session.dirty)})
    assert.is_false(s.session:is_modified(ann))
    assert.same({}, s:during(function() s.session:commit() end))
    assert.equal(0, #s.session.dirty)
  end)

  it("has a state (SES-17)", function()
    assert.is_true(attributes.instance_state(ann).persistent)
    fails(exc.UnmappedInstanceError, "a string is not an instance", function() attributes.instance_state "x" end)
  end)
end)

describe("a column with active_history", function()
  it("reads its old value before it is replaced (UOW-63)", function()
    local Base = orm.declarative_base()
    local Doc = Base:class "Doc" {
      __tablename__ = "docs",
      id = Column(Integer, {primary_key = true}),
      name = orm.column_property(Column(String), {active_history = true}),
    }
    local s = shop.new()
    Base.metadata:create_all(s.engine)
    local doc = Doc{name = "old"}
    s.session:add(doc)
    s.session:commit()
    s:forget()
    doc.name = "new"
    assert.equal(1, #s:sent())
    assert.same({{"new"}, {}, {"old"}}, known(doc, "name"))
    s:close()
  end)
end)

describe("a JSON value", function()
  it("that is changed inside is written once it is flagged (UOW-69)", function()
    local Base = orm.declarative_base()
    local Doc = Base:class "Doc" {
      __tablename__ = "docs",
      id = Column(Integer, {primary_key = true}),
      data = Column(la.JSON),
    }
    local s = shop.new()
    Base.metadata:create_all(s.engine)
    local doc = Doc{data = {n = 1}}
    s.session:add(doc)
    s.session:commit()
    doc.data.n = 2
    assert.same({}, s:during(function() s.session:flush() end))
    attributes.flag_modified(doc, "data")
    assert.same({"UPDATE docs SET data=? WHERE docs.id = ?"}, s:during(function() s.session:flush() end))
    s.session:commit()
    assert.equal(2, doc.data.n)
    s:close()
  end)
end)
