-- SPDX-License-Identifier: MIT
-- More ways to declare classes, as SQLAlchemy's `sqlalchemy.ext.declarative`: tables that are read from the database.
local concrete = require "lualchemy.orm.concrete"
local core = require "lualchemy.core"
local deferred = require "lualchemy.orm.deferred"
local exc = require "lualchemy.exc"
local fields_of = require "lualchemy.orm.fields"
local keywords = require "lualchemy.keywords"
local reflect = require "lualchemy.schema.reflect"
local relationships = require "lualchemy.orm.relationship"
local strict = require "lualchemy.strict"

local M = {}

--- Reads the tables that relationships of the class name as secondary, and that the metadata does not have.
local function reflect_secondary(class, inspector)
  local la = require "lualchemy"
  for _, field in ipairs(fields_of.records[class].deferred.fields) do
    local secondary = relationships.is_property(field.value) and field.value.kind == "relationship" and field.value.options.secondary
    if type(secondary) == "string" and not core.metadata_table(class.metadata, secondary) then
      la.Table(secondary, class.metadata, {autoload_with = inspector})
    elseif core.is(secondary, "lualchemy.Table") and #secondary.c == 0 then
      reflect.table(secondary, inspector, {}, {})
    end
  end
end

local prepare_keywords = keywords.set {"resolve_fks", "include_columns"}

--- Reads the tables of the classes below `class` that wait, and maps these.
---@param class table
---@param bind lualchemy.Engine|lualchemy.Connection
---@param options table?  `resolve_fks`, `include_columns`
---@raise NoSuchTableError for a table that the database does not have
local function prepare(class, bind, options)
  options = keywords.check("prepare", options, prepare_keywords)
  if bind == nil then error(exc.ArgumentError("prepare takes the Engine or Connection that the tables are read from"), 2) end
  local inspector = require("lualchemy.engine.reflection").Inspector(bind)
  local keeping = {resolve_fks = options.resolve_fks, include_columns = options.include_columns, autoload_replace = false}
  local waiting = deferred.classes(class)
  local tables = {}
  for i, each in ipairs(waiting) do tables[i] = deferred.make_table(each) or false end
  for i in ipairs(waiting) do
    if tables[i] then reflect.table(tables[i], inspector, keeping, {}) end
  end
  for _, each in ipairs(waiting) do reflect_secondary(each, inspector) end
  for _, each in ipairs(waiting) do deferred.map(each) end
end

--- A mixin for classes whose tables are read from the database: they are declared at any time, and mapped by
--- `prepare(engine)`. Columns that a class has itself stay as they are. As SQLAlchemy's `DeferredReflection`.
---
---     local Reflected = Base:class "Reflected" {DeferredReflection, __abstract__ = true}
---     local User = Reflected:class "User" {__tablename__ = "users", addresses = orm.relationship("Address")}
---     local Address = Reflected:class "Address" {__tablename__ = "addresses"}
---     Reflected:prepare(engine)
M.DeferredReflection = deferred.declare(fields_of.mixin {prepare = prepare}, "DeferredReflection")

--- A mixin for the base of classes with tables of their own (`concrete = true`): selects of the base read from the union of all their tables,
--- and give objects of the class that each row is of. As SQLAlchemy's `ConcreteBase`.
---
---     local Employee = Base:class "Employee" {ConcreteBase, __tablename__ = "employees", …,
---       __mapper_args__ = {polymorphic_identity = "employee", concrete = true}}
---     local Manager = Employee:class "Manager" {__tablename__ = "managers", …,
---       __mapper_args__ = {polymorphic_identity = "manager", concrete = true}}
M.ConcreteBase = concrete.ConcreteBase

--- A mixin for a base without a table: selects of it read from the union of the tables of the concrete classes below it. It is mapped when these
--- are all there, at the first use of the classes or by `orm.configure_mappers()`; its columns and relationships, each class
--- below has, too. With the field `strict_attrs = true` it has the attributes that it names and the key alone, else those of all tables. As
--- SQLAlchemy's `AbstractConcreteBase`.
---
---     local Employee = Base:class "Employee" {AbstractConcreteBase, strict_attrs = true, name = Column(String)}
---     local Manager = Employee:class "Manager" {__tablename__ = "managers", id = Column(Integer, {primary_key = true}),
---       __mapper_args__ = {polymorphic_identity = "manager", concrete = true}}
M.AbstractConcreteBase = concrete.AbstractConcreteBase

return strict.module("lualchemy.ext.declarative", M)
