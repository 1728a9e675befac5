-- SPDX-License-Identifier: MIT
-- Relationships that lead to with_polymorphic(…), and joins between classes of one hierarchy.
local la = require "lualchemy"
local orm = require "lualchemy.orm"
local exc = require "lualchemy.exc"
local fails = require "spec.support.fails"
local staff = require "spec.support.staff"
require "spec.support.sql"

local function add_company(s)
  s.session:add_all {
    s.Company{id = 1, name = "c"}, s.Engineer{id = 1, name = "Ann", lang = "lua", company_id = 1}, s.Person{id = 2, name = "Bob", company_id = 1},
  }
  s.session:commit()
  s.session:expunge_all()
end

describe("a relationship to with_polymorphic (MAP-06)", function()
  local s, wide
  before_each(function()
    s = staff.new()
    wide = orm.with_polymorphic(s.Person, {s.Engineer}, {flat = true})
    s.Company.staff = orm.relationship(wide, {viewonly = true})
    s.Company.everybody = orm.relationship(orm.with_polymorphic(s.Person, {s.Engineer}), {viewonly = true})
    add_company(s)
  end)
  after_each(function() s:close() end)

  it("reads the subclasses' columns with its objects, however it is loaded", function()
    local strategies = {lazyload = 2, joinedload = 1, selectinload = 2, subqueryload = 2, immediateload = 2}
    for strategy, count in pairs(strategies) do
      for _, key in ipairs {"staff", "everybody"} do
        local sent = s:during(function()
          local company = s.session:scalars(la.select(s.Company):options(orm[strategy](s.Company[key]))):unique():one()
          assert.equal(2, #company[key])
          assert.equal("lua", company[key][1].lang)
        end)
        assert.equal(count, #sent, strategy .. ": " .. table.concat(sent, "; "))
        s.session:expunge_all()
      end
    end
  end)

  it("is joined to by the alias that it was given, whose columns can be named", function()
    assert.sql(la.select(s.Company.id):join(s.Company.staff):where(wide.Engineer.lang:eq "lua"),
      "SELECT companies.id FROM companies JOIN (people AS people_1 LEFT OUTER JOIN engineers AS engineers_1 ON people_1.id = engineers_1.id) " ..
      "ON companies.id = people_1.company_id WHERE engineers_1.lang = :lang_1")
  end)
end)

describe("a join to a class whose tables are there already (QRY-02)", function()
  local s
  before_each(function() s = staff.new() end)
  after_each(function() s:close() end)

  it("asks for an alias", function()
    fails(exc.InvalidRequestError, "Can't construct a join from Mapper[Person(people)] to Mapper[Person(people)], they are the same entity",
      function() la.select(s.Person):join(s.Person, s.Person.id:eq(s.Person.company_id)):compile() end)
    fails(exc.InvalidRequestError, "Can't join to Mapper[Engineer(engineers)]: its tables stand in the statement already. Join to an alias, " ..
      "orm.aliased(Engineer); for a relationship by of_type(alias)",
      function() la.select(s.Company):join(s.Company.people):join(s.Engineer, s.Engineer.id:eq(s.Person.id)):compile() end)
    local engineer = orm.aliased(s.Engineer)
    assert.sql(la.select(s.Company.id):join(s.Company.people):join(engineer, engineer.id:eq(s.Person.id)),
      "SELECT companies.id FROM companies JOIN people ON companies.id = people.company_id JOIN (people AS people_1 JOIN engineers AS " ..
      "engineers_1 ON people_1.id = engineers_1.id) ON engineers_1.id = people.id")
  end)
end)
