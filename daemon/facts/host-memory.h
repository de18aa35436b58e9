/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What memory, CPUs and NUMA nodes this host has, and what of them is free.
 * Sources: proc_meminfo(5); Documentation/admin-guide/mm/hugetlbpage.rst;
 * ABI/stable/sysfs-devices-node.
 */

#include "daemon/facts/sysfs.h"
#include "xml/number-set.h"

typedef struct HostMemory {
        uint64_t available_kib; /* without swapping */
        uint64_t swap_kib;      /* free */
        uint64_t hugepage_kib;  /* the size that is used when none is named; 0 there are none */
} HostMemory;

int host_memory_read(const Sysfs *sysfs, HostMemory *ret_memory);
/* Free pages of this size, on these nodes together; `nodes` NULL: on all. 0 as well where the host
 * has no pages of this size. */
uint64_t host_memory_free_pages(const Sysfs *sysfs, uint64_t page_kib, const NumberSet *nodes);

/* A kernel without NUMA has node 0, as libvirt has it then. */
int host_nodes_read(const Sysfs *sysfs, NumberSet *ret_nodes);
int host_cpus_read(const Sysfs *sysfs, NumberSet *ret_cpus); /* online */
