-- SPDX-License-Identifier: MIT
-- Tables in an order in which they can be created.
--
-- They come in rounds: first those that wait for none, in the order given, then those that wait only for these, and so on.
-- Where tables wait for each other in a circle, foreign keys are left out of account until they do not.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"

local sort = {}

-- What waits for what: a set of pairs {first = table, after = table}, without pairs of one table.
local function new_waits(tables)
  local self = {listed = {}, followers = {}, pairs = {}}
  for _, target in ipairs(tables) do self.listed[target], self.followers[target] = true, {} end
  return self
end

local function add(self, first, after, fixed)
  if first == after or not self.listed[first] or not self.listed[after] then return end
  self.followers[first][after] = fixed and "fixed" or self.followers[first][after] or "free"
end

-- The tables in rounds; the second value is false if some are in a circle, or wait for one.
local function in_rounds(self, tables)
  local count, round, queue, sorted, place = {}, {}, {}, {}, {}
  for _, target in ipairs(tables) do count[target] = 0 end
  for _, followers in next, self.followers do
    for after in next, followers do count[after] = count[after] + 1 end
  end
  for i, target in ipairs(tables) do
    place[target] = i
    if count[target] == 0 then queue[#queue + 1], round[target] = target, 1 end
  end
  for at = 1, math.maxinteger do
    local target = queue[at]
    if not target then break end
    sorted[at] = target
    for after in next, self.followers[target] do
      count[after], round[after] = count[after] - 1, math.max(round[after] or 0, round[target] + 1)
      if count[after] == 0 then queue[#queue + 1] = after end
    end
  end
  table.sort(sorted, function(a, b)
    if round[a] ~= round[b] then return round[a] < round[b] end
    return place[a] < place[b]
  end)
  return sorted, #sorted == #tables
end

-- Can `target` be reached from itself?
local function is_in_circle(self, target)
  local seen, stack = {}, {target}
  while #stack > 0 do
    for after in next, self.followers[table.remove(stack)] do
      if after == target then return true end
      if not seen[after] then
        seen[after] = true
        stack[#stack + 1] = after
      end
    end
  end
  return false
end

-- Takes away what the removable foreign keys of tables in circles ask for; those are `left_out`.
local function break_circles(self, tables, is_kept, left_out)
  local broken = {}
  for _, target in ipairs(tables) do
    if is_in_circle(self, target) then broken[#broken + 1] = target end
  end
  for _, target in ipairs(broken) do
    for _, key in ipairs(target.foreign_key_constraints) do
      local first = key.referred_table
      if not is_kept(key) then
        left_out[key] = true
        if self.listed[first] and first ~= target and self.followers[first][target] == "free" then
          self.followers[first][target] = nil
        end
      end
    end
  end
  return broken
end

local function check_tables(name, tables)
  keywords.expect(name, "a list of Tables", tables, "table")
  local list, seen = {}, {}
  for i, target in ipairs(tables) do
    if type(target) == "table" and target.__table__ then target = target.__table__ end
    if core.class_of(target) ~= "lualchemy.Table" then
      error(exc.ArgumentError(("%s takes a list of Tables; number %d is %s"):format(name, i, describe.value(tables[i]))), 0)
    end
    if not seen[target] then list[#list + 1] = target end
    seen[target] = true
  end
  return list
end

local function check_filter(name, filter)
  if filter ~= nil then keywords.expect(name, "a function", filter, "function") end
end

local function check_pairs(name, extra)
  if extra == nil then return end
  local wanted = "a list of pairs {first, then} of Tables"
  keywords.expect(name .. ": extra_dependencies", wanted, extra, "table")
  for _, pair in ipairs(extra) do
    keywords.expect(name .. ": extra_dependencies", wanted, pair, "table")
    check_tables(name .. ": extra_dependencies", {pair[1] or false, pair[2] or false})
  end
end

-- `filter(key)`: true leaves the foreign key out, false keeps it with its table in any case.
local function sorted_with_keys(name, tables, filter, extra, warn_of_circles)
  tables = check_tables(name, tables)
  check_pairs(name, extra)
  local waits, left_out = new_waits(tables), {}
  for _, target in ipairs(tables) do
    for _, key in ipairs(target.foreign_key_constraints) do
      if key.use_alter or filter and filter(key) == true then
        left_out[key] = true
      else
        add(waits, key.referred_table, target, false)
      end
    end
  end
  for _, pair in ipairs(extra or {}) do add(waits, pair[1], pair[2], true) end
  local sorted, whole = in_rounds(waits, tables)
  if not whole then
    local broken = break_circles(waits, tables, function(key) return filter and filter(key) == false end, left_out)
    local names = {}
    for i, target in ipairs(broken) do names[i] = ("'%s'"):format(target.fullname) end
    table.sort(names)
    local list = table.concat(names, ", ")
    if warn_of_circles then
      require("lualchemy.warnings").warn(("Cannot correctly sort tables; there are unresolvable cycles between tables \"%s\", "
        .. "which is usually caused by mutually dependent foreign key constraints.  Consider applying the use_alter=true option.")
        :format(list:gsub("'", "")))
    end
    sorted, whole = in_rounds(waits, tables)
    if not whole then
      error(exc.CircularDependencyError(("Circular dependency detected. (%s)"):format(list)), 0)
    end
  end
  return sorted, left_out
end

--- The names of the tables that refer to each other in circles, for warnings.
---@param tables lualchemy.Table[]
---@return string
function sort.circle_of(tables)
  local waits, names = new_waits(tables), {}
  for _, target in ipairs(tables) do
    for _, key in ipairs(target.foreign_key_constraints) do
      if not key.use_alter then add(waits, key.referred_table, target, false) end
    end
  end
  for _, target in ipairs(tables) do
    if is_in_circle(waits, target) then names[#names + 1] = target.fullname end
  end
  table.sort(names)
  return table.concat(names, ", ")
end

local sort_keywords = keywords.set {"skip_fn", "extra_dependencies"}

--- The tables in an order in which each comes after those that it refers to, otherwise in the order given. Foreign keys
--- for which `skip_fn(foreign_key)` gives true do not count; `extra_dependencies` is a list of pairs {first, then}.
--- Tables in a circle are warned of, and come as if they did not refer to each other.
---@param tables lualchemy.Table[]
---@param options {skip_fn: (fun(key: any): boolean)?, extra_dependencies: table[]?}?
---@return lualchemy.Table[]
function sort.sort_tables(tables, options)
  options = keywords.check("sort_tables", options, sort_keywords)
  local skip = options.skip_fn
  check_filter("sort_tables: skip_fn", skip)
  return core.list((sorted_with_keys("sort_tables", tables, skip and function(constraint)
    for _, key in ipairs(constraint.elements) do
      if skip(key) then return true end
    end
  end, options.extra_dependencies, true)))
end

local constraint_keywords = keywords.set {"filter_fn", "extra_dependencies"}

--- The tables in such an order with the foreign keys that can be created with each: a list of {table, keys}. What is left,
--- since it stands in a circle or has `use_alter`, is the last: {nil, keys}, to be added when all tables are there.
--- `filter_fn(constraint)` gives true for a constraint that is left to the end, false for one that stays with its table.
---@param tables lualchemy.Table[]
---@param options {filter_fn: (fun(constraint: any): boolean?)?, extra_dependencies: table[]?}?
---@return table[]
function sort.sort_tables_and_constraints(tables, options)
  options = keywords.check("sort_tables_and_constraints", options, constraint_keywords)
  check_filter("sort_tables_and_constraints: filter_fn", options.filter_fn)
  local sorted, left_out = sorted_with_keys("sort_tables_and_constraints", tables, options.filter_fn,
    options.extra_dependencies, false)
  local found, rest = {}, {}
  for i, target in ipairs(sorted) do
    local keys = {}
    for _, key in ipairs(target.foreign_key_constraints) do
      local list = left_out[key] and rest or keys
      list[#list + 1] = key
    end
    found[i] = {target, core.list(keys)}
  end
  found[#found + 1] = {[2] = core.list(rest)}
  return core.list(found)
end

return sort
