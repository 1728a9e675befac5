-- SPDX-License-Identifier: MIT
-- Operators as text.
--
-- Every text is the one that SQLAlchemy 2.1 writes for its SQLite dialect with literal_binds.
local la = require "lualchemy"
local check = require "spec.support.literal"
local words = require "spec.support.words"
local b1, f, n, p, s, x, y, z =
  words.b1, words.f, words.n, words.p, words.s, words.x, words.y, words.z

describe("operators as text", function()
  it("computes in the order that is written (EXP-09)", function()
    check {
      {(x + y) * p, "(x + y) * p"},
      {x + (y * p), "x + y * p"},
      {(x - y) - p, "(x - y) - p"},
      {x - (y - p), "x - (y - p)"},
      {x / (y / p), "x / ((y / (p + 0.0)) + 0.0)"},
      {(x / y) / p, "(x / (y + 0.0)) / (p + 0.0)"},
      {-(x + y), "-(x + y)"},
      {-(-x), "-(-x)"},
      {x * (-y), "x * (-y)"},
      {(-x) * y, "(-x) * y"},
    }
  end)

  it("negates conditions (EXP-12, EXP-01)", function()
    check {
      {~(x:eq(1)), "x != 1"},
      {~(x:ne(1)), "x = 1"},
      {~(x:gt(1)), "x <= 1"},
      {~(x:ge(1)), "x < 1"},
      {~(x:lt(1)), "x >= 1"},
      {~(x:le(1)), "x > 1"},
      {~x:is_(nil), "x IS NOT NULL"},
      {~x:is_not(nil), "x IS NULL"},
      {~x:in_({1, 2}), "(x NOT IN (1, 2))"},
      {~x:not_in({1, 2}), "x IN (1, 2)"},
      {~y:like("a"), "y NOT LIKE 'a'"},
      {~y:not_like("a"), "y LIKE 'a'"},
      {~y:ilike("a"), "lower(y) NOT LIKE lower('a')"},
      {~y:not_ilike("a"), "lower(y) LIKE lower('a')"},
      {~y:startswith("a"), "y NOT LIKE 'a' || '%'"},
      {~y:contains("a", {autoescape = true}), "y NOT LIKE '%' || 'a' || '%' ESCAPE '/'"},
      {~x:between(1, 2), "x NOT BETWEEN 1 AND 2"},
      {~(~x:between(1, 2)), "x BETWEEN 1 AND 2"},
      {~(x:between(1, 2) & (y:eq("a"))), "NOT (x BETWEEN 1 AND 2 AND y = 'a')"},
      {~((x:eq(1)) | (y:eq("a"))), "NOT (x = 1 OR y = 'a')"},
      {~(~((x:eq(1)) | (y:eq("a")))), "NOT (NOT (x = 1 OR y = 'a'))"},
      {la.not_(la.and_(x:eq(1), la.or_(y:eq("a"), p:eq(3)))), "NOT (x = 1 AND (y = 'a' OR p = 3))"},
      {la.and_(la.or_(x:eq(1), y:eq("a")), la.or_(p:eq(1), p:eq(2))), "(x = 1 OR y = 'a') AND (p = 1 OR p = 2)"},
    }
  end)

  it("joins conditions and truth values (EXP-12)", function()
    check {
      {la.or_(la.and_(x:eq(1), y:eq("a")), la.and_(p:eq(1), p:eq(2))), "x = 1 AND y = 'a' OR p = 1 AND p = 2"},
      {la.and_(la.and_(x:eq(1), y:eq("a")), la.and_(p:eq(1), p:eq(2))), "x = 1 AND y = 'a' AND p = 1 AND p = 2"},
      {la.or_(la.or_(x:eq(1), y:eq("a")), la.or_(p:eq(1), p:eq(2))), "x = 1 OR y = 'a' OR p = 1 OR p = 2"},
      {((x:eq(1)) & (y:eq("a"))) & (p:eq(3)), "x = 1 AND y = 'a' AND p = 3"},
      {(x:eq(1)) & ((y:eq("a")) & (p:eq(3))), "x = 1 AND y = 'a' AND p = 3"},
      {((x:eq(1)) | (y:eq("a"))) & (p:eq(3)), "(x = 1 OR y = 'a') AND p = 3"},
      {(x:eq(1)) | ((y:eq("a")) & (p:eq(3))), "x = 1 OR y = 'a' AND p = 3"},
      {(x + 1):eq(5) & z, "x + 1 = 5 AND z = 1"},
      {z & b1, "z = 1 AND b1 = 1"},
      {~z, "z = 0"},
      {~(z & b1), "NOT (z = 1 AND b1 = 1)"},
      {~(z | b1), "NOT (z = 1 OR b1 = 1)"},
      {la.and_(z, (~b1), x:eq(1)), "z = 1 AND b1 = 0 AND x = 1"},
      {la.or_(z, (~b1)), "z = 1 OR b1 = 0"},
      {z:eq(b1), "z = b1"},
      {z:eq(true), "z = 1"},
      {z:eq(false), "z = 0"},
      {z:ne(true), "z != 1"},
      {z:ne(false), "z != 0"},
      {z:is_(true), "z IS 1"},
      {z:is_(false), "z IS 0"},
      {z:is_not(true), "z IS NOT 1"},
      {z:is_(nil), "z IS NULL"},
      {la.true_() & (x:eq(1)), "x = 1"},
      {la.false_() & (x:eq(1)), "0 = 1"},
      {la.true_() | (x:eq(1)), "1 = 1"},
      {la.false_() | (x:eq(1)), "x = 1"},
      {la.and_(la.true_(), la.true_()), "1 = 1"},
      {la.and_(la.false_(), la.true_()), "0 = 1"},
      {la.or_(la.true_(), la.false_()), "1 = 1"},
      {la.or_(la.false_(), la.false_()), "0 = 1"},
    }
  end)

  it("compares with constants (EXP-02)", function()
    check {
      {la.and_(la.true_(), x:eq(1), la.true_()), "x = 1"},
      {la.or_(la.false_(), x:eq(1), la.false_()), "x = 1"},
      {~la.true_(), "0"},
      {~la.false_(), "1"},
      {la.not_(la.true_()), "0"},
      {la.not_(la.null_()), "NOT NULL"},
      {la.true_():eq(la.true_()), "1 = 1"},
      {x:eq(la.null_()), "x IS NULL"},
      {x:ne(la.null_()), "x IS NOT NULL"},
      {x:is_(la.null_()), "x IS NULL"},
      {la.null_():eq(x), "NULL = x"},
      {la.null_():eq(la.null_()), "NULL IS NULL"},
      {la.null_():is_(nil), "NULL IS NULL"},
    }
  end)

  it("takes operators of the program and joins texts (EXP-13, EXP-10)", function()
    check {
      {la.literal(nil):eq(x), "NULL = x"},
      {la.literal(5):eq(x), "5 = x"},
      {la.literal(5) + la.literal(6), "5 + 6"},
      {la.literal("a") + la.literal("b"), "'a' || 'b'"},
      {la.literal("a") + 5, "'a' + 5"},
      {x:op("&")(5), "x & 5"},
      {x:op("&", {precedence = 10})(5) + 1, "x & 5 + 1"},
      {x:op("&")(5):op("|")(6), "(x & 5) | 6"},
      {x:op("&")(y:op("|")(6)), "x & (y | 6)"},
      {(x + 1):op("&")((y + 2)), "x + 1 & y + 2"},
      {(x:eq(1)):op("&")(y:eq(2)), "x = 1 & y = 2"},
      {x:op("->>")("a"):eq(5), "(x ->> 'a') = 5"},
      {x:op("&", {is_comparison = true})(5), "x & 5"},
      {~x:op("&", {is_comparison = true})(5), "NOT (x & 5)"},
      {~x:op("&")(5), "NOT (x & 5)"},
      {x:op("&", {return_type = la.Integer})(5), "x & 5"},
      {x:op("&", {return_type = la.Boolean})(5), "x & 5"},
      {x:bool_op("&&")(5), "x && 5"},
      {~x:bool_op("&&")(5), "NOT (x && 5)"},
      {x:bool_op("&&")(5) & (y:eq("a")), "(x && 5) AND y = 'a'"},
      {x:bool_op("&&", {precedence = 3})(5):eq(true), "(x && 5) = 1"},
      {x:op("is a", {precedence = 100})(y), "x is a y"},
      {x:op("%")(5), "x % 5"},
      {x:op("%%")(5), "x %% 5"},
      {y:op("||")("a"), "y || 'a'"},
      {(y + "a") + "b", "y || 'a' || 'b'"},
      {y + ("a" + s), "y || 'a' || s"},
      {y:concat("a"), "y || 'a'"},
    }
  end)

  it("matches patterns with collations (EXP-06, EXP-21)", function()
    check {
      {y:concat("a"):concat("b"), "y || 'a' || 'b'"},
      {y:concat((s + "x")), "y || s || 'x'"},
      {(y + s):eq("ab"), "(y || s) = 'ab'"},
      {(y + s):like("ab"), "(y || s) LIKE 'ab'"},
      {y:collate("NOCASE"):eq("a"), [[(y COLLATE "NOCASE") = 'a']]},
      {y:collate("NOCASE"):desc(), 'y COLLATE "NOCASE" DESC'},
      {y:desc():collate("NOCASE"), 'y DESC COLLATE "NOCASE"'},
      {la.collate(y, "utf8_bin"), "y COLLATE utf8_bin"},
      {la.collate("abc", "utf8_bin"), "'abc' COLLATE utf8_bin"},
      {(y + s):collate("NOCASE"), 'y || s COLLATE "NOCASE"'},
      {y:collate("NOCASE"):like("a"), [[(y COLLATE "NOCASE") LIKE 'a']]},
      {~y:collate("NOCASE"):like("a"), [[(y COLLATE "NOCASE") NOT LIKE 'a']]},
      {y:collate("weird name"), 'y COLLATE "weird name"'},
      {y:collate("de_DE"), 'y COLLATE "de_DE"'},
      {y:like(s), "y LIKE s"},
      {y:like((y + "%")), "y LIKE (y || '%')"},
      {y:like("a%", {escape = "/"}), "y LIKE 'a%' ESCAPE '/'"},
      {y:ilike("A%", {escape = "/"}), "lower(y) LIKE lower('A%') ESCAPE '/'"},
      {y:not_like("a%", {escape = "/"}), "y NOT LIKE 'a%' ESCAPE '/'"},
      {y:startswith(s), "y LIKE s || '%'"},
      {y:startswith("a%b", {autoescape = true}), "y LIKE 'a/%b' || '%' ESCAPE '/'"},
      {y:startswith("a%b_c/d", {autoescape = true, escape = "^"}), "y LIKE 'a^%b^_c/d' || '%' ESCAPE '^'"},
      {y:endswith("x", {escape = "/"}), "y LIKE '%' || 'x' ESCAPE '/'"},
      {y:endswith(s), "y LIKE '%' || s"},
      {y:contains(s), "y LIKE '%' || s || '%'"},
      {y:contains((y + s)), "y LIKE '%' || y || s || '%'"},
      {y:icontains("A"), "lower(y) LIKE '%' || lower('A') || '%'"},
      {y:istartswith("A"), "lower(y) LIKE lower('A') || '%'"},
      {y:iendswith("A"), "lower(y) LIKE '%' || lower('A')"},
      {y:icontains("A%", {autoescape = true}), "lower(y) LIKE '%' || lower('A/%') || '%' ESCAPE '/'"},
      {~y:icontains("A"), "lower(y) NOT LIKE '%' || lower('A') || '%'"},
      {y:istartswith(s), "lower(y) LIKE lower(s) || '%'"},
      {~y:istartswith(s), "lower(y) NOT LIKE lower(s) || '%'"},
    }
  end)

  it("matches regular expressions and computes with bits (EXP-07, EXP-11)", function()
    check {
      {y:match("a"), "y MATCH 'a'"},
      {y:regexp_match("a.*"), "y REGEXP 'a.*'"},
      {~y:regexp_match("a.*"), "y NOT REGEXP 'a.*'"},
      {y:regexp_match("a.*", {flags = "i"}), "y REGEXP 'a.*'"},
      {y:regexp_match(s), "y REGEXP s"},
      {x:bitwise_and(5), "x & 5"},
      {x:bitwise_or(5), "x | 5"},
      {x:bitwise_not(), "~x"},
      {la.bitwise_not(x), "~x"},
      {x:bitwise_lshift(1), "x << 1"},
      {x:bitwise_rshift(1), "x >> 1"},
      {x:bitwise_and(5):eq(1), "x & 5 = 1"},
      {x:bitwise_and(y):bitwise_or(p), "(x & y) | p"},
      {x:bitwise_or(y:bitwise_and(p)), "x | (y & p)"},
      {(x + 1):bitwise_and(5), "(x + 1) & 5"},
      {x:bitwise_and(5) + 1, "(x & 5) + 1"},
      {x:bitwise_not() + 1, "~x + 1"},
      {x % 5, "x % 5"},
      {x % (y % 5), "x % (y % 5)"},
    }
  end)

  it("divides, compares and tests ranges (EXP-05, EXP-09)", function()
    check {
      {5 % x, "5 % x"},
      {x // 5, "x / 5"},
      {x // y, "FLOOR(x / y)"},
      {f // 2, "FLOOR(f / 2)"},
      {n // 2, "FLOOR(n / 2)"},
      {x / 5, "x / (5 + 0.0)"},
      {x / f, "x / (f + 0.0)"},
      {x / 2.5, "x / (2.5 + 0.0)"},
      {f / 5, "f / (5 + 0.0)"},
      {n / 5, "n / (5 + 0.0)"},
      {5 / x, "5 / (x + 0.0)"},
      {(x * (y + p)) - (p / (x - 1)), "x * (y + p) - p / ((x - 1) + 0.0)"},
      {(x + 1):eq((y - 1)), "x + 1 = y - 1"},
      {(x + 1):gt((y - 1)), "x + 1 > y - 1"},
      {(x:gt(1)):eq(y:gt(2)), "(x > 1) = (y > 2)"},
      {(x:eq(1)):eq(true), "(x = 1) = 1"},
      {(x:eq(1)):is_(true), "(x = 1) IS 1"},
      {x:is_distinct_from(y), "x IS NOT y"},
      {~x:is_distinct_from(y), "x IS y"},
      {x:is_not_distinct_from(y), "x IS y"},
      {x:is_distinct_from(nil), "x IS NOT NULL"},
      {x:is_distinct_from(la.null_()), "x IS NOT NULL"},
      {~x:is_not_distinct_from(nil), "x IS NOT NULL"},
      {x:between(y, p), "x BETWEEN y AND p"},
      {x:between(1, 2, {symmetric = true}), "x BETWEEN SYMMETRIC 1 AND 2"},
      {~x:between(1, 2, {symmetric = true}), "x NOT BETWEEN SYMMETRIC 1 AND 2"},
      {(x + 1):between((y + 1), (p + 1)), "x + 1 BETWEEN y + 1 AND p + 1"},
      {x:between(1, 2):eq(true), "(x BETWEEN 1 AND 2) = 1"},
      {la.between(x, 1, 2), "x BETWEEN 1 AND 2"},
      {la.between(5, x, y), "5 BETWEEN x AND y"},
      {la.between(la.literal(5), x, y), "5 BETWEEN x AND y"},
    }
  end)
end)
