/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-moves.h"

#include "daemon/core/cluster-drains.h"
#include "tests/unit/core/cluster-fixture.h"

static ClusterTransaction *begin(Fixture *f, const char *domain, const char *from, const char *to,
                                 int64_t now, GError **error) {
        return cluster_moves_begin(f->copy, domain, from, to, false, now, "n1", error);
}

static void test_the_same_guest_is_never_twice(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterTransaction) other = begin(f, "g1", "a", "c", 100, NULL);
        GError *error = NULL;

        carry_out(f, begin(f, "g1", "a", "b", 100, NULL));
        g_assert_false(fake_etcd_transact(f->etcd, other));
        assert_refused(begin(f, "g1", "a", "c", 101, &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Domain g1 is on its way from a to b already: wait for that");
}

static void test_limits_are_of_all_and_of_each_host(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        carry_out(f, cluster_moves_limit(f->copy, 2, 1, NULL));
        carry_out(f, begin(f, "g1", "a", "b", 100, NULL));
        assert_refused(begin(f, "g2", "c", "b", 100, &error), &error, FERRY_ERROR_BUSY,
                       "Host b has 1 migrations under way, as many as a host may: wait for one of "
                       "them");
        assert_refused(begin(f, "g2", "a", "c", 100, &error), &error, FERRY_ERROR_BUSY,
                       "Host a has 1 migrations under way, as many as a host may: wait for one of "
                       "them");
        carry_out(f, cluster_moves_limit(f->copy, 1, 0, NULL));
        assert_refused(begin(f, "g2", "c", "b", 100, &error), &error, FERRY_ERROR_BUSY,
                       "The cluster has 1 migrations under way, as many as it may: wait for one of "
                       "them");
        carry_out(f, cluster_moves_limit(f->copy, 0, 0, NULL));
        carry_out(f, begin(f, "g2", "c", "b", 100, NULL));
}

static void test_two_hosts_cannot_both_be_the_last(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterTransaction) other = NULL;

        carry_out(f, cluster_moves_limit(f->copy, 1, 0, NULL));
        other = begin(f, "g2", "b", "c", 100, NULL);
        carry_out(f, begin(f, "g1", "a", "b", 100, NULL));
        g_assert_false(fake_etcd_transact(f->etcd, other));
}

static void test_a_guest_settles_before_it_moves_again(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        carry_out(f, begin(f, "g1", "a", "b", 100, NULL));
        carry_out(f, cluster_moves_end(f->copy, "g1", "n1", 110, 150, NULL));
        assert_refused(begin(f, "g1", "b", "a", 120, &error), &error, FERRY_ERROR_BUSY,
                       "Domain g1 has moved lately: wait 30 seconds until it has settled");
        carry_out(f, begin(f, "g1", "b", "a", 150, NULL));
        g_assert_cmpstr(fake_etcd_value(f->etcd, "moves"), ==,
                        "{\"schema\":1,\"together\":0,\"per-host\":0,\"going\":{\"g1\":{\"from\":"
                        "\"b\",\"to\":\"a\",\"since\":150,\"nonce\":\"n1\"}},\"settled\":{}}");
}

static void test_an_operator_may_move_what_has_not_settled(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        carry_out(f, begin(f, "g1", "a", "b", 100, NULL));
        carry_out(f, cluster_moves_end(f->copy, "g1", "n1", 110, 200, NULL));
        assert_refused(begin(f, "g1", "b", "a", 120, &error), &error, FERRY_ERROR_BUSY,
                       "Domain g1 has moved lately: wait 80 seconds until it has settled");
        carry_out(f, cluster_moves_begin(f->copy, "g1", "b", "a", true, 120, "n2", NULL));
        g_assert_true(cluster_moves_has(f->copy, "g1", "n2"));
}

static void test_only_who_began_it_ends_it(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        carry_out(f, begin(f, "g1", "a", "b", 100, NULL));
        g_assert_true(cluster_moves_has(f->copy, "g1", "n1"));
        g_assert_false(cluster_moves_has(f->copy, "g1", "n2"));
        assert_refused(cluster_moves_end(f->copy, "g1", "n2", 110, 0, &error), &error,
                       FERRY_ERROR_NOT_FOUND,
                       "Domain g1 is not on its way by this host: there is nothing to end");
        carry_out(f, cluster_moves_end(f->copy, "g1", "n1", 110, 0, NULL));
        carry_out(f, begin(f, "g1", "a", "b", 110, NULL));
}

static void test_nothing_goes_to_a_host_that_is_dead_or_drained(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterTransaction) to_b = begin(f, "g1", "a", "b", 100, NULL);
        g_autoptr(ClusterTransaction) to_c = begin(f, "g1", "a", "c", 100, NULL);
        GError *error = NULL;

        carry_out(f, cluster_drains_begin(f->copy, "b", NULL, 100, "n1", NULL));
        g_assert_false(fake_etcd_transact(f->etcd, to_b));
        assert_refused(begin(f, "g1", "a", "b", 100, &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Host b is being drained: choose another one, or end that");
        carry_out(f, cluster_drains_end(f->copy, "b", NULL));
        cluster_transaction_free(g_steal_pointer(&to_c));
        to_c = begin(f, "g1", "a", "c", 100, NULL);
        fake_etcd_delete(f->etcd, "hosts/c");
        g_assert_false(fake_etcd_transact(f->etcd, to_c));
        follow(f);
        assert_refused(begin(f, "g1", "a", "c", 100, &error), &error, FERRY_ERROR_UNAVAILABLE,
                       "Host c is not alive in the cluster: start virtferryd there, or let it "
                       "reach etcd");
}

static void test_nothing_moves_when_moves_cannot_be_read(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        fake_etcd_put(f->etcd, "moves", "{}");
        follow(f);
        assert_refused(begin(f, "g1", "a", "b", 100, &error), &error, FERRY_ERROR_INVALID_STATE,
                       "moves: it cannot be read, so nothing moves: delete it in etcd");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/cluster-moves/" name, Fixture, NULL, set_up, function, tear_down)
        ADD("an operator may move what has not settled",
            test_an_operator_may_move_what_has_not_settled);
        ADD("the same guest is never on its way twice", test_the_same_guest_is_never_twice);
        ADD("limits are of all migrations and of each host",
            test_limits_are_of_all_and_of_each_host);
        ADD("two hosts cannot both be the last that a limit allows",
            test_two_hosts_cannot_both_be_the_last);
        ADD("a guest settles before it moves again", test_a_guest_settles_before_it_moves_again);
        ADD("only who began a move ends it", test_only_who_began_it_ends_it);
        ADD("nothing goes to a host that is dead or being drained",
            test_nothing_goes_to_a_host_that_is_dead_or_drained);
        ADD("nothing moves when it cannot be read what does",
            test_nothing_moves_when_moves_cannot_be_read);
        return g_test_run();
}
