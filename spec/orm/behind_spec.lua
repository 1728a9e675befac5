-- SPDX-License-Identifier: MIT
-- Relationships of a subclass whose columns are read by a statement behind the rows of its base.
local la = require "lualchemy"
local orm = require "lualchemy.orm"

local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey

describe("a subclass that is read behind the rows of its base", function()
  local engine, session, E, M, B, A, log

  -- `lazy` of the relationship of the subclass; `count` objects of it.
  local function open(lazy, count)
    local Base = orm.declarative_base()
    A = Base:class "A" {__tablename__ = "a", id = Column(Integer, {primary_key = true}), es = orm.relationship("E", {lazy = "subquery", order_by = "E.id"})}
    B = Base:class "B" {__tablename__ = "b", id = Column(Integer, {primary_key = true})}
    E = Base:class "E" {__tablename__ = "e", id = Column(Integer, {primary_key = true}), kind = Column(String), a_id = Column(ForeignKey "a.id"),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "e"}}
    M = E:class "M" {__tablename__ = "m", id = Column(ForeignKey "e.id", {primary_key = true}), b_id = Column(ForeignKey "b.id"),
      b = orm.relationship("B", {lazy = lazy}), __mapper_args__ = {polymorphic_identity = "m", polymorphic_load = "selectin"}}
    engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    session = orm.Session(engine)
    local a = A{id = 1, es = {E{id = 1}}}
    for i = 1, count or 2 do a.es:append(M{id = i + 1, b = B{id = i}}) end
    session:add(a)
    session:commit()
    session:expunge_all()
    log = {}
    la.event.listen(engine, "before_cursor_execute", function(_, _, text) log[#log + 1] = (text:gsub("%s+", " ")) end)
  end
  after_each(function()
    session:close()
    engine:dispose()
  end)

  local rows = "SELECT m.id AS m_id, e.id AS e_id, e.kind AS e_kind, m.b_id AS m_b_id FROM e JOIN m ON e.id = m.id WHERE e.id IN (?, ?)"
  local expected = {
    joined = {"SELECT m.id AS m_id, e.id AS e_id, e.kind AS e_kind, m.b_id AS m_b_id, b_1.id AS b_1_id FROM e JOIN m ON e.id = m.id " ..
      "LEFT OUTER JOIN b AS b_1 ON b_1.id = m.b_id WHERE e.id IN (?, ?)"},
    selectin = {rows, "SELECT b.id FROM b WHERE b.id IN (?, ?)"},
    subquery = {rows, "SELECT b.id AS b_id, anon_1.m_b_id AS anon_1_m_b_id FROM (SELECT DISTINCT m.b_id AS m_b_id FROM e JOIN m ON e.id = m.id " ..
      "WHERE e.id IN (?, ?)) AS anon_1 JOIN b ON b.id = anon_1.m_b_id"},
  }

  for _, lazy in ipairs {"joined", "selectin", "subquery"} do
    for _, by_option in ipairs {false, true} do
      it(("loads its links with it, once: %s%s (LOAD-3.8, LOAD-3.0)"):format(lazy, by_option and ", by an option" or ""), function()
        open(by_option and "select" or lazy)
        local query = la.select(E):order_by(E.id)
        if by_option then query = query:options(orm[lazy .. "load"](M.b)) end
        local found = session:scalars(query):all()
        assert.same({"SELECT e.id, e.kind, e.a_id FROM e ORDER BY e.id", table.unpack(expected[lazy])}, log)
        assert.same({1, 2}, {found[2].b.id, found[3].b.id})
        assert.equal(1 + #expected[lazy], #log)
      end)
    end
  end

  it("holds the options' criteria and raising loads (LOAD-3.0, LOAD-3.6)", function()
    open "select"
    local found = session:scalars(la.select(E):order_by(E.id):options(orm.joinedload(M.b:and_(B.id:gt(1))))):all()
    assert.same({nil, 2}, {found[2].b, found[3].b.id})
    session:expunge_all()
    found = session:scalars(la.select(E):order_by(E.id):options(orm.raiseload(M.b))):all()
    assert.has_error(function() return found[2].b end)
  end)

  it("is read by many statements, each with those that embed it (LOAD-3.4, LOAD-3.8)", function()
    open("subquery", 1001)
    local a = session:scalars(la.select(A):where(A.id:le(1)):limit(2)):unique():one()
    assert.equal(1002, #a.es)
    local sum = 0
    for i = 2, 1002 do sum = sum + a.es[i].b.id end
    assert.equal(1001 * 1002 // 2, sum)
    assert.equal(2 + 3 + 3, #log)
  end)
end)
