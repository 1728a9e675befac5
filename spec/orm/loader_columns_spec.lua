-- SPDX-License-Identifier: MIT
-- Which columns are loaded, expressions of single statements, recursive options and chunks.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"

local fails = require "spec.support.fails"

describe("query_expression and with_expression (DEC-20)", function()
  local s, User, Address, session
  before_each(function()
    s = shop.new():fill()
    User, Address, session = s.User, s.Address, s.session
    User.score = orm.query_expression()
    User.level = orm.query_expression(la.literal(5))
  end)
  after_each(function() s:close() end)

  it("are filled by statements that say so", function()
    local plain = session:query(User):filter(User.id:eq(1)):one()
    assert.same({nil, 5}, {plain.score, plain.level})
    session:expunge_all()
    local ann = session:query(User):options(orm.with_expression(User.score, User.age + User.id), orm.with_expression(User.level, User.age * 2))
      :filter(User.id:eq(1)):one()
    assert.same({31, 60}, {ann.score, ann.level})
    assert.same({}, s:during(function() assert.equal(31, ann.score) end))
    session:commit()
    assert.equal(30, ann.age)
    assert.is_nil(ann.score)
    assert.is_nil(User{name = "x"}.score)
  end)

  it("through aliases, relationships and with new values each time", function()
    local A = orm.aliased(User)
    assert.equal(130, session:query(A):options(orm.with_expression(A.score, A.age + 100)):filter(A.id:eq(1)):one().score)
    for _, more in ipairs {1, 2} do
      for _, name in ipairs {"selectinload", "joinedload", "lazyload", "subqueryload"} do
        session:expunge_all()
        local address = session:query(Address):options(orm[name](Address.user):with_expression(User.score, User.age + more)):filter(Address.id:eq(1)):one()
        assert.equal(30 + more, address.user.score, name)
      end
    end
  end)

  it("leave objects alone that are loaded, unless populate_existing says otherwise", function()
    local ann = session:query(User):options(orm.with_expression(User.score, User.age + 1)):filter(User.id:eq(1)):one()
    local again = session:query(User):options(orm.with_expression(User.score, User.age + 2)):filter(User.id:eq(1))
    again:one()
    assert.equal(31, ann.score)
    again:populate_existing():one()
    assert.equal(32, ann.score)
    fails(exc.InvalidRequestError, "'User.age' is not", function() session:query(User):options(orm.with_expression(User.age, User.id)):all() end)
  end)
end)

describe("options that name a column (LOAD-3.6, QRY-04)", function()
  it("go before those that stand for all columns, in whatever order", function()
    local Base = orm.declarative_base()
    local Column, Integer, Text = la.Column, la.Integer, la.Text
    local Note = Base:class "Note" {__tablename__ = "notes", id = Column(Integer, {primary_key = true}), a = Column(Integer), b = Column(Integer),
      text = orm.deferred(Column(Text)), big = orm.deferred(Column(Text), {group = "g"})}
    local function columns(...)
      return (tostring(la.select(Note):options(...)):gsub("%s+", " "):gsub(" FROM .*", ""):gsub("SELECT ", ""):gsub("notes%.", ""))
    end
    local only = orm.load_only(Note.a)
    assert.equal("id, a, text", columns(only, orm.undefer(Note.text)))
    assert.equal("id, a, text", columns(orm.undefer(Note.text), only))
    assert.equal("id, a, text", columns(orm.load_only(Note.a):undefer(Note.text)))
    assert.equal("id, a, b", columns(only, orm.load_only(Note.b)))
    assert.equal("id, a, big", columns(only, orm.undefer_group "g"))
    assert.equal("id, a", columns(only, orm.undefer "*"))
    assert.equal("id, b", columns(orm.defer "*", orm.undefer(Note.b)))
    assert.equal("id, b", columns(orm.undefer(Note.b), orm.defer "*"))
    assert.equal("id, a, text, big", columns(orm.defer(Note.b), orm.undefer "*"))
  end)
end)

describe("deferred groups (DEC-19, LOAD-3.6)", function()
  it("are loaded together, by undefer_group at once", function()
    local Base = orm.declarative_base()
    local Column, Integer, String = la.Column, la.Integer, la.String
    local Book = Base:class "Book" {__tablename__ = "books", id = Column(Integer, {primary_key = true}), title = Column(String),
      summary = orm.deferred(Column(String), {group = "texts"}), excerpt = orm.deferred(Column(String), {group = "texts"}),
      photo = orm.deferred(Column(String)), secret = orm.deferred(Column(String), {raiseload = true})}
    local engine = la.create_engine("sqlite://")
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add(Book{id = 1, title = "t", summary = "s", excerpt = "e", photo = "p", secret = "x"})
    session:commit()
    local sent = {}
    la.event.listen(engine, "before_cursor_execute", function(_, _, text) sent[#sent + 1] = (text:gsub("%s+", " ")) end)
    local function read(...)
      session:expunge_all()
      local book = session:scalars(la.select(Book):options(...)):one()
      sent = {}
      return book
    end
    local book = read()
    assert.equal("s", book.summary)
    assert.equal("e", book.excerpt)
    assert.same({"SELECT books.summary, books.excerpt FROM books WHERE books.id = ?"}, sent)
    book = read(orm.undefer_group "texts")
    assert.same({"s", "e"}, {book.summary, book.excerpt})
    assert.same({}, sent)
    assert.equal("p", book.photo)
    assert.equal(1, #sent)
    book = read(orm.undefer "*")
    assert.same({"p", "x"}, {book.photo, book.secret})
    assert.same({}, sent)
    fails(exc.InvalidRequestError, "'Book.secret' is not available due to raiseload=True", function() return read().secret end)
    book = read(orm.defer "*", orm.undefer(Book.title))
    assert.same({"t"}, {book.title})
    assert.same({}, sent)
  end)
end)

describe("recursive options (LOAD-3.3, LOAD-3.5)", function()
  local s, Category, session
  before_each(function()
    s = shop.new()
    Category, session = s.Category, s.session
    local below
    for id = 6, 1, -1 do below = Category{id = id, name = "c" .. id, children = {below}} end
    session:add(below)
    session:commit()
    session:expunge_all()
  end)
  after_each(function() s:close() end)

  local function depth_of(option)
    local root
    local sent = #s:during(function() root = session:query(Category):options(option):filter(Category.id:eq(1)):one() end)
    local levels = 0
    while root and #s:during(function() root = root.children[1] end) == 0 do levels = levels + 1 end
    return {sent, levels}
  end

  it("follow a relationship to itself as far as they say", function()
    for name, all in pairs{selectinload = {7, 6}, immediateload = {7, 6}} do
      for depth, expected in pairs{[1] = {3, 2}, [3] = {5, 4}, [-1] = all} do
        session:expunge_all()
        assert.same(expected, depth_of(orm[name](Category.children, {recursion_depth = depth})), name .. depth)
      end
    end
  end)

  it("end where rows do, however deep they are", function()
    local rows = {}
    for id = 7, 3000 do rows[#rows + 1] = {id = id, name = "d", parent_id = id - 1} end
    session:execute(la.insert(Category), rows)
    session:commit()
    session:expunge_all()
    local root = session:query(Category):options(orm.selectinload(Category.children, {recursion_depth = -1})):filter(Category.id:eq(1)):one()
    assert.same({}, s:during(function()
      for _ = 2, 3000 do root = root.children[1] end
      assert.equal(3000, root.id)
    end))
  end)

  it("are for relationships of a class with itself", function()
    fails(exc.InvalidRequestError, "recursion_depth option on relationship User.addresses not valid for non-self-referential relationship", function()
      session:query(s.User):options(orm.selectinload(s.User.addresses, {recursion_depth = 2})):all()
    end)
    fails(exc.ArgumentError, "recursion_depth is how many levels", function() orm.selectinload(Category.children, {recursion_depth = "x"}) end)
  end)
end)

describe("options chained behind one of columns", function()
  it("belong to the same class", function()
    local s = shop.new():fill()
    local User = s.User
    local function selected(option)
      s.session:expunge_all()
      return s:during(function() s.session:query(User):options(option):all() end)
    end
    assert.same(selected(orm.Load(User):defer(User.name):defer(User.age)), selected(orm.defer(User.name):defer(User.age)))
    assert.is_nil(selected(orm.defer(User.name):defer(User.age))[1]:find("users.age", 1, true))
    assert.equal(2, #selected(orm.load_only(User.name):selectinload(User.addresses)))
    s:close()
  end)
end)

describe("chunks of selectinload (LOAD-3.3)", function()
  it("have as many keys as asked for", function()
    local s = shop.new():fill()
    local option = orm.selectinload(s.User.addresses, {chunksize = 2})
    assert.equal(3, #s:during(function() s.session:query(s.User):options(option):all() end))
    fails(exc.ArgumentError, "'chunksize=0' is not an appropriate input, please use a positive non-zero integer.", function()
      orm.selectinload(s.User.addresses, {chunksize = 0})
    end)
    s:close()
  end)
end)
