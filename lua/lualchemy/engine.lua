-- SPDX-License-Identifier: MIT
-- Engines and connections: which options there are, the forms of begin(), and what C asks Lua for.
--
-- What is done for every statement is in C; what is done once for an engine or a transaction is here.
local core = require "lualchemy.core"
local event = require "lualchemy.event"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local pool = require "lualchemy.pool"
local strict = require "lualchemy.strict"
local url_module = require "lualchemy.engine.url"
require "lualchemy.values" -- how lists are shown

local logging = require "lualchemy.engine._logging"
local option = require "lualchemy.engine._options"

local engine = {}
local fail, check_execution = option.fail, option.check_execution

-- ---------------------------------------------------------------------------------------------
-- Engines

---@class lualchemy.Engine
---@field url lualchemy.URL
---@field pool lualchemy.Pool
---@field dialect table
---@field name string
---@field driver string
---@field echo boolean|function
local Engine = {}

-- The dialect of an engine: its name, and what types of Lua's making may ask for.
local function new_dialect(name, options)
  local ok, module = pcall(require, "lualchemy.dialects." .. name)
  local dialect = ok and rawget(module, "dialect") and module.dialect() or {name = name}
  local driver = url_module.make_url(name .. "://"):get_driver_name()
  for key, value in pairs {driver = driver, paramstyle = "qmark", json_serializer = options.json_serializer or false,
    json_deserializer = options.json_deserializer or false, max_identifier_length = options.max_identifier_length or 9999} do
    if rawget(dialect, key) == nil or key == "max_identifier_length" or value and key:find("^json") then rawset(dialect, key, value or nil) end
  end
  return dialect
end

local function check_function(options, name)
  return option.check_kind(options, name, "function", "a function")
end

-- What the core knows of the options of an engine's connections.
local function tell_options(self)
  local options = core.engine_settings(self)._execution_options or {}
  core.connection_schemas(self, option.translation(options.schema_translate_map), next(options) ~= nil)
end

local function open(url, options, low)
  local settings = {
    url = url,
    name = url:get_backend_name(),
    driver = url:get_driver_name(),
    hide_parameters = options.hide_parameters or false,
    logging_name = options.logging_name,
    echo = logging.check_echo(options.echo),
    dialect = new_dialect(url:get_backend_name(), options),
    _echo_pool = logging.check_echo_pool(options.echo_pool),
    _reset_on_return = low.pool_reset_on_return or "rollback",
    _pool_logging_name = option.check_kind(options, "pool_logging_name", "string", "a string"),
    _loads_extensions = option.check_kind(options, "enable_load_extension", "boolean", "true or false") or false,
  }
  if options.execution_options or options.isolation_level then
    settings._execution_options = {isolation_level = options.isolation_level and options.isolation_level:upper()}
    for name, value in pairs(check_execution("create_engine: execution_options", options.execution_options)) do
      settings._execution_options[name] = value
    end
  end
  local self = core.engine_open(url:render_as_string(false), low, settings)
  settings.pool = pool.__of(self)
  tell_options(self)
  option.check_pool_options(options, (core.engine_pool(self)))
  if settings._echo_pool then logging.listen_to_pool(self, settings) end
  return self
end

--- Makes an engine. No connection is opened before the first is needed. As SQLAlchemy's `create_engine`.
---
---     local engine = la.create_engine("sqlite:///app.db", {echo = true, pool_size = 2})
---
---@param url string|lualchemy.URL
---@param options lualchemy.EngineOptions?
---@return lualchemy.Engine
---@raise ArgumentError for a URL that is none, an unknown option or value; NoSuchModuleError for an unknown dialect
function engine.create_engine(url, options)
  options = keywords.check("create_engine", options, option.known)
  check_function(options, "json_serializer")
  check_function(options, "json_deserializer")
  return open(url_module.make_url(url), options, option.read(options))
end

--- An engine on the host's own connection, a light userdata: lualchemy_pushengine.
---@private
function engine.__host_engine(handle)
  return open(url_module.make_url("sqlite://"), {}, {host_handle = handle})
end

local config_numbers = keywords.set {"pool_size", "max_overflow", "pool_timeout", "pool_recycle", "query_cache_size",
  "busy_timeout", "label_length", "max_identifier_length"}
local config_booleans = keywords.set {"echo", "echo_pool", "foreign_keys", "pool_pre_ping", "pool_use_lifo",
  "hide_parameters", "future", "enable_from_linting", "enable_load_extension"}
local truth = {["true"] = true, yes = true, on = true, ["1"] = true, ["false"] = false, no = false, off = false, ["0"] = false}

local function coerce(name, value)
  if type(value) ~= "string" then return value end
  if config_numbers[name] then
    return tonumber(value) or fail("engine_from_config: %s is a number, not %q", name, value)
  end
  if config_booleans[name] then
    local flag = truth[value:lower()]
    if flag == nil then fail("engine_from_config: %s is true or false, not %q", name, value) end
    return flag
  end
  return value
end

--- An engine of a table of settings whose names begin with `prefix` ("sqlalchemy."); texts are converted. The prefix may
--- also be one of the options.
---
---     la.engine_from_config({["sqlalchemy.url"] = "sqlite:///app.db", ["sqlalchemy.pool_size"] = "2"})
---@param configuration table<string, any>
---@param prefix string?  (default "sqlalchemy.")
---@param options table?  of `create_engine`, ahead of those in the table
---@return lualchemy.Engine
function engine.engine_from_config(configuration, prefix, options)
  keywords.expect("engine_from_config", "a table of settings", configuration, "table")
  if type(prefix) == "table" then prefix, options = prefix.prefix, prefix end
  prefix = prefix or "sqlalchemy."
  keywords.expect("engine_from_config", "a prefix", prefix, "string")
  local given, url = {}, nil
  for key, value in pairs(configuration) do
    if type(key) == "string" and key:sub(1, #prefix) == prefix then
      local name = key:sub(#prefix + 1)
      if name == "url" then url = value else given[name] = coerce(name, value) end
    end
  end
  for name, value in pairs(options or {}) do
    if name ~= "prefix" then given[name] = value end
  end
  if url == nil then fail("engine_from_config: there is no %surl", prefix) end
  return engine.create_engine(url, given)
end

local guard_meta = {__close = function(guard)
  if not guard.connection.closed then core.connection_guard(guard.connection, guard.previous) end
end}

local function check_body(name, fn)
  if type(fn) ~= "function" then fail("%s takes a function, not a %s", name, type(fn)) end
end

---@class lualchemy.MockConnection
---@field dialect table
---@field name string
local Mock = {}
Mock.__index = Mock
Mock.__name = "lualchemy.MockConnection"

--- Gives the SQL text to the executor.
---@param sql string
function Mock:exec_driver_sql(sql, ...)
  return self.executor(sql, ...)
end

--- Gives the statement to the executor.
---@param statement any
function Mock:execute(statement, ...)
  return self.executor(statement, ...)
end

--- Itself: a mock engine is its own connection.
function Mock:connect()
  return self
end

--- What serves as an engine for DDL without a database: `executor` gets each statement, as text.
---
---     local mock = la.create_mock_engine("sqlite://", print)
---     metadata:create_all(mock, {checkfirst = false})
---
---@param url string|lualchemy.URL
---@param executor fun(sql: any, ...): any
---@return lualchemy.MockConnection
function engine.create_mock_engine(url, executor)
  url = url_module.make_url(url)
  check_body("create_mock_engine", executor)
  return setmetatable({dialect = new_dialect(url:get_backend_name(), {}), name = url:get_backend_name(), url = url,
    executor = executor}, Mock)
end

-- Calls `fn` with the connection while `scope` is open; leaving closes it, as `<close>` does. Meanwhile the
-- connection works in `transaction` alone: when that is over, nothing more is executed.
local function within(scope, fn, connection, transaction)
  local _ <close> = scope
  local guard <close> = setmetatable({connection = connection,
    previous = core.connection_guard(connection, transaction)}, guard_meta)
  return fn(guard.connection)
end

-- Settings that a connection gets from the options of its engine.
local function settle(connection)
  local options = core.connection_options(connection)
  if options and options.isolation_level then engine.__set_isolation_level(connection, options.isolation_level) end
  return connection
end
core.hook("settle_connection", settle)

-- Connection → where it was taken, for engines with echo_pool.
local places = setmetatable({}, {__mode = "k"})

-- Where the connections of the engine's pool that are still open were taken.
local function open_places(self)
  local list = {}
  for connection, place in pairs(places) do
    if not connection.closed and connection.engine.pool == self.pool then list[#list + 1] = place end
  end
  table.sort(list)
  return table.concat(list, ", ")
end

-- A connection; with echo_pool its place is remembered, and told when the pool has no more.
local function take(self, ...)
  if not core.engine_settings(self)._echo_pool then return core.engine_connect(self, ...) end
  local ok, taken = pcall(core.engine_connect, self, ...)
  if ok then
    places[taken] = core.where() or "?"
    return taken
  end
  if exc.TimeoutError:matches(taken) then taken:add_detail("connections were taken at: " .. open_places(self)) end
  error(taken, 0)
end

-- What `fn` makes of a connection that the program has not got yet: if it fails, the connection goes back.
local function before_lending(connection, fn)
  local ok, result = pcall(fn, connection)
  if ok then return result end
  pcall(connection.close, connection)
  error(result, 0)
end

--- A connection out of the pool. `<close>` gives it back; what is not committed is rolled back.
---@return lualchemy.Connection
function Engine:connect()
  return before_lending(take(self), settle)
end

--- A connection with a transaction that is committed when the block is left without an error.
---
---     local conn <close> = engine:begin()
---     engine:begin(function(conn) conn:execute(stmt) end)
---
---@param fn? fun(conn: lualchemy.Connection): ...
---@return any
function Engine:begin(fn)
  if fn ~= nil then check_body("engine:begin", fn) end
  local connection = before_lending(take(self, nil, true), settle)
  local transaction = before_lending(connection, core.connection_begin)
  if fn == nil then return connection end
  return within(connection, fn, connection, transaction)
end

local function copy_settings(self, options)
  local settings = {}
  for name, value in pairs(core.engine_settings(self)) do
    settings[name] = value
  end
  settings._execution_options = {}
  for _, from in ipairs {core.engine_settings(self)._execution_options or {}, options} do
    for name, value in pairs(from) do
      settings._execution_options[name] = value
    end
  end
  return settings
end

--- Another Engine object on the same pool, whose connections have these options.
---@param options table
---@return lualchemy.Engine
function Engine:execution_options(options)
  options = check_execution("execution_options", options)
  local other = core.engine_share(self, copy_settings(self, options))
  tell_options(other)
  engine.__inherit(other, self)
  event.__fire("set_engine_execution_options", other, other, options)
  return other
end

--- Changes the options of this engine's connections from now on.
---@param options table
function Engine:update_execution_options(options)
  options = check_execution("update_execution_options", options)
  core.engine_settings(self)._execution_options = copy_settings(self, options)._execution_options
  tell_options(self)
  event.__fire("set_engine_execution_options", self, self, options)
end

--- The options that connections get.
---@return table
function Engine:get_execution_options()
  return copy_settings(self, {})._execution_options
end

--- A connection of the pool without a transaction of its own: what is executed is committed at once.
---@return lualchemy.Connection
function Engine:raw_connection()
  return core.engine_connect(self, "AUTOCOMMIT")
end

core.extend("lualchemy.Engine", Engine)
require "lualchemy.engine._functions"
require "lualchemy.engine._context"

core.hook("engine_field", function(_, name, methods)
  if strict.is_probe(name) or name == "logging_name" then return nil end
  strict.unknown("Engine", name, methods, keywords.set {"url", "pool", "dialect", "name", "driver", "echo"})
end)

core.hook("engine_assign", function(self, name, value)
  if name ~= "echo" then
    fail("an Engine's field \"%s\" cannot be set; echo can", tostring(name))
  end
  local settings = core.engine_settings(self)
  settings.echo = logging.check_echo(value)
  core.engine_echo(self, settings.echo)
end)

-- ---------------------------------------------------------------------------------------------
-- Connections

---@class lualchemy.Connection
---@field engine lualchemy.Engine
---@field dialect table
---@field closed boolean
---@field invalidated boolean
---@field info table
---@field connection lualchemy.RawConnection
local Connection = {}

--- Begins a transaction; an open one is an error. The function form commits after the function, or rolls back.
---@param fn? fun(conn: lualchemy.Connection): ...
---@return lualchemy.Transaction|any
function Connection:begin(fn)
  if fn ~= nil then check_body("connection:begin", fn) end
  local transaction = core.connection_begin(self)
  if fn == nil then return transaction end
  return within(transaction, fn, self, transaction)
end

--- Begins a savepoint; the function form releases it after the function, or rolls back to it.
---@param fn? fun(conn: lualchemy.Connection): ...
---@return lualchemy.Transaction|any
function Connection:begin_nested(fn)
  if fn ~= nil then check_body("connection:begin_nested", fn) end
  local transaction = core.connection_begin_nested(self)
  if fn == nil then return transaction end
  return within(transaction, fn, self, transaction)
end

--- Sets an isolation level: "SERIALIZABLE", "READ UNCOMMITTED" or "AUTOCOMMIT".
---@private
function engine.__set_isolation_level(connection, level)
  local upper = type(level) == "string" and level:upper():gsub("_", " ") or level
  if not option.isolation_levels[upper] then
    error(exc.ArgumentError(("Invalid value '%s' for isolation_level. Valid isolation levels for 'sqlite' are "
      .. "READ UNCOMMITTED, SERIALIZABLE, AUTOCOMMIT"):format(tostring(level))), 0)
  end
  core.connection_begin_mode(connection, upper == "AUTOCOMMIT" and "AUTOCOMMIT" or nil)
  if upper ~= "AUTOCOMMIT" then
    if core.connection_begin_mode(connection) == "AUTOCOMMIT" then core.connection_begin_mode(connection, "DEFERRED") end
    core.connection_read_uncommitted(connection, upper == "READ UNCOMMITTED")
  end
end

--- Sets options for what this connection executes from now on, and gives the connection. With
--- `schema_translate_map = {[from] = to}` tables of the schema `from` are named in the schema `to`, in statements and in
--- DDL; `la.null` stands for no schema.
---@param options table
---@return lualchemy.Connection
function Connection:execution_options(options)
  options = check_execution("execution_options", options)
  event.__fire("set_connection_execution_options", self, self, options)
  local all = {}
  for _, from in ipairs {core.connection_options(self) or {}, options} do
    for name, value in pairs(from) do
      all[name] = value
    end
  end
  if options.isolation_level ~= nil then engine.__set_isolation_level(self, options.isolation_level) end
  core.connection_schemas(self, option.translation(all.schema_translate_map))
  core.connection_options(self, all)
  return self
end

--- Closes the connection of the database for good; the next statement takes another one out of the pool. With `soft` it serves on until it
--- is given back, and is closed then.
---@param exception any
---@param options {soft: boolean?}?
function Connection:invalidate(exception, options)
  if options == nil and keywords.is_table(exception) then exception, options = nil, exception end
  local soft = keywords.check("invalidate", options, keywords.set {"soft"}).soft
  core[soft and "connection_invalidate_later" or "connection_invalidate"](self, exception)
end

--- Takes the connection of the database out of the pool: it is closed when this is closed.
function Connection:detach()
  core.connection_detach(self)
end

--- The options in force.
---@return table
function Connection:get_execution_options()
  local all = {}
  for name, value in pairs(core.connection_options(self) or {}) do
    all[name] = value
  end
  return all
end

--- The isolation level in force.
---@return string
function Connection:get_isolation_level()
  if core.connection_begin_mode(self) == "AUTOCOMMIT" then return "AUTOCOMMIT" end
  return core.connection_read_uncommitted(self) and "READ UNCOMMITTED" or "SERIALIZABLE"
end

core.extend("lualchemy.Connection", Connection)
require "lualchemy.engine._copy"

--- One connection of the database, as long as a Connection uses it.
---@class lualchemy.RawConnection
---@field is_valid boolean  in use, and not given up
---@field is_detached boolean  no longer the pool's
---@field info table  lives as long as this connection
---@field record_info table?  nil once it is detached
local RawConnection = {}
RawConnection.__name = "lualchemy.RawConnection"
RawConnection.__mode = "v" -- the Connection that uses it now: it lives as long as the pool

--- Executes SQL text outside of the connection's transaction; gives its rows as a list.
---@param sql string
---@return table[]
function RawConnection:execute(sql)
  if not self[1] then error(exc.ResourceClosedError("the database connection is closed"), 0) end
  return core.connection_raw_execute(self[1], sql)
end

--- Gives the connection up: closed at once, or with `soft` when it is given back.
---@param exception any
---@param options {soft: boolean?}?
function RawConnection:invalidate(exception, options)
  self[1]:invalidate(exception, options)
end

--- Takes the connection out of the pool: it is closed when it is given back.
function RawConnection:detach()
  self[1]:detach()
end

--- Gives it back to the pool.
function RawConnection:close()
  if self[1] then self[1]:close() end
end

-- Raw connection → its record.
local records_of = setmetatable({}, {__mode = "k"})

local function in_use(self)
  local connection = self[1]
  return connection ~= nil and not connection.closed and not connection.invalidated
end

local raw_fields = {
  is_valid = in_use,
  is_detached = function(self) return in_use(self) and core.connection_is_detached(self[1]) end,
  info = function(self) return records_of[self].info end,
  record_info = function(self)
    if not in_use(self) or core.connection_is_detached(self[1]) then return nil end
    return records_of[self].record_info
  end,
  dbapi_connection = function(self) return self end,
  driver_connection = function(self) return self end,
}

function RawConnection:__index(name)
  if raw_fields[name] then return raw_fields[name](self) end
  if RawConnection[name] ~= nil or strict.is_probe(name) or type(name) ~= "string" then return RawConnection[name] end
  strict.unknown("RawConnection", name, raw_fields, RawConnection)
end

--- What the pool knows of one connection of the database: `info` lives as long as that connection, whoever uses it.
---@class lualchemy.ConnectionRecord
---@field info table
---@field record_info table
---@field dbapi_connection lualchemy.RawConnection
---@field driver_connection lualchemy.RawConnection
---@field in_use boolean
local ConnectionRecord = {}
function ConnectionRecord:__index(name)
  if name == "in_use" then return in_use(self.dbapi_connection) end
  return ConnectionRecord[name]
end
ConnectionRecord.__name = "lualchemy.ConnectionRecord"

--- As of the connection.
---@param exception any
---@param options {soft: boolean?}?
function ConnectionRecord:invalidate(exception, options)
  self.dbapi_connection:invalidate(exception, options)
end

-- The record of the raw connection with that serial; engines made by execution_options share the pool, so the pool object keeps it.
local function record_of(self, serial)
  local records = pool.__records(core.engine_settings(self).pool)
  local record = records[serial]
  if not record then
    local raw = setmetatable({}, RawConnection)
    record = setmetatable({info = {}, record_info = {}, dbapi_connection = raw, driver_connection = raw}, ConnectionRecord)
    records[serial], records_of[raw] = record, record
  end
  return record
end

core.hook("pool_record", function(self, connection, serial)
  local record = record_of(self, serial)
  if connection ~= serial then record.dbapi_connection[1] = connection end
  return record.dbapi_connection, record
end)

core.hook("pool_forget", function(self, serial)
  pool.__records(core.engine_settings(self).pool)[serial] = nil
end)

local function raw_connection(connection)
  local raw = record_of(connection.engine, core.connection_serial(connection)).dbapi_connection
  raw[1] = connection
  return raw
end

core.hook("connection_field", function(connection, name, methods)
  if name == "dialect" then return connection.engine.dialect end
  if name == "connection" then return raw_connection(connection) end
  if raw_fields[name] and name ~= "info" then return raw_connection(connection)[name] end
  if name == "default_isolation_level" then return "SERIALIZABLE" end
  if name == "info" then return record_of(connection.engine, core.connection_serial(connection)).info end
  if strict.is_probe(name) then return nil end
  strict.unknown("Connection", name, methods, keywords.set {"engine", "closed", "dialect", "info", "connection"})
end)

local options_known = keywords.set {"execution_options", "bind_arguments"}

core.hook("schema_translation", option.translation)

core.hook("check_execute_options", function(options)
  keywords.check("execute", options, options_known)
  if options.execution_options ~= nil then
    check_execution("execution_options", options.execution_options)
  end
end)

-- ---------------------------------------------------------------------------------------------
-- What C asks for

-- `values` with la.null for NULL; `names` for a mapping.
core.hook("describe_row", function(values, names)
  local describe = require("lualchemy.describe")
  local texts = {}
  for i, value in ipairs(values) do
    local text = describe.value(value)
    texts[i] = names and ("%s = %s"):format(names[i], text) or text
  end
  local text = table.concat(texts, ", ")
  if names then return "{" .. text .. "}" end
  return "(" .. text .. ")"
end)

---@class lualchemy.FrozenResult
---@field data lualchemy.Row[]  the rows
local FrozenResult = {}
FrozenResult.__index = FrozenResult
FrozenResult.__name = "lualchemy.FrozenResult"

--- A new Result of the rows.
function FrozenResult:__call()
  return self._thaw(self.data)
end

--- The same with other rows: sequences of values for the same columns.
---@param rows any[][]
---@return lualchemy.FrozenResult
function FrozenResult:with_new_rows(rows)
  keywords.expect("with_new_rows", "a list of rows", rows, "table")
  for i, row in ipairs(rows) do
    if type(row) ~= "table" and core.class_of(row) ~= "lualchemy.Row" or #row ~= self._width then
      fail("with_new_rows: row %d is to have %d values; it is %s", i, self._width, require("lualchemy.describe").value(row))
    end
  end
  return setmetatable({data = rows, _thaw = self._thaw, _width = self._width}, FrozenResult)
end

function FrozenResult:__tostring()
  return ("FrozenResult(%d rows)"):format(#self.data)
end

core.hook("frozen_result", function(rows, thaw, keys)
  return setmetatable({data = rows, _thaw = thaw, _width = #keys}, FrozenResult)
end)

core.hook("unknown_result_member", function(name, methods)
  strict.unknown("Result", name, methods, keywords.set {"rowcount", "lastrowid", "returns_rows", "closed",
    "inserted_primary_key", "inserted_primary_key_rows", "is_insert"})
end)

-- ---------------------------------------------------------------------------------------------
-- Events reach an engine's listeners and those of all engines.

local sources = setmetatable({}, {__mode = "k"}) -- an Engine object made by execution_options → what it was made from

local function chain_of(self)
  local chain = {}
  while self do
    chain[#chain + 1] = self
    chain[#chain + 1] = core.class_of(self) == "lualchemy.Engine" and core.engine_settings(self).pool or nil
    self = sources[self]
  end
  chain[#chain + 1] = engine.Engine
  chain[#chain + 1] = pool
  return chain
end

local function accepts(target)
  if target == engine.Engine or target == pool or pool.__engine_of(target) then return target end
  local class = type(target) == "userdata" and core.class_of(target)
  if class == "lualchemy.Engine" or class == "lualchemy.Connection" then return target end
end

local function chain(target)
  if core.class_of(target) == "lualchemy.Connection" then
    local all = chain_of(target.engine)
    table.insert(all, 1, target)
    return all
  end
  return chain_of(target)
end

local function listened(target)
  if core.class_of(target) == "lualchemy.Connection" then core.connection_listened(target) end
end

for _, family in ipairs {"POOL", "CONNECTION", "DIALECT"} do
  event.__family(family, {accepts = accepts, chain = chain, listened = listened})
end

--- Listeners of `source` hear of `other` too.
---@private
function engine.__inherit(other, source)
  sources[other] = source
end

--- Stands for all engines as the target of events.
engine.Engine = setmetatable({}, {__name = "lualchemy.EngineClass", __tostring = function() return "Engine" end})

engine.URL = url_module.URL
engine.make_url = url_module.make_url

return strict.module("lualchemy.engine", engine)
