-- SPDX-License-Identifier: MIT
-- Statements as bytes: lualchemy.ext.serializer.
local la = require "lualchemy"
local core = require "lualchemy.core"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local orm = require "lualchemy.orm"
local serializer = require "lualchemy.ext.serializer"
local shop = require "spec.support.shop"
local statements = require "spec.support.statements"
local warnings = require "lualchemy.warnings"

local Loud, classes, matrix = statements.Loud, statements.classes, statements.matrix

--- Text and parameters on SQLite.
local function compiled(statement)
  local made = statement:compile{dialect = "sqlite"}
  local params = {}
  for name, value in pairs(made.params) do params[#params + 1] = name .. "=" .. tostring(value) end
  table.sort(params)
  return ("%s [%s]"):format(tostring(made), table.concat(params, ", "))
end

describe("a statement as bytes (EXT-10)", function()
  local s, User, Address
  before_each(function()
    s = shop.open(classes())
    User, Address = s.User, s.Address
  end)
  after_each(function() s:close() end)

  it("is read back as the same text and parameters, of every kind", function()
    for name, statement in pairs(matrix(s)) do
      local read = serializer.loads(serializer.dumps(statement), s.Base.metadata)
      assert.equal(compiled(statement), compiled(read), name)
      assert.equal(tostring(statement), tostring(read), name)
    end
  end)

  it("gives the objects and values that it would have given", function()
    s.session:add(User{id = 1, name = "ann", word = "hey", data = {tags = {"a"}}, addresses = {Address{id = 1, email = "x"}}})
    s.session:commit()
    local statement = la.select(User):where(User.data:eq{tags = {"a"}}):options(orm.joinedload(User.addresses))
    local read = serializer.loads(serializer.dumps(statement), s.Base.metadata)
    local user = s.session:scalars(read):unique():one()
    assert.equal("ann", user.name)
    assert.equal("x", user.addresses[1].email)
    assert.equal("HEY", s.session:scalar(serializer.loads(serializer.dumps(la.select(User.word):where(User.word:eq "hey")), s.Base.metadata)))
  end)

  it("of a Query is one of the session, and goes on as one", function()
    s.session:add_all{User{id = 1, name = "ann"}, User{id = 2, name = "bob"}}
    s.session:commit()
    local bytes = serializer.dumps(s.session:query(User):filter(User.name:ne "cid"))
    local query = serializer.loads(bytes, s.Base.metadata, s.session)
    assert.equal(2, query:count())
    assert.equal("bob", query:filter(User.id:gt(1)):one().name)
    assert.equal(2, #s.session:scalars(serializer.loads(bytes, s.Base.metadata)):all())
  end)

  it("serves another registry and metadata with the same names", function()
    local other = classes()
    local read = serializer.loads(serializer.dumps(la.select(User):where(User.name:eq "x")), other.Base.metadata)
    assert.equal(compiled(la.select(other.User):where(other.User.name:eq "x")), compiled(read))
    assert.equal(other.User, read.column_descriptions[1].type)
  end)

  it("keeps CTEs apart from those of other statements", function()
    local cte = la.select(User.id):cte "a"
    local read = serializer.loads(serializer.dumps(la.select(cte)), s.Base.metadata)
    assert.truthy(tostring(la.union(read, serializer.loads(serializer.dumps(la.select(la.select(User.id):cte "b")), s.Base.metadata)))
      :find("WITH a AS.*,%s*b AS"))
  end)

  it("is refused for what is the program's", function()
    fails(exc.ArgumentError, "a Bundle has a function", function() serializer.dumps(la.select(orm.Bundle("b", User.id))) end)
    fails(exc.ArgumentError, "the type VARCHAR is the program's", function() serializer.dumps(la.literal("x", Loud)) end)
    fails(exc.ArgumentError, "it holds a function of the program", function()
      serializer.dumps(la.select(User):execution_options{own = print})
    end)
    fails(exc.ArgumentError, "SQL expression or statement", function() serializer.dumps(5) end)
  end)

  it("says which name is missing when it is read", function()
    local function loads(statement, metadata) return serializer.loads(serializer.dumps(statement), metadata) end
    local empty, partial = la.MetaData(), la.MetaData()
    la.Table("users", partial, la.Column("id", la.Integer))
    fails(exc.ArgumentError, 'the table "users", which the metadata does not have', function() loads(la.select(User.__table__), empty) end)
    fails(exc.ArgumentError, "the column users.name, which is not there", function() loads(la.select(User.__table__.c.name), partial) end)
    fails(exc.ArgumentError, "the class User, of which no table is in the metadata", function() loads(la.select(User), empty) end)
    fails(exc.ArgumentError, "loads takes a MetaData", function() loads(la.select(User), User) end)
    fails(exc.ArgumentError, "loads takes the bytes", function() serializer.loads(5, empty) end)
  end)

  it("is refused when it is cut off or damaged", function()
    local bytes = serializer.dumps(matrix(s).clauses)
    for length = 0, #bytes - 1 do
      fails(exc.ArgumentError, "", function() serializer.loads(bytes:sub(1, length), s.Base.metadata) end)
    end
    for at = 1, #bytes, 3 do
      local damaged = bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 0x11) .. bytes:sub(at + 1)
      fails(exc.ArgumentError, "", function() serializer.loads(damaged, s.Base.metadata) end)
    end
  end)

  it("is refused when a record says that it has more values than bytes", function()
    local bytes = serializer.dumps(la.select(s.User):where(s.User.id:eq(1)))
    local body, places = bytes, 0
    for at in bytes:gmatch "host_counti()" do
      body, places = bytes:sub(1, at - 1) .. string.pack("<i8", math.maxinteger) .. bytes:sub(at + 8), places + 1
    end
    assert.equal(1, places)
    local head = #bytes - #bytes:match("t....s.*$")
    local hash = 0xcbf29ce484222325
    for at = head + 1, #body do hash = (hash ~ body:byte(at)) * 0x100000001b3 end
    fails(exc.ArgumentError, "", function()
      serializer.loads(body:sub(1, head - 8) .. string.pack("<i8", hash) .. body:sub(head + 1), s.Base.metadata)
    end)
  end)

  it("makes only statements that can be used, whatever its bytes are", function()
    local random, all = 7, {}
    local function below(most)
      random = (random * 1103515245 + 12345) & 0x7fffffff
      return random // 65536 % most + 1
    end
    for _, statement in pairs(matrix(s)) do all[#all + 1] = statement end
    warnings.simplefilter "ignore"
    finally(warnings.resetwarnings)
    for _ = 1, 3000 do
      local bytes, names, types, hosts = core.statement_write(all[below(#all)])
      for i, name in ipairs(names) do names[i] = name[3] and name[2][name[3]] or name[2] end
      local at = below(#bytes)
      local damaged = bytes:sub(1, at - 1) .. string.char(below(40)) .. bytes:sub(at + below(2))
      local read, made = pcall(core.statement_read, damaged, names, types, hosts)
      if read then
        pcall(function() return compiled(made) end)
        pcall(function() return s.session:execute(made):all() end)
        pcall(s.session.rollback, s.session)
      else
        assert.is_true(exc.LualchemyError:matches(made), tostring(made))
      end
    end
  end)
end)
