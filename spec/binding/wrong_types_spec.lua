-- SPDX-License-Identifier: MIT
-- A value of every wrong Lua type at every place of every function and method of the Core: what comes is a result or an
-- error object of ours, never an error of Lua's own from inside.
local la = require "lualchemy"
local exc = la.exc

-- One of each kind of thing, by its class in the annotations.
local function world()
  local engine, metadata = la.create_engine "sqlite://", la.MetaData()
  local users = la.Table("users", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("name", la.String(50)),
    la.Index("ix", "name"))
  local addresses = la.Table("addresses", metadata, la.Column("id", la.Integer, {primary_key = true}),
    la.Column("user_id", la.Integer, la.ForeignKey "users.id"))
  metadata:create_all(engine)
  local connection = engine:connect()
  connection:execute(la.insert(users), {{id = 1, name = "a"}, {id = 2, name = "b"}})
  local select = la.select(users.c.id, users.c.name)
  return {
    Engine = engine, MetaData = metadata, Table = users, Connection = connection, Select = select, ColumnCollection = users.c,
    Column = users.c.id, ColumnElement = users.c.id:eq(1), Insert = la.insert(users), Update = la.update(users),
    Delete = la.delete(users), TextClause = la.text "SELECT 1", Function = la.func.count(users.c.id),
    Result = connection:execute(select), Row = connection:execute(select):first(), RowMapping = connection:execute(select):first()._mapping,
    FromClause = select:subquery(), CTE = select:cte(), Join = users:join(addresses), Alias = users:alias(),
    Decimal = la.decimal "1.5", Date = la.date "2024-01-01", Inspector = la.inspect(engine), Type = la.String(5), Enum = la.Enum("a", "b"),
    URL = la.make_url "sqlite:///x", Index = users.indexes[1], ForeignKey = addresses.foreign_keys[1],
    PrimaryKeyConstraint = users.primary_key, Pool = engine.pool, Dialect = engine.dialect, Compiled = select:compile(),
    FrozenResult = connection:execute(select):freeze(), Transaction = connection:begin_nested(), DDL = la.DDL "SELECT 1",
    ScalarResult = connection:execute(select):scalars(), Sequence = la.Sequence "x", Case = la.case({users.c.id:eq(1), 2}),
  }
end

-- Names of the methods that the annotations have for each class, and of those that Lua classes hold.
local function methods_of(class, thing)
  local names = {}
  for _, file in ipairs {"core", "engine", "expression", "from", "result", "select", "sql"} do
    for line in io.lines(("lua/lualchemy/meta/%s.lua"):format(file)) do
      local of, name = line:match "^function ([%w_]+):([%w_]+)%("
      if of == class or of == "ColumnElement" and class ~= "Pool" then names[name] = true end
    end
  end
  local meta = debug.getmetatable(thing)
  local index = meta and rawget(meta, "__index")
  for up = 1, type(index) == "function" and 4 or 0 do
    local _, value = debug.getupvalue(index, up)
    if type(value) == "table" then
      for name in next, value do names[name] = true end
    end
  end
  local found = {}
  for name in next, names do
    local ok, fn = pcall(function() return thing[name] end)
    if ok and type(name) == "string" and type(fn) == "function" and not name:find "^_" then found[#found + 1] = {name, fn} end
  end
  table.sort(found, function(a, b) return a[1] < b[1] end)
  return found
end

local missing = {}
local values = {missing, true, false, 0, -1, 1.5, 2 ^ 53, "", "id", "users", "\0\xff", {}, {1}, {x = 1}, {la.null}, la.null, function() end,
  coroutine.create(print), io.stdout, setmetatable({}, {__index = function() end}), la.Integer}

-- What each call needs fresh, and what would read a file or end the program's own things.
local destroys = {drop = true, drop_all = true, clear = true, remove = true, commit = true, rollback = true, close = true, dispose = true,
  invalidate = true, detach = true, append_column = true, append_constraint = true}

local failures
local function try(label, fn, ...)
  local ok, err = pcall(fn, ...)
  if not ok and (not exc.LualchemyError:matches(err) or tostring(err):find("attempt to", 1, true)) then
    failures[#failures + 1] = label .. ": " .. tostring(err)
  end
end

-- `fn` with each value at each of three places, behind arguments that may be right.
local function try_all(label, fn, before, ...)
  local first = select("#", ...)
  for place = 1, 3 do
    for _, value in ipairs(values) do
      local arguments = {n = first + place, ...}
      for i = 1, place - 1 do arguments[first + i] = before[i] end
      if value ~= missing then arguments[first + place] = value end
      try(label, fn, table.unpack(arguments, 1, arguments.n))
    end
  end
  try(label, fn, ...)
end

describe("a value of every wrong type", function()
  before_each(function() failures = {} end)

  it("given to any method, or as its self, is answered by an error object", function()
    local things = world()
    local classes = {}
    for class in next, things do classes[#classes + 1] = class end
    table.sort(classes)
    for _, class in ipairs(classes) do
      for _, method in ipairs(methods_of(class, things[class])) do
        local name, fn = method[1], method[2]
        if destroys[name] then things = world() end
        try_all(class .. ":" .. name, fn, {"id", {}}, things[class])
        for _, value in ipairs {5, "x", {}, la.null} do try(class .. "." .. name, fn, value) end
      end
    end
    assert.same({}, failures)
    assert.equal(1, world().Connection:scalar(la.text "SELECT 1"))
  end)

  it("given to any function of the modules as well", function()
    for _, module in ipairs {"lualchemy", "lualchemy.schema", "lualchemy.types", "lualchemy.engine.url", "lualchemy.pool", "lualchemy.event",
      "lualchemy.dialects.sqlite"} do
      local names, holder = {}, require(module)
      for name, fn in next, holder do
        if type(name) == "string" and (type(fn) == "function" or (getmetatable(fn) or {}).__call) and not name:find "^__" then
          names[#names + 1] = name
        end
      end
      table.sort(names)
      for _, name in ipairs(names) do try_all(module .. "." .. name, holder[name], {"id", la.MetaData()}) end
    end
    assert.same({}, failures)
  end)
end)
