/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What carries an advice out: one exchange, or two where a guest has to give its
 * VF back before. Used by advisor-seats.
 */

#include "daemon/advisor-way.h"

typedef struct AdvisorMove {
        char *uuid, *name; /* of the guest */
        char *device;      /* the MAC of its interface */
        char *target;      /* as of swaps_begin() */
} AdvisorMove;

AdvisorMove *advisor_move_new(const char *uuid, const char *name, const char *device,
                              const char *target);
void advisor_move_free(AdvisorMove *move);

/* One after the other, until one fails: what is done then stays. Takes the moves, of which there is
 * one at least. Replies later or at once, once. Errors are those of swaps_begin(), and
 * FERRY_ERROR_INVALID_STATE when the policy is frozen meanwhile. */
void advisor_moves_begin(Manager *manager, GPtrArray *moves, AdvisorMoved reply, void *userdata);
