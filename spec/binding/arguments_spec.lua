-- SPDX-License-Identifier: MIT
-- Wrong kinds of arguments: an error object of ours that names what the function takes, never one of Lua's from inside.
local la = require "lualchemy"
local automap = require "lualchemy.ext.automap"
local exc = require "lualchemy.exc"
local json = require "lualchemy.json"
local orderinglist = require "lualchemy.ext.orderinglist"
local orm = require "lualchemy.orm"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

describe("a wrong argument", function()
  local s, inspector, result, list
  before_each(function()
    s = shop.new():fill()
    inspector = la.inspect(s.engine)
    result = function() return s.session:execute(la.select(s.User.id)) end
    list = s.session:get(s.User, 1).addresses
  end)
  after_each(function() s:close() end)

  local calls = {
    {"of inspector:get_view_names", "a schema is a name, not 5", function() inspector:get_view_names(5) end},
    {"of inspector:reflect_table", "reflect_table takes a Table, not nil", function() inspector:reflect_table(nil) end},
    {"of a type's compile", "compile takes a table of keywords", function() la.String(5):compile(print) end},
    {"of a decorator's compile", "compile takes a table of keywords", function()
      la.TypeDecorator:class "Own" {impl = la.String}():compile(print)
    end},
    {"of sessionmaker:begin", "takes a function of the session, or nothing", function() orm.sessionmaker{bind = s.engine}:begin "x" end},
    {"of mixin", "mixin takes a table of attributes, not 5", function() orm.mixin(5) end},
    {"of registry", "registry takes a table of keywords", function() orm.registry(io.stdout) end},
    {"of configure_mappers", "configure takes a mapped class, not 5", function() orm.configure_mappers(5) end},
    {"of engine_from_config", "engine_from_config takes a table of settings", function() la.engine_from_config "x" end},
    {"of engine_from_config's prefix", "engine_from_config takes a prefix", function() la.engine_from_config({}, print) end},
    {"of an error", "ArgumentError takes a message and a table of fields", function() exc.ArgumentError("x", la.text "y") end},
    {"of json.array", "json.array takes a table", function() json.array "x" end},
    {"of count_from_1", "count_from_1 takes a number", function() orderinglist.count_from_1(nil) end},
    {"of OrderingList", "OrderingList takes the name of an attribute", function() orderinglist.OrderingList() end},
    {"of OrderingList's options", "OrderingList takes a table of options", function() orderinglist.OrderingList "position" end},
    {"of name_for_scalar_relationship", "takes a mapped class as its third argument", function() automap.name_for_scalar_relationship() end},
    {"of name_for_collection_relationship", "takes a mapped class as its third argument", function()
      automap.name_for_collection_relationship(nil, nil, {__name__ = 5})
    end},
    {"of generate_relationship", "takes orm.relationship or orm.backref as its third argument", function()
      automap.generate_relationship(nil, "ONETOMANY")
    end},
    {"of append_constraint", "append_constraint takes a constraint or an Index", function() s.User.__table__:append_constraint(nil) end},
    {"of sort_tables", "sort_tables takes a list of Tables", function() la.schema.sort_tables(5) end},
    {"of fetchmany", "fetchmany", function() result():fetchmany "x" end},
    {"of partitions", "partitions", function() result():partitions "x" end},
    {"of yield_per", "yield_per", function() result():yield_per "x" end},
    {"of a collection's insert", "insert", function() list:insert("x", s.Address{email = "e"}) end},
    {"of a collection's pop", "pop", function() list:pop "x" end},
  }
  for _, call in ipairs(calls) do
    it(call[1] .. " is told", function() fails(exc.ArgumentError, call[2], call[3]) end)
  end

  it("to a foreign key without a table is told", function()
    fails(exc.InvalidRequestError, "belongs to no table yet", function() la.ForeignKey "users.id":references(s.User.__table__) end)
  end)

  it("leaves the session and the list of use", function()
    pcall(list.insert, list, "x", s.Address{email = "e"})
    assert.equal(2, #list)
    assert.equal(3, s.session:query(s.User):count())
  end)
end)
