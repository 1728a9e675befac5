-- SPDX-License-Identifier: MIT
-- Inserts, updates and deletes as text.
--
-- Every text is the one that SQLAlchemy 2.1 writes for its SQLite dialect with literal_binds.
local la = require "lualchemy"
local check = require "spec.support.literal"
local words = require "spec.support.words"
local addresses, auto, comp, defs, keyed, orders, quo, t1, u, users =
  words.addresses, words.auto, words.comp, words.defs, words.keyed, words.orders, words.quo, words.t1, words.u,
  words.users

describe("inserts, updates and deletes as text", function()
  it("inserts", function()
    check {
      {la.insert(users):values({name = "a"}), "INSERT INTO users (name) VALUES ('a')"},
      {la.insert(users):values({name = "a", age = 5}), "INSERT INTO users (name, age) VALUES ('a', 5)"},
      {la.insert(users):values({[users.c.name] = "a", [users.c.age] = 5}),
        "INSERT INTO users (name, age) VALUES ('a', 5)"},
      {la.insert(users):values({{name = "a", age = 1}, {name = "b", age = 2}}),
        "INSERT INTO users (name, age) VALUES ('a', 1), ('b', 2)"},
      {la.insert(users):values({7, "x"}), "INSERT INTO users (id, name) VALUES (7, 'x')"},
      {la.insert(users):values({{7, "x"}, {8, "y"}}), "INSERT INTO users (id, name) VALUES (7, 'x'), (8, 'y')"},
      {la.insert(users):values({name = la.func.lower("A")}), "INSERT INTO users (name) VALUES (lower('A'))"},
      {la.insert(users):values({name = la.select(la.func.max(users.c.name)):scalar_subquery(), age = users.c.age}),
        "INSERT INTO users (name, age) VALUES ((SELECT max(users.name) AS max_1 FROM users), users.age)"},
      {la.insert(users):values({name = la.literal("x"), age = (la.literal(1) + 1)}),
        "INSERT INTO users (name, age) VALUES ('x', (1 + 1))"},
      {la.insert(users):values({name = la.bindparam("n")}), "INSERT INTO users (name) VALUES (NULL)"},
      {la.insert(users):values({name = la.bindparam("n", "x")}), "INSERT INTO users (name) VALUES ('x')"},
      {la.insert(users):values({name = la.null}), "INSERT INTO users (name) VALUES (NULL)"},
      {la.insert(users):values({name = "a"}):values({age = 5}), "INSERT INTO users (name, age) VALUES ('a', 5)"},
      {la.insert(users):values({name = "a"}):values({name = "b"}), "INSERT INTO users (name) VALUES ('b')"},
      {la.insert(users):values({{name = "a"}}):values({{name = "b"}}),
        "INSERT INTO users (name) VALUES ('a'), ('b')"},
      {la.insert(users):values({{name = "a", age = 1}, {name = la.func.lower("B"), age = 2}}),
        "INSERT INTO users (name, age) VALUES ('a', 1), (lower('B'), 2)"},
      {la.insert(users):values({}), "INSERT INTO users DEFAULT VALUES"},
      {la.insert(users):values({name = "a"}):returning(users.c.id, users.c.name),
        "INSERT INTO users (name) VALUES ('a') RETURNING id, name"},
      {la.insert(users):values({name = "a"}):returning(users),
        "INSERT INTO users (name) VALUES ('a') RETURNING id, name, fullname, age, active, born, seen, wake, pay, score, data, pic, span, kind, uid"},
      {la.insert(users):values({name = "a"}):returning(users.c.id:label("q"), la.func.lower(users.c.name)),
        "INSERT INTO users (name) VALUES ('a') RETURNING id AS q, lower(name) AS lower_1"},
      {la.insert(users):values({name = "a"}):returning(users.c.id):returning(users.c.name),
        "INSERT INTO users (name) VALUES ('a') RETURNING id, name"},
      {la.insert(users):from_select({"id", "name"}, la.select((addresses.c.id + 10), addresses.c.email)),
        "INSERT INTO users (id, name) SELECT addresses.id + 10 AS anon_1, addresses.email FROM addresses"},
      {la.insert(users):from_select({users.c.id, users.c.name}, la.select((addresses.c.id + 10), addresses.c.email):where(addresses.c.id:gt(1))),
        "INSERT INTO users (id, name) SELECT addresses.id + 10 AS anon_1, addresses.email FROM addresses WHERE addresses.id > 1"},
      {la.insert(users):from_select({"id", "name"}, la.select(la.literal(9), la.literal("q"))),
        "INSERT INTO users (id, name) SELECT 9 AS anon_1, 'q' AS anon_2"},
      {la.insert(users):from_select({"id", "name"}, la.select(la.select((addresses.c.id + 30):label("i"), addresses.c.email):cte("q"))),
        "WITH q AS (SELECT addresses.id + 30 AS i, addresses.email AS email FROM addresses) INSERT INTO users (id, name) SELECT q.i, q.email FROM q"},
      {la.insert(users):from_select({"id", "name"}, la.select((addresses.c.id + 10), addresses.c.email)):returning(users.c.id),
        "INSERT INTO users (id, name) SELECT addresses.id + 10 AS anon_1, addresses.email FROM addresses RETURNING id"},
      {la.insert(users):prefix_with("OR REPLACE"):values({id = 1, name = "zz"}),
        "INSERT OR REPLACE INTO users (id, name) VALUES (1, 'zz')"},
      {la.insert(users):prefix_with("OR IGNORE", {dialect = "sqlite"}):values({id = 1, name = "zz"}),
        "INSERT OR IGNORE INTO users (id, name) VALUES (1, 'zz')"},
      {la.insert(users):inline():values({name = "x"}), "INSERT INTO users (name) VALUES ('x')"},
      {la.insert(users):values({name = "a"}):return_defaults(),
        "INSERT INTO users (name) VALUES ('a') RETURNING id, fullname, age, active, born, seen, wake, pay, score, data, pic, span, kind, uid"},
      {la.insert(users):values({name = "a"}):return_defaults(users.c.id),
        "INSERT INTO users (name) VALUES ('a') RETURNING id"},
      {la.insert(addresses):values({user_id = la.select(users.c.id):where(users.c.name:eq("ann")):scalar_subquery(), email = "x"}),
        "INSERT INTO addresses (user_id, email) VALUES ((SELECT users.id FROM users WHERE users.name = 'ann'), 'x')"},
      {la.insert(t1):values({x = 5}), "INSERT INTO t1 (x) VALUES (5)"},
      {la.insert(t1):values({{x = 5}, {x = 6}}), "INSERT INTO t1 (x) VALUES (5), (6)"},
      {la.insert(users):values({data = la.null, name = "x"}), "INSERT INTO users (name, data) VALUES ('x', NULL)"},
      {la.insert(users):values({data = la.null_(), name = "x"}), "INSERT INTO users (name, data) VALUES ('x', NULL)"},
      {la.insert(users):values({name = "a"}):cte("q"), "INSERT INTO users (name) VALUES ('a')"},
      {la.select(la.insert(users):values({name = "a"}):returning(users.c.id):cte("q").c.id),
        "WITH q AS (INSERT INTO users (name) VALUES ('a') RETURNING id) SELECT q.id FROM q"},
    }
  end)

  it("deletes", function()
    check {
      {users:insert():values({name = "x"}), "INSERT INTO users (name) VALUES ('x')"},
      {users:delete(), "DELETE FROM users"},
      {la.delete(users), "DELETE FROM users"},
      {la.delete(users):where(users.c.id:eq(99)), "DELETE FROM users WHERE users.id = 99"},
      {la.delete(users):where(users.c.id:eq(99), users.c.name:eq("x")):where(users.c.age:gt(3)),
        "DELETE FROM users WHERE users.id = 99 AND users.name = 'x' AND users.age > 3"},
      {la.delete(users):where(users.c.id:in_(la.select(orders.c.user_id))),
        "DELETE FROM users WHERE users.id IN (SELECT orders.user_id FROM orders)"},
      {la.delete(users):where((~la.exists():where(addresses.c.user_id:eq(users.c.id)))),
        "DELETE FROM users WHERE NOT (EXISTS (SELECT * FROM addresses WHERE addresses.user_id = users.id))"},
      {la.delete(users):where(users.c.id:eq(3)):returning(users.c.name),
        "DELETE FROM users WHERE users.id = 3 RETURNING name"},
      {la.delete(users):where(users.c.id:eq(3)):returning(users),
        "DELETE FROM users WHERE users.id = 3 RETURNING id, name, fullname, age, active, born, seen, wake, pay, score, data, pic, span, kind, uid"},
      {la.delete(users):prefix_with("X"), "DELETE X FROM users"},
      {la.delete(users):with_hint("Y"), "DELETE FROM users"},
      {la.delete(u):where(u.c.id:eq(99)), "DELETE FROM users AS u WHERE u.id = 99"},
      {la.delete(users):add_cte(la.select(addresses.c.id):cte("q")),
        "WITH q AS (SELECT addresses.id AS id FROM addresses) DELETE FROM users"},
      {la.delete(users):where(users.c.id:in_(la.select(la.select(addresses.c.user_id):cte("q").c.user_id))),
        "WITH q AS (SELECT addresses.user_id AS user_id FROM addresses) DELETE FROM users WHERE users.id IN (SELECT q.user_id FROM q)"},
      {la.delete(users):where(users.c.id:in_({98, 99})), "DELETE FROM users WHERE users.id IN (98, 99)"},
      {la.delete(users):where(la.and_(users.c.id:eq(98), la.or_(users.c.age:eq(2), users.c.age:eq(3)))),
        "DELETE FROM users WHERE users.id = 98 AND (users.age = 2 OR users.age = 3)"},
      {la.delete(users):filter_by({name = "x"}), "DELETE FROM users WHERE users.name = 'x'"},
    }
  end)

  it("defaults, keys and names", function()
    check {
      {la.insert(defs):from_select({"id"}, la.select(users.c.id), {include_defaults = false}),
        "INSERT INTO defs (id) SELECT users.id FROM users"},
      {la.insert(comp):values({x = 1}), "INSERT INTO comp (x) VALUES (1)"},
      {la.insert(comp):values({x = 1, y = 3}), "INSERT INTO comp (x, y) VALUES (1, 3)"},
      {la.insert(comp):values({x = 1}):returning(comp.c.y), "INSERT INTO comp (x) VALUES (1) RETURNING y"},
      {la.insert(auto):values({name = "x"}):returning(auto.c.id),
        "INSERT INTO auto (name) VALUES ('x') RETURNING id"},
      {la.insert(quo):values({["order"] = 1, ["Mixed"] = 2, ["a b"] = 3}),
        'INSERT INTO quo ("order", "Mixed", "a b") VALUES (1, 2, 3)'},
      {la.select(quo),
        'SELECT quo."order", quo."Mixed", quo."a b", quo."per%cent", quo."pa(ren", quo."co:lon" FROM quo'},
      {la.select(quo.c["a b"], quo.c.order, quo.c["per%cent"]),
        'SELECT quo."a b", quo."order", quo."per%cent" FROM quo'},
      {la.insert(quo):values({["per%cent"] = 3, ["pa(ren"] = 4, ["co:lon"] = 5}),
        'INSERT INTO quo ("per%cent", "pa(ren", "co:lon") VALUES (3, 4, 5)'},
      {la.select(keyed), "SELECT keyed.x, keyed.y FROM keyed"},
      {la.select(keyed.c.k), "SELECT keyed.x FROM keyed"},
      {la.insert(keyed):values({k = 5}), "INSERT INTO keyed (x) VALUES (5)"},
      {la.select(keyed.c.k):subquery():select(), "SELECT anon_1.x FROM (SELECT keyed.x AS x FROM keyed) AS anon_1"},
      {la.select(keyed):set_label_style(la.LABEL_STYLE_TABLENAME_PLUS_COL),
        "SELECT keyed.x AS keyed_x, keyed.y AS keyed_y FROM keyed"},
    }
  end)
end)
