/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the grants of a hardware slice are on this host, in the kernel's numbers.
 * Pure. Used where a guest is tuned and where a domain is made to fit.
 */

#include "daemon/core/slice-book.h"
#include "xml/number-set.h"
#include "xml/slice-fit.h"

#define SLICE_HOST_WEIGHT     100u /* of a CPU in a cgroup v2, and of a cgroup that nobody told any */
#define SLICE_HOST_WEIGHT_MAX 10000u /* Documentation/admin-guide/cgroup-v2.rst, cpu.weight */

typedef struct SliceHost {
        GArray *cpus;  /* unsigned; core by core, so that threads of one stand beside each other */
        NumberSet all; /* the same as a set */
        uint64_t time; /* thousandths of a CPU */
        NumberSet nodes; /* of its memory */
} SliceHost;

/* FERRY_ERROR_NO_RESOURCES: the map has no more what was granted. */
SliceHost *slice_host_new(const GPtrArray *grants, const ResourceMap *map, GError **error);
void slice_host_free(SliceHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceHost, slice_host_free)

/* Its CPU time, as others have theirs by weight: 1 to SLICE_HOST_WEIGHT_MAX. */
unsigned slice_host_weight(const SliceHost *host);
/* Adds the node that this memory is on; false when it is on none. */
bool slice_host_add_node(const ResourceMap *map, const char *resource, NumberSet *nodes);

/* What a domain gets of it; the same errors. */
SliceFit *slice_host_fit(const SliceEntry *entry, const ResourceMap *map, GError **error);
