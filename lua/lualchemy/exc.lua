-- SPDX-License-Identifier: MIT
-- Errors as objects, in SQLAlchemy's hierarchy.
--
-- A class is a table that makes errors when it is called: `error(exc.ArgumentError("…"))`. An error is
-- a table with `message`, `where` (the caller's place), `traceback`, and what the class has beside
-- them. `tostring` gives all that a person needs, since the stand-alone interpreter prints no more.
--
--   local ok, err = pcall(session.commit, session)
--   if not ok and exc.IntegrityError:matches(err) then session:rollback() end
local core = require "lualchemy.core"
local keywords = require "lualchemy.keywords"

-- Chunks of this folder are our own: an error's place is the first frame outside of them.
core.home()

local exc = {}
-- Metatable of a class's errors → class, weak so that a user's own classes can go.
local class_of = setmetatable({}, {__mode = "k"})

---@class lualchemy.Error
---@field message string
---@field where string?       the caller's file and line
---@field traceback string
---@field code string?        SQLAlchemy's short code
---@field statement string?   what was sent
---@field params table?       with which parameters; NULL is la.null
---@field orig any            what the database said: code, extended_code, message
---@field detail string[]     remarks added on the way up
---@field hide_parameters boolean?
---@field ismulti boolean?

---@class lualchemy.ErrorClass
---@field __name__ string
---@field __base__ lualchemy.ErrorClass?
local Class = {}

local function describe_parameters(err)
  if err.hide_parameters then
    return "[SQL parameters hidden due to hide_parameters=true]"
  end
  return "[parameters: " .. require("lualchemy.describe").parameters(err.params, err.ismulti) .. "]"
end

-- The text without the class's name and the place, as SQLAlchemy's str() gives it.
local function body(err)
  local lines = {}
  for _, remark in ipairs(err.detail or {}) do
    lines[#lines + 1] = "(" .. tostring(remark) .. ")"
  end
  lines[#lines + 1] = tostring(err.message)
  if err.statement then
    lines[#lines + 1] = "[SQL: " .. tostring(err.statement) .. "]"
    if type(err.params) == "table" and next(err.params) ~= nil then
      lines[#lines + 1] = describe_parameters(err)
    end
  end
  return table.concat(lines, "\n")
end

local function to_text(err)
  local class = class_of[getmetatable(err)]
  local text = class.__name__ .. ": " .. body(err)
  if err.where then
    text = text .. "\n[at: " .. err.where .. "]"
  end
  return text
end

-- What errors can do, beside their fields.
local methods = {}

--- Adds a remark, shown in front of the message.
function methods:add_detail(remark)
  local detail = rawget(self, "detail")
  if not detail then
    detail = {}
    rawset(self, "detail", detail)
  end
  detail[#detail + 1] = remark
end

local orig_meta = {
  __name = "lualchemy.orig",
  __tostring = function(orig) return orig.message end,
}

-- Makes the error; `message` and `fields` are as the constructor got them.
local function new_error(class, message, fields)
  local err = {message = message}
  if fields ~= nil then keywords.expect(class.__name__, "a message and a table of fields", fields, "table") end
  for name, value in next, fields or {} do
    err[name] = value
  end
  if err.where == nil then
    err.where, err.traceback = core.where()
  end
  local orig = err.orig
  if type(orig) == "table" and orig.dialect and getmetatable(orig) == nil then
    setmetatable(orig, orig_meta)
    err.message = ("(%s.%s) %s"):format(orig.dialect, class.__name__, message)
  end
  return setmetatable(err, class.__errors)
end

local function new_class(name, base, code)
  local class = {__name__ = name, __base__ = base, code = code}
  local inherited = base and base.__errors.__index or methods
  local fields = setmetatable({code = code}, {__index = inherited})
  class.__errors = {__name = "lualchemy." .. name, __index = fields, __tostring = to_text}
  class_of[class.__errors] = class
  return setmetatable(class, Class)
end

Class.__name = "lualchemy.ErrorClass"
Class.__call = new_error
function Class.__tostring(class)
  return class.__name__
end
function Class.__index(class, key)
  local method = Class[key]
  if method ~= nil then return method end
  local base = rawget(class, "__base__")
  return base and base[key]
end

--- Is `err` an error of this class or of one below it?
---@param err any
---@return boolean
function Class:matches(err)
  local class = type(err) == "table" and class_of[getmetatable(err)]
  while class do
    if class == self then return true end
    class = rawget(class, "__base__")
  end
  return false
end

--- Calls `fn` with the arguments after it as pcall does, but for errors of this class alone: any
--- other error goes on up.
---@param fn function
---@return boolean ok
---@return any ...
function Class:catch(fn, ...)
  local function finish(ok, ...)
    if ok then return true, ... end
    local err = ...
    if self:matches(err) then return false, err end
    error(err, 0)
  end
  return finish(pcall(fn, ...))
end

--- Raises an error of this class.
---@param message string
---@param fields table?
function Class:raise(message, fields)
  error(new_error(self, message, fields), 0)
end

--- Makes a class below this one: `exc.InvalidRequestError:class "MyError" {}`.
---@param name string
---@return fun(options: table?): lualchemy.ErrorClass
function Class:class(name)
  return function(options)
    local made = new_class(name, self, options and options.code)
    for key, value in next, options or {} do
      made.__errors.__index[key] = value
    end
    return made
  end
end

--- Is `class` this class or one below it?
function Class:issubclass(class)
  while class do
    if self == class then return true end
    self = rawget(self, "__base__")
    if not self then return false end
  end
  return false
end

-- Name, base, SQLAlchemy's code: a class comes after its base.
local hierarchy = {
  {"LualchemyError"},
  {"ArgumentError", "LualchemyError"},
  {"DuplicateColumnError", "ArgumentError"},
  {"ConstraintColumnNotFoundError", "ArgumentError"},
  {"ObjectNotExecutableError", "ArgumentError"},
  {"NoSuchModuleError", "ArgumentError"},
  {"NoForeignKeysError", "ArgumentError"},
  {"AmbiguousForeignKeysError", "ArgumentError"},
  {"CircularDependencyError", "LualchemyError"},
  {"CompileError", "LualchemyError"},
  {"UnsupportedCompilationError", "CompileError", "l7de"},
  {"IdentifierError", "LualchemyError"},
  {"DisconnectionError", "LualchemyError"},
  {"InvalidatePoolError", "DisconnectionError"},
  {"TimeoutError", "LualchemyError"},
  {"MemoryError", "LualchemyError"},
  {"InvalidRequestError", "LualchemyError"},
  {"IllegalStateChangeError", "InvalidRequestError"},
  {"NoInspectionAvailable", "InvalidRequestError"},
  {"NoDBAPILoaded", "InvalidRequestError"},
  {"PendingRollbackError", "InvalidRequestError"},
  {"ResourceClosedError", "InvalidRequestError"},
  {"NoSuchColumnError", "InvalidRequestError"},
  {"AmbiguousColumnError", "InvalidRequestError"},
  {"NoResultFound", "InvalidRequestError"},
  {"MultipleResultsFound", "InvalidRequestError"},
  {"NoReferenceError", "InvalidRequestError"},
  {"NoReferencedTableError", "NoReferenceError"},
  {"NoReferencedColumnError", "NoReferenceError"},
  {"AwaitRequired", "InvalidRequestError", "xd1r"},
  {"MissingGreenlet", "InvalidRequestError", "xd2s"},
  {"NoSuchTableError", "InvalidRequestError"},
  {"UnreflectableTableError", "InvalidRequestError"},
  {"UnboundExecutionError", "InvalidRequestError"},
  {"StatementError", "LualchemyError"},
  {"DBAPIError", "StatementError", "dbapi"},
  {"InterfaceError", "DBAPIError", "rvf5"},
  {"DatabaseError", "DBAPIError", "4xp6"},
  {"DataError", "DatabaseError", "9h9h"},
  {"OperationalError", "DatabaseError", "e3q8"},
  {"IntegrityError", "DatabaseError", "gkpj"},
  {"InternalError", "DatabaseError", "2j85"},
  {"ProgrammingError", "DatabaseError", "f405"},
  {"NotSupportedError", "DatabaseError", "tw8g"},
}

-- Those of the ORM, which `lualchemy.orm.exc` shows alone.
local orm_hierarchy = {
  {"StaleDataError", "LualchemyError"},
  {"FlushError", "LualchemyError"},
  {"MappedAnnotationError", "ArgumentError"},
  {"UnmappedError", "InvalidRequestError"},
  {"ObjectDereferencedError", "LualchemyError"},
  {"DetachedInstanceError", "LualchemyError", "bhk3"},
  {"UnmappedInstanceError", "UnmappedError"},
  {"UnmappedClassError", "UnmappedError"},
  {"ObjectDeletedError", "InvalidRequestError"},
  {"UnmappedColumnError", "InvalidRequestError"},
  {"LoaderStrategyException", "InvalidRequestError"},
  {"UnevaluatableError", "InvalidRequestError"},
}

-- Categories of warnings: what lualchemy.warnings makes, and raises where a filter says so. No errors of ours, so
-- they are not below LualchemyError.
local warning_hierarchy = {
  {"SAWarning"},
  {"SADeprecationWarning"},
  {"LegacyAPIWarning", "SADeprecationWarning"},
  {"SAPendingDeprecationWarning"},
}

for _, rows in ipairs {hierarchy, orm_hierarchy, warning_hierarchy} do
  for _, row in ipairs(rows) do
    exc[row[1]] = new_class(row[1], exc[row[2]], row[3])
  end
end
exc.SQLAlchemyError = exc.LualchemyError
exc.ConcurrentModificationError = exc.StaleDataError

-- The names that lualchemy.orm.exc has, in order.
exc.__orm = {"ConcurrentModificationError"}
for _, row in ipairs(orm_hierarchy) do
  table.insert(exc.__orm, row[1])
end

-- The class of an error of ours; nil for anything else.
function exc.__class_of(err)
  return type(err) == "table" and class_of[getmetatable(err)] or nil
end

-- Is `value` a class of errors or warnings?
function exc.__is_class(value)
  return getmetatable(value) == Class
end

core.hook("warn", function(message)
  require("lualchemy.warnings").warn(message)
end)

core.hook("error", function(name, message, fields)
  return new_error(exc[name], message, fields)
end)

-- Out of memory finds no memory for its error, so it is made now; it has no place.
core.no_memory(new_error(exc.MemoryError, "not enough memory", {where = false, traceback = ""}))

return require("lualchemy.strict").module("lualchemy.exc", exc)
