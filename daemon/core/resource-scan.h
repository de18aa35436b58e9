/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a ResourceMap is filled. For resource-map.c and resource-scan-*.c only, and for tests that
 * make up a host. */

#include "daemon/core/resource-map.h"
#include "xml/number-set.h"

ResourceMap *resource_map_new(void); /* of a host that has nothing */

/* One more, or the one that has this id already: what a kernel tells twice is no reason to end. The
 * unit is static; it lives as long as the map. */
Resource *resource_add(ResourceMap *map, const Resource *parent, ResourceKind kind,
                       const char *unit, const char *id, ...) G_GNUC_PRINTF(5, 6);
void resource_name(Resource *resource, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* More used than there is would be a lie of the kernel's: cut. */
void resource_count(Resource *resource, uint64_t total, uint64_t used);
/* An attribute; an empty value is none. */
void resource_tell(Resource *resource, const char *key, const char *format, ...)
        G_GNUC_PRINTF(3, 4);
/* "0-3,8" */
void resource_tell_set(Resource *resource, const char *key, const NumberSet *set);

/* Where a thing of this NUMA node hangs: the node, or the host when there is none. */
const Resource *resource_map_place(const ResourceMap *map, int node);

void resource_scan_cpus(ResourceMap *map, const Sysfs *sysfs);
void resource_scan_memory(ResourceMap *map, const Sysfs *sysfs);
void resource_scan_cxl(ResourceMap *map, const Sysfs *sysfs);
void resource_scan_shares(ResourceMap *map, const ResourceSources *sources);
void resource_scan_devices(ResourceMap *map, const ResourceSources *sources);
void resource_scan_offload(ResourceMap *map, const ResourceSources *sources);
