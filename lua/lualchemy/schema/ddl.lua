-- SPDX-License-Identifier: MIT
-- Creating and dropping what a schema describes.
--
-- The texts are the core's; here is the order, the question whether a thing is there, and the events around each.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"
local item = require "lualchemy.schema.item"

local ddl = {}

-- What is looked for before it is created or dropped: bits as in SQLAlchemy's CheckFirst.
local CheckFirst = {NONE = 0, TABLES = 2, VIEWS = 4, INDEXES = 8, SEQUENCES = 16, TYPES = 32, ALL = 62}
ddl.CheckFirst = CheckFirst

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

local function place_of(target)
  return target.schema and {schema = target.schema} or nil
end

local function inspector_of(connection)
  return require("lualchemy.reflection").Inspector(connection)
end

local function has_table(connection, target)
  return inspector_of(connection):has_table(target.name, place_of(target))
end

local function has_index(connection, index)
  local inspector = inspector_of(connection)
  for _, known in ipairs(inspector:get_indexes(index.table.name, place_of(index.table))) do
    if known.name == index.name then return true end
  end
  return false
end

local function emit(connection, what, thing)
  connection:exec_driver_sql(core.ddl(connection.dialect.name, what, thing))
end

local function create_one(connection, target, options)
  fire("before_create", target, connection, options)
  emit(connection, "create_table", target)
  for _, index in ipairs(core.table_indexes(target)) do
    emit(connection, "create_index", index)
  end
  fire("after_create", target, connection, options)
end

local function drop_one(connection, target, options)
  fire("before_drop", target, connection, options)
  emit(connection, "drop_table", target)
  fire("after_drop", target, connection, options)
end

local table_keywords = keywords.set {"checkfirst"}

--- Creates one table with its indexes.
function ddl.create_table(target, bind, options)
  options = keywords.check("create", options, table_keywords)
  with_connection("create", bind, function(connection)
    if checks(options, CheckFirst.TABLES, false) and has_table(connection, target) then return end
    create_one(connection, target, options)
  end)
end

--- Drops one table.
function ddl.drop_table(target, bind, options)
  options = keywords.check("drop", options, table_keywords)
  with_connection("drop", bind, function(connection)
    if checks(options, CheckFirst.TABLES, false) and not has_table(connection, target) then return end
    drop_one(connection, target, options)
  end)
end

local function index_of(index)
  if not rawget(index, "_core") then
    error(exc.CompileError(("Index '%s' is not associated with any table."):format(tostring(index.name))), 0)
  end
  return index._core
end

--- Creates one index of a table that is there.
function ddl.create_index(index, bind, options)
  options = keywords.check("create", options, table_keywords)
  with_connection("create", bind, function(connection)
    if checks(options, CheckFirst.INDEXES, false) and has_index(connection, index) then return end
    emit(connection, "create_index", index_of(index))
  end)
end

--- Drops one index.
function ddl.drop_index(index, bind, options)
  options = keywords.check("drop", options, table_keywords)
  with_connection("drop", bind, function(connection)
    if checks(options, CheckFirst.INDEXES, false) and not has_index(connection, index) then return end
    emit(connection, "drop_index", index_of(index))
  end)
end

local all_keywords = keywords.set {"tables", "checkfirst"}

-- The tables asked for, in order of dependency.
local function chosen(metadata, options)
  local sorted, cycle = core.metadata_sorted(metadata)
  if options.tables == nil then return sorted, cycle end
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
  return found, cycle
end

--- Creates every table that is not there.
function ddl.create_all(metadata, bind, options)
  options = keywords.check("create_all", options, all_keywords)
  with_connection("create_all", bind, function(connection)
    local check, missing = checks(options, CheckFirst.TABLES, true), {}
    for _, target in ipairs((chosen(metadata, options))) do
      if not check or not has_table(connection, target) then missing[#missing + 1] = target end
    end
    local passed = {tables = missing, checkfirst = check}
    fire("before_create", metadata, connection, passed)
    for _, target in ipairs(missing) do
      create_one(connection, target, passed)
    end
    fire("after_create", metadata, connection, passed)
  end)
end

--- Drops every table that is there, the last created first.
function ddl.drop_all(metadata, bind, options)
  options = keywords.check("drop_all", options, all_keywords)
  with_connection("drop_all", bind, function(connection)
    local check, there = checks(options, CheckFirst.TABLES, true), {}
    local tables = chosen(metadata, options)
    for i = #tables, 1, -1 do
      if not check or has_table(connection, tables[i]) then there[#there + 1] = tables[i] end
    end
    local passed = {tables = there, checkfirst = check}
    fire("before_drop", metadata, connection, passed)
    for _, target in ipairs(there) do
      drop_one(connection, target, passed)
    end
    fire("after_drop", metadata, connection, passed)
  end)
end

-- ---------------------------------------------------------------------------------------------
-- Elements: DDL as things, to be printed or executed.

local function dialect_name(options)
  local dialect = options and options.dialect
  if dialect == nil then return "default" end
  return type(dialect) == "string" and dialect or dialect.name
end

local function element(name, what, find)
  local known = keywords.set {"if_not_exists", "if_exists"}
  local class = item.class(name, {
    fields = {"element", "check"},
    methods = {
      --- The text: `CreateTable(users):compile{dialect = "sqlite"}`.
      compile = function(self, options) return core.ddl(dialect_name(options), what, find(self.element),
        self.check) end,
    },
    tostring = function(self) return core.ddl("default", what, find(self.element), self.check) end,
  })
  --- What `connection:execute(element)` does.
  function class.__execute(self, connection)
    return connection:exec_driver_sql(self:compile{dialect = connection.dialect})
  end
  --- The statement as a thing: `tostring` gives its text, `connection:execute` runs it.
  ---@param thing any        a Table, a mapped class, or an Index
  ---@param options {if_not_exists: boolean?, if_exists: boolean?}?
  ddl[name] = function(thing, options)
    options = keywords.check(name, options, known)
    return item.new(class, {element = thing, check = options.if_not_exists or options.if_exists or false})
  end
end

local function table_of(thing)
  if core.class_of(thing) == "lualchemy.Table" then return thing end
  if type(thing) == "table" and thing.__table__ then return thing.__table__ end
  error(exc.ArgumentError(("expected a Table, got %s"):format(describe.value(thing))), 0)
end

element("CreateTable", "create_table", table_of)
element("DropTable", "drop_table", table_of)
element("CreateIndex", "create_index", index_of)
element("DropIndex", "drop_index", index_of)

return ddl
