-- SPDX-License-Identifier: MIT
-- Listeners of cursors hear of what a session sends around each statement, and may have another one sent (EVT-02).
local la = require "lualchemy"
local event = require "lualchemy.event"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local orm = require "lualchemy.orm"
local shop = require "spec.support.shop"

local Column, Integer, String = la.Column, la.Integer, la.String

local function classes()
  local Base = orm.declarative_base()
  local User = Base:class "User" {
    __tablename__ = "users", id = Column(Integer, {primary_key = true}), name = Column(String), photo = Column(la.LargeBinary),
    letters = orm.relationship "Letter",
  }
  local Letter = Base:class "Letter" {
    __tablename__ = "letters", id = Column(Integer, {primary_key = true}), user_id = Column(la.ForeignKey "users.id"),
  }
  return {Base = Base, User = User, Letter = Letter}
end

describe("a listener of cursors (EVT-02)", function()
  local s, User, heard
  before_each(function()
    s = shop.open(classes())
    User, heard = s.User, {}
    s.session:add_all{User{name = "ann", letters = {s.Letter(), s.Letter()}}, User{name = "bob", photo = "\0x"}}
    s.session:commit()
    s.session:close()
  end)
  after_each(function() s:close() end)

  --- Listens to both events until the spec is over.
  local function listen(before, after, options)
    if before then event.listen(s.engine, "before_cursor_execute", before, options) end
    if after then event.listen(s.engine, "after_cursor_execute", after) end
  end

  local function note(word)
    return function(_, _, statement) heard[#heard + 1] = word .. " " .. statement:match "^%a+" .. " " .. (statement:match "FROM (%a+)" or "") end
  end

  --- What `fn` has the listeners hear, and the program say in between.
  local function hears(expected, fn)
    heard = {}
    fn()
    assert.same(expected, heard)
  end

  it("is told of each load before it is sent and after it ran", function()
    s.engine:create_function("say", 1, function(x) heard[#heard + 1] = "runs" return x end)
    listen(note "before", note "after")
    hears({"before SELECT users", "runs", "runs", "after SELECT users", "before SELECT letters", "after SELECT letters"}, function()
      s.session:scalars(la.select(User):where(la.func.say(User.id):gt(0)):options(orm.selectinload(User.letters))):all()
    end)
  end)

  it("is told so of get, of lazy loads and refreshes, of streams, of UPDATE and DELETE", function()
    local session = s.session
    listen(note "before", note "after")
    hears({"before SELECT users", "after SELECT users"}, function() session:get(User, 1) end)
    hears({"before SELECT letters", "after SELECT letters"}, function() assert.equal(2, #session:get(User, 1).letters) end)
    hears({"before SELECT users", "after SELECT users"}, function() session:refresh(session:get(User, 1), {"name"}) end)
    hears({"before SELECT users", "after SELECT users"}, function() session:query(User):first() end)
    hears({"before SELECT users", "after SELECT users", "1", "2"}, function()
      for user in session:scalars(la.select(User):execution_options{yield_per = 1}) do heard[#heard + 1] = tostring(user.id) end
    end)
    hears({"before UPDATE ", "after UPDATE "}, function() session:query(User):update({name = "x"}, {synchronize_session = false}) end)
    hears({"before DELETE letters", "after DELETE letters"}, function() session:execute(la.delete(s.Letter):where(s.Letter.id:eq(1))) end)
  end)

  it("is told of what a flush writes before it is sent, with all rows of a statement (UOW-42)", function()
    local session = s.session
    local inside
    listen(function(connection, _, statement, parameters, _, many)
      if inside then return end
      inside = true
      local rows = connection:exec_driver_sql("SELECT count(*) FROM letters"):scalar()
      inside = false
      heard[#heard + 1] = ("before %s %d %s %d"):format(statement:match "^%a+", #parameters, many, rows)
    end, function(connection, _, statement, parameters, context, many)
      if inside then return end
      inside = true
      local rows = connection:exec_driver_sql("SELECT count(*) FROM letters"):scalar()
      inside = false
      heard[#heard + 1] = ("after %s %d %s %d"):format(statement:match "^%a+", #parameters, many, rows)
      assert.equal("float", math.type(context.seconds))
    end)
    local letters
    hears({"before INSERT 3 true 2", "after INSERT 3 true 5"}, function()
      letters = {s.Letter(), s.Letter(), s.Letter()}
      session:add_all(letters)
      session:flush()
    end)
    assert.same({3, 4, 5}, {letters[1].id, letters[2].id, letters[3].id})
    hears({"before UPDATE 2 true 5", "after UPDATE 2 true 5"}, function()
      letters[1].user_id, letters[3].user_id = 1, 2
      session:flush()
    end)
    hears({"before DELETE 3 true 5", "after DELETE 3 true 2"}, function()
      for _, letter in ipairs(letters) do session:delete(letter) end
      session:flush()
    end)
    hears({"before INSERT 1 false 2", "after INSERT 1 false 3"}, function()
      session:add(s.Letter())
      session:flush()
    end)
    session:rollback()
    inside = true
    assert.equal(2, session:query(s.Letter):count())
  end)

  it("has other rows written than those that a flush has, as many", function()
    local session = s.session
    listen(function(_, _, statement, parameters, _, many)
      if not many then return statement, parameters end
      for _, row in ipairs(parameters) do row[1] = row[1]:upper() end
      return (statement:gsub("^INSERT", "INSERT /* many */")), parameters
    end, nil, {retval = true})
    local users = {User{name = "cid"}, User{name = "dan"}, User{name = "eve"}}
    session:add_all(users)
    session:commit()
    for i, name in ipairs{"CID", "DAN", "EVE"} do
      assert.equal(name, users[i].name)
      assert.equal(2 + i, users[i].id)
    end
  end)

  it("that wants another number of rows written, or uneven ones, is refused, and the session works after a rollback", function()
    local session = s.session
    local function refuse(fn)
      event.listen(s.engine, "before_cursor_execute", fn, {retval = true, once = true})
      session:add_all{User{name = "cid"}, User{name = "dan"}}
      local ok, err = pcall(session.flush, session)
      assert.is_false(ok)
      session:rollback()
      return err
    end
    assert.matches("one list of parameters for each row that a flush writes, 2 here, not 1",
      tostring(refuse(function(_, _, statement, parameters) return statement, {parameters[1]} end)))
    assert.matches("as many parameters for each row; that of row 2 is another",
      tostring(refuse(function(_, _, statement, parameters) return statement, {parameters[1], {1}} end)))
    assert.matches("that of row 1 is another", tostring(refuse(function(_, _, statement) return statement, {1, 2} end)))
    assert.matches("boom", tostring(refuse(function() error "boom" end)))
    assert.matches("can't end the transaction", tostring(refuse(function(connection) connection:rollback() end)))
    local err = refuse(function(_, _, statement, parameters) return statement .. " x", parameters end)
    assert.is_true(exc.OperationalError:matches(err))
    assert.truthy(err.statement:find " x$")
    session:add_all{User{name = "cid"}, User{name = "dan"}}
    session:commit()
    assert.equal(4, session:query(User):count())
  end)

  it("may change objects between the rows of a flush: what was told is written", function()
    local session = s.session
    local users = session:query(User):order_by(User.id):all()
    local once = true
    listen(function(_, _, statement)
      if once and statement:find "^UPDATE" then
        once = false
        users[2].name = "later"
        users[2].photo = ("p"):rep(100)
        collectgarbage()
      end
    end)
    users[1].name, users[2].name = "first" .. ("x"):rep(50), "second" .. ("y"):rep(50)
    session:flush()
    local names = {}
    for row in session:connection():exec_driver_sql("SELECT name FROM users ORDER BY id"):scalars() do names[#names + 1] = row end
    assert.equal("first" .. ("x"):rep(50), names[1])
    assert.is_true(names[2] == "second" .. ("y"):rep(50) or names[2] == "later")
  end)

  it("shares a context with who hears of the same statement, which says how long it took", function()
    local took
    listen(function(_, _, _, _, context) context.own = "kept" end,
      function(_, _, _, _, context) took = {context.own, math.type(context.seconds)} end)
    s.session:get(User, 1)
    assert.same({"kept", "float"}, took)
  end)

  it("has another text and other parameters sent", function()
    local sent
    listen(function(_, _, statement, parameters)
      return (statement:gsub("^SELECT", "SELECT /* seen */")), parameters[1] == 1 and {2} or parameters
    end, function(_, _, statement, parameters) sent = {statement:match "^SELECT /%* seen %*/", #parameters} end, {retval = true})
    assert.equal("bob", s.session:scalars(la.select(User.name):where(User.id:eq(1))):one())
    assert.same({"SELECT /* seen */", 1}, sent)
    assert.equal("bob", s.session:query(User.name):filter(User.photo:eq "\0x"):scalar()) -- a blob stays one
  end)

  it("that fails fails the statement, and leaves a session that works", function()
    local session = s.session
    local function boom() error "boom" end
    local function refuse(fn)
      event.listen(s.engine, "before_cursor_execute", fn, {retval = true, once = true})
      return function() session:query(User):all() end
    end
    local ok, message = pcall(refuse(boom))
    assert.is_false(ok)
    assert.matches("boom", message)
    fails(exc.ArgumentError, 'a listener of "before_cursor_execute" gives a statement\'s text and a list', refuse(function() return 5, 5 end))
    fails(exc.InvalidRequestError, "can't yield", function() coroutine.wrap(refuse(coroutine.yield))() end)
    fails(exc.OperationalError, "syntax error", refuse(function() return "SELEC", {} end))
    fails(exc.ProgrammingError, "Incorrect number of bindings", refuse(function(_, _, statement) return statement, {1} end))
    for _, ending in ipairs{"close", "rollback", "invalidate"} do
      fails(exc.InvalidRequestError, "can't end the transaction", refuse(function(connection) connection[ending](connection) end))
    end
    assert.equal(2, #session:query(User):all())
  end)

  it("hears of a savepoint before what is sent inside it", function()
    listen(function(_, _, statement) heard[#heard + 1] = statement:match "^%a+" end)
    local session = s.session
    for word, fn in pairs {INSERT = function() session:flush() end, SELECT = function() session:query(User):all() end} do
      hears({"SAVEPOINT", word}, function()
        session:begin_nested()
        if word == "INSERT" then session:add(User()) end
        fn()
      end)
      session:rollback()
    end
  end)

  it("hears once of what it sends itself", function()
    listen(function(connection, _, statement)
      heard[#heard + 1] = statement
      if #heard == 1 then connection:exec_driver_sql "SELECT 1" end
    end)
    s.session:query(User):all()
    assert.equal(2, #heard)
    heard = {}
    s.session:add(User())
    s.session:flush()
    assert.equal(2, #heard)
  end)

  it("may send statements of its own, by the same session too", function()
    local inside = false
    listen(function()
      if inside then return end
      inside = true
      heard[#heard + 1] = s.session:query(s.Letter):count()
      inside = false
    end)
    assert.equal(2, #s.session:query(User):options(orm.selectinload(User.letters)):all())
    assert.same({2, 2}, heard)
  end)
end)

describe("what a session has sent in vain (CON-14)", function()
  local s, User, Address, ann
  before_each(function()
    s = shop.new():fill()
    User, Address = s.User, s.Address
    ann = s.session:get(User, 1)
    s.session:commit()
  end)
  after_each(function() s:close() end)

  -- Each is refused by the database, and ends with the text that is sent.
  local function attempts()
    local ways = {
      {"a query", function() s.session:query(Address):filter(Address.id:eq(7)):all() end, {7}},
      {"a select of columns", function() s.session:execute(la.select(Address.id):where(Address.id:eq(7))) end, {7}},
      {"get", function() s.session:get(Address, 7) end, {7}},
      {"a lazy load", function() return #ann.addresses end, {1}},
      {"a load with the object", function() s.session:query(User):options(orm.selectinload(User.addresses)):filter(User.id:eq(1)):all() end, {1}},
      {"an update", function() s.session:execute(la.update(Address):where(Address.id:eq(7)):values{email = "x"}) end, {"x", 7}},
      {"a delete", function() s.session:query(Address):filter(Address.id:eq(7)):delete() end, {7}},
      {"a flush", function()
        s.session:add(Address{id = 7, email = "x"})
        s.session:flush()
      end, {7, "x", la.null}},
    }
    s.session:execute(la.text "ALTER TABLE addresses RENAME TO gone")
    s.session:commit()
    return ways
  end

  it("is told by its error, with the values", function()
    local ways = attempts()
    for _, way in ipairs(ways) do
      local ok, err = pcall(way[2])
      assert.is_false(ok, way[1])
      assert.is_true(exc.OperationalError:matches(err), way[1])
      assert.truthy(err.statement:find("addresses", 1, true), way[1])
      assert.equal(#way[3], #err.params, way[1])
      for i, value in ipairs(way[3]) do assert.equal(value, err.params[i] == nil and la.null or err.params[i], way[1]) end
      assert.truthy(tostring(err):find("[SQL: " .. err.statement, 1, true), way[1])
      s.session:rollback()
    end
  end)

  it("is heard of by listeners of handle_error, who may raise another error", function()
    local ways, heard = attempts(), {}
    event.listen(s.engine, "handle_error", function(context)
      heard[#heard + 1] = context.statement
      assert.equal(s.engine, context.connection.engine)
      if context.statement:find "DELETE" then error "mine" end
    end)
    for i, way in ipairs(ways) do
      local _, err = pcall(way[2])
      if way[1] == "a delete" then
        assert.truthy(tostring(err):find "mine")
      else
        assert.equal(err.statement, heard[i])
      end
      s.session:rollback()
    end
    assert.equal(#ways, #heard)
  end)

  it("is told as a listener had it sent", function()
    event.listen(s.engine, "before_cursor_execute", function(_, _, text) return text .. " LIMIT nope", {3, 4} end, {retval = true})
    local ok, err = pcall(function() s.session:query(User):filter(User.id:eq(7)):all() end)
    assert.is_false(ok)
    assert.truthy(err.statement:find " LIMIT nope$")
    assert.same({3, 4}, {err.params[1], err.params[2]})
  end)

  it("shows no values with hide_parameters", function()
    local engine = la.create_engine("sqlite://", {hide_parameters = true})
    local session <close> = orm.Session(engine)
    for _, way in ipairs {
      function() session:get(User, 77) end,
      function() session:add(User{id = 77, name = "Zoe"}) session:flush() end,
      function() session:execute(la.update(User):where(User.id:eq(77)):values{name = "Zoe"}) end,
    } do
      local ok, err = pcall(way)
      assert.is_false(ok)
      assert.is_nil(tostring(err):find "77")
      assert.truthy(tostring(err):find("[SQL parameters hidden due to hide_parameters=true]", 1, true))
      session:rollback()
    end
    engine:dispose()
  end)

  it("is forgotten by errors that are none of its own", function()
    pcall(function() s.session:execute(la.select(Address.id):where(la.text "nope")) end)
    s.session:rollback()
    local ok, err = pcall(s.session.get, s.session, User, {1, 2})
    assert.is_false(ok)
    assert.is_nil(err.statement)
  end)
end)
