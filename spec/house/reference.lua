-- SPDX-License-Identifier: MIT
-- The reference, made from the annotations: doc/reference has a page for each module that users
-- require, and one for the classes of the objects. As a script (./dev reference) it rewrites the
-- pages; docs_spec compares.
package.path = "./?.lua;" .. package.path
local tree = require "spec.support.tree"

local reference = {folder = "doc/reference"}

-- What users require, in the order of the index.
reference.modules = {
  "lualchemy", "lualchemy.orm", "lualchemy.orm.attributes", "lualchemy.orm.loading", "lualchemy.exc", "lualchemy.event", "lualchemy.types", "lualchemy.schema",
  "lualchemy.pool", "lualchemy.warnings", "lualchemy.dialects.sqlite", "lualchemy.ext.hybrid", "lualchemy.ext.associationproxy",
  "lualchemy.ext.mutable", "lualchemy.ext.declarative", "lualchemy.ext.automap", "lualchemy.ext.orderinglist", "lualchemy.ext.indexable",
  "lualchemy.ext.compiler", "lualchemy.ext.serializer", "lualchemy.ext.horizontal_shard",
}

local prefix = {["lualchemy"] = "la", ["lualchemy.orm"] = "orm"}

-- ---------------------------------------------------------------------------------------------
-- Reading annotations

-- Each annotation in one line, with those that go on with it.
local function joined(lines)
  local whole = {}
  for _, line in ipairs(lines) do
    local last = whole[#whole]
    if last and last:find "^@" and line:find "%S" and not line:find "^@" then
      whole[#whole] = last .. " " .. line
    else
      whole[#whole + 1] = line
    end
  end
  return whole
end

-- A block of annotation lines as {text, params, returns, raises, class, parent}.
local function parsed(lines)
  local block = {text = {}, params = {}, returns = {}, raises = {}}
  for _, line in ipairs(joined(lines)) do
    local tag, rest = line:match("^@(%w+)%s*(.*)$")
    if not tag then
      block.text[#block.text + 1] = line
    elseif tag == "param" then
      local name, kind = rest:match("^(%S+)%s*(.*)$")
      block.params[#block.params + 1] = {name = name, kind = kind}
    elseif tag == "return" then
      block.returns[#block.returns + 1] = rest
    elseif tag == "raise" then
      block.raises[#block.raises + 1] = rest
    elseif tag == "class" then
      block.class, block.parent = rest:match("^lualchemy%.?([%w_%.]*)%s*:?%s*l?u?a?l?c?h?e?m?y?%.?([%w_]*)")
    elseif tag == "field" then
      block.fields = block.fields or {}
      table.insert(block.fields, rest)
    end
  end
  return block
end

-- Classes with a small letter stand for modules, but for those whose name SQLAlchemy writes so.
local function is_object(class)
  return class:find "^%u" or class == "registry" or class == "sessionmaker" or class == "scoped_session"
end

-- Reads a file. Calls `found(block, line number, line)` for each block with the line of code under it.
local function each_block(path, found)
  local lines
  for number, line in tree.lines(tree.read(path)) do
    local comment = line:match("^%s*%-%-%-%s?(.*)$")
    if comment and comment:sub(1, 5) ~= "@meta" then
      lines = lines or {}
      lines[#lines + 1] = comment
    elseif not comment then
      if lines then found(parsed(lines), number, line) end
      lines = nil
    end
  end
end

-- All annotations: at[path:line] = block of the function defined there; classes[name] = {block,
-- methods}; functions[name] = block of a function that meta/ declares for a module.
local function read_all()
  local at, classes, functions = {}, {}, {}
  for _, path in ipairs(tree.files("lua/lualchemy", "*.lua")) do
    local class_of = {}
    each_block(path, function(block, number, line)
      local variable = line:match("^local ([%w_]+)%s*=")
      if block.class and variable then
        class_of[variable] = block.class
        local class = classes[block.class] or {methods = {}}
        classes[block.class] = class
        if not class.block or #class.block.text == 0 then class.block = block end
        return
      end
      local owner, separator, name, parameters = line:match("^function ([%w_]+)([.:])([%w_]+)%((.*)%)")
      if not owner then return end
      block.parameters, block.name, block.separator = parameters, name, separator
      at[path .. ":" .. number] = block
      local class = class_of[owner]
      if class and is_object(class) then
        classes[class].methods[name] = block
      elseif class and class ~= "core" then
        functions[name] = functions[name] or block
      end
    end)
  end
  return at, classes, functions
end

-- ---------------------------------------------------------------------------------------------
-- Writing pages

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

local function cell(text)
  return (text:gsub("lualchemy%.(%u)", "%1"):gsub("|", "\\|"))
end

-- Outside of tables a bar needs no care.
local function plain(text)
  return (text:gsub("lualchemy%.(%u)", "%1"))
end

-- Classes that only say which options a function takes; they are shown where it is.
local function is_options(name)
  return name:find "^%u%w*Options$" ~= nil
end

local function put_options(out, block, classes)
  for _, param in ipairs(block.params) do
    local name = param.kind:match "lualchemy%.(%u%w*Options)"
    if name and is_options(name) and classes[name] then
      for _, line in ipairs(classes[name].block.text) do out[#out + 1] = line end
      out[#out + 1] = ""
      for _, field in ipairs(classes[name].block.fields) do
        local key, kind = field:match "^([^%s?]+)%??%s+(.*)$"
        out[#out + 1] = ("- `%s`: %s"):format(key, plain(kind))
      end
      out[#out + 1] = ""
    end
  end
end

local function put_block(out, title, block, classes)
  out[#out + 1] = ("### `%s`"):format(title)
  out[#out + 1] = ""
  for _, line in ipairs(block.text) do out[#out + 1] = (line:gsub("%s+$", "")) end
  if #block.text > 0 then out[#out + 1] = "" end
  if #block.params > 0 then
    out[#out + 1] = "| parameter | |"
    out[#out + 1] = "| --- | --- |"
    for _, param in ipairs(block.params) do
      out[#out + 1] = ("| `%s` | %s |"):format(param.name, cell(param.kind))
    end
    out[#out + 1] = ""
    put_options(out, block, classes)
  end
  for _, returned in ipairs(block.returns) do
    out[#out + 1] = "Gives " .. plain(returned) .. "."
    out[#out + 1] = ""
  end
  for _, raised in ipairs(block.raises) do
    out[#out + 1] = "Raises " .. raised .. "."
    out[#out + 1] = ""
  end
end

local function page_of_module(name, at, functions, classes)
  local module = require(name)
  local out = {"# " .. name, ""}
  for _, key in ipairs(sorted_keys(module)) do
    local value = module[key]
    local block
    if type(value) == "function" and not key:find "^_" then
      local info = debug.getinfo(value, "S")
      local path = info.source:match("(lua/lualchemy/.*)$")
      block = path and at[path .. ":" .. info.linedefined] or functions[key]
    end
    if block then put_block(out, ("%s.%s(%s)"):format(prefix[name] or name:match("[%w_]+$"), key, block.parameters), block, classes) end
  end
  return #out > 2 and table.concat(out, "\n") or nil
end

local function page_of_classes(classes)
  local out = {"# Classes", "", "The objects that functions give, and what they can do. Those of a parent class hold for its children, too.", ""}
  for _, name in ipairs(sorted_keys(classes)) do
    local class = classes[name]
    local methods = sorted_keys(class.methods)
    if is_object(name) and not is_options(name) and (#methods > 0 or #class.block.text > 0) then
      out[#out + 1] = "## " .. name .. (class.block.parent ~= "" and class.block.parent and " : " .. class.block.parent or "")
      out[#out + 1] = ""
      for _, line in ipairs(class.block.text) do out[#out + 1] = line end
      if #class.block.text > 0 then out[#out + 1] = "" end
      for _, field in ipairs(class.block.fields or {}) do
        local key, kind = field:match("^(%S+)%s+(.*)$")
        out[#out + 1] = ("- `.%s`: %s"):format(key, plain(kind))
      end
      if class.block.fields then out[#out + 1] = "" end
      for _, method in ipairs(methods) do
        local block = class.methods[method]
        if not method:find "^_" then
          put_block(out, ("%s%s%s(%s)"):format(name, block.separator, method, block.parameters), block, classes)
        end
      end
    end
  end
  return table.concat(out, "\n")
end

--- The pages: path → text.
function reference.pages()
  local at, classes, functions = read_all()
  local pages, index = {}, {"# Reference", "", "Made from the annotations of the sources by `./dev reference`.", ""}
  for _, name in ipairs(reference.modules) do
    local page = page_of_module(name, at, functions, classes)
    if page then
      local file = name .. ".md"
      pages[reference.folder .. "/" .. file] = page
      index[#index + 1] = ("- [`%s`](%s)"):format(name, file)
    end
  end
  pages[reference.folder .. "/classes.md"] = page_of_classes(classes)
  index[#index + 1] = "- [classes](classes.md)"
  pages[reference.folder .. "/README.md"] = table.concat(index, "\n") .. "\n"
  return pages
end

--- The names of options by the class that declares them: `EngineOptions` → {"echo", …}.
function reference.options()
  local _, classes = read_all()
  local found = {}
  for name, class in pairs(classes) do
    if is_options(name) then
      found[name] = {}
      for i, field in ipairs(class.block.fields) do found[name][i] = field:match "^[%w_]+" end
    end
  end
  return found
end

if arg and arg[0] and arg[0]:find("reference%.lua$") then
  tree.shell("mkdir -p " .. tree.quote(reference.folder))
  for path, text in pairs(reference.pages()) do tree.write(path, text) end
end

return reference
