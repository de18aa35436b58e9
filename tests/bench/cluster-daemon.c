/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/cluster-daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define STARTS    3
#define QUESTIONS 5
#define LOOK_USEC 5000u /* between two looks */

static int compare_doubles(const void *a, const void *b) {
        double left = *(const double *)a, right = *(const double *)b;

        return (left > right) - (left < right);
}

static double median(double *values, size_t n) {
        qsort(values, n, sizeof(*values), compare_doubles);
        return values[n / 2];
}

/* What keeps the machine busy only makes it longer. */
static double least(const double *values, size_t n) {
        double result = values[0];

        for (size_t i = 1; i < n; i++)
                result = MIN(result, values[i]);
        return result;
}

static double seconds_since(int64_t begin) {
        return (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
}

/* 0: etcd has not told all yet. */
static unsigned hosts_known(DaemonFixture *fixture) {
        g_autoptr(sd_bus_message) reply = daemon_fixture_call(fixture, FERRY_INTERFACE_MANAGER,
                                                              "ListHosts", NULL, "");
        const char *away;
        unsigned n = 0;

        g_assert_cmpint(sd_bus_message_read(reply, "s", &away), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sbbtsssss)"), >, 0);
        while (sd_bus_message_skip(reply, "(sbbtsssss)") > 0)
                n++;
        return *away ? 0 : n;
}

static double start(DaemonFixture *fixture, unsigned hosts) {
        int64_t begin = g_get_monotonic_time();

        daemon_fixture_start(fixture);
        while (hosts_known(fixture) < hosts)
                g_assert_cmpint(sd_event_run(fixture->event, LOOK_USEC), >=, 0);
        return seconds_since(begin);
}

/* A line of /proc/PID/..., in MB. */
static double megabytes(const DaemonFixture *fixture, const char *file, const char *name) {
        g_autofree char *path = g_strdup_printf("/proc/%d/%s", fixture->daemon->pid, file);
        g_autofree char *text = NULL;
        const char *line;

        if (!g_file_get_contents(path, &text, NULL, NULL) || !(line = strstr(text, name)))
                g_error("%s has no %s", path, name);
        return g_ascii_strtod(line + strlen(name), NULL) * 1024 / 1e6;
}

static double ask_place(DaemonFixture *fixture) {
        double times[QUESTIONS];

        for (unsigned i = 0; i < QUESTIONS; i++) {
                int64_t begin = g_get_monotonic_time();

                sd_bus_message_unref(daemon_fixture_call(
                        fixture, FERRY_INTERFACE_MANAGER, "Place", NULL, "s",
                        "<slice version='1'><cores count='2' exclusive='yes'/></slice>"));
                times[i] = seconds_since(begin) * 1e3;
        }
        return median(times, QUESTIONS);
}

ClusterDaemon cluster_daemon_measure(const char *url, unsigned hosts) {
        g_autofree char *config = g_strdup_printf(
                "[Cluster]\nEtcd=%s\nName=bench\nHost=started\nTTLSec=60\n", url);
        DaemonFixture fixture = { 0 };
        double starts[STARTS];
        ClusterDaemon result;

        daemon_fixture_set_up(&fixture, config);
        for (unsigned i = 0; i < STARTS; i++) {
                g_assert_cmpint(daemon_fixture_end(&fixture, SIGTERM), ==, 0);
                starts[i] = start(&fixture, hosts);
        }
        result = (ClusterDaemon){ .start = least(starts, STARTS),
                                  .peak = megabytes(&fixture, "status", "VmHWM:"),
                                  .place = ask_place(&fixture),
                                  .rest = megabytes(&fixture, "smaps_rollup", "Pss:") };
        daemon_fixture_tear_down(&fixture, NULL);
        return result;
}
