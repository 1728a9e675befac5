-- SPDX-License-Identifier: MIT
-- The options of create_engine: which there are, what they may be, and how the core is told.
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local pool = require "lualchemy.pool"

local known = keywords.set {
  "echo", "echo_pool", "foreign_keys", "busy_timeout", "journal_mode", "begin_mode", "isolation_level", "poolclass",
  "pool_size", "max_overflow", "pool_timeout", "pool_recycle", "pool_pre_ping", "pool_use_lifo", "pool_reset_on_return",
  "query_cache_size", "hide_parameters", "json_serializer", "json_deserializer", "connect_args", "execution_options",
  "logging_name", "pool_logging_name", "future", "enable_from_linting", "label_length",
  "max_identifier_length", "enable_load_extension", "use_insertmanyvalues", "insertmanyvalues_page_size",
}

local execution_known = keywords.set {
  "isolation_level", "stream_results", "yield_per", "max_row_buffer", "logging_token", "preserve_rowcount",
  "no_parameters", "insertmanyvalues_page_size", "autoflush", "populate_existing", "synchronize_session", "identity_token",
  "render_nulls", "dml_strategy", "include_deferred", "schema_translate_map",
}

local execution_unsupported = {
  compiled_cache = "compiled statements lie with the engine, which keeps query_cache_size of them",
  driver_column_names = "the keys of rows are the names that the statement gives",
}

-- The program's own options are kept for its listeners, but for names so near a known one that they are misspelt.
local function is_own_option(name)
  return type(name) == "string" and not execution_unsupported[name] and not core.nearest(name, execution_known)
end

local function check_execution(name, options)
  return keywords.check(name, options, execution_known, is_own_option, execution_unsupported)
end

-- What SQLAlchemy says of the built-in dialects, which have no limit of their own.
local default_identifier_length = 9999

local begin_modes = {DEFERRED = true, IMMEDIATE = true, EXCLUSIVE = true}
local isolation_levels = {SERIALIZABLE = true, ["READ UNCOMMITTED"] = true, AUTOCOMMIT = true}

local function fail(format, ...)
  error(exc.ArgumentError(format:format(...)), 0)
end

local function schema_name(value, what)
  if value == core.null() then return "" end
  if type(value) ~= "string" or value:find "\0" then
    fail("schema_translate_map maps names of schemas, or null for none, to such; %s %s", what, describe.value(value))
  end
  return value
end

-- An execution option schema_translate_map as the core takes it, "from NUL to NUL …" by name; nil: there is none.
local function translation(map)
  if map == nil or map == core.null() then return nil end
  if type(map) ~= "table" then
    fail("schema_translate_map is a table {[schema] = its name here}, not %s", describe.value(map))
  end
  local entries = {}
  for from, to in pairs(map) do
    entries[#entries + 1] = schema_name(from, "a key is") .. "\0" .. schema_name(to, "a value is") .. "\0"
  end
  table.sort(entries)
  return #entries > 0 and table.concat(entries) or nil
end

local function check_kind(options, name, kind, what)
  local value = options[name]
  if value ~= nil and type(value) ~= kind then
    fail("create_engine: %s is %s, not a %s", name, what, type(value))
  end
  return value
end

local function check_number(options, name, least)
  local value = check_kind(options, name, "number", "a number")
  if value ~= nil and not (value >= least) then
    fail("create_engine: %s is a number from %d on, not %s", name, least, value)
  end
  return value
end

local function check_choice(options, name, choices)
  local value = check_kind(options, name, "string", "a string")
  if value == nil then return nil end
  local upper = value:upper()
  if not choices[upper] then
    local list = {}
    for choice in pairs(choices) do
      list[#list + 1] = '"' .. choice .. '"'
    end
    table.sort(list)
    fail("create_engine: %s is one of %s, not %q", name, table.concat(list, ", "), value)
  end
  return upper
end

local connect_known = keywords.set {"timeout", "foreign_keys", "isolation_level", "check_same_thread"}

-- What a driver is told beside the URL, in the driver's own names.
local function apply_connect_args(into, args)
  args = keywords.check("create_engine: connect_args", args, connect_known)
  if args.timeout ~= nil then into.busy_timeout = check_number(args, "timeout", 0) * 1000 end
  if args.foreign_keys ~= nil then into.foreign_keys = args.foreign_keys end
  if args.isolation_level ~= nil then into.begin_mode = check_choice(args, "isolation_level", begin_modes) end
end

local pool_option_names = {"pool_size", "max_overflow", "pool_timeout", "pool_use_lifo"}

local function check_pool_options(options, class_name)
  local class = pool[class_name]
  for _, name in ipairs(pool_option_names) do
    if options[name] ~= nil and not class.options[name] then
      fail("create_engine: the option %s makes no sense for a %s, which is what this engine has", name, class_name)
    end
  end
end

local function read_pool_class(options)
  local class = options.poolclass
  if class == nil then return nil end
  if not pool.__is_class(class) then
    fail("create_engine: poolclass is one of lualchemy.pool's classes, such as pool.StaticPool")
  end
  return class.__name__
end

-- The length of the longest label, or nil: as the dialect has it.
local function read_label_length(options)
  local length = check_number(options, "label_length", 0)
  local most = check_number(options, "max_identifier_length", 1)
  if length == 0 then length = nil end
  if length and length > (most or default_identifier_length) then
    fail("create_engine: label_length is %d, which is more than this dialect's max_identifier_length of %d", length,
      most or default_identifier_length)
  end
  return length or most
end

-- The options for the core.
local function read_options(options)
  local low = {
    foreign_keys = check_kind(options, "foreign_keys", "boolean", "true or false"),
    busy_timeout = check_number(options, "busy_timeout", 0),
    journal_mode = check_kind(options, "journal_mode", "string", "a string"),
    begin_mode = check_choice(options, "begin_mode", begin_modes),
    pool_size = check_number(options, "pool_size", 0),
    max_overflow = check_number(options, "max_overflow", -1),
    pool_timeout = check_number(options, "pool_timeout", 0),
    pool_recycle = check_number(options, "pool_recycle", -1),
    pool_pre_ping = check_kind(options, "pool_pre_ping", "boolean", "true or false"),
    pool_use_lifo = check_kind(options, "pool_use_lifo", "boolean", "true or false"),
    query_cache_size = check_number(options, "query_cache_size", 0),
    hide_parameters = check_kind(options, "hide_parameters", "boolean", "true or false"),
    enable_from_linting = check_kind(options, "enable_from_linting", "boolean", "true or false"),
    label_length = read_label_length(options),
    pool_kind = read_pool_class(options),
  }
  -- One prepared statement is sent again for each row, so there are no batches to set up.
  check_kind(options, "use_insertmanyvalues", "boolean", "true or false")
  check_number(options, "insertmanyvalues_page_size", 1)
  local reset = options.pool_reset_on_return
  if reset ~= nil then
    local names = {rollback = "rollback", commit = "commit", none = "none", [true] = "rollback", [false] = "none",
      [core.null()] = "none"}
    low.pool_reset_on_return = names[reset]
      or fail('create_engine: pool_reset_on_return is "rollback", "commit" or "none", not %s', tostring(reset))
  end
  if options.connect_args ~= nil then apply_connect_args(low, options.connect_args) end
  if options.future == false then fail("create_engine: future is always true") end
  if check_choice(options, "isolation_level", isolation_levels) == "AUTOCOMMIT" then low.begin_mode = "AUTOCOMMIT" end
  return low
end

return {
  known = known,
  check_execution = check_execution,
  isolation_levels = isolation_levels,
  fail = fail,
  check_kind = check_kind,
  translation = translation,
  check_pool_options = check_pool_options,
  read = read_options,
}
