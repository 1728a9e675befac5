-- SPDX-License-Identifier: MIT
-- What is called when attributes change: validators, listeners of set, append, remove and bulk_replace, of constructors and unset values.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local event = la.event
local exc = la.exc
local shop = require "spec.support.shop"
local fails = require "spec.support.fails"

describe("listeners of attributes", function()
  local s, User, Address, log
  before_each(function()
    s = shop.new():fill()
    User, Address, log = s.User, s.Address, {}
  end)
  after_each(function() s:close() end)

  local function show(value)
    if value == orm.NO_VALUE or value == nil then return tostring(value) end
    if la.isinstance(value, User) then return value.name end
    if la.isinstance(value, Address) then return value.email end
    return tostring(value)
  end

  local function watch()
    event.listen(User.name, "set", function(_, value, old, initiator)
      log[#log + 1] = ("set name %s %s %s"):format(show(value), show(old), initiator.key)
    end)
    event.listen(User.addresses, "append", function(_, value, initiator)
      log[#log + 1] = ("append addresses %s %s"):format(show(value), initiator.key)
    end)
    event.listen(User.addresses, "remove", function(_, value, initiator)
      log[#log + 1] = ("remove addresses %s %s"):format(show(value), initiator.key)
    end)
    event.listen(User.addresses, "bulk_replace", function(_, values, initiator)
      log[#log + 1] = ("bulk_replace addresses %d %s"):format(#values, initiator.op)
    end)
    event.listen(Address.user, "set", function(_, value, old, initiator)
      log[#log + 1] = ("set user %s %s %s"):format(show(value), show(old), initiator.key)
    end)
  end

  local function during(fn)
    log = {}
    fn()
    return log
  end

  it("are told of each change and of what it brings on the other side (EVT-08)", function()
    watch()
    local ann, bob, x, y
    assert.same({"set name Ann NO_VALUE name"}, during(function() ann = User{name = "Ann"} end))
    bob, x, y = User{name = "Bob"}, Address{email = "x"}, Address{email = "y"}
    assert.same({"set user Ann NO_VALUE addresses", "append addresses x addresses"}, during(function() ann.addresses:append(x) end))
    assert.same({"remove addresses x user", "append addresses x user", "set user Bob Ann user"}, during(function() x.user = bob end))
    assert.same({"set user nil Bob addresses", "remove addresses x addresses"}, during(function() bob.addresses:remove(x) end))
    assert.same({"bulk_replace addresses 2 bulk_replace", "set user Ann nil addresses", "append addresses x addresses",
      "set user Ann NO_VALUE addresses", "append addresses y addresses"}, during(function() ann.addresses = {x, y} end))
    assert.same({"bulk_replace addresses 1 bulk_replace", "set user nil Ann addresses", "remove addresses x addresses"},
      during(function() ann.addresses = {y} end))
    assert.same({"remove addresses y user", "set user nil Ann user"}, during(function() y.user = nil end))
    assert.same({"set name Anna Ann name"}, during(function() ann.name = "Anna" end))
  end)

  it("are told of lists and sets that come and go, and of what is flagged (EVT-08)", function()
    local Base = orm.declarative_base()
    local A = Base:class "A" {
      __tablename__ = "a", id = la.Column(la.Integer, {primary_key = true}), data = la.Column(la.JSON),
      list = orm.relationship("B", {overlaps = "set"}), set = orm.relationship("B", {collection_class = "set", overlaps = "list"}),
    }
    Base:class "B" {__tablename__ = "b", id = la.Column(la.Integer, {primary_key = true}), a_id = la.Column(la.ForeignKey "a.id")}
    local heard = {}
    local function hear(attribute, name)
      la.event.listen(attribute, name, function(object, collection) heard[#heard + 1] = {name, object, collection} end)
    end
    hear(A.list, "init_collection")
    hear(A.set, "init_collection")
    hear(A.set, "dispose_collection")
    hear(A.data, "modified")
    local a = A{data = {}}
    local list, set = a.list, a.set
    assert.same({{"init_collection", a, list}, {"init_collection", a, set}}, heard)
    assert.equal(list, a.list)
    a.set = {}
    assert.same({"dispose_collection", a, set}, heard[3])
    assert.same({"init_collection", a, a.set}, heard[4])
    require("lualchemy.orm.attributes").flag_modified(a, "data")
    assert.same({"modified", a}, {heard[5][1], heard[5][2]})
    assert.equal("data", heard[5][3].key)
    assert.equal(5, #heard)
  end)

  it("see the old value if it is loaded, or with active_history (EVT-08)", function()
    watch()
    local ann = s.session:get(User, 1)
    s.session:expire(ann)
    assert.same({"set name x NO_VALUE name"}, during(function() ann.name = "x" end))
    s.session:expire(ann)
    event.listen(User.name, "set", function() end, {active_history = true})
    assert.same({"set name x Ann name"}, during(function() ann.name = "x" end))
  end)

  it("replace the value with retval (EVT-08)", function()
    event.listen(User.name, "set", function(_, value) return value:upper() end, {retval = true})
    event.listen(User.name, "set", function(_, value) return value .. "!" end, {retval = true})
    local other = Address{email = "other"}
    event.listen(User.addresses, "append", function(_, value)
      return value.email == "swap" and other or value
    end, {retval = true})
    local new = User{name = "new", addresses = {Address{email = "kept"}}}
    assert.equal("NEW!", new.name)
    new.addresses:append(Address{email = "swap"})
    assert.equal(other, new.addresses[2])
    assert.equal(new, other.user)
    event.listen(User.age, "set", function() end, {retval = true})
    fails(exc.ArgumentError, "has to return 1 value", function() new.age = 3 end)
    event.listen(Address.user, "set", function() return "nobody" end, {retval = true})
    fails(exc.ArgumentError, "gave a string instead of an object", function() other.user = nil end)
  end)

  it("may change the list of a bulk replacement before it is taken (EVT-08)", function()
    event.listen(User.addresses, "bulk_replace", function(_, values)
      for i = #values, 1, -1 do
        if values[i].email == "bad" then table.remove(values, i) end
      end
    end)
    local given = {Address{email = "good"}, Address{email = "bad"}}
    local new = User{name = "new", addresses = given}
    assert.equal(1, #new.addresses)
    assert.equal(2, #given)
  end)

  it("stop a change by an error, which leaves everything as it was (EVT-08)", function()
    event.listen(User.addresses, "remove", function() error("stay", 0) end)
    event.listen(User.name, "set", function() error("no name", 0) end)
    local ann = s.session:get(User, 1)
    local address = ann.addresses[1]
    local ok, err = pcall(function() ann.addresses:remove(address) end)
    assert.same({false, "stay"}, {ok, err})
    assert.equal(2, #ann.addresses)
    assert.equal(ann, address.user)
    assert.is_false((pcall(function() ann.name = "x" end)))
    assert.equal("Ann", ann.name)
    assert.is_false(s.session:is_modified(ann))
  end)

  it("may change, expire or delete what is being changed", function()
    local ann = s.session:get(User, 1)
    local first, second = ann.addresses[1], ann.addresses[2]
    local removing = false
    event.listen(User.addresses, "remove", function(user, value)
      if not removing then
        removing = true
        user.addresses:remove(value)
      end
    end)
    ann.addresses:remove(first)
    assert.same({second}, {table.unpack(ann.addresses)})
    event.listen(User.addresses, "append", function(user) s.session:expire(user) end, {once = true})
    fails(exc.InvalidRequestError, "was expired by a listener of its own change", function() ann.addresses:append(Address{email = "z"}) end)
    event.listen(Address.user, "set", function() collectgarbage() end)
    second.user = s.session:get(User, 2)
    s.session:commit()
    assert.equal(0, #ann.addresses)
  end)

  it("reach the attribute of subclasses with propagate (EVT-08)", function()
    local Base = orm.declarative_base()
    local Animal = Base:class "Animal" {__tablename__ = "animal", id = la.Column(la.Integer, {primary_key = true}), name = la.Column(la.String),
      kind = la.Column(la.String), __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "animal"}}
    local Cat = Animal:class "Cat" {__mapper_args__ = {polymorphic_identity = "cat"}}
    local seen = {}
    event.listen(Animal.name, "set", function(_, value) seen[#seen + 1] = "own " .. value end)
    event.listen(Animal.name, "set", function(_, value) seen[#seen + 1] = "all " .. value end, {propagate = true})
    local tom = Cat {name = "Tom"}
    local cow = Animal {name = "Cow"}
    assert.same({"all Tom", "own Cow", "all Cow"}, seen)
    assert.is_true(tom.name == "Tom" and cow.name == "Cow")
  end)

  it("get the state with raw, names with named, and end with remove (EVT-08)", function()
    local got
    local fn = function(args) got = args end
    event.listen(User.name, "set", fn, {named = true, raw = true})
    local new = User{name = "x"}
    assert.equal("x", got.value)
    assert.equal(orm.NO_VALUE, got.oldvalue)
    assert.is_true(got.target.transient)
    assert.equal(new, got.target.object)
    event.remove(User.name, "set", fn)
    got = nil
    new.name = "y"
    assert.is_nil(got)
  end)

  it("give values to attributes that have none (EVT-08)", function()
    event.listen(User.age, "init_scalar", function() return 18 end, {retval = true})
    local new = User{name = "x"}
    assert.equal(18, new.age)
    new.age = 20
    assert.equal(20, new.age)
    assert.is_nil(Address{email = "x"}.user_id)
  end)

  it("may name the attribute by what inspect says of it (EVT-08)", function()
    event.listen(la.inspect(User).column_attrs.age, "init_scalar", function() return 18 end, {retval = true})
    event.listen(la.inspect(User).relationships.addresses, "append", function(_, address) log[#log + 1] = address.email end)
    assert.equal(18, User{name = "x", addresses = {Address{email = "x@y"}}}.age)
    assert.same({"x@y"}, log)
  end)

  it("refuse what is no attribute", function()
    fails(exc.InvalidRequestError, "No such event 'set' for target", function() event.listen(User, "set", print) end)
    fails(exc.InvalidRequestError, "No such event 'append'", function() event.listen(User.__table__.c.name, "append", print) end)
  end)
end)

describe("listeners of constructors", function()
  local s, User
  before_each(function()
    s = shop.new()
    User = s.User
  end)
  after_each(function() s:close() end)

  it("are told before the constructor, and may change the fields (EVT-07)", function()
    event.listen(User, "init", function(user, _, fields)
      assert.is_nil(user.name)
      fields.name = (fields.name or "nobody"):upper()
    end)
    local given = {name = "ann"}
    assert.equal("ANN", User(given).name)
    assert.equal("ann", given.name)
    assert.equal("NOBODY", User().name)
  end)

  it("are told of a constructor that fails, whose error goes on (EVT-07)", function()
    local failed
    event.listen(User, "init_failure", function(user) failed = user end)
    function User:__init() error("no objects today", 0) end -- luacheck: ignore self
    local ok, err = pcall(User, {})
    assert.same({false, "no objects today"}, {ok, err})
    assert.is_true(la.isinstance(failed, User))
  end)

  it("call a reconstructor for loaded objects, not for new ones (EVT-07, DEC-23)", function()
    local Base = orm.declarative_base()
    local Note = Base:class "Note" {__tablename__ = "note", id = la.Column(la.Integer, {primary_key = true}), text = la.Column(la.String),
      wake = orm.reconstructor(function(self) self.length = #self.text end)}
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session = orm.Session(engine)
    local new = Note {text = "abc"}
    assert.is_nil(new.length)
    session:add(new)
    session:commit()
    session:close()
    local loaded = session:query(Note):one()
    assert.equal(3, loaded.length)
    loaded.text = "abcd"
    loaded:wake()
    assert.equal(4, loaded.length)
    session:close()
    engine:dispose()
  end)
end)

describe("validates (DEC-22)", function()
  local seen
  local function model(options)
    seen = {}
    local Base = orm.declarative_base()
    local Team = Base:class "Team" {__tablename__ = "team", id = la.Column(la.Integer, {primary_key = true}), name = la.Column(la.String),
      members = orm.relationship("Member", {back_populates = "team"}),
      check = orm.validates("name", "members", options)(function(_, key, value, is_remove)
        seen[#seen + 1] = key .. " " .. tostring(key == "name" and value or value.name) .. " " .. tostring(is_remove)
        if value == "bad" then error("bad name", 0) end
        return key == "name" and value:upper() or value
      end)}
    local Member = Base:class "Member" {__tablename__ = "member", id = la.Column(la.Integer, {primary_key = true}), name = la.Column(la.String),
      team_id = la.Column(la.Integer, la.ForeignKey "team.id"), team = orm.relationship("Team", {back_populates = "members"})}
    return Team, Member, Base
  end

  it("checks and replaces what is set and appended, before other listeners; removals are not told (UOW-74)", function()
    local Team, Member = model()
    event.listen(Team.name, "set", function(_, value) seen[#seen + 1] = "listener " .. value end)
    local team = Team {name = "red"}
    assert.equal("RED", team.name)
    local a, b = Member {name = "a"}, Member {name = "b"}
    team.members:append(a)
    team.members:remove(a)
    team.members = {a, b}
    b.team = nil
    b.team = team
    assert.same({"name red nil", "listener RED", "members a nil", "members a nil", "members b nil", "members b nil"}, seen)
    local ok, err = pcall(function() team.name = "bad" end)
    assert.same({false, "bad name"}, {ok, err})
    assert.equal("RED", team.name)
    assert.equal("X", team:check("name", "x"))
  end)

  it("is told of removals with include_removes (UOW-74)", function()
    local Team, Member = model {include_removes = true}
    local a = Member {name = "a"}
    local team = Team {members = {a}}
    team.members:remove(a)
    a.team = team
    a.team = nil
    assert.same({"members a false", "members a true", "members a false", "members a true"}, seen)
  end)

  it("is not told of what the other side brings with include_backrefs = false (UOW-74)", function()
    local Team, Member = model {include_backrefs = false}
    local team = Team {}
    Member {name = "a"}.team = team
    assert.same({}, seen)
    team.members:append(Member {name = "b"})
    assert.same({"members b nil"}, seen)
  end)

  it("holds for subclasses and comes with mixins (UOW-74)", function()
    local Base = orm.declarative_base()
    local Named = orm.mixin {name = la.Column(la.String), upper = orm.validates("name")(function(_, _, value) return value:upper() end)}
    local Animal = Base:class "Animal" {Named, __tablename__ = "animal", id = la.Column(la.Integer, {primary_key = true}),
      kind = la.Column(la.String), __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "animal"}}
    local Cat = Animal:class "Cat" {__mapper_args__ = {polymorphic_identity = "cat"}}
    assert.same({"COW", "TOM"}, {Animal {name = "cow"}.name, Cat {name = "tom"}.name})
  end)

  it("refuses two functions for one attribute, and what is no name", function()
    local Base = orm.declarative_base()
    local check = orm.validates "name"(function(_, _, value) return value end)
    fails(exc.InvalidRequestError, "A validation function for mapped attribute 'name' on mapper Mapper[Twice] already exists.", function()
      Base:class "Twice" {__tablename__ = "twice", id = la.Column(la.Integer, {primary_key = true}), name = la.Column(la.String), a = check, b = check}
    end)
    fails(exc.ArgumentError, "names of attributes", function() orm.validates(5) end)
    fails(exc.ArgumentError, 'did you mean "include_removes"', function() orm.validates("name", {include_remove = true}) end)
  end)
end)
