/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is said to a person of a slice that should grow or shrink. Pure. Used by
 * advisor-slices.
 */

#include "daemon/advisor-slice-room.h"

typedef struct SliceAdvice {
        const SliceGuest *guest;
        const SlicePart *part;
        const PolicySliceChange *change;
        const SliceRoom *room;
} SliceAdvice;

/* One line. Free it. */
char *slice_advice_sentence(const SliceAdvice *advice);
/* As `virt-ferry slice add` takes it: "2", "512MiB", "400". Free it. */
char *slice_advice_amount(const SlicePart *part, uint64_t amount);
