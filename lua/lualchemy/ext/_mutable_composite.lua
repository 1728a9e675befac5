-- SPDX-License-Identifier: MIT
-- Values of composites that set the columns of their objects when they are changed: lualchemy.ext.mutable's MutableComposite.
--
-- A value is an empty table with metamethods around its fields. It keeps the objects that show it alive, so that no change is lost.
local composites = require "lualchemy.orm.composite"
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local strict = require "lualchemy.strict"
local select = core.lua_select

local M = {}

-- Keys of a value: its fields by name; the objects that show it → key → composite.
local FIELDS, OWNERS = {}, {}

--- The objects that show `value` get its fields. One that shows another by now is let go.
local function changed(class, value)
  local owners = rawget(value, OWNERS)
  for object, attributes in pairs(owners) do
    for key, composite in pairs(attributes) do
      if composite:shows(object, value) then
        composite:store(object, key, value)
      else
        attributes[key] = nil
      end
    end
    if next(attributes) == nil then owners[object] = nil end
  end
  if class.changed then class.changed(value) end
end

--- An object shows `value` from now on.
local function note_owner(value, composite, object, key)
  if value == core.null() then return end
  local owners = rawget(value, OWNERS)
  owners[object] = owners[object] or {}
  owners[object][key] = composite
end

local function metatable_of(class)
  local known = {}
  for _, name in ipairs(class.names) do known[name] = true end
  local meta = {__name = class.__name__, __metatable = false}

  function meta.__index(value, key)
    if known[key] then return rawget(value, FIELDS)[key] end
    local method = class.methods[key]
    if method ~= nil or strict.is_probe(key) then return method end
    strict.unknown(("a %s"):format(class.__name__), key, known, class.methods)
  end

  function meta.__newindex(value, key, field)
    if not known[key] then strict.unknown(("a %s"):format(class.__name__), key, known) end
    rawget(value, FIELDS)[key] = field
    changed(class, value)
  end

  function meta.__eq(a, b)
    if rawget(b, FIELDS) == nil or rawget(a, FIELDS) == nil then return false end
    for _, name in ipairs(class.names) do
      if rawget(a, FIELDS)[name] ~= rawget(b, FIELDS)[name] then return false end
    end
    return true
  end

  function meta.__pairs(value)
    local at = 0
    return function()
      at = at + 1
      local name = class.names[at]
      if name ~= nil then return name, rawget(value, FIELDS)[name] end
    end
  end

  function meta.__tostring(value)
    local parts = {}
    for i, name in ipairs(class.names) do parts[i] = ("%s=%s"):format(name, describe.value(rawget(value, FIELDS)[name])) end
    return ("%s(%s)"):format(class.__name__, table.concat(parts, ", "))
  end
  return meta
end

--- What an assignment to the attribute `key` stores.
local function coerced(class, maker, key, value)
  if value == nil or value == core.null() or class.values[value] then return value end
  local made = class.coerce and class.coerce(maker, key, value)
  if made == nil or not class.values[made] then
    error(exc.ArgumentError(("Attribute '%s' does not accept objects of type %s"):format(key, type(value))), 0)
  end
  return made
end

local function check_fields(name, fields)
  if type(fields) ~= "table" or #fields == 0 then
    error(exc.ArgumentError(("class \"%s\" is followed by a table with the names of its fields, in the order of the columns: {\"x\", \"y\"}")
      :format(name)), 3)
  end
  for i, field in ipairs(fields) do
    if type(field) ~= "string" then
      error(exc.ArgumentError(("class \"%s\": item %d is %s, and the names of its fields stand there"):format(name, i, describe.value(field))), 3)
    end
  end
end

--- Makes a class of values: its fields in the order of the columns, then methods. `coerce(class, key, value)` makes a value of what is
--- assigned; `changed(self)` is called after each change. As SQLAlchemy's `MutableComposite`.
---
---     local Point = mutable.MutableComposite:class "Point" {"x", "y",
---       length = function(self) return math.sqrt(self.x ^ 2 + self.y ^ 2) end}
---     start = composite(Point, Column("x1", Integer), Column("y1", Integer))
---     vertex.start.x = 5                             -- UPDATE vertices SET x1=? …
---@param name string
---@return fun(fields: table): table
---@raise ArgumentError for fields without names
local function make_class(_, name)
  if type(name) ~= "string" then
    error(exc.ArgumentError("MutableComposite:class takes the name of the class, then the table of its fields and methods"), 2)
  end
  return function(fields)
    check_fields(name, fields)
    local class = {__name__ = name, names = table.move(fields, 1, #fields, 1, {}), methods = {}, values = setmetatable({}, {__mode = "k"}),
      coerce = fields.coerce, changed = fields.changed}
    for key, field in pairs(fields) do
      if type(key) == "string" and key ~= "coerce" and key ~= "changed" then class.methods[key] = field end
    end
    function class.methods.__composite_values(value)
      local list = {}
      for i, field in ipairs(class.names) do list[i] = rawget(value, FIELDS)[field] end
      return table.unpack(list, 1, #class.names)
    end
    local meta = metatable_of(class)
    local maker = setmetatable({}, {
      __name = "lualchemy.MutableComposite",
      __tostring = function() return ("class %s"):format(name) end,
      __call = function(_, ...)
        local value = {[FIELDS] = {}, [OWNERS] = {}}
        for i, field in ipairs(class.names) do value[FIELDS][field] = (select(i, ...)) end
        class.values[value] = true
        return setmetatable(value, meta)
      end,
    })
    composites.watch(maker, {coerce = function(key, value) return coerced(class, maker, key, value) end, owned = note_owner})
    return maker
  end
end

M.MutableComposite = setmetatable({class = make_class}, {__name = "lualchemy.MutableComposite", __tostring = function() return "class MutableComposite" end})

return M
