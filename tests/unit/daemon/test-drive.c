/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive.h"

#include <string.h>

#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define URI "qemu+ssh://hostb/system"

/* Guests that virtferryd moves itself; libvirt writes down what it is asked. */

typedef struct Reply {
        char *migration; /* id, NULL refused */
        char *error;
        int code;
} Reply;

static void reply_done(Reply *reply) {
        g_free(reply->migration);
        g_free(reply->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reply, reply_done)

static void set_up(Fixture *f, gconstpointer config) {
        fixture_set_up(f, config);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        fixture_connect(f);
}

static void on_reply(void *userdata, const Migration *migration, const GError *error) {
        Reply *reply = userdata;

        g_assert_true(!migration != !error);
        g_assert_true(!reply->migration && !reply->error);
        reply->migration = g_strdup(migration ? migration->id : NULL);
        reply->error = g_strdup(error ? error->message : NULL);
        reply->code = error ? error->code : -1;
}

static void answer(Fixture *f, GuestEvent *found) {
        found->kind = GUEST_FOUND;
        f->finder(f->asker, found);
        f->finder = NULL;
}

/* The guest is there, runs, and has the mdev. */
static void answer_running(Fixture *f, const char *name, const char *uuid) {
        g_autofree char *xml = guest_xml(name, uuid, HERE_MDEV, "mtty-1");
        GuestEvent found = {
                .uuid = (char *)uuid, .name = (char *)name, .xml = xml, .running = true
        };

        answer(f, &found);
}

static void ask(Fixture *f, const char *name, const char *strategy, bool force, Reply *reply) {
        DriveWish wish = { .move = { .uri = (char *)URI, .max_downtime_ms = -1 },
                           .strategy = strategy,
                           .force = force };

        g_string_truncate(f->asked, 0);
        drive_migrate(f->manager->drive, name, &wish, on_reply, reply);
}

static void begin(Fixture *f, const char *name, const char *uuid, Reply *reply) {
        ask(f, name, NULL, false, reply);
        answer_running(f, name, uuid);
}

static const Migration *latest(Fixture *f, const char *uuid) {
        return migration_log_latest(f->manager->migrations, uuid);
}

static void end(Fixture *f, const char *uuid, const char *error) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_MOVED;
        event->uuid = g_strdup(uuid);
        event->job = g_new0(GuestJob, 1);
        event->job->success = !error;
        event->job->error = g_strdup(error);
        manager_on_guest_event(f->manager, event);
}

static void test_a_guest_that_runs_is_planned_and_moved(Fixture *f, gconstpointer unused) {
        g_auto(Reply) reply = { 0 };
        const Migration *migration;

        ask(f, "g1", NULL, false, &reply);
        g_assert_cmpstr(f->asked->str, ==, "find g1\n");
        g_assert_null(reply.migration);

        g_string_truncate(f->asked, 0);
        answer_running(f, "g1", GUEST_UUID);
        g_assert_cmpstr(reply.error, ==, NULL);
        g_assert_cmpstr(f->asked->str, ==, "migrate " GUEST_UUID " to " URI "\n");

        migration = latest(f, GUEST_UUID);
        g_assert_cmpstr(migration->id, ==, reply.migration);
        g_assert_cmpint(migration->state, ==, MIGRATION_CHECKED);
        g_assert_cmpstr(migration->plan.strategy, ==, "vfio");
        g_assert_cmpstr(migration->plan.destination, ==, URI);
        g_assert_cmpuint(migration->devices->len, ==, 1);
}

/* What it is when the guest's turn has come is libvirt's to know. */
static void test_a_limit_of_libvirts_is_foretold_and_left(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        GuestEvent found = { .uuid = (char *)GUEST_UUID,
                             .name = (char *)"g1",
                             .xml = xml,
                             .running = true,
                             .memory = UINT64_C(1) << 30,
                             .bandwidth = 1 };
        g_auto(Reply) reply = { 0 };

        ask(f, "g1", NULL, false, &reply);
        g_string_truncate(f->asked, 0);
        answer(f, &found);
        g_assert_cmpint(latest(f, GUEST_UUID)->plan.total_ms, >=, 100 * 1000);
        g_assert_cmpstr(f->asked->str, ==, "migrate " GUEST_UUID " to " URI "\n");
}

static void test_it_is_followed_to_its_end(Fixture *f, gconstpointer unused) {
        g_auto(Reply) reply = { 0 };

        begin(f, "g1", GUEST_UUID, &reply);
        g_string_truncate(f->asked, 0);
        send_event(f, GUEST_ITERATING, GUEST_UUID, NULL);
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_PRECOPY);
        g_assert_cmpstr(f->asked->str, ==, "follow " GUEST_UUID "\n");

        send_event(f, GUEST_LEAVING, GUEST_UUID, NULL);
        end(f, GUEST_UUID, NULL);
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_SWITCHOVER);
        send_event(f, GUEST_LEFT, GUEST_UUID, NULL);
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_FINISHED);
        g_assert_cmpstr(latest(f, GUEST_UUID)->reason, ==, NULL);
}

static void test_a_refusal_has_the_words_of_the_hook(Fixture *f, gconstpointer unused) {
        g_auto(Reply) reply = { 0 };

        begin(f, "g1", GUEST_UUID, &reply);
        end(f, GUEST_UUID,
            "Hook script execution failed: internal error: Child process "
            "(/etc/libvirt/hooks/qemu.d/"
            "50-virtferry g1 migrate begin -) unexpected exit status 1: virt-ferry: hostdev0 needs "
            "an mdev of type mtty-1\n");
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpstr(latest(f, GUEST_UUID)->reason, ==, "hostdev0 needs an mdev of type mtty-1");
}

/* libvirt's event is before the end of the call, and knows no reason; who waits is to have it. */
static void test_a_failure_is_told_with_its_reason_only(Fixture *f, gconstpointer unused) {
        g_auto(Reply) reply = { 0 };

        begin(f, "g1", GUEST_UUID, &reply);
        send_event(f, GUEST_LEAVING, GUEST_UUID, NULL);
        send_event(f, GUEST_STAYED, GUEST_UUID, NULL);
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_SWITCHOVER);
        end(f, GUEST_UUID, "operation failed: the link is cut");
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpstr(latest(f, GUEST_UUID)->reason, ==, "operation failed: the link is cut");
}

static void test_no_more_than_allowed_move_at_a_time(Fixture *f, gconstpointer unused) {
        g_auto(Reply) first = { 0 }, second = { 0 };

        begin(f, "g1", GUEST_UUID, &first);
        ask(f, "g2", NULL, false, &second);
        g_string_truncate(f->asked, 0);
        answer_running(f, "g2", OTHER_UUID);
        g_assert_nonnull(second.migration);
        g_assert_cmpstr(f->asked->str, ==, "");
        g_assert_cmpint(latest(f, OTHER_UUID)->state, ==, MIGRATION_PLANNED);

        end(f, GUEST_UUID, "it failed");
        g_assert_cmpstr(f->asked->str, ==, "migrate " OTHER_UUID " to " URI "\n");
        g_assert_cmpint(latest(f, OTHER_UUID)->state, ==, MIGRATION_CHECKED);
}

static void test_one_that_waits_ends_at_once(Fixture *f, gconstpointer unused) {
        g_auto(Reply) first = { 0 }, second = { 0 };
        g_autoptr(GError) error = NULL;

        begin(f, "g1", GUEST_UUID, &first);
        begin(f, "g2", OTHER_UUID, &second);
        g_string_truncate(f->asked, 0);
        g_assert_true(drive_abort(f->manager->drive, second.migration, &error));
        g_assert_no_error(error);
        g_assert_cmpint(latest(f, OTHER_UUID)->state, ==, MIGRATION_ROLLED_BACK);

        end(f, GUEST_UUID, "it failed");
        g_assert_cmpstr(f->asked->str, ==, "");
}

static void test_one_on_its_way_is_stopped_by_libvirt(Fixture *f, gconstpointer unused) {
        g_auto(Reply) reply = { 0 };
        g_autoptr(GError) error = NULL;

        begin(f, "g1", GUEST_UUID, &reply);
        g_string_truncate(f->asked, 0);
        g_assert_true(drive_abort(f->manager->drive, reply.migration, &error));
        g_assert_cmpstr(f->asked->str, ==, "abort " GUEST_UUID "\n");

        end(f, GUEST_UUID, "End of file while reading data");
        g_assert_cmpstr(latest(f, GUEST_UUID)->reason, ==, "Stopped on request");
        g_assert_false(drive_abort(f->manager->drive, reply.migration, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
        g_clear_error(&error);
        g_assert_false(drive_abort(f->manager->drive, "nothing", &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND);
}

static void assert_refused(const Reply *reply, int code, const char *words) {
        g_assert_cmpstr(reply->migration, ==, NULL);
        g_assert_cmpint(reply->code, ==, code);
        if (!strstr(reply->error, words))
                g_error("not '%s' but '%s'", words, reply->error);
}

static void test_a_guest_that_is_not_there_or_does_not_run(Fixture *f, gconstpointer unused) {
        GuestEvent nobody = { .detail = (char *)"This host has no guest 'g1'" };
        GuestEvent off = { .uuid = (char *)GUEST_UUID,
                           .name = (char *)"g1",
                           .xml = (char *)"<domain/>" };
        g_auto(Reply) first = { 0 }, second = { 0 };

        ask(f, "g1", NULL, false, &first);
        answer(f, &nobody);
        assert_refused(&first, FERRY_ERROR_NOT_FOUND, "no guest 'g1'");

        ask(f, "g1", NULL, false, &second);
        answer(f, &off);
        assert_refused(&second, FERRY_ERROR_INVALID_STATE, "does not run");
        g_assert_null(latest(f, GUEST_UUID));
}

static void test_a_guest_that_moves_is_not_moved(Fixture *f, gconstpointer unused) {
        g_auto(Reply) first = { 0 }, second = { 0 };

        begin(f, "g1", GUEST_UUID, &first);
        begin(f, "g1", GUEST_UUID, &second);
        assert_refused(&second, FERRY_ERROR_INVALID_STATE, "on its way already (checked)");
}

static void test_a_guest_that_has_come_settles_unless_forced(Fixture *f, gconstpointer unused) {
        g_auto(Reply) first = { 0 }, second = { 0 }, third = { 0 };

        begin(f, "g1", GUEST_UUID, &first);
        send_event(f, GUEST_LEFT, GUEST_UUID, NULL);
        end(f, GUEST_UUID, NULL);

        fixture_pass_time(59 * G_USEC_PER_SEC);
        begin(f, "g1", GUEST_UUID, &second);
        assert_refused(&second, FERRY_ERROR_INVALID_STATE,
                       "moved 59 s ago and settles for another 2 s");

        ask(f, "g1", NULL, true, &third);
        answer_running(f, "g1", GUEST_UUID);
        g_assert_nonnull(third.migration);
}

static void test_an_attempt_that_failed_changes_nothing_of_that(Fixture *f, gconstpointer unused) {
        g_auto(Reply) first = { 0 }, second = { 0 }, third = { 0 };

        begin(f, "g1", GUEST_UUID, &first);
        send_event(f, GUEST_LEFT, GUEST_UUID, NULL);
        end(f, GUEST_UUID, NULL);

        ask(f, "g1", NULL, true, &second);
        answer_running(f, "g1", GUEST_UUID);
        end(f, GUEST_UUID, "no such host");
        begin(f, "g1", GUEST_UUID, &third);
        assert_refused(&third, FERRY_ERROR_INVALID_STATE, "settles for another 61 s");
}

static void test_and_moves_when_it_has_settled(Fixture *f, gconstpointer unused) {
        g_auto(Reply) first = { 0 }, second = { 0 };

        begin(f, "g1", GUEST_UUID, &first);
        send_event(f, GUEST_LEFT, GUEST_UUID, NULL);
        end(f, GUEST_UUID, NULL);
        fixture_pass_time(60 * G_USEC_PER_SEC);
        begin(f, "g1", GUEST_UUID, &second);
        g_assert_cmpstr(second.error, ==, NULL);
}

#define TEAM(link)                                                                             \
        "<domain><name>g1</name><uuid>" GUEST_UUID "</uuid><devices><interface type='bridge'>" \
        "<mac address='52:54:00:76:00:01'/>" link "<teaming type='persistent'/></interface>"   \
        "<interface type='hostdev'><mac address='52:54:00:76:00:01'/><source><address "        \
        "type='pci' domain='0' bus='0x3b' slot='0x10' function='0'/></source><teaming "        \
        "type='transient' persistent='ua-x'/></interface></devices></domain>"

static void test_a_team_that_cannot_carry_the_traffic_stays(Fixture *f, gconstpointer unused) {
        static char down[] = TEAM("<link state='down'/>"), up[] = TEAM("<link state='up'/>");
        GuestEvent found = { .uuid = (char *)GUEST_UUID, .name = (char *)"g1", .running = true };
        g_auto(Reply) refused = { 0 }, taken = { 0 };

        ask(f, "g1", NULL, false, &refused);
        found.xml = down;
        answer(f, &found);
        assert_refused(&refused, FERRY_ERROR_INVALID_STATE,
                       "has its link down: 'virsh domif-setlink g1 52:54:00:76:00:01 up'");
        g_assert_null(latest(f, GUEST_UUID));

        ask(f, "g1", NULL, false, &taken);
        found.xml = up;
        answer(f, &found);
        g_assert_cmpstr(taken.error, ==, NULL);
        g_assert_cmpstr(latest(f, GUEST_UUID)->plan.strategy, ==, "mediated");
}

static void test_a_strategy_that_cannot_be_is_refused(Fixture *f, gconstpointer unused) {
        g_auto(Reply) reply = { 0 };

        ask(f, "g1", "failover", false, &reply);
        answer_running(f, "g1", GUEST_UUID);
        assert_refused(&reply, FERRY_ERROR_INCOMPATIBLE, "vfio is: leave the choice to 'auto'");
        g_assert_null(latest(f, GUEST_UUID));
}

static void test_without_libvirt_nothing_moves(Fixture *f, gconstpointer unused) {
        g_auto(Reply) reply = { 0 };

        f->manager->virt = NULL;
        ask(f, "g1", NULL, false, &reply);
        assert_refused(&reply, FERRY_ERROR_UNAVAILABLE, "without libvirt");
}

static void test_what_waited_at_a_restart_is_rolled_back(Fixture *f, gconstpointer unused) {
        g_auto(Reply) first = { 0 }, second = { 0 };

        begin(f, "g1", GUEST_UUID, &first);
        begin(f, "g2", OTHER_UUID, &second);
        drive_recover(f->manager->drive);
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_CHECKED);
        g_assert_cmpint(latest(f, OTHER_UUID)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_nonnull(strstr(latest(f, OTHER_UUID)->reason, "ask again"));
}

#define ADD(name, config, function) \
        g_test_add("/drive/" name, Fixture, config, set_up, function, fixture_tear_down)
#define ONE_AT_A_TIME "[Migration]\nMaxOutgoing=1\n"

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a guest that runs is planned and moved", NULL,
            test_a_guest_that_runs_is_planned_and_moved);
        ADD("a limit of libvirt's is foretold and left", NULL,
            test_a_limit_of_libvirts_is_foretold_and_left);
        ADD("it is followed to its end", NULL, test_it_is_followed_to_its_end);
        ADD("a refusal has the words of the hook", NULL, test_a_refusal_has_the_words_of_the_hook);
        ADD("a failure is told with its reason only", NULL,
            test_a_failure_is_told_with_its_reason_only);
        ADD("no more than allowed move at a time", ONE_AT_A_TIME,
            test_no_more_than_allowed_move_at_a_time);
        ADD("one that waits ends at once", ONE_AT_A_TIME, test_one_that_waits_ends_at_once);
        ADD("one on its way is stopped by libvirt", NULL,
            test_one_on_its_way_is_stopped_by_libvirt);
        ADD("a guest that is not there or does not run is refused", NULL,
            test_a_guest_that_is_not_there_or_does_not_run);
        ADD("a guest that moves is not moved", NULL, test_a_guest_that_moves_is_not_moved);
        ADD("a guest that has come settles, unless forced", NULL,
            test_a_guest_that_has_come_settles_unless_forced);
        ADD("an attempt that failed changes nothing of that", NULL,
            test_an_attempt_that_failed_changes_nothing_of_that);
        ADD("and moves when it has settled", NULL, test_and_moves_when_it_has_settled);
        ADD("a team that cannot carry the traffic stays", NULL,
            test_a_team_that_cannot_carry_the_traffic_stays);
        ADD("a strategy that cannot be is refused", NULL,
            test_a_strategy_that_cannot_be_is_refused);
        ADD("without libvirt nothing moves", NULL, test_without_libvirt_nothing_moves);
        ADD("what waited at a restart is rolled back", ONE_AT_A_TIME,
            test_what_waited_at_a_restart_is_rolled_back);
        return g_test_run();
}
