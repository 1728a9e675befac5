-- SPDX-License-Identifier: MIT
-- Random mappings for the randomised check of the unit of work: classes on tables of their own or of a base class, and
-- relationships of every kind between them, with options drawn by chance.
--
--   local world = random_world.new()      -- draws from math.random
--   world.classes, world.relations        -- what there is; see Class and Relation below
local la = require "lualchemy"
local orm = require "lualchemy.orm"

local M = {}

--- What a class of a world is. `base`: the class that it inherits from; `joined`: it has a table of its own beside its base's.
---@class random_world.Class
---@field number integer
---@field name string
---@field table string
---@field base random_world.Class?
---@field joined boolean
---@field root random_world.Class
---@field rekeys boolean  of a root: keys change, and what refers to them follows (ON UPDATE CASCADE)
---@field class table  the mapped class

--- What a relation of a world is: "tree" (parent to children; a foreign key in the child's row) or "pairs" (a secondary table).
---@class random_world.Relation
---@field number integer
---@field kind "tree"|"pairs"
---@field parent random_world.Class
---@field child random_world.Class
---@field down string?  the attribute of the parent
---@field up string?    the attribute of the child
---@field single boolean  a parent has one child at most
---@field deletes boolean  children go with their parent
---@field orphan boolean   children go with their relation to the parent
---@field required boolean the foreign key is NOT NULL
---@field late boolean     post_update
---@field passive boolean  passive_deletes: the database deletes children that are not loaded, to which nothing refers
---@field key string       the foreign key; for pairs, the name of the secondary table

local function chance(percent) return math.random(100) <= percent end

local function pick(list) return list[math.random(#list)] end

local strategies = {"select", "select", "select", "selectin", "joined", "immediate", "subquery"}

local function draw_classes()
  local classes = {}
  for i = 1, math.random(2, 5) do
    local base = i > 1 and chance(25) and pick(classes) or nil
    local joined = base ~= nil and chance(60)
    local class = {number = i, name = "C" .. i, base = base, joined = joined, table = base and not joined and base.table or "t" .. i,
      versioned = not base and chance(20)}
    class.root = base and base.root or class
    class.rekeys = not base and chance(30)
    classes[i] = class
    if base then base.has_subclasses = true end
  end
  return classes
end

function M.is_a(class, base)
  while class and class ~= base do class = class.base end
  return class ~= nil
end

--- Whether objects of the class have the column of a joined table.
function M.has_extra(class)
  while class and not class.joined do class = class.base end
  return class ~= nil
end

--- Cascades of a to-many side: what they are called, and what they mean for children.
local cascades = {
  {},
  {},
  {cascade = "all", deletes = true},
  {cascade = "save-update, merge, delete", deletes = true},
  {cascade = "all, delete-orphan", deletes = true, orphan = true},
}

local function draw_tree(classes, number, has_owner)
  local child = pick(classes)
  local parents = {}
  for _, class in ipairs(classes) do -- from earlier to later classes, or from one to itself
    if class.root == child.root or class.root.number < child.root.number then parents[#parents + 1] = class end
  end
  local parent = pick(parents)
  local relation = {number = number, kind = "tree", parent = parent, child = child, key = "r" .. number .. "_id", single = chance(20)}
  local itself = parent.root == child.root
  relation.down, relation.up = "down" .. number, "up" .. number
  if not relation.single and chance(20) then
    relation[pick{"down", "up"}] = nil
  end
  if relation.down then
    local chosen = pick(cascades)
    if chosen.orphan and has_owner[child.table] then chosen = {} end
    for key, value in pairs(chosen) do relation[key] = value end
  end
  if relation.orphan then
    has_owner[child.table] = true
    relation.required = not itself and not child.base and not child.has_subclasses and chance(50)
  end
  relation.late = not relation.required and not relation.deletes and relation.up ~= nil and relation.down == nil and chance(50)
  relation.passive = relation.deletes and not itself and chance(40)
  return relation
end

local function draw_relations(classes)
  local relations, has_owner = {}, {}
  for number = 1, math.random(1, 5) do
    if chance(65) then
      relations[number] = draw_tree(classes, number, has_owner)
    else
      local both = chance(60)
      relations[number] = {number = number, kind = "pairs", parent = pick(classes), child = pick(classes), key = "pairs" .. number,
        down = "down" .. number, up = both and "up" .. number or nil}
    end
  end
  for _, relation in ipairs(relations) do
    for _, other in ipairs(relations) do
      local refers = other.parent.root == relation.child.root or other.kind == "pairs" and other.child.root == relation.child.root
      if refers or relation.child.joined or relation.child.has_subclasses then relation.passive = false end
    end
  end
  return relations
end

local function on_update(class)
  return class.root.rekeys and "CASCADE" or nil
end

--- The columns and relationships that `relation` brings, into the definitions of its two classes.
local function define_tree(relation, definitions, parent_key)
  local up, down = definitions[relation.child.number], definitions[relation.parent.number]
  up[relation.key] = la.Column(la.Integer, la.ForeignKey(relation.parent.table .. ".id",
    {ondelete = relation.passive and "CASCADE" or nil, onupdate = on_update(relation.parent)}),
    {nullable = not relation.required})
  local key = function() return relation.child.class[relation.key] end
  local remote = relation.parent.root == relation.child.root and parent_key or nil
  local condition = function() return relation.child.class[relation.key]:eq(parent_key()) end
  if relation.down then
    down[relation.down] = orm.relationship(relation.child.name, {
      foreign_keys = key, primaryjoin = condition, back_populates = relation.up, cascade = relation.cascade, lazy = pick(strategies),
      uselist = not relation.single, passive_deletes = relation.passive or nil, remote_side = remote and key or nil,
    })
  end
  if relation.up then
    up[relation.up] = orm.relationship(relation.parent.name, {
      foreign_keys = key, primaryjoin = condition, back_populates = relation.down, lazy = pick(strategies), post_update = relation.late or nil, remote_side = remote,
    })
  end
end

local function define_pairs(relation, definitions, metadata)
  local secondary = la.Table(relation.key, metadata,
    la.Column("a", la.Integer, la.ForeignKey(relation.parent.table .. ".id", {onupdate = on_update(relation.parent)}), {primary_key = true}),
    la.Column("b", la.Integer, la.ForeignKey(relation.child.table .. ".id", {onupdate = on_update(relation.child)}), {primary_key = true}))
  local function side(target, mine, theirs, back, own)
    return orm.relationship(target.name, {
      secondary = secondary, back_populates = back, lazy = pick(strategies),
      primaryjoin = function() return secondary.c[mine]:eq(own.class.__table__.c.id) end,
      secondaryjoin = function() return secondary.c[theirs]:eq(target.class.__table__.c.id) end,
    })
  end
  definitions[relation.parent.number][relation.down] = side(relation.child, "a", "b", relation.up, relation.parent)
  if relation.up then
    definitions[relation.child.number][relation.up] = side(relation.parent, "b", "a", relation.down, relation.child)
  end
end

--- The definition of a class without what its relations bring.
local function define_class(class)
  local definition = {}
  if not class.base then
    definition.__tablename__ = class.table
    definition.id = la.Column(la.Integer, {primary_key = true})
    definition.kind = la.Column(la.String)
    definition.text = la.Column(la.String)
    definition.number = la.Column(la.Integer)
    definition.__mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = class.name}
    if class.versioned then
      definition.version = la.Column(la.Integer, {nullable = false})
      definition.__mapper_args__.version_id_col = "version"
    end
    return definition
  end
  definition.__mapper_args__ = {polymorphic_identity = class.name}
  if class.joined then
    definition.__tablename__ = class.table
    definition.id = la.Column(la.Integer, la.ForeignKey(class.base.table .. ".id", {onupdate = on_update(class)}), {primary_key = true})
    definition.extra = la.Column(la.Integer)
    definition.__mapper_args__.inherit_condition = function() return definition.id:eq(class.base.class.__table__.c.id) end
  end
  return definition
end

local loaders = {"selectinload", "joinedload", "subqueryload", "immediateload", "lazyload"}

--- The attribute by which rows of a class refer to others along a relation; nil if there is none.
local function attribute_of(class, relation)
  if M.is_a(class, relation.parent) and relation.down then return relation.down end
  return M.is_a(class, relation.child) and relation.up or nil
end

--- A loader option for objects of `class`, or nil, and what it is in words.
function M.draw_option(world, class)
  local relation = pick(world.relations)
  local name = relation and attribute_of(class, relation)
  if not name then return nil, "" end
  local loader = pick(loaders)
  return orm[loader](class.class[name]), (" with %s of %s"):format(loader, name)
end

local World = {}
World.__index = World

--- The mapping in words, for the message of a round that fails.
function World:describe()
  local lines = {}
  for _, class in ipairs(self.classes) do
    lines[#lines + 1] = ("%s on %s%s%s"):format(class.name, class.table, class.base and ", a " .. class.base.name or "",
      (class.versioned and ", with a version" or "") .. (class.rekeys and ", whose keys change" or ""))
  end
  for _, relation in ipairs(self.relations) do
    local facts = {}
    for _, name in ipairs {"single", "required", "late", "passive"} do
      if relation[name] then facts[#facts + 1] = name end
    end
    lines[#lines + 1] = ("%d: %s.%s %s %s.%s (%s) %s"):format(relation.number, relation.parent.name, relation.down or "-",
      relation.kind == "pairs" and "<->" or "->", relation.child.name, relation.up or "-", relation.cascade or "", table.concat(facts, " "))
  end
  return table.concat(lines, "\n")
end

--- Draws a mapping and makes its classes on a base of their own.
function M.new()
  local world = setmetatable({base = orm.declarative_base(), classes = draw_classes()}, World)
  world.relations = draw_relations(world.classes)
  local definitions = {}
  for i, class in ipairs(world.classes) do definitions[i] = define_class(class) end
  for _, relation in ipairs(world.relations) do
    if relation.kind == "pairs" then
      define_pairs(relation, definitions, world.base.metadata)
    else
      define_tree(relation, definitions, function() return relation.parent.class.__table__.c.id end)
    end
  end
  for i, class in ipairs(world.classes) do
    local arguments = definitions[i].__mapper_args__
    arguments.inherit_condition = arguments.inherit_condition and arguments.inherit_condition()
    class.class = (class.base and class.base.class or world.base):class(class.name)(definitions[i])
  end
  return world
end

return M
