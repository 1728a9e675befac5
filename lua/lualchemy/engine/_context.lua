-- SPDX-License-Identifier: MIT
-- What functions of the program are told of an execution: default functions, listeners of cursors and of errors.
local core = require "lualchemy.core"

local Context = {}
Context.__index = Context
Context.__name = "lualchemy.ExecutionContext"

--- The parameters of the row at hand, with the defaults evaluated so far.
---@return table<string, any>
function Context:get_current_parameters()
  return self.current_parameters
end

core.hook("default_context", function(parameters, connection, statement, is_insert)
  return setmetatable({
    current_parameters = parameters,
    connection = connection,
    engine = connection.engine,
    dialect = connection.engine.dialect,
    statement = statement,
    isinsert = is_insert,
    isupdate = not is_insert,
  }, Context)
end)

-- The execution options of a call execute(statement, …, options) on `source`: its own, under the statement's, under the call's.
local function options_of(source, statement, options)
  local all = source:get_execution_options()
  for _, from in ipairs {core.execution_options(statement), options and options.execution_options or {}} do
    for name, value in pairs(from) do all[name] = value end
  end
  return all
end
core.hook("execution_options_of", options_of)

-- What the listeners of one statement share, as the context of its execution. They may keep fields of their own in it.
core.hook("execution_context", function(source, statement, text, parameters, many, seconds, options)
  local of_connection = core.class_of(source) == "lualchemy.Connection"
  local self = of_connection and source.engine or source
  local verb = text:match "^%s*(%a+)"
  verb = verb and verb:upper()
  return setmetatable({
    connection = of_connection and source or nil,
    root_connection = of_connection and source or nil,
    cursor = source,
    engine = self,
    dialect = self.dialect,
    invoked_statement = core.class_of(statement) and statement or nil,
    statement = text,
    parameters = many and parameters or core.list {parameters},
    executemany = many,
    execution_options = options_of(source, statement, options),
    isinsert = verb == "INSERT",
    isupdate = verb == "UPDATE",
    isdelete = verb == "DELETE",
    seconds = seconds,
  }, Context)
end)

-- What listeners of handle_error get; one that raises replaces the error.
core.hook("exception_context", function(err, connection, statement, parameters, context)
  return {
    sqlalchemy_exception = err,
    original_exception = err.orig or err,
    connection = connection,
    engine = connection.engine,
    dialect = connection.engine.dialect,
    statement = statement,
    parameters = parameters,
    is_disconnect = false,
    invalidate_pool_on_disconnect = true,
    is_pre_ping = false,
    execution_context = context,
  }
end)

-- A listener that calls the error a disconnect has the connection given up, and with it all of the pool that are older.
core.hook("error_handled", function(context)
  if not context.is_disconnect or context.connection.closed then return end
  context.sqlalchemy_exception.connection_invalidated = true
  if not context.connection.invalidated then context.connection:invalidate(context.original_exception) end
  if context.invalidate_pool_on_disconnect then context.engine:dispose() end
end)

return Context
