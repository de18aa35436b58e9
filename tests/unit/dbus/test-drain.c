/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Drain() of the real daemon over libvirt's test driver, which has one guest and moves none. */

#include <signal.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define URI     "test:///default"
#define CHANGED "PropertiesChanged " FERRY_OBJECT_ROOT " DrainState DrainGuests"

static void set_up(DaemonFixture *f, gconstpointer unused) {
        f->libvirt = URI;
        daemon_fixture_set_up(f, NULL);
}

/* What libvirt tells comes when it comes. */
static void await_libvirt(DaemonFixture *f) {
        int connected = 0;

        while (!connected)
                g_assert_cmpint(
                        sd_bus_get_property_trivial(f->client, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                                    FERRY_INTERFACE_MANAGER, "LibvirtConnected",
                                                    NULL, 'b', &connected),
                        >=, 0);
}

static char *get_state(DaemonFixture *f) {
        return daemon_fixture_get(f, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "DrainState", "s");
}

static void assert_state(DaemonFixture *f, const char *expected) {
        g_autofree char *state = get_state(f);

        g_assert_cmpstr(state, ==, expected);
}

static void await_state(DaemonFixture *f, const char *expected) {
        g_autofree char *state = get_state(f);

        while (!g_str_equal(state, expected)) {
                g_string_truncate(f->signals, 0);
                daemon_fixture_await(f, CHANGED);
                g_free(state);
                state = get_state(f);
        }
}

static void call(DaemonFixture *f, const char *method, const char *uri) {
        g_autoptr(sd_bus_message) reply = NULL;

        reply = uri ? daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, method, NULL, "asa{sv}", 1,
                                          uri, 1, "persistent", "b", true)
                    : daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, method, NULL, "");
        g_assert_nonnull(reply);
}

/* A guest of another host, on its way here. */
static void assert_lets_in(DaemonFixture *f, bool expected) {
        g_autofree char *xml = guest_with_mdev(SOURCE_MDEV);
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_HOOK, "FilterDomain", &error, "ss",
                                    "migrate", xml);
        g_assert_true(!reply == !expected);
        if (!expected) {
                g_assert_cmpstr(error.name, ==, FERRY_ERROR_PREFIX "InvalidState");
                g_assert_nonnull(strstr(error.message, "'virt-ferry undrain' there ends that"));
        }
}

static void assert_stayed(DaemonFixture *f) {
        g_autoptr(sd_bus_message) reply = NULL;
        const char *name, *destination, *state, *reason;

        g_assert_cmpint(sd_bus_get_property(f->client, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                            FERRY_INTERFACE_MANAGER, "DrainGuests", NULL, &reply,
                                            "a(sssss)"),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sssss)"), >, 0);
        g_assert_cmpint(
                sd_bus_message_read(reply, "(sssss)", NULL, &name, &destination, &state, &reason),
                >, 0);
        g_assert_cmpstr(name, ==, "test");
        g_assert_cmpstr(destination, ==, "");
        g_assert_cmpstr(state, ==, "stayed");
        g_assert_cmpstr(reason, !=, "");
        g_assert_cmpint(sd_bus_message_at_end(reply, false), ==, 1);
}

static void assert_check_warns(DaemonFixture *f, bool expected) {
        const char *severity, *object, *sentence;
        g_autoptr(sd_bus_message) m = NULL;
        bool found = false;

        m = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "CheckHost", NULL, "");
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "(sss)"), >, 0);
        while (sd_bus_message_read(m, "(sss)", &severity, &object, &sentence) > 0)
                found = found ||
                        (g_str_equal(object, "drain") && g_str_equal(severity, "warning") &&
                         strstr(sentence, "is drained for maintenance"));
        g_assert_true(found == expected);
}

static void test_a_drain_ends_with_those_that_stayed(DaemonFixture *f, gconstpointer unused) {
        await_libvirt(f);
        assert_state(f, "");
        assert_check_warns(f, false);
        call(f, "Drain", URI);
        await_state(f, "partly");
        assert_stayed(f);
        assert_check_warns(f, true);
}

static void test_no_guest_comes_until_undrain(DaemonFixture *f, gconstpointer unused) {
        await_libvirt(f);
        call(f, "Drain", URI);
        assert_lets_in(f, false);
        await_state(f, "partly");

        g_assert_cmpint(daemon_fixture_end(f, SIGKILL), ==, -SIGKILL);
        daemon_fixture_start(f);
        assert_state(f, "partly");
        assert_lets_in(f, false);

        call(f, "Undrain", NULL);
        assert_state(f, "");
        assert_lets_in(f, true);
}

static void assert_refused(DaemonFixture *f, sd_bus_error *error, const sd_bus_message *reply,
                           const char *name, const char *words) {
        g_assert_null(reply);
        g_assert_cmpstr(error->name, ==, name);
        if (!strstr(error->message, words))
                g_error("not '%s' but '%s'", words, error->message);
        sd_bus_error_free(error);
        assert_state(f, "");
}

static void test_what_cannot_be_is_refused(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        await_libvirt(f);
#define DRAIN(...) daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "Drain", &error, __VA_ARGS__)
        assert_refused(f, &error, DRAIN("asa{sv}", 0, 0), SD_BUS_ERROR_INVALID_ARGS,
                       "needs 1 to 64 destinations, not 0");
        assert_refused(f, &error, DRAIN("asa{sv}", 2, URI, "hostb", 0), SD_BUS_ERROR_INVALID_ARGS,
                       "'hostb' is not the URI of a libvirt");
        assert_refused(f, &error, DRAIN("asa{sv}", 1, URI, 1, "fast", "b", true),
                       SD_BUS_ERROR_INVALID_ARGS, "Option 'fast' of Drain is unknown");
        assert_refused(f, &error, DRAIN("asa{sv}", 1, URI, 1, "persistent", "s", "yes"),
                       SD_BUS_ERROR_INVALID_ARGS, "has a value of another type");
}

static void test_a_daemon_without_libvirt_drains_nothing(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        assert_refused(f, &error, DRAIN("asa{sv}", 1, URI, 0), FERRY_ERROR_PREFIX "Unavailable",
                       "has not told yet which guests run");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/drain/it ends with those that stayed, and check warns", DaemonFixture, NULL,
                   set_up, test_a_drain_ends_with_those_that_stayed, daemon_fixture_tear_down);
        g_test_add("/drain/no guest comes until undrain, also after a kill", DaemonFixture, NULL,
                   set_up, test_no_guest_comes_until_undrain, daemon_fixture_tear_down);
        g_test_add("/drain/what cannot be is refused", DaemonFixture, NULL, set_up,
                   test_what_cannot_be_is_refused, daemon_fixture_tear_down);
        g_test_add("/drain/a daemon without libvirt drains nothing", DaemonFixture, NULL,
                   daemon_fixture_set_up, test_a_daemon_without_libvirt_drains_nothing,
                   daemon_fixture_tear_down);
        return g_test_run();
}
