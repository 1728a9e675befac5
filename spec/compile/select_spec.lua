-- SPDX-License-Identifier: MIT
-- SELECT: its columns and clauses.
--
-- The texts are those that SQLAlchemy 2.1 prints for the same statements; white space does not count. One text
-- serves both dialects, or there is one for each.
local la = require "lualchemy"
local check = require "spec.support.compiled"
local tables = require "spec.support.tables"
local users, addresses, nodes, thing = tables.users, tables.addresses, tables.nodes, tables.thing
local u, a, n = users.c, addresses.c, nodes.c

describe("a SELECT compiles", function()
  it("SEL-01 SEL-09 columns and their labels", function()
    check {
      {la.select(users),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users"},
      {la.select(u.id, u.name),
        "SELECT users.id, users.name FROM users"},
      {la.select(users, addresses),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen, addresses.id AS id_1, addresses.user_id, addresses.email FROM \z
          users, addresses"},
      {la.select(u.id, a.id, u.id),
        "SELECT users.id, addresses.id AS id_1, users.id AS id__1 FROM users, addresses"},
      {la.select(u.id, a.id):set_label_style(la.LABEL_STYLE_TABLENAME_PLUS_COL),
        "SELECT users.id AS users_id, addresses.id AS addresses_id FROM users, addresses"},
      {la.select(u.id, a.id):set_label_style(la.LABEL_STYLE_NONE),
        "SELECT users.id, addresses.id FROM users, addresses"},
      {la.select(u.id:label("x"), u.name:label("y")),
        "SELECT users.id AS x, users.name AS y FROM users"},
      {la.select(la.func.count(), la.func.count(u.id)),
        "SELECT count(*) AS count_1, count(users.id) AS count_2 FROM users"},
      {la.select(la.func.count()):select_from(users),
        "SELECT count(*) AS count_1 FROM users"},
      {la.select(la.func.count(u.id), la.func.max(u.id), la.func.count(u.id)),
        "SELECT count(users.id) AS count_1, max(users.id) AS max_1, count(users.id) AS count_2 FROM users"},
      {la.select(u.id + 1, u.id * 2),
        default = "SELECT users.id + :id_1 AS anon_1, users.id * :id_2 AS anon_2 FROM users",
        sqlite = "SELECT users.id + ? AS anon_1, users.id * ? AS anon_2 FROM users"},
      {la.select(-u.id, ~u.active, u.id:desc()),
        default = "SELECT -users.id, NOT users.active, users.id DESC FROM users",
        sqlite = "SELECT -users.id, users.active = 0 AS active, users.id DESC FROM users"},
      {la.select(la.cast(u.id, la.String), u.id),
        "SELECT CAST(users.id AS VARCHAR) AS id, users.id AS id_1 FROM users"},
      {la.select(u.id, la.cast(u.id, la.String), la.cast(u.id, la.Integer)),
        "SELECT users.id, CAST(users.id AS VARCHAR) AS id__1, CAST(users.id AS INTEGER) AS id__2 FROM users"},
      {la.select(la.type_coerce(u.id, la.String)),
        "SELECT users.id AS id FROM users"},
      {la.select(la.literal(5), la.text("x"), la.null_(), la.literal_column("5"), la.column("z")),
        default = "SELECT :param_1 AS anon_1, x, NULL AS anon_2, 5, z",
        sqlite = "SELECT ? AS anon_1, x, NULL AS anon_2, 5, z"},
      {la.select(la.literal_column("5"):label("q"), u.id),
        "SELECT 5 AS q, users.id FROM users"},
      {la.select(u.id:label(nil), la.func.count(u.id):label(nil)),
        "SELECT users.id AS id_1, count(users.id) AS count_1 FROM users"},
      {la.select(la.case({u.id:eq(1), "x"}), la.exists():where(a.id:eq(1)), u.id:in_{1}),
        default = "SELECT CASE WHEN (users.id = :id_1) THEN :param_1 END AS anon_1, EXISTS (SELECT * FROM \z
                    addresses WHERE addresses.id = :id_2) AS anon_2, users.id IN (__[POSTCOMPILE_id_3]) AS anon_3 \z
                    FROM users",
        sqlite = "SELECT CASE WHEN (users.id = ?) THEN ? END AS anon_1, EXISTS (SELECT * FROM addresses WHERE \z
                   addresses.id = ?) AS anon_2, users.id IN (__[POSTCOMPILE_id_3]) AS anon_3 FROM users"},
      {la.select(u.id:eq(1), la.func.coalesce(u.age, 5)),
        default = "SELECT users.id = :id_1 AS anon_1, coalesce(users.age, :coalesce_2) AS coalesce_1 FROM users",
        sqlite = "SELECT users.id = ? AS anon_1, coalesce(users.age, ?) AS coalesce_1 FROM users"},
      {la.select(n.Name, n.select, nodes),
        "SELECT nodes.\"Name\", nodes.\"select\", nodes.id, nodes.parent_id, nodes.\"Name\" AS \"Name__1\", \z
          nodes.\"select\" AS select__1 FROM nodes"},
      {la.select(thing),
        "SELECT main.thing.id, main.thing.x FROM main.thing"},
      {la.select(la.func.sum(u.id):over(), la.func.sum(u.id):filter(u.id:gt(1))),
        default = "SELECT sum(users.id) OVER () AS anon_1, sum(users.id) FILTER (WHERE users.id > :id_1) AS \z
                    anon_2 FROM users",
        sqlite = "SELECT sum(users.id) OVER () AS anon_1, sum(users.id) FILTER (WHERE users.id > ?) AS anon_2 \z
                   FROM users"},
    }
  end)

  it("SEL-03 WHERE", function()
    check {
      {la.select(users):where(u.id:eq(1)),
        default = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                    users.score, users.data, users.born, users.seen FROM users WHERE users.id = :id_1",
        sqlite = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                   users.score, users.data, users.born, users.seen FROM users WHERE users.id = ?"},
      {la.select(u.id):where(u.id:eq(1)):where(u.name:eq("x"), u.active),
        default = "SELECT users.id FROM users WHERE users.id = :id_1 AND users.name = :name_1 AND users.active",
        sqlite = "SELECT users.id FROM users WHERE users.id = ? AND users.name = ? AND users.active = 1"},
      {la.select(u.id):where(u.active),
        default = "SELECT users.id FROM users WHERE users.active",
        sqlite = "SELECT users.id FROM users WHERE users.active = 1"},
      {la.select(u.id):where(~u.active),
        default = "SELECT users.id FROM users WHERE NOT users.active",
        sqlite = "SELECT users.id FROM users WHERE users.active = 0"},
      {la.select(u.id):where(la.true_()),
        default = "SELECT users.id FROM users WHERE true",
        sqlite = "SELECT users.id FROM users WHERE 1 = 1"},
      {la.select(u.id):where(la.false_()),
        default = "SELECT users.id FROM users WHERE false",
        sqlite = "SELECT users.id FROM users WHERE 0 = 1"},
      {la.select(u.id):where(la.true_(), u.id:eq(1)),
        default = "SELECT users.id FROM users WHERE users.id = :id_1",
        sqlite = "SELECT users.id FROM users WHERE users.id = ?"},
      {la.select(u.id):where(la.or_(u.id:eq(1), u.id:eq(2))),
        default = "SELECT users.id FROM users WHERE users.id = :id_1 OR users.id = :id_2",
        sqlite = "SELECT users.id FROM users WHERE users.id = ? OR users.id = ?"},
      {la.select(u.id):where(la.or_(u.id:eq(1), u.id:eq(2))):where(u.age:eq(3)),
        default = "SELECT users.id FROM users WHERE (users.id = :id_1 OR users.id = :id_2) AND users.age = :age_1",
        sqlite = "SELECT users.id FROM users WHERE (users.id = ? OR users.id = ?) AND users.age = ?"},
      {la.select(u.id):where(la.and_(u.id:eq(1), u.id:eq(2))):where(u.age:eq(3)),
        default = "SELECT users.id FROM users WHERE users.id = :id_1 AND users.id = :id_2 AND users.age = :age_1",
        sqlite = "SELECT users.id FROM users WHERE users.id = ? AND users.id = ? AND users.age = ?"},
      {la.select(u.id):where(u.name:contains("x")),
        default = "SELECT users.id FROM users WHERE (users.name LIKE '%' || :name_1 || '%')",
        sqlite = "SELECT users.id FROM users WHERE (users.name LIKE '%' || ? || '%')"},
      {la.select(u.id):where(la.text("x = :x")),
        default = "SELECT users.id FROM users WHERE x = :x",
        sqlite = "SELECT users.id FROM users WHERE x = ?"},
      {la.select(u.id):where(la.case({u.id:eq(1), true})),
        default = "SELECT users.id FROM users WHERE CASE WHEN (users.id = :id_1) THEN :param_1 END",
        sqlite = "SELECT users.id FROM users WHERE CASE WHEN (users.id = ?) THEN ? END = 1"},
      {la.select(u.id):where(la.func.foo(u.id, {type_ = la.Boolean})),
        default = "SELECT users.id FROM users WHERE foo(users.id)",
        sqlite = "SELECT users.id FROM users WHERE foo(users.id) = 1"},
      {la.select(users):filter_by{name = "x"},
        default = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                    users.score, users.data, users.born, users.seen FROM users WHERE users.name = :name_1",
        sqlite = "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, \z
                   users.score, users.data, users.born, users.seen FROM users WHERE users.name = ?"},
    }
  end)

  it("SEL-05 ORDER BY, GROUP BY, HAVING", function()
    check {
      {la.select(users):order_by(u.id),
        "SELECT users.id, users.name, users.fullname, users.age, users.active, users.balance, users.score, \z
          users.data, users.born, users.seen FROM users ORDER BY users.id"},
      {la.select(u.id):order_by(u.id:desc(), u.name),
        "SELECT users.id FROM users ORDER BY users.id DESC, users.name"},
      {la.select(u.id:label("q")):order_by("q"),
        "SELECT users.id AS q FROM users ORDER BY q"},
      {la.select(u.id:label("q")):order_by(la.desc("q")),
        "SELECT users.id AS q FROM users ORDER BY q DESC"},
      {la.select(u.id):order_by("id"),
        "SELECT users.id FROM users ORDER BY users.id"},
      {la.select(u.id):order_by("name"),
        "SELECT users.id FROM users ORDER BY users.name"},
      {la.select(u.id):order_by(u.id):order_by(u.name),
        "SELECT users.id FROM users ORDER BY users.id, users.name"},
      {la.select(u.id):order_by(u.id):order_by(nil),
        "SELECT users.id FROM users"},
      {la.select(u.id):order_by(la.text("x")),
        "SELECT users.id FROM users ORDER BY x"},
      {la.select(u.id):order_by(u.id:desc():nulls_last()),
        "SELECT users.id FROM users ORDER BY users.id DESC NULLS LAST"},
      {la.select(u.id):order_by("nope"),
        "error: Can't resolve label reference for ORDER BY / GROUP BY / DISTINCT etc. Textual SQL expression \z
          'nope' should be explicitly declared as text('nope')"},
      {la.select((u.id + 1):label("q"), u.name):group_by("q"):order_by("q"),
        default = "SELECT users.id + :id_1 AS q, users.name FROM users GROUP BY q ORDER BY q",
        sqlite = "SELECT users.id + ? AS q, users.name FROM users GROUP BY q ORDER BY q"},
      {la.select(u.name, la.func.count(u.id)):group_by(u.name),
        "SELECT users.name, count(users.id) AS count_1 FROM users GROUP BY users.name"},
      {la.select(u.name):group_by(u.name):having(la.func.count(u.id):gt(5)),
        default = "SELECT users.name FROM users GROUP BY users.name HAVING count(users.id) > :count_1",
        sqlite = "SELECT users.name FROM users GROUP BY users.name HAVING count(users.id) > ?"},
      {la.select(u.name):group_by(u.name, u.age):having(la.func.count(u.id):gt(5), u.active),
        default = "SELECT users.name FROM users GROUP BY users.name, users.age HAVING count(users.id) > \z
                    :count_1 AND users.active",
        sqlite = "SELECT users.name FROM users GROUP BY users.name, users.age HAVING count(users.id) > ? AND \z
                   users.active = 1"},
    }
  end)

  it("SEL-06 LIMIT, OFFSET, FETCH", function()
    check {
      {la.select(u.id):limit(5),
        default = "SELECT users.id FROM users LIMIT :param_1",
        sqlite = "SELECT users.id FROM users LIMIT ? OFFSET ?"},
      {la.select(u.id):offset(5),
        default = "SELECT users.id FROM users LIMIT -1 OFFSET :param_1",
        sqlite = "SELECT users.id FROM users LIMIT ? OFFSET ?"},
      {la.select(u.id):limit(5):offset(2),
        default = "SELECT users.id FROM users LIMIT :param_1 OFFSET :param_2",
        sqlite = "SELECT users.id FROM users LIMIT ? OFFSET ?"},
      {la.select(u.id):slice(2, 7),
        default = "SELECT users.id FROM users LIMIT :param_1 OFFSET :param_2",
        sqlite = "SELECT users.id FROM users LIMIT ? OFFSET ?"},
      {la.select(u.id):limit(la.literal(3) + 2),
        default = "SELECT users.id FROM users LIMIT :param_1 + :param_2",
        sqlite = "SELECT users.id FROM users LIMIT ? + ? OFFSET ?"},
      {la.select(u.id):limit(nil),
        "SELECT users.id FROM users"},
      {la.select(u.id):fetch(5),
        default = "SELECT users.id FROM users FETCH FIRST :param_1 ROWS ONLY",
        sqlite = "SELECT users.id FROM users FETCH FIRST ? ROWS ONLY"},
      {la.select(u.id):offset(3):fetch(5, {with_ties = true}),
        default = "SELECT users.id FROM users OFFSET :param_1 ROWS FETCH FIRST :param_2 ROWS WITH TIES",
        sqlite = "SELECT users.id FROM users OFFSET ? ROWS FETCH FIRST ? ROWS WITH TIES"},
      {la.select(u.id):limit(5),
        default = "SELECT users.id FROM users LIMIT 5",
        sqlite = "SELECT users.id FROM users LIMIT 5 OFFSET 0", literal_binds = true},
    }
  end)

  it("SEL-07 SEL-08 SEL-18 DISTINCT, FOR UPDATE, prefixes and suffixes", function()
    check {
      {la.select(u.id):distinct(),
        "SELECT DISTINCT users.id FROM users"},
      {la.select(u.id):with_for_update(),
        default = "SELECT users.id FROM users FOR UPDATE",
        sqlite = "SELECT users.id FROM users"},
      {la.select(u.id):prefix_with("HI"),
        "SELECT HI users.id FROM users"},
      {la.select(u.id):prefix_with("HI", {dialect = "sqlite"}):suffix_with("BYE"),
        default = "SELECT users.id FROM users BYE",
        sqlite = "SELECT HI users.id FROM users BYE"},
      {la.select(u.id):with_statement_hint("foo"),
        "SELECT users.id FROM users foo"},
    }
  end)

  it("SEL-18 shows hints behind their FROM elements where no database is known", function()
    local q, inner = users:alias "q", la.select(users):with_only_columns(u.id):with_hint(users, "IN"):subquery "s"
    check {
      {la.select(u.id):with_hint(users, "old"):with_hint(users, "USE %(name)s"),
        default = "SELECT users.id FROM users [USE users]", sqlite = "SELECT users.id FROM users"},
      {la.select(u.id):with_hint(users, "x", "oracle"), "SELECT users.id FROM users"},
      {la.select(q.c.id):select_from(q:join(users, q.c.id:eq(u.id))):with_hint(q, "USE %(name)s"):with_hint(users, "X"),
        default = "SELECT q.id FROM users AS q [USE q] JOIN users [X] ON q.id = users.id"},
      {la.select(q.c.id):with_hint(users, "not here"), "SELECT q.id FROM users AS q"},
      {la.select(inner.c.id):with_hint(inner, "OUT"),
        default = "SELECT s.id FROM (SELECT users.id AS id FROM users [IN]) AS s [OUT]"},
      {la.update(users):values {name = "x"}:with_hint("H"), default = "UPDATE users [H] SET name=:name"},
      {la.delete(users):with_hint("H"), default = "DELETE FROM users [H]"},
      {la.insert(users):values {name = "x"}:with_hint("H"), default = "INSERT INTO users [H] (name) VALUES (:name)"},
    }
  end)
end)
