---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of SELECT statements.

--- A SELECT, or a union of several. Every method gives a new statement; this one stays as it is.
---
--- In the examples `u` and `o` are the columns of two tables, `users.c` and `orders.c`; behind the arrow stands what `tostring` shows.
---@class lualchemy.Select
local Select = {}

--- CREATE TABLE … AS this SELECT: an element to be executed, whose `table` has its columns.
---
---     local copy = la.select(users):into("users_copy", {temporary = true})
---     connection:execute(copy)
---     connection:execute(la.select(copy.table))
---
---@param name string
---@param options {metadata: lualchemy.MetaData?, schema: string?, temporary: boolean?, if_not_exists: boolean?}?
---@return lualchemy.DDLElement
function Select:into(name, options) end

--- Adds conditions, joined by AND.
---
---     select(u.id):where(u.age:gt(18), u.name:ne(nil))
---     --> SELECT users.id FROM users WHERE users.age > :age_1 AND users.name IS NOT NULL
---@param ... any  conditions
---@return lualchemy.Select
---@raise ArgumentError for what is no condition: `u.age == 18` is a boolean, `u.age:eq(18)` is meant
function Select:where(...) end

--- The same as `where`.
---@param ... any  conditions
---@return lualchemy.Select
function Select:filter(...) end

--- Adds equalities, of what was joined last or else of what is selected first.
---
---     la.select(User):filter_by{name = "Ann"}
---     --> SELECT users.id, users.name FROM users WHERE users.name = :name_1
---@param mapping table<string, any>  values by the names of attributes or columns
---@return lualchemy.Select
---@raise InvalidRequestError for a name that it does not have
function Select:filter_by(mapping) end

--- Adds conditions on groups.
---
---     select(o.user_id, func.count()):group_by(o.user_id):having(func.count():gt(5))
---     --> SELECT orders.user_id, count(*) AS count_1 FROM orders GROUP BY orders.user_id HAVING count(*) > :count_2
---@param ... any  conditions
---@return lualchemy.Select
function Select:having(...) end

--- Adds expressions to GROUP BY; nil empties it.
---
---     select(o.user_id, func.sum(o.total):label "sum"):group_by(o.user_id)
---     --> SELECT orders.user_id, sum(orders.total) AS sum FROM orders GROUP BY orders.user_id
---@param ... any  expressions, or names of labels
---@return lualchemy.Select
function Select:group_by(...) end

--- Adds expressions to ORDER BY; nil empties it.
---
---     select(u.id, (u.age + 1):label "next"):order_by("next", u.id:desc())
---     --> SELECT users.id, users.age + :age_1 AS next FROM users ORDER BY next, users.id DESC
---@param ... any  expressions, or names of labels
---@return lualchemy.Select
---@raise CompileError when run, for a name that is none
function Select:order_by(...) end

--- SELECT DISTINCT.
---
---     select(o.user_id):distinct()  --> SELECT DISTINCT orders.user_id FROM orders
---@param ... any  expressions of DISTINCT ON, which SQLite has none of
---@return lualchemy.Select
function Select:distinct(...) end

--- At most `n` rows; nil takes the limit away.
---
---     select(u.id):order_by(u.id):limit(10):offset(20)
---     --> SELECT users.id FROM users ORDER BY users.id LIMIT :param_1 OFFSET :param_2
---@param n integer|lualchemy.ColumnElement|nil
---@return lualchemy.Select
---@raise ArgumentError for what is no integer
function Select:limit(n) end

--- Skips `n` rows; nil takes it away.
---@param n integer|lualchemy.ColumnElement|nil
---@return lualchemy.Select
function Select:offset(n) end

--- `FETCH FIRST n ROWS`, in place of a limit, for databases that have it: SQLite has LIMIT alone.
---
---     select(u.id):order_by(u.id):fetch(5, {with_ties = true})
---     --> SELECT users.id FROM users ORDER BY users.id FETCH FIRST :param_1 ROWS WITH TIES
---@param n integer|lualchemy.ColumnElement|nil
---@param options {with_ties: boolean?, percent: boolean?}?  (default false)
---@return lualchemy.Select
function Select:fetch(n, options) end

--- Rows `start` to `stop`, counted from 0, the last one left out, of those that it has: it counts from an offset that
--- is there.
---
---     select(u.id):slice(20, 30)  --> SELECT users.id FROM users LIMIT :param_1 OFFSET :param_2
---@param start integer
---@param stop integer
---@return lualchemy.Select
function Select:slice(start, stop) end

--- Joins from the element that the condition leads from: of a relationship its class, else the only one that foreign
--- keys fit.
---
---     select(u.name):join(orders)  --> SELECT users.name FROM users JOIN orders ON users.id = orders.user_id
---     select(User.name):join(User.orders):where(Order.total:gt(5))
---     --> SELECT users.name FROM users JOIN orders ON users.id = orders.user_id WHERE orders.total > :total_1
---@param target any  a table, alias or class, or a relationship, which brings its condition along
---@param onclause? any  a condition, or a relationship; found through foreign keys without one
---@param options {onclause: any, isouter: boolean?, full: boolean?}?  `isouter`: LEFT OUTER JOIN, `full`: FULL OUTER JOIN (default false)
---@return lualchemy.Select
---@raise InvalidRequestError if nothing says how to join; NoForeignKeysError, AmbiguousForeignKeysError where foreign keys do not
function Select:join(target, onclause, options) end

--- Joins from `entity`.
---
---     select(u.name):join_from(users, orders, u.id:eq(o.user_id))
---     --> SELECT users.name FROM users JOIN orders ON users.id = orders.user_id
---@param entity any
---@param target any  a table, alias or class, or a relationship, which brings its condition along
---@param onclause? any  a condition, or a relationship; found through foreign keys without one
---@param options {onclause: any, isouter: boolean?, full: boolean?}?  `isouter`: LEFT OUTER JOIN, `full`: FULL OUTER JOIN (default false)
---@return lualchemy.Select
---@raise InvalidRequestError if nothing says how to join; NoForeignKeysError, AmbiguousForeignKeysError where foreign keys do not
function Select:join_from(entity, target, onclause, options) end

--- A LEFT OUTER JOIN, as `join`.
---
---     select(u.name, func.count(o.id)):outerjoin(orders):group_by(u.id)
---     --> SELECT users.name, count(orders.id) AS count_1 FROM users LEFT OUTER JOIN orders ON users.id =
---       orders.user_id GROUP BY users.id
---@param target any  a table, alias or class, or a relationship, which brings its condition along
---@param onclause? any  a condition, or a relationship; found through foreign keys without one
---@param options {onclause: any, full: boolean?}?  `full`: FULL OUTER JOIN (default false)
---@return lualchemy.Select
function Select:outerjoin(target, onclause, options) end

--- A LEFT OUTER JOIN from `entity`.
---@param entity any
---@param target any  a table, alias or class, or a relationship, which brings its condition along
---@param onclause? any  a condition, or a relationship; found through foreign keys without one
---@param options {onclause: any, full: boolean?}?  `full`: FULL OUTER JOIN (default false)
---@return lualchemy.Select
function Select:outerjoin_from(entity, target, onclause, options) end

--- Adds elements to FROM, which the columns bring along by themselves, or says from which a join begins.
---
---     select(func.count()):select_from(users)  --> SELECT count(*) AS count_1 FROM users
---@param ... any  tables, aliases, joins, classes
---@return lualchemy.Select
function Select:select_from(...) end

--- Adds columns at the end.
---
---     select(u.id):add_columns(u.name)  --> SELECT users.id, users.name FROM users
---@param ... any
---@return lualchemy.Select
function Select:add_columns(...) end

--- Replaces the columns; what was joined, and the conditions, stay.
---
---     select(u.id, u.name):where(u.age:gt(18)):with_only_columns(func.count())
---     --> SELECT count(*) AS count_1 FROM users WHERE users.age > :age_1
---@param ... any  the columns; the last may be {maintain_column_froms = true}: what the old ones brought into FROM stays
---@return lualchemy.Select
function Select:with_only_columns(...) end

--- As a subquery, takes these elements from the statement around it; without it all that both have, unless nothing were
--- left.
---
---     select(u.id):where(select(o.id):where(o.user_id:eq(u.id)):correlate(users):exists())
---     --> SELECT users.id FROM users WHERE EXISTS (SELECT orders.id FROM orders WHERE orders.user_id = users.id)
---@param ... any  tables, aliases, classes; nil: none
---@return lualchemy.Select
---@raise InvalidRequestError when compiled, if nothing is left for FROM
function Select:correlate(...) end

--- As a subquery, takes all but these from the statement around it.
---@param ... any  tables, aliases, classes; nil: none
---@return lualchemy.Select
function Select:correlate_except(...) end

--- The select as an element of FROM.
---
---     select(select(o.user_id):distinct():subquery "buyers")
---     --> SELECT buyers.user_id FROM (SELECT DISTINCT orders.user_id AS user_id FROM orders) AS buyers
---@param name? string  of the alias (default: anon_1 and so on)
---@return lualchemy.FromClause
function Select:subquery(name) end

--- The select as a common table expression, which stands before the statement once, however often it is named.
---
---     select(select(o.user_id):cte "buyers")
---     --> WITH buyers AS (SELECT orders.user_id AS user_id FROM orders) SELECT buyers.user_id FROM buyers
---     local n = la.select(la.literal(1):label "n"):cte("n", {recursive = true})
---     n = n:union_all(la.select(n.c.n + 1):where(n.c.n:lt(10)))
---     select(select(la.literal(1):label "n"):cte("n", {recursive = true}))
---     --> WITH RECURSIVE n(n) AS (SELECT :param_1 AS n) SELECT n.n FROM n
---@param name? string
---@param options {name: string?, recursive: boolean?, nesting: boolean?}?  `recursive`: WITH RECURSIVE, whose other part `union` adds; `nesting`:
--- stays with the statement that names it (default false)
---@return lualchemy.FromClause
function Select:cte(name, options) end

--- The same as `subquery`.
---@param name? string
---@return lualchemy.FromClause
function Select:alias(name) end

--- A subquery that may refer to what stands before it: LATERAL, which SQLite has none of.
---
---     select(u.id, select(o.total):where(o.user_id:eq(u.id)):lateral "l")
---     --> SELECT users.id, l.total FROM users, LATERAL (SELECT orders.total AS total FROM orders WHERE
---       orders.user_id = users.id) AS l
---@param name? string
---@return lualchemy.FromClause
function Select:lateral(name) end

--- A select of one value as an expression.
---
---     select(u.id, select(func.max(o.total)):where(o.user_id:eq(u.id)):scalar_subquery():label "most")
---     --> SELECT users.id, (SELECT max(orders.total) AS max_1 FROM orders WHERE orders.user_id = users.id) AS most
---       FROM users
---@return lualchemy.ColumnElement
function Select:scalar_subquery() end

--- An older name of `scalar_subquery`.
---@return lualchemy.ColumnElement
function Select:as_scalar() end

--- A scalar subquery with a name.
---
---     select(select(func.count(o.id)):label "orders")
---     --> SELECT (SELECT count(orders.id) AS count_1 FROM orders) AS orders
---@param name string
---@return lualchemy.ColumnElement
function Select:label(name) end

--- `EXISTS (SELECT …)`.
---
---     select(u.id):where(~select(o.id):where(o.user_id:eq(u.id)):exists())
---     --> SELECT users.id FROM users WHERE NOT (EXISTS (SELECT orders.id FROM orders WHERE orders.user_id =
---       users.id))
---@return lualchemy.ColumnElement
function Select:exists() end

--- The rows of this and the others, each once.
---
---     select(u.id):union(select(o.user_id)):order_by("id")
---     --> SELECT users.id FROM users UNION SELECT orders.user_id FROM orders ORDER BY id
---@param ... any  selects with as many columns
---@return lualchemy.Select
---@raise CompileError when compiled, if their numbers of columns differ
function Select:union(...) end

--- The rows of this and the others.
---
---     select(u.id):union_all(select(o.user_id))
---     --> SELECT users.id FROM users UNION ALL SELECT orders.user_id FROM orders
---@param ... any  selects with as many columns
---@return lualchemy.Select
---@raise CompileError when compiled, if their numbers of columns differ
function Select:union_all(...) end

--- The rows that are in all.
---
---     select(u.id):intersect(select(o.user_id))
---     --> SELECT users.id FROM users INTERSECT SELECT orders.user_id FROM orders
---@param ... any  selects with as many columns
---@return lualchemy.Select
---@raise CompileError when compiled, if their numbers of columns differ
function Select:intersect(...) end

--- The rows that are in all, duplicates kept. SQLite has none.
---@param ... any  selects with as many columns
---@return lualchemy.Select
---@raise CompileError when compiled, if their numbers of columns differ
function Select:intersect_all(...) end

--- The rows that are not in the others.
---
---     select(u.id):except_(select(o.user_id))
---     --> SELECT users.id FROM users EXCEPT SELECT orders.user_id FROM orders
---@param ... any  selects with as many columns
---@return lualchemy.Select
---@raise CompileError when compiled, if their numbers of columns differ
function Select:except_(...) end

--- The rows that are not in the others, duplicates kept. SQLite has none.
---@param ... any  selects with as many columns
---@return lualchemy.Select
---@raise CompileError when compiled, if their numbers of columns differ
function Select:except_all(...) end

--- `FOR UPDATE`: locks the rows. SQLite, which locks the whole database, leaves it away.
---
---     select(u.id):with_for_update{nowait = true}  --> SELECT users.id FROM users FOR UPDATE
---@param options {nowait: boolean?, read: boolean?, of: any, skip_locked: boolean?, key_share: boolean?}?  of databases that have them (default
--- false); `of`: the tables that are locked
---@return lualchemy.Select
function Select:with_for_update(options) end

--- Text behind SELECT.
---
---     select(u.id):prefix_with "ALL"  --> SELECT ALL users.id FROM users
---@param ... string|lualchemy.TextClause  the last may be {dialect = "sqlite"}: for this one alone
---@return lualchemy.Select
function Select:prefix_with(...) end

--- Words of the program's own at points of the statement: an object of a `la.SyntaxExtension:class "Name" {…}` whose method
--- `apply_to_select` puts it there. As SQLAlchemy's `ext`.
---
---     local Top = la.SyntaxExtension:class "Top" {
---       apply_to_select = function(self, statement)
---         return statement:apply_syntax_extension_point(function(existing)
---           return self:append_replacing_same_type(existing)
---         end, "post_select")
---       end,
---     }
---
--- Raises ArgumentError for what has no such method.
---@param extension any
---@return lualchemy.Select
function Select:ext(extension) end

--- Puts elements at a point of the statement, one of "post_select", "pre_columns", "post_criteria", "post_body": `fn` gets the list
--- of those that stand there and gives the new list. As SQLAlchemy's `apply_syntax_extension_point`.
---@param fn fun(existing: any[]): any[]
---@param point string
---@return lualchemy.Select
function Select:apply_syntax_extension_point(fn, point) end

--- Text at the end.
---
---     select(u.id):suffix_with "/* nightly */"  --> SELECT users.id FROM users /* nightly */
---@param ... string|lualchemy.TextClause  the last may be {dialect = "sqlite"}: for this one alone
---@return lualchemy.Select
function Select:suffix_with(...) end

--- A hint of the database for a table. SQLite has none.
---@param entity any  a table or alias
---@param text string  `%(name)s` stands for its name
---@param dialect? string  for this one alone (default: "*", all)
---@return lualchemy.Select
function Select:with_hint(entity, text, dialect) end

--- A hint of the database for the statement.
---@param text string
---@param dialect? string
---@return lualchemy.Select
function Select:with_statement_hint(text, dialect) end

--- Adds common table expressions that the statement does not name: INSERT … RETURNING in a CTE, say.
---@param ... any  CTEs; the last may be {nest_here = true}
---@return lualchemy.Select
function Select:add_cte(...) end

--- How classes are loaded.
---
---     la.select(User):options(orm.selectinload(User.orders))
---@param ... lualchemy.LoaderOption  of `orm.selectinload` and the like
---@return lualchemy.Select
---@raise ArgumentError for what is no option, or does not belong to what is selected
function Select:options(...) end

--- Options for its execution, added to those that it has.
---
---     la.select(User):execution_options{yield_per = 100}
---@param options table  `yield_per`, `populate_existing`, `autoflush`, `schema_translate_map` …, and names of your own, which listeners read
---@return lualchemy.Select
---@raise ArgumentError for a name near a known one, or a wrong value
function Select:execution_options(options) end

--- The options set so far.
---@return table
function Select:get_execution_options() end

--- How columns are labelled: `la.LABEL_STYLE_DISAMBIGUATE_ONLY` (the default: `id`, `id_1`),
--- `la.LABEL_STYLE_TABLENAME_PLUS_COL` (`users_id`) or `la.LABEL_STYLE_NONE`. Of a set its first part
--- is labelled, whose names are the set's.
---@param style string
---@return lualchemy.Select
function Select:set_label_style(style) end

--- The selected column that is `column`, or comes from it; nil if there is none.
---@param column any
---@return lualchemy.ColumnElement?
function Select:corresponding_column(column) end

--- Whether it selects from `other`, or from what is made of it.
---@param other any
---@return boolean
function Select:is_derived_from(other) end

--- How columns are labelled: what `set_label_style` takes.
---@return string
function Select:get_label_style() end

--- A copy in which `bindparam()`s of these names have these values.
---
---     select(u.id):where(u.age:gt(la.bindparam "least")):params{least = 18}
---     --> SELECT users.id FROM users WHERE users.age > :least
---@param mapping table<string, any>
---@return lualchemy.Select
function Select:params(mapping) end

--- The text and the parameters for one dialect.
---
---     select(u.id):where(u.age:gt(18)):compile{dialect = "sqlite", literal_binds = true}
---     --> SELECT users.id FROM users WHERE users.age > 18
---@param options lualchemy.CompileOptions|lualchemy.Engine|lualchemy.Dialect?  an engine or a dialect may stand for its options
---@return lualchemy.Compiled
---@raise CompileError for what the dialect cannot say, or for a value that has no literal
function Select:compile(options) end

--- The rows of another statement, from which classes and columns are read by their names.
---
---     session:scalars(la.select(User):from_statement(la.text "SELECT id, name FROM users WHERE age > :age"):params{age = 30})
---@param statement any  text(), a select or union, or an INSERT, UPDATE, DELETE with RETURNING
---@return lualchemy.Select
---@raise NoSuchColumnError when run, if a primary key is not among the columns
function Select:from_statement(statement) end

--- Without the columns that repeat others: by a foreign key, or by an equality in WHERE.
---@param only_synonyms? boolean  only those of the same name (true)
---@return lualchemy.Select
function Select:reduce_columns(only_synonyms) end
