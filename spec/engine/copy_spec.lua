-- SPDX-License-Identifier: MIT
-- Online backup, handles to single BLOBs, and libraries of SQLite functions.
local la = require "lualchemy"
local database = require "spec.support.database"
local fails = require "spec.support.fails"
local exc = la.exc

after_each(database.clean)

local metadata = la.MetaData()
local files = la.Table("files", metadata, la.Column("id", la.Integer, {primary_key = true}), la.Column("content", la.LargeBinary))

local function filled(options)
  local engine = database.engine(options)
  metadata:create_all(engine)
  engine:begin(function(conn)
    for id = 1, 3 do conn:execute(files:insert():values {id = id, content = ("%d"):format(id):rep(100000)}) end
  end)
  return engine
end

local function ids(engine)
  local conn <close> = engine:connect()
  return {table.unpack(conn:scalars(la.select(files.c.id):order_by(files.c.id)):all())}
end

describe("backup", function()
  it("copies a database in memory into a file, and back", function()
    local memory = filled {memory = true}
    local file = database.engine()
    memory:backup(file)
    assert.same({1, 2, 3}, ids(file))
    file:begin(function(conn) conn:execute(files:delete():where(files.c.id:eq(2))) end)
    file:backup(memory)
    assert.same({1, 3}, ids(memory))
  end)

  it("tells of its progress, and takes in what is written meanwhile", function()
    local engine, copy = filled(), database.engine()
    local seen = {}
    engine:backup(copy, {pages = 10, progress = function(remaining, total)
      if #seen == 0 then
        engine:begin(function(conn) conn:execute(files:insert():values {id = 4, content = "x"}) end)
      end
      seen[#seen + 1] = {remaining, total}
    end})
    assert.is_true(#seen > 5)
    assert.equal(0, seen[#seen][1])
    assert.is_true(seen[1][1] < seen[1][2])
    assert.same({1, 2, 3, 4}, ids(copy))
  end)

  it("yields in its progress function", function()
    local engine, copy = filled(), database.engine()
    local steps = 0
    local run = coroutine.wrap(function()
      engine:backup(copy, {pages = 10, progress = coroutine.yield})
      return "done"
    end)
    while run() ~= "done" do steps = steps + 1 end
    assert.is_true(steps > 5)
    assert.same({1, 2, 3}, ids(copy))
  end)

  it("that is left by an error or dropped leaves the target as it was, without a lock", function()
    local engine, copy, thrown = filled(), database.engine(), {}
    copy:begin(function(conn) conn:exec_driver_sql("CREATE TABLE own (x)") end)
    local ok, err = pcall(engine.backup, engine, copy, {pages = 10, progress = function() error(thrown) end})
    assert.is_false(ok)
    assert.equal(thrown, err)
    local run = coroutine.wrap(function() engine:backup(copy, {pages = 10, progress = coroutine.yield}) end)
    run()
    run = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    copy:begin(function(conn)
      assert.equal(0, conn:scalar(la.text "SELECT count(*) FROM own"))
      conn:exec_driver_sql("INSERT INTO own VALUES (1)")
    end)
  end)

  it("refuses what cannot be done meanwhile", function()
    local engine, copy = filled(), database.engine {memory = true}
    local source <close> = engine:connect()
    local target = copy:connect()
    for _, act in ipairs {
      function() target:execute(la.select(la.literal(1))) end,
      function() copy:begin(function(conn) conn:execute(la.select(la.literal(1))) end) end,
      function() target.connection:execute "SELECT 1" end,
    } do
      source:backup(target, {pages = 50, progress = function()
        fails(exc.InvalidRequestError, "a backup into this database is under way", act)
      end})
    end
    assert.equal(3, target:scalar(la.select(la.func.count()):select_from(files)))
    fails(exc.InvalidRequestError, "commit or roll back first", function() source:backup(target) end)
    target:rollback()
    fails(exc.InvalidRequestError, "another database than the one", function() source:backup(source) end)
    fails(exc.ResourceClosedError, "closed before it was done", function()
      source:backup(target, {pages = 1, progress = function() source:invalidate() end})
    end)
    fails(exc.ResourceClosedError, nil, function()
      engine:connect():backup(target, {pages = 1, progress = function() target:invalidate() end})
    end)
    fails(exc.ArgumentError, "backup goes into an Engine", function() engine:backup("file") end)
    fails(exc.ArgumentError, "pages is how many", function() engine:backup(copy, {pages = 0}) end)
    fails(exc.ArgumentError, "unknown keyword", function() engine:backup(copy, {page = 1}) end)
    fails(exc.LualchemyError, "nowhere", function() engine:backup(copy, {name = "nowhere"}) end)
  end)

  it("fails with what SQLite says while the source is written to", function()
    local engine = filled {memory = true}
    local copy = database.engine()
    local conn <close> = engine:connect()
    conn:execute(files:delete())
    fails(exc.OperationalError, "locked", function() engine:backup(copy) end)
    conn:rollback()
    engine:backup(copy)
    assert.same({1, 2, 3}, ids(copy))
  end)
end)

describe("blobopen", function()
  it("reads and writes a value in parts, as files do", function()
    local engine = filled()
    engine:begin(function(conn)
      local blob <close> = conn:blobopen(files, files.c.content, 2)
      assert.equal(100000, #blob)
      assert.equal("Blob(100000 bytes)", tostring(blob))
      assert.equal("222", blob:read(3))
      assert.equal(3, blob:seek())
      assert.equal(blob, blob:write("abc"))
      assert.equal(2, blob:seek("set", 2))
      assert.equal("2abc2", blob:read(5))
      assert.equal(99998, blob:seek("end", -2))
      assert.equal("22", blob:read(100))
      assert.is_nil(blob:read(1))
      assert.equal("", blob:read())
      assert.equal("", blob:read(0))
      blob:reopen(3)
      assert.equal("33", blob:read(2))
      blob:seek("set")
      assert.equal(("3"):rep(100000), blob:read())
    end)
    local conn <close> = engine:connect()
    assert.equal("222abc222", (conn:scalar(la.select(la.func.substr(files.c.content, 1, 9)):where(files.c.id:eq(2)))))
  end)

  it("by names, of an attached database, of zeroblob()", function()
    local engine = database.engine {memory = true}
    local conn <close> = engine:connect()
    conn:exec_driver_sql("ATTACH ':memory:' AS other")
    conn:exec_driver_sql("CREATE TABLE other.t (x)")
    conn:exec_driver_sql("INSERT INTO other.t VALUES (zeroblob(4))")
    local blob <close> = conn:blobopen("t", "x", 1, {name = "other"})
    blob:write("ab\0d")
    assert.equal("ab\0d", conn:scalar(la.text "SELECT x FROM other.t"))
  end)

  it("is closed with its transaction and connection, and says so", function()
    local engine = filled()
    local conn = engine:connect()
    local blob = conn:blobopen("files", "content", 1)
    blob:write("x")
    conn:commit()
    assert.is_true(blob.closed)
    assert.equal("Blob(closed)", tostring(blob))
    fails(exc.ResourceClosedError, "its transaction or connection has ended", function() blob:read(1) end)
    blob = conn:blobopen("files", "content", 1, {readonly = true})
    assert.equal("x1", blob:read(2))
    conn:close()
    fails(exc.ResourceClosedError, "has ended", function() blob:read(1) end)
    blob:close()
    blob:close()
    local kept = engine:connect():blobopen("files", "content", 1)
    collectgarbage()
    assert.equal("x", kept:read(1))
    kept = nil -- luacheck: ignore
    collectgarbage()
    engine:begin(function(other) other:execute(files:delete()) end)
  end)

  it("expires when its row changes", function()
    local engine = filled()
    local conn <close> = engine:connect()
    local blob = conn:blobopen("files", "content", 1)
    conn:execute(files:update():where(files.c.id:eq(1)):values {content = "y"})
    fails(exc.OperationalError, "the Blob has expired", function() blob:read(1) end)
    blob = conn:blobopen("files", "content", 1)
    fails(exc.OperationalError, "no such rowid: 9", function() blob:reopen(9) end)
    assert.is_true(blob.closed)
  end)

  it("refuses what cannot be", function()
    local engine = filled()
    local conn <close> = engine:connect()
    fails(exc.OperationalError, "no such rowid: 9", function() conn:blobopen(files, "content", 9) end)
    fails(exc.OperationalError, "no such table", function() conn:blobopen("nothing", "content", 1) end)
    fails(exc.OperationalError, "no such column", function() conn:blobopen(files, "nothing", 1) end)
    fails(exc.OperationalError, "cannot open value of type", function() conn:blobopen(files, "id", 1) end)
    fails(exc.ArgumentError, "blobopen: the table is a Table or a name", function() conn:blobopen(1, "content", 1) end)
    fails(exc.ArgumentError, "blobopen: the column is a name", function() conn:blobopen(files, "a\0b", 1) end)
    fails(exc.ArgumentError, "told by its rowid", function() conn:blobopen(files, "content", "1") end)
    local blob <close> = conn:blobopen(files, "content", 1, {readonly = true})
    fails(exc.OperationalError, "attempt to write a readonly", function() blob:write("x") end)
    fails(exc.DataError, "does not grow", function() blob:write(("x"):rep(100001)) end)
    fails(exc.ArgumentError, "lies outside", function() blob:seek("set", 100001) end)
    fails(exc.ArgumentError, "lies outside", function() blob:seek("cur", math.mininteger) end)
    fails(exc.ArgumentError, "seek", function() blob:seek("middle") end)
    fails(exc.ArgumentError, "read", function() blob:read(-1) end)
    fails(exc.ArgumentError, "read", function() blob:read("x") end)
    fails(exc.ArgumentError, "write", function() blob:write({}) end)
    fails(exc.ArgumentError, nil, function() blob.read(conn) end)
  end)

  it("may be let go of, not used, inside a hook of its connection", function()
    local engine = filled {memory = true}
    local conn <close> = engine:connect()
    local blob, dropped = conn:blobopen(files, "content", 1), conn:blobopen(files, "content", 2)
    engine:set_update_hook(function()
      fails(exc.InvalidRequestError, "a hook of the database", function() blob:read(1) end)
      fails(exc.InvalidRequestError, "a hook of the database", function() blob:close() end)
      dropped = nil -- luacheck: ignore
      collectgarbage()
    end)
    conn:execute(files:insert():values {id = 9})
    conn:commit()
    assert.is_true(blob.closed)
    assert.is_nil(dropped)
  end)
end)

describe("load_extension", function()
  it("is off unless the engine was made for it, for SQL always", function()
    fails(exc.InvalidRequestError, "enable_load_extension = true", function() database.engine():load_extension("./x") end)
    local engine = database.engine {enable_load_extension = true}
    fails(exc.OperationalError, "no_such_library", function() engine:load_extension("./no_such_library") end)
    local conn <close> = engine:connect()
    fails(exc.OperationalError, "not authorized", function() conn:execute(la.text "SELECT load_extension('./x')") end)
    assert.equal(1, conn:scalar(la.select(la.literal(1))))
    fails(exc.ArgumentError, "takes the file of a library", function() engine:load_extension(1) end)
    fails(exc.ArgumentError, "takes the file of a library", function() engine:load_extension("a\0b") end)
    fails(exc.ArgumentError, "unknown keyword", function() engine:load_extension("./x", {entry = "x"}) end)
  end)

  it("gives its functions to every connection, open or to come", function()
    local folder = os.tmpname()
    os.remove(folder)
    local source <close> = assert(io.open(folder .. ".c", "w"))
    source:write [[
      #include <sqlite3ext.h>
      SQLITE_EXTENSION_INIT1
      static void half(sqlite3_context *c, int n, sqlite3_value **v) { sqlite3_result_double(c, n * sqlite3_value_double(v[0]) / 2); }
      int start_half(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
        SQLITE_EXTENSION_INIT2(api);
        return sqlite3_create_function(db, "half", 1, SQLITE_UTF8, 0, half, 0, 0);
      }
    ]]
    source:close()
    assert(os.execute(("LD_PRELOAD= cc -shared -fPIC -o %s.so %s.c"):format(folder, folder)))
    local engine = database.engine {enable_load_extension = true}
    local open <close> = engine:connect()
    fails(exc.OperationalError, nil, function() engine:load_extension(folder .. ".so") end)
    engine:load_extension(folder .. ".so", {entrypoint = "start_half"})
    local later <close> = engine:connect()
    for _, conn in ipairs {open, later} do assert.equal(1.5, conn:scalar(la.select(la.func.half(3)))) end
    os.remove(folder .. ".c")
    os.remove(folder .. ".so")
  end)
end)
