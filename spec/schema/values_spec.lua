-- SPDX-License-Identifier: MIT
-- Values on their way into a database and back, by the type of their column.
local la = require "lualchemy"
local exc = la.exc

-- A table with one column "x" of `type`, in a database of its own.
local function store(type, options)
  local engine, metadata = la.create_engine("sqlite://"), la.MetaData()
  local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("x", type, options))
  metadata:create_all(engine)
  return engine, t
end

-- What is stored for `value`, and what comes back.
local function round_trip(type, value)
  local engine, t = store(type)
  local connection <close> = engine:connect()
  connection:execute(la.insert(t), {x = value})
  local stored = connection:exec_driver_sql("SELECT x, typeof(x) FROM t"):one()
  local back = connection:execute(la.select(t.c.x)):scalar()
  return back, stored[1], stored[2]
end

local function refused(type, value)
  local engine, t = store(type)
  local connection <close> = engine:connect()
  local ok, err = pcall(connection.execute, connection, la.insert(t), {x = value})
  assert.is_false(ok, "it was accepted")
  assert.is_true(exc.StatementError:matches(err))
  assert.equal(0, connection:exec_driver_sql("SELECT count(*) FROM t"):scalar())
  return (tostring(err):gsub("\n.*", ""))
end

describe("values by type", function()
  it("TYP-01 integers are integers of 64 bits", function()
    for _, number in ipairs {0, -1, math.maxinteger, math.mininteger} do
      local back = round_trip(la.BigInteger, number)
      assert.equal(number, back)
      assert.equal("integer", math.type(back))
    end
    assert.equal(3, (round_trip(la.Integer, 3.0)))
    assert.equal("StatementError: (x) 2.5 is not an Integer", refused(la.Integer, 2.5))
    assert.matches("%(x%) a table is not an Integer", refused(la.Integer, {}))
    assert.matches("%(x%) a string is not an Integer", refused(la.Integer, "5"))
    assert.matches("%(x%) a boolean is not an Integer", refused(la.Integer, true))
  end)

  it("TYP-04 floats are floats, numerics exact decimals", function()
    assert.equal("float", math.type((round_trip(la.Float, 1))))
    assert.equal(0.1, (round_trip(la.Float, 0.1)))
    assert.equal("12.50", tostring((round_trip(la.Numeric(10, 2), "12.5"))))
    assert.equal("0.30", tostring((round_trip(la.Numeric(10, 2), 0.1 + 0.2))))
    assert.equal("7.0000000000", tostring((round_trip(la.Numeric, 7))))
    assert.equal(12.5, (round_trip(la.Numeric(10, 2, {asdecimal = false}), "12.5")))
    assert.matches("has more digits than a number of the database keeps", refused(la.Numeric, "0.12345678901234567"))
    assert.matches('"abc" is not a Numeric', refused(la.Numeric, "abc"))
  end)

  it("TYP-03 strings keep every byte, and are strings", function()
    local bytes = "a\0b\255\195\169"
    assert.equal(bytes, (round_trip(la.String, bytes)))
    assert.matches("an integer is not a String", refused(la.String(5), 5))
  end)

  it("TYP-05 booleans are stored as 0 and 1", function()
    local back, stored = round_trip(la.Boolean, true)
    assert.is_true(back)
    assert.equal(1, stored)
    assert.is_false((round_trip(la.Boolean, 0)))
    assert.is_nil((round_trip(la.Boolean, la.null)))
    assert.matches("2 is not a Boolean", refused(la.Boolean, 2))
    assert.matches('"true" is not a Boolean', refused(la.Boolean, "true"))
  end)

  it("TYP-06 an Enum takes what is in its list", function()
    assert.equal("a", (round_trip(la.Enum("a", "b"), "a")))
    assert.matches('"c" is not among the values of the Enum kind: "a", "b"', refused(la.Enum("a", "b",
      {name = "kind"}), "c"))
  end)

  it("TYP-07 dates are stored as SQLAlchemy stores them", function()
    local date, stored_date = round_trip(la.Date, {year = 2024, month = 1, day = 31})
    assert.equal("2024-01-31", stored_date)
    assert.equal(31, date.day)
    assert.equal("2024-01-31", tostring(date))
    local moment, stored = round_trip(la.DateTime, {year = 2024, month = 1, day = 31})
    assert.equal("2024-01-31 00:00:00.000000", stored)
    assert.equal(0, moment.hour)
    assert.equal("2024-01-31 10:20:30.500000", select(2, round_trip(la.DateTime, "2024-01-31T10:20:30.5")))
    local now = os.time()
    assert.equal(now, os.time((round_trip(la.DateTime, now))))
    assert.equal("10:20:00.000000", select(2, round_trip(la.Time, "10:20")))
    assert.equal(90, (round_trip(la.Interval, 90)))
    assert.equal("1969-12-31 23:59:58.500000", select(2, round_trip(la.Interval, -1.5)))
    assert.matches('"31.1.2024" is not a Date', refused(la.Date, "31.1.2024"))
    assert.matches("is not a Date", refused(la.Date, {year = 2024, month = 2, day = 30}))
  end)

  it("TYP-08 bytes are a BLOB", function()
    local back, _, kind = round_trip(la.LargeBinary, "a\0\255")
    assert.equal("a\0\255", back)
    assert.equal("blob", kind)
  end)

  it("TYP-09 JSON is text, with nulls of both kinds", function()
    local back, stored = round_trip(la.JSON, {list = {1, 2.5, la.null}, name = "x"})
    assert.equal('{"list": [1, 2.5, null], "name": "x"}', stored)
    assert.equal(la.null, back.list[3])
    assert.equal("integer", math.type(back.list[1]))
    assert.equal("null", select(2, round_trip(la.JSON, la.JSON.NULL)))
    assert.is_nil(select(2, round_trip(la.JSON, la.null)))
  end)

  it("TYP-10 a Uuid is 32 digits there and canonical here", function()
    local canonical = "0123abcd-4567-89ef-0123-456789abcdef"
    local back, stored = round_trip(la.Uuid, canonical:upper())
    assert.equal(canonical, back)
    assert.equal("0123abcd456789ef0123456789abcdef", stored)
    assert.matches('"12" is not a Uuid', refused(la.Uuid, "12"))
  end)

  it("TYP-14 TypeDecorators convert both ways, TypeDecorators around them too", function()
    local Cents = la.TypeDecorator:class "Cents" {
      impl = la.Integer,
      process_bind_param = function(_, value) return value and math.tointeger(value * 100) end,
      process_result_value = function(_, value) return value and value / 100 end,
    }
    local Euros = la.TypeDecorator:class "Euros" {
      impl = Cents,
      process_result_value = function(_, value) return value and value .. " €" end,
    }
    local back, stored = round_trip(Cents, 2.5)
    assert.equal(2.5, back)
    assert.equal(250, stored)
    assert.equal("2.5 €", (round_trip(Euros, 2.5)))
    local seen
    local Named = la.TypeDecorator:class "Named" {
      impl = la.String,
      process_bind_param = function(_, value, dialect)
        seen = dialect and dialect.name
        return value
      end,
    }
    round_trip(Named, "x")
    assert.equal("sqlite", seen)
  end)

  it("what a database holds that its type cannot be is an error that says so", function()
    local engine, t = store(la.Date)
    local connection <close> = engine:connect()
    connection:exec_driver_sql("INSERT INTO t (x) VALUES ('tomorrow')")
    local ok, err = pcall(function() return connection:execute(la.select(t.c.x)):scalar() end)
    assert.is_false(ok)
    assert.matches('the stored "tomorrow" is not a Date', tostring(err))
  end)
end)

describe("defaults", function()
  local function inserted(type, options)
    local engine, t = store(type, options)
    local connection <close> = engine:connect()
    connection:execute(la.insert(t), {{id = 1}, {id = 2}})
    local values = {}
    for i, row in ipairs(connection:execute(la.select(t.c.x):order_by(t.c.id)):all()) do values[i] = row[1] end
    return values, connection, t
  end

  it("MD-06 are evaluated for each row", function()
    local count = 0
    local function nextone()
      count = count + 1
      return count
    end
    assert.same({1, 2}, (inserted(la.Integer, {default = nextone})))
    assert.same({7, 7}, (inserted(la.Integer, {default = 7})))
    assert.same({false, false}, (inserted(la.Boolean, {default = false})))
    assert.same({3, 3}, (inserted(la.Integer, {default = la.func.abs(-3)})))
  end)

  it("MD-06 a default function knows the other values of its row", function()
    local function double(context) return context:get_current_parameters().id * 2 end
    assert.same({2, 4}, (inserted(la.Integer, {default = double})))
  end)

  it("MD-07 server defaults are the database's", function()
    assert.same({"it's", "it's"}, (inserted(la.String, {server_default = "it's"})))
    assert.same({2, 2}, (inserted(la.Integer, {server_default = la.text("1 + 1")})))
  end)
end)
