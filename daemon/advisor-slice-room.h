/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What there is room for: the change of a hardware slice is tried as it would
 * be carried out (the ask, the placement, the plan for the guest that runs), and
 * nothing is changed by that. Used by advisor-slices.
 */

#include "daemon/advisor-slice-guest.h"

typedef struct SliceRoom {
        uint64_t amount;      /* that it can have, the nearest to what it wants; as of SliceAsk */
        GPtrArray *preempted; /* names of guests whose slices, of best effort, have to give way */
        char *obstacle;       /* why it is not what it wants; NULL: it is */
        /* Of "function": the mdev type of that size, the parent that makes it, and the type that it
         * wants. NULL */
        char *type, *parent, *better;
} SliceRoom;

/* NULL: it has to stay as it is, or is not any more as it was looked at. `wants` is not what it
 * has.
 */
SliceRoom *slice_room_find(const Manager *manager, const SliceGuest *guest, const SlicePart *part,
                           uint64_t wants);
void slice_room_free(SliceRoom *room);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceRoom, slice_room_free)
