-- SPDX-License-Identifier: MIT
-- Sets that remember the order in which their members came. Adding, removing and asking take the same time however many there are: what is
-- removed leaves a hole, and the holes are closed when places are asked for.

---@class lualchemy.OrderedSet
---@field count integer
---@field items any[]          with false in the holes
---@field last_place integer   of items
---@field places table<any, integer>
local Ordered = {}
Ordered.__index = Ordered

local M = {}

---@return lualchemy.OrderedSet
function M.new()
  return setmetatable({count = 0, items = {}, last_place = 0, places = {}}, Ordered)
end

function Ordered:has(member)
  return self.places[member] ~= nil
end

function Ordered:add(member)
  if self.places[member] then return end
  self.last_place, self.count = self.last_place + 1, self.count + 1
  self.items[self.last_place], self.places[member] = member, self.last_place
end

function Ordered:remove(member)
  local place = self.places[member]
  if not place then return end
  self.items[place], self.places[member], self.count = false, nil, self.count - 1
  while self.last_place > 0 and not self.items[self.last_place] do
    self.items[self.last_place] = nil
    self.last_place = self.last_place - 1
  end
end

local function close_holes(self)
  if self.count == self.last_place then return end
  local items = {}
  for i = 1, self.last_place do
    local member = self.items[i]
    if member then
      items[#items + 1] = member
      self.places[member] = #items
    end
  end
  self.items, self.last_place = items, #items
end

--- The member at a place, counted from 1; nil past the last.
function Ordered:at(place)
  close_holes(self)
  return self.items[place]
end

function Ordered:last()
  return self.items[self.last_place]
end

--- A sequence of the members, of the caller's own.
---@return any[]
function Ordered:list()
  close_holes(self)
  return table.move(self.items, 1, self.last_place, 1, {})
end

return M
