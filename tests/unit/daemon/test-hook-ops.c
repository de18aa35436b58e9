/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/drain.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* libvirt aborts in all of these: it waits for the hook. */

static char *filter(Fixture *fixture, const char *seen, GError **error) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, seen);

        return manager_filter_domain(fixture->manager, "migrate", xml, error);
}

static void prepare(Fixture *fixture, const char *xml) {
        g_autoptr(GError) error = NULL;

        g_assert_true(manager_prepare_domain(fixture->manager, xml, &error));
        g_assert_no_error(error);
}

static void release(Fixture *fixture, const char *xml, const char *reason) {
        g_autoptr(GError) error = NULL;

        g_assert_true(manager_release_domain(fixture->manager, xml, reason, &error));
        g_assert_no_error(error);
}

static void add_mdev(Fixture *fixture, const char *type, const char *uuid) {
        fake_root_add_mdev(fixture->root, "mtty", type, uuid);
        g_assert_cmpint(inventory_scan(fixture->manager->inventory), ==, 0);
}

static const Migration *only_migration(Fixture *fixture) {
        g_autoptr(GPtrArray) migrations = migration_log_list(fixture->manager->migrations);

        g_assert_cmpuint(migrations->len, ==, 1);
        return migrations->pdata[0];
}

static void test_free_device_takes_the_place_of_the_source(Fixture *f, gconstpointer unused) {
        g_autofree char *expected = NULL, *xml = NULL;
        g_autoptr(GError) error = NULL;

        add_mdev(f, "mtty-1", HERE_MDEV);
        xml = filter(f, "mtty-1", &error);
        g_assert_no_error(error);

        expected = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        g_assert_cmpstr(xml, ==, expected);
        assert_leases(f, HERE_MDEV " reserved expires\n");
        g_assert_cmpint(only_migration(f)->state, ==, MIGRATION_RESERVED);
}

static void test_guest_without_passthrough_passes_untouched(Fixture *f, gconstpointer unused) {
        const char *xml = "<domain><name>n</name><uuid>" GUEST_UUID "</uuid></domain>";
        g_autofree char *filtered = NULL;
        g_autoptr(GError) error = NULL;

        filtered = manager_filter_domain(f->manager, "migrate", xml, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(filtered, ==, xml);
        prepare(f, xml);
        release(f, xml, "shutdown");
        assert_leases(f, "");
}

static void test_refusal_reserves_nothing_and_says_why(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = NULL;
        g_autoptr(GError) error = NULL;

        xml = filter(f, "mtty-9", &error);
        g_assert_null(xml);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_DEVICE);
        g_assert_nonnull(strstr(error->message, "mtty-9"));
        assert_leases(f, "");
        g_assert_cmpint(only_migration(f)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpstr(only_migration(f)->reason, ==, error->message);
}

static void test_device_is_made_at_prepare_and_removed_at_release(Fixture *f,
                                                                  gconstpointer unused) {
        g_autofree char *before = fake_root_dump(f->root), *after = NULL, *xml = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(Domain) domain = NULL;
        const char *source;

        xml = filter(f, "mtty-1", &error);
        g_assert_no_error(error);
        domain = domain_from_xml(xml, strlen(xml), &error);
        g_assert_no_error(error);
        source = ((DomainDevice *)domain->devices->pdata[0])->source;
        g_assert_cmpstr(source, ==, SOURCE_MDEV); /* free here too: nothing to change */
        g_assert_null(inventory_find(f->manager->inventory, source));

        prepare(f, xml);
        g_assert_nonnull(inventory_find(f->manager->inventory, source));
        g_assert_cmpint(only_migration(f)->state, ==, MIGRATION_PREPARED);

        release(f, xml, "failed");
        after = fake_root_dump(f->root);
        g_assert_cmpstr(after, ==, before);
        assert_leases(f, "");
        g_assert_cmpint(only_migration(f)->state, ==, MIGRATION_ROLLED_BACK);
}

static void test_failed_make_leaves_no_trace(Fixture *f, gconstpointer unused) {
        g_autofree char *before = fake_root_dump(f->root), *after = NULL, *xml = NULL;
        g_autoptr(GError) error = NULL;

        xml = filter(f, "mtty-1", &error);
        g_assert_no_error(error);

        fake_root_fail_write(f->root, 0, ENOSPC);
        g_assert_false(manager_prepare_domain(f->manager, xml, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE);

        after = fake_root_dump(f->root);
        g_assert_cmpstr(after, ==, before);
        assert_leases(f, "");
        g_assert_cmpint(only_migration(f)->state, ==, MIGRATION_ROLLED_BACK);
}

static void test_made_device_that_cannot_migrate_is_refused(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = NULL;
        g_autoptr(GError) error = NULL;

        fake_root_set_vfio(f->root, "mtty", 0, 0);
        xml = filter(f, "mtty-1", &error);
        g_assert_no_error(error);

        g_assert_false(manager_prepare_domain(f->manager, xml, &error));
        g_assert_nonnull(strstr(error->message, "migrat"));
        assert_leases(f, "");
}

static void test_start_claims_what_the_domain_names(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);

        add_mdev(f, "mtty-1", HERE_MDEV);
        prepare(f, xml);
        assert_leases(f, HERE_MDEV " claimed expires\n");
}

static void test_start_on_a_leased_device_is_refused(Fixture *f, gconstpointer unused) {
        g_autofree char *first = guest_xml("db1", OTHER_UUID, HERE_MDEV, NULL);
        g_autofree char *second = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        g_autoptr(GError) error = NULL;

        add_mdev(f, "mtty-1", HERE_MDEV);
        prepare(f, first);
        g_assert_false(manager_prepare_domain(f->manager, second, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_LEASED);
        g_assert_nonnull(strstr(error->message, "db1"));
        assert_leases(f, HERE_MDEV " claimed expires\n");
}

static void test_start_makes_the_mdev_whose_type_is_known(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-2");

        prepare(f, xml);
        g_assert_nonnull(inventory_find(f->manager->inventory, HERE_MDEV));
        release(f, xml, "shutdown");
        g_assert_null(inventory_find(f->manager->inventory, HERE_MDEV));
}

static void test_second_attempt_takes_the_same_device(Fixture *f, gconstpointer unused) {
        g_autofree char *first = NULL, *second = NULL;
        g_autoptr(GError) error = NULL;

        add_mdev(f, "mtty-1", HERE_MDEV);
        add_mdev(f, "mtty-1", HERE_MDEV_2);
        first = filter(f, "mtty-1", &error);
        second = filter(f, "mtty-1", &error);
        g_assert_no_error(error);
        g_assert_cmpstr(first, ==, second);
        assert_leases(f, HERE_MDEV " reserved expires\n");
}

static void test_lease_of_a_guest_that_never_comes_expires(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = NULL;
        g_autoptr(GError) error = NULL;

        add_mdev(f, "mtty-1", HERE_MDEV);
        xml = filter(f, "mtty-1", &error);
        g_assert_no_error(error);

        g_assert_cmpint(manager_next_time(f->manager), >, 0);
        fixture_pass_time(119 * G_USEC_PER_SEC);
        manager_on_time(f->manager);
        assert_leases(f, HERE_MDEV " reserved expires\n");

        fixture_pass_time(2 * G_USEC_PER_SEC);
        manager_on_time(f->manager);
        assert_leases(f, "");
        g_assert_cmpint(only_migration(f)->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpint(manager_next_time(f->manager), ==, 0);
}

static char *two_mdevs_xml(void) {
        g_autofree char *one = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        GString *xml = g_string_new(one);

        g_string_truncate(xml, strstr(xml->str, "  </devices>") - xml->str);
        g_string_append(xml, "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source>"
                             "<address uuid='" HERE_MDEV_2 "'/></source></hostdev>");
        g_string_append(xml, "</devices></domain>");
        return g_string_free(xml, FALSE);
}

static void test_all_leases_of_a_guest_expire_at_once(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = two_mdevs_xml(), *filtered = NULL;
        g_autoptr(GError) error = NULL;

        add_mdev(f, "mtty-1", HERE_MDEV);
        add_mdev(f, "mtty-1", HERE_MDEV_2);
        filtered = manager_filter_domain(f->manager, "migrate", xml, &error);
        g_assert_no_error(error);
        assert_leases(f, HERE_MDEV " reserved expires\n" HERE_MDEV_2 " reserved expires\n");

        fixture_pass_time(121 * G_USEC_PER_SEC);
        manager_on_time(f->manager);
        assert_leases(f, "");
}

static void test_without_adoption_a_plain_guest_is_left_alone(Fixture *f, gconstpointer config) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL), *filtered = NULL;
        g_autoptr(GError) error = NULL;

        add_mdev(f, "mtty-1", HERE_MDEV);
        filtered = manager_filter_domain(f->manager, "migrate", xml, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(filtered, ==, xml);
        prepare(f, xml);
        assert_leases(f, "");
}

static void test_store_that_fails_refuses_and_reserves_nothing(Fixture *f, gconstpointer unused) {
        char *xml = NULL;

        add_mdev(f, "mtty-1", HERE_MDEV);
        for (int n = 0; !xml; n++) {
                g_autoptr(GError) error = NULL;

                g_assert_cmpint(n, <, 20);
                store_fail_write(f->manager->store, n);
                xml = filter(f, "mtty-1", &error);
                store_fail_write(f->manager->store, -1);
                if (!xml) {
                        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
                        assert_leases(f, "");
                }
        }
        g_free(xml);
        assert_leases(f, HERE_MDEV " reserved expires\n");
}

static void test_check_answers_and_reserves_nothing(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");
        g_autoptr(GPtrArray) answers = NULL;
        g_autoptr(Domain) domain = NULL;
        g_autoptr(GError) error = NULL;

        add_mdev(f, "mtty-1", HERE_MDEV);
        answers = manager_check_domain(f->manager, xml, &domain, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(answers->len, ==, 1);
        g_assert_cmpstr(((Answer *)answers->pdata[0])->source, ==, HERE_MDEV);
        assert_leases(f, "");
}

static void test_other_device_chosen_gives_the_first_back(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = NULL, *again = NULL;
        g_autoptr(GError) error = NULL;

        add_mdev(f, "mtty-1", HERE_MDEV);
        xml = filter(f, "mtty-1", &error);
        g_assert_no_error(error);

        add_mdev(f, "mtty-2", HERE_MDEV_2);
        again = filter(f, "mtty-2", &error);
        g_assert_no_error(error);
        assert_leases(f, HERE_MDEV_2 " reserved expires\n");
}

static void test_start_after_an_unnoticed_stop_leases_anew(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);

        add_mdev(f, "mtty-1", HERE_MDEV);
        prepare(f, xml);
        fixture_connect(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
        assert_leases(f, HERE_MDEV " running\n");

        prepare(f, xml);
        assert_leases(f, HERE_MDEV " claimed expires\n");
}

static void test_guest_that_is_here_cannot_come(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL), *filtered = NULL;
        g_autoptr(GError) error = NULL;

        add_mdev(f, "mtty-1", HERE_MDEV);
        fixture_connect(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);

        filtered = filter(f, "mtty-1", &error);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
        assert_leases(f, HERE_MDEV " running\n");
}

static char *vf_xml(const char *vf, bool managed) {
        g_autofree char *bus = g_strndup(vf + 5, 2), *slot = g_strndup(vf + 8, 2);

        return g_strdup_printf(
                "<domain><name>g1</name><uuid>" GUEST_UUID "</uuid><devices>"
                "<hostdev mode='subsystem' type='pci' managed='%s'><source>"
                "<address domain='0x0000' bus='0x%s' slot='0x%s' function='0x%c'/></source>"
                "<address type='pci' domain='0x0000' bus='0x00' slot='0x05' function='0x0'/>"
                "</hostdev></devices></domain>",
                managed ? "yes" : "no", bus, slot, vf[11]);
}

static char *add_vf(Fixture *f) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf" };
        char *vf;

        fake_root_add_pf(f->root, "0000:3b:00.0", &pf);
        vf = g_strdup(fake_root_add_vf(f->root, "0000:3b:00.0"));
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        return vf;
}

static void test_vf_is_bound_at_prepare_and_given_back(Fixture *f, gconstpointer unused) {
        g_autofree char *vf = add_vf(f), *xml = vf_xml(vf, false);

        prepare(f, xml);
        g_assert_cmpstr(inventory_find(f->manager->inventory, vf)->driver, ==, "vfio-pci");
        release(f, xml, "shutdown");
        g_assert_cmpstr(inventory_find(f->manager->inventory, vf)->driver, ==, "igbvf");
}

static void test_managed_vf_is_left_to_libvirt(Fixture *f, gconstpointer unused) {
        g_autofree char *vf = add_vf(f), *xml = vf_xml(vf, true), *writes = NULL;

        prepare(f, xml);
        release(f, xml, "shutdown");
        writes = fake_root_take_writes(f->root);
        g_assert_cmpstr(writes, ==, "");
}

#define TEST(name, config, function) \
        g_test_add("/hook-ops/" name, Fixture, config, fixture_set_up, function, fixture_tear_down)

/* Where the hook asks at all: it lets guests without devices pass by their text alone. */
static void test_a_drained_host_takes_no_plain_guest_either(Fixture *fixture,
                                                            gconstpointer unused) {
        const char *const uris[] = { "qemu+ssh://b/system", NULL };
        const DrainWish wish = { .destinations = uris };
        const char *xml = "<domain type='kvm'><name>g1</name><uuid>" GUEST_UUID "</uuid></domain>";
        g_autoptr(GError) error = NULL;
        g_autofree char *restored = NULL;

        fixture->manager->libvirt_known = true;
        g_assert_true(drain_begin(fixture->manager->drain, &wish, &error));
        g_assert_no_error(error);
        g_assert_null(manager_filter_domain(fixture->manager, "migrate", xml, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
        g_assert_nonnull(strstr(error->message, "drained for maintenance"));
        restored = manager_filter_domain(fixture->manager, "restore", xml, NULL);
        g_assert_cmpstr(restored, ==, xml);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        TEST("free-device-takes-the-place-of-the-source", NULL,
             test_free_device_takes_the_place_of_the_source);
        TEST("guest-without-passthrough-passes-untouched", NULL,
             test_guest_without_passthrough_passes_untouched);
        TEST("a-drained-host-takes-no-plain-guest-either", NULL,
             test_a_drained_host_takes_no_plain_guest_either);
        TEST("refusal-reserves-nothing-and-says-why", NULL,
             test_refusal_reserves_nothing_and_says_why);
        TEST("device-is-made-at-prepare-and-removed-at-release", NULL,
             test_device_is_made_at_prepare_and_removed_at_release);
        TEST("failed-make-leaves-no-trace", NULL, test_failed_make_leaves_no_trace);
        TEST("made-device-that-cannot-migrate-is-refused", NULL,
             test_made_device_that_cannot_migrate_is_refused);
        TEST("start-claims-what-the-domain-names", NULL, test_start_claims_what_the_domain_names);
        TEST("start-on-a-leased-device-is-refused", NULL, test_start_on_a_leased_device_is_refused);
        TEST("start-makes-the-mdev-whose-type-is-known", NULL,
             test_start_makes_the_mdev_whose_type_is_known);
        TEST("second-attempt-takes-the-same-device", NULL,
             test_second_attempt_takes_the_same_device);
        TEST("lease-of-a-guest-that-never-comes-expires", NULL,
             test_lease_of_a_guest_that_never_comes_expires);
        TEST("all-leases-of-a-guest-expire-at-once", NULL,
             test_all_leases_of_a_guest_expire_at_once);
        TEST("without-adoption-a-plain-guest-is-left-alone", "[Daemon]\nAdopt=no\n",
             test_without_adoption_a_plain_guest_is_left_alone);
        TEST("store-that-fails-refuses-and-reserves-nothing", NULL,
             test_store_that_fails_refuses_and_reserves_nothing);
        TEST("check-answers-and-reserves-nothing", NULL, test_check_answers_and_reserves_nothing);
        TEST("other-device-chosen-gives-the-first-back", NULL,
             test_other_device_chosen_gives_the_first_back);
        TEST("start-after-an-unnoticed-stop-leases-anew", NULL,
             test_start_after_an_unnoticed_stop_leases_anew);
        TEST("guest-that-is-here-cannot-come", NULL, test_guest_that_is_here_cannot_come);
        TEST("vf-is-bound-at-prepare-and-given-back", NULL,
             test_vf_is_bound_at_prepare_and_given_back);
        TEST("managed-vf-is-left-to-libvirt", NULL, test_managed_vf_is_left_to_libvirt);
        return g_test_run();
}
