-- SPDX-License-Identifier: MIT
-- Classes with a table for each, and classes that share one: rows, statements, errors.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local staff = require "spec.support.staff"
local warnings = require "lualchemy.warnings"

local ENGINEER = "SELECT engineers.id, people.id AS id_1, people.name, people.type, people.company_id, engineers.lang, engineers.level "
  .. "FROM people JOIN engineers ON people.id = engineers.id"

describe("joined-table inheritance", function()
  local s, session
  before_each(function()
    s = staff.new()
    session = s.session
  end)
  after_each(function() s:close() end)

  it("inserts all base rows in order of add, then each table of subclasses (UOW-131)", function()
    session:add_all{s.Engineer{name = "a"}, s.Manager{name = "b"}, s.Person{name = "c"}, s.Senior{name = "d"}, s.Engineer{name = "e"}}
    local sent = s:during(function() session:flush() end)
    local tables = {}
    for i, text in ipairs(sent) do tables[i] = text:match("INTO (%a+)") end
    assert.same({"people", "people", "people", "people", "people", "engineers", "engineers", "engineers", "managers", "seniors"}, tables)
    assert.same({"a", "b", "c", "d", "e"}, session:scalars(la.select(s.Person.name):order_by(s.Person.id)):all())
  end)

  it("updates the tables that have changed columns, and deletes subclass rows first (MAP-03)", function()
    s:fill()
    local eve, sam = session:get(s.Engineer, 1), session:get(s.Senior, 4)
    eve.name, eve.lang = "Eva", "teal"
    sam.grade = 9
    assert.same({
      "UPDATE people SET name=? WHERE people.id = ?",
      "UPDATE engineers SET lang=? WHERE engineers.id = ?",
      "UPDATE seniors SET grade=? WHERE seniors.id = ?",
    }, s:during(function() session:flush() end))
    session:delete(sam)
    local sent = s:during(function() session:flush() end)
    assert.same({"DELETE FROM seniors WHERE seniors.id = ?", "DELETE FROM engineers WHERE engineers.id = ?",
      "DELETE FROM people WHERE people.id = ?"}, {sent[#sent - 2], sent[#sent - 1], sent[#sent]})
  end)

  it("selects a subclass from the join of its tables, at any depth (LOAD-3.8)", function()
    s:fill()
    assert.same({ENGINEER}, s:during(function()
      local found = session:scalars(la.select(s.Engineer):order_by(nil)):all()
      assert.equal(2, #found)
      assert.is_true(la.isinstance(found[2], s.Senior))
      assert.equal("c", found[2].lang)
    end))
    assert.same({"SELECT seniors.id, engineers.id AS id_1, people.id AS id_2, people.name, people.type, people.company_id, engineers.lang, "
      .. "engineers.level, seniors.grade FROM people JOIN engineers ON people.id = engineers.id JOIN seniors ON engineers.id = seniors.id"},
      s:during(function() session:scalars(la.select(s.Senior)):all() end))
  end)

  it("gets and refreshes by the base table's key, and answers for the class asked for alone", function()
    s:fill()
    assert.same({ENGINEER .. " WHERE people.id = ?"}, s:during(function() assert.equal("lua", session:get(s.Engineer, 1).lang) end))
    local eve = session:get(s.Person, 1)
    assert.is_true(la.isinstance(eve, s.Engineer))
    assert.same({}, s:during(function()
      assert.is_nil(session:get(s.Manager, 1))
      assert.equal(eve, session:get(s.Engineer, 1))
    end))
    session:expire(eve)
    assert.same({ENGINEER .. " WHERE people.id = ?"}, s:during(function() assert.equal("Eve", eve.name) end))
  end)

  it("reads what a row of the base says nothing of from the tables that have it (LOAD-3.8, MAP-03)", function()
    s:fill()
    local people
    assert.same({"SELECT people.id, people.name, people.type, people.company_id FROM people ORDER BY people.id"}, s:during(function()
      people = session:scalars(la.select(s.Person):order_by(s.Person.id)):all()
    end))
    assert.same({"SELECT engineers.lang AS engineers_lang, engineers.level AS engineers_level FROM engineers WHERE ? = engineers.id"}, s:during(function()
      assert.equal("lua", people[1].lang)
      assert.equal(1, people[1].level)
    end))
    assert.same({"SELECT engineers.lang AS engineers_lang, engineers.level AS engineers_level, seniors.grade AS seniors_grade " ..
      "FROM engineers, seniors WHERE ? = engineers.id "
      .. "AND engineers.id = seniors.id"}, s:during(function()
      assert.equal(3, people[4].grade)
      assert.equal("c", people[4].lang)
    end))
    assert.same({"SELECT managers.status AS managers_status, managers.golf AS managers_golf FROM managers WHERE ? = managers.id"}, s:during(function()
      assert.equal(4, people[5].golf)
    end))
  end)

  it("says that an object is gone when its subclass row is", function()
    s:fill()
    local eve = session:get(s.Person, 1)
    session:execute(la.text "DELETE FROM machines")
    session:execute(la.text "DELETE FROM engineers WHERE id = 1")
    fails(exc.ObjectDeletedError, "has been deleted, or its row is otherwise not present", function() return eve.lang end)
  end)

  it("joins tables by inherit_condition, and asks for it where foreign keys don't say how (MAP-01)", function()
    local Column, Integer = la.Column, la.Integer
    local Base = orm.declarative_base()
    local Thing = Base:class "Thing" {__tablename__ = "things", id = Column(Integer, {primary_key = true}), kind = Column(la.String),
      other_id = Column(Integer)}
    local function below(name, columns, arguments)
      columns.__tablename__ = name:lower()
      columns.__mapper_args__ = arguments
      return Thing:class(name)(columns)
    end
    local err = fails(exc.NoForeignKeysError, "Can't determine the inherit condition between inherited table 'things' and inheriting table "
      .. "'plain'; tables have no foreign key relationships established.", function()
      below("Plain", {id = Column(Integer, {primary_key = true})})
    end)
    assert.truthy(err.message:find("'inherit_condition' mapper argument of Plain.", 1, true))
    fails(exc.AmbiguousForeignKeysError, "tables have more than one foreign key relationship established", function()
      below("Double", {id = Column(Integer, la.ForeignKey "things.id", {primary_key = true}), parent_id = Column(Integer, la.ForeignKey "things.id")})
    end)
    local id, parent = Column(Integer, la.ForeignKey "things.id", {primary_key = true}), Column(Integer, la.ForeignKey "things.id")
    local Child = below("Child", {id = id, parent_id = parent}, {inherit_condition = id:eq(Thing.id)})
    assert.equal("SELECT child.id, things.id AS id_1, things.kind, things.other_id, child.parent_id FROM things JOIN child ON child.id = things.id",
      (tostring(la.select(Child)):gsub("%s+", " ")))
    fails(exc.ArgumentError, "inherit_condition of Wrong is a condition, not a string", function()
      below("Wrong", {id = Column(Integer, {primary_key = true})}, {inherit_condition = "id"})
    end)
  end)

  it("compares the discriminator where classes share a table below joined ones (MAP-02, MAP-03)", function()
    s:fill()
    assert.same({"SELECT managers.id, people.id AS id_1, people.name, people.type, people.company_id, managers.status, managers.golf "
      .. "FROM people JOIN managers ON people.id = managers.id WHERE people.type IN (?)"},
      s:during(function() assert.equal(1, #session:scalars(la.select(s.Boss)):all()) end))
    assert.same({"SELECT managers.golf FROM people JOIN managers ON people.id = managers.id WHERE people.type IN (?)"},
      s:during(function() session:execute(la.select(s.Boss.golf)):all() end))
  end)

  it("joins to a subclass along relationships and conditions (LOAD-3.8)", function()
    s:fill()
    local Company, Engineer = s.Company, s.Engineer
    assert.same({"SELECT companies.id FROM companies JOIN (people JOIN engineers ON people.id = engineers.id) "
      .. "ON companies.id = people.company_id WHERE engineers.lang = ?"}, s:during(function()
      local found = session:scalars(la.select(Company.id):join(Company.people:of_type(Engineer)):where(Engineer.lang:eq "lua")):all()
      assert.same({1}, found)
    end))
    assert.same({"SELECT companies.id FROM companies WHERE EXISTS (SELECT 1 FROM people JOIN engineers ON people.id = engineers.id "
      .. "WHERE companies.id = people.company_id AND engineers.lang = ?)"}, s:during(function()
      session:scalars(la.select(Company.id):where(Company.people:of_type(Engineer):any(Engineer.lang:eq "lua"))):all()
    end))
    assert.same({"SELECT machines.id FROM machines JOIN (people JOIN engineers ON people.id = engineers.id) "
      .. "ON engineers.id = machines.engineer_id WHERE people.name = ?"}, s:during(function()
      session:scalars(la.select(s.Machine.id):join(Engineer):where(Engineer.name:eq "Eve")):all()
    end))
  end)
end)

describe("passive_deletes of a mapper", function()
  it("leaves the rows of subclasses to the database (UOW-133)", function()
    local Base = orm.declarative_base()
    local Column, Integer = la.Column, la.Integer
    local A = Base:class "A" {__tablename__ = "a", id = Column(Integer, {primary_key = true}), type = Column(la.String),
      __mapper_args__ = {polymorphic_on = "type", polymorphic_identity = "a", passive_deletes = true}}
    local function below(parent, name)
      return parent:class(name) {__tablename__ = name:lower(), __mapper_args__ = {polymorphic_identity = name:lower()},
        id = Column(Integer, la.ForeignKey(parent.__tablename__ .. ".id", {ondelete = "CASCADE"}), {primary_key = true}), n = Column(Integer)}
    end
    local B = below(A, "B")
    local C = below(B, "C")
    local s = require("spec.support.shop").open{Base = Base}
    local session = s.session
    session:add_all{B{id = 1}, C{id = 2}, A{id = 3}}
    session:commit()
    for id = 1, 3 do session:delete(session:get(A, id)) end
    assert.same({"DELETE FROM a WHERE a.id = ?"},
      s:during(function() session:flush() end))
    assert.equal(0, session:scalar(la.text "SELECT count(*) FROM c"))
    s:close()
  end)
end)

describe("a changed primary key", function()
  local function change(passive, engine)
    local Base = orm.declarative_base()
    local Column, String = la.Column, la.String
    local A = Base:class "A" {__tablename__ = "a", code = Column(String, {primary_key = true}), type = Column(String),
      __mapper_args__ = {polymorphic_on = "type", polymorphic_identity = "a"}}
    local B = A:class "B" {__tablename__ = "b", note = Column(String), __mapper_args__ = {polymorphic_identity = "b", passive_updates = passive},
      code = Column(String, la.ForeignKey("a.code", {onupdate = passive and "CASCADE" or nil}), {primary_key = true})}
    local s = require("spec.support.shop").open({Base = Base}, {engine = engine})
    s.session:add(B{code = "x", note = "n"})
    s.session:commit()
    local b = s.session:get(A, "x")
    local sent = s:during(function()
      b.code, b.note = "y", "m"
      s.session:flush()
    end)
    s.session:commit()
    assert.equal("m", s.session:get(B, "y").note)
    s:close()
    return {sent[#sent - 1], sent[#sent]}
  end

  it("comes to the tables of subclasses by the database, or by the flush with passive_updates = false (UOW-94)", function()
    assert.same({"UPDATE a SET code=? WHERE a.code = ?", "UPDATE b SET note=? WHERE b.code = ?"}, change(true))
    assert.same({"UPDATE a SET code=? WHERE a.code = ?", "UPDATE b SET note=?, code=? WHERE b.code = ?"},
      change(false, la.create_engine("sqlite://", {foreign_keys = false})))
  end)
end)

describe("with_polymorphic", function()
  local s, session
  local JOINED = "FROM people LEFT OUTER JOIN engineers ON people.id = engineers.id LEFT OUTER JOIN managers ON people.id = managers.id"
  local COLUMNS = "people.id, people.name, people.type, people.company_id, engineers.id AS id_1, engineers.lang, engineers.level, "
    .. "managers.id AS id_2, managers.status "
  before_each(function()
    s = staff.new():fill()
    session = s.session
  end)
  after_each(function() s:close() end)

  it("loads the columns of subclasses in one statement, by which it filters and orders (LOAD-3.8)", function()
    local all = orm.with_polymorphic(s.Person, {s.Engineer, s.Manager})
    local people
    assert.same({"SELECT " .. COLUMNS .. JOINED .. " ORDER BY people.id"}, s:during(function()
      people = session:scalars(la.select(all):order_by(all.id)):all()
      assert.same({"lua", "c"}, {people[1].lang, people[4].lang})
      assert.same({"busy", "away"}, {people[2].status, people[5].status})
    end))
    assert.same({"SELECT seniors.grade AS seniors_grade FROM seniors WHERE ? = seniors.id"}, s:during(function() assert.equal(3, people[4].grade) end))
    assert.same({"SELECT " .. COLUMNS .. JOINED .. " WHERE engineers.lang = ? OR managers.status = ? ORDER BY managers.status"},
      s:during(function()
        local found = session:scalars(la.select(all):where(all.Engineer.lang:eq "lua" | all.Manager.status:eq "busy")
          :order_by(all.Manager.status)):all()
        assert.same({"Eve", "Max"}, {found[1].name, found[2].name})
      end))
  end)

  it("takes all subclasses, aliases, inner joins, and classes in the middle (MAP-06)", function()
    local function select(entity) return s:during(function() session:scalars(la.select(entity)):all() end) end
    assert.same({"SELECT " .. COLUMNS:sub(1, -2) .. ", seniors.id AS id_3, seniors.grade, managers.golf " .. JOINED
      .. " LEFT OUTER JOIN seniors ON engineers.id = seniors.id"}, select(orm.with_polymorphic(s.Person, "*")))
    local aliased = "SELECT people_1.id, people_1.name, people_1.type, people_1.company_id, engineers_1.id AS id_1, engineers_1.lang, "
      .. "engineers_1.level FROM people AS people_1 LEFT OUTER JOIN engineers AS engineers_1 ON people_1.id = engineers_1.id"
    assert.same({aliased}, select(orm.with_polymorphic(s.Person, {s.Engineer}, {flat = true})))
    assert.same({aliased}, select(orm.with_polymorphic(s.Person, {s.Engineer}, {aliased = true})))
    local named = orm.aliased(s.Engineer, {name = "e"})
    assert.same({"SELECT e_engineers.id, e_people.name FROM people AS e_people JOIN engineers AS e_engineers ON e_people.id = e_engineers.id"},
      s:during(function() s.session:execute(la.select(named.id, named.name)):all() end))
    assert.same({"SELECT people.id, people.name, people.type, people.company_id, engineers.id AS id_1, engineers.lang, engineers.level "
      .. "FROM people JOIN engineers ON people.id = engineers.id"}, select(orm.with_polymorphic(s.Person, {s.Engineer}, {innerjoin = true})))
    assert.same({"SELECT engineers.id, people.id AS id_1, people.name, people.type, people.company_id, engineers.lang, engineers.level, "
      .. "seniors.id AS id_2, seniors.grade FROM people JOIN engineers ON people.id = engineers.id LEFT OUTER JOIN seniors "
      .. "ON engineers.id = seniors.id"}, select(orm.with_polymorphic(s.Engineer, {s.Senior})))
  end)

  it("refuses what does not inherit, and names what it does not have", function()
    fails(exc.InvalidRequestError, "Mapper[Company(companies)] does not inherit from Mapper[Person(people)]", function()
      orm.with_polymorphic(s.Person, {s.Company})
    end)
    fails(exc.ArgumentError, "with_polymorphic takes a list of mapped classes", function() orm.with_polymorphic(s.Person, "Engineer") end)
    fails(exc.ArgumentError, "item 1 of its list is no mapped class", function() orm.with_polymorphic(s.Person, {"Engineer"}) end)
    local all = orm.with_polymorphic(s.Person, {s.Engineer})
    fails(exc.InvalidRequestError, 'has no attribute "Manager"', function() return all.Manager end)
  end)

  it("is what eager loads of a subclass read, and of such an entity (LOAD-3.8)", function()
    local Company, Engineer = s.Company, s.Engineer
    local function people_of(option)
      session:expunge_all()
      local company
      local sent = s:during(function()
        company = session:scalars(la.select(Company):options(option)):unique():first()
        assert.equal("lua", company.people[1].lang)
        assert.equal(5, #company.people)
      end)
      return sent
    end
    local join = "LEFT OUTER JOIN (people AS people_1 LEFT OUTER JOIN engineers AS engineers_1 ON people_1.id = engineers_1.id) "
      .. "ON companies.id = people_1.company_id ORDER BY people_1.id"
    local columns = "SELECT companies.id, companies.name, people_1.id AS id_1, people_1.name AS name_1, people_1.type, "
      .. "people_1.company_id, engineers_1.id AS id_2, engineers_1.lang, engineers_1.level FROM companies "
    assert.same({columns .. join}, people_of(orm.joinedload(Company.people:of_type(Engineer))))
    assert.same({columns .. join},
      people_of(orm.joinedload(Company.people:of_type(orm.with_polymorphic(s.Person, {Engineer}, {flat = true})))))
    local sent = people_of(orm.selectinload(Company.people:of_type(Engineer)))
    assert.equal(2, #sent)
    assert.truthy(sent[2]:find("FROM people LEFT OUTER JOIN engineers ON people.id = engineers.id WHERE people.company_id IN (?)", 1, true))
    fails(exc.InvalidRequestError, "Detected unaliased columns when generating joined load.", function()
      people_of(orm.joinedload(Company.people:of_type(orm.with_polymorphic(s.Person, {Engineer}))))
    end)
  end)

  it("loads relationships of the subclasses that it has (LOAD-3.8)", function()
    local all = orm.with_polymorphic(s.Person, {s.Engineer})
    local sent = s:during(function()
      local people = session:scalars(la.select(all):options(orm.joinedload(all.Engineer.machines)):order_by(all.id)):unique():all()
      assert.equal("lathe", people[1].machines[1].name)
      assert.equal(5, #people)
    end)
    assert.equal(1, #sent)
    assert.truthy(sent[1]:find("LEFT OUTER JOIN machines AS machines_1 ON engineers.id = machines_1.engineer_id", 1, true))
    session:expunge_all()
    assert.equal(2, #s:during(function()
      local people = session:scalars(la.select(s.Person):options(orm.selectinload(s.Engineer.machines)):order_by(s.Person.id)):all()
      assert.equal("lathe", people[1].machines[1].name)
    end))
  end)
end)

describe("selectin_polymorphic", function()
  local s, session
  local BASE = "SELECT people.id, people.name, people.type, people.company_id FROM people"
  local function behind(table_name, columns)
    return ("SELECT %s.id AS %s_id, people.id AS people_id, people.type AS people_type, %s FROM people JOIN %s ON people.id = %s.id " ..
      "WHERE people.id IN (?, ?)"):format(table_name, table_name, columns, table_name, table_name)
  end
  local ENGINEERS, MANAGERS =
    behind("engineers", "engineers.lang AS engineers_lang, engineers.level AS engineers_level"), behind("managers", "managers.status AS managers_status")
  before_each(function()
    s = staff.new():fill()
    session = s.session
  end)
  after_each(function() s:close() end)

  it("reads what each subclass adds by one statement, before it is asked for (LOAD-3.8)", function()
    local people -- held, so that the session keeps what is loaded
    assert.same({BASE, ENGINEERS, MANAGERS}, s:during(function()
      people = session:scalars(la.select(s.Person):options(orm.selectin_polymorphic(s.Person, {s.Engineer, s.Manager}))):all()
      assert.same({"lua", "c"}, {people[1].lang, people[4].lang})
      assert.same({"busy", "away"}, {people[2].status, people[5].status})
    end))
    assert.same({BASE}, s:during(function()
      session:scalars(la.select(s.Person):options(orm.selectin_polymorphic(s.Person, {s.Engineer}))):all()
    end), "what is loaded is not read again")
    assert.equal(5, #people)
  end)

  it("goes with other options, also below a relationship (LOAD-3.8)", function()
    local options = {orm.selectin_polymorphic(s.Person, {s.Engineer}), orm.selectinload(s.Engineer.machines)}
    assert.equal(3, #s:during(function()
      local people = session:scalars(la.select(s.Person):options(table.unpack(options)):order_by(s.Person.id)):all()
      assert.equal("lathe", people[1].machines[1].name)
      assert.equal("lua", people[1].lang)
    end))
    session:expunge_all()
    assert.equal(3, #s:during(function()
      local company = session:scalars(la.select(s.Company):options(
        orm.selectinload(s.Company.people):selectin_polymorphic(s.Person, {s.Engineer}))):first()
      assert.equal("lua", company.people[1].lang)
    end))
  end)

  it("asks for 500 objects at once (LOAD-3.8)", function()
    for i = 1, 501 do session:add(s.Manager{id = 100 + i, status = "s" .. i}) end
    session:commit()
    session:expunge_all()
    local people
    assert.equal(3, #s:during(function()
      people = session:scalars(la.select(s.Person):where(s.Person.id:gt(100)):order_by(s.Person.id)
        :options(orm.selectin_polymorphic(s.Person, {s.Manager}))):all()
    end))
    assert.same({}, s:during(function() assert.equal("s501", people[501].status) end))
  end)

  it("is polymorphic_load = \"selectin\" of the subclass (MAP-06)", function()
    s:close()
    s = staff.new{Engineer = {polymorphic_load = "selectin"}, Manager = {polymorphic_load = "selectin"}}:fill()
    assert.same({BASE, ENGINEERS, MANAGERS}, s:during(function() s.session:scalars(la.select(s.Person)):all() end))
    s.session:expunge_all()
    assert.equal(2, #s:during(function() assert.equal("busy", s.session:get(s.Person, 2).status) end))
  end)

  it("refuses what is no subclass", function()
    fails(exc.ArgumentError, "selectin_polymorphic: item 1 of its list is no subclass of Person", function()
      orm.selectin_polymorphic(s.Person, {s.Company})
    end)
    fails(exc.ArgumentError, "selectin_polymorphic takes a mapped class and a list of its subclasses", function()
      orm.selectin_polymorphic(s.Person, s.Engineer)
    end)
  end)
end)

describe("mapper arguments for loading subclasses", function()
  local s
  after_each(function() s:close() end)

  local function of(arguments)
    s = staff.new(arguments):fill()
    return s:during(function()
      local people = s.session:scalars(la.select(s.Person):order_by(s.Person.id)):all()
      assert.equal("lua", people[1].lang)
      assert.equal("busy", people[2].status)
    end)
  end

  it("with_polymorphic adds all subclasses, or those that it names, to every select (MAP-06)", function()
    local sent = of{Person = {with_polymorphic = "*"}}
    assert.equal(1, #sent)
    assert.truthy(sent[1]:find("LEFT OUTER JOIN seniors ON engineers.id = seniors.id", 1, true))
    assert.truthy(s:during(function() s.session:execute(la.select(s.Person.name)):all() end)[1]:find("SELECT people.name FROM people LEFT OUTER", 1, true))
    s:close()
    sent = of{Person = {with_polymorphic = {"Engineer", "Manager"}}}
    assert.equal(1, #sent)
    assert.falsy(sent[1]:find("seniors", 1, true))
  end)

  it("polymorphic_load = \"inline\" adds one (MAP-06)", function()
    local sent = of{Engineer = {polymorphic_load = "inline"}}
    assert.equal(2, #sent)
    assert.truthy(sent[1]:find("FROM people LEFT OUTER JOIN engineers ON people.id = engineers.id ORDER BY", 1, true))
    assert.equal("SELECT managers.status AS managers_status FROM managers WHERE ? = managers.id", sent[2])
    local session = s.session
    session:expunge_all()
    local loaded = s:during(function()
      local company = session:scalars(la.select(s.Company):options(orm.joinedload(s.Company.people))):unique():first()
      assert.equal("lua", company.people[1].lang)
    end)
    assert.equal(1, #loaded)
    session:expunge_all()
    assert.same({"lua"}, session:scalars(la.select(s.Engineer.lang):join(s.Company.people):where(s.Engineer.id:eq(1)):select_from(s.Company)):all())
  end)

  it("refuse what they don't know", function()
    s = staff.new()
    fails(exc.ArgumentError, 'polymorphic_load is "inline" or "selectin", not eager', function()
      s.Person:class "Other" {__mapper_args__ = {polymorphic_load = "eager"}}
    end)
    fails(exc.ArgumentError, 'with_polymorphic is "*" or a list of classes', function()
      s.Person:class "Other" {__mapper_args__ = {with_polymorphic = "Engineer"}}
    end)
  end)
end)

describe("the discriminator", function()
  local s, session
  before_each(function()
    s = staff.new()
    session = s.session
  end)
  after_each(function() s:close() end)

  it("is set when an object is made, and what does not fit is warned about at the flush (UOW-132)", function()
    local eve = s.Engineer{name = "Eve"}
    assert.equal("engineer", eve.type)
    assert.equal("boss", s.Boss{}.type)
    session:add(eve)
    assert.same({}, warnings.catch_warnings(function() session:flush() end))
    local max = s.Engineer{name = "Max"}
    max.type = "manager"
    session:add(max)
    local got = warnings.catch_warnings(function() session:flush() end)
    assert.equal(1, #got)
    assert.truthy(got[1].message:find("^Flushing object Engineer%(.*%) with incompatible polymorphic identity \"manager\"; the object may "
      .. "not refresh and/or load correctly$"))
    local pat = s.Manager{}
    pat.type = "boss"
    session:add(pat)
    assert.same({}, warnings.catch_warnings(function() session:flush() end), "bosses share the managers' table")
  end)

  it("may be an SQL expression, or a column_property (MAP-05)", function()
    local Column, Integer, String = la.Column, la.Integer, la.String
    for _, as_property in ipairs {false, true} do
      local Base = orm.declarative_base()
      local legs = Column(Integer)
      local expression = la.case({legs:eq(2), "bird"}, {legs:eq(4), "cat"}, {else_ = "animal"})
      local Animal = Base:class "Animal" {
        __tablename__ = "animals", id = Column(Integer, {primary_key = true}), name = Column(String), legs = legs,
        what = as_property and orm.column_property(expression) or nil,
        __mapper_args__ = {polymorphic_on = as_property and "what" or expression, polymorphic_identity = "animal"},
      }
      local Cat = Animal:class "Cat" {__mapper_args__ = {polymorphic_identity = "cat"}}
      Animal:class "Bird" {__mapper_args__ = {polymorphic_identity = "bird"}}
      local t = require("spec.support.shop").open{Base = Base}
      t.session:add_all{Animal{name = "snail", legs = 1}, Cat{name = "Tom", legs = 4}}
      t.session:commit()
      local found = {}
      for animal in t.session:scalars(la.select(Animal):order_by(Animal.id)) do found[#found + 1] = la.inspect(animal).class.__name__ end
      assert.same({"Animal", "Cat"}, found)
      local sent = t:during(function() assert.equal("Tom", t.session:scalars(la.select(Cat)):one().name) end)
      assert.truthy(sent[1]:find("WHERE CASE WHEN (animals.legs = ?) THEN ? WHEN (animals.legs = ?) THEN ? ELSE ? END IN (?)", 1, true), sent[1])
      t:close()
    end
  end)

  it("is warned about where a class has no identity, or one twice (MAP-05)", function()
    local got = warnings.catch_warnings(function() s.Person:class "Nobody" {} end)
    assert.equal(1, #got)
    assert.truthy(got[1].message:find("Mapper Mapper[Nobody(people)] does not indicate a 'polymorphic_identity'", 1, true))
    got = warnings.catch_warnings(function() s.Person:class "Twice" {__mapper_args__ = {polymorphic_identity = "boss"}} end)
    assert.truthy(got[1].message:find('Reassigning polymorphic association for identity "boss" from Mapper[Boss(managers)] to '
      .. "Mapper[Twice(people)]", 1, true))
  end)

  it("must name a class, one below the class asked for, and be there (MAP-05)", function()
    local function row(type)
      session:rollback()
      session:execute(la.text "INSERT INTO people (id, name, type) VALUES (9, 'x', :type)", {type = type})
      session:execute(la.text "INSERT INTO engineers (id) VALUES (9)")
    end
    row "weird"
    fails(exc.InvalidRequestError, 'No such polymorphic_identity "weird" is defined', function()
      session:scalars(la.select(s.Person)):all()
    end)
    row(la.null)
    fails(exc.InvalidRequestError, "Row with identity key (Person, 9) can't be loaded into an object; the polymorphic discriminator column "
      .. "'people.type' is NULL", function() session:get(s.Person, 9) end)
    row "manager"
    fails(exc.InvalidRequestError, "the polymorphic discriminator column 'people.type' refers to Mapper[Manager(managers)], which is not a "
      .. "sub mapper of the requested Mapper[Engineer(engineers)]", function() session:scalars(la.select(s.Engineer)):all() end)
  end)
end)

describe("single-table inheritance", function()
  local s, session, Node, Leaf
  before_each(function()
    local Base = orm.declarative_base()
    local Column, Integer, String = la.Column, la.Integer, la.String
    Node = Base:class "Node" {
      __tablename__ = "nodes",
      id = Column(Integer, {primary_key = true}),
      name = Column(String),
      kind = Column(String),
      parent_id = Column(Integer, la.ForeignKey "nodes.id"),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "node"},
    }
    Leaf = Node:class "Leaf" {colour = Column(String), __mapper_args__ = {polymorphic_identity = "leaf"}}
    local Needle = Leaf:class "Needle" {__mapper_args__ = {polymorphic_identity = "needle"}}
    s = require("spec.support.shop").open{Base = Base, Needle = Needle}
    session = s.session
  end)
  after_each(function() s:close() end)

  local function text(statement) return (tostring(statement):gsub("%s+", " ")) end

  it("compares the discriminator wherever the class is named (MAP-02)", function()
    local rows = "nodes.kind IN (:kind_1, :kind_2)"
    assert.equal("SELECT nodes.name FROM nodes WHERE " .. rows, text(la.select(Leaf.name)))
    assert.equal("SELECT count(nodes.id) AS count_1 FROM nodes WHERE " .. rows, text(la.select(la.func.count(Leaf.id))))
    assert.equal("SELECT count(*) AS count_1 FROM nodes WHERE " .. rows, text(la.select(la.func.count()):select_from(Leaf)))
    assert.equal("SELECT nodes.id FROM nodes WHERE nodes.colour = :colour_1 AND " .. rows,
      text(la.select(Node.id):where(Leaf.colour:eq "red")))
    local other = orm.aliased(Leaf)
    assert.equal("SELECT nodes.name, nodes_1.name AS name_1 FROM nodes JOIN nodes AS nodes_1 ON nodes_1.id = nodes.parent_id "
      .. "AND nodes_1.kind IN (:kind_1, :kind_2)", text(la.select(Node.name, other.name):join(other, other.id:eq(Node.parent_id))))
    assert.equal("UPDATE nodes SET name=:name WHERE " .. rows, text(la.update(Leaf):values{name = "x"}))
  end)

  it("reads the rows of subclasses too (MAP-02)", function()
    session:add_all{Node{name = "a"}, Leaf{name = "b", colour = "red"}, s.Needle{name = "c", colour = "green"}}
    session:commit()
    local names = {}
    for leaf in session:scalars(la.select(Leaf):order_by(Leaf.id)) do names[#names + 1] = leaf.name .. " " .. leaf.colour end
    assert.same({"b red", "c green"}, names)
  end)
end)

describe("a subquery load of a base's relationship", function()
  it("joins the subclass's tables in what it embeds (LOAD-3.4)", function()
    local Base = orm.declarative_base()
    local Animal = Base:class "Animal" {
      __tablename__ = "sub_animals",
      id = la.Column(la.Integer, {primary_key = true}),
      kind = la.Column(la.String),
      toys = orm.relationship("Toy", {lazy = "subquery"}),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "animal"},
    }
    local Dog = Animal:class "Dog" {
      __tablename__ = "sub_dogs",
      id = la.Column(la.Integer, la.ForeignKey "sub_animals.id", {primary_key = true}),
      age = la.Column(la.Integer),
      __mapper_args__ = {polymorphic_identity = "dog"},
    }
    local Toy = Base:class "Toy" {
      __tablename__ = "sub_toys",
      id = la.Column(la.Integer, {primary_key = true}),
      animal_id = la.Column(la.Integer, la.ForeignKey "sub_animals.id"),
    }
    local engine = la.create_engine "sqlite://"
    Base.metadata:create_all(engine)
    local session <close> = orm.Session(engine)
    session:add_all{Animal{toys = {Toy{}}}, Dog{age = 2, toys = {Toy{}, Toy{}}}, Dog{age = 3, toys = {Toy{}}}}
    session:commit()
    session:expunge_all()
    local dog = session:query(Dog):filter(Dog.age:eq(2)):one()
    assert.equal(2, #dog.toys)
  end)
end)

describe("A select of classes with several tables, embedded", function()
  local s
  before_each(function() s = staff.new():fill() end)
  after_each(function() s:close() end)

  it("offers its columns by their names, numbered where they repeat", function()
    local sub = la.select(s.Engineer):subquery()
    assert.same({"id", "id_1", "name", "type", "company_id", "lang", "level"}, {table.unpack(sub.c:keys())})
    local rows = s.session:execute(la.select(sub.c.name, sub.c.lang):order_by(sub.c.id)):all()
    local engineers = s.session:scalars(la.select(s.Engineer):order_by(s.Engineer.id)):all()
    assert.same({engineers[1].name, engineers[1].lang, #engineers}, {rows[1].name, rows[1].lang, #rows})
    local whole = la.select(orm.with_polymorphic(s.Person, {s.Engineer, s.Manager})):subquery()
    assert.equal(#s.session:scalars(la.select(s.Person)):all(), #s.session:execute(la.select(whole.c.lang, whole.c.status)):all())
  end)
end)

describe("Rows in bulk of classes with several tables", function()
  local s
  before_each(function() s = staff.new():fill() end)
  after_each(function() s:close() end)

  it("are inserted table by table, marked as their class's, and given back (QRY-09)", function()
    local session = s.session
    local texts = s:during(function()
      assert.equal(2, session:execute(la.insert(s.Engineer), {{name = "x", lang = "c"}, {name = "y", lang = "d"}}).rowcount)
    end)
    assert.same({"INSERT INTO people (name, type) VALUES (?, ?)", "INSERT INTO people (name, type) VALUES (?, ?)",
      "INSERT INTO engineers (id, lang) VALUES (?, ?)"}, texts)
    local made = session:scalars(la.insert(s.Engineer):returning(s.Engineer), {{name = "v", lang = "e"}, {name = "w", lang = "f"}}):all()
    assert.same({"v", "engineer", "e", "w", "f"}, {made[1].name, made[1].type, made[1].lang, made[2].name, made[2].lang})
    local rows = session:execute(la.insert(s.Engineer):returning(s.Engineer.id, s.Engineer.lang), {{name = "z", lang = "g"}}):all()
    assert.same({1, made[2].id + 1, "g"}, {#rows, rows[1].id, rows[1].lang})
    fails(exc.InvalidRequestError, 'Engineer has no mapped column "nme"', function()
      session:execute(la.insert(s.Engineer), {{nme = "x"}})
    end)
  end)

  it("are updated table by table, and so are the session's objects (QRY-11)", function()
    local session = s.session
    local engineer = session:scalars(la.select(s.Engineer):order_by(s.Engineer.id)):first()
    local texts = s:during(function()
      session:execute(la.update(s.Engineer), {{id = engineer.id, name = "new", lang = "lua"}})
    end)
    assert.same({"UPDATE people SET name=? WHERE people.id = ?", "UPDATE engineers SET lang=? WHERE engineers.id = ?"}, texts)
    assert.same({"new", "lua"}, {engineer.name, engineer.lang})
    local err = fails(exc.InvalidRequestError, "No primary key value supplied for column(s)", function()
      session:execute(la.update(s.Engineer), {{name = "new"}})
    end)
    assert.equal("bupq", err.code)
  end)
end)

describe("a class whose rows lie in its base's table", function()
  it("marks its rows in a bulk INSERT (QRY-09, MAP-02)", function()
    local s = staff.new():fill()
    s.session:execute(la.insert(s.Person), {{id = 50, name = "Pia"}, {id = 51, name = "Per"}})
    assert.same({"person", "person"}, s.session:scalars(la.select(s.Person.type):where(s.Person.id:ge(50))):all())
    local Base = orm.declarative_base()
    local Thing = Base:class "Thing" {__tablename__ = "things", id = la.Column(la.Integer, {primary_key = true}), kind = la.Column(la.String),
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "thing"}}
    local Tool = Thing:class "Tool" {use = la.Column(la.String), __mapper_args__ = {polymorphic_identity = "tool"}}
    Base.metadata:create_all(s.engine)
    s.session:execute(la.insert(Tool), {{id = 1, use = "hit"}, {id = 2, use = "saw", kind = "thing"}})
    assert.equal("hit", s.session:scalars(la.select(Tool)):one().use)
    s:close()
  end)
end)

describe("of_type() in an option that loads when the link is read", function()
  it("leaves out no member of another class (LOAD-3.1)", function()
    local s = staff.new():fill()
    local Company, Engineer = s.Company, s.Engineer
    local all = #s.session:scalars(la.select(Company)):first().people
    for _, option in ipairs{orm.lazyload, orm.immediateload} do
      s.session:expunge_all()
      assert.equal(all, #s.session:scalars(la.select(Company):options(option(Company.people:of_type(Engineer)))):first().people)
      s.session:expunge_all()
      local alias = orm.aliased(s.Person)
      local people = s.session:scalars(la.select(Company):options(option(Company.people:of_type(alias):and_(alias.id:gt(1))))):first().people
      assert.is_true(#people < all and #people > 0)
    end
    s:close()
  end)
end)

describe("any() of a relationship between classes of one hierarchy", function()
  it("names the other object's rows by an alias, also of a subclass (REL-22, LOAD-3.9)", function()
    local Base = orm.declarative_base()
    local Column, Integer, String, ForeignKey = la.Column, la.Integer, la.String, la.ForeignKey
    local Worker = Base:class "Worker" {
      __tablename__ = "workers", id = Column(Integer, {primary_key = true}), kind = Column(String), boss_id = Column(ForeignKey "workers.id"),
      reports = orm.relationship "Worker",
      __mapper_args__ = {polymorphic_on = "kind", polymorphic_identity = "worker"},
    }
    local Coder = Worker:class "Coder" {
      __tablename__ = "coders", id = Column(ForeignKey "workers.id", {primary_key = true}), language = Column(String),
      __mapper_args__ = {polymorphic_identity = "coder"},
    }
    local s = require("spec.support.shop").open{Base = Base}
    s.session:add_all{Worker{id = 1}, Coder{id = 2, boss_id = 1, language = "Lua"}, Worker{id = 3, boss_id = 2}}
    s.session:commit()
    local function bosses(condition) return s.session:scalars(la.select(Worker.id):where(condition)):all() end
    assert.same({1}, bosses(Worker.reports:of_type(Coder):any(Coder.language:eq "Lua")))
    assert.same({}, bosses(Worker.reports:of_type(Coder):any(Coder.language:eq "C")))
    assert.same({1}, bosses(Worker.reports:any(Worker.reports:any())))
    s:forget()
    bosses(Worker.reports:any(Worker.reports:any()))
    assert.equal("SELECT workers.id FROM workers WHERE EXISTS (SELECT 1 FROM workers AS workers_1 WHERE workers.id = workers_1.boss_id AND " ..
      "(EXISTS (SELECT 1 FROM workers AS workers_2 WHERE workers_1.id = workers_2.boss_id)))", s:sent()[1])
    s:close()
  end)
end)
