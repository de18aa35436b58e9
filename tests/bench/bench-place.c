/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long it takes to find the best host for a guest with two VFs and a hardware slice, among 10
 * to 10,000 hosts with 64 VFs each; and with a sentence for each host, as `--explain` shows them.
 *
 * The peer asks the same rules of each VF, one after the other, and counts: it knows neither kinds
 * nor which device gets which VF. CPU time, as a busy machine is busy for both; the median.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/core/fit.h"
#include "daemon/core/place.h"
#include "tests/bench/growth-picture.h"
#include "tests/unit/core/made-up-series.h"

#define KINDS         64 /* in the whole cluster */
#define SLOTS         8  /* of which a host has some */
#define VFS           (64 / SLOTS)
#define ROUNDS        15
#define BOUND         10.0 /* ms */
#define EXPLAIN_BOUND 50.0
#define PLAIN         0.5 /* of the peer */
#define HOSTS_MAX     10000

static const char domain_xml[] =
        "<domain type='kvm'><name>g1</name><metadata><ferry:domain "
        "xmlns:ferry='urn:virtferry:domain:1' version='1'>"
        "<ferry:device alias='ua-a'><ferry:need vendor='0x15b3' device='0x1003'/></ferry:device>"
        "<ferry:device alias='ua-b'><ferry:need vendor='0x15b3' device='0x1004'/></ferry:device>"
        "<ferry:slice version='1'><ferry:cores count='4' exclusive='yes'/>"
        "<ferry:memory size='8' unit='GiB'/></ferry:slice></ferry:domain></metadata><devices>"
        "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='0x3b' "
        "slot='0x10' function='0'/></source><alias name='ua-a'/></hostdev>"
        "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='0x3b' "
        "slot='0x10' function='1'/></source><alias name='ua-b'/></hostdev></devices></domain>";

typedef struct Bench {
        Fingerprint *fingerprints[KINDS];
        PlaceKind kinds[KINDS];
        PlaceHost *hosts;
        PlaceWorld world;
        PlaceGuest *guest;
} Bench;

typedef struct Cost {
        double decide, explain, plain; /* ms */
} Cost;

static double msec_now(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The cluster ----------------------------------------------------------------------------- */

static void make_kinds(Bench *bench) {
        for (unsigned i = 0; i < KINDS; i++) {
                Fingerprint *fingerprint = bench->fingerprints[i] = fingerprint_new();

                fingerprint->vendor = 0x15b3;
                fingerprint->device = 0x1000 + (int)i % 16;
                fingerprint->driver = g_strdup("mlx5_vfio_pci");
                fingerprint->firmware = g_strdup_printf("22.%u.1002", 30 + i / 16);
                fingerprint->vfio_caps = VFIO_CAP_STOP_COPY;
                bench->kinds[i] = (PlaceKind){ &device_class_sriov, "default", fingerprint };
        }
}

static void make_host(PlaceHost *host, unsigned number) {
        *host = (PlaceHost){ .name = g_strdup_printf("host%05u", number),
                             .alive = made_up_chance(1, number) > 0.02,
                             .drained = made_up_chance(2, number) < 0.05,
                             .functions = g_new(PlaceFunctions, SLOTS),
                             .n_functions = SLOTS };
        for (unsigned i = 0; i < SLOTS; i++)
                host->functions[i] = (PlaceFunctions){
                        (unsigned)(made_up_chance(3, number * SLOTS + i) * KINDS), VFS,
                        (unsigned)(made_up_chance(4, number * SLOTS + i) * (VFS + 1))
                };
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                host->amounts[r] = (PlaceAmount){
                        100000, (uint64_t)(made_up_chance(5, number * 8 + (unsigned)r) * 100000),
                        (HeadroomLevel)(made_up_chance(6, number * 8 + (unsigned)r) *
                                        _HEADROOM_LEVEL_MAX)
                };
}

static void bench_begin(Bench *bench) {
        g_autoptr(Compat) compat = compat_new();
        Domain *domain = domain_from_xml(domain_xml, strlen(domain_xml), NULL);

        bench->guest = domain ? place_guest_new(domain, compat, NULL) : NULL;
        if (!bench->guest) {
                fprintf(stderr, "the domain cannot be read\n");
                exit(EXIT_FAILURE);
        }
        make_kinds(bench);
        bench->hosts = g_new(PlaceHost, HOSTS_MAX);
        for (unsigned i = 0; i < HOSTS_MAX; i++)
                make_host(&bench->hosts[i], i);
}

/* Ours ------------------------------------------------------------------------------------ */

static double time_ours(const Bench *bench, bool explain, unsigned *ret_fit) {
        double begin = msec_now();
        g_autoptr(Place) place = place_new(&bench->world, bench->guest);
        g_autofree PlaceVerdict *verdicts = place_rank(place);

        for (unsigned i = 0; explain && i < bench->world.n_hosts; i++)
                g_free(place_sentence(place, &verdicts[i]));
        begin = msec_now() - begin;

        *ret_fit = 0;
        for (unsigned i = 0; i < bench->world.n_hosts; i++)
                *ret_fit += verdicts[i].rule == PLACE_FITS;
        return begin;
}

/* The peer -------------------------------------------------------------------------------- */

static unsigned count_plainly(const Bench *bench, const PlaceHost *host, const Want *want) {
        unsigned n = 0;

        for (unsigned i = 0; i < host->n_functions; i++) {
                const PlaceFunctions *functions = &host->functions[i];
                const Fingerprint *fingerprint = bench->kinds[functions->kind].fingerprint;

                for (unsigned vf = 0; vf < functions->offered; vf++)
                        n += fit_kind(want, fingerprint, NULL, fingerprint->vfio_caps) == FIT_YES &&
                             vf >= functions->promised;
        }
        return n;
}

static double time_plain(const Bench *bench, unsigned *ret_free) {
        double begin = msec_now();

        *ret_free = 0;
        for (unsigned h = 0; h < bench->world.n_hosts; h++)
                for (unsigned w = 0; w < bench->guest->wants->len; w++)
                        *ret_free += count_plainly(bench, &bench->hosts[h],
                                                   bench->guest->wants->pdata[w]);
        return msec_now() - begin;
}

/* The result ------------------------------------------------------------------------------ */

static int compare_doubles(const void *a, const void *b) {
        double left = *(const double *)a, right = *(const double *)b;

        return (left > right) - (left < right);
}

static double median(double *values) {
        qsort(values, ROUNDS, sizeof(*values), compare_doubles);
        return values[ROUNDS / 2];
}

static Cost measure(Bench *bench, unsigned n_hosts) {
        double decide[ROUNDS], explain[ROUNDS], plain[ROUNDS];
        unsigned n_fit, n_free;
        Cost cost;

        bench->world = (PlaceWorld){ bench->kinds, KINDS, bench->hosts, n_hosts };
        for (int round = 0; round < ROUNDS; round++) {
                decide[round] = time_ours(bench, false, &n_fit);
                explain[round] = time_ours(bench, true, &n_fit);
                plain[round] = time_plain(bench, &n_free);
        }
        cost = (Cost){ median(decide), median(explain), median(plain) };
        printf("# %u hosts, of which %u fit, and %u VFs: decided in %.3f ms (plainly %.3f ms), "
               "explained in "
               "%.3f ms\n",
               n_hosts, n_fit, n_free, cost.decide, cost.plain, cost.explain);
        return cost;
}

/* The project's one form of a benchmark's result. */
static bool report(const char *name, double ours, double peer, double bound) {
        printf("bench place-%s ours %.4f peer %.4f ratio %.3f bound %g\n", name, ours, peer,
               ours / peer, bound);
        return ours <= peer * bound;
}

static bool draw(const GrowthPoint *points, unsigned n, const char *path) {
        const GrowthPicture picture = {
                .title = "The best host of a cluster with 64 VFs each: ours blue, each VF asked "
                         "grey, bound red",
                .size_name = "hosts",
                .names = { "decided, ms", "with a sentence for each, ms" },
                .bounds = { BOUND, EXPLAIN_BOUND },
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
        static const unsigned sizes[] = { 10, 100, 1000, HOSTS_MAX };
        GrowthPoint points[G_N_ELEMENTS(sizes)];
        Bench bench = { 0 };
        bool good = true;
        Cost cost = { 0 };

        bench_begin(&bench);
        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                cost = measure(&bench, sizes[i]);
                points[i] = (GrowthPoint){ sizes[i],
                                           { cost.decide, cost.explain },
                                           { cost.plain, NAN } };
        }
        if (argc > 1)
                good = draw(points, G_N_ELEMENTS(sizes), argv[1]);
        good = report("explain-msec", cost.explain, EXPLAIN_BOUND, 1) && good;
        good = report("msec", cost.decide, BOUND, 1) && good;
        return report("plain-msec", cost.decide, cost.plain, PLAIN) && good ? EXIT_SUCCESS
                                                                            : EXIT_FAILURE;
}
