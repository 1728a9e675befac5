-- SPDX-License-Identifier: MIT
-- Expressions as text.
--
-- Every text is the one that SQLAlchemy 2.1 writes for its SQLite dialect with literal_binds.
local la = require "lualchemy"
local check = require "spec.support.literal"
local words = require "spec.support.words"
local addresses, b1, d, dt, f, n, p, s, users, x, y, z =
  words.addresses, words.b1, words.d, words.dt, words.f, words.n, words.p, words.s, words.users, words.x,
  words.y, words.z

describe("expressions as text", function()
  it("compares, negates and computes", function()
    check {
      {x:eq(5), "x = 5"},
      {x:ne(5), "x != 5"},
      {x:eq(nil), "x IS NULL"},
      {x:ne(nil), "x IS NOT NULL"},
      {x:lt(5), "x < 5"},
      {x:le(5), "x <= 5"},
      {x:gt(5), "x > 5"},
      {x:ge(5), "x >= 5"},
      {~(x:eq(5)), "x != 5"},
      {~(x:lt(5)), "x >= 5"},
      {~(x:eq(nil)), "x IS NOT NULL"},
      {~x, "NOT x"},
      {~z, "z = 0"},
      {~(~z), "z = 1"},
      {~(~(x:eq(5))), "x = 5"},
      {-x, "-x"},
      {-(-x), "-(-x)"},
      {-(x + 1), "-(x + 1)"},
      {(-x) + 1, "-x + 1"},
      {(x + 1) * 2, "(x + 1) * 2"},
      {x + (1 * 2), "x + 2"},
      {x - (p - 1), "x - (p - 1)"},
      {(x - p) - 1, "(x - p) - 1"},
      {(x / p) / 2, "(x / (p + 0.0)) / (2 + 0.0)"},
      {x / (p / 2), "x / ((p / (2 + 0.0)) + 0.0)"},
      {x // 2, "x / 2"},
      {x // p, "x / p"},
      {f // 2, "FLOOR(f / 2)"},
      {n // 3, "FLOOR(n / 3)"},
      {x % 3, "x % 3"},
      {(x % 3) * 2, "(x % 3) * 2"},
      {x / 2, "x / (2 + 0.0)"},
      {f / 2, "f / (2 + 0.0)"},
      {n / 2, "n / (2 + 0.0)"},
      {2 / x, "2 / (x + 0.0)"},
      {10 - x, "10 - x"},
      {3 * x, "3 * x"},
      {7 // x, "7 / x"},
      {7 % x, "7 % x"},
      {y + "a", "y || 'a'"},
      {y + s, "y || s"},
      {(y + "a") + s, "y || 'a' || s"},
      {(y + "a"):eq("b"), "(y || 'a') = 'b'"},
    }
  end)

  it("joins texts, and takes operators of the program", function()
    check {
      {y:concat("z"), "y || 'z'"},
      {y:concat(s):concat("q"), "y || s || 'q'"},
      {~(y + "a"), "NOT (y || 'a')"},
      {x:op("||")("z"), "x || 'z'"},
      {x:op("&&")(5), "x && 5"},
      {x:op("&&", {precedence = 10})(5) + 3, "x && 5 + 3"},
      {x:op("&&", {is_comparison = true})(5), "x && 5"},
      {~x:op("&&", {is_comparison = true})(5), "NOT (x && 5)"},
      {x:bool_op("@@")(5), "x @@ 5"},
      {~x:bool_op("@@")(5), "NOT (x @@ 5)"},
      {x:op("->", {return_type = la.String})("q"), "x -> 'q'"},
      {(x + 1):op("%%%")((p * 2)), "x + 1 %%% p * 2"},
      {x:op("#")(p):op("#")(3), "(x # p) # 3"},
      {x:in_({1, 2, 3}), "x IN (1, 2, 3)"},
      {x:not_in({1, 2, 3}), "(x NOT IN (1, 2, 3))"},
    }
  end)

  it("looks into lists and compares tuples", function()
    check {
      {~x:in_({1, 2}), "(x NOT IN (1, 2))"},
      {~x:not_in({1, 2}), "x IN (1, 2)"},
      {x:in_({}), "x IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1)"},
      {x:not_in({}), "(x NOT IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1))"},
      {x:in_({la.null}), "x IN (NULL)"},
      {x:in_({1, la.null}), "x IN (1, NULL)"},
      {x:in_(la.select(addresses.c.id)), "x IN (SELECT addresses.id FROM addresses)"},
      {x:not_in(la.select(addresses.c.id)), "(x NOT IN (SELECT addresses.id FROM addresses))"},
      {x:in_(la.select(addresses.c.id):scalar_subquery()), "x IN (SELECT addresses.id FROM addresses)"},
      {x:in_(la.bindparam("q", {1, 2}, {expanding = true})), "x IN (1, 2)"},
      {x:in_({p, 3}), "x IN (p, 3)"},
      {y:in_({"a", "b"}), "y IN ('a', 'b')"},
      {la.tuple_(x, y):in_({{1, "a"}, {2, "b"}}), "(x, y) IN (VALUES (1, 'a'), (2, 'b'))"},
      {la.tuple_(x, y):not_in({{1, "a"}, {2, "b"}}), "((x, y) NOT IN (VALUES (1, 'a'), (2, 'b')))"},
      {la.tuple_(x, y):eq(la.tuple_(1, "b")), "(x, y) = (1, 'b')"},
      {la.tuple_(x, y):eq({1, "b"}), "(x, y) = (1, 'b')"},
      {la.tuple_(x, y):lt({1, "b"}), "(x, y) < (1, 'b')"},
      {la.tuple_(x, y):in_(la.select(addresses.c.id, addresses.c.email)),
        "(x, y) IN (SELECT addresses.id, addresses.email FROM addresses)"},
      {x:is_(nil), "x IS NULL"},
      {x:is_not(nil), "x IS NOT NULL"},
      {x:is_(p), "x IS p"},
    }
  end)

  it("tests for identity and ranges", function()
    check {
      {x:is_(la.true_()), "x IS 1"},
      {x:is_(false), "x IS 0"},
      {x:is_(true), "x IS 1"},
      {~x:is_(nil), "x IS NOT NULL"},
      {~x:is_not(nil), "x IS NULL"},
      {x:is_distinct_from(nil), "x IS NOT NULL"},
      {~x:is_not_distinct_from(p), "x IS NOT p"},
      {x:between(1, 5), "x BETWEEN 1 AND 5"},
      {~x:between(1, 5), "x NOT BETWEEN 1 AND 5"},
      {x:between(1, 5, {symmetric = true}), "x BETWEEN SYMMETRIC 1 AND 5"},
      {la.between(x, 1, 5), "x BETWEEN 1 AND 5"},
      {la.not_(la.between(x, p, (p + 1))), "x NOT BETWEEN p AND p + 1"},
      {x:between(1, 5) & (p:eq(3)), "x BETWEEN 1 AND 5 AND p = 3"},
      {(x:eq(1)):between(p, 3), "(x = 1) BETWEEN p AND 3"},
    }
  end)

  it("matches patterns", function()
    check {
      {y:like("a%"), "y LIKE 'a%'"},
      {y:not_like("a%"), "y NOT LIKE 'a%'"},
      {y:ilike("a%"), "lower(y) LIKE lower('a%')"},
      {y:not_ilike("A%"), "lower(y) NOT LIKE lower('A%')"},
      {~y:like("a%"), "y NOT LIKE 'a%'"},
      {~y:ilike("a%"), "lower(y) NOT LIKE lower('a%')"},
      {y:like("a/%", {escape = "/"}), "y LIKE 'a/%' ESCAPE '/'"},
      {y:ilike("a/%", {escape = "/"}), "lower(y) LIKE lower('a/%') ESCAPE '/'"},
      {y:not_ilike("a/%", {escape = "/"}), "lower(y) NOT LIKE lower('a/%') ESCAPE '/'"},
      {y:like((s + "%")), "y LIKE (s || '%')"},
      {y:startswith("a"), "y LIKE 'a' || '%'"},
      {y:endswith("a"), "y LIKE '%' || 'a'"},
      {y:contains("a"), "y LIKE '%' || 'a' || '%'"},
      {~y:startswith("a"), "y NOT LIKE 'a' || '%'"},
      {~y:contains("a"), "y NOT LIKE '%' || 'a' || '%'"},
      {y:startswith("a%b", {autoescape = true}), "y LIKE 'a/%b' || '%' ESCAPE '/'"},
      {y:contains("a%b_c/", {autoescape = true}), "y LIKE '%' || 'a/%b/_c//' || '%' ESCAPE '/'"},
      {y:endswith("a%b", {autoescape = true, escape = "#"}), "y LIKE '%' || 'a#%b' ESCAPE '#'"},
      {y:contains("a#", {escape = "#"}), "y LIKE '%' || 'a#' || '%' ESCAPE '#'"},
      {y:startswith(s), "y LIKE s || '%'"},
      {y:contains((s + "x")), "y LIKE '%' || s || 'x' || '%'"},
      {y:istartswith("A"), "lower(y) LIKE lower('A') || '%'"},
      {y:iendswith("A"), "lower(y) LIKE '%' || lower('A')"},
      {y:icontains("A%", {autoescape = true}), "lower(y) LIKE '%' || lower('A/%') || '%' ESCAPE '/'"},
      {~y:icontains("A"), "lower(y) NOT LIKE '%' || lower('A') || '%'"},
      {y:icontains(s), "lower(y) LIKE '%' || lower(s) || '%'"},
    }
  end)

  it("matches, collates and sorts", function()
    check {
      {y:match("foo"), "y MATCH 'foo'"},
      {y:regexp_match("a.*"), "y REGEXP 'a.*'"},
      {~y:regexp_match("a.*"), "y NOT REGEXP 'a.*'"},
      {y:regexp_match("a.*", {flags = "i"}), "y REGEXP 'a.*'"},
      {y:collate("NOCASE"), 'y COLLATE "NOCASE"'},
      {la.collate(y, "NOCASE"), 'y COLLATE "NOCASE"'},
      {y:collate("NOCASE"):eq("a"), [[(y COLLATE "NOCASE") = 'a']]},
      {(y + s):collate("NOCASE"), 'y || s COLLATE "NOCASE"'},
      {y:collate("NOCASE"):desc(), 'y COLLATE "NOCASE" DESC'},
      {y:desc():nulls_last(), "y DESC NULLS LAST"},
      {y:asc():nulls_first(), "y ASC NULLS FIRST"},
      {la.desc(y), "y DESC"},
      {la.asc(y), "y ASC"},
      {la.nulls_first(y), "y NULLS FIRST"},
      {la.nulls_last(y:desc()), "y DESC NULLS LAST"},
      {la.nullsfirst(y), "y NULLS FIRST"},
      {y:distinct(), "DISTINCT y"},
      {la.distinct(y), "DISTINCT y"},
      {la.func.count(y:distinct()), "count(DISTINCT y)"},
    }
  end)

  it("computes with bits", function()
    check {
      {la.func.count(la.distinct(y)), "count(DISTINCT y)"},
      {x:bitwise_and(5), "x & 5"},
      {x:bitwise_or(5), "x | 5"},
      {x:bitwise_not(), "~x"},
      {x:bitwise_lshift(2), "x << 2"},
      {x:bitwise_rshift(2), "x >> 2"},
      {x:bitwise_and(5):bitwise_or(p), "(x & 5) | p"},
      {x:bitwise_or(5):bitwise_and(p), "(x | 5) & p"},
      {(x + 5):bitwise_and(p), "(x + 5) & p"},
      {x:bitwise_and(p):eq(3), "x & p = 3"},
    }
  end)

  it("joins conditions and folds constants", function()
    check {
      {x:bitwise_not():bitwise_not(), "~(~x)"},
      {x & p, "x AND p"},
      {la.and_(x:eq(1), p:eq(2)), "x = 1 AND p = 2"},
      {la.and_(x:eq(1)), "x = 1"},
      {la.and_(la.true_(), x:eq(1)), "x = 1"},
      {la.and_(la.false_(), x:eq(1)), "0 = 1"},
      {la.or_(la.true_(), x:eq(1)), "1 = 1"},
      {la.or_(la.false_(), x:eq(1)), "x = 1"},
      {la.and_(x:eq(1), la.or_(p:eq(2), p:eq(3))), "x = 1 AND (p = 2 OR p = 3)"},
      {la.or_(x:eq(1), la.and_(p:eq(2), p:eq(3))), "x = 1 OR p = 2 AND p = 3"},
      {la.or_(x:eq(1), p:eq(2), p:eq(3)) & (y:eq("a")), "(x = 1 OR p = 2 OR p = 3) AND y = 'a'"},
      {~la.and_(x:eq(1), p:eq(2)), "NOT (x = 1 AND p = 2)"},
      {~la.or_(x:eq(1), p:eq(2)), "NOT (x = 1 OR p = 2)"},
      {~(la.or_(x:eq(1), p:eq(2)) & z), "NOT ((x = 1 OR p = 2) AND z = 1)"},
      {la.and_(la.and_(x:eq(1), p:eq(2)), la.and_(p:eq(3), p:eq(4))), "x = 1 AND p = 2 AND p = 3 AND p = 4"},
      {la.or_(la.or_(x:eq(1), p:eq(2)), p:eq(3)), "x = 1 OR p = 2 OR p = 3"},
      {la.and_(x:eq(1), (~la.and_(p:eq(2), p:eq(3)))), "x = 1 AND NOT (p = 2 AND p = 3)"},
      {la.not_(la.true_()), "0"},
      {la.not_(la.false_()), "1"},
      {la.not_(la.null_()), "NOT NULL"},
      {la.not_(x:eq(1)), "x != 1"},
      {la.not_(z), "z = 0"},
      {(~z) & z, "z = 0 AND z = 1"},
      {z | (~z), "z = 1 OR z = 0"},
      {z & (x:eq(5)), "z = 1 AND x = 5"},
      {z:eq(true), "z = 1"},
      {z:eq(false), "z = 0"},
      {z:ne(true), "z != 1"},
      {z:eq(la.true_()), "z = 1"},
      {x:eq(la.true_()), "x = 1"},
      {z:is_(true), "z IS 1"},
      {z:is_not(false), "z IS NOT 0"},
      {z:eq(nil), "z IS NULL"},
      {z:eq(z), "z = z"},
      {z:ne(nil), "z IS NOT NULL"},
    }
  end)

  it("chooses and converts", function()
    check {
      {la.and_(z, b1), "z = 1 AND b1 = 1"},
      {la.case({x:eq(1), "a"}, {else_ = "b"}), "CASE WHEN (x = 1) THEN 'a' ELSE 'b' END"},
      {la.case({x:eq(1), "a"}, {x:eq(2), "b"}), "CASE WHEN (x = 1) THEN 'a' WHEN (x = 2) THEN 'b' END"},
      {la.case({x:gt(3), x}, {else_ = p}) + 3, "CASE WHEN (x > 3) THEN x ELSE p END + 3"},
      {la.case({x:gt(3), la.null}, {else_ = 1}), "CASE WHEN (x > 3) THEN NULL ELSE 1 END"},
      {la.case({z, true}, {else_ = false}), "CASE WHEN z THEN 1 ELSE 0 END"},
      {la.case({x:eq(1), la.literal_column("'a'")}, {else_ = la.literal("b")}),
        "CASE WHEN (x = 1) THEN 'a' ELSE 'b' END"},
      {la.case({((x:eq(1)) & (p:eq(2))), (p * 2)}, {else_ = (x + 1)}),
        "CASE WHEN (x = 1 AND p = 2) THEN p * 2 ELSE x + 1 END"},
      {la.cast(x, la.String), "CAST(x AS VARCHAR)"},
      {la.cast((x + 1), la.Numeric(10, 2)), "CAST(x + 1 AS NUMERIC(10, 2))"},
      {la.cast(nil, la.Integer), "CAST(NULL AS INTEGER)"},
      {la.cast(y, la.Integer) + 3, "CAST(y AS INTEGER) + 3"},
      {la.cast(x, la.Float), "CAST(x AS FLOAT)"},
      {la.cast(x, la.Boolean), "CAST(x AS BOOLEAN)"},
      {la.cast(d, la.DateTime), "CAST(d AS DATETIME)"},
      {la.cast(y, la.JSON), "CAST(y AS JSON)"},
      {la.cast(x, la.String(5):with_variant(la.String(9), "sqlite")), "CAST(x AS VARCHAR(9))"},
      {x:cast(la.String), "CAST(x AS VARCHAR)"},
      {la.type_coerce(x, la.String), "x"},
      {la.type_coerce(x, la.String) + "a", "x || 'a'"},
      {la.type_coerce((x + 1), la.String):label("q"), "x + 1"},
      {la.extract("year", d), "CAST(STRFTIME('%Y', d) AS INTEGER)"},
      {la.extract("month", dt), "CAST(STRFTIME('%m', dt) AS INTEGER)"},
      {la.extract("epoch", dt), "CAST(STRFTIME('%s', dt) AS INTEGER)"},
      {la.extract("dow", dt), "CAST(STRFTIME('%w', dt) AS INTEGER)"},
      {la.extract("day", dt):eq(5), "CAST(STRFTIME('%d', dt) AS INTEGER) = 5"},
      {la.extract("hour", dt) + 1, "CAST(STRFTIME('%H', dt) AS INTEGER) + 1"},
    }
  end)

  it("writes literals, texts and labels", function()
    check {
      {la.null_(), "NULL"},
      {la.true_(), "1"},
      {la.false_(), "0"},
      {la.literal(5), "5"},
      {la.literal("a"), "'a'"},
      {la.literal("a") + "b", "'a' || 'b'"},
      {la.literal(nil), "NULL"},
      {la.literal(true), "1"},
      {la.literal(1.5), "1.5"},
      {la.literal_column("a + b"), "a + b"},
      {la.literal_column("a", la.Integer) + 5, "a + 5"},
      {la.literal_column("x + 1", la.Integer) * 5, "x + 1 * 5"},
      {la.literal_column("a"):label("b"), "a"},
      {la.text("a = :b"), "a = NULL"},
      {la.text("a = :b"):bindparams({b = 5}), "a = 5"},
      {la.text("a = :b AND c = '::d' AND e = \\:f AND g::int = 3"),
        "a = NULL AND c = '::d' AND e = :f AND g::int = 3"},
      {la.text("a = :b"):bindparams(la.bindparam("b", 5, la.Integer)), "a = 5"},
      {x:label("foo"), "x"},
      {(x + 1):label("foo"), "x + 1"},
      {x:label("foo") + 5, "x + 5"},
      {x:label("foo"):desc(), "x DESC"},
      {la.label("foo", (x + 5)), "x + 5"},
      {x:label("a"):label("b"), "x"},
    }
  end)

  it("asks subqueries", function()
    check {
      {la.any_(la.select(addresses.c.id):scalar_subquery()), "ANY (SELECT addresses.id FROM addresses)"},
      {x:eq(la.any_(la.select(addresses.c.id):scalar_subquery())), "x = ANY (SELECT addresses.id FROM addresses)"},
      {x:eq(la.all_(la.select(addresses.c.id):scalar_subquery())), "x = ALL (SELECT addresses.id FROM addresses)"},
      {x:gt(la.all_(la.select(addresses.c.id):scalar_subquery())), "x > ALL (SELECT addresses.id FROM addresses)"},
      {la.any_(la.select(addresses.c.id):scalar_subquery()):eq(x), "x = ANY (SELECT addresses.id FROM addresses)"},
      {la.any_(la.select(addresses.c.id):scalar_subquery()):eq(5), "5 = ANY (SELECT addresses.id FROM addresses)"},
      {~(x:eq(la.any_(la.select(addresses.c.id):scalar_subquery()))),
        "NOT (x = ANY (SELECT addresses.id FROM addresses))"},
      {x:ne(la.any_(la.select(addresses.c.id):scalar_subquery())), "x != ANY (SELECT addresses.id FROM addresses)"},
      {la.select(addresses.c.id):scalar_subquery():any_(), "ANY (SELECT addresses.id FROM addresses)"},
      {x:lt(la.func.foo():all_()), "x < ALL (foo())"},
      {la.exists():where(addresses.c.id:eq(5)), "EXISTS (SELECT * FROM addresses WHERE addresses.id = 5)"},
      {la.exists(la.select(addresses.c.id)):where(addresses.c.id:eq(5)),
        "EXISTS (SELECT addresses.id FROM addresses WHERE addresses.id = 5)"},
      {~la.exists():where(addresses.c.id:eq(5)), "NOT (EXISTS (SELECT * FROM addresses WHERE addresses.id = 5))"},
      {la.exists(addresses.c.id), "EXISTS (SELECT addresses.id FROM addresses)"},
      {la.exists(la.text("SELECT 1")), "EXISTS (SELECT SELECT 1)"},
      {la.select(addresses):exists(),
        "EXISTS (SELECT addresses.id, addresses.user_id, addresses.email, addresses.pos FROM addresses)"},
      {~la.select(addresses.c.id):where(addresses.c.id:eq(3)):exists(),
        "NOT (EXISTS (SELECT addresses.id FROM addresses WHERE addresses.id = 3))"},
      {la.exists():where(addresses.c.id:eq(5)) & (x:eq(1)),
        "(EXISTS (SELECT * FROM addresses WHERE addresses.id = 5)) AND x = 1"},
      {la.exists(la.select(addresses.c.id)):select_from(addresses), "EXISTS (SELECT addresses.id FROM addresses)"},
      {la.exists(la.select(addresses.c.id)):correlate(users), "EXISTS (SELECT addresses.id FROM addresses)"},
      {la.not_(la.exists(la.select(addresses.c.id))), "NOT (EXISTS (SELECT addresses.id FROM addresses))"},
      {la.func.foo(1, "a", x), "foo(1, 'a', x)"},
    }
  end)
end)
