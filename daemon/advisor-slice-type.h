/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which mdev types a function could be of in the place of its own, and how large
 * they are beside it: by how many instances of each there may be, made or not,
 * below the parents that make the present one. A type of which there may be half
 * as many is twice as large. Used by advisor-slice-room.
 *
 * Where a parent makes one type at a time, the others have no instance left and
 * are not known; and VFs that make one instance each, whatever its type, are all
 * of one size.
 */

#include "daemon/manager.h"

typedef struct SliceType {
        const char *id; /* "mtty-2"; borrowed of the inventory, until that is refreshed */
        double size;    /* 1 is the present one */
} SliceType;

/* Without those as large as the present one: SliceType, the smallest first. Free the array. */
GArray *slice_types_list(const Manager *manager, const char *present);
