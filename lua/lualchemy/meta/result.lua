---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of results and rows.

--- The rows of an execution, buffered. Calling it gives the next row, so `for row in result do` works.
--- A ScalarResult gives single values, a MappingResult maps; both have the same methods.
---@class lualchemy.Result
local Result = {}

--- The rows that are left, as a list.
---@return any[]
function Result:all() end

--- The same as `all`.
---@return any[]
function Result:fetchall() end

--- The next `n` rows.
---@param n integer?
---@return any[]
function Result:fetchmany(n) end

--- The next row, or nil.
---@return any
function Result:fetchone() end

--- The first row or nil; closes the result.
---@return any
function Result:first() end

--- The only row; NoResultFound or MultipleResultsFound otherwise.
---@return any
function Result:one() end

--- The only row, or nil if there is none.
---@return any
function Result:one_or_none() end

--- The first column of the first row, or nil.
---@return any
function Result:scalar() end

--- The first column of the only row.
---@return any
function Result:scalar_one() end

--- The first column of the only row, or nil if there is none.
---@return any
function Result:scalar_one_or_none() end

--- A result of one column's values.
---@param index? integer|string
---@return lualchemy.Result
function Result:scalars(index) end

--- A result of rows as maps.
---@return lualchemy.Result
function Result:mappings() end

--- Rows with these columns alone.
---@param ... any
---@return lualchemy.Result
function Result:columns(...) end

--- The result itself.
---@return lualchemy.Result
function Result:tuples() end

--- Each row once.
---@param strategy? function
---@return lualchemy.Result
function Result:unique(strategy) end

--- An iterator over lists of at most `n` rows; without `n` as many as `yield_per` says, or one.
---@param n integer?
---@return function
function Result:partitions(n) end

--- Fetches rows by groups of `n`.
---@param n integer?
---@return lualchemy.Result
function Result:yield_per(n) end

--- The names of the columns.
---@return string[]
function Result:keys() end

--- Is `rowcount` to be trusted? As SQLite's is, always.
---@return boolean
function Result:supports_sane_rowcount() end

--- The same for many sets of parameters.
---@return boolean
function Result:supports_sane_multi_rowcount() end

--- Keeps the rows: each call of what it gives is a new result of them; `with_new_rows(rows)` is the same with others.
---@return lualchemy.FrozenResult
function Result:freeze() end

--- One result of the rows of several, which are read by the keys of the first. Raises
--- InvalidRequestError if another has more or fewer columns.
---@param ... lualchemy.Result
---@return lualchemy.Result
function Result:merge(...) end

--- An iterator for `for` that closes the result when the loop is left.
---@return function
function Result:iter() end

--- Forgets the rows that are left.
function Result:close() end

--- One row: `row.name`, `row[1]`, `row[Column]`, `#row`, `pairs(row)`.
---@class lualchemy.Row
local Row = {}

--- A row as a map from key to value.
---@class lualchemy.RowMapping
local RowMapping = {}

--- The keys in order.
---@return string[]
function RowMapping:keys() end

--- The values in order.
---@return any[]
function RowMapping:values() end

--- Iterates over keys and values in order.
---@return function
function RowMapping:items() end

--- The value of a key, or `default`.
---@param key any
---@param default? any
---@return any
function RowMapping:get(key, default) end
