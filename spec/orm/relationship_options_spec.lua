-- SPDX-License-Identifier: MIT
-- Relationships and what their options mean for persistence: many-to-one, association objects, composite keys, viewonly, overlaps,
-- passive_deletes, order_by.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local warnings = require "lualchemy.warnings"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey
local relationship = orm.relationship

local s
after_each(function() if s then s:close() end s = nil end)

--- A recording session with the tables of `base`.
local function open(base)
  s = shop.new()
  base.metadata:create_all(s.engine)
  s:forget()
  return s.session
end

local function id() return Column(Integer, {primary_key = true}) end

describe("a many-to-one", function()
  it("copies the key of what it is given, changes with it, and is read from the identity map (REL-02)", function()
    s = shop.new():fill()
    local User, Address = s.User, s.Address
    local ann, bob, address = s.session:get(User, 1), s.session:get(User, 2), s.session:get(Address, 3)
    assert.same({}, s:during(function() assert.equal(bob, address.user) end))
    address.user = ann
    assert.same({"UPDATE addresses SET user_id=? WHERE addresses.id = ?"}, s:during(function() s.session:flush() end))
    assert.equal(1, address.user_id)
    address.user = User{name = "Dan"}
    assert.same({"INSERT INTO users (name, age) VALUES (?, ?)", "UPDATE addresses SET user_id=? WHERE addresses.id = ?"},
      s:during(function() s.session:flush() end))
    assert.equal(address.user.id, address.user_id)
    address.user = nil
    s.session:commit()
    assert.same({nil, nil}, {address.user_id, address.user})
    assert.is_nil(Address{}.user)
  end)

  it("has a key of several columns", function()
    local Base = orm.declarative_base()
    local Room = Base:class "Room" {
      __tablename__ = "rooms",
      house = Column(Integer, {primary_key = true}),
      number = Column(Integer, {primary_key = true}),
    }
    local Bed = Base:class "Bed" {
      __tablename__ = "beds",
      id = id(),
      house = Column(Integer),
      number = Column(Integer),
      room = relationship("Room", {back_populates = "beds"}),
      __table_args__ = {la.ForeignKeyConstraint({"house", "number"}, {"rooms.house", "rooms.number"})},
    }
    Room.beds = relationship("Bed", {back_populates = "room", order_by = Bed.id})
    local session = open(Base)
    local first, second = Room{house = 1, number = 1}, Room{house = 1, number = 2}
    local bed = Bed{room = first}
    session:add_all{first, second, bed}
    session:commit()
    assert.same({1, 1}, {bed.house, bed.number})
    second.beds = {bed, Bed{}}
    session:commit()
    assert.same({1, 2}, {bed.house, bed.number})
    assert.same({0, 2}, {#first.beds, #second.beds})
    session:delete(second)
    session:commit()
    assert.same({nil, nil, nil}, {bed.house, bed.number, bed.room})
  end)
end)

describe("an association object", function()
  local Order, Item, Line
  local function classes()
    local Base = orm.declarative_base()
    Order = Base:class "Order" {
      __tablename__ = "association_orders",
      id = id(),
      lines = relationship("Line", {back_populates = "order", cascade = "all, delete-orphan", order_by = "Line.item_id"}),
    }
    Item = Base:class "Item" {__tablename__ = "association_items", id = id(), name = Column(String)}
    Line = Base:class "Line" {
      __tablename__ = "association_lines",
      order_id = Column(Integer, ForeignKey "association_orders.id", {primary_key = true}),
      item_id = Column(Integer, ForeignKey "association_items.id", {primary_key = true}),
      count = Column(Integer),
      order = relationship("Order", {back_populates = "lines"}),
      item = relationship "Item",
    }
    return open(Base)
  end

  it("has its key from both sides, and data of its own (REL-05)", function()
    local session = classes()
    local pen, ink = Item{name = "pen"}, Item{name = "ink"}
    local order = Order{lines = {Line{item = pen, count = 2}, Line{item = ink, count = 1}}}
    session:add(order)
    session:commit()
    assert.same({order.id, pen.id, 2}, {order.lines[1].order_id, order.lines[1].item_id, order.lines[1].count})
    assert.equal(ink, order.lines[2].item)
    order.lines[1].count = 5
    order.lines:remove(order.lines[2])
    s:forget()
    session:flush()
    assert.same({"UPDATE association_lines SET count=? WHERE association_lines.order_id = ? AND association_lines.item_id = ?",
      "DELETE FROM association_lines WHERE association_lines.order_id = ? AND association_lines.item_id = ?"}, s:sent())
    session:commit()
    assert.equal(1, #order.lines)
  end)

  it("replaces its row when it is given anew with the same key (REL-05, UOW-47)", function()
    local session = classes()
    local pen = Item{name = "pen"}
    local order = Order{lines = {Line{item = pen, count = 2}}}
    session:add(order)
    session:commit()
    order.lines = {Line{item = pen, count = 9}}
    s:forget()
    session:flush()
    assert.same({"UPDATE association_lines SET count=? WHERE association_lines.order_id = ? AND association_lines.item_id = ?"},
      {s:sent()[#s:sent()]})
    session:commit()
    assert.equal(9, order.lines[1].count)
  end)

  it("goes with its owner (REL-05)", function()
    local session = classes()
    local order = Order{lines = {Line{item = Item{name = "pen"}, count = 2}}}
    session:add(order)
    session:commit()
    session:delete(order)
    session:commit()
    assert.equal(0, session:query(Line):count())
    assert.equal(1, session:query(Item):count())
  end)
end)

describe("a viewonly relationship", function()
  local User, Address
  local function classes(options)
    local Base = orm.declarative_base()
    User = Base:class "User" {
      __tablename__ = "view_users",
      id = id(),
      addresses = relationship("Address", {back_populates = "user"}),
    }
    Address = Base:class "Address" {
      __tablename__ = "view_addresses",
      id = id(),
      city = Column(String),
      user_id = Column(Integer, ForeignKey "view_users.id"),
      user = relationship("User", {back_populates = "addresses"}),
    }
    options.viewonly = true
    options.primaryjoin = function() return la.and_(User.id:eq(Address.user_id), Address.city:eq "Ulm") end
    User.in_ulm = relationship("Address", options)
    return open(Base)
  end

  it("is read and never written, and follows no cascade (REL-12)", function()
    local session = classes{}
    local user = User{addresses = {Address{city = "Ulm"}, Address{city = "Bonn"}}}
    session:add(user)
    session:commit()
    assert.equal(1, #user.in_ulm)
    local fresh = Address{city = "Ulm"}
    user.in_ulm:append(fresh)
    assert.is_false(session:contains(fresh))
    assert.is_nil(fresh.user)
    user.in_ulm:remove(user.in_ulm[1])
    assert.same({}, s:during(function() session:flush() end))
    session:expire(user, {"in_ulm"})
    assert.equal(1, #user.in_ulm)
    user.addresses:append(fresh)
    assert.equal(1, #user.in_ulm)
    session:commit()
    assert.equal(2, #user.in_ulm)
    session:delete(user)
    session:commit()
    assert.equal(3, session:query(Address):filter(Address.user_id:is_(nil)):count())
  end)

  it("keeps of its cascades those that write nothing; without any, merge (REL-12)", function()
    local kept = {
      [false] = "merge", all = "expunge,merge,refresh-expire", ["save-update"] = "",
      ["all, delete-orphan"] = "expunge,merge,refresh-expire", ["delete, expunge"] = "expunge",
    }
    for given, expected in pairs(kept) do
      local session = classes{cascade = given or nil}
      local user = User{addresses = {Address{city = "Ulm"}}}
      session:add(user)
      session:commit()
      local address = user.in_ulm[1]
      assert.equal(expected, tostring(User.in_ulm.property.cascade))
      session:expunge(user)
      assert.equal(not expected:find "expunge", session:contains(address))
      local copy = session:merge(user)
      assert.equal(expected:find "merge" == nil, table.concat(la.inspect(copy).unloaded, ","):find "in_ulm" ~= nil)
      session:delete(copy)
      session:flush()
      assert.equal(1, session:query(Address):count())
      session:close()
    end
  end)

  it("refuses sync_backref (REL-12)", function()
    fails(exc.ArgumentError, "sync_backref and viewonly cannot both be True", function()
      relationship("User", {viewonly = true, sync_backref = true})
    end)
  end)

  it("warns of options that only a flush would use (REL-12)", function()
    local list = warnings.catch_warnings(function()
      relationship("User", {viewonly = true, passive_deletes = true, passive_updates = true, active_history = true})
    end)
    assert.same({"Setting active_history on relationship() while also setting viewonly=True does not make sense",
      "Setting passive_deletes on relationship() while also setting viewonly=True does not make sense"},
      {list[1].message:match "^[^,]+", list[2].message:match "^[^,]+"})
    assert.equal(2, #list)
  end)
end)

describe("relationships that write one column from two", function()
  local function configure(parent_options, child_options)
    local Base = orm.declarative_base()
    Base:class "User" {
      __tablename__ = "users",
      id = id(),
      addresses = relationship("Address", parent_options),
    }
    Base:class "Address" {
      __tablename__ = "addresses",
      id = id(),
      user_id = Column(Integer, ForeignKey "users.id"),
      user = relationship("User", child_options),
    }
    local texts = {}
    for i, warning in ipairs((warnings.catch_warnings(function() Base.registry:configure() end))) do texts[i] = warning.message end
    return texts
  end

  it("are told with the line that mends it (REL-13)", function()
    assert.same({"relationship 'Address.user' will copy column users.id to column addresses.user_id, which conflicts with relationship(s): " ..
      "'User.addresses' (copies users.id to addresses.user_id). If this is not the intention, consider if these relationships should be linked " ..
      "with back_populates, or if viewonly = true should be applied to one or more if they are read-only. " ..
      "To silence this warning, add the parameter 'overlaps = \"addresses\"' to the 'Address.user' relationship."}, configure({}, {}))
  end)

  it("are not where they belong together, one is read only, or the overlap is wanted (REL-13)", function()
    assert.same({}, configure({back_populates = "user"}, {back_populates = "addresses"}))
    assert.same({}, configure({backref = "owner"}, {overlaps = "addresses, owner"}))
    assert.same({}, configure({viewonly = true}, {}))
    assert.same({}, configure({}, {overlaps = "addresses"}))
    assert.same({}, configure({overlaps = "user,other"}, {}))
  end)

  it("are told of keys that overlap in part (REL-13)", function()
    local Base = orm.declarative_base()
    Base:class "Firm" {__tablename__ = "firms", id = id()}
    Base:class "Site" {
      __tablename__ = "sites",
      firm_id = Column(Integer, ForeignKey "firms.id", {primary_key = true}),
      number = Column(Integer, {primary_key = true}),
    }
    Base:class "Worker" {
      __tablename__ = "workers",
      id = id(),
      firm_id = Column(Integer, ForeignKey "firms.id"),
      site_number = Column(Integer),
      firm = relationship "Firm",
      site = relationship "Site",
      __table_args__ = {la.ForeignKeyConstraint({"firm_id", "site_number"}, {"sites.firm_id", "sites.number"})},
    }
    local list = warnings.catch_warnings(function() Base.registry:configure() end)
    assert.equal(1, #list)
    assert.truthy(list[1].message:find("will copy column sites.firm_id to column workers.firm_id, which conflicts with relationship(s): " ..
      "'Worker.firm' (copies firms.id to workers.firm_id)", 1, true))
  end)
end)

describe("passive_deletes", function()
  local Parent, Child
  local function sends(passive, loaded, ondelete)
    local Base = orm.declarative_base()
    Parent = Base:class "Parent" {
      __tablename__ = "parents",
      id = id(),
      children = relationship("Child", {passive_deletes = passive}),
    }
    Child = Base:class "Child" {
      __tablename__ = "children",
      id = id(),
      parent_id = Column(Integer, ForeignKey("parents.id", {ondelete = ondelete})),
    }
    local session = open(Base)
    session:add(Parent{id = 1, children = {Child{id = 1}}})
    session:commit()
    session:expunge_all()
    local parent = session:get(Parent, 1)
    if loaded then assert.equal(1, #parent.children) end
    session:delete(parent)
    local list = s:during(function() session:flush() end)
    for i, text in ipairs(list) do list[i] = text:match "^%a+ %a+" end
    local left = session:scalar(la.select(la.func.count()):select_from(Child))
    s:close()
    s = nil
    return list, left
  end

  it("says who looks after the children of a deleted object (REL-15)", function()
    assert.same({{"SELECT children", "UPDATE children", "DELETE FROM"}, 1}, {sends(false, false, nil)})
    assert.same({{"DELETE FROM"}, 0}, {sends(true, false, "CASCADE")})
    assert.same({{"DELETE FROM"}, 1}, {sends(true, false, "SET NULL")})
    assert.same({{"UPDATE children", "DELETE FROM"}, 1}, {sends(true, true, "SET NULL")})
    assert.same({{"DELETE FROM"}, 0}, {sends("all", true, "CASCADE")})
  end)
end)

describe("order_by", function()
  local Team, Player
  local function names(order, strategy)
    local Base = orm.declarative_base()
    Team = Base:class "Team" {
      __tablename__ = "teams",
      id = id(),
      players = relationship("Player", {order_by = order, lazy = strategy}),
    }
    Player = Base:class "Player" {
      __tablename__ = "players",
      id = id(),
      name = Column(String),
      score = Column(Integer),
      team_id = Column(Integer, ForeignKey "teams.id"),
    }
    local session = open(Base)
    session:add(Team{players = {Player{name = "b", score = 1}, Player{name = "a", score = 2}, Player{name = "c", score = 2}}})
    session:commit()
    session:expunge_all()
    local list = {}
    for i, player in ipairs(session:query(Team):one().players) do list[i] = player.name end
    s:close()
    s = nil
    return table.concat(list)
  end

  it("is a string, a function, or a list of them, in each way of loading (REL-18)", function()
    for _, strategy in ipairs {"select", "joined", "selectin", "subquery", "immediate"} do
      assert.equal("abc", names("Player.name", strategy), strategy)
      assert.equal("cba", names("Player.name:desc()", strategy), strategy)
      assert.equal("acb", names("Player.score:desc(), Player.name", strategy), strategy)
      assert.equal("cab", names({"Player.score:desc()", "Player.name:desc()"}, strategy), strategy)
      assert.equal("cba", names(function() return Player.name:desc() end, strategy), strategy)
    end
  end)

  it("is a column of the other class, or of the secondary table (REL-18)", function()
    local Base = orm.declarative_base()
    local places = la.Table("places", Base.metadata,
      Column("team_id", Integer, ForeignKey "teams.id", {primary_key = true}),
      Column("player_id", Integer, ForeignKey "players.id", {primary_key = true}),
      Column("place", Integer))
    Player = Base:class "Player" {__tablename__ = "players", id = id(), name = Column(String)}
    Team = Base:class "Team" {__tablename__ = "teams", id = id(),
      players = relationship(Player, {secondary = places, order_by = places.c.place:desc()}),
      by_name = relationship(Player, {secondary = places, order_by = Player.name, viewonly = true})}
    local session = open(Base)
    session:add_all{Team{id = 1}, Player{id = 1, name = "x"}, Player{id = 2, name = "w"}}
    session:flush()
    session:execute(places:insert(), {{team_id = 1, player_id = 1, place = 1}, {team_id = 1, player_id = 2, place = 2}})
    local team = session:get(Team, 1)
    assert.same({"w", "x"}, {team.players[1].name, team.players[2].name})
    assert.same({"w", "x"}, {team.by_name[1].name, team.by_name[2].name})
    session:execute(places:update():values{place = 3}:where(places.c.player_id:eq(1)))
    session:expire(team)
    assert.same({"x", "w"}, {team.players[1].name, team.players[2].name})
  end)
end)

describe("an option of a relationship that would do nothing", function()
  it("is refused, with what serves instead", function()
    for option, instead in pairs {
      cascade_backrefs = "may only be set to false", init = "dataclasses",
    } do
      local message = ("relationship: %s is not supported: "):format(option)
      fails(exc.ArgumentError, message, function() relationship("User", {[option] = true}) end)
      fails(exc.ArgumentError, instead, function() relationship("User", {[option] = true}) end)
      fails(exc.ArgumentError, ("backref: %s is not supported: "):format(option), function() orm.backref("user", {[option] = true}) end)
      assert.truthy(relationship("User", {[option] = false}))
    end
  end)
end)

describe("methods of a relationship's own", function()
  local plain = orm.RelationshipProperty.Comparator
  local registry = orm.registry()
  local User = registry:class "User" {}
  local Address = registry:class "Address" {}
  local users = la.Table("owners", registry.metadata, Column("id", la.Integer, {primary_key = true}))
  local addresses = la.Table("places", registry.metadata, Column("id", la.Integer, {primary_key = true}), Column("email", la.String),
    Column("user_id", ForeignKey "owners.id"))
  registry:map_imperatively(User, users, {properties = {
    addresses = relationship(Address, {lazy = "dynamic", back_populates = "user", query_class = {
      at = function(self, email) return self:filter_by{email = email} end,
      count = function(self) return -self:query():count() end,
    }}),
  }})
  registry:map_imperatively(Address, addresses, {properties = {
    user = relationship(User, {back_populates = "addresses", comparator_factory = {
      eq = function(self, other)
        if math.type(other) then return Address.user_id:eq(other) end
        return plain.eq(self, other)
      end,
      above = function(self, least) return self:has(User.id:gt(least)) end,
    }}),
  }})

  it("are those of its comparator_factory, ahead of the usual ones, which they can call", function()
    assert.equal("places.user_id = :user_id_1", tostring(Address.user:eq(7)))
    assert.equal("places.user_id IS NULL", tostring(Address.user:eq(nil)))
    assert.equal("EXISTS (SELECT 1 FROM owners, places WHERE owners.id = places.user_id AND owners.id > :id_1)", tostring(Address.user:above(3)))
    assert.equal("a_1.user_id IS NOT NULL", tostring(orm.aliased(Address, {name = "a_1"}).user:ne(nil)))
  end)

  it("are those of its query_class, beside those of Query, of a collection that is dynamic", function()
    local session = open(registry)
    local user = User{}
    session:add(user)
    user.addresses:extend{Address{email = "x"}, Address{email = "y"}}
    session:commit()
    assert.equal("x", user.addresses:at("x"):one().email)
    assert.equal(-2, user.addresses:count())
    assert.equal("y", user.addresses:filter(Address.email:gt "x"):one().email)
  end)

  it("are a table of functions, or an error says so", function()
    for _, option in ipairs{"comparator_factory", "query_class"} do
      local message = option .. " is a table of methods, not 3"
      fails(exc.ArgumentError, "relationship: " .. message, function() relationship("User", {[option] = 3}) end)
      fails(exc.ArgumentError, "backref: " .. message, function() orm.backref("user", {[option] = 3}) end)
    end
  end)
end)

describe("the two sides of a link", function()
  local Base, A, B
  local function classes(of_many, of_one)
    Base = orm.declarative_base()
    A = Base:class "A" {__tablename__ = "a", id = id(), bs = relationship("B", of_many)}
    B = Base:class "B" {__tablename__ = "b", id = id(), a_id = Column(ForeignKey "a.id"), a = relationship("A", of_one)}
    return open(Base)
  end

  it("name each other by a string, an attribute, or a function (REL-06)", function()
    for _, back in ipairs{function() return B.a end, function() return "a" end, "a"} do
      classes({back_populates = back}, {back_populates = "bs"})
      local a, b = A{}, B{}
      a.bs:append(b)
      assert.equal(a, b.a)
      s:close()
    end
    classes({back_populates = 7}, {})
    fails(exc.ArgumentError, "Invalid back_populates value: 7", function() Base.registry:configure() end)
  end)

  it("do not follow each other with sync_backref = false, and are written all the same (REL-06)", function()
    local session = classes({back_populates = "a", sync_backref = false}, {back_populates = "bs"})
    local a, b, c = A{id = 1}, B{id = 1}, B{id = 2}
    a.bs:append(b)
    assert.is_nil(b.a)
    c.a = a
    assert.is_true(a.bs:contains(c))
    session:add_all{a, b}
    session:commit()
    assert.equal(a, b.a)
    local other = A{id = 2}
    session:add(other)
    other.bs:append(b)
    assert.equal(a, b.a)
    session:commit()
    assert.equal(other, b.a)
  end)

  it("of which one cannot change do not follow it (REL-12)", function()
    classes({back_populates = "a", viewonly = true}, {back_populates = "bs", sync_backref = true})
    fails(exc.InvalidRequestError, "Relationship B.a cannot specify sync_backref=True since A.bs includes viewonly=True.",
      function() Base.registry:configure() end)
  end)
end)

describe("an option of a relationship for its loads", function()
  local Base, A, B, session
  local function classes(options)
    Base = orm.declarative_base()
    A = Base:class "A" {__tablename__ = "a", id = id(), code = Column(Integer), bs = relationship("B", options)}
    B = Base:class "B" {__tablename__ = "b", id = id(), a_id = Column(ForeignKey "a.id"), a = relationship("A", {omit_join = false, viewonly = true})}
    session = open(Base)
    session:add_all{A{id = 1, bs = {B{id = 1}}}, A{id = 2}}
    session:commit()
    session:expunge_all()
  end

  it("omit_join = false joins the parents in a selectinload (LOAD-3.3)", function()
    classes{omit_join = false, order_by = "B.id"}
    local sent = s:during(function() session:scalars(la.select(A):options(orm.selectinload(A.bs))):all() end)
    assert.equal("SELECT a_1.id, b.id, b.a_id FROM a AS a_1 JOIN b ON a_1.id = b.a_id WHERE a_1.id IN (?, ?) ORDER BY b.id", sent[2])
    session:expunge_all()
    sent = s:during(function() session:scalars(la.select(B):options(orm.selectinload(B.a))):all() end)
    assert.equal("SELECT b_1.id, a.id, a.code FROM b AS b_1 JOIN a ON a.id = b_1.a_id WHERE b_1.id IN (?)", sent[2])
    assert.equal("setting omit_join to True is not supported; selectin loading of this relationship may not work correctly if this flag is set " ..
      "explicitly.  omit_join optimization is automatically detected for conditions under which it is supported.",
      warnings.catch_warnings(function() relationship("B", {omit_join = true}) end)[1].message)
  end)

  it("distinct_target_key says whether the parents' statement is DISTINCT in a subqueryload (LOAD-3.4)", function()
    for given, text in pairs{[true] = "SELECT DISTINCT a.id AS a_id", [false] = "SELECT a.id AS a_id"} do
      classes{distinct_target_key = given}
      local sent = s:during(function() session:scalars(la.select(A):options(orm.subqueryload(A.bs))):all() end)
      assert.equal(text, sent[2]:match "FROM %((.-) FROM")
      s:close()
    end
  end)
end)

describe("a secondary", function()
  it("may stand behind the class, and is no mapped class (REL-04)", function()
    local Base = orm.declarative_base()
    local links = la.Table("links", Base.metadata, Column("a_id", ForeignKey "a.id", {primary_key = true}),
      Column("b_id", ForeignKey "b.id", {primary_key = true}))
    local A = Base:class "A" {__tablename__ = "a", id = id(), bs = relationship("B", links, {back_populates = "as"})}
    local B = Base:class "B" {__tablename__ = "b", id = id(), as = relationship("A", links, {back_populates = "bs"})}
    local session = open(Base)
    session:add(A{id = 1, bs = {B{id = 1}}})
    session:commit()
    assert.equal(1, session:get(B, 1).as[1].id)
    A.wrong = relationship(B, {secondary = A})
    fails(exc.ArgumentError, "must be a Table object or other FROM clause; can't send a mapped class directly as rows in 'secondary' are " ..
      "persisted independently of a class that is mapped to that same table.", function() Base.registry:configure() end)
    local Other = orm.declarative_base()
    Other:class "C" {__tablename__ = "c", id = id(), cs = relationship("C", {secondary = 7})}
    fails(exc.ArgumentError, "relationship C.cs: secondary is a table, its name, a join, an alias or a subquery, not 7",
      function() Other.registry:configure() end)
  end)
end)
