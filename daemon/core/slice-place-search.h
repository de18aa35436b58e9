/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The state of one search for a placement. For slice-place*.c, slice-preempt.c
 * and slice-refusal*.c only.
 *
 * The parts of a slice that nothing ties together are placed one by one:
 * offloads (slice-place-offloads.c), keys and shares; cores, memory and
 * functions, which may have to be on one node. So the search goes back over
 * functions alone, and over nodes only where they are asked for together.
 */

#include "daemon/core/capacity-shape.h"
#include "daemon/core/slice-place.h"

/* Where cores, memory and functions have to be. */
typedef struct PlaceSpot {
        int node; /* index of a node with CPUs, -1 anywhere */
        int root; /* CapacityDevice.root below which functions are, where `one_root` */
        bool one_root;
} PlaceSpot;

#define PLACE_ANYWHERE ((PlaceSpot){ -1, 0, false })

typedef struct PlaceFunction {
        const SliceFunction *wish;
        int present;     /* pool that it has until now, -1 none */
        unsigned class;  /* those of one class ask for the same and have nothing yet */
        int *candidates; /* pools, the best first */
        unsigned n_candidates;
        bool *may;         /* for each pool, whether it is a candidate */
        unsigned n_failed; /* candidates, as they are tried, in `failed` */
        int *failed;
        unsigned position; /* the candidate that is tried */
} PlaceFunction;

typedef struct PlaceSearch {
        const CapacityShape *shape;
        const Slice *slice;
        const uint64_t *taken;    /* of each item, by others */
        uint64_t *taken_own;      /* the same, where it is the search's to free; NULL */
        const GPtrArray *present; /* SliceGrant, NULL none */
        uint64_t *mine;           /* of each item, by the placement that is tried */
        uint64_t *held;           /* of each item, for cores and memory until now */
        bool *apart;              /* of each device: there is a slice that this keeps away from */
        bool has_held_cores;
        int held_node;            /* where its memory is, -1 none */
        int cores_node;           /* where all cores are, -1 none or on several */
        uint64_t memory_amount;   /* of `memory`, and of `memory_too` all */
        int memory, memory_too;   /* items, -1 none */
        PlaceFunction *functions; /* in the order in which they are placed */
        unsigned n_functions;
        int *function_pools;   /* of each function, as the slice has them; -1 */
        unsigned *group_count; /* of each shared IOMMU group: functions of this slice in it */
        bool *group_own;       /* one of them wants it for itself */
        bool *group_taken;     /* by others */
        int *offload_pools;    /* of each offload, as the slice has them; -1 */
        unsigned steps;
} PlaceSearch;

/* Borrows all. */
PlaceSearch *place_search_new(const Capacity *capacity, const uint64_t *taken, const Slice *slice,
                              const GPtrArray *present);
void place_search_free(PlaceSearch *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlaceSearch, place_search_free)

/* Marks the devices of slices with the word of this one, but of those in `gone` (names). */
void place_search_keep_apart(PlaceSearch *search, const Capacity *capacity, const GPtrArray *gone);
/* Whether there is a placement; the search has it then. */
bool place_search_run(PlaceSearch *search);
bool place_search_gave_up(const PlaceSearch *search);
/* Nothing is placed again. */
void place_search_reset(PlaceSearch *search);
uint64_t place_room(const PlaceSearch *search, int item);
int place_key(const PlaceSearch *search, const SliceKey *key); /* item, -1: no such keys */

/* Each puts its part into `mine`, or returns false and has changed nothing. */
bool place_cores(PlaceSearch *search, PlaceSpot spot);
bool place_memory(PlaceSearch *search, PlaceSpot spot, bool local_only);
bool place_functions(PlaceSearch *search, PlaceSpot spot);
bool place_offloads(PlaceSearch *search);
bool place_keys(PlaceSearch *search);
bool place_share(PlaceSearch *search);

/* Nodes in the order in which they are to be tried for `spot.node`; n_nodes of them or fewer. */
unsigned place_order_nodes(const PlaceSearch *search, int *ret_nodes);
/* How many of the cores that are asked for the node could give; `doubling`: with several vCPUs on
 * one CPU. */
unsigned place_cores_room(const PlaceSearch *search, int node, bool doubling);

/* Why a function cannot be of a pool. */
typedef enum PlaceLack {
        PLACE_FITS,
        PLACE_LACK_MATCH, /* another class, type, pool or parent is asked for */
        PLACE_LACK_SPOT,  /* not on that node or below that root port */
        PLACE_LACK_APART,
        PLACE_LACK_FUNCTIONS,
        PLACE_LACK_MAX,   /* of the pool no more may be leased */
        PLACE_LACK_TYPE,  /* the parent makes instances of another type */
        PLACE_LACK_GROUP, /* others have functions of its IOMMU group */
        PLACE_LACK_OWN_GROUP,
        PLACE_LACK_RATE,
        PLACE_LACK_LINK,
} PlaceLack;

/* `ret_item`: what is short, where it is something that is counted. */
PlaceLack place_function_lack(const PlaceSearch *search, const SliceFunction *function, int pool,
                              PlaceSpot spot, int *ret_item);
/* Bytes/s that the function is to have of this link. */
uint64_t place_link_need(const SliceFunction *function, const CapacityShape *shape,
                         const CapacityLink *link);
void place_function_take(PlaceSearch *search, const SliceFunction *function, int pool);

/* What of each thing an offload asks for, in the unit of grants. */
uint64_t place_offload_need(const SliceOffload *offload, OffloadPart part);
/* Of the node that the spot names, if it does, and of page and tier. */
bool place_memory_matches(const PlaceSearch *search, const CapacityMemory *memory, PlaceSpot spot);
/* What is granted of a memory that matches. */
uint64_t place_memory_need(const PlaceSearch *search, const CapacityMemory *memory);
bool place_region_matches(const PlaceSearch *search, const CapacityRegion *region, PlaceSpot spot);
/* Percent of memory bandwidth, as the hardware can have it. */
unsigned place_bandwidth_need(const PlaceSearch *search);
