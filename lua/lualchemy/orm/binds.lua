-- SPDX-License-Identifier: MIT
-- Which engine of a session a statement goes to, and the identity tokens of objects.
--
-- A session with `binds`, or of a class with a `get_bind` of its own, asks here before each statement (binding/orm_route.c). An identity token
-- is any value; objects carry its number.
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

local M = {}

--- The options of sessions, with those of a class of sessions behind them.
function M.session_keywords(more)
  local set = keywords.set {
    "bind", "binds", "autoflush", "expire_on_commit", "autobegin", "future", "info", "close_resets_only", "twophase",
    "join_transaction_mode", "enable_baked_queries", "query_cls", "execution_options",
  }
  for _, name in ipairs(more) do set[name] = true end
  return set
end

-- ---- identity tokens ----

local numbers, tokens = {}, {}
local MOST_TOKENS = 65535

--- The number that objects carry for a token; 0 stands for none.
function M.number_of(token)
  if token == nil or token == core.null() then return 0 end
  local number = numbers[token]
  if number == nil then
    if #tokens == MOST_TOKENS then
      error(exc.InvalidRequestError(("a program has at most %d identity tokens"):format(MOST_TOKENS)), 0)
    end
    number = #tokens + 1
    tokens[number], numbers[token] = token, number
  end
  return number
end

-- Tokens of objects that have no row yet.
local coming = setmetatable({}, {__mode = "k"})

--- The identity token of an object, or nil.
function M.token_of(object)
  local token = tokens[core.object_token(object)]
  if token == nil then token = coming[object] end
  return token
end

--- Says which token an object gets with its row.
function M.set_token(object, token) coming[object] = token end

core.hook("identity_token", M.number_of)

-- ---- binds ----

local function is_bind(bind)
  local class = core.class_of(bind)
  return class == "lualchemy.Engine" or class == "lualchemy.Connection"
end

local function check_bind(bind, what)
  if is_bind(bind) then return bind end
  error(exc.ArgumentError(("%s must be an Engine or a Connection, not %s"):format(what, describe.value(bind))), 0)
end

local function class_of_key(key)
  local events = require "lualchemy.orm.events"
  if core.is_mapped(key) or events.is_class(key) then return key end
  return (type(key) == "table" or type(key) == "userdata") and events.class_of_mapper(key) or nil
end

--- Enters a mapped class, a base of such, or a table among the binds of a session.
function M.add(session, key, bind)
  local misc = core.session_misc(session)
  local binds = misc._binds or {}
  check_bind(bind, "the bind of " .. describe.value(key))
  local class = class_of_key(key)
  if class then
    binds[class] = bind
    for _, table in ipairs(core.is_mapped(class) and require("lualchemy.inspection").inspect(class).tables or {}) do binds[table] = bind end
  elseif core.class_of(key) == "lualchemy.Table" then
    binds[key] = bind
  else
    error(exc.ArgumentError(("Not an acceptable bind target: %s"):format(describe.value(key))), 0)
  end
  misc._binds = binds
  M.route(session)
end

--- The session asks where each statement goes, from now on.
function M.route(session, sharded)
  core.session_misc(session)._routed = true
  core.session_routes(session, sharded)
end

local function of_class(binds, class)
  while class do
    if binds[class] then return binds[class] end
    class = rawget(class, "__base__")
  end
end

local function of_subjects(binds, clause)
  for _, subject in ipairs(core.statement_subjects(clause)) do
    local bind = binds[subject] or core.is_mapped(subject) and of_class(binds, subject)
    if bind then return bind end
  end
end

local function declared_bind(binds, class, clause)
  if class then
    local bind = of_class(binds, class)
    if bind or clause then return bind or of_subjects(binds, clause) end
    for _, table in ipairs(require("lualchemy.inspection").inspect(class).tables) do
      if binds[table] then return binds[table] end
    end
  elseif clause then
    return of_subjects(binds, clause)
  end
end

local methods = {}

--- Where the session sends a statement, as SQLAlchemy's `Session.get_bind()`: the `bind` that is asked for; else what `binds` has for the class,
--- its bases or its tables, or for those of the statement; else the session's own bind. A class of sessions may have another one
--- (`orm.Session:class`); what it gives is where statements go.
---
---     session:get_bind(User)
---     session:get_bind{clause = la.select(users)}
---@param session lualchemy.Session
---@param mapper table?  a mapped class or a mapper; or the options, with `mapper` among them
---@param options {mapper: table?, clause: any?, bind: any?}?
---@return lualchemy.Engine|lualchemy.Connection
---@raise UnboundExecutionError if there is none
function methods.get_bind(session, mapper, options)
  if options == nil and keywords.is_table(mapper) and not class_of_key(mapper) then options, mapper = mapper, nil end
  if options ~= nil then keywords.expect("session:get_bind", "a table of options", options, "table") end
  options = options or {}
  if options.bind ~= nil then return check_bind(options.bind, "bind") end
  mapper = mapper or options.mapper
  local misc, clause = core.session_misc(session), options.clause
  if mapper == nil and clause == nil then
    if misc.bind then return misc.bind end
    error(exc.UnboundExecutionError("This session is not bound to a single Engine or Connection, and no context was provided to locate a binding."), 0)
  end
  local class = mapper and class_of_key(mapper)
  if mapper and not class then
    error(exc.UnmappedClassError(("Class '%s' is not mapped"):format(describe.value(mapper))), 0)
  end
  local bind = misc._binds and declared_bind(misc._binds, class, clause) or misc.bind
  if bind then return bind end
  local context = {}
  if class then context[1] = "mapper " .. tostring(class.__mapper__) end
  if clause ~= nil then context[#context + 1] = "SQL expression" end
  error(exc.UnboundExecutionError(("Could not locate a bind configured on %s or this Session."):format(table.concat(context, ", "))), 0)
end

--- Sends what is about a class to `bind`, as SQLAlchemy's `Session.bind_mapper()`.
---@param session lualchemy.Session
---@param mapper table  a mapped class, a base of such, or a mapper
---@param bind lualchemy.Engine|lualchemy.Connection
---@raise ArgumentError for what is neither, or no bind
function methods.bind_mapper(session, mapper, bind) M.add(session, mapper, bind) end

--- Sends what is about a table to `bind`, as SQLAlchemy's `Session.bind_table()`.
---@param session lualchemy.Session
---@param table lualchemy.Table
---@param bind lualchemy.Engine|lualchemy.Connection
---@raise ArgumentError for what is no table, or no bind
function methods.bind_table(session, table, bind) M.add(session, table, bind) end

core.extend("lualchemy.Session", methods)

--- The mapper that a statement is about, as get_bind is given it.
local function mapper_of(statement)
  local kind = core.is_orm(statement)
  if kind == nil then return nil end
  local class
  if kind == "select" then
    for _, subject in ipairs(core.statement_subjects(statement)) do
      if core.is_mapped(subject) then class = subject break end
    end
  else
    class = core.dml_class(statement)
  end
  return class and class.__mapper__
end

local function arguments_of(session, statement, token, object)
  local arguments = {clause = statement}
  if statement ~= nil then
    for name, value in pairs(core.session_misc(session)._bind_arguments or {}) do arguments[name] = value end
  end
  arguments.shard_id = arguments.shard_id or token
  arguments.instance = object
  return arguments
end

--- (session, class, statement, object, number of the token at hand) → the bind, and the number of the token that rows get.
core.hook("route", function(session, class, statement, object, number)
  local token = tokens[number]
  if object ~= nil then token = M.token_of(object) end
  if statement ~= nil then token = core.execution_option(statement, "identity_token") end
  local mapper = class and class.__mapper__ or statement ~= nil and mapper_of(statement) or nil
  local arguments = arguments_of(session, statement, token, object)
  local bind = session:get_bind(arguments.mapper or mapper, arguments)
  if not is_bind(bind) then
    error(exc.ArgumentError(("get_bind() must give an Engine or a Connection, not %s"):format(describe.value(bind))), 0)
  end
  return bind, M.number_of(object and M.token_of(object) or token)
end)

local connection_keywords = keywords.set {"bind_arguments", "execution_options"}

--- (session, options of session:connection()) → the bind of the connection, nil: the session's.
core.hook("connection_bind", function(session, options)
  options = keywords.check("session:connection", options, connection_keywords)
  local arguments, misc = options.bind_arguments, core.session_misc(session)
  if not arguments and not misc._routed then return nil end
  local bind = session:get_bind(arguments and arguments.mapper, arguments or {})
  if misc._routed then return bind end
  if bind == misc.bind then return nil end
  M.route(session)
  return bind
end)

--- Calls `fn()`, whose statement goes where `arguments`, the bind_arguments of a call, say.
function M.with_arguments(session, arguments, fn)
  if arguments == nil or next(arguments) == nil then return fn() end
  if arguments.bind ~= nil then M.route(session) end
  local misc = core.session_misc(session)
  local outer = misc._bind_arguments
  misc._bind_arguments = arguments
  local _closer <close> = setmetatable({}, {__close = function() misc._bind_arguments = outer end})
  return fn()
end

--- The connection for a statement about `class`, or for `statement`.
function M.connection(session, class, statement)
  local misc = core.session_misc(session)
  if not misc._routed then return session:connection() end
  local arguments = arguments_of(session, statement)
  arguments.mapper = arguments.mapper or class and class.__mapper__ or statement ~= nil and mapper_of(statement) or nil
  if arguments.mapper == nil and statement == nil then return session:connection() end
  return session:connection {bind_arguments = arguments}
end

return M
