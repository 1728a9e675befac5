/* SPDX-License-Identifier: MIT */
/* What ORM selects become: columns, joins, joined eager loading, wrapping, and the errors of
 * options. */
#include "orm.h"
#include "oom.h"
#include "orm/dml.h"
#include "orm/load.h"

static la_allocator alloc;

#define USUAL (LA_CASCADE_SAVE_UPDATE | LA_CASCADE_MERGE)

static bool ok(la_status status, const la_error *err) {
  if (status < 0) {
    printf("  %s: %s\n", la_status_class(status), err->message);
  }
  return status >= 0;
}

static la_node *attribute(la_mapper *mapper, const char *key) {
  la_property *property = la_mapper_property(mapper, la_text_of(key));
  return property->attribute;
}

/* Takes over nothing; a new reference. */
static la_node *select_of(fixture *f, la_node *item) {
  return la_select_new(&f->sql, &item, 1);
}

static la_node *chained(la_node *take_select, uint32_t part, la_node *item) {
  la_node *made = la_node_with_chained(take_select, part, &item, 1);
  la_node_release(take_select);
  return made;
}

static la_node *chained_take(la_node *take_select, uint32_t part, la_node *take_item) {
  la_node *made = chained(take_select, part, take_item);
  la_node_release(take_item);
  return made;
}

static la_node *with_option(fixture *f, la_node *take_select, la_loader_strategy strategy,
                            la_node *path, uint32_t flags) {
  return chained_take(take_select, LA_SELECT_OPTIONS,
                      la_option_new(&f->sql, strategy, path, LA_TEXT_NONE, NULL, flags));
}

static la_node *with_join(fixture *f, la_node *take_select, la_node *target, la_node *on,
                          uint32_t flags) {
  return chained_take(take_select, LA_SELECT_FROM,
                      la_join_step_new(&f->sql, target, on, NULL, flags));
}

static la_node *with_limit(fixture *f, la_node *take_select, int64_t limit) {
  la_value value = la_value_integer(limit);
  la_node *param = la_expr_param(&f->sql, LA_TEXT_LITERAL("param"), &value, NULL);
  la_node *made = la_node_with_child(take_select, LA_SELECT_LIMIT, param);
  la_node_release(param);
  la_node_release(take_select);
  return made;
}

/* Compiles and compares; `expected` NULL: an error whose message begins with `message`. */
static void expect(fixture *f, la_node *take_select, const char *expected, const char *message,
                   const char *file, int line) {
  la_error err = LA_ERROR_INIT;
  la_compiled *compiled = NULL;
  bool cached;
  la_status status = la_orm_compile(f->engine, take_select, &compiled, &cached, &err);
  if (expected != NULL) {
    if (status < 0) {
      printf("%s:%d: %s: %s\n", file, line, la_status_class(status), err.message);
      test_ok = false;
    } else {
      test_text(compiled->text, expected, file, line);
      la_object_release(compiled);
      status = la_orm_compile(f->engine, take_select, &compiled, &cached, &err);
      test_check(status >= 0 && cached, "the second time it comes from the cache", file, line);
    }
  } else {
    test_check(status < 0, "it fails", file, line);
    test_text((la_text){err.message, strlen(message) < strlen(err.message) ? strlen(message)
                                                                           : strlen(err.message)},
              message, file, line);
  }
  la_object_release(compiled);
  la_node_release(take_select);
}

#define EXPECT(select, text)      expect(&f, (select), (text), NULL, __FILE__, __LINE__)
#define EXPECT_FAIL(select, text) expect(&f, (select), NULL, (text), __FILE__, __LINE__)

#define OPEN()                                                                                     \
  fixture f;                                                                                       \
  la_error error = LA_ERROR_INIT;                                                                  \
  if (!CHECK(ok(fixture_open(&f, &alloc, USUAL, false, &error), &error))) {                        \
    return;                                                                                        \
  }

#define CLOSE()                                                                                    \
  fixture_close(&f);                                                                               \
  CHECK(alloc.blocks == 0)

TEST(spreads_entities) {
  OPEN();
  la_node *two[] = {f.user->entity, f.address->entity};
  la_node *name[] = {f.user->entity, attribute(f.user, "name")};
  la_node *again[] = {attribute(f.user, "id"), f.user->entity};
  EXPECT(select_of(&f, f.user->entity), "SELECT users.id, users.name, users.age FROM users");
  EXPECT(select_of(&f, attribute(f.user, "name")), "SELECT users.name FROM users");
  EXPECT(la_select_new(&f.sql, two, 2),
         "SELECT users.id, users.name, users.age, addresses.id AS id_1, addresses.name AS name_1, "
         "addresses.user_id FROM users, addresses");
  EXPECT(la_select_new(&f.sql, name, 2),
         "SELECT users.id, users.name, users.age, users.name AS name__1 FROM users");
  EXPECT(la_select_new(&f.sql, again, 2), "SELECT users.id, users.name, users.age FROM users");
  la_node *legacy = select_of(&f, f.user->entity);
  la_node *flagged = la_node_with_flags(legacy, LA_SELECT_LEGACY, 0);
  la_node_release(legacy);
  EXPECT(
      flagged,
      "SELECT users.id AS users_id, users.name AS users_name, users.age AS users_age FROM users");
  la_node *alias = NULL;
  CHECK(ok(la_mapper_aliased(&f.sql, f.user, LA_TEXT_LITERAL("u"), NULL, &alias, &error), &error));
  EXPECT(select_of(&f, alias), "SELECT u.id, u.name, u.age FROM users AS u");
  la_node_release(alias);
  CLOSE();
}

TEST(joins_along_relationships) {
  OPEN();
  EXPECT(with_join(&f, select_of(&f, f.user->entity), attribute(f.user, "addresses"), NULL, 0),
         "SELECT users.id, users.name, users.age FROM users JOIN addresses ON users.id = "
         "addresses.user_id");
  EXPECT(with_join(&f, select_of(&f, f.user->entity), attribute(f.user, "addresses"), NULL,
                   LA_JOIN_OUTER),
         "SELECT users.id, users.name, users.age FROM users LEFT OUTER JOIN addresses ON users.id "
         "= addresses.user_id");
  EXPECT(with_join(&f, select_of(&f, f.user->entity), f.address->entity, NULL, 0),
         "SELECT users.id, users.name, users.age FROM users JOIN addresses ON users.id = "
         "addresses.user_id");
  EXPECT(with_join(&f, select_of(&f, attribute(f.user, "id")), f.address->entity,
                   attribute(f.user, "addresses"), 0),
         "SELECT users.id FROM users JOIN addresses ON users.id = addresses.user_id");
  EXPECT(with_join(&f, select_of(&f, f.item->entity), attribute(f.item, "keywords"), NULL, 0),
         "SELECT items.id, items.name FROM items JOIN item_keywords AS item_keywords_1 ON items.id "
         "= item_keywords_1.item_id JOIN keywords ON "
         "keywords.id = item_keywords_1.keyword_id");
  la_node *alias = NULL;
  CHECK(ok(la_mapper_aliased(&f.sql, f.node, LA_TEXT_NONE, NULL, &alias, &error), &error));
  EXPECT(with_join(&f, select_of(&f, f.node->entity), alias, attribute(f.node, "children"), 0),
         "SELECT nodes.id, nodes.name, nodes.parent_id FROM nodes JOIN nodes AS nodes_1 ON "
         "nodes.id = nodes_1.parent_id");
  EXPECT(with_join(&f, select_of(&f, f.node->entity), alias, attribute(f.node, "parent"), 0),
         "SELECT nodes.id, nodes.name, nodes.parent_id FROM nodes JOIN nodes AS nodes_1 ON "
         "nodes_1.id = nodes.parent_id");
  la_node_release(alias);
  EXPECT_FAIL(
      with_join(&f, select_of(&f, f.user->entity), f.item->entity, NULL, 0),
      "Don't know how to join to Mapper[Item(items)]. Please use the .select_from() method");
  CLOSE();
}

TEST(joins_eagerly) {
  OPEN();
  la_node *users = attribute(f.user, "addresses");
  EXPECT(with_option(&f, select_of(&f, f.user->entity), LA_LOADER_JOINED, users, 0),
         "SELECT users.id, users.name, users.age, addresses_1.id AS id_1, addresses_1.name AS "
         "name_1, addresses_1.user_id FROM users LEFT OUTER "
         "JOIN addresses AS addresses_1 ON users.id = addresses_1.user_id");
  EXPECT(with_option(&f, select_of(&f, f.address->entity), LA_LOADER_JOINED,
                     attribute(f.address, "user"), LA_OPTION_INNERJOIN | LA_OPTION_INNERJOIN_GIVEN),
         "SELECT addresses.id, addresses.name, addresses.user_id, users_1.id AS id_1, users_1.name "
         "AS name_1, users_1.age FROM addresses JOIN "
         "users AS users_1 ON users_1.id = addresses.user_id");
  EXPECT(with_option(&f, select_of(&f, f.item->entity), LA_LOADER_JOINED,
                     attribute(f.item, "keywords"), 0),
         "SELECT items.id, items.name, keywords_1.id AS id_1, keywords_1.name AS name_1 FROM items "
         "LEFT OUTER JOIN (item_keywords AS "
         "item_keywords_1 JOIN keywords AS keywords_1 ON keywords_1.id = "
         "item_keywords_1.keyword_id) ON items.id = item_keywords_1.item_id");
  EXPECT(with_limit(&f,
                    with_option(&f,
                                chained(select_of(&f, f.user->entity), LA_SELECT_ORDER_BY,
                                        attribute(f.user, "name")),
                                LA_LOADER_JOINED, users, 0),
                    2),
         "SELECT anon_1.id, anon_1.name, anon_1.age, addresses_1.id AS id_1, addresses_1.name AS "
         "name_1, addresses_1.user_id FROM (SELECT "
         "users.id AS id, users.name AS name, users.age AS age FROM users ORDER BY users.name "
         "LIMIT ? OFFSET ?) AS anon_1 LEFT OUTER JOIN "
         "addresses AS addresses_1 ON anon_1.id = addresses_1.user_id ORDER BY anon_1.name");
  EXPECT(with_limit(&f,
                    with_option(&f, select_of(&f, f.address->entity), LA_LOADER_JOINED,
                                attribute(f.address, "user"), 0),
                    2),
         "SELECT addresses.id, addresses.name, addresses.user_id, users_1.id AS id_1, users_1.name "
         "AS name_1, users_1.age FROM addresses LEFT "
         "OUTER JOIN users AS users_1 ON users_1.id = addresses.user_id LIMIT ? OFFSET ?");
  la_node *inner =
      la_option_new(&f.sql, LA_LOADER_JOINED, attribute(f.address, "user"), LA_TEXT_NONE, NULL,
                    LA_OPTION_INNERJOIN | LA_OPTION_INNERJOIN_GIVEN);
  la_node *outer = la_option_new(&f.sql, LA_LOADER_JOINED, users, LA_TEXT_NONE, NULL, 0);
  la_node *both = la_option_chain(&f.sql, outer, inner);
  EXPECT(chained(select_of(&f, f.user->entity), LA_SELECT_OPTIONS, both),
         "SELECT users.id, users.name, users.age, users_1.id AS id_1, users_1.name AS name_1, "
         "users_1.age AS age_1, addresses_1.id AS id_2, "
         "addresses_1.name AS name_2, addresses_1.user_id FROM users LEFT OUTER JOIN (addresses AS "
         "addresses_1 JOIN users AS users_1 ON "
         "users_1.id = addresses_1.user_id) ON users.id = addresses_1.user_id");
  la_node_release(inner);
  la_node_release(outer);
  la_node_release(both);
  EXPECT(with_join(&f, with_option(&f, select_of(&f, f.user->entity), LA_LOADER_CONTAINS, users, 0),
                   users, NULL, 0),
         "SELECT addresses.id, addresses.name, addresses.user_id, users.id AS id_1, users.name AS "
         "name_1, users.age FROM users JOIN addresses ON "
         "users.id = addresses.user_id");
  CLOSE();
}

TEST(chooses_columns) {
  OPEN();
  la_node *name = attribute(f.user, "name");
  EXPECT(with_option(&f, select_of(&f, f.user->entity), LA_LOADER_LOAD_ONLY, name, 0),
         "SELECT users.id, users.name FROM users");
  EXPECT(with_option(&f, select_of(&f, f.user->entity), LA_LOADER_DEFER, name, 0),
         "SELECT users.id, users.age FROM users");
  CLOSE();
}

TEST(refuses_wrong_options) {
  OPEN();
  la_node *users = attribute(f.user, "addresses");
  EXPECT_FAIL(
      with_option(&f, select_of(&f, f.user->entity), LA_LOADER_JOINED, attribute(f.address, "user"),
                  0),
      "Mapped class Address referenced in option joinedload(Address.user) does not apply to any of "
      "the root entities in this query, e.g. "
      "User. Please specify the full path from one of the root entities to the target attribute. ");
  EXPECT_FAIL(
      with_option(&f, with_option(&f, select_of(&f, f.user->entity), LA_LOADER_JOINED, users, 0),
                  LA_LOADER_SELECTIN, users, 0),
      "Loader strategy replacement selectinload(User.addresses) is in conflict with existing "
      "strategy joinedload(User.addresses)");
  EXPECT_FAIL(with_option(&f, select_of(&f, f.user->entity), LA_LOADER_JOINED,
                          attribute(f.user, "name"), 0),
              "Can't apply \"joined loader\" strategy to property \"User.name\", which is a "
              "\"column property\"; this loader strategy is intended "
              "to be used with a \"relationship property\".");
  CLOSE();
}

TEST(asks_whether_members_exist) {
  OPEN();
  la_node *any = NULL;
  CHECK(
      ok(la_relationship_any(&f.sql, attribute(f.user, "addresses"), NULL, &any, &error), &error));
  EXPECT(chained_take(select_of(&f, attribute(f.user, "id")), LA_SELECT_WHERE, any),
         "SELECT users.id FROM users WHERE EXISTS (SELECT 1 FROM addresses WHERE users.id = "
         "addresses.user_id)");
  CHECK(ok(la_relationship_any(&f.sql, attribute(f.item, "keywords"), NULL, &any, &error), &error));
  EXPECT(chained_take(select_of(&f, attribute(f.item, "id")), LA_SELECT_WHERE, any),
         "SELECT items.id FROM items WHERE EXISTS (SELECT 1 FROM keywords, item_keywords WHERE "
         "items.id = item_keywords.item_id AND keywords.id = "
         "item_keywords.keyword_id)");
  la_value value = la_value_text(LA_TEXT_LITERAL("x"));
  la_node *param = la_expr_param(&f.sql, LA_TEXT_LITERAL("name"), &value, NULL);
  la_node *condition = la_expr_binary(&f.sql, LA_OP_EQ, attribute(f.node, "name"), param);
  CHECK(ok(la_relationship_any(&f.sql, attribute(f.node, "children"), condition, &any, &error),
           &error));
  EXPECT(chained_take(select_of(&f, attribute(f.node, "id")), LA_SELECT_WHERE, any),
         "SELECT nodes.id FROM nodes WHERE EXISTS (SELECT 1 FROM nodes AS nodes_1 WHERE nodes.id = "
         "nodes_1.parent_id AND nodes_1.name = ?)");
  la_node_release(param);
  la_node_release(condition);
  CHECK(ok(la_relationship_compare(&f.sql, attribute(f.address, "user"), NULL, false, &any, &error),
           &error));
  EXPECT(chained_take(select_of(&f, attribute(f.address, "id")), LA_SELECT_WHERE, any),
         "SELECT addresses.id FROM addresses WHERE addresses.user_id IS NULL");
  la_instance *user = make(&f, f.user, "name", "ed", &error);
  CHECK(ok(set_integer(user, "id", 7, &error), &error));
  CHECK(ok(la_relationship_compare(&f.sql, attribute(f.address, "user"), user, false, &any, &error),
           &error));
  EXPECT(chained_take(select_of(&f, attribute(f.address, "id")), LA_SELECT_WHERE, any),
         "SELECT addresses.id FROM addresses WHERE ? = addresses.user_id");
  CHECK(ok(la_relationship_compare(&f.sql, attribute(f.address, "user"), user, true, &any, &error),
           &error));
  EXPECT(chained_take(select_of(&f, attribute(f.address, "id")), LA_SELECT_WHERE, any),
         "SELECT addresses.id FROM addresses WHERE addresses.user_id != ? OR addresses.user_id IS "
         "NULL");
  la_instance_unpin(user);
  CLOSE();
}

static bool translate_all(la_allocator *failing, void *argument) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_compiled *compiled = NULL;
  bool cached;
  (void)argument;
  la_status status = fixture_open(&f, failing, USUAL, false, &err);
  if (status >= 0) {
    la_node *select = select_of(&f, f.user->entity);
    la_node *option = la_option_new(&f.sql, LA_LOADER_JOINED, attribute(f.user, "addresses"),
                                    LA_TEXT_NONE, NULL, 0);
    la_node *chain =
        select && option ? la_node_with_chained(select, LA_SELECT_OPTIONS, &option, 1) : NULL;
    la_node_release(select);
    la_node_release(option);
    select = chain ? with_limit(&f, la_node_retain(chain), 2) : NULL;
    la_node_release(chain);
    status = select ? la_orm_compile(f.engine, select, &compiled, &cached, &err) : LA_NOMEM;
    la_node_release(select);
    la_object_release(compiled);
  }
  fixture_close(&f);
  return status >= 0;
}

TEST(survives_failing_allocations) {
  oom_every(translate_all, NULL);
}

int main(int argc, char **argv) {
  la_allocator_init(&alloc, la_alloc_system, NULL);
  RUN(spreads_entities);
  RUN(joins_along_relationships);
  RUN(joins_eagerly);
  RUN(chooses_columns);
  RUN(refuses_wrong_options);
  RUN(asks_whether_members_exist);
  if (argc < 2 || argv[1][0] != 'q') {
    RUN(survives_failing_allocations);
  }
  return test_result();
}
