-- SPDX-License-Identifier: MIT
-- One session on several engines: where each statement goes, and one transaction on each.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local event = la.event
local exc = la.exc
local database = require "spec.support.database"
local fails = require "spec.support.fails"

local Column, Integer, String = la.Column, la.Integer, la.String

describe("a session with several binds", function()
  local a, b, Base, User, Doc, sent

  local function engine(name)
    local made = la.create_engine("sqlite:///" .. database.path())
    event.listen(made, "before_cursor_execute", function(_, _, statement) sent[#sent + 1] = name .. ": " .. statement end)
    return made
  end

  before_each(function()
    sent = {}
    a, b = engine "a", engine "b"
    Base = orm.declarative_base()
    User = Base:class "User" {__tablename__ = "users", id = Column(Integer, {primary_key = true}), name = Column(String)}
    Doc = Base:class "Doc" {
      __tablename__ = "docs", id = Column(Integer, {primary_key = true}), user_id = Column(Integer), title = Column(String, {nullable = false}),
      user = orm.relationship("User", {primaryjoin = "User.id:eq(foreign(Doc.user_id))", backref = "docs"}),
    }
    User.__table__:create(a)
    Doc.__table__:create(b)
    sent = {}
  end)
  after_each(database.clean)

  local function filled()
    local session = orm.Session{binds = {[User] = a, [Doc] = b}}
    session:add(User{name = "ann", docs = {Doc{title = "one"}, Doc{title = "two"}}})
    session:commit()
    sent = {}
    return session
  end

  it("sends what is about a class or a table to its engine, flushes included (SES-14)", function()
    local session <close> = orm.Session{binds = {[User] = a, [Doc.__table__] = b}}
    session:add(User{name = "ann", docs = {Doc{title = "one"}}})
    session:commit()
    assert.same({"a: INSERT INTO users (name) VALUES (?)", "b: INSERT INTO docs (user_id, title) VALUES (?, ?)"}, sent)
    sent = {}
    local doc = session:scalars(la.select(Doc)):one()
    assert.equal("ann", doc.user.name)
    assert.equal(doc, doc.user.docs[1])
    assert.equal(1, session:query(User):count())
    assert.same({"one"}, session:execute(la.select(Doc.__table__.c.title)):scalars():all())
    session:execute(la.update(Doc):where(Doc.id:eq(1)):values{title = "new"})
    session:execute(la.insert(User), {{name = "bob"}, {name = "cid"}})
    session:execute(la.delete(Doc.__table__))
    local engines = {}
    for i, statement in ipairs(sent) do engines[i] = statement:sub(1, 1) end
    assert.equal("b a b a b b a b", table.concat(engines, " "))
  end)

  it("loads relationships across engines: lazily, of expired objects, by selectinload (SES-14)", function()
    local session <close> = filled()
    local doc = session:get(Doc, 1)
    session:expire(doc)
    assert.equal("ann", doc.user.name)
    assert.same({"one", "two"}, {doc.user.docs[1].title, doc.user.docs[2].title})
    session:expunge_all()
    sent = {}
    for _, user in ipairs(session:scalars(la.select(User):options(orm.selectinload(User.docs))):all()) do assert.equal(2, #user.docs) end
    assert.equal(2, #sent)
    assert.equal("a", sent[1]:sub(1, 1))
    assert.equal("b", sent[2]:sub(1, 1))
  end)

  it("has one transaction on each engine, and savepoints on both (SES-14)", function()
    local session <close> = filled()
    local user, doc = session:get(User, 1), session:get(Doc, 1)
    session:begin_nested()
    user.name, doc.title = "x", "y"
    session:flush()
    session:rollback()
    session:begin()
    assert.same({"ann", "one"}, {user.name, doc.title})
    user.name, doc.title = "x", "y"
    session:flush()
    session:rollback()
    assert.same({"ann", "one"}, {user.name, doc.title})
    local savepoint = session:begin_nested()
    user.name = "z"
    savepoint:commit()
    doc.title = "w"
    session:commit()
    local other <close> = orm.Session{binds = {[User] = a, [Doc] = b}}
    assert.same({"z", "w"}, {other:get(User, 1).name, other:get(Doc, 1).title})
  end)

  it("rolls all of them back when a flush fails at one (SES-14)", function()
    local session <close> = filled()
    session:add_all{User{name = "lost"}, Doc{}}
    fails(exc.IntegrityError, "docs.title", function() session:flush() end)
    fails(exc.PendingRollbackError, "rolled back due to a previous exception", function() session:get(User, 1) end)
    session:rollback()
    assert.equal(1, session:query(User):count())
    session:add(User{name = "kept"})
    session:commit()
    assert.equal(2, session:query(User):count())
  end)

  it("takes connections where it has work, and gives all of them back", function()
    local session <close> = filled()
    session:get(User, 1)
    assert.same({1, 0}, {a.pool:checkedout(), b.pool:checkedout()})
    session:get(Doc, 1)
    assert.same({1, 1}, {a.pool:checkedout(), b.pool:checkedout()})
    session:commit()
    assert.same({0, 0}, {a.pool:checkedout(), b.pool:checkedout()})
    session:get(Doc, 1)
    session:close()
    assert.same({0, 0}, {a.pool:checkedout(), b.pool:checkedout()})
  end)

  it("tells begin, commit and rollback of each engine", function()
    local told = {}
    for name, one in pairs{a = a, b = b} do
      for _, moment in ipairs{"begin", "commit", "rollback"} do
        event.listen(one, moment, function() told[#told + 1] = moment .. " " .. name end)
      end
    end
    local session <close> = filled()
    assert.same({"begin a", "begin b", "commit a", "commit b"}, told)
    session:get(Doc, 1)
    session:rollback()
    assert.same({"begin b", "rollback b"}, {told[5], told[6]})
  end)

  it("finds binds by base classes, by bind_mapper and bind_table; its own bind serves the rest (SES-14)", function()
    local session <close> = orm.Session(a, {binds = {[Base] = b}})
    assert.equal(b, session:get_bind(User))
    assert.equal(b, session:get_bind{mapper = la.inspect(Doc)})
    assert.equal(a, session:get_bind())
    assert.equal(a, session:get_bind{clause = la.text "SELECT 1"})
    session:bind_mapper(User, a)
    assert.equal(a, session:get_bind(User))
    local plain = la.Table("plain", la.MetaData(), Column("id", Integer))
    assert.equal(a, session:get_bind{clause = la.select(plain)})
    session:bind_table(plain, b)
    assert.equal(b, session:get_bind{clause = la.select(plain.c.id)})
    assert.equal(a, session:get_bind(Doc, {bind = a}))
  end)

  it("says what has no bind, and what can be none (SES-14)", function()
    local session <close> = orm.Session{binds = {[User] = a}}
    fails(exc.UnboundExecutionError, "Could not locate a bind configured on mapper", function() session:get(Doc, 1) end)
    fails(exc.UnboundExecutionError, "Could not locate a bind configured on SQL expression or this Session.",
      function() session:execute(la.text "SELECT 1") end)
    fails(exc.UnboundExecutionError, "This session is not bound to a single Engine or Connection", function() session:get_bind() end)
    session:add(Doc{title = "x"})
    fails(exc.UnboundExecutionError, "Could not locate a bind configured on mapper", function() session:flush() end)
    fails(exc.ArgumentError, "Not an acceptable bind target", function() orm.Session{binds = {[5] = a}} end)
    fails(exc.ArgumentError, "must be an Engine or a Connection", function() orm.Session{binds = {[User] = "sqlite://"}} end)
  end)

  it("sends one statement, or gives the connection, where bind_arguments say (SES-06, SES-14)", function()
    local session <close> = orm.Session(a)
    session:execute(la.text "SELECT 1", nil, {bind_arguments = {bind = b}})
    session:execute(la.text "SELECT 2")
    assert.same({"b: SELECT 1", "a: SELECT 2"}, sent)
    local other <close> = filled()
    assert.equal(b, other:connection{bind_arguments = {mapper = Doc}}.engine)
    assert.equal(a, other:connection{bind_arguments = {mapper = User}}.engine)
    fails(exc.ArgumentError, "unknown keyword", function() other:connection{bind_argument = {}} end)
  end)

  it("lets a class of sessions say where statements go (SES-14)", function()
    filled():close()
    local asked = {}
    local Routing = orm.Session:class "Routing" {
      get_bind = function(self, mapper, options)
        asked[#asked + 1] = ("%s %s %s"):format(mapper and mapper.class_.__name__ or "-", tostring(options.clause ~= nil), tostring(self._flushing))
        return orm.Session.get_bind(self, mapper, options)
      end,
      titles = function(self) return self:scalars(la.select(Doc.title):order_by(Doc.id)):all() end,
    }
    local maker = orm.sessionmaker{class_ = Routing, binds = {[User] = a, [Doc] = b}}
    local session <close> = maker()
    assert.same({"one", "two"}, session:titles())
    session:get(User, 1).name = "new"
    session:add(User{name = "more"})
    session:commit()
    assert.same({"Doc true false", "User false false", "User false true"}, asked)
    local Wrong = Routing:class "Wrong" {get_bind = function() return "nowhere" end}
    fails(exc.ArgumentError, "get_bind() must give an Engine or a Connection", function() Wrong():titles() end)
    fails(exc.ArgumentError, "class_ is orm.Session", function() orm.sessionmaker{class_ = "Session"} end)
    fails(exc.ArgumentError, 'unknown keyword "bindz"', function() maker{bindz = {}} end)
  end)

  it("raises what get_bind does wrong, in reads and flushes, and works once it is right (SES-14)", function()
    local closed = la.create_engine "sqlite://"
    closed:dispose()
    local wrong = {
      {function() end, exc.ArgumentError, "get_bind() must give an Engine or a Connection, not nil"},
      {function() return {} end, exc.ArgumentError, "get_bind() must give an Engine or a Connection, not {}"},
      {function() return closed end, exc.OperationalError, "no such table"},
      {function(self) return self:query(User):count() end, nil, nil},
      {function() error("mine", 0) end, nil, "mine"},
    }
    for _, case in ipairs(wrong) do
      local give, class, text = table.unpack(case)
      local Wrong = orm.Session:class "Wrong" {get_bind = function(self, ...)
        if self.info.right then return a end
        return give(self, ...)
      end}
      local session <close> = Wrong()
      for _, use in ipairs {function() session:query(User):count() end, function() session:add(User{name = "x"}) session:flush() end} do
        local ok, err = pcall(use)
        assert.is_false(ok)
        assert.is_true(class == nil or class:matches(err), tostring(err))
        assert.truthy(text == nil or tostring(err):find(text, 1, true), tostring(err))
        session:rollback()
      end
      session.info.right = true
      session:add(User{name = "x"})
      session:flush()
      session:rollback()
    end
  end)

  it("lets listeners listen to a class of sessions", function()
    local Own = orm.Session:class "Own" {__init = function(self, options) self.tenant = options.info and options.info.tenant end}
    local heard = {}
    event.listen(Own, "after_commit", function(session) heard[#heard + 1] = session.tenant end)
    local session <close> = Own{bind = a, info = {tenant = "north"}}
    session:execute(la.text "SELECT 1")
    session:commit()
    local plain <close> = orm.Session(a)
    plain:execute(la.text "SELECT 1")
    plain:commit()
    assert.same({"north"}, heard)
  end)

  it("keeps objects of equal keys apart by their identity token (UOW-15, SES-05, SES-18)", function()
    local session <close> = orm.Session(a)
    session:add(User{name = "ann"})
    session:commit()
    local one = session:get(User, 1)
    local two = session:get(User, 1, {identity_token = "mirror"})
    local three = session:scalars(la.select(User):execution_options{identity_token = "mirror"}):one()
    assert.are_not.equal(one, two)
    assert.equal(two, three)
    assert.equal("mirror", la.inspect(two).identity_token)
    assert.same({User, {1}, "mirror"}, orm.identity_key{instance = two})
    assert.equal(two, session.identity_map:get(orm.identity_key(User, 1, {identity_token = "mirror"})))
    assert.equal(one, session:get(User, 1))
    session:expire(two)
    assert.equal("ann", two.name)
    session:close()
    session:add(two)
    assert.are_not.equal(two, session:get(User, 1))
    local copy = session:merge(two)
    assert.equal(two, copy)
  end)
end)
