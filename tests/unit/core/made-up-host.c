/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/made-up-host.h"

#include <inttypes.h>

#include "tests/unit/core/read-map.h"

#define CPUS    "sys/devices/system/cpu/"
#define NODES   "sys/devices/system/node/"
#define THREADS 2u

struct MadeUpHost {
        FakeRoot *root;
        ResourceMap *map;
};

/* Making it ---------------------------------------------------------------------------- */

static void put(const MadeUpHost *host, const char *path, const char *value) {
        fake_root_put(host->root, path, value, -1);
}

G_GNUC_PRINTF(3, 4)
static void putf(const MadeUpHost *host, const char *path, const char *format, ...) {
        g_autofree char *value = NULL;
        va_list args;

        va_start(args, format);
        value = g_strdup_vprintf(format, args);
        va_end(args);
        put(host, path, value);
}

static void add_core(const MadeUpHost *host, unsigned node, unsigned first) {
        for (unsigned cpu = first; cpu < first + THREADS; cpu++) {
                g_autofree char *package = g_strdup_printf(
                        CPUS "cpu%u/topology/physical_package_id", cpu);
                g_autofree char *siblings = g_strdup_printf(
                        CPUS "cpu%u/topology/thread_siblings_list", cpu);
                g_autofree char *home = g_strdup_printf(CPUS "cpu%u/node%u/cpumap", cpu, node);

                putf(host, package, "%u\n", node);
                putf(host, siblings, "%u-%u\n", first, first + THREADS - 1);
                put(host, home, "0\n");
        }
}

static void add_node(const MadeUpHost *host, const MadeUpHostSize *size, unsigned node) {
        g_autofree char *list = g_strdup_printf(NODES "node%u/cpulist", node);
        g_autofree char *memory = g_strdup_printf(NODES "node%u/meminfo", node);
        unsigned first = node * size->cores * THREADS;

        for (unsigned i = 0; i < size->cores; i++)
                add_core(host, node, first + i * THREADS);
        putf(host, list, "%u-%u\n", first, first + size->cores * THREADS - 1);
        putf(host, memory, "Node %u MemTotal: %u kB\nNode %u MemFree: %u kB\n", node,
             size->memory_mib * 1024, node, size->memory_mib * 1024);
}

/* A function below a root port, which the model has at a root of its own. */
static void plug(const MadeUpHost *host, const char *port, const char *pf) {
        g_autofree char *root = g_strndup(pf, strlen("0000:3b"));
        g_autofree char *nested = g_strdup_printf("sys/devices/pci0000:00/%s/%s", port, pf);
        g_autofree char *flat = g_strdup_printf("sys/devices/pci%s/%s", root, pf);
        g_autofree char *bus = g_strdup_printf("sys/bus/pci/devices/%s", pf);
        g_autofree char *speed = g_build_filename(flat, "current_link_speed", NULL);
        g_autofree char *width = g_build_filename(flat, "current_link_width", NULL);

        put(host, speed, "16.0 GT/s PCIe\n");
        put(host, width, "8\n");
        fake_root_link(host->root, nested, flat);
        fake_root_link(host->root, bus, nested);
}

static void add_card(const MadeUpHost *host, const MadeUpHostSize *size, unsigned node) {
        g_autofree char *pf = g_strdup_printf("0000:%02x:00.0", 0x30 + node);
        g_autofree char *port = g_strdup_printf("0000:00:%02x.0", 0x10 + node);
        g_autofree char *netdev = g_strdup_printf("eth%u", node);
        g_autofree char *speed = g_strdup_printf("sys/class/net/%s/speed", netdev);
        g_autofree char *pool = g_strdup_printf("etc/virtferry/pools.d/dpu%u.conf", node);

        fake_root_add_pf(host->root, pf,
                         &(FakePci){ .driver = "igb",
                                     .netdev = netdev,
                                     .numa_node = (int)node,
                                     .total_vfs = size->vfs });
        plug(host, port, pf);
        put(host, speed, "10000\n");
        for (unsigned i = 0; i < size->vfs; i++)
                (void)fake_root_add_vf(host->root, pf);
        putf(host, pool, "[Resource dpu%u]\nParent=%s\nCores=4\nMemoryMiB=64\nBandwidthMbit=1000\n",
             node, pf);
}

MadeUpHost *made_up_host_new(const MadeUpHostSize *size) {
        MadeUpHost *host = g_new0(MadeUpHost, 1);

        host->root = fake_root_new();
        putf(host, CPUS "online", "0-%u\n", size->nodes * size->cores * THREADS - 1);
        putf(host, NODES "online", "0-%u\n", size->nodes - 1);
        for (unsigned node = 0; node < size->nodes; node++) {
                add_node(host, size, node);
                if (size->vfs > 0)
                        add_card(host, size, node);
        }
        host->map = read_map(host->root);
        return host;
}

void made_up_host_free(MadeUpHost *host) {
        resource_map_free(host->map);
        fake_root_free(host->root);
        g_free(host);
}

Capacity *made_up_host_capacity(const MadeUpHost *host) {
        return capacity_new(host->map, &(CapacityReserve){}, NULL, NULL);
}

/* Checking it -------------------------------------------------------------------------- */

/* In the unit of grants. */
static uint64_t count(const Resource *resource) {
        bool cpu = resource->kind == RESOURCE_CORE && g_str_has_prefix(resource->id, "core:");

        return resource->total * (cpu ? SLICE_SHARE_FULL : 1);
}

static uint64_t sum(const GPtrArray *entries, const char *resource) {
        uint64_t total = 0;

        for (guint i = 0; i < entries->len; i++) {
                const GPtrArray *grants = ((const SliceEntry *)entries->pdata[i])->grants;

                for (guint n = 0; n < grants->len; n++) {
                        const SliceGrant *grant = grants->pdata[n];

                        if (g_str_equal(grant->resource, resource))
                                total += grant->amount;
                }
        }
        return total;
}

static char *check_grant(const MadeUpHost *host, const GPtrArray *entries, const SliceEntry *entry,
                         const SliceGrant *grant) {
        const Resource *resource = resource_map_find(host->map, grant->resource);
        uint64_t promised = sum(entries, grant->resource);

        if (!resource)
                return g_strdup_printf("%s has %s, which is not there", entry->domain_name,
                                       grant->resource);
        if (promised > count(resource))
                return g_strdup_printf("of %s %" PRIu64 " are promised and %" PRIu64 " are there",
                                       grant->resource, promised, count(resource));
        return NULL;
}

/* Exclusive cores are all of its cores, whole, and nobody else's; shares add up to what was asked.
 */
static char *check_cores(const MadeUpHost *host, const GPtrArray *entries,
                         const SliceEntry *entry) {
        const SliceCores *wish = &entry->wish->cores;
        uint64_t amount = 0;
        unsigned n = 0;

        for (guint i = 0; i < entry->grants->len; i++) {
                const SliceGrant *grant = entry->grants->pdata[i];

                if (!g_str_equal(grant->part, "cores"))
                        continue;
                if (wish->exclusive &&
                    (grant->amount != count(resource_map_find(host->map, grant->resource)) ||
                     sum(entries, grant->resource) != grant->amount))
                        return g_strdup_printf("%s has %s not for itself", entry->domain_name,
                                               grant->resource);
                amount += grant->amount;
                n++;
        }

        if (wish->exclusive ? n != wish->count : amount != (uint64_t)wish->count * wish->share)
                return g_strdup_printf("%s has %" PRIu64 " of %u cores, and asked for %u",
                                       entry->domain_name, amount, n, wish->count);
        return NULL;
}

static char *check_entry(const MadeUpHost *host, const GPtrArray *entries,
                         const SliceEntry *entry) {
        uint64_t memory = 0;

        if (entry->state == SLICE_PREEMPTED)
                return entry->grants->len == 0
                               ? NULL
                               : g_strdup_printf("%s is preempted and has something",
                                                 entry->domain_name);

        for (guint i = 0; i < entry->grants->len; i++) {
                const SliceGrant *grant = entry->grants->pdata[i];
                char *problem = check_grant(host, entries, entry, grant);

                if (problem)
                        return problem;
                if (g_str_equal(grant->part, "memory"))
                        memory += grant->amount;
        }
        if (memory != entry->wish->memory.size)
                return g_strdup_printf("%s has %" PRIu64 " bytes of memory, and asked for %" PRIu64,
                                       entry->domain_name, memory, entry->wish->memory.size);
        return check_cores(host, entries, entry);
}

char *made_up_host_check(const MadeUpHost *host, const GPtrArray *entries) {
        for (guint i = 0; i < entries->len; i++) {
                char *problem = check_entry(host, entries, entries->pdata[i]);

                if (problem)
                        return problem;
        }
        return NULL;
}

static int compare_numbers(const void *a, const void *b) {
        const SliceEntry *left = *(SliceEntry *const *)a, *right = *(SliceEntry *const *)b;

        return (left->number > right->number) - (left->number < right->number);
}

GPtrArray *made_up_host_list(const SliceBook *book) {
        GPtrArray *entries = slice_book_list(book);
        g_autoptr(GPtrArray) releasing = slice_book_list_releasing(book);

        g_ptr_array_extend(entries, releasing, NULL, NULL);
        g_ptr_array_sort(entries, compare_numbers);
        return entries;
}

/* Showing it --------------------------------------------------------------------------- */

static void dump_entry(GString *text, const SliceEntry *entry) {
        g_autofree char *wish = slice_to_xml(entry->wish);
        g_autofree char *had = entry->had ? slice_to_xml(entry->had) : NULL;

        g_string_append_printf(text,
                               "%" PRId64 " %s %s %s created %" PRId64 " changed %" PRId64
                               " expires %" PRId64 " has",
                               entry->number, entry->domain_uuid, entry->domain_name,
                               slice_state_to_string(entry->state), entry->created, entry->changed,
                               entry->expires);
        for (guint i = 0; i < entry->grants->len; i++) {
                const SliceGrant *grant = entry->grants->pdata[i];

                g_string_append_printf(text, " %s=%" PRIu64 "(%s)", grant->resource, grant->amount,
                                       grant->part);
        }
        g_string_append_printf(text, " wants %s", wish);
        if (had)
                g_string_append_printf(text, " had %s", had);
}

char *made_up_host_dump(const GPtrArray *entries) {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < entries->len; i++)
                dump_entry(text, entries->pdata[i]);
        return g_string_free(text, FALSE);
}

char *made_up_host_dump_stored(Store *store) {
        g_autoptr(GPtrArray) entries = NULL;
        g_autoptr(GError) error = NULL;

        entries = store_load_slices(store, &error);
        g_assert_no_error(error);
        return made_up_host_dump(entries);
}
