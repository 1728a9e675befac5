-- SPDX-License-Identifier: MIT
-- Classes in subqueries: correlated, lateral, and as what an alias reads (QRY-01, QRY-03).
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local shop = require "spec.support.shop"
require "spec.support.sql"

describe("A class", function()
  local s, User, Order, session
  before_each(function()
    s = shop.new():fill()
    User, Order, session = s.User, s.Order, s.session
  end)
  after_each(function() s:close() end)

  it("is correlated in a scalar subquery of its own statement", function()
    local count = la.select(la.func.count(Order.id)):where(Order.user_id:eq(User.id))
    assert.sql(la.select(User.name, count:scalar_subquery()), "SELECT users.name, (SELECT count(orders.id) AS count_1 FROM orders "
      .. "WHERE orders.user_id = users.id) AS anon_1 FROM users")
    assert.same({1, 0, 0}, {table.unpack(session:scalars(la.select(count:correlate(User):scalar_subquery()):select_from(User):order_by(User.id)):all())})
    local older = orm.aliased(User)
    assert.sql(la.select(User):where(User.age:eq(la.select(la.func.max(older.age)):where(older.id:lt(User.id)):scalar_subquery())),
      "SELECT users.id, users.name, users.age FROM users WHERE users.age = (SELECT max(users_1.age) AS max_1 FROM users AS users_1 "
      .. "WHERE users_1.id < users.id)")
    assert.equal("Ann", session:scalars(la.select(User):where(la.exists():where(Order.user_id:eq(User.id)))):one().name)
  end)

  it("is joined to a lateral subquery, and read from it through an alias", function()
    local newest = la.select(Order):where(Order.user_id:eq(User.id)):order_by(Order.id:desc()):limit(1):lateral()
    local order = orm.aliased(Order, newest)
    assert.sql(la.select(User.name, order):join(order, la.true_()), "SELECT users.name, anon_1.id, anon_1.note, anon_1.user_id FROM users "
      .. "JOIN LATERAL (SELECT orders.id AS id, orders.note AS note, orders.user_id AS user_id FROM orders WHERE orders.user_id = users.id "
      .. "ORDER BY orders.id DESC LIMIT :param_1) AS anon_1 ON true")
  end)

  it("is read from a subquery by its columns, with adapt_on_names by names too", function()
    local sub = la.select(User.id, la.func.upper(User.name):label "name", User.age):subquery()
    local loud = orm.aliased(User, sub, {adapt_on_names = true})
    assert.sql(la.select(loud.name):where(loud.age:gt(25)), "SELECT anon_1.name FROM (SELECT users.id AS id, upper(users.name) AS name, "
      .. "users.age AS age FROM users) AS anon_1 WHERE anon_1.age > :age_1")
    assert.same({"ANN", "BOB", "CID"}, {table.unpack(session:scalars(la.select(loud.name):order_by(loud.id)):all())})
    assert.equal("ANN", session:scalars(la.select(loud):order_by(loud.id)):first().name)
    session:expunge_all()
    local both = orm.aliased(User, la.union_all(la.select(User):where(User.id:eq(1)), la.select(User):where(User.id:eq(3))):subquery())
    assert.same({"Ann", "Cid"}, {table.unpack(session:scalars(la.select(both.name):order_by(both.id)):all())})
    assert.sql(la.select(orm.aliased(User.__table__, {name = "u"})), "SELECT u.id, u.name, u.age FROM users AS u")
  end)

  it("offers all its columns to what is around its subquery, each by its place", function()
    local u = orm.aliased(User)
    local sub = la.select(u.age, u):subquery()
    assert.equal("Ann", session:scalar(la.select(sub.c.name):where(sub.c.id:eq(1))))
    local pairs_of = la.select(User, Order):join(User.orders):subquery()
    assert.same({"id", "name", "age", "id_1", "note", "user_id"}, {table.unpack(pairs_of.c:keys())})
    assert.equal("first", session:scalar(la.select(pairs_of.c.note):where(pairs_of.c.id_1:eq(1))))
    local cte = la.select(User):where(User.id:lt(3)):cte "few"
    assert.same({"Ann", "Bob"}, {table.unpack(session:scalars(la.select(cte.c.name):order_by(cte.c.id)):all())})
  end)
end)
