-- SPDX-License-Identifier: MIT
-- Sets of parameters that a function gives.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local fails = require "spec.support.fails"
local exc = la.exc

local engine, conn, t

before_each(function()
  engine = la.create_engine("sqlite://")
  conn = engine:connect()
  local metadata = la.MetaData()
  t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("name", la.String(20)),
    la.Column("age", la.Integer, {default = 7}))
  metadata:create_all(conn)
end)
after_each(function() conn:close() end)

--- Gives a map for each number up to `count`: the same table each time.
local function same_table(count)
  local i, set = 0, {}
  return function()
    i = i + 1
    set.id, set.name = i, "name " .. i
    return i <= count and set or nil
  end
end

local function each(list)
  local i = 0
  return function()
    i = i + 1
    return list[i]
  end
end

local function rows()
  return tostring(conn:execute(la.select(t.c.id, t.c.name, t.c.age):order_by(t.c.id)):all())
end

local function count()
  return conn:scalar(la.select(la.func.count()):select_from(t))
end

local few = '[(1, "name 1", 7), (2, "name 2", 7), (3, "name 3", 7)]'

describe("a function as parameters", function()
  it("is asked for sets until it gives nil, and may give the same table", function()
    local result = conn:execute(la.insert(t), same_table(3))
    assert.equal(3, result.rowcount)
    assert.equal(few, rows())
  end)

  it("may give more sets than are sent at once, and long texts", function()
    assert.equal(1000, conn:execute(la.insert(t), same_table(1000)).rowcount)
    assert.same({1000, 500500, "name 1000"}, {count(), conn:scalar(la.select(la.func.sum(t.c.id))),
      conn:scalar(la.select(t.c.name):where(t.c.id:eq(1000)))})
    local i, set = 0, {}
    conn:execute(la.update(t):where(t.c.id:eq(la.bindparam "which")), function()
      i = i + 1
      set.which, set.name = i, tostring(i):rep(20000)
      return i <= 9 and set or nil
    end)
    assert.equal(("7"):rep(20000), conn:scalar(la.select(t.c.name):where(t.c.id:eq(7))))
  end)

  it("sends nothing when it gives nothing", function()
    local result = conn:execute(la.insert(t), function() end)
    assert.equal(0, result.rowcount)
    assert.equal(0, count())
    fails(exc.ObjectNotExecutableError, "text", function() conn:execute("INSERT", function() end) end)
  end)

  it("gives rows of RETURNING for all sets", function()
    local result = conn:execute(la.insert(t):returning(t.c.id, t.c.age), same_table(300)):all()
    assert.same({300, 300, 7}, {#result, result[300].id, result[300].age})
  end)

  it("may give rows of another statement", function()
    conn:execute(la.insert(t), same_table(3))
    local copy = la.Table("copy", la.MetaData(), la.Column("id", la.Integer), la.Column("name", la.String), la.Column("age", la.Integer))
    conn:exec_driver_sql("CREATE TABLE copy (id, name, age)")
    conn:execute(la.insert(copy), conn:execute(la.select(t)):mappings():iter())
    assert.equal(few, tostring(conn:execute(la.select(copy)):all()))
  end)

  it("may work with the connection, and end its transaction", function()
    local give, seen = same_table(600), {}
    conn:execute(la.insert(t), function()
      local set = give()
      if set and set.id % 200 == 0 then
        seen[#seen + 1] = count()
        conn:commit()
      end
      return set
    end)
    assert.is_true(conn:in_transaction())
    assert.same({3, 600}, {#seen, count()})
    conn:rollback()
    assert.equal(512, count())
  end)

  it("fails when it closes the connection", function()
    local give = same_table(600)
    fails(exc.ResourceClosedError, "closed", function()
      conn:execute(la.insert(t), function()
        conn:close()
        return give()
      end)
    end)
  end)

  it("may collect garbage", function()
    local give = same_table(520)
    conn:execute(la.insert(t), function()
      collectgarbage()
      return give()
    end)
    assert.equal("name 520", conn:scalar(la.select(t.c.name):where(t.c.id:eq(520))))
  end)

  it("says which set is wrong, and has sent those before", function()
    local err = fails(exc.ArgumentError, nil, function() conn:execute(la.insert(t), each {{name = "a"}, 5}) end)
    assert.equal("parameter set 2 is a number; a map or nil is expected", err.message)
    err = fails(exc.StatementError, nil, function() conn:execute(la.insert(t), each {{name = "a"}, {age = 1}}) end)
    assert.equal("A value is required for bind parameter 'name', in parameter group 2", err.message)
    fails(exc.StatementError, "(name)", function() conn:execute(la.insert(t), each {{name = "a"}, {name = {}}}) end)
    assert.equal(0, count())
    assert.same({false, "boom"}, {pcall(conn.execute, conn, la.insert(t), function() error("boom", 0) end)})
    local list = {}
    for i = 1, 300 do list[i] = {id = i} end
    list[300].id = 1
    err = fails(exc.IntegrityError, "UNIQUE", function() conn:execute(la.insert(t), each(list)) end)
    assert.equal("[1, 7]", tostring(err.params))
    assert.equal(299, count())
  end)

  it("can't yield, which is said, and the connection works on", function()
    local thread = coroutine.create(function() conn:execute(la.insert(t), function() coroutine.yield() end) end)
    local ok, err = coroutine.resume(thread)
    assert.is_false(ok)
    assert.truthy(tostring(err):find("can't yield", 1, true), tostring(err))
    conn:execute(la.insert(t), same_table(2))
    assert.equal(2, conn:scalar(la.select(la.func.count()):select_from(t)))
  end)

  it("gives lists for IN", function()
    conn:execute(la.insert(t), same_table(5))
    local statement = la.delete(t):where(t.c.id:in_(la.bindparam("ids", {expanding = true})))
    assert.equal(3, conn:execute(statement, each {{ids = {1}}, {ids = {2, 3}}}).rowcount)
    assert.equal(2, conn:execute(statement, {{ids = {4, 9}}, {ids = {5}}}).rowcount)
  end)

  it("is asked for all sets first where Lua has a say", function()
    local seen = {}
    la.event.listen(engine, "before_execute", function(_, _, multiparams) seen.multiparams = #multiparams end)
    la.event.listen(engine, "before_cursor_execute", function(_, _, _, parameters, _, many)
      if many then seen.parameters = #parameters end
    end)
    conn:execute(la.insert(t), same_table(3))
    assert.same({multiparams = 3, parameters = 3}, seen)
    assert.equal(few, rows())
    local upper = la.TypeDecorator:class "Upper" {impl = la.String, process_bind_param = function(_, value) return value:upper() end}
    local loud = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}), la.Column("name", upper))
    local other <close> = la.create_engine("sqlite://"):connect()
    loud.metadata:create_all(other)
    other:execute(la.insert(loud), same_table(2))
    assert.same({"NAME 1", "NAME 2"}, other:scalars(la.select(loud.c.name):order_by(loud.c.id)):all())
  end)
end)

describe("a function as parameters of a session", function()
  local Base, Thing

  before_each(function()
    Base = orm.declarative_base()
    Thing = Base:class "Thing" {
      __tablename__ = "t",
      id = la.Column(la.Integer, {primary_key = true}),
      label = la.Column("name", la.String(20)),
    }
  end)

  local function labels(count_)
    local i, set = 0, {}
    return function()
      i = i + 1
      set.label = "label " .. i
      return i <= count_ and set or nil
    end
  end

  it("gives rows of a class, and of a table", function()
    local session <close> = orm.Session(conn)
    session:execute(la.insert(Thing), labels(2))
    session:execute(la.insert(t), each {{name = "plain"}})
    assert.same({"label 1", "label 2", "plain"}, session:scalars(la.select(Thing.label):order_by(Thing.id)):all())
    assert.equal(0, session:execute(la.insert(Thing), labels(0)).rowcount)
    assert.equal(2, #session:scalars(la.insert(Thing):returning(Thing), labels(2)):all())
  end)

  it("is a list to listeners of do_orm_execute", function()
    local session <close> = orm.Session(conn)
    local seen
    la.event.listen(session, "do_orm_execute", function(state) seen = seen or #state.parameters end)
    session:execute(la.insert(Thing), labels(2))
    assert.equal(2, seen)
  end)
end)
