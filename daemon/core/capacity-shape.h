/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of a resource map can be granted, as flat arrays: the strings of the map
 * are read once, and a search works on indices. Immutable, and shared by the
 * copies of a Capacity. For capacity*.c, slice-place*.c and defragment*.c only.
 */

#include "daemon/core/capacity.h"

typedef struct CapacityItem {
        const char *id;
        ResourceKind kind;
        const char *unit;
        uint64_t total;   /* with `foreign`; in the unit of grants */
        uint64_t foreign; /* what guests without a slice have of it */
        int device;       /* who has some of this item is on that device; -1 on none */
        int limit;        /* of functions: the item that their pool's Max is; -1 none. Of that as
                           * much is taken as of this */
} CapacityItem;

typedef struct CapacityNode {
        int number;
        int home; /* the nearest node with CPUs, itself when it has some; -1 none */
        bool has_cpus;
        bool movable; /* its memory, all of it: no guest can be confined to it */
        unsigned first_core, n_cores;
} CapacityNode;

typedef struct CapacityCore {
        int item, node;
        unsigned threads;
        bool isolated;
} CapacityCore;

typedef struct CapacityMemory {
        int item, node;
        uint64_t page; /* bytes */
        bool base;     /* of the host's base pages, so not a piece by itself */
        bool cxl;
} CapacityMemory;

/* One that can be given as a whole. */
typedef struct CapacityRegion {
        int item, node;
        int memory; /* the item that its memory is when it is online: taken with it; -1 */
        uint64_t size;
} CapacityRegion;

typedef struct CapacityLink {
        int item;
        unsigned width;
        unsigned n_devices; /* below it */
} CapacityLink;

/* A PF or mdev parent. */
typedef struct CapacityDevice {
        const char *name;
        int node;                     /* -1 none */
        int pf;                       /* the item with its rates, -1 none */
        int root;                     /* equal for two below the same root port */
        unsigned first_link, n_links; /* in `chain`, the nearest first */
        unsigned first_pool, n_pools; /* what it makes */
        bool made_for_others;         /* of its mdev types, for guests without a slice, but for
                                         those that the kernel counts already */
} CapacityDevice;

/* VFs of a PF, or mdevs of one type and parent. */
typedef struct CapacityPool {
        int item, device;
        const char *class_name, *pool, *type; /* NULL none, `pool`: several */
        int group;                            /* which all share, from 0; -1 each has its own */
} CapacityPool;

typedef enum OffloadPart {
        OFFLOAD_CORES,
        OFFLOAD_MEMORY,
        OFFLOAD_BANDWIDTH,
        OFFLOAD_KEYS,
        _OFFLOAD_PART_MAX,
} OffloadPart;

typedef struct CapacityOffload {
        const char *name;
        int device;
        int parts[_OFFLOAD_PART_MAX]; /* items, -1: it has none */
} CapacityOffload;

typedef struct CapacityShape {
        unsigned references;
        GStringChunk *words;
        GHashTable *by_id; /* item + 1 */
        GArray *items, *nodes, *cores, *memories, *regions, *links, *devices, *pools, *offloads;
        GPtrArray *away;   /* names of offload devices that are written down and are not there */
        GArray *chain;     /* int, links */
        unsigned n_groups; /* IOMMU groups that functions share */
        unsigned percent_min, percent_step; /* of memory bandwidth */
} CapacityShape;

#define SHAPE_ITEM(shape, i)    (&g_array_index((shape)->items, CapacityItem, i))
#define SHAPE_NODE(shape, i)    (&g_array_index((shape)->nodes, CapacityNode, i))
#define SHAPE_CORE(shape, i)    (&g_array_index((shape)->cores, CapacityCore, i))
#define SHAPE_MEMORY(shape, i)  (&g_array_index((shape)->memories, CapacityMemory, i))
#define SHAPE_REGION(shape, i)  (&g_array_index((shape)->regions, CapacityRegion, i))
#define SHAPE_LINK(shape, i)    (&g_array_index((shape)->links, CapacityLink, i))
#define SHAPE_DEVICE(shape, i)  (&g_array_index((shape)->devices, CapacityDevice, i))
#define SHAPE_POOL(shape, i)    (&g_array_index((shape)->pools, CapacityPool, i))
#define SHAPE_OFFLOAD(shape, i) (&g_array_index((shape)->offloads, CapacityOffload, i))
#define SHAPE_CHAIN(shape, device, n) \
        SHAPE_LINK(shape, g_array_index((shape)->chain, int, (device)->first_link + (n)))

CapacityShape *capacity_shape_new(const ResourceMap *map, const CapacityReserve *reserve,
                                  CapacityForeign foreign, void *userdata);
CapacityShape *capacity_shape_ref(CapacityShape *shape);
void capacity_shape_unref(CapacityShape *shape);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CapacityShape, capacity_shape_unref)

int capacity_shape_find(const CapacityShape *shape, const char *id); /* item, -1 unknown */
int capacity_shape_node(const CapacityShape *shape, int number);     /* index, -1 none */

/* A slice that has grants. A value that copies share. */
typedef struct CapacityBooking {
        int item; /* from shape->items->len on: of what the map does not have (any more) */
        uint64_t amount;
} CapacityBooking;

typedef struct CapacityHolder {
        unsigned references;
        char *name, *apart; /* `apart` NULL: none */
        guint hash;         /* of the name */
        SlicePriority priority;
        unsigned n_bookings;
        CapacityBooking bookings[];
} CapacityHolder;

/* What the search reads of a Capacity. */
const CapacityShape *capacity_shape(const Capacity *capacity);
/* Of each item, with what guests without a slice have. */
const uint64_t *capacity_taken(const Capacity *capacity);
const GPtrArray *capacity_holders(const Capacity *capacity); /* CapacityHolder, oldest first */
const CapacityHolder *capacity_find_holder(const Capacity *capacity, const char *slice); /* NULL */
