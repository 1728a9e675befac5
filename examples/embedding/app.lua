-- SPDX-License-Identifier: MIT
-- The script of host.c. It gets an engine on the program's own connection and the name of the
-- shop it works for; the table is there already.
local engine, shop = ...
local la = require "lualchemy"
local orm = require "lualchemy.orm"

assert(package.path == "" and package.cpath == "", "nothing is to be found on disk")

local Base = orm.declarative_base()
local Item = Base:class "Item" {
  __tablename__ = "item",
  id    = la.Column(la.Integer, {primary_key = true}),
  name  = la.Column(la.String, {nullable = false}),
  price = la.Column(la.Integer),
}

do
  local session <close> = orm.Session(engine)
  local names = {}
  for _, item in ipairs(session:query(Item):order_by(Item.id):all()) do
    names[#names + 1] = item.name
  end
  assert(table.concat(names, " ") == "tea bread")

  -- The two shops sell different things, so the program can tell the states apart.
  local count = shop == "north" and 100 or 200
  for i = 1, count do
    session:add(Item{name = shop .. " " .. i, price = i})
  end
  session:commit()
end

-- What is rolled back never reaches the program.
do
  local session <close> = orm.Session(engine)
  session:query(Item):delete()
  session:rollback()
end
