---@meta
-- SPDX-License-Identifier: MIT
-- Annotations of what may follow a call of an SQL function, as functions of the module.

---@class lualchemy.sql
local sql = {}

--- A window: `partition_by`, `order_by`, `rows`, `range_`, `groups`, `exclude`.
---@param call any
---@param options? table
---@return lualchemy.ColumnElement
function sql.over(call, options) end

--- ORDER BY among the arguments of an aggregate.
---@param call any
---@param ... any
---@return lualchemy.ColumnElement
function sql.aggregate_order_by(call, ...) end

--- A sample of a table, as `FromClause:tablesample`.
---@param from any
---@param sampling any
---@param name? string
---@param options {name: string?, seed: any}?
---@return lualchemy.FromClause
function sql.tablesample(from, sampling, name, options) end

--- FILTER (WHERE …) of an aggregate.
---@param call any
---@param ... any
---@return lualchemy.ColumnElement
function sql.funcfilter(call, ...) end

--- WITHIN GROUP (ORDER BY …).
---@param call any
---@param ... any
---@return lualchemy.ColumnElement
function sql.within_group(call, ...) end
