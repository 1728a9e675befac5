-- SPDX-License-Identifier: MIT
-- Collection classes, as SQLAlchemy's `sqlalchemy.orm.collections`: what a to-many attribute is if it is not to be the usual list.
--
--   tags = relationship("Tag", {collection_class = "set"})
--   notes = relationship("Note", {collection_class = orm.attribute_keyed_dict "keyword"})
--   slides = relationship("Slide", {collection_class = function() return SlideDeck.new() end})     a class of the program
local classes = require "lualchemy.orm._collection_class"
local keyed = require "lualchemy.orm.mapped_collection"

return require("lualchemy.strict").module("lualchemy.orm.collections", {
  collection = classes.collection,
  InstrumentedList = classes.InstrumentedList,
  InstrumentedSet = classes.InstrumentedSet,
  InstrumentedDict = keyed.KeyFuncDict,
  KeyFuncDict = keyed.KeyFuncDict,
  MappedCollection = keyed.KeyFuncDict,
  attribute_keyed_dict = keyed.attribute_keyed_dict,
  attribute_mapped_collection = keyed.attribute_keyed_dict,
  column_keyed_dict = keyed.column_keyed_dict,
  column_mapped_collection = keyed.column_keyed_dict,
  keyfunc_mapping = keyed.keyfunc_mapping,
  mapped_collection = keyed.keyfunc_mapping,
})
