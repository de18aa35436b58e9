/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a cluster grows from 10 to 10,000 hosts with 64 VFs each (cluster-fill.h), in one real etcd:
 *
 *   bench-cluster URL START-PICTURE PLACE-PICTURE
 *
 *  - bytes that a host has in etcd, keys and values;
 *  - seconds from the start of a virtferryd until it knows all of them, and its memory. The peer is
 * one request for the same keys whose answer is thrown away: etcd alone takes that long;
 *  - ms until the copy shows what somebody has written. The peer is a bare watch in the same
 * process;
 *  - ms of CPU to rank all hosts for a guest, after something has changed; and with all that
 *    `virt-ferry place --explain` shows of them.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/edges/etcd-json.h"
#include "http/http.h"
#include "tests/bench/cluster-daemon.h"
#include "tests/bench/cluster-member.h"
#include "tests/bench/growth-picture.h"

#define PREFIX      "/virtferry/1/bench/"
#define WRITES      200u
#define RANGES      3u
#define BYTES_MAX   8192.0
#define START_MAX   5.0   /* s */
#define MEMORY_MAX  256.0 /* MB */
#define PLACE_MAX   10.0  /* ms */
#define EXPLAIN_MAX 50.0
#define RANGE_BOUND 2 /* of the peer */
#define WATCH_BOUND 2

typedef struct Size {
        unsigned hosts;
        double bytes, range; /* s */
        ClusterDaemon daemon;
        ClusterDelay median, p99;
        double decide, explain;
} Size;

static void nothing(void *userdata) {
}

static void check(bool good, const char *what) {
        if (good)
                return;

        fprintf(stderr, "%s\n", what);
        exit(EXIT_FAILURE);
}

/* The peer of a start -------------------------------------------------------------------- */

static void on_data(void *userdata, const char *data, size_t size) {
}

static void on_answer(void *userdata, const HttpAnswer *answer) {
        check(answer->status == 200, "etcd does not tell all at once");
        *(bool *)userdata = true;
}

static double range_once(const ClusterFill *fill, const char *url) {
        g_autofree char *end = etcd_end(PREFIX), *path = g_strconcat(url, "/v3/kv/range", NULL);
        g_autofree char *body = etcd_span_body(PREFIX, NULL, end, G_MAXINT, 0);
        int64_t begin = g_get_monotonic_time();
        const HttpTls tls = { 0 };
        bool done = false;
        Http *http;

        check(http_new(fill->loop, "bench", &tls, &http) >= 0, "no HTTP");
        http_send(http,
                  &(HttpRequest){ .method = "POST", .url = path, .body = body, .on_data = on_data },
                  on_answer, &done);
        while (!done)
                check(sd_event_run(fill->loop, UINT64_MAX) >= 0, "the loop has failed");
        http_free(http);
        return (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
}

/* Measuring -------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b) {
        double left = *(const double *)a, right = *(const double *)b;

        return (left > right) - (left < right);
}

static double quantile(double *values, unsigned n, unsigned percent) {
        qsort(values, n, sizeof(*values), compare_doubles);
        return values[n * percent / 100];
}

static void measure_member(Size *size, ClusterFill *fill, const char *url) {
        ClusterMember *member = cluster_member_new(fill, url);
        double ours[WRITES], bare[WRITES], decide[WRITES], explain[WRITES];
        ClusterCost cost;

        for (unsigned i = 0; i < WRITES; i++) {
                ClusterDelay delay = cluster_member_follow(member, i * 7 % size->hosts,
                                                           (int64_t)(i % CLUSTER_FILL_VFS));

                ours[i] = delay.ours;
                bare[i] = delay.bare;
                cost = cluster_member_place(member);
                decide[i] = cost.decide;
                explain[i] = cost.explain;
        }
        size->median = (ClusterDelay){ quantile(ours, WRITES, 50), quantile(bare, WRITES, 50) };
        size->p99 = (ClusterDelay){ quantile(ours, WRITES, 99), quantile(bare, WRITES, 99) };
        size->decide = quantile(decide, WRITES, 50);
        size->explain = quantile(explain, WRITES, 50);
        printf("# %u hosts, of which %u fit: decided in %.3f ms, explained in %.3f ms\n",
               size->hosts, cost.fit, size->decide, size->explain);
        cluster_member_free(member);
}

static void measure(Size *size, ClusterFill *fill, const char *url) {
        double ranges[RANGES];

        size->bytes = (double)fill->bytes / size->hosts;
        for (unsigned i = 0; i < RANGES; i++)
                ranges[i] = range_once(fill, url);
        size->range = quantile(ranges, RANGES, 0);
        size->daemon = cluster_daemon_measure(url, size->hosts);
        measure_member(size, fill, url);
        printf("# %u hosts: %.0f bytes in %u keys each; known in %.2f s (by etcd alone: %.2f s), "
               "%.0f "
               "MB at most, %.0f MB after\n"
               "# seen after %.2f ms, p99 %.2f ms (by a bare watch: %.2f and %.2f ms); Place() on "
               "the bus takes %.1f ms\n",
               size->hosts, size->bytes, fill->keys / size->hosts, size->daemon.start, size->range,
               size->daemon.peak, size->daemon.rest, size->median.ours, size->p99.ours,
               size->median.bare, size->p99.bare, size->daemon.place);
        fflush(stdout);
}

/* The result ------------------------------------------------------------------------------- */

/* The project's one form of a benchmark's result. */
static bool report(const char *name, double ours, double peer, double bound) {
        printf("bench cluster-%s ours %.4f peer %.4f ratio %.3f bound %g\n", name, ours, peer,
               ours / peer, bound);
        return ours <= peer * bound;
}

static bool draw(const GrowthPicture *picture, const GrowthPoint *points, unsigned n,
                 const char *path) {
        g_autoptr(GError) error = NULL;

        if (growth_picture_write(picture, points, n, path, &error)) {
                printf("# picture: %s\n", path);
                return true;
        }
        fprintf(stderr, "%s\n", error->message);
        return false;
}

static bool draw_start(const Size *sizes, unsigned n, const char *path) {
        static const GrowthPicture picture = {
                .title = "A virtferryd in a cluster of hosts with 64 VFs each: ours blue, etcd "
                         "alone "
                         "grey, bound red",
                .size_name = "hosts",
                .names = { "known after its start, s", "memory at most, MB" },
                .bounds = { START_MAX, MEMORY_MAX },
        };
        g_autofree GrowthPoint *points = g_new(GrowthPoint, n);

        for (unsigned i = 0; i < n; i++)
                points[i] = (GrowthPoint){ sizes[i].hosts,
                                           { sizes[i].daemon.start, sizes[i].daemon.peak },
                                           { sizes[i].range, NAN } };
        return draw(&picture, points, n, path);
}

static bool draw_place(const Size *sizes, unsigned n, const char *path) {
        static const GrowthPicture picture = {
                .title = "The same in a cluster that it knows: ours blue, a bare watch grey, bound "
                         "red",
                .size_name = "hosts",
                .names = { "all hosts ranked, ms", "seen after a write, ms" },
                .bounds = { PLACE_MAX, PLACE_MAX },
        };
        g_autofree GrowthPoint *points = g_new(GrowthPoint, n);

        for (unsigned i = 0; i < n; i++)
                points[i] = (GrowthPoint){ sizes[i].hosts,
                                           { sizes[i].decide, sizes[i].median.ours },
                                           { NAN, sizes[i].median.bare } };
        return draw(&picture, points, n, path);
}

static bool report_all(const Size *size) {
        bool good = report("host-bytes", size->bytes, BYTES_MAX, 1);

        good = report("watch-msec", size->median.ours, size->median.bare, WATCH_BOUND) && good;
        good = report("explain-msec", size->explain, EXPLAIN_MAX, 1) && good;
        good = report("place-msec", size->decide, PLACE_MAX, 1) && good;
        good = report("memory-mb", size->daemon.peak, MEMORY_MAX, 1) && good;
        good = report("start-range-s", size->daemon.start, size->range, RANGE_BOUND) && good;
        return report("start-s", size->daemon.start, START_MAX, 1) && good;
}

int main(int argc, char **argv) {
        Size sizes[] = { { .hosts = 10 }, { .hosts = 100 }, { .hosts = 1000 }, { .hosts = 10000 } };
        const char *const urls[] = { argv[1], NULL };
        const EtcdAccess access = { .endpoints = urls };
        ClusterFill fill = { .prefix = PREFIX };
        bool good = true;

        check(argc == 4, "Usage: bench-cluster URL START-PICTURE PLACE-PICTURE");
        check(sd_event_new(&fill.loop) >= 0, "no loop");
        check(etcd_client_new(fill.loop, &access, nothing, NULL, &fill.client) >= 0, "no client");
        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                cluster_fill_hosts(&fill, i > 0 ? sizes[i - 1].hosts : 0, sizes[i].hosts);
                measure(&sizes[i], &fill, argv[1]);
        }
        etcd_client_free(fill.client);
        sd_event_unref(fill.loop);
        good = draw_start(sizes, G_N_ELEMENTS(sizes), argv[2]);
        good = draw_place(sizes, G_N_ELEMENTS(sizes), argv[3]) && good;
        return report_all(&sizes[G_N_ELEMENTS(sizes) - 1]) && good ? EXIT_SUCCESS : EXIT_FAILURE;
}
