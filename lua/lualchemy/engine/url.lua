-- SPDX-License-Identifier: MIT
-- Database URLs as values: parts that can be read, and copies with other parts.
--
--   local url = la.make_url("postgresql://me:secret@host/db?sslmode=require")
--   print(url)                       --> postgresql://me:***@host/db?sslmode=require
--   url:set{database = "other"}      a new URL; this one never changes
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local select = core.lua_select

---@class lualchemy.URL
---@field drivername string
---@field username string?
---@field password string?
---@field host string?
---@field port integer?
---@field database string?
---@field query table<string, string|string[]>
---@field normalized_query table<string, string[]>  the query with a list of values for every name
local URL = {}

local parts = {"drivername", "username", "password", "host", "port", "database", "query"}
local known = keywords.set(parts)

-- URL → its parts, so that a URL itself cannot be changed.
local insides = setmetatable({}, {__mode = "k"})

local function escape(text, safe)
  return (text:gsub("[^%w_.~%-" .. safe .. "]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end

local function escape_plus(text)
  return (escape(text, " "):gsub(" ", "+"))
end

local function values_of(value)
  return type(value) == "table" and value or {value}
end

local function sorted_names(query)
  local names = {}
  for name in pairs(query) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function render_query(query)
  local texts = {}
  for _, name in ipairs(sorted_names(query)) do
    for _, value in ipairs(values_of(query[name])) do
      texts[#texts + 1] = escape_plus(name) .. "=" .. escape_plus(value)
    end
  end
  return #texts > 0 and "?" .. table.concat(texts, "&") or ""
end

local function render(url, hide_password)
  local text = {url.drivername, "://"}
  if url.username then
    text[#text + 1] = escape(url.username, " +")
    if url.password then
      text[#text + 1] = ":" .. (hide_password and "***" or escape(tostring(url.password), " +"))
    end
    text[#text + 1] = "@"
  end
  if url.host then text[#text + 1] = url.host:find(":", 1, true) and "[" .. url.host .. "]" or url.host end
  if url.port then text[#text + 1] = ":" .. url.port end
  if url.database then text[#text + 1] = "/" .. escape(url.database, " +/:") end
  text[#text + 1] = render_query(url.query)
  return table.concat(text)
end

-- What is made of the parts when it is read.
local computed = {}

local meta = {__name = "lualchemy.URL", __metatable = false}

function meta.__index(url, name)
  local method = URL[name]
  if method ~= nil then return method end
  if known[name] then return insides[url][name] end
  if computed[name] then return computed[name](url) end
  if require("lualchemy.strict").is_probe(name) then return nil end
  require("lualchemy.strict").unknown("URL", name, known, computed, URL)
end

function meta.__newindex()
  error(exc.ArgumentError("a URL cannot be changed; url:set{…} gives another"), 0)
end

function meta.__tostring(url)
  return render(insides[url], true)
end

function meta.__eq(a, b)
  return insides[a] ~= nil and insides[b] ~= nil and render(insides[a], false) == render(insides[b], false)
end

-- The parts of a URL, which methods have as their self.
local function inside(url)
  if insides[url] == nil then
    error(exc.ArgumentError(("a URL is expected, not %s; is a dot written for a colon?"):format(
      require("lualchemy.describe").value(url))), 0)
  end
  return insides[url]
end

local function check_text(name, value)
  if type(value) ~= "string" then
    error(exc.ArgumentError(("URL: %s is a string, not a %s"):format(name, type(value))), 0)
  end
  return value
end

local function copy_query(query)
  local copy = {}
  for name, value in pairs(query or {}) do
    check_text("a query name", name)
    if type(value) == "table" then
      copy[name] = {}
      for i, item in ipairs(value) do
        copy[name][i] = check_text("query[" .. name .. "]", item)
      end
    else
      copy[name] = check_text("query[" .. name .. "]", value)
    end
  end
  return copy
end

-- An own copy of the parts, checked.
local function new(given)
  local made = {query = copy_query(given.query)}
  if type(given.drivername) ~= "string" or not given.drivername:find("^[%w_]+%+?[%w_]*$") then
    error(exc.ArgumentError("URL: drivername is a name such as \"sqlite\" or \"postgresql+libpq\""), 0)
  end
  made.drivername = given.drivername
  for _, name in ipairs {"username", "password", "host", "database"} do
    if given[name] ~= nil then made[name] = check_text(name, given[name]) end
  end
  if given.port ~= nil then
    made.port = math.tointeger(given.port)
    if not made.port then error(exc.ArgumentError("URL: port is an integer"), 0) end
  end
  local url = setmetatable({}, meta)
  insides[url] = made
  return url
end

--- A URL of its parts: positional in SQLAlchemy's order, or one table of them.
---@return lualchemy.URL
function URL.create(...)
  local first = ...
  local args = first == URL and table.pack(select(2, ...)) or table.pack(...)
  if type(args[1]) == "table" then
    return new(keywords.check("URL.create", args[1], known))
  end
  local given = {}
  for i, name in ipairs(parts) do
    given[name] = args[i]
    if name == "drivername" and type(args[2]) == "table" then
      for key, value in pairs(keywords.check("URL.create", args[2], known)) do
        given[key] = value
      end
      break
    end
  end
  return new(given)
end

local function to_map(pairs_of_query)
  local query = {}
  for _, pair in ipairs(pairs_of_query) do
    local name, value = pair[1], pair[2]
    if query[name] == nil then
      query[name] = value
    else
      query[name] = values_of(query[name])
      table.insert(query[name], value)
    end
  end
  return query
end

local function parse(text)
  local given = core.url_parse(text)
  given.query = to_map(given.query)
  return new(given)
end

--- A URL of a text; a URL is given back as it is.
---@param name_or_url string|lualchemy.URL
---@return lualchemy.URL
local function make_url(name_or_url)
  if insides[name_or_url] then return name_or_url end
  if type(name_or_url) ~= "string" then
    error(exc.ArgumentError("Expected string or URL object, got " .. type(name_or_url)), 0)
  end
  return parse(name_or_url)
end

--- The text form; with `hide_password = false` the password is in it.
---@param hide_password boolean|{hide_password: boolean}|nil
---@return string
function URL:render_as_string(hide_password)
  if type(hide_password) == "table" then hide_password = hide_password.hide_password end
  return render(inside(self), hide_password ~= false)
end

--- A URL with other parts.
---@param changes table
---@return lualchemy.URL
function URL:set(changes)
  local given = {}
  for name, value in pairs(inside(self)) do
    given[name] = value
  end
  for name, value in pairs(keywords.check("URL:set", changes, known)) do
    given[name] = value
  end
  return new(given)
end

local function with_query(self, query)
  return URL.set(self, {query = query})
end

--- A URL whose query has these parameters too; with `append` they are added to values that are there.
---@param parameters table<string, string|string[]>
---@param append boolean|{append: boolean}|nil
---@return lualchemy.URL
function URL:update_query_dict(parameters, append)
  if type(append) == "table" then append = append.append end
  keywords.expect("update_query_dict", "a table of parameters", parameters, "table")
  local query = copy_query(inside(self).query)
  for name, value in pairs(copy_query(parameters)) do
    if append and query[name] ~= nil then
      local all = {table.unpack(values_of(query[name]))}
      for _, item in ipairs(values_of(value)) do
        all[#all + 1] = item
      end
      query[name] = all
    else
      query[name] = value
    end
  end
  return with_query(self, query)
end

--- The same for a sequence of {name, value}.
function URL:update_query_pairs(key_value_pairs, append)
  keywords.expect("update_query_pairs", "a list of {name, value}", key_value_pairs, "table")
  for _, pair in ipairs(key_value_pairs) do keywords.expect("update_query_pairs", "a list of {name, value}", pair, "table") end
  return URL.update_query_dict(self, to_map(key_value_pairs), append)
end

--- The same for a query string: "a=1&b=2".
function URL:update_query_string(text, append)
  return URL.update_query_dict(self, parse("x://?" .. check_text("a query", text)).query, append)
end

--- A URL without the query parameters of these names.
---@param names string[]
---@return lualchemy.URL
function URL:difference_update_query(names)
  keywords.expect("difference_update_query", "a list of names", names, "table")
  local query = copy_query(inside(self).query)
  for _, name in ipairs(names) do
    query[name] = nil
  end
  return with_query(self, query)
end

--- "sqlite" of "sqlite+sqlite3".
---@return string
function URL:get_backend_name()
  return (inside(self).drivername:match("^[^+]*"))
end

--- "sqlite3" of "sqlite+sqlite3"; without one, the dialect's own.
---@return string
function URL:get_driver_name()
  local driver = inside(self).drivername:match("%+(.*)$")
  return driver or ({sqlite = "sqlite3"})[self:get_backend_name()] or self:get_backend_name()
end

-- The query with a list for every name.
local function normalized(url)
  local query = {}
  for name, value in pairs(inside(url).query) do
    query[name] = values_of(value)
  end
  return query
end

computed.normalized_query = normalized

--- The parts that are there as a map, for what opens a connection: `host`, `database`, `username`, `password`, `port`,
--- under other names where `names` says so.
---
---     url:translate_connect_args{username = "user"}     --> {user = "ann", host = "db", …}
---
---@param names table<string, string>?
---@return table<string, string|integer>
function URL:translate_connect_args(names)
  local connect_parts = {"host", "database", "username", "password", "port"}
  names = keywords.check("translate_connect_args", names, keywords.set(connect_parts))
  local found, own = {}, inside(self)
  for _, part in ipairs(connect_parts) do found[names[part] or part] = own[part] end
  return found
end

setmetatable(URL, {__name = "lualchemy.URL", __call = function(_, ...) return URL.create(...) end})

return require("lualchemy.strict").module("lualchemy.engine.url", {URL = URL, make_url = make_url})
