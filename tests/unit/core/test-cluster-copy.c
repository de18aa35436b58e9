/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-copy.h"

#define HOST "{\"schema\":1,\"version\":\"1.0\"}"
#define LOT  "{\"schema\":1,\"offered\":4}"

static void tell(ClusterCopy *copy, const char *key, const char *value, int64_t revision) {
        g_autoptr(GError) error = NULL;

        g_assert_true(cluster_copy_key(copy, key, value, revision, revision, &error));
        g_assert_no_error(error);
}

static ClusterCopy *made_copy(void) {
        ClusterCopy *copy = cluster_copy_new();

        cluster_copy_reset(copy);
        tell(copy, "hosts/a", HOST, 2);
        tell(copy, "lots/a/cores", LOT, 3);
        tell(copy, "lots/a/memory", LOT, 4);
        tell(copy, "lots/b/cores", LOT, 5);
        cluster_copy_loaded(copy);
        return copy;
}

static void test_finds_by_host_and_by_resource(void) {
        g_autoptr(ClusterCopy) copy = made_copy();

        g_assert_cmpint(cluster_copy_lot(copy, "a", "memory")->mod_revision, ==, 4);
        g_assert_null(cluster_copy_lot(copy, "b", "memory"));
        g_assert_null(cluster_copy_lot(copy, "c", "memory"));
        g_assert_cmpuint(cluster_copy_lots(copy, "cores")->len, ==, 2);
        g_assert_cmpuint(cluster_copy_host(copy, "a")->lots->len, ==, 2);

        tell(copy, "lots/a/cores", NULL, 6);
        g_assert_null(cluster_copy_lot(copy, "a", "cores"));
        g_assert_cmpuint(cluster_copy_lots(copy, "cores")->len, ==, 1);
        tell(copy, "lots/b/cores", NULL, 7);
        g_assert_null(cluster_copy_lots(copy, "cores"));
        g_assert_null(cluster_copy_host(copy, "b"));
}

static void test_knows_who_is_alive(void) {
        g_autoptr(ClusterCopy) copy = made_copy();

        g_assert_true(cluster_copy_is_alive(copy, "a"));
        g_assert_false(cluster_copy_is_alive(copy, "b"));
        tell(copy, "hosts/a", NULL, 8);
        g_assert_false(cluster_copy_is_alive(copy, "a"));
        g_assert_nonnull(cluster_copy_lot(copy, "a", "cores"));
}

static void test_is_never_empty_while_all_is_told_anew(void) {
        g_autoptr(ClusterCopy) copy = made_copy();

        cluster_copy_reset(copy);
        g_assert_true(cluster_copy_is_alive(copy, "a"));
        tell(copy, "lots/b/cores", LOT, 9);
        cluster_copy_reset(copy);
        tell(copy, "lots/c/cores", LOT, 10);
        g_assert_cmpuint(cluster_copy_lots(copy, "cores")->len, ==, 2);
        g_assert_null(cluster_copy_host(copy, "c"));

        cluster_copy_loaded(copy);
        g_assert_false(cluster_copy_is_alive(copy, "a"));
        g_assert_cmpuint(cluster_copy_lots(copy, "cores")->len, ==, 1);
        g_assert_nonnull(cluster_copy_host(copy, "c"));
}

static void test_shares_what_has_not_changed(void) {
        g_autoptr(ClusterCopy) copy = made_copy();
        const ClusterLot *cores = cluster_copy_lot(copy, "a", "cores")->lot;

        cluster_copy_reset(copy);
        tell(copy, "lots/a/cores", LOT, 3);
        tell(copy, "lots/a/memory", "{\"schema\":1,\"offered\":9}", 12);
        cluster_copy_loaded(copy);
        g_assert_true(cluster_copy_lot(copy, "a", "cores")->lot == cores);
        g_assert_cmpint(cores->offered, ==, 4);
        g_assert_cmpint(cluster_copy_lot(copy, "a", "memory")->lot->offered, ==, 9);
}

static void test_nothing_is_known_before_all_was_told(void) {
        g_autoptr(ClusterCopy) copy = cluster_copy_new();

        g_assert_false(cluster_copy_is_whole(copy));
        cluster_copy_reset(copy);
        g_assert_false(cluster_copy_is_whole(copy));
        cluster_copy_loaded(copy);
        g_assert_true(cluster_copy_is_whole(copy));
}

static void test_what_cannot_be_read_is_there(void) {
        g_autoptr(ClusterCopy) copy = made_copy();
        g_autoptr(GError) error = NULL;
        int64_t revision;

        g_assert_false(cluster_copy_key(copy, "lots/a/cores", "{}", 3, 11, &error));
        g_assert_cmpstr(error->message, ==, "lots/a/cores: 'schema' must be there");
        g_assert_null(cluster_copy_lot(copy, "a", "cores")->lot);
        g_assert_cmpint(cluster_copy_lot(copy, "a", "cores")->mod_revision, ==, 11);
        g_assert_false(cluster_copy_key(copy, "moves", "x", 12, 12, NULL));
        g_assert_null(cluster_copy_moves(copy, &revision));
        g_assert_cmpint(revision, ==, 12);
}

static void test_passes_over_keys_of_later_releases(void) {
        g_autoptr(ClusterCopy) copy = made_copy();

        tell(copy, "plans/a", "x", 13);
        tell(copy, "lots/a", "x", 14);
        tell(copy, "lots/a/b/c", "x", 15);
        tell(copy, "lots//b", "x", 16);
        tell(copy, "hosts/", "x", 17);
        g_assert_cmpuint(g_hash_table_size(cluster_copy_hosts(copy)), ==, 2);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) g_test_add_func("/cluster-copy/" name, function)
        ADD("lots are found by host and by resource", test_finds_by_host_and_by_resource);
        ADD("who is alive is known, and the lots of the dead", test_knows_who_is_alive);
        ADD("it is never empty while all is told anew", test_is_never_empty_while_all_is_told_anew);
        ADD("what has not changed is shared with the former copy",
            test_shares_what_has_not_changed);
        ADD("nothing is known before all was told", test_nothing_is_known_before_all_was_told);
        ADD("what cannot be read is there all the same", test_what_cannot_be_read_is_there);
        ADD("keys of later releases are passed over", test_passes_over_keys_of_later_releases);
        return g_test_run();
}
