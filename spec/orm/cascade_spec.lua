-- SPDX-License-Identifier: MIT
-- Links and cascades in combination: what a flush makes of objects that were linked and let go, deleted on one side, or held by nobody.
local la = require "lualchemy"
local shop = require "spec.support.shop"

describe("links that change more than once before a flush", function()
  local s
  after_each(function() s:close() end)

  it("make an orphan of a child that was given a parent and let go again (UOW-79)", function()
    s = shop.new()
    local order, item = s.Order{note = "o"}, s.Item{name = "i"}
    s.session:add_all{order, item}
    s.session:commit()
    assert.same({nil, 0}, {item.order, #order.items})
    order.items:append(item)
    order.items:remove(item)
    assert.same({"DELETE FROM items WHERE items.id = ?"}, s:during(function() s.session:flush() end))
    assert.is_true(la.inspect(item).deleted)
  end)

  it("are kept while nobody holds the child that was let go (UOW-16)", function()
    s = shop.new():fill()
    do
      local order = s.session:get(s.Order, 1)
      order.items:remove(order.items[1])
    end
    do
      local bob = s.session:get(s.User, 2)
      bob.addresses[1].user = nil
    end
    collectgarbage()
    collectgarbage()
    s.session:commit()
    assert.equal(1, s.session:query(s.Item):count())
    assert.is_nil(s.session:get(s.Address, 3).user_id)
  end)
end)

describe("a row of a secondary table", function()
  it("is deleted once, though both of its objects are, one flush after the other (UOW-84)", function()
    local s = shop.new():fill()
    local pen = s.session:get(s.Item, 1)
    local red = pen.tags[1]
    assert.equal(1, #red.items)
    s.session:delete(red)
    s.session:flush()
    s.session:delete(pen)
    local sent = s:during(function() s.session:flush() end)
    assert.same({"DELETE FROM item_tags WHERE item_tags.item_id = ? AND item_tags.tag_id = ?", "DELETE FROM items WHERE items.id = ?"}, sent)
    assert.equal(1, s.session:scalar(la.select(la.func.count()):select_from(s.item_tags)))
    s:close()
  end)
end)
