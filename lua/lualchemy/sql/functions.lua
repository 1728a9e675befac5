-- SPDX-License-Identifier: MIT
-- SQLAlchemy's `sqlalchemy.sql.functions`: `func`, and the class of elements that are functions.
local sql = require "lualchemy.sql"

return require("lualchemy.strict").module("lualchemy.sql.functions", {func = sql.func, FunctionElement = sql.FunctionElement})
