-- SPDX-License-Identifier: MIT
-- The workloads of raw.c through Lualchemy's session:
--
--   lua5.4 workloads.lua WORKLOAD FILE         prints "SECONDS CHECK"
--
-- Loading the module, mapping the classes and opening the file are not timed.
local la = require "lualchemy"
local orm = require "lualchemy.orm"

local inserts, queries = 100000, 10000

local Base = orm.declarative_base()
local Customer = Base:class "Customer" {
  __tablename__ = "customer",
  id          = la.Column(la.Integer, {primary_key = true}),
  name        = la.Column(la.String(255)),
  description = la.Column(la.String(255)),
}
local Child = Base:class "Child" {
  __tablename__ = "child",
  id        = la.Column(la.Integer, {primary_key = true}),
  name      = la.Column(la.String(255)),
  parent_id = la.Column(la.Integer, la.ForeignKey("parent.id")),
}
local Parent = Base:class "Parent" {
  __tablename__ = "parent",
  id       = la.Column(la.Integer, {primary_key = true}),
  name     = la.Column(la.String(255)),
  children = orm.relationship("Child"),
}

local workloads = {}

function workloads.insert(session)
  local objects = {}
  for i = 0, inserts - 1 do
    local customer = Customer{name = "customer name " .. i, description = "customer description " .. i}
    session:add(customer)
    objects[#objects + 1] = customer
  end
  session:flush()
  local sum = 0
  for _, customer in ipairs(objects) do
    sum = sum + customer.id
  end
  session:commit()
  return sum
end

function workloads.load(session)
  local customers = session:query(Customer):all()
  local sum = 0
  for i = 1, #customers do
    sum = sum + #customers[i].name
  end
  return sum
end

function workloads.query(session)
  local sum = 0
  for i = 1, queries do
    sum = sum + session:query(Customer):filter(Customer.id:eq(i * 37)):one().id
  end
  return sum
end

-- Reads every attribute of every child.
local function read(parents)
  local sum = 0
  for _, parent in ipairs(parents) do
    for _, child in ipairs(parent.children) do
      sum = sum + child.id + child.parent_id + #child.name
    end
  end
  return sum
end

function workloads.joined(session)
  return read(session:query(Parent):options(orm.joinedload(Parent.children)):all())
end

function workloads.selectin(session)
  return read(session:query(Parent):options(orm.selectinload(Parent.children)):all())
end

function workloads.lazy(session)
  return read(session:query(Parent):all())
end

local name, file = ...
local work = workloads[name]
if not work then
  io.stderr:write(('no workload "%s"\n'):format(tostring(name)))
  os.exit(2)
end
local engine = la.create_engine("sqlite:///" .. file)
local session = orm.Session(engine)
session:scalar(la.select(la.func.count()):select_from(Child))
session:commit()

local begin = os.clock()
local check = work(session)
print(("%.6f %d"):format(os.clock() - begin, check))
session:close()
engine:dispose()
