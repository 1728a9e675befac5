-- SPDX-License-Identifier: MIT
-- Collections that are no lists: sets, keyed dictionaries, classes of the program, ordering lists.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local warnings = require "lualchemy.warnings"
local ordering_list = require("lualchemy.ext.orderinglist").ordering_list

local Column, Integer, String, ForeignKey, relationship = la.Column, la.Integer, la.String, la.ForeignKey, orm.relationship

--- Items with notes, whose collection has the options, and a session on a database of them.
local function world(options, cascade)
  local Base = orm.declarative_base()
  local given = {back_populates = "item", order_by = "Note.id", cascade = cascade}
  for key, value in pairs(options) do given[key] = value end
  local Item = Base:class "Item" {
    __tablename__ = "items",
    id = Column(Integer, {primary_key = true}),
    notes = relationship("Note", given),
  }
  local Note = Base:class "Note" {
    __tablename__ = "notes",
    id = Column(Integer, {primary_key = true}),
    keyword = Column(String),
    place = Column(Integer),
    item_id = Column(Integer, ForeignKey "items.id"),
    item = relationship("Item", {back_populates = "notes"}),
  }
  local engine = la.create_engine "sqlite://"
  Base.metadata:create_all(engine)
  return {Item = Item, Note = Note, session = orm.Session(engine), engine = engine}
end

local function names(objects)
  local list = {}
  for i, object in ipairs(objects) do list[i] = object.keyword end
  return table.concat(list, " ")
end

--- The keywords of the notes in the database that belong to an item.
local function stored(w)
  return names(w.session:execute(la.select(w.Note.keyword):where(w.Note.item_id:ne(nil)):order_by(w.Note.id)):all())
end

describe("collection_class = \"set\" (REL-19)", function()
  it("has each object once, and tells the other side", function()
    local w = world {collection_class = "set"}
    local item, a, b = w.Item {}, w.Note {keyword = "a"}, w.Note {keyword = "b"}
    item.notes:add(a)
    item.notes:add(a)
    item.notes:update {a, b}
    assert.equal(2, #item.notes)
    assert.equal(item, b.item)
    assert.is_true(item.notes:contains(b))
    b.item = nil
    assert.is_false(item.notes:contains(b))
    item.notes:discard(b)
    fails(exc.ArgumentError, "the object is not in the set", function() item.notes:remove(b) end)
    w.session:add(item)
    w.session:commit()
    assert.equal("a", stored(w))
    assert.equal("a", names(item.notes))
  end)

  it("takes what the other side brings, loaded or not", function()
    local w = world {collection_class = "set"}
    w.session:add(w.Item {notes = {w.Note {keyword = "a"}}})
    w.session:commit()
    local item = w.session:get(w.Item, 1)
    local b = w.Note {keyword = "b", item = item}
    w.session:add(b)
    assert.equal(2, #item.notes)
    w.session:add(w.Note {keyword = "c", item = item})
    assert.equal("a b c", names(item.notes))
    w.session:delete(b)
    w.session:commit()
    assert.equal("a c", names(item.notes))
  end)

  it("computes as sets do", function()
    local w = world {collection_class = "set"}
    local a, b, c = w.Note {keyword = "a"}, w.Note {keyword = "b"}, w.Note {keyword = "c"}
    local set = w.Item({notes = {a, b}}).notes
    assert.equal("a b c", names(set:union {b, c}))
    assert.equal("b", names(set:intersection {b, c}))
    assert.equal("a", names(set:difference {b, c}))
    assert.equal("a c", names(set:symmetric_difference {b, c}))
    assert.is_true(set:issuperset {a} and set:issubset {a, b, c} and set:isdisjoint {c})
    set:symmetric_difference_update {b, c}
    assert.equal("a c", names(set))
    assert.is_nil(b.item)
    set:intersection_update {c}
    set:difference_update {a}
    assert.equal(c, set:pop())
    fails(exc.ArgumentError, "the set is empty", function() set:pop() end)
    set:update {a, b}
    set:clear()
    assert.equal(0, #set)
    fails(exc.ArgumentError, "update takes a sequence of objects, not a string", function() set:update "x" end)
  end)

  it("is emptied from its end, where the list finds each object without a search", function()
    for _, class in ipairs {"set", "dictionary"} do
      local w = world {collection_class = class == "set" and class or orm.attribute_keyed_dict "keyword"}
      local item, left = w.Item {}, {}
      for _, word in ipairs {"a", "b", "c"} do w.Note {keyword = word, item = item} end
      la.event.listen(w.Item.notes, "remove", function(_, note) left[#left + 1] = note.keyword end)
      item.notes:clear()
      assert.same({class, "c", "b", "a"}, {class, table.unpack(left)})
      assert.equal(0, #item.notes)
    end
  end)

  it("can be changed while it is walked over", function()
    local w = world {collection_class = "set"}
    local set = w.Item({notes = {w.Note {keyword = "a"}, w.Note {keyword = "b"}, w.Note {keyword = "c"}}}).notes
    local seen = {}
    for _, note in pairs(set) do
      seen[#seen + 1] = note
      set:remove(note)
    end
    assert.equal("a b c", names(seen))
    assert.equal(0, #set)
  end)

  it("assigns as a whole with the events of the difference alone", function()
    local w = world({collection_class = "set"}, "all, delete-orphan")
    local a, b, c = w.Note {keyword = "a"}, w.Note {keyword = "b"}, w.Note {keyword = "c"}
    local item = w.Item {notes = {a, b}}
    w.session:add(item)
    w.session:commit()
    local heard = {}
    for _, name in ipairs {"append", "remove"} do
      la.event.listen(w.Item.notes, name, function(_, note) heard[#heard + 1] = name .. " " .. note.keyword end)
    end
    local before = item.notes
    item.notes = {b, c, c}
    assert.same({"append c", "remove a"}, heard)
    assert.equal("b c", names(item.notes))
    local history = la.inspect(item).attrs.notes.history
    assert.same({"c", "b", "a"}, {names(history.added), names(history.unchanged), names(history.deleted)})
    before:add(w.Note {keyword = "x"}) -- the set that was there belongs to nobody
    assert.equal(2, #item.notes)
    w.session:commit()
    assert.equal("b c", stored(w))
    assert.equal(2, w.session:query(w.Note):count())
  end)

  it("tells of an object that is there already", function()
    local w = world {collection_class = "set"}
    local a = w.Note {keyword = "a"}
    local item = w.Item {notes = {a}}
    local heard = {}
    la.event.listen(w.Item.notes, "append_wo_mutation", function(object, value) heard = {object, value} end)
    item.notes:add(a)
    assert.same({item, a}, heard)
  end)

  it("loads by every strategy", function()
    for _, lazy in ipairs {"select", "joined", "selectin", "subquery", "immediate"} do
      local w = world {collection_class = "set", lazy = lazy}
      w.session:add(w.Item {notes = {w.Note {keyword = "a"}, w.Note {keyword = "b"}}})
      w.session:commit()
      w.session:expunge_all()
      local item = w.session:query(w.Item):one()
      assert.equal("a b", names(item.notes), lazy)
      assert.equal(item, item.notes[1].item)
    end
  end)

  it("is merged and refuses other kinds of value", function()
    local w = world {collection_class = "set"}
    local other <close> = orm.Session(w.engine)
    w.session:add(w.Item {notes = {w.Note {keyword = "a"}}})
    w.session:commit()
    local copy = other:merge(w.session:get(w.Item, 1))
    assert.equal("a", names(copy.notes))
    fails(exc.ArgumentError, "Incompatible collection type for Item.notes: nil is not set-like", function() copy.notes = nil end)
    fails(exc.ArgumentError, "a number is not set-like", function() copy.notes = 3 end)
    fails(exc.InvalidRequestError, "a set of objects has no places", function() copy.notes[1] = w.Note {} end)
    fails(exc.ArgumentError, "has no \"append\"", function() copy.notes:append(w.Note {}) end)
    fails(exc.ArgumentError, "Expected an object of type Note", function() copy.notes:add(w.Item {}) end)
    assert.equal(1, #copy.notes)
  end)
end)

describe("keyed dictionaries (REL-19)", function()
  local function keyed(options)
    return world({collection_class = orm.attribute_keyed_dict("keyword", options)}, "all, delete-orphan")
  end

  it("find objects by an attribute, and write them", function()
    local w = keyed()
    local item = w.Item {notes = {color = w.Note {keyword = "color"}}}
    item.notes.size = w.Note {keyword = "size"}
    item.notes:set(w.Note {keyword = "age"})
    w.session:add(item)
    w.session:commit()
    assert.equal("size", item.notes.size.keyword)
    assert.equal(item, item.notes.age.item)
    assert.is_nil(item.notes.weight)
    assert.same({"color", "size", "age"}, item.notes:keys())
    assert.equal('["color", "size", "age"]', tostring(item.notes:keys()))
    local seen = {}
    for key, note in pairs(item.notes) do seen[#seen + 1] = key .. "=" .. note.keyword end
    assert.same({"color=color", "size=size", "age=age"}, seen)
    item.notes.color = nil
    w.session:commit()
    assert.equal("size age", stored(w))
    assert.equal(2, #item.notes)
  end)

  it("put a new object in the place of the one with its key, also from the other side", function()
    local w = keyed()
    local first, second, third = w.Note {keyword = "a"}, w.Note {keyword = "a"}, w.Note {keyword = "a"}
    local item = w.Item {notes = {a = first}}
    w.session:add(item)
    w.session:commit()
    item.notes.a = second
    assert.is_nil(first.item)
    third.item = item
    w.session:add(third)
    assert.is_nil(second.item)
    assert.equal(third, item.notes.a)
    assert.equal(1, #item.notes)
    w.session:commit()
    assert.equal(1, w.session:query(w.Note):count())
  end)

  it("have the methods of dictionaries", function()
    local w = keyed()
    local a, b, c = w.Note {keyword = "a"}, w.Note {keyword = "b"}, w.Note {keyword = "c"}
    local notes = w.Item({}).notes
    notes:update {a = a}
    assert.equal(a, notes:setdefault("a", b))
    assert.equal(b, notes:setdefault("b", b))
    assert.equal(a, notes:get "a")
    assert.equal(c, notes:get("c", c))
    assert.is_true(notes:contains "a")
    assert.same({{"a", a}, {"b", b}}, notes:items())
    assert.equal("a b", names(notes:values()))
    assert.equal("{a = " .. tostring(a) .. ", b = " .. tostring(b) .. "}", tostring(notes))
    assert.equal(a, notes:pop "a")
    assert.is_nil(a.item)
    assert.equal(7, notes:pop("a", 7))
    fails(exc.ArgumentError, "the dictionary has no key \"a\"", function() notes:pop "a" end)
    assert.same({"b", b}, {notes:popitem()})
    fails(exc.ArgumentError, "the dictionary is empty", function() notes:popitem() end)
    notes:update {a = a, b = b}
    notes:clear()
    assert.equal(0, #notes)
  end)

  it("keep the key that an object came with, and say so when it is taken out", function()
    local w = keyed()
    local a = w.Note {keyword = "a"}
    local notes = w.Item({notes = {a = a}}).notes
    a.keyword = "b"
    assert.equal(a, notes.a)
    assert.is_nil(notes.b)
    fails(exc.InvalidRequestError, "Possible cause: is the KeyFuncDict key function based on mutable properties", function() notes:remove(a) end)
    notes.b = a
    assert.same({"b"}, notes:keys())
    notes:remove(a)
    assert.is_nil(a.item)
  end)

  it("want a key, unless they are told to pass objects without over", function()
    local w = keyed()
    local item = w.Item {}
    local note = w.Note {}
    fails(exc.InvalidRequestError, "can't populate value in KeyFuncDict; dictionary key derived from", function() note.item = item end)
    assert.is_nil(note.item)
    assert.equal(0, #item.notes)
    local told = warnings.catch_warnings(function() item.notes:set(w.Note {keyword = la.null}) end)
    assert.truthy(told[1].message:find("Attribute keyed dictionary value for attribute 'Item.notes' was None", 1, true))
    assert.truthy(item.notes[la.null])
    w = keyed {ignore_unpopulated_attribute = true}
    item = w.Item {}
    note = w.Note {item = item}
    assert.equal(item, note.item)
    assert.equal(0, #item.notes)
  end)

  it("check the keys of a table that is assigned", function()
    local w = keyed()
    local item = w.Item {notes = {a = w.Note {keyword = "a"}}}
    fails(exc.ArgumentError, "Found incompatible key \"x\" for value Note(", function() item.notes = {x = w.Note {keyword = "y"}} end)
    fails(exc.ArgumentError, "Incompatible collection type for Item.notes: a string is not dict-like", function() item.notes = "x" end)
    fails(exc.ArgumentError, "takes an object, not a number", function() item.notes = {x = 3} end)
    assert.equal(1, #item.notes)
    item.notes = {}
    assert.equal(0, #item.notes)
  end)

  it("find objects by columns, and by a function", function()
    local w = world {collection_class = function() return orm.KeyFuncDict(function(note) return note.keyword:upper() end) end}
    local item = w.Item {notes = {A = w.Note {keyword = "a"}}}
    assert.equal("a", item.notes.A.keyword)
    w = world {collection_class = orm.keyfunc_mapping(function(note) return #note.keyword end)}
    item = w.Item {notes = {[2] = w.Note {keyword = "xy"}}}
    assert.equal("xy", item.notes[2].keyword)
    w = world {}
    w.Item.by_place = relationship("Note", {
      overlaps = "notes, item", collection_class = orm.column_keyed_dict {w.Note.__table__.c.keyword, w.Note.place},
    })
    w.Item.by_keyword = relationship("Note", {viewonly = true, collection_class = orm.column_keyed_dict(w.Note.__table__.c.keyword)})
    w.session:add(w.Item {notes = {w.Note {keyword = "a"}}})
    w.session:commit()
    assert.equal("a", w.session:get(w.Item, 1).by_keyword.a.keyword)
    item = w.Item {}
    item.by_place:set(w.Note {keyword = "a", place = 1})
    item.by_place:set(w.Note {keyword = "a", place = 2})
    assert.equal(2, item.by_place[{"a", 2}].place)
    assert.is_nil(item.by_place[{"a", 3}])
    assert.same({"a", 1}, table.move(item.by_place:keys()[1], 1, 2, 1, {}))
    fails(exc.ArgumentError, 'column_keyed_dict takes a column, or a sequence of columns, not "x"', function() orm.column_keyed_dict "x" end)
    item.by_place[{"a", 1}] = nil
    assert.equal(1, #item.by_place)
  end)

  it("are merged, loaded eagerly and emptied by a rollback", function()
    local w = keyed()
    w.session:add(w.Item {notes = {a = w.Note {keyword = "a"}, b = w.Note {keyword = "b"}}})
    w.session:commit()
    w.session:expunge_all()
    local item = w.session:query(w.Item):options(orm.joinedload(w.Item.notes)):first()
    assert.equal(2, #item.notes)
    local other <close> = orm.Session(w.engine)
    local copy = other:merge(item)
    assert.equal("b", copy.notes.b.keyword)
    copy.notes.a = nil
    other:rollback()
    assert.equal("a", copy.notes.a.keyword)
  end)
end)

describe("classes of the program (REL-19)", function()
  local collection = orm.collections.collection

  local function bag_class()
    local Bag = {}
    Bag.__index = Bag
    Bag.new = function() return setmetatable({objects = {}}, Bag) end
    Bag.put = collection.appender(function(self, object)
      self.objects[#self.objects + 1] = object
      return #self.objects
    end)
    Bag.take = collection.remover(function(self, object)
      for i, found in ipairs(self.objects) do
        if found == object then return table.remove(self.objects, i) end
      end
    end)
    Bag.each = collection.iterator(function(self) return ipairs(self.objects) end)
    Bag.swap = collection.replaces(2)(function(self, i, object)
      local old = self.objects[i]
      self.objects[i] = object
      return old
    end)
    Bag.push_all = function(self, ...)
      for _, object in ipairs {...} do self:put(object) end
    end
    Bag.drop_last = collection.removes_return()(function(self)
      local object = self.objects[#self.objects]
      if object then self:take(object) end
      return object
    end)
    Bag.cut = collection.removes_return()(function(self) return table.remove(self.objects) end)
    Bag.shift = collection.removes(1)(function(self, object)
      assert(object == table.remove(self.objects, 1))
    end)
    Bag.unshift = collection.adds(1)(function(self, object) table.insert(self.objects, 1, object) end)
    return Bag
  end

  it("say by marks which methods add and remove", function()
    local Bag = bag_class()
    local w = world({collection_class = Bag.new}, "all, delete-orphan")
    local item = w.Item {}
    local a, b, c = w.Note {keyword = "a"}, w.Note {keyword = "b"}, w.Note {keyword = "c"}
    assert.equal(1, item.notes:put(a))
    item.notes:push_all(b)
    assert.equal(item, b.item)
    w.session:add(item)
    w.session:commit()
    assert.equal("a b", names(item.notes.objects))
    item.notes:swap(1, c)
    assert.is_nil(a.item)
    assert.equal(item, c.item)
    assert.equal(b, item.notes:drop_last())
    assert.is_nil(b.item)
    item.notes:unshift(a)
    assert.equal("a c", names(item.notes.objects))
    item.notes:shift(a)
    assert.equal(c, item.notes:cut())
    assert.is_nil(item.notes:cut())
    w.session:add(c)
    c.item = item
    assert.equal("c", names(item.notes.objects))
    w.session:commit()
    assert.equal("c", stored(w))
    assert.equal(1, w.session:query(w.Note):count())
  end)

  it("are taken over when one is assigned", function()
    local Bag = bag_class()
    local w = world {collection_class = Bag.new}
    local item, bag = w.Item {notes = {w.Note {keyword = "x"}}}, Bag.new()
    bag:put(w.Note {keyword = "a"})
    item.notes = bag
    assert.equal(bag, item.notes)
    local b = w.Note {keyword = "b"}
    bag:put(b)
    assert.equal(item, b.item)
    item.notes = item.notes
    assert.equal("a b", names(item.notes.objects))
  end)

  it("are refused without the methods that it takes, or with a mark that is wrong", function()
    local function configured(class)
      return function() world({collection_class = class}).Item {} end
    end
    local Bag = bag_class()
    Bag.put = nil
    fails(exc.ArgumentError, "Item.notes: the collection_class must elect an appender method", configured(Bag.new))
    fails(exc.ArgumentError, "collection_class makes a number instead of a collection", configured(function() return 3 end))
    fails(exc.ArgumentError, "without a class", configured(function() return {} end))
    fails(exc.ArgumentError, "collection_class is \"list\", \"set\", a class of collections, or a function", configured(7))
    fails(exc.ArgumentError, "collection.adds takes the place of the object", function() collection.adds "x" end)
    fails(exc.ArgumentError, "a method is a function, not a nil", function() collection.appender(nil) end)
  end)

  it("come from the list, set and dictionary classes too", function()
    local List, Set = orm.collections.InstrumentedList, orm.collections.InstrumentedSet
    local Loud = Set:class "Loud" {
      add = function(self, object)
        if not self:contains(object) then self.shouts = (self.shouts or 0) + 1 end
        Set.add(self, object)
      end,
    }
    local w = world {collection_class = Loud}
    local item = w.Item {}
    item.notes:add(w.Note {keyword = "a"})
    w.Note {keyword = "b", item = item}
    assert.equal(2, item.notes.shouts)
    local Named = List:class "Named" {__tostring = function(self) return "named " .. names(self) end}
    w = world {collection_class = Named}
    item = w.Item {notes = {w.Note {keyword = "b"}, w.Note {keyword = "a"}}}
    table.sort(item.notes, function(a, b) return a.keyword < b.keyword end)
    table.insert(item.notes, 2, w.Note {keyword = "x"})
    assert.equal("named a x b", tostring(item.notes))
    assert.equal("x", item.notes:pop(2).keyword)
    item.notes:extend {w.Note {keyword = "y"}}
    item.notes[1] = w.Note {keyword = "z"}
    w.session:add(item)
    w.session:commit()
    assert.equal("z b y", stored(w))
    fails(exc.ArgumentError, "place 9 is outside of a list of 3", function() item.notes:insert(9, w.Note {}) end)
  end)
end)

describe("ordering_list (EXT-03)", function()
  local function places(item)
    local list = {}
    for i, note in ipairs(item.notes) do list[i] = note.keyword .. note.place end
    return table.concat(list, " ")
  end

  local function deck(options)
    local w = world {collection_class = ordering_list("place", options), order_by = "Note.place"}
    w.item = w.Item {notes = {w.Note {keyword = "a"}, w.Note {keyword = "b"}}}
    w.session:add(w.item)
    w.session:flush()
    return w, w.item
  end

  it("counts from 0, and keeps the count in every change", function()
    local w, item = deck()
    assert.equal("a0 b1", places(item))
    item.notes:insert(1, w.Note {keyword = "z"})
    assert.equal("z0 a1 b2", places(item))
    item.notes:append(w.Note {keyword = "y"})
    w.session:add(w.Note {keyword = "x", item = item})
    assert.equal("z0 a1 b2 y3 x4", places(item))
    item.notes:remove(item.notes[2])
    assert.equal("z0 b1 y2 x3", places(item))
    item.notes:pop(1)
    item.notes[1] = w.Note {keyword = "c"}
    table.insert(item.notes, 2, w.Note {keyword = "d"})
    assert.equal("c0 d1 y2 x3", places(item))
    table.remove(item.notes, 1)
    w.session:commit()
    assert.equal("d0 y1 x2", places(item))
  end)

  it("counts from another number or by a function", function()
    local _, item = deck {count_from = 1}
    assert.equal("a1 b2", places(item))
    _, item = deck {ordering_func = function(index) return index * 10 end}
    assert.equal("a0 b10", places(item))
    fails(exc.ArgumentError, "ordering_func is a function", function() ordering_list("place", {ordering_func = 3}) end)
    fails(exc.ArgumentError, "did you mean \"count_from\"?", function() ordering_list("place", {count_form = 3}) end)
  end)

  it("leaves a place that an object has when it is appended, until reorder()", function()
    local w, item = deck()
    item.notes:append(w.Note {keyword = "c", place = 9})
    assert.equal("a0 b1 c9", places(item))
    item.notes:reorder()
    assert.equal("a0 b1 c2", places(item))
    w, item = deck {reorder_on_append = true}
    item.notes:append(w.Note {keyword = "c", place = 9})
    assert.equal("a0 b1 c2", places(item))
  end)

  it("leaves what a whole list brings where it has a place", function()
    local w, item = deck()
    local a, b = item.notes[1], item.notes[2]
    item.notes = {b, w.Note {keyword = "c"}}
    assert.equal("b1 c1", places(item))
    assert.is_nil(a.item)
  end)
end)

describe("a method of an own collection class that fails", function()
  it("leaves the collection, its history and the other side as they were (REL-19)", function()
    local collection = require("lualchemy.orm.collections").collection
    local Bag = {}
    Bag.__index = Bag
    Bag.add = collection.appender(function(self, note)
      if note.keyword == "heavy" then error("too heavy", 0) end
      self.notes[#self.notes + 1] = note
    end)
    Bag.drop = collection.remover(function(self, note)
      if note.keyword == "stuck" then error("stuck", 0) end
      for i, mine in ipairs(self.notes) do
        if mine == note then return table.remove(self.notes, i) end
      end
    end)
    Bag.each = collection.iterator(function(self) return ipairs(self.notes) end)
    local w = world {collection_class = function() return setmetatable({notes = {}}, Bag) end}
    local item, stuck, heavy = w.Item {}, w.Note {keyword = "stuck"}, w.Note {keyword = "heavy"}
    item.notes:add(stuck)
    item.notes:add(w.Note {keyword = "light"})
    w.session:add(item)
    w.session:commit()
    local function check()
      assert.equal(2, #item.notes.notes)
      assert.equal(item, stuck.item)
      assert.is_nil(heavy.item)
      local history = la.inspect(item).attrs.notes.history
      assert.same({0, 2, 0}, {#history.added, #history.unchanged, #history.deleted})
    end
    local function fails_plainly(message, fn) assert.same({false, message}, {pcall(fn)}) end
    assert.equal(2, #item.notes.notes)
    fails_plainly("stuck", function() item.notes:drop(stuck) end)
    check()
    fails_plainly("stuck", function() stuck.item = nil end)
    check()
    fails_plainly("too heavy", function() item.notes:add(heavy) end)
    check()
    fails_plainly("too heavy", function() heavy.item = item end)
    check()
    w.session:commit()
    check()
  end)
end)
