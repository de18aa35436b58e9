/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Migrate(), Abort() and MoveDevice() of the real daemon, which asks libvirt's test driver: that
 * has a guest and moves none. */

#include <string.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define URI "test:///default"

static void set_up_without(DaemonFixture *f, gconstpointer unused) {
        daemon_fixture_set_up(f, NULL);
}

static void set_up(DaemonFixture *f, gconstpointer unused) {
        int connected = 0;

        f->libvirt = URI;
        daemon_fixture_set_up(f, NULL);
        while (!connected)
                g_assert_cmpint(
                        sd_bus_get_property_trivial(f->client, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                                    FERRY_INTERFACE_MANAGER, "LibvirtConnected",
                                                    NULL, 'b', &connected),
                        >=, 0);
}

static void assert_error(const sd_bus_error *error, const char *name, const char *words) {
        g_assert_cmpstr(error->name, ==, name);
        if (!strstr(error->message, words))
                g_error("not '%s' but '%s'", words, error->message);
}

static void test_a_move_is_planned_and_ends_with_its_reason(DaemonFixture *f,
                                                            gconstpointer unused) {
        g_autofree char *path = NULL, *strategy = NULL, *state = NULL, *reason = NULL;
        g_autoptr(sd_bus_message) reply = NULL;
        const char *migration;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Migrate", NULL, "ssa{sv}", "test",
                                    URI, 3, "bandwidth", "t", UINT64_C(100), "force", "b", true,
                                    "strategy", "s", "live");
        g_assert_cmpint(sd_bus_message_read(reply, "o", &migration), >, 0);
        path = g_strdup(migration);

        strategy = daemon_fixture_get(f, path, FERRY_INTERFACE_MIGRATION, "Strategy", "s");
        g_assert_cmpstr(strategy, ==, "live");
        do {
                g_free(state);
                state = daemon_fixture_get(f, path, FERRY_INTERFACE_MIGRATION, "State", "s");
        } while (!g_str_equal(state, "rolled-back"));
        reason = daemon_fixture_get(f, path, FERRY_INTERFACE_MIGRATION, "Reason", "s");
        g_assert_nonnull(strstr(reason, "not supported"));
}

static void test_an_option_that_is_wrong_is_named(DaemonFixture *f, gconstpointer unused) {
        static const char *const wrong = SD_BUS_ERROR_INVALID_ARGS;
        g_auto(sd_bus_error) unknown = SD_BUS_ERROR_NULL, type = SD_BUS_ERROR_NULL,
                             number = SD_BUS_ERROR_NULL, uri = SD_BUS_ERROR_NULL;

        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Migrate", &unknown, "ssa{sv}",
                                  "test", URI, 1, "speed", "s", "high");
        assert_error(&unknown, wrong, "Option 'speed' of Migrate is unknown");
        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Migrate", &type, "ssa{sv}", "test",
                                  URI, 1, "force", "s", "yes");
        assert_error(&type, wrong, "Option 'force' of Migrate has a value of another type");
        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Migrate", &number, "ssa{sv}", "test",
                                  URI, 1, "connections", "t", UINT64_C(256));
        assert_error(&number, wrong, "Option 'connections' of Migrate is out of its bounds");
        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Migrate", &uri, "ssa{sv}", "test",
                                  "hostb", 0);
        assert_error(&uri, wrong, "'hostb' is not the URI of a libvirt");
}

static void test_a_guest_that_is_not_there(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Migrate", &error, "ssa{sv}",
                                  "nobody", URI, 0);
        assert_error(&error, FERRY_ERROR_PREFIX "NotFound", "no guest 'nobody'");
}

static void test_without_libvirt_nothing_moves(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Migrate", &error, "ssa{sv}", "test",
                                  URI, 0);
        assert_error(&error, FERRY_ERROR_PREFIX "Unavailable", "without libvirt");
}

static void test_what_has_ended_cannot_be_stopped(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;
        const char *migration;
        int r = 0;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Migrate", NULL, "ssa{sv}", "test",
                                    URI, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "o", &migration), >, 0);
        while (r >= 0)
                r = sd_bus_call_method(f->client, FERRY_BUS_NAME, migration,
                                       FERRY_INTERFACE_MIGRATION, "Abort", &error, NULL, NULL);
        assert_error(&error, FERRY_ERROR_PREFIX "InvalidState", "is rolled-back and cannot be");
}

#define ADD(name, set_up, function) \
        g_test_add("/move/" name, DaemonFixture, NULL, set_up, function, daemon_fixture_tear_down)

/* The test driver's guest has no device. */
static void test_a_device_that_is_not_there_is_not_exchanged(DaemonFixture *f,
                                                             gconstpointer unused) {
        g_auto(sd_bus_error) none = SD_BUS_ERROR_NULL, guest = SD_BUS_ERROR_NULL,
                             option = SD_BUS_ERROR_NULL, type = SD_BUS_ERROR_NULL;

        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "MoveDevice", &none, "sssa{sv}",
                                  "test", "hostdev0", "default", 1, "force", "b", true);
        assert_error(&none, FERRY_ERROR_PREFIX "NotFound",
                     "Guest test has no passthrough device and no interface 'hostdev0'");
        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "MoveDevice", &guest, "sssa{sv}",
                                  "nobody", "hostdev0", "default", 0);
        assert_error(&guest, FERRY_ERROR_PREFIX "NotFound", "This host has no guest 'nobody'");
        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "MoveDevice", &option, "sssa{sv}",
                                  "test", "hostdev0", "default", 1, "speed", "b", true);
        assert_error(&option, SD_BUS_ERROR_INVALID_ARGS, "Option 'speed' of MoveDevice is unknown");
        (void)daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "MoveDevice", &type, "sssa{sv}",
                                  "test", "hostdev0", "default", 1, "force", "s", "yes");
        assert_error(&type, SD_BUS_ERROR_INVALID_ARGS,
                     "Option 'force' of MoveDevice has a value of another type");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a move is planned and ends with its reason", set_up,
            test_a_move_is_planned_and_ends_with_its_reason);
        ADD("an option that is wrong is named", set_up, test_an_option_that_is_wrong_is_named);
        ADD("a guest that is not there is not found", set_up, test_a_guest_that_is_not_there);
        ADD("without libvirt nothing moves", set_up_without, test_without_libvirt_nothing_moves);
        ADD("what has ended cannot be stopped", set_up, test_what_has_ended_cannot_be_stopped);
        g_test_add("/move/a device that is not there is not exchanged", DaemonFixture, NULL, set_up,
                   test_a_device_that_is_not_there_is_not_exchanged, daemon_fixture_tear_down);
        return g_test_run();
}
