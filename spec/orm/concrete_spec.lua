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
      "SELECT employee.id AS id, employee.name AS name, employee.age AS age, CAST(NULL AS VARCHAR) AS status, CAST(NULL AS VARCHAR) AS lang, " ..
      "'employee' AS type FROM employee UNION ALL " ..
      "SELECT manager.id AS id, manager.name AS name, CAST(NULL AS INTEGER) AS age, manager.status AS status, CAST(NULL AS VARCHAR) AS lang, " ..
      "'manager' AS type FROM manager UNION ALL " ..
      "SELECT engineer.id AS id, engineer.name AS name, CAST(NULL AS INTEGER) AS age, CAST(NULL AS VARCHAR) AS status, engineer.lang AS lang, " ..
      "'engineer' AS type FROM engineer) AS pjoin WHERE pjoin.name = :name_1")
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

  it("refuses a key that rows of two tables have", function()
    local s = open(declarative.ConcreteBase)
    fails(exc.MultipleResultsFound, "Multiple rows were found when exactly one was required", function() s.session:get(s.Employee, 1) end)
    s:close()
  end)

  describe("by tables of one's own", function()
    local Base, tables, pjoin
    before_each(function()
      Base = orm.declarative_base()
      local function of(name, ...)
        return la.Table(name, Base.metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("name", la.String), ...)
      end
      tables = {employee = of "employees", engineer = of("engineers", la.Column("tool", la.String)), manager = of("managers", la.Column("car", la.String))}
    end)

    --- The classes of all rows of `Employee`, by name, and how many statements that took.
    local function rows_of(Employee, objects)
      local s = shop.new()
      Base.metadata:create_all(s.engine)
      s.session:add_all(objects)
      s.session:commit()
      local found = {}
      local statements = s:during(function()
        for employee in s.session:scalars(la.select(Employee):order_by(Employee.name)):iter() do
          found[#found + 1] = la.inspect(employee).mapper.class_.__name__ .. " " .. employee.name
        end
      end)
      s:close()
      return found, #statements
    end

    local function subclasses(Employee)
      return Employee:class "Engineer" {__table__ = tables.engineer, __mapper_args__ = {polymorphic_identity = "engineer", concrete = true}},
        Employee:class "Manager" {__table__ = tables.manager, __mapper_args__ = {polymorphic_identity = "manager", concrete = true}}
    end

    it("reads from the union that with_polymorphic names", function()
      pjoin = orm.polymorphic_union(tables, "type", "pjoin")
      local Employee = Base:class "Employee" {__table__ = tables.employee,
        __mapper_args__ = {polymorphic_on = pjoin.c.type, with_polymorphic = {"*", pjoin}, polymorphic_identity = "employee"}}
      local Engineer, Manager = subclasses(Employee)
      local found, statements = rows_of(Employee, {Employee{name = "c"}, Engineer{name = "a", tool = "saw"}, Manager{name = "b"}})
      assert.same({"Engineer a", "Manager b", "Employee c"}, found)
      assert.equal(1, statements)
    end)

    it("is mapped to the union itself", function()
      pjoin = orm.polymorphic_union({engineer = tables.engineer, manager = tables.manager}, "type", "pjoin")
      local Employee = Base:class "Employee" {__table__ = pjoin, __mapper_args__ = {polymorphic_on = pjoin.c.type, with_polymorphic = "*"}}
      local Engineer, Manager = subclasses(Employee)
      local found, statements = rows_of(Employee, {Engineer{name = "a"}, Manager{name = "b"}})
      assert.same({"Engineer a", "Manager b"}, found)
      assert.equal(1, statements)
    end)

    it("refuses a selectable that does not tell the classes apart", function()
      fails(exc.ArgumentError, "class Employee: with_polymorphic with a selectable needs a polymorphic_on that is one of its columns", function()
        Base:class "Employee" {__table__ = tables.employee, __mapper_args__ = {with_polymorphic = {"*", tables.manager}}}
      end)
    end)
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
    fails(exc.InvalidRequestError, "Polymorphic union can't use 'a' as the discriminator column due to mapped column one.a", function()
      orm.polymorphic_union({one = one}, "a")
    end)
  end)
end)

describe("a base without a table, AbstractConcreteBase (MAP-04, EXT-13)", function()
  local function staff(strict)
    local Base = orm.declarative_base()
    local Company = Base:class "Company" {__tablename__ = "company", id = Column(Integer, {primary_key = true}),
      employees = orm.relationship("Employee", {back_populates = "company"})}
    local Employee = Base:class "Employee" {declarative.AbstractConcreteBase, strict_attrs = strict, name = Column(String),
      company_id = orm.declared_attr(function() return Column(la.ForeignKey "company.id") end),
      company = orm.declared_attr(function() return orm.relationship("Company", {back_populates = "employees"}) end),
      greeting = function(self) return "hi " .. self.name end}
    local function below(name, own)
      return Employee:class(name) {__tablename__ = name:lower(), id = Column(Integer, {primary_key = true}), [own] = Column(String),
        __mapper_args__ = {polymorphic_identity = name:lower(), concrete = true}}
    end
    return {Base = Base, Company = Company, Employee = Employee, Manager = below("Manager", "data"), Engineer = below("Engineer", "info"), below = below}
  end

  local function open_staff(strict)
    local classes = staff(strict)
    classes.Base.registry:configure()
    return shop.open(classes)
  end

  it("waits for the classes below it", function()
    local classes = staff(true)
    local message = "Class Employee is a subclass of AbstractConcreteBase and has a mapping pending until all subclasses are defined."
    fails(exc.UnmappedClassError, message, function() return classes.Employee.name end)
    fails(exc.UnmappedClassError, message, function() classes.Employee {} end)
    orm.configure_mappers()
    assert.equal("Employee", la.inspect(classes.Manager).inherits.class_.__name__)
    fails(exc.InvalidRequestError, "Can't instantiate class for Mapper[Employee(pjoin)]", function() classes.Employee {} end)
  end)

  it("is read from the union of their tables", function()
    local s = open_staff(true)
    local Employee = s.Employee
    assert.sql(la.select(Employee):where(Employee.name:eq "x"), "SELECT pjoin.id, pjoin.name, pjoin.company_id, pjoin.type, pjoin.data, pjoin.info " ..
      "FROM (SELECT manager.id AS id, manager.data AS data, manager.name AS name, manager.company_id AS company_id, CAST(NULL AS VARCHAR) AS info, " ..
      "'manager' AS type FROM manager UNION ALL SELECT engineer.id AS id, CAST(NULL AS VARCHAR) AS data, engineer.name AS name, " ..
      "engineer.company_id AS company_id, engineer.info AS info, 'engineer' AS type FROM engineer) AS pjoin WHERE pjoin.name = :name_1")
    assert.sql(la.select(s.Manager), "SELECT manager.id, manager.data, manager.name, manager.company_id FROM manager")
    s.session:add_all {s.Manager {name = "Mo", data = "d"}, s.Engineer {name = "Eve", info = "i"}}
    s.session:commit()
    s.session:expunge_all()
    local all = s.session:scalars(la.select(Employee):order_by(Employee.name)):all()
    assert.same({"Engineer Eve", "Manager Mo"}, names(all))
    assert.same({"hi Eve", "i"}, {all[1]:greeting(), all[1].info})
    s:close()
  end)

  it("has the attributes that it names with strict_attrs, else those of all tables", function()
    local strict, whole = open_staff(true), open_staff(false)
    local function keys(class)
      local found = {}
      for _, property in ipairs(la.inspect(class).column_attrs) do found[#found + 1] = property.key end
      table.sort(found)
      return table.concat(found, " ")
    end
    assert.equal("company_id id name type", keys(strict.Employee))
    assert.equal("company_id data id info name type", keys(whole.Employee))
    strict:close()
    whole:close()
  end)

  it("is the target of relationships, whose other side each class has itself", function()
    local s = open_staff(true)
    local company = s.Company {}
    local mo, eve = s.Manager {name = "Mo", company = company}, s.Engineer {name = "Eve"}
    assert.equal(mo, company.employees[1])
    company.employees:append(eve)
    assert.equal(company, eve.company)
    company.employees:remove(mo)
    assert.is_nil(mo.company)
    mo.company = company
    s.session:add(company)
    assert.same({"INSERT INTO company DEFAULT VALUES", "INSERT INTO engineer (info, name, company_id) VALUES (?, ?, ?)",
      "INSERT INTO manager (data, name, company_id) VALUES (?, ?, ?)"}, s:during(function() s.session:commit() end))
    s.session:expunge_all()
    company = s.session:get(s.Company, 1)
    assert.same({"Manager Mo", "Engineer Eve"}, names(company.employees))
    assert.equal(company, company.employees[1].company)
    assert.equal(company, company.employees[2].company)
    s:close()
  end)

  it("takes classes that come later", function()
    local s = open_staff(true)
    assert.equal(0, s.session:query(s.Employee):count())
    local Clerk = s.below("Clerk", "desk")
    s.Base.metadata:create_all(s.engine)
    s.session:add(Clerk {name = "Cid"})
    assert.same({"Clerk Cid"}, names(s.session:scalars(la.select(s.Employee)):all()))
    assert.equal("Cid", s.session:scalars(la.select(Clerk)):one().name)
    s:close()
  end)
end)
