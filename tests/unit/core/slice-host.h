/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A made-up host whose resources are promised in tests, and a checker of what
 * was promised that knows nothing of how it is promised: it adds up grants and
 * holds the sums against the map.
 *
 *   node N   cores with two threads each, memory, and a PF below a root port of
 *            its own: VFs, 10 Gbit/s, eight lanes, an offload device "dpuN"
 */

#include "daemon/core/slice-book.h"

typedef struct SliceHostSize {
        unsigned nodes, cores, memory_mib, vfs; /* all but the first of each node */
} SliceHostSize;

typedef struct SliceHost SliceHost;

SliceHost *slice_host_new(const SliceHostSize *size);
void slice_host_free(SliceHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceHost, slice_host_free)

/* What there is, without grants. New. */
Capacity *slice_host_capacity(const SliceHost *host);

/* A sentence for the first promise that is not to be kept; NULL: all are. `entries`: SliceEntry. */
char *slice_host_check(const SliceHost *host, const GPtrArray *entries);

/* Every member of each entry that is stored, a line each. */
char *slice_host_dump(const GPtrArray *entries);
char *slice_host_dump_stored(Store *store);
