/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/limiting.h"

#include "tests/unit/daemon/cluster-store.h"
#include "xml/ferry-error.h"

#define MOVES(more) "{\"schema\":1,\"together\":5" more "}"

typedef struct Bed {
        ClusterStore store;
        GString *ends; /* "done\n", or why not */
} Bed;

static void set_up(Bed *bed, gconstpointer unused) {
        cluster_store_set_up(&bed->store, NULL);
        bed->ends = g_string_new(NULL);
        cluster_store_run(&bed->store);
}

static void tear_down(Bed *bed, gconstpointer unused) {
        cluster_store_tear_down(&bed->store, NULL);
        g_string_free(bed->ends, TRUE);
}

static void on_done(void *userdata, const GError *error) {
        Bed *bed = userdata;

        g_string_append_printf(bed->ends, "%s\n", error ? error->message : "done");
}

static void set_limits(Bed *bed, int64_t together, int64_t per_host) {
        limiting_set(cluster_limiting(bed->store.cluster), (MoveLimits){ together, per_host },
                     on_done, bed);
}

static void assert_ended(Bed *bed, const char *expected) {
        g_assert_cmpstr(bed->ends->str, ==, expected);
        g_string_truncate(bed->ends, 0);
}

static void assert_limits(const Bed *bed, int64_t together, int64_t per_host) {
        g_autoptr(GError) error = NULL;
        MoveLimits limits;

        g_assert_true(limiting_get(cluster_limiting(bed->store.cluster), &limits, &error));
        g_assert_cmpint(limits.together, ==, together);
        g_assert_cmpint(limits.per_host, ==, per_host);
}

static void test_limits_are_changed(Bed *bed, gconstpointer unused) {
        assert_limits(bed, 0, 0);
        set_limits(bed, 4, LIMIT_STAYS);
        cluster_store_run(&bed->store);
        assert_limits(bed, 4, 0);
        set_limits(bed, LIMIT_STAYS, 2);
        cluster_store_run(&bed->store);
        assert_limits(bed, 4, 2);
        set_limits(bed, 0, LIMIT_STAYS);
        cluster_store_run(&bed->store);
        assert_limits(bed, 0, 2);
        assert_ended(bed, "done\ndone\ndone\n");
        set_limits(bed, 0, 2); /* it is so */
        assert_ended(bed, "done\n");
        g_assert_cmpuint(cluster_store_requests(&bed->store), ==, 0);
}

static void test_what_others_change_stays(Bed *bed, gconstpointer unused) {
        set_limits(bed, LIMIT_STAYS, 2);
        cluster_store_write(&bed->store, "moves", MOVES());
        cluster_store_run(&bed->store);
        assert_ended(bed, "done\n");
        assert_limits(bed, 5, 2);
}

static void test_one_change_at_a_time(Bed *bed, gconstpointer unused) {
        set_limits(bed, 1, 1);
        set_limits(bed, 2, 2);
        assert_ended(bed, "The limits are being changed by another call: try again when that is "
                          "done\n");
        cluster_store_run(&bed->store);
        assert_ended(bed, "done\n");
        assert_limits(bed, 1, 1);
}

static void test_nobody_answers(Bed *bed, gconstpointer unused) {
        set_limits(bed, 1, 1);
        cluster_store_lose_answer(&bed->store, false);
        cluster_store_go_down(&bed->store);
        cluster_store_pass(&bed->store, LIMITING_WAIT_USEC / G_USEC_PER_SEC - 1);
        assert_ended(bed, "");
        cluster_store_pass(&bed->store, 2);
        assert_ended(bed, "Nobody knows yet whether the limits are changed: etcd does not answer; "
                          "look again\n");
        cluster_store_write(&bed->store, "moves", MOVES());
        cluster_store_come_up(&bed->store);
        cluster_store_pass(&bed->store, 1);
        cluster_store_run(&bed->store);
        assert_ended(bed, "");
        assert_limits(bed, 5, 0); /* nobody waited for it any more */
        set_limits(bed, 1, 1);
        cluster_store_run(&bed->store);
        assert_ended(bed, "done\n");
}

static void test_nobody_answers_and_it_was_done(Bed *bed, gconstpointer unused) {
        set_limits(bed, 1, 1);
        cluster_store_lose_answer(&bed->store, true);
        cluster_store_tell(&bed->store);
        assert_ended(bed, "done\n");
        g_assert_cmpuint(cluster_store_requests(&bed->store), ==, 0);

        set_limits(bed, 2, 2);
        cluster_store_lose_answer(&bed->store, false);
        cluster_store_write(&bed->store, "moves", MOVES());
        cluster_store_run(&bed->store);
        assert_ended(bed, "done\n");
        assert_limits(bed, 2, 2);
}

static void test_without_etcd(Bed *bed, gconstpointer unused) {
        cluster_store_go_down(&bed->store);
        set_limits(bed, 1, 1);
        assert_ended(bed, "The cluster cannot be asked: no member answers; try again\n");
        assert_limits(bed, 0, 0);
        cluster_store_come_up(&bed->store);
}

static void test_what_cannot_be_read(Bed *bed, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        MoveLimits limits;

        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "What the cluster says cannot be used: *");
        cluster_store_write(&bed->store, "moves", "[]");
        g_test_assert_expected_messages();
        g_assert_false(limiting_get(cluster_limiting(bed->store.cluster), &limits, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
        set_limits(bed, 1, 1);
        assert_ended(bed, "moves: it cannot be read, so nobody knows the limits: delete it in "
                          "etcd\n");
}

static void test_who_waits_is_told_of_the_end(Bed *bed, gconstpointer unused) {
        set_limits(bed, 1, 1);
        cluster_store_end(&bed->store);
        assert_ended(bed, "The cluster cannot be asked: virtferryd is about to end; try again\n");
        cluster_store_begin(&bed->store);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/cluster-limiting/" name, Bed, NULL, set_up, function, tear_down)
        ADD("limits are changed, one or both", test_limits_are_changed);
        ADD("what others change meanwhile stays", test_what_others_change_stays);
        ADD("there is one change at a time", test_one_change_at_a_time);
        ADD("nobody answers", test_nobody_answers);
        ADD("nobody answers, and it was done or not", test_nobody_answers_and_it_was_done);
        ADD("without etcd they are known and not changed", test_without_etcd);
        ADD("what cannot be read is not guessed", test_what_cannot_be_read);
        ADD("who waits is told of the end", test_who_waits_is_told_of_the_end);
        return g_test_run();
}
