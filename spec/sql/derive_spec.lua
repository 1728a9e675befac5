-- SPDX-License-Identifier: MIT
-- What FROM elements and selects are made of.
local la = require "lualchemy"
local fails = require "spec.support.fails"
local words = require "spec.support.words"
local addresses, users = words.addresses, words.users

describe("what FROM elements are made of", function()
  it("SEL-21 finds the column that comes from another", function()
    local inner = la.select(users.c.id:label "who", (users.c.age + 1):label "older"):subquery "within"
    local outer = la.select(inner):cte "around"
    assert.equal("within.who", tostring(inner:corresponding_column(users.c.id)))
    assert.equal("around.who", tostring(outer:corresponding_column(users.c.id)))
    assert.equal("around.who", tostring(outer:corresponding_column(inner.c.who)))
    assert.equal("around.older", tostring(outer:corresponding_column(inner.c.older)))
    assert.is_nil(outer:corresponding_column(users.c.name))
    assert.is_nil(inner:corresponding_column(addresses.c.id))
  end)

  it("SEL-21 finds columns of tables, aliases, joins and selects", function()
    local alias = users:alias "u"
    assert.equal("u.name", tostring(alias:corresponding_column(users.c.name)))
    local join = users:join(addresses)
    assert.equal(addresses.c.id, join:corresponding_column(addresses.c.id))
    local stmt = la.select(users.c.id, users.c.name)
    assert.equal(users.c.name, stmt:corresponding_column(users.c.name))
    assert.is_nil(stmt:corresponding_column(users.c.age))
  end)

  it("SEL-21 says whether it is made of another", function()
    local alias = users:alias "u"
    local sub = la.select(alias.c.id):join(addresses, la.true_()):subquery()
    assert.is_true(sub:is_derived_from(alias))
    assert.is_true(sub:is_derived_from(users))
    assert.is_true(sub:is_derived_from(addresses))
    assert.is_true(sub:is_derived_from(sub))
    assert.is_false(sub:is_derived_from(words.orders))
    assert.is_false(users:alias():is_derived_from(alias))
    assert.is_true(la.union(la.select(users.c.id), la.select(addresses.c.id)):is_derived_from(addresses))
  end)

  it("SEL-01 selects everything by a star, the one text that needs no declaration", function()
    assert.equal("SELECT *, users.id FROM users", tostring(la.select("*", users.c.id)))
    assert.equal("SELECT * FROM users", tostring(la.select("*"):select_from(users)))
    fails(la.exc.ArgumentError, "a text is declared by text() or column()", function() la.select "users.*" end)
  end)

  it("SEL-21 lists what a select selects", function()
    local stmt = la.select(users.c.id, la.text "foo", addresses)
    assert.equal(5, #stmt.inner_columns)
    assert.equal(users.c.id, stmt.inner_columns[1])
    assert.equal(addresses.c.pos, stmt.inner_columns[5])
  end)

  it("SEL-21 gives a subquery the columns of an alias of a subquery within a join", function()
    local mails = la.select(addresses.c.pos:label "mail"):subquery "mails"
    local outer = la.select(la.join(users, mails:alias "again", la.true_())):subquery "outer_part"
    local keys = outer.c:keys()
    assert.equal("mail", keys[#keys])
    assert.equal("outer_part.mail", tostring(outer.c.mail))
  end)

  it("SEL-21 refuses what is no column or FROM element", function()
    local stmt = la.select(users.c.id)
    fails(la.exc.ArgumentError, "column expected", function() return stmt:corresponding_column("id") end)
    fails(la.exc.ArgumentError, "FROM clause or SELECT expected", function() return stmt.corresponding_column({}, users.c.id) end)
    fails(la.exc.ArgumentError, "bad argument", function() return stmt:is_derived_from(5) end)
  end)
end)
