-- SPDX-License-Identifier: MIT
-- Quick start: a first day with Lualchemy in seven steps. Run it with
--
--   ./dev run examples/01_quickstart.lua
--
-- Each step prints numbered lines; examples/01_quickstart.expected holds all of them.

-- 1. Three modules are enough for daily work: engines, tables and expressions are in `lualchemy`,
-- classes and sessions in `lualchemy.orm`, errors in `lualchemy.exc`.
local la  = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local create_engine, Column, Integer, String, ForeignKey =
  la.create_engine, la.Column, la.Integer, la.String, la.ForeignKey
local declarative_base, sessionmaker, relationship =
  orm.declarative_base, orm.sessionmaker, orm.relationship

-- 2. A model is a class, and a class is a table. `Base` keeps all of them together: its metadata
-- knows every table, so that one call can create them. Column(type, ..., {keywords}) describes a
-- column; the name of the field is the name of the column.
local Base = declarative_base()

local User = Base:class "User" {
  __tablename__ = "users",
  id   = Column(Integer, {primary_key = true}),
  name = Column(String),
  age  = Column(Integer),
}

-- An address belongs to a user. The foreign key is the column that the database sees; `user` is
-- the object that Lua sees. Classes are named by string, so the order of definition is free, and
-- an attribute can be added later: `back_populates` ties both ends together.
local Address = Base:class "Address" {
  __tablename__ = "addresses",
  id            = Column(Integer, {primary_key = true}),
  email_address = Column(String, {nullable = false, unique = true}),
  user_id       = Column(Integer, ForeignKey("users.id")),
  user          = relationship("User", {back_populates = "addresses"}),
}
User.addresses = relationship("Address", {order_by = Address.id, back_populates = "user"})

-- An engine is where the database is and how to talk to it. It connects at the first use, which
-- is here: create_all writes the tables that are not there yet.
local path = os.tmpname()
local engine = create_engine("sqlite:///" .. path)
Base.metadata:create_all(engine)

-- 3. A session keeps track of objects and talks to the database in transactions. `sessionmaker`
-- makes sessions that are all configured alike. What is added is written at commit; the new
-- primary key is then on the object.
local Session = sessionmaker{bind = engine}
local session = Session()

local new_user = User{name = "John Doe", age = 30}
session:add(new_user)
session:commit()
print("1", new_user.id, new_user)

session:add_all{User{name = "Mary", age = 22}, User{name = "Ann", age = 41}}
session:commit()
local users = session:query(User):all()
print("2", #users, users)

-- 4. Filters and order. Lua's own comparison operators give only true or false, so conditions are
-- methods of the column: :eq, :ne, :lt, :le, :gt, :ge, :like, :in_ and many more. Within a session
-- a row is always the same object.
local user = session:query(User):filter(User.name:eq "John Doe"):first()
print("3", user.name, user == new_user)
for i, u in ipairs(session:query(User):filter(User.age:gt(25)):order_by(User.age):all()) do
  print("4", i, u.name, u.age)
end
print("5", session:query(User):filter(User.name:eq "nobody"):first())

-- 5. Change and delete. Assigning to a field is enough: the session notices, and the commit sends
-- an UPDATE of that one column. Rows can also be deleted by a condition, without being loaded.
user.age = 31
session:commit()
print("6", session:query(User.age):filter_by{name = "John Doe"}:scalar())
print("7", session:query(User):filter(User.name:eq "Ann"):delete())
session:commit()
print("8", session:query(User):count())

-- 6. Related objects. A collection is a list that knows its owner: what is put into it gets the
-- owner's key at commit, and its other end (`a.user`) is right at once. Joins follow the
-- relationship. What is removed from the list keeps its row, without an owner.
user.addresses = {
  Address{email_address = "john@example.com"},
  Address{email_address = "doe@example.com"},
}
session:commit()
for _, a in ipairs(user.addresses) do
  print("9", a.id, a.email_address, a.user == user, a.user_id)
end
local found = session:query(Address)
  :join(Address.user)
  :filter(User.name:eq "John Doe")
  :order_by(Address.email_address:desc())
  :all()
print("10", #found, found[1].email_address)
user.addresses:remove(user.addresses[1])
session:commit()
print("11", #user.addresses, found[1].user, found[1].user_id)

-- 7. Errors are objects of a tree of classes: an IntegrityError is also a DBAPIError. Its text has
-- the statement, the parameters, and the place in this file where the call was made (cut off here,
-- since it depends on where the file is). After a failed flush the session waits for rollback().
local ok, err = pcall(function()
  session:add(Address{email_address = "doe@example.com", user = user})
  session:commit()
end)
print("12", ok, exc.IntegrityError:matches(err), exc.DBAPIError:matches(err),
  exc.OperationalError:matches(err))
print((tostring(err):gsub("\n%[at: [^\n]*%]$", "")))
session:rollback()
print("13", session:query(Address):count(), #user.addresses)

-- Slips are caught where they are made: a misspelt name says which name is meant, and an operator
-- that cannot build a condition says which method does.
local ok2, err2 = pcall(function() return User{nmae = "typo"} end)
print("14", ok2, (tostring(err2):find("nmae", 1, true)) ~= nil,
  (tostring(err2):find("name", 1, true)) ~= nil)
local ok3, err3 = pcall(function() return session:query(User):filter(User.age > 25) end)
print("15", ok3, (tostring(err3):find(":gt", 1, true)) ~= nil)
local ok4, err4 = pcall(function() return session:query(User):filter(User.name == "John Doe") end)
print("16", ok4, (tostring(err4):find(":eq", 1, true)) ~= nil)

session:close()
engine:dispose()

-- What was committed is there for the next one who opens the file. A session in a `<close>`
-- variable closes itself at the end of its block.
local again = create_engine("sqlite:///" .. path)
do
  local s <close> = orm.Session(again)
  print("17", s:get(User, 1).name, s:query(Address):count())
end
again:dispose()
os.remove(path)
