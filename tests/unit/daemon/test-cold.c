/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive.h"

#include <string.h>

#include "daemon/core/store-query.h"
#include "daemon/slices.h"
#include "tests/unit/daemon/manager-fixture.h"

#define URI "qemu+ssh://hostb/system"

/* A guest that is shut down here and started there, over a database in a file. */

typedef struct Test {
        Fixture f;
        char *migration, *error;
} Test;

static void set_up(Test *t, gconstpointer config) {
        fixture_use_file(&t->f);
        fixture_set_up(&t->f, config);
        fake_root_add_mdev(t->f.root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(t->f.manager->inventory), ==, 0);
        fixture_connect(&t->f);
}

static void set_up_plain(Test *t, gconstpointer unused) {
        set_up(t, NULL);
}

static void tear_down(Test *t, gconstpointer config) {
        fixture_tear_down(&t->f, config);
        g_free(t->migration);
        g_free(t->error);
}

static void assert_record(Test *t, MigrationState state, const char *reason) {
        const Migration *migration = migration_log_latest(t->f.manager->migrations, GUEST_UUID);

        g_assert_cmpint(migration->state, ==, state);
        g_assert_cmpstr(migration->reason, ==, reason);
}

/* libvirt --------------------------------------------------------------------------- */

static void tell_moved(Test *t, const char *error, bool maybe_there) {
        GuestJob job = { .success = !error, .error = (char *)error };
        GuestEvent event = {
                .kind = GUEST_MOVED, .uuid = (char *)GUEST_UUID, .job = &job, .running = maybe_there
        };

        manager_on_guest_event(t->f.manager, &event);
}

static void on_reply(void *userdata, const Migration *migration, const GError *error) {
        Test *t = userdata;

        t->migration = g_strdup(migration ? migration->id : NULL);
        t->error = g_strdup(error ? error->message : NULL);
}

#define SHUT_DOWN "shut down " GUEST_UUID " in 120000 ms\n"
#define MOVE      "migrate " GUEST_UUID " to " URI " off\n"
#define START     "start " GUEST_UUID "\n"

static void begin(Test *t) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        DriveWish wish = { .move = { .uri = (char *)URI, .max_downtime_ms = -1 },
                           .strategy = "cold" };

        send_event(&t->f, GUEST_RUNNING, GUEST_UUID, xml);
        drive_migrate(t->f.manager->drive, "g1", &wish, on_reply, t);
        answer_with(&t->f, guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1"));
        g_assert_cmpstr(t->error, ==, NULL);
        g_string_truncate(t->f.asked, 0);
        answer_with(&t->f, guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1"));
        assert_asked(&t->f, SHUT_DOWN);
}

static void begin_move(Test *t) {
        begin(t);
        tell_guest(&t->f, GUEST_STOPPED, NULL, "shutdown");
        tell_guest(&t->f, GUEST_SHUT_DOWN, NULL, NULL);
        assert_asked(&t->f, MOVE);
}

static void test_it_is_shut_down_moved_and_started_there(Test *t, gconstpointer unused) {
        g_autoptr(Metadata) note = NULL;

        begin(t);
        note = metadata_from_xml(t->f.note, strlen(t->f.note), NULL);
        g_assert_cmpstr(((MetadataDevice *)note->devices->pdata[0])->seen->mdev_type, ==, "mtty-1");
        assert_record(t, MIGRATION_CHECKED, NULL);

        tell_guest(&t->f, GUEST_STOPPED, NULL, "shutdown");
        assert_leases(&t->f, "");
        tell_guest(&t->f, GUEST_SHUT_DOWN, NULL, NULL);
        assert_asked(&t->f, MOVE);
        assert_record(t, MIGRATION_SWITCHOVER, NULL);
        tell_moved(t, NULL, false);
        assert_record(t, MIGRATION_FINISHED, NULL);
        assert_asked(&t->f, "");
}

/* One thread of libvirt's waits for the end, another reads events. */
static void test_its_end_may_be_heard_of_after_it_was_waited_for(Test *t, gconstpointer unused) {
        begin(t);
        tell_guest(&t->f, GUEST_SHUT_DOWN, NULL, NULL);
        assert_record(t, MIGRATION_SWITCHOVER, NULL);
        tell_guest(&t->f, GUEST_STOPPED, NULL, "shutdown");
        assert_leases(&t->f, "");
        assert_record(t, MIGRATION_SWITCHOVER, NULL);
        tell_moved(t, NULL, false);
        assert_record(t, MIGRATION_FINISHED, NULL);
}

/* That of an operator, which stays where a guest is only shut down. */
static const SliceEntry *slice_of(Test *t) {
        slices_flush(t->f.manager->slices);
        return slice_book_find(slices_book(t->f.manager->slices), GUEST_UUID);
}

static void test_its_slice_leaves_with_it(Test *t, gconstpointer error) {
        g_autoptr(Slice) wish = slice_new();

        fake_root_put(t->f.root, "sys/devices/system/cpu/online", "0\n", -1);
        slices_on_host_changed(t->f.manager->slices);
        wish->cores.count = 1;
        slices_allocate(t->f.manager->slices, GUEST_UUID, "g1", wish, NULL, NULL);
        g_assert_nonnull(slice_of(t));
        begin_move(t);
        g_assert_nonnull(slice_of(t));
        tell_moved(t, error, false);
        g_assert_cmpint(slice_of(t) != NULL, ==, error != NULL);
}

static void test_one_that_does_not_shut_down_runs_on(Test *t, gconstpointer unused) {
        begin(t);
        tell_guest(&t->f, GUEST_SHUT_DOWN, NULL,
                   "The guest does not shut down within 120 s: it runs on");
        assert_record(t, MIGRATION_ROLLED_BACK,
                      "The guest does not shut down within 120 s: it runs on");
        assert_asked(&t->f, "");
        assert_leases(&t->f, HERE_MDEV " running\n");
}

static void test_one_that_is_refused_there_is_started_here(Test *t, gconstpointer unused) {
        begin_move(t);
        tell_moved(t, "virt-ferry: hostdev0 needs an mdev of type mtty-1", false);
        assert_record(t, MIGRATION_ROLLED_BACK, "hostdev0 needs an mdev of type mtty-1");
        assert_asked(&t->f, START);
}

static void test_one_that_may_run_there_is_not(Test *t, gconstpointer unused) {
        begin_move(t);
        tell_moved(t, "The link is cut", true);
        assert_record(t, MIGRATION_FAILED,
                      "The link is cut: it may run at the destination, so look there before it is "
                      "started here");
        assert_asked(&t->f, "");
}

static void test_one_that_is_stopped_is_started_here(Test *t, gconstpointer unused) {
        begin(t);
        g_assert_true(drive_abort(t->f.manager->drive, t->migration, NULL));
        assert_asked(&t->f, "");
        tell_guest(&t->f, GUEST_STOPPED, NULL, "shutdown");
        tell_guest(&t->f, GUEST_SHUT_DOWN, NULL, NULL);
        assert_record(t, MIGRATION_ROLLED_BACK, "Stopped on request");
        assert_asked(&t->f, START);
}

static void test_what_is_not_stored_does_not_move(Test *t, gconstpointer unused) {
        begin(t);
        tell_guest(&t->f, GUEST_STOPPED, NULL, "shutdown");
        store_fail_write(t->f.manager->store, 0);
        tell_guest(&t->f, GUEST_SHUT_DOWN, NULL, NULL);
        assert_asked(&t->f, START);
}

static void test_killed_before_it_moved(Test *t, gconstpointer unused) {
        begin(t);
        fixture_restart(&t->f);
        send_list(&t->f, NULL);
        assert_asked(&t->f, START);
        assert_record(t, MIGRATION_ROLLED_BACK,
                      "virtferryd was killed while the guest was shut down: it is started here "
                      "again");
}

static void test_killed_while_it_moved(Test *t, gconstpointer unused) {
        begin_move(t);
        fixture_restart(&t->f);
        send_list(&t->f, NULL);
        assert_asked(&t->f, "");
        assert_record(t, MIGRATION_FAILED,
                      "virtferryd was killed while the guest was shut down: it may run at the "
                      "destination, so look there before it is started here");
}

static void test_libvirt_that_comes_back_changes_nothing(Test *t, gconstpointer unused) {
        begin_move(t);
        tell_guest(&t->f, GUEST_LOST_LIBVIRT, NULL, NULL);
        send_list(&t->f, NULL);
        assert_asked(&t->f, "");
        assert_record(t, MIGRATION_SWITCHOVER, NULL);
        tell_moved(t, NULL, false);
        assert_record(t, MIGRATION_FINISHED, NULL);
}

/* Where it goes --------------------------------------------------------------------- */

static void tell_defined(Test *t, const char *mdev) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, mdev, "mtty-1");
        GuestEvent event = { .kind = GUEST_DEFINED,
                             .uuid = (char *)GUEST_UUID,
                             .name = (char *)"g1",
                             .inactive_xml = xml };

        manager_on_guest_event(t->f.manager, &event);
}

/* libvirt defines it with the devices of the host that it comes from. */
static void test_its_definition_gets_the_devices_of_that_host(Test *t, gconstpointer unused) {
        g_autofree char *comes = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");
        g_autofree char *here = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        g_autofree char *got = NULL, *redefined = NULL;
        g_autoptr(GError) error = NULL;

        got = manager_filter_domain(t->f.manager, "migrate", comes, &error);
        g_assert_cmpstr(got, ==, here);
        redefined = g_strdup_printf("redefine " GUEST_UUID " %s\n", here);
        tell_defined(t, SOURCE_MDEV);
        assert_asked(&t->f, redefined);
        tell_defined(t, HERE_MDEV);
        assert_asked(&t->f, "");

        g_assert_true(manager_prepare_domain(t->f.manager, here, &error));
        send_event(&t->f, GUEST_RUNNING, GUEST_UUID, here);
        assert_record(t, MIGRATION_FINISHED, NULL);
        assert_leases(&t->f, HERE_MDEV " running\n");
}

/* It is corrected when the guest has arrived, with what it has then. */
static void test_a_guest_that_moves_running_is_not_hurried(Test *t, gconstpointer unused) {
        g_autofree char *comes = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");
        g_autofree char *got = manager_filter_domain(t->f.manager, "migrate", comes, NULL);

        g_assert_true(manager_prepare_domain(t->f.manager, got, NULL));
        send_event(&t->f, GUEST_INCOMING, GUEST_UUID, got);
        tell_defined(t, SOURCE_MDEV);
        assert_asked(&t->f, "");
}

static void test_what_an_operator_defines_is_left(Test *t, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");

        send_event(&t->f, GUEST_RUNNING, GUEST_UUID, xml);
        g_string_truncate(t->f.asked, 0);
        tell_defined(t, SOURCE_MDEV);
        assert_asked(&t->f, "");
}

#define ADD(name, function) g_test_add("/cold/" name, Test, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_log_set_always_fatal(G_LOG_FATAL_MASK); /* what cannot be stored is told in the journal */

        ADD("it is shut down, moved and started there",
            test_it_is_shut_down_moved_and_started_there);
        ADD("its end may be heard of after it was waited for",
            test_its_end_may_be_heard_of_after_it_was_waited_for);
        ADD("its slice leaves with it", test_its_slice_leaves_with_it);
        g_test_add("/cold/its slice stays with it", Test, "refused", set_up_plain,
                   test_its_slice_leaves_with_it, tear_down);
        ADD("one that does not shut down runs on", test_one_that_does_not_shut_down_runs_on);
        ADD("one that is refused there is started here",
            test_one_that_is_refused_there_is_started_here);
        ADD("one that may run there is not", test_one_that_may_run_there_is_not);
        ADD("one that is stopped is started here", test_one_that_is_stopped_is_started_here);
        ADD("what is not stored does not move", test_what_is_not_stored_does_not_move);
        ADD("killed before it moved", test_killed_before_it_moved);
        ADD("killed while it moved", test_killed_while_it_moved);
        ADD("libvirt that comes back changes nothing",
            test_libvirt_that_comes_back_changes_nothing);
        ADD("its definition gets the devices of that host",
            test_its_definition_gets_the_devices_of_that_host);
        ADD("a guest that moves running is not hurried",
            test_a_guest_that_moves_running_is_not_hurried);
        ADD("what an operator defines is left", test_what_an_operator_defines_is_left);
        return g_test_run();
}
