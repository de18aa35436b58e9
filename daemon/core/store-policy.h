/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the policy (policy.h) has to know after a restart. Errors are
 * FERRY_ERROR_STORE.
 */

#include <stdint.h>

#include "daemon/core/store.h"

/* Those of a week, at the most that a day may have. */
#define STORE_POLICY_MOVES_MAX  7000
#define STORE_SLICE_CHANGES_MAX 7000 /* the same of a thousand parts of slices */

/* Whether an operator has frozen it. */
bool store_put_frozen(Store *store, bool frozen, GError **error);
bool store_load_frozen(Store *store, bool *ret_frozen, GError **error);

/* What a move has to bring by now, policy_theta(). `ret_theta` is NAN where it was never put. */
bool store_put_theta(Store *store, double theta, GError **error);
bool store_load_theta(Store *store, double *ret_theta, GError **error);

/* A move that it counts. */
typedef struct PolicyMove {
        int64_t made;      /* CLOCK_REALTIME in us */
        char *came, *gave; /* the guests that took the VF and gave it back; NULL: there is none */
} PolicyMove;

void policy_move_free(PolicyMove *move);

/* All but the last STORE_POLICY_MOVES_MAX are forgotten. A transaction of its own. */
bool store_put_policy_move(Store *store, const PolicyMove *move, GError **error);
GPtrArray *store_load_policy_moves(Store *store, GError **error); /* PolicyMove, in their order */

/* A change of a part of a slice that is counted. Times are CLOCK_REALTIME in us. */
typedef struct SlicePartChange {
        int64_t made;
        char *part;     /* the id of a PolicySlicePart */
        double has;     /* since then */
        int64_t filled; /* when it was last at its limit before; 0: not known */
        double peak;    /* what was seen of it since the first time of that; NAN: not known */
} SlicePartChange;

void slice_part_change_free(SlicePartChange *change);

/* All but the last STORE_SLICE_CHANGES_MAX are forgotten. A transaction of its own. */
bool store_put_slice_change(Store *store, const SlicePartChange *change, GError **error);
GPtrArray *store_load_slice_changes(Store *store,
                                    GError **error); /* SlicePartChange, in their order */
