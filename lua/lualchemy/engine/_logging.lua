-- SPDX-License-Identifier: MIT
-- What engines and pools write to the standard error: `echo`, `echo_pool` and their names.
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local event = require "lualchemy.event"
local exc = require "lualchemy.exc"

local logging = {}

local function check(name, value, more)
  if value ~= nil and type(value) ~= "boolean" and value ~= "debug" and type(value) ~= more then
    error(exc.ArgumentError(("%s is true, false%s, not %s"):format(name,
      more and ', "debug" or a function' or ' or "debug"', more and "a " .. type(value) or describe.value(value))), 0)
  end
  return value or false
end

--- What `echo` says: false, true, "debug", or a function that is called in place of writing.
---@param value any
---@return boolean|"debug"|function
function logging.check_echo(value)
  return check("echo", value, "function")
end

--- What `echo_pool` says: false, true for what is out of the ordinary, "debug" for each connection that goes or comes.
---@param value any
---@return boolean|"debug"
function logging.check_echo_pool(value)
  return check("echo_pool", value)
end

local function write(level, name, text)
  io.stderr:write(("%s %s %s %s\n"):format(os.date("%Y-%m-%d %H:%M:%S"), level, name, text))
end

local function format_parameters(params, many, hidden)
  if hidden then return "[SQL parameters hidden due to hide_parameters=true]" end
  return describe.parameters(params, many)
end

-- The settings of the engine that a line is about, the logger's name, and what stands in front of the line's text.
local function of_source(source)
  local of_connection = core.class_of(source) == "lualchemy.Connection"
  local settings = core.engine_settings(of_connection and source.engine or source)
  local options = of_connection and core.connection_options(source) or settings._execution_options
  local token = options and options.logging_token
  return settings, "lualchemy.engine.Engine" .. (settings.logging_name and "." .. settings.logging_name or ""),
    token and ("[%s] "):format(token) or ""
end

-- BEGIN, COMMIT and the like are told by their text alone.
core.hook("engine_log", function(source, text, params, seconds, tag, many)
  local settings, name, head = of_source(source)
  if type(settings.echo) == "function" then
    return settings.echo(text, params, seconds)
  end
  write("INFO", name, head .. text)
  if seconds then
    write("INFO", name, ("%s[%s] %s"):format(head, tag, format_parameters(params or {}, many, settings.hide_parameters)))
  end
end)

-- "Col" with the names of columns, "Row" with the values of a row, for echo = "debug".
core.hook("engine_log_row", function(source, kind, values)
  local settings, name, head = of_source(source)
  if settings.hide_parameters and kind == "Row" then return end
  write("DEBUG", name, ("%s%s %s"):format(head, kind, describe.parameters(values)))
end)

--- Writes what becomes of the connections of an engine's pool.
---@param engine lualchemy.Engine
---@param settings table
function logging.listen_to_pool(engine, settings)
  local name = ("lualchemy.pool.%s%s"):format(core.engine_pool(engine), settings._pool_logging_name and "." .. settings._pool_logging_name or "")
  local reset = settings._reset_on_return
  local on_return = reset == "none" and "no reset" or reset .. "-on-return"
  local function listen(identifier, level, tell)
    if level == "DEBUG" and settings._echo_pool ~= "debug" then return end
    event.listen(engine, identifier, function(...) write(level, name, tell(...)) end)
  end
  listen("connect", "DEBUG", function(raw) return ("Created new connection %s"):format(raw) end)
  listen("checkout", "DEBUG", function(raw) return ("Connection %s checked out from pool"):format(raw) end)
  listen("reset", "DEBUG", function(raw, _, state)
    return ("Connection %s returned to pool, %s"):format(raw, state.transaction_was_reset and "transaction already reset" or on_return)
  end)
  listen("close", "DEBUG", function(raw) return ("Closing connection %s"):format(raw) end)
  listen("invalidate", "INFO", function(raw, _, reason)
    return ("Invalidate connection %s%s"):format(raw, reason ~= nil and (" (reason: %s)"):format(tostring(reason)) or "")
  end)
  listen("soft_invalidate", "INFO", function(raw) return ("Soft invalidate connection %s"):format(raw) end)
  listen("engine_disposed", "INFO", function() return ("Pool disposed. %s"):format(engine.pool:status()) end)
end

return logging
