-- SPDX-License-Identifier: MIT
-- What is measured, on what, and what it may cost. One entry for each line of the table.
--
-- `most` is the ratio to the reference program that Lualchemy may have; `each` instead the most one
-- operation may take, in `unit`; `bytes` the most memory a row may take. `sqlalchemy`, `mapper` and
-- `driver` are ratios that others had beside the reference on one machine: SQLAlchemy 2.1, the best
-- mapper of another language, a Lua driver without objects.
local file, mem = "file", "mem"

return {
  {"W1", "std", file, data = "empty", most = 2.5, sqlalchemy = "33", mapper = "4.7 Drizzle", driver = "2.4",
    title = "add 100,000 objects, flush each 1,000, keys fetched"},
  {"W1", "oneflush", file, data = "empty", most = 4.5, sqlalchemy = "70", mapper = "28 Doctrine",
    title = "the same in one flush, all kept"},
  {"W2", "std", file, data = "empty", most = 2.0, sqlalchemy = "7.2", mapper = "3.0 Doctrine", driver = "2.5",
    title = "100,000 rows by bulk insert"},
  {"W3", "std", file, data = "all", most = 4.0, bytes = 300, sqlalchemy = "34", mapper = "9.2 Drizzle",
    driver = "6.6", title = "500,000 objects in a list, one attribute of each read"},
  {"W3", "streamed", file, data = "all", most = 2.3, bytes = 130, title = "the same in a loop that keeps none"},
  {"W4", "streamed", file, data = "all", most = 2.5, sqlalchemy = "8.7", mapper = "4.1 Django", driver = "6.2",
    title = "500,000 rows of columns in a loop that keeps none"},
  {"W4", "std", file, data = "all", most = 4.0, sqlalchemy = "8.7", mapper = "4.1 Django", driver = "6.2",
    title = "the same in a list"},
  {"W5", "query", file, data = "some", most = 2.0, sqlalchemy = "40", mapper = "6 Drizzle", driver = "1.4",
    title = "10,000 queries by key in one session"},
  {"W5", "query", mem, data = "some", most = 4.0, sqlalchemy = "124", mapper = "6.6 Drizzle", driver = "2.2",
    title = "the same in memory"},
  {"W5", "get", file, data = "some", each = 0.15, unit = "µs", sqlalchemy = "3 µs", mapper = "0.2 µs Doctrine",
    title = "session:get answered by the identity map"},
  {"W6", "std", mem, data = "empty", most = 3.0, sqlalchemy = "142", mapper = "12 Doctrine", driver = "2.0",
    title = "10,000 sessions, each one insert and commit"},
  {"W7", "std", file, data = "some", most = 2.2, sqlalchemy = "35", mapper = "5.5 Drizzle", driver = "3.2",
    title = "load 50,000, change one attribute each, flush"},
  {"W8", "std", file, data = "some", most = 2.2, sqlalchemy = "25", mapper = "6.0 Drizzle", driver = "2.8",
    title = "load 50,000, delete each, flush"},
  {"W9", "joined", file, data = "graph", most = 2.5, sqlalchemy = "22", mapper = "4.7 Drizzle", driver = "3.0",
    title = "2,000 parents × 20 children, every child read"},
  {"W9", "selectin", file, data = "graph", most = 2.5, sqlalchemy = "25", mapper = "7.7 Drizzle", driver = "3.3",
    title = "the same with selectinload"},
  {"W9", "lazy", file, data = "graph", most = 3.3, sqlalchemy = "40", mapper = "5.7 Drizzle", driver = "3.3",
    title = "the same loaded lazily"},
  {"W10", "compile", mem, data = "empty", most = 25, sqlalchemy = "2,250", mapper = "173 TypeORM",
    title = "build a select of three joins and compile it, 20,000 times"},
  {"W10", "cached", mem, data = "empty", most = 25, sqlalchemy = "1,580", mapper = "96 Doctrine",
    title = "build it, compiled text from the cache"},
  {"W11", "std", file, data = "empty", most = 2.5, sqlalchemy = "57–91", mapper = "4–6.6 Drizzle",
    driver = "2–3", title = "2,000 parents with 20 new children each, one commit"},
  {"attribute", "read", mem, data = "empty", each = 60, unit = "ns", title = "read an attribute"},
  {"attribute", "write", mem, data = "empty", each = 80, unit = "ns", title = "write an attribute"},
  {"flush", "nothing", mem, data = "all", each = 20, unit = "µs", title = "flush nothing with 100,000 clean objects"},
  {"require", "std", mem, data = "empty", each = 10, unit = "ms", title = "require the module"},
}
