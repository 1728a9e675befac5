-- SPDX-License-Identifier: MIT
-- Tables for specs of texts: a column of most types, foreign keys, defaults, names that need quotes, a schema.
local la = require "lualchemy"
local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey

local metadata = la.MetaData()
local tables = {metadata = metadata}

tables.users = la.Table("users", metadata,
  Column("id", Integer, {primary_key = true}),
  Column("name", String(50), {nullable = false}),
  Column("fullname", String),
  Column("age", Integer),
  Column("active", la.Boolean),
  Column("balance", la.Numeric(10, 2)),
  Column("score", la.Float),
  Column("data", la.JSON),
  Column("born", la.Date),
  Column("seen", la.DateTime))

tables.addresses = la.Table("addresses", metadata,
  Column("id", Integer, {primary_key = true}),
  Column("user_id", ForeignKey("users.id"), {nullable = false}),
  Column("email", String, {nullable = false}))

tables.orders = la.Table("orders", metadata,
  Column("id", Integer, {primary_key = true}),
  Column("user_id", ForeignKey("users.id")),
  Column("total", Integer, {default = 0}),
  Column("note", String, {server_default = "x"}),
  Column("state", String, {onupdate = "changed", key = "st"}))

tables.nodes = la.Table("nodes", metadata,
  Column("id", Integer, {primary_key = true}),
  Column("parent_id", ForeignKey("nodes.id")),
  Column("Name", String),
  Column("select", Integer))

tables.thing = la.Table("thing", metadata,
  Column("id", Integer, {primary_key = true}),
  Column("x", Integer), {schema = "main"})

return tables
