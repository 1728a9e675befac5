-- SPDX-License-Identifier: MIT
-- Tables and columns with short names, for specs of many texts.
local la = require "lualchemy"
local metadata = la.MetaData()
local words = {}

words.users = la.Table("users", metadata,
  la.Column("id", la.Integer, {primary_key = true}),
  la.Column("name", la.String(50), {nullable = false}),
  la.Column("fullname", la.String),
  la.Column("age", la.Integer),
  la.Column("active", la.Boolean),
  la.Column("born", la.Date),
  la.Column("seen", la.DateTime),
  la.Column("wake", la.Time),
  la.Column("pay", la.Numeric(10, 2)),
  la.Column("score", la.Float),
  la.Column("data", la.JSON),
  la.Column("pic", la.LargeBinary),
  la.Column("span", la.Interval),
  la.Column("kind", la.Enum("a", "b", {name = "kind"})),
  la.Column("uid", la.Uuid))
words.addresses = la.Table("addresses", metadata,
  la.Column("id", la.Integer, {primary_key = true}),
  la.Column("user_id", la.Integer, la.ForeignKey("users.id")),
  la.Column("email", la.String(100)),
  la.Column("pos", la.Integer))
words.orders = la.Table("orders", metadata,
  la.Column("id", la.Integer, {primary_key = true}),
  la.Column("user_id", la.Integer, la.ForeignKey("users.id")),
  la.Column("address_id", la.Integer, la.ForeignKey("addresses.id")),
  la.Column("total", la.Numeric(10, 2)),
  la.Column("placed", la.DateTime))
words.nodes = la.Table("nodes", metadata,
  la.Column("id", la.Integer, {primary_key = true}),
  la.Column("parent_id", la.Integer, la.ForeignKey("nodes.id")),
  la.Column("name", la.String(30)))
words.u = words.users:alias("u")
words.a = words.addresses:alias("a")
words.t1 = la.table("t1", la.column("x", la.Integer), la.column("y", la.String), la.column("z", la.Boolean), la.column("w"))
words.x = la.column("x", la.Integer)
words.y = la.column("y", la.String)
words.z = la.column("z", la.Boolean)
words.w = la.column("w")
words.p = la.column("p", la.Integer)
words.s = la.column("s", la.String)
words.b1 = la.column("b1", la.Boolean)
words.f = la.column("f", la.Float)
words.n = la.column("n", la.Numeric(10, 2))
words.j = la.column("j", la.JSON)
words.d = la.column("d", la.Date)
words.dt = la.column("dt", la.DateTime)
words.tm = la.column("tm", la.Time)
words.iv = la.column("iv", la.Interval)
words.defs = la.Table("defs", metadata,
  la.Column("id", la.Integer, {primary_key = true}),
  la.Column("a", la.Integer, {default = 7}),
  la.Column("b", la.String, {default = la.func.lower("X")}),
  la.Column("c", la.String, {server_default = "srv"}),
  la.Column("d", la.Integer, {default = (function() return 11 end)}),
  la.Column("e", la.Integer, {onupdate = 5}),
  la.Column("g", la.Integer, {default = la.select(la.func.count(words.users.c.id)):scalar_subquery()}),
  la.Column("h", la.Integer, {server_default = la.text("3")}),
  la.Column("i", la.Integer, {insert_default = 4}))
words.comp = la.Table("comp", metadata,
  la.Column("x", la.Integer, {primary_key = true}),
  la.Column("y", la.Integer, la.Computed("x + 1")))
words.auto = la.Table("auto", metadata,
  la.Column("id", la.Integer, {primary_key = true}),
  la.Column("name", la.String), {sqlite_autoincrement = true})
words.quo = la.Table("quo", metadata,
  la.Column("order", la.Integer, {primary_key = true}),
  la.Column("Mixed", la.Integer),
  la.Column("a b", la.Integer),
  la.Column("per%cent", la.Integer),
  la.Column("pa(ren", la.Integer),
  la.Column("co:lon", la.Integer))
words.keyed = la.Table("keyed", metadata,
  la.Column("x", la.Integer, {key = "k", primary_key = true}),
  la.Column("y", la.Integer))

return words
