/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Small hosts, and wishes of slices for them, as chance makes them: at most two
 * nodes and one of CXL memory, four cores, four PFs and a parent of mdevs, three
 * offload devices.
 */

#include "daemon/core/capacity.h"
#include "tests/unit/core/made-up-map.h"

#define SLICES_MAX 6u
#define ITEMS_MAX  64
#define PAGE_KIB   2048u

typedef struct Core {
        int item, node;
        unsigned threads;
        bool isolated, reserved;
} Core;

typedef struct Memory {
        int item, node;
        bool huge, cxl;
} Memory;

typedef struct Link {
        int item, above; /* a link, -1 none */
        unsigned width;
} Link;

typedef struct Card {
        char name[16];
        int node, link, pf; /* -1 none */
} Card;

typedef struct Functions {
        int item, device, group;
        bool mdev;
        char type[8];
        unsigned foreign;
} Functions;

typedef struct Offload {
        char name[8];
        int device, cores, memory;
} Offload;

typedef struct Host {
        ResourceMap *map;
        char ids[ITEMS_MAX][40];
        uint64_t totals[ITEMS_MAX];
        int n_items, n_nodes, n_cores, n_memories, n_links, n_devices, n_pools, n_offloads;
        Core cores[4];
        Memory memories[8];
        Link links[8];
        Card devices[5];
        Functions pools[7];
        Offload offloads[3];
        int cxl_node, region, key; /* -1 none */
        int limit;                 /* how many functions of all there may be at a time; -1 none */
        int loose_region;
        uint64_t loose_size;
        bool shares;
} Host;

/* A slice of that host, as the test keeps it. */
typedef struct Owner {
        char name[8];
        Slice *wish;
        GPtrArray *grants; /* NULL: it is none */
} Owner;

typedef struct Case {
        GRand *rand;
        Host host;
        Owner owners[SLICES_MAX]; /* the oldest first */
        unsigned n_owners;
        unsigned n_placed, n_refused, n_preempted, n_kept;
} Case;

int chance(Case *c, int limit); /* 0 to limit - 1 */
bool chance_one_in(Case *c, int n);

void host_make(Case *c);
int host_find_item(const Host *host, const char *id); /* -1 none */
/* What nobody has yet; some functions are of guests without a slice. */
Capacity *host_capacity(Case *c);

Slice *wish_make(Case *c);
/* One that differs a little. It can be changed once. */
Slice *wish_change(Case *c, const Slice *wish);
bool wish_was_changed(const Slice *wish);
