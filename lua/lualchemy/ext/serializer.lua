-- SPDX-License-Identifier: MIT
-- Statements as strings of bytes, to be kept or sent, as SQLAlchemy's `sqlalchemy.ext.serializer`.
--
--   local serializer = require "lualchemy.ext.serializer"
--   local bytes = serializer.dumps(la.select(User):where(User.name:eq "Ann"))
--   local statement = serializer.loads(bytes, Base.metadata)
--
-- Tables, columns, mapped classes and their attributes stand in the bytes by name; values and everything else stand there themselves. No code is
-- written and none is run: what is a function of the program, or refers to one, is refused when it is written.
local core = require "lualchemy.core"
local descriptors = require "lualchemy.orm.descriptor"
local exc = require "lualchemy.exc"
local json = require "lualchemy.json"
local registries = require "lualchemy.orm.registry"
local strict = require "lualchemy.strict"
local types = require "lualchemy.types"

local M = {}

local mark = "LuaSQL\1"

local function fail(format, ...)
  error(exc.ArgumentError(format:format(...)), 0)
end

local function fail_malformed()
  fail("The bytes are no statement that dumps() has written, or they are damaged")
end

--- A number for the bytes: FNV-1a, which tells damage.
local function checksum(bytes)
  local hash = 0xcbf29ce484222325
  for at = 1, #bytes do hash = (hash ~ bytes:byte(at)) * 0x100000001b3 end
  return hash
end

-- ---- values ----

local deepest = 100
local simple = {[core.null()] = "0", [json.NULL] = "J", [true] = "T", [false] = "F"}
local of_simple = {}
for value, letter in pairs(simple) do of_simple[letter] = value end

local function write_table(out, value, depth)
  local meta = getmetatable(value)
  if meta ~= nil and not (type(meta) == "table" and meta.__jsontype == "array") then
    fail("The statement can't be written: it holds %s, which is neither a plain table nor a value of SQL", tostring(value))
  end
  local entries = {}
  for key, field in next, value do
    local entry = {}
    M.__write(entry, key, depth)
    M.__write(entry, field, depth)
    entries[#entries + 1] = table.concat(entry)
  end
  table.sort(entries)
  out[#out + 1] = string.pack("<c1s4", meta and "a" or "t", table.concat(entries))
end

--- Appends a Lua value to `out`.
---@private
function M.__write(out, value, depth)
  local kind = math.type(value) or type(value)
  if value == nil then
    out[#out + 1] = "N"
  elseif simple[value] then
    out[#out + 1] = simple[value]
  elseif kind == "integer" then
    out[#out + 1] = string.pack("<c1i8", "i", value)
  elseif kind == "float" then
    out[#out + 1] = string.pack("<c1d", "d", value)
  elseif kind == "string" then
    out[#out + 1] = string.pack("<c1s4", "s", value)
  elseif kind == "table" and depth < deepest then
    write_table(out, value, depth + 1)
  else
    fail("The statement can't be written: it holds a %s%s", type(value), kind == "table" and " that is too deep" or " of the program")
  end
end

local read_value

local function read_table(bytes, is_array)
  local made, at = {}, 1
  while at <= #bytes do
    local key, field
    key, at = read_value(bytes, at)
    field, at = read_value(bytes, at)
    if key == nil or key ~= key then fail_malformed() end
    made[key] = field
  end
  return is_array and json.array(made) or made
end

local formats = {i = "<i8", d = "<d", s = "<s4", t = "<s4", a = "<s4"}

function read_value(bytes, at)
  local letter = bytes:sub(at, at)
  if letter == "N" or of_simple[letter] ~= nil then return of_simple[letter], at + 1 end
  if not formats[letter] then fail_malformed() end
  local value, behind = string.unpack(formats[letter], bytes, at + 1)
  if letter == "t" or letter == "a" then value = read_table(value, letter == "a") end
  return value, behind
end

-- ---- names ----

--- What a table, column, class or attribute is called: a list of strings.
local function name_of(entry)
  local kind, thing, key = entry[1], entry[2], entry[3]
  if kind == "TABLE" then return {kind, thing.key} end
  if kind == "COLUMN" then
    if thing.table == nil then fail("The statement can't be written: the column \"%s\" stands in no table", thing.name) end
    return {kind, thing.table.key, thing.key}
  end
  if thing == nil then fail "The statement can't be written: a class in it is gone" end
  return {kind, thing.__name__, key}
end

local function find_table(metadata, key)
  local found = metadata.tables[key]
  if found == nil then fail("The statement refers to the table \"%s\", which the metadata does not have", key) end
  return found
end

local function find_class(metadata, name)
  local found
  for _, registry in ipairs(registries.of_metadata(metadata)) do
    local class = registry.classes[name]
    if class == false or class and found then fail("The statement refers to the class %s, and there are several of that name", name) end
    found = found or class
  end
  if not found then fail("The statement refers to the class %s, of which no table is in the metadata", name) end
  return found
end

local function find_name(metadata, name)
  local kind, first, key = name[1], name[2], name[3]
  if kind == "TABLE" then return find_table(metadata, first) end
  if kind == "COLUMN" then
    local of_table = find_table(metadata, first)
    if not of_table.c:contains(key) then fail("The statement refers to the column %s.%s, which is not there", first, key) end
    return of_table.c[key]
  end
  local class = find_class(metadata, first)
  if kind == "ENTITY" then return class end
  local attribute = (class.__mapper__:has_property(key) or descriptors.find(class, key)) and class[key]
  if core.attribute_of(attribute) == nil then fail("The statement refers to the attribute %s.%s, which is not there", first, key) end
  return attribute
end

-- ---- types ----

--- A type by the column or attribute that has it, or as its kind and options.
local function type_of(sqltype, names)
  for i, entry in ipairs(names) do
    if entry[1] == "COLUMN" and entry[2].type == sqltype or entry[1] == "ATTRIBUTE" and entry[2][entry[3]].type == sqltype then return i end
  end
  local kind = core.type_get(sqltype, "kind")
  if kind == "TypeDecorator" or kind == "UserDefinedType" then
    fail("The statement can't be written: the type %s is the program's, and no column in the statement has it", tostring(sqltype))
  end
  local options = types.__options(sqltype)
  if options.impl then options.impl = type_of(options.impl, names) end
  local variants = {}
  for i, variant in ipairs(options.variants) do variants[i] = {variant[1], type_of(variant[2], names)} end
  options.variants = variants
  if options.values then options.values = table.move(options.values, 1, #options.values, 1, {}) end
  return {kind, options}
end

local function make_type(given, names)
  if math.type(given) == "integer" then
    local named = names[given]
    return named and named.type or fail_malformed()
  end
  local kind, options = given[1], given[2]
  if options.impl then options.impl = make_type(options.impl, names) end
  for _, variant in ipairs(options.variants) do variant[2] = make_type(variant[2], names) end
  return types.__of_kind(kind, options)
end

-- ---- the two functions ----

--- The bytes of a statement, expression, table or mapped class, or of a Query. As SQLAlchemy's `dumps()`.
---
---     local bytes = serializer.dumps(session:query(User):filter(User.age:gt(25)))
---@param statement any
---@return string
---@raise ArgumentError for what is none, and for a statement with parts that are the program's: functions, Bundles, objects that it is compared
--- with, types of the program that no column of the statement has
function M.dumps(statement)
  if type(statement) ~= "userdata" and type(statement) ~= "table" then
    error(exc.ArgumentError(("dumps takes an SQL expression or statement, a table or a mapped class, not %s"):format(
      require("lualchemy.describe").value(statement))), 2)
  end
  local is_query = core.class_of(statement) == "lualchemy.Query"
  local bytes, names, sqltypes, hosts = core.statement_write(statement)
  local record = {query = is_query, bytes = bytes, names = {}, types = {}, hosts = {}, host_count = #hosts}
  for i, entry in ipairs(names) do record.names[i] = name_of(entry) end
  for i, sqltype in ipairs(sqltypes) do record.types[i] = type_of(sqltype, names) end
  for i = 1, #hosts do record.hosts[i] = hosts[i] end
  local out = {}
  M.__write(out, record, 0)
  local body = table.concat(out)
  return mark .. string.pack("<i8i8", core.statement_version(), checksum(body)) .. body
end

local function read_record(bytes)
  local version, sum, at = string.unpack("<i8i8", bytes, #mark + 1)
  if version ~= core.statement_version() then
    fail "The statement was written by another version of Lualchemy: it has to be built again"
  end
  local body = bytes:sub(at)
  if checksum(body) ~= sum then fail_malformed() end
  local record, behind = read_value(body, 1)
  if behind ~= #body + 1 then fail_malformed() end
  return record
end

local function build(record, metadata)
  local names, sqltypes, hosts = {}, {}, {}
  if math.type(record.host_count) ~= "integer" or record.host_count > #record.bytes then fail_malformed() end
  for i, name in ipairs(record.names) do names[i] = find_name(metadata, name) end
  for i, given in ipairs(record.types) do sqltypes[i] = make_type(given, names) end
  for i = 1, record.host_count do hosts[i] = record.hosts[i] end
  return core.statement_read(record.bytes, names, sqltypes, hosts)
end

--- The statement of bytes that `dumps` gave; a Query if they are of one and there is a session. Its tables are those of `metadata`, its
--- classes those of the declarative bases and registries with that metadata. As SQLAlchemy's `loads()`.
---
---     local query = serializer.loads(bytes, Base.metadata, session)
---@param bytes string
---@param metadata lualchemy.MetaData
---@param session lualchemy.Session?
---@return any
---@raise ArgumentError for bytes that no `dumps` wrote or that another version did, and for names that are not there
function M.loads(bytes, metadata, session)
  if type(bytes) ~= "string" then fail("loads takes the bytes that dumps() gave, not a %s", type(bytes)) end
  if core.class_of(metadata) ~= "lualchemy.MetaData" then fail("loads takes a MetaData in second place, such as Base.metadata") end
  if bytes:sub(1, #mark) ~= mark then fail_malformed() end
  local read, record = pcall(read_record, bytes)
  if not read and exc.LualchemyError:matches(record) then error(record, 0) end
  if not read or type(record) ~= "table" then fail_malformed() end
  local built, statement = pcall(build, record, metadata)
  if not built then
    if exc.LualchemyError:matches(statement) then error(statement, 0) end
    fail_malformed()
  end
  if record.query and session ~= nil then return core.query_wrap(statement, session) end
  return statement
end

return strict.module("lualchemy.ext.serializer", M)
