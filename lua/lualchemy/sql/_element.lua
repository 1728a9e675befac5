-- SPDX-License-Identifier: MIT
-- Classes of the program whose objects stand in SQL, as SQLAlchemy's ColumnElement, FunctionElement, ClauseElement and
-- Executable are subclassed.
--
-- An object is a table. Once its constructor is through, the functions that `compiles` gave its class are called, each
-- for its dialect; what they give is the object's node, in which the parts it is made of are nodes as well. So
-- a statement that holds the object is compiled, cached and adapted like any other, without calling Lua.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local select = core.lua_select

local element = {}

local function fail(class, format, ...)
  error(class(format:format(...)), 0)
end

-- Class → dialect's name ("default": every other) → function.
local functions_of = setmetatable({}, {__mode = "k"})
-- Metatable of objects → class.
local class_of_meta = setmetatable({}, {__mode = "k"})

--- The class of an object, or nil.
---@private
function element.class_of(value)
  return type(value) == "table" and class_of_meta[getmetatable(value)] or nil
end

-- The functions of the nearest class that has some.
local function functions_for(class)
  while class do
    if functions_of[class] then return functions_of[class] end
    class = rawget(class, "__base")
  end
  return {}
end

-- ---------------------------------------------------------------------------------------------
-- What functions are handed to make SQL with

local Preparer = {}
Preparer.__index = Preparer

--- A name in quotes if the dialect needs them.
function Preparer:quote(name)
  if type(name) ~= "string" then fail(exc.ArgumentError, "quote takes a name, not a %s", type(name)) end
  return core.quote_ident(self.dialect, name)
end

--- A table's name behind its schema's.
function Preparer:format_table(target)
  return core.ddl(self.dialect, "drop_table", target.__table__ or target):match "^DROP TABLE (.*)$"
end

--- A column's name.
function Preparer:format_column(column)
  return core.quote_ident(self.dialect, column.name)
end

local Compiler = {__name = "lualchemy.SQLCompiler"}
Compiler.__index = Compiler

local part_mark, part_format = "%z([ef])(%d+)%z", "\0%s%d\0"

-- An SQL element: an object of SQL, or of a class of the program.
local function is_part(value)
  return core.is_element_part(value)
end

--- Stands for the SQL of `part`: an expression, FROM element, statement, or a sequence of them, which are separated by
--- commas. `{asfrom = true}` writes it as FROM has it, `{literal_binds = true}` with its values in the text.
function Compiler:process(part, options)
  options = options or {}
  if element.class_of(part) == nil and type(part) == "table" and not is_part(part) then
    local texts = {}
    for i, each in ipairs(part) do texts[i] = self:process(each, options) end
    return table.concat(texts, ", ")
  end
  if not is_part(part) then
    fail(exc.ArgumentError, "process takes an SQL expression, not %s", require("lualchemy.describe").value(part))
  end
  if self.parts == nil or options.literal_binds then
    if element.class_of(part) then part = rawget(part, "__clause_element") end
    return tostring(core.element_compile(part, {dialect = self.dialect.name, literal_binds = true}))
  end
  self.parts[#self.parts + 1] = part
  return part_format:format(options.asfrom and "f" or "e", #self.parts)
end

--- A call of a FunctionElement as functions are written that nothing is said of: its name, and its arguments in parentheses.
function Compiler:visit_function(call, options)
  if element.class_of(call) == nil or type(call.name) ~= "string" then
    fail(exc.ArgumentError, "visit_function takes a FunctionElement with a name, not %s", require("lualchemy.describe").value(call))
  end
  return ("%s(%s)"):format(call.name, self:process(call.clauses, options))
end

-- `parts` nil: the text of DDL is made at once.
local function new_compiler(dialect, parts)
  local compiler = setmetatable({
    dialect = {name = dialect}, parts = parts, preparer = setmetatable({dialect = dialect}, Preparer),
  }, Compiler)
  compiler.sql_compiler = compiler
  return compiler
end

-- What `compile` gives for `object`, as text.
local function call(class, compile, object, compiler)
  local text = compile(object, compiler, {})
  if type(text) ~= "string" then
    fail(exc.CompileError, "the function that compiles %s gave a %s, not SQL text", class.__name__, type(text))
  end
  return text
end

-- The text with its parts in the order in which they stand there.
local function make_markup(text, parts)
  local ordered = {}
  text = text:gsub(part_mark, function(kind, number)
    ordered[#ordered + 1] = parts[tonumber(number)]
    return "\0" .. kind
  end)
  return core.markup(text, table.unpack(ordered))
end

local function make_node(object, class)
  local markups = {}
  for dialect, compile in next, functions_for(class) do
    local parts = {}
    local text = call(class, compile, object, new_compiler(dialect, parts))
    markups[#markups + 1] = dialect == "default" and "" or dialect
    markups[#markups + 1] = make_markup(text, parts)
  end
  local name = object.name
  return core.element(object.type, type(name) == "string" and name or nil, class.__name__, class.__is_statement,
    table.unpack(markups))
end

--- Does `compiles` say how objects of the class are written?
---@private
function element.has_functions(class)
  return next(functions_for(class)) ~= nil
end

--- Gives an object the node that the functions of its class make.
---@private
function element.make(object, class)
  rawset(object, "__clause_element", make_node(object, class))
end

--- The text of an object of DDL.
---@private
function element.ddl_text(object, class, dialect)
  local functions = functions_for(class)
  local compile = functions[dialect] or functions.default
  if not compile then
    fail(exc.UnsupportedCompilationError,
      "Compiler for dialect \"%s\" can't render element of type %s: give it a function by compiles(%s)", dialect,
      class.__name__, class.__name__)
  end
  return call(class, compile, object, new_compiler(dialect))
end

-- ---------------------------------------------------------------------------------------------
-- Objects

local function node_of(value)
  return element.class_of(value) and rawget(value, "__clause_element") or value
end

-- A method of SQL expressions, called on the object's node.
local function forward(object, key)
  local node = rawget(object, "__clause_element")
  if node == nil or type(key) ~= "string" or key:sub(1, 2) == "__" then return nil end
  if key == "compile" then return function(_, ...) return core.element_compile(node, ...) end end
  if element.class_of(object).__is_statement then return nil end
  local method = node[key]
  if type(method) ~= "function" then return method end
  return function(_, ...) return method(node, ...) end
end

-- Fields that may be missing without being a mistake.
local optional = keywords.set {"name", "type", "inherit_cache"}

local binary = {
  __add = function(a, b) return node_of(a) + node_of(b) end,
  __sub = function(a, b) return node_of(a) - node_of(b) end,
  __mul = function(a, b) return node_of(a) * node_of(b) end,
  __div = function(a, b) return node_of(a) / node_of(b) end,
  __mod = function(a, b) return node_of(a) % node_of(b) end,
  __pow = function(a, b) return node_of(a) ^ node_of(b) end,
  __idiv = function(a, b) return node_of(a) // node_of(b) end,
  __concat = function(a, b) return node_of(a) .. node_of(b) end,
  __band = function(a, b) return node_of(a) & node_of(b) end,
  __bor = function(a, b) return node_of(a) | node_of(b) end,
  __lt = function(a, b) return node_of(a) < node_of(b) end,
  __le = function(a, b) return node_of(a) <= node_of(b) end,
  __unm = function(a) return -node_of(a) end,
  __bnot = function(a) return ~node_of(a) end,
}

local function field_of(class, key)
  while class do
    local value = rawget(class, key)
    if value ~= nil then return value end
    class = rawget(class, "__base")
  end
end

local no_metamethods = {__init = true, __base = true, __make = true, __meta = true, __on_class = true}

-- The metamethods of a class and of those above it.
local function copy_metamethods(class, meta)
  if rawget(class, "__base") then copy_metamethods(rawget(class, "__base"), meta) end
  for key, value in next, class do
    if type(key) == "string" and key:find "^__%l+$" and not no_metamethods[key] then meta[key] = value end
  end
end

-- The metatable of a class's objects.
local function new_meta(class)
  local meta = {__name = class.__name__}
  for name, operator in next, binary do
    if not class.__is_statement then meta[name] = operator end
  end
  copy_metamethods(class, meta)
  function meta.__index(object, key)
    local value = field_of(class, key)
    if value ~= nil or optional[key] then return value end
    return forward(object, key)
  end
  meta.__tostring = meta.__tostring or function(object)
    local node = rawget(object, "__clause_element")
    return node and core.element_tostring(node) or class.__name__
  end
  class_of_meta[meta] = class
  return meta
end

local refused = {__gc = true, __close = true, __mode = true, __metatable = true, __index = true, __newindex = true}

local new_class

-- `la.ColumnElement:class "Name" {…}`
local function subclass(base, name)
  if type(name) ~= "string" or name == "" then
    fail(exc.ArgumentError, 'a class of SQL elements is made by :class "Name" {…}')
  end
  return function(fields)
    if type(fields) ~= "table" then
      fail(exc.ArgumentError, 'class "%s" takes a table of fields, not a %s', name, type(fields))
    end
    for key in next, fields do
      if refused[key] then fail(exc.ArgumentError, 'class "%s": the field %s is refused', name, key) end
    end
    local init = fields.__init
    if init ~= nil and type(init) ~= "function" then fail(exc.ArgumentError, 'class "%s": __init is a function, not a %s', name, type(init)) end
    return new_class(name, base, fields)
  end
end

local class_meta = {__name = "class of SQL elements"}

function class_meta.__index(class, key)
  if key == "class" then return subclass end
  return field_of(rawget(class, "__base"), key)
end

function class_meta.__tostring(class)
  return class.__name__
end

-- `Name(argument…)`: makes an object.
function class_meta.__call(class, ...)
  local object = setmetatable({}, class.__meta)
  field_of(class, "__init")(object, ...)
  if class.__make then
    class.__make(object, class)
  else
    element.make(object, class)
  end
  return object
end

function new_class(name, base, fields)
  local class = {}
  for key, value in next, fields do class[key] = value end
  class.__name__, class.__base = name, base
  class.__is_statement = fields.__is_statement or base and base.__is_statement or false
  class.__make = fields.__make or base and base.__make
  class.__meta = new_meta(class)
  setmetatable(class, class_meta)
  local on_class = base and base.__on_class
  if on_class then on_class(class) end
  return class
end

--- A root class, for the other files of elements.
---@private
function element.root(name, fields)
  return new_class(name, nil, fields)
end

-- The constructor that a class has unless it has its own: the fields of a table.
local function init_fields(object, fields)
  if fields == nil then return end
  if type(fields) ~= "table" then
    fail(exc.ArgumentError, "%s takes a table of fields, not a %s", tostring(element.class_of(object)), type(fields))
  end
  for key, value in next, fields do rawset(object, key, value) end
end

element.init_fields = init_fields

--- Anything that has SQL of its own.
element.ClauseElement = new_class("ClauseElement", nil, {__init = init_fields})
--- An SQL expression: it has a type, and the operators and methods of expressions.
element.ColumnElement = new_class("ColumnElement", element.ClauseElement, {})
--- Words of its own at a point of a statement: see `select:ext(…)`. A class of it has a method `apply_to_select` (or
--- `apply_to_insert`, …), which gives the statement that its `apply_syntax_extension_point` makes.
element.SyntaxExtension = new_class("SyntaxExtension", element.ClauseElement, {})

--- For `apply_syntax_extension_point`: the list of elements that stand at a point with this one behind them, and without
--- others of its class.
---
---     return statement:apply_syntax_extension_point(function(existing)
---       return self:append_replacing_same_type(existing)
---     end, "post_body")
---
---@param existing any[]
---@return any[]
function element.SyntaxExtension:append_replacing_same_type(existing)
  local kept = {}
  for _, each in ipairs(existing) do
    if element.class_of(each) ~= element.class_of(self) then kept[#kept + 1] = each end
  end
  kept[#kept + 1] = self
  return kept
end

--- A statement that a connection or session executes.
element.Executable = new_class("Executable", nil, {__init = init_fields, __is_statement = true})
--- A call of a function that is written in its own way: `clauses` are its arguments as SQL expressions.
element.FunctionElement = new_class("FunctionElement", element.ColumnElement, {
  __init = function(self, ...)
    local clauses = {}
    for i = 1, select("#", ...) do
      local argument = select(i, ...)
      clauses[i] = is_part(argument) and argument or argument == nil and core.null_()
        or core.bindparam(type(self.name) == "string" and self.name or nil, argument, {unique = true})
    end
    self.clauses = clauses
  end,
})

-- ---------------------------------------------------------------------------------------------
-- Registration

local function check_class(class, what)
  if getmetatable(class) ~= class_meta then
    fail(exc.ArgumentError, "%s takes a class made by ColumnElement, FunctionElement, ClauseElement, Executable or "
      .. 'DDLElement, as in la.ColumnElement:class "Name" {…}, not %s', what, require("lualchemy.describe").value(class))
  end
end

--- Says how objects of `class`, and of classes below it without functions of their own, are written: for the dialects
--- named, or without names for every other dialect.
---@private
function element.compiles(class, ...)
  check_class(class, "compiles")
  local dialects = {...}
  for i = 1, select("#", ...) do
    if type(dialects[i]) ~= "string" then
      fail(exc.ArgumentError, "compiles takes names of dialects, not a %s", type(dialects[i]))
    end
  end
  return function(fn)
    if type(fn) ~= "function" then
      fail(exc.ArgumentError, "compiles(%s) takes a function, not a %s", class.__name__, type(fn))
    end
    local functions = functions_of[class]
    if not functions then
      functions = {}
      for dialect, inherited in next, functions_for(rawget(class, "__base")) do functions[dialect] = inherited end
      functions_of[class] = functions
    end
    for _, dialect in ipairs(#dialects > 0 and dialects or {"default"}) do functions[dialect] = fn end
    return fn
  end
end

--- Forgets what `compiles` was told of the class.
---@private
function element.deregister(class)
  check_class(class, "deregister")
  functions_of[class] = nil
end

return element
