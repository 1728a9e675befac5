-- SPDX-License-Identifier: MIT
-- Core without models: tables, statements, results. SQL with Lua's operators, and nothing between you and the rows.
--
--     ./dev run examples/03_core.lua
local la = require "lualchemy"
local func = la.func

local metadata = la.MetaData()
local cities = la.Table("cities", metadata,
  la.Column("id", la.Integer, {primary_key = true}),
  la.Column("name", la.String(50), {nullable = false, unique = true}),
  la.Column("country", la.String(2), {index = true}))
local readings = la.Table("readings", metadata,
  la.Column("id", la.Integer, {primary_key = true}),
  la.Column("city_id", la.Integer, la.ForeignKey("cities.id", {ondelete = "CASCADE"}), {nullable = false}),
  la.Column("day", la.Date, {nullable = false}),
  la.Column("celsius", la.Float),
  la.UniqueConstraint("city_id", "day"))

local engine = la.create_engine "sqlite://"
metadata:create_all(engine)

-- Everything in the function is one transaction: committed at its end, rolled back on an error.
engine:begin(function(conn)
  conn:execute(la.insert(cities), {
    {id = 1, name = "Bergen", country = "NO"}, {id = 2, name = "Oslo", country = "NO"}, {id = 3, name = "Turin", country = "IT"},
  })
  conn:execute(la.insert(readings), {
    {city_id = 1, day = "2024-03-01", celsius = 4.5}, {city_id = 1, day = "2024-03-02", celsius = 6.0},
    {city_id = 2, day = "2024-03-01", celsius = -2.5}, {city_id = 2, day = "2024-03-02", celsius = la.null},
    {city_id = 3, day = "2024-03-01", celsius = 11.0},
  })
end)

-- A statement prints as the SQL that it is; values are always bound.
local warm = la.select(cities.c.name, readings.c.celsius)
  :join(readings)
  :where(readings.c.celsius:gt(4) & ~cities.c.country:in_{"DE"})
  :order_by(readings.c.celsius:desc())
print(warm)

do
  local conn <close> = engine:connect()

  -- Rows answer by name, by position and by column.
  for row in conn:execute(warm) do print(row.name, row[2], row[readings.c.celsius]) end

  -- Aggregates, grouping, and a subquery.
  local mean = la.select(readings.c.city_id, func.avg(readings.c.celsius):label "mean", func.count():label "days")
    :group_by(readings.c.city_id):subquery "mean"
  for row in conn:execute(la.select(cities.c.name, mean.c.mean, mean.c.days):join(mean, mean.c.city_id:eq(cities.c.id)):order_by(cities.c.name)) do
    print(row.name, row.mean, row.days)
  end

  -- NULL is nil in a row; la.case chooses in the database.
  local feeling = la.case({readings.c.celsius:is_(nil), "unknown"}, {readings.c.celsius:lt(0), "frost"}, {else_ = "mild"})
  for row in conn:execute(la.select(cities.c.name, readings.c.day, feeling:label "feeling"):join(readings):where(cities.c.name:eq "Oslo"):order_by(readings.c.day)) do
    print(row.name, row.day, row.feeling)
  end

  -- One value, one row, exactly one row.
  print(conn:scalar(la.select(func.count()):select_from(readings)))
  print(conn:execute(la.select(cities):where(cities.c.id:eq(3))):one())

  -- Window functions and unions.
  local rank = func.rank():over{partition_by = cities.c.country, order_by = readings.c.celsius:desc()}
  for row in conn:execute(la.select(cities.c.name, rank:label "place"):join(readings):where(readings.c.celsius:is_not(nil)):order_by(cities.c.name, rank)) do
    print(row.name, row.place)
  end
  local names = la.union(la.select(cities.c.country), la.select(la.literal "SE"))
  print(conn:scalars(names:order_by "country"):all())
end

-- Text, when SQL says it best; names are parameters.
do
  local conn <close> = engine:connect()
  for row in conn:execute(la.text "SELECT name FROM cities WHERE country = :country ORDER BY name", {country = "NO"}) do print(row.name) end
end

-- Update, delete, and errors that say what happened.
engine:begin(function(conn)
  print("updated", conn:execute(la.update(readings):where(readings.c.celsius:lt(0)):values{celsius = readings.c.celsius + 1}).rowcount)
  print("deleted", conn:execute(la.delete(cities):where(cities.c.name:eq "Turin")).rowcount)
  print("left", conn:scalar(la.select(func.count()):select_from(readings)))
end)
local ok, err = pcall(function()
  engine:begin(function(conn) conn:execute(la.insert(cities):values{name = "Oslo"}) end)
end)
print(ok, la.exc.IntegrityError:matches(err), err.orig.message)

engine:dispose()
