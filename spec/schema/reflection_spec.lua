-- SPDX-License-Identifier: MIT
-- Reading a schema out of a database, and creating one with a look at what is there.
local la = require "lualchemy"
local exc = la.exc
local tree = require "spec.support.tree"

local function message(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err.message, err
end

local statements = {
  [[CREATE TABLE p (
    a INTEGER PRIMARY KEY, -- the key, with a comma
    b VARCHAR(20) DEFAULT 'x, y' NOT NULL,
    c NUMERIC(10, 2) CHECK (c < 100), d foo, "e f" BOOLEAN DEFAULT 1,
    g INTEGER GENERATED ALWAYS AS (a * (2 + 1)) STORED,
    CONSTRAINT ckx CHECK (c > 5 AND b != ')'), CONSTRAINT uq UNIQUE (b, c), UNIQUE (d))]],
  [[CREATE TABLE q (a INTEGER, b INTEGER REFERENCES p(a) ON DELETE CASCADE, c TEXT, self_id INTEGER REFERENCES q,
    CONSTRAINT pk_q PRIMARY KEY (b, a),
    CONSTRAINT fkz FOREIGN KEY (c, a) REFERENCES p (b, c) ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED)]],
  "CREATE INDEX ix ON p (b)",
  "CREATE UNIQUE INDEX ix_where ON p (c, b) WHERE a > 5",
  "CREATE INDEX ix_expr ON p (lower(b))",
  "CREATE VIEW v AS SELECT a FROM p",
}

local function database()
  local engine = la.create_engine("sqlite://")
  engine:begin(function(conn)
    for _, statement in ipairs(statements) do conn:exec_driver_sql(statement) end
  end)
  return engine
end

local function plain(list)
  return {table.unpack(list)}
end

describe("the Inspector", function()
  local engine = database()
  local inspector = la.inspect(engine)

  it("REF-03 lists tables, views and schemas", function()
    assert.same({"p", "q"}, plain(inspector:get_table_names()))
    assert.same({"v"}, plain(inspector:get_view_names()))
    assert.same({"main"}, plain(inspector:get_schema_names()))
    assert.equal("main", inspector.default_schema_name)
    assert.is_true(inspector:has_table("v"))
    assert.is_false(inspector:has_table("zz"))
    assert.is_true(inspector:has_index("p", "ix"))
    assert.equal(statements[6], inspector:get_view_definition("v"))
  end)

  it("REF-03 describes columns", function()
    local columns = inspector:get_columns("p")
    local names, shown = {}, {}
    for i, info in ipairs(columns) do names[i], shown[i] = info.name, tostring(info.type) end
    assert.same({"a", "b", "c", "d", "e f", "g"}, names)
    assert.same({"INTEGER", "VARCHAR(20)", "NUMERIC(10, 2)", "NUMERIC", "BOOLEAN", "INTEGER"}, shown)
    assert.is_false(columns[2].nullable)
    assert.equal("'x, y'", columns[2].default)
    assert.same({sqltext = "a * (2 + 1)", persisted = true}, columns[6].computed)
  end)

  it("REF-03 describes keys, constraints and indexes with their names", function()
    assert.same({constrained_columns = {"b", "a"}, name = "pk_q"}, inspector:get_pk_constraint("q"))
    local keys = inspector:get_foreign_keys("q")
    assert.equal(3, #keys)
    assert.same({constrained_columns = {"b"}, referred_table = "p", referred_columns = {"a"},
      options = {ondelete = "CASCADE"}},
      keys[1])
    assert.same({name = "fkz", constrained_columns = {"c", "a"}, referred_table = "p", referred_columns = {"b", "c"},
      options = {onupdate = "SET NULL", deferrable = true, initially = "DEFERRED"}}, keys[3])
    assert.same({{name = "uq", column_names = {"b", "c"}}, {column_names = {"d"}}},
      plain(inspector:get_unique_constraints("p")))
    assert.same({{sqltext = "c < 100"}, {name = "ckx", sqltext = "c > 5 AND b != ')'"}},
      plain(inspector:get_check_constraints("p")))
    assert.same({
      {name = "ix", column_names = {"b"}, unique = false, dialect_options = {}},
      {name = "ix_expr", column_names = {la.null}, expressions = {"lower(b)"}, unique = false, dialect_options = {}},
      {name = "ix_where", column_names = {"c", "b"}, unique = true, dialect_options = {sqlite_where = "a > 5"}},
    }, plain(inspector:get_indexes("p")))
  end)

  it("REF-03 says which table there is not", function()
    local text, err = message(inspector.get_columns, inspector, "zz")
    assert.equal("zz", text)
    assert.is_true(exc.NoSuchTableError:matches(err))
    assert.matches('did you mean "get_columns"', (message(function() return inspector.get_colums end)))
  end)

  it("REF-03 remembers until clear_cache", function()
    local own = database()
    local fresh = la.inspect(own)
    assert.equal(2, #fresh:get_table_names())
    own:begin(function(conn) conn:exec_driver_sql("CREATE TABLE r (x INTEGER)") end)
    assert.equal(2, #fresh:get_table_names())
    fresh:clear_cache()
    assert.equal(3, #fresh:get_table_names())
  end)
end)

describe("autoload", function()
  it("REF-01 makes a table, and those it refers to", function()
    local metadata = la.MetaData()
    local q = la.Table("q", metadata, {autoload_with = database()})
    assert.same({"a", "b", "c", "self_id"}, plain(q.c:keys()))
    assert.equal("pk_q", q.primary_key.name)
    assert.equal(metadata.tables.p.c.a, q.c.b.foreign_keys[1].column)
    assert.equal("ckx", metadata.tables.p.constraints[#metadata.tables.p.constraints].name)
    assert.equal(3, #metadata.tables.p.indexes)
  end)

  it("REF-01 leaves the columns that the program gives, and takes those asked for", function()
    local metadata, engine = la.MetaData(), database()
    local p = la.Table("p", metadata, la.Column("b", la.Text, {key = "bee"}), {autoload_with = engine})
    assert.equal("TEXT", tostring(p.c.bee.type))
    local q = la.Table("q", metadata, {autoload_with = engine, include_columns = {"a", "c"}, resolve_fks = false})
    assert.same({"a", "c"}, plain(q.c:keys()))
    local _, err = message(la.Table, "zz", metadata, {autoload_with = engine})
    assert.is_true(exc.NoSuchTableError:matches(err))
    assert.is_nil(metadata.tables.zz)
  end)

  it("REF-01 puts the columns that the program gives in their places, with no foreign keys but their own", function()
    local engine, metadata = database(), la.MetaData()
    local q = la.Table("q", metadata, la.Column("c", la.Integer), la.Column("b", la.String, {primary_key = true}), {autoload_with = engine})
    assert.same({"a", "b", "c", "self_id"}, plain(q.c:keys()))
    assert.same({}, plain(q.c.b.foreign_keys))
    assert.same({}, plain(q.c.c.foreign_keys))
    assert.equal("q", q.c.self_id.foreign_keys[1].column.table.name)
    assert.equal("Trying to redefine primary-key column 'b' as a non-primary-key column on table 'q'",
      (message(la.Table, "q", la.MetaData(), la.Column("b", la.Integer), {autoload_with = engine})))
    assert.equal(q, la.Table("q", metadata, {autoload_with = engine}))
  end)

  it("REF-01 reads a table again with extend_existing, and keeps its columns with autoload_replace = false", function()
    local engine, metadata = database(), la.MetaData()
    local p = la.Table("p", metadata, la.Column("b", la.Integer), la.Column("more", la.Integer))
    la.Table("p", metadata, {autoload_with = engine, extend_existing = true, autoload_replace = false})
    assert.same({"b", "more", "a", "c", "d", "e f", "g"}, plain(p.c:keys()))
    assert.equal("INTEGER", tostring(p.c.b.type))
    local counts = {#p.constraints, #p.indexes}
    for _ = 1, 2 do
      metadata:reflect{bind = engine, only = {"p"}, extend_existing = true}
      assert.equal("VARCHAR(20)", tostring(p.c.b.type))
      assert.is_false(p.c.b.nullable)
      assert.same({p.c.a}, plain(p.primary_key))
      assert.same(counts, {#p.constraints, #p.indexes})
    end
  end)

  it("REF-02 reflects the schema of the metadata, and asks the function for what the metadata lacks", function()
    local engine = la.create_engine("sqlite://")
    engine:begin(function(conn)
      conn:exec_driver_sql "ATTACH ':memory:' AS other"
      conn:exec_driver_sql "CREATE TABLE other.away (id INTEGER PRIMARY KEY)"
      conn:exec_driver_sql "CREATE TABLE here (id INTEGER PRIMARY KEY)"
    end)
    local metadata, asked = la.MetaData{schema = "other"}, {}
    local function chosen(name, given)
      asked[#asked + 1] = {name, given}
      return true
    end
    for _ = 1, 2 do metadata:reflect{bind = engine, only = chosen} end
    assert.same({{"away", metadata}}, asked)
    assert.equal("other.away", metadata.sorted_tables[1].fullname)
    assert.equal(1, #metadata.sorted_tables)
    assert.equal("Could not reflect: requested table(s) not available in Engine(sqlite://) schema 'other': (here)",
      (message(metadata.reflect, metadata, engine, {only = {"here"}})))
    assert.matches("only is a list of names or a function, not 5", (message(metadata.reflect, metadata, engine, {only = 5})))
  end)

  it("REF-02 reflects all, some, or those a function chooses", function()
    local engine = database()
    local all, some, chosen = la.MetaData(), la.MetaData(), la.MetaData()
    all:reflect(engine, {views = true})
    assert.same({"p", "q", "v"}, plain(all.tables:keys()))
    some:reflect(engine, {only = {"p"}})
    assert.same({"p"}, plain(some.tables:keys()))
    chosen:reflect(engine, {only = function(name) return name == "p" end})
    assert.same({"p"}, plain(chosen.tables:keys()))
    assert.matches("requested table%(s%) not available .*%(zz%)", (message(some.reflect, some, engine,
      {only = {"zz"}})))
  end)

  it("REF-01 gives back what was created", function()
    local engine, metadata = database(), la.MetaData()
    metadata:reflect(engine)
    local before = tostring(la.schema.CreateTable(metadata.tables.p))
    metadata:drop_all(engine)
    assert.same({}, plain(la.inspect(engine):get_table_names()))
    metadata:create_all(engine)
    local again = la.MetaData()
    again:reflect(engine)
    assert.equal(before, tostring(la.schema.CreateTable(again.tables.p)))
  end)

  local questions = {"get_columns", "get_pk_constraint", "get_foreign_keys", "get_indexes", "get_unique_constraints",
    "get_check_constraints"}

  -- What the Inspector says of every table, types as texts.
  local function facts_of(engine)
    local reader, facts = la.inspect(engine), {}
    for _, name in ipairs(reader:get_table_names()) do
      facts[name] = {}
      for _, question in ipairs(questions) do facts[name][question] = reader[question](reader, name) end
      for _, info in ipairs(facts[name].get_columns) do info.type = tostring(info.type) end
    end
    return facts
  end

  local function assert_copied(engine)
    local metadata, copy = la.MetaData(), la.create_engine("sqlite://")
    metadata:reflect(engine)
    metadata:create_all(copy)
    local facts = facts_of(engine)
    assert.is_true(next(facts) ~= nil)
    assert.same(facts, facts_of(copy))
  end

  it("REF-01 makes the same schema again whatever its names and options are", function()
    local engine = la.create_engine("sqlite://")
    engine:begin(function(conn)
      for _, statement in ipairs {
        [[CREATE TABLE "select" ("order" INTEGER PRIMARY KEY, "group by" VARCHAR(20) DEFAULT 'it''s' NOT NULL,
          "MixedCase" NUMERIC(10, 2) DEFAULT 1.5, "a""quote" TEXT DEFAULT (lower('X')),
          "Twice" INTEGER GENERATED ALWAYS AS ("order" * 2) STORED,
          thrice INTEGER GENERATED ALWAYS AS ("order" * 3) VIRTUAL, at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
          CONSTRAINT "my check" CHECK ("MixedCase" > 0 AND "group by" != ')'), CHECK (length("group by") < 20),
          CONSTRAINT "Uq One" UNIQUE ("group by", "MixedCase"), UNIQUE ("a""quote"))]],
        [[CREATE TABLE "My Table" ("from" INTEGER NOT NULL, "To" INTEGER NOT NULL,
          x INTEGER REFERENCES "select" ("order") ON DELETE CASCADE, parent_from INTEGER, parent_to INTEGER,
          "a b" TEXT, m NUMERIC, CONSTRAINT "pk My" PRIMARY KEY ("To", "from"),
          CONSTRAINT "fk self" FOREIGN KEY (parent_to, parent_from) REFERENCES "My Table" ("To", "from")
            ON UPDATE SET NULL ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED,
          FOREIGN KEY ("a b", m) REFERENCES "select" ("group by", "MixedCase") ON UPDATE RESTRICT)]],
        [[CREATE TABLE "it's" ("%" INTEGER PRIMARY KEY, "?" TEXT, ":name" TEXT, "[b]" BLOB,
          "comma,paren)" TEXT UNIQUE, CHECK ("comma,paren)" <> ':x'))]],
        [[CREATE UNIQUE INDEX "ix Part" ON "select" ("group by", "Twice") WHERE "MixedCase" > 5 AND "group by" <> 'a:b']],
        [[CREATE INDEX "select ix" ON "My Table" ("a b")]],
        [[CREATE INDEX "ix""q" ON "it's" (":name", "?") WHERE "%" IS NOT NULL]],
      } do
        conn:exec_driver_sql(statement)
      end
    end)
    assert_copied(engine)
  end)

  local chinook = os.getenv("LUALCHEMY_CHINOOK") or "../shared/data/chinook.sqlite"
  local with_chinook = tree.exists(chinook) and it or function() end
  with_chinook("REF-01 makes the schema of a whole database again", function()
    assert_copied(la.create_engine("sqlite:///" .. chinook))
  end)
end)

describe("creating in a database", function()
  it("DDL-01 looks first what is there", function()
    local engine, metadata = la.create_engine("sqlite://"), la.MetaData()
    local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}))
    metadata:create_all(engine)
    metadata:create_all(engine)
    local _, err = message(metadata.create_all, metadata, engine, {checkfirst = false})
    assert.is_true(exc.OperationalError:matches(err))
    la.Table("u", metadata, la.Column("id", la.Integer))
    metadata:create_all(engine)
    assert.same({"t", "u"}, plain(la.inspect(engine):get_table_names()))
    t:drop(engine)
    t:drop(engine, {checkfirst = true})
    metadata:drop_all(engine)
    assert.same({}, plain(la.inspect(engine):get_table_names()))
  end)

  it("DDL-01 works inside a transaction of a connection, which may roll back", function()
    local engine, metadata = la.create_engine("sqlite://"), la.MetaData()
    la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}))
    do
      local conn <close> = engine:connect()
      metadata:create_all(conn)
      assert.is_true(la.inspect(conn):has_table("t"))
      conn:rollback()
    end
    assert.is_false(la.inspect(engine):has_table("t"))
  end)

  it("DDL-02 creates and drops one table or index", function()
    local engine, metadata = la.create_engine("sqlite://"), la.MetaData()
    local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}))
    t:create(engine)
    t:create(engine, {checkfirst = true})
    local index = la.Index("ix_t", t.c.id)
    index:create(engine)
    index:create(engine, {checkfirst = true})
    assert.is_true(la.inspect(engine):has_index("t", "ix_t"))
    index:drop(engine)
    assert.is_false(la.inspect(engine):has_index("t", "ix_t"))
  end)

  it("DDL-03 DDL-11 shows DDL as text", function()
    local t = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}))
    assert.equal("CREATE TABLE t (\n\tid INTEGER NOT NULL, \n\tPRIMARY KEY (id)\n)", tostring(la.schema.CreateTable(t)))
    local engine = la.create_engine("sqlite://")
    engine:begin(function(conn) conn:execute(la.schema.CreateTable(t)) end)
    assert.is_true(la.inspect(engine):has_table("t"))
    assert.equal("DROP TABLE IF EXISTS t", la.schema.DropTable(t, {if_exists = true}):compile{dialect = "sqlite"})
  end)

  it("DDL-01 events come around each table", function()
    local engine, metadata, seen = la.create_engine("sqlite://"), la.MetaData(), {}
    local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}))
    la.event.listen(t, "after_create", function(target, connection)
      assert.is_true(la.inspect(connection):has_table("t"))
      seen[#seen + 1] = target
    end)
    metadata:create_all(engine)
    metadata:create_all(engine)
    assert.equal(1, #seen)
    assert.equal(t, seen[1])
  end)

  it("REF-05 column_reflect may change what becomes of a column", function()
    local function shorten(_, _, info)
      if info.name == "b" then info.key = "bee" end
    end
    la.event.listen(la.Table, "column_reflect", shorten)
    local p = la.Table("p", la.MetaData(), {autoload_with = database()})
    la.event.remove(la.Table, "column_reflect", shorten)
    assert.is_true(p.c:contains("bee"))
  end)

  it("REF-05 column_reflect of a MetaData hears of the columns of its tables", function()
    local metadata, seen = la.MetaData(), {}
    la.event.listen(metadata, "column_reflect", function(_, t, info) seen[#seen + 1] = t.name .. "." .. info.name end)
    local p = la.Table("p", metadata, {autoload_with = database()})
    assert.equal(#p.c, #seen)
    assert.equal("p." .. p.c[1].name, seen[1])
  end)
end)

describe("REF-07 what cannot be reflected", function()
  local inspector = la.inspect(database())

  it("are keys of a view, and comments, which SQLite does not keep", function()
    assert.equal(0, #inspector:get_pk_constraint("v").constrained_columns)
    assert.equal(0, #inspector:get_foreign_keys("v"))
    assert.equal(1, #inspector:get_columns("v"))
    assert.is_nil(inspector:get_columns("p")[1].comment)
  end)

  it("is a CHECK of a type: it comes back as the text that it was", function()
    local engine, metadata = la.create_engine("sqlite://"), la.MetaData()
    la.Table("t", metadata, la.Column("kind", la.Enum("a", "b", {create_constraint = true, name = "kinds"})))
    metadata:create_all(engine)
    local found = la.inspect(engine):get_check_constraints("t")
    assert.equal("kinds", found[1].name)
    assert.equal("kind IN ('a', 'b')", found[1].sqltext)
    local reflected = la.Table("t", la.MetaData(), {autoload_with = engine})
    assert.equal("VARCHAR(1)", tostring(reflected.c.kind.type))
    engine:dispose()
  end)
end)

it("REF-01 foreign keys to a column with a dot in its name are reflected, and created again", function()
  local engine = la.create_engine "sqlite://"
  engine:begin(function(conn)
    conn:exec_driver_sql 'CREATE TABLE p ("x.y" INTEGER PRIMARY KEY, "up.to" INTEGER REFERENCES p ("x.y"))'
    conn:exec_driver_sql 'CREATE TABLE q (a INTEGER REFERENCES p ("x.y"))'
  end)
  local texts = {}
  for round = 1, 2 do
    local found = la.MetaData()
    found:reflect(engine)
    assert.equal(found.tables.p.c["x.y"], found.tables.q.c.a.foreign_keys[1].column)
    texts[round] = tostring(la.CreateTable(found.tables.p)) .. tostring(la.CreateTable(found.tables.q))
    engine:dispose()
    engine = la.create_engine "sqlite://"
    found:create_all(engine)
  end
  assert.equal(texts[1], texts[2])
end)

it("REF-01 a column of two foreign keys has both when it is reflected", function()
  local engine = la.create_engine "sqlite://"
  engine:begin(function(conn)
    conn:exec_driver_sql "CREATE TABLE p (id INTEGER PRIMARY KEY)"
    conn:exec_driver_sql "CREATE TABLE r (id INTEGER PRIMARY KEY)"
    conn:exec_driver_sql "CREATE TABLE q (a INTEGER REFERENCES p (id), FOREIGN KEY(a) REFERENCES r (id))"
  end)
  local found = la.MetaData()
  found:reflect(engine)
  assert.equal(2, #found.tables.q.c.a.foreign_keys)
  assert.equal(2, #found.tables.q.foreign_key_constraints)
end)
