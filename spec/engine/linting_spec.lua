-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local warnings = require "lualchemy.warnings"
local database = require "spec.support.database"
local fails = require "spec.support.fails"

local function table_of(metadata, name, schema)
  return la.Table(name, metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("b_id", la.Integer),
    la.Column("data", la.JSON), {schema = schema})
end

describe("a cartesian product (ENG-17)", function()
  local engine, conn, a, b, c, d

  before_each(function()
    local metadata = la.MetaData()
    engine = database.engine {memory = true}
    a, b, c, d = table_of(metadata, "a"), table_of(metadata, "b"), table_of(metadata, "c"), table_of(metadata, "d")
    metadata:create_all(engine)
    conn = engine:connect()
  end)
  after_each(function()
    conn:close()
    database.clean()
  end)

  local function warned(statement, on)
    local list = warnings.catch_warnings(function() (on or conn):execute(statement) end)
    assert.truthy(#list <= 1)
    return list[1] and list[1].message
  end
  local function message(kind, rest, start)
    return ('%s statement has a cartesian product between FROM element(s) %s and FROM element "%s".  '):format(kind, rest, start)
      .. "Apply join condition(s) between each element to resolve."
  end

  it("is warned of with SQLAlchemy's words, naming each element that nothing connects", function()
    assert.equal(message("SELECT", '"b"', "a"), warned(la.select(a.c.id, b.c.id)))
    assert.equal(message("SELECT", '"c", "d"', "a"),
      warned(la.select(a.c.id, b.c.id, c.c.id, d.c.id):where(a.c.b_id:eq(b.c.id), c.c.id:eq(d.c.id))))
    assert.equal(message("SELECT", '"two"', "one"), warned(la.select(a:alias "one", a:alias "two")))
    assert.equal(message("SELECT", '"anon_1"', "a"), warned(la.select(a.c.id, la.select(b):subquery())))
    assert.equal(message("SELECT", '"some"', "a"), warned(la.select(a.c.id, la.select(b):cte "some")))
  end)

  it("is an SAWarning", function()
    local list = warnings.catch_warnings(function() conn:execute(la.select(a, b)) end)
    assert.truthy(la.exc.SAWarning:matches(list[1]))
  end)

  it("is none where comparisons connect the elements, through others or in a part of a condition", function()
    assert.is_nil(warned(la.select(a, b):where(a.c.b_id:eq(b.c.id))))
    assert.is_nil(warned(la.select(a, b):where(la.or_(a.c.b_id:gt(b.c.id), a.c.id:eq(1)))))
    assert.is_nil(warned(la.select(a, b):where(la.not_(la.func.coalesce(a.c.b_id, 1):between(b.c.id, 7)))))
    assert.is_nil(warned(la.select(a, b):where(a.c.b_id:op("==", {is_comparison = true})(b.c.id))))
    assert.is_nil(warned(la.select(a, b, c):where(a.c.b_id:eq(b.c.id), (b.c.id + 1):eq(c.c.id + 2))))
    assert.is_nil(warned(la.select(a, b):where(la.tuple_(a.c.id, a.c.b_id):eq(la.tuple_(b.c.id, b.c.b_id)))))
    assert.is_nil(warned(la.select(a, b):where(la.case({a.c.b_id:eq(b.c.id), true}, {else_ = false}))))
  end)

  it("is none of what joins connect, and a join that connects nothing else is one element", function()
    assert.is_nil(warned(la.select(a, b):join_from(a, b, la.true_())))
    assert.is_nil(warned(la.select(a, b, c):select_from(a:join(b, a.c.b_id:eq(b.c.id))):where(b.c.b_id:eq(c.c.id))))
    assert.is_nil(warned(la.select(a, b, c):select_from(a:join(b, a.c.b_id:eq(c.c.id)))))
    assert.equal(message("SELECT", '"c"', "a"),
      warned(la.select(a, b, c):select_from(a:join(b, a.c.b_id:eq(b.c.id)))))
  end)

  it("is not hidden by conditions with one side alone, nor by columns of GROUP BY or HAVING", function()
    local expected = message("SELECT", '"b"', "a")
    assert.equal(expected, warned(la.select(a, b):where(a.c.id:eq(1), b.c.id:eq(1))))
    assert.equal(expected, warned(la.select(a, b):where((a.c.id + b.c.id):eq(1))))
    assert.equal(expected, warned(la.select(a.c.id, b.c.id):group_by(a.c.id, b.c.id):having(a.c.id:eq(b.c.id))))
  end)

  it("is found inside subqueries, CTEs, parts of a UNION and the SELECT of an INSERT", function()
    local product, expected = la.select(a.c.id, b.c.id:label "other"), message("SELECT", '"b"', "a")
    assert.equal(expected, warned(la.select(product:subquery())))
    assert.equal(expected, warned(la.select(product:cte())))
    assert.equal(expected, warned(la.union(product, la.select(c.c.id, c.c.b_id))))
    assert.equal(expected, warned(la.select(c):where(product:exists())))
    assert.equal(expected, warned(la.insert(c):from_select({"id", "b_id"}, product)))
  end)

  it("is none of a subquery whose elements the statement around it connects", function()
    local inner = la.select(a.c.id, b.c.id):where(a.c.id:eq(c.c.id), b.c.id:eq(c.c.id))
    assert.is_nil(warned(la.select(c):where(inner:exists())))
    assert.is_nil(warned(la.select(c):where(la.select(a.c.id):where(a.c.b_id:eq(c.c.id)):scalar_subquery():eq(1))))
  end)

  it("is none of a function of another element's columns", function()
    local each = la.func.json_each(a.c.data):table_valued("key", "value")
    assert.is_nil(warned(la.select(a.c.id, each.c.value)))
  end)

  it("is warned of for UPDATE and DELETE with further tables", function()
    assert.equal(message("UPDATE", '"b"', "a"), warned(la.update(a):values {b_id = b.c.id}:where(b.c.id:gt(0))))
    assert.is_nil(warned(la.update(a):values {b_id = b.c.id}:where(b.c.id:eq(a.c.b_id))))
    assert.is_nil(warned(la.delete(a):where(a.c.id:eq(1))))
  end)

  it("is warned of when the statement is compiled, not when it comes from the cache", function()
    assert.truthy(warned(la.select(a, b)))
    assert.is_nil(warned(la.select(a, b)))
  end)

  it("of a text names nothing, for it has no known elements", function()
    assert.is_nil(warned(la.text "SELECT * FROM a, b"))
    assert.is_nil(warned(la.select(la.text "*"):select_from(a, la.text "b")))
  end)

  it("is left alone with enable_from_linting = false, and where a statement is only shown", function()
    local quiet = database.engine {memory = true, enable_from_linting = false}
    local other <close> = quiet:connect()
    a.metadata:create_all(other)
    assert.is_nil(warned(la.select(a, b), other))
    assert.same({}, (warnings.catch_warnings(function() return tostring(la.select(a, b)), la.select(a, b):compile(engine) end)))
    fails(la.exc.ArgumentError, "create_engine: enable_from_linting is true or false, not a string",
      function() la.create_engine("sqlite://", {enable_from_linting = "no"}) end)
  end)

  it("raises before anything is sent if warnings are errors", function()
    local sent = 0
    la.event.listen(engine, "before_cursor_execute", function() sent = sent + 1 end)
    warnings.catch_warnings(function()
      warnings.simplefilter "error"
      fails(la.exc.SAWarning, message("SELECT", '"b"', "a"), function() conn:execute(la.select(a, b)) end)
    end)
    assert.equal(0, sent)
  end)

  it("is warned of for classes: select, Query, streams, update", function()
    local Base = orm.declarative_base()
    local A = Base:class "A" {__table__ = a}
    local B = Base:class "B" {__table__ = b}
    local session <close> = orm.Session(engine)
    assert.equal(message("SELECT", '"b"', "a"), warned(la.select(A, B), session))
    local list = warnings.catch_warnings(function() return session:query(A.id, B.id):all() end)
    assert.equal(message("SELECT", '"b"', "a"), list[1].message)
    list = warnings.catch_warnings(function()
      for _ in session:execute(la.select(A, B.id):execution_options {yield_per = 10}) do end
    end)
    assert.equal(1, #list)
    assert.is_nil(warned(la.select(A, B):where(A.b_id:eq(B.id)), session))
    assert.equal(message("UPDATE", '"b"', "a"), warned(la.update(A):values {b_id = 1}:where(B.id:gt(0))
      :execution_options {synchronize_session = false}, session))
  end)
end)
