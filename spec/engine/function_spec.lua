-- SPDX-License-Identifier: MIT
-- SL-20: functions, aggregates, window functions and collations that are written in Lua.
local la = require "lualchemy"
local database = require "spec.support.database"
local fails = require "spec.support.fails"
local exc = la.exc
local func = la.func

after_each(database.clean)

local function new_engine(memory)
  local engine = database.engine {memory = memory ~= false}
  engine:begin(function(conn)
    conn:exec_driver_sql("CREATE TABLE t (g, x)")
    for i, row in ipairs {{"a", 3}, {"a", 4}, {"b", 5}, {"b", 2}, {"b", 1}} do
      conn:exec_driver_sql("INSERT INTO t VALUES (?, ?)", {row[1], row[2] + 0 * i})
    end
  end)
  return engine
end

local t = la.table("t", la.column("g", la.String), la.column("x", la.Integer))
local product = {
  __init = function(self) self.value = 1 end,
  step = function(self, x) self.value = self.value * (x or 1) end,
  finalize = function(self) return self.value end,
}

describe("SL-20 create_function", function()
  it("gives SQL a function, with values of every kind and NULL", function()
    local engine = new_engine()
    engine:create_function("echo", 1, function(value) return value end, {deterministic = true})
    engine:create_function("kind", -1, function(...)
      local kinds = {}
      for i = 1, select("#", ...) do kinds[i] = math.type((select(i, ...))) or type((select(i, ...))) end
      return table.concat(kinds, " ")
    end)
    engine:begin(function(conn)
      for _, value in ipairs {1, -2 ^ 63 // 1 | 0, 2.5, "a\0b", ""} do
        assert.equal(value, conn:scalar(la.select(func.echo(value))))
      end
      assert.is_nil(conn:scalar(la.select(func.echo(la.null))))
      assert.equal("integer float string nil", conn:scalar(la.select(func.kind(1, 1.5, "x", la.null))))
      assert.equal("", conn:scalar(la.select(func.kind())))
      assert.equal("1.50", conn:scalar(la.select(func.echo(la.literal("1.50")))))
    end)
  end)

  it("on every connection, open or to come, until it is taken away", function()
    local engine = new_engine(false)
    local open <close> = engine:connect()
    open:exec_driver_sql("SELECT 1")
    engine:create_function("twice", 1, function(x) return 2 * x end)
    assert.equal(4, open:scalar(la.select(func.twice(2))))
    local later <close> = engine:connect()
    assert.equal(6, later:scalar(la.select(func.twice(3))))
    engine:create_function("twice", 1, function(x) return -x end)
    assert.equal(-3, later:scalar(la.select(func.twice(3))))
    engine:create_function("twice", 1, nil)
    fails(exc.OperationalError, "no such function: twice", function() later:scalar(la.select(func.twice(4))) end)
  end)

  it("serves REGEXP, which SQLite leaves to the program", function()
    local engine = new_engine()
    engine:create_function("regexp", 2, function(pattern, text) return text ~= nil and text:find(pattern) ~= nil end)
    engine:begin(function(conn)
      assert.equal(3, conn:scalar(la.select(func.count()):where(t.c.g:regexp_match("^b$"))))
    end)
  end)

  it("raises the function's own error, unchanged, and the connection goes on", function()
    local engine, thrown = new_engine(), {}
    engine:create_function("bad", 0, function() error(thrown) end)
    engine:create_function("yields", 0, function() coroutine.yield(1) end)
    engine:create_function("gives_table", 0, function() return {} end)
    local conn <close> = engine:connect()
    local ok, err = pcall(conn.scalar, conn, la.select(func.bad()))
    assert.is_false(ok)
    assert.equal(thrown, err)
    local co = coroutine.wrap(function() return pcall(conn.scalar, conn, la.select(func.yields())) end)
    ok, err = co()
    assert.is_false(ok)
    assert.is_true(exc.InvalidRequestError:matches(err))
    assert.matches("SQL function%) can't yield", err.message)
    fails(exc.StatementError, "a table needs a type", function() conn:scalar(la.select(func.gives_table())) end)
    assert.equal(5, conn:scalar(la.select(func.count()):select_from(t)))
  end)

  it("may execute statements, but not end what it runs in", function()
    local engine = new_engine()
    local conn <close> = engine:connect()
    local act
    engine:create_function("act", 0, function() return act() end)
    local function run() return conn:scalar(la.select(func.act())) end
    act = function() return conn:scalar(la.select(func.count()):select_from(t)) end
    assert.equal(5, run())
    act = function() return conn:scalar(la.select(func.act())) end
    fails(exc.LualchemyError, nil, function()
      local ok, err = pcall(run)
      assert.is_false(ok)
      error(type(err) == "string" and exc.InvalidRequestError(err) or err, 0)
    end)
    for name, forbidden in pairs {close = function() conn:close() end, invalidate = function() conn:invalidate() end,
      commit = function() conn:commit() end, rollback = function() conn:rollback() end} do
      act = forbidden
      fails(exc.InvalidRequestError, "a function that a statement has called can't", run)
      assert.is_false(conn.closed, name)
    end
    act = function() engine:dispose() collectgarbage() return 1 end
    assert.equal(1, run())
  end)

  it("works in sessions, in flushes and loads", function()
    local orm = require "lualchemy.orm"
    local Base = orm.declarative_base()
    local Thing = Base:class "Thing" {
      __tablename__ = "things",
      id = la.Column(la.Integer, {primary_key = true}),
      name = la.Column(la.String, la.CheckConstraint("good(name)")),
    }
    local engine = database.engine {memory = true}
    local failure = {}
    engine:create_function("good", 1, function(name)
      if name == "bad" then error(failure) end
      return name ~= ""
    end, {deterministic = true})
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add(Thing {name = "fine"})
    session:commit()
    session:add(Thing {name = "bad"})
    local ok, err = pcall(session.commit, session)
    assert.is_false(ok)
    assert.equal(failure, err)
    session:rollback()
    assert.equal(1, session:query(Thing):filter(func.good(Thing.name)):count())
  end)

  it("refuses what cannot be one", function()
    local engine = new_engine()
    fails(exc.ArgumentError, "create_function takes a name", function() engine:create_function("", 1, print) end)
    fails(exc.ArgumentError, "takes a name", function() engine:create_function("a\0b", 1, print) end)
    fails(exc.ArgumentError, "number of arguments", function() engine:create_function("f", 128, print) end)
    fails(exc.ArgumentError, "takes a function", function() engine:create_function("f", 1, "print") end)
    fails(exc.ArgumentError, 'no function "finalize"', function() engine:create_aggregate("f", 1, {step = print}) end)
    fails(exc.ArgumentError, 'unknown keyword "determinstic"', function()
      engine:create_function("f", 1, print, {determinstic = true})
    end)
  end)
end)

describe("SL-20 aggregates", function()
  it("have an object of their own for each group", function()
    local engine = new_engine()
    engine:create_aggregate("product", 1, product)
    engine:begin(function(conn)
      local rows = conn:execute(la.select(t.c.g, func.product(t.c.x):label("p")):group_by(t.c.g):order_by(t.c.g)):all()
      assert.same({12, 10}, {rows[1].p, rows[2].p})
      assert.equal(1, conn:scalar(la.select(func.product(t.c.x)):where(t.c.x:gt(100))))
    end)
  end)

  it("that fail raise their error, wherever it comes", function()
    local engine, thrown = new_engine(), {}
    engine:create_aggregate("bad_step", 1, {step = function() error(thrown) end, finalize = function() return 1 end})
    engine:create_aggregate("bad_end", 1, {step = function() end, finalize = function() error(thrown) end})
    engine:create_aggregate("bad_start", 1, {__init = function() error(thrown) end, step = print, finalize = print})
    local conn <close> = engine:connect()
    for _, name in ipairs {"bad_step", "bad_end", "bad_start"} do
      local ok, err = pcall(conn.scalar, conn, la.select(func[name](t.c.x)))
      assert.is_false(ok)
      assert.equal(thrown, err)
    end
  end)

  it("are window functions with value and inverse", function()
    local engine = new_engine()
    engine:create_window_function("running", 1, {
      __init = function(self) self.sum = 0 end,
      step = function(self, x) self.sum = self.sum + x end,
      inverse = function(self, x) self.sum = self.sum - x end,
      value = function(self) return self.sum end,
      finalize = function(self) return self.sum end,
    })
    engine:begin(function(conn)
      local window = func.running(t.c.x):over {order_by = t.c.x, rows = {-1, 0}}
      assert.same({1, 3, 5, 7, 9}, {table.unpack(conn:scalars(la.select(window):order_by(t.c.x)):all())})
    end)
  end)
end)

describe("SL-20 create_collation", function()
  it("orders texts", function()
    local engine = new_engine()
    engine:create_collation("backwards", function(a, b) return a < b and 1 or a > b and -1 or 0 end)
    engine:begin(function(conn)
      local ordered = la.select(t.c.g):distinct():order_by(t.c.g:collate("backwards"))
      assert.same({"b", "a"}, {table.unpack(conn:scalars(ordered):all())})
    end)
  end)

  it("that fails raises its error", function()
    local engine, thrown = new_engine(), {}
    engine:create_collation("bad", function() error(thrown) end)
    engine:create_collation("worse", function() return "x" end)
    local conn <close> = engine:connect()
    local ok, err = pcall(conn.execute, conn, la.select(t.c.g):order_by(t.c.g:collate("bad")))
    assert.is_false(ok)
    assert.equal(thrown, err)
    fails(exc.InterfaceError, "a collation gives a number", function()
      conn:execute(la.select(t.c.g):order_by(t.c.g:collate("worse")))
    end)
    assert.equal(5, conn:scalar(la.select(func.count()):select_from(t)))
  end)
end)
