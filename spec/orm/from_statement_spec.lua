-- SPDX-License-Identifier: MIT
-- Classes read from the rows of any statement.
local exc = require "lualchemy.exc"
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local shop = require "spec.support.shop"
local fails = require "spec.support.fails"
require "spec.support.sql"

describe("from_statement (SEL-20, QRY-03)", function()
  local s, User, Address, session
  before_each(function()
    s = shop.new():fill()
    User, Address, session = s.User, s.Address, s.session
  end)
  after_each(function() s:close() end)

  local function names(select)
    local found = {}
    for user in session:scalars(select) do found[#found + 1] = user.name end
    return found
  end

  it("sends text as it is and finds columns by their names", function()
    local text = "SELECT name, users.id AS users_id, age FROM users WHERE id < :top ORDER BY id"
    assert.same({(text:gsub(":top", "?"))}, s:during(function()
      assert.same({"Ann", "Bob"}, names(la.select(User):from_statement(la.text(text)):params{top = 3}))
    end))
    local row = session:execute(la.select(User):from_statement(la.text(text)), {top = 2}):one()
    assert.equal("Ann", row.User.name)
  end)

  it("names the values of a subquery by its columns", function()
    local label = "a_label_that_nothing_but_the_subquery_has"
    local part = la.select(User.id, User.name:label(label)):subquery("part")
    local given = la.select(User.id, User.name:label(label)):order_by(User.id):limit(1)
    local row = session:execute(la.select(part):from_statement(given)):one()
    assert.same({"id", label}, {table.unpack(row._fields)})
    assert.equal("Ann", row[label])
  end)

  it("loads later what the statement does not give; a key must be there", function()
    local bob = session:scalars(la.select(User):from_statement(la.text "SELECT id, age FROM users WHERE id = 2")):one()
    assert.same({"SELECT users.name FROM users WHERE users.id = ?"}, s:during(function() assert.equal("Bob", bob.name) end))
    fails(exc.NoSuchColumnError, "Could not locate column in row for column 'users.id'", function()
      session:scalars(la.select(User):from_statement(la.text "SELECT name FROM users"))
    end)
    fails(exc.NoSuchColumnError, "'name'", function()
      session:execute(la.select(User.name):from_statement(la.text "SELECT id FROM users"))
    end)
  end)

  it("reads what is missing together, and has lazy loads for what joins and subqueries would load", function()
    local ann = session:scalars(la.select(User):from_statement(la.text "SELECT id FROM users WHERE id = 1")):one()
    assert.same({"SELECT users.name, users.age FROM users WHERE users.id = ?"}, s:during(function()
      assert.same({"Ann", 30}, {ann.name, ann.age})
    end))
    session:expunge_all()
    local text = la.select(User):from_statement(la.text "SELECT * FROM users WHERE id = 1")
    for _, option in ipairs {orm.subqueryload(User.addresses), orm.joinedload(User.addresses)} do
      local sent = s:during(function() assert.equal(2, #session:scalars(text:options(option)):one().addresses) end)
      assert.same({"SELECT * FROM users WHERE id = 1",
        "SELECT addresses.id, addresses.email, addresses.user_id FROM addresses WHERE ? = addresses.user_id ORDER BY addresses.id"}, sent)
      session:expunge_all()
    end
  end)

  it("takes selects, unions, named columns of text, and statements with RETURNING", function()
    local both = la.union(la.select(User):where(User.id:eq(1)), la.select(User):where(User.id:eq(2)))
    assert.same({"Ann", "Bob"}, names(la.select(User):from_statement(both)))
    assert.same({"Cid"}, names(la.select(User):from_statement(la.select(User):where(User.id:eq(3)))))
    local columns = la.text "SELECT id, name, age FROM users WHERE id = 1"
    assert.same({"Ann"}, names(la.select(User):from_statement(columns:columns(User.id, User.name, User.age))))
    assert.same({"Ann"}, names(la.select(User):from_statement(columns:columns{name = la.String, id = la.Integer})))
    assert.same({"UPDATE users SET age=? WHERE users.id = ? RETURNING id, name, age"}, s:during(function()
      assert.same({"Ann"}, names(la.select(User):from_statement(la.update(User):where(User.id:eq(1)):values{age = 31}:returning(User))))
    end))
    assert.same({"Zoe"}, names(la.select(User):from_statement(la.insert(User):values{id = 9, name = "Zoe"}:returning(User))))
    local alias = orm.aliased(User)
    assert.same({"Ann"}, names(la.select(alias):from_statement(la.select(alias):where(alias.id:eq(1)))))
  end)

  it("gives several classes, and what contains_eager names, from one row", function()
    local text = la.text("SELECT users.id AS users_id, name, age, addresses.id AS addresses_id, email, user_id " ..
      "FROM users JOIN addresses ON users.id = user_id WHERE users.id = 1 ORDER BY addresses.id")
    local rows = session:execute(la.select(User, Address):from_statement(text)):all()
    assert.same({"Ann", "ann@two"}, {rows[2].User.name, rows[2].Address.email})
    session:expunge_all()
    local ann = session:scalars(la.select(User):from_statement(text):options(orm.contains_eager(User.addresses))):unique():one()
    assert.same({}, s:during(function() assert.equal(2, #ann.addresses) end))
    session:expunge_all()
    local user = session:query(User):from_statement(la.text "SELECT * FROM users WHERE id = 1"):options(orm.selectinload(User.addresses)):one()
    assert.same({}, s:during(function() assert.equal(2, #user.addresses) end))
  end)

  it("is the whole statement: nothing can be added", function()
    local given = la.select(User):from_statement(la.text "SELECT * FROM users")
    assert.sql(given, "SELECT * FROM users")
    for _, change in ipairs {
      function() return given:where(User.id:eq(1)) end, function() return given:order_by(User.id) end,
      function() return given:limit(1) end, function() return given:join(User.addresses) end,
    } do
      fails(exc.InvalidRequestError, "from_statement() gives the whole statement", change)
    end
    fails(exc.ArgumentError, "bad argument #1 to 'from_statement' (text(), select(), union()", function() la.select(User):from_statement("SELECT 1") end)
    fails(exc.ArgumentError, "argument #1 of 'from_statement' is missing", function() la.select(User):from_statement() end)
    local err = fails(exc.OperationalError, "no such column: nope", function()
      session:scalars(la.select(User):from_statement(la.text "SELECT nope"))
    end)
    assert.equal("SELECT nope", err.statement)
    assert.equal(3, session:query(User):count())
  end)
end)

describe("select of classes", function()
  local s, User, Address, session
  before_each(function()
    s = shop.new():fill()
    User, Address, session = s.User, s.Address, s.session
  end)
  after_each(function() s:close() end)

  it("with values for its parameters gives objects", function()
    local by_name = la.select(User):where(User.name:eq(la.bindparam "n"))
    assert.equal("Bob", session:scalars(by_name, {n = "Bob"}):one().name)
    assert.equal("Ann", session:scalar(by_name:params{n = "Ann"}).name)
    assert.equal("Cid", session:execute(by_name, {{n = "Cid"}}):one().User.name)
    fails(exc.InvalidRequestError, "one set of parameters", function() session:execute(by_name, {{n = "a"}, {n = "b"}}) end)
    fails(exc.StatementError, "A value is required for bind parameter 'n'", function() session:execute(by_name) end)
  end)

  it("groups by all columns of a class (SEL-08)", function()
    local alias = orm.aliased(Address)
    assert.sql(la.select(User.id, la.func.count(Address.id)):join(User.addresses):group_by(User),
      "SELECT users.id, count(addresses.id) AS count_1 FROM users JOIN addresses ON users.id = addresses.user_id " ..
      "GROUP BY users.id, users.name, users.age")
    assert.sql(la.select(alias.id):group_by(alias),
      "SELECT addresses_1.id FROM addresses AS addresses_1 GROUP BY addresses_1.id, addresses_1.email, addresses_1.user_id")
    fails(exc.ArgumentError, "bad argument #1 to 'order_by'", function() return la.select(User):order_by(User) end)
  end)

  it("tells what it gives (QRY-14, SEL-21)", function()
    local alias, named = orm.aliased(Address), orm.aliased(User, {name = "u2"})
    local parts = la.select(User, User.name, la.func.count(Address.id):label "n", alias, named, alias.email).column_descriptions
    assert.equal(6, #parts)
    assert.same({"User", User, false, User}, {parts[1].name, parts[1].type, parts[1].aliased, parts[1].entity})
    assert.equal("VARCHAR(50)", tostring(parts[2].type))
    assert.same({"name", User}, {parts[2].name, parts[2].entity})
    assert.same({"n", Address}, {parts[3].name, parts[3].entity})
    assert.is_nil(parts[4].name)
    assert.same({Address, true}, {parts[4].type, parts[4].aliased})
    assert.same({"u2", User}, {parts[5].name, parts[5].type})
    assert.same({"email", true}, {parts[6].name, parts[6].aliased})
    assert.equal("INTEGER", tostring(la.func.count().type))
    assert.equal("INTEGER", tostring((User.age + 1).type))
  end)

  it("leaves out columns that repeat others (SEL-21)", function()
    local t, a = User.__table__, Address.__table__
    assert.sql(la.select(t.c.id, a.c.user_id:label "x", a.c.id):join_from(t, a):reduce_columns(),
      "SELECT users.id, addresses.user_id AS x, addresses.id AS id_1 FROM users JOIN addresses ON users.id = addresses.user_id")
    assert.sql(la.select(t.c.id, a.c.user_id):reduce_columns(false), "SELECT users.id FROM users")
    local tags = s.item_tags
    assert.sql(la.select(tags.c.tag_id, s.Tag.id):reduce_columns(false), "SELECT tags.id FROM tags")
    assert.sql(la.select(t.c.id, a.c.id):where(t.c.id:eq(a.c.id)):reduce_columns(),
      "SELECT users.id FROM users, addresses WHERE users.id = addresses.id")
    fails(exc.ArgumentError, "reduce_columns", function() return la.select(t.c.id):reduce_columns("x") end)
  end)

  it("compiles for an engine, a connection, a dialect or its name", function()
    local select = la.select(User.id):where(User.id:eq(1))
    local connection <close> = s.engine:connect()
    for _, target in ipairs {s.engine, connection, s.engine.dialect, "sqlite"} do
      assert.equal("SELECT users.id FROM users WHERE users.id = ?", (tostring(select:compile(target)):gsub("%s+", " ")))
      assert.equal("SELECT users.id FROM users WHERE users.id = ?", (tostring(select:compile{dialect = target}):gsub("%s+", " ")))
    end
    fails(exc.ArgumentError, "engine, connection, dialect or its name expected, got number", function() select:compile(5) end)
    fails(exc.ArgumentError, "got FILE*", function() select:compile(io.stdout) end)
  end)
end)
