-- SPDX-License-Identifier: MIT
-- What a flush tells by warnings: links and rows that are not as the program seems to think.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local warnings = require "lualchemy.warnings"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

--- The texts of the warnings that `fn` brings.
local function texts(fn)
  local list = {}
  for i, warning in ipairs((warnings.catch_warnings(fn))) do list[i] = warning.message end
  return list
end

describe("a flush warns", function()
  local s, User, Address, Item, Tag
  before_each(function()
    s = shop.new():fill()
    User, Address, Item, Tag = s.User, s.Address, s.Item, s.Tag
  end)
  after_each(function() s:close() end)

  local function flush() s.session:flush() end

  it("of a child that a backref alone has linked: it does not come into the session (UOW-68)", function()
    local ann, fresh = s.session:get(User, 1), Address{email = "new"}
    fresh.user = ann
    assert.is_false(s.session:contains(fresh))
    assert.same({"Object of type <Address> not in session, add operation along 'User.addresses' will not proceed"}, texts(flush))
    assert.equal(3, s.session:query(Address):count())
  end)

  it("of a parent that is not in the session: its key is not copied", function()
    local ann = s.session:get(User, 1)
    local address = s.session:get(Address, 3)
    s.session:expunge(ann)
    s.session:no_autoflush(function() address.user = User{name = "nobody"} end)
    for _, object in ipairs(s.session.new) do s.session:expunge(object) end
    assert.same({"Object of type <User> not in session, add operation along 'Address.user' will not proceed"}, texts(flush))
    assert.equal(2, s.session:scalar(la.select(Address.user_id):where(Address.id:eq(3))))
  end)

  it("of members of many-to-many lists that are not in the session, and not of those that it deleted", function()
    local pen, green = s.session:get(Item, 1), Tag{name = "green"}
    green.items:append(pen)
    assert.same({"Object of type <Tag> not in session, add operation along 'Item.tags' will not proceed"}, texts(flush))
    local red = pen.tags[1]
    s.session:delete(red)
    s.session:flush()
    pen.tags:remove(red)
    assert.same({}, texts(flush))
  end)

  it("of a new object with the key of one that is there, and sends the INSERT (UOW-24)", function()
    local ann = s.session:get(User, 1)
    s.session:add(User{id = 1, name = "Other"})
    local list = texts(function()
      fails(exc.IntegrityError, "UNIQUE constraint failed: users.id", flush)
    end)
    assert.same({"New instance User(pending) with identity key User(id=1) conflicts with persistent instance User(id=1)"}, list)
    s.session:rollback()
    assert.equal("Ann", ann.name)
  end)

  it("of rows that are gone before their DELETE, once for a table (UOW-55)", function()
    local users = s.session:query(User):filter(User.id:in_{2, 3}):all()
    s.session:delete(users[1].addresses[1])
    s.session:no_autoflush(function()
      for _, user in ipairs(users) do s.session:delete(user) end
    end)
    s.session:no_autoflush(function()
      s.session:execute(la.text "DELETE FROM addresses WHERE id = 3")
      s.session:execute(la.text "DELETE FROM users WHERE id IN (2, 3)")
      for _, user in ipairs(users) do assert(user.addresses and user.orders and user.profile == nil) end
    end)
    assert.same({
      "DELETE statement on table 'addresses' expected to delete 1 row(s); 0 were matched.  " ..
        "Please set confirm_deleted_rows = false within the mapper configuration to prevent this warning.",
      "DELETE statement on table 'users' expected to delete 2 row(s); 0 were matched.  " ..
        "Please set confirm_deleted_rows = false within the mapper configuration to prevent this warning.",
    }, texts(flush))
  end)
end)

describe("rows that are gone before their DELETE", function()
  local function session_of(arguments)
    local Base = orm.declarative_base()
    local Doc = Base:class "Doc" {
      __tablename__ = "docs",
      id = la.Column(la.Integer, {primary_key = true}),
      version = la.Column(la.Integer),
      __mapper_args__ = arguments,
    }
    local engine = la.create_engine("sqlite://")
    Base.metadata:create_all(engine)
    local session = orm.Session(engine)
    local doc = Doc{id = 1}
    session:add(doc)
    session:commit()
    assert(doc.id)
    session:delete(doc)
    session:no_autoflush(function() session:execute(la.text "DELETE FROM docs") end)
    return session
  end

  it("are borne in silence with confirm_deleted_rows = false (UOW-55)", function()
    local session = session_of{confirm_deleted_rows = false}
    assert.same({}, texts(function() session:commit() end))
    session:close()
  end)

  it("are an error where rows have versions (UOW-55)", function()
    local session = session_of{version_id_col = "version"}
    fails(exc.StaleDataError, "DELETE statement on table 'docs' expected to delete 1 row(s); 0 were matched.", function() session:commit() end)
    session:close()
  end)
end)
