-- SPDX-License-Identifier: MIT
-- do_orm_execute: listeners that see, change or answer what a session executes.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local event = la.event
local exc = la.exc
local shop = require "spec.support.shop"
local fails = require "spec.support.fails"

describe("do_orm_execute (EVT-12)", function()
  local s, User
  before_each(function()
    s = shop.new():fill()
    User = s.User
  end)
  after_each(function() s:close() end)

  it("tells what is executed", function()
    local seen = {}
    event.listen(s.session, "do_orm_execute", function(state)
      assert.equal(s.session, state.session)
      local kind = state.is_select and "select" or state.is_insert and "insert" or state.is_update and "update" or state.is_delete and "delete"
      seen[#seen + 1] = ("%s %s %s"):format(kind, state.is_orm_statement, state.is_executemany)
    end)
    s.session:execute(la.select(User))
    s.session:query(User):all()
    s.session:query(User):first()
    s.session:execute(la.text "SELECT 1")
    s.session:execute(la.insert(User), {{name = "x"}, {name = "y"}})
    s.session:execute(la.update(User):values {age = 1})
    s.session:scalar(la.select(User.__table__.c.id))
    assert.same({"select true false", "select true false", "select true false", "false false false", "insert true true", "update true false",
      "select false false"}, seen)
  end)

  it("tells of expressions of which parts are missing", function()
    local kinds = {}
    event.listen(s.session, "do_orm_execute", function(state) kinds[#kinds + 1] = tostring(state.is_orm_statement) end)
    s.session:execute(la.func.count())
    s.session:execute(la.case({la.literal(1):eq(1), 2}))
    assert.same({"false", "false"}, kinds)
  end)

  it("changes the statement, its parameters and options", function()
    event.listen(s.session, "do_orm_execute", function(state)
      if state.is_select then state.statement = state.statement:where(User.id:lt(3)) end
      if state.is_insert then state.parameters = {name = state.parameters.name:upper()} end
    end)
    assert.same({"Ann", "Bob"}, s.session:scalars(la.select(User.name):order_by(User.id)):all())
    assert.equal(2, #s.session:query(User):all())
    s.session:execute(la.insert(User), {name = "new"})
    assert.equal("NEW", s.session:connection():scalar(la.text "SELECT max(name) FROM users WHERE id = 4"))
    local ann = s.session:get(User, 1)
    event.listen(s.session, "do_orm_execute", function(state) state:update_execution_options {populate_existing = true} end)
    s.session:no_autoflush(function()
      ann.name = "changed"
      s.session:scalars(la.select(User)):all()
      assert.equal("Ann", ann.name)
    end)
  end)

  it("tells of a query that streams, which reads what the listener makes of it", function()
    local told = 0
    event.listen(s.session, "do_orm_execute", function(state)
      told = told + 1
      state.statement = state.statement:where(User.id:lt(3))
    end)
    local names = {}
    for user in s.session:query(User):order_by(User.id):iter() do names[#names + 1] = user.name end
    for user in s.session:query(User):order_by(User.id):yield_per(1):iter() do names[#names + 1] = user.name end
    for row in s.session:query(User.name, User.id):order_by(User.id):iter() do names[#names + 1] = row.name end
    assert.same({"Ann", "Bob", "Ann", "Bob", "Ann", "Bob"}, names)
    assert.equal(3, told)
  end)

  it("answers with a Result of the listener's own, or of another statement", function()
    local calls = 0
    event.listen(s.session, "do_orm_execute", function(state)
      calls = calls + 1
      if state.is_select then return state:invoke_statement(la.select(User):where(User.name:eq "Bob")) end
    end)
    assert.equal("Bob", s.session:scalars(la.select(User)):one().name)
    assert.equal("Bob", s.session:execute(la.select(User)):scalar_one().name)
    assert.equal("Bob", s.session:query(User):all()[1].name)
    assert.equal("Bob", s.session:query(User):one().name)
    assert.equal(4, calls)
    event.listen(s.session, "do_orm_execute", function() return "no result" end, {insert = true})
    fails(exc.ArgumentError, 'gave a Query "no result" in the place of a Result', function() s.session:query(User):all() end)
  end)

  it("is not asked by other sessions, nor after remove", function()
    local count = 0
    local function fn() count = count + 1 end
    event.listen(s.session, "do_orm_execute", fn)
    local other <close> = s.Session()
    other:execute(la.select(User)):all()
    assert.equal(0, count)
    s.session:execute(la.select(User)):all()
    event.remove(s.session, "do_orm_execute", fn)
    s.session:execute(la.select(User)):all()
    assert.equal(1, count)
  end)
end)

describe("do_orm_execute, of loads that the session makes by itself (EVT-12),", function()
  local s, User, Address, seen
  before_each(function()
    s = shop.new():fill()
    User, Address = s.User, s.Address
    seen = {}
  end)
  after_each(function() s:close() end)

  local function listen(fn)
    event.listen(s.session, "do_orm_execute", function(state)
      seen[#seen + 1] = (state.is_column_load and "column " or state.is_relationship_load and "relationship " or "select ") ..
        state.bind_mapper.class_.__name__
      return fn and fn(state)
    end)
  end

  it("hears of get, expired and deferred attributes, and refresh", function()
    listen()
    local ann = s.session:get(User, 1)
    s.session:get(User, 1)
    s.session:expire(ann)
    assert.equal("Ann", ann.name)
    s.session:refresh(ann)
    s.session:refresh(ann, {"age"})
    s.session:expire(ann)
    s.session:get(User, 1)
    s.session:get(User, 1, {populate_existing = true})
    assert.is_nil(s.session:get(User, 99))
    assert.same({"select User", "column User", "column User", "column User", "column User", "select User", "select User"}, seen)
    assert.equal("Ann", ann.name)
  end)

  it("hears of relationships: read, or loaded behind other statements; not of what the identity map answers", function()
    local paths = {}
    listen(function(state)
      if state.is_relationship_load then
        paths[#paths + 1] = ("%s %s %s"):format(tostring(state.loader_strategy_path), state.loader_strategy_path[2],
          tostring(state.lazy_loaded_from and state.lazy_loaded_from.object.name))
      end
    end)
    local ann = s.session:get(User, 1)
    assert.equal(2, #ann.addresses)
    assert.equal(ann, ann.addresses[1].user)
    s.session:expunge_all()
    local address = s.session:get(Address, 3)
    assert.equal("Bob", address.user.name)
    s.session:expunge_all()
    s.session:scalars(la.select(User):options(orm.selectinload(User.addresses))):all()
    assert.same({"select User", "relationship Address", "select Address", "relationship User", "select User", "relationship Address"}, seen)
    assert.same({"ORM Path[Mapper[User(users)] -> User.addresses] addresses Ann", "ORM Path[Mapper[Address(addresses)] -> Address.user] user nil",
      "ORM Path[Mapper[User(users)] -> User.addresses] addresses nil"}, paths)
  end)

  it("changes them: a statement of the listener's is what is loaded", function()
    listen(function(state)
      if state.is_relationship_load then state.statement = state.statement:where(Address.email:eq "ann@two") end
    end)
    local ann = s.session:get(User, 1)
    local sent = s:during(function() assert.equal("ann@two", ann.addresses[1].email) end)
    assert.same({1, 1}, {#ann.addresses, #sent})
    assert.equal(0, #s.session.dirty)
  end)

  it("answers them with a Result of its own", function()
    listen(function(state)
      if state.is_relationship_load then return state:invoke_statement(la.select(Address):where(Address.id:eq(3))) end
      if not state.is_column_load then return state:invoke_statement(la.select(User):where(User.id:eq(2))) end
    end)
    assert.equal("Bob", s.session:get(User, 1).name)
    assert.equal("bob@one", s.session:get(User, 1).addresses[1].email)
  end)

  it("adds options to them, and names what can't be changed", function()
    listen(function(state) state:update_execution_options {mine = 1} end)
    local ann = s.session:get(User, 1)
    s.session:expire(ann)
    assert.same({"Ann", 2}, {ann.name, #ann.addresses})
    s.session:expunge_all()
    fails(exc.InvalidRequestError, "changed the statement that loads User.addresses behind another one",
      function() s.session:scalars(la.select(User):options(orm.selectinload(User.addresses))):all() end)
  end)

  it("lets with_loader_criteria of a listener reach lazy loads", function()
    event.listen(s.session, "do_orm_execute", function(state)
      if state.is_select and not state.is_column_load and not state.is_relationship_load then
        state.statement = state.statement:options(orm.with_loader_criteria(Address, Address.email:ne "ann@one"))
      end
    end)
    local ann = s.session:scalars(la.select(User):where(User.id:eq(1))):one()
    assert.equal(1, #ann.addresses)
  end)
end)

describe("what listeners of do_orm_execute get (EVT-12)", function()
  local s, User, state
  before_each(function()
    s = shop.new():fill()
    User = s.User
    event.listen(s.session, "do_orm_execute", function(given) state = given end)
  end)
  after_each(function() s:close() end)

  it("tells options, classes and parameters", function()
    s.session:execute(la.select(User, s.Address):join(User.addresses):execution_options {a = 1}, {}, {execution_options = {b = 2}})
    assert.same({a = 1, b = 2}, state.execution_options)
    assert.same({b = 2}, state.local_execution_options)
    assert.same({User, s.Address}, {state.all_mappers[1].class_, state.all_mappers[2].class_})
    assert.equal(User, state.bind_mapper.class_)
    assert.same({false, false, false}, {state.is_from_statement, state.is_column_load, state.is_relationship_load})
    assert.is_nil(state.lazy_loaded_from)
    s.session:execute(la.select(User):execution_options {populate_existing = true, yield_per = 5})
    assert.same({populate_existing = true, yield_per = 5}, state.load_options)
    fails(exc.InvalidRequestError, "not against an UPDATE or DELETE statement", function() return state.update_delete_options end)
    s.session:execute(la.update(User):values {age = 1}:execution_options {synchronize_session = false})
    assert.same({synchronize_session = false}, state.update_delete_options)
    fails(exc.InvalidRequestError, "not against a SELECT statement", function() return state.load_options end)
    s.session:execute(la.select(User):from_statement(la.text "SELECT * FROM users"))
    assert.is_true(state.is_from_statement)
    s.session:execute(la.text "SELECT 1")
    assert.same({{}, {}}, {state.all_mappers, state.execution_options})
    assert.is_nil(state.bind_mapper)
    fails(exc.ArgumentError, "is_selct", function() return state.is_selct end)
  end)

  it("tells UPDATE and DELETE of a Query", function()
    assert.equal(3, s.session:query(User):update({age = 5}, {synchronize_session = "fetch"}))
    assert.same({true, "fetch"}, {state.is_update, state.execution_options.synchronize_session})
    s.session:query(s.Address):delete()
    assert.is_true(state.is_delete)
  end)
end)

describe("events of Query (EVT-09)", function()
  local s, User
  local added
  before_each(function()
    s = shop.new():fill()
    User = s.User
    added = {}
  end)
  after_each(function()
    for _, entry in ipairs(added) do event.remove(orm.Query, entry[1], entry[2]) end
    s:close()
  end)

  local function listen(identifier, fn, options)
    event.listen(orm.Query, identifier, fn, options)
    added[#added + 1] = {identifier, fn}
  end

  it("before_compile gives another query", function()
    listen("before_compile", function(query) return query:enable_assertions(false):filter(User.id:lt(3)) end, {retval = true})
    assert.equal(2, #s.session:query(User):all())
    assert.equal(2, s.session:query(User):count())
    assert.equal("Ann", s.session:query(User):order_by(User.id):first().name)
    local n = 0
    for _ in s.session:query(User):iter() do n = n + 1 end
    assert.equal(2, n)
  end)

  it("before_compile_update and before_compile_delete change which rows, and what is set", function()
    listen("before_compile_update", function(query, context)
      context.values.age = 9
      return query:filter(User.id:eq(2))
    end, {retval = true})
    listen("before_compile_delete", function(query) return query:filter(User.id:eq(3)) end, {retval = true})
    assert.equal(1, s.session:query(User):update {name = "x"})
    assert.same({"x", 9}, {s.session:get(User, 2).name, s.session:get(User, 2).age})
    assert.equal(1, s.session:query(User):delete())
    assert.is_nil(s.session:get(User, 3))
  end)

  it("after_bulk_update and after_bulk_delete tell the session's listeners what was done", function()
    local seen = {}
    for _, name in ipairs {"after_bulk_update", "after_bulk_delete"} do
      event.listen(s.session, name, function(context)
        seen[#seen + 1] = ("%s %s %d"):format(name, context.mapper.class_.__name__, context.result.rowcount)
        assert.equal(s.session, context.session)
      end)
    end
    s.session:query(User):update {age = 1}
    s.session:query(s.Address):delete()
    assert.same({"after_bulk_update User 3", "after_bulk_delete Address 3"}, seen)
  end)

  it("are listened to on orm.Query", function()
    fails(exc.ArgumentError, "orm.Query is one", function() event.listen(User, "before_compile", print) end)
  end)
end)
