/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* virtferry-trial: tries the migration of one device that nobody has, and prints
 * what it has measured as JSON. virtferryd runs it for 'virt-ferry probe' and for
 * 'virt-ferry check --trial', since a driver that hangs takes its caller with it;
 * an administrator may too, to save a state and to load one into another device.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/trial/trial.h"
#include "xml/ferry-error.h"

static char *save_path, *load_path;
static int save_fd = -1, load_fd = -1;
static int limit_mib = (int)(STATE_DOCUMENT_LIMIT / 1024 / 1024);

static const GOptionEntry entries[] = {
        { "save", 0, 0, G_OPTION_ARG_FILENAME, &save_path, "Keep the state of the device in FILE",
          "FILE" },
        { "load", 0, 0, G_OPTION_ARG_FILENAME, &load_path,
          "Load the state in FILE, not the device's own", "FILE" },
        { "save-fd", 0, 0, G_OPTION_ARG_INT, &save_fd, "The same, in this open file", "N" },
        { "load-fd", 0, 0, G_OPTION_ARG_INT, &load_fd, "The same, in this open file", "N" },
        { "limit", 0, 0, G_OPTION_ARG_INT, &limit_mib, "Largest state, 64 unless given", "MIB" },
        { 0 },
};

static bool saves(void) {
        return save_path || save_fd >= 0;
}

static bool loads(void) {
        return load_path || load_fd >= 0;
}

static bool parse(int argc, char **argv, GError **error) {
        g_autoptr(GOptionContext) context = g_option_context_new("DEVICE");

        g_option_context_set_summary(context,
                                     "Tries the migration of a free device: PCI address or uuid.");
        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, &argc, &argv, error))
                return false;

        if (argc != 2)
                g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "it takes one DEVICE");
        else if (saves() && loads())
                g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                            "--save and --load cannot go together");
        else if (limit_mib < 1 || limit_mib > 65536)
                g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                            "--limit must be 1 to 65536, not %d", limit_mib);
        else
                return true;
        return false;
}

/* A device is not left half way because somebody wants us to end: that takes a moment, or SIGKILL.
 */
static void hold_signals(void) {
        sigset_t set;

        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGINT);
        (void)sigaddset(&set, SIGHUP);
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
        (void)signal(SIGPIPE, SIG_IGN);
}

static TrialSubject *find_subject(const Sysfs *sysfs, const char *name, GError **error) {
        TrialSubject *subject;
        int r;

        r = trial_subject_read(sysfs, name, &subject);
        if (r < 0) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "There is no device '%s': %s", name,
                            r == -EINVAL ? "name a PCI address or the uuid of an mdev"
                                         : g_strerror(-r));
                return NULL;
        }
        return subject;
}

static bool save(const TrialSubject *subject, GBytes *state, GError **error) {
        g_autoptr(StateDocument) document = NULL;

        if (!state)
                return true;

        document = state_document_new(fingerprint_copy(subject->fingerprint), g_bytes_ref(state));
        return save_path ? state_document_save(document, save_path, error)
                         : state_document_write(document, save_fd, error);
}

static StateDocument *load(const TrialSubject *subject, uint64_t limit, GError **error) {
        g_autoptr(StateDocument) document = NULL;

        document = load_path ? state_document_load(load_path, limit, error)
                             : state_document_read(load_fd, "The state", limit, error);
        if (!document || !trial_check_document(subject, document, error))
                return NULL;
        return g_steal_pointer(&document);
}

/* Nothing was tried: for the daemon a report without steps, for a person a line. */
static void tell(const char *name, const GError *error) {
        g_autoptr(TrialReport) report = trial_report_new(name);
        g_autofree char *json = NULL;

        if (load_fd < 0) {
                (void)fprintf(stderr, "virtferry-trial: %s\n", error->message);
                return;
        }

        report->verdict = g_strdup(error->message);
        json = trial_report_to_json(report);
        puts(json);
}

/* 0 good, 1 not; -1 with an error. */
static int run(const char *name, GError **error) {
        TrialOptions options = { .limit = (uint64_t)limit_mib * 1024 * 1024 };
        g_autoptr(Sysfs) sysfs = sysfs_open("/");
        g_autoptr(StateDocument) document = NULL;
        g_autoptr(TrialSubject) subject = NULL;
        g_autoptr(TrialReport) report = NULL;
        g_autoptr(GBytes) saved = NULL;
        g_autofree char *json = NULL;

        subject = find_subject(sysfs, name, error);
        if (!subject)
                return -1;

        if (loads()) {
                document = load(subject, options.limit, error);
                if (!document)
                        return -1;
                options.given = document->state;
        }
        options.ret_saved = &saved;

        report = trial_run(sysfs, subject, &options);
        json = trial_report_to_json(report);
        puts(json);
        if (saves() && !save(subject, saved, error))
                return -1;
        return report->good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
        g_autoptr(GError) error = NULL;
        int status;

        if (!parse(argc, argv, &error)) {
                (void)fprintf(stderr, "virtferry-trial: %s, see 'virtferry-trial --help'\n",
                              error->message);
                return 2;
        }

        hold_signals();
        status = run(argv[1], &error); /* the one that the options have left */
        if (status < 0)
                tell(argv[1], error);
        return status < 0 ? EXIT_FAILURE : status;
}
