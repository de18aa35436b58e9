/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A history that a guest or a device never had: the same hours of a peak each day, for so
 * many days until now, and what would have been learnt of it. Put into a store
 * that no daemon has, through the code by which the daemon keeps and learns it,
 * so that a test has not to wait for a week.
 */

#include "daemon/core/telemetry.h"
#include "daemon/core/store.h"

#include <stdint.h>

typedef struct MadeHistory {
        const char *id, *name;
        SubjectKind kind;
        Metric metrics[2]; /* that are all alike */
        unsigned n_metrics;
        unsigned days;
        double low, high; /* as a second has it */
        int64_t begins;   /* of today's peak, us from now; negative: it began so long ago */
        int64_t lasts;    /* us */
} MadeHistory;

/* `now` is CLOCK_REALTIME in us. In the place of what the store has of the same time.
 * FERRY_ERROR_STORE. */
bool made_history_put(const MadeHistory *history, Store *store, int64_t now, GError **error);
