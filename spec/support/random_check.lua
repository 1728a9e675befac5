-- SPDX-License-Identifier: MIT
-- The comparisons of the randomised check: the rows of the database, and the objects in memory, against the model of a round
-- (spec/support/random_play.lua). Each raises at the first difference.
local la = require "lualchemy"
local random_world = require "spec.support.random_world"

local Check = {}

local is_a = random_world.is_a

local function label(row)
  return row and ("%s#%d"):format(row.class.name, row.number_in_round) or "nil"
end

local function differ(what, expected, got)
  if expected ~= got then error(("%s is %s, expected %s"):format(what, tostring(got), tostring(expected)), 0) end
end

--- Calls `fn(class, table)` for each table that rows of `class` are in, the class being the one that brings it.
local function each_table(class, fn)
  while class do
    if class.joined or not class.base then fn(class, class.table) end
    class = class.base
  end
end

--- The rows of the database against the model.
function Check:check_rows()
  local by_table = {}
  for _, row in ipairs(self:rows_of()) do
    each_table(row.class, function(_, name)
      by_table[name] = by_table[name] or {}
      by_table[name][row.key] = row
    end)
  end
  self.session:no_autoflush(function()
    for _, class in ipairs(self.world.classes) do
      if class.joined or not class.base then self:check_table(class, by_table[class.table] or {}) end
    end
    for _, relation in ipairs(self.world.relations) do
      if relation.kind ~= "tree" then self:check_pairs(relation) end
    end
  end)
end

function Check:check_table(class, expected)
  local count, wanted = 0, 0
  for stored in self.session:execute(la.text("SELECT * FROM " .. class.table)) do
    local row = expected[stored.id]
    count = count + 1
    if not row then error(("row %d of %s should not be there"):format(stored.id, class.table), 0) end
    if class.joined then
      differ(label(row) .. ".extra in the row", row.extra, stored.extra)
    else
      differ(label(row) .. ".part in the row", row.part, class.composite and stored.part or nil)
      differ(label(row) .. ".text in the row", row.text, stored.text)
      differ(label(row) .. ".number in the row", row.number, stored.number)
      differ(label(row) .. ".kind in the row", row.class.name, stored.kind)
    end
    for _, relation in ipairs(self.world.relations) do
      if relation.kind == "tree" and relation.child.table == class.table then
        local parent = row.parents[relation.number]
        differ(("%s.%s in the row"):format(label(row), relation.key), parent and parent.key or nil, stored[relation.key])
        if relation.parent.root.composite then
          differ(("%s.%s_part in the row"):format(label(row), relation.key), parent and parent.part or nil, stored[relation.key .. "_part"])
        end
      end
    end
  end
  for _ in pairs(expected) do wanted = wanted + 1 end
  differ("the number of rows of " .. class.table, wanted, count)
end

function Check:check_pairs(relation)
  local count, wanted = 0, 0
  for _, a in ipairs(self:rows_of(relation.parent)) do
    for _, b in ipairs(self:rows_of(relation.child)) do
      if self:linked(relation, a, b) then wanted = wanted + 1 end
    end
  end
  local names = {}
  for _, row in ipairs(self:rows_of()) do
    each_table(row.class, function(_, name) names[name .. row.key] = row end)
  end
  for stored in self.session:execute(la.text("SELECT * FROM " .. relation.key)) do
    count = count + 1
    local a, b = names[relation.parent.table .. stored.a], names[relation.child.table .. stored.b]
    if a and b and relation.kind == "association" then
      differ(("the note of %s and %s by %d"):format(label(a), label(b), relation.number), self:linked(relation, a, b), stored.note)
    end
    if not (a and b and self:linked(relation, a, b)) then
      error(("the row (%s, %s) of %s should not be there"):format(stored.a, stored.b, relation.key), 0)
    end
  end
  differ("the number of rows of " .. relation.key, wanted, count)
end

--- Column attributes as they are in memory.
function Check:check_columns()
  for _, row in ipairs(self:rows_of()) do
    if row.object then
      differ(label(row) .. ".text", row.text, row.object.text)
      differ(label(row) .. ".number", row.number, row.object.number)
      if random_world.has_extra(row.class) then differ(label(row) .. ".extra", row.extra, row.object.extra) end
      for _, relation in ipairs(self.world.relations) do
        local parent = row.parents[relation.number]
        if relation.kind == "tree" and is_a(row.class, relation.child) then
          differ(("%s.%s"):format(label(row), relation.key), parent and parent.key or nil, row.object[relation.key])
        end
      end
    end
  end
end

local function check_list(what, expected, list)
  local seen = {}
  differ("the length of " .. what, #expected, #list)
  for _, object in ipairs(list) do seen[object] = true end
  for _, object in ipairs(expected) do
    if not seen[object] then error(what .. " lacks " .. tostring(object), 0) end
  end
end

function Check:check_relation(row, relation)
  local object = self:object(row)
  local function objects(rows)
    local list = {}
    for i, other in ipairs(rows) do list[i] = self:object(other) end
    return list
  end
  local function ends(list, attribute) -- what the objects of an association lead to
    if relation.kind == "pairs" then return list end
    local found = {}
    for i, between in ipairs(list) do found[i] = between[attribute] end
    return found
  end
  if relation.kind ~= "tree" then
    if is_a(row.class, relation.parent) then
      check_list(label(row) .. "." .. relation.down,
        objects(self:rows_of(relation.child, function(other) return self:linked(relation, row, other) end)), ends(object[relation.down], "right"))
    end
    if relation.up and is_a(row.class, relation.child) then
      check_list(label(row) .. "." .. relation.up,
        objects(self:rows_of(relation.parent, function(other) return self:linked(relation, other, row) end)), ends(object[relation.up], "left"))
    end
    return
  end
  if relation.up and is_a(row.class, relation.child) then
    local parent = row.parents[relation.number]
    differ(label(row) .. "." .. relation.up, parent and self:object(parent) or nil, object[relation.up])
  end
  if relation.down and is_a(row.class, relation.parent) then
    local children = objects(self:children(row, relation))
    if relation.single then
      differ(label(row) .. "." .. relation.down, children[1], object[relation.down])
    else
      check_list(label(row) .. "." .. relation.down, children, object[relation.down])
    end
  end
end

--- Links that are in memory, against the model; nothing is sent for it. An object that nothing holds is left out.
function Check:check_loaded()
  local sent = 0
  local function count() sent = sent + 1 end
  la.event.listen(self.engine, "before_cursor_execute", count)
  for _, row in ipairs(self:rows_of(nil, function(row) return row.object ~= nil end)) do
    local loaded = {}
    for _, name in ipairs(la.inspect(row.object).unloaded) do loaded[name] = false end
    for _, relation in ipairs(self.world.relations) do self:check_loaded_link(row, relation, loaded) end
  end
  la.event.remove(self.engine, "before_cursor_execute", count)
  differ("the number of statements for what is loaded", 0, sent)
end

--- The objects that `rows` have in memory; nil if one of them has none.
local function known_objects(rows)
  local list = {}
  for i, row in ipairs(rows) do
    if not row.object then return nil end
    list[i] = row.object
  end
  return list
end

function Check:check_loaded_link(row, relation, loaded)
  if relation.kind == "association" then return end
  local down = relation.down and is_a(row.class, relation.parent) and loaded[relation.down] == nil
  local up = relation.up and is_a(row.class, relation.child) and loaded[relation.up] == nil
  if relation.kind == "pairs" then
    local below = down and known_objects(self:rows_of(relation.child, function(other) return self:linked(relation, row, other) end))
    local above = up and known_objects(self:rows_of(relation.parent, function(other) return self:linked(relation, other, row) end))
    if below then check_list(label(row) .. "." .. relation.down .. " in memory", below, row.object[relation.down]) end
    if above then check_list(label(row) .. "." .. relation.up .. " in memory", above, row.object[relation.up]) end
    return
  end
  local parent = row.parents[relation.number]
  if up and (not parent or parent.object) then
    differ(label(row) .. "." .. relation.up .. " in memory", parent and parent.object or nil, row.object[relation.up])
  end
  local children = down and known_objects(self:children(row, relation))
  if not children then return end
  if relation.single then
    differ(label(row) .. "." .. relation.down .. " in memory", children[1], row.object[relation.down])
  else
    check_list(label(row) .. "." .. relation.down .. " in memory", children, row.object[relation.down])
  end
end

--- Every object, its columns and its links, against the model.
function Check:check_objects()
  for _, row in ipairs(self:rows_of()) do
    self:object(row)
    for _, relation in ipairs(self.world.relations) do self:check_relation(row, relation) end
  end
  self:check_columns()
end

Check.label = label

return Check
