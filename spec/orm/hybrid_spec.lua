-- SPDX-License-Identifier: MIT
-- Attributes and methods for objects and statements alike.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local hybrid = require "lualchemy.ext.hybrid"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local function text(statement) return (tostring(statement):gsub("%s+", " ")) end

describe("hybrids", function()
  local s, User, Admin, session
  before_each(function()
    local Base = orm.declarative_base()
    local Column, Integer, String = la.Column, la.Integer, la.String
    local CaseInsensitive = hybrid.Comparator:class "CaseInsensitive" {
      eq = function(self, other) return la.func.lower(self.expression):eq(la.func.lower(other)) end,
    }
    local Doubled = hybrid.Comparator:class "Doubled" {
      operate = function(self, op, other) return op(self.expression * 2, other) end,
    }
    User = Base:class "User" {
      __tablename__ = "users",
      id = Column(Integer, {primary_key = true}),
      first = Column(String), last = Column(String), age = Column(Integer), kind = Column(String),
      full = hybrid.hybrid_property(function(self) return self.first .. " " .. self.last end)
        :setter(function(self, value) self.first, self.last = value:match("(%S+) (%S+)") end)
        :update_expression(function(cls, value)
          local first, last = value:match("(%S+) (%S+)")
          return {{cls.first, first}, {cls.last, last}}
        end),
      initial = hybrid.hybrid_property(function(self) return self.first:sub(1, 1) end)
        :expression(function(cls) return la.func.substr(cls.first, 1, 1) end),
      insensitive = hybrid.hybrid_property(function(self) return self.first:lower() end)
        :comparator(function(cls) return CaseInsensitive(cls.first) end),
      double = hybrid.hybrid_property(function(self) return self.age * 2 end):comparator(function(cls) return Doubled(cls.age) end),
      older = hybrid.hybrid_method(function(self, age) return self.age > age end)
        :expression(function(cls, age) return cls.age:gt(age) end),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "user"},
    }
    Admin = User:class "Admin" {
      initial = hybrid.hybrid_property(function() return "@" end):expression(function() return la.literal "@" end),
      __mapper_args__ = {polymorphic_identity = "admin"},
    }
    s = shop.open{Base = Base}
    session = s.session
    session:add(User{full = "Ann Lee", age = 30})
    session:commit()
  end)
  after_each(function() s:close() end)

  it("give values of objects, and take assignments (EXT-01, DEC-24, DEC-25)", function()
    local ann = session:scalars(la.select(User)):one()
    assert.equal("Ann Lee", ann.full)
    assert.equal("A", ann.initial)
    ann.full = "Bea Ray"
    assert.same({"Bea", "Ray"}, {ann.first, ann.last})
    assert.is_true(ann:older(29))
    assert.is_false(ann:older(30))
    fails(exc.InvalidRequestError, "can't set attribute 'initial' of User: its hybrid has no setter", function() ann.initial = "B" end)
    fails(exc.InvalidRequestError, "can't set 'older' of User: it is a hybrid method", function() ann.older = 1 end)
  end)

  it("are expressions of classes and aliases, named in rows (EXT-01)", function()
    assert.equal('SELECT users.first || :last_1 || users.last AS "full" FROM users', text(la.select(User.full)))
    assert.equal("Ann Lee", session:execute(la.select(User.full)):one().full)
    assert.equal("SELECT users.id FROM users WHERE substr(users.first, :substr_1, :substr_2) = :param_1",
      text(la.select(User.id):where(User.initial:eq "A")))
    local other = orm.aliased(User)
    assert.equal('SELECT users_1.first || :last_1 || users_1.last AS "full" FROM users AS users_1 WHERE users_1.age > :age_1 '
      .. "ORDER BY substr(users_1.first, :substr_1, :substr_2)",
      text(la.select(other.full):where(other:older(3)):order_by(other.initial)))
    assert.equal(1, session:query(User):filter(User:older(29)):count())
    assert.equal("Ann", session:query(User):filter_by{full = "Ann Lee"}:one().first)
  end)

  it("are what rows call them, as synonyms are, also where they are a column (EXT-01, DEC-21)", function()
    local Thing = s.Base:class "Thing" {
      __tablename__ = "things",
      id = la.Column(la.Integer, {primary_key = true}), size = la.Column("how_big", la.Integer), other = la.Column(la.Integer),
      wide = hybrid.hybrid_property(function(self) return self.size end),
      wider = hybrid.hybrid_property(function(self) return self.size end):comparator(function(cls) return hybrid.Comparator(cls.size) end),
      extent = orm.synonym "size",
      measure = orm.synonym("size", {descriptor = hybrid.hybrid_property(function(self) return self.size end)}),
    }
    s.Base.metadata:create_all(s.engine)
    session:add(Thing{size = 3, other = 4})
    session:commit()
    local keys = {"size", "wide", "wider", "extent", "measure"}
    for _, class in ipairs {Thing, orm.aliased(Thing)} do
      for _, key in ipairs(keys) do -- one by one: each is a statement of its own in the cache
        assert.same({key}, session:execute(la.select(class[key])):keys())
        assert.equal(3, session:execute(la.select(class[key])):one()[key])
      end
    end
    assert.equal("SELECT things.how_big FROM things", text(la.select(Thing.wide)))
    assert.equal("SELECT anon_1.how_big FROM (SELECT things.how_big AS how_big FROM things) AS anon_1", text(la.select(la.select(Thing.extent):subquery())))
    assert.equal("size", Thing.extent.property.key)
    session:scalars(la.select(Thing):options(orm.load_only(Thing.extent)))
    session:execute(la.update(Thing):values{[Thing.wide] = 5})
    assert.equal(5, session:query(Thing.measure):scalar())
    local serializer = require "lualchemy.ext.serializer"
    local read = serializer.loads(serializer.dumps(la.select(Thing.wide, Thing.extent)), s.Base.metadata, session)
    assert.same({"wide", "extent"}, session:execute(read):keys())
  end)

  it("say what they are to inspect() (EXT-01)", function()
    local all = la.inspect(User).all_orm_descriptors
    assert.equal(hybrid.HybridExtensionType.HYBRID_PROPERTY, all.full.extension_type)
    assert.equal(hybrid.HybridExtensionType.HYBRID_METHOD, all.older.extension_type)
    assert.equal("NOT_EXTENSION", all.first.extension_type)
    assert.is_true(all.full.is_attribute)
  end)

  it("compare by comparators of their own (EXT-01)", function()
    assert.equal("SELECT users.id FROM users WHERE lower(users.first) = lower(:lower_1)", text(la.select(User.id):where(User.insensitive:eq "ANN")))
    assert.equal("Ann", session:scalars(la.select(User):where(User.insensitive:eq "ANN")):one().first)
    assert.equal("SELECT users.first FROM users ORDER BY users.first DESC", text(la.select(User.insensitive):order_by(User.insensitive:desc())))
    assert.equal("SELECT users.id FROM users WHERE users.age * :age_1 > :param_1", text(la.select(User.id):where(User.double:gt(50))))
    fails(exc.ArgumentError, "Other takes an SQL expression, not a number", function() hybrid.Comparator:class "Other" {} (1) end)
    fails(exc.ArgumentError, "Comparator:class takes a table of methods, not 5", function() hybrid.Comparator:class "Other"(5) end)
  end)

  it("give values that compare alike in Lua and in SQL (EXT-01)", function()
    local Word = hybrid.Comparator:class "Word" {
      __init = function(self, word)
        self.word = type(word) == "string" and word:lower() or la.func.lower(word)
      end,
      operate = function(self, op, other)
        return op(self.word, type(other) == "string" and other:lower() or other.word)
      end,
      __clause_element__ = function(self) return self.word end,
      __tostring = function(self) return tostring(self.word) end,
    }
    local Thing = s.Base:class "Thing" {
      __tablename__ = "things", id = la.Column(la.Integer, {primary_key = true}), name = la.Column(la.String),
      word = hybrid.hybrid_property(function(self) return Word(self.name) end),
    }
    local thing = Thing{name = "SomeWord"}
    assert.is_true(thing.word:eq "sOmEwOrD")
    assert.is_false(thing.word:eq "other")
    assert.is_true(thing.word == Word "SOMEWORD")
    assert.is_true(thing.word < Word "zebra")
    assert.equal("someword", tostring(thing.word))
    assert.equal("SELECT things.id FROM things WHERE lower(things.name) = :lower_1", text(la.select(Thing.id):where(Thing.word:eq "Trucks")))
    local a, b = orm.aliased(Thing), orm.aliased(Thing)
    assert.equal("SELECT lower(things_1.name) AS lower_1 FROM things AS things_1, things AS things_2 WHERE lower(things_1.name) > lower(things_2.name)",
      text(la.select(a.word):where(a.word:gt(b.word))))
    fails(exc.ArgumentError, "Lua makes a boolean of <; write a:lt(b)", function() return Thing.word < Word "x" end)
  end)

  it("stand for several columns, also where they are set (EXT-01, DML-15)", function()
    local Point = hybrid.Comparator:class "Point" {
      __init = function(self, x, y) self.x, self.y = x, y end,
      operate = function(self, op, other) return op(self.x, other.x) & op(self.y, other.y) end,
      __clause_element__ = function(self) return la.tuple_(self.x, self.y) end,
    }
    local Vertex = s.Base:class "Vertex" {
      __tablename__ = "vertices", id = la.Column(la.Integer, {primary_key = true}),
      x = la.Column(la.Integer), y = la.Column(la.Integer), twice = la.Column(la.Integer),
      start = hybrid.hybrid_property(function(self) return Point(self.x, self.y) end)
        :setter(function(self, value) self.x, self.y = value.x, value.y end)
        :update_expression(function(cls, value) return {{cls.x, value.x}, {cls.y, value.y}, {cls.twice, la.from_dml_column(cls.x) * 2}} end)
        :bulk_dml(function(_, row, value) row.x, row.y = value.x, value.y end),
    }
    s.Base.metadata:create_all(s.engine)
    local vertex = Vertex{start = Point(3, 4)}
    assert.same({3, 4}, {vertex.x, vertex.y})
    assert.equal("SELECT vertices.id FROM vertices WHERE vertices.x < :x_1 AND vertices.y < :y_1",
      text(la.select(Vertex.id):where(Vertex.start:lt(Point(3, 4)))))
    session:add(vertex)
    session:execute(la.insert(Vertex), {{id = 7, start = Point(10, 20)}})
    assert.equal("UPDATE vertices SET x=:x, y=:y, twice=(:x * :param_1)", text(la.update(Vertex):values{[Vertex.start] = Point(5, 6)}))
    session:execute(la.update(Vertex):where(Vertex.id:eq(7)):values{[Vertex.start] = Point(5, 6)})
    assert.equal(10, session:get(Vertex, 7).twice)
  end)

  it("say what an update sets (EXT-01)", function()
    local ann = session:scalars(la.select(User)):one()
    assert.same({"UPDATE users SET first=?, last=?"}, s:during(function() session:query(User):update{full = "Cid Poe"} end))
    assert.equal("Cid Poe", ann.full)
    assert.equal("UPDATE users SET first=:first, last=:last WHERE users.id = :id_1",
      text(la.update(User):where(User.id:eq(1)):values{full = "A B"}))
    assert.equal(text(la.update(User):values{full = "A B"}), text(la.update(User):values{[User.full] = "A B"}))
    fails(exc.ArgumentError, "keys of values are columns or their names", function() la.update(User):values{[User.initial] = "A"} end)
  end)

  it("are inherited, replaced by subclasses, and added later (EXT-01)", function()
    local root = Admin{full = "Ada Orr", age = 50}
    assert.equal("Ada Orr", root.full)
    assert.equal("@", root.initial)
    assert.equal('SELECT users.first || :last_1 || users.last AS "full" FROM users WHERE users.kind IN (:kind_1)', text(la.select(Admin.full)))
    User.decade = hybrid.hybrid_property(function(self) return self.age // 10 end)
    assert.equal(5, root.decade)
    assert.equal(5, Admin{age = 55}.decade)
    User.decade = function() return "a method now" end
    assert.equal("a method now", User{}:decade())
  end)

  it("change in place, or give a changed copy (EXT-01)", function()
    local first = hybrid.hybrid_property(function(self) return self.age end)
    local second = first:setter(function(self, value) self.age = value end)
    User.years, User.summers = first, second
    local ann = User{age = 1}
    ann.summers = 2
    assert.equal(2, ann.years)
    fails(exc.InvalidRequestError, "its hybrid has no setter", function() ann.years = 3 end)
    assert.equal(first, first.inplace:setter(function(self, value) self.age = value end))
    ann.years = 3
    assert.equal(3, ann.age)
  end)

  it("refuse what is no function", function()
    fails(exc.ArgumentError, "hybrid_property takes a function, not a string", function() hybrid.hybrid_property "full" end)
    fails(exc.ArgumentError, "setter takes a function, not a nil", function() hybrid.hybrid_property(print):setter() end)
    fails(exc.ArgumentError, "hybrid_method takes a function", function() hybrid.hybrid_method(3) end)
  end)

  it("set columns in bulk rows, and may be deleted (EXT-01)", function()
    local Base = orm.declarative_base()
    local Product = Base:class "Product" {
      __tablename__ = "products",
      id = la.Column(la.Integer, {primary_key = true}), price = la.Column(la.Integer), rate = la.Column(la.Integer),
      total = hybrid.hybrid_property(function(self) return self.price * self.rate end)
        :bulk_dml(function(_, row, value) row.price = value // row.rate end)
        :deleter(function(self) self.price = nil end),
      plain = hybrid.hybrid_property(function(self) return self.price end),
    }
    local p = shop.open{Base = Base}
    p.session:execute(la.insert(Product), {{id = 1, rate = 2, total = 10}, {id = 2, rate = 3, total = 30}})
    assert.same({5, 10}, p.session:scalars(la.select(Product.price):order_by(Product.id)):all())
    p.session:execute(la.update(Product), {{id = 1, rate = 2, total = 40}})
    local product = p.session:get(Product, 1)
    assert.equal(20, product.price)
    require("lualchemy.orm.attributes").del_attribute(product, "total")
    assert.is_nil(product.price)
    fails(exc.InvalidRequestError, "its hybrid has no deleter", function() require("lualchemy.orm.attributes").del_attribute(product, "plain") end)
    p:close()
  end)

  it("of a base are the start of a subclass's own (DEC-24)", function()
    local inherited = la.inspect(User).all_orm_descriptors.full.descriptor
    local Formal = User:class "Formal" {
      full = inherited:getter(function(self) return "Mx " .. self.last end):expression(function(cls) return "Mx " .. cls.last end),
      __mapper_args__ = {polymorphic_identity = "formal"},
    }
    session:add(Formal{full = "Dee Poe"})
    session:commit()
    assert.equal("Mx Poe", session:scalars(la.select(Formal.full)):one())
    assert.equal("Dee", session:scalars(la.select(Formal)):one().first)
  end)
end)

describe("a synonym (DEC-21)", function()
  it("may map the column of its name, have a descriptor, and comparisons of its own", function()
    local Base = orm.declarative_base()
    local Column, Integer, String = la.Column, la.Integer, la.String
    local Shout = hybrid.Comparator:class "Shout" {
      eq = function(self, other) return la.func.upper(self.expression):eq(la.func.upper(other)) end,
    }
    local Job = Base:class "Job" {
      __table__ = la.Table("jobs", Base.metadata, Column("id", Integer, {primary_key = true}), Column("status", String), Column("kind", String)),
      status = orm.synonym("_status", {map_column = true}),
      state = orm.synonym("_status", {descriptor = {get = function(self) return "is " .. self._status end,
        set = function(self, value) self._status = value:lower() end}}),
      shown = orm.synonym_for "kind"(function(self) return "<" .. self.kind .. ">" end),
      loud = orm.synonym("kind", {comparator_factory = Shout}),
    }
    local j = shop.open{Base = Base}
    local job = Job{id = 1, state = "OPEN", loud = "big"}
    j.session:add(job)
    j.session:commit()
    assert.same({"open", "open", "is open", "<big>", "big"}, {job._status, job.status, job.state, job.shown, job.loud})
    assert.equal(job, j.session:scalars(la.select(Job):where(Job.state:eq "open", Job.loud:eq "BIG")):one())
    j.session:execute(la.update(Job):values{state = "shut"})
    assert.equal("shut", job._status)
    fails(exc.InvalidRequestError, "its synonym has no setter", function() job.shown = "x" end)
    fails(exc.ArgumentError, "descriptor is a hybrid_property", function() orm.synonym("x", {descriptor = {}}) end)
    fails(exc.ArgumentError, "map_colum", function() orm.synonym("x", {map_colum = true}) end)
    j:close()
  end)
end)
