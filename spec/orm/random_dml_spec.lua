-- SPDX-License-Identifier: MIT
-- Random UPDATE, DELETE and INSERT of classes: after each, what the session's objects have loaded is what the rows have.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local shop = require "spec.support.shop"

local Column, Integer, String = la.Column, la.Integer, la.String
local ATTRIBUTES = {"id", "name", "nick", "n", "m", "touched", "twice"}
local TEXTS, NUMBERS = {"a", "A1", "bb", "long enough not to fit where a short one was"}, {1, 2, 3, 5}

--- Numbers of a sequence of its own, so that a failing seed can be run again.
local function dice(seed)
  local state = seed * 2654435761 % 2147483647 + 1
  return function(n)
    state = state * 48271 % 2147483647
    return state % n + 1
  end
end

local function open()
  local Base = orm.declarative_base()
  local n = Column(Integer)
  local Row = Base:class "Row" {
    __tablename__ = "t", id = Column(Integer, {primary_key = true}), name = Column(String), nick = orm.deferred(Column("nick_name", String)), n = n,
    m = Column(Integer, {server_default = "3"}), touched = Column(Integer, {onupdate = 9}), twice = orm.column_property(n * 2),
  }
  local s = shop.new()
  Base.metadata:create_all(s.engine)
  return s, Row
end

local function round(roll, s, Row, objects)
  local session = s.session
  local function pick(list) return list[roll(#list)] end
  local function text() return roll(5) == 1 and la.null or pick(TEXTS) end
  local function number() return roll(5) == 1 and la.null or pick(NUMBERS) end
  local conditions = {
    function() return Row.name:eq(text()) end, function() return Row.n:gt(pick(NUMBERS)) end, function() return Row.id:in_ {roll(9), roll(9)} end,
    function() return ~Row.name:in_ {pick(TEXTS), pick(TEXTS)} end, function() return Row.nick:is_(la.null) end, function() return (Row.n + 1):le(3) end,
    function() return Row.m:is_not(la.null) & Row.twice:lt(7) end, function() return Row.name:startswith "a" end,
  }
  local values = {
    function() return "name", text() end, function() return "nick", Row.name end, function() return "name", Row.nick:concat "!" end,
    function() return "n", number() end, function() return "n", Row.n + 1 end, function() return "m", Row.n end, function() return "touched", number() end,
  }
  local function narrowed(statement)
    for _ = 1, roll(3) - 1 do statement = statement:where(pick(conditions)()) end
    return statement
  end
  local function run(statement)
    local returns = roll(3) == 1
    if returns then statement = statement:returning(pick {Row, Row.id, Row.name}) end
    local how = pick {"auto", "auto", "evaluate", "fetch"}
    local ok, problem = pcall(function()
      local result = session:execute(statement, nil, {execution_options = {synchronize_session = how}})
      for _, row in ipairs(returns and result:all() or {}) do
        if la.isinstance(row[1], Row) then objects[row[1]] = true end
      end
    end)
    assert(ok or tostring(problem):find("Could not evaluate current criteria", 1, true), problem)
  end
  local known = session:scalars(la.select(Row.id)):all()
  local steps = {
    function() for object in session:scalars(narrowed(la.select(Row))):iter() do objects[object] = true end end,
    function() for object in pairs(objects) do if la.inspect(object).persistent and roll(3) == 1 then session:expire(object) end end end,
    function() for object in pairs(objects) do if la.inspect(object).persistent and roll(3) == 1 then session:expire(object, {pick {"name", "n"}}) end end end,
    function() for object in pairs(objects) do if la.inspect(object).persistent and roll(3) == 1 then pcall(function() return object.nick end) end end end,
    function() session:add(Row{name = pick(TEXTS), n = pick(NUMBERS)}) end,
    function() session:execute(la.insert(Row), {{name = pick(TEXTS)}, {name = pick(TEXTS), n = pick(NUMBERS)}}) end,
    function() if known[1] then session:execute(la.update(Row), {{id = pick(known), n = number()}, {id = known[1], name = text(), m = number()}}) end end,
  }
  if roll(2) == 1 then return pick(steps)() end
  if roll(4) == 1 then return run(narrowed(la.delete(Row)):where(Row.id:gt(2))) end
  local sets = {}
  for _ = 1, roll(3) do
    local name, value = pick(values)()
    sets[name] = value
  end
  run(narrowed(la.update(Row)):values(sets))
end

--- The first attribute that an object has loaded and that its row has not; nil if there is none.
local function difference(session, Row, objects)
  session:flush()
  local t, rows = Row.__table__.c, {}
  local select = la.select(t.id, t.name, t.nick_name:label "nick", t.n, t.m, t.touched, (t.n * 2):label "twice")
  for row in session:connection():execute(select):mappings():iter() do rows[row.id] = row end
  for object in pairs(objects) do
    local state = la.inspect(object)
    if state.persistent then
      local row, unloaded = rows[state.identity[1]], {}
      for _, name in ipairs(state.unloaded) do unloaded[name] = true end
      for _, name in ipairs(ATTRIBUTES) do
        if not unloaded[name] and (not row or object[name] ~= row[name]) then
          return ("%s of %d is %s, and its row has %s"):format(name, state.identity[1], tostring(object[name]), row and tostring(row[name]) or "gone")
        end
      end
    end
  end
end

describe("random INSERT, UPDATE and DELETE of a class (QRY-09, QRY-11, QRY-12)", function()
  it("leave objects as their rows are", function()
    for seed = 1, 40 do
      local roll, objects = dice(seed), {}
      local s, Row = open()
      for i = 1, 6 do s.session:add(Row{name = TEXTS[roll(#TEXTS)], n = NUMBERS[roll(#NUMBERS)], nick = i % 2 == 0 and "x" or nil}) end
      s.session:commit()
      for step = 1, 30 do
        round(roll, s, Row, objects)
        local found = difference(s.session, Row, objects)
        assert.is_nil(found, ("seed %d, step %d: %s"):format(seed, step, tostring(found)))
      end
      s:close()
    end
  end)
end)
