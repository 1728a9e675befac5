-- SPDX-License-Identifier: MIT
-- What is measured, as a program with Lualchemy writes it:
--
--   lua5.4 workloads.lua WORKLOAD VARIANT      prints one line of figures, or ends with status 3
--   lua5.4 workloads.lua --version
--
-- BENCH_DB is the database (":memory:" or a prepared file), BENCH_INIT a file of SQL to run on each
-- new connection. Loading the module has a line of its own; mapping the classes and opening the
-- database are not timed.
-- BENCH_COLLECTOR is "generational" or "incremental" (default: as the interpreter comes).
local meter = require "meter"
local requiring = arg[1] == "require"
if requiring then meter.start() end
local la = require "lualchemy"
if requiring then meter.stop() end
local orm = require "lualchemy.orm"

local inserts = meter.scaled(100000)
local queries = meter.scaled(10000)
local gets = meter.scaled(100000)
local builds = meter.scaled(20000)
local parents, children_each = meter.scaled(2000), 20
local stored = {all = meter.scaled(500000), some = meter.scaled(50000), loaded = meter.scaled(10000)}

-- ---------------------------------------------------------------------------------------------
-- Models

local Base = orm.declarative_base()

local Customer = Base:class "Customer" {
  __tablename__ = "customer",
  id          = la.Column(la.Integer, {primary_key = true}),
  name        = la.Column(la.String(255)),
  description = la.Column(la.String(255)),
}
local Parent = Base:class "Parent" {
  __tablename__ = "parent",
  id       = la.Column(la.Integer, {primary_key = true}),
  name     = la.Column(la.String(255)),
  children = orm.relationship("Child", {back_populates = "parent"}),
}
local Child = Base:class "Child" {
  __tablename__ = "child",
  id        = la.Column(la.Integer, {primary_key = true}),
  parent_id = la.Column(la.Integer, la.ForeignKey("parent.id"), {nullable = false}),
  name      = la.Column(la.String(255)),
  qty       = la.Column(la.Integer),
  parent    = orm.relationship("Parent", {back_populates = "children"}),
}
local Order = Base:class "Order" {
  __tablename__ = "orders",
  id          = la.Column(la.Integer, {primary_key = true}),
  customer_id = la.Column(la.Integer, la.ForeignKey("customer.id"), {nullable = false}),
  status      = la.Column(la.String(32)),
  placed      = la.Column(la.String(32)),
}
local Product = Base:class "Product" {
  __tablename__ = "product",
  id    = la.Column(la.Integer, {primary_key = true}),
  name  = la.Column(la.String(255)),
  price = la.Column(la.Integer),
}
local Item = Base:class "Item" {
  __tablename__ = "item",
  id         = la.Column(la.Integer, {primary_key = true}),
  order_id   = la.Column(la.Integer, la.ForeignKey("orders.id"), {nullable = false}),
  product_id = la.Column(la.Integer, la.ForeignKey("product.id"), {nullable = false}),
  quantity   = la.Column(la.Integer),
}
Base.registry:configure()

-- ---------------------------------------------------------------------------------------------
-- The database

local function connect()
  local file <close> = assert(io.open(assert(os.getenv("BENCH_INIT"))))
  local init = file:read("a")
  local path = os.getenv("BENCH_DB") or ":memory:"
  local engine = la.create_engine("sqlite:///" .. path)
  la.event.listen(engine, "connect", function(connection)
    for statement in init:gmatch("(.-);\n") do connection:execute(statement) end
  end)
  engine:connect():close()
  return engine
end

-- What the database holds after a workload that wrote, as one number.
local checks = {
  customers = "SELECT count(*) + coalesce(sum(length(name)) + sum(length(description)) + sum(id), 0) FROM customer",
  graph = "SELECT (SELECT count(*) + sum(length(name)) + sum(id) FROM parent)"
    .. " + (SELECT count(*) + sum(length(name)) + sum(qty) + sum(parent_id) + sum(id) FROM child)",
}

local function ask(engine, sql)
  local connection <close> = engine:connect()
  return connection:exec_driver_sql(sql):scalar()
end

local function new_customer(i)
  return Customer{name = "customer name " .. i, description = "customer description " .. i}
end

-- ---------------------------------------------------------------------------------------------
-- Workloads: each starts and stops the meter, and returns the number of rows and the check.

local workloads = {}

-- New objects, flushed by the thousand, their keys read.
workloads["W1:std"] = function()
  local engine = connect()
  meter.start()
  local session <close> = orm.Session(engine)
  local sum = 0
  for first = 0, inserts - 1, 1000 do
    local customers = {}
    for i = first, math.min(first + 1000, inserts) - 1 do
      customers[#customers + 1] = new_customer(i)
    end
    session:add_all(customers)
    session:flush()
    for _, customer in ipairs(customers) do sum = sum + customer.id end
  end
  session:commit()
  meter.stop()
  return inserts, sum + ask(engine, checks.customers)
end

workloads["W1:oneflush"] = function()
  local engine = connect()
  meter.start()
  local session <close> = orm.Session(engine)
  local customers = {}
  for i = 0, inserts - 1 do customers[#customers + 1] = new_customer(i) end
  session:add_all(customers)
  session:flush()
  local sum = 0
  for _, customer in ipairs(customers) do sum = sum + customer.id end
  session:commit()
  meter.stop()
  return inserts, sum + ask(engine, checks.customers)
end

-- Rows as a function gives them, one after the other.
workloads["W2:std"] = function()
  local engine = connect()
  meter.start()
  local i = -1
  engine:begin(function(connection)
    connection:execute(la.insert(Customer), function()
      i = i + 1
      return i < inserts and {name = "customer name " .. i, description = "customer description " .. i} or nil
    end)
  end)
  meter.stop()
  return inserts, ask(engine, checks.customers)
end

workloads["W3:std"] = function()
  local engine = connect()
  meter.start()
  local session <close> = orm.Session(engine)
  local customers = session:query(Customer):all()
  local sum = 0
  for _, customer in ipairs(customers) do sum = sum + #customer.name end
  meter.stop()
  return #customers, sum + #customers
end

workloads["W3:streamed"] = function()
  local engine = connect()
  meter.start()
  local session <close> = orm.Session(engine)
  local count, sum = 0, 0
  for customer in session:query(Customer):iter() do
    count = count + 1
    sum = sum + #customer.name
  end
  meter.stop()
  return count, sum + count
end

workloads["W4:std"] = function()
  local engine = connect()
  meter.start()
  local session <close> = orm.Session(engine)
  local rows = session:query(Customer.id, Customer.name, Customer.description):all()
  local sum = 0
  for _, row in ipairs(rows) do sum = sum + #row.name end
  meter.stop()
  return #rows, sum + #rows
end

workloads["W4:streamed"] = function()
  local engine = connect()
  meter.start()
  local session <close> = orm.Session(engine)
  local count, sum = 0, 0
  for row in session:query(Customer.id, Customer.name, Customer.description):iter() do
    count = count + 1
    sum = sum + #row.name
  end
  meter.stop()
  return count, sum + count
end

workloads["W5:query"] = function()
  local engine = connect()
  meter.start()
  local session <close> = orm.Session(engine)
  local sum = 0
  for i = 0, queries - 1 do
    local customer = session:query(Customer):filter(Customer.id:eq(i * 7919 % stored.some + 1)):one()
    sum = sum + customer.id + #customer.description
  end
  meter.stop()
  return queries, sum
end

-- Look-ups that the identity map answers.
workloads["W5:get"] = function()
  local engine = connect()
  local session <close> = orm.Session(engine)
  local loaded = session:query(Customer):filter(Customer.id:le(stored.loaded)):all()
  meter.start()
  local sum = 0
  for i = 0, gets - 1 do
    local customer = session:get(Customer, i * 7919 % stored.loaded + 1)
    sum = sum + customer.id + #customer.description
  end
  meter.stop()
  assert(#loaded == stored.loaded)
  return gets, sum
end

workloads["W6:std"] = function()
  local engine = connect()
  meter.start()
  for i = 0, queries - 1 do
    local session <close> = orm.Session(engine)
    session:add(new_customer(i))
    session:commit()
  end
  meter.stop()
  return queries, ask(engine, checks.customers)
end

workloads["W7:std"] = function()
  local engine = connect()
  meter.start()
  local session <close> = orm.Session(engine)
  local customers = session:query(Customer):all()
  for _, customer in ipairs(customers) do
    customer.description = customer.description .. "updated"
  end
  session:commit()
  meter.stop()
  return #customers, ask(engine, checks.customers)
end

workloads["W8:std"] = function()
  local engine = connect()
  meter.start()
  local session <close> = orm.Session(engine)
  local customers = session:query(Customer):all()
  for _, customer in ipairs(customers) do session:delete(customer) end
  session:commit()
  meter.stop()
  return #customers, ask(engine, checks.customers)
end

-- Parents with their children, every attribute of every child read.
for variant, option in pairs {joined = orm.joinedload, selectin = orm.selectinload, lazy = orm.lazyload} do
  workloads["W9:" .. variant] = function()
    local engine = connect()
    meter.start()
    local session <close> = orm.Session(engine)
    local count, sum = 0, 0
    for _, parent in ipairs(session:query(Parent):options(option(Parent.children)):all()) do
      sum = sum + #parent.name
      for _, child in ipairs(parent.children) do
        sum = sum + child.id + child.parent_id + #child.name + child.qty
        count = count + 1
      end
    end
    meter.stop()
    return count, sum
  end
end

local function build(i)
  return la.select(Customer)
    :join(Order, Order.customer_id:eq(Customer.id))
    :join(Item, Item.order_id:eq(Order.id))
    :join(Product, Item.product_id:eq(Product.id))
    :where(Customer.name:like("customer name " .. i .. "%"), Order.status:in_{"new", "paid"},
      Product.price:gt(i), Item.quantity:ge(2))
    :order_by(Customer.name, Order.id:desc())
    :limit(10):offset(20)
end

-- The text has the parts of the statement, and there are values for its parameters.
local function check_text(text, params)
  local _, joins = text:gsub(" JOIN ", "")
  local good = joins == 3
  for _, word in ipairs {" LIMIT ", " OFFSET ", " ORDER BY ", " LIKE ", " IN ("} do
    good = good and text:find(word, 1, true) ~= nil
  end
  local count = 0
  for _, value in pairs(params) do count = count + (value ~= la.null and 1 or 0) end
  if os.getenv("BENCH_SHOW") then io.stderr:write(text, "\n") end
  return good and count >= 6 and builds or 0
end

-- A statement built and compiled, again and again: from nothing, or with the engine's cache.
local function compile_with(choose)
  return function()
    local options = choose(connect())
    local text, params
    meter.start()
    for i = 0, builds - 1 do
      local compiled = build(i):compile(options)
      text, params = compiled.string, compiled.params
    end
    meter.stop()
    return builds, check_text(text, params)
  end
end
workloads["W10:compile"] = compile_with(function(engine) return {dialect = engine.dialect, render_postcompile = true} end)
workloads["W10:cached"] = compile_with(function(engine) return {bind = engine} end)

workloads["W11:std"] = function()
  local engine = connect()
  meter.start()
  local session <close> = orm.Session(engine)
  local graph = {}
  for i = 0, parents - 1 do
    local parent = Parent{name = "parent name " .. i}
    for j = 0, children_each - 1 do
      parent.children:append(Child{name = "child name " .. i * children_each + j, qty = j})
    end
    graph[#graph + 1] = parent
  end
  session:add_all(graph)
  session:commit()
  meter.stop()
  return parents * (children_each + 1), ask(engine, checks.graph)
end

-- ---------------------------------------------------------------------------------------------
-- Single operations in a warm loop

local repeats = meter.scaled(5000000)

local function stored_customer(session)
  local customer = new_customer(0)
  session:add(customer)
  session:flush()
  return customer
end

workloads["attribute:read"] = function()
  local session <close> = orm.Session(connect())
  local customer = stored_customer(session)
  local sum = 0
  meter.start()
  for _ = 1, repeats do sum = sum + #customer.name end
  meter.stop()
  return repeats, sum // repeats
end

workloads["attribute:write"] = function()
  local session <close> = orm.Session(connect())
  local customer = stored_customer(session)
  local names = {"customer name 1", "customer name 2"}
  meter.start()
  for i = 1, repeats do customer.name = names[(i & 1) + 1] end
  meter.stop()
  return repeats, #customer.name
end

workloads["flush:nothing"] = function()
  local engine = connect()
  local session <close> = orm.Session(engine)
  local customers = session:query(Customer):limit(inserts):all()
  local count = 1000
  meter.start()
  for _ = 1, count do session:flush() end
  meter.stop()
  return count, #customers
end

workloads["require:std"] = function()
  return 1, 1
end

-- ---------------------------------------------------------------------------------------------

local name, variant = arg[1], arg[2]
if name == "--version" then
  print(("Lualchemy, %s, sqlite3 %s"):format(_VERSION, ask(la.create_engine("sqlite://"), "SELECT sqlite_version()")))
  return
end
local work = workloads[("%s:%s"):format(name, variant)]
if work == nil then os.exit(3) end
local collector = os.getenv("BENCH_COLLECTOR")
if collector then collectgarbage(collector) end
meter.report(name, variant, work())
os.exit(0, false)
