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
    assert.equal("xd3s", code(function() la.inspect(5) end))
  end)
end)
