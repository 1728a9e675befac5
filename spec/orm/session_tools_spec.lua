-- SPDX-License-Identifier: MIT
-- What is done with sessions and objects beside the everyday: transient again, scoped sessions, retry, several sessions at once.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local event = la.event
local exc = la.exc
local shop = require "spec.support.shop"
local database = require "spec.support.database"
local fails = require "spec.support.fails"

describe("make_transient", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
  end)
  after_each(function()
    s:close()
    database.clean()
  end)

  it("takes an object out of its session, without its key, expired marks and pending state (UOW-12)", function()
    local session = s.session
    local new = User{name = "new"}
    session:add(new)
    orm.make_transient(new)
    assert.is_true(la.inspect(new).transient)
    assert.equal(0, #session.new)
    local ann = session:get(User, 1)
    session:expire(ann, {"age"})
    orm.make_transient(ann)
    assert.is_true(la.inspect(ann).transient)
    assert.is_nil(la.inspect(ann).identity)
    assert.is_false(session:contains(ann))
    s:forget()
    assert.same({1, "Ann", "nil"}, {ann.id, ann.name, tostring(ann.age)})
    assert.same({}, s:sent())
    ann.id = nil
    session:add(ann)
    session:commit()
    assert.equal(4, ann.id)
    assert.equal(2, session:query(User):filter_by{name = "Ann"}:count())
  end)

  it("lets a deleted object be inserted again (UOW-8, UOW-12)", function()
    local session = s.session
    local cid = session:get(User, 3)
    assert.is_false(orm.was_deleted(cid))
    session:delete(cid)
    session:flush()
    assert.is_true(orm.was_deleted(cid) and la.inspect(cid).was_deleted)
    fails(exc.InvalidRequestError, "Use the make_transient() function to send this object back to the transient state.",
      function() session:add(cid) end)
    orm.make_transient(cid)
    assert.is_false(orm.was_deleted(cid))
    session:add(cid)
    session:commit()
    assert.is_true(la.inspect(cid).persistent)
    assert.equal("Cid", cid.name)
    session:delete(cid)
    session:commit()
    assert.is_true(orm.was_deleted(cid) and la.inspect(cid).detached)
  end)

  it("is not undone by the end of the transaction it was deleted in", function()
    local session, other = s.session, orm.Session(database.engine())
    s.Base.metadata:create_all(other.bind)
    local cid = session:get(User, 3)
    session:delete(cid)
    session:flush()
    orm.make_transient(cid)
    other:add(cid)
    session:rollback()
    assert.is_true(other:contains(cid))
    other:commit()
    assert.is_true(la.inspect(cid).persistent)
    other:close()
  end)

  it("to_detached makes an object stand for the row that its key names (UOW-12)", function()
    local session = s.session
    local stub = User{id = 2}
    orm.make_transient_to_detached(stub)
    assert.is_true(la.inspect(stub).detached)
    session:add(stub)
    assert.is_true(la.inspect(stub).persistent)
    assert.is_false(session:is_modified(stub))
    local sent = s:during(function() assert.same({"Bob", 22}, {stub.name, stub.age}) end)
    assert.equal(1, #sent)
    assert.truthy(sent[1]:find("FROM users WHERE users.id = ?", 1, true))
    assert.equal(stub, session:get(User, 2))
    fails(exc.InvalidRequestError, "Given object must be transient", function() orm.make_transient_to_detached(stub) end)
    fails(exc.InvalidRequestError, "no value of the primary key attribute 'id'", function() orm.make_transient_to_detached(User{}) end)
    fails(exc.UnmappedInstanceError, nil, function() orm.make_transient(5) end)
  end)
end)

describe("scoped_session", function()
  local s, User, Session
  before_each(function()
    s = shop.new():fill()
    User = s.User
    Session = orm.scoped_session(s.Session)
  end)
  after_each(function()
    Session:remove()
    s:close()
  end)

  it("has a session for each coroutine, which it stands for (SES-03)", function()
    local own = Session()
    assert.equal(own, Session())
    local other
    coroutine.wrap(function()
      other = Session()
      assert.equal(other, Session())
      Session:add(User{name = "there"})
      assert.equal(1, #Session.new)
      Session:remove()
      assert.is_false(Session.registry:has())
    end)()
    assert.are_not.equal(own, other)
    assert.equal(0, #Session.new)
    Session:add(User{name = "here"})
    Session:commit()
    assert.equal(4, Session:query(User):count())
    assert.is_true(Session:contains(Session:get(User, 1)))
    Session.autoflush = false
    assert.is_false(own.autoflush)
  end)

  it("takes options for the first, and a function that names the scope (SES-03)", function()
    fails(exc.InvalidRequestError, "Scoped session is already present; no new arguments may be specified.", function()
      Session()
      Session{autoflush = false}
    end)
    Session:remove()
    assert.is_false(Session{autoflush = false}.autoflush)
    local request = "a"
    local by_request = orm.scoped_session(s.Session, function() return request end)
    local first = by_request()
    request = "b"
    local second = by_request()
    assert.are_not.equal(first, second)
    request = "a"
    assert.equal(first, by_request())
    by_request:remove()
    request = "b"
    by_request:remove()
    fails(exc.ArgumentError, "a sessionmaker", function() orm.scoped_session(s.engine) end)
  end)

  it("gives classes a query, warns of late options, and can be listened to (SES-03)", function()
    User.query = Session:query_property()
    assert.equal(3, User:query():count())
    local list = la.warnings.catch_warnings(function() Session:configure{autoflush = false} end)
    assert.truthy(list[1].message:find("At least one scoped session is already present", 1, true))
    local count = 0
    event.listen(Session, "before_flush", function() count = count + 1 end)
    Session:add(User{name = "x"})
    Session:flush()
    assert.equal(1, count)
    fails(exc.ArgumentError, "ad", function() return Session.ad end)
  end)

  it("lets the session of a coroutine that is gone go", function()
    local weak = setmetatable({}, {__mode = "v"})
    coroutine.wrap(function() weak[1] = Session() end)()
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak[1])
  end)
end)

describe("sessions", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
  end)
  after_each(function() s:close() end)

  it("are all closed by close_all_sessions", function()
    local a, b = s.Session(), s.Session()
    local ann = a:get(User, 1)
    b:begin()
    orm.close_all_sessions()
    assert.is_true(la.inspect(ann).detached)
    assert.is_false(a:in_transaction() or b:in_transaction())
  end)

  it("of sessionmaker:begin() commit at the end of their block, or roll back on an error (SES-02)", function()
    do
      local session <close> = s.Session:begin()
      session:add(User{name = "kept"})
    end
    pcall(function()
      local session <close> = s.Session:begin()
      session:add(User{name = "lost"})
      session:flush()
      error "no"
    end)
    s.session:close()
    assert.same({"kept"}, s.session:scalars(la.select(User.name):where(User.id:gt(3))):all())
  end)

  it("are numbered one after the other in messages (UOW-9)", function()
    local a, b = s.Session(), s.Session()
    local new = User{name = "x"}
    a:add(new)
    local err = fails(exc.InvalidRequestError, "is already attached to session '", function() b:add(new) end)
    local first, second = err.message:match "is already attached to session '(%d+)' %(this is '(%d+)'%)"
    assert.equal(1, tonumber(second) - tonumber(first))
    a:close()
    b:close()
  end)

  it("refuse two-phase, which SQLite can't do", function()
    fails(exc.NotSupportedError, "two-phase", function() orm.Session(s.engine, {twophase = true}) end)
    fails(exc.UnboundExecutionError, "not bound", function() orm.Session():get_bind() end)
  end)
end)

describe("two sessions on one file", function()
  local s, User
  before_each(function()
    s = shop.new(nil, {engine = database.engine {connect_args = {timeout = 0.05}}})
    s:fill()
    s.session:close()
    User = s.User
  end)
  after_each(function()
    s:close()
    database.clean()
  end)

  it("tell that the file is locked, and go on after a rollback", function()
    local one, two = s.Session(), s.Session()
    one:add(User{name = "one"})
    one:flush()
    two:add(User{name = "two"})
    fails(exc.OperationalError, "locked", function() two:flush() end)
    fails(exc.PendingRollbackError, "locked", function() two:query(User):all() end)
    two:rollback()
    one:commit()
    two:add(User{name = "two"})
    two:commit()
    assert.equal(5, two:query(User):count())
    one:close()
    two:close()
  end)

  it("repeat a locked transaction with retry, and only that", function()
    local one, two = s.Session(), s.Session()
    one:add(User{name = "one"})
    one:flush()
    local attempts, waits = 0, {}
    local result = two:retry(function(session)
      attempts = attempts + 1
      session:add(User{name = "two"})
      session:flush()
      return "done"
    end, {times = 4, wait = function(attempt)
      waits[#waits + 1] = attempt
      if attempt == 2 then one:commit() end
    end})
    assert.same({"done", 3, {1, 2}}, {result, attempts, waits})
    assert.equal(1, two:query(User):filter_by{name = "two"}:count())
    two:commit()
    attempts = 0
    local ok, err = pcall(two.retry, two, function()
      attempts = attempts + 1
      error("mine", 0)
    end)
    assert.same({false, "mine", 1}, {ok, err, attempts})
    one:add(User{name = "three"})
    one:flush()
    fails(exc.OperationalError, "locked", function()
      two:retry(function(session) session:add(User{name = "x"}) session:flush() end, {times = 2})
    end)
    two:begin()
    fails(exc.InvalidRequestError, "a transaction of its own", function() two:retry(print) end)
    one:close()
    two:close()
  end)
end)
