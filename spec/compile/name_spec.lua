-- SPDX-License-Identifier: MIT
-- Names: when they stand in quotes, tables known by name only, and the older names of operators.
local la = require "lualchemy"
require "spec.support.sql"
local fails = require "spec.support.fails"

local quoted = la.quoted_name

describe("MD-17 names stand in quotes", function()
  it("where they are reserved words, have capital letters or other characters", function()
    local t = la.table("t", la.column("select"), la.column("Name"), la.column("two words"), la.column('a"b'),
      la.column("1st"), la.column("plain_1"), la.column("$x"), la.column("é"))
    assert.sql(la.select(t), {sqlite = 'SELECT t."select", t."Name", t."two words", t."a""b", t."1st", t.plain_1, \z
      t."$x", t."é" FROM t'})
  end)

  it("for the words of each dialect", function()
    local t = la.table("t", la.column("glob"), la.column("order"))
    assert.sql(la.select(t), {default = 'SELECT t.glob, t."order" FROM t', sqlite = 'SELECT t."glob", t."order" FROM t'})
  end)

  local metadata = la.MetaData()
  local foo = la.Table(quoted("foo", true), metadata,
    la.Column(quoted("id", true), la.Integer, {primary_key = true}),
    la.Column("MixedCase", la.Integer, {quote = false}),
    la.Column("x", la.Integer, la.ForeignKey "Main.foo.id"),
    la.Index("ix_foo", "id"), {schema = quoted("Main", false)})

  it("or as quote = true and quote = false say, wherever they are written", function()
    assert.sql(la.select(foo), 'SELECT Main."foo"."id", Main."foo".MixedCase, Main."foo".x FROM Main."foo"')
    assert.sql(la.select(foo:alias("z")), 'SELECT z."id", z.MixedCase, z.x FROM Main."foo" AS z')
    assert.sql(la.select(la.select(foo.c.id, foo.c.MixedCase):subquery()),
      'SELECT anon_1."id", anon_1.MixedCase FROM (SELECT Main."foo"."id" AS "id", Main."foo".MixedCase AS MixedCase \z
       FROM Main."foo") AS anon_1')
    assert.sql(la.insert(foo):values {id = 1}, 'INSERT INTO Main."foo" ("id") VALUES (:id)')
    assert.sql(la.update(foo):values {id = 1}:where(foo.c.id:eq(3)),
      'UPDATE Main."foo" SET "id"=:id WHERE Main."foo"."id" = :id_1')
  end)

  it("names of constraints and indexes", function()
    local t = la.Table("t", la.MetaData(), la.Column("id", la.Integer), la.Column("x", la.Integer),
      la.Index(quoted("ix_a", true), "id"), la.Index("IX_B", "x", {quote = false}),
      la.UniqueConstraint("x", {name = quoted("uq", true)}), la.CheckConstraint("x > 1", {name = quoted("CK", false)}))
    assert.sql(la.CreateTable(t), 'CREATE TABLE t (id INTEGER, x INTEGER, CONSTRAINT "uq" UNIQUE (x), CONSTRAINT CK \z
      CHECK (x > 1))')
    local names = {}
    for i, index in ipairs(t.indexes) do names[i] = tostring(la.CreateIndex(index)) end
    assert.same({'CREATE INDEX "ix_a" ON t (id)', "CREATE INDEX IX_B ON t (x)"}, names)
    assert.equal("uq", t.constraints[2].name)
  end)

  it("in DDL too", function()
    assert.sql(tostring(la.CreateTable(foo)), [[CREATE TABLE Main."foo" ("id" INTEGER NOT NULL, MixedCase INTEGER,
      x INTEGER, PRIMARY KEY ("id"), FOREIGN KEY(x) REFERENCES Main."foo" ("id"))]])
    assert.sql(tostring(la.CreateIndex(foo.indexes[1])), 'CREATE INDEX ix_foo ON Main."foo" ("id")')
  end)

  it("and a copy of a column keeps what was said", function()
    local copy = foo:to_metadata(la.MetaData())
    assert.is_true(copy.c.id.quote)
    assert.is_false(copy.c.MixedCase.quote)
    assert.is_nil(copy.c.x.quote)
  end)

  it("a quoted_name is a string that may have a wish", function()
    assert.equal("x", quoted("x"))
    assert.equal("x", tostring(quoted("x", true)))
    assert.sql(la.select(la.column(quoted("x", true))), 'SELECT "x"')
    fails(la.exc.ArgumentError, "quoted_name takes a string, not a number", function() quoted(3) end)
  end)

  it("the schema's too, of a metadata", function()
    local t = la.Table("t", la.MetaData {schema = "Low", quote_schema = false}, la.Column("x", la.Integer))
    assert.sql(la.select(t), "SELECT Low.t.x FROM Low.t")
  end)
end)

describe("MD-16 a table without metadata", function()
  local t = la.table("t", la.column("a"), la.column("b", la.Integer), {schema = "s"})

  it("has the columns that it was given", function()
    assert.equal(2, #t.c)
    assert.equal("INTEGER", tostring(t.c.b.type))
    assert.equal("NULL", tostring(t.c.a.type))
  end)

  it("serves in every statement", function()
    assert.sql(la.select(t):where(t.c.a:eq(3)), "SELECT s.t.a, s.t.b FROM s.t WHERE s.t.a = :a_1", {a_1 = 3})
    assert.sql(la.insert(t):values {a = 1}, "INSERT INTO s.t (a) VALUES (:a)")
    assert.sql(la.update(t):values {b = t.c.b + 1}, "UPDATE s.t SET b=(s.t.b + :b_1)")
    assert.sql(la.delete(t):where(t.c.b:is_(nil)), "DELETE FROM s.t WHERE s.t.b IS NULL")
    assert.sql(la.select(la.table(quoted("q", true), la.column(quoted("a", true)))), 'SELECT "q"."a" FROM "q"')
  end)

  it("and column() may be SQL text", function()
    assert.sql(la.select(la.column("x + 1", {is_literal = true})), "SELECT x + 1")
    assert.sql(la.select(la.column("x + 1")), 'SELECT "x + 1"')
  end)

  it("joins on a condition that is given", function()
    local u = la.table("u", la.column("id"))
    assert.sql(la.select(u):join(t, t.c.b:eq(u.c.id)), "SELECT u.id FROM u JOIN s.t ON s.t.b = u.id")
  end)
end)

it("EXP-02 EXP-06 EXP-18 the older names of operators are there too", function()
  local x = la.column("x", la.Integer)
  for old, new in pairs {isnot = "is_not", isnot_distinct_from = "is_not_distinct_from", notin_ = "not_in"} do
    local argument = old == "notin_" and {1} or la.null
    assert.equal(tostring(x[new](x, argument)), tostring(x[old](x, argument)))
  end
  assert.sql(x:notlike("a%"), "x NOT LIKE :x_1")
  assert.sql(x:notilike("a%"), "lower(x) NOT LIKE lower(:x_1)")
  assert.sql(x:nullsfirst(), "x NULLS FIRST")
  assert.sql(la.nullslast(x), "x NULLS LAST")
  assert.sql(la.bitwise_not(x), "~x")
end)
