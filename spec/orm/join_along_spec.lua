-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"

describe("joins along a relationship outside of a statement", function()
  local Base = orm.declarative_base()
  local pairs_table = la.Table("s", Base.metadata, la.Column("aid", la.ForeignKey "a.id"), la.Column("bid", la.ForeignKey "b.id"))
  local A = Base:class "A" {
    __tablename__ = "a",
    id = la.Column(la.Integer, {primary_key = true}),
    bs = orm.relationship "B",
    many = orm.relationship("B", {secondary = pairs_table, viewonly = true}),
  }
  local B = Base:class "B" {
    __tablename__ = "b",
    id = la.Column(la.Integer, {primary_key = true}),
    aid = la.Column(la.ForeignKey "a.id"),
  }

  local function sql(from) return (tostring(la.select(la.literal_column "1"):select_from(from)):gsub("%s+", " ")) end

  it("take the relationship as their ON condition", function()
    assert.equal("SELECT 1 FROM a JOIN b ON a.id = b.aid", sql(la.join(A, B, A.bs)))
    assert.equal("SELECT 1 FROM a LEFT OUTER JOIN b ON a.id = b.aid", sql(orm.outerjoin(A, B, A.bs)))
    assert.equal("SELECT 1 FROM a LEFT OUTER JOIN b ON a.id = b.aid", sql(la.join(A, B, {onclause = A.bs, isouter = true})))
    assert.equal("SELECT 1 FROM a JOIN b ON a.id = b.aid AND b.id > ?", (sql(la.join(A, B, A.bs:and_(B.id:gt(3)))):gsub(":id_1", "?")))
  end)

  it("adapt the condition to aliases of both sides", function()
    local left, right = orm.aliased(A), orm.aliased(B)
    assert.equal("SELECT 1 FROM a JOIN b AS b_1 ON a.id = b_1.aid", sql(orm.join(A, right, A.bs)))
    assert.equal("SELECT 1 FROM a AS a_1 JOIN b AS b_1 ON a_1.id = b_1.aid", sql(la.join(left, right, left.bs)))
  end)

  it("go through the secondary table of many-to-many", function()
    assert.equal("SELECT 1 FROM a JOIN s AS s_1 ON a.id = s_1.aid JOIN b ON b.id = s_1.bid", sql(la.join(A, B, A.many)))
    assert.equal("SELECT 1 FROM a LEFT OUTER JOIN (s AS s_1 JOIN b ON b.id = s_1.bid) ON a.id = s_1.aid",
      sql(la.outerjoin(A, B, A.many)))
  end)
end)
