/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "cli/demand-forecast.h"
#include "cli/output.h"
#include "cli/series-file.h"

/* `virt-ferry forecast --csv`: the forecasts that the daemon would have made, so that anyone can
 * hold them against those of another tool. Asks no daemon. */

#define ROWS_MAX 1440 /* of a day at a step of a minute */

/* Which forecasts: what was not said stands for a day ahead of all that is known. */
typedef struct Plan {
        guint origin, stride, count;
        unsigned horizon;
} Plan;

static bool set_wrong(const Options *options, GError **error, const char *what, uint64_t most,
                      uint64_t wrong) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: %s must be %" G_GUINT64_FORMAT " at most, not %" G_GUINT64_FORMAT,
                    options->csv, what, most, wrong);
        return false;
}

static bool make_plan(const Options *options, const Series *series, uint64_t rows, Plan *ret_plan,
                      GError **error) {
        uint64_t day = demand_day(series->step), n = series->values->len;
        uint64_t origin = options->origin ?: n, horizon = rows ?: day;
        uint64_t stride = options->stride ?: 1, count = options->count ?: 1;
        uint64_t last = origin + (count - 1) * stride;

        if (horizon > day)
                return set_wrong(options, error, "the horizon of a day's rows", day, horizon);
        if (last > n)
                return set_wrong(options, error, "the last origin, by the number of rows,", n,
                                 last);

        *ret_plan = (Plan){
                .origin = (guint)origin,
                .stride = (guint)stride,
                .count = (guint)count,
                .horizon = (unsigned)horizon,
        };
        return true;
}

/* The same in any locale. */
static void print_number(double value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        printf(",%s", g_ascii_formatd(text, sizeof(text), "%.9g", value));
}

static void print_bands(guint origin, const DemandBand *bands, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                printf("%u,%u", origin, i + 1);
                print_number(bands[i].p50);
                print_number(bands[i].p95);
                print_number(bands[i].p99);
                putchar('\n');
        }
}

static void add_bands(GVariantBuilder *builder, guint origin, const DemandBand *bands, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                g_variant_builder_add_value(
                        builder,
                        g_variant_new_parsed("{'Origin': <%u>, 'Ahead': <%u>, 'Mean': <%d>,"
                                             " 'P50': <%d>, 'P95': <%d>, 'P99': <%d>}",
                                             origin, i + 1, bands[i].mean, bands[i].p50,
                                             bands[i].p95, bands[i].p99));
}

static void teach(Demand *demand, const Series *series, guint begin, guint end) {
        for (guint row = begin; row < end; row++)
                (void)demand_update(demand, series_time(series, row),
                                    g_array_index(series->values, double, row));
}

/* Each forecast knows the rows before its origin and nothing else. `builder` is NULL where what is
 * forecast is printed at once. */
static bool run(const Options *options, const Series *series, const Plan *plan,
                GVariantBuilder *builder, GError **error) {
        g_autoptr(Demand) demand = demand_new(series->step);
        g_autofree DemandBand *bands = g_new(DemandBand, plan->horizon);
        guint row = 0;

        for (guint i = 0; i < plan->count; i++) {
                guint origin = plan->origin + i * plan->stride;

                teach(demand, series, row, origin);
                row = origin;
                if (!demand_forecast(demand, plan->horizon, bands)) {
                        g_set_error(
                                error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                                "%s: no value is known before origin %u: begin with a later one",
                                options->csv, origin);
                        return false;
                }
                if (builder)
                        add_bands(builder, origin, bands, plan->horizon);
                else
                        print_bands(origin, bands, plan->horizon);
        }
        return true;
}

int forecast_series(const Options *options, GError **error) {
        g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
        g_autoptr(Series) series = NULL;
        guint64 rows = 0;
        Plan plan;

        if (options->horizon &&
            !g_ascii_string_to_unsigned(options->horizon, 10, 1, ROWS_MAX, &rows, NULL))
                return output_usage("--horizon must be a number from 1 to %d, not '%s'", ROWS_MAX,
                                    options->horizon);

        series = series_read(options->csv, error);
        if (!series || !make_plan(options, series, rows, &plan, error))
                return -1;

        if (!options->json && !options->no_legend)
                puts("origin,h,p50,p95,p99");
        if (!run(options, series, &plan, options->json ? &builder : NULL, error))
                return -1;
        if (options->json)
                output_json(g_variant_builder_end(&builder));
        return EXIT_STATUS_OK;
}
