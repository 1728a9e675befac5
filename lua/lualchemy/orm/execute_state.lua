-- SPDX-License-Identifier: MIT
-- do_orm_execute: what its listeners get, and the loads that a session makes by itself, told to them.
--
-- While nobody listens, the core makes those loads without Lua. With listeners, each is described by the statement that the program would
-- write for it; where a listener changes that, or answers with a Result, its rows are what the object gets, else the core goes on.
local binds = require "lualchemy.orm.binds"
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local event = require "lualchemy.event"
local exc = require "lualchemy.exc"
local executing = require "lualchemy.orm.execute"
local inspection = require "lualchemy.inspection"
local keywords = require "lualchemy.keywords"
local strict = require "lualchemy.strict"

local M = {}

---@class lualchemy.ORMExecuteState
---@field session lualchemy.Session
---@field statement any  may be set to another
---@field parameters table?  likewise
---@field execution_options table  of the statement and of the call; to read
---@field local_execution_options table  of the call alone, and what listeners have added
---@field bind_arguments table
---@field is_select boolean
---@field is_insert boolean
---@field is_update boolean
---@field is_delete boolean
---@field is_orm_statement boolean
---@field is_executemany boolean
---@field is_from_statement boolean
---@field is_column_load boolean  attributes of one object: expired, deferred, or to be refreshed
---@field is_relationship_load boolean  a relationship: read for the first time, or by a loader behind another statement
---@field lazy_loaded_from table?  the state of the object whose relationship is read
---@field loader_strategy_path table  of a relationship load: the mapper and the relationship's name
---@field all_mappers table[]  mappers of the classes that the statement is about
---@field bind_mapper table?  the first of them
---@field load_options table  of a select: `populate_existing`, `autoflush`, `yield_per`, `identity_token`
---@field update_delete_options table  of an UPDATE or DELETE: `synchronize_session`
---@field identity_token any
---@field user_defined_options table  nothing: what a program adds to its statements are execution options
local State = {}

local load_option_names = {"populate_existing", "autoflush", "yield_per", "identity_token"}

local function chosen(state, names)
  local options = {}
  for _, name in ipairs(names) do options[name] = state.execution_options[name] end
  return options
end

local function mappers_of(statement)
  local kind = core.is_orm(statement)
  if kind == nil then return {} end
  if kind ~= "select" then return {inspection.inspect(core.dml_class(statement))} end
  local list, seen = {}, {}
  local _, entities = core.select_items(statement)
  for _, entity in ipairs(entities) do
    local class = entity and core.entity_class(entity)
    if class and not seen[class] then
      seen[class] = true
      list[#list + 1] = inspection.inspect(class)
    end
  end
  return list
end

-- Fields that are worked out when they are asked for.
local fields = {
  all_mappers = function(state) return mappers_of(state.statement) end,
  bind_mapper = function(state) return mappers_of(state.statement)[1] end,
  identity_token = function(state) return state.execution_options.identity_token end,
  local_execution_options = function(state) return rawget(state, "_options") end,
  execution_options = function(state)
    local all = {}
    for name, value in pairs(state._kind and state.statement:get_execution_options() or {}) do all[name] = value end
    for name, value in pairs(state._options) do all[name] = value end
    return all
  end,
  load_options = function(state)
    if not state.is_select then
      error(exc.InvalidRequestError("This ORM execution is not against a SELECT statement so there are no load options."), 0)
    end
    return chosen(state, load_option_names)
  end,
  update_delete_options = function(state)
    if not (state.is_update or state.is_delete) then
      error(exc.InvalidRequestError("This ORM execution is not against an UPDATE or DELETE statement so there are no update options."), 0)
    end
    return chosen(state, {"synchronize_session"})
  end,
}

-- Fields that may be nil.
local optional = {_updated = true, _kind = true, statement = true, parameters = true, lazy_loaded_from = true}

function State:__index(key)
  if State[key] ~= nil then return State[key] end
  if fields[key] then return fields[key](self) end
  if optional[key] or strict.is_probe(key) then return nil end
  strict.unknown("an ORMExecuteState", key, fields, State)
end
State.__name = "lualchemy.ORMExecuteState"

--- Adds execution options for this run.
---@param options table
function State:update_execution_options(options)
  for key, value in pairs(options) do self._options[key] = value end
  self._updated = true
end

--- Runs the statement, or another, without calling listeners again; what a listener returns is what the caller gets.
---@param statement any?
---@param params table?
---@param options {execution_options: table?, bind_arguments: table?}?
---@return lualchemy.Result
function State:invoke_statement(statement, params, options)
  options = keywords.check("invoke_statement", options, executing.option_keywords)
  if params == nil then params = self.parameters end
  local all = {}
  for _, from in ipairs {self._options, options.execution_options or {}} do
    for key, value in pairs(from) do all[key] = value end
  end
  local arguments = {}
  for _, from in ipairs {self.bind_arguments, options.bind_arguments or {}} do
    for key, value in pairs(from) do arguments[key] = value end
  end
  local given = (next(all) or next(arguments)) and {execution_options = next(all) and all, bind_arguments = next(arguments) and arguments} or nil
  return core.session_run(self.session, statement or self.statement, params, given, "execute")
end

local statement_kinds = {["lualchemy.Select"] = "select", ["lualchemy.CompoundSelect"] = "select", ["lualchemy.Insert"] = "insert",
  ["lualchemy.Update"] = "update", ["lualchemy.Delete"] = "delete"}

local function new_state(session, statement, facts)
  local kind, options = statement_kinds[core.class_of(statement)], {}
  if kind then options = executing.under_statement(session, statement) end
  for key, value in pairs(facts.execution_options or {}) do options[key] = value end
  return setmetatable({
    _kind = kind, session = session, statement = statement, parameters = facts.parameters, _options = options, bind_arguments = facts.bind_arguments or {},
    is_select = kind == "select", is_insert = kind == "insert", is_update = kind == "update", is_delete = kind == "delete",
    is_orm_statement = core.is_orm(statement) ~= nil, is_executemany = type(facts.parameters) == "table" and #facts.parameters > 0,
    is_column_load = facts.column == true, is_relationship_load = facts.path ~= nil, is_from_statement = core.has_given_statement(statement),
    lazy_loaded_from = facts.lazy_loaded_from and inspection.inspect(facts.lazy_loaded_from), loader_strategy_path = facts.path or {},
    user_defined_options = {},
  }, State)
end

--- Calls the listeners; gives the first Result that one returns.
local function fire(state)
  for _, listener in ipairs(event.__listeners("do_orm_execute", state.session)) do
    local result = event.__call(listener, "do_orm_execute", state)
    if result ~= nil then return result end
  end
end

core.hook("orm_execute", function(session, statement, params, options, name)
  options = keywords.check("session:" .. name, options, executing.option_keywords)
  if type(params) == "function" then
    params = core.parameter_sets(params)
    if #params == 0 then return core.rowcount_result(0) end
  end
  local state = new_state(session, statement,
    {parameters = params, execution_options = options.execution_options, bind_arguments = options.bind_arguments})
  local result = fire(state)
  if result == nil then result = state:invoke_statement() end
  if name == "execute" then return result end
  return result[name](result)
end)

--- The statement that a Query runs, or the Result that a listener gives it.
core.hook("orm_query", function(session, statement)
  local state = new_state(session, statement, {})
  local result = fire(state)
  if result ~= nil then
    if core.class_of(result) == "lualchemy.Result" then return result end
    error(exc.ArgumentError(("a listener of do_orm_execute gave a Query %s in the place of a Result"):format(describe.value(result))), 0)
  end
  statement = state.statement
  if next(state._options) then statement = statement:execution_options(state._options) end
  return statement
end)

--- Runs an UPDATE or DELETE of a Query; gives the number of rows.
function M.run_dml(session, statement, how)
  if not event.__has(session, "do_orm_execute") then return core.session_dml(session, statement, how) end
  local options = {synchronize_session = how ~= "false" and how}
  local state = new_state(session, statement, {execution_options = options})
  local result = fire(state)
  if result == nil then result = state:invoke_statement() end
  return result.rowcount
end

-- ---- loads that the session makes by itself ----

--- Tells of a load; gives the Result that takes its place, or nil if the core is to make it.
local function told(session, statement, facts)
  local state = new_state(session, statement, facts)
  local result = fire(state)
  if result == nil and rawequal(state.statement, statement) and not state._updated then return nil end
  return result or state:invoke_statement()
end

local function select_by_key(class, identity)
  local criteria, at = {}, 0
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.primary_key then
      at = at + 1
      criteria[at] = class[property.key]:eq(identity[at])
    end
  end
  return require("lualchemy").select(class):where(table.unpack(criteria))
end

local function identity_list(class, identity)
  if type(identity) ~= "table" then return {identity} end
  local list = {}
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.primary_key then
      local value = identity[property.key]
      if value == nil then value = identity[#list + 1] end
      if value == nil then value = identity end -- a value that is a table, as dates are
      list[#list + 1] = value
    end
  end
  return list
end

--- (session, class, identity, options) → whether a listener has loaded it, and the object.
core.hook("get_load", function(session, class, identity, options)
  if not event.__has(session, "do_orm_execute") then return false end
  options = options or {}
  local execution = {}
  for name, value in pairs(options.execution_options or {}) do execution[name] = value end
  if options.populate_existing or options.with_for_update then execution.populate_existing = true end
  if options.identity_token ~= nil then execution.identity_token = options.identity_token end
  local statement = select_by_key(class, identity_list(class, identity))
  if next(execution) then statement = statement:execution_options(execution) end
  local result = told(session, statement, {})
  if result == nil then return false end
  return true, result:scalars():unique():one_or_none()
end)

--- (object, key or nil, refresh) → whether a listener has loaded it.
core.hook("column_load", function(object, _, refresh)
  local session = core.object_session(object)
  if not event.__has(session, "do_orm_execute") then return false end
  local statement = select_by_key(core.mapped_class_of(object), core.object_identity(object))
  local token = binds.token_of(object)
  if token ~= nil then statement = statement:execution_options {identity_token = token} end
  if refresh then statement = statement:execution_options {populate_existing = true, autoflush = false} end
  local result = told(session, statement, {column = true})
  return result ~= nil and result:scalars():unique():first() ~= nil
end)

local function path_of(class, key)
  return setmetatable({class.__mapper__, key}, {__tostring = function() return ("ORM Path[%s -> %s.%s]"):format(tostring(class.__mapper__),
    class.__name__, key) end})
end

local function has_many(class, key)
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.key == key then return property.uselist end
  end
end

--- (object, key) → whether a listener has loaded the relationship.
core.hook("link_load", function(object, key)
  local session = core.object_session(object)
  if not event.__has(session, "do_orm_execute") then return false end
  local class = core.mapped_class_of(object)
  local target, order = core.link_target(object, key)
  local statement = require("lualchemy").select(target):where(core.with_parent(object, class[key]))
  if #order > 0 then statement = statement:order_by(table.unpack(order)) end
  local result = told(session, statement, {path = path_of(class, key), lazy_loaded_from = object})
  if result == nil then return false end
  local found = result:scalars():unique():all()
  if has_many(class, key) then
    core.object_set_committed(object, key, found)
  else
    core.object_set_committed(object, key, found[1])
  end
  return true
end)

--- (session, class, key): a loader is about to load the relationship for the objects of a statement that has run.
core.hook("eager_load", function(session, class, key)
  if not event.__has(session, "do_orm_execute") then return end
  local statement = require("lualchemy").select(inspection.inspect(class).relationships[key].target)
  if told(session, statement, {path = path_of(class, key)}) ~= nil then
    error(exc.InvalidRequestError(("a listener of do_orm_execute changed the statement that loads %s.%s behind another one: options of that one, "
      .. "with_loader_criteria among them, reach it"):format(class.__name__, key)), 0)
  end
end)

-- ---- events of Query ----

local queries

core.hook("before_compile", function(query) return event.__fire("before_compile", queries, query) or query end)

--- The Query whose rows `name`, "update" or "delete", works on, after its listeners. `context` is theirs.
function M.before_dml(name, query, context)
  return event.__fire("before_compile_" .. name, queries, query, context) or query
end

--- Given by lualchemy.orm: what stands for Query as a target of events.
function M.connect(query_class)
  queries = query_class
  event.__family("QUERY", {
    accepts = function(target, identifier)
      if target == query_class then return target end
      error(exc.ArgumentError(("No such event '%s' for target '%s': orm.Query is one"):format(identifier, tostring(target))), 0)
    end,
  })
end

return M
