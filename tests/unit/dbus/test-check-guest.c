/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CheckGuest() of the real daemon, which asks libvirt's test driver, and CheckArrival(). */

#include <string.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define NAME "test" /* the guest that the test driver has */

static void set_up(DaemonFixture *f, gconstpointer unused) {
        f->libvirt = "test:///default";
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

static sd_bus_message *ask(DaemonFixture *f, const char *guest, sd_bus_error *error) {
        return daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "CheckGuest", error, "s", guest);
}

/* The driver's libvirt is of today; the made-up host has no VFIO, and the guest no device. */
static void test_a_guest_comes_with_its_domain_and_findings(DaemonFixture *f,
                                                            gconstpointer unused) {
        g_autoptr(sd_bus_message) reply = NULL;
        const char *name, *xml;

        await_libvirt(f);
        reply = ask(f, NAME, NULL);
        g_assert_cmpint(sd_bus_message_read(reply, "ss", &name, &xml), >, 0);
        g_assert_cmpstr(name, ==, NAME);
        g_assert_true(g_str_has_prefix(xml, "<domain type='test'"));
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sss)"), >, 0);
        g_assert_cmpint(sd_bus_message_at_end(reply, false), ==, 1);
}

static void test_a_guest_that_is_not_there(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        await_libvirt(f);
        g_assert_null(ask(f, "nobody", &error));
        g_assert_cmpstr(error.name, ==, FERRY_ERROR_PREFIX "NotFound");
        g_assert_cmpstr(error.message, ==,
                        "This host has no guest 'nobody': 'virsh list --all' names those it has");
}

static void test_a_daemon_without_libvirt(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        g_assert_null(ask(f, NAME, &error));
        g_assert_cmpstr(error.name, ==, FERRY_ERROR_PREFIX "Unavailable");
        g_assert_nonnull(strstr(error.message, "journalctl -u virtferryd"));
}

/* The made-up host has no libvirt and no hook. */
static void test_a_guest_that_comes_is_held_against_the_host(DaemonFixture *f,
                                                             gconstpointer unused) {
        g_autofree char *xml = guest_with_mdev(SOURCE_MDEV);
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GString) text = g_string_new(NULL);
        const char *severity, *object;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "CheckArrival", NULL, "s", xml);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sss)"), >, 0);
        while (sd_bus_message_read(reply, "(sss)", &severity, &object, NULL) > 0)
                g_string_append_printf(text, "%s %s, ", severity, object);
        g_assert_cmpstr(text->str, ==,
                        "error libvirt, error /etc/libvirt/hooks/qemu.d/50-virtferry, ");
}

static void test_what_is_no_domain_is_refused(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        g_assert_null(daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "CheckArrival", &error, "s",
                                          "<network/>"));
        g_assert_cmpstr(error.name, ==, FERRY_ERROR_PREFIX "InvalidXML");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/check-guest/a guest comes with its domain and findings", DaemonFixture, NULL,
                   set_up, test_a_guest_comes_with_its_domain_and_findings,
                   daemon_fixture_tear_down);
        g_test_add("/check-guest/a guest that is not there is told", DaemonFixture, NULL, set_up,
                   test_a_guest_that_is_not_there, daemon_fixture_tear_down);
        g_test_add("/check-guest/a daemon without libvirt says so", DaemonFixture, NULL,
                   daemon_fixture_set_up, test_a_daemon_without_libvirt, daemon_fixture_tear_down);
        g_test_add("/check-guest/a guest that comes is held against the host", DaemonFixture, NULL,
                   daemon_fixture_set_up, test_a_guest_that_comes_is_held_against_the_host,
                   daemon_fixture_tear_down);
        g_test_add("/check-guest/what is no domain is refused", DaemonFixture, NULL,
                   daemon_fixture_set_up, test_what_is_no_domain_is_refused,
                   daemon_fixture_tear_down);
        return g_test_run();
}
