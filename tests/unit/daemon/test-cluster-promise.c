/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/promise.h"

#include <string.h>

#include "tests/unit/daemon/cluster-store.h"
#include "xml/ferry-error.h"

#define VF_B   "lots/hostb/0000:3b:00.2"
#define VF_C   "lots/hostc/0000:3b:00.2"
#define CORES  "lots/hostb/cores"
#define ONE    "{\"schema\":1,\"offered\":1}"
#define EIGHT  "{\"schema\":1,\"offered\":8}"
#define MINUTE 61

static const ClusterWish vf_of_b = { "hostb", "0000:3b:00.2", 1 };
static const ClusterWish vfs_of_both[] = { { "hostb", "0000:3b:00.2", 1 },
                                           { "hostc", "0000:3b:00.2", 1 } };

typedef struct Case {
        ClusterStore store;
        GString *said; /* "promised\n", "released\n", or an error and its sentence */
        char *nonce;   /* of the last promise */
} Case;

static void say(Case *c, const char *word, const GError *error) {
        if (error)
                g_string_append_printf(c->said, "%s: %s\n",
                                       ferry_error_to_string((FerryError)error->code),
                                       error->message);
        else
                g_string_append_printf(c->said, "%s\n", word);
}

static void on_promised(void *userdata, const char *nonce, const GError *error) {
        Case *c = userdata;

        say(c, "promised", error);
        if (error)
                return;
        g_free(c->nonce);
        c->nonce = g_strdup(nonce);
}

static void on_released(void *userdata, const GError *error) {
        say(userdata, "released", error);
}

static void ask(Case *c, const char *domain, const ClusterWish *wishes, unsigned n_wishes) {
        promises_ask(cluster_promises(c->store.cluster), domain, wishes, n_wishes, on_promised, c);
}

static void give_back(Case *c, const char *domain) {
        promises_release(cluster_promises(c->store.cluster), domain, c->nonce, on_released, c);
}

static void assert_said(Case *c, const char *expected) {
        g_assert_cmpstr(c->said->str, ==, expected);
        g_string_truncate(c->said, 0);
}

/* Who has it: "DOMAIN of BY"; "nobody". */
static char *holders(const Case *c, const char *key) {
        g_autoptr(ClusterLot)
                lot = cluster_lot_from_json(cluster_store_value(&c->store, key), NULL);
        GString *text = g_string_new(NULL);

        for (guint i = 0; lot->promises && i < lot->promises->len; i++) {
                const ClusterPromise *promise = lot->promises->pdata[i];

                g_string_append_printf(text, "%s%.4s of %s", i > 0 ? ", " : "", promise->domain,
                                       promise->by);
        }
        return g_string_free(text->len > 0 ? text : g_string_append(text, "nobody"), FALSE);
}

static void assert_holders(const Case *c, const char *key, const char *expected) {
        g_autofree char *has = holders(c, key);

        g_assert_cmpstr(has, ==, expected);
}

static void set_up(Case *c, gconstpointer unused) {
        cluster_store_set_up(&c->store, NULL);
        fixture_connect(&c->store.manager);
        send_list(&c->store.manager, NULL);
        c->said = g_string_new(NULL);
        cluster_store_write(&c->store, VF_B, ONE);
        cluster_store_write(&c->store, VF_C, ONE);
        cluster_store_write(&c->store, CORES, EIGHT);
}

static void tear_down(Case *c, gconstpointer unused) {
        cluster_store_tear_down(&c->store, NULL);
        g_string_free(c->said, TRUE);
        g_free(c->nonce);
}

/* g1 has one. */
static void promise_one(Case *c) {
        ask(c, GUEST_UUID, &vf_of_b, 1);
        cluster_store_run(&c->store);
        assert_said(c, "promised\n");
        assert_holders(c, VF_B, "1111 of hosta");
}

/* ------------------------------------------------------------------------------------ */

/* Otherwise who has it could ask for the next thing by a copy that does not know of it. */
static void test_answered_when_shown(Case *c, gconstpointer unused) {
        ask(c, GUEST_UUID, vfs_of_both, 2);
        g_assert_true(cluster_store_answer(&c->store));
        assert_said(c, "");
        cluster_store_tell(&c->store);
        assert_said(c, "promised\n");
        assert_holders(c, VF_B, "1111 of hosta");
        assert_holders(c, VF_C, "1111 of hosta");

        give_back(c, GUEST_UUID);
        g_assert_true(cluster_store_answer(&c->store));
        assert_said(c, "");
        cluster_store_tell(&c->store);
        assert_said(c, "released\n");
        assert_holders(c, VF_B, "nobody");
        assert_holders(c, VF_C, "nobody");
        promise_one(c);
}

static void test_all_or_nothing(Case *c, gconstpointer unused) {
        cluster_store_write(&c->store, VF_C, "{\"schema\":1,\"offered\":0}");
        ask(c, GUEST_UUID, vfs_of_both, 2);
        cluster_store_run(&c->store);
        assert_said(c, "NoResources: 0000:3b:00.2 of hostc: 1 asked for, 0 of 0 offered is left: "
                       "ask another host\n");
        assert_holders(c, VF_B, "nobody");
}

static void test_last_one(Case *c, gconstpointer unused) {
        ask(c, GUEST_UUID, &vf_of_b, 1);
        ask(c, OTHER_UUID, &vf_of_b, 1);
        cluster_store_run(&c->store);
        assert_said(c, "promised\nNoResources: 0000:3b:00.2 of hostb: 1 asked for, 0 of 1 offered "
                       "is left: ask another host\n");
        assert_holders(c, VF_B, "1111 of hosta");
}

/* A lot that many share is one that they are faster at, too. */
static void test_shared_lot(Case *c, gconstpointer unused) {
        static const ClusterWish wish = { "hostb", "cores", 1 };

        for (unsigned i = 0; i < 9; i++) {
                g_autofree char *domain = g_strdup_printf("%u", i);

                ask(c, domain, &wish, 1);
        }
        cluster_store_run(&c->store);
        g_assert_true(g_str_has_prefix(c->said->str, "promised\npromised\npromised\npromised\n"
                                                     "promised\npromised\npromised\npromised\n"
                                                     "NoResources: "));
}

/* No answer --------------------------------------------------------------------------- */

static void test_lost_answer(Case *c, gconstpointer unused) {
        ask(c, GUEST_UUID, &vf_of_b, 1);
        cluster_store_lose_answer(&c->store, true);
        assert_said(c, "");
        cluster_store_run(&c->store);
        assert_said(c, "promised\n");

        give_back(c, GUEST_UUID);
        cluster_store_lose_answer(&c->store, false);
        cluster_store_pass(&c->store, 1);
        cluster_store_run(&c->store);
        assert_said(c, "released\n");
        assert_holders(c, VF_B, "nobody");
}

static void test_nobody_waits_any_more(Case *c, gconstpointer unused) {
        ask(c, GUEST_UUID, &vf_of_b, 1);
        cluster_store_pass(&c->store, 29);
        assert_said(c, "");
        cluster_store_pass(&c->store, 1);
        assert_said(c, "Unavailable: Domain " GUEST_UUID ": nobody knows yet what was promised, "
                       "and it is released again: etcd has not answered for 30 seconds; try "
                       "again\n");
        g_assert_true(cluster_store_answer(&c->store));
        assert_holders(c, VF_B, "1111 of hosta");
        cluster_store_run(&c->store);
        assert_holders(c, VF_B, "nobody");
        assert_said(c, "");
}

static void test_lost_and_nobody_waits(Case *c, gconstpointer unused) {
        ask(c, GUEST_UUID, &vf_of_b, 1);
        cluster_store_pass(&c->store, 30);
        g_string_truncate(c->said, 0);
        cluster_store_write(&c->store, VF_B, ONE);
        cluster_store_run(&c->store);
        g_assert_cmpstr(cluster_store_value(&c->store, VF_B), ==, ONE); /* to the letter */
}

static void test_torn(Case *c, gconstpointer unused) {
        ask(c, GUEST_UUID, vfs_of_both, 2);
        cluster_store_lose_answer(&c->store, true);
        cluster_store_go_down(&c->store);
        cluster_store_write(&c->store, VF_C, ONE);
        cluster_store_come_up(&c->store);
        cluster_store_pass(&c->store, 1);
        cluster_store_run(&c->store);
        assert_said(c, "Unavailable: Domain " GUEST_UUID ": nobody knows yet what was promised, "
                       "and it is released again: an owner has released a part of it; try again\n");
        assert_holders(c, VF_B, "nobody");
}

static void test_away(Case *c, gconstpointer unused) {
        promise_one(c);
        cluster_store_go_down(&c->store);
        ask(c, OTHER_UUID, &vf_of_b, 1);
        assert_said(c, "Unavailable: The cluster cannot be asked: no member answers; try again\n");
        give_back(c, GUEST_UUID);
        assert_said(c, "Unavailable: The cluster cannot be asked: no member answers; try again\n");
        cluster_store_pass(&c->store, MINUTE);
        assert_holders(c, VF_B, "1111 of hosta");

        cluster_store_come_up(&c->store);
        cluster_store_pass(&c->store, MINUTE);
        cluster_store_run(&c->store);
        assert_holders(c, VF_B, "nobody");
}

static void test_end(Case *c, gconstpointer unused) {
        ask(c, GUEST_UUID, &vf_of_b, 1);
        ask(c, OTHER_UUID, vfs_of_both + 1, 1);
        g_assert_true(cluster_store_answer(&c->store)); /* and the copy does not show it */
        cluster_store_end(&c->store);
        assert_said(c, "Unavailable: The cluster cannot be asked: virtferryd is about to end; try "
                       "again\n"
                       "Unavailable: Domain " GUEST_UUID ": nobody knows yet what was promised, "
                       "and it is released again: virtferryd is about to end\n");

        cluster_store_begin(&c->store);
        cluster_store_pass(&c->store, MINUTE);
        cluster_store_run(&c->store);
        assert_holders(c, VF_B, "nobody");
}

static void test_end_of_a_release(Case *c, gconstpointer unused) {
        promise_one(c);
        give_back(c, GUEST_UUID);
        g_assert_true(cluster_store_answer(&c->store));
        cluster_store_end(&c->store);
        assert_said(c, "Unavailable: The promise of domain " GUEST_UUID " is released, but "
                       "virtferryd is about to end\n");
        cluster_store_begin(&c->store);
}

static void test_begin_of_a_release(Case *c, gconstpointer unused) {
        Cluster *cluster;

        promise_one(c);
        cluster_store_end(&c->store);
        cluster = cluster_new(c->store.manager.manager, "0.1", NULL);
        promises_release(cluster_promises(cluster), GUEST_UUID, c->nonce, on_released, c);
        assert_said(c, "Unavailable: Domain " GUEST_UUID ": the cluster has not told yet what is "
                       "promised: try again\n");
        cluster_free(cluster);
        cluster_store_begin(&c->store);
        give_back(c, GUEST_UUID);
        cluster_store_run(&c->store);
        assert_said(c, "released\n");
}

/* How long it is kept ----------------------------------------------------------------- */

static Migration *move(Case *c) {
        Manager *manager = c->store.manager.manager;

        return migration_log_add(manager->migrations,
                                 migration_new(MIGRATION_OUTGOING, GUEST_UUID, "g1"),
                                 MIGRATION_PLANNED, NULL);
}

static void enter(Case *c, Migration *migration, MigrationState state) {
        g_assert_true(migration_log_enter(c->store.manager.manager->migrations, migration, state,
                                          NULL, NULL));
}

static void pass_minute(Case *c) {
        cluster_store_pass(&c->store, MINUTE);
        cluster_store_run(&c->store);
}

static void test_nobody_moves_it(Case *c, gconstpointer unused) {
        promise_one(c);
        cluster_store_pass(&c->store, 59);
        cluster_store_run(&c->store);
        assert_holders(c, VF_B, "1111 of hosta");
        pass_minute(c);
        assert_holders(c, VF_B, "nobody");
        give_back(c, GUEST_UUID);
        assert_said(c, "NotFound: Domain " GUEST_UUID ": this host has no such promise for it: who "
                       "asked for it releases it\n");
}

static void test_libvirt_away(Case *c, gconstpointer unused) {
        promise_one(c);
        send_event(&c->store.manager, GUEST_LOST_LIBVIRT, NULL, NULL);
        pass_minute(c);
        give_back(c, GUEST_UUID);
        assert_said(c, "Unavailable: libvirt does not tell now whether domain " GUEST_UUID
                       " has left: try again\n");
        assert_holders(c, VF_B, "1111 of hosta");
}

static void test_on_its_way(Case *c, gconstpointer unused) {
        Migration *migration;

        promise_one(c);
        migration = move(c);
        pass_minute(c);
        assert_holders(c, VF_B, "1111 of hosta");
        give_back(c, GUEST_UUID);
        assert_said(c, "InvalidState: Domain " GUEST_UUID " is on its way or has left, so its "
                       "promise is not released: it ends when the guest has come\n");

        enter(c, migration, MIGRATION_ABORTING);
        enter(c, migration, MIGRATION_ROLLED_BACK);
        pass_minute(c);
        assert_holders(c, VF_B, "nobody");
}

static void test_left(Case *c, gconstpointer unused) {
        Migration *migration;

        promise_one(c);
        migration = move(c);
        enter(c, migration, MIGRATION_RESUMED);
        enter(c, migration, MIGRATION_FINISHED);
        pass_minute(c);
        cluster_store_end(&c->store);
        cluster_store_begin(&c->store);
        pass_minute(c);
        assert_holders(c, VF_B, "1111 of hosta");

        cluster_store_write(&c->store, VF_B, "{\"schema\":1,\"offered\":0}"); /* redeemed */
        pass_minute(c);
        pass_minute(c);
        g_assert_cmpuint(cluster_store_requests(&c->store), ==, 0);
}

static void test_left_before_it(Case *c, gconstpointer unused) {
        Migration *migration = move(c);

        enter(c, migration, MIGRATION_RESUMED);
        enter(c, migration, MIGRATION_FINISHED);
        fixture_pass_time(G_USEC_PER_SEC);
        promise_one(c);
        pass_minute(c);
        assert_holders(c, VF_B, "nobody");
}

static void test_killed_in_between(Case *c, gconstpointer unused) {
        ask(c, GUEST_UUID, vfs_of_both, 2);
        cluster_store_run(&c->store);
        cluster_store_write(&c->store, CORES,
                            "{\"schema\":1,\"offered\":8,\"promised\":{\"9999\":{\"amount\":1,"
                            "\"by\":\"hostc\",\"since\":1,\"nonce\":\"n\"}}}");
        cluster_store_end(&c->store);
        cluster_store_begin(&c->store);
        pass_minute(c);
        assert_holders(c, VF_B, "nobody");
        assert_holders(c, VF_C, "nobody");
        assert_holders(c, CORES, "9999 of hostc");
}

static void test_dropped(Case *c, gconstpointer unused) {
        promise_one(c);
        promises_drop(cluster_promises(c->store.cluster), c->nonce);
        give_back(c, GUEST_UUID); /* waits for the same */
        cluster_store_run(&c->store);
        assert_said(c, "released\n");
        assert_holders(c, VF_B, "nobody");
        promises_drop(cluster_promises(c->store.cluster), c->nonce);
        g_assert_cmpuint(cluster_store_requests(&c->store), ==, 0);
}

static void test_redeemed_meanwhile(Case *c, gconstpointer unused) {
        promise_one(c);
        give_back(c, GUEST_UUID);
        cluster_store_write(&c->store, VF_B, "{\"schema\":1,\"offered\":0}");
        cluster_store_run(&c->store);
        assert_said(c, "released\n");
        assert_holders(c, VF_B, "nobody");
}

static void test_many(Case *c, gconstpointer unused) {
        for (unsigned round = 0; round < 2000; round++) {
                g_autofree char *domain = g_strdup_printf("d-%u", round);

                ask(c, domain, vfs_of_both, 2);
                cluster_store_run(&c->store);
                assert_said(c, "promised\n");
                give_back(c, domain);
                cluster_store_run(&c->store);
                assert_said(c, "released\n");
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/cluster-promise/" name, Case, NULL, set_up, function, tear_down)
        ADD("it is answered when the copy shows it", test_answered_when_shown);
        ADD("of several hosts all is promised or nothing", test_all_or_nothing);
        ADD("two ask for the last one, and one has it", test_last_one);
        ADD("many share what is one amount", test_shared_lot);
        ADD("without an answer the copy says what became of it", test_lost_answer);
        ADD("after 30 seconds nobody waits, and it is released", test_nobody_waits_any_more);
        ADD("it is not asked for again when nobody waits", test_lost_and_nobody_waits);
        ADD("the rest of what an owner has released is released", test_torn);
        ADD("while etcd is away it is refused, and released later", test_away);
        ADD("a daemon that has not heard of it yet does not deny it", test_begin_of_a_release);
        ADD("who waits is told of the end, and the next daemon releases", test_end);
        ADD("who waits for a release is told of the end", test_end_of_a_release);
        ADD("it is released when nobody moves the guest for a minute", test_nobody_moves_it);
        ADD("it stays while libvirt is away", test_libvirt_away);
        ADD("it stays while the guest is on its way", test_on_its_way);
        ADD("it stays when the guest has left, until it is redeemed", test_left);
        ADD("a guest that left before does not keep it", test_left_before_it);
        ADD("a daemon that was killed has its promises released", test_killed_in_between);
        ADD("it is released once, however many ask for that", test_dropped);
        ADD("what was redeemed meanwhile is gone", test_redeemed_meanwhile);
        ADD("thousands come and go", test_many);
#undef ADD

        return g_test_run();
}
