-- SPDX-License-Identifier: MIT
-- Database URLs as Lua sees them.
local la = require "lualchemy"
local exc = la.exc

local function message_of(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return tostring(err)
end

describe("URL (ENG-02)", function()
  it("ENG-02 gives its parts", function()
    local url = la.make_url "postgresql+libpq://me:p%40ss@host:5433/db%20x?a=1&b=x+y&a=2"
    assert.equal("postgresql+libpq", url.drivername)
    assert.equal("me", url.username)
    assert.equal("p@ss", url.password)
    assert.equal("host", url.host)
    assert.equal(5433, url.port)
    assert.equal("db x", url.database)
    assert.same({a = {"1", "2"}, b = "x y"}, url.query)
    assert.equal("postgresql", url:get_backend_name())
    assert.equal("libpq", url:get_driver_name())
  end)

  it("ENG-02 hides the password in its text unless asked", function()
    local url = la.make_url "mysql://me:secret@host/db"
    assert.equal("mysql://me:***@host/db", tostring(url))
    assert.equal("mysql://me:secret@host/db", url:render_as_string(false))
    assert.equal("mysql://me:secret@host/db", url:render_as_string{hide_password = false})
  end)

  it("ENG-02 is made of parts, by dot or colon, by table or position", function()
    local by_position = la.URL.create("sqlite", nil, nil, nil, nil, "x.db")
    assert.equal("sqlite:///x.db", tostring(by_position))
    assert.equal("sqlite:///x.db", tostring(la.URL:create("sqlite", {database = "x.db"})))
    assert.equal("pg://u:***@h:1/d?k=v", tostring(la.URL.create{drivername = "pg", username = "u", password = "p",
      host = "h", port = 1, database = "d", query = {k = "v"}}))
    assert.is_true(by_position == la.make_url "sqlite:///x.db")
  end)

  it("ENG-02 gives changed copies and never changes", function()
    local url = la.make_url "pg://u@h/d?a=1"
    assert.equal("pg://u@h/other?a=1", tostring(url:set{database = "other"}))
    assert.equal("pg://u@h/d?a=1&b=2", tostring(url:update_query_dict{b = "2"}))
    assert.equal("pg://u@h/d?a=1&a=2", tostring(url:update_query_dict({a = "2"}, {append = true})))
    assert.equal("pg://u@h/d?a=1&c=3", tostring(url:update_query_string "c=3"))
    assert.equal("pg://u@h/d?a=9", tostring(url:update_query_pairs{{"a", "9"}}))
    assert.equal("pg://u@h/d", tostring(url:difference_update_query{"a"}))
    assert.same({a = {"1"}}, url.normalized_query)
    assert.equal("pg://u@h/d?a=1", tostring(url))
    assert.matches("cannot be changed", message_of(function() url.host = "x" end))
  end)

  it("ENG-02 gives its parts to what opens a connection", function()
    local url = la.make_url "pg://u:p@h:1/d"
    assert.same({host = "h", database = "d", username = "u", password = "p", port = 1}, url:translate_connect_args())
    assert.same({host = "h", db = "d", user = "u", password = "p", port = 1},
      url:translate_connect_args {username = "user", database = "db"})
    assert.same({database = "x"}, la.make_url("sqlite:///x"):translate_connect_args())
    assert.matches("usrname", message_of(function() url:translate_connect_args {usrname = "x"} end))
  end)

  it("ENG-02 names what is wrong and never shows the password", function()
    assert.matches("must begin with a dialect", message_of(la.make_url, "example.db"))
    local text = message_of(la.make_url, "pg://u:secret@h:port/d")
    assert.matches('"port"', text)
    assert.is_nil(text:find("secret", 1, true))
    assert.matches('no "databse"; did you mean "database"', message_of(function() return la.make_url("x://").databse end))
    assert.matches('unknown keyword "pasword"', message_of(la.URL.create, {drivername = "x", pasword = "y"}))
  end)
end)

describe("SQLite URLs (ENG-03)", function()
  local path
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function write(url, options)
    local engine = la.create_engine(url, options)
    engine:begin(function(conn)
      conn:exec_driver_sql("CREATE TABLE IF NOT EXISTS t (x)")
      conn:exec_driver_sql("INSERT INTO t VALUES (1)")
    end)
    local count = engine:begin(function(conn) return conn:exec_driver_sql("SELECT count(*) FROM t"):scalar() end)
    engine:dispose()
    return count
  end

  it("ENG-03 open memory and absolute paths", function()
    assert.equal(1, write "sqlite://")
    assert.equal(1, write "sqlite:///:memory:")
    assert.equal(1, write "sqlite+pysqlite:///:memory:")
    assert.equal(1, write("sqlite:///" .. path))
    assert.equal(2, write("sqlite:///" .. path))
    assert.equal(3, write("sqlite:///file:" .. path .. "?uri=true"))
  end)

  it("ENG-03 open a file: URI read-only", function()
    write("sqlite:///" .. path)
    local ok, err = pcall(write, "sqlite:///file:" .. path .. "?mode=ro&uri=true")
    assert.is_false(ok)
    assert.is_true(exc.OperationalError:matches(err))
    assert.equal(8, err.orig.code)
  end)

  it("ENG-03 say what has no sense in them", function()
    local host = message_of(la.create_engine, "sqlite://host/x.db")
    assert.matches("no place for a host", host)
    assert.matches("sqlite:///relative/path/to/file.db", host, 1, true)
    assert.matches("uri=true", message_of(la.create_engine, "sqlite:///x.db?mode=ro"), 1, true)
    assert.matches('did you mean "timeout"', message_of(la.create_engine, "sqlite:///x.db?timeot=1"))
    assert.matches("unable to open database file: /no/such/folder/x.db",
      message_of(function() la.create_engine("sqlite:////no/such/folder/x.db"):connect() end), 1, true)
  end)
end)
