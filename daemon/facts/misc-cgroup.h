/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Things that the host has a number of and that no other controller counts: ids
 * of SEV, SEV-ES and TDX, which encrypt the memory of guests.
 * Source: Documentation/admin-guide/cgroup-v2.rst, "Misc".
 */

#include "daemon/facts/sysfs.h"

typedef struct MiscResource {
        char *name;              /* "sev", "sev_es", "tdx" */
        uint64_t capacity, used; /* of the host */
} MiscResource;

/* MiscResource, as the kernel has them; empty where it has none, or no such controller. */
int misc_cgroup_read(const Sysfs *sysfs, GPtrArray **ret_resources);
