-- SPDX-License-Identifier: MIT
-- Mapping a class: its table, its mapper, the properties of both.
local concrete = require "lualchemy.orm.concrete"
local core = require "lualchemy.core"
local describe = require "lualchemy.describe"
local events = require "lualchemy.orm.events"
local exc = require "lualchemy.exc"
local fields_of = require "lualchemy.orm.fields"
local hierarchy = require "lualchemy.orm.hierarchy"
local keywords = require "lualchemy.keywords"
local mapped_columns = require "lualchemy.orm.columns"
local polymorphic = require "lualchemy.orm.polymorphic"
local relationships = require "lualchemy.orm.relationship"
local schema = require "lualchemy.schema"
local stand_in = require "lualchemy.orm.stand_in"
local synonyms = require "lualchemy.orm.synonym"
local warnings = require "lualchemy.warnings"

local M = {}

local records, is_column, refuse_name = fields_of.records, schema.is_column, fields_of.refuse_name

--- `__table_args__`: an array of constraints with the options last, or the options alone.
local function table_arguments(class, given)
  if given == nil then return {}, {} end
  if type(given) ~= "table" then
    error(exc.ArgumentError(("class %s: __table_args__ is a list of constraints with a table of options last, or that table"):format(class.__name__)), 0)
  end
  if #given == 0 then return {}, given end
  local items, options = {}, {}
  for i, item in ipairs(given) do
    if i == #given and keywords.is_table(item) then options = item else items[i] = item end
  end
  for key, value in next, given do
    if type(key) == "string" then options[key] = value end
  end
  return items, options
end

local function is_mapped_column(value)
  return is_column(value) or relationships.is_property(value) and value.kind == "column" and is_column(value.expression)
end

--- The column that a field maps.
local function column_of(value)
  return is_column(value) and value or value.expression
end

--- The tables of a join that has each of them once; nil if `element` is none, or joins something else, too.
local function joined_tables(element)
  if not core.is_join(element) then return nil end
  local found, seen, waiting = {}, {}, {element}
  while #waiting > 0 do
    local at = table.remove(waiting)
    if core.is_join(at) then
      waiting[#waiting + 1], waiting[#waiting + 2] = at.right, at.left
    elseif not core.is(at, "lualchemy.Table") or seen[at] then
      return nil
    else
      found[#found + 1], seen[at] = at, true
    end
  end
  return found
end

--- The columns of a join as a select, each under the name that the join has for it.
local function select_of_join(join)
  local columns = {}
  for i, key in ipairs(join.c:keys()) do columns[i] = join.c[key]:label(key) end
  return require("lualchemy").select(table.unpack(columns)):select_from(join):subquery()
end

--- For a class that is mapped to a select: a table that stands for it.
local function table_of_select(class, record, element)
  if not core.is(element, "lualchemy.FromClause") then
    error(exc.ArgumentError(("class %s: __table__ is a Table, a subquery or a join, not %s"):format(class.__name__,
      describe.value(element))), 0)
  end
  if core.is_join(element) then element = select_of_join(element) end
  record.element = element
  return stand_in.table_of_subquery(class.metadata, element, element.name or class.__name__)
end

--- The class's table: given, made from its columns, or its parent's.
local function make_table(class, record, parent, values, columns)
  if values.__table__ ~= nil then
    record.join_tables = joined_tables(values.__table__)
    if record.join_tables then return record.join_tables[1] end
    return core.is(values.__table__, "lualchemy.Table") and values.__table__ or table_of_select(class, record, values.__table__)
  end
  local name = values.__tablename__
  if name == nil then
    if parent and core.is_mapped(parent) then return nil end
    error(exc.InvalidRequestError(("Class %s does not have a __table__ or __tablename__ specified and does not inherit from an " ..
      "existing table-mapped class."):format(class.__name__)), 0)
  end
  if type(name) ~= "string" then
    error(exc.ArgumentError(("class %s: __tablename__ is a string, not a %s"):format(class.__name__, type(name))), 0)
  end
  local items, options = table_arguments(class, values.__table_args__)
  local arguments = {name, class.metadata}
  for _, field in ipairs(columns) do
    schema.name_column(field.column, field.key)
    arguments[#arguments + 1] = field.column
  end
  for _, item in ipairs(items) do arguments[#arguments + 1] = item end
  arguments[#arguments + 1] = options
  local made
  if values.__table_cls__ then
    made = values.__table_cls__(class, table.unpack(arguments))
    if made == nil and parent and core.is_mapped(parent) then return nil end
    if not core.is(made, "lualchemy.Table") then
      error(exc.ArgumentError(("class %s: __table_cls__ gives a Table, or nil in a class below a mapped one, not %s")
        :format(class.__name__, describe.value(made))), 0)
    end
  else
    made = schema.Table(table.unpack(arguments))
  end
  if not options.extend_existing and not options.keep_existing then record.made_table = made end
  return made
end

local mapper_keywords = keywords.set {
  "polymorphic_identity", "polymorphic_on", "version_id_col", "version_id_generator", "primary_key", "eager_defaults",
  "confirm_deleted_rows", "allow_partial_pks", "include_properties", "exclude_properties", "column_prefix", "properties",
  "batch", "passive_updates", "passive_deletes", "with_polymorphic", "inherit_condition", "polymorphic_load",
  "legacy_is_orphan", "polymorphic_abstract", "concrete",
}

local mapper_kinds = {
  primary_key = "table", properties = "table", column_prefix = "string", batch = "boolean", concrete = "boolean",
  confirm_deleted_rows = "boolean", allow_partial_pks = "boolean", passive_updates = "boolean", passive_deletes = "boolean",
  legacy_is_orphan = "boolean", polymorphic_abstract = "boolean", version_id_col = "string or userdata or boolean",
}

--- Mapper arguments of SQLAlchemy that do nothing here, with what serves instead.
local without_effect = {
  always_refresh = "give a statement the execution option populate_existing",
  order_by = "mappers have no order; give it to the statement, or to the relationship",
  local_table = "the table of a class is its __table__ or __tablename__",
  inherits = "a class inherits from the class that it is made by: Parent:class \"Child\" { … }",
  non_primary = "a class has one mapper; use orm.aliased(Class, subquery)",
}

--- The column that a mapper argument names: by string, as a column, or as a local that is a field too.
local function column_argument(class, name, own_table, values, given)
  if type(given) == "string" then
    local value = values[given]
    if is_mapped_column(value) then return column_of(value) end
    if own_table.c:contains(given) then return own_table.c[given] end
    local nearest = core.nearest(given, keywords.set(own_table.c:keys()))
    error(exc.ArgumentError(("class %s: can't determine %s value '%s' - no attribute is mapped to this name%s"):format(class.__name__, name, given,
      nearest and ("; did you mean \"%s\"?"):format(nearest) or "")), 0)
  end
  if type(given) == "userdata" and not is_column(given) and core.attribute_of(given) == nil then return own_table.c[given.key] end
  return given
end

local function make_mapper(class, record, parent, own_table, values)
  local given = values.__mapper_args__
  if type(given) == "function" then given = given(class) end
  local what = ("class %s: __mapper_args__"):format(class.__name__)
  given = keywords.expect_kinds(what, keywords.check(what, given, mapper_keywords, nil, without_effect), mapper_kinds)
  if given.concrete and not own_table then
    error(exc.InvalidRequestError(("class %s: concrete = true is for a class with a table of its own; give it a __tablename__ or a __table__")
      :format(class.__name__)), 0)
  end
  local of_table = record.join_tables and values.__table__ or own_table or parent.__table__
  local primary_key
  if given.primary_key then
    primary_key = {}
    for i, column in ipairs(given.primary_key) do primary_key[i] = column_argument(class, "primary_key", of_table, values, column) end
  end
  local inherited = parent and parent.__mapper__ and parent.__mapper__.version_id_col
  local version_id = given.version_id_col and column_argument(class, "version_id_col", of_table, values, given.version_id_col) or nil
  if version_id and inherited and version_id ~= inherited then
    warnings.warn(("Inheriting version_id_col '%s' does not match inherited version_id_col '%s' and will not automatically populate the " ..
      "inherited versioning column. version_id_col should only be specified on the base-most mapper that includes versioning.")
      :format(version_id.name, inherited.name))
  end
  return core.mapper_new(record.registry.core, class, {
    class_name = class.__name__,
    table = own_table,
    join = record.join_tables and values.__table__ or nil,
    base = parent and core.is_mapped(parent) and parent or nil,
    primary_key = primary_key,
    version_id = version_id,
    inherit_condition = given.inherit_condition,
    version_generator = given.version_id_generator,
    eager_defaults = given.eager_defaults,
    confirm_deleted_rows = given.confirm_deleted_rows,
    batch = given.batch,
    passive_deletes = given.passive_deletes,
    passive_updates = given.passive_updates,
    allow_partial_pks = given.allow_partial_pks,
    legacy_is_orphan = given.legacy_is_orphan,
    concrete = given.concrete,
  }), given
end

--- The alias that relationship `key` of `class` leads to, if it does not lead to a class.
local function alias_of(class, key)
  while class do
    local aliases = records[class] and records[class].aliases
    if aliases and aliases[key] then return aliases[key] end
    class = hierarchy.parent(class)
  end
end

--- Makes the class attributes of all mapped properties, and the objects' keys.
local function refresh_attributes(class, record)
  core.mapper_keys(class, record.keys)
  for key, number in next, record.keys do
    if math.type(number) == "integer" and (rawget(class, key) == nil or record.attributes[key]) then
      local alias = alias_of(class, key)
      local attribute = core.mapper_attribute(class, key)
      rawset(class, key, alias and attribute:of_type(alias) or attribute)
      record.attributes[key] = true
    end
  end
end

--- Notes that the relationship `key` leads to `alias`, whose columns statements then can name beside it.
function M.narrow(class, key, alias)
  local record = records[class]
  record.aliases = record.aliases or {}
  record.aliases[key] = alias
  for other, other_record in pairs(records) do
    if hierarchy.is_a(other, class) and core.is_mapped(other) then refresh_attributes(other, other_record) end
  end
end

--- Adds one mapped property under `key`; gives false if `value` is none.
local function add_mapped(class, record, key, value)
  if is_column(value) then
    mapped_columns.map(class, key, value, nil)
  elseif relationships.is_property(value) then
    if value.kind == "column" and is_column(value.expression) then
      mapped_columns.map(class, key, value.expression, value.options, value.further)
    elseif value.kind == "column" then
      local expression = value.expression
      if type(expression) == "function" then
        refresh_attributes(class, record)
        expression = expression(class)
      end
      core.mapper_expression(class, key, expression, value.options)
    elseif value.kind == "synonym" then
      core.mapper_synonym(class, key, value.argument)
    else
      core.mapper_relationship(class, key, value.options.comparator_factory and true)
      if core.entity_class(value.argument) and not core.is_mapped(value.argument) then M.narrow(class, key, value.argument) end
      record.registry:_wait(class, key, value)
    end
  else
    return false
  end
  return true
end

--- A property for a class that exists: `User.addresses = relationship(…)`, `User.age = Column(Integer)`.
function M.add_property(class, key, value)
  local record = records[class]
  refuse_name(class.__name__, key)
  if core.mapper_has(class, key) and not (hierarchy.parent(class) and core.mapper_has(hierarchy.parent(class), key)) then
    error(exc.InvalidRequestError(("Attribute '%s' of %s is mapped already, and can't be replaced once the class is made: give the property " ..
      "another name"):format(key, tostring(class.__mapper__))), 0)
  end
  if is_mapped_column(value) then
    schema.append_column(record.table, key, column_of(value))
  end
  add_mapped(class, record, key, value)
  core.mapper_finish(class)
  record.attributes[key] = true
  refresh_attributes(class, record)
  events.attribute_added(class, key)
end

--- The columns that `include_properties` or `exclude_properties` lists, by name or as columns; nil if it is not given.
local function column_set(class, name, given)
  if given == nil then return nil end
  if type(given) ~= "table" then
    error(exc.ArgumentError(("class %s: %s is a list of columns or their names"):format(class.__name__, name)), 0)
  end
  return keywords.set(given)
end

--- Fields by their columns; further columns of a field have none of their own.
local function by_column(columns)
  local field_of = {}
  for _, field in ipairs(columns) do
    for _, column in ipairs(field.further or {}) do field_of[column] = false end
  end
  for _, field in ipairs(columns) do field_of[field.column] = field end
  return field_of
end

--- Warns of a column of a table of its own that shares an attribute with one of the class above, unless they join the two tables.
local function check_combined(class, key, column, arguments)
  local parent = not arguments.concrete and hierarchy.parent(class)
  local other
  for _, property in ipairs(parent and core.mapper_has(parent, key) and core.mapper_properties(parent) or {}) do
    if property.key == key then other = property.column end
  end
  if not is_column(other) or other.table == column.table or other.primary_key or column:references(other) or
    arguments.version_id_col then
    return
  end
  warnings.warn(("Implicitly combining column %s with column %s under attribute '%s'.  Please configure one or more attributes for " ..
    "these same-named columns explicitly."):format(tostring(other), tostring(column), key))
end

--- Maps a column of the table that no field names. In a join of tables no two may have the same name.
local function map_plainly(class, key, column, taken)
  if taken[key] then
    error(exc.InvalidRequestError(("Implicitly combining column %s with column %s under attribute '%s'.  Please configure one or more " ..
      "attributes for these same-named columns explicitly."):format(tostring(taken[key]), tostring(column), key)), 0)
  end
  taken[key] = column
  mapped_columns.map(class, key, column, nil)
end

--- Columns of the table that no field maps are mapped under their keys, with `column_prefix` in front; but for those that are left out.
local function map_columns(class, own_table, columns, values, arguments, taken)
  local field_of = by_column(columns)
  local include = column_set(class, "include_properties", arguments.include_properties)
  local exclude = column_set(class, "exclude_properties", arguments.exclude_properties)
  for _, column in ipairs(own_table.c) do
    local field = field_of[column]
    local left_out = field == false or include and not (include[column.key] or include[column]) or
      exclude and (exclude[column.key] or exclude[column])
    local synonym = values[column.key]
    if field and not (left_out and field.key == column.key and field.options == nil) then
      taken[field.key] = column
      if not field.further and field.key == column.key then check_combined(class, field.key, column, arguments) end
      mapped_columns.map(class, field.key, column, field.options, field.further)
    elseif left_out then
      goto continue
    elseif synonyms.maps_column(synonym) then
      mapped_columns.map(class, synonyms.target(synonym), column, nil)
    elseif relationships.is_property(values[column.key]) and values[column.key].kind == "relationship" then
      error(exc.ArgumentError(("when configuring property '%s' on Mapper[%s(%s)], column '%s' conflicts with a relationship. To resolve this, " ..
        "map the column to the class under a different name. Or, to remove all awareness of the column entirely (including its availability " ..
        "as a foreign key), use the 'include_properties' or 'exclude_properties' mapper arguments to control specifically which table " ..
        "columns get mapped."):format(column.key, class.__name__, own_table.name, tostring(column))), 0)
    elseif values[column.key] == nil or is_column(values[column.key]) then
      local key = (arguments.column_prefix or "") .. column.key
      check_combined(class, key, column, arguments)
      map_plainly(class, key, column, taken)
    end
    ::continue::
  end
end

--- Whether `value` is a column of the select or alias that the class is mapped to.
local function is_column_of_element(class, value)
  local element, name = records[class].element, core.expression_name(value)
  return element ~= nil and not is_column(value) and name ~= nil and element.c:contains(name) and
    tostring(element.c[name]) == tostring(value)
end

--- What tells the classes of a hierarchy apart: a column, or an attribute; an SQL expression becomes an attribute of its own.
local function discriminator(class, values, given)
  if type(given) == "function" then given = given(class) end
  if type(given) == "string" then
    local value = values[given]
    if relationships.is_property(value) and not is_mapped_column(value) then return given end
  elseif is_column_of_element(class, given) then
    given = given.key
  elseif core.is_expression(given) and not is_column(given) then
    core.mapper_expression(class, "_polymorphic_on", given, nil)
    return "_polymorphic_on"
  end
  if relationships.is_property(given) and is_mapped_column(given) then given = column_of(given) end
  if given and type(given) ~= "string" and not is_column(given) then
    error(exc.ArgumentError(("class %s: polymorphic_on is a column, an SQL expression or the name of an attribute, not %s")
      :format(class.__name__, describe.value(given))), 0)
  end
  return given and column_argument(class, "polymorphic_on", class.__table__, values, given)
end

--- Sorts columns by their `sort_order`, those with the same as they stand.
local function in_sort_order(columns)
  local place, number = {}, {}
  for i, field in ipairs(columns) do
    place[field], number[field] = i, (schema.mapped_options(field.column) or {}).sort_order or 0
  end
  table.sort(columns, function(a, b)
    if number[a] ~= number[b] then return number[a] < number[b] end
    return place[a] < place[b]
  end)
end

--- The fields by name, and those that are columns: {key, column, options}.
local function sort_fields(class, fields)
  local values, columns = {}, {}
  for _, field in ipairs(fields) do
    values[field.key] = field.value
    if is_mapped_column(field.value) then
      local property = not is_column(field.value) and field.value or nil
      columns[#columns + 1] = {key = field.key, column = column_of(field.value), further = property and property.further,
        options = property and property.options or nil}
    end
  end
  in_sort_order(columns)
  for _, name in ipairs {"__tablename__", "__table_args__", "__mapper_args__", "__table__"} do
    if name ~= "__mapper_args__" and type(values[name]) == "function" then values[name] = values[name](class) end
    if values[name] == core.null() then values[name] = nil end -- not even what a base says
  end
  return values, columns
end

--- Warns of a column under several names, of which the last is mapped.
local function check_columns(class, columns)
  local names = {}
  for _, field in ipairs(columns) do
    if names[field.column] then
      local keys = {names[field.column], field.key}
      table.sort(keys)
      warnings.warn(("On class '%s', Column object '%s' named directly multiple times, only one will be used: %s. Consider using orm.synonym " ..
        "instead"):format(class.__name__, field.column.name or field.key, table.concat(keys, ", ")))
    end
    names[field.column] = field.key
  end
end

--- Makes the table of a class that is mapped later, with what its own fields say.
function M.prepare_table(class, record, parent, fields)
  local values, columns = sort_fields(class, fields)
  if values.__table__ or values.__tablename__ then record.own_table = make_table(class, record, parent, values, columns) end
  return record.own_table
end

--- Takes back what a declaration that failed has left: its place in the registry and below its parent, and the table that it made.
local function withdraw(class, record)
  local above = hierarchy.above(class)
  local siblings = above and records[above].below or {}
  for i = #siblings, 1, -1 do
    if siblings[i] == class then table.remove(siblings, i) end
  end
  record.registry:_remove_class(class)
  if record.made_table then core.metadata_remove(record.made_table.metadata, record.made_table) end
  if core.is_mapped(class) then core.mapper_withdraw(class) end
  record.metatable.__call = core.class_call
  record.made_table, record.own_table, record.failed = nil, nil, true
end

--- Calls `declare`, which maps `class`; if that fails, it leaves nothing behind.
function M.whole(class, record, declare, ...)
  local ok, problem = pcall(declare, ...)
  if not ok then
    withdraw(class, record)
    error(problem, 0)
  end
  record.failed = nil
end

--- A column of a class that shares its parent's table goes there, or is the one that a sibling has put there.
local function share_column(class, of_table, field)
  local name = field.column.name or field.key
  if not of_table.c:contains(name) then return schema.append_column(of_table, field.key, field.column) end
  local present = of_table.c[name]
  if present == field.column then return present end
  if not (schema.mapped_options(field.column) or {}).use_existing_column then
    error(exc.ArgumentError(("Column '%s' on class %s conflicts with existing column '%s'.  If using Declarative, consider using the " ..
      "use_existing_column parameter of mapped_column() to resolve conflicts."):format(name, class.__name__, tostring(present))), 0)
  end
  field.column = present
  return present
end

--- Maps a class: makes its table, its mapper and its attributes.
function M.map_class(class, record, parent, fields)
  local values, columns = sort_fields(class, fields)
  check_columns(class, columns)
  local own_table = record.own_table or make_table(class, record, parent, values, columns)
  record.table = own_table or records[parent].table or parent.__table__
  rawset(class, "__table__", record.join_tables and values.__table__ or own_table or parent.__table__)
  rawset(class, "__tablename__", values.__tablename__ or parent and rawget(parent, "__tablename__"))
  local mapper, arguments = make_mapper(class, record, parent, own_table, values)
  arguments = concrete.take_union(class, record, arguments)
  rawset(class, "__mapper__", require("lualchemy.orm.inspect").mapper(class))
  record.objects = core.object_metatable(class, record.keys)
  record.objects.__name = class.__name__
  core.mapper_bind(mapper, record.metatable, record.objects, record.keys)
  for _, field in ipairs(own_table and {} or columns) do share_column(class, record.table, field) end
  polymorphic.set_loading(class, record, parent, arguments)
  events.class_instrumented(class)
  if own_table then
    local taken = {}
    for _, of_table in ipairs(record.join_tables or {own_table}) do map_columns(class, of_table, columns, values, arguments, taken) end
  else
    for _, field in ipairs(columns) do mapped_columns.map(class, field.key, field.column, field.options) end
  end
  for _, field in ipairs(fields) do
    if not is_mapped_column(field.value) and not add_mapped(class, record, field.key, field.value) and core.class_of(field.value) == "lualchemy.ColumnElement" then
      warnings.warn(("Attribute '%s' on class %s appears to be a non-schema SQLAlchemy expression object; this won't be part of the declarative " ..
        "mapping. To map arbitrary expressions, use column_property() or a similar function such as deferred(), query_expression() etc.")
        :format(field.key, class.__name__))
    end
  end
  for key, property in pairs(arguments.properties or {}) do add_mapped(class, record, key, property) end
  polymorphic.check_identity(class, parent, arguments)
  if arguments.polymorphic_on ~= nil or arguments.polymorphic_identity ~= nil then
    core.mapper_polymorphic(class, discriminator(class, values, arguments.polymorphic_on), arguments.polymorphic_identity)
  end
  if arguments.polymorphic_abstract then polymorphic.forbid_objects(class, record) end
  record.arguments, record.below = arguments, record.below or {}
  local above = hierarchy.above(class)
  if above then table.insert(records[above].below, class) end
  core.mapper_finish(class)
  if record.element then core.mapper_element(class, record.element, true) end
  refresh_attributes(class, record)
  if arguments.concrete then concrete.begin(class, parent) end
end

concrete.connect {refresh_attributes = refresh_attributes, is_mapped_column = is_mapped_column, column_of = column_of}

return M
