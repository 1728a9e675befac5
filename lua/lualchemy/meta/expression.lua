---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of SQL expressions.

--- Any part of a statement.
---@class lualchemy.ClauseElement
local ClauseElement = {}

--- An expression with a value: a column, a literal, an operator, a function call.
--- Arithmetic, `..`, `&` (and), `|` (or) and `~` (not) build expressions too.
---@class lualchemy.ColumnElement
---@field type lualchemy.Type  NullType where it is not known
---@field name string?         of its column or label
---@field key string?
---@field expression lualchemy.ColumnElement  itself, as methods of a comparator_factory call it; `expr` too
---@field left lualchemy.ColumnElement       of an operator with two sides
---@field right lualchemy.ColumnElement
---@field element lualchemy.ColumnElement    of a label, an operator with one side, over(), within_group(), a scalar subquery
---@field clause lualchemy.ColumnElement     of a cast or type_coerce()
---@field clauses lualchemy.ColumnElement[]  of and_(), or_() and tuple_(); the arguments of a function
---@field partition_by lualchemy.ColumnElement[]?  of over()
---@field order_by lualchemy.ColumnElement[]?      of over() and within_group()
---@field func lualchemy.ColumnElement       of filter()
---@field criterion lualchemy.ColumnElement
---@field expr lualchemy.ColumnElement       of extract()
---@operator add(any): lualchemy.ColumnElement
---@operator sub(any): lualchemy.ColumnElement
---@operator mul(any): lualchemy.ColumnElement
---@operator div(any): lualchemy.ColumnElement
---@operator idiv(any): lualchemy.ColumnElement
---@operator mod(any): lualchemy.ColumnElement
---@operator pow(any): lualchemy.ColumnElement
---@operator concat(any): lualchemy.ColumnElement
---@operator unm: lualchemy.ColumnElement
---@operator band(any): lualchemy.ColumnElement
---@operator bor(any): lualchemy.ColumnElement
---@operator bnot: lualchemy.ColumnElement
local ColumnElement = {}

--- `a = b`; with nil or `la.null` it is `a IS NULL`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:eq(other) end

--- `a != b`; with nil or `la.null` it is `a IS NOT NULL`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:ne(other) end

--- `a < b`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:lt(other) end

--- `a <= b`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:le(other) end

--- `a > b`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:gt(other) end

--- `a >= b`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:ge(other) end

--- `a IS b`, for NULL, true and false.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:is_(other) end

--- `a IS NOT b`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:is_not(other) end

--- An older name of `is_not`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:isnot(other) end

--- `a IS DISTINCT FROM b`: differs, NULL being a value like others.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:is_distinct_from(other) end

--- `a IS NOT DISTINCT FROM b`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:is_not_distinct_from(other) end

--- An older name of `is_not_distinct_from`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:isnot_distinct_from(other) end

--- `a LIKE pattern`; `escape` names the escape character.
---@param pattern any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:like(pattern, options) end

--- `a NOT LIKE pattern`.
---@param pattern any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:not_like(pattern, options) end

--- An older name of `not_like`.
---@param pattern any
---@param options any
---@return lualchemy.ColumnElement
function ColumnElement:notlike(pattern, options) end

--- LIKE without regard to case.
---@param pattern any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:ilike(pattern, options) end

--- NOT LIKE without regard to case.
---@param pattern any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:not_ilike(pattern, options) end

--- An older name of `not_ilike`.
---@param pattern any
---@param options any
---@return lualchemy.ColumnElement
function ColumnElement:notilike(pattern, options) end

--- Begins with `text`; `autoescape = true` takes `%` and `_` literally.
---@param text any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:startswith(text, options) end

--- Ends with `text`.
---@param text any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:endswith(text, options) end

--- Has `text` in it; on a relationship: has this object.
---@param text any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:contains(text, options) end

--- Begins with `text`, without regard to case.
---@param text any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:istartswith(text, options) end

--- Ends with `text`, without regard to case.
---@param text any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:iendswith(text, options) end

--- Has `text` in it, without regard to case.
---@param text any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:icontains(text, options) end

--- Matches a regular expression of the database.
---@param pattern any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:regexp_match(pattern, options) end

--- Replaces what matches a regular expression.
---@param pattern any
---@param replacement any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:regexp_replace(pattern, replacement, options) end

--- The database's full-text MATCH.
---@param text any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:match(text, options) end

--- `a BETWEEN low AND high`.
---@param low any
---@param high any
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:between(low, high, options) end

--- `a || b`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:concat(other) end

--- `a & b`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_and(other) end

--- `a | b`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_or(other) end

--- Exclusive or of the bits.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_xor(other) end

--- `~a`.
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_not() end

--- `a << b`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_lshift(other) end

--- `a >> b`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_rshift(other) end

--- Descending, for `order_by`.
---@return lualchemy.ColumnElement
function ColumnElement:desc() end

--- Ascending, for `order_by`.
---@return lualchemy.ColumnElement
function ColumnElement:asc() end

--- NULLs before other values.
---@return lualchemy.ColumnElement
function ColumnElement:nulls_first() end

--- An older name of `nulls_first`.
---@return lualchemy.ColumnElement
function ColumnElement:nullsfirst() end

--- NULLs after other values.
---@return lualchemy.ColumnElement
function ColumnElement:nulls_last() end

--- An older name of `nulls_last`.
---@return lualchemy.ColumnElement
function ColumnElement:nullslast() end

--- `DISTINCT a`, inside an aggregate function.
---@return lualchemy.ColumnElement
function ColumnElement:distinct() end

--- `ANY (a)`.
---@return lualchemy.ColumnElement
function ColumnElement:any_() end

--- `ALL (a)`.
---@return lualchemy.ColumnElement
function ColumnElement:all_() end

--- `a AS name`.
---@param name string
---@return lualchemy.ColumnElement
function ColumnElement:label(name) end

--- `CAST(a AS type)`.
---@param type any
---@return lualchemy.ColumnElement
function ColumnElement:cast(type) end

--- `a COLLATE collation`.
---@param collation string
---@return lualchemy.ColumnElement
function ColumnElement:collate(collation) end

--- The expression in parentheses where `against` needs them.
---@return lualchemy.ColumnElement
function ColumnElement:self_group() end

--- An operator by its text: `a:op("<->")(b)`.
---@param operator string
---@param options table?
---@return function
function ColumnElement:op(operator, options) end

--- Like `op`, for an operator that gives a boolean.
---@param operator string
---@param options table?
---@return function
function ColumnElement:bool_op(operator, options) end

--- `a IN (…)`: a list of values, or a select.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:in_(other) end

--- `a NOT IN (…)`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:not_in(other) end

--- An older name of `not_in`.
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:notin_(other) end

--- An element of a JSON or array value, by name, position or path.
---@param index integer|string
---@return lualchemy.ColumnElement
function ColumnElement:at(index) end

--- A JSON element as text.
---@return lualchemy.ColumnElement
function ColumnElement:as_string() end

--- A JSON element as an integer.
---@return lualchemy.ColumnElement
function ColumnElement:as_integer() end

--- A JSON element as a float.
---@return lualchemy.ColumnElement
function ColumnElement:as_float() end

--- A JSON element as a decimal.
---@param precision integer
---@param scale integer
---@return lualchemy.ColumnElement
function ColumnElement:as_numeric(precision, scale) end

--- A JSON element as a boolean.
---@return lualchemy.ColumnElement
function ColumnElement:as_boolean() end

--- A JSON element as JSON.
---@return lualchemy.ColumnElement
function ColumnElement:as_json() end

--- A window: `partition_by`, `order_by`, `rows`, `range`.
---@param options table?
---@return lualchemy.ColumnElement
function ColumnElement:over(options) end

--- `FILTER (WHERE …)` of an aggregate function.
---@param ... any
---@return lualchemy.ColumnElement
function ColumnElement:filter(...) end

--- `WITHIN GROUP (ORDER BY …)` of an aggregate function.
---@param ... any
---@return lualchemy.ColumnElement
function ColumnElement:within_group(...) end

--- ORDER BY among the arguments of an aggregate function: what it gathers comes in this order. Replaces an order that
--- it has.
---
---     la.func.group_concat(users.c.name, ","):aggregate_order_by(users.c.id:desc())
---     --> group_concat(users.name, ? ORDER BY users.id DESC)
---
---@param ... any
---@return lualchemy.ColumnElement
function ColumnElement:aggregate_order_by(...) end

--- A function as a table with these columns, names or `column()`s. Options: `name` of the alias; `with_ordinality`,
--- the name of a column that counts the rows; `joins_implicitly`: no warning where nothing joins it.
---
---     la.func.json_each(orders.c.lines):table_valued("key", "value", {name = "line"})
---
---@param ... any
---@return lualchemy.FromClause
function ColumnElement:table_valued(...) end

--- One column of what a function gives, as a value: `(f(x)).name`.
---@param name string
---@param type? lualchemy.Type
---@return lualchemy.ColumnElement
function ColumnElement:scalar_table_valued(name, type) end

--- The only column of a function in FROM, which goes by the alias's name.
---
---     select(func.json_each("[1]"):column_valued("x"))
---     --> SELECT x FROM json_each(?) AS x
---
---@param name? string
---@return lualchemy.ColumnElement
function ColumnElement:column_valued(name) end

--- A function as an element of FROM.
---@param name? string
---@return lualchemy.FromClause
function ColumnElement:alias(name) end

--- A function in FROM that may refer to what stands before it.
---@param name? string
---@return lualchemy.FromClause
function ColumnElement:lateral(name) end

--- A sample of what a function gives, as `FromClause:tablesample`.
---@param sampling any
---@param name? string
---@param options {name: string?, seed: any}?
---@return lualchemy.FromClause
function ColumnElement:tablesample(sampling, name, options) end

--- A function joined with something: `func.f(1):join(users, condition)`.
---@param target any
---@param onclause any
---@param options table?
---@return lualchemy.FromClause
function ColumnElement:join(target, onclause, options) end

--- A function joined with something by LEFT OUTER JOIN.
---@param target any
---@param onclause any
---@param options table?
---@return lualchemy.FromClause
function ColumnElement:outerjoin(target, onclause, options) end

--- A function as a comparison of two of its arguments, numbered from 1: what a relationship's condition has to know.
---
---     orm.relationship("Node", {viewonly = true, primaryjoin =
---       func.instr(orm.remote(orm.foreign(path)), path .. "/"):as_comparison(1, 2):eq(1)})
---
---@param left_index integer
---@param right_index integer
---@return lualchemy.ColumnElement
---@raise ArgumentError if the function has no such arguments
function ColumnElement:as_comparison(left_index, right_index) end

--- A hint for the select inside exists() or a scalar subquery.
---@param selectable any
---@param text string
---@param dialect_name? string
---@return lualchemy.ColumnElement
function ColumnElement:with_hint(selectable, text, dialect_name) end

--- A hint behind the select inside exists() or a scalar subquery.
---@param text string
---@param dialect_name? string
---@return lualchemy.ColumnElement
function ColumnElement:with_statement_hint(text, dialect_name) end

--- Text and parameters: `dialect`, `literal_binds`, `schema_translate_map`, `compile_kwargs`.
---@param options table?
---@return lualchemy.Compiled
function ColumnElement:compile(options) end
