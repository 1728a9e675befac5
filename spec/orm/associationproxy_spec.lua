-- SPDX-License-Identifier: MIT
-- Attributes that show one attribute of related objects: lualchemy.ext.associationproxy.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local attributes = require "lualchemy.orm.attributes"
local association_proxy = require("lualchemy.ext.associationproxy").association_proxy
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local Column, Integer, String, ForeignKey, relationship = la.Column, la.Integer, la.String, la.ForeignKey, orm.relationship

--- Users with links to keywords, and a profile that has a badge and medals.
local function classes()
  local Base = orm.declarative_base()
  local made = {Base = Base, created = 0}
  local function id() return Column(Integer, {primary_key = true}) end
  made.User = Base:class "User" {
    __tablename__ = "users", id = id(), name = Column(String),
    links = relationship("Link", {back_populates = "user", order_by = "Link.id", cascade = "all, delete-orphan"}),
    profile = relationship("Profile", {back_populates = "user", uselist = false, cascade = "all, delete-orphan"}),
    keywords = association_proxy("links", "keyword", {creator = function(keyword)
      made.created = made.created + 1
      return made.Link{keyword = keyword}
    end}),
    notes = association_proxy("links", "note"),
    words = association_proxy("links", "word"),
    motto = association_proxy("profile", "motto"),
    slogan = association_proxy("profile", "motto", {cascade_scalar_deletes = true, create_on_none_assignment = true}),
    badge = association_proxy("profile", "badge"),
    medals = association_proxy("profile", "medals"),
  }
  made.Link = Base:class "Link" {
    __tablename__ = "links", id = id(), note = Column(String),
    user_id = Column(ForeignKey "users.id"), keyword_id = Column(ForeignKey "keywords.id"),
    user = relationship("User", {back_populates = "links"}), keyword = relationship "Keyword",
    word = association_proxy("keyword", "word"),
  }
  made.Keyword = Base:class "Keyword" {__tablename__ = "keywords", id = id(), word = Column(String)}
  made.Profile = Base:class "Profile" {
    __tablename__ = "profiles", id = id(), motto = Column(String),
    user_id = Column(ForeignKey "users.id"), badge_id = Column(ForeignKey "badges.id"),
    user = relationship("User", {back_populates = "profile"}), badge = relationship "Badge", medals = relationship "Medal",
  }
  made.Badge = Base:class "Badge" {__tablename__ = "badges", id = id(), title = Column(String)}
  made.Medal = Base:class "Medal" {__tablename__ = "medals", id = id(), title = Column(String), profile_id = Column(ForeignKey "profiles.id")}
  return made
end

local function values(list)
  local copy = {}
  for i, value in ipairs(list) do copy[i] = value end
  return copy
end

describe("an association proxy of a list (EXT-02)", function()
  local s, User, Link, Keyword, user
  before_each(function()
    s = shop.open(classes())
    User, Link, Keyword = s.User, s.Link, s.Keyword
    user = User{notes = {"a", "b"}}
  end)
  after_each(function() s:close() end)

  it("reads as a list of values", function()
    assert.equal(2, #user.notes)
    assert.same({"a", "b"}, values(user.notes))
    assert.equal("b", user.notes[2])
    assert.is_nil(user.notes[3])
    assert.is_true(user.notes == {"a", "b"})
    assert.is_true(user.notes ~= {"a", "c"})
    assert.is_true(user.notes == user.notes)
    assert.equal('["a", "b"]', tostring(user.notes))
    assert.is_true(user.notes:contains "b")
    assert.is_false(user.notes:contains "c")
    assert.equal(2, user.notes:index "b")
    assert.equal(1, user.notes:count "b")
    local seen = {}
    for i, value in pairs(user.notes) do seen[i] = value end
    assert.same({"a", "b"}, seen)
    user.links:append(Link{})
    assert.equal(la.null, user.notes[3])
  end)

  it("makes and removes the objects between", function()
    user.notes:append "c"
    user.notes:insert(1, "z")
    user.notes:extend{"d", "e"}
    assert.equal("z", user.links[1].note)
    assert.equal(user, user.links[6].user)
    local kept = user.links[2]
    user.notes:remove "z"
    assert.equal(kept, user.links[1])
    assert.equal("e", user.notes:pop())
    assert.equal("a", user.notes:pop(1))
    assert.is_nil(kept.user)
    assert.same({"b", "c", "d"}, values(user.notes))
    user.notes:clear()
    assert.equal(0, #user.links)
  end)

  it("writes places, and what table.insert and table.remove write", function()
    local first = user.links[1]
    user.notes[1] = "A"
    assert.equal("A", first.note)
    user.notes[#user.notes + 1] = "c"
    table.insert(user.notes, "d")
    table.remove(user.notes, 2)
    assert.same({"A", "c", "d"}, values(user.notes))
    user.notes[3] = nil
    assert.equal(2, #user.links)
    fails(exc.ArgumentError, "place 1 is outside of a list of 2, or a hole would be left: use :pop(i)", function() user.notes[1] = nil end)
    fails(exc.ArgumentError, "place 9 is outside of a list of 2", function() user.notes[9] = "x" end)
    fails(exc.InvalidRequestError, "the association proxy 'notes' takes integer places, not 'first'", function() user.notes.first = "x" end)
  end)

  it("is replaced by assignment, as a whole or not at all", function()
    local list = user.notes
    user.notes = list
    assert.same({"a", "b"}, values(list))
    user.notes = User{notes = {"x", "y"}}.notes
    assert.same({"x", "y"}, values(list))
    user.notes = {"y", "z"}
    assert.same({"y", "z"}, values(list))
    fails(exc.ArgumentError, "attribute 'keyword' of Link takes an object of Keyword", function() user.keywords = {Keyword{}, "no keyword"} end)
    assert.equal(2, #user.links)
    fails(exc.ArgumentError, "the association proxy 'notes' takes a list of values, not nil; {} empties it", function() user.notes = nil end)
    fails(exc.ArgumentError, "takes a list of values, not a string", function() user.notes = "abc" end)
    fails(exc.ArgumentError, "takes a list of values, not a userdata", function() user.notes = user end)
    user.notes = {}
    assert.equal(0, #user.links)
  end)

  it("calls its creator, by default the class with the attribute, or its own __init with the value", function()
    local blue = Keyword{word = "blue"}
    user.keywords:append(blue)
    assert.equal(1, s.created)
    assert.equal(blue, user.links[3].keyword)
    assert.same({la.null, la.null, "blue"}, values(user.words))
    function Link:__init(note) self.note = "own " .. note end
    user.notes:append "way"
    assert.equal("own way", user.links[4].note)
  end)

  it("is flushed, loaded, and emptied in the database", function()
    user.keywords:append(Keyword{word = "blue"})
    s.session:add(user)
    s.session:commit()
    s.session:expunge_all()
    user = s.session:scalars(la.select(User)):one()
    assert.same({"a", "b", la.null}, values(user.notes))
    assert.equal("blue", user.words[3])
    user.notes:remove "b"
    s.session:commit()
    assert.equal(2, s.session:query(Link):count())
    user.keywords = {}
    s.session:commit()
    assert.equal(0, s.session:query(Link):count())
    assert.equal(1, s.session:query(Keyword):count())
  end)

  it("refuses what it cannot do, by name", function()
    fails(exc.ArgumentError, 'the value is not in the list: "zz"', function() user.notes:remove "zz" end)
    fails(exc.ArgumentError, "takes a value, not nil; la.null stands for NULL", function() user.notes:append(nil) end)
    fails(exc.ArgumentError, "the association proxy 'notes' has no \"apend\"; did you mean \"append\"?", function() user.notes:apend "x" end)
    fails(exc.ArgumentError, "place 99 is outside of a list of 2", function() user.notes:insert(99, "x") end)
    fails(exc.ArgumentError, "association_proxy takes the name of a relationship", function() association_proxy "links" end)
    fails(exc.ArgumentError, "creator is a function or a mapped class, not a string", function() association_proxy("a", "b", {creator = "c"}) end)
    fails(exc.ArgumentError, 'association_proxy got an unknown keyword "creater"; did you mean "creator"?',
      function() association_proxy("a", "b", {creater = print}) end)
    User.wrong, User.lost, User.missing = association_proxy("name", "x"), association_proxy("nothing", "x"), association_proxy("links", "nothing")
    fails(exc.InvalidRequestError, "association proxy to a non-relationship intermediary is not supported: User.name is none",
      function() return user.wrong end)
    fails(exc.InvalidRequestError, "Mapper 'Mapper[User(users)]' has no property 'nothing'", function() return User.lost end)
    fails(exc.InvalidRequestError, "Association proxy User.links refers to an attribute 'nothing' that is not directly mapped on class Link",
      function() return User.missing:any() end)
  end)
end)

--- Users whose links are the collections given, by attribute.
local function collected(make)
  local Base = orm.declarative_base()
  local User = Base:class "User" {__tablename__ = "users", id = Column(Integer, {primary_key = true})}
  local Link = Base:class "Link" {
    __tablename__ = "links", id = Column(Integer, {primary_key = true}), key = Column(String), note = Column(String),
    user_id = Column(ForeignKey "users.id"), user = relationship("User", {back_populates = "links"}),
  }
  make(User, Link, Base)
  return shop.open{Base = Base, User = User, Link = Link}
end

describe("an association proxy of a set (EXT-02)", function()
  local function users()
    return collected(function(User)
      User.links = relationship("Link", {back_populates = "user", collection_class = "set", order_by = "Link.id", cascade = "all, delete-orphan"})
      User.notes = association_proxy("links", "note")
    end)
  end

  it("is a set of values", function()
    local s = users()
    local user = s.User{notes = {"a", "b", "a"}}
    assert.equal('["a", "b"]', tostring(user.notes))
    user.notes:add "b"
    user.notes:add "c"
    assert.equal(3, #user.links)
    assert.is_true(user.notes:contains "c")
    user.notes:remove "a"
    user.notes:discard "x"
    assert.same({"b", "c"}, values(user.notes))
    fails(exc.ArgumentError, "the value is not in the set: \"a\"", function() user.notes:remove "a" end)
    user.notes:update {"d", "d", "b"}
    user.notes:symmetric_difference_update {"d", "e"}
    user.notes:difference_update {"b"}
    assert.same({"c", "e"}, values(user.notes))
    user.notes:intersection_update {"e", "f"}
    assert.equal("e", user.notes[1])
    assert.is_true(user.notes == s.User{notes = {"e"}}.notes)
    assert.equal("e", user.notes:pop())
    user.notes:add "x"
    user.notes:clear()
    assert.equal(0, #user.links)
    fails(exc.InvalidRequestError, "the association proxy 'notes' is a set", function() user.notes[1] = "x" end)
    fails(exc.ArgumentError, "takes a list of values, not nil", function() user.notes = nil end)
  end)

  it("keeps the objects of values that stay when it is assigned", function()
    local s = users()
    local user = s.User{notes = {"a", "b"}}
    s.session:add(user)
    s.session:commit()
    local kept = user.links[2]
    user.notes = {"b", "c"}
    s.session:commit()
    assert.equal(kept, user.links[1])
    assert.same({"b", "c"}, values(user.notes))
    assert.equal(2, s.session:query(s.Link):count())
    assert.equal(user, s.session:query(s.User):filter(s.User.notes:contains "c"):one())
    assert.is_nil(s.session:query(s.User):filter(s.User.notes:eq "a"):first())
  end)
end)

describe("an association proxy of a dictionary (EXT-02)", function()
  local function users(options)
    return collected(function(User, Link)
      User.links = relationship("Link", {
        back_populates = "user", collection_class = orm.attribute_keyed_dict "key", order_by = "Link.id", cascade = "all, delete-orphan",
      })
      local given = {creator = function(key, note) return Link{key = key, note = note} end}
      for key, value in pairs(options or {}) do given[key] = value end
      if options and options.creator == false then given.creator = nil end
      User.notes = association_proxy("links", "note", given)
    end)
  end

  it("has values under keys", function()
    local s = users()
    local user = s.User{notes = {a = "1"}}
    user.notes.b = "2"
    user.notes.a = "one"
    assert.equal("one", user.links.a.note)
    assert.equal(2, #user.notes)
    assert.is_nil(user.notes.c)
    assert.equal("2", user.notes:get "b")
    assert.equal("9", user.notes:get("c", "9"))
    assert.is_true(user.notes:contains "a")
    assert.same({"a", "b"}, user.notes:keys())
    assert.same({"one", "2"}, user.notes:values())
    assert.same({{"a", "one"}, {"b", "2"}}, user.notes:items())
    assert.equal('{a = "one", b = "2"}', tostring(user.notes))
    assert.equal("2", user.notes:setdefault("b", "x"))
    assert.equal("x", user.notes:setdefault("c", "x"))
    assert.equal("x", user.notes:pop "c")
    assert.equal(7, user.notes:pop("c", 7))
    fails(exc.ArgumentError, "the dictionary has no key \"c\"", function() user.notes:pop "c" end)
    assert.same({"b", "2"}, {user.notes:popitem()})
    assert.is_true(user.notes == s.User{notes = {a = "one"}}.notes)
    user.notes:update {d = "4"}
    user.notes.a = nil
    local seen = {}
    for key, value in pairs(user.notes) do seen[key] = value end
    assert.same({d = "4"}, seen)
    user.notes:clear()
    assert.equal(0, #user.links)
  end)

  it("keeps the objects of keys that stay when it is assigned", function()
    local s = users()
    local user = s.User{notes = {a = "1", b = "2"}}
    s.session:add(user)
    s.session:commit()
    local kept = user.links.b
    user.notes = {b = "two", c = "3"}
    s.session:commit()
    assert.equal(kept, user.links.b)
    assert.equal("two", kept.note)
    assert.equal(2, s.session:query(s.Link):count())
    assert.equal(user, s.session:query(s.User):filter(s.User.notes:eq "two"):one())
    fails(exc.ArgumentError, "takes a table of values by key, not nil", function() user.notes = nil end)
  end)

  it("equals a plain table, and shows attributes of attributes by chained proxies", function()
    local s = collected(function(User, Link, Base)
      local Keyword = Base:class "Keyword" {__tablename__ = "keywords", id = Column(Integer, {primary_key = true}), word = Column(String)}
      Link.keyword_id = Column(ForeignKey "keywords.id")
      Link.keyword, Link.word = relationship(Keyword), association_proxy("keyword", "word")
      User.links = relationship("Link", {back_populates = "user", collection_class = orm.attribute_keyed_dict "key"})
      User.words = association_proxy("links", "word", {
        creator = function(key, word) return Link{key = key, keyword = Keyword{word = word}} end,
      })
    end)
    local user = s.User{id = 1, words = {a = "ant", b = "bee"}}
    assert.is_true(user.words == {a = "ant", b = "bee"})
    assert.is_true({a = "ant", b = "bee"} == user.words)
    assert.is_false(user.words == {a = "ant"})
    assert.is_false(user.words == {a = "ant", b = "cow"})
    assert.is_false(user.words == {a = "ant", b = "bee", c = "cow"})
    user.words.b = "boa"
    assert.equal("boa", user.links.b.keyword.word)
    s.session:add(user)
    s.session:commit()
    local items = user.words:items()
    table.sort(items, function(one, other) return one[1] < other[1] end)
    assert.same({{"a", "ant"}, {"b", "boa"}}, items)
    local function found(condition) return s.session:scalars(la.select(s.User.id):where(condition)):all() end
    assert.same({1}, found(s.User.words:contains "boa"))
    assert.same({1}, found(s.User.words:any()))
    assert.same({}, found(s.User.words:contains "bee"))
    assert.same({1}, found(s.User.words:like "b%"))
  end)

  it("wants a creator of two arguments, and takes other ways to the value", function()
    local s = users{creator = false}
    fails(exc.ArgumentError, "needs a creator: a function of key and value", function() s.User{notes = {a = "1"}} end)
    s = users{getset_factory = function(class, proxy)
      assert.equal(orm.KeyFuncDict, class)
      assert.equal("note", proxy.value_attr)
      return function(link) return link.note .. "!" end, function(link, value) link.note = value:lower() end
    end}
    local user = s.User{notes = {a = "x"}}
    user.notes.a = "Y"
    assert.equal("y!", user.notes.a)
    fails(exc.ArgumentError, "association_proxy: getset_factory takes a function, not 3", function()
      association_proxy("links", "note", {getset_factory = 3})
    end)
  end)
end)

describe("an association proxy of a class of the program (EXT-02)", function()
  local collection = orm.collections.collection
  local Bag = {}
  Bag.__index = Bag
  Bag.new = function() return setmetatable({}, Bag) end
  Bag.put = collection.appender(function(self, object) table.insert(self, object) end)
  Bag.take = collection.remover(function() end)
  Bag.each = collection.iterator(function(self) return ipairs(self) end)

  it("is what its factory makes", function()
    local options = {}
    local s = collected(function(User)
      User.links = relationship("Link", {back_populates = "user", collection_class = Bag.new})
      User.guess = association_proxy("links", "note")
      User.notes = association_proxy("links", "note", {
        proxy_factory = function(bag, creator, attr)
          return {bag = bag, put = function(value) bag():put(creator(value)) end, get = function(i) return bag()[i][attr] end}
        end,
        proxy_bulk_set = function(notes, list)
          for _, value in ipairs(list) do notes.put(value) end
        end,
      })
      User.fixed = association_proxy("links", "note", {proxy_factory = function() return options end})
    end)
    local user = s.User{}
    user.notes.put "a"
    user.notes = {"b"}
    assert.equal("ab", user.notes.get(1) .. user.notes.get(2))
    assert.equal(options, user.fixed)
    fails(exc.InvalidRequestError, "no proxy_bulk_set supplied", function() user.fixed = {} end)
    fails(exc.ArgumentError, "could not guess which interface to use for the collection_class of \"links\"", function() return user.guess end)
  end)
end)

describe("an association proxy of one object (EXT-02)", function()
  local s, User
  before_each(function()
    s = shop.open(classes())
    User = s.User
  end)
  after_each(function() s:close() end)

  it("reads and writes its attribute, and makes it where there is none", function()
    local user = User{}
    assert.is_nil(user.motto)
    user.motto = nil
    assert.is_nil(user.profile)
    user.motto = "on"
    assert.equal("on", user.profile.motto)
    local profile = user.profile
    user.motto = "off"
    assert.equal("off", profile.motto)
    user.motto = nil
    assert.equal(profile, user.profile)
    assert.is_nil(profile.motto)
    assert.equal("up", User{motto = "up"}.profile.motto)
  end)

  it("takes the object away, or makes one, for nil if it is told to", function()
    local user = User{}
    user.slogan = nil
    assert.truthy(user.profile)
    user.slogan = nil
    assert.is_nil(user.profile)
  end)

  it("is deleted with the object between by del_attribute", function()
    local user = User{motto = "on"}
    attributes.del_attribute(user, "motto")
    assert.is_nil(user.profile)
    user.notes = {"a", "b"}
    attributes.del_attribute(user, "notes")
    assert.equal(0, #user.links)
    fails(exc.InvalidRequestError, "does not have a value for the attribute 'profile'", function() attributes.del_attribute(user, "motto") end)
  end)

  it("is inherited, and one of a mixin serves each class that has it", function()
    local named = orm.mixin{title = association_proxy("badge", "title")}
    local Holder = s.Base:class "Holder" {named, __tablename__ = "holders", id = Column(Integer, {primary_key = true}),
      badge_id = Column(ForeignKey "badges.id"), badge = relationship "Badge"}
    local Keeper = s.Base:class "Keeper" {named, __tablename__ = "keepers", id = Column(Integer, {primary_key = true}),
      badge_id = Column(ForeignKey "badges.id"), badge = relationship "Badge"}
    local Young = Holder:class "Young" {}
    assert.equal("x", Holder{title = "x"}.badge.title)
    assert.equal("y", Keeper{title = "y"}.badge.title)
    assert.equal("z", Young{title = "z"}.badge.title)
    assert.truthy(tostring(la.select(Keeper.id):where(Keeper.title:eq "y")):find("badges.id = keepers.badge_id", 1, true))
  end)
end)

describe("an association proxy in statements (EXT-02)", function()
  local s, User, Link, Keyword
  before_each(function()
    s = shop.open(classes())
    User, Link, Keyword = s.User, s.Link, s.Keyword
  end)
  after_each(function() s:close() end)

  local function where(condition)
    return (tostring(la.select(User.id):where(condition)):gsub("%s+", " "):gsub("^SELECT users.id FROM users WHERE ", ""))
  end
  local function in_links(criterion) return "EXISTS (SELECT 1 FROM links WHERE users.id = links.user_id" .. criterion .. ")" end
  local function in_profile(criterion) return "EXISTS (SELECT 1 FROM profiles WHERE users.id = profiles.user_id" .. criterion .. ")" end
  local function in_keywords(criterion) return " AND (EXISTS (SELECT 1 FROM keywords WHERE keywords.id = links.keyword_id" .. criterion .. "))" end

  it("compares columns inside an EXISTS", function()
    assert.equal(in_links " AND links.note = :note_1", where(User.notes:eq "a"))
    assert.equal(in_links " AND links.note != :note_1", where(User.notes:ne "a"))
    assert.equal(in_links " AND links.note LIKE :note_1", where(User.notes:like "a"))
    assert.equal(in_links " AND (links.note LIKE '%' || :note_1 || '%')", where(User.notes:contains "a"))
    assert.equal(in_profile " AND profiles.motto IN (__[POSTCOMPILE_motto_1])", where(User.motto:in_{"a", "b"}))
    assert.equal(("(%s) OR NOT (%s)"):format(in_profile " AND profiles.motto IS NULL", in_profile ""), where(User.motto:eq(nil)))
    assert.equal(in_profile " AND profiles.motto IS NOT NULL", where(User.motto:ne(nil)))
    assert.equal(in_links "", where(User.notes:any()))
    assert.equal(in_links " AND links.note = :note_1", where(User.notes:any(Link.note:eq "x")))
    assert.equal(in_profile "", where(User.motto:has()))
  end)

  it("asks for objects and their attributes", function()
    local keyword, badge, medal = Keyword{id = 1}, s.Badge{id = 1}, s.Medal{id = 1, profile_id = 1}
    s.session:add_all{keyword, badge, s.Profile{id = 1}, medal}
    s.session:flush()
    assert.equal(in_links " AND :param_1 = links.keyword_id", where(User.keywords:contains(keyword)))
    assert.equal(in_links(in_keywords " AND keywords.word = :word_1"), where(User.keywords:any{word = "x"}))
    assert.equal(in_links(in_keywords " AND keywords.word = :word_1"), where(User.keywords:any(Keyword.word:eq "x")))
    assert.equal(in_profile " AND :param_1 = profiles.badge_id", where(User.badge:eq(badge)))
    assert.equal(("(%s) OR NOT (%s)"):format(in_profile " AND profiles.badge_id IS NULL", in_profile ""), where(User.badge:eq(nil)))
    assert.equal(in_profile " AND (profiles.badge_id != :badge_id_1 OR profiles.badge_id IS NULL)", where(User.badge:ne(badge)))
    assert.equal(in_profile " AND (EXISTS (SELECT 1 FROM badges WHERE badges.id = profiles.badge_id AND badges.title = :title_1))",
      where(User.badge:has{title = "x"}))
    assert.equal(in_profile " AND (EXISTS (SELECT 1 FROM medals WHERE profiles.id = medals.profile_id AND medals.title = :title_1))",
      where(User.medals:any{title = "x"}))
    assert.equal(in_profile " AND profiles.id = :param_1", where(User.medals:contains(medal)))
  end)

  it("goes through a proxy of the objects between", function()
    assert.equal(in_links(in_keywords " AND keywords.word = :word_1"), where(User.words:contains "x"))
    assert.equal(in_links(in_keywords " AND keywords.word LIKE :word_1"), where(User.words:like "x"))
    assert.equal(in_links(in_keywords ""), where(User.words:any()))
  end)

  it("serves aliases, filter_by, joins, and finds rows", function()
    local other = orm.aliased(User)
    assert.equal("SELECT users_1.id FROM users AS users_1 WHERE EXISTS (SELECT 1 FROM links WHERE users_1.id = links.user_id AND links.note = :note_1)",
      (tostring(la.select(other.id):where(other.notes:eq "x")):gsub("%s+", " ")))
    assert.equal("SELECT users.id FROM users JOIN links ON users.id = links.user_id JOIN keywords ON keywords.id = links.keyword_id",
      (tostring(la.select(User.id):join(User.keywords.local_attr):join(User.keywords.remote_attr)):gsub("%s+", " ")))
    assert.equal(User.keywords.remote_attr, User.keywords.attr[2])
    assert.is_false(User.keywords.scalar)
    assert.is_true(User.motto.scalar)
    assert.equal(Link, User.keywords.target_class)
    assert.same({"keywords", User, "links", "keyword"},
      {User.keywords.key, User.keywords.owning_class, User.keywords.target_collection, User.keywords.value_attr})
    s.session:add_all{User{id = 1, notes = {"a", "b"}, motto = "on"}, User{id = 2, notes = {"c"}}}
    s.session:commit()
    assert.equal(1, s.session:query(User):filter_by{notes = "b"}:one().id)
    assert.equal(2, s.session:scalars(la.select(User):where(User.motto:eq(nil))):one().id)
  end)

  it("refuses the wrong question", function()
    local function refused(message, ask) fails(exc.InvalidRequestError, message, ask) end
    refused("'has()' not implemented for collections. Use any().", function() return User.notes:has() end)
    refused("'has()' not implemented for collections. Use any().", function() return User.keywords:eq(Keyword{id = 1}) end)
    refused("'any()' not implemented for scalar attributes. Use has().", function() return User.motto:any() end)
    refused("contains() doesn't apply to a scalar object endpoint; use :eq()", function() return User.badge:contains(s.Badge{id = 1}) end)
    fails(exc.ArgumentError, "Can't apply keyword arguments to column-targeted association proxy; use :eq()", function() return User.notes:any{note = "x"} end)
    fails(exc.ArgumentError, "Non-empty has() not allowed for column-targeted association proxy; use :eq()",
      function() return User.motto:has(s.Profile.motto:eq "x") end)
    fails(exc.ArgumentError, 'association proxy User.badge has no "like"', function() return User.badge:like "x" end)
    refused("The association proxy can't be used as a plain column expression", function() return User.motto .. "a" end)
    fails(exc.ArgumentError, "got lualchemy.AssociationProxyInstance", function() la.select(User.notes) end)
  end)
end)
