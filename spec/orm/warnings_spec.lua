-- SPDX-License-Identifier: MIT
-- What the ORM warns of, in SQLAlchemy's words.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local warnings = require "lualchemy.warnings"
local database = require "spec.support.database"
local fails = require "spec.support.fails"

local Column, Integer, String, ForeignKey, relationship = la.Column, la.Integer, la.String, la.ForeignKey, orm.relationship

local function key() return Column(Integer, {primary_key = true}) end

--- The texts of the warnings that come while `fn` runs, and the code of the first.
local function warned(fn)
  local list = warnings.catch_warnings(fn)
  local texts = {}
  for i, warning in ipairs(list) do
    assert.is_true(exc.SAWarning:matches(warning))
    texts[i] = warning.message
  end
  return texts, list[1] and list[1].code
end

describe("warnings of loads", function()
  after_each(database.clean)

  local function world(lazy)
    local Base = orm.declarative_base()
    local User = Base:class "User" {__tablename__ = "users", id = key(),
      address = relationship("Address", {uselist = false, lazy = lazy})}
    local Address = Base:class "Address" {__tablename__ = "addresses", id = key(), user_id = Column(ForeignKey "users.id")}
    local engine = database.engine()
    Base.metadata:create_all(engine)
    engine:begin(function(connection)
      connection:exec_driver_sql "INSERT INTO users VALUES (1)"
      connection:exec_driver_sql "INSERT INTO addresses VALUES (1, 1), (2, 1)"
    end)
    return orm.Session(engine), User, Address
  end

  it("tell of several rows for a link to one object, however it is loaded", function()
    for lazy, how in pairs {select = "lazily", immediate = "lazily", joined = "eagerly", selectin = "eagerly", subquery = "eagerly"} do
      local session <close>, User = world(lazy)
      local found
      local texts = warned(function() found = session:scalars(la.select(User)):unique():one().address end)
      assert.same({("Multiple rows returned with uselist=False for %s-loaded attribute 'User.address'"):format(how)}, texts)
      assert.equal(1, found.id)
      session:close()
    end
  end)

  it("do not come for the same row twice", function()
    local session <close>, User, Address = world("joined")
    session:execute(la.delete(Address):where(Address.id:eq(2)))
    local twice = la.union_all(la.select(la.literal(1):label "n"), la.select(la.literal(2):label "n")):subquery()
    local doubled = la.select(User):join(twice, la.true_())
    assert.same({}, (warned(function() session:scalars(doubled):unique():all() end)))
    session:close()
  end)

  it("tell of a key of NULLs", function()
    local session <close>, User = world("select")
    local text = "fully NULL primary key identity cannot load any object.  This condition may raise an error in a future release."
    assert.same({text, text}, (warned(function()
      assert.is_nil(session:get(User, nil))
      assert.is_nil(session:get(User, {la.null}))
    end)))
    session:close()
  end)
end)

describe("warnings of mappings", function()
  it("tell of relationships that write one column, with the code of the page that explains it", function()
    local texts, code = warned(function()
      local Base = orm.declarative_base()
      Base:class "User" {__tablename__ = "users", id = key(), a = relationship "Address", b = relationship "Address"}
      Base:class "Address" {__tablename__ = "addresses", id = key(), user_id = Column(ForeignKey "users.id")}
      Base.registry:configure()
    end)
    assert.equal(1, #texts)
    assert.truthy(texts[1]:find("relationship 'User.b' will copy column users.id to column addresses.user_id", 1, true))
    assert.equal("qzyx", code)
  end)

  it("tell of delete-orphan without delete", function()
    assert.same({"The 'delete-orphan' cascade option requires 'delete'."},
      (warned(function() relationship("Address", {cascade = "save-update, delete-orphan"}) end)))
    assert.same({}, (warned(function() relationship("Address", {cascade = "all, delete-orphan"}) end)))
  end)

  it("tell of a column that has two names", function()
    local User
    assert.same({"On class 'User', Column object 'x' named directly multiple times, only one will be used: a, b. Consider using orm.synonym " ..
      "instead"}, (warned(function()
        local column = Column("x", Integer)
        User = orm.declarative_base():class "User" {__tablename__ = "users", id = key(), a = column, b = column}
      end)))
    assert.equal(2, #la.inspect(User).column_attrs)
  end)

  it("tell of an expression that is no property", function()
    local texts = warned(function()
      orm.declarative_base():class "User" {__tablename__ = "users", id = key(), now = la.func.now()}
    end)
    assert.equal(1, #texts)
    assert.truthy(texts[1]:find("Attribute 'now' on class User appears to be a non-schema SQLAlchemy expression object", 1, true))
  end)

  it("tell of a version column below one that has it already", function()
    local texts = warned(function()
      local Parent = orm.declarative_base():class "Parent" {__tablename__ = "parents", id = key(), version = Column(Integer), kind = Column(String),
        __mapper_args__ = {version_id_col = "version", polymorphic_on = "kind", polymorphic_identity = "parent"}}
      Parent:class "Child" {__tablename__ = "children", id = Column(ForeignKey "parents.id", {primary_key = true}), own = Column(Integer),
        __mapper_args__ = {version_id_col = "own", polymorphic_identity = "child"}}
    end)
    assert.equal(1, #texts)
    assert.truthy(texts[1]:find("Inheriting version_id_col 'own' does not match inherited version_id_col 'version'", 1, true))
  end)

  it("are errors where a name is mapped already", function()
    local User = orm.declarative_base():class "User" {__tablename__ = "users", id = key(), name = Column(String)}
    fails(exc.InvalidRequestError, "Attribute 'name' of Mapper[User(users)] is mapped already, and can't be replaced once the class is made",
      function() la.inspect(User):add_property("name", orm.column_property(la.func.upper(User.name))) end)
  end)
end)

describe("warnings of schemas", function()
  after_each(database.clean)

  it("tell of tables that refer to each other in a circle, when they are sorted and when they are dropped", function()
    local metadata = la.MetaData()
    la.Table("alone", metadata, Column("id", Integer, {primary_key = true}), Column("a_id", Integer, ForeignKey "a.id"))
    la.Table("a", metadata, Column("id", Integer, {primary_key = true}), Column("b_id", Integer, ForeignKey "b.id"),
      Column("first_id", Integer, ForeignKey "first.id"))
    la.Table("b", metadata, Column("id", Integer, {primary_key = true}), Column("a_id", Integer, ForeignKey "a.id"))
    la.Table("first", metadata, Column("id", Integer, {primary_key = true}))
    local texts = warned(function() return metadata.sorted_tables end)
    assert.equal(1, #texts)
    assert.truthy(texts[1]:find('Cannot correctly sort tables; there are unresolvable cycles between tables "a, b", which', 1, true))
    local engine = database.engine()
    assert.same({}, (warned(function() metadata:create_all(engine) end)))
    texts = warned(function() metadata:drop_all(engine) end)
    assert.equal(1, #texts)
    assert.truthy(texts[1]:find("Can't sort tables for DROP; an unresolvable foreign key dependency exists between tables: a, b; and", 1, true))
  end)

  it("tell of a table that is copied to where it is already", function()
    local target = la.MetaData()
    local source = la.Table("users", la.MetaData(), Column("id", Integer, {primary_key = true}))
    local copy = source:to_metadata(target)
    assert.same({"Table 'users' already exists within the given MetaData - not copying."},
      (warned(function() assert.equal(copy, source:to_metadata(target)) end)))
  end)
end)

describe("warnings of classes", function()
  it("tell of a column that shares an attribute with another of the class above", function()
    local function declare(fields)
      local Base = orm.declarative_base()
      local Person = Base:class "Person" {__tablename__ = "people", id = key(), name = Column(String), kind = Column(String),
        __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "person"}}
      fields.__mapper_args__ = fields.__mapper_args__ or {polymorphic_identity = "engineer"}
      fields.__tablename__, fields.id = "engineers", Column(ForeignKey "people.id", {primary_key = true})
      return warned(function()
        Person:class "Engineer"(fields)
        Base.registry:configure()
      end)
    end
    assert.same({"Implicitly combining column people.name with column engineers.name under attribute 'name'.  Please configure one or " ..
      "more attributes for these same-named columns explicitly."}, (declare{name = Column(String)}))
    assert.same({}, (declare{title = Column("name", String)}))
    assert.same({}, (declare{name = Column(String), __mapper_args__ = {concrete = true, polymorphic_identity = "engineer"}}))
  end)

  it("tell of a field that gives way to a cascading declared_attr", function()
    local Base = orm.declarative_base()
    local Mixin = orm.mixin{mark = orm.declared_attr.cascading(function() return Column(Integer) end)}
    local Parent = Base:class "Parent" {Mixin, __tablename__ = "parents", id = key()}
    local Child
    local texts = warned(function()
      Child = Parent:class "Child" {__tablename__ = "children", id = Column(ForeignKey "parents.id", {primary_key = true}), mark = Column(String)}
    end)
    assert.equal("Attribute 'mark' on class Child cannot be processed due to declared_attr.cascading; skipping", texts[1])
    assert.equal("INTEGER", tostring(Child.__table__.c.mark.type))
  end)
end)
