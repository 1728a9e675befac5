-- SPDX-License-Identifier: MIT
-- Constraints, indexes, naming conventions.
local la = require "lualchemy"
local exc = la.exc
local warnings = require "lualchemy.warnings"
require "spec.support.sql"

local function message(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err.message, err
end

local function ddl(t)
  return la.schema.CreateTable(t):compile{dialect = "sqlite"}
end

local function users_table(metadata, ...)
  return la.Table("users", metadata or la.MetaData(), la.Column("id", la.Integer, {primary_key = true}),
    la.Column("name", la.String(50)), la.Column("age", la.Integer), ...)
end

describe("foreign keys", function()
  it("CST-01 find their target when it is asked for", function()
    local metadata = la.MetaData()
    local a = la.Table("a", metadata, la.Column("b", la.ForeignKey("c.d", {ondelete = "CASCADE", name = "fk_x"})))
    local key = a.foreign_keys[1]
    assert.equal("c.d", key.target_fullname)
    assert.equal("CASCADE", key.ondelete)
    assert.equal("fk_x", key.name)
    local text, err = message(function() return key.column end)
    assert.equal("Foreign key associated with column 'a.b' could not find table 'c' " ..
      "with which to generate a foreign key to target column 'd'", text)
    assert.is_true(exc.NoReferencedTableError:matches(err))
    local c = la.Table("c", metadata, la.Column("x", la.Integer))
    local _, missing = message(function() return key.column end)
    assert.is_true(exc.NoReferencedColumnError:matches(missing))
    c:append_column(la.Column("d", la.Integer))
    assert.equal(c.c.d, key.column)
    assert.equal(a.c.b, key.parent)
    assert.is_true(key:references(c))
  end)

  describe("CST-01 given a column", function()
    -- Two metadatas whose tables refer to each other.
    local function pair()
      local left, right = la.MetaData(), la.MetaData {schema = "x"}
      local b = la.Table("b", right, la.Column("id", la.Integer, {primary_key = true, key = "k"}))
      local a = la.Table("a", left, la.Column("id", la.Integer, {primary_key = true}),
        la.Column("b_id", la.ForeignKey(b.c.k)))
      la.Table("c", right, la.Column("a_id", la.ForeignKey(a.c.id)))
      return a, b
    end

    it("of another metadata refer to that very one", function()
      local a, b = pair()
      assert.equal(b.c.k, a.c.b_id.foreign_keys[1].column)
      assert.equal("INTEGER", tostring(a.c.b_id.type))
      assert.equal("a JOIN x.b ON x.b.id = a.b_id", tostring(a:join(b)))
      assert.truthy(tostring(la.CreateTable(a)):find("FOREIGN KEY(b_id) REFERENCES x.b (id)", 1, true))
      assert.equal(1, #a.metadata.sorted_tables)
    end)

    it("are bound to a table without a schema where the metadata has one", function()
      local metadata = la.MetaData {schema = "y"}
      local plain = la.Table("b", metadata, la.Column("id", la.Integer), {schema = la.schema.BLANK_SCHEMA})
      local other = la.Table("a", metadata, la.Column("id", la.ForeignKey(plain.c.id)))
      assert.equal(plain.c.id, other.c.id.foreign_keys[1].column)
    end)

    it("keep the other metadata as long as their own, and nothing for longer", function()
      local watch = setmetatable({}, {__mode = "k"})
      local a = pair()
      collectgarbage()
      collectgarbage()
      assert.equal("x.b.id", tostring(a.c.b_id.foreign_keys[1].column))
      watch[a.metadata], watch[a.c.b_id.foreign_keys[1].column.table.metadata] = true, true
      local statement = la.select(a)
      a = nil
      collectgarbage()
      collectgarbage()
      assert.equal("SELECT a.id, a.b_id FROM a", (tostring(statement):gsub("%s+", " ")))
      assert.equal(a, next(watch))
    end)
  end)

  it("CST-01 are added to a column, and asked for", function()
    local metadata = la.MetaData()
    local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("up", la.Integer))
    t.c.up:append_foreign_key(la.ForeignKey(t.c.id, {ondelete = "CASCADE"}))
    assert.truthy(ddl(t):find("FOREIGN KEY(up) REFERENCES t (id) ON DELETE CASCADE", 1, true))
    assert.is_true(t.c.up:references(t.c.id))
    assert.is_false(t.c.id:references(t.c.up))
    assert.equal(t.c.id, t.foreign_keys[1]:get_referent(t))
    local copy = t.c.up:copy()
    assert.is_nil(copy.table)
    assert.equal("t.id", copy.foreign_keys[1].target_fullname)
    assert.equal("CASCADE", t.foreign_keys[1]:copy().ondelete)
    assert.truthy(message(t.c.up.append_foreign_key, t.c.up, "t.id"):find("takes a ForeignKey", 1, true))
  end)

  it("CST-01 take a column, and a table name that means the key of the same name", function()
    local metadata = la.MetaData()
    local users = users_table(metadata)
    local t = la.Table("t", metadata, la.Column("user_id", la.ForeignKey(users.c.id)), la.Column("id", la.ForeignKey(
      "users")))
    assert.equal(users.c.id, t.foreign_keys[1].column)
    assert.equal(users.c.id, t.foreign_keys[2].column)
    assert.matches("FOREIGN KEY%(user_id%) REFERENCES users %(id%)", ddl(t))
    assert.matches("not to a number", (message(la.ForeignKey, 5)))
    assert.matches('did you mean "ondelete"', (message(la.ForeignKey, "a.b", {on_delete = "CASCADE"})))
  end)

  it("CST-02 span several columns", function()
    local metadata = la.MetaData()
    la.Table("p", metadata, la.Column("a", la.Integer, {primary_key = true}), la.Column("b", la.Integer,
      {primary_key = true}))
    local t = la.Table("c", metadata, la.Column("x", la.Integer), la.Column("y", la.Integer),
      la.ForeignKeyConstraint({"x", "y"}, {"p.a", "p.b"}, {name = "fk_p", onupdate = "CASCADE"}))
    local key = t.foreign_key_constraints[1]
    assert.same({"x", "y"}, {table.unpack(key.column_keys)})
    assert.equal("p.b", tostring(key.elements[2].column))
    assert.matches("CONSTRAINT fk_p FOREIGN KEY%(x, y%) REFERENCES p %(a, b%) ON UPDATE CASCADE", ddl(t))
    assert.matches("must match the number", (message(la.ForeignKeyConstraint, {"a"}, {"p.a", "p.b"})))
    assert.matches("multiple remote tables", (message(la.Table, "d", metadata, la.Column("x", la.Integer),
      la.Column("y", la.Integer), la.ForeignKeyConstraint({"x", "y"}, {"p.a", "q.b"}))))
  end)
end)

describe("keys and checks", function()
  it("CST-03 UNIQUE of a table and of a column", function()
    local t = users_table(nil, la.UniqueConstraint("name", "age", {name = "uq_x"}), la.Column("code", la.String,
      {unique = true}))
    assert.equal('UniqueConstraint(users.name, users.age, {name = "uq_x"})', tostring(t.constraints[2]))
    assert.matches("CONSTRAINT uq_x UNIQUE %(name, age%)", ddl(t))
    assert.matches("UNIQUE %(code%)", ddl(t))
    local text, err = message(users_table, nil, la.UniqueConstraint("nothing"))
    assert.equal("Can't create UniqueConstraint on table 'users': no column named 'nothing' is present.", text)
    assert.is_true(exc.ConstraintColumnNotFoundError:matches(err))
  end)

  it("CST-04 CHECK of text, of a condition, and of a type", function()
    local t = users_table(nil, la.CheckConstraint("age > 5", {name = "ck_age"}))
    la.CheckConstraint(t.c.name:ne("root"))
    t:append_column(la.Column("flag", la.Boolean{create_constraint = true, name = "ck_flag"}))
    local text = ddl(t)
    assert.matches("CONSTRAINT ck_age CHECK %(age > 5%)", text)
    assert.matches("CHECK %(name != 'root'%)", text)
    assert.matches("CONSTRAINT ck_flag CHECK %(flag IN %(0, 1%)%)", text)
    assert.matches("takes SQL text or a condition", (message(la.CheckConstraint, 5)))
  end)

  it("CST-05 a PrimaryKeyConstraint takes the place of marked columns", function()
    local t = la.Table("t", la.MetaData(), la.Column("a", la.Integer), la.Column("b", la.Integer),
      la.PrimaryKeyConstraint("b", "a", {name = "pk_t"}))
    assert.is_true(t.c.a.primary_key)
    assert.is_false(t.c.a.nullable)
    assert.equal("pk_t", t.primary_key.name)
    assert.matches("CONSTRAINT pk_t PRIMARY KEY %(b, a%)", ddl(t))
  end)
end)

describe("a copy of a constraint", function()
  it("warns where a primary key is not of the columns that say primary_key (CST-05)", function()
    local Column, Integer = la.Column, la.Integer
    local function warned(...)
      local items = table.pack(...)
      return warnings.catch_warnings(function() la.Table("t", la.MetaData(), table.unpack(items, 1, items.n)) end)
    end
    local function marked(name) return Column(name, Integer, {primary_key = true}) end
    local list = warned(marked "a", Column("b", Integer), la.PrimaryKeyConstraint("a", "b"))
    assert.equal(1, #list)
    assert.equal("Table 't' specifies columns 'a' as primary_key=True, not matching locally specified columns 'a', 'b'; setting the "
      .. "current primary key columns to 'a', 'b'", list[1].message)
    assert.same({}, warned(marked "a", marked "b", la.PrimaryKeyConstraint("b", "a")))
    assert.same({}, warned(marked "a", la.PrimaryKeyConstraint{name = "pk_t"}))
    assert.same({}, warned(Column("a", Integer), la.PrimaryKeyConstraint "a"))
  end)

  it("names the columns of the table that it joins", function()
    local t = users_table(nil, la.UniqueConstraint("name", {name = "uq", sqlite_on_conflict = "IGNORE"}),
      la.ForeignKeyConstraint({"age"}, {"users.id"}, {onupdate = "CASCADE", name = "fk"}))
    local unique, key, check = t.constraints[2], t.constraints[3], la.CheckConstraint(t.c.age:gt(3), {name = "ck"})
    local other = la.Table("other", la.MetaData(), la.Column("name", la.String), la.Column("age", la.Integer),
      unique:copy(), key:copy())
    other:append_constraint(check:copy {target_table = other})
    la.Table("users", other.metadata, la.Column("id", la.Integer))
    assert.sql(la.CreateTable(other), {sqlite = "CREATE TABLE other (name VARCHAR, age INTEGER, \z
      CONSTRAINT uq UNIQUE (name) ON CONFLICT IGNORE, \z
      CONSTRAINT fk FOREIGN KEY(age) REFERENCES users (id) ON UPDATE CASCADE, CONSTRAINT ck CHECK (age > 3))"})
    assert.equal("CASCADE", other.foreign_key_constraints[1].onupdate)
    assert.is_true(unique:contains_column(t.c.name))
    assert.is_false(unique:contains_column(t.c.age))
    assert.same({sqlite_on_conflict = "IGNORE"}, unique.kwargs)
  end)
end)

describe("ON CONFLICT of SQLite", function()
  it("CST-10 stands behind what it is about", function()
    local t = la.Table("t", la.MetaData(),
      la.Column("id", la.Integer, {primary_key = true, sqlite_on_conflict_primary_key = "FAIL"}),
      la.Column("a", la.Integer, {nullable = false, sqlite_on_conflict_not_null = "IGNORE"}),
      la.Column("b", la.Integer, {unique = true, sqlite_on_conflict_unique = "REPLACE"}),
      la.UniqueConstraint("a", "b", {sqlite_on_conflict = "IGNORE"}))
    local text = ddl(t)
    assert.matches("a INTEGER NOT NULL ON CONFLICT IGNORE", text)
    assert.matches("UNIQUE %(b%) ON CONFLICT REPLACE", text)
    assert.matches("UNIQUE %(a, b%) ON CONFLICT IGNORE", text)
    assert.matches("PRIMARY KEY .*ON CONFLICT FAIL", text)
  end)
end)

describe("indexes", function()
  it("CST-06 of a column, of several, of expressions", function()
    local t = users_table(nil, la.Index("ix_both", "name", "age", {unique = true}), la.Column("code", la.String,
      {index = true}))
    la.Index("ix_desc", t.c.age:desc(), {sqlite_where = t.c.age:gt(5)})
    local texts = {}
    for i, index in ipairs(t.indexes) do texts[i] = la.schema.CreateIndex(index):compile{dialect = "sqlite"} end
    assert.same({
      "CREATE UNIQUE INDEX ix_both ON users (name, age)",
      "CREATE INDEX ix_users_code ON users (code)",
      "CREATE INDEX ix_desc ON users (age DESC) WHERE age > 5",
    }, texts)
    assert.equal('Index("ix_both", users.name, users.age, {unique = true})', tostring(t.indexes[1]))
    assert.matches('did you mean "unique"', (message(la.Index, "x", {uniqe = true})))
  end)

  it("CST-06 waits for the table of its columns", function()
    local column = la.Column("x", la.Integer)
    local index = la.Index("ix_x", column)
    local t = la.Table("t", la.MetaData(), column)
    assert.equal(index, t.indexes[1])
    assert.equal(t, index.table)
  end)
end)

describe("naming conventions", function()
  local convention = {
    ix = "ix_%(column_0_label)s",
    uq = "uq_%(table_name)s_%(column_0_N_name)s",
    ck = "ck_%(table_name)s_%(constraint_name)s",
    fk = "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s_%(referred_column_0_name)s",
    pk = "pk_%(table_name)s",
  }

  it("CST-07 name what has no name", function()
    local metadata = la.MetaData{naming_convention = convention}
    local users = users_table(metadata, la.UniqueConstraint("name", "age"), la.CheckConstraint("age > 5",
      {name = "age"}))
    local t = la.Table("t", metadata, la.Column("id", la.Integer, {primary_key = true, index = true}),
      la.Column("user_id", la.ForeignKey("users.id")))
    assert.equal("pk_users", users.primary_key.name)
    assert.equal("uq_users_name_age", users.constraints[2].name)
    assert.equal("ck_users_age", users.constraints[3].name)
    assert.equal("fk_t_user_id_users_id", t.foreign_key_constraints[1].name)
    assert.equal("ix_t_id", t.indexes[1].name)
    assert.matches("CONSTRAINT ck_users_age CHECK", ddl(users))
  end)

  it("CST-07 leave what conv() names alone where a type asks for the CHECK", function()
    local dialect = la.create_engine "sqlite://".dialect
    local t = la.Table("t", la.MetaData{naming_convention = {ck = "ck_%(table_name)s_%(constraint_name)s"}},
      la.Column("a", la.Boolean {create_constraint = true, name = la.conv "fixed"}),
      la.Column("b", la.Boolean {create_constraint = true, name = "named"}),
      la.Column("c", la.Enum("x", {create_constraint = true, name = la.conv "kept"})))
    local text = tostring(la.schema.CreateTable(t):compile {dialect = dialect})
    for _, name in ipairs {"fixed CHECK (a", "ck_t_named CHECK (b", "kept CHECK (c"} do
      assert.truthy(text:find("CONSTRAINT " .. name, 1, true), name)
    end
  end)

  it("CST-07 take null for no name", function()
    local t = la.Table("t", la.MetaData {naming_convention = {ix = "ix_%(column_0_label)s"}}, la.Column("a", la.Integer), la.Index(la.null, "a"))
    assert.equal("ix_t_a", t.indexes[1].name)
  end)

  it("CST-07 leave given names alone, conv() always", function()
    local metadata = la.MetaData{naming_convention = convention}
    local users = users_table(metadata, la.UniqueConstraint("name", {name = "given"}),
      la.CheckConstraint("age > 5", {name = la.schema.conv("final")}))
    assert.equal("given", users.constraints[2].name)
    assert.equal("final", users.constraints[3].name)
  end)

  it("CST-07 are cut where they are too long, with digits that tell them apart", function()
    local metadata = la.MetaData {naming_convention = {uq = "uq_%(table_name)s_%(column_0_N_name)s"}}
    local t = la.Table("a_rather_long_table_name", metadata, la.Column("some_column_name", la.Integer, {index = true}),
      la.Column("y", la.Integer), la.UniqueConstraint("some_column_name", "y"))
    local engine = la.create_engine("sqlite://", {max_identifier_length = 30})
    assert.truthy(ddl(t):find("uq_a_rather_long_table_name_some_column_name_y", 1, true))
    metadata:create_all(engine)
    local inspector = la.inspect(engine)
    assert.equal("uq_a_rather_long_table_e660", inspector:get_unique_constraints(t.name)[1].name)
    assert.equal("ix_a_rather_long_table_63ce", inspector:get_indexes(t.name)[1].name)
    t:append_constraint(la.UniqueConstraint("y", {name = ("é"):rep(40)}))
    local text = message(function() return la.CreateTable(t):compile {dialect = engine.dialect} end)
    assert.equal(("Identifier '%s' exceeds maximum length of 30 characters"):format(("é"):rep(40)), text)
  end)

  it("CST-07 need a name where they say so", function()
    local metadata = la.MetaData{naming_convention = convention}
    local users = users_table(metadata, la.CheckConstraint("age > 5"))
    assert.matches("requires that constraint is explicitly named",
      (message(function() return users.constraints[2].name end)))
    for _, type_ in ipairs {la.Boolean{create_constraint = true}, la.Enum("a", "b", {create_constraint = true})} do
      assert.matches("requires that constraint is explicitly named",
        (message(function() return ddl(la.Table("t", la.MetaData{naming_convention = convention}, la.Column("x", type_))) end)))
    end
  end)

  it("CST-07 name an index by the first column of each expression", function()
    local t = la.Table("t", la.MetaData(), la.Column("a", la.Integer), la.Column("b", la.Integer))
    local function name_of(...) return la.Index(nil, ...).name end
    assert.equal("ix_t_b", name_of(la.func.lower(t.c.b)))
    assert.equal("ix_t_a", name_of(t.c.a:desc()))
    assert.equal("ix_t_b", name_of(la.text "abs(1)", t.c.b + t.c.a, {unique = true}))
    local index = la.Index("i", la.func.lower(t.c.b), t.c.a, la.text "1")
    assert.equal("b a", ("%s %s"):format(index.columns[1].name, index.columns[2].name))
    assert.equal(2, #index.columns)
    assert.same({"lower(t.b)", "t.a", "1"}, {tostring(index.expressions[1]), tostring(index.expressions[2]), tostring(index.expressions[3])})
  end)

  it("CST-07 may have tokens of their own", function()
    local metadata = la.MetaData{naming_convention = {
      uq = "uq_%(shout)s_%(column_0_name)s",
      shout = function(constraint, t) return t.name:upper() .. #constraint.columns end,
    }}
    local users = users_table(metadata, la.UniqueConstraint("name"))
    assert.equal("uq_USERS1_name", users.constraints[2].name)
  end)
end)

describe("create_all", function()
  it("DDL-01 DDL-02 takes its engine as bind too, as drop_all, create and drop do", function()
    local metadata, engine = la.MetaData(), la.create_engine("sqlite://")
    local users = la.Table("users", metadata, la.Column("id", la.Integer, {primary_key = true}))
    local function there() return la.inspect(engine):has_table "users" end
    metadata:create_all{bind = engine}
    assert.is_true(there())
    metadata:drop_all{bind = engine, tables = {users}}
    assert.is_false(there())
    users:create{bind = engine, checkfirst = true}
    assert.is_true(there())
    users:drop{bind = engine}
    assert.is_false(there())
    assert.matches('unknown keyword "bnd"', (message(metadata.create_all, metadata, {bind = engine, bnd = 1})))
  end)

  local function recorder()
    local sent = {}
    return {
      dialect = {name = "sqlite"},
      exec_driver_sql = function(_, text) sent[#sent + 1] = text:match("^%S+ %S+ %S+") end,
    }, sent
  end

  it("DDL-01 creates tables and indexes in order of dependency, drop_all the other way round", function()
    local metadata = la.MetaData()
    la.Table("a", metadata, la.Column("b_id", la.ForeignKey("b.id")))
    la.Table("b", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("x", la.Integer,
      {index = true}))
    local bind, sent = recorder()
    metadata:create_all(bind, {checkfirst = false})
    metadata:drop_all(bind, {checkfirst = la.schema.CheckFirst.NONE})
    assert.same({"CREATE TABLE b", "CREATE INDEX ix_b_x", "CREATE TABLE a", "DROP TABLE a", "DROP TABLE b"}, sent)
  end)

  it("DDL-01 takes a choice of tables, and refuses what is none", function()
    local metadata = la.MetaData()
    local users = users_table(metadata)
    la.Table("other", metadata, la.Column("id", la.Integer))
    local bind, sent = recorder()
    metadata:create_all(bind, {tables = {users}, checkfirst = false})
    assert.same({"CREATE TABLE users"}, sent)
    assert.matches("tables is a list of Tables", (message(metadata.create_all, metadata, bind, {tables = {5},
      checkfirst = false})))
    assert.matches("takes an Engine or a Connection", (message(metadata.create_all, metadata, 5)))
    assert.matches('did you mean "tables"', (message(metadata.create_all, metadata, bind, {table = {}})))
  end)
end)
