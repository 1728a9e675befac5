-- SPDX-License-Identifier: MIT
-- An output handler of busted that ./dev test reads: a line for each test as it ends, so that a
-- crash shows how far the run came, and at last "RUN passed P failed F". An error outside a test
-- (a file that does not load, a failing setup) counts as a failed one.
local pretty = require "pl.pretty"

local function indented(text)
  return "    " .. tostring(text):gsub("\n", "\n    ")
end

return function(options)
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()
  local passed, failed = 0, 0

  local function put(...)
    io.write(table.concat({...}), "\n")
    io.flush()
  end

  local function show(failure)
    failed = failed + 1
    local place = failure.element.trace or failure.trace or {}
    local message = failure.message
    if message == nil then
      message = "nil error"
    elseif type(message) ~= "string" then
      local mt = getmetatable(message)
      local readable = type(mt) == "table" and mt.__tostring or type(message) == "userdata"
      message = readable and tostring(message) or pretty.write(message)
    end
    put("not ok - ", failure.name)
    put("    at ", tostring(place.short_src), ":", tostring(place.currentline))
    put(indented(message))
    if failure.isError and failure.trace and failure.trace.traceback then
      put(indented((failure.trace.traceback:gsub("^\n", ""))))
    end
  end

  function handler.testStart(element)
    handler.running = handler.getFullName(element)
    return nil, true
  end

  function handler.testEnd(_, _, status)
    if status == "success" then
      passed = passed + 1
      put("ok - ", handler.running)
    elseif status == "pending" then
      put("skipped - ", handler.running)
    elseif status == "failure" then
      show(handler.failures[#handler.failures])
    else
      show(handler.errors[#handler.errors])
    end
    return nil, true
  end

  function handler.outsideError(element)
    if element.descriptor ~= "it" then
      show(handler.errors[#handler.errors])
    end
    return nil, true
  end

  function handler.exit()
    put("RUN passed ", tostring(passed), " failed ", tostring(failed))
    return nil, true
  end

  busted.subscribe({"test", "start"}, handler.testStart, {predicate = handler.cancelOnPending})
  busted.subscribe({"test", "end"}, handler.testEnd, {predicate = handler.cancelOnPending})
  busted.subscribe({"failure"}, handler.outsideError)
  busted.subscribe({"error"}, handler.outsideError)
  busted.subscribe({"exit"}, handler.exit)
  handler.options = options
  return handler
end
