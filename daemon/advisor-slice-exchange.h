/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A function of a hardware slice gets another mdev type: the slice is asked for it
 * first, which keeps the room, and then the guest's device is exchanged (swap.h).
 * Where that fails the slice has its old type again. Used by advisor-slices.
 */

#include "daemon/advisor-way.h"

typedef struct SliceExchange {
        const char *uuid, *name;    /* of the guest */
        const char *function;       /* of its slice, plugged in under its name (tuning_alias()) */
        const char *type, *present; /* it gets; it has */
} SliceExchange;

/* Copies what it needs. Replies later or at once, once; errors are those of slices_ask() and
 * swaps_begin(), and FERRY_ERROR_INVALID_STATE when the policy is frozen meanwhile. */
void slice_exchange_begin(Manager *manager, const SliceExchange *exchange, AdvisorMoved reply,
                          void *userdata);
