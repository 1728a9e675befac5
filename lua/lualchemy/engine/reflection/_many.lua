-- SPDX-License-Identifier: MIT
-- Questions of an Inspector about many tables at once: facts of all of them, and their order of creation.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local describe = require "lualchemy.describe"
local keywords = require "lualchemy.keywords"
local ddl = require "lualchemy.schema.ddl"

local many = {ObjectKind = ddl.ObjectKind, ObjectScope = ddl.ObjectScope}

local multi_keywords = keywords.set {"schema", "filter_names", "kind", "scope"}

local function choice(name, value, choices)
  if value == nil then return 1 end
  for _, known in pairs(choices) do
    if value == known then return value end
  end
  error(exc.ArgumentError(("%s is one of la.schema.%s, not %s"):format(name, name == "kind" and "ObjectKind" or "ObjectScope",
    describe.value(value))), 0)
end

-- Names of what is asked for, in order.
local function names_of(inspector, options)
  local kind, scope = choice("kind", options.kind, many.ObjectKind), choice("scope", options.scope, many.ObjectScope)
  local names = {}
  local function add(method, ...)
    for _, name in ipairs(inspector[method](inspector, ...)) do names[#names + 1] = name end
  end
  if kind & 1 ~= 0 and scope & 1 ~= 0 then add("get_table_names", options.schema) end
  if kind & 2 ~= 0 and scope & 1 ~= 0 then add("get_view_names", options.schema) end
  if kind & 1 ~= 0 and scope & 2 ~= 0 then add "get_temp_table_names" end
  if kind & 2 ~= 0 and scope & 2 ~= 0 then add "get_temp_view_names" end
  if options.filter_names == nil then return names end
  keywords.expect("get_multi", "filter_names as a list of names", options.filter_names, "table")
  local wanted, found = keywords.set(options.filter_names), {}
  for _, name in ipairs(names) do
    if wanted[name] then found[#found + 1] = name end
  end
  return found
end

-- The tables of the schema and what each refers to, in order of name: {name, keys}.
local function foreign_keys(inspector, schema)
  local found = {}
  for _, name in ipairs(inspector:get_table_names(schema)) do
    found[#found + 1] = {name = name, schema = schema, keys = inspector:get_foreign_keys(name, schema)}
  end
  return found
end

local function id_of(schema, name)
  return (schema or "") .. "\0" .. name
end

-- What each table waits for: id → set of ids.
local function dependencies(nodes)
  local known, waits = {}, {}
  for _, node in ipairs(nodes) do known[id_of(node.schema, node.name)] = true end
  for _, node in ipairs(nodes) do
    local id = id_of(node.schema, node.name)
    waits[id] = {}
    for _, key in ipairs(node.keys) do
      local other = id_of(key.referred_schema, key.referred_table)
      if other ~= id and known[other] then waits[id][other] = true end
    end
  end
  return waits
end

-- Is `id` among what it waits for, directly or not?
local function is_circular(waits, id)
  local seen, todo = {}, {id}
  while #todo > 0 do
    for other in pairs(waits[table.remove(todo)] or {}) do
      if other == id then return true end
      if not seen[other] then
        seen[other] = true
        todo[#todo + 1] = other
      end
    end
  end
  return false
end

-- Takes the dependencies among tables of circles away; the keys of those tables come to `rest`.
local function break_circles(nodes, waits, rest)
  local circular, broken = {}, {}
  for _, node in ipairs(nodes) do
    local id = id_of(node.schema, node.name)
    circular[id] = is_circular(waits, id)
  end
  for _, node in ipairs(nodes) do
    local id = id_of(node.schema, node.name)
    for other in pairs(circular[id] and waits[id] or {}) do
      if circular[other] then broken[id], waits[id][other] = true, nil end
    end
    if broken[id] then
      for _, key in ipairs(node.keys) do rest[#rest + 1] = {node, key.name} end
      node.keys = {}
    end
  end
end

-- The nodes with each after what it waits for.
local function sorted(nodes, waits)
  local list, done, moved = {}, {}, true
  while moved do
    moved = false
    for _, node in ipairs(nodes) do
      local id = id_of(node.schema, node.name)
      local ready = not done[id]
      for other in pairs(ready and waits[id] or {}) do ready = ready and done[other] end
      if ready then
        list[#list + 1], done[id], moved = node, true, true
      end
    end
  end
  return list
end

-- `label(node)` names a table in the answer: a list of {label, list of {label, name of a key}}, and last {nil, the keys that
-- have to be created once all tables are there}.
local function dependency_order(inspector, schemas, label)
  local nodes, rest, answer = {}, {}, {}
  for _, schema in ipairs(schemas) do
    local found = foreign_keys(inspector, schema ~= core.null() and schema or nil)
    table.move(found, 1, #found, #nodes + 1, nodes)
  end
  local waits = dependencies(nodes)
  break_circles(nodes, waits, rest)
  for _, node in ipairs(sorted(nodes, waits)) do
    local keys = {}
    for i, key in ipairs(node.keys) do keys[i] = {label(node), key.name} end
    answer[#answer + 1] = {label(node), keys}
  end
  for i, pair in ipairs(rest) do rest[i] = {label(pair[1]), pair[2]} end
  answer[#answer + 1] = {nil, rest}
  return answer
end

--- Gives `methods` what an Inspector is asked of many tables.
---@param methods table
---@param schema_of fun(options: any): string?
function many.add(methods, schema_of)
  for _, name in ipairs {"columns", "pk_constraint", "foreign_keys", "unique_constraints", "indexes", "check_constraints",
    "table_options", "table_comment"} do
    methods["get_multi_" .. name] = function(self, options)
      options = keywords.check("get_multi_" .. name, options, multi_keywords)
      local found = {}
      for _, table_name in ipairs(names_of(self, options)) do
        found[table_name] = self["get_" .. name](self, table_name, options.schema)
      end
      return found
    end
  end

  function methods.has_multi_table(self, names, options)
    keywords.expect("has_multi_table", "a list of names", names, "table")
    local found = {}
    for _, name in ipairs(names) do found[name] = self:has_table(name, options) end
    return found
  end

  function methods.get_sorted_table_and_fkc_names(self, options)
    return dependency_order(self, {schema_of(options) or core.null()}, function(node) return node.name end)
  end

  function methods.sort_tables_on_foreign_key_dependency(self, options)
    options = keywords.check("sort_tables_on_foreign_key_dependency", options, keywords.set {"consider_schemas"})
    return dependency_order(self, options.consider_schemas or {core.null()},
      function(node) return {node.schema or core.null(), node.name} end)
  end
end

return many
