-- SPDX-License-Identifier: MIT
-- Names of tables, columns, indexes and labels that hold any bytes.
local la = require "lualchemy"

describe("names of any bytes", function()
  local names = {
    ['quo"te'] = '"quo""te"', ["apo'strophe"] = [["apo'strophe"]], ["back`tick"] = '"back`tick"', ["a]b"] = '"a]b"',
    ["semi;colon"] = '"semi;colon"', ["per%cent"] = '"per%cent"', ["new\nline"] = '"new\nline"', ["inva\xfflid"] = '"inva\xfflid"',
    ["漢字"] = '"漢字"', [" "] = '" "', ["select"] = '"select"', ["--"] = '"--"', ["1st"] = '"1st"', [":colon"] = '":colon"',
    ["que?tion"] = '"que?tion"',
  }

  it("stand in quotes, and come back from the database as they were", function()
    local engine = la.create_engine "sqlite://"
    for name, quoted in pairs(names) do
      local metadata = la.MetaData()
      local t = la.Table(name, metadata, la.Column(name, la.Integer), la.Column("other", la.Integer),
        la.Index("ix " .. name, name))
      assert.truthy(tostring(la.CreateTable(t)):find("CREATE TABLE " .. quoted .. " (", 1, true), name)
      metadata:create_all(engine)
      engine:begin(function(connection)
        connection:execute(t:insert():values {[name] = 7, other = 8})
        connection:execute(t:insert(), {{[name] = 9, other = 1}, {[name] = 10, other = 2}})
        connection:execute(t:update():where(t.c[name]:eq(9)):values {[t.c[name]] = t.c[name] + 4})
        local row = connection:execute(la.select(t.c[name], t.c[name]:label(name .. "!")):where(t.c[name]:in_ {7})):one()
        assert.same({7, 7}, {row[name], row[name .. "!"]})
        assert.equal(13, connection:scalar(la.select(la.func.max(t.c[name]))))
        assert.equal(7, connection:scalar(la.select(t:alias(name .. "2").c[name]):order_by(name)))
        local cte = la.select(t.c[name]):cte(name .. "3")
        assert.equal(3, connection:scalar(la.select(la.func.count()):select_from(cte)))
      end)
      assert.is_true(la.inspect(engine):has_table(name))
      assert.equal(name, la.inspect(engine):get_columns(name)[1].name)
      metadata:drop_all(engine)
    end
  end)

  it("that hold a NUL, or are longer than the database takes, are errors", function()
    local engine = la.create_engine "sqlite://"
    local connection <close> = engine:connect()
    for _, name in ipairs {"a\0b", "\0"} do
      local t = la.Table(name, la.MetaData(), la.Column("x", la.Integer))
      local ok, err = pcall(function() t:create(connection) end)
      assert.is_false(ok)
      assert.is_true(la.exc.LualchemyError:matches(err), tostring(err))
      ok, err = pcall(connection.execute, connection, la.select(la.column(name)))
      assert.is_false(ok)
      assert.is_true(la.exc.LualchemyError:matches(err), tostring(err))
    end
    local long = ("n"):rep(10 * 1024 * 1024)
    local ok, err = pcall(connection.execute, connection, la.select(la.column(long)))
    assert.is_false(ok)
    assert.is_true(la.exc.LualchemyError:matches(err))
    assert.is_true(#tostring(la.select(la.column(long))) > #long)
    assert.equal(long, connection:scalar(la.select(la.literal(long))))
    assert.equal(1, connection:scalar(la.select(la.literal(1))))
  end)
end)
