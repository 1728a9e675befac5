-- SPDX-License-Identifier: MIT
-- Statements and expressions: the functions that make them, all of which are written in C.
local core = require "lualchemy.core"

-- SQLAlchemy's names, which are core's too.
local names = {
  -- statements
  "select", "insert", "update", "delete", "text", "union", "union_all", "intersect", "intersect_all", "except_",
  "except_all", "exists",
  -- FROM elements
  "alias", "subquery", "cte", "lateral", "join", "outerjoin", "values", "table",
  -- conditions
  "and_", "or_", "not_", "between", "true_", "false_", "null_",
  -- expressions
  "column", "literal", "literal_column", "bindparam", "tuple_", "case", "cast", "try_cast", "type_coerce", "extract",
  "label", "collate", "distinct", "asc", "desc", "nulls_first", "nulls_last", "any_", "all_",
  -- functions
  "func", "over", "funcfilter", "within_group",
  -- label styles
  "LABEL_STYLE_DEFAULT", "LABEL_STYLE_DISAMBIGUATE_ONLY", "LABEL_STYLE_NONE", "LABEL_STYLE_TABLENAME_PLUS_COL",
}

local sql = {}
for _, name in ipairs(names) do
  sql[name] = core[name]
end

return require("lualchemy.strict").module("lualchemy.sql", sql)
