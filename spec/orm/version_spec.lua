-- SPDX-License-Identifier: MIT
-- Versions of rows, foreign keys written afterwards, and values that the database makes.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey

local s
after_each(function() if s then s:close() end s = nil end)

--- A recording session with the tables of `base`.
local function open(base)
  s = shop.new()
  base.metadata:create_all(s.engine)
  s:forget()
  return s.session
end

local function flushed() return s:during(function() s.session:flush() end) end

local function doc_class(arguments, version)
  local Base = orm.declarative_base()
  return Base:class "Doc" {
    __tablename__ = "docs",
    id = Column(Integer, {primary_key = true}),
    n = Column(Integer),
    version = version and version() or Column(Integer, {nullable = false}),
    __mapper_args__ = arguments,
  }, Base
end

describe("a version", function()
  it("comes from a function of the program (UOW-129, MAP-08)", function()
    local seen = {}
    local Doc, Base = doc_class({version_id_col = "version", version_id_generator = function(old)
      seen[#seen + 1] = old or "new"
      return (old or "") .. "v"
    end}, function() return Column(String, {nullable = false}) end)
    local session = open(Base)
    local doc = Doc{n = 1}
    session:add(doc)
    session:flush()
    assert.equal("v", doc.version)
    doc.n = 2
    assert.same({"UPDATE docs SET n=?, version=? WHERE docs.id = ? AND docs.version = ?"}, flushed())
    assert.equal("vv", doc.version)
    assert.same({"new", "v"}, seen)
  end)

  it("is read with every object, load_only or defer, so that the UPDATE compares what the object was read with", function()
    local Doc, Base = doc_class {version_id_col = "version"}
    local session = open(Base)
    session:add_all {Doc{n = 1}, Doc{n = 2}}
    session:commit()
    local first = session:query(Doc):filter_by{n = 1}:options(orm.load_only(Doc.n)):one()
    local second = session:query(Doc):filter_by{n = 2}:options(orm.defer(Doc.version)):one()
    session:execute(la.text "UPDATE docs SET version = 7 WHERE n = 2")
    first.n = 3
    assert.same({"UPDATE docs SET n=?, version=? WHERE docs.id = ? AND docs.version = ?"}, flushed())
    second.n = 4
    fails(orm.exc.StaleDataError, "expected to update 1 row(s); 0 were matched", function() session:flush() end)
  end)

  it("of the database comes back with INSERT and UPDATE (UOW-129, MAP-08)", function()
    local Doc, Base = doc_class({version_id_col = "version", version_id_generator = false},
      function() return Column(Integer, {server_default = "1", server_onupdate = la.FetchedValue()}) end)
    local session = open(Base)
    session:execute(la.text "CREATE TRIGGER up AFTER UPDATE OF n ON docs BEGIN UPDATE docs SET version = old.version + 10 WHERE id = old.id; END")
    session:commit()
    s:forget()
    local doc = Doc{n = 1}
    session:add(doc)
    assert.same({"INSERT INTO docs (n) VALUES (?) RETURNING id, version"}, flushed())
    assert.same({}, s:during(function() assert.equal(1, doc.version) end))
    doc.n = 2
    assert.same({"UPDATE docs SET n=? WHERE docs.id = ? AND docs.version = ? RETURNING version"}, flushed())
    assert.same({}, s:during(function() return doc.version end))
  end)

  it("is the program's own with version_id_generator = false, and checked (UOW-129)", function()
    local Doc, Base = doc_class{version_id_col = "version", version_id_generator = false}
    local session = open(Base)
    local doc = Doc{n = 1, version = 5}
    session:add(doc)
    session:commit()
    doc.n, doc.version = 2, 6
    session:commit()
    assert.equal(6, doc.version)
    doc.n = 3
    session:commit()
    assert.equal(6, doc.version)
    session:execute(la.text "UPDATE docs SET version = 7")
    doc.n = 4
    fails(exc.StaleDataError, "UPDATE statement on table 'docs' expected to update 1 row(s); 0 were matched.", function() session:flush() end)
  end)

  it("that a new object was given does not replace the first one of the counter", function()
    local Doc, Base = doc_class{version_id_col = "version"}
    local session = open(Base)
    local doc = Doc{n = 1, version = 40}
    session:add(doc)
    session:commit()
    assert.equal(1, doc.version)
  end)

  it("has a generator that is a function or false", function()
    fails(exc.ArgumentError, "version_id_generator is a function of the old version, or false", function()
      doc_class{version_id_col = "version", version_id_generator = 3}
    end)
  end)

  it("is not raised by an error of its generator, which passes through", function()
    local Doc, Base = doc_class{version_id_col = "version", version_id_generator = function(old)
      if old then error("no versions today", 0) end
      return 1
    end}
    local session = open(Base)
    local doc = Doc{n = 1}
    session:add(doc)
    session:commit()
    doc.n = 2
    local ok, err = pcall(session.flush, session)
    assert.is_false(ok)
    assert.equal("no versions today", err)
    session:rollback()
    assert.same({1, 1}, {doc.n, doc.version})
  end)
end)

describe("a version that is not loaded", function()
  it("is read before its row is changed or deleted (UOW-127)", function()
    local Doc, Base = doc_class{version_id_col = "version"}
    local session = open(Base)
    local doc = Doc{n = 1}
    session:add(doc)
    session:commit()
    doc.n = 2
    local sent = flushed()
    assert.truthy(sent[1]:find("^SELECT .*docs%.version"))
    assert.same({sent[1], "UPDATE docs SET n=?, version=? WHERE docs.id = ? AND docs.version = ?"}, sent)
    session:expire(doc)
    session:delete(doc)
    assert.same({"SELECT docs.id, docs.n, docs.version FROM docs WHERE docs.id = ?",
      "DELETE FROM docs WHERE docs.id = ? AND docs.version = ?"}, flushed())
  end)
end)

describe("a row that a new object takes over", function()
  it("keeps counting its version (UOW-47, UOW-127)", function()
    local Doc, Base = doc_class{version_id_col = "version"}
    local session = open(Base)
    local doc = Doc{id = 1, n = 1}
    session:add(doc)
    session:commit()
    doc.n = 2
    session:commit()
    session:delete(doc)
    local new = Doc{id = 1, n = 3}
    session:no_autoflush(function() session:add(new) end)
    assert.same({"UPDATE docs SET n=?, version=? WHERE docs.id = ? AND docs.version = ?"}, {flushed()[2]})
    assert.equal(3, new.version)
    session:commit()
    assert.same({3, 3}, {new.n, new.version})
  end)
end)

describe("post_update", function()
  local function person_class(arguments)
    local Base = orm.declarative_base()
    local calls = 0
    local Person = Base:class "Person" {
      __tablename__ = "people",
      id = Column(Integer, {primary_key = true}),
      n = Column(Integer),
      edits = Column(Integer, {onupdate = function() calls = calls + 1 return calls end}),
      version = Column(Integer),
      favorite_id = Column(Integer, ForeignKey "people.id"),
      favorite = orm.relationship("Person", {remote_side = "Person.id", post_update = true}),
      __mapper_args__ = arguments,
    }
    return Person, Base
  end

  it("sends one UPDATE for all rows, with onupdate values (UOW-126, REL-17)", function()
    local Person, Base = person_class()
    local session = open(Base)
    local a, b, c = Person{n = 1}, Person{n = 2}, Person{n = 3}
    a.favorite, b.favorite = b, a
    session:add_all{a, b, c}
    assert.same({"INSERT INTO people (n, edits, version, favorite_id) VALUES (?, ?, ?, ?)", "UPDATE people SET edits=?, favorite_id=? WHERE people.id = ?"},
      flushed())
    assert.same({1, 2}, {a.edits, b.edits})
    assert.is_nil(c.edits)
    assert.same({b.id, a.id}, {a.favorite_id, b.favorite_id})
  end)

  it("checks the version of a new row and raises that of an old one (UOW-126)", function()
    local Person, Base = person_class{version_id_col = "version"}
    local session = open(Base)
    local a, b = Person{n = 1}, Person{n = 2}
    a.favorite, b.favorite = b, a
    session:add_all{a, b}
    session:flush()
    assert.same({1, 1}, {a.version, b.version})
    a.n, a.favorite = 5, nil
    assert.same({
      "UPDATE people SET n=?, edits=?, version=? WHERE people.id = ? AND people.version = ?",
      "UPDATE people SET edits=?, version=?, favorite_id=? WHERE people.id = ? AND people.version = ?",
    }, flushed())
    assert.equal(3, a.version)
    session:delete(a)
    session:delete(b)
    session:commit()
    assert.equal(0, session:query(Person):count())
  end)
end)

describe("values that the database makes", function()
  local function class_of(eager)
    local Base = orm.declarative_base()
    local Doc = Base:class "Doc" {
      __tablename__ = "docs",
      id = Column(Integer, {primary_key = true}),
      n = Column(Integer),
      state = Column(String, {server_default = "draft"}),
      name = Column(String, {default = la.func.lower "XY"}),
      edited = Column(String, {onupdate = la.func.lower "AB"}),
      stamp = Column(String, {server_onupdate = la.FetchedValue()}),
      __mapper_args__ = {eager_defaults = eager},
    }
    return Doc, Base
  end

  local function sends(eager)
    local Doc, Base = class_of(eager)
    local session = open(Base)
    local doc = Doc{n = 1}
    session:add(doc)
    local insert = flushed()
    local after_insert = s:during(function() assert.same({"draft", "xy"}, {doc.state, doc.name}) end)
    doc.n = 2
    local update = flushed()
    local after_update = s:during(function() assert.same({"ab", nil}, {doc.edited, doc.stamp}) end)
    return {insert, after_insert, update, after_update}
  end

  it("come with the INSERT and are read after an UPDATE, by default (UOW-50, MAP-09)", function()
    local expected = {
      {"INSERT INTO docs (n, name, edited, stamp) VALUES (?, lower(?), ?, ?) RETURNING id, state, name"}, {},
      {"UPDATE docs SET n=?, edited=lower(?) WHERE docs.id = ?"}, {"SELECT docs.edited, docs.stamp FROM docs WHERE docs.id = ?"},
    }
    assert.same(expected, sends "auto")
    assert.same(expected, sends(nil))
  end)

  it("come with both where eager_defaults is true (UOW-50, MAP-09)", function()
    assert.same({
      {"INSERT INTO docs (n, name, edited, stamp) VALUES (?, lower(?), ?, ?) RETURNING id, state, name"}, {},
      {"UPDATE docs SET n=?, edited=lower(?) WHERE docs.id = ? RETURNING edited, stamp"}, {},
    }, sends(true))
  end)

  it("are read when asked for where it is false (UOW-50, MAP-09)", function()
    assert.same({
      {"INSERT INTO docs (n, name, edited, stamp) VALUES (?, lower(?), ?, ?)"}, {"SELECT docs.state, docs.name FROM docs WHERE docs.id = ?"},
      {"UPDATE docs SET n=?, edited=lower(?) WHERE docs.id = ?"}, {"SELECT docs.edited, docs.stamp FROM docs WHERE docs.id = ?"},
    }, sends(false))
  end)

  it("are fetched as eager_defaults says: true, false or \"auto\"", function()
    fails(exc.ArgumentError, "eager_defaults is true, false or \"auto\", not 3", function() class_of(3) end)
  end)
end)

describe("a column_property of an expression", function()
  local function box_class(options)
    local Base = orm.declarative_base()
    local Box = Base:class "Box" {
      __tablename__ = "boxes",
      id = Column(Integer, {primary_key = true}),
      width = Column(Integer),
    }
    Box.area = orm.column_property(Box.width * Box.width, options)
    return Box, Base
  end

  it("is read again after a flush of its object (UOW-51)", function()
    local Box, Base = box_class()
    local session = open(Base)
    local box = Box{width = 2}
    session:add(box)
    session:flush()
    assert.equal(1, #s:during(function() assert.equal(4, box.area) end))
    box.width = 3
    session:flush()
    assert.equal(1, #s:during(function() assert.equal(9, box.area) end))
  end)

  it("keeps its value with expire_on_flush = false (UOW-51)", function()
    local Box, Base = box_class{expire_on_flush = false}
    local session = open(Base)
    local box = Box{width = 2}
    session:add(box)
    session:flush()
    assert.equal(4, box.area)
    box.width = 3
    session:flush()
    assert.same({}, s:during(function() assert.equal(4, box.area) end))
  end)
end)

describe("an INSERT that makes no row", function()
  it("is an error where its key is wanted (UOW-56)", function()
    local Doc, Base = doc_class()
    local session = open(Base)
    session:execute(la.text "CREATE TRIGGER none BEFORE INSERT ON docs BEGIN SELECT RAISE(IGNORE); END")
    session:commit()
    session:add(Doc{n = 1, version = 1})
    fails(exc.FlushError, "Single-row INSERT statement for Doc did not produce a new primary key result being invoked.  Ensure there are no triggers",
      function() session:flush() end)
    session:rollback()
  end)
end)

describe("an SQL expression as the value of an attribute", function()
  local function counter_class()
    local Base = orm.declarative_base()
    local Counter = Base:class "Counter" {__tablename__ = "counters", id = Column(Integer, {primary_key = true}), n = Column(Integer)}
    local Pair = Base:class "Pair" {__tablename__ = "pairs", a = Column(Integer, {primary_key = true}), b = Column(Integer, {primary_key = true})}
    return open(Base), Counter, Pair
  end

  it("makes a primary key, which comes back with the row (UOW-45)", function()
    local session, Counter, Pair = counter_class()
    local first, pair = Counter{id = la.select(la.func.coalesce(la.func.max(Counter.id) + 1, 7)), n = 1}, Pair{a = 1, b = la.func.abs(-4)}
    session:add_all{first, pair}
    assert.same({"INSERT INTO counters (id, n) VALUES ((SELECT coalesce(max(counters.id) + ?, ?) AS coalesce_1 FROM counters), ?) RETURNING id",
      "INSERT INTO pairs (a, b) VALUES (?, abs(?)) RETURNING b"}, flushed())
    assert.same({7, 1, 4}, {first.id, pair.a, pair.b})
    assert.equal(first, session:get(Counter, 7))
    assert.equal(pair, session:get(Pair, {1, 4}))
  end)

  it("may be a select of one value (UOW-45)", function()
    local session, Counter = counter_class()
    local counter = Counter{n = la.select(la.func.abs(-3))}
    session:add(counter)
    session:flush()
    assert.equal(3, counter.n)
    counter.n = la.select(la.func.max(Counter.n) + 1)
    session:flush()
    assert.equal(4, counter.n)
  end)
end)

describe("a table with implicit_returning = false", function()
  local function stamped()
    local Base = orm.declarative_base()
    local Note = Base:class "Note" {
      __tablename__ = "notes", id = Column(Integer, {primary_key = true}), text = Column(String), code = Column(String, {server_default = "none"}),
      __table_args__ = {implicit_returning = false}, __mapper_args__ = {eager_defaults = true},
    }
    local session = open(Base)
    session:execute(la.text "CREATE TRIGGER stamp AFTER INSERT ON notes BEGIN UPDATE notes SET code = 'n' || new.id WHERE id = new.id; END")
    session:commit()
    s:forget()
    return session, Note
  end

  it("has new rows sent without RETURNING, so that what a trigger made is read (MAP-09)", function()
    local session, Note = stamped()
    local note = Note{text = "a"}
    session:add(note)
    assert.same({"INSERT INTO notes (text) VALUES (?)"}, flushed())
    assert.same({1, "n1"}, {note.id, note.code})
    assert.same({{2}}, {session:connection():execute(la.insert(Note.__table__), {text = "b"}).inserted_primary_key:_tuple()})
  end)

  it("is asked for its keys before an UPDATE that fetches them (QRY-12)", function()
    local session, Note = stamped()
    local note = Note{text = "a"}
    session:add(note)
    session:flush()
    assert.same({"SELECT notes.id FROM notes WHERE notes.text = ?", "UPDATE notes SET text=? WHERE notes.text = ?"}, s:during(function()
      assert.equal(1, session:execute(la.update(Note):where(Note.text:eq "a"):values{text = "z"}, nil,
        {execution_options = {synchronize_session = "fetch"}}).rowcount)
    end))
    assert.equal("z", note.text)
  end)
end)
