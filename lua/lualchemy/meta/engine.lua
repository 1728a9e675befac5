---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of engines, connections and transactions.

--- Options of create_engine. What a pool of another class does not have (its size, say) is refused.
---@class lualchemy.EngineOptions
---@field echo? boolean|"debug"|fun(statement: string, params: any[]?, seconds: number?) true writes what is sent to the standard error, "debug"
--- rows as well; a function is called instead (default false)
---@field echo_pool? boolean|"debug" writes what becomes of the pool's connections: true what is out of the ordinary, "debug" all (default false)
---@field logging_name? string stands behind the logger's name in what echo writes
---@field pool_logging_name? string the same for echo_pool
---@field hide_parameters? boolean keeps values out of the log and of errors (default false)
---@field isolation_level? "SERIALIZABLE"|"READ UNCOMMITTED"|"AUTOCOMMIT" of each connection (default "SERIALIZABLE")
---@field execution_options? table for everything that is executed, as `engine:execution_options` has them
---@field connect_args? {timeout: number?, foreign_keys: boolean?, isolation_level: string?} as Python's driver takes them: `timeout` in seconds,
--- `isolation_level` for begin_mode
---@field foreign_keys? boolean SQLite enforces them (default true)
---@field busy_timeout? number milliseconds that SQLite waits for a lock (default 5000)
---@field journal_mode? string PRAGMA journal_mode of each connection: "wal", "delete" …
---@field begin_mode? "DEFERRED"|"IMMEDIATE"|"EXCLUSIVE" how SQLite begins a transaction (default "DEFERRED")
---@field enable_load_extension? boolean lets `connection:load_extension` work (default false)
---@field poolclass? table a class of `la.pool` (default QueuePool for files, StaticPool in memory)
---@field pool_size? integer connections that are kept (default 5)
---@field max_overflow? integer how many more may be open; -1: any number (default 10)
---@field pool_timeout? number seconds until taking one is given up (default 30)
---@field pool_recycle? number seconds after which a connection is opened anew; -1: never (default -1)
---@field pool_pre_ping? boolean tries each before it is lent (default false)
---@field pool_use_lifo? boolean lends the one used last first (default false)
---@field pool_reset_on_return? "rollback"|"commit"|"none"|boolean what ends an open transaction of a connection that comes back (default "rollback")
---@field query_cache_size? integer compiled statements that are kept (default 500)
---@field enable_from_linting? boolean warns of FROM elements that nothing connects (default true)
---@field label_length? integer names that are made (labels, aliases, parameters) are cut to it, and numbered: `some_long__1`
---@field max_identifier_length? integer the same, as a limit of the dialect's (default 9999)
---@field json_serializer? fun(value: any): string (default: of lua-cjson or dkjson)
---@field json_deserializer? fun(text: string): any
---@field use_insertmanyvalues? boolean accepted: one prepared statement is sent for each row
---@field insertmanyvalues_page_size? integer accepted likewise
---@field future? true accepted
local EngineOptions = {}

--- The source of connections to one database: dialect, driver, pool, and the cache of compiled statements.
---@class lualchemy.Engine
---@field url lualchemy.URL
---@field pool lualchemy.Pool
---@field dialect table
---@field name string      of the dialect: "sqlite"
---@field driver string
---@field echo boolean|fun(statement: string, params: any[]?, seconds: number?)
---@field hide_parameters boolean
local Engine = {}

--- A connection out of the pool. `<close>` gives it back; what is not committed is rolled back.
---@return lualchemy.Connection
function Engine:connect() end

--- A connection with a transaction that is committed when the block, or the function, is left without an error.
---@generic T
---@param fn? fun(conn: lualchemy.Connection): T...
---@return lualchemy.Connection|T...
function Engine:begin(fn) end

--- A connection that commits each statement at once.
---@return lualchemy.Connection
function Engine:raw_connection() end

--- Closes the connections in the pool. The engine can be used again; a database in memory is gone.
function Engine:dispose() end

--- Another Engine object on the same pool, whose connections have these options.
---@param options table
---@return lualchemy.Engine
function Engine:execution_options(options) end

--- Changes the options of this engine's connections from now on.
---@param options table
function Engine:update_execution_options(options) end

--- The options that connections get.
---@return table
function Engine:get_execution_options() end

--- Forgets the compiled statements.
function Engine:clear_compiled_cache() end

--- A function of SQL written in Lua, on every connection of the engine, as `create_function` of Python's sqlite3.
--- It gets the arguments as Lua values, NULL as nil, and gives a value or nil. An error that it raises is raised by
--- whoever executes the statement. It may execute statements, but not end its connection's transaction, close it or
--- yield. nil in its place takes the function away.
---
---     engine:create_function("regexp", 2, function(pattern, text) return text and text:find(pattern) ~= nil end)
---
---@param name string
---@param n_arg integer  how many arguments it takes; -1 for any number
---@param fn (fun(...): any)?
---@param options {deterministic: boolean?}?  deterministic: it may stand in indexes
---@raise ArgumentError for a wrong name, number or function
function Engine:create_function(name, n_arg, fn, options) end

--- An aggregate function: for each group an object is made, whose methods are the table's. `__init(self)` if there is
--- one, then `step(self, ...)` for each row, and `finalize(self)` gives the value.
---
---     engine:create_aggregate("product", 1, {
---       __init = function(self) self.value = 1 end,
---       step = function(self, x) self.value = self.value * x end,
---       finalize = function(self) return self.value end,
---     })
---
---@param name string
---@param n_arg integer
---@param class {step: function, finalize: function, __init: function?}?
function Engine:create_aggregate(name, n_arg, class) end

--- A window function: an aggregate with `value(self)`, the value so far, and `inverse(self, ...)` for a row that
--- leaves the window.
---@param name string
---@param n_arg integer
---@param class {step: function, finalize: function, value: function, inverse: function, __init: function?}?
function Engine:create_window_function(name, n_arg, class) end

--- An order of texts: the function gets two strings and gives a number that is negative, 0 or positive.
---
---     engine:create_collation("by_length", function(a, b) return #a - #b end)
---     la.select(users):order_by(users.c.name:collate("by_length"))
---
---@param name string
---@param fn (fun(a: string, b: string): number)?
function Engine:create_collation(name, fn) end

--- Copies the database into that of `target`, while both are in use: `connection:backup` on a connection of the pool.
---
---     engine:backup(la.create_engine("sqlite:///copy.db"))
---
---@param target lualchemy.Engine|lualchemy.Connection
---@param options {pages: integer?, progress: fun(remaining: integer, total: integer)?, name: string?, target_name: string?}?
function Engine:backup(target, options) end

--- Loads a library of SQLite functions, now and on every connection to come. Only an engine made with
--- `enable_load_extension = true` does that; SQL's own load_extension() stays off.
---
---     engine:load_extension("./vec0", {entrypoint = "sqlite3_vec_init"})
---
---@param path string
---@param options {entrypoint: string?}?
---@raise InvalidRequestError where it is not allowed, OperationalError if the library can't be loaded
function Engine:load_extension(path, options) end

--- What decides when a lock is held by another connection, in place of `busy_timeout`. It gets how often it was asked
--- before for this lock; true tries again, false gives up with an OperationalError "database is locked".
---
--- Hooks (this one and those below) are called in the middle of a statement: they may not use the connection that calls
--- them, nor execute statements of its engine, nor yield. What they raise is raised by whoever executes. Each stands for
--- all connections of the engine; nil takes it away.
---
---     engine:set_busy_handler(function(count) return count < 20 and os.execute("sleep 0.05") end)
---
---@param fn (fun(count: integer): boolean)?
function Engine:set_busy_handler(fn) end

--- What says, while statements are prepared, what they may do. It gets the action by its name in SQLite ("READ",
--- "INSERT", "DROP_TABLE", "PRAGMA", "ATTACH", "FUNCTION" …), two arguments whose meaning goes with it (a table and a
--- column for READ), the database, and the trigger or view that does it. It gives true or "OK", false or "DENY" (the
--- statement fails: "not authorized"), or "IGNORE" (the column reads as NULL, the action is left out); anything else is an
--- error.
---
---     engine:set_authorizer(function(action, table, column)
---       return not (action == "READ" and table == "users" and column == "password")
---     end)
---
---@param fn (fun(action: string, first: string?, second: string?, database: string?, trigger: string?): boolean|string)?
function Engine:set_authorizer(fn) end

--- What is called after every `n` steps of SQLite's machine while a statement runs; true interrupts the statement with an
--- OperationalError "interrupted".
---
---     local deadline = os.time() + 2
---     engine:set_progress_handler(function() return os.time() > deadline end, 10000)
---
---@param fn (fun(): boolean?)?
---@param n integer?
function Engine:set_progress_handler(fn, n) end

--- What is told of each row that is inserted, updated or deleted in a table with rowids: "INSERT", "UPDATE" or "DELETE",
--- the database ("main"), the table, the rowid. Not of rows that go by ON CONFLICT REPLACE or a DELETE of all rows.
---
---     engine:set_update_hook(function(action, _, name, rowid) print(action, name, rowid) end)
---
---@param fn fun(action: string, database: string, name: string, rowid: integer)?
function Engine:set_update_hook(fn) end

--- What is called before each COMMIT that has changed something; true rolls back instead, and the commit fails with an
--- IntegrityError.
---@param fn (fun(): boolean?)?
function Engine:set_commit_hook(fn) end

--- What is called after each rollback of a transaction.
---@param fn fun()?
function Engine:set_rollback_hook(fn) end

--- What statements are executed on. The first one begins a transaction.
---@class lualchemy.Connection
---@field engine lualchemy.Engine
---@field dialect table
---@field closed boolean
---@field invalidated boolean
---@field info table
---@field connection lualchemy.RawConnection
---@field default_isolation_level string
local Connection = {}

--- Copies the database into that of `target`, as `backup` of Python's sqlite3, also one in memory: all of it at once, or `pages` at
--- a time with a call of `progress` after each step. What others write meanwhile goes into the copy too. `name` and
--- `target_name` are databases of the connections: "main", "temp", or what was attached. Nothing else can be asked of the target
--- meanwhile; one that fails leaves the target as it was.
---
---     connection:backup(other, {pages = 100, progress = function(remaining, total) print(total - remaining, total) end})
---
---@param target lualchemy.Engine|lualchemy.Connection
---@param options {pages: integer?, progress: fun(remaining: integer, total: integer)?, name: string?, target_name: string?}?
---@raise InvalidRequestError if the target has a transaction open, OperationalError if a database is locked
function Connection:backup(target, options) end

--- Opens one value of one row to read and write it in parts, without loading all of it. Its size stays: `zeroblob(n)` makes
--- room. The end of the transaction closes it. `name` is the database, if it is not "main".
---
---     local blob <close> = conn:blobopen(files, files.c.content, id)
---     blob:write(header)
---     for chunk in function() return blob:read(65536) end do hash(chunk) end
---
---@param table lualchemy.Table|string
---@param column lualchemy.Column|string
---@param row integer  the rowid: the integer primary key
---@param options {readonly: boolean?, name: string?}?
---@return lualchemy.Blob
---@raise OperationalError if there is no such row, or the column is no BLOB or text
function Connection:blobopen(table, column, row, options) end

--- Executes a statement. `parameters` is a map, or a list of maps to execute it for each, or a function that gives
--- them: it is called for one after the other until it gives nil. It may give the same table again, and no list of all
--- has to be made: some hundred are sent at a time. Sets before one that fails may have been sent.
---
---     local lines = io.lines "names.txt"
---     connection:execute(la.insert(users), function()
---       local line = lines()
---       return line and {name = line}
---     end)
---
---@param statement any
---@param parameters? table|fun(): table?
---@param options? {execution_options: table}
---@return lualchemy.Result
function Connection:execute(statement, parameters, options) end

--- The first column of the first row, or nil.
---@param statement any
---@param parameters? table
---@param options? {execution_options: table}
---@return any
function Connection:scalar(statement, parameters, options) end

--- The first column of each row.
---@param statement any
---@param parameters? table
---@param options? {execution_options: table}
---@return lualchemy.Result
function Connection:scalars(statement, parameters, options) end

--- Sends SQL text as it is. `{1, "a"}` is one row of parameters, `{{1}, {2}}` are many; maps serve for `:names`.
---@param statement string
---@param parameters? table
---@param options? {execution_options: table}
---@return lualchemy.Result
function Connection:exec_driver_sql(statement, parameters, options) end

--- Begins a transaction; an open one is an error. The function form commits after the function, or rolls back.
---@generic T
---@param fn? fun(conn: lualchemy.Connection): T...
---@return lualchemy.Transaction|T...
function Connection:begin(fn) end

--- Begins a savepoint; the function form releases it after the function, or rolls back to it.
---@generic T
---@param fn? fun(conn: lualchemy.Connection): T...
---@return lualchemy.Transaction|T...
function Connection:begin_nested(fn) end

--- Commits the transaction; without one it does nothing.
function Connection:commit() end

--- Rolls the transaction back; without one it does nothing.
function Connection:rollback() end

--- Gives the connection back to the pool, rolling back what is not committed.
function Connection:close() end

--- Closes the connection of the database for good; the next statement takes another out of the pool. `exception` is told to listeners of
--- "invalidate". With `{soft = true}` it serves on until it is given back, and is closed then.
---
---     connection:invalidate{soft = true}
---@param exception any
---@param options {soft: boolean?}?
function Connection:invalidate(exception, options) end

--- Takes the connection of the database out of the pool, which may open another in its place: it is closed when this is closed.
---@raise ResourceClosedError, InvalidRequestError if there is none
function Connection:detach() end

--- Is a transaction open?
---@return boolean
function Connection:in_transaction() end

--- Is a savepoint open?
---@return boolean
function Connection:in_nested_transaction() end

--- The open transaction, or nil.
---@return lualchemy.Transaction?
function Connection:get_transaction() end

--- The innermost open savepoint, or nil.
---@return lualchemy.Transaction?
function Connection:get_nested_transaction() end

--- Sets options for what this connection executes from now on, and gives the connection. With
--- `schema_translate_map = {[from] = to}` tables of the schema `from` are named in the schema `to`, in statements and in
--- DDL; `la.null` stands for no schema.
---@param options table
---@return lualchemy.Connection
function Connection:execution_options(options) end

--- The options in force.
---@return table
function Connection:get_execution_options() end

--- "SERIALIZABLE", "READ UNCOMMITTED" or "AUTOCOMMIT".
---@return string
function Connection:get_isolation_level() end

--- A transaction or a savepoint. As `<close>` it commits when the block is left without an error, else it rolls back.
---@class lualchemy.Transaction
---@field is_active boolean
---@field is_valid boolean
---@field connection lualchemy.Connection
local Transaction = {}

--- Commits, or releases the savepoint.
function Transaction:commit() end

--- Rolls back; again it does nothing.
function Transaction:rollback() end

--- The same as `rollback`.
function Transaction:close() end

--- A value of one row that is read and written in parts, with the methods of Lua's files; `#blob` is its size in bytes.
---@class lualchemy.Blob
---@field closed boolean
local Blob = {}

--- Up to `count` bytes from the position on, or all that is left; nil at the end.
---@param count integer?
---@return string?
---@raise OperationalError if the row has changed since the Blob was opened
function Blob:read(count) end

--- Writes bytes at the position; they must fit.
---@param bytes string
---@return lualchemy.Blob
---@raise DataError if they do not fit
function Blob:write(bytes) end

--- Moves the position to `offset` from the start ("set"), from where it is ("cur", the default) or from the end ("end").
---@param whence ("set"|"cur"|"end")?
---@param offset integer?
---@return integer position
function Blob:seek(whence, offset) end

--- Goes to the same column of another row, at its start.
---@param row integer
---@return lualchemy.Blob
function Blob:reopen(row) end

--- Closes it; `<close>` does, too.
function Blob:close() end
