/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Learns what guests, VFs and PFs will use, from the slots of 5 minutes that end.
 *
 *   meter ─► demands_on_slot() ─► demand-book ─► demands_forecast()
 *     │                              ▲    │ in turns
 *     └─► history ─── what it missed ┘    └─► store
 *
 * A series is looked for in the store when something is first known of its
 * subject, and learns from the history what has ended since it was stored: so a
 * start, or a crash, loses what the history has lost, one slot at most. For the
 * same reason each need be stored only once in DEMANDS_ROUND_USEC, a few each
 * minute. While the clock is not to be believed (clock-trust.h) nothing is learnt,
 * and afterwards it is, from the history. What is not stored again for 5 weeks is
 * forgotten, by a clock that has been steady for a day.
 *
 * When nothing can be written, this goes on from memory, and everything else goes
 * on anyway. One thread; belongs to the manager.
 */

#include "daemon/core/demand-book.h"
#include "daemon/manager.h"

#define DEMANDS_ROUND_USEC G_TIME_SPAN_HOUR
#define DEMANDS_KEPT_USEC  (35 * G_TIME_SPAN_DAY)

Demands *demands_new(Manager *manager);
void demands_free(Demands *demands);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Demands, demands_free)

/* At the begin of each round of the meter, CLOCK_MONOTONIC in us: a part of what is to be done. */
void demands_turn(Demands *demands, int64_t monotonic);
/* One of SLOT_LONG has ended, and is in meter_history(). */
void demands_on_slot(Demands *demands, const Subject *subject, const Slot *slot);

/* Of steps of DEMAND_BOOK_STEP, the first of which is going on now; `n`: 1 to a day's. `ret_start`:
 * CLOCK_REALTIME in us. `name` is what people call it. FERRY_ERROR_INVALID_ARGS: nothing is learnt
 * of such a metric; FERRY_ERROR_NOT_FOUND: nothing is known yet. */
bool demands_forecast(Demands *demands, SubjectKind kind, const char *id, const char *name,
                      Metric metric, unsigned n, int64_t *ret_start, DemandBand *ret_bands,
                      GError **error);
/* Whether there is a forecast; without a word where the store cannot be read. */
bool demands_knows(Demands *demands, SubjectKind kind, const char *id, Metric metric);
