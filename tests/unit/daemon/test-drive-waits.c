/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive.h"
#include "tests/unit/daemon/manager-fixture.h"

#define URI "qemu+ssh://hostb/system"
#define BUSY                                                                                    \
        "Host hostb takes 1 guest at a time (MaxIncoming in virtferry.conf), and g9 is on the " \
        "way to it: wait until it has arrived"
#define MIGRATE(uuid) "migrate " uuid " to " URI "\n"
#define RETRY_USEC    (15 * G_USEC_PER_SEC)

/* Moves whose destination lets them wait; libvirt writes down what it is asked. */

static void set_up(Fixture *f, gconstpointer config) {
        fixture_set_up(f, config);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        fixture_connect(f);
}

static void on_reply(void *unused, const Migration *migration, const GError *error) {
        g_assert_no_error(error);
}

static void begin(Fixture *f, const char *name, const char *uuid) {
        DriveWish wish = { .move = { .uri = (char *)URI, .max_downtime_ms = -1 } };
        g_autofree char *xml = guest_xml(name, uuid, HERE_MDEV, "mtty-1");
        GuestEvent found = { .kind = GUEST_FOUND,
                             .uuid = (char *)uuid,
                             .name = (char *)name,
                             .xml = xml,
                             .running = true };

        drive_migrate(f->manager->drive, name, &wish, on_reply, NULL);
        f->finder(f->asker, &found);
        g_string_truncate(f->asked, 0);
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

static const Migration *latest(Fixture *f, const char *uuid) {
        return migration_log_latest(f->manager->migrations, uuid);
}

static void assert_waits(Fixture *f, const char *uuid) {
        const Migration *migration = latest(f, uuid);

        g_assert_cmpint(migration->state, ==, MIGRATION_CHECKED);
        g_assert_cmpstr(migration->reason, ==, BUSY);
        g_assert_true(drive_is_waiting(f->manager->drive, migration->id));
        g_assert_false(drive_is_moving(f->manager->drive, uuid));
}

static void pass(Fixture *f, int64_t usec) {
        fixture_pass_time(usec);
        manager_on_time(f->manager);
}

static void test_it_is_tried_again_and_again(Fixture *f, gconstpointer unused) {
        int64_t first;

        begin(f, "g1", GUEST_UUID);
        g_assert_cmpint(manager_next_time(f->manager), ==, 0);
        for (int i = 0; i < 20; i++) {
                end(f, GUEST_UUID, "Hook script execution failed: virt-ferry: " BUSY "\n");
                assert_waits(f, GUEST_UUID);
                first = manager_next_time(f->manager);
                g_assert_cmpint(first, ==, f->manager->now() + RETRY_USEC);
                pass(f, RETRY_USEC - 1);
                assert_asked(f, "");
                pass(f, 1);
                assert_asked(f, MIGRATE(GUEST_UUID));
                g_assert_cmpstr(latest(f, GUEST_UUID)->reason, ==, NULL);
        }
        send_event(f, GUEST_ITERATING, GUEST_UUID, NULL);
        send_event(f, GUEST_LEFT, GUEST_UUID, NULL);
        end(f, GUEST_UUID, NULL);
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_FINISHED);
        g_assert_cmpint(manager_next_time(f->manager), ==, 0);
}

static void test_the_end_of_another_move_is_a_chance(Fixture *f, gconstpointer unused) {
        begin(f, "g1", GUEST_UUID);
        begin(f, "g2", OTHER_UUID);
        end(f, OTHER_UUID, BUSY);
        assert_asked(f, ""); /* to be told to wait is no end */
        end(f, GUEST_UUID, NULL);
        assert_asked(f, MIGRATE(OTHER_UUID));
}

static void test_who_waits_takes_nobodys_place(Fixture *f, gconstpointer unused) {
        begin(f, "g1", GUEST_UUID);
        begin(f, "g2", OTHER_UUID);
        g_assert_cmpint(latest(f, OTHER_UUID)->state, ==, MIGRATION_PLANNED);
        end(f, GUEST_UUID, BUSY);
        assert_asked(f, MIGRATE(OTHER_UUID));

        pass(f, RETRY_USEC);
        assert_asked(f, ""); /* one at a time */
        g_assert_cmpint(manager_next_time(f->manager), ==, 0);
        end(f, OTHER_UUID, "no such host");
        assert_asked(f, MIGRATE(GUEST_UUID));
}

static void test_it_can_be_stopped_while_it_waits(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        begin(f, "g1", GUEST_UUID);
        end(f, GUEST_UUID, BUSY);
        g_assert_true(drive_abort(f->manager->drive, latest(f, GUEST_UUID)->id, &error));
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_ROLLED_BACK);
        pass(f, RETRY_USEC);
        assert_asked(f, "");
}

static void test_one_that_was_stopped_does_not_wait(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        begin(f, "g1", GUEST_UUID);
        g_assert_true(drive_abort(f->manager->drive, latest(f, GUEST_UUID)->id, &error));
        end(f, GUEST_UUID, BUSY);
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpstr(latest(f, GUEST_UUID)->reason, ==, "Stopped on request");
}

/* It was paused: whatever the words are, this is no refusal of the next one. */
static void test_one_that_has_begun_does_not_wait(Fixture *f, gconstpointer unused) {
        begin(f, "g1", GUEST_UUID);
        send_event(f, GUEST_ITERATING, GUEST_UUID, NULL);
        end(f, GUEST_UUID, BUSY);
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_ROLLED_BACK);
}

static void test_one_that_somebody_else_moves_meanwhile_is_left_to_him(Fixture *f,
                                                                       gconstpointer unused) {
        begin(f, "g1", GUEST_UUID);
        end(f, GUEST_UUID, BUSY);
        send_event(f, GUEST_ITERATING, GUEST_UUID, NULL);
        g_string_truncate(f->asked, 0);
        pass(f, RETRY_USEC);
        assert_asked(f, "");
}

static void test_what_waited_at_a_restart_is_rolled_back(Fixture *f, gconstpointer unused) {
        begin(f, "g1", GUEST_UUID);
        end(f, GUEST_UUID, BUSY);
        drive_recover(f->manager->drive);
        g_assert_cmpint(latest(f, GUEST_UUID)->state, ==, MIGRATION_ROLLED_BACK);
}

#define ADD(name, config, function) \
        g_test_add("/drive-waits/" name, Fixture, config, set_up, function, fixture_tear_down)
#define ONE_AT_A_TIME "[Migration]\nMaxOutgoing=1\n"

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("it is tried again and again", NULL, test_it_is_tried_again_and_again);
        ADD("the end of another move is a chance", NULL, test_the_end_of_another_move_is_a_chance);
        ADD("who waits takes nobody's place", ONE_AT_A_TIME, test_who_waits_takes_nobodys_place);
        ADD("it can be stopped while it waits", NULL, test_it_can_be_stopped_while_it_waits);
        ADD("one that was stopped does not wait", NULL, test_one_that_was_stopped_does_not_wait);
        ADD("one that has begun does not wait", NULL, test_one_that_has_begun_does_not_wait);
        ADD("one that somebody else moves meanwhile is left to him", NULL,
            test_one_that_somebody_else_moves_meanwhile_is_left_to_him);
        ADD("what waited at a restart is rolled back", NULL,
            test_what_waited_at_a_restart_is_rolled_back);
        return g_test_run();
}
