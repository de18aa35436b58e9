/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A drain of this host as it is stored: where its guests are to go, and how far
 * each of them is.
 *
 *   waiting ──► moving ──► left
 *      ▲           │
 *      └─ refused ─┴─────► stayed, when every destination has refused
 *
 * There is at most one. It outlives its end, since a drained host takes no
 * guest, and the daemon, which goes on with it. Knows nobody; one thread.
 */

#include "daemon/core/store.h"

typedef enum DrainState {
        DRAIN_DRAINING,
        DRAIN_DRAINED, /* no guest is left */
        DRAIN_PARTLY,  /* some have stayed */
        _DRAIN_STATE_MAX,
        _DRAIN_STATE_INVALID = -22,
} DrainState;

typedef enum DrainGuestState {
        DRAIN_GUEST_WAITING,
        DRAIN_GUEST_MOVING,
        DRAIN_GUEST_LEFT,
        DRAIN_GUEST_STAYED,
        _DRAIN_GUEST_STATE_MAX,
        _DRAIN_GUEST_STATE_INVALID = -22,
} DrainGuestState;

const char *drain_state_to_string(DrainState state);
DrainState drain_state_from_string(const char *text);
const char *drain_guest_state_to_string(DrainGuestState state);
DrainGuestState drain_guest_state_from_string(const char *text);

typedef struct DrainGuest {
        char *uuid, *name;
        char *destination; /* URI, where it goes or has gone; NULL not known */
        char *reason;      /* why it stays, or what the destinations so far have said; NULL */
        unsigned n_refused;
        DrainGuestState state;
        bool inherited; /* its move was asked for by a daemon that was killed; not stored */
} DrainGuest;

struct DrainRecord {
        DrainState state;
        bool persistent, undefine_source; /* of each move, as MoveRequest has them */
        GPtrArray *destinations;          /* URIs, in the order in which they are asked; none: the
                                           * cluster chooses */
        GPtrArray *guests;                /* DrainGuest */
};

DrainRecord *drain_record_new(void); /* draining, and nothing else known */
DrainRecord *drain_record_copy(const DrainRecord *record);
void drain_record_free(DrainRecord *record); /* NULL is none */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DrainRecord, drain_record_free)
bool drain_record_equal(const DrainRecord *a, const DrainRecord *b);

DrainGuest *drain_record_add(DrainRecord *record, const char *uuid, const char *name); /* waiting */
DrainGuest *drain_record_find(const DrainRecord *record, const char *uuid);
guint drain_record_count(const DrainRecord *record, DrainGuestState state);
