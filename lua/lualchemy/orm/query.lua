-- SPDX-License-Identifier: MIT
-- Queries: what of the legacy Query is not hot, and functions that serve selects of classes.
--
-- The Query itself is C (binding/orm_query.c): a Select and a session. Its methods written here are hooks that get both; a Query
-- among their arguments comes as its Select.
local core = require "lualchemy.core"
local event = require "lualchemy.event"
local exc = require "lualchemy.exc"
local executing = require "lualchemy.orm.execute"
local inspection = require "lualchemy.inspection"
local states = require "lualchemy.orm.execute_state"
local keywords = require "lualchemy.keywords"
local sql_fields = require "lualchemy.sql._fields"
local describe = require "lualchemy.describe"
local strict = require "lualchemy.strict"

local M = {}

local function lualchemy() return require "lualchemy" end

local parent_keywords = keywords.set {"from_entity"}

--- The condition that rows are related to `object` along a relationship of its class, as SQLAlchemy's `with_parent()`.
---
---     session:scalars(la.select(Address):where(orm.with_parent(user, User.addresses)))
---@param object table  a mapped object; what of it is expired is read
---@param relationship lualchemy.RelationshipAttribute
---@param options table?  `from_entity`: the class or alias whose rows are meant
---@return lualchemy.ColumnElement
---@raise UnmappedInstanceError if `object` is none; ArgumentError if its class has no such relationship
function M.with_parent(object, relationship, options)
  options = keywords.check("with_parent", options, parent_keywords)
  return core.with_parent(object, relationship, options.from_entity)
end

--- Makes a Query, as SQLAlchemy's `Query(entities, session)`; `session:query(entity, …)` is the usual way.
---
---     local adults = orm.Query(User):filter(User.age:ge(18))
---     for _, user in ipairs(adults:with_session(session):all()) do … end
---@param entities any  a class, alias or column, or a sequence of them
---@param session lualchemy.Session?
---@return lualchemy.Query
---@raise InvalidRequestError without entities
function M.Query(entities, session)
  local is_list = type(entities) == "table" and not core.is_mapped(entities) and getmetatable(entities) == nil
  return core.query_new(session, is_list and entities or {entities})
end

--- Defines a method of Query that gives a Query of the Select that `make(select, …)` gives.
local function building(name, make)
  core.hook("query_" .. name, function(select, session, ...)
    return core.query_wrap(make(select, ...), session)
  end)
end

local function option(name)
  return function(select, value) return select:execution_options {[name] = value} end
end

local function check_boolean(name, value)
  if type(value) ~= "boolean" then
    error(exc.ArgumentError(("Query.%s() takes true or false, not %s"):format(name, type(value))), 0)
  end
  return value
end

for name, key in pairs {autoflush = "autoflush", enable_eagerloads = "enable_eagerloads",
  enable_assertions = "_enable_assertions", only_return_tuples = "_only_return_tuples"} do
  building(name, function(select, value) return option(key)(select, check_boolean(name, value)) end)
end

building("yield_per", function(select, count)
  if math.type(count) ~= "integer" or count < 1 then
    error(exc.ArgumentError("Query.yield_per() takes the number of rows to read at a time"), 0)
  end
  return select:execution_options {yield_per = count}
end)
building("populate_existing", function(select) return select:execution_options {populate_existing = true} end)
building("with_entities", function(select, ...)
  if (...) == nil then error(exc.InvalidRequestError("Query contains no columns with which to SELECT from."), 0) end
  return select:with_only_columns(...)
end)
building("add_column", function(select, column) return select:add_columns(column) end)
building("add_entity", function(select, entity, alias)
  if not core.entity_class(entity) then
    error(exc.ArgumentError(("Query.add_entity() takes a mapped class or an alias of one, not a %s"):format(type(entity))), 0)
  end
  return select:add_columns(alias == nil and entity or require("lualchemy.orm").aliased(entity, alias))
end)
building("set_label_style", function(select, style) return core.select_plain(select):set_label_style(style) end)
for _, name in ipairs {"with_labels", "apply_labels"} do
  building(name, function(select)
    return core.select_plain(select):set_label_style(lualchemy().LABEL_STYLE_TABLENAME_PLUS_COL)
  end)
end
building("set_shard", function(select, id)
  if id == nil then error(exc.ArgumentError("Query.set_shard() takes the id of a shard"), 0) end
  return select:execution_options {_sa_shard_id = id}
end)
building("tuples", function(select) return select end)
building("reset_joinpoint", function(select) return select end)

core.hook("query_with_session", function(select, _, session)
  return core.query_wrap(select, session)
end)

core.hook("query_with_transformation", function(select, session, transform)
  if type(transform) ~= "function" then
    error(exc.ArgumentError(("Query.with_transformation() takes a function, not a %s"):format(type(transform))), 0)
  end
  return transform(core.query_wrap(select, session))
end)

--- The execution options that the program has set.
core.hook("query_get_execution_options", function(select)
  local options = {}
  for name, value in pairs(select:get_execution_options()) do
    if name:sub(1, 1) ~= "_" then options[name] = value end
  end
  return options
end)

for _, name in ipairs {"union", "union_all", "intersect", "intersect_all", "except_", "except_all"} do
  building(name, function(select, ...)
    return core.query_from_self(select, select[name](select, ...))
  end)
end

local function without_eager_loads(select)
  return select:execution_options {enable_eagerloads = false}
end

local subquery_keywords = keywords.set {"name", "with_labels", "reduce_columns"}

core.hook("query_subquery", function(select, _, name, options)
  if options == nil and keywords.is_table(name) then name, options = nil, name end
  options = keywords.check("Query.subquery", options, subquery_keywords)
  local plain = core.select_plain(without_eager_loads(select))
  if options.with_labels then plain = plain:set_label_style(lualchemy().LABEL_STYLE_TABLENAME_PLUS_COL) end
  if options.reduce_columns then plain = plain:reduce_columns() end
  if name == nil then name = options.name end
  return plain:subquery(name)
end)

--- EXISTS (SELECT 1 FROM what the query selects from).
core.hook("query_exists", function(select)
  local one = core.select_plain(without_eager_loads(select)):with_only_columns(lualchemy().literal_column "1", {maintain_column_froms = true})
  return one:exists()
end)

local function check_session(session)
  if session == nil then
    error(exc.UnboundExecutionError("This Query has no session: query:with_session(session), or session:query(entity)"), 0)
  end
  return session
end

--- SELECT count(*) FROM (the query).
core.hook("query_count", function(select, session)
  local la = lualchemy()
  local count = la.select(la.func.count(la.literal_column "*")):select_from(without_eager_loads(select):subquery())
  return check_session(session):execute(count:execution_options(select:get_execution_options())):scalar_one()
end)

--- What the method `name` of a Query gives of the Result that a listener of do_orm_execute has given it: objects that come alone, each once.
core.hook("query_answer", function(result, select, name)
  local items, entities = core.select_items(select)
  if #items == 1 and items[1] == entities[1] and not core.execution_option(select, "_only_return_tuples") then result = result:scalars() end
  for _, entity in ipairs(entities) do
    if entity then
      result = result:unique()
      break
    end
  end
  if name == "iter" then return result end
  if name == "scalar" then
    local list = result:all()
    if #list > 1 then error(exc.MultipleResultsFound("Multiple rows were found when exactly one was required"), 0) end
    return list[1]
  end
  return result[name](result)
end)

core.hook("query_value", function(select, session, column)
  local row = core.query_wrap(select:with_only_columns(column), session):first()
  return row and row[1]
end)

core.hook("query_values", function(select, session, ...)
  if (...) == nil then return function() end end
  return core.query_wrap(select:with_only_columns(...):execution_options {yield_per = 10}, session):iter()
end)

--- The relationship of the object's class that leads to `entity`, for with_parent() without one.
local function relationship_to(object, entity)
  local class, target = core.mapped_class_of(object), (core.entity_class(entity))
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.target == target then return class[property.key] end
  end
  error(exc.InvalidRequestError(("Could not locate a property which relates instances of class '%s' to instances of class '%s'")
    :format(target.__name__, class.__name__)), 0)
end

core.hook("query_with_parent", function(select, session, object, relationship, options)
  options = keywords.check("Query.with_parent", options, parent_keywords)
  local entity = options.from_entity or core.select_entity(select)
  if core.mapped_class_of(object) == nil then
    error(require("lualchemy.orm.exc").UnmappedInstanceError(("a %s is not an instance of a mapped class"):format(type(object))), 0)
  end
  relationship = relationship or relationship_to(object, entity)
  return core.query_wrap(select:where(core.with_parent(object, relationship, entity)), session)
end)

core.hook("query_get", function(select, session, identity, ...)
  local items, entities = core.select_items(select)
  if #items ~= 1 or items[1] ~= entities[1] then
    error(exc.InvalidRequestError("get() can only be used against a single mapped class."), 0)
  end
  if next(core.select_clauses(select)) ~= nil and core.execution_option(select, "_enable_assertions") ~= false then
    error(exc.InvalidRequestError("Query.get() being called on a Query with existing criterion. "), 0)
  end
  local options = core.select_options(select)
  if options then return check_session(session):get(items[1], identity, {options = options}) end
  return check_session(session):get(items[1], identity, ...)
end)

core.hook("query_scalars", function(select, session)
  return check_session(session):scalars(core.select_plain(select))
end)

--- Objects of a result (or a list) that another session or a cache has made, merged into the query's session.
core.hook("query_merge_result", function(_, session, rows, options)
  options = keywords.check("Query.merge_result", options, keywords.set {"load"})
  if type(rows) ~= "table" and not tostring(core.class_of(rows)):find "Result$" then
    error(exc.ArgumentError(("Query.merge_result takes a Result or a list, not %s"):format(describe.value(rows))), 0)
  end
  check_session(session)
  local load = {load = options.load ~= false}
  local merged = {}
  local function merge(value)
    return core.mapped_class_of(value) and session:merge(value, load) or value
  end
  for i, row in ipairs(type(rows) == "table" and rows or rows:all()) do
    if core.mapped_class_of(row) or type(row) ~= "table" and type(row) ~= "userdata" then
      merged[i] = merge(row)
    else
      local values = {}
      for k = 1, #row do values[k] = merge(row[k]) end
      merged[i] = values
    end
  end
  return merged
end)

local fields = {
  statement = core.select_plain,
  selectable = function(select) return select end,
  column_descriptions = sql_fields.column_descriptions,
  whereclause = function(select) return select.whereclause end,
  session = function(_, session) return session end,
  is_select = function() return true end,
  is_single_entity = function(select)
    local items, entities = core.select_items(select)
    return #items == 1 and items[1] == entities[1] and not core.execution_option(select, "_only_return_tuples")
  end,
}

for _, name in ipairs {"is_insert", "is_update", "is_delete", "is_dml", "is_text", "is_from_statement"} do
  fields[name] = function() return false end
end

core.hook("query_field", function(select, session, key)
  local field = fields[key]
  if field then return field(select, session) end
  if strict.is_probe(key) then return nil end
  strict.unknown("a Query", key, fields, core.query_methods())
end)

local dml_keywords = {
  delete = keywords.set {"synchronize_session", "delete_args"},
  update = keywords.set {"synchronize_session", "update_args"},
}

--- Runs the UPDATE or DELETE, its listeners around it: `context` tells them of it.
local function run_change(name, select, session, how, context, make)
  if event.__has(M.Query, "before_compile_" .. name) then
    select = states.before_dml(name, context.query, context).selectable
  end
  local count = states.run_dml(session, core.select_to_dml(select, make(context)), how)
  if event.__has(session, "after_bulk_" .. name) then
    context.result = {rowcount = count}
    event.__fire("after_bulk_" .. name, session, context)
  end
  return count
end

local function change(name, select, session, options, make, values)
  options = keywords.check("Query." .. name, options, dml_keywords[name])
  local how = executing.synchronize_session(options.synchronize_session)
  check_session(session)
  local items, entities = core.select_items(select)
  if #items ~= 1 or items[1] ~= entities[1] then
    error(exc.ArgumentError(("Query.%s() works on one mapped class: session:query(Class), without columns or other classes"):format(name)), 0)
  end
  local context = {session = session, query = core.query_wrap(select, session), entity = items[1], values = values,
    mapper = inspection.inspect(core.entity_class(items[1]))}
  return run_change(name, select, session, how, context, make)
end

core.hook("query_delete", function(select, session, options)
  return change("delete", select, session, options, function(context) return lualchemy().delete(context.entity) end)
end)

core.hook("query_update", function(select, session, values, options)
  return change("update", select, session, options, function(context) return lualchemy().update(context.entity):values(context.values) end, values)
end)

return M
