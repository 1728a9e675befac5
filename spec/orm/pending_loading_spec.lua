-- SPDX-License-Identifier: MIT
-- Relationships of objects that have no row: enable_relationship_loading() and load_on_pending. What populate_existing lets go of, and what a
-- new object leaves of the row that it takes over.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = la.exc
local shop = require "spec.support.shop"
local fails = require "spec.support.fails"

describe("an object without a row", function()
  local s, User, Address, session
  before_each(function()
    s = shop.new({["Order.user"] = {load_on_pending = true}}):fill()
    User, Address, session = s.User, s.Address, s.session
    s:forget()
  end)
  after_each(function() s:close() end)

  it("reads relationships by its columns after enable_relationship_loading(), in no session (SES-16)", function()
    local address = Address{user_id = 1, email = "x"}
    session:enable_relationship_loading(address)
    assert.equal("Ann", address.user.name)
    assert.same({"SELECT users.id, users.name, users.age FROM users WHERE users.id = ?"}, s:sent())
    local state = la.inspect(address)
    assert.is_true(state.transient)
    assert.is_false(session:contains(address))
    assert.equal(session, orm.object_session(address))
    assert.equal(0, #session.new)
    address.user_id = nil
    assert.equal("Ann", address.user.name)
    local user = User{id = 1}
    session:enable_relationship_loading(user)
    assert.equal(#session:get(User, 1).addresses, #user.addresses)
    session:rollback()
    assert.equal(3, session:query(User):count())
  end)

  it("has nothing to read by while its columns are not set", function()
    local address = Address{email = "x"}
    session:enable_relationship_loading(address)
    assert.is_nil(address.user)
    assert.same({}, s:sent())
    address.user_id = 1
    assert.equal("Ann", address.user.name)
    fails(exc.InvalidRequestError, "is already attached to session", function() s.Session():enable_relationship_loading(address) end)
    fails(exc.InvalidRequestError, "is already attached to session '", function() s.Session():add(address) end)
    assert.equal(session, orm.object_session(address))
    fails(exc.UnmappedInstanceError, "", function() session:enable_relationship_loading(5) end)
  end)

  it("reads them while it is pending if the relationship says load_on_pending (SES-16)", function()
    session:no_autoflush(function()
      local order, address = s.Order{user_id = 1}, Address{user_id = 1, email = "x"}
      assert.is_nil(order.user)
      session:add_all{order, address}
      assert.equal("Ann", order.user.name)
      assert.is_nil(address.user)
      session:enable_relationship_loading(address)
      assert.equal(order.user, address.user)
    end)
  end)

  it("is flushed and read as any other afterwards", function()
    local address = Address{user_id = 1, email = "x"}
    session:enable_relationship_loading(address)
    session:add(address)
    session:commit()
    assert.equal("Ann", address.user.name)
    assert.equal(1, address.user_id)
  end)
end)

describe("populate_existing", function()
  it("lets go of links that were loaded lazily (UOW-22, SES-18)", function()
    local s = shop.new():fill()
    local session = s.session
    local ann = session:get(s.User, 1)
    local count = #ann.addresses
    assert.is_true(count > 0)
    session:execute(la.update(s.Address.__table__):values{user_id = la.null})
    assert.equal(count, #ann.addresses)
    session:scalars(la.select(s.User):execution_options{populate_existing = true}):all()
    assert.equal(0, #ann.addresses)
    session:rollback()
    assert.equal(count, #ann.addresses)
    ann.name = "dirty"
    session:no_autoflush(function() session:get(s.User, 1, {populate_existing = true}) end)
    assert.equal("Ann", ann.name)
    assert.is_nil(la.inspect(ann).dict.addresses)
    s:close()
  end)

  it("keeps what the statement loads itself", function()
    local s = shop.new():fill()
    local options = {populate_existing = true}
    for _, strategy in ipairs{"selectinload", "joinedload", "subqueryload"} do
      local all = s.session:scalars(la.select(s.User):options(orm[strategy](s.User.addresses)):execution_options(options)):unique():all()
      s:forget()
      local _ = #all[1].addresses
      assert.same({}, s:sent(), strategy)
    end
    s:close()
  end)
end)

describe("a row switch", function()
  it("is undone by a rollback: the old object is back, the new one transient (UOW-47)", function()
    for _, nested in ipairs{true, false} do
      local s = shop.new():fill()
      local point = nested and s.session:begin_nested()
      local ann = s.session:get(s.User, 1)
      ann.addresses = {}
      s.session:delete(ann)
      local new = s.User{id = 1, name = "new"}
      s.session:add(new)
      s.session:flush()
      if nested then point:rollback() else s.session:rollback() end
      assert.is_true(la.inspect(ann).persistent)
      assert.is_true(la.inspect(new).transient)
      assert.equal(ann, s.session:get(s.User, 1))
      assert.equal("Ann", ann.name)
      s:close()
    end
  end)

  it("writes what the new object sets, and leaves the rest of the row (UOW-47)", function()
    local Base, Column = orm.declarative_base(), la.Column
    local Thing = Base:class "Thing" {
      __tablename__ = "things", id = Column(la.Integer, {primary_key = true}), a = Column(la.String), b = Column(la.String, {default = "made"}),
      n = Column(la.Integer, {onupdate = 7}),
    }
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local sent = {}
    la.event.listen(engine, "before_cursor_execute", function(_, _, statement) sent[#sent + 1] = statement end)
    local session <close> = orm.Session(engine)
    local old = Thing{id = 1, a = "x", b = "y", n = 1}
    session:add(old)
    session:commit()
    session:delete(old)
    local new = Thing{id = 1, a = "new"}
    session:add(new)
    sent = {}
    session:flush()
    assert.same({"UPDATE things SET a=?, n=? WHERE things.id = ?"}, {sent[#sent]})
    assert.same({"new", "y", 7}, {new.a, new.b, new.n})
    session:commit()
    assert.same({"new", "y", 7}, {new.a, new.b, new.n})
    session:delete(new)
    local empty = Thing{id = 1}
    session:add(empty)
    sent = {}
    session:flush()
    assert.same({}, sent)
    assert.equal("y", empty.b)
  end)
end)
