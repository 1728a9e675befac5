-- SPDX-License-Identifier: MIT
-- What mapped_column says of an attribute beside its column.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"
require "spec.support.sql"

local mapped_column, Integer, String = orm.mapped_column, la.Integer, la.String

describe("mapped_column (DEC-03, DEC-19)", function()
  it("defers a column, alone, in a group, or for good", function()
    local Base = orm.declarative_base()
    local Page = Base:class "Page" {__tablename__ = "pages", id = mapped_column(Integer, {primary_key = true}),
      body = mapped_column(String, {deferred = true}),
      head = mapped_column(String, {deferred_group = "parts"}), foot = mapped_column(String, {deferred_group = "parts"}),
      raw = mapped_column(String, {deferred_raiseload = true})}
    local s = shop.open {Base = Base, Page = Page}
    s.session:add(Page {id = 1, body = "b", head = "h", foot = "f", raw = "r"})
    s.session:commit()
    assert.sql(la.select(Page), "SELECT pages.id FROM pages")
    local page = s.session:get(Page, 1)
    assert.same({"SELECT pages.head, pages.foot FROM pages WHERE pages.id = ?"}, s:during(function() assert.equal("hf", page.head .. page.foot) end))
    assert.equal("b", page.body)
    fails(exc.InvalidRequestError, "'Page.raw' is not available due to raiseload=True", function() return page.raw end)
    s:close()
  end)

  it("loads the old value before a new one is set with active_history", function()
    local Base = orm.declarative_base()
    local Page = Base:class "Page" {__tablename__ = "pages", id = mapped_column(Integer, {primary_key = true}),
      title = mapped_column(String, {active_history = true})}
    local s = shop.open {Base = Base, Page = Page}
    s.session:add(Page {id = 1, title = "old"})
    s.session:commit()
    local page = s.session:get(Page, 1)
    s.session:expire(page)
    page.title = "new"
    assert.same({"old"}, la.inspect(page).attrs.title.history.deleted)
    s:close()
  end)

  it("moves a column by sort_order, those of mixins too", function()
    local Base = orm.declarative_base()
    local Keyed = orm.mixin {id = mapped_column(Integer, {primary_key = true, sort_order = -1})}
    local Page = Base:class "Page" {Keyed, __tablename__ = "pages", last = mapped_column(Integer, {sort_order = 1}), title = mapped_column(String)}
    assert.same({"id", "title", "last"}, Page.__table__.c:keys())
  end)

  it("shares a column of the parent's table among siblings with use_existing_column (MAP-02)", function()
    local Base = orm.declarative_base()
    local Employee = Base:class "Employee" {__tablename__ = "employees", id = mapped_column(Integer, {primary_key = true}), type = mapped_column(String),
      __mapper_args__ = {polymorphic_on = "type", polymorphic_identity = "employee"}}
    local function below(name, options)
      return Employee:class(name) {start = mapped_column(Integer, options), __mapper_args__ = {polymorphic_identity = name}}
    end
    local Engineer, Manager = below("Engineer", {use_existing_column = true}), below("Manager", {use_existing_column = true})
    assert.equal(la.inspect(Engineer).attrs.start.column, la.inspect(Manager).attrs.start.column)
    assert.same({"id", "type", "start"}, Employee.__table__.c:keys())
    fails(exc.ArgumentError, "Column 'start' on class Clerk conflicts with existing column 'employees.start'.  If using Declarative, consider " ..
      "using the use_existing_column parameter of mapped_column() to resolve conflicts.", function() below("Clerk") end)
  end)

  it("is what mapper arguments name; a name that is none is refused with the class (MAP-01)", function()
    local Base = orm.declarative_base()
    local function declare(name, arguments)
      Base:class(name) {__tablename__ = name, id = mapped_column(Integer, {primary_key = true}), kind = mapped_column(String), __mapper_args__ = arguments}
    end
    fails(exc.ArgumentError, "class B: polymorphic_on is a column, an SQL expression or the name of an attribute, not 5", function()
      orm.declarative_base():class "B" {__tablename__ = "b", id = mapped_column(Integer, {primary_key = true}), __mapper_args__ = {polymorphic_on = 5}}
    end)
    fails(exc.ArgumentError, "class D: polymorphic_on is a column, an SQL expression or the name of an attribute, not others", function()
      declare("D", {polymorphic_on = la.Table("others", la.MetaData())})
    end)
    local Other = orm.declarative_base():class "Other" {__tablename__ = "others", id = mapped_column(Integer, {primary_key = true})}
    for _, wrong in ipairs {5, la.literal(5), Other, orm.aliased(Other)} do
      fails(exc.ArgumentError, 'class E: with_polymorphic is a list of classes, or {"*", selectable}', function()
        orm.declarative_base():class "E" {__tablename__ = "e", id = mapped_column(Integer, {primary_key = true}),
          __mapper_args__ = {with_polymorphic = {"*", wrong}, polymorphic_on = "id"}}
      end)
    end
    fails(exc.ArgumentError, "class A: can't determine polymorphic_on value 'kinds' - no attribute is mapped to this name; did you mean \"kind\"?",
      function() declare("A", {polymorphic_on = "kinds"}) end)
    fails(exc.ArgumentError, "class B: can't determine version_id_col value 'zz'", function() declare("B", {version_id_col = "zz"}) end)
    fails(exc.ArgumentError, "class C: can't determine primary_key value 'zz'", function() declare("C", {primary_key = {"zz"}}) end)
  end)

  it("refuses what belongs to dataclasses", function()
    fails(exc.ArgumentError, "Column: kw_only is not supported: it belongs to dataclasses", function() mapped_column(Integer, {kw_only = true}) end)
  end)
end)

describe("la.inspect of a class", function()
  local s
  before_each(function() s = shop.new():fill() end)
  after_each(function() s:close() end)

  it("goes to the root, over what a cascade reaches, and takes new attributes", function()
    local mapper = la.inspect(s.User)
    local list = {}
    for each in mapper:iterate_to_root() do list[#list + 1] = tostring(each) end
    assert.same({"Mapper[User(users)]"}, list)
    assert.equal(mapper, mapper.primary_base_mapper)
    mapper:add_property("nickname", la.Column(la.String))
    assert.equal("users.nickname", tostring(s.User.nickname))
    local user = s.User {name = "x", addresses = {s.Address {email = "a"}}}
    local reached = {}
    for object, of_mapper, state in mapper:cascade_iterator("save-update", la.inspect(user)) do
      reached[#reached + 1] = object
      assert.equal(s.Address.__mapper__, of_mapper)
      assert.equal(object, state:obj())
    end
    assert.same({user.addresses[1]}, reached)
  end)

  it("is listed by its registry", function()
    local names = {}
    for i, mapper in ipairs(s.Base.registry.mappers) do names[i] = mapper.class_.__name__ end
    assert.same({"User", "Address", "Profile", "Order", "Item", "Tag", "Category"}, names)
  end)
end)

describe("la.inspect of an object", function()
  it("tells what is unmodified and what was before, and keeps what the program notes", function()
    local s = shop.new():fill()
    local user = s.session:get(s.User, 1)
    local state = la.inspect(user)
    user.name = "Anna"
    assert.same({name = "Ann"}, state.committed_state)
    assert.same({"id"}, state:unmodified_intersection {"id", "name"})
    assert.same({"Anna"}, state:get_history("name").added)
    state.info.seen = true
    assert.is_true(la.inspect(user).info.seen)
    assert.equal(user, state.attrs.name.state.object)
    s:close()
  end)
end)
