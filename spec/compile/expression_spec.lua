-- SPDX-License-Identifier: MIT
-- Expressions that are more than an operator: functions, windows, CASE, CAST, literals.
--
-- The texts are those that SQLAlchemy 2.1 prints for the same statements; white space does not count. One text
-- serves both dialects, or there is one for each.
local la = require "lualchemy"
local check = require "spec.support.compiled"
local tables = require "spec.support.tables"
local u, a, n, thing = tables.users.c, tables.addresses.c, tables.nodes.c, tables.thing

describe("expressions compile", function()
  it("EXP-21 EXP-07 EXP-08 collations, regular expressions, MATCH", function()
    check {
      {u.name:collate("NOCASE"),
        "users.name COLLATE \"NOCASE\""},
      {u.name:collate("nocase"):eq("x"),
        default = "(users.name COLLATE nocase) = :param_1",
        sqlite = "(users.name COLLATE nocase) = ?"},
      {la.collate(u.name, "nocase"),
        "users.name COLLATE nocase"},
      {u.name:regexp_match("x"),
        default = "users.name <regexp> :name_1",
        sqlite = "users.name REGEXP ?"},
      {~u.name:regexp_match("x"),
        default = "users.name <not regexp> :name_1",
        sqlite = "users.name NOT REGEXP ?"},
      {u.name:match("x"),
        default = "users.name MATCH :name_1",
        sqlite = "users.name MATCH ?"},
      {~u.name:match("x"),
        default = "NOT users.name MATCH :name_1",
        sqlite = "NOT users.name MATCH ?"},
    }
  end)

  it("EXP-18 ordering", function()
    check {
      {u.id:desc(),
        "users.id DESC"},
      {u.id:asc():nulls_last(),
        "users.id ASC NULLS LAST"},
      {(u.id + 1):desc(),
        default = "users.id + :id_1 DESC",
        sqlite = "users.id + ? DESC"},
      {u.id:desc():nulls_first(),
        "users.id DESC NULLS FIRST"},
      {la.nulls_last(u.id),
        "users.id NULLS LAST"},
      {la.desc(u.id),
        "users.id DESC"},
    }
  end)

  it("EXP-15 CASE", function()
    check {
      {la.case({u.id:eq(1), "x"}, {u.name:like("y"), "z"}, {else_ = "w"}),
        default = "CASE WHEN (users.id = :id_1) THEN :param_1 WHEN (users.name LIKE :name_1) THEN :param_2 ELSE \z
                    :param_3 END",
        sqlite = "CASE WHEN (users.id = ?) THEN ? WHEN (users.name LIKE ?) THEN ? ELSE ? END"},
      {la.case({u.active, u.id + 1}, {else_ = u.id + 2}),
        default = "CASE WHEN users.active THEN users.id + :id_1 ELSE users.id + :id_2 END",
        sqlite = "CASE WHEN users.active THEN users.id + ? ELSE users.id + ? END"},
    }
  end)

  it("EXP-16 CAST", function()
    check {
      {la.cast(u.id, la.String),
        "CAST(users.id AS VARCHAR)"},
      {la.cast(u.id, la.String(10)),
        "CAST(users.id AS VARCHAR(10))"},
      {la.cast("5", la.Integer),
        default = "CAST(:param_1 AS INTEGER)",
        sqlite = "CAST(? AS INTEGER)"},
      {u.id:cast(la.Numeric(10, 2)),
        "CAST(users.id AS NUMERIC(10, 2))"},
      {la.type_coerce(u.id, la.String) .. "x",
        default = "users.id || :param_1",
        sqlite = "users.id || ?"},
      {la.cast(u.id + 1, la.Float),
        default = "CAST(users.id + :id_1 AS FLOAT)",
        sqlite = "CAST(users.id + ? AS FLOAT)"},
    }
  end)

  it("EXP-20 EXTRACT", function()
    check {
      {la.extract("year", u.born),
        default = "EXTRACT(year FROM users.born)",
        sqlite = "CAST(STRFTIME('%Y', users.born) AS INTEGER)"},
      {la.extract("dow", u.seen),
        default = "EXTRACT(dow FROM users.seen)",
        sqlite = "CAST(STRFTIME('%w', users.seen) AS INTEGER)"},
    }
  end)

  it("EXP-23 parts of JSON", function()
    check {
      {u.data:at("x"),
        default = "users.data[:data_1]",
        sqlite = "JSON_QUOTE(JSON_EXTRACT(users.data, ?))"},
      {u.data:at("x"):as_string(),
        default = "users.data[:data_1]",
        sqlite = "CAST(JSON_EXTRACT(users.data, ?) AS VARCHAR)"},
      {u.data:at{"a", 1},
        default = "users.data[:data_1]",
        sqlite = "JSON_QUOTE(JSON_EXTRACT(users.data, ?))"},
      {u.data:at("x"):at("y"):as_integer():eq(3),
        default = "users.data[:data_1][:param_1] = :param_2",
        sqlite = "CAST(JSON_EXTRACT(JSON_QUOTE(JSON_EXTRACT(users.data, ?)), ?) AS INTEGER) = ?"},
    }
  end)

  it("FN-01 FN-02 functions", function()
    check {
      {la.func.count(),
        "count(*)"},
      {la.func.count(u.id),
        "count(users.id)"},
      {la.func.count(u.id:distinct()),
        "count(DISTINCT users.id)"},
      {la.func.count(la.distinct(u.id)),
        "count(DISTINCT users.id)"},
      {la.func.now(),
        default = "now()",
        sqlite = "CURRENT_TIMESTAMP"},
      {la.func.current_timestamp(),
        "CURRENT_TIMESTAMP"},
      {la.func.CURRENT_DATE(),
        "CURRENT_DATE"},
      {la.func.localtimestamp(),
        default = "LOCALTIMESTAMP",
        sqlite = "DATETIME(CURRENT_TIMESTAMP, 'localtime')"},
      {la.func.random(),
        "random()"},
      {la.func.char_length(u.name),
        default = "char_length(users.name)",
        sqlite = "length(users.name)"},
      {la.func.coalesce(u.age, 5),
        default = "coalesce(users.age, :coalesce_1)",
        sqlite = "coalesce(users.age, ?)"},
      {la.func.lower(u.name):eq("x"),
        default = "lower(users.name) = :lower_1",
        sqlite = "lower(users.name) = ?"},
      {la.func.foo.bar("x"),
        default = "foo.bar(:bar_1)",
        sqlite = "foo.bar(?)"},
      {la.func.max(u.id) + 1,
        default = "max(users.id) + :max_1",
        sqlite = "max(users.id) + ?"},
      {la.func.concat(u.name, "x"),
        default = "concat(users.name, :concat_1)",
        sqlite = "concat(users.name, ?)"},
      {la.func.Foo(1),
        default = "Foo(:Foo_1)",
        sqlite = "Foo(?)"},
      {la.func.upper("x"),
        default = "upper(:upper_1)",
        sqlite = "upper(?)"},
      {la.func.sum(la.case({u.id:eq(1), 1}, {else_ = 0})),
        default = "sum(CASE WHEN (users.id = :id_1) THEN :param_1 ELSE :param_2 END)",
        sqlite = "sum(CASE WHEN (users.id = ?) THEN ? ELSE ? END)"},
      {la.func.coalesce(la.select(la.func.max(a.id)):scalar_subquery(), 0),
        default = "coalesce((SELECT max(addresses.id) AS max_1 FROM addresses), :coalesce_1)",
        sqlite = "coalesce((SELECT max(addresses.id) AS max_1 FROM addresses), ?)"},
    }
  end)

  it("FN-04 windows", function()
    check {
      {la.func.sum(u.id):over{partition_by = u.age},
        "sum(users.id) OVER (PARTITION BY users.age)"},
      {la.func.row_number():over{order_by = u.id},
        "row_number() OVER (ORDER BY users.id)"},
      {la.func.sum(u.id):over{partition_by = {u.age, u.name}, order_by = {u.id:desc(), u.name}, rows = {la.null, 0}},
        "sum(users.id) OVER (PARTITION BY users.age, users.name ORDER BY users.id DESC, users.name ROWS BETWEEN \z
          UNBOUNDED PRECEDING AND CURRENT ROW)"},
      {la.func.sum(u.id):over{range_ = {-5, 10}},
        default = "sum(users.id) OVER (RANGE BETWEEN :param_1 PRECEDING AND :param_2 FOLLOWING)",
        sqlite = "sum(users.id) OVER (RANGE BETWEEN ? PRECEDING AND ? FOLLOWING)"},
      {la.func.sum(u.id):over{groups = {1, la.null}},
        default = "sum(users.id) OVER (GROUPS BETWEEN :param_1 FOLLOWING AND UNBOUNDED FOLLOWING)",
        sqlite = "sum(users.id) OVER (GROUPS BETWEEN ? FOLLOWING AND UNBOUNDED FOLLOWING)"},
      {la.func.sum(u.id):over(),
        "sum(users.id) OVER ()"},
    }
  end)

  it("FN-03 FILTER and WITHIN GROUP", function()
    check {
      {la.func.sum(u.id):filter(u.id:gt(1), u.name:eq("x")),
        default = "sum(users.id) FILTER (WHERE users.id > :id_1 AND users.name = :name_1)",
        sqlite = "sum(users.id) FILTER (WHERE users.id > ? AND users.name = ?)"},
      {la.func.sum(u.id):filter(u.id:gt(1)) + 1,
        default = "(sum(users.id) FILTER (WHERE users.id > :id_1)) + :param_1",
        sqlite = "(sum(users.id) FILTER (WHERE users.id > ?)) + ?"},
      {la.func.percentile_cont(0.5):within_group(u.id:desc(), u.name),
        default = "percentile_cont(:percentile_cont_1) WITHIN GROUP (ORDER BY users.id DESC, users.name)",
        sqlite = "percentile_cont(?) WITHIN GROUP (ORDER BY users.id DESC, users.name)"},
    }
  end)

  it("EXP-24 EXP-14 text and literals", function()
    check {
      {la.text("a = :b"),
        default = "a = :b",
        sqlite = "a = ?"},
      {la.text("a = '\\:b' and c::int = :d"),
        default = "a = ':b' and c::int = :d",
        sqlite = "a = ':b' and c::int = ?"},
      {la.literal(5),
        default = ":param_1",
        sqlite = "?"},
      {la.literal("x") .. "y",
        default = ":param_1 || :param_2",
        sqlite = "? || ?"},
      {la.bindparam("foo"):eq(u.id),
        default = ":foo = users.id",
        sqlite = "? = users.id"},
      {u.id:eq(la.bindparam("foo")),
        default = "users.id = :foo",
        sqlite = "users.id = ?"},
      {u.id:eq(la.bindparam("foo", 5, {unique = true})),
        default = "users.id = :foo_1",
        sqlite = "users.id = ?"},
      {u.id:in_(la.bindparam("ids", {expanding = true})),
        "users.id IN (__[POSTCOMPILE_ids])"},
      {la.column("q"):eq("x"),
        default = "q = :q_1",
        sqlite = "q = ?"},
      {la.column("q", la.Integer):gt(3),
        default = "q > :q_1",
        sqlite = "q > ?"},
    }
  end)

  it("EXP-14 values in the text", function()
    check {
      {u.name:eq("it's"),
        "users.name = 'it''s'", literal_binds = true},
      {u.balance:eq(5),
        "users.balance = 5", literal_binds = true},
      {u.score:eq(1.5),
        "users.score = 1.5", literal_binds = true},
      {u.active:eq(la.literal(true)),
        default = "users.active = true",
        sqlite = "users.active = 1", literal_binds = true},
      {u.id:eq(nil),
        "users.id IS NULL", literal_binds = true},
    }
  end)

  it("EXP-26 names in quotes", function()
    check {
      {n.Name:eq("x"),
        default = "nodes.\"Name\" = :Name_1",
        sqlite = "nodes.\"Name\" = ?"},
      {n.select:eq(1),
        default = "nodes.\"select\" = :select_1",
        sqlite = "nodes.\"select\" = ?"},
      {thing.c.x:eq(1),
        default = "main.thing.x = :x_1",
        sqlite = "main.thing.x = ?"},
    }
  end)

  it("SEL-12 EXP-22 EXISTS, ANY, ALL, scalar subqueries", function()
    check {
      {la.exists():where(u.active),
        default = "EXISTS (SELECT * FROM users WHERE users.active)",
        sqlite = "EXISTS (SELECT * FROM users WHERE users.active = 1)"},
      {~la.exists():where(u.active),
        default = "NOT (EXISTS (SELECT * FROM users WHERE users.active))",
        sqlite = "NOT (EXISTS (SELECT * FROM users WHERE users.active = 1))"},
      {la.select(u.id):exists() & u.id:eq(1),
        default = "(EXISTS (SELECT users.id FROM users)) AND users.id = :id_1",
        sqlite = "(EXISTS (SELECT users.id FROM users)) AND users.id = ?"},
      {la.any_(la.select(u.id):scalar_subquery()):eq(u.id),
        "users.id = ANY (SELECT users.id FROM users)"},
      {u.id:gt(la.all_(la.select(u.age):scalar_subquery())),
        "users.id > ALL (SELECT users.age FROM users)"},
      {la.select(u.id):scalar_subquery() + 1,
        default = "(SELECT users.id FROM users) + :param_1",
        sqlite = "(SELECT users.id FROM users) + ?"},
      {u.id:eq(la.select(la.func.max(u.id)):scalar_subquery()),
        "users.id = (SELECT max(users.id) AS max_1 FROM users)"},
    }
  end)
end)
