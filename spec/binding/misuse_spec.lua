-- SPDX-License-Identifier: MIT
-- Misuse: every method of every class on a right object with wrong arguments, results of such calls among them. What
-- comes may be an error of ours or a result; it may not be a crash, a leak that the sanitizers find, an error of Lua's own
-- from inside, or a session that is of no use afterwards.
local exc = require "lualchemy.exc"
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local collect = require "spec.support.collect"

-- One of each kind of thing, alive and in use.
local function world()
  local engine = la.create_engine "sqlite://"
  local Base = orm.declarative_base()
  local User = Base:class "User" {
    __tablename__ = "users",
    id = la.Column(la.Integer, {primary_key = true}),
    name = la.Column(la.String(50)),
  }
  local Address = Base:class "Address" {
    __tablename__ = "addresses",
    id = la.Column(la.Integer, {primary_key = true}),
    email = la.Column(la.String),
    user_id = la.Column(la.Integer, la.ForeignKey "users.id"),
    user = orm.relationship("User", {back_populates = "addresses"}),
  }
  User.addresses = orm.relationship("Address", {back_populates = "user"})
  Base.metadata:create_all(engine)
  local session = orm.Session(engine)
  local user = User {name = "Ann"}
  user.addresses = {Address {email = "a@b"}, Address {email = "c@d"}}
  session:add(user)
  session:commit()
  local t = User.__table__
  local connection = engine:connect()
  local select = la.select(t.c.id, t.c.name):where(t.c.id:gt(0))
  local result = connection:execute(select)
  local things = {
    engine, Base.metadata, t, t.c, t.c.id, t.c.id:eq(1), select, select:subquery(), la.insert(t), la.update(t),
    la.delete(t), la.text "SELECT 1", la.func, la.func.count(t.c.id), connection,
    result, connection:execute(select):one(),
    session, user, user.addresses, session:query(User), User.id, User.addresses, orm.aliased(User),
    orm.joinedload(User.addresses), la.inspect(User), la.inspect(user), la.decimal "1.5", la.date "2024-01-01",
    la.Integer, la.Enum("a", "b"), exc.ArgumentError "x", User, Address, Base, engine.dialect, t.c.id:desc(),
    select:compile(), la.join(t, Address.__table__), select:cte(), la.and_(t.c.id:eq(1), t.c.name:eq "x"),
  }
  return things, session, engine, User
end

local plain = {nil, true, false, 0, -1, 2 ^ 53, 1.5, 0 / 0, "", "id", "name", "users", ("x"):rep(1000), "\0", {},
  {1, 2},
  {name = "x"}, {la.null}, la.null, function(...) return ... end, error, io.stdout, coroutine.create(print),
  setmetatable({}, {__index = function() end}), setmetatable({}, {__tostring = error, __name = "odd"})}
local plain_count = 25

-- Every method of a thing, by name.
local function methods_of(thing)
  local found = {}
  local meta = debug.getmetatable(thing)
  local index = meta and rawget(meta, "__index")
  if type(index) == "function" then index = select(2, debug.getupvalue(index, 2)) end
  for _, holder in ipairs {type(index) == "table" and index or {}, type(thing) == "table" and thing or {}} do
    for name, fn in next, holder do
      if type(name) == "string" and type(fn) == "function" then found[name] = fn end
    end
  end
  return found
end

-- What the language does with a thing.
local operations = {
  function(a, b) return a + b end, function(a, b) return a - b end, function(a, b) return a * b end,
  function(a, b) return a / b end, function(a, b) return a // b end, function(a, b) return a % b end,
  function(a, b) return a ^ b end, function(a, b) return a .. b end, function(a, b) return a & b end,
  function(a, b) return a | b end, function(a, b) return a << b end, function(a, b) return a == b end,
  function(a, b) return a < b end, function(a, b) return a <= b end, function(a) return -a end,
  function(a) return ~a end, function(a) return #a end, function(a, b) return a(b) end,
  function(a, b) return a(b, b) end,
  function(a) for k in pairs(a) do if k == 0 then break end end end,
  function(a) for i in ipairs(a) do if i > 3 then break end end end,
  function(a) local n = 0 for _ in a do n = n + 1 if n > 3 then break end end end,
  function(a) local x <close> = a end, -- luacheck: ignore 211
  function(a, b) return a[b] end, function(a, b) a[b] = b end, tostring,
}

local function sorted(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- A generator of its own, so that a failing run can be repeated.
local function dice(seed)
  local state = seed
  return function(sides)
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return (state >> 8) % sides + 1
  end
end

-- An error of Lua's own, raised by a line of ours.
local function is_raw(err)
  return type(err) == "string" and err:find("lualchemy/", 1, true) and (err:find "attempt to" or err:find "bad argument")
end

local most = 300

-- The session and engine of a world that has been attacked, and the errors of Lua's own that came.
local function attack(seed, rounds)
  local things, session, engine = world()
  local roll, given, raw = dice(seed), #things, {}
  local function any()
    if roll(2) == 1 then return plain[roll(plain_count)] end
    return things[roll(#things)]
  end
  local function keep(thing)
    if type(thing) ~= "userdata" and type(thing) ~= "table" or io.type(thing) then return end
    things[#things < most and #things + 1 or given + roll(most - given)] = thing
  end
  local function try(what, fn, ...)
    local ok, value = pcall(fn, ...)
    if ok then
      keep(value)
    elseif is_raw(value) then
      raw[#raw + 1] = what .. ": " .. value
    else
      pcall(tostring, value)
    end
  end
  for i = 1, rounds do
    local thing = things[roll(#things)]
    local methods = methods_of(thing)
    local names = sorted(methods)
    local name = names[roll(math.max(#names, 1))]
    if name and not _G[name] then
      local count, args = roll(4) - 1, {}
      for k = 1, count do args[k] = any() end
      try(name, methods[name], thing, table.unpack(args, 1, count))
      if i % 7 == 0 then pcall(tostring, thing) end
    end
    try("an operation", operations[roll(#operations)], thing, any())
    try("an operation", operations[roll(#operations)], any(), thing)
  end
  return session, engine, raw
end

describe("misuse", function()
  local thorough = os.getenv "LUALCHEMY_THOROUGH"
  for seed = 1, thorough and 200 or 6 do
    it(("of every kind of thing ends in errors and results (seed %d)"):format(seed), function()
      local session, engine, raw = attack(seed * 7919, thorough and 3000 or 400)
      assert.same({}, raw)
      pcall(session.rollback, session)
      pcall(session.close, session)
      pcall(engine.dispose, engine)
      collect.all()
    end)
  end

  it("leaves a new world in order", function()
    attack(4242, 200)
    local _, session, _, User = world()
    assert.equal(1, session:query(User):count())
    session:close()
  end)
end)
