-- SPDX-License-Identifier: MIT
-- Registries: the classes of one declarative base, and the configuration of their relationships.
--
-- A class is configured at first use, since the classes and tables that it names may not exist when it is made. An error found then
-- belongs to its registry alone, and is raised at each use until the class is mended.
local collections = require "lualchemy.orm._collection_class"
local core = require "lualchemy.core"
local event = require "lualchemy.event"
local events = require "lualchemy.orm.events"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local overlaps = require "lualchemy.orm._overlaps"

local M = {}

---@class lualchemy.registry
---@field metadata lualchemy.MetaData
---@field mappers lualchemy.Mapper[]  of its classes, in the order in which they were made
local Registry = {}

function Registry.__index(self, key)
  if key ~= "mappers" then return Registry[key] end
  local list = {}
  for class in pairs(self.numbers) do list[#list + 1] = class.__mapper__ end
  table.sort(list, function(a, b) return self.numbers[a.class_] < self.numbers[b.class_] end)
  return core.list(list)
end

Registry.__name = "lualchemy.registry"
M.Registry = Registry

--- Registries by their core box, for the hook that C calls.
local pending = {}
--- Every registry.
local live = setmetatable({}, {__mode = "k"})

local registry_keywords = keywords.set {"metadata"}

--- Makes a registry, as SQLAlchemy's `registry()`.
---@param options table?  `metadata`
---@return lualchemy.registry
function M.new(options)
  options = keywords.check("registry", options, registry_keywords)
  local self = setmetatable({}, Registry)
  self.metadata = options.metadata or require("lualchemy.schema").MetaData()
  self.core = core.registry_new()
  self.classes = {}   -- name → class, or false if several have it
  self.numbers = setmetatable({}, {__mode = "k"})   -- class → its number
  self.made = 0       -- how many classes there were
  self.fresh = {}     -- classes that were mapped since the last configuration
  self.waiting = {}   -- relationships not yet configured: {class, key, property}
  self.described = setmetatable({}, {__mode = "k"})   -- class → key → what relationship() was given
  self.first = {}     -- functions to call ahead of the next configuration
  self.targets = {}   -- column → the relationships that write it
  live[self] = true
  return self
end

--- The registries whose classes have tables in `metadata`.
---@param metadata lualchemy.MetaData
---@return lualchemy.registry[]
function M.of_metadata(metadata)
  local found = {}
  for registry in pairs(live) do
    if registry.metadata == metadata then found[#found + 1] = registry end
  end
  return found
end

function Registry:__tostring()
  local names = {}
  for name in pairs(self.classes) do names[#names + 1] = name end
  table.sort(names)
  return ("registry(%s)"):format(table.concat(names, ", "))
end

--- Notes a new class.
function Registry:_add_class(class)
  local name = class.__name__
  self.classes[name] = self.classes[name] == nil and class or false
  self.fresh[#self.fresh + 1] = class
  self.made = self.made + 1
  self.numbers[class] = self.made
  if class.__declare_first__ or class.__declare_last__ or events.listened "mapper_configured" or events.listened "before_mapper_configured" or
    events.listened "before_configured" or events.listened "after_configured" then
    pending[self] = true
    core.configure_wanted(true)
  end
end

--- Forgets a class whose declaration failed.
function Registry:_remove_class(class)
  if self.classes[class.__name__] == class then self.classes[class.__name__] = nil end
  self.numbers[class] = nil
  for _, list in ipairs {self.fresh, self.waiting} do
    for i = #list, 1, -1 do
      if list[i] == class or list[i].class == class then table.remove(list, i) end
    end
  end
end

--- Calls `fn` ahead of the next configuration; only once, however often it is asked for.
function Registry:_before(fn)
  self.first[fn] = true
  pending[self] = true
  core.configure_wanted(true)
end

--- Notes a relationship to be configured at first use.
function Registry:_wait(class, key, property)
  self.waiting[#self.waiting + 1] = {class = class, key = key, property = property}
  self.described[class] = self.described[class] or {}
  self.described[class][key] = property
  pending[self] = true
  core.configure_wanted(true)
end

core.hook("relationship_comparator", function(class, key, name)
  return M.described(class, key).options.comparator_factory[name]
end)

--- What relationship() was given for the attribute `key` of `class`, or of a class above it.
---@param class table
---@param key string
---@return table property
function M.described(class, key)
  while class do
    local found = class.registry.described[class]
    if found and found[key] then return found[key] end
    class = rawget(class, "__base__")
  end
end

local function where(entry)
  return ("%s.%s"):format(entry.class.__name__, entry.key)
end

--- The class called `name`.
function Registry:_find(name, entry)
  local class = self.classes[name]
  if class then return class end
  if class == false then
    error(exc.InvalidRequestError(("Multiple classes found for name \"%s\" in the registry of this declarative base; " ..
      "%s must be given the class itself, or a function that gives it")
      :format(name, where(entry))), 0)
  end
  local nearest = core.nearest(name, self.classes)
  error(exc.InvalidRequestError(("When initializing mapper %s, expression '%s' failed to locate a name ('%s')%s. " ..
    "If this is a class name, consider adding this relationship() to the %s class after both dependent classes have been defined.")
    :format(tostring(entry.class.__mapper__), name, name, nearest and ("; did you mean '%s'?"):format(nearest) or "", entry.class.__name__)), 0)
end

--- What names mean inside an expression given as a string: classes, tables, and what `require "lualchemy"` has.
function Registry:_environment(entry)
  return setmetatable({}, {
    __index = function(_, name)
      local class = self.classes[name]
      if class then return class end
      local tables = entry.class.metadata.tables
      local ok, found = pcall(function() return tables[name] end)
      if ok and found ~= nil then return found end
      if name == "foreign" or name == "remote" then return require("lualchemy.orm.relationship")[name] end
      local la = require "lualchemy"
      ok, found = pcall(function() return la[name] end)
      if ok and found ~= nil then return found end
      return self:_find(name, entry)
    end,
  })
end

--- Evaluates `"Address.id:desc()"` or several expressions separated by commas; gives a list.
function Registry:_evaluate(text, entry, option)
  local chunk, problem = load("return " .. text, "=" .. where(entry) .. "." .. option, "t", self:_environment(entry))
  if not chunk then
    error(exc.ArgumentError(("%s: %s is no Lua expression: %s"):format(where(entry), option, problem)), 0)
  end
  return table.pack(chunk())
end

--- The class at the other end, and the alias of it that the relationship was given instead.
function Registry:_target(entry)
  if entry.target then return entry.target, entry.alias end
  entry.target, entry.alias = self:_find_target(entry)
  return entry.target, entry.alias
end

function Registry:_find_target(entry)
  local argument = entry.property.argument
  if argument == nil then
    error(exc.ArgumentError(("relationship %s has no target class"):format(where(entry))), 0)
  end
  if type(argument) == "function" then argument = argument() end
  if type(argument) == "string" then
    argument = argument:match("^[%a_][%w_]*$") and self:_find(argument, entry) or self:_evaluate(argument, entry, "argument")[1]
  end
  if core.is_mapped(argument) then return argument end
  local class = core.entity_class(argument)
  if class == nil then
    error(exc.ArgumentError(("relationship '%s' expects a class or a mapper argument (received: %s)"):format(entry.key, tostring(argument))), 0)
  end
  return class, argument
end

--- The value of an option that may be a string, a function, or the thing itself.
function Registry:_resolve(entry, option)
  local value = entry.property.options[option]
  if type(value) == "function" then value = value() end
  if type(value) == "string" then return self:_evaluate(value, entry, option)[1] end
  return value
end

--- The values of an option that may be several: strings, each of one or more expressions, things themselves, lists of these, or a function.
function Registry:_resolve_list(entry, option)
  local value = entry.property.options[option]
  if type(value) == "function" then value = value() end
  if value == nil then return nil end
  local list = {}
  local function add(item, is_evaluated)
    if type(item) == "string" and not is_evaluated then
      for _, found in ipairs(self:_evaluate(item, entry, option)) do add(found, true) end
    elseif type(item) == "table" and getmetatable(item) == nil then
      for _, part in ipairs(item) do add(part, is_evaluated) end
    else
      list[#list + 1] = item
    end
  end
  add(value)
  return list
end

--- The table that `secondary` names, or the FROM element that it is.
function Registry:_secondary(entry)
  local value = entry.property.options.secondary
  if type(value) == "function" then value = value() end
  if value ~= nil and (core.is_mapped(value) or core.entity_class(value)) then
    error(exc.ArgumentError(("secondary argument %s passed to to relationship() %s must be a Table object or other FROM clause; can't send a " ..
      "mapped class directly as rows in 'secondary' are persisted independently of a class that is mapped to that same table.")
      :format(tostring(value), where(entry))), 0)
  end
  if type(value) == "string" then
    local tables = entry.class.metadata.tables
    local ok, found = pcall(function() return tables[value] end)
    if ok and found ~= nil then return found end
    if not value:find "%(" then
      error(exc.InvalidRequestError(("relationship %s: secondary names the table \"%s\", which the metadata does not have"):format(where(entry), value)), 0)
    end
    value = self:_evaluate(value, entry, "secondary")[1]
  end
  if value ~= nil and not core.is(value, "lualchemy.Table") and not core.is(value, "lualchemy.FromClause") then
    error(exc.ArgumentError(("relationship %s: secondary is a table, its name, a join, an alias or a subquery, not %s")
      :format(where(entry), describe.value(value))), 0)
  end
  return value
end

--- The name that `back_populates` says: a string, an attribute, or a function that gives one of these.
function Registry:_back_populates(entry)
  local value = entry.property.options.back_populates
  if value == nil or type(value) == "string" then return value end
  if type(value) == "function" then value = value() end
  local _, key = core.attribute_of(value)
  key = type(value) == "string" and value or key
  if key == nil then
    error(exc.ArgumentError(("Invalid back_populates value: %s"):format(describe.value(value))), 0)
  end
  entry.property.options.back_populates = key
  return key
end

--- A side that is told of the other's changes must be one that may change.
local function check_sync(viewonly, other, name, other_name)
  if viewonly.viewonly and other.sync_backref then
    error(exc.InvalidRequestError(("Relationship %s cannot specify sync_backref=True since %s includes viewonly=True."):format(other_name, name)), 0)
  end
end

--- Ties a relationship to the one that it names by `back_populates`.
function Registry:_tie(entry)
  local back = self:_back_populates(entry)
  if not back then return end
  local described = entry.target.registry.described
  local other = described[entry.target] and described[entry.target][back]
  if other then
    local other_name = ("%s.%s"):format(entry.target.__name__, back)
    check_sync(entry.property.options, other.options, where(entry), other_name)
    check_sync(other.options, entry.property.options, other_name, where(entry))
  end
  core.relationship_reverse(entry.class, entry.key, back)
end

local passed = {"uselist", "viewonly", "single_parent", "post_update", "passive_updates", "innerjoin", "active_history", "load_on_pending",
  "enable_typechecks", "passive_deletes", "join_depth", "sync_backref", "omit_join", "distinct_target_key"}

function Registry:_configure_one(entry)
  local given = entry.property.options
  local target, alias = self:_target(entry)
  local options = {
    target = target,
    alias = alias,
    secondary = self:_secondary(entry),
    primaryjoin = self:_resolve(entry, "primaryjoin"),
    secondaryjoin = self:_resolve(entry, "secondaryjoin"),
    foreign_keys = self:_resolve_list(entry, "foreign_keys"),
    remote_side = self:_resolve_list(entry, "remote_side"),
    order_by = given.order_by and self:_resolve_list(entry, "order_by") or nil,
    lazy = given.lazy == nil and "select" or given.lazy == true and "select" or given.lazy == false and "joined" or given.lazy,
    cascade = given.cascade,
    unnested = given.innerjoin == "unnested",
  }
  for _, name in ipairs(passed) do options[name] = given[name] end
  options.collection = require("lualchemy.orm.declarative").keep_collection(entry.class, entry.key, collections.kind(given.collection_class, where(entry)))
  core.relationship_configure(entry.class, entry.key, options)
  if alias then require("lualchemy.orm.mapping").narrow(entry.class, entry.key, alias) end
end

--- A backref is a relationship of the target class: it is added before anything is configured.
function Registry:_add_backref(entry)
  local backref = entry.property.options.backref
  if not backref or entry.backref_added then return end
  local declarative = require "lualchemy.orm.declarative"
  local relationship = require "lualchemy.orm.relationship"
  if type(backref) == "string" then backref = {name = backref, options = {}} end
  local target = self:_target(entry)
  local given = entry.property.options
  local options = {back_populates = entry.key}
  for _, name in ipairs {"secondary", "viewonly", "post_update", "passive_updates", "sync_backref"} do options[name] = given[name] end
  if given.secondary then
    options.primaryjoin, options.secondaryjoin = given.secondaryjoin, given.primaryjoin
  else
    options.primaryjoin = given.primaryjoin
  end
  options.foreign_keys = given.foreign_keys
  for key, value in pairs(backref.options) do options[key] = value end
  if core.mapper_has(target, backref.name) then
    error(exc.ArgumentError(("Error creating backref '%s' on relationship '%s': property of that name exists on mapper '%s'")
      :format(backref.name, where(entry), tostring(target.__mapper__))), 0)
  end
  entry.backref_added = true
  declarative.add_property(target, backref.name, relationship.relationship(entry.class, options))
  given.back_populates = backref.name
end

--- Adds the backrefs of the relationships that wait, behind the first `done`, also those that come meanwhile; gives how many wait now.
function Registry:_add_backrefs(done)
  while done < #self.waiting do
    done = done + 1
    self:_add_backref(self.waiting[done])
  end
  return done
end

--- Configures the relationships that wait, of `class` alone if it is given.
function Registry:_configure_waiting(class)
  for _, entry in ipairs(self.waiting) do
    if not entry.configured and (class == nil or entry.class == class) then
      self:_configure_one(entry)
      entry.configured = true
    end
  end
end

--- Configures what waits. An error leaves it waiting.
function Registry:configure()
  if not pending[self] then return end
  event.__fire("before_configured", self, self)
  local first = self.first
  self.first = {}
  for fn in pairs(first) do fn() end
  local fresh = self.fresh
  for _, class in ipairs(fresh) do
    if class.__declare_first__ then class:__declare_first__() end
  end
  local added = self:_add_backrefs(0)
  for _, class in ipairs(self.fresh) do
    event.__fire("before_mapper_configured", class, class.__mapper__, class)
    self:_configure_waiting(class)
    event.__fire("mapper_configured", class, class.__mapper__, class)
    added = self:_add_backrefs(added)
  end
  self:_configure_waiting(nil)
  for _, entry in ipairs(self.waiting) do self:_tie(entry) end
  local configured = self.waiting
  self.waiting, self.fresh = {}, {}
  pending[self] = nil
  if next(pending) == nil then core.configure_wanted(false) end
  for _, entry in ipairs(configured) do overlaps.check(self.targets, entry, entry.target) end
  event.__fire("after_configured", self, self)
  for _, class in ipairs(fresh) do
    if class.__declare_last__ then class:__declare_last__() end
  end
end

--- `registry:class "User" {…}`: a class with a `__tablename__`, a `__table__` or mixins is mapped, as by SQLAlchemy's `registry.mapped`;
--- one without is for `map_imperatively`.
---@param name string
---@return fun(definition: table?): table
function Registry:class(name, extra)
  if type(name) ~= "string" or extra ~= nil then
    error(exc.ArgumentError('registry:class takes the name of the class, then its table: registry:class "User" { … }'), 2)
  end
  return function(definition)
    if definition and (definition.__tablename__ or definition.__table__ or #definition > 0) then
      self.base = self.base or self:generate_base()
      return self.base:class(name)(definition)
    end
    return require("lualchemy.orm.declarative").plain_class(self, name, definition)
  end
end

--- Maps a class to a table without a declarative base, as SQLAlchemy's `registry.map_imperatively()`.
---
---     local User = registry:class "User" {}
---     registry:map_imperatively(User, users, {properties = {addresses = relationship(Address)}})
---@param class table  made by `registry:class`, or a plain table used as a class
---@param table_to_map lualchemy.Table
---@param options table?  `properties`, and the mapper's arguments
---@return lualchemy.Mapper
---@raise ArgumentError for what is no class, or is mapped already
function Registry:map_imperatively(class, table_to_map, options)
  return require("lualchemy.orm.declarative").map_imperatively(self, class, table_to_map, options)
end

--- A declarative base with this registry, as SQLAlchemy's `registry.generate_base()`.
---@param options {name: string?, metadata: lualchemy.MetaData?, cls: table?}?
---@return table Base
function Registry:generate_base(options)
  local given = {registry = self}
  for key, value in pairs(options or {}) do given[key] = value end
  return require("lualchemy.orm.declarative").declarative_base(given)
end

--- Forgets the classes, as SQLAlchemy's `registry.dispose()`; objects that exist stay as they are.
function Registry:dispose()
  self.classes, self.waiting, self.numbers = {}, {}, setmetatable({}, {__mode = "k"})
  pending[self] = nil
end

--- Forgets the classes of every registry, as SQLAlchemy's `clear_mappers()`.
function M.clear()
  for registry in pairs(live) do registry:dispose() end
end

--- Configures the registry of a class, or every one.
---@param class table?
function M.configure(class)
  if class then
    if not core.is_mapped(class) then
      error(exc.ArgumentError(("configure takes a mapped class, not %s"):format(describe.value(class))), 0)
    end
    return class.registry:configure()
  end
  for registry in pairs(pending) do registry:configure() end
end

events.connect {
  is_registry = function(target) return getmetatable(target) == Registry end,
  configuration_wanted = function()
    for registry in pairs(live) do
      if #registry.fresh > 0 then
        pending[registry] = true
        core.configure_wanted(true)
      end
    end
  end,
}

core.hook("configure", function(class) M.configure(class) end)

return M
