---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of the functions that make statements and expressions.

---@class lualchemy.ColumnElement
local ColumnElement = {}

--- Adds conditions to the select inside an EXISTS or scalar subquery.
---@param ... any
---@return lualchemy.ColumnElement
function ColumnElement:where(...) end

--- Adds FROM elements to the select inside.
---@param ... any
---@return lualchemy.ColumnElement
function ColumnElement:select_from(...) end

--- Says which FROM elements of the enclosing statement the select inside may refer to.
---@param ... any
---@return lualchemy.ColumnElement
function ColumnElement:correlate(...) end

--- Says which FROM elements it may not refer to.
---@param ... any
---@return lualchemy.ColumnElement
function ColumnElement:correlate_except(...) end

--- A SELECT of this expression: `SELECT EXISTS (…)`.
---@return lualchemy.Select
function ColumnElement:select() end

--- A copy whose bindparam()s of these names have these values.
---@param values table<string, any>
---@return lualchemy.ColumnElement
function ColumnElement:params(values) end

---@class lualchemy.TextClause
local TextClause = {}

--- Gives parameters values or types: `text("x = :x"):bindparams{x = 5}`, or bindparam()s.
---@param ... any
---@return lualchemy.TextClause
function TextClause:bindparams(...) end

--- Says which columns the text gives, by position or as a table of names and types; the result can be a subquery.
---@param ... any
---@return lualchemy.Select
function TextClause:columns(...) end

---@class lualchemy.Select
local Select = {}

--- The FROM elements that the statement names, joins taken apart.
---@return lualchemy.FromClause[]
function Select:get_final_froms() end

-- Functions of the top level.

---@class lualchemy.sql
local sql = {}

--- SELECT of columns, expressions, tables, mapped classes.
---@param ... any
---@return lualchemy.Select
function sql.select(...) end

--- INSERT into a table or mapped class.
---@param table any
---@return lualchemy.Insert
function sql.insert(table) end

--- UPDATE of a table or mapped class.
---@param table any
---@return lualchemy.Update
function sql.update(table) end

--- DELETE from a table or mapped class.
---@param table any
---@return lualchemy.Delete
function sql.delete(table) end

--- SQL written by hand, with parameters as `:name`; `\\:` is a colon.
---@param text string
---@return lualchemy.TextClause
function sql.text(text) end

--- UNION of selects.
---@param ... any
---@return lualchemy.Select
function sql.union(...) end

--- UNION ALL of selects.
---@param ... any
---@return lualchemy.Select
function sql.union_all(...) end

--- INTERSECT of selects.
---@param ... any
---@return lualchemy.Select
function sql.intersect(...) end

--- INTERSECT ALL of selects.
---@param ... any
---@return lualchemy.Select
function sql.intersect_all(...) end

--- EXCEPT of selects.
---@param ... any
---@return lualchemy.Select
function sql.except_(...) end

--- EXCEPT ALL of selects.
---@param ... any
---@return lualchemy.Select
function sql.except_all(...) end

--- EXISTS of a select, of a select of these columns, or of `*`.
---@param ... any
---@return lualchemy.ColumnElement
function sql.exists(...) end

--- A FROM element under another name.
---@param from any
---@param name? string
---@return lualchemy.FromClause
function sql.alias(from, name) end

--- A select as a FROM element.
---@param select any
---@param name? string
---@return lualchemy.FromClause
function sql.subquery(select, name) end

--- WITH: a statement under a name; `{recursive = true, nesting = true}`.
---@param statement any
---@param name? string
---@param options? table
---@return lualchemy.FromClause
function sql.cte(statement, name, options) end

--- A subquery that may refer to what stands before it.
---@param select any
---@param name? string
---@return lualchemy.FromClause
function sql.lateral(select, name) end

--- A join; without a condition it is found through foreign keys. A relationship is one too: `la.join(User, Address, User.addresses)`.
---@param left any
---@param right any
---@param onclause? any
---@param options? table
---@return lualchemy.FromClause
function sql.join(left, right, onclause, options) end

--- A left outer join.
---@param left any
---@param right any
---@param onclause? any
---@param options? table
---@return lualchemy.FromClause
function sql.outerjoin(left, right, onclause, options) end

--- VALUES with these columns; rows come by `:data{…}`. Options: `name`; `literal_binds`: values stand in the text.
---@param ... any
---@return lualchemy.FromClause
function sql.values(...) end

--- A table known by name alone, with column()s; keywords come last.
---
---     la.table("log", la.column("id"), {schema = "audit"})
---
---@param name string
---@param ... any  columns, then {schema: string?}
---@return lualchemy.FromClause
function sql.table(name, ...) end

--- AND. Constants are folded away.
---@param ... any
---@return lualchemy.ColumnElement
function sql.and_(...) end

--- OR. Constants are folded away.
---@param ... any
---@return lualchemy.ColumnElement
function sql.or_(...) end

--- NOT, by the negated operator where there is one.
---@param condition any
---@return lualchemy.ColumnElement
function sql.not_(condition) end

--- BETWEEN.
---@param expr any
---@param low any
---@param high any
---@param options? table
---@return lualchemy.ColumnElement
function sql.between(expr, low, high, options) end

--- The constant true.
---@return lualchemy.ColumnElement
function sql.true_() end

--- The constant false.
---@return lualchemy.ColumnElement
function sql.false_() end

--- The constant NULL, with methods.
---@return lualchemy.ColumnElement
function sql.null_() end

--- A column known by name alone.
---@param name string
---@param type? lualchemy.Type
---@return lualchemy.ColumnElement
function sql.column(name, type) end

--- A value as an expression: a bound parameter.
---@param value any
---@param type? lualchemy.Type
---@return lualchemy.ColumnElement
function sql.literal(value, type) end

--- SQL text as an expression, written as it is.
---@param text string
---@param type? lualchemy.Type
---@return lualchemy.ColumnElement
function sql.literal_column(text, type) end

--- A named parameter; without a value it is required at execution.
--- Options: `type_`, `unique`, `expanding`, `literal_execute`, `required`, and `callable_`, a function that gives the
--- value each time that the statement is executed without one.
---
---     la.select(users):where(users.c.seen:gt(la.bindparam("since", {callable_ = last_visit, type_ = la.DateTime})))
---
--- Fields: `value`, `required`, `unique`, `expanding`, `literal_execute`, `callable`, and `effective_value`, which calls it.
---@param name string?
---@param value? any
---@param options? table
---@return lualchemy.ColumnElement
function sql.bindparam(name, value, options) end

--- `(a, b)`, for comparisons and `in_{{1, 2}, …}`. `{types = {type, …}}` as the last argument types
--- the parts.
---@param ... any
---@return lualchemy.ColumnElement
function sql.tuple_(...) end

--- CASE: pairs `{condition, result}`, then `{else_ = …}`; with `{value = expr}` the pairs' first are values.
---@param ... any
---@return lualchemy.ColumnElement
function sql.case(...) end

--- CAST.
---@param expr any
---@param type lualchemy.Type
---@return lualchemy.ColumnElement
function sql.cast(expr, type) end

--- TRY_CAST.
---@param expr any
---@param type lualchemy.Type
---@return lualchemy.ColumnElement
function sql.try_cast(expr, type) end

--- The expression taken as another type by the program; the SQL stays.
---@param expr any
---@param type lualchemy.Type
---@return lualchemy.ColumnElement
function sql.type_coerce(expr, type) end

--- In the values of an INSERT or UPDATE: what the statement sets another column to; in an UPDATE that does not set it, the column as it is.
--- A default of that column is not asked for. As SQLAlchemy's `from_dml_column`.
---
---     la.update(t):values{a = t.c.c + 1, b = la.from_dml_column(t.c.a) * 2}
---     --> UPDATE t SET a=(t.c + :c_1), b=((t.c + :c_1) * :param_1)
---@param column lualchemy.ColumnElement
---@return lualchemy.ColumnElement
---@raise CompileError when compiled outside of such values, in an INSERT that says nothing of the column, and where values refer to each other
function sql.from_dml_column(column) end

--- EXTRACT of a date's field.
---@param field string
---@param expr any
---@return lualchemy.ColumnElement
function sql.extract(field, expr) end

--- An expression under a name.
---@param name string
---@param expr any
---@return lualchemy.ColumnElement
function sql.label(name, expr) end

--- COLLATE.
---@param expr any
---@param collation string
---@return lualchemy.ColumnElement
function sql.collate(expr, collation) end

--- DISTINCT inside a function's parentheses.
---@param expr any
---@return lualchemy.ColumnElement
function sql.distinct(expr) end

--- Ascending order.
---@param expr any
---@return lualchemy.ColumnElement
function sql.asc(expr) end

--- Descending order.
---@param expr any
---@return lualchemy.ColumnElement
function sql.desc(expr) end

--- NULLs before other values.
---@param expr any
---@return lualchemy.ColumnElement
function sql.nulls_first(expr) end

--- `~a`, of the bits of an integer.
---@param expr any
---@return lualchemy.ColumnElement
function sql.bitwise_not(expr) end

--- An older name of `nulls_first`.
---@param expr any
---@return lualchemy.ColumnElement
function sql.nullsfirst(expr) end

--- NULLs after other values.
---@param expr any
---@return lualchemy.ColumnElement
function sql.nulls_last(expr) end

--- An older name of `nulls_last`.
---@param expr any
---@return lualchemy.ColumnElement
function sql.nullslast(expr) end

--- ANY of an array or subquery.
---@param expr any
---@return lualchemy.ColumnElement
function sql.any_(expr) end

--- ALL of an array or subquery.
---@param expr any
---@return lualchemy.ColumnElement
function sql.all_(expr) end
