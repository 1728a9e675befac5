-- SPDX-License-Identifier: MIT
-- DDL statements as things: to be printed, executed, or bound to an event.
--
-- An element makes its text for a dialect when it is asked; `execute_if` says for which dialect, or when, it is
-- sent at all.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"
local item = require "lualchemy.schema.item"
local ddl = require "lualchemy.schema.ddl"
local sql_element = require "lualchemy.sql._element"

local element = {}

---@class lualchemy.DDLElement
---@field target any

local function dialect_name(options)
  local dialect = options and options.dialect
  if dialect == nil then return "default" end
  return type(dialect) == "string" and dialect or dialect.name
end

local function fail(class, format, ...)
  error(class(format:format(...)), 0)
end

local condition_keywords = keywords.set {"dialect", "callable_", "state"}

local methods = {}

local compile_keywords = keywords.set {"dialect", "schema_translate_map", "compile_kwargs", "literal_binds"}

--- The text: `la.CreateTable(users):compile(engine)`, or `compile{dialect = "sqlite"}`. With `schema_translate_map` tables are named in
--- other schemas, as for a connection.
---@param bind lualchemy.Engine|lualchemy.Connection|table?  whose dialect it is written in; or the options
---@param options {dialect: any, schema_translate_map: table?, compile_kwargs: table?}?
---@return string
function methods.compile(self, bind, options)
  options = keywords.of_compile(bind, options, compile_keywords)
  local dialect = options.dialect
  local limit = type(dialect) ~= "string" and dialect and dialect.max_identifier_length or nil
  return self._write(self, dialect_name(options), ddl.translation(options.schema_translate_map),
    options.schema_translate_map, limit)
end

local function copy(self, changes)
  local made = {}
  for key, value in next, self do made[key] = value end
  for key, value in next, changes do made[key] = value end
  return setmetatable(made, getmetatable(self))
end

--- The element for one table: what `%(table)s` means in DDL().
---@param target any
---@return lualchemy.DDLElement
function methods.against(self, target)
  return copy(self, {target = target})
end

--- An element that is sent only to the dialect (or dialects) named, or where `callable_(element, target,
--- connection, options)` gives true; `state` is handed to that in `options.state`.
---@param options {dialect: string|string[]?, callable_: function?, state: any}
---@return lualchemy.DDLElement
function methods.execute_if(self, options)
  options = keywords.check("execute_if", options, condition_keywords)
  if options.callable_ ~= nil and type(options.callable_) ~= "function" then
    fail(exc.ArgumentError, "execute_if: callable_ is a function, not a %s", type(options.callable_))
  end
  return copy(self, {_condition = options})
end

local function check_connection(connection)
  if core.class_of(connection) ~= "lualchemy.Connection" and
    not (type(connection) == "table" and type(connection.exec_driver_sql) == "function" and connection.dialect) then
    fail(exc.ArgumentError, "a DDL element is executed by a Connection, not by %s", describe.value(connection))
  end
end

local function is_wanted(self, target, connection, options)
  check_connection(connection)
  local condition = rawget(self, "_condition")
  return not condition or ddl.holds(condition, self, target, connection, connection.dialect, options)
end

local function send(self, connection, options)
  local _, map = ddl.translation_of(connection, options)
  return ddl.send(connection, self:compile{dialect = connection.dialect, schema_translate_map = map})
end

-- What `connection:execute(element)` does.
local function execute(self, connection, _, options)
  if not is_wanted(self, self.target, connection) then return nil end
  return ddl.tell(connection, self, options, function(told) return send(told, connection, options) end)
end

-- As a listener of a DDL event.
local function listen(self, target, connection, options)
  if not is_wanted(self, target, connection, options) then return end
  ddl.tell(connection, self:against(target), nil, function(told) return send(told, connection) end)
end

-- Makes a class of elements. `write(self, dialect name, schemas, map of schemas, longest name)` gives the text.
local function new_class(name, write, fields)
  local class = item.class(name, {
    fields = table.move(fields or {}, 1, #(fields or {}), 2, {"target"}),
    methods = methods,
    tostring = function(self) return self:compile() end,
  })
  class.__execute = execute
  class.__call = listen
  return function(given)
    given._write = write
    return item.new(class, given)
  end
end

--- For the other files of elements.
---@private
element.__new_class = new_class

local function table_of(thing)
  if core.class_of(thing) == "lualchemy.Table" then return thing end
  if type(thing) == "table" and thing.__table__ then return thing.__table__ end
  fail(exc.ArgumentError, "expected a Table, got %s", describe.value(thing))
end

local function constraint_of(thing)
  local box = type(thing) == "table" and item.kind(thing) and rawget(thing, "_core")
  if not box or core.class_of(box) ~= "lualchemy.Constraint" then
    fail(exc.ArgumentError, "expected a constraint of a table, got %s", describe.value(thing))
  end
  return box
end

local function column_of(thing)
  if not core.is(thing, "lualchemy.Column") then
    fail(exc.ArgumentError, "expected a Column of a table, got %s", describe.value(thing))
  end
  return thing
end

local function quote(dialect, name, schema)
  return (schema and core.quote_ident(dialect, schema) .. "." or "") .. core.quote_ident(dialect, name)
end

local function table_name(dialect, target, schemas)
  return core.ddl(dialect, "drop_table", target, false, schemas):match("^DROP TABLE (.*)$")
end

local function literal(text)
  return "'" .. text:gsub("'", "''") .. "'"
end

-- ---------------------------------------------------------------------------------------------
-- Tables and indexes

local check_keywords = keywords.set {"if_not_exists", "if_exists"}

-- What the core writes: `what` of the thing that `find` makes of the element's.
local function simple(name, what, find)
  local make = new_class(name, function(self, dialect, schemas, _, limit)
    return ddl.text(dialect, what, find(self.element), self._check, schemas, limit)
  end, {"element"})
  --- The statement as a thing: `tostring` gives its text, `connection:execute` sends it.
  ---@param thing any  a Table, a mapped class, an Index or a Column, as the name says
  ---@param options {if_not_exists: boolean?, if_exists: boolean?}?
  ---@return lualchemy.DDLElement
  return function(thing, options)
    options = keywords.check(name, options, check_keywords)
    find(thing)
    return make {element = thing, target = thing, _check = options.if_not_exists or options.if_exists or false}
  end
end

-- CREATE TABLE of a Table or a mapped class, with `{if_not_exists = true}`.
element.CreateTable = simple("CreateTable", "create_table", table_of)
-- DROP TABLE, with `{if_exists = true}`.
element.DropTable = simple("DropTable", "drop_table", table_of)
-- CREATE INDEX, with `{if_not_exists = true}`.
element.CreateIndex = simple("CreateIndex", "create_index", ddl.index_of)
-- DROP INDEX, with `{if_exists = true}`.
element.DropIndex = simple("DropIndex", "drop_index", ddl.index_of)
-- A column as CREATE TABLE has it.
element.CreateColumn = simple("CreateColumn", "column", column_of)

-- ---------------------------------------------------------------------------------------------
-- Constraints

local new_add_constraint = new_class("AddConstraint", function(self, dialect, schemas, _, limit)
  local box = constraint_of(self.element)
  return ("ALTER TABLE %s ADD %s"):format(table_name(dialect, self.element.table, schemas),
    core.ddl(dialect, "constraint", box, false, schemas, limit))
end, {"element"})

--- ALTER TABLE … ADD for a constraint, which CREATE TABLE then leaves out, unless `isolate_from_table` is false.
--- SQLite has no such statement.
---@param constraint any
---@param options {isolate_from_table: boolean?}?
---@return lualchemy.DDLElement
function element.AddConstraint(constraint, options)
  options = keywords.check("AddConstraint", options, keywords.set {"isolate_from_table"})
  local box = constraint_of(constraint)
  if options.isolate_from_table ~= false then core.constraint_isolate(box, true) end
  return new_add_constraint {element = constraint, target = constraint}
end

local new_drop_constraint = new_class("DropConstraint", function(self, dialect, schemas, _, limit)
  local name = core.ddl(dialect, "constraint_name", constraint_of(self.element), false, schemas, limit)
  if name == "" then
    fail(exc.CompileError, "Can't emit DROP CONSTRAINT for constraint %s; it has no name", tostring(self.element))
  end
  return ("ALTER TABLE %s DROP CONSTRAINT %s%s%s"):format(table_name(dialect, self.element.table, schemas),
    self._options.if_exists and "IF EXISTS " or "", name,
    self._options.cascade and " CASCADE" or "")
end, {"element"})

--- ALTER TABLE … DROP CONSTRAINT.
---@param constraint any
---@param options {cascade: boolean?, if_exists: boolean?, isolate_from_table: boolean?}?
---@return lualchemy.DDLElement
function element.DropConstraint(constraint, options)
  options = keywords.check("DropConstraint", options, keywords.set {"cascade", "if_exists", "isolate_from_table"})
  local box = constraint_of(constraint)
  if options.isolate_from_table ~= false then core.constraint_isolate(box, true) end
  return new_drop_constraint {element = constraint, target = constraint, _options = options}
end

-- ---------------------------------------------------------------------------------------------
-- Schemas, sequences, comments

local new_schema = new_class("SchemaElement", function(self, dialect)
  local words = self._options
  return ("%s SCHEMA %s%s%s"):format(self._verb, words.if_not_exists and "IF NOT EXISTS " or
    words.if_exists and "IF EXISTS " or "", core.quote_ident(dialect, self.element), words.cascade and " CASCADE" or "")
end, {"element"})

--- CREATE SCHEMA.
---@param name string
---@param options {if_not_exists: boolean?}?
---@return lualchemy.DDLElement
function element.CreateSchema(name, options)
  options = keywords.check("CreateSchema", options, keywords.set {"if_not_exists"})
  return new_schema {element = name, _verb = "CREATE", _options = options}
end

--- DROP SCHEMA.
---@param name string
---@param options {cascade: boolean?, if_exists: boolean?}?
---@return lualchemy.DDLElement
function element.DropSchema(name, options)
  options = keywords.check("DropSchema", options, keywords.set {"cascade", "if_exists"})
  return new_schema {element = name, _verb = "DROP", _options = options}
end

-- What follows the name of a sequence, in order.
local function sequence_words(sequence)
  local words = {}
  local function add(format, value)
    if value ~= nil and value ~= false then words[#words + 1] = format:format(value) end
  end
  add("INCREMENT BY %d", sequence.increment)
  add("START WITH %d", sequence.start)
  add("MINVALUE %d", sequence.minvalue)
  add("MAXVALUE %d", sequence.maxvalue)
  add("NO MINVALUE", sequence.nominvalue)
  add("NO MAXVALUE", sequence.nomaxvalue)
  add("CACHE %d", sequence.cache)
  if sequence.order ~= nil then add(sequence.order and "ORDER" or "NO ORDER", true) end
  if sequence.cycle ~= nil then add(sequence.cycle and "CYCLE" or "NO CYCLE", true) end
  return #words > 0 and " " .. table.concat(words, " ") or ""
end

local new_sequence = new_class("SequenceElement", function(self, dialect)
  local sequence = self.element
  return ("%s SEQUENCE %s%s%s"):format(self._verb, self._check, quote(dialect, sequence.name, sequence.schema),
    self._verb == "CREATE" and sequence_words(sequence) or "")
end, {"element"})

local function sequence(name, verb, check)
  --- CREATE SEQUENCE or DROP SEQUENCE, on databases that have them.
  ---@param given table  a Sequence
  ---@param options {if_not_exists: boolean?, if_exists: boolean?}?
  ---@return lualchemy.DDLElement
  return function(given, options)
    options = keywords.check(name, options, check_keywords)
    if item.kind(given) ~= "Sequence" then
      fail(exc.ArgumentError, "%s takes a Sequence, not %s", name, describe.value(given))
    end
    return new_sequence {element = given, _verb = verb, _check = (options.if_exists or options.if_not_exists) and check or ""}
  end
end

-- CREATE SEQUENCE, on databases that have them.
element.CreateSequence = sequence("CreateSequence", "CREATE", "IF NOT EXISTS ")
-- DROP SEQUENCE.
element.DropSequence = sequence("DropSequence", "DROP", "IF EXISTS ")

local function comment(name, is_column, drops)
  local find = is_column and column_of or table_of
  local make = new_class(name, function(self, dialect, schemas)
    local thing = find(self.element)
    local text = not drops and thing.comment
    local on = is_column and table_name(dialect, thing.table, schemas) .. "." .. core.quote_ident(dialect, thing.name) or
      table_name(dialect, thing, schemas)
    return ("COMMENT ON %s %s IS %s"):format(is_column and "COLUMN" or "TABLE", on, text and literal(text) or "NULL")
  end, {"element"})
  --- COMMENT ON a table or column: the comment that it has, or NULL.
  ---@param thing any
  ---@return lualchemy.DDLElement
  return function(thing)
    return make {element = find(thing), target = thing}
  end
end

-- COMMENT ON TABLE with the table's comment.
element.SetTableComment = comment("SetTableComment", false, false)
-- COMMENT ON TABLE … IS NULL.
element.DropTableComment = comment("DropTableComment", false, true)
-- COMMENT ON COLUMN with the column's comment.
element.SetColumnComment = comment("SetColumnComment", true, false)
-- COMMENT ON COLUMN … IS NULL.
element.DropColumnComment = comment("DropColumnComment", true, true)

-- ---------------------------------------------------------------------------------------------
-- Elements of the program's own

--- A statement of DDL that the program writes itself: `la.DDLElement:class "CreateView" {…}`, with a function by
--- `lualchemy.ext.compiler`'s `compiles`. Its objects are executed, bound to events, and take `execute_if` as those here.
element.DDLElement = sql_element.root("DDLElement", {
  __init = sql_element.init_fields,
  __make = function(object, class)
    rawset(object, "_write", function(self, dialect) return sql_element.ddl_text(self, class, dialect) end)
  end,
  __execute = execute, __call = listen,
  __tostring = function(self) return self:compile() end,
  compile = methods.compile, against = methods.against, execute_if = methods.execute_if,
})
element.ExecutableDDLElement = element.DDLElement

-- ---------------------------------------------------------------------------------------------
-- Text

-- `%(name)s` is what the target and the context say, `%%` a percent sign.
local function fill_in(self, dialect, schemas)
  local names, target = {}, self.target
  for name, value in next, self._context do names[name] = value end
  if target ~= nil and core.class_of(target) == "lualchemy.Table" then
    local name, full = core.quote_ident(dialect, target.name), table_name(dialect, target, schemas)
    names.table = names.table or name
    names.schema = names.schema or full:sub(1, -#name - 2)
    names.fullname = names.fullname or full
  end
  local text = self.statement:gsub("%%(%(?)([%w_]*)(%)?s?)", function(open, name, close)
    if open == "(" and close == ")s" then
      if names[name] == nil then
        fail(exc.CompileError, "DDL: there is no %%(%s)s; give it in context, or bind the DDL to a table", name)
      end
      return tostring(names[name])
    end
  end)
  return (text:gsub("%%%%", "%%"))
end

local new_text = new_class("DDL", fill_in, {"statement"})

--- DDL as text, to be executed or bound to an event. `%(table)s`, `%(schema)s` and `%(fullname)s` are the table's
--- that the event is about, other names are looked up in `context`; `%%` is a percent sign.
---
---     la.event.listen(users, "after_create",
---       la.DDL("CREATE TRIGGER %(table)s_stamp …"):execute_if{dialect = "sqlite"})
---
---@param statement string
---@param options {context: table<string, any>?}?
---@return lualchemy.DDLElement
function element.DDL(statement, options)
  if type(statement) ~= "string" then
    fail(exc.ArgumentError, "Expected a string or unicode SQL statement, got %s", describe.value(statement))
  end
  options = keywords.check("DDL", options, keywords.set {"context"})
  return new_text {statement = statement, _context = options.context or {}}
end

return element
