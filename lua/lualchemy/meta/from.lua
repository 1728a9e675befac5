---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of what a SELECT reads from, and of the schema's parts.

--- What a SELECT reads from: a table, an alias, a join, a subquery, a CTE.
--- An unknown field is an error that names the nearest one.
---@class lualchemy.FromClause
---@field c lualchemy.ColumnCollection  its columns by name and position; `c[{"id", "name"}]`: a collection of these
---@field element lualchemy.FromClause?  what an alias, subquery or CTE stands for
---@field primary_key lualchemy.ColumnElement[]  those of its columns that are primary keys of tables
---@field foreign_keys table[]  the foreign keys of its columns
local FromClause = {}

--- The same under another name.
---
---     local boss = employees:alias "boss"
---     la.select(employees.c.name, boss.c.name):join(boss, employees.c.boss_id:eq(boss.c.id))
---@param name? string  (default: users_1 and so on)
---@return lualchemy.FromClause
function FromClause:alias(name) end

--- A subquery that may refer to what stands before it.
---@param name? string
---@return lualchemy.FromClause
function FromClause:lateral(name) end

--- `a JOIN b ON …`, for `select_from`; ON is found through foreign keys if it is not given.
---
---     la.select(users.c.name, orders.c.total):select_from(users:join(orders))
---@param target any  a table, alias, subquery or join
---@param onclause? any  a condition
---@param options {onclause: any, isouter: boolean?, full: boolean?}?  `isouter`: LEFT OUTER JOIN, `full`: FULL OUTER JOIN (default false)
---@return lualchemy.FromClause
---@raise NoForeignKeysError, AmbiguousForeignKeysError if ON is not given and there is no way to join, or several
function FromClause:join(target, onclause, options) end

--- `a LEFT OUTER JOIN b ON …`, as `join`.
---@param target any
---@param onclause? any
---@param options {onclause: any, full: boolean?}?  `full`: FULL OUTER JOIN (default false)
---@return lualchemy.FromClause
function FromClause:outerjoin(target, onclause, options) end

--- A select of all its columns.
---@return lualchemy.Select
function FromClause:select() end

--- The column of this FROM element that is `column`, or comes from it through subqueries and aliases; nil if there is
--- none.
---
---     local recent = la.select(orders.c.user_id:label "who"):subquery()
---     recent:corresponding_column(orders.c.user_id)   -- recent.c.who
---
---@param column any
---@return lualchemy.ColumnElement?
function FromClause:corresponding_column(column) end

--- Whether this FROM element is `other`, or an alias, a join or a subquery made of it.
---@param other any
---@return boolean
function FromClause:is_derived_from(other) end

--- An INSERT into the table.
---@return lualchemy.Insert
function FromClause:insert() end

--- An UPDATE of the table.
---@return lualchemy.Update
function FromClause:update() end

--- A DELETE from the table.
---@return lualchemy.Delete
function FromClause:delete() end

--- A sample of the table: `tablesample(func.bernoulli(5), "name", {seed = func.random()})`; a number is the percentage
--- of `system()`. SQLite has no TABLESAMPLE.
---@param sampling any
---@param name? string
---@param options {name: string?, seed: any}?
---@return lualchemy.FromClause
function FromClause:tablesample(sampling, name, options) end

--- The table itself as one value, for functions that take rows: `func.row_to_json(users:table_valued())`.
---@return lualchemy.ColumnElement
function FromClause:table_valued() end

--- A table-valued function whose columns' names, and types `with_types`, stand behind its own: `AS t(a, b)`.
---@param options {name: string?, with_types: boolean?}?
---@return lualchemy.FromClause
function FromClause:render_derived(options) end

--- A CTE with words before its parentheses: `cte:prefix_with("MATERIALIZED")`.
---@param ... string|lualchemy.TextClause
---@return lualchemy.FromClause
function FromClause:prefix_with(...) end

--- A CTE with words behind its parentheses.
---@param ... string|lualchemy.TextClause
---@return lualchemy.FromClause
function FromClause:suffix_with(...) end

--- VALUES as a CTE.
---@param name? string
---@param options? table
---@return lualchemy.FromClause
function FromClause:cte(name, options) end

--- The rows of VALUES as a value: `(VALUES (1, 2))`.
---@return lualchemy.ColumnElement
function FromClause:scalar_values() end

--- The CTE with more selects: the recursive part.
---@param ... any
---@return lualchemy.FromClause
function FromClause:union(...) end

--- The CTE with more selects, duplicates kept.
---@param ... any
---@return lualchemy.FromClause
function FromClause:union_all(...) end

--- A VALUES element with these rows.
---@param rows table
---@return lualchemy.FromClause
function FromClause:data(rows) end

--- The text and the parameters for one dialect.
---@param options lualchemy.CompileOptions|lualchemy.Engine|lualchemy.Dialect?
---@return lualchemy.Compiled
function FromClause:compile(options) end

--- A table of a MetaData.
---@class lualchemy.Table : lualchemy.FromClause
---@field name string
---@field columns lualchemy.ColumnCollection
---@field primary_key lualchemy.Constraint
---@field metadata lualchemy.MetaData
local Table = {}

--- A column of a table.
---@class lualchemy.Column : lualchemy.ColumnElement
---@field name string
---@field key string
---@field type lualchemy.Type
---@field table lualchemy.Table
local Column = {}

--- The columns of a FROM element: `c.name`, `c[1]`, `#c`, `ipairs(c)`.
---@class lualchemy.ColumnCollection
local ColumnCollection = {}

--- The keys, in order.
---@return string[]
function ColumnCollection:keys() end

--- The columns, in order.
---@return lualchemy.ColumnElement[]
function ColumnCollection:values() end

--- Is there a column of this key? ArgumentError for what is no string.
---@param name string
---@return boolean
function ColumnCollection:contains(name) end

--- Is this very column among them? ArgumentError for what is no column.
---
---     users.c:contains_column(users.c.name)                    --> true
---     users:alias().c:contains_column(users.c.name)            --> false
---@param column lualchemy.ColumnElement
---@return boolean
function ColumnCollection:contains_column(column) end

--- The column of this key, or nil: an unknown field raises instead.
---@param name string
---@return lualchemy.ColumnElement?
function ColumnCollection:get(name) end

--- A constraint of a table.
---@class lualchemy.Constraint
local Constraint = {}

--- An index of a table.
---@class lualchemy.Index
local Index = {}

--- The SQL type of a column or expression.
---@class lualchemy.Type
local Type = {}

--- A catalogue of tables.
---@class lualchemy.MetaData
local MetaData = {}

--- SQL as text, with `:name` parameters.
---@class lualchemy.TextClause : lualchemy.ColumnElement
local TextClause = {}

--- A statement as text for one dialect.
---@class lualchemy.Compiled
---@field string string  the text
---@field params table<string, any>  the parameters by name
---@field positiontup string[]  the names of the parameters in the order of the placeholders
---@field statement any
---@field dialect lualchemy.Dialect
local Compiled = {}

--- The parameters by name, with `values` in the place of their own.
---
---     la.select(users):where(users.c.id:eq(la.bindparam "id")):compile(engine):construct_params{id = 5}
---@param values table<string, any>?
---@return table<string, any>
function Compiled:construct_params(values) end

--- What is particular about a database.
---@class lualchemy.Dialect
local Dialect = {}

--- `la.func.name(…)` is a call of the SQL function `name`.
---@class lualchemy.func
local func = {}
