-- SPDX-License-Identifier: MIT
-- The transaction of a session seen from outside: its events, its objects, how it is left, what is refused meanwhile.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local event = la.event
local exc = la.exc
local shop = require "spec.support.shop"
local database = require "spec.support.database"
local fails = require "spec.support.fails"

describe("events of a session's transaction", function()
  local s, User, log
  before_each(function()
    s = shop.new():fill()
    s.session:close()
    User, log = s.User, {}
  end)
  after_each(function() s:close() end)

  local function during(fn)
    log = {}
    fn()
    return log
  end

  local function level(transaction)
    return transaction.origin:lower() .. (transaction.parent and " in " .. transaction.parent.origin:lower() or "")
  end

  local function watch(session)
    for _, name in ipairs {"before_commit", "after_commit", "after_rollback", "before_flush", "after_flush", "after_flush_postexec"} do
      event.listen(session, name, function() log[#log + 1] = name end)
    end
    for _, name in ipairs {"after_transaction_create", "after_transaction_end", "after_soft_rollback", "after_begin"} do
      event.listen(session, name, function(_, transaction, connection)
        if name == "after_begin" then assert.equal(1, connection:scalar(la.text "SELECT 1")) end
        log[#log + 1] = name:gsub("^after_", "") .. " " .. level(transaction)
      end)
    end
  end

  it("come in order: before_commit, the flush, COMMIT, after_commit, expiry; then nothing is begun (EVT-05, UOW-112)", function()
    local session = s.session
    watch(session)
    event.listen(User, "expire", function() log[#log + 1] = "expire" end)
    local new = User{name = "new"}
    assert.same({"transaction_create autobegin"}, during(function() session:add(new) end))
    assert.same({"before_commit", "before_flush", "transaction_create subtransaction in autobegin", "begin autobegin", "after_flush",
      "after_flush_postexec", "transaction_end subtransaction in autobegin", "after_commit", "expire", "transaction_end autobegin"},
      during(function() session:commit() end))
    assert.is_false(session:in_transaction())
    assert.same({"transaction_create autobegin", "begin autobegin"}, during(function() assert.equal("new", new.name) end))
    assert.same({"after_rollback", "expire", "transaction_end autobegin", "soft_rollback autobegin"},
      during(function() session:rollback() end))
    assert.same({}, during(function() session:rollback() end))
    assert.same({"transaction_create begin"}, during(function() session:begin() end))
    assert.same({"transaction_end begin"}, during(function() session:close() end))
  end)

  it("tell of the transaction that a commit of nothing is in (EVT-05)", function()
    local session = s.session
    session:commit()
    watch(session)
    local commit = {"transaction_create autobegin", "before_commit", "after_commit", "transaction_end autobegin"}
    assert.same(commit, during(function() session:commit() end))
    assert.same(commit, during(function() session:commit() end))
  end)

  it("tell of savepoints, whose SAVEPOINT comes with the first statement inside (EVT-05)", function()
    local session = s.session
    watch(session)
    session:begin()
    local nested
    assert.same({"transaction_create begin_nested in begin"}, during(function() nested = session:begin_nested() end))
    assert.same({"begin begin", "begin begin_nested in begin"}, during(function() session:scalar(la.text "SELECT 1") end))
    assert.same({"before_commit", "after_commit", "transaction_end begin_nested in begin"}, during(function() nested:commit() end))
    local outer = session:begin_nested()
    session:begin_nested()
    assert.same({"transaction_end begin_nested in begin_nested", "after_rollback", "transaction_end begin_nested in begin",
      "soft_rollback begin_nested in begin"}, during(function() outer:rollback() end))
    session:begin_nested()
    assert.same({"before_commit", "after_commit", "transaction_end begin_nested in begin", "before_commit", "after_commit",
      "transaction_end begin"}, during(function() session:commit() end))
  end)

  it("tell of a failed flush at once, and of the rollback that follows it (EVT-05, UOW-34)", function()
    local session = s.session
    session:add(User{id = 1, name = "again"})
    watch(session)
    assert.same({"before_flush", "transaction_create subtransaction in autobegin", "begin autobegin", "after_rollback",
      "transaction_end subtransaction in autobegin", "soft_rollback subtransaction in autobegin"},
      during(function() fails(exc.IntegrityError, nil, function() session:flush() end) end))
    assert.same({"transaction_end autobegin", "soft_rollback autobegin"}, during(function() session:rollback() end))
  end)

  it("allow SQL in before_commit, not in after_commit and after_rollback (UOW-122)", function()
    local session = s.session
    local errors = {}
    local function count(name)
      local ok, found = pcall(function() return session:query(User):count() end)
      errors[name] = ok and found or found.message
    end
    for _, name in ipairs {"before_commit", "after_commit", "after_rollback"} do
      event.listen(session, name, function() count(name) end)
    end
    session:add(User{name = "x"})
    session:commit()
    session:begin()
    session:rollback()
    assert.same({
      before_commit = 4,
      after_commit = "This session is in 'committed' state; no further SQL can be emitted within this transaction.",
      after_rollback = "This session is in 'inactive' state, due to the SQL transaction being rolled back; " ..
        "no further SQL can be emitted within this transaction.",
    }, errors)
    assert.equal(4, session:query(User):count())
  end)

  it("refuse to end the transaction from within its own change (UOW-144)", function()
    local session = s.session
    local errors = {}
    local function try(name, method)
      event.listen(session, name, function()
        local ok, err = pcall(session[method], session)
        errors[#errors + 1] = not ok and exc.IllegalStateChangeError:matches(err) and err.code == "isce" and err.message or tostring(err)
      end, {once = true})
    end
    try("after_begin", "close")
    try("before_commit", "commit")
    try("after_commit", "close")
    try("after_rollback", "reset")
    session:add(User{name = "x"})
    session:commit()
    session:begin()
    session:rollback()
    local function said(method, doing)
      return ("Method '%s()' can't be called here; method '%s()' is already in progress and this would cause an unexpected state change to " ..
        "<SessionTransactionState.CLOSED: 5>"):format(method, doing)
    end
    assert.same({said("commit", "_prepare_impl"), said("close", "_connection_for_bind"), said("close", "commit"), said("close", "rollback")}, errors)
    assert.equal(4, session:query(User):count())
  end)

  it("refuse other work while the connection is being taken (UOW-145)", function()
    local session = s.session
    local message, code
    event.listen(session, "after_begin", function()
      local _, err = pcall(function() session:query(User):all() end)
      message, code = err.message, err.code
    end)
    session:scalar(la.text "SELECT 1")
    assert.equal("This session is provisioning a new connection; concurrent operations are not permitted", message)
    assert.equal("isce", code)
  end)

  it("fail the flush that begins a transaction when after_begin raises: what it wrote is transient (UOW-34)", function()
    local session = s.session
    local new = User{name = "x"}
    event.listen(session, "after_begin", function() error("not now", 0) end, {once = true})
    session:add(new)
    assert.same({false, "not now"}, {pcall(session.flush, session)})
    assert.is_true(la.inspect(new).transient)
    assert.is_false(session.is_active)
    fails(exc.PendingRollbackError, "Original exception was: not now", function() session:query(User):all() end)
    session:rollback()
    session:add(new)
    session:commit()
    assert.equal(4, session:query(User):count())
  end)

  it("leave the session usable when they raise, and raise unchanged", function()
    local session = s.session
    local function failing(name)
      event.listen(session, name, function() error("no " .. name, 0) end, {once = true})
    end
    local function try(fn)
      local ok, err = pcall(fn)
      return not ok and err
    end
    for _, name in ipairs {"before_commit", "after_commit", "after_transaction_end", "after_begin"} do
      failing(name)
      assert.equal("no " .. name, try(function()
        session:add(User{name = name})
        session:commit()
      end))
      session:rollback()
    end
    failing "after_rollback"
    session:begin()
    assert.equal("no after_rollback", try(function() session:rollback() end))
    session:rollback()
    assert.same({"after_commit"}, -- the flush's own transaction has an end too, and a listener that fails there fails the flush
      session:scalars(la.select(User.name):where(User.name:like "%after%" | User.name:like "%before%"):order_by(User.id)):all())
  end)
end)

describe("a session's transaction objects", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    s.session:close()
    User = s.User
  end)
  after_each(function()
    s:close()
    database.clean()
  end)

  it("are one for each level, with their parents (SES-07)", function()
    local session = s.session
    assert.is_nil(session:get_transaction())
    assert.is_nil(session:get_nested_transaction())
    local outer = session:begin()
    assert.equal(outer, session:get_transaction())
    local nested = session:begin_nested()
    local inner = session:begin_nested()
    assert.equal(inner, session:get_nested_transaction())
    assert.equal(nested, inner.parent)
    assert.equal(outer, nested.parent)
    assert.is_nil(outer.parent)
    assert.same({false, true, "BEGIN", "BEGIN_NESTED"}, {outer.nested, nested.nested, outer.origin, nested.origin})
    assert.is_true(session:in_transaction() and session:in_nested_transaction())
    inner:rollback()
    assert.is_false(inner.is_active)
    assert.is_true(nested.is_active)
    assert.equal(nested, session:get_nested_transaction())
    outer:commit()
    assert.is_false(session:in_transaction())
    fails(exc.ResourceClosedError, "This transaction is closed", function() nested:commit() end)
  end)

  it("ends by a failed flush only as far as the innermost savepoint, until the session rolls back (UOW-34)", function()
    local session = s.session
    local outer = session:begin_nested()
    local inner = session:begin_nested()
    session:add_all{User{id = 77}, User{id = 77}}
    assert.is_false(pcall(session.flush, session))
    assert.same({true, false, false}, {outer.is_active, inner.is_active, session.is_active})
    session:rollback()
    assert.same({false, false, true}, {outer.is_active, inner.is_active, session.is_active})
  end)

  it("end in any order: an outer one takes the inner ones along (SES-07)", function()
    local session = s.session
    local function names()
      return session:scalars(la.select(User.name):where(User.id:gt(3)):order_by(User.id)):all()
    end
    local first = session:begin_nested()
    session:add(User{name = "a"})
    local second = session:begin_nested()
    session:add(User{name = "b"})
    session:begin_nested()
    session:add(User{name = "c"})
    second:rollback()
    assert.same({"a"}, names())
    session:begin_nested()
    session:add(User{name = "d"})
    first:commit()
    assert.same({"a", "d"}, names())
    session:commit()
    assert.same({"a", "d"}, names())
  end)

  it("commit without statements sends nothing", function()
    local sent = {}
    local logged = la.create_engine("sqlite://", {echo = function(line) sent[#sent + 1] = line end})
    local session <close> = orm.Session(logged)
    session:begin()
    session:commit()
    session:begin()
    session:rollback()
    session:commit()
    session:close()
    assert.same({}, sent)
    logged:dispose()
  end)

  it("close, reset and invalidate (UOW-117)", function()
    local session = s.session
    local ann = session:get(User, 1)
    ann.name = "changed"
    session:flush()
    session:close()
    assert.is_true(la.inspect(ann).detached)
    assert.is_false(session:in_transaction())
    assert.equal("Ann", session:get(User, 1).name)
    session:reset()
    assert.is_false(session:in_transaction())
    local file = database.engine()
    s.Base.metadata:create_all(file)
    local once = orm.Session(file, {close_resets_only = false})
    once:add(User{name = "x"})
    once:reset()
    once:add(User{name = "y"})
    once:flush()
    local raw = once:connection()
    once:invalidate()
    assert.same({true, false}, {raw.closed, raw.invalidated})
    assert.equal(0, file.pool:checkedin()) -- the database's connection is gone
    for _, use in ipairs {function() once:add(User{name = "z"}) end, function() once:begin() end, function() once:query(User):all() end} do
      fails(exc.InvalidRequestError, "This Session has been permanently closed and is unable to handle any more transaction requests.", use)
    end
    once:close()
    local again <close> = orm.Session(file)
    assert.equal(0, again:query(User):count())
  end)

  it("sets execution options on a connection that it takes, not on one that it has (UOW-119)", function()
    local session = s.session
    local connection = session:connection {execution_options = {logging_token = "a"}}
    assert.equal("a", connection:get_execution_options().logging_token)
    local list = la.warnings.catch_warnings(function()
      assert.equal(connection, session:connection {execution_options = {logging_token = "b"}})
    end)
    assert.equal("Connection is already established for the given bind; execution_options ignored", list[1].message)
    assert.equal("a", connection:get_execution_options().logging_token)
    session:commit()
    assert.is_nil(session:connection():get_execution_options().logging_token)
    local with <close> = s.Session {execution_options = {logging_token = "c"}}
    assert.equal(3, with:query(User):count())
    assert.equal("c", with:connection():get_execution_options().logging_token)
    with:commit()
    assert.equal("c", with:connection():get_execution_options().logging_token)
    fails(exc.ArgumentError, "logging_tokens", function()
      session:commit()
      session:connection {execution_options = {logging_tokens = "b"}}
    end)
    assert.equal(3, session:query(User):count())
  end)

  it("refuses prepare() without two-phase", function()
    fails(exc.InvalidRequestError, "'twophase' mode not enabled, or not root transaction; can't prepare.", function() s.session:prepare() end)
  end)
end)

describe("a session on a connection whose transaction is open already", function()
  local s, User, connection, outer
  before_each(function()
    s = shop.new():fill()
    s.session:close()
    User = s.User
    connection = s.engine:connect()
    outer = connection:begin()
  end)
  after_each(function()
    connection:close()
    s:close()
  end)

  local function work(mode, finish, nested)
    local savepoint = nested and connection:begin_nested()
    local session = orm.Session(connection, {join_transaction_mode = mode})
    session:add(User{name = "joined"})
    session:flush()
    session[finish](session)
    session:close()
    return savepoint
  end

  local function count()
    return connection:scalar(la.select(la.func.count()):select_from(User.__table__):where(User.__table__.c.name:eq "joined"))
  end

  it("commits nothing, but rolls the whole back, with rollback_only (SES-15, UOW-118)", function()
    work("rollback_only", "commit")
    assert.is_true(connection:in_transaction())
    assert.equal(1, count())
    work("rollback_only", "close")
    assert.equal(2, count())
    work("rollback_only", "rollback")
    assert.is_false(outer.is_active)
    assert.equal(0, count())
  end)

  it("commits and rolls the whole back with control_fully (SES-15, UOW-118)", function()
    work("control_fully", "commit")
    assert.is_false(outer.is_active)
    connection:rollback()
    assert.equal(1, count())
    connection:rollback()
    connection:begin()
    work("control_fully", "rollback")
    assert.equal(1, count())
  end)

  it("keeps to a savepoint of its own with create_savepoint (SES-15, UOW-118)", function()
    work("create_savepoint", "commit")
    assert.equal(1, count())
    work("create_savepoint", "rollback")
    assert.equal(1, count())
    work("create_savepoint", "close")
    assert.is_true(outer.is_active)
    outer:rollback()
    assert.equal(0, count())
  end)

  it("is rollback_only by itself, and keeps to a savepoint if one is set (SES-15, UOW-118)", function()
    local savepoint = work("conditional_savepoint", "rollback", true)
    assert.is_true(outer.is_active)
    savepoint:commit()
    work("conditional_savepoint", "commit")
    assert.equal(1, count())
    work(nil, "rollback")
    assert.is_false(outer.is_active)
    assert.equal(0, count())
  end)

  it("ends no more than the savepoint that it finds, with rollback_only and control_fully (SES-15, UOW-118)", function()
    connection:execute(User.__table__:insert(), {name = "joined"})
    local savepoint = work("rollback_only", "commit", true)
    assert.is_true(savepoint.is_active)
    assert.equal(2, count())
    savepoint:rollback()
    savepoint = work("rollback_only", "rollback", true)
    assert.is_false(savepoint.is_active)
    assert.is_false(connection:in_nested_transaction())
    assert.equal(1, count())
    savepoint = work("control_fully", "rollback", true)
    assert.same({false, true}, {savepoint.is_active, outer.is_active})
    assert.equal(1, count())
    savepoint = work("control_fully", "commit", true)
    assert.same({false, true}, {savepoint.is_active, outer.is_active})
    assert.equal(2, count())
  end)

  it("has what it joined inactive after a flush that failed (SES-15, UOW-118)", function()
    local savepoint = connection:begin_nested()
    local session = orm.Session(connection, {join_transaction_mode = "rollback_only"})
    session:add_all{User{id = 900, name = "a"}, User{id = 900, name = "b"}}
    fails(exc.IntegrityError, "UNIQUE", function() session:flush() end)
    assert.same({false, true}, {savepoint.is_active, connection:in_transaction()})
    session:rollback()
    session:add_all{User{id = 900, name = "a"}, User{id = 900, name = "b"}}
    fails(exc.IntegrityError, "UNIQUE", function() session:flush() end)
    assert.same({false, false}, {outer.is_active, connection:in_transaction()})
    session:close()
  end)

  it("ends nothing of a later transaction when its own was ended on the connection (SES-15, UOW-118)", function()
    for _, mode in ipairs {"rollback_only", "control_fully", "create_savepoint"} do
      local session = orm.Session(connection, {join_transaction_mode = mode})
      session:add(User{name = "joined"})
      session:flush()
      connection:get_transaction():rollback()
      local later = connection:begin()
      connection:execute(User.__table__:insert(), {name = "joined"})
      if mode ~= "rollback_only" then
        fails(exc.InvalidRequestError, "transaction is inactive: it was ended on the Connection that the Session was given", function()
          session:commit()
        end)
      end
      session:rollback()
      assert.is_true(later.is_active)
      assert.equal(1, count())
      session:close()
    end
  end)

  it("refuses another mode", function()
    fails(exc.ArgumentError, 'invalid selection for join_transaction_mode: "rollback"', function()
      orm.Session(connection, {join_transaction_mode = "rollback"})
    end)
  end)
end)

describe("sessions one after the other", function()
  local s, User
  before_each(function()
    s = shop.new()
    s.session:close()
    User = s.User
  end)
  after_each(function() s:close() end)

  it("have transaction objects that don't stand for those of later ones", function()
    local session <close> = orm.Session(s.engine)
    local old = session:begin()
    old:commit()
    session:begin()
    assert.is_false(old.is_active)
    fails(exc.ResourceClosedError, "This transaction is closed", function() old:commit() end)
    assert.is_true(session:get_transaction().is_active)
  end)

  it("share no objects, and can be used again when others have been closed since", function()
    local first = orm.Session(s.engine)
    first:add(User{name = "Ann"})
    first:commit()
    first:close()
    local second = orm.Session(s.engine)
    second:add(User{name = "Bob"})
    first:add_all{User{name = "Cleo"}, User{name = "Dan"}, User{name = "Eve"}}
    assert.equal(1, #second.new)
    assert.equal(3, #first.new)
    second:commit()
    second:close()
    first:commit()
    local names = {}
    for _, user in ipairs(first:query(User):order_by(User.id):all()) do names[#names + 1] = user.name end
    assert.same({"Ann", "Bob", "Cleo", "Dan", "Eve"}, names)
    first:close()
  end)

  it("hold each new object, whether it is the only one or one of many", function()
    local session <close> = orm.Session(s.engine)
    for round = 1, 3 do
      for i = 1, round do session:add(User{name = ("%d.%d"):format(round, i)}) end
      collectgarbage()
      collectgarbage()
      assert.equal(round, #session.new)
      session:expunge(session.new[1])
      collectgarbage()
      collectgarbage()
      assert.equal(round - 1, #session.new)
      session:flush()
    end
    assert.equal(3, session:query(User):count())
  end)
end)

describe("get() of one class after another", function()
  it("gives objects of the class that is asked for each time", function()
    local s = shop.new():fill()
    local session <close> = orm.Session(s.engine)
    for _ = 1, 2 do
      for _, class in ipairs{s.User, s.User, s.Address} do
        local found = session:get(class, 1)
        assert.equal(class, la.inspect(found).mapper.class_)
        assert.equal(found, session:get(class, 1))
      end
    end
    fails(exc.UnmappedClassError, "a table is not a mapped class", function() session:get({}, 1) end)
    s:close()
  end)
end)
