-- SPDX-License-Identifier: MIT
-- Attributes that are elements of JSON values: lualchemy.ext.indexable (EXT-06).
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local attributes = require "lualchemy.orm.attributes"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"
local index_property = require("lualchemy.ext.indexable").index_property

describe("an index_property (EXT-06)", function()
  local s, Person
  before_each(function()
    local Base = orm.declarative_base()
    Person = Base:class "Person" {
      __tablename__ = "people",
      id = la.Column(la.Integer, {primary_key = true}),
      data = la.Column(la.JSON),
      name = index_property("data", "name"),
      color = index_property("data", "color", {default = "none"}),
      size = index_property("data", "size", {default = la.null}),
      address = index_property("data", "address"),
      city = index_property("address", "city"),
      fixed = index_property("data", "name", {mutable = false}),
      second = index_property("data", 2, {onebased = false}),
    }
    s = shop.open{Base = Base}
  end)

  it("reads and writes an element, also where there is no value yet", function()
    local ann = Person{name = "Ann", city = "Rome"}
    s.session:add(ann)
    s.session:commit()
    assert.equal("Ann", ann.data.name)
    assert.equal("Rome", ann.address.city)
    assert.equal("none", ann.color)
    ann.name, ann.color = "Bob", "red"
    s.session:commit()
    assert.equal("Bob red", ann.name .. " " .. ann.color)
    ann.color = nil
    s.session:commit()
    assert.equal("none", ann.color)
    assert.is_nil(Person{}.name)
    assert.is_nil(Person{}.size)
    assert.equal("x", Person{second = "x"}.data[2])
  end)

  it("takes the element out when it is deleted", function()
    local ann = Person{name = "Ann", color = "red"}
    attributes.del_attribute(ann, "name")
    assert.is_nil(ann.name)
    assert.equal("red", ann.data.color)
    fails(exc.InvalidRequestError, "does not have a value for the element name of 'data'", function() attributes.del_attribute(ann, "name") end)
  end)

  it("is the element in statements", function()
    s.session:add_all{Person{name = "Ann", city = "Rome"}, Person{name = "Bob"}, Person{data = {1, 2}}}
    s.session:flush()
    assert.equal(2, s.session:scalar(la.select(Person.id):where(Person.name:as_string():eq "Bob")))
    assert.equal(1, s.session:scalar(la.select(Person.id):where(Person.city:as_string():eq "Rome")))
    assert.equal(3, s.session:scalar(la.select(Person.id):where(Person.second:as_integer():eq(2))))
  end)

  it("leaves no hole in a list (EXT-06)", function()
    local Base = orm.declarative_base()
    local Row = Base:class "Row" {__tablename__ = "rows", id = la.Column(la.Integer, {primary_key = true}), list = la.Column(la.JSON),
      first = index_property("list", 1), second = index_property("list", 2), third = index_property("list", 3)}
    local row = Row{list = {"a"}}
    fails(exc.InvalidRequestError, "the element 3 of 'list' can't be set: the list has 1", function() row.third = "c" end)
    row.second = "b"
    row.third = "c"
    assert.same({"a", "b", "c"}, row.list)
  end)

  it("refuses what it can't do", function()
    fails(exc.InvalidRequestError, "can't set attribute 'fixed' of Person", function() Person{fixed = "x"} end)
    fails(exc.ArgumentError, "index_property takes a key or a place, not a boolean", function() index_property("data", true) end)
    fails(exc.ArgumentError, "index_property takes the name of an attribute", function() index_property(3, 1) end)
    fails(exc.ArgumentError, "did you mean \"default\"?", function() index_property("data", 1, {defaults = 1}) end)
  end)
end)
