-- SPDX-License-Identifier: MIT
-- Views and tables that are made of a SELECT.
--
-- Both are a DDL element and a Table: `element.table` stands in statements as any other, and belongs to a metadata,
-- which creates it after its plain tables and drops it before them.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"
local item = require "lualchemy.schema.item"
local column = require "lualchemy.schema.column"
local tables = require "lualchemy.schema.table"
local metadata_module = require "lualchemy.schema.metadata"
local elements = require "lualchemy.schema.ddl_element"

local view = {}

local function name_of(dialect, target, schemas)
  return core.ddl(dialect, "drop_table", target, false, schemas):match("^DROP TABLE (.*)$")
end

local function check_start(name, selectable, target)
  if core.class_of(selectable) ~= "lualchemy.Select" then
    error(exc.ArgumentError(("%s takes a SELECT first, not %s"):format(name, describe.value(selectable))), 0)
  end
  if type(item.quoted(target)) ~= "string" then
    error(exc.ArgumentError(("%s takes a name after its SELECT, not %s"):format(name, describe.value(target))), 0)
  end
end

-- The Table with the columns that `selectable` gives.
local function table_of(selectable, target, options)
  local columns, from = {}, selectable:subquery()
  for i, key in ipairs(from.c:keys()) do
    columns[i] = column.Column(key, from.c[key].type)
  end
  columns[#columns + 1] = {schema = options.schema}
  local made = tables.Table(target, options.metadata or metadata_module.MetaData(), table.unpack(columns))
  core.record(made).selected_serial = item.next_serial()
  return made
end

local function body_of(self, dialect, map)
  return tostring(self.selectable:compile {dialect = dialect, literal_binds = true, schema_translate_map = map})
end

local view_keywords = keywords.set {"metadata", "schema", "temporary", "or_replace", "materialized",
  "sqlite_if_not_exists"}

local new_view = elements.__new_class("CreateView", function(self, dialect, schemas, map)
  local options, words = self._options, {"CREATE"}
  if options.or_replace then words[#words + 1] = "OR REPLACE" end
  if options.temporary then words[#words + 1] = "TEMPORARY" end
  if options.materialized then words[#words + 1] = "MATERIALIZED" end
  words[#words + 1] = "VIEW"
  if options.sqlite_if_not_exists and dialect == "sqlite" then words[#words + 1] = "IF NOT EXISTS" end
  return ("%s %s AS %s"):format(table.concat(words, " "), name_of(dialect, self.table, schemas),
    body_of(self, dialect, map))
end, {"selectable", "table"})

local new_drop_view = elements.__new_class("DropView", function(self, dialect, schemas)
  return ("DROP %sVIEW %s%s"):format(self._options.materialized and "MATERIALIZED " or "",
    self._options.if_exists and "IF EXISTS " or "", name_of(dialect, self.element, schemas))
end, {"element"})

--- DROP VIEW, of a view's table.
---@param element lualchemy.Table
---@param options {if_exists: boolean?, materialized: boolean?}?
---@return lualchemy.DDLElement
function view.DropView(element, options)
  options = keywords.check("DropView", options, keywords.set {"if_exists", "materialized"})
  if core.class_of(element) ~= "lualchemy.Table" then
    error(exc.ArgumentError(("DropView takes the table of a CreateView, not %s"):format(describe.value(element))), 0)
  end
  return new_drop_view {element = element, target = element, _options = options}
end

--- CREATE VIEW: an element to be executed, whose `table` is selected from. In a `metadata` it is created and dropped
--- with that. Values stand in the text as literals, for a view has no parameters.
---
---     local adults = la.CreateView(la.select(users):where(users.c.age:ge(18)), "adults", {metadata = metadata})
---     metadata:create_all(engine)
---     connection:execute(la.select(adults.table))
---
---@param selectable lualchemy.Select
---@param view_name string
---@param options {metadata: lualchemy.MetaData?, schema: string?, temporary: boolean?, or_replace: boolean?, materialized: boolean?, sqlite_if_not_exists: boolean?}?
---@return lualchemy.DDLElement
function view.CreateView(selectable, view_name, options)
  options = keywords.check("CreateView", options, view_keywords)
  check_start("CreateView", selectable, view_name)
  local made = table_of(selectable, view_name, options)
  local self = new_view {selectable = selectable, table = made, target = made, _options = options}
  local record = core.record(made)
  record.is_view, record.creator = true, self
  record.dropper = view.DropView(made, {materialized = options.materialized})
  return self
end

local select_keywords = keywords.set {"metadata", "schema", "temporary", "if_not_exists"}

local new_table_as = elements.__new_class("CreateTableAs", function(self, dialect, schemas, map)
  local options = self._options
  return ("CREATE %sTABLE %s%s AS %s"):format(options.temporary and "TEMPORARY " or "",
    options.if_not_exists and "IF NOT EXISTS " or "", name_of(dialect, self.table, schemas),
    body_of(self, dialect, map))
end, {"selectable", "table"})

--- CREATE TABLE … AS SELECT: an element to be executed, whose `table` has the columns of the SELECT.
---@param selectable lualchemy.Select
---@param table_name string
---@param options {metadata: lualchemy.MetaData?, schema: string?, temporary: boolean?, if_not_exists: boolean?}?
---@return lualchemy.DDLElement
function view.CreateTableAs(selectable, table_name, options)
  options = keywords.check("CreateTableAs", options, select_keywords)
  check_start("CreateTableAs", selectable, table_name)
  local made = table_of(selectable, table_name, options)
  local self = new_table_as {selectable = selectable, table = made, target = made, _options = options}
  core.record(made).creator = self
  return self
end

-- Declared in meta/select.lua.
core.extend("lualchemy.Select", {
  into = function(self, name, options) return view.CreateTableAs(self, name, options) end,
})

return view
