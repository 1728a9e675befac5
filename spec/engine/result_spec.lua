-- SPDX-License-Identifier: MIT
-- Results and rows.
local la = require "lualchemy"
local exc = la.exc
local fails = require "spec.support.fails"

local conn, users, addresses

before_each(function()
  local engine = la.create_engine("sqlite://")
  local metadata = la.MetaData()
  users = la.Table("users", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("name", la.String))
  addresses = la.Table("addresses", metadata, la.Column("id", la.Integer, {primary_key = true}),
    la.Column("user_id", la.Integer), la.Column("name", la.String))
  conn = engine:connect()
  conn:exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
  conn:exec_driver_sql("CREATE TABLE addresses (id INTEGER PRIMARY KEY, user_id INTEGER, name TEXT)")
  conn:execute(la.insert(users), {{name = "ed"}, {name = "wendy"}, {name = la.null}})
  conn:execute(la.insert(addresses), {{user_id = 1, name = "x"}, {user_id = 1, name = "y"}})
end)
after_each(function() conn:close() end)

local function all_users()
  return conn:execute(la.select(users):order_by(users.c.id))
end

local function fails_with(class, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.is_true(class:matches(err), tostring(err))
  return err.message
end

describe("a result (RES-01)", function()
  it("RES-01 gives its rows to for, once", function()
    local names = {}
    local result = all_users()
    for row in result do names[#names + 1] = row.name or "none" end
    assert.same({"ed", "wendy", "none"}, names)
    assert.same({}, result:all())
    assert.is_nil(result:fetchone())
  end)

  it("RES-01 fetches one, many, all", function()
    local result = all_users()
    assert.equal("ed", result:fetchone().name)
    assert.equal(1, #result:fetchmany())
    assert.equal(1, #result:fetchall())
    assert.equal(0, #result:fetchmany(5))
  end)

  it("RES-01 first() closes it", function()
    local result = all_users()
    assert.equal("ed", result:first().name)
    assert.equal("This result object is closed.", fails_with(exc.ResourceClosedError, result.all, result))
    assert.is_true(result.closed)
    assert.is_nil(conn:execute(la.select(users):where(users.c.id:eq(77))):first())
  end)

  it("RES-01 one() and one_or_none() want a single row", function()
    local function run(...) return conn:execute(la.select(users):where(...)) end
    assert.equal("ed", run(users.c.id:eq(1)):one().name)
    assert.equal("No row was found when one was required", fails_with(exc.NoResultFound, function() run(users.c.id:eq(9)):one() end))
    assert.equal("Multiple rows were found when exactly one was required",
      fails_with(exc.MultipleResultsFound, function() run(users.c.id:lt(3)):one() end))
    assert.is_nil(run(users.c.id:eq(9)):one_or_none())
    assert.equal("Multiple rows were found when one or none was required",
      fails_with(exc.MultipleResultsFound, function() run(users.c.id:lt(3)):one_or_none() end))
  end)

  it("RES-01 scalar(), scalar_one() and scalar_one_or_none() give the first column", function()
    assert.equal(1, all_users():scalar())
    assert.equal(1, conn:execute(la.select(users):where(users.c.id:eq(1))):scalar_one())
    assert.is_nil(conn:execute(la.select(users):where(users.c.id:eq(9))):scalar_one_or_none())
    assert.is_nil(conn:execute(la.select(users.c.name):where(users.c.id:eq(3))):scalar_one())
    fails_with(exc.NoResultFound, function() conn:execute(la.select(users):where(users.c.id:eq(9))):scalar_one() end)
  end)

  it("RES-01 comes in parts", function()
    local sizes = {}
    for part in all_users():partitions(2) do sizes[#sizes + 1] = #part end
    assert.same({2, 1}, sizes)
    sizes = {}
    for part in all_users():yield_per(1):partitions() do sizes[#sizes + 1] = #part end
    assert.same({1, 1, 1}, sizes)
  end)

  it("RES-02 shows single columns, la.null for NULL", function()
    assert.same({"ed", "wendy", la.null}, all_users():scalars("name"):all())
    assert.same({1, 2, 3}, all_users():scalars():all())
    assert.same({"ed", "wendy", la.null}, all_users():scalars(2):all())
    assert.equal("ed", all_users():scalars(users.c.name):first())
    local seen = {}
    for name in conn:scalars(la.select(users.c.name):order_by(users.c.id)) do seen[#seen + 1] = name end
    assert.same({"ed", "wendy", la.null}, seen)
  end)

  it("RES-02 shows other columns, in another order", function()
    local result = all_users():columns("name", 1)
    assert.same({"name", "id"}, result:keys())
    assert.same({"ed", 1}, {table.unpack(result:first())})
    fails_with(exc.NoSuchColumnError, function() all_users():columns("nmae") end)
  end)

  it("RES-02 shows mappings and tuples", function()
    local mapping = all_users():mappings():first()
    assert.equal("ed", mapping.name)
    assert.equal("ed", mapping[users.c.name])
    assert.equal(3, #all_users():tuples():all())
    assert.equal(3, #all_users().t:all())
    assert.equal('[{id = 1, name = "ed"}, {id = 2, name = "wendy"}, {id = 3, name = nil}]', tostring(all_users():mappings():all()))
  end)

  it("RES-03 leaves out rows that come again", function()
    local statement = la.text "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 1, 'x' UNION ALL SELECT 2, 'x'"
    assert.equal(2, #conn:execute(statement):unique():all())
    assert.equal(1, #conn:execute(statement):unique(function(row) return row.b end):all())
    assert.same({1, 2}, conn:execute(statement):scalars():unique():all())
    assert.same({1, 2}, conn:execute(statement):unique():scalars():all())
  end)

  it("RES-04 a frozen result has its rows, and serves others in their place", function()
    local frozen = all_users():freeze()
    assert.equal(#all_users():all(), #frozen.data)
    local width = #all_users():keys()
    local row = {}
    for place = 1, width do row[place] = place end
    local other = frozen:with_new_rows {row}
    assert.equal(1, other():one()[1])
    assert.equal(width, other():one()[width])
    assert.equal(#frozen.data, #frozen():all())
    local err = select(2, pcall(frozen.with_new_rows, frozen, {{}}))
    assert.truthy(tostring(err):find(("row 1 is to have %d values"):format(width), 1, true))
  end)

  it("RES-01 parts and fetchmany have one row unless they are told how many", function()
    assert.equal(1, #all_users():fetchmany())
    assert.equal(0, #all_users():fetchmany(0))
    assert.equal(1, #all_users():partitions()())
    assert.equal(2, #all_users():yield_per(2):partitions()())
    local err = select(2, pcall(function() all_users():fetchmany(-1) end))
    assert.truthy(tostring(err):find("(number of rows from 0 on expected, got -1)", 1, true))
    assert.is_true(all_users():supports_sane_rowcount() and all_users():supports_sane_multi_rowcount())
  end)

  it("RES-04 can be frozen and merged", function()
    local frozen = all_users():freeze()
    assert.equal(3, #frozen():all())
    assert.equal("ed", frozen():first().name)
    assert.same({1, 2, 3}, frozen():scalars():all())
    assert.equal(6, #frozen():merge(all_users()):all())
  end)

  it("RES-04 refuses to merge rows of other widths", function()
    local ids = conn:execute(la.select(users.c.id))
    local message = fails_with(exc.InvalidRequestError, ids.merge, all_users(), ids)
    assert.equal("merge: result #1 has 1 columns, the first one has 2; all need the same number", message)
    assert.equal(3, #ids:all())
  end)

  it("RES-02 names the table of a column that it does not have", function()
    local message = fails_with(exc.NoSuchColumnError, function() return all_users():scalars(addresses.c.user_id):all() end)
    assert.equal("Could not locate column in row for column 'addresses.user_id'", message)
  end)

  it("RES-08 knows counts and the keys of inserted rows", function()
    local result = conn:execute(la.insert(users), {name = "new"})
    assert.equal(1, result.rowcount)
    assert.equal(4, result.lastrowid)
    assert.equal(4, result.inserted_primary_key.id)
    assert.equal(4, result.inserted_primary_key[1])
    assert.equal(4, result.inserted_primary_key_rows[1].id)
    assert.is_true(result.is_insert)
    assert.is_false(result.returns_rows)
    assert.equal(2, conn:execute(la.update(users):where(users.c.id:lt(3)):values{name = "q"}).rowcount)
    assert.equal(-1, all_users().rowcount)
    fails_with(exc.InvalidRequestError, function() return all_users().inserted_primary_key end)
  end)

  it("RES-08 gives the rows of RETURNING", function()
    local result = conn:execute(la.insert(users):returning(users.c.id, users.c.name), {{name = "a"}, {name = "b"}})
    assert.same({{4, "a"}, {5, "b"}}, {{table.unpack(result:fetchone())}, {table.unpack(result:fetchone())}})
    assert.equal(2, result.rowcount)
  end)

  it("RES-09 can be closed, also by <close>", function()
    local kept
    do
      local result <close> = all_users()
      kept = result
    end
    fails_with(exc.ResourceClosedError, kept.fetchone, kept)
    assert.equal("This result object does not return rows. It has been closed automatically.",
      fails_with(exc.ResourceClosedError, function() conn:execute(la.insert(users), {name = "z"}):all() end))
    for _ in all_users():iter() do break end -- luacheck: ignore 512
    assert.matches('Result has no "al"', fails_with(exc.ArgumentError, function() return all_users().al end))
  end)

  it("RES-11 converts by the columns' types, for text() too", function()
    local t = la.Table("t", la.MetaData(), la.Column("d", la.Date), la.Column("ok", la.Boolean))
    conn:exec_driver_sql("CREATE TABLE t (d DATE, ok BOOLEAN)")
    conn:execute(la.insert(t), {d = {year = 2024, month = 2, day = 29}, ok = true})
    local row = conn:execute(la.select(t)):one()
    assert.equal("2024-02-29", tostring(row.d))
    assert.is_true(row.ok)
    row = conn:execute(la.text("SELECT d, ok FROM t"):columns(t.c.d, t.c.ok)):one()
    assert.equal(29, row.d.day)
    assert.is_true(row.ok)
    row = conn:execute(la.text("SELECT 1 AS x, ok, d FROM t"):columns{d = la.Date, ok = la.Boolean}):one()
    assert.same({1, true, 29}, {row.x, row.ok, row.d.day})
  end)

  it("CON-08 streams by yield_per, and ends with its transaction", function()
    local result = conn:execute(la.select(users):order_by(users.c.id), nil, {execution_options = {yield_per = 1}})
    assert.equal("ed", result:fetchone().name)
    assert.equal(3, conn:scalar(la.select(la.func.count()):select_from(users)))
    conn:commit()
    fails_with(exc.ResourceClosedError, result.fetchone, result)
    local names = {}
    for row in conn:execute(la.select(users.c.id):execution_options{yield_per = 2}):iter() do names[#names + 1] = row.id end
    assert.same({1, 2, 3}, names)
  end)
end)

describe("a row (RES-05)", function()
  it("RES-05 is read by name, position and column", function()
    local row = all_users():first()
    assert.equal("ed", row.name)
    assert.equal("ed", row[2])
    assert.equal("ed", row[users.c.name])
    assert.is_nil(row[3])
    assert.equal(2, #row)
    assert.same({1, "ed"}, {table.unpack(row)})
  end)

  it("RES-05 has its own members under an underscore", function()
    local row = conn:execute(la.select(users):where(users.c.id:eq(3))):one()
    assert.same({"id", "name"}, row._fields)
    assert.same({id = 3, name = la.null}, row:_asdict())
    assert.same({3, la.null}, row:_tuple())
    assert.equal(3, row._mapping.id)
    assert.is_nil(row.__anything)
  end)

  it("RES-05 is walked in the order of its columns, with la.null for NULL", function()
    local seen = {}
    for name, value in pairs(conn:execute(la.select(users):where(users.c.id:eq(3))):one()) do
      seen[#seen + 1] = {name, value}
    end
    assert.same({{"id", 3}, {"name", la.null}}, seen)
  end)

  it("RES-05 equals and orders by its values, and cannot be changed", function()
    local a, b, c = all_users():fetchmany(1)[1], all_users():first(), all_users():all()[2]
    assert.is_true(a == b)
    assert.is_false(a == c)
    assert.is_true(a < c and a <= b)
    fails_with(exc.InvalidRequestError, function() a.name = "x" end)
    assert.equal('(1, "ed")', tostring(a))
  end)

  it("RES-05 names the nearest column for one it has not", function()
    local row = all_users():first()
    assert.equal("Could not locate column in row for column 'nmae'; did you mean 'name'?",
      fails_with(exc.NoSuchColumnError, function() return row.nmae end))
    fails_with(exc.NoSuchColumnError, function() return row[addresses.c.user_id] end)
  end)

  it("RES-05 outlives its result and connection", function()
    local row = all_users():first()
    conn:close()
    collectgarbage()
    assert.equal("ed", row.name)
  end)

  it("RES-06 shows itself as a mapping", function()
    local mapping = all_users():first()._mapping
    assert.same({"id", "name"}, mapping:keys())
    assert.same({1, "ed"}, mapping:values())
    assert.equal("ed", mapping:get "name")
    assert.equal("none", mapping:get("x", "none"))
    assert.equal(2, #mapping)
    assert.equal("ed", mapping[users.c.name])
    fails_with(exc.NoSuchColumnError, function() return mapping.nmae end)
  end)

  it("RES-07 refuses an ambiguous name and finds the column", function()
    local row = conn:execute(la.text "SELECT 1 AS a, 2 AS a"):one()
    assert.equal("Ambiguous column name 'a' in result set column descriptions",
      fails_with(exc.InvalidRequestError, function() return row.a end))
    assert.equal(2, row[2])
    local joined = conn:execute(la.select(users.c.name, addresses.c.name):where(users.c.id:eq(addresses.c.user_id))):first()
    assert.equal("ed", joined[users.c.name])
    assert.equal("x", joined[addresses.c.name])
  end)

  it("RES-07 finds the column of one alias among those of several, in every form of the result", function()
    local id = users.c.id
    for _ = 1, 2 do -- the second time as the cache has it
      local a, b = users:alias(), users:alias()
      local pairs_of = la.select(a, b.c.id):where(a.c.id:eq(1), b.c.id:eq(2))
      local row = conn:execute(pairs_of):one()
      assert.same({1, 2, 2}, {row[a.c.id], row[b.c.id], row._mapping[b.c.id]})
      fails_with(exc.NoSuchColumnError, function() return row[id] end)
      row = conn:execute(pairs_of:union_all(pairs_of)):freeze()():first()
      assert.same({1, 2}, {row[a.c.id], row[b.c.id]})
      row = conn:execute(pairs_of):columns(b.c.id, a.c.id):one()
      assert.same({2, 1, 2, 1}, {row[1], row[2], row[b.c.id], row[a.c.id]})
      assert.same({2}, {conn:execute(pairs_of):scalars(b.c.id):one()})
    end
    local row = conn:execute(la.select(id, id:label "again", (id + 1):label "next"):where(id:eq(1))):one()
    assert.same({1, 1, 2}, {row[id], row.again, row.next})
  end)
end)

describe("the columns of a result", function()
  it("are asked for by merge, of which one without rows is no part (RES-04)", function()
    local rows, none = conn:execute(la.text "SELECT 1 AS a"), conn:execute(la.text "CREATE TABLE others (x)")
    fails(exc.ResourceClosedError, "does not return rows", function() rows:merge(none) end)
    fails(exc.ResourceClosedError, "does not return rows", function() none:merge() end)
    assert.equal(1, rows:scalar())
  end)

  it("are at least one, and not those of values alone (RES-02)", function()
    local result = conn:execute(la.text "SELECT 1 AS a, 2 AS b, 3 AS c")
    fails(exc.ArgumentError, "columns", function() result:columns() end)
    local values = result:scalars(3)
    fails(exc.InvalidRequestError, "a ScalarResult has no columns to choose from", function() values:columns(1) end)
    assert.equal(3, values:one())
  end)
end)
