-- SPDX-License-Identifier: MIT
-- INSERT, UPDATE and DELETE.
--
-- The texts are those that SQLAlchemy 2.1 prints for the same statements; white space does not count. One text
-- serves both dialects, or there is one for each.
local la = require "lualchemy"
local check = require "spec.support.compiled"
local tables = require "spec.support.tables"
local users, addresses, orders, thing = tables.users, tables.addresses, tables.orders, tables.thing
local u, a = users.c, addresses.c
local sqlite = require "lualchemy.dialects.sqlite"

describe("changes of data compile", function()
  it("DML-01 DML-03 INSERT", function()
    check {
      {la.insert(users),
        default = "INSERT INTO users (id, name, fullname, age, active, balance, score, data, born, seen) VALUES \z
                    (:id, :name, :fullname, :age, :active, :balance, :score, :data, :born, :seen)",
        sqlite = "INSERT INTO users (id, name, fullname, age, active, balance, score, data, born, seen) VALUES \z
                   (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {la.insert(users):values{name = "x"},
        default = "INSERT INTO users (name) VALUES (:name)",
        sqlite = "INSERT INTO users (name) VALUES (?)"},
      {la.insert(users):values{name = "x", id = 3},
        default = "INSERT INTO users (id, name) VALUES (:id, :name)",
        sqlite = "INSERT INTO users (id, name) VALUES (?, ?)"},
      {la.insert(users):values{[u.name] = "x", [u.age] = u.id + 1},
        default = "INSERT INTO users (name, age) VALUES (:name, (users.id + :id_1))",
        sqlite = "INSERT INTO users (name, age) VALUES (?, (users.id + ?))"},
      {la.insert(addresses):values{1, 2, "x"},
        default = "INSERT INTO addresses (id, user_id, email) VALUES (:id, :user_id, :email)",
        sqlite = "INSERT INTO addresses (id, user_id, email) VALUES (?, ?, ?)"},
      {la.insert(users):values{{name = "a"}, {name = "b"}},
        default = "INSERT INTO users (name) VALUES (:name_m0), (:name_m1)",
        sqlite = "INSERT INTO users (name) VALUES (?), (?)"},
      {la.insert(orders):values{{id = 1}, {id = 2}},
        default = "INSERT INTO orders (id, total) VALUES (:id_m0, :total), (:id_m1, :total_m1)",
        sqlite = "INSERT INTO orders (id, total) VALUES (?, ?), (?, ?)"},
      {la.insert(orders):values{id = 1},
        default = "INSERT INTO orders (id, total) VALUES (:id, :total)",
        sqlite = "INSERT INTO orders (id, total) VALUES (?, ?)"},
      {la.insert(orders):values{total = la.func.max(3, 4)},
        default = "INSERT INTO orders (total) VALUES (max(:max_1, :max_2))",
        sqlite = "INSERT INTO orders (total) VALUES (max(?, ?))"},
      {la.insert(orders):values{total = la.select(la.func.max(u.id)):scalar_subquery()},
        "INSERT INTO orders (total) VALUES ((SELECT max(users.id) AS max_1 FROM users))"},
      {la.insert(users):values{name = la.bindparam("foo")},
        default = "INSERT INTO users (name) VALUES (:foo)",
        sqlite = "INSERT INTO users (name) VALUES (?)"},
      {la.insert(users):values{name = "x"}:values{age = 3},
        default = "INSERT INTO users (name, age) VALUES (:name, :age)",
        sqlite = "INSERT INTO users (name, age) VALUES (?, ?)"},
      {la.insert(users):values{name = la.null},
        default = "INSERT INTO users (name) VALUES (:name)",
        sqlite = "INSERT INTO users (name) VALUES (?)"},
      {la.insert(users):values{nope = 1},
        "error: Unconsumed column names: nope"},
      {la.insert(users):values{name = "x"},
        "INSERT INTO users (name) VALUES ('x')", literal_binds = true},
      {la.insert(addresses):values{},
        default = "INSERT INTO addresses () VALUES ()",
        sqlite = "INSERT INTO addresses DEFAULT VALUES"},
    }
  end)

  it("DML-04 INSERT from SELECT", function()
    check {
      {la.insert(addresses):from_select({"user_id", "email"}, la.select(u.id, u.name)),
        "INSERT INTO addresses (user_id, email) SELECT users.id, users.name FROM users"},
      {la.insert(orders):from_select({"user_id"}, la.select(u.id)),
        default = "INSERT INTO orders (user_id, total) SELECT users.id, :total AS anon_1 FROM users",
        sqlite = "INSERT INTO orders (user_id, total) SELECT users.id, ? AS anon_1 FROM users"},
      {la.insert(orders):from_select({"user_id"}, la.select(u.id), {include_defaults = false}),
        "INSERT INTO orders (user_id) SELECT users.id FROM users"},
      {la.insert(addresses):from_select({a.user_id, a.email}, la.select(u.id, u.name):where(u.id:eq(1))),
        default = "INSERT INTO addresses (user_id, email) SELECT users.id, users.name FROM users WHERE users.id \z
                    = :id_1",
        sqlite = "INSERT INTO addresses (user_id, email) SELECT users.id, users.name FROM users WHERE users.id \z
                   = ?"},
      {(function(c) return la.insert(addresses):from_select({"user_id"}, la.select(c.c.id)) end)(la.select(u.id)
        :where(u.id:eq(3)):cte("x")),
        default = "WITH x AS (SELECT users.id AS id FROM users WHERE users.id = :id_1) INSERT INTO addresses \z
                    (user_id) SELECT x.id FROM x",
        sqlite = "WITH x AS (SELECT users.id AS id FROM users WHERE users.id = ?) INSERT INTO addresses \z
                   (user_id) SELECT x.id FROM x"},
    }
  end)

  it("DML-06 DML-14 RETURNING and prefixes", function()
    check {
      {la.insert(users):returning(u.id),
        default = "INSERT INTO users (id, name, fullname, age, active, balance, score, data, born, seen) VALUES \z
                    (:id, :name, :fullname, :age, :active, :balance, :score, :data, :born, :seen) RETURNING \z
                    users.id",
        sqlite = "INSERT INTO users (id, name, fullname, age, active, balance, score, data, born, seen) VALUES \z
                   (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"},
      {la.insert(users):values{name = "x"}:returning(u.id, u.name),
        default = "INSERT INTO users (name) VALUES (:name) RETURNING users.id, users.name",
        sqlite = "INSERT INTO users (name) VALUES (?) RETURNING id, name"},
      {la.insert(users):values{name = "x"}:returning(users),
        default = "INSERT INTO users (name) VALUES (:name) RETURNING users.id, users.name, users.fullname, \z
                    users.age, users.active, users.balance, users.score, users.data, users.born, users.seen",
        sqlite = "INSERT INTO users (name) VALUES (?) RETURNING id, name, fullname, age, active, balance, \z
                   score, data, born, seen"},
      {la.insert(users):values{name = "x"}:returning(u.id + 1, la.func.lower(u.name):label("q")),
        default = "INSERT INTO users (name) VALUES (:name) RETURNING users.id + :id_1 AS anon_1, \z
                    lower(users.name) AS q",
        sqlite = "INSERT INTO users (name) VALUES (?) RETURNING id + ? AS anon_1, lower(name) AS q"},
      {la.insert(users):prefix_with("OR REPLACE"):values{name = "x"},
        default = "INSERT OR REPLACE INTO users (name) VALUES (:name)",
        sqlite = "INSERT OR REPLACE INTO users (name) VALUES (?)"},
      {la.insert(thing):values{x = 1},
        default = "INSERT INTO main.thing (x) VALUES (:x)",
        sqlite = "INSERT INTO main.thing (x) VALUES (?)"},
    }
  end)

  it("DML-08 DML-09 UPDATE", function()
    check {
      {la.update(users),
        default = "UPDATE users SET id=:id, name=:name, fullname=:fullname, age=:age, active=:active, \z
                    balance=:balance, score=:score, data=:data, born=:born, seen=:seen",
        sqlite = "UPDATE users SET id=?, name=?, fullname=?, age=?, active=?, balance=?, score=?, data=?, \z
                   born=?, seen=?"},
      {la.update(users):values{name = "x"},
        default = "UPDATE users SET name=:name",
        sqlite = "UPDATE users SET name=?"},
      {la.update(users):where(u.id:eq(1)):values{name = "x", age = u.age + 1},
        default = "UPDATE users SET name=:name, age=(users.age + :age_1) WHERE users.id = :id_1",
        sqlite = "UPDATE users SET name=?, age=(users.age + ?) WHERE users.id = ?"},
      {la.update(users):values{[u.age] = u.age * 2},
        default = "UPDATE users SET age=(users.age * :age_1)",
        sqlite = "UPDATE users SET age=(users.age * ?)"},
      {la.update(users):ordered_values({u.name, "x"}, {u.age, 3}),
        default = "UPDATE users SET name=:name, age=:age",
        sqlite = "UPDATE users SET name=?, age=?"},
      {la.update(users):ordered_values({u.age, 3}, {u.name, "x"}),
        default = "UPDATE users SET age=:age, name=:name",
        sqlite = "UPDATE users SET age=?, name=?"},
      {la.update(orders):values{total = 1},
        default = "UPDATE orders SET total=:total, state=:st",
        sqlite = "UPDATE orders SET total=?, state=?"},
      {la.update(orders):values{st = "x"},
        default = "UPDATE orders SET state=:st",
        sqlite = "UPDATE orders SET state=?"},
      {la.update(users):values{name = a.email}:where(u.id:eq(a.user_id)),
        "UPDATE users SET name=addresses.email FROM addresses WHERE users.id = addresses.user_id"},
      {la.update(users):values{age = la.select(la.func.count(a.id)):where(a.user_id:eq(u.id)):scalar_subquery()},
        "UPDATE users SET age=(SELECT count(addresses.id) AS count_1 FROM addresses WHERE addresses.user_id = \z
          users.id)"},
      {la.update(users):where(u.id:in_(la.select(a.user_id))):values{age = 1},
        default = "UPDATE users SET age=:age WHERE users.id IN (SELECT addresses.user_id FROM addresses)",
        sqlite = "UPDATE users SET age=? WHERE users.id IN (SELECT addresses.user_id FROM addresses)"},
      {la.update(users):values{age = 1}:returning(u.id, u.age),
        default = "UPDATE users SET age=:age RETURNING users.id, users.age",
        sqlite = "UPDATE users SET age=? RETURNING id, age"},
      {la.update(users):values{active = true}:where(u.active),
        default = "UPDATE users SET active=:active WHERE users.active",
        sqlite = "UPDATE users SET active=? WHERE users.active = 1"},
      {la.update(users):values{name = la.bindparam("nn")}:where(u.id:eq(la.bindparam("ii"))),
        default = "UPDATE users SET name=:nn WHERE users.id = :ii",
        sqlite = "UPDATE users SET name=? WHERE users.id = ?"},
      {la.update(users):values{nope = 1},
        "error: Unconsumed column names: nope"},
      {(function(c) return la.update(users):values{age = 1}:where(u.id:eq(c.c.id)) end)(la.select(a.id):cte("x")),
        default = "WITH x AS (SELECT addresses.id AS id FROM addresses) UPDATE users SET age=:age FROM x WHERE \z
                    users.id = x.id",
        sqlite = "WITH x AS (SELECT addresses.id AS id FROM addresses) UPDATE users SET age=? FROM x WHERE \z
                   users.id = x.id"},
      {la.update(users):where(u.id:eq(1)):where(u.age:eq(2)):values{age = la.null},
        default = "UPDATE users SET age=:age WHERE users.id = :id_1 AND users.age = :age_1",
        sqlite = "UPDATE users SET age=? WHERE users.id = ? AND users.age = ?"},
      {la.update(users):values{age = u.id:eq(3)},
        default = "UPDATE users SET age=(users.id = :id_1)",
        sqlite = "UPDATE users SET age=(users.id = ?)"},
    }
  end)

  it("DML-10 DELETE", function()
    check {
      {la.delete(users),
        "DELETE FROM users"},
      {la.delete(users):where(u.id:eq(1)),
        default = "DELETE FROM users WHERE users.id = :id_1",
        sqlite = "DELETE FROM users WHERE users.id = ?"},
      {la.delete(users):where(u.id:eq(1), u.active),
        default = "DELETE FROM users WHERE users.id = :id_1 AND users.active",
        sqlite = "DELETE FROM users WHERE users.id = ? AND users.active = 1"},
      {la.delete(users):where(u.id:eq(1)):returning(u.id),
        default = "DELETE FROM users WHERE users.id = :id_1 RETURNING users.id",
        sqlite = "DELETE FROM users WHERE users.id = ? RETURNING id"},
      {la.delete(users):where(u.id:in_(la.select(a.user_id))),
        "DELETE FROM users WHERE users.id IN (SELECT addresses.user_id FROM addresses)"},
      {la.delete(users):where(la.exists():where(a.user_id:eq(u.id))),
        "DELETE FROM users WHERE EXISTS (SELECT * FROM addresses WHERE addresses.user_id = users.id)"},
      {la.delete(users):where(u.id:eq(a.user_id)),
        default = "DELETE FROM users , addresses WHERE users.id = addresses.user_id",
        sqlite = "error: This backend does not support multiple-table criteria within DELETE"},
      {(function(c) return la.delete(users):where(u.id:in_(la.select(c.c.id))) end)(la.select(a.id):cte("x")),
        "WITH x AS (SELECT addresses.id AS id FROM addresses) DELETE FROM users WHERE users.id IN (SELECT x.id \z
          FROM x)"},
    }
  end)

  it("DML-12 SL-09 ON CONFLICT", function()
    check {
      {sqlite.insert(users):values{name = "x"}:on_conflict_do_nothing(),
        sqlite = "INSERT INTO users (name) VALUES (?) ON CONFLICT DO NOTHING"},
      {sqlite.insert(users):values{name = "x"}:on_conflict_do_nothing{index_elements = {"id"}},
        sqlite = "INSERT INTO users (name) VALUES (?) ON CONFLICT (id) DO NOTHING"},
      {sqlite.insert(users):values{name = "x"}:on_conflict_do_update{index_elements = {"id"}, set_ = {name = "y"}},
        sqlite = "INSERT INTO users (name) VALUES (?) ON CONFLICT (id) DO UPDATE SET name = ?"},
      {(function(i) return i:on_conflict_do_update{index_elements = {u.id}, set_ = {name = i.excluded.name},
        where = u.age:gt(3)} end)(sqlite.insert(users):values{name = "x"}),
        sqlite = "INSERT INTO users (name) VALUES (?) ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE \z
                   users.age > ?"},
      {(function(i) return i:on_conflict_do_update{index_elements = {u.id}, index_where = u.age
        :gt(3), set_ = {name = i.excluded.name .. u.name, age = u.age + 1}}
        :returning(u.id) end)(sqlite.insert(users):values{name = "x"}),
        sqlite = "INSERT INTO users (name) VALUES (?) ON CONFLICT (id) WHERE age > __[POSTCOMPILE_age_1] DO \z
                   UPDATE SET name = (excluded.name || users.name), age = (users.age + ?) RETURNING id"},
    }
  end)

  it("DML-12 on_conflict{} says both in one form", function()
    local row = la.insert(users):values {id = 1, name = "x"}
    check {
      {row:on_conflict(), sqlite = "INSERT INTO users (id, name) VALUES (?, ?) ON CONFLICT DO NOTHING"},
      {row:on_conflict {index_elements = {"id"}, update = {"name", u.age}},
        sqlite = "INSERT INTO users (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \z
          age = excluded.age"},
      {row:on_conflict {index_elements = {u.id}, set_ = {age = 3}, where = u.age:lt(9)},
        sqlite = "INSERT INTO users (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET age = ? \z
          WHERE users.age < ?"},
    }
    local ok, err = pcall(row.on_conflict, row, {where = u.age:lt(9)})
    assert.is_false(ok)
    assert.matches("give update or set_ with it", tostring(err))
  end)

  it("DML-12 conditions of ON CONFLICT stand as they do in the index they name", function()
    local engine, metadata = la.create_engine("sqlite://"), la.MetaData()
    local t = la.Table("t", metadata, la.Column("a", la.Integer), la.Column("on", la.Boolean))
    la.Index("ix", t.c.a, {unique = true, sqlite_where = t.c.on})
    metadata:create_all(engine)
    local row = la.insert(t):values{a = 1, on = true}
    check {
      {row:on_conflict_do_nothing{index_elements = {"a"}, index_where = t.c.on},
        sqlite = 'INSERT INTO t (a, "on") VALUES (?, ?) ON CONFLICT (a) WHERE "on" DO NOTHING'},
      {row:on_conflict_do_update{index_elements = {"a"}, index_where = t.c.on, set_ = {a = 2}, where = la.true_()},
        sqlite = 'INSERT INTO t (a, "on") VALUES (?, ?) ON CONFLICT (a) WHERE "on" DO UPDATE SET a = ? WHERE 1'},
    }
    engine:begin(function(conn)
      for _ = 1, 2 do conn:execute(row:on_conflict_do_nothing{index_elements = {"a"}, index_where = t.c.on}) end
      assert.equal(1, conn:scalar(la.select(la.func.count()):select_from(t)))
    end)
  end)

  it("SEL-13 NULL in an INSERT of a CTE is no parameter of the statement around it", function()
    local made = la.insert(users):values{id = la.null, age = 7}:returning(u.id):cte "made"
    local compiled = la.update(addresses):values{id = 5}:where(a.id:in_(la.select(made.c.id))):compile()
    assert.same({id = 5, param_1 = la.null, param_2 = 7}, compiled.params)
  end)

  it("DML-15 from_dml_column() is what another column is set to", function()
    local age = la.from_dml_column(u.age)
    check {
      {la.update(users):values{age = 5, score = age + 1},
        default = "UPDATE users SET age=:age, score=(:age + :param_1)", sqlite = "UPDATE users SET age=?, score=(? + ?)"},
      {la.update(users):values{age = u.id + 1, score = age * 2}:where(u.age:gt(3)),
        default = "UPDATE users SET age=(users.id + :id_1), score=((users.id + :id_1) * :param_1) WHERE users.age > :age_1",
        sqlite = "UPDATE users SET age=(users.id + ?), score=((users.id + ?) * ?) WHERE users.age > ?"},
      {la.update(users):values{score = age + 1},
        default = "UPDATE users SET score=(users.age + :param_1)", sqlite = "UPDATE users SET score=(users.age + ?)"},
      {la.update(users):ordered_values({u.score, age + 1}, {u.age, 7}),
        default = "UPDATE users SET score=(:age + :param_1), age=:age", sqlite = "UPDATE users SET score=(? + ?), age=?"},
      {la.insert(users):values{age = 5, score = age + 1},
        default = "INSERT INTO users (age, score) VALUES (:age, (:age + :param_1))",
        sqlite = "INSERT INTO users (age, score) VALUES (?, (? + ?))"},
    }
    local function refused(statement, text)
      local ok, err = pcall(statement.compile, statement)
      assert.is_false(ok)
      assert.matches("^CompileError: " .. text, tostring(err))
    end
    refused(la.insert(users):values{score = age + 1}, "Can't resolve referenced column name in INSERT statement: 'age'")
    refused(la.select(age), "DML target objects may only be used with compiled INSERT or UPDATE statements")
    refused(la.update(users):values{age = la.from_dml_column(u.score), score = age}, "the value of column '%a+' refers to itself")
    local ok, err = pcall(la.from_dml_column, 5)
    assert.is_false(ok)
    assert.matches("column of a table or attribute of a class expected, got number", tostring(err))
  end)

  it("DML-15 from_dml_column() has the values of each row that is executed", function()
    local engine, metadata = la.create_engine("sqlite://"), la.MetaData()
    local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("a", la.Integer), la.Column("b", la.Integer))
    metadata:create_all(engine)
    engine:begin(function(conn)
      conn:execute(la.insert(t):values{b = la.from_dml_column(t.c.a) * 2}, {{a = 1}, {a = 2}})
      conn:execute(la.insert(t):values{{a = 10, b = la.from_dml_column(t.c.a) + 1}, {a = 20, b = la.from_dml_column(t.c.a) + 2}})
      conn:execute(la.update(t):where(t.c.id:eq(1)):values{b = la.from_dml_column(t.c.a) + 5}, {a = 3})
      local rows = {}
      for row in conn:execute(la.select(t.c.a, t.c.b):order_by(t.c.id)) do rows[#rows + 1] = {row.a, row.b} end
      assert.same({{3, 8}, {2, 4}, {10, 11}, {20, 22}}, rows)
    end)
  end)
end)
