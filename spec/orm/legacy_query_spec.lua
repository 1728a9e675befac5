-- SPDX-License-Identifier: MIT
-- The legacy Query in full: what session:query and orm.Query offer beside the everyday methods of query_spec.
local exc = require "lualchemy.exc"
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local shop = require "spec.support.shop"
local fails = require "spec.support.fails"
require "spec.support.sql"

describe("Query", function()
  local s, User, Address, Item, Tag, session, query
  before_each(function()
    s = shop.new():fill()
    User, Address, Item, Tag, session = s.User, s.Address, s.Item, s.Tag, s.session
    query = session:query(User)
  end)
  after_each(function() s:close() end)

  local user_columns = "users.id AS users_id, users.name AS users_name, users.age AS users_age"

  local function names(list)
    local found = {}
    for i, user in ipairs(list) do found[i] = user.name end
    return found
  end

  it("gives each object once, however many rows a join makes of it (QRY-07)", function()
    local joined = session:query(User):join(User.addresses):order_by(User.id)
    assert.same({"Ann", "Bob"}, {joined:all()[1].name, joined:all()[2].name})
    assert.equal(2, #joined:all())
    assert.equal("Ann", joined:filter(User.name:eq "Ann"):one().name)
    assert.equal(3, joined:count())
    assert.equal(3, #session:scalars(la.select(User):join(User.addresses)):all())
  end)

  it("is made from entities and a session (QRY-07)", function()
    assert.same({"Bob"}, names(orm.Query(User, session):filter(User.id:eq(2)):all()))
    local free = orm.Query {User.name, User.age}:order_by(User.id)
    assert.is_nil(free.session)
    assert.equal("Ann", free:with_session(session):first().name)
    assert.equal(session, free:with_session(session).session)
    for _, run in ipairs {free.all, free.first, free.one, free.count, free.iter, free.scalars, free.delete} do
      fails(exc.UnboundExecutionError, "This Query has no session", function() run(free) end)
    end
    fails(exc.InvalidRequestError, "Query contains no columns with which to SELECT from.", function() session:query() end)
    fails(exc.InvalidRequestError, "Query contains no columns", function() orm.Query({}, session) end)
    fails(exc.ArgumentError, "bad argument", function() orm.Query(User, 5) end)
  end)

  it("shows its statement, its condition and what it gives (QRY-07, QRY-14)", function()
    local filtered = query:filter(User.name:eq "x", User.age:gt(3))
    assert.sql(filtered.statement, "SELECT users.id, users.name, users.age FROM users WHERE users.name = :name_1 AND users.age > :age_1")
    assert.sql(filtered.selectable, "SELECT " .. user_columns .. " FROM users WHERE users.name = :name_1 AND users.age > :age_1")
    assert.sql(filtered.whereclause, "users.name = :name_1 AND users.age > :age_1")
    assert.is_nil(query.whereclause)
    assert.is_true(query.is_single_entity)
    assert.is_false(session:query(User, Address).is_single_entity)
    assert.equal("User", query.column_descriptions[1].name)
    fails(exc.ArgumentError, 'a Query has no "statment"; did you mean "statement"?', function() return query.statment end)
  end)

  it("adds and replaces what it gives (QRY-07)", function()
    local alias = orm.aliased(Address)
    assert.sql(query:add_columns(Address.email), "SELECT " .. user_columns .. ", addresses.email AS addresses_email FROM users, addresses")
    assert.sql(query:add_column(User.age + 1), "SELECT " .. user_columns .. ", users.age + :age_1 AS anon_1 FROM users")
    assert.sql(query:add_entity(alias), "SELECT " .. user_columns ..
      ", addresses_1.id AS addresses_1_id, addresses_1.email AS addresses_1_email, addresses_1.user_id AS addresses_1_user_id " ..
      "FROM users, addresses AS addresses_1")
    assert.sql(query:with_entities(User.id, Address.id):join(User.addresses),
      "SELECT users.id AS users_id, addresses.id AS addresses_id FROM users JOIN addresses ON users.id = addresses.user_id")
    fails(exc.ArgumentError, "Query.add_entity() takes a mapped class or an alias of one", function() query:add_entity(5) end)
    fails(exc.InvalidRequestError, "Query contains no columns", function() query:with_entities() end)
  end)

  it("becomes a subquery, an expression or a CTE with plain labels (QRY-07)", function()
    assert.sql(la.select(query:subquery()),
      "SELECT anon_1.id, anon_1.name, anon_1.age FROM (SELECT users.id AS id, users.name AS name, users.age AS age FROM users) AS anon_1")
    assert.sql(la.select(query:subquery("q", {with_labels = true})),
      "SELECT q.users_id, q.users_name, q.users_age FROM (SELECT " .. user_columns .. " FROM users) AS q")
    local ids = session:query(User.id, Address.user_id):join(User.addresses)
    assert.sql(la.select(ids:subquery{reduce_columns = true}),
      "SELECT anon_1.id, anon_1.user_id FROM (SELECT users.id AS id, addresses.user_id AS user_id FROM users " ..
      "JOIN addresses ON users.id = addresses.user_id) AS anon_1")
    assert.sql(la.select(session:query(User.id):cte "c"), "WITH c AS (SELECT users.id AS id FROM users) SELECT c.id FROM c")
    local name = session:query(User.name):filter(User.id:eq(Address.user_id))
    local outer = "SELECT addresses.id AS addresses_id, (SELECT users.name FROM users WHERE users.id = addresses.user_id) AS "
    assert.sql(session:query(Address.id, name:scalar_subquery()), outer .. "anon_1 FROM addresses")
    assert.sql(session:query(Address.id, name:as_scalar()), outer .. "anon_1 FROM addresses")
    assert.sql(session:query(Address.id, name:label "nm"), outer .. "nm FROM addresses")
    assert.sql(session:query(Address.id, name:correlate(Address):scalar_subquery()), outer .. "anon_1 FROM addresses")
    assert.sql(query:filter_by{name = "x"}:exists(), "EXISTS (SELECT 1 FROM users WHERE users.name = :name_1)")
    assert.is_true(session:query(query:filter_by{name = "Ann"}:exists()):scalar())
    assert.is_false(session:query(query:filter_by{name = "Eve"}:exists()):scalar())
    fails(exc.ArgumentError, 'Query.subquery got an unknown keyword "label"', function() query:subquery{label = 1} end)
  end)

  it("filters by keys of what was joined last, or else of its first entity (QRY-07)", function()
    local function where(filtered) return tostring(filtered):match "WHERE (.*)$" end
    assert.equal("users.id = :id_1", where(session:query(User):filter_by{id = 1}))
    assert.equal("addresses.id = :id_1", where(session:query(User):join(User.addresses):filter_by{id = 1}))
    assert.equal("users.id = :id_1 AND addresses.id = :id_2", where(session:query(User):filter_by{id = 1}:join(User.addresses):filter_by{id = 2}))
    assert.equal("users.id = :id_1", where(session:query(User, Address):filter_by{id = 1}))
    assert.equal("addresses.id = :id_1", where(session:query(User.name):select_from(Address):filter_by{id = 1}))
    fails(exc.InvalidRequestError, 'Entity namespace for "addresses" has no property "name"',
      function() session:query(User):join(User.addresses):filter_by{name = "x"} end)
  end)

  it("is united with others and goes on from there (QRY-03, QRY-07)", function()
    local one, two = query:filter(User.id:eq(1)), query:filter(User.id:eq(2))
    local from = " FROM (SELECT " .. user_columns .. " FROM users WHERE users.id = :id_1 UNION SELECT " .. user_columns ..
      " FROM users WHERE users.id = :id_2) AS anon_1"
    local columns = "SELECT anon_1.users_id AS anon_1_users_id, anon_1.users_name AS anon_1_users_name, anon_1.users_age AS anon_1_users_age"
    local both = one:union(two)
    assert.sql(both, columns .. from)
    assert.sql(both:filter(User.name:eq "Bob"):order_by(User.id), columns .. from .. " WHERE anon_1.users_name = :name_1 ORDER BY anon_1.users_id")
    assert.same({"Bob"}, names(both:filter(User.name:eq "Bob"):all()))
    assert.same({"Bob"}, names(both:join(User.addresses):filter(Address.email:eq "bob@one"):all()))
    assert.same({"Ann"}, names(both:filter(User.addresses:any(Address.email:eq "ann@one")):all()))
    local loaded = both:options(orm.joinedload(User.addresses)):filter(User.id:eq(1)):one()
    assert.same({}, s:during(function() assert.equal(2, #loaded.addresses) end))
    assert.equal(2, both:count())
    assert.equal(3, #query:union_all():all())
    assert.same({4, 3}, {query:union_all(one):count(), #query:union_all(one):all()})
    assert.same({"Ann"}, names(query:intersect(one):all()))
    assert.same({"Bob", "Cid"}, names(query:except_(one):order_by(User.id):all()))
    assert.same({"Ann", "Bob"}, names(one:union(two):union(two):order_by(User.id):all()))
    local words = session:query(User.name:label "word"):union_all(session:query(Tag.name)):order_by "word":all()
    assert.same({"Ann", "Bob", "Cid", "blue", "red"}, {words[1].word, words[2].word, words[3].word, words[4].word, words[5].word})
    assert.sql(session:query(User.id):except_all(session:query(Address.id)), "SELECT anon_1.users_id AS anon_1_users_id FROM " ..
      "(SELECT users.id AS users_id FROM users EXCEPT ALL SELECT addresses.id AS addresses_id FROM addresses) AS anon_1")
  end)

  it("counts what it would give, eager loads left out (QRY-15)", function()
    assert.same({"SELECT count(*) AS count_1 FROM (SELECT " .. user_columns .. " FROM users ORDER BY users.name) AS anon_1"},
      s:during(function() assert.equal(3, query:order_by(User.name):options(orm.joinedload(User.addresses)):count()) end))
    assert.equal(2, query:limit(2):count())
    assert.equal(2, session:query(Address.user_id):distinct():count())
  end)

  it("gives values of columns (QRY-07)", function()
    assert.equal("Ann", query:order_by(User.id):value(User.name))
    assert.is_nil(query:filter(User.id:eq(99)):value(User.name))
    local found = {}
    for row in query:order_by(User.id):values(User.name, User.id) do found[#found + 1] = row.name .. row.id end
    assert.same({"Ann1", "Bob2", "Cid3"}, found)
    assert.is_nil(query:values()())
    assert.equal(3, #query:scalars():all())
    fails(exc.MultipleResultsFound, "Multiple rows were found when exactly one was required", function() session:query(User.id):scalar() end)
    local row = query:order_by(User.id):only_return_tuples(true):first()
    assert.equal("Ann", row[1].name)
    assert.equal("Ann", query:order_by(User.id):only_return_tuples(true):all()[1].User.name)
    assert.equal("Ann", query:order_by(User.id):only_return_tuples(true):only_return_tuples(false):first().name)
  end)

  it("refuses calls in an order that would mean something else (QRY-07)", function()
    local limited, given = query:limit(1), query:from_statement(la.text "SELECT * FROM users")
    local function add(q)
      return {
        filter = function() return q:filter(User.id:eq(1)) end, filter_by = function() return q:filter_by{id = 1} end,
        order_by = function() return q:order_by(User.id) end, group_by = function() return q:group_by(User.id) end,
        having = function() return q:having(User.id:gt(1)) end, join = function() return q:join(Address) end,
        outerjoin = function() return q:outerjoin(Address) end,
      }
    end
    for name, call in pairs(add(limited)) do
      fails(exc.InvalidRequestError, ("Query.%s() being called on a Query which already has LIMIT or OFFSET applied.  Call %s() before"):format(name, name), call)
    end
    for name, call in pairs(add(given)) do
      fails(exc.InvalidRequestError, ("Query.%s() being called on a Query with an existing full statement"):format(name), call)
    end
    for _, call in pairs(add(limited:enable_assertions(false))) do call() end
    fails(exc.InvalidRequestError, "Query.select_from() being called on a Query with existing criterion.",
      function() query:filter(User.id:eq(1)):select_from(Address) end)
    fails(exc.InvalidRequestError, "Query.from_statement() being called on a Query with existing criterion.",
      function() query:order_by(User.id):from_statement(la.text "SELECT 1") end)
    fails(exc.InvalidRequestError, "Query.get() being called on a Query with existing criterion.", function() query:filter(User.id:eq(1)):get(1) end)
    fails(exc.InvalidRequestError, "get() can only be used against a single mapped class.", function() session:query(User, Address):get(1) end)
    fails(exc.InvalidRequestError, "get() can only be used against a single mapped class.", function() session:query(User.id):get(1) end)
    fails(exc.ArgumentError, "Query.enable_assertions() takes true or false", function() query:enable_assertions(1) end)
  end)

  it("updates and deletes rows of one class, narrowed by conditions alone (QRY-07)", function()
    local refused = {
      ["limit()"] = query:limit(1), ["offset()"] = query:offset(1), ["order_by()"] = query:order_by(User.id),
      ["group_by()"] = query:group_by(User.id), ["distinct()"] = query:distinct(),
      ["join(), outerjoin(), select_from(), or from_self()"] = query:join(Address),
      ["from_statement()"] = query:from_statement(la.text "SELECT 1"),
    }
    for name, narrowed in pairs(refused) do
      fails(exc.InvalidRequestError, "Can't call Query.update() or Query.delete() when " .. name .. " has been called", function() narrowed:delete() end)
      fails(exc.InvalidRequestError, "when " .. name .. " has been called", function() narrowed:update{name = "x"} end)
    end
    fails(exc.ArgumentError, "Query.delete() works on one mapped class", function() session:query(User, Address):delete() end)
    fails(exc.ArgumentError, "Query.update() works on one mapped class", function() session:query(User.id):update{name = "x"} end)
  end)

  it("finds what belongs to an object (QRY-02)", function()
    local ann = session:get(User, 1)
    assert.equal(2, session:query(Address):with_parent(ann):count())
    assert.equal(2, session:query(Address):with_parent(ann, User.addresses):count())
    local alias = orm.aliased(Address)
    assert.sql(session:query(alias.id):with_parent(ann, User.addresses, {from_entity = alias}),
      "SELECT addresses_1.id AS addresses_1_id FROM addresses AS addresses_1 WHERE :param_1 = addresses_1.user_id")
    fails(exc.InvalidRequestError, "Could not locate a property which relates instances of class 'Tag' to instances of class 'User'",
      function() session:query(Tag):with_parent(ann) end)
    fails(exc.UnmappedInstanceError, "a number is not an instance", function() session:query(Tag):with_parent(5) end)
  end)

  it("is turned by functions, and merges cached results (QRY-07)", function()
    local function adults(q) return q:filter(User.age:ge(18)) end
    assert.equal(2, query:with_transformation(adults):count())
    fails(exc.ArgumentError, "Query.with_transformation() takes a function", function() query:with_transformation("x") end)
    local rows = session:query(User, User.name):order_by(User.id):all()
    local users = query:order_by(User.id):all()
    session:expunge_all()
    local merged = query:merge_result(users, {load = false})
    assert.same({"Ann", "Bob", "Cid"}, names(merged))
    assert.is_true(session:contains(merged[1]))
    assert.is_false(session:contains(users[1]))
    local pairs_of = session:query(User, User.name):merge_result(rows)
    assert.equal(merged[1], pairs_of[1][1])
    assert.equal("Ann", pairs_of[1][2])
  end)

  it("gives rows of objects and columns once too, but rows of columns alone as they come (QRY-07)", function()
    local Order = s.Order
    local function count(...) return #session:query(...):join(User.addresses):filter(User.id:eq(1)):all() end
    assert.equal(2, count(User.id, User.name))
    assert.equal(1, count(User, User.name))
    local orders = #session:query(Order):filter(Order.user_id:eq(1)):all()
    local rows = session:query(User, Order):join(User.orders):join(User.addresses):filter(User.id:eq(1)):order_by(Order.id)
    assert.equal(orders, #rows:all())
    assert.equal(orders, #rows:options(orm.joinedload(User.addresses)):all())
    assert.equal(2 * orders, #session:execute(la.select(User, Order):join(User.orders):join(User.addresses):where(User.id:eq(1))):all())
    local many = {}
    for i = 1, 300 do many[i] = User{name = "user " .. i} end
    session:add_all(many)
    session:commit()
    local pairs_of = session:query(User, User.name):select_from(User):join(Item, la.true_()):all()
    assert.equal(session:query(User):count(), #pairs_of)
  end)

  it("reads what stands behind its rows in parts with yield_per, and refuses what needs all of them (QRY-08)", function()
    local sent = s:during(function()
      assert.equal(3, #query:options(orm.selectinload(User.addresses)):order_by(User.id):yield_per(2):all())
    end)
    assert.equal(3, #sent)
    for _, option in ipairs{orm.joinedload, orm.subqueryload} do
      fails(exc.InvalidRequestError, "Can't use yield_per with eager loaders that require uniquing or row buffering",
        function() query:options(option(User.addresses)):yield_per(2):all() end)
    end
  end)

  it("loads nothing eagerly with enable_eagerloads(false), whatever ran before (QRY-07)", function()
    local eager = query:options(orm.joinedload(User.addresses))
    local function joins(of) return s:during(function() of:all() end)[1]:find("JOIN", 1, true) ~= nil end
    assert.is_true(joins(eager))
    assert.is_false(joins(eager:enable_eagerloads(false)))
    assert.is_true(joins(eager:enable_eagerloads(false):enable_eagerloads(true)))
  end)

  it("passes options and labels on (QRY-07)", function()
    assert.same({a = 1}, query:execution_options{a = 1}:enable_assertions(false):get_execution_options())
    assert.sql(query:set_label_style(la.LABEL_STYLE_NONE), "SELECT users.id, users.name, users.age FROM users")
    assert.sql(query:with_labels().statement, "SELECT " .. user_columns .. " FROM users")
    assert.sql(query:params{}:tuples():reset_joinpoint(), "SELECT " .. user_columns .. " FROM users")
    assert.equal("Bob", query:filter(User.name:eq(la.bindparam "n")):params{n = "Bob"}:one().name)
    assert.sql(query:options(orm.joinedload(User.addresses)):enable_eagerloads(false), "SELECT " .. user_columns .. " FROM users")
    local ann = query:options(orm.selectinload(User.addresses)):enable_eagerloads(false):filter(User.id:eq(1)):one()
    assert.same(1, #s:during(function() assert.equal(2, #ann.addresses) end))
    fails(exc.ArgumentError, "Query.yield_per() takes the number of rows", function() query:yield_per("x") end)
    fails(exc.ArgumentError, "Query.autoflush() takes true or false", function() query:autoflush(1) end)
    assert.equal("ink", session:query(Item):prefix_with("ALL"):filter(Item.id:eq(2)):one().name)
  end)

  it("first() limits to one row, also behind a limit of its own", function()
    assert.same({"SELECT " .. user_columns .. " FROM users ORDER BY users.id LIMIT ? OFFSET ?"}, s:during(function()
      assert.equal("Bob", query:order_by(User.id):limit(5):offset(1):first().name)
    end))
    assert.equal("Ann", query:from_statement(la.text "SELECT * FROM users ORDER BY id"):first().name)
  end)
end)
