-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local automap = require "lualchemy.ext.automap"
local database = require "spec.support.database"
local declarative = require "lualchemy.ext.declarative"
local fails = require "spec.support.fails"

local ddl = {
  "CREATE TABLE artist (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
  "CREATE TABLE album (id INTEGER PRIMARY KEY, title TEXT, artist_id INTEGER NOT NULL REFERENCES artist (id) ON DELETE CASCADE, " ..
    "producer_id INTEGER REFERENCES artist (id))",
  "CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT)",
  "CREATE TABLE album_tag (album_id INTEGER REFERENCES album (id), tag_id INTEGER REFERENCES tag (id))",
  "CREATE TABLE employee (id INTEGER PRIMARY KEY, boss_id INTEGER REFERENCES employee (id))",
  "CREATE TABLE log (line TEXT)",
  "INSERT INTO artist VALUES (1, 'Ann'), (2, 'Bob')",
  "INSERT INTO album VALUES (1, 'First', 1, 2), (2, 'Second', 1, NULL)",
  "INSERT INTO tag VALUES (1, 'loud'), (2, 'long')",
  "INSERT INTO album_tag VALUES (1, 1), (1, 2)",
  "INSERT INTO employee VALUES (1, NULL), (2, 1), (3, 1)",
}

local function open()
  local engine = database.engine()
  engine:begin(function(connection)
    for _, text in ipairs(ddl) do connection:exec_driver_sql(text) end
  end)
  return engine
end

local function relationships_of(class)
  local found = {}
  for _, each in ipairs(la.inspect(class).relationships) do found[each.key] = each.direction end
  return found
end

describe("automap (EXT-04)", function()
  after_each(database.clean)

  it("makes classes of tables with a key, and relationships of foreign keys and association tables", function()
    local engine = open()
    local Base = automap.automap_base()
    Base:prepare(engine)
    local names = {}
    for name in pairs(Base.classes) do names[#names + 1] = name end
    table.sort(names)
    assert.same({"album", "artist", "employee", "tag"}, names)
    local session = orm.Session(engine)
    local ann = session:get(Base.classes.artist, 1)
    assert.equal("First", ann.album_collection[1].title)
    assert.equal(ann, ann.album_collection[2].artist)
    assert.equal("loud", ann.album_collection[1].tag_collection[1].name)
    assert.equal(ann.album_collection[1], session:get(Base.classes.tag, 2).album_collection[1])
    assert.equal(2, #session:get(Base.classes.employee, 1).employee_collection)
    assert.equal(1, session:get(Base.classes.employee, 3).employee.id)
    assert.same({artist = "MANYTOONE", tag_collection = "MANYTOMANY"}, relationships_of(Base.classes.album))
    session:delete(ann)
    session:commit()
    assert.equal(0, session:query(Base.classes.album):count())
    session:close()
    fails(exc.ArgumentError, 'did you mean "artist"', function() return Base.classes.artists end)
  end)

  it("completes classes that are declared below its base, and keeps what they say", function()
    local engine = open()
    local Base = automap.automap_base()
    local Artist = Base:class "Artist" {
      __tablename__ = "artist",
      name = la.Column("name", la.String(30)),
      albums = orm.relationship("album", {foreign_keys = "album.artist_id", back_populates = "artist"}),
      shout = function(self) return self.name:upper() end,
    }
    fails(exc.UnmappedClassError, "Class Artist is a subclass of AutomapBase.  Mappings are not produced until", function() return Artist.name end)
    fails(exc.UnmappedClassError, "subclass of AutomapBase", function() return Artist{} end)
    Base:prepare(engine, {name_for_collection_relationship = function(_, class, other)
      if class == Artist then return "albums" end
      return automap.name_for_collection_relationship(nil, class, other)
    end})
    local session = orm.Session(engine)
    local ann = session:get(Artist, 1)
    assert.equal("ANN", ann:shout())
    assert.equal(30, Artist.__table__.c.name.type.length)
    assert.equal(2, #ann.albums)
    assert.equal(ann, ann.albums[1].artist)
    assert.equal(Artist, Base.classes.Artist)
    session:close()
  end)

  it("names and makes things as it is told", function()
    local engine = open()
    local Base = automap.automap_base()
    local made = {}
    Base:prepare {
      autoload_with = engine,
      reflection_options = {only = {"artist", "album"}},
      classname_for_table = function(_, name) return (name:gsub("^%l", string.upper)) end,
      modulename_for_table = function(_, name) return name == "album" and "records.albums" or nil end,
      name_for_scalar_relationship = function(_, _, _, constraint) return (constraint.column_keys[1]:gsub("_id$", "")) end,
      name_for_collection_relationship = function(_, _, class, constraint)
        return constraint.column_keys[1]:gsub("_id$", "_of_") .. class.__name__:lower() .. "s"
      end,
      generate_relationship = function(base, direction, make, name, class, other, options)
        made[#made + 1] = direction .. " " .. name
        if make == orm.relationship then options.lazy = "joined" end
        return automap.generate_relationship(base, direction, make, name, class, other, options)
      end,
    }
    local session = orm.Session(engine)
    local Album = Base.by_module.records.albums.Album
    assert.same({artist = "MANYTOONE", producer = "MANYTOONE"}, relationships_of(Album))
    assert.equal("First", session:get(Base.classes.Artist, 2).producer_of_albums[1].title)
    assert.same({"ONETOMANY artist_of_albums", "MANYTOONE artist", "ONETOMANY producer_of_albums", "MANYTOONE producer"}, made)
    session:close()
  end)

  it("gives the first of two foreign keys their common names, and refuses a collection for both", function()
    local engine = open()
    local only = {only = {"artist", "album"}}
    for _, make_backrefs in ipairs {true, false} do
      local Base = automap.automap_base()
      Base:prepare(engine, {reflection_options = only, generate_relationship = function(base, direction, make, ...)
        if make ~= orm.backref or make_backrefs then return automap.generate_relationship(base, direction, make, ...) end
      end})
      assert.same({artist = "MANYTOONE"}, relationships_of(Base.classes.album))
      assert.equal("artist_id", la.inspect(Base.classes.album).relationships.artist.local_columns[1].name)
      assert.same(make_backrefs and {album_collection = "ONETOMANY"} or {}, relationships_of(Base.classes.artist))
    end
    local Base = automap.automap_base()
    Base:prepare(engine, {reflection_options = only, name_for_scalar_relationship = function(_, _, _, constraint)
      return (constraint.column_keys[1]:gsub("_id$", ""))
    end})
    fails(exc.ArgumentError, "Error creating backref 'album_collection' on relationship 'album.producer': property of that name exists on mapper " ..
      "'Mapper[artist(artist)]'", function() Base.registry:configure() end)
  end)

  it("says what is wrong: names that clash, options, bases", function()
    local engine = open()
    local Base = automap.automap_base()
    fails(exc.ArgumentError, "column 'album.title' conflicts with a relationship", function()
      Base:prepare(engine, {name_for_scalar_relationship = function(_, _, other) return other.__name__ == "artist" and "title" or "x" end})
    end)
    fails(exc.ArgumentError, "classname_for_table is a function", function() automap.automap_base():prepare(engine, {classname_for_table = "x"}) end)
    fails(exc.ArgumentError, "reflects", function() automap.automap_base():prepare(engine, {reflects = true}) end)
    fails(exc.ArgumentError, "takes a declarative base", function() automap.automap_base(engine) end)
  end)
end)

describe("DeferredReflection (DEC-14, REF-08)", function()
  after_each(database.clean)

  it("maps classes when their tables have been read, with columns and keys of their own kept", function()
    local engine = open()
    local Base = orm.declarative_base()
    local Reflected = Base:class "Reflected" {declarative.DeferredReflection, __abstract__ = true}
    local Artist = Reflected:class "Artist" {
      __tablename__ = "artist",
      title = la.Column("name", la.String(9)),
      albums = orm.relationship("Album", {back_populates = "artist", foreign_keys = "Album.artist_id"}),
    }
    local Album = Reflected:class "Album" {
      __tablename__ = "album",
      artist_id = la.Column(la.Integer, la.ForeignKey "artist.id"),
      tags = orm.relationship("Tag", {secondary = "album_tag"}),
    }
    Album.artist = orm.relationship("Artist", {back_populates = "albums", foreign_keys = "Album.artist_id"})
    Reflected:class "Tag" {__tablename__ = "tag"}
    fails(exc.UnmappedClassError, "Class Artist is a subclass of DeferredReflection", function() return Artist.title:eq "x" end)
    Reflected:prepare(engine)
    local session = orm.Session(engine)
    local ann = session:scalars(la.select(Artist):where(Artist.title:eq "Ann")):one()
    assert.equal(9, Artist.__table__.c.name.type.length)
    assert.equal("Second", ann.albums[2].title)
    assert.equal("loud", ann.albums[1].tags[1].name)
    session:add(Artist{title = "Cid"})
    session:commit()
    session:close()
  end)

  it("takes inheritance, and several calls", function()
    local engine = open()
    local Base = orm.declarative_base()
    local Reflected = Base:class "Reflected" {declarative.DeferredReflection, __abstract__ = true}
    local Artist = Reflected:class "Artist" {__tablename__ = "artist", __mapper_args__ = {polymorphic_on = "name", polymorphic_identity = "Ann"}}
    local Bob = Artist:class "Bob" {__mapper_args__ = {polymorphic_identity = "Bob"}}
    Reflected:prepare(engine)
    local Tag = Reflected:class "Tag" {__tablename__ = "tag"}
    Reflected:prepare(engine)
    local session = orm.Session(engine)
    assert.is_true(la.isinstance(session:get(Artist, 2), Bob))
    assert.equal("loud", session:get(Tag, 1).name)
    session:close()
    fails(exc.ArgumentError, "prepare takes the Engine", function() Reflected:prepare() end)
    Reflected:class "Nothing" {__tablename__ = "nothing"}
    fails(exc.NoSuchTableError, "nothing", function() Reflected:prepare(engine) end)
  end)
end)
