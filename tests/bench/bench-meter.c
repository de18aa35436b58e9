/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What it costs to look at a host of 1,000 guests with 8 VFs each every 10
 * seconds and to keep that, and how it grows from 10 guests on.
 *
 * The host is recorded (meter-host.h); all behind it is the real thing, from the
 * answer to a database on the disk. CPU time is the process's, of an interval of 10
 * seconds it is the share of one core. Beside it runs a peer that keeps the same
 * samples plainly (meter-peer.h), and neither reads the pressure of guests, nor makes
 * rates, nor learns demand; both in turn, so that a busy machine is busy for both. Of the share,
 * the memory and the size on the disk the peer is what they may take. Measured is the second part
 * of a run, when old rows give way to new ones and the demand of as many is learnt as it ever is of
 * such a host.
 */

#include <glib/gstdio.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/core/demand-book.h"
#include "daemon/core/store-history.h"
#include "daemon/meter.h"
#include "tests/bench/growth-picture.h"
#include "tests/bench/meter-peer.h"
#include "tests/lib/temp-folder.h"
#include "tests/unit/daemon/manager-fixture.h"

#define INTERVAL_SEC  10
#define WRITE_ROUNDS  6
#define WARM_ROUNDS   130 /* the clock is believed, and every series is begun */
#define PEER_ROUNDS   24  /* of them: its rows give way */
#define ROUNDS        30  /* a slot of 5 minutes */
#define PLAIN_BOUND   1.5
#define SHARE_MAX     2.0
#define SUBJECT_KIB   4.0 /* of memory, with the history of a minute that is not written yet */
#define DEMANDS_MBYTE (DEMAND_BOOK_MAX * DEMAND_SIZE_MAX / (1024 * 1024))
#define LOG_MBYTE     32 /* of the largest transaction */

typedef struct Bench {
        Fixture f; /* the first: VirtOps have it as their userdata */
        MeterHost *host;
        MeterPeer *peer;
        char *peer_folder;
        int64_t monotonic;
} Bench;

typedef struct Cost {
        double share, peer_share; /* percent of a core */
        double mbytes;            /* of memory */
        double held_msec;         /* the longest look, with its writing */
        double disk_mbytes;
} Cost;

static double cpu_now(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double heap_mbytes(void) {
        struct mallinfo2 info = mallinfo2();

        return (double)(info.uordblks + info.hblkhd) / (1024 * 1024);
}

/* libvirt's answer comes at once. */
static void sample(void *userdata) {
        Bench *bench = userdata;
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_STATS;
        event->sampled = bench->monotonic;
        event->samples = meter_host_ask(bench->host);
        manager_on_guest_event(bench->f.manager, event);
}

static void bench_begin(Bench *bench, unsigned n_guests) {
        g_autofree char *path = NULL;

        fixture_use_file(&bench->f);
        fixture_set_up(&bench->f, NULL);
        fixture_connect(&bench->f);
        bench->f.virt.sample = sample;
        bench->host = meter_host_new(bench->f.root, n_guests);
        bench->f.manager->rtnl = meter_host_rtnl(bench->host);
        g_assert_cmpint(inventory_scan(bench->f.manager->inventory), ==, 0);
        send_list(&bench->f, GUEST_UUID);
        bench->peer_folder = temp_folder_new();
        path = g_build_filename(bench->peer_folder, "samples.db", NULL);
        bench->peer = meter_peer_new(bench->host, path);
        bench->monotonic = 1000 * G_USEC_PER_SEC;
}

static void bench_end(Bench *bench) {
        meter_peer_free(bench->peer);
        temp_folder_remove(bench->peer_folder);
        fixture_tear_down(&bench->f, NULL);
        meter_host_free(bench->host);
}

/* Seconds of CPU. */
static double look(Bench *bench, Cost *cost) {
        int64_t began = g_get_monotonic_time();
        double begin = cpu_now();

        meter_tick(bench->f.manager->meter, bench->monotonic);
        begin = cpu_now() - begin;
        cost->held_msec = MAX(cost->held_msec, (double)(g_get_monotonic_time() - began) / 1000);
        return begin;
}

static double look_as_peer(Bench *bench, unsigned n) {
        double begin = cpu_now();

        meter_peer_look(bench->peer, bench->monotonic);
        if (n % WRITE_ROUNDS == WRITE_ROUNDS - 1)
                meter_peer_write(bench->peer);
        return cpu_now() - begin;
}

static void run_rounds(Bench *bench, unsigned rounds, unsigned peer_rounds, Cost *ret_cost) {
        *ret_cost = (Cost){ 0 };
        for (unsigned i = 0; i < rounds; i++) {
                double before;

                meter_host_advance(bench->host);
                bench->monotonic += INTERVAL_SEC * G_USEC_PER_SEC;
                fixture_pass_time(INTERVAL_SEC * G_USEC_PER_SEC);
                before = heap_mbytes();
                ret_cost->share += look(bench, ret_cost) / (rounds * INTERVAL_SEC) * 100;
                ret_cost->mbytes += heap_mbytes() - before;
                if (i + peer_rounds < rounds)
                        continue;
                ret_cost->peer_share += look_as_peer(bench, i) / (rounds * INTERVAL_SEC) * 100;
        }
}

/* With the log that belongs to it. */
static double size_on_disk(const Bench *bench) {
        g_autofree char *log = g_strconcat(bench->f.path, "-wal", NULL);
        GStatBuf database, wal;

        g_assert_cmpint(g_stat(bench->f.path, &database), ==, 0);
        g_assert_cmpint(g_stat(log, &wal), ==, 0);
        return (double)(database.st_size + wal.st_size) / (1024 * 1024);
}

static Cost measure(unsigned n_guests) {
        Bench bench = { 0 };
        Cost warm, cost;

        bench_begin(&bench, n_guests);
        run_rounds(&bench, WARM_ROUNDS, PEER_ROUNDS, &warm);
        run_rounds(&bench, ROUNDS, ROUNDS, &cost);
        cost.mbytes += warm.mbytes;
        cost.disk_mbytes = size_on_disk(&bench);
        bench_end(&bench);
        printf("# %u guests, %u VFs: %.3f %% of a core (plainly %.3f %%), %.1f MB of memory, "
               "%.1f MB on the disk, held up for %.0f ms at most\n",
               n_guests, n_guests * METER_HOST_VFS, cost.share, cost.peer_share, cost.mbytes,
               cost.disk_mbytes, cost.held_msec);
        return cost;
}

/* The project's one form of a benchmark's result. */
static bool report(const char *name, double ours, double peer, double bound) {
        printf("bench meter-%s ours %.4f peer %.4f ratio %.3f bound %g\n", name, ours, peer,
               ours / peer, bound);
        return ours <= peer * bound;
}

static double memory_bound(unsigned n_guests) {
        return (n_guests * (1 + METER_HOST_VFS) * SUBJECT_KIB +
                DEMAND_BOOK_MAX * (double)DEMAND_SIZE_MAX / 1024) /
               1024;
}

static bool draw(const GrowthPoint *points, unsigned n, const char *path) {
        const GrowthPicture picture = {
                .title = "Sampling a host with 8 VFs a guest every 10 s: ours blue, kept plainly "
                         "grey, bound red",
                .size_name = "guests",
                .names = { "CPU, % of one core", "memory, MB" },
                .bounds = { SHARE_MAX, memory_bound((unsigned)points[n - 1].size) },
        };
        g_autoptr(GError) error = NULL;

        if (growth_picture_write(&picture, points, n, path, &error)) {
                printf("# picture: %s\n", path);
                return true;
        }
        fprintf(stderr, "%s\n", error->message);
        return false;
}

int main(int argc, char **argv) {
        static const unsigned sizes[] = { 10, 100, 300, 1000 };
        GrowthPoint points[G_N_ELEMENTS(sizes)];
        bool good = true;
        Cost cost = { 0 };

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                cost = measure(sizes[i]);
                points[i] = (GrowthPoint){ sizes[i],
                                           { cost.share, cost.mbytes },
                                           { cost.peer_share, NAN } };
        }
        if (argc > 1)
                good = draw(points, G_N_ELEMENTS(sizes), argv[1]);
        good = report("plain-percent", cost.share, cost.peer_share, PLAIN_BOUND) && good;
        good = report("percent", cost.share, SHARE_MAX, 1) && good;
        good = report("memory-mbyte", cost.mbytes, memory_bound(1000), 1) && good;
        good = report("disk-mbyte", cost.disk_mbytes, HISTORY_MBYTE + DEMANDS_MBYTE + LOG_MBYTE,
                      1) &&
               good;
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
