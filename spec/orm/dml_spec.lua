-- SPDX-License-Identifier: MIT
-- INSERT, UPDATE and DELETE of classes with lists of rows, RETURNING, functions as defaults and values of the program's types.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local database = require "spec.support.database"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

describe("ORM DML with rows (DML-19)", function()
  local s, session, User
  before_each(function()
    s = shop.new():fill()
    session, User = s.session, s.User
  end)
  after_each(function()
    s:close()
    database.clean()
  end)

  local function names()
    return session:connection():execute(la.select(User.__table__.c.name):order_by(User.__table__.c.id)):scalars():all()
  end

  it("gives the session's objects for a list of rows, by one statement (QRY-09)", function()
    local found
    assert.same({"INSERT INTO users (name) VALUES (?), (?) RETURNING id, name, age"}, s:during(function()
      found = session:scalars(la.insert(User):returning(User), {{name = "x"}, {name = "y"}}):all()
    end))
    assert.equal("y", found[2].name)
    assert.is_true(session:contains(found[1]))
    assert.equal(found[2], session:get(User, found[2].id))
  end)

  it("groups rows of different keys, and gives what all of them return (QRY-09)", function()
    local found
    assert.same({"INSERT INTO users (name) VALUES (?) RETURNING id, name", "INSERT INTO users (name, age) VALUES (?, ?), (?, ?) RETURNING id, name"},
      s:during(function()
        found = session:execute(la.insert(User):returning(User.id, User.name), {{name = "x"}, {name = "y", age = 3}, {name = "z", age = 4}}):all()
      end))
    assert.equal(3, #found)
    assert.equal("z", found[3].name)
    assert.equal(3, session:execute(la.insert(User), {{name = "a"}, {name = "b", age = 3}, {name = "c", age = 4}}).rowcount)
  end)

  it("leaves NULL out of a bulk INSERT unless render_nulls is set (QRY-09)", function()
    local rows = {{name = "x", age = la.null}, {name = "y", age = 3}}
    assert.same({"INSERT INTO users (name) VALUES (?)", "INSERT INTO users (name, age) VALUES (?, ?)"},
      s:during(function() session:execute(la.insert(User), rows) end))
    for _, run in ipairs {
      function() session:execute(la.insert(User), rows, {execution_options = {render_nulls = true}}) end,
      function() session:execute(la.insert(User):execution_options{render_nulls = true}, rows) end,
    } do
      assert.same({"INSERT INTO users (name, age) VALUES (?, ?)"}, s:during(run))
    end
  end)

  it("merges rows with the statement's own values", function()
    local found = session:execute(la.insert(User):values{age = 3}:returning(User.name, User.age), {{name = "x"}, {name = "y"}}):all()
    assert.equal("y", found[2].name)
    assert.equal(3, found[1].age)
    assert.equal(3, found[2].age)
  end)

  it("returns columns of the table and expressions", function()
    local id = User.__table__.c.id
    assert.equal(2, #session:execute(la.insert(User):returning(id), {{name = "x"}, {name = "y"}}):all())
    assert.equal(1, session:execute(la.insert(User):values{name = "z"}:returning(la.literal(1))):scalar())
    assert.equal(2, session:execute(la.update(User):where(User.id:eq(2)):values{age = 1}:returning(id)):scalar())
  end)

  it("upserts and gives the objects anew (QRY-10)", function()
    local upsert = require "lualchemy.dialects.sqlite".insert
    local ann = session:get(User, 1)
    local stmt = upsert(User):values{{id = 1, name = "Up"}, {id = 9, name = "New"}}
    stmt = stmt:on_conflict_do_update{index_elements = {User.id}, set_ = {name = stmt.excluded.name}}:returning(User)
    local found = session:scalars(stmt, nil, {execution_options = {populate_existing = true}}):all()
    assert.equal(ann, found[1])
    assert.equal("Up", ann.name)
    assert.equal("New", found[2].name)
  end)

  it("updates rows by their keys with one statement for rows of the same keys (QRY-11)", function()
    assert.same({"UPDATE users SET name=? WHERE users.id = ?", "UPDATE users SET name=?, age=? WHERE users.id = ?"}, s:during(function()
      local rows = {{id = 1, name = "p"}, {id = 2, name = "q"}, {id = 3, name = "r", age = 4}}
      assert.equal(3, session:execute(la.update(User), rows).rowcount)
    end))
    assert.same({"p", "q", "r"}, names())
  end)

  it("names what a bulk UPDATE cannot do (UOW-138)", function()
    local function bulk(stmt, rows, how)
      return function() session:execute(stmt, rows, {execution_options = {synchronize_session = how}}) end
    end
    local row = {{id = 1, name = "p"}}
    fails(exc.ArgumentError, "Valid strategies for session synchronization are 'auto', 'evaluate', 'fetch', false", bulk(la.update(User), row, "bogus"))
    fails(exc.InvalidRequestError, "The 'fetch' synchronization strategy is not available for 'bulk' ORM updates", bulk(la.update(User), row, "fetch"))
    fails(exc.InvalidRequestError, "The 'fetch' synchronization strategy is not available for 'bulk' ORM updates", function()
      session:execute(la.update(User):execution_options{synchronize_session = "fetch"}, row)
    end)
    fails(exc.InvalidRequestError, "bulk synchronize of persistent objects not supported when using bulk update with additional WHERE criteria",
      bulk(la.update(User):where(User.id:eq(1)), row))
    fails(exc.InvalidRequestError, "No primary key value supplied for column(s) users.id", bulk(la.update(User), {{name = "p"}}))
    fails(exc.InvalidRequestError, 'no mapped column "nope"', bulk(la.update(User), {{id = 1, nope = "p"}}))
    fails(exc.InvalidRequestError, "it takes no returning()", bulk(la.update(User):returning(User), row))
    assert.same({"Ann", "Bob", "Cid"}, names())
  end)

  it("does not delete by a list of rows, and deletes nothing", function()
    for _, stmt in ipairs {la.delete(User), la.delete(User):where(User.name:eq(la.bindparam "name"))} do
      local message = "Bulk ORM DELETE not supported right now. Statement may be invoked at the Core level using session:connection():execute"
      fails(exc.InvalidRequestError, message, function() session:execute(stmt, {{id = 1, name = "Ann"}}) end)
    end
    assert.same({"Ann", "Bob", "Cid"}, names())
  end)

  it("takes one map as parameters, and as what an UPDATE sets", function()
    local ann = session:get(User, 1)
    assert.equal(1, session:execute(la.update(User):where(User.name:eq(la.bindparam "who")), {who = "Ann", age = 7}).rowcount)
    assert.equal(7, ann.age)
    assert.equal(1, session:execute(la.delete(User):where(User.name:eq(la.bindparam "who")), {who = "Cid"}).rowcount)
    assert.same({"Ann", "Bob"}, names())
  end)

  it("refuses parameters that are no tables", function()
    for _, stmt in ipairs {la.insert(User), la.update(User), la.delete(User), la.select(User)} do
      fails(exc.ArgumentError, "takes parameters as a table, not a number", function() session:execute(stmt, 5) end)
      fails(exc.ArgumentError, "takes rows of parameters as tables; number 2 is a string", function() session:execute(stmt, {{}, "x"}) end)
    end
  end)

  it("keeps the session in step when UPDATE and DELETE return rows (QRY-12)", function()
    for _, how in ipairs {"evaluate", "fetch", "auto"} do
      local bob = session:get(User, 2)
      local stmt = la.update(User):where(User.id:eq(2)):values{name = how}:execution_options{synchronize_session = how}
      assert.equal(how, session:execute(stmt:returning(User.id, User.name)):one().name)
      assert.equal(how, bob.name)
    end
    local ann = session:get(User, 1)
    assert.equal(ann, session:scalars(la.update(User):where(User.id:eq(1)):values{name = "new"}:returning(User)):one())
    assert.equal("new", ann.name)
    for id, how in pairs {[3] = "auto", [4] = "evaluate", [5] = "fetch"} do
      local gone = session:get(User, id) or session:scalars(la.insert(User):values{id = id, name = "n"}:returning(User)):one()
      local stmt = la.delete(User):where(User.id:eq(id)):returning(User.id):execution_options{synchronize_session = how}
      assert.equal(id, session:execute(stmt):scalar())
      assert.is_false(session:contains(gone))
    end
  end)

  it("evaluates texts put together, quotients, and how texts begin and end (QRY-12)", function()
    local users = session:scalars(la.select(User):order_by(User.id)):all()
    local function update(condition, values, option)
      return s:during(function()
        session:execute(la.update(User):where(condition):values(values):execution_options{synchronize_session = option or "evaluate"})
      end)
    end
    assert.same({"UPDATE users SET name=(users.name || ?) WHERE (users.name || ?) = ?"},
      update((User.name .. "!"):eq "Ann!", {name = User.name .. "a"}))
    assert.same({}, s:during(function() assert.equal("Anna", users[1].name) end))
    update(User.name:startswith "An" & ~User.name:startswith "Bo", {age = 7})
    update(User.name:endswith "b", {age = 9})
    update((User.age / 2):eq(3.5), {age = User.age * 2})
    update((User.age % 4):eq(1), {age = User.age - 20})
    update((User.age % 4):eq(-3), {age = User.age * 10})
    assert.same({}, s:during(function() assert.same({14, -110}, {users[1].age, users[2].age}) end))
    assert.same({14, -110}, {table.unpack(session:connection():execute(la.select(User.__table__.c.age):where(User.__table__.c.id:lt(3))
      :order_by(User.__table__.c.id)):scalars():all())})
  end)

  it("learns from RETURNING alone which objects have changed, with fetch (QRY-12)", function()
    local ann, cid = session:get(User, 1), session:get(User, 3)
    local function run(stmt)
      local rows
      local sent = s:during(function() rows = session:execute(stmt:execution_options{synchronize_session = "fetch"}):all() end)
      return rows, sent
    end
    local is_ann = la.func.lower(User.name):eq "ann"
    local rows, sent = run(la.update(User):where(is_ann):values{age = User.age + 1}:returning(User.name))
    assert.same({"UPDATE users SET age=(users.age + ?) WHERE lower(users.name) = ? RETURNING name, id"}, sent)
    assert.equal(1, #rows[1])
    assert.equal("Ann", rows[1].name)
    assert.equal(session:scalar(la.text "SELECT age FROM users WHERE id = 1"), ann.age)
    rows, sent = run(la.update(User):where(is_ann):values{name = la.func.upper(User.name)}:returning(User.id))
    assert.same({"UPDATE users SET name=upper(users.name) WHERE lower(users.name) = ? RETURNING id"}, sent)
    assert.equal(1, rows[1].id)
    assert.equal("ANN", ann.name)
    rows, sent = run(la.delete(User):where(la.func.lower(User.name):eq "cid"):returning(User.name))
    assert.same({"DELETE FROM users WHERE lower(users.name) = ? RETURNING name, id"}, sent)
    assert.equal("Cid", rows[1].name)
    assert.is_false(session:contains(cid))
    assert.same({}, run(la.delete(User):where(User.id:eq(99)):returning(User.name)))
    session:rollback()
    assert.is_true(session:contains(cid))
  end)

  it("fetches where databases differ: capitals, wildcards, division by zero (QRY-12)", function()
    local users = session:scalars(la.select(User):order_by(User.id)):all()
    for i, condition in ipairs {User.name:startswith "a", User.name:startswith "A_", User.name:startswith("A/", {escape = "/"}),
      (User.age / (User.age - User.age)):is_(nil)} do
      local stmt = la.update(User):where(User.id:eq(1) & condition):values{age = i}
      fails(exc.InvalidRequestError, "Could not evaluate current criteria in Python", function()
        session:execute(stmt:execution_options{synchronize_session = "evaluate"})
      end)
      session:rollback()
      assert.is_true(#users > 0 and users[1].age ~= nil)
      local sent = s:during(function() session:execute(stmt) end)
      assert.truthy(sent[1]:find("RETURNING id", 1, true))
    end
    session:execute(la.update(User):where(User.name:startswith "a"):values{age = 77})
    assert.equal(77, users[1].age)
    session:execute(la.update(User):where(User.id:eq(1)):values{age = User.age / 2})
    assert.same({"SELECT users.age FROM users WHERE users.id = ?"}, s:during(function() assert.equal(38.5, users[1].age) end))
  end)

  it("updates and deletes by an alias of the class (QRY-12)", function()
    local ann, a, address = session:get(User, 1), orm.aliased(User), orm.aliased(s.Address)
    assert.same({"UPDATE users AS users_1 SET age=(users_1.age + ?) WHERE users_1.name = ? RETURNING id"}, s:during(function()
      session:execute(la.update(a):where(a.name:eq "Ann"):values{age = a.age + 1})
    end))
    assert.equal(31, ann.age)
    assert.same({"DELETE FROM addresses AS addresses_1 WHERE addresses_1.id = ? RETURNING id"}, s:during(function()
      session:execute(la.delete(address):where(address.id:eq(1)))
    end))
    assert.is_nil(session:get(s.Address, 1))
  end)

  it("limits what UPDATE and DELETE return by with_loader_criteria", function()
    local ann = session:get(User, 1)
    local only_cid = orm.with_loader_criteria(User, User.name:eq "Cid")
    assert.equal(1, #session:execute(la.update(User):values{age = 1}:options(only_cid):returning(User.id)):all())
    assert.equal(30, ann.age)
    assert.equal(1, #session:execute(la.delete(User):options(only_cid):returning(User.id)):all())
    assert.is_true(session:contains(ann))
  end)
end)

describe("ORM DML of values that Lua makes (DML-19)", function()
  local engine, session, Note, made
  before_each(function()
    local Base = orm.declarative_base()
    local Upper = la.TypeDecorator:class "Upper" {
      impl = la.String,
      process_bind_param = function(_, value) return value and value:upper() end,
      process_result_value = function(_, value) return value and value:lower() end,
    }
    made = 0
    Note = Base:class "Note" {
      __tablename__ = "notes",
      id = la.Column(la.Integer, {primary_key = true}),
      name = la.Column(Upper),
      stamp = la.Column(la.Integer, {
        default = function()
          made = made + 1
          return made
        end,
        onupdate = function() return 77 end,
      }),
    }
    engine = la.create_engine("sqlite://")
    Base.metadata:create_all(engine)
    session = orm.Session(engine)
  end)
  after_each(function()
    session:close()
    engine:dispose()
    database.clean()
  end)

  local function stored()
    local rows = {}
    for _, row in ipairs(session:connection():exec_driver_sql("SELECT name, stamp FROM notes ORDER BY id"):all()) do
      rows[#rows + 1] = row.name .. row.stamp
    end
    return rows
  end

  it("calls default functions for each row, and converts values", function()
    local one = session:scalars(la.insert(Note):values{name = "a"}:returning(Note)):one()
    assert.equal("a", one.name)
    assert.equal(1, one.stamp)
    local many = session:scalars(la.insert(Note):returning(Note), {{name = "b"}, {name = "c"}}):all()
    assert.equal(3, many[2].stamp)
    assert.equal(2, session:execute(la.insert(Note), {{name = "d"}, {name = "e"}}).rowcount)
    assert.same({"A1", "B2", "C3", "D4", "E5"}, stored())
  end)

  it("calls onupdate functions, and converts values in conditions", function()
    session:execute(la.insert(Note), {{name = "a"}, {name = "b"}, {name = "c"}, {name = "d"}})
    local a = session:get(Note, 1)
    assert.equal(1, session:execute(la.update(Note):where(Note.name:eq "a"):values{name = "z"}).rowcount)
    assert.equal(77, a.stamp)
    assert.equal(1, session:query(Note):filter(Note.name:eq "b"):update{name = "y"})
    local row = session:execute(la.update(Note):where(Note.name:eq "c"):values{name = "x"}:returning(Note.name, Note.stamp)):one()
    assert.equal("x", row.name)
    assert.equal(77, row.stamp)
    session:execute(la.update(Note), {{id = 4, name = "w"}})
    assert.same({"Z77", "Y77", "X77", "W77"}, stored())
    assert.equal(1, session:query(Note):filter(Note.name:eq "y"):delete())
    assert.same({"Z77", "X77", "W77"}, stored())
  end)
end)
