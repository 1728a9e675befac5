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

--- There is a related object that meets the criteria: `any(condition)`, `any{name = "x"}`, `any(condition, {name = "x"})`.
---@param criteria? any
---@param values? table  attributes of the target by name
---@return lualchemy.ColumnElement
function RelationshipAttribute:any(criteria, values) end

--- The related object meets the criteria; arguments as for `any`.
---@param criteria? any
---@param values? table
---@return lualchemy.ColumnElement
function RelationshipAttribute:has(criteria, values) end

--- The related object is `object`; with nil, there is none.
---@param object table?
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for a collection: that is `contains`
function RelationshipAttribute:eq(object) end

--- The related object is another one than `object`, or there is none; with nil, there is one.
---@param object table?
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for a collection: that is `~contains`
function RelationshipAttribute:ne(object) end

--- The collection has `object`. Under `~`, a many-to-many is a NOT EXISTS.
---@param object table
---@return lualchemy.ColumnElement
function RelationshipAttribute:contains(object) end

--- The relationship to a subclass or alias of its target.
---@param entity any
---@return lualchemy.RelationshipAttribute
function RelationshipAttribute:of_type(entity) end

--- The relationship with more criteria, in a join or a loader option.
---@param ... any
---@return lualchemy.RelationshipAttribute
function RelationshipAttribute:and_(...) end

--- A mapped class under another name: `orm.aliased(Class)`.
---@class lualchemy.AliasedClass
local AliasedClass = {}

--- How a class is mapped to its table.
---@class lualchemy.Mapper
local Mapper = {}

--- A collection of related objects: `#list`, `list[i]`, `ipairs(list)`. What comes and goes is kept in step on both ends.
---@class lualchemy.InstrumentedList
local InstrumentedList = {}

--- Adds an object at the end.
---@param object table
function InstrumentedList:append(object) end

--- Adds an object at a position, counted from 1.
---@param index integer
---@param object table
function InstrumentedList:insert(index, object) end

--- Adds every object of a list.
---@param objects table[]
function InstrumentedList:extend(objects) end

--- Takes an object out; an error if it is not there.
---@param object table
function InstrumentedList:remove(object) end

--- Takes out the object at a position, or the last one, and gives it.
---@param index? integer
---@return table
function InstrumentedList:pop(index) end

--- Takes out every object.
function InstrumentedList:clear() end

--- Is the object there?
---@param object table
---@return boolean
function InstrumentedList:contains(object) end

--- The position of an object; an error if it is not there.
---@param object table
---@return integer
function InstrumentedList:index(object) end

--- How a statement loads attributes; options chain along a path.
---@class lualchemy.LoaderOption
local LoaderOption = {}

--- Several options below the same path.
---@param ... any
---@return lualchemy.LoaderOption
function LoaderOption:options(...) end

--- Loads only these columns at first.
---@param ... any
---@return lualchemy.LoaderOption
function LoaderOption:load_only(...) end

--- Loads the column when it is read.
---@param attribute any
---@return lualchemy.LoaderOption
function LoaderOption:defer(attribute) end

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

--- Loads the relationship with a join.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function LoaderOption:joinedload(attribute, options) end

--- Loads the relationship with a second statement that names the keys.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function LoaderOption:selectinload(attribute, options) end

--- Loads the relationship with a second statement around the first.
---@param attribute any
---@return lualchemy.LoaderOption
function LoaderOption:subqueryload(attribute) end

--- Loads the relationship right after the objects, one by one.
---@param attribute any
---@return lualchemy.LoaderOption
function LoaderOption:immediateload(attribute) end

--- Reading the relationship is an error.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function LoaderOption:raiseload(attribute, options) end

--- The relationship stays empty.
---@param attribute any
---@return lualchemy.LoaderOption
function LoaderOption:noload(attribute) end

--- The statement itself selects the related columns.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function LoaderOption:contains_eager(attribute, options) end

--- Keeps the strategy and goes on along the path.
---@param attribute any
---@return lualchemy.LoaderOption
function LoaderOption:defaultload(attribute) end

--- What subclasses of the step's target add, by one statement for each subclass.
---@param base table  the class that the step leads to
---@param classes table[]  subclasses of it
---@return lualchemy.LoaderOption
function LoaderOption:selectin_polymorphic(base, classes) end

--- Keeps track of objects and talks to the database in transactions.
---@class lualchemy.Session
---@field new table[]  objects to be inserted
---@field dirty table[]  objects that were changed
---@field deleted table[]  objects to be deleted
local Session = {}

--- Brings an object into the session; it is inserted at the next flush.
---@param object table
function Session:add(object) end

--- Brings every object of a list into the session.
---@param objects table[]
function Session:add_all(objects) end

--- Marks an object for deletion at the next flush.
---@param object table
function Session:delete(object) end

--- The object with this primary key, or nil.
---@param entity any
---@param identity any
---@param options table?
---@return any
function Session:get(entity, identity, options) end

--- The object with this primary key; NoResultFound if there is none.
---@param entity any
---@param identity any
---@param options table?
---@return table
function Session:get_one(entity, identity, options) end

--- A query of classes or columns.
---@param ... any
---@return lualchemy.Query
function Session:query(...) end

--- Runs a statement. `params` is a map, a list of maps, or a function that gives maps until it gives nil, as in
--- Connection:execute(); for a statement of a class they are collected first.
---@param statement any
---@param params? table|fun(): table?
---@param options table?
---@return lualchemy.Result
function Session:execute(statement, params, options) end

--- Runs a statement; the first column of the first row.
---@param statement any
---@param params table?
---@param options table?
---@return any
function Session:scalar(statement, params, options) end

--- Runs a statement; the first column of every row.
---@param statement any
---@param params table?
---@param options table?
---@return lualchemy.Result
function Session:scalars(statement, params, options) end

--- Begins a transaction, for a `<close>` variable or around a function; with true, or `{nested = true}`, a savepoint.
---@param fn? function|boolean|table
---@return lualchemy.SessionTransaction
---@raise ArgumentError for what is none of these
function Session:begin(fn) end

--- Begins a savepoint.
---@param fn? function
---@return lualchemy.SessionTransaction
function Session:begin_nested(fn) end

--- Flushes and commits.
function Session:commit() end

--- Rolls back, and restores the objects.
function Session:rollback() end

--- Writes what changed, without committing.
---@param objects? table[]
function Session:flush(objects) end

--- Ends the transaction and forgets all objects.
function Session:close() end

--- The same as `close`; the session can be used again.
function Session:reset() end

--- Loads the object's attributes again.
---@param object table
---@param names? string[]
function Session:refresh(object, names) end

--- Forgets loaded values; the next read loads them.
---@param object table
---@param names? string[]
function Session:expire(object, names) end

--- Expires every object.
function Session:expire_all() end

--- Takes an object out of the session.
---@param object table
function Session:expunge(object) end

--- Takes every object out of the session.
function Session:expunge_all() end

--- Copies an object's state into the session's own object and gives that.
---@param object table
---@param options table?
---@return table
function Session:merge(object, options) end

--- As `merge` for each of a list, after one autoflush.
---@param objects table[]
---@param options {load: boolean?, options: table?}?
---@return table[]
function Session:merge_all(objects, options) end

--- Marks every object of a list for deletion.
---@param objects table[]
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
---@param ident any?
---@param options table?
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
---@param options table?
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

--- Loads the relationship with a join.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function orm.joinedload(attribute, options) end

--- Loads the relationship with a second statement that names the keys.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function orm.selectinload(attribute, options) end

--- Loads the relationship with a second statement around the first.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function orm.subqueryload(attribute, options) end

--- Loads the relationship when it is read.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function orm.lazyload(attribute, options) end

--- Loads the relationship right after the objects, one by one.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function orm.immediateload(attribute, options) end

--- Reading the relationship is an error.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function orm.raiseload(attribute, options) end

--- The relationship stays empty.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function orm.noload(attribute, options) end

--- The statement itself selects the related columns.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function orm.contains_eager(attribute, options) end

--- Keeps the strategy and goes on along the path.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function orm.defaultload(attribute, options) end

--- Loads the column when it is read.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function orm.defer(attribute, options) end

--- Loads the column at once.
---@param attribute any
---@param options table?
---@return lualchemy.LoaderOption
function orm.undefer(attribute, options) end

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
