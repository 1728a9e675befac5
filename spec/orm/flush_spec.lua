-- SPDX-License-Identifier: MIT
-- What a flush sends and in which order, next to what SQLAlchemy sends for the same objects.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local Column, Integer, String, ForeignKey, relationship = la.Column, la.Integer, la.String, la.ForeignKey, orm.relationship

local function shop(options)
  options = options or {}
  local Base = orm.declarative_base()
  local m = {log = {}}
  local order_items = la.Table("order_items", Base.metadata,
    Column("order_id", ForeignKey("orders.id"), {primary_key = true}),
    Column("item_id", ForeignKey("items.id"), {primary_key = true}))
  local item_keywords = la.Table("item_keywords", Base.metadata,
    Column("item_id", ForeignKey("items.id"), {primary_key = true}),
    Column("keyword_id", ForeignKey("keywords.id"), {primary_key = true}))
  m.User = Base:class "User" {
    __tablename__ = "users",
    id = Column(Integer, {primary_key = true}),
    name = Column(String),
    addresses = relationship("Address", {backref = "user", cascade = options.cascade or "all"}),
    orders = relationship("Order", {cascade = "all"}),
  }
  m.Address = Base:class "Address" {
    __tablename__ = "addresses",
    id = Column(Integer, {primary_key = true}),
    user_id = Column(Integer, ForeignKey("users.id")),
  }
  m.Order = Base:class "Order" {
    __tablename__ = "orders",
    id = Column(Integer, {primary_key = true}),
    user_id = Column(Integer, ForeignKey("users.id")),
    items = relationship("Item", {secondary = order_items}),
  }
  m.Item = Base:class "Item" {
    __tablename__ = "items",
    id = Column(Integer, {primary_key = true}),
    keywords = relationship("Keyword", {secondary = item_keywords}),
  }
  m.Keyword = Base:class "Keyword" {__tablename__ = "keywords", id = Column(Integer, {primary_key = true})}
  m.engine = la.create_engine("sqlite://", {foreign_keys = false})
  Base.metadata:create_all(m.engine)
  la.event.listen(m.engine, "before_cursor_execute", function(_, _, statement)
    if not statement:find "^SELECT" then
      m.log[#m.log + 1] = statement:gsub(" WHERE.*", ""):gsub(" VALUES.*", ""):gsub(" DEFAULT.*", "")
    end
  end)
  m.session = orm.Session(m.engine)
  return m
end

local function sent(m)
  local log = m.log
  m.log = {}
  return log
end

local function filled()
  local m = shop()
  local user = m.User{name = "x"}
  local item = m.Item{keywords = {m.Keyword{}}}
  user.addresses = {m.Address{}}
  user.orders = {m.Order{items = {item}}}
  m.session:add(user)
  m.session:commit()
  return m, user, item
end

describe("a flush", function()
  it("inserts parents first, and rows of secondary tables once both sides are there (UOW-36, UOW-46, UOW-48)", function()
    local m = filled()
    assert.same({
      "INSERT INTO users (name)", "INSERT INTO items", "INSERT INTO keywords",
      "INSERT INTO item_keywords (item_id, keyword_id)", "INSERT INTO addresses (user_id)",
      "INSERT INTO orders (user_id)", "INSERT INTO order_items (order_id, item_id)",
    }, sent(m))
  end)

  it("updates before it inserts (UOW-37)", function()
    local m, user = filled()
    sent(m)
    user.addresses[1].user = nil
    user.addresses:append(m.Address{})
    m.session:flush()
    assert.same({"UPDATE addresses SET user_id=?", "INSERT INTO addresses (user_id)"}, sent(m))
  end)

  it("takes rows of secondary tables before the objects that they name (UOW-36, UOW-84)", function()
    local m, user, item = filled()
    sent(m)
    m.session:delete(item)
    user.name = "z"
    m.session:flush()
    assert.same({"DELETE FROM item_keywords", "UPDATE users SET name=?", "DELETE FROM items"}, sent(m))
  end)

  it("deletes children before parents (UOW-36, UOW-78)", function()
    local m, user = filled()
    sent(m)
    m.session:delete(user)
    m.session:flush()
    assert.same({"DELETE FROM order_items", "DELETE FROM addresses", "DELETE FROM orders", "DELETE FROM users"}, sent(m))
  end)

  it("updates the row of a deleted object that a new one replaces (UOW-47)", function()
    local m = shop()
    local old = m.User{id = 5, name = "old"}
    m.session:add(old)
    m.session:commit()
    sent(m)
    m.session:delete(old)
    m.session:add(m.User{id = 5, name = "new"})
    m.session:flush()
    assert.same({"UPDATE users SET name=?"}, sent(m))
    assert.equal("new", m.session:get(m.User, 5).name)
  end)

  it("sends nothing when values are what they were (UOW-35, UOW-43)", function()
    local m, user = filled()
    sent(m)
    local name = user.name
    user.name = "other"
    user.name = name
    m.session:flush()
    assert.same({}, sent(m))
  end)

  it("renders an SQL expression and reads the column again (UOW-45)", function()
    local m, user = filled()
    sent(m)
    user.name = m.User.name .. "!"
    m.session:flush()
    assert.same({"UPDATE users SET name=(users.name || ?)"}, sent(m))
    assert.equal("x!", user.name)
  end)

  it("moves a key with its identity, and back on rollback (UOW-90)", function()
    local m, user = filled()
    user.id = 9
    m.session:flush()
    assert.equal(user, m.session:get(m.User, 9))
    m.session:rollback()
    assert.equal(user, m.session:get(m.User, 1))
    assert.is_nil(m.session:get(m.User, 9))
  end)
end)

describe("a self-referential flush", function()
  local function tree()
    local Base = orm.declarative_base()
    local Node = Base:class "Node" {
      __tablename__ = "nodes",
      id = Column(Integer, {primary_key = true}),
      parent_id = Column(Integer, ForeignKey("nodes.id")),
      children = relationship("Node", {back_populates = "parent", cascade = "all"}),
      parent = relationship("Node", {back_populates = "children", remote_side = "Node.id"}),
    }
    local engine = la.create_engine("sqlite://")
    Base.metadata:create_all(engine)
    return Node, orm.Session(engine)
  end

  it("saves roots first and deletes leaves first, however they were added (UOW-39)", function()
    local Node, session = tree()
    local leaf, middle, root = Node{}, Node{}, Node{}
    session:add_all{leaf, middle, root}
    leaf.parent = middle
    middle.parent = root
    session:commit()
    assert.same({1, 2, 3}, {root.id, middle.id, leaf.id})
    session:delete(root)
    session:commit()
    assert.equal(0, session:query(Node):count())
  end)

  it("refuses rows that need each other (UOW-40)", function()
    local Node, session = tree()
    local a, b = Node{}, Node{}
    a.parent, b.parent = b, a
    session:add_all{a, b}
    local ok, err = pcall(session.flush, session)
    assert.is_false(ok)
    assert.matches("Circular dependency detected.", tostring(err), 1, true)
    session:rollback()
    assert.equal(0, session:query(Node):count())
  end)
end)

describe("a one-to-one link", function()
  it("deletes the orphan that it held, loaded or not (UOW-64, UOW-79)", function()
    local Base = orm.declarative_base()
    local Owner = Base:class "Owner" {
      __tablename__ = "owners",
      id = Column(Integer, {primary_key = true}),
      part = relationship("Part", {uselist = false, back_populates = "owner", cascade = "all, delete-orphan"}),
    }
    local Part = Base:class "Part" {
      __tablename__ = "parts",
      id = Column(Integer, {primary_key = true}),
      owner_id = Column(Integer, ForeignKey("owners.id")),
      owner = relationship("Owner", {back_populates = "part"}),
    }
    local engine = la.create_engine("sqlite://")
    Base.metadata:create_all(engine)
    local session = orm.Session(engine)
    local owner = Owner{part = Part{}}
    session:add(owner)
    session:commit()
    owner.part = Part{}
    session:commit()
    assert.equal(1, session:query(Part):count())
    owner.part = nil
    session:commit()
    assert.equal(0, session:query(Part):count())
  end)
end)

describe("a link with post_update", function()
  it("is written by an UPDATE of its own, and unset before a DELETE (UOW-125)", function()
    local Base = orm.declarative_base()
    local Person = Base:class "Person" {
      __tablename__ = "people",
      id = Column(Integer, {primary_key = true}),
      favorite_id = Column(Integer, ForeignKey("balls.id", {name = "fk_favorite", use_alter = true})),
      balls = relationship("Ball", {primaryjoin = "Person.id:eq(Ball.person_id)", back_populates = "person"}),
      favorite = relationship("Ball", {primaryjoin = "Person.favorite_id:eq(Ball.id)", post_update = true}),
    }
    local Ball = Base:class "Ball" {
      __tablename__ = "balls",
      id = Column(Integer, {primary_key = true}),
      person_id = Column(Integer, ForeignKey("people.id")),
      person = relationship("Person", {primaryjoin = "Person.id:eq(Ball.person_id)", back_populates = "balls"}),
    }
    local engine = la.create_engine("sqlite://")
    Base.metadata:create_all(engine)
    local session = orm.Session(engine)
    local person, ball = Person{}, Ball{}
    person.balls:append(ball)
    person.favorite = ball
    session:add(person)
    session:commit()
    assert.equal(ball, person.favorite)
    assert.equal(person, ball.person)
    session:delete(ball)
    session:delete(person)
    session:commit()
    assert.equal(0, session:query(Ball):count() + session:query(Person):count())
  end)
end)

describe("a version counter", function()
  it("begins at 1, counts up, and notices another's change (UOW-54, UOW-127)", function()
    local Base = orm.declarative_base()
    local Page = Base:class "Page" {
      __tablename__ = "pages",
      id = Column(Integer, {primary_key = true}),
      title = Column(String),
      version_id = Column(Integer, {nullable = false}),
      __mapper_args__ = {version_id_col = "version_id"},
    }
    local engine = la.create_engine("sqlite://")
    Base.metadata:create_all(engine)
    local session = orm.Session(engine)
    local page = Page{title = "a"}
    session:add(page)
    session:commit()
    assert.equal(1, page.version_id)
    page.title = "b"
    session:commit()
    assert.equal(2, page.version_id)
    page.title = "c"
    session:no_autoflush(function()
      session:execute(la.text "UPDATE pages SET version_id = 9")
    end)
    local ok, err = pcall(session.flush, session)
    assert.is_false(ok)
    assert.matches("UPDATE statement on table 'pages' expected to update 1 row(s); 0 were matched.", tostring(err), 1, true)
    session:rollback()
  end)
end)

describe("an orphan whose key comes again", function()
  it("hands its row over to the new child (UOW-47)", function()
    local Base = orm.declarative_base()
    local Parent = Base:class "Parent" {
      __tablename__ = "parents",
      id = Column(Integer, {primary_key = true}),
      children = relationship("Child", {cascade = "all, delete-orphan"}),
    }
    local Child = Base:class "Child" {
      __tablename__ = "children",
      parent_id = Column(Integer, ForeignKey("parents.id"), {primary_key = true}),
      name = Column(String, {primary_key = true}),
      value = Column(Integer),
    }
    local engine = la.create_engine("sqlite://")
    Base.metadata:create_all(engine)
    local session = orm.Session(engine)
    local parent = Parent{}
    parent.children = {Child{name = "a", value = 1}, Child{name = "b", value = 2}}
    session:add(parent)
    session:commit()
    parent.children = {Child{name = "a", value = 3}}
    session:commit()
    assert.equal(1, #parent.children)
    assert.equal(3, parent.children[1].value)
    assert.equal(1, session:query(Child):count())
  end)
end)
