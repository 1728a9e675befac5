-- SPDX-License-Identifier: MIT
-- Results that were kept, brought into another session.
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local exc = require "lualchemy.exc"
local keywords = require "lualchemy.keywords"

local M = {}

--- Brings the objects of a frozen result into a session, each by `session:merge()`, as SQLAlchemy's `loading.merge_frozen_result()`: what a
--- listener of "do_orm_execute" gives that keeps results.
---
---     la.event.listen(Session, "do_orm_execute", function(state)
---       local key = state.execution_options.cache_key
---       if not key then return end
---       cache[key] = cache[key] or state:invoke_statement():freeze()
---       return orm.loading.merge_frozen_result(state.session, state.statement, cache[key], {load = false})()
---     end)
---@param session lualchemy.Session
---@param statement lualchemy.Statement  the select that gave the rows; nothing is sent for it
---@param frozen_result lualchemy.FrozenResult  of `result:freeze()`
---@param options {load: boolean?}?  `load` (true): false takes the objects as they were kept, without a SELECT for each that the session
--- does not have
---@return lualchemy.FrozenResult  calling it gives a Result
---@raise ArgumentError for what is no frozen result; InvalidRequestError for a changed object with `load = false`
function M.merge_frozen_result(session, statement, frozen_result, options)
  options = keywords.check("merge_frozen_result", options, keywords.set {"load"})
  if core.class_of(session) ~= "lualchemy.Session" then
    error(exc.ArgumentError(("merge_frozen_result() takes a session, not %s"):format(describe.value(session))), 0)
  end
  if not core.is_orm(statement) then
    error(exc.ArgumentError("merge_frozen_result() takes the select of classes that gave the rows"), 0)
  end
  if type(frozen_result) ~= "table" or (getmetatable(frozen_result) or {}).__name ~= "lualchemy.FrozenResult" then
    error(exc.ArgumentError(("merge_frozen_result() takes what result:freeze() gives, not %s"):format(describe.value(frozen_result))), 0)
  end
  if options.load ~= false then core.session_autoflush(session) end
  return session:no_autoflush(function()
    local rows = {}
    for i, row in ipairs(frozen_result.data) do
      rows[i] = {}
      for k = 1, #row do
        local value = row[k]
        if value ~= nil and core.mapped_class_of(value) then value = session:merge(value, {load = options.load}) end
        rows[i][k] = value == nil and core.null() or value
      end
    end
    return frozen_result:with_new_rows(rows)
  end)
end

return M
