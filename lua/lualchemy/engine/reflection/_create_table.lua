-- SPDX-License-Identifier: MIT
-- Reads the text of a CREATE TABLE for what SQLite's pragmas do not tell: names of constraints, checks, unique
-- constraints, the expressions of computed columns.
local select = require("lualchemy.core").lua_select

local create_table = {}

-- Splits SQL into tokens: words, quoted names (unquoted, `quoted` true), strings, and single characters; each with
-- its place.
local function tokenize(sql)
  local tokens, at = {}, 1
  local function add(kind, text, from, to)
    tokens[#tokens + 1] = {kind = kind, text = text, from = from, to = to}
    at = to + 1
  end
  while at <= #sql do
    local char = sql:sub(at, at)
    if char:find("%s") then
      at = at + 1
    elseif sql:find("^%-%-", at) then
      at = (sql:find("\n", at, true) or #sql) + 1
    elseif sql:find("^/%*", at) then
      at = (select(2, sql:find("*/", at, true)) or #sql) + 1
    elseif char == "[" then
      local to = sql:find("]", at, true) or #sql
      add("name", sql:sub(at + 1, to - 1), at, to)
    elseif char == '"' or char == "`" or char == "'" then
      local to = at
      repeat
        to = sql:find(char, to + 1, true) or #sql
        local doubled = sql:sub(to + 1, to + 1) == char
        if doubled then to = to + 1 end
      until not doubled
      add(char == "'" and "string" or "name", (sql:sub(at + 1, to - 1):gsub(char .. char, char)), at, to)
    elseif char:find("[%w_\128-\255]") then
      local to = select(2, sql:find("^[%w_$\128-\255]+", at))
      add("word", sql:sub(at, to), at, to)
    else
      add("char", char, at, at)
    end
  end
  return tokens
end

-- A reader over tokens.
local Reader = {}
Reader.__index = Reader

function Reader:word(text)
  local token = self.tokens[self.at]
  if token and token.kind == "word" and token.text:upper() == text then
    self.at = self.at + 1
    return true
  end
end

function Reader:char(text)
  local token = self.tokens[self.at]
  if token and token.kind == "char" and token.text == text then
    self.at = self.at + 1
    return true
  end
end

function Reader:name()
  local token = self.tokens[self.at]
  if token and token.kind ~= "char" then
    self.at = self.at + 1
    return token.text
  end
end

-- The text between the parenthesis that comes next and its partner.
function Reader:group()
  if not self:char("(") then return nil end
  local from, depth = self.tokens[self.at - 1].to + 1, 1
  while self.tokens[self.at] do
    local token = self.tokens[self.at]
    self.at = self.at + 1
    if token.kind == "char" then
      depth = depth + (token.text == "(" and 1 or token.text == ")" and -1 or 0)
      if depth == 0 then return self.sql:sub(from, token.from - 1) end
    end
  end
end

-- Names in parentheses, without what may follow each (COLLATE, ASC).
function Reader:names()
  local text = self:group()
  local list, inner = {}, setmetatable({sql = text or "", tokens = tokenize(text or ""), at = 1}, Reader)
  while inner.tokens[inner.at] do
    list[#list + 1] = inner:name()
    while inner.tokens[inner.at] and not inner:char(",") do inner.at = inner.at + 1 end
  end
  return list
end

local function trim(text)
  return (text:gsub("^%s+", ""):gsub("%s+$", ""))
end

-- DEFERRABLE and INITIALLY behind a reference.
local function read_deferrable(reader, key)
  if reader:word("NOT") then
    if reader:word("DEFERRABLE") then key.deferrable = false end
  elseif reader:word("DEFERRABLE") then
    key.deferrable = true
  elseif reader:word("INITIALLY") then
    key.initially = (reader:name() or ""):upper()
  else
    return false
  end
  return true
end

-- From behind REFERENCES.
local function read_reference(reader, name, columns)
  local key = {name = name, columns = columns, referred_table = reader:name()}
  if reader.tokens[reader.at] and reader.tokens[reader.at].text == "(" then
    key.referred_columns = reader:names()
  end
  while reader.tokens[reader.at] and reader.tokens[reader.at].text ~= "," and reader.tokens[reader.at].text ~= ")" do
    if not read_deferrable(reader, key) then
      local word = reader.tokens[reader.at].text:upper()
      if word ~= "ON" and word ~= "MATCH" and word ~= "DELETE" and word ~= "UPDATE" and word ~= "CASCADE" and
        word ~= "SET" and
        word ~= "NULL" and word ~= "DEFAULT" and word ~= "RESTRICT" and word ~= "NO" and word ~= "ACTION" then
        break
      end
      reader.at = reader.at + 1
    end
  end
  return key
end

-- ON CONFLICT behind a constraint; nil if there is none.
local function read_conflict(reader)
  local at = reader.at
  if reader:word("ON") and reader:word("CONFLICT") then return (reader:name() or ""):upper() end
  reader.at = at
end

local function read_primary_key(reader, found, name, column)
  reader:word("KEY")
  found.primary_key_name = name or found.primary_key_name
  if not column then
    reader:names()
  elseif not reader:word("ASC") then
    reader:word("DESC")
  end
  found.primary_key_conflict = read_conflict(reader)
  found.autoincrement = found.autoincrement or reader:word("AUTOINCREMENT") or false
end

-- A constraint at the reader's place; false if there is none. `column` is the column it stands behind, if any.
local function read_constraint(reader, found, name, column)
  if reader:word("PRIMARY") then
    read_primary_key(reader, found, name, column)
  elseif reader:word("UNIQUE") then
    table.insert(found.uniques, {name = name, columns = column and {column} or reader:names(), conflict = read_conflict(reader)})
  elseif reader:word("CHECK") then
    table.insert(found.checks, {name = name, sqltext = trim(reader:group() or ""), conflict = read_conflict(reader)})
  elseif column and reader:word("REFERENCES") then
    table.insert(found.foreign_keys, read_reference(reader, name, {column}))
  elseif not column and reader:word("FOREIGN") then
    reader:word("KEY")
    local columns = reader:names()
    reader:word("REFERENCES")
    table.insert(found.foreign_keys, read_reference(reader, name, columns))
  else
    return false
  end
  return true
end

-- What a column has that is no constraint by name: its expression, what happens to NULL, its collation.
local function read_own(reader, found, column)
  local at = reader.at
  if reader:word("NOT") and reader:word("NULL") then
    found.not_null_conflicts[column] = read_conflict(reader)
    return true
  end
  reader.at = at
  if reader:word("COLLATE") then
    found.collations[column] = reader:name()
    return true
  end
  if reader:word("GENERATED") then reader:word("ALWAYS") end
  if not reader:word("AS") then return false end
  found.computed[column] = trim(reader:group() or "")
  return true
end

-- What stands between two commas.
local function read_part(reader, found)
  local name = reader:word("CONSTRAINT") and reader:name() or nil
  if read_constraint(reader, found, name) then return end
  local column = reader:name()
  while reader.tokens[reader.at] do
    local token = reader.tokens[reader.at]
    if token.kind == "char" and (token.text == "," or token.text == ")") then return end
    name = reader:word("CONSTRAINT") and reader:name() or nil
    if not (column and (read_constraint(reader, found, name, column) or read_own(reader, found, column))) then
      if not reader:group() then reader.at = reader.at + 1 end
    end
  end
end

-- The columns and constraints, up to the parenthesis behind them.
local function read_body(reader, found)
  while reader.tokens[reader.at] do
    local before = reader.at
    read_part(reader, found)
    if reader:char(")") then return end
    if not reader:char(",") and reader.at == before then reader.at = reader.at + 1 end
    while reader.tokens[reader.at] and reader.at > before and reader.tokens[reader.at - 1].text ~= "," do
      if reader:char(")") then return end
      if not reader:char(",") then reader.at = reader.at + 1 end
    end
  end
end

-- STRICT and WITHOUT ROWID.
local function read_suffix(reader, found)
  repeat
    if reader:word("STRICT") then found.strict = true end
    if reader:word("WITHOUT") and reader:word("ROWID") then found.without_rowid = true end
  until not reader:char(",")
end

-- The parts of a list, between its commas: each the reader of its tokens.
local function parts_of(text)
  local list, tokens, depth = {}, {}, 0
  for _, token in ipairs(tokenize(text)) do
    if token.kind == "char" then depth = depth + (token.text == "(" and 1 or token.text == ")" and -1 or 0) end
    if depth == 0 and token.kind == "char" and token.text == "," then
      list[#list + 1], tokens = setmetatable({sql = text, tokens = tokens, at = 1}, Reader), {}
    else
      tokens[#tokens + 1] = token
    end
  end
  if #tokens > 0 then list[#list + 1] = setmetatable({sql = text, tokens = tokens, at = 1}, Reader) end
  return list
end

-- The module of a virtual table and its arguments: settings `name = value`, and words behind columns.
local function read_virtual(reader, found)
  while reader.tokens[reader.at] and not reader:word("USING") do reader.at = reader.at + 1 end
  found.module, found.settings, found.words = (reader:name() or ""):lower(), {}, {}
  for _, part in ipairs(parts_of(reader:group() or "")) do
    local name = part:name()
    if name and part:char("=") then
      local last = part.tokens[#part.tokens]
      local first = part.tokens[part.at]
      found.settings[name:lower()] = first and (first == last and first.text or part.sql:sub(first.from, last.to))
    elseif name then
      found.words[name] = (part:name() or ""):upper()
    end
  end
end

--- What the text says: `primary_key_name`, `primary_key_conflict`, `autoincrement`, `uniques`, `checks`, `foreign_keys`; by column
--- `computed`, `not_null_conflicts`, `collations`; `strict`, `without_rowid`; of a virtual table `module`, `settings` and, by column,
--- `words`.
---@param sql string
---@return table
function create_table.read(sql)
  local found = {uniques = {}, checks = {}, foreign_keys = {}, computed = {}, not_null_conflicts = {}, collations = {}}
  local reader = setmetatable({sql = sql, tokens = tokenize(sql), at = 1}, Reader)
  if reader:word("CREATE") and reader:word("VIRTUAL") then
    read_virtual(reader, found)
    return found
  end
  while reader.tokens[reader.at] and not reader:char("(") do reader.at = reader.at + 1 end
  read_body(reader, found)
  read_suffix(reader, found)
  return found
end

--- What a CREATE INDEX is over: texts, each with `desc` if it is in descending order, and `name` if it is no more than a column's.
---@param sql string
---@return {text: string, desc: boolean, name: string?}[]
function create_table.index_parts(sql)
  local reader = setmetatable({sql = sql, tokens = tokenize(sql), at = 1}, Reader)
  while reader.tokens[reader.at] and not reader:word("ON") do reader.at = reader.at + 1 end
  reader:name()
  local list = {}
  for i, part in ipairs(parts_of(reader:group() or "")) do
    local tokens = part.tokens
    local order = tokens[#tokens].kind == "word" and tokens[#tokens].text:upper()
    if #tokens > 1 and (order == "DESC" or order == "ASC") then tokens[#tokens] = nil end
    list[i] = {desc = order == "DESC", text = part.sql:sub(tokens[1].from, tokens[#tokens].to),
      name = #tokens == 1 and tokens[1].kind ~= "string" and tokens[1].text or nil}
  end
  return list
end

--- The condition of a partial index, from its CREATE INDEX.
---@param sql string
---@return string?
function create_table.index_where(sql)
  local depth = 0
  for _, token in ipairs(tokenize(sql)) do
    if token.kind == "char" then
      depth = depth + (token.text == "(" and 1 or token.text == ")" and -1 or 0)
    elseif depth == 0 and token.kind == "word" and token.text:upper() == "WHERE" then
      return trim(sql:sub(token.to + 1))
    end
  end
end

return create_table
