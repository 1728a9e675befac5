-- SPDX-License-Identifier: MIT
-- Indexes over columns and expressions.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local item = require "lualchemy.schema.item"
local base = require "lualchemy.schema._constraint"

local split = base.split
local column_of = base.column_of
local find_column = base.find_column
local get_name = base.get_name
local set_name = base.set_name
local get_info = base.get_info
local settle = base.settle
local join_columns = base.join_columns

local index = {}

local index_keywords = keywords.set {"unique", "quote", "info"}

local Index = item.class("Index", {
  fields = {"unique", "table", "parent", "dialect_kwargs", "_core", "_name"},
  getters = {
    name = get_name, set_name = set_name, info = get_info,
    kwargs = function(self) return self.dialect_kwargs end,
    columns = function(self)
      return self._core and core.index_get(self._core).columns or core.list {}
    end,
    expressions = function(self)
      return self._core and core.index_get(self._core).expressions or core.list(table.move(self._columns, 1,
        self._columns.n, 1, {}))
    end,
  },
  methods = {
    --- Creates the index in the database.
    create = function(self, bind, options) require("lualchemy.schema.ddl").create_index(self, bind, options) end,
    drop = function(self, bind, options) require("lualchemy.schema.ddl").drop_index(self, bind, options) end,
    ddl_if = base.ddl_if,
  },
  tostring = function(self)
    local parts = {('"%s"'):format(self.name or "nil")}
    for _, expr in ipairs(self.expressions) do
      parts[#parts + 1] = tostring(expr)
    end
    return ("Index(%s%s)"):format(table.concat(parts, ", "), self.unique and ", {unique = true}" or "")
  end,
})

--- An index over columns and expressions: `Index("ix_users_name", users.c.name, {unique = true})`. The name may be nil:
--- the naming convention then gives one. `quote` says whether it stands in quotes.
---@param name string?
function index.Index(name, ...)
  local args, options = split("Index", index_keywords, 0, ...)
  item.name_of("Index", name)
  if options.quote ~= nil and name ~= nil then name = item.quoted_name(item.name_of("Index", name), options.quote) end
  local self = item.new(Index, {_name = name, _info = options.info, _columns = args, unique = options.unique or false,
    dialect_kwargs = item.dialect_kwargs(options)})
  local columns = {}
  for _, expr in ipairs(args) do
    if core.class_of(expr) then
      table.move(core.columns_of(expr), 1, #core.columns_of(expr), #columns + 1, columns)
    elseif type(expr) ~= "string" then
      error(exc.ArgumentError(("an Index is made of columns and expressions, not of a %s"):format(type(expr))), 0)
    end
  end
  return join_columns(self, columns)
end

--- The same with what it is made of in a list.
function index.index_over(name, expressions, options)
  local args = table.move(expressions, 1, #expressions, 1, {})
  args[#args + 1] = options
  return index.Index(name, table.unpack(args))
end

--- Adds an index to a table.
function index.attach(target, self)
  local expressions, columns = {}, {}
  for i, expr in ipairs(self._columns) do
    if type(expr) == "string" then
      expressions[i] = find_column("Index", target, expr)
    else
      expressions[i] = column_of(expr) or expr
    end
    local column = column_of(expressions[i]) or core.columns_of(expressions[i])[1]
    columns[#columns + 1] = column ~= nil and column.table == target and column or nil
  end
  local name, is_final = item.name_of("Index", rawget(self, "_name"))
  local where = self.dialect_kwargs.sqlite_where
  if type(where) == "string" then where = core.sql_text(where) end
  settle(self, target, core.index_add(target, {
    name = name, name_is_final = is_final, expressions = expressions, columns = columns, unique = self.unique,
    where = where,
  }), "ix")
end

--- The object of an index of the core that Lua has not seen.
function index.wrap(target, box)
  local known = core.index_get(box)
  local self = item.new(Index, {_columns = {n = 0}, unique = known.unique, dialect_kwargs = {}})
  return settle(self, target, box, "ix")
end

return index
