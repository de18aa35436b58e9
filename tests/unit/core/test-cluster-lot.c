/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-lot.h"

#include "tests/lib/fake-etcd.h"
#include "xml/ferry-error.h"

#define HOST "{\"schema\":1}"

/* Hosts a and b are alive, c is not; each offers 4 cores, and b has a VF. */
typedef struct Fixture {
        FakeEtcd *etcd;
        ClusterCopy *copy;
        int64_t revision;
} Fixture;

static void follow(Fixture *f) {
        fake_etcd_watch(f->etcd, f->copy, &f->revision, G_MAXUINT);
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->etcd = fake_etcd_new();
        f->copy = cluster_copy_new();
        fake_etcd_put(f->etcd, "hosts/a", HOST);
        fake_etcd_put(f->etcd, "hosts/b", HOST);
        fake_etcd_put(f->etcd, "lots/a/cores", "{\"schema\":1,\"offered\":4,\"later\":7}");
        fake_etcd_put(f->etcd, "lots/b/cores", "{\"schema\":1,\"offered\":4}");
        fake_etcd_put(f->etcd, "lots/b/vf", "{\"schema\":1,\"offered\":1}");
        fake_etcd_put(f->etcd, "lots/c/cores", "{\"schema\":1,\"offered\":4}");
        follow(f);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_etcd_free(f->etcd);
        cluster_copy_free(f->copy);
}

static void assert_value(Fixture *f, const char *key, const char *value) {
        g_assert_cmpstr(fake_etcd_value(f->etcd, key), ==, value);
}

/* Nobody else hears of it yet. */
static bool send(Fixture *f, const ClusterChange *change) {
        return fake_etcd_transact(f->etcd, change->transaction);
}

static void carry_out(Fixture *f, ClusterChange *change) {
        g_autoptr(ClusterChange) owned = change;

        g_assert_nonnull(owned);
        g_assert_true(send(f, owned));
        follow(f);
        g_assert_cmpint(cluster_change_judge(owned, f->copy), ==, CLUSTER_VERDICT_DONE);
}

static void assert_refused(ClusterChange *change, GError **error, int code, const char *why) {
        g_autoptr(GError) owned = g_steal_pointer(error);

        g_assert_null(change);
        g_assert_error(owned, FERRY_ERROR, code);
        g_assert_cmpstr(owned->message, ==, why);
}

static ClusterChange *promise(Fixture *f, const char *host, const char *resource, int64_t amount,
                              const char *domain, const char *nonce, GError **error) {
        ClusterWish wish = { host, resource, amount };

        return cluster_lot_promise(f->copy, "a", domain, &wish, 1, 7, nonce, error);
}

static void test_offers_and_takes_back(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        carry_out(f, cluster_lot_offer(f->copy, "a", "memory", 8, "n1", NULL));
        assert_value(f, "lots/a/memory",
                     "{\"schema\":1,\"offered\":8,\"turn\":\"n1\",\"promised\":{}}");
        carry_out(f, cluster_lot_take_back(f->copy, "a", "cores", 3, "n2", NULL));
        assert_value(f, "lots/a/cores",
                     "{\"schema\":1,\"offered\":1,\"turn\":\"n2\",\"promised\":{},\"later\":7}");
        assert_refused(cluster_lot_take_back(f->copy, "a", "cores", 2, "n3", &error), &error,
                       FERRY_ERROR_NO_RESOURCES,
                       "cores of a: only 1 can be taken back, the rest is promised: wait until its "
                       "guests have come");
}

static void test_promises_all_or_nothing(Fixture *f, gconstpointer unused) {
        ClusterWish wishes[] = { { "a", "cores", 1 }, { "b", "cores", 4 }, { "b", "vf", 1 } };
        g_autoptr(ClusterChange)
                late = cluster_lot_promise(f->copy, "b", "g2", wishes, 3, 8, "n2", NULL);

        carry_out(f, cluster_lot_promise(f->copy, "a", "g1", wishes, 3, 7, "n1", NULL));
        assert_value(f, "lots/b/vf",
                     "{\"schema\":1,\"offered\":1,\"promised\":{\"g1\":{\"amount\":1,\"by\":\"a\","
                     "\"since\":7,\"nonce\":\"n1\"}}}");
        g_assert_false(send(f, late));
        g_assert_cmpint(cluster_change_judge(late, f->copy), ==, CLUSTER_VERDICT_LOST);
}

static void test_says_why_nothing_is_promised(Fixture *f, gconstpointer unused) {
        ClusterWish twice[] = { { "b", "vf", 1 }, { "b", "vf", 1 } };
        GError *error = NULL;

        assert_refused(promise(f, "b", "cores", 5, "g1", "n1", &error), &error,
                       FERRY_ERROR_NO_RESOURCES,
                       "cores of b: 5 asked for, 4 of 4 offered is left: ask another host");
        assert_refused(promise(f, "b", "keys", 1, "g1", "n1", &error), &error,
                       FERRY_ERROR_NO_RESOURCES, "Host b offers no keys: ask another host");
        assert_refused(promise(f, "c", "cores", 1, "g1", "n1", &error), &error,
                       FERRY_ERROR_UNAVAILABLE,
                       "Host c is not alive in the cluster, so nothing is promised: start "
                       "virtferryd there, or let it reach etcd");
        assert_refused(cluster_lot_promise(f->copy, "a", "g1", twice, 2, 7, "n1", &error), &error,
                       FERRY_ERROR_INVALID_ARGS, "vf of b is asked for twice: ask for the sum");
        assert_refused(cluster_lot_promise(f->copy, "a", "g1", NULL, 0, 7, "n1", &error), &error,
                       FERRY_ERROR_INVALID_ARGS,
                       "Domain g1: nothing is asked for: name a resource of a host");
        carry_out(f, promise(f, "b", "cores", 1, "g1", "n1", NULL));
        assert_refused(promise(f, "b", "cores", 1, "g1", "n2", &error), &error,
                       FERRY_ERROR_INVALID_STATE,
                       "cores of b is promised to domain g1 already, by a: release that first");
}

static void test_nothing_of_a_host_that_has_died_since(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterChange) change = promise(f, "b", "vf", 1, "g1", "n1", NULL);

        fake_etcd_delete(f->etcd, "hosts/b");
        g_assert_false(send(f, change));
        fake_etcd_put(f->etcd, "hosts/b", HOST);
        g_assert_false(send(f, change));
        follow(f);
        g_assert_cmpint(cluster_change_judge(change, f->copy), ==, CLUSTER_VERDICT_LOST);
}

static void test_who_redeems_has_it_and_offers_less(Fixture *f, gconstpointer unused) {
        carry_out(f, promise(f, "b", "cores", 3, "g1", "n1", NULL));
        carry_out(f, cluster_lot_redeem(f->copy, "b", "g1", "n1", "n2", NULL));
        assert_value(f, "lots/b/cores",
                     "{\"schema\":1,\"offered\":1,\"turn\":\"n2\",\"promised\":{}}");
}

static void test_who_releases_gives_it_back(Fixture *f, gconstpointer unused) {
        GError *error = NULL;

        carry_out(f, promise(f, "b", "cores", 3, "g1", "n1", NULL));
        assert_refused(cluster_lot_release(f->copy, NULL, "g1", "n0", &error), &error,
                       FERRY_ERROR_NOT_FOUND,
                       "Domain g1: nothing is promised to it: ask for a promise first");
        carry_out(f, cluster_lot_release(f->copy, NULL, "g1", "n1", NULL));
        assert_value(f, "lots/b/cores", "{\"schema\":1,\"offered\":4,\"promised\":{}}");
}

static void test_of_release_and_redeem_one_is_done(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterChange) redeem = NULL, release = NULL;

        carry_out(f, promise(f, "b", "vf", 1, "g1", "n1", NULL));
        redeem = cluster_lot_redeem(f->copy, "b", "g1", "n1", "n2", NULL);
        release = cluster_lot_release(f->copy, "b", "g1", "n1", NULL);
        g_assert_true(send(f, release));
        g_assert_false(send(f, redeem));
        follow(f);
        g_assert_cmpint(cluster_change_judge(redeem, f->copy), ==, CLUSTER_VERDICT_LOST);
}

static void test_an_open_change_may_be_sent_again(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterChange) change = promise(f, "b", "vf", 1, "g1", "n1", NULL);

        g_assert_cmpint(cluster_change_judge(change, f->copy), ==, CLUSTER_VERDICT_OPEN);
        g_assert_true(send(f, change));
        g_assert_false(send(f, change));
        g_assert_cmpint(cluster_change_judge(change, f->copy), ==, CLUSTER_VERDICT_OPEN);
        follow(f);
        g_assert_cmpint(cluster_change_judge(change, f->copy), ==, CLUSTER_VERDICT_DONE);
}

static void test_a_promise_that_owners_released_in_part_is_torn(Fixture *f, gconstpointer unused) {
        ClusterWish wishes[] = { { "a", "cores", 1 }, { "b", "cores", 1 } };
        g_autoptr(ClusterChange)
                change = cluster_lot_promise(f->copy, "a", "g1", wishes, 2, 7, "n1", NULL);

        g_assert_true(send(f, change));
        follow(f);
        carry_out(f, cluster_lot_release(f->copy, "b", "g1", "n1", NULL));
        g_assert_cmpint(cluster_change_judge(change, f->copy), ==, CLUSTER_VERDICT_TORN);
        carry_out(f, cluster_lot_release(f->copy, NULL, "g1", "n1", NULL));
        g_assert_cmpint(cluster_change_judge(change, f->copy), ==, CLUSTER_VERDICT_LOST);
}

static void test_settling_ends_what_was_sent_before(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterChange) lost = cluster_lot_offer(f->copy, "a", "cores", 2, "n1", NULL);

        carry_out(f, cluster_lot_offer(f->copy, "a", "cores", 0, "n2", NULL));
        g_assert_false(send(f, lost));
        g_assert_cmpint(cluster_change_judge(lost, f->copy), ==, CLUSTER_VERDICT_LOST);
}

static void test_more_than_a_transaction_takes_is_refused(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        g_autofree ClusterWish *wishes = g_new0(ClusterWish, 127);
        GError *error = NULL;

        for (unsigned i = 0; i < 127; i++) {
                g_autofree char *key = NULL;

                g_ptr_array_add(names, g_strdup_printf("vf%u", i));
                key = g_strconcat("lots/b/", names->pdata[i], NULL);
                fake_etcd_put(f->etcd, key, "{\"schema\":1,\"offered\":1}");
                wishes[i] = (ClusterWish){ "b", names->pdata[i], 1 };
        }
        follow(f);
        assert_refused(cluster_lot_promise(f->copy, "a", "g1", wishes, 127, 7, "n1", &error),
                       &error, FERRY_ERROR_INVALID_ARGS,
                       "Domain g1: more than 128 lots and hosts at a time: ask for less");
        carry_out(f, cluster_lot_promise(f->copy, "a", "g1", wishes, 126, 7, "n2", NULL));
}

static void test_a_lot_that_cannot_be_read_is_left_alone(Fixture *f, gconstpointer unused) {
        static const char why[] =
                "lots/b/vf: it cannot be read: see the journal, or forget the host";
        GError *error = NULL;

        fake_etcd_put(f->etcd, "lots/b/vf", "{\"schema\":1}");
        follow(f);
        assert_refused(promise(f, "b", "vf", 1, "g1", "n1", &error), &error,
                       FERRY_ERROR_INVALID_STATE, why);
        assert_refused(cluster_lot_offer(f->copy, "b", "vf", 1, "n1", &error), &error,
                       FERRY_ERROR_INVALID_STATE, why);
}

static void test_nothing_is_decided_before_all_was_told(Fixture *f, gconstpointer unused) {
        g_autoptr(ClusterCopy) copy = cluster_copy_new();
        GError *error = NULL;

        assert_refused(cluster_lot_offer(copy, "a", "cores", 1, "n1", &error), &error,
                       FERRY_ERROR_UNAVAILABLE,
                       "The cluster is not known yet: try again when etcd has answered");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/cluster-lot/" name, Fixture, NULL, set_up, function, tear_down)
        ADD("an owner offers and takes back", test_offers_and_takes_back);
        ADD("a promise is of all lots or of none", test_promises_all_or_nothing);
        ADD("a refusal says why and what to do", test_says_why_nothing_is_promised);
        ADD("nothing is promised of a host that has died since",
            test_nothing_of_a_host_that_has_died_since);
        ADD("an owner that redeems offers less", test_who_redeems_has_it_and_offers_less);
        ADD("what is released is offered again", test_who_releases_gives_it_back);
        ADD("of a release and a redeem one is done", test_of_release_and_redeem_one_is_done);
        ADD("a change without an answer may be sent again", test_an_open_change_may_be_sent_again);
        ADD("a promise that owners released in part is torn",
            test_a_promise_that_owners_released_in_part_is_torn);
        ADD("settling ends what was sent before", test_settling_ends_what_was_sent_before);
        ADD("more than a transaction takes is refused",
            test_more_than_a_transaction_takes_is_refused);
        ADD("a lot that cannot be read is left alone",
            test_a_lot_that_cannot_be_read_is_left_alone);
        ADD("nothing is decided before all was told", test_nothing_is_decided_before_all_was_told);
        return g_test_run();
}
