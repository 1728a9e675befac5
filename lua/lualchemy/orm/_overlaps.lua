-- SPDX-License-Identifier: MIT
-- Relationships that write the same column from different ones: told by a warning when their classes are configured.
local core = require "lualchemy.core"
local hierarchy = require "lualchemy.orm.hierarchy"
local warnings = require "lualchemy.warnings"

local is_a = hierarchy.is_a

local M = {}

--- Two branches of one hierarchy: their objects never are the same.
local function are_siblings(a, b)
  return hierarchy.root(a) == hierarchy.root(b) and not is_a(a, b) and not is_a(b, a)
end

local function are_reverse(a, b)
  return a.back_populates == b.key and is_a(a.target, b.class) or b.back_populates == a.key and is_a(b.target, a.class)
end

local function names_of(text)
  local names = {}
  for name in (text or ""):gmatch "[^,%s]+" do names[name] = true end
  return names
end

--- Whether the two should not both write the column.
local function conflict(a, b)
  return not are_reverse(a, b) and not a.overlaps[b.key] and not b.overlaps[a.key] and not are_siblings(a.class, b.class) and
    not are_siblings(a.target, b.target) and not are_siblings(a.class, b.target) and not are_siblings(a.target, b.class) and
    (a.key ~= b.key or hierarchy.root(a.class) ~= hierarchy.root(b.class))
end

local function where(side)
  return ("%s.%s"):format(side.class.__name__, side.key)
end

local function name_of(column)
  return ("%s.%s"):format(column.table.name, column.name)
end

local function warn(side, from, to, others)
  local texts, keys = {}, {}
  for i, other in ipairs(others) do
    texts[i] = ("'%s' (copies %s to %s)"):format(where(other.side), name_of(other.from), name_of(to))
    keys[i] = other.side.key
  end
  table.sort(texts)
  table.sort(keys)
  warnings.warn(("relationship '%s' will copy column %s to column %s, which conflicts with relationship(s): %s. " ..
    "If this is not the intention, consider if these relationships should be linked with back_populates, or if viewonly = true should be " ..
    "applied to one or more if they are read-only. To silence this warning, add the parameter 'overlaps = \"%s\"' to the '%s' relationship.")
    :format(where(side), name_of(from), name_of(to), table.concat(texts, ", "), table.concat(keys, ","), where(side)),
    nil, "qzyx")
end

--- Notes what the relationship of `entry` writes in `targets` (column → who writes it, and from what), and warns of others that write it too.
function M.check(targets, entry, target)
  local options = entry.property.options
  local side = {class = entry.class, key = entry.key, target = target, back_populates = options.back_populates, overlaps = names_of(options.overlaps)}
  for _, pair in ipairs(core.relationship_pairs(entry.class, entry.key)) do
    local from, to = pair[1], pair[2]
    local writers, others = targets[to] or {}, {}
    targets[to] = writers
    for _, other in ipairs(writers) do
      if conflict(side, other.side) then others[#others + 1] = other end
    end
    if #others > 0 then warn(side, from, to, others) end
    writers[#writers + 1] = {side = side, from = from}
  end
end

return M
