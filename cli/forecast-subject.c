/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/demand-forecast.h"
#include "cli/duration.h"
#include "cli/metric.h"
#include "cli/output.h"
#include "cli/sparkline.h"
#include "cli/text.h"

/* `virt-ferry forecast DOMAIN`: what a guest, a VF or a PF will use until the day after. */

#define BARS        48
#define DAY_SECONDS 86400

static const Column columns[] = {
        { "METRIC" }, { "NEXT", true }, { "EXPECTED", true }, { "P95", true }, { "P99", true },
        { "PEAK" },   { NULL },
};

static const struct Window {
        const char *name;
        uint64_t seconds;
} windows[] = { { "15min", 900 }, { "1h", 3600 }, { "3h", 10800 }, { "24h", DAY_SECONDS } };

/* For people ------------------------------------------------------------------------ */

/* Of the first steps: the mean, the most of the upper ones, and when the mean is highest. */
static DemandBand summary(const DemandForecast *forecast, guint n, guint *ret_peak) {
        DemandBand sum = { 0 };
        guint peak = 0;

        for (guint i = 0; i < n; i++) {
                const DemandBand *band = &forecast->bands[i];

                sum.mean += band->mean / n;
                sum.p95 = fmax(sum.p95, band->p95);
                sum.p99 = fmax(sum.p99, band->p99);
                if (band->mean > forecast->bands[peak].mean)
                        peak = i;
        }
        *ret_peak = peak;
        return sum;
}

static void add_value(Table *table, const MetricFacts *facts, double value) {
        g_autofree char *text = metric_text(facts, value);

        table_add(table, STYLE_NONE, "%s", text);
}

static char *clock_text(int64_t usec) {
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(usec / G_USEC_PER_SEC);

        return time ? g_date_time_format(time, "%H:%M") : g_strdup("");
}

static void add_window(Table *table, const MetricFacts *facts, const DemandForecast *forecast,
                       const char *name, uint64_t seconds) {
        uint64_t steps = (seconds * G_USEC_PER_SEC + (uint64_t)forecast->step - 1) /
                         (uint64_t)forecast->step;
        g_autofree char *when = NULL;
        DemandBand band;
        guint peak;

        band = summary(forecast, (guint)MIN(steps, forecast->n), &peak);
        when = clock_text(forecast->start + peak * forecast->step);
        table_add(table, STYLE_NONE, "%s", facts->name);
        table_add(table, STYLE_NONE, "%s", name);
        add_value(table, facts, band.mean);
        add_value(table, facts, band.p95);
        add_value(table, facts, band.p99);
        table_add(table, STYLE_NONE, "%s", when);
}

static void add_windows(Table *table, const MetricFacts *facts, const DemandForecast *forecast,
                        uint64_t horizon) {
        g_autofree char *name = text_duration(horizon * G_USEC_PER_SEC);
        bool is_one = false;

        for (size_t i = 0; i < G_N_ELEMENTS(windows) && windows[i].seconds <= horizon; i++) {
                add_window(table, facts, forecast, windows[i].name, windows[i].seconds);
                is_one = windows[i].seconds == horizon;
        }
        if (!is_one)
                add_window(table, facts, forecast, name, horizon);
}

/* The most of what falls to each bar; `offset` is that of the number in a band. */
static char *course(const DemandForecast *forecast, size_t offset, double most) {
        guint bars = MIN(BARS, forecast->n);
        double line[BARS] = { 0 };

        for (guint i = 0; i < forecast->n; i++) {
                const char *band = (const char *)&forecast->bands[i];
                guint bar = i * bars / forecast->n;

                line[bar] = fmax(line[bar], *(const double *)(band + offset));
        }
        return sparkline_to(line, bars, most);
}

static void add_courses(GString *text, const MetricFacts *facts, const DemandForecast *forecast) {
        guint peak;
        double most = summary(forecast, forecast->n, &peak).p95;
        g_autofree char *high = course(forecast, offsetof(DemandBand, p95), most);
        g_autofree char *likely = course(forecast, offsetof(DemandBand, p50), most);
        g_autofree char *begin = clock_text(forecast->start);
        g_autofree char *end = clock_text(forecast->start + forecast->n * forecast->step);
        g_autofree char *scale = metric_text(facts, most);

        g_string_append_printf(text, "\n%s from %s to %s, full bar %s\n p95 %s\n p50 %s\n",
                               facts->name, begin, end, scale, high, likely);
}

/* For programs ---------------------------------------------------------------------- */

static GVariant *bands_as_rows(const DemandForecast *forecast) {
        g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

        for (guint i = 0; i < forecast->n; i++) {
                const DemandBand *band = &forecast->bands[i];

                g_variant_builder_add_value(
                        &rows, g_variant_new_parsed("{'Mean': <%d>, 'P50': <%d>, 'P95': <%d>,"
                                                    " 'P99': <%d>}",
                                                    band->mean, band->p50, band->p95, band->p99));
        }
        return g_variant_builder_end(&rows);
}

static void add_json(GVariantBuilder *builder, const MetricFacts *facts,
                     const DemandForecast *forecast) {
        g_variant_builder_open(builder, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(builder, "{sv}", "Metric", g_variant_new_string(facts->name));
        g_variant_builder_add(builder, "{sv}", "Kind", g_variant_new_string(facts->kind));
        g_variant_builder_add(builder, "{sv}", "Unit", g_variant_new_string(facts->unit));
        g_variant_builder_add(builder, "{sv}", "Start", g_variant_new_int64(forecast->start));
        g_variant_builder_add(builder, "{sv}", "StepUSec",
                              g_variant_new_uint64((uint64_t)forecast->step));
        g_variant_builder_add(builder, "{sv}", "Bands", bands_as_rows(forecast));
        g_variant_builder_close(builder);
}

/* All that was asked for ------------------------------------------------------------ */

typedef struct Answer {
        Table *table;
        GString *courses;
        GVariantBuilder *json;
} Answer;

static bool add_metric(Client *client, GVariant *list, const char *subject, const char *metric,
                       uint64_t horizon, const Answer *answer, GError **error) {
        g_auto(DemandForecast) forecast = { 0 };
        MetricFacts facts;

        if (!metrics_find(list, metric, &facts, error) ||
            !demand_forecast_ask(client, subject, metric, (unsigned)horizon, &forecast, error))
                return false;

        add_windows(answer->table, &facts, &forecast, horizon);
        add_courses(answer->courses, &facts, &forecast);
        add_json(answer->json, &facts, &forecast);
        return true;
}

/* What is asked for, or all that is known; of nothing, the daemon says why. */
static char **choose_metrics(Client *client, char *const *arguments, GError **error) {
        const char *const asked[] = { arguments[1], NULL };
        const char *const first[] = { subject_is_function(arguments[0]) ? "receive-bytes" : "cpu",
                                      NULL };
        g_auto(GStrv) known = NULL;

        if (arguments[1])
                return g_strdupv((char **)asked);

        known = demand_forecast_metrics(client, arguments[0], error);
        if (known && !*known)
                return g_strdupv((char **)first);
        return g_steal_pointer(&known);
}

static bool add_all(Client *client, char *const *arguments, uint64_t horizon, const Answer *answer,
                    GError **error) {
        g_autoptr(GVariant) list = metrics_list(client, error);
        g_auto(GStrv) metrics = NULL;

        if (!list)
                return false;

        metrics = choose_metrics(client, arguments, error);
        if (!metrics)
                return false;

        for (char **metric = metrics; *metric; metric++)
                if (!add_metric(client, list, arguments[0], *metric, horizon, answer, error))
                        return false;
        return true;
}

static void print(const Options *options, const Answer *answer) {
        if (options->json) {
                output_json(g_variant_builder_end(answer->json));
                return;
        }
        output_table(options, answer->table, "");
        if (!options->no_legend)
                fputs(answer->courses->str, stdout);
}

int forecast_subject(const Options *options, char *const *arguments, GError **error) {
        g_auto(GVariantBuilder) json = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
        g_autoptr(GString) courses = g_string_new(NULL);
        g_autoptr(Table) table = table_new(columns);
        const Answer answer = { table, courses, &json };
        uint64_t horizon = DAY_SECONDS;
        g_autoptr(Client) client = NULL;

        if (options->horizon && !duration_from_text(options->horizon, 300, DAY_SECONDS, &horizon))
                return output_usage("--horizon must be 5min to 24h, as in 90min or 3h, not '%s'",
                                    options->horizon);

        client = client_new(options->host, error);
        if (!client || !add_all(client, arguments, horizon, &answer, error))
                return -1;

        print(options, &answer);
        return EXIT_STATUS_OK;
}
