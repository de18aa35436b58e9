/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-policy.h"

#include "xml/ferry-error.h"

static Store *open_store(void) {
        g_autoptr(GError) error = NULL;
        Store *store = store_open(":memory:", &error);

        g_assert_no_error(error);
        return store;
}

static GPtrArray *load(Store *store) {
        g_autoptr(GError) error = NULL;
        GPtrArray *moves = store_load_policy_moves(store, &error);

        g_assert_no_error(error);
        return moves;
}

static void assert_move(const GPtrArray *moves, guint i, const PolicyMove *expected) {
        const PolicyMove *move = moves->pdata[i];

        g_assert_cmpint(move->made, ==, expected->made);
        g_assert_cmpstr(move->came, ==, expected->came);
        g_assert_cmpstr(move->gave, ==, expected->gave);
}

static void test_moves_are_kept_in_their_order(void) {
        const PolicyMove first = { 7, (char *)"a", NULL }, then = { 5, NULL, (char *)"b" };
        g_autoptr(Store) store = open_store();
        g_autoptr(GPtrArray) moves = NULL;

        g_assert_true(store_put_policy_move(store, &first, NULL));
        g_assert_true(store_put_policy_move(store, &then, NULL));
        moves = load(store);
        g_assert_cmpuint(moves->len, ==, 2);
        assert_move(moves, 0, &first);
        assert_move(moves, 1, &then);
}

static void test_of_too_many_the_first_go(void) {
        g_autoptr(Store) store = open_store();
        g_autoptr(GPtrArray) moves = NULL;

        for (int64_t i = 1; i <= STORE_POLICY_MOVES_MAX + 3; i++)
                g_assert_true(
                        store_put_policy_move(store, &(PolicyMove){ i, (char *)"a", NULL }, NULL));
        moves = load(store);
        g_assert_cmpuint(moves->len, ==, STORE_POLICY_MOVES_MAX);
        assert_move(moves, 0, &(PolicyMove){ 4, (char *)"a", NULL });
}

static void test_what_cannot_be_written_is_told(void) {
        const PolicyMove move = { 7, (char *)"a", NULL };
        g_autoptr(Store) store = open_store();
        g_autoptr(GPtrArray) moves = NULL;
        g_autoptr(GError) error = NULL;

        store_fail_write(store, 0);
        g_assert_false(store_put_policy_move(store, &move, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        moves = load(store);
        g_assert_cmpuint(moves->len, ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store-policy/moves are kept in their order",
                        test_moves_are_kept_in_their_order);
        g_test_add_func("/store-policy/of too many, the first go", test_of_too_many_the_first_go);
        g_test_add_func("/store-policy/what cannot be written is told",
                        test_what_cannot_be_written_is_told);
        return g_test_run();
}
