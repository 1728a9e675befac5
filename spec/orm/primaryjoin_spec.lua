-- SPDX-License-Identifier: MIT
-- Relationships with conditions of their own: foreign(), remote(), functions, other comparisons (REL-08, REL-09).
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"
local warnings = require "lualchemy.warnings"

local Column, Integer, String, ForeignKey, relationship = la.Column, la.Integer, la.String, la.ForeignKey, orm.relationship

local function key() return Column(Integer, {primary_key = true}) end

local function texts(fn)
  local list = {}
  for i, warning in ipairs((warnings.catch_warnings(fn))) do list[i] = warning.message end
  return list
end

describe("foreign() and remote() (REL-08)", function()
  it("part the two ends of a table whose key is of two columns", function()
    local Base = orm.declarative_base()
    local Folder = Base:class "Folder" {
      __tablename__ = "folders", account = key(), id = key(), parent_id = Column(Integer),
      parent = relationship("Folder", {
        primaryjoin = "and_(remote(Folder.account):eq(Folder.account), remote(Folder.id):eq(foreign(Folder.parent_id)))",
      }),
    }
    local s = shop.open{Base = Base}
    local root = Folder{account = 1, id = 1}
    s.session:add_all{root, Folder{account = 1, id = 2, parent = root}, Folder{account = 2, id = 1}}
    s.session:commit()
    s.session:expunge_all()
    local child = s.session:get(Folder, {1, 2})
    assert.equal("MANYTOONE", la.inspect(Folder).relationships.parent.direction)
    s:forget()
    assert.equal(1, child.parent.id)
    assert.equal("SELECT folders.account, folders.id, folders.parent_id FROM folders WHERE folders.account = ? AND folders.id = ?", s:sent()[1])
    s:forget()
    assert.is_nil(child.parent.parent)
    assert.same({}, s:sent())
    assert.equal(2, s.session:query(Folder):filter(Folder.parent:has()):one().id)
  end)

  it("say which column a flush writes where keys overlap", function()
    local Base = orm.declarative_base()
    local Magazine = Base:class "Magazine" {__tablename__ = "magazines", id = key()}
    local Writer = Base:class "Writer" {
      __tablename__ = "writers", id = key(), magazine_id = Column(ForeignKey "magazines.id", {primary_key = true}), magazine = relationship "Magazine",
    }
    local Article = Base:class "Article" {
      __tablename__ = "articles", id = key(), magazine_id = Column(ForeignKey "magazines.id"), writer_id = Column(Integer),
      magazine = relationship "Magazine",
      writer = relationship("Writer", {
        primaryjoin = "and_(Writer.id:eq(foreign(Article.writer_id)), Writer.magazine_id:eq(Article.magazine_id))",
      }),
      __table_args__ = {la.ForeignKeyConstraint({"writer_id", "magazine_id"}, {"writers.id", "writers.magazine_id"})},
    }
    assert.same({}, texts(function() Base.registry:configure() end))
    local s = shop.open{Base = Base}
    local magazine = Magazine{id = 1}
    local writer = Writer{id = 5, magazine = magazine}
    local article = Article{magazine = magazine, writer = writer}
    s.session:add(article)
    s.session:commit()
    assert.same({1, 5}, {article.magazine_id, article.writer_id})
    article.writer = nil
    s.session:commit()
    assert.same({1, nil}, {article.magazine_id, article.writer_id})
  end)

  it("stand inside functions and other comparisons, and load by every strategy", function()
    local Base = orm.declarative_base()
    local path = Column(String, {primary_key = true})
    local Element = Base:class "Element" {
      __tablename__ = "elements", path = path,
      descendants = relationship("Element", {
        viewonly = true, order_by = "Element.path",
        primaryjoin = function() return orm.remote(orm.foreign(path)):like(path:concat "/%") end,
      }),
    }
    local Host = Base:class "Host" {
      __tablename__ = "hosts", id = key(), ip = Column(String), content = Column(String),
      parent = relationship("Host", {primaryjoin = "remote(Host.ip):eq(cast(foreign(Host.content), String))"}),
    }
    local s = shop.open{Base = Base}
    s.session:add_all{Element{path = "/a"}, Element{path = "/a/b"}, Element{path = "/a/b/c"}, Element{path = "/x"},
      Host{id = 1, ip = "a"}, Host{id = 2, ip = "b", content = "a"}}
    s.session:commit()
    for _, option in ipairs {"lazyload", "joinedload", "selectinload", "subqueryload"} do
      s.session:expunge_all()
      local roots = s.session:query(Element):options(orm[option](Element.descendants)):order_by(Element.path):all()
      assert.same({2, 1, 0, 0}, {#roots[1].descendants, #roots[2].descendants, #roots[3].descendants, #roots[4].descendants}, option)
      local host = s.session:query(Host):options(orm[option](Host.parent)):filter_by{id = 2}:one()
      assert.equal(1, host.parent.id, option)
      s.session:expunge_all()
    end
    assert.equal("SELECT elements.path FROM elements WHERE elements.path LIKE (? || ?) ORDER BY elements.path", (function()
      local element = s.session:get(Element, "/a")
      s:forget()
      return #element.descendants == 2 and s:sent()[1]
    end)())
    s.session:expunge_all()
    assert.equal("SELECT hosts_1.id, hosts.id, hosts.ip, hosts.content FROM hosts AS hosts_1 JOIN hosts ON hosts.ip = CAST(hosts_1.content AS VARCHAR) "
      .. "WHERE hosts_1.id IN (?, ?)", (function()
      s:forget()
      s.session:query(Host):options(orm.selectinload(Host.parent)):all()
      return s:sent()[2]
    end)())
  end)

  it("keep a condition on more than columns on the side of its class", function()
    local Base = orm.declarative_base()
    local User = Base:class "User" {
      __tablename__ = "users", id = key(), name = Column(String),
      boston = relationship("Address", {primaryjoin = "and_(User.id:eq(Address.user_id), Address.city:eq 'Boston')"}),
      same = relationship("Address", {primaryjoin = "func.lower(User.name):eq(func.lower(foreign(remote(Address.city))))", viewonly = true}),
    }
    local Address = Base:class "Address" {__tablename__ = "addresses", id = key(), user_id = Column(ForeignKey "users.id"), city = Column(String)}
    local s = shop.open{Base = Base}
    s.session:add(User{id = 1, name = "BOSTON", boston = {Address{city = "Boston"}, Address{city = "Rome"}}})
    s.session:commit()
    local user = s.session:get(User, 1)
    assert.equal(1, #user.boston)
    s.session:expire(user, {"name"})
    assert.equal("Boston", user.same[1].city)
    assert.equal(user, s.session:query(User):filter(User.same:any()):one())
    assert.equal(user, s.session:query(User):join(User.boston):one())
  end)

  it("answer an object whose key is its own foreign key from the identity map", function()
    local Base = orm.declarative_base()
    local User = Base:class "User" {__tablename__ = "users", id = key(), profile = relationship("Profile", {uselist = false})}
    local Profile = Base:class "Profile" {__tablename__ = "profiles", id = Column(ForeignKey "users.id", {primary_key = true})}
    local s = shop.open{Base = Base}
    s.session:add(User{id = 1, profile = Profile{}})
    s.session:commit()
    s.session:expunge_all()
    local profile, user = s.session:get(Profile, 1), s.session:get(User, 1)
    s:forget()
    assert.equal(profile, user.profile)
    assert.same({}, s:sent())
  end)

  it("are refused for what is no expression", function()
    fails(exc.ArgumentError, "foreign() takes a column or an expression, not a number", function() orm.foreign(3) end)
    fails(exc.ArgumentError, "remote() takes a column or an expression, not a nil", function() orm.remote(nil) end)
  end)
end)

describe("a condition that says too little (REL-09)", function()
  local function configured(options, more)
    local Base = orm.declarative_base()
    Base:class "A" {__tablename__ = "a", id = key(), x = Column(Integer), a_id = Column(ForeignKey "a.id"), other = relationship(more or "B", options)}
    Base:class "B" {__tablename__ = "b", id = key(), y = Column(Integer)}
    return function() Base.registry:configure() end
  end

  it("is an error that shows the condition and names the cure", function()
    fails(exc.ArgumentError, "Could not locate any relevant foreign key columns for primary join condition 'a.x = b.y' on relationship A.other.  "
      .. "Ensure that referencing columns are associated with a ForeignKey or ForeignKeyConstraint, or are annotated in the join condition with the "
      .. "foreign() annotation.", configured {primaryjoin = "A.x:eq(B.y)"})
    fails(exc.ArgumentError, "Could not locate any simple equality expressions involving locally mapped foreign key columns for primary join condition "
      .. "'a.x > b.y' on relationship A.other.", configured {primaryjoin = "A.x:gt(foreign(B.y))"})
    fails(exc.ArgumentError, "could not determine any unambiguous local/remote column pairs", configured({
      primaryjoin = "remote(A.id):eq(remote(foreign(A.a_id)))"}, "A"))
    fails(exc.ArgumentError, "Can't determine relationship direction for relationship 'A.other' - foreign key columns within the join condition are "
      .. "present in both", configured({primaryjoin = "foreign(A.id):eq(foreign(A.a_id))", remote_side = "A.id"}, "A"))
  end)

  it("is a warning where remote() would make it clear", function()
    local found = texts(configured({primaryjoin = "and_(A.id:eq(A.a_id), A.x:eq(1))"}, "A"))
    assert.same({"Non-simple column elements in primary join condition for property A.other - consider using remote() annotations to mark the "
      .. "remote side."}, found)
    found = texts(configured {primaryjoin = "remote(foreign(A.x)):eq(B.y)"})
    assert.truthy(found[1]:find("Expression a.x is marked as 'remote', but these column(s) are local to the local side.", 1, true))
  end)
end)

describe("a foreign key of several columns of which one is named (REL-08)", function()
  local function joined(options, ...)
    local Base = orm.declarative_base()
    local A = Base:class "A" {__tablename__ = "a", id = key(), x = Column(Integer), y = Column(Integer), b = relationship("B", options),
      __table_args__ = {la.ForeignKeyConstraint({"x", "y"}, {"b.id", "b.y"}), ...}}
    Base:class "B" {__tablename__ = "b", id = key(), y = Column(Integer)}
    return tostring(la.select(A.id):join(A.b)):gsub("%s+", " ")
  end

  it("links by that column alone", function()
    assert.equal("SELECT a.id FROM a JOIN b ON b.id = a.x", (joined {foreign_keys = "A.x"}))
    assert.equal("SELECT a.id FROM a JOIN b ON b.id = a.x AND b.y = a.y", (joined {foreign_keys = "{A.x, A.y}"}))
  end)

  it("is passed over for one that has just the columns named", function()
    assert.equal("SELECT a.id FROM a JOIN b ON b.id = a.y", (joined({foreign_keys = "A.y"}, la.ForeignKeyConstraint({"y"}, {"b.id"}))))
    assert.equal("SELECT a.id FROM a JOIN b ON b.id = a.x AND b.y = a.y",
      (joined({foreign_keys = "{A.x, A.y}"}, la.ForeignKeyConstraint({"y"}, {"b.id"}))))
  end)
end)

describe("a secondary given as a string (REL-11)", function()
  it("may be an expression of tables and classes", function()
    local Base = orm.declarative_base()
    local A = Base:class "A" {__tablename__ = "a", id = key(), b_id = Column(ForeignKey "b.id"), d = relationship("D", {
      secondary = "join(B, D, B.d_id:eq(D.id)):join(C, C.d_id:eq(D.id))", primaryjoin = "and_(A.b_id:eq(B.id), A.id:eq(C.a_id))",
      secondaryjoin = "D.id:eq(B.d_id)", uselist = false, viewonly = true})}
    Base:class "B" {__tablename__ = "b", id = key(), d_id = Column(ForeignKey "d.id")}
    Base:class "C" {__tablename__ = "c", id = key(), a_id = Column(ForeignKey "a.id"), d_id = Column(ForeignKey "d.id")}
    Base:class "D" {__tablename__ = "d", id = key()}
    assert.equal("SELECT a.id FROM a JOIN (b AS b_1 JOIN d AS d_1 ON b_1.d_id = d_1.id JOIN c AS c_1 ON c_1.d_id = d_1.id) " ..
      "ON a.b_id = b_1.id AND a.id = c_1.a_id JOIN d ON d.id = b_1.d_id", (tostring(la.select(A.id):join(A.d)):gsub("%s+", " ")))
  end)
end)
