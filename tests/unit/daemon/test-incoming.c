/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/incoming.h"

#include <string.h>

#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define THIRD_UUID "77777777-2222-4333-8444-555555555555"
#define AT_A_TIME  " at a time (MaxIncoming in virtferry.conf), and "

/* libvirt aborts until a test connects it: hooks ask. */

static char *come(Fixture *f, const char *operation, const char *name, const char *uuid,
                  GError **error) {
        g_autofree char *xml = guest_xml(name, uuid, SOURCE_MDEV, "mtty-1");

        return manager_filter_domain(f->manager, operation, xml, error);
}

static void assert_comes(Fixture *f, const char *name, const char *uuid) {
        g_autoptr(GError) error = NULL;
        g_autofree char *xml = come(f, "migrate", name, uuid, &error);

        g_assert_no_error(error);
        g_assert_nonnull(xml);
}

static void assert_refused(Fixture *f, const char *name, const char *uuid, const char *words) {
        g_autofree char *expected = g_strdup_printf("Host %s takes %s", g_get_host_name(), words);
        g_autoptr(GError) error = NULL;
        g_autofree char *xml = come(f, "migrate", name, uuid, &error);

        g_assert_null(xml);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_BUSY);
        g_assert_cmpstr(error->message, ==, expected);
        g_assert_true(incoming_is_refusal(error->message));
}

static void test_one_more_than_may_come_is_told_of_the_others(Fixture *f, gconstpointer unused) {
        assert_comes(f, "g1", GUEST_UUID);
        assert_comes(f, "g2", OTHER_UUID);
        assert_refused(f, "g3", THIRD_UUID,
                       "2 guests" AT_A_TIME
                       "g1 and g2 are on the way to it: wait until one of them has arrived");
        g_assert_null(migration_log_latest(f->manager->migrations, THIRD_UUID));
        g_assert_cmpuint(lease_book_list_domain(f->manager->leases, THIRD_UUID)->len, ==, 0);
}

static void test_its_own_attempt_is_not_in_its_way(Fixture *f, gconstpointer unused) {
        assert_comes(f, "g1", GUEST_UUID);
        assert_comes(f, "g1", GUEST_UUID);
        assert_refused(f, "g2", OTHER_UUID,
                       "1 guest" AT_A_TIME "g1 is on the way to it: wait until it has arrived");
}

static void test_one_that_has_arrived_makes_place(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = NULL;

        assert_comes(f, "g1", GUEST_UUID);
        fixture_connect(f);
        xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        send_event(f, GUEST_INCOMING, GUEST_UUID, xml);
        assert_refused(f, "g2", OTHER_UUID,
                       "1 guest" AT_A_TIME "g1 is on the way to it: wait until it has arrived");
        send_event(f, GUEST_ARRIVED, GUEST_UUID, xml);
        assert_comes(f, "g2", OTHER_UUID);
}

static void test_one_that_does_not_come_makes_place(Fixture *f, gconstpointer unused) {
        assert_comes(f, "g1", GUEST_UUID);
        fixture_pass_time(121 * G_USEC_PER_SEC);
        manager_on_time(f->manager);
        assert_comes(f, "g2", OTHER_UUID);
}

/* Nothing would tell when it ends. */
static void test_one_that_nobody_leases_for_does_not_count(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        migration_log_add(f->manager->migrations,
                          migration_new(MIGRATION_INCOMING, GUEST_UUID, "g1"), MIGRATION_RESERVED,
                          &error);
        g_assert_no_error(error);
        assert_comes(f, "g2", OTHER_UUID);
}

static void test_one_that_leaves_does_not_come(Fixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");

        fake_root_add_mdev(f->root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        fixture_connect(f);
        send_event(f, GUEST_RUNNING, GUEST_UUID, xml);
        send_event(f, GUEST_ITERATING, GUEST_UUID, NULL);
        assert_comes(f, "g2", OTHER_UUID);
}

static void test_what_is_not_ours_and_what_is_restored_come(Fixture *f, gconstpointer unused) {
        const char *plain = "<domain><name>n</name><uuid>" THIRD_UUID "</uuid></domain>";
        g_autofree char *restored = NULL, *passed = NULL;
        g_autoptr(GError) error = NULL;

        assert_comes(f, "g1", GUEST_UUID);
        passed = manager_filter_domain(f->manager, "migrate", plain, &error);
        g_assert_cmpstr(passed, ==, plain);
        restored = come(f, "restore", "g2", OTHER_UUID, &error);
        g_assert_nonnull(restored);
        g_assert_no_error(error);
}

static void test_who_asks_before_hears_the_same(Fixture *f, gconstpointer unused) {
        const char *plain = "<domain><name>n</name></domain>";
        g_autofree char *xml = guest_xml("g2", OTHER_UUID, SOURCE_MDEV, "mtty-1");
        g_autoptr(Domain) domain = NULL, other = NULL;
        g_autoptr(GPtrArray) answers = NULL;
        g_autoptr(GError) error = NULL;

        assert_comes(f, "g1", GUEST_UUID);
        g_assert_null(manager_check_domain(f->manager, xml, &domain, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_BUSY);
        g_clear_error(&error);

        answers = manager_check_domain(f->manager, plain, &other, &error);
        g_assert_no_error(error);
        g_assert_nonnull(answers);
}

static void test_other_refusals_are_no_turn_to_wait_for(void) {
        g_assert_false(incoming_is_refusal("hostdev0 needs an mdev of type mtty-1"));
        g_assert_false(incoming_is_refusal("Host b is drained for maintenance"));
        g_assert_true(incoming_is_refusal("Host b takes 1 guest" AT_A_TIME "g1 is on the way"));
}

#define ADD(name, config, function) \
        g_test_add("/incoming/" name, Fixture, config, fixture_set_up, function, fixture_tear_down)
#define ONE_AT_A_TIME "[Migration]\nMaxIncoming=1\n"

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("one more than may come is told of the others", NULL,
            test_one_more_than_may_come_is_told_of_the_others);
        ADD("its own attempt is not in its way", ONE_AT_A_TIME,
            test_its_own_attempt_is_not_in_its_way);
        ADD("one that has arrived makes place", ONE_AT_A_TIME,
            test_one_that_has_arrived_makes_place);
        ADD("one that does not come makes place", ONE_AT_A_TIME,
            test_one_that_does_not_come_makes_place);
        ADD("one that nobody leases for does not count", ONE_AT_A_TIME,
            test_one_that_nobody_leases_for_does_not_count);
        ADD("one that leaves does not come", ONE_AT_A_TIME, test_one_that_leaves_does_not_come);
        ADD("what is not ours and what is restored come", ONE_AT_A_TIME,
            test_what_is_not_ours_and_what_is_restored_come);
        ADD("who asks before hears the same", ONE_AT_A_TIME, test_who_asks_before_hears_the_same);
        g_test_add_func("/incoming/other refusals are no turn to wait for",
                        test_other_refusals_are_no_turn_to_wait_for);
        return g_test_run();
}
