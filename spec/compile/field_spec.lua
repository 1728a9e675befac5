-- SPDX-License-Identifier: MIT
-- What expressions, FROM elements and statements tell of themselves.
local la = require "lualchemy"
local check = require "spec.support.literal"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"
local words = require "spec.support.words"
local users, addresses = words.users, words.addresses

local function names(list)
  local found = {}
  for i, each in ipairs(list) do found[i] = each.name end
  return found
end

describe("fields", function()
  it("of a column of an alias or subquery are those of the table's column", function()
    local alias, part = addresses:alias "a", la.select(addresses):subquery()
    assert.equal(tostring(alias), tostring(alias.c.id.table))
    assert.is_true(alias.c.id.primary_key)
    assert.is_false(part.c.email.primary_key)
    assert.is_true(part.c.email.nullable)
    assert.equal("users.id", part.c.user_id.foreign_keys[1].target_fullname)
    assert.equal("users.id", addresses.c.user_id:label("x").foreign_keys[1].target_fullname)
    assert.same({}, la.column("x").foreign_keys)
  end)

  it("of FROM elements: primary_key, foreign_keys, element, original", function()
    local alias = addresses:alias "a"
    assert.same({"id"}, names(alias.primary_key))
    assert.equal("users.id", alias.foreign_keys[1].target_fullname)
    assert.equal(addresses, alias.element)
    assert.equal(addresses, alias.original)
    assert.equal("a", alias.description)
    fails(la.exc.ArgumentError, 'did you mean "alias"', function() return alias.allias end)
  end)

  it("of statements: column_descriptions, returning_column_descriptions, entity_description", function()
    local described = la.select(la.func.count(users.c.id), users.c.id:label "x", addresses).column_descriptions
    assert.same({"count", "x", "id", "user_id", "email", "pos"}, names(described))
    assert.equal(users.c.id.type, described[2].type)
    assert.same({"id", "name", "id_1"}, names(la.select(users.c.id, users.c.name, addresses.c.id).column_descriptions))
    assert.same({"id"}, names(la.insert(users):returning(users.c.id).returning_column_descriptions))
    assert.equal(users, la.update(users).entity_description.table)
    local User = shop.classes().User
    assert.equal(User, la.delete(User).entity_description.entity)
    assert.equal(User, la.insert(User):returning(User.id).returning_column_descriptions[1].entity)
    fails(la.exc.ArgumentError, 'did you mean "values"', function() return la.insert(users).valuess end)
    fails(la.exc.ArgumentError, 'did you mean "where"', function() return la.select(users).wehre end)
  end)

  it("of a collection of columns by a list of names are a collection of these", function()
    assert.same({"age", "id"}, {table.unpack(users.c[{"age", "id"}]:keys())})
    check {
      {la.select(users.c[{"name", 1}]), "SELECT users.name, users.id FROM users"},
      {la.select(la.select(addresses.c.id, addresses.c.pos):subquery("s").c[{"pos"}]),
        "SELECT s.pos FROM (SELECT addresses.id AS id, addresses.pos AS pos FROM addresses) AS s"},
    }
    fails(la.exc.NoSuchColumnError, 'did you mean "name"', function() return users.c[{"id", "nmae"}] end)
    fails(la.exc.ArgumentError, "string", function() return users.c[{{}}] end)
  end)

  it("exists() takes hints for its select", function()
    check {{la.exists(users.c.id):with_hint(users, "X"):where(users.c.id:eq(1)),
      "EXISTS (SELECT users.id FROM users WHERE users.id = 1)"}}
  end)
end)
