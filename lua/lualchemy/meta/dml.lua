---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of INSERT, UPDATE and DELETE statements.

--- INSERT of a table or a mapped class. Every method gives a new statement; this one stays as it is. As SQLAlchemy's `Insert`.
---
--- In the examples `users` is a table of `id`, `name` and `age`; behind the arrow stands what `tostring` shows.
---@class lualchemy.Insert
local Insert = {}

--- What to insert: a map by column or name, values in the order of the columns, or a list of such rows for one statement. A value may be an
--- SQL expression. Another call adds to the first, and goes before it. As SQLAlchemy's `values`.
---
---     la.insert(users):values{name = "Ann", age = la.func.abs(-30)}
---     --> INSERT INTO users (name, age) VALUES (:name, abs(:abs_1))
---     la.insert(users):values{{name = "Ann"}, {name = "Bob"}}
---     --> INSERT INTO users (name) VALUES (:name_m0), (:name_m1)
---@param ... any
---@return lualchemy.Insert
---@raise InvalidRequestError for one row and a list of rows in one statement; CompileError for a name that is no column, when it is compiled
function Insert:values(...) end

--- INSERT … SELECT: the rows that a select gives. Columns that have a default in the program get it as well. As SQLAlchemy's `from_select`.
---
---     la.insert(users):from_select({"name"}, la.select(people.c.nick))
---     --> INSERT INTO users (name) SELECT people.nick FROM people
---@param names any[]  columns or their names, in the order of the select's
---@param select any
---@param options? {include_defaults: boolean?}  `include_defaults` (true)
---@return lualchemy.Insert
function Insert:from_select(names, select, options) end

--- Defaults that are SQL are evaluated inside the statement, and no key is fetched. As SQLAlchemy's `inline`.
---@return lualchemy.Insert
function Insert:inline() end

--- What happens where a row with the same key is there, in one form that each dialect writes its own way:
--- with `update` the columns listed take the values of the row that was to be inserted, with `set_` columns take
--- the values given; with neither the row is left out.
---
---     la.insert(users):values{id = 1, name = "Ann"}:on_conflict{index_elements = {"id"}, update = {"name"}}
---     la.insert(users):values{id = 1}:on_conflict()
---
---@param options {index_elements: any[]?, index_where: any, constraint: any, set_: table?, update: any[]?, where: any}?
---@return lualchemy.Insert
function Insert:on_conflict(options) end

--- Fetches what the database makes: `result.returned_defaults` is a row of it, with keys that are not known otherwise. Not with `returning`.
--- As SQLAlchemy's `return_defaults`.
---@param ... lualchemy.ColumnElement  columns; without any, all that the program does not send
---@return lualchemy.Insert
function Insert:return_defaults(...) end

--- ON CONFLICT … DO UPDATE: the row that is there takes these values. The row that was to be inserted is `insert.excluded`. As SQLAlchemy's
--- `on_conflict_do_update`.
---
---     local insert = la.insert(users):values{id = 1, name = "Ann"}
---     insert:on_conflict_do_update{index_elements = {"id"}, set_ = {name = insert.excluded.name}}
---     --> INSERT INTO users (id, name) VALUES (:id, :name) ON CONFLICT (id) DO UPDATE SET name = excluded.name
---@param options {index_elements: any[]?, constraint: any, index_where: any, set_: table, where: any}  `index_elements` or `constraint`: whose conflict; `where`: only
--- rows for which it holds
---@return lualchemy.Insert
---@raise ArgumentError without `set_`
function Insert:on_conflict_do_update(options) end

--- ON CONFLICT … DO NOTHING: the row is left out. As SQLAlchemy's `on_conflict_do_nothing`.
---
---     la.insert(users):values{id = 1}:on_conflict_do_nothing()
---     --> INSERT INTO users (id) VALUES (:id) ON CONFLICT DO NOTHING
---@param options? {index_elements: any[]?, constraint: any, index_where: any}  whose conflict; any if it is left out
---@return lualchemy.Insert
function Insert:on_conflict_do_nothing(options) end

--- Columns of the rows that the statement inserts, or expressions of them, as its result. With many rows of parameters they come in the order of the rows if
--- `{sort_by_parameter_order = true}` says so. As SQLAlchemy's `returning`.
---
---     la.insert(users):values{name = "Ann"}:returning(users.c.id)
---     --> INSERT INTO users (name) VALUES (:name) RETURNING users.id
---@param ... any  columns, tables, attributes, mapped classes, then `{sort_by_parameter_order: boolean?}`
---@return lualchemy.Insert
---@raise CompileError when it is compiled for a database that has no RETURNING
function Insert:returning(...) end

--- Words behind the statement's first one. They are written as they are: nothing of a stranger belongs there. As SQLAlchemy's `prefix_with`.
---
---     la.insert(users):prefix_with "OR IGNORE"
---     --> INSERT OR IGNORE INTO users (id, name, age) VALUES (:id, :name, :age)
---@param ... any  texts, then `{dialect: string?}`: only for this database
---@return lualchemy.Insert
function Insert:prefix_with(...) end

--- Words of the program's own at points of the statement: an object of a `la.SyntaxExtension:class "Name" {…}` whose method
--- `apply_to_insert` puts it there. As SQLAlchemy's `ext`.
---
---     local Top = la.SyntaxExtension:class "Top" {
---       apply_to_insert = function(self, statement)
---         return statement:apply_syntax_extension_point(function(existing)
---           return self:append_replacing_same_type(existing)
---         end, "post_values")
---       end,
---     }
---@param extension any
---@return lualchemy.Insert
---@raise ArgumentError for what has no such method
function Insert:ext(extension) end

--- Puts elements at a point of the statement: `fn` gets the list of those that stand there and gives the new list. As SQLAlchemy's
--- `apply_syntax_extension_point`.
---@param fn fun(existing: any[]): any[]
---@param point string  "post_values"
---@return lualchemy.Insert
function Insert:apply_syntax_extension_point(fn, point) end

--- A hint for the table that is inserted into, or for another FROM element, for databases that take hints; SQLite takes none and leaves them out. As
--- SQLAlchemy's `with_hint`.
---@param text string
---@param entity? any  a FROM element; the statement's own table if it is left out
---@param dialect? string  only for this database
---@return lualchemy.Insert
function Insert:with_hint(text, entity, dialect) end

--- CTEs that the statement does not mention otherwise: they stand in WITH and are run. As SQLAlchemy's `add_cte`.
---
---     local aged = la.select(users.c.id):where(users.c.age:gt(90)):cte "aged"
---     la.insert(log):values{note = "cleared"}:add_cte(aged)
---     --> WITH aged AS (SELECT users.id AS id FROM users WHERE users.age > :age_1) INSERT INTO log (note) VALUES (:note)
---@param ... lualchemy.FromClause  of `cte()`
---@return lualchemy.Insert
function Insert:add_cte(...) end

--- A CTE of what RETURNING gives, for another statement; SQLite runs none with DML inside. As SQLAlchemy's `cte`.
---@param name? string  one is made if it is left out
---@param options? {recursive: boolean?, nesting: boolean?}
---@return lualchemy.FromClause
function Insert:cte(name, options) end

--- Options of the ORM, for a statement of a mapped class:
--- `orm.with_loader_criteria` adds conditions; loader options go with what RETURNING of the class gives.
--- As SQLAlchemy's `options`.
---@param ... any
---@return lualchemy.Insert
---@raise ArgumentError for what is no option
function Insert:options(...) end

--- Options of the execution, kept with the statement; those given to `execute` go before them. As SQLAlchemy's `execution_options`.
---
---     la.insert(User):execution_options{render_nulls = true}
---@param options table  such as `render_nulls` (false), `dml_strategy` ("auto"), `populate_existing` (false)
---@return lualchemy.Insert
function Insert:execution_options(options) end

--- The options that `execution_options` has given.
---@return table
function Insert:get_execution_options() end

--- A copy whose bindparam()s of these names have these values. As SQLAlchemy's `params`.
---@param values table<string, any>
---@return lualchemy.Insert
function Insert:params(values) end

--- Its text and parameters for a database. As SQLAlchemy's `compile`.
---
---     print(la.insert(users):values{name = "Ann"}:compile{dialect = "sqlite", literal_binds = true})
---     --> INSERT INTO users (name) VALUES ('Ann')
---@param options? lualchemy.CompileOptions
---@return lualchemy.Compiled
---@raise CompileError for what the database cannot be asked
function Insert:compile(options) end

--- UPDATE of a table or a mapped class. Every method gives a new statement; this one stays as it is. As SQLAlchemy's `Update`.
---
--- In the examples `users` is a table of `id`, `name` and `age`; behind the arrow stands what `tostring` shows.
---@class lualchemy.Update
local Update = {}

--- What to set, by column or name; written in the order of the table's columns. A value may be an SQL expression, which reads the old row.
--- Another call adds to the first, and goes before it. As SQLAlchemy's `values`.
---
---     la.update(users):where(users.c.id:eq(1)):values{age = users.c.age + 1}
---     --> UPDATE users SET age=(users.age + :age_1) WHERE users.id = :id_1
---@param mapping table
---@return lualchemy.Update
---@raise CompileError for a name that is no column, or a column of another table, when it is compiled
function Update:values(mapping) end

--- What to set, in this order. As SQLAlchemy's `ordered_values`.
---
---     la.update(users):ordered_values({"age", 30}, {"name", "Ann"})
---     --> UPDATE users SET age=:age, name=:name
---@param ... any[]  pairs of a column or name and a value
---@return lualchemy.Update
function Update:ordered_values(...) end

--- Fetches what the database makes: `result.returned_defaults` is a row of it, with keys that are not known otherwise. Not with `returning`.
--- As SQLAlchemy's `return_defaults`.
---@param ... lualchemy.ColumnElement  columns; without any, all that the program does not send
---@return lualchemy.Update
function Update:return_defaults(...) end

--- Adds conditions, joined by AND. Without any, all rows of the table are meant. As SQLAlchemy's `where`.
---
---     la.update(users):where(users.c.age:lt(18), users.c.name:ne "Ann"):values{age = 18}
---     --> UPDATE users SET age=:age WHERE users.age < :age_1 AND users.name != :name_1
---@param ... any  conditions
---@return lualchemy.Update
---@raise ArgumentError for what is no condition: `users.c.age == 18` is a boolean, `users.c.age:eq(18)` is meant
function Update:where(...) end

--- The same as `where`.
---@param ... any  conditions
---@return lualchemy.Update
function Update:filter(...) end

--- Adds equalities by the names of columns or attributes. As SQLAlchemy's `filter_by`.
---
---     la.update(User):filter_by{name = "Ann"}:values{age = 30}
---@param mapping table<string, any>
---@return lualchemy.Update
---@raise InvalidRequestError for a name that the table or class does not have
function Update:filter_by(mapping) end

--- Columns of the rows that the statement updates, or expressions of them, as its result.
--- Of a mapped class they may be the class itself, whose objects then have the new values. As SQLAlchemy's `returning`.
---
---     la.update(users):where(users.c.id:eq(1)):values{age = 30}:returning(users.c.name)
---     --> UPDATE users SET age=:age WHERE users.id = :id_1 RETURNING users.name
---@param ... any  columns, tables, attributes, mapped classes
---@return lualchemy.Update
---@raise CompileError when it is compiled for a database that has no RETURNING
function Update:returning(...) end

--- Words behind the statement's first one. They are written as they are: nothing of a stranger belongs there. As SQLAlchemy's `prefix_with`.
---
---     la.update(users):values{age = 30}:prefix_with "OR IGNORE"
---     --> UPDATE OR IGNORE users SET age=:age
---@param ... any  texts, then `{dialect: string?}`: only for this database
---@return lualchemy.Update
function Update:prefix_with(...) end

--- Words of the program's own at points of the statement: an object of a `la.SyntaxExtension:class "Name" {…}` whose method
--- `apply_to_update` puts it there. As SQLAlchemy's `ext`.
---
---     local Top = la.SyntaxExtension:class "Top" {
---       apply_to_update = function(self, statement)
---         return statement:apply_syntax_extension_point(function(existing)
---           return self:append_replacing_same_type(existing)
---         end, "post_criteria")
---       end,
---     }
---@param extension any
---@return lualchemy.Update
---@raise ArgumentError for what has no such method
function Update:ext(extension) end

--- Puts elements at a point of the statement: `fn` gets the list of those that stand there and gives the new list. As SQLAlchemy's
--- `apply_syntax_extension_point`.
---@param fn fun(existing: any[]): any[]
---@param point string  "post_criteria"
---@return lualchemy.Update
function Update:apply_syntax_extension_point(fn, point) end

--- A hint for the table that is updated, or for another FROM element, for databases that take hints; SQLite takes none and leaves them out. As
--- SQLAlchemy's `with_hint`.
---@param text string
---@param entity? any  a FROM element; the statement's own table if it is left out
---@param dialect? string  only for this database
---@return lualchemy.Update
function Update:with_hint(text, entity, dialect) end

--- CTEs that the statement does not mention otherwise: they stand in WITH and are run. As SQLAlchemy's `add_cte`.
---
---     local aged = la.select(users.c.id):where(users.c.age:gt(90)):cte "aged"
---     la.update(users):values{age = 0}:add_cte(aged)
---     --> WITH aged AS (SELECT users.id AS id FROM users WHERE users.age > :age_1) UPDATE users SET age=:age
---@param ... lualchemy.FromClause  of `cte()`
---@return lualchemy.Update
function Update:add_cte(...) end

--- A CTE of what RETURNING gives, for another statement; SQLite runs none with DML inside. As SQLAlchemy's `cte`.
---@param name? string  one is made if it is left out
---@param options? {recursive: boolean?, nesting: boolean?}
---@return lualchemy.FromClause
function Update:cte(name, options) end

--- Options of the ORM, for a statement of a mapped class:
--- `orm.with_loader_criteria` adds conditions to an UPDATE or DELETE; loader options go with what RETURNING of the class gives.
--- As SQLAlchemy's `options`.
---@param ... any
---@return lualchemy.Update
---@raise ArgumentError for what is no option
function Update:options(...) end

--- Options of the execution, kept with the statement; those given to `execute` go before them. As SQLAlchemy's `execution_options`.
---
---     la.update(User):execution_options{synchronize_session = "fetch"}
---@param options table  such as `synchronize_session` ("auto"): "evaluate", "fetch" or false
---@return lualchemy.Update
function Update:execution_options(options) end

--- The options that `execution_options` has given.
---@return table
function Update:get_execution_options() end

--- A copy whose bindparam()s of these names have these values. As SQLAlchemy's `params`.
---@param values table<string, any>
---@return lualchemy.Update
function Update:params(values) end

--- Its text and parameters for a database. As SQLAlchemy's `compile`.
---
---     print(la.update(users):values{age = 30}:compile{dialect = "sqlite", literal_binds = true})
---     --> UPDATE users SET age=30
---@param options? lualchemy.CompileOptions
---@return lualchemy.Compiled
---@raise CompileError for what the database cannot be asked
function Update:compile(options) end

--- DELETE from a table or a mapped class. Every method gives a new statement; this one stays as it is. As SQLAlchemy's `Delete`.
---
--- In the examples `users` is a table of `id`, `name` and `age`; behind the arrow stands what `tostring` shows.
---@class lualchemy.Delete
local Delete = {}

--- Adds conditions, joined by AND. Without any, all rows of the table are meant. As SQLAlchemy's `where`.
---
---     la.delete(users):where(users.c.age:lt(18), users.c.name:ne "Ann")
---     --> DELETE FROM users WHERE users.age < :age_1 AND users.name != :name_1
---@param ... any  conditions
---@return lualchemy.Delete
---@raise ArgumentError for what is no condition: `users.c.age == 18` is a boolean, `users.c.age:eq(18)` is meant
function Delete:where(...) end

--- The same as `where`.
---@param ... any  conditions
---@return lualchemy.Delete
function Delete:filter(...) end

--- Adds equalities by the names of columns or attributes. As SQLAlchemy's `filter_by`.
---
---     la.delete(User):filter_by{name = "Ann"}
---@param mapping table<string, any>
---@return lualchemy.Delete
---@raise InvalidRequestError for a name that the table or class does not have
function Delete:filter_by(mapping) end

--- Columns of the rows that the statement deletes, or expressions of them, as its result.
--- Of a mapped class they may be the class itself, whose objects are then in state deleted. As SQLAlchemy's `returning`.
---
---     la.delete(users):where(users.c.age:gt(90)):returning(users.c.id)
---     --> DELETE FROM users WHERE users.age > :age_1 RETURNING users.id
---@param ... any  columns, tables, attributes, mapped classes
---@return lualchemy.Delete
---@raise CompileError when it is compiled for a database that has no RETURNING
function Delete:returning(...) end

--- Words behind the statement's first one. They are written as they are: nothing of a stranger belongs there. As SQLAlchemy's `prefix_with`.
---
---     la.delete(users):prefix_with "LOW_PRIORITY"
---     --> DELETE LOW_PRIORITY FROM users
---@param ... any  texts, then `{dialect: string?}`: only for this database
---@return lualchemy.Delete
function Delete:prefix_with(...) end

--- Words of the program's own at points of the statement: an object of a `la.SyntaxExtension:class "Name" {…}` whose method
--- `apply_to_delete` puts it there. As SQLAlchemy's `ext`.
---
---     local Top = la.SyntaxExtension:class "Top" {
---       apply_to_delete = function(self, statement)
---         return statement:apply_syntax_extension_point(function(existing)
---           return self:append_replacing_same_type(existing)
---         end, "post_criteria")
---       end,
---     }
---@param extension any
---@return lualchemy.Delete
---@raise ArgumentError for what has no such method
function Delete:ext(extension) end

--- Puts elements at a point of the statement: `fn` gets the list of those that stand there and gives the new list. As SQLAlchemy's
--- `apply_syntax_extension_point`.
---@param fn fun(existing: any[]): any[]
---@param point string  "post_criteria"
---@return lualchemy.Delete
function Delete:apply_syntax_extension_point(fn, point) end

--- A hint for the table that is deleted from, or for another FROM element, for databases that take hints; SQLite takes none and leaves them out. As
--- SQLAlchemy's `with_hint`.
---@param text string
---@param entity? any  a FROM element; the statement's own table if it is left out
---@param dialect? string  only for this database
---@return lualchemy.Delete
function Delete:with_hint(text, entity, dialect) end

--- CTEs that the statement does not mention otherwise: they stand in WITH and are run. As SQLAlchemy's `add_cte`.
---
---     local aged = la.select(users.c.id):where(users.c.age:gt(90)):cte "aged"
---     la.delete(users):add_cte(aged)
---     --> WITH aged AS (SELECT users.id AS id FROM users WHERE users.age > :age_1) DELETE FROM users
---@param ... lualchemy.FromClause  of `cte()`
---@return lualchemy.Delete
function Delete:add_cte(...) end

--- A CTE of what RETURNING gives, for another statement; SQLite runs none with DML inside. As SQLAlchemy's `cte`.
---@param name? string  one is made if it is left out
---@param options? {recursive: boolean?, nesting: boolean?}
---@return lualchemy.FromClause
function Delete:cte(name, options) end

--- Options of the ORM, for a statement of a mapped class:
--- `orm.with_loader_criteria` adds conditions to an UPDATE or DELETE; loader options go with what RETURNING of the class gives.
--- As SQLAlchemy's `options`.
---@param ... any
---@return lualchemy.Delete
---@raise ArgumentError for what is no option
function Delete:options(...) end

--- Options of the execution, kept with the statement; those given to `execute` go before them. As SQLAlchemy's `execution_options`.
---
---     la.delete(User):execution_options{synchronize_session = "fetch"}
---@param options table  such as `synchronize_session` ("auto"): "evaluate", "fetch" or false
---@return lualchemy.Delete
function Delete:execution_options(options) end

--- The options that `execution_options` has given.
---@return table
function Delete:get_execution_options() end

--- A copy whose bindparam()s of these names have these values. As SQLAlchemy's `params`.
---@param values table<string, any>
---@return lualchemy.Delete
function Delete:params(values) end

--- Its text and parameters for a database. As SQLAlchemy's `compile`.
---
---     print(la.delete(users):where(users.c.id:eq(1)):compile{dialect = "sqlite", literal_binds = true})
---     --> DELETE FROM users WHERE users.id = 1
---@param options? lualchemy.CompileOptions
---@return lualchemy.Compiled
---@raise CompileError for what the database cannot be asked
function Delete:compile(options) end
