/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/store-demand.h"

#include <string.h>

#include "xml/ferry-error.h"

static Store *open_store(void) {
        g_autoptr(GError) error = NULL;
        Store *store = store_open(":memory:", &error);

        g_assert_no_error(error);
        return store;
}

static bool put(Store *store, const char *id, Metric metric, const char *text, int64_t now,
                GError **error) {
        g_autoptr(GBytes) blob = g_bytes_new(text, strlen(text));

        return store_put_demand(store, SUBJECT_VF, id, metric, blob, now, error);
}

/* "" where there is none. */
static void assert_kept(Store *store, const char *id, Metric metric, const char *text) {
        g_autoptr(GBytes) blob = NULL;
        g_autoptr(GError) error = NULL;
        size_t size;

        g_assert_true(store_load_demand(store, SUBJECT_VF, id, metric, &blob, &error));
        g_assert_no_error(error);
        if (!blob) {
                g_assert_cmpstr(text, ==, "");
                return;
        }
        g_assert_cmpmem(g_bytes_get_data(blob, &size), g_bytes_get_size(blob), text, strlen(text));
}

static void test_what_was_put_last_is_there(void) {
        g_autoptr(Store) store = open_store();

        g_assert_true(put(store, "a", METRIC_RECEIVE_BYTES, "one", 1, NULL));
        g_assert_true(put(store, "a", METRIC_TRANSMIT_BYTES, "two", 2, NULL));
        g_assert_true(put(store, "a", METRIC_RECEIVE_BYTES, "three", 3, NULL));
        assert_kept(store, "a", METRIC_RECEIVE_BYTES, "three");
        assert_kept(store, "a", METRIC_TRANSMIT_BYTES, "two");
        assert_kept(store, "b", METRIC_TRANSMIT_BYTES, "");
}

static void test_what_is_old_goes(void) {
        g_autoptr(Store) store = open_store();

        g_assert_true(put(store, "a", METRIC_CPU, "a", 10, NULL));
        g_assert_true(put(store, "b", METRIC_CPU, "b", 20, NULL));
        g_assert_true(put(store, "a", METRIC_CPU, "again", 30, NULL));
        g_assert_true(store_trim_demands(store, 25, 100, NULL));
        assert_kept(store, "a", METRIC_CPU, "again");
        assert_kept(store, "b", METRIC_CPU, "");
}

static void test_of_too_many_the_oldest_go(void) {
        g_autoptr(Store) store = open_store();

        g_assert_true(put(store, "a", METRIC_CPU, "a", 30, NULL));
        g_assert_true(put(store, "b", METRIC_CPU, "b", 10, NULL));
        g_assert_true(put(store, "c", METRIC_CPU, "c", 10, NULL));
        g_assert_true(store_trim_demands(store, 0, 2, NULL));
        assert_kept(store, "a", METRIC_CPU, "a");
        assert_kept(store, "b", METRIC_CPU, "");
        assert_kept(store, "c", METRIC_CPU, "c");
}

static void test_what_cannot_be_written_is_told(void) {
        g_autoptr(Store) store = open_store();
        g_autoptr(GError) error = NULL;

        store_fail_write(store, 0);
        g_assert_false(put(store, "a", METRIC_CPU, "a", 1, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        g_clear_error(&error);
        store_fail_write(store, 0);
        g_assert_false(store_trim_demands(store, 0, 0, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        assert_kept(store, "a", METRIC_CPU, "");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store-demand/what was put last is there",
                        test_what_was_put_last_is_there);
        g_test_add_func("/store-demand/what is old goes", test_what_is_old_goes);
        g_test_add_func("/store-demand/of too many the oldest go", test_of_too_many_the_oldest_go);
        g_test_add_func("/store-demand/what cannot be written is told",
                        test_what_cannot_be_written_is_told);
        return g_test_run();
}
