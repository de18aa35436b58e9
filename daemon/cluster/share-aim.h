/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How much of this host should be offered to the cluster, and promised to nobody: Share= percent of
 * what is free now, rounded down, with what is offered already. Of functions that many of each pool
 * and type, those that nobody else can spoil: none whose IOMMU group has another function, none
 * that a trial has, no more than the pool lets out. A host that is drained, or that has called all
 * back, offers nothing.
 */

#include "daemon/manager.h"

/* Resource, as cluster-lot.h calls it, to int64_t; of what is not in it, nothing. No libvirt, no
 * file but what the resource map and IOMMU groups are read from. */
GHashTable *share_aims_new(const Manager *manager);
int64_t share_aim(GHashTable *aims, const char *resource);
/* False: it is a function, and a process has it open that has no lease. Asks the kernel. */
bool share_may_give(const Manager *manager, const char *resource);
