-- SPDX-License-Identifier: MIT
-- Types: what makes them, what they show, classes of types.
local la = require "lualchemy"
local types = require "lualchemy.types"
local exc = la.exc

local function message(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err.message, err
end

describe("types", function()
  it("TYP-01 every generic type is a type without being called and when it is", function()
    for _, name in ipairs {"BigInteger", "Boolean", "Date", "DateTime", "Double", "Enum", "Float", "Integer",
      "Interval",
      "LargeBinary", "Numeric", "SmallInteger", "String", "Text", "Time", "Unicode", "UnicodeText", "Uuid", "JSON"} do
      assert.is_true(la.isinstance(la[name], la[name]), name)
      assert.is_true(la.isinstance(la[name](), la[name]), name)
      assert.equal(tostring(la[name]), tostring(la[name]()))
    end
  end)

  it("TYP-02 types of SQL show under their own names", function()
    for _, name in ipairs {"BIGINT", "BINARY", "BLOB", "BOOLEAN", "CHAR", "CLOB", "DATE", "DATETIME", "DECIMAL",
      "DOUBLE", "FLOAT",
      "INT", "INTEGER", "JSON", "NCHAR", "NUMERIC", "NVARCHAR", "REAL", "SMALLINT", "TEXT", "TIME", "TIMESTAMP", "UUID",
      "VARBINARY", "VARCHAR"} do
      local shown = name == "UUID" and tostring(la.UUID) or name
      assert.equal(shown, tostring(la[name]))
    end
    assert.equal("DOUBLE PRECISION", tostring(la.DOUBLE_PRECISION))
  end)

  it("TYP-03 TYP-21 a String has a length and a collation", function()
    assert.equal("VARCHAR(50)", tostring(la.String(50)))
    assert.equal("VARCHAR(50)", tostring(la.String{length = 50}))
    assert.equal(50, la.String(50).length)
    assert.is_nil(la.String.length)
    assert.equal("NOCASE", la.String(5, "NOCASE").collation)
    assert.equal("VARCHAR(5) COLLATE NOCASE", tostring(la.String(5, "NOCASE")))
  end)

  it("TYP-04 a Numeric has precision and scale and gives decimals unless told otherwise", function()
    assert.equal("NUMERIC(10, 2)", tostring(la.Numeric(10, 2)))
    assert.equal("NUMERIC(10)", tostring(la.Numeric(10)))
    assert.is_true(la.Numeric.asdecimal)
    assert.is_false(la.Numeric(10, 2, {asdecimal = false}).asdecimal)
    assert.is_false(la.Float.asdecimal)
    assert.equal("FLOAT", tostring(la.Float(53)))
  end)

  it("TYP-06 an Enum keeps its values in order", function()
    local kind = la.Enum("new", "open", "closed", {name = "kind"})
    assert.same({"new", "open", "closed"}, {table.unpack(kind.enums)})
    assert.equal("kind", kind.name)
    assert.equal("VARCHAR(6)", tostring(kind))
    assert.equal("VARCHAR(6)", tostring(la.Enum({"new", "open", "closed"}, {name = "kind"})))
    assert.equal("VARCHAR(20)", tostring(la.Enum("a", {length = 20})))
    assert.matches("length must be larger", (message(la.Enum, "abc", {length = 2})))
    assert.matches("are strings", (message(la.Enum, "abc", 5)))
  end)

  it("TYP-07 DateTime and Time know whether they have a zone", function()
    assert.is_true(la.DateTime(true).timezone)
    assert.is_true(la.DateTime{timezone = true}.timezone)
    assert.is_false(la.DateTime.timezone)
  end)

  it("TYP-09 JSON has a null of its own", function()
    assert.equal("JSON.NULL", tostring(la.JSON.NULL))
    assert.equal("null", la.JSON:process_bind_param(la.JSON.NULL))
    assert.is_nil(la.JSON:process_bind_param(nil))
    assert.equal('{"a": [1, 2.5]}', la.JSON:process_bind_param({a = {1, 2.5}}))
    assert.same({a = {1, 2.5}}, la.JSON:process_result_value('{"a": [1, 2.5]}'))
    assert.equal("integer", math.type(la.JSON:process_result_value('[1]')[1]))
  end)

  it("TYP-13 with_variant gives a copy that is another type on a dialect", function()
    local plain = la.String(5)
    local varied = plain:with_variant(la.Text, "mysql", "mariadb")
    assert.are_not.equal(plain, varied)
    assert.equal("VARCHAR(5)", varied:compile{dialect = "sqlite"})
    assert.equal("VARCHAR(5)", tostring(varied))
    assert.matches("already present", (message(varied.with_variant, varied, la.Text, "mysql")))
    assert.matches("already has variants", (message(plain.with_variant, plain, varied, "sqlite")))
    local sqlite = la.String(5):with_variant(la.Text, "sqlite")
    assert.equal("TEXT", sqlite:compile{dialect = "sqlite"})
  end)

  it("TYP-19 as_generic leads from a type of SQL to the generic one", function()
    assert.is_true(la.isinstance(la.VARCHAR(9):as_generic(), la.String))
    assert.equal(9, la.VARCHAR(9):as_generic().length)
    assert.is_true(la.isinstance(la.INTEGER:as_generic(), la.Integer))
    assert.has_error(function() la.NullType:as_generic() end)
  end)

  it("TYP-20 compiles for a dialect", function()
    assert.equal("VARCHAR(20)", la.String(20):compile{dialect = "sqlite"})
    assert.equal("CHAR(32)", la.Uuid:compile{dialect = "sqlite"})
  end)

  it("an unknown keyword names the nearest, a wrong argument its name", function()
    local text, err = message(la.String, {lenght = 5})
    assert.equal('String got an unknown keyword "lenght"; did you mean "length"?', text)
    assert.is_true(exc.ArgumentError:matches(err))
    assert.matches("length must be of kind integer", (message(la.String, "x")))
    assert.matches("takes 2 arguments", (message(la.String, 1, "x", 2)))
    assert.matches('type VARCHAR has no "lenght"; did you mean "length"',
      (message(function() return la.String.lenght end)))
    assert.matches('did you mean "String"', (message(function() return types.Strng end)))
  end)

  it("isinstance follows the kinds", function()
    assert.is_true(la.isinstance(la.VARCHAR(3), la.String))
    assert.is_true(la.isinstance(la.SMALLINT, la.Integer))
    assert.is_false(la.isinstance(la.Integer, la.String))
    assert.is_false(la.isinstance(5, la.String))
  end)
end)

describe("classes of types", function()
  local Shout = la.TypeDecorator:class "Shout" {
    impl = la.String,
    cache_ok = true,
    process_bind_param = function(_, value) return value and value:upper() end,
    process_result_value = function(_, value) return value and value:lower() end,
  }

  it("TYP-14 a TypeDecorator is a type with and without arguments", function()
    assert.equal("VARCHAR(20)", tostring(Shout(20)))
    assert.equal(20, Shout(20).impl.length)
    assert.equal("Shout", Shout.__name__)
    assert.equal("X", Shout(20):process_bind_param("x"))
    assert.is_true(la.isinstance(Shout(20), Shout))
    assert.is_true(la.isinstance(Shout(20), la.TypeDecorator))
    assert.is_false(la.isinstance(la.String(20), Shout))
    assert.equal("VARCHAR", la.Column("x", Shout).type:compile{dialect = "sqlite"})
  end)

  it("TYP-14 a subclass takes over what it does not say, and calls its parent by name", function()
    local Twice = Shout:class "Twice" {
      process_bind_param = function(self, value) return Shout.process_bind_param(self, value) .. "!" end,
    }
    assert.equal("X!", Twice(5):process_bind_param("x"))
    assert.equal("x", Twice(5):process_result_value("X"))
    assert.is_true(la.isinstance(Twice(), Shout))
  end)

  it("TYP-14 __init sets fields, and reaches the parent's constructor", function()
    local Cut = la.TypeDecorator:class "Cut" {
      impl = la.String,
      __init = function(self, length)
        la.TypeDecorator.__init(self, length)
        self.longest = length
      end,
      process_bind_param = function(self, value) return value:sub(1, self.longest) end,
    }
    local cut = Cut(3)
    assert.equal("VARCHAR(3)", tostring(cut))
    assert.equal("abc", cut:process_bind_param("abcdef"))
    assert.equal("abc", cut:with_variant(la.Text, "mysql"):process_bind_param("abcdef"))
  end)

  it("TYP-14 load_dialect_impl chooses another impl on a dialect", function()
    local Wide = la.TypeDecorator:class "Wide" {
      impl = la.String,
      load_dialect_impl = function(self, dialect)
        return dialect.name == "sqlite" and dialect:type_descriptor(la.Text) or self.impl
      end,
      process_bind_param = function(_, value) return value .. "!" end,
    }
    assert.equal("VARCHAR(5)", tostring(Wide(5)))
    assert.equal("TEXT", Wide(5):compile{dialect = "sqlite"})
    collectgarbage()
    local engine, metadata = la.create_engine("sqlite://"), la.MetaData()
    local t = la.Table("t", metadata, la.Column("x", Wide(5)))
    metadata:create_all(engine)
    local connection <close> = engine:connect()
    connection:execute(la.insert(t), {x = "a"})
    assert.equal("a!", connection:execute(la.select(t.c.x)):scalar())
  end)

  it("TYP-15 a UserDefinedType says what stands in DDL", function()
    local Point = la.UserDefinedType:class "Point" {
      __init = function(self, places) self.places = places or 2 end,
      get_col_spec = function(self) return ("POINT(%d)"):format(self.places) end,
      bind_processor = function() return function(value) return value.x .. " " .. value.y end end,
      result_processor = function() return function(value) return value and {x = value:match("^%S+")} end end,
    }
    assert.equal("POINT(7)", tostring(Point(7)))
    assert.equal("POINT(2)", la.Column("p", Point).type:compile{dialect = "sqlite"})
    assert.equal("1 2", Point():process_bind_param({x = 1, y = 2}))
    assert.same({x = "1"}, Point():process_result_value("1 2"))
  end)

  it("a class of types that cannot be one says what it lacks", function()
    assert.matches("needs an impl", (message(la.TypeDecorator:class "Empty" {})))
    assert.matches("get_col_spec", (message(la.UserDefinedType:class "Empty" {})))
    assert.matches("no type by itself", (message(la.Column, "x", la.TypeDecorator)))
    assert.matches("refused", (message(la.TypeDecorator:class "Bad", {__gc = print})))
  end)
end)

describe("TYP-17 operators of a type", function()
  require "spec.support.sql"

  local Point = la.UserDefinedType:class "Point" {
    get_col_spec = function() return "POINT" end,
    comparator_factory = {
      __add = function(self, other) return la.func.moved(self, other) end,
      near = function(self, other) return self:bool_op("<->")(other) end,
      eq = function(self, other) return la.func.same_point(self, other) end,
    },
  }
  local Loud = la.TypeDecorator:class "Loud" {
    impl = la.String,
    comparator_factory = {
      __concat = function(self, other) return la.type_coerce(self, la.String) .. other .. "!" end,
      shout = function(self) return la.func.upper(self) end,
    },
  }
  local metadata = la.MetaData()
  local t = la.Table("t", metadata, la.Column("p", Point), la.Column("name", Loud), la.Column("plain", la.String))

  it("are those of its comparator_factory, methods and Lua's operators, in the place of the usual ones", function()
    assert.sql(t.c.p + t.c.p, "moved(t.p, t.p)")
    assert.sql(t.c.p:eq(t.c.p), "same_point(t.p, t.p)")
    assert.sql(t.c.p:near(t.c.p), "t.p <-> t.p")
    assert.sql(t.c.name .. "x", "t.name || :param_1", {param_1 = "x!"})
    assert.sql(t.c.name:shout(), "upper(t.name)")
  end)

  it("leave the others as they are, on this type and on others", function()
    assert.sql(t.c.p:ne(t.c.p), "t.p != t.p")
    assert.sql(t.c.name:like("a"), "t.name LIKE :name_1")
    assert.sql(t.c.plain .. "x", "t.plain || :plain_1")
    local ok, err = pcall(function() return t.c.plain:shout() end)
    assert.is_false(ok)
    assert.matches('has no "shout"', tostring(err))
  end)

  it("come with every expression of the type", function()
    assert.sql(la.func.origin({type_ = Point}):near(t.c.p), "origin() <-> t.p")
    assert.sql(la.type_coerce(t.c.plain, Loud):shout(), "upper(t.plain)")
    assert.sql(t:alias("a").c.name:shout(), "upper(a.name)")
    assert.sql(la.select(t.c.name):subquery().c.name:shout(), "upper(anon_1.name)")
  end)
end)
