-- SPDX-License-Identifier: MIT
-- TYP-18: which type a value, an operator and a bound parameter have. The types are SQLAlchemy's.
local la = require "lualchemy"

local columns = la.Table("t", la.MetaData(), la.Column("n", la.Numeric(10, 2)), la.Column("i", la.Integer),
  la.Column("s", la.String), la.Column("d", la.DateTime), la.Column("dd", la.Date), la.Column("iv", la.Interval),
  la.Column("f", la.Float), la.Column("b", la.Boolean), la.Column("t", la.Time), la.Column("j", la.JSON)).c
local n, i, s, d, dd, iv, f, t = columns.n, columns.i, columns.s, columns.d, columns.dd, columns.iv, columns.f, columns.t

local function kind(expression)
  return expression.type.__visit_name__
end

describe("TYP-18", function()
  it("a literal has the type of its value", function()
    for expected, value in pairs {
      Integer = 5, Double = 5.0, String = "x", Boolean = true, NullType = la.null, Numeric = la.Decimal "1.5",
      Date = la.date {year = 2024, month = 2, day = 29}, Time = la.time {hour = 1},
      DateTime = la.datetime {year = 2024, month = 2, day = 29},
    } do
      assert.equal(expected, kind(la.literal(value)))
    end
    assert.equal("Float", kind(la.literal(5, la.Float)))
  end)

  it("an operator gives the type that both sides make", function()
    for _, case in ipairs {
      {i + n, "Numeric"}, {i + f, "Float"}, {i / i, "Numeric"}, {i // i, "Integer"}, {i % i, "Integer"}, {-n, "Numeric"},
      {n * 2, "Numeric"}, {i + 2.5, "Double"}, {f + n, "Float"},
      {d + iv, "DateTime"}, {d - d, "Interval"}, {d - iv, "DateTime"}, {dd - dd, "Integer"}, {dd + iv, "DateTime"},
      {dd + t, "DateTime"}, {t + iv, "Time"},
      {s .. s, "String"}, {i:eq(3), "Boolean"}, {s:like("a"), "Boolean"}, {i:in_ {1}, "Boolean"}, {i:is_(nil), "Boolean"},
    } do
      assert.equal(case[2], kind(case[1]), tostring(case[1]))
    end
  end)

  it("a bound value has the type of the other side where that takes it, else its own", function()
    local function bound(expression)
      local compiled = la.select(expression):compile {dialect = "sqlite"}
      return compiled.params
    end
    local engine = la.create_engine("sqlite://")
    local conn <close> = engine:connect()
    -- A string is a date beside a date, and is checked as one.
    local ok, err = pcall(conn.scalar, conn, la.select(la.literal(1)):where(dd:eq("no date")))
    assert.is_false(ok)
    assert.is_true(la.exc.StatementError:matches(err))
    assert.equal("2024-02-29", conn:scalar(la.select(la.cast(la.type_coerce("2024-02-29", la.Date), la.String))))
    -- A string beside an integer stays one.
    assert.equal("x", bound(i:eq("x")).i_1)
    assert.equal("text", conn:scalar(la.select(la.func.typeof(la.literal_column("1", la.Integer):concat("x")))))
    -- A whole number beside a Numeric stays an integer, a string becomes exact.
    assert.equal("integer", conn:scalar(la.select(la.func.typeof(la.literal(2)))))
  end)

  it("type_coerce and bindparam say it outright", function()
    assert.equal("Date", kind(la.type_coerce("2024-02-29", la.Date)))
    assert.equal("JSON", kind(la.bindparam("x", nil, {type_ = la.JSON})))
    assert.equal("Integer", kind(la.func.count()))
    assert.equal("Numeric", kind(la.func.max(n)))
    assert.equal("NullType", kind(la.func.anything()))
  end)
end)
