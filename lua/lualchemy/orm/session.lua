-- SPDX-License-Identifier: MIT
-- Sessions: making them, and what of their methods is not hot.
--
-- The session itself is C (binding/orm_session.c); its methods written here are added to its class.
local core = require "lualchemy.core"
local events = require "lualchemy.orm.events"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"
local strict = require "lualchemy.strict"

local binds = require "lualchemy.orm.binds"

local M = {}

local session_keywords = binds.session_keywords {}

local join_modes = keywords.set {"conditional_savepoint", "rollback_only", "control_fully", "create_savepoint"}

local function join_mode(given)
  if given ~= nil and not join_modes[given] then
    local nearest = core.nearest(given, join_modes)
    error(exc.ArgumentError(("invalid selection for join_transaction_mode: %s%s"):format(require("lualchemy.describe").value(given),
      nearest and ('; did you mean "%s"?'):format(nearest) or "")), 0)
  end
  return given
end

--- Makes a session, as SQLAlchemy's `Session`.
---
---     local session <close> = orm.Session(engine)
---     session:add(User{name = "Ann"})
---     session:commit()
---@param bind lualchemy.Engine|lualchemy.Connection|table?  where it works; or the options, with `bind` among them
---@param options lualchemy.SessionOptions?
---@return lualchemy.Session
---@raise ArgumentError for an unknown keyword
local function make_session(bind, options)
  return M.new_session(nil, nil, bind, options)
end

local session_kinds = {
  autoflush = "boolean", expire_on_commit = "boolean", autobegin = "boolean", close_resets_only = "boolean", info = "table", binds = "table",
  execution_options = "table",
}

--- Options of a session are those of `Session` and of the classes that it is of.
local function check_keywords(what, class, options)
  return keywords.expect_kinds(what, keywords.check(what, options, class and rawget(class, "__keywords") or session_keywords), session_kinds)
end

--- A session whose class has members of its own.
local function become(session, class, options)
  if class == nil or class == M.Session then return end
  core.session_misc(session)._members = class.__members
  core.session_of_class(session)
  if class.__members.get_bind then binds.route(session, class.__sharded) end
  if class.__members.__init then class.__members.__init(session, options or {}) end
end

--- The same for the sessionmaker `maker`, whose listeners hear of the session, and of a class of sessions.
function M.new_session(maker, class, bind, options)
  if options == nil and keywords.is_table(bind) then
    bind, options = bind.bind, bind
  elseif options == nil then
    local session = core.session_new(bind)
    if bind == nil then binds.route(session) end -- get_bind() says what has no bind
    events.session_made(session, maker, class)
    become(session, class)
    return session
  end
  options = check_keywords("Session", class, options)
  if bind == nil then bind = options.bind end
  if options.twophase then
    error(exc.NotSupportedError("Session{twophase = true}: SQLite has no two-phase commit"), 0)
  end
  local session = core.session_new(bind, {
    autoflush = options.autoflush, expire_on_commit = options.expire_on_commit, autobegin = options.autobegin,
    close_resets_only = options.close_resets_only, join_transaction_mode = join_mode(options.join_transaction_mode),
  })
  if options.info then
    for key, value in pairs(options.info) do session.info[key] = value end
  end
  if options.execution_options then
    core.session_misc(session).execution_options = options.execution_options
    core.session_has_options(session)
  end
  for key, engine in pairs(options.binds or {}) do binds.add(session, key, engine) end
  if bind == nil then binds.route(session) end
  events.session_made(session, maker, class)
  become(session, class, options)
  return session
end

-- ---- classes of sessions ----

--- Sessions, and classes of them: `orm.Session(engine)` makes one; `orm.Session.get_bind` is the method.
---@class lualchemy.SessionClass
local class_meta = {__name = "lualchemy.SessionClass"}

--- Makes a class of sessions with methods of its own, for which SQLAlchemy has subclasses of `Session`: `get_bind` says where each statement
--- goes, `__init(session, options)` is called for each session that is made. What a method hides is reached through the class above,
--- `orm.Session.get_bind(session, …)`; a session of such a class takes fields of the program's.
---
---     local RoutingSession = orm.Session:class "RoutingSession" {
---       get_bind = function(self, mapper, options)
---         return self._flushing and writer or reader
---       end,
---     }
---     local Session = orm.sessionmaker{class_ = RoutingSession}
---@param name string
---@return fun(members: table): lualchemy.SessionClass
local function new_class(base, name)
  keywords.expect("Session:class", "the name of the class", name, "string")
  return function(members)
    keywords.expect("Session:class", "a table of methods", members, "table")
    local own = {}
    for key, value in pairs(members) do own[key] = value end
    local class = {__name__ = name, __base__ = base, __members = setmetatable(own, {__index = rawget(base, "__members")}),
      __keywords = rawget(base, "__keywords")}
    return setmetatable(class, class_meta)
  end
end

function class_meta:__index(key)
  if key == "class" then return new_class end
  local members = rawget(self, "__members")
  local value = members and members[key]
  if value == nil then value = core.session_methods()[key] end
  if value == nil and not strict.is_probe(key) then strict.unknown("class " .. self.__name__, key, core.session_methods(), {class = true}) end
  return value
end

function class_meta:__call(bind, options)
  if options == nil and self == M.Session and type(bind) == "userdata" then -- an engine or connection: nothing to look at
    local session = core.session_new(bind)
    events.session_made(session)
    return session
  end
  if self == M.Session then return make_session(bind, options) end
  return M.new_session(nil, self, bind, options)
end

function class_meta:__tostring() return self.__name__ end

M.Session = setmetatable({__name__ = "Session"}, class_meta)

--- Is `value` `orm.Session` or a class made of it?
function M.is_class(value)
  return type(value) == "table" and getmetatable(value) == class_meta
end

---@class lualchemy.sessionmaker
local Maker = {}
Maker.__index = function(self, key)
  local method = Maker[key]
  if method ~= nil then return method end
  if key == "kw" then return self._options end
  if strict.is_probe(key) then return nil end
  strict.unknown("a sessionmaker", key, Maker)
end
Maker.__name = "lualchemy.sessionmaker"

--- A session with the maker's options and `options` over them.
function Maker:__call(options)
  options = check_keywords("Session", self.class_, options)
  local all = {}
  for key, value in pairs(self._options) do all[key] = value end
  for key, value in pairs(options) do all[key] = value end
  if options.info and self._options.info then
    all.info = {}
    for key, value in pairs(self._options.info) do all.info[key] = value end
    for key, value in pairs(options.info) do all.info[key] = value end
  end
  return M.new_session(self, self.class_, all)
end

--- Changes the options of sessions made from now on.
function Maker:configure(options)
  for key, value in pairs(check_keywords("sessionmaker.configure", self.class_, options)) do self._options[key] = value end
end

--- Runs `fn(session)` in a new session and transaction: commits at the end, rolls back on an error, closes the session. Gives what `fn` returns.
--- Without `fn`, a new session whose `<close>` commits or rolls back.
function Maker:begin(fn)
  if fn ~= nil then keywords.expect("sessionmaker.begin", "a function of the session, or nothing", fn, "function") end
  local session = self()
  if fn == nil then
    core.session_commits(session)
    session:begin()
    return session
  end
  local _closer <close> = setmetatable({}, {__close = function() session:close() end})
  return session:begin(function() return fn(session) end)
end

function Maker:__tostring()
  return ("sessionmaker(bind=%s)"):format(tostring(self._options.bind))
end

--- Makes a maker of sessions, as SQLAlchemy's `sessionmaker`.
---
---     local Session = orm.sessionmaker{bind = engine}
---     local session = Session()
---@param bind lualchemy.Engine|lualchemy.Connection|table?  or the options
---@param options lualchemy.SessionOptions?  `class_`: the class of its sessions (`orm.Session:class`)
---@return lualchemy.sessionmaker
function M.sessionmaker(bind, options)
  if options == nil and keywords.is_table(bind) then
    bind, options = bind.bind, bind
  end
  if options ~= nil then keywords.expect("sessionmaker", "a table of options", options, "table") end
  local own = {}
  for key, value in pairs(options or {}) do own[key] = value end
  local class = own.class_ or M.Session
  own.class_ = nil
  if not M.is_class(class) then
    error(exc.ArgumentError("sessionmaker: class_ is orm.Session, or a class made by orm.Session:class"), 2)
  end
  check_keywords("sessionmaker", class, own)
  if bind ~= nil then own.bind = bind end
  return setmetatable({_options = own, class_ = class}, Maker)
end

-- Objects in no session → the session that loads their relationships; see enable_relationship_loading.
local loading = setmetatable({}, {__mode = "k"})

core.hook("loading_session", function(object) return loading[object] end)

--- The session that an object belongs to, or nil. As SQLAlchemy's `object_session()`.
---@param object any
---@return lualchemy.Session?
function M.object_session(object)
  local session = core.object_session(object)
  if session == nil then return loading[object] end
  return session
end

--- Takes an object out of its session and lets it forget that it has a row: the next add() inserts it. As SQLAlchemy's `make_transient()`.
---@param object table
function M.make_transient(object)
  core.make_transient(object)
end

--- Makes a new object stand for the row that its primary key names, as if it had been loaded and its session closed: what is not set is read
--- when it is asked for. As SQLAlchemy's `make_transient_to_detached()`.
---@param object table
---@raise InvalidRequestError for an object that is not transient, or has no primary key
function M.make_transient_to_detached(object)
  core.make_detached(object)
end

--- Was the object's DELETE sent, and not undone by a rollback? As SQLAlchemy's `was_deleted()`.
---@param object table
---@return boolean
function M.was_deleted(object)
  return core.was_deleted(object)
end

--- Closes every session that there is. As SQLAlchemy's `close_all_sessions()`.
function M.close_all_sessions()
  for _, session in ipairs(core.sessions()) do session:close() end
end

local function contains(self, object)
  for _, item in ipairs(self) do
    if item == object then return true end
  end
  return false
end

--- Lists that answer :contains, as session.new, session.dirty and session.deleted are.
local set_meta
core.hook("object_set", function(list)
  if not set_meta then
    local describe = require "lualchemy.describe"
    set_meta = {__index = {contains = contains}, __name = "lualchemy.ObjectSet", __tostring = function(self) return describe.list(self) end}
  end
  return setmetatable(list, set_meta)
end)

core.hook("autoflush_error", function(err)
  if exc.LualchemyError:matches(err) then
    err:add_detail("(raised as a result of Query-invoked autoflush; " ..
      "consider using a session:no_autoflush(function() … end) block if this flush is occurring prematurely)")
  end
  return err
end)

core.hook("unknown_member", function(what, name, ...)
  strict.unknown("a " .. what, name, ...)
end)

events.connect {Session = M.Session}

core.hook("connection_options", function(connection, options)
  connection:execution_options(options)
end)

local methods = {}

--- Runs `fn()` while nothing is flushed by itself.
function methods.no_autoflush(session, fn)
  if type(fn) ~= "function" then
    error(exc.ArgumentError("no_autoflush takes a function: session:no_autoflush(function() … end)"), 2)
  end
  core.session_autoflush_off(session, 1)
  local _closer <close> = setmetatable({}, {__close = function() core.session_autoflush_off(session, -1) end})
  return fn(session)
end

--- First phase of a two-phase commit, as SQLAlchemy's `Session.prepare()`. No database here has one, so it is refused.
function methods.prepare(session) -- luacheck: ignore session
  error(exc.InvalidRequestError("'twophase' mode not enabled, or not root transaction; can't prepare."), 0)
end

local retry_keywords = keywords.set {"times", "wait"}

-- Is this the database saying that somebody else holds it?
local function is_locked(err)
  local seen = exc.OperationalError:matches(err) and err.orig
  return seen and (seen.code == 5 or seen.code == 6)
end

--- Runs `fn(session)` in a transaction and commits; if the database is locked by others, rolls back and does it again. Gives what `fn` returns.
---
---     session:retry(function() account.balance = account.balance - 10 end, {times = 5})
---@param session lualchemy.Session  without a transaction
---@param fn fun(session: lualchemy.Session): any
---@param options {times: integer?, wait: fun(attempt: integer)?}?  `times`: how often at most (3); `wait`: called before each repetition, to sleep or yield
---@return any ...
---@raise OperationalError when it is still locked at the last time; any other error at once
function methods.retry(session, fn, options)
  options = keywords.check("retry", options, retry_keywords)
  if type(fn) ~= "function" then error(exc.ArgumentError("retry takes a function: session:retry(function() … end)"), 2) end
  if session:in_transaction() then
    error(exc.InvalidRequestError("retry begins a transaction of its own: end the one that is open"), 0)
  end
  local times = options.times or 3
  for attempt = 1, times do
    local results = table.pack(pcall(session.begin, session, fn))
    if results[1] then return table.unpack(results, 2, results.n) end
    session:rollback()
    if attempt == times or not is_locked(results[2]) then error(results[2], 0) end
    if options.wait then options.wait(attempt) end
  end
end

--- Lets the relationships of an object that has no row be read: by what its columns say now, as if it had been loaded. The object does not
--- join the session. As SQLAlchemy's `Session.enable_relationship_loading()`.
---
---     local address = Address{user_id = 5}
---     session:enable_relationship_loading(address)
---     print(address.user.name)
---@param session lualchemy.Session
---@param object table
---@raise UnmappedInstanceError; InvalidRequestError if the object is another session's
function methods.enable_relationship_loading(session, object)
  local state = core.object_state(object)
  local other = M.object_session(object)
  if other ~= nil and other ~= session then
    error(exc.InvalidRequestError(("Object '%s' is already attached to session '%d' (this is '%d')"):format(tostring(object),
      core.session_serial(other), core.session_serial(session))), 0)
  end
  if state == "detached" then
    session:add(object)
  elseif state == "transient" or state == "pending" then
    core.object_loads(object, true)
    if state == "transient" then loading[object] = session end
  end
end

--- Iterates over the objects of the session: new ones, then those of the identity map.
function methods.iter(session)
  local objects, at = {}, 0
  for _, object in ipairs(session.new) do objects[#objects + 1] = object end
  for _, object in ipairs(session.identity_map) do objects[#objects + 1] = object end
  return function()
    at = at + 1
    return objects[at]
  end
end

--- Marks every object of a list for deletion, as `delete` does one.
---@param session lualchemy.Session
---@param objects any[]
---@raise ArgumentError for what is no list; as `delete`
function methods.delete_all(session, objects)
  local is_list = type(objects) ~= "string" and pcall(function() return #objects end)
  if not is_list then
    error(exc.ArgumentError(("session:delete_all() takes a list of objects, not a %s"):format(type(objects))), 0)
  end
  local all = {}
  for i = 1, #objects do all[i] = objects[i] end -- deleting may change a collection
  for _, object in ipairs(all) do session:delete(object) end
end

--- As `get`, but NoResultFound if there is none.
function methods.get_one(session, class, identity, options)
  local object = session:get(class, identity, options)
  if object == nil then
    error(exc.NoResultFound("No row was found when one was required"), 0)
  end
  return object
end

core.extend("lualchemy.Session", methods)

local get_keywords = keywords.set {"options", "populate_existing", "with_for_update", "execution_options", "bind_arguments", "identity_token"}

local modified_keywords = keywords.set {"include_collections"}

--- Whether is_modified() counts changes of collections.
core.hook("is_modified_options", function(options)
  return keywords.check("is_modified", options, modified_keywords).include_collections ~= false
end)

--- The options of get(): execution options that it knows go among the others.
core.hook("get_options", function(options)
  options = keywords.check("session:get", options, get_keywords)
  local execution = options.execution_options
  if execution == nil then return options end
  local all = {}
  for name, value in pairs(options) do all[name] = value end
  if all.populate_existing == nil then all.populate_existing = execution.populate_existing end
  return all
end)

--- get() with loader options: an object that the session has is given as it is, another one is read with the options.
core.hook("get_with_options", function(session, class, identity, options)
  local keys = {}
  for _, property in ipairs(core.mapper_properties(class)) do
    if property.primary_key then keys[#keys + 1] = property.key end
  end
  if type(identity) ~= "table" or #keys == 1 and #identity == 0 and identity[keys[1]] == nil then identity = {identity} end
  local criteria = {}
  for i, key in ipairs(keys) do
    local value = identity[key]
    if value == nil then value = identity[i] end
    if value == nil then return session:get(class, identity) end
    criteria[i] = class[key]:eq(value)
  end
  local la = require "lualchemy"
  local select = la.select(class):where(table.unpack(criteria)):options(table.unpack(options))
  return session:scalars(select):unique():one_or_none()
end)

return M
