/* SPDX-License-Identifier: MIT */
/*
 * What the binding's functions of expressions and statements share.
 *
 * A call gathers its nodes in an `la_nodes` on the C stack. Nothing that gathers raises: it notes
 * the failure, and the caller raises by la_nodes_raise, which gives back what was gathered. So a
 * call has the shape: init, gather, build, clear, push.
 */
#ifndef LA_BINDING_SQL_H
#define LA_BINDING_SQL_H

#include "binding/check.h"
#include "binding/raise.h"
#include "binding/schema.h"
#include "compile/compiled.h"
#include "sql/select.h"

#pragma GCC visibility push(hidden)

struct la_mapper;

#define LA_NODES_ON_STACK 24

typedef struct la_nodes {
  la_state *state;
  la_node **items; /* references; NULL stands for an absent one */
  size_t count;
  size_t capacity;
  la_error err;
  int bad_argument;     /* its index, 0: `err` says what failed */
  const char *expected; /* what it should have been */
  la_type *value_type;  /* of plain values, in place of what they are compared with; NULL: none */
  la_node *on_stack[LA_NODES_ON_STACK];
} la_nodes;

void la_nodes_init(la_nodes *nodes, la_state *state);
/* Releases the nodes; the list is empty again. */
void la_nodes_clear(la_nodes *nodes);
/* Clears, then raises what was noted. */
int la_nodes_raise(lua_State *L, la_nodes *nodes);
/* Adds `take`; NULL notes out of memory. The functions that add give false when something was
 * noted. */
bool la_nodes_add(la_nodes *nodes, la_node *take);
bool la_nodes_add_null(la_nodes *nodes);
/* Puts `take` in the place of the nodes from `first` on, which it was made of. */
bool la_nodes_fold(la_nodes *nodes, size_t first, la_node *take);
bool la_nodes_refuse(la_nodes *nodes, int argument, const char *expected);
/* An expression or a value, which becomes a parameter typed and named after `like` (may be NULL);
 * nil and la.null are NULL, a select a scalar subquery. */
bool la_nodes_add_expr(lua_State *L, la_nodes *nodes, int index, const la_node *like);
/* As above, but booleans are constants: comparisons. */
bool la_nodes_add_compared(lua_State *L, la_nodes *nodes, int index, const la_node *like);
/* A parameter with the value at `index`, a list if it is expanding. NULL when out of memory, or
 * when it noted why the value does not serve. */
la_node *la_param_with_value(lua_State *L, la_nodes *nodes, int index, la_text name, la_type *type,
                             uint32_t flags);
/* What `tuple` is compared with: a sequence of as many values becomes a TUPLE. */
bool la_nodes_add_tuple(lua_State *L, la_nodes *nodes, int index, const la_node *tuple);
bool la_nodes_add_condition(lua_State *L, la_nodes *nodes, int index);
/* What a select list may hold. */
bool la_nodes_add_column(lua_State *L, la_nodes *nodes, int index);
/* Of ORDER BY and GROUP BY: a string is the name of a label. */
bool la_nodes_add_order(lua_State *L, la_nodes *nodes, int index);
bool la_nodes_add_from(lua_State *L, la_nodes *nodes, int index);
/* A select, for unions and IN. */
bool la_nodes_add_select(lua_State *L, la_nodes *nodes, int index);
/* `add` for each argument from `first` to `last`; an argument that is a plain sequence stands for
 * its items. */
typedef bool (*la_nodes_adder)(lua_State *L, la_nodes *nodes, int index);
bool la_nodes_add_each(lua_State *L, la_nodes *nodes, int first, int last, la_nodes_adder add);

/* The type that plain values get where they are compared or combined with `self` by `op`: what the
 * coerce_compared_value of its type gives, left on the stack; NULL: the usual one. May call Lua. */
la_type *la_push_compared_type(lua_State *L, la_state *state, const la_node *self, const char *op,
                               int index);

/* The node that the Lua table at `index` stands for: of the box in its field `__clause_element`,
 * which keeps what its method `__clause_element__` gave when it was first asked. NULL if it has
 * neither, or the method fails. Never raises. */
la_node *la_clause_element(lua_State *L, int index);
/* The node at `index` as la_to_node gives it, without looking for the state. */
la_node *la_node_at(lua_State *L, la_state *state, int index);
/* User values of a Query's box: its page; the session's box. */
enum { LA_QUERY_PAGE = 1, LA_QUERY_SESSION = 2 };
/* Pushes an empty box of a Query for the session's box at `session`. */
void la_push_query(lua_State *L, la_state *state, int session);
/* Pushes an empty box of `class` (of a Query: for the session of the Query that is argument 1),
 * before anything is held; la_finish puts `take` (NULL: out of
 * memory) into it, keeps the arguments up to `last` alive where it needs them, and gives 1. The way
 * of the functions that are called most. */
void la_push_result(lua_State *L, la_state *state, la_box_class class);
/* The same of the class of argument 1, which stands for `self`. */
void la_push_chained(lua_State *L, la_state *state, const la_node *self);
/* Of what class a box of `node` is. */
la_box_class la_class_of_node(const la_state *state, const la_node *node);
int la_finish(lua_State *L, la_node *take, int last);
/* The same for a SELECT of the arguments from `first` to `last`; `legacy`: of a Query. */
int la_finish_select(lua_State *L, int first, int last, bool legacy);
/* The SELECT of nothing but the class at `index` that was made before; NULL if none was, or no
 * class is there. */
la_node *la_made_select(lua_State *L, la_state *state, int index, bool legacy);
extern const luaL_Reg la_query_building_methods[];

/* Pushes `take` (NULL: out of memory) as the result of the running function, its arguments kept
 * alive where it needs them; gives 1. */
int la_return_node(lua_State *L, la_state *state, la_node *take);
/* The node at `index`, lent; raises "bad argument" if it is none that `is` accepts. */
la_node *la_check_node(lua_State *L, int index, bool (*is)(const la_node *node),
                       const char *expected);
la_node *la_check_statement(lua_State *L, int index);

/* Raises unless there is a table at `index`. */
void la_check_table_argument(lua_State *L, int index);
/* True for a table without metatable that is no mapped class. */
bool la_is_plain_table(lua_State *L, int index);
/* The index of the last argument if it is a table of keywords (string keys, or empty) at `first` or
 * behind, else 0. */
int la_keywords(lua_State *L, int first);
/* Raises ArgumentError for a key of the table at `index` (0: none) that is not in `names`, naming
 * the nearest. Gives those that are there: bit i for the name i. */
uint32_t la_check_keywords(lua_State *L, int index, const char *const *names, const char *function);
/* Pushes the keyword's value and gives true; or pushes nothing. */
bool la_push_keyword(lua_State *L, int index, const char *name);
/* True if the keyword is given and true. */
bool la_keyword_flag(lua_State *L, int index, const char *name);
/* The keyword as a string; none if it is not given; raises for other kinds. The string stays alive
 * in the table. */
la_text la_keyword_text(lua_State *L, int index, const char *name);

/* The name at `index`, a string or a quoted_name(), whose wish is `*flag_out` (a node flag, or 0).
 * Raises for anything else. */
la_text la_check_quoted_name(lua_State *L, int index, uint32_t *flag_out);

/* The type at `index`: a TYPE box or what the types' Lua part makes of it; lent, kept by the
 * argument. Raises. */
la_type *la_check_type(lua_State *L, int index);

/* Pushes the collection of the columns of a FROM element, or of those that a statement selects
 * (`owner`, lent from the box at `index`, which it keeps alive): `.c`. Columns of tables themselves
 * are the boxes that la_push_column gives. */
void la_push_columns(lua_State *L, la_state *state, la_node *owner, int index);
/* The ATTRIBUTE or RELATIONSHIP `key` of an ENTITY: a new reference, NULL with `err` unfilled if
 * there is none. */
la_node *la_entity_property(la_state *state, const la_node *entity, la_text key, la_error *err);
/* Pushes what the descriptor `key` (a hybrid, a proxy) of the entity at `index` is in a statement;
 * false, and nothing pushed, if it has none. */
bool la_push_descriptor(lua_State *L, la_state *state, int index, la_text key);
/* The ENTITY that a RELATIONSHIP leads to: a new reference. */
la_node *la_relationship_target(const la_node *relationship, la_error *err);
/* Pushes what the method `method` of the RELATIONSHIP's box gives for the value at `index`. May
 * raise. */
void la_push_relationship_call(lua_State *L, la_state *state, la_node *relationship,
                               const char *method, int index);

int la_from_corresponding_column(lua_State *L);
int la_from_is_derived_from(lua_State *L);
int la_push_inner_columns(lua_State *L);

/* The FROM elements that the columns and FROM of `statement` name, each once, added to `nodes`. */
bool la_nodes_add_froms(la_nodes *nodes, la_node *statement, bool columns_only);

/* Pushes a table of the conditions that keys of the table at `index` ask for where `froms` have
 * relationships of that name; may raise. */
void la_push_relationship_filters(lua_State *L, la_state *state, la_nodes *froms, int index);
/* The equalities that the table at `index` asks for, its keys found among `froms`; `made` is the
 * index of that table. */
bool la_nodes_add_filters(lua_State *L, la_nodes *nodes, const la_nodes *froms, int index,
                          int made);

/* Compiles `node` for tostring and pushes its text with the default dialect. */
void la_push_sql(lua_State *L, la_state *state, const la_node *node);
/* A DIALECT box, and the dialect of one, of a name, or of a thing with a field `dialect` at
 * `index`. Raises for anything else. */
void la_push_dialect(lua_State *L, la_state *state, const la_dialect *dialect);
/* Pushes `statement` with the values of the program's types as their process_literal_param makes
 * them, for text without parameters, and lends it. May call Lua. */
la_node *la_push_literals(lua_State *L, la_state *state, const la_dialect *dialect,
                          la_node *statement);
const la_dialect *la_check_dialect(lua_State *L, int index);
/* Methods `compile` and `__tostring` of everything that holds a node. */
int la_node_compile(lua_State *L);
int la_node_tostring(lua_State *L);

/* alias, subquery, cte, lateral of statements: in the shape of luaL_Reg functions. */
int la_statement_alias(lua_State *L);
int la_statement_subquery(lua_State *L);
int la_statement_cte(lua_State *L);
int la_statement_lateral(lua_State *L);

/* Methods of statements, likewise. */
int la_statement_where(lua_State *L);
int la_statement_filter_by(lua_State *L);
/* Its address says to filter_by that it is a Query's. */
extern const char la_filters_query;
int la_statement_prefix_with(lua_State *L);
int la_statement_suffix_with(lua_State *L);
int la_statement_with_hint(lua_State *L);
int la_statement_with_statement_hint(lua_State *L);
int la_statement_add_cte(lua_State *L);
int la_statement_with_for_update(lua_State *L);
int la_statement_options(lua_State *L);
int la_statement_execution_options(lua_State *L);
int la_statement_get_execution_options(lua_State *L);
int la_statement_set_label_style(lua_State *L);
int la_statement_get_label_style(lua_State *L);
int la_statement_params(lua_State *L);
int la_statement_get_final_froms(lua_State *L);
/* `__index` of statements: methods, then fields such as `c` and `whereclause`. */
int la_statement_index(lua_State *L);
/* Pushes the statement's execution options as a map. */
void la_push_execution_options(lua_State *L, la_state *state, const la_node *statement);
/* Pushes a box of `select` with the FROM elements of its columns written into its FROM, and gives
 * that node, lent. `only_left`: of several the one alone that a relationship's join starts from. */
la_node *la_push_with_column_froms(lua_State *L, la_state *state, la_node *select, bool only_left);

/* Raises if an operand of arithmetic is any_() or all_(), which stand for no value. */
void la_refuse_collections(lua_State *L, const la_node *left, const la_node *right);

/* Parts of la_open_sql. */
/* Methods of expressions that are defined in files of their own. */
/* Pushes the operator or method `name` that the comparator_factory of `type` (may be NULL) has; or
 * pushes nothing and gives false. */
bool la_push_comparator(lua_State *L, la_state *state, const la_type *type, const char *name);
/* `__index` of expressions: methods, then `type`, `name`, `key`. */
int la_expr_index(lua_State *L);
/* Pushes the field called as the string at `name` of attribute `key` of a class: "property",
 * "parent" …; false, and nothing pushed, if there is none. */
bool la_push_attribute_field(lua_State *L, la_state *state, const struct la_mapper *mapper,
                             la_text key, int name);
int la_expr_in(lua_State *L);
int la_expr_not_in(lua_State *L);
int la_expr_at(lua_State *L);
int la_expr_as_string(lua_State *L);
int la_expr_as_integer(lua_State *L);
int la_expr_as_float(lua_State *L);
int la_expr_as_numeric(lua_State *L);
int la_expr_as_boolean(lua_State *L);
int la_expr_as_json(lua_State *L);
/* True for what over(), filter() and the like may follow. */
bool la_is_function(const la_node *node);
int la_expr_over_method(lua_State *L);
int la_expr_filter_method(lua_State *L);
int la_expr_within_group_method(lua_State *L);
int la_expr_aggregate_order_by(lua_State *L);
int la_expr_table_valued(lua_State *L);
int la_expr_scalar_table_valued(lua_State *L);
int la_from_render_derived(lua_State *L);
int la_from_tablesample(lua_State *L);
int la_from_join_method(lua_State *L);
int la_from_outerjoin_method(lua_State *L);
int la_expr_as_comparison(lua_State *L);
/* For __index, whose second upvalue is the methods: what the hook gives for the object at 1, the
 * name at 2 and the methods; nil without hook, and for what is no name. */
int la_push_field(lua_State *L, la_state *state, const char *hook);
int la_expr_column_valued(lua_State *L);
int la_expr_function_alias(lua_State *L);
int la_expr_where(lua_State *L);
int la_expr_select_from(lua_State *L);
int la_expr_correlate(lua_State *L);
int la_expr_correlate_except(lua_State *L);
int la_expr_with_hint(lua_State *L);
int la_expr_with_statement_hint(lua_State *L);
int la_expr_select(lua_State *L);
int la_core_exists(lua_State *L);
int la_core_column_origin(lua_State *L);
int la_core_expression_part(lua_State *L);
int la_core_from_element(lua_State *L);

void la_open_sql_expr(lua_State *L, la_state *state);
void la_open_sql_construct(lua_State *L, la_state *state);
void la_open_sql_func(lua_State *L, la_state *state);
void la_open_sql_from(lua_State *L, la_state *state);
void la_open_sql_select(lua_State *L, la_state *state);
void la_open_sql_dml(lua_State *L, la_state *state);
void la_open_sql_text(lua_State *L, la_state *state);
void la_open_sql_columns(lua_State *L, la_state *state);
void la_open_sql_compile(lua_State *L, la_state *state);
void la_open_compiled(lua_State *L, la_state *state);
void la_open_sql_element(lua_State *L, la_state *state);
void la_open_sql_bytes(lua_State *L, la_state *state);

#pragma GCC visibility pop

#endif
