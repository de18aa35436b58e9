/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The half of the benchmark of promises that is ours, see promises.py.
 *
 *   bench-promises URL SEATS
 *
 * For each line "bus SECONDS", "edge SECONDS" or "bare SECONDS" of standard input, the promises a
 * second that were made and released in that way (promises.h), in one real etcd.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/promises.h"

typedef struct Bench {
        const char *url;
        unsigned seats;
} Bench;

void promises_check(bool good, const char *what) {
        if (good)
                return;

        fprintf(stderr, "%s\n", what);
        exit(EXIT_FAILURE);
}

char *promises_domain(unsigned seat) {
        return g_strdup_printf("99999999-0000-4000-8000-%012x", seat);
}

static void nothing(void *userdata) {
}

/* A host for each seat, and those beside them. */
static void fill(const Bench *bench) {
        const char *const urls[] = { bench->url, NULL };
        const EtcdAccess access = { .endpoints = urls };
        ClusterFill fill = { .prefix = PROMISES_PREFIX };

        promises_check(sd_event_new(&fill.loop) >= 0 && etcd_client_new(fill.loop, &access, nothing,
                                                                        NULL, &fill.client) >= 0,
                       "no client");
        cluster_fill_hosts(&fill, 0, bench->seats);
        etcd_client_free(fill.client);
        sd_event_unref(fill.loop);
}

/* The others have changed what it knows: it is made for each run, before that. */
static double run_bare(const Bench *bench, double seconds) {
        PromisesEdge *edge = promises_edge_new(bench->url, bench->seats);
        PromisesBare *bare = promises_bare_new(bench->url, promises_edge_copy(edge), bench->seats);
        int64_t begin;
        double rate;

        promises_edge_free(edge);
        begin = g_get_monotonic_time();
        rate = promises_bare_run(bare, seconds);
        rate /= (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
        promises_bare_free(bare);
        return rate;
}

static double run_bus(const Bench *bench, double seconds) {
        PromisesBus *bus = promises_bus_new(bench->url, bench->seats);
        int64_t begin = g_get_monotonic_time();
        double rate = promises_bus_run(bus, seconds);

        rate /= (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
        promises_bus_free(bus);
        return rate;
}

static double run_edge(const Bench *bench, double seconds) {
        PromisesEdge *edge = promises_edge_new(bench->url, bench->seats);
        int64_t begin = g_get_monotonic_time();
        double rate = promises_edge_run(edge, seconds);

        rate /= (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
        promises_edge_free(edge);
        return rate;
}

static double run(const Bench *bench, const char *way, double seconds) {
        if (g_str_equal(way, "bus"))
                return run_bus(bench, seconds);
        if (g_str_equal(way, "edge"))
                return run_edge(bench, seconds);

        promises_check(g_str_equal(way, "bare"), way);
        return run_bare(bench, seconds);
}

int main(int argc, char **argv) {
        Bench bench = { 0 };
        char line[64];

        promises_check(argc == 3, "Usage: bench-promises URL SEATS");
        bench = (Bench){ .url = argv[1], .seats = (unsigned)atoi(argv[2]) };
        fill(&bench);
        while (fgets(line, sizeof(line), stdin)) {
                g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 0);

                promises_check(g_strv_length(words) == 2, line);
                printf("%.1f\n", run(&bench, words[0], g_ascii_strtod(words[1], NULL)));
                fflush(stdout);
        }
        return EXIT_SUCCESS;
}
