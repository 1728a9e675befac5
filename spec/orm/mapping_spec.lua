-- SPDX-License-Identifier: MIT
-- What mapper arguments do with columns and classes, and what the mapper says of itself.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"
local staff = require "spec.support.staff"

local function keys_of(list)
  local keys = {}
  for i, property in ipairs(list) do keys[i] = property.key end
  return keys
end

describe("columns of a mapper", function()
  local Base, users
  before_each(function()
    Base = orm.declarative_base()
    users = la.Table("users", Base.metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("name", la.String),
      la.Column("secret", la.String))
  end)

  it("are those that include_properties lists, or exclude_properties does not (DEC-15)", function()
    local Included = Base:class "Included" {__table__ = users, __mapper_args__ = {include_properties = {"id", users.c.name}}}
    assert.same({"id", "name"}, keys_of(la.inspect(Included).column_attrs))
    local Excluded = Base:class "Excluded" {__table__ = users, __mapper_args__ = {exclude_properties = {"secret"}}}
    assert.same({"id", "name"}, keys_of(la.inspect(Excluded).column_attrs))
    assert.equal("SELECT users.id, users.name FROM users", (tostring(la.select(Excluded)):gsub("%s+", " ")))
    fails(exc.ArgumentError, "include_properties is a list of columns or their names", function()
      Base:class "Wrong" {__table__ = users, __mapper_args__ = {include_properties = "id"}}
    end)
  end)

  it("take a prefix, or names of their own (DEC-15)", function()
    local User = Base:class "User" {__table__ = users, title = users.c.name, __mapper_args__ = {column_prefix = "_"}}
    assert.same({"_id", "title", "_secret"}, keys_of(la.inspect(User).column_attrs))
    local s = shop.open{Base = Base}
    s.session:add(User{title = "Ann", _secret = "x"})
    assert.same({"INSERT INTO users (name, secret) VALUES (?, ?)"}, s:during(function() s.session:flush() end))
    assert.equal("Ann", s.session:scalars(la.select(User):where(User._secret:eq "x")):one().title)
    s:close()
  end)

  it("make a key that the table lacks (DEC-15)", function()
    local view = la.Table("user_names", Base.metadata, la.Column("name", la.String), la.Column("count", la.Integer))
    fails(exc.ArgumentError, "could not assemble any primary key columns for mapped table 'user_names'", function()
      Base:class "Keyless" {__table__ = view}
    end)
    local Name = Base:class "Name" {__table__ = view, __mapper_args__ = {primary_key = {view.c.name}}}
    local s = shop.open{Base = Base}
    s.session:execute(la.insert(view):values{name = "Ann", count = 2})
    assert.equal(2, s.session:get(Name, "Ann").count)
    s:close()
  end)
end)

describe("an argument of a mapper that would do nothing", function()
  local Column, Integer = la.Column, la.Integer

  it("is refused, with what serves instead", function()
    local Base = orm.declarative_base()
    local column = Column("kind", la.String)
    for argument, instead in pairs {
      always_refresh = "execution option populate_existing", order_by = "give it to the statement, or to the relationship",
      local_table = "is its __table__ or __tablename__", inherits = "Parent:class \"Child\"", non_primary = "orm.aliased(Class, subquery)",
    } do
      fails(exc.ArgumentError, ("class Thing: __mapper_args__: %s is not supported: "):format(argument), function()
        Base:class "Thing" {__tablename__ = "thing_" .. argument, id = Column(Integer, {primary_key = true}), __mapper_args__ = {[argument] = column}}
      end)
      fails(exc.ArgumentError, instead, function()
        Base:class "Thing" {__tablename__ = "again_" .. argument, id = Column(Integer, {primary_key = true}), __mapper_args__ = {[argument] = true}}
      end)
    end
    local Plain = Base:class "Plain" {__tablename__ = "plain", id = Column(Integer, {primary_key = true}), __mapper_args__ = {concrete = false}}
    assert.is_false(la.inspect(Plain).concrete)
  end)

  it("is refused by declarative_base too", function()
    for keyword, instead in pairs {cls = "orm.DeclarativeBase:class", class_registry = "the registry keeps", type_annotation_map = "no annotations"} do
      fails(exc.ArgumentError, ("declarative_base: %s is not supported: "):format(keyword), function() orm.declarative_base{[keyword] = {}} end)
      fails(exc.ArgumentError, instead, function() orm.declarative_base{[keyword] = {}} end)
    end
  end)

  it("is refused by with_polymorphic too", function()
    local Base = orm.declarative_base()
    local Plain = Base:class "Plain" {__tablename__ = "plain", id = Column(Integer, {primary_key = true})}
    fails(exc.ArgumentError, "with_polymorphic: polymorphic_on is not supported: rows are told apart by the class's own polymorphic_on", function()
      orm.with_polymorphic(Plain, "*", {polymorphic_on = Plain.id})
    end)
    fails(exc.ArgumentError, "with_polymorphic: adapt_on_names is not supported", function()
      orm.with_polymorphic(Plain, "*", {adapt_on_names = true})
    end)
    assert.truthy(orm.with_polymorphic(Plain, "*", {adapt_on_names = false}))
  end)
end)

describe("an abstract class of a hierarchy", function()
  it("is mapped, selects its subclasses' rows, and has no objects (MAP-07)", function()
    local Base = orm.declarative_base()
    local Column, Integer, String = la.Column, la.Integer, la.String
    local Animal = Base:class "Animal" {__tablename__ = "animals", id = Column(Integer, {primary_key = true}), kind = Column(String),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_abstract = true}}
    local Pet = Animal:class "Pet" {owner = Column(String), __mapper_args__ = {polymorphic_abstract = true}}
    local Cat = Pet:class "Cat" {__mapper_args__ = {polymorphic_identity = "cat"}}
    local Wolf = Animal:class "Wolf" {__mapper_args__ = {polymorphic_identity = "wolf"}}
    local Mouse = Base:class "Mouse" {__abstract__ = true, tail = Column(Integer)}
    local House = Mouse:class "House" {__tablename__ = "mice", id = Column(Integer, {primary_key = true})}
    local s = shop.open{Base = Base}
    s.session:add_all{Cat{owner = "Ann"}, Wolf{}, House{tail = 3}}
    s.session:commit()
    local pets = s.session:scalars(la.select(Pet)):all()
    assert.equal(1, #pets)
    assert.is_true(la.isinstance(pets[1], Cat))
    assert.equal(2, #s.session:scalars(la.select(Animal)):all())
    assert.equal("SELECT animals.id, animals.kind, animals.owner FROM animals WHERE animals.kind IN (:kind_1)",
      (tostring(la.select(Pet)):gsub("%s+", " ")))
    fails(exc.InvalidRequestError, "Can't instantiate class for Mapper[Pet(animals)]; mapper is marked polymorphic_abstract = true",
      function() Pet{owner = "x"} end)
    s:close()
  end)
end)

describe("la.inspect of a class", function()
  local s
  before_each(function() s = staff.new() end)
  after_each(function() s:close() end)

  it("tells its tables and its place in a hierarchy", function()
    local mapper = la.inspect(s.Senior)
    assert.equal(s.Senior, mapper.class_)
    assert.equal(s.Engineer, mapper.inherits.class_)
    assert.equal(s.Person, mapper.base_mapper.class_)
    assert.is_nil(la.inspect(s.Person).inherits)
    local names = {}
    for i, of in ipairs(mapper.tables) do names[i] = of.name end
    assert.same({"people", "engineers", "seniors"}, names)
    local below = {}
    for i, of in ipairs(la.inspect(s.Person).self_and_descendants) do below[i] = of.class_.__name__ end
    assert.same({"Person", "Engineer", "Manager", "Senior", "Boss"}, below)
    assert.same({false, true}, {mapper.single, la.inspect(s.Boss).single})
    assert.is_true(mapper:isa(la.inspect(s.Person)))
    assert.is_false(la.inspect(s.Person):isa(mapper))
  end)

  it("tells how rows are told apart", function()
    local mapper = la.inspect(s.Engineer)
    assert.equal("engineer", mapper.polymorphic_identity)
    assert.equal(s.Boss, mapper.polymorphic_map.boss.class_)
    assert.equal("type", la.inspect(s.Person).polymorphic_on.name)
  end)

  it("finds properties by name and by column", function()
    local mapper = la.inspect(s.Engineer)
    assert.equal("lang", mapper:get_property("lang").key)
    assert.is_true(mapper:has_property "machines")
    assert.is_false(mapper:has_property "status")
    assert.equal("lang", mapper:get_property_by_column(s.Engineer.__table__.c.lang).key)
    fails(exc.InvalidRequestError, "Mapper 'Mapper[Engineer(engineers)]' has no property 'status'", function() mapper:get_property "status" end)
    fails(exc.InvalidRequestError, "is configured on mapper Mapper[Engineer(engineers)]", function()
      mapper:get_property_by_column(s.Manager.__table__.c.status)
    end)
    assert.equal("machines", mapper.all_orm_descriptors.machines.key)
  end)
end)

describe("configuration of classes", function()
  local Base, Column, Integer
  before_each(function()
    Base = orm.declarative_base()
    Column, Integer = la.Column, la.Integer
  end)

  it("comes with the first use, and names both classes of a mistake (DEC-10)", function()
    local Parent = Base:class "Parent" {__tablename__ = "parents", id = Column(Integer, {primary_key = true}), children = orm.relationship("Chidl")}
    Base:class "Child" {__tablename__ = "children", id = Column(Integer, {primary_key = true})}
    local function check(fn)
      local err = fails(exc.InvalidRequestError, "expression 'Chidl' failed to locate a name ('Chidl')", fn)
      assert.truthy(err.message:find("When initializing mapper Mapper[Parent", 1, true))
      assert.truthy(err.message:find("did you mean 'Child'?", 1, true))
    end
    check(function() Parent{} end)
    check(function() Base.registry:configure() end)
    check(function() orm.configure_mappers() end)
    Base.registry:dispose()
    orm.configure_mappers()
  end)

  it("calls __declare_last__ before the first object, also of a class without relationships (DEC-10)", function()
    local Versioned = orm.mixin {id = Column(Integer, {primary_key = true}), version = Column(Integer, {primary_key = true}),
      __declare_last__ = function(class)
        local all = class.__table__:alias()
        class.is_newest = orm.column_property(la.select(la.func.max(all.c.version):eq(class.version)):where(all.c.id:eq(class.id)))
      end}
    local Page = Base:class "Page" {Versioned, __tablename__ = "pages"}
    assert.is_nil(Page {id = 1, version = 1}.is_newest)
    local newest = la.inspect(Page).column_attrs.is_newest
    assert.equal("is_newest", newest.key)
    assert.equal(Page.is_newest, newest.columns[1])
  end)

  it("takes names, functions and classes, and calls __declare_first__ and __declare_last__ (DEC-10)", function()
    local calls = {}
    local Child
    Base:class "Parent" {
      __tablename__ = "parents", id = Column(Integer, {primary_key = true}),
      children = orm.relationship(function() return Child end),
      __declare_first__ = function(cls) calls[#calls + 1] = "first " .. cls.__name__ end,
      __declare_last__ = function(cls) calls[#calls + 1] = "last " .. cls.__name__ end,
    }
    Child = Base:class "Child" {__tablename__ = "children", id = Column(Integer, {primary_key = true}),
      parent_id = Column(Integer, la.ForeignKey "parents.id"), parent = orm.relationship("Parent", {overlaps = "children"})}
    assert.same({}, calls)
    Base.registry:configure()
    assert.same({"first Parent", "last Parent"}, calls)
    Base.registry:configure()
    assert.equal(2, #calls, "once only")
  end)

  it("gives each class its table, mapper, metadata and registry (DEC-26)", function()
    local User = Base:class "User" {__tablename__ = "users", id = Column(Integer, {primary_key = true}), name = Column(la.String)}
    assert.equal("users", User.__table__.name)
    assert.equal("users", User.__tablename__)
    assert.equal("Mapper[User(users)]", tostring(User.__mapper__))
    assert.equal(User, User.__mapper__.class_)
    assert.equal(User.__mapper__, la.inspect(User))
    assert.equal(Base.metadata, User.metadata)
    assert.equal(Base.registry, User.registry)
    assert.equal(User.__table__, Base.metadata.tables.users)
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    assert.is_true(la.inspect(engine):has_table "users")
    engine:dispose()
  end)

  it("tells mixins whether a base has a table (DEC-06)", function()
    local Named = orm.mixin {__tablename__ = orm.declared_attr(function(cls)
      return not orm.has_inherited_table(cls) and cls.__name__:lower() or nil
    end)}
    local Animal = Base:class "Animal" {Named, id = Column(Integer, {primary_key = true}), kind = Column(la.String),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "animal"}}
    local Cat = Animal:class "Cat" {Named, __mapper_args__ = {polymorphic_identity = "cat"}}
    assert.equal(Animal.__table__, Cat.__table__)
  end)
end)

describe("column_property", function()
  local s, User, session
  before_each(function()
    local Base = orm.declarative_base()
    local Column, Integer, String = la.Column, la.Integer, la.String
    local Address = Base:class "Address" {__tablename__ = "addresses", id = Column(Integer, {primary_key = true}),
      user_id = Column(Integer, la.ForeignKey "users.id")}
    local id, first, last = Column(Integer, {primary_key = true}), Column(String), Column(String)
    User = Base:class "User" {
      __tablename__ = "users", id = id, first = first, last = last,
      full = orm.column_property(first .. " " .. last),
      kept = orm.column_property(first .. "!", {expire_on_flush = false}),
      slow = orm.column_property(last .. "?", {deferred = true}),
    }
    User.addresses = orm.column_property(la.select(la.func.count(Address.id)):where(Address.user_id:eq(User.id))
      :correlate_except(Address):scalar_subquery())
    s = shop.open{Base = Base, Address = Address}
    session = s.session
  end)
  after_each(function() s:close() end)

  it("has no operators before it is mapped, but an expression", function()
    local kept = orm.column_property(la.Column("x", la.Integer))
    fails(exc.ArgumentError, "a column_property is not mapped yet, so it has no operators; use its expression", function() return kept > 5 end)
    fails(exc.ArgumentError, "a relationship is not mapped yet", function() return orm.relationship "User" .. "x" end)
    assert.equal("x > :x_1", tostring(kept.expression:gt(5)))
  end)

  it("is loaded with the object, and an expression of classes and aliases (DEC-18)", function()
    session:add(User{id = 1, first = "Ann", last = "Lee"})
    session:flush()
    session:add(s.Address{user_id = 1})
    session:commit()
    session:expunge_all()
    local ann
    assert.same({'SELECT users.first || ? || users.last AS anon_1, users.first || ? AS anon_2, users.id, users.first, users.last, '
      .. "(SELECT count(addresses.id) AS count_1 FROM addresses WHERE addresses.user_id = users.id) AS anon_3 FROM users "
      .. "WHERE (users.first || ? || users.last) = ?"}, s:during(function()
      ann = session:scalars(la.select(User):where(User.full:eq "Ann Lee")):one()
      assert.same({"Ann Lee", "Ann!", 1}, {ann.full, ann.kept, ann.addresses})
    end))
    assert.equal(1, #s:during(function() assert.equal("Lee?", ann.slow) end))
    local other = orm.aliased(User)
    assert.equal("Ann Lee", session:scalar(la.select(other.full):where(other.addresses:gt(0))))
    fails(exc.InvalidRequestError, "attribute 'full' of User can't be set: it is read only", function() ann.full = "x" end)
  end)

  it("is named by its label where the list that ORDER BY follows has it, else written again (DEC-18)", function()
    local full = "users.first || ' ' || users.last"
    local function ends(statement, text)
      local found = tostring(statement:compile{literal_binds = true}):gsub("%s*\n", " ")
      assert.equal(text, found:sub(-#text))
    end
    local other = orm.aliased(User)
    ends(la.select(User):order_by(User.full:desc(), User.addresses:nulls_last()), "FROM users ORDER BY anon_1 DESC, anon_3 NULLS LAST")
    ends(la.select(other):order_by(other.full), "FROM users AS users_1 ORDER BY anon_1")
    ends(la.select(User.full, User.id):distinct():order_by(User.full), "FROM users ORDER BY anon_1")
    ends(session:query(User):order_by(User.kept).statement, "FROM users ORDER BY anon_2")
    ends(la.select(User.full):group_by(User.full):order_by(User.full), ("FROM users GROUP BY %s ORDER BY anon_1"):format(full))
    ends(la.select(User.id):order_by(User.full), "FROM users ORDER BY " .. full)
    ends(la.select(other.full):order_by(User.full), "AS users_1 ORDER BY " .. full)
    ends(la.select(User.full):order_by(User.full .. "x", la.func.lower(User.full)),
      ("ORDER BY %s || 'x', lower(%s)"):format(full, full))
    ends(la.select(User):order_by(User.slow), "ORDER BY users.last || '?'")
  end)

  it("may be a function of the class, which has its columns by then (DEC-18)", function()
    local Pair = s.Base:class "Pair" {
      __tablename__ = "pairs", id = la.Column(la.Integer, {primary_key = true}), a = la.Column(la.Integer), b = la.Column(la.Integer),
      sum = orm.column_property(function(cls) return cls.a + cls.b end),
    }
    s.Base.metadata:create_all(s.engine)
    session:add(Pair{a = 2, b = 3})
    session:commit()
    assert.equal(5, session:scalars(la.select(Pair)):one().sum)
  end)

  it("is expired by the flush that saves its object, unless expire_on_flush is false (DEC-18)", function()
    local ann = User{first = "Ann", last = "Lee"}
    assert.is_nil(ann.full)
    session:add(ann)
    session:flush()
    assert.equal(1, #s:during(function() assert.same({"Ann Lee", 0}, {ann.full, ann.addresses}) end))
    assert.equal("Ann!", ann.kept)
    ann.first = "Bea"
    session:flush()
    assert.equal(1, #s:during(function() assert.same({"Bea Lee", 0}, {ann.full, ann.addresses}) end))
    assert.same({}, s:during(function() assert.equal("Ann!", ann.kept) end))
    session:commit()
    assert.equal("Bea!", ann.kept)
  end)
end)
