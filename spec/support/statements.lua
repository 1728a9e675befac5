-- SPDX-License-Identifier: MIT
-- Statements of all kinds, by what is special about them, over two mapped classes.
--
--   local statements = require "spec.support.statements"
--   local s = statements.classes()          -- Base, User, Address
--   for name, statement in pairs(statements.matrix(s)) do … end
local statements = {}

local la = require "lualchemy"
local orm = require "lualchemy.orm"
local sqlite = require "lualchemy.dialects.sqlite"

local Column, Integer, String = la.Column, la.Integer, la.String

local function id() return Column(Integer, {primary_key = true}) end

--- A type of the program.
statements.Loud = la.TypeDecorator:class "Loud" {
  impl = String, cache_ok = true, process_bind_param = function(_, value) return value:upper() end,
}

--- The classes on a base of their own.
function statements.classes()
  local Base = orm.declarative_base()
  local User = Base:class "User" {
    __tablename__ = "users", id = id(), name = Column(String(30)), data = Column(la.JSON), born = Column(la.DateTime), word = Column(statements.Loud),
    addresses = orm.relationship("Address", {back_populates = "user", order_by = "Address.id"}),
  }
  local Address = Base:class "Address" {
    __tablename__ = "addresses", id = id(), user_id = Column(la.ForeignKey "users.id"), email = Column(String),
    user = orm.relationship("User", {back_populates = "addresses"}),
  }
  return {Base = Base, User = User, Address = Address}
end

--- The statements, by name.
function statements.matrix(s)
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

return statements
