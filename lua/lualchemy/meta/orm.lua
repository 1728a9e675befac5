---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of sessions, queries, attributes, collections and loader options.

--- `Class.name`: a mapped column, as an expression.
---@class lualchemy.InstrumentedAttribute : lualchemy.ColumnElement
local InstrumentedAttribute = {}

--- Of a column property that is a select: takes these elements from the statement around it.
---@param ... any
---@return lualchemy.InstrumentedAttribute
function InstrumentedAttribute:correlate(...) end

--- A select of it.
---@param ... any
---@return lualchemy.Select
function InstrumentedAttribute:select(...) end

--- A select of it from these elements.
---@param ... any
---@return lualchemy.Select
function InstrumentedAttribute:select_from(...) end

--- A select of it with conditions.
---@param ... any
---@return lualchemy.Select
function InstrumentedAttribute:where(...) end

--- Values for bound parameters by name.
---@param mapping table
---@return lualchemy.InstrumentedAttribute
function InstrumentedAttribute:params(mapping) end

--- Takes all but these elements from the statement around it.
---@param ... any
---@return lualchemy.InstrumentedAttribute
function InstrumentedAttribute:correlate_except(...) end

--- `Class.others`: a relationship, for joins, options and conditions.
---@class lualchemy.RelationshipAttribute : lualchemy.InstrumentedAttribute
local RelationshipAttribute = {}

--- There is a related object that meets the criteria, as an EXISTS; without criteria, there is one. SQLAlchemy's `any()`.
---
---     session:query(User):filter(User.addresses:any(Address.email:like "%@x"))
---     session:query(User):filter(User.addresses:any{email = "a@x"})
---@param criteria? any  a condition, or the values
---@param values? table  attributes of the target by name
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for a reference to one object: that is `has`
function RelationshipAttribute:any(criteria, values) end

--- The related object meets the criteria, as an EXISTS; arguments as for `any`. SQLAlchemy's `has()`.
---
---     session:query(Address):filter(Address.user:has{name = "Ann"})
---@param criteria? any
---@param values? table
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for a collection: that is `any`
function RelationshipAttribute:has(criteria, values) end

--- The related object is `object`; with nil, there is none, of a collection neither.
---
---     session:query(Address):filter(Address.user:eq(ann))
---@param object table?
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for an object and a collection: that is `contains`
function RelationshipAttribute:eq(object) end

--- The related object is another one than `object`, or there is none; with nil, there is one.
---@param object table?
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for a collection: that is `~contains`
function RelationshipAttribute:ne(object) end

--- The collection has `object`. Under `~`, a many-to-many is a NOT EXISTS. SQLAlchemy's `contains()`.
---@param object table
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for a reference to one object: that is `eq`
function RelationshipAttribute:contains(object) end

--- The relationship to a subclass or alias of its target.
---@param entity any
---@return lualchemy.RelationshipAttribute
function RelationshipAttribute:of_type(entity) end

--- The relationship with more criteria, in a join or a loader option.
---
---     la.select(User):options(orm.selectinload(User.addresses:and_(Address.email:is_not(nil))))
---@param ... any  conditions
---@return lualchemy.RelationshipAttribute
function RelationshipAttribute:and_(...) end

--- A mapped class under another name: `orm.aliased(Class)`.
---@class lualchemy.AliasedClass
local AliasedClass = {}

--- How a class is mapped to its table.
---@class lualchemy.Mapper
local Mapper = {}

--- A collection of related objects: `#list`, `list[i]`, `ipairs(list)`. What comes and goes is kept in step on both ends, and written by the next
--- flush. Assigning a plain list replaces its members.
---
---     user.addresses:append(Address{email = "a@x"}) -- its user is `user` at once
---     user.addresses = {}
---@class lualchemy.InstrumentedList
local InstrumentedList = {}

--- Adds an object at the end.
---@param object table
---@raise ArgumentError if it is no object of the relationship's class; InvalidRequestError if its row was deleted
function InstrumentedList:append(object) end

--- Adds an object at a position, counted from 1.
---@param index integer
---@param object table
---@raise ArgumentError for a place outside of the list; as `append`
function InstrumentedList:insert(index, object) end

--- Adds every object of a list.
---@param objects table[]
---@raise ArgumentError for what is no list; as `append`
function InstrumentedList:extend(objects) end

--- Takes an object out.
---@param object table
---@raise ArgumentError if it is not there
function InstrumentedList:remove(object) end

--- Takes out the object at a position, or the last one, and gives it.
---@param index? integer  from 1
---@return table
---@raise ArgumentError for a place outside of the list, or if it is empty
function InstrumentedList:pop(index) end

--- Takes out every object.
function InstrumentedList:clear() end

--- Is the object there?
---@param object table
---@return boolean
function InstrumentedList:contains(object) end

--- The position of an object, from 1; nil if it is not there.
---@param object table
---@return integer?
function InstrumentedList:index(object) end

--- How a statement loads attributes; options chain along a path, and each method adds a step or a choice to a copy. The functions of `orm`
--- of the same names begin one, and tell more of each. SQLAlchemy's `Load`.
---
---     la.select(User):options(orm.selectinload(User.orders):joinedload(Order.items, {innerjoin = true}):load_only(Item.name))
---
--- A path that does not begin with a class of the statement is an ArgumentError when the statement is compiled.
---@class lualchemy.LoaderOption
local LoaderOption = {}

--- Several options below the same path, beside one another.
---@param ... lualchemy.LoaderOption
---@return lualchemy.LoaderOption
function LoaderOption:options(...) end

--- Loads only these columns at first, and the key. A last table `{raiseload = true}` makes it an error to read others.
---@param ... any  attributes
---@return lualchemy.LoaderOption
function LoaderOption:load_only(...) end

--- Loads the column when it is read; with `raiseload` its reading is an InvalidRequestError.
---@param attribute any
---@param options {raiseload: boolean?}?
---@return lualchemy.LoaderOption
function LoaderOption:defer(attribute, options) end

--- Loads the column at once.
---@param attribute any
---@return lualchemy.LoaderOption
function LoaderOption:undefer(attribute) end

--- Loads the columns of a group at once.
---@param name string
---@return lualchemy.LoaderOption
function LoaderOption:undefer_group(name) end

--- Fills a `query_expression` attribute.
---@param attribute any
---@param expression any
---@return lualchemy.LoaderOption
function LoaderOption:with_expression(attribute, expression) end

--- Loads the relationship when it is read.
---@param attribute any
---@return lualchemy.LoaderOption
function LoaderOption:lazyload(attribute) end

--- Loads the relationship with a join, an outer one unless `innerjoin` is true.
---@param attribute any
---@param options {innerjoin: boolean?}?
---@return lualchemy.LoaderOption
function LoaderOption:joinedload(attribute, options) end

--- Loads the relationship with a second statement that names the keys, `chunksize` of them at most (500). `recursion_depth` goes on along a
--- relationship of a class to itself so many times, -1 as far as there are rows.
---@param attribute any
---@param options {recursion_depth: integer?, chunksize: integer?}?
---@return lualchemy.LoaderOption
function LoaderOption:selectinload(attribute, options) end

--- Loads the relationship with a second statement around the first.
---@param attribute any
---@return lualchemy.LoaderOption
function LoaderOption:subqueryload(attribute) end

--- Loads the relationship right after the objects, one by one; `recursion_depth` as for `selectinload`.
---@param attribute any
---@param options {recursion_depth: integer?}?
---@return lualchemy.LoaderOption
function LoaderOption:immediateload(attribute, options) end

--- Reading the relationship is an InvalidRequestError; with `sql_only` only if that would send a statement.
---@param attribute any
---@param options {sql_only: boolean?}?
---@return lualchemy.LoaderOption
function LoaderOption:raiseload(attribute, options) end

--- The relationship stays empty.
---@param attribute any
---@return lualchemy.LoaderOption
function LoaderOption:noload(attribute) end

--- The statement itself joins and selects the related columns, of `alias` if that is what it joins.
---@param attribute any
---@param options {alias: any?}?
---@return lualchemy.LoaderOption
function LoaderOption:contains_eager(attribute, options) end

--- Keeps the strategy, that of the relationship or of a wildcard, and goes on along the path.
---@param attribute any
---@return lualchemy.LoaderOption
function LoaderOption:defaultload(attribute) end

--- What subclasses of the step's target add, by one statement for each subclass.
---@param base table  the class that the step leads to
---@param classes table[]  subclasses of it
---@return lualchemy.LoaderOption
function LoaderOption:selectin_polymorphic(base, classes) end

--- Keeps track of objects and talks to the database in transactions. `orm.Session(engine, options)` makes one, with the
--- options that `orm.sessionmaker` shows.
---
---     local session <close> = orm.Session(engine)
---     session:add(User{name = "Ann"})
---     session:commit()
---@class lualchemy.Session
---@field new table[]  objects to be inserted
---@field dirty table[]  objects that were changed
---@field deleted table[]  objects to be deleted
local Session = {}

--- Brings a new object, or one that had left, into the session, with what hangs on it along `save-update` cascades; new ones are
--- inserted at the next flush. All of them come, or none. SQLAlchemy's `Session.add()`.
---
---     session:add(User{name = "Ann", addresses = {Address{email = "a@x"}}}) -- both
---@param object table
---@raise UnmappedInstanceError; InvalidRequestError if it is in another session, its row was deleted, or the session has another object of its key
function Session:add(object) end

--- As `add`, for every object of a list.
---@param objects table[]
---@raise as `add`
function Session:add_all(objects) end

--- Marks an object, and what its `delete` cascades reach, for deletion at the next flush; lists are read where a cascade needs them. `add`
--- before the flush takes it back. SQLAlchemy's `Session.delete()`.
---
---     session:delete(session:get(User, 7))
---@param object table
---@raise UnmappedInstanceError; InvalidRequestError for an object without a row
function Session:delete(object) end

--- The object with this primary key: the one the session has, without SQL, or else read from the database; nil if there is no row.
--- SQLAlchemy's `Session.get()`.
---
---     local user = session:get(User, 7)
---     local item = session:get(OrderItem, {order_id = 1, line = 2})
---@param entity any  a mapped class or its mapper
---@param identity any  the value of the key; of a composite one a list in order, or a table by attribute names
---@param options {options: table?, populate_existing: boolean?, with_for_update: boolean|table?, identity_token: any?, execution_options: table?}?
--- `options`: loader options; `populate_existing` (false): read it again though it is there
---@return any
---@raise InvalidRequestError for a key with too few or too many values
function Session:get(entity, identity, options) end

--- As `get`, where there has to be such a row. SQLAlchemy's `Session.get_one()`.
---@param entity any
---@param identity any
---@param options table?  as for `get`
---@return table
---@raise NoResultFound if there is none; as `get`
function Session:get_one(entity, identity, options) end

--- A query of classes, aliases, columns or expressions. SQLAlchemy's `Session.query()`.
---
---     for user in session:query(User):filter(User.age:gt(30)):iter() do print(user.name) end
---@param ... any
---@return lualchemy.Query
---@raise InvalidRequestError without arguments; ArgumentError for what can't be selected
function Session:query(...) end

--- Runs a statement in the session's transaction, after an autoflush. SQLAlchemy's `Session.execute()`.
---
---     for row in session:execute(la.select(User, Address):join(User.addresses)):iter() do print(row.User.name, row.Address.email) end
---@param statement any
---@param params? table|fun(): table?  a map, a list of maps, or a function that gives maps until it gives nil, as in Connection:execute(); for a
--- statement of a class they are collected first
---@param options? {execution_options: table?, bind_arguments: table?}
---@return lualchemy.Result
---@raise ObjectNotExecutableError; DBAPIError of the database; PendingRollbackError after a failed flush
function Session:execute(statement, params, options) end

--- Runs a statement; the first column of the first row, or nil. SQLAlchemy's `Session.scalar()`.
---
---     local count = session:scalar(la.select(la.func.count(User.id)))
---@param statement any
---@param params table?
---@param options table?  as for `execute`
---@return any
---@raise as `execute`
function Session:scalar(statement, params, options) end

--- Runs a statement; the first column of every row, as objects for a class. SQLAlchemy's `Session.scalars()`.
---
---     local users = session:scalars(la.select(User):order_by(User.name)):all()
---@param statement any
---@param params table?
---@param options table?  as for `execute`
---@return lualchemy.Result
---@raise as `execute`
function Session:scalars(statement, params, options) end

--- Begins a transaction, for a `<close>` variable or around a function; with true, or `{nested = true}`, a savepoint. A session begins by
--- itself when it is first used. SQLAlchemy's `Session.begin()`.
---
---     session:begin(function() session:add(user) end) -- commits; rolls back if it raises
---@param fn? function|boolean|table
---@return lualchemy.SessionTransaction
---@raise ArgumentError for what is none of these; InvalidRequestError if a transaction has begun
function Session:begin(fn) end

--- Flushes and begins a savepoint, for a `<close>` variable or around a function. SQLAlchemy's `Session.begin_nested()`.
---
---     pcall(session.begin_nested, session, function() session:add(doubtful) end) -- what was done before stays
---@param fn? function
---@return lualchemy.SessionTransaction
---@raise as `flush`
function Session:begin_nested(fn) end

--- Flushes and commits, with all open savepoints. All objects are expired then, unless `expire_on_commit` is false. SQLAlchemy's
--- `Session.commit()`.
---@raise as `flush`; PendingRollbackError after a failed flush; DBAPIError, after which the transaction is rolled back
function Session:commit() end

--- Rolls the whole transaction back and restores the objects: what was added has left, what was deleted is back, the rest is expired.
--- SQLAlchemy's `Session.rollback()`.
function Session:rollback() end

--- Writes what changed, without committing, in the order that the rows need. Queries do so by themselves, unless `autoflush` is false.
--- SQLAlchemy's `Session.flush()`, without its objects.
---@raise InvalidRequestError inside a flush; StaleDataError, FlushError, IntegrityError and the like, after which the session waits for `rollback`
function Session:flush() end

--- Ends the transaction, rolls back what was not committed, and lets go of all objects; the session can be used again. SQLAlchemy's
--- `Session.close()`.
function Session:close() end

--- The same as `close`, also where `close_resets_only` is false, and `close` would be the end. SQLAlchemy's `Session.reset()`.
function Session:reset() end

--- Reads an object again, now. What was changed and not flushed is given up, then other objects are flushed. SQLAlchemy's
--- `Session.refresh()`.
---
---     session:refresh(user, {"name", "addresses"})
---@param object table
---@param names? string[]  these attributes alone, lists among them
---@raise InvalidRequestError if it has no row or is not in the session, or for a name that is no attribute
function Session:refresh(object, names) end

--- Lets an object forget what is loaded and what was changed; the next read loads it. SQLAlchemy's `Session.expire()`.
---@param object table
---@param names? string[]  these attributes alone
---@raise InvalidRequestError if it has no row or is not in the session, or for a name that is no attribute: then none is expired
function Session:expire(object, names) end

--- Expires every object. SQLAlchemy's `Session.expire_all()`.
function Session:expire_all() end

--- Takes an object out of the session, with what its `expunge` cascades reach: a new one is transient again, another one detached.
--- SQLAlchemy's `Session.expunge()`.
---@param object table
---@raise InvalidRequestError if it is not in the session
function Session:expunge(object) end

--- Takes every object out of the session, and writes nothing. SQLAlchemy's `Session.expunge_all()`.
function Session:expunge_all() end

--- Copies what is loaded of an object onto the session's own object of its key, found, read or new, and gives that; goes on along `merge`
--- cascades. SQLAlchemy's `Session.merge()`.
---
---     local user = session:merge(User{id = 7, name = "Ann"})
---@param object table
---@param options {load: boolean?, options: table?}?  `load` (true): false asks the database nothing; `options`: loader options
---@return table
---@raise StaleDataError if the versions differ; InvalidRequestError for a new or changed object with `load = false`
function Session:merge(object, options) end

--- As `merge` for each of a list, after one autoflush. SQLAlchemy's `Session.merge_all()`.
---@param objects table[]
---@param options {load: boolean?, options: table?}?
---@return table[]
---@raise as `merge`
function Session:merge_all(objects, options) end

--- As `delete`, for every object of a list. SQLAlchemy's `Session.delete_all()`.
---@param objects table[]
---@raise as `delete`
function Session:delete_all(objects) end

--- Inserts rows, keyed by attribute, without objects, events or relationships. As SQLAlchemy's `Session.bulk_insert_mappings()`.
---@param class table
---@param rows table[]
---@param options {return_defaults: boolean?, render_nulls: boolean?}?
---@raise InvalidRequestError for a key that is no mapped column
function Session:bulk_insert_mappings(class, rows, options) end

--- Updates rows by primary key without objects. As SQLAlchemy's `Session.bulk_update_mappings()`.
---@param class table
---@param rows table[]
---@raise InvalidRequestError for a row without its key; StaleDataError for one that is not there
function Session:bulk_update_mappings(class, rows) end

--- Writes objects without the unit of work. As SQLAlchemy's `Session.bulk_save_objects()`.
---@param objects table[]
---@param options {return_defaults: boolean?, update_changed_only: boolean?, preserve_order: boolean?}?
---@raise UnmappedInstanceError; StaleDataError for a row that is not there
function Session:bulk_save_objects(objects, options) end

--- `orm.identity_key`: the key under which a session knows an object.
---@param class table?
---@param ident any?  the key, of several columns a list
---@param options {instance: table?, row: any, identity_token: any}?
---@return table
function Session:identity_key(class, ident, options) end

--- `orm.object_session`: the session that an object is in, or nil.
---@param object table
---@return lualchemy.Session?
---@raise UnmappedInstanceError
function Session:object_session(object) end

--- Is the object in the session?
---@param object table
---@return boolean
function Session:contains(object) end

--- Iterates over the objects in the session.
---@return function
function Session:iter() end

--- Does the object have changes that a flush would write? SQLAlchemy's `Session.is_modified()`.
---
---     session:is_modified(user, {include_collections = false}) -- would its own row change?
---@param object table
---@param options? {include_collections?: boolean} false: changes of to-many relationships don't count (default true)
---@return boolean
function Session:is_modified(object, options) end

--- Is there a transaction?
---@return boolean
function Session:in_transaction() end

--- Is there a savepoint?
---@return boolean
function Session:in_nested_transaction() end

--- Where the session sends what is about a class, or the statement `clause`.
---@param mapper? table  a mapped class or a mapper; or the options
---@param options? {mapper: table?, clause: any?, bind: any?}
---@return lualchemy.Engine|lualchemy.Connection
---@raise UnboundExecutionError if there is none
function Session:get_bind(mapper, options) end

--- Lets the relationships of an object that has no row be read, by what its columns say.
---@param object table
function Session:enable_relationship_loading(object) end

--- Sends what is about a class, or the classes below it, to `bind`.
---@param mapper table
---@param bind lualchemy.Engine|lualchemy.Connection
function Session:bind_mapper(mapper, bind) end

--- Sends what is about a table to `bind`.
---@param table lualchemy.Table
---@param bind lualchemy.Engine|lualchemy.Connection
function Session:bind_table(table, bind) end

--- Runs `fn(session)` in a transaction and commits; does it again, `times` times at most (3), while the database is locked by others.
---@param fn fun(session: lualchemy.Session): any
---@param options? {times: integer?, wait: fun(attempt: integer)?}
---@return any ...
function Session:retry(fn, options) end

--- The outermost transaction, or nil.
---@return lualchemy.SessionTransaction?
function Session:get_transaction() end

--- The innermost savepoint, or nil.
---@return lualchemy.SessionTransaction?
function Session:get_nested_transaction() end

--- As `close`, and the connection of the transaction is not used again.
function Session:invalidate() end

--- The first phase of a two-phase commit: refused, since SQLite has none.
---@raise InvalidRequestError always
function Session:prepare() end

--- The connection of the current transaction.
---@param options {bind_arguments: table?, execution_options: table?}?  which of several binds; options of the connection, before it has begun
---@return lualchemy.Connection
function Session:connection(options) end

--- A part without autoflush, for a `<close>` variable or around a function.
---@param fn? function
---@return any
function Session:no_autoflush(fn) end

--- A transaction or savepoint of a session.
---@class lualchemy.SessionTransaction
local SessionTransaction = {}

--- Flushes and commits.
function SessionTransaction:commit() end

--- Rolls back.
function SessionTransaction:rollback() end

--- Rolls back if it is still open.
function SessionTransaction:close() end

-- Functions of lualchemy.orm that a loop makes.

---@class lualchemy.orm
local orm = {}

--- Loads the relationship with a join, an outer one unless `innerjoin` is true; a limit goes into a subquery. Options follow one another
--- along a path. SQLAlchemy's `joinedload`.
---
---     session:scalars(la.select(User):options(orm.joinedload(User.orders):joinedload(Order.lines))):unique():all()
---@param attribute any  a relationship of the class, `User.orders`, or "*" for all
---@param options {innerjoin: boolean|"nested"|"unnested"|nil}?  "nested" joins inside the parentheses of an outer join, "unnested" beside it
--- (default: the relationship's)
---@return lualchemy.LoaderOption
---@raise ArgumentError for what is no relationship of a class, and for unknown options
function orm.joinedload(attribute, options) end

--- Loads the relationship with a second statement that names the keys, some hundred at a time. SQLAlchemy's `selectinload`.
---
---     session:scalars(la.select(User):options(orm.selectinload(User.orders))):all()
---@param attribute any  a relationship of the class, or "*" for all
---@param options {recursion_depth: integer?, chunksize: integer?}?  `recursion_depth`: of a class to itself, how many levels, -1 for all;
--- `chunksize`: how many keys a statement names (default 500)
---@return lualchemy.LoaderOption
function orm.selectinload(attribute, options) end

--- Loads the relationship with a second statement around the first. SQLAlchemy's `subqueryload`.
---
---     session:scalars(la.select(User):options(orm.subqueryload(User.orders))):all()
---@param attribute any  a relationship of the class, or "*" for all
---@return lualchemy.LoaderOption
function orm.subqueryload(attribute) end

--- Loads the relationship when it is read, whatever the class says. SQLAlchemy's `lazyload`.
---
---     la.select(User):options(orm.lazyload "*")
---@param attribute any  a relationship of the class, or "*" for all
---@return lualchemy.LoaderOption
function orm.lazyload(attribute) end

--- Loads the relationship right after the objects, one by one. SQLAlchemy's `immediateload`.
---@param attribute any  a relationship of the class, or "*" for all
---@param options {recursion_depth: integer?}?  of a class to itself, how many levels, -1 for all
---@return lualchemy.LoaderOption
function orm.immediateload(attribute, options) end

--- Reading the relationship is an InvalidRequestError. SQLAlchemy's `raiseload`.
---
---     la.select(User):options(orm.selectinload(User.orders), orm.raiseload "*")
---@param attribute any  a relationship of the class, or "*" for all
---@param options {sql_only: boolean?}?  `sql_only`: not where the identity map has the object (default false)
---@return lualchemy.LoaderOption
function orm.raiseload(attribute, options) end

--- The relationship stays empty, and nothing is loaded. SQLAlchemy's `noload`.
---@param attribute any  a relationship of the class, or "*" for all
---@return lualchemy.LoaderOption
function orm.noload(attribute) end

--- The statement itself joins the relationship and selects its columns: what it filters is what is loaded. SQLAlchemy's `contains_eager`.
---
---     la.select(User):join(User.orders):where(Order.total:gt(100)):options(orm.contains_eager(User.orders))
---@param attribute any  a relationship of the class
---@param options {alias: any}?  the alias of the other class that is joined
---@return lualchemy.LoaderOption
function orm.contains_eager(attribute, options) end

--- Keeps what the class says of this relationship, and goes on along the path. SQLAlchemy's `defaultload`.
---
---     la.select(User):options(orm.defaultload(User.orders):defer(Order.note))
---@param attribute any  a relationship of the class
---@return lualchemy.LoaderOption
function orm.defaultload(attribute) end

--- Loads the column when it is read. SQLAlchemy's `defer`.
---
---     la.select(User):options(orm.defer(User.picture))
---@param attribute any  a column of the class
---@param options {raiseload: boolean?}?  its reading is an InvalidRequestError (default false)
---@return lualchemy.LoaderOption
function orm.defer(attribute, options) end

--- Loads a deferred column at once. SQLAlchemy's `undefer`.
---@param attribute any  a column of the class, or "*" for all
---@return lualchemy.LoaderOption
function orm.undefer(attribute) end

--- A join of classes, their aliases or tables outside of a statement, as SQLAlchemy's `orm.join()`; the same as `la.join`.
---
---     la.select(User):select_from(orm.join(User, Address, User.addresses))
---@param left any
---@param right any
---@param onclause? any  a condition, or a relationship of the left side; found through foreign keys if it is not given
---@param options? table  `isouter`, `full`
---@return lualchemy.FromClause
---@raise InvalidRequestError for a relationship that cannot be configured
function orm.join(left, right, onclause, options) end

--- A left outer join of classes, as SQLAlchemy's `orm.outerjoin()`; the same as `la.outerjoin`.
---@param left any
---@param right any
---@param onclause? any  a condition, or a relationship of the left side
---@param options? table  `full`
---@return lualchemy.FromClause
function orm.outerjoin(left, right, onclause, options) end
