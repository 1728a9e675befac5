-- SPDX-License-Identifier: MIT
-- Changes of primary keys: who follows them, and what keys stand for which object.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey

local s
after_each(function() s:close() end)

describe("a changed key without a list of the children", function()
  local Town, House
  local function open(passive)
    local Base = orm.declarative_base()
    Town = Base:class "Town" {__tablename__ = "towns", name = Column(String(20), {primary_key = true})}
    House = Base:class "House" {
      __tablename__ = "houses",
      id = Column(Integer, {primary_key = true}),
      town_name = Column(String(20), ForeignKey("towns.name", {onupdate = passive and "CASCADE" or nil, deferrable = true, initially = "DEFERRED"})),
      town = orm.relationship("Town", {passive_updates = passive}),
    }
    s = shop.new()
    Base.metadata:create_all(s.engine)
    local ulm, bonn = Town{name = "Ulm"}, Town{name = "Bonn"}
    s.session:add_all{ulm, bonn, House{id = 1, town = ulm}, House{id = 2, town = ulm}, House{id = 3, town = bonn}, House{id = 4}}
    s.session:commit()
    return s.session:get(Town, "Ulm"), s.session:query(House):order_by(House.id):all()
  end

  it("is written into those that refer to it, with passive_updates = false (UOW-92)", function()
    local ulm, houses = open(false)
    assert.equal(ulm, houses[1].town)
    ulm.name = "Neu-Ulm"
    assert.same({"UPDATE towns SET name=? WHERE towns.name = ?", "UPDATE houses SET town_name=? WHERE houses.id = ?"},
      s:during(function() s.session:flush() end))
    assert.same({"Neu-Ulm", "Neu-Ulm", "Bonn"}, {houses[1].town_name, houses[2].town_name, houses[3].town_name})
    assert.is_nil(houses[4].town_name)
    s.session:commit()
    assert.equal(ulm, houses[2].town)
    assert.equal(2, s.session:query(House):filter(House.town_name:eq "Neu-Ulm"):count())
  end)

  it("finds expired objects too, by reading them (UOW-92)", function()
    local ulm, houses = open(false)
    s.session:expire(houses[2])
    ulm.name = "Neu-Ulm"
    s.session:commit()
    assert.same({"Neu-Ulm", "Neu-Ulm"}, {houses[1].town_name, houses[2].town_name})
  end)

  it("is left to the database by default, and shows in the objects whose link is loaded (UOW-92)", function()
    local ulm, houses = open(true)
    assert.equal(ulm, houses[1].town)
    ulm.name = "Neu-Ulm"
    assert.same({"UPDATE towns SET name=? WHERE towns.name = ?"}, s:during(function() s.session:flush() end))
    assert.equal("Neu-Ulm", houses[1].town_name)
    s.session:commit()
    assert.same({"Neu-Ulm", "Neu-Ulm"}, {houses[1].town_name, houses[2].town_name})
  end)
end)

describe("two objects that change their keys", function()
  local Word
  local function open()
    local Base = orm.declarative_base()
    Word = Base:class "Word" {__tablename__ = "words", text = Column(String(20), {primary_key = true}), n = Column(Integer)}
    s = shop.new()
    Base.metadata:create_all(s.engine)
    local a, b = Word{text = "a", n = 1}, Word{text = "b", n = 2}
    s.session:add_all{a, b}
    s.session:commit()
    assert.same({1, 2}, {a.n, b.n})
    return a, b
  end

  it("hand one over in a flush where the database permits it: rows are updated in order of their keys (UOW-93)", function()
    local a, b = open()
    a.text, b.text = "Z", "a"
    assert.same({"UPDATE words SET text=? WHERE words.text = ?"}, s:during(function() s.session:flush() end))
    assert.same({a, b}, {s.session:get(Word, "Z"), s.session:get(Word, "a")})
    assert.is_nil(s.session:get(Word, "b"))
    s.session:rollback()
    assert.same({"a", "b"}, {a.text, b.text})
    assert.same({a, b}, {s.session:get(Word, "a"), s.session:get(Word, "b")})
  end)

  it("are refused by a database that checks row by row, and keep their keys (UOW-93)", function()
    local a, b = open()
    a.text, b.text = "b", "a"
    fails(exc.IntegrityError, "UNIQUE constraint failed: words.text", function() s.session:flush() end)
    s.session:rollback()
    assert.same({"a", "b"}, {a.text, b.text})
    assert.same({a, b}, {s.session:get(Word, "a"), s.session:get(Word, "b")})
    assert.same({1, 2}, {a.n, b.n})
  end)

  it("swap them by a third key (UOW-93)", function()
    local a, b = open()
    for _, step in ipairs {{a, "x"}, {b, "a"}, {a, "b"}} do
      step[1].text = step[2]
      s.session:flush()
    end
    s.session:commit()
    assert.same({a, b}, {s.session:get(Word, "b"), s.session:get(Word, "a")})
    assert.same({1, 2}, {a.n, b.n})
  end)
end)
