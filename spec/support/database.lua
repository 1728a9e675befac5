-- SPDX-License-Identifier: MIT
-- Database files that go when the spec is over.
--
--   local database = require "spec.support.database"
--   after_each(database.clean)
--   local engine = database.engine()
local database = {}

local paths, engines = {}, {}

--- The path of a new file that `clean` removes; the file is not there yet.
---@return string
function database.path()
  local path = os.tmpname()
  os.remove(path)
  paths[#paths + 1] = path
  return path
end

--- An engine on a new file, disposed of by `clean`; or in memory, with `{memory = true}`.
function database.engine(options)
  local la = require "lualchemy"
  local given = {}
  for name, value in pairs(options or {}) do
    given[name] = value
  end
  local memory = given.memory
  given.memory = nil
  local engine = la.create_engine(memory and "sqlite://" or "sqlite:///" .. database.path(), given)
  engines[#engines + 1] = engine
  return engine
end

--- Disposes of the engines and removes the files, with what SQLite keeps beside them.
function database.clean()
  for i = #engines, 1, -1 do
    engines[i]:dispose()
    engines[i] = nil
  end
  for i = #paths, 1, -1 do
    for _, suffix in ipairs {"", "-journal", "-wal", "-shm"} do
      os.remove(paths[i] .. suffix)
    end
    paths[i] = nil
  end
end

return database
