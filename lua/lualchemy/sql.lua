-- SPDX-License-Identifier: MIT
-- Statements and expressions: the functions that make them, all of which are written in C.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local describe = require "lualchemy.describe"
local element = require "lualchemy.sql._element"

-- SQLAlchemy's names, which are core's too.
local names = {
  -- statements
  "select", "insert", "update", "delete", "text", "union", "union_all", "intersect", "intersect_all", "except_",
  "except_all", "exists",
  -- FROM elements
  "alias", "subquery", "cte", "lateral", "join", "outerjoin", "values", "table", "tablesample",
  -- conditions
  "and_", "or_", "not_", "between", "true_", "false_", "null_",
  -- expressions
  "column", "literal", "literal_column", "bindparam", "tuple_", "case", "cast", "try_cast", "type_coerce", "from_dml_column", "extract",
  "label", "collate", "distinct", "asc", "desc", "nulls_first", "nulls_last", "nullsfirst", "nullslast",
  "bitwise_not", "any_", "all_",
  -- functions
  "func", "over", "funcfilter", "within_group", "aggregate_order_by",
  -- label styles
  "LABEL_STYLE_DEFAULT", "LABEL_STYLE_DISAMBIGUATE_ONLY", "LABEL_STYLE_NONE", "LABEL_STYLE_TABLENAME_PLUS_COL",
}

local fields = require "lualchemy.sql._fields"

local Insert = {}

local conflict_keywords = keywords.set {"index_elements", "index_where", "constraint", "set_", "update", "where"}

-- `set_` of the columns listed: each becomes what the row not inserted has.
local function excluded_of(self, columns)
  local set = {}
  for _, column in ipairs(columns) do
    local key = type(column) == "string" and column or column.key
    set[key] = self.excluded[key]
  end
  return set
end

-- Declared and described in meta/sql.lua.
function Insert:on_conflict(options)
  options = keywords.check("on_conflict", options, conflict_keywords)
  local target = {index_elements = options.index_elements, index_where = options.index_where,
    constraint = options.constraint}
  if not options.update and not options.set_ then
    if options.where ~= nil then
      error(exc.ArgumentError("on_conflict: where says which rows are updated; give update or set_ with it"), 0)
    end
    return self:on_conflict_do_nothing(target)
  end
  target.where, target.set_ = options.where, excluded_of(self, options.update or {})
  for key, value in next, options.set_ or {} do
    target.set_[key] = value
  end
  return self:on_conflict_do_update(target)
end

keywords.guard("lualchemy.Insert", Insert, function(value) return core.class_of(value) == "lualchemy.Insert" end)
core.extend("lualchemy.Insert", Insert)

-- Where elements may be put into a statement, by the name of the method that an element is asked by.
local points = {
  ["lualchemy.Select"] = {apply = "apply_to_select", "post_select", "pre_columns", "post_criteria", "post_body"},
  ["lualchemy.Insert"] = {apply = "apply_to_insert", "post_values"},
  ["lualchemy.Update"] = {apply = "apply_to_update", "post_criteria"},
  ["lualchemy.Delete"] = {apply = "apply_to_delete", "post_criteria"},
}

local Extended = {}

-- Declared and described in meta/sql.lua.
function Extended:ext(extension)
  local name = points[core.class_of(self)].apply
  local class = element.class_of(extension)
  local apply = class and class[name]
  if type(apply) ~= "function" then
    error(exc.ArgumentError(("%s cannot be applied to %s: it has no method %s"):format(class and class.__name__
      or describe.value(extension), core.class_of(self):match "%w+$":lower(), name)), 0)
  end
  local made = apply(extension, self)
  if core.class_of(made) ~= core.class_of(self) then
    error(exc.ArgumentError(("%s of %s must give the statement that apply_syntax_extension_point made, not %s")
      :format(name, class.__name__, describe.value(made))), 0)
  end
  return made
end

-- Declared and described in meta/sql.lua.
function Extended:apply_syntax_extension_point(fn, point)
  local known = points[core.class_of(self)]
  if not keywords.set(known)[point] then
    error(exc.ArgumentError(("Unknown position %s; the positions are %s"):format(describe.value(point),
      table.concat(known, ", "))), 0)
  end
  return core.extend_statement(self, point, table.unpack(fn(core.extensions(self, point))))
end

keywords.guard("a statement", Extended, function(value) return points[core.class_of(value) or ""] ~= nil end)
for class in next, points do
  core.extend(class, Extended)
end

local sql = {}
for _, name in ipairs(names) do
  sql[name] = core[name]
end

local bindparam = sql.bindparam

-- A type whose values `callable` makes when a statement is executed, unless it is given one then.
local function made_by(callable, type)
  local types = require "lualchemy.types"
  local made = types.TypeDecorator:class "Callable" {
    impl = type or types.NullType,
    process_bind_param = function(_, value)
      if value ~= nil then return value end
      return callable()
    end,
  }()
  fields.callables[made] = callable
  return made
end

-- Declared and described in meta/sql.lua.
function sql.bindparam(name, ...)
  local given = table.pack(...)
  local options = given[given.n]
  local callable = type(options) == "table" and getmetatable(options) == nil and rawget(options, "callable_")
  if not callable then return bindparam(name, ...) end
  if type(callable) ~= "function" then
    error(exc.ArgumentError(("bindparam: callable_ must be a function, not %s"):format(describe.value(callable))), 0)
  end
  local plain = {}
  for key, value in next, options do plain[key] = value end
  plain.callable_ = nil
  plain.type_ = made_by(callable, plain.type_ or given.n > 2 and given[2] or nil)
  plain.required = false
  return bindparam(name, core.null(), plain)
end

-- Classes of elements that the program makes its own of.
for _, name in ipairs {"ClauseElement", "ColumnElement", "Executable", "FunctionElement", "SyntaxExtension"} do
  sql[name] = element[name]
end

return require("lualchemy.strict").module("lualchemy.sql", sql)
