-- SPDX-License-Identifier: MIT
-- Labels and anonymous names as text.
--
-- Every text is the one that SQLAlchemy 2.1 writes for its SQLite dialect with literal_binds.
local la = require "lualchemy"
local check = require "spec.support.literal"
local words = require "spec.support.words"
local addresses, defs, orders, t1, u, users, x, y =
  words.addresses, words.defs, words.orders, words.t1, words.u, words.users, words.x, words.y

describe("labels and anonymous names as text", function()
  it("names the columns of subqueries (SEL-22, SEL-09)", function()
    check {
      {la.select(users.c.id, addresses.c.id, users.c.id, addresses.c.id, orders.c.id),
        "SELECT users.id, addresses.id AS id_1, users.id AS id__1, addresses.id AS id__2, orders.id AS id_2 FROM users, addresses, orders"},
      {la.select(users.c.id, users.c.id):subquery():select(),
        "SELECT anon_1.id, anon_1.id AS id_1 FROM (SELECT users.id AS id, users.id AS id__1 FROM users) AS anon_1"},
      {la.select(users.c.id, users.c.id):cte("c"):select(),
        "WITH c AS (SELECT users.id AS id, users.id AS id__1 FROM users) SELECT c.id, c.id AS id_1 FROM c"},
      {la.select(users.c.id, addresses.c.id):subquery().c.id_1, "anon_1.id_1"},
      {la.select(la.func.max(users.c.id), la.func.max(users.c.id)):subquery():select(),
        "SELECT anon_1.max_1, anon_1.max_2 FROM (SELECT max(users.id) AS max_1, max(users.id) AS max_2 FROM users) AS anon_1"},
      {la.select(la.func.max(users.c.id), la.func.max(addresses.c.id)):subquery():select(),
        "SELECT anon_1.max_1, anon_1.max_2 FROM (SELECT max(users.id) AS max_1, max(addresses.id) AS max_2 FROM users, addresses) AS anon_1"},
      {la.select((users.c.id + 1), (users.c.id + 1)):subquery():select(),
        "SELECT anon_2.anon_1, anon_2.anon_3 FROM (SELECT users.id + 1 AS anon_1, users.id + 1 AS anon_3 FROM users) AS anon_2"},
      {la.select(users.c.id:label("id"), addresses.c.id):subquery():select(),
        "SELECT anon_1.id, anon_1.id_1 FROM (SELECT users.id AS id, addresses.id AS id_1 FROM users, addresses) AS anon_1"},
      {la.select(addresses.c.id:label("users_id"), users.c.id):set_label_style(la.LABEL_STYLE_TABLENAME_PLUS_COL):subquery():select(),
        "SELECT anon_1.users_id, anon_1.users_id_1 FROM (SELECT addresses.id AS users_id, users.id AS users_id_1 FROM addresses, users) AS anon_1"},
      {la.select(users.c.id, users.c.id):set_label_style(la.LABEL_STYLE_TABLENAME_PLUS_COL):subquery():select(),
        "SELECT anon_1.users_id, anon_1.users_id AS users_id_1 FROM (SELECT users.id AS users_id, users.id AS users_id__1 FROM users) AS anon_1"},
      {la.select(users.c.id, addresses.c.id):cte():select(),
        "WITH anon_1 AS (SELECT users.id AS id, addresses.id AS id_1 FROM users, addresses) SELECT anon_1.id, anon_1.id_1 FROM anon_1"},
      {la.select(users.c.id, la.text("foo")):subquery():select(),
        "SELECT anon_1.id FROM (SELECT users.id AS id, foo FROM users) AS anon_1"},
      {la.select(la.cast(users.c.id, la.String), users.c.id):subquery():select(),
        "SELECT anon_1.id, anon_1.id_1 FROM (SELECT CAST(users.id AS VARCHAR) AS id, users.id AS id_1 FROM users) AS anon_1"},
      {la.select(la.type_coerce(users.c.id, la.String), users.c.id):subquery():select(),
        "SELECT anon_1.id, anon_1.id_1 FROM (SELECT users.id AS id, users.id AS id_1 FROM users) AS anon_1"},
      {la.select(users.c.id:label(nil), users.c.id:label(nil)):subquery():select(),
        "SELECT anon_1.id_1, anon_1.id_2 FROM (SELECT users.id AS id_1, users.id AS id_2 FROM users) AS anon_1"},
      {la.select(users.c.id, la.bindparam("id", 5)):subquery():select(),
        "SELECT anon_1.id, anon_1.anon_2 FROM (SELECT users.id AS id, 5 AS anon_2 FROM users) AS anon_1"},
      {la.select(users.c.name:collate("NOCASE"), users.c.name):subquery():select(),
        'SELECT anon_2.anon_1, anon_2.name FROM (SELECT users.name COLLATE "NOCASE" AS anon_1, users.name AS name FROM users) AS anon_2'},
      {la.select(la.func.count()):subquery():select(),
        "SELECT anon_1.count_1 FROM (SELECT count(*) AS count_1) AS anon_1"},
      {la.select(la.func.count():over(), la.func.count():over()):subquery():select(),
        "SELECT anon_2.anon_1, anon_2.anon_3 FROM (SELECT count(*) OVER () AS anon_1, count(*) OVER () AS anon_3) AS anon_2"},
      {la.select(la.func.count():filter(users.c.id:gt(1)), la.func.count()):subquery():select(),
        "SELECT anon_2.anon_1, anon_2.count_1 FROM (SELECT count(*) FILTER (WHERE users.id > 1) AS anon_1, count(*) AS count_1 FROM users) AS anon_2"},
      {la.select(la.select(users.c.id):scalar_subquery(), users.c.id):subquery():select(),
        "SELECT anon_2.anon_1, anon_2.id FROM (SELECT (SELECT users.id FROM users) AS anon_1, users.id AS id FROM users) AS anon_2"},
      {la.select(la.exists(la.select(users.c.id)), users.c.id):subquery():select(),
        "SELECT anon_2.anon_1, anon_2.id FROM (SELECT EXISTS (SELECT users.id FROM users) AS anon_1, users.id AS id FROM users) AS anon_2"},
      {la.select(x, x, y):subquery():select(),
        "SELECT anon_1.x, anon_1.x AS x_1, anon_1.y FROM (SELECT x, x, y) AS anon_1"},
      {la.select(t1.c.x, x):subquery():select(),
        "SELECT anon_1.x, anon_1.x AS x_1 FROM (SELECT t1.x AS x, x FROM t1) AS anon_1"},
    }
  end)

  it("labels sets and constants", function()
    check {
      {la.select(users.c.id, addresses.c.id):set_label_style(la.LABEL_STYLE_NONE):cte("c"):select(),
        "WITH c AS (SELECT users.id AS id, addresses.id AS id FROM users, addresses) SELECT c.id, c.id AS id_1 FROM c"},
      {la.union(la.select(users.c.id, addresses.c.id), la.select(users.c.id, users.c.id)):set_label_style(la.LABEL_STYLE_TABLENAME_PLUS_COL),
        "SELECT users.id AS users_id, addresses.id AS addresses_id FROM users, addresses UNION SELECT users.id, users.id AS id__1 FROM users"},
      {la.select(users.c.id, la.text("foo"), users.c.name):subquery().c.name, "anon_1.name"},
      {la.select(la.select(users.c.id, la.text("foo"), users.c.name):subquery().c.name),
        "SELECT anon_1.name FROM (SELECT users.id AS id, foo, users.name AS name FROM users) AS anon_1"},
      {la.union(la.select(users.c.id, la.text("foo")), la.select(users.c.id, la.text("foo"))):subquery():select(),
        "SELECT anon_1.id FROM (SELECT users.id AS id, foo FROM users UNION SELECT users.id AS id, foo FROM users) AS anon_1"},
      {la.select(users.c.id:label("a"), users.c.name:label("a")), "SELECT users.id AS a, users.name AS a FROM users"},
      {la.select(users.c.id:label("a"), users.c.name:label("a")):scalar_subquery(),
        "(SELECT users.id AS a, users.name AS a FROM users)"},
      {la.select(la.func.count()):select_from(la.select(users.c.id:label("a"), users.c.name:label("a")):subquery()),
        "SELECT count(*) AS count_1 FROM (SELECT users.id AS a, users.name AS a FROM users) AS anon_1"},
      {la.select(la.null_(), la.null_(), la.true_(), la.true_(), la.false_(), la.false_()),
        "SELECT NULL AS anon_1, NULL AS anon__1, 1 AS anon_2, 1 AS anon__2, 0 AS anon_3, 0 AS anon__3"},
    }
  end)

  it("names VALUES and samples (SEL-15, SEL-17)", function()
    check {
      {la.select(la.values(la.column("a", la.Integer), {name = "v"}):data({{1}, {2}}):cte()),
        "WITH v_1(a) AS (VALUES (1), (2)) SELECT v_1.a FROM v_1"},
      {la.select(la.values(la.column("a", la.Integer), {name = "v"}):data({{1}, {2}}):cte("q")),
        "WITH q(a) AS (VALUES (1), (2)) SELECT q.a FROM q"},
      {la.select(la.values(la.column("a", la.Integer)):data({{1}, {2}}):cte()),
        "WITH anon_1(a) AS (VALUES (1), (2)) SELECT anon_1.a FROM anon_1"},
      {la.select(la.values(la.column("a", la.Integer)):data({{1}, {2}}):cte("q")),
        "WITH q(a) AS (VALUES (1), (2)) SELECT q.a FROM q"},
      {la.select(la.values(la.column("a", la.Integer)):data({{1}, {2}})), "SELECT a FROM (VALUES (1), (2))"},
      {la.select(la.values(la.column("a", la.Integer), {name = "v"}):data({{1}, {2}}):alias()),
        "SELECT anon_1.a FROM (VALUES (1), (2)) AS anon_1 (a)"},
      {la.select(la.values(la.column("a", la.Integer), {name = "v"}):data({{1}, {2}}):alias("z")),
        "SELECT z.a FROM (VALUES (1), (2)) AS z (a)"},
      {la.select(la.values(la.column("a", la.Integer), {name = "v"}):data({{1}, {2}}):lateral()),
        "SELECT v.a FROM LATERAL (VALUES (1), (2)) AS v (a)"},
      {la.select(la.values(la.column("a", la.Integer), la.column("b", la.String), {name = "v"}):data({{1, "x"}, {2, "y"}}):data({{3, "z"}})),
        "SELECT v.a, v.b FROM (VALUES (1, 'x'), (2, 'y'), (3, 'z')) AS v (a, b)"},
      {la.select(la.values(la.column("a", la.Integer), la.column("b", la.String), {name = "v", literal_binds = true}):data({{1, "x"}, {2, "y"}})),
        "SELECT v.a, v.b FROM (VALUES (1, 'x'), (2, 'y')) AS v (a, b)"},
      {la.select(la.values(la.column("a", la.Integer)):data({{1}, {2}}):cte(), la.values(la.column("b", la.Integer)):data({{1}}):cte()),
        "WITH anon_1(a) AS (VALUES (1), (2)), anon_2(b) AS (VALUES (1)) SELECT anon_1.a, anon_2.b FROM anon_1, anon_2"},
      {la.select(users.c.id):where(users.c.id:in_(la.values(la.column("a", la.Integer)):data({{1}, {2}}):scalar_values())),
        "SELECT users.id FROM users WHERE users.id IN (VALUES (1), (2))"},
      {la.select(la.func.foo(la.values(la.column("a", la.Integer)):data({{1}, {2}}):scalar_values())),
        "SELECT foo((VALUES (1), (2))) AS foo_1"},
      {la.select(la.tablesample(users:alias("z"), la.func.bernoulli(1), {name = "s"}).c.id),
        "SELECT s.id FROM users AS s TABLESAMPLE bernoulli(1)"},
      {la.select(la.tablesample(users, 5, {seed = la.func.random()}).c.id),
        "SELECT users_1.id FROM users AS users_1 TABLESAMPLE system(5) REPEATABLE (random())"},
    }
  end)

  it("numbers what has no name (EXP-17)", function()
    check {
      {la.select(la.func.array_agg(users.c.id)), "SELECT array_agg(users.id) AS array_agg_1 FROM users"},
      {la.func.array_agg(users.c.id), "array_agg(users.id)"},
      {la.select(la.func.array_agg(users.c.id):filter(users.c.id:gt(1))),
        "SELECT array_agg(users.id) FILTER (WHERE users.id > 1) AS anon_1 FROM users"},
      {la.select(u:alias().c.id), "SELECT u_1.id FROM users AS u_1"},
      {la.select(u:alias("zz").c.id), "SELECT zz.id FROM users AS zz"},
      {la.select(u:alias().c.id, u:alias().c.id), "SELECT u_1.id, u_2.id AS id_1 FROM users AS u_1, users AS u_2"},
      {la.select(la.select(users.c.id):cte("a"):alias("b").c.id),
        "WITH a AS (SELECT users.id AS id FROM users) SELECT b.id FROM a AS b"},
      {la.select(la.select(users.c.id):cte("a"):alias().c.id),
        "WITH a AS (SELECT users.id AS id FROM users) SELECT anon_1.id FROM a AS anon_1"},
      {la.select(users:alias().c.id, users:alias().c.id, addresses:alias().c.id),
        "SELECT users_1.id, users_2.id AS id_1, addresses_1.id AS id_2 FROM users AS users_1, users AS users_2, addresses AS addresses_1"},
      {la.select(la.select(users:alias().c.id):subquery().c.id, users:alias().c.id),
        "SELECT anon_1.id, users_1.id AS id_1 FROM (SELECT users_2.id AS id FROM users AS users_2) AS anon_1, users AS users_1"},
      {la.select(users:alias().c.id):where(la.exists():where(users:alias().c.id:eq(5))),
        "SELECT users_1.id FROM users AS users_1 WHERE EXISTS (SELECT * FROM users AS users_2 WHERE users_2.id = 5)"},
      {la.select(la.func.max(users:alias().c.id), la.func.max(users.c.id), la.func.max(users.c.age):label(nil)),
        "SELECT max(users_1.id) AS max_1, max(users.id) AS max_2, max(users.age) AS max_3 FROM users AS users_1, users"},
      {la.select((users.c.id + 1), (users.c.id + 2)):order_by((users.c.id + 1)),
        "SELECT users.id + 1 AS anon_1, users.id + 2 AS anon_2 FROM users ORDER BY users.id + 1"},
      {la.select((users.c.id + 1):label(nil)):order_by((users.c.id + 1):label(nil)),
        "SELECT users.id + 1 AS anon_1 FROM users ORDER BY users.id + 1"},
      {la.select(la.select((users.c.id + 1), (users.c.id + 2)):subquery(), (users.c.id + 3)),
        "SELECT anon_2.anon_1, anon_2.anon_3, users.id + 3 AS anon_4 FROM (SELECT users.id + 1 AS anon_1, users.id + 2 AS anon_3 FROM users) AS anon_2, users"},
      {la.select((users.c.id + 3), la.select((users.c.id + 1), (users.c.id + 2)):subquery()),
        "SELECT users.id + 3 AS anon_1, anon_3.anon_2, anon_3.anon_4 FROM users, (SELECT users.id + 1 AS anon_2, users.id + 2 AS anon_4 FROM users) AS anon_3"},
      {la.select((users.c.id + 3), la.select(la.func.max(users.c.id)):scalar_subquery(), la.func.max(users.c.age)),
        "SELECT users.id + 3 AS anon_1, (SELECT max(users.id) AS max_1 FROM users) AS anon_2, max(users.age) AS max_2 FROM users"},
      {la.union(la.select((users.c.id + 1)), la.select((users.c.id + 2))):subquery():select():order_by((users.c.id + 7)),
        "SELECT anon_2.anon_1 FROM (SELECT users.id + 1 AS anon_1 FROM users UNION SELECT users.id + 2 AS anon_3 FROM users) AS anon_2 ORDER BY users.id + 7"},
      {la.select(users.c.id:label(nil), users.c.name:label(nil), users.c.id:label(nil)),
        "SELECT users.id AS id_1, users.name AS name_1, users.id AS id_2 FROM users"},
      {la.select(users.c.id:eq(1), users.c.id:eq(1), users.c.age:eq(1)):order_by(users.c.id:eq(1)),
        "SELECT users.id = 1 AS anon_1, users.id = 1 AS anon_2, users.age = 1 AS anon_3 FROM users ORDER BY users.id = 1"},
      {la.select(users.c.id:label("x"), la.func.count()):group_by("x"):order_by(la.desc("x")),
        "SELECT users.id AS x, count(*) AS count_1 FROM users GROUP BY x ORDER BY x DESC"},
      {la.select(la.literal("a"), la.literal("b"):label("q"), la.literal("c")):select_from(users:alias()):join(addresses:alias(), la.true_()),
        "SELECT 'a' AS anon_1, 'b' AS q, 'c' AS anon_2 FROM users AS users_1 JOIN addresses AS addresses_1 ON 1 = 1"},
    }
  end)

  it("labels the defaults that INSERT FROM SELECT adds (DML-04)", function()
    check {
      {la.insert(defs):from_select({"id"}, la.select(users.c.id), {include_defaults = false}),
        "INSERT INTO defs (id) SELECT users.id FROM users"},
    }
  end)
end)
