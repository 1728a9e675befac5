-- SPDX-License-Identifier: MIT
-- Relationships that lead to an alias, and secondaries that are no tables (REL-10, REL-11).
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local Column, Integer, String, ForeignKey, relationship, select = la.Column, la.Integer, la.String, la.ForeignKey, orm.relationship, la.select

local function key() return Column(Integer, {primary_key = true}) end

local function ids(objects)
  local list = {}
  for i, object in ipairs(objects) do list[i] = object.id end
  return list
end

local RANKED = "(SELECT c.id AS id, c.a_id AS a_id, c.x AS x, row_number() OVER (PARTITION BY c.a_id ORDER BY c.id) AS \"index\" FROM c) AS anon_1"

--- A with five Cs of which `first` has two; B, and what D and the tables between say of it.
local function world()
  local Base = orm.declarative_base()
  local A = Base:class "A" {__tablename__ = "a", id = key(), b_id = Column(ForeignKey "b.id")}
  local B = Base:class "B" {__tablename__ = "b", id = key(), x = Column(String), d_id = Column(ForeignKey "d.id")}
  local C = Base:class "C" {__tablename__ = "c", id = key(), a_id = Column(ForeignKey "a.id"), x = Column(String)}
  local D = Base:class "D" {__tablename__ = "d", id = key(), c_id = Column(ForeignKey "c.id")}
  return {Base = Base, A = A, B = B, C = C, D = D}
end

local function fill(w)
  local s = shop.open{Base = w.Base}
  s.session:add_all{w.D{id = 1}, w.D{id = 2}}
  s.session:flush()
  s.session:add_all{w.B{id = 1, x = "b", d_id = 1}, w.B{id = 2, x = "other"}}
  s.session:flush()
  s.session:add(w.A{id = 1, b_id = 1})
  s.session:flush()
  for i = 1, 5 do s.session:add(w.C{id = i, a_id = 1, x = "c" .. i}) end
  s.session:flush()
  s.session:get(w.D, 1).c_id = 1
  s.session:get(w.D, 2).c_id = 2
  s.session:commit()
  s.session:expunge_all()
  return s
end

describe("REL-10: a relationship to an alias of a subquery", function()
  local w, s, ranked, First
  before_each(function()
    w = world()
    ranked = select(w.C, la.func.row_number():over{order_by = w.C.id, partition_by = w.C.a_id}:label "index"):subquery()
    First = orm.aliased(w.C, ranked)
    w.A.first = relationship(First, {primaryjoin = First.a_id:eq(w.A.id) & ranked.c.index:lt(3), order_by = First.id:desc(), viewonly = true})
    s = fill(w)
  end)
  after_each(function() s:close() end)

  it("loads the rows of the subquery when it is first read", function()
    local a = s.session:get(w.A, 1)
    s:forget()
    assert.same({2, 1}, ids(a.first))
    assert.same({"SELECT anon_1.id, anon_1.a_id, anon_1.x FROM " .. RANKED .. " WHERE anon_1.a_id = ? AND anon_1.\"index\" < ? ORDER BY anon_1.id DESC"},
      s:sent())
  end)

  it("loads them by every eager strategy", function()
    local join = " ON anon_1.a_id = a_1.id AND anon_1.\"index\" < ?"
    local expected = {
      selectinload = "SELECT a_1.id, anon_1.id, anon_1.a_id, anon_1.x FROM a AS a_1 JOIN " .. RANKED .. join ..
        " WHERE a_1.id IN (?) ORDER BY anon_1.id DESC",
      joinedload = "SELECT a.id, a.b_id, anon_1.id AS id_1, anon_1.a_id, anon_1.x FROM a LEFT OUTER JOIN " .. RANKED ..
        " ON anon_1.a_id = a.id AND anon_1.\"index\" < ? ORDER BY anon_1.id DESC",
      subqueryload = "SELECT anon_1.id AS anon_1_id, anon_1.a_id AS anon_1_a_id, anon_1.x AS anon_1_x, anon_2.a_id AS anon_2_a_id " ..
        "FROM (SELECT a.id AS a_id FROM a) AS anon_2 JOIN " .. RANKED ..
        " ON anon_1.a_id = anon_2.a_id AND anon_1.\"index\" < ? ORDER BY anon_1.id DESC",
    }
    for name, text in pairs(expected) do
      s.session:expunge_all()
      s:forget()
      local a = s.session:scalars(select(w.A):options(orm[name](w.A.first))):unique():one()
      assert.same({2, 1}, ids(a.first))
      assert.equal(text, s:sent()[#s:sent()])
    end
  end)

  it("is joined as the alias, whose columns stand beside it in a statement", function()
    s:forget()
    assert.same({1, 2}, s.session:scalars(select(First.id):select_from(w.A):join(w.A.first)):all())
    assert.equal("SELECT anon_1.id FROM a JOIN " .. RANKED .. " ON anon_1.a_id = a.id AND anon_1.\"index\" < ?", s:sent()[1])
    assert.same({1}, s.session:scalars(select(w.A.id):where(w.A.first:any(First.x:eq "c2"))):all())
    assert.same({}, s.session:scalars(select(w.A.id):where(w.A.first:any(First.x:eq "c3"))):all())
    local a = s.session:get(w.A, 1)
    assert.same({1, 2}, ids(s.session:scalars(select(First):where(orm.with_parent(a, w.A.first)):order_by(First.id)):all()))
    local Again = orm.aliased(w.A)
    assert.same({1, 1}, s.session:scalars(select(Again.id):join(Again.first)):all())
  end)

  it("takes criteria of its columns in loader options", function()
    for _, option in ipairs{orm.selectinload, orm.joinedload, orm.subqueryload, orm.lazyload} do
      s.session:expunge_all()
      local a = s.session:scalars(select(w.A):options(option(w.A.first:and_(First.x:ne "c1")))):unique():one()
      assert.same({2}, ids(a.first))
    end
  end)

  it("is filled by contains_eager() from the alias that is joined", function()
    local stmt = select(w.A):join(w.A.first):where(First.x:eq "c2"):options(orm.contains_eager(w.A.first))
    assert.same({2}, ids(s.session:scalars(stmt):unique():one().first))
    s.session:expunge_all()
    stmt = select(w.A):join(w.A.first):where(First.x:eq "c2"):options(orm.joinedload(w.A.first))
    assert.same({2, 1}, ids(s.session:scalars(stmt):unique():one().first))
  end)

  it("says what it cannot compare with an object", function()
    local c = s.session:get(w.C, 1)
    fails(exc.InvalidRequestError, "Relationship A.first can't be compared with an object: its condition has \"index\", of which objects of class " ..
      "C know nothing", function() return w.A.first:contains(c) end)
  end)
end)

describe("REL-10: a relationship to an alias", function()
  it("of a join reads the class from the join", function()
    local w = world()
    local join = la.join(w.B, w.D, w.D.id:eq(w.B.d_id)):join(w.C, w.C.id:eq(w.D.c_id))
    local Reached = orm.aliased(w.B, join)
    w.A.b = relationship(Reached, {primaryjoin = w.A.b_id:eq(join.c.b_id)})
    local s = fill(w)
    local a = s.session:get(w.A, 1)
    s:forget()
    assert.equal("b", a.b.x)
    assert.equal("SELECT b.id, b.x, b.d_id FROM b JOIN d ON d.id = b.d_id JOIN c ON c.id = d.c_id WHERE ? = b.id", s:sent()[1])
    s.session:expunge_all()
    s:forget()
    assert.equal("b", s.session:scalars(select(w.A):options(orm.joinedload(w.A.b))):one().b.x)
    assert.equal("SELECT a.id, a.b_id, b_1.id AS id_1, b_1.x, b_1.d_id FROM a LEFT OUTER JOIN (b AS b_1 JOIN d AS d_1 ON d_1.id = b_1.d_id " ..
      "JOIN c AS c_1 ON c_1.id = d_1.c_id) ON a.b_id = b_1.id", s:sent()[1])
    assert.same({1}, s.session:scalars(select(w.A.id):where(w.A.b:has(Reached.x:eq "b"))):all())
    a = s.session:get(w.A, 1)
    a.b = s.session:get(w.B, 2)
    s.session:commit()
    assert.equal(2, a.b_id)
    assert.is_nil(a.b)
    s:close()
  end)

  it("may lead to its own class, be given by a function, and be inherited", function()
    local Base = orm.declarative_base()
    local Node, Newest
    Node = Base:class "Node" {
      __tablename__ = "node", id = key(), parent_id = Column(ForeignKey "node.id"), kind = Column(String),
      newest = relationship(function()
        local ranked = select(Node, la.func.row_number():over{partition_by = Node.parent_id, order_by = Node.id:desc()}:label "place"):subquery()
        Newest = orm.aliased(Node, select(ranked):where(ranked.c.place:eq(1)):subquery())
        return Newest
      end, {primaryjoin = function() return Newest.parent_id:eq(Node.id) end, uselist = false, viewonly = true}),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "node"},
    }
    local Leaf = Node:class "Leaf" {__mapper_args__ = {polymorphic_identity = "leaf"}}
    local s = shop.open{Base = Base}
    s.session:add_all{Node{id = 1}, Leaf{id = 2, parent_id = 1}, Leaf{id = 3, parent_id = 1}, Leaf{id = 4, parent_id = 3}}
    s.session:commit()
    assert.equal(3, s.session:get(Node, 1).newest.id)
    assert.equal(4, s.session:get(Leaf, 3).newest.id)
    assert.is_nil(s.session:get(Leaf, 4).newest)
    assert.same({1}, s.session:scalars(select(Node.id):where(Node.newest:has(Newest.id:eq(3)))):all())
    local row = s.session:execute(select(Leaf.id, Newest.id):join(Leaf.newest):where(Leaf.id:eq(3))):one()
    assert.same({3, 4}, {row[1], row[2]})
    s:close()
  end)
end)

describe("REL-11: a secondary that is", function()
  local w, s
  local function open(secondary, primaryjoin, secondaryjoin)
    w = world()
    w.A.ds = relationship(w.D, {secondary = secondary, primaryjoin = primaryjoin, secondaryjoin = secondaryjoin, viewonly = true})
    s = fill(w)
  end
  after_each(function() s:close() end)

  local function check(froms, expected)
    local a = s.session:get(w.A, 1)
    s:forget()
    assert.same(expected, ids(a.ds))
    assert.equal(froms.lazy, s:sent()[1])
    for _, option in ipairs{orm.selectinload, orm.joinedload, orm.subqueryload} do
      s.session:expunge_all()
      assert.same(expected, ids(s.session:scalars(select(w.A):options(option(w.A.ds))):unique():one().ds))
    end
    s:forget()
    assert.equal(#expected, #s.session:execute(select(w.A.id, w.D.id):join(w.A.ds)):all())
    assert.equal(froms.join, s:sent()[1])
    assert.equal(#expected, #s.session:execute(select(w.A.id, w.D.id):outerjoin(w.A.ds)):all())
    assert.same({1}, s.session:scalars(select(w.A.id):where(w.A.ds:any(w.D.id:eq(1)))):all())
    local d = s.session:get(w.D, 1)
    assert.same({1}, s.session:scalars(select(w.A.id):where(w.A.ds:contains(d))):all())
    a = s.session:get(w.A, 1)
    assert.same(expected, ids(s.session:scalars(select(w.D):where(orm.with_parent(a, w.A.ds)):order_by(w.D.id)):all()))
  end

  it("a join has its columns in both conditions", function()
    open(function() return la.join(w.B, w.C, w.B.x:ne(w.C.x)) end,
      function() return w.A.b_id:eq(w.B.id) & w.A.id:eq(w.C.a_id) & w.C.id:eq(1) end, function() return w.D.id:eq(w.B.d_id) end)
    check({lazy = "SELECT d.id, d.c_id FROM d, b JOIN c ON b.x != c.x WHERE ? = b.id AND ? = c.a_id AND c.id = ? AND d.id = b.d_id",
      join = "SELECT a.id, d.id AS id_1 FROM a JOIN (b AS b_1 JOIN c AS c_1 ON b_1.x != c_1.x) ON a.b_id = b_1.id AND a.id = c_1.a_id AND " ..
        "c_1.id = ? JOIN d ON d.id = b_1.d_id"}, {1})
  end)

  it("a join may have the target's table in it", function()
    open(function() return la.join(w.B, w.D, w.B.d_id:eq(w.D.id)):join(w.C, w.C.id:eq(w.D.c_id)) end,
      function() return w.A.b_id:eq(w.B.id) & w.A.id:eq(w.C.a_id) end, function() return w.D.id:eq(w.B.d_id) end)
    check({lazy = "SELECT d.id, d.c_id FROM b JOIN d ON b.d_id = d.id JOIN c ON c.id = d.c_id WHERE ? = b.id AND ? = c.a_id AND d.id = b.d_id",
      join = "SELECT a.id, d.id AS id_1 FROM a JOIN (b AS b_1 JOIN d AS d_1 ON b_1.d_id = d_1.id JOIN c AS c_1 ON c_1.id = d_1.c_id) " ..
        "ON a.b_id = b_1.id AND a.id = c_1.a_id JOIN d ON d.id = b_1.d_id"}, {1})
  end)

  it("a subquery is the same one in every place of a statement", function()
    local pairs_of
    open(function()
      pairs_of = select(w.C.a_id:label "aid", w.D.id:label "did"):join(w.D, w.D.c_id:eq(w.C.id)):where(w.C.id:lt(100)):subquery()
      return pairs_of
    end, function() return w.A.id:eq(pairs_of.c.aid) end, function() return w.D.id:eq(pairs_of.c.did) end)
    local text = "(SELECT c.a_id AS aid, d.id AS did FROM c JOIN d ON d.c_id = c.id WHERE c.id < ?) AS anon_1"
    check({lazy = "SELECT d.id, d.c_id FROM d, " .. text .. " WHERE ? = anon_1.aid AND d.id = anon_1.did",
      join = "SELECT a.id, d.id AS id_1 FROM a JOIN " .. text .. " ON a.id = anon_1.aid JOIN d ON d.id = anon_1.did"}, {1, 2})
  end)

  it("a subquery may compute its columns", function()
    local pairs_of
    open(function()
      pairs_of = select((w.C.a_id * 1):label "aid", (w.D.id + 0):label "did"):join(w.D, w.D.c_id:eq(w.C.id)):subquery()
      return pairs_of
    end, function() return w.A.id:eq(pairs_of.c.aid) end, function() return w.D.id:eq(pairs_of.c.did) end)
    local text = "(SELECT c.a_id * ? AS aid, d.id + ? AS did FROM c JOIN d ON d.c_id = c.id) AS anon_1"
    check({lazy = "SELECT d.id, d.c_id FROM d, " .. text .. " WHERE ? = anon_1.aid AND d.id = anon_1.did",
      join = "SELECT a.id, d.id AS id_1 FROM a JOIN " .. text .. " ON a.id = anon_1.aid JOIN d ON d.id = anon_1.did"}, {1, 2})
  end)

  it("an alias needs conditions only where foreign keys do not say them", function()
    open(function() return w.B.__table__:alias "bb" end, nil, nil)
    check({lazy = "SELECT d.id, d.c_id FROM d, b AS bb WHERE bb.id = ? AND d.id = bb.d_id",
      join = "SELECT a.id, d.id AS id_1 FROM a JOIN b AS bb_1 ON bb_1.id = a.b_id JOIN d ON d.id = bb_1.d_id"}, {1})
  end)

  it("no table cannot be written, and says so", function()
    open(function() return w.B.__table__:alias "bb" end, nil, nil)
    w.A.written = relationship(w.D, {secondary = w.B.__table__:alias "other"})
    fails(exc.ArgumentError, "relationship A.written: its secondary is no table but a join, an alias or a subquery, to which a flush cannot " ..
      "write rows: set viewonly = true", function() w.Base.registry:configure() end)
  end)
end)
