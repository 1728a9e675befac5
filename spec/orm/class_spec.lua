-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"
require "spec.support.sql"

local Column, Integer, String = la.Column, la.Integer, la.String

local fails = require "spec.support.fails"

describe("a declarative class", function()
  it("has a table with columns in the order in which they were made (DEC-01, DEC-03)", function()
    local Base = orm.declarative_base()
    local User = Base:class "User" {
      __tablename__ = "users",
      id = Column(Integer, {primary_key = true}),
      zebra = Column(String),
      apple = Column(String(20)),
      mango = Column(Integer),
    }
    local names = {}
    for i, column in ipairs(User.__table__.c) do names[i] = column.name end
    assert.same({"id", "zebra", "apple", "mango"}, names)
    assert.equal("User", User.__name__)
    assert.equal("users", User.__tablename__)
    assert.equal(User.__table__, Base.metadata.tables.users)
  end)

  it("may call an attribute otherwise than its column (DEC-15)", function()
    local Base = orm.declarative_base()
    local User = Base:class "User" {
      __tablename__ = "users",
      id = Column(Integer, {primary_key = true}),
      mail = Column("email_address", String),
    }
    assert.equal("email_address", User.__table__.c[2].name)
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add(User{mail = "x@y"})
    session:commit()
    assert.equal("x@y", session:query(User):filter(User.mail:eq "x@y"):one().mail)
    engine:dispose()
  end)

  it("takes constraints and options from __table_args__ (DEC-02)", function()
    local Base = orm.declarative_base()
    local Seat = Base:class "Seat" {
      __tablename__ = "seats",
      __table_args__ = {la.UniqueConstraint("row", "place", {name = "uq_seat"}), {sqlite_autoincrement = true}},
      id = Column(Integer, {primary_key = true}),
      row = Column(Integer),
      place = Column(Integer),
    }
    local text = tostring(la.schema.CreateTable(Seat.__table__):compile{dialect = "sqlite"})
    assert.truthy(text:find("CONSTRAINT uq_seat UNIQUE", 1, true))
    assert.truthy(text:find("AUTOINCREMENT", 1, true))
  end)

  it("takes a table that exists (DEC-09)", function()
    local Base = orm.declarative_base()
    local things = la.Table("things", Base.metadata, Column("id", Integer, {primary_key = true}), Column("label", String))
    local Thing = Base:class "Thing" {__table__ = things}
    assert.equal(things, Thing.__table__)
    assert.equal("Thing(id=nil, label=\"x\")", tostring(Thing{label = "x"}))
  end)

  it("copies a mixin's columns behind its own (DEC-06)", function()
    local Base = orm.declarative_base()
    local Stamped = orm.mixin{
      created = Column(Integer),
      __tablename__ = orm.declared_attr(function(cls) return cls.__name__:lower() end),
      stamp = function(self) return "at " .. tostring(self.created) end,
    }
    local A = Base:class "A" {Stamped, id = Column(Integer, {primary_key = true})}
    local B = Base:class "B" {Stamped, id = Column(Integer, {primary_key = true})}
    assert.equal("a", A.__tablename__)
    assert.equal("b", B.__tablename__)
    assert.not_equal(A.__table__.c.created, B.__table__.c.created)
    assert.equal("created", A.__table__.c[2].name)
    assert.equal("at 7", A{created = 7}:stamp())
  end)

  it("inherits columns of an abstract class (MAP-07)", function()
    local Base = orm.declarative_base()
    local Named = Base:class "Named" {__abstract__ = true, id = Column(Integer, {primary_key = true}), name = Column(String)}
    local Dog = Named:class "Dog" {__tablename__ = "dogs"}
    local Cat = Named:class "Cat" {__tablename__ = "cats", lives = Column(Integer)}
    assert.equal("Dog(id=nil, name=\"Rex\")", tostring(Dog{name = "Rex"}))
    assert.not_nil(Cat.lives)
    fails(exc.ArgumentError, "lives", function() return Dog.lives end)
  end)

  it("has methods as ordinary functions, also those added later", function()
    local s = shop.new()
    function s.User:greeting() return "hi " .. self.name end
    assert.equal("hi Ann", s.User{name = "Ann"}:greeting())
    s:close()
  end)

  it("takes attributes after it was made (DEC-07)", function()
    local Base = orm.declarative_base()
    local User = Base:class "User" {__tablename__ = "users", id = Column(Integer, {primary_key = true})}
    User.nick = Column(String)
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add(User{nick = "x"})
    session:commit()
    assert.equal("x", session:query(User.nick):scalar())
    engine:dispose()
  end)

  it("knows composite primary keys (DEC-11)", function()
    local Base = orm.declarative_base()
    local Seat = Base:class "Seat" {
      __tablename__ = "seats",
      row = Column(Integer, {primary_key = true}),
      place = Column(Integer, {primary_key = true}),
      name = Column(String),
    }
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add_all{Seat{row = 1, place = 2, name = "a"}, Seat{row = 2, place = 1, name = "b"}}
    session:commit()
    assert.equal("b", session:get(Seat, {2, 1}).name)
    assert.equal("a", session:get(Seat, {row = 1, place = 2}).name)
    fails(exc.InvalidRequestError, "Incorrect number of values", function() session:get(Seat, {1}) end)
    engine:dispose()
  end)

  it("honours its own constructor and metamethods (DEC-05)", function()
    local Base = orm.declarative_base()
    local Point = Base:class "Point" {__tablename__ = "points", id = Column(Integer, {primary_key = true}), x = Column(Integer)}
    function Point:__init(x) Base.__init(self, {x = x}) end
    function Point:__tostring() return "<" .. self.x .. ">" end
    function Point.__add(a, b) return a.x + b.x end
    assert.equal("<3>", tostring(Point(3)))
    assert.equal(7, Point(3) + Point(4))
    fails(exc.ArgumentError, "__index", function() function Point:__index() end end)
  end)
end)

describe("an object", function()
  local s
  before_each(function() s = shop.new() end)
  after_each(function() s:close() end)

  it("prints its columns in order and emits no SQL", function()
    local user = s.User{name = "Ann", age = 30}
    assert.equal('User(id=nil, name="Ann", age=30)', tostring(user))
    s.session:add(user)
    s.session:commit()
    assert.same({}, s:during(function() assert.truthy(tostring(user):find("<expired>", 1, true)) end))
  end)

  it("reads nil for what was never set and for fields that are not mapped", function()
    local user = s.User{name = "Ann"}
    assert.is_nil(user.age)
    assert.is_nil(user.nickname)
    user.nickname = "A"
    assert.equal("A", user.nickname)
  end)

  it("gives its loaded columns as a plain table", function()
    assert.same({name = "Ann", age = 3}, s.User{name = "Ann", age = 3}:to_table())
  end)

  it("is visited by pairs in mapped order", function()
    local keys = {}
    for key in pairs(s.User{age = 3, name = "Ann"}) do keys[#keys + 1] = key end
    assert.same({"name", "age"}, keys)
  end)

  it("refuses unknown names in its constructor with the nearest one (DEC-05)", function()
    fails(exc.ArgumentError, "nmae", function() s.User{nmae = "x"} end)
    local err = fails(exc.ArgumentError, nil, function() s.User{nmae = "x"} end)
    assert.truthy(tostring(err):find('"name"', 1, true))
  end)

  it("refuses a value of the wrong kind with the column's name", function()
    fails(exc.StatementError, "age", function()
      local user = s.User{name = "x"}
      user.age = {}
      s.session:add(user)
      s.session:flush()
    end)
  end)
end)

describe("a class that cannot be", function()
  it("lacks a primary key (DEC-11)", function()
    local Base = orm.declarative_base()
    fails(exc.ArgumentError, "could not assemble any primary key columns for mapped table 'logs'", function()
      Base:class "Log" {__tablename__ = "logs", line = Column(String)}
    end)
  end)

  it("lacks a table", function()
    local Base = orm.declarative_base()
    fails(exc.InvalidRequestError, "__tablename__", function() Base:class "Log" {id = Column(Integer, {primary_key = true})} end)
  end)

  it("uses a reserved name", function()
    local Base = orm.declarative_base()
    fails(exc.InvalidRequestError, "metadata", function()
      Base:class "Log" {__tablename__ = "logs", id = Column(Integer, {primary_key = true}), metadata = Column(String)}
    end)
  end)

  it("reads a name that it does not have", function()
    local s = shop.new()
    local err = fails(exc.ArgumentError, "nmae", function() return s.User.nmae end)
    assert.truthy(tostring(err):find('"name"', 1, true))
    s:close()
  end)
end)

describe("a registry", function()
  it("maps classes imperatively (DEC-08)", function()
    local registry = orm.registry()
    local users = la.Table("users", registry.metadata, Column("id", Integer, {primary_key = true}), Column("name", String))
    local posts = la.Table("posts", registry.metadata, Column("id", Integer, {primary_key = true}),
      Column("user_id", Integer, la.ForeignKey "users.id"))
    local User = registry:class "User" {greeting = function(self) return "hi " .. self.name end}
    local Post = {__name__ = "Post"}
    registry:map_imperatively(User, users, {properties = {posts = orm.relationship("Post", {back_populates = "author"})}})
    registry:map_imperatively(Post, posts, {properties = {author = orm.relationship("User", {back_populates = "posts"})}})
    local engine = la.create_engine "sqlite://"
    registry.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add(User{name = "Ann", posts = {Post{}, Post{}}})
    session:commit()
    local ann = session:query(User):filter(User.name:eq "Ann"):one()
    assert.equal("hi Ann", ann:greeting())
    assert.equal(2, #ann.posts)
    assert.equal(ann, ann.posts[1].author)
    fails(exc.ArgumentError, "not mapped yet", function() registry:map_imperatively(User, users) end)
    fails(exc.ArgumentError, "map_imperatively", function() registry:map_imperatively(exc.ArgumentError, users) end)
    engine:dispose()
  end)
end)

describe("a class whose declaration fails", function()
  it("leaves nothing behind", function()
    local Base = orm.declarative_base()
    local Party = Base:class "Party" {
      __tablename__ = "parties", id = Column(Integer, {primary_key = true}), kind = Column(String),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "party", with_polymorphic = "*"},
    }
    local escaped
    local function declare()
      return Party:class "Person" {
        __tablename__ = "people",
        id = Column(Integer, la.ForeignKey "parties.id", {primary_key = true}),
        name = Column(String),
        employer = orm.relationship "Nobody",
        shouted = orm.column_property(function(class)
          escaped = class
          error("no such luck", 0)
        end),
        __mapper_args__ = {polymorphic_identity = "person"},
      }
    end
    assert.same({false, "no such luck"}, {pcall(declare)})
    assert.sql(la.select(Party), "SELECT parties.id, parties.kind FROM parties")
    local names = {}
    for name in pairs(Base.metadata.tables) do names[#names + 1] = name end
    assert.same({"parties"}, names)
    orm.configure_mappers()
    assert.equal("registry(Party)", tostring(Base.registry))
    fails(exc.UnmappedClassError, "not a mapped class", function() la.inspect(orm.aliased(escaped)) end)
    assert.is_false(pcall(escaped, {}))
  end)

  it("can be declared again", function()
    local Base = orm.declarative_base()
    local function declare(expression)
      return Base:class "User" {
        __tablename__ = "users", id = Column(Integer, {primary_key = true}), name = Column(String),
        loud = orm.column_property(expression),
      }
    end
    assert.is_false(pcall(declare, function() error "broken" end))
    local User = declare(function(class) return la.func.upper(class.__table__.c.name) end)
    local s = shop.open{Base = Base, User = User}
    s.session:add(User{id = 1, name = "ann"})
    s.session:commit()
    assert.equal("ANN", s.session:get(User, 1).loud)
    s:close()
  end)
end)
