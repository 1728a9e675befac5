-- SPDX-License-Identifier: MIT
-- The errors of the ORM, under SQLAlchemy's own module name. They stand in lualchemy.exc too.
local exc = require "lualchemy.exc"

local orm_exc = {NoResultFound = exc.NoResultFound, MultipleResultsFound = exc.MultipleResultsFound}
for _, name in ipairs(exc.__orm) do
  orm_exc[name] = exc[name]
end

return require("lualchemy.strict").module("lualchemy.orm.exc", orm_exc)
