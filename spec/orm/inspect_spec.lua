-- SPDX-License-Identifier: MIT
-- What la.inspect tells of classes, objects, aliases, attributes and tables.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local shop = require "spec.support.shop"
local staff = require "spec.support.staff"

local fails = require "spec.support.fails"

local function keys(list)
  local found = {}
  for i, item in ipairs(list) do found[i] = item.key or item end
  return found
end

describe("la.inspect", function()
  local s, User, Order, Item
  before_each(function()
    s = shop.new():fill()
    User, Order, Item = s.User, s.Order, s.Item
  end)
  after_each(function() s:close() end)

  it("of a class gives its mapper", function()
    local mapper = la.inspect(User)
    assert.equal(mapper, User.__mapper__)
    assert.equal("Mapper[User(users)]", tostring(mapper))
    assert.same({User, User.__table__, User, true, false, false, false}, {mapper.class_, mapper.local_table, mapper.entity, mapper.is_mapper,
      mapper.is_aliased_class, mapper.is_instance, mapper.non_primary})
    assert.equal("users", tostring(mapper.selectable))
    assert.same({"id", "name", "age"}, keys(mapper.column_attrs))
    assert.same({"addresses", "orders", "profile"}, keys(mapper.relationships))
    assert.same({"addresses", "orders", "profile"}, mapper.relationships:keys())
    assert.equal('["addresses", "orders", "profile"]', tostring(mapper.relationships))
    assert.equal(mapper.relationships[2].key, mapper.relationships:items()[2][1])
    assert.is_true(mapper.attrs:contains "orders" and not mapper.attrs:contains "order")
    assert.equal("[users]", tostring(mapper.tables))
    local state = la.inspect(User {name = "Ann"})
    assert.same(mapper.attrs:keys(), state.attrs:keys())
    assert.truthy(tostring(state.unloaded):find('"age"', 1, true))
    assert.equal(User.__table__.c.id, mapper.primary_key[1])
    local count = 0
    for property in mapper.iterate_properties do
      assert.is_true(property.is_property)
      count = count + 1
    end
    assert.equal(6, count)
    local ann = s.session:get(User, 1)
    assert.same({1}, mapper:primary_key_from_instance(ann))
    assert.same({User, {1}}, mapper:identity_key_from_instance(ann))
    assert.same({User, {5}}, mapper:identity_key_from_primary_key{5})
    assert.same({User, {1}}, mapper:identity_key_from_row(s.session:connection():execute(la.select(User.__table__)):first()))
    assert.is_true(mapper:common_parent(mapper) and not mapper:common_parent(la.inspect(Order)))
    fails(exc.ArgumentError, 'a mapper has no "colums"; did you mean "columns"?', function() return mapper.colums end)
    fails(exc.InvalidRequestError, "Mapper 'Mapper[User(users)]' has no property 'x'", function() return mapper:get_property "x" end)
  end)

  it("of a class tells how its relationships join", function()
    local orders, tags = la.inspect(User).relationships.orders, la.inspect(Item).relationships.tags
    local user = la.inspect(Order).relationships.user
    assert.same({"ONETOMANY", true, "select", "Order", "user", "User.orders"}, {orders.direction, orders.uselist, orders.lazy, orders.argument,
      orders.back_populates, tostring(orders)})
    assert.equal(la.inspect(Order), orders.mapper)
    assert.equal(la.inspect(Order), orders.entity)
    assert.equal(la.inspect(User), orders.parent)
    assert.equal("users.id = orders.user_id", tostring(orders.primaryjoin))
    local u, o = User.__table__.c, Order.__table__.c
    assert.same({{u.id, o.user_id}}, orders.local_remote_pairs)
    assert.same({{o.user_id, u.id}}, user.local_remote_pairs)
    assert.same({{u.id}, {o.user_id}}, {orders.local_columns, orders.remote_side})
    assert.same({{o.user_id}, {u.id}}, {user.local_columns, user.remote_side})
    assert.equal("tags.id = item_tags.tag_id", tostring(tags.secondaryjoin))
    assert.equal(s.item_tags, tags.secondary)
    assert.same({s.item_tags.c.item_id, s.item_tags.c.tag_id}, tags.remote_side)
    assert.equal("tags.id", tostring(tags.order_by[1]))
    assert.is_true(la.inspect(Order).relationships.items.cascade["delete-orphan"])
    assert.same({false, true, false}, {orders.passive_deletes, orders.passive_updates, orders.post_update})
    assert.is_nil(orders.secondary)
    fails(exc.ArgumentError, 'the property User.orders has no "uselst"; did you mean "uselist"?', function() return orders.uselst end)
    local name = la.inspect(User).column_attrs.name
    assert.same({{u.name}, u.name, false}, {name.columns, name.expression, name.deferred})
    assert.equal("users.name", tostring(name.class_attribute))
  end)

  it("of an object gives its state", function()
    local ann = s.session:get(User, 1)
    local state = la.inspect(ann)
    assert.same({true, false, false, false, false, true, true}, {state.persistent, state.transient, state.pending, state.deleted, state.detached,
      state.has_identity, state.is_instance})
    assert.same({{User, {1}}, {1}, User}, {state.identity_key, state.identity, state.class_})
    assert.equal(la.inspect(User), state.mapper)
    assert.equal(s.session, state.session)
    assert.same({id = 1, name = "Ann", age = 30}, state.dict)
    assert.same({"addresses", "orders", "profile"}, state.unloaded)
    ann.name = "New"
    assert.same({{"New"}, {}, {"Ann"}}, {state.attrs.name.history.added, state.attrs.name.history.unchanged, state.attrs.name.history.deleted})
    assert.is_true(state.modified)
    assert.same({"id", "age", "addresses", "orders", "profile"}, state.unmodified)
    s.session:rollback()
    assert.same({true, {"id", "name", "age"}}, {state.expired, state.expired_attributes})
    assert.same({}, s:during(function() return state.dict end))
    local new = la.inspect(User{name = "x"})
    assert.is_true(new.transient)
    assert.is_nil(new.identity_key)
    fails(exc.ArgumentError, 'the state of an object has no "persistant"; did you mean "persistent"?', function() return state.persistant end)
  end)

  it("of an alias tells what it stands for", function()
    local alias = orm.aliased(User, {name = "other"})
    local inspected = la.inspect(alias)
    assert.same({User, "other", true, false}, {inspected.class_, inspected.name, inspected.is_aliased_class, inspected.is_mapper})
    assert.equal(la.inspect(User), inspected.mapper)
    assert.equal(alias, inspected.entity)
    assert.equal("SELECT other.id, other.name, other.age FROM users AS other", (tostring(la.select(inspected.selectable)):gsub("%s+", " ")))
  end)

  it("of attributes, tables and selects gives these themselves", function()
    assert.equal(User.__table__, la.inspect(User.__table__))
    assert.equal("users.name", tostring(la.inspect(User.name)))
    assert.equal("User.orders", tostring(la.inspect(User.orders)))
    assert.same({User, la.inspect(User), "name", true}, {User.name.class_, User.name.parent, User.name.key, User.name.is_attribute})
    assert.equal(User.__table__.c.name, User.name.property.columns[1])
    assert.same({"orders", la.inspect(Order), la.inspect(Order)}, {User.orders.key, User.orders.mapper, User.orders.entity})
    assert.equal("ONETOMANY", User.orders.property.direction)
    fails(exc.ArgumentError, 'an expression has no "proprty"', function() return User.orders.proprty end)
    fails(exc.NoInspectionAvailable, "No inspection system is available for object of type number", function() la.inspect(5) end)
    assert.is_nil(la.inspect(5, false))
  end)

  it("of attributes has what their columns say, and of mappers their arguments", function()
    local column = User.__table__.c.name
    assert.same({false, true, column.nullable, User.__table__}, {User.name.primary_key, User.id.primary_key, User.name.nullable, User.name.table})
    assert.is_nil(User.name.server_default)
    assert.equal(1, #Order.user_id.foreign_keys)
    fails(exc.ArgumentError, 'the attribute User.orders has no "nullable"', function() return User.orders.nullable end)
    local mapper = la.inspect(User)
    assert.same({true, true, false, true}, {mapper.batch, mapper.allow_partial_pks, mapper.passive_deletes, mapper.confirm_deleted_rows})
    assert.is_nil(mapper.version_id_generator)
    local orders = mapper.relationships.orders
    assert.same({false, true}, {orders.load_on_pending, orders.enable_typechecks})
    assert.is_nil(orders.omit_join)
    local query = s.session:query(User)
    assert.same({true, false, false}, {query.is_select, query.is_update, query.is_dml})
  end)

  it("of classes of a hierarchy follows it", function()
    local w = staff.new()
    local person, engineer, manager = la.inspect(w.Person), la.inspect(w.Engineer), la.inspect(w.Manager)
    assert.equal(person, engineer.inherits)
    assert.equal(person, la.inspect(w.Senior).base_mapper)
    assert.is_true(engineer:isa(person) and engineer:is_sibling(manager) and not engineer:is_sibling(person) and engineer:common_parent(manager))
    local found = {}
    for mapper in engineer:polymorphic_iterator() do found[#found + 1] = mapper.class_.__name__ end
    assert.same({"Engineer", "Senior"}, found)
    assert.equal(engineer, person.polymorphic_map.engineer)
    assert.same({"people", "engineers"}, {engineer.tables[1].name, engineer.tables[2].name})
    w:close()
  end)
end)

describe("SQLAlchemy's short code", function()
  local s
  before_each(function() s = shop.new():fill() end)
  after_each(function() s:close() end)

  it("is in errors that its documentation explains", function()
    local session, User = s.session, s.User
    local function code(fn)
      local ok, err = pcall(fn)
      assert.is_false(ok)
      return err.code
    end
    assert.equal("cd3x", code(function() session:execute(la.text "SELECT :x") end))
    session:rollback()
    assert.equal("bupq", code(function() session:execute(la.update(User), {{name = "x"}}) end))
    assert.equal("e3q8", code(function() session:execute(la.text "SELECT * FROM nowhere") end))
    session:rollback()
    session:add(User{id = 1, name = "again"})
    assert.equal("gkpj", code(function() session:flush() end))
    assert.equal("7s2a", code(function() session:execute(la.select(User)) end))
    session:rollback()
    local ann = session:get(User, 1)
    session:expunge(ann)
    assert.equal("bhk3", code(function() return ann.orders end))
    assert.is_nil(code(function() la.inspect(5) end))
  end)

  it("is in errors of mappings and of the Core", function()
    local function code(fn)
      local ok, err = pcall(fn)
      assert.is_false(ok)
      return err.code
    end
    local key = function() return la.Column(la.Integer, {primary_key = true}) end
    local function mapped(options)
      local Base = orm.declarative_base()
      Base:class "Parent" {__tablename__ = "parents", id = key(), children = orm.relationship("Child", {back_populates = "parent"})}
      options.back_populates = "children"
      local Child = Base:class "Child" {__tablename__ = "children", id = key(), parent_id = la.Column(la.ForeignKey "parents.id"),
        parent = orm.relationship("Parent", options)}
      Base.registry:configure()
      return Base.registry.classes.Parent, Child
    end
    assert.equal("bbf0", code(function() mapped{cascade = "all, delete-orphan"} end))
    assert.equal("bbf1", code(function()
      local Parent, Child = mapped{cascade = "all, delete-orphan", single_parent = true}
      local parent = Parent()
      Child{parent = parent}
      Child().parent = parent
    end))
    local engine = la.create_engine "sqlite://"
    assert.equal("8s2b", code(function()
      local connection <close> = engine:connect()
      connection:begin()
      connection:invalidate()
      connection:execute(la.text "SELECT 1")
    end))
    assert.equal("f405", code(function() engine:connect():exec_driver_sql("SELECT ?", {1, 2}) end))
    assert.equal("f405", code(function() engine:connect():exec_driver_sql "SELECT 1; SELECT 2" end))
    assert.equal("squa", code(function() la.create_engine "sqlite:///x.db?mode=ro" end))
    local Unknown = la.ColumnElement:class "Unknown" {type = la.Integer}
    assert.equal("l7de", code(function() la.select(Unknown()):compile() end))
    assert.equal("l7de", code(function() engine:connect():execute(la.select(Unknown())) end))
    assert.equal("l7de", code(function() la.Table("t", la.MetaData(), la.Column("x", la.ARRAY(la.Integer))):create(engine) end))
    assert.equal("l7de", code(function() engine:connect():execute(la.DDLElement:class "Own" {}()) end))
    assert.same({"dbapi", "rvf5", "4xp6", "9h9h", "2j85", "tw8g", "xd1r", "xd2s"}, {exc.DBAPIError.code, exc.InterfaceError.code, exc.DatabaseError.code,
      exc.DataError.code, exc.InternalError.code, exc.NotSupportedError.code, exc.AwaitRequired.code, exc.MissingGreenlet.code})
  end)
end)

describe("inspection of what maps a class", function()
  it("has flags, synonyms' names, cascades as text, both sides of histories, and keys of the identity map", function()
    local Base = orm.declarative_base()
    local User = Base:class "User" {__tablename__ = "users", id = la.Column(la.Integer, {primary_key = true}), name = la.Column(la.String),
      called = orm.synonym "name", notes = orm.relationship("Note", {cascade = "all, delete-orphan"})}
    local Note = Base:class "Note" {__tablename__ = "notes", id = la.Column(la.Integer, {primary_key = true}),
      user_id = la.Column(la.ForeignKey "users.id")}
    local mapper = la.inspect(User)
    assert.equal("name", mapper.synonyms.called.name)
    assert.equal("delete,delete-orphan,expunge,merge,refresh-expire,save-update", tostring(mapper.relationships.notes.cascade))
    for _, flag in ipairs {"is_mapper", "is_instance", "is_aliased_class", "is_selectable", "is_bundle", "is_clause_element"} do
      assert.is_false(mapper.attrs.name[flag])
      assert.is_false(User.name[flag])
    end
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    local kept, gone, new = Note(), Note(), Note()
    local user = User{notes = {kept, gone}}
    session:add(user)
    session:commit()
    user.notes:remove(gone)
    user.notes:append(new)
    local history = la.inspect(user).attrs.notes.history
    assert.same({kept, gone}, history:non_added())
    assert.same({new, kept}, history:non_deleted())
    local found = {}
    for key, object in session.identity_map:items() do found[object] = key end
    assert.same(orm.identity_key(User, 1), found[user])
    assert.is_true(session.identity_map:has_key(orm.identity_key(User, 1)))
    assert.is_false(session.identity_map:has_key(orm.identity_key(User, 2)))
    assert.equal(session, session:object_session(user))
  end)
end)
