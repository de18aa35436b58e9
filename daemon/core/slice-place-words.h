/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the allocator tells people: why it is so, or why it cannot be. For
 * slice-place*.c, slice-refusal*.c and defragment*.c only.
 */

#include "daemon/core/slice-place-search.h"

/* Of a search that has a placement: a sentence for each decision, and some for what was passed
 * over. */
GPtrArray *place_explain(const PlaceSearch *search, const GPtrArray *preempted);
/* Sets FERRY_ERROR_NO_RESOURCES or _INVALID_REQUEST, as slice_place() has it. */
void place_refuse(const Capacity *capacity, const Slice *slice, GError **error);

/* "8 GiB", "1000 Mbit/s". Free it. */
char *place_amount(uint64_t amount, const char *unit);
/* "PF 0000:3b:00.0", "mtty". Free it. */
char *place_pool_name(const PlaceSearch *search, int pool);
/* "Memory of node 0", "CXL region region0". Free it. */
char *place_memory_name(const PlaceSearch *search, int item);
/* "has no VF left": to be said of the pool. Free it. */
char *place_lack_words(const PlaceSearch *search, const SliceFunction *function, int pool,
                       PlaceLack lack, int item);
