-- SPDX-License-Identifier: MIT
-- Events of sessions, mappers and objects: which are fired, in which order, and what listeners may do.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local event = la.event
local exc = la.exc
local shop = require "spec.support.shop"
local fails = require "spec.support.fails"

local transitions = {
  "transient_to_pending", "pending_to_transient", "pending_to_persistent", "persistent_to_transient", "loaded_as_persistent",
  "persistent_to_deleted", "persistent_to_detached", "deleted_to_persistent", "deleted_to_detached", "detached_to_persistent",
  "before_attach", "after_attach",
}

describe("events of objects", function()
  local s, User, Address, log
  before_each(function()
    s = shop.new()
    User, Address, log = s.User, s.Address, {}
  end)
  after_each(function() s:close() end)

  local function name_of(object)
    return la.isinstance(object, User) and "user" or "address"
  end

  -- What `fn` makes happen, as a sequence of texts.
  local function during(fn)
    log = {}
    fn()
    return log
  end

  local function sorted(list)
    table.sort(list)
    return list
  end

  local function watch(target, names)
    for _, name in ipairs(names) do
      event.listen(target, name, function(session, object)
        assert.equal("lualchemy.Session", require("lualchemy.core").class_of(session))
        log[#log + 1] = name .. " " .. name_of(object)
      end)
    end
  end

  it("tell each change of state once (EVT-05, UOW-13)", function()
    watch(s.session, transitions)
    local ann = User{name = "Ann", addresses = {Address{email = "x"}}}
    local session = s.session
    local function attached(what, name)
      return {"before_attach " .. name, "after_attach " .. name, what .. " " .. name}
    end
    assert.same({"before_attach user", "before_attach address", "after_attach user", "transient_to_pending user", "after_attach address",
      "transient_to_pending address"}, during(function() session:add(ann) end))
    assert.same({"pending_to_transient address", "pending_to_transient user"}, sorted(during(function() session:rollback() end)))
    during(function() session:add(ann) end)
    assert.same({"pending_to_persistent user", "pending_to_persistent address"}, during(function() session:flush() end))
    assert.same({"persistent_to_transient address", "persistent_to_transient user"}, sorted(during(function() session:rollback() end)))
    session:add(ann)
    session:commit()
    assert.same({}, during(function() ann.name = "Bob" session:commit() end))
    local address = ann.addresses[1]
    assert.same({}, during(function() session:delete(address) end))
    assert.same({"persistent_to_deleted address"}, during(function() session:flush() end))
    assert.same({"deleted_to_persistent address"}, during(function() session:rollback() end))
    session:delete(address)
    session:flush()
    assert.same({"deleted_to_detached address"}, during(function() session:commit() end))
    assert.same({"persistent_to_detached user"}, during(function() session:expunge(ann) end))
    assert.same(attached("detached_to_persistent", "user"), during(function() session:add(ann) end))
    assert.same({"persistent_to_detached user"}, during(function() session:close() end))
    ann = nil -- luacheck: ignore
    collectgarbage()
    local users
    assert.same({"loaded_as_persistent user"}, during(function() users = session:query(User):all() end))
    assert.same({}, during(function() session:query(User):all() end))
    assert.equal(1, #users)
  end)

  it("tell of objects that a bulk delete takes away (EVT-05, QRY-12)", function()
    local session = s:fill().session
    local address = session:get(Address, 3)
    watch(session, {"persistent_to_deleted", "deleted_to_detached"})
    assert.same({"persistent_to_deleted address"}, during(function() session:execute(la.delete(Address):where(Address.id:ge(2))) end))
    assert.same({"deleted_to_detached address"}, during(function() session:commit() end))
    assert.is_true(la.inspect(address).detached)
  end)

  it("tell of nothing but the object itself when a detached one is deleted (EVT-05, UOW-10)", function()
    local session = s:fill().session
    local address = session:get(Address, 3)
    session:expunge(address)
    address.user = User{name = "Dan"}
    watch(session, {"before_attach", "after_attach", "transient_to_pending"})
    assert.same({"before_attach address", "after_attach address"}, during(function() session:delete(address) end))
  end)

  it("reach one session, the sessions of a maker, or all of them (EVT-05, SES-02)", function()
    local one, other = s.Session(), orm.Session(s.engine)
    local seen = {}
    local function listen(target, name)
      local function fn() seen[#seen + 1] = name end
      event.listen(target, "transient_to_pending", fn)
      return fn
    end
    local fn = listen(orm.Session, "all")
    listen(s.Session, "maker")
    listen(one, "one")
    one:add(User{name = "a"})
    assert.same({"all", "maker", "one"}, seen)
    other:add(User{name = "b"})
    s.Session():add(User{name = "c"})
    event.remove(orm.Session, "transient_to_pending", fn)
    other:add(User{name = "d"})
    assert.same({"all", "maker", "one", "all", "all", "maker"}, seen)
    assert.is_false(event.contains(orm.Session, "transient_to_pending", fn))
    fails(exc.ArgumentError, "before_flush", function() event.listen(User, "before_flush", print) end)
    one:close()
    other:close()
  end)

  it("let before_attach refuse an object before anything is added (EVT-05)", function()
    event.listen(s.session, "before_attach", function(session, object)
      assert.is_false(session:contains(object))
      if name_of(object) == "address" then error("no addresses", 0) end
    end)
    local ann = User{name = "Ann", addresses = {Address{email = "x"}}}
    local ok, err = pcall(s.session.add, s.session, ann)
    assert.is_false(ok)
    assert.equal("no addresses", err)
    assert.equal(0, #s.session.new)
    s.session:add(User{name = "Bob"})
    assert.equal(1, #s.session.new)
  end)

  it("tell of loading, refreshing and expiring (EVT-07)", function()
    s:fill()
    for _, name in ipairs {"load", "refresh", "expire"} do
      event.listen(User, name, function(object, ...)
        log[#log + 1] = name .. " " .. tostring(rawequal(select(1, ...), s.session)) .. " " .. (la.inspect(object).identity or {object.id})[1]
      end)
    end
    local ann
    assert.same({"load true 1"}, during(function() ann = s.session:get(User, 1) end))
    assert.same({}, during(function() s.session:get(User, 1) end))
    assert.same({"load true 2", "load true 3"}, during(function() s.session:query(User):order_by(User.id):all() end))
    assert.same({"expire false 1"}, during(function() s.session:expire(ann) end))
    assert.same({"refresh true 1"}, during(function() assert.equal("Ann", ann.name) end))
    assert.same({"expire false 1"}, during(function() s.session:expire(ann, {"name"}) end))
    assert.same({"refresh true 1"}, during(function() assert.equal("Ann", ann.name) end))
    assert.same({"expire false 1", "refresh true 1"}, during(function() s.session:refresh(ann) end))
    assert.same({"expire false 1", "refresh true 1"}, during(function() s.session:refresh(ann, {"name"}) end))
    assert.same({"expire false 1"}, during(function() collectgarbage() s.session:commit() end))
    assert.same({"load false 9"}, during(function() s.session:merge(User{id = 9, name = "New"}) end))
  end)

  it("have load listeners see the object's loaded attributes and eager links before the query is over (EVT-07)", function()
    s:fill()
    event.listen(User, "load", function(object)
      object.note = object.name .. " " .. #object.addresses
    end)
    local users = s.session:query(User):options(orm.joinedload(User.addresses)):order_by(User.id):all()
    assert.equal("Ann 2", users[1].note)
    assert.equal("Cid 0", users[3].note)
  end)
end)

describe("events of a flush", function()
  local s, User, Address, log
  before_each(function()
    s = shop.new():fill()
    User, Address, log = s.User, s.Address, {}
  end)
  after_each(function() s:close() end)

  local function listen_all(target, options)
    for _, name in ipairs {"before_insert", "after_insert", "before_update", "after_update", "before_delete", "after_delete"} do
      event.listen(target, name, function(mapper, connection, object)
        assert.equal(User.__mapper__, mapper)
        assert.equal(1, connection:scalar(la.text "SELECT 1"))
        log[#log + 1] = name .. " " .. (object.name or object.email)
      end, options)
    end
  end

  it("tell of all objects of a batch before its statements, and of all after (EVT-06, UOW-53)", function()
    listen_all(User)
    s.session:add_all{User{name = "x"}, User{name = "y"}}
    s:forget()
    s.session:flush()
    assert.same({"before_insert x", "before_insert y", "after_insert x", "after_insert y"}, log)
    log = {}
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    ann.age = 31
    bob.name = bob.name .. "!"
    bob.name = "Bob"
    s.session:delete(s.session:get(User, 3))
    s.session:flush()
    assert.same({"before_update Ann", "after_update Ann", "before_delete Cid", "after_delete Cid"}, (function()
      local kept = {}
      for _, text in ipairs(log) do
        if not text:find "Bob" then kept[#kept + 1] = text end
      end
      return kept
    end)())
  end)

  it("tell of an update for every changed object, also without an UPDATE (UOW-53)", function()
    listen_all(User)
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    ann.name = "Ann2"
    bob.name = "other"
    bob.name = "Bob"
    s:forget()
    s.session:flush()
    assert.same({"before_update Ann2", "before_update Bob", "after_update Ann2", "after_update Bob"}, log)
  end)

  it("reach a class alone, its subclasses with propagate, or every class through orm.Mapper (EVT-06)", function()
    local Base = orm.declarative_base()
    local Stamped = orm.mixin {stamp = la.Column(la.String)}
    local Animal = Base:class "Animal" {Stamped, __tablename__ = "animal", id = la.Column(la.Integer, {primary_key = true}),
      name = la.Column(la.String), kind = la.Column(la.String), __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "animal"}}
    local seen = {}
    local function on(target, name, options)
      local fn = function(_, _, object) seen[#seen + 1] = name .. " " .. object.name end
      event.listen(target, "before_insert", fn, options)
      return fn
    end
    on(Animal, "alone")
    on(Animal, "family", {propagate = true})
    on(Base, "base")
    on(Base, "base family", {propagate = true})
    on(Stamped, "mixin", {propagate = true})
    local Cat = Animal:class "Cat" {__mapper_args__ = {polymorphic_identity = "cat"}}
    local all = on(orm.Mapper, "all")
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add(Cat {name = "cat"})
    session:flush()
    assert.same({"all cat", "family cat", "base family cat", "mixin cat"}, seen)
    seen = {}
    session:add(Animal {name = "cow"})
    session:flush()
    assert.same({"all cow", "alone cow", "family cow", "base family cow", "mixin cow"}, seen)
    event.remove(orm.Mapper, "before_insert", all)
    engine:dispose()
  end)

  it("tell what a flush has fetched: defaults, server defaults that came back, onupdate (EVT-07, UOW-102)", function()
    local Base = orm.declarative_base()
    local Note = Base:class "Note" {__tablename__ = "note", id = la.Column(la.Integer, {primary_key = true}), name = la.Column(la.String),
      a = la.Column(la.String, {default = "x"}), b = la.Column(la.String, {default = function() return "y" end}),
      c = la.Column(la.String, {server_default = "z"}), d = la.Column(la.Integer, {onupdate = 5}), __mapper_args__ = {eager_defaults = true}}
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    event.listen(Note, "refresh_flush", function(note, context, names)
      assert.equal(session, context.session)
      table.sort(names)
      log[#log + 1] = ("%s %s%s"):format(note.name, table.concat(names), note[names[1]])
    end)
    event.listen(Note, "after_insert", function(_, _, note) log[#log + 1] = "after " .. note.name end)
    local one = Note {name = "1"}
    session:add_all {one, Note {name = "2", a = "given"}}
    session:flush()
    assert.same({"1 abcx", "2 bcy", "after 1", "after 2"}, log)
    log = {}
    one.name = "3"
    session:flush()
    assert.same({"3 d5"}, log)
    engine:dispose()
  end)

  it("come object by object with batch = false (UOW-52)", function()
    local Base = orm.declarative_base()
    local Note = Base:class "Note" {__tablename__ = "note", id = la.Column(la.Integer, {primary_key = true}), name = la.Column(la.String),
      __mapper_args__ = {batch = false}}
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    event.listen(Note, "before_insert", function(_, _, note) log[#log + 1] = "before " .. note.name end)
    event.listen(Note, "after_insert", function(_, _, note) log[#log + 1] = ("after %s %d"):format(note.name, note.id) end)
    event.listen(Note, "after_update", function(_, connection, note)
      log[#log + 1] = "updated " .. connection:scalar(la.select(Note.__table__.c.name):where(Note.__table__.c.id:eq(note.id)))
    end)
    local session <close> = orm.Session(engine)
    local notes = {Note {name = "a"}, Note {name = "b"}, Note {name = "c"}}
    session:add_all(notes)
    session:flush()
    assert.same({"before a", "after a 1", "before b", "after b 2", "before c", "after c 3"}, log)
    notes[1].name, notes[3].name = "x", "z"
    log = {}
    session:flush()
    assert.same({"updated x", "updated z"}, log)
    assert.same({"x", "b", "z"}, session:scalars(la.select(Note.name):order_by(Note.id)):all())
    session:add(Note{name = "d"})
    notes[2].name = "y"
    log = {}
    session:flush()
    assert.same({"before d", "after d 4", "updated y"}, log)
    engine:dispose()
  end)

  it("let listeners change the columns of their object, which is what is sent (EVT-06)", function()
    event.listen(User, "before_insert", function(_, _, user) user.name = user.name:upper() end)
    event.listen(User, "before_update", function(_, _, user) user.age = (user.age or 0) + 1 end)
    local new = User{name = "new"}
    s.session:add(new)
    s.session:commit()
    assert.equal("NEW", new.name)
    new.name = "Newer"
    s.session:commit()
    assert.equal(1, new.age)
  end)

  it("let before_flush add, delete and change; after_flush still sees the history, after_flush_postexec nothing left (EVT-05, UOW-33)", function()
    local session = s.session
    local ann, cid = session:get(User, 1), session:get(User, 3)
    event.listen(session, "before_flush", function(the_session, context, instances)
      assert.equal(session, the_session)
      assert.equal(session, context.session)
      assert.is_nil(instances)
      if #session.new == 0 then
        session:add(User{name = "added"})
        session:delete(cid)
        ann.name = "Changed"
      end
    end)
    event.listen(session, "after_flush", function()
      local history = la.inspect(ann).attrs.name.history
      assert.same({{"Changed"}, {"Ann"}}, {history.added, history.deleted})
      log[#log + 1] = ("%d %d %d"):format(#session.new, #session.dirty, #session.deleted)
    end)
    event.listen(session, "after_flush_postexec", function()
      log[#log + 1] = ("%d %d %d"):format(#session.new, #session.dirty, #session.deleted)
    end, {once = true})
    ann.age = 99
    session:commit()
    assert.same({"1 1 1", "0 0 0"}, log)
    assert.same({"Changed", "Bob", "added"}, session:scalars(la.select(User.name):order_by(User.id)):all())
  end)

  it("flush again what after_flush_postexec has changed, within the same commit (UOW-33)", function()
    event.listen(s.session, "after_flush_postexec", function(session)
      session:add(User{name = "late"})
    end, {once = true})
    s.session:add(User{name = "first"})
    s.session:commit()
    assert.equal(1, s.session:query(User):filter_by{name = "late"}:count())
  end)

  it("give up after 100 flushes in one commit (UOW-31)", function()
    local count = 0
    event.listen(s.session, "after_flush_postexec", function(session)
      count = count + 1
      session:add(User{name = "n" .. count})
    end)
    s.session:add(User{name = "first"})
    fails(exc.FlushError, "Over 100 subsequent flushes have occurred within session.commit() - is an after_flush() hook creating new objects?",
      function() s.session:commit() end)
    assert.equal(100, count)
  end)

  it("don't flush inside a flush (UOW-32)", function()
    local errors = {}
    local function flush_again(session)
      local ok, err = pcall(session.flush, session)
      errors[#errors + 1] = not ok and err.message
    end
    event.listen(s.session, "before_flush", flush_again)
    event.listen(s.session, "after_flush", flush_again)
    event.listen(s.session, "after_flush_postexec", flush_again)
    event.listen(User, "before_insert", function() flush_again(s.session) end)
    s.session:add(User{name = "x"})
    s.session:flush()
    local already = "Session is already flushing"
    assert.same({already, already, already, already}, errors)
  end)

  it("warn of add and delete while statements are sent (UOW-32)", function()
    local cid = s.session:get(User, 3)
    event.listen(User, "before_insert", function()
      s.session:add(Address{email = "late"})
      s.session:add_all{Address{email = "later"}}
      s.session:delete(cid)
    end, {once = true})
    s.session:add(User{name = "x"})
    local list = la.warnings.catch_warnings(function() s.session:flush() end)
    local said = {}
    for i, warning in ipairs(list) do said[i] = warning.message:match "^Usage of the '(Session%.[%w_]+%(%))' operation is not currently supported" end
    assert.same({"Session.add()", "Session.add_all()", "Session.delete()"}, said)
    assert.equal(2, #s.session.new)
    s.session:flush()
    assert.equal(1, s.session:query(Address):filter_by{email = "late"}:count())
  end)

  it("forget what a listener changes on objects that were clean, with a warning (UOW-58)", function()
    local ann, bob = s.session:get(User, 1), s.session:get(User, 2)
    event.listen(User, "after_update", function() bob.name = "lost" end)
    ann.name = "Ann2"
    local list = la.warnings.catch_warnings(function() s.session:flush() end)
    assert.equal(1, #list)
    assert.equal("Attribute history events accumulated on 1 previously clean instances within inner-flush event handlers have been reset, " ..
      "and will not result in database updates. Consider using set_committed_value() within inner-flush event handlers to avoid this warning.",
      list[1].message)
    assert.equal("lost", bob.name)
    assert.equal(0, #s.session.dirty)
    s.session:commit()
    assert.equal("Bob", bob.name)
  end)

  it("go on to the caller unchanged when they raise, and the flush is undone (EVT-06)", function()
    local mine = {}
    event.listen(User, "after_insert", function() error(mine) end)
    local new = User{name = "x"}
    s.session:add(new)
    local ok, err = pcall(s.session.flush, s.session)
    assert.is_false(ok)
    assert.equal(mine, err)
    fails(exc.PendingRollbackError, "Original exception was", function() s.session:query(User):all() end)
    s.session:rollback()
    assert.equal(3, s.session:query(User):count())
    assert.is_true(la.inspect(new).transient)
  end)

  it("leave everything to be flushed when before_flush raises", function()
    event.listen(s.session, "before_flush", function() error("not yet", 0) end, {once = true})
    s.session:add(User{name = "x"})
    local ok, err = pcall(s.session.flush, s.session)
    assert.same({false, "not yet"}, {ok, err})
    s.session:flush()
    assert.equal(4, s.session:query(User):count())
  end)

  it("can't yield, which is said, and the session is as after any failure", function()
    event.listen(User, "before_insert", function() coroutine.yield() end)
    s.session:add(User{name = "x"})
    local ok, err = coroutine.resume(coroutine.create(function() s.session:flush() end))
    assert.is_false(ok)
    assert.truthy(tostring(err):find("can't yield", 1, true), tostring(err))
    s.session:rollback()
    assert.equal(3, s.session:query(User):count())
  end)
end)

describe("events of the making of classes", function()
  local Column, Integer = la.Column, la.Integer
  local Base, identity
  before_each(function()
    Base = orm.declarative_base()
    identity = Column(Integer, {primary_key = true})
  end)

  it("reach every class below the one listened to, and every attribute that comes (EVT-11)", function()
    local seen = {}
    event.listen(Base, "class_instrument", function(class) seen[#seen + 1] = class.__name__ end)
    event.listen(Base, "attribute_instrument", function(class, key, attribute)
      assert.equal(class[key], attribute)
      seen[#seen + 1] = class.__name__ .. "." .. key
    end)
    local Dog = Base:class "Dog" {__tablename__ = "dogs", id = identity, home_id = Column(Integer, la.ForeignKey "homes.id"),
      home = orm.relationship("Home", {backref = "dogs"})}
    Base:class "Home" {__tablename__ = "homes", id = Column(Integer, {primary_key = true})}
    Dog.age = Column(Integer)
    orm.configure_mappers()
    assert.same({"Dog", "Dog.id", "Dog.home_id", "Dog.home", "Home", "Home.id", "Dog.age", "Home.dogs"}, seen)
  end)

  it("let a listener of mapper_configured add relationships, which have their backrefs (EVT-06, REL-06)", function()
    local Note = Base:class "Note" {__tablename__ = "notes", id = identity, kind = Column(la.String), owner_id = Column(Integer)}
    local HasNotes = orm.mixin {}
    event.listen(HasNotes, "mapper_configured", function(_, class)
      class.notes = orm.relationship(Note, {
        primaryjoin = la.and_(class.id:eq(orm.foreign(orm.remote(Note.owner_id))), Note.kind:eq(class.__name__)),
        backref = orm.backref("of_" .. class.__name__, {primaryjoin = orm.remote(class.id):eq(orm.foreign(Note.owner_id)), viewonly = true}),
      })
    end, {propagate = true})
    local Dog = Base:class "Dog" {HasNotes, __tablename__ = "dogs", id = Column(Integer, {primary_key = true})}
    local Cat = Base:class "Cat" {HasNotes, __tablename__ = "cats", id = Column(Integer, {primary_key = true})}
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add_all {Dog {notes = {Note {kind = "Dog"}}}, Cat {notes = {Note {kind = "Cat"}, Note {kind = "Cat"}}}}
    session:commit()
    local dog, cat = session:query(Dog):one(), session:query(Cat):one()
    assert.same({1, 2}, {#dog.notes, #cat.notes})
    assert.equal(dog, dog.notes[1].of_Dog)
    assert.equal(cat, cat.notes[2].of_Cat)
  end)
end)
