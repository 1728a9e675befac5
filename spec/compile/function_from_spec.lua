-- SPDX-License-Identifier: MIT
-- Functions as elements of FROM.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local check = require "spec.support.literal"
local database = require "spec.support.database"
local fails = require "spec.support.fails"
local words = require "spec.support.words"
local func, users = la.func, words.users

describe("functions in FROM (FN-05)", function()
  after_each(database.clean)

  it("stand there as they are", function()
    check {
      {la.select(la.column "value"):select_from(func.json_each "[1]"), "SELECT value FROM json_each('[1]')"},
      {la.select(users.c.id):outerjoin(func.json_each(users.c.data), la.true_()),
        "SELECT users.id FROM users LEFT OUTER JOIN json_each(users.data) ON 1 = 1"},
      {la.select(users.c.id):join_from(users, func.f(users.c.id), la.true_()),
        "SELECT users.id FROM users JOIN f(users.id) ON 1 = 1"},
      {la.select(users.c.id):select_from(func.f(1):join(users, users.c.id:eq(1))),
        "SELECT users.id FROM f(1) JOIN users ON users.id = 1"},
      {func.f(1):outerjoin(users, users.c.id:eq(1)), "f(1) LEFT OUTER JOIN users ON users.id = 1"},
    }
  end)

  it("take LATERAL and TABLESAMPLE", function()
    local lateral = func.f(users.c.id):lateral "lat"
    check {
      {la.select(users.c.id, la.column "v"):select_from(users:join(lateral, la.true_())),
        "SELECT users.id, v FROM users JOIN LATERAL f(users.id) AS lat ON 1 = 1"},
      {lateral, "LATERAL f(users.id)"},
      {func.f(1):tablesample(5), "f(1) AS anon_1 TABLESAMPLE system(5)"},
      {la.select(func.f(1):tablesample(5, "s")), "SELECT s FROM f(1) AS s TABLESAMPLE system(5)"},
    }
  end)

  it("give one column where none are named", function()
    local alias = func.generate_series(1, 3):alias "n"
    check {
      {la.select(alias), "SELECT n FROM generate_series(1, 3) AS n"},
      {la.select(alias.c.n), "SELECT n FROM generate_series(1, 3) AS n"},
      {la.select(alias.column + 1), "SELECT n + 1 AS anon_1 FROM generate_series(1, 3) AS n"},
    }
  end)

  it("give rows", function()
    local conn <close> = database.engine({memory = true}):connect()
    local stmt = la.select(func.sum(la.column "value")):select_from(func.json_each "[1, 2, 4]")
    assert.equal(7, conn:scalar(stmt))
  end)

  it("may be a comparison of two of their arguments, for relationships (FN-06)", function()
    local Base = orm.declarative_base()
    local path = la.Column(la.String)
    local Node = Base:class "Node" {
      __tablename__ = "node", id = la.Column(la.Integer, {primary_key = true}), path = path,
      below = orm.relationship("Node", {viewonly = true, order_by = path, primaryjoin =
        func.instr(orm.remote(orm.foreign(path)), path .. "/"):as_comparison(1, 2):eq(1)}),
    }
    local engine = database.engine {memory = true}
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add_all {Node {path = "a"}, Node {path = "a/b"}, Node {path = "a/b/c"}, Node {path = "d"}}
    session:flush()
    local found = {}
    for _, node in ipairs(session:get(Node, 1).below) do found[#found + 1] = node.path end
    assert.same({"a/b", "a/b/c"}, found)
    check {{func.f(users.c.id, users.c.age):as_comparison(1, 2), "f(users.id, users.age)"}}
    local compared = la.select(users.c.id):where(func.instr(users.c.name, users.c.id):as_comparison(1, 2))
    assert.matches("WHERE instr%(users.name, users.id%)$", tostring(compared:compile {dialect = "sqlite"}), "it is a condition as it stands (REL-11)")
    fails(la.exc.ArgumentError, "from 1 to 2", function() func.f(1, 2):as_comparison(0, 3) end)
    fails(la.exc.ArgumentError, "from 1 to 2", function() func.f(1, 2):as_comparison("1", {}) end)
  end)
end)
