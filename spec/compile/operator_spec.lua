-- SPDX-License-Identifier: MIT
-- Operators: what they are written as, and where parentheses stand.
--
-- The texts are those that SQLAlchemy 2.1 prints for the same statements; white space does not count. One text
-- serves both dialects, or there is one for each.
local la = require "lualchemy"
local check = require "spec.support.compiled"
local tables = require "spec.support.tables"
local u, a = tables.users.c, tables.addresses.c

describe("operators compile", function()
  it("EXP-01 EXP-02 comparison and identity", function()
    check {
      {u.id:eq(3),
        default = "users.id = :id_1",
        sqlite = "users.id = ?"},
      {u.id:ne(3),
        default = "users.id != :id_1",
        sqlite = "users.id != ?"},
      {u.id:eq(nil),
        "users.id IS NULL"},
      {u.id:ne(la.null),
        "users.id IS NOT NULL"},
      {u.id:lt(u.age),
        "users.id < users.age"},
    }
  end)

  it("EXP-06 LIKE and its relatives", function()
    check {
      {u.name:contains("x"),
        default = "users.name LIKE '%' || :name_1 || '%'",
        sqlite = "users.name LIKE '%' || ? || '%'"},
      {u.name:startswith("x"),
        default = "users.name LIKE :name_1 || '%'",
        sqlite = "users.name LIKE ? || '%'"},
      {u.name:endswith("x"),
        default = "users.name LIKE '%' || :name_1",
        sqlite = "users.name LIKE '%' || ?"},
      {u.name:contains("a%b", {autoescape = true}),
        default = "users.name LIKE '%' || :name_1 || '%' ESCAPE '/'",
        sqlite = "users.name LIKE '%' || ? || '%' ESCAPE '/'"},
      {u.name:icontains("x"),
        default = "lower(users.name) LIKE '%' || lower(:name_1) || '%'",
        sqlite = "lower(users.name) LIKE '%' || lower(?) || '%'"},
      {u.name:istartswith("x"),
        default = "lower(users.name) LIKE lower(:name_1) || '%'",
        sqlite = "lower(users.name) LIKE lower(?) || '%'"},
      {u.name:iendswith("x"),
        default = "lower(users.name) LIKE '%' || lower(:name_1)",
        sqlite = "lower(users.name) LIKE '%' || lower(?)"},
      {~u.name:contains("x"),
        default = "users.name NOT LIKE '%' || :name_1 || '%'",
        sqlite = "users.name NOT LIKE '%' || ? || '%'"},
      {~u.name:icontains("x"),
        default = "lower(users.name) NOT LIKE '%' || lower(:name_1) || '%'",
        sqlite = "lower(users.name) NOT LIKE '%' || lower(?) || '%'"},
      {u.name:like("x", {escape = "/"}),
        default = "users.name LIKE :name_1 ESCAPE '/'",
        sqlite = "users.name LIKE ? ESCAPE '/'"},
      {u.name:ilike("x"),
        default = "lower(users.name) LIKE lower(:name_1)",
        sqlite = "lower(users.name) LIKE lower(?)"},
      {u.name:not_ilike("x"),
        default = "lower(users.name) NOT LIKE lower(:name_1)",
        sqlite = "lower(users.name) NOT LIKE lower(?)"},
      {(u.name .. "y"):ilike("x"),
        default = "lower((users.name || :name_1)) LIKE lower(:param_1)",
        sqlite = "lower((users.name || ?)) LIKE lower(?)"},
      {(u.name .. "y"):startswith("x"),
        default = "(users.name || :name_1) LIKE :param_1 || '%'",
        sqlite = "(users.name || ?) LIKE ? || '%'"},
      {u.name:startswith(u.fullname),
        "users.name LIKE users.fullname || '%'"},
      {u.name:startswith("x") & u.active,
        default = "(users.name LIKE :name_1 || '%') AND users.active",
        sqlite = "(users.name LIKE ? || '%') AND users.active = 1"},
    }
  end)

  it("EXP-05 BETWEEN", function()
    check {
      {u.id:between(1, 2),
        default = "users.id BETWEEN :id_1 AND :id_2",
        sqlite = "users.id BETWEEN ? AND ?"},
      {~u.id:between(1, 2),
        default = "users.id NOT BETWEEN :id_1 AND :id_2",
        sqlite = "users.id NOT BETWEEN ? AND ?"},
      {u.id:between(u.age + 1, u.age + 2),
        default = "users.id BETWEEN users.age + :age_1 AND users.age + :age_2",
        sqlite = "users.id BETWEEN users.age + ? AND users.age + ?"},
      {u.id:between(1, 2, {symmetric = true}),
        default = "users.id BETWEEN SYMMETRIC :id_1 AND :id_2",
        sqlite = "users.id BETWEEN SYMMETRIC ? AND ?"},
    }
  end)

  it("EXP-03 IN", function()
    check {
      {u.id:in_{1, 2},
        "users.id IN (__[POSTCOMPILE_id_1])"},
      {u.id:not_in{1, 2},
        "(users.id NOT IN (__[POSTCOMPILE_id_1]))"},
      {u.id:in_{},
        "users.id IN (__[POSTCOMPILE_id_1])"},
      {u.id:in_(la.select(a.user_id)),
        "users.id IN (SELECT addresses.user_id FROM addresses)"},
      {~u.id:in_(la.select(a.user_id)),
        "(users.id NOT IN (SELECT addresses.user_id FROM addresses))"},
      {u.id:in_{1, 2},
        "users.id IN (1, 2)", literal_binds = true},
      {u.id:in_{},
        default = "users.id IN (NULL) AND (1 != 1)",
        sqlite = "users.id IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1)", literal_binds = true},
      {u.id:not_in{},
        default = "(users.id NOT IN (NULL) OR (1 = 1))",
        sqlite = "(users.id NOT IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1))", literal_binds = true},
      {u.id:in_{1, 2},
        default = "users.id IN (:id_1_1, :id_1_2)",
        sqlite = "users.id IN (?, ?)", render_postcompile = true},
      {u.id:in_{},
        default = "users.id IN (NULL) AND (1 != 1)",
        sqlite = "users.id IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1)", render_postcompile = true},
    }
  end)

  it("EXP-04 IN over tuples", function()
    check {
      {la.tuple_(u.id, u.name):in_{{1, "x"}, {2, "y"}},
        "(users.id, users.name) IN (__[POSTCOMPILE_param_1])"},
      {la.tuple_(u.id, u.name):in_{{1, "x"}, {2, "y"}},
        default = "(users.id, users.name) IN ((:param_1_1_1, :param_1_1_2), (:param_1_2_1, :param_1_2_2))",
        sqlite = "(users.id, users.name) IN (VALUES (?, ?), (?, ?))", render_postcompile = true},
      {la.tuple_(u.id, u.name):in_{},
        default = "(users.id, users.name) IN ((NULL, NULL)) AND (1 != 1)",
        sqlite = "(users.id, users.name) IN (SELECT 1, 1 FROM (SELECT 1, 1) WHERE 1!=1)", render_postcompile = true},
      {la.tuple_(u.id, u.name):in_{{1, "x"}},
        default = "(users.id, users.name) IN ((1, 'x'))",
        sqlite = "(users.id, users.name) IN (VALUES (1, 'x'))", literal_binds = true},
      {la.tuple_(u.id, u.age):eq(la.tuple_(1, 2)),
        default = "(users.id, users.age) = (:param_1, :param_2)",
        sqlite = "(users.id, users.age) = (?, ?)"},
      {u.id:in_{u.age, 3},
        default = "users.id IN (users.age, :id_1)",
        sqlite = "users.id IN (users.age, ?)"},
    }
  end)

  it("EXP-09 arithmetic", function()
    check {
      {u.id + 1,
        default = "users.id + :id_1",
        sqlite = "users.id + ?"},
      {1 + u.id,
        default = ":id_1 + users.id",
        sqlite = "? + users.id"},
      {u.id + u.age + 1,
        default = "users.id + users.age + :param_1",
        sqlite = "users.id + users.age + ?"},
      {u.id - (u.age - 1),
        default = "users.id - (users.age - :age_1)",
        sqlite = "users.id - (users.age - ?)"},
      {u.id - u.age - 1,
        default = "(users.id - users.age) - :param_1",
        sqlite = "(users.id - users.age) - ?"},
      {u.id * (u.age + 1),
        default = "users.id * (users.age + :age_1)",
        sqlite = "users.id * (users.age + ?)"},
      {(u.id + 1) * 2,
        default = "(users.id + :id_1) * :param_1",
        sqlite = "(users.id + ?) * ?"},
      {u.id * 2 + 1,
        default = "users.id * :id_1 + :param_1",
        sqlite = "users.id * ? + ?"},
      {u.id / 2,
        default = "users.id / CAST(:id_1 AS NUMERIC)",
        sqlite = "users.id / (? + 0.0)"},
      {(u.id + 1) / (u.age + 2),
        default = "(users.id + :id_1) / CAST((users.age + :age_1) AS NUMERIC)",
        sqlite = "(users.id + ?) / ((users.age + ?) + 0.0)"},
      {u.id / 2.5,
        default = "users.id / CAST(:id_1 AS DOUBLE)",
        sqlite = "users.id / (? + 0.0)"},
      {u.id // 2,
        default = "users.id / :id_1",
        sqlite = "users.id / ?"},
      {(u.id + 1) // (u.score * 2),
        default = "FLOOR((users.id + :id_1) / (users.score * :score_1))",
        sqlite = "FLOOR((users.id + ?) / (users.score * ?))"},
      {u.id % 3,
        default = "users.id % :id_1",
        sqlite = "users.id % ?"},
      {-u.id,
        "-users.id"},
      {-(-u.id),
        "-(-users.id)"},
      {-(u.id + 1),
        default = "-(users.id + :id_1)",
        sqlite = "-(users.id + ?)"},
    }
  end)

  it("EXP-10 strings put together", function()
    check {
      {u.name .. "x",
        default = "users.name || :name_1",
        sqlite = "users.name || ?"},
      {u.name:concat("x"),
        default = "users.name || :name_1",
        sqlite = "users.name || ?"},
      {(u.name .. "x"):eq("yx"),
        default = "(users.name || :name_1) = :param_1",
        sqlite = "(users.name || ?) = ?"},
    }
  end)

  it("EXP-13 operators of one's own", function()
    check {
      {u.id:op("%%")(3),
        default = "users.id %% :id_1",
        sqlite = "users.id %% ?"},
      {u.id:op("->")(u.age):eq(3),
        default = "(users.id -> users.age) = :param_1",
        sqlite = "(users.id -> users.age) = ?"},
      {u.id:op("^", {precedence = 5})(u.age + 1),
        default = "users.id ^ users.age + :age_1",
        sqlite = "users.id ^ users.age + ?"},
      {u.id:op("^")(1) + 1,
        default = "(users.id ^ :id_1) + :param_1",
        sqlite = "(users.id ^ ?) + ?"},
      {u.id:bool_op("@@")(3) & u.active,
        default = "(users.id @@ :id_1) AND users.active",
        sqlite = "(users.id @@ ?) AND users.active = 1"},
    }
  end)

  it("EXP-11 bits", function()
    check {
      {u.id:bitwise_and(3),
        default = "users.id & :id_1",
        sqlite = "users.id & ?"},
      {u.id:bitwise_or(3):bitwise_and(1),
        default = "(users.id | :id_1) & :param_1",
        sqlite = "(users.id | ?) & ?"},
      {u.id:bitwise_not(),
        "~users.id"},
      {u.id:bitwise_lshift(2),
        default = "users.id << :id_1",
        sqlite = "users.id << ?"},
      {u.id:bitwise_rshift(2),
        default = "users.id >> :id_1",
        sqlite = "users.id >> ?"},
    }
  end)

  it("EXP-02 booleans as conditions", function()
    check {
      {u.active,
        "users.active"},
      {~u.active,
        default = "NOT users.active",
        sqlite = "users.active = 0"},
      {u.active & u.active,
        default = "users.active AND users.active",
        sqlite = "users.active = 1 AND users.active = 1"},
      {u.active:eq(true),
        default = "users.active = true",
        sqlite = "users.active = 1"},
      {u.active:is_(true),
        default = "users.active IS true",
        sqlite = "users.active IS 1"},
      {u.active:is_not(nil),
        "users.active IS NOT NULL"},
      {u.id:is_distinct_from(u.age),
        default = "users.id IS DISTINCT FROM users.age",
        sqlite = "users.id IS NOT users.age"},
      {u.id:is_not_distinct_from(3),
        default = "users.id IS NOT DISTINCT FROM :id_1",
        sqlite = "users.id IS ?"},
    }
  end)

  it("EXP-12 AND, OR, NOT", function()
    check {
      {la.and_(u.id:eq(1), u.age:eq(2)),
        default = "users.id = :id_1 AND users.age = :age_1",
        sqlite = "users.id = ? AND users.age = ?"},
      {la.or_(u.id:eq(1), la.and_(u.age:eq(2), u.age:eq(3))),
        default = "users.id = :id_1 OR users.age = :age_1 AND users.age = :age_2",
        sqlite = "users.id = ? OR users.age = ? AND users.age = ?"},
      {la.and_(u.id:eq(1), la.or_(u.age:eq(2), u.age:eq(3))),
        default = "users.id = :id_1 AND (users.age = :age_1 OR users.age = :age_2)",
        sqlite = "users.id = ? AND (users.age = ? OR users.age = ?)"},
      {u.id:eq(1) & u.age:eq(2) & u.age:eq(3),
        default = "users.id = :id_1 AND users.age = :age_1 AND users.age = :age_2",
        sqlite = "users.id = ? AND users.age = ? AND users.age = ?"},
      {u.id:eq(1) | u.age:eq(2) | u.age:eq(3),
        default = "users.id = :id_1 OR users.age = :age_1 OR users.age = :age_2",
        sqlite = "users.id = ? OR users.age = ? OR users.age = ?"},
      {la.not_(la.or_(u.id:eq(1), u.age:eq(2))),
        default = "NOT (users.id = :id_1 OR users.age = :age_1)",
        sqlite = "NOT (users.id = ? OR users.age = ?)"},
      {la.not_(u.id:eq(1)),
        default = "users.id != :id_1",
        sqlite = "users.id != ?"},
      {la.not_(la.and_(u.active, u.id:eq(1))),
        default = "NOT (users.active AND users.id = :id_1)",
        sqlite = "NOT (users.active = 1 AND users.id = ?)"},
      {la.and_(la.true_(), u.id:eq(1)),
        default = "users.id = :id_1",
        sqlite = "users.id = ?"},
      {la.or_(la.false_(), u.id:eq(1)),
        default = "users.id = :id_1",
        sqlite = "users.id = ?"},
      {la.and_(la.false_(), u.id:eq(1)),
        default = "false",
        sqlite = "0 = 1"},
      {la.true_(),
        default = "true",
        sqlite = "1"},
      {la.null_(),
        "NULL"},
      {la.not_(u.age:gt(3)),
        default = "users.age <= :age_1",
        sqlite = "users.age <= ?"},
      {~u.name:like("x"),
        default = "users.name NOT LIKE :name_1",
        sqlite = "users.name NOT LIKE ?"},
      {(u.id:eq(1)):eq(u.id:eq(2)),
        default = "(users.id = :id_1) = (users.id = :id_2)",
        sqlite = "(users.id = ?) = (users.id = ?)"},
    }
  end)
end)
