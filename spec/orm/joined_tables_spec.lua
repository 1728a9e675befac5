-- SPDX-License-Identifier: MIT
-- Classes that are mapped to a join of tables: their objects have a row in each.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"
require "spec.support.sql"

--- The tables "people", "mails" of people, and "flags" of mails, with a class of the first two.
local function world()
  local Base = orm.declarative_base()
  local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey
  local people = la.Table("people", Base.metadata, Column("id", Integer, {primary_key = true}), Column("name", String))
  local mails = la.Table("mails", Base.metadata, Column("id", Integer, {primary_key = true}),
    Column("person_id", Integer, ForeignKey "people.id"), Column("text", String))
  local flags = la.Table("flags", Base.metadata, Column("mail_id", Integer, ForeignKey "mails.id", {primary_key = true}),
    Column("kind", String, {server_default = "plain"}))
  local Sender = Base:class "Sender" {
    __table__ = people:join(mails),
    id = orm.column_property(people.c.id, mails.c.person_id),
    mail_id = mails.c.id,
  }
  return {Base = Base, people = people, mails = mails, flags = flags, Sender = Sender}
end

describe("a class mapped to a join (DEC-13)", function()
  local s, Sender
  before_each(function()
    s = shop.open(world())
    Sender = s.Sender
  end)
  after_each(function() s:close() end)

  local function added()
    local sender = Sender{name = "Ann", text = "hello"}
    s.session:add(sender)
    s.session:commit()
    s:forget()
    return sender
  end

  it("selects all columns, and knows its objects by the keys of both tables", function()
    assert.sql(la.select(Sender), "SELECT people.id, mails.person_id, people.name, mails.id AS id_1, mails.text FROM people " ..
      "JOIN mails ON people.id = mails.person_id")
    assert.sql(la.select(Sender.mail_id):where(Sender.id:eq(3)), "SELECT mails.id FROM people JOIN mails ON people.id = mails.person_id " ..
      "WHERE people.id = :id_1")
    assert.same({s.people.c.id, s.mails.c.id}, la.inspect(Sender).primary_key)
    assert.same({s.people, s.mails}, la.inspect(Sender).tables)
    assert.same({s.people.c.id, s.mails.c.person_id}, la.inspect(Sender).attrs.id.columns)
    local sender = added()
    assert.equal(sender, s.session:get(Sender, {1, 1}))
    assert.equal("JOIN", tostring(Sender.__table__):match "JOIN")
  end)

  it("inserts a row into each table, the one that is referred to first", function()
    assert.same({"INSERT INTO people (name) VALUES (?)", "INSERT INTO mails (person_id, text) VALUES (?, ?)"}, s:during(function()
      local sender = Sender{name = "Ann", text = "hello"}
      s.session:add(sender)
      s.session:flush()
      assert.same({1, 1}, {sender.id, sender.mail_id})
    end))
    local other = s.Base:class "Other" {
      __table__ = s.mails:join(s.people), mail_id = s.mails.c.id, id = orm.column_property(s.people.c.id, s.mails.c.person_id),
    }
    assert.same({"INSERT INTO people (name) VALUES (?)", "INSERT INTO mails (person_id, text) VALUES (?, ?)"}, s:during(function()
      s.session:add(other{name = "Bob", text = "hi"})
      s.session:flush()
    end))
    assert.same({2, "hi"}, {table.unpack(s.session:execute(la.select(s.mails.c.person_id, s.mails.c.text):where(s.mails.c.id:eq(2))):one())})
  end)

  it("updates the tables whose columns have changed", function()
    local sender = added()
    local _ = sender.name
    sender.text = "bye"
    assert.same({"UPDATE mails SET text=? WHERE mails.id = ?"}, s:during(function() s.session:flush() end))
    sender.name, sender.text = "Eve", "again"
    assert.same({"UPDATE people SET name=? WHERE people.id = ?", "UPDATE mails SET text=? WHERE mails.id = ?"},
      s:during(function() s.session:flush() end))
    s.session:commit()
    assert.same({"Eve", "again"}, {sender.name, sender.text})
  end)

  it("deletes the rows in reverse", function()
    local sender = added()
    local _ = sender.name
    s.session:delete(sender)
    assert.same({"DELETE FROM mails WHERE mails.id = ?", "DELETE FROM people WHERE people.id = ?"}, s:during(function() s.session:flush() end))
  end)

  it("may have three tables, one of which makes a value", function()
    local Flagged = s.Base:class "Flagged" {
      __table__ = s.people:join(s.mails):join(s.flags),
      id = orm.column_property(s.people.c.id, s.mails.c.person_id),
      mail_id = orm.column_property(s.mails.c.id, s.flags.c.mail_id),
    }
    assert.same({s.people.c.id, s.mails.c.id}, la.inspect(Flagged).primary_key)
    local flagged = Flagged{name = "Ann", text = "hello"}
    s.session:add(flagged)
    assert.same({"INSERT INTO people (name) VALUES (?)", "INSERT INTO mails (person_id, text) VALUES (?, ?)",
      "INSERT INTO flags (mail_id) VALUES (?) RETURNING kind"}, s:during(function() s.session:flush() end))
    assert.equal("plain", flagged.kind)
    flagged.kind, flagged.name = "red", "Eve"
    assert.same({"UPDATE people SET name=? WHERE people.id = ?", "UPDATE flags SET kind=? WHERE flags.mail_id = ?"},
      s:during(function() s.session:flush() end))
    s.session:delete(flagged)
    s:forget()
    s.session:flush()
    assert.equal(3, #s:sent())
  end)

  it("has relationships by the columns of either table, and aliases", function()
    local Note = s.Base:class "Note" {
      __tablename__ = "notes", id = la.Column(la.Integer, {primary_key = true}), mail_id = la.Column(la.Integer, la.ForeignKey "mails.id"),
      sender = orm.relationship("Sender", {back_populates = "notes"}),
    }
    Sender.notes = orm.relationship("Note", {back_populates = "sender"})
    s.Base.metadata:create_all(s.engine)
    s.session:add(Note{sender = Sender{name = "Ann", text = "hello"}})
    s.session:commit()
    local alias = orm.aliased(Sender)
    local found = s.session:scalars(la.select(Sender):options(orm.selectinload(Sender.notes))):one()
    assert.equal(found, found.notes[1].sender)
    assert.equal(found, s.session:scalars(la.select(alias):join(alias.notes):where(alias.text:eq "hello")):one())
    assert.sql(la.select(Sender.name):join(Sender.notes), "SELECT people.name FROM people JOIN mails ON people.id = mails.person_id " ..
      "JOIN notes ON mails.id = notes.mail_id")
  end)

  it("is written in bulk, and by INSERT of rows", function()
    s.session:execute(la.insert(Sender), {{name = "Ann", text = "a"}, {name = "Bob", text = "b"}})
    s.session:bulk_save_objects {Sender{name = "Cid", text = "c"}}
    s.session:execute(la.update(Sender), {{id = 2, mail_id = 2, text = "B"}})
    local rows = {}
    for sender in s.session:scalars(la.select(Sender):order_by(Sender.id)):iter() do
      rows[#rows + 1] = ("%d %d %s %s"):format(sender.id, sender.mail_id, sender.name, sender.text)
    end
    assert.same({"1 1 Ann a", "2 2 Bob B", "3 3 Cid c"}, rows)
  end)

  it("has a subclass with a table of its own", function()
    local Boss = Sender:class "Boss" {
      __tablename__ = "bosses", mail_id = la.Column(la.Integer, la.ForeignKey "mails.id", {primary_key = true}), rank = la.Column(la.Integer),
    }
    s.Base.metadata:create_all(s.engine)
    s.session:add(Boss{name = "Ann", text = "hello", rank = 3})
    s.session:commit()
    s.session:expunge_all()
    assert.same({"Ann", 3}, {s.session:scalars(la.select(Boss)):one().name, s.session:scalars(la.select(Boss)):one().rank})
  end)

  it("must tell columns of the same name apart", function()
    fails(exc.InvalidRequestError, "Implicitly combining column people.id with column mails.id under attribute 'id'.  Please configure one " ..
      "or more attributes for these same-named columns explicitly.", function() s.Base:class "Bad" {__table__ = s.people:join(s.mails)} end)
    fails(exc.ArgumentError, "Column 'kind' is not a column of a table of mapper 'Bad'", function()
      s.Base:class "Bad" {__table__ = s.people:join(s.mails), id = orm.column_property(s.people.c.id, s.flags.c.kind), mail_id = s.mails.c.id}
    end)
    fails(exc.ArgumentError, "what follows its first column are columns with the same value, and a table of options; not 5", function()
      orm.column_property(s.people.c.id, 5)
    end)
  end)

  it("is no target of UPDATE and DELETE with criteria", function()
    local message = "class Sender is mapped to a join: INSERT, UPDATE and DELETE name a table, such as 'people', not the class"
    fails(exc.InvalidRequestError, message, function() s.session:execute(la.update(Sender):where(Sender.id:eq(1)):values {name = "x"}) end)
    fails(exc.InvalidRequestError, message, function() s.session:execute(la.delete(Sender)) end)
  end)
end)
