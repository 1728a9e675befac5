-- SPDX-License-Identifier: MIT
-- MetaData, Table, Column.
local la = require "lualchemy"
local exc = la.exc

local function message(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err.message, err
end

local function shop()
  local metadata = la.MetaData()
  local users = la.Table("users", metadata,
    la.Column("id", la.Integer, {primary_key = true}),
    la.Column("name", la.String(50), {nullable = false}),
    la.Column("age", la.Integer))
  local addresses = la.Table("addresses", metadata,
    la.Column("id", la.Integer, {primary_key = true}),
    la.Column("user_id", la.ForeignKey("users.id")),
    la.Column("email", la.String))
  return metadata, users, addresses
end

describe("MetaData", function()
  it("MD-01 keeps tables by name, in order of creation", function()
    local metadata, users, addresses = shop()
    assert.equal(users, metadata.tables.users)
    assert.equal(addresses, metadata.tables["addresses"])
    assert.is_nil(metadata.tables.nothing)
    assert.is_true(metadata.tables:contains("users"))
    assert.equal(2, #metadata.tables)
    local names = {}
    for name, each in pairs(metadata.tables) do
      names[#names + 1] = name
      assert.equal(each, metadata.tables[name])
    end
    assert.same({"users", "addresses"}, names)
    assert.equal("MetaData()", tostring(metadata))
  end)

  it("MD-01 sorts tables by dependency", function()
    local metadata = la.MetaData()
    la.Table("a", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("z", la.ForeignKey("z.id")))
    la.Table("z", metadata, la.Column("id", la.Integer, {primary_key = true}))
    la.Table("b", metadata, la.Column("id", la.Integer, {primary_key = true}))
    local names = {}
    for i, each in ipairs(metadata.sorted_tables) do names[i] = each.name end
    assert.same({"b", "z", "a"}, names)
  end)

  it("MD-01 remove and clear forget tables", function()
    local metadata, users = shop()
    metadata:remove(users)
    assert.is_nil(metadata.tables.users)
    assert.equal("users", users.name)
    la.Table("users", metadata, la.Column("id", la.Integer, {primary_key = true}))
    metadata:clear()
    assert.equal(0, #metadata.tables)
  end)

  it("MD-18 has a default schema", function()
    local metadata = la.MetaData{schema = "main"}
    local users = la.Table("users", metadata, la.Column("id", la.Integer, {primary_key = true}))
    local other = la.Table("users", metadata, la.Column("id", la.Integer), {schema = "other"})
    local keys = la.Table("keys", metadata, la.Column("user_id", la.ForeignKey("users.id")),
      la.Column("other_id", la.ForeignKey("other.users.id")))
    assert.equal("main.users", users.fullname)
    assert.equal("main.users", tostring(users))
    assert.equal("main", metadata.schema)
    assert.equal(users, keys.foreign_keys[1].column.table)
    assert.equal(other, keys.foreign_keys[2].column.table)
    assert.same({"main", "other"}, {table.unpack(metadata.schemas)})
  end)

  it("refuses unknown keywords and names", function()
    assert.matches('did you mean "schema"', (message(la.MetaData, {shema = "x"})))
    assert.matches('MetaData has no "table"; did you mean "tables"',
      (message(function() return la.MetaData().table end)))
    assert.matches("naming_convention", (message(la.MetaData, {naming_convention = {zz = "x"}})))
  end)

  it("MD-14 has info, as its tables and columns have", function()
    local metadata, users = shop()
    metadata.info.a, users.info.b, users.c.id.info.c = 1, 2, 3
    assert.equal(1, metadata.info.a)
    assert.equal(2, metadata.tables.users.info.b)
    assert.equal(3, users.c.id.info.c)
    assert.equal(4, la.Column("x", la.Integer, {info = {d = 4}}).info.d)
  end)
end)

describe("Table", function()
  it("MD-02 is one object per name of a metadata", function()
    local metadata, users = shop()
    assert.equal(users, la.Table("users", metadata))
    assert.equal(users, la.Table("users", metadata, la.Column("x", la.Integer), {keep_existing = true}))
    local text, err = message(la.Table, "users", metadata, la.Column("id", la.Integer))
    assert.matches("^Table 'users' is already defined for this MetaData instance%.", text)
    assert.is_true(exc.InvalidRequestError:matches(err))
  end)

  it("MD-02 extend_existing adds columns and redefines those that are there", function()
    local metadata, users = shop()
    la.Table("users", metadata, la.Column("name", la.Text), la.Column("extra", la.Integer), {extend_existing = true})
    assert.equal("TEXT", tostring(users.c.name.type))
    assert.same({"id", "name", "age", "extra"}, {table.unpack(users.c:keys())})
  end)

  it("MD-02 leaves nothing behind when it fails", function()
    local metadata = la.MetaData()
    local _, err = message(la.Table, "t", metadata, la.Column("id", la.Integer), la.UniqueConstraint("nothing"))
    assert.equal("ConstraintColumnNotFoundError", tostring(err):match("^%a+"))
    assert.is_nil(metadata.tables.t)
    la.Table("t", metadata, la.Column("id", la.Integer))
  end)

  it("MD-02 says what is wrong with its arguments", function()
    local metadata = la.MetaData()
    assert.matches("takes a name first", (message(la.Table, metadata)))
    assert.matches('Table "t" takes a MetaData', (message(la.Table, "t", la.Column("x", la.Integer))))
    assert.matches("it was given 5", (message(la.Table, "t", metadata, 5)))
    assert.matches('did you mean "schema"', (message(la.Table, "t", metadata, {shcema = "x"})))
    assert.matches("'foo' is not accepted by dialect 'sqlite'", (message(la.Table, "t", metadata, {sqlite_foo = 1})))
    local _, err = message(la.Table, "t", metadata, la.Column("x", la.Integer), la.Column("x", la.Integer))
    assert.is_true(exc.DuplicateColumnError:matches(err))
  end)

  it("MD-04 shows its columns by name, by place and in order", function()
    local _, users = shop()
    assert.equal(users.c.id, users.c["id"])
    assert.equal(users.c.id, users.c[1])
    assert.equal(users.c, users.columns)
    assert.is_nil(users.c[4])
    assert.equal(3, #users.c)
    assert.same({"id", "name", "age"}, {table.unpack(users.c:keys())})
    assert.is_true(users.c:contains("id"))
    assert.is_false(users.c:contains("x"))
    local text, err = message(function() return users.c.nmae end)
    assert.matches('did you mean "name"', text)
    assert.is_true(exc.NoSuchColumnError:matches(err))
  end)

  it("MD-04 tells whether a key or a column is among its columns", function()
    local _, users, addresses = shop()
    assert.is_true(users.c:contains "name")
    assert.is_false(users.c:contains "nme")
    assert.is_true(users.c:contains_column(users.c.name))
    assert.is_false(users.c:contains_column(addresses.c.id))
    assert.is_false(users:alias().c:contains_column(users.c.name))
    assert.matches("the key of a column; contains_column%(%) takes a column",
      (message(function() return users.c:contains(users.c.name) end)))
    assert.matches("column expected, got string", (message(function() return users.c:contains_column "name" end)))
  end)

  it("MD-04 shows keys, constraints and indexes as lists", function()
    local _, users, addresses = shop()
    assert.equal("PrimaryKeyConstraint(users.id)", tostring(users.primary_key))
    assert.equal(users.primary_key, users.constraints[1])
    assert.equal(1, #users.primary_key)
    assert.equal(users.c.id, users.primary_key[1])
    for i, column in ipairs(users.primary_key) do assert.same({1, users.c.id}, {i, column}) end
    for i, column in pairs(addresses.foreign_key_constraints[1]) do assert.same({1, addresses.c.user_id}, {i, column}) end
    assert.is_nil(users.primary_key[2])
    assert.equal(0, #users.indexes)
    assert.equal('ForeignKey("users.id")', tostring(addresses.foreign_keys[1]))
    assert.equal(users, addresses.foreign_key_constraints[1].referred_table)
    assert.equal(addresses.foreign_keys[1], addresses.c.user_id.foreign_keys[1])
    assert.matches('table "users" has no "indxes"; did you mean "indexes"',
      (message(function() return users.indxes end)))
  end)

  it("MD-12 to_metadata copies the table", function()
    local metadata, users, addresses = shop()
    local other = la.MetaData()
    local copy = users:to_metadata(other)
    local copied = addresses:to_metadata(other, {schema = "x", name = "places"})
    assert.equal(other, copy.metadata)
    assert.are_not.equal(users, copy)
    assert.equal("x.places", copied.fullname)
    assert.same({table.unpack(users.c:keys())}, {table.unpack(copy.c:keys())})
    assert.is_true(copy.c.id.primary_key)
    assert.equal(metadata, users.metadata)
  end)

  it("MD-13 append_column and append_constraint change it", function()
    local _, users = shop()
    users:append_column(la.Column("extra", la.String, {unique = true}))
    users:append_constraint(la.CheckConstraint("age > 0"))
    assert.equal("users.extra", tostring(users.c.extra))
    assert.equal(3, #users.constraints)
    assert.has_error(function() users:append_column(la.Column("extra", la.String)) end)
  end)

  it("MD-04 tells its dialects' options, and its columns as a FROM element does", function()
    local table_ = la.Table("t", la.MetaData(), la.Column("a", la.Integer, {sqlite_on_conflict_not_null = "FAIL"}), {sqlite_strict = true})
    assert.same({sqlite_strict = true}, table_.kwargs)
    assert.same(table_.dialect_kwargs, table_.kwargs)
    assert.same({sqlite_on_conflict_not_null = "FAIL"}, table_.c.a.kwargs)
    assert.equal(table_.c.a, table_.exported_columns.a)
  end)

  it("MD-19 has comments", function()
    local users = la.Table("t", la.MetaData(), la.Column("a", la.Integer, {comment = "of a"}), {comment = "of t"})
    assert.equal("of t", users.comment)
    assert.equal("of a", users.c.a.comment)
  end)
end)

describe("Column", function()
  it("MD-03 takes name, type and items in any sensible way", function()
    local column = la.Column("id", la.Integer, {primary_key = true})
    assert.equal("id", column.name)
    assert.equal("id", column.key)
    assert.is_true(column.primary_key)
    assert.is_false(column.nullable)
    assert.is_nil(column.table)
    assert.is_nil(la.Column(la.Integer).name)
    assert.equal("x", la.Column{name = "x", type_ = la.Integer}.name)
    assert.is_true(la.Column("x", la.Integer).nullable)
    assert.is_true(la.Column("x", la.Integer, {primary_key = true, nullable = true}).nullable)
  end)

  it("MD-03 has a key beside its name", function()
    local users = la.Table("t", la.MetaData(), la.Column("user_name", la.String, {key = "name"}))
    assert.equal("user_name", users.c.name.name)
    assert.is_false(users.c:contains("user_name"))
  end)

  it("MD-03 takes its type from what its foreign key refers to", function()
    local _, users, addresses = shop()
    assert.equal(users.c.id.type, addresses.c.user_id.type)
  end)

  it("MD-03 is one object, so it serves as a key of a table", function()
    local metadata = shop()
    local seen = {[metadata.tables.users.c.id] = true}
    collectgarbage()
    assert.is_true(seen[metadata.tables.users.c.id])
  end)

  it("MD-03 refuses unknown keywords, fields and values", function()
    assert.matches('did you mean "primary_key"', (message(la.Column, "x", la.Integer, {primry_key = true})))
    assert.matches('did you mean "nullable"', (message(function() return la.Column("x", la.Integer).nulable end)))
    assert.matches('"nullable" of a Column is a boolean', (message(la.Column, "x", la.Integer, {nullable = "no"})))
    assert.matches("it was given 5", (message(la.Column, "x", 5)))
    assert.matches("autoincrement is true, false", (message(la.Column, "x", la.Integer, {autoincrement = "maybe"})))
    local users = select(2, shop())
    assert.matches("already assigned to Table", (message(la.Table, "t", la.MetaData(), users.c.id)))
  end)

  it("MD-05 a sole integer key counts up by itself", function()
    local _, users = shop()
    assert.equal(users.c.id, users.autoincrement_column)
    local off = la.Table("t", la.MetaData(), la.Column("id", la.Integer, {primary_key = true, autoincrement = false}))
    assert.is_nil(off.autoincrement_column)
    local two = la.Table("t", la.MetaData(), la.Column("a", la.Integer, {primary_key = true}),
      la.Column("b", la.Integer, {primary_key = true}))
    assert.is_nil(two.autoincrement_column)
    local text = la.Table("t", la.MetaData(), la.Column("a", la.String, {primary_key = true}))
    assert.is_nil(text.autoincrement_column)
    assert.equal("auto", users.c.id.autoincrement)
  end)

  it("MD-06 has defaults of values, functions and expressions", function()
    local function now() return 5 end
    local column = la.Column("x", la.Integer, {default = 7, onupdate = now})
    assert.equal(7, column.default.arg)
    assert.is_true(column.default.is_scalar)
    assert.equal(now, column.onupdate.arg)
    assert.is_true(column.onupdate.is_callable)
    local expression = la.Column("x", la.Integer, {default = la.Column("y", la.Integer)})
    assert.is_true(expression.default.is_clause_element)
    assert.is_nil(la.Column("x", la.Integer).default)
    assert.is_false(la.Column("x", la.Boolean, {default = false}).default.arg)
  end)

  it("MD-06 a default function lives as long as the metadata, and no longer", function()
    local seen = setmetatable({}, {__mode = "k"})
    local metadata = la.MetaData()
    do
      local fn = function() return metadata end
      seen[fn] = true
      la.Table("t", metadata, la.Column("x", la.Integer, {default = fn}))
    end
    collectgarbage()
    collectgarbage()
    assert.is_not_nil(next(seen))
    metadata = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(seen))
  end)

  it("MD-09 is an identity or has a default of the database, not both", function()
    assert.matches("cannot specify a server_default or a server_onupdate", (message(la.Column, "x", la.Integer, la.Identity(), {server_default = "5"})))
    assert.matches("cannot specify autoincrement=False", (message(la.Column, "x", la.Integer, la.Identity(), {autoincrement = false})))
  end)

  it("MD-07 has server defaults of strings, expressions, or unknown ones", function()
    assert.equal("0", la.Column("x", la.Integer, {server_default = "0"}).server_default.arg)
    assert.equal("FetchedValue()", tostring(la.Column("x", la.Integer, la.schema.FetchedValue()).server_default))
    assert.equal("NULL", tostring(la.Column("x", la.Integer, {server_default = la.null}).server_default.arg))
    assert.matches("a server default is a string", (message(la.Column, "x", la.Integer, {server_default = 5})))
  end)

  it("MD-08 MD-09 takes sequences and identities", function()
    assert.equal("s", la.Column("x", la.Integer, la.Sequence("s")).default.name)
    assert.is_true(la.Column("x", la.Integer, la.Identity{always = true}).identity.always)
  end)

  it("MD-10 may be computed", function()
    local column = la.Column("x", la.Integer, la.Computed("y * 2", {persisted = true}))
    assert.is_true(column.computed.persisted)
    local t = la.Table("t", la.MetaData(), la.Column("y", la.Integer), column)
    assert.matches("x INTEGER GENERATED ALWAYS AS %(y %* 2%) STORED",
      la.schema.CreateTable(t):compile{dialect = "sqlite"})
  end)

  it("a column in an expression is the same before and after its table is made", function()
    local column = la.Column("x", la.Integer)
    local check = la.CheckConstraint(column:gt(5), {name = "positive"})
    local t = la.Table("t", la.MetaData(), column, check)
    assert.equal(check, t.constraints[2])
    assert.matches("CONSTRAINT positive CHECK %(x > 5%)", tostring(la.schema.CreateTable(t)))
  end)
end)

describe("the life of a schema", function()
  it("ends when Lua no longer holds any part of it, also with checks on its own columns", function()
    local core = require "lualchemy.core"
    local function make()
      local metadata, users = shop()
      la.CheckConstraint(users.c.age:gt(5))
      la.Index("ix_age", users.c.age:desc())
      la.Table("more", metadata, la.Column("x", la.Integer, {server_default = users.c.age}))
    end
    make()
    collectgarbage()
    collectgarbage()
    local before = core.memory()
    for _ = 1, 20 do make() end
    collectgarbage()
    collectgarbage()
    la.MetaData()
    collectgarbage()
    assert.is_true(core.memory() <= before + 1000, ("%d bytes are left"):format(core.memory() - before))
  end)

  it("goes on while a column is held", function()
    local id
    do
      local _, users = shop()
      id = users.c.id
    end
    collectgarbage()
    collectgarbage()
    assert.equal("users.id", tostring(id))
    assert.equal("users", id.table.metadata.tables.users.name)
  end)
end)
