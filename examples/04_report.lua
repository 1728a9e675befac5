-- SPDX-License-Identifier: MIT
-- A report over a real database: Chinook, a music shop with eleven tables.
--
--     ./dev run examples/04_report.lua PATH/chinook.sqlite
--
-- The file is read where it is; the part that changes something works on a copy and rolls back.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local Column, Integer, String, Numeric, DateTime, ForeignKey = la.Column, la.Integer, la.String, la.Numeric, la.DateTime, la.ForeignKey
local relationship, func = orm.relationship, la.func

local path = arg and arg[1]
if not path then
  io.stderr:write("usage: 04_report.lua PATH/chinook.sqlite\n")
  os.exit(2)
end

local Base = orm.declarative_base()

local function key(name) return Column(name, Integer, {primary_key = true}) end

local Artist = Base:class "Artist" {
  __tablename__ = "Artist",
  id     = key "ArtistId",
  name   = Column("Name", String(120)),
  albums = relationship("Album", {back_populates = "artist", order_by = "Album.title"}),
}
local Album = Base:class "Album" {
  __tablename__ = "Album",
  id        = key "AlbumId",
  title     = Column("Title", String(160), {nullable = false}),
  artist_id = Column("ArtistId", Integer, ForeignKey "Artist.ArtistId", {nullable = false}),
  artist    = relationship("Artist", {back_populates = "albums"}),
  tracks    = relationship("Track", {back_populates = "album", order_by = "Track.id"}),
}
Base:class "Genre" {__tablename__ = "Genre", id = key "GenreId", name = Column("Name", String(120))}
Base:class "MediaType" {__tablename__ = "MediaType", id = key "MediaTypeId", name = Column("Name", String(120))}

local playlist_track = la.Table("PlaylistTrack", Base.metadata,
  Column("PlaylistId", Integer, ForeignKey "Playlist.PlaylistId", {primary_key = true}),
  Column("TrackId", Integer, ForeignKey "Track.TrackId", {primary_key = true}))

local Track = Base:class "Track" {
  __tablename__ = "Track",
  id            = key "TrackId",
  name          = Column("Name", String(200), {nullable = false}),
  album_id      = Column("AlbumId", Integer, ForeignKey "Album.AlbumId"),
  media_type_id = Column("MediaTypeId", Integer, ForeignKey "MediaType.MediaTypeId", {nullable = false}),
  genre_id      = Column("GenreId", Integer, ForeignKey "Genre.GenreId"),
  composer      = Column("Composer", String(220)),
  milliseconds  = Column("Milliseconds", Integer, {nullable = false}),
  bytes         = Column("Bytes", Integer),
  unit_price    = Column("UnitPrice", Numeric(10, 2), {nullable = false}),
  album         = relationship("Album", {back_populates = "tracks"}),
  genre         = relationship "Genre",
  media_type    = relationship "MediaType",
  playlists     = relationship("Playlist", {secondary = playlist_track, back_populates = "tracks"}),
}
local Playlist = Base:class "Playlist" {
  __tablename__ = "Playlist",
  id     = key "PlaylistId",
  name   = Column("Name", String(120)),
  tracks = relationship("Track", {secondary = playlist_track, back_populates = "playlists"}),
}
local Employee = Base:class "Employee" {
  __tablename__ = "Employee",
  id         = key "EmployeeId",
  last_name  = Column("LastName", String(20), {nullable = false}),
  first_name = Column("FirstName", String(20), {nullable = false}),
  title      = Column("Title", String(30)),
  boss_id    = Column("ReportsTo", Integer, ForeignKey "Employee.EmployeeId"),
  birth_date = Column("BirthDate", DateTime),
  hire_date  = Column("HireDate", DateTime),
  boss       = relationship("Employee", {remote_side = "Employee.id", back_populates = "reports"}),
  reports    = relationship("Employee", {back_populates = "boss", order_by = "Employee.id"}),
  customers  = relationship("Customer", {back_populates = "support"}),
}
function Employee:full_name() return self.first_name .. " " .. self.last_name end

local Customer = Base:class "Customer" {
  __tablename__ = "Customer",
  id         = key "CustomerId",
  first_name = Column("FirstName", String(40), {nullable = false}),
  last_name  = Column("LastName", String(20), {nullable = false}),
  country    = Column("Country", String(40)),
  email      = Column("Email", String(60), {nullable = false}),
  support_id = Column("SupportRepId", Integer, ForeignKey "Employee.EmployeeId"),
  support    = relationship("Employee", {back_populates = "customers"}),
  invoices   = relationship("Invoice", {back_populates = "customer", order_by = "Invoice.id"}),
}
local Invoice = Base:class "Invoice" {
  __tablename__ = "Invoice",
  id          = key "InvoiceId",
  customer_id = Column("CustomerId", Integer, ForeignKey "Customer.CustomerId", {nullable = false}),
  date        = Column("InvoiceDate", DateTime, {nullable = false}),
  total       = Column("Total", Numeric(10, 2), {nullable = false}),
  customer    = relationship("Customer", {back_populates = "invoices"}),
  lines       = relationship("InvoiceLine", {back_populates = "invoice", order_by = "InvoiceLine.id", cascade = "all, delete-orphan"}),
}
local InvoiceLine = Base:class "InvoiceLine" {
  __tablename__ = "InvoiceLine",
  id         = key "InvoiceLineId",
  invoice_id = Column("InvoiceId", Integer, ForeignKey "Invoice.InvoiceId", {nullable = false}),
  track_id   = Column("TrackId", Integer, ForeignKey "Track.TrackId", {nullable = false}),
  unit_price = Column("UnitPrice", Numeric(10, 2), {nullable = false}),
  quantity   = Column("Quantity", Integer, {nullable = false}),
  invoice    = relationship("Invoice", {back_populates = "lines"}),
  track      = relationship "Track",
}

local engine = la.create_engine("sqlite:///file:" .. path .. "?mode=ro&uri=true")
local Session = orm.sessionmaker{bind = engine}

do
  local session <close> = Session()

  print "== Top artists by sales"
  local sales = func.sum(InvoiceLine.quantity):label "sold"
  for row in session:query(Artist.name, sales)
      :join(Album, Album.artist_id:eq(Artist.id)):join(Track, Track.album_id:eq(Album.id)):join(InvoiceLine, InvoiceLine.track_id:eq(Track.id))
      :group_by(Artist.id):order_by(sales:desc(), Artist.name):limit(5):iter() do
    print(row.sold, row.name)
  end

  print "== Playlists by length"
  for _, row in ipairs(session:query(Playlist.name, func.count(Track.id):label "tracks", func.sum(Track.milliseconds):label "length")
      :join(Playlist.tracks):group_by(Playlist.id):order_by(la.desc "length", Playlist.id):limit(5):all()) do
    print(("%-12s %5d tracks %6d min"):format(row.name, row.tracks, row.length // 60000))
  end

  print "== Managers of each employee"
  for _, employee in ipairs(session:query(Employee):order_by(Employee.id):all()) do
    local chain, boss = {}, employee.boss
    while boss do
      chain[#chain + 1] = boss:full_name()
      boss = boss.boss
    end
    print(employee:full_name() .. (#chain > 0 and " < " .. table.concat(chain, " < ") or ""))
  end

  print "== Customers without invoices"
  print(session:query(Customer):filter(~Customer.invoices:any()):count())

  print "== Running totals per month of 2021"
  local month = func.strftime("%Y-%m", Invoice.date)
  local monthly = session:query(month:label "month", func.sum(Invoice.total):label "total"):group_by(month):subquery()
  local running = func.sum(monthly.c.total):over{order_by = monthly.c.month}
  for row in session:execute(la.select(monthly.c.month, monthly.c.total, running:label "so_far"):where(monthly.c.month:like "2021-%"):order_by(monthly.c.month)) do
    print(("%s %8.2f %9.2f"):format(row.month, tonumber(tostring(row.total)), tonumber(tostring(row.so_far))))
  end

  print "== An invoice, read with all that belongs to it"
  local invoice = session:scalars(la.select(Invoice):where(Invoice.id:eq(10)):options(
    orm.joinedload(Invoice.customer):joinedload(Customer.support),
    orm.selectinload(Invoice.lines):joinedload(InvoiceLine.track):joinedload(Track.album):joinedload(Album.artist))):one()
  print(("%s, %s %s (%s), served by %s"):format(invoice.date, invoice.customer.first_name, invoice.customer.last_name,
    invoice.customer.country, invoice.customer.support:full_name()))
  for _, line in ipairs(invoice.lines) do
    print(("  %d x %s  %s: %s"):format(line.quantity, line.unit_price, line.track.album.artist.name, line.track.name))
  end
  print("  total " .. tostring(invoice.total))
end
engine:dispose()

-- A copy to change.
local copy = os.tmpname()
do
  local from, to = assert(io.open(path, "rb")), assert(io.open(copy, "wb"))
  to:write(from:read "a")
  from:close()
  to:close()
end
local scratch = la.create_engine("sqlite:///" .. copy)
do
  print "== Changing a copy, and thinking better of it"
  local session <close> = orm.Session(scratch)
  local artist = session:query(Artist):filter_by{name = "AC/DC"}:one()
  local before = #artist.albums
  local album = Album{title = "Lualchemy Live", tracks = {
    Track{name = "Userdata", milliseconds = 180000, unit_price = "0.99", media_type_id = 1},
    Track{name = "Coroutines", milliseconds = 240000, unit_price = "0.99", media_type_id = 1},
  }}
  artist.albums:append(album)
  session:flush()
  print("flushed", album.id ~= nil, #artist.albums - before, session:query(Track):filter(Track.album_id:eq(album.id)):count())
  session:rollback()
  print("rolled back", #artist.albums - before, session:query(Album):filter_by{title = "Lualchemy Live"}:count())
end
scratch:dispose()
os.remove(copy)
