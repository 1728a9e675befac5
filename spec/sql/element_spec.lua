-- SPDX-License-Identifier: MIT
-- SQL elements of the program's own classes: lualchemy.ext.compiler.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local compiler = require "lualchemy.ext.compiler"
local fails = require "spec.support.fails"
require "spec.support.sql"

local compiles = compiler.compiles
local t = la.table("t", la.column("a", la.Integer), la.column("b", la.String))

describe("elements of the program's own classes (EXP-27, EXT-07)", function()
  local Greatest = la.FunctionElement:class "Greatest" {type = la.Integer, name = "greatest"}
  compiles(Greatest)(function(element, comp, kw) return "greatest(" .. comp:process(element.clauses, kw) .. ")" end)
  compiles(Greatest, "sqlite")(function(element, comp, kw) return "max(" .. comp:process(element.clauses, kw) .. ")" end)

  it("are written by the function of the dialect, or else by the default one", function()
    assert.sql(la.select(Greatest(t.c.a, 5)), {
      default = "SELECT greatest(t.a, :greatest_2) AS greatest_1 FROM t",
      sqlite = "SELECT max(t.a, ?) AS greatest_1 FROM t",
    })
    assert.equal("greatest(t.a, :greatest_1)", tostring(Greatest(t.c.a, 5)))
    assert.equal("max(t.a, 5)", tostring(Greatest(t.c.a, 5):compile {dialect = "sqlite", literal_binds = true}))
  end)

  it("are written as functions are by visit_function, in a class below as well", function()
    local Least = la.FunctionElement:class "Least" {type = la.Integer, name = "least"}
    compiles(Least)(function(element, comp, kw) return comp:visit_function(element, kw) end)
    compiles(Least, "sqlite")(function(element, comp, kw)
      local a, b = element.clauses[1], element.clauses[2]
      return comp:process(la.case({a:lt(b), a}, {else_ = b}), kw)
    end)
    local Smallest = Least:class "Smallest" {name = "smallest"}
    assert.sql(Smallest(t.c.a, 5):gt(1), {default = "smallest(t.a, :smallest_1) > :param_1",
      sqlite = "CASE WHEN (t.a < ?) THEN t.a ELSE ? END > ?"})
    local Odd = la.ColumnElement:class "Odd" {}
    compiles(Odd)(function(element, comp) return comp:visit_function(element) end)
    fails(la.exc.ArgumentError, "visit_function takes a FunctionElement with a name", Odd)
  end)

  it("have the operators and methods of expressions, and their type", function()
    local g = Greatest(t.c.a, t.c.a)
    assert.sql(g + 1, "greatest(t.a, t.a) + :param_1")
    assert.sql(2 * g, ":param_1 * greatest(t.a, t.a)")
    assert.sql(-g, "-greatest(t.a, t.a)")
    assert.sql(la.select(g:label "x"):where(g:between(1, 2)):order_by(g:desc()),
      "SELECT greatest(t.a, t.a) AS x FROM t WHERE greatest(t.a, t.a) BETWEEN :param_1 AND :param_2 "
      .. "ORDER BY greatest(t.a, t.a) DESC")
    assert.sql(g:over {order_by = t.c.a}, "greatest(t.a, t.a) OVER (ORDER BY t.a)")
    assert.equal("INTEGER", tostring((g + 1).type))
    local On = la.ColumnElement:class "On" {type = la.Boolean}
    compiles(On)(function() return "is_on()" end)
    assert.sql(la.select(t.c.a):where(On()), {default = "SELECT t.a FROM t WHERE is_on()",
      sqlite = "SELECT t.a FROM t WHERE is_on() = 1"})
  end)

  it("hold each other, statements, FROM elements and lists of them", function()
    assert.sql(Greatest(Greatest(1, 2), la.select(t.c.a):scalar_subquery()),
      "greatest(greatest(:greatest_1, :greatest_2), (SELECT t.a FROM t))")
    local Insert = la.Executable:class "Insert" {
      __init = function(self, target, select) self.target, self.select = target, select end,
    }
    compiles(Insert)(function(element, comp, kw)
      return ("INSERT INTO %s %s"):format(comp:process(element.target, {asfrom = true}), comp:process(element.select, kw))
    end)
    local recent = la.select(t.c.a):where(t.c.a:gt(5)):cte "recent"
    assert.sql(tostring(Insert(t, la.select(recent))),
      "INSERT INTO t WITH recent AS (SELECT t.a AS a FROM t WHERE t.a > :a_1) SELECT recent.a FROM recent")
  end)

  it("are executed, cached by what they are made of, with their own parameters", function()
    local engine = la.create_engine "sqlite://"
    local connection <close> = engine:connect()
    for i = 1, 3 do
      assert.equal(i + 1, connection:scalar(la.select(Greatest(i, i + 1))))
    end
    local Pragma = la.Executable:class "Pragma" {}
    compiles(Pragma, "sqlite")(function(element, comp) return "PRAGMA " .. comp.preparer:quote(element.pragma) end)
    assert.equal(0, connection:execute(Pragma {pragma = "user_version"}):scalar())
    assert.equal(9, connection:scalar(Greatest(8, 9)))
  end)

  it("serve as defaults of columns and in mapped classes", function()
    local stamp = la.FunctionElement:class "stamp" {type = la.String}
    compiles(stamp)(function() return "'now'" end)
    compiles(stamp, "sqlite")(function() return "(lower('NOW'))" end)
    local Base = orm.declarative_base()
    local Event = Base:class "Event" {
      __tablename__ = "event", id = la.Column(la.Integer, {primary_key = true}),
      made = la.Column(la.String, {server_default = stamp()}), seen = la.Column(la.String, {default = stamp()}),
      rank = la.Column(la.Integer),
    }
    assert.sql(tostring(la.CreateTable(Event):compile {dialect = "sqlite"}),
      "CREATE TABLE event (id INTEGER NOT NULL, made VARCHAR DEFAULT (lower('NOW')), seen VARCHAR, rank INTEGER, "
      .. "PRIMARY KEY (id))")
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add(Event {rank = 3})
    session:commit()
    local event = session:query(Event):filter(Greatest(Event.rank, 1):eq(3)):one()
    assert.same({"now", "now"}, {event.made, event.seen})
    assert.sql(la.select(Greatest(orm.aliased(Event).rank, 2)),
      "SELECT greatest(event_1.rank, :greatest_2) AS greatest_1 FROM event AS event_1")
  end)

  it("inherit the functions of the class above, and may be forgotten", function()
    local Below = Greatest:class "Below" {}
    compiles(Below, "sqlite")(function() return "below()" end)
    assert.sql(Below(t.c.a), {default = "greatest(t.a)", sqlite = "below()"})
    compiler.deregister(Below)
    assert.sql(Below(t.c.a), {default = "greatest(t.a)", sqlite = "max(t.a)"})
  end)

  it("make statements of DDL, which listen to events", function()
    local CreateView = la.DDLElement:class "CreateView" {}
    compiles(CreateView)(function(element, comp)
      return ("CREATE VIEW %s AS %s"):format(comp.preparer:quote(element.name),
        comp.sql_compiler:process(element.select, {literal_binds = true}))
    end)
    local view = CreateView {name = "Old ones", select = la.select(t.c.a):where(t.c.b:eq "it's")}
    assert.sql(view, [[CREATE VIEW "Old ones" AS SELECT t.a FROM t WHERE t.b = 'it''s']])
    local engine = la.create_engine "sqlite://"
    local metadata = la.MetaData()
    la.Table("t", metadata, la.Column("a", la.Integer), la.Column("b", la.String))
    la.event.listen(metadata, "after_create", view:execute_if {dialect = "sqlite"})
    la.event.listen(metadata, "after_create", view:execute_if {dialect = "postgresql"})
    metadata:create_all(engine)
    assert.same({"Old ones"}, {table.unpack(la.inspect(engine):get_view_names())})
    engine:begin(function(connection)
      connection:execute(CreateView {name = "v", select = la.select(t.c.b)})
      assert.is_nil(connection:execute(la.select(la.literal_column "b"):select_from(la.table "v")):first())
    end)
  end)

  it("tell what is wrong with them", function()
    local Lonely = la.ColumnElement:class "Lonely" {}
    fails(la.exc.UnsupportedCompilationError, "can't render element of type Lonely", function() Lonely():compile() end)
    fails(la.exc.ArgumentError, 'class made by ColumnElement', function() compiles(t) end)
    fails(la.exc.ArgumentError, "compiles(Lonely) takes a function, not a number", function() compiles(Lonely)(5) end)
    fails(la.exc.ArgumentError, "names of dialects, not a number", function() compiles(Lonely, 5) end)
    compiles(Lonely)(function() return 5 end)
    fails(la.exc.CompileError, "the function that compiles Lonely gave a number", Lonely)
    compiles(Lonely)(function(_, comp) return comp:process(7) end)
    fails(la.exc.ArgumentError, "process takes an SQL expression, not 7", function() Lonely() end)
    compiles(Lonely)(function() error("mine", 0) end)
    local ok, err = pcall(Lonely)
    assert.same({false, "mine"}, {ok, err})
    fails(la.exc.ArgumentError, "Lonely takes a table of fields, not a number", function() Lonely(7) end)
    fails(la.exc.ArgumentError, "the field __gc is refused", function() la.ColumnElement:class "X" {__gc = print} end)
  end)
end)

describe("words of the program's own at points of a statement (EXP-27)", function()
  local Words = la.SyntaxExtension:class "Words" {
    __init = function(self, point, value) self.point, self.value = point, value end,
    apply_to_select = function(self, statement)
      return statement:apply_syntax_extension_point(function(existing)
        existing[#existing + 1] = self
        return existing
      end, self.point)
    end,
  }
  Words.apply_to_update, Words.apply_to_delete, Words.apply_to_insert = Words.apply_to_select, Words.apply_to_select,
    Words.apply_to_select
  compiles(Words)(function(element, comp) return "WORDS(" .. comp:process(la.literal(element.value)) .. ")" end)

  it("stand where the statement has the point, with their parameters in their place", function()
    local select = la.select(t.c.a):where(t.c.a:eq(0)):group_by(t.c.a):having(t.c.a:eq(1)):distinct():order_by(t.c.a)
    assert.sql(select:ext(Words("post_select", 2)):ext(Words("pre_columns", 3)):ext(Words("post_criteria", 4))
      :ext(Words("post_criteria", 5)):ext(Words("post_body", 6)):prefix_with "FAST",
      "SELECT WORDS(:param_1) FAST DISTINCT WORDS(:param_2) t.a FROM t WHERE t.a = :a_1 GROUP BY t.a "
      .. "HAVING t.a = :a_2 WORDS(:param_3) WORDS(:param_4) ORDER BY t.a WORDS(:param_5)",
      {param_1 = 2, param_2 = 3, a_1 = 0, a_2 = 1, param_3 = 4, param_4 = 5, param_5 = 6})
    assert.sql(la.insert(t):values {a = 1}:ext(Words("post_values", 2)), "INSERT INTO t (a) VALUES (:a) WORDS(:param_1)")
    assert.sql(la.update(t):values {a = 1}:where(t.c.a:eq(3)):ext(Words("post_criteria", 2)),
      "UPDATE t SET a=:a WHERE t.a = :a_1 WORDS(:param_1)")
    assert.sql(la.delete(t):where(t.c.a:eq(3)):ext(Words("post_criteria", 2)),
      "DELETE FROM t WHERE t.a = :a_1 WORDS(:param_1)")
  end)

  it("may take the place of those of their class", function()
    local Limit = la.SyntaxExtension:class "Limit" {
      apply_to_select = function(self, statement)
        return statement:apply_syntax_extension_point(function(existing)
          return self:append_replacing_same_type(existing)
        end, "post_body")
      end,
    }
    compiles(Limit)(function(element) return "LIMIT BY " .. element.n end)
    local select = la.select(t.c.a):ext(Limit {n = 1}):ext(Words("post_body", 2))
    collectgarbage()
    assert.sql(select:ext(Limit {n = 3}), "SELECT t.a FROM t WORDS(:param_1) LIMIT BY 3")
    assert.sql(select, "SELECT t.a FROM t LIMIT BY 1 WORDS(:param_1)")
  end)

  it("are refused where they do not fit", function()
    local Plain = la.SyntaxExtension:class "Plain" {}
    compiles(Plain)(function() return "PLAIN" end)
    fails(la.exc.ArgumentError, "Plain cannot be applied to select: it has no method apply_to_select", function()
      la.select(t.c.a):ext(Plain())
    end)
    fails(la.exc.ArgumentError, "7 cannot be applied to insert", function() la.insert(t):ext(7) end)
    fails(la.exc.ArgumentError, 'Unknown position "post_values"; the positions are post_select, pre_columns', function()
      la.select(t.c.a):ext(Words("post_values", 1))
    end)
  end)
end)

describe("things that stand for SQL (EXP-29)", function()
  local Money = {}
  Money.__index = Money
  function Money:__clause_element__() return la.func.round(self.amount, 2) end
  local money = function(amount) return setmetatable({amount = amount}, Money) end

  it("are accepted wherever an expression is, by their __clause_element__", function()
    assert.sql(la.select(money(t.c.a)):where(t.c.b:eq(money(1)), t.c.a:in_ {money(2)}):order_by(money(t.c.b)),
      "SELECT round(t.a, :round_2) AS round_1 FROM t WHERE t.b = round(:round_3, :round_4) "
      .. "AND t.a IN (round(:round_5, :round_6)) ORDER BY round(t.b, :round_7)")
    assert.sql(la.update(t):values {a = money(7)}, "UPDATE t SET a=round(:round_1, :round_2)")
    assert.sql(la.and_(setmetatable({__clause_element__ = function() return t.c.a:eq(1) end}, {}), t.c.b:eq "x"),
      "t.a = :a_1 AND t.b = :b_1")
    local source = setmetatable({}, {__clause_element__ = function() return t end})
    assert.sql(la.select(source), "SELECT t.a, t.b FROM t")
  end)

  it("are told apart from what is none", function()
    fails(la.exc.ArgumentError, "column expression, FROM clause, or other columns clause element expected, got",
      function() la.select({x = 1}) end)
    fails(la.exc.ArgumentError, "condition expected, got string", function() la.select(t):where "a = 1" end)
    fails(la.exc.ArgumentError, "FROM expression, such as a Table or alias() object expected, got number", function()
      la.select(t.c.a):select_from(5)
    end)
    fails(la.exc.ArgumentError, "SELECT construct or equivalent text() construct expected", function()
      la.union(la.select(t.c.a), t.c.a)
    end)
    local broken = setmetatable({}, {__clause_element__ = function() error "no" end})
    fails(la.exc.ArgumentError, "expected, got table", function() la.select(broken) end)
  end)
end)
