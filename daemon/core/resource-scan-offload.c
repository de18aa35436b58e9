/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/offload-pool.h"
#include "daemon/core/resource-scan.h"

#define MIB (UINT64_C(1024) * 1024)

static void add_part(ResourceMap *map, const Resource *parent, ResourceKind kind, const char *unit,
                     const char *name, uint64_t total) {
        Resource *part;

        if (total == 0)
                return;

        part = resource_add(map, parent, kind, unit, "%s/%s", parent->id, name);
        resource_name(part, "%s", name);
        resource_count(part, total, 0);
}

static void add_pool(ResourceMap *map, const OffloadPool *pool) {
        g_autofree char *id = g_strdup_printf("pf:%s", pool->parent);
        const Resource *pf = resource_map_find(map, id);
        Resource *offload = resource_add(map, pf ?: resource_map_find(map, "host"),
                                         RESOURCE_OFFLOAD, "", "offload:%s", pool->name);

        resource_name(offload, "offload device %s", pool->name);
        resource_tell(offload, "file", "%s", pool->file);
        resource_tell(offload, "parent", "%s", pool->parent);
        if (!pf)
                resource_tell(offload, "problem",
                              "%s: [Resource %s] Parent is %s, and this host has no such PF: "
                              "'virt-ferry devices' lists those it has",
                              pool->file, pool->name, pool->parent);
        add_part(map, offload, RESOURCE_CORE, "cores", "cores", pool->cores);
        add_part(map, offload, RESOURCE_MEMORY, "bytes", "memory", pool->memory_mib * MIB);
        add_part(map, offload, RESOURCE_BANDWIDTH, "Mbit/s", "bandwidth", pool->bandwidth_mbit);
        add_part(map, offload, RESOURCE_KEY, "keys", "keys", pool->keys);
}

/* A file that is wrong is an offload device of which nothing is known but that. */
void resource_scan_offload(ResourceMap *map, const Sysfs *sysfs) {
        g_autoptr(GPtrArray) pools = NULL, problems = NULL;

        offload_pools_load(sysfs_root_fd(sysfs), &pools, &problems);
        for (guint i = 0; i < pools->len; i++)
                add_pool(map, pools->pdata[i]);
        for (guint i = 0; i < problems->len; i++) {
                Resource *wrong = resource_add(map, resource_map_find(map, "host"),
                                               RESOURCE_OFFLOAD, "", "offload:/%u", i);

                resource_name(wrong, "offload device");
                resource_tell(wrong, "problem", "%s", (const char *)problems->pdata[i]);
        }
}
