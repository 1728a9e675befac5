-- SPDX-License-Identifier: MIT
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local mutable = require "lualchemy.ext.mutable"
local collect = require "spec.support.collect"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

local Column, Integer = la.Column, la.Integer

local function open(fields)
  local Base = orm.declarative_base()
  fields.__tablename__ = "docs"
  fields.id = Column(Integer, {primary_key = true})
  return shop.open({Base = Base, Doc = Base:class "Doc" (fields)})
end

--- A document with `data`, committed and read again.
local function stored(type, data)
  local s = open{data = Column(type)}
  s.session:add(s.Doc{id = 1, data = data})
  s.session:commit()
  s:forget()
  return s, s.session:get(s.Doc, 1)
end

local function json_of(s)
  return s.session:execute(la.text "SELECT data FROM docs"):scalar()
end

describe("a mutable value (EXT-05)", function()
  it("marks its attribute when it is changed inside, at any depth", function()
    local s, doc = stored(mutable.MutableDict.as_mutable(la.JSON), {title = "a", deep = {list = {1, {x = 1}}}})
    doc.data.deep.list[2].x = 5
    assert.is_true(s.session.dirty:contains(doc))
    assert.same({"UPDATE docs SET data=? WHERE docs.id = ?"}, s:during(function() s.session:commit() end))
    assert.equal('{"deep": {"list": [1, {"x": 5}]}, "title": "a"}', json_of(s))
    table.insert(doc.data.deep.list, "end")
    doc.data.title = nil
    s.session:commit()
    assert.equal('{"deep": {"list": [1, {"x": 5}, "end"]}}', json_of(s))
    assert.same({}, s:during(function() s.session:commit() end))
    s:close()
  end)

  it("reads as a plain table does", function()
    local s, doc = stored(mutable.Mutable.as_mutable(la.JSON), {"c", "a", "b", {x = 1}})
    local data = doc.data
    assert.equal("table", type(data))
    assert.equal(4, #data)
    assert.equal("c a b", table.concat(data, " ", 1, 3))
    assert.equal(data[4], data[4])
    assert.equal(doc.data, data)
    local seen = {}
    for i, value in ipairs(data) do seen[i] = type(value) == "table" and value.x or value end
    assert.same({"c", "a", "b", 1}, seen)
    for key, value in pairs(data[4]) do seen[key] = value end
    assert.equal(1, seen.x)
    table.remove(data)
    table.sort(data)
    s.session:commit()
    assert.equal('["a", "b", "c"]', json_of(s))
    assert.equal('{"a", "b", "c"}', tostring(doc.data))
    s:close()
  end)

  it("has a history without the value before, which is lost", function()
    local s, doc = stored(mutable.MutableDict.as_mutable(la.JSON), {a = 1})
    doc.data.b = 2
    local history = la.inspect(doc).attrs.data.history
    assert.same({1, 0, 0}, {#history.added, #history.unchanged, #history.deleted})
    assert.same({a = 1, b = 2}, mutable.plain(history.added[1]))
    s.session:rollback()
    assert.equal(1, doc.data.a)
    doc.data = {z = 1}
    history = la.inspect(doc).attrs.data.history
    assert.same({z = 1}, mutable.plain(history.added[1]))
    assert.same({a = 1}, mutable.plain(history.deleted[1]))
    s:close()
  end)

  it("goes back with a rollback, and is read anew after an expiry or a refresh", function()
    local s, doc = stored(mutable.MutableDict.as_mutable(la.JSON), {a = 1})
    local old = doc.data
    old.a = 2
    s.session:rollback()
    assert.equal(1, doc.data.a)
    s.session:no_autoflush(function()
      doc.data.a = 3
      s.session:refresh(doc)
    end)
    assert.equal(1, doc.data.a)
    doc.data.a = 4
    s.session:flush()
    doc.data.a = 5
    s.session:commit()
    assert.equal("{\"a\": 5}", json_of(s))
    local held = doc.data
    s.session:expire(doc)
    fails(exc.InvalidRequestError, "Can't flag attribute 'data' modified; it's not present in the object state", function() held.a = 6 end)
    assert.equal(5, doc.data.a)
    held.a = 7
    assert.same({}, s:during(function() s.session:commit() end))
    s:close()
  end)

  it("is on its own once another value has its place", function()
    local s, doc = stored(mutable.MutableDict.as_mutable(la.JSON), {a = 1})
    local old = doc.data
    doc.data = {b = 1}
    s.session:flush()
    old.a = 2
    assert.is_false(s.session.dirty:contains(doc))
    doc.data = old
    doc.data.c = 3
    s.session:commit()
    assert.equal('{"a": 2, "c": 3}', json_of(s))
    s:close()
  end)

  it("is copied when it is assigned, so that two owners share nothing", function()
    local s = open{data = Column(mutable.MutableDict.as_mutable(la.JSON))}
    local given = {a = {1}}
    local one, two = s.Doc{id = 1, data = given}, s.Doc{id = 2}
    two.data = one.data
    two.data.b = one.data.a
    s.session:add_all{one, two}
    s.session:commit()
    one.data.a[1] = 9
    assert.is_false(s.session.dirty:contains(two))
    assert.equal(1, two.data.b[1])
    assert.equal(1, given.a[1])
    s:close()
  end)

  it("is copied by merge, to an object that then watches its own", function()
    local s, doc = stored(mutable.MutableDict.as_mutable(la.JSON), {a = 1})
    s.session:expunge(doc)
    doc.data.a = 2
    local merged = s.session:merge(doc)
    s.session:commit()
    assert.equal('{"a": 2}', json_of(s))
    merged.data.a = 3
    assert.equal(2, doc.data.a)
    s.session:commit()
    assert.equal('{"a": 3}', json_of(s))
    s:close()
  end)

  it("keeps its object alive, so that no change is lost", function()
    local s = stored(mutable.MutableDict.as_mutable(la.JSON), {list = {}})
    do
      local list = s.session:get(s.Doc, 1).data.list
      collect.all()
      list[1] = "x"
      collect.all()
    end
    s.session:commit()
    assert.equal('{"list": ["x"]}', json_of(s))
    assert.is_true(collect.goes(function()
      local doc = s.session:get(s.Doc, 1)
      assert.equal("x", doc.data.list[1])
      return doc
    end))
    s:close()
  end)

  it("takes what is for its class, and nil", function()
    local s = open{data = Column(mutable.MutableDict.as_mutable(la.JSON)), list = Column(mutable.MutableList.as_mutable(la.JSON))}
    fails(exc.ArgumentError, "Attribute 'data' does not accept objects of type string", function() return s.Doc{data = "x"} end)
    fails(exc.ArgumentError, "does not accept lists", function() return s.Doc{data = {1}} end)
    fails(exc.ArgumentError, "does not accept a table with named fields", function() return s.Doc{list = {a = 1}} end)
    local doc = s.Doc{id = 1, data = {}, list = {}}
    s.session:add(doc)
    s.session:commit()
    assert.same({"{}", "[]"}, {table.unpack(s.session:execute(la.text "SELECT data, list FROM docs"):one())})
    doc.list[1] = 1
    table.remove(doc.list)
    doc.data = nil
    s.session:commit()
    assert.is_nil(doc.data)
    assert.equal("[]", s.session:execute(la.text "SELECT list FROM docs"):scalar())
    s:close()
  end)

  it("comes from associate_with and associate_with_attribute too, and to subclasses", function()
    local Packed = la.TypeDecorator:class "Packed" {
      impl = la.String,
      process_bind_param = function(_, value) return value and value.a .. "," .. value.b end,
      process_result_value = function(_, value)
        if value == nil then return nil end
        local a, b = value:match "(.*),(.*)"
        return {a = a, b = b}
      end,
    }
    mutable.MutableDict.associate_with(Packed)
    local s = open{packed = Column(Packed), data = Column(la.JSON), kind = Column(la.String),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "doc"}}
    local Memo = s.Doc:class "Memo" {__mapper_args__ = {polymorphic_identity = "memo"}}
    mutable.MutableDict.associate_with_attribute(s.Doc.data)
    s.session:add(Memo{id = 1, packed = {a = "x", b = "y"}, data = {}})
    s.session:commit()
    local memo = s.session:get(s.Doc, 1)
    memo.packed.b, memo.data.n = "z", 1
    s.session:commit()
    assert.same({"x,z", '{"n": 1}'}, {table.unpack(s.session:execute(la.text "SELECT packed, data FROM docs"):one())})
    s:close()
  end)

  it("may be of a class of one's own, with methods, coerce and changed", function()
    local changes = 0
    local Point = mutable.Mutable:class "Point" {
      coerce = function(_, key, value)
        if type(value) == "string" then
          local x, y = value:match "(%d+) (%d+)"
          return {x = tonumber(x), y = tonumber(y)}
        end
        return mutable.Mutable.coerce(key, value)
      end,
      move = function(self, x) self.x = self.x + x end,
      changed = function() changes = changes + 1 end,
    }
    local s, doc = stored(Point.as_mutable(la.JSON), "1 2")
    doc.data:move(4)
    assert.equal(1, changes)
    s.session:commit()
    assert.equal('{"x": 5, "y": 2}', json_of(s))
    fails(exc.ArgumentError, "does not accept objects of type number", function() doc.data = 5 end)
    s:close()
  end)

  it("is plain for what is not its object: rows, serializers, to_table, statements", function()
    local given = {}
    local Watched = la.TypeDecorator:class "Watched" {
      impl = la.JSON,
      process_bind_param = function(_, value) given[#given + 1] = next(value.inner) return value end,
      process_result_value = function(_, value) return value end,
    }
    local s = open{data = Column(mutable.MutableDict.as_mutable(Watched))}
    local doc = s.Doc{id = 1, data = {inner = {x = 1}}}
    s.session:add(doc)
    s.session:flush()
    assert.equal("x", given[1])
    assert.equal("inner", next(doc:to_table().data))
    assert.equal("inner", next(s.session:scalars(la.select(s.Doc.data)):one()))
    assert.equal(doc, s.session:scalars(la.select(s.Doc):where(s.Doc.data:eq(doc.data))):one())
    s.session:execute(la.insert(s.Doc):values{id = 2, data = doc.data})
    assert.equal(1, s.session:get(s.Doc, 2).data.inner.x)
    assert.equal('{"inner": {"x": 1}}', require("lualchemy.json").encode(doc.data))
    s:close()
  end)

  it("is refused for types whose values are no tables, and with what is no attribute", function()
    fails(exc.ArgumentError, "a type whose values are tables", function() mutable.MutableDict.as_mutable(la.String) end)
    fails(exc.ArgumentError, "takes a type", function() mutable.MutableDict.as_mutable "JSON" end)
    fails(exc.ArgumentError, "takes a type", function() mutable.MutableDict.associate_with(nil) end)
    fails(exc.ArgumentError, "an attribute of a class", function() mutable.MutableDict.associate_with_attribute "data" end)
    fails(exc.ArgumentError, "has no \"as_mutabel\"", function() return mutable.MutableDict.as_mutabel end)
  end)
end)
