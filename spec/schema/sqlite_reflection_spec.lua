-- SPDX-License-Identifier: MIT
-- What is SQLite's own comes back from the database, and goes into another one as it was.
local la = require "lualchemy"
local fails = require "spec.support.fails"

local statements = {
  [[CREATE TABLE a (id INTEGER PRIMARY KEY ON CONFLICT REPLACE AUTOINCREMENT,
      n TEXT COLLATE NOCASE NOT NULL ON CONFLICT IGNORE UNIQUE ON CONFLICT FAIL, b INT DEFAULT (1+2),
      CONSTRAINT ck CHECK (b > 0) ON CONFLICT ROLLBACK) STRICT]],
  [[CREATE TABLE w (a INT, b TEXT, c REAL, d BLOB, PRIMARY KEY (b, a) ON CONFLICT REPLACE,
      UNIQUE (c, d) ON CONFLICT IGNORE) WITHOUT ROWID, STRICT]],
  [[CREATE TABLE "odd 'tab" ("se lect" INT, [from] TEXT, `x"y` REAL)]],
  [[CREATE INDEX ix1 ON a (lower(n), b DESC) WHERE b > 1]],
  [[CREATE UNIQUE INDEX ix2 ON w (c COLLATE NOCASE ASC, d)]],
  [[CREATE INDEX ix3 ON "odd 'tab" ("se lect" DESC, [from], "x""y" + 1)]],
  [[CREATE VIRTUAL TABLE ft USING fts5(title, body UNINDEXED, tokenize = 'porter unicode61', prefix='2 3', columnsize = 0)]],
  [[CREATE TABLE comp (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED, c INT AS (a+1))]],
  [[CREATE TABLE p1 (id INTEGER PRIMARY KEY, o INT CONSTRAINT f1 REFERENCES p2(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)]],
  [[CREATE TABLE p2 (id INTEGER PRIMARY KEY, o INT, CONSTRAINT f2 FOREIGN KEY (o) REFERENCES p1)]],
  [[CREATE TABLE p3 (id INTEGER PRIMARY KEY, o INT, CONSTRAINT f3 FOREIGN KEY (o) REFERENCES a)]],
  [[CREATE TEMP TABLE tt (id INTEGER)]],
  [[CREATE VIEW v AS SELECT id FROM a]],
  [[CREATE TEMP VIEW tv AS SELECT id FROM a]],
}

describe("reflection of what is SQLite's own", function()
  local conn, inspector
  before_each(function()
    conn = la.create_engine("sqlite://"):connect()
    for _, statement in ipairs(statements) do conn:exec_driver_sql(statement) end
    conn:commit()
    inspector = la.inspect(conn)
  end)
  after_each(function() conn:close() end)

  -- A table of plain values of everything that the inspector tells; types as texts.
  local function plain(value)
    if value == la.null then return "null" end
    if type(value) ~= "table" then return type(value) == "userdata" and tostring(value) or value end
    local made = {}
    for key, part in pairs(value) do made[key] = plain(part) end
    return made
  end
  local function everything(bind)
    local all, found = {}, la.inspect(bind)
    for _, what in ipairs {"columns", "pk_constraint", "foreign_keys", "unique_constraints", "check_constraints", "indexes",
      "table_options"} do
      all[what] = plain(found["get_multi_" .. what](found))
    end
    return all
  end

  it("tells options of tables (SL-13)", function()
    assert.same({sqlite_autoincrement = true, sqlite_strict = true}, inspector:get_table_options "a")
    assert.same({sqlite_strict = true, sqlite_with_rowid = false}, inspector:get_table_options "w")
    assert.same({sqlite_fts5 = {tokenize = "porter unicode61", prefix = "2 3", columnsize = 0}}, inspector:get_table_options "ft")
    assert.same({}, inspector:get_table_options "comp")
  end)

  it("tells ON CONFLICT clauses", function()
    assert.same({sqlite_on_conflict = "REPLACE"}, inspector:get_pk_constraint("w").dialect_options)
    assert.same({sqlite_on_conflict = "IGNORE"}, inspector:get_unique_constraints("w")[1].dialect_options)
    assert.same({sqlite_on_conflict = "ROLLBACK"}, inspector:get_check_constraints("a")[1].dialect_options)
    assert.same({sqlite_on_conflict_not_null = "IGNORE"}, inspector:get_columns("a")[2].dialect_options)
    assert.equal("TEXT COLLATE NOCASE", tostring(inspector:get_columns("a")[2].type))
  end)

  it("tells expressions, order and collations of indexes", function()
    local index = inspector:get_indexes("a")[1]
    assert.equal(la.null, index.column_names[1])
    assert.equal("b", index.column_names[2])
    assert.same({"lower(n)", "b"}, index.expressions)
    assert.same({b = {"desc"}}, index.column_sorting)
    assert.equal("b > 1", index.dialect_options.sqlite_where)
    assert.same({"c COLLATE NOCASE", "d"}, inspector:get_indexes("w")[1].expressions)
  end)

  it("is created again as it was, also by way of to_metadata", function()
    local metadata, copied = la.MetaData(), la.MetaData()
    metadata:reflect(conn)
    local told = everything(conn)
    local again, copy = la.create_engine "sqlite://", la.create_engine "sqlite://"
    metadata:create_all(again)
    assert.same(told, everything(again))
    for _, target in pairs(metadata.tables) do target:to_metadata(copied) end
    copied:create_all(copy)
    assert.same(told, everything(copy))
    copy:begin(function(own)
      own:execute(la.insert(copied.tables.ft), {{title = "running", body = "x"}})
      assert.equal(1, own:scalar(la.select(la.func.count()):select_from(copied.tables.ft):where(
        require("lualchemy.dialects.sqlite").match(copied.tables.ft, "run"))))
    end)
  end)

  it("REF-04 is told of many tables at once", function()
    assert.same({a = true, nothing = false, v = true}, inspector:has_multi_table {"a", "nothing", "v"})
    local views = inspector:get_multi_columns {kind = la.schema.ObjectKind.VIEW, scope = la.schema.ObjectScope.ANY}
    assert.equal("id", views.v[1].name)
    assert.equal("id", views.tv[1].name)
    assert.is_nil(views.a)
    local chosen = inspector:get_multi_pk_constraint {filter_names = {"w", "nothing"}}
    assert.same({"b", "a"}, chosen.w.constrained_columns)
    assert.is_nil(chosen.a)
    fails(la.exc.ArgumentError, "kind is one of la.schema.ObjectKind", function() inspector:get_multi_columns {kind = 99} end)
  end)

  it("REF-03 has temporary things, an order of tables, and nothing that SQLite has not", function()
    assert.same({"tt"}, {table.unpack(inspector:get_temp_table_names())})
    assert.same({"tv"}, {table.unpack(inspector:get_temp_view_names())})
    assert.equal(0, #inspector:get_sequence_names())
    assert.equal(0, #inspector:get_materialized_view_names())
    assert.is_false(inspector:has_sequence "s")
    assert.same({}, inspector:get_table_comment "a")
    local order = inspector:get_sorted_table_and_fkc_names()
    local last = order[#order]
    assert.is_nil(last[1])
    assert.same({{"p1", "f1"}, {"p2", "f2"}}, last[2])
    local place = {}
    for i, entry in ipairs(order) do place[entry[1] or ""] = i end
    assert.is_true(place.a < place.p3)
    assert.same({{"p3", "f3"}}, order[place.p3][2])
    local keyed = inspector:sort_tables_on_foreign_key_dependency {consider_schemas = {la.null}}
    assert.same({la.null, "a"}, keyed[1][1])
  end)

  it("REF-03 SL-13 has columns of any kind in STRICT tables", function()
    local source, target = la.create_engine "sqlite://", la.create_engine "sqlite://"
    source:begin(function(connection) connection:exec_driver_sql "CREATE TABLE t (id INTEGER PRIMARY KEY, v ANY) STRICT" end)
    local metadata = la.MetaData()
    metadata:reflect(source)
    metadata:create_all(target)
    assert.equal("ANY", tostring(la.inspect(target):get_columns("t")[2].type))
    target:begin(function(connection)
      connection:execute(la.insert(metadata.tables.t), {{v = "x"}, {v = 1.5}, {v = 2}})
      assert.same({"x", 1.5, 2}, {table.unpack(connection:scalars(la.select(metadata.tables.t.c.v)):all())})
    end)
  end)
end)
