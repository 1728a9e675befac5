-- SPDX-License-Identifier: MIT
-- Conditions made of relationships: comparison with objects, contains, any, has, with_parent.
local exc = require "lualchemy.exc"
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local shop = require "spec.support.shop"
local fails = require "spec.support.fails"
require "spec.support.sql"

describe("a relationship in a condition", function()
  local s, User, Address, Item, Tag, Profile, Category
  before_each(function()
    s = shop.new():fill()
    User, Address, Item, Tag, Profile, Category = s.User, s.Address, s.Item, s.Tag, s.Profile, s.Category
  end)
  after_each(function() s:close() end)

  it("is compared with an object by its key (REL-22)", function()
    assert.sql(Address.user:eq(User{id = 3}), ":param_1 = addresses.user_id", {param_1 = 3})
    assert.sql(Address.user:ne(User{id = 3}), "addresses.user_id != :user_id_1 OR addresses.user_id IS NULL", {user_id_1 = 3})
    assert.sql(Category.parent:ne(Category{id = 4}), "categories.parent_id != :parent_id_1 OR categories.parent_id IS NULL")
    local other = orm.aliased(Address)
    assert.sql(other.user:ne(User{id = 4}), "addresses_1.user_id != :user_id_1 OR addresses_1.user_id IS NULL")
    assert.sql(Address.user:eq(nil), "addresses.user_id IS NULL")
    assert.sql(Address.user:ne(nil), "addresses.user_id IS NOT NULL")
    assert.sql(User.addresses:eq(nil), "NOT (EXISTS (SELECT 1 FROM addresses, users WHERE users.id = addresses.user_id))")
    assert.sql(User.addresses:ne(nil), "EXISTS (SELECT 1 FROM addresses, users WHERE users.id = addresses.user_id)")
  end)

  it("of the far side of a one-to-one differs where no row has that key", function()
    assert.sql(User.profile:eq(Profile{user_id = 7}), "users.id = :param_1", {param_1 = 7})
    assert.sql(User.profile:ne(Profile{id = 7}),
      "NOT (EXISTS (SELECT 1 FROM profiles, users WHERE users.id = profiles.user_id AND profiles.id = :id_1))", {id_1 = 7})
  end)

  it("reads what of the object is expired", function()
    local ann = s.session:get(User, 1)
    local address = ann.addresses[1]
    s.session:expire(address)
    assert.sql(orm.with_parent(address, Address.user), "users.id = :param_1", {param_1 = 1})
    s.session:expire(ann)
    assert.sql(Address.user:eq(ann), ":param_1 = addresses.user_id", {param_1 = 1})
  end)

  it("says what cannot be compared", function()
    fails(exc.InvalidRequestError, "Can't compare a collection to an object or collection; use contains() to test for membership.",
      function() return User.addresses:eq(Address{id = 1}) end)
    fails(exc.InvalidRequestError, "Can't compare a collection", function() return User.addresses:ne {} end)
    fails(exc.ArgumentError, "Mapped instance expected for relationship comparison to object, not a number", function() return Address.user:eq(5) end)
    fails(exc.ArgumentError, "User.addresses.has", function() return User.addresses:contains "x" end)
    fails(exc.InvalidRequestError, "Can't resolve value for column users.id on object", function() return Address.user:eq(User{name = "x"}) end)
    fails(exc.InvalidRequestError, "in_() not yet supported for relationships", function() return Address.user:in_ {1} end)
    fails(exc.InvalidRequestError, "'contains' not implemented for scalar attributes", function() return Address.user:contains(User{id = 1}) end)
  end)

  it("contains an object; not to contain it is NOT EXISTS for a many-to-many", function()
    assert.sql(User.addresses:contains(Address{user_id = 5}), "users.id = :param_1", {param_1 = 5})
    assert.sql(~User.addresses:contains(Address{user_id = 5}), "users.id != :param_1")
    local red = Tag{id = 5}
    assert.sql(Item.tags:contains(red), "items.id = item_tags_1.item_id AND :param_1 = item_tags_1.tag_id", {param_1 = 5})
    local not_red = "NOT (EXISTS (SELECT 1 FROM tags, item_tags, items WHERE items.id = item_tags.item_id " ..
      "AND tags.id = item_tags.tag_id AND tags.id = :id_1))"
    assert.sql(~Item.tags:contains(red), not_red, {id_1 = 5})
    assert.sql(la.not_(la.not_(Item.tags:contains(red))), "items.id = item_tags_1.item_id AND :param_1 = item_tags_1.tag_id")
    assert.sql(la.select(Item.id):where(Item.tags:contains(red) | Item.id:eq(1)),
      "SELECT items.id FROM items, item_tags AS item_tags_1 WHERE items.id = item_tags_1.item_id " ..
      "AND :param_1 = item_tags_1.tag_id OR items.id = :id_1")
    local kept = s.session:get(Tag, 1)
    local found = s.session:query(Item):filter(~Item.tags:contains(kept)):all()
    assert.equal(1, #found)
    assert.equal("ink", found[1].name)
    assert.equal("pen", s.session:query(Item):filter(Item.tags:contains(kept)):one().name)
  end)

  it("meets criteria by condition, by name, and by both (QRY-15)", function()
    assert.sql(Address.user:has(User.name:eq "x", {age = 3}),
      "EXISTS (SELECT 1 FROM users, addresses WHERE users.id = addresses.user_id AND users.name = :name_1 AND users.age = :age_1)")
    assert.sql(User.addresses:any {email = "x"},
      "EXISTS (SELECT 1 FROM addresses, users WHERE users.id = addresses.user_id AND addresses.email = :email_1)")
    assert.sql(~Address.user:has {name = "x"},
      "NOT (EXISTS (SELECT 1 FROM users, addresses WHERE users.id = addresses.user_id AND users.name = :name_1))")
    fails(exc.InvalidRequestError, "'has()' not implemented for collections. Use any().", function() return User.addresses:has() end)
    fails(exc.InvalidRequestError, "'any()' not implemented for scalar attributes. Use has().", function() return Address.user:any() end)
    fails(exc.ArgumentError, "not a number", function() return User.addresses:any(Address.id:eq(1), 5) end)
  end)

  it("through an alias leaves the far side as it is, or takes the alias of of_type (MAP-14)", function()
    local item, node, tag = orm.aliased(Item), orm.aliased(Category), orm.aliased(Tag)
    assert.sql(Category.children:any {name = "x"},
      "EXISTS (SELECT 1 FROM categories AS categories_1, categories WHERE categories.id = categories_1.parent_id AND categories_1.name = :name_1)")
    assert.sql(node.children:any {name = "x"},
      "EXISTS (SELECT 1 FROM categories, categories AS categories_1 WHERE categories_1.id = categories.parent_id AND categories.name = :name_1)")
    assert.sql(item.tags:any {name = "x"},
      "EXISTS (SELECT 1 FROM tags, item_tags AS item_tags_1, items AS items_1 WHERE items_1.id = item_tags_1.item_id " ..
      "AND tags.id = item_tags_1.tag_id AND tags.name = :name_1)")
    assert.sql(Item.tags:of_type(tag):any(tag.name:eq "x"),
      "EXISTS (SELECT 1 FROM tags AS tags_1, item_tags AS item_tags_1, items WHERE items.id = item_tags_1.item_id " ..
      "AND tags_1.id = item_tags_1.tag_id AND tags_1.name = :name_1)")
  end)

  it("with_parent finds the rows that belong to an object (QRY-02)", function()
    local other = orm.aliased(Address)
    assert.sql(orm.with_parent(User{id = 3}, User.addresses), ":param_1 = addresses.user_id", {param_1 = 3})
    assert.sql(orm.with_parent(Address{user_id = 7}, Address.user), "users.id = :param_1", {param_1 = 7})
    assert.sql(orm.with_parent(Item{id = 3}, Item.tags), ":param_1 = item_tags_1.item_id AND tags.id = item_tags_1.tag_id")
    assert.sql(orm.with_parent(Category{parent_id = 7}, Category.parent), "categories.id = :param_1", {param_1 = 7})
    assert.sql(orm.with_parent(User{id = 3}, User.addresses:of_type(other)), ":param_1 = addresses_1.user_id")
    assert.sql(orm.with_parent(User{id = 3}, User.addresses, {from_entity = other}), ":param_1 = addresses_1.user_id")
    local ann = s.session:get(User, 1)
    assert.equal(2, #s.session:scalars(la.select(Address):where(orm.with_parent(ann, User.addresses))):all())
    assert.equal(2, #s.session:scalars(la.select(Tag):where(orm.with_parent(s.session:get(Item, 1), Item.tags))):all())
    fails(exc.ArgumentError, "an object of class User has no relationship Item.tags", function() return orm.with_parent(ann, Item.tags) end)
    fails(exc.ArgumentError, "with_parent() takes a relationship", function() return orm.with_parent(ann, User.id) end)
    fails(exc.UnmappedInstanceError, "a number is not an instance", function() return orm.with_parent(5, User.addresses) end)
    fails(exc.ArgumentError, "from_entity is a mapped class", function() return orm.with_parent(ann, User.addresses, {from_entity = 5}) end)
  end)
end)
