-- SPDX-License-Identifier: MIT
-- What classes get from mixins, abstract classes and declared_attr.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
require "spec.support.sql"

local Column, Integer, String = la.Column, la.Integer, la.String

describe("declared_attr (DEC-06)", function()
  it("is worked out with the other fields of the class at hand", function()
    local Base = orm.declarative_base()
    local Sum = orm.mixin {x = Column(Integer), y = Column(Integer),
      total = orm.declared_attr(function(cls) return orm.column_property(cls.x + cls.y) end)}
    local Point = Base:class "Point" {Sum, __tablename__ = "points", id = Column(Integer, {primary_key = true})}
    assert.sql(la.select(Point.total):where(Point.x:eq(1)), "SELECT points.x + points.y AS anon_1 FROM points WHERE points.x = :x_1")
    fails(exc.InvalidRequestError, "class Turn: the declared_attr \"a\" needs itself", function()
      Base:class "Turn" {__tablename__ = "turns", a = orm.declared_attr(function(cls) return cls.b end), b = orm.declared_attr(function(cls) return cls.a end)}
    end)
    fails(exc.ArgumentError, "declared_attr takes a function of the class, not 5", function() orm.declared_attr(5) end)
  end)

  it("keeps its place among the columns of its mixin", function()
    local Base = orm.declarative_base()
    local Mixed = orm.mixin {a = Column(Integer), b = orm.declared_attr(function() return Column(Integer) end), c = Column(Integer)}
    local Item = Base:class "Item" {Mixed, __tablename__ = "items", id = Column(Integer, {primary_key = true})}
    assert.same({"id", "a", "b", "c"}, Item.__table__.c:keys())
  end)

  it("makes directives for each class of a hierarchy, attributes for each with cascading", function()
    local Base = orm.declarative_base()
    local Named = orm.mixin {__tablename__ = orm.declared_attr.directive(function(cls) return cls.__name__:lower() end)}
    local Keyed = orm.mixin {Named, id = orm.declared_attr.cascading(function(cls)
      if orm.has_inherited_table(cls) then return Column(la.ForeignKey "person.id", {primary_key = true}) end
      return Column(Integer, {primary_key = true})
    end)}
    local Person = Base:class "Person" {Keyed, type = Column(String), __mapper_args__ = {polymorphic_on = "type"}}
    local Engineer = Person:class "Engineer" {__mapper_args__ = {polymorphic_identity = "e"}}
    assert.sql(la.select(Engineer), "SELECT person.type, engineer.id, person.id AS id_1 FROM person JOIN engineer ON person.id = engineer.id")
  end)

  it("waits in an abstract class for the classes below it", function()
    local Base = orm.declarative_base()
    local seen = {}
    local Named = Base:class "Named" {__abstract__ = true, id = Column(Integer, {primary_key = true}),
      __tablename__ = orm.declared_attr(function(cls)
        seen[#seen + 1] = cls.__name__
        return cls.__name__:lower()
      end)}
    assert.same({}, seen)
    Named:class "Thing" {}
    assert.same({"Thing"}, seen)
  end)
end)

describe("a mixin (DEC-06)", function()
  it("may have mixins; what stands nearer wins", function()
    local Base = orm.declarative_base()
    local Deep = orm.mixin {note = Column(Integer), kind = function() return "deep" end}
    local Near = orm.mixin {Deep, kind = function() return "near" end}
    local Root = Base:class "Root" {Near, __abstract__ = true, kind = function() return "root" end}
    local Plain = Base:class "Plain" {Near, __tablename__ = "plain", id = Column(Integer, {primary_key = true})}
    local Item = Root:class "Item" {__tablename__ = "items", id = Column(Integer, {primary_key = true})}
    assert.same({"id", "note"}, Item.__table__.c:keys())
    assert.same({"near", "root"}, {Plain {}:kind(), Item {}:kind()})
  end)
end)

describe("a directive of la.null (DEC-02)", function()
  it("takes back what a base says of all classes", function()
    local Base = orm.DeclarativeBase:class "Base" {__tablename__ = orm.declared_attr.directive(function(class) return class.__name__:lower() end)}
    local Pet = Base:class "Pet" {id = Column(Integer, {primary_key = true}), kind = Column(String),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "pet"}}
    local Dog = Pet:class "Dog" {__tablename__ = la.null, __mapper_args__ = {polymorphic_identity = "dog"}}
    assert.equal(Pet.__table__, Dog.__table__)
    assert.sql(la.select(Dog), "SELECT pet.id, pet.kind FROM pet WHERE pet.kind IN (:kind_1)")
  end)
end)

describe("isinstance of an object (MAP-07)", function()
  it("knows its class, the bases and every mixin of them", function()
    local Base = orm.declarative_base()
    local Deep = orm.mixin {}
    local Near, Other = orm.mixin {Deep}, orm.mixin {}
    local Root = Base:class "Root" {Near, __abstract__ = true}
    local Item = Root:class "Item" {__tablename__ = "items", id = Column(Integer, {primary_key = true})}
    local Thing = Base:class "Thing" {Other, __tablename__ = "things", id = Column(Integer, {primary_key = true})}
    for _, class in ipairs {Item, Root, Near, Deep, Base} do assert.is_true(la.isinstance(Item {}, class)) end
    for _, class in ipairs {Thing, Other, orm.declarative_base()} do assert.is_false(la.isinstance(Item {}, class)) end
    for _, value in ipairs {5, "x", {}, Item} do assert.is_false(la.isinstance(value, Near)) end
    fails(exc.ArgumentError, "no class", function() return la.isinstance(Item {}, {}) end)
  end)
end)

describe("an abstract class between mapped ones (MAP-07)", function()
  it("gives those below it its fields, and they inherit from the mapped one above", function()
    local Base = orm.declarative_base()
    local Employee = Base:class "Employee" {__tablename__ = "employees", id = Column(Integer, {primary_key = true}), type = Column(String),
      __mapper_args__ = {polymorphic_on = "type", polymorphic_identity = "employee"}}
    local Staff = Employee:class "Staff" {__abstract__ = true, room = Column(Integer), place = function(self) return "room " .. self.room end}
    local Manager = Staff:class "Manager" {__mapper_args__ = {polymorphic_identity = "manager"}}
    assert.equal(Employee, la.inspect(Manager).inherits.class_)
    assert.sql(la.select(Manager), "SELECT employees.id, employees.type, employees.room FROM employees WHERE employees.type IN (:type_1)")
    assert.equal("room 7", Manager {room = 7}:place())
    assert.is_true(la.isinstance(Manager {}, Employee))
    local Clerk = Staff:class "Clerk" {__tablename__ = "clerks", id = Column(Integer, la.ForeignKey "employees.id", {primary_key = true}),
      __mapper_args__ = {polymorphic_identity = "clerk"}}
    assert.sql(la.select(Clerk), "SELECT clerks.id, employees.id AS id_1, employees.type, clerks.room FROM employees JOIN clerks ON employees.id = clerks.id")
  end)
end)

describe("directives of a class (DEC-06)", function()
  local function key() return Column(Integer, {primary_key = true}) end

  it("metadata of its own, of a mixin or an abstract base, holds for those below", function()
    local Base, other, mixed = orm.declarative_base(), la.MetaData(), la.MetaData()
    local Other = Base:class "Other" {__abstract__ = true, metadata = other}
    local A = Other:class "A" {__tablename__ = "a", id = key(), bs = orm.relationship("B", {secondary = "a_b"})}
    Other:class "B" {__tablename__ = "b", id = key()}
    la.Table("a_b", other, Column("a_id", la.ForeignKey "a.id"), Column("b_id", la.ForeignKey "b.id"))
    local C = Base:class "C" {orm.mixin {metadata = mixed}, __tablename__ = "a", id = key()}
    assert.equal(other, A.__table__.metadata)
    assert.equal(other, A.metadata)
    assert.equal(mixed, C.__table__.metadata)
    assert.equal(0, #A().bs)
    assert.same({}, Base.metadata.tables:keys())
    local with_registry = orm.DeclarativeBase:class "Base" {registry = Base.registry, metadata = mixed}
    assert.equal(mixed, with_registry.metadata)
  end)

  it("__mapper_args__ as a declared_attr sees the table", function()
    local Lean = orm.mixin {__mapper_args__ = orm.declared_attr(function(cls)
      local left_out = {}
      for _, column in ipairs(cls.__table__.c) do
        if column.info.lean then left_out[#left_out + 1] = column.key end
      end
      return {exclude_properties = left_out, polymorphic_on = cls.kind}
    end)}
    local Base = orm.declarative_base()
    local A = Base:class "A" {Lean, __tablename__ = "a", id = key(), kind = Column(Integer), big = Column(Integer, {info = {lean = true}})}
    assert.equal("SELECT a.id, a.kind FROM a", (tostring(la.select(A)):gsub("%s+", " ")))
    assert.equal("kind", A.__mapper__.polymorphic_on.key)
  end)

  it("__table_cls__ makes the table, or none", function()
    local Base = orm.declarative_base()
    local Auto = orm.mixin {__tablename__ = orm.declared_attr(function(cls) return cls.__name__:lower() end),
      __table_cls__ = function(_, name, metadata, ...)
        for _, item in ipairs {...} do
          if la.isinstance(item, Column) and item.primary_key then return la.Table("my_" .. name, metadata, ...) end
        end
      end}
    local A = Base:class "A" {Auto, id = key()}
    local B = A:class "B" {x = Column(Integer)}
    assert.equal("my_a", A.__table__.name)
    assert.equal(A.__table__, B.__table__)
    fails(exc.ArgumentError, "__table_cls__ gives a Table", function() Base:class "C" {Auto, x = Column(Integer)} end)
  end)

  it("a registry maps classes with tables by itself", function()
    local registry = orm.registry()
    local A = registry:class "A" {__tablename__ = "a", id = key(), kind = Column(la.String), __mapper_args__ = {polymorphic_on = "kind"}}
    local B = A:class "B" {__mapper_args__ = {polymorphic_identity = "b"}}
    assert.equal(registry.metadata, A.__table__.metadata)
    assert.equal("b", B().kind)
  end)
end)
