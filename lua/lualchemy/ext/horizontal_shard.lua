-- SPDX-License-Identifier: MIT
-- Rows of one class in several databases, as SQLAlchemy's `sqlalchemy.ext.horizontal_shard`.
--
--   local session = ShardedSession{
--     shards = {north = north_engine, south = south_engine},
--     shard_chooser = function(mapper, object, clause) return object.latitude > 0 and "north" or "south" end,
--     identity_chooser = function(mapper, identity, context) return {"north", "south"} end,
--     execute_chooser = function(state) return {"north", "south"} end,
--   }
--
-- An object's shard is its identity token: equal keys of two shards are two objects.
local binds = require "lualchemy.orm.binds"
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local event = require "lualchemy.event"
local exc = require "lualchemy.exc"
local orm = require "lualchemy.orm"
local strict = require "lualchemy.strict"

local M = {}

local function shards_text(session)
  local names = {}
  for name in pairs(session._shards) do names[#names + 1] = tostring(name) end
  table.sort(names)
  return table.concat(names, ", ")
end

--- The shard of an object that has one, or that the program chooses.
local function choose(session, mapper, object, clause)
  local token = object and binds.token_of(object)
  if token ~= nil then return token end
  local id = session.shard_chooser(mapper, object, clause)
  if object and id ~= nil then binds.set_token(object, id) end
  return id
end

local function members_of_result(results)
  if results[1].returns_rows then return #results == 1 and results[1] or results[1]:merge(table.unpack(results, 2)) end
  local count = 0
  for _, result in ipairs(results) do count = count + result.rowcount end
  return core.rowcount_result(count)
end

--- Runs a statement in each shard that execute_chooser names, and gives their rows as one result.
local function execute_in_shards(state)
  if state.is_relationship_load and state.lazy_loaded_from == nil then return nil end -- behind a statement: in its shard
  local options = state.execution_options
  local function run(id)
    return state:invoke_statement(nil, nil, {execution_options = {identity_token = id}, bind_arguments = {shard_id = id}})
  end
  local id = options._sa_shard_id
  if id == nil then id = options.identity_token end
  if id == nil then id = state.bind_arguments.shard_id end
  if id ~= nil then return run(id) end
  local results = {}
  for _, chosen in ipairs(state.session.execute_chooser(state) or {}) do results[#results + 1] = run(chosen) end
  if #results == 0 then
    error(exc.InvalidRequestError("execute_chooser named no shard for the statement"), 0)
  end
  return members_of_result(results)
end

local function check_function(name, value)
  if type(value) ~= "function" then
    error(exc.ArgumentError(("ShardedSession: %s is required: a function"):format(name)), 0)
  end
  return value
end

local listening

local members = {}

function members:__init(options)
  self._shards = {}
  for _, name in ipairs {"shard_chooser", "identity_chooser", "execute_chooser"} do self[name] = check_function(name, options[name]) end
  for id, bind in pairs(options.shards or {}) do self:bind_shard(id, bind) end
  if not listening then
    listening = true
    event.listen(M.ShardedSession, "do_orm_execute", execute_in_shards, {retval = true})
  end
end

--- Adds a shard.
function members:bind_shard(id, bind)
  local class = core.class_of(bind)
  if class ~= "lualchemy.Engine" and class ~= "lualchemy.Connection" then
    error(exc.ArgumentError(("bind_shard: the shard %s is an Engine or a Connection, not %s"):format(describe.value(id), describe.value(bind))), 0)
  end
  self._shards[id] = bind
end

function members:get_bind(mapper, options)
  options = options or {}
  local id = options.shard_id
  if id == nil then id = choose(self, mapper, options.instance, options.clause) end
  local bind = id ~= nil and self._shards[id]
  if not bind then
    error(exc.InvalidRequestError(("there is no shard %s; the shards are %s"):format(describe.value(id), shards_text(self))), 0)
  end
  return bind
end

local function criteria_of(class, identity)
  local criteria, at = {}, 0
  if type(identity) ~= "table" or getmetatable(identity) then identity = {identity} end
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.primary_key then
      at = at + 1
      local value = identity[property.key]
      if value == nil then value = identity[at] end
      criteria[at] = class[property.key]:eq(value)
    end
  end
  return criteria
end

function members:get(class, identity, options)
  options = options or {}
  if options.identity_token ~= nil then return orm.Session.get(self, class, identity, options) end
  local context = {execution_options = options.execution_options or {}, bind_arguments = options.bind_arguments or {}}
  local fresh = options.populate_existing or options.with_for_update
  for _, id in ipairs(not fresh and self.identity_chooser(class.__mapper__, identity, context) or {}) do
    local known = core.session_peek(self, class, identity, binds.number_of(id))
    if known ~= nil then return orm.Session.get(self, class, identity, {identity_token = id, options = options.options}) end
  end
  local statement = require("lualchemy").select(class):where(table.unpack(criteria_of(class, identity)))
  if options.options then statement = statement:options(table.unpack(options.options)) end
  if fresh then statement = statement:execution_options {populate_existing = true} end
  return self:scalars(statement, nil, {execution_options = options.execution_options, bind_arguments = options.bind_arguments}):unique():one_or_none()
end

--- A session whose objects lie in several databases, as SQLAlchemy's `ShardedSession`. Its options are those of `orm.Session`, and
--- `shards` (engines by shard id), `shard_chooser(mapper, object, clause)` (the shard id of a new object), `identity_chooser(mapper, identity,
--- context)` (the shard ids in which `get` looks for a key), `execute_chooser(state)` (the shard ids in which a statement runs, `state` being that
--- of `do_orm_execute`). `session:bind_shard(id, engine)` adds a shard.
M.ShardedSession = orm.Session:class "ShardedSession"(members)
rawset(M.ShardedSession, "__sharded", true)
rawset(M.ShardedSession, "__keywords", binds.session_keywords {"shards", "shard_chooser", "identity_chooser", "execute_chooser"})

--- An option that lets a statement run in one shard, as SQLAlchemy's `set_shard_id`: `select(User):options(set_shard_id "north")`.
---@param id any  the shard's
---@return table option
---@raise ArgumentError without an id
function M.set_shard_id(id)
  if id == nil then error(exc.ArgumentError("set_shard_id takes the id of a shard"), 2) end
  return {__execution_options = {_sa_shard_id = id}}
end

return strict.module("lualchemy.ext.horizontal_shard", M)
