-- SPDX-License-Identifier: MIT
-- Keys of the identity map, mappers of classes and objects, and what takes lists of objects.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local s, User
before_each(function()
  s = shop.new():fill()
  User = s.User
end)
after_each(function() s:close() end)

it("orm.identity_key names an object by class and key (SES-16)", function()
  local ann = s.session:get(User, 1)
  assert.same({User, {1}}, orm.identity_key(User, 1))
  assert.same({User, {1}}, orm.identity_key(User, {1}))
  assert.equal("[class User, [1]]", tostring(orm.identity_key(User, 1)))
  assert.same({User, {1}}, orm.identity_key{instance = ann})
  assert.same({User, {7}}, orm.identity_key{instance = User{id = 7}})
  assert.same({User, {2}}, orm.identity_key(User, {row = s.session:execute(la.select(User.name, User.id):where(User.id:eq(2))):first()}))
  assert.same({User, {1}, "shard"}, orm.identity_key(User, 1, {identity_token = "shard"}))
  assert.equal(ann, s.session.identity_map:get(s.session:identity_key{instance = ann}))
  assert.equal(ann, s.session.identity_map:get(orm.identity_key(User, 1)))
  assert.is_nil(s.session.identity_map:get(orm.identity_key(User, 2)))
  fails(exc.ArgumentError, "class or instance is required", function() orm.identity_key() end)
  fails(exc.ArgumentError, "ident or row is required", function() orm.identity_key(User) end)
  fails(exc.ArgumentError, "the primary key of User has 1 part, not 2", function() orm.identity_key(User, {1, 2}) end)
  fails(exc.UnmappedInstanceError, nil, function() orm.identity_key{instance = 5} end)
  fails(exc.UnmappedClassError, nil, function() orm.identity_key({}, 5, {}) end)
end)

it("orm.object_mapper and orm.class_mapper give the mapper (SES-16)", function()
  assert.equal(User, orm.object_mapper(User{}).class_)
  assert.equal(la.inspect(User), orm.class_mapper(User))
  assert.equal(la.inspect(User), orm.class_mapper(la.inspect(User)))
  assert.equal(User, orm.class_mapper(User, {configure = false}).class_)
  fails(exc.UnmappedInstanceError, "a number is not an instance of a mapped class", function() orm.object_mapper(3) end)
  fails(exc.ArgumentError, "Class object expected, got 3.", function() orm.class_mapper(3) end)
  fails(exc.UnmappedClassError, "is not mapped", function() orm.class_mapper({}) end)
end)

it("session:merge_all merges a list after one autoflush (SES-12)", function()
  local pending = User{name = "pending"}
  s.session:add(pending)
  local merged
  local sent = s:during(function() merged = s.session:merge_all{User{id = 1, name = "A"}, User{id = 2, name = "B"}, User{name = "new"}} end)
  assert.equal(3, #sent) -- the INSERT, and a SELECT for each key
  assert.same({"A", "B", "new"}, {merged[1].name, merged[2].name, merged[3].name})
  assert.equal(s.session:get(User, 1), merged[1])
  assert.is_true(la.inspect(merged[3]).pending)
  s.session:commit()
  local other <close> = s.Session()
  local same = other:merge_all(merged, {load = false})
  assert.same({}, s:during(function() assert.equal(same[1], other:get(User, 1)) end))
  fails(exc.ArgumentError, "takes a list of objects, not a number", function() s.session:merge_all(4) end)
  fails(exc.ArgumentError, "laod", function() s.session:merge_all({}, {laod = false}) end)
end)

it("session:merge takes loader options for what it reads (SES-12)", function()
  local ann = User{id = 1, name = "Ann"}
  local merged
  local sent = s:during(function() merged = s.session:merge(ann, {options = {orm.selectinload(User.addresses)}}) end)
  assert.equal(2, #sent)
  assert.equal(0, #s:during(function() assert.equal(2, #merged.addresses) end))
end)

it("session:delete_all deletes a list, or all of a collection (SES-04)", function()
  local ann = s.session:get(User, 1)
  s.session:delete_all(ann.addresses)
  s.session:delete_all{s.session:get(User, 3)}
  s.session:commit()
  assert.same({0, 2}, {#ann.addresses, s.session:query(User):count()})
  fails(exc.ArgumentError, "takes a list of objects", function() s.session:delete_all(5) end)
end)

it("a new object takes the place of one whose row a rollback has undone", function()
  local session = s.session
  session:add(User{name = "first"})
  session:flush()
  collectgarbage()
  local read = session:get(User, 4)
  session:expunge(read)
  read = session:get(User, 4) -- read in the transaction that has inserted it, and nothing remembers that
  session:rollback()
  local new = User{name = "second"}
  session:add(new)
  session:flush()
  assert.equal(new, session:get(User, 4))
  assert.is_true(la.inspect(read).detached)
  session:expunge(new)
  session:add(new)
  session:commit()
  assert.equal("second", session:get(User, 4).name)
end)

it("session:get forgets the class of its last call when the declaration of that fails (SES-05)", function()
  local Base, unfinished = orm.declarative_base(), nil
  local listener = function(_, class)
    unfinished = class
    pcall(s.session.get, s.session, class, 1)
    error "refused"
  end
  la.event.listen(orm.Mapper, "instrument_class", listener)
  local ok = pcall(function()
    Base:class "Unfinished" {__tablename__ = "unfinished", id = la.Column(la.Integer, {primary_key = true})}
  end)
  la.event.remove(orm.Mapper, "instrument_class", listener)
  assert.is_false(ok)
  for _ = 1, 4 do collectgarbage() end
  fails(exc.UnmappedClassError, "is not a mapped class", function() s.session:get(unfinished, 1) end)
  assert.equal("Ann", s.session:get(User, 1).name)
end)
