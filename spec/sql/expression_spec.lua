-- SPDX-License-Identifier: MIT
-- How Lua builds expressions: methods, operators, values, and what is refused. Texts are SQLAlchemy 2.1's.
local la = require "lualchemy"
local tables = require "spec.support.tables"
require "spec.support.sql"
local u = tables.users.c

-- The message of the error that `fn` raises, which must be of `class`.
local function refused(class, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert(la.exc[class]:matches(err), tostring(err))
  return err.message
end

describe("a comparison", function()
  it("EXP-01 names its parameter after the column", function()
    assert.sql(u.id:eq(7), "users.id = :id_1", {id_1 = 7})
    assert.sql(u.name:ne "x", "users.name != :name_1", {name_1 = "x"})
    assert.sql(u.id:lt(1) & u.id:le(2), "users.id < :id_1 AND users.id <= :id_2", {id_1 = 1, id_2 = 2})
    assert.sql(u.id:gt(1) | u.id:ge(2), "users.id > :id_1 OR users.id >= :id_2")
  end)

  it("EXP-01 EXP-02 takes nil and la.null as NULL", function()
    assert.sql(u.id:eq(nil), "users.id IS NULL")
    assert.sql(u.id:ne(la.null), "users.id IS NOT NULL")
    assert.sql(u.id:is_(nil), "users.id IS NULL")
    assert.sql(u.id:is_not(nil), "users.id IS NOT NULL")
    assert.sql(u.id:is_distinct_from(nil), "users.id IS DISTINCT FROM NULL")
    assert.sql(u.id:is_not_distinct_from(3), "users.id IS NOT DISTINCT FROM :id_1")
    assert.matches("operators can be used with nil", refused("ArgumentError", u.id.lt, u.id, nil))
    assert.matches("operators can be used with nil", refused("ArgumentError", u.id.lt, u.id, la.null_()))
  end)

  it("EXP-01 tells a missing argument from nil", function()
    assert.matches("missing", refused("ArgumentError", u.id.eq, u.id))
  end)

  it("EXP-01 takes booleans as constants", function()
    assert.sql(u.active:eq(true), {default = "users.active = true", sqlite = "users.active = 1"})
    assert.sql(u.id:eq(1):is_(false), "(users.id = :id_1) IS false")
  end)

  it("EXP-30 is not made by Lua's own operators", function()
    assert.matches("column:lt", refused("ArgumentError", function() return u.id < 3 end))
    assert.matches("column:gt", refused("ArgumentError", function() return 3 < u.id end))
    assert.matches("column:le", refused("ArgumentError", function() return u.id <= 3 end))
    assert.matches("boolean is no condition", refused("ArgumentError", la.and_, u.id:eq(1), u.id == 2))
  end)

  it("EXP-01 compares dates with tables and ISO texts", function()
    local date = u.born:eq{year = 2024, month = 1, day = 2}:compile().params.born_1
    assert.equal("2024-01-02", tostring(date))
    assert.equal("2024-01-02", tostring(u.born:eq("2024-01-02"):compile().params.born_1))
    refused("StatementError", u.id.eq, u.id, {})
  end)
end)

describe("an operator", function()
  it("EXP-09 works from either side", function()
    assert.sql(u.id + 1, "users.id + :id_1", {id_1 = 1})
    assert.sql(1 - u.id, ":id_1 - users.id", {id_1 = 1})
    assert.sql(u.id * 2 % 3, "(users.id * :id_1) % :param_1")
    assert.sql(-u.id, "-users.id")
    assert.sql(u.id / 2, {default = "users.id / CAST(:id_1 AS NUMERIC)", sqlite = "users.id / (? + 0.0)"})
    assert.sql(u.id // 2, "users.id / :id_1")
    assert.sql(u.id ^ 2, "pow(users.id, :pow_1)")
  end)

  it("EXP-10 joins texts by .. and by +", function()
    assert.sql(u.name .. " " .. u.fullname, "users.name || :fullname_1 || users.fullname")
    assert.sql("Mr. " .. u.name, ":name_1 || users.name", {name_1 = "Mr. "})
    assert.sql(u.name + u.fullname, "users.name || users.fullname")
    assert.sql(la.column("j", la.JSON) + "x", "j || :j_1")
    assert.sql(u.name + la.column("j", la.JSON), "users.name || j")
    assert.sql(la.column("list", la.ARRAY(la.Integer)) + la.column("more", la.ARRAY(la.Integer)), "list || more")
    assert.sql(la.column("list", la.ARRAY(la.Integer)) + u.id, "list + users.id")
    assert.sql(u.name:concat "x", "users.name || :name_1")
  end)

  it("EXP-12 is AND, OR and NOT as & | ~", function()
    assert.sql(u.id:eq(1) & u.id:eq(2) | u.active, "users.id = :id_1 AND users.id = :id_2 OR users.active")
    assert.sql(~u.name:like "a%", "users.name NOT LIKE :name_1")
    assert.sql(~(u.id:eq(1) | u.id:eq(2)), "NOT (users.id = :id_1 OR users.id = :id_2)")
    assert.sql(la.and_(la.true_(), u.id:eq(1)), "users.id = :id_1")
    assert.sql(la.and_(la.false_(), u.id:eq(1)), "false")
    assert.sql(la.or_(u.id:eq(1), la.false_()), "users.id = :id_1")
    assert.sql(la.not_(la.true_()), "false")
  end)

  it("EXP-11 works on bits by name", function()
    assert.sql(u.id:bitwise_and(1), "users.id & :id_1")
    assert.sql(u.id:bitwise_or(1):bitwise_xor(2), "(users.id | :id_1) ^ :param_1")
    assert.sql(u.id:bitwise_lshift(1), "users.id << :id_1")
    assert.sql(u.id:bitwise_rshift(1), "users.id >> :id_1")
    assert.sql(u.id:bitwise_not(), "~users.id")
  end)

  it("EXP-13 of the user's own is a function of its right side", function()
    assert.sql(u.name:op "~*" "x", "users.name ~* :name_1", {name_1 = "x"})
    assert.sql((u.id + 1):op("x", {precedence = 9})(2), "(users.id + :id_1) x :param_1")
    assert.sql(~u.name:bool_op "@@" "x", "NOT (users.name @@ :name_1)")
    assert.sql(u.id:op("->", {return_type = la.String})(1) .. "x", "(users.id -> :id_1) || :param_1")
    refused("ArgumentError", u.id.op, u.id, "x", {precedense = 1})
  end)
end)

describe("LIKE and its relatives", function()
  it("EXP-06 take escape and autoescape", function()
    assert.sql(u.name:like("a/%b", {escape = "/"}), "users.name LIKE :name_1 ESCAPE '/'")
    assert.sql(u.name:contains("a%b", {autoescape = true}),
      "users.name LIKE '%' || :name_1 || '%' ESCAPE '/'", {name_1 = "a/%b"})
    assert.sql(u.name:startswith("5_/", {autoescape = true, escape = "^"}),
      "users.name LIKE :name_1 || '%' ESCAPE '^'", {name_1 = "5^_/"})
    assert.sql(u.name:icontains "x", "lower(users.name) LIKE '%' || lower(:name_1) || '%'")
    assert.sql(u.name:istartswith "x", "lower(users.name) LIKE lower(:name_1) || '%'")
    assert.sql(u.name:iendswith "x", "lower(users.name) LIKE '%' || lower(:name_1)")
    assert.sql(u.name:not_ilike "x", "lower(users.name) NOT LIKE lower(:name_1)")
    assert.sql(u.born:like "2024-%", "users.born LIKE :born_1", {born_1 = "2024-%"})
  end)

  it("EXP-06 name an unknown keyword and the nearest", function()
    assert.matches("unknown keyword 'escap' for 'like'; did you mean 'escape'?",
      refused("ArgumentError", u.name.like, u.name, "x", {escap = "/"}), 1, true)
    refused("ArgumentError", u.name.contains, u.name, 5, {autoescape = true})
  end)
end)

describe("IN", function()
  it("EXP-03 takes a list as one parameter", function()
    local list = u.id:in_{1, 2, 3}
    assert.same({1, 2, 3}, list:compile().params.id_1)
    assert.sql(list, "users.id IN (__[POSTCOMPILE_id_1])")
    assert.equal("users.id IN (:id_1_1, :id_1_2)", tostring(u.id:in_{1, 2}:compile{render_postcompile = true}))
    assert.equal("(users.name NOT IN ('a', 'b'))", tostring(u.name:not_in{"a", "b"}:compile{literal_binds = true}))
  end)

  it("EXP-03 takes selects, expressions and parameters", function()
    local a = tables.addresses.c
    assert.sql(u.id:in_(la.select(a.user_id)), "users.id IN (SELECT addresses.user_id FROM addresses)")
    assert.sql(u.id:in_{1, u.age, la.null}, "users.id IN (:id_1, users.age, NULL)")
    assert.sql(u.id:in_(la.bindparam("ids", {expanding = true})), "users.id IN (__[POSTCOMPILE_ids])")
    assert.matches("IN expression list", refused("ArgumentError", u.id.in_, u.id, 5))
  end)

  it("EXP-04 compares tuples with rows", function()
    local pair = la.tuple_(u.id, u.name)
    assert.sql(pair:in_{{1, "a"}, {2, "b"}}, "(users.id, users.name) IN (__[POSTCOMPILE_param_1])")
    assert.matches("2 values", refused("ArgumentError", pair.in_, pair, {{1}}))
  end)
end)

describe("an expression", function()
  it("EXP-05 EXP-15 is BETWEEN or CASE", function()
    assert.sql(u.age:between(18, 65), "users.age BETWEEN :age_1 AND :age_2", {age_1 = 18, age_2 = 65})
    assert.sql(~la.between(u.age, 1, 2), "users.age NOT BETWEEN :age_1 AND :age_2")
    assert.sql(la.case({u.age:lt(18), "minor"}, {u.age:lt(65), "adult"}, {else_ = "senior"}),
      "CASE WHEN (users.age < :age_1) THEN :param_1 WHEN (users.age < :age_2) THEN :param_2 ELSE :param_3 END")
    assert.sql(la.case({1, "one"}, {2, "two"}, {value = u.id}),
      "CASE users.id WHEN :param_1 THEN :param_2 WHEN :param_3 THEN :param_4 END")
    refused("ArgumentError", la.case, {a = 1, b = 2})
    refused("ArgumentError", la.case, 5)
  end)

  it("EXP-14 is a literal typed by its value", function()
    assert.sql(la.select(la.literal(5)), "SELECT :param_1 AS anon_1", {param_1 = 5})
    assert.sql(la.literal "x" .. "y", ":param_1 || :param_2")
    assert.sql(la.literal(nil, la.Integer), ":param_1")
    assert.sql(la.literal_column "now()", "now()")
    assert.sql(la.bindparam("x", 5), ":x", {x = 5})
    refused("StatementError", la.literal, {})
  end)

  it("EXP-16 EXP-17 EXP-20 EXP-21 is cast, labelled, extracted, collated", function()
    assert.sql(la.cast(u.id, la.String(5)), "CAST(users.id AS VARCHAR(5))")
    assert.sql(u.id:cast(la.Numeric(8, 2)), "CAST(users.id AS NUMERIC(8, 2))")
    assert.sql(la.type_coerce(u.id, la.String) .. "x", "users.id || :param_1")
    assert.sql(la.select(u.id:label "k"), "SELECT users.id AS k FROM users")
    assert.sql(la.extract("year", u.born), "EXTRACT(year FROM users.born)")
    assert.sql(u.name:collate "NOCASE", 'users.name COLLATE "NOCASE"')
    refused("ArgumentError", u.id.cast, u.id, "x")
  end)

  it("EXP-18 EXP-19 orders and is distinct", function()
    assert.sql(u.id:desc():nulls_last(), "users.id DESC NULLS LAST")
    assert.sql(la.nulls_first(la.asc(u.id)), "users.id ASC NULLS FIRST")
    assert.sql(la.func.count(u.id:distinct()), "count(DISTINCT users.id)")
  end)

  it("EXP-22 compares with ANY and ALL", function()
    assert.sql(la.any_(la.select(u.id):scalar_subquery()):gt(5), ":param_1 < ANY (SELECT users.id FROM users)")
    assert.equal("Only comparison operators may be used with ANY/ALL", refused("ArgumentError", function()
      return la.any_(la.select(u.id):scalar_subquery()) + 1
    end))
    assert.truthy(refused("ArgumentError", function() return la.tuple_(u.id, u.name):eq(3) end)
      :find("sequence of values for a tuple expected, got number", 1, true))
  end)

  it("EXP-23 reads parts of JSON", function()
    assert.sql(u.data:at "a", {sqlite = "JSON_QUOTE(JSON_EXTRACT(users.data, ?))"})
    local _, path = next(u.data:at{"a", 0}:compile().params)
    assert.equal('$."a"[0]', path)
    refused("InvalidRequestError", u.id.at, u.id, "a")
  end)

  it("EXP-24 is text with parameters", function()
    local text = la.text "SELECT * FROM users WHERE id = :id AND name = :name AND t = '\\:x'::text"
    assert.sql(text:bindparams{id = 5, name = "x"},
      "SELECT * FROM users WHERE id = :id AND name = :name AND t = ':x'::text", {id = 5, name = "x"})
    assert.matches("named 'q'", refused("ArgumentError", text.bindparams, text, {q = 1}))
    assert.sql(la.text("SELECT id FROM users"):columns(u.id):subquery "q":select(),
      "SELECT q.id FROM (SELECT id FROM users) AS q")
  end)

  it("EXP-26 shows itself as SQL", function()
    assert.equal("users.id = :id_1", tostring(u.id:eq(1)))
    assert.matches("^users.id", tostring(u.id + 1))
  end)
end)

describe("func", function()
  it("FN-01 calls any function, in packages too", function()
    assert.sql(la.func.lower(u.name), "lower(users.name)")
    assert.sql(la.func.pkg.sub.fn(1), "pkg.sub.fn(:fn_1)")
    assert.sql(la.func["repeat"]("x", 3), "repeat(:repeat_1, :repeat_2)")
    assert.sql(la.func.count(), "count(*)")
    assert.sql(la.func.foo(u.id, {type_ = la.String}) + "x", "foo(users.id) || :foo_1")
    assert.equal("func.a.b", tostring(la.func.a.b))
    refused("ArgumentError", function() return la.func(1) end)
  end)

  it("FN-02 knows types of results", function()
    assert.sql(la.func.max(u.name) + "x", "max(users.name) || :max_1")
    assert.sql(la.func.coalesce(u.age, 0) / 2, "coalesce(users.age, :coalesce_1) / CAST(:coalesce_2 AS NUMERIC)")
  end)

  it("FN-03 FN-04 takes FILTER, WITHIN GROUP and windows", function()
    assert.sql(la.func.sum(u.age):filter(u.active, u.id:gt(1)),
      "sum(users.age) FILTER (WHERE users.active AND users.id > :id_1)")
    assert.sql(la.func.percentile_cont(0.5):within_group(u.age:desc()),
      "percentile_cont(:percentile_cont_1) WITHIN GROUP (ORDER BY users.age DESC)")
    assert.sql(la.func.row_number():over{partition_by = u.age, order_by = {u.id, u.name:desc()}},
      "row_number() OVER (PARTITION BY users.age ORDER BY users.id, users.name DESC)")
    assert.sql(la.func.sum(u.age):over{order_by = u.id, rows = {nil, 0}},
      "sum(users.age) OVER (ORDER BY users.id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)")
    assert.sql(la.func.sum(u.age):over{order_by = u.id, range_ = {-1, 2}},
      "sum(users.age) OVER (ORDER BY users.id RANGE BETWEEN :param_1 PRECEDING AND :param_2 FOLLOWING)",
      {param_1 = 1, param_2 = 2})
    local call = la.func.sum(u.id)
    assert.matches("did you mean 'partition_by'", refused("ArgumentError", call.over, call, {partion_by = u.id}))
  end)

  it("FN-05 gives tables", function()
    assert.sql(la.select(la.func.json_each("[1]"):table_valued("value").c.value),
      "SELECT anon_1.value FROM json_each(:json_each_1) AS anon_1")
    assert.sql(la.func.json_each("[1]"):table_valued("key", "value", {name = "j"}):select(),
      'SELECT j.key, j.value FROM json_each(:json_each_1) AS j')
  end)
end)

describe("a column without a type", function()
  it("stands on both sides of an operator (EXP-01)", function()
    local t = la.Table("t", la.MetaData(), la.Column "x", la.Column("y", la.Integer))
    assert.sql(t.c.x - t.c.x, "t.x - t.x")
    assert.sql(t.c.x:eq(t.c.y) & t.c.x:is_(nil), "t.x = t.y AND t.x IS NULL")
    assert.sql(t.c.x:between(t.c.x, t.c.x), "t.x BETWEEN t.x AND t.x")
  end)
end)
