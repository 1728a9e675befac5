-- SPDX-License-Identifier: MIT
-- What `require "lualchemy.orm"` gives: the names of SQLAlchemy's `sqlalchemy.orm`.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local declarative = require "lualchemy.orm.declarative"
local changes = require "lualchemy.orm.changes"
local collections = require "lualchemy.orm.collections"
local events = require "lualchemy.orm.events"
local registries = require "lualchemy.orm.registry"
local relationships = require "lualchemy.orm.relationship"
local schema = require "lualchemy.schema"
local sessions = require "lualchemy.orm.session"
local execute_states = require "lualchemy.orm.execute_state"
-- Lists that the core makes show themselves through it.
require "lualchemy.values"
require "lualchemy.orm.inspect"
require "lualchemy.orm.merge"
require "lualchemy.orm.bulk"
local identities = require "lualchemy.orm.identity"
require "lualchemy.orm.dynamic"
local queries = require "lualchemy.orm.query"
local bundles = require "lualchemy.orm.bundle"
local loader_options = require "lualchemy.orm.options"
local scoping = require "lualchemy.orm.scoping"
local strict = require "lualchemy.strict"

---@class lualchemy.orm
local orm = {
  declarative_base = declarative.declarative_base,
  DeclarativeBase = declarative.DeclarativeBase,
  mixin = declarative.mixin,
  declared_attr = declarative.declared_attr,
  registry = registries.new,
  configure_mappers = registries.configure,
  clear_mappers = registries.clear,
  has_inherited_table = declarative.has_inherited_table,
  mapped_column = schema.Column,
  relationship = relationships.relationship,
  backref = relationships.backref,
  foreign = relationships.foreign,
  remote = relationships.remote,
  column_property = relationships.column_property,
  deferred = relationships.deferred,
  query_expression = relationships.query_expression,
  synonym = relationships.synonym,
  synonym_for = relationships.synonym_for,
  composite = require("lualchemy.orm.composite").composite,
  Session = sessions.Session,
  sessionmaker = sessions.sessionmaker,
  object_session = sessions.object_session,
  make_transient = sessions.make_transient,
  make_transient_to_detached = sessions.make_transient_to_detached,
  was_deleted = sessions.was_deleted,
  identity_key = identities.identity_key,
  object_mapper = identities.object_mapper,
  class_mapper = identities.class_mapper,
  close_all_sessions = sessions.close_all_sessions,
  scoped_session = scoping.scoped_session,
  with_parent = queries.with_parent,
  validates = changes.validates,
  reconstructor = changes.reconstructor,
  attributes = require "lualchemy.orm.attributes",
  collections = collections,
  Mapper = events.Mapper,
  NO_VALUE = events.NO_VALUE,
  Query = queries.Query,
  RelationshipProperty = {Comparator = core.relationship_methods},
  Bundle = bundles.Bundle,
  DictBundle = bundles.DictBundle,
  exc = require "lualchemy.orm.exc",
  loading = require "lualchemy.orm.loading",
}

for name, make in pairs(loader_options) do orm[name] = make end
for _, name in ipairs {
  "attribute_keyed_dict", "attribute_mapped_collection", "column_keyed_dict", "column_mapped_collection", "keyfunc_mapping", "mapped_collection",
  "KeyFuncDict", "MappedCollection",
} do
  orm[name] = collections[name]
end

--- Another name for a class within a statement, as SQLAlchemy's `aliased()`.
---
---     local Manager = orm.aliased(Employee)
---     session:query(Employee, Manager):join(Manager, Employee.manager_id:eq(Manager.id))
---@param class table  a mapped class; or a table, of which an alias is made
---@param element any?  a subquery, CTE or alias that stands for the class's table
---@param options table?  `name`; `adapt_on_names`: columns of `element` that are no columns of the table are taken by their names;
--- `flat` is how aliases of several tables always are
---@return lualchemy.AliasedClass
---@raise UnmappedClassError for what is no class and no table
function orm.aliased(class, element, options)
  if options == nil and keywords.is_table(element) then element, options = nil, element end
  local given = keywords.check("aliased", options, keywords.set {"name", "alias", "flat", "adapt_on_names"})
  if core.class_of(class) == "lualchemy.Table" then return class:alias(given.name) end
  return core.aliased(class, given.name, element or given.alias, given.adapt_on_names)
end

execute_states.connect(queries.Query)

orm.join, orm.outerjoin = core.join, core.outerjoin

orm.polymorphic_union = require("lualchemy.orm.concrete").polymorphic_union
orm.with_polymorphic = require("lualchemy.orm.polymorphic").with_polymorphic

return strict.module("lualchemy.orm", orm)
