-- SPDX-License-Identifier: MIT
-- ./dev bench [WORKLOAD]: each workload through Lualchemy and through raw.c, turn by turn in
-- processes of their own on copies of one database; prints processor seconds (the least of the
-- rounds) and their ratio. BENCH_ROUNDS sets the rounds, LUALCHEMY_BUILD where the scratch files go.
local root = arg[0]:match("^(.*)/bench/[^/]*$") or "."
local folder = (os.getenv("LUALCHEMY_BUILD") or root .. "/build") .. "/bench"
local rounds = tonumber(os.getenv("BENCH_ROUNDS") or 3)
local interpreter = os.getenv("LUA") or "lua5.4"

local workloads = {
  {"insert", "100,000 inserts through the session"},
  {"load", "500,000 objects loaded, one attribute of each read"},
  {"query", "10,000 queries of one object by its key"},
  {"joined", "2,000 x 20 children, joinedload"},
  {"selectin", "2,000 x 20 children, selectinload"},
  {"lazy", "2,000 x 20 children, loaded lazily"},
}

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function run(command)
  local pipe <close> = assert(io.popen(command))
  local text = pipe:read("a")
  local ok = pipe:close()
  if not ok then
    io.stderr:write("failed: ", command, "\n")
    os.exit(1)
  end
  return text
end

local raw, database = folder .. "/raw", folder .. "/database.sqlite"
local lualchemy = interpreter .. " " .. quote(root .. "/bench/workloads.lua")

run(("mkdir -p %s && cc -O2 -std=gnu11 %s -o %s -lsqlite3"):format(
  quote(folder), quote(root .. "/bench/raw.c"), quote(raw)))
run(("rm -f %s && %s prepare %s"):format(quote(database), quote(raw), quote(database)))

-- One process on a fresh copy. Gives seconds and check.
local function measure(program, workload)
  local copy = folder .. "/copy.sqlite"
  run(("cp %s %s"):format(quote(database), quote(copy)))
  local text = run(("%s %s %s"):format(program, workload, quote(copy)))
  local seconds, check = text:match("^([%d.]+) (%d+)")
  return assert(tonumber(seconds), text), check
end

local line = "%-10s %10s %10s %8s   %s"
print(line:format("workload", "lualchemy", "raw C", "ratio", ""))
local found = false
for _, workload in ipairs(workloads) do
  local name, title = workload[1], workload[2]
  if arg[1] == nil or arg[1] == name then
    found = true
    local least, limit = math.huge, math.huge
    for _ = 1, rounds do
      local seconds, check = measure(lualchemy, name)
      local least_seconds, right = measure(quote(raw), name)
      assert(check == right, ("%s: the check is %s, not %s"):format(name, check, right))
      least, limit = math.min(least, seconds), math.min(limit, least_seconds)
    end
    print(line:format(name, ("%.3f s"):format(least), ("%.3f s"):format(limit),
      ("%.1f"):format(least / limit), title))
  end
end
run(("rm -f %s/*.sqlite*"):format(quote(folder)))
if not found then
  io.stderr:write(('no workload "%s"\n'):format(arg[1]))
  os.exit(2)
end
