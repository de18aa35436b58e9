/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-policy.h"

#include <math.h>

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

static void assert_theta(Store *store, double expected) {
        g_autoptr(GError) error = NULL;
        double theta;

        g_assert_true(store_load_theta(store, &theta, &error));
        g_assert_no_error(error);
        g_assert_true(isnan(expected) ? isnan(theta) : theta == expected);
}

static void assert_frozen(Store *store, bool expected) {
        bool frozen;

        g_assert_true(store_load_frozen(store, &frozen, NULL));
        g_assert_true(frozen == expected);
}

static void test_theta_and_whether_it_is_frozen_are_kept_apart(void) {
        g_autoptr(Store) store = open_store();

        assert_theta(store, NAN);
        g_assert_true(store_put_frozen(store, true, NULL));
        assert_theta(store, NAN);
        g_assert_true(store_put_theta(store, 0.75, NULL));
        assert_frozen(store, true);
        g_assert_true(store_put_frozen(store, false, NULL));
        assert_theta(store, 0.75);
}

static void test_theta_may_come_first(void) {
        g_autoptr(Store) store = open_store();

        g_assert_true(store_put_theta(store, 2.5, NULL));
        assert_theta(store, 2.5);
        assert_frozen(store, false);
}

/* Changes of slices -------------------------------------------------------------------- */

static GPtrArray *load_changes(Store *store) {
        g_autoptr(GError) error = NULL;
        GPtrArray *changes = store_load_slice_changes(store, &error);

        g_assert_no_error(error);
        return changes;
}

static void test_changes_of_slices_are_kept_in_their_order(void) {
        const SlicePartChange first = { 7, (char *)"g/cores", 8, 6, 7.5 };
        const SlicePartChange then = { 5, (char *)"g/memory", 0.25, 0, NAN };
        g_autoptr(Store) store = open_store();
        g_autoptr(GPtrArray) changes = NULL;
        const SlicePartChange *change;

        g_assert_true(store_put_slice_change(store, &first, NULL));
        g_assert_true(store_put_slice_change(store, &then, NULL));
        changes = load_changes(store);
        g_assert_cmpuint(changes->len, ==, 2);
        change = changes->pdata[0];
        g_assert_cmpint(change->made, ==, 7);
        g_assert_cmpstr(change->part, ==, "g/cores");
        g_assert_cmpfloat(change->has, ==, 8);
        g_assert_cmpint(change->filled, ==, 6);
        g_assert_cmpfloat(change->peak, ==, 7.5);
        change = changes->pdata[1];
        g_assert_cmpint(change->made, ==, 5);
        g_assert_cmpfloat(change->has, ==, 0.25);
        g_assert_cmpint(change->filled, ==, 0);
        g_assert_true(isnan(change->peak));
}

static void test_of_too_many_changes_the_first_go(void) {
        g_autoptr(Store) store = open_store();
        g_autoptr(GPtrArray) changes = NULL;

        for (int64_t i = 1; i <= STORE_SLICE_CHANGES_MAX + 3; i++)
                g_assert_true(store_put_slice_change(
                        store, &(SlicePartChange){ .made = i, .part = (char *)"a" }, NULL));
        changes = load_changes(store);
        g_assert_cmpuint(changes->len, ==, STORE_SLICE_CHANGES_MAX);
        g_assert_cmpint(((const SlicePartChange *)changes->pdata[0])->made, ==, 4);
}

static void test_a_change_that_cannot_be_written_is_told(void) {
        g_autoptr(Store) store = open_store();
        g_autoptr(GError) error = NULL;

        store_fail_write(store, 0);
        g_assert_false(store_put_slice_change(
                store, &(SlicePartChange){ .made = 1, .part = (char *)"a" }, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store-policy/moves are kept in their order",
                        test_moves_are_kept_in_their_order);
        g_test_add_func("/store-policy/of too many, the first go", test_of_too_many_the_first_go);
        g_test_add_func("/store-policy/what cannot be written is told",
                        test_what_cannot_be_written_is_told);
        g_test_add_func("/store-policy/theta and whether it is frozen are kept apart",
                        test_theta_and_whether_it_is_frozen_are_kept_apart);
        g_test_add_func("/store-policy/theta may come first", test_theta_may_come_first);
        g_test_add_func("/store-policy/changes of slices are kept in their order",
                        test_changes_of_slices_are_kept_in_their_order);
        g_test_add_func("/store-policy/of too many changes, the first go",
                        test_of_too_many_changes_the_first_go);
        g_test_add_func("/store-policy/a change that cannot be written is told",
                        test_a_change_that_cannot_be_written_is_told);
        return g_test_run();
}
