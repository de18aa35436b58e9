/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The hardware slice of a guest that comes here or starts here: promised before
 * libvirt goes on, or refused with the sentence of the allocator. For hook-ops.c.
 */

#include "daemon/manager.h"

/* Promised until the lease timeout. True also for a guest that has none. FERRY_ERROR_NO_RESOURCES,
 * FERRY_ERROR_INVALID_REQUEST. */
bool hook_slice_reserve(Manager *manager, const Domain *domain, GError **error);
/* The same, and the domain with the CPUs and NUMA nodes that it has here. */
char *hook_slice_fit(Manager *manager, const Domain *domain, const char *xml, GError **error);
