-- SPDX-License-Identifier: MIT
-- Work that is counted, not timed: statements, prepared statements and the core's allocations grow with the input at
-- most as it does.
local la = require "lualchemy"
local core = require "lualchemy.core"
local orm = require "lualchemy.orm"

local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey

local function classes()
  local Base = orm.declarative_base()
  local Node = Base:class "Node" {
    __tablename__ = "nodes",
    id = Column(Integer, {primary_key = true}),
    name = Column(String),
    parent_id = Column(Integer, ForeignKey "nodes.id"),
    children = orm.relationship("Node", {back_populates = "parent", cascade = "all, delete-orphan"}),
    parent = orm.relationship("Node", {back_populates = "children", remote_side = "Node.id"}),
  }
  local Plain = Base:class "Plain" {
    __tablename__ = "plain",
    id = Column(Integer, {primary_key = true}),
    name = Column(String),
  }
  return Base, Node, Plain
end

--- Allocations of the core and statements sent while `fn` runs, with `size` of input.
local function work(prepare, fn, size)
  local Base, Node, Plain = classes()
  local engine = la.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  local session = orm.Session(engine)
  local statements = 0
  local given = prepare and prepare(session, size, Node, Plain)
  la.event.listen(engine, "before_cursor_execute", function() statements = statements + 1 end)
  collectgarbage()
  collectgarbage()
  local _, _, before = core.memory()
  fn(session, size, Node, Plain, given)
  local _, _, after = core.memory()
  session:close()
  engine:dispose()
  return after - before, statements
end

local function is_linear(prepare, fn)
  local few, few_statements = work(prepare, fn, 200)
  local many, many_statements = work(prepare, fn, 2000)
  assert.is_true(many <= few * 11 + 50, ("%d allocations for 200, %d for 2000"):format(few, many))
  assert.is_true(many_statements <= few_statements * 10, ("%d and %d statements"):format(few_statements, many_statements))
end

local function fill(session, size, _, Plain)
  for i = 1, size do session:add(Plain{name = "name " .. i}) end
  session:commit()
end

local function chain(session, size, Node)
  local root = Node{name = "root"}
  local last = root
  for i = 1, size do
    local node = Node{name = "node " .. i}
    last.children:append(node)
    last = node
  end
  session:add(root)
  session:commit()
  return root
end

describe("the work of", function()
  it("inserting is linear", function()
    is_linear(nil, fill)
  end)

  it("loading is linear", function()
    is_linear(fill, function(session, size, _, Plain)
      assert.equal(size, #session:scalars(la.select(Plain)):all())
    end)
  end)

  it("changing and deleting is linear", function()
    is_linear(fill, function(session, size, _, Plain)
      local list = session:scalars(la.select(Plain)):all()
      for i = 1, size do list[i].name = "changed" end
      session:flush()
      for i = 1, size do session:delete(list[i]) end
      session:commit()
    end)
  end)

  it("flushing a chain of objects is linear", function()
    is_linear(nil, chain)
  end)

  it("a delete that loads each link on its way is linear", function()
    is_linear(chain, function(session, _, _, _, root)
      session:delete(root)
      session:commit()
    end)
  end)

  it("a flush of nothing does not depend on how much is loaded", function()
    local function work_of(size)
      return work(fill, function(session, _, _, Plain)
        local list = session:scalars(la.select(Plain)):all()
        local _, _, before = core.memory()
        for _ = 1, 100 do session:flush() end
        local _, _, after = core.memory()
        assert.is_true(after - before <= 100, after - before)
        assert.truthy(list)
      end, size)
    end
    work_of(200)
    work_of(2000)
  end)
end)
