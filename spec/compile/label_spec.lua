-- SPDX-License-Identifier: MIT
-- Labels: what a subquery makes of equal ones, label styles, and types that functions give.
local la = require "lualchemy"
local fails = require "spec.support.fails"
require "spec.support.sql"
local words = require "spec.support.words"
local addresses, users = words.addresses, words.users
local exc = la.exc

describe("labels", function()
  it("SEL-22 refuses columns of a subquery with two equal labels of the program", function()
    local stmt = la.select(users.c.id:label("a"), users.c.name:label("a"))
    assert.same({"a", "a_1"}, {table.unpack(stmt.selected_columns:keys())})
    assert.sql(la.select(la.func.count()):select_from(stmt:subquery("q")),
      "SELECT count(*) AS count_1 FROM (SELECT users.id AS a, users.name AS a FROM users) AS q")
    fails(exc.InvalidRequestError, "Label name a is being renamed", function() return stmt:subquery().c end)
    fails(exc.InvalidRequestError, "Label name a is being renamed", function() return la.select(stmt:cte()):compile() end)
  end)

  it("SEL-22 leaves texts out of a subquery's columns", function()
    local stmt = la.select(users.c.id, la.text "foo", users.c.name)
    assert.same({"id", "name"}, {table.unpack(stmt.selected_columns:keys())})
    assert.same({"id", "name"}, {table.unpack(stmt:subquery().c:keys())})
  end)

  it("SEL-22 knows a column that is listed twice by its first name", function()
    local sub = la.select(users.c.id, addresses.c.id, users.c.id, addresses.c.id):subquery()
    assert.same({"id", "id_1", "id_2", "id_3"}, {table.unpack(sub.c:keys())})
    assert.sql(sub:select(), "SELECT anon_1.id, anon_1.id_1, anon_1.id AS id_2, anon_1.id_1 AS id_1_1 \z
      FROM (SELECT users.id AS id, addresses.id AS id_1, users.id AS id__1, addresses.id AS id__2 \z
      FROM users, addresses) AS anon_1")
  end)

  it("SEL-22 repeats a constant as one column", function()
    assert.sql(la.select(users.c.id, la.null_(), la.null_()):subquery():select(),
      "SELECT anon_1.id, anon_1.anon_2, anon_1.anon_2 AS anon_2_1 \z
      FROM (SELECT users.id AS id, NULL AS anon_2, NULL AS anon__1 FROM users) AS anon_1")
  end)

  it("SEL-09 tells its label style, which a set has from its first part", function()
    local plain = la.select(users.c.id, addresses.c.id)
    assert.equal(la.LABEL_STYLE_DISAMBIGUATE_ONLY, plain:get_label_style())
    local set = la.union(plain, plain):set_label_style(la.LABEL_STYLE_TABLENAME_PLUS_COL)
    assert.equal(la.LABEL_STYLE_TABLENAME_PLUS_COL, set:get_label_style())
    assert.same({"users_id", "addresses_id"}, {table.unpack(set.selected_columns:keys())})
    assert.sql(la.select(set:subquery("q").c.addresses_id), "SELECT q.addresses_id FROM \z
      (SELECT users.id AS users_id, addresses.id AS addresses_id FROM users, addresses \z
      UNION SELECT users.id AS id, addresses.id AS id_1 FROM users, addresses) AS q")
  end)

  it("SEL-09 tells the columns of a subquery apart, whatever its label style", function()
    local sub = la.select(users.c.id, addresses.c.id):set_label_style(la.LABEL_STYLE_NONE):subquery()
    assert.sql(sub:select(), "SELECT anon_1.id, anon_1.id_1 \z
      FROM (SELECT users.id AS id, addresses.id AS id_1 FROM users, addresses) AS anon_1")
  end)

  it("SEL-17 keeps the sampling of what it gives another alias", function()
    assert.sql(la.select(users:tablesample(5, {name = "s"}):alias("q").c.id),
      "SELECT q.id FROM users AS q TABLESAMPLE system(:system_1)")
  end)

  it("gives array_agg() an ARRAY of what it gathers", function()
    local type = la.func.array_agg(users.c.id).type
    assert.equal("ARRAY", type.__name__)
    assert.equal("Integer", type.item_type.__name__)
    assert.equal("ARRAY", la.func.array_agg(la.func.array_agg(users.c.id)).type.__name__)
  end)

  it("DML-04 names the columns with defaults that it cannot add to a set", function()
    local stmt = la.insert(words.defs):from_select({"id"}, la.union(la.select(users.c.id), la.select(addresses.c.id)))
    fails(exc.CompileError, "default-holding column(s) 'a', 'b', 'd', 'g', 'i'", function()
      return stmt:compile()
    end)
  end)
end)
