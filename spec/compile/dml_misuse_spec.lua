-- SPDX-License-Identifier: MIT
-- What INSERT and UPDATE refuse, and what their values may be.
local la = require "lualchemy"
local check = require "spec.support.compiled"
local fails = require "spec.support.fails"
local tables = require "spec.support.tables"
local users, u = tables.users, tables.users.c

describe("values()", function()
  it("DML-03 are of one format in one INSERT", function()
    fails(la.exc.InvalidRequestError, "Can't mix single and multiple VALUES formats", function()
      return la.insert(users):values {{name = "a"}}:values {name = "x"}
    end)
    fails(la.exc.InvalidRequestError, "Can't mix single and multiple VALUES formats", function()
      return la.insert(users):values {name = "x"}:values {{name = "a"}}
    end)
  end)

  it("DML-08 of an UPDATE are one set, and not mixed with ordered ones", function()
    fails(la.exc.InvalidRequestError, "UPDATE construct does not support multiple parameter sets.", function()
      return la.update(users):values {{name = "a"}}
    end)
    fails(la.exc.InvalidRequestError, "This statement already has ordered values present", function()
      return la.update(users):ordered_values({u.age, 20}):values {name = "x"}
    end)
  end)

  it("DML-15 EXP-02 write null_() as NULL and bind la.null", function()
    check {
      {la.insert(users):values {name = la.null_()}, "INSERT INTO users (name) VALUES (NULL)"},
      {la.insert(users):values {name = la.null}, sqlite = "INSERT INTO users (name) VALUES (?)"},
      {la.update(users):values {name = la.null_()}, "UPDATE users SET name=NULL"},
    }
  end)

  it("DML-08 EXP-14 keep the names of columns whose values execution gives", function()
    check {{la.update(users):where(u.id:eq(la.bindparam "id")),
      "error: bindparam() name 'id' is reserved for automatic usage in the VALUES or SET clause"}}
  end)

  it("DML-15 write no column for values that are empty, but those with onupdate", function()
    local changed = la.Table("changed", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}),
      la.Column("state", la.String, {onupdate = "new"}))
    check {
      {la.update(changed):values {}, sqlite = "UPDATE changed SET state=?"},
      {la.update(changed), sqlite = "UPDATE changed SET id=?, state=?"},
    }
  end)

  it("DML-14 take hints, which SQLite does not write", function()
    check {
      {la.update(users):with_hint("INDEXED BY x"):values {name = "x"}, sqlite = "UPDATE users SET name=?"},
      {la.delete(users):with_hint("x", users, "mysql"), "DELETE FROM users"},
    }
  end)
end)

describe("lists and collections", function()
  it("EXP-03 TYP-04 take values of several kinds that the type stores", function()
    check {{u.balance:in_ {"5.50", 3}, "users.balance IN (5.50, 3.0)", literal_binds = true}}
  end)

  it("SEL-01 select the columns of a collection", function()
    check {{la.select(tables.thing.c), "SELECT main.thing.id, main.thing.x FROM main.thing"}}
  end)

  it("SEL-04 know the sides and the condition of a join", function()
    local join = users:join(tables.addresses)
    assert.equal("users.id = addresses.user_id", tostring(join.onclause))
    assert.equal("users", join.left.name)
    assert.equal("addresses", join.right.name)
  end)

  it("SEL-05 order by expressions and names alone", function()
    fails(la.exc.ArgumentError, "column expression or name expected", function()
      return la.select(u.id):order_by(5)
    end)
  end)
end)

describe("identity and constraints", function()
  it("DDL-03 make a column with an Identity NOT NULL", function()
    local t = la.Table("t", la.MetaData(), la.Column("a", la.Integer, la.Identity()))
    assert.is_false(t.c.a.nullable)
    assert.is_true(la.Column("a", la.Integer, la.Identity(), {nullable = true}).nullable)
  end)

  it("DDL-03 join a foreign key over columns of a table to that", function()
    local metadata = la.MetaData()
    local parents = la.Table("parents", metadata, la.Column("id", la.Integer, {primary_key = true}))
    local children = la.Table("children", metadata, la.Column("parent_id", la.Integer))
    local key = la.ForeignKeyConstraint({children.c.parent_id}, {parents.c.id}, {name = "fk"})
    assert.equal("ALTER TABLE children ADD CONSTRAINT fk FOREIGN KEY(parent_id) REFERENCES parents (id)",
      tostring(la.schema.AddConstraint(key)))
  end)
end)

describe("a part of JSON", function()
  it("EXP-23 is read as numbers of the type that is asked for", function()
    check {
      {u.data:at("a"):as_float(), sqlite = "CAST(JSON_EXTRACT(users.data, ?) AS FLOAT)"},
      {u.data:at("a"):as_numeric(10, 2), sqlite = "CAST(JSON_EXTRACT(users.data, ?) AS NUMERIC(10, 2))"},
    }
    assert.equal(2, u.data:at("a"):as_numeric(10, 2).type.scale)
  end)

  it("EXP-06 EXP-10 is one chain of || in a pattern", function()
    check {{u.name:contains(u.fullname .. "x"), sqlite = "users.name LIKE '%' || users.fullname || ? || '%'"}}
  end)

  it("EXP-16 is TRY_CAST only where a dialect has it", function()
    check {{la.try_cast(u.id, la.String), default = "TRY_CAST(users.id AS VARCHAR)",
      sqlite = 'error: dialect "sqlite" does not support TRY_CAST'}}
  end)
end)
