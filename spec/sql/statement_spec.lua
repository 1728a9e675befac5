-- SPDX-License-Identifier: MIT
-- How Lua builds statements: every call gives a new one. Texts are SQLAlchemy 2.1's.
local la = require "lualchemy"
local tables = require "spec.support.tables"
require "spec.support.sql"
local users, addresses = tables.users, tables.addresses
local u, a = users.c, addresses.c

local function refused(class, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert(la.exc[class]:matches(err), tostring(err))
  return err.message
end

describe("a select", function()
  it("SEL-01 is not changed by a call on it", function()
    local base = la.select(u.id)
    local one, two = base:where(u.id:eq(1)), base:where(u.name:eq "x")
    assert.sql(base, "SELECT users.id FROM users")
    assert.sql(one, "SELECT users.id FROM users WHERE users.id = :id_1")
    assert.sql(two, "SELECT users.id FROM users WHERE users.name = :name_1")
  end)

  it("SEL-01 takes columns, tables, sequences, numbers, constants", function()
    assert.sql(la.select(u.id, {u.name, a.id}), "SELECT users.id, users.name, addresses.id AS id_1 \z
      FROM users, addresses")
    assert.sql(la.select(1, nil, true), "SELECT 1, NULL AS anon_1, true AS anon_2")
    assert.sql(la.select(u.id):add_columns(u.name), "SELECT users.id, users.name FROM users")
    assert.sql(la.select(u.id):with_only_columns(u.age), "SELECT users.age FROM users")
    assert.sql(la.select(u.id):with_only_columns(la.func.count(), {maintain_column_froms = true}),
      "SELECT count(*) AS count_1 FROM users")
    assert.matches("text() or column()", refused("ArgumentError", la.select, "id"), 1, true)
  end)

  it("SEL-03 joins conditions by AND", function()
    assert.sql(la.select(u.id):where(u.id:eq(1), u.active):filter(u.age:gt(3)),
      "SELECT users.id FROM users WHERE users.id = :id_1 AND users.active AND users.age > :age_1")
    assert.matches("boolean is no condition", refused("ArgumentError", function()
      return la.select(users):where(u.id == 1)
    end))
  end)

  it("SEL-03 filter_by finds keys in what it selects from and joins", function()
    assert.sql(la.select(u.id):filter_by{name = "x", age = la.null},
      "SELECT users.id FROM users WHERE users.name = :name_1 AND users.age IS NULL")
    assert.sql(la.select(u.id):join(addresses):filter_by{email = "e"},
      "SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id WHERE addresses.email = :email_1")
    assert.matches('no property "nmae"', refused("InvalidRequestError", function()
      return la.select(users):filter_by{nmae = 1}
    end))
    assert.matches("ambiguous", refused("InvalidRequestError", function()
      return la.select(users, addresses):filter_by{id = 1}
    end))
  end)

  it("SEL-04 joins", function()
    assert.sql(la.select(u.id):join(addresses, u.id:eq(a.user_id), {isouter = true}),
      "SELECT users.id FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id")
    assert.sql(la.select(u.id):outerjoin(addresses, {full = true}),
      "SELECT users.id FROM users FULL OUTER JOIN addresses ON users.id = addresses.user_id")
    assert.sql(la.select(u.id):join_from(users, addresses),
      "SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id")
    refused("ArgumentError", function() return la.select(users):join("addresses") end)
    refused("ArgumentError", function() return la.select(users):join(addresses, {isoutr = true}) end)
  end)

  it("SEL-05 groups and orders, by names of labels too; nil takes it back", function()
    local stmt = la.select(la.func.count(u.id):label "n", u.name):group_by(u.name):having(la.func.count(u.id):gt(2))
    assert.sql(stmt:order_by("n"), "SELECT count(users.id) AS n, users.name FROM users GROUP BY users.name \z
      HAVING count(users.id) > :count_1 ORDER BY n")
    assert.sql(la.select(u.id):order_by(u.id):order_by(nil), "SELECT users.id FROM users")
    assert.sql(la.select(u.id):group_by(u.id):group_by(nil), "SELECT users.id FROM users")
  end)

  it("SEL-06 limits; nil takes the limit away", function()
    assert.sql(la.select(u.id):limit(5):offset(2), "SELECT users.id FROM users LIMIT :param_1 OFFSET :param_2",
      {param_1 = 5, param_2 = 2})
    assert.sql(la.select(u.id):limit(5):limit(nil), "SELECT users.id FROM users")
    assert.sql(la.select(u.id):slice(2, 5), "SELECT users.id FROM users LIMIT :param_1 OFFSET :param_2",
      {param_1 = 3, param_2 = 2})
    assert.sql(la.select(u.id):fetch(5, {with_ties = true}), "SELECT users.id FROM users FETCH \z
      FIRST :param_1 ROWS WITH TIES")
    refused("ArgumentError", function() return la.select(users):limit("x") end)
    refused("ArgumentError", function() return la.select(users):limit(2.5) end)
    refused("ArgumentError", function() return la.select(users):limit() end)
  end)

  it("SEL-07 SEL-08 SEL-18 is distinct, locks, and has prefixes", function()
    assert.sql(la.select(u.name):distinct(), "SELECT DISTINCT users.name FROM users")
    assert.sql(la.select(u.id):with_for_update{nowait = true}, "SELECT users.id FROM users FOR UPDATE")
    assert.sql(la.select(u.id):with_for_update{read = true, of = users}, "SELECT users.id FROM users FOR UPDATE")
    assert.sql(la.select(u.id):prefix_with("HIGH", {dialect = "sqlite"}),
      {default = "SELECT users.id FROM users", sqlite = "SELECT HIGH users.id FROM users"})
    refused("ArgumentError", function() return la.select(users):with_for_update{nowiat = true} end)
  end)

  it("SEL-11 SEL-12 is a scalar, an EXISTS, a label", function()
    local count = la.select(la.func.count(a.id)):where(a.user_id:eq(u.id))
    assert.sql(la.select(u.id, count:label "n"),
      "SELECT users.id, (SELECT count(addresses.id) AS count_1 FROM addresses WHERE \z
        addresses.user_id = users.id) AS n FROM users")
    assert.sql(la.select(u.id):where(count:scalar_subquery():gt(1)),
      "SELECT users.id FROM users WHERE (SELECT count(addresses.id) AS count_1 FROM addresses \z
        WHERE addresses.user_id = users.id) > :param_1")
    assert.sql(la.select(u.id):where(la.exists():where(a.user_id:eq(u.id))),
      "SELECT users.id FROM users WHERE EXISTS (SELECT * FROM addresses WHERE addresses.user_id = users.id)")
    assert.sql(la.select(u.id):where(~la.select(a.id):where(a.user_id:eq(u.id)):exists()),
      "SELECT users.id FROM users WHERE NOT (EXISTS (SELECT addresses.id FROM addresses WHERE \z
        addresses.user_id = users.id))")
    assert.sql(la.exists(la.select(u.id)):select(), "SELECT EXISTS (SELECT users.id FROM users) AS anon_1")
  end)

  it("SEL-14 unites", function()
    local both = la.union_all(la.select(u.id), la.select(a.id))
    assert.sql(both, "SELECT users.id FROM users UNION ALL SELECT addresses.id FROM addresses")
    assert.sql(both:order_by("id"):limit(3),
      "SELECT users.id FROM users UNION ALL SELECT addresses.id FROM addresses ORDER BY id LIMIT :param_1")
    assert.sql(la.select(u.id):except_(la.select(a.id)), "SELECT users.id FROM users EXCEPT SELECT \z
      addresses.id FROM addresses")
    assert.sql(la.intersect(la.select(u.id), la.select(a.id)),
      "SELECT users.id FROM users INTERSECT SELECT addresses.id FROM addresses")
    refused("ArgumentError", la.union, u.id)
    refused("ArgumentError", both.where, both, u.id:eq(1))
  end)

  it("SEL-19 keeps execution options", function()
    local stmt = la.select(u.id):execution_options{stream_results = true, tag = "a"}:execution_options{tag = "b"}
    assert.same({stream_results = true, tag = "b"}, stmt:get_execution_options())
    local kept = {1}
    stmt = la.select(u.id):execution_options{schema_translate_map = kept}
    collectgarbage()
    assert.equal(kept, stmt:get_execution_options().schema_translate_map)
  end)

  it("SEL-21 tells its columns, FROM elements and condition", function()
    local stmt = la.select(u.id, la.func.count(a.id)):where(u.id:eq(1)):where(u.active)
    assert.same({"id", "count"}, {table.unpack(stmt.selected_columns:keys())})
    assert.equal(u.id, stmt.selected_columns.id)
    assert.equal(2, #stmt.froms)
    assert.equal(users, stmt.froms[1])
    assert.sql(stmt.whereclause, "users.id = :id_1 AND users.active")
    assert.is_nil(la.select(u.id).whereclause)
  end)

  it("EXP-31 takes values for its parameters", function()
    local stmt = la.select(u.id):where(u.id:eq(la.bindparam "x"))
    assert.same({x = 5}, stmt:params{x = 5}:compile().params)
    assert.equal(la.null, stmt:compile().params.x)
  end)

  it("SEL-09 has label styles", function()
    assert.sql(la.select(u.id):set_label_style(la.LABEL_STYLE_TABLENAME_PLUS_COL), "SELECT users.id \z
      AS users_id FROM users")
    refused("ArgumentError", function() return la.select(users):set_label_style("x") end)
  end)
end)

describe("a FROM element", function()
  it("SEL-10 SEL-22 offers columns", function()
    local alias = users:alias "x"
    assert.sql(alias.c.id:eq(alias.c.age), "x.id = x.age")
    assert.equal(#u, #alias.c)
    local sub = la.select(u.id, a.id, la.func.count(a.id)):subquery()
    assert.same({"id", "id_1", "count"}, {table.unpack(sub.c:keys())})
    assert.is_true(sub.c:contains "id_1")
    assert.is_nil(sub.c:get "nope")
    assert.is_nil(sub.c[4])
    assert.matches('did you mean "count"', refused("NoSuchColumnError", function() return sub.c.cuont end))
    local seen = {}
    for key, column in pairs(sub.c) do seen[#seen + 1] = key .. " " .. tostring(column) end
    assert.equal(3, #seen)
  end)

  it("SEL-04 finds conditions through foreign keys", function()
    assert.sql(la.select(u.id):select_from(users:join(addresses)),
      "SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id")
    local parent = tables.nodes:alias "parent"
    assert.sql(la.select(parent.c.id):select_from(users:outerjoin(addresses, la.true_())),
      "SELECT parent.id FROM users LEFT OUTER JOIN addresses ON true, nodes AS parent")
    assert.matches("Can't find any foreign key relationships between 'users' and 'nodes'",
      refused("NoForeignKeysError", users.join, users, tables.nodes))
  end)

  it("SEL-13 is a CTE, recursive too", function()
    local n = la.select(la.literal(1):label "i"):cte("n", {recursive = true})
    n = n:union_all(la.select(n.c.i + 1):where(n.c.i:lt(5)))
    assert.sql(la.select(n.c.i), "WITH RECURSIVE n(i) AS (SELECT :param_1 AS i UNION ALL SELECT n.i \z
      + :i_1 AS anon_1 \z
      FROM n WHERE n.i < :i_2) SELECT n.i FROM n")
    local some = la.select(u.id):where(u.active):cte "few"
    assert.sql(la.select(a.id):join(some, some.c.id:eq(a.user_id)),
      "WITH few AS (SELECT users.id AS id FROM users WHERE users.active) \z
        SELECT addresses.id FROM addresses JOIN few ON few.id = addresses.user_id")
  end)

  it("SEL-15 SEL-16 is VALUES, a table by name, LATERAL", function()
    local v = la.values(la.column("a", la.Integer), la.column("b", la.String), {name = "v"}):data{{1, "x"}, {2, "y"}}
    assert.sql(la.select(v), "SELECT v.a, v.b FROM (VALUES (:param_1, :param_2), (:param_3, :param_4)) AS v (a, b)")
    local t = la.table("t", la.column "q")
    assert.sql(la.select(t.c.q):where(t.c.q:eq(1)), "SELECT t.q FROM t WHERE t.q = :q_1")
    assert.matches("LATERAL", tostring(la.select(u.id, la.lateral(la.select(a.id):where(a.user_id:eq(u.id)),
      "l").c.id)))
    refused("ArgumentError", v.data, v, {{1}})
  end)
end)

describe("an INSERT, UPDATE or DELETE", function()
  it("DML-01 DML-03 takes maps, sequences and lists of rows", function()
    assert.sql(la.insert(addresses):values{email = "e", id = 1}, "INSERT INTO addresses (id, email) \z
      VALUES (:id, :email)",
      {id = 1, email = "e"})
    assert.sql(la.insert(addresses):values{7, 8, "e"}, "INSERT INTO addresses (id, user_id, email) \z
      VALUES (:id, :user_id, :email)")
    assert.sql(la.insert(addresses):values{[a.email] = la.func.lower "E"},
      "INSERT INTO addresses (email) VALUES (lower(:lower_1))")
    assert.sql(addresses:insert():values{{id = 1, email = "x"}, {id = 2, email = "y"}},
      "INSERT INTO addresses (id, email) VALUES (:id_m0, :email_m0), (:id_m1, :email_m1)")
    assert.sql(la.insert(addresses):values(), {sqlite = "INSERT INTO addresses DEFAULT VALUES"})
    refused("ArgumentError", function() return la.insert(addresses):values{1, 2, 3, 4} end)
    refused("ArgumentError", la.insert, 5)
  end)

  it("DML-04 inserts from a select", function()
    assert.sql(la.insert(addresses):from_select({"id", a.email}, la.select(u.id, u.name)),
      "INSERT INTO addresses (id, email) SELECT users.id, users.name FROM users")
  end)

  it("DML-06 gives rows back", function()
    assert.sql(la.insert(addresses):values{id = 1}:returning(a.id, a.email),
      "INSERT INTO addresses (id) VALUES (:id) RETURNING addresses.id, addresses.email")
    assert.sql(la.delete(addresses):where(a.id:eq(1)):returning(a.id),
      "DELETE FROM addresses WHERE addresses.id = :id_1 RETURNING addresses.id")
  end)

  it("DML-08 sets in the table's order, or in the order given", function()
    assert.sql(la.update(users):where(u.id:eq(1)):values{age = u.age + 1, name = "x"},
      "UPDATE users SET name=:name, age=(users.age + :age_1) WHERE users.id = :id_1")
    assert.sql(la.update(users):ordered_values({u.age, 5}, {"name", "x"}), "UPDATE users SET age=:age, name=:name")
    assert.sql(la.update(users):filter_by{id = 1}:values{[u.name] = u.fullname},
      "UPDATE users SET name=users.fullname WHERE users.id = :id_1")
    refused("ArgumentError", function() return la.update(users):ordered_values(5) end)
    local ok, err = pcall(function() return la.update(users):values{nmae = 1}:compile() end)
    assert.is_false(ok)
    assert.matches("Unconsumed column names: nmae", err.message)
  end)

  it("DML-12 does something else on conflict", function()
    local insert = la.insert(addresses):values{id = 1, email = "e"}
    assert.sql(insert:on_conflict_do_update{index_elements = {a.id}, set_ = {email = insert.excluded.email},
      where = a.id:gt(3)},
      {sqlite = "INSERT INTO addresses (id, email) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET \z
        email = excluded.email \z
        WHERE addresses.id > ?"})
    assert.sql(insert:on_conflict_do_nothing{index_elements = {"email"}},
      {sqlite = "INSERT INTO addresses (id, email) VALUES (?, ?) ON CONFLICT (email) DO NOTHING"})
    refused("NoSuchColumnError", function() return insert.excluded.emial end)
    refused("ArgumentError", insert.on_conflict_do_update, insert, {index_element = {"id"}})
  end)

  it("DML-15 DML-18 takes named parameters", function()
    assert.sql(la.update(users):where(u.id:eq(la.bindparam "b_id")):values{name = la.bindparam "n"},
      "UPDATE users SET name=:n WHERE users.id = :b_id")
  end)

  it("DML-14 has prefixes", function()
    assert.sql(la.insert(addresses):values{id = 1}:prefix_with "OR IGNORE", "INSERT OR IGNORE INTO \z
      addresses (id) VALUES (:id)")
  end)
end)

describe("a table's column collection", function()
  it("SEL-22 gives one object per column", function()
    assert.equal(users.c.id, users.c.id)
    assert.equal(users.c.id, users.c[1])
    assert.equal("id", users.c:keys()[1])
    local seen = {[users.c.id] = true}
    assert.is_true(seen[users.columns.id])
  end)

  it("SEL-03 finds keys in every side of a join", function()
    local stmt = la.select(u.id):select_from(users:join(addresses)):filter_by{email = "e"}
    assert.matches("addresses.email = :email_1", tostring(stmt), 1, true)
  end)
end)
