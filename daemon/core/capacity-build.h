/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a CapacityShape is made of a resource map: capacity-shape.c goes through
 * the map, the others add what it comes to. For capacity-*.c only.
 */

#include "daemon/core/capacity-shape.h"
#include "xml/number-set.h"

typedef struct Builder {
        CapacityShape *shape;
        const ResourceMap *map;
        bool reserves_cpus;
        NumberSet reserved_cpus;
        uint64_t reserved_memory;
        CapacityForeign foreign; /* NULL: nobody */
        void *userdata;
} Builder;

uint64_t resource_number(const Resource *resource, const char *key); /* 0 none */
int resource_int(const Resource *resource, const char *key);         /* -1 none */
/* The name of a resource within its kind: "0000:3b:00.0" of "pf:0000:3b:00.0". */
const char *resource_bare_id(const Resource *resource);

const char *builder_keep(Builder *b, const char *text); /* as long as the shape */
int builder_add_item(Builder *b, const Resource *resource, uint64_t total);
int builder_take_node(Builder *b, int number);
int builder_node_above(Builder *b, const Resource *resource); /* -1 none */

/* capacity-host.c */
void builder_add_core(Builder *b, const Resource *resource);
void builder_add_memory(Builder *b, const Resource *resource);
/* When all memory is there: a region may be some of it. */
void builder_add_region(Builder *b, const Resource *resource);
/* When all is there. */
void builder_mark_tiers(Builder *b);
void builder_keep_for_host(Builder *b);
void builder_find_homes(Builder *b);
void builder_sort_cores(CapacityShape *shape);

/* capacity-devices.c */
void builder_add_link(Builder *b, const Resource *resource);
void builder_add_pf(Builder *b, const Resource *resource);
void builder_add_pool(Builder *b, const Resource *resource, GHashTable *groups);
void builder_add_offload(Builder *b, const Resource *resource);
void builder_add_offload_part(Builder *b, const Resource *resource);
void builder_add_share(Builder *b, const Resource *resource);
void builder_add_key(Builder *b, const Resource *resource);
/* When all is there. */
void builder_sort_pools(CapacityShape *shape);
void builder_place_devices(CapacityShape *shape);
