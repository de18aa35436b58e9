/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of defragment*.c: -place.c finds where else a slice could be, -step.c
 * says what that means, -gain.c what it is good for; defragment.c chooses, and
 * -goal.c where there is a goal.
 */

#include "daemon/core/capacity-shape.h"
#include "daemon/core/defragment.h"

typedef struct DefragmentState {
        const DefragmentOptions *options;
        const CapacityShape *shape;
        Capacity *capacity; /* after the steps until now */
        GPtrArray *slices;  /* SliceEntry, owned: those that may move and have not yet */
        unsigned trials;
} DefragmentState;

/* Without preemption: whoever moves, and whoever comes after it, finds room that is free. */
SlicePlacement *defragment_try(DefragmentState *state, const Capacity *capacity, const Slice *wish,
                               const char *holder, const GPtrArray *present);
bool defragment_gave_up(const DefragmentState *state);
/* Binds cores, or memory where there are none, to a node; false: the wish has another. */
bool defragment_tie(const DefragmentState *state, Slice *wish, unsigned node);
/* Whether all that it has is there, and its own. `without` does not have it. */
bool defragment_is_settled(DefragmentState *state, const Capacity *without,
                           const SliceEntry *entry);
/* The ways in which it may move in `without`, where it is not. DefragmentStep, described not yet.
 */
GPtrArray *defragment_list(DefragmentState *state, const Capacity *without,
                           const SliceEntry *entry);

DefragmentStep *defragment_step_new(const SliceEntry *entry, const GPtrArray *grants);
void defragment_step_free(DefragmentStep *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DefragmentStep, defragment_step_free)
/* Fills `moves` and `sentence`; `entry` as it was before. */
void defragment_step_describe(DefragmentStep *step, const CapacityShape *shape,
                              const SliceEntry *entry);
/* Less is better: functions, then bytes, then cores. */
int defragment_compare_costs(const DefragmentStep *a, const DefragmentStep *b);
bool defragment_same_grants(const GPtrArray *a, const GPtrArray *b);
/* Resources of a part of which `a` has more than `b`. Strings, borrowed. */
GPtrArray *defragment_more(const GPtrArray *a, const GPtrArray *b, const char *part);
/* Nodes of these resources, of which each is a core or memory: their numbers, ascending. */
GArray *defragment_nodes(const CapacityShape *shape, const GPtrArray *resources);

/* The steps after which the goal fits, in order: those of the smallest set of slices, and of these
 * the cheapest. `old`: what the goal's domain has until now. NULL: none are found. */
GPtrArray *defragment_reach(DefragmentState *state, const SliceEntry *old);

/* The more is in one piece, the higher. */
double defragment_score(const Capacity *capacity);
/* New; strings. */
GPtrArray *defragment_gains(const Capacity *before, const Capacity *after);
