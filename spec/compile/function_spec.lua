-- SPDX-License-Identifier: MIT
-- Functions and what may follow them, and what of theirs stands in FROM. The texts are SQLAlchemy's.
local la = require "lualchemy"
local exc = require "lualchemy.exc"
local check = require "spec.support.compiled"
local fails = require "spec.support.fails"
local tables = require "spec.support.tables"
local users, u = tables.users, tables.users.c
local func = la.func

describe("aggregates", function()
  it("FN-03 order what they gather", function()
    check {
      {func.group_concat(u.name, ","):aggregate_order_by(u.name:desc(), u.id),
        sqlite = "group_concat(users.name, ? ORDER BY users.name DESC, users.id)"},
      {la.aggregate_order_by(func.group_concat(u.name), u.id), "group_concat(users.name ORDER BY users.id)"},
      {func.aggregate_strings(u.name, ","):aggregate_order_by(u.id), render_postcompile = true,
        sqlite = "group_concat(users.name, ',' ORDER BY users.id)"},
      {func.group_concat(u.name):aggregate_order_by(u.id):aggregate_order_by(u.name):filter(u.id:gt(1)),
        sqlite = "group_concat(users.name ORDER BY users.name) FILTER (WHERE users.id > ?)"},
    }
    fails(la.exc.ArgumentError, "aggregate_order_by: at least one ORDER BY element is required", function()
      return func.group_concat(u.name):aggregate_order_by()
    end)
  end)

  it("FN-03 take several filters as one", function()
    check {
      {func.sum(u.age):filter(u.id:gt(5)):filter(u.name:eq("x")),
        sqlite = "sum(users.age) FILTER (WHERE users.id > ? AND users.name = ?)"},
      {func.count(u.id):filter(u.active), "count(users.id) FILTER (WHERE users.active)"},
      {func.count(u.id):filter(u.active):filter(u.id:gt(1)),
        sqlite = "count(users.id) FILTER (WHERE users.active = 1 AND users.id > ?)"},
    }
  end)

  it("FN-03 FN-04 refuse a WITHIN GROUP without order and words that EXCLUDE does not know", function()
    fails(la.exc.ArgumentError, "within_group: at least one ORDER BY element", function()
      return func.mode():within_group()
    end)
    fails(la.exc.CompileError, "Unexpected SQL phrase: 'bad'", function()
      return func.sum(u.id):over {exclude = "bad", rows = {0, 1}}
    end)
    check {{func.sum(u.id):over {exclude = "Ties", rows = {nil, 0}},
      "sum(users.id) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE Ties)"}}
  end)
end)

describe("functions in FROM", function()
  it("FN-05 say their columns, with ordinality and types", function()
    local unnest = func.unnest(u.name)
    check {
      {unnest:table_valued("a", {with_ordinality = "o"}):select(),
        "SELECT anon_1.a, anon_1.o FROM unnest(users.name) WITH ORDINALITY AS anon_1"},
      {unnest:table_valued("a", {with_ordinality = "o", name = "t"}):render_derived():select(),
        "SELECT anon_1.a, anon_1.o FROM unnest(users.name) WITH ORDINALITY AS anon_1(a, o)"},
      {func.rec("x"):table_valued(la.column("a", la.Integer), la.column("b", la.String))
        :render_derived {name = "q", with_types = true}:select(),
        sqlite = "SELECT q.a, q.b FROM rec(?) AS q(a INTEGER, b VARCHAR)"},
    }
  end)

  it("FN-05 are columns of one value, by alias or as a part", function()
    local series = func.generate_series(1, 3)
    check {
      {la.select(series:alias("s").column), sqlite = "SELECT s FROM generate_series(?, ?) AS s"},
      {la.select(series:column_valued("x")), sqlite = "SELECT x FROM generate_series(?, ?) AS x"},
      {la.select(func.json_each("[]"):scalar_table_valued("value", la.Integer)),
        sqlite = "SELECT (json_each(?)).value"},
      {la.select(func.row_to_json(users:table_valued())),
        "SELECT row_to_json(users) AS row_to_json_1 FROM users"},
    }
    assert.equal("Integer", func.f():scalar_table_valued("value", la.Integer).type.__name__)
  end)

  it("FN-05 may stand unjoined without a warning", function()
    local other = func.json_each("[7]")
    local engine = la.create_engine("sqlite://")
    local connection <close> = engine:connect()
    connection:execute(la.text "CREATE TABLE users (id INTEGER, name VARCHAR)")
    local function warned(from)
      return #require("lualchemy.warnings").catch_warnings(function()
        connection:execute(la.select(u.id, from)):all()
      end)
    end
    assert.equal(1, warned(other:table_valued("value").c.value))
    assert.equal(0, warned(other:table_valued("value", {joins_implicitly = true}).c.value))
  end)

  it("SEL-17 sample tables", function()
    local t = la.table("t", la.column "a")
    check {
      {la.select(t:tablesample(5).c.a), sqlite = "SELECT t_1.a FROM t AS t_1 TABLESAMPLE system(?)"},
      {la.select(la.tablesample(t, func.bernoulli(5), "ts", {seed = func.random()}).c.a),
        sqlite = "SELECT ts.a FROM t AS ts TABLESAMPLE bernoulli(?) REPEATABLE (random())"},
      {la.select(la.tablesample(t:alias("q"), la.text "5")), "SELECT q_1.a FROM t AS q_1 TABLESAMPLE system(5)"},
    }
  end)
end)

describe("VALUES and CTEs", function()
  local a = la.column("a", la.Integer)

  it("SEL-15 are written as literals, renamed, without a name, and as a value", function()
    local v = la.values(a, {name = "v"}):data {{1}, {2}}
    check {
      {la.values(a, la.column("b", la.String), {name = "v", literal_binds = true}):data {{1, "x"}}:select(),
        "SELECT v.a, v.b FROM (VALUES (1, 'x')) AS v (a, b)"},
      {la.select(v:alias("w").c.a), sqlite = "SELECT w.a FROM (VALUES (?), (?)) AS w (a)"},
      {la.values(a):data {{1}}:select(), sqlite = "SELECT a FROM (VALUES (?))"},
      {la.values(a):data {{1}}:alias():select(), sqlite = "SELECT anon_1.a FROM (VALUES (?)) AS anon_1 (a)"},
      {v:lateral():select(), sqlite = "SELECT v.a FROM LATERAL (VALUES (?), (?)) AS v (a)"},
      {v:cte("c"):select(), sqlite = "WITH c(a) AS (VALUES (?), (?)) SELECT c.a FROM c"},
      {v:scalar_values(), sqlite = "(VALUES (?), (?))"},
    }
  end)

  it("SEL-13 take prefixes and suffixes", function()
    local q = la.select(u.id):cte("q")
    check {
      {q:prefix_with("MATERIALIZED"):select(), "WITH q AS MATERIALIZED (SELECT users.id AS id FROM users) SELECT q.id FROM q"},
      {q:suffix_with("/* end */", {dialect = "sqlite"}):select(),
        default = "WITH q AS (SELECT users.id AS id FROM users) SELECT q.id FROM q",
        sqlite = "WITH q AS (SELECT users.id AS id FROM users) /* end */ SELECT q.id FROM q"},
    }
  end)
end)

describe("a sequence", function()
  it("MD-08 gives its next value where a dialect has sequences", function()
    local sequence = la.Sequence("seq", {schema = "s"})
    check {
      {la.select(sequence:next_value()),
        default = "SELECT <next sequence value: s.seq> AS next_value_1",
        sqlite = "error: Dialect 'sqlite' does not support sequence increments."},
      {func.next_value(sequence), default = "<next sequence value: s.seq>"},
      {la.insert(users):values {id = sequence:next_value()},
        default = "INSERT INTO users (id) VALUES (<next sequence value: s.seq>)"},
    }
    assert.equal("Integer", sequence:next_value().type.__name__)
    for _, wrong in ipairs {5, "seq", la.text "seq"} do
      fails(exc.ArgumentError, "next_value() accepts a Sequence", function() return func.next_value(wrong) end)
    end
    fails(exc.ArgumentError, "next_value() accepts a Sequence", function() return func.next_value() end)
  end)
end)
