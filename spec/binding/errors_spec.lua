-- SPDX-License-Identifier: MIT
-- Error objects: their classes, fields and text.
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local orm_exc = require "lualchemy.orm.exc"

local null = core.null()

local function integrity(fields)
  fields = fields or {}
  fields.orig = fields.orig or {code = 19, extended_code = 2067, message = "UNIQUE failed: t.a", dialect = "sqlite"}
  return exc.IntegrityError("UNIQUE failed: t.a", fields)
end

describe("the tree of error classes", function()
  it("puts every class under LualchemyError, but for the categories of warnings", function()
    for name, class in pairs(exc) do
      if type(name) == "string" and name:find("^%u") then
        assert.equal(not name:find("Warning$"), exc.LualchemyError:matches(class "x"), name)
      end
    end
  end)

  it("matches a class and those above it alone", function()
    local err = exc.IntegrityError "x"
    assert.is_true(exc.IntegrityError:matches(err))
    assert.is_true(exc.DatabaseError:matches(err))
    assert.is_true(exc.DBAPIError:matches(err))
    assert.is_true(exc.StatementError:matches(err))
    assert.is_false(exc.OperationalError:matches(err))
    assert.is_false(exc.InvalidRequestError:matches(err))
  end)

  it("matches nothing that is no error of ours", function()
    for _, value in ipairs {"text", 1, {}, setmetatable({}, {}), io.stdout, print} do
      assert.is_false(exc.LualchemyError:matches(value))
    end
    assert.is_false(exc.LualchemyError:matches(nil))
  end)

  it("shows the ORM's classes in both modules", function()
    assert.equal(exc.StaleDataError, orm_exc.StaleDataError)
    assert.equal(exc.NoResultFound, orm_exc.NoResultFound)
    assert.equal(orm_exc.StaleDataError, orm_exc.ConcurrentModificationError)
    assert.equal(exc.LualchemyError, exc.SQLAlchemyError)
  end)

  it("is extended by a program's own classes", function()
    local Mine = exc.InvalidRequestError:class "Mine" {code = "mine"}
    local err = Mine "x"
    assert.is_true(exc.InvalidRequestError:matches(err))
    assert.is_true(Mine:matches(err))
    assert.equal("mine", err.code)
    assert.is_false(Mine:matches(exc.InvalidRequestError "x"))
    assert.equal("Mine: x", tostring(err):match("^[^\n]*"))
  end)

  it("refuses an unknown name with the nearest one", function()
    local ok, err = pcall(function() return exc.IntegrityErorr end)
    assert.is_false(ok)
    assert.truthy(tostring(err):find('did you mean "IntegrityError"', 1, true))
    assert.is_nil(exc.__something)
  end)
end)

describe("an error", function()
  it("carries SQLAlchemy's code of its class unless it has its own", function()
    assert.equal("gkpj", exc.IntegrityError("x").code)
    assert.equal("bhk3", exc.DetachedInstanceError("x").code)
    assert.equal("3o7r", exc.TimeoutError("x", {code = "3o7r"}).code)
    assert.is_nil(exc.ArgumentError("x").code)
  end)

  it("carries what the database said", function()
    local err = integrity()
    assert.equal(19, err.orig.code)
    assert.equal(2067, err.orig.extended_code)
    assert.equal("UNIQUE failed: t.a", tostring(err.orig))
    assert.equal("(sqlite.IntegrityError) UNIQUE failed: t.a", err.message)
  end)

  it("names the caller's place, outside of Lualchemy's own files", function()
    local err = exc.ArgumentError "x"
    local line = debug.getinfo(1, "l").currentline - 1
    assert.truthy(err.where:find("errors_spec.lua:" .. line, 1, true))
    assert.truthy(err.traceback:find("errors_spec.lua:" .. line, 1, true))
  end)

  it("names the caller's place when C raises it", function()
    local ok, err = pcall(function() return core.decimal(1.5) end)
    local line = debug.getinfo(1, "l").currentline - 1
    assert.is_false(ok)
    assert.truthy(err.where:find("errors_spec.lua:" .. line, 1, true))
  end)

  it("prints class, message, statement, parameters and place", function()
    local err = integrity {statement = "INSERT INTO t (a, b, c) VALUES (?, ?, ?)", params = {"Jane Doe", 25, null}}
    local text, place = tostring(err):match("^(.*)\n(%[at: [^\n]*%])$")
    assert.equal(table.concat({
      "IntegrityError: (sqlite.IntegrityError) UNIQUE failed: t.a",
      "[SQL: INSERT INTO t (a, b, c) VALUES (?, ?, ?)]",
      '[parameters: ("Jane Doe", 25, nil)]',
    }, "\n"), text)
    assert.equal("[at: " .. err.where .. "]", place)
  end)

  it("prints named parameters by name", function()
    local err = integrity {statement = "S", params = {b = "x", a = 1}}
    assert.truthy(tostring(err):find('[parameters: {a = 1, b = "x"}]', 1, true))
  end)

  it("hides parameters when the engine does", function()
    local err = integrity {statement = "S", params = {"secret"}, hide_parameters = true}
    assert.falsy(tostring(err):find("secret", 1, true))
    assert.truthy(tostring(err):find("[SQL parameters hidden due to hide_parameters=true]", 1, true))
  end)

  it("cuts long values in the middle", function()
    local err = integrity {statement = "S", params = {("x"):rep(1000)}}
    local text = tostring(err)
    assert.truthy(text:find("xxx ... (702 characters truncated) ... xxx", 1, true))
    assert.is_true(#text < 600)
  end)

  it("shows ten of many sets of parameters", function()
    local sets = {}
    for i = 1, 50 do sets[i] = {i} end
    local text = tostring(integrity {statement = "S", params = sets, ismulti = true})
    assert.truthy(text:find("[(1), (2), (3), (4), (5), (6), (7), (8)  ... displaying 10 of 50 total bound " ..
      "parameter sets ...  (49), (50)]", 1, true))
  end)

  it("shows a hundred of many parameters", function()
    local params = {}
    for i = 1, 300 do params[i] = i end
    local text = tostring(integrity {statement = "S", params = params})
    assert.truthy(text:find("49, 50 ... 200 parameters truncated ... 251, 252", 1, true))
  end)

  it("prints remarks in front", function()
    local err = integrity()
    err:add_detail "raised as a result of autoflush"
    assert.truthy(tostring(err):find("^IntegrityError: %(raised as a result of autoflush%)\n%(sqlite"))
  end)

  it("can be raised, caught by kind, and goes on up otherwise", function()
    local ok, err = exc.DBAPIError:catch(function() error(integrity()) end)
    assert.is_false(ok)
    assert.is_true(exc.IntegrityError:matches(err))
    local ok2, err2 = pcall(function()
      exc.OperationalError:catch(function() error(integrity()) end)
    end)
    assert.is_false(ok2)
    assert.is_true(exc.IntegrityError:matches(err2))
    local ok3, err3 = pcall(function() exc.DBAPIError:catch(error, "a text", 0) end)
    assert.is_false(ok3)
    assert.equal("a text", err3)
    assert.same({true, 1, nil, 3, n = 4}, table.pack(exc.DBAPIError:catch(function(...) return ... end, 1, nil, 3)))
    local ok4, err4 = pcall(exc.FlushError.raise, exc.FlushError, "x", {code = "abcd"})
    assert.is_false(ok4)
    assert.equal("abcd", err4.code)
  end)

  it("may yield inside catch", function()
    local thread = coroutine.wrap(function()
      return exc.DBAPIError:catch(function()
        coroutine.yield "inside"
        error(integrity())
      end)
    end)
    assert.equal("inside", thread())
    assert.is_false((thread()))
  end)
end)
