-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"
require "spec.support.sql"

local Column, Integer = la.Column, la.Integer

local Point = {}
Point.__index = Point
Point.__eq = function(a, b) return a.x == b.x and a.y == b.y end
Point.__tostring = function(self) return ("P(%s, %s)"):format(self.x, self.y) end
function Point:__composite_values() return self.x, self.y end
local function point(x, y) return setmetatable({x = x, y = y}, Point) end

local function open(fields)
  local Base = orm.declarative_base()
  local Vertex = Base:class "Vertex" {
    __tablename__ = "vertices",
    id = Column(Integer, {primary_key = true}),
    start = orm.composite(point, Column("x1", Integer), Column("y1", Integer), fields),
    stop = orm.composite(point, Column("x2", Integer), Column("y2", Integer)),
  }
  return shop.open{Base = Base, Vertex = Vertex}
end

local function stored()
  local s = open()
  s.session:add(s.Vertex{id = 1, start = point(1, 2), stop = point(3, 4)})
  s.session:commit()
  s:forget()
  return s, s.session:get(s.Vertex, 1)
end

describe("a composite (DEC-17)", function()
  it("is one value of several columns, mapped under their own names", function()
    local s, vertex = stored()
    assert.same({"id", "x1", "y1", "x2", "y2"}, s.Vertex.__table__.c:keys())
    assert.equal(point(1, 2), vertex.start)
    assert.equal(rawequal(vertex.start, vertex.start), true)
    assert.equal(1, vertex.x1)
    vertex.start = point(1, 7)
    assert.same({"UPDATE vertices SET y1=? WHERE vertices.id = ?"}, s:during(function() s.session:commit() end))
    assert.equal(point(1, 7), vertex.start)
    s:close()
  end)

  it("follows its columns: set, expired, refreshed, rolled back, merged", function()
    local s, vertex = stored()
    vertex.x1 = 8
    assert.equal(point(8, 2), vertex.start)
    s.session:rollback()
    assert.equal(point(1, 2), vertex.start)
    s.session:execute(la.text "UPDATE vertices SET x1 = 5")
    s.session:expire(vertex)
    assert.equal(point(5, 2), vertex.start)
    local merged = s.session:merge(s.Vertex{id = 1, start = point(6, 6)})
    assert.equal(point(6, 6), merged.start)
    s:close()
  end)

  it("is nil where all its columns are, unless return_none_on says otherwise", function()
    local s, vertex = stored()
    vertex.start = nil
    s.session:commit()
    assert.is_nil(vertex.start)
    assert.is_nil(vertex.x1)
    assert.is_nil(s.Vertex().start)
    s:close()
    local never = open{return_none_on = false}
    assert.equal(point(nil, nil), never.Vertex().start)
    never:close()
    local on_x = open{return_none_on = function(x) return x == nil end}
    assert.is_nil(on_x.Vertex{y1 = 1}.start)
    on_x:close()
  end)

  it("is compared column by column", function()
    local s = open()
    local Vertex = s.Vertex
    assert.sql(Vertex.start:eq(point(1, 2)), "vertices.x1 = :x1_1 AND vertices.y1 = :y1_1", {x1_1 = 1, y1_1 = 2})
    assert.sql(Vertex.start:ne(point(1, 2)), "vertices.x1 != :x1_1 OR vertices.y1 != :y1_1")
    assert.sql(Vertex.start:eq(nil), "vertices.x1 IS NULL AND vertices.y1 IS NULL")
    assert.sql(Vertex.start:lt(point(1, 2)), "vertices.x1 < :x1_1 AND vertices.y1 < :y1_1")
    s.session:add_all{Vertex{id = 1, start = point(1, 2)}, Vertex{id = 2, start = point(1, 3)}}
    assert.same({1}, s.session:scalars(la.select(Vertex.id):where(Vertex.start:in_{point(1, 2), point(3, 4)})):all())
    assert.same({2}, s.session:scalars(la.select(Vertex.id):where(Vertex.start:not_in{point(1, 2)})):all())
    assert.sql(la.select(Vertex.id):filter_by{start = point(1, 2)}, "SELECT vertices.id FROM vertices WHERE vertices.x1 = :x1_1 AND vertices.y1 = :y1_1")
    local other = orm.aliased(Vertex, {name = "other"})
    assert.sql(other.start:eq(point(1, 2)), "other.x1 = :x1_1 AND other.y1 = :y1_1")
    s:close()
  end)

  it("stands for its columns in lists of columns, ORDER BY and GROUP BY", function()
    local s = open()
    local Vertex = s.Vertex
    assert.sql(la.select(Vertex.start):order_by(Vertex.start, Vertex.stop:desc()):group_by(Vertex.stop),
      "SELECT vertices.x1, vertices.y1 FROM vertices GROUP BY vertices.x2, vertices.y2 " ..
      "ORDER BY vertices.x1, vertices.y1, vertices.x2 DESC, vertices.y2 DESC")
    assert.same({"x1", "y1"}, la.select(Vertex.start):subquery().c:keys())
    s:close()
  end)

  it("comes in rows as its value", function()
    local s = stored()
    local Vertex = s.Vertex
    local row = s.session:execute(la.select(Vertex.id, Vertex.start, Vertex.stop)):one()
    assert.same({"id", "start", "stop"}, row._fields)
    assert.equal(point(1, 2), row.start)
    assert.equal(point(3, 4), row[3])
    assert.equal(point(3, 4), s.session:scalars(la.select(Vertex.stop)):one())
    assert.equal(point(1, 2), s.session:query(Vertex.start):one()[1])
    assert.equal(point(3, 4), s.session:query(Vertex, Vertex.stop):all()[1].stop)
    local other = orm.aliased(Vertex)
    assert.equal(point(1, 2), s.session:execute(la.select(other.start)):scalar())
    s.session:add(Vertex{id = 2})
    assert.is_nil(s.session:scalars(la.select(Vertex.start):where(Vertex.id:eq(2))):one())
    s:close()
  end)

  it("is set by INSERT and UPDATE", function()
    local s, vertex = stored()
    local Vertex = s.Vertex
    s.session:execute(la.insert(Vertex):values{id = 2, start = point(9, 9)})
    s.session:execute(la.update(Vertex):where(Vertex.start:eq(point(1, 2))):values{[Vertex.stop] = point(5, 6)})
    s.session:query(Vertex):filter(Vertex.id:eq(1)):update{start = point(7, 8)}
    assert.equal(point(5, 6), vertex.stop)
    assert.equal(point(7, 8), vertex.start)
    assert.equal(point(9, 9), s.session:get(Vertex, 2).start)
    fails(exc.ArgumentError, "Can't UPDATE composite attribute Vertex.start to 5", function() la.update(Vertex):values{start = 5} end)
    s.session:execute(la.insert(Vertex), {{id = 3, start = point(1, 1), stop = point(2, 2)}})
    assert.equal(point(2, 2), s.session:get(Vertex, 3).stop)
    s:close()
  end)

  it("has a history, and a place in what inspect tells", function()
    local s, vertex = stored()
    vertex.start = point(1, 9)
    local history = la.inspect(vertex).attrs.start.history
    assert.equal(point(1, 9), history.added[1])
    assert.equal(point(1, 2), history.deleted[1])
    assert.equal(point(3, 4), la.inspect(vertex).attrs.stop.history.unchanged[1])
    assert.same({"x1", "y1"}, la.inspect(s.Vertex).composites.start.attributes)
    s:close()
  end)

  it("comes from mixins, attributes, subclasses and imperative mappings as well", function()
    local Base = orm.declarative_base()
    local Placed = orm.mixin{place = orm.composite(point, Column("x", Integer), Column("y", Integer))}
    local Tree = Base:class "Tree" {Placed, __tablename__ = "trees", id = Column(Integer, {primary_key = true}), kind = Column(la.String),
      a = Column(Integer), b = Column(Integer), __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "tree"}}
    local Bush = Base:class "Bush" {Placed, __tablename__ = "bushes", id = Column(Integer, {primary_key = true})}
    local Fir = Tree:class "Fir" {__mapper_args__ = {polymorphic_identity = "fir"}}
    Tree.top = orm.composite(point, Tree.a, "b")
    Bush.root = orm.composite(point, Column("u", Integer), Column("v", Integer))
    local table_of_roots = la.Table("roots", Base.metadata, Column("id", Integer, {primary_key = true}), Column("x", Integer), Column("y", Integer))
    local Root = Base.registry:class "Root" {}
    Base.registry:map_imperatively(Root, table_of_roots, {properties = {place = orm.composite(point, table_of_roots.c.x, table_of_roots.c.y)}})
    local s = shop.open{Base = Base}
    s.session:add_all{Fir{id = 1, place = point(1, 2), top = point(3, 4)}, Bush{id = 1, place = point(5, 6), root = point(0, 0)},
      Root{id = 1, place = point(7, 8)}}
    s.session:commit()
    s.session:expunge_all()
    local fir = s.session:get(Tree, 1)
    assert.equal(point(1, 2), fir.place)
    assert.equal(point(3, 4), fir.top)
    local bush = s.session:scalars(la.select(Bush):where(Bush.place:eq(point(5, 6)))):one()
    assert.equal(point(0, 0), bush.root)
    assert.equal(point(7, 8), s.session:get(Root, 1).place)
    assert.sql(Fir.top:eq(point(1, 2)), "trees.a = :a_1 AND trees.b = :b_1")
    s:close()
  end)

  it("may have deferred columns, comparisons of its own, and a validator", function()
    local Base = orm.declarative_base()
    local Spot = Base:class "Spot" {
      __tablename__ = "spots",
      id = Column(Integer, {primary_key = true}),
      at = orm.composite(point, Column("x", Integer), Column("y", Integer), {deferred = true, group = "place", comparator_factory = {
        near = function(self, other) return self.clauses[1]:between(other.x - 1, other.x + 1) end,
      }}),
      check = orm.validates "at"(function(_, _, value) return value or point(0, 0) end),
    }
    local s = shop.open{Base = Base}
    s.session:add(Spot{id = 1, at = point(1, 2)})
    s.session:commit()
    s.session:expunge_all()
    local spot
    assert.same({"SELECT spots.id FROM spots WHERE spots.x BETWEEN ? AND ?"},
      s:during(function() spot = s.session:scalars(la.select(Spot):where(Spot.at:near(point(2, 2)))):one() end))
    assert.equal(1, #s:during(function() assert.equal(point(1, 2), spot.at) end))
    spot.at = nil
    assert.equal(point(0, 0), spot.at)
    fails(exc.ArgumentError, "nearest", function() return Spot.at.nearest end)
    s:close()
  end)

  it("is named in loader options, refresh and expire in place of its columns", function()
    local s = stored()
    local Vertex = s.Vertex
    local function selected(...)
      s.session:expunge_all()
      local statement = la.select(Vertex):options(...)
      local found = s:during(function() s.session:scalars(statement):one() end)
      assert.equal(1, #found)
      return found[1]
    end
    assert.equal("SELECT vertices.id, vertices.x1, vertices.y1 FROM vertices", selected(orm.load_only(Vertex.start)))
    assert.equal("SELECT vertices.id, vertices.x1, vertices.y1, vertices.y2 FROM vertices", selected(orm.load_only(Vertex.start, Vertex.y2)))
    assert.equal("SELECT vertices.id, vertices.x2, vertices.y2 FROM vertices", selected(orm.defer(Vertex.start)))
    assert.equal("SELECT vertices.id FROM vertices", selected(orm.defer(Vertex.start):defer(Vertex.stop)))
    assert.equal("SELECT vertices.id FROM vertices", selected(orm.Load(Vertex):defer(Vertex.start):defer(Vertex.stop)))
    assert.equal("SELECT vertices.id, vertices.x2, vertices.y2 FROM vertices", selected(orm.defer "*", orm.undefer(Vertex.stop)))
    local vertex = s.session:get(Vertex, 1)
    s.session:execute(la.text "UPDATE vertices SET x1 = 10, x2 = 30")
    assert.same({"SELECT vertices.x1, vertices.y1 FROM vertices WHERE vertices.id = ?"},
      s:during(function() s.session:refresh(vertex, {"start"}) end))
    assert.same({point(10, 2), point(3, 4)}, {vertex.start, vertex.stop})
    s.session:expire(vertex, {"stop"})
    assert.same({"SELECT vertices.x2, vertices.y2 FROM vertices WHERE vertices.id = ?"},
      s:during(function() assert.equal(point(30, 4), vertex.stop) end))
    fails(exc.InvalidRequestError, "Vertex has no attribute 'begin' to expire", function() s.session:expire(vertex, {"begin"}) end)
    s:close()
  end)

  it("is made of columns that are fields, with names of their own or without (DEC-17)", function()
    local x, y = Column(Integer), Column("other", Integer)
    local A = orm.declarative_base():class "A" {__tablename__ = "a", id = Column(Integer, {primary_key = true}), x = x, y = y,
      at = orm.composite(point, x, y)}
    local a = A {at = point(1, 2)}
    assert.same({1, 2}, {a.x, a.y})
    assert.equal("SELECT a.x, a.other FROM a", (tostring(la.select(A.at)):gsub("%s+", " ")))
    assert.same({"x", "y", "id"}, la.inspect(A).column_attrs:keys())
  end)

  it("says what is wrong with its columns and values", function()
    local s, vertex = stored()
    fails(exc.ArgumentError, "must be named", function() s.Vertex.bad = orm.composite(point, Column(Integer)) end)
    fails(exc.ArgumentError, "must be named", function()
      orm.declarative_base():class "A" {__tablename__ = "a", id = Column(Integer, {primary_key = true}), bad = orm.composite(point, Column(Integer))}
    end)
    fails(exc.ArgumentError, "takes the columns", function() orm.composite(point) end)
    fails(exc.ArgumentError, "the function or class", function() orm.composite("x1", "y1") end)
    fails(exc.ArgumentError, "argument 2 is 5", function() orm.composite(point, 5) end)
    fails(exc.ArgumentError, "Vertex: \"z\" is no attribute", function() s.Vertex.bad = orm.composite(point, "x1", "z") end)
    fails(exc.InvalidRequestError, "Vertex.start: 5 has no method __composite_values()", function() vertex.start = 5 end)
    local Three = setmetatable({}, {__index = {__composite_values = function() return 1, 2, 3 end}})
    fails(exc.InvalidRequestError, "gives 3 values, and there are 2 columns", function() vertex.start = Three end)
    s:close()
  end)
end)
