/* SPDX-License-Identifier: MIT */
/*
 * Nodes: expressions, FROM elements and statements.
 *
 * A node is immutable once its constructor returns, counted, and built bottom-up, so nodes form no
 * cycles: a recursive CTE's inner reference carries the CTE's number. Every node has the same
 * shape, and every pass (release, walk, key, adapt, dump) works on that shape; only constructors
 * and the compiler know what the children of a kind mean. Children may be NULL where a kind's row
 * says so.
 *
 * Chained calls extend a clause by a CHAIN node in front of the clause's old chain, so that N calls
 * cost N and statements share what they have in common; `la_chain_collect` gives the items in
 * order.
 */
#ifndef LA_SQL_NODE_H
#define LA_SQL_NODE_H

#include "base/object.h"
#include "base/status.h"
#include "schema/metadata.h"
#include "sql/operator.h"

#pragma GCC visibility push(hidden)

/*
 * Kind, and what its fields hold: `text` is a name or SQL text, `subject` a thing of another floor,
 * [..] the children.
 */
#define LA_NODE_KINDS(X)                                                                             \
  /* lists */                                                                                        \
  X(CHAIN) /* [previous CHAIN or NULL, item…]: the items added by one call, newest chain first */  \
  X(LIST)  /* [item…] */                                                                           \
  /* expressions */                                                                                  \
  X(COLUMN) /* subject: la_column it is, or comes from through subqueries, or NULL; text: the name   \
               to write; value.integer: of a subquery's or CTE's column its place there, from 1,     \
               else 0; [from element or NULL] */                                                     \
  X(PARAM)  /* value, values; text: name or the base of an anonymous name; flags LA_PARAM_* */       \
  X(LITERAL)    /* text: SQL text, written as it is: literal_column() */                             \
  X(TEXT)       /* text: text() with :names; [PARAM for each bound name…] */                       \
  X(NULL)       /* NULL */                                                                           \
  X(TRUE)       /* true() */                                                                         \
  X(FALSE)      /* false() */                                                                        \
  X(UNARY)      /* op; [operand] */                                                                  \
  X(BINARY)     /* op; text: CUSTOM's text; value: CUSTOM's precedence; [left, right, escape as a    \
                   LITERAL or NULL]; REGEXP_REPLACE's third is the replacement, REGEXP's text the    \
                   flags */                                                                          \
  X(BETWEEN)    /* op; [operand, low, high]; flag LA_NODE_SYMMETRIC */                               \
  X(CLAUSES)    /* op AND or OR; [term…] */                                                        \
  X(TUPLE)      /* [expression…] */                                                                \
  X(GROUPING)   /* [expression]: parentheses asked for: self_group() */                              \
  X(FUNCTION)   /* text: name, packages before it with dots; value: of as_comparison() LA_COMPARES   \
                   of two arguments' numbers; [argument…, LIST order_by of aggregate_order_by or   \
                   absent] */                                                                        \
  X(FIELD)      /* text: a column of what the function gives; [FUNCTION] */                          \
  X(NEXT_VALUE) /* text: a sequence's name; value: its schema, TEXT or none */                       \
  X(OVER) /* [FUNCTION or FILTER, LIST partition_by or NULL, LIST order_by or NULL, FRAME or NULL]   \
           */                                                                                        \
  X(FRAME)  /* op: 0 rows, 1 range, 2 groups; value.integer: la_frame_bound of the start + 16 ×     \
               that of the end; text: EXCLUDE's words or none; [start, end] as PARAMs without sign,  \
               or NULL where the bound has no number */                                              \
  X(FILTER) /* [FUNCTION, condition] */                                                              \
  X(WITHIN_GROUP)    /* [FUNCTION, LIST order_by] */                                                 \
  X(CASE)            /* [value or NULL, else or NULL, when, then, when, then…] */                  \
  X(CAST)            /* type; op: 0 cast, 1 try_cast; [expression] */                                \
  X(COERCE)          /* type_coerce: type; [expression] */                                           \
  X(EXTRACT)         /* text: field; [expression] */                                                 \
  X(LABEL)           /* text: name, or none for an anonymous one; [expression] */                    \
  X(LABEL_REF)       /* text: a label of the select list, by name: order_by "name" */                \
  X(SCALAR_SUBQUERY) /* type; [SELECT or COMPOUND] */                                                \
  X(EXISTS)          /* [SELECT or COMPOUND] */                                                      \
  X(NEGATABLE)       /* [condition, what NOT of it is]: compiles as its first child */               \
  X(COLLATION)       /* text: name; right side of COLLATE */                                         \
  X(EXCLUDED)        /* text: column name: the row proposed for insertion */                         \
  X(DML_COLUMN)      /* [COLUMN or ATTRIBUTE]: what the statement sets that column to */             \
  X(STAR)            /* text: none, "*" */                                                           \
  X(DEFAULT)         /* DEFAULT in VALUES */                                                         \
  X(PLACEHOLDER)     /* what a type's bind_expression or column_expression is wrapped around */      \
  X(ELEMENT) /* of a class of the program: text: name or none; value: its class's name; op: 1 if     \
                it is a statement; [LITERAL of a dialect's name or, for all others, empty; MARKUP;   \
                and so on] */                                                                        \
  X(MARKUP)  /* text: SQL in which LA_MARKUP_PART and a kind of part stand for a child; [each part   \
                is an expression, a FROM element or a statement] */                                  \
  /* FROM elements */                                                                                \
  X(TABLE)         /* subject: la_table */                                                           \
  X(LITERAL_TABLE) /* table(): text: name; value: schema, TEXT or none; [COLUMN…] without from */  \
  X(ALIAS)   /* text: name, or none for an anonymous one; [TABLE, LITERAL_TABLE, SELECT, COMPOUND,   \
                VALUES, TEXTUAL, FUNCTION, ALIAS or JOIN, a FUNCTION's COLUMNs… or what is behind  \
                TABLESAMPLE and its seed or NULL]; flags LA_NODE_LATERAL, LA_ALIAS_* */              \
  X(CTE)     /* text: name or none; value.integer: number (unique per process of making); [SELECT,   \
                COMPOUND, DML or VALUES, CHAIN of PREFIX or absent]; flags RECURSIVE, NESTING… */  \
  X(CTE_REF) /* text, value.integer: the number of the recursive CTE that it stands in; [] */        \
  X(JOIN)    /* [left, right, on or NULL]; flags LA_JOIN_OUTER, LA_JOIN_FULL */                      \
  X(VALUES)  /* text: name; [LIST of COLUMNs, LIST row…] */                                        \
  X(TEXTUAL) /* text().columns(): [TEXT, COLUMN…] */                                               \
  /* statements */                                                                                   \
  X(SELECT)    /* children by la_select_part */                                                      \
  X(COMPOUND)  /* op UNION…; children by la_select_part (COLUMNS is a LIST of the selects) */      \
  X(INSERT)    /* children by la_insert_part */                                                      \
  X(UPDATE)    /* children by la_update_part */                                                      \
  X(DELETE)    /* children by la_delete_part */                                                      \
  X(JOIN_STEP) /* one .join() of a select: [target, on or NULL, left or NULL]; flags LA_JOIN_* */    \
  X(SET) /* one assignment: [column (COLUMN, ATTRIBUTE) , value]; text: key instead of column if     \
            that is NULL */                                                                          \
  X(ROW) /* one row of values{}: [SET…] */                                                         \
  X(CONFLICT) /* ON CONFLICT: op 0 nothing, 1 update; text: constraint name; [LIST index elements    \
                 or NULL, index where or NULL, LIST of SET or NULL, where or NULL] */                \
  X(PREFIX)   /* prefix_with, suffix_with, with_hint, ext: text or [expression or NULL, LITERAL      \
                 dialect's   name or absent]; value.integer: la_prefix_place */                      \
  X(FOR_UPDATE)       /* op: la_for_update_option bits; [of…] */                                   \
  X(EXECUTION_OPTION) /* text: name; value; values may be HOST */                                    \
  /* of the ORM; the compiler sees them only after orm/translate has replaced them */                \
  X(ENTITY)    /* subject: la_mapper; [from element: TABLE or ALIAS…]; text: alias name */         \
  X(ATTRIBUTE) /* subject: la_mapper; text: attribute key; value.integer: property index; [COLUMN    \
                  or other expression, ENTITY]; compiles as its first child */                       \
  X(RELATIONSHIP) /* subject: la_relationship; [ENTITY source, ENTITY of_type target or NULL,        \
                     criteria or NULL] */                                                            \
  X(BUNDLE) /* text: name; value: host number of what makes one value of them; [expression…] */    \
  X(LOADER_OPTION) /* op: la_loader_strategy; [path element RELATIONSHIP/ATTRIBUTE/ENTITY…, nested \
                      LOADER_OPTION…], see orm/option.h */                                         \
  X(CRITERIA_OPTION) /* with_loader_criteria: subject: la_mapper; [condition] */                     \
  X(OBJECT)          /* an object compared with a relationship: value HOST; subject: see orm/ */

typedef enum la_node_kind {
#define X(name) LA_NODE_##name,
  LA_NODE_KINDS(X)
#undef X
      LA_NODE_KIND_COUNT
} la_node_kind;

/* The value of a FUNCTION that compares its arguments `left` and `right`, from 1. */
#define LA_COMPARES(left, right) ((left) + ((int64_t)(right) << 16))

/* In the text of a MARKUP: this byte, then the kind of the next child. */
#define LA_MARKUP_PART '\0'
#define LA_MARKUP_EXPR 'e' /* as it stands in an expression */
#define LA_MARKUP_FROM 'f' /* as it stands in FROM */

typedef enum la_prefix_place {
  LA_PREFIX_FRONT,     /* behind the statement's first word */
  LA_PREFIX_BACK,      /* at its end: suffix_with */
  LA_PREFIX_HINT,      /* with_hint: for one FROM element */
  LA_PREFIX_STATEMENT, /* with_statement_hint: behind the body */
  /* Elements of classes of the program, their Lua objects in `values`: */
  LA_PREFIX_POST_SELECT,   /* behind SELECT */
  LA_PREFIX_PRE_COLUMNS,   /* before the columns */
  LA_PREFIX_POST_CRITERIA, /* behind HAVING; behind WHERE of UPDATE and DELETE */
  LA_PREFIX_POST_BODY,     /* behind FOR UPDATE */
  LA_PREFIX_POST_VALUES    /* behind VALUES of INSERT */
} la_prefix_place;

enum la_for_update_option {
  LA_FOR_UPDATE_READ = 1,
  LA_FOR_UPDATE_NOWAIT = 2,
  LA_FOR_UPDATE_SKIP_LOCKED = 4,
  LA_FOR_UPDATE_KEY_SHARE = 8
};

typedef enum la_frame_bound {
  LA_FRAME_UNBOUNDED,
  LA_FRAME_CURRENT,
  LA_FRAME_PRECEDING,
  LA_FRAME_FOLLOWING
} la_frame_bound;

enum la_node_flag {
  LA_NODE_HAS_HOST =
      1u << 0, /* it or a child refers to a Lua value: boxes must keep their parts' boxes */
  LA_NODE_HAS_ORM = 1u << 1, /* it or a child is an ORM node: translate before compiling */
  LA_NODE_HAS_PARAM = 1u << 2,
  LA_INSERT_INLINE = 1u << 3,  /* INSERT: nothing is fetched for inserted_primary_key */
  LA_NODE_FROM_SELF = 1u << 3, /* ALIAS: what the classes of the select around it stand for */
  LA_VALUES_LITERAL = 1u << 3, /* VALUES: written without parameters */
  LA_FROM_BY_NAME = 1u << 4,   /* ALIAS: stands for tables whose columns it has under their keys */
  LA_NODE_SYMMETRIC = 1u << 4,
  LA_NODE_LATERAL = 1u << 5,
  LA_NODE_RECURSIVE = 1u << 6,
  LA_NODE_MATERIALIZED = 1u << 7,
  LA_NODE_NOT_MATERIALIZED = 1u << 8,
  LA_NODE_NESTING = 1u << 9,
  LA_NODE_SUBQUERY = 1u << 10, /* ALIAS made by subquery() */
  LA_JOIN_OUTER = 1u << 11,
  LA_JOIN_FULL = 1u << 12,
  LA_ALIAS_SAMPLE = 1u << 11,     /* ALIAS: tablesample() */
  LA_ALIAS_ORDINALITY = 1u << 12, /* ALIAS of a function: WITH ORDINALITY */
  LA_ALIAS_DERIVED = 1u << 13,  /* ALIAS of a function: render_derived(), its columns' names … */
  LA_ALIAS_TYPED = 1u << 14,    /* … and types stand behind its own */
  LA_ALIAS_IMPLICIT = 1u << 15, /* ALIAS of a function: it may stand unjoined */
  LA_BINARY_CONDITION =
      1u << 13,                  /* BINARY CUSTOM: is_comparison, a condition rather than a value */
  LA_COLUMN_FOREIGN = 1u << 13,  /* COLUMN in a relationship's condition: foreign() … */
  LA_COLUMN_REMOTE = 1u << 14,   /* … and remote() */
  LA_PARAM_UNIQUE = 1u << 13,    /* its name is made unique: "name_1" */
  LA_PARAM_EXPANDING = 1u << 14, /* a list for IN; `values` */
  LA_PARAM_REQUIRED = 1u << 15,  /* no value of its own: must be given at execution */
  LA_PARAM_LITERAL = 1u << 16,   /* literal_execute: written into the text */
  LA_PARAM_TUPLE =
      1u << 17, /* expanding, each item is a tuple: values come width by width (`value.integer`) */
  LA_SELECT_DISTINCT = 1u << 18,
  LA_SELECT_LEGACY = 1u << 19,       /* made by session:query: labels are table_column */
  LA_SELECT_LABELS_TABLE = 1u << 20, /* set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL) */
  LA_SELECT_LABELS_NONE = 1u << 21,
  LA_SELECT_CORRELATE_NONE = 1u << 22,   /* correlate(nil) */
  LA_SELECT_CORRELATE_EXCEPT = 1u << 23, /* CORRELATE holds what not to correlate */
  LA_SELECT_NULL_ROW = 1u << 24,         /* UPDATE: ordered_values */
  LA_FETCH_PERCENT = 1u << 25,
  LA_FETCH_WITH_TIES = 1u << 26,
  LA_TYPE_IS_EXACT = 1u << 27,   /* the type was given, not guessed from a value; NULL: null_() */
  LA_SELECT_REPLACED = 1u << 28, /* its columns took the place of others, which had options */
  LA_NODE_QUOTED = 1u << 29,     /* its name always stands in quotes … */
  LA_NODE_UNQUOTED = 1u << 30    /* … or never: quoted_name() */
};
/* Flags that a node has because a child has them. */
#define LA_NODE_INHERITED_FLAGS (LA_NODE_HAS_HOST | LA_NODE_HAS_ORM | LA_NODE_HAS_PARAM)

/* Read only outside sql/. */
typedef struct la_node la_node;
struct la_node {
  la_object object; /* counted; class la_node_class; its id is the node's weight */
  la_allocator *alloc;
  uint16_t kind;      /* la_node_kind */
  uint16_t op;        /* la_operator, or as the kind's row says */
  uint32_t flags;     /* la_node_flag */
  la_type *type;      /* retained; NULL for lists, FROM elements and statements */
  la_object *subject; /* retained */
  la_value value;     /* bytes owned by the node */
  la_value *values;   /* EXPANDING: value_count of them, bytes owned by the node */
  uint32_t value_count;
  uint32_t count; /* children */
  la_text text;   /* bytes owned by the node, zero-terminated */
  size_t size;    /* of the allocation */
  uint32_t shape; /* the same for nodes of one structure, whatever their values */
  la_node *children[];
};

extern const la_object_class la_node_class;

typedef enum la_select_part {
  LA_SELECT_COLUMNS,     /* CHAIN of expressions, entities, bundles; COMPOUND: LIST of selects */
  LA_SELECT_FROM,        /* CHAIN of FROM elements and JOIN_STEPs, in order of call */
  LA_SELECT_WHERE,       /* CHAIN of conditions, joined by AND */
  LA_SELECT_GROUP_BY,    /* CHAIN */
  LA_SELECT_HAVING,      /* CHAIN, joined by AND */
  LA_SELECT_ORDER_BY,    /* CHAIN */
  LA_SELECT_DISTINCT_ON, /* CHAIN */
  LA_SELECT_LIMIT,       /* expression or NULL */
  LA_SELECT_OFFSET,
  LA_SELECT_FETCH,
  LA_SELECT_CTES,     /* CHAIN of CTEs added by add_cte */
  LA_SELECT_PREFIXES, /* CHAIN of PREFIX: prefixes, suffixes, hints */
  LA_SELECT_FOR_UPDATE,
  LA_SELECT_CORRELATE, /* CHAIN of FROM elements */
  LA_SELECT_OPTIONS,   /* CHAIN of LOADER_OPTION, CRITERIA_OPTION */
  LA_SELECT_EXECUTION, /* CHAIN of EXECUTION_OPTION */
  LA_SELECT_STATEMENT, /* from_statement(): runs instead, and gives the rows that COLUMNS are read
                          from */
  LA_SELECT_PART_COUNT
} la_select_part;

typedef enum la_insert_part {
  LA_INSERT_TABLE,     /* TABLE or ENTITY */
  LA_INSERT_VALUES,    /* CHAIN of SET (one row) or of ROW (several) */
  LA_INSERT_SELECT,    /* from_select's SELECT */
  LA_INSERT_NAMES,     /* from_select's columns: LIST of COLUMN or LITERAL keys */
  LA_INSERT_RETURNING, /* CHAIN */
  LA_INSERT_CTES,
  LA_INSERT_PREFIXES,
  LA_INSERT_CONFLICT, /* CHAIN of CONFLICT */
  LA_INSERT_OPTIONS,
  LA_INSERT_EXECUTION,
  LA_INSERT_DEFAULTS, /* return_defaults(): CHAIN of COLUMNs, without items for all */
  LA_INSERT_PART_COUNT
} la_insert_part;

typedef enum la_update_part {
  LA_UPDATE_TABLE,
  LA_UPDATE_VALUES, /* CHAIN of SET */
  LA_UPDATE_WHERE,
  LA_UPDATE_RETURNING,
  LA_UPDATE_CTES,
  LA_UPDATE_PREFIXES,
  LA_UPDATE_ORDER_BY,
  LA_UPDATE_LIMIT,
  LA_UPDATE_OPTIONS,
  LA_UPDATE_EXECUTION,
  LA_UPDATE_DEFAULTS, /* as LA_INSERT_DEFAULTS */
  LA_UPDATE_PART_COUNT
} la_update_part;

typedef enum la_delete_part {
  LA_DELETE_TABLE,
  LA_DELETE_WHERE,
  LA_DELETE_RETURNING,
  LA_DELETE_CTES,
  LA_DELETE_PREFIXES,
  LA_DELETE_OPTIONS,
  LA_DELETE_EXECUTION,
  LA_DELETE_PART_COUNT
} la_delete_part;

/* What a new node is made of; zero-initialise. Everything is borrowed: children, type and subject
 * are retained, bytes copied. */
typedef struct la_node_parts {
  la_node_kind kind;
  uint16_t op;
  uint32_t flags;
  la_type *type;
  void *subject; /* a la_object */
  la_text text;
  la_value value;
  const la_value *values;
  uint32_t value_count;
  la_node *const *children;
  uint32_t count;
} la_node_parts;

/* The bytes of the node and of all below it, at least: what is met twice counts twice, and there is
 * a most. */
static inline uint32_t la_node_weight(const la_node *node) {
  return node->object.id;
}
/* NULL when out of memory. Inherited flags are added; a host type or HOST value sets
 * LA_NODE_HAS_HOST. */
la_node *la_node_new(la_allocator *alloc, const la_node_parts *parts);
la_node *la_node_retain(const la_node *node);
/* Accepts NULL. Uses a work list: a deep tree needs no deep stack. */
void la_node_release(la_node *node);
/* `node` with child `index` replaced (`child` may be NULL); NULL when out of memory. */
la_node *la_node_with_child(const la_node *node, uint32_t index, la_node *child);
/* `node` with other children. */
la_node *la_node_with_children(const la_node *node, la_node *const *children, uint32_t count);
/* `node` with another text (none: `bytes` NULL). */
la_node *la_node_with_text(const la_node *node, la_text text);
/* `node` with other flags: `(flags | set) & ~clear`. */
la_node *la_node_with_flags(const la_node *node, uint32_t set, uint32_t clear);
/* `take` (may be NULL), taken over, with `flags` added. */
la_node *la_node_flagged(la_node *take, uint32_t flags);
/* `node` with another type. */
la_node *la_node_with_type(const la_node *node, la_type *type);
/* `node` whose CHAIN child `index` has `items` added; what where(), order_by() … are made of. */
la_node *la_node_with_chained(const la_node *node, uint32_t index, la_node *const *items,
                              uint32_t count);
/* A CHAIN of `items` in front of `previous` (CHAIN or NULL). */
la_node *la_chain_new(la_allocator *alloc, la_node *previous, la_node *const *items,
                      uint32_t count);
/* How many items `chain` (NULL or CHAIN) holds; and they, in order of call, into `out` (lent). */
size_t la_chain_count(const la_node *chain);
void la_chain_collect(const la_node *chain, la_node **out);
const char *la_node_kind_name(la_node_kind kind);
bool la_node_is_statement(
    const la_node *node); /* SELECT, COMPOUND, INSERT, UPDATE, DELETE, TEXT, TEXTUAL */
bool la_node_is_select(const la_node *node); /* SELECT, COMPOUND, TEXTUAL */
bool la_node_is_dml(const la_node *node);    /* INSERT, UPDATE, DELETE */
bool la_node_is_from(const la_node *node);   /* what can stand in FROM */
bool la_node_is_expr(const la_node *node);   /* what has a value */
/* The child, or NULL if there are not as many. */
static inline la_node *la_node_child(const la_node *node, uint32_t index) {
  return index < node->count ? node->children[index] : NULL;
}

#pragma GCC visibility pop

#endif
