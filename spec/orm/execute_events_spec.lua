-- SPDX-License-Identifier: MIT
-- do_orm_execute: listeners that see, change or answer what a session executes.
local la = require "lualchemy"
local event = la.event
local exc = la.exc
local shop = require "spec.support.shop"
local fails = require "spec.support.fails"

describe("do_orm_execute", function()
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

  it("answers with a Result of the listener's own, or of another statement", function()
    local calls = 0
    event.listen(s.session, "do_orm_execute", function(state)
      calls = calls + 1
      if state.is_select then return state:invoke_statement(la.select(User):where(User.name:eq "Bob")) end
    end)
    assert.equal("Bob", s.session:scalars(la.select(User)):one().name)
    assert.equal("Bob", s.session:execute(la.select(User)):scalar_one().name)
    assert.equal(2, calls)
    fails(exc.InvalidRequestError, "the statement can be changed only", function() s.session:query(User):all() end)
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
