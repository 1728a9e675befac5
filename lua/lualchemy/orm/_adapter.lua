-- SPDX-License-Identifier: MIT
-- Adapters: what ties a collection of the program (a set, a dictionary, a class of its own) to the list of an object's attribute.
--
-- The list (C's InstrumentedList) is what loads fill and flushes read. The collection is a view of it: made from the list when it is first
-- wanted, told of what the other side of the relationship brings, and itself telling the list what the program does to it. While a change
-- runs through the collection's own methods, the adapter knows which object is meant, so that no change is told twice.
local core = require "lualchemy.core"
local event = require "lualchemy.event"
local events = require "lualchemy.orm.events"
local exc = require "lualchemy.exc"

local M = {}

---@class lualchemy.CollectionAdapter
---@field list any      the attribute's list
---@field owner any     the object that has the attribute
---@field key string    the attribute's name
---@field loading boolean  the view is being filled from the list
---@field arriving any  a member that the list has already, or is being told of
---@field leaving any   a member that the list no longer has, or is being told of
---@field left any      the last member that left

--- view → adapter; a view without is a plain collection
local adapter_of = setmetatable({}, {__mode = "k"})

--- The adapter of a view; nil for a collection that belongs to no object.
---@param view table
---@return lualchemy.CollectionAdapter?
function M.of(view)
  return adapter_of[view]
end

--- A member comes to the view: the list takes it, with all that follows. Gives the object that it has taken, which listeners and validators
--- may have changed; the view has to take that one itself.
---@param view table
---@param object any
---@param place? integer  by default the end
---@return any
function M.append(view, object, place)
  local adapter = adapter_of[view]
  if not adapter or adapter.loading or rawequal(adapter.arriving, object) then return object end
  local list = adapter.list
  if place then
    list:insert(place, object)
  else
    list:append(object)
  end
  return list[place or #list]
end

--- A member leaves the view: the list lets it go, with all that follows.
---@param view table
---@param object any
---@param place? integer  by default the first of that object
function M.remove(view, object, place)
  local adapter = adapter_of[view]
  if not adapter or adapter.loading or rawequal(adapter.leaving, object) then return end
  place = place or adapter.list:index(object)
  adapter.left, adapter.left_place = object, place
  if place then adapter.list:pop(place) end
end

--- The same for a view that has each object once: the list's last member is found without a search, so that emptying a view from its end
--- takes time in proportion to its members.
---@param view table
---@param object any
function M.remove_only(view, object)
  local adapter = adapter_of[view]
  local last = adapter and #adapter.list
  M.remove(view, object, last and last > 0 and rawequal(adapter.list[last], object) and last or nil)
end

--- Goes through a sequence from its end.
---@param list any[]
---@return fun(list: any[], place: integer): integer?, any
---@return any[]
---@return integer
function M.backwards(list)
  return function(_, place)
    if place > 1 then return place - 1, list[place - 1] end
  end, list, #list + 1
end

--- A member was added that the view has already.
---@param view table
---@param object any
function M.append_without_mutation(view, object)
  local adapter = adapter_of[view]
  if not adapter or adapter.loading or not events.listened "append_wo_mutation" then return end
  local class = core.mapped_class_of(adapter.owner)
  event.__fire("append_wo_mutation", events.attribute_key(class, adapter.key), adapter.owner, object,
    {class_ = class, key = adapter.key, op = "append"}, nil)
end

--- Calls `fn(view, …)` while the adapter takes `object` for one whose arrival or leave (`field`) the list knows of.
---@param view table
---@param field "arriving"|"leaving"
---@param object any
---@param fn function
---@param ... any
function M.during(view, field, object, fn, ...)
  local adapter = adapter_of[view]
  local before = adapter[field]
  adapter[field] = object
  local results = table.pack(pcall(fn, view, ...))
  adapter[field] = before
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

--- The view's own method has failed: the list, which knew of the change, is as before.
---@param view table
---@param field "arriving"|"leaving"
---@param object any
function M.take_back(view, field, object)
  local adapter = adapter_of[view]
  local list = adapter and adapter.list
  if not adapter or list:contains(object) ~= (field == "arriving") then return end
  if field == "arriving" then
    M.during(view, "leaving", object, function() list:remove(object) end)
  else
    local place = rawequal(adapter.left, object) and adapter.left_place or #list + 1
    M.during(view, "arriving", object, function() list:insert(math.min(place, #list + 1), object) end)
  end
end

--- `view[place] = object` on the list too, which finds out what came and went.
---@param view table
---@param place integer
---@param object any
---@return any object  that is there now
function M.write(view, place, object)
  local adapter = adapter_of[view]
  if not adapter then return object end
  adapter.writing = true
  local ok, err = pcall(function() adapter.list[place] = object end)
  adapter.writing = false
  if not ok then error(err, 0) end
  return adapter.list[place]
end

--- The list of an object's attribute, whatever the program sees of it.
---@param object any
---@param key string
---@return any
function M.list_of(object, key)
  local value = object[key]
  local adapter = adapter_of[value]
  return adapter and adapter.list or value
end

local function fire(name, view, adapter)
  if not events.listened(name) then return end
  event.__fire(name, events.attribute_key(core.mapped_class_of(adapter.owner), adapter.key), adapter.owner, view, adapter)
end

core.hook("init_collection", function(owner, key, list)
  fire("init_collection", list, {list = list, owner = owner, key = key})
end)

local function attach(view, list, owner, key)
  adapter_of[view] = {list = list, owner = owner, key = key, loading = false}
  fire("init_collection", view, adapter_of[view])
  return adapter_of[view]
end

--- The view belongs to no object any more.
local function detach(view)
  local adapter = view and adapter_of[view]
  if not adapter then return end
  adapter_of[view] = nil
  fire("dispose_collection", view, adapter)
end

--- Makes a view of `list`, but for its last member `without` if that is given.
local function make(kind, list, owner, key, without)
  local view = kind.new()
  local adapter = attach(view, list, owner, key)
  local last
  for i = #list, 1, -1 do
    if rawequal(list[i], without) then
      last = i
      break
    end
  end
  adapter.loading = true
  for i = 1, #list do
    if i ~= last then kind.append(view, list[i]) end
  end
  adapter.loading = false
  return view
end

-- Lists of objects that are members whatever the kind of collection.
local Members = {}

--- Marks a sequence of objects as the members that a collection is to have, whatever its kind.
---@param objects any[]
---@return any[]
function M.members(objects)
  return setmetatable(objects, Members)
end

--- Completes a kind of collection, which C calls by these names:
---   make(list, owner, key, without)                a new view; the last member `without` is left out
---   members(value, owner, key)                     a sequence of the objects in what is assigned
---   replaced(list, view, value, owner, key)        the view after the assignment, or nil: made when it is wanted
--- Given are `new()`, an empty view; `append(view, object)` and `remove(view, object)`; `convert(value)`, the members of what the program
--- assigns, or nil if it does not fit; `accepts(value)`: a collection of the program's own that can become the view itself; `like`, the
--- word of messages.
---@param kind table
---@return table kind
function M.kind(kind)
  function kind.make(list, owner, key, without) return make(kind, list, owner, key, without) end

  function kind.members(value, owner, key)
    if getmetatable(value) == Members then return setmetatable(value, nil) end
    local members = value ~= nil and kind.convert(value)
    if not members then
      error(exc.ArgumentError(("Incompatible collection type for %s.%s: %s is not %s-like"):format(core.mapped_class_of(owner).__name__, key,
        value == nil and "nil" or "a " .. (core.class_of(value) or type(value)), kind.like)), 0)
    end
    return members
  end

  function kind.replaced(list, view, value, owner, key)
    if view and adapter_of[view] and adapter_of[view].writing then return view end
    detach(view)
    if not kind.accepts or not kind.accepts(value) or adapter_of[value] then return nil end
    attach(value, list, owner, key)
    return value
  end

  return kind
end

--- Changes that the other side brought: {list, view, owner, key, kind, member, came}. What a view can't take in is taken out again.
core.hook("collection_news", function(news)
  for _, row in ipairs(news) do
    local list, view, owner, key, kind, member, came = table.unpack(row, 1, 7)
    if came then
      if not view then
        view = kind.make(list, owner, key, member)
        core.collection_set_view(list, view)
      end
    end
    if view then
      local field = came and "arriving" or "leaving"
      local ok, err = pcall(M.during, view, field, member, came and kind.append or kind.remove, member)
      if not ok then
        M.take_back(view, field, member)
        error(err, 0)
      end
    end
  end
end)

return M
