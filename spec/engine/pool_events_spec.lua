-- SPDX-License-Identifier: MIT
-- What listeners of pools are told of each connection of the database, whoever uses it.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local database = require "spec.support.database"
local fails = require "spec.support.fails"
local exc = la.exc

after_each(database.clean)

local all = {"first_connect", "connect", "checkout", "checkin", "reset", "invalidate", "soft_invalidate", "close", "detach",
  "close_detached"}

-- An engine, and a list in which each event of its pool leaves {name, arguments…}.
local function heard(options)
  local engine, told = database.engine(options), {}
  for _, name in ipairs(all) do
    la.event.listen(engine, name, function(...) told[#told + 1] = table.pack(name, ...) end)
  end
  return engine, told
end

-- The names of the events so far, which are forgotten.
local function names(told)
  local list = {}
  for i = 1, #told do
    list[i] = told[i][1]
    told[i] = nil
  end
  return table.concat(list, " ")
end

describe("events of pools (EVT-01)", function()
  it("tell of a connection from the first checkout to its end", function()
    local engine, told = heard {pool_size = 1}
    local first, second = engine:connect(), engine:connect()
    assert.equal("first_connect connect checkout connect checkout", names(told))
    first:close()
    assert.equal("reset checkin", names(told))
    second:close()
    assert.equal("reset checkin close", names(told))
    engine:connect():close()
    assert.equal("checkout reset checkin", names(told))
    engine:dispose()
    assert.equal("close", names(told))
    engine:connect():close()
    assert.equal("first_connect connect checkout reset checkin", names(told))
  end)

  it("give the connection and its record, whose info lasts as long as that connection", function()
    local engine, told = heard {pool_size = 1}
    local conn = engine:connect()
    local raw, record = told[2][2], told[2][3]
    assert.equal(raw, record.dbapi_connection)
    assert.equal(raw, conn.connection)
    assert.equal(raw, told[3][4])
    conn.info.user = "me"
    assert.equal("me", record.info.user)
    conn:close()
    assert.is_false(told[4][4].transaction_was_reset)
    conn = engine:connect()
    assert.equal(record, told[#told][3])
    assert.equal("me", conn.info.user)
    conn:execute(la.text "SELECT 1")
    conn:close()
    assert.is_true(told[#told - 1][4].transaction_was_reset)
    fails(exc.ResourceClosedError, nil, function() raw:execute "SELECT 1" end)
    engine:dispose()
    assert.equal(record, told[#told][3])
    conn = engine:connect()
    assert.is_nil(conn.info.user)
    conn:close()
  end)

  it("tell of invalidation, with its reason; a soft one lets the connection serve on until it is given back", function()
    local engine, told = heard()
    local conn <close> = engine:connect()
    names(told)
    conn:invalidate("reason")
    assert.equal("reason", told[1][4])
    assert.equal("invalidate close checkin", names(told))
    conn:execute(la.text "SELECT 1")
    conn:rollback()
    assert.equal("connect checkout", names(told))
    conn.connection:invalidate("later", {soft = true})
    assert.equal("later", told[1][4])
    assert.equal("soft_invalidate", names(told))
    assert.equal(1, conn:scalar(la.text "SELECT 1"))
    conn:close()
    assert.equal("reset checkin close", names(told))
    fails(exc.ResourceClosedError, "closed", function() conn:detach() end)
    local other <close> = engine:connect()
    names(told)
    other:invalidate("later", {soft = true})
    assert.equal("soft_invalidate", names(told))
    fails(exc.ArgumentError, "sfot", function() other:invalidate("later", {sfot = true}) end)
  end)

  it("POOL-11, POOL-12: a detached connection leaves the pool and is closed when it is given back", function()
    local engine, told = heard {pool_size = 1, max_overflow = 0}
    local conn = engine:connect()
    names(told)
    conn:detach()
    conn:detach()
    assert.equal("detach", names(told))
    assert.equal(0, engine.pool:checkedout())
    local other <close> = engine:connect()
    assert.equal(1, conn:scalar(la.text "SELECT 1"))
    names(told)
    conn:close()
    assert.equal("reset close_detached", names(told))
    assert.equal(1, other:scalar(la.text "SELECT 1"))
  end)

  it("tell of old and overflowing connections, and of those of other pools", function()
    local engine, told = heard {poolclass = la.pool.NullPool}
    engine:connect():close()
    assert.equal("first_connect connect checkout reset checkin close", names(told))
    engine, told = heard {pool_recycle = 0}
    engine:connect():close()
    names(told)
    local start = os.clock()
    while os.clock() - start < 0.01 do end -- luacheck: ignore
    engine:connect():close()
    assert.equal("close connect checkout reset checkin", names(told))
    engine, told = heard {memory = true}
    local a, b = engine:connect(), engine:connect()
    assert.equal("first_connect connect checkout checkout", names(told))
    a:detach()
    b:close()
    a:close()
    assert.equal("detach reset reset close_detached", names(told))
  end)

  it("and of transactions reach connections that sessions take", function()
    local engine, told = heard()
    la.event.listen(engine, "connect", function(raw) raw:execute "PRAGMA user_version = 7" end)
    for _, name in ipairs {"begin", "commit", "rollback", "engine_connect"} do
      la.event.listen(engine, name, function(conn) told[#told + 1] = {name, conn} end)
    end
    local session = orm.Session(engine)
    assert.equal(7, session:scalar(la.text "PRAGMA user_version"))
    assert.equal("first_connect connect checkout engine_connect begin", names(told))
    session:commit()
    assert.equal("commit reset checkin", names(told))
    session:execute(la.text "SELECT 1")
    session:begin_nested()
    session:close()
    assert.equal("checkout engine_connect begin rollback reset checkin", names(told))
    session:execute(la.text "SELECT 1")
    session:rollback()
    assert.equal("checkout engine_connect begin rollback reset checkin", names(told))
    session:commit()
    assert.equal("", names(told))
  end)

  it("whose listener raises: that connection is not used, the error is told", function()
    local engine, thrown, fail = database.engine(), {}, true
    la.event.listen(engine, "connect", function() if fail then error(thrown) end end)
    local session = orm.Session(engine)
    for _, act in ipairs {function() engine:connect() end, function() session:execute(la.text "SELECT 1") end} do
      local ok, err = pcall(act)
      assert.is_false(ok)
      assert.equal(thrown, err)
    end
    session:close()
    collectgarbage()
    fail = false
    assert.equal(1, session:scalar(la.text "SELECT 1"))
    local refuse = function() error(thrown) end
    for _, name in ipairs {"commit", "rollback", "checkin", "reset"} do
      la.event.listen(engine, name, refuse)
      local ok, err = pcall(name == "rollback" and session.rollback or session.commit, session)
      assert.is_false(ok)
      assert.equal(thrown, err)
      la.event.remove(engine, name, refuse)
      session:rollback()
      assert.equal(1, session:scalar(la.text "SELECT 1"))
    end
    session:close()
    assert.equal(0, engine.pool:checkedout())
  end)

  it("a raw connection and its record say what becomes of it (ENG-12)", function()
    local engine, told = heard {pool_size = 1}
    local conn = engine:raw_connection()
    local raw, record = conn.connection, told[2][3]
    assert.same({true, false, true}, {raw.is_valid, raw.is_detached, record.in_use})
    assert.equal(raw, raw.driver_connection)
    assert.equal(raw, conn.dbapi_connection)
    raw.info.a, raw.record_info.b = 1, 2
    assert.same({1, 2}, {record.info.a, record.record_info.b})
    raw:detach()
    assert.same({true, 1}, {raw.is_detached, raw.info.a})
    assert.is_nil(raw.record_info)
    raw:close()
    assert.same({true, false, false}, {conn.closed, raw.is_valid, record.in_use})
    fails(exc.ArgumentError, 'RawConnection has no "cursor"', function() return raw.cursor end)
  end)
end)
