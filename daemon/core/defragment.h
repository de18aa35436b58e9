/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which hardware slices to move so that what is free is in one piece: cores,
 * memory and VFs on as few nodes and PFs as can be, or (with a goal) so that a
 * certain slice fits that does not fit now. Proposes; slice_book_move() carries
 * a step out. Pure: no kernel, no store, no time.
 *
 * Guarantees: after each step everybody has what was promised, and nothing is
 * promised twice; what a step needs is free when its turn comes, so nobody gives
 * way. A slice moves once at most. It keeps to its wish, and further:
 *  - cores and memory of a slice that are on one node stay on one node;
 *  - memory does not change between local and CXL;
 *  - memory that is contiguous, or of a slice with functions, stays: the latter
 *    VFIO has pinned, and the kernel leaves it where it is;
 *  - functions stay unless they may be replugged; what is of an offload device,
 *    keys and shares always;
 *  - a slice that lacks something (a device was pulled) stays.
 *
 * The search is bounded. A goal that the move of one slice reaches is reached by
 * that; sets of up to DEFRAGMENT_SET_MAX are tried after it. The same input gives
 * the same steps.
 */

#include "daemon/core/slice-book.h"

#define DEFRAGMENT_STEPS_MAX  16u
#define DEFRAGMENT_SET_MAX    4u
#define DEFRAGMENT_TRIALS_MAX 16000u /* placements that are tried; some microseconds each */

typedef enum DefragmentHold {
        DEFRAGMENT_MOVABLE,
        DEFRAGMENT_MEMORY_STAYS, /* the guest has devices beyond its slice */
        DEFRAGMENT_STAYS,
} DefragmentHold;

/* Zeroed: without a goal, everything may move but functions. */
typedef struct DefragmentOptions {
        bool functions;    /* may be replugged */
        const Slice *goal; /* NULL none */
        const char
                *goal_uuid; /* the goal is in the place of what this domain has; NULL: a new one */
        DefragmentHold (*hold)(void *userdata, const SliceEntry *entry); /* NULL: all movable */
        void *userdata;
} DefragmentOptions;

/* A part of a slice that goes from some resources to others. */
typedef struct DefragmentMove {
        char *part;           /* as SliceGrant.part */
        GPtrArray *from, *to; /* ids of the map, "core:4" */
} DefragmentMove;

/* One slice moves, all of its parts at once. */
typedef struct DefragmentStep {
        char *domain_uuid, *domain_name;
        GPtrArray *grants;         /* SliceGrant: what it has then */
        GPtrArray *moves;          /* DefragmentMove */
        uint64_t bytes;            /* of memory that are moved */
        unsigned cores, functions; /* that are repinned, replugged */
        char *sentence;
} DefragmentStep;

typedef struct Defragment {
        GPtrArray *steps; /* DefragmentStep, in order */
        GPtrArray *gains; /* sentences: "largest free run: 4 -> 12 cores of node 0" */
        bool reached;     /* the goal fits after the steps, and nobody gives way */
        char *obstacle;   /* why it does not, as slice_place() has it; NULL */
        bool gave_up;     /* there may be more, and the search was long enough */
} Defragment;

/* `entries`: all slices of the host, the oldest first (slice_book_list()); `capacity` with their
 * grants. */
Defragment *defragment(const GPtrArray *entries, const Capacity *capacity,
                       const DefragmentOptions *options);
void defragment_free(Defragment *defragment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Defragment, defragment_free)
