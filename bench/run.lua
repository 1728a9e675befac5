-- SPDX-License-Identifier: MIT
-- ./dev bench: Lualchemy beside the least work that the same task needs (reference/), turn by turn,
-- each measurement in a process of its own on a fresh copy of its database.
local root = arg[0]:match("^(.*)/bench/[^/]*$") or "."
package.path = root .. "/bench/?.lua;" .. package.path
local targets = require "targets"

local usage = [=[
./dev bench [options] [WORKLOAD[:VARIANT]]...

  --rounds N        measurements of each program, interleaved (default 5); medians are shown
  --markdown        the table as doc/performance.md has it
  --write           measure all and write the table into doc/performance.md
  --collectors      measure Lualchemy alone, in each mode of Lua's collector, under the stand-alone
                    interpreter and inside a host; with --write as well, into doc/performance.md
  --instructions    count instructions under valgrind instead, compare them with those kept
  --keep            with --instructions: keep the counts as the new ones
  --setup           only build what is needed

Databases are made in a scratch folder, on /dev/shm where there is one (else build/bench).]=]

local units = {ns = 1e9, ["µs"] = 1e6, ms = 1e3}
local counted = {["W1:std"] = true, ["W2:std"] = true, ["W3:std"] = true, ["W3:streamed"] = true, ["W5:get"] = true, ["W5:query"] = true,
  ["W6:std"] = true, ["W10:compile"] = true, ["W10:cached"] = true, ["W11:std"] = true}
local tolerance = 0.03

-- ---------------------------------------------------------------------------------------------
-- Arguments

local options = {rounds = 5, wanted = {}}

local function fail(...)
  io.stderr:write("bench: ", string.format(...), "\n")
  os.exit(2)
end

local function read_arguments()
  local i = 1
  while arg[i] do
    local word = arg[i]
    if word == "--rounds" then
      i = i + 1
      options.rounds = math.tointeger(tonumber(arg[i])) or fail("--rounds takes a number")
    elseif word == "--help" then
      print(usage)
      os.exit(0)
    elseif word:find("^%-%-") then
      local name = word:sub(3)
      if not usage:find("%-%-" .. name .. "%f[^%w]") then fail("unknown option %s (./dev bench --help)", word) end
      options[name] = true
    else
      options.wanted[#options.wanted + 1] = word
    end
    i = i + 1
  end
end

local function name_of(target)
  return target[1] .. ":" .. target[2]
end

-- The targets that were asked for, all when none was named.
local function chosen()
  local found, named = {}, {}
  for _, target in ipairs(targets) do
    local take = #options.wanted == 0
    for _, word in ipairs(options.wanted) do
      if word == target[1] or word == name_of(target) then take, named[word] = true, true end
    end
    if take and (not options.instructions or counted[name_of(target)]) then found[#found + 1] = target end
  end
  for _, word in ipairs(options.wanted) do
    if not named[word] then fail('no workload "%s"', word) end
  end
  return found
end

-- ---------------------------------------------------------------------------------------------
-- Processes

local build = os.getenv("LUALCHEMY_BUILD") or root .. "/build"
local reference = build .. "/bench/reference"
local lualchemy = root .. "/bench/peers/lualchemy/run"

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- The output of a command; nil when it ends with another status than 0.
local function try(command)
  local pipe <close> = assert(io.popen(command))
  local text = pipe:read("a")
  return pipe:close() and text or nil
end

local function run(command)
  return try(command) or fail("failed: %s", command)
end

local scratch <close> = setmetatable({}, {__close = function(self)
  if self.path then os.execute("rm -rf " .. quote(self.path)) end
end})

local function make_databases(divide)
  local place = os.execute("test -d /dev/shm -a -w /dev/shm") and "/dev/shm" or build .. "/bench"
  scratch.path = run("mktemp -d " .. quote(place .. "/lualchemy-bench.XXXXXX")):gsub("\n$", "")
  run(("BENCH_DIVIDE=%d %s prepare %s"):format(divide, quote(reference), quote(scratch.path)))
end

-- Where and how the Lua side may run. The stand-alone interpreter starts in generational mode, the state of a host
-- in incremental mode.
local ways = {
  {name = "`lua5.4`, generational", collector = "generational"}, {name = "`lua5.4`, incremental", collector = "incremental"},
  {name = "host, generational", collector = "generational", host = true},
  {name = "host, incremental", collector = "incremental", host = true},
}

local function environment(target, divide, way)
  local storage, data = target[3], scratch.path .. "/" .. target.data
  local path = ":memory:"
  if storage == "file" then
    path = scratch.path .. "/copy.sqlite"
    run(("rm -f %s*; cp %s %s"):format(quote(path), quote(data .. ".db"), quote(path)))
  end
  local words = {
    BENCH_DB = path, BENCH_INIT = ("%s.%s.sql"):format(data, storage), BENCH_STORAGE = storage,
    BENCH_TMP = scratch.path, BENCH_DIVIDE = tostring(divide),
    BENCH_COLLECTOR = way and way.collector, BENCH_LUA = way and way.host and build .. "/bench/host" or nil,
  }
  local list = {}
  for name, value in pairs(words) do list[#list + 1] = name .. "=" .. quote(value) end
  return table.concat(list, " ")
end

-- One process. Gives its figures; nil if the program has no such workload.
local function measure(program, target, divide, before, way)
  local text = try(("%s %s %s %s %s"):format(environment(target, divide, way), before or "", program, target[1], target[2]))
  if not text then return nil end
  local figures = {}
  for key, value in text:gmatch('"([%w_]+)":([%d.]+)') do figures[key] = tonumber(value) end
  return figures.seconds and figures or fail("%s printed: %s", program, text)
end

local function median(list, key)
  local values = {}
  for i, figures in ipairs(list) do values[i] = figures[key] end
  table.sort(values)
  local middle = #values // 2
  return #values % 2 == 1 and values[middle + 1] or (values[middle] + values[middle + 1]) / 2
end

-- ---------------------------------------------------------------------------------------------
-- Times

-- Measures a target: a table of what the line shows.
local function compare(target)
  local ours, limit = {}, {}
  for i = 1, options.rounds do
    ours[i] = measure(quote(lualchemy), target, 1) or fail("%s has no result", name_of(target))
    limit[i] = target.most and (measure(quote(reference), target, 1) or fail("%s has no reference", name_of(target)))
    if limit[i] and ours[i].check ~= limit[i].check then
      fail("%s: the check is %d, not %d", name_of(target), ours[i].check, limit[i].check)
    end
  end
  local line = {target = target, seconds = median(ours, "seconds"), cpu = median(ours, "cpu_seconds")}
  line.each = line.seconds / ours[1].rows
  line.bytes = math.max(0, (median(ours, "peak_rss_kb") - median(ours, "rss_start_kb")) * 1024 / ours[1].rows)
  if target.most then
    line.limit = median(limit, "seconds")
    line.ratio = line.seconds / line.limit
    line.cpu_ratio = line.cpu / median(limit, "cpu_seconds")
  end
  return line
end

local function milliseconds(seconds)
  return seconds and ("%.1f"):format(seconds * 1e3) or ""
end

local function cells(line)
  local target = line.target
  local got, most
  if target.most then
    got, most = ("%.2f"):format(line.ratio), ("%.1f"):format(target.most)
  else
    got = ("%.3g %s"):format(line.each * units[target.unit], target.unit)
    most = ("%g %s"):format(target.each, target.unit)
  end
  return {
    name = ("%s %s %s"):format(target[1], target[2], target[3]), title = target.title,
    limit = milliseconds(line.limit), ours = milliseconds(line.seconds), got = got, most = most,
    cpu = line.cpu_ratio and ("%.2f"):format(line.cpu_ratio) or "",
    bytes = target.bytes and ("%.0f of %d"):format(line.bytes, target.bytes) or "",
    sqlalchemy = target.sqlalchemy or "", mapper = target.mapper or "", driver = target.driver or "",
  }
end

local layouts = {
  text = {head = "%-20s %10s %10s %10s %10s %6s %11s  %s",
    {"name", "workload"}, {"limit", "limit ms"}, {"ours", "ours ms"}, {"got", "ratio"}, {"most", "at most"},
    {"cpu", "cpu"}, {"bytes", "bytes a row"}, {"title", ""}},
  markdown = {head = "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |",
    {"name", "workload"}, {"title", "what a program does"}, {"limit", "limit, ms"}, {"ours", "Lualchemy, ms"},
    {"got", "ratio"}, {"most", "at most"}, {"cpu", "ratio of CPU time"}, {"sqlalchemy", "SQLAlchemy 2.1"},
    {"mapper", "best other mapper"}, {"driver", "Lua driver, no objects"}},
}

-- What the figures were measured on.
local function machine()
  local model = (try("grep -m 1 'model name' /proc/cpuinfo 2>/dev/null") or ""):match(":%s*([^\n]+)") or "unknown processor"
  local processors = (try("getconf _NPROCESSORS_ONLN 2>/dev/null") or "?"):gsub("%s+$", "")
  local kernel = run("uname -sr"):gsub("%s+$", "")
  local version = run(quote(lualchemy) .. " --version"):gsub("%s+$", "")
  return ("%s, %s processors, %s; %s; medians of %d measurements."):format(model, processors, kernel, version, options.rounds)
end

local function show_times(show)
  local layout = (options.markdown or options.write) and layouts.markdown or layouts.text
  local titles = {}
  for _, column in ipairs(layout) do titles[column[1]] = column[2] end
  local function line(values)
    local words = {}
    for i, column in ipairs(layout) do words[i] = values[column[1]] end
    show((layout.head:format(table.unpack(words)):gsub(" +$", "")))
  end
  line(titles)
  if layout == layouts.markdown then show("|---|---|" .. ("---:|"):rep(#layout - 2)) end
  make_databases(1)
  for _, target in ipairs(chosen()) do line(cells(compare(target))) end
end

local function print_times()
  show_times(function(text)
    print(text)
    io.stdout:flush()
  end)
  if options.markdown then print("\n" .. machine()) end
end

-- Puts what `show` shows between the marks of that name in doc/performance.md.
local function write_into(name, show)
  local path = root .. "/doc/performance.md"
  local lines = {}
  show(function(text) lines[#lines + 1] = text end)
  local file <close> = assert(io.open(path))
  local before, after = file:read("a"):match("^(.*<!%-%- " .. name .. " %-%->\n).*(<!%-%- end of " .. name .. " %-%->.*)$")
  if not before then fail("doc/performance.md has lost its marks") end
  local out <close> = assert(io.open(path, "w"))
  out:write(before, table.concat(lines, "\n"), "\n\n", machine(), "\n", after)
end

local function write_times()
  write_into("figures", show_times)
end

-- ---------------------------------------------------------------------------------------------
-- Collectors: the medians of Lualchemy's own processor times, in milliseconds

local function compare_ways(target)
  local taken, words = {}, {("%s %s %s"):format(target[1], target[2], target[3])}
  for _ = 1, options.rounds do
    for at, way in ipairs(ways) do
      taken[at] = taken[at] or {}
      table.insert(taken[at], measure(quote(lualchemy), target, 1, nil, way))
    end
  end
  for at in ipairs(ways) do words[at + 1] = milliseconds(median(taken[at], "cpu_seconds")) end
  return words
end

local function show_ways(show)
  local names = {"workload"}
  for _, way in ipairs(ways) do names[#names + 1] = way.name end
  show("| " .. table.concat(names, " | ") .. " |")
  show("|---|" .. ("---:|"):rep(#ways))
  make_databases(1)
  for _, target in ipairs(chosen()) do show("| " .. table.concat(compare_ways(target), " | ") .. " |") end
end

local function compare_collectors()
  if options.write then
    write_into("collectors", show_ways)
  else
    show_ways(print)
  end
end

-- ---------------------------------------------------------------------------------------------
-- Instructions: counts for each row, kept in instructions.tsv

local kept_path = root .. "/bench/instructions.tsv"

local function read_kept()
  local kept = {}
  local file = io.open(kept_path)
  for line in file and file:lines() or function() end do
    local name, storage, count = line:match("^(%S+)\t(%S+)\t(%d+)$")
    if name then kept[name .. " " .. storage] = tonumber(count) end
  end
  if file then file:close() end
  return kept
end

local function count_instructions(target, divide)
  local out = scratch.path .. "/callgrind"
  local figures = measure(quote(lualchemy), target, divide, ("BENCH_UNDER='valgrind -q --tool=callgrind --callgrind-out-file=%s'")
    :format(out))
  local file <close> = assert(io.open(out .. ".1"))
  local total = file:read("a"):match("\ntotals: (%d+)")
  return math.floor(tonumber(total) / figures.rows + 0.5)
end

local function write_kept(lines)
  local file <close> = assert(io.open(kept_path, "w"))
  file:write("# Instructions for each row, query or build. ./dev bench --instructions compares, --keep rewrites.\n")
  for _, line in ipairs(lines) do file:write(("%s\t%s\t%d\n"):format(table.unpack(line))) end
end

local function show_instructions()
  local divide, kept, lines, grown = 20, read_kept(), {}, false
  local format = "%-14s %-5s %10s %10s %8s"
  make_databases(divide)
  print(format:format("workload", "", "now", "kept", ""))
  for _, target in ipairs(chosen()) do
    local now = count_instructions(target, divide)
    local before = kept[name_of(target) .. " " .. target[3]]
    local change = before and now / before - 1 or 0
    lines[#lines + 1] = {name_of(target), target[3], now}
    grown = grown or change > tolerance
    print(format:format(name_of(target), target[3], now, before or "", ("%+.1f %%"):format(change * 100))
      .. (change > tolerance and "  more than before" or ""))
  end
  if options.keep then
    write_kept(lines)
  elseif grown then
    fail("some workloads take over %d %% more instructions than kept in bench/instructions.tsv", tolerance * 100)
  end
end

read_arguments()
if not options.setup then
  local work = options.instructions and show_instructions or options.collectors and compare_collectors
    or options.write and write_times or print_times
  work()
end
