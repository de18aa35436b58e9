/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which slices of best effort give way: the fewest that make room, and of these
 * the youngest. A slice gives way as a whole. Exact up to PREEMPT_TRIALS_MAX
 * sets that are tried; then, the youngest of which none can stay. For
 * slice-place*.c only.
 */

#include "daemon/core/slice-place-search.h"

#define PREEMPT_TRIALS_MAX 2000u

/* The search with its placement, NULL when there is none even without all of them. */
PlaceSearch *slice_preempt(const Capacity *capacity, const Slice *slice, const GPtrArray *present,
                           GPtrArray **ret_names);
/* What is taken when no slice of best effort has anything, and their names. Free both. */
uint64_t *slice_preempt_all(const Capacity *capacity, GPtrArray **ret_names);
