-- SPDX-License-Identifier: MIT
-- Loader options that stay with the objects that came with them.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local fails = require "spec.support.fails"

describe("loader options kept with objects (UOW-26)", function()
  local s, User, Address, Order, Item, session

  local function open(options)
    s = shop.new(options):fill()
    User, Address, Order, Item, session = s.User, s.Address, s.Order, s.Item, s.session
  end
  before_each(function() open() end)
  after_each(function() s:close() end)

  local select_user = "SELECT users.id, users.name, users.age FROM users WHERE users.id = ?"
  local select_addresses = "SELECT addresses.id, addresses.email, addresses.user_id FROM addresses WHERE ? = addresses.user_id ORDER BY addresses.id"
  local select_orders = "SELECT orders.id, orders.note, orders.user_id FROM orders WHERE ? = orders.user_id ORDER BY orders.id"
  local select_items = "SELECT items.id, items.name, items.price, items.order_id FROM items WHERE ? = items.order_id ORDER BY items.id"

  local function first(...)
    return session:query(User):options(...):filter(User.id:eq(1)):one()
  end

  it("chained options serve the lazy load of their link (UOW-26, LOAD-3.0)", function()
    local ann = first(orm.lazyload(User.orders):selectinload(Order.items))
    assert.same({
      select_orders,
      "SELECT items.order_id, items.id, items.name, items.price FROM items WHERE items.order_id IN (?) ORDER BY items.id",
    }, s:during(function() assert.equal(2, #ann.orders[1].items) end))
  end)

  it("a defaultload is only a step (LOAD-3.5)", function()
    local ann = first(orm.defaultload(User.orders):joinedload(Order.items))
    assert.same({
      "SELECT orders.id, orders.note, orders.user_id, items_1.id, items_1.name, items_1.price, items_1.order_id FROM orders "
        .. "LEFT OUTER JOIN items AS items_1 ON orders.id = items_1.order_id WHERE ? = orders.user_id ORDER BY orders.id, items_1.id",
    }, s:during(function() assert.equal("ink", ann.orders[1].items[2].name) end))
    assert.same({select_addresses}, s:during(function() assert.equal(2, #ann.addresses) end))
  end)

  it("options below lazy links go on to what these load", function()
    local ann = first(orm.lazyload(User.orders):lazyload(Order.items):raiseload(Item.tags))
    assert.same({select_orders, select_items}, s:during(function()
      local item = ann.orders[1].items[1]
      fails(exc.InvalidRequestError, "'Item.tags' is not available due to lazy='raise'", function() return item.tags end)
    end))
  end)

  it("column options below a link hold when it is loaded later", function()
    local ann = first(orm.defaultload(User.orders):load_only(Order.note))
    assert.same({
      "SELECT orders.id, orders.note FROM orders WHERE ? = orders.user_id ORDER BY orders.id",
      "SELECT orders.user_id FROM orders WHERE orders.id = ?",
    }, s:during(function() assert.equal(1, ann.orders[1].user_id) end))
  end)

  it("criteria of a lazy link have the values of their own statement", function()
    local function with(email)
      session:expunge_all()
      return first(orm.lazyload(User.addresses:and_(Address.email:ne(email))))
    end
    assert.equal("ann@two", with("ann@one").addresses[1].email)
    local ann = with "ann@two"
    assert.same({(select_addresses:gsub(" ORDER", " AND addresses.email != ? ORDER"))},
      s:during(function() assert.equal("ann@one", ann.addresses[1].email) end))
    assert.equal(1, #ann.addresses)
  end)

  it("immediate loads use the criteria's own values too (LOAD-3.5)", function()
    for _, email in ipairs {"ann@one", "ann@two"} do
      session:expunge_all()
      local ann = first(orm.immediateload(User.addresses:and_(Address.email:eq(email))))
      assert.same({}, s:during(function() assert.equal(email, ann.addresses[1].email) end))
    end
  end)

  it("what is expired is read again with its eager loads (LOAD-3.0)", function()
    local ann = first(orm.joinedload(User.addresses))
    session:commit()
    assert.same({
      "SELECT users.id, users.name, users.age, addresses_1.id AS id_1, addresses_1.email, addresses_1.user_id FROM users "
        .. "LEFT OUTER JOIN addresses AS addresses_1 ON users.id = addresses_1.user_id WHERE users.id = ? ORDER BY addresses_1.id",
    }, s:during(function()
      assert.equal("Ann", ann.name)
      assert.equal(2, #ann.addresses)
    end))
  end)

  it("a refresh runs no statement for several objects (LOAD-3.0)", function()
    for _, name in ipairs {"selectinload", "subqueryload", "immediateload"} do
      session:expunge_all()
      local ann = first(orm[name](User.addresses))
      session:commit()
      assert.same({select_user, select_addresses}, s:during(function() assert.equal("Ann", ann.name) end), name)
      assert.same({}, s:during(function() assert.equal(2, #ann.addresses) end), name)
      assert.same({select_user, select_addresses}, s:during(function() session:refresh(ann) end), name)
    end
  end)

  it("nor does a relationship's own strategy at a refresh (LOAD-3.0)", function()
    for _, lazy in ipairs {"selectin", "subquery", "immediate"} do
      s:close()
      open{["User.addresses"] = {lazy = lazy}}
      local ann = session:get(User, 1)
      session:commit()
      assert.same({select_user, select_addresses}, s:during(function() assert.equal("Ann", ann.name) end), lazy)
    end
  end)

  it("a refresh keeps to load_only, what is expired is read whatever it says (UOW-26)", function()
    local ann = first(orm.load_only(User.name))
    assert.same({"SELECT users.id, users.name FROM users WHERE users.id = ?"}, s:during(function() session:refresh(ann) end))
    session:commit()
    assert.same({select_user}, s:during(function() assert.equal(30, ann.age) end))
  end)

  it("an expired object is read before its link", function()
    local ann = first()
    session:commit()
    assert.same({select_user, select_addresses}, s:during(function() assert.equal(2, #ann.addresses) end))
    session:expire(ann, {"addresses"})
    assert.same({select_addresses}, s:during(function() assert.equal(2, #ann.addresses) end))
  end)

  it("refresh by name reads relationships as eager ones", function()
    local ann = first(orm.raiseload(User.addresses))
    assert.same({"SELECT users.id FROM users WHERE users.id = ?", select_addresses}, s:during(function() session:refresh(ann, {"addresses"}) end))
    assert.equal(2, #ann.addresses)
    assert.same({"SELECT users.name FROM users WHERE users.id = ?"}, s:during(function() session:refresh(ann, {"name"}) end))
    local bob = session:query(User):options(orm.joinedload(User.addresses)):filter(User.id:eq(2)):one()
    assert.same({
      "SELECT users.id, addresses_1.id AS id_1, addresses_1.email, addresses_1.user_id FROM users "
        .. "LEFT OUTER JOIN addresses AS addresses_1 ON users.id = addresses_1.user_id WHERE users.id = ? ORDER BY addresses_1.id",
    }, s:during(function() session:refresh(bob, {"addresses"}) end))
  end)

  it("a raiseload outlives expiry (LOAD-3.5)", function()
    local ann = first(orm.raiseload(User.addresses))
    session:commit()
    fails(exc.InvalidRequestError, "'User.addresses' is not available due to lazy='raise'", function() return ann.addresses end)
  end)

  it("a lazyload lifts the relationship's own raise", function()
    s:close()
    open{["User.addresses"] = {lazy = "raise"}}
    local ann = first(orm.lazyload(User.addresses))
    assert.equal(2, #ann.addresses)
    session:expunge_all()
    ann = first()
    fails(exc.InvalidRequestError, "lazy='raise'", function() return ann.addresses end)
  end)

  it("wildcards hold at every level, also of later loads (LOAD-3.6)", function()
    local ann = first(orm.selectinload(User.orders), orm.raiseload "*")
    fails(exc.InvalidRequestError, "'Order.items' is not available due to lazy='raise'", function() return ann.orders[1].items end)
    fails(exc.InvalidRequestError, "'User.addresses' is not available", function() return ann.addresses end)
    session:expunge_all()
    ann = first(orm.selectinload "*")
    assert.same({}, s:during(function() assert.equal(2, #ann.orders[1].items[1].tags) end))
    session:expunge_all()
    ann = first(orm.Load(User):selectinload "*")
    assert.same({select_items}, s:during(function() assert.equal(2, #ann.orders[1].items) end))
    session:expunge_all()
    ann = first(orm.defaultload(User.orders):raiseload "*")
    fails(exc.InvalidRequestError, "'Order.items' is not available", function() return ann.orders[1].items end)
    assert.equal(2, #ann.addresses)
  end)

  it("populate_existing with options gives objects that are there those options (UOW-26)", function()
    local ann = first()
    session:query(User):options(orm.raiseload(User.addresses)):populate_existing():all()
    fails(exc.InvalidRequestError, "lazy='raise'", function() return ann.addresses end)
    session:commit()
    fails(exc.InvalidRequestError, "lazy='raise'", function() return ann.addresses end)
  end)

  it("criteria hold for each object of the statement", function()
    local users = session:query(User):options(orm.lazyload(User.addresses:and_(Address.email:ne "ann@one"))):order_by(User.id):all()
    assert.same({1, 1, 0}, {#users[1].addresses, #users[2].addresses, #users[3].addresses})
  end)

  it("deletes cascade over links that may not be loaded (UOW-86)", function()
    s:close()
    open{["User.orders"] = {lazy = "raise", cascade = "all, delete-orphan"}, ["Order.items"] = {lazy = "raise_on_sql", cascade = "all"},
      ["User.addresses"] = {lazy = "raise"}}
    local ann = session:get(User, 1)
    session:delete(ann)
    session:commit()
    assert.same({0, 0}, {session:query(Order):count(), session:query(Item):count()})
    assert.is_nil(session:get(Address, 1).user_id)
  end)

  it("a raiseload option does not raise inside cascades either (UOW-86)", function()
    s:close()
    open{["User.orders"] = {cascade = "all, delete-orphan"}}
    local ann = first(orm.raiseload "*")
    session:delete(ann)
    session:commit()
    assert.equal(0, session:query(Item):count())
  end)

  it("raises for deferred columns that may not be loaded (LOAD-3.5, DEC-19)", function()
    local ann = first(orm.load_only(User.name, {raiseload = true}))
    fails(exc.InvalidRequestError, "'User.age' is not available due to raiseload=True", function() return ann.age end)
    session:expunge_all()
    ann = first(orm.defer("*", {raiseload = true}))
    fails(exc.InvalidRequestError, "'User.name' is not available due to raiseload=True", function() return ann.name end)
    assert.equal(1, ann.id)
  end)

  it("gives options back with the last object and plan", function()
    local user = first(orm.lazyload(User.orders):selectinload(Order.items))
    local users = setmetatable({user}, {__mode = "v"})
    session:execute(la.text "SELECT 1")
    assert.equal(1, #user.orders)
    user = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.is_nil(users[1])
  end)
end)
