/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/cluster/publish.h"
#include "daemon/drive.h"
#include "tests/unit/daemon/cluster-store.h"
#include "xml/ferry-error.h"

#define URI(host)     "qemu+ssh://" host "/system"
#define MIGRATE(host) "migrate " GUEST_UUID " to " URI(host) "\n"
#define LOT(host)     "lots/" host "/" HERE_MDEV
#define ONE           "{\"schema\":1,\"offered\":1}"

/* Moves from a host of a cluster, whose others have what this one has; libvirt and the store say
 * and do what the test wants. */

typedef struct Case {
        ClusterStore store;
        Fixture *f;
        char *error;  /* of the last question; NULL: it was planned */
        bool patient; /* it is not forced */
} Case;

static void tell_map(Case *c, const char *key) {
        g_autoptr(ClusterMap) map = cluster_publish_map(c->f->manager);
        g_autofree char *text = cluster_map_to_json(map);

        cluster_store_write(&c->store, key, text);
}

static void set_up(Case *c, gconstpointer unused) {
        cluster_store_set_up(&c->store, NULL);
        c->f = &c->store.manager;
        fake_root_add_mdev(c->f->root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(c->f->manager->inventory), ==, 0);
        tell_map(c, "maps/hostb");
        tell_map(c, "maps/hostc");
        cluster_store_write(&c->store, LOT("hostb"), ONE);
        cluster_store_write(&c->store, LOT("hostc"), ONE);
        fixture_connect(c->f);
        send_list(c->f, GUEST_UUID);
        g_string_truncate(c->f->asked, 0);
}

static void tear_down(Case *c, gconstpointer unused) {
        cluster_store_tear_down(&c->store, NULL);
        g_free(c->error);
}

static void on_reply(void *userdata, const Migration *migration, const GError *error) {
        Case *c = userdata;

        g_free(c->error);
        c->error = g_strdup(error ? error->message : NULL);
}

/* NULL: the cluster chooses. */
static void migrate_to(Case *c, const char *uri) {
        DriveWish wish = { .move = { .uri = (char *)uri, .max_downtime_ms = -1 },
                           .force = !c->patient };
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        GuestEvent found = { .kind = GUEST_FOUND,
                             .uuid = (char *)GUEST_UUID,
                             .name = (char *)"g1",
                             .xml = xml,
                             .running = true };

        drive_migrate(c->f->manager->drive, "g1", &wish, on_reply, c);
        g_string_truncate(c->f->asked, 0);
        c->f->finder(c->f->asker, &found);
}

static void end(Case *c, const char *error) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_MOVED;
        event->uuid = g_strdup(GUEST_UUID);
        event->job = g_new0(GuestJob, 1);
        event->job->success = !error;
        event->job->error = g_strdup(error);
        manager_on_guest_event(c->f->manager, event);
}

static void leave(Case *c) {
        send_event(c->f, GUEST_ITERATING, GUEST_UUID, NULL);
        send_event(c->f, GUEST_LEFT, GUEST_UUID, NULL);
        end(c, NULL);
}

static const Migration *latest(const Case *c) {
        return migration_log_latest(c->f->manager->migrations, GUEST_UUID);
}

/* Its daemon looks, and all that it asks for is done. */
static void settle(Case *c) {
        cluster_store_run(&c->store);
        cluster_store_pass(&c->store, 1);
        cluster_store_run(&c->store);
}

static bool is_promised(const Case *c, const char *key) {
        return strstr(cluster_store_value(&c->store, key), GUEST_UUID) != NULL;
}

/* It is in the document as one that goes there; NULL: it is not. */
static void assert_going(const Case *c, const char *to) {
        const char *text = cluster_store_value(&c->store, "moves");
        g_autoptr(ClusterMoves) moves = text ? cluster_moves_from_json(text, NULL)
                                             : cluster_moves_new();
        const ClusterMove *move = g_hash_table_lookup(moves->going, GUEST_UUID);

        g_assert_cmpstr(move ? move->to : NULL, ==, to);
        if (move)
                g_assert_cmpstr(move->from, ==, "hosta");
}

/* Choosing -------------------------------------------------------------------------- */

static void test_best(Case *c, gconstpointer unused) {
        migrate_to(c, NULL);
        g_assert_cmpstr(c->error, ==, NULL);
        g_assert_cmpstr(latest(c)->plan.destination, ==, URI("hostb"));
        g_assert_true(g_str_has_prefix(latest(c)->plan.destination_why,
                                       "hostb: all that is needed is offered"));
        assert_asked(c->f, "");

        g_assert_true(cluster_store_answer(&c->store));
        cluster_store_tell(&c->store);
        g_assert_true(is_promised(c, LOT("hostb")));
        assert_asked(c->f, "");

        g_assert_true(cluster_store_answer(&c->store));
        cluster_store_tell(&c->store);
        assert_going(c, "hostb");
        assert_asked(c->f, MIGRATE("hostb"));
}

static void test_left(Case *c, gconstpointer unused) {
        const char *moves;

        migrate_to(c, NULL);
        cluster_store_run(&c->store);
        settle(c);
        assert_going(c, "hostb");
        leave(c);
        settle(c);
        assert_going(c, NULL);
        moves = cluster_store_value(&c->store, "moves");
        g_assert_nonnull(strstr(moves, "\"settled\":{\"" GUEST_UUID "\":"));
        g_assert_true(is_promised(c, LOT("hostb"))); /* hostb redeems it */
        cluster_store_pass(&c->store, 120);
        cluster_store_run(&c->store);
        g_assert_true(is_promised(c, LOT("hostb")));
}

static void test_named(Case *c, gconstpointer unused) {
        cluster_store_write(&c->store, LOT("hostc"), NULL); /* it offers nothing */
        migrate_to(c, "qemu+ssh://root@hostc/system");
        cluster_store_run(&c->store);
        assert_going(c, "hostc");
        assert_asked(c->f, "migrate " GUEST_UUID " to qemu+ssh://root@hostc/system\n");
        g_assert_false(is_promised(c, LOT("hostb")));
}

static void test_stranger(Case *c, gconstpointer unused) {
        migrate_to(c, URI("hostz"));
        assert_asked(c->f, MIGRATE("hostz"));
        assert_going(c, NULL);
}

static void test_none_fits(Case *c, gconstpointer unused) {
        cluster_store_write(&c->store, "hosts/hostb", NULL);
        cluster_store_write(&c->store, "maps/hostc", "{\"schema\":1}");
        migrate_to(c, NULL);
        g_assert_cmpstr(c->error, ==,
                        "Guest g1 can go to no host of the cluster now: hostc: hostdev 0 needs an "
                        "mdev of type mtty-1, and it offers none: let it offer some; 'virt-ferry "
                        "place g1 --explain' says more");
}

/* Failures -------------------------------------------------------------------------- */

static void test_next_best(Case *c, gconstpointer unused) {
        migrate_to(c, NULL);
        cluster_store_run(&c->store);
        g_string_truncate(c->f->asked, 0);
        end(c, "Hook script execution failed: virt-ferry: nothing is free\n");
        g_assert_cmpstr(latest(c)->plan.destination, ==, URI("hostc"));
        settle(c);
        assert_asked(c->f, MIGRATE("hostc"));
        assert_going(c, "hostc");
        g_assert_false(is_promised(c, LOT("hostb")));
        g_assert_true(is_promised(c, LOT("hostc")));

        end(c, "Hook script execution failed: virt-ferry: nothing is left\n");
        settle(c);
        g_assert_cmpint(latest(c)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpstr(latest(c)->reason, ==, "nothing is left");
        assert_going(c, NULL);
        g_assert_false(is_promised(c, LOT("hostc")));
}

static void test_begun(Case *c, gconstpointer unused) {
        migrate_to(c, NULL);
        cluster_store_run(&c->store);
        send_event(c->f, GUEST_ITERATING, GUEST_UUID, NULL);
        g_string_truncate(c->f->asked, 0);
        end(c, "the connection broke");
        settle(c);
        assert_asked(c->f, "");
        g_assert_cmpint(latest(c)->state, ==, MIGRATION_ROLLED_BACK);
        assert_going(c, NULL);
        g_assert_false(is_promised(c, LOT("hostb")));
}

/* libvirt moves it, or does not: nobody knows. */
static void test_connection_lost(Case *c, gconstpointer unused) {
        migrate_to(c, NULL);
        cluster_store_run(&c->store);
        send_event(c->f, GUEST_ITERATING, GUEST_UUID, NULL);
        send_event(c->f, GUEST_LOST_LIBVIRT, NULL, NULL);
        end(c, "the connection to libvirt broke");
        cluster_store_pass(&c->store, 120);
        cluster_store_run(&c->store);
        g_assert_true(is_promised(c, LOT("hostb")));

        send_list(c->f, GUEST_UUID);
        cluster_store_pass(&c->store, 60);
        cluster_store_run(&c->store);
        g_assert_false(is_promised(c, LOT("hostb")));
}

static const char others[] = "{\"schema\":1,\"offered\":1,\"promised\":{\"" OTHER_UUID
                             "\":{\"amount\":1,\"by\":\"hostc\",\"since\":1,\"nonce\":\"n\"}}}";

static void test_lost(Case *c, gconstpointer unused) {
        migrate_to(c, NULL);
        cluster_store_write(&c->store, LOT("hostb"), others);
        settle(c);
        assert_asked(c->f, MIGRATE("hostc"));
        g_assert_true(is_promised(c, LOT("hostc")));
}

static void test_lost_and_there_is_another(Case *c, gconstpointer unused) {
        fake_root_add_mdev(c->f->root, "mtty", "mtty-1", HERE_MDEV_2);
        g_assert_cmpint(inventory_scan(c->f->manager->inventory), ==, 0);
        tell_map(c, "maps/hostb");
        cluster_store_write(&c->store, "lots/hostb/" HERE_MDEV_2, ONE);
        migrate_to(c, NULL);
        cluster_store_write(&c->store, LOT("hostb"), others);
        settle(c);
        assert_asked(c->f, MIGRATE("hostb"));
        g_assert_true(is_promised(c, "lots/hostb/" HERE_MDEV_2));
}

static void test_lost_and_named(Case *c, gconstpointer unused) {
        migrate_to(c, URI("hostb"));
        cluster_store_write(&c->store, LOT("hostb"), others);
        settle(c);
        assert_asked(c->f, MIGRATE("hostb")); /* it may have more than it offers */
        assert_going(c, "hostb");
}

/* Waiting --------------------------------------------------------------------------- */

static void wait_for_another(Case *c) {
        cluster_store_write(&c->store, "moves",
                            "{\"schema\":1,\"together\":1,\"going\":{\"" OTHER_UUID
                            "\":{\"from\":\"hostb\",\"to\":\"hostc\",\"since\":1,\"nonce\":\"n\"}}"
                            "}");
        migrate_to(c, NULL);
        settle(c);
        assert_asked(c->f, "");
        g_assert_true(drive_is_waiting(c->f->manager->drive, latest(c)->id));
        g_assert_nonnull(strstr(latest(c)->reason, "has 1 migrations under way"));
        g_assert_false(is_promised(c, LOT("hostb")));
}

static void test_limit(Case *c, gconstpointer unused) {
        wait_for_another(c);
        cluster_store_write(&c->store, "moves", "{\"schema\":1,\"together\":1}");
        fixture_pass_time(15 * G_USEC_PER_SEC);
        manager_on_time(c->f->manager);
        settle(c);
        assert_asked(c->f, MIGRATE("hostb"));
}

/* Where it came from knows that it has moved, and this host does not. */
static const char settled[] = "{\"schema\":1,\"settled\":{\"" GUEST_UUID "\":9000000000000}}";

static void test_settles(Case *c, gconstpointer unused) {
        cluster_store_write(&c->store, "moves", settled);
        c->patient = true;
        migrate_to(c, NULL);
        settle(c);
        assert_asked(c->f, "");
        g_assert_nonnull(strstr(latest(c)->reason, "has moved lately"));
}

static void test_forced(Case *c, gconstpointer unused) {
        cluster_store_write(&c->store, "moves", settled);
        migrate_to(c, NULL);
        settle(c);
        assert_asked(c->f, MIGRATE("hostb"));
}

static void test_waited_at_a_restart(Case *c, gconstpointer unused) {
        wait_for_another(c);
        drive_recover(c->f->manager->drive);
        g_assert_cmpint(latest(c)->state, ==, MIGRATION_ROLLED_BACK);
}

static void test_stopped(Case *c, gconstpointer unused) {
        migrate_to(c, NULL);
        g_assert_true(drive_abort(c->f->manager->drive, latest(c)->id, NULL));
        settle(c);
        assert_asked(c->f, "");
        g_assert_cmpint(latest(c)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpstr(latest(c)->reason, ==, "Stopped on request");
        assert_going(c, NULL);
        g_assert_false(is_promised(c, LOT("hostb")));
}

/* Away ------------------------------------------------------------------------------ */

static void test_away(Case *c, gconstpointer unused) {
        cluster_store_go_down(&c->store);
        migrate_to(c, NULL);
        g_assert_cmpstr(c->error, ==,
                        "No host can be chosen while the cluster cannot be asked: no member "
                        "answers; wait, or name a destination");

        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Guest g1 moves to hostb without the *");
        migrate_to(c, URI("hostb"));
        g_test_assert_expected_messages();
        g_assert_cmpstr(c->error, ==, NULL);
        g_assert_cmpint(latest(c)->state, ==, MIGRATION_CHECKED);
        g_assert_true(drive_is_moving(c->f->manager->drive, GUEST_UUID));
}

static void test_silent(Case *c, gconstpointer unused) {
        migrate_to(c, URI("hostb"));
        cluster_store_pass(&c->store, 29);
        assert_asked(c->f, "");
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Guest g1 moves to hostb without the *");
        cluster_store_pass(&c->store, 1);
        g_test_assert_expected_messages();
        assert_asked(c->f, MIGRATE("hostb"));
        settle(c);
        g_assert_false(is_promised(c, LOT("hostb")));
}

/* Nothing is promised, and it is entered all the same, when nobody waits for that. */
static void test_silent_entry(Case *c, gconstpointer unused) {
        cluster_store_write(&c->store, LOT("hostb"), NULL);
        migrate_to(c, URI("hostb"));
        cluster_store_pass(&c->store, 29);
        assert_asked(c->f, "");
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "Guest g1 moves to hostb without the *");
        cluster_store_pass(&c->store, 1);
        g_test_assert_expected_messages();
        assert_asked(c->f, MIGRATE("hostb"));
        settle(c);
        assert_going(c, "hostb");
        end(c, "it is full");
        settle(c);
        assert_going(c, NULL);
}

/* Another host would be another wait. */
static void test_silent_while_it_chooses(Case *c, gconstpointer unused) {
        migrate_to(c, NULL);
        cluster_store_pass(&c->store, 30);
        assert_asked(c->f, "");
        g_assert_cmpint(latest(c)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_nonnull(strstr(latest(c)->reason, "etcd has not answered for 30 seconds"));
        settle(c);
        g_assert_false(is_promised(c, LOT("hostb")));
}

/* Who chose can say no more. */
static void test_away_meanwhile(Case *c, gconstpointer unused) {
        migrate_to(c, NULL);
        cluster_store_go_down(&c->store);
        cluster_store_pass(&c->store, 30);
        assert_asked(c->f, "");
        g_assert_cmpint(latest(c)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_nonnull(strstr(latest(c)->reason, "etcd has not answered for 30 seconds"));
}

static void test_end(Case *c, gconstpointer unused) {
        migrate_to(c, URI("hostb"));
        cluster_store_end(&c->store);
        assert_asked(c->f, "");
        cluster_store_begin(&c->store);
}

/* Of a daemon that was killed before. */
static void test_killed(Case *c, gconstpointer unused) {
        cluster_store_write(&c->store, "moves",
                            "{\"schema\":1,\"going\":{\"" GUEST_UUID
                            "\":{\"from\":\"hosta\",\"to\":\"hostc\",\"since\":1,\"nonce\":\"n\"},"
                            "\"" OTHER_UUID
                            "\":{\"from\":\"hostb\",\"to\":\"hostc\",\"since\":1,\"nonce\":\"m\"}}"
                            "}");
        settle(c);
        assert_going(c, NULL);
        g_assert_nonnull(strstr(cluster_store_value(&c->store, "moves"), OTHER_UUID));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/drive-cluster/" name, Case, NULL, set_up, function, tear_down)
        ADD("the best host is promised, then it is entered, then libvirt is asked", test_best);
        ADD("a guest that has left settles, and its promise is left to its host", test_left);
        ADD("a host that is named need not offer anything", test_named);
        ADD("a host that is not of the cluster is none of its business", test_stranger);
        ADD("when no host fits, the nearest says why", test_none_fits);
        ADD("a host that refuses is followed by the next best", test_next_best);
        ADD("a move that has begun is not tried elsewhere", test_begun);
        ADD("what is promised stays while libvirt is away", test_connection_lost);
        ADD("when others were faster, the next best is asked", test_lost);
        ADD("when others were faster, another device of the host will do",
            test_lost_and_there_is_another);
        ADD("a host that is named is asked all the same", test_lost_and_named);
        ADD("where the cluster has as many moves as it may, it waits", test_limit);
        ADD("a guest that has not settled waits", test_settles);
        ADD("one that is forced does not", test_forced);
        ADD("what waited at a restart is rolled back", test_waited_at_a_restart);
        ADD("it can be stopped while the cluster is asked", test_stopped);
        ADD("while etcd is away, a guest moves where it is told to only", test_away);
        ADD("nobody waits for etcd for longer than 30 seconds", test_silent);
        ADD("nor to be entered", test_silent_entry);
        ADD("nor for one host after the other", test_silent_while_it_chooses);
        ADD("a guest stays when etcd goes away after the choice", test_away_meanwhile);
        ADD("the end of the daemon begins no move", test_end);
        ADD("what a daemon that was killed has entered is taken out", test_killed);
#undef ADD

        return g_test_run();
}
