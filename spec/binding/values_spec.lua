-- SPDX-License-Identifier: MIT
-- Values that Lua has no kind for: decimals, dates, NULL in lists.
local la = require "lualchemy"
local core = require "lualchemy.core"

local function refuses(fn, words)
  local ok, err = pcall(fn)
  assert.is_false(ok)
  assert.is_true(la.exc.ArgumentError:matches(err), tostring(err))
  assert.truthy(tostring(err):find(words, 1, true), tostring(err))
end

describe("la.null", function()
  it("is the light userdata NULL, equal to that of other libraries", function()
    assert.equal("userdata", type(la.null))
    assert.equal(core.null(), la.null)
    local found, cjson = pcall(require, "cjson")
    if found then assert.equal(cjson.null, la.null) end
  end)
end)

describe("a decimal (TYP-04)", function()
  local d = la.decimal

  it("is plain text, canonical, with its trailing zeros", function()
    assert.equal("12.50", tostring(d "12.50"))
    assert.equal("-0.5", tostring(d "-.5"))
    assert.equal("1200", tostring(d "1.2e3"))
    assert.equal("7", tostring(d(7)))
    assert.equal("price 1.50", "price " .. d "1.50")
  end)

  it("computes exactly with decimals, integers and texts", function()
    assert.equal("0.3", tostring(d "0.1" + d "0.2"))
    assert.equal("13.50", tostring(d "12.50" + 1))
    assert.equal("11.50", tostring(d "12.50" - 1))
    assert.equal("-11.50", tostring(1 - d "12.50"))
    assert.equal("25.000", tostring(d "12.50" * "2.0"))
    assert.equal("-12.50", tostring(-d "12.50"))
    assert.equal("99999999999999999999.01", tostring(d "99999999999999999998.01" + 1))
  end)

  it("divides to 28 digits", function()
    assert.equal("0.3333333333333333333333333333", tostring(d(1) / 3))
    assert.equal("2.5", tostring(d "5" / 2))
    refuses(function() return d(1) / 0 end, "zero")
  end)

  it("compares by number", function()
    assert.is_true(d "1.50" == d "1.5")
    assert.is_true(d "1.5" < d "1.50000001")
    assert.is_true(d "1.5" <= 2)
    assert.is_true(2 > d "1.5")
    assert.is_false(d "1.5" == d "1.6")
    assert.equal(0, d("2.0"):compare(2))
    assert.equal(-1, d("2.0"):compare "2.1")
    assert.equal(1, d("2.0"):compare "-2.1")
  end)

  it("rounds half to even", function()
    assert.equal("0.12", tostring(d("0.125"):quantize(2)))
    assert.equal("0.14", tostring(d("0.135"):quantize(2)))
    assert.equal("2.00", tostring(d(2):quantize(2)))
    assert.equal("2", tostring(d("2.5"):quantize(0)))
    refuses(function() return d(1):quantize(-1) end, "quantize")
  end)

  it("rounds in every way that Python's decimals do", function()
    local function rounded(rounding, ...)
      local found = {}
      for i, text in ipairs {...} do found[i] = tostring(d(text):quantize(1, rounding)) end
      return table.concat(found, " ")
    end
    local numbers = {"0.25", "0.35", "-0.25", "0.26", "-0.21", "0.51", "0.60"}
    assert.equal("0.2 0.4 -0.2 0.3 -0.2 0.5 0.6", rounded("half_even", table.unpack(numbers)))
    assert.equal("0.3 0.4 -0.3 0.3 -0.2 0.5 0.6", rounded("ROUND_HALF_UP", table.unpack(numbers)))
    assert.equal("0.2 0.3 -0.2 0.3 -0.2 0.5 0.6", rounded("half_down", table.unpack(numbers)))
    assert.equal("0.3 0.4 -0.3 0.3 -0.3 0.6 0.6", rounded("up", table.unpack(numbers)))
    assert.equal("0.2 0.3 -0.2 0.2 -0.2 0.5 0.6", rounded("down", table.unpack(numbers)))
    assert.equal("0.3 0.4 -0.2 0.3 -0.2 0.6 0.6", rounded("ceiling", table.unpack(numbers)))
    assert.equal("0.2 0.3 -0.3 0.2 -0.3 0.5 0.6", rounded("floor", table.unpack(numbers)))
    assert.equal("0.2 0.3 -0.2 0.2 -0.2 0.6 0.6", rounded("05up", table.unpack(numbers)))
    assert.equal("2.35", tostring(d("2.345"):quantize(d "0.01", "half_up")))
    assert.equal("3", tostring(d("2.1"):to_integral_value "ceiling"))
    assert.equal("1.5", tostring(d("1.500"):normalize()))
    assert.equal("100", tostring(d("100.00"):normalize()))
    refuses(function() return d(1):quantize(1, "upwards") end, "half_even, half_up")
    refuses(function() return d(1):quantize("0.01") end, "number of digits, or a decimal")
  end)

  it("divides into whole parts and a rest as Lua's numbers do", function()
    for _, pair in ipairs {{7, 2}, {-7, 2}, {7, -2}, {-7, -2}, {6, 3}, {0, 5}, {1, 1000}} do
      assert.equal(tostring(pair[1] // pair[2]), tostring(d(pair[1]) // pair[2]))
      assert.equal(tostring(pair[1] % pair[2]), tostring(d(pair[1]) % pair[2]))
    end
    assert.equal("33333333333333333333333", tostring(d "1e20" // "0.003"))
    assert.equal("0.1", tostring(10 % d "3.3"))
    assert.is_true(d("-0.5"):is_signed())
    assert.is_true((d "1.5" % "0.5"):is_zero())
    refuses(function() return d(1) // 0 end, "division of a decimal by zero")
    refuses(function() return d(1) % 0 end, "division of a decimal by zero")
  end)

  it("becomes a float or an integer on demand", function()
    assert.equal(12.5, d("12.50"):tonumber())
    assert.equal(12, d("12.00"):tointeger())
    assert.equal("integer", math.type(d("12.00"):tointeger()))
    assert.is_nil(d("12.50"):tointeger())
    assert.is_nil(d("99999999999999999999"):tointeger())
    assert.equal("1.5", tostring(d("-1.5"):abs()))
  end)

  it("refuses floats and what is no number", function()
    refuses(function() return d "1" + 0.1 end, "a float is not exact")
    refuses(function() return d(0.1) end, "a float is not exact")
    refuses(function() return d "abc" end, '"abc" is no decimal number')
    refuses(function() return d "1" < {} end, "decimal, integer or string expected")
    refuses(function() return d(nil) end, "expected")
  end)
end)

describe("a date (TYP-07)", function()
  it("has the fields of os.date, and prints as ISO text", function()
    local day = la.date "2024-02-29"
    assert.same({2024, 2, 29}, {day.year, day.month, day.day})
    assert.is_nil(day.hour)
    assert.equal("2024-02-29", tostring(day))
    assert.equal("born 2024-02-29", "born " .. day)
  end)

  it("comes from a table, a text, or seconds in local time", function()
    assert.equal(la.date "2024-01-31", la.date {year = 2024, month = 1, day = 31, hour = 5})
    local now = os.time()
    assert.equal(os.date("%Y-%m-%d", now), tostring(la.date(now)))
    assert.equal(os.date("%Y-%m-%d %H:%M:%S", now), tostring(la.datetime(now)))
    assert.equal(os.date("%H:%M:%S", now), tostring(la.time(now)))
    assert.equal(now, os.time(la.datetime(now)))
  end)

  it("is made of one argument, and says so when it gets several", function()
    refuses(function() return la.date(2024, 1, 1) end, "a Date is made of one argument, not 3: a table such as {year = 2024, month = 1, day = 31}")
    refuses(function() return la.time(10, 30) end, "a Time is made of one argument, not 2: a table such as {hour = 10, min = 30}")
    refuses(function() return la.datetime(2024, 1, 1) end, "a DateTime is made of one argument, not 3")
  end)

  it("is midnight as a datetime without hour", function()
    assert.equal("2024-01-31 00:00:00", tostring(la.datetime {year = 2024, month = 1, day = 31}))
    assert.equal("2024-01-31 00:00:00", tostring(la.datetime "2024-01-31"))
  end)

  it("shows a fraction only if there is one", function()
    local moment = la.datetime "2024-01-31T10:20:30.5"
    assert.equal(500000, moment.usec)
    assert.equal("integer", math.type(moment.sec))
    assert.equal("2024-01-31 10:20:30.500000", tostring(moment))
    assert.equal("2024-01-31T10:20:30.500000", moment:isoformat())
    assert.equal("10:20:30", tostring(la.time "10:20:30"))
  end)

  it("compares and subtracts", function()
    local a, b = la.datetime "2024-01-31 23:59:59", la.datetime "2024-02-01"
    assert.is_true(a < b)
    assert.is_true(a <= a)
    assert.equal(la.datetime "2024-02-01 00:00:00", b)
    assert.equal(1, b - a)
    assert.equal(0.5, la.time "10:00:00.5" - la.time "10:00")
    assert.equal(29 * 86400, la.date "2024-03-01" - la.date "2024-02-01")
    assert.equal(b, a + 1)
    assert.equal(a, b - 1)
    assert.equal(la.date "2024-03-01", la.date "2024-02-29" + 86400)
  end)

  it("is equal to another kind never, and not ordered with it", function()
    assert.is_false(la.date "2024-01-31" == la.datetime "2024-01-31")
    refuses(function() return la.date "2024-01-31" < la.datetime "2024-01-31" end, "compares with a")
    refuses(function() return la.date "2024-01-31" < 5 end, "compares with a")
  end)

  it("follows changes of its fields", function()
    local day = la.date "2024-02-29"
    day.day = 1
    assert.equal("2024-02-01", tostring(day))
    day.day = 40
    assert.equal("Date(out of range)", tostring(day))
    refuses(function() return day < la.date "2024-01-01" end, "the fields")
  end)

  it("refuses what is none", function()
    for _, text in ipairs {"", "2024", "2024-13-01", "2023-02-29", "x", "2024-01-01x"} do
      refuses(function() return la.date(text) end, "is no Date")
    end
    refuses(function() return la.date {year = 2024} end, "is no Date")
    refuses(function() return la.date {year = 2024, month = 1.5, day = 1} end, "is no Date")
    refuses(function() return la.time {} end, "is no Time")
    refuses(function() return la.datetime(math.huge) end, "is no DateTime")
    refuses(function() return la.datetime "9999-12-31 23:59:59" + 1 end, "outside")
    refuses(function() return la.datetime "2024-01-01" + 1e300 end, "more than the calendar holds")
  end)
end)

describe("a list given back", function()
  it("is a sequence that prints its items", function()
    local list = core.list {1, "a\nb", la.null, la.decimal "1.5", {x = 1}, la.date "2024-01-01"}
    assert.equal('[1, "a\\nb", nil, 1.5, {x = 1}, 2024-01-01]', tostring(list))
    assert.equal(6, #list)
    assert.equal("[]", tostring(core.list {}))
    assert.equal("[[1], []]", tostring(core.list {core.list {1}, core.list {}}))
    assert.equal(7, select("#", 1, table.unpack(list)))
  end)
end)
