-- SPDX-License-Identifier: MIT
-- Bound values: parameters whose values functions give, types that say what they are compared with, and values
-- written as literals.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local check = require "spec.support.compiled"
local fails = require "spec.support.fails"
local tables = require "spec.support.tables"
local u = tables.users.c

describe("bindparam", function()
  it("EXP-14 asks callable_ for its value at each execution without one", function()
    local calls = 0
    local counted = la.bindparam("n", {type_ = la.Integer, callable_ = function()
      calls = calls + 1
      return calls
    end})
    local statement = la.select(counted:label "n")
    local engine = la.create_engine("sqlite://")
    local connection <close> = engine:connect()
    assert.equal(1, connection:scalar(statement))
    assert.equal(2, connection:scalar(statement))
    assert.equal(70, connection:scalar(statement, {n = 70}))
    local session <close> = orm.Session(connection)
    assert.equal(3, session:scalar(statement))
    assert.equal("SELECT 4 AS n", tostring(statement:compile {literal_binds = true}))
    fails(la.exc.ArgumentError, "callable_ must be a function, not 3", function()
      return la.bindparam("n", {callable_ = 3})
    end)
  end)

  it("EXP-14 is given a value in all places where it stands, and let go once", function()
    local parameter = la.bindparam("p", {type_ = la.Integer})
    local live = setmetatable({parameter}, {__mode = "v"})
    local filled = (u.id:eq(parameter) | u.id:gt(parameter) | u.id:lt(parameter)):params {p = 3}
    assert.equal("users.id = 3 OR users.id > 3 OR users.id < 3", tostring(filled:compile {literal_binds = true}))
    parameter, filled = nil, nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    assert.is_nil(live[1])
  end)

  it("EXP-14 takes its keywords without a value", function()
    assert.equal("String", la.bindparam("a", {type_ = la.String}).type.__name__)
    check {{u.name:eq(la.bindparam("a", {type_ = la.String})), default = "users.name = :a"}}
  end)

  it("EXP-14 EXP-26 is written out by render_postcompile, and asks for its value there", function()
    check {
      {la.bindparam("a", "q", {literal_execute = true}), "'q'", render_postcompile = true},
      {u.id:in_(la.bindparam("ids", {expanding = true})), render_postcompile = true,
        "error: A value is required for bind parameter 'ids'"},
    }
  end)

  it("EXP-14 EXP-26 without a value is NULL in a literal text, with a warning", function()
    local list, text = require("lualchemy.warnings").catch_warnings(function()
      return tostring(u.id:eq(la.bindparam "p"):compile {literal_binds = true})
    end)
    assert.equal("users.id = NULL", text)
    assert.equal(1, #list)
    assert.truthy(list[1].message:find("Bound parameter 'p' rendering literal NULL", 1, true))
  end)

  it("EXP-31 takes lists for IN from params()", function()
    local statement = la.select(u.id):where(u.id:in_(la.bindparam("ids", {expanding = true})))
    check {{statement:params {ids = {1, 2}}, render_postcompile = true,
      sqlite = "SELECT users.id FROM users WHERE users.id IN (?, ?)"}}
  end)
end)

describe("a tuple", function()
  it("EXP-04 compares with a sequence of values", function()
    local pair = la.tuple_(u.id, u.name)
    check {
      {pair:eq {1, "b"}, default = "(users.id, users.name) = (:param_1, :param_2)",
        sqlite = "(users.id, users.name) = (?, ?)"},
      {pair:lt {1, "b"}, sqlite = "(users.id, users.name) < (?, ?)"},
    }
    fails(la.exc.ArgumentError, "a tuple of 2 is compared with a sequence of 1 values", function()
      return pair:eq {1}
    end)
  end)
end)

describe("TypeDecorator", function()
  local compared = {}
  local Code = la.TypeDecorator:class "Code" {
    impl = la.String,
    process_bind_param = function(_, value) return value and "<" .. value .. ">" end,
    process_literal_param = function(_, value) return value and "[" .. value .. "]" end,
    process_result_value = function(_, value) return value or "none" end,
    coerce_compared_value = function(self, op, value)
      compared[#compared + 1] = op
      return type(value) == "number" and la.Integer or self
    end,
  }
  local metadata = la.MetaData()
  local items = la.Table("items", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("code", Code),
    la.Column("data", la.JSON))

  it("TYP-14 TYP-18 says the types of the values that it is compared with", function()
    local c = items.c.code
    assert.equal("Code", c:eq("x").type and la.select(c):where(c:eq "x") and Code.__name__)
    check {
      {c:eq(5), "items.code = 5", literal_binds = true},
      {c:eq("x"), "items.code = '[x]'", literal_binds = true},
      {c:in_ {1, 2}, "items.code IN ('[1]', '[2]')", literal_binds = true},
      {c .. "y", "items.code || '[y]'", literal_binds = true},
      {c:like("z%"), "items.code LIKE '[z%]'", literal_binds = true},
    }
    assert.same({"eq", "eq", "eq", "eq", "in_", "concat", "like"}, compared)
    fails(la.exc.ArgumentError, "coerce_compared_value of Odd must give a type, not 7", function()
      local Odd = la.TypeDecorator:class "Odd" {impl = la.String, coerce_compared_value = function() return 7 end}
      return la.column("c", Odd):eq(1)
    end)
  end)

  it("TYP-14 writes literals by process_literal_param, else by process_bind_param", function()
    local Upper = la.TypeDecorator:class "Upper" {impl = la.String, process_bind_param = function(_, value)
      return value:upper()
    end}
    check {
      {la.literal("x", Code), "'[x]'", literal_binds = true},
      {la.literal("x", Upper), "'X'", literal_binds = true},
      {la.insert(items):values {id = 1, code = "q", data = {a = {1, 2}}}, literal_binds = true,
        "INSERT INTO items (id, code, data) VALUES (1, '[q]', '{\"a\": [1, 2]}')"},
    }
  end)

  it("TYP-14 TYP-15 writes the text that literal_processor gives, as it is", function()
    local function writer(pattern)
      return function(self, dialect)
        assert(self and dialect)
        return function(value) return pattern:format(value) end
      end
    end
    local Point = la.UserDefinedType:class "Point" {get_col_spec = function() return "POINT" end,
      literal_processor = writer "POINT(%s)"}
    local Next = la.TypeDecorator:class "Next" {impl = Point, process_bind_param = function(_, value) return value + 1 end}
    local Raw = la.TypeDecorator:class "Raw" {impl = la.String, literal_processor = writer "RAW(%s)"}
    local Wrong = la.TypeDecorator:class "Wrong" {impl = la.String, literal_processor = function()
      return function() return 5 end
    end}
    local place = la.column("p", Point)
    check {
      {place:eq(5), "p = POINT(5)", literal_binds = true},
      {place:in_ {1, 2}, "p IN (POINT(1), POINT(2))", literal_binds = true},
      {la.insert(la.table("t", place)):values {p = la.null}, "INSERT INTO t (p) VALUES (NULL)", literal_binds = true},
      {la.literal(3, Next), "POINT(4)", literal_binds = true},
      {la.literal("x", Raw), "RAW(x)", literal_binds = true},
    }
    fails(la.exc.CompileError, 'literal value "x" with datatype Wrong: its literal_processor gave a number', function()
      la.literal("x", Wrong):compile {literal_binds = true}
    end)
  end)

  it("TYP-14 makes values of NULLs that are loaded, in objects as in rows", function()
    local engine = la.create_engine("sqlite://")
    metadata:create_all(engine)
    local Base = orm.declarative_base()
    local Item = Base:class "Item" {__table__ = items}
    local session <close> = orm.Session(engine)
    session:execute(la.insert(items):values {id = 1})
    assert.equal("none", session:execute(la.select(items.c.code)):scalar())
    assert.equal("none", session:query(Item.code):scalar())
    local item = session:get(Item, 1)
    assert.equal("none", item.code)
    item.code = nil
    assert.is_nil(item.code)
    session:commit()
    assert.equal("none", item.code)
  end)
end)

describe("a TypeDecorator over JSON", function()
  it("TYP-14 TYP-16 takes tables, with SQL around them and without functions of its own, in rows and in objects", function()
    local Document = la.TypeDecorator:class "Document" {impl = la.JSON, bind_expression = function(_, value)
      return la.func.json(value)
    end}
    local Base = orm.declarative_base()
    local Page = Base:class "Page" {
      __tablename__ = "pages",
      id = la.Column(la.Integer, {primary_key = true}),
      document = la.Column(Document),
    }
    local engine = la.create_engine("sqlite://")
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add(Page {document = {a = {1, 2}}})
    session:execute(la.insert(Page.__table__):values {document = {b = 3}})
    session:commit()
    assert.same({1, 2}, session:get(Page, 1).document.a)
    assert.equal(3, session:scalar(la.select(Page.__table__.c.document):where(Page.__table__.c.id:eq(2))).b)
    assert.equal(1, session:query(Page):filter(Page.document:eq {b = 3}):count())
  end)
end)

describe("arithmetic with dates", function()
  it("TYP-07 TYP-18 takes numbers as days, seconds and factors", function()
    local d, dt, iv = la.column("d", la.Date), la.column("dt", la.DateTime), la.column("iv", la.Interval)
    local function type_of(expression) return expression.type.__name__ end
    check {
      {d + 5, "d + 5", literal_binds = true},
      {iv * 2, "iv * 2", literal_binds = true},
      {2 * iv, "2 * iv", literal_binds = true},
      {dt - 5, "dt - '1970-01-01 00:00:05.000000'", literal_binds = true},
    }
    assert.equal("Date", type_of(d + 5))
    assert.equal("Date", type_of(d - 5))
    assert.equal("DateTime", type_of(dt - 5))
    assert.equal("DateTime", type_of(dt + 1.5))
    assert.equal("Interval", type_of(iv + 5))
    assert.equal("Interval", type_of(iv * 2))
    assert.equal("Interval", type_of(2 * iv))
    assert.equal("Interval", type_of(dt - {year = 2020, month = 1, day = 1}))
  end)
end)
