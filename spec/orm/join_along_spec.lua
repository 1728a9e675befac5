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
    kind = la.Column(la.String),
    __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "b"},
  }

  local function written(statement) return (statement:compile{literal_binds = true}.string:gsub("%s+", " ")) end
  local function sql(from) return written(la.select(la.literal_column "1"):select_from(from)) end

  it("take the relationship as their ON condition", function()
    assert.equal("SELECT 1 FROM a JOIN b ON a.id = b.aid", sql(la.join(A, B, A.bs)))
    assert.equal("SELECT 1 FROM a LEFT OUTER JOIN b ON a.id = b.aid", sql(orm.outerjoin(A, B, A.bs)))
    assert.equal("SELECT 1 FROM a LEFT OUTER JOIN b ON a.id = b.aid", sql(la.join(A, B, {onclause = A.bs, isouter = true})))
    assert.equal("SELECT 1 FROM a JOIN b ON a.id = b.aid AND b.id > 3", sql(la.join(A, B, A.bs:and_(B.id:gt(3)))))
  end)

  it("adapt the condition to aliases of both sides", function()
    local left, right = orm.aliased(A), orm.aliased(B)
    assert.equal("SELECT 1 FROM a JOIN b AS b_1 ON a.id = b_1.aid", sql(orm.join(A, right, A.bs)))
    assert.equal("SELECT 1 FROM a AS a_1 JOIN b AS b_1 ON a_1.id = b_1.aid", sql(la.join(left, right, left.bs)))
  end)

  it("have in ON which rows of a shared table are of the class on the right (QRY-02, MAP-02)", function()
    local C = B:class "C" {__mapper_args__ = {polymorphic_identity = "c"}}
    local alias = orm.aliased(C)
    assert.equal("SELECT 1 FROM a JOIN b ON a.id = b.aid AND b.kind IN ('c')", sql(orm.join(A, C, A.bs)))
    assert.equal("SELECT 1 FROM a LEFT OUTER JOIN b ON a.id = b.aid AND b.kind IN ('c')", sql(la.outerjoin(A, C)))
    assert.equal("SELECT 1 FROM a JOIN b AS b_1 ON a.id = b_1.aid AND b_1.kind IN ('c')", sql(orm.join(A, alias, A.bs:of_type(alias))))
    assert.equal("SELECT 1 FROM b LEFT OUTER JOIN a ON a.id = b.aid WHERE b.kind IN ('c')", sql(orm.outerjoin(C, A)))
    assert.equal("SELECT 1 FROM a JOIN s AS s_1 ON a.id = s_1.aid JOIN b ON b.id = s_1.bid AND b.kind IN ('c')", sql(la.join(A, C, A.many)))
    local outer = la.select(A.id, C.id):select_from(orm.outerjoin(A, C, A.bs)):options(orm.with_loader_criteria(B, B.id:gt(5)))
    assert.equal("SELECT a.id, b.id AS id_1 FROM a LEFT OUTER JOIN b ON a.id = b.aid AND b.kind IN ('c') WHERE b.id > 5", written(outer))
  end)

  it("go through the secondary table of many-to-many", function()
    assert.equal("SELECT 1 FROM a JOIN s AS s_1 ON a.id = s_1.aid JOIN b ON b.id = s_1.bid", sql(la.join(A, B, A.many)))
    assert.equal("SELECT 1 FROM a LEFT OUTER JOIN (s AS s_1 JOIN b ON b.id = s_1.bid) ON a.id = s_1.aid",
      sql(la.outerjoin(A, B, A.many)))
  end)
end)

describe("FROMs of classes with several tables (MAP-06)", function()
  local Base = orm.declarative_base()
  local Animal = Base:class "Animal" {
    __tablename__ = "animals", id = la.Column(la.Integer, {primary_key = true}), kind = la.Column(la.String),
    __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "animal"},
  }
  local Cat = Animal:class "Cat" {
    __tablename__ = "cats", id = la.Column(la.ForeignKey "animals.id", {primary_key = true}),
    __mapper_args__ = {polymorphic_identity = "cat"},
  }
  local Owner = Base:class "Owner" {
    __tablename__ = "owners", id = la.Column(la.Integer, {primary_key = true}), animal_id = la.Column(la.ForeignKey "animals.id"),
    animal = orm.relationship "Animal",
  }
  Base.registry:configure()

  local function froms(statement) return tostring(statement):gsub("%s+", " "):match "FROM (.*)$" end

  it("stand in the order of what is selected", function()
    assert.equal("owners, animals JOIN cats ON animals.id = cats.id", froms(la.select(Owner.id, Cat.id, Cat.kind, Cat)))
    assert.equal("animals JOIN cats ON animals.id = cats.id, owners", froms(la.select(Cat, Owner)))
    assert.equal("animals JOIN cats ON animals.id = cats.id", froms(la.select(Animal, Cat)))
  end)

  it("are what the joins start from alone, where with_only_columns takes the place of several", function()
    assert.equal("owners JOIN animals ON animals.id = owners.animal_id",
      froms(la.select(Owner, Cat):join(Owner.animal):with_only_columns(Animal.id)))
    assert.equal("owners JOIN animals ON animals.id = owners.animal_id, cats",
      froms(la.select(Owner, Cat.__table__):join(Owner.animal):with_only_columns(Animal.id, {maintain_column_froms = true})))
  end)

  it("are no further join where a join has their table", function()
    assert.equal("owners JOIN animals ON animals.id = owners.animal_id, cats", froms(la.select(Owner, Cat):join(Owner.animal)))
  end)
end)
