-- SPDX-License-Identifier: MIT
-- What of SQLAlchemy is here: ./dev parity.
--
-- features.tsv lists the features by id. A feature counts as shown when a spec names its id
-- (`it("SEL-04 …")`), and as explained when doc/differences.md does, which says why it is different
-- or absent on purpose. Rows of a database whose dialect is not in csrc/dialect wait for it. The
-- rest is missing.
package.path = "./?.lua;" .. package.path
local tree = require "spec.support.tree"

local parity = {features = "spec/house/features.tsv", differences = "doc/differences.md"}

-- The dialect that the rows of an area are about.
local dialects = {
  ["PostgreSQL dialect specifics"] = "csrc/dialect/postgresql.c",
  ["MySQL / MariaDB dialect specifics"] = "csrc/dialect/mariadb.c",
}

--- The rows of features.tsv as a list of {id, area, importance, title}.
function parity.read()
  local rows = {}
  for number, line in tree.lines(tree.read(parity.features)) do
    local id, area, importance, title = line:match("^([^\t]+)\t([^\t]+)\t([^\t]+)\t([^\t]+)$")
    assert(id, ("%s:%d: four columns are needed"):format(parity.features, number))
    if number > 1 then
      rows[#rows + 1] = {id = id, area = area, importance = importance, title = title}
    end
  end
  return rows
end

-- Every id-like word of a text: SEL-04, UOW-27, LOAD-3.2.
local function ids_of(text, into, place)
  for id in text:gmatch("%f[%w]%u%u+%-%d[%d%.]*%f[^%d%.]") do
    id = id:gsub("%.$", "")
    into[id] = into[id] or place
  end
end

--- Two maps from id to the first file that names it: by specs and C tests, by the differences page.
function parity.named()
  local shown, explained = {}, {}
  for _, path in ipairs(tree.files("spec", "*_spec.lua")) do
    ids_of(tree.read(path), shown, path)
  end
  for _, path in ipairs(tree.files("spec/c", "*_test.c")) do
    ids_of(tree.read(path), shown, path)
  end
  if tree.exists(parity.differences) then
    ids_of(tree.read(parity.differences), explained, parity.differences)
  end
  return shown, explained
end

--- Counts: a list of areas in order, each {name, A = {…}, B = {…}, C = {…}} with total, shown,
--- explained, waiting and missing; and the lists of A and B rows that are missing and that wait.
function parity.count()
  local shown, explained = parity.named()
  local areas, by_name, missing, waiting = {}, {}, {}, {}
  for _, row in ipairs(parity.read()) do
    local area = by_name[row.area]
    if not area then
      area = {name = row.area}
      by_name[row.area] = area
      areas[#areas + 1] = area
    end
    local count = area[row.importance]
    if not count then
      count = {total = 0, shown = 0, explained = 0, waiting = 0, missing = 0}
      area[row.importance] = count
    end
    local dialect = dialects[row.area]
    local kind = shown[row.id] and "shown" or explained[row.id] and "explained"
      or dialect and not tree.exists(dialect) and "waiting" or "missing"
    count.total = count.total + 1
    count[kind] = count[kind] + 1
    local list = kind == "missing" and missing or kind == "waiting" and waiting
    if list and row.importance ~= "C" then list[#list + 1] = row end
  end
  return areas, missing, waiting
end

local function print_report()
  local areas, missing, waiting = parity.count()
  local line = "%-50s %-3s %6s %10s %8s %8s"
  print(line:format("area", "", "shown", "explained", "waiting", "missing"))
  for _, area in ipairs(areas) do
    for _, importance in ipairs {"A", "B", "C"} do
      local count = area[importance]
      if count then
        print(line:format(area.name, importance, count.shown .. "/" .. count.total,
          count.explained, count.waiting, count.missing))
      end
    end
  end
  if #missing > 0 then
    print("\nNot shown by a spec and not explained in " .. parity.differences .. ":")
    for _, row in ipairs(missing) do
      print(("  %-9s %s  %s: %s"):format(row.id, row.importance, row.area, row.title))
    end
  end
  if #waiting > 0 then
    print(("%d wait for the dialects of other databases"):format(#waiting))
  end
  print(#missing .. " missing")
end

if arg and arg[0] and arg[0]:find("parity%.lua$") then
  print_report()
end

return parity
