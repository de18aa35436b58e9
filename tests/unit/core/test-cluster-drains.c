/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-drains.h"

#include "tests/unit/core/cluster-fixture.h"

static ClusterTransaction *begin(Fixture *f, const char *host, const char *to, GError **error) {
        const char *hosts[] = { to, NULL };

        return cluster_drains_begin(f->copy, host, to ? hosts : NULL, 100, "n1", error);
}

static void test_the_last_host_is_not_drained(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        carry_out(f, begin(f, "a", NULL, NULL));
        carry_out(f, begin(f, "b", NULL, NULL));
        assert_refused(begin(f, "c", NULL, &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Host c: all others that are alive are being drained, host a among them: "
                       "end that by 'virt-ferry undrain' there, or start another host");
        carry_out(f, cluster_drains_end(f->copy, "a", NULL));
        carry_out(f, begin(f, "c", NULL, NULL));
}

static void test_dead_hosts_are_no_refuge(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterTransaction) late = begin(f, "a", "b", NULL);
        GError *error = NULL;

        fake_etcd_put(f->etcd, "lots/b/cores", "{\"schema\":1,\"offered\":4}");
        fake_etcd_delete(f->etcd, "hosts/b");
        g_assert_false(fake_etcd_transact(f->etcd, late));
        follow(f);
        assert_refused(begin(f, "a", "b", &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Host a: no destination is alive in the cluster: start virtferryd there, "
                       "or choose another one");
        carry_out(f, begin(f, "a", NULL, NULL));
        fake_etcd_delete(f->etcd, "hosts/a");
        follow(f);
        assert_refused(begin(f, "c", NULL, &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Host c: no other host of the cluster is alive: start one");
}

static void test_two_hosts_do_not_empty_into_each_other(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        carry_out(f, begin(f, "a", "b", NULL));
        assert_refused(begin(f, "c", "a", &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Host a is being drained itself: choose another one, or end that");
        assert_refused(begin(f, "b", NULL, &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Host a is being drained to b: wait for that, or end it");
        carry_out(f, begin(f, "c", NULL, NULL));
}

static void test_of_two_drains_at_once_one_is_refused(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterTransaction) other = begin(f, "b", "a", NULL);
        GError *error = NULL;

        carry_out(f, begin(f, "a", "b", NULL));
        g_assert_false(fake_etcd_transact(f->etcd, other));
        assert_refused(begin(f, "b", "a", &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Host a is being drained itself: choose another one, or end that");
}

static void test_a_drain_goes_elsewhere_and_ends_once(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        carry_out(f, begin(f, "a", "b", NULL));
        g_assert_true(cluster_drains_has(f->copy, "a", "n1"));
        g_assert_false(cluster_drains_has(f->copy, "a", "n2"));
        carry_out(f, begin(f, "a", "c", NULL));
        assert_refused(begin(f, "c", NULL, &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Host a is being drained to c: wait for that, or end it");
        carry_out(f, begin(f, "b", NULL, NULL));
        carry_out(f, cluster_drains_end(f->copy, "a", NULL));
        assert_refused(cluster_drains_end(f->copy, "a", &error), &error, FERRY_ERROR_NOT_FOUND,
                       "Host a is not being drained: there is nothing to end");
}

static void test_destinations_of_an_empty_host_may_be_drained(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        carry_out(f, begin(f, "a", "b", NULL));
        assert_refused(begin(f, "b", NULL, &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Host a is being drained to b: wait for that, or end it");
        carry_out(f, cluster_drains_finish(f->copy, "a", NULL));
        g_assert_true(cluster_drains_has(f->copy, "a", "n1"));
        g_assert_null(cluster_drains_finish(f->copy, "a", &error));
        g_assert_null(cluster_drains_finish(f->copy, "b", &error));
        g_assert_no_error(error);
        carry_out(f, begin(f, "b", NULL, NULL));
        assert_refused(begin(f, "c", "a", &error), &error, FERRY_ERROR_INVALID_STATE,
                       "Host a is being drained itself: choose another one, or end that");
}

static void test_a_host_is_not_drained_to_itself(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        assert_refused(begin(f, "a", "a", &error), &error, FERRY_ERROR_INVALID_ARGS,
                       "A drain is from one host to others, whose names are letters, digits and "
                       "._:@+,-");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/cluster-drains/" name, Fixture, NULL, set_up, function, tear_down)
        ADD("the last host is not drained", test_the_last_host_is_not_drained);
        ADD("hosts that are dead are no refuge", test_dead_hosts_are_no_refuge);
        ADD("two hosts do not empty into each other", test_two_hosts_do_not_empty_into_each_other);
        ADD("of two drains at once one is refused", test_of_two_drains_at_once_one_is_refused);
        ADD("a drain goes elsewhere, and ends once", test_a_drain_goes_elsewhere_and_ends_once);
        ADD("destinations of an empty host may be drained",
            test_destinations_of_an_empty_host_may_be_drained);
        ADD("a host is not drained to itself", test_a_host_is_not_drained_to_itself);
        return g_test_run();
}
