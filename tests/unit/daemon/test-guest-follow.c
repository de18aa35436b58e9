/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/facts/vfio-migration.h"

#include "tests/unit/daemon/manager-fixture.h"

/* The life of guest g1 on its two hosts, as libvirt tells it. */

static void set_up(Fixture *f, gconstpointer config) {
        fixture_set_up(f, config);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
}

static const Migration *latest(Fixture *f) {
        return migration_log_latest(f->manager->migrations, GUEST_UUID);
}

static void arrive_until_prepared(Fixture *f) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");
        g_autofree char *here = NULL;
        g_autoptr(GError) error = NULL;

        here = manager_filter_domain(f->manager, "migrate", xml, &error);
        g_assert_no_error(error);
        manager_prepare_domain(f->manager, here, &error);
        g_assert_no_error(error);
        fixture_connect(f);
}

static void start_plain(Fixture *f) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        g_autoptr(GError) error = NULL;

        manager_prepare_domain(f->manager, xml, &error);
        g_assert_no_error(error);
        fixture_connect(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
}

static void test_plain_guest_gets_its_fingerprint_into_its_metadata(Fixture *f,
                                                                    gconstpointer unused) {
        start_plain(f);
        assert_leases(f, HERE_MDEV " running\n");
        g_assert_nonnull(strstr(f->asked->str, "metadata " GUEST_UUID));
        g_assert_nonnull(strstr(f->asked->str, "mdev-type='mtty-1'"));
        g_assert_nonnull(strstr(f->asked->str, "0000:00:05.0"));
        g_assert_nonnull(strstr(f->asked->str, "stop-copy"));
        g_assert_null(strstr(f->asked->str, HERE_MDEV));
}

static void test_metadata_that_says_so_already_is_not_written(Fixture *f, gconstpointer unused) {
        g_autoptr(Metadata) metadata = NULL;
        g_autofree char *plain = NULL, *element = NULL, *xml = NULL;
        g_autoptr(GError) error = NULL;
        const char *from;

        start_plain(f);
        from = strstr(f->asked->str, "<");
        metadata = metadata_from_xml(from, strlen(from) - 1, &error);
        g_assert_no_error(error);

        element = metadata_to_xml(metadata);
        plain = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        xml = g_strdup_printf("<domain><name>g1</name><uuid>" GUEST_UUID
                              "</uuid><metadata>%s</metadata>%s",
                              element, strstr(plain, "<devices>"));
        g_string_truncate(f->asked, 0);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
        g_assert_cmpstr(f->asked->str, ==, "");
}

static void test_arrival_runs_the_lease_and_ends_the_migration(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");

        arrive_until_prepared(f);
        assert_leases(f, HERE_MDEV " claimed expires\n");

        send_event(f, GUEST_INCOMING, GUEST_UUID, NULL);
        assert_leases(f, HERE_MDEV " claimed\n");
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_PRECOPY);

        send_event(f, GUEST_ARRIVED, GUEST_UUID, xml);
        assert_leases(f, HERE_MDEV " running\n");
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_FINISHED);
        g_assert_cmpint(latest(f)->entered[MIGRATION_RESUMED], >, 0);
}

static void test_persistent_definition_gets_the_sources_of_this_host(Fixture *f,
                                                                     gconstpointer unused) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);
        g_autofree char *expected = NULL;

        arrive_until_prepared(f);
        event->kind = GUEST_ARRIVED;
        event->uuid = g_strdup(GUEST_UUID);
        event->name = g_strdup("g1");
        event->xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        event->inactive_xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, NULL);
        manager_on_guest_event(f->manager, event);

        g_free(event->inactive_xml);
        event->inactive_xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        expected = g_strdup_printf("redefine " GUEST_UUID " %s\n", event->inactive_xml);
        g_assert_nonnull(strstr(f->asked->str, expected));

        g_string_truncate(f->asked, 0);
        manager_on_guest_event(f->manager, event);
        g_assert_null(strstr(f->asked->str, "redefine"));
}

static void test_renamed_guest_keeps_its_lease(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("other", GUEST_UUID, HERE_MDEV, "mtty-1");

        arrive_until_prepared(f);
        send_event(f, GUEST_ARRIVED, GUEST_UUID, xml);
        g_assert_cmpstr(lease_book_find_device(f->manager->leases, HERE_MDEV)->domain_name, ==,
                        "other");
}

/* As QEMU does it when a stream breaks off, and mtty keeps it. */
static void leave_in_the_middle_of_a_load(Fixture *f) {
        const Device *device = inventory_find(f->manager->inventory, HERE_MDEV);
        g_auto(VfioDevice) vfio = VFIO_DEVICE_NONE;

        g_assert_cmpint(vfio_device_open(&vfio, f->manager->sysfs, device->id, device->iommu_group),
                        ==, 0);
        g_assert_cmpint(vfio_migration_set_state(&vfio, VFIO_STATE_RESUMING, NULL), ==, 0);
}

static void test_a_device_of_a_failed_move_is_made_ready(Fixture *f, gconstpointer unused) {
        arrive_until_prepared(f);
        send_event(f, GUEST_INCOMING, GUEST_UUID, NULL);
        leave_in_the_middle_of_a_load(f);
        g_assert_cmpint(fake_root_vfio_state(f->root, HERE_MDEV), ==, VFIO_STATE_RESUMING);

        send_event(f, GUEST_STOPPED, GUEST_UUID, NULL);
        assert_leases(f, "");
        g_assert_cmpint(fake_root_vfio_state(f->root, HERE_MDEV), ==, VFIO_STATE_RUNNING);
}

/* No QEMU has had it: a reset is for nothing, and takes its time. */
static void test_a_device_that_was_only_reserved_is_left_alone(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1"), *here = NULL;
        g_autoptr(GError) error = NULL;

        here = manager_filter_domain(f->manager, "migrate", xml, &error);
        g_assert_no_error(error);
        leave_in_the_middle_of_a_load(f);
        fixture_pass_time(INT64_C(24) * 3600 * G_USEC_PER_SEC);
        manager_on_time(f->manager);
        assert_leases(f, "");
        g_assert_cmpint(fake_root_vfio_state(f->root, HERE_MDEV), ==, VFIO_STATE_RESUMING);
}

static void test_migration_that_fails_here_rolls_back(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        g_autoptr(GError) error = NULL;

        arrive_until_prepared(f);
        send_event(f, GUEST_INCOMING, GUEST_UUID, NULL);
        manager_release_domain(f->manager, xml, "failed", &error);
        g_assert_no_error(error);
        assert_leases(f, "");
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_nonnull(strstr(latest(f)->reason, "failed"));

        send_event(f, GUEST_STOPPED, GUEST_UUID, NULL);
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_ROLLED_BACK);
}

static void send_job(Fixture *f, GuestEventKind kind, bool success, const char *job_error) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = kind;
        event->uuid = g_strdup(GUEST_UUID);
        event->name = g_strdup("g1");
        event->job = g_new0(GuestJob, 1);
        event->job->success = success;
        event->job->downtime_ms = success ? 525 : -1;
        event->job->total_ms = 47000;
        event->job->memory_bytes = 73 << 20;
        event->job->iteration = 3;
        event->job->error = g_strdup(job_error);
        manager_on_guest_event(f->manager, event);
}

static void test_source_follows_the_guest_until_it_has_left(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        g_autoptr(GError) error = NULL;

        start_plain(f);
        send_job(f, GUEST_ITERATING, false, NULL);
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_PRECOPY);
        g_assert_nonnull(strstr(f->asked->str, "follow " GUEST_UUID));
        g_assert_cmpstr(((MigrationDevice *)latest(f)->devices->pdata[0])->name, ==, "hostdev 0");

        send_event(f, GUEST_LEAVING, GUEST_UUID, NULL);
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_SWITCHOVER);

        manager_release_domain(f->manager, xml, "migrated", &error);
        g_assert_no_error(error);
        assert_leases(f, "");
        send_event(f, GUEST_LEFT, GUEST_UUID, NULL);
        send_job(f, GUEST_JOB_DONE, true, NULL);
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_FINISHED);
        g_assert_cmpint(latest(f)->downtime_ms, ==, 525);
        g_assert_cmpuint(latest(f)->iterations, ==, 3);
}

static void test_source_of_a_failed_migration_keeps_its_lease(Fixture *f, gconstpointer unused) {
        start_plain(f);
        send_job(f, GUEST_ITERATING, false, NULL);
        send_job(f, GUEST_STAYED, false, "the other side went away");
        assert_leases(f, HERE_MDEV " running\n");
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpstr(latest(f)->reason, ==, "the other side went away");
}

/* The hook is answered at once, libvirt's events come later. */
static void test_late_news_of_the_last_stay_do_not_touch_the_next(Fixture *f,
                                                                  gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1"), *here = NULL;
        g_autoptr(GError) error = NULL;

        start_plain(f);
        send_job(f, GUEST_ITERATING, false, NULL);
        manager_release_domain(f->manager, xml, "migrated", &error);
        g_assert_no_error(error);

        here = manager_filter_domain(f->manager, "migrate", xml, &error);
        g_assert_no_error(error);
        send_event(f, GUEST_LEFT, GUEST_UUID, NULL);
        assert_leases(f, HERE_MDEV " reserved expires\n");
        g_assert_cmpint(latest(f)->direction, ==, MIGRATION_INCOMING);
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_RESERVED);
}

static bool may_come(Fixture *f) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1"), *here = NULL;
        g_autoptr(GError) error = NULL;

        here = manager_filter_domain(f->manager, "migrate", xml, &error);
        if (!here)
                g_assert_nonnull(strstr(error->message, "is active on this host already"));
        return here;
}

/* libvirt was listed, then gave up the guest that was on its way, of which it has no event. */
static void test_a_guest_that_was_listed_too_late_may_come_again(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        g_autoptr(GError) error = NULL;

        arrive_until_prepared(f);
        manager_release_domain(f->manager, xml, "failed", &error);
        g_assert_no_error(error);
        g_assert_nonnull(strstr(f->asked->str, "look again " GUEST_UUID "\n"));

        send_event(f, GUEST_INCOMING, GUEST_UUID, NULL);
        send_list(f, GUEST_UUID);
        g_assert_false(may_come(f));
        send_event(f, GUEST_GONE, GUEST_UUID, NULL);
        g_assert_true(may_come(f));
        assert_leases(f, HERE_MDEV " reserved expires\n");
}

static void test_a_guest_that_was_read_too_late_holds_nothing(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        g_autoptr(GError) error = NULL;

        fixture_connect(f);
        manager_release_domain(f->manager, xml, "crashed", &error);
        g_assert_no_error(error);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
        assert_leases(f, HERE_MDEV " running\n");
        send_event(f, GUEST_GONE, GUEST_UUID, NULL);
        assert_leases(f, "");
}

/* Its end comes behind the release, as its next coming may. */
static void test_that_a_guest_is_gone_does_not_touch_its_next_coming(Fixture *f,
                                                                     gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        g_autoptr(GError) error = NULL;

        start_plain(f);
        send_job(f, GUEST_ITERATING, false, NULL);
        manager_release_domain(f->manager, xml, "migrated", &error);
        g_assert_no_error(error);
        send_event(f, GUEST_GONE, GUEST_UUID, NULL);
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_PRECOPY);
        send_event(f, GUEST_LEFT, GUEST_UUID, NULL);
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_FINISHED);

        g_assert_true(may_come(f));
        send_event(f, GUEST_GONE, GUEST_UUID, NULL);
        assert_leases(f, HERE_MDEV " reserved expires\n");
}

static void test_guest_found_running_is_adopted(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);

        fixture_connect(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
        send_list(f, GUEST_UUID);
        assert_leases(f, HERE_MDEV " running\n");
}

static void test_without_adoption_a_running_guest_is_left_alone(Fixture *f, gconstpointer config) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);

        fixture_connect(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
        assert_leases(f, "");
        g_assert_cmpstr(f->asked->str, ==, "");
}

static void test_lease_of_a_guest_that_is_gone_ends_with_the_list(Fixture *f,
                                                                  gconstpointer unused) {
        start_plain(f);
        send_list(f, OTHER_UUID);
        assert_leases(f, "");
}

static void test_guest_on_its_way_is_waited_for(Fixture *f, gconstpointer unused) {
        arrive_until_prepared(f);
        send_list(f, NULL);
        assert_leases(f, HERE_MDEV " claimed expires\n");
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_PREPARED);
}

static void test_claim_is_kept_while_libvirt_is_away(Fixture *f, gconstpointer unused) {
        arrive_until_prepared(f);
        fixture_pass_time(3600 * (int64_t)G_USEC_PER_SEC);
        manager_on_time(f->manager);
        assert_leases(f, HERE_MDEV " claimed expires\n");

        send_list(f, NULL);
        fixture_pass_time(3600 * (int64_t)G_USEC_PER_SEC);
        manager_on_time(f->manager);
        assert_leases(f, "");
        g_assert_cmpint(latest(f)->state, ==, MIGRATION_ROLLED_BACK);
}

static void test_unplugged_device_is_given_back(Fixture *f, gconstpointer unused) {
        start_plain(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID,
                   "<domain><name>g1</name><uuid>" GUEST_UUID "</uuid><devices/></domain>");
        assert_leases(f, "");
}

static void test_held_device_is_given_back_when_the_kernel_lets_go(Fixture *f,
                                                                   gconstpointer unused) {
        g_autofree char *here = NULL, *xml = NULL;
        g_autoptr(GPtrArray) leases = NULL;
        g_autoptr(GError) error = NULL;
        Lease *lease;

        fake_root_remove(f->root, "sys/bus/mdev/devices/" HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");
        here = manager_filter_domain(f->manager, "migrate", xml, &error);
        g_assert_no_error(error);
        manager_prepare_domain(f->manager, here, &error);
        g_assert_no_error(error);

        leases = lease_book_list(f->manager->leases);
        lease = leases->pdata[0];
        fake_root_hold(f->root, lease->device);
        manager_release_domain(f->manager, here, "failed", &error);
        g_assert_no_error(error);
        g_assert_cmpint(lease->state, ==, LEASE_RELEASING);

        fake_root_release(f->root, lease->device);
        fixture_pass_time(60 * G_USEC_PER_SEC);
        manager_on_time(f->manager);
        assert_leases(f, "");
}

/* The kernel cannot be asked about a device that a guest holds. */
static void test_capabilities_known_before_are_kept(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");

        fake_root_hold(f->root, HERE_MDEV);
        fixture_connect(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
        g_assert_cmpstr(f->asked->str, ==, ""); /* nothing is known better than before */
}

static void test_release_that_a_crash_cut_off_is_finished_at_start(Fixture *f,
                                                                   gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        Lease *lease;

        start_plain(f);
        lease = lease_book_find_device(f->manager->leases, HERE_MDEV);
        lease_book_enter(f->manager->leases, lease, LEASE_RELEASING, 0, &error);
        g_assert_no_error(error);

        manager_start(f->manager, &error);
        g_assert_no_error(error);
        assert_leases(f, "");
}

#define TEST(name, config, function) \
        g_test_add("/guest-follow/" name, Fixture, config, set_up, function, fixture_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_log_set_always_fatal(G_LOG_FATAL_MASK);

        TEST("plain-guest-gets-its-fingerprint-into-its-metadata", NULL,
             test_plain_guest_gets_its_fingerprint_into_its_metadata);
        TEST("metadata-that-says-so-already-is-not-written", NULL,
             test_metadata_that_says_so_already_is_not_written);
        TEST("arrival-runs-the-lease-and-ends-the-migration", NULL,
             test_arrival_runs_the_lease_and_ends_the_migration);
        TEST("persistent-definition-gets-the-sources-of-this-host", NULL,
             test_persistent_definition_gets_the_sources_of_this_host);
        TEST("renamed-guest-keeps-its-lease", NULL, test_renamed_guest_keeps_its_lease);
        TEST("a-device-of-a-failed-move-is-made-ready", NULL,
             test_a_device_of_a_failed_move_is_made_ready);
        TEST("a-device-that-was-only-reserved-is-left-alone", NULL,
             test_a_device_that_was_only_reserved_is_left_alone);
        TEST("migration-that-fails-here-rolls-back", NULL,
             test_migration_that_fails_here_rolls_back);
        TEST("source-follows-the-guest-until-it-has-left", NULL,
             test_source_follows_the_guest_until_it_has_left);
        TEST("source-of-a-failed-migration-keeps-its-lease", NULL,
             test_source_of_a_failed_migration_keeps_its_lease);
        TEST("late-news-of-the-last-stay-do-not-touch-the-next", NULL,
             test_late_news_of_the_last_stay_do_not_touch_the_next);
        TEST("a-guest-that-was-listed-too-late-may-come-again", NULL,
             test_a_guest_that_was_listed_too_late_may_come_again);
        TEST("a-guest-that-was-read-too-late-holds-nothing", NULL,
             test_a_guest_that_was_read_too_late_holds_nothing);
        TEST("that-a-guest-is-gone-does-not-touch-its-next-coming", NULL,
             test_that_a_guest_is_gone_does_not_touch_its_next_coming);
        TEST("guest-found-running-is-adopted", NULL, test_guest_found_running_is_adopted);
        TEST("without-adoption-a-running-guest-is-left-alone", "[Daemon]\nAdopt=no\n",
             test_without_adoption_a_running_guest_is_left_alone);
        TEST("lease-of-a-guest-that-is-gone-ends-with-the-list", NULL,
             test_lease_of_a_guest_that_is_gone_ends_with_the_list);
        TEST("guest-on-its-way-is-waited-for", NULL, test_guest_on_its_way_is_waited_for);
        TEST("claim-is-kept-while-libvirt-is-away", NULL, test_claim_is_kept_while_libvirt_is_away);
        TEST("unplugged-device-is-given-back", NULL, test_unplugged_device_is_given_back);
        TEST("held-device-is-given-back-when-the-kernel-lets-go", NULL,
             test_held_device_is_given_back_when_the_kernel_lets_go);
        TEST("capabilities-known-before-are-kept", NULL, test_capabilities_known_before_are_kept);
        TEST("release-that-a-crash-cut-off-is-finished-at-start", NULL,
             test_release_that_a_crash_cut_off_is_finished_at_start);
        return g_test_run();
}
