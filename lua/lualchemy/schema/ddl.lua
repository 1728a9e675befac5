-- SPDX-License-Identifier: MIT
-- Creating and dropping what a schema describes.
--
-- The texts are the core's; here is the order, the question whether a thing is there, and the events around each.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"
local item = require "lualchemy.schema.item"
local sort = require "lualchemy.schema.sort"
local warnings = require "lualchemy.warnings"
local select = core.lua_select

local ddl = {}

-- What is looked for before it is created or dropped: bits as in SQLAlchemy's CheckFirst.
local CheckFirst = {NONE = 0, TABLES = 2, VIEWS = 4, INDEXES = 8, SEQUENCES = 16, TYPES = 32, ALL = 62}
ddl.CheckFirst = CheckFirst
-- What an Inspector's questions about many tables are asked of.
ddl.ObjectKind = {TABLE = 1, VIEW = 2, MATERIALIZED_VIEW = 4, ANY_VIEW = 6, ANY = 7}
ddl.ObjectScope = {DEFAULT = 1, TEMPORARY = 2, ANY = 3}

local function checks(options, bit, otherwise)
  local given = options.checkfirst
  if given == nil then given = otherwise end
  if given == true then return true end
  if given == false then return false end
  if math.type(given) ~= "integer" then
    error(exc.ArgumentError(("checkfirst is a boolean or one of CheckFirst, not %s"):format(describe.value(given))), 0)
  end
  return given & bit ~= 0
end

local function fire(identifier, target, connection, options)
  local event = require "lualchemy.event"
  if event.__has(target, identifier) then event.__fire(identifier, target, target, connection, options) end
end

-- Calls `work(connection)` in a transaction of the engine, or on the connection given.
local function with_connection(name, bind, work)
  local class = core.class_of(bind)
  if class == "lualchemy.Engine" then
    bind:begin(work)
  elseif class == "lualchemy.Connection" then
    work(bind)
  elseif type(bind) == "table" and type(bind.exec_driver_sql) == "function" then
    work(bind)
  else
    error(exc.ArgumentError(("%s takes an Engine or a Connection, not %s"):format(name, describe.value(bind))), 0)
  end
end

--- A schema_translate_map as the core takes it.
---@private
function ddl.translation(map)
  return require("lualchemy.engine._options").translation(map)
end

--- The schema_translate_map of a call's options, or of the connection, as the core takes it, and as it is; nil without one.
---@private
function ddl.translation_of(connection, options)
  if core.class_of(connection) ~= "lualchemy.Connection" then return nil end
  local map = ((options or {}).execution_options or {}).schema_translate_map
  if map == nil then map = (core.connection_options(connection) or {}).schema_translate_map end
  return ddl.translation(map), map
end
local translation_of = ddl.translation_of

local function place_of(connection, target)
  local text, map = translation_of(connection)
  local schema = target.schema
  if text then
    local to = map[schema or core.null()]
    if to ~= nil then schema = to ~= core.null() and to ~= "" and to or nil end
  end
  return schema and {schema = schema} or nil
end

local function inspector_of(connection)
  return require("lualchemy.engine.reflection").Inspector(connection)
end

local function has_table(connection, target)
  return inspector_of(connection):has_table(target.name, place_of(connection, target))
end

-- Whether the table, or the view that it stands for, is there.
local function is_there(connection, target)
  if not core.record(target).is_view then return has_table(connection, target) end
  for _, name in ipairs(inspector_of(connection):get_view_names(place_of(connection, target))) do
    if name == target.name then return true end
  end
  return false
end

-- Which of CheckFirst's bits asks about it.
local function bit_of(target)
  return core.record(target).is_view and CheckFirst.VIEWS or CheckFirst.TABLES
end

local function has_index(connection, index)
  local inspector = inspector_of(connection)
  for _, known in ipairs(inspector:get_indexes(index.table.name, place_of(connection, index.table))) do
    if known.name == index.name then return true end
  end
  return false
end

--- Executes a text on a connection, or on what stands for one.
---@private
function ddl.send(connection, text)
  if core.class_of(connection) == "lualchemy.Connection" then return core.connection_exec_ddl(connection, text) end
  return connection:exec_driver_sql(text)
end

--- Does the condition of execute_if or ddl_if hold? `dialect` may be the name of one.
---@private
function ddl.holds(condition, element, target, connection, dialect, options)
  local wanted, name = condition.dialect, type(dialect) == "string" and dialect or dialect.name
  if type(wanted) == "string" and wanted ~= name then return false end
  if type(wanted) == "table" then
    local found = false
    for _, each in ipairs(wanted) do found = found or each == name end
    if not found then return false end
  end
  if not condition.callable_ then return true end
  local passed = {state = condition.state, dialect = type(dialect) == "string" and core.dialect(dialect) or dialect}
  for key, value in next, options or {} do passed[key] = value end
  return condition.callable_(element, target, connection, passed) and true or false
end

-- The constraints of a table whose ddl_if does not hold.
local function unwanted(target, dialect)
  local found = {}
  for box, constraint in next, core.record(target).items or {} do
    local condition = rawget(constraint, "_condition")
    if condition and core.class_of(box) == "lualchemy.Constraint" and
      not ddl.holds(condition, constraint, constraint, nil, dialect) then
      found[#found + 1] = box
    end
  end
  return found
end

--- The text that the core writes, without the constraints of a table that are not wanted there.
---@private
function ddl.text(dialect, what, thing, ...)
  local left_out = what == "create_table" and unwanted(thing, dialect) or {}
  if #left_out == 0 then return core.ddl(dialect, what, thing, ...) end
  local before = {}
  for i, box in ipairs(left_out) do before[i] = core.constraint_isolate(box, true) end
  local ok, text = pcall(core.ddl, dialect, what, thing, ...)
  for i, box in ipairs(left_out) do core.constraint_isolate(box, before[i]) end
  if not ok then error(text, 0) end
  return text
end

local function is_heard(connection)
  local event = require "lualchemy.event"
  return core.class_of(connection) == "lualchemy.Connection" and
    (event.__has(connection, "before_execute") or event.__has(connection, "after_execute"))
end

--- Calls `work(element)`, which sends it, between the events before_execute and after_execute of the connection. A
--- listener with `retval` may put another element in its place.
---@private
function ddl.tell(connection, element, options, work)
  if not is_heard(connection) then return work(element) end
  local event, none = require "lualchemy.event", core.list {}
  local _, told = event.__fire("before_execute", connection, connection, element, none, {}, options)
  local result = work(told)
  event.__fire("after_execute", connection, connection, told, none, {}, options, result)
  return result
end

local element_names = {create_table = "CreateTable", drop_table = "DropTable", create_index = "CreateIndex",
  drop_index = "DropIndex"}

-- Sends what the core writes of a table or an index; where somebody listens, as the element that says it.
local function emit(connection, what, thing)
  if is_heard(connection) then
    local name = element_names[what]
    connection:execute(require("lualchemy.schema.ddl_element")[name](thing))
    return
  end
  local dialect = connection.dialect
  if what == "create_index" or what == "drop_index" then thing = ddl.index_of(thing) end
  ddl.send(connection, ddl.text(dialect.name, what, thing, false, (translation_of(connection)),
    dialect.max_identifier_length))
end

-- The statement that the program has set for creating ("creator") or dropping ("dropper") the table, or the usual one.
local function emit_table(connection, what, target, role)
  local element = core.record(target)[role]
  if element then
    local _, map = translation_of(connection)
    ddl.send(connection, element:compile{dialect = connection.dialect, schema_translate_map = map})
  else
    emit(connection, what, target)
  end
end

local function create_one(connection, target, options)
  fire("before_create", target, connection, options)
  emit_table(connection, "create_table", target, "creator")
  for _, index in ipairs(target.indexes) do
    local condition = rawget(index, "_condition")
    if not condition or ddl.holds(condition, index, index, connection, connection.dialect, options) then
      emit(connection, "create_index", index)
    end
  end
  fire("after_create", target, connection, options)
end

local function drop_one(connection, target, options)
  fire("before_drop", target, connection, options)
  emit_table(connection, "drop_table", target, "dropper")
  fire("after_drop", target, connection, options)
end

local table_keywords = keywords.set {"checkfirst"}

--- Creates one table with its indexes.
function ddl.create_table(target, bind, options)
  bind, options = keywords.take_bind(bind, options)
  options = keywords.check("create", options, table_keywords)
  with_connection("create", bind, function(connection)
    if checks(options, bit_of(target), false) and is_there(connection, target) then return end
    create_one(connection, target, options)
  end)
end

--- Drops one table.
function ddl.drop_table(target, bind, options)
  bind, options = keywords.take_bind(bind, options)
  options = keywords.check("drop", options, table_keywords)
  with_connection("drop", bind, function(connection)
    if checks(options, bit_of(target), false) and not is_there(connection, target) then return end
    drop_one(connection, target, options)
  end)
end

--- The core's object of an index.
function ddl.index_of(index)
  if item.kind(index) ~= "Index" then
    error(exc.ArgumentError(("expected an Index, got %s"):format(describe.value(index))), 0)
  end
  if not rawget(index, "_core") then
    error(exc.CompileError(("Index '%s' is not associated with any table."):format(tostring(index.name))), 0)
  end
  return index._core
end

--- Creates one index of a table that is there.
function ddl.create_index(index, bind, options)
  bind, options = keywords.take_bind(bind, options)
  options = keywords.check("create", options, table_keywords)
  with_connection("create", bind, function(connection)
    if checks(options, CheckFirst.INDEXES, false) and has_index(connection, index) then return end
    emit(connection, "create_index", index)
  end)
end

--- Drops one index.
function ddl.drop_index(index, bind, options)
  bind, options = keywords.take_bind(bind, options)
  options = keywords.check("drop", options, table_keywords)
  with_connection("drop", bind, function(connection)
    if checks(options, CheckFirst.INDEXES, false) and not has_index(connection, index) then return end
    emit(connection, "drop_index", index)
  end)
end

--- Creates or drops a sequence of a database that has them: none that there is a driver for.
---@private
function ddl.send_sequence(verb, sequence, bind, options)
  bind, options = keywords.take_bind(bind, options)
  keywords.check(verb, options, table_keywords)
  with_connection(verb, bind, function(connection)
    if connection.dialect.name == "sqlite" then return end
    local element = require "lualchemy.schema.ddl_element"
    local make = verb == "create" and element.CreateSequence or element.DropSequence
    ddl.send(connection, make(sequence):compile {dialect = connection.dialect})
  end)
end

local all_keywords = keywords.set {"tables", "checkfirst"}

-- The tables in order of dependency; then what is made of a SELECT, in order of creation.
local function in_order(metadata)
  local tables, selected = {}, {}
  for _, target in ipairs((core.metadata_sorted(metadata))) do
    local list = core.record(target).selected_serial and selected or tables
    list[#list + 1] = target
  end
  table.sort(selected, function(a, b) return core.record(a).selected_serial < core.record(b).selected_serial end)
  return table.move(selected, 1, #selected, #tables + 1, tables)
end

-- The tables asked for, in that order.
local function chosen(metadata, options)
  local sorted = in_order(metadata)
  if options.tables == nil then return sorted end
  local wanted, found = {}, {}
  for _, target in ipairs(options.tables) do
    if type(target) == "table" and target.__table__ then target = target.__table__ end
    if core.class_of(target) ~= "lualchemy.Table" then
      error(exc.ArgumentError(("tables is a list of Tables; it has %s"):format(describe.value(target))), 0)
    end
    wanted[target] = true
  end
  for _, target in ipairs(sorted) do
    if wanted[target] then found[#found + 1] = target end
  end
  return found
end

--- Creates every table that is not there.
function ddl.create_all(metadata, bind, options)
  bind, options = keywords.take_bind(bind, options)
  options = keywords.check("create_all", options, all_keywords)
  with_connection("create_all", bind, function(connection)
    local missing = {}
    for _, target in ipairs(chosen(metadata, options)) do
      if not checks(options, bit_of(target), true) or not is_there(connection, target) then
        missing[#missing + 1] = target
      end
    end
    local passed = {tables = missing, checkfirst = checks(options, CheckFirst.TABLES, true)}
    fire("before_create", metadata, connection, passed)
    for _, target in ipairs(missing) do
      create_one(connection, target, passed)
    end
    fire("after_create", metadata, connection, passed)
  end)
end

--- Drops every table that is there, the last created first.
function ddl.drop_all(metadata, bind, options)
  bind, options = keywords.take_bind(bind, options)
  options = keywords.check("drop_all", options, all_keywords)
  with_connection("drop_all", bind, function(connection)
    local there, tables = {}, chosen(metadata, options)
    for i = #tables, 1, -1 do
      if not checks(options, bit_of(tables[i]), true) or is_there(connection, tables[i]) then
        there[#there + 1] = tables[i]
      end
    end
    local circle = select(2, core.metadata_sorted(metadata)) and sort.circle_of(there) or ""
    if circle ~= "" then
      warnings.warn(("Can't sort tables for DROP; an unresolvable foreign key dependency exists between tables: %s; and backend does not support " ..
        "ALTER.  To restore at least a partial sort, apply use_alter=True to ForeignKey and ForeignKeyConstraint objects involved in the cycle to " ..
        "mark these as known cycles that will be ignored."):format(circle))
    end
    local passed = {tables = there, checkfirst = checks(options, CheckFirst.TABLES, true)}
    fire("before_drop", metadata, connection, passed)
    for _, target in ipairs(there) do
      drop_one(connection, target, passed)
    end
    fire("after_drop", metadata, connection, passed)
  end)
end

return ddl
