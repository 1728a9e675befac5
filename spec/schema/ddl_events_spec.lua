-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local database = require "spec.support.database"

describe("events of schema elements (EVT-04)", function()
  local metadata, told
  before_each(function()
    metadata, told = la.MetaData(), {}
  end)
  after_each(database.clean)

  local function new_table(name)
    return la.Table(name, metadata, la.Column("id", la.Integer, {primary_key = true}))
  end
  local function note(target, ...)
    for _, name in ipairs {...} do
      la.event.listen(target, name, function(...) told[#told + 1] = table.pack(name, ...) end)
    end
  end
  local function summary()
    local list = {}
    for i, call in ipairs(told) do list[i] = call[1] .. " " .. tostring(call[2]) end
    return list
  end

  it("tell of tables that are created and dropped, inside what is told of their MetaData", function()
    local t, u = new_table "t", new_table "u"
    note(metadata, "before_create", "after_create", "before_drop", "after_drop")
    note(t, "before_create", "after_create", "before_drop", "after_drop")
    local conn <close> = database.engine {memory = true}:connect()
    metadata:create_all(conn)
    assert.same({"before_create MetaData()", "before_create t", "after_create t", "after_create MetaData()"}, summary())
    for _, call in ipairs(told) do assert.equal(conn, call[3]) end
    assert.is_true(told[1][4].checkfirst)
    assert.same({t, u}, {table.unpack(told[1][4].tables)})
    told = {}
    metadata:create_all(conn)
    assert.same({"before_create MetaData()", "after_create MetaData()"}, summary())
    assert.equal(0, #told[1][4].tables)
    told = {}
    metadata:drop_all(conn, {checkfirst = false})
    assert.same({"before_drop MetaData()", "before_drop t", "after_drop t", "after_drop MetaData()"}, summary())
    assert.falsy(told[1][4].checkfirst)
    told = {}
    t:create(conn)
    t:drop(conn)
    assert.same({"before_create t", "after_create t", "before_drop t", "after_drop t"}, summary())
  end)

  it("come with before_execute and after_execute of the statements (EVT-02)", function()
    local t = la.Table("t", metadata, la.Column("id", la.Integer), la.Index("ix", "id"))
    local engine = database.engine {memory = true}
    note(engine, "before_execute", "after_execute")
    local conn <close> = engine:connect()
    metadata:create_all(conn, {checkfirst = false})
    conn:execute(la.DropTable(t))
    local texts = {}
    for i, call in ipairs(told) do
      texts[i] = call[1] .. " " .. tostring(call[3]):gsub("%s+", " ")
      assert.equal(conn, call[2])
      assert.equal(0, #call[4])
    end
    assert.same({"before_execute CREATE TABLE t ( id INTEGER )", "after_execute CREATE TABLE t ( id INTEGER )",
      "before_execute CREATE INDEX ix ON t (id)", "after_execute CREATE INDEX ix ON t (id)",
      "before_execute DROP TABLE t", "after_execute DROP TABLE t"}, texts)
    assert.is_false(told[#told][7].returns_rows)
  end)

  it("may put another statement in the place of one (EVT-02)", function()
    local t = new_table "t"
    local engine = database.engine {memory = true}
    la.event.listen(engine, "before_execute", function(_, element, many, params)
      return tostring(element):find "CREATE TABLE" and la.DDL "CREATE TABLE t (other)" or element, many, params
    end, {retval = true})
    t:create(engine)
    assert.equal("other", la.inspect(engine):get_columns("t")[1].name)
  end)

  it("tell before and after an element gets its parent", function()
    local t, column = new_table "t", la.Column("x", la.Integer)
    note(column, "before_parent_attach", "after_parent_attach")
    t:append_column(column)
    assert.same({"before_parent_attach", "after_parent_attach"}, {told[1][1], told[2][1]})
    for _, call in ipairs(told) do
      assert.equal(column.name, call[2].name)
      assert.equal(t, call[3])
    end
  end)

  it("tell of columns that are reflected, to a table and to its MetaData", function()
    local t = new_table "t"
    local engine = database.engine {memory = true}
    t:create(engine)
    local other = la.MetaData()
    note(other, "column_reflect")
    other:reflect(engine)
    assert.equal("t", told[1][3].name)
    assert.equal("id", told[1][4].name)
  end)
end)
