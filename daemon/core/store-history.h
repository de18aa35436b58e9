/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What guests, VFs and PFs used, in the store: slots of 10 seconds for 6 hours
 * with their mean, slots of 5 minutes for 4 weeks with minimum, mean and maximum.
 *
 * Bounded: the oldest rows give way as soon as there are more than
 * HISTORY_SHORT_ROWS (at most 88 bytes of numbers each) and HISTORY_LONG_ROWS
 * (256 bytes): 121 MB of database when both are full and every metric is known,
 * which are checked in a third of a second when the daemon starts. That is all
 * of 92 subjects for 6 hours and of 37 for 4 weeks; of more, it is less time. A gap is no row, or
 * in one a number that is not there. Errors are FERRY_ERROR_STORE.
 */

#include "daemon/core/store.h"
#include "daemon/core/telemetry.h"

#define HISTORY_SHORT_USEC (6 * G_TIME_SPAN_HOUR)
#define HISTORY_LONG_USEC  (28 * G_TIME_SPAN_DAY)
#define HISTORY_SHORT_ROWS 200000
#define HISTORY_LONG_ROWS  300000

typedef struct HistoryRow {
        SubjectKind kind;
        char *id, *name;
        SlotStep step;
        Slot slot;
} HistoryRow;

HistoryRow *history_row_new(const Subject *subject, SlotStep step, const Slot *slot);
void history_row_free(HistoryRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HistoryRow, history_row_free)

/* HistoryRow in the order in which they ended, and away with what is older than it may be at `now`
 * (CLOCK_REALTIME in us). One transaction of its own: all or nothing. */
bool store_put_history(Store *store, const GPtrArray *rows, int64_t now, GError **error);
/* Slots that begin from `from` on and before `to`, oldest first; Slot, owned. Minimum and maximum
 * of a short one are its mean. Empty for a subject that nobody knows. */
GPtrArray *store_load_history(Store *store, SubjectKind kind, const char *id, SlotStep step,
                              int64_t from, int64_t to, GError **error);
