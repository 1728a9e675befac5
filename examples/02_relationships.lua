-- SPDX-License-Identifier: MIT
-- Relationships: one to many, many to many, one to one, trees; cascades; loading them well.
--
--     ./dev run examples/02_relationships.lua
local la  = require "lualchemy"
local orm = require "lualchemy.orm"
local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey
local relationship = orm.relationship

local Base = orm.declarative_base()

-- A library: authors write books, books carry subjects, a book may have one summary, and shelves
-- stand inside shelves.
local book_subjects = la.Table("book_subjects", Base.metadata,
  Column("book_id", Integer, ForeignKey "books.id", {primary_key = true}),
  Column("subject_id", Integer, ForeignKey "subjects.id", {primary_key = true}))

local Author = Base:class "Author" {
  __tablename__ = "authors",
  id    = Column(Integer, {primary_key = true}),
  name  = Column(String, {nullable = false}),
  -- Books belong to their author: they are deleted with the author, and when they are taken out of the list.
  books = relationship("Book", {back_populates = "author", order_by = "Book.title", cascade = "all, delete-orphan"}),
}

local Book = Base:class "Book" {
  __tablename__ = "books",
  id        = Column(Integer, {primary_key = true}),
  title     = Column(String, {nullable = false}),
  author_id = Column(Integer, ForeignKey "authors.id"),
  author    = relationship("Author", {back_populates = "books"}),
  subjects  = relationship("Subject", {secondary = book_subjects, back_populates = "books", order_by = "Subject.name"}),
  summary   = relationship("Summary", {back_populates = "book", uselist = false, cascade = "all, delete-orphan"}),
}

local Subject = Base:class "Subject" {
  __tablename__ = "subjects",
  id    = Column(Integer, {primary_key = true}),
  name  = Column(String, {unique = true}),
  books = relationship("Book", {secondary = book_subjects, back_populates = "subjects", order_by = "Book.title"}),
}

local Summary = Base:class "Summary" {
  __tablename__ = "summaries",
  id      = Column(Integer, {primary_key = true}),
  text    = Column(String),
  book_id = Column(Integer, ForeignKey "books.id", {unique = true}),
  book    = relationship("Book", {back_populates = "summary"}),
}

local Shelf = Base:class "Shelf" {
  __tablename__ = "shelves",
  id        = Column(Integer, {primary_key = true}),
  name      = Column(String),
  parent_id = Column(Integer, ForeignKey "shelves.id"),
  shelves   = relationship("Shelf", {back_populates = "parent", order_by = "Shelf.name"}),
  parent    = relationship("Shelf", {back_populates = "shelves", remote_side = "Shelf.id"}),
}

local engine = la.create_engine "sqlite://"
Base.metadata:create_all(engine)
local session <close> = orm.Session(engine)

-- Objects are linked in memory first; both sides know at once. Adding one adds all that hang on it.
local sea, war = Subject{name = "sea"}, Subject{name = "war"}
local melville = Author{name = "Melville", books = {
  Book{title = "Moby-Dick", subjects = {sea}, summary = Summary{text = "A whale."}},
  Book{title = "White-Jacket", subjects = {sea, war}},
}}
print("before flush", melville.books[1].author == melville, #sea.books)
session:add(melville)
session:commit()

for _, book in ipairs(melville.books) do
  local names = {}
  for i, subject in ipairs(book.subjects) do names[i] = subject.name end
  print(book.title, table.concat(names, ", "), book.summary and book.summary.text)
end

-- Many to many from the other side.
print("about the sea", #sea.books, "about war", #war.books)

-- Moving a child moves it on both sides.
local anonymous = Author{name = "Anonymous"}
session:add(anonymous)
anonymous.books:append(melville.books[2])
print("moved", #melville.books, #anonymous.books, anonymous.books[1].author.name)
session:commit()

-- Taking a book out of its author's list deletes it: delete-orphan.
anonymous.books:clear()
session:commit()
print("books left", session:query(Book):count())

-- A tree.
local room = Shelf{name = "room", shelves = {Shelf{name = "left", shelves = {Shelf{name = "top"}}}, Shelf{name = "right"}}}
session:add(room)
session:commit()
local function show(shelf, depth)
  print(("  "):rep(depth) .. shelf.name)
  for _, inner in ipairs(shelf.shelves) do show(inner, depth + 1) end
end
show(room, 0)

-- Loading: by default a list is read when it is touched, one SELECT each. Saying what will be needed reads
-- it for all authors at once.
local authors = session:query(Author):options(orm.selectinload(Author.books):joinedload(Book.summary)):order_by(Author.name):all()
for _, author in ipairs(authors) do print(author.name, #author.books) end

-- Conditions on related objects.
print("wrote of the sea", session:query(Author):join(Author.books):join(Book.subjects):filter(Subject.name:eq "sea"):one().name)
print("have books", session:query(Author):filter(Author.books:any()):count())

-- Deleting an author deletes the books and the rows between books and subjects; subjects stay.
session:delete(melville)
session:commit()
print("left", session:query(Book):count(), session:query(Summary):count(), session:query(Subject):count())

session:close()
engine:dispose()
