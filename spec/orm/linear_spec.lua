-- SPDX-License-Identifier: MIT
-- Work that is counted, not timed: statements, prepared statements and the core's allocations grow with the input at
-- most as it does. First what ./dev bench measures, workload by workload.
local la = require "lualchemy"
local core = require "lualchemy.core"
local orm = require "lualchemy.orm"

local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey

local function classes()
  local Base = orm.declarative_base()
  local m = {Base = Base}
  m.Node = Base:class "Node" {
    __tablename__ = "nodes",
    id = Column(Integer, {primary_key = true}),
    name = Column(String),
    parent_id = Column(Integer, ForeignKey "nodes.id"),
    children = orm.relationship("Node", {back_populates = "parent", cascade = "all, delete-orphan"}),
    parent = orm.relationship("Node", {back_populates = "children", remote_side = "Node.id"}),
  }
  m.Plain = Base:class "Plain" {
    __tablename__ = "plain",
    id = Column(Integer, {primary_key = true}),
    name = Column(String),
  }
  m.Parent = Base:class "Parent" {
    __tablename__ = "parents",
    id = Column(Integer, {primary_key = true}),
    name = Column(String),
    children = orm.relationship("Child", {back_populates = "parent"}),
    tags = orm.relationship "Tag",
  }
  m.Child = Base:class "Child" {
    __tablename__ = "children",
    id = Column(Integer, {primary_key = true}),
    parent_id = Column(Integer, ForeignKey "parents.id"),
    name = Column(String),
    parent = orm.relationship("Parent", {back_populates = "children"}),
  }
  m.Tag = Base:class "Tag" {
    __tablename__ = "tags",
    id = Column(Integer, {primary_key = true}),
    parent_id = Column(Integer, ForeignKey "parents.id"),
  }
  Base.registry:configure()
  return m
end

--- What `fn` takes with `size` of input: allocations of the core, statements sent and prepared.
local function work(prepare, fn, size)
  local m = classes()
  local engine = la.create_engine "sqlite://"
  m.Base.metadata:create_all(engine)
  local session = orm.Session(engine)
  local given = prepare and prepare(session, size, m)
  collectgarbage()
  collectgarbage()
  local before, _, _, allocated = core.engine_counts(engine), core.memory()
  fn(session, size, m, given, engine)
  local _, _, after = core.memory()
  local counts = core.engine_counts(engine)
  session:close()
  engine:dispose()
  return {
    allocations = after - allocated, statements = counts.statements - before.statements,
    prepared = counts.prepares - before.prepares,
  }
end

local FEW, MANY = 200, 2000

-- `more_prepared`: how many more tables get so many rows that these begin to go together, by a text of their own.
local function is_linear(prepare, fn, more_prepared)
  local few, many = work(prepare, fn, FEW), work(prepare, fn, MANY)
  assert.is_true(many.allocations <= few.allocations * 11 + 50,
    ("%d allocations for %d, %d for %d"):format(few.allocations, FEW, many.allocations, MANY))
  assert.is_true(many.statements <= few.statements * 10, ("%d and %d statements"):format(few.statements, many.statements))
  assert.is_true(many.prepared <= few.prepared + (more_prepared or 0), ("%d and %d prepared"):format(few.prepared, many.prepared))
end

local function fill(session, size, m)
  for i = 1, size do session:add(m.Plain{name = "name " .. i}) end
  session:commit()
  session:expunge_all()
end

local function chain(session, size, m)
  local root = m.Node{name = "root"}
  local last = root
  for i = 1, size do
    local node = m.Node{name = "node " .. i}
    last.children:append(node)
    last = node
  end
  session:add(root)
  session:commit()
  return root
end

local function graph(session, size, m)
  for i = 1, size // 20 do
    local parent = m.Parent{name = "parent " .. i, tags = {m.Tag{}, m.Tag{}}}
    for j = 1, 20 do parent.children:append(m.Child{name = "child " .. j}) end
    session:add(parent)
  end
  session:commit()
  session:expunge_all()
end

local function read_children(session, size, m, option)
  local count = 0
  for _, parent in ipairs(session:query(m.Parent):options(option(m.Parent.children)):all()) do
    for _, child in ipairs(parent.children) do count = count + #child.name // #child.name end
  end
  assert.equal(size, count)
end

local function statement(m, i)
  return la.select(m.Parent):join(m.Child, m.Child.parent_id:eq(m.Parent.id)):where(m.Child.name:like("child " .. i .. "%"))
    :order_by(m.Parent.name):limit(10)
end

describe("the work of", function()
  it("W1, new objects flushed by and by, is linear", function()
    is_linear(nil, function(session, size, m)
      for i = 1, size do
        session:add(m.Plain{name = "name " .. i})
        if i % 50 == 0 then session:flush() end
      end
      session:commit()
    end)
  end)

  it("W1 oneflush is linear", function()
    is_linear(nil, fill)
  end)

  it("W2, a bulk insert, is linear", function()
    is_linear(nil, function(_, size, m, _, engine)
      local rows = {}
      for i = 1, size do rows[i] = {name = "name " .. i} end
      engine:begin(function(connection) connection:execute(la.insert(m.Plain), rows) end)
    end)
  end)

  it("W3, objects in a list, is linear", function()
    is_linear(fill, function(session, size, m)
      assert.equal(size, #session:scalars(la.select(m.Plain)):all())
    end)
  end)

  it("W3 streamed is linear", function()
    is_linear(fill, function(session, size, m)
      local count = 0
      for plain in session:query(m.Plain):yield_per(100):iter() do count = count + #plain.name // #plain.name end
      assert.equal(size, count)
    end)
  end)

  it("W4, rows, is linear", function()
    is_linear(fill, function(session, size, m)
      assert.equal(size, #session:query(m.Plain.id, m.Plain.name):all())
      local count = 0
      for row in session:query(m.Plain.id, m.Plain.name):yield_per(100):iter() do count = count + #row.name // #row.name end
      assert.equal(size, count)
    end)
  end)

  it("W5, queries by key and get, is linear", function()
    is_linear(fill, function(session, size, m)
      for i = 1, size do
        local plain = session:query(m.Plain):filter(m.Plain.id:eq(i)):one()
        assert.equal(plain, session:get(m.Plain, i))
      end
    end)
  end)

  it("W6, sessions with one insert each, is linear", function()
    is_linear(nil, function(_, size, m, _, engine)
      for i = 1, size do
        local session <close> = orm.Session(engine)
        session:add(m.Plain{name = "name " .. i})
        session:commit()
      end
    end)
  end)

  it("W7 and W8, changing and deleting, is linear", function()
    is_linear(fill, function(session, size, m)
      local list = session:scalars(la.select(m.Plain)):all()
      for i = 1, size do list[i].name = "changed" end
      session:flush()
      for i = 1, size do session:delete(list[i]) end
      session:commit()
    end)
  end)

  for name, option in pairs {
    joined = orm.joinedload, selectin = orm.selectinload, subquery = orm.subqueryload, lazy = orm.lazyload,
  } do
    it(("W9 %s is linear"):format(name), function()
      is_linear(graph, function(session, size, m) read_children(session, size, m, option) end)
    end)
  end

  it("W9 with two joined collections, whose rows repeat, is linear", function()
    is_linear(graph, function(session, size, m)
      read_children(session, size, m, function(children)
        return orm.joinedload(children), orm.joinedload(m.Parent.tags)
      end)
    end)
  end)

  it("W10, statements built and compiled, with the cache and without, is linear", function()
    is_linear(nil, function(_, size, m, _, engine)
      for i = 1, size do
        assert.truthy(statement(m, i):compile({bind = engine}).string)
        assert.truthy(statement(m, i):compile({dialect = engine.dialect}).string)
      end
    end)
  end)

  it("W11, parents with new children in one commit, is linear", function()
    is_linear(nil, graph, 2)
  end)

  it("flushing a chain of objects is linear", function()
    is_linear(nil, chain)
  end)

  it("a delete that loads each link on its way is linear", function()
    is_linear(chain, function(session, _, _, root)
      session:delete(root)
      session:commit()
    end)
  end)

  it("a flush of nothing does not depend on how much is loaded", function()
    local function work_of(size)
      return work(fill, function(session, _, m)
        local list = session:scalars(la.select(m.Plain)):all()
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
