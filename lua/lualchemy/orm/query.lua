-- SPDX-License-Identifier: MIT
-- Queries: what of the legacy Query is not hot, and functions that serve selects of classes.
--
-- The Query itself is C (binding/orm_query.c): a Select and a session. Its methods written here are hooks that get both.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"

local M = {}

local parent_keywords = keywords.set {"from_entity"}

--- The condition that rows are related to `object` along a relationship of its class, as SQLAlchemy's `with_parent()`.
---
---     session:scalars(la.select(Address):where(orm.with_parent(user, User.addresses)))
---@param object table  a mapped object; what of it is expired is read
---@param relationship lualchemy.RelationshipAttribute
---@param options table?  `from_entity`: the class or alias whose rows are meant
---@return lualchemy.ColumnElement
---@raise UnmappedInstanceError if `object` is none; ArgumentError if its class has no such relationship
function M.with_parent(object, relationship, options)
  options = keywords.check("with_parent", options, parent_keywords)
  return core.with_parent(object, relationship, options.from_entity)
end

return M
