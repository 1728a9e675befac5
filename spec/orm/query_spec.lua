-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local fails = require "spec.support.fails"

local function names(list)
  local all = {}
  for i, object in ipairs(list) do all[i] = object.name end
  return all
end

describe("session:query", function()
  local s, User, Address, Order, session
  before_each(function()
    s = shop.new():fill()
    User, Address, Order, session = s.User, s.Address, s.Order, s.session
  end)
  after_each(function() s:close() end)

  it("filters, orders and limits (QRY-07)", function()
    assert.same({"Ann"}, names(session:query(User):filter(User.age:gt(25), User.name:like "A%"):all()))
    assert.same({"Cid", "Bob", "Ann"}, names(session:query(User):order_by(User.id:desc()):all()))
    assert.same({"Bob"}, names(session:query(User):order_by(User.id):limit(1):offset(1):all()))
    assert.same({"Bob", "Cid"}, names(session:query(User):order_by(User.id):slice(1, 3):all()))
    assert.same({"Ann"}, names(session:query(User):filter_by{name = "Ann"}:all()))
    assert.same({"Cid"}, names(session:query(User):filter(User.age:is_(nil)):all()))
    assert.same({"Cid"}, names(session:query(User):filter_by{age = la.null}:all()))
  end)

  it("labels columns with their table (QRY-07)", function()
    assert.same({"SELECT users.id AS users_id, users.name AS users_name, users.age AS users_age FROM users WHERE users.name = ?"},
      s:during(function() session:query(User):filter(User.name:eq "x"):all() end))
  end)

  it("gives one, none, many, and scalars (QRY-07)", function()
    local query = session:query(User)
    assert.equal("Ann", query:filter(User.id:eq(1)):one().name)
    assert.is_nil(query:filter(User.id:eq(99)):one_or_none())
    assert.is_nil(query:filter(User.id:eq(99)):first())
    fails(exc.NoResultFound, "No row was found when one was required", function() query:filter(User.id:eq(99)):one() end)
    fails(exc.MultipleResultsFound, "Multiple rows were found when exactly one was required", function() query:one() end)
    assert.equal(22, session:query(User.age):filter_by{name = "Bob"}:scalar())
    assert.equal(3, query:count())
    assert.equal("Bob", query:get(2).name)
  end)

  it("selects columns and functions as rows (QRY-16)", function()
    local rows = session:query(User.name, la.func.count(Address.id)):join(User.addresses):group_by(User.name):order_by(User.name):all()
    assert.equal(2, #rows)
    assert.equal("Ann", rows[1].name)
    assert.equal(2, rows[1][2])
    local user, address = table.unpack(session:query(User, Address):join(User.addresses):filter(Address.id:eq(3)):one())
    assert.equal("Bob", user.name)
    assert.equal(user, address.user)
  end)

  it("joins by relationship, class and condition (QRY-02)", function()
    assert.same({"Bob"}, names(session:query(User):join(User.addresses):filter(Address.email:eq "bob@one"):all()))
    assert.same({"Bob"}, names(session:query(User):join(Address):filter(Address.email:eq "bob@one"):all()))
    assert.same({"Bob"}, names(session:query(User):join(Address, Address.user_id:eq(User.id)):filter(Address.email:eq "bob@one"):all()))
    assert.same({"Cid"}, names(session:query(User):outerjoin(User.addresses):filter(Address.id:is_(nil)):all()))
    local tags = session:query(User):join(User.orders):join(Order.items):join(s.Item.tags):filter(s.Tag.name:eq "red"):all()
    assert.same({"Ann"}, names(tags))
  end)

  it("works with aliases of a class (MAP-14)", function()
    local Other = orm.aliased(User)
    local pairs_of = session:query(User.name, Other.name):filter(User.id:lt(Other.id)):order_by(User.id, Other.id):all()
    assert.equal(3, #pairs_of)
    assert.same({"Ann", "Bob"}, {pairs_of[1][1], pairs_of[1][2]})
  end)

  it("finds the class's own fields and functions through an alias (MAP-14)", function()
    local Base = orm.declarative_base()
    local Pet = Base:class "Pet" {__tablename__ = "pets", id = la.Column(la.Integer, {primary_key = true}), name = la.Column(la.String)}
    Pet.LIMIT = 5
    function Pet.is_called(class, name) return class.name:eq(name) end
    local other = orm.aliased(Pet, {name = "other"})
    assert.equal(5, other.LIMIT)
    assert.equal("other.name = :name_1", tostring(other:is_called "Rex"))
    fails(exc.InvalidRequestError, 'an alias of Pet has no attribute "nme"; did you mean "name"?', function() return other.nme end)
  end)

  it("joins a class to an alias of itself, from the side that the condition names (MAP-14)", function()
    local older = orm.aliased(User, {name = "older"})
    local stmt = la.select(older.name, User.name):join(User, User.age:lt(older.age)):order_by(older.id, User.id)
    assert.equal("SELECT older.name, users.name AS name_1 FROM users AS older JOIN users ON users.age < older.age "
      .. "ORDER BY older.id, users.id", tostring(stmt))
    assert.equal("Ann", session:execute(stmt):first()[1])
  end)

  it("uses subqueries and exists (QRY-03, QRY-15)", function()
    local counts = session:query(Address.user_id, la.func.count():label "n"):group_by(Address.user_id):subquery()
    local row = session:query(User.name, counts.c.n):join(counts, counts.c.user_id:eq(User.id)):order_by(counts.c.n:desc()):first()
    assert.same({"Ann", 2}, {row[1], row[2]})
    assert.is_true(session:query(session:query(User):filter(User.name:eq "Ann"):exists()):scalar() and true)
  end)

  it("streams, and closes when the loop is left (QRY-08)", function()
    local seen = {}
    for user in session:query(User):order_by(User.id):iter() do
      seen[#seen + 1] = user.name
      if #seen == 2 then break end
    end
    assert.same({"Ann", "Bob"}, seen)
    local count = 0
    for _ in session:query(User):yield_per(1):iter() do count = count + 1 end
    assert.equal(3, count)
    session:commit()
  end)

  it("stream rows of columns part by part, each row once", function()
    local seen = {}
    for row in session:query(User.id, User.name):order_by(User.id):yield_per(2):iter() do
      seen[#seen + 1] = row.name
    end
    assert.same(session:scalars(la.select(User.name):order_by(User.id)):all(), seen)
    assert.is_true(#seen > 2)
  end)

  it("is no iterator itself", function()
    fails(exc.InvalidRequestError, ":iter()", function() for _ in session:query(User) do end end)
  end)

  it("updates and keeps the session in step (QRY-12, UOW-134)", function()
    local ann = session:get(User, 1)
    assert.equal(1, session:query(User):filter(User.name:eq "Ann"):update{age = 5})
    assert.equal(5, ann.age)
    assert.equal(2, session:query(User):filter(User.age:is_not(nil)):update{[User.age] = User.age + 1})
    assert.equal(6, ann.age)
    session:rollback()
    assert.equal(30, ann.age)
  end)

  it("deletes and keeps the session in step (QRY-12, UOW-137)", function()
    local cid = session:get(User, 3)
    assert.equal(1, session:query(User):filter(User.name:eq "Cid"):delete())
    assert.is_false(session:contains(cid))
    session:commit()
    assert.is_nil(session:get(User, 3))
    fails(exc.ArgumentError, "Valid strategies for session synchronization", function()
      session:query(User):delete{synchronize_session = "perhaps"}
    end)
    fails(exc.InvalidRequestError, "limit()", function() session:query(User):limit(1):delete() end)
  end)

  it("says what to write for a comparison of Lua", function()
    fails(exc.ArgumentError, ":eq", function() session:query(User):filter(User.name == "x") end)
    fails(exc.ArgumentError, ":gt", function() return User.age > 25 end)
    fails(exc.ArgumentError, "nmae", function() session:query(User):filter(User.nmae:eq "x") end)
    fails(exc.InvalidRequestError, "nmae", function() session:query(User):filter_by{nmae = "x"} end)
  end)
end)

describe("select in a session", function()
  local s, User, Address, session
  before_each(function()
    s = shop.new():fill()
    User, Address, session = s.User, s.Address, s.session
  end)
  after_each(function() s:close() end)

  it("gives objects by scalars (QRY-01, SES-06, SES-22)", function()
    local seen = {}
    for user in session:scalars(la.select(User):where(User.age:between(18, 65) & ~User.name:in_{"Bob"}):limit(10)) do
      seen[#seen + 1] = user.name
    end
    assert.same({"Ann"}, seen)
    assert.equal("Ann", session:scalar(la.select(User):order_by(User.id)).name)
    assert.same({"SELECT users.id, users.name, users.age FROM users WHERE users.id = ?"},
      s:during(function() session:scalars(la.select(User):where(User.id:eq(1))):one() end))
  end)

  it("gives rows of objects and columns by execute (QRY-01)", function()
    local row = session:execute(la.select(User, Address.email):join(User.addresses):order_by(Address.id)):first()
    assert.equal("Ann", row.User.name)
    assert.equal("ann@one", row.email)
    assert.equal(row[1], row.User)
  end)

  it("takes Core statements and text with parameters (SES-06)", function()
    assert.equal(3, session:scalar(la.select(la.func.count()):select_from(User.__table__)))
    assert.equal("Bob", session:execute(la.text "SELECT name FROM users WHERE id = :id", {id = 2}):scalar())
  end)

  it("inserts, updates and deletes classes (QRY-09, QRY-12)", function()
    session:execute(la.insert(User), {{name = "Dan"}, {name = "Eve", age = 9}})
    assert.equal(5, session:query(User):count())
    session:execute(la.update(User):where(User.name:eq "Dan"):values{age = 1})
    assert.equal(1, session:query(User.age):filter_by{name = "Dan"}:scalar())
    assert.equal(1, session:execute(la.delete(User):where(User.name:eq "Dan")).rowcount)
    session:commit()
    assert.equal(4, session:query(User):count())
  end)

  it("compiles a repeated statement once (QRY-17)", function()
    local function find(id) return session:query(User):filter(User.id:eq(id)):one() end
    find(1)
    assert.same({"Bob", "Cid"}, {find(2).name, find(3).name})
  end)
end)

describe("rows of attributes (RES-06, RES-07)", function()
  local Base = orm.declarative_base()
  local Note = Base:class "Note" {
    __tablename__ = "notes",
    id = la.Column(la.Integer, {primary_key = true}),
    text = la.Column("note_text", la.String),
    words = orm.synonym "text",
  }
  local s, session
  before_each(function()
    s = shop.open{Base = Base}
    session = s.session
    session:add_all {Note{id = 1, text = "a"}, Note{id = 2, text = "b"}}
    session:commit()
  end)
  after_each(function() s:close() end)

  it("are read by the attribute, its column and its synonym, whatever the column is called", function()
    for _, selected in ipairs {Note.text, Note.words, Note.text:label "x"} do
      local row = session:execute(la.select(selected)):first()
      assert.same({"a", "a", "a"}, {row[Note.text], row[Note.words], row[Note.__table__.c.note_text]})
    end
  end)

  it("tell the attributes of aliases apart, and give no value of one for that of another", function()
    for _ = 1, 2 do -- the second time as the cache has it
      local one, other = orm.aliased(Note), orm.aliased(Note)
      local row = session:execute(la.select(one.text, other, other.text):where(one.id:lt(other.id))):first()
      assert.same({"a", "b", "b"}, {row[one.text], row[other.text], row._mapping[other.text]})
      fails(la.exc.NoSuchColumnError, "for column 'notes.note_text'", function() return row[Note.text] end)
      fails(la.exc.NoSuchColumnError, "for column 'notes.note_text'", function() return row[orm.aliased(Note).text] end)
    end
    local other = orm.aliased(Note)
    local row = session:query(Note.id, other.id):filter(Note.id:lt(other.id)):one()
    assert.same({1, 2}, {row[Note.id], row[other.id]})
  end)
end)
