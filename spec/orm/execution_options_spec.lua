-- SPDX-License-Identifier: MIT
-- Execution options that the ORM knows: of a statement, of a call, of get(), of a session.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local s, User
before_each(function()
  s = shop.new():fill()
  User = s.User
end)
after_each(function() s:close() end)

--- The same run three ways: the option on the statement, with the call, and of the session.
local function three_ways(options, fn)
  fn(s.session, function(statement, params) return s.session:execute(statement:execution_options(options), params) end)
  s.session:rollback()
  fn(s.session, function(statement, params) return s.session:execute(statement, params, {execution_options = options}) end)
  s.session:rollback()
  local session <close> = orm.Session{bind = s.engine, execution_options = options}
  fn(session, function(statement, params) return session:execute(statement, params) end)
end

it("populate_existing overwrites objects that are there (SES-18)", function()
  three_ways({populate_existing = true}, function(session, run)
    local ann = session:get(User, 1)
    session:connection():execute(la.text "UPDATE users SET name = 'changed' WHERE id = 1")
    run(la.select(User)):all()
    assert.equal("changed", ann.name)
  end)
  local session <close> = orm.Session{bind = s.engine, execution_options = {populate_existing = true}}
  local ann = session:get(User, 1)
  session:connection():execute(la.text "UPDATE users SET name = 'again' WHERE id = 1")
  session:query(User):all()
  assert.equal("again", ann.name)
  session:query(User):execution_options {populate_existing = false}:all()
end)

it("autoflush = false reads before what is pending is written (SES-18)", function()
  three_ways({autoflush = false}, function(session, run)
    session:add(User{name = "new"})
    assert.equal(3, #run(la.select(User)):all())
    session:expunge_all()
  end)
end)

it("yield_per reads in parts (SES-18)", function()
  three_ways({yield_per = 2}, function(_, run)
    local sizes = {}
    for part in run(la.select(User)):partitions() do sizes[#sizes + 1] = #part end
    assert.same({2, 1}, sizes)
  end)
end)

it("synchronize_session chooses how objects are kept in step (SES-18)", function()
  three_ways({synchronize_session = false}, function(session, run)
    local ann = session:get(User, 1)
    assert.equal(3, run(la.update(User):values {age = 77}).rowcount)
    assert.equal(30, ann.age)
  end)
  fails(exc.ArgumentError, "Valid strategies for session synchronization", function()
    s.session:execute(la.update(User):values {age = 1}, nil, {execution_options = {synchronize_session = "fecth"}})
  end)
end)

it("dml_strategy and render_nulls say how rows are inserted (SES-18)", function()
  three_ways({render_nulls = true}, function(_, run)
    s:forget()
    run(la.insert(User), {{name = "a", age = la.null}, {name = "b", age = 1}})
    assert.same({"INSERT INTO users (name, age) VALUES (?, ?)"}, s:sent())
  end)
  three_ways({dml_strategy = "raw"}, function(_, run)
    s:forget()
    run(la.insert(User), {{name = "a", age = la.null}, {name = "b", age = 1}})
    assert.same({"INSERT INTO users (name, age) VALUES (?, ?)"}, s:sent())
  end)
  fails(exc.ArgumentError, "Valid strategies for ORM insert strategy are 'raw', 'orm', 'bulk', 'auto'", function()
    s.session:execute(la.insert(User), {{name = "a"}, {name = "b"}}, {execution_options = {dml_strategy = "blk"}})
  end)
end)

it("is_update_from and is_delete_using are taken for what they say (SES-18)", function()
  local options = {execution_options = {is_update_from = true, is_delete_using = true}}
  assert.equal(1, s.session:execute(la.update(User):where(User.id:eq(1)):values {age = 4}, nil, options).rowcount)
  assert.equal(1, s.session:execute(la.delete(s.Address):where(s.Address.id:eq(1)), nil, options).rowcount)
end)

it("get() takes those that it knows, and names what it does not (SES-05, SES-18)", function()
  local ann = s.session:get(User, 1)
  s.session:connection():execute(la.text "UPDATE users SET name = 'changed' WHERE id = 1")
  s.session:get(User, 1, {execution_options = {populate_existing = true}})
  assert.equal("changed", ann.name)
  fails(exc.ArgumentError, 'did you mean "execution_options"', function() s.session:get(User, 1, {exection_options = {}}) end)
end)
