/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What guests, VFs and PFs used, in the store: slots of 10 seconds for 6 hours
 * with their mean, slots of 5 minutes for 4 weeks with minimum, mean and maximum.
 * Slots of a subject that follow each other are a row: of 10 seconds those of a
 * minute, which is when they are written.
 *
 * Bounded: the oldest rows give way as soon as there are more than
 * HISTORY_SHORT_ROWS (at most 88 bytes of numbers for each slot) and
 * HISTORY_LONG_ROWS (256 bytes). HISTORY_MBYTE is what the database has when both are
 * full and every metric of all is known. That is all of 138 subjects for 6 hours and
 * of 37 for 4 weeks; of more, it is less time. Room that has become free is used
 * again, so that the file has no need to be compacted; it does not shrink. A gap is
 * no slot, or in one a number that is not there. On a disk that is as good as full
 * nothing is written. Errors are FERRY_ERROR_STORE.
 *
 * Whether the clock is right nobody here knows. So of what has become too old, or is
 * as far in the future, no more goes at a time than twice of what comes: a
 * clock that was wrong for an hour has cost the two oldest hours, not all.
 */

#include "daemon/core/store.h"
#include "daemon/core/telemetry.h"

#define HISTORY_SHORT_USEC (6 * G_TIME_SPAN_HOUR)
#define HISTORY_LONG_USEC  (28 * G_TIME_SPAN_DAY)
#define HISTORY_SHORT_ROWS 50000
#define HISTORY_LONG_ROWS  300000
#define HISTORY_ROW_SLOTS  8 /* at most */
#define HISTORY_MBYTE      150

/* Slots of a subject, one after the other. */
typedef struct HistoryRow {
        SubjectKind kind;
        char *id, *name;
        SlotStep step;
        int64_t start; /* of the first, as of a Slot */
        unsigned n_slots;
        GByteArray *data; /* slot_to_blob() of each */
} HistoryRow;

HistoryRow *history_row_new(const Subject *subject, SlotStep step, const Slot *slot);
/* False: the slot does not begin where the last one ends, or the row is full. */
bool history_row_append(HistoryRow *row, const Slot *slot);
/* Adds those of the row that begin from `from` on and before `to`: Slot, owned. Stops before what
 * is of no use. */
void history_row_get_slots(const HistoryRow *row, int64_t from, int64_t to, GPtrArray *slots);
void history_row_free(HistoryRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HistoryRow, history_row_free)

/* Slot, owned: in the order of time. Of two that begin together, since the clock was set back, the
 * one that came later stays. */
void history_sort(GPtrArray *slots);

/* HistoryRow in the order in which they ended, and away with what is older than it may be at `now`
 * (CLOCK_REALTIME in us). One transaction of its own: all or nothing. */
bool store_put_history(Store *store, const GPtrArray *rows, int64_t now, GError **error);
/* Slots that begin from `from` on and before `to`, as after history_sort(); Slot, owned. Minimum
 * and maximum of a short one are its mean. Empty for a subject that nobody knows. */
GPtrArray *store_load_history(Store *store, SubjectKind kind, const char *id, SlotStep step,
                              int64_t from, int64_t to, GError **error);
