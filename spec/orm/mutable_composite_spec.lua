-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local mutable = require "lualchemy.ext.mutable"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local Column, Integer = la.Column, la.Integer

describe("MutableComposite (EXT-05)", function()
  local s, Point, Vertex

  before_each(function()
    Point = mutable.MutableComposite:class "Point" {"x", "y",
      length = function(self) return self.x + self.y end,
      move = function(self, by) self.x, self.y = self.x + by, self.y + by end,
      coerce = function(class, _, value) return type(value) == "table" and class(value[1], value[2]) or nil end,
    }
    local Base = orm.declarative_base()
    Vertex = Base:class "Vertex" {__tablename__ = "vertices", id = Column(Integer, {primary_key = true}),
      start = orm.composite(Point, Column("x1", Integer), Column("y1", Integer)),
      finish = orm.composite(Point, Column("x2", Integer), Column("y2", Integer))}
    s = shop.open {Base = Base, Vertex = Vertex}
    s.session:add(Vertex {id = 1, start = Point(3, 4), finish = Point(5, 6)})
    s.session:commit()
  end)
  after_each(function() s:close() end)

  it("sets the columns of its object when a field is changed", function()
    local vertex = s.session:get(Vertex, 1)
    local start = vertex.start
    assert.equal("Point(x=3, y=4)", tostring(start))
    start.x = 10
    assert.equal(10, vertex.x1)
    assert.is_true(s.session.dirty:contains(vertex))
    assert.is_true(rawequal(start, vertex.start))
    assert.same({"UPDATE vertices SET x1=? WHERE vertices.id = ?"}, s:during(function() s.session:commit() end))
    assert.equal(14, vertex.start:length())
    vertex.start:move(1)
    assert.same({11, 5}, {vertex.x1, vertex.y1})
    s.session:rollback()
    assert.same({10, 4}, {vertex.start.x, vertex.start.y})
  end)

  it("keeps its object alive, and leaves it when another takes its place", function()
    local finish = s.session:get(Vertex, 1).finish
    collectgarbage()
    collectgarbage()
    finish.y = 7
    s.session:flush()
    local vertex = s.session:get(Vertex, 1)
    assert.equal(7, vertex.y2)
    vertex.finish = Point(1, 2)
    finish.y = 9
    assert.equal(2, vertex.y2)
  end)

  it("may be shared by objects and attributes", function()
    local other = Vertex {id = 2}
    local point = Point(1, 1)
    local vertex = s.session:get(Vertex, 1)
    vertex.start, vertex.finish, other.finish = point, point, point
    point.x = 8
    assert.same({8, 8, 8}, {vertex.x1, vertex.x2, other.x2})
  end)

  it("is made of what is assigned by coerce, or refuses it", function()
    local vertex = s.session:get(Vertex, 1)
    vertex.start = {7, 8}
    assert.is_true(vertex.start == Point(7, 8))
    vertex.start.y = 9
    assert.equal(9, vertex.y1)
    fails(exc.ArgumentError, "Attribute 'start' does not accept objects of type string", function() vertex.start = "x" end)
    vertex.start = nil
    assert.is_nil(vertex.start)
    assert.is_nil(vertex.x1)
  end)

  it("is compared and found in statements", function()
    assert.equal(1, s.session:scalars(la.select(Vertex):where(Vertex.start:eq(Point(3, 4)))):one().id)
    local seen = {}
    for name, value in pairs(Point(1, 2)) do seen[#seen + 1] = name .. value end
    assert.same({"x1", "y2"}, seen)
  end)

  it("says what it does not have", function()
    local point = Point(1, 2)
    fails(exc.ArgumentError, "a Point has no \"z\"", function() point.z = 1 end)
    fails(exc.ArgumentError, "a Point has no \"lenght\"; did you mean \"length\"?", function() return point.lenght end)
    fails(exc.ArgumentError, "class \"Odd\" is followed by a table with the names of its fields", function() mutable.MutableComposite:class "Odd" {} end)
    fails(exc.ArgumentError, "class \"Odd\": item 1 is 5", function() mutable.MutableComposite:class "Odd" {5} end)
  end)
end)
