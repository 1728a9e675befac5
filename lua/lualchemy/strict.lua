-- SPDX-License-Identifier: MIT
-- Tables in which an unknown name is an error that says which name is meant.
--
-- Names that begin with two underscores give nil, so that tools may probe, and so does what is no
-- string.
local core = require "lualchemy.core"

local strict = {}

--- Raises the error for a name that `what` does not have. `...` are tables with the names there are.
---@param what string  for example 'module "lualchemy"'
---@param name string
function strict.unknown(what, name, ...)
  local nearest = core.nearest(name, ...)
  local exc = require "lualchemy.exc"
  error(exc.ArgumentError(('%s has no "%s"%s'):format(what, name,
    nearest and ('; did you mean "%s"?'):format(nearest) or "")), 0)
end

--- Is `name` one that may be probed for?
function strict.is_probe(name)
  return type(name) ~= "string" or name:sub(1, 2) == "__"
end

--- Makes unknown names of the module `module` raise.
---@generic T: table
---@param name string  what is required
---@param module T
---@return T module
function strict.module(name, module)
  return setmetatable(module, {
    __name = name,
    __index = function(self, key)
      if strict.is_probe(key) then return nil end
      strict.unknown(('module "%s"'):format(name), key, self)
    end,
  })
end

return strict
