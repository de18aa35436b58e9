/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What memory, CPUs and NUMA nodes this host has, and what of them is free.
 * Sources: proc_meminfo(5); ABI/stable/sysfs-devices-node.
 */

#include "daemon/facts/sysfs.h"
#include "xml/number-set.h"

typedef struct HostMemory {
        uint64_t total_kib;     /* 0: it is not said */
        uint64_t available_kib; /* without swapping */
        uint64_t swap_kib;      /* free */
        uint64_t hugepage_kib;  /* the size that is used when none is named; 0 there are none */
} HostMemory;

int host_memory_read(const Sysfs *sysfs, HostMemory *ret_memory);
/* A line of the host's meminfo, "MemFree:  123 kB", or of a node's, "Node 0 MemFree:  123 kB". */
bool meminfo_find(const char *text, const char *name, uint64_t *ret_kib);

/* A kernel without NUMA has node 0, as libvirt has it then. */
int host_nodes_read(const Sysfs *sysfs, NumberSet *ret_nodes);
int host_cpus_read(const Sysfs *sysfs, NumberSet *ret_cpus); /* online */
