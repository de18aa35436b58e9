/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How good the forecast of demand is, and what it costs.
 *
 * VIRTFERRY_TRACES names a directory of real series (FILE.csv as `virt-ferry forecast` reads it);
 * without it they are made up. Peers are scored in the same run, by the same code
 * (demand-score.h): the naive forecast of a season, a histogram as autoscalers have it, and the
 * most of the last hour.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/series-file.h"
#include "tests/bench/demand-score.h"
#include "tests/unit/core/made-up-series.h"

#define MADE_UP_DAYS 28
#define FLOOR        0.02 /* of a score that is compared by its ratio */

enum {
        OURS,
        NAIVE,
        HISTOGRAM,
        REACTIVE,
        N_FORECASTERS,
};

static const struct {
        const char *name;
        Forecaster run;
} forecasters[N_FORECASTERS] = {
        [OURS] = { "ours", forecast_ours },
        [NAIVE] = { "seasonal naive", forecast_naive },
        [HISTOGRAM] = { "histogram", forecast_histogram },
        [REACTIVE] = { "most of the last hour", forecast_reactive },
};

typedef struct Result {
        double mase, pinball, above; /* medians over the series */
        double ratio;                /* of the pinball loss to the naive one's, geometric mean */
} Result;

/* Series ---------------------------------------------------------------------------------- */

/* Demand of guests: with a day, with a week, with neither, with bursts, with a level that wanders.
 */
static double made_up(unsigned kind, unsigned i) {
        const MadeUpSeries series = {
                .level = 30,
                .daily = kind % 3 == 0 ? 0 : 5.0 * (kind % 3),
                .weekly = kind % 4 == 3 ? 15 : 0,
                .noise = 1 + kind % 5,
                .seed = kind,
        };
        double burst = kind % 2 && made_up_chance(100 + kind, i / 3) < 0.06 ? 40 : 0;
        double wander = kind % 4 == 1 ? 8 * sin(i / (700.0 + 50 * kind)) : 0;

        return made_up_series_value(&series, i) + burst + wander;
}

static Trace *made_up_trace(unsigned kind) {
        Trace *trace = g_new0(Trace, 1);

        trace->name = g_strdup_printf("made-up-%u", kind);
        trace->step = MADE_UP_STEP;
        trace->day = MADE_UP_DAY;
        trace->n = MADE_UP_DAYS * MADE_UP_DAY;
        trace->values = g_new(double, trace->n);
        for (guint i = 0; i < trace->n; i++)
                trace->values[i] = made_up(kind, i);
        return trace;
}

static Trace *read_trace(const char *folder, const char *name) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(Series) series = series_read(path, &error);
        Trace *trace;

        if (!series) {
                printf("# left out: %s\n", error->message);
                return NULL;
        }

        trace = g_new0(Trace, 1);
        trace->name = g_strdup(name);
        trace->step = series->step;
        trace->day = demand_day(series->step);
        trace->n = series->values->len;
        trace->values = (double *)g_array_steal(series->values, NULL);
        return trace;
}

static int compare_names(const void *a, const void *b) {
        return g_strcmp0((*(Trace *const *)a)->name, (*(Trace *const *)b)->name);
}

static GPtrArray *read_traces(const char *folder) {
        GPtrArray *traces = g_ptr_array_new_with_free_func((GDestroyNotify)trace_free);
        g_autoptr(GError) error = NULL;
        g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
        const char *name;

        if (!dir) {
                fprintf(stderr, "%s\n", error->message);
                exit(EXIT_FAILURE);
        }
        while ((name = g_dir_read_name(dir))) {
                Trace *trace = g_str_has_suffix(name, ".csv") ? read_trace(folder, name) : NULL;

                if (trace)
                        g_ptr_array_add(traces, trace);
        }
        g_ptr_array_sort(traces, compare_names);
        return traces;
}

static GPtrArray *made_up_traces(void) {
        GPtrArray *traces = g_ptr_array_new_with_free_func((GDestroyNotify)trace_free);

        for (unsigned kind = 0; kind < 12; kind++)
                g_ptr_array_add(traces, made_up_trace(kind));
        return traces;
}

/* Scores ---------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static double median(const double *values, guint n) {
        g_autofree double *sorted = g_memdup2(values, n * sizeof(double));

        qsort(sorted, n, sizeof(double), compare_doubles);
        return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static Result sum_up(const Score *scores, const Score *naive, guint n) {
        g_autofree double *mase = g_new(double, n), *pinball = g_new(double, n);
        g_autofree double *above = g_new(double, n);
        double logs = 0;

        for (guint i = 0; i < n; i++) {
                mase[i] = scores[i].mase;
                pinball[i] = scores[i].pinball;
                above[i] = scores[i].above;
                logs += log((scores[i].pinball + FLOOR) / (naive[i].pinball + FLOOR)) / n;
        }
        return (Result){ median(mase, n), median(pinball, n), median(above, n), exp(logs) };
}

static void score_all(const GPtrArray *traces, const char *task, unsigned parts, Result *results) {
        g_autofree Score *scores = g_new(Score, N_FORECASTERS * traces->len);

        for (guint i = 0; i < traces->len; i++) {
                const Trace *trace = traces->pdata[i];

                for (int f = 0; f < N_FORECASTERS; f++)
                        scores[f * traces->len + i] = trace_score(trace, trace->day / parts,
                                                                  forecasters[f].run);
                printf("# %s %s: MASE %.3f, pinball %.3f, above %.1f %%; histogram %.3f, %.3f\n",
                       task, trace->name, scores[i].mase, scores[i].pinball, scores[i].above,
                       scores[HISTOGRAM * traces->len + i].mase,
                       scores[HISTOGRAM * traces->len + i].pinball);
        }
        for (int f = 0; f < N_FORECASTERS; f++) {
                results[f] = sum_up(&scores[f * traces->len], &scores[NAIVE * traces->len],
                                    traces->len);
                printf("# %s, %s: MASE %.3f, pinball %.4f (of the naive one's: %.3f), above %.2f "
                       "%%\n",
                       task, forecasters[f].name, results[f].mase, results[f].pinball,
                       results[f].ratio, results[f].above);
        }
}

/* Costs ----------------------------------------------------------------------------------- */

static double usec_now(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Microseconds of an update, and of a forecast of a day. */
static void measure(const Trace *trace, double *ret_update, double *ret_forecast) {
        g_autoptr(Demand) demand = demand_new(trace->step);
        g_autofree DemandBand *bands = g_new(DemandBand, trace->day);
        double begin = usec_now();

        for (guint i = 0; i < trace->n; i++)
                g_assert_true(demand_update(demand, (int64_t)i * trace->step, trace->values[i]));
        *ret_update = (usec_now() - begin) / trace->n;

        begin = usec_now();
        for (int i = 0; i < 100; i++)
                g_assert_true(demand_forecast(demand, trace->day, bands));
        *ret_forecast = (usec_now() - begin) / 100;
}

/* The result ------------------------------------------------------------------------------ */

/* The project's one form of a benchmark's result. */
static bool report(const char *name, double ours, double peer, double bound) {
        printf("bench demand-%s ours %.4f peer %.4f ratio %.3f bound %g\n", name, ours, peer,
               ours / peer, bound);
        return ours / peer <= bound;
}

/* Of 100 rows 5 should be above p95, neither more nor less. */
static bool report_above(const char *task, double above) {
        g_autofree char *name = g_strdup_printf("%s-above", task);

        return report(name, above, 5, 1.14) && above >= 4.5;
}

/* The peer is the better one of those that are no forecast of ours. */
static bool report_task(const char *task, const Result *results) {
        g_autofree char *mase = g_strdup_printf("%s-mase", task);
        g_autofree char *pinball = g_strdup_printf("%s-pinball", task);
        double best_mase = INFINITY, best_pinball = INFINITY;
        bool good;

        for (int f = OURS + 1; f < N_FORECASTERS; f++) {
                best_mase = MIN(best_mase, results[f].mase);
                best_pinball = MIN(best_pinball, results[f].pinball);
        }
        good = report(mase, results[OURS].mase, best_mase, 1);
        good = report(pinball, results[OURS].pinball, best_pinball, 0.95) && good;
        return report_above(task, results[OURS].above) && good;
}

/* Of these the peer is what they may take. */
static bool report_costs(const Trace *trace) {
        double update, forecast;
        bool good;

        measure(trace, &update, &forecast);
        good = report("update-usec", update, 40, 1);
        return report("forecast-usec", forecast, 1000, 1) && good;
}

int main(void) {
        const char *folder = g_getenv("VIRTFERRY_TRACES");
        g_autoptr(GPtrArray) traces = folder ? read_traces(folder) : made_up_traces();
        Result day[N_FORECASTERS], hour[N_FORECASTERS];
        bool good;

        if (!folder)
                printf("# real series are left out: VIRTFERRY_TRACES names no directory of them\n");
        if (traces->len == 0) {
                fprintf(stderr, "%s has no series\n", folder);
                return EXIT_FAILURE;
        }

        score_all(traces, "day", 1, day);
        score_all(traces, "hour", 24, hour);
        good = report_task("day", day);
        good = report_task("hour", hour) && good;
        return report_costs(traces->pdata[0]) && good ? EXIT_SUCCESS : EXIT_FAILURE;
}
