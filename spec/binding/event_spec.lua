-- SPDX-License-Identifier: MIT
-- The registry of listeners; which things fire which events is shown where those things are.
local la = require "lualchemy"
local event = require "lualchemy.event"
local collect = require "spec.support.collect"

local function target()
  return setmetatable({}, {__tostring = function() return "target" end})
end

describe("event.listen", function()
  it("calls in order of registration, `insert` in front", function()
    local t, log = target(), {}
    event.listen(t, "commit", function() log[#log + 1] = "a" end)
    event.listen(t, "commit", function() log[#log + 1] = "b" end)
    event.listen(t, "commit", function() log[#log + 1] = "c" end, {insert = true})
    event.__fire("commit", t, "conn")
    assert.same({"c", "a", "b"}, log)
  end)

  it("registers a function once", function()
    local t, count = target(), 0
    local function listener() count = count + 1 end
    event.listen(t, "commit", listener)
    event.listen(t, "commit", listener)
    event.__fire("commit", t)
    assert.equal(1, count)
  end)

  it("reaches its own target alone", function()
    local a, b, count = target(), target(), 0
    event.listen(a, "commit", function() count = count + 1 end)
    event.__fire("commit", b)
    assert.equal(0, count)
    assert.is_true(event.__has(a, "commit"))
    assert.is_false(event.__has(b, "commit"))
  end)

  it("calls once with `once`, also when the listener fires the event itself", function()
    local t, count = target(), 0
    event.listen(t, "commit", function()
      count = count + 1
      event.__fire("commit", t)
    end, {once = true})
    event.__fire("commit", t)
    event.__fire("commit", t)
    assert.equal(1, count)
  end)

  it("hands the arguments over by name with `named`", function()
    local t, got = target(), nil
    event.listen(t, "savepoint", function(args) got = args end, {named = true})
    event.__fire("savepoint", t, "the connection", "sp_1")
    assert.same({conn = "the connection", name = "sp_1"}, got)
  end)

  it("replaces arguments with `retval`, one listener after the other", function()
    local t = target()
    event.listen(t, "before_cursor_execute", function(_, _, statement, parameters)
      return statement .. "!", parameters
    end, {retval = true})
    event.listen(t, "before_cursor_execute", function(_, _, statement)
      return statement .. "?", {2}
    end, {retval = true})
    event.listen(t, "before_cursor_execute", function() return "ignored" end)
    local conn, cursor, statement, parameters, context, many =
      event.__fire("before_cursor_execute", t, "conn", nil, "SELECT", {1}, nil, false)
    assert.same({"conn", nil, "SELECT!?", {2}, nil, false}, {conn, cursor, statement, parameters, context, many})
  end)

  it("refuses unknown events and options with the nearest name", function()
    local ok, err = pcall(event.listen, target(), "before_comit", print)
    assert.is_false(ok)
    assert.is_true(la.exc.InvalidRequestError:matches(err))
    assert.truthy(tostring(err):find('did you mean "before_commit"', 1, true))
    local ok2, err2 = pcall(event.listen, target(), "commit", print, {retvall = true})
    assert.is_false(ok2)
    assert.truthy(tostring(err2):find('did you mean "retval"', 1, true))
    assert.is_false((pcall(event.listen, target(), "commit", "no function")))
    assert.is_false((pcall(event.listen, 5, "commit", print)))
    assert.is_false((pcall(event.listen, nil, "commit", print)))
  end)

  it("keeps neither the target nor the listener alive", function()
    assert.is_true(collect.goes(function()
      local t = target()
      event.listen(t, "commit", function() return t end)
      event.__fire("commit", t)
      return t
    end))
  end)

  it("passes an error of a listener on unchanged", function()
    local t, mine = target(), {}
    event.listen(t, "commit", function() error(mine) end)
    local ok, err = pcall(event.__fire, "commit", t)
    assert.is_false(ok)
    assert.equal(mine, err)
  end)
end)

describe("event.listens_for, remove and contains", function()
  it("undo and ask", function()
    local t, count = target(), 0
    local fn = event.listens_for(t, "commit")(function() count = count + 1 end)
    assert.is_true(event.contains(t, "commit", fn))
    event.__fire("commit", t)
    event.remove(t, "commit", fn)
    assert.is_false(event.contains(t, "commit", fn))
    event.__fire("commit", t)
    assert.equal(1, count)
    local ok, err = pcall(event.remove, t, "commit", fn)
    assert.is_false(ok)
    assert.is_true(la.exc.InvalidRequestError:matches(err))
  end)
end)
