-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local database = require "spec.support.database"
local fails = require "spec.support.fails"

describe("schema_translate_map", function()
  local meta, t, u, engine, sent
  before_each(function()
    meta = la.MetaData()
    t = la.Table("t", meta, la.Column("id", la.Integer, {primary_key = true}), la.Column("x", la.Integer, {index = true}), {schema = "a"})
    u = la.Table("u", meta, la.Column("id", la.Integer, {primary_key = true}))
    sent = {}
    engine = database.engine {memory = true, echo = function(text) sent[#sent + 1] = (text:gsub("%s+", " ")) end}
  end)
  after_each(database.clean)

  local function attach(conn)
    conn:exec_driver_sql "ATTACH ':memory:' AS b"
    conn:exec_driver_sql "ATTACH ':memory:' AS c"
    sent = {}
  end
  local function last() return sent[#sent] end

  it("of a connection names other schemas in DDL and statements", function()
    local conn <close> = engine:connect()
    attach(conn)
    conn:execution_options {schema_translate_map = {a = "b", [la.null] = "main"}}
    meta:create_all(conn)
    local text = table.concat(sent, "\n")
    assert.truthy(text:find("CREATE TABLE b.t (", 1, true))
    assert.truthy(text:find("CREATE INDEX b.ix_a_t_x ON t (x)", 1, true))
    assert.truthy(text:find("CREATE TABLE main.u (", 1, true))
    conn:execute(la.insert(t), {{x = 1}, {x = 2}})
    assert.equal("INSERT INTO b.t (x) VALUES (?)", last())
    assert.same({1, 2}, conn:scalars(la.select(t.c.x):join(u, u.c.id:eq(t.c.id), {isouter = true})):all())
    assert.equal("SELECT b.t.x FROM b.t LEFT OUTER JOIN main.u ON main.u.id = b.t.id", last())
    conn:execute(la.update(t):values {x = 3}:where(t.c.x:eq(2)))
    assert.equal("UPDATE b.t SET x=? WHERE b.t.x = ?", last())
    conn:execute(la.delete(t):where(t.c.x:eq(3)))
    assert.equal("DELETE FROM b.t WHERE b.t.x = ?", last())
    sent = {}
    meta:create_all(conn)
    assert.is_nil(table.concat(sent):find "CREATE")
    meta:drop_all(conn)
    assert.truthy(table.concat(sent, "\n"):find("DROP TABLE b.t", 1, true))
  end)

  it("is part of the key of what is compiled, and the nearest wins", function()
    local conn <close> = engine:connect()
    attach(conn)
    conn:exec_driver_sql "CREATE TABLE b.t (id INTEGER, x INTEGER)"
    conn:exec_driver_sql "CREATE TABLE c.t (id INTEGER, x INTEGER)"
    conn:exec_driver_sql "INSERT INTO c.t VALUES (1, 7)"
    local stmt = la.select(t.c.x)
    for _ = 1, 2 do
      assert.same({}, conn:scalars(stmt, nil, {execution_options = {schema_translate_map = {a = "b"}}}):all())
      assert.same({7}, conn:scalars(stmt:execution_options {schema_translate_map = {a = "c"}}):all())
    end
    assert.equal("SELECT c.t.x FROM c.t", last())
    fails(la.exc.OperationalError, "no such table: a.t", function() conn:execute(stmt) end)
    local other <close> = engine:execution_options {schema_translate_map = {a = "c"}}:connect()
    assert.same({7}, other:scalars(stmt):all())
  end)

  it("takes a schema away, and quotes what wants quotes", function()
    local conn <close> = engine:connect()
    conn:execution_options {schema_translate_map = {a = la.null}}
    meta:create_all(conn)
    conn:execute(la.select(t.c.x))
    assert.equal("SELECT t.x FROM t", last())
    local odd = la.select(t.c.x):execution_options {schema_translate_map = {a = "A b"}}
    fails(la.exc.OperationalError, "no such table: A b.t", function() conn:execute(odd) end)
  end)

  it("must map names to names", function()
    local conn <close> = engine:connect()
    local function try(map)
      conn:execute(la.select(t), nil, {execution_options = {schema_translate_map = map}})
    end
    fails(la.exc.ArgumentError, "schema_translate_map is a table", function() try "a" end)
    fails(la.exc.ArgumentError, "a value is 5", function() try {a = 5} end)
  end)
end)
