-- SPDX-License-Identifier: MIT
-- The kinds of pool, as values for create_engine's `poolclass`, and an engine's pool as an object to ask.
--
-- The pools themselves are the core's: a kind here is a name and which options make sense for it.
local core = require "lualchemy.core"
local select = core.lua_select

local pool = {}

---@class lualchemy.PoolClass
---@field __name__ string
---@field options table<string, boolean>  of create_engine that make sense for it
local Class = {}
Class.__index = Class
Class.__name = "lualchemy.PoolClass"
Class.__tostring = function(class) return class.__name__ end

local function new_class(name, options)
  local set = {pool_recycle = true, pool_pre_ping = true, pool_reset_on_return = true}
  for _, option in ipairs(options) do
    set[option] = true
  end
  return setmetatable({__name__ = name, options = set}, Class)
end

--- Keeps `pool_size` connections, opens up to `max_overflow` more: for files.
pool.QueuePool = new_class("QueuePool", {"pool_size", "max_overflow", "pool_timeout", "pool_use_lifo"})
--- One connection for all: for databases in memory.
pool.StaticPool = new_class("StaticPool", {"pool_size"})
--- Opens a connection each time and closes it after use.
pool.NullPool = new_class("NullPool", {})
--- One connection per thread. A Lua state is one thread, so it is one.
pool.SingletonThreadPool = new_class("SingletonThreadPool", {"pool_size"})
--- One connection at a time; a second one is an error.
pool.AssertionPool = new_class("AssertionPool", {})

---@class lualchemy.Pool
local Pool = {}
local meta = {__name = "lualchemy.Pool"}

-- Pool → its engine.
local engines = setmetatable({}, {__mode = "k"})

function meta.__index(self, name)
  if Pool[name] ~= nil then return Pool[name] end
  if name == "kind" then return (core.engine_pool(engines[self])) end
  if require("lualchemy.strict").is_probe(name) then return nil end
  require("lualchemy.strict").unknown("Pool", name, Pool)
end

function meta.__tostring(self)
  return ("<%s>"):format((core.engine_pool(engines[self])))
end

--- How many connections lie in it and are out, as text.
---@return string
function Pool:status()
  local kind, size, checked_in, checked_out, overflow = core.engine_pool(engines[self])
  if kind ~= "QueuePool" then
    return ("%s  Connections in pool: %d Current Checked out connections: %d"):format(kind, checked_in, checked_out)
  end
  return ("Pool size: %d  Connections in pool: %d Current Overflow: %d Current Checked out connections: %d")
    :format(size, checked_in, overflow, checked_out)
end

--- How many connections it keeps.
---@return integer
function Pool:size()
  return (select(2, core.engine_pool(engines[self])))
end

--- How many lie in it.
---@return integer
function Pool:checkedin()
  return (select(3, core.engine_pool(engines[self])))
end

--- How many are in use.
---@return integer
function Pool:checkedout()
  return (select(4, core.engine_pool(engines[self])))
end

--- By how many its size is exceeded; negative while it is not full.
---@return integer
function Pool:overflow()
  return (select(5, core.engine_pool(engines[self])))
end

-- Pool → what is known of its connections, by serial.
local records = setmetatable({}, {__mode = "k"})

--- The records of a pool's connections, by serial.
---@private
function pool.__records(self)
  records[self] = records[self] or {}
  return records[self]
end

--- The pool of an engine.
---@param engine lualchemy.Engine
---@return lualchemy.Pool
function pool.__of(engine)
  local self = setmetatable({}, meta)
  engines[self] = engine
  return self
end

--- The engine of a pool, or nil.
function pool.__engine_of(value)
  return engines[value]
end

--- Is `value` a kind of pool?
function pool.__is_class(value)
  return getmetatable(value) == Class
end

return require("lualchemy.strict").module("lualchemy.pool", pool)
