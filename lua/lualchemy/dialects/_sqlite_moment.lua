-- SPDX-License-Identifier: MIT
-- DATETIME, DATE and TIME of SQLite with a format of their own.
--
-- SQLite has no dates: they are text. `DATETIME{storage_format = …}` is a decorator that writes and reads another
-- text than ISO's; beside other types and operators it stays a DateTime.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local types = require "lualchemy.types"

local moment = {}

-- What stands in DDL, and takes the text as it is.
local Stored = types.UserDefinedType:class "Stored" {
  __init = function(self, spec) self.spec = spec end,
  get_col_spec = function(self) return self.spec end,
}

local known = keywords.set {"storage_format", "regexp", "truncate_microseconds"}

-- Name in formats → field of the value.
local fields = {year = "year", month = "month", day = "day", hour = "hour", minute = "min", second = "sec",
  microsecond = "usec"}
local units = {"year", "month", "day", "hour", "minute", "second", "microsecond"}

-- The parts of a format: what string.format takes, a pattern that reads it back, and the fields in order.
local function read_format(name, format)
  local writes, order = {}, {}
  local at = 1
  local reads = {"^"}
  local function literal(text)
    writes[#writes + 1] = text:gsub("%%", "%%%%")
    reads[#reads + 1] = text:gsub("%p", "%%%0")
  end
  for from, unit, width, to in format:gmatch("()%%%((%w+)%)0?(%d*)d()") do
    if not fields[unit] then
      error(exc.ArgumentError(("%s: storage_format has %%(%s), which is none of %s"):format(name, unit,
        table.concat(units, ", "))), 0)
    end
    literal(format:sub(at, from - 1))
    writes[#writes + 1] = width == "" and "%d" or "%0" .. width .. "d"
    reads[#reads + 1] = "(" .. ("%d"):rep(width == "" and 0 or math.tointeger(tonumber(width))) .. (width == "" and "%d+)" or ")")
    order[#order + 1] = fields[unit]
    at = to
  end
  literal(format:sub(at))
  reads[#reads + 1] = "$"
  return table.concat(writes), table.concat(reads), order
end

-- Digits alone would be taken for a number, so the column's type must have the affinity of text.
local function is_text(written)
  return written:find("%D") ~= nil
end

local function write(self, value)
  if value == nil then return nil end
  local ok, made = pcall(self.make, value)
  if not ok then
    error(exc.StatementError(("SQLite %s type takes %s, not %s"):format(self.what, self.takes,
      require("lualchemy.describe").value(value))), 0)
  end
  local numbers = {}
  for i, field in ipairs(self.order) do
    numbers[i] = made[field] or 0
  end
  return self.writes:format(table.unpack(numbers))
end

local function read(self, value)
  if value == nil then return nil end
  local found = {tostring(value):match(self.reads)}
  if #found == 0 then
    error(exc.StatementError(("Couldn't parse %s string '%s' - value does not match the storage format")
      :format(self.what, tostring(value))), 0)
  end
  local parts = {}
  for i, field in ipairs(self.order) do
    parts[field] = found[i] and math.tointeger(tonumber(found[i])) or 0
  end
  return self.make(parts)
end

local function new_class(name, what, takes, impl, make, format)
  local class
  class = types.TypeDecorator:class(name) {
    impl = impl, what = what, takes = takes, make = make,
    __init = function(self, options)
      options = keywords.check(name, options, known)
      if options.truncate_microseconds and options.storage_format then
        error(exc.ArgumentError("You can specify only one of truncate_microseconds or storage_format."), 0)
      end
      local given = options.storage_format or format:gsub("%.%%%(microsecond%)06d$", "")
      self.writes, self.reads, self.order = read_format(name, given)
      self.reads = options.regexp or self.reads
      local sample = {}
      for i = 1, #self.order do sample[i] = 0 end
      self.stored = Stored(name .. (is_text(self.writes:format(table.unpack(sample))) and "" or "_CHAR"))
    end,
    load_dialect_impl = function(self, dialect)
      return dialect.name == "sqlite" and self.stored or impl
    end,
    process_bind_param = write,
    process_result_value = read,
  }
  return types.__with_maker(impl, function(options)
    return options == nil and impl or class(options)
  end)
end

moment.DATETIME = new_class("DATETIME", "DateTime", "dates with times", types.DATETIME, core.datetime,
  "%(year)04d-%(month)02d-%(day)02d %(hour)02d:%(minute)02d:%(second)02d.%(microsecond)06d")
moment.DATE = new_class("DATE", "Date", "dates", types.DATE, core.date, "%(year)04d-%(month)02d-%(day)02d")
moment.TIME = new_class("TIME", "Time", "times", types.TIME, core.time,
  "%(hour)02d:%(minute)02d:%(second)02d.%(microsecond)06d")

return moment
