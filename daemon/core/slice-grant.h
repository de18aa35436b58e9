/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a hardware slice has been given: so much of that resource of the map. */

#include <glib.h>
#include <stdint.h>

#include "daemon/core/resource-map.h"
#include "xml/slice.h"

/* `part` says what of the slice it is for: "cores", "memory", "key:sev", "share", or the name of a
 * function or offload. Amounts are in the unit of the allocator, which is the map's but for cores:
 *
 *   core          thousandths of a CPU; an exclusive core is all of its threads
 *   memory, cxl   bytes
 *   link          bytes/s
 *   pf            Mbit/s, guaranteed
 *   vf-pool, mdev-type, offload, key, cache, bandwidth   as the map counts them
 *
 * A resource and a part have one grant at most: two vCPUs of one core are one grant of twice the
 * share. A contiguous piece of memory that is a CXL region is all of it, and all of the node that
 * the region has become, if it has.
 */
typedef struct SliceGrant {
        char *resource; /* its id in the map: "core:4" */
        char *part;
        uint64_t amount;
} SliceGrant;

SliceGrant *slice_grant_new(const char *resource, const char *part, uint64_t amount);
void slice_grant_free(SliceGrant *grant);
GPtrArray *slice_grants_new(void); /* of SliceGrant, owned */
GPtrArray *slice_grants_copy(const GPtrArray *grants);
/* Whether nobody else can have a part of that resource meanwhile: a core that is asked for
 * exclusively, and a CXL region. */
bool slice_grant_is_exclusive(const SliceGrant *grant, const Slice *wish);
/* The amount of this resource for this part (NULL: for all). */
uint64_t slice_grants_sum(const GPtrArray *grants, const char *resource, const char *part);
