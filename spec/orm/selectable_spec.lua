-- SPDX-License-Identifier: MIT
-- Classes that are mapped to something else than one table with a key.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"
require "spec.support.sql"

describe("a class mapped to a select (DEC-13)", function()
  local s
  before_each(function() s = shop.new():fill() end)
  after_each(function() s:close() end)

  local function summary()
    local totals = la.select(s.User.id, s.User.name, la.func.count(s.Address.id):label "amount"):join(s.User.addresses):group_by(s.User.id)
      :subquery "totals"
    return s.Base:class "Summary" {
      __table__ = totals,
      __mapper_args__ = {primary_key = {totals.c.id}},
      text = function(self) return self.name .. ": " .. self.amount end,
    }
  end

  it("reads its objects from it", function()
    local Summary = summary()
    assert.sql(la.select(Summary):where(Summary.amount:gt(1)), "SELECT totals.id, totals.name, totals.amount FROM (SELECT users.id AS id, " ..
      "users.name AS name, count(addresses.id) AS amount FROM users JOIN addresses ON users.id = addresses.user_id GROUP BY users.id) AS totals " ..
      "WHERE totals.amount > :amount_1")
    local all = s.session:scalars(la.select(Summary):order_by(Summary.amount)):all()
    assert.same({"Bob: 1", "Ann: 2"}, {all[1]:text(), all[2]:text()})
    assert.equal(all[2], s.session:get(Summary, 1))
    s.session:expire(all[2])
    assert.equal(2, all[2].amount)
    local other = orm.aliased(Summary)
    assert.equal(all[1], s.session:scalars(la.select(other):where(other.name:eq "Bob")):one())
    assert.is_false(s.Base.metadata.tables["totals"] ~= nil)
  end)

  it("does not write them", function()
    local Summary = summary()
    s.session:add(Summary{id = 9, name = "x"})
    fails(exc.InvalidRequestError, "objects of class Summary can't be written: it is mapped to a select", function() s.session:flush() end)
    s.session:rollback()
    s.session:get(Summary, 1).name = "y"
    fails(exc.InvalidRequestError, "can't be written", function() s.session:flush() end)
    s.session:rollback()
    s.session:delete(s.session:get(Summary, 1))
    fails(exc.InvalidRequestError, "can't be written", function() s.session:flush() end)
    s.session:rollback()
  end)

  it("may be a join with something else than tables, whose columns have the names that the join gives them", function()
    local joined = s.User.__table__:join(la.select(s.Address):subquery "addresses")
    local Entry = s.Base:class "Entry" {__table__ = joined, __mapper_args__ = {primary_key = {"addresses_id"}}}
    local entry = s.session:scalars(la.select(Entry):where(Entry.addresses_email:eq "bob@one")):one()
    assert.equal("Bob", entry.users_name)
    assert.equal(3, s.session:query(Entry):count())
  end)

  it("has the keys and foreign keys of the columns that it gives", function()
    local late = la.select(s.Address.id, s.Address.user_id):where(s.Address.id:gt(1)):subquery "late"
    local Late = s.Base:class "Late" {__table__ = late, user = orm.relationship "User"}
    local all = s.session:scalars(la.select(Late):order_by(Late.id)):all()
    assert.same({"Ann", "Bob"}, {all[1].user.name, all[2].user.name})
    assert.equal(all[1], s.session:get(Late, 2))
  end)

  it("says what it can't be mapped to", function()
    fails(exc.ArgumentError, "class Odd: __table__ is a Table, a subquery or a join, not 5", function() s.Base:class "Odd" {__table__ = 5} end)
    fails(exc.ArgumentError, "could not assemble any primary key columns for mapped table 'odd'", function()
      s.Base:class "Odd" {__table__ = la.select(la.literal(1):label "x"):subquery "odd"}
    end)
  end)
end)

describe("a table or view without a primary key", function()
  it("is mapped by columns that tell its rows apart (DEC-13)", function()
    local s = shop.new():fill()
    s.session:execute(la.text "CREATE VIEW people AS SELECT id AS number, name FROM users")
    local Person = s.Base:class "Person" {
      __tablename__ = "people",
      number = la.Column(la.Integer), name = la.Column(la.String),
      __mapper_args__ = {primary_key = {"number"}},
    }
    assert.equal("Bob", s.session:get(Person, 2).name)
    assert.equal(s.session:get(Person, 1), s.session:scalars(la.select(Person):where(Person.name:eq "Ann")):one())
    s:close()
  end)
end)
