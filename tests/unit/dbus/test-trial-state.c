/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

/* SaveTrialState() and LoadTrialState() of the real daemon, with a script in the place of
 * virtferry-trial. */

#define REPORT                                                                                     \
        "printf '{\"device\":\"%s\",\"good\":false,\"verdict\":\"%s: it will not\",\"steps\":[{"   \
        "\"name\":\"load\",\"outcome\":\"failed\",\"usec\":12,\"bytes\":22,\"errno\":14,\"error\"" \
        ":\"\",\"text\":\"Bad address\"}]}' \"$2\" \"$2\""

/* The daemon anew, with this script. */
static void use_helper(DaemonFixture *f, const char *body) {
        g_autofree char *path = g_build_filename(f->directory, "trial", NULL);
        g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", body);
        const char *const more[] = { "--trial-helper", path, NULL };

        g_assert_true(
                g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        f->more = more;
        daemon_fixture_start(f);
        f->more = NULL;
}

static sd_bus_message *load_call(DaemonFixture *f, const char *device, const void *data,
                                 size_t size) {
        g_autofree char *xml = guest_with_mdev(SOURCE_MDEV);
        sd_bus_message *m = NULL;

        g_assert_cmpint(sd_bus_message_new_method_call(f->client, &m, FERRY_BUS_NAME,
                                                       FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER,
                                                       "LoadTrialState"),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "ss", xml, device), >=, 0);
        g_assert_cmpint(sd_bus_message_append_array(m, 'y', data, size), >=, 0);
        return m;
}

static sd_bus_message *load(DaemonFixture *f, const char *device, const void *data, size_t size,
                            sd_bus_error *error) {
        g_autoptr(sd_bus_message) m = load_call(f, device, data, size);
        sd_bus_message *reply = NULL;

        (void)sd_bus_call(f->client, m, 0, error, &reply);
        return reply;
}

static void assert_refused(const sd_bus_message *reply, const sd_bus_error *error, const char *name,
                           const char *words) {
        g_assert_null(reply);
        g_assert_cmpstr(error->name, ==, name);
        if (!strstr(error->message, words))
                g_error("no '%s' in '%s'", words, error->message);
}

static void assert_no_lease(DaemonFixture *f) {
        g_autoptr(sd_bus_message) m = NULL;

        m = daemon_fixture_call(f, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
                                "");
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}"), >, 0);
        while (sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}") > 0) {
                const char *path;

                g_assert_cmpint(sd_bus_message_read(m, "o", &path), >, 0);
                g_assert_false(g_str_has_prefix(path, FERRY_OBJECT_LEASE "/"));
                g_assert_cmpint(sd_bus_message_skip(m, "a{sa{sv}}"), >, 0);
                g_assert_cmpint(sd_bus_message_exit_container(m), >, 0);
        }
}

static void test_the_driver_has_the_last_word(DaemonFixture *f, gconstpointer unused) {
        g_autoptr(sd_bus_message) m = NULL;
        const char *tried, *verdict, *step, *outcome, *error_name, *text;
        uint64_t usec, bytes;
        int good = true, number;

        use_helper(f, "test \"$(cat /proc/self/fd/3)\" = 'its state' && " REPORT);
        m = load(f, "hostdev 0", "its state", 9, NULL);
        g_assert_nonnull(m);
        g_assert_cmpint(sd_bus_message_read(m, "sbs", &tried, &good, &verdict), >, 0);
        g_assert_cmpstr(tried, ==, HERE_MDEV);
        g_assert_false(good);
        g_assert_cmpstr(verdict, ==, HERE_MDEV ": it will not");
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "(ssttiss)"), >, 0);
        g_assert_cmpint(sd_bus_message_read(m, "(ssttiss)", &step, &outcome, &usec, &bytes, &number,
                                            &error_name, &text),
                        >, 0);
        g_assert_cmpstr(step, ==, "load");
        g_assert_cmpstr(error_name, ==, "EFAULT");
        assert_no_lease(f);
}

static void test_a_document_that_is_refused_is_a_sentence(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) m = NULL;

        use_helper(f,
                   "printf '{\"device\":\"%s\",\"good\":false,\"verdict\":\"The state is cut off "
                   "or damaged\",\"steps\":[]}' \"$2\"");
        m = load(f, "hostdev 0", "x", 1, &error);
        assert_refused(m, &error, FERRY_ERROR_PREFIX "InvalidArgs", "The state is cut off");
        assert_no_lease(f);
}

static void test_a_document_that_is_too_large_is_refused(DaemonFixture *f, gconstpointer unused) {
        size_t size = 25 * 1024 * 1024;
        g_autofree char *much = g_malloc0(size);
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) m = load(f, "hostdev 0", much, size, &error);

        assert_refused(m, &error, SD_BUS_ERROR_INVALID_ARGS,
                       "A saved state may have at most 24 MiB, and this one has 25");
}

static void test_a_device_that_the_guest_has_not_is_refused(DaemonFixture *f,
                                                            gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) m = load(f, "hostdev 7", "x", 1, &error);

        assert_refused(m, &error, FERRY_ERROR_PREFIX "NotFound",
                       "Guest g1 has no passthrough device 'hostdev 7'");
}

static void test_without_libvirt_nothing_is_saved(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) m = daemon_fixture_call(
                f, FERRY_INTERFACE_MANAGER, "SaveTrialState", &error, "ss", "g1", "hostdev 0");

        assert_refused(m, &error, FERRY_ERROR_PREFIX "Unavailable", "has no libvirt to ask");
}

static void test_a_guest_without_devices_saves_nothing(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) m = NULL;

        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        f->libvirt = "test:///default";
        daemon_fixture_start(f);
        daemon_fixture_await(f, "PropertiesChanged " FERRY_OBJECT_ROOT " LibvirtConnected");
        m = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "SaveTrialState", &error, "ss", "test",
                                "hostdev 0");
        assert_refused(m, &error, FERRY_ERROR_PREFIX "NotFound",
                       "Guest test has no passthrough device 'hostdev 0'");
}

static void assert_answers(DaemonFixture *f) {
        g_autofree char *version = daemon_fixture_get(f, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER,
                                                      "Version", "s");

        g_assert_nonnull(version);
}

/* A helper that waits at a pipe; the trial is under way when it has its lease. */
static void begin_and_hang(DaemonFixture *f) {
        g_autofree char *fifo = g_build_filename(f->directory, "fifo", NULL);
        g_autofree char *body = g_strdup_printf("cat '%s'; " REPORT, fifo, "%s", "%s");
        g_autoptr(sd_bus_message) m = NULL;

        g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
        use_helper(f, body);
        m = load_call(f, "hostdev 0", "x", 1);
        g_assert_cmpint(sd_bus_call_async(f->client, NULL, m, NULL, NULL, 0), >=, 0);
        while (!strstr(f->signals->str, "InterfacesAdded " FERRY_OBJECT_LEASE "/"))
                g_assert_cmpint(sd_event_run(f->event, UINT64_MAX), >=, 0);
        assert_answers(f); /* so the call was dispatched, and the helper runs */
}

static void let_go(DaemonFixture *f) {
        g_autofree char *fifo = g_build_filename(f->directory, "fifo", NULL);
        FILE *file = fopen(fifo, "we");

        g_assert_nonnull(file);
        g_assert_cmpint(fclose(file), ==, 0);
}

static void test_nobody_gets_it_meanwhile_and_all_is_given_back(DaemonFixture *f,
                                                                gconstpointer unused) {
        g_autofree char *xml = guest_with_mdev(HERE_MDEV);
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) m = NULL;

        begin_and_hang(f);
        m = daemon_fixture_call(f, FERRY_INTERFACE_HOOK, "PrepareDomain", &error, "s", xml);
        assert_refused(m, &error, FERRY_ERROR_PREFIX "Leased", "leased to guest g1 (trial)");
        let_go(f);
        while (!strstr(f->signals->str, "InterfacesRemoved " FERRY_OBJECT_LEASE "/"))
                g_assert_cmpint(sd_event_run(f->event, UINT64_MAX), >=, 0);
        assert_no_lease(f);
}

/* What the dead one had promised is given back by the next. */
static void test_a_kill_leaves_no_lease(DaemonFixture *f, gconstpointer unused) {
        begin_and_hang(f);
        g_assert_cmpint(kill(f->daemon->pid, SIGKILL), ==, 0);
        let_go(f); /* the helper lives on, and has the daemon's stderr */
        g_assert_cmpint(daemon_fixture_end(f, SIGKILL), ==, -SIGKILL);
        daemon_fixture_start(f);
        assert_no_lease(f);
}

int main(int argc, char **argv) {
#define ADD(name, function)                                                                    \
        g_test_add("/trial-state/" name, DaemonFixture, NULL, daemon_fixture_set_up, function, \
                   daemon_fixture_tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("the driver has the last word", test_the_driver_has_the_last_word);
        ADD("a document that is refused is a sentence",
            test_a_document_that_is_refused_is_a_sentence);
        ADD("a document that is too large is refused",
            test_a_document_that_is_too_large_is_refused);
        ADD("a device that the guest has not is refused",
            test_a_device_that_the_guest_has_not_is_refused);
        ADD("without libvirt nothing is saved", test_without_libvirt_nothing_is_saved);
        ADD("a guest without devices saves nothing", test_a_guest_without_devices_saves_nothing);
        ADD("nobody gets it meanwhile and all is given back",
            test_nobody_gets_it_meanwhile_and_all_is_given_back);
        ADD("a kill leaves no lease", test_a_kill_leaves_no_lease);
        return g_test_run();
}
