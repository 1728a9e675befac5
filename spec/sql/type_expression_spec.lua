-- SPDX-License-Identifier: MIT
-- bind_expression and column_expression: SQL that a type puts around its values and columns.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local fails = require "spec.support.fails"
require "spec.support.sql"

local func = la.func

describe("SQL-level processing of types (TYP-16)", function()
  local Folded = la.TypeDecorator:class "Folded" {
    impl = la.String,
    bind_expression = function(_, value) return func.lower(value) end,
    column_expression = function(_, column) return func.upper(column) end,
  }
  local metadata = la.MetaData()
  local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("a", Folded))

  it("wraps the values of INSERT and UPDATE", function()
    assert.sql(t:insert():values {a = "x"}, "INSERT INTO t (a) VALUES (lower(:a))", {a = "x"})
    assert.sql(t:insert():values {{a = "x"}, {a = "y"}}, "INSERT INTO t (a) VALUES (lower(:a_m0)), (lower(:a_m1))")
    assert.sql(t:update():values {a = "x"}:where(t.c.a:eq "y"), "UPDATE t SET a=lower(:a) WHERE t.a = lower(:a_1)")
    assert.sql(t:update():values {a = t.c.a .. "x"}, "UPDATE t SET a=(t.a || lower(:a_1))")
    assert.sql(t:insert(), "INSERT INTO t (id, a) VALUES (:id, lower(:a))")
  end)

  it("wraps what the columns are compared with, each value of a list, and literals", function()
    local condition = la.and_(t.c.a:eq "x", t.c.a:in_ {"y", "z"}, t.c.a:is_(nil))
    assert.sql(condition, "t.a = lower(:a_1) AND t.a IN (__[POSTCOMPILE_a_2~~lower(~~REPL~~)~~]) AND t.a IS NULL")
    assert.sql(tostring(condition:compile {render_postcompile = true}),
      "t.a = lower(:a_1) AND t.a IN (lower(:a_2_1), lower(:a_2_2)) AND t.a IS NULL")
    assert.sql(tostring(condition:compile {literal_binds = true}),
      "t.a = lower('x') AND t.a IN (lower('y'), lower('z')) AND t.a IS NULL")
    assert.sql(la.literal("x", Folded), "lower(:param_1)")
  end)

  it("wraps the columns of a result, with the type's own name for them", function()
    assert.sql(la.select(t), "SELECT t.id, upper(t.a) AS a FROM t")
    assert.sql(la.select(t.c.a:label "z"):order_by "z", "SELECT upper(t.a) AS z FROM t ORDER BY z")
    assert.sql(la.select(func.max(t.c.a)), "SELECT upper(max(t.a)) AS max_1 FROM t")
    assert.sql(la.select(t.c.a, t.c.a), "SELECT upper(t.a) AS a, upper(t.a) AS a__1 FROM t")
    assert.sql(la.union(la.select(t.c.a), la.select(t.c.a)),
      "SELECT upper(t.a) AS a FROM t UNION SELECT upper(t.a) AS a FROM t")
    assert.sql(t:update():values {a = "x"}:returning(t.c.a),
      {sqlite = "UPDATE t SET a=lower(?) RETURNING upper(a) AS a"})
  end)

  it("leaves columns alone that no row of the result shows", function()
    assert.sql(la.select(la.select(t.c.a):subquery()),
      "SELECT upper(anon_1.a) AS a FROM (SELECT t.a AS a FROM t) AS anon_1")
    assert.sql(la.select(la.select(t.c.a):scalar_subquery()), "SELECT upper((SELECT t.a FROM t)) AS anon_1")
    assert.sql(la.select(t.c.a:cast(la.String)):where(t.c.a:gt "b"):order_by(t.c.a),
      "SELECT CAST(t.a AS VARCHAR) AS a FROM t WHERE t.a > lower(:a_1) ORDER BY t.a")
  end)

  it("keeps what the type's expression adds as parameters, and as literals in a list", function()
    local Padded = la.TypeDecorator:class "Padded" {
      impl = la.String,
      __init = function(self, width) self.width = width or 3 end,
      bind_expression = function(self, value) return func.substr(la.type_coerce(value, la.String), 1, self.width) end,
    }
    local p = la.Table("p", la.MetaData(), la.Column("a", Padded(5)), la.Column("b", Padded(7)))
    assert.sql(p:insert():values {a = "x", b = "y"},
      "INSERT INTO p (a, b) VALUES (substr(:a, :substr_1, :substr_2), substr(:b, :substr_3, :substr_4))",
      {a = "x", b = "y", substr_1 = 1, substr_2 = 5, substr_3 = 1, substr_4 = 7})
    assert.sql(p.c.a:in_ {"x"}, "p.a IN (__[POSTCOMPILE_a_1~~substr(~~REPL~~, 1, 5)~~])")
    local engine = la.create_engine "sqlite://"
    engine:begin(function(connection)
      p.metadata:create_all(connection)
      connection:execute(p:insert(), {{a = "abcdefgh", b = "abcdefgh"}, {a = "b", b = "c"}})
      local rows = connection:execute(la.select(p.c.a, p.c.b):where(p.c.a:in_ {"abcdefxx", "q"})):all()
      assert.same({"abcde", "abcdefg"}, {rows[1][1], rows[1][2]})
      assert.equal(1, #rows)
    end)
  end)

  it("belongs to classes below a TypeDecorator, to UserDefinedType, and to a decorator's impl", function()
    local Point = la.UserDefinedType:class "Point" {
      get_col_spec = function() return "POINT" end,
      bind_expression = function(self, value) return func.from_text(value, {type_ = self}) end,
      column_expression = function(self, column) return func.as_text(column, {type_ = self}) end,
    }
    local Below = Folded:class "Below" {}
    local Around = la.TypeDecorator:class "Around" {impl = Point}
    local p = la.Table("p", la.MetaData(), la.Column("a", Point), la.Column("b", Below), la.Column("c", Around))
    assert.sql(la.select(p), "SELECT as_text(p.a) AS a, upper(p.b) AS b, as_text(p.c) AS c FROM p")
    assert.sql(p:insert(), "INSERT INTO p (a, b, c) VALUES (from_text(:a), lower(:b), from_text(:c))")
  end)

  it("is a variant's alone where only the variant has it", function()
    local v = la.Table("v", la.MetaData(), la.Column("a", la.String():with_variant(Folded(), "sqlite")))
    assert.sql(la.select(v.c.a):where(v.c.a:eq "x"), {
      default = "SELECT v.a FROM v WHERE v.a = :a_1",
      sqlite = "SELECT upper(v.a) AS a FROM v WHERE v.a = lower(?)",
    })
  end)

  it("is followed by the type's own functions of values, for objects too", function()
    local Marked = Folded:class "Marked" {
      process_bind_param = function(_, value) return value and value .. "!" end,
      process_result_value = function(_, value) return value and "<" .. value .. ">" end,
    }
    local Base = orm.declarative_base()
    local Item = Base:class "Item" {
      __tablename__ = "item", id = la.Column(la.Integer, {primary_key = true}), name = la.Column(Marked),
    }
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add_all {Item {name = "One"}, Item {name = "Two"}}
    session:commit()
    assert.equal("<ONE!>", session:get(Item, 1).name)
    assert.equal(2, session:query(Item):filter(Item.name:eq "TWO"):one().id)
    assert.equal("<TWO!>", session:query(Item.name):filter(Item.name:in_ {"tWo"}):scalar())
    session:get(Item, 1).name = "New"
    session:commit()
    assert.equal("<NEW!>", session:get(Item, 1).name)
    assert.equal("new!", session:scalar(la.select(la.literal_column "name"):select_from(Item):where(Item.id:eq(1))))
  end)

  it("refuses what is no expression, and an argument that is used elsewhere", function()
    local Wrong = la.TypeDecorator:class "Wrong" {impl = la.String, bind_expression = function() return 5 end}
    fails(la.exc.ArgumentError, "bind_expression must give an SQL expression, not number", function() return Wrong() end)
    local kept
    local Leaky = la.TypeDecorator:class "Leaky" {
      impl = la.String, bind_expression = function(_, value) kept = value return func.f(value, value) end,
    }
    local column = la.column("x", Leaky())
    fails(la.exc.CompileError, "stands for a value only in what that function gives", function()
      la.select(kept):compile()
    end)
    assert.sql(column:eq "a", "x = f(:x_1, :x_1)")
    fails(la.exc.CompileError, "cannot stand in an IN list", function() column:in_ {"a"}:compile() end)
  end)
end)
