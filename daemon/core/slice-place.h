/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Fits a hardware slice into what is free: vector packing with affinity. Exact
 * where hosts are: as long as SLICE_PLACE_STEPS_MAX is not reached it finds a
 * placement whenever there is one. Among several it takes the one that leaves
 * most in one piece: cores of the node that is fullest and still has room, the
 * PF with fewest VFs left, pages no larger than asked for. Beside that memory
 * and functions are where the cores are, when they can be, and a CPU has one
 * vCPU of a slice as long as there are enough CPUs. Pure: no kernel, no store, no
 * time.
 *
 * Guarantees: of no core, node, link, PF or device is more granted than there
 * is; a core that is exclusive has one slice; an IOMMU group that is somebody's
 * own has one function. Slices of best effort give way to others, the fewest
 * and youngest that make room, and never for a slice of best effort. An IOMMU
 * group that functions share is one slice's; a device without a NUMA node is on
 * none, unless the host has but one; memory without CPUs counts with those that
 * are nearest.
 */

#include "daemon/core/capacity.h"

#define SLICE_PLACE_STEPS_MAX 200000u

typedef struct SlicePlacement {
        GPtrArray *grants;    /* SliceGrant */
        GPtrArray *preempted; /* names of slices that must give way first; empty mostly */
        GPtrArray *reasons;   /* sentences: why this node, this PF; for --explain */
} SlicePlacement;

void slice_placement_free(SlicePlacement *placement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SlicePlacement, slice_placement_free)

/* `name` is that of the slice; `present` its grants until now, which stay where they are as far as
 * the new wishes allow (NULL: it is new). They are not in `capacity`, nor is the slice.
 * FERRY_ERROR_NO_RESOURCES: which resource is short by how much, and who holds it.
 * FERRY_ERROR_INVALID_REQUEST: what no state of this host could give, and why. */
SlicePlacement *slice_place(const Capacity *capacity, const Slice *slice, const char *name,
                            const GPtrArray *present, GError **error);
