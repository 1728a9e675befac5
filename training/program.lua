-- SPDX-License-Identifier: MIT
-- What a program does with Lualchemy, some of everything and most of what is done most. A release is
-- compiled with the profile of a run of it (train.cmake): its branches are laid out for what is usual here.
--
--   lua5.4 program.lua
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey
local func, select = la.func, la.select

-- ---------------------------------------------------------------------------------------------
-- A library: authors with books, books with tags, readers who are guests or members

local Base = orm.declarative_base()

local Author = Base:class "Author" {
  __tablename__ = "authors",
  id      = Column(Integer, {primary_key = true}),
  name    = Column(String(100), {nullable = false}),
  country = Column(String(40)),
  books   = orm.relationship("Book", {back_populates = "author", cascade = "all, delete-orphan"}),
}

local shelved = la.Table("shelved", Base.metadata,
  Column("book_id", ForeignKey "books.id", {primary_key = true}),
  Column("tag_id", ForeignKey "tags.id", {primary_key = true}))

local Book = Base:class "Book" {
  __tablename__ = "books",
  id        = Column(Integer, {primary_key = true}),
  author_id = Column(ForeignKey "authors.id", {nullable = false}),
  title     = Column(String(200), {nullable = false}),
  blurb     = Column(la.Text),
  pages     = Column(Integer),
  price     = Column(la.Float),
  in_print  = Column(la.Boolean, {default = true}),
  author    = orm.relationship("Author", {back_populates = "books"}),
  tags      = orm.relationship("Tag", {secondary = shelved, back_populates = "books"}),
}

local Tag = Base:class "Tag" {
  __tablename__ = "tags",
  id    = Column(Integer, {primary_key = true}),
  name  = Column(String(40), {unique = true}),
  books = orm.relationship("Book", {secondary = shelved, back_populates = "tags"}),
}

local Reader = Base:class "Reader" {
  __tablename__ = "readers",
  id   = Column(Integer, {primary_key = true}),
  kind = Column(String(10)),
  name = Column(String(100)),
  __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "guest"},
}
local Member = Reader:class "Member" {
  __tablename__ = "members",
  id     = Column(ForeignKey "readers.id", {primary_key = true}),
  number = Column(Integer),
  __mapper_args__ = {polymorphic_identity = "member"},
}

local engine = la.create_engine "sqlite://"
Base.metadata:create_all(engine)

local names = {"Anna", "Boris", "Chen", "Dora", "Emil"}
local function name(i) return names[i % #names + 1] .. " " .. i end

local function book(i)
  return Book{title = "Volume " .. i, blurb = ("What volume %d tells in more than forty bytes of text"):format(i), pages = i % 900, price = i / 4}
end

-- ---------------------------------------------------------------------------------------------
-- Each part is a few thousand of one thing

local function sessions_with_one_object()
  for i = 1, 3000 do
    local session <close> = orm.Session(engine)
    session:add(Author{name = name(i), country = "none"})
    session:commit()
  end
end

local function sessions_with_changes()
  for i = 1, 600 do
    local session <close> = orm.Session(engine)
    local author = session:get(Author, i)
    author.name = name(i + 1)
    author.books:append(book(i))
    session:commit()
    assert(#author.books == 1)
    if i % 3 == 0 then
      session:delete(author)
      session:commit()
    elseif i % 3 == 1 then
      author.country = "nowhere"
      session:rollback()
    end
  end
end

local function many_objects()
  local session <close> = orm.Session(engine)
  local authors, tags = {}, {}
  for i = 1, 20 do tags[i] = Tag{name = "tag " .. i} end
  for i = 1, 400 do
    local author = Author{name = name(i)}
    for j = 1, 10 do author.books:append(book(i * 10 + j)) end
    author.books[1].tags:append(tags[i % #tags + 1])
    authors[i] = author
  end
  session:add_all(authors)
  session:commit()
  for i = 1, 10000 do
    session:add(Author{name = name(i), country = "somewhere or other " .. i})
    if i % 1000 == 0 then session:flush() end
  end
  for i = 1, 300 do session:add(i % 2 == 0 and Member{name = name(i), number = i} or Reader{name = name(i)}) end
  session:commit()
end

local function rows_in_bulk()
  local connection <close> = engine:connect()
  local rows, at = {}, 0
  for i = 1, 4000 do rows[i] = {name = name(i), country = "bulk"} end
  connection:execute(la.insert(Author.__table__), rows)
  connection:execute(la.insert(Author.__table__), function()
    at = at + 1
    return at <= 10000 and {name = name(at), country = "streamed"} or nil
  end)
  connection:execute(la.update(Author.__table__):where(Author.country:eq "bulk"):values{country = "moved"})
  connection:commit()
end

local function queries()
  local session <close> = orm.Session(engine)
  local sum = 0
  for i = 1, 4000 do
    local found = session:query(Author):filter(Author.id:eq(1000 + i % 2000)):one()
    sum = sum + found.id + #found.name
  end
  for i = 1, 1500 do
    local found = session:scalars(select(Author):where(Author.id:eq(1000 + i % 2000))):one()
    sum = sum + found.id
    found = session:execute(select(Author.name, Author.country):where(Author.id:eq(1000 + i % 2000))):first()
    sum = sum + #found.name
  end
  for i = 1, 500 do
    local query = session:query(Book):filter(Book.pages:gt(i), Book.title:like("Volume 1%")):order_by(Book.title):limit(5)
    for _, found in ipairs(query:all()) do sum = sum + found.pages end
    sum = sum + session:query(Author):filter_by{name = name(i)}:count()
    local tagged = session:query(Book):join(Book.tags):filter(Tag.name:in_{"tag 1", "tag " .. i % 20}):first()
    sum = sum + tagged.id
  end
  local kept = session:query(Author):limit(5000):all()
  for i = 0, 30000 do
    local found = session:get(Author, kept[i * 7919 % #kept + 1].id)
    sum = sum + found.id + #found.name
  end
  return sum
end

local function loading()
  local sum = 0
  for _, option in ipairs{orm.joinedload, orm.selectinload, orm.lazyload, orm.subqueryload} do
    for _ = 1, 2 do
      local session <close> = orm.Session(engine)
      for _, author in ipairs(session:query(Author):options(option(Author.books)):filter(Author.id:gt(2900)):limit(1500):all()) do
        sum = sum + #author.name
        for _, one in ipairs(author.books) do sum = sum + one.id + one.pages + #one.title + one.price end
      end
    end
  end
  local session <close> = orm.Session(engine)
  for one in session:query(Book):options(orm.joinedload(Book.author), orm.selectinload(Book.tags)):iter() do
    sum = sum + #one.author.name + #one.tags
  end
  for _, reader in ipairs(session:scalars(select(Reader)):all()) do sum = sum + #reader.name + (reader.number or 0) end
  return sum
end

local function streams()
  local sum, session <close> = 0, orm.Session(engine)
  for _ = 1, 3 do
    for author in session:query(Author):iter() do sum = sum + #author.name end
    for row in session:execute(select(Author.id, Author.name, Author.country)) do sum = sum + row.id + #row.name end
    for _, author in ipairs(session:query(Author):all()) do sum = sum + #author.name end
    for _, row in ipairs(session:execute(select(Author.id, Author.name)):all()) do sum = sum + row[1] end
    session:expunge_all()
  end
  return sum
end

local function changes()
  local session <close> = orm.Session(engine)
  local authors = session:query(Author):all()
  for _, author in ipairs(authors) do author.name = author.name .. " changed" end
  session:commit()
  for i, author in ipairs(session:query(Author):filter(Author.country:like "streamed%"):all()) do
    if i % 2 == 0 then session:delete(author) end
  end
  session:commit()
end

local function statements()
  local options = {{bind = engine}, {dialect = engine.dialect, render_postcompile = true}}
  for i = 1, 3000 do
    local statement = select(Author)
      :join(Book, Book.author_id:eq(Author.id))
      :join(shelved, shelved.c.book_id:eq(Book.id))
      :join(Tag, shelved.c.tag_id:eq(Tag.id))
      :where(Author.name:like(name(i) .. "%"), Tag.name:in_{"new", "old"}, Book.price:gt(i), Book.pages:ge(2))
      :order_by(Author.name, Book.id:desc())
      :limit(10):offset(20)
    local compiled = statement:compile(options[i % 2 + 1])
    assert(#compiled.string > 0 and compiled.params ~= nil)
  end
  for i = 1, 1000 do
    local pages = func.sum(Book.pages):label "pages"
    local statement = select(Author.country, func.count():label "books", pages):join_from(Author, Book)
      :where(la.or_(Book.title:ne(name(i)), Book.price:between(i, i + 10), Book.blurb:is_(nil)))
      :group_by(Author.country):having(pages:gt(i)):order_by(pages:desc())
    assert(#statement:compile(options[i % 2 + 1]).string > 0)
  end
end

for _, part in ipairs{sessions_with_one_object, sessions_with_changes, many_objects, rows_in_bulk, queries, loading, streams, changes, statements} do
  part()
end
