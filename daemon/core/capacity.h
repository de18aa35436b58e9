/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The resource map as the allocator sees it: of each thing that can be granted,
 * how much there is for slices, and how much of that is granted to whom.
 *
 * For slices there is what the host has, less what the operator keeps for the
 * host itself, less what guests have that are no slice's: a VF or mdev that is
 * leased to a domain without a grant on it. What the kernel calls used memory is
 * no such thing, since it comes and goes.
 *
 * Beyond what the map says:
 *  - VFs are those that are made. Of a PF that has none it is one, since a PF
 *    takes a number of VFs only while it has none, and class-sriov.c makes one.
 *  - The mdev types of one parent share what it has, in a way that only its
 *    driver knows. So instances of one type at a time are granted of a parent.
 *  - One group of cache and bandwidth, and the smallest share of the cache, stay
 *    with all that is no slice's.
 *  - An offload device whose PF is not there has nothing.
 *  - Of a pool there are no more functions than its Max allows to be leased at a time: what is
 *    granted of them counts as "pool:NAME", too. A PF whose VFs are of several pools has no such
 *    limit, since it is not known then which of them one will be.
 *
 * A value of its own: it outlives the map, and several may be made of one.
 */

#include "daemon/core/resource-map.h"
#include "daemon/core/slice-grant.h"
#include "xml/slice.h"

typedef struct Capacity Capacity;

/* What the operator keeps for the host; zeroed: nothing. */
typedef struct CapacityReserve {
        const char *cpus;     /* "0-1": their cores are nobody's alone, nor shared; NULL none */
        uint64_t memory_node; /* bytes of base pages, of each node that has CPUs */
} CapacityReserve;

/* `foreign`: for a vf-pool or mdev-type id, how many functions of it guests without a slice have;
 * NULL none. */
typedef unsigned (*CapacityForeign)(void *userdata, const char *resource);

Capacity *capacity_new(const ResourceMap *map, const CapacityReserve *reserve,
                       CapacityForeign foreign, void *userdata);
Capacity *capacity_copy(const Capacity *capacity);
void capacity_free(Capacity *capacity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Capacity, capacity_free)

/* Books the grants of a slice, which has none here; it is the youngest then. What is taken has no
 * age here: it is of an entry of the slice book, which has one (SliceEntry.expires). What the map
 * has no more of (a device that was pulled) is booked all the same: total < granted then, and
 * nothing of it is free. */
void capacity_take(Capacity *capacity, const char *slice, SlicePriority priority, const char *apart,
                   const GPtrArray *grants);
void capacity_give_back(Capacity *capacity, const char *slice);

/* 0 for what is not there. */
uint64_t capacity_total(const Capacity *capacity, const char *resource);
uint64_t capacity_granted(const Capacity *capacity, const char *resource);
