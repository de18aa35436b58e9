/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/demand-score.h"

#include <math.h>

#define DAYS_ENOUGH 21 /* of which 7 are tested */

static guint first_tested(const Trace *trace) {
        return trace->n - (trace->n >= DAYS_ENOUGH * trace->day ? 7 : 4) * trace->day;
}

/* What the same time of the day before misses by, before the test. */
static double naive_miss(const Trace *trace) {
        double sum = 0;
        guint n = 0;

        for (guint i = trace->day; i < first_tested(trace); i++) {
                double miss = fabs(trace->values[i] - trace->values[i - trace->day]);

                if (!isnan(miss)) {
                        sum += miss;
                        n++;
                }
        }
        return sum / n;
}

static double pinball_loss(double miss) {
        return miss > 0 ? 0.95 * miss : -0.05 * miss;
}

Score trace_score(const Trace *trace, unsigned horizon, Forecaster forecaster) {
        g_autofree DemandBand *bands = g_new(DemandBand, horizon);
        double scale = naive_miss(trace);
        Past past = { .trace = trace, .first = first_tested(trace) };
        Score score = { 0 };
        guint n = 0;

        for (past.origin = past.first; past.origin < trace->n; past.origin += horizon) {
                forecaster(&past, horizon, bands);
                for (unsigned i = 0; i < MIN(horizon, trace->n - past.origin); i++) {
                        double value = trace->values[past.origin + i];

                        if (isnan(value))
                                continue;
                        score.mase += fabs(value - bands[i].p50) / scale;
                        score.pinball += pinball_loss(value - bands[i].p95) / scale;
                        score.above += value > bands[i].p95 ? 100 : 0;
                        n++;
                }
        }
        demand_free(past.demand);
        return (Score){ score.mase / n, score.pinball / n, score.above / n };
}

void trace_free(Trace *trace) {
        g_free(trace->name);
        g_free(trace->values);
        g_free(trace);
}
