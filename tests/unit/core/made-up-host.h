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

typedef struct MadeUpHostSize {
        unsigned nodes, cores, memory_mib, vfs; /* all but the first of each node */
} MadeUpHostSize;

typedef struct MadeUpHost MadeUpHost;

MadeUpHost *made_up_host_new(const MadeUpHostSize *size);
void made_up_host_free(MadeUpHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MadeUpHost, made_up_host_free)

/* What there is, without grants. New. */
Capacity *made_up_host_capacity(const MadeUpHost *host);

/* A sentence for the first promise that is not to be kept; NULL: all are. `entries`: SliceEntry. */
char *made_up_host_check(const MadeUpHost *host, const GPtrArray *entries);

/* All that a book has, also what is releasing, the oldest first; borrowed. */
GPtrArray *made_up_host_list(const SliceBook *book);

/* Every member of each entry that is stored, a line each. */
char *made_up_host_dump(const GPtrArray *entries);
char *made_up_host_dump_stored(Store *store);
