/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The hardware slice of a guest that comes here or starts here: promised before
 * libvirt goes on, or refused with the sentence of the allocator. For hook-ops.c.
 */

#include "daemon/manager.h"

/* negotiate(), which looks where the slice would be. */
GPtrArray *hook_slice_negotiate(Manager *manager, const Domain *domain);
/* Promised until the lease timeout, of the parents that the devices of these answers have (NULL: it
 * has none). True also for a guest that has no slice. FERRY_ERROR_NO_RESOURCES,
 * FERRY_ERROR_INVALID_REQUEST, FERRY_ERROR_NO_DEVICE. */
bool hook_slice_reserve(Manager *manager, const Domain *domain, const GPtrArray *answers,
                        GError **error);
/* The same, and the domain with the CPUs and NUMA nodes that it has here. */
char *hook_slice_fit(Manager *manager, const Domain *domain, const char *xml,
                     const GPtrArray *answers, GError **error);
/* What hook_slice_fit() would answer; promises nothing. */
char *hook_slice_preview(Manager *manager, const Domain *domain, const char *xml,
                         const GPtrArray *answers, GError **error);
/* The guest does not come: what was promised for its coming is given back. */
void hook_slice_give_back(Manager *manager, const Domain *domain);
