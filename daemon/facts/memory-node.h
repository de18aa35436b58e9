/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The memory of one NUMA node, by the size of its pages, and how far the others
 * are. A host without NUMA is one node, 0.
 * Sources: ABI/stable/sysfs-devices-node; Documentation/admin-guide/mm/hugetlbpage.rst;
 * proc_meminfo(5).
 */

#include "daemon/facts/sysfs.h"
#include "xml/number-set.h"

typedef struct HugePages {
        uint64_t page_kib;
        uint64_t total, free; /* pages */
} HugePages;

typedef struct MemoryNode {
        unsigned node;
        NumberSet cpus;
        uint64_t total_kib; /* 0: a node of CPUs or devices alone; hugepages are in it */
        uint64_t free_kib;  /* and what the page cache would give back */
        bool movable;       /* all of it: the kernel can have nothing of its own there */
        GArray *pages;      /* HugePages, small ones first; sizes of which there are none, too */
        GArray *distances;  /* int, to each node that is online; empty without NUMA */
} MemoryNode;

/* All that are online, in order. */
int memory_nodes_read(const Sysfs *sysfs, GPtrArray **ret_nodes);
/* Free pages of this size, on these nodes together; `numbers` NULL: on all. 0 as well where there
 * are none of this size, or nothing can be read. */
uint64_t memory_nodes_free_pages(const Sysfs *sysfs, uint64_t page_kib, const NumberSet *numbers);
void memory_node_free(MemoryNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MemoryNode, memory_node_free)
