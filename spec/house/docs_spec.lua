-- SPDX-License-Identifier: MIT
-- Public functions are annotated (LuaCATS), so that editors know them. The running module is the
-- measure: a function written in Lua has its comment right above its definition, with the
-- parameters' true names; a function written in C has a declaration in lua/lualchemy/meta,
-- and every declaration there names a function that exists.
local tree = require "spec.support.tree"
local reference = require "spec.house.reference"

local public_modules = reference.modules

local meta_folder = "lua/lualchemy/meta"

local sources = {} -- path → list of lines
local function lines_of(path)
  if not sources[path] then
    local lines = {}
    for _, line in tree.lines(tree.read(path)) do
      lines[#lines + 1] = line
    end
    sources[path] = lines
  end
  return sources[path]
end

-- The annotation lines right above a line of a file, or nil.
local function annotation_above(path, number)
  local lines, block = lines_of(path), {}
  local i = number - 1
  while i >= 1 and lines[i]:find("^%s*%-%-%-") do
    table.insert(block, 1, lines[i])
    i = i - 1
  end
  return #block > 0 and block or nil
end

-- What is wrong with the annotation of a Lua function, or nil.
local function fault_of(fn)
  local info = debug.getinfo(fn, "Su")
  local path = info.source:match("(lua/lualchemy/.*)$")
  if not path then return nil end
  local block = annotation_above(path, info.linedefined)
  if not block then return ("%s:%d has no annotation"):format(path, info.linedefined) end
  local names = {}
  for i = 1, info.nparams do
    names[debug.getlocal(fn, i)] = true
  end
  for _, line in ipairs(block) do
    local param = line:match("^%s*%-%-%-@param%s+([%w_]+)")
    if param and not names[param] then
      return ("%s:%d has no parameter %s"):format(path, info.linedefined, param)
    end
  end
end

-- Calls `found(path, function)` for every function that a user reaches from a module's table.
local function each_public(found)
  local seen = {}
  local function visit(value, path, depth)
    if type(value) == "function" then
      if not seen[value] then
        seen[value] = true
        found(path, value)
      end
    elseif type(value) == "table" and not seen[value] and depth < 4 then
      seen[value] = true
      for key, field in next, value do
        if type(key) == "string" and not key:find("^_") then
          visit(field, path .. "." .. key, depth + 1)
        end
      end
      local meta = debug.getmetatable(value)
      if meta and type(meta.__index) == "table" then visit(meta.__index, path, depth + 1) end
    end
  end
  for _, module in ipairs(public_modules) do
    local value = require(module)
    -- By pairs, which also finds names that are loaded when first asked for.
    for _ in pairs(value) do end
    visit(value, module, 1)
  end
end

-- The classes of userdata: their metatables stand in the registry. Calls `found(class, method)`.
local function each_class_method(found)
  for _, meta in next, debug.getregistry() do
    local name = type(meta) == "table" and rawget(meta, "__name")
    local class = type(name) == "string" and name:match("^lualchemy%.(%u.*)$")
    if class then
      local index = rawget(meta, "__index")
      if type(index) == "function" then
        local _, methods = debug.getupvalue(index, 2)
        index = methods
      end
      for method in next, type(index) == "table" and index or {} do
        if type(method) == "string" and not method:find("^_") then found(class, method) end
      end
    end
  end
end

-- What the files of lua/lualchemy/meta declare: class → {parent, methods}, and the functions of la itself. A class may
-- be declared in one file and have methods in another.
local function declarations()
  local classes, functions = {}, {}
  local lines = {}
  for _, path in ipairs(tree.files(meta_folder, "*.lua")) do
    for _, line in tree.lines(tree.read(path)) do
      local name, parent = line:match("^%-%-%-@class%s+lualchemy%.([%w_]+)%s*:?%s*([%w_%.]*)")
      if name and not classes[name] then
        classes[name] = {parent = parent:match("lualchemy%.(.*)$"), methods = {}}
      end
      lines[#lines + 1] = line
    end
  end
  for _, line in ipairs(lines) do
    local owner, method = line:match("^function ([%w_]+)[.:]([%w_]+)%(")
    if owner and classes[owner] then
      classes[owner].methods[method] = true
    end
    -- A class with a small letter stands for a module.
    if owner and owner:find("^%l") then functions[method] = true end
  end
  return classes, functions
end

describe("annotations", function()
  local classes, functions = declarations()

  local function is_declared(class, method)
    while class and classes[class] do
      if classes[class].methods[method] then return true end
      class = classes[class].parent
    end
    return false
  end

  it("stand above every public Lua function and name its parameters", function()
    local faults = {}
    each_public(function(path, fn)
      if debug.getinfo(fn, "S").what ~= "C" then
        -- A function that a loop makes has no line of its own to be annotated above.
        local fault = not functions[path:match("[%w_]+$")] and fault_of(fn)
        if fault then faults[#faults + 1] = path .. ": " .. fault end
      end
    end)
    table.sort(faults)
    assert(#faults == 0, #faults .. " faults:\n" .. table.concat(faults, "\n"))
  end)

  it("declare every public C function in lua/lualchemy/meta", function()
    local missing = {}
    each_public(function(path, fn)
      if debug.getinfo(fn, "S").what == "C" then
        local owner, name = path:match("([%w_]+)%.([%w_]+)$")
        if not functions[name] and not is_declared(owner, name) then missing[#missing + 1] = path end
      end
    end)
    each_class_method(function(class, method)
      if not is_declared(class, method) then missing[#missing + 1] = class .. ":" .. method end
    end)
    table.sort(missing)
    assert(#missing == 0, #missing .. " are not declared:\n" .. table.concat(missing, "\n"))
  end)

  it("of lua/lualchemy/meta name methods that exist", function()
    local real = {}
    each_class_method(function(class, method)
      real[class .. ":" .. method] = true
    end)
    each_public(function(path)
      local owner, name = path:match("([%w_]+)%.([%w_]+)$")
      real[owner .. ":" .. name] = true
      real[name] = true
    end)
    for name in pairs(require "lualchemy.core") do
      real["core:" .. name] = true
    end
    local dead = {}
    for class, declared in pairs(classes) do
      for method in pairs(declared.methods) do
        local is_module = class:find("^%l") and class ~= "core"
        if not real[is_module and method or class .. ":" .. method] then dead[#dead + 1] = class .. ":" .. method end
      end
    end
    table.sort(dead)
    assert(#dead == 0, "no such methods:\n" .. table.concat(dead, "\n"))
  end)

  it("stand in the reference whole: the lines of a parameter together, and what is raised", function()
    local page = reference.pages()[reference.folder .. "/lualchemy.orm.md"]
    local relationship = page:match "### `orm%.relationship%(.-\n### "
    assert.truthy(relationship:match "\n%- `lazy`: [^\n]*\"write_only\"[^\n]*%(default \"select\"")
    assert.truthy(relationship:find("Raises ArgumentError for an unknown keyword.", 1, true))
  end)

  it("name options that are known where they are taken", function()
    local la, orm = require "lualchemy", require "lualchemy.orm"
    local takers = {
      Column = la.Column, MetaData = la.MetaData,
      Constraint = function(options) return la.CheckConstraint("a > 1", options) end,
      ForeignKey = function(options) return la.ForeignKey("t.id", options) end,
      Table = function(options) return la.Table("t", la.MetaData(), options) end,
      Relationship = function(options) return orm.relationship("Other", options) end,
      Session = orm.Session,
      Engine = function(options) return la.create_engine("sqlite://", options) end,
      Compile = function(options) return la.select(1):compile(options) end,
    }
    local unknown, seen = {}, 0
    for class, names in pairs(reference.options()) do
      local taker = takers[class:match "^(%u%w*)Options$"]
      seen = seen + 1
      for _, name in ipairs(names) do
        local ok, err = pcall(taker, {[name] = setmetatable({}, {})})
        if not ok and tostring(err):find "unknown keyword" then unknown[#unknown + 1] = class .. "." .. name end
      end
    end
    assert.equal(9, seen)
    assert.same({}, unknown)
  end)

  it("are what doc/reference is made from (./dev reference rewrites it)", function()
    local old = {}
    for _, path in ipairs(tree.files(reference.folder, "*.md")) do old[path] = tree.read(path) end
    local changed = {}
    for path, text in pairs(reference.pages()) do
      if old[path] ~= text then changed[#changed + 1] = path end
      old[path] = nil
    end
    for path in pairs(old) do changed[#changed + 1] = path end
    assert(#changed == 0, "not as the annotations are: " .. table.concat(changed, ", "))
  end)
end)
