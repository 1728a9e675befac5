-- SPDX-License-Identifier: MIT
-- The part of the randomised check's work that ties objects to each other and parts them (spec/support/random_play.lua has the rest).
local random_check = require "spec.support.random_check"
local random_world = require "spec.support.random_world"

local M = {}

local chance, pick, label = random_world.chance, random_world.pick, random_check.label

--- Adds the work, and what it needs of a round.
function M.add(work, Round)
  --- Flushes if one of the rows has got a child or parent since the last flush: to link an object and delete it in one flush is a contradiction.
  function Round:settle(rows)
    for _, row in ipairs(rows) do
      if self.gained[row] then return self:flush() end
    end
  end

  --- An object whose foreign key is not loaded does not know the parent whose list it leaves.
  function Round:know_parent(child, relation)
    if child.key then
      local object = self:object(child)
      self.session:no_autoflush(function() return object[relation.up or relation.key] end)
    end
  end

  --- A link of one object that is set before it was read does not tell its old object, as in SQLAlchemy: it is read first.
  function Round:know_child(parent, relation)
    self.session:no_autoflush(function() return self:object(parent)[relation.down] end)
  end

  --- The child leaves its parent; true if it goes with that.
  function Round:detach(relation, child)
    local parent = child.parents[relation.number]
    self:know_parent(child, relation)
    self.gained[parent] = true
    if relation.up and (not relation.down or chance(50)) then
      self:object(child)[relation.up] = nil
    elseif relation.single then
      if relation.up then self:know_child(parent, relation) end
      self:object(parent)[relation.down] = nil
    else
      self:object(parent)[relation.down]:remove(self:object(child))
    end
    if relation.orphan then
      self:remove_rows((self:doomed(child)))
    else
      child.parents[relation.number] = nil
    end
  end

  function work.detach(self)
    local relation = pick(self.world.relations)
    if not relation or relation.kind ~= "tree" then return false end
    local child = pick(self:rows_of(relation.child, function(row) return row.parents[relation.number] ~= nil end))
    if not child then return false end
    if relation.orphan and not (child.key and self:may_go(self:doomed(child))) then return false end
    if relation.orphan then self:settle(self:doomed(child)) end
    self:note("detach %s from %s by %d", label(child), label(child.parents[relation.number]), relation.number)
    self:detach(relation, child)
  end

  function work.move(self)
    local relation = pick(self.world.relations)
    if not relation or relation.kind ~= "tree" then return false end
    local child = pick(self:rows_of(relation.child))
    local parent = pick(self:rows_of(relation.parent, function(row) return not relation.single or #self:children(row, relation) == 0 end))
    if not child or not parent or self:is_above(child, parent) or child.parents[relation.number] == parent then return false end
    self:note("move %s to %s by %d", label(child), label(parent), relation.number)
    local object = self:object(child)
    self:know_parent(child, relation)
    local old = child.parents[relation.number]
    local from = not relation.up and old and self:object(old)
    self:object(parent)
    self.session:no_autoflush(function() -- a flush between the two would find an orphan
      if from then -- without a backref the old list is the program's to mend
        if relation.single then from[relation.down] = nil else from[relation.down]:remove(object) end
        if relation.orphan and not child.key then self.session:add(object) end
      end
      self:attach(object, relation, parent, child)
    end)
    child.parents[relation.number] = parent
  end

  function work.replace_list(self)
    local relation = pick(self.world.relations)
    if not relation or relation.kind ~= "tree" or not relation.down or relation.single or relation.orphan then return false end
    local parent = pick(self:rows_of(relation.parent))
    if not parent then return false end
    local now, wanted, list = self:children(parent, relation), {}, {}
    for _, child in ipairs(self:rows_of(relation.child, function(row)
      return row.parents[relation.number] == parent and chance(60) or
        row.parents[relation.number] == nil and chance(20) and not self:is_above(row, parent)
    end)) do
      if not self:is_above(child, parent) then
        wanted[#wanted + 1] = child
        list[#list + 1] = self:object(child)
      end
    end
    self:note("replace the list of %s by %d: %d members", label(parent), relation.number, #list)
    self:object(parent)[relation.down] = list
    self.gained[parent] = true
    for _, child in ipairs(now) do child.parents[relation.number] = nil end
    for _, child in ipairs(wanted) do child.parents[relation.number], self.gained[child] = parent, true end
  end

  function work.pair(self)
    local relation = pick(self.world.relations)
    if not relation or relation.kind ~= "pairs" then return false end
    local a, b = pick(self:rows_of(relation.parent)), pick(self:rows_of(relation.child))
    if not a or not b then return false end
    local on = not self:linked(relation, a, b)
    self:note("%s %s and %s by %d", on and "pair" or "part", label(a), label(b), relation.number)
    local owner, other, name = self:object(a), self:object(b), relation.down
    if relation.up and chance(50) then owner, other, name = other, owner, relation.up end
    if on then owner[name]:append(other) else owner[name]:remove(other) end
    self.gained[a], self.gained[b] = true, true
    self:link(relation, a, b, on)
  end

  function work.replace_pairs(self)
    local relation = pick(self.world.relations)
    if not relation or relation.kind ~= "pairs" then return false end
    local a = pick(self:rows_of(relation.parent))
    if not a then return false end
    local list = {}
    self:note("replace the pairs of %s by %d", label(a), relation.number)
    for _, b in ipairs(self:rows_of(relation.child)) do
      local on = chance(40)
      if on then list[#list + 1] = self:object(b) end
      self.gained[a], self.gained[b] = true, true
      self:link(relation, a, b, on)
    end
    self:object(a)[relation.down] = list
  end

  --- An object between two others comes, changes or goes.
  function work.associate(self)
    local relation = pick(self.world.relations)
    if not relation or relation.kind ~= "association" then return false end
    local a, b = pick(self:rows_of(relation.parent)), pick(self:rows_of(relation.child))
    if not a or not b then return false end
    local note, left, right = math.random(9), self:object(a), self:object(b)
    if not self:linked(relation, a, b) then
      self:note("associate %s and %s by %d", label(a), label(b), relation.number)
      self.session:no_autoflush(function() left[relation.down]:append(relation.link{right = right, note = note}) end)
      self.gained[a], self.gained[b] = true, true
      return self:link(relation, a, b, note)
    end
    self:flush()
    local between
    for _, each in ipairs(left[relation.down]) do
      if each.right == right then between = each end
    end
    assert(between, "the association is not in the list")
    if chance(50) then
      self:note("note %d for %s and %s by %d", note, label(a), label(b), relation.number)
      between.note = note
      return self:link(relation, a, b, note)
    end
    self:note("part the associated %s and %s by %d", label(a), label(b), relation.number)
    if chance(50) then left[relation.down]:remove(between) else self.session:delete(between) end
    self.stale = true -- lists that are loaded have it
    self:link(relation, a, b, nil)
    if chance(50) then
      self:flush()
      self.session:expire_all()
    end
  end
end

return M
