/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/resource-scan.h"
#include "daemon/facts/cpu-topology.h"
#include "daemon/facts/cxl.h"
#include "daemon/facts/memory-node.h"
#include "daemon/facts/misc-cgroup.h"
#include "daemon/facts/resctrl.h"

/* CPUs ------------------------------------------------------------------------------ */

static Resource *take_package(ResourceMap *map, unsigned number) {
        g_autofree char *id = g_strdup_printf("package:%u", number);
        Resource *package = resource_map_find(map, id);

        if (package)
                return package;

        package = resource_add(map, resource_map_find(map, "host"), RESOURCE_PACKAGE, "CPUs", "%s",
                               id);
        resource_name(package, "package %u", number);
        return package;
}

static void add_core(ResourceMap *map, const CpuTopology *topology, const CpuCore *core) {
        Resource *package = take_package(map, core->package);
        unsigned threads = number_set_count(&core->cpus);
        Resource *resource = resource_add(map, package, RESOURCE_CORE, "CPUs", "core:%u",
                                          core->first);

        resource_name(resource, "core %u", core->first);
        resource_count(resource, threads, 0);
        resource_tell_set(resource, "cpus", &core->cpus);
        resource_tell(resource, "node", "%u", core->node);
        if (number_set_has(&topology->isolated, core->first))
                resource_tell(resource, "isolated", "yes");
        resource_count(package, package->total + threads, 0);
}

static void add_cache(ResourceMap *map, const CpuCache *cache) {
        Resource *resource = resource_add(map, take_package(map, cache->package), RESOURCE_CACHE,
                                          "bytes", "cache:%u", number_set_next(&cache->cpus, 0));

        resource_name(resource, "L%u cache", cache->level);
        resource_count(resource, cache->size, 0);
        resource_tell(resource, "level", "%u", cache->level);
        resource_tell_set(resource, "cpus", &cache->cpus);
}

void resource_scan_cpus(ResourceMap *map, const Sysfs *sysfs) {
        Resource *host = resource_map_find(map, "host");
        g_autoptr(CpuTopology) topology = NULL;

        if (cpu_topology_read(sysfs, &topology) < 0)
                return;

        resource_tell_set(host, "cpus", &topology->online);
        resource_tell_set(host, "cpus-offline", &topology->offline);
        resource_tell_set(host, "cpus-isolated", &topology->isolated);
        for (guint i = 0; i < topology->cores->len; i++)
                add_core(map, topology, &g_array_index(topology->cores, CpuCore, i));
        for (guint i = 0; i < topology->caches->len; i++)
                add_cache(map, &g_array_index(topology->caches, CpuCache, i));
}

/* Memory ---------------------------------------------------------------------------- */

#define KIB UINT64_C(1024)

static uint64_t add_pages(ResourceMap *map, const Resource *parent, const MemoryNode *node,
                          const HugePages *pages) {
        uint64_t bytes = pages->page_kib * KIB;
        Resource *resource = resource_add(map, parent, RESOURCE_MEMORY, "bytes",
                                          "memory:%u/%" PRIu64 "KiB", node->node, pages->page_kib);

        if (pages->page_kib >= 1024 * 1024)
                resource_name(resource, "pages of %" PRIu64 " GiB",
                              pages->page_kib / (1024 * 1024));
        else if (pages->page_kib >= 1024)
                resource_name(resource, "pages of %" PRIu64 " MiB", pages->page_kib / 1024);
        else
                resource_name(resource, "pages of %" PRIu64 " KiB", pages->page_kib);
        resource_count(resource, pages->total * bytes, (pages->total - pages->free) * bytes);
        resource_tell(resource, "page-kib", "%" PRIu64, pages->page_kib);
        return pages->total * pages->page_kib;
}

static void tell_distances(Resource *resource, const GArray *distances) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < distances->len; i++)
                g_string_append_printf(text, "%s%d", i > 0 ? " " : "",
                                       g_array_index(distances, int, i));
        resource_tell(resource, "distances", "%s", text->str);
}

/* The memory of a node is what its hugepages leave. */
static void add_node(ResourceMap *map, const MemoryNode *node) {
        Resource *parent = resource_add(map, resource_map_find(map, "host"), RESOURCE_NODE, "CPUs",
                                        "node:%u", node->node);
        Resource *memory;
        uint64_t huge_kib = 0;

        resource_name(parent, "node %u", node->node);
        resource_count(parent, number_set_count(&node->cpus), 0);
        resource_tell_set(parent, "cpus", &node->cpus);
        tell_distances(parent, node->distances);
        if (node->movable)
                resource_tell(parent, "movable", "yes");
        if (node->total_kib == 0)
                return;

        memory = resource_add(map, parent, RESOURCE_MEMORY, "bytes", "memory:%u", node->node);
        resource_name(memory, "memory");
        resource_tell(memory, "page-kib", "%ld", sysconf(_SC_PAGESIZE) / 1024);
        for (guint i = 0; i < node->pages->len; i++)
                huge_kib += add_pages(map, parent, node, &g_array_index(node->pages, HugePages, i));
        huge_kib = MIN(huge_kib, node->total_kib);
        memory->total = (node->total_kib - huge_kib) * KIB;
        memory->used = memory->total - MIN(node->free_kib * KIB, memory->total);
}

void resource_scan_memory(ResourceMap *map, const Sysfs *sysfs) {
        g_autoptr(GPtrArray) nodes = NULL;

        if (memory_nodes_read(sysfs, &nodes) < 0)
                return;
        for (guint i = 0; i < nodes->len; i++)
                add_node(map, nodes->pdata[i]);
}

/* CXL ------------------------------------------------------------------------------- */

static void add_cxl_memory(ResourceMap *map, const CxlMemory *memory) {
        Resource *resource = resource_add(map, resource_map_place(map, memory->numa_node),
                                          RESOURCE_CXL, "bytes", "cxl:%s", memory->name);

        resource_name(resource, "CXL memory %s", memory->name);
        resource_count(resource, memory->ram_size + memory->pmem_size, memory->mapped);
        resource_tell(resource, "ram", "%" PRIu64, memory->ram_size);
        resource_tell(resource, "pmem", "%" PRIu64, memory->pmem_size);
}

/* The windows of the host: what ports and devices decode is within them. */
static void add_cxl_window(ResourceMap *map, const CxlFacts *facts, const CxlDecoder *decoder) {
        uint64_t used = 0;
        Resource *resource;

        if (!g_str_has_prefix(decoder->name, "decoder0."))
                return;
        for (guint i = 0; i < facts->regions->len; i++) {
                const CxlRegion *region = facts->regions->pdata[i];

                if (g_strcmp0(region->decoder, decoder->name) == 0)
                        used += region->size;
        }
        resource = resource_add(map, resource_map_find(map, "host"), RESOURCE_CXL, "bytes",
                                "cxl:%s", decoder->name);
        resource_name(resource, "CXL window %s", decoder->name);
        resource_count(resource, decoder->size, used);
}

static void add_cxl_region(ResourceMap *map, const CxlRegion *region) {
        g_autofree char *decoder = g_strdup_printf("cxl:%s", region->decoder ?: "");
        const Resource *parent = resource_map_find(map, decoder) ?: resource_map_find(map, "host");
        Resource *resource = resource_add(map, parent, RESOURCE_CXL, "bytes", "cxl:%s",
                                          region->name);

        resource_name(resource, "CXL region %s", region->name);
        resource_count(resource, region->size, region->online ? region->size : 0);
        if (region->node >= 0)
                resource_tell(resource, "node", "%d", region->node);
        resource_tell(resource, "online", "%s", region->online ? "yes" : "no");
}

void resource_scan_cxl(ResourceMap *map, const Sysfs *sysfs) {
        g_autoptr(CxlFacts) facts = NULL;

        if (cxl_read(sysfs, &facts) < 0)
                return;

        for (guint i = 0; i < facts->memories->len; i++)
                add_cxl_memory(map, facts->memories->pdata[i]);
        for (guint i = 0; i < facts->decoders->len; i++)
                add_cxl_window(map, facts, facts->decoders->pdata[i]);
        for (guint i = 0; i < facts->regions->len; i++)
                add_cxl_region(map, facts->regions->pdata[i]);
}

/* What is counted out: shares of cache and bandwidth, keys --------------------------- */

static void add_cache_shares(ResourceMap *map, const Resctrl *resctrl) {
        const Resource *host = resource_map_find(map, "host");
        Resource *groups = resource_add(map, host, RESOURCE_CACHE, "groups", "cache:groups");
        Resource *ways = resource_add(map, host, RESOURCE_CACHE, "ways", "cache:ways");

        resource_name(groups, "L3 allocation");
        resource_count(groups, resctrl->cache_groups_max, resctrl->groups);
        resource_tell(groups, "ways", "%u", resctrl->cache_ways);
        resource_tell(groups, "ways-min", "%u", resctrl->cache_ways_min);
        resource_name(ways, "L3 ways");
        resource_count(ways, resctrl->cache_ways, 0);
}

static void add_bandwidth_shares(ResourceMap *map, const Resctrl *resctrl) {
        const Resource *host = resource_map_find(map, "host");
        Resource *groups = resource_add(map, host, RESOURCE_BANDWIDTH, "groups",
                                        "bandwidth:groups");
        Resource *percent = resource_add(map, host, RESOURCE_BANDWIDTH, "percent",
                                         "bandwidth:percent");

        resource_name(groups, "memory bandwidth allocation");
        resource_count(groups, resctrl->bandwidth_groups_max, resctrl->groups);
        resource_tell(groups, "percent-min", "%u", resctrl->bandwidth_min);
        resource_tell(groups, "percent-step", "%u", resctrl->bandwidth_step);
        resource_name(percent, "memory bandwidth");
        resource_count(percent, 100, 0);
}

static void add_allotments(ResourceMap *map, const Sysfs *sysfs) {
        Resctrl resctrl;

        if (resctrl_read(sysfs, &resctrl) < 0)
                return;

        if (resctrl.cache_groups_max > 0)
                add_cache_shares(map, &resctrl);
        if (resctrl.bandwidth_groups_max > 0)
                add_bandwidth_shares(map, &resctrl);
}

/* Groups whose device, or one of them, is leased. */
static unsigned count_leased_groups(const ResourceSources *sources) {
        g_autoptr(GHashTable) groups = g_hash_table_new(NULL, NULL);
        g_autoptr(GPtrArray) leases = lease_book_list(sources->leases);

        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];
                const Device *device = inventory_find(sources->inventory, lease->device);

                if (device && device->iommu_group >= 0)
                        g_hash_table_add(groups, GINT_TO_POINTER(device->iommu_group + 1));
        }
        return g_hash_table_size(groups);
}

static void add_iommu_groups(ResourceMap *map, const ResourceSources *sources) {
        g_autoptr(GPtrArray) groups = NULL;
        Resource *resource;

        if (sysfs_list(sources->sysfs, "sys/kernel/iommu_groups", &groups) < 0 || groups->len == 0)
                return;

        resource = resource_add(map, resource_map_find(map, "host"), RESOURCE_KEY, "groups",
                                "key:iommu-groups");
        resource_name(resource, "IOMMU groups");
        resource_count(resource, groups->len, count_leased_groups(sources));
}

static void add_misc(ResourceMap *map, const Sysfs *sysfs) {
        g_autoptr(GPtrArray) keys = NULL;

        if (misc_cgroup_read(sysfs, &keys) < 0)
                return;

        for (guint i = 0; i < keys->len; i++) {
                const MiscResource *key = keys->pdata[i];
                Resource *resource = resource_add(map, resource_map_find(map, "host"), RESOURCE_KEY,
                                                  "keys", "key:%s", key->name);

                resource_name(resource, "%s keys", key->name);
                resource_count(resource, key->capacity, key->used);
        }
}

void resource_scan_shares(ResourceMap *map, const ResourceSources *sources) {
        add_allotments(map, sources->sysfs);
        add_iommu_groups(map, sources);
        add_misc(map, sources->sysfs);
}
