---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of the legacy Query.

--- A select with a session: `session:query(User)`. Methods that build give a new Query; where a rule of SQLAlchemy forbids the order of two
--- calls (`filter` behind `limit`), InvalidRequestError says so. Nothing is sent before a method that runs it; all of those flush the session first,
--- unless `autoflush` is false, and raise what `session:execute` does, or UnboundExecutionError without a session. SQLAlchemy's `Query`.
---
---     local names = {}
---     for user in session:query(User):filter(User.age:gt(30)):order_by(User.name):iter() do names[#names + 1] = user.name end
---@class lualchemy.Query : lualchemy.Select
---@field statement lualchemy.Select  the select without the Query's labels
---@field selectable lualchemy.Select  the select as it is sent
---@field column_descriptions table[]  what is selected: `name`, `type`, `aliased`, `expr`, `entity`
---@field whereclause lualchemy.ColumnElement?
---@field is_single_entity boolean  each result is one object
---@field session lualchemy.Session?
local Query = {}

--- Every result as a list: objects for one class, each once, or rows.
---
---     local users = session:query(User):filter_by{name = "Ann"}:all()
---@return any[]
function Query:all() end

--- The first result or nil; sends LIMIT 1, so it depends on `order_by` which one that is.
---@return any
function Query:first() end

--- The only result.
---
---     local ann = session:query(User):filter(User.name:eq "Ann"):one()
---@return any
---@raise NoResultFound, MultipleResultsFound
function Query:one() end

--- The only result, or nil if there is none.
---@return any
---@raise MultipleResultsFound
function Query:one_or_none() end

--- The first column of the only row, or nil if there is none.
---
---     local oldest = session:query(la.func.max(User.age)):scalar()
---@return any
---@raise MultipleResultsFound
function Query:scalar() end

--- The first column of every row.
---@return any
function Query:scalars() end

--- How many rows there are, before objects that come twice are left out: SELECT count(*) FROM (the query).
---@return integer
function Query:count() end

--- The object with this primary key, from the session if it is there, or nil.
---@param identity any  as for `session:get`
---@return any
---@raise InvalidRequestError behind criteria, or for what is no query of one class
function Query:get(identity) end

--- An iterator for `for` that closes the result when the loop is left.
---@return function
function Query:iter() end

--- Updates the rows and keeps the session in step; gives how many.
--- 
---     session:query(User):filter(User.age:gt(99)):update({age = 99}, {synchronize_session = "fetch"})
---@param mapping table  values or expressions by attribute, or by its name
---@param options {synchronize_session: string|boolean?}?  "auto" (default): "evaluate" in memory where that can be, else "fetch" by the keys of the
--- rows; false: not at all
---@return integer
---@raise InvalidRequestError for a query that is joined, limited, ordered, grouped or distinct, and with "evaluate" where that can't be
function Query:update(mapping, options) end

--- Deletes the rows and keeps the session in step; gives how many. Cascades of relationships are the database's.
---@param options {synchronize_session: string|boolean?}?  as for `update`
---@return integer
---@raise as `update`
function Query:delete(options) end

--- As the Select's `where`.
---@param ... any
---@return lualchemy.Query
function Query:where(...) end

--- As the Select's `filter`.
---@param ... any
---@return lualchemy.Query
function Query:filter(...) end

--- As the Select's `having`.
---@param ... any
---@return lualchemy.Query
function Query:having(...) end

--- As the Select's `order_by`.
---@param ... any
---@return lualchemy.Query
function Query:order_by(...) end

--- As the Select's `group_by`.
---@param ... any
---@return lualchemy.Query
function Query:group_by(...) end

--- As the Select's `distinct`.
---@param ... any
---@return lualchemy.Query
function Query:distinct(...) end

--- As the Select's `options`.
---@param ... any
---@return lualchemy.Query
function Query:options(...) end

--- As the Select's `add_columns`.
---@param ... any
---@return lualchemy.Query
function Query:add_columns(...) end

--- As the Select's `prefix_with`.
---@param ... any
---@return lualchemy.Query
function Query:prefix_with(...) end

--- As the Select's `suffix_with`.
---@param ... any
---@return lualchemy.Query
function Query:suffix_with(...) end

--- As the Select's `correlate`.
---@param ... any
---@return lualchemy.Query
function Query:correlate(...) end

--- As the Select's `correlate_except`.
---@param ... any
---@return lualchemy.Query
function Query:correlate_except(...) end

--- As the Select's `add_cte`.
---@param ... any
---@return lualchemy.Query
function Query:add_cte(...) end

--- As the Select's `with_hint`.
---@param ... any
---@return lualchemy.Query
function Query:with_hint(...) end

--- As the Select's `with_statement_hint`.
---@param ... any
---@return lualchemy.Query
function Query:with_statement_hint(...) end

--- Adds equalities by attribute name.
---@param mapping table
---@return lualchemy.Query
function Query:filter_by(mapping) end

--- As the Select's `join`.
---@param target any
---@param onclause any?
---@param options table?  `isouter`, `full`
---@return lualchemy.Query
function Query:join(target, onclause, options) end

--- As the Select's `outerjoin`.
---@param target any
---@param onclause any?
---@param options table?  `isouter`, `full`
---@return lualchemy.Query
function Query:outerjoin(target, onclause, options) end

--- As the Select's `limit`.
---@param count any
---@return lualchemy.Query
function Query:limit(count) end

--- As the Select's `offset`.
---@param count any
---@return lualchemy.Query
function Query:offset(count) end

--- Rows `start` to `stop - 1`, counted from 0.
---@param start integer?
---@param stop integer?
---@return lualchemy.Query
function Query:slice(start, stop) end

--- What it selects from; before anything else.
---@param ... any
---@return lualchemy.Query
function Query:select_from(...) end

--- Takes the rows from this statement, and objects from these: the only criterion there is.
---@param statement any
---@return lualchemy.Query
function Query:from_statement(statement) end

--- Values for bound parameters by name.
---@param mapping table
---@return lualchemy.Query
function Query:params(mapping) end

--- Options by name, which execution and listeners read.
---@param mapping table
---@return lualchemy.Query
function Query:execution_options(mapping) end

--- Locks the rows where the database can; SQLite leaves it away.
---@param options {nowait: boolean?, read: boolean?, of: any, skip_locked: boolean?, key_share: boolean?}?  as the Select's
---@return lualchemy.Query
function Query:with_for_update(options) end

--- The compiled form: as the Select's `compile`.
---@param options any?
---@return lualchemy.Compiled
function Query:compile(options) end

--- A common table expression of it.
---@param name string?
---@param options {name: string?, recursive: boolean?, nesting: boolean?}?  as the Select's
---@return lualchemy.CTE
function Query:cte(name, options) end

--- A labelled scalar subquery.
---@param name string
---@return lualchemy.ColumnElement
function Query:label(name) end

--- Its one column as an expression.
---@return lualchemy.ColumnElement
function Query:scalar_subquery() end

--- The older name of `scalar_subquery`.
---@return lualchemy.ColumnElement
function Query:as_scalar() end

--- Other entities or columns, the rest kept.
---@param ... any
---@return lualchemy.Query
function Query:with_entities(...) end

--- Adds an entity to the row.
---@param entity any  a class, or an alias of one
---@param alias any?  a FROM element that stands for the class's table
---@return lualchemy.Query
function Query:add_entity(entity, alias) end

--- Adds a column to the row.
---@param column any
---@return lualchemy.Query
function Query:add_column(column) end

--- Labels columns `table_column` also where the query becomes a subquery.
---@return lualchemy.Query
function Query:with_labels() end

--- The older name of `with_labels`.
---@return lualchemy.Query
function Query:apply_labels() end

--- How columns are labelled.
---@param style any  `la.LABEL_STYLE_…`
---@return lualchemy.Query
function Query:set_label_style(style) end

--- The execution options that are set.
---@return table
function Query:get_execution_options() end

--- Whether the session is flushed first.
---@param value boolean
---@return lualchemy.Query
function Query:autoflush(value) end

--- Overwrites objects that are loaded already.
---@return lualchemy.Query
function Query:populate_existing() end

--- Whether eager loading takes place.
---@param value boolean
---@return lualchemy.Query
function Query:enable_eagerloads(value) end

--- Whether the order of calls is checked.
---@param value boolean
---@return lualchemy.Query
function Query:enable_assertions(value) end

--- Whether a single entity comes as a row of one.
---@param value boolean
---@return lualchemy.Query
function Query:only_return_tuples(value) end

--- The same query: rows have no static types here.
---@return lualchemy.Query
function Query:tuples() end

--- The same query: joins always go on from what they name.
---@return lualchemy.Query
function Query:reset_joinpoint() end

--- Reads one shard of a ShardedSession, whatever its `execute_chooser` says.
---
---     session:query(City):set_shard "north":all()
---@param id any  the shard's
---@return lualchemy.Query
---@raise ArgumentError without an id
function Query:set_shard(id) end

--- Fetches by groups of `n`.
---@param n integer
---@return lualchemy.Query
function Query:yield_per(n) end

--- The same query on another session, or on none.
---@param session lualchemy.Session?
---@return lualchemy.Query
function Query:with_session(session) end

--- What `transform` makes of the query.
---@param transform fun(query: lualchemy.Query): any
---@return any
function Query:with_transformation(transform) end

--- Only what is related to `object`, along `relationship` or the first that leads to the query's class.
---@param object table
---@param relationship lualchemy.RelationshipAttribute?
---@param options table?  `from_entity`
---@return lualchemy.Query
function Query:with_parent(object, relationship, options) end

--- The first value of `column`, or nil.
---@param column any
---@return any
function Query:value(column) end

--- An iterator over rows of these columns.
---@param ... any
---@return function
function Query:values(...) end

--- Objects of a cached result merged into the query's session.
---@param rows any
---@param options table?  `load` (true)
---@return any[]
function Query:merge_result(rows, options) end

--- EXISTS (SELECT 1 FROM what the query selects from).
---@return lualchemy.ColumnElement
function Query:exists() end

--- The query as a subquery with its own columns.
---@param name string?
---@param options table?  `with_labels`, `reduce_columns`
---@return lualchemy.Subquery
function Query:subquery(name, options) end

--- The query's classes, from its rows and those of the others: SELECT … FROM (… UNION …).
---@param ... lualchemy.Query
---@return lualchemy.Query
function Query:union(...) end

--- The query's classes, from its rows and those of the others: SELECT … FROM (… UNION ALL …).
---@param ... lualchemy.Query
---@return lualchemy.Query
function Query:union_all(...) end

--- The query's classes, from its rows and those of the others: SELECT … FROM (… INTERSECT …).
---@param ... lualchemy.Query
---@return lualchemy.Query
function Query:intersect(...) end

--- The query's classes, from its rows and those of the others: SELECT … FROM (… INTERSECT ALL …).
---@param ... lualchemy.Query
---@return lualchemy.Query
function Query:intersect_all(...) end

--- The query's classes, from its rows and those of the others: SELECT … FROM (… EXCEPT …).
---@param ... lualchemy.Query
---@return lualchemy.Query
function Query:except_(...) end

--- The query's classes, from its rows and those of the others: SELECT … FROM (… EXCEPT ALL …).
---@param ... lualchemy.Query
---@return lualchemy.Query
function Query:except_all(...) end
