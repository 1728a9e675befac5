-- SPDX-License-Identifier: MIT
-- Values written to a database and read back, type by type, edges and random ones.
local la = require "lualchemy"
local database = require "spec.support.database"

local null = la.null

-- One table per spec: `value` of the type under test.
local function make(type_)
  local engine = database.engine {memory = true}
  local metadata = la.MetaData()
  local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("value", type_))
  metadata:create_all(engine, {checkfirst = false})
  return engine, t
end

-- What comes back for each of the values, in order; nil as nil.
local function round(type_, values, count)
  local engine, t = make(type_)
  return engine:begin(function(conn)
    for i = 1, count or #values do
      conn:execute(la.insert(t):values {id = i, value = values[i] == nil and null or values[i]})
    end
    local read = {}
    for row in conn:execute(la.select(t.c.id, t.c.value):order_by(t.c.id)) do
      read[row.id] = row.value
    end
    return read
  end)
end

local function stored(type_, value)
  local engine, t = make(type_)
  return engine:begin(function(conn)
    conn:execute(la.insert(t):values {id = 1, value = value})
    local row = conn:execute(la.text "SELECT value, typeof(value) FROM t"):one()
    return row[1], row[2]
  end)
end

local function refuses(type_, value, words)
  local engine, t = make(type_)
  local ok, err = pcall(engine.begin, engine, function(conn)
    conn:execute(la.insert(t):values {id = 1, value = value})
  end)
  assert.is_false(ok, "accepted")
  assert.is_true(la.exc.StatementError:matches(err), tostring(err))
  assert.is_false(la.exc.DBAPIError:matches(err), tostring(err))
  assert.truthy(tostring(err):find("value", 1, true), "names the column: " .. tostring(err))
  if words then assert.truthy(tostring(err):find(words, 1, true), tostring(err)) end
end

local function random_bytes(length)
  local bytes = {}
  for i = 1, length do bytes[i] = string.char(math.random(0, 255)) end
  return table.concat(bytes)
end

describe("a value read back is the one written:", function()
  after_each(database.clean)

  it("integers of 64 bits (TYP-01)", function()
    local values = {0, 1, -1, math.maxinteger, math.mininteger, 2 ^ 53 | 0, 3.0}
    for _ = 1, 50 do values[#values + 1] = math.random(0) end
    local read = round(la.BigInteger, values)
    for i, value in ipairs(values) do
      assert.equal(value, read[i])
      assert.equal("integer", math.type(read[i]))
    end
  end)

  it("floats with their bits (TYP-04)", function()
    local values = {0.0, 0.1, 1e308, 5e-324, 1 / 0, -1 / 0, 1.0, 2}
    for _ = 1, 50 do values[#values + 1] = (math.random() - 0.5) * 10.0 ^ math.random(-300, 300) end
    local read = round(la.Float, values)
    for i, value in ipairs(values) do
      assert.equal("float", math.type(read[i]))
      assert.equal(string.pack("n", value), string.pack("n", read[i]))
    end
  end)

  it("strings as they are, zero bytes and broken UTF-8 too (TYP-03)", function()
    local values = {"", "\0", "a\0b", "\xff\xfe", "é漢😀", ("x"):rep(100000), "'\"\\;--"}
    for i = 1, 30 do values[#values + 1] = random_bytes(i * 7) end
    assert.same(values, round(la.Text, values))
  end)

  it("binaries as BLOBs (TYP-08)", function()
    local values = {"", "\0", random_bytes(1000), ("\0"):rep(65536)}
    assert.same(values, round(la.LargeBinary, values))
    assert.equal("blob", select(2, stored(la.LargeBinary, "abc")))
  end)

  it("booleans, and 1 and 0 as such (TYP-05)", function()
    assert.same({true, false, true, false}, round(la.Boolean, {true, false, 1, 0}))
    assert.equal(1, (stored(la.Boolean, true)))
  end)

  it("NULL as nil for every type", function()
    for _, type_ in ipairs {la.Integer, la.Float, la.Numeric(10, 2), la.String, la.Boolean, la.LargeBinary, la.Date,
      la.Time, la.DateTime, la.Interval, la.JSON, la.Uuid, la.Enum("a", "b")} do
      local read = round(type_, {null, nil}, 2)
      assert.is_nil(read[1])
      assert.is_nil(read[2])
    end
  end)

  it("decimals exactly (TYP-04)", function()
    local values = {la.decimal "12.50", "0.01", 7, la.decimal "-99999999.99"}
    local read = round(la.Numeric(10, 2), values)
    assert.equal("12.50", tostring(read[1]))
    assert.equal("0.01", tostring(read[2]))
    assert.equal("7.00", tostring(read[3]))
    assert.equal("-99999999.99", tostring(read[4]))
    assert.equal(la.decimal "19.99", round(la.Numeric(10, 2), {"19.99"})[1])
  end)

  it("dates, times and datetimes, whatever they were given as (TYP-07)", function()
    local day = la.date "2024-02-29"
    local read = round(la.Date, {day, "2024-02-29", {year = 2024, month = 2, day = 29}, la.datetime "2024-02-29 10:00"})
    for i = 1, 4 do assert.equal(day, read[i]) end
    assert.is_nil(read[1].hour)
    local now = os.time()
    local moments = round(la.DateTime, {"2024-02-29 10:20:30.000001", now, os.date("*t", now), "2024-02-29"})
    assert.equal("2024-02-29 10:20:30.000001", tostring(moments[1]))
    assert.equal(now, os.time(moments[2]))
    assert.equal(now, os.time(moments[3]))
    assert.equal("2024-02-29 00:00:00", tostring(moments[4]))
    local times = round(la.Time, {"10:20:30.5", {hour = 23, min = 59, sec = 59, usec = 999999}})
    assert.equal("10:20:30.500000", tostring(times[1]))
    assert.equal("23:59:59.999999", tostring(times[2]))
    assert.equal("2024-02-29 10:20:30.000001", (stored(la.DateTime, moments[1])))
  end)

  it("intervals as seconds (TYP-07)", function()
    assert.same({0, 90061, 0.5, -3600}, round(la.Interval, {0, 90061, 0.5, -3600}))
  end)

  it("enums and uuids as strings (TYP-06, TYP-10)", function()
    assert.same({"a", "b"}, round(la.Enum("a", "b"), {"a", "b"}))
    local uuid = "123e4567-e89b-12d3-a456-426614174000"
    assert.same({uuid, uuid}, round(la.Uuid, {uuid, (uuid:gsub("-", ""):upper())}))
    assert.equal((uuid:gsub("-", "")), (stored(la.Uuid, uuid)))
  end)

  it("JSON with its integers, floats, nulls and empty arrays (TYP-09)", function()
    local values = {{1, 2.5, "x", true, null, {}}, {a = {b = {}}, n = math.maxinteger}, "text", 5, 1.5, true,
      la.JSON.NULL}
    local read = round(la.JSON, values)
    assert.same({1, 2.5, "x", true, null, {}}, read[1])
    assert.equal("integer", math.type(read[1][1]))
    assert.equal(math.maxinteger, read[2].n)
    assert.same({"text", 5, 1.5, true}, {read[3], read[4], read[5], read[6]})
    assert.is_nil(read[7])
    assert.equal("null", (stored(la.JSON, la.JSON.NULL)))
    assert.is_nil((stored(la.JSON, null)))
    assert.equal('{"a": []}', (stored(la.JSON, {a = require("lualchemy.json").array {}})))
  end)

  it("JSON through the engine's own serializers (TYP-09)", function()
    local engine = la.create_engine("sqlite://", {
      json_serializer = function(value) return "(" .. value.x .. ")" end,
      json_deserializer = function(text) return {x = text} end,
    })
    local metadata = la.MetaData()
    local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("value", la.JSON))
    metadata:create_all(engine, {checkfirst = false})
    engine:begin(function(conn)
      conn:execute(la.insert(t):values {value = {x = "abc"}})
      assert.same({x = "(abc)"}, conn:scalar(la.select(t.c.value)))
    end)
    engine:dispose()
  end)

  it("TypeDecorator's through both of its functions (TYP-14)", function()
    local Csv = la.TypeDecorator:class "Csv" {
      impl = la.String, cache_ok = true,
      process_bind_param = function(_, value) return value and table.concat(value, ",") end,
      process_result_value = function(_, value)
        local list = {}
        for item in (value or ""):gmatch "[^,]+" do list[#list + 1] = item end
        return list
      end,
    }
    local read = round(Csv, {{"a", "b"}, null})
    assert.same({{"a", "b"}, {}}, read)
    assert.equal("a,b", (stored(Csv, {"a", "b"})))
    assert.same({{"x", "y"}}, round(Csv(50), {{"x", "y"}}))
  end)

  it("TypeDecorator's over JSON (TYP-14)", function()
    local Wrapped = la.TypeDecorator:class "Wrapped" {
      impl = la.JSON, cache_ok = true,
      process_bind_param = function(_, value) return value and {wrapped = value} end,
      process_result_value = function(_, value) return value and value.wrapped end,
    }
    assert.same({{1, 2}}, round(Wrapped, {{1, 2}}))
    assert.equal('{"wrapped": [1, 2]}', (stored(Wrapped, {1, 2})))
  end)

  it("UserDefinedType's, under its own name (TYP-15)", function()
    local Point = la.UserDefinedType:class "Point" {
      cache_ok = true,
      get_col_spec = function() return "POINT" end,
      bind_processor = function()
        return function(value) return value and value.x .. ";" .. value.y end
      end,
      result_processor = function()
        return function(value)
          local x, y = (value or ""):match "^(.-);(.*)$"
          return x and {x = x, y = y}
        end
      end,
    }
    assert.same({{x = "1", y = "2"}}, round(Point, {{x = 1, y = 2}}))
    assert.equal("1;2", (stored(Point, {x = 1, y = 2})))
  end)
end)

describe("a value of the wrong kind is refused before anything is sent:", function()
  after_each(database.clean)

  it("tables, fractions and texts for an Integer", function()
    refuses(la.Integer, {}, "Integer")
    refuses(la.Integer, 1.5, "1.5")
    refuses(la.Integer, "abc")
    refuses(la.Integer, true)
  end)

  it("what is no date for a Date, DateTime, Time", function()
    refuses(la.Date, "2024-13-01", "2024-13-01")
    refuses(la.Date, {year = 2024})
    refuses(la.DateTime, "yesterday")
    refuses(la.Time, {})
    refuses(la.DateTime, true)
  end)

  it("other values for a Boolean, Enum, Uuid, Numeric", function()
    refuses(la.Boolean, 2)
    refuses(la.Boolean, "true")
    refuses(la.Enum("a", "b"), "c", "c")
    refuses(la.Uuid, "no uuid")
    refuses(la.Numeric(10, 2), "abc")
    refuses(la.Numeric(10, 2), {})
  end)

  it("functions, threads and userdata for anything", function()
    for _, value in ipairs {print, coroutine.create(print), io.stdout} do
      refuses(la.String, value)
      refuses(la.Integer, value)
      refuses(la.JSON, value)
    end
  end)

  it("what a type's own function raises passes through unchanged", function()
    local mine = {}
    local Bad = la.TypeDecorator:class "Bad" {
      impl = la.String, cache_ok = true,
      process_bind_param = function() error(mine) end,
    }
    local engine, t = make(Bad)
    local ok, err = pcall(engine.begin, engine, function(conn)
      conn:execute(la.insert(t):values {id = 1, value = "x"})
    end)
    assert.is_false(ok)
    assert.equal(mine, err)
  end)
end)
