-- SPDX-License-Identifier: MIT
-- Schemas that stand for others in what sessions send: of the connection, of the engine, of one statement.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local database = require "spec.support.database"

describe("schema_translate_map in sessions", function()
  local Column, Integer, String = la.Column, la.Integer, la.String
  local engine, User, Address, sent
  before_each(function()
    local Base = orm.declarative_base()
    User = Base:class "User" {
      __tablename__ = "u", __table_args__ = {schema = "a"},
      id = Column(Integer, {primary_key = true}), name = Column(String, {index = true}),
      addresses = orm.relationship("Address", {back_populates = "user", order_by = "Address.id"}),
    }
    Address = Base:class "Address" {
      __tablename__ = "ad", __table_args__ = {schema = "a"},
      id = Column(Integer, {primary_key = true}), email = Column(String), user_id = Column(Integer, la.ForeignKey "a.u.id"),
      user = orm.relationship("User", {back_populates = "addresses"}),
    }
    engine, sent = database.engine {memory = true}, {}
    local conn <close> = engine:connect()
    for _, name in ipairs {"b", "c"} do
      conn:exec_driver_sql("ATTACH ':memory:' AS " .. name)
      conn:execution_options {schema_translate_map = {a = name}}
      for _, target in ipairs(Base.metadata.sorted_tables) do conn:execute(la.schema.CreateTable(target)) end
      conn:execute(la.insert(User), {{id = 1, name = "in " .. name}})
      conn:execute(la.insert(Address), {{email = "1", user_id = 1}, {email = "2", user_id = 1}})
      conn:commit()
    end
    la.event.listen(engine, "before_cursor_execute", function(_, _, statement) sent[#sent + 1] = statement end)
  end)
  after_each(database.clean)

  -- Every statement names tables of `schema` alone.
  local function check(schema)
    assert.is_true(#sent > 0)
    for _, statement in ipairs(sent) do
      assert.truthy(statement:find("%f[%w]" .. schema .. "%.%a"), statement)
      for _, other in ipairs {"a", "b", "c"} do
        if other ~= schema then assert.is_nil(statement:find("%f[%w]" .. other .. "%.%a"), statement) end
      end
    end
    sent = {}
  end

  -- Loads and writes of every kind.
  local function work(session, schema)
    local user = session:scalars(la.select(User)):one()
    assert.equal("in " .. schema, user.name)
    assert.equal(2, #user.addresses)
    session:expire(user, {"name"})
    assert.equal("in " .. schema, user.name)
    session:refresh(user)
    for _, load in ipairs {"selectinload", "joinedload", "subqueryload"} do
      session:expunge_all()
      user = session:scalars(la.select(User):options(orm[load](User.addresses))):unique():one()
      assert.equal(2, #user.addresses)
    end
    session:expunge_all()
    user = session:get(User, 1)
    user.addresses:append(Address {email = "new"})
    user.name = "changed in " .. schema
    session:flush()
    session:delete(user.addresses[1])
    session:flush()
    session:execute(la.update(User):where(User.id:eq(1)):values {name = User.name .. "!"})
    assert.equal("changed in " .. schema .. "!", user.name)
    session:execute(la.insert(Address), {{email = "8", user_id = 1}, {email = "9", user_id = 1}})
    assert.equal(4, session:query(Address):count())
    session:execute(la.delete(Address):where(Address.email:eq "9"))
    check(schema)
  end

  it("of their connection reaches loads, lazy loads and flushes", function()
    for _, schema in ipairs {"b", "c"} do
      local session <close> = orm.Session(engine)
      session:connection {execution_options = {schema_translate_map = {a = schema}}}
      work(session, schema)
    end
  end)

  it("of the engine that they are bound to does as well, beside its other options", function()
    for _, schema in ipairs {"b", "c"} do
      local bound = engine:execution_options {schema_translate_map = {a = schema}, isolation_level = "AUTOCOMMIT"}
      local session <close> = orm.Session(bound)
      assert.equal("AUTOCOMMIT", session:connection():get_isolation_level())
      assert.equal(bound, session:connection().engine)
      work(session, schema)
    end
  end)

  it("of one statement reaches what is loaded after its rows, and nothing else", function()
    local session <close> = orm.Session(engine)
    for _, schema in ipairs {"b", "c", "b"} do
      local options = {execution_options = {schema_translate_map = {a = schema}}}
      session:expunge_all()
      local user = session:scalars(la.select(User):options(orm.selectinload(User.addresses)), nil, options):one()
      assert.equal("in " .. schema, user.name)
      assert.equal(2, #user.addresses)
      assert.equal(1, session:query(User):execution_options(options.execution_options):count())
      session:execute(la.update(User):where(User.name:eq "nobody"):values {name = "x"}, nil, options)
      check(schema)
    end
    assert.is_false(pcall(session.scalars, session, la.select(User)))
  end)

  it("is an option of compile, and names views and triggers", function()
    local map = {a = "b"}
    assert.equal("SELECT b.u.id FROM b.u", (tostring(la.select(User.__table__.c.id):compile {schema_translate_map = map}):gsub("%s+", " ")))
    local view = la.CreateView(la.select(User.__table__.c.id), "seen", {schema = "a"})
    assert.equal("CREATE VIEW b.seen AS SELECT b.u.id FROM b.u", (view:compile {schema_translate_map = map}:gsub("%s+", " ")))
    local conn <close> = engine:connect()
    conn:execute(la.DDL("CREATE TRIGGER %(schema)s.t AFTER INSERT ON %(table)s BEGIN SELECT 1; END"):against(User.__table__), nil,
      {execution_options = {schema_translate_map = {a = "c"}}})
    assert.equal("CREATE TRIGGER c.t AFTER INSERT ON u BEGIN SELECT 1; END", sent[#sent])
  end)
end)
