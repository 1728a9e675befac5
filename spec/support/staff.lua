-- SPDX-License-Identifier: MIT
-- Classes with a table for each, for the specs of inheritance: people, engineers and seniors below them, managers, and
-- bosses, who share the managers' table; companies have people, engineers have machines.
--
--   local staff = require "spec.support.staff"
--   local s = staff.new():fill()      -- as a shop: s.session, s.statements, s:during(fn), s:close()
local staff = {}

local la = require "lualchemy"
local orm = require "lualchemy.orm"
local shop = require "spec.support.shop"

--- The classes on a base of their own. `arguments` gives more mapper arguments by class.
function staff.classes(arguments)
  local Base = orm.declarative_base()
  local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey

  local function mapper_args(name, given)
    given.polymorphic_identity = name:lower()
    for key, value in pairs(arguments and arguments[name] or {}) do given[key] = value end
    return given
  end

  local Company = Base:class "Company" {
    __tablename__ = "companies",
    id = Column(Integer, {primary_key = true}),
    name = Column(String),
    people = orm.relationship("Person", {back_populates = "company", order_by = "Person.id"}),
  }
  local Person = Base:class "Person" {
    __tablename__ = "people",
    id = Column(Integer, {primary_key = true}),
    name = Column(String),
    type = Column(String),
    company_id = Column(Integer, ForeignKey "companies.id"),
    company = orm.relationship("Company", {back_populates = "people"}),
    __mapper_args__ = mapper_args("Person", {polymorphic_on = "type"}),
  }
  local Engineer = Person:class "Engineer" {
    __tablename__ = "engineers",
    id = Column(Integer, ForeignKey "people.id", {primary_key = true}),
    lang = Column(String),
    level = Column(Integer),
    machines = orm.relationship("Machine", {order_by = "Machine.id"}),
    __mapper_args__ = mapper_args("Engineer", {}),
  }
  local Senior = Engineer:class "Senior" {
    __tablename__ = "seniors",
    id = Column(Integer, ForeignKey "engineers.id", {primary_key = true}),
    grade = Column(Integer),
    __mapper_args__ = mapper_args("Senior", {}),
  }
  local Manager = Person:class "Manager" {
    __tablename__ = "managers",
    id = Column(Integer, ForeignKey "people.id", {primary_key = true}),
    status = Column(String),
    __mapper_args__ = mapper_args("Manager", {}),
  }
  local Boss = Manager:class "Boss" {
    golf = Column(Integer),
    __mapper_args__ = mapper_args("Boss", {}),
  }
  local Machine = Base:class "Machine" {
    __tablename__ = "machines",
    id = Column(Integer, {primary_key = true}),
    name = Column(String),
    engineer_id = Column(Integer, ForeignKey "engineers.id"),
  }
  return {Base = Base, Company = Company, Person = Person, Engineer = Engineer, Senior = Senior, Manager = Manager, Boss = Boss,
    Machine = Machine}
end

--- One object of each class of people in one company; the session is empty after it.
local function fill(self)
  self.session:add(self.Company{id = 1, name = "Acme", people = {
    self.Engineer{id = 1, name = "Eve", lang = "lua", level = 1, machines = {self.Machine{name = "lathe"}}},
    self.Manager{id = 2, name = "Max", status = "busy"},
    self.Person{id = 3, name = "Pat"},
    self.Senior{id = 4, name = "Sam", lang = "c", level = 2, grade = 3},
    self.Boss{id = 5, name = "Bea", status = "away", golf = 4},
  }})
  self.session:commit()
  self.session:expunge_all()
  self:forget()
  return self
end

--- The classes with an engine in memory and a session.
function staff.new(arguments, given)
  local classes = staff.classes(arguments)
  classes.fill = fill
  return shop.open(classes, given)
end

return staff
