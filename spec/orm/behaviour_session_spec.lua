-- SPDX-License-Identifier: MIT
-- What a session says when it can't go on, and behaviours of deletion, loading and order that other specs show in part.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = la.exc
local shop = require "spec.support.shop"
local fails = require "spec.support.fails"

local Column, Integer = la.Column, la.Integer

local s, User, Address
before_each(function()
  s = shop.new():fill()
  User, Address = s.User, s.Address
end)
after_each(function() s:close() end)

describe("a failed flush", function()
  it("is told by what follows, with its statement and parameters (UOW-34)", function()
    s.session:add(User{id = 1, name = "again"})
    fails(exc.IntegrityError, nil, function() s.session:flush() end)
    local message = "This Session's transaction has been rolled back due to a previous exception during flush. To begin a new transaction with this " ..
      "Session, first issue Session.rollback(). Original exception was: (sqlite.IntegrityError) UNIQUE constraint failed: users.id\n" ..
      "[SQL: INSERT INTO users (id, name, age) VALUES (?, ?, ?)]\n[parameters: (1, \"again\", nil)]"
    for _, call in ipairs {
      function() s.session:commit() end, function() s.session:begin_nested() end, function() s.session:get(User, 2) end,
      function() s.session:query(User):all() end, function() s.session:connection() end,
    } do
      assert.equal(message, fails(exc.PendingRollbackError, nil, call).message)
    end
    fails(exc.InvalidRequestError, "A transaction is already begun on this Session.", function() s.session:begin() end)
    s.session:rollback()
    assert.equal(3, s.session:query(User):count())
  end)

  it("hides the parameters where the engine does", function()
    local engine = la.create_engine("sqlite://", {hide_parameters = true})
    s.Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add_all{User{id = 1, name = "secret"}, User{id = 1, name = "secret too"}}
    la.warnings.catch_warnings(function() fails(exc.IntegrityError, nil, function() session:flush() end) end)
    local err = fails(exc.PendingRollbackError, "[SQL parameters hidden due to hide_parameters=true]", function() session:commit() end)
    assert.is_nil(err.message:find("secret", 1, true))
    session:rollback()
    engine:dispose()
  end)
end)

describe("a transaction that is begun with a function", function()
  local closed = "Can't operate on closed transaction inside context manager.  Please complete the context manager before emitting further commands."

  it("is the last in the function: nothing is begun after its end (UOW-124)", function()
    for _, ending in ipairs {"commit", "rollback"} do
      local err = fails(exc.InvalidRequestError, nil, function()
        s.session:begin(function(session)
          session:add(User{name = ending})
          session[ending](session)
          session:query(User):all()
        end)
      end)
      assert.equal(closed, err.message)
      assert.is_false(s.session:in_transaction())
    end
    assert.equal(4, s.session:query(User):count())
    s.session:commit()
    fails(exc.InvalidRequestError, closed, function()
      s.session:begin(function(session)
        session:commit()
        session:add(User{name = "after"})
        session:flush()
      end)
    end)
    s.session:expunge_all()
    s.session:begin(function() assert.equal(4, s.session:query(User):count()) end)
  end)

  it("names the failure that has ended it (UOW-124)", function()
    fails(exc.InvalidRequestError, "The transaction was rolled back due to an exception: (sqlite.IntegrityError) UNIQUE constraint failed: users.id", function()
      s.session:begin(function(session)
        session:add(User{id = 1, name = "again"})
        pcall(session.flush, session)
        session:query(User):all()
      end)
    end)
    assert.equal(3, s.session:query(User):count())
  end)

  it("lets what is around a savepoint go on after it", function()
    s.session:begin(function(session)
      pcall(session.begin_nested, session, function(point)
        point:rollback()
        assert.equal(closed, fails(exc.InvalidRequestError, nil, function() session:get(User, 2) end).message)
        error("out")
      end)
      session:add(User{name = "kept"})
    end)
    assert.equal(4, s.session:query(User):count())
  end)
end)

describe("a session without a bind", function()
  it("names what it has none for (UOW-123)", function()
    local session <close> = orm.Session()
    local function told(fn) return fails(exc.UnboundExecutionError, nil, fn).message end
    assert.equal("Could not locate a bind configured on mapper Mapper[User(users)], SQL expression or this Session.",
      told(function() session:query(User):all() end))
    assert.equal("Could not locate a bind configured on SQL expression or this Session.", told(function() session:execute(la.text "SELECT 1") end))
    assert.equal("Could not locate a bind configured on mapper Mapper[User(users)] or this Session.", told(function()
      session:add(User{name = "x"})
      session:flush()
    end))
  end)
end)

describe("get", function()
  it("says which columns and attributes make the key (UOW-19)", function()
    fails(exc.InvalidRequestError, "primary key columns are 'users.id'", function() s.session:get(User, {1, 2}) end)
    fails(exc.InvalidRequestError, "Incorrect names of values in identifier to formulate primary key for session.get(); " ..
      "primary key attribute names are 'id'", function() s.session:get(User, {ident = 1}) end)
  end)
end)

describe("deleting", function()
  it("what has no row is refused, transient or pending; what is detached joins the session (UOW-10)", function()
    local pending = User{name = "pending"}
    s.session:add(pending)
    for object, state in pairs {[pending] = "pending", [User{name = "new"}] = "transient"} do
      fails(exc.InvalidRequestError, ("Instance 'User(%s)' is not persisted"):format(state), function() s.session:delete(object) end)
    end
    assert.is_true(s.session:contains(pending))
    s.session:expunge(pending)
    local bob = s.session:get(User, 2)
    s.session:expunge(bob)
    s.session:delete(bob)
    assert.is_true(s.session.deleted:contains(bob) and la.inspect(bob).persistent)
    s.session:commit()
    assert.is_true(la.inspect(bob).detached)
    assert.is_nil(s.session:get(User, 2))
  end)

  it("twice is deleting once, before the flush; after it the object has no row (UOW-4, UOW-10)", function()
    local cid = s.session:get(User, 3)
    s.session:delete(cid)
    s.session:delete(cid)
    assert.equal(1, #s.session.deleted)
    local function deletes()
      local count = 0
      for _, text in ipairs(s:during(function() s.session:flush() end)) do
        if text:find "^DELETE FROM users" then count = count + 1 end
      end
      return count
    end
    assert.equal(1, deletes())
    assert.is_true(la.inspect(cid).deleted)
    la.warnings.catch_warnings(function() pcall(s.session.delete, s.session, cid) end)
    assert.equal(0, deletes())
    s.session:commit()
    assert.is_true(la.inspect(cid).detached)
    assert.equal(2, s.session:query(User):count())
  end)

  it("one row by two sessions is a warning for the second, which works on", function()
    local other <close> = orm.Session(s.engine)
    local here = s.session:get(User, 3)
    s.session:commit()
    local there = other:get(User, 3)
    other:delete(there)
    other:commit()
    s.session:no_autoflush(function() fails(exc.ObjectDeletedError, "has been deleted, or its row is otherwise not present.", function() return here.name end) end)
    s.session:rollback()
    assert.equal(2, s.session:query(User):count())
  end)
end)

describe("rows of an outer join", function()
  it("give no object where the key is NULL, in part or whole as allow_partial_pks says (UOW-23)", function()
    for partial, expected in pairs {[true] = {true, true, false}, [false] = {true, false, false}} do
      local Base = orm.declarative_base()
      local Place = Base:class "Place" {
        __tablename__ = "places", row = Column(Integer, {primary_key = true, nullable = true}),
        seat = Column(Integer, {primary_key = true, nullable = true}), __mapper_args__ = {allow_partial_pks = partial},
      }
      local engine = la.create_engine "sqlite://"
      local session <close> = orm.Session(engine)
      session:execute(la.text "CREATE TABLE places (\"row\" INTEGER, seat INTEGER)")
      session:execute(la.text "INSERT INTO places VALUES (1, 2), (1, NULL), (NULL, NULL)")
      local found = {}
      for i, row in ipairs(session:query(Place, la.literal_column "rowid"):order_by(la.text "rowid"):all()) do found[i] = row[1] ~= nil end
      assert.same(expected, found)
    end
  end)
end)

describe("a flush of all kinds", function()
  it("inserts level by level from parents down, rows of secondary tables last, and deletes the other way round (UOW-36)", function()
    local fresh = shop.new()
    local red = fresh.Tag{name = "red"}
    fresh.session:add_all{
      fresh.Tag{name = "alone"}, fresh.Category{name = "root"},
      fresh.User{name = "Ann", profile = fresh.Profile{motto = "go"}, addresses = {fresh.Address{email = "a"}},
        orders = {fresh.Order{items = {fresh.Item{name = "pen", tags = {red}}}}}},
    }
    local function order()
      local seen, tables = {}, {}
      for _, text in ipairs(fresh:during(function() fresh.session:flush() end)) do
        local name = text:match "^%u+ %u+ ([%w_]+)"
        if not text:find "^SELECT" and not seen[name] then
          seen[name] = true
          tables[#tables + 1] = name
        end
      end
      return table.concat(tables, " ")
    end
    assert.equal("categories users tags addresses orders profiles items item_tags", order())
    local all = {}
    for object in fresh.session:iter() do all[#all + 1] = object end
    fresh.session:delete_all(all)
    local deleted = order()
    local function before(a, b) return assert(deleted:find(a, 1, true)) < assert(deleted:find(b, 1, true)) end
    assert.is_true(before("item_tags", "items ") and before("items ", "orders") and before("orders", "users") and before("addresses", "users"), deleted)
    fresh:close()
  end)

  it("inserts in the order of add, updates and deletes in the order of keys, text keys as well (UOW-38)", function()
    local Base = orm.declarative_base()
    local Word = Base:class "Word" {__tablename__ = "words", name = Column(la.String, {primary_key = true}), rank = Column(Integer)}
    local words = shop.open{Base = Base}
    local names = {"m", "z", "a", "k"}
    local objects, keys = {}, {}
    for i, name in ipairs(names) do
      objects[i] = Word{name = name}
      words.session:add(objects[i])
    end
    la.event.listen(words.engine, "before_cursor_execute", function(_, _, statement, parameters)
      local at = statement:find "^INSERT" and 1 or nil
      for _, row in ipairs(type(parameters[1]) == "table" and parameters or {parameters}) do keys[#keys + 1] = row[at or #row] end
    end)
    local function during(fn)
      keys = {}
      fn()
      words.session:flush()
      return table.concat(keys, " ")
    end
    assert.equal("m z a k", during(function() end))
    assert.equal("a k m z", during(function() for i, object in ipairs(objects) do object.rank = i end end))
    assert.equal("a k m z", during(function() words.session:delete_all(objects) end))
    words:close()
  end)
end)

describe("a session", function()
  it("says that it does not flush by itself inside no_autoflush (UOW-28)", function()
    assert.is_true(s.session.autoflush)
    s.session:no_autoflush(function(session) assert.is_false(session.autoflush) end)
    assert.is_true(s.session.autoflush)
  end)

  it("has the info of its sessionmaker and its own", function()
    local Maker = orm.sessionmaker(s.engine, {info = {a = 1, b = 1}})
    local first, second = Maker{info = {b = 2}}, Maker()
    assert.same({1, 2}, {first.info.a, first.info.b})
    assert.same({1, 1}, {second.info.a, second.info.b})
    first.info.a = 5
    assert.equal(1, Maker().info.a)
  end)

  it("names both sessions when an object is another's (UOW-9)", function()
    local other <close> = orm.Session(s.engine)
    local ann = s.session:get(User, 1)
    local pattern = "^Object '%a+%b()' is already attached to session '%d+' %(this is '%d+'%)$"
    for _, call in ipairs {"add", "delete", "enable_relationship_loading"} do
      assert.match(pattern, fails(exc.InvalidRequestError, nil, function() other[call](other, ann) end).message)
    end
    fails(exc.InvalidRequestError, "is not present in this Session", function() other:expunge(ann) end)
    fails(exc.InvalidRequestError, "is not persistent within this Session", function() other:refresh(ann) end)
    assert.match(pattern, fails(exc.InvalidRequestError, nil, function()
      other:add(User{name = "x", addresses = {s.session:get(Address, 1)}})
    end).message)
    assert.equal(ann, s.session:get(User, 1))
  end)
end)
