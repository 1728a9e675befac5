-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local declarative = require "lualchemy.ext.declarative"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"
require "spec.support.sql"

local Column, Integer, String = la.Column, la.Integer, la.String

--- Employees, managers and engineers with tables of their own; `mixin` for the base, or nil.
local function open(mixin)
  local Base = orm.declarative_base()
  local function fields(identity, own, type)
    local made = {mixin, __tablename__ = identity, id = Column(Integer, {primary_key = true}), name = Column(String),
      __mapper_args__ = {polymorphic_identity = identity, concrete = true}}
    made[own] = Column(type)
    return made
  end
  local Employee = Base:class "Employee" (fields("employee", "age", Integer))
  function Employee:greeting() return "hi " .. self.name end
  mixin = nil
  local Manager = Employee:class "Manager" (fields("manager", "status", String))
  local Engineer = Manager:class "Engineer" (fields("engineer", "lang", String))
  local s = shop.open{Base = Base, Employee = Employee, Manager = Manager, Engineer = Engineer}
  s.session:add_all{Employee{id = 1, name = "Ann", age = 30}, Manager{id = 1, name = "Mo", status = "busy"}, Engineer{id = 1, name = "Eve", lang = "lua"}}
  s.session:commit()
  s.session:expunge_all()
  return s
end

local function names(list)
  local found = {}
  for i, each in ipairs(list) do found[i] = la.inspect(each).class.__name__ .. " " .. each.name end
  return found
end

describe("concrete inheritance (MAP-04)", function()
  it("gives each class a table with all its columns, and identities of its own", function()
    local s = open()
    local ann, mo = s.session:get(s.Employee, 1), s.session:get(s.Manager, 1)
    assert.same({"Ann", "Mo"}, {ann.name, mo.name})
    assert.equal("hi Mo", mo:greeting())
    assert.is_true(la.isinstance(mo, s.Employee))
    assert.same({"Employee Ann"}, names(s.session:scalars(la.select(s.Employee)):all()))
    assert.sql(la.select(s.Manager), "SELECT manager.id, manager.name, manager.status FROM manager")
    mo.status = "free"
    assert.same({"UPDATE manager SET status=? WHERE manager.id = ?"}, s:during(function() s.session:flush() end))
    s.session:delete(mo)
    assert.same({"DELETE FROM manager WHERE manager.id = ?"}, s:during(function() s.session:commit() end))
    assert.is_true(la.inspect(s.Manager).concrete)
    s:close()
  end)

  it("does not pass on what the table of a class does not have", function()
    local s = open()
    local message = "Concrete Mapper[Manager(manager)] does not implement attribute 'age' at the instance level.  Add this property explicitly"
    fails(exc.InvalidRequestError, message, function() return s.Manager.age end)
    fails(exc.InvalidRequestError, message, function() return s.session:get(s.Manager, 1).age end)
    fails(exc.InvalidRequestError, message, function() s.session:get(s.Manager, 1).age = 1 end)
    s:close()
  end)

  it("with ConcreteBase loads objects of all classes from the union of their tables", function()
    local s = open(declarative.ConcreteBase)
    local Employee = s.Employee
    assert.sql(la.select(Employee):where(Employee.name:eq "x"), "SELECT pjoin.id, pjoin.name, pjoin.age, pjoin.type, pjoin.status, pjoin.lang FROM (" ..
      "SELECT employee.id AS id, employee.name AS name, employee.age AS age, CAST(NULL AS VARCHAR) AS lang, CAST(NULL AS VARCHAR) AS status, " ..
      "'employee' AS type FROM employee UNION ALL " ..
      "SELECT engineer.id AS id, engineer.name AS name, CAST(NULL AS INTEGER) AS age, engineer.lang AS lang, CAST(NULL AS VARCHAR) AS status, " ..
      "'engineer' AS type FROM engineer UNION ALL " ..
      "SELECT manager.id AS id, manager.name AS name, CAST(NULL AS INTEGER) AS age, CAST(NULL AS VARCHAR) AS lang, manager.status AS status, " ..
      "'manager' AS type FROM manager) AS pjoin WHERE pjoin.name = :name_1")
    local all
    assert.equal(1, #s:during(function() all = s.session:scalars(la.select(Employee):order_by(Employee.name)):all() end))
    assert.same({"Employee Ann", "Engineer Eve", "Manager Mo"}, names(all))
    assert.same({}, s:during(function() assert.same({"lua", "busy"}, {all[2].lang, all[3].status}) end))
    assert.equal(all[3], s.session:get(s.Manager, 1))
    local other = orm.aliased(Employee)
    assert.same({"Engineer Eve"}, names(s.session:scalars(la.select(other):where(other.name:eq "Eve")):all()))
    assert.equal(3, s.session:query(Employee):count())
    all[1].age = 31
    assert.same({"UPDATE employee SET age=? WHERE employee.id = ?"}, s:during(function() s.session:commit() end))
    assert.equal(31, all[1].age)
    s:close()
  end)

  it("takes classes that come later into the union", function()
    local s = open(declarative.ConcreteBase)
    assert.equal(3, s.session:query(s.Employee):count())
    local Clerk = s.Employee:class "Clerk" {__tablename__ = "clerk", id = Column(Integer, {primary_key = true}), name = Column(String),
      __mapper_args__ = {polymorphic_identity = "clerk", concrete = true}}
    s.Base.metadata:create_all(s.engine)
    s.session:add(Clerk{id = 9, name = "Cid"})
    s.session:flush()
    assert.same({"Clerk Cid"}, names(s.session:scalars(la.select(s.Employee):where(s.Employee.id:eq(9))):all()))
    s:close()
  end)

  it("is refused to a class without a table of its own, which is not in the union then", function()
    local s = open(declarative.ConcreteBase)
    local function declare()
      s.Employee:class "Clerk" {desk = Column(Integer), __mapper_args__ = {polymorphic_identity = "clerk", concrete = true}}
    end
    fails(exc.InvalidRequestError, "class Clerk: concrete = true is for a class with a table of its own; give it a __tablename__ or a __table__", declare)
    local text = tostring(la.select(s.Employee))
    assert.is_nil(text:find("clerk", 1, true))
    assert.is_false(s.Employee.__table__.c:contains "desk")
    assert.equal(3, s.session:query(s.Employee):count())
    s:close()
  end)

  it("has polymorphic_union for tables of one's own", function()
    local metadata = la.MetaData()
    local one = la.Table("one", metadata, Column("a", Integer), Column("b", String))
    local two = la.Table("two", metadata, Column("a", Integer))
    assert.sql(la.select(orm.polymorphic_union({one = one, two = two}, "kind", "both")),
      "SELECT \"both\".a, \"both\".b, \"both\".kind FROM (SELECT one.a AS a, one.b AS b, 'one' AS kind FROM one UNION ALL " ..
      "SELECT two.a AS a, CAST(NULL AS VARCHAR) AS b, 'two' AS kind FROM two) AS \"both\"")
    assert.sql(la.select(orm.polymorphic_union({one = one, two = two}, nil, "u", {cast_nulls = false})),
      "SELECT u.a, u.b FROM (SELECT one.a AS a, one.b AS b FROM one UNION ALL SELECT two.a AS a, NULL AS b FROM two) AS u")
    fails(exc.ArgumentError, "identity = table", function() orm.polymorphic_union {} end)
  end)
end)
