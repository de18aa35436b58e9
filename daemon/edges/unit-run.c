/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/unit-run.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define SYSTEMD           "org.freedesktop.systemd1"
#define SYSTEMD_PATH      "/org/freedesktop/systemd1"
#define SYSTEMD_INTERFACE "org.freedesktop.systemd1.Manager"

#define WORDS_MAX         4096

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus, sd_bus_flush_close_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

typedef struct Job {
        const char *unit;
        bool ended, good;
} Job;

/* JobRemoved(u id, o job, s unit, s result) */
static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *unit, *result;
        Job *job = userdata;

        if (sd_bus_message_read(m, "uoss", NULL, NULL, &unit, &result) < 0 ||
            !g_str_equal(unit, job->unit))
                return 0;

        job->ended = true;
        job->good = g_str_equal(result, "done");
        return 0;
}

static int append_command(sd_bus_message *m, const char *const *argv) {
        int r;

        if ((r = sd_bus_message_open_container(m, 'r', "sv")) < 0 ||
            (r = sd_bus_message_append(m, "s", "ExecStart")) < 0 ||
            (r = sd_bus_message_open_container(m, 'v', "a(sasb)")) < 0 ||
            (r = sd_bus_message_open_container(m, 'a', "(sasb)")) < 0 ||
            (r = sd_bus_message_open_container(m, 'r', "sasb")) < 0 ||
            (r = sd_bus_message_append(m, "s", argv[0])) < 0 ||
            (r = sd_bus_message_append_strv(m, (char **)argv)) < 0 ||
            (r = sd_bus_message_append(m, "b", 0)) < 0)
                return r;

        for (int i = 0; i < 4; i++)
                if ((r = sd_bus_message_close_container(m)) < 0)
                        return r;
        return 0;
}

/* A oneshot's job ends when the program has. */
static int append_properties(sd_bus_message *m, const char *description, const char *const *argv,
                             int words) {
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "(sv)")) < 0 ||
            (r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "Description", "s", description,
                                       "Type", "s", "oneshot", "CollectMode", "s",
                                       "inactive-or-failed", "StandardErrorFileDescriptor", "h",
                                       words)) < 0 ||
            (r = append_command(m, argv)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int start(sd_bus *bus, const char *name, const char *description, const char *const *argv,
                 int words) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, SYSTEMD, SYSTEMD_PATH, SYSTEMD_INTERFACE,
                                           "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", name, "fail");
        if (r >= 0)
                r = append_properties(m, description, argv, words);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r >= 0)
                r = sd_bus_call(bus, m, 0, NULL, NULL);
        return r;
}

static int await_end(sd_bus *bus, const Job *job) {
        int r = 0;

        while (r >= 0 && !job->ended) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        return r;
}

static char *last_line(int fd) {
        char text[WORDS_MAX + 1];
        ssize_t size = pread(fd, text, WORDS_MAX, 0);
        const char *line;

        text[MAX(size, 0)] = 0;
        g_strchomp(text);
        line = strrchr(text, '\n');
        return g_strdup(line ? line + 1 : text);
}

static int run(sd_bus *bus, const char *name, const char *description, const char *const *argv,
               int words, bool *ret_good) {
        Job job = { .unit = name };
        int r;

        r = sd_bus_match_signal(bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_INTERFACE, "JobRemoved",
                                on_job_removed, &job);
        if (r >= 0)
                r = sd_bus_call_method(bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD_INTERFACE, "Subscribe",
                                       NULL, NULL, NULL);
        if (r >= 0)
                r = start(bus, name, description, argv, words);
        if (r >= 0)
                r = await_end(bus, &job);
        *ret_good = job.good;
        return r;
}

int unit_run(const char *name, const char *description, const char *const *argv, char **ret_words) {
        int words = memfd_create("words", MFD_CLOEXEC), r;
        g_autoptr(sd_bus) bus = NULL;
        bool good = false;

        if (words < 0)
                return -errno;

        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = run(bus, name, description, argv, words, &good);
        if (r >= 0 && !good)
                *ret_words = last_line(words);
        (void)close(words);
        return r < 0 ? r : good ? 0 : 1;
}
