/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a series of demand will be, for the day ahead; learnt as it comes in.
 *
 * A series is one number a step (CPU of a guest, bytes of a VF), never negative. Several
 * simple forecasts (recent level, profiles of the day and the week, an exponential
 * smoothing with both seasons) run beside each other and are weighted by how they
 * did of late, for each distance by itself; the upper quantiles are what these
 * forecasts have really missed by, weighted the same way. So a season counts where
 * it has shown itself and nowhere else. No training: an update takes
 * microseconds, and the size is constant, DEMAND_SIZE_MAX at a step of 5 minutes.
 *
 * Three statistics for three decisions: p95 and p99 for how much to set aside, p50 to
 * show, the mean for who gains most. Pure: no store, no loop, no clock. One thread.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define DEMAND_STEP_MIN  60 /* seconds; a step divides the hour */
#define DEMAND_STEP_MAX  3600
#define DEMAND_TIME_MAX  (INT64_C(1) << 40) /* seconds since the epoch */
#define DEMAND_VALUE_MAX 1e15               /* of a sample; what is more is none */
#define DEMAND_SIZE_MAX                                                          \
        (96 * 1024) /* bytes of a series at a step of 5 minutes, and of its blob \
                     */

typedef struct Demand Demand;

/* Never negative; p50 <= p95 <= p99. */
typedef struct DemandBand {
        double mean, p50, p95, p99;
} DemandBand;

bool demand_step_is_valid(unsigned step);
unsigned demand_day(unsigned step); /* steps a day */

Demand *demand_new(unsigned step); /* seconds, valid */
void demand_free(Demand *demand);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Demand, demand_free)

size_t demand_size(const Demand *demand); /* bytes of memory */

/* The sample of the step that has `time` (seconds since the epoch) in it. NAN, infinite, negative
 * or more than DEMAND_VALUE_MAX: missing, as are the steps between the last one and this. False:
 * the step is not after the last one, or before the epoch or after DEMAND_TIME_MAX, and nothing was
 * changed: so a clock that jumps ahead and back has to be noticed before. */
bool demand_update(Demand *demand, int64_t time, double value);

/* The `n` steps after the last one that was updated, 1 to a day's. The older the last known sample,
 * the wider the band. False: no sample is known. */
bool demand_forecast(const Demand *demand, unsigned n, DemandBand *ret_bands);

/* Seconds since the epoch, when the first step begins that demand_forecast() tells of; 0: no sample
 * is known. */
int64_t demand_next(const Demand *demand);

/* All that was learnt: a demand of it goes on bit by bit as this one does. Free it. */
GBytes *demand_to_blob(const Demand *demand);
/* NULL where it is damaged, of another version, or of another step than `step`. */
Demand *demand_from_blob(GBytes *blob, unsigned step);
