/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The CPUs of this host: which of them are threads of one core, where the cores
 * are, and which caches they share.
 * Sources: Documentation/admin-guide/cputopology.rst; ABI/testing/sysfs-devices-system-cpu;
 * ABI/stable/sysfs-devices-node.
 */

#include "daemon/facts/sysfs.h"
#include "xml/number-set.h"

typedef struct CpuCore {
        NumberSet cpus; /* the threads that are online, one where SMT is off */
        unsigned first; /* the lowest of them: the name of the core, since core_id is no number of
                           the host but of a package */
        unsigned package;
        unsigned node; /* 0 without NUMA */
} CpuCore;

/* The last level, which cores share: what can be partitioned. */
typedef struct CpuCache {
        NumberSet cpus;
        unsigned level;
        unsigned package; /* of the lowest of them */
        uint64_t size;    /* bytes */
} CpuCache;

typedef struct CpuTopology {
        NumberSet online, offline; /* offline: they are there, and switched off */
        NumberSet isolated;        /* isolcpus=: the scheduler leaves them alone */
        GArray *cores;             /* CpuCore, by first */
        GArray *caches;            /* CpuCache, by their lowest CPU; empty where none is told */
} CpuTopology;

/* A CPU without topology (some guests) is a core of package 0 by itself. */
int cpu_topology_read(const Sysfs *sysfs, CpuTopology **ret_topology);
void cpu_topology_free(CpuTopology *topology);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CpuTopology, cpu_topology_free)
