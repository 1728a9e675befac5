-- SPDX-License-Identifier: MIT
-- Larger statements: several features at once, most of them from the examples of SQLAlchemy's tutorial.
--
-- The texts are those that SQLAlchemy 2.1 prints for the same statements; white space does not count. One text
-- serves both dialects, or there is one for each.
local la = require "lualchemy"
local check = require "spec.support.compiled"
local tables = require "spec.support.tables"
local users, addresses, orders, nodes = tables.users, tables.addresses, tables.orders, tables.nodes
local u, a, o, n = users.c, addresses.c, orders.c, nodes.c

describe("larger statements compile", function()
  it("SEL-05 labels", function()
    check {
      {(function(l) return la.select(l):where(l:gt(5)):order_by(l) end)((u.id + 1):label("q")),
        default = "SELECT users.id + :id_1 AS q FROM users WHERE users.id + :id_1 > :param_1 ORDER BY q",
        sqlite = "SELECT users.id + ? AS q FROM users WHERE users.id + ? > ? ORDER BY q"},
      {(function(l) return la.select(l, u.name):group_by(l):order_by(l:desc()) end)((u.id + 1):label("q")),
        default = "SELECT users.id + :id_1 AS q, users.name FROM users GROUP BY users.id + :id_1 ORDER BY q DESC",
        sqlite = "SELECT users.id + ? AS q, users.name FROM users GROUP BY users.id + ? ORDER BY q DESC"},
      {(function(l) return la.select(u.name):order_by(l) end)((u.id + 1):label("q")),
        default = "SELECT users.name FROM users ORDER BY users.id + :id_1",
        sqlite = "SELECT users.name FROM users ORDER BY users.id + ?"},
      {la.select(la.func.count(u.id):label("n"), u.name):group_by(u.name)
        :having(la.func.count(u.id):gt(1)):order_by(la.desc("n"), u.name),
        default = "SELECT count(users.id) AS n, users.name FROM users GROUP BY users.name HAVING \z
                    count(users.id) > :count_1 ORDER BY n DESC, users.name",
        sqlite = "SELECT count(users.id) AS n, users.name FROM users GROUP BY users.name HAVING count(users.id) \z
                   > ? ORDER BY n DESC, users.name"},
      {la.select(("Username: " .. u.name):label("username")):order_by(u.name),
        default = "SELECT :name_1 || users.name AS username FROM users ORDER BY users.name",
        sqlite = "SELECT ? || users.name AS username FROM users ORDER BY users.name"},
      {la.select(la.text("'some phrase'"), u.name):order_by(u.name),
        "SELECT 'some phrase', users.name FROM users ORDER BY users.name"},
      {la.select(la.literal_column("'some phrase'"):label('p'), u.name):order_by(u.name),
        "SELECT 'some phrase' AS p, users.name FROM users ORDER BY users.name"},
      {la.select(la.func.count("*")):select_from(users),
        default = "SELECT count(:count_2) AS count_1 FROM users",
        sqlite = "SELECT count(?) AS count_1 FROM users"},
      {la.select(u.name, la.func.count(a.id):label("count")):join(addresses)
        :group_by(u.name):having(la.func.count(a.id):gt(1)),
        default = "SELECT users.name, count(addresses.id) AS count FROM users JOIN addresses ON users.id = \z
                    addresses.user_id GROUP BY users.name HAVING count(addresses.id) > :count_1",
        sqlite = "SELECT users.name, count(addresses.id) AS count FROM users JOIN addresses ON users.id = \z
                   addresses.user_id GROUP BY users.name HAVING count(addresses.id) > ?"},
      {la.select(u.id):add_columns(u.name, la.func.max(u.age)),
        "SELECT users.id, users.name, max(users.age) AS max_1 FROM users"},
      {la.select(u.id):with_only_columns(u.name),
        "SELECT users.name FROM users"},
      {la.select(users):join(addresses):with_only_columns(la.func.count()),
        "SELECT count(*) AS count_1 FROM users JOIN addresses ON users.id = addresses.user_id"},
      {la.select(users):where(u.id:eq(1)):with_only_columns(a.id),
        default = "SELECT addresses.id FROM addresses, users WHERE users.id = :id_1",
        sqlite = "SELECT addresses.id FROM addresses, users WHERE users.id = ?"},
      {la.select(users):where(u.id:eq(1)):with_only_columns(la.func.count(), {maintain_column_froms = true}),
        default = "SELECT count(*) AS count_1 FROM users WHERE users.id = :id_1",
        sqlite = "SELECT count(*) AS count_1 FROM users WHERE users.id = ?"},
      {la.select(la.distinct(u.name)),
        "SELECT DISTINCT users.name FROM users"},
      {la.select(la.func.count(la.distinct(u.name))),
        "SELECT count(DISTINCT users.name) AS count_1 FROM users"},
    }
  end)

  it("SEL-10 aliases", function()
    check {
      {(function(x, y) return la.select(x.c.name, y.c.name):join_from(x, y, x.c.id
        :gt(y.c.id)) end)(users:alias(), users:alias()),
        "SELECT users_1.name, users_2.name AS name_1 FROM users AS users_1 JOIN users AS users_2 ON users_1.id \z
          > users_2.id"},
      {(function(x) return la.select(nodes, x):join(x, n.parent_id:eq(x.c.id)) end)(nodes:alias("parent")),
        "SELECT nodes.id, nodes.parent_id, nodes.\"Name\", nodes.\"select\", parent.id AS id_1, \z
          parent.parent_id AS parent_id_1, parent.\"Name\" AS \"Name_1\", parent.\"select\" AS select_1 FROM \z
          nodes JOIN nodes AS parent ON nodes.parent_id = parent.id"},
      {(function(s) return la.select(u.name, s.c.c):join_from(users, s) end)(la.select(la.func.count(a.id)
        :label("c"), a.user_id):group_by(a.user_id):subquery()),
        "SELECT users.name, anon_1.c FROM users JOIN (SELECT count(addresses.id) AS c, addresses.user_id AS \z
          user_id FROM addresses GROUP BY addresses.user_id) AS anon_1 ON users.id = anon_1.user_id"},
      {(function(s) return la.select(u.name, s.c.c):join_from(users, s) end)(la.select(la.func.count(a.id)
        :label("c"), a.user_id):group_by(a.user_id):cte()),
        "WITH anon_1 AS (SELECT count(addresses.id) AS c, addresses.user_id AS user_id FROM addresses GROUP BY \z
          addresses.user_id) SELECT users.name, anon_1.c FROM users JOIN anon_1 ON users.id = anon_1.user_id"},
      {(function(s) return la.select(s.c.id, s.c.name:label("z"), s)
        :where(s.c.id:in_{1, 2}) end)(la.select(u.id, u.name):where(u.id
        :gt(3)):subquery("k")),
        default = "SELECT k.id, k.name AS z, k.id AS id__1, k.name FROM (SELECT users.id AS id, users.name AS \z
                    name FROM users WHERE users.id > :id_1) AS k WHERE k.id IN (__[POSTCOMPILE_id_2])",
        sqlite = "SELECT k.id, k.name AS z, k.id AS id__1, k.name FROM (SELECT users.id AS id, users.name AS \z
                   name FROM users WHERE users.id > ?) AS k WHERE k.id IN (__[POSTCOMPILE_id_2])"},
      {(function(s) return la.select(s.c.id):where(s.c.name:eq("x"))
        :where(u.id:eq(s.c.id)) end)(la.select(u.id, u.name):subquery()),
        default = "SELECT anon_1.id FROM (SELECT users.id AS id, users.name AS name FROM users) AS anon_1, \z
                    users WHERE anon_1.name = :name_1 AND users.id = anon_1.id",
        sqlite = "SELECT anon_1.id FROM (SELECT users.id AS id, users.name AS name FROM users) AS anon_1, users \z
                   WHERE anon_1.name = ? AND users.id = anon_1.id"},
      {la.select(o.st, orders):where(o.st:eq("x")),
        default = "SELECT orders.state, orders.id, orders.user_id, orders.total, orders.note, orders.state AS \z
                    state__1 FROM orders WHERE orders.state = :st_1",
        sqlite = "SELECT orders.state, orders.id, orders.user_id, orders.total, orders.note, orders.state AS \z
                   state__1 FROM orders WHERE orders.state = ?"},
      {la.select(la.select(orders):subquery().c.st),
        "SELECT anon_1.state FROM (SELECT orders.id AS id, orders.user_id AS user_id, orders.total AS total, \z
          orders.note AS note, orders.state AS state FROM orders) AS anon_1"},
      {la.select(orders:alias("q").c.st),
        "SELECT q.state FROM orders AS q"},
      {la.select(users:alias("select"), users:alias("Mixed")),
        "SELECT \"select\".id, \"select\".name, \"select\".fullname, \"select\".age, \"select\".active, \z
          \"select\".balance, \"select\".score, \"select\".data, \"select\".born, \"select\".seen, \"Mixed\".id \z
          AS id_1, \"Mixed\".name AS name_1, \"Mixed\".fullname AS fullname_1, \"Mixed\".age AS age_1, \z
          \"Mixed\".active AS active_1, \"Mixed\".balance AS balance_1, \"Mixed\".score AS score_1, \z
          \"Mixed\".data AS data_1, \"Mixed\".born AS born_1, \"Mixed\".seen AS seen_1 FROM users AS \"select\", \z
          users AS \"Mixed\""},
      {la.select(la.func.count()):select_from(la.select(u.id):where(u.id:gt(1)):subquery()),
        default = "SELECT count(*) AS count_1 FROM (SELECT users.id AS id FROM users WHERE users.id > :id_1) AS \z
                    anon_1",
        sqlite = "SELECT count(*) AS count_1 FROM (SELECT users.id AS id FROM users WHERE users.id > ?) AS anon_1"},
      {la.select(la.func.count()):select_from(la.select(users):join(addresses):distinct():limit(3):subquery()),
        default = "SELECT count(*) AS count_1 FROM (SELECT DISTINCT users.id AS id, users.name AS name, \z
                    users.fullname AS fullname, users.age AS age, users.active AS active, users.balance AS \z
                    balance, users.score AS score, users.data AS data, users.born AS born, users.seen AS seen \z
                    FROM users JOIN addresses ON users.id = addresses.user_id LIMIT :param_1) AS anon_1",
        sqlite = "SELECT count(*) AS count_1 FROM (SELECT DISTINCT users.id AS id, users.name AS name, \z
                   users.fullname AS fullname, users.age AS age, users.active AS active, users.balance AS \z
                   balance, users.score AS score, users.data AS data, users.born AS born, users.seen AS seen FROM \z
                   users JOIN addresses ON users.id = addresses.user_id LIMIT ? OFFSET ?) AS anon_1"},
    }
  end)

  it("SEL-12 scalar subqueries", function()
    check {
      {(function(s) return la.select(u.name, s:label("address_count")) end)(la.select(la.func.count(a.id))
        :where(u.id:eq(a.user_id)):scalar_subquery()),
        "SELECT users.name, (SELECT count(addresses.id) AS count_1 FROM addresses WHERE users.id = \z
          addresses.user_id) AS address_count FROM users"},
      {(function(s) return la.select(u.name, a.email, s:label("c")):join_from(users, addresses)
        :order_by(u.id, a.id) end)(la.select(la.func.count(a.id)):where(u.id
        :eq(a.user_id)):scalar_subquery():correlate(users)),
        "SELECT users.name, addresses.email, (SELECT count(addresses.id) AS count_1 FROM addresses WHERE \z
          users.id = addresses.user_id) AS c FROM users JOIN addresses ON users.id = addresses.user_id ORDER BY \z
          users.id, addresses.id"},
      {la.select(u.name):where(~la.select(a.user_id):where(u.id:eq(a.user_id)):exists()),
        "SELECT users.name FROM users WHERE NOT (EXISTS (SELECT addresses.user_id FROM addresses WHERE users.id \z
          = addresses.user_id))"},
      {la.select(u.name):where(la.select(la.func.count(a.id)):where(a.user_id:eq(u.id)):scalar_subquery():gt(2)),
        default = "SELECT users.name FROM users WHERE (SELECT count(addresses.id) AS count_1 FROM addresses \z
                    WHERE addresses.user_id = users.id) > :param_1",
        sqlite = "SELECT users.name FROM users WHERE (SELECT count(addresses.id) AS count_1 FROM addresses \z
                   WHERE addresses.user_id = users.id) > ?"},
      {la.select(u.name):order_by(la.select(la.func.count(a.id)):where(a.user_id:eq(u.id)):scalar_subquery():desc()),
        "SELECT users.name FROM users ORDER BY (SELECT count(addresses.id) AS count_1 FROM addresses WHERE \z
          addresses.user_id = users.id) DESC"},
      {la.select(u.name, la.exists():where(a.user_id:eq(u.id)):label("has")),
        "SELECT users.name, EXISTS (SELECT * FROM addresses WHERE addresses.user_id = users.id) AS has FROM users"},
      {la.select(la.exists():where(u.id:eq(1))),
        default = "SELECT EXISTS (SELECT * FROM users WHERE users.id = :id_1) AS anon_1",
        sqlite = "SELECT EXISTS (SELECT * FROM users WHERE users.id = ?) AS anon_1"},
      {la.select(la.select(u.id):exists()),
        "SELECT EXISTS (SELECT users.id FROM users) AS anon_1"},
      {la.select(u.name):where(u.id:in_(la.select(a.user_id):where(a.email
        :like("%x"))), u.id:not_in(la.select(o.user_id))),
        default = "SELECT users.name FROM users WHERE users.id IN (SELECT addresses.user_id FROM addresses \z
                    WHERE addresses.email LIKE :email_1) AND (users.id NOT IN (SELECT orders.user_id FROM \z
                    orders))",
        sqlite = "SELECT users.name FROM users WHERE users.id IN (SELECT addresses.user_id FROM addresses WHERE \z
                   addresses.email LIKE ?) AND (users.id NOT IN (SELECT orders.user_id FROM orders))"},
      {la.select(users):where(la.exists():where(a.user_id:eq(u.id)):correlate(users))
        :where(u.id:in_(la.select(o.user_id):where(o.total:gt(la.func.coalesce(u.age, 0))))),
        default = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                    users.score, users.data, users.born, users.seen FROM users WHERE (EXISTS (SELECT * FROM \z
                    addresses WHERE addresses.user_id = users.id)) AND users.id IN (SELECT orders.user_id FROM \z
                    orders WHERE orders.total > coalesce(users.age, :coalesce_1))",
        sqlite = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                   users.score, users.data, users.born, users.seen FROM users WHERE (EXISTS (SELECT * FROM \z
                   addresses WHERE addresses.user_id = users.id)) AND users.id IN (SELECT orders.user_id FROM \z
                   orders WHERE orders.total > coalesce(users.age, ?))"},
    }
  end)

  it("SEL-14 compounds in compounds", function()
    check {
      {(function(q) return la.select(q):order_by(q.c.name, q.c.id) end)(la.union_all(la.select(u.id,
        u.name):where(u.name:eq("a")), la.select(u.id, u.name):where(u.name
        :eq("b"))):subquery()),
        default = "SELECT anon_1.id, anon_1.name FROM (SELECT users.id AS id, users.name AS name FROM users \z
                    WHERE users.name = :name_1 UNION ALL SELECT users.id AS id, users.name AS name FROM users \z
                    WHERE users.name = :name_2) AS anon_1 ORDER BY anon_1.name, anon_1.id",
        sqlite = "SELECT anon_1.id, anon_1.name FROM (SELECT users.id AS id, users.name AS name FROM users \z
                   WHERE users.name = ? UNION ALL SELECT users.id AS id, users.name AS name FROM users WHERE \z
                   users.name = ?) AS anon_1 ORDER BY anon_1.name, anon_1.id"},
      {la.union(la.select(u.id, u.name), la.select(a.id, a.email)):order_by(la.desc("name")):limit(2):offset(1),
        default = "SELECT users.id, users.name FROM users UNION SELECT addresses.id, addresses.email FROM \z
                    addresses ORDER BY name DESC LIMIT :param_1 OFFSET :param_2",
        sqlite = "SELECT users.id, users.name FROM users UNION SELECT addresses.id, addresses.email FROM \z
                   addresses ORDER BY name DESC LIMIT ? OFFSET ?"},
      {la.except_(la.union(la.select(u.id), la.select(a.id)), la.select(o.id)),
        "(SELECT users.id FROM users UNION SELECT addresses.id FROM addresses) EXCEPT SELECT orders.id FROM \z
          orders"},
      {la.union(la.select(la.func.count(u.id)), la.select(la.func.count(a.id))),
        "SELECT count(users.id) AS count_1 FROM users UNION SELECT count(addresses.id) AS count_2 FROM addresses"},
      {la.select(la.union(la.select(la.func.count(u.id):label("n")), la.select(la.func.count(a.id))):subquery().c.n),
        "SELECT anon_1.n FROM (SELECT count(users.id) AS n FROM users UNION SELECT count(addresses.id) AS \z
          count_1 FROM addresses) AS anon_1"},
      {la.union(la.select(u.id):where(u.id:eq(1)), la.select(u.id):where(u.id:eq(2))):scalar_subquery(),
        default = "(SELECT users.id FROM users WHERE users.id = :id_1 UNION SELECT users.id FROM users WHERE \z
                    users.id = :id_2)",
        sqlite = "(SELECT users.id FROM users WHERE users.id = ? UNION SELECT users.id FROM users WHERE \z
                   users.id = ?)"},
    }
  end)

  it("SEL-13 more CTEs", function()
    check {
      {(function(c, d) return la.select(c.c.id, d.c.id):join_from(c, d, c.c.id
        :eq(d.c.id)):where(c.c.id:eq(3)) end)(la.select(u.id):where(u.id
        :eq(1)):cte("c"), la.select(a.id):where(a.id:eq(2)):cte("d")),
        default = "WITH c AS (SELECT users.id AS id FROM users WHERE users.id = :id_2), d AS (SELECT \z
                    addresses.id AS id FROM addresses WHERE addresses.id = :id_3) SELECT c.id, d.id AS id_1 FROM \z
                    c JOIN d ON c.id = d.id WHERE c.id = :id_4",
        sqlite = "WITH c AS (SELECT users.id AS id FROM users WHERE users.id = ?), d AS (SELECT addresses.id AS \z
                   id FROM addresses WHERE addresses.id = ?) SELECT c.id, d.id AS id_1 FROM c JOIN d ON c.id = \z
                   d.id WHERE c.id = ?"},
      {(function(c) return la.select(c:union_all(la.select(n.id, c.c.depth + 1)
        :where(n.parent_id:eq(c.c.id)))):where(la.column("depth"):lt(5)) end)(la.select(n.id, la.literal(0)
        :label("depth")):where(n.parent_id:eq(nil)):cte("t", {recursive = true})),
        default = "WITH RECURSIVE t(id, depth) AS (SELECT nodes.id AS id, :param_1 AS depth FROM nodes WHERE \z
                    nodes.parent_id IS NULL UNION ALL SELECT nodes.id AS id, t.depth + :depth_1 AS anon_1 FROM \z
                    nodes, t WHERE nodes.parent_id = t.id) SELECT t.id, t.depth FROM t WHERE depth < :depth_2",
        sqlite = "WITH RECURSIVE t(id, depth) AS (SELECT nodes.id AS id, ? AS depth FROM nodes WHERE \z
                   nodes.parent_id IS NULL UNION ALL SELECT nodes.id AS id, t.depth + ? AS anon_1 FROM nodes, t \z
                   WHERE nodes.parent_id = t.id) SELECT t.id, t.depth FROM t WHERE depth < ?"},
      {(function(c) local al = c:alias() return la.select(c:union(la.select(n.id)
        :join(al, n.parent_id:eq(al.c.id)))) end)(la.select(n.id):where(n.id
        :eq(1)):cte("t", {recursive = true})),
        default = "WITH RECURSIVE t(id) AS (SELECT nodes.id AS id FROM nodes WHERE nodes.id = :id_1 UNION \z
                    SELECT nodes.id AS id FROM nodes JOIN t AS anon_1 ON nodes.parent_id = anon_1.id) SELECT t.id \z
                    FROM t",
        sqlite = "WITH RECURSIVE t(id) AS (SELECT nodes.id AS id FROM nodes WHERE nodes.id = ? UNION SELECT \z
                   nodes.id AS id FROM nodes JOIN t AS anon_1 ON nodes.parent_id = anon_1.id) SELECT t.id FROM t"},
      {(function(c) return la.insert(addresses):from_select({"user_id", "email"}, la.select(c.c.id,
        c.c.name)):returning(a.id) end)(la.select(u.id, u.name):where(u.id
        :gt(3)):cte("src")),
        default = "WITH src AS (SELECT users.id AS id, users.name AS name FROM users WHERE users.id > :id_1) \z
                    INSERT INTO addresses (user_id, email) SELECT src.id, src.name FROM src RETURNING \z
                    addresses.id",
        sqlite = "WITH src AS (SELECT users.id AS id, users.name AS name FROM users WHERE users.id > ?) INSERT \z
                   INTO addresses (user_id, email) SELECT src.id, src.name FROM src RETURNING id"},
      {(function(c) return la.select(c.c.id) end)(la.delete(users):where(u.id:eq(5)):returning(u.id):cte("gone")),
        default = "WITH gone AS (DELETE FROM users WHERE users.id = :id_1 RETURNING users.id) SELECT gone.id \z
                    FROM gone",
        sqlite = "WITH gone AS (DELETE FROM users WHERE users.id = ? RETURNING id) SELECT gone.id FROM gone"},
      {(function(c) return la.select(c.c.id) end)(la.update(users):where(u.id
        :eq(5)):values{name = "x"}:returning(u.id):cte("upd")),
        default = "WITH upd AS (UPDATE users SET name=:param_1 WHERE users.id = :id_1 RETURNING users.id) \z
                    SELECT upd.id FROM upd",
        sqlite = "WITH upd AS (UPDATE users SET name=? WHERE users.id = ? RETURNING id) SELECT upd.id FROM upd"},
      {la.select(u.id):where(u.id:eq(3)):add_cte(la.insert(addresses):values{user_id = 1, email = "x"}:cte("i")),
        default = "WITH i AS (INSERT INTO addresses (user_id, email) VALUES (:param_1, :param_2)) SELECT \z
                    users.id FROM users WHERE users.id = :id_1",
        sqlite = "WITH i AS (INSERT INTO addresses (user_id, email) VALUES (?, ?)) SELECT users.id FROM users \z
                   WHERE users.id = ?"},
      {(function(c) return la.union(la.select(c.c.id), la.select(c.c.id + 1)) end)(la.select(u.id):cte("x")),
        default = "WITH x AS (SELECT users.id AS id FROM users) SELECT x.id FROM x UNION SELECT x.id + :id_1 AS \z
                    anon_1 FROM x",
        sqlite = "WITH x AS (SELECT users.id AS id FROM users) SELECT x.id FROM x UNION SELECT x.id + ? AS \z
                   anon_1 FROM x"},
      {(function(c) return la.select(la.select(c.c.id):subquery()) end)(la.select(u.id)
        :where(u.name:eq("q")):cte("x")),
        default = "WITH x AS (SELECT users.id AS id FROM users WHERE users.name = :name_1) SELECT anon_1.id \z
                    FROM (SELECT x.id AS id FROM x) AS anon_1",
        sqlite = "WITH x AS (SELECT users.id AS id FROM users WHERE users.name = ?) SELECT anon_1.id FROM \z
                   (SELECT x.id AS id FROM x) AS anon_1"},
    }
  end)

  it("DML-08 DML-09 more of UPDATE and DELETE", function()
    check {
      {(function(s) return la.update(users):values{fullname = s} end)(la.select(a.email)
        :where(a.user_id:eq(u.id)):order_by(a.id):limit(1):scalar_subquery()),
        default = "UPDATE users SET fullname=(SELECT addresses.email FROM addresses WHERE addresses.user_id = \z
                    users.id ORDER BY addresses.id LIMIT :param_1)",
        sqlite = "UPDATE users SET fullname=(SELECT addresses.email FROM addresses WHERE addresses.user_id = \z
                   users.id ORDER BY addresses.id LIMIT ? OFFSET ?)"},
      {la.update(users):where(u.id:eq(a.user_id)):where(a.email:eq("p")):values{fullname = "Pat"},
        default = "UPDATE users SET fullname=:fullname FROM addresses WHERE users.id = addresses.user_id AND \z
                    addresses.email = :email_1",
        sqlite = "UPDATE users SET fullname=? FROM addresses WHERE users.id = addresses.user_id AND \z
                   addresses.email = ?"},
      {la.update(users):where(u.name:eq(la.bindparam("oldname"))):values{name = la.bindparam("newname")},
        default = "UPDATE users SET name=:newname WHERE users.name = :oldname",
        sqlite = "UPDATE users SET name=? WHERE users.name = ?"},
      {(function(x) return la.update(users):where(u.id:eq(x.c.user_id))
        :values{age = x.c.id} end)(addresses:alias("ad")),
        "UPDATE users SET age=ad.id FROM addresses AS ad WHERE users.id = ad.user_id"},
      {(function(s) return la.update(users):where(u.id:eq(s.c.user_id))
        :values{age = s.c.n} end)(la.select(a.user_id, la.func.count()
        :label("n")):group_by(a.user_id):subquery()),
        "UPDATE users SET age=anon_1.n FROM (SELECT addresses.user_id AS user_id, count(*) AS n FROM addresses \z
          GROUP BY addresses.user_id) AS anon_1 WHERE users.id = anon_1.user_id"},
      {la.update(users):values{active = ~u.active},
        default = "UPDATE users SET active=NOT users.active",
        sqlite = "UPDATE users SET active=users.active = 0"},
      {la.update(users):values{active = u.age:gt(18), name = la.func.upper(u.name)},
        default = "UPDATE users SET name=upper(users.name), active=(users.age > :age_1)",
        sqlite = "UPDATE users SET name=upper(users.name), active=(users.age > ?)"},
      {la.update(users):values{age = la.case({u.active, 1}, {else_ = u.age - 1})},
        default = "UPDATE users SET age=CASE WHEN users.active THEN :param_1 ELSE users.age - :age_1 END",
        sqlite = "UPDATE users SET age=CASE WHEN users.active THEN ? ELSE users.age - ? END"},
      {la.update(nodes):values{[n.Name] = "x", [n.select] = 3}:where(n.select:eq(2)),
        default = "UPDATE nodes SET \"Name\"=:Name, \"select\"=:select WHERE nodes.\"select\" = :select_1",
        sqlite = "UPDATE nodes SET \"Name\"=?, \"select\"=? WHERE nodes.\"select\" = ?"},
      {la.insert(nodes):values{Name = "x", select = 3},
        default = "INSERT INTO nodes (\"Name\", \"select\") VALUES (:Name, :select)",
        sqlite = "INSERT INTO nodes (\"Name\", \"select\") VALUES (?, ?)"},
      {la.insert(users):values{name = la.func.lower("X"), age = la.literal(3) + 4, active = u.id:eq(3)},
        default = "INSERT INTO users (name, age, active) VALUES (lower(:lower_1), (:param_1 + :param_2), \z
                    (users.id = :id_1))",
        sqlite = "INSERT INTO users (name, age, active) VALUES (lower(?), (? + ?), (users.id = ?))"},
      {la.insert(users):values{{name = "a", age = u.id + 1}, {name = la.func.lower("B"), age = 3}},
        default = "INSERT INTO users (name, age) VALUES (:name_m0, (users.id + :id_1)), (lower(:lower_1), \z
                    :age_m1)",
        sqlite = "INSERT INTO users (name, age) VALUES (?, (users.id + ?)), (lower(?), ?)"},
      {la.insert(users):values{{name = "a"}, {age = 3}},
        "error: INSERT value for column users.name is explicitly rendered as a bound"},
      {la.delete(users):where(u.id:in_{1, 2}):where(la.or_(u.age:eq(3), u.age:eq(4))),
        default = "DELETE FROM users WHERE users.id IN (__[POSTCOMPILE_id_1]) AND (users.age = :age_1 OR \z
                    users.age = :age_2)",
        sqlite = "DELETE FROM users WHERE users.id IN (__[POSTCOMPILE_id_1]) AND (users.age = ? OR users.age = ?)"},
    }
  end)

  it("EXP-14 values in the text", function()
    check {
      {la.select(u.id):where(u.balance:eq(5), u.score:eq(1.5), u.name:eq("a"), u.active:eq(true)):limit(3),
        default = "SELECT users.id FROM users WHERE users.balance = 5 AND users.score = 1.5 AND users.name = \z
                    'a' AND users.active = true LIMIT 3",
        sqlite = "SELECT users.id FROM users WHERE users.balance = 5 AND users.score = 1.5 AND users.name = 'a' \z
                   AND users.active = 1 LIMIT 3 OFFSET 0", literal_binds = true},
      {la.insert(users):values{name = "x", age = 3, active = true},
        default = "INSERT INTO users (name, age, active) VALUES ('x', 3, true)",
        sqlite = "INSERT INTO users (name, age, active) VALUES ('x', 3, 1)", literal_binds = true},
      {la.update(users):values{name = "x", age = u.age + 1}:where(u.id:eq(2)),
        "UPDATE users SET name='x', age=(users.age + 1) WHERE users.id = 2", literal_binds = true},
      {la.select(la.literal(true), la.literal(nil), la.literal("a"), la.literal(2.5)),
        default = "SELECT true AS anon_1, NULL AS anon_2, 'a' AS anon_3, 2.5 AS anon_4",
        sqlite = "SELECT 1 AS anon_1, NULL AS anon_2, 'a' AS anon_3, 2.5 AS anon_4", literal_binds = true},
      {u.name:in_{"a", "b"},
        "users.name IN ('a', 'b')", literal_binds = true},
      {u.name:like("a%", {escape = "\\"}),
        default = "users.name LIKE :name_1 ESCAPE '\\'",
        sqlite = "users.name LIKE ? ESCAPE '\\'"},
      {la.and_(u.id:eq(la.bindparam("id")), u.age:eq(la.bindparam("id"))),
        default = "users.id = :id AND users.age = :id",
        sqlite = "users.id = ? AND users.age = ?"},
      {la.and_(u.id:eq(1), u.id:eq(2), a.id:eq(3), la.func.foo(4):eq(5)),
        default = "users.id = :id_1 AND users.id = :id_2 AND addresses.id = :id_3 AND foo(:foo_1) = :foo_2",
        sqlite = "users.id = ? AND users.id = ? AND addresses.id = ? AND foo(?) = ?"},
      {la.or_(la.and_(u.id:eq(1), la.or_(u.id:eq(2), la.and_(u.id:eq(3), u.id
        :eq(4)))), la.not_(la.and_(u.id:eq(5), la.not_(la.or_(u.id:eq(6), u.id
        :eq(7)))))),
        default = "users.id = :id_1 AND (users.id = :id_2 OR users.id = :id_3 AND users.id = :id_4) OR NOT \z
                    (users.id = :id_5 AND NOT (users.id = :id_6 OR users.id = :id_7))",
        sqlite = "users.id = ? AND (users.id = ? OR users.id = ? AND users.id = ?) OR NOT (users.id = ? AND NOT \z
                   (users.id = ? OR users.id = ?))"},
      {((u.id + 1) * (u.age - 2) / 3 - u.id % 4):label("x"),
        default = "((users.id + :id_1) * (users.age - :age_1)) / CAST(:param_1 AS NUMERIC) - users.id % :id_2",
        sqlite = "((users.id + ?) * (users.age - ?)) / (? + 0.0) - users.id % ?"},
      {(u.id * 2):between(u.age * 3, u.age + 4),
        default = "users.id * :id_1 BETWEEN users.age * :age_1 AND users.age + :age_2",
        sqlite = "users.id * ? BETWEEN users.age * ? AND users.age + ?"},
      {(u.id + u.age):in_{1},
        "users.id + users.age IN (__[POSTCOMPILE_param_1])"},
      {~(u.id + u.age):in_{1},
        "(users.id + users.age NOT IN (__[POSTCOMPILE_param_1]))"},
      {u.id:eq(1):label("z"),
        default = "users.id = :id_1",
        sqlite = "users.id = ?"},
      {la.func.coalesce(u.id, u.age):desc(),
        "coalesce(users.id, users.age) DESC"},
      {(u.name .. "a"):label("q"):desc(),
        default = "users.name || :name_1 DESC",
        sqlite = "users.name || ? DESC"},
      {la.cast(u.id:eq(1), la.Integer) + 1,
        default = "CAST(users.id = :id_1 AS INTEGER) + :param_1",
        sqlite = "CAST(users.id = ? AS INTEGER) + ?"},
      {la.func.sum(u.id:eq(1)),
        default = "sum(users.id = :id_1)",
        sqlite = "sum(users.id = ?)"},
      {la.func.max(u.id, u.age):between(1, 2),
        default = "max(users.id, users.age) BETWEEN :max_1 AND :max_2",
        sqlite = "max(users.id, users.age) BETWEEN ? AND ?"},
      {u.id:is_(la.null_()),
        "users.id IS NULL"},
      {(u.id + 1):is_(nil),
        default = "users.id + :id_1 IS NULL",
        sqlite = "users.id + ? IS NULL"},
      {u.id:is_not(nil) & u.active:is_(nil),
        "users.id IS NOT NULL AND users.active IS NULL"},
      {-u.id * 2,
        default = "(-users.id) * :param_1",
        sqlite = "(-users.id) * ?"},
      {-(u.id * 2),
        default = "-(users.id * :id_1)",
        sqlite = "-(users.id * ?)"},
      {u.id - -u.age,
        "users.id - -users.age"},
      {u.name:collate("nocase"):desc(),
        "users.name COLLATE nocase DESC"},
      {la.case({u.id:eq(1), 1}, {else_ = 0}):eq(1),
        default = "CASE WHEN (users.id = :id_1) THEN :param_1 ELSE :param_2 END = :param_3",
        sqlite = "CASE WHEN (users.id = ?) THEN ? ELSE ? END = ?"},
      {la.func.lower(u.name):like("a%") | la.func.upper(u.name):startswith("B"),
        default = "lower(users.name) LIKE :lower_1 OR (upper(users.name) LIKE :upper_1 || '%')",
        sqlite = "lower(users.name) LIKE ? OR (upper(users.name) LIKE ? || '%')"},
      {u.active & u.id:eq(1) | ~u.active,
        default = "users.active AND users.id = :id_1 OR NOT users.active",
        sqlite = "users.active = 1 AND users.id = ? OR users.active = 0"},
      {la.func.row_number():over{partition_by = u.age, order_by = u.id:desc()}:label("rn"),
        "row_number() OVER (PARTITION BY users.age ORDER BY users.id DESC)"},
      {la.select(la.func.rank():over{order_by = u.id}):order_by(la.func.rank():over{order_by = u.id}),
        "SELECT rank() OVER (ORDER BY users.id) AS anon_1 FROM users ORDER BY rank() OVER (ORDER BY users.id)"},
      {la.func.sum(u.id):over{order_by = u.id} + 1,
        default = "sum(users.id) OVER (ORDER BY users.id) + :param_1",
        sqlite = "sum(users.id) OVER (ORDER BY users.id) + ?"},
    }
  end)
end)
