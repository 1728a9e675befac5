-- SPDX-License-Identifier: MIT
-- One round of the randomised check: random work on the objects of a random mapping, and beside it a model in plain tables of what
-- the database must hold. After each flush that the round asks for the rows are compared with the model, after each commit every
-- object too.
--
--   local round = random_play.new(seed)
--   round:run()                       -- raises at the first difference
--   round.log                         -- what was done, for the message
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local random_check = require "spec.support.random_check"
local random_links = require "spec.support.random_links"
local random_world = require "spec.support.random_world"

local Round = setmetatable({}, {__index = random_check})
Round.__index = Round

local M = {}

local chance, pick, is_a, label = random_world.chance, random_world.pick, random_world.is_a, random_check.label

-- The model. A row: {class, alive, key (once flushed), text, number, parents = {relation number → row}, object (nil: let go)}.
-- `pairs[relation number]`: {row → {row → true, or the note of the association}}, by the rows' numbers.

function Round:note(format, ...)
  self.log[#self.log + 1] = format:format(...)
end

--- Rows that are there, of `class` and its subclasses, that satisfy `wanted`.
function Round:rows_of(class, wanted)
  local found = {}
  for _, row in ipairs(self.rows) do
    if row.alive and (not class or is_a(row.class, class)) and (not wanted or wanted(row)) then found[#found + 1] = row end
  end
  return found
end

function Round:children(row, relation)
  return self:rows_of(relation.child, function(child) return child.parents[relation.number] == row end)
end

function Round:linked(relation, a, b)
  local of = self.pairs[relation.number][a.number_in_round]
  return of and of[b.number_in_round] or false
end

function Round:link(relation, a, b, on)
  local all = self.pairs[relation.number]
  all[a.number_in_round] = all[a.number_in_round] or {}
  all[a.number_in_round][b.number_in_round] = on or nil
end

--- The model as it is now, for a rollback.
function Round:snapshot()
  local kept = {rows = {}, pairs = {}, count = #self.rows}
  for i, row in ipairs(self.rows) do
    local parents = {}
    for number, parent in pairs(row.parents) do parents[number] = parent end
    kept.rows[i] = {alive = row.alive, key = row.key, text = row.text, number = row.number, extra = row.extra, parents = parents}
  end
  for number, all in pairs(self.pairs) do
    kept.pairs[number] = {}
    for a, of in pairs(all) do
      kept.pairs[number][a] = {}
      for b, on in pairs(of) do kept.pairs[number][a][b] = on end
    end
  end
  return kept
end

function Round:restore(kept)
  for i, row in ipairs(self.rows) do
    local was = kept.rows[i]
    if was then
      row.alive, row.key, row.text, row.number, row.extra, row.parents = was.alive, was.key, was.text, was.number, was.extra, was.parents
    else
      row.alive, row.object = false, nil
    end
  end
  self.pairs = kept.pairs
end

--- What goes when `row` is deleted: the row and, along delete cascades, its children.
function Round:doomed(row)
  local list, seen = {row}, {[row] = true}
  local at = 1
  while at <= #list do
    for _, relation in ipairs(self.world.relations) do
      if relation.deletes and is_a(list[at].class, relation.parent) then
        for _, child in ipairs(self:children(list[at], relation)) do
          if not seen[child] then
            seen[child] = true
            list[#list + 1] = child
          end
        end
      end
    end
    at = at + 1
  end
  return list, seen
end

--- Whether the rows of `seen` may go: nothing that stays refers to them by a relationship that only the other side has.
function Round:may_go(list, seen)
  for _, relation in ipairs(self.world.relations) do
    for _, row in ipairs(list) do
      if relation.kind == "tree" and is_a(row.class, relation.parent) and (not relation.down or relation.passive) then
        for _, child in ipairs(self:children(row, relation)) do
          if not seen[child] then return false end
        end
      elseif relation.kind ~= "tree" and not relation.up and is_a(row.class, relation.child) then
        for _, other in ipairs(self:rows_of(relation.parent)) do
          if self:linked(relation, other, row) then return false end
        end
      end
    end
  end
  return true
end

--- The model loses the rows of `list`.
function Round:remove_rows(list)
  self.stale = true
  for _, row in ipairs(list) do
    row.alive, row.object = false, nil
    for _, relation in ipairs(self.world.relations) do
      if relation.kind == "tree" then
        for _, child in ipairs(self:rows_of(nil, function(other) return other.parents[relation.number] == row end)) do
          child.parents[relation.number] = nil
        end
      else
        for _, of in pairs(self.pairs[relation.number]) do of[row.number_in_round] = nil end
        self.pairs[relation.number][row.number_in_round] = nil
      end
    end
  end
end

--- Whether `child` stands above `parent` already, by any relation: rows must not need each other.
function Round:is_above(child, parent)
  local list, seen = {parent}, {[parent] = true}
  local at = 1
  while at <= #list do
    if list[at] == child then return true end
    for _, above in pairs(list[at].parents) do
      if not seen[above] then
        seen[above] = true
        list[#list + 1] = above
      end
    end
    at = at + 1
  end
  return false
end

-- The objects.

--- The object of a row, fetched by its key if it was let go.
function Round:object(row)
  if not row.object then
    row.object = self.session:get(row.class.class, row.part and {row.key, row.part} or row.key)
    assert(row.object ~= nil, "get gives nothing for " .. label(row))
  end
  return row.object
end

function Round:learn_keys()
  for _, row in ipairs(self.rows) do
    if row.alive and not row.key and la.inspect(row.object).persistent then row.key = row.object.id end
  end
end

function Round:flush()
  self:note("flush")
  self.session:flush()
  self:learn_keys()
  self.gained = {}
end

-- Work. Each function does one thing to the objects and to the model, or gives false if it does not apply now.

local work = {}
random_links.add(work, Round)

--- What a new object of `class` is given: a parent for each relation that demands one, and others by chance.
function Round:draw_parents(class)
  local parents = {}
  for _, relation in ipairs(self.world.relations) do
    if relation.kind == "tree" and is_a(class, relation.child) and (relation.required or chance(50)) then
      local parent = pick(self:rows_of(relation.parent, function(row)
        return not relation.single or #self:children(row, relation) == 0
      end))
      if relation.required and not parent then return nil end
      parents[relation.number] = parent
    end
  end
  return parents
end

function Round:attach(object, relation, row, child)
  local parent = self:object(row)
  self.gained[row], self.gained[child] = true, true
  if relation.up and (not relation.down or chance(50)) then
    object[relation.up] = parent
  elseif relation.single then
    parent[relation.down] = object
  else
    parent[relation.down]:append(object)
  end
end

--- The transient object of a new row, which joins the model.
function Round:make(row, key)
  if random_world.has_extra(row.class) and chance(70) then row.extra = math.random(9) end
  if row.class.root.composite then
    key, row.part = key or 1000 + row.number_in_round, row.part or math.random(3)
  end
  row.object = row.class.class{id = key, part = row.part, text = row.text, number = row.number, extra = row.extra}
  self.rows[#self.rows + 1] = row
  return row.object
end

function Round:new_row(class)
  return {class = class, alive = true, text = chance(80) and "t" .. math.random(9) or nil, number = math.random(9), parents = {},
    number_in_round = #self.rows + 1}
end

function work.new(self)
  local class = pick(self.world.classes)
  local parents = self:draw_parents(class)
  if not parents then return false end
  for _, relation in ipairs(self.world.relations) do
    if parents[relation.number] then self:object(parents[relation.number]) end
  end
  local row = self:new_row(class)
  row.parents = parents
  local object = self:make(row)
  self:note("new %s", label(row))
  local before = chance(50)
  if before then self.session:add(object) end
  for _, relation in ipairs(self.world.relations) do
    local parent = parents[relation.number]
    if parent then
      self:note("  attach to %s by %d", label(parent), relation.number)
      self.session:no_autoflush(function() self:attach(object, relation, parent, row) end)
    end
  end
  if not before then self.session:add(object) end
end

--- A new object with new children, of which only the first is added: the others come by the save-update cascade.
function work.graph(self)
  local relation = pick(self.world.relations)
  if not relation or relation.kind ~= "tree" or not relation.down then return false end
  for _, class in ipairs {relation.parent, relation.child} do
    for _, other in ipairs(self.world.relations) do
      if other.required and other ~= relation and is_a(class, other.child) then return false end
    end
  end
  if relation.required and is_a(relation.parent, relation.child) then return false end
  local top = self:new_row(relation.parent)
  self:note("new %s with children by %d", label(top), relation.number)
  local object, children = self:make(top), {}
  for i = 1, relation.single and 1 or math.random(3) do
    local child = self:new_row(relation.child)
    children[i] = self:make(child)
    child.parents[relation.number] = top
  end
  object[relation.down] = relation.single and children[1] or children
  self.session:add(object)
end

--- A new object takes over the row of one that is deleted in the same flush.
function work.switch(self)
  local row = pick(self:rows_of(nil, function(row) return row.key ~= nil end))
  if not row or #(self:doomed(row)) > 1 then return false end
  for _, relation in ipairs(self.world.relations) do
    if relation.required and is_a(row.class, relation.child) then return false end
    if relation.kind == "tree" and is_a(row.class, relation.parent) and #self:children(row, relation) > 0 then return false end
    if relation.kind ~= "tree" then
      for _, other in ipairs(self:rows_of()) do
        if self:linked(relation, row, other) or self:linked(relation, other, row) then return false end
      end
    end
  end
  self:flush()
  local key, parents = row.key, {}
  for number, parent in pairs(row.parents) do parents[number] = parent end
  self.session:delete(self:object(row))
  self:remove_rows {row}
  local new = self:new_row(row.class)
  new.part = row.part
  self:note("switch %s to %s", label(row), label(new))
  self.session:no_autoflush(function() self.session:add(self:make(new, key)) end)
  if new.text == nil then new.text = row.text end -- what the new object does not set stays in the row
  if new.extra == nil then new.extra = row.extra end
  for number, parent in pairs(parents) do new.parents[number] = parent end
  self:flush()
  self:check_rows()
  self.session:expire_all() -- lists of parents have the old object
end

--- Objects leave the session, clean, and come back.
function work.expunge(self)
  local row = pick(self:rows_of())
  if not row then return false end
  self:flush()
  local object = self:object(row)
  self:note("expunge %s and add it again", label(row))
  self.session:expunge(object)
  self.session:add(object)
  for _, other in ipairs(self.rows) do -- those that a cascade has taken along without the way back
    if other.alive and other.object and orm.object_session(other.object) == nil then other.object = nil end
  end
end

function work.set(self)
  local row = pick(self:rows_of())
  if not row then return false end
  local object = self:object(row)
  self:note("set %s", label(row))
  if random_world.has_extra(row.class) and chance(40) then
    row.extra = math.random(9)
    object.extra = row.extra
  elseif chance(60) then
    row.number = math.random(9)
    object.number = row.number
  else
    row.text = chance(80) and "t" .. math.random(9) or nil
    object.text = row.text
  end
end

function work.set_expression(self)
  local row = pick(self:rows_of())
  if not row or not row.key or not row.number then return false end
  local object = self:object(row)
  if la.inspect(object).modified then return false end
  self:note("set %s by an expression", label(row))
  row.number = row.number + 1
  object.number = row.class.class.number + 1
end

--- Whether the foreign keys of children of one of the rows are left to the database.
function Round:leaves_alone(list)
  for _, relation in ipairs(self.world.relations) do
    for _, row in ipairs(list) do
      if relation.left_alone and is_a(row.class, relation.parent) then return true end
    end
  end
  return false
end

function work.delete(self)
  local row = pick(self:rows_of(nil, function(row) return row.key ~= nil end))
  if not row then return false end
  local list, seen = self:doomed(row)
  for _, gone in ipairs(list) do
    if not gone.key then return false end
  end
  if not self:may_go(list, seen) then return false end
  self:settle(list)
  self:note("delete %s and %d more", label(row), #list - 1)
  self.session:delete(self:object(row))
  self:remove_rows(list)
  if self:leaves_alone(list) then -- the database changes rows of children, of which objects know nothing
    self:flush()
    self.session:expire_all()
  end
end

function work.expire(self)
  if #self.session.dirty > 0 or #self.session.new > 0 or #self.session.deleted > 0 then self:flush() end
  local row = pick(self:rows_of())
  if not row then return false end
  self:note("expire %s", label(row))
  local object = self:object(row)
  if chance(50) then
    self.session:expire(object)
  else
    self.session:refresh(object)
  end
end

--- Some attributes, columns and links, are expired or read again.
function work.expire_some(self)
  local row = pick(self:rows_of())
  if not row then return false end
  self:flush()
  local names, all = {}, {"text", "number"}
  for _, relation in ipairs(self.world.relations) do
    if relation.down and is_a(row.class, relation.parent) then all[#all + 1] = relation.down end
    if relation.up and is_a(row.class, relation.child) then all[#all + 1] = relation.up end
  end
  for _, name in ipairs(all) do
    if chance(40) then names[#names + 1] = name end
  end
  if #names == 0 then return false end
  local verb = chance(50) and "refresh" or "expire"
  self:note("%s %s of %s", verb, table.concat(names, ", "), label(row))
  self.session[verb](self.session, self:object(row), names)
end

function work.query(self)
  local class = pick(self.world.classes)
  local query, words, option = self.session:query(class.class), "", nil
  if chance(40) then option, words = random_world.draw_option(self.world, class) end
  self:note("query %s%s", class.name, words)
  if not self.session.autoflush then self:flush() end
  if option then query = query:options(option) end
  if chance(20) then query = query:order_by(class.class.number:desc(), class.class.id):limit(100) end
  local found = query:all()
  self:learn_keys()
  local expected = #self:rows_of(class)
  assert(#found == expected, ("a query of %s gives %d objects, not %d"):format(class.name, #found, expected))
end

--- A join along a relation finds each pair of rows that it links.
function work.join(self)
  local relation = pick(self.world.relations)
  if not relation or not relation.down or relation.kind == "association" then return false end
  self:note("join along %d", relation.number)
  if not self.session.autoflush then self:flush() end
  local target = relation.parent.root == relation.child.root and orm.aliased(relation.child.class) or relation.child.class
  local expected = 0
  local count = self.session:query(relation.parent.class.id, target.id):join(target, relation.parent.class[relation.down]:of_type(target)):all()
  self:learn_keys()
  for _, parent in ipairs(self:rows_of(relation.parent)) do
    if relation.kind == "tree" then
      expected = expected + #self:children(parent, relation)
    else
      expected = expected + #self:rows_of(relation.child, function(child) return self:linked(relation, parent, child) end)
    end
  end
  assert(#count == expected, ("a join along %d gives %d pairs, not %d"):format(relation.number, #count, expected))
end

function work.merge(self)
  local row = pick(self:rows_of(nil, function(row) return row.key ~= nil end))
  if not row then return false end
  self:note("merge %s", label(row))
  row.number = math.random(9)
  row.object = self.session:merge(row.class.class{id = row.key, part = row.part, number = row.number})
  self:learn_keys()
end

--- A transient copy of a row with copies of its children, merged: the objects that are there get what differs, children that the copy
--- does not have leave.
function work.merge_graph(self)
  local relation = pick(self.world.relations)
  if not relation or relation.kind ~= "tree" or not relation.down or relation.single or relation.orphan then return false end
  local parent = pick(self:rows_of(relation.parent, function(row) return row.key ~= nil end))
  if not parent then return false end
  self:flush()
  local copy, list, kept = parent.class.class{id = parent.key, part = parent.part}, {}, {}
  for _, child in ipairs(self:children(parent, relation)) do
    if chance(70) then
      child.number = math.random(9)
      list[#list + 1] = child.class.class{id = child.key, part = child.part, number = child.number}
      kept[child] = true
    end
  end
  self:note("merge %s with %d children by %d", label(parent), #list, relation.number)
  copy[relation.down] = list
  self:object(parent) -- the session's own, so that it is held
  for _, child in ipairs(self:children(parent, relation)) do
    self:object(child)
    if not kept[child] then child.parents[relation.number] = nil end
  end
  if not relation.cascade or relation.cascade == "all" or relation.cascade:find "merge" then
    parent.object = self.session:merge(copy)
  end
  self:learn_keys()
  self:flush()
  self:check_rows()
end

--- What is loaded of links is right without being loaded again; but a deleted object stays in lists until they are expired.
function work.look(self)
  self:flush()
  if self.stale then return false end
  self:note("look")
  self:check_loaded()
end

--- An object gets another primary key; the database lets what refers to it follow.
function work.rekey(self)
  local row = pick(self:rows_of(nil, function(row) return row.key ~= nil and row.class.root.rekeys end))
  if not row then return false end
  self:flush()
  self.last_key = (self.last_key or 0) - 1 -- no key that the database makes
  self:note("%s gets the key %d instead of %d", label(row), self.last_key, row.key)
  row.key, self:object(row).id = self.last_key, self.last_key
  self:flush()
  self:check_rows()
  self.session:expire_all()
end

function work.flush(self)
  self:flush()
  self:check_rows()
end

function work.let_go(self)
  self:note("let go")
  for _, row in ipairs(self.rows) do
    if row.key and chance(60) then row.object = nil end
  end
  collectgarbage(chance(50) and "collect" or "step")
end

function work.savepoint(self)
  if #self.savepoints >= 4 then return false end
  self:note("savepoint")
  local savepoint = self.session:begin_nested()
  self:learn_keys()
  self.savepoints[#self.savepoints + 1] = {handle = savepoint, kept = self:snapshot()}
end

--- Ends a savepoint, the innermost or one around it: those inside end with it.
function work.end_savepoint(self)
  local at = #self.savepoints > 0 and math.random(#self.savepoints) or 0
  local savepoint = self.savepoints[at]
  if not savepoint then return false end
  for i = #self.savepoints, at, -1 do self.savepoints[i] = nil end
  if chance(50) then
    self:note("release savepoint %d", at)
    savepoint.handle:commit()
    self:learn_keys()
  else
    self:note("roll back to savepoint %d", at)
    savepoint.handle:rollback()
    self:restore(savepoint.kept)
  end
end

function work.rollback(self)
  if not chance(30) then return false end
  self:note("rollback")
  self.savepoints = {}
  self.session:rollback()
  self.stale = false
  self:restore(self.committed)
  self.committed = self:snapshot()
end

function work.commit(self)
  self:note("commit")
  self.savepoints = {}
  self.session:commit()
  self:learn_keys()
  self.committed = self:snapshot()
  self:check_rows()
  if not self.session.expire_on_commit then
    self:check_columns()
    self.session:expire_all()
  end
  self.stale = false
  self:check_objects()
end

-- What a round does how often.
local plan = {
  {"new", 22}, {"graph", 4}, {"switch", 2}, {"expunge", 1},
  {"set", 12}, {"set_expression", 2}, {"detach", 6}, {"move", 10}, {"replace_list", 5}, {"pair", 10}, {"replace_pairs", 3},
  {"delete", 7}, {"expire", 4}, {"expire_some", 3}, {"associate", 6},
  {"query", 8}, {"join", 3}, {"merge_graph", 3}, {"look", 4}, {"rekey", 3}, {"merge", 3}, {"flush", 6},
  {"let_go", 2}, {"savepoint", 5}, {"end_savepoint", 4},
  {"rollback", 2}, {"commit", 6},
}
local total = 0
for _, entry in ipairs(plan) do total = total + entry[2] end

local function draw_work()
  local at = math.random(total)
  for _, entry in ipairs(plan) do
    at = at - entry[2]
    if at <= 0 then return work[entry[1]] end
  end
end

--- A round with its mapping, from `seed`.
function M.new(seed)
  math.randomseed(seed)
  local self = setmetatable({log = {}, rows = {}, pairs = {}, gained = {}, savepoints = {}}, Round)
  self.world = random_world.new()
  for _, relation in ipairs(self.world.relations) do
    if relation.kind ~= "tree" then self.pairs[relation.number] = {} end
  end
  self.engine = la.create_engine("sqlite://")
  self.world.base.metadata:create_all(self.engine)
  self.session = orm.Session(self.engine, {expire_on_commit = chance(70), autoflush = chance(80)})
  self.committed = self:snapshot()
  return self
end

--- Does the work. An error says what differs.
function Round:run()
  for _ = 1, math.random(10, 60) do draw_work()(self) end
  work.commit(self)
end

function Round:close()
  self.session:close()
  self.engine:dispose()
end

return M
