-- SPDX-License-Identifier: MIT
-- Graphs of 100,000 objects: a chain of parents, and a circle. They take no stack, rows are right, what fails leaves a session that works, and
-- the memory comes back.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local collect = require "spec.support.collect"
local fails = require "spec.support.fails"

-- Where a hook collects all the time (spec/support/gc.lua), each object costs what all of them weigh: fewer there.
local count = debug.gethook() and 4000 or 100000

--- A class whose objects name the next one, and a session on an engine in memory.
local function open(post_update)
  local Base = orm.declarative_base()
  local Node = Base:class "Node" {
    __tablename__ = "nodes",
    id = la.Column(la.Integer, {primary_key = true}),
    next_id = la.Column(la.Integer, la.ForeignKey "nodes.id", {index = true}),
    next = orm.relationship("Node", {remote_side = "Node.id", back_populates = "before", post_update = post_update}),
    before = orm.relationship("Node", {back_populates = "next", uselist = false, post_update = post_update}),
  }
  local engine = la.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  return Node, orm.Session(engine), engine
end

--- `count` new objects, each the next of the one before; the first and the last.
local function chain(Node)
  local first = Node{}
  local last = first
  for _ = 2, count do
    local node = Node{}
    last.next = node
    last = node
  end
  return first, last
end

local function rows(session, where)
  return session:scalar(la.text("SELECT count(*) FROM nodes" .. (where or "")))
end

describe("a chain of 100,000 parents", function()
  it("is added, flushed, rolled back, read along and deleted (UOW-39)", function()
    local Node, session, engine = open(false)
    local first, last = chain(Node)
    session:add(first)
    assert.equal(count, #session.new)
    session:flush()
    assert.same({1, count, count, count - 1}, {last.id, first.id, rows(session), rows(session, " WHERE next_id = id - 1")})
    session:rollback()
    assert.equal(0, rows(session))
    session:add(first)
    session:commit()
    first, last = nil, nil -- luacheck: ignore 311
    collect.all()
    local all = session:query(Node):order_by(Node.id):all()
    local node, steps = all[count], 1
    while node.next do node, steps = node.next, steps + 1 end
    assert.equal(count, steps)
    session:delete_all(all)
    session:commit()
    assert.equal(0, rows(session))
    session:close()
    engine:dispose()
  end)
end)

describe("a chain of 100,000 parents with every cascade", function()
  it("is refreshed, expired, merged into another session, expunged and deleted from its end", function()
    local Base = orm.declarative_base()
    local Node = Base:class "Node" {
      __tablename__ = "nodes",
      id = la.Column(la.Integer, {primary_key = true}),
      parent_id = la.Column(la.Integer, la.ForeignKey "nodes.id", {index = true}),
      parent = orm.relationship("Node", {remote_side = "Node.id", back_populates = "children", cascade = "save-update, merge, refresh-expire, expunge"}),
      children = orm.relationship("Node", {back_populates = "parent", cascade = "all"}),
    }
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session = orm.Session(engine)
    local root = Node{}
    local last = root
    for _ = 2, count do last = Node{parent = last} end
    session:add(last)
    session:flush()
    session:refresh(last, {"parent_id"})
    session:expire(root)
    assert.equal(count - 1, last.parent_id)
    session:commit()
    local all = session:query(Node):order_by(Node.id):all()
    for _, node in ipairs(all) do assert(#node.children <= 1) end
    local other = orm.Session(engine)
    local copy = other:merge(all[1], {load = false})
    assert.equal(count, #other.identity_map)
    other:expunge(copy)
    assert.equal(0, #other.identity_map)
    other:close()
    session:delete(all[1])
    assert.equal(count, #session.deleted)
    session:commit()
    assert.equal(0, rows(session))
    session:close()
    engine:dispose()
  end)
end)

describe("a circle of 100,000 objects", function()
  it("is a circular dependency, after which the session works (UOW-40)", function()
    local Node, session, engine = open(false)
    local first, last = chain(Node)
    last.next = first
    session:add(last)
    fails(exc.CircularDependencyError, "Circular dependency detected.", function() session:flush() end)
    session:rollback()
    assert.is_true(la.inspect(first).transient and la.inspect(last).transient)
    last.next = nil
    session:add(first)
    session:commit()
    assert.equal(count, rows(session))
    session:close()
    engine:dispose()
  end)

  it("is written with post_update, and deleted (UOW-125)", function()
    local Node, session, engine = open(true)
    local first, last = chain(Node)
    last.next = first
    session:add(first)
    session:commit()
    assert.equal(count, rows(session, " WHERE next_id IS NOT NULL"))
    session:delete_all(session:query(Node):all())
    session:commit()
    assert.equal(0, rows(session))
    session:close()
    engine:dispose()
  end)

  it("gives its memory back once nobody holds it", function()
    local Node, session, engine = open(true)
    session:close()
    collect.all()
    local before = core.memory()
    do
      local first, last = chain(Node)
      last.next = first
      assert.is_true(core.memory() - before > count)
    end
    collect.all()
    assert.is_true(core.memory() - before < count)
    engine:dispose()
  end)
end)
