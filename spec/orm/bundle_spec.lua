-- SPDX-License-Identifier: MIT
-- QRY-04, QRY-07: bundles, whose expressions come as one value of a row.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local fails = require "spec.support.fails"

describe("A Bundle", function()
  local s, User, Address, session
  before_each(function()
    s = shop.new():fill()
    User, Address, session = s.User, s.Address, s.session
  end)
  after_each(function() s:close() end)

  it("is one value of a row, a Row itself", function()
    local person = orm.Bundle("person", User.name, User.age)
    local rows
    assert.same({"SELECT users.name, users.age, addresses.email FROM users JOIN addresses ON users.id = addresses.user_id "
      .. "WHERE users.name = ? ORDER BY addresses.id"}, s:during(function()
      rows = session:execute(la.select(person, Address.email):join(User.addresses):where(person.c.name:eq "Ann"):order_by(Address.id)):all()
    end))
    assert.same({2, 2, "Ann", 30, "ann@two"}, {#rows, #rows[1], rows[2].person.name, rows[2].person[2], rows[2].email})
    assert.equal('(("Ann", 30), "ann@one")', tostring(rows[1]))
    assert.same({"person", "email"}, {table.unpack(session:execute(la.select(person, Address.email):join(User.addresses)):keys())})
    assert.equal("Ann", session:scalars(la.select(person):order_by(User.id)):first().name)
    assert.equal("Bob", session:query(User.id, person):order_by(User.id):all()[2].person.name)
    assert.is_nil(session:query(person):order_by(User.id:desc()):first().person.age)
  end)

  it("has labels, functions, classes and other bundles in it", function()
    local nested = orm.Bundle("n", orm.Bundle("ids", User.id, Address.id:label "address"), User, la.func.upper(User.name):label "loud")
    local row = session:execute(la.select(nested):join(User.addresses):order_by(Address.id)):first()
    assert.same({1, 1, "ANN"}, {row.n.ids.id, row.n.ids.address, row.n.loud})
    assert.equal(session:get(User, 1), row.n.User)
    assert.same({"ids", "User", "loud"}, {table.unpack(nested.c:keys())})
    assert.equal(nested.c.ids.c.id, User.id)
    assert.equal("Bundle(n: ids, User, loud)", tostring(nested))
  end)

  it("stands alone in a Query with single_entity", function()
    local person = orm.Bundle("person", User.name, User.age, {single_entity = true})
    local query = session:query(person):order_by(User.id)
    assert.same({"Ann", "Bob", "Cid"}, {query:all()[1].name, query:offset(1):first().name, query:offset(2):one().name})
    local names = {}
    for row in query:iter() do names[#names + 1] = row.name end
    assert.same({"Ann", "Bob", "Cid"}, names)
    assert.equal("Ann", session:execute(la.select(person):order_by(User.id)):first().person.name)
    assert.equal(2, #session:query(person, User.id):first())
  end)

  it("streams, and is flat in a subquery", function()
    local person = orm.Bundle("person", User.name, User.age)
    local names = {}
    for row in session:execute(la.select(person):order_by(User.id):execution_options{yield_per = 2}) do
      names[#names + 1] = row.person.name
    end
    assert.same({"Ann", "Bob", "Cid"}, names)
    local sub = la.select(person):subquery()
    assert.same({"name", "age"}, {table.unpack(sub.c:keys())})
    assert.equal(30, session:scalar(la.select(sub.c.age):where(sub.c.name:eq "Ann")))
  end)

  it("of a class of its own makes what it likes", function()
    local Joined = orm.Bundle:class "Joined" {
      create_row_processor = function(self, query, procs, labels)
        assert.equal("lualchemy.Select", (tostring(query):match "^SELECT") and "lualchemy.Select")
        return function(row)
          local parts = {}
          for i, proc in ipairs(procs) do parts[i] = labels[i] .. "=" .. tostring(proc(row)) end
          return self.name .. ":" .. table.concat(parts, ",")
        end
      end,
    }
    local stmt = la.select(Joined("j", User.name, User.age)):order_by(User.id)
    assert.same({"j:name=Ann,age=30", "j:name=Bob,age=22", "j:name=Cid,age=nil"}, {table.unpack(session:scalars(stmt):all())})
    assert.equal("k:name=Ann", session:query(Joined("j", User.name):label "k"):order_by(User.id):first().k)
    assert.same({name = "Ann", age = 30}, session:scalars(la.select(orm.DictBundle("d", User.name, User.age)):order_by(User.id)):first())
  end)

  it("passes on what a row function raises", function()
    local Bad = orm.Bundle:class "Bad" {create_row_processor = function() return function() error({mine = true}) end end}
    local ok, err = pcall(function() return session:scalars(la.select(Bad("b", User.name))):all() end)
    assert.is_false(ok)
    assert.is_true(err.mine)
    assert.equal(3, session:query(User):count())
  end)

  it("refuses what it can't hold", function()
    fails(exc.ArgumentError, "Bundle takes a name first, not a userdata", function() orm.Bundle(User.name) end)
    fails(exc.ArgumentError, 'Bundle "b" has no expressions', function() orm.Bundle "b" end)
    fails(exc.ArgumentError, "column expression", function() orm.Bundle("b", "name") end)
    fails(exc.ArgumentError, 'Bundle got an unknown keyword "single"', function() orm.Bundle("b", User.name, {single = true}) end)
    fails(exc.ArgumentError, 'a Bundle has no "nme"; did you mean "name"?', function() return orm.Bundle("b", User.name).c.nme end)
    fails(exc.ArgumentError, 'a Bundle has no "colums"; did you mean "columns"?', function() return orm.Bundle("b", User.name).colums end)
  end)
end)
