/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How forecasts are scored: a day ahead once a day, an hour ahead each hour, in the last days of a
 * series (7 where there are 21 days or more, else 4), knowing only what was before.
 *
 * Errors are in units of the seasonal naive one in the days before: MASE is that of the median, and
 * pinball the loss of p95, the one number that weighs too little against too much.
 */

#include <glib.h>

#include "daemon/core/demand.h"

typedef struct Trace {
        char *name;
        unsigned step, day; /* seconds; rows a day */
        guint n;
        double *values; /* NAN: missing */
} Trace;

/* What a forecaster may look at: the rows before `origin`, and what it has kept of them. */
typedef struct Past {
        const Trace *trace;
        guint origin;
        guint first;    /* of the test: nothing is fitted to what is after */
        Demand *demand; /* ours */
        guint n_learnt;
} Past;

typedef void (*Forecaster)(Past *past, unsigned n, DemandBand *ret_bands);

typedef struct Score {
        double mase, pinball;
        double above; /* percent of the rows with more than p95; 5 is right */
} Score;

Score trace_score(const Trace *trace, unsigned horizon, Forecaster forecaster);

void trace_free(Trace *trace);

/* Ours and the peers. */
void forecast_ours(Past *past, unsigned n, DemandBand *ret_bands);
/* As yesterday at this time, with a normal distribution around it. */
void forecast_naive(Past *past, unsigned n, DemandBand *ret_bands);
/* A histogram that forgets half in a day, as the Vertical Pod Autoscaler of Kubernetes has it. */
void forecast_histogram(Past *past, unsigned n, DemandBand *ret_bands);
/* The median and the most of the last hour. */
void forecast_reactive(Past *past, unsigned n, DemandBand *ret_bands);
