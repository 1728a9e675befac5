-- SPDX-License-Identifier: MIT
-- What `require "lualchemy"` gives.
local la = require "lualchemy"
local keywords = require "lualchemy.keywords"
local tree = require "spec.support.tree"

describe("the module", function()
  it("refuses an unknown name with the nearest one", function()
    local ok, err = pcall(function() return la.decimall end)
    assert.is_false(ok)
    assert.is_true(la.exc.ArgumentError:matches(err))
    assert.truthy(tostring(err):find('module "lualchemy" has no "decimall"; did you mean "decimal"?', 1, true))
  end)

  it("gives nil for names that tools probe, and for what is no string", function()
    assert.is_nil(la.__tojson)
    assert.is_nil(la[1])
  end)

  it("has submodules as fields", function()
    assert.equal(require "lualchemy.exc", la.exc)
    assert.equal(require "lualchemy.event", la.event)
  end)

  it("has SQLAlchemy's names of modules", function()
    for module, names in pairs {
      ["lualchemy.engine.url"] = {"URL", "make_url"}, ["lualchemy.engine.reflection"] = {"Inspector", "ObjectKind", "ObjectScope"},
      ["lualchemy.sql.expression"] = {"select", "case", "func", "ColumnElement"}, ["lualchemy.sql.functions"] = {"func", "FunctionElement"},
      ["lualchemy.orm.attributes"] = {"flag_modified", "get_history", "set_committed_value", "instance_state"},
      ["lualchemy.orm.collections"] = {"attribute_keyed_dict", "column_keyed_dict", "keyfunc_mapping", "KeyFuncDict", "InstrumentedList", "collection"},
    } do
      for _, name in ipairs(names) do assert.is_not_nil(require(module)[name], module .. "." .. name) end
    end
    assert.equal(require "lualchemy.sql", require "lualchemy.sql.expression")
    assert.equal(require "lualchemy.orm", la.orm)
    assert.equal(require "lualchemy.orm.attributes", la.orm.attributes)
  end)

  it("visits its names in order with pairs", function()
    local last, count = "", 0
    for name, value in pairs(la) do
      assert.is_true(name > last)
      assert.equal(value, la[name])
      last, count = name, count + 1
    end
    assert.is_true(count > 5)
  end)

  it("loads in less than 10 ms", function()
    local text, status = tree.shell(tree.interpreter() ..
      [[ -e 'local t = os.clock(); require "lualchemy"; io.write((os.clock() - t) * 1000)']])
    assert.equal(0, status)
    local limit = os.getenv "LUALCHEMY_SANITIZED" and 200 or 10
    assert.is_true(tonumber(text) < limit, text .. " ms")
  end)
end)

describe("keywords", function()
  local known = keywords.set {"primary_key", "nullable"}

  it("are refused when unknown, naming the function and the nearest", function()
    local ok, err = pcall(keywords.check, "Column", {primry_key = true}, known)
    assert.is_false(ok)
    assert.is_true(la.exc.ArgumentError:matches(err))
    assert.truthy(tostring(err):find(
      'Column got an unknown keyword "primry_key"; did you mean "primary_key"?', 1, true))
    assert.is_false((pcall(keywords.check, "Column", {true}, known)))
    assert.is_false((pcall(keywords.check, "Column", "x", known)))
    assert.same({}, keywords.check("Column", nil, known))
  end)

  it("come last, once the required arguments are there", function()
    local options = {nullable = true}
    local args, given = keywords.split("f", known, 1, "x", options)
    assert.same({"x", n = 1}, args)
    assert.equal(options, given)
    args, given = keywords.split("f", known, 1, {nullable = true})
    assert.same({{nullable = true}, n = 1}, args)
    assert.same({}, given)
    args = keywords.split("f", known, 0, {7, "x"})
    assert.same({{7, "x"}, n = 1}, args)
    args = keywords.split("f", known, 1, "x", nil)
    assert.same({"x", n = 1}, args)
    args = keywords.split("f", known, 1, nil)
    assert.equal(1, args.n)
    args = keywords.split("f", known, 1, "x", {})
    assert.equal(1, args.n)
  end)
end)
