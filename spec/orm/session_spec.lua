-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local collect = require "spec.support.collect"
local database = require "spec.support.database"
local shop = require "spec.support.shop"

local fails = require "spec.support.fails"

describe("a session", function()
  local s, User, Address
  before_each(function()
    s = shop.new()
    User, Address = s.User, s.Address
  end)
  after_each(function() s:close() end)

  it("makes a new object pending, then persistent at the flush (SES-04, SES-08, UOW-2, UOW-3)", function()
    local user = User{name = "Ann"}
    assert.is_false(s.session:contains(user))
    s.session:add(user)
    assert.is_true(s.session.new:contains(user))
    assert.is_true(s.session:contains(user))
    assert.is_nil(user.id)
    s.session:flush()
    assert.equal(1, user.id)
    assert.equal(0, #s.session.new)
    assert.is_true(s.session:contains(user))
  end)

  it("inserts with the columns that have values, None for the others (UOW-41)", function()
    s.session:add(User{name = "Ann"})
    assert.same({"INSERT INTO users (name, age) VALUES (?, ?)"}, s:during(function() s.session:flush() end))
  end)

  it("inserts in the order of add (UOW-38)", function()
    local a, b, c = User{name = "a"}, User{name = "b"}, User{name = "c"}
    s.session:add_all{b, a}
    s.session:add(c)
    s.session:flush()
    assert.same({1, 2, 3}, {b.id, a.id, c.id})
  end)

  it("updates only the changed columns (UOW-43)", function()
    s:fill()
    local user = s.session:get(User, 1)
    user.age = 31
    assert.same({"UPDATE users SET age=? WHERE users.id = ?"}, s:during(function() s.session:flush() end))
  end)

  it("counts an object no longer as dirty whose changes a refresh or an expiry has discarded (UOW-35, SES-05)", function()
    s:fill()
    local session <close> = orm.Session(s.engine, {autoflush = false})
    local user = session:get(User, 1)
    for _, discard in ipairs {"refresh", "expire"} do
      user.name = "changed"
      assert.is_true(session.dirty:contains(user))
      session[discard](session, user)
      assert.equal(0, #session.dirty)
      assert.same({}, s:during(function() session:flush() end))
      assert.equal("Ann", user.name)
    end
    user.name = "kept"
    session:flush()
    assert.equal("kept", session:scalar(la.select(User.name):where(User.id:eq(1))))
  end)

  it("sends nothing for a value set back, though the object is dirty (UOW-43, UOW-35)", function()
    s:fill()
    local user = s.session:get(User, 1)
    user.age = 99
    user.age = 30
    assert.is_true(s.session.dirty:contains(user))
    assert.is_false(s.session:is_modified(user))
    assert.same({}, s:during(function() s.session:flush() end))
  end)

  it("writes NULL for nil", function()
    s:fill()
    local user = s.session:get(User, 1)
    user.age = nil
    s.session:commit()
    assert.is_nil(user.age)
    assert.equal(1, s.session:query(User):filter(User.age:is_(nil), User.id:eq(1)):count())
  end)

  it("deletes at the flush; the object is detached after commit (UOW-4, UOW-5)", function()
    s:fill()
    local cid = s.session:get(User, 3)
    s.session:delete(cid)
    assert.is_true(s.session.deleted:contains(cid))
    assert.is_true(s.session:contains(cid))
    local sent = s:during(function() s.session:flush() end)
    assert.equal("DELETE FROM users WHERE users.id = ?", sent[#sent])
    assert.is_false(s.session:contains(cid))
    s.session:commit()
    assert.is_nil(orm.object_session(cid))
  end)

  it("refuses to delete what is not persistent (UOW-10)", function()
    fails(exc.InvalidRequestError, "is not persisted", function() s.session:delete(User{name = "x"}) end)
  end)

  it("refuses by a link what belongs to another session, or has such an object behind it, and changes nothing (UOW-8)", function()
    local session, other = s.session, orm.Session(s.engine)
    local ann = User{name = "Ann"}
    session:add(ann)
    session:flush()
    local order, item = s.Order{}, s.Item{name = "pen"}
    order.items = {item}
    other:add(item)
    for _, change in ipairs {function() ann.orders:append(order) end, function() ann.orders = {order} end, function() item.order.user = ann; other:add(order) end} do
      fails(exc.InvalidRequestError, "is already attached to session", change)
      order.user = nil
      assert.same({0, false}, {#ann.orders, session:contains(order)})
    end
    other:close()
  end)

  it("refuses an object of another session (UOW-9)", function()
    s:fill()
    local user = s.session:get(User, 1)
    local other <close> = s.Session()
    fails(exc.InvalidRequestError, "is already attached to session", function() other:add(user) end)
    assert.equal("Ann", s.session:get(User, 1).name)
  end)

  it("refuses what is not mapped (UOW-14)", function()
    fails(exc.UnmappedInstanceError, nil, function() s.session:add({}) end)
    fails(exc.UnmappedInstanceError, "supplied where an instance was required", function() s.session:add(User) end)
  end)

  it("has one object for each key (UOW-15, SES-05)", function()
    s:fill()
    local a = s.session:get(User, 1)
    assert.equal(a, s.session:query(User):filter(User.name:eq "Ann"):one())
    assert.same({}, s:during(function() assert.equal(a, s.session:get(User, 1)) end))
    assert.is_nil(s.session:get(User, 99))
  end)

  it("holds no clean object alive (UOW-16)", function()
    s:fill()
    assert.is_true(collect.goes(function() return s.session:get(User, 1) end))
    assert.equal(1, #s:during(function() s.session:get(User, 1) end))
  end)

  it("holds changed and new objects alive (UOW-16)", function()
    s:fill()
    s.session:get(User, 1).age = 77
    s.session:add(User{name = "New"})
    collect.all()
    s.session:commit()
    assert.equal(77, s.session:get(User, 1).age)
    assert.equal(4, s.session:query(User):count())
  end)

  it("expires everything at commit and reads it again in one SELECT (UOW-95, UOW-98)", function()
    s:fill()
    local user = s.session:get(User, 1)
    s.session:commit()
    assert.same({"SELECT users.id, users.name, users.age FROM users WHERE users.id = ?"},
      s:during(function() assert.equal("Ann", user.name) assert.equal(30, user.age) end))
  end)

  it("shows the options that it was made with (SES-01)", function()
    local session <close> = orm.Session(s.engine, {autobegin = false, join_transaction_mode = "control_fully"})
    assert.is_false(session.autobegin)
    assert.equal("control_fully", session.join_transaction_mode)
    assert.is_true(s.session.autobegin)
    assert.equal("conditional_savepoint", s.session.join_transaction_mode)
  end)

  it("expires nothing with expire_on_commit = false (SES-01)", function()
    s:fill()
    local session <close> = s.Session{expire_on_commit = false}
    local user = session:get(User, 1)
    session:commit()
    assert.same({}, s:during(function() assert.equal("Ann", user.name) end))
  end)

  it("takes back a rollback's objects (UOW-113, UOW-6, UOW-5)", function()
    s:fill()
    local ann, cid = s.session:get(User, 1), s.session:get(User, 3)
    local fresh = User{name = "New"}
    ann.name = "Changed"
    s.session:add(fresh)
    s.session:delete(cid)
    s.session:flush()
    s.session:rollback()
    assert.equal("Ann", ann.name)
    assert.is_false(s.session:contains(fresh))
    assert.is_true(s.session:contains(cid))
    assert.equal("Cid", cid.name)
    assert.equal(3, s.session:query(User):count())
  end)

  it("flushes before it reads (UOW-27)", function()
    s.session:add(User{name = "Ann"})
    assert.equal(1, s.session:query(User):count())
    s.session:no_autoflush(function()
      s.session:add(User{name = "Bob"})
      assert.equal(1, s.session:query(User):count())
    end)
    assert.equal(2, s.session:query(User):count())
  end)

  it("says that an error came by autoflush (UOW-30)", function()
    s:fill()
    s.session:add(Address{email = "ann@one"})
    local err = fails(exc.IntegrityError, "raised as a result of Query-invoked autoflush", function() s.session:query(User):all() end)
    assert.truthy(err.statement)
    s.session:rollback()
  end)

  it("is inactive after a failed flush until rollback (UOW-34)", function()
    s:fill()
    local bad = Address{email = "ann@one"}
    s.session:add(bad)
    fails(exc.IntegrityError, "UNIQUE constraint failed: addresses.email", function() s.session:flush() end)
    fails(exc.PendingRollbackError, "rolled back due to a previous exception during flush", function() s.session:query(User):all() end)
    s.session:rollback()
    assert.is_nil(bad.id)
    assert.equal(3, s.session:query(Address):count())
  end)

  it("has savepoints (UOW-114, UOW-116, SES-07)", function()
    s:fill()
    local ann = s.session:get(User, 1)
    ann.name = "Outer"
    local sp = s.session:begin_nested()
    ann.age = 1
    s.session:add(User{name = "Inner"})
    s.session:flush()
    sp:rollback()
    assert.equal("Outer", ann.name)
    assert.equal(30, ann.age)
    assert.equal(3, s.session:query(User):count())
    s.session:commit()
    assert.equal("Outer", s.session:get(User, 1).name)
  end)

  it("survives a failed savepoint (UOW-116)", function()
    s:fill()
    local ok = pcall(s.session.begin_nested, s.session, function()
      s.session:add(Address{email = "ann@one"})
      s.session:flush()
    end)
    assert.is_false(ok)
    s.session:add(Address{email = "new@one"})
    s.session:commit()
    assert.equal(4, s.session:query(Address):count())
  end)

  it("rolls back the savepoint of a block whose end cannot flush, and goes on (UOW-116)", function()
    s:fill()
    s.session:begin(function(session)
      for _, email in ipairs {"ann@one", "new@one"} do
        exc.IntegrityError:catch(function()
          local _savepoint <close> = session:begin_nested()
          session:add(Address{email = email})
        end)
      end
    end)
    assert.equal(4, s.session:query(Address):count())
  end)

  it("rolls back the transaction of a block whose end cannot flush (UOW-124)", function()
    s:fill()
    fails(exc.IntegrityError, "UNIQUE", function()
      local _transaction <close> = s.session:begin()
      s.session:add(Address{email = "ann@one"})
    end)
    assert.is_false(s.session:in_transaction())
    assert.equal(3, s.session:query(Address):count())
  end)

  it("has methods of the class, for a dot and a colon (SES-16)", function()
    s:fill()
    local ann = s.session:get(User, 1)
    assert.equal(s.session, orm.Session.object_session(ann))
    assert.equal(s.session, orm.Session:object_session(ann))
    assert.equal(s.session, s.session:object_session(ann))
    assert.same({User, {1}}, orm.Session.identity_key(User, 1))
    assert.same({User, {1}}, s.session:identity_key{instance = ann})
  end)

  it("commits or rolls back a block (SES-02, UOW-124)", function()
    s.Session:begin(function(session) session:add(User{name = "kept"}) end)
    pcall(function()
      s.Session:begin(function(session)
        session:add(User{name = "lost"})
        error("no")
      end)
    end)
    do
      local session <close> = s.Session()
      local _transaction <close> = session:begin()
      session:add(User{name = "kept too"})
    end
    assert.equal(2, s.session:query(User):count())
  end)

  it("says what begin twice means (UOW-111)", function()
    s.session:begin()
    fails(exc.InvalidRequestError, "A transaction is already begun on this Session.", function() s.session:begin() end)
  end)

  it("refreshes and expires (UOW-97, UOW-100, SES-10)", function()
    s:fill()
    local ann = s.session:get(User, 1)
    ann.age = 5
    s.session:expire(ann)
    assert.equal(30, ann.age)
    s.session:connection():execute(la.text "UPDATE users SET age = 44 WHERE id = 1")
    assert.equal(30, ann.age)
    s.session:refresh(ann)
    assert.equal(44, ann.age)
    fails(exc.InvalidRequestError, "is not persistent within this Session", function() s.session:expire(User{name = "x"}) end)
  end)

  it("lets objects go by expunge and close (UOW-7, SES-11)", function()
    s:fill()
    local ann = s.session:get(User, 1)
    s.session:expunge(ann)
    assert.is_false(s.session:contains(ann))
    assert.equal("Ann", ann.name)
    fails(exc.DetachedInstanceError, "is not bound to a Session", function() return ann.addresses end)
    s.session:add(ann)
    assert.equal(2, #ann.addresses)
    s.session:close()
    assert.is_nil(orm.object_session(ann))
  end)

  it("finds out that a row is gone (UOW-54, UOW-88)", function()
    s:fill()
    local cid = s.session:get(User, 3)
    s.session:connection():execute(la.text "DELETE FROM users WHERE id = 3")
    cid.age = 1
    fails(exc.StaleDataError, "expected to update 1 row(s); 0 were matched", function() s.session:flush() end)
    s.session:rollback()
    local bob = s.session:get(User, 2)
    s.session:connection():execute(la.text "DELETE FROM addresses")
    s.session:connection():execute(la.text "DELETE FROM users WHERE id = 2")
    s.session:expire(bob)
    fails(exc.ObjectDeletedError, "has been deleted, or its row is otherwise not present", function() return bob.name end)
    s.session:rollback()
  end)

  it("changes a primary key (UOW-90)", function()
    s:fill()
    local cid = s.session:get(User, 3)
    cid.id = 30
    s.session:commit()
    assert.equal(cid, s.session:get(User, 30))
    assert.is_nil(s.session:get(User, 3))
  end)

  it("iterates over its objects (SES-09)", function()
    s:fill()
    local ann = s.session:get(User, 1)
    local fresh = User{name = "n"}
    s.session:add(fresh)
    local seen = {}
    for object in s.session:iter() do seen[object] = true end
    assert.is_true(seen[ann] and seen[fresh])
  end)

  it("refuses unknown options by name (SES-01)", function()
    local err = fails(exc.ArgumentError, "autoflsh", function() orm.Session(s.engine, {autoflsh = true}) end)
    assert.truthy(tostring(err):find("autoflush", 1, true))
  end)

  it("without a bind says so (UOW-123)", function()
    local session <close> = orm.Session()
    fails(exc.UnboundExecutionError, nil, function() session:query(User):all() end)
  end)
end)

describe("objects and the collector", function()
  after_each(database.clean)

  it("survive their session, and sessions their objects", function()
    local s = shop.new()
    s:fill()
    local ann
    do
      local session = s.Session()
      ann = session:get(s.User, 1)
    end
    collect.all()
    assert.equal("Ann", ann.name)
    local session = orm.object_session(ann)
    assert.equal(2, #ann.addresses)
    ann = nil -- luacheck: ignore 311
    collect.all()
    assert.equal(3, session:query(s.User):count())
    session:close()
    s:close()
  end)

  it("load and flush while everything is collected all the time", function()
    local s = shop.new()
    s:fill()
    collect.often(function()
      for _, user in ipairs(s.session:query(s.User):order_by(s.User.id):all()) do
        user.name = user.name .. "!"
        for _, address in ipairs(user.addresses) do assert.equal(user, address.user) end
      end
      s.session:commit()
    end, 11)
    assert.equal("Ann!", s.session:get(s.User, 1).name)
    s:close()
  end)

  it("bear a finalizer that queries, adds and closes", function()
    local s = shop.new()
    s:fill()
    local busy = 0
    collect.finalizing(function()
      local ok = pcall(function()
        local session <close> = s.Session()
        session:query(s.User):count()
      end)
      if not ok then busy = busy + 1 end
    end, function()
      for i = 1, 8 do
        s.session:add(s.User{name = "n" .. i})
        s.session:flush()
        assert.equal(3 + i, s.session:query(s.User):count())
      end
    end)
    s:close()
  end)
end)
