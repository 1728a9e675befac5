-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local collect = require "spec.support.collect"

local Column, Integer, String = la.Column, la.Integer, la.String

local function database(fields)
  local Base = orm.declarative_base()
  fields.__tablename__ = "things"
  fields.id = Column(Integer, {primary_key = true})
  local Thing = Base:class "Thing" (fields)
  local engine = la.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  return Thing, orm.Session(engine), engine
end

local function round_trip(type, value)
  local Thing, session, engine = database{value = Column(type)}
  session:add(Thing{id = 1, value = value})
  session:commit()
  session:expunge_all()
  local read = session:get(Thing, 1).value
  session:close()
  engine:dispose()
  return read
end

describe("a mapped column", function()
  it("keeps values of every type exactly (TYP-01, TYP-03, TYP-04, TYP-05, TYP-06, TYP-07, TYP-08, TYP-10)", function()
    assert.equal(math.maxinteger, round_trip(Integer, math.maxinteger))
    assert.equal(math.mininteger, round_trip(la.BigInteger, math.mininteger))
    assert.equal(0.1, round_trip(la.Float, 0.1))
    assert.equal("a\0b\xff", round_trip(String, "a\0b\xff"))
    assert.equal(("x"):rep(100000), round_trip(la.Text, ("x"):rep(100000)))
    assert.equal("\0\1\2", round_trip(la.LargeBinary, "\0\1\2"))
    assert.is_true(round_trip(la.Boolean, true))
    assert.is_false(round_trip(la.Boolean, false))
    assert.equal("12.50", tostring(round_trip(la.Numeric(10, 2), "12.50")))
    assert.equal("b", round_trip(la.Enum("a", "b"), "b"))
    assert.equal(90, round_trip(la.Interval, 90))
    assert.equal("2024-02-29", tostring(round_trip(la.Date, {year = 2024, month = 2, day = 29})))
    assert.equal("2024-02-29 10:20:30", tostring(round_trip(la.DateTime, "2024-02-29 10:20:30")))
    assert.equal("10:20:30.500000", tostring(round_trip(la.Time, "10:20:30.5")))
    assert.equal("12345678-1234-5678-1234-567812345678", round_trip(la.Uuid, "12345678-1234-5678-1234-567812345678"))
    assert.is_nil(round_trip(String, nil))
  end)

  it("gives JSON back as a table, the same one at each read (TYP-09)", function()
    local Thing, session = database{data = Column(la.JSON)}
    session:add(Thing{id = 1, data = {name = "x", list = {1, 2, 3}}})
    session:commit()
    local thing = session:get(Thing, 1)
    assert.equal("x", thing.data.name)
    assert.same({1, 2, 3}, {table.unpack(thing.data.list)})
    assert.equal(thing.data, thing.data)
    thing.data = {name = "y"}
    assert.equal("y", thing.data.name)
    session:commit()
    collect.all()
    assert.equal("y", thing.data.name)
    session:close()
  end)

  it("passes through a TypeDecorator both ways (TYP-14)", function()
    local Upper = la.TypeDecorator:class "Upper" {
      impl = String,
      process_bind_param = function(_, value) return value and value:upper() end,
      process_result_value = function(_, value) return value and value .. "!" end,
    }
    local Thing, session = database{name = Column(Upper)}
    local thing = Thing{id = 1, name = "abc"}
    session:add(thing)
    session:flush()
    assert.equal("abc", thing.name)
    session:commit()
    assert.equal("ABC!", thing.name)
    assert.equal(1, session:query(Thing):filter(Thing.name:eq "abc"):count())
    assert.equal("ABC!", session:query(Thing.name):scalar())
    session:close()
  end)

  it("takes defaults of every kind (UOW-41, DEC-03)", function()
    local calls = 0
    local Thing, session = database{
      a = Column(Integer, {default = 7}),
      b = Column(String, {default = function(context) calls = calls + 1 return "b" .. tostring(context.current_parameters.a) end}),
      c = Column(Integer, {default = la.func.abs(-3)}),
      d = Column(String, {server_default = "dd"}),
      e = Column(Integer, {onupdate = function() return 99 end}),
    }
    local thing = Thing{id = 1}
    session:add(thing)
    session:commit()
    assert.equal(7, thing.a)
    assert.equal("b7", thing.b)
    assert.equal(3, thing.c)
    assert.equal("dd", thing.d)
    assert.is_nil(thing.e)
    assert.equal(1, calls)
    thing.a = 8
    session:flush()
    assert.equal(99, thing.e)
    thing.a = 9
    session:commit()
    assert.equal(99, thing.e)
    session:close()
  end)

  it("takes an SQL expression, rendered in the flush (UOW-45)", function()
    local Thing, session = database{n = Column(Integer)}
    local thing = Thing{id = 1, n = 5}
    session:add(thing)
    session:commit()
    thing.n = Thing.n + 10
    session:commit()
    assert.equal(15, thing.n)
    session:close()
  end)

  it("refuses values of the wrong kind by name, and the session goes on", function()
    local Thing, session = database{n = Column(Integer), day = Column(la.Date), kind = Column(la.Enum("a", "b")), flag = Column(la.Boolean)}
    for field, value in pairs{n = "x", day = "soon", kind = "c", flag = 2} do
      local ok, err = pcall(function()
        session:add(Thing{[field] = value})
        session:flush()
      end)
      assert.is_false(ok)
      assert.is_true(exc.StatementError:matches(err), tostring(err))
      assert.truthy(tostring(err):find(field, 1, true), tostring(err))
      session:rollback()
    end
    session:add(Thing{n = 1})
    session:commit()
    assert.equal(1, session:query(Thing):count())
    session:close()
  end)

  it("gives back what a default function raises, unchanged", function()
    local Thing, session = database{n = Column(Integer, {default = function() error{mine = true} end})}
    session:add(Thing{})
    local ok, err = pcall(session.flush, session)
    assert.is_false(ok)
    assert.is_true(err.mine)
    session:rollback()
    assert.equal(0, session:query(Thing):count())
    session:close()
  end)
end)

describe("a type that evaluates_none", function()
  local function types()
    return {a = Column(String():evaluates_none(), {default = "a"}), b = Column(String, {default = "b"}),
      c = Column(String():evaluates_none(), {server_default = "c"}), d = Column(la.JSON, {default = {x = 1}}),
      e = Column(la.JSON {none_as_null = true}, {default = {x = 1}})}
  end
  local function rows(engine)
    local conn <close> = engine:connect()
    local found = {}
    for row in conn:exec_driver_sql "SELECT a, b, c, d, e FROM things ORDER BY id" do found[#found + 1] = tostring(row) end
    return found
  end
  local unset, nulls = [[("a", "b", "c", "{\"x\": 1}", "{\"x\": 1}")]], [[(nil, "b", nil, nil, "{\"x\": 1}")]]

  it("sends a nil that is set in place of the default, as JSON does (TYP-03, TYP-09)", function()
    local Thing, session, engine = database(types())
    local null = la.null
    local read, assigned = Thing {id = 1}, Thing {id = 2}
    assert.is_nil(read.a)
    for _, name in ipairs {"a", "b", "c", "d", "e"} do assigned[name] = nil end
    session:add_all {read, assigned, Thing {id = 3, a = null, b = null, c = null, d = null, e = null}}
    session:commit()
    assert.same({unset, nulls, nulls}, rows(engine))
  end)

  it("does so in inserts of many rows (QRY-09)", function()
    local Thing, session, engine = database(types())
    local null = la.null
    local row = {a = null, b = null, c = null, d = null, e = null}
    session:execute(la.insert(Thing), {row})
    session:bulk_insert_mappings(Thing, {row, {}})
    session:commit()
    assert.same({nulls, nulls, unset}, rows(engine))
    assert.same({false, true, true, false}, {la.String.should_evaluate_none, la.String(5):evaluates_none().should_evaluate_none,
      la.JSON.should_evaluate_none, la.JSON {none_as_null = true}.should_evaluate_none})
  end)
end)

describe("single-table inheritance", function()
  it("keeps classes apart by a column (MAP-02, MAP-05)", function()
    local Base = orm.declarative_base()
    local Employee = Base:class "Employee" {
      __tablename__ = "employees",
      id = Column(Integer, {primary_key = true}),
      name = Column(String),
      kind = Column(String),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "employee"},
    }
    local Manager = Employee:class "Manager" {
      level = Column(Integer),
      __mapper_args__ = {polymorphic_identity = "manager"},
    }
    function Employee:greeting() return "I am " .. self.name end
    function Manager:greeting() return Employee.greeting(self) .. ", manager" end
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add_all{Employee{name = "Ann"}, Manager{name = "Bob", level = 3}}
    session:commit()
    local all = session:query(Employee):order_by(Employee.id):all()
    assert.equal("I am Ann", all[1]:greeting())
    assert.equal("I am Bob, manager", all[2]:greeting())
    assert.equal(3, all[2].level)
    assert.is_true(la.isinstance(all[2], Manager) and la.isinstance(all[2], Employee))
    assert.is_false(la.isinstance(all[1], Manager))
    assert.equal(1, session:query(Manager):count())
    engine:dispose()
  end)

  it("gives a TypeDecorator the dialect, and JSON the serializers of the engine, wherever a session converts (TYP-09, TYP-14)", function()
    local seen = {}
    local function note(what, dialect) seen[#seen + 1] = what .. " " .. dialect.name end
    local Noted = la.TypeDecorator:class "Noted" {
      impl = String,
      process_bind_param = function(_, value, dialect) note("bind", dialect) return value end,
      process_result_value = function(_, value, dialect) note("result", dialect) return value end,
    }
    local Base = orm.declarative_base()
    local Thing = Base:class "Thing" {__tablename__ = "things", id = Column(Integer, {primary_key = true}), name = Column(Noted), data = Column(la.JSON)}
    local engine = la.create_engine("sqlite://", {json_serializer = function(value) return "<" .. value.x .. ">" end,
      json_deserializer = function(text) return {x = text} end})
    Base.metadata:create_all(engine)
    local session = orm.Session(engine)
    local thing = Thing{id = 1, name = "a", data = {x = "y"}}
    session:add(thing)
    session:commit()
    assert.same({"a", "<y>"}, {thing.name, thing.data.x})
    assert.equal("a", session:query(Thing.name):filter(Thing.name:eq "a"):scalar())
    session:execute(la.update(Thing):where(Thing.name:eq "a"):values{name = "b"})
    assert.equal("b", session:execute(la.select(Thing.name)):one().name)
    assert.equal("b", thing.name)
    local expected = {}
    for i, what in ipairs {"bind", "result", "bind", "result", "bind", "bind", "result", "result"} do expected[i] = what .. " sqlite" end
    assert.same(expected, seen)
    session:close()
    engine:dispose()
  end)
end)
