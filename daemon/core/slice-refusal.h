/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One refusal that is being written. Each part of a slice can be tried by itself,
 * and if it fits nowhere it can tell what is short. For slice-refusal*.c only.
 */

#include "daemon/core/slice-place-search.h"

/* `ever`: it is about what there is at all, and not about what is left by others. */
typedef struct Refusal {
        PlaceSearch *search;
        const Capacity *capacity;
        bool ever;
} Refusal;

typedef struct Items {
        const int *items;
        unsigned n;
        bool cores; /* each counts as one, however much of it somebody has */
} Items;

/* "; 'db1' holds most of the rest (6 GiB)", "" when nobody does. Free it. */
char *refusal_tell_holder(const Refusal *refusal, const Items *items, const char *unit);
char *refusal_tell_holder_of(const Refusal *refusal, int item);

/* Of the search as it is after a reset; what is told is to be freed. */
bool refusal_try_cores(const Refusal *refusal, PlaceSpot spot);
char *refusal_tell_cores(const Refusal *refusal, PlaceSpot spot);
bool refusal_try_memory(const Refusal *refusal, PlaceSpot spot);
char *refusal_tell_memory(const Refusal *refusal, PlaceSpot spot);
bool refusal_try_functions(const Refusal *refusal, PlaceSpot spot);
char *refusal_tell_functions(const Refusal *refusal, PlaceSpot spot);
bool refusal_try_offloads(const Refusal *refusal, PlaceSpot spot);
char *refusal_tell_offloads(const Refusal *refusal, PlaceSpot spot);
bool refusal_try_keys(const Refusal *refusal, PlaceSpot spot);
char *refusal_tell_keys(const Refusal *refusal, PlaceSpot spot);
bool refusal_try_share(const Refusal *refusal, PlaceSpot spot);
char *refusal_tell_share(const Refusal *refusal, PlaceSpot spot);
