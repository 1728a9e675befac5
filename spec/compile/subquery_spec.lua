-- SPDX-License-Identifier: MIT
-- Statements inside statements: correlated subqueries, CTEs, UNION.
--
-- The texts are those that SQLAlchemy 2.1 prints for the same statements; white space does not count. One text
-- serves both dialects, or there is one for each.
local la = require "lualchemy"
local check = require "spec.support.compiled"
local tables = require "spec.support.tables"
local users, addresses, orders = tables.users, tables.addresses, tables.orders
local u, a, o, n = users.c, addresses.c, orders.c, tables.nodes.c

describe("statements in statements compile", function()
  it("SEL-12 SEL-16 correlation", function()
    check {
      {la.select(u.id):where(la.exists():where(a.user_id:eq(u.id))),
        "SELECT users.id FROM users WHERE EXISTS (SELECT * FROM addresses WHERE addresses.user_id = users.id)"},
      {la.select(u.id):where(la.select(a.id):where(a.user_id:eq(u.id)):exists()),
        "SELECT users.id FROM users WHERE EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = \z
          users.id)"},
      {la.select(u.id, la.select(la.func.count(a.id)):where(a.user_id:eq(u.id)):scalar_subquery()),
        "SELECT users.id, (SELECT count(addresses.id) AS count_1 FROM addresses WHERE addresses.user_id = \z
          users.id) AS anon_1 FROM users"},
      {la.select(u.id, la.select(la.func.count(a.id)):where(a.user_id:eq(u.id)):label("k")):order_by("k"),
        "SELECT users.id, (SELECT count(addresses.id) AS count_1 FROM addresses WHERE addresses.user_id = \z
          users.id) AS k FROM users ORDER BY k"},
      {la.select(users):where(u.id:eq(la.select(a.user_id):where(a.user_id
        :eq(u.id)):correlate(users):scalar_subquery())),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users WHERE users.id = (SELECT addresses.user_id FROM addresses \z
          WHERE addresses.user_id = users.id)"},
      {la.select(users):where(u.id:eq(la.select(a.user_id):where(a.user_id
        :eq(u.id)):correlate(nil):scalar_subquery())),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users WHERE users.id = (SELECT addresses.user_id FROM \z
          addresses, users WHERE addresses.user_id = users.id)"},
      {la.select(users, orders):where(u.id:eq(la.select(a.user_id):where(a.user_id
        :eq(u.id), o.id:eq(1)):correlate_except(addresses):scalar_subquery())),
        default = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                    users.score, users.data, users.born, users.seen, orders.id AS id_1, orders.user_id, \z
                    orders.total, orders.note, orders.state FROM users, orders WHERE users.id = (SELECT \z
                    addresses.user_id FROM addresses WHERE addresses.user_id = users.id AND orders.id = :id_2)",
        sqlite = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                   users.score, users.data, users.born, users.seen, orders.id AS id_1, orders.user_id, \z
                   orders.total, orders.note, orders.state FROM users, orders WHERE users.id = (SELECT \z
                   addresses.user_id FROM addresses WHERE addresses.user_id = users.id AND orders.id = ?)"},
      {la.select(u.id):where(u.id:in_(la.select(u.age))),
        "SELECT users.id FROM users WHERE users.id IN (SELECT users.age FROM users)"},
      {la.select(u.id):where(la.exists(la.select(a.id):where(a.user_id:eq(u.id)))),
        "SELECT users.id FROM users WHERE EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = \z
          users.id)"},
      {la.select(u.id):where(la.exists(a.id):where(a.user_id:eq(u.id))),
        "SELECT users.id FROM users WHERE EXISTS (SELECT addresses.id FROM addresses WHERE addresses.user_id = \z
          users.id)"},
      {la.select(u.id):where(u.id:in_(la.select(a.user_id):where(a.id
        :in_(la.select(o.id):where(o.user_id:eq(u.id), a.id:eq(o.id)))))),
        "SELECT users.id FROM users WHERE users.id IN (SELECT addresses.user_id FROM addresses WHERE \z
          addresses.id IN (SELECT orders.id FROM orders, users WHERE orders.user_id = users.id AND addresses.id = \z
          orders.id))"},
      {la.select(users):select_from(la.select(a.id):where(a.user_id:eq(u.id)):correlate(users):subquery()),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM (SELECT addresses.id AS id FROM addresses, users WHERE \z
          addresses.user_id = users.id) AS anon_1, users"},
      {la.select(u.id, la.select(a.id):where(a.user_id:eq(u.id)):lateral("l").c.id),
        "SELECT users.id, l.id AS id_1 FROM users, LATERAL (SELECT addresses.id AS id FROM addresses WHERE \z
          addresses.user_id = users.id) AS l"},
    }
  end)

  it("SEL-12 columns of the same name have labels in a FROM, none where an expression wants the select", function()
    local same = la.select(u.id, a.id):where(a.user_id:eq(u.id))
    local bare = "SELECT users.id, addresses.id FROM users, addresses WHERE addresses.user_id = users.id"
    check {
      {la.exists(same), "EXISTS (" .. bare .. ")"},
      {same:exists(), "EXISTS (" .. bare .. ")"},
      {la.exists(same:set_label_style(la.LABEL_STYLE_TABLENAME_PLUS_COL)), "EXISTS (" .. bare .. ")"},
      {la.exists(la.select(u.age:cast(la.Float), u.age:cast(la.Integer))),
        "EXISTS (SELECT CAST(users.age AS FLOAT) AS age, CAST(users.age AS INTEGER) AS age FROM users)"},
      {la.exists(la.select(u.id:label "mine", a.id)),
        "EXISTS (SELECT users.id AS mine, addresses.id FROM users, addresses)"},
      {la.tuple_(o.id, o.user_id):in_(same), "(orders.id, orders.user_id) IN (" .. bare .. ")"},
      {la.tuple_(o.id, o.user_id):in_(same:union(same)),
        "(orders.id, orders.user_id) IN (" .. bare .. " UNION " .. bare:gsub("addresses.id", "%0 AS id_1", 1) .. ")"},
      {la.select(same:subquery()),
        "SELECT anon_1.id, anon_1.id_1 FROM (SELECT users.id AS id, addresses.id AS id_1 FROM users, addresses \z
          WHERE addresses.user_id = users.id) AS anon_1"},
    }
  end)

  it("SEL-13 CTEs", function()
    check {
      {(function(c) return la.select(c) end)(la.select(u.id):where(u.id:eq(5)):cte("x")),
        default = "WITH x AS (SELECT users.id AS id FROM users WHERE users.id = :id_1) SELECT x.id FROM x",
        sqlite = "WITH x AS (SELECT users.id AS id FROM users WHERE users.id = ?) SELECT x.id FROM x"},
      {(function(c) return la.select(c.c.id, a.email):where(c.c.id:eq(a.user_id), a.id
        :eq(7)) end)(la.select(u.id):where(u.id:eq(5)):cte()),
        default = "WITH anon_1 AS (SELECT users.id AS id FROM users WHERE users.id = :id_1) SELECT anon_1.id, \z
                    addresses.email FROM anon_1, addresses WHERE anon_1.id = addresses.user_id AND addresses.id = \z
                    :id_2",
        sqlite = "WITH anon_1 AS (SELECT users.id AS id FROM users WHERE users.id = ?) SELECT anon_1.id, \z
                   addresses.email FROM anon_1, addresses WHERE anon_1.id = addresses.user_id AND addresses.id = \z
                   ?"},
      {(function(c) return la.select(c:union_all(la.select(c.c.id + 1)
        :where(c.c.id:lt(10)))) end)(la.select(la.literal(1):label("id"))
        :cte("r", {recursive = true})),
        default = "WITH RECURSIVE r(id) AS (SELECT :param_1 AS id UNION ALL SELECT r.id + :id_1 AS anon_1 FROM \z
                    r WHERE r.id < :id_2) SELECT r.id FROM r",
        sqlite = "WITH RECURSIVE r(id) AS (SELECT ? AS id UNION ALL SELECT r.id + ? AS anon_1 FROM r WHERE r.id \z
                   < ?) SELECT r.id FROM r"},
      {(function(c) return la.select(c:union_all(la.select(n.id, n.parent_id)
        :where(n.parent_id:eq(c.c.id)))) end)(la.select(n.id, n.parent_id)
        :where(n.id:eq(1)):cte("tree", {recursive = true})),
        default = "WITH RECURSIVE tree(id, parent_id) AS (SELECT nodes.id AS id, nodes.parent_id AS parent_id \z
                    FROM nodes WHERE nodes.id = :id_1 UNION ALL SELECT nodes.id AS id, nodes.parent_id AS \z
                    parent_id FROM nodes, tree WHERE nodes.parent_id = tree.id) SELECT tree.id, tree.parent_id \z
                    FROM tree",
        sqlite = "WITH RECURSIVE tree(id, parent_id) AS (SELECT nodes.id AS id, nodes.parent_id AS parent_id \z
                   FROM nodes WHERE nodes.id = ? UNION ALL SELECT nodes.id AS id, nodes.parent_id AS parent_id \z
                   FROM nodes, tree WHERE nodes.parent_id = tree.id) SELECT tree.id, tree.parent_id FROM tree"},
      {(function(c) return la.select(c:alias("z"), c:alias("y").c.id) end)(la.select(u.id):cte("x")),
        "WITH x AS (SELECT users.id AS id FROM users) SELECT z.id, y.id AS id_1 FROM x AS z, x AS y"},
      {(function(c) local d = la.select(c.c.id + 1):cte("d") return la.select(d) end)(la.select(u.id):cte("x")),
        default = "WITH x AS (SELECT users.id AS id FROM users), d AS (SELECT x.id + :id_1 AS anon_1 FROM x) \z
                    SELECT d.anon_1 FROM d",
        sqlite = "WITH x AS (SELECT users.id AS id FROM users), d AS (SELECT x.id + ? AS anon_1 FROM x) SELECT \z
                   d.anon_1 FROM d"},
      {la.select(u.id):add_cte(la.select(a.id):cte("x")),
        "WITH x AS (SELECT addresses.id AS id FROM addresses) SELECT users.id FROM users"},
      {(function(c) return la.select(u.id):where(u.id:in_(la.select(c.c.id))) end)(la.select(a.id)
        :where(a.id:eq(1)):cte("x")),
        default = "WITH x AS (SELECT addresses.id AS id FROM addresses WHERE addresses.id = :id_1) SELECT \z
                    users.id FROM users WHERE users.id IN (SELECT x.id FROM x)",
        sqlite = "WITH x AS (SELECT addresses.id AS id FROM addresses WHERE addresses.id = ?) SELECT users.id \z
                   FROM users WHERE users.id IN (SELECT x.id FROM x)"},
      {(function(c) return la.select(c) end)(la.insert(users):values{name = "x"}:returning(u.id):cte("ins")),
        default = "WITH ins AS (INSERT INTO users (name) VALUES (:param_1) RETURNING users.id) SELECT ins.id \z
                    FROM ins",
        sqlite = "WITH ins AS (INSERT INTO users (name) VALUES (?) RETURNING id) SELECT ins.id FROM ins"},
      {(function(c) return la.select(la.select(c):subquery()) end)(la.select(u.id):cte("x", {nesting = true})),
        "SELECT anon_1.id FROM (WITH x AS (SELECT users.id AS id FROM users) SELECT x.id AS id FROM x) AS anon_1"},
    }
  end)

  it("SEL-14 UNION and the like", function()
    check {
      {la.union(la.select(u.id), la.select(a.id)),
        "SELECT users.id FROM users UNION SELECT addresses.id FROM addresses"},
      {la.union_all(la.select(u.id), la.select(a.id)):order_by("id"):limit(3),
        default = "SELECT users.id FROM users UNION ALL SELECT addresses.id FROM addresses ORDER BY id LIMIT \z
                    :param_1",
        sqlite = "SELECT users.id FROM users UNION ALL SELECT addresses.id FROM addresses ORDER BY id LIMIT ? \z
                   OFFSET ?"},
      {la.union(la.select(u.id), la.union_all(la.select(a.id), la.select(o.id))),
        "SELECT users.id FROM users UNION (SELECT addresses.id FROM addresses UNION ALL SELECT orders.id FROM \z
          orders)"},
      {la.union_all(la.select(u.id):limit(1), la.select(a.id):order_by(a.id)),
        default = "(SELECT users.id FROM users LIMIT :param_1) UNION ALL (SELECT addresses.id FROM addresses \z
                    ORDER BY addresses.id)",
        sqlite = "(SELECT users.id FROM users LIMIT ? OFFSET ?) UNION ALL (SELECT addresses.id FROM addresses \z
                   ORDER BY addresses.id)"},
      {la.select(la.union(la.select(u.id), la.select(a.id)):subquery()),
        "SELECT anon_1.id FROM (SELECT users.id AS id FROM users UNION SELECT addresses.id AS id FROM \z
          addresses) AS anon_1"},
      {la.intersect(la.select(u.id), la.select(a.id)),
        "SELECT users.id FROM users INTERSECT SELECT addresses.id FROM addresses"},
      {la.except_(la.select(u.id), la.select(a.id)),
        "SELECT users.id FROM users EXCEPT SELECT addresses.id FROM addresses"},
      {la.select(u.id):except_all(la.select(a.id)),
        "SELECT users.id FROM users EXCEPT ALL SELECT addresses.id FROM addresses"},
      {la.union(la.select(u.id), la.select(u.id, u.name)),
        "error: All selectables passed to CompoundSelect must have identical numbers of columns; select #1 has \z
          1 columns, select #2 has 2"},
      {la.select(u.id):where(u.id:in_(la.union(la.select(a.id), la.select(o.id)))),
        "SELECT users.id FROM users WHERE users.id IN (SELECT addresses.id FROM addresses UNION SELECT \z
          orders.id FROM orders)"},
      {la.union(la.select(u.id), la.select(a.id)):order_by(u.id),
        "SELECT users.id FROM users UNION SELECT addresses.id FROM addresses ORDER BY id"},
      {la.union(la.select(u.id:label("q")), la.select(a.id)):order_by("q"),
        "SELECT users.id AS q FROM users UNION SELECT addresses.id FROM addresses ORDER BY q"},
      {la.select(la.union(la.select(u.id), la.select(a.id)):cte("z")),
        "WITH z AS (SELECT users.id AS id FROM users UNION SELECT addresses.id AS id FROM addresses) SELECT \z
          z.id FROM z"},
      {la.select(la.union(la.select(u.id), la.select(a.id)):subquery("un").c.id),
        "SELECT un.id FROM (SELECT users.id AS id FROM users UNION SELECT addresses.id AS id FROM addresses) AS \z
          un"},
    }
  end)
end)
