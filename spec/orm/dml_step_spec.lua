-- SPDX-License-Identifier: MIT
-- What INSERT, UPDATE and DELETE of classes write beside what they are told, and what the session's objects have afterwards.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local Column, Integer, String, ForeignKey, func = la.Column, la.Integer, la.String, la.ForeignKey, la.func

local s, session, Doc, Base, Person, Engineer, Pilot

local function during(run) return s:during(run) end

before_each(function()
  Base = orm.declarative_base()
  local id, title, short, n = Column(Integer, {primary_key = true}), Column(String), Column("short_title", String), Column(Integer)
  Doc = Base:class "Doc" {
    __tablename__ = "docs",
    id = id, title = title, short = short, n = n,
    touched = Column(Integer, {onupdate = 9}), twice = orm.column_property(n * 2), note = orm.deferred(Column(String)),
    version = Column(Integer, {nullable = false}), __mapper_args__ = {version_id_col = "version"},
  }
  Person = Base:class "Person" {__tablename__ = "people", id = Column(Integer, {primary_key = true}), kind = Column(String), name = Column(String),
    __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "person"}}
  Engineer = Person:class "Engineer" {__tablename__ = "engineers", id = Column(ForeignKey "people.id", {primary_key = true}), tool = Column(String),
    __mapper_args__ = {polymorphic_identity = "engineer"}}
  Pilot = Person:class "Pilot" {plane = Column(String), __mapper_args__ = {polymorphic_identity = "pilot"}}
  s = shop.new()
  Base.metadata:create_all(s.engine)
  session = s.session
  session:add_all {Doc{id = 1, title = "one", n = 1, note = "a"}, Doc{id = 2, title = "two", n = 2}, Person{id = 1, name = "Ann"}, Pilot{id = 2, name = "Bob"}}
  session:commit()
  s:forget()
end)
after_each(function() s:close() end)

describe("a bulk INSERT of a class", function()
  it("gives rows their first version (MAP-08, QRY-09)", function()
    local made = session:scalars(la.insert(Doc):returning(Doc), {{title = "x"}, {title = "y", n = 3}}):all()
    assert.same({1, 1}, {made[1].version, made[2].version})
    session:execute(la.insert(Doc), {{title = "z"}})
    assert.equal(1, session:scalar(la.select(Doc.version):where(Doc.title:eq "z")))
  end)

  it("takes an expression of the statement before the rows' own values, and a value after them (QRY-09)", function()
    assert.same({"INSERT INTO docs (title, n, version) VALUES (lower(?), ?, ?)"}, during(function()
      session:execute(la.insert(Doc):values {title = func.lower "T", n = 7}, {{title = "q", n = 1}, {title = "p", n = 2}})
    end))
    assert.same({1, 2}, session:scalars(la.select(Doc.n):where(Doc.title:eq "t"):order_by(Doc.id)):all())
    session:execute(la.insert(Engineer):values {name = func.upper "eve", tool = "pen"}, {{id = 7, name = "q"}, {id = 8, tool = "saw"}})
    local eves = session:scalars(la.select(Engineer):where(Engineer.name:eq "EVE"):order_by(Engineer.id)):all()
    assert.same({"pen", "saw"}, {eves[1].tool, eves[2].tool})
  end)

  it("returns the rows of several tables in the order of the parameters (DML-20, MAP-02)", function()
    local rows = {{id = 30, tool = "a"}, {id = 10, tool = "b"}, {id = 20, tool = "c"}}
    assert.same({30, 10, 20}, session:scalars(la.insert(Engineer):returning(Engineer.id, {sort_by_parameter_order = true}), rows):all())
  end)
end)

describe("a bulk UPDATE by key", function()
  it("goes by key alone in a class that shares its base's table (QRY-11, MAP-01)", function()
    assert.same({"UPDATE people SET name=? WHERE people.id = ?"}, during(function()
      session:execute(la.update(Pilot), {{id = 1, name = "Ada"}, {id = 2, name = "Bo"}})
    end))
    assert.equal("Ada", session:get(Person, 1).name)
  end)

  it("checks versions, and counts them up (QRY-11, MAP-08)", function()
    fails(exc.InvalidRequestError, 'a row to update in bulk has no "version"', function() session:execute(la.update(Doc), {{id = 1, n = 5}}) end)
    assert.same({"UPDATE docs SET n=?, touched=?, version=? WHERE docs.id = ? AND docs.version = ?"}, during(function()
      session:execute(la.update(Doc), {{id = 1, n = 5, version = 1}, {id = 2, n = 6, version = 1}})
    end))
    fails(exc.StaleDataError, "expected to update 1 row(s); 0 were matched", function()
      session:execute(la.update(Doc), {{id = 1, n = 5, version = 1}})
    end)
  end)

  it("has the statement's own values and conditions beside the keys (QRY-11)", function()
    local statement = la.update(Doc):where(Doc.title:ne(la.bindparam "but")):values {short = func.lower "S"}
    assert.same({"UPDATE docs SET short_title=lower(?), n=?, touched=?, version=? WHERE docs.title != ? AND docs.id = ? AND docs.version = ?"},
      during(function()
        local rows = {{id = 1, n = 5, version = 1, but = "two"}, {id = 2, n = 6, version = 1, but = "two"}}
        local result = session:execute(statement, rows, {execution_options = {synchronize_session = false}})
        assert.equal(1, result.rowcount, "rows that matched")
      end))
    assert.same({"s", la.null}, session:scalars(la.select(Doc.short):order_by(Doc.id)):all())
    fails(exc.InvalidRequestError, "No primary key value supplied", function()
      session:execute(statement, {{n = 5, version = 1, but = "two"}}, {execution_options = {synchronize_session = false}})
    end)
  end)

  it("gives the session's objects their values without reading them (QRY-11)", function()
    local one, two = session:get(Doc, 1), session:get(Doc, 2)
    session.autoflush = false
    two.title = "changed here"
    session:execute(la.update(Doc), {{id = 1, title = "new", n = 8, version = 1}, {id = 2, title = "new", n = 4, version = 1}})
    assert.same({}, during(function() assert.same({"new", 8}, {one.title, one.n}) end))
    assert.same({1, 1}, {#during(function() assert.same({2, 9, 16}, {one.version, one.touched, one.twice}) end),
      #during(function() assert.same({"new", 4}, {two.title, two.n}) end)}, "what the database made, and what had changed, is read")
  end)
end)

describe("an UPDATE of a class", function()
  it("that sets a column of its base's table names the table (MAP-02)", function()
    fails(exc.CompileError, "Backend does not support additional tables in the SET clause; cannot include columns from table(s) 'people' in SET clause",
      function() session:execute(la.update(Engineer):values {name = "x", tool = "y"}) end)
    fails(exc.CompileError, "cannot include columns from table(s) 'people'", function() la.update(Doc):values {[Person.name] = "x"}:compile() end)
  end)

  it("fills what is expired with what it returns (QRY-12)", function()
    local one = session:get(Doc, 1)
    local _ = session:get(Doc, 2).n
    session:expire(one)
    local found = session:scalars(la.update(Doc):values {n = Doc.n + 1}:returning(Doc)):all()
    assert.same({2, 3, 4}, {one.n, found[2].n, one.twice})
  end)

  it("gives each attribute the value that the old ones make (QRY-12)", function()
    local one = session:get(Doc, 1)
    session:execute(la.update(Doc):where(Doc.id:eq(1)):values {title = "new", short = Doc.title, n = 40, touched = Doc.n})
    assert.same({}, during(function() assert.same({"new", "one", 40, 1}, {one.title, one.short, one.n, one.touched}) end))
    assert.equal(80, one.twice, "an expression of columns is read again")
  end)

  it("has read again what it may have changed in an object too little of which is loaded (QRY-12)", function()
    local one, two = session:get(Doc, 1), session:get(Doc, 2)
    session:expire(two, {"n"})
    session:execute(la.update(Doc):where(Doc.note:eq "a"):values {title = "noted"})
    session:execute(la.update(Doc):where(Doc.n:eq(2)):values {short = "two's"})
    assert.same({"noted", "two", "two's"}, {one.title, two.title, two.short})
    assert.equal("a", one.note)
  end)
end)

describe("a DELETE of a class", function()
  it("leaves no object of it that too little is loaded of to tell (QRY-12)", function()
    local one, two = session:get(Doc, 1), session:get(Doc, 2)
    session:execute(la.delete(Doc):where(Doc.note:eq "a"))
    fails(exc.ObjectDeletedError, "has been deleted, or its row is otherwise not present", function() return one.title end)
    assert.equal("two", two.title)
    session:expire(two)
    assert.equal(two, session:scalars(la.delete(Doc):where(Doc.n:eq(2)):returning(Doc)):one())
    assert.same({"two", true}, {two.title, la.inspect(two).deleted})
  end)

  it("returns objects that are deleted, also those that the session did not have (QRY-12)", function()
    local found = session:scalars(la.delete(Doc):returning(Doc)):all()
    assert.same({"one", "two", true, true, 0}, {found[1].title, found[2].title, la.inspect(found[1]).deleted, la.inspect(found[2]).deleted,
      #session.dirty})
    session:rollback()
    assert.is_true(la.inspect(found[1]).persistent)
    assert.equal("one", found[1].title)
  end)
end)

describe("session:get()", function()
  it("does not read an object that is expired in part (UOW-18)", function()
    local one = session:get(Doc, 1)
    session:expire(one, {"title"})
    assert.same({}, during(function() assert.equal(one, session:get(Doc, 1)) end))
    session:expire(one)
    assert.equal(1, #during(function() session:get(Doc, 1) end))
  end)

  it("flushes nothing where an object of another class has the key (UOW-18)", function()
    local ann = session:get(Person, 1)
    ann.name = "Anna"
    assert.same({}, during(function() assert.is_nil(session:get(Pilot, 1)) end))
  end)

  it("marks an object deleted whose row is gone, until the transaction ends (UOW-18)", function()
    local one = session:get(Doc, 1)
    session:execute(la.delete(Doc), nil, {execution_options = {synchronize_session = false}})
    session:expire(one)
    assert.is_nil(session:get(Doc, 1))
    assert.is_true(la.inspect(one).deleted)
    session:rollback()
    assert.is_true(la.inspect(one).persistent)
    assert.equal("one", one.title)
  end)
end)
