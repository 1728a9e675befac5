-- SPDX-License-Identifier: MIT
-- What describes a database: MetaData, Table, Column, constraints, indexes, and DDL.
--
--   local metadata = la.MetaData()
--   local users = la.Table("users", metadata,
--     la.Column("id", la.Integer, {primary_key = true}),
--     la.Column("name", la.String(50), {nullable = false}))
--   metadata:create_all(engine)
local item = require "lualchemy.schema.item"
local constraint = require "lualchemy.schema.constraint"
local column = require "lualchemy.schema.column"
local tables = require "lualchemy.schema.table"
local metadata = require "lualchemy.schema.metadata"
local ddl = require "lualchemy.schema.ddl"
local sort = require "lualchemy.schema.sort"

local core = require "lualchemy.core"
-- The columns of tables make expressions and statements, which find their fields there.
require "lualchemy.sql._fields"

local schema = {
  MetaData = metadata.MetaData,
  Table = tables.Table,
  Column = column.Column,
  ForeignKey = constraint.ForeignKey,
  ForeignKeyConstraint = constraint.ForeignKeyConstraint,
  UniqueConstraint = constraint.UniqueConstraint,
  PrimaryKeyConstraint = constraint.PrimaryKeyConstraint,
  CheckConstraint = constraint.CheckConstraint,
  Index = constraint.Index,
  ColumnDefault = column.ColumnDefault,
  DefaultClause = column.DefaultClause,
  FetchedValue = column.FetchedValue,
  Computed = column.Computed,
  Identity = column.Identity,
  Sequence = column.Sequence,
  conv = item.conv,
  quoted_name = item.quoted_name,
  BLANK_SCHEMA = "",
  CheckFirst = ddl.CheckFirst,
  ObjectKind = ddl.ObjectKind,
  ObjectScope = ddl.ObjectScope,
  sort_tables = sort.sort_tables,
  sort_tables_and_constraints = sort.sort_tables_and_constraints,
  -- For declarative classes.
  is_column = column.is_column,
  copy_column = column.copy_column,
  column_serial = column.column_serial,
  mapped_options = column.mapped_options,
  name_column = column.name_column,
  append_column = tables.append_column,
}

for _, module in ipairs {"lualchemy.schema.ddl_element", "lualchemy.schema.view"} do
  for name, make in next, (require(module)) do
    if name:sub(1, 2) ~= "__" then schema[name] = make end
  end
end

local makers = {[schema.Column] = "lualchemy.Column", [schema.Table] = "lualchemy.Table",
  [schema.MetaData] = "lualchemy.MetaData"}
local items = {}
for _, name in ipairs {"ForeignKey", "ForeignKeyConstraint", "UniqueConstraint", "PrimaryKeyConstraint",
  "CheckConstraint",
  "Index", "Computed", "Identity", "Sequence", "ColumnDefault", "DefaultClause", "FetchedValue"} do
  items[schema[name]] = name
end

-- Listeners of a class, `event.listen(la.Table, "after_parent_attach", fn)`, hear of all of its kind.
require("lualchemy.event").__family("DDL", {
  chain = function(target)
    local class, kind = core.class_of(target), item.kind(target)
    for maker, name in next, makers do
      if name == class then return {target, maker} end
    end
    return kind and schema[kind] and {target, schema[kind]} or {target}
  end,
})

local inspection = require "lualchemy.inspection"
for _, class in ipairs {"lualchemy.Engine", "lualchemy.Connection"} do
  inspection.__register(class, function(bind) return require("lualchemy.engine.reflection").Inspector(bind) end)
end

inspection.__register_test(function(value, class)
  if makers[class] then return core.class_of(value) == makers[class] end
  if items[class] then return item.kind(value) == items[class] end
end)

return require("lualchemy.strict").module("lualchemy.schema", schema)
