-- SPDX-License-Identifier: MIT
-- SQL types: `Integer`, `String(50)`, `Enum("a", "b")`, and classes of types made from TypeDecorator and
-- UserDefinedType.
--
-- A type is a userdata of the core; `String` and `String(50)` both are types. Calling one makes another of its kind.
-- A class of types is a type too: the one that its constructor makes without arguments.
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"
local exc = require "lualchemy.exc"
local item = require "lualchemy.schema.item"
local strict = require "lualchemy.strict"
local select = core.lua_select

local types = {}

-- Keys of a type's record that no field of a user's class can have.
local class_key, state_key, variants_key, maker_key, around_key = {}, {}, {}, {}, {}
-- Among the arguments of a type: no naming convention changes its name.
local final_key = {}

---@class lualchemy.Type
---@overload fun(...): lualchemy.Type

-- ---------------------------------------------------------------------------------------------
-- Types that are built in

-- Names of the arguments by position, other keywords, and values that hold when nothing is given.
local text_arguments = {"length", "collation", keywords = {"collation_schema"}}
local numeric_arguments = {"precision", "scale", "decimal_return_scale", "asdecimal", default = {asdecimal = true}}
local float_arguments = {"precision", "asdecimal", "decimal_return_scale"}
local time_arguments = {"timezone"}
local binary_arguments = {"length"}
local uuid_arguments = {"as_uuid", "native_uuid"}
local no_arguments = {}

local arguments_of = {
  String = text_arguments, Text = text_arguments, Unicode = text_arguments, UnicodeText = text_arguments,
  CHAR = text_arguments, VARCHAR = text_arguments, NCHAR = text_arguments, NVARCHAR = text_arguments,
  TEXT = text_arguments, CLOB = text_arguments,
  Numeric = numeric_arguments, NUMERIC = numeric_arguments, DECIMAL = numeric_arguments,
  Float = float_arguments, Double = float_arguments, FLOAT = float_arguments, REAL = float_arguments,
  DOUBLE = float_arguments, DOUBLE_PRECISION = float_arguments,
  DateTime = time_arguments, Time = time_arguments, DATETIME = time_arguments, TIME = time_arguments,
  TIMESTAMP = time_arguments,
  Interval = {"native", "second_precision", "day_precision"},
  LargeBinary = binary_arguments, BLOB = binary_arguments, BINARY = binary_arguments, VARBINARY = binary_arguments,
  Boolean = {"create_constraint", "name"}, BOOLEAN = {"create_constraint", "name"},
  JSON = {"none_as_null"},
  Uuid = uuid_arguments, UUID = uuid_arguments,
  ARRAY = {"item_type", "as_tuple", "dimensions", "zero_indexes"},
}

local builtin = {
  "NullType", "Integer", "SmallInteger", "BigInteger", "Float", "Double", "Numeric", "String", "Text", "Unicode",
  "UnicodeText", "Boolean", "LargeBinary", "Date", "Time", "DateTime", "Interval", "Enum", "JSON", "Uuid", "TupleType",
  "ARRAY", "INTEGER", "INT", "SMALLINT", "BIGINT", "FLOAT", "REAL", "DOUBLE", "DOUBLE_PRECISION", "NUMERIC", "DECIMAL",
  "CHAR", "VARCHAR", "NCHAR", "NVARCHAR", "TEXT", "CLOB", "BOOLEAN", "BLOB", "BINARY", "VARBINARY", "DATE", "TIME",
  "DATETIME", "TIMESTAMP", "UUID",
}

-- The kind that a kind is a special case of, for isinstance.
local parent_of = {
  SmallInteger = "Integer", BigInteger = "Integer", INTEGER = "Integer", INT = "INTEGER", SMALLINT = "SmallInteger",
  BIGINT = "BigInteger", Float = "Numeric", Double = "Float", FLOAT = "Float", REAL = "Float", DOUBLE = "Double",
  DOUBLE_PRECISION = "Double", NUMERIC = "Numeric", DECIMAL = "Numeric", Text = "String", Unicode = "String",
  UnicodeText = "Text", CHAR = "String", VARCHAR = "String", NCHAR = "Unicode", NVARCHAR = "Unicode", TEXT = "Text",
  CLOB = "Text", Enum = "String", BOOLEAN = "Boolean", BLOB = "LargeBinary", DATE = "Date", TIME = "Time",
  DATETIME = "DateTime", TIMESTAMP = "DateTime", UUID = "Uuid",
}

-- The nearest words for people: what an argument must be.
local kinds_of_values = {
  length = "integer", precision = "integer", scale = "integer", decimal_return_scale = "integer",
  second_precision = "integer", day_precision = "integer", dimensions = "integer",
  collation = "string", collation_schema = "string", name = "string",
}

local function check_argument(type_name, name, value)
  local expected = kinds_of_values[name]
  local given = math.type(value) or type(value)
  if expected and given ~= expected then
    error(exc.ArgumentError(("%s: %s must be of kind %s, not %s"):format(type_name, name, expected, given)), 0)
  elseif not expected and name ~= "item_type" and given ~= "boolean" then
    error(exc.ArgumentError(("%s: %s must be a boolean, not %s"):format(type_name, name, given)), 0)
  end
end

-- Leaves the string of the name among `found`, and whether conv() has made it final.
local function take_name(kind, found)
  if found.name ~= nil then found.name, found[final_key] = item.name_of(kind, found.name) end
end

-- Arguments of a built-in type by name.
local function read_arguments(kind, ...)
  local names = arguments_of[kind] or no_arguments
  local known = keywords.set(names)
  for _, name in ipairs(names.keywords or no_arguments) do
    known[name] = true
  end
  local args, options = keywords.split(kind, known, 0, ...)
  local found = {}
  for name, value in next, names.default or no_arguments do
    found[name] = value
  end
  if args.n > #names then
    error(exc.ArgumentError(("%s takes %d arguments, not %d"):format(kind, #names, args.n)), 0)
  end
  for i = 1, args.n do
    found[names[i]] = args[i]
  end
  for name, value in next, options do
    found[name] = value
  end
  take_name(kind, found)
  for name, value in next, found do
    if name ~= final_key then check_argument(kind, name, value) end
  end
  return found
end

-- What the core is told of the arguments.
local function core_options(kind, found)
  local options = {
    length = found.length, precision = found.precision, scale = found.scale, collation = found.collation,
    name = found.name, timezone = found.timezone, asdecimal = found.asdecimal,
    create_constraint = found.create_constraint, none_as_null = found.none_as_null, impl = found.item_type,
  }
  if kind == "Interval" then
    options.native = found.native ~= false
    options.precision = found.second_precision
  elseif kind == "Uuid" or kind == "UUID" then
    options.native = found.native_uuid ~= false
  elseif kind == "JSON" then
    options.host_bind, options.host_result = true, true
    options.evaluates_none = not found.none_as_null
  end
  if found.decimal_return_scale and not options.scale then
    options.scale = options.precision == nil and found.decimal_return_scale or nil
  end
  if kind == "ARRAY" and not options.impl then
    error(exc.ArgumentError("ARRAY needs the type of its items: ARRAY(Integer)"), 0)
  end
  return options
end

-- Makes a type of a built-in kind.
local function make_builtin(kind, found)
  local made = core.type_new()
  local record = core.record(made)
  record[state_key] = {kind = kind, found = found}
  record[class_key] = types.__classes[kind]
  return core.type_make(made, kind, core_options(kind, found))
end

local enum_keywords = keywords.set {"create_constraint", "name", "native_enum", "length", "metadata", "schema", "quote",
  "validate_strings", "values_callable", "sort_key_function", "omit_aliases", "inherit_schema", "create_type"}

-- Enum("a", "b", {name = "kind"}) or Enum({"a", "b"}, {…}).
local function make_enum(...)
  local args, options = keywords.split("Enum", enum_keywords, 0, ...)
  take_name("Enum", options)
  local values = {}
  for i = 1, args.n do
    local given = type(args[i]) == "table" and args[i] or {args[i]}
    for _, value in ipairs(given) do
      if type(value) ~= "string" then
        error(exc.ArgumentError(("the values of an Enum are strings, not %s"):format(type(value))), 0)
      end
      values[#values + 1] = value
    end
  end
  local longest = 0
  for _, value in ipairs(values) do
    longest = math.max(longest, #value)
  end
  if options.length and options.length < longest then
    error(exc.ArgumentError(
      ("When provided, length must be larger or equal than the length of the longest enum value. %d < %d")
      :format(options.length, longest)), 0)
  end
  local made = core.type_new()
  local record = core.record(made)
  record[state_key] = {kind = "Enum", found = options}
  return core.type_make(made, "Enum", {
    values = values, name = options.name, length = options.length, native = options.native_enum ~= false,
    create_constraint = options.create_constraint,
  })
end

--- The name of a type's CHECK constraint as constraints take it: what conv() made final is so there.
---@private
function types.__check_name(type)
  local state = core.record(type)[state_key]
  return state and state.found and state.found[final_key] and item.conv(type.name) or type.name
end

-- ---------------------------------------------------------------------------------------------
-- Classes of types

-- A class of types: name, base (a class, a type, or nil for the two roots) and what the user gave.
local roots = {
  TypeDecorator = {name = "TypeDecorator", kind = "TypeDecorator", fields = {}},
  UserDefinedType = {name = "UserDefinedType", kind = "UserDefinedType", fields = {}},
}

local function class_of(value)
  return rawget(core.record(value), class_key)
end

-- The value of a field by the class and its bases.
local function class_field(class, key)
  while class do
    local value = class.fields[key]
    if value ~= nil then return value end
    class = class.base
  end
end

local function impl_of(self, class)
  local impl = rawget(core.record(self), "impl") or class_field(class, "impl")
  if not core.is(impl, "lualchemy.Type") then
    error(exc.ArgumentError(('TypeDecorator "%s" needs an impl, a type such as String'):format(class.name)), 0)
  end
  return impl
end

--- TypeDecorator's own constructor: its arguments are the impl's.
function roots.TypeDecorator.fields.__init(self, ...)
  local impl = class_field(class_of(self), "impl")
  if impl ~= nil and core.is(impl, "lualchemy.Type") then
    self.impl = select("#", ...) > 0 and impl(...) or impl
  end
end

function roots.UserDefinedType.fields.__init() end

-- What bind_expression and column_expression of the class give: SQL around a placeholder. `twin` is a type like `self`
-- without them, so that a type refers to itself neither in memory nor while its SQL is written.
local function find_expressions(self, class, twin)
  local around = {}
  for _, name in ipairs {"bind_expression", "column_expression"} do
    local make = class_field(class, name)
    if make then around[name] = make(twin, core.type_placeholder(twin)) end
  end
  around.twin = twin
  core.record(self)[around_key] = around -- holds what Lua gave
end

local function has_expressions(class)
  return class_field(class, "bind_expression") or class_field(class, "column_expression")
end

-- `options` for type_make, with the expressions that `box` was given.
local function with_expressions(box, options)
  local around = rawget(core.record(box), around_key)
  options.bind_expression = around and around.bind_expression
  options.column_expression = around and around.column_expression
  return options
end

local function decorate(box, class, impl, variants)
  return core.type_make(box, "TypeDecorator", with_expressions(box, {
    impl = impl, host = true, variants = variants,
    host_bind = class_field(class, "process_bind_param") ~= nil,
    host_result = class_field(class, "process_result_value") ~= nil,
    comparator = class_field(class, "comparator_factory") ~= nil,
    coerces = class_field(class, "coerce_compared_value") ~= nil,
  }))
end

-- A type with the same fields and nothing in the core yet.
local function blank_copy(self)
  local copy = core.type_new()
  local copied = core.record(copy)
  for key, value in next, core.record(self) do
    copied[key] = value
  end
  return copy
end

-- What load_dialect_impl(dialect) gives for the dialects there are, where it is another type than the impl.
local function variants_of(self, class, impl)
  local load, variants = class_field(class, "load_dialect_impl"), {}
  for _, variant in ipairs(load and {} or core.type_get(impl, "variants") or {}) do
    variants[#variants + 1] = {variant[1], decorate(blank_copy(self), class, variant[2])}
  end
  for _, name in ipairs(load and {"sqlite", "postgresql", "mysql", "mariadb"} or {}) do
    local found = load(self, {name = name, type_descriptor = function(_, type) return type end})
    if found ~= impl then
      variants[#variants + 1] = {name, decorate(blank_copy(self), class, found)}
    end
  end
  return variants
end

-- bind_processor(dialect) and result_processor(dialect) give functions; they are asked once per dialect.
local function processed_by(self, maker)
  local known = {}
  return function(_, value, dialect)
    local key = dialect or self
    if known[key] == nil then known[key] = maker(self, dialect) or false end
    return known[key] and known[key](value) or not known[key] and value or nil
  end
end

-- literal_processor(dialect) gives a function that writes a value as SQL.
local function write_literals(self, class)
  local maker = class_field(class, "literal_processor")
  if not maker then return end
  local write = processed_by(self, maker)
  core.record(self).process_literal_text = function(_, value, dialect)
    local text = write(self, value, dialect)
    if type(text) ~= "string" then
      error(exc.CompileError(("Could not render literal value %s with datatype %s: its literal_processor gave a %s")
        :format(require("lualchemy.describe").value(value), class.name, type(text))), 0)
    end
    return text
  end
end

local function finish_decorator(self, class)
  write_literals(self, class)
  local impl = impl_of(self, class)
  if has_expressions(class) then find_expressions(self, class, decorate(blank_copy(self), class, impl)) end
  local variants = variants_of(self, class, impl)
  core.record(self)[variants_key] = variants -- the core holds the types, this their functions
  decorate(self, class, impl, variants)
end

local function finish_user_defined(self, class)
  local get_col_spec = class_field(class, "get_col_spec")
  if type(get_col_spec) ~= "function" then
    error(exc.ArgumentError(('UserDefinedType "%s" needs a method get_col_spec that gives its SQL')
      :format(class.name)), 0)
  end
  local bind, result = class_field(class, "bind_processor"), class_field(class, "result_processor")
  local record = core.record(self)
  write_literals(self, class)
  if bind then record.process_bind_param = processed_by(self, bind) end
  if result then record.process_result_value = processed_by(self, result) end
  local function make(box)
    core.type_make(box, "UserDefinedType", with_expressions(box, {
      name = get_col_spec(self), host = true,
      host_bind = bind ~= nil or class_field(class, "process_bind_param") ~= nil,
      host_result = result ~= nil or class_field(class, "process_result_value") ~= nil,
      comparator = class_field(class, "comparator_factory") ~= nil,
      coerces = class_field(class, "coerce_compared_value") ~= nil,
    }))
    return box
  end
  if has_expressions(class) then find_expressions(self, class, make(blank_copy(self))) end
  make(self)
end

local function construct(self, class, ...)
  local init = class_field(class, "__init")
  init(self, ...)
  if class.kind == "TypeDecorator" then
    finish_decorator(self, class)
  else
    finish_user_defined(self, class)
  end
  return self
end

local function new_class_box(class)
  local made = core.type_new()
  core.record(made)[class_key] = class
  core.record(made)[state_key] = {is_class = true}
  return made
end

local metatable_only = {__gc = true, __close = true, __mode = true, __metatable = true, __index = true,
  __newindex = true}

-- `la.TypeDecorator:class "X" { … }`
local function make_class(self, name)
  if type(name) ~= "string" then
    error(exc.ArgumentError('a class of types is made by :class "Name" { … }'), 0)
  end
  local base = class_of(self)
  if not base or not base.kind then
    -- A class below a type that is built in: a decorator around it.
    base = {name = tostring(self), kind = "TypeDecorator", base = roots.TypeDecorator, fields = {impl = self}}
  end
  return function(fields)
    if type(fields) ~= "table" then
      error(exc.ArgumentError(('class "%s" takes a table of fields, not a %s'):format(name, type(fields))), 0)
    end
    for key in next, fields do
      if metatable_only[key] then
        error(exc.ArgumentError(('class "%s": the field %s is refused'):format(name, key)), 0)
      end
    end
    return new_class_box {name = name, kind = base.kind, base = base, fields = fields}
  end
end

-- ---------------------------------------------------------------------------------------------
-- Fields and methods

local methods = {}

--- A copy of the type that is `type` on the dialects named.
function methods.with_variant(self, type, ...)
  if not core.is(type, "lualchemy.Type") then
    error(exc.ArgumentError("with_variant takes a type and names of dialects"), 0)
  end
  if select("#", ...) == 0 then
    error(exc.ArgumentError("At least one dialect name is required"), 0)
  end
  if #(core.type_get(type, "variants") or {}) > 0 then
    error(exc.ArgumentError("can't pass a type that already has variants as a dialect-level type to with_variant()"), 0)
  end
  types.__complete(self)
  types.__complete(type)
  local variants = core.type_get(self, "variants")
  for _, dialect in ipairs {...} do
    for _, variant in ipairs(variants) do
      if variant[1] == dialect then
        error(exc.ArgumentError(("Dialect %s is already present in the mapping for this %s"):format(dialect,
          tostring(self))), 0)
      end
    end
    variants[#variants + 1] = {dialect, type}
  end
  return types.__copy(self, {variants = variants})
end

local compile_keywords = keywords.set {"dialect"}

--- The type as it stands in DDL: `type:compile{dialect = "sqlite"}`, or `type:compile(engine.dialect)`.
function methods.compile(self, bind, options)
  local dialect = keywords.of_compile(bind, options, compile_keywords).dialect
  if dialect == nil then
    core.type_get(self, "kind") -- which says what is no type
    return tostring(self)
  end
  local name = type(dialect) == "string" and dialect or core.class_of(dialect) and dialect.name or
    type(dialect) == "table" and rawget(dialect, "name")
  if type(name) ~= "string" then
    error(exc.ArgumentError(("compile: dialect is a Dialect or its name, not %s"):format(require("lualchemy.describe").value(dialect))), 0)
  end
  return core.ddl_type(name, self)
end

--- A copy of the type for which a nil that is set counts: a new object sends it as NULL, so that no default takes its
--- place. JSON is so, unless it has `none_as_null`.
---@return lualchemy.Type
function methods.evaluates_none(self)
  return types.__copy(self, {evaluates_none = true})
end

--- A copy of the type.
---@return lualchemy.Type
function methods.copy(self)
  return types.__copy(self, {})
end

--- The built-in type that a more special one stands for: VARCHAR(20) → String(20).
function methods.as_generic(self, options)
  local kind = core.type_get(self, "kind")
  local generic = kind
  while parent_of[generic] and (generic == generic:upper() or generic == "Enum") do
    generic = parent_of[generic]
  end
  if kind == "NullType" and not (options and options.allow_nulltype) then
    error(exc.InvalidRequestError("Default TypeEngine.as_generic() heuristic method was unsuccessful for NullType"), 0)
  end
  return types.__of_kind(generic, types.__options(self))
end

-- Fields that the core has, under the names that types show.
local core_fields = {
  length = "length", precision = "precision", scale = "scale", collation = "collation", timezone = "timezone",
  asdecimal = "asdecimal", create_constraint = "create_constraint", none_as_null = "none_as_null", name = "name",
  enums = "values", item_type = "impl", impl = "impl", __visit_name__ = "kind",
  should_evaluate_none = "evaluates_none",
}
-- Fields that may be missing without being a mistake.
local optional = keywords.set {"process_bind_param", "process_result_value", "process_literal_param",
  "process_literal_text", "load_dialect_impl", "coerce_compared_value", "compare_values", "bind_expression", "column_expression",
  "comparator_factory", "cache_ok", "sort_key_function", "json_serializer", "json_deserializer"}

core.hook("type_field", function(self, key)
  local record = core.record(self)
  local value = rawget(record, key)
  if value ~= nil then return value end
  local class = record[class_key]
  value = class_field(class, key)
  if value ~= nil then return value end
  if key == "class" then return make_class end
  if methods[key] then return methods[key] end
  local state = record[state_key]
  if class and class.kind and state and state.is_class and core_fields[key] then return nil end
  if core_fields[key] then return core.type_get(self, core_fields[key]) end
  if state and state.found and state.found[key] ~= nil then return state.found[key] end
  if key == "__name__" then return class and class.name or core.type_get(self, "kind") end
  if optional[key] or strict.is_probe(key) or class and class.kind then return nil end
  strict.unknown(("type %s"):format(tostring(self)), key, core_fields, methods)
end)

--- A copy of the type `type` that is itself where it stands uncalled, and whose call is `make`: for types of a
--- dialect that take more arguments.
---@private
function types.__with_maker(type, make)
  local copy = types.__copy(type, {})
  core.record(copy)[maker_key] = make
  return copy
end

-- The operators that a class of types has for its expressions: methods by name, and `__add`, `__sub` … for what Lua's
-- own operators call.
core.hook("comparator", function(self, name)
  local factory = class_field(class_of(self), "comparator_factory")
  if not factory then return nil end
  return factory[name] or factory["__" .. name]
end)

-- The type that the class says for a value that is compared with an expression of `self`.
core.hook("coerce_compared_value", function(self, op, value)
  local type = class_field(class_of(self), "coerce_compared_value")(self, op, value)
  if not core.is(type, "lualchemy.Type") then
    error(exc.ArgumentError(("coerce_compared_value of %s must give a type, not %s"):format(class_of(self).name,
      require("lualchemy.describe").value(type))), 0)
  end
  return types.__complete(type)
end)

core.hook("type_call", function(self, ...)
  local make = rawget(core.record(self), maker_key)
  if make then return make(...) end
  local class = class_of(self)
  if class and class.kind then
    local made = core.type_new()
    core.record(made)[class_key] = class
    return construct(made, class, ...)
  end
  local kind = core.type_get(self, "kind")
  if kind == "Enum" then return make_enum(...) end
  if kind == "TupleType" then return core.type_make(core.type_new(), kind, {}) end
  return make_builtin(kind, read_arguments(kind, ...))
end)

core.hook("type_name", function(self)
  local class = class_of(self)
  return class and class.name or "type"
end)

--- Makes sure that a class of types can be used as a type: by its constructor without arguments.
function types.__complete(self)
  if core.type_get(self, "kind") == nil then
    local class = class_of(self)
    if class == roots.TypeDecorator or class == roots.UserDefinedType then
      error(exc.ArgumentError(('%s is no type by itself: make a class, %s:class "X" { … }'):format(class.name,
        class.name)), 0)
    end
    construct(self, class)
  end
  return self
end
core.hook("type_complete", types.__complete)

-- What type_make needs to make the same type again.
function types.__options(self)
  local options = {}
  for _, name in ipairs {"length", "precision", "scale", "collation", "timezone", "asdecimal", "create_constraint",
    "none_as_null", "evaluates_none", "native", "name", "impl"} do
    options[name] = core.type_get(self, name)
  end
  local values = core.type_get(self, "values")
  options.values = values and #values > 0 and values or nil
  options.variants = core.type_get(self, "variants")
  return options
end

-- The built-in type of `kind` that options like those above make.
function types.__of_kind(kind, options)
  local made = core.type_new()
  core.record(made)[class_key] = types.__classes[kind]
  options.host_bind, options.host_result = kind == "JSON", kind == "JSON"
  return core.type_make(made, kind, options)
end

-- A type like `self`, but for what `changes` says.
function types.__copy(self, changes)
  types.__complete(self)
  local options, kind = types.__options(self), core.type_get(self, "kind")
  for name, value in next, changes do
    options[name] = value
  end
  options.host = kind == "TypeDecorator" or kind == "UserDefinedType" or kind == "JSON"
  options.host_bind = options.host and self.process_bind_param ~= nil
  options.host_result = options.host and self.process_result_value ~= nil
  options.comparator = options.host and self.comparator_factory ~= nil
  options.coerces = options.host and self.coerce_compared_value ~= nil
  local copy = blank_copy(self)
  core.record(copy)[variants_key] = options.variants
  return core.type_make(copy, kind, with_expressions(copy, options))
end

-- ---------------------------------------------------------------------------------------------
-- JSON: its values pass through serializers in Lua.

local json_null

local json_class = {name = "JSON", fields = {}}

function json_class.fields.process_bind_param(_, value, dialect)
  if value == nil then return nil end
  if value == json_null then return "null" end
  local serialize = dialect and dialect.json_serializer or require("lualchemy.json").encode
  return serialize(value)
end

function json_class.fields.process_result_value(_, value, dialect)
  if type(value) ~= "string" then return value end
  local deserialize = dialect and dialect.json_deserializer or require("lualchemy.json").decode
  return deserialize(value)
end

types.__classes = {JSON = json_class}

-- ---------------------------------------------------------------------------------------------

for _, kind in ipairs(builtin) do
  if kind == "Enum" then
    types.Enum = make_enum()
  elseif kind == "TupleType" or kind == "ARRAY" then
    types[kind] = core.type_make(core.type_new(), kind, {})
  else
    types[kind] = make_builtin(kind, read_arguments(kind))
  end
end
types.NULLTYPE = types.NullType
types.MatchType = types.Boolean
types.TypeDecorator = new_class_box(roots.TypeDecorator)
types.UserDefinedType = new_class_box(roots.UserDefinedType)

json_null = require("lualchemy.json").NULL
json_class.fields.NULL = json_null

-- Is `kind` `ancestor` or a special case of it?
local function is_kind(kind, ancestor)
  while kind do
    if kind == ancestor then return true end
    kind = parent_of[kind]
  end
  return false
end

require("lualchemy.inspection").__register_test(function(value, class)
  if not core.is(class, "lualchemy.Type") then return nil end
  if not core.is(value, "lualchemy.Type") then return false end
  local wanted, class_of_value = class_of(class), class_of(value)
  if wanted and wanted.kind then
    while class_of_value do
      if class_of_value == wanted then return true end
      class_of_value = class_of_value.base
    end
    return false
  end
  return is_kind(core.type_get(value, "kind"), core.type_get(class, "kind"))
end)

return require("lualchemy.strict").module("lualchemy.types", types)
