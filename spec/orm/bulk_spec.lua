-- SPDX-License-Identifier: MIT
-- Rows written by class without the unit of work.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey

describe("session:bulk_insert_mappings (SES-13)", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
  end)
  after_each(function() s:close() end)

  it("sends rows in sequence that set the same columns as one statement, without objects", function()
    local heard = 0
    la.event.listen(User, "before_insert", function() heard = heard + 1 end)
    local sent = s:during(function()
      s.session:bulk_insert_mappings(User, {{name = "a"}, {name = "b", age = la.null}, {name = "c", age = 3}})
    end)
    assert.same({"INSERT INTO users (name) VALUES (?)", "INSERT INTO users (name, age) VALUES (?, ?)"}, sent)
    assert.same({0, 0}, {heard, #s.session.new})
    assert.equal(6, s.session:query(User):count())
  end)

  it("sends NULLs with render_nulls, and gives keys with return_defaults", function()
    local rows = {{name = "a"}, {name = "b", age = la.null}}
    local sent = s:during(function() s.session:bulk_insert_mappings(User, rows, {render_nulls = true, return_defaults = true}) end)
    assert.same({"INSERT INTO users (name) VALUES (?)", "INSERT INTO users (name, age) VALUES (?, ?)"}, sent)
    assert.same({4, 5}, {rows[1].id, rows[2].id})
    assert.equal(0, #s:during(function() s.session:bulk_insert_mappings(User, {}) end))
  end)

  it("names what is no column or no row, and leaves the session asking for rollback after a failure", function()
    fails(exc.InvalidRequestError, 'User has no mapped column "nmae"; did you mean "name"?',
      function() s.session:bulk_insert_mappings(User, {{nmae = "x"}}) end)
    fails(exc.PendingRollbackError, nil, function() s.session:get(User, 1) end)
    s.session:rollback()
    fails(exc.ArgumentError, "a list of tables, not one table", function() s.session:bulk_insert_mappings(User, {name = "x"}) end)
    fails(exc.ArgumentError, "number 1 is a number", function() s.session:bulk_insert_mappings(User, {1}) end)
    fails(exc.ArgumentError, "takes a mapped class, not 5", function() s.session:bulk_insert_mappings(5, {}) end)
    fails(exc.ArgumentError, "return_default", function() s.session:bulk_insert_mappings(User, {}, {return_default = true}) end)
    fails(exc.IntegrityError, nil, function() s.session:bulk_insert_mappings(User, {{id = 1, name = "x"}}) end)
    s.session:rollback()
    assert.equal(3, s.session:query(User):count())
  end)
end)

describe("session:bulk_update_mappings (SES-13)", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
  end)
  after_each(function() s:close() end)

  it("updates by key, and leaves the session's objects as they are", function()
    local ann = s.session:get(User, 1)
    local sent = s:during(function()
      s.session:bulk_update_mappings(User, {{id = 1, age = 1}, {id = 2, age = 2}, {id = 3, name = "C", age = la.null}})
    end)
    assert.same({"UPDATE users SET age=? WHERE users.id = ?", "UPDATE users SET name=?, age=? WHERE users.id = ?"}, sent)
    assert.equal(30, ann.age)
    s.session:commit()
    assert.same({1, 2}, {ann.age, s.session:get(User, 2).age})
  end)

  it("wants the key, and rows that are there", function()
    fails(exc.InvalidRequestError, "No primary key value supplied for column(s) users.id; per-row ORM Bulk UPDATE by Primary Key requires",
      function() s.session:bulk_update_mappings(User, {{name = "x"}}) end)
    s.session:rollback()
    fails(exc.StaleDataError, "UPDATE statement on table 'users' expected to update 1 row(s); 0 were matched.",
      function() s.session:bulk_update_mappings(User, {{id = 99, name = "x"}}) end)
    fails(exc.PendingRollbackError, nil, function() s.session:commit() end)
  end)
end)

describe("session:bulk_save_objects (SES-13)", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
  end)
  after_each(function() s:close() end)

  it("tells of an object that a listener makes transient meanwhile", function()
    local ann = s.session:get(User, 1)
    la.event.listen(s.engine, "before_cursor_execute", function() orm.make_transient(ann) end, {once = true})
    fails(exc.InvalidRequestError, "lost its row while the objects before it were saved", function()
      s.session:bulk_save_objects {User{name = "x"}, ann}
    end)
    s.session:rollback()
    assert.equal(3, s.session:query(User):count())
  end)

  it("groups consecutive inserts and updates of a class, or all of them without preserve_order (UOW-141)", function()
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    ann.age, bob.age = 1, 2
    local function save(options)
      return s:during(function() s.session:bulk_save_objects({ann, User{name = "x"}, bob, User{name = "y"}}, options) end)
    end
    local update, insert = "UPDATE users SET age=? WHERE users.id = ?", "INSERT INTO users (name) VALUES (?)"
    assert.same({update, insert, update, insert}, save())
    assert.same({update, insert}, save {preserve_order = false})
    assert.same({"UPDATE users SET name=?, age=? WHERE users.id = ?"},
      s:during(function() s.session:bulk_save_objects({ann, bob}, {update_changed_only = false}) end))
    s.session:rollback()
  end)

  it("makes new objects no part of the session; with return_defaults they get keys for a statement each (UOW-141)", function()
    local x, y = User{name = "x"}, User{name = "y"}
    s.session:bulk_save_objects {x}
    assert.same({true, nil}, {la.inspect(x).transient, x.id})
    local sent = s:during(function() s.session:bulk_save_objects({x, y}, {return_defaults = true}) end)
    assert.equal(2, #sent)
    assert.same({5, 6}, {x.id, y.id})
    assert.is_true(la.inspect(y).detached and not s.session:contains(y))
    fails(exc.UnmappedInstanceError, "number 2 is a number", function() s.session:bulk_save_objects {x, 3} end)
  end)

  it("leaves persistent objects changed (UOW-141)", function()
    local ann = s.session:get(User, 1)
    ann.age = 99
    s.session:bulk_save_objects {ann}
    assert.is_true(la.inspect(ann).modified)
    s.session:expire(ann)
    assert.equal(99, ann.age)
  end)
end)

describe("bulk writes of a class of several tables (SES-13)", function()
  local s, Employee, Manager
  before_each(function()
    local Base = orm.declarative_base()
    Employee = Base:class "Employee" {
      __tablename__ = "employees",
      id = Column(Integer, {primary_key = true}),
      kind = Column(String),
      name = Column(String),
      version = Column(Integer, {nullable = false}),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "employee", version_id_col = "version"},
    }
    Manager = Employee:class "Manager" {
      __tablename__ = "managers",
      id = Column(Integer, ForeignKey "employees.id", {primary_key = true}),
      level = Column(Integer),
      __mapper_args__ = {polymorphic_identity = "manager"},
    }
    s = shop.open {Base = Base}
  end)
  after_each(function() s:close() end)

  it("write each table, the discriminator and the version", function()
    local sent = s:during(function()
      s.session:bulk_insert_mappings(Manager, {{name = "a", level = 1}, {name = "b", level = 2}, {id = 9, name = "c", level = 3}})
    end)
    assert.same({"INSERT INTO employees (kind, name, version) VALUES (?, ?, ?)", "INSERT INTO employees (kind, name, version) VALUES (?, ?, ?)",
      "INSERT INTO employees (id, kind, name, version) VALUES (?, ?, ?, ?)", "INSERT INTO managers (id, level) VALUES (?, ?)"}, sent)
    sent = s:during(function()
      s.session:bulk_update_mappings(Manager, {{id = 1, name = "A", level = 10, version = 1}, {id = 2, level = 20, version = 1}})
    end)
    assert.same({"UPDATE employees SET name=?, version=? WHERE employees.id = ? AND employees.version = ?",
      "UPDATE employees SET version=? WHERE employees.id = ? AND employees.version = ?", "UPDATE managers SET level=? WHERE managers.id = ?"}, sent)
    local found = s.session:scalars(la.select(Manager):order_by(Manager.id)):all()
    assert.same({"A", 10, 2, "b", 20, 2, "c", 3, 1}, {found[1].name, found[1].level, found[1].version, found[2].name, found[2].level,
      found[2].version, found[3].name, found[3].level, found[3].version})
    fails(exc.InvalidRequestError, 'has no "version"', function() s.session:bulk_update_mappings(Manager, {{id = 1, name = "x"}}) end)
    s.session:rollback()
  end)

  it("save objects, and tell a version that is not there", function()
    local new = Manager{name = "new", level = 5}
    s.session:bulk_save_objects({new, Employee{name = "plain"}}, {return_defaults = true})
    s.session:add(new)
    new.level = 6
    s.session:bulk_save_objects {new}
    assert.equal(6, s.session:connection():scalar(la.select(Manager.__table__.c.level)))
    fails(exc.StaleDataError, "0 were matched", function() s.session:bulk_save_objects {new, new} end)
  end)
end)
