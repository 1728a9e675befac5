-- SPDX-License-Identifier: MIT
-- How a flush groups its statements, and what it says of rows that are not as expected.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey

local fails = require "spec.support.fails"

--- A session on an engine in memory with the tables of `base`, or with what `ddl` makes; it records as a shop does.
local function on_base(base, ddl)
  local s = shop.new()
  if ddl then
    s.session:execute(la.text(ddl))
    s.session:commit()
  else
    base.metadata:create_all(s.engine)
  end
  s:forget()
  return s
end

describe("a flush of several objects", function()
  local s, User, Tag, Item
  before_each(function()
    s = shop.new():fill()
    User, Tag, Item = s.User, s.Tag, s.Item
  end)
  after_each(function() s:close() end)

  it("sends one INSERT for rows with known keys and equal columns (UOW-42)", function()
    s.session:add_all{User{id = 10, name = "a"}, User{id = 11, name = "b"}, User{id = 12, name = "c"}}
    local sent = s:during(function() s.session:flush() end)
    assert.equal(1, #sent)
    assert.equal(6, s.session:query(User):count())
  end)

  it("sends one INSERT for each run of equal columns (UOW-42)", function()
    s.session:add_all{User{id = 10, name = "a"}, User{id = 11, name = "b"}, User{name = "c"}, User{id = 13, name = "d"}}
    assert.equal(3, #s:during(function() s.session:flush() end))
  end)

  it("sends a row with an SQL expression by itself (UOW-42)", function()
    s.session:add_all{User{id = 10, name = "a"}, User{id = 11, name = la.func.lower "B"}, User{id = 12, name = "c"}}
    assert.same({"INSERT INTO users (id, name, age) VALUES (?, ?, ?)", "INSERT INTO users (id, name, age) VALUES (?, lower(?), ?)",
      "INSERT INTO users (id, name, age) VALUES (?, ?, ?)"}, s:during(function() s.session:flush() end))
  end)

  it("can't use a unique value again that a DELETE of the same flush sets free (UOW-37)", function()
    local green = Tag{name = "green"}
    s.session:add(green)
    s.session:commit()
    s.session:delete(green)
    s.session:add(Tag{name = "green"})
    fails(exc.IntegrityError, "tags.name", function() s.session:flush() end)
    s.session:rollback()
    s.session:delete(green)
    s.session:flush()
    s.session:add(Tag{name = "green"})
    s.session:commit()
    assert.equal(3, s.session:query(Tag):count())
  end)

  it("updates and deletes in the order of keys, whatever changed first (UOW-38)", function()
    local users = {}
    for i = 10, 14 do users[i] = User{id = i, name = "n" .. i} end
    for i = 14, 10, -1 do s.session:add(users[i]) end
    s.session:commit()
    local keys = {}
    la.event.listen(s.engine, "before_cursor_execute", function(_, _, statement, parameters)
      if not statement:find "^UPDATE users" and not statement:find "^DELETE FROM users" then return end
      for _, row in ipairs(parameters) do keys[#keys + 1] = row[#row] end
    end)
    for _, i in ipairs {12, 10, 14, 11, 13} do users[i].age = i end
    s.session:flush()
    assert.same({10, 11, 12, 13, 14}, keys)
    keys = {}
    for _, i in ipairs {13, 11, 14, 10, 12} do s.session:delete(users[i]) end
    s.session:flush()
    assert.same({10, 11, 12, 13, 14}, keys)
  end)

  it("fills in the keys that the database makes (UOW-42)", function()
    local list = {}
    for i = 1, 5 do list[i] = User{name = "n" .. i} end
    s.session:add_all(list)
    s.session:flush()
    for i = 1, 5 do
      assert.equal(3 + i, list[i].id)
      assert.equal("n" .. i, s.session:scalar(la.select(User.name):where(User.id:eq(list[i].id))))
    end
  end)

  it("sends one UPDATE for objects with the same changed columns (UOW-44)", function()
    for _, user in ipairs(s.session:query(User):order_by(User.id):all()) do user.age = user.id end
    assert.same({"UPDATE users SET age=? WHERE users.id = ?"}, s:during(function() s.session:flush() end))
    assert.same({1, 2, 3}, s.session:scalars(la.select(User.age):order_by(User.id)):all())
  end)

  it("sends one UPDATE for each set of changed columns (UOW-44)", function()
    local ann, bob, cid = s.session:get(User, 1), s.session:get(User, 2), s.session:get(User, 3)
    ann.age, bob.name, cid.age = 1, "Rob", 3
    assert.equal(3, #s:during(function() s.session:flush() end))
  end)

  it("commits the states of what it wrote: nothing is new, dirty or changed after it (UOW-59)", function()
    local ann, fresh = s.session:get(User, 1), User{name = "New"}
    ann.age = 31
    s.session:add(fresh)
    s.session:flush()
    assert.equal(0, #s.session.new + #s.session.dirty + #s.session.deleted)
    assert.is_false(s.session:is_modified(ann))
    local history = la.inspect(ann).attrs.age.history
    assert.same({{}, {31}, {}}, {history.added, history.unchanged, history.deleted})
    assert.equal(fresh, s.session:get(User, fresh.id))
  end)

  it("notices association rows that have gone (UOW-49)", function()
    local pen = s.session:get(Item, 1)
    pen.tags:remove(pen.tags[1])
    s.session:no_autoflush(function() s.session:execute(s.item_tags:delete()) end)
    fails(exc.StaleDataError, "DELETE statement on table 'item_tags' expected to delete 1 row(s); Only 0 were matched.",
      function() s.session:flush() end)
    s.session:rollback()
    assert.equal(2, #pen.tags)
  end)

  it("writes what a many-to-many list gained and lost (UOW-48)", function()
    local pen = s.session:get(Item, 1)
    local red, green = pen.tags[1], Tag{name = "green"}
    pen.tags = {red, green}
    assert.same({
      "INSERT INTO tags (name) VALUES (?)",
      "DELETE FROM item_tags WHERE item_tags.item_id = ? AND item_tags.tag_id = ?",
      "INSERT INTO item_tags (item_id, tag_id) VALUES (?, ?)",
    }, s:during(function() s.session:flush() end))
  end)
end)

describe("values that the database makes", function()
  it("come with the INSERT by RETURNING; those of onupdate are on the object after an UPDATE", function()
    local Base = orm.declarative_base()
    local Doc = Base:class "Doc" {
      __tablename__ = "docs",
      id = Column(Integer, {primary_key = true}),
      data = Column(String),
      state = Column(String, {server_default = "draft"}),
      edits = Column(Integer, {default = 0, onupdate = function() return 7 end}),
      stamp = Column(String, {server_onupdate = la.FetchedValue()}),
    }
    local s = on_base(Base)
    local doc = Doc{data = "x"}
    s.session:add(doc)
    assert.same({"INSERT INTO docs (data, edits, stamp) VALUES (?, ?, ?) RETURNING id, state"}, s:during(function() s.session:flush() end))
    assert.same({}, s:during(function() assert.same({"draft", 0}, {doc.state, doc.edits}) end))
    doc.data = "y"
    s.session:flush()
    assert.same({}, s:during(function() assert.equal(7, doc.edits) end))
    assert.equal(1, #s:during(function() assert.is_nil(doc.stamp) end))
    s:close()
  end)
end)

describe("a key that is NULL", function()
  it("is refused after an INSERT, with the name of the instance (UOW-3)", function()
    local Base = orm.declarative_base()
    local Word = Base:class "Word" {__tablename__ = "words", word = Column(String(20), {primary_key = true}), n = Column(Integer)}
    local s = on_base(Base, "CREATE TABLE words (word VARCHAR(20) PRIMARY KEY, n INTEGER)")
    s.session:add(Word{n = 1})
    local err = fails(exc.FlushError, "has a NULL identity key.  If this is an auto-generated value", function() s.session:flush() end)
    assert.truthy(tostring(err):find("Instance Word", 1, true))
    s.session:rollback()
    s:close()
  end)

  it("in part, is refused by UPDATE and DELETE, with table and column (UOW-57)", function()
    local Base = orm.declarative_base()
    local Point = Base:class "Point" {
      __tablename__ = "points",
      x = Column(Integer, {primary_key = true}),
      y = Column(Integer, {primary_key = true}),
      n = Column(Integer),
    }
    local s = on_base(Base, "CREATE TABLE points (x INTEGER, y INTEGER, n INTEGER)")
    s.session:execute(la.text "INSERT INTO points VALUES (1, NULL, 3)")
    s.session:commit()
    local point = s.session:query(Point):one()
    point.n = 5
    fails(exc.FlushError, "Can't update table points using NULL for primary key value on column", function() s.session:flush() end)
    s.session:rollback()
    s.session:delete(point)
    fails(exc.FlushError, "Can't delete from table points using NULL for primary key value on column", function() s.session:flush() end)
    s.session:rollback()
    s:close()
  end)
end)

describe("changes of keys", function()
  local Base, Town, House, engine
  local function tables(options)
    Base = orm.declarative_base()
    Town = Base:class "Town" {
      __tablename__ = "towns",
      name = Column(String(20), {primary_key = true}),
      houses = orm.relationship("House", {back_populates = "town", passive_updates = options.passive_updates}),
    }
    House = Base:class "House" {
      __tablename__ = "houses",
      id = Column(Integer, {primary_key = true}),
      town_name = Column(String(20), ForeignKey("towns.name", {onupdate = options.onupdate})),
      town = orm.relationship("Town", {back_populates = "houses"}),
    }
    engine = la.create_engine("sqlite://", {foreign_keys = options.onupdate ~= nil})
    Base.metadata:create_all(engine)
    local session = orm.Session(engine)
    session:add(Town{name = "Ulm", houses = {House{}, House{}}})
    session:commit()
    return session
  end

  it("reach the children by ON UPDATE CASCADE, and those in memory too (UOW-91)", function()
    local session = tables{onupdate = "CASCADE"}
    local town = session:get(Town, "Ulm")
    local house = town.houses[1]
    town.name = "Bonn"
    local statements = {}
    la.event.listen(engine, "before_cursor_execute", function(_, _, statement) statements[#statements + 1] = statement:match "^%a+ %a+" end)
    session:flush()
    assert.same({"UPDATE towns"}, statements)
    assert.equal("Bonn", house.town_name)
    session:commit()
    assert.equal(town, house.town)
    session:close()
    engine:dispose()
  end)

  it("are written into the children with passive_updates = false (UOW-91)", function()
    local session = tables{passive_updates = false}
    local town = session:get(Town, "Ulm")
    town.name = "Bonn"
    session:commit()
    assert.equal(2, session:query(House):filter(House.town_name:eq "Bonn"):count())
    session:close()
    engine:dispose()
  end)
end)
