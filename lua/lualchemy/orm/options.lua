-- SPDX-License-Identifier: MIT
-- Loader options: joinedload, selectinload, load_only and their kin.
--
--     session:query(User):options(selectinload(User.addresses):joinedload(Address.city))
--
-- An option is a node of the statement (binding/orm_option.c); chaining adds a step below the last one.
local composites = require "lualchemy.orm.composite"
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

local M = {}

local INNERJOIN, INNERJOIN_GIVEN, SQL_ONLY, RAISELOAD, INCLUDE_ALIASES, NOT_KEPT, EXACT, UNNESTED = 1, 2, 4, 8, 16, 32, 64, 128

local known = {
  joinedload = keywords.set {"innerjoin"},
  raiseload = keywords.set {"sql_only"},
  defer = keywords.set {"raiseload"},
  contains_eager = keywords.set {"alias"},
  selectinload = keywords.set {"recursion_depth", "chunksize"},
  immediateload = keywords.set {"recursion_depth"},
  load_only = keywords.set {"raiseload"},
}
local nothing = {}

local strategies = {
  joinedload = "joined", selectinload = "selectin", subqueryload = "subquery", lazyload = "select", immediateload = "immediate",
  noload = "noload", raiseload = "raise", contains_eager = "contains_eager", defaultload = "defaultload", defer = "defer",
  undefer = "undefer",
}

local function flags_of(options)
  local flags = 0
  local inner = options.innerjoin
  if inner ~= nil then
    if type(inner) ~= "boolean" and inner ~= "nested" and inner ~= "unnested" then
      error(exc.ArgumentError(("innerjoin is true, false, \"nested\" or \"unnested\", not %s"):format(tostring(inner))), 4)
    end
    flags = flags | INNERJOIN_GIVEN | (inner and INNERJOIN or 0) | (inner == "unnested" and UNNESTED or 0)
  end
  if options.sql_only then flags = flags | SQL_ONLY end
  if options.raiseload then flags = flags | RAISELOAD end
  return flags
end

--- The alias of the relationship's target that contains_eager() reads: an `aliased()`, or one made of an alias or subquery of Core.
local function alias_of(relationship, alias)
  if core.entity_class(alias) then return alias end
  return require("lualchemy.orm").aliased(core.relationship_target(relationship), alias)
end

--- One step of `name` for `attribute`: a class attribute, or "*".
local function step(name, attribute, options)
  options = keywords.check(name, options, known[name] or nothing)
  local strategy = strategies[name]
  if name == "raiseload" and options.sql_only then strategy = "raise_on_sql" end
  if attribute == "*" then
    return core.loader_option(strategy, nil, "*", nil, flags_of(options))
  end
  if attribute == nil then
    error(exc.ArgumentError(("%s takes an attribute of a class, such as User.addresses"):format(name)), 3)
  end
  if type(attribute) == "string" then
    error(exc.ArgumentError(("%s takes an attribute of a class, such as User.%s, not a string"):format(name, attribute)), 3)
  end
  local depth, chunk = options.recursion_depth, options.chunksize
  if depth ~= nil and (math.type(depth) ~= "integer" or depth < -1 or depth == 0) then
    error(exc.ArgumentError(("recursion_depth is how many levels are followed, or -1 for all, not %s"):format(tostring(depth))), 3)
  end
  if chunk ~= nil and (math.type(chunk) ~= "integer" or chunk < 1) then
    error(exc.ArgumentError(("'chunksize=%s' is not an appropriate input, please use a positive non-zero integer."):format(tostring(chunk))), 3)
  end
  if options.alias ~= nil then attribute = attribute:of_type(alias_of(attribute, options.alias)) end
  return core.loader_option(strategy, attribute, nil, nil, flags_of(options), depth, chunk)
end

local methods = {}

--- Defines the function and the chaining method of that name.
local function define(name, make)
  M[name] = make
  methods[name] = function(self, ...)
    return core.loader_chain(self, make(...))
  end
end

for name in pairs(strategies) do
  define(name, function(attribute, options)
    local columns = composites.attributes(attribute)
    if not columns then return step(name, attribute, options) end
    local option = step(name, columns[1], options)
    for i = 2, #columns do option = core.loader_chain(option, step(name, columns[i], options)) end
    return option
  end)
end

--- Loads only the named columns (and the primary key) at first; the others when they are read. As SQLAlchemy's `load_only()`.
define("load_only", function(...)
  local attributes = table.pack(...)
  local options = {}
  if keywords.is_table(attributes[attributes.n]) then
    options = keywords.check("load_only", attributes[attributes.n], known.load_only)
    attributes.n = attributes.n - 1
  end
  local columns = {}
  for i = 1, attributes.n do
    local of_composite = composites.attributes(attributes[i])
    table.move(of_composite or {attributes[i]}, 1, of_composite and #of_composite or 1, #columns + 1, columns)
  end
  return core.loader_option("load_only", columns, nil, nil, flags_of(options))
end)

--- The base class and its subclasses, in one list. `given`: how the call writes them.
local function class_family(base, classes, given)
  local list = {base}
  if not core.is_mapped(base) or type(classes) ~= "table" or core.is_mapped(classes) then
    error(exc.ArgumentError("selectin_polymorphic takes " .. given), 3)
  end
  for i, class in ipairs(classes) do
    if not core.is_mapped(class) or not core.is_subclass(class, base) then
      error(exc.ArgumentError(("selectin_polymorphic: item %d of its list is no subclass of %s"):format(i, base.__name__)), 3)
    end
    list[#list + 1] = class
  end
  return list
end

--- Reads what subclasses add to the rows of `base` by one statement for each subclass, as SQLAlchemy's `selectin_polymorphic()`.
---
---     session:scalars(la.select(Person):options(orm.selectin_polymorphic(Person, {Engineer, Manager})))
---@param base table  a mapped class
---@param classes table[]  subclasses of it
function M.selectin_polymorphic(base, classes)
  local family = class_family(base, classes, "a mapped class and a list of its subclasses")
  return core.loader_option("selectin_polymorphic", family, nil, nil, 0)
end

--- The same for what the step before leads to: `selectinload(Company.staff):selectin_polymorphic{Engineer, Manager}`.
function methods.selectin_polymorphic(self, classes, ...)
  if (...) ~= nil then classes = ... end -- the base may be named, too
  local family = class_family(core.option_class(self), classes, "a list of subclasses of what the step before leads to")
  return core.loader_chain(self, core.loader_option("selectin_polymorphic", family, nil, nil, 0))
end

--- Loads the columns of a deferred group. As SQLAlchemy's `undefer_group()`.
define("undefer_group", function(name)
  return core.loader_option("undefer_group", nil, name, nil, 0)
end)

--- Fills a `query_expression` attribute with an SQL expression.
define("with_expression", function(attribute, expression)
  return core.loader_option("with_expression", attribute, nil, expression, 0)
end)

--- Several options below one step: `joinedload(User.orders):options(selectinload(Order.items), defer(Order.note))`.
function methods.options(self, ...)
  return core.loader_chain_all(self, ...)
end

--- Options for one of several entities: `Load(User):selectinload(User.addresses)`. As SQLAlchemy's `Load`.
function M.Load(entity)
  return core.loader_option("Load", entity, nil, nil, 0)
end

local criteria_keywords = keywords.set {"include_aliases", "propagate_to_loaders", "track_closure_variables"}

--- A condition on the rows of a class wherever the statement has it: among the statement's own entities, in joins, in subqueries, in what its
--- relationships load. As SQLAlchemy's `with_loader_criteria()`.
---
---     session:query(User):options(with_loader_criteria(Address, Address.email:ne ""))
---     select(User):options(with_loader_criteria(SoftDeleted, function(cls) return cls.deleted:eq(false) end, {include_aliases = true}))
---@param target table  a mapped class (its subclasses are meant too), a mixin or a base class (all classes that have it)
---@param criteria any  an SQL expression of the class, or a function of a class that gives one; a mixin needs a function
---@param options table?  `include_aliases`: also for aliases of the class that the statement names; `propagate_to_loaders` (default true): also
--- for lazy loads of the objects later
---@return userdata option
---@raise ArgumentError when the target is no class, or the criteria are no condition
function M.with_loader_criteria(target, criteria, options)
  options = keywords.check("with_loader_criteria", options, criteria_keywords)
  local declarative = require "lualchemy.orm.declarative"
  local flags = (options.include_aliases and INCLUDE_ALIASES or 0) | (options.propagate_to_loaders == false and NOT_KEPT or 0)
  local classes = declarative.classes_of(target)
  if classes == nil then
    error(exc.ArgumentError("with_loader_criteria takes a mapped class, a mixin or a base class"), 2)
  end
  local function option(class, exact)
    local condition = criteria
    if type(criteria) == "function" then condition = criteria(class) end
    return core.loader_criteria(class, condition, flags | exact)
  end
  if classes[1] == target then return option(target, 0) end
  if type(criteria) ~= "function" then
    error(exc.ArgumentError("with_loader_criteria of a mixin or a base class takes a function of a class that gives the condition"), 2)
  end
  local all = {}
  for i, class in ipairs(classes) do all[i] = option(class, EXACT) end
  return core.loader_criteria_all(table.unpack(all))
end

--- `User.addresses:any{email = "x"}`: criteria of the target by name, in the order of the names, behind `condition` if there is one.
core.hook("criteria_of", function(entity, criteria, condition)
  local names, terms = {}, {}
  if type(criteria) ~= "table" then
    error(exc.ArgumentError(("any and has take a condition, or a table of attributes by name, not a %s"):format(type(criteria))), 0)
  end
  for name in pairs(criteria) do
    if type(name) ~= "string" then
      error(exc.ArgumentError("any and has take a condition, or a table of attributes by name"), 0)
    end
    names[#names + 1] = name
  end
  table.sort(names)
  if condition ~= nil then terms[1] = condition end
  for _, name in ipairs(names) do
    local attribute = entity[name]
    if core.class_of(attribute) == nil then
      error(exc.InvalidRequestError(('any and has: %s has no attribute "%s"'):format(tostring(entity), name)), 0)
    end
    terms[#terms + 1] = attribute:eq(criteria[name])
  end
  return require("lualchemy").and_(table.unpack(terms))
end)

core.extend("lualchemy.LoaderOption", methods)

return M
