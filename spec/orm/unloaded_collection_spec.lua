-- SPDX-License-Identifier: MIT
-- Collections that never load: lazy = "write_only" and lazy = "dynamic".
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local warnings = require "lualchemy.warnings"
local shop = require "spec.support.shop"

local fails = require "spec.support.fails"

local s, User, Address, Item, Tag, session

local function open(options)
  s = shop.new(options):fill()
  User, Address, Item, Tag, session = s.User, s.Address, s.Item, s.Tag, s.session
end

local function emails(list)
  local found = {}
  for i, address in ipairs(list) do found[i] = address.email end
  return found
end

local select_addresses = "SELECT addresses.id, addresses.email, addresses.user_id FROM addresses WHERE ? = addresses.user_id ORDER BY addresses.id"

describe("lazy = \"write_only\" (UOW-142, REL-20, REL-21)", function()
  before_each(function() open{["User.addresses"] = {lazy = "write_only"}, ["Item.tags"] = {lazy = "write_only"}} end)
  after_each(function() s:close() end)

  local function list(user)
    return emails(session:scalars(user.addresses:select()):all())
  end

  it("sends what was added and removed, and reads nothing for it", function()
    local ann, old = session:get(User, 1), session:get(Address, 1)
    assert.same({
      "UPDATE addresses SET user_id=? WHERE addresses.id = ?",
      "INSERT INTO addresses (email, user_id) VALUES (?, ?)",
    }, s:during(function()
      ann.addresses:add(Address{email = "new"})
      ann.addresses:remove(old)
      session:commit()
    end))
    assert.same({"ann@two", "new"}, list(ann))
  end)

  it("keeps both sides in step, and what waits as history", function()
    local ann, bobs = session:get(User, 1), session:get(Address, 3)
    ann.addresses:add(bobs)
    assert.equal(ann, bobs.user)
    local history = la.inspect(ann).attrs.addresses.history
    assert.same({1, 0}, {#history.added, #history.deleted})
    assert.is_true(session.dirty:contains(ann))
    session:rollback()
    assert.same({"ann@one", "ann@two"}, list(ann))
  end)

  it("takes members when the object is made, and adds all of a sequence", function()
    local eve = User{name = "Eve", addresses = {Address{email = "e1"}}}
    eve.addresses:add_all{Address{email = "e2"}, Address{email = "e3"}}
    session:add(eve)
    session:commit()
    assert.same({"e1", "e2", "e3"}, list(eve))
    local ann = session:get(User, 1)
    assert.same({select_addresses}, s:during(function() list(ann) end), "the SELECT has the relationship's order")
  end)

  it("works for many-to-many", function()
    local ink, red = session:get(Item, 2), session:query(Tag):filter_by{name = "red"}:one()
    local blue = session:query(Tag):filter_by{name = "blue"}:one()
    assert.same({
      "DELETE FROM item_tags WHERE item_tags.item_id = ? AND item_tags.tag_id = ?",
      "INSERT INTO item_tags (item_id, tag_id) VALUES (?, ?)",
    }, s:during(function()
      ink.tags:add(red)
      ink.tags:remove(blue)
      session:flush()
    end))
    assert.equal(red, session:scalars(ink.tags:select()):one())
    fails(exc.InvalidRequestError, "only supported for one-to-many collections", function() ink.tags:insert() end)
  end)

  it("gives INSERT, UPDATE and DELETE of its rows", function()
    local ann = session:get(User, 1)
    session:execute(ann.addresses:insert(), {{email = "x1"}, {email = "x2"}})
    assert.same({"ann@one", "ann@two", "x1", "x2"}, list(ann))
    assert.equal(4, session:execute(ann.addresses:update():values{email = Address.email .. "!"}).rowcount)
    assert.equal(2, session:execute(ann.addresses:delete():where(Address.email:like "x%")).rowcount)
    session:expire_all()
    assert.same({"ann@one!", "ann@two!"}, list(ann))
  end)

  it("can't be iterated, counted or replaced", function()
    local ann = session:get(User, 1)
    local words = "WriteOnly collections don't support iteration in-place; to query for collection items, use the select() method to produce a SQL "
      .. "statement and execute it with session.scalars()."
    fails(exc.InvalidRequestError, words, function() return #ann.addresses end)
    fails(exc.InvalidRequestError, words, function() return ann.addresses[1] end)
    fails(exc.InvalidRequestError, words, function() for _ in ipairs(ann.addresses) do error "unreachable" end end)
    fails(exc.InvalidRequestError, words, function() for _ in pairs(ann.addresses) do error "unreachable" end end)
    fails(exc.InvalidRequestError, "collection replacement operations can't be used", function() ann.addresses = {} end)
    fails(exc.InvalidRequestError, "has no append", function() ann.addresses:append(Address{}) end)
    fails(exc.ArgumentError, "User.addresses holds objects of Address", function() ann.addresses:add(ann) end)
    fails(exc.InvalidRequestError, "'User.addresses' does not support object population - eager loading cannot be applied.", function()
      session:query(User):options(orm.selectinload(User.addresses)):all()
    end)
  end)

  it("asks for passive_deletes where a delete had to read it", function()
    session:delete(session:get(User, 1))
    fails(exc.InvalidRequestError, "Attribute User.addresses can't load the existing state from the database for this operation; full iteration is not "
      .. "permitted.  If this is a delete operation, configure passive_deletes=True on the write-only relationship() in order to resolve this error.",
      function() session:flush() end)
    session:rollback()
    s:close()
    open{["User.addresses"] = {lazy = "write_only", passive_deletes = true, cascade = "all, delete-orphan"}}
    local cid = session:get(User, 3)
    session:delete(cid)
    session:commit()
    assert.is_nil(session:get(User, 3))
  end)

  it("is for collections", function()
    local Base = orm.declarative_base()
    local Node = Base:class "Node" {__tablename__ = "nodes", id = la.Column(la.Integer, {primary_key = true}),
      up_id = la.Column(la.Integer, la.ForeignKey "nodes.id"), up = orm.relationship("Node", {remote_side = "Node.id", lazy = "dynamic"})}
    fails(exc.InvalidRequestError, "On relationship Node.up, 'dynamic' loaders cannot be used with many-to-one/one-to-one relationships and/or "
      .. "uselist=False.", function() Node{} end)
  end)
end)

describe("lazy = \"dynamic\" (UOW-142, UOW-143)", function()
  before_each(function() open{["User.addresses"] = {lazy = "dynamic"}} end)
  after_each(function() s:close() end)

  it("is a query of its objects", function()
    local ann = session:get(User, 1)
    assert.same({"ann@one", "ann@two"}, emails(ann.addresses:all()))
    assert.equal("ann@two", ann.addresses:filter(Address.email:like "%two"):one().email)
    assert.equal("ann@two", ann.addresses:filter_by{email = "ann@two"}:first().email)
    assert.equal("ann@two", ann.addresses:order_by(nil):order_by(Address.id:desc()):limit(1):all()[1].email)
    assert.same({2, 2}, {ann.addresses:count(), #ann.addresses})
    assert.same({"ann@one", "ann@two"}, {ann.addresses[1].email, ann.addresses[2].email})
    assert.is_nil(ann.addresses[3])
    local found = {}
    for i, address in pairs(ann.addresses) do found[i] = address.email end
    for address in ann.addresses:iter() do found[#found + 1] = address.email end
    assert.same({"ann@one", "ann@two", "ann@one", "ann@two"}, found)
    assert.same({"SELECT addresses.id AS addresses_id, addresses.email AS addresses_email, addresses.user_id AS addresses_user_id FROM addresses "
      .. "WHERE ? = addresses.user_id ORDER BY addresses.id"}, s:during(function() ann.addresses:all() end))
  end)

  it("sends what was added and removed without reading", function()
    local ann, old = session:get(User, 1), session:get(Address, 1)
    assert.equal(2, #s:during(function()
      ann.addresses:append(Address{email = "new"})
      ann.addresses:remove(old)
      session:flush()
    end))
    assert.same({"ann@two", "new"}, emails(ann.addresses:all()))
    ann.addresses:extend{Address{email = "n2"}, Address{email = "n3"}}
    assert.equal(4, ann.addresses:count(), "autoflush")
  end)

  it("is replaced by reading what is there", function()
    local ann = session:get(User, 1)
    local second = ann.addresses[2]
    ann.addresses = {second, Address{email = "third"}}
    session:commit()
    assert.same({"ann@two", "third"}, emails(ann.addresses:all()))
  end)

  it("has only what waits while its object is in no database (UOW-143)", function()
    local eve = User{name = "Eve", addresses = {Address{email = "e1"}}}
    eve.addresses:append(Address{email = "e2"})
    assert.same({}, s:during(function()
      assert.same({"e1", "e2"}, emails(eve.addresses:all()))
      assert.same({2, "e2"}, {eve.addresses:count(), eve.addresses[2].email})
    end))
    fails(exc.DetachedInstanceError, "no contextual session is established; lazy load operation of attribute 'addresses' cannot proceed",
      function() eve.addresses:filter_by{email = "e1"}:all() end)
    session:add(eve)
    assert.equal("e1", eve.addresses:filter_by{email = "e1"}:one().email)
    session:commit()
    session:expunge(eve)
    local found
    local told = warnings.catch_warnings(function() found = eve.addresses:all() end)
    assert.same({}, found)
    assert.truthy(told[1].message:find("is detached, dynamic relationship cannot return a correct result", 1, true))
    fails(exc.DetachedInstanceError, "is not bound to a Session", function() eve.addresses:order_by(Address.id) end)
  end)

  it("is read when its object is deleted", function()
    session:delete(session:get(User, 2))
    session:commit()
    assert.is_nil(session:get(Address, 3).user_id)
  end)
end)
