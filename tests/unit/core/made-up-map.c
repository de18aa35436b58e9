/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/made-up-map.h"

#include <inttypes.h>

static Resource *find(ResourceMap *map, const char *id) {
        Resource *resource = resource_map_find(map, id);

        g_assert_nonnull(resource);
        return resource;
}

void map_tell(ResourceMap *map, const char *id, const char *key, const char *value) {
        resource_tell(find(map, id), key, "%s", value);
}

static void add_core(ResourceMap *map, unsigned node, unsigned cpu, unsigned threads) {
        Resource *core = resource_add(map, find(map, "host"), RESOURCE_CORE, "CPUs", "core:%u",
                                      cpu);

        resource_count(core, threads, 0);
        resource_tell(core, "node", "%u", node);
        if (threads == 2)
                resource_tell(core, "cpus", "%u,%u", cpu, cpu + 2048);
        else
                resource_tell(core, "cpus", "%u", cpu);
}

void map_add_node(ResourceMap *map, unsigned node, unsigned first, unsigned cores, unsigned threads,
                  uint64_t memory) {
        Resource *parent = resource_add(map, find(map, "host"), RESOURCE_NODE, "CPUs", "node:%u",
                                        node);
        Resource *base;

        resource_count(parent, (uint64_t)cores * threads, 0);
        for (unsigned i = 0; i < cores; i++)
                add_core(map, node, first + i, threads);
        if (memory == 0)
                return;

        base = resource_add(map, parent, RESOURCE_MEMORY, "bytes", "memory:%u", node);
        resource_count(base, memory, 0);
        resource_tell(base, "page-kib", "4");
}

void map_add_pages(ResourceMap *map, unsigned node, unsigned page_kib, uint64_t memory) {
        g_autofree char *id = g_strdup_printf("node:%u", node);
        Resource *pages = resource_add(map, find(map, id), RESOURCE_MEMORY, "bytes",
                                       "memory:%u/%uKiB", node, page_kib);

        resource_count(pages, memory, 0);
        resource_tell(pages, "page-kib", "%u", page_kib);
}

void map_add_link(ResourceMap *map, const char *parent, const char *port, unsigned width) {
        Resource *link = resource_add(map, find(map, parent), RESOURCE_LINK, "bytes/s", "link:%s",
                                      port);

        resource_count(link, width * UINT64_C(100), 0);
        resource_tell(link, "width", "%u", width);
}

void map_add_pf(ResourceMap *map, const char *parent, const char *pf, unsigned vfs, unsigned mbit) {
        Resource *resource = resource_add(map, find(map, parent), RESOURCE_PF, "Mbit/s", "pf:%s",
                                          pf);
        Resource *pool = resource_add(map, resource, RESOURCE_VF_POOL, "VFs", "vf-pool:%s", pf);

        resource_count(resource, mbit, 0);
        resource_count(pool, vfs, 0);
        resource_tell(pool, "made", "%u", vfs);
        resource_tell(pool, "class", "sriov");
        resource_tell(pool, "pool", "default");
        resource_tell(pool, "parent", "%s", pf);
}

void map_add_type(ResourceMap *map, const char *parent, const char *mdev_parent, const char *type,
                  unsigned instances) {
        Resource *resource = resource_add(map, find(map, parent), RESOURCE_MDEV_TYPE, "instances",
                                          "mdev-type:%s/%s", mdev_parent, type);

        resource_count(resource, instances, 0);
        resource_tell(resource, "class", "mdev");
        resource_tell(resource, "pool", "default");
        resource_tell(resource, "parent", "%s", mdev_parent);
        resource_tell(resource, "type", "%s", type);
}

static void add_part(ResourceMap *map, const Resource *offload, ResourceKind kind, const char *unit,
                     const char *name, uint64_t total) {
        if (total > 0)
                resource_count(resource_add(map, offload, kind, unit, "%s/%s", offload->id, name),
                               total, 0);
}

void map_add_offload(ResourceMap *map, const char *pf, const char *name, unsigned cores,
                     unsigned memory_mib, unsigned mbit, unsigned keys) {
        g_autofree char *id = g_strdup_printf("pf:%s", pf);
        Resource *offload = resource_add(map, find(map, id), RESOURCE_OFFLOAD, "", "offload:%s",
                                         name);

        resource_tell(offload, "parent", "%s", pf);
        add_part(map, offload, RESOURCE_CORE, "cores", "cores", cores);
        add_part(map, offload, RESOURCE_MEMORY, "bytes", "memory", memory_mib * MIB);
        add_part(map, offload, RESOURCE_BANDWIDTH, "Mbit/s", "bandwidth", mbit);
        add_part(map, offload, RESOURCE_KEY, "keys", "keys", keys);
}

void map_add_key(ResourceMap *map, const char *kind, unsigned count) {
        resource_count(resource_add(map, find(map, "host"), RESOURCE_KEY, "keys", "key:%s", kind),
                       count, 0);
}

void map_add_shares(ResourceMap *map) {
        const Resource *host = find(map, "host");
        Resource *groups = resource_add(map, host, RESOURCE_CACHE, "groups", "cache:groups");

        resource_count(groups, 8, 1);
        resource_tell(groups, "ways-min", "1");
        resource_count(resource_add(map, host, RESOURCE_CACHE, "ways", "cache:ways"), 11, 0);
        groups = resource_add(map, host, RESOURCE_BANDWIDTH, "groups", "bandwidth:groups");
        resource_count(groups, 8, 1);
        resource_tell(groups, "percent-min", "10");
        resource_tell(groups, "percent-step", "10");
        resource_count(resource_add(map, host, RESOURCE_BANDWIDTH, "percent", "bandwidth:percent"),
                       100, 0);
}

void map_add_region(ResourceMap *map, const char *name, int node, uint64_t size, bool online) {
        Resource *region = resource_add(map, find(map, "host"), RESOURCE_CXL, "bytes", "cxl:%s",
                                        name);

        resource_count(region, size, online ? size : 0);
        if (node >= 0)
                resource_tell(region, "node", "%d", node);
        resource_tell(region, "online", "%s", online ? "yes" : "no");
}
