-- SPDX-License-Identifier: MIT
-- New objects of one class that go into their table many by one statement, beside what must not be told by it.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"

local function workshop()
  local Base = orm.declarative_base()
  local shop = {sent = {}}
  shop.Part = Base:class "Part" {
    __tablename__ = "parts",
    id = la.Column(la.Integer, {primary_key = true}),
    name = la.Column(la.String(40)),
    number = la.Column(la.Integer, {unique = true}),
    machine_id = la.Column(la.Integer, la.ForeignKey("machines.id")),
    machine = orm.relationship("Machine", {back_populates = "parts"}),
  }
  shop.Machine = Base:class "Machine" {
    __tablename__ = "machines",
    id = la.Column(la.Integer, {primary_key = true}),
    parts = orm.relationship("Part", {back_populates = "machine", order_by = "Part.number"}),
  }
  shop.engine = la.create_engine("sqlite://", {echo = function(text, parameters)
    shop.echoed = (shop.echoed or "") .. tostring(parameters)
    if text:find("^INSERT INTO parts") then shop.sent[#shop.sent + 1] = text end
  end})
  Base.metadata:create_all(shop.engine)
  shop.session = orm.Session(shop.engine)
  return shop
end

local function add_parts(shop, first, last, change)
  local parts = {}
  for number = first, last do
    local values = {name = "part " .. number, number = number}
    if change then change(values, number) end
    parts[#parts + 1] = shop.Part(values)
  end
  shop.session:add_all(parts)
  return parts
end

local function ask(shop, text)
  return shop.session:execute(la.text(text)):scalar()
end

-- Every object has the key of its own row.
local function check_keys(shop, parts)
  for _, part in ipairs(parts) do
    assert.equal(part.number, ask(shop, "SELECT number FROM parts WHERE id = " .. part.id))
  end
end

local function rows_of(statement)
  local _, count = statement:gsub("%(%?", "")
  return count
end

describe("a flush of many new objects (UOW-42)", function()
  it("sends rows of one shape together, and each object gets its key", function()
    local shop = workshop()
    local parts = add_parts(shop, 1, 100)
    shop.session:flush()
    assert.equal(1, rows_of(shop.sent[1]))
    assert.equal(32, rows_of(shop.sent[2]))
    assert.is_true(#shop.sent < 10)
    for i, part in ipairs(parts) do assert.equal(i, part.id) end
    check_keys(shop, parts)
    assert.equal(100, ask(shop, "SELECT count(*) FROM parts"))
  end)

  it("is echoed with every row", function()
    local shop = workshop()
    add_parts(shop, 1, 40, function(values, number) values.name = ("<%d>"):format(number) end)
    shop.session:flush()
    for number = 1, 40 do assert.truthy(shop.echoed:find(("<%d>"):format(number), 1, true), number) end
  end)

  it("is one statement with all rows to listeners of cursors", function()
    local shop, heard = workshop(), {}
    la.event.listen(shop.engine, "before_cursor_execute", function(_, _, statement, parameters, _, many)
      heard[#heard + 1] = {statement:match "^%u+", #parameters, many}
    end)
    local parts = add_parts(shop, 1, 100)
    shop.session:flush()
    assert.same({{"INSERT", 100, true}}, heard)
    check_keys(shop, parts)
  end)

  it("goes on after the greatest key there is", function()
    local shop = workshop()
    shop.session:execute(la.text("INSERT INTO parts (id, name, number) VALUES (5000, 'old', 0)"))
    local parts = add_parts(shop, 1, 70)
    shop.session:flush()
    assert.equal(5001, parts[1].id)
    assert.equal(5070, parts[70].id)
    check_keys(shop, parts)
  end)

  it("sends row by row behind the largest key there can be, where keys are random", function()
    local shop = workshop()
    shop.session:execute(la.insert(shop.Part.__table__):values {id = math.maxinteger, number = 0})
    local parts = add_parts(shop, 1, 40)
    shop.session:commit()
    for number, part in ipairs(parts) do assert.equal(number, part.number) end
    assert.equal(41, shop.session:query(shop.Part):count())
  end)

  it("copies the keys of parents before", function()
    local shop = workshop()
    for machine = 1, 3 do
      local made = shop.Machine{}
      shop.session:add(made)
      for number = 1, 40 do made.parts:append(shop.Part{name = "p", number = machine * 100 + number}) end
    end
    shop.session:commit()
    assert.is_true(#shop.sent < 30)
    for _, machine in ipairs(shop.session:query(shop.Machine):all()) do
      assert.equal(40, #machine.parts)
      assert.equal(machine.id * 100 + 1, machine.parts[1].number)
    end
  end)

  it("sends what has another shape by itself, in the order of add()", function()
    local shop = workshop()
    local parts = add_parts(shop, 1, 120, function(values, number)
      if number == 50 then values.id = 900 end
      if number == 60 then values.name = la.func.upper("sixty") end
      if number % 7 == 0 then values.name = nil end
    end)
    shop.session:flush()
    assert.equal(900, parts[50].id)
    check_keys(shop, parts)
    assert.equal("SIXTY", ask(shop, "SELECT name FROM parts WHERE number = 60"))
    assert.equal(17, ask(shop, "SELECT count(*) FROM parts WHERE name IS NULL"))
  end)

  for _, place in ipairs {"TRIGGER", "TEMP TRIGGER"} do
    it(("finds the keys where a %s adds rows to the same table"):format(place), function()
      local shop = workshop()
      shop.session:execute(la.text("CREATE " .. place .. " twice AFTER INSERT ON parts WHEN new.number < 1000"
        .. " BEGIN INSERT INTO parts (name, number) VALUES ('made', new.number + 1000); END"))
      local parts = add_parts(shop, 1, 80)
      shop.session:flush()
      check_keys(shop, parts)
      assert.equal(160, ask(shop, "SELECT count(*) FROM parts"))
    end)
  end

  for action, lines in pairs {IGNORE = {"did not produce a new primary key"}, FAIL = {"UNIQUE constraint failed", 70}, REPLACE = {nil, 71}} do
    it(("sends row by row into a table with ON CONFLICT %s"):format(action), function()
      local message, number = table.unpack(lines, 1, 2)
      local shop = workshop()
      shop.session:execute(la.text "DROP TABLE parts")
      shop.session:execute(la.text("CREATE TABLE parts (id INTEGER PRIMARY KEY, name VARCHAR UNIQUE ON CONFLICT " .. action
        .. ", number INTEGER, machine_id INTEGER)"))
      shop.session:commit()
      local parts = add_parts(shop, 1, 80, function(values)
        if values.number == 70 then values.name = "part 20" end
      end)
      local ok, err = pcall(shop.session.flush, shop.session)
      if message then
        assert.is_false(ok)
        assert.truthy(err.message:find(message, 1, true), err.message)
        if number then assert.equal(number, err.params[2]) end
        shop.session:rollback()
        return
      end
      assert.is_true(ok, err)
      table.remove(parts, 20) -- its row was replaced
      check_keys(shop, parts)
    end)
  end

  it("names the row that fails, and takes all back", function()
    local shop = workshop()
    local parts = add_parts(shop, 1, 90, function(values, number)
      if number == 70 then values.number = 20 end
    end)
    local err = fails(exc.IntegrityError, "UNIQUE constraint failed", function() shop.session:flush() end)
    assert.equal("INSERT INTO parts (name, number, machine_id) VALUES (?, ?, ?)", err.statement)
    assert.same({"part 70", 20, la.null}, err.params)
    shop.session:rollback()
    assert.is_nil(parts[1].id)
    assert.equal(0, ask(shop, "SELECT count(*) FROM parts"))
    parts[70].number = 70
    shop.session:add_all(parts)
    shop.session:commit()
    assert.equal(90, ask(shop, "SELECT count(*) FROM parts"))
  end)
end)
