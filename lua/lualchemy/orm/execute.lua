-- SPDX-License-Identifier: MIT
-- Executing statements in a session: what C does not answer by itself, statements without classes, with parameters, and DML of
-- classes.
local core = require "lualchemy.core"
local event = require "lualchemy.event"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

local M = {}

local option_keywords = keywords.set {"execution_options", "bind_arguments"}

--- How an UPDATE or DELETE of a class keeps the session in step: `how` as the core names it.
---@raise ArgumentError for what is no strategy
function M.synchronize_session(how)
  if how == nil or how == core.null() then return "auto" end
  if how == false then return "false" end
  if how ~= "auto" and how ~= "evaluate" and how ~= "fetch" then
    error(exc.ArgumentError("Valid strategies for session synchronization are 'auto', 'evaluate', 'fetch', false"), 0)
  end
  return how
end

local function synchronize(statement, options)
  local how = options.synchronize_session
  if how == nil then how = core.execution_option(statement, "synchronize_session") end
  return M.synchronize_session(how)
end

--- The rows of an INSERT's parameters, keyed by attribute, keyed by column instead.
local function by_column(statement, params)
  if params == nil or not core.insert_keys then return params end
  return core.insert_keys(statement, params)
end

local function same_keys(a, b)
  for key in pairs(a) do
    if b[key] == nil then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- Rows one after the other with the same keys: each run is a statement of its own.
local function runs_of(params)
  local runs = {}
  for _, row in ipairs(params) do
    local run = runs[#runs]
    if run and same_keys(run[1], row) then
      run[#run + 1] = row
    else
      runs[#runs + 1] = {row}
    end
  end
  return runs
end

--- Executes an INSERT of a class once for each run of rows; their returned rows as one result.
local function insert_runs(connection, statement, params, options)
  local results = {}
  for i, run in ipairs(runs_of(params)) do results[i] = connection:execute(statement, run, options) end
  if #results == 1 or not core.has_returning(statement) then return results[#results] end
  return results[1]:merge(table.unpack(results, 2))
end

--- Bulk UPDATE by primary key: each row names its object, and sets its other keys.
local function update_rows(session, connection, statement, rows)
  local la = require "lualchemy"
  local class = core.dml_class(statement)
  if core.has_where(statement) then
    error(exc.InvalidRequestError("bulk ORM UPDATE with a list of parameters takes no where(): rows are found by their primary keys"), 0)
  end
  local keys, matched = {}, 0
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.primary_key then keys[#keys + 1] = property.key end
  end
  for _, row in ipairs(rows) do
    local values, criteria, identity = {}, {}, {}
    for name, value in pairs(row) do values[name] = value end
    for i, key in ipairs(keys) do
      if row[key] == nil then
        error(exc.InvalidRequestError(("No primary key value supplied for %s.%s; per-row ORM Bulk UPDATE by Primary Key requires that records contain primary key values")
          :format(class.__name__, key)), 0)
      end
      criteria[i], identity[i] = class[key]:eq(row[key]), row[key]
      values[key] = nil
    end
    if next(values) then
      local one = core.orm_translate(la.update(class):where(table.unpack(criteria)):values(values))
      local count = connection:execute(one).rowcount
      if count ~= 1 then
        error(exc.StaleDataError(("UPDATE statement on table '%s' expected to update 1 row(s); %d were matched."):format(class.__table__.name, count)), 0)
      end
      matched = matched + count
      local known = session.identity_map:get {class, identity}
      if known then session:expire(known) end
    end
  end
  return core.rowcount_result(matched)
end

--- A select with values for its parameters.
local function with_params(statement, params)
  if params[1] ~= nil then
    if #params > 1 then
      error(exc.InvalidRequestError("a select runs with one set of parameters, not a list of them"), 0)
    end
    params = params[1]
  end
  return statement:params(params)
end

core.hook("session_execute", function(session, statement, params, options, name)
  options = keywords.check("session:" .. name, options, option_keywords)
  local execution = options.execution_options or {}
  local kind = core.is_orm(statement)
  local result
  if kind == "select" then
    if params ~= nil and next(params) ~= nil then statement = with_params(statement, params) end
    if next(execution) then statement = statement:execution_options(execution) end
    result = core.session_run(session, statement, nil, nil, "execute")
  elseif (kind == "update" or kind == "delete") and (params == nil or next(params) == nil) and not core.has_returning(statement) then
    result = core.session_dml_result(session, statement, synchronize(statement, execution))
  else
    core.session_autoflush(session)
    local connection = session:connection()
    if kind == "update" and params and type(params[1]) == "table" then
      result = update_rows(session, connection, statement, params)
      return name == "execute" and result or result[name](result)
    end
    if kind then
      params = by_column(statement, params)
      statement = core.orm_translate(statement)
    end
    local given = options.execution_options and {execution_options = options.execution_options} or nil
    if kind == "insert" and params and #params > 1 then
      result = insert_runs(connection, statement, params, given)
    else
      result = connection:execute(statement, params, given)
    end
  end
  if name == "execute" then return result end
  return result[name](result)
end)

---@class lualchemy.ORMExecuteState
---@field session lualchemy.Session
---@field statement any  may be set to another
---@field parameters table?  likewise
---@field execution_options table  of the statement and of the call
---@field is_select boolean
---@field is_insert boolean
---@field is_update boolean
---@field is_delete boolean
---@field is_orm_statement boolean
---@field is_executemany boolean
local State = {__name = "lualchemy.ORMExecuteState"}
State.__index = State

--- Adds execution options for this run.
---@param options table
function State:update_execution_options(options)
  for key, value in pairs(options) do self.execution_options[key] = value end
end

--- Runs the statement, or another, without calling listeners again; what a listener returns is what the caller gets.
---@param statement any?
---@param params table?
---@param options {execution_options: table?}?
---@return lualchemy.Result
function State:invoke_statement(statement, params, options)
  if params == nil then params = self.parameters end
  local all = {}
  for _, from in ipairs {self.execution_options, options and options.execution_options or {}} do
    for key, value in pairs(from) do all[key] = value end
  end
  return core.session_run(self.session, statement or self.statement, params, next(all) and {execution_options = all} or nil, "execute")
end

local statement_kinds = {["lualchemy.Select"] = "select", ["lualchemy.Insert"] = "insert", ["lualchemy.Update"] = "update",
  ["lualchemy.Delete"] = "delete"}

local function execute_state(session, statement, params, options)
  local kind = statement_kinds[core.class_of(statement)]
  local given = {}
  for key, value in pairs(options and options.execution_options or {}) do given[key] = value end
  return setmetatable({
    session = session, statement = statement, parameters = params, execution_options = given,
    is_select = kind == "select", is_insert = kind == "insert", is_update = kind == "update", is_delete = kind == "delete",
    is_orm_statement = core.is_orm(statement) ~= nil, is_executemany = type(params) == "table" and #params > 0,
    is_column_load = false, is_relationship_load = false, is_from_statement = false,
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
  keywords.check("session:" .. name, options, option_keywords)
  local state = execute_state(session, statement, params, options)
  local result = fire(state)
  if result == nil then result = state:invoke_statement() end
  if name == "execute" then return result end
  return result[name](result)
end)

core.hook("orm_query", function(session, statement)
  local state = execute_state(session, statement, nil, nil)
  if fire(state) ~= nil then
    error(exc.InvalidRequestError("a listener of do_orm_execute gave a Result to a Query: for it the statement can be changed only"), 0)
  end
  statement = state.statement
  if next(state.execution_options) then statement = statement:execution_options(state.execution_options) end
  return statement
end)

return M
