-- SPDX-License-Identifier: MIT
-- Full text search: FTS5 tables as tables of a MetaData and as mapped classes, in Core and in the ORM.
require "spec.support.sql"
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local sqlite = require "lualchemy.dialects.sqlite"
local database = require "spec.support.database"
local fails = require "spec.support.fails"
local exc = la.exc

after_each(database.clean)

local metadata = la.MetaData()
local docs = la.Table("docs", metadata,
  la.Column("rowid", la.Integer, {primary_key = true}),
  la.Column("title", la.Text),
  la.Column("body", la.Text),
  la.Column("url", la.Text, {sqlite_unindexed = true}),
  {sqlite_fts5 = {tokenize = "porter unicode61 separators '.'", prefix = "2 3"}})

local function new_engine()
  local engine = database.engine {memory = true}
  metadata:create_all(engine)
  engine:begin(function(conn)
    conn:execute(docs:insert(), {
      {title = "Lua", body = "a small language", url = "u1"},
      {title = "ORM", body = "maps objects to rows, in many languages; ours is for Lua", url = "lua"},
      {title = "SQL", body = "asks for rows", url = "u3"},
    })
  end)
  return engine
end

local function titles(conn, condition)
  return {table.unpack(conn:scalars(la.select(docs.c.title):where(condition):order_by(sqlite.rank(docs))):all())}
end

describe("an FTS5 table", function()
  it("is created with its options, and dropped with all that belongs to it", function()
    assert.sql(tostring(la.schema.CreateTable(docs):compile {dialect = "sqlite"}), [[
      CREATE VIRTUAL TABLE docs USING fts5( title, body, url UNINDEXED, tokenize = 'porter unicode61 separators ''.''', prefix = '2 3' )]])
    local engine = new_engine()
    metadata:create_all(engine)
    assert.same({"docs"}, {table.unpack(la.inspect(engine):get_table_names())})
    metadata:drop_all(engine)
    local conn <close> = engine:connect()
    assert.equal(0, conn:scalar(la.text "SELECT count(*) FROM sqlite_master"))
  end)

  it("is searched by match in all columns or one, ordered by rank", function()
    local engine = new_engine()
    local conn <close> = engine:connect()
    assert.same({"Lua", "ORM"}, titles(conn, sqlite.match(docs, "lua")))
    assert.same({"ORM"}, titles(conn, docs.c.body:match "lua"))
    assert.same({"ORM"}, titles(conn, sqlite.match(docs.c.body, "lua")))
    assert.same({"Lua", "ORM"}, titles(conn, sqlite.match(docs, "languag*")))
    assert.same({"SQL", "ORM"}, titles(conn, sqlite.match(docs, "rows NOT small")))
    assert.same({}, titles(conn, sqlite.match(docs, "u1")))
    assert.equal(2, conn:scalar(la.select(la.func.count()):where(sqlite.match(docs, "lua"))))
    fails(exc.OperationalError, "fts5: syntax error", function() titles(conn, sqlite.match(docs, "AND AND")) end)
  end)

  it("has bm25, snippet and highlight", function()
    local engine = new_engine()
    local conn <close> = engine:connect()
    local row = conn:execute(la.select(
      sqlite.bm25(docs):label("score"), sqlite.bm25(docs, 10, 1):label("weighed"),
      sqlite.snippet(docs, docs.c.body, {open = "[", close = "]", ellipsis = "..", tokens = 3}):label("piece"),
      sqlite.snippet(docs):label("best"),
      sqlite.highlight(docs, "title", {open = "*", close = "*"}):label("title"),
      sqlite.highlight(docs, docs.c.body):label("body"))
      :where(sqlite.match(docs, "lua")):order_by(sqlite.bm25(docs)):limit(1)):one()
    assert.is_true(row.score < 0 and row.weighed < row.score)
    assert.equal("a small language", row.piece)
    assert.equal("<b>Lua</b>", row.best)
    assert.equal("*Lua*", row.title)
    assert.equal("a small language", row.body)
    row = conn:execute(la.select(sqlite.snippet(docs, "body", {open = "[", close = "]", ellipsis = "..", tokens = 3}):label("piece"))
      :where(sqlite.match(docs, "ours"))):one()
    assert.equal("..languages; [ours] is..", row.piece)
  end)

  it("works under an alias, in joins and subqueries", function()
    local engine = new_engine()
    local conn <close> = engine:connect()
    local a = docs:alias()
    assert.sql(la.select(a.c.title):where(sqlite.match(a, "lua")),
      "SELECT docs_1.title FROM docs AS docs_1 WHERE docs_1.docs MATCH :docs_2")
    local other = docs:alias("o")
    local pairs_of = la.select(docs.c.title, other.c.title:label("other")):join(other, other.c.rowid:gt(docs.c.rowid))
      :where(sqlite.match(docs, "lua"), sqlite.match(other, "rows")):order_by(docs.c.rowid, other.c.rowid)
    assert.same({"Lua ORM", "Lua SQL", "ORM SQL"}, (function()
      local list = {}
      for row in conn:execute(pairs_of) do list[#list + 1] = row.title .. " " .. row.other end
      return list
    end)())
    local found = la.select(docs.c.rowid:label("id"), sqlite.bm25(docs):label("score")):where(sqlite.match(docs, "lua")):subquery()
    assert.equal(2, #conn:execute(la.select(found.c.id):where(found.c.score:lt(0))):all())
  end)

  it("is mapped as any table: added, changed, deleted, searched, also under an alias", function()
    local Base = orm.declarative_base()
    local Note = Base:class "Note" {
      __tablename__ = "notes",
      __table_args__ = {sqlite_fts5 = true},
      id = la.Column("rowid", la.Integer, {primary_key = true}),
      title = la.Column(la.Text),
      body = la.Column(la.Text),
    }
    local engine = database.engine {memory = true}
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add_all {Note {title = "one x", body = "y"}, Note {title = "two x", body = "z"}}
    session:commit()
    local found = session:query(Note):filter(sqlite.match(Note, "x")):order_by(sqlite.rank(Note), Note.id):all()
    assert.same({1, 2}, {found[1].id, found[2].id})
    found[2].body = "changed"
    session:commit()
    assert.equal(found[2], session:scalar(la.select(Note):where(sqlite.match(Note, "changed"))))
    assert.equal(found[2], session:scalar(la.select(Note):where(Note.body:match "changed")))
    assert.equal(found[2], session:scalar(la.select(Note):where(sqlite.match(Note.body, "changed"))))
    local row = session:execute(la.select(Note, sqlite.snippet(Note, Note.body):label("s")):where(sqlite.match(Note, "changed"))):one()
    assert.equal("<b>changed</b>", row.s)
    local A = orm.aliased(Note)
    assert.equal(found[1], session:query(A):filter(sqlite.match(A, "one")):one())
    session:delete(found[1])
    session:commit()
    assert.equal(1, session:query(Note):count())
  end)

  it("may keep its index alone, over another table, which commands rebuild", function()
    local own = la.MetaData()
    local posts = la.Table("posts", own, la.Column("id", la.Integer, {primary_key = true}), la.Column("text", la.Text))
    local index = la.Table("post_index", own, la.Column("rowid", la.Integer, {primary_key = true}), la.Column("text", la.Text),
      {sqlite_fts5 = {content = posts, content_rowid = "id"}})
    local engine = database.engine {memory = true}
    own:create_all(engine)
    engine:begin(function(conn)
      conn:execute(posts:insert(), {{text = "about Lua"}, {text = "about C"}})
      conn:execute(sqlite.fts5_command(index, "rebuild"))
      conn:execute(sqlite.fts5_command(index, "rank", "bm25(2.0)"))
      conn:execute(sqlite.fts5_command(index, "integrity-check"))
      local both = la.select(posts.c.text):join(index, index.c.rowid:eq(posts.c.id)):where(sqlite.match(index, "lua"))
      assert.equal("about Lua", conn:scalar(both))
    end)
  end)

  it("refuses what FTS5 has not, by table and column", function()
    local function create(...)
      local own = la.MetaData()
      la.Table("bad", own, ...)
      own:create_all(database.engine {memory = true})
    end
    local text = function(options) return la.Column("x", la.Text, options) end
    fails(exc.CompileError, "the key of an FTS5 table is its rowid", function()
      create(la.Column("id", la.Integer, {primary_key = true}), text(), {sqlite_fts5 = true})
    end)
    fails(exc.CompileError, "(in table 'bad', column 'x')", function() create(text {nullable = false}, {sqlite_fts5 = true}) end)
    fails(exc.CompileError, "no default in the database", function() create(text {server_default = "y"}, {sqlite_fts5 = true}) end)
    fails(exc.CompileError, "has no constraints", function() create(text {unique = true}, {sqlite_fts5 = true}) end)
    fails(exc.CompileError, "has no indexes", function() create(text {index = true}, {sqlite_fts5 = true}) end)
    fails(exc.ArgumentError, 'unknown keyword "tokenizer"', function() create(text(), {sqlite_fts5 = {tokenizer = "x"}}) end)
    fails(exc.ArgumentError, "tokenize is a string", function() create(text(), {sqlite_fts5 = {tokenize = 1}}) end)
    fails(exc.ArgumentError, "sqlite_fts5 is true or a table", function() create(text(), {sqlite_fts5 = 1}) end)
    local plain = la.Table("plain", la.MetaData(), text())
    fails(exc.ArgumentError, '"plain" is not declared as an FTS5 table', function() sqlite.match(plain, "x") end)
    fails(exc.ArgumentError, "bm25 takes an FTS5 table", function() sqlite.bm25("docs") end)
    fails(exc.ArgumentError, "a weight for each column", function() sqlite.bm25(docs, "x") end)
    fails(exc.ArgumentError, "has no column", function() sqlite.snippet(docs, "nothing") end)
    fails(exc.ArgumentError, "highlight takes a table and one", function() sqlite.highlight(docs) end)
    fails(exc.ArgumentError, "unknown keyword", function() sqlite.highlight(docs, "title", {opens = "x"}) end)
    fails(exc.ArgumentError, "the name of a command", function() sqlite.fts5_command(docs, 1) end)
  end)
end)
