-- SPDX-License-Identifier: MIT
-- Functions, aggregates, window functions, collations and hooks of an engine's database that are written in Lua.
--
-- They belong to the engine: every connection of it has them, those that are open as well as those to come. The
-- engine's settings keep the Lua functions alive; the core knows them by number.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

local known = keywords.set {"deterministic"}

local function fail(format, ...)
  error(exc.ArgumentError(format:format(...)), 0)
end

local function check_name(what, name)
  if type(name) ~= "string" or name == "" or name:find("\0", 1, true) or #name > 255 then
    fail("%s takes a name of 1 to 255 bytes first, not %s", what, require("lualchemy.describe").value(name))
  end
end

local function check_count(what, count)
  if math.type(count) ~= "integer" or count < -1 or count > 127 then
    fail("%s: the number of arguments is -1 (any) or 0 to 127, not %s", what, require("lualchemy.describe").value(count))
  end
end

local function is_callable(value)
  return type(value) == "function" or (getmetatable(value) or {}).__call ~= nil
end

local function register(engine, kind, name, count, deterministic, value)
  local settings = core.engine_settings(engine)
  settings._functions = settings._functions or {}
  settings._functions[#settings._functions + 1] = value
  core.engine_extend(engine, kind, name, count, deterministic, value)
end

local function check_class(what, class, names)
  if type(class) ~= "table" then
    fail("%s takes a table with the functions %s, not a %s", what, table.concat(names, ", "), type(class))
  end
  for _, name in ipairs(names) do
    if not is_callable(class[name]) then fail("%s: the table has no function %q", what, name) end
  end
end

-- A group's own object: a table whose methods are the class's.
core.hook("new_aggregate", function(class)
  local object = setmetatable({}, {__index = class})
  if class.__init then class.__init(object) end
  return object
end)

local Engine = {}

function Engine:create_function(name, n_arg, fn, options)
  options = keywords.check("create_function", options, known)
  check_name("create_function", name)
  check_count("create_function", n_arg)
  if fn ~= nil and not is_callable(fn) then fail("create_function takes a function, not a %s", type(fn)) end
  register(self, "function", name, n_arg, options.deterministic and true or false, fn)
end

function Engine:create_aggregate(name, n_arg, class)
  check_name("create_aggregate", name)
  check_count("create_aggregate", n_arg)
  if class ~= nil then check_class("create_aggregate", class, {"step", "finalize"}) end
  register(self, "aggregate", name, n_arg, false, class)
end

function Engine:create_window_function(name, n_arg, class)
  check_name("create_window_function", name)
  check_count("create_window_function", n_arg)
  if class ~= nil then check_class("create_window_function", class, {"step", "finalize", "value", "inverse"}) end
  register(self, "window", name, n_arg, false, class)
end

function Engine:create_collation(name, fn)
  check_name("create_collation", name)
  if fn ~= nil and not is_callable(fn) then fail("create_collation takes a function, not a %s", type(fn)) end
  register(self, "collation", name, 0, false, fn)
end

local function hook(kind, method)
  Engine[method] = function(self, fn)
    if fn ~= nil and not is_callable(fn) then fail("%s takes a function, not a %s", method, type(fn)) end
    register(self, kind, "", 0, false, fn)
  end
end

for _, kind in ipairs {"update", "commit", "rollback"} do
  hook(kind, "set_" .. kind .. "_hook")
end
hook("busy", "set_busy_handler")
hook("authorize", "set_authorizer")

function Engine:set_progress_handler(fn, n)
  if fn ~= nil and not is_callable(fn) then fail("set_progress_handler takes a function, not a %s", type(fn)) end
  if fn ~= nil and (math.type(n) ~= "integer" or n < 1 or n > 0x7fffffff) then
    fail("set_progress_handler takes a function and after how many steps of a statement it is called, from 1 on, not %s",
      require("lualchemy.describe").value(n))
  end
  register(self, "progress", "", fn and n or 0, false, fn)
end

local load_known = keywords.set {"entrypoint"}

local function is_path(value)
  return type(value) == "string" and value ~= "" and not value:find("\0", 1, true)
end

function Engine:load_extension(path, options)
  options = keywords.check("load_extension", options, load_known)
  if not is_path(path) then fail("load_extension takes the file of a library, not %s", require("lualchemy.describe").value(path)) end
  if options.entrypoint ~= nil and not is_path(options.entrypoint) then fail("load_extension: entrypoint is a function's name") end
  if not core.engine_settings(self)._loads_extensions then
    error(exc.InvalidRequestError("this engine loads no extensions, for they may do anything that the program may; "
      .. "create_engine(url, {enable_load_extension = true}) allows it"), 0)
  end
  core.engine_extend(self, "load", path, 0, false, nil, options.entrypoint)
  local ok, err = pcall(function()
    local connection <close> = self:connect()
    connection.connection:execute("SELECT 1")
  end)
  if not ok then
    core.engine_forget_extension(self)
    error(err, 0)
  end
end

core.extend("lualchemy.Engine", Engine)

return Engine
