/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/offload-pool.h"
#include "daemon/core/resource-scan.h"

#define MIB (UINT64_C(1024) * 1024)

static void add_part(ResourceMap *map, const Resource *parent, ResourceKind kind, const char *unit,
                     const char *name, uint64_t total, uint64_t used) {
        Resource *part;

        if (total == 0)
                return;

        part = resource_add(map, parent, kind, unit, "%s/%s", parent->id, name);
        resource_name(part, "%s", name);
        resource_count(part, total, used);
}

/* What the file says is all that may be shared out. Nought: it says nothing of it. */
static uint64_t smaller(uint64_t written, uint64_t told) {
        return written > 0 && told > 0 ? MIN(written, told) : MAX(written, told);
}

static void add_parts(ResourceMap *map, const Resource *offload, const OffloadPool *pool,
                      const AgentReport *report) {
        static const AgentReport nothing;
        const AgentReport *told = report ?: &nothing;

        add_part(map, offload, RESOURCE_CORE, "cores", "cores", smaller(pool->cores, told->cores),
                 0);
        add_part(map, offload, RESOURCE_MEMORY, "bytes", "memory",
                 smaller(pool->memory_mib * MIB, told->memory), told->memory_used);
        add_part(map, offload, RESOURCE_BANDWIDTH, "Mbit/s", "bandwidth",
                 smaller(pool->bandwidth_mbit, told->bandwidth), 0);
        add_part(map, offload, RESOURCE_KEY, "keys", "keys", smaller(pool->keys, told->keys), 0);
}

/* NULL: it is connected. */
static const char *why_away(const AgentEntry *entry) {
        if (entry && entry->state == AGENT_CONNECTED)
                return NULL;
        return entry && entry->reason ? entry->reason : "virtferryd has had no answer from it yet";
}

static void tell_agent(Resource *offload, const OffloadPool *pool, const AgentEntry *entry) {
        const char *away = why_away(entry);

        if (!away) {
                resource_tell(offload, "agent", "connected");
                return;
        }

        resource_tell(offload, "agent", "away: %s", away);
        if (pool->cores + pool->memory_mib + pool->bandwidth_mbit + pool->keys == 0)
                resource_tell(
                        offload, "problem",
                        "%s: [Resource %s] has nothing without its agent %s, which is away: %s",
                        pool->file, pool->name, pool->agent, away);
}

static void add_pool(ResourceMap *map, const OffloadPool *pool, const AgentBook *agents) {
        const AgentEntry *entry = agents ? agent_book_find(agents, pool->name) : NULL;
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
        if (pool->agent)
                tell_agent(offload, pool, entry);
        add_parts(map, offload, pool, pool->agent && entry ? entry->report : NULL);
}

/* A file that is wrong is an offload device of which nothing is known but that. */
void resource_scan_offload(ResourceMap *map, const ResourceSources *sources) {
        g_autoptr(GPtrArray) pools = NULL, problems = NULL;

        offload_pools_load(sysfs_root_fd(sources->sysfs), &pools, &problems);
        for (guint i = 0; i < pools->len; i++)
                add_pool(map, pools->pdata[i], sources->agents);
        for (guint i = 0; i < problems->len; i++) {
                Resource *wrong = resource_add(map, resource_map_find(map, "host"),
                                               RESOURCE_OFFLOAD, "", "offload:/%u", i);

                resource_name(wrong, "offload device");
                resource_tell(wrong, "problem", "%s", (const char *)problems->pdata[i]);
        }
}
