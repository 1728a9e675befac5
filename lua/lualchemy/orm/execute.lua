-- SPDX-License-Identifier: MIT
-- Executing statements in a session: what C does not answer by itself, statements without classes, with parameters, and DML of
-- classes.
local core = require "lualchemy.core"
local binds = require "lualchemy.orm.binds"
local descriptors = require "lualchemy.orm.descriptor"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local runs_of = require "lualchemy.orm.runs"

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

--- Runs a statement that listeners have seen already.
local function run_again(session, statement)
  return core.session_run(session, statement, nil, nil, "execute")
end

--- An INSERT with values of its own takes rows one at a time, for each is merged with these.
local function pages_of(statement, params)
  if not core.has_values(statement) then return runs_of(params) end
  return params
end

--- Executes an INSERT of a class once for each run of rows; their returned rows as one result.
local function insert_runs(session, statement, params, options)
  if core.returns_entities(statement) then
    local results = {}
    for i, page in ipairs(pages_of(statement, params)) do results[i] = run_again(session, statement:values(page)) end
    return #results == 1 and results[1] or results[1]:merge(table.unpack(results, 2))
  end
  local translated, results, count = core.orm_translate(statement), {}, 0
  local returning = core.has_returning(statement)
  for i, run in ipairs(runs_of(params)) do
    local result = binds.connection(session, nil, statement):execute(translated, run, options)
    if returning then results[i] = result else count = count + result.rowcount end
  end
  if not returning then return core.rowcount_result(count) end
  return #results == 1 and results[1] or results[1]:merge(table.unpack(results, 2))
end

-- The columns for whose types a NULL that is given counts.
local function columns_with_nulls(class)
  local found = {}
  for _, column in ipairs(class.__table__.columns) do
    if column.type.should_evaluate_none then found[column.key] = true end
  end
  return found
end

--- The rows of an INSERT without what is NULL, unless that is wanted.
local function without_nulls(statement, class, params, execution)
  if execution.render_nulls or core.execution_option(statement, "render_nulls") then return params end
  local null, rows, wanted = core.null(), {}, nil
  for i, row in ipairs(params) do
    rows[i] = {}
    for name, value in pairs(row) do
      if value == null and not wanted then wanted = columns_with_nulls(class) end
      if value ~= null or wanted[name] then rows[i][name] = value end
    end
  end
  return rows
end

local strategies = keywords.set {"auto", "bulk", "orm", "raw"}

--- How the rows of an INSERT are taken: "raw" as the columns' own, without a look at the class.
local function strategy_of(statement, execution)
  local given = execution.dml_strategy
  if given == nil then given = core.execution_option(statement, "dml_strategy") end
  if given ~= nil and not strategies[given] then
    error(exc.ArgumentError("Valid strategies for ORM insert strategy are 'raw', 'orm', 'bulk', 'auto'"), 0)
  end
  return given or "auto"
end

--- Whether rows of the class lie in several tables.
local function is_joined(class)
  local mapper = require("lualchemy.inspection").inspect(class)
  return not mapper.concrete and #mapper.tables > 1
end

local function primary_keys(class)
  local keys = {}
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.primary_key then keys[#keys + 1] = property.key end
  end
  return keys
end

local function copied(row)
  local copy = {}
  for name, value in pairs(row) do copy[name] = value end
  return copy
end

--- Rows of parameters without what an expression of the statement sets, which goes before; what the statement sets by attribute.
local function with_own_values(statement, rows)
  local own, plain = core.own_values(statement)
  if not own then return rows, {} end
  local all = {}
  for i, row in ipairs(rows) do
    all[i] = copied(row)
    for name in pairs(own) do
      if not plain[name] then all[i][name] = nil end
    end
  end
  return all, own
end

local KEYS_OF_A_SELECT = 250

--- Whether the identities of a part are numbers that grow, as the keys that a database makes.
local function is_ascending(identities)
  for i, identity in ipairs(identities) do
    if math.type(identity) ~= "integer" or i > 1 and identity <= identities[i - 1] then return false end
  end
  return true
end

--- What orders the rows of a select as their identities are: the attribute itself, or the number of each.
local function order_of(la, attributes, identities)
  if is_ascending(identities) then return attributes[1] end
  local numbered = {}
  for i, identity in ipairs(identities) do
    local criteria = {}
    for k, attribute in ipairs(attributes) do
      local value = identity
      if #attributes > 1 then value = identity[k] end
      criteria[k] = attribute:eq(value)
    end
    numbered[i] = {la.and_(table.unpack(criteria)), i}
  end
  return la.case(table.unpack(numbered))
end

--- What RETURNING asks for of rows that several tables have been given: read by their keys, in the order of the rows.
local function read_back(session, class, keys, rows, returning)
  local la, attributes, results = require "lualchemy", {}, {}
  for i, key in ipairs(keys) do attributes[i] = class[key] end
  local left = #attributes == 1 and attributes[1] or la.tuple_(table.unpack(attributes))
  for begin = 1, #rows, KEYS_OF_A_SELECT do
    local identities = {}
    for i = begin, math.min(begin + KEYS_OF_A_SELECT - 1, #rows) do
      local identity = {}
      for k, key in ipairs(keys) do identity[k] = rows[i][key] end
      identities[#identities + 1] = #keys == 1 and identity[1] or identity
    end
    local select = la.select(table.unpack(returning)):where(left:in_(identities)):order_by(order_of(la, attributes, identities))
    results[#results + 1] = run_again(session, select:execution_options {populate_existing = true})
  end
  return #results == 1 and results[1] or results[1]:merge(table.unpack(results, 2))
end

--- Rows of a class of several tables: each table gets its part.
local function insert_joined(session, statement, class, rows, execution)
  local render_nulls = execution.render_nulls or core.execution_option(statement, "render_nulls")
  local returning, given, own = core.returning_items(statement), with_own_values(statement, rows)
  local full = require("lualchemy.orm.bulk").insert(binds.connection(session, class), class, given,
    {return_defaults = returning ~= nil, render_nulls = render_nulls, own = own})
  if not returning then return core.rowcount_result(#full) end
  return read_back(session, class, primary_keys(class), full, returning)
end

--- An INSERT of a class.
local function insert(session, statement, params, options, execution)
  if strategy_of(statement, execution) == "raw" then
    return binds.connection(session, nil, statement):execute(core.orm_translate(statement), params, options)
  end
  if params ~= nil and params[1] == nil and next(params) ~= nil then params = {params} end
  if params == nil or #params == 0 then
    if core.returns_entities(statement) then return run_again(session, statement:execution_options(execution)) end
    return binds.connection(session, nil, statement):execute(core.orm_translate(statement), nil, options)
  end
  local class = core.dml_class(statement)
  params = descriptors.bulk_rows(class, params)
  if is_joined(class) then return insert_joined(session, statement, class, params, execution) end
  params = require("lualchemy.orm.bulk").completed(class, (with_own_values(statement, params)))
  params = without_nulls(statement, class, by_column(statement, params), execution)
  if #params == 1 and not core.has_returning(statement) then
    return binds.connection(session, nil, statement):execute(core.orm_translate(statement), params[1], options)
  end
  if next(execution) then statement = statement:execution_options(execution) end
  return insert_runs(session, statement, params, options)
end

--- The attributes of a class that an UPDATE may change without being told to: by what the columns or their table do, or as expressions.
local function changed_by_updates(class)
  local keys = {}
  for _, property in ipairs(core.mapper_properties(class)) do
    local column = property.column
    local is_made = column and (property.version or column.onupdate ~= nil or column.server_onupdate ~= nil or column.computed ~= nil)
    if is_made or property.kind == "expression" then keys[property.key] = true end
  end
  return keys
end

--- An object of the session takes the values of its row of a bulk UPDATE, where it had read them; what it had changed itself, and what only
--- the database knows, is read again.
local function take_values(session, object, row, primary, changed)
  local stale = {}
  for name, value in pairs(row) do
    if not primary[name] and not changed[name] and core.object_loaded(object, name) then
      local added, _, deleted = core.object_history(object, name)
      if #added + #deleted > 0 or core.is_expression(value) then
        stale[#stale + 1] = name
      else
        core.object_set_committed(object, name, value)
      end
    end
  end
  for name in pairs(changed) do
    if core.object_loaded(object, name) then stale[#stale + 1] = name end
  end
  if #stale > 0 then session:expire(object, stale) end
end

--- The objects of the session take the values of a bulk UPDATE that they have been given.
local function take_rows(session, class, rows, own)
  local identity_key = require("lualchemy.orm.identity").identity_key
  local keys, primary, changed = primary_keys(class), {}, changed_by_updates(class)
  for name in pairs(own) do changed[name] = true end
  for _, key in ipairs(keys) do primary[key] = true end
  for _, row in ipairs(rows) do
    local identity = {}
    for k, key in ipairs(keys) do identity[k] = row[key] end
    local known = session.identity_map:get(identity_key(class, identity))
    if known and core.is_subclass(core.mapped_class_of(known), class) then
      take_values(session, known, row, primary, changed)
    elseif known then
      session:expire(known)
    end
  end
end

local function refuse_bulk_update(statement, how)
  if how == "fetch" then
    error(exc.InvalidRequestError(
      "The 'fetch' synchronization strategy is not available for 'bulk' ORM updates (i.e. multiple parameter sets)"), 0)
  end
  if core.has_where(statement) and how ~= "false" then
    error(exc.InvalidRequestError("bulk synchronize of persistent objects not supported when using bulk update with additional WHERE " ..
      "criteria right now.  add synchronize_session=false execution option to bypass synchronize of persistent objects."), 0)
  end
  if core.has_returning(statement) then
    error(exc.InvalidRequestError("bulk UPDATE by primary key gives no rows: it takes no returning()"), 0)
  end
end

--- Bulk UPDATE by primary key: each row names its object, and sets its other keys.
local function update_rows(session, statement, rows, how)
  refuse_bulk_update(statement, how)
  local class = core.dml_class(statement)
  local given, own = with_own_values(statement, rows)
  local matched = require("lualchemy.orm.bulk").update(binds.connection(session, nil, statement), class, given, {own = own,
    condition = core.has_where(statement) and statement.whereclause or nil, execution_options = core.execution_options(statement)})
  if how ~= "false" then take_rows(session, class, given, own) end
  return core.rowcount_result(matched)
end

--- An UPDATE or DELETE with one map of parameters: names of mapped columns are what an UPDATE sets, the others are its
--- parameters' names.
local function with_one_row(statement, kind, params)
  local values, given, mapped = {}, {}, {}
  for _, property in ipairs(kind == "update" and core.mapper_properties(core.dml_class(statement)) or {}) do
    if property.column then mapped[property.key] = true end
  end
  for name, value in pairs(params) do (mapped[name] and values or given)[name] = value end
  if next(given) ~= nil then statement = statement:params(given) end
  return next(values) ~= nil and statement:values(values) or statement
end

--- The statement with the keys of its rows in RETURNING, the places of the key's parts there, and how many columns are its own; nothing for
--- one that returns objects, or changes a class of several tables.
local function with_keys(statement, class)
  if is_joined(class) then return nil end
  local items, found, places, missing = core.returning_items(statement), {}, {}, {}
  for i, item in ipairs(items) do
    local of, key = core.attribute_of(item)
    if not of then return nil end
    found[key] = found[key] or i
  end
  for i, key in ipairs(primary_keys(class)) do
    if not found[key] then missing[#missing + 1] = class[key] end
    places[i] = found[key] or #items + #missing
  end
  return #missing > 0 and statement:returning(table.unpack(missing)) or statement, places, #items
end

--- The rows of an UPDATE or DELETE that tell by their keys which of the session's objects it has changed.
local function change_returned(session, statement)
  local class = core.dml_class(statement)
  local full, places, width = with_keys(statement, class)
  if not full then return core.session_dml_rows(session, statement, "fetch") end
  local identity_key = require("lualchemy.orm.identity").identity_key
  local results, objects = core.session_dml_rows(session, full, "false"):freeze(), {}
  for row in results() do
    local identity = {}
    for i, place in ipairs(places) do identity[i] = row[place] end
    objects[#objects + 1] = session.identity_map:get(identity_key(class, identity))
  end
  core.session_dml_after(session, statement, objects)
  if full == statement then return results() end
  local columns = {}
  for i = 1, width do columns[i] = i end
  return results():columns(table.unpack(columns))
end

--- An UPDATE or DELETE of a class.
local function change(session, statement, kind, params, execution)
  local how = synchronize(statement, execution)
  if execution.schema_translate_map ~= nil then
    statement = statement:execution_options {schema_translate_map = execution.schema_translate_map}
  end
  if params ~= nil and params[1] ~= nil then
    if kind == "delete" then
      error(exc.InvalidRequestError("Bulk ORM DELETE not supported right now. Statement may be invoked at the Core level using " ..
        "session:connection():execute(stmt, parameters)"), 0)
    end
    core.session_autoflush(session)
    return update_rows(session, statement, descriptors.bulk_rows(core.dml_class(statement), params), how)
  end
  if params ~= nil and next(params) ~= nil then statement = with_one_row(statement, kind, params) end
  if core.has_returning(statement) then
    if how == "fetch" then return change_returned(session, statement) end
    return core.session_dml_rows(session, statement, how)
  end
  return core.session_dml_result(session, statement, how)
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

local function check_params(name, params)
  if type(params) == "function" then return end
  if params ~= nil and type(params) ~= "table" then
    error(exc.ArgumentError(("session:%s() takes parameters as a table, not a %s"):format(name, type(params))), 0)
  end
  for i, row in ipairs(params or {}) do
    if type(row) ~= "table" then
      error(exc.ArgumentError(("session:%s() takes rows of parameters as tables; number %d is a %s"):format(name, i, type(row))), 0)
    end
  end
end

--- Options of the session, under those of the call.
---@param session lualchemy.Session
---@param given table?
---@return table
function M.execution_options(session, given)
  local all = {}
  for _, from in ipairs {core.session_misc(session).execution_options or {}, given or {}} do
    for name, value in pairs(from) do all[name] = value end
  end
  return all
end

--- Options of the session that the statement has no own say in.
local function under_statement(session, statement)
  local all = M.execution_options(session)
  for name in pairs(all) do
    if core.execution_option(statement, name) ~= nil then all[name] = nil end
  end
  return all
end
M.under_statement = under_statement

local function execute(session, statement, params, options)
  local given = options.execution_options and {execution_options = options.execution_options} or nil
  local kind = core.is_orm(statement)
  local execution = options.execution_options or {}
  if kind ~= nil and core.session_misc(session).execution_options then
    local all = under_statement(session, statement)
    for option, value in pairs(execution) do all[option] = value end
    execution = all
  end
  local result
  if kind == "select" then
    if params ~= nil and next(params) ~= nil then statement = with_params(statement, params) end
    if next(execution) then statement = statement:execution_options(execution) end
    result = run_again(session, statement)
  elseif kind == "update" or kind == "delete" then
    result = change(session, statement, kind, params, execution)
  else
    core.session_autoflush(session)
    if kind == "insert" then
      result = insert(session, statement, params, given, execution)
    else
      result = binds.connection(session, nil, statement):execute(statement, params, given)
    end
  end
  return result
end

core.hook("session_execute", function(session, statement, params, options, name)
  options = keywords.check("session:" .. name, options, option_keywords)
  check_params(name, params)
  if type(params) == "function" and core.is_orm(statement) then
    params = core.parameter_sets(params)
    if #params == 0 then return core.rowcount_result(0) end
  end
  local result = binds.with_arguments(session, options.bind_arguments, function() return execute(session, statement, params, options) end)
  if name == "execute" then return result end
  return result[name](result)
end)

M.option_keywords = option_keywords

return M
