/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-forget.h"

#include "daemon/core/cluster-drains.h"
#include "daemon/core/cluster-lot.h"
#include "daemon/core/cluster-moves.h"
#include "tests/unit/core/cluster-fixture.h"

static void die(Fixture *f, const char *key) {
        fake_etcd_delete(f->etcd, key);
        follow(f);
}

static void offer(Fixture *f, const char *key) {
        fake_etcd_put(f->etcd, key, "{\"schema\":1,\"offered\":4}");
        follow(f);
}

static void test_who_is_alive_is_not_forgotten(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterTransaction) late = NULL;
        GError *error = NULL;

        offer(f, "lots/a/cores");
        assert_refused(cluster_forget(f->copy, "a", &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Host a is alive: stop virtferryd there first, and wait until its lease has "
                       "run out");
        die(f, "hosts/a");
        late = cluster_forget(f->copy, "a", NULL);
        fake_etcd_put(f->etcd, "hosts/a", HOST);
        g_assert_false(fake_etcd_transact(f->etcd, late));
}

static void test_nothing_of_it_is_left(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        offer(f, "lots/a/cores");
        offer(f, "lots/b/cores");
        fake_etcd_put(f->etcd, "maps/a", "it cannot be read");
        fake_etcd_put(f->etcd, "loads/a", "nor can this");
        follow(f);
        carry_out(f, cluster_moves_begin(f->copy, "g1", "a", "b", false, 100, "n1", NULL));
        carry_out(f, cluster_moves_begin(f->copy, "g2", "b", "c", false, 100, "n2", NULL));
        carry_out(f, cluster_moves_begin(f->copy, "g3", "c", "a", false, 100, "n4", NULL));
        carry_out(f, cluster_drains_begin(f->copy, "a", NULL, 100, "n3", NULL));
        die(f, "hosts/a");
        carry_out(f, cluster_forget(f->copy, "a", NULL));

        g_assert_null(cluster_copy_host(f->copy, "a"));
        g_assert_null(fake_etcd_value(f->etcd, "maps/a"));
        g_assert_null(fake_etcd_value(f->etcd, "loads/a"));
        g_assert_nonnull(cluster_copy_lot(f->copy, "b", "cores"));
        g_assert_false(cluster_moves_has(f->copy, "g1", "n1"));
        g_assert_true(cluster_moves_has(f->copy, "g2", "n2"));
        g_assert_false(cluster_moves_has(f->copy, "g3", "n4"));
        g_assert_false(cluster_drains_has(f->copy, "a", "n3"));
        g_assert_null(cluster_forget(f->copy, "a", &error));
        g_assert_no_error(error);
}

static void test_many_lots_take_more_than_one_transaction(Fixture *f, gconstpointer unused) {
        unsigned n = 0;

        for (unsigned i = 0; i < 300; i++) {
                g_autofree char *key = g_strdup_printf("lots/a/vf%u", i);

                offer(f, key);
        }
        carry_out(f, cluster_moves_begin(f->copy, "g1", "a", "b", false, 100, "n1", NULL));
        carry_out(f, cluster_drains_begin(f->copy, "a", NULL, 100, "n3", NULL));
        die(f, "hosts/a");
        for (; cluster_copy_host(f->copy, "a"); n++)
                carry_out(f, cluster_forget(f->copy, "a", NULL));
        g_assert_cmpuint(n, ==, 3);
}

static void test_what_was_done_is_not_done_twice(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterTransaction) transaction = NULL;

        fake_etcd_put(f->etcd, "maps/a", "{\"schema\":1}");
        follow(f);
        die(f, "hosts/a");
        transaction = cluster_forget(f->copy, "a", NULL);
        g_assert_true(fake_etcd_transact(f->etcd, transaction));
        g_assert_false(fake_etcd_transact(f->etcd, transaction));
}

static void test_who_comes_back_has_offered_nothing(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterChange) late = NULL;

        offer(f, "lots/a/cores");
        late = cluster_lot_take_back(f->copy, "a", "cores", 2, "n1", NULL);
        die(f, "hosts/a");
        carry_out(f, cluster_forget(f->copy, "a", NULL));
        g_assert_false(fake_etcd_transact(f->etcd, late->transaction));
        g_assert_cmpint(cluster_change_judge(late, f->copy), ==, CLUSTER_VERDICT_LOST);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/cluster-forget/" name, Fixture, NULL, set_up, function, tear_down)
        ADD("who is alive is not forgotten", test_who_is_alive_is_not_forgotten);
        ADD("nothing of it is left", test_nothing_of_it_is_left);
        ADD("many lots take more than one transaction",
            test_many_lots_take_more_than_one_transaction);
        ADD("what was done is not done twice", test_what_was_done_is_not_done_twice);
        ADD("who comes back has offered nothing", test_who_comes_back_has_offered_nothing);
        return g_test_run();
}
