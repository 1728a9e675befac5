---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of SQL expressions.

--- Any part of a statement.
---@class lualchemy.ClauseElement
local ClauseElement = {}

--- An expression with a value: a column, a literal, an operator, a function call.
--- Arithmetic, `..`, `&` (and), `|` (or) and `~` (not) build expressions too.
---
--- In the examples `u` and `o` are the columns of two tables, `users.c` and `orders.c`; behind the arrow stands what `tostring` shows.
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

--- `a = b`; with nil or `la.null` it is `a IS NULL`. Relationships compare their foreign keys. As `==` in SQLAlchemy.
---
---     u.name:eq "Ann"  --> users.name = :name_1
---     u.name:eq(nil)  --> users.name IS NULL
---@param other any  a value, an expression, or nil for NULL
---@return lualchemy.ColumnElement
---@raise ArgumentError without an argument; StatementError when run, for a value that is none of the type
function ColumnElement:eq(other) end

--- `a != b`; with nil or `la.null` it is `a IS NOT NULL`. As `!=` in SQLAlchemy.
---
---     u.name:ne "Ann"  --> users.name != :name_1
---     u.name:ne(nil)  --> users.name IS NOT NULL
---@param other any  a value, an expression, or nil for NULL
---@return lualchemy.ColumnElement
function ColumnElement:ne(other) end

--- `a < b`. As `<` in SQLAlchemy: Lua's own operator gives a boolean, so on expressions it raises and names this.
---
---     u.age:lt(18)  --> users.age < :age_1
---@param other any  a value or an expression
---@return lualchemy.ColumnElement
function ColumnElement:lt(other) end

--- `a <= b`. As `<=` in SQLAlchemy: Lua's own operator gives a boolean, so on expressions it raises and names this.
---
---     u.age:le(18)  --> users.age <= :age_1
---@param other any  a value or an expression
---@return lualchemy.ColumnElement
function ColumnElement:le(other) end

--- `a > b`. As `>` in SQLAlchemy: Lua's own operator gives a boolean, so on expressions it raises and names this.
---
---     u.age:gt(18)  --> users.age > :age_1
---@param other any  a value or an expression
---@return lualchemy.ColumnElement
function ColumnElement:gt(other) end

--- `a >= b`. As `>=` in SQLAlchemy: Lua's own operator gives a boolean, so on expressions it raises and names this.
---
---     u.age:ge(18)  --> users.age >= :age_1
---@param other any  a value or an expression
---@return lualchemy.ColumnElement
function ColumnElement:ge(other) end

--- `a IS b`, for NULL, true and false.
---
---     u.nick:is_(nil)  --> users.nick IS NULL
---     u.nick:is_(la.true_())  --> users.nick IS true
---@param other any  a value, an expression, or nil for NULL
---@return lualchemy.ColumnElement
function ColumnElement:is_(other) end

--- `a IS NOT b`.
---
---     u.nick:is_not(nil)  --> users.nick IS NOT NULL
---@param other any  a value, an expression, or nil for NULL
---@return lualchemy.ColumnElement
function ColumnElement:is_not(other) end

--- An older name of `is_not`.
---@param other any  a value, an expression, or nil for NULL
---@return lualchemy.ColumnElement
function ColumnElement:isnot(other) end

--- Differs, NULL being a value like others. SQLite writes it `IS NOT`.
---
---     u.nick:is_distinct_from(u.name)  --> users.nick IS DISTINCT FROM users.name
---@param other any  a value, an expression, or nil for NULL
---@return lualchemy.ColumnElement
function ColumnElement:is_distinct_from(other) end

--- Equal, NULL being a value like others. SQLite writes it `IS`.
---
---     u.nick:is_not_distinct_from(u.name)  --> users.nick IS NOT DISTINCT FROM users.name
---@param other any  a value, an expression, or nil for NULL
---@return lualchemy.ColumnElement
function ColumnElement:is_not_distinct_from(other) end

--- An older name of `is_not_distinct_from`.
---@param other any  a value, an expression, or nil for NULL
---@return lualchemy.ColumnElement
function ColumnElement:isnot_distinct_from(other) end

--- `a LIKE pattern`. SQLite's LIKE takes no regard to the case of ASCII letters.
---
---     u.name:like "A%"  --> users.name LIKE :name_1
---     u.name:like("50/%", {escape = "/"})  --> users.name LIKE :name_1 ESCAPE '/'
---@param pattern any  text with `%` for any characters and `_` for one, or an expression
---@param options {escape: string?}?  `escape`: one character that takes the next one literally
---@return lualchemy.ColumnElement
function ColumnElement:like(pattern, options) end

--- `a NOT LIKE pattern`.
---
---     u.name:not_like "A%"  --> users.name NOT LIKE :name_1
---@param pattern any  text with `%` for any characters and `_` for one, or an expression
---@param options {escape: string?}?  `escape`: one character that takes the next one literally
---@return lualchemy.ColumnElement
function ColumnElement:not_like(pattern, options) end

--- An older name of `not_like`.
---@param pattern any  text with `%` for any characters and `_` for one, or an expression
---@param options {escape: string?}?  `escape`: one character that takes the next one literally
---@return lualchemy.ColumnElement
function ColumnElement:notlike(pattern, options) end

--- LIKE without regard to case, in every database.
---
---     u.name:ilike "a%"  --> lower(users.name) LIKE lower(:name_1)
---@param pattern any  text with `%` for any characters and `_` for one, or an expression
---@param options {escape: string?}?  `escape`: one character that takes the next one literally
---@return lualchemy.ColumnElement
function ColumnElement:ilike(pattern, options) end

--- NOT LIKE without regard to case.
---
---     u.name:not_ilike "a%"  --> lower(users.name) NOT LIKE lower(:name_1)
---@param pattern any  text with `%` for any characters and `_` for one, or an expression
---@param options {escape: string?}?  `escape`: one character that takes the next one literally
---@return lualchemy.ColumnElement
function ColumnElement:not_ilike(pattern, options) end

--- An older name of `not_ilike`.
---@param pattern any  text with `%` for any characters and `_` for one, or an expression
---@param options {escape: string?}?  `escape`: one character that takes the next one literally
---@return lualchemy.ColumnElement
function ColumnElement:notilike(pattern, options) end

--- Begins with `text`. What comes from a user belongs with `autoescape`.
---
---     u.name:startswith "A"  --> users.name LIKE :name_1 || '%'
---     u.name:startswith("50%", {autoescape = true})  --> users.name LIKE :name_1 || '%' ESCAPE '/'
---@param text any  a string or an expression
---@param options {autoescape: boolean?, escape: string?}?  `autoescape` takes `%` and `_` in the text literally (default false), with `escape`
--- (default "/") as the character that says so
---@return lualchemy.ColumnElement
function ColumnElement:startswith(text, options) end

--- Ends with `text`.
---
---     u.name:endswith "a"  --> users.name LIKE '%' || :name_1
---@param text any  a string or an expression
---@param options {autoescape: boolean?, escape: string?}?  `autoescape` takes `%` and `_` in the text literally (default false), with `escape`
--- (default "/") as the character that says so
---@return lualchemy.ColumnElement
function ColumnElement:endswith(text, options) end

--- Has `text` in it. Of a relationship to many: has this object.
---
---     u.name:contains "nn"  --> users.name LIKE '%' || :name_1 || '%'
---     User.orders:contains(Order{user_id = 7})  --> users.id = :param_1
---@param text any  a string or an expression
---@param options {autoescape: boolean?, escape: string?}?  `autoescape` takes `%` and `_` in the text literally (default false), with `escape`
--- (default "/") as the character that says so
---@return lualchemy.ColumnElement
function ColumnElement:contains(text, options) end

--- Begins with `text`, without regard to case.
---
---     u.name:istartswith "a"  --> lower(users.name) LIKE lower(:name_1) || '%'
---@param text any  a string or an expression
---@param options {autoescape: boolean?, escape: string?}?  `autoescape` takes `%` and `_` in the text literally (default false), with `escape`
--- (default "/") as the character that says so
---@return lualchemy.ColumnElement
function ColumnElement:istartswith(text, options) end

--- Ends with `text`, without regard to case.
---
---     u.name:iendswith "A"  --> lower(users.name) LIKE '%' || lower(:name_1)
---@param text any  a string or an expression
---@param options {autoescape: boolean?, escape: string?}?  `autoescape` takes `%` and `_` in the text literally (default false), with `escape`
--- (default "/") as the character that says so
---@return lualchemy.ColumnElement
function ColumnElement:iendswith(text, options) end

--- Has `text` in it, without regard to case.
---
---     u.name:icontains "NN"  --> lower(users.name) LIKE '%' || lower(:name_1) || '%'
---@param text any  a string or an expression
---@param options {autoescape: boolean?, escape: string?}?  `autoescape` takes `%` and `_` in the text literally (default false), with `escape`
--- (default "/") as the character that says so
---@return lualchemy.ColumnElement
function ColumnElement:icontains(text, options) end

--- Matches a regular expression of the database. SQLite has REGEXP where the program registers a function of this name:
--- `engine:create_function("regexp", 2, fn)`.
---
---     u.name:regexp_match "^A"  --> users.name REGEXP ?
---@param pattern any
---@param options {flags: string?}?  `flags` of the database, written into the statement; SQLite has none
---@return lualchemy.ColumnElement
---@raise CompileError where the database has none
function ColumnElement:regexp_match(pattern, options) end

--- Replaces what matches a regular expression: `REGEXP_REPLACE(a, pattern, replacement)`.
---@param pattern any
---@param replacement any
---@param options {flags: string?}?  `flags` of the database, written into the statement; SQLite has none
---@return lualchemy.ColumnElement
---@raise CompileError for SQLite, which has none
function ColumnElement:regexp_replace(pattern, replacement, options) end

--- The database's full-text MATCH: of an FTS5 table on SQLite.
---
---     u.name:match "ann OR bob"  --> users.name MATCH :name_1
---@param text any  a string or an expression
---@param options table?  of a database that has some
---@return lualchemy.ColumnElement
function ColumnElement:match(text, options) end

--- `a BETWEEN low AND high`, both included.
---
---     u.age:between(18, 65)  --> users.age BETWEEN :age_1 AND :age_2
---     ~u.age:between(18, 65)  --> users.age NOT BETWEEN :age_1 AND :age_2
---@param low any
---@param high any
---@param options {symmetric: boolean?}?  `symmetric`: in whichever order the two are (BETWEEN SYMMETRIC; not SQLite)
---@return lualchemy.ColumnElement
function ColumnElement:between(low, high, options) end

--- `a || b`: strings one behind the other. `..` does the same.
---
---     u.name:concat "!"  --> users.name || :name_1
---     u.name .. " " .. u.nick  --> users.name || :nick_1 || users.nick
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:concat(other) end

--- `a & b` of the bits. Lua's `&` is AND.
---
---     u.flags:bitwise_and(4)  --> users.flags & :flags_1
---@param other any  an integer or an expression
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_and(other) end

--- `a | b` of the bits. Lua's `|` is OR.
---
---     u.flags:bitwise_or(4)  --> users.flags | :flags_1
---@param other any  an integer or an expression
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_or(other) end

--- Exclusive or of the bits. SQLite, which has no operator for it, gets `((a | b) - (a & b))`.
---
---     u.flags:bitwise_xor(4)  --> users.flags ^ :flags_1
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_xor(other) end

--- `~a`, all bits turned. Lua's `~` is NOT.
---
---     u.flags:bitwise_not()  --> ~users.flags
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_not() end

--- `a << b`.
---
---     u.flags:bitwise_lshift(2)  --> users.flags << :flags_1
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_lshift(other) end

--- `a >> b`.
---
---     u.flags:bitwise_rshift(2)  --> users.flags >> :flags_1
---@param other any
---@return lualchemy.ColumnElement
function ColumnElement:bitwise_rshift(other) end

--- Descending, for `order_by`.
---
---     select(u.id):order_by(u.age:desc(), u.id)  --> SELECT users.id FROM users ORDER BY users.age DESC, users.id
---@return lualchemy.ColumnElement
function ColumnElement:desc() end

--- Ascending, for `order_by`, as without it.
---
---     u.age:asc()  --> users.age ASC
---@return lualchemy.ColumnElement
function ColumnElement:asc() end

--- NULLs before other values, for `order_by`.
---
---     u.age:desc():nulls_first()  --> users.age DESC NULLS FIRST
---@return lualchemy.ColumnElement
function ColumnElement:nulls_first() end

--- An older name of `nulls_first`.
---@return lualchemy.ColumnElement
function ColumnElement:nullsfirst() end

--- NULLs after other values, for `order_by`.
---
---     u.age:nulls_last()  --> users.age NULLS LAST
---@return lualchemy.ColumnElement
function ColumnElement:nulls_last() end

--- An older name of `nulls_last`.
---@return lualchemy.ColumnElement
function ColumnElement:nullslast() end

--- `DISTINCT a`, inside an aggregate function.
---
---     func.count(u.name:distinct())  --> count(DISTINCT users.name)
---@return lualchemy.ColumnElement
function ColumnElement:distinct() end

--- `ANY (a)`, of a subquery or an array, for a comparison: `la.any_`. SQLite has none.
---
---     la.literal(5):eq(select(o.total):scalar_subquery():any_())
---     --> :param_1 = ANY (SELECT orders.total FROM orders)
---@return lualchemy.ColumnElement
function ColumnElement:any_() end

--- `ALL (a)`, as `any_`.
---@return lualchemy.ColumnElement
function ColumnElement:all_() end

--- `a AS name` among the columns of a select, by which a row and `order_by` know it.
---
---     select((u.age + 1):label "next"):order_by "next"
---     --> SELECT users.age + :age_1 AS next FROM users ORDER BY next
---@param name string
---@return lualchemy.ColumnElement
function ColumnElement:label(name) end

--- `CAST(a AS type)`: the database converts. `la.type_coerce` has only Lua take it for that type.
---
---     u.age:cast(la.String)  --> CAST(users.age AS VARCHAR)
---@param type any  a type, as a Column takes it
---@return lualchemy.ColumnElement
function ColumnElement:cast(type) end

--- `a COLLATE collation`: "NOCASE", "BINARY", "RTRIM", or one made with `engine:create_collation`.
---
---     u.name:collate "NOCASE":eq "ann"  --> (users.name COLLATE "NOCASE") = :param_1
---@param collation string
---@return lualchemy.ColumnElement
function ColumnElement:collate(collation) end

--- In parentheses, where its operator may need them.
---
---     (u.age + 1):self_group():op "->" "x"  --> (users.age + :age_1) -> :param_1
---@return lualchemy.ColumnElement
function ColumnElement:self_group() end

--- An operator by its text: a function of the other side.
---
---     u.data:op "->>" "$.size"  --> users.data ->> :data_1
---     (u.age + 1):op("<->", {precedence = 100})(u.flags)  --> (users.age + :age_1) <-> users.flags
---@param operator string
---@param options {precedence: integer?, is_comparison: boolean?, return_type: any}?  `precedence` (default 0): the greater binds the tighter, and 100
--- puts what is around into parentheses; `is_comparison`: gives a boolean, and can be negated (default false); `return_type`: type of what it gives
--- (default: of the left side)
---@return fun(other: any): lualchemy.ColumnElement
function ColumnElement:op(operator, options) end

--- `op` for an operator that gives a boolean.
---
---     ~u.name:bool_op "GLOB" "A*"  --> NOT (users.name GLOB :name_1)
---@param operator string
---@param options {precedence: integer?, is_comparison: boolean?, return_type: any}?  `precedence` (default 0): the greater binds the tighter, and 100
--- puts what is around into parentheses; `is_comparison`: gives a boolean, and can be negated (default false); `return_type`: type of what it gives
--- (default: of the left side)
---@return fun(other: any): lualchemy.ColumnElement
function ColumnElement:bool_op(operator, options) end

--- `a IN (…)`. A list becomes as many parameters as it has values when it is run; of an empty one nothing is.
---
---     u.age:in_{18, 19}  --> users.age IN (__[POSTCOMPILE_age_1])
---     u.id:in_(select(o.user_id))  --> users.id IN (SELECT orders.user_id FROM orders)
---     la.tuple_(u.id, u.age):in_{{1, 30}, {2, 40}}  --> (users.id, users.age) IN (__[POSTCOMPILE_param_1])
---@param other any  a list of values, a select, or bindparam() with `expanding`
---@return lualchemy.ColumnElement
---@raise ArgumentError for what is none of these
function ColumnElement:in_(other) end

--- `a NOT IN (…)`; of an empty list everything is.
---
---     u.age:not_in{18, 19}  --> (users.age NOT IN (__[POSTCOMPILE_age_1]))
---@param other any  a list of values, a select, or bindparam() with `expanding`
---@return lualchemy.ColumnElement
function ColumnElement:not_in(other) end

--- An older name of `not_in`.
---@param other any  a list of values, a select, or bindparam() with `expanding`
---@return lualchemy.ColumnElement
function ColumnElement:notin_(other) end

--- An element of a JSON or array value: JSON itself, until `as_string` and the like say what it is. As `expr[index]` in
--- SQLAlchemy.
---
---     u.data:at "size"  --> users.data[:data_1]
---     u.data:at{"lines", 0, "price"}:as_integer():gt(5)  --> users.data[:data_1] > :param_1
---@param index integer|string|(integer|string)[]  a key, a position counted from 0, or a path of these
---@return lualchemy.ColumnElement
function ColumnElement:at(index) end

--- An element of JSON as text.
---
---     u.data:at "x":as_string()  --> users.data[:data_1]
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for what is no element of JSON
function ColumnElement:as_string() end

--- An element of JSON as an integer.
---
---     u.data:at "x":as_integer()  --> users.data[:data_1]
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for what is no element of JSON
function ColumnElement:as_integer() end

--- An element of JSON as a float.
---
---     u.data:at "x":as_float()  --> users.data[:data_1]
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for what is no element of JSON
function ColumnElement:as_float() end

--- An element of JSON as a boolean.
---
---     u.data:at "x":as_boolean()  --> users.data[:data_1]
---@return lualchemy.ColumnElement
---@raise InvalidRequestError for what is no element of JSON
function ColumnElement:as_boolean() end

--- An element of JSON as a decimal, of so many digits and so many of them behind the point.
---
---     u.data:at "price":as_numeric(10, 2)  --> users.data[:data_1]
---@param precision integer
---@param scale integer
---@return lualchemy.ColumnElement
function ColumnElement:as_numeric(precision, scale) end

--- An element of JSON as JSON, which it is without it.
---@return lualchemy.ColumnElement
function ColumnElement:as_json() end

--- A function over a window of rows.
---
---     func.row_number():over{partition_by = o.user_id, order_by = o.total:desc()}
---     --> row_number() OVER (PARTITION BY orders.user_id ORDER BY orders.total DESC)
---     func.sum(o.total):over{order_by = o.id, rows = {la.null, 0}}
---     --> sum(orders.total) OVER (ORDER BY orders.id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
---@param options {partition_by: any, order_by: any, rows: any[]?, range_: any[]?, groups: any[]?, exclude: string?}?  `partition_by` and `order_by`:
--- an expression or a list; one of `rows`, `range_` and `groups`: a frame {from, to} in rows before (negative) and after, nil (`la.null`) for all, 0 for
--- this; `exclude`: "CURRENT ROW", "GROUP", "TIES" or "NO OTHERS"
---@return lualchemy.ColumnElement
---@raise ArgumentError for two frames or a bound that is none
function ColumnElement:over(options) end

--- `FILTER (WHERE …)`: the rows that an aggregate function takes.
---
---     func.count():filter(u.age:gt(18))  --> count(*) FILTER (WHERE users.age > :age_1)
---@param ... any  conditions
---@return lualchemy.ColumnElement
function ColumnElement:filter(...) end

--- `WITHIN GROUP (ORDER BY …)` of an aggregate function, where the database has it.
---
---     func.percentile_cont(0.5):within_group(u.age)
---     --> percentile_cont(:percentile_cont_1) WITHIN GROUP (ORDER BY users.age)
---@param ... any  expressions
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

--- One column of what a function gives, as a value.
---
---     la.func.jsonb_each(orders.c.lines):scalar_table_valued("key")  --> (jsonb_each(orders.lines)).key
---
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
---
---     la.select(la.literal_column "x.value"):select_from(la.func.json_each("[1]"):alias "x")
---
---@param name? string
---@return lualchemy.FromClause
function ColumnElement:alias(name) end

--- A function in FROM that may refer to what stands before it: LATERAL, which SQLite has none of.
---@param name? string
---@return lualchemy.FromClause
function ColumnElement:lateral(name) end

--- A sample of what a function gives, as `FromClause:tablesample`.
---@param sampling any
---@param name? string
---@param options {name: string?, seed: any}?
---@return lualchemy.FromClause
function ColumnElement:tablesample(sampling, name, options) end

--- A function in FROM joined with something.
---
---     select(u.id):select_from(func.json_each("[1]"):join(users, la.true_()))
---     --> SELECT users.id FROM json_each(:json_each_1) JOIN users ON true
---@param target any  a table, alias, class …
---@param onclause any  a condition
---@param options {isouter: boolean?, full: boolean?}?  `isouter`: LEFT OUTER JOIN, `full`: FULL OUTER JOIN (default false)
---@return lualchemy.FromClause
function ColumnElement:join(target, onclause, options) end

--- A function in FROM joined with something by LEFT OUTER JOIN.
---@param target any
---@param onclause any
---@return lualchemy.FromClause
function ColumnElement:outerjoin(target, onclause) end

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

--- Options of `compile`.
---@class lualchemy.CompileOptions
---@field dialect? any  a Dialect, an engine or a name (default: the plain dialect, which `tostring` shows)
---@field bind? lualchemy.Engine|lualchemy.Connection  whose dialect it is
---@field literal_binds? boolean  values in the text in place of parameters (default false): to be read, not to be run with what users send
---@field render_postcompile? boolean  the parameters of IN lists are written out (default false)
---@field schema_translate_map? table<string, string>  schemas by the names that the statement has for them
---@field column_keys? string[]  of an INSERT or UPDATE: the columns that will have parameters
---@field compile_kwargs? table  `literal_binds` and `render_postcompile` as SQLAlchemy takes them, and what functions of `compiles` read
local CompileOptions = {}

--- The text and the parameters for one dialect.
---
---     u.age:gt(18):compile{dialect = "sqlite"}  --> users.age > ?
---     u.age:gt(18):compile{literal_binds = true}  --> users.age > 18
---@param options lualchemy.CompileOptions|lualchemy.Engine|lualchemy.Dialect?  an engine or a dialect may stand for its options
---@return lualchemy.Compiled
---@raise CompileError for what the dialect cannot say, or for a value that has no literal
function ColumnElement:compile(options) end
