-- SPDX-License-Identifier: MIT
-- DDL as things: views, CREATE TABLE AS, constraints added later, text, and when each is sent. The texts are
-- SQLAlchemy's.
local la = require "lualchemy"
require "spec.support.sql"
local database = require "spec.support.database"
local fails = require "spec.support.fails"
local exc = la.exc

local Column, Integer, String, Table = la.Column, la.Integer, la.String, la.Table
local sqlite = {dialect = "sqlite"}

after_each(database.clean)

local metadata = la.MetaData()
local t = Table("t", metadata, Column("id", Integer, {primary_key = true}), Column("x", String, {comment = "it's"}),
  {comment = "all"})

describe("DDL-04 CreateView", function()
  it("is CREATE VIEW, with values as literals", function()
    local select = la.select(t.c.id, (t.c.x .. "z"):label("y")):where(t.c.id:gt(5))
    local view = la.CreateView(select, "v")
    assert.sql(tostring(view), "CREATE VIEW v AS SELECT t.id, t.x || 'z' AS y FROM t WHERE t.id > 5")
    assert.same({"id", "y"}, {table.unpack(view.table.c:keys())})
    assert.equal("String", view.table.c.y.type.__visit_name__)
    assert.sql(la.select(view.table):where(view.table.c.y:eq("a")), "SELECT v.id, v.y FROM v WHERE v.y = :y_1")
  end)

  it("has all the words there are", function()
    local function text(options) return la.CreateView(la.select(t.c.id), "v", options):compile(sqlite) end
    assert.sql(text {schema = "s", temporary = true, or_replace = true},
      "CREATE OR REPLACE TEMPORARY VIEW s.v AS SELECT t.id FROM t")
    assert.sql(text {materialized = true}, "CREATE MATERIALIZED VIEW v AS SELECT t.id FROM t")
    assert.sql(text {sqlite_if_not_exists = true}, "CREATE VIEW IF NOT EXISTS v AS SELECT t.id FROM t")
    assert.sql(la.CreateView(la.text("SELECT 1 AS x"):columns(la.column("x", Integer)), "v"):compile(sqlite),
      "CREATE VIEW v AS SELECT 1 AS x")
    local view = la.CreateView(la.select(t.c.id), "v").table
    assert.equal("DROP VIEW v", tostring(la.DropView(view)))
    assert.equal("DROP MATERIALIZED VIEW IF EXISTS v",
      tostring(la.DropView(view, {if_exists = true, materialized = true})))
  end)

  it("takes part in create_all and drop_all, behind the tables", function()
    local own = la.MetaData()
    local source = Table("z_source", own, Column("id", Integer, {primary_key = true}))
    local view = la.CreateView(la.select(source.c.id):where(source.c.id:gt(1)), "a_view", {metadata = own})
    local engine = database.engine {memory = true}
    own:create_all(engine)
    own:create_all(engine)
    engine:begin(function(conn)
      conn:execute(la.insert(source), {{id = 1}, {id = 2}})
      assert.same({2}, {table.unpack(conn:scalars(la.select(view.table)):all())})
      assert.same({"a_view"}, {table.unpack(la.inspect(conn):get_view_names())})
    end)
    own:drop_all(engine)
    engine:begin(function(conn)
      assert.equal(0, #la.inspect(conn):get_view_names())
      conn:execute(la.CreateTable(source))
      conn:execute(view)
      conn:execute(la.DropView(view.table))
    end)
  end)

  it("says what it needs", function()
    fails(exc.ArgumentError, "CreateView takes a SELECT first", function() la.CreateView(t, "v") end)
    fails(exc.ArgumentError, "CreateView takes a name", function() la.CreateView(la.select(t)) end)
    fails(exc.ArgumentError, 'unknown keyword "temporaly"', function() la.CreateView(la.select(t), "v", {temporaly = true}) end)
    fails(exc.ArgumentError, "DropView takes the table of a CreateView", function() la.DropView("v") end)
  end)
end)

it("DDL-05 CreateTableAs, and into(), make a table of a SELECT", function()
  local statement = la.select(t.c.id, t.c.x):where(t.c.id:eq(3))
  assert.sql(la.CreateTableAs(statement, "copy"):compile(sqlite),
    "CREATE TABLE copy AS SELECT t.id, t.x FROM t WHERE t.id = 3")
  assert.sql(statement:into("copy", {schema = "s", temporary = true, if_not_exists = true}):compile(sqlite),
    "CREATE TEMPORARY TABLE IF NOT EXISTS s.copy AS SELECT t.id, t.x FROM t WHERE t.id = 3")
  local engine = database.engine {memory = true}
  engine:begin(function(conn)
    t:create(conn)
    conn:execute(la.insert(t), {{id = 3, x = "c"}, {id = 4, x = "d"}})
    local copy = statement:into("copy")
    conn:execute(copy)
    assert.equal("c", conn:execute(la.select(copy.table)):one().x)
  end)
end)

describe("DDL-06 DDL text", function()
  it("has the names of its table and of its context", function()
    local text = la.DDL("ALTER TABLE %(fullname)s SET %(what)s = 1 -- %(table)s 100%%", {context = {what = "w"}})
    local quoted = Table("Order", la.MetaData(), Column("id", Integer), {schema = "s"})
    assert.equal('ALTER TABLE s."Order" SET w = 1 -- "Order" 100%', tostring(text:against(quoted)))
    fails(exc.CompileError, "there is no %(fullname)s", function() return tostring(text) end)
    fails(exc.ArgumentError, "Expected a string", function() la.DDL(3) end)
  end)

  it("is executed, or comes with an event, for the dialects and under the conditions named", function()
    local own, seen = la.MetaData(), {}
    local target = Table("target", own, Column("x", Integer))
    local insert = la.DDL("INSERT INTO %(table)s VALUES (%(value)s)", {context = {value = 7}})
    la.event.listen(target, "after_create", insert)
    la.event.listen(target, "after_create", la.DDL("nonsense"):execute_if {dialect = "postgresql"})
    la.event.listen(target, "after_create", la.DDL("nonsense"):execute_if {dialect = {"mysql", "oracle"}})
    la.event.listen(target, "after_create", insert:against(target):execute_if {dialect = {"mysql", "sqlite"},
      state = "state", callable_ = function(element, about, conn, options)
        seen = {tostring(element), about, conn.dialect.name, options.state}
        return true
      end})
    la.event.listen(target, "after_create", insert:execute_if {callable_ = function() return false end})
    local engine = database.engine {memory = true}
    own:create_all(engine)
    engine:begin(function(conn)
      assert.equal(2, conn:scalar(la.select(la.func.count()):select_from(target)))
      conn:execute(insert:against(target))
      assert.is_nil(conn:execute(la.DDL("nonsense"):execute_if {dialect = "mysql"}))
      assert.equal(3, conn:scalar(la.select(la.func.count()):select_from(target)))
    end)
    assert.same({"INSERT INTO target VALUES (7)", "sqlite", "state"}, {seen[1], seen[3], seen[4]})
    assert.equal(target, seen[2])
  end)
end)

describe("DDL-09 what changes a table that is there", function()
  local function tables()
    local own = la.MetaData()
    local one = Table("one", own, Column("id", Integer, {primary_key = true}), Column("x", String),
      la.CheckConstraint("id > 0", {name = "ck"}), la.UniqueConstraint("x", {name = "uq"}))
    local two = Table("two", own, Column("id", Integer, la.ForeignKey("one.id", {name = "fk", ondelete = "CASCADE"})))
    local named = {fk = two.foreign_key_constraints[1], pk = one.primary_key}
    for _, constraint in ipairs(one.constraints) do
      if constraint.name then named[constraint.name] = constraint end
    end
    return one, named, own
  end

  it("is AddConstraint and DropConstraint alone: other migrations are not its business", function()
    local _, named = tables()
    assert.equal("ALTER TABLE one ADD CONSTRAINT ck CHECK (id > 0)", tostring(la.AddConstraint(named.ck)))
    assert.equal("ALTER TABLE one ADD CONSTRAINT uq UNIQUE (x)", tostring(la.AddConstraint(named.uq)))
    assert.equal("ALTER TABLE one ADD PRIMARY KEY (id)", tostring(la.AddConstraint(named.pk)))
    assert.equal("ALTER TABLE two ADD CONSTRAINT fk FOREIGN KEY(id) REFERENCES one (id) ON DELETE CASCADE",
      tostring(la.AddConstraint(named.fk)))
    assert.equal("ALTER TABLE two DROP CONSTRAINT fk", tostring(la.DropConstraint(named.fk)))
    assert.equal("ALTER TABLE one DROP CONSTRAINT IF EXISTS ck CASCADE",
      tostring(la.DropConstraint(named.ck, {cascade = true, if_exists = true})))
    fails(exc.CompileError, "it has no name", function() return tostring(la.DropConstraint(named.pk)) end)
    local long = Table("t", la.MetaData {naming_convention = {uq = "uq_%(table_name)s_%(column_0_name)s"}},
      Column("quite_a_long_name", Integer, {unique = true}))
    assert.equal("ALTER TABLE t DROP CONSTRAINT uq_t_quite_a_long_name", tostring(la.DropConstraint(long.constraints[2])))
    local short = {name = "sqlite", max_identifier_length = 20}
    assert.equal(la.AddConstraint(long.constraints[2]):compile {dialect = short}:match "CONSTRAINT (%S+)",
      la.DropConstraint(long.constraints[2]):compile {dialect = short}:match "CONSTRAINT (%S+)")
    fails(exc.ArgumentError, "expected a constraint of a table", function() la.AddConstraint(t) end)
  end)

  it("and takes the constraint out of CREATE TABLE", function()
    local one, named = tables()
    la.AddConstraint(named.ck)
    la.AddConstraint(named.uq, {isolate_from_table = false})
    assert.sql(tostring(la.CreateTable(one)),
      "CREATE TABLE one (id INTEGER NOT NULL, x VARCHAR, PRIMARY KEY (id), CONSTRAINT uq UNIQUE (x))")
  end)

  it("is refused by SQLite, which has no such statement", function()
    local _, named, own = tables()
    local engine = database.engine {memory = true}
    own:create_all(engine)
    engine:begin(function(conn)
      fails(exc.OperationalError, "syntax error", function() conn:execute(la.AddConstraint(named.ck)) end)
    end)
  end)
end)

it("DDL-03 schemas, sequences, columns and comments are elements too", function()
  assert.equal("CREATE SCHEMA IF NOT EXISTS s", tostring(la.CreateSchema("s", {if_not_exists = true})))
  assert.equal("DROP SCHEMA IF EXISTS s CASCADE", tostring(la.DropSchema("s", {if_exists = true, cascade = true})))
  assert.equal("CREATE SEQUENCE q INCREMENT BY 2 START WITH 3 MINVALUE 1 MAXVALUE 9 CYCLE", tostring(
    la.CreateSequence(la.Sequence("q", {start = 3, increment = 2, minvalue = 1, maxvalue = 9, cycle = true}))))
  assert.equal("DROP SEQUENCE q", tostring(la.DropSequence(la.Sequence "q")))
  assert.equal("id INTEGER NOT NULL", la.CreateColumn(t.c.id):compile(sqlite))
  assert.equal("COMMENT ON TABLE t IS 'all'", tostring(la.SetTableComment(t)))
  assert.equal("COMMENT ON TABLE t IS NULL", tostring(la.DropTableComment(t)))
  assert.equal("COMMENT ON COLUMN t.x IS 'it''s'", tostring(la.SetColumnComment(t.c.x)))
  assert.equal("COMMENT ON COLUMN t.x IS NULL", tostring(la.DropColumnComment(t.c.x)))
  assert.equal("CREATE TABLE IF NOT EXISTS t", tostring(la.CreateTable(t, {if_not_exists = true})):match("^[^(]*%f[ (]"):gsub(" $", ""))
  assert.equal("DROP TABLE IF EXISTS t", tostring(la.DropTable(t, {if_exists = true})))
end)

it("DDL-08 a table may be created and dropped by statements of its own", function()
  local own = la.MetaData()
  local search = Table("search", own, Column("body", String))
  search:set_creator_ddl(la.DDL("CREATE VIRTUAL TABLE search USING fts5(body)"))
  search:set_dropper_ddl(la.DDL("DROP TABLE search -- gone"))
  local sent = {}
  local engine = database.engine {memory = true, echo = function(text) sent[#sent + 1] = text end}
  own:create_all(engine, {checkfirst = false})
  engine:begin(function(conn)
    conn:execute(la.insert(search), {{body = "a quick fox"}, {body = "a lazy dog"}})
    assert.equal("a quick fox", conn:scalar(la.select(search.c.body):where(search.c.body:match("quick"))))
  end)
  own:drop_all(engine, {checkfirst = false})
  assert.equal("CREATE VIRTUAL TABLE search USING fts5(body)", sent[2])
  assert.equal("DROP TABLE search -- gone", sent[#sent - 1])
end)

it("DDL-10 sort_tables gives an order in which tables come after those that they refer to", function()
  local own = la.MetaData()
  local a = Table("a", own, Column("b", la.ForeignKey "b.id"))
  local b = Table("b", own, Column("id", Integer, {primary_key = true}), Column("c", la.ForeignKey "c.id"))
  local c = Table("c", own, Column("id", Integer, {primary_key = true}))
  local function names(...)
    local found = {}
    for i, target in ipairs(la.sort_tables(...)) do found[i] = target.name end
    return table.concat(found, " ")
  end
  assert.equal("c b a", names {a, b, c})
  assert.equal("a c b", names({a, b, c}, {skip_fn = function(key) return key.parent.table == a end}))
  assert.equal("c b", names {b, c})
  assert.equal("b a", names({a, b}, {extra_dependencies = {{b, a}}}))
  assert.equal("b a c", names({b, a, c}, {skip_fn = function() return true end}))
  fails(exc.ArgumentError, "sort_tables takes a list of Tables; number 1 is \"a\"", function() la.sort_tables {"a"} end)
end)

it("DDL-10 sort_tables_and_constraints gives the keys to be added later, of circles and with use_alter", function()
  local own = la.MetaData()
  local function new(name, ...)
    return Table(name, own, Column("id", Integer, {primary_key = true}), ...)
  end
  local function refer(name, to, options)
    options = options or {}
    options.name = name
    return Column(name, Integer, la.ForeignKey(to, options))
  end
  local a, b = new("a", refer("ab", "b.id"), refer("aa", "a.id")), new("b", refer("ba", "a.id"))
  local c, d = new("c", refer("ca", "a.id"), refer("cd", "d.id", {use_alter = true})), new("d")
  local function order(tables, options)
    local found = {}
    for i, pair in ipairs(la.sort_tables_and_constraints(tables, options)) do
      local names = {}
      for k, key in ipairs(pair[2]) do names[k] = key.name end
      table.sort(names)
      found[i] = (pair[1] and pair[1].name or "-") .. "(" .. table.concat(names, " ") .. ")"
    end
    return table.concat(found, " ")
  end
  assert.equal("a() b() d() c(ca) -(aa ab ba cd)", order {a, b, c, d})
  assert.equal("d() a() b(ba) c(ca) -(aa ab cd)",
    order({b, d, c, a}, {filter_fn = function(key) return key.table == a end}))
  fails(exc.CircularDependencyError, "Circular dependency detected. ('a', 'b')", function()
    order({a, b}, {filter_fn = function() return false end})
  end)
  local warned = require("lualchemy.warnings").catch_warnings(function() la.sort_tables {a, b} end)
  assert.equal(1, #warned)
  assert.matches('unresolvable cycles between tables "a, b"', warned[1].message)
end)

it("DDL-07 ddl_if leaves out constraints and indexes where its condition does not hold", function()
  local asked
  local ruled = Table("t", la.MetaData(), Column("id", Integer), la.UniqueConstraint("id"):ddl_if {dialect = "postgresql"},
    la.CheckConstraint("id > 1"):ddl_if {state = 5, callable_ = function(element, target, bind, options)
      asked = {element, target, bind, state = options.state, dialect = options.dialect.name}
      return options.dialect.name == "sqlite"
    end}, la.Index("ix_a", "id"):ddl_if {dialect = {"postgresql", "mysql"}}, la.Index("ix_b", "id"):ddl_if {dialect = "sqlite"})
  assert.sql(la.CreateTable(ruled), {default = "CREATE TABLE t (id INTEGER)",
    sqlite = "CREATE TABLE t (id INTEGER, CHECK (id > 1))"})
  la.CreateTable(ruled):compile {dialect = "sqlite"}
  assert.same({ruled.constraints[3], ruled.constraints[3], state = 5, dialect = "sqlite"}, asked)
  local engine = database.engine {memory = true}
  ruled:create(engine)
  local indexes = la.inspect(engine):get_indexes("t")
  assert.equal(1, #indexes)
  assert.equal("ix_b", indexes[1].name)
  assert.sql(la.CreateTable(ruled:to_metadata(la.MetaData())), {default = "CREATE TABLE t (id INTEGER)"})
  fails(exc.ArgumentError, "callable_ is a function", function() la.Index("x", "y"):ddl_if {callable_ = 1} end)
end)

it("DDL-09 a Sequence is created and dropped only where there are sequences", function()
  local engine, sent = database.engine {memory = true}, {}
  local sequence = la.Sequence "s"
  engine.echo = function(text) sent[#sent + 1] = text end
  sequence:create(engine)
  engine:begin(function(conn) sequence:drop(conn, {checkfirst = false}) end)
  engine.echo = false
  for _, text in ipairs(sent) do assert.is_nil(text:find "SEQUENCE") end
  fails(exc.ArgumentError, "create takes an Engine or a Connection, not 5", function() sequence:create(5) end)
end)

it("CST-05 parts of a schema tell what else they are", function()
  local flags = {primary_key = true}
  local own = Table("t", la.MetaData(), Column("a", Integer, flags), Column("b", Integer, {primary_key = true, autoincrement = true}))
  assert.same({"b", "a"}, {own.primary_key.columns_autoinc_first[1].name, own.primary_key.columns_autoinc_first[2].name})
  assert.same({false, "a"}, {own.is_view, own.c.a.description})
  for _, part in ipairs {la.Identity(), la.Computed "x", la.Sequence "s"} do
    part.info.note = 1
    assert.equal(1, part.info.note)
  end
end)
