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
---@field above random_world.Class?  the class that a concrete one inherits its attributes from; it is a root otherwise
---@field composite boolean  of a root: the key has two columns, `id` and `part`, which the program gives
---@field rekeys boolean  of a root: keys change, and what refers to them follows (ON UPDATE CASCADE)
---@field class table  the mapped class

--- What a relation of a world is: "tree" (parent to children; a foreign key in the child's row), "pairs" (a secondary table) or
--- "association" (objects between the two, of a class `link` of their own).
---@class random_world.Relation
---@field number integer
---@field kind "tree"|"pairs"|"association"
---@field link table?  the mapped class of an association's objects: `left`, `right` and `note'
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
---@field left_alone boolean  passive_deletes = "all": the database clears the foreign keys of children
---@field key string       the foreign key; otherwise the name of the table between

local function chance(percent) return math.random(100) <= percent end

local function pick(list) return #list > 0 and list[math.random(#list)] or nil end

M.chance, M.pick = chance, pick

local strategies = {"select", "select", "select", "selectin", "joined", "immediate", "subquery"}

local function draw_classes()
  local classes = {}
  for i = 1, math.random(2, 5) do
    local base = i > 1 and chance(30) and pick(classes) or nil
    local joined, above = base ~= nil and chance(60), nil
    if base and not base.root.versioned and chance(20) then base, above, joined = nil, base, false end
    local class = {number = i, name = "C" .. i, base = base, above = above, joined = joined,
      table = base and not joined and base.table or "t" .. i, versioned = not base and chance(20)}
    class.root = base and base.root or class
    class.rekeys = not base and chance(30)
    class.composite = not base and chance(25)
    if above then class.versioned, class.composite = false, above.root.composite end
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
  relation.left_alone = relation.down and relation.up and not relation.deletes and not relation.single and chance(30) or false
  return relation
end

local function draw_relations(classes)
  local relations, has_owner = {}, {}
  for number = 1, math.random(1, 5) do
    if chance(65) then
      relations[number] = draw_tree(classes, number, has_owner)
    else
      local both = chance(60)
      local relation = {number = number, kind = "pairs", parent = pick(classes), child = pick(classes), key = "pairs" .. number,
        down = "down" .. number, up = both and "up" .. number or nil}
      -- the keys of association objects are those of both sides: they must not change
      if chance(40) and not relation.parent.root.rekeys and not relation.child.root.rekeys then relation.kind = "association" end
      relations[number] = relation
    end
  end
  for _, relation in ipairs(relations) do
    for _, other in ipairs(relations) do
      local refers = other.parent.root == relation.child.root or other.kind ~= "tree" and other.child.root == relation.child.root
      if refers or relation.child.joined or relation.child.has_subclasses then relation.passive = false end
    end
  end
  return relations
end

local function on_update(class)
  return class.root.rekeys and "CASCADE" or nil
end

--- The columns of a key of `class`, or of one that refers to it and is called `name`.
local function key_columns(class, name)
  if not class.root.composite then return {name or "id"} end
  return {name or "id", name and name .. "_part" or "part"}
end

local function foreign_key(class, name, options)
  local targets = key_columns(class)
  for i, column in ipairs(targets) do targets[i] = class.table .. "." .. column end
  options.onupdate = on_update(class)
  return la.ForeignKeyConstraint(key_columns(class, name), targets, options)
end

--- Each of `left` equals the one of `right` at its place.
local function all_equal(left, right)
  local conditions = {}
  for i, column in ipairs(left) do conditions[i] = column:eq(right[i]) end
  return #conditions == 1 and conditions[1] or la.and_(table.unpack(conditions))
end

local function named(where, names)
  local found = {}
  for i, name in ipairs(names) do found[i] = where[name] end
  return found
end

--- The columns and relationships that `relation` brings, into the definitions of its two classes.
local function define_tree(relation, definitions)
  local up, down = definitions[relation.child.number], definitions[relation.parent.number]
  local names = key_columns(relation.parent, relation.key)
  for _, name in ipairs(names) do up[name] = la.Column(la.Integer, {nullable = not relation.required}) end
  local function key() return named(relation.child.class, names) end
  local function parent_key() return named(relation.parent.class.__table__.c, key_columns(relation.parent)) end
  local remote = relation.parent.root == relation.child.root and parent_key or nil
  local function condition() return all_equal(key(), parent_key()) end
  if relation.down then
    down[relation.down] = orm.relationship(relation.child.name, {
      foreign_keys = key, primaryjoin = condition, back_populates = relation.up, cascade = relation.cascade, lazy = pick(strategies),
      uselist = not relation.single, passive_deletes = relation.left_alone and "all" or relation.passive or nil, remote_side = remote and key or nil,
    })
  end
  if relation.up then
    up[relation.up] = orm.relationship(relation.parent.name, {
      foreign_keys = key, primaryjoin = condition, back_populates = relation.down, lazy = pick(strategies), post_update = relation.late or nil, remote_side = remote,
    })
  end
end

--- The columns `a` and `b` of the table between the two sides of a relation, and their foreign keys.
local function between(relation)
  local items = {}
  for name, class in pairs {a = relation.parent, b = relation.child} do
    for _, column in ipairs(key_columns(class, name)) do items[#items + 1] = la.Column(column, la.Integer, {primary_key = true}) end
    items[#items + 1] = foreign_key(class, name, {})
  end
  return items
end

local function define_pairs(relation, definitions, metadata)
  local secondary = la.Table(relation.key, metadata, table.unpack(between(relation)))
  local function of(name, class)
    return function() return all_equal(named(secondary.c, key_columns(class, name)), named(class.class.__table__.c, key_columns(class))) end
  end
  local a, b = of("a", relation.parent), of("b", relation.child)
  definitions[relation.parent.number][relation.down] = orm.relationship(relation.child.name, {
    secondary = secondary, back_populates = relation.up, lazy = pick(strategies), primaryjoin = a, secondaryjoin = b,
  })
  if relation.up then
    definitions[relation.child.number][relation.up] = orm.relationship(relation.parent.name, {
      secondary = secondary, back_populates = relation.down, lazy = pick(strategies), primaryjoin = b, secondaryjoin = a,
    })
  end
end

local function define_association(relation, definitions, base)
  local name, items = "Link" .. relation.number, between(relation)
  items[#items + 1] = la.Column("note", la.Integer)
  local link = la.Table(relation.key, base.metadata, table.unpack(items))
  local function side(class, column)
    local function key() return named(link.c, key_columns(class, column)) end
    return key, function() return all_equal(key(), named(class.class.__table__.c, key_columns(class))) end
  end
  local definition = {__table__ = link}
  for attribute, of in pairs {left = {relation.parent, "a", relation.down}, right = {relation.child, "b", relation.up}} do
    local class, column, back = table.unpack(of, 1, 3)
    local key, condition = side(class, column)
    definition[attribute] = orm.relationship(class.name, {
      foreign_keys = key, primaryjoin = condition, back_populates = back, lazy = pick(strategies),
    })
    if back then
      definitions[class.number][back] = orm.relationship(name, {
        foreign_keys = key, primaryjoin = condition, back_populates = attribute, cascade = "all, delete-orphan", lazy = pick(strategies),
      })
    end
  end
  relation.link = base:class(name)(definition)
end

--- The definition of a class without what its relations bring.
local function define_class(class)
  local definition = {}
  if not class.base then
    definition.__tablename__ = class.table
    definition.id = la.Column(la.Integer, {primary_key = true, autoincrement = not class.composite})
    if class.composite then definition.part = la.Column(la.Integer, {primary_key = true}) end
    definition.kind = la.Column(la.String)
    definition.text = la.Column(la.String)
    definition.number = la.Column(la.Integer)
    definition.__mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = class.name, concrete = class.above and true or nil}
    if class.versioned then
      definition.version = la.Column(la.Integer, {nullable = false})
      definition.__mapper_args__.version_id_col = "version"
    end
    return definition
  end
  definition.__mapper_args__ = {polymorphic_identity = class.name}
  if class.joined then
    definition.__tablename__ = class.table
    local names = key_columns(class)
    for _, name in ipairs(names) do definition[name] = la.Column(la.Integer, {primary_key = true, autoincrement = false}) end
    definition.extra = la.Column(la.Integer)
    local key = la.ForeignKeyConstraint(names, named({id = class.base.table .. ".id", part = class.base.table .. ".part"}, names),
      {onupdate = on_update(class)})
    definition.__table_args__ = {key}
    definition.__mapper_args__.inherit_condition = function()
      return all_equal(named(definition, names), named(class.base.class.__table__.c, names))
    end
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
    local facts = {("%s on %s"):format(class.name, class.table)}
    facts[#facts + 1] = class.base and "a " .. class.base.name or class.above and "concretely a " .. class.above.name or nil
    facts[#facts + 1] = class.composite and "with a key of two columns" or nil
    facts[#facts + 1] = class.versioned and "with a version" or nil
    facts[#facts + 1] = class.rekeys and "whose keys change" or nil
    lines[#lines + 1] = table.concat(facts, ", ")
  end
  for _, relation in ipairs(self.relations) do
    local facts = {}
    for _, name in ipairs {"single", "required", "late", "passive", "left_alone"} do
      if relation[name] then facts[#facts + 1] = name end
    end
    lines[#lines + 1] = ("%d: %s.%s %s %s.%s (%s) %s"):format(relation.number, relation.parent.name, relation.down or "-",
      ({pairs = "<->", association = "<=>", tree = "->"})[relation.kind], relation.child.name, relation.up or "-", relation.cascade or "", table.concat(facts, " "))
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
    elseif relation.kind == "association" then
      define_association(relation, definitions, world.base)
    else
      define_tree(relation, definitions)
    end
  end
  for i, class in ipairs(world.classes) do
    local arguments = definitions[i].__mapper_args__
    arguments.inherit_condition = arguments.inherit_condition and arguments.inherit_condition()
    local base = class.base or class.above
    class.class = (base and base.class or world.base):class(class.name)(definitions[i])
  end
  for _, relation in ipairs(world.relations) do
    if relation.kind == "tree" then
      relation.child.class.__table__:append_constraint(foreign_key(relation.parent, relation.key,
        {ondelete = relation.passive and "CASCADE" or relation.left_alone and "SET NULL" or nil}))
    end
  end
  return world
end

return M
