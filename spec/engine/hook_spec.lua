-- SPDX-License-Identifier: MIT
-- Hooks of SQLite that are written in Lua: busy handler, authorizer, progress, update, commit and rollback.
local la = require "lualchemy"
local database = require "spec.support.database"
local fails = require "spec.support.fails"
local exc = la.exc

after_each(database.clean)

local t = la.table("t", la.column("id", la.Integer), la.column("x", la.Integer))

local function new_engine(options)
  local engine = database.engine(options)
  engine:begin(function(conn)
    conn:exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, x)")
    conn:exec_driver_sql("INSERT INTO t (x) VALUES (1), (2)")
  end)
  return engine
end

local function raises(value, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.equal(value, err)
end

describe("a busy handler", function()
  it("is asked how long to wait for a lock, and may give up", function()
    local engine = new_engine {begin_mode = "immediate"}
    local asked = {}
    engine:set_busy_handler(function(count)
      asked[#asked + 1] = count
      return count < 3
    end)
    local holder <close> = engine:begin()
    holder:execute(t:insert():values {x = 3})
    fails(exc.OperationalError, "database is locked", function() engine:begin() end)
    assert.same({0, 1, 2, 3}, asked)
  end)

  it("may end the other transaction itself", function()
    local engine = new_engine {begin_mode = "immediate"}
    local holder <close> = engine:connect()
    holder:begin()
    engine:set_busy_handler(function()
      holder:rollback()
      return true
    end)
    engine:begin(function(conn) conn:execute(t:insert():values {x = 3}) end)
    assert.equal(3, holder:scalar(la.select(la.func.count()):select_from(t)))
  end)

  it("that raises or yields is the failure; taken away, the timeout holds again", function()
    local engine = new_engine {begin_mode = "immediate", busy_timeout = 1}
    local thrown = {}
    local holder <close> = engine:begin()
    engine:set_busy_handler(function() error(thrown) end)
    raises(thrown, engine.begin, engine)
    engine:set_busy_handler(function() coroutine.yield() end)
    local ok, err = coroutine.wrap(function() return pcall(engine.begin, engine) end)()
    assert.is_false(ok)
    assert.matches("yield", tostring(err))
    engine:set_busy_handler(nil)
    fails(exc.OperationalError, "database is locked", function() engine:begin() end)
    holder:rollback()
    engine:begin(function(conn) conn:execute(t:insert():values {x = 3}) end)
  end)
end)

describe("an authorizer", function()
  it("allows, denies, and hides columns, by the action's name", function()
    local engine = new_engine()
    local seen = {}
    engine:set_authorizer(function(action, first, second, schema)
      seen[#seen + 1] = table.concat({action, first or "-", second or "-", schema or "-"}, " ")
      if action == "READ" and second == "x" then return "IGNORE" end
      return action ~= "DELETE" and "OK" or "DENY"
    end)
    local conn <close> = engine:connect()
    assert.same({{1, la.null}, {2, la.null}}, conn.connection:execute "SELECT id, x FROM t")
    assert.is_nil(conn:scalar(la.select(t.c.x)))
    fails(exc.DatabaseError, "not authorized", function() conn:execute(t:delete()) end)
    assert.is_true(table.concat(seen, "\n"):find("READ t x main", 1, true) ~= nil)
    assert.is_true(table.concat(seen, "\n"):find("DELETE t - main", 1, true) ~= nil)
    engine:set_authorizer(nil)
    assert.equal(1, conn:scalar(la.select(t.c.x)))
  end)

  it("that says nothing, or nonsense, denies with an error that says so", function()
    local engine = new_engine()
    local conn <close> = engine:connect()
    for _, answer in ipairs {function() end, function() return "ok" end, function() return 0 end} do
      engine:set_authorizer(answer)
      fails(exc.InterfaceError, "an authorizer gives true", function() conn:execute(la.select(t.c.x)) end)
    end
    engine:set_authorizer(function() return true end)
    assert.equal(1, conn:scalar(la.select(t.c.x)))
  end)

  it("that raises fails the statement with its own error", function()
    local engine, thrown = new_engine(), {}
    local conn <close> = engine:connect()
    engine:set_authorizer(function() error(thrown) end)
    raises(thrown, conn.execute, conn, la.select(t.c.x))
    local orm = require "lualchemy.orm"
    local Base = orm.declarative_base()
    local T = Base:class "T" {__tablename__ = "t", id = la.Column(la.Integer, {primary_key = true}), x = la.Column(la.Integer)}
    local session <close> = orm.Session(engine)
    raises(thrown, session.get, session, T, 1)
    session:add(T {x = 5})
    raises(thrown, session.commit, session)
    engine:set_authorizer(nil)
    session:rollback()
    assert.equal(2, session:query(T):count())
  end)
end)

describe("a progress handler", function()
  it("interrupts a statement that runs too long", function()
    local engine = new_engine()
    local calls = 0
    engine:set_progress_handler(function()
      calls = calls + 1
      return calls > 5
    end, 100)
    local conn <close> = engine:connect()
    local endless = la.text "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"
    fails(exc.OperationalError, "interrupted", function() conn:execute(endless) end)
    assert.equal(6, calls)
    local thrown = {}
    engine:set_progress_handler(function() error(thrown) end, 100)
    raises(thrown, conn.execute, conn, endless)
    engine:set_progress_handler(nil)
    assert.equal(1, conn:scalar(la.select(t.c.x)))
    fails(exc.ArgumentError, "after how many steps", function() engine:set_progress_handler(print) end)
    fails(exc.ArgumentError, "takes a function", function() engine:set_progress_handler(1, 1) end)
  end)
end)

describe("an update hook", function()
  it("is told of each row that changes", function()
    local engine, told = new_engine(), {}
    engine:set_update_hook(function(...) told[#told + 1] = table.concat({...}, " ") end)
    engine:begin(function(conn)
      conn:execute(t:insert():values {x = 3})
      conn:execute(t:update():where(t.c.id:eq(1)):values {x = 10})
      conn:execute(t:delete():where(t.c.id:eq(2)))
    end)
    assert.same({"INSERT main t 3", "UPDATE main t 1", "DELETE main t 2"}, told)
    engine:set_update_hook(nil)
    engine:begin(function(conn) conn:execute(t:insert():values {x = 3}) end)
    assert.equal(3, #told)
  end)

  it("that raises is the statement's failure, and a rollback takes back the row", function()
    local engine, thrown = new_engine(), {}
    engine:set_update_hook(function() error(thrown) end)
    raises(thrown, engine.begin, engine, function(conn) conn:execute(t:insert():values {x = 3}) end)
    engine:set_update_hook(nil)
    local conn <close> = engine:connect()
    assert.equal(2, conn:scalar(la.select(la.func.count()):select_from(t)))
  end)
end)

describe("hooks of commit and rollback", function()
  it("are told, and a commit hook may refuse", function()
    local engine, told, refuse = new_engine(), {}, false
    engine:set_commit_hook(function()
      told[#told + 1] = "commit"
      return refuse
    end)
    engine:set_rollback_hook(function() told[#told + 1] = "rollback" end)
    local conn <close> = engine:connect()
    conn:execute(t:insert():values {x = 3})
    conn:commit()
    conn:execute(t:insert():values {x = 4})
    conn:rollback()
    assert.same({"commit", "rollback"}, told)
    refuse = true
    conn:execute(t:insert():values {x = 5})
    fails(exc.IntegrityError, nil, function() conn:commit() end)
    fails(exc.PendingRollbackError, "rollback()", function() conn:execute(la.select(t.c.x)) end)
    conn:rollback()
    assert.equal(3, conn:scalar(la.select(la.func.count()):select_from(t)))
  end)

  it("that raise leave no lock and a connection that works", function()
    local engine, thrown = new_engine(), {}
    local orm = require "lualchemy.orm"
    local Base = orm.declarative_base()
    local T = Base:class "T" {__tablename__ = "t", id = la.Column(la.Integer, {primary_key = true}), x = la.Column(la.Integer)}
    local session <close> = orm.Session(engine)
    session:add(T {x = 5})
    engine:set_commit_hook(function() error(thrown) end)
    raises(thrown, session.commit, session)
    session:rollback()
    engine:set_commit_hook(nil)
    engine:set_rollback_hook(function() error(thrown) end)
    session:add(T {x = 6})
    session:flush()
    raises(thrown, session.rollback, session)
    engine:set_rollback_hook(nil)
    engine:begin(function(conn) conn:execute(t:insert():values {x = 3}) end)
    assert.equal(3, session:query(T):count())
  end)
end)

describe("a hook", function()
  -- What hooks must not do, each inside of every hook of a write and its end.
  local forbidden = {
    execute = function(conn) conn:execute(la.select(t.c.x)) end,
    text = function(conn) conn:exec_driver_sql("SELECT 1") end,
    raw = function(conn) conn.connection:execute("SELECT 1") end,
    commit = function(conn) conn:commit() end,
    rollback = function(conn) conn:rollback() end,
    close = function(conn) conn:close() end,
    invalidate = function(conn) conn:invalidate() end,
    savepoint = function(conn) conn:begin_nested() end,
    another = function(conn) conn.engine:begin(function(other) other:execute(la.select(t.c.x)) end) end,
  }
  for name, act in pairs(forbidden) do
    it("can't use its connection: " .. name, function()
      for _, hook in ipairs {"set_update_hook", "set_commit_hook", "set_authorizer"} do
        for _, memory in ipairs {false, true} do
          local engine = new_engine {memory = memory}
          local conn = engine:connect()
          conn:execute(t:insert():values {x = 7})
          local errors = {}
          engine[hook](engine, function()
            local ok, err = pcall(act, conn)
            errors[#errors + 1] = ok and "it has worked" or err
            collectgarbage()
            if hook == "set_authorizer" then return true end
          end)
          conn:execute(t:insert():values {x = 8})
          conn:commit()
          engine[hook](engine, nil)
          assert.is_true(#errors > 0)
          for _, err in ipairs(errors) do
            assert.is_true(exc.InvalidRequestError:matches(err), hook .. ": " .. tostring(err))
          end
          assert.equal(4, conn:scalar(la.select(la.func.count()):select_from(t)))
          conn:close()
          engine:dispose()
        end
      end
    end)
  end

  it("may let go of streams and results of its connection", function()
    local engine = new_engine {memory = true}
    local conn <close> = engine:connect()
    local stream = conn:execute(la.select(t.c.x), nil, {execution_options = {yield_per = 1}})
    assert.equal(1, stream:fetchone()[1])
    engine:set_update_hook(function()
      fails(exc.InvalidRequestError, "a hook of the database", function() stream:fetchone() end)
      stream:close()
      stream = nil
      collectgarbage()
    end)
    conn:execute(t:insert():values {x = 8})
    engine:set_update_hook(nil)
    conn:commit()
    assert.equal(3, conn:scalar(la.select(la.func.count()):select_from(t)))
  end)

  it("may dispose of its engine, and is replaced by a later one", function()
    local engine, first, second = new_engine(), 0, 0
    engine:set_update_hook(function()
      first = first + 1
      engine:dispose()
      engine:set_update_hook(function() second = second + 1 end)
    end)
    engine:begin(function(conn)
      conn:execute(t:insert():values {x = 8})
      conn:execute(t:insert():values {x = 9})
    end)
    assert.same({1, 1}, {first, second})
    fails(exc.ArgumentError, "set_update_hook takes a function", function() engine:set_update_hook("x") end)
  end)

  it("works while sessions flush and commit, which they refuse to do twice", function()
    local engine = new_engine()
    local orm = require "lualchemy.orm"
    local Base = orm.declarative_base()
    local T = Base:class "T" {__tablename__ = "t", id = la.Column(la.Integer, {primary_key = true}), x = la.Column(la.Integer)}
    local session <close> = orm.Session(engine)
    local acts = {
      function() session:commit() end, function() session:rollback() end, function() session:close() end,
      function() session:query(T):all() end, function() session:flush() end, function() session:expire_all() end,
    }
    for _, hook in ipairs {"set_update_hook", "set_commit_hook"} do
      for _, act in ipairs(acts) do
        engine[hook](engine, function() pcall(act) collectgarbage() end)
        local object = T {x = 5}
        session:add(object)
        pcall(session.commit, session)
        engine[hook](engine, nil)
        pcall(session.rollback, session)
        assert.is_number(session:query(T):count())
        session:rollback()
      end
    end
  end)
end)
