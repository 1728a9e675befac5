-- SPDX-License-Identifier: MIT
-- What a program does wrong, and what it is told: the named error, the name of the thing, and a session that goes on.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local database = require "spec.support.database"
local shop = require "spec.support.shop"

describe("a mistake", function()
  local s, User, Address, Tag
  before_each(function()
    s = shop.new():fill()
    User, Address, Tag = s.User, s.Address, s.Tag
  end)
  after_each(function()
    s:close()
    database.clean()
  end)

  -- Each: what is wrong, the class of the error, what its text names, and the mistake itself.
  local mistakes = {
    {"an unknown keyword of a session", "ArgumentError", "autoflsh", function() orm.Session(s.engine, {autoflsh = true}) end},
    {"a number for a relationship's cascade", "ArgumentError", "cascade is a string or boolean, not 5", function() orm.relationship("X", {cascade = 5}) end},
    {"an unknown name in a list of cascades", "ArgumentError", "'al'", function()
      local Base = orm.declarative_base()
      Base:class "Node" {__tablename__ = "nodes", id = la.Column(la.Integer, {primary_key = true}),
        parent_id = la.Column(la.Integer, la.ForeignKey "nodes.id"), nodes = orm.relationship("Node", {cascade = {"merge", "al"}})}
      Base.registry:configure()
    end},
    {"a number for a backref", "ArgumentError", "backref is a string or table, not 5", function() orm.relationship("X", {backref = 5}) end},
    {"a number for overlaps", "ArgumentError", "overlaps is a string, not 5", function() orm.relationship("X", {overlaps = 5}) end},
    {"a text for uselist", "ArgumentError", "uselist is a boolean", function() orm.relationship("X", {uselist = "yes"}) end},
    {"orm:relationship for orm.relationship", "ArgumentError", "is a colon written for a dot?", function() orm:relationship("X") end},
    {"orm:declarative_base for orm.declarative_base", "ArgumentError", "the module lualchemy.orm (is a colon written for a dot?)", function() orm:declarative_base() end},
    {"la:select for la.select", "ArgumentError", "is a colon written for a dot?", function() la:select(User) end},
    {"a dot for a method's colon", "ArgumentError", "is a dot written for a colon?", function() s.session.flush() end},
    {"a class with a second argument", "ArgumentError", "Base:class takes the name of the class, then its table",
      function() orm.declarative_base():class("Node", {__tablename__ = "nodes"}) end},
    {"a class of a registry with a second argument", "ArgumentError", "registry:class takes", function() orm.registry():class("Node", {}) end},
    {"a base with a second argument", "ArgumentError", "DeclarativeBase:class takes", function() orm.DeclarativeBase:class("Base", {}) end},
    {"a Table for a class", "UnmappedClassError", "a lualchemy.Table is not a mapped class", function() s.session:get(User.__table__, 1) end},
    {"unique() of objects that come in parts", "InvalidRequestError", "Can't use the ORM yield_per feature in conjunction with unique()",
      function() s.session:scalars(la.select(User):execution_options{yield_per = 1}):unique() end},
    {"a text for autoflush", "ArgumentError", "autoflush is a boolean", function() orm.Session(s.engine, {autoflush = "no"}) end},
    {"a number for the binds of a session", "ArgumentError", "binds is a table", function() orm.Session{binds = 5} end},
    {"a URL for an engine", "ArgumentError", "create_engine", function() orm.Session("sqlite://") end},
    {"a number for the function of begin", "ArgumentError", "function of the session", function() s.session:begin(5) end},
    {"engine.connect for engine:connect", "ArgumentError", "calling 'connect' on a bad self", function() s.engine.connect() end},
    {"a query indexed as a list", "InvalidRequestError", "query:all()", function() return s.session:query(User)[1] end},
    {"ipairs of a query", "InvalidRequestError", "query:all()", function() for _ in ipairs(s.session:query(User)) do end end},
    {"the length of a query", "InvalidRequestError", "query:count()", function() return #s.session:query(User) end},
    {"a relationship among the columns of load_only", "ArgumentError", "not User.addresses", function() orm.load_only(User.addresses) end},
    {"a column_property of nothing", "ArgumentError", "column_property takes", function() orm.column_property() end},
    {"a column_property of a text", "ArgumentError", "column_property takes", function() orm.column_property "users.name" end},
    {"a validator of nothing", "ArgumentError", "validates takes", function() orm.validates() end},
    {"a text as sort_order", "ArgumentError", "sort_order is a number", function() la.Column(la.Integer, {sort_order = "first"}) end},
    {"a number for ondelete", "ArgumentError", "ondelete is a string", function() la.ForeignKey("users.id", {ondelete = 5}) end},
    {"a number for the primary key of a mapper", "ArgumentError", "primary_key is a table", function()
      orm.declarative_base():class "Node" {__tablename__ = "nodes", id = la.Column(la.Integer, {primary_key = true}), __mapper_args__ = {primary_key = 5}}
    end},
    {"a number for a statement of dumps", "ArgumentError", "dumps takes an SQL expression or statement", function() require("lualchemy.ext.serializer").dumps(5) end},
    {"an unknown keyword of relationship", "ArgumentError", "back_populate", function() orm.relationship("X", {back_populate = "y"}) end},
    {"an unknown attribute of a constructor", "ArgumentError", "nmae", function() User{nmae = "x"} end},
    {"an unknown attribute of a class", "ArgumentError", "nmae", function() return User.nmae end},
    {"an unknown key of filter_by", "InvalidRequestError", "nope", function() s.session:query(User):filter_by{nope = 1}:all() end},
    {"an unknown column of a table", "NoSuchColumnError", "nmae", function() return User.__table__.c.nmae end},
    {"a boolean as a condition", "ArgumentError", ":eq", function() s.session:query(User):filter(User.name == "x") end},
    {"a number as a condition", "ArgumentError", "filter", function() s.session:query(User):filter(5) end},
    {"a string for a class", "ArgumentError", "string", function() s.session:query("users") end},
    {"a table that is no class", "UnmappedClassError", "mapped class", function() s.session:get({}, 1) end},
    {"a key of the wrong length", "InvalidRequestError", "primary key columns are 'users.id'", function() s.session:get(User, {1, 2}) end},
    {"a key of the wrong kind", "StatementError", "id", function() s.session:get(User, "x") end},
    {"a text for an integer column", "StatementError", "age", function() s.session:add(User{name = "x", age = "3"}) s.session:flush() end},
    {"a fraction for an integer column", "StatementError", "3.5", function() s.session:add(User{name = "x", age = 3.5}) s.session:flush() end},
    {"a number for a text column", "StatementError", "name", function() s.session:add(User{name = 5}) s.session:flush() end},
    {"a missing value", "IntegrityError", "users.name", function() s.session:add(User{age = 1}) s.session:flush() end},
    {"a value that is taken", "IntegrityError", "addresses.email", function() s.session:add(Address{email = "ann@one"}) s.session:flush() end},
    {"an object of another class", "ArgumentError", "Address.user", function() Address{email = "x"}.user = Address{email = "y"} end},
    {"a join without a path", "InvalidRequestError", "Tag", function() s.session:query(User):join(Tag):all() end},
    {"an unknown label", "CompileError", "nope", function() s.session:query(User):order_by("nope"):all() end},
    {"a missing argument", "ArgumentError", "missing", function() s.session:add() end},
    {"a method of another thing", "ArgumentError", "Session expected", function() s.session.add({}, User{name = "x"}) end},
    {"a closed result", "ResourceClosedError", "closed", function()
      local result = s.session:execute(la.text "SELECT 1")
      result:close()
      result:all()
    end},
    {"a parameter without a value", "StatementError", "'x'", function() s.session:execute(la.text "SELECT :x") end},
    {"a table that is not there", "OperationalError", "no such table", function() s.session:execute(la.text "SELECT * FROM nowhere") end},
  }

  for _, mistake in ipairs(mistakes) do
    local what, class, names, make = table.unpack(mistake)
    it("such as " .. what .. " is " .. class, function()
      local ok, err = pcall(make)
      assert.is_false(ok)
      assert.is_true(exc[class]:matches(err), tostring(err))
      assert.truthy(tostring(err):find(names, 1, true), tostring(err))
      assert.truthy(err.where:find("bad_input_spec", 1, true), err.where)
      s.session:rollback()
      assert.equal(3, s.session:query(User):count())
    end)
  end

  it("such as a file that is no database is DatabaseError", function()
    local path = database.path()
    local file <close> = assert(io.open(path, "w"))
    file:write(("no database "):rep(500))
    file:flush()
    local engine = la.create_engine("sqlite:///" .. path)
    local session <close> = orm.Session(engine)
    local ok, err = pcall(function() return session:query(User):count() end)
    assert.is_false(ok)
    assert.is_true(exc.DatabaseError:matches(err))
    assert.truthy(tostring(err):find("not a database", 1, true))
    engine:dispose()
  end)

  it("such as writing to a read-only database is OperationalError", function()
    local path = database.path()
    local writer = la.create_engine("sqlite:///" .. path)
    s.Base.metadata:create_all(writer)
    writer:dispose()
    local engine = la.create_engine("sqlite:///file:" .. path .. "?mode=ro&uri=true")
    local session <close> = orm.Session(engine)
    session:add(User{name = "x"})
    local ok, err = pcall(session.commit, session)
    assert.is_false(ok)
    assert.is_true(exc.OperationalError:matches(err))
    assert.truthy(tostring(err):find("readonly", 1, true))
    session:rollback()
    assert.equal(0, session:query(User):count())
    engine:dispose()
  end)

  it("such as a locked database is OperationalError, and the session works when the lock is gone", function()
    local path = database.path()
    local holder = la.create_engine("sqlite:///" .. path)
    s.Base.metadata:create_all(holder)
    local lock = holder:connect()
    lock:exec_driver_sql "INSERT INTO users (name) VALUES ('held')"
    local engine = la.create_engine("sqlite:///" .. path, {busy_timeout = 0.05})
    local session <close> = orm.Session(engine)
    session:add(User{name = "x"})
    local ok, err = pcall(session.commit, session)
    assert.is_false(ok)
    assert.is_true(exc.OperationalError:matches(err))
    assert.truthy(tostring(err):find("locked", 1, true))
    session:rollback()
    lock:rollback()
    lock:close()
    session:add(User{name = "y"})
    session:commit()
    assert.equal(1, session:query(User):count())
    engine:dispose()
    holder:dispose()
  end)
end)
