-- SPDX-License-Identifier: MIT
-- Statements and functions as text.
--
-- Every text is the one that SQLAlchemy 2.1 writes for its SQLite dialect with literal_binds.
local la = require "lualchemy"
local check = require "spec.support.literal"
local words = require "spec.support.words"
local addresses, comp, keyed, orders, p, s, u, users, x, y =
  words.addresses, words.comp, words.keyed, words.orders, words.p, words.s, words.u, words.users, words.x,
  words.y

describe("statements and functions as text", function()
  it("opens windows and orders what is gathered", function()
    check {
      {la.func.row_number():over({order_by = x}), "row_number() OVER (ORDER BY x)"},
      {la.func.row_number():over({partition_by = {x, y}, order_by = {p:desc(), s}}),
        "row_number() OVER (PARTITION BY x, y ORDER BY p DESC, s)"},
      {la.func.sum(x):over({rows = {la.null, 0}}), "sum(x) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"},
      {la.func.sum(x):over({rows = {(-(5)), 10}}), "sum(x) OVER (ROWS BETWEEN 5 PRECEDING AND 10 FOLLOWING)"},
      {la.func.sum(x):over({rows = {1, la.null}}), "sum(x) OVER (ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)"},
      {la.func.sum(x):over({range_ = {la.null, la.null}}),
        "sum(x) OVER (RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"},
      {la.func.sum(x):over({range_ = {(-(3)), (-(1))}, order_by = x}),
        "sum(x) OVER (ORDER BY x RANGE BETWEEN 3 PRECEDING AND 1 PRECEDING)"},
      {la.func.sum(x):over({groups = {0, 2}, order_by = x}),
        "sum(x) OVER (ORDER BY x GROUPS BETWEEN CURRENT ROW AND 2 FOLLOWING)"},
      {la.func.sum(x):over({order_by = x, rows = {(-(1)), 1}, exclude = "CURRENT ROW"}),
        "sum(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW)"},
      {la.func.sum(x):over({order_by = x, groups = {(-(1)), 1}, exclude = "TIES"}),
        "sum(x) OVER (ORDER BY x GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES)"},
      {la.func.sum(x):filter(y:eq("a")):over({order_by = p}), "sum(x) FILTER (WHERE y = 'a') OVER (ORDER BY p)"},
      {la.func.sum(x):filter(y:eq("a"), p:gt(1)), "sum(x) FILTER (WHERE y = 'a' AND p > 1)"},
      {la.over(la.func.sum(x), {partition_by = y}), "sum(x) OVER (PARTITION BY y)"},
      {la.funcfilter(la.func.sum(x), y:eq("a")), "sum(x) FILTER (WHERE y = 'a')"},
      {la.func.percentile_cont(0.5):within_group(x), "percentile_cont(0.5) WITHIN GROUP (ORDER BY x)"},
      {la.func.percentile_cont(0.5):within_group(x:desc(), y),
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY x DESC, y)"},
      {la.func.percentile_cont(0.5):within_group(x):over({partition_by = y}),
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY x) OVER (PARTITION BY y)"},
      {la.within_group(la.func.mode(), x), "mode() WITHIN GROUP (ORDER BY x)"},
      {la.func.group_concat(y, ";"):over({order_by = x}) + "a", "group_concat(y, ';') OVER (ORDER BY x) || 'a'"},
      {la.func.rank():over({order_by = x}):label("r"), "rank() OVER (ORDER BY x)"},
      {la.select(la.func.rank():over({order_by = users.c.id}):label("r")):order_by("r"),
        "SELECT rank() OVER (ORDER BY users.id) AS r FROM users ORDER BY r"},
      {la.select(la.func.rank():over({order_by = users.c.id})):subquery():select(),
        "SELECT anon_2.anon_1 FROM (SELECT rank() OVER (ORDER BY users.id) AS anon_1 FROM users) AS anon_2"},
    }
  end)

  it("folds constants in lists of conditions, but not what such a list has come to", function()
    local function where(...) return la.select(x):where(...) end
    local f, t = la.false_(), la.true_()
    check {
      {where(x:eq(1), f), "SELECT x WHERE 0 = 1"},
      {where(x:eq(1), la.and_(f)), "SELECT x WHERE x = 1 AND 0 = 1"},
      {where(la.and_(y:eq("a"), f), x:eq(1)), "SELECT x WHERE 0 = 1 AND x = 1"},
      {where(x:eq(1), la.or_(t, y:eq("a"))), "SELECT x WHERE x = 1 AND 1 = 1"},
      {where(x:eq(1), la.not_(t)), "SELECT x WHERE 0 = 1"},
      {where(la.and_(x:eq(1), la.and_(t))), "SELECT x WHERE x = 1 AND 1 = 1"},
      {where(la.or_(x:eq(1), la.not_(la.and_(t)))), "SELECT x WHERE x = 1"},
      {where(la.and_(t)), "SELECT x WHERE 1 = 1"},
    }
  end)

  it("names the FROMs of a CASE as they stand in it", function()
    check {
      {la.select(la.case({users.c.id:gt(1), orders.c.id}, {else_ = addresses.c.id})),
        "SELECT CASE WHEN (users.id > 1) THEN orders.id ELSE addresses.id END AS anon_1 FROM users, orders, addresses"},
    }
  end)

  it("calls functions", function()
    check {
      {la.func.max(x) + 1, "max(x) + 1"},
      {la.func.max(x):eq(la.func.min(y)), "max(x) = min(y)"},
      {la.func.pkg.sub.fn(1), "pkg.sub.fn(1)"},
      {la.func.coalesce(x, y, 5), "coalesce(x, y, 5)"},
      {la.func.coalesce(nil, x), "coalesce(NULL, x)"},
      {la.func.concat("a", y), "concat('a', y)"},
      {la.func.count(x:distinct()), "count(DISTINCT x)"},
      {la.func.count(la.distinct(x)), "count(DISTINCT x)"},
      {la.func.count("*"), "count('*')"},
      {la.func.count(la.text("*")), "count(*)"},
      {la.func.now(), "CURRENT_TIMESTAMP"},
      {la.func.current_timestamp(), "CURRENT_TIMESTAMP"},
      {la.func.CURRENT_USER(), "CURRENT_USER"},
      {la.func.random(), "random()"},
      {la.func.char_length(y), "length(y)"},
      {la.func.foo(x:eq(1)), "foo(x = 1)"},
      {la.func.foo(la.and_(x:eq(1), y:eq("a"))), "foo(x = 1 AND y = 'a')"},
      {la.func.foo(la.select(users.c.id)), "foo((SELECT users.id FROM users))"},
      {la.func.foo(la.select(users.c.id):scalar_subquery()), "foo((SELECT users.id FROM users))"},
      {la.func.foo(x, {type_ = la.String}) + "a", "foo(x) || 'a'"},
      {la.func.Foo(x), "Foo(x)"},
      {la.func.lower(y):like("a%"), "lower(y) LIKE 'a%'"},
      {la.func.substr(y, 1, 2):label("q"), "substr(y, 1, 2)"},
      {la.func.cube(x, y), "CUBE(x, y)"},
      {la.func.rollup(x, la.func.grouping_sets(x, y)), "ROLLUP(x, GROUPING SETS(x, y))"},
      {la.func.nullif(x, 0) / 2, "nullif(x, 0) / (2 + 0.0)"},
    }
  end)

  it("selects from functions (SEL-02)", function()
    check {
      {la.func.aggregate_strings(y, ","), "group_concat(y, ',')"},
      {la.select(la.func.json_each(users.c.data):table_valued("key", "value")),
        'SELECT anon_1."key", anon_1.value FROM json_each(users.data) AS anon_1'},
      {la.select(la.func.json_each("[1]"):table_valued("value", {name = "j"}).c.value),
        "SELECT j.value FROM json_each('[1]') AS j"},
      {la.select(users.c.id, la.func.json_each(users.c.data):table_valued("value").c.value),
        "SELECT users.id, anon_1.value FROM users, json_each(users.data) AS anon_1"},
      {la.select(la.func.json_each("[1]"):table_valued(la.column("value", la.Integer), {with_ordinality = "n"}):alias("z")),
        "SELECT z.value, z.n FROM json_each('[1]') WITH ORDINALITY AS z"},
      {la.select(la.func.unnest("x"):column_valued("z")), "SELECT z FROM unnest('x') AS z"},
      {la.select(la.func.unnest("x"):column_valued()), "SELECT anon_1 FROM unnest('x') AS anon_1"},
      {la.select(la.func.gs(1, 5):table_valued("v"):render_derived()), "SELECT anon_1.v FROM gs(1, 5) AS anon_1(v)"},
      {la.select(la.func.gs(1, 5):table_valued(la.column("v", la.Integer)):render_derived({name = "q", with_types = true})),
        "SELECT q.v FROM gs(1, 5) AS q(v INTEGER)"},
      {la.select(la.func.gs(1, 5):scalar_table_valued("v")), "SELECT (gs(1, 5)).v"},
      {la.select(la.func.gs(1, 5):table_valued("v"):lateral("l")), "SELECT l.v FROM LATERAL gs(1, 5) AS l"},
      {la.select(users.c.id):select_from(la.func.foo(1):table_valued("a", {name = "f"})),
        "SELECT users.id FROM foo(1) AS f, users"},
      {la.select(users.c.id):join(la.func.foo(users.c.id):table_valued("a", {name = "f"}), la.true_()),
        "SELECT users.id FROM users JOIN foo(users.id) AS f ON 1 = 1"},
    }
  end)

  it("brings CTEs along (SEL-13)", function()
    check {
      {la.select(la.literal(1):label("n")):cte("t", {recursive = true}), "SELECT 1 AS n"},
      {la.select(la.select(la.literal(1):label("n")):cte("t", {recursive = true}).c.n),
        "WITH RECURSIVE t(n) AS (SELECT 1 AS n) SELECT t.n FROM t"},
      {la.select(users.c.id):add_cte(la.select(addresses.c.id):cte("z")),
        "WITH z AS (SELECT addresses.id AS id FROM addresses) SELECT users.id FROM users"},
      {la.select(users.c.id):add_cte(la.select(addresses.c.id):cte("z"), {nest_here = true}),
        "WITH z AS (SELECT addresses.id AS id FROM addresses) SELECT users.id FROM users"},
      {la.select(la.select(users.c.id):cte("z", {nesting = true}).c.id),
        "WITH z AS (SELECT users.id AS id FROM users) SELECT z.id FROM z"},
      {la.select(la.select(la.select(users.c.id):cte("z", {nesting = true}).c.id):subquery().c.id),
        "SELECT anon_1.id FROM (WITH z AS (SELECT users.id AS id FROM users) SELECT z.id AS id FROM z) AS anon_1"},
      {la.select(la.select(users.c.id):cte("a").c.id, la.select(users.c.id):cte("b").c.id),
        "WITH a AS (SELECT users.id AS id FROM users), b AS (SELECT users.id AS id FROM users) SELECT a.id, b.id AS id_1 FROM a, b"},
      {la.select(la.select(users.c.id):cte("a"):prefix_with("MATERIALIZED").c.id),
        "WITH a AS MATERIALIZED (SELECT users.id AS id FROM users) SELECT a.id FROM a"},
      {la.select(la.select(users.c.id):cte("a"):suffix_with("SEARCH x").c.id),
        "WITH a AS (SELECT users.id AS id FROM users) SEARCH x SELECT a.id FROM a"},
      {la.select(la.insert(users):values({name = "q"}):returning(users.c.id):cte("i").c.id),
        "WITH i AS (INSERT INTO users (name) VALUES ('q') RETURNING id) SELECT i.id FROM i"},
      {la.select(la.delete(users):returning(users.c.id):cte("i").c.id),
        "WITH i AS (DELETE FROM users RETURNING id) SELECT i.id FROM i"},
      {la.insert(addresses):from_select({"id"}, la.select(la.select(users.c.id):cte("q").c.id)),
        "WITH q AS (SELECT users.id AS id FROM users) INSERT INTO addresses (id) SELECT q.id FROM q"},
      {la.delete(users):where(users.c.id:in_(la.select(la.select(addresses.c.id):cte("q").c.id))),
        "WITH q AS (SELECT addresses.id AS id FROM addresses) DELETE FROM users WHERE users.id IN (SELECT q.id FROM q)"},
    }
  end)

  it("puts sets together (SEL-14)", function()
    check {
      {la.union(la.select(users.c.id):limit(1), la.select(addresses.c.id)),
        "(SELECT users.id FROM users LIMIT 1 OFFSET 0) UNION SELECT addresses.id FROM addresses"},
      {la.union(la.select(users.c.id):order_by(users.c.id), la.select(addresses.c.id)),
        "(SELECT users.id FROM users ORDER BY users.id) UNION SELECT addresses.id FROM addresses"},
      {la.union(la.select(users.c.id), la.select(addresses.c.id)):order_by("id"):limit(3):offset(1),
        "SELECT users.id FROM users UNION SELECT addresses.id FROM addresses ORDER BY id LIMIT 3 OFFSET 1"},
      {la.union(la.select(users.c.id), la.union_all(la.select(addresses.c.id), la.select(orders.c.id))),
        "SELECT users.id FROM users UNION (SELECT addresses.id FROM addresses UNION ALL SELECT orders.id FROM orders)"},
      {la.union(la.union_all(la.select(addresses.c.id), la.select(orders.c.id)), la.select(users.c.id)),
        "(SELECT addresses.id FROM addresses UNION ALL SELECT orders.id FROM orders) UNION SELECT users.id FROM users"},
      {la.union(la.select(users.c.id), la.select(addresses.c.id):limit(1):subquery():select()),
        "SELECT users.id FROM users UNION SELECT anon_1.id FROM (SELECT addresses.id AS id FROM addresses LIMIT 1 OFFSET 0) AS anon_1"},
      {la.except_(la.select(users.c.id), la.select(addresses.c.user_id)):subquery("e"):select():where(la.text("1")),
        "SELECT e.id FROM (SELECT users.id AS id FROM users EXCEPT SELECT addresses.user_id AS user_id FROM addresses) AS e WHERE 1"},
      {la.union(la.select(users.c.id), la.select(addresses.c.id)):scalar_subquery():eq(5),
        "(SELECT users.id FROM users UNION SELECT addresses.id FROM addresses) = 5"},
      {la.union(la.select(users.c.id), la.select(addresses.c.id)):label("q"),
        "(SELECT users.id FROM users UNION SELECT addresses.id FROM addresses)"},
      {la.union(la.select(users.c.id), la.select(addresses.c.id)):alias("z"):join(users, la.true_()),
        "(SELECT users.id AS id FROM users UNION SELECT addresses.id AS id FROM addresses) AS z JOIN users ON 1 = 1"},
      {la.select(users.c.id):union(la.select(addresses.c.id), la.select(orders.c.id)),
        "SELECT users.id FROM users UNION SELECT addresses.id FROM addresses UNION SELECT orders.id FROM orders"},
      {la.union(la.select(users.c.name:label("q")), la.select(addresses.c.email)):order_by("q"),
        "SELECT users.name AS q FROM users UNION SELECT addresses.email FROM addresses ORDER BY q"},
      {la.union(la.select(users.c.name), la.select(addresses.c.email)):order_by(la.desc("name")),
        "SELECT users.name FROM users UNION SELECT addresses.email FROM addresses ORDER BY name DESC"},
      {la.union(la.select(users.c.name), la.select(addresses.c.email)):order_by(users.c.name),
        "SELECT users.name FROM users UNION SELECT addresses.email FROM addresses ORDER BY name"},
      {la.union(la.select(users.c.id), la.select(addresses.c.id)):group_by("id"),
        "SELECT users.id FROM users UNION SELECT addresses.id FROM addresses GROUP BY id"},
      {la.select(users.c.id):where(users.c.id:in_(la.union(la.select(addresses.c.id), la.select(orders.c.id)))),
        "SELECT users.id FROM users WHERE users.id IN (SELECT addresses.id FROM addresses UNION SELECT orders.id FROM orders)"},
      {la.select(users.c.name):where(la.exists():where(addresses.c.user_id:eq(users.c.id))),
        "SELECT users.name FROM users WHERE EXISTS (SELECT * FROM addresses WHERE addresses.user_id = users.id)"},
      {la.select(users.c.name):where(la.exists(addresses.c.id):where(addresses.c.user_id:eq(users.c.id))),
        "SELECT users.name FROM users WHERE EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id)"},
      {la.select(users.c.name):where(la.select(addresses.c.id):where(addresses.c.user_id:eq(users.c.id)):correlate(users):exists()),
        "SELECT users.name FROM users WHERE EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id)"},
    }
  end)

  it("correlates and joins (SEL-12, SEL-04)", function()
    check {
      {la.select(users.c.name):where(la.select(addresses.c.id):where(addresses.c.user_id:eq(users.c.id)):correlate_except(addresses):exists()),
        "SELECT users.name FROM users WHERE EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = users.id)"},
      {la.select(users.c.name, la.select(la.func.count(addresses.c.id)):where(addresses.c.user_id:eq(users.c.id)):scalar_subquery():label("n")),
        "SELECT users.name, (SELECT count(addresses.id) AS count_1 FROM addresses WHERE addresses.user_id = users.id) AS n FROM users"},
      {la.select(users.c.name):select_from(users):where(users.c.id:eq(la.select(addresses.c.user_id):where(addresses.c.id:eq(users.c.id)):scalar_subquery())),
        "SELECT users.name FROM users WHERE users.id = (SELECT addresses.user_id FROM addresses WHERE addresses.id = users.id)"},
      {la.select(users.c.name):with_only_columns(users.c.id), "SELECT users.id FROM users"},
      {la.select(users.c.name):where(addresses.c.id:eq(1)):with_only_columns(users.c.id, {maintain_column_froms = true}),
        "SELECT users.id FROM users, addresses WHERE addresses.id = 1"},
      {la.select(users.c.name):join_from(users, addresses):join(orders, orders.c.user_id:eq(users.c.id)),
        "SELECT users.name FROM users JOIN addresses ON users.id = addresses.user_id JOIN orders ON orders.user_id = users.id"},
      {la.select(users.c.name):outerjoin_from(users, addresses),
        "SELECT users.name FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id"},
      {la.select(users.c.name):join(addresses, {full = true}),
        "SELECT users.name FROM users FULL OUTER JOIN addresses ON users.id = addresses.user_id"},
      {la.select(users.c.name):join(addresses, {isouter = true}):where(addresses.c.id:is_(nil)),
        "SELECT users.name FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id WHERE addresses.id IS NULL"},
      {la.select(users.c.name):select_from(users:join(addresses):outerjoin(orders, orders.c.address_id:eq(addresses.c.id))),
        "SELECT users.name FROM users JOIN addresses ON users.id = addresses.user_id LEFT OUTER JOIN orders ON orders.address_id = addresses.id"},
    }
  end)

  it("locks, hints, sorts and limits (SEL-05, SEL-06, SEL-08, SEL-18)", function()
    check {
      {la.select(users.c.name):prefix_with("ALL"):suffix_with("X"), "SELECT ALL users.name FROM users X"},
      {la.select(users.c.name):prefix_with("ALL", {dialect = "mysql"}), "SELECT users.name FROM users"},
      {la.select(users.c.name):with_hint(users, "INDEXED BY q", "sqlite"), "SELECT users.name FROM users"},
      {la.select(users.c.name):with_statement_hint("H", "sqlite"), "SELECT users.name FROM users H"},
      {la.select(users.c.name):distinct(), "SELECT DISTINCT users.name FROM users"},
      {la.select(users.c.name):distinct(users.c.id), "SELECT DISTINCT users.name FROM users"},
      {la.select(users.c.name):limit(5):offset(2), "SELECT users.name FROM users LIMIT 5 OFFSET 2"},
      {la.select(users.c.name):fetch(5), "SELECT users.name FROM users FETCH FIRST 5 ROWS ONLY"},
      {la.select(users.c.name):fetch(5, {with_ties = true}),
        "SELECT users.name FROM users FETCH FIRST 5 ROWS WITH TIES"},
      {la.select(users.c.name):slice(2, 5), "SELECT users.name FROM users LIMIT 3 OFFSET 2"},
      {la.select(users.c.name):order_by(users.c.name:desc():nulls_last(), users.c.id:nulls_first()),
        "SELECT users.name FROM users ORDER BY users.name DESC NULLS LAST, users.id NULLS FIRST"},
      {la.select(users.c.name):order_by(nil), "SELECT users.name FROM users"},
      {la.select(users.c.name):order_by(users.c.id):order_by(nil):order_by(users.c.name),
        "SELECT users.name FROM users ORDER BY users.name"},
      {la.select(users.c.name):group_by(users.c.name):group_by(nil), "SELECT users.name FROM users"},
      {la.select(users.c.name:label("q")):group_by("q"):having(la.func.count():gt(1)):order_by("q"),
        "SELECT users.name AS q FROM users GROUP BY q HAVING count(*) > 1 ORDER BY q"},
      {la.select((users.c.id + 1):label("q")):order_by(la.desc("q"), users.c.name),
        "SELECT users.id + 1 AS q FROM users ORDER BY q DESC, users.name"},
      {la.select((users.c.id + 1):label("q")):group_by((users.c.id + 1):label("q")),
        "SELECT users.id + 1 AS q FROM users GROUP BY users.id + 1"},
      {la.select(users.c.id:label("name")):order_by("name"), "SELECT users.id AS name FROM users ORDER BY name"},
    }
  end)

  it("inserts (DML-01, DML-03)", function()
    check {
      {la.insert(users):values({{name = "a", age = 1}, {name = "b", age = la.func.abs((-(3)))}}),
        "INSERT INTO users (name, age) VALUES ('a', 1), ('b', abs(-3))"},
      {la.insert(users):values({{50, "x"}, {51, "y"}}), "INSERT INTO users (id, name) VALUES (50, 'x'), (51, 'y')"},
      {la.insert(users):values({name = la.func.lower("X")}), "INSERT INTO users (name) VALUES (lower('X'))"},
      {la.insert(users):values({name = la.select(addresses.c.email):limit(1):scalar_subquery()}),
        "INSERT INTO users (name) VALUES ((SELECT addresses.email FROM addresses LIMIT 1 OFFSET 0))"},
      {la.insert(users):values({[users.c.name] = "q"}), "INSERT INTO users (name) VALUES ('q')"},
      {la.insert(users):values({name = "a"}):values({age = 5}), "INSERT INTO users (name, age) VALUES ('a', 5)"},
      {la.insert(users):inline():values({name = "a"}), "INSERT INTO users (name) VALUES ('a')"},
      {la.insert(users):prefix_with("OR REPLACE"):values({name = "a"}),
        "INSERT OR REPLACE INTO users (name) VALUES ('a')"},
      {la.insert(keyed):values({k = 5, y = 6}), "INSERT INTO keyed (x, y) VALUES (5, 6)"},
      {la.insert(comp):values({x = 1}), "INSERT INTO comp (x) VALUES (1)"},
    }
  end)

  it("updates and deletes (DML-08, DML-10)", function()
    check {
      {la.delete(users):where(users.c.name:eq("x"), users.c.age:gt(5)),
        "DELETE FROM users WHERE users.name = 'x' AND users.age > 5"},
      {la.delete(users):filter_by({name = "x"}), "DELETE FROM users WHERE users.name = 'x'"},
      {la.delete(u):where(u.c.id:eq(7)), "DELETE FROM users AS u WHERE u.id = 7"},
      {la.delete(users):where(users.c.id:eq(la.select(la.func.max(addresses.c.id)):scalar_subquery())):returning(users.c.name),
        "DELETE FROM users WHERE users.id = (SELECT max(addresses.id) AS max_1 FROM addresses) RETURNING name"},
    }
  end)
end)
