/* SPDX-License-Identifier: MIT */
/*
 * A mapper: how a class and its table correspond.
 *
 * Counted; retains its table's metadata, its base mapper and its properties. Made when a class is
 * declared; relationships find their targets when the registry is configured. Column properties are
 * numbered as slots of an instance, relationships as links; numbers never change, new properties
 * get new ones at the end, and instances made before have fewer (see instance.h).
 *
 *   declared ──la_registry_configure──▶ configured ──property added──▶ declared
 */
#ifndef LA_ORM_MAPPER_H
#define LA_ORM_MAPPER_H

#include "engine/engine.h"

#pragma GCC visibility push(hidden)

typedef struct la_mapper la_mapper;
typedef struct la_relationship la_relationship;
typedef struct la_registry la_registry;

typedef enum la_property_kind {
  LA_PROPERTY_COLUMN,
  LA_PROPERTY_EXPRESSION, /* column_property of an SQL expression: read only, has a slot */
  LA_PROPERTY_RELATIONSHIP,
  LA_PROPERTY_SYNONYM /* another name for property `target` */
} la_property_kind;

/* What the program listens to; where nobody does, nothing of it is noted. */
enum la_mapper_hears {
  LA_HEARS_FLUSH = 1,        /* before_insert … after_delete: the flush hands out steps */
  LA_HEARS_CHANGES = 2,      /* set, append, remove, bulk_replace; validators */
  LA_HEARS_LOAD = 4,         /* load */
  LA_HEARS_REFRESH = 8,      /* refresh */
  LA_HEARS_EXPIRE = 16,      /* expire */
  LA_HEARS_INIT = 32,        /* init, init_failure */
  LA_HEARS_FETCHED = 64,     /* refresh_flush */
  LA_HEARS_UNSET = 128,      /* init_scalar */
  LA_HEARS_COLLECTIONS = 256 /* init_collection, dispose_collection */
};

enum la_property_flag {
  LA_PROPERTY_PRIMARY_KEY = 1,
  LA_PROPERTY_DEFERRED = 2,
  LA_PROPERTY_ACTIVE_HISTORY = 4,
  LA_PROPERTY_RAISELOAD = 8,
  LA_PROPERTY_VERSION = 16,
  LA_PROPERTY_POLYMORPHIC = 32,
  LA_PROPERTY_HOST_TYPE = 64,     /* its type has processing in Lua, or is JSON */
  LA_PROPERTY_PLAIN = 128,        /* la_type_result_is_plain */
  LA_PROPERTY_HOST_DEFAULT = 256, /* insert default is a Lua function */
  LA_PROPERTY_FOREIGN_KEY = 512,
  LA_PROPERTY_KEPT_ON_FLUSH = 1024, /* expire_on_flush = false */
  LA_PROPERTY_QUERY = 2048,         /* a query_expression: only statements that say so load it */
  LA_PROPERTY_MUTABLE = 4096,       /* its Lua values tell when they are changed inside */
  LA_PROPERTY_LATE = 8192,          /* an expression added when the class was complete */
  LA_PROPERTY_FURTHER = 16384       /* no property of its own: see `parent` */
};

/* Read only outside orm/. */
typedef struct la_property {
  la_property_kind kind;
  uint32_t flags;
  uint32_t index; /* among the mapper's properties, in mapped order */
  uint32_t slot;  /* COLUMN, EXPRESSION: slot of an instance; RELATIONSHIP: link of an instance */
  la_text key;    /* the attribute's name */
  la_column *column;  /* COLUMN */
  la_node *expr;      /* COLUMN: its COLUMN node; EXPRESSION: the expression; retained */
  la_node *attribute; /* the ATTRIBUTE or RELATIONSHIP node that Class.key gives; retained */
  la_text group;      /* deferred group, or none */
  la_relationship *relationship;
  struct la_property *target; /* SYNONYM */
  /* what has the same value: its property in the base mapper, or (LA_PROPERTY_FURTHER) the next
   * column of the attribute */
  struct la_property *parent;
} la_property;

/* Whether values that the database makes are fetched with the row: by INSERT … RETURNING; after an
 * UPDATE too; or never, but when they are read. */
typedef enum la_eager_defaults { LA_EAGER_AUTO, LA_EAGER_ALWAYS, LA_EAGER_NEVER } la_eager_defaults;

/* Where new versions come from: counted here; a function of the program; the program itself, or
 * the database. */
typedef enum la_version_source {
  LA_VERSION_COUNTER,
  LA_VERSION_HOST,
  LA_VERSION_ELSEWHERE
} la_version_source;

/* Read only outside orm/. */
struct la_mapper {
  la_object object;
  la_allocator *alloc;
  const la_sql *sql;
  la_registry *registry; /* plain: the registry outlives its mappers' use; NULL once it is gone */
  la_text class_name;
  int64_t host;     /* number of the Lua class */
  uint32_t serial;  /* order of declaration */
  uint32_t version; /* raised by each change; in cache keys through object.id */
  bool configured;
  la_table *table; /* its own (local) table; for single-table inheritance the parent's */
  LA_VEC(la_table *)
  tables;          /* that it adds to its base's: `table` if it has one of its own, or all
                      of a join, those that others refer to first; retained */
  la_node *join;   /* that it is mapped to, of `tables`; retained; or NULL */
  la_node *entity; /* ENTITY node of the class itself; retained without counting the mapper twice,
                      see mapper.c */
  la_node *selects[2]; /* what la_mapper_select gives, not legacy and legacy; NULL before the first
                          use */
  la_mapper *base;     /* inherits; retained; NULL */
  la_node *inherit_condition; /* joins `table` to the base's; NULL unless it has one of its own */
  la_mapper
      *concrete_base; /* inherits from it, but has rows of its own (concrete = true); retained */
  la_node *element;   /* what selects of the class read from instead of its table, its columns found
                         by   name: a union of its table and those of concrete subclasses; or NULL */
  la_mapper *root;    /* the base of bases: identity keys name it; itself if none */
  LA_VEC(la_property *) properties; /* in mapped order, inherited ones included */
  la_map by_key;
  la_map by_column; /* la_column → la_property */
  uint32_t slot_count, link_count;
  la_property **slots;       /* slot → property */
  la_property **links;       /* link → property */
  la_property **primary_key; /* of the root's key, in order */
  uint32_t primary_key_count;
  la_property *autoincrement; /* whose value the database makes, or NULL */
  la_property *version_property;
  la_property *polymorphic_on;
  la_value polymorphic_identity;
  LA_VEC(la_mapper *) subclasses; /* plain */
  bool polymorphic_all;           /* with_polymorphic = "*": selects of it have all subclasses */
  bool polymorphic_inline;        /* selects of its base have its columns too … */
  bool polymorphic_selectin;      /* … or load them behind, by a statement of its own */
  bool has_host_defaults, has_host_types, has_deferred, has_expressions;
  la_eager_defaults eager_defaults;
  la_version_source version_source;
  int64_t version_host; /* the program's generator */
  bool batch, confirm_deleted_rows, allow_partial_keys;
  bool legacy_is_orphan; /* an orphan is who has lost all owners, not any */
  bool passive_updates;  /* … and changes their keys with it */
  bool passive_deletes;  /* the database deletes the rows of subclasses with the root's */
  uint32_t hears; /* la_mapper_hears: the events of its objects that the program listens to */
  bool read_only; /* mapped to a select: its table stands for what no database has */
  bool joined;    /* it or a base has a table of its own beside its base's */
  bool has_polymorphic_identity;
  /* insides of orm/ */
  la_arena arena; /* names and properties */
  uint32_t slot_room, link_room;
  uint32_t inner;          /* references of its own nodes to itself: not in object.references */
  la_column **key_columns; /* what options gave as primary key */
  uint32_t key_column_count;
  la_column *version_column;
  la_object *loads; /* statements that the loader keeps: get, refresh */
};

typedef struct la_mapper_options {
  la_text class_name;
  int64_t host;
  la_table *table; /* NULL with `base`: single-table inheritance */
  la_node *join;   /* of tables, that the class is mapped to; `table` is one of them; or NULL */
  la_mapper *base;
  la_column *const *primary_key; /* for tables without one; NULL: the table's */
  uint32_t primary_key_count;
  la_column *version_id;
  la_node *inherit_condition; /* NULL: by the foreign keys between the two tables */
  la_version_source version_source;
  int64_t version_host;
  la_eager_defaults eager_defaults;
  bool confirm_deleted_rows, allow_partial_keys, legacy_is_orphan, passive_deletes;
  bool active_updates; /* passive_updates = false */
  bool concrete;       /* the table has all columns, and no row in the base's */
} la_mapper_options;

/*
 * A registry: the mappers of one declarative base. Counted; names of classes are found here. Read
 * only outside orm/.
 */
struct la_registry {
  la_object object;
  la_allocator *alloc;
  const la_sql *sql;
  LA_VEC(la_mapper *) mappers; /* plain: a mapper leaves when it dies */
  uint32_t next_serial;
  uint32_t epoch; /* raised by each change of a mapper: load plans made before are out of date */
  bool configured;
};
la_registry *la_registry_new(const la_sql *sql);
/* Resolves the foreign keys of all mapped tables and finds the facts that depend on columns' types.
 * Called when first used; again is nothing. */
la_status la_registry_configure(la_registry *registry, la_error *err);
/* The mapper of class `name`; LA_INVALID_REQUEST if there is none or several. */
la_status la_registry_find(const la_registry *registry, la_text name, la_mapper **out,
                           la_error *err);

/* LA_ARGUMENT for a table without primary key: "Mapper Mapper[User(users)] could not assemble any
 * primary key columns for mapped table 'users'". Adds no properties yet. */
la_status la_mapper_new(la_registry *registry, const la_mapper_options *options, la_mapper **out,
                        la_error *err);
/* Maps `column` of the mapper's tables under `key`. */
la_status la_mapper_add_column(la_mapper *mapper, la_text key, la_column *column, uint32_t flags,
                               la_text group, la_property **out, la_error *err);
/* `column`, of another table of the mapper, holds the same as `property`'s own: rows of both tables
 * get the value. Called before the mapper has subclasses. */
la_status la_mapper_add_further_column(la_mapper *mapper, la_property *property, la_column *column,
                                       la_error *err);
la_status la_mapper_add_expression(la_mapper *mapper, la_text key, la_node *expr, uint32_t flags,
                                   la_text group, la_property **out, la_error *err);
la_status la_mapper_add_synonym(la_mapper *mapper, la_text key, la_text target, la_property **out,
                                la_error *err);
/* Takes `relationship`, a description without target yet, over: the mapper owns it, and it is gone
 * on failure. */
la_status la_mapper_add_relationship(la_mapper *mapper, la_text key, la_relationship *relationship,
                                     la_property **out, la_error *err);
/* Takes a class whose declaration failed out of its registry and from below its base, so that no
 * statement finds it. */
void la_mapper_withdraw(la_mapper *mapper);
/* Called once the columns are added: finds the primary key's and other special properties. */
la_status la_mapper_finish(la_mapper *mapper, la_error *err);
/* A mapper of a table of its own, without a base so far, becomes a concrete subclass of `base`. */
la_status la_mapper_set_concrete_base(la_mapper *mapper, la_mapper *base, la_error *err);
/* Inheritance: what tells rows of subclasses apart (`on` NULL: as the base has it), and this
 * class's value (NULL: none). */
la_status la_mapper_set_polymorphic(la_mapper *mapper, la_property *on, const la_value *identity,
                                    la_error *err);
/* How selects load subclasses: all of them with `mapper`; `mapper` itself with its base, in the row
 * or by a statement behind it. */
void la_mapper_set_loading(la_mapper *mapper, bool all, bool in_row, bool behind);
/* Selects of the class read from `element`, an alias, from now on; its attributes are made again.
 */
la_status la_mapper_set_element(la_mapper *mapper, la_node *element, la_error *err);
/* The mapper of the hierarchy whose polymorphic identity is `value`; NULL if there is none. */
la_mapper *la_mapper_of_identity(const la_mapper *mapper, const la_value *value);
/* Sets `flags` of `property` in the mapper and all its subclasses. */
void la_mapper_flag_property(la_mapper *mapper, const la_property *property, uint32_t flags);
/* NULL if there is none; synonyms are followed. */
la_property *la_mapper_property(const la_mapper *mapper, la_text key);
la_property *la_mapper_property_of_column(const la_mapper *mapper, const la_column *column);
/* The same property as `mapper`, a subclass or base of its mapper, has it; NULL if it has none. */
la_property *la_mapper_counterpart(const la_mapper *mapper, const la_property *property);
/* True if `table` is one of the mapper's, its bases' included. */
bool la_mapper_has_table(const la_mapper *mapper, const la_table *table);
/* True if it is one of the mapper's own. */
bool la_mapper_adds_table(const la_mapper *mapper, const la_table *table);
/* Resolves the foreign keys of its own tables, and puts those first that others refer to. */
la_status la_mapper_resolve_tables(la_mapper *mapper, la_error *err);
/* The ENTITY node of the class, lent, made again if need be; NULL when out of memory. */
la_node *la_mapper_entity(la_mapper *mapper);
/* The SELECT of the class alone, `legacy` as session:query makes it: a new reference, NULL when out
 * of memory. Most statements begin with it, so it is made once. */
la_node *la_mapper_select(la_mapper *mapper, bool legacy);
bool la_mapper_is_a(const la_mapper *mapper, const la_mapper *base);
/* The base of its bases, concrete ones too. */
const la_mapper *la_mapper_top(const la_mapper *mapper);
/* "Mapper[User(users)]" */
void la_mapper_describe(const la_mapper *mapper, la_strbuf *out);
/* The ATTRIBUTE (or RELATIONSHIP) node of `property` as seen through `entity` (an alias); a new
 * reference. */
la_status la_mapper_attribute(const la_sql *sql, const la_property *property, la_node *entity,
                              la_node **out, la_error *err);
/* An ATTRIBUTE node that rows call `key`, as they do that of a synonym; a new reference, NULL when
 * out of memory. Any other node is given back as it is. */
la_node *la_attribute_renamed(const la_sql *sql, la_node *attribute, la_text key);
/* The property of an ATTRIBUTE node, whatever rows call it; NULL if its mapper has none. */
la_property *la_attribute_property(const la_node *attribute);
/* What is asked of la_mapper_polymorphic; zero-initialised is with_polymorphic(Class, "*"). */
typedef struct la_polymorphic_options {
  la_mapper *const *classes; /* NULL: all subclasses */
  size_t count;
  la_node *element; /* FROM element that has all their columns, or NULL: a join of their tables */
  la_text name;
  bool own; /* the classes that the mapper's own arguments name */
  bool aliased, innerjoin;
} la_polymorphic_options;
/* with_polymorphic(Class, …): an ENTITY whose FROM element has the columns of subclasses, each of
 * which stands behind it as an ENTITY of the same element. */
la_status la_mapper_polymorphic(const la_sql *sql, la_mapper *mapper,
                                const la_polymorphic_options *options, la_node **out,
                                la_error *err);
/* `entity`, or what stands for a class's own ENTITY where its mapper loads subclasses with it; a
 * new reference. */
la_status la_entity_full(const la_sql *sql, la_node *entity, la_node **out, la_error *err);
/* aliased(Class): an ENTITY over an alias of the mapper's table; name none: anonymous. */
la_status la_mapper_aliased(const la_sql *sql, la_mapper *mapper, la_text name, la_node *element,
                            la_node **out, la_error *err);
/* The same over `element`, whose columns are also found by their names (adapt_on_names). */
la_status la_mapper_aliased_by_names(const la_sql *sql, la_mapper *mapper, la_text name,
                                     la_node *element, la_node **out, la_error *err);

#pragma GCC visibility pop

#endif
