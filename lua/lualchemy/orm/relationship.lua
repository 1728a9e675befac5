-- SPDX-License-Identifier: MIT
-- What the fields of a class table may be beside columns: relationship, backref, column_property, deferred,
-- synonym. Each is a description that the declarative class turns into a mapped property.
local core = require "lualchemy.core"
local describe_value = require("lualchemy.describe").value
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local schema = require "lualchemy.schema"
local synonyms = require "lualchemy.orm.synonym"
local warnings = require "lualchemy.warnings"

local M = {}

local serial = 0

--- Makes a description; descriptions remember the order in which they were made.
local function describe(kind, fields)
  serial = serial + 1
  fields.kind, fields.serial = kind, serial
  return setmetatable(fields, M.Property)
end

--- Metatable of descriptions.
M.Property = {
  __name = "lualchemy.Property",
  __tostring = function(self)
    return ("%s(%s)"):format(self.kind, type(self.argument) == "string" and self.argument or "")
  end,
}

--- A description has no operators: what it describes stands in statements once it is mapped, or by its `expression`.
local function refuse_operator(left, right)
  local property = getmetatable(left) == M.Property and left or right
  error(exc.ArgumentError(("a %s is not mapped yet, so it has no operators%s"):format(property.kind == "column" and "column_property" or property.kind,
    property.kind == "column" and "; use its expression, as in property.expression:gt(5)" or "")), 2)
end

for _, name in ipairs {"__lt", "__le", "__add", "__sub", "__mul", "__div", "__mod", "__concat", "__band", "__bor", "__bnot", "__unm"} do
  M.Property[name] = refuse_operator
end

--- Is `value` a description of a property?
---@param value any
---@return boolean
function M.is_property(value)
  return getmetatable(value) == M.Property
end

local relationship_keywords = keywords.set {
  "secondary", "primaryjoin", "secondaryjoin", "back_populates", "backref", "order_by", "uselist", "lazy",
  "cascade", "passive_deletes", "passive_updates", "single_parent", "viewonly", "post_update", "innerjoin",
  "join_depth", "overlaps", "foreign_keys", "remote_side", "active_history", "load_on_pending",
  "enable_typechecks", "info", "doc", "argument", "collection_class", "sync_backref", "omit_join",
  "distinct_target_key", "bake_queries", "query_class", "comparator_factory",
}

local relationship_kinds = {
  cascade = "string or boolean", lazy = "string or boolean", overlaps = "string", join_depth = "number", uselist = "boolean",
  passive_deletes = "boolean or string", passive_updates = "boolean", viewonly = "boolean", post_update = "boolean",
  single_parent = "boolean", innerjoin = "boolean or string", backref = "string or table", info = "table", doc = "string",
  active_history = "boolean", sync_backref = "boolean", load_on_pending = "boolean", enable_typechecks = "boolean",
}

--- The checked options of a relationship; a list of cascades becomes their names in a row.
local function check_options(what, options, own)
  options = keywords.check(what, options, relationship_keywords, nil, own)
  local list = options.cascade
  if type(list) == "table" and type(list[1]) == "string" then
    local copy = {}
    for key, value in pairs(options) do copy[key] = value end
    options, copy.cascade = copy, table.concat(list, ", ")
  end
  return keywords.expect_kinds(what, options, relationship_kinds)
end

--- Keywords of SQLAlchemy that do nothing here, with what serves instead.
local without_effect = {
  cascade_backrefs = "the parameter may only be set to false",
  init = "it belongs to Python's dataclasses",
}

-- What means something only where a flush writes, and what it is by default.
local persistence_only = {passive_deletes = false, passive_updates = true, enable_typechecks = true, active_history = false}

--- Options that are tables of methods, for a class's attribute or a dynamic collection.
local function check_methods(what, options)
  for _, name in ipairs {"comparator_factory", "query_class"} do
    local given = options[name]
    if given ~= nil and given ~= false and (type(given) ~= "table" or core.is_mapped(given)) then
      error(exc.ArgumentError(("%s: %s is a table of methods, not %s"):format(what, name, describe_value(given))), 3)
    end
  end
end

local function check_viewonly(options)
  if options.sync_backref then
    error(exc.ArgumentError("sync_backref and viewonly cannot both be True"), 3)
  end
  for _, name in ipairs {"active_history", "enable_typechecks", "passive_deletes", "passive_updates"} do
    if options[name] ~= nil and options[name] ~= persistence_only[name] then
      warnings.warn(("Setting %s on relationship() while also setting viewonly=True does not make sense, as a viewonly=True relationship " ..
        "does not perform persistence operations. This configuration may raise an error in a future release."):format(name))
    end
  end
end

--- Warns of "delete-orphan" alone: an object that leaves its parent is deleted, and one whose parent is deleted is not.
local function check_cascade(cascade)
  if type(cascade) ~= "string" or not cascade:find("delete-orphan", 1, true) then return end
  local kinds = {}
  for kind in cascade:gmatch "[%a-]+" do kinds[kind] = true end
  if not kinds.delete and not kinds.all then warnings.warn("The 'delete-orphan' cascade option requires 'delete'.") end
end

--- Describes a link from a class to another, as SQLAlchemy's `relationship()`.
---
---     local User = Base:class "User" {
---       __tablename__ = "users",
---       id = Column(Integer, {primary_key = true}),
---       addresses = relationship("Address", {back_populates = "user", order_by = "Address.id"}),
---     }
---
--- Names and expressions given as strings, or as functions, are looked up when the classes are first used.
---@param argument string|table|function?  the class at the other end, or an alias of it, its name, or a function that gives it
---@param secondary any?  as the option of that name
---@param options lualchemy.RelationshipOptions?
---@return table property  a field for a class table, or to be assigned to a class
---@raise ArgumentError for an unknown keyword
function M.relationship(argument, secondary, options)
  if keywords.is_table(argument) and secondary == nil then
    argument, options = argument.argument, argument
  elseif options == nil and (secondary == nil or keywords.is_table(secondary)) then
    secondary, options = nil, secondary
  end
  options = check_options("relationship", options, without_effect)
  if secondary ~= nil then options.secondary = secondary end
  if argument ~= nil and argument == package.loaded["lualchemy.orm"] then
    error(exc.ArgumentError("calling 'relationship' on a bad self (lualchemy.orm); is a colon written for a dot?"), 2)
  end
  check_methods("relationship", options)
  if options.omit_join then
    warnings.warn("setting omit_join to True is not supported; selectin loading of this relationship may not work correctly if this flag is set " ..
      "explicitly.  omit_join optimization is automatically detected for conditions under which it is supported.")
  end
  if options.viewonly then check_viewonly(options) end
  check_cascade(options.cascade)
  if options.back_populates and options.backref then
    error(exc.ArgumentError("back_populates and backref keyword arguments are mutually exclusive"), 2)
  end
  return describe("relationship", {argument = argument, options = options})
end

--- The other side of a relationship with options of its own: `relationship("Address", {backref = backref("user", {lazy = "joined"})})`, as
--- SQLAlchemy's `backref()`.
---@param name string  the attribute that the target class gets
---@param options table?  as for `relationship`
---@return table
function M.backref(name, options)
  if type(name) ~= "string" then
    error(exc.ArgumentError(("backref takes the name of an attribute, not a %s"):format(type(name))), 2)
  end
  options = check_options("backref", options, without_effect)
  check_methods("backref", options)
  return {name = name, options = options}
end

--- Says that the columns of an expression are foreign keys, in the `primaryjoin` or `secondaryjoin` of a relationship: they are what a flush
--- writes. As SQLAlchemy's `foreign()`; where it stands, no other column of that condition is foreign.
---
---     parent = relationship("Host", {primaryjoin = "remote(Host.ip):eq(foreign(func.substr(Alias.address, 1, 9)))", viewonly = true})
---@param expr any  a column, attribute or expression
---@return lualchemy.ColumnElement
---@raise ArgumentError for what is no expression
function M.foreign(expr)
  return core.annotate_columns(expr, "foreign")
end

--- Says that the columns of an expression belong to the other end, in the `primaryjoin` of a relationship: for one whose both ends are the same
--- table. As SQLAlchemy's `remote()`.
---
---     primaryjoin = function() return orm.remote(Node.tenant):eq(Node.tenant) & orm.remote(Node.id):eq(orm.foreign(Node.parent_id)) end
---@param expr any  a column, attribute or expression
---@return lualchemy.ColumnElement
---@raise ArgumentError for what is no expression
function M.remote(expr)
  return core.annotate_columns(expr, "remote")
end

local column_keywords = keywords.set {
  "deferred", "group", "raiseload", "active_history", "deferred_group", "deferred_raiseload", "doc", "info", "expire_on_flush",
}

--- The columns before the options of a column_property, and the options.
local function split_columns(...)
  local given, columns = table.pack(...), {}
  local options = given[given.n]
  if not (options == nil or keywords.is_table(options)) then options = nil end
  for i = 1, options and given.n - 1 or given.n do columns[i] = given[i] end
  return columns, options
end

--- Maps an SQL expression, or a column with options, as SQLAlchemy's `column_property()`. A class that is mapped to several tables names all columns
--- that hold one value:
---
---     User.full_name = column_property(User.first .. " " .. User.last)
---     id = column_property(users.c.id, addresses.c.user_id)
---@param expression any  an SQL expression, a Column, or a function of the class that gives one
---@param ... any  further columns with the same value; then options: `deferred`, `group`, `raiseload`, `active_history`; `expire_on_flush` (true):
--- an expression is read again after each flush of its object
---@return table property
function M.column_property(expression, ...)
  local further, options = split_columns(...)
  for _, column in ipairs(further) do
    if not schema.is_column(column) then
      error(exc.ArgumentError(("column_property: what follows its first column are columns with the same value, and a table of options; not %s")
        :format(describe_value(column))), 2)
    end
  end
  if type(expression) ~= "userdata" and type(expression) ~= "table" and type(expression) ~= "function" then
    error(exc.ArgumentError(("column_property takes a Column, an SQL expression or a function that gives one, not %s")
      :format(describe_value(expression))), 2)
  end
  options = keywords.check("column_property", options, column_keywords)
  return describe("column", {expression = expression, further = further[1] and further or nil, options = {
    deferred = options.deferred,
    deferred_group = options.group or options.deferred_group,
    deferred_raiseload = options.raiseload or options.deferred_raiseload,
    active_history = options.active_history,
    expire_on_flush = options.expire_on_flush,
  }})
end

--- A column that is loaded when it is first read, as SQLAlchemy's `deferred()`.
---@param column any
---@param options table?  `group`, `raiseload`
---@return table property
function M.deferred(column, options)
  local property = M.column_property(column, options)
  property.options.deferred = true
  return property
end

--- An attribute that a statement fills by `with_expression()`, as SQLAlchemy's `query_expression()`; otherwise it is nil, or the default.
---
---     User.total = query_expression()
---     session:query(User):options(with_expression(User.total, User.paid + User.open)):all()
---@param default any?  an SQL expression for statements that say nothing
---@return table property
function M.query_expression(default)
  return describe("column", {
    expression = default == nil and require("lualchemy.core").null() or default,
    options = {query_expression = true, deferred = default == nil},
  })
end

local synonym_keywords = keywords.set {"map_column", "descriptor", "comparator_factory", "info", "doc"}

--- Another name for an attribute, as SQLAlchemy's `synonym()`.
---
---     job_status = synonym("_job_status", {map_column = true})    -- the column "job_status" is mapped as "_job_status"
---@param name string  of the attribute that it stands for
---@param options table?  `map_column`: the column that is called as the synonym is mapped under `name`; `descriptor`: what objects do with it, a
--- hybrid_property or `{get = function(self) … end, set = function(self, value) … end}`; `comparator_factory`: what it is
--- compared by in statements, called with the attribute
---@return table property
function M.synonym(name, options)
  options = keywords.check("synonym", options, synonym_keywords)
  if type(name) ~= "string" then
    error(exc.ArgumentError(("synonym takes the name of an attribute, not a %s"):format(type(name))), 2)
  end
  if options.descriptor ~= nil or options.comparator_factory ~= nil then return synonyms.new(name, options) end
  return describe("synonym", {argument = name, options = {map_column = options.map_column}})
end

--- A synonym whose value for objects is a function's, as SQLAlchemy's `synonym_for()`.
---
---     job_status = synonym_for("_job_status")(function(self) return "Status: " .. self._job_status end)
---@param name string  of the attribute that it stands for in statements
---@param options table?  `map_column`
---@return fun(fn: fun(self: any): any): table
function M.synonym_for(name, options)
  return function(fn)
    local given = {descriptor = {get = fn}}
    for key, value in pairs(options or {}) do given[key] = value end
    return M.synonym(name, given)
  end
end

return M
