/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host has that could be shared out, as a tree: discovered, not
 * configured, and read when it is needed (resource-cache.h). Only offload devices have things
 * that no file of the kernel shows; those are written down (offload-pool.h), or
 * their agents tell (agent-book.h).
 *
 *   host ─┬─ package ─┬─ core            ids: "host", "package:0", "core:4" (lowest CPU),
 *         │           └─ cache                "cache:4", "node:0", "memory:0",
 *         ├─ node ─┬─ memory                  "memory:0/2048KiB", "link:0000:00:1c.0" (its
 *         │        └─ link ─ ... ─ pf ─┬─ vf-pool       port), "pf:0000:3b:00.0",
 *         │                            ├─ mdev-type     "vf-pool:0000:3b:00.0",
 *         │                            └─ offload       "mdev-type:mtty/mtty-1",
 *         └─ cxl, key, cache, bandwidth                 "offload:dpu0/cores", "cache:ways"
 *
 * A parent is before its children. One thread; what is returned is the caller's.
 */

#include "daemon/core/agent-book.h"
#include "daemon/core/inventory.h"
#include "daemon/core/lease.h"
#include "daemon/facts/rtnl.h"
#include "xml/number-set.h"

typedef enum ResourceKind {
        RESOURCE_HOST,
        RESOURCE_NODE,
        RESOURCE_PACKAGE,
        RESOURCE_CORE,
        RESOURCE_MEMORY,
        RESOURCE_LINK,
        RESOURCE_PF,
        RESOURCE_VF_POOL,
        RESOURCE_MDEV_TYPE,
        RESOURCE_CXL,
        RESOURCE_CACHE,
        RESOURCE_BANDWIDTH,
        RESOURCE_KEY,
        RESOURCE_OFFLOAD,
        _RESOURCE_KIND_MAX,
        _RESOURCE_KIND_INVALID = -22,
} ResourceKind;

const char *resource_kind_to_string(ResourceKind kind); /* "vf-pool" */
ResourceKind resource_kind_from_string(const char *text);

typedef struct Resource Resource;
struct Resource {
        char *id;
        ResourceKind kind;
        const Resource *parent; /* NULL: the host */
        char *name;             /* for people */
        uint64_t total;         /* 0 also where there is nothing to count */
        uint64_t used;          /* as the kernel or the lease book has it */
        uint64_t promised;      /* to hardware slices, and not used yet */
        const char *unit;       /* "CPUs", "bytes", "bytes/s", "Mbit/s", "VFs"; static; "" none */
        GPtrArray *attributes;  /* strings: key, value, key, value */
};

const char *resource_attribute(const Resource *resource, const char *key); /* NULL */
/* Of a core: whether one of its threads is one of these CPUs. */
bool resource_is_on_cpu_of(const Resource *core, const NumberSet *cpus);

typedef struct ResourceMap ResourceMap;

/* All borrowed. `rtnl` NULL: what VFs are limited to is not told; `agents` NULL: nobody asks them.
 */
typedef struct ResourceSources {
        const Sysfs *sysfs;
        const Inventory *inventory;
        const LeaseBook *leases;
        Rtnl *rtnl;
        const AgentBook *agents;
} ResourceSources;

/* What cannot be read is not there; a host is always. */
ResourceMap *resource_map_read(const ResourceSources *sources);
void resource_map_free(ResourceMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ResourceMap, resource_map_free)

const GPtrArray *resource_map_list(const ResourceMap *map); /* Resource */
Resource *resource_map_find(const ResourceMap *map, const char *id);
