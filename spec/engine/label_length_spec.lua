-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local database = require "spec.support.database"
local fails = require "spec.support.fails"

describe("names that are made (ENG-15)", function()
  local t
  before_each(function()
    t = la.Table("some_long_table", la.MetaData(), la.Column("id", la.Integer, {primary_key = true}), la.Column("another_long_column", la.Integer))
  end)
  after_each(database.clean)

  local function sql(options, statement)
    options.memory = true
    return (tostring(statement:compile(database.engine(options))):gsub("%s+", " "))
  end
  local function labelled()
    return la.select(t):set_label_style(la.LABEL_STYLE_TABLENAME_PLUS_COL)
  end

  it("are cut to label_length and numbered in the order of their use", function()
    assert.equal("SELECT some_long_table.id AS some_long__1, some_long_table.another_long_column AS some_long__2 FROM some_long_table",
      sql({label_length = 16}, labelled()))
    assert.equal("SELECT some_long__1.id, some_long__1.another_long_column FROM some_long_table AS some_long__1",
      sql({label_length = 16}, la.select(t:alias())))
    assert.equal("SELECT some_long_table.id AS _1, some_long_table.another_long_column AS _2 FROM some_long_table",
      sql({label_length = 1}, labelled()))
  end)

  it("are cut to max_identifier_length without one, and to nothing by default", function()
    assert.equal("SELECT some_long_table.id AS some_1, some_long_table.another_long_column AS some_2 FROM some_long_table",
      sql({max_identifier_length = 10}, labelled()))
    local whole = "SELECT some_long_table.id AS some_long_table_id, \z
      some_long_table.another_long_column AS some_long_table_another_long_column FROM some_long_table"
    assert.equal(whole, sql({}, labelled()))
    assert.equal(whole, sql({label_length = 0}, labelled()))
    assert.equal(10, database.engine {memory = true, max_identifier_length = 10}.dialect.max_identifier_length)
  end)

  it("still name the columns of rows", function()
    local conn <close> = database.engine {memory = true, label_length = 16}:connect()
    t.metadata:create_all(conn)
    conn:execute(la.insert(t):values {id = 1, another_long_column = 5})
    assert.equal(5, conn:execute(labelled():where(t.c.another_long_column:eq(5))):one()[t.c.another_long_column])
  end)

  it("have a length that the dialect takes", function()
    fails(la.exc.ArgumentError, "label_length is 20000, which is more than this dialect's max_identifier_length of 9999",
      function() la.create_engine("sqlite://", {label_length = 20000}) end)
    fails(la.exc.ArgumentError, "create_engine: label_length is a number from 0 on", function() la.create_engine("sqlite://", {label_length = -1}) end)
  end)
end)
