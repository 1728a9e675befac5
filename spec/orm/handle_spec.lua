-- SPDX-License-Identifier: MIT
-- What Lua holds of objects: how long they live, what finalizers may do with them, and what they cost.
local la = require "lualchemy"
local core = require "lualchemy.core"
local orm = require "lualchemy.orm"
local collect = require "spec.support.collect"
local fails = require "spec.support.fails"
local shop = require "spec.support.shop"

describe("an object that nobody holds", function()
  local s
  before_each(function() s = shop.new():fill() end)
  after_each(function() s:close() end)

  it("leaves the session, and its memory is given back", function()
    local function load() return #s.session:query(s.User):all() end
    assert.equal(3, load())
    collectgarbage()
    local count = 0
    for _ in pairs(s.session.identity_map) do count = count + 1 end
    assert.equal(0, count)
    for _ = 1, 2 do load() end -- the engine's cache learns what comes again, and knows it then
    collect.all()
    local bytes = core.memory()
    for _ = 1, 20 do
      load()
      collect.all()
    end
    assert.equal(bytes, (core.memory()))
  end)

  it("is still there for finalizers of what held it", function()
    local seen = {}
    local function hold(user)
      setmetatable({user = user}, {__gc = function(t)
        seen[#seen + 1] = t.user.name
        t.user.remark = "kept"
        seen[#seen + 1] = t.user.remark
      end})
    end
    hold(s.session:get(s.User, 1))
    collect.all()
    assert.same({"Ann", "kept"}, seen)
  end)

  it("is settled once where finalizers add and flush in the middle of it", function()
    local left, added = 400, 0
    local function trap()
      setmetatable({}, {__gc = function()
        left = left - 1
        if left < 0 then return end
        if pcall(s.session.add, s.session, s.User {name = "from a finalizer"}) then added = added + 1 end
        if left % 3 == 0 then pcall(s.session.flush, s.session) end
        trap()
      end})
    end
    local before = s.session:query(s.User):count()
    for _ = 1, 20 do trap() end
    for i = 1, 300 do
      s.session:add_all {s.User {name = "a"}, s.User {name = "b"}}
      if i % 7 == 0 then s.session:flush() end
    end
    left = 0
    s.session:commit()
    assert.equal(before + 600 + added, s.session:query(s.User):count())
  end)

  it("leaves its session at once, and lives on detached when a finalizer brings it back", function()
    local back
    local function hold(user)
      setmetatable({user = user}, {__gc = function(t) back = t.user end})
    end
    hold(s.session:get(s.User, 1))
    collectgarbage()
    assert.equal("Ann", back.name)
    collect.all()
    assert.equal("Ann", back.name)
    assert.is_true(la.inspect(back).detached)
    assert.not_equal(back, s.session:get(s.User, 1))
  end)

  it("refuses use when a finalizer brings it back and it is left unused", function()
    local back
    local function hold(user)
      setmetatable({user = user}, {__gc = function(t) back = t.user end})
    end
    hold(s.session:get(s.User, 1))
    collect.all()
    fails(la.exc.InvalidRequestError, "collected as garbage", function() return back.name end)
    fails(la.exc.InvalidRequestError, "collected as garbage", function() back.name = "x" end)
    fails(la.exc.InvalidRequestError, "collected as garbage", function() return tostring(back) end)
    fails(la.exc.InvalidRequestError, "collected as garbage", function() s.session:add(back) end)
    assert.equal("Ann", s.session:get(s.User, 1).name)
  end)

  it("makes no object finalizable: a full collection frees it at once", function()
    local weak = setmetatable({}, {__mode = "k"})
    weak[s.session:get(s.User, 1)] = true
    collectgarbage()
    assert.is_nil(next(weak))
  end)
end)

-- Objects of large lists whose class has no relationships have no user value: their metatable ties them to their session.
describe("an object of a large list", function()
  local engine, Note, count = nil, nil, 100
  before_each(function()
    local Base = orm.declarative_base()
    Note = Base:class "Note" {
      __tablename__ = "note",
      id = la.Column(la.Integer, {primary_key = true}),
      title = la.Column(la.String),
    }
    function Note:shout() return self.title:upper() end
    engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    for i = 1, count do session:add(Note{title = "note " .. i}) end
    session:commit()
  end)
  after_each(function() engine:dispose() end)

  local function load(session) return session:query(Note):order_by(Note.id):all() end

  it("takes less than one that was loaded by itself", function()
    local session <close> = orm.Session(engine)
    local function bytes_of(load_some)
      collect.all()
      local before = collectgarbage "count"
      local held = load_some()
      collect.all()
      return (collectgarbage "count" - before) * 1024 / #held
    end
    local single = bytes_of(function()
      local list = {}
      for i = 1, count // 2 do list[i] = session:get(Note, i) end
      return list
    end)
    session:expunge_all()
    local many = bytes_of(function() return load(session) end)
    assert.is_true(many + 16 <= single)
  end)

  it("keeps its session, which goes with the last of them", function()
    local weak = setmetatable({}, {__mode = "k"})
    do
      local note
      do
        local session = orm.Session(engine)
        weak[session] = true
        note = load(session)[50]
        session:expire(note)
      end
      collect.all()
      assert.equal("note 50", note.title)
      assert.equal(next(weak), orm.object_session(note))
    end
    collect.all()
    assert.is_nil(next(weak))
  end)

  it("is one object, with methods, and hides its metatable", function()
    local session <close> = orm.Session(engine)
    local list = load(session)
    assert.equal(list[3], session:get(Note, 3))
    assert.equal("NOTE 3", list[3]:shout())
    assert.is_nil(list[3].unknown)
    assert.is_false(getmetatable(list[3]))
    assert.equal('Note(id=3, title="note 3")', tostring(list[3]))
  end)

  it("has metamethods that its class gets later", function()
    local session <close> = orm.Session(engine)
    local list = load(session)
    function Note:__len() return #self.title end
    assert.equal(6, #list[1])
    assert.equal(6, #load(session)[1])
  end)

  it("keeps fields, long texts and expressions of its own, and takes them with it", function()
    local session <close> = orm.Session(engine)
    local weak = setmetatable({}, {__mode = "v"})
    do
      local note = load(session)[1]
      local long = ("long "):rep(20)
      note.remark, note.itself, note.title = {1}, note, long
      collect.all()
      assert.same({1}, note.remark)
      assert.equal(note, note.itself)
      assert.equal(long, note.title)
      note.title = la.func.upper "flushed"
      session:flush()
      assert.equal("FLUSHED", note.title)
      weak[1], weak[2] = note, note.remark
    end
    collect.all()
    assert.is_nil(next(weak))
  end)

  it("leaves its session, and enters another", function()
    local weak = setmetatable({}, {__mode = "v"})
    local second <close> = orm.Session(engine)
    local function leave(first)
      local note = load(first)[1]
      note.remark = "kept"
      first:expunge(note)
      assert.is_true(la.inspect(note).detached)
      first:close()
      weak[1] = first
      return note
    end
    local note = leave(orm.Session(engine))
    collect.all()
    assert.is_nil(weak[1])
    second:add(note)
    note.title = "moved"
    second:commit()
    assert.equal("moved", note.title)
    assert.equal("kept", note.remark)
    assert.equal(second, orm.object_session(note))
  end)

  it("is no other small userdata", function()
    local session <close> = orm.Session(engine)
    fails(la.exc.UnmappedInstanceError, "not an instance", function() session:add(io.stdout) end)
  end)
end)

describe("thousands of objects", function()
  local engine, Note, session
  local count = 6000
  before_each(function()
    local Base = orm.declarative_base()
    Note = Base:class "Note" {
      __tablename__ = "note",
      id = la.Column(la.Integer, {primary_key = true}),
      title = la.Column(la.String),
    }
    engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    engine:begin(function(connection)
      connection:execute(la.text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
        .. "INSERT INTO note SELECT i, hex(zeroblob(2000)) FROM n"), {count = count})
    end)
    session = orm.Session(engine)
  end)
  after_each(function()
    session:close()
    engine:dispose()
  end)

  local function map_size()
    local found = 0
    for _ in pairs(session.identity_map) do found = found + 1 end
    return found
  end

  for _, mode in ipairs {"incremental", "generational"} do
    it("are told to the collector as if Lua had allocated them: " .. mode, function()
      local before = collectgarbage(mode)
      local ways = {
        function() return session:query(Note):all() end,
        function() return session:scalars(la.select(Note)):all() end,
        function() return session:query(Note.id, Note.title):all() end,
        function() return session:connection():execute(la.select(Note.id, Note.title)):all() end,
      }
      for _, load in ipairs(ways) do
        session:expunge_all()
        collect.all()
        local weak = setmetatable({{}}, {__mode = "v"})
        assert.equal(count, #load())
        assert.is_nil(weak[1])
      end
      collectgarbage(before)
    end)
  end

  it("leave the session at once when all of them are lost", function()
    local list = session:query(Note):all()
    assert.equal(count, map_size())
    list = #list
    collectgarbage()
    assert.equal(list, count)
    assert.equal(0, map_size())
  end)

  it("leave the session some time later when few of them are lost", function()
    local list = session:query(Note):all()
    list[17], list[4711] = nil, nil
    for _ = 1, 66 do collectgarbage() end
    assert.equal(count - 2, map_size())
    assert.equal(18, list[18].id)
  end)

  it("are one object each, also when a finalizer brings one back that is loaded anew", function()
    local list = session:query(Note):all()
    local back
    do
      setmetatable({note = list[17]}, {__gc = function(t) back = t.note end})
      list[17] = nil
    end
    collectgarbage()
    local fresh = session:get(Note, 17)
    assert.not_equal(back, fresh)
    fresh.title = "changed"
    local read, title = pcall(function() return back.title end)
    assert.is_true(not read or title ~= "changed")
    assert.equal(fresh, session:get(Note, 17))
  end)
end)
