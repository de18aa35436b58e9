/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/unit-run.h"

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "daemon/edges/unit-message.h"

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

/* A oneshot's job ends when the program has. */
static int start(sd_bus *bus, const char *name, const char *description, const char *const *argv,
                 int words) {
        const UnitOrder order = { name, description, "oneshot", argv, -1, words, NULL };
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = unit_message_new(bus, &order, &m);
        return r < 0 ? r : sd_bus_call(bus, m, 0, NULL, NULL);
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
        int words = unit_words_new(), r;
        g_autoptr(sd_bus) bus = NULL;
        bool good = false;

        if (words < 0)
                return words;

        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = run(bus, name, description, argv, words, &good);
        if (r >= 0 && !good)
                *ret_words = unit_words_last(words);
        (void)close(words);
        return r < 0 ? r : good ? 0 : 1;
}
