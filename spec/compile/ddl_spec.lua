-- SPDX-License-Identifier: MIT
-- CREATE TABLE and CREATE INDEX.
--
-- The texts are those that SQLAlchemy 2.1 prints, white space aside: of every table in the order of dependency, each
-- followed by its indexes. One text serves both dialects, or the default dialect's comes first, then SQLite's.
local la = require "lualchemy"
local schema = require "lualchemy.schema"
local fails = require "spec.support.fails"

local function normal(text)
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

local function texts_of(metadata, dialect)
  local texts = {}
  for _, target in ipairs(metadata.sorted_tables) do
    texts[#texts + 1] = normal(tostring(schema.CreateTable(target):compile {dialect = dialect}))
    local indexes = table.move(target.indexes, 1, #target.indexes, 1, {})
    table.sort(indexes, function(a, b) return a.name < b.name end)
    for _, index in ipairs(indexes) do
      texts[#texts + 1] = normal(tostring(schema.CreateIndex(index):compile {dialect = dialect}))
    end
  end
  return table.concat(texts, "; ")
end

-- `define` makes tables in the metadata it is given, or gives one of its own.
local function check(define, default, sqlite)
  for dialect, expected in pairs {default = default, sqlite = sqlite or default} do
    local ok, result = pcall(function()
      local metadata = la.MetaData()
      return texts_of(define(metadata) or metadata, dialect)
    end)
    if not ok then result = "error: " .. normal(type(result) == "table" and result.message or tostring(result)) end
    if expected:find("^error: ") then result = result:sub(1, #expected) end
    assert.equal(expected, result)
  end
end

describe("DDL", function()
  it("DDL-03 a table", function()
    check(function(mm)
      la.Table("t", mm, la.Column("id", la.Integer, {primary_key = true}),
        la.Column("name", la.String(50), {nullable = false}), la.Column("x", la.String))
    end, "CREATE TABLE t ( id INTEGER NOT NULL, name VARCHAR(50) NOT NULL, x VARCHAR, PRIMARY KEY (id) )")
  end)

  it("CST-05 a composite key", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Integer, {primary_key = true}),
        la.Column("b", la.Integer, {primary_key = true}))
    end, "CREATE TABLE t ( a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b) )")
  end)

  it("CST-05 puts the column that counts first in a key that is made of flags", function()
    local counts = {primary_key = true, autoincrement = true}
    local function key_of(...)
      local target = la.Table("t", la.MetaData(), ...)
      return normal(tostring(schema.CreateTable(target))):match "PRIMARY KEY (%b())"
    end
    local function column(name, options, type) return la.Column(name, type or la.Integer, options) end
    assert.equal("(b, a)", key_of(column("a", {primary_key = true}), column("b", counts)))
    assert.equal("(b, a, c)", key_of(column("a", {primary_key = true}), column("b", counts), column("c", {primary_key = true})))
    assert.equal("(a, b)", key_of(column("a"), column("b", {autoincrement = true}), la.PrimaryKeyConstraint("a", "b")))
    assert.equal("(b, a)", key_of(column("a"), column("b"), la.PrimaryKeyConstraint("b", "a")))
    fails(la.exc.ArgumentError, "Column type VARCHAR on column 't.a' is not compatible with autoincrement=true", function()
      key_of(column("a", counts, la.String))
    end)
    fails(la.exc.ArgumentError, "Only one Column may be marked autoincrement=true, found both b and a.", function()
      key_of(column("a", counts), column("b", counts))
    end)
  end)

  it("SL-02 AUTOINCREMENT", function()
    check(function(mm)
      la.Table("t", mm, la.Column("id", la.Integer, {primary_key = true}), {sqlite_autoincrement = true})
    end, "CREATE TABLE t ( id INTEGER NOT NULL, PRIMARY KEY (id) )",
      "CREATE TABLE t ( id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT )")
  end)

  it("SL-13 WITHOUT ROWID", function()
    check(function(mm)
      la.Table("t", mm, la.Column("id", la.Integer, {primary_key = true}), {sqlite_with_rowid = false})
    end, "CREATE TABLE t ( id INTEGER NOT NULL, PRIMARY KEY (id) )",
      "CREATE TABLE t ( id INTEGER NOT NULL, PRIMARY KEY (id) ) WITHOUT ROWID")
  end)

  it("SL-13 STRICT", function()
    check(function(mm)
      la.Table("t", mm, la.Column("id", la.Integer, {primary_key = true}),
        {sqlite_with_rowid = false, sqlite_strict = true})
    end, "CREATE TABLE t ( id INTEGER NOT NULL, PRIMARY KEY (id) )",
      "CREATE TABLE t ( id INTEGER NOT NULL, PRIMARY KEY (id) ) WITHOUT ROWID, STRICT")
  end)

  it("TYP-01 every generic type", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.SmallInteger), la.Column("b", la.BigInteger),
        la.Column("c", la.Float), la.Column("d", la.Double), la.Column("e", la.Numeric),
        la.Column("f", la.Numeric(10, 2)), la.Column("g", la.Numeric(10)), la.Column("h", la.Text),
        la.Column("i", la.Unicode(30)), la.Column("j", la.UnicodeText), la.Column("k", la.Boolean),
        la.Column("l", la.LargeBinary), la.Column("m", la.Date), la.Column("n", la.Time),
        la.Column("o", la.DateTime), la.Column("p", la.Interval),
        la.Column("q", la.Enum("a", "bcd", {name = "en"})), la.Column("r", la.JSON), la.Column("s", la.Uuid),
        la.Column("t", la.Float(5)))
    end, "CREATE TABLE t ( a SMALLINT, b BIGINT, c FLOAT, d DOUBLE, e NUMERIC, f NUMERIC(10, 2), g \z
        NUMERIC(10), h TEXT, i VARCHAR(30), j TEXT, k BOOLEAN, l BLOB, m DATE, n TIME, o DATETIME, p \z
        DATETIME, q VARCHAR(3), r JSON, s CHAR(32), t FLOAT )")
  end)

  it("TYP-02 every type of SQL", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.INTEGER), la.Column("b", la.SMALLINT), la.Column("c", la.BIGINT),
        la.Column("d", la.FLOAT), la.Column("e", la.REAL), la.Column("f", la.DOUBLE),
        la.Column("g", la.DOUBLE_PRECISION), la.Column("h", la.NUMERIC(5, 1)), la.Column("i", la.DECIMAL(8)),
        la.Column("j", la.CHAR(5)), la.Column("k", la.VARCHAR(6)), la.Column("l", la.NCHAR(7)),
        la.Column("m", la.NVARCHAR(8)), la.Column("n", la.TEXT), la.Column("o", la.CLOB),
        la.Column("p", la.BOOLEAN), la.Column("q", la.BLOB), la.Column("r", la.BINARY(3)),
        la.Column("s", la.VARBINARY(4)), la.Column("u", la.DATE), la.Column("v", la.TIME),
        la.Column("w", la.DATETIME), la.Column("x", la.TIMESTAMP), la.Column("y", la.UUID))
    end, "CREATE TABLE t ( a INTEGER, b SMALLINT, c BIGINT, d FLOAT, e REAL, f DOUBLE, g DOUBLE PRECISION, h \z
        NUMERIC(5, 1), i DECIMAL(8), j CHAR(5), k VARCHAR(6), l NCHAR(7), m NVARCHAR(8), n TEXT, o CLOB, p \z
        BOOLEAN, q BLOB, r BINARY(3), s VARBINARY(4), u DATE, v TIME, w DATETIME, x TIMESTAMP, y UUID )")
  end)

  it("TYP-21 collations", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.String(10, {collation = "NOCASE"})),
        la.Column("b", la.Text{collation = "binary"}))
    end, "CREATE TABLE t ( a VARCHAR(10) COLLATE \"NOCASE\", b TEXT COLLATE \"binary\" )",
      "CREATE TABLE t ( a VARCHAR(10) COLLATE \"NOCASE\", b TEXT COLLATE binary )")
  end)

  it("DDL-03 server defaults", function()
    check(function(mm)
      la.Table('t', mm, la.Column('a', la.Integer, {server_default = '5'}),
        la.Column('b', la.String, {server_default = "it's"}),
        la.Column('c', la.Integer, {server_default = la.text('7')}),
        la.Column('d', la.DateTime, {server_default = la.func.now()}),
        la.Column('e', la.Integer, {server_default = la.text('1 + 2')}),
        la.Column('f', la.String, {server_default = la.text("'x'")}),
        la.Column('g', la.Boolean, {server_default = la.true_()}),
        la.Column('h', la.DateTime, {server_default = la.func.current_timestamp()}),
        la.Column('i', la.Integer, {default = 5}),
        la.Column('j', la.String, {server_default = la.literal_column("(lower('X'))")}))
    end, "CREATE TABLE t ( a INTEGER DEFAULT '5', b VARCHAR DEFAULT 'it''s', c INTEGER DEFAULT 7, d DATETIME \z
          DEFAULT now(), e INTEGER DEFAULT 1 + 2, f VARCHAR DEFAULT 'x', g BOOLEAN DEFAULT true, h DATETIME \z
          DEFAULT CURRENT_TIMESTAMP, i INTEGER, j VARCHAR DEFAULT (lower('X')) )",
      "CREATE TABLE t ( a INTEGER DEFAULT '5', b VARCHAR DEFAULT 'it''s', c INTEGER DEFAULT 7, d DATETIME \z
          DEFAULT CURRENT_TIMESTAMP, e INTEGER DEFAULT (1 + 2), f VARCHAR DEFAULT 'x', g BOOLEAN DEFAULT 1, h \z
          DATETIME DEFAULT CURRENT_TIMESTAMP, i INTEGER, j VARCHAR DEFAULT (lower('X')) )")
  end)

  it("CST-01 foreign keys with actions", function()
    check(function(mm)
      la.Table("p", mm, la.Column("id", la.Integer, {primary_key = true}),
        la.Column("k", la.Integer, {unique = true}))
      la.Table("c", mm, la.Column("id", la.Integer, {primary_key = true}),
        la.Column("pid", la.ForeignKey("p.id", {ondelete = "CASCADE", onupdate = "SET NULL"})),
        la.Column("q", la.Integer, la.ForeignKey("p.k", {name = "fk_q", deferrable = true, initially = "DEFERRED"})))
    end, "CREATE TABLE p ( id INTEGER NOT NULL, k INTEGER, PRIMARY KEY (id), UNIQUE (k) ); CREATE TABLE c ( id \z
        INTEGER NOT NULL, pid INTEGER, q INTEGER, PRIMARY KEY (id), FOREIGN KEY(pid) REFERENCES p (id) ON \z
        DELETE CASCADE ON UPDATE SET NULL, CONSTRAINT fk_q FOREIGN KEY(q) REFERENCES p (k) DEFERRABLE \z
        INITIALLY DEFERRED )")
  end)

  it("CST-02 a composite foreign key", function()
    check(function(mm)
      la.Table("p", mm, la.Column("a", la.Integer, {primary_key = true}),
        la.Column("b", la.Integer, {primary_key = true}))
      la.Table("c", mm, la.Column("x", la.Integer), la.Column("y", la.Integer),
        la.ForeignKeyConstraint({"x", "y"}, {"p.a", "p.b"}, {name = "fkc", match = "FULL"}))
    end, "CREATE TABLE p ( a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b) ); CREATE TABLE c ( x \z
        INTEGER, y INTEGER, CONSTRAINT fkc FOREIGN KEY(x, y) REFERENCES p (a, b) MATCH FULL )")
  end)

  it("CST-03 CST-04 unique and check constraints", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Integer), la.Column("b", la.Integer),
        la.UniqueConstraint("a", "b", {name = "uq_ab"}), la.UniqueConstraint("b"),
        la.CheckConstraint("a > b", {name = "ck"}), la.CheckConstraint("a < 100"))
    end, "CREATE TABLE t ( a INTEGER, b INTEGER, CONSTRAINT uq_ab UNIQUE (a, b), UNIQUE (b), CONSTRAINT ck \z
        CHECK (a > b), CHECK (a < 100) )")
  end)

  it("CST-05 a named key", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Integer), la.PrimaryKeyConstraint("a", {name = "pk_t"}))
    end, "CREATE TABLE t ( a INTEGER NOT NULL, CONSTRAINT pk_t PRIMARY KEY (a) )")
  end)

  it("CST-06 indexes", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Integer, {index = true}),
        la.Column("b", la.String, {unique = true, index = true}), la.Column("c", la.String, {unique = true}),
        la.Index("ix_ab", "a", "b"), la.Index("ix_u", "c", {unique = true}))
    end, "CREATE TABLE t ( a INTEGER, b VARCHAR, c VARCHAR, UNIQUE (c) ); CREATE INDEX ix_ab ON t (a, b); \z
        CREATE INDEX ix_t_a ON t (a); CREATE UNIQUE INDEX ix_t_b ON t (b); CREATE UNIQUE INDEX ix_u ON t (c)")
  end)

  it("CST-06 SL-12 indexes of expressions, partial indexes", function()
    check(function(mm)
      local create = function(t) la.Index("ix_low", la.func.lower(t.c.b), t.c.a:desc(),
        {sqlite_where = t.c.a:gt(5)}) end
      create(la.Table("t", mm, la.Column("a", la.Integer), la.Column("b", la.String)))
    end, "CREATE TABLE t ( a INTEGER, b VARCHAR ); CREATE INDEX ix_low ON t (lower(b), a DESC)",
      "CREATE TABLE t ( a INTEGER, b VARCHAR ); CREATE INDEX ix_low ON t (lower(b), a DESC) WHERE a > 5")
  end)

  it("DDL-03 computed columns", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Integer), la.Column("b", la.Integer, la.Computed("a * 2")),
        la.Column("c", la.Integer, la.Computed("a + 1", {persisted = true})),
        la.Column("d", la.Integer, la.Computed("a", {persisted = false})))
    end, "CREATE TABLE t ( a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2), c INTEGER GENERATED ALWAYS AS (a \z
        + 1) STORED, d INTEGER GENERATED ALWAYS AS (a) VIRTUAL )")
  end)

  it("CST-04 checks of types", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Boolean{create_constraint = true}),
        la.Column("b", la.Boolean{create_constraint = true, name = "bc"}),
        la.Column("c", la.Enum("x", "y", {create_constraint = true, name = "en"})))
    end, "CREATE TABLE t ( a BOOLEAN, b BOOLEAN, c VARCHAR(1), CONSTRAINT en CHECK (c IN ('x', 'y')) )",
      "CREATE TABLE t ( a BOOLEAN, b BOOLEAN, c VARCHAR(1), CHECK (a IN (0, 1)), CONSTRAINT bc CHECK (b \z
          IN (0, 1)), CONSTRAINT en CHECK (c IN ('x', 'y')) )")
  end)

  it("DDL-03 prefixes", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Integer), {prefixes = {"TEMPORARY"}})
    end, "CREATE TEMPORARY TABLE t ( a INTEGER )")
  end)

  it("EXP-26 names that need quotes", function()
    check(function(mm)
      la.Table("select", mm, la.Column("Order", la.Integer, {primary_key = true}),
        la.Column("two words", la.String), la.Column("from", la.Integer))
    end, "CREATE TABLE \"select\" ( \"Order\" INTEGER NOT NULL, \"two words\" VARCHAR, \"from\" INTEGER, \z
        PRIMARY KEY (\"Order\") )")
  end)

  it("SL-15 a schema", function()
    check(function(mm)
      la.Table("t", mm, la.Column("id", la.Integer, {primary_key = true}),
        la.Column("a", la.Integer, {index = true}), {schema = "other"})
    end, "CREATE TABLE other.t ( id INTEGER NOT NULL, a INTEGER, PRIMARY KEY (id) ); CREATE INDEX \z
          ix_other_t_a ON other.t (a)",
      "CREATE TABLE other.t ( id INTEGER NOT NULL, a INTEGER, PRIMARY KEY (id) ); CREATE INDEX \z
          other.ix_other_t_a ON t (a)")
  end)

  it("SL-15 foreign keys across schemas", function()
    check(function(mm)
      la.Table("p", mm, la.Column("id", la.Integer, {primary_key = true}), {schema = "other"})
      la.Table("c", mm, la.Column("id", la.Integer, {primary_key = true}),
        la.Column("pid", la.ForeignKey("other.p.id")))
      la.Table("d", mm, la.Column("pid", la.ForeignKey("other.p.id")), {schema = "other"})
    end, "CREATE TABLE other.p ( id INTEGER NOT NULL, PRIMARY KEY (id) ); CREATE TABLE c ( id INTEGER NOT \z
          NULL, pid INTEGER, PRIMARY KEY (id), FOREIGN KEY(pid) REFERENCES other.p (id) ); CREATE TABLE \z
          other.d ( pid INTEGER, FOREIGN KEY(pid) REFERENCES other.p (id) )",
      "CREATE TABLE other.p ( id INTEGER NOT NULL, PRIMARY KEY (id) ); CREATE TABLE c ( id INTEGER NOT \z
          NULL, pid INTEGER, PRIMARY KEY (id) ); CREATE TABLE other.d ( pid INTEGER, FOREIGN KEY(pid) \z
          REFERENCES p (id) )")
  end)

  it("CST-01 a table that refers to itself", function()
    check(function(mm)
      la.Table("n", mm, la.Column("id", la.Integer, {primary_key = true}),
        la.Column("pid", la.ForeignKey("n.id")))
    end, "CREATE TABLE n ( id INTEGER NOT NULL, pid INTEGER, PRIMARY KEY (id), FOREIGN KEY(pid) REFERENCES n \z
        (id) )")
  end)

  it("DDL-03 NULL and comments", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Integer, {nullable = true, primary_key = true}),
        la.Column("b", la.Integer, {nullable = false, server_default = "3"}),
        la.Column("c", la.Integer, {comment = "hi"}), {comment = "table"})
    end, "CREATE TABLE t ( a INTEGER, b INTEGER DEFAULT '3' NOT NULL, c INTEGER, PRIMARY KEY (a) )")
  end)

  it("CST-04 checks given with a column", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Integer, la.CheckConstraint("a > 3")),
        la.Column("b", la.Integer, la.CheckConstraint("b < 3", {name = "bb"})))
    end, "CREATE TABLE t ( a INTEGER CHECK (a > 3), b INTEGER CONSTRAINT bb CHECK (b < 3) )")
  end)

  it("CST-04 a check as an expression", function()
    check(function(mm)
      local create = function(t) t:append_constraint(la.CheckConstraint(t.c.a:gt(5))) end
      create(la.Table("t", mm, la.Column("a", la.Integer)))
    end, "CREATE TABLE t ( a INTEGER, CHECK (a > 5) )")
  end)

  it("SL-08 ON CONFLICT of constraints", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Integer, {sqlite_on_conflict_not_null = "FAIL", nullable = false}),
        la.Column("b", la.Integer, {unique = true, sqlite_on_conflict_unique = "IGNORE"}),
        la.Column("id", la.Integer, {primary_key = true, sqlite_on_conflict_primary_key = "REPLACE"}),
        la.UniqueConstraint("a", "b", {sqlite_on_conflict = "ROLLBACK"}),
        la.CheckConstraint("a>1", {sqlite_on_conflict = "FAIL"}))
    end, "CREATE TABLE t ( a INTEGER NOT NULL, b INTEGER, id INTEGER NOT NULL, PRIMARY KEY (id), UNIQUE (a, \z
          b), CHECK (a>1), UNIQUE (b) )",
      "CREATE TABLE t ( a INTEGER NOT NULL ON CONFLICT FAIL, b INTEGER, id INTEGER NOT NULL, PRIMARY KEY \z
          (id) ON CONFLICT REPLACE, UNIQUE (a, b) ON CONFLICT ROLLBACK, CHECK (a>1) ON CONFLICT FAIL, UNIQUE \z
          (b) ON CONFLICT IGNORE )")
  end)

  it("SL-08 ON CONFLICT with AUTOINCREMENT", function()
    check(function(mm)
      la.Table("t", mm, la.Column("id", la.Integer,
        {primary_key = true, sqlite_on_conflict_primary_key = "REPLACE"}), {sqlite_autoincrement = true})
    end, "CREATE TABLE t ( id INTEGER NOT NULL, PRIMARY KEY (id) )",
      "CREATE TABLE t ( id INTEGER NOT NULL PRIMARY KEY ON CONFLICT REPLACE AUTOINCREMENT )")
  end)

  it("CST-07 naming conventions", function()
    check(function()
      local mm = la.MetaData {naming_convention = {
        ix = "ix_%(column_0_label)s", uq = "uq_%(table_name)s_%(column_0_name)s", pk = "pk_%(table_name)s",
        ck = "ck_%(table_name)s_%(constraint_name)s",
        fk = "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
      }}
      la.Table("p", mm, la.Column("id", la.Integer, {primary_key = true}))
      la.Table("t", mm, la.Column("id", la.Integer, {primary_key = true}), la.Column("pid", la.ForeignKey("p.id")),
        la.Column("u", la.Integer, {unique = true}), la.Column("i", la.Integer, {index = true}),
        la.CheckConstraint("u > 1", {name = "pos"}))
      return mm
    end, "CREATE TABLE p ( id INTEGER NOT NULL, CONSTRAINT pk_p PRIMARY KEY (id) ); CREATE TABLE t ( id \z
        INTEGER NOT NULL, pid INTEGER, u INTEGER, i INTEGER, CONSTRAINT pk_t PRIMARY KEY (id), CONSTRAINT \z
        ck_t_pos CHECK (u > 1), CONSTRAINT fk_t_pid_p FOREIGN KEY(pid) REFERENCES p (id), CONSTRAINT uq_t_u \z
        UNIQUE (u) ); CREATE INDEX ix_t_i ON t (i)")
  end)

  it("a column without type", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a"))
    end, "CREATE TABLE t ( a NULL )",
      "error: (in table 't', column 'a'): Can't generate DDL for NullType(); did you forget to specify a \z
          type on this Column?")
  end)

  it("SL-02 no AUTOINCREMENT over two columns", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Integer, {primary_key = true, autoincrement = true}),
        la.Column("b", la.Integer, {primary_key = true}))
    end, "CREATE TABLE t ( a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b) )",
      "error: (in table 't', column 'a'): SQLite does not support autoincrement for composite primary keys")
  end)

  it("CST-01 a target that does not exist", function()
    check(function(mm)
      la.Table("t", mm, la.Column("a", la.Integer, la.ForeignKey("zz.id")))
    end, "error: Foreign key associated with column 't.a' could not find table 'zz'")
  end)

  it("CST-01 a name of a constraint or an index that is longer than the dialect takes", function()
    local long = ("n"):rep(10000)
    local t = la.Table("t", la.MetaData(), la.Column("a", la.Integer), la.UniqueConstraint("a", {name = long}))
    local other = la.Table("t", la.MetaData(), la.Column("a", la.Integer), la.Index(long, "a"))
    for _, element in ipairs {la.schema.CreateTable(t), la.schema.CreateIndex(other.indexes[1])} do
      local ok, err = pcall(tostring, element)
      assert.is_false(ok)
      assert.is_true(la.exc.IdentifierError:matches(err))
      assert.truthy(tostring(err):find("exceeds maximum length of 9999 characters", 1, true))
    end
  end)

  it("CST-01 is written for an engine, a connection, a dialect or its name", function()
    local engine = la.create_engine("sqlite://")
    local t = la.Table("t", la.MetaData(), la.Column("a", la.Integer, la.Identity()))
    local create = la.schema.CreateTable(t)
    local text = create:compile{dialect = "sqlite"}
    assert.equal(text, create:compile(engine))
    assert.equal(text, create:compile(engine.dialect))
    assert.equal(text, create:compile "sqlite")
    assert.equal("CREATE TABLE x.t ( a INTEGER NOT NULL )", normal(create:compile(engine, {schema_translate_map = {[la.null] = "x"}})))
    assert.equal("VARCHAR(5)", la.String(5):compile(engine.dialect))
    fails(la.exc.ArgumentError, "compile takes a table of keywords, or an Engine, a Connection, a dialect or its name, not 5", function() create:compile(5) end)
  end)

  it("CST-01 an action that does not exist", function()
    check(function(mm)
      la.Table("p", mm, la.Column("id", la.Integer, {primary_key = true}))
      la.Table("t", mm, la.Column("a", la.Integer, la.ForeignKey("p.id", {ondelete = "BOGUS"})))
    end, "error: Unexpected SQL phrase: 'BOGUS'")
  end)
end)
