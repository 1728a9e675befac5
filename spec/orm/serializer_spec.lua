-- SPDX-License-Identifier: MIT
-- Statements as bytes: lualchemy.ext.serializer.
local la = require "lualchemy"
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local orm = require "lualchemy.orm"
local serializer = require "lualchemy.ext.serializer"
local shop = require "spec.support.shop"
local sqlite = require "lualchemy.dialects.sqlite"
local warnings = require "lualchemy.warnings"

local Column, Integer, String = la.Column, la.Integer, la.String

local function id() return Column(Integer, {primary_key = true}) end

local Loud = la.TypeDecorator:class "Loud" {
  impl = String, cache_ok = true, process_bind_param = function(_, value) return value:upper() end,
}

local function classes()
  local Base = orm.declarative_base()
  local User = Base:class "User" {
    __tablename__ = "users", id = id(), name = Column(String(30)), data = Column(la.JSON), born = Column(la.DateTime), word = Column(Loud),
    addresses = orm.relationship("Address", {back_populates = "user", order_by = "Address.id"}),
  }
  local Address = Base:class "Address" {
    __tablename__ = "addresses", id = id(), user_id = Column(la.ForeignKey "users.id"), email = Column(String),
    user = orm.relationship("User", {back_populates = "addresses"}),
  }
  return {Base = Base, User = User, Address = Address}
end

--- Statements of all kinds, by what is special about them.
local function matrix(s)
  local User, Address = s.User, s.Address
  local U, A = User.__table__, Address.__table__
  local high = la.select(U.c.id, U.c.name):where(U.c.id:gt(3)):cte "high"
  local tree = la.select(A.c.id):where(A.c.id:eq(1)):cte("tree", {recursive = true})
  tree = tree:union_all(la.select(A.c.id):join(tree, tree.c.id:eq(A.c.user_id)))
  local first, second = orm.aliased(User), orm.aliased(User, {name = "other"})
  local counted = la.select(U.c.id, la.func.count():label "n"):group_by(U.c.id):subquery()
  return {
    entity = la.select(User), table = la.select(U), condition = User.name:eq "z", function_ = la.func.sum(U.c.id):filter(U.c.id:gt(2)),
    where = la.select(User.name):where(User.name:eq "x", User.id:in_{1, 2, 3}, User.born:gt "2020-01-02 03:04:05"),
    clauses = la.select(U.c.id:label "q", la.func.count(A.c.id):label "n"):join_from(U, A):group_by(U.c.id)
      :having(la.func.count(A.c.id):gt(1)):order_by(U.c.id:desc():nulls_last()):limit(3):offset(2):distinct(),
    cte = la.select(high):where(high.c.id:lt(9)), recursive = la.select(tree),
    aliases = la.select(first.name, second.name):where(first.id:lt(second.id)), subquery = la.select(counted.c.n),
    join = la.select(second):join(second.addresses):where(Address.email:like "%x%"),
    relationship = la.select(User):where(User.addresses:any(Address.email:eq "x")), of_type = User.addresses:of_type(orm.aliased(Address)):any(),
    options = la.select(User):options(orm.selectinload(User.addresses):load_only(Address.email), orm.defer(User.data)),
    joined = la.select(User):options(orm.joinedload(User.addresses)),
    criteria = la.select(User):options(orm.with_loader_criteria(Address, Address.email:ne "q")),
    tuples = la.select(User):where(la.tuple_(User.id, User.name):in_{{1, "a"}, {2, "b"}}),
    json = la.select(User):where(User.data:at "k":as_string():eq "v"), own_type = la.select(User.word):where(User.word:eq "loud"),
    case = la.select(la.case({User.id:gt(1), "a"}, {else_ = "b"}), la.cast(User.id, la.Numeric(10, 2)), la.extract("year", U.c.born)),
    window = la.select(la.func.row_number():over{partition_by = User.name, order_by = User.id, rows = {-1, 0}}),
    values = la.select(la.literal(1.5), la.literal "é\0z", la.null_(), la.true_(), la.literal_column "a + b"),
    operators = la.select(U.c.name:op "~>"("x"), U.c.name:collate "NOCASE", U.c.id:between(1, 2), ~U.c.id:in_{1}, U.c.name:is_(nil)),
    insert = la.insert(U):values{name = "x"}, rows = la.insert(U):values{{name = "x"}, {name = "y"}},
    from_select = la.insert(A):from_select({"user_id", "email"}, la.select(U.c.id, U.c.name)),
    upsert = sqlite.insert(U):values{id = 1, name = "x"}:on_conflict_do_update{index_elements = {"id"}, set_ = {name = "z"}},
    update = la.update(U):where(U.c.id:eq(1)):values{name = U.c.name .. "x"}:returning(U.c.id), delete = la.delete(User):where(User.id:eq(1)),
    union = la.union(la.select(U.c.id), la.select(A.c.id)):order_by "id", exists = la.select(U.c.id):where(la.exists():where(A.c.user_id:eq(U.c.id))),
    scalar = la.select(la.select(la.func.max(A.c.id)):scalar_subquery():label "m"),
    lists = la.select(la.values(Column("a", Integer), Column("b", String), {name = "v"}):data{{1, "x"}, {2, "y"}}),
    text = la.text "SELECT :a":bindparams{a = 5}, columns = la.text "SELECT id FROM users":columns(U.c.id), required = la.select(la.bindparam("p", {type_ = Integer})),
    prefixes = la.select(U.c.id):prefix_with "ALL":suffix_with "WITH TIES":with_for_update{nowait = true}:execution_options{yield_per = 10},
    table_valued = la.select(la.func.json_each(U.c.data):table_valued("key", "value").c.value), literal_table = la.select(la.table("t", la.column "x").c.x),
    decorated = la.select(la.cast(U.c.id, Integer():with_variant(la.BigInteger, "sqlite")), la.cast(U.c.name, la.Enum("a", "b"))),
  }
end

--- Text and parameters on SQLite.
local function compiled(statement)
  local made = statement:compile{dialect = "sqlite"}
  local params = {}
  for name, value in pairs(made.params) do params[#params + 1] = name .. "=" .. tostring(value) end
  table.sort(params)
  return ("%s [%s]"):format(tostring(made), table.concat(params, ", "))
end

describe("a statement as bytes (EXT-10)", function()
  local s, User, Address
  before_each(function()
    s = shop.open(classes())
    User, Address = s.User, s.Address
  end)
  after_each(function() s:close() end)

  it("is read back as the same text and parameters, of every kind", function()
    for name, statement in pairs(matrix(s)) do
      local read = serializer.loads(serializer.dumps(statement), s.Base.metadata)
      assert.equal(compiled(statement), compiled(read), name)
      assert.equal(tostring(statement), tostring(read), name)
    end
  end)

  it("gives the objects and values that it would have given", function()
    s.session:add(User{id = 1, name = "ann", word = "hey", data = {tags = {"a"}}, addresses = {Address{id = 1, email = "x"}}})
    s.session:commit()
    local statement = la.select(User):where(User.data:eq{tags = {"a"}}):options(orm.joinedload(User.addresses))
    local read = serializer.loads(serializer.dumps(statement), s.Base.metadata)
    local user = s.session:scalars(read):unique():one()
    assert.equal("ann", user.name)
    assert.equal("x", user.addresses[1].email)
    assert.equal("HEY", s.session:scalar(serializer.loads(serializer.dumps(la.select(User.word):where(User.word:eq "hey")), s.Base.metadata)))
  end)

  it("of a Query is one of the session, and goes on as one", function()
    s.session:add_all{User{id = 1, name = "ann"}, User{id = 2, name = "bob"}}
    s.session:commit()
    local bytes = serializer.dumps(s.session:query(User):filter(User.name:ne "cid"))
    local query = serializer.loads(bytes, s.Base.metadata, s.session)
    assert.equal(2, query:count())
    assert.equal("bob", query:filter(User.id:gt(1)):one().name)
    assert.equal(2, #s.session:scalars(serializer.loads(bytes, s.Base.metadata)):all())
  end)

  it("serves another registry and metadata with the same names", function()
    local other = classes()
    local read = serializer.loads(serializer.dumps(la.select(User):where(User.name:eq "x")), other.Base.metadata)
    assert.equal(compiled(la.select(other.User):where(other.User.name:eq "x")), compiled(read))
    assert.equal(other.User, read.column_descriptions[1].type)
  end)

  it("keeps CTEs apart from those of other statements", function()
    local cte = la.select(User.id):cte "a"
    local read = serializer.loads(serializer.dumps(la.select(cte)), s.Base.metadata)
    assert.truthy(tostring(la.union(read, serializer.loads(serializer.dumps(la.select(la.select(User.id):cte "b")), s.Base.metadata)))
      :find("WITH a AS.*,%s*b AS"))
  end)

  it("is refused for what is the program's", function()
    fails(exc.ArgumentError, "a Bundle has a function", function() serializer.dumps(la.select(orm.Bundle("b", User.id))) end)
    fails(exc.ArgumentError, "the type VARCHAR is the program's", function() serializer.dumps(la.literal("x", Loud)) end)
    fails(exc.ArgumentError, "it holds a function of the program", function()
      serializer.dumps(la.select(User):execution_options{own = print})
    end)
    fails(exc.ArgumentError, "SQL expression or statement", function() serializer.dumps(5) end)
  end)

  it("says which name is missing when it is read", function()
    local function loads(statement, metadata) return serializer.loads(serializer.dumps(statement), metadata) end
    local empty, partial = la.MetaData(), la.MetaData()
    la.Table("users", partial, Column("id", Integer))
    fails(exc.ArgumentError, 'the table "users", which the metadata does not have', function() loads(la.select(User.__table__), empty) end)
    fails(exc.ArgumentError, "the column users.name, which is not there", function() loads(la.select(User.__table__.c.name), partial) end)
    fails(exc.ArgumentError, "the class User, of which no table is in the metadata", function() loads(la.select(User), empty) end)
    fails(exc.ArgumentError, "loads takes a MetaData", function() loads(la.select(User), User) end)
    fails(exc.ArgumentError, "loads takes the bytes", function() serializer.loads(5, empty) end)
  end)

  it("is refused when it is cut off or damaged", function()
    local bytes = serializer.dumps(matrix(s).clauses)
    for length = 0, #bytes - 1 do
      fails(exc.ArgumentError, "", function() serializer.loads(bytes:sub(1, length), s.Base.metadata) end)
    end
    for at = 1, #bytes, 3 do
      local damaged = bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 0x11) .. bytes:sub(at + 1)
      fails(exc.ArgumentError, "", function() serializer.loads(damaged, s.Base.metadata) end)
    end
  end)

  it("is refused when a record says that it has more values than bytes", function()
    local bytes = serializer.dumps(la.select(s.User):where(s.User.id:eq(1)))
    local body, places = bytes, 0
    for at in bytes:gmatch "host_counti()" do
      body, places = bytes:sub(1, at - 1) .. string.pack("<i8", math.maxinteger) .. bytes:sub(at + 8), places + 1
    end
    assert.equal(1, places)
    local head = #bytes - #bytes:match("t....s.*$")
    local hash = 0xcbf29ce484222325
    for at = head + 1, #body do hash = (hash ~ body:byte(at)) * 0x100000001b3 end
    fails(exc.ArgumentError, "", function()
      serializer.loads(body:sub(1, head - 8) .. string.pack("<i8", hash) .. body:sub(head + 1), s.Base.metadata)
    end)
  end)

  it("makes only statements that can be used, whatever its bytes are", function()
    local random, statements = 7, {}
    local function below(most)
      random = (random * 1103515245 + 12345) & 0x7fffffff
      return random // 65536 % most + 1
    end
    for _, statement in pairs(matrix(s)) do statements[#statements + 1] = statement end
    warnings.simplefilter "ignore"
    finally(warnings.resetwarnings)
    for _ = 1, 3000 do
      local bytes, names, types, hosts = core.statement_write(statements[below(#statements)])
      for i, name in ipairs(names) do names[i] = name[3] and name[2][name[3]] or name[2] end
      local at = below(#bytes)
      local damaged = bytes:sub(1, at - 1) .. string.char(below(40)) .. bytes:sub(at + below(2))
      local read, made = pcall(core.statement_read, damaged, names, types, hosts)
      if read then
        pcall(function() return compiled(made) end)
        pcall(function() return s.session:execute(made):all() end)
        pcall(s.session.rollback, s.session)
      else
        assert.is_true(exc.LualchemyError:matches(made), tostring(made))
      end
    end
  end)
end)
