/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>

#include "tests/bench/demand-score.h"

#define HISTOGRAM_DAYS 8
#define NORMAL_95      1.645
#define NORMAL_99      2.326

void forecast_ours(Past *past, unsigned n, DemandBand *ret_bands) {
        const Trace *trace = past->trace;

        if (!past->demand)
                past->demand = demand_new(trace->step);
        for (; past->n_learnt < past->origin; past->n_learnt++)
                g_assert_true(demand_update(past->demand, (int64_t)past->n_learnt * trace->step,
                                            trace->values[past->n_learnt]));
        g_assert_true(demand_forecast(past->demand, n, ret_bands));
}

static double naive_deviation(const Past *past) {
        const Trace *trace = past->trace;
        double sum = 0;
        guint n = 0;

        for (guint i = trace->day; i < past->first; i++) {
                double miss = trace->values[i] - trace->values[i - trace->day];

                if (!isnan(miss)) {
                        sum += miss * miss;
                        n++;
                }
        }
        return sqrt(sum / n);
}

void forecast_naive(Past *past, unsigned n, DemandBand *ret_bands) {
        const Trace *trace = past->trace;
        double deviation = naive_deviation(past);

        for (unsigned i = 0; i < n; i++) {
                double value = NAN;

                for (guint row = past->origin + i; isnan(value) && row >= trace->day;) {
                        row -= trace->day;
                        value = trace->values[row];
                }
                ret_bands[i] = (DemandBand){ .p50 = value,
                                             .p95 = value + NORMAL_95 * deviation,
                                             .p99 = value + NORMAL_99 * deviation };
        }
}

typedef struct Weighted {
        double value, weight;
} Weighted;

static int compare(const void *a, const void *b) {
        double x = ((const Weighted *)a)->value, y = ((const Weighted *)b)->value;

        return (x > y) - (x < y);
}

static double quantile(const Weighted *values, guint n, double share) {
        double total = 0, below = 0;
        guint i;

        for (i = 0; i < n; i++)
                total += values[i].weight;
        for (i = 0; i + 1 < n; i++) {
                below += values[i].weight;
                if (below >= share * total)
                        break;
        }
        return values[i].value;
}

/* Of the last `rows`, the weight of which is halved each `half_life`. */
static DemandBand band_of(const Past *past, guint rows, double half_life) {
        g_autofree Weighted *values = g_new(Weighted, rows);
        guint n = 0;

        for (guint i = 1; i <= MIN(rows, past->origin); i++) {
                double value = past->trace->values[past->origin - i];

                if (!isnan(value))
                        values[n++] = (Weighted){ value, exp2(-(double)i / half_life) };
        }
        if (n == 0) /* all were missing: those before them */
                return band_of(past, 2 * rows, half_life);

        qsort(values, n, sizeof(*values), compare);
        return (DemandBand){
                .p50 = quantile(values, n, 0.5),
                .p95 = quantile(values, n, 0.95),
                .p99 = quantile(values, n, 0.99),
        };
}

/* Without its buckets, which are 5 % wide and only make it worse. */
void forecast_histogram(Past *past, unsigned n, DemandBand *ret_bands) {
        DemandBand band = band_of(past, HISTOGRAM_DAYS * past->trace->day, past->trace->day);

        for (unsigned i = 0; i < n; i++)
                ret_bands[i] = band;
}

void forecast_reactive(Past *past, unsigned n, DemandBand *ret_bands) {
        DemandBand band = band_of(past, MAX(past->trace->day / 24, 2), INFINITY);

        for (unsigned i = 0; i < n; i++)
                ret_bands[i] = band;
}
