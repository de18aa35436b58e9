/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long it takes to read a host of 64 PFs with 64 VFs each, how much memory
 * that takes, and how long a guest waits for its answer there.
 *
 * The peer is lspci on the same made-up host, without the names that it would
 * have to look up (-n), both as processes of their own, in turn, so that a busy
 * machine is busy for both. "--scan ROOT" is our process.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "daemon/core/negotiate.h"
#include "tests/lib/fake-root.h"

#define PFS         64
#define VFS_PER_PF  64
#define DEVICES     (PFS * (VFS_PER_PF + 1))
#define ROUNDS      7
#define ANSWER_MSEC 5.0
#define RSS_MBYTES  24.0
#define SKIP        77 /* to Meson */

#define GUEST                                                                                  \
        "<domain type='kvm'><name>g1</name><uuid>00000000-0000-0000-0000-000000000001</uuid>"  \
        "<metadata><ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'>"            \
        "<ferry:device address='0000:00:05.0'><ferry:seen class='sriov' vendor='0x15b3' "      \
        "device='0x101e' driver='vfio-pci' vfio=''/></ferry:device></ferry:domain></metadata>" \
        "<devices><hostdev mode='subsystem' type='pci'><source><address domain='0xffff' "      \
        "bus='0x00' slot='0x00' function='0x0'/></source><address type='pci' domain='0x0000' " \
        "bus='0x00' slot='0x05' function='0x0'/></hostdev></devices></domain>"

static FakeRoot *make_host(void) {
        FakeRoot *root = fake_root_new();

        for (unsigned i = 0; i < PFS; i++) {
                g_autofree char *pf = g_strdup_printf("%04x:3b:00.0", i);

                fake_root_add_pf(root, pf,
                                 &(FakePci){ .vendor = 0x15b3,
                                             .device = 0x101d,
                                             .vf_device = 0x101e,
                                             .total_vfs = VFS_PER_PF,
                                             .driver = "mlx5_core" });
                for (unsigned n = 0; n < VFS_PER_PF; n++)
                        (void)fake_root_add_vf(root, pf);
        }
        return root;
}

/* The process that only scans. Says its resident memory in kB. */
static int scan_only(const char *path) {
        g_autoptr(Sysfs) sysfs = sysfs_open(path);
        g_autoptr(Inventory) inventory = NULL;
        g_autoptr(Config) config = config_new();
        g_autofree char *status = NULL;
        const char *rss;

        if (!sysfs)
                return EXIT_FAILURE;

        inventory = inventory_new(sysfs, config, NULL);
        if (inventory_scan(inventory) < 0 || inventory_size(inventory) != DEVICES)
                return EXIT_FAILURE;

        if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL))
                return EXIT_FAILURE;
        rss = strstr(status, "VmRSS:");
        printf("%d\n", rss ? atoi(rss + strlen("VmRSS:")) : 0);
        return EXIT_SUCCESS;
}

/* Seconds that a process takes; what it wrote is in `ret_output`. */
static double time_process(const char *const *argv, char **ret_output) {
        g_autoptr(GError) error = NULL;
        int64_t begin = g_get_monotonic_time();
        int status;

        if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, ret_output,
                          NULL, &status, &error) ||
            !g_spawn_check_wait_status(status, &error)) {
                fprintf(stderr, "%s: %s\n", argv[0], error->message);
                exit(EXIT_FAILURE);
        }
        return (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
}

static int compare_doubles(const void *a, const void *b) {
        double left = *(const double *)a, right = *(const double *)b;

        return (left > right) - (left < right);
}

static double median(double *values) {
        qsort(values, ROUNDS, sizeof(*values), compare_doubles);
        return values[ROUNDS / 2];
}

/* The project's one form of a benchmark's result. */
static bool report(const char *name, double ours, double peer) {
        printf("bench %s ours %.4f peer %.4f ratio %.3f bound 1\n", name, ours, peer, ours / peer);
        return ours <= peer;
}

static bool bench_scan(const FakeRoot *root, const char *self) {
        g_autofree char *option = NULL;
        const char *scan[] = { self, "--scan", fake_root_path(root), NULL };
        const char *lspci[] = { "lspci", "-D", "-vmm", "-n", "-O", NULL, NULL };
        double ours[ROUNDS], peer[ROUNDS], rss[ROUNDS];
        bool good;

        option = g_strdup_printf("sysfs.path=%s/sys/bus/pci", fake_root_path(root));
        lspci[G_N_ELEMENTS(lspci) - 2] = option;
        for (int i = 0; i < ROUNDS; i++) {
                g_autofree char *listing = NULL, *kbytes = NULL;

                peer[i] = time_process(lspci, &listing);
                ours[i] = time_process(scan, &kbytes);
                rss[i] = atoi(kbytes) / 1024.0;
        }

        good = report("scan", median(ours), median(peer));
        return report("rss", median(rss), RSS_MBYTES) && good;
}

/* All VFs of the host but the last are leased. */
static LeaseBook *lease_all(Store *store, const Inventory *inventory) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        g_autoptr(GPtrArray) devices = inventory_list(inventory);
        LeaseBook *book = lease_book_new(store);
        g_autoptr(GError) error = NULL;

        for (guint i = 0; i + 1 < devices->len; i++) {
                const Device *device = devices->pdata[i];
                Lease *lease;

                if (device->role != DEVICE_ROLE_FUNCTION)
                        continue;

                lease = lease_new();
                lease->domain_uuid = g_uuid_string_random();
                lease->domain_name = g_strdup_printf("guest%u", i);
                lease->device = g_strdup(device->id);
                lease->class_name = g_strdup(device->class->name);
                lease->pool = g_strdup("default");
                lease->expires = G_MAXINT64;
                g_ptr_array_add(leases, lease);
        }

        lease_book_reserve(book, leases, &error);
        g_assert_no_error(error);
        return book;
}

/* Milliseconds of processor time, of ourselves or of our children: an answer waits for nothing, and
 * a busy machine shall not make it look slow. */
static double processor_msec(int who) {
        struct rusage usage;

        g_assert_cmpint(getrusage(who, &usage), ==, 0);
        return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static Inventory *scan_host(FakeRoot *root, const Config *config) {
        Inventory *inventory = inventory_new(fake_root_sysfs(root), config, NULL);

        g_assert_cmpint(inventory_scan(inventory), ==, 0);
        return inventory;
}

/* The first answer after a scan, when nothing is remembered. */
static double time_answer(FakeRoot *root, const Config *config, const LeaseBook *book) {
        g_autoptr(Inventory) inventory = scan_host(root, config);
        g_autoptr(GPtrArray) answers = NULL;
        g_autoptr(Domain) domain = NULL;
        double begin;

        domain = domain_from_xml(GUEST, strlen(GUEST), NULL);
        begin = processor_msec(RUSAGE_SELF);
        answers = negotiate(domain, inventory, book, NULL);
        begin = processor_msec(RUSAGE_SELF) - begin;
        g_assert_true(((const Answer *)answers->pdata[0])->ok);
        return begin;
}

/* The peer finds devices by their ids alone. */
static bool bench_negotiate(FakeRoot *root) {
        const char *lspci[] = { "lspci", "-D", "-n", "-d", "15b3:101e", "-O", NULL, NULL };
        g_autoptr(Store) store = store_open(":memory:", NULL);
        g_autoptr(Config) config = config_new();
        g_autoptr(Inventory) inventory = NULL;
        double ours[ROUNDS], peer[ROUNDS];
        g_autoptr(LeaseBook) book = NULL;
        g_autofree char *option = NULL;
        bool good;

        option = g_strdup_printf("sysfs.path=%s/sys/bus/pci", fake_root_path(root));
        lspci[G_N_ELEMENTS(lspci) - 2] = option;
        inventory = scan_host(root, config);
        book = lease_all(store, inventory);
        for (int i = 0; i < ROUNDS; i++) {
                g_autofree char *listing = NULL;

                peer[i] = -processor_msec(RUSAGE_CHILDREN);
                (void)time_process(lspci, &listing);
                peer[i] += processor_msec(RUSAGE_CHILDREN);
                ours[i] = time_answer(root, config, book);
        }

        good = report("negotiate", median(ours), median(peer));
        printf("# an answer takes %.2f ms, and may take %.0f\n", median(ours), ANSWER_MSEC);
        return good && median(ours) <= ANSWER_MSEC;
}

int main(int argc, char **argv) {
        g_autofree char *lspci = g_find_program_in_path("lspci");
        g_autoptr(FakeRoot) root = NULL;
        bool good;

        if (argc == 3 && g_str_equal(argv[1], "--scan"))
                return scan_only(argv[2]);
        if (!lspci) {
                puts("# lspci is the peer and is not here: install pciutils");
                return SKIP;
        }

        root = make_host();
        good = bench_scan(root, argv[0]);
        return bench_negotiate(root) && good ? EXIT_SUCCESS : EXIT_FAILURE;
}
