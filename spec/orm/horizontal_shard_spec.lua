-- SPDX-License-Identifier: MIT
-- lualchemy.ext.horizontal_shard: rows of one class in several files.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local horizontal_shard = require "lualchemy.ext.horizontal_shard"
local exc = la.exc
local database = require "spec.support.database"
local fails = require "spec.support.fails"

local Column, Integer, String = la.Column, la.Integer, la.String

describe("a sharded session", function()
  local shards, City, Report, options, session

  before_each(function()
    local Base = orm.declarative_base()
    City = Base:class "City" {__tablename__ = "cities", id = Column(Integer, {primary_key = true}), name = Column(String), zone = Column(String)}
    Report = Base:class "Report" {
      __tablename__ = "reports", id = Column(Integer, {primary_key = true}), city_id = Column(Integer, la.ForeignKey "cities.id"),
      degrees = Column(Integer),
      city = orm.relationship("City", {backref = orm.backref("reports", {cascade = "all, delete-orphan"})}),
    }
    shards = {north = la.create_engine("sqlite:///" .. database.path()), south = la.create_engine("sqlite:///" .. database.path())}
    for _, engine in pairs(shards) do Base.metadata:create_all(engine) end
    options = {
      shards = shards,
      shard_chooser = function(mapper, object) return mapper.class_ == City and object.zone or object.city.zone end,
      identity_chooser = function() return {"north", "south"} end,
      execute_chooser = function(state)
        return state.lazy_loaded_from and {state.lazy_loaded_from.identity_token} or {"north", "south"}
      end,
    }
    session = horizontal_shard.ShardedSession(options)
    session:add_all{
      City{name = "oslo", zone = "north", reports = {Report{degrees = 3}, Report{degrees = 4}}},
      City{name = "lima", zone = "south", reports = {Report{degrees = 20}}},
    }
    session:commit()
  end)
  after_each(function()
    session:close()
    database.clean()
  end)

  local function rows(shard, text)
    local connection <close> = shards[shard]:connect()
    return connection:execute(la.text(text)):scalars():all()
  end

  local function names(cities)
    local list = {}
    for i, city in ipairs(cities) do list[i] = city.name end
    return list
  end

  it("writes each object to the shard that shard_chooser says (EXT-09, SES-21)", function()
    assert.same({"oslo"}, rows("north", "SELECT name FROM cities"))
    assert.same({"lima"}, rows("south", "SELECT name FROM cities"))
    assert.same({3, 4}, rows("north", "SELECT degrees FROM reports ORDER BY id"))
    assert.same({20}, rows("south", "SELECT degrees FROM reports"))
  end)

  it("reads from all shards that execute_chooser says; equal keys are objects of their own (EXT-09, SES-21)", function()
    local cities = session:scalars(la.select(City):order_by(City.name)):all()
    assert.same({"oslo", "lima"}, {cities[1].name, cities[2].name})
    assert.same({1, 1}, {cities[1].id, cities[2].id})
    assert.same({"north", "south"}, {la.inspect(cities[1]).identity_token, la.inspect(cities[2]).identity_token})
    assert.same({2, 1}, {#cities[1].reports, #cities[2].reports})
    assert.equal(cities[2], cities[2].reports[1].city)
    session:expunge_all()
    for _, city in ipairs(session:scalars(la.select(City):options(orm.selectinload(City.reports))):all()) do
      assert.equal(city.name == "oslo" and 2 or 1, #city.reports)
      assert.equal(city, city.reports[1].city)
    end
  end)

  it("takes set_shard_id, bind_arguments and identity_token (EXT-09)", function()
    assert.equal("lima", session:scalars(la.select(City):options(horizontal_shard.set_shard_id "south")):one().name)
    assert.equal("oslo", session:scalars(la.select(City), nil, {bind_arguments = {shard_id = "north"}}):one().name)
    assert.equal("lima", session:get(City, 1, {identity_token = "south"}).name)
    fails(exc.InvalidRequestError, 'there is no shard "east"; the shards are north, south',
      function() session:scalars(la.select(City):options(horizontal_shard.set_shard_id "east")) end)
  end)

  it("finds objects by key in the shards of identity_chooser (EXT-09)", function()
    session:add(City{id = 7, name = "quito", zone = "south"})
    session:commit()
    session:expunge_all()
    local quito = session:get(City, 7)
    assert.equal("quito", quito.name)
    assert.equal(quito, session:get(City, 7))
    assert.is_nil(session:get(City, 8))
  end)

  it("updates, refreshes, deletes and rolls back where the object lies (EXT-09, SES-21)", function()
    local lima = session:get(City, 1, {identity_token = "south"})
    lima.name = "Lima"
    lima.reports:append(Report{degrees = 21})
    session:commit()
    assert.same({"Lima"}, rows("south", "SELECT name FROM cities"))
    assert.same({"oslo"}, rows("north", "SELECT name FROM cities"))
    session:refresh(lima)
    assert.equal(2, #lima.reports)
    lima.name = "lost"
    session:rollback()
    assert.equal("Lima", lima.name)
    session:delete(lima)
    session:commit()
    assert.same({}, rows("south", "SELECT id FROM reports"))
    assert.same({"oslo"}, rows("north", "SELECT name FROM cities"))
  end)

  it("reads Queries from all shards that execute_chooser says, or from the one of set_shard (EXT-09)", function()
    session:add(City{id = 7, name = "quito", zone = "south"})
    session:commit()
    local cities = session:query(City)
    assert.same({"oslo", "lima", "quito"}, names(cities:all()))
    assert.same({"oslo", "lima", "quito"}, names(cities:options(orm.joinedload(City.reports)):all()))
    assert.same({"lima", "quito"}, names(cities:set_shard "south":all()))
    assert.same({"lima", "quito"}, names(cities:options(horizontal_shard.set_shard_id "south"):all()))
    assert.equal("lima", cities:filter(City.name:eq "lima"):first().name)
    assert.equal("lima", cities:filter(City.name:eq "lima"):one().name)
    assert.is_nil(cities:filter(City.name:eq "rome"):first())
    assert.is_nil(cities:filter(City.name:eq "rome"):one_or_none())
    fails(exc.MultipleResultsFound, "Multiple rows were found when exactly one was required", function() cities:one() end)
    assert.equal("quito", session:query(City.name):filter(City.id:eq(7)):scalar())
    fails(exc.MultipleResultsFound, "exactly one was required", function() session:query(City.name):scalar() end)
    fails(exc.MultipleResultsFound, "exactly one was required", function() cities:count() end)
    assert.same({"oslo", 1}, {table.unpack(session:query(City.name, City.id):all()[1])})
    assert.equal("oslo", cities:only_return_tuples(true):all()[1][1].name)
    local seen = {}
    for city in cities:iter() do seen[#seen + 1] = city end
    assert.same({"oslo", "lima", "quito"}, names(seen))
    fails(exc.ArgumentError, "set_shard() takes the id of a shard", function() cities:set_shard() end)
  end)

  it("gives the rows of a stream their shard, when others have been read meanwhile (EXT-09)", function()
    session:expunge_all()
    local function stream(shard)
      return session:scalars(la.select(City):execution_options{yield_per = 1, identity_token = shard})
    end
    local north, south = stream "north", stream "south"
    assert.equal("oslo", north:first().name)
    local lima = south:first()
    assert.equal("lima", lima.name)
    assert.equal("south", la.inspect(lima).identity_token)
    session:expunge_all()
    assert.same({"oslo", "lima"}, names(session:query(City):yield_per(1):all()))
    assert.equal("north", la.inspect(session:query(City):filter(City.name:eq "oslo"):one()).identity_token)
  end)

  it("runs UPDATE and DELETE of a class in the shards, with the sum of their counts", function()
    local oslo = session:get(City, 1, {identity_token = "north"})
    assert.equal(2, session:execute(la.update(City):values{name = "x"}).rowcount)
    assert.equal("x", oslo.name)
    assert.equal(1, session:execute(la.delete(Report):where(Report.degrees:eq(20))).rowcount)
    session:rollback()
    assert.equal("oslo", oslo.name)
  end)

  it("merges an object into the shard that it comes from", function()
    local lima = session:get(City, 1, {identity_token = "south"})
    session:refresh(lima)
    session:expunge_all()
    lima.name = "merged"
    local merged = session:merge(lima)
    assert.equal("south", la.inspect(merged).identity_token)
    session:commit()
    assert.same({"merged"}, rows("south", "SELECT name FROM cities"))
  end)

  it("says which functions it needs", function()
    options.execute_chooser = nil
    fails(exc.ArgumentError, "execute_chooser is required", function() horizontal_shard.ShardedSession(options) end)
    fails(exc.ArgumentError, "set_shard_id takes the id of a shard", function() horizontal_shard.set_shard_id() end)
  end)
end)
