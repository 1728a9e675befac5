-- SPDX-License-Identifier: MIT
-- When a session begins, ends and gives back its transaction, and how UPDATE and DELETE of classes keep it in step.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local fails = require "spec.support.fails"

describe("the transaction of a session", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
  end)
  after_each(function() s:close() end)

  it("is a savepoint where begin() is told so (UOW-111)", function()
    local session = s.session
    session:begin()
    assert.is_true(session:begin{nested = true}.nested)
    assert.is_true(session:begin(true).nested)
    assert.is_true(session:in_nested_transaction())
    fails(exc.ArgumentError, "nestd", function() session:begin{nestd = true} end)
    session:rollback()
  end)

  it("begins by itself: at SQL, add, delete, or a change of a persistent object (UOW-110)", function()
    local session = s.session
    session:close()
    assert.is_false(session:in_transaction())
    session:get(User, 1)
    assert.is_true(session:in_transaction())
    session:commit()
    assert.is_false(session:in_transaction())
    session:add(User{name = "new"})
    assert.is_true(session:in_transaction())
    session:rollback()
    assert.is_false(session:in_transaction())
    local ann = session:get(User, 1)
    session:no_autoflush(function() assert.equal(30, ann.age) end)
    session:commit()
    ann.age = 31
    assert.is_true(session:in_transaction())
    session:rollback()
    local cid = session:get(User, 3)
    session:rollback()
    session:delete(cid)
    assert.is_true(session:in_transaction())
    session:rollback()
  end)

  it("takes its connection at the first SQL (UOW-110)", function()
    local session <close> = s.Session()
    session:begin()
    session:add(User{name = "new"})
    assert.same({}, s.statements)
    session:flush()
    assert.equal(1, #s:sent())
  end)

  it("has to be begun by hand with autobegin = false (UOW-110)", function()
    local session <close> = s.Session{autobegin = false}
    fails(exc.InvalidRequestError, "Autobegin is disabled on this Session; please call session.begin() to start a new transaction",
      function() session:query(User):all() end)
    session:begin()
    assert.equal(3, session:query(User):count())
    session:commit()
    fails(exc.InvalidRequestError, "Autobegin is disabled", function() session:add(User{name = "x"}) end)
  end)

  it("flushes at commit, and nothing is begun after it", function()
    local session = s.session
    session:add(User{name = "new"})
    session:commit()
    assert.is_false(session:in_transaction())
    local other <close> = s.Session()
    assert.equal(4, other:query(User):count())
  end)

  it("is ended whole by commit and rollback of the session, savepoints and all (UOW-115)", function()
    local session = s.session
    session:begin_nested()
    session:begin_nested()
    session:add(User{name = "kept"})
    session:commit()
    assert.is_false(session:in_transaction())
    session:add(User{name = "lost"})
    session:begin_nested()
    session:add(User{name = "lost too"})
    session:rollback()
    assert.is_false(session:in_nested_transaction())
    assert.is_false(session:in_transaction())
    assert.same({"Ann", "Bob", "Cid", "kept"}, session:scalars(la.select(User.name):order_by(User.id)):all())
  end)

  it("goes with close, which lets all objects go; the session can be used again", function()
    local session = s.session
    local ann = session:get(User, 1)
    session:add(User{name = "lost"})
    session:flush()
    session:close()
    assert.is_false(session:in_transaction())
    assert.is_true(la.inspect(ann).detached)
    assert.equal(3, session:query(User):count())
  end)

  it("goes for good with close and close_resets_only = false", function()
    local session = s.Session{close_resets_only = false}
    assert.equal(3, session:query(User):count())
    session:close()
    fails(exc.InvalidRequestError, "This Session has been permanently closed and is unable to handle any more transaction requests.",
      function() session:query(User):count() end)
  end)

  it("brings back objects, deletes and keys at rollback (UOW-113)", function()
    local session = s.session
    session:rollback()
    local cid, address, new = session:get(User, 3), session:get(s.Address, 3), User{name = "new"}
    session:delete(address)
    cid.id = 20
    session:add(new)
    session:flush()
    session:rollback()
    assert.is_true(la.inspect(new).transient)
    assert.is_true(la.inspect(address).persistent)
    assert.equal(cid, session:get(User, 3))
    assert.is_nil(session:get(User, 20))
  end)
end)

describe("a session on a connection that is in a transaction", function()
  it("joins it: its commit leaves it", function()
    local s = shop.new():fill()
    s.session:close()
    local connection <close> = s.engine:connect()
    local outer = connection:begin()
    local session = orm.Session(connection)
    session:add(s.User{name = "kept"})
    session:commit()
    assert.is_true(outer.is_active)
    assert.equal(4, connection:scalar(la.select(la.func.count()):select_from(s.User.__table__)))
    outer:rollback()
    assert.equal(3, connection:scalar(la.select(la.func.count()):select_from(s.User.__table__)))
    session:close()
    s:close()
  end)
end)

describe("UPDATE and DELETE of classes", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
  end)
  after_each(function() s:close() end)

  it("flush first, then change the objects that match, without SQL (UOW-134)", function()
    local session = s.session
    local ann, bob = session:get(User, 1), session:get(User, 2)
    session:add(User{name = "Dan", age = 60})
    session:execute(la.update(User):where(User.age:ge(30)):values{name = "old"})
    assert.same({}, s:during(function() assert.same({"old", "Bob"}, {ann.name, bob.name}) end))
    assert.equal(2, session:query(User):filter(User.name:eq "old"):count())
  end)

  it("expire what an SQL expression sets where it cannot be evaluated, and refresh nothing (UOW-134)", function()
    local session = s.session
    local ann, bob = session:get(User, 1), session:get(User, 2)
    session:expire(bob)
    assert.equal(1, #s:during(function() session:execute(la.update(User):values{name = la.func.upper(User.name)}) end))
    assert.equal("ANN", ann.name)
    assert.equal("BOB", bob.name)
  end)

  it("refuse evaluate for what cannot be evaluated (UOW-135)", function()
    fails(exc.InvalidRequestError, "Could not evaluate current criteria in", function()
      s.session:query(User):filter(la.func.upper(User.name):eq "ANN"):update({age = 1}, {synchronize_session = "evaluate"})
    end)
    local err = fails(exc.InvalidRequestError, nil, function()
      s.session:execute(la.delete(User):where(la.func.upper(User.name):eq "CID"), nil, {execution_options = {synchronize_session = "evaluate"}})
    end)
    assert.truthy(tostring(err):find("Specify 'fetch' or [Ff]alse for the synchronize_session execution option"), tostring(err))
  end)

  it("fetch the keys with RETURNING (UOW-136)", function()
    local session = s.session
    local ann, bob, cid = session:get(User, 1), session:get(User, 2), session:get(User, 3)
    local sent = s:during(function()
      session:query(User):filter(la.func.upper(User.name):eq "ANN"):update({age = 1}, {synchronize_session = "fetch"})
    end)
    assert.same({"UPDATE users SET age=? WHERE upper(users.name) = ? RETURNING id"}, sent)
    assert.same({1, 22}, {ann.age, bob.age})
    sent = s:during(function()
      session:query(User):filter(la.func.upper(User.name):eq "CID"):delete{synchronize_session = "fetch"}
    end)
    assert.same({"DELETE FROM users WHERE upper(users.name) = ? RETURNING id"}, sent)
    assert.is_false(session:contains(cid))
  end)

  it("leave the session alone with false (UOW-134)", function()
    local session = s.session
    local ann = session:get(User, 1)
    session:query(User):filter(User.id:eq(1)):update({age = 1}, {synchronize_session = false})
    assert.equal(30, ann.age)
    session:commit()
    assert.equal(1, ann.age)
  end)

  it("refuse another way of synchronisation", function()
    local pattern = "Valid strategies for session synchronization are 'auto', 'evaluate', 'fetch', "
    fails(exc.ArgumentError, pattern, function() s.session:query(User):update({age = 1}, {synchronize_session = "fake"}) end)
    fails(exc.ArgumentError, pattern, function() s.session:query(User):delete{synchronize_session = "fake"} end)
    fails(exc.ArgumentError, pattern, function()
      s.session:execute(la.delete(User), nil, {execution_options = {synchronize_session = "fake"}})
    end)
  end)

  it("take deleted objects out, and back at rollback, without cascades (UOW-137)", function()
    local session = s.session
    local cid = session:get(User, 3)
    assert.equal(1, session:query(User):filter(User.id:eq(3)):delete())
    assert.is_false(session:contains(cid))
    session:rollback()
    assert.is_true(session:contains(cid))
    assert.equal("Cid", cid.name)
    session:execute(la.delete(s.Item):where(s.Item.id:eq(99)))
    local pen = session:get(s.Item, 1)
    session:execute(s.item_tags:delete())
    session:execute(la.delete(s.Item):where(s.Item.name:eq "pen"))
    session:commit()
    assert.is_true(la.inspect(pen).detached)
  end)
end)

describe("INSERT of a class", function()
  it("takes rows keyed by attribute, with different keys too", function()
    local s = shop.new()
    local Base = orm.declarative_base()
    local Thing = Base:class "Thing" {
      __tablename__ = "things",
      id = la.Column(la.Integer, {primary_key = true}),
      title = la.Column("thing_title", la.String),
      size = la.Column("thing_size", la.Integer),
    }
    Base.metadata:create_all(s.engine)
    s.session:execute(la.insert(Thing), {{title = "a"}, {title = "b"}, {title = "c", size = 3}, {size = 4, title = "d"}, {title = "e"}})
    local things = s.session:query(Thing):order_by(Thing.id):all()
    local titles, sizes = "", {}
    for i, thing in ipairs(things) do
      titles = titles .. thing.title
      sizes[i] = thing.size
    end
    assert.equal("abcde", titles)
    assert.same({[3] = 3, [4] = 4}, sizes)
    local ids = s.session:scalars(la.insert(Thing):returning(Thing.id), {{title = "f"}, {title = "g", size = 1}, {title = "h"}}):all()
    assert.same({6, 7, 8}, ids)
    s:close()
  end)
end)
