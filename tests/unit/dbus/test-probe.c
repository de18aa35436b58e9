/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

/* Probe() of the real daemon, with a script in the place of virtferry-trial. */

#define STEP                                                                                    \
        "{\"name\":\"%s\",\"outcome\":\"%s\",\"usec\":1200,\"bytes\":22,\"errno\":%d,\"error\"" \
        ":\"\",\"text\":\"%s\"}"

/* The daemon anew, with this script and this time for it. */
static void use_helper(DaemonFixture *f, const char *timeout, const char *body) {
        g_autofree char *path = g_build_filename(f->directory, "trial", NULL);
        g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", body);
        const char *const more[] = { "--trial-helper", path, "--trial-timeout", timeout, NULL };

        g_assert_true(
                g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        f->more = more;
        daemon_fixture_start(f);
        f->more = NULL;
}

static sd_bus_message *probe(DaemonFixture *f, const char *device, sd_bus_error *error) {
        g_autofree char *path = object_path(FERRY_OBJECT_DEVICE, device);
        sd_bus_message *reply = NULL;

        (void)sd_bus_call_method(f->client, FERRY_BUS_NAME, path, FERRY_INTERFACE_DEVICE, "Probe",
                                 error, &reply, "");
        return reply;
}

static void assert_refused(DaemonFixture *f, const char *device, const char *name,
                           const char *words) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = probe(f, device, &error);

        g_assert_null(reply);
        g_assert_cmpstr(error.name, ==, name);
        if (!strstr(error.message, words))
                g_error("no '%s' in '%s'", words, error.message);
}

static void assert_step(sd_bus_message *m, const char *name, const char *outcome, int number,
                        const char *number_name, const char *text) {
        const char *is_name, *is_outcome, *is_number_name, *is_text;
        uint64_t usec, bytes;
        int32_t is_number;

        g_assert_cmpint(sd_bus_message_read(m, "(ssttiss)", &is_name, &is_outcome, &usec, &bytes,
                                            &is_number, &is_number_name, &is_text),
                        >, 0);
        g_assert_cmpstr(is_name, ==, name);
        g_assert_cmpstr(is_outcome, ==, outcome);
        g_assert_cmpuint(usec, ==, 1200);
        g_assert_cmpuint(bytes, ==, 22);
        g_assert_cmpint(is_number, ==, number);
        g_assert_cmpstr(is_number_name, ==, number_name);
        g_assert_cmpstr(is_text, ==, text);
}

static void test_the_report_of_the_helper_is_the_answer(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *first = g_strdup_printf(STEP, "open", "done", 0, "");
        g_autofree char *second = g_strdup_printf(STEP, "load", "failed", 14, "Bad address");
        g_autofree char *body = g_strdup_printf("cat <<EOF\n{\"device\":\"$1\",\"good\":false,"
                                                "\"verdict\":\"$1: it is so\",\"steps\":[%s,%s]}\n"
                                                "EOF",
                                                first, second);
        g_autoptr(sd_bus_message) m = NULL;
        const char *verdict;
        int good = true;

        use_helper(f, "60000", body);
        m = probe(f, HERE_MDEV, NULL);
        g_assert_nonnull(m);
        g_assert_cmpint(sd_bus_message_read(m, "bs", &good, &verdict), >, 0);
        g_assert_false(good);
        g_assert_cmpstr(verdict, ==, HERE_MDEV ": it is so");
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "(ssttiss)"), >, 0);
        assert_step(m, "open", "done", 0, "", "");
        assert_step(m, "load", "failed", 14, "EFAULT", "Bad address");
        g_assert_cmpint(sd_bus_message_at_end(m, false), >, 0);
        program_await(f->daemon, f->daemon->err, HERE_MDEV ": it is so");
}

static char *hanging_helper(DaemonFixture *f) {
        g_autofree char *fifo = g_build_filename(f->directory, "fifo", NULL);

        g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
        return g_strdup_printf("exec cat '%s'", fifo);
}

static void test_a_helper_that_hangs_is_killed_and_found(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *body = hanging_helper(f);
        g_autoptr(sd_bus_message) m = NULL;
        const char *severity, *object, *sentence;
        bool found = false;

        use_helper(f, "1", body);
        assert_refused(f, HERE_MDEV, FERRY_ERROR_PREFIX "Hardware", "its driver mtty hangs");

        m = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "CheckHost", NULL, "");
        g_assert_nonnull(m);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "(sss)"), >, 0);
        while (sd_bus_message_read(m, "(sss)", &severity, &object, &sentence) > 0)
                found = found || strstr(sentence, "driver mtty hangs");
        g_assert_true(found);
}

/* Its pipe is opened and closed again, and it has nothing to say. */
static void end_helper(DaemonFixture *f) {
        g_autofree char *fifo = g_build_filename(f->directory, "fifo", NULL);
        FILE *file = fopen(fifo, "we");

        g_assert_nonnull(file);
        g_assert_cmpint(fclose(file), ==, 0);
        program_await(f->daemon, f->daemon->err, "has ended without a report");
}

/* The first call is still out when the other questions are answered. */
static void test_meanwhile_the_daemon_answers_and_nobody_gets_it(DaemonFixture *f,
                                                                 gconstpointer unused) {
        g_autofree char *body = hanging_helper(f), *xml = guest_with_mdev(HERE_MDEV);
        g_autofree char *path = object_path(FERRY_OBJECT_DEVICE, HERE_MDEV), *class_name = NULL;
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) prepared = NULL;

        use_helper(f, "600000", body);
        g_assert_cmpint(sd_bus_call_method_async(f->client, NULL, FERRY_BUS_NAME, path,
                                                 FERRY_INTERFACE_DEVICE, "Probe", NULL, NULL, ""),
                        >=, 0);

        assert_refused(f, HERE_MDEV, FERRY_ERROR_PREFIX "InvalidState", "is being tried already");
        class_name = daemon_fixture_get(f, path, FERRY_INTERFACE_DEVICE, "Class", "s");
        g_assert_cmpstr(class_name, ==, "mdev");
        prepared = daemon_fixture_call(f, FERRY_INTERFACE_HOOK, "PrepareDomain", &error, "s", xml);
        g_assert_null(prepared);
        g_assert_nonnull(strstr(error.message, "being tried by 'virt-ferry probe'"));
        end_helper(f);
}

static void test_what_cannot_be_tried_is_refused_with_a_sentence(DaemonFixture *f,
                                                                 gconstpointer unused) {
        g_autofree char *xml = guest_with_mdev(HERE_MDEV);
        g_autoptr(sd_bus_message) prepared = NULL;

        assert_refused(f, "mtty", FERRY_ERROR_PREFIX "InvalidArgs", "mtty makes devices");

        prepared = daemon_fixture_call(f, FERRY_INTERFACE_HOOK, "PrepareDomain", NULL, "s", xml);
        g_assert_nonnull(prepared);
        assert_refused(f, HERE_MDEV, FERRY_ERROR_PREFIX "Leased", "is leased to guest g1");
}

static void test_without_the_helper_it_is_unavailable(DaemonFixture *f, gconstpointer unused) {
        use_helper(f, "60000", "exit 0");
        g_assert_cmpint(daemon_fixture_end(f, SIGTERM), ==, 0);
        f->more = (const char *[]){ "--trial-helper", "/nonexistent/trial", NULL };
        daemon_fixture_start(f);
        f->more = NULL;
        assert_refused(f, HERE_MDEV, FERRY_ERROR_PREFIX "Unavailable",
                       "virtferry-trial cannot be run: No such file or directory");
}

int main(int argc, char **argv) {
#define ADD(name, function)                                                              \
        g_test_add("/probe/" name, DaemonFixture, NULL, daemon_fixture_set_up, function, \
                   daemon_fixture_tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("the report of the helper is the answer", test_the_report_of_the_helper_is_the_answer);
        ADD("a helper that hangs is killed and found",
            test_a_helper_that_hangs_is_killed_and_found);
        ADD("meanwhile the daemon answers and nobody gets it",
            test_meanwhile_the_daemon_answers_and_nobody_gets_it);
        ADD("what cannot be tried is refused with a sentence",
            test_what_cannot_be_tried_is_refused_with_a_sentence);
        ADD("without the helper it is unavailable", test_without_the_helper_it_is_unavailable);
        return g_test_run();
}
