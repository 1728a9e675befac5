-- SPDX-License-Identifier: MIT
-- What becomes of warnings.
local la = require "lualchemy"
local warnings = require "lualchemy.warnings"
local fails = require "spec.support.fails"
local exc = la.exc

describe("warnings", function()
  local show = warnings.showwarning
  local shown
  before_each(function()
    warnings.resetwarnings()
    shown = {}
    warnings.showwarning = function(warning) shown[#shown + 1] = warning.message end
  end)
  after_each(function()
    warnings.showwarning = show
    warnings.resetwarnings()
  end)

  it("are shown once per text and place", function()
    for _ = 1, 3 do warnings.warn "look" end
    warnings.warn "look"
    warnings.warn "other"
    assert.same({"look", "look", "other"}, shown)
  end)

  it("are objects with a message, a class and the caller's place", function()
    local got
    warnings.showwarning = function(warning) got = warning end
    warnings.warn("old", exc.LegacyAPIWarning)
    assert.equal("old", got.message)
    assert.is_true(exc.LegacyAPIWarning:matches(got))
    assert.is_true(exc.SADeprecationWarning:matches(got))
    assert.is_false(exc.LualchemyError:matches(got))
    assert.truthy(got.where:find("warnings_spec.lua:%d+$"))
  end)

  it("obey the newest filter that fits by text and class", function()
    warnings.filterwarnings("ignore", {message = "^quiet"})
    warnings.filterwarnings("always", {category = exc.LegacyAPIWarning})
    warnings.filterwarnings("once", {message = "once"})
    for _ = 1, 2 do
      warnings.warn "quiet please"
      warnings.warn("old", exc.LegacyAPIWarning)
      warnings.warn "only once"
      warnings.warn "only once"
    end
    assert.same({"old", "only once", "old"}, shown)
  end)

  it("are raised with the action \"error\"", function()
    warnings.simplefilter "error"
    fails(exc.SAWarning, "look", function() warnings.warn "look" end)
    warnings.filterwarnings("ignore", {message = "look"})
    warnings.warn "look"
    assert.same({}, shown)
  end)

  it("are gathered by catch_warnings, which puts filters back, also after an error", function()
    local list, result = warnings.catch_warnings(function()
      warnings.simplefilter "always"
      warnings.warn "one"
      warnings.warn "two"
      return "done"
    end)
    assert.equal("one", list[1].message)
    assert.equal(2, #list)
    assert.equal("done", result)
    pcall(warnings.catch_warnings, function()
      warnings.simplefilter "error"
      error "no"
    end)
    warnings.warn "shown"
    assert.same({"shown"}, shown)
  end)

  it("refuse unknown actions, options and categories", function()
    fails(exc.ArgumentError, 'did you mean "ignore"', function() warnings.filterwarnings "ignor" end)
    fails(exc.ArgumentError, 'did you mean "message"', function() warnings.filterwarnings("error", {mesage = "x"}) end)
    fails(exc.ArgumentError, "a class of warnings", function() warnings.filterwarnings("error", {category = "SAWarning"}) end)
    fails(exc.ArgumentError, "a pattern", function() warnings.filterwarnings("error", {message = 5}) end)
  end)

  it("come on the standard error output with place and class", function()
    local tree = require "spec.support.tree"
    local text = tree.shell(tree.interpreter() .. [[ -e 'require "lualchemy.warnings".warn "look"' 2>&1]])
    assert.truthy(text:find("SAWarning: look\n", 1, true), text)
  end)
end)
