/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

static char *lease_guest(DaemonFixture *f) {
        g_autofree char *device = object_path(FERRY_OBJECT_DEVICE, HERE_MDEV);
        g_autofree char *xml = guest_with_mdev(SOURCE_MDEV);
        g_autoptr(sd_bus_message) reply = NULL;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_HOOK, "FilterDomain", NULL, "ss", "migrate",
                                    xml);
        g_assert_nonnull(reply);
        return daemon_fixture_get(f, device, FERRY_INTERFACE_DEVICE, "Lease", "o");
}

static void assert_says(const Program *program, const char *words) {
        g_auto(GStrv) lines = g_strsplit(g_strchomp(program->err->str), "\n", 0);

        g_assert_cmpuint(g_strv_length(lines), ==, 1);
        if (!strstr(lines[0], words))
                g_error("no '%s' in '%s'", words, lines[0]);
}

static void test_a_killed_daemon_knows_its_leases_again(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *before = lease_guest(f), *device = NULL, *after = NULL, *guest = NULL;

        g_assert_cmpint(daemon_fixture_end(f, SIGKILL), ==, -SIGKILL);
        daemon_fixture_start(f);

        device = object_path(FERRY_OBJECT_DEVICE, HERE_MDEV);
        after = daemon_fixture_get(f, device, FERRY_INTERFACE_DEVICE, "Lease", "o");
        g_assert_cmpstr(after, ==, before);
        guest = daemon_fixture_get(f, after, FERRY_INTERFACE_LEASE, "DomainName", "s");
        g_assert_cmpstr(guest, ==, "g1");
}

static void test_a_second_daemon_goes_and_says_why(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *before = lease_guest(f), *device = NULL, *after = NULL;
        g_autoptr(Program) second = daemon_fixture_spawn(f);

        program_finish(second);
        g_assert_cmpint(second->status, ==, 1);
        assert_says(second, "Another virtferryd has the database ");

        device = object_path(FERRY_OBJECT_DEVICE, HERE_MDEV);
        after = daemon_fixture_get(f, device, FERRY_INTERFACE_DEVICE, "Lease", "o");
        g_assert_cmpstr(after, ==, before);
}

static void test_nor_is_there_a_second_one_on_the_bus(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *lock = g_build_filename(f->directory, "ferry.db.lock", NULL);
        g_autoptr(Program) second = NULL;

        g_assert_no_errno(unlink(lock));
        second = daemon_fixture_spawn(f);
        program_finish(second);
        g_assert_cmpint(second->status, ==, 1);
        assert_says(second, "Another virtferryd runs on this system bus");
}

static void test_a_daemon_that_is_asked_to_ends_in_peace(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *lease = lease_guest(f);

        g_assert_nonnull(lease);
        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        daemon_fixture_start(f);
        g_assert_cmpint(daemon_fixture_end(f, SIGINT), ==, 0);
}

static void test_without_a_bus_there_is_no_daemon(DaemonFixture *f, gconstpointer unused) {
        private_bus_stop(f->bus);
        program_finish(f->daemon);
        g_assert_cmpint(f->daemon->status, ==, 1);
        assert_says(f->daemon, "The connection to the system bus is lost");
        g_clear_pointer(&f->daemon, program_free);
}

static void test_a_wrong_configuration_is_named(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *path = g_build_filename(f->directory, "ferry.conf", NULL);
        g_autoptr(Program) daemon = NULL;

        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        g_assert_true(g_file_set_contents(path, "[Daemon]\nAdopt=perhaps\n", -1, NULL));
        daemon = daemon_fixture_spawn(f);
        program_finish(daemon);
        g_assert_cmpint(daemon->status, ==, 1);
        assert_says(daemon, path);
        assert_says(daemon, "Adopt");
}

static void test_a_damaged_database_is_set_aside_and_told(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *path = g_build_filename(f->directory, "ferry.db", NULL);

        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        g_assert_true(
                g_file_set_contents(path, "this is no database, and it never was one", -1, NULL));
        daemon_fixture_start(f);
        program_await(f->daemon, f->daemon->err, "is damaged and was moved to");
}

int main(int argc, char **argv) {
#define ADD(name, function)                                                             \
        g_test_add("/life/" name, DaemonFixture, NULL, daemon_fixture_set_up, function, \
                   daemon_fixture_tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a killed daemon knows its leases again", test_a_killed_daemon_knows_its_leases_again);
        ADD("a second daemon goes and says why", test_a_second_daemon_goes_and_says_why);
        ADD("nor is there a second one on the bus", test_nor_is_there_a_second_one_on_the_bus);
        ADD("a daemon that is asked to ends in peace",
            test_a_daemon_that_is_asked_to_ends_in_peace);
        ADD("without a bus there is no daemon", test_without_a_bus_there_is_no_daemon);
        ADD("a wrong configuration is named", test_a_wrong_configuration_is_named);
        ADD("a damaged database is set aside and told",
            test_a_damaged_database_is_set_aside_and_told);
        return g_test_run();
}
