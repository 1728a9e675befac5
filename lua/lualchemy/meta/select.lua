---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of SELECT statements.

--- A SELECT, or a union of several. Every method gives a new statement; this one stays as it is.
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
---@param ... any
---@return lualchemy.Select
function Select:where(...) end

--- The same as `where`.
---@param ... any
---@return lualchemy.Select
function Select:filter(...) end

--- Adds equalities by attribute name: `filter_by{name = "Ann"}`.
---@param mapping table
---@return lualchemy.Select
function Select:filter_by(mapping) end

--- Adds conditions on groups.
---@param ... any
---@return lualchemy.Select
function Select:having(...) end

--- Adds expressions to GROUP BY; nil empties it.
---@param ... any
---@return lualchemy.Select
function Select:group_by(...) end

--- Adds expressions to ORDER BY; nil empties it.
---@param ... any
---@return lualchemy.Select
function Select:order_by(...) end

--- SELECT DISTINCT.
---@param ... any
---@return lualchemy.Select
function Select:distinct(...) end

--- At most `n` rows; nil takes the limit away.
---@param n any
---@return lualchemy.Select
function Select:limit(n) end

--- Skips `n` rows.
---@param n any
---@return lualchemy.Select
function Select:offset(n) end

--- `FETCH FIRST n ROWS`.
---@param n any
---@param options table?
---@return lualchemy.Select
function Select:fetch(n, options) end

--- Rows `start` to `stop`, counted from 0, the last one left out.
---@param start integer
---@param stop integer
---@return lualchemy.Select
function Select:slice(start, stop) end

--- Joins from the leftmost element that fits.
---@param target any
---@param onclause? any
---@param options table?
---@return lualchemy.Select
function Select:join(target, onclause, options) end

--- Joins from `entity`.
---@param entity any
---@param target any
---@param onclause? any
---@param options table?
---@return lualchemy.Select
function Select:join_from(entity, target, onclause, options) end

--- A LEFT OUTER JOIN.
---@param target any
---@param onclause? any
---@param options table?
---@return lualchemy.Select
function Select:outerjoin(target, onclause, options) end

--- A LEFT OUTER JOIN from `entity`.
---@param entity any
---@param target any
---@param onclause? any
---@param options table?
---@return lualchemy.Select
function Select:outerjoin_from(entity, target, onclause, options) end

--- Adds elements to FROM.
---@param ... any
---@return lualchemy.Select
function Select:select_from(...) end

--- Adds columns at the end.
---@param ... any
---@return lualchemy.Select
function Select:add_columns(...) end

--- Replaces the columns.
---@param ... any
---@return lualchemy.Select
function Select:with_only_columns(...) end

--- As a subquery, takes these elements from the statement around it.
---@param ... any
---@return lualchemy.Select
function Select:correlate(...) end

--- As a subquery, takes all but these from the statement around it.
---@param ... any
---@return lualchemy.Select
function Select:correlate_except(...) end

--- The select as an element of FROM.
---@param name? string
---@return lualchemy.FromClause
function Select:subquery(name) end

--- The select as a common table expression.
---@param name? string
---@param options table?
---@return lualchemy.FromClause
function Select:cte(name, options) end

--- The same as `subquery`.
---@param name? string
---@return lualchemy.FromClause
function Select:alias(name) end

--- A subquery that may refer to what stands before it.
---@param name? string
---@return lualchemy.FromClause
function Select:lateral(name) end

--- A select of one value as an expression.
---@return lualchemy.ColumnElement
function Select:scalar_subquery() end

--- The same as `scalar_subquery`.
---@return lualchemy.ColumnElement
function Select:as_scalar() end

--- A scalar subquery with a name.
---@param name string
---@return lualchemy.ColumnElement
function Select:label(name) end

--- `EXISTS (SELECT …)`.
---@return lualchemy.ColumnElement
function Select:exists() end

--- Rows of this and the others, each once.
---@param ... any
---@return lualchemy.Select
function Select:union(...) end

--- Rows of this and the others.
---@param ... any
---@return lualchemy.Select
function Select:union_all(...) end

--- Rows that are in all.
---@param ... any
---@return lualchemy.Select
function Select:intersect(...) end

--- Rows that are in all, duplicates kept.
---@param ... any
---@return lualchemy.Select
function Select:intersect_all(...) end

--- Rows that are not in the others.
---@param ... any
---@return lualchemy.Select
function Select:except_(...) end

--- Rows that are not in the others, duplicates kept.
---@param ... any
---@return lualchemy.Select
function Select:except_all(...) end

--- `FOR UPDATE`, where the database has it.
---@param options table?
---@return lualchemy.Select
function Select:with_for_update(options) end

--- Text after SELECT.
---@param ... any
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

--- Puts elements at a point of the statement, one of "post_select", "pre_columns", "post_criteria", "post_body": `fn` gets the list of those that stand there and gives the
--- new list. As SQLAlchemy's `apply_syntax_extension_point`.
---@param fn fun(existing: any[]): any[]
---@param point string
---@return lualchemy.Select
function Select:apply_syntax_extension_point(fn, point) end

--- Text at the end.
---@param ... any
---@return lualchemy.Select
function Select:suffix_with(...) end

--- A hint of the database for a table.
---@param entity any
---@param text any
---@param dialect? any
---@return lualchemy.Select
function Select:with_hint(entity, text, dialect) end

--- A hint of the database for the statement.
---@param text any
---@param dialect? any
---@return lualchemy.Select
function Select:with_statement_hint(text, dialect) end

--- Adds common table expressions that the statement does not name.
---@param ... any
---@return lualchemy.Select
function Select:add_cte(...) end

--- Loader options.
---@param ... any
---@return lualchemy.Select
function Select:options(...) end

--- Options for its execution.
---@param options table?
---@return lualchemy.Select
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

--- Values for bound parameters by name.
---@param mapping table
---@return lualchemy.Select
function Select:params(mapping) end

--- Text and parameters.
---@param options table?
---@return lualchemy.Compiled
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
