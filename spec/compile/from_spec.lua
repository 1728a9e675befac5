-- SPDX-License-Identifier: MIT
-- FROM: joins, aliases, subqueries, and what else rows come from.
--
-- The texts are those that SQLAlchemy 2.1 prints for the same statements; white space does not count. One text
-- serves both dialects, or there is one for each.
local la = require "lualchemy"
local check = require "spec.support.compiled"
local tables = require "spec.support.tables"
local users, addresses, orders = tables.users, tables.addresses, tables.orders
local nodes, thing = tables.nodes, tables.thing
local u, a, o = users.c, addresses.c, orders.c

describe("FROM compiles", function()
  it("SEL-04 joins", function()
    check {
      {la.select(users):join(addresses),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users JOIN addresses ON users.id = addresses.user_id"},
      {la.select(u.id, a.email):join(addresses),
        "SELECT users.id, addresses.email FROM users JOIN addresses ON users.id = addresses.user_id"},
      {la.select(u.id, a.email):join_from(users, addresses),
        "SELECT users.id, addresses.email FROM users JOIN addresses ON users.id = addresses.user_id"},
      {la.select(a.email):select_from(users):join(addresses),
        "SELECT addresses.email FROM users JOIN addresses ON users.id = addresses.user_id"},
      {la.select(a.email):join(users),
        "SELECT addresses.email FROM addresses JOIN users ON users.id = addresses.user_id"},
      {la.select(users):outerjoin(addresses),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users LEFT OUTER JOIN addresses ON users.id = \z
          addresses.user_id"},
      {la.select(users):join(addresses, {isouter = true}),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users LEFT OUTER JOIN addresses ON users.id = \z
          addresses.user_id"},
      {la.select(users):join(addresses, {full = true}),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users FULL OUTER JOIN addresses ON users.id = \z
          addresses.user_id"},
      {la.select(users):join(addresses, u.id:eq(a.user_id)),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users JOIN addresses ON users.id = addresses.user_id"},
      {la.select(users):join(addresses):join(orders),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users JOIN addresses ON users.id = addresses.user_id JOIN \z
          orders ON users.id = orders.user_id"},
      {la.select(users):join(addresses, la.and_(u.id:eq(a.user_id), u.active)),
        default = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                    users.score, users.data, users.born, users.seen FROM users JOIN addresses ON users.id = \z
                    addresses.user_id AND users.active",
        sqlite = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                   users.score, users.data, users.born, users.seen FROM users JOIN addresses ON users.id = \z
                   addresses.user_id AND users.active = 1"},
      {la.select(users):select_from(users:join(addresses)),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users JOIN addresses ON users.id = addresses.user_id"},
      {la.select(users):select_from(users:outerjoin(addresses):join(orders, u.id:eq(o.user_id))),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id \z
          JOIN orders ON users.id = orders.user_id"},
      {la.select(users:join(addresses)),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen, addresses.id AS id_1, addresses.user_id, addresses.email FROM users \z
          JOIN addresses ON users.id = addresses.user_id"},
      {la.select(users, orders):join(addresses),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen, orders.id AS id_1, orders.user_id, orders.total, orders.note, \z
          orders.state FROM users JOIN addresses ON users.id = addresses.user_id, orders"},
      {la.select(users):join(orders):where(a.id:eq(1)),
        default = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                    users.score, users.data, users.born, users.seen FROM users JOIN orders ON users.id = \z
                    orders.user_id, addresses WHERE addresses.id = :id_1",
        sqlite = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                   users.score, users.data, users.born, users.seen FROM users JOIN orders ON users.id = \z
                   orders.user_id, addresses WHERE addresses.id = ?"},
      {la.select(la.literal(1)):join(users),
        "error: Don't know how to join to "},
      {users:join(addresses),
        "users JOIN addresses ON users.id = addresses.user_id"},
      {la.select(users):join(nodes),
        "error: Don't know how to join to "},
    }
  end)

  it("SEL-10 aliases", function()
    check {
      {la.select(users:alias()),
        "SELECT users_1.id, users_1.name, users_1.fullname, users_1.age, users_1.active, users_1.balance, \z
          users_1.score, users_1.data, users_1.born, users_1.seen FROM users AS users_1"},
      {la.select(users:alias("x")),
        "SELECT x.id, x.name, x.fullname, x.age, x.active, x.balance, x.score, x.data, x.born, x.seen FROM \z
          users AS x"},
      {la.select(users:alias().c.id, users:alias().c.id),
        "SELECT users_1.id, users_2.id AS id_1 FROM users AS users_1, users AS users_2"},
      {la.select(users:alias("x"), users),
        "SELECT x.id, x.name, x.fullname, x.age, x.active, x.balance, x.score, x.data, x.born, x.seen, users.id \z
          AS id_1, users.name AS name_1, users.fullname AS fullname_1, users.age AS age_1, users.active AS \z
          active_1, users.balance AS balance_1, users.score AS score_1, users.data AS data_1, users.born AS \z
          born_1, users.seen AS seen_1 FROM users AS x, users"},
      {la.select(users):join(addresses:alias("k")),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users JOIN addresses AS k ON users.id = k.user_id"},
      {la.select(thing:alias("x")),
        "SELECT x.id, x.x FROM main.thing AS x"},
    }
  end)

  it("SEL-11 SEL-22 subqueries", function()
    check {
      {la.select(la.select(u.id, u.name):subquery()),
        "SELECT anon_1.id, anon_1.name FROM (SELECT users.id AS id, users.name AS name FROM users) AS anon_1"},
      {la.select(la.select(u.id):subquery("s").c.id),
        "SELECT s.id FROM (SELECT users.id AS id FROM users) AS s"},
      {la.select(la.select(u.id, a.id):subquery()),
        "SELECT anon_1.id, anon_1.id_1 FROM (SELECT users.id AS id, addresses.id AS id_1 FROM users, addresses) \z
          AS anon_1"},
      {la.select(la.select(la.func.count(u.id)):subquery()),
        "SELECT anon_1.count_1 FROM (SELECT count(users.id) AS count_1 FROM users) AS anon_1"},
      {la.select(la.select(la.func.count(u.id):label("n"), u.age):group_by(u.age):subquery().c.n),
        "SELECT anon_1.n FROM (SELECT count(users.id) AS n, users.age AS age FROM users GROUP BY users.age) AS \z
          anon_1"},
      {la.select(la.select(u.id + 1, la.literal(3)):subquery()),
        default = "SELECT anon_2.anon_1, anon_2.anon_3 FROM (SELECT users.id + :id_1 AS anon_1, :param_1 AS \z
                    anon_3 FROM users) AS anon_2",
        sqlite = "SELECT anon_2.anon_1, anon_2.anon_3 FROM (SELECT users.id + ? AS anon_1, ? AS anon_3 FROM \z
                   users) AS anon_2"},
      {la.select(la.select(users):where(u.id:eq(1)):subquery()),
        default = "SELECT anon_1.id, anon_1.name, anon_1.fullname, anon_1.age, anon_1.active, anon_1.balance, \z
                    anon_1.score, anon_1.data, anon_1.born, anon_1.seen FROM (SELECT users.id AS id, users.name \z
                    AS name, users.fullname AS fullname, users.age AS age, users.active AS active, users.balance \z
                    AS balance, users.score AS score, users.data AS data, users.born AS born, users.seen AS seen \z
                    FROM users WHERE users.id = :id_1) AS anon_1",
        sqlite = "SELECT anon_1.id, anon_1.name, anon_1.fullname, anon_1.age, anon_1.active, anon_1.balance, \z
                   anon_1.score, anon_1.data, anon_1.born, anon_1.seen FROM (SELECT users.id AS id, users.name AS \z
                   name, users.fullname AS fullname, users.age AS age, users.active AS active, users.balance AS \z
                   balance, users.score AS score, users.data AS data, users.born AS born, users.seen AS seen FROM \z
                   users WHERE users.id = ?) AS anon_1"},
      {la.select(users):join(la.select(a.user_id, la.func.count():label("n")):group_by(a.user_id):subquery("s")),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users JOIN (SELECT addresses.user_id AS user_id, count(*) AS n \z
          FROM addresses GROUP BY addresses.user_id) AS s ON users.id = s.user_id"},
      {la.select(la.select(users):alias("q"):alias("r")),
        "SELECT r.id, r.name, r.fullname, r.age, r.active, r.balance, r.score, r.data, r.born, r.seen FROM \z
          (SELECT users.id AS id, users.name AS name, users.fullname AS fullname, users.age AS age, users.active \z
          AS active, users.balance AS balance, users.score AS score, users.data AS data, users.born AS born, \z
          users.seen AS seen FROM users) AS r"},
      {la.select(la.select(u.id:label("a b")):subquery()),
        "SELECT anon_1.\"a b\" FROM (SELECT users.id AS \"a b\" FROM users) AS anon_1"},
    }
  end)

  it("SEL-02 FROM of other kinds", function()
    check {
      {la.select(users:alias()):where(users:alias().c.id:eq(1)),
        default = "SELECT users_1.id, users_1.name, users_1.fullname, users_1.age, users_1.active, \z
                    users_1.balance, users_1.score, users_1.data, users_1.born, users_1.seen FROM users AS \z
                    users_1, users AS users_2 WHERE users_2.id = :id_1",
        sqlite = "SELECT users_1.id, users_1.name, users_1.fullname, users_1.age, users_1.active, \z
                   users_1.balance, users_1.score, users_1.data, users_1.born, users_1.seen FROM users AS \z
                   users_1, users AS users_2 WHERE users_2.id = ?"},
      {la.select(la.table("tt", la.column("x"), la.column("y"))),
        "SELECT tt.x, tt.y FROM tt"},
      {la.select(la.column("x")):select_from(la.text("foo")),
        "SELECT x FROM foo"},
      {la.select(la.column("x")):select_from(la.table("tt")),
        "SELECT x FROM tt"},
      {la.select(la.text("x, y")):select_from(users),
        "SELECT x, y FROM users"},
      {la.select(la.text("SELECT 1"):columns(la.column("q")):subquery("z").c.q),
        "SELECT z.q FROM (SELECT 1) AS z"},
      {la.text("SELECT 1"):columns(la.column("q")),
        "SELECT 1"},
    }
  end)

  it("SEL-15 VALUES", function()
    check {
      {la.select(la.values(la.column("x", la.Integer), la.column("y", la.String), {name = "v"})
        :data{{1, "a"}, {2, "b"}}),
        default = "SELECT v.x, v.y FROM (VALUES (:param_1, :param_2), (:param_3, :param_4)) AS v (x, y)",
        sqlite = "SELECT v.x, v.y FROM (VALUES (?, ?), (?, ?)) AS v (x, y)"},
    }
  end)

  it("FN-05 functions in FROM", function()
    check {
      {la.select(la.func.json_each(u.data):table_valued("value")),
        "SELECT anon_1.value FROM json_each(users.data) AS anon_1"},
      {la.select(la.func.json_each(u.data):table_valued("key", "value", {name = "j"}).c.value),
        "SELECT j.value FROM json_each(users.data) AS j"},
      {la.select(la.func.generate_series(1, 5):column_valued("x")),
        default = "SELECT x FROM generate_series(:generate_series_1, :generate_series_2) AS x",
        sqlite = "SELECT x FROM generate_series(?, ?) AS x"},
      {la.select(la.column("x")):select_from(la.func.generate_series(1, 5)),
        default = "SELECT x FROM generate_series(:generate_series_1, :generate_series_2)",
        sqlite = "SELECT x FROM generate_series(?, ?)"},
    }
  end)
end)
