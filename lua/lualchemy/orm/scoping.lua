-- SPDX-License-Identifier: MIT
-- A session for each coroutine, found without being passed around: SQLAlchemy's `scoped_session`.
--
--   local Session = orm.scoped_session(orm.sessionmaker(engine))
--   Session:add(User{name = "Ann"})       -- the session of the coroutine that runs
--   Session:commit()
--   Session:remove()
local exc = require "lualchemy.exc"
local strict = require "lualchemy.strict"
local warnings = require "lualchemy.warnings"

local M = {}

--- What each scope has. Keys are weak: a coroutine that is gone leaves nothing behind.
---@class lualchemy.ScopedRegistry
local Registry = {}
Registry.__index = Registry
Registry.__name = "lualchemy.ScopedRegistry"

local function scope_of(registry)
  if registry.scopefunc then
    local scope = registry.scopefunc()
    if scope == nil then error(exc.InvalidRequestError("scoped_session: the function that names the scope gave nil"), 0) end
    return scope
  end
  return (coroutine.running())
end

--- The session of the scope, made if there is none.
function Registry:__call()
  local scope = scope_of(self)
  local session = self.sessions[scope]
  if session == nil then
    session = self.createfunc()
    self.sessions[scope] = session
  end
  return session
end

--- Is there a session in this scope?
---@return boolean
function Registry:has()
  return self.sessions[scope_of(self)] ~= nil
end

--- Makes `session` that of this scope.
---@param session lualchemy.Session
function Registry:set(session)
  self.sessions[scope_of(self)] = session
end

--- Forgets the session of this scope.
function Registry:clear()
  self.sessions[scope_of(self)] = nil
end

---@class lualchemy.scoped_session
local Scoped = {}

--- The session of the scope; `options` are for one that is made now.
function Scoped:__call(options)
  if options ~= nil then
    if self.registry:has() then
      error(exc.InvalidRequestError("Scoped session is already present; no new arguments may be specified."), 0)
    end
    local session = self.session_factory(options)
    self.registry:set(session)
    return session
  end
  return self.registry()
end

local methods = {}

--- Closes the session of this scope and forgets it.
function methods.remove(self)
  if self.registry:has() then self.registry():close() end
  self.registry:clear()
end

--- Changes the options of sessions made from now on.
function methods.configure(self, options)
  if self.registry:has() then
    warnings.warn("At least one scoped session is already present.  configure() can not affect sessions that have already been created.")
  end
  self.session_factory:configure(options)
end

--- A field for classes that gives a query of the class in the session of the scope: `User.query = Session:query_property()`, then `User:query()`.
function methods.query_property(self)
  return function(class) return self:query(class) end
end

-- Methods of sessions, each with the function that calls it on the session of the scope.
local proxies = {}

function Scoped:__index(key)
  if methods[key] then return methods[key] end
  if proxies[key] then return proxies[key] end
  if strict.is_probe(key) then return nil end
  local value = self.registry()[key]
  if type(value) ~= "function" then return value end
  proxies[key] = function(scoped, ...)
    local session = scoped.registry()
    return session[key](session, ...)
  end
  return proxies[key]
end

function Scoped:__newindex(key, value)
  self.registry()[key] = value
end

Scoped.__name = "lualchemy.scoped_session"

function Scoped:__tostring()
  return ("scoped_session(%s)"):format(tostring(self.session_factory))
end

--- A session for each coroutine, as SQLAlchemy's `scoped_session`. It answers what a session answers, for the session of the coroutine that
--- runs; that is made when it is first asked for.
---@param session_factory lualchemy.sessionmaker|fun(): lualchemy.Session
---@param scopefunc (fun(): any)?  what names the scope instead of the coroutine, for example the request at hand
---@return lualchemy.scoped_session
function M.scoped_session(session_factory, scopefunc)
  local name = (getmetatable(session_factory) or {}).__name
  if type(session_factory) ~= "function" and name ~= "lualchemy.sessionmaker" and name ~= "lualchemy.SessionClass" then
    error(exc.ArgumentError("scoped_session takes a sessionmaker, or a function that gives a session"), 2)
  end
  local registry = setmetatable({
    sessions = setmetatable({}, {__mode = "k"}), scopefunc = scopefunc, createfunc = function() return session_factory() end,
  }, Registry)
  local self = {registry = registry, session_factory = session_factory}
  return setmetatable(self, Scoped)
end

return M
