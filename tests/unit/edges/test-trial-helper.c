/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/edges/trial-helper.h"
#include "daemon/guest-trial.h"
#include "tests/unit/daemon/manager-fixture.h"

/* Scripts take the place of virtferry-trial. */

#define MINUTE (60 * G_USEC_PER_SEC)
#define REPORT "{\"device\":\"%s\",\"good\":true,\"verdict\":\"it went well\",\"steps\":[]}"

typedef struct HelperFixture {
        Fixture manager;
        sd_event *loop;
        char *directory, *script, *fifo;
        TrialHelper *helper;
        GString *told;
} HelperFixture;

static void on_trial(void *userdata, const char *device, const TrialReport *report,
                     const GError *error) {
        HelperFixture *f = userdata;

        g_string_append_printf(f->told, "%s: %s\n", device,
                               report ? report->verdict : error->message);
}

static void set_up(HelperFixture *f, gconstpointer unused) {
        fixture_set_up(&f->manager, NULL);
        fake_root_add_mdev(f->manager.root, "mtty", "mtty-1", HERE_MDEV);
        fake_root_add_mdev(f->manager.root, "mtty", "mtty-1", HERE_MDEV_2);
        g_assert_cmpint(inventory_scan(f->manager.manager->inventory), ==, 0);
        f->told = g_string_new(NULL);
        trials_set_listener(f->manager.manager->trials, on_trial, f);

        g_assert_cmpint(sd_event_new(&f->loop), >=, 0);
        f->directory = g_dir_make_tmp("ferry-XXXXXX", NULL);
        f->script = g_build_filename(f->directory, "trial", NULL);
        f->fifo = g_build_filename(f->directory, "fifo", NULL);
        g_assert_cmpint(mkfifo(f->fifo, 0600), ==, 0);
}

static void tear_down(HelperFixture *f, gconstpointer unused) {
        trial_helper_free(f->helper);
        sd_event_unref(f->loop);
        g_string_free(f->told, TRUE);
        g_unlink(f->script);
        g_unlink(f->fifo);
        g_assert_cmpint(g_rmdir(f->directory), ==, 0);
        g_free(f->directory);
        g_free(f->script);
        g_free(f->fifo);
        fixture_tear_down(&f->manager, NULL);
}

static void use_script(HelperFixture *f, uint64_t timeout, const char *body) {
        g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", body);

        g_assert_true(g_file_set_contents_full(f->script, text, -1, G_FILE_SET_CONTENTS_NONE, 0700,
                                               NULL));
        f->helper = trial_helper_new(f->loop, f->manager.manager->trials, f->script, timeout);
}

static void begin(HelperFixture *f, const char *device) {
        g_autoptr(GError) error = NULL;

        g_assert_true(trials_begin(f->manager.manager->trials, device, &error));
        g_assert_no_error(error);
}

static bool is_tried(HelperFixture *f, const char *device) {
        return lease_book_is_tried(f->manager.manager->leases, device);
}

static void run_until_over(HelperFixture *f, const char *device) {
        while (is_tried(f, device))
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >=, 0);
}

static void test_what_it_prints_is_the_report(HelperFixture *f, gconstpointer unused) {
        use_script(f, MINUTE, "printf '" REPORT "' \"$1\"");
        begin(f, HERE_MDEV);
        g_assert_cmpstr(f->told->str, ==, ""); /* nobody has waited for it */
        run_until_over(f, HERE_MDEV);
        g_assert_cmpstr(f->told->str, ==, HERE_MDEV ": it went well\n");
}

/* Each waits for the other: one opens the pipe to read, one to write. */
static void test_several_run_beside_each_other(HelperFixture *f, gconstpointer unused) {
        g_autofree char *body = g_strdup_printf("case $1 in " HERE_MDEV
                                                ") : <'%s' ;; *) : >'%s' ;; esac\n"
                                                "printf '" REPORT "' \"$1\"",
                                                f->fifo, f->fifo, "%s");

        use_script(f, MINUTE, body);
        begin(f, HERE_MDEV);
        begin(f, HERE_MDEV_2);
        run_until_over(f, HERE_MDEV);
        run_until_over(f, HERE_MDEV_2);
        g_assert_nonnull(strstr(f->told->str, HERE_MDEV ": it went well\n"));
        g_assert_nonnull(strstr(f->told->str, HERE_MDEV_2 ": it went well\n"));
}

/* It waits at a pipe that nobody ever opens. */
static void test_one_that_hangs_is_killed(HelperFixture *f, gconstpointer unused) {
        g_autofree char *body = g_strdup_printf("exec cat '%s'", f->fifo);

        use_script(f, 1, body);
        begin(f, HERE_MDEV);
        run_until_over(f, HERE_MDEV);
        g_assert_nonnull(strstr(f->told->str, "its driver mtty hangs"));
        g_assert_cmpstr(strchr(f->told->str, '\n'), ==, "\n"); /* told once */
        g_assert_nonnull(inventory_find(f->manager.manager->inventory, HERE_MDEV)->finding);
}

static void test_one_that_fails_is_told_with_its_status(HelperFixture *f, gconstpointer unused) {
        use_script(f, MINUTE, "exit 7");
        begin(f, HERE_MDEV);
        run_until_over(f, HERE_MDEV);
        g_assert_nonnull(strstr(f->told->str, "without a report (exit status 7)"));
}

static void test_one_that_crashes_is_told_with_its_signal(HelperFixture *f, gconstpointer unused) {
        use_script(f, MINUTE, "kill -SEGV $$");
        begin(f, HERE_MDEV);
        run_until_over(f, HERE_MDEV);
        g_assert_nonnull(strstr(f->told->str, "without a report (signal 11)"));
}

static void test_one_that_prints_for_ever_is_not_kept(HelperFixture *f, gconstpointer unused) {
        use_script(f, MINUTE, "head -c 1000000 /dev/zero");
        begin(f, HERE_MDEV);
        run_until_over(f, HERE_MDEV);
        g_assert_nonnull(strstr(f->told->str, "without a report (exit status 0)"));
}

static void test_without_the_program_the_reason_is_told(HelperFixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        f->helper = trial_helper_new(f->loop, f->manager.manager->trials, "/nonexistent/trial",
                                     MINUTE);
        g_assert_false(trials_begin(f->manager.manager->trials, HERE_MDEV, &error));
        g_assert_nonnull(strstr(error->message, "cannot be run: No such file or directory"));
        g_assert_false(is_tried(f, HERE_MDEV));
}

/* States go over an open file, as a trial of a guest's move has them. */

static void on_guest_trial(void *userdata, const GuestTrialResult *result, const GError *error) {
        HelperFixture *f = userdata;

        g_assert_no_error(error);
        g_string_append_printf(
                f->told, "%s %s", result->report ? result->report->verdict : result->note,
                result->document ? (const char *)g_bytes_get_data(result->document, NULL) : "");
}

static void run_until_told(HelperFixture *f, const char *expected) {
        g_string_truncate(f->told, 0);
        while (f->told->len == 0)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >=, 0);
        if (!strstr(f->told->str, expected))
                g_error("no '%s' in '%s'", expected, f->told->str);
}

static void save(HelperFixture *f, const char *body) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, NULL);
        g_autoptr(GError) error = NULL;

        use_script(f, MINUTE, body);
        g_assert_true(
                guest_trial_save(f->manager.manager, xml, "hostdev 0", on_guest_trial, f, &error));
        g_assert_no_error(error);
}

static void test_a_state_that_it_saves_comes_back(HelperFixture *f, gconstpointer unused) {
        save(f, "test $1 = --save-fd=3 && printf 'the state\\0' >&3 && printf '" REPORT "' \"$2\"");
        run_until_told(f, "it went well the state");
}

static void test_a_state_larger_than_a_message_is_not_taken(HelperFixture *f,
                                                            gconstpointer unused) {
        save(f, "truncate -s 30M /proc/self/fd/3 && printf '" REPORT "' \"$2\"");
        run_until_told(f, "is more than the 24 MiB that pass over the bus");
}

static void test_a_state_that_is_given_is_there(HelperFixture *f, gconstpointer unused) {
        g_autofree char *xml = guest_xml("g1", GUEST_UUID, HERE_MDEV, "mtty-1");
        g_autoptr(GBytes) document = g_bytes_new_static("given", 5);

        use_script(f, MINUTE,
                   "test $1 = --load-fd=3 && test \"$(cat /proc/self/fd/3)\" = given && printf "
                   "'" REPORT "' \"$2\"");
        g_assert_true(guest_trial_load(f->manager.manager, xml, "hostdev 0", document,
                                       on_guest_trial, f, NULL));
        run_until_told(f, "it went well");
}

/* The loop has gone, and whoever runs goes on: to the end of the pipe that we open now. */
static void test_its_end_waits_for_nobody(HelperFixture *f, gconstpointer unused) {
        g_autofree char *body = g_strdup_printf("exec cat '%s'", f->fifo);
        FILE *file;

        use_script(f, MINUTE, body);
        begin(f, HERE_MDEV);
        g_clear_pointer(&f->helper, trial_helper_free);
        g_assert_cmpstr(f->told->str, ==, "");
        file = fopen(f->fifo, "we"); /* opens when it reads */
        g_assert_nonnull(file);
        g_assert_cmpint(fclose(file), ==, 0);
}

#define ADD(name, function) \
        g_test_add("/trial-helper/" name, HelperFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        sigset_t set;

        g_assert_cmpint(sigemptyset(&set), ==, 0);
        g_assert_cmpint(sigaddset(&set, SIGCHLD), ==, 0);
        g_assert_cmpint(sigprocmask(SIG_BLOCK, &set, NULL), ==, 0);

        g_test_init(&argc, &argv, NULL);
        ADD("what it prints is the report", test_what_it_prints_is_the_report);
        ADD("several run beside each other", test_several_run_beside_each_other);
        ADD("one that hangs is killed", test_one_that_hangs_is_killed);
        ADD("one that fails is told with its status", test_one_that_fails_is_told_with_its_status);
        ADD("one that crashes is told with its signal",
            test_one_that_crashes_is_told_with_its_signal);
        ADD("one that prints for ever is not kept", test_one_that_prints_for_ever_is_not_kept);
        ADD("without the program the reason is told", test_without_the_program_the_reason_is_told);
        ADD("a state that it saves comes back", test_a_state_that_it_saves_comes_back);
        ADD("a state larger than a message is not taken",
            test_a_state_larger_than_a_message_is_not_taken);
        ADD("a state that is given is there", test_a_state_that_is_given_is_there);
        ADD("its end waits for nobody", test_its_end_waits_for_nobody);
        return g_test_run();
}
