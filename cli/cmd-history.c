/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdio.h>

#include "cli/duration.h"
#include "cli/history-svg.h"
#include "cli/output.h"
#include "cli/sparkline.h"
#include "daemon/names.h"

/* `virt-ferry history`: what a guest, or a VF, used in the last six hours, or weeks. */

#define COLUMNS       48
#define SPAN_SECONDS  (6 * 3600)
#define SPAN_MIN      300
#define SPAN_MAX      (4 * 7 * 86400)
#define FORECAST_USEC G_TIME_SPAN_DAY /* at most */
/* What is asked for must be within the time for the daemon, too, whose clock is another. */
#define MARGIN_USEC G_TIME_SPAN_MINUTE

typedef struct History {
        MetricFacts facts;
        GVariant *slots; /* a(xddd) */
        uint64_t step;
        double min, mean, max, last;
        double line[COLUMNS];
} History;

static void history_free(void *data) {
        History *history = data;

        g_clear_pointer(&history->slots, g_variant_unref);
        g_free(history);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(History, history_free)

static void summarize(History *history, int64_t from, int64_t usec) {
        double sums[COLUMNS] = { 0 }, sum = 0, min, mean, max;
        guint counts[COLUMNS] = { 0 }, n = 0;
        GVariantIter iter;
        int64_t start;

        history->min = history->max = history->last = NAN;
        g_variant_iter_init(&iter, history->slots);
        while (g_variant_iter_next(&iter, "(xddd)", &start, &min, &mean, &max)) {
                int64_t column = CLAMP((start - from) * COLUMNS / usec, 0, COLUMNS - 1);

                history->min = fmin(history->min, min);
                history->max = fmax(history->max, max);
                history->last = mean;
                sums[column] += mean;
                sum += mean;
                counts[column]++;
                n++;
        }
        history->mean = n > 0 ? sum / n : NAN;
        for (guint i = 0; i < COLUMNS; i++)
                history->line[i] = counts[i] > 0 ? sums[i] / counts[i] : NAN;
}

/* Of `usec` until `to`. */
static History *ask_as(Client *client, const char *kind, const char *subject,
                       const MetricFacts *facts, int64_t to, int64_t usec, GError **error) {
        g_autoptr(History) history = g_new0(History, 1);
        g_autoptr(GVariant) reply = NULL;
        int64_t from = to - usec;

        reply = client_act_on(
                client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "GetHistory",
                g_variant_new("(sssxx)", kind, subject, facts->name, from + MARGIN_USEC, to),
                "(ta(xddd))", error);
        if (!reply)
                return NULL;

        history->facts = *facts;
        g_variant_get(reply, "(t@a(xddd))", &history->step, &history->slots);
        summarize(history, from, usec);
        return g_steal_pointer(&history);
}

static History *ask(Client *client, const char *kind, const char *subject, const MetricFacts *facts,
                    int64_t to, int64_t usec, GError **error) {
        g_autoptr(History) history = NULL;

        if (!subject_is_function(subject))
                return ask_as(client, kind, subject, facts, to, usec, error);

        history = ask_as(client, "vf", subject, facts, to, usec, error);
        if (!history || g_variant_n_children(history->slots) > 0)
                return g_steal_pointer(&history);
        return ask_as(client, "pf", subject, facts, to, usec, error);
}

/* History of the metric that was asked for, or of each. */
static GPtrArray *ask_all_as(Client *client, const char *kind, char *const *arguments,
                             GVariant *metrics, int64_t to, int64_t usec, GError **error) {
        g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(history_free);
        MetricFacts facts;
        GVariantIter iter;

        if (arguments[1] && !metrics_find(metrics, arguments[1], &facts, error))
                return NULL;

        g_variant_iter_init(&iter, metrics);
        while (g_variant_iter_next(&iter, "(&s&s&s&s)", &facts.name, &facts.kind, &facts.unit,
                                   NULL)) {
                History *history;

                if (arguments[1] && !g_str_equal(arguments[1], facts.name))
                        continue;
                history = ask(client, kind, arguments[0], &facts, to, usec, error);
                if (!history)
                        return NULL;
                g_ptr_array_add(all, history);
        }
        return g_steal_pointer(&all);
}

static bool has_slots(const GPtrArray *all) {
        for (guint i = 0; i < all->len; i++)
                if (g_variant_n_children(((const History *)all->pdata[i])->slots) > 0)
                        return true;
        return false;
}

/* What no guest is called may be an mdev or an offload device; a daemon that is older refuses to
 * look for the latter. */
static GPtrArray *ask_all(Client *client, char *const *arguments, GVariant *metrics, int64_t to,
                          int64_t usec, GError **error) {
        const char *kind = subject_kind_beside_guest(arguments[0]);
        g_autoptr(GPtrArray) guest = NULL, other = NULL;

        guest = ask_all_as(client, "guest", arguments, metrics, to, usec, error);
        if (!guest || subject_is_function(arguments[0]) || has_slots(guest))
                return g_steal_pointer(&guest);

        other = ask_all_as(client, kind, arguments, metrics, to, usec, NULL);
        return other ? g_steal_pointer(&other) : g_steal_pointer(&guest);
}

/* For people ------------------------------------------------------------------------ */

static void add_value(Table *table, const History *history, double value) {
        g_autofree char *text = metric_text(&history->facts, value);

        table_add(table, STYLE_NONE, "%s", text);
}

static void add_row(Table *table, const History *history) {
        g_autofree char *line = NULL;

        if (isnan(history->mean))
                return; /* nobody told of it */

        line = sparkline(history->line, COLUMNS);
        table_add(table, STYLE_NONE, "%s", history->facts.name);
        add_value(table, history, history->min);
        add_value(table, history, history->mean);
        add_value(table, history, history->max);
        add_value(table, history, history->last);
        table_add(table, STYLE_NONE, "%s", line);
}

static void print_table(const Options *options, const GPtrArray *all) {
        g_autofree char *none = g_strdup_printf("Nothing was seen of it in the last %s.",
                                                options->since ?: "6 hours");
        g_autofree char *since = g_ascii_strup(options->since ?: "6 hours", -1);
        g_autofree char *last = g_strdup_printf("LAST %s", since);
        const Column columns[] = {
                { "METRIC" },     { "MIN", true }, { "MEAN", true }, { "MAX", true },
                { "LAST", true }, { last },        { NULL },
        };
        g_autoptr(Table) table = table_new(columns);

        for (guint i = 0; i < all->len; i++)
                add_row(table, all->pdata[i]);
        output_table(options, table, none);
}

/* For programs ---------------------------------------------------------------------- */

static void add_json(GVariantBuilder *builder, const History *history) {
        static const char *const names[] = { "Start", "Min", "Mean", "Max", NULL };
        const MetricFacts *facts = &history->facts;

        g_variant_builder_open(builder, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(builder, "{sv}", "Metric", g_variant_new_string(facts->name));
        g_variant_builder_add(builder, "{sv}", "Kind", g_variant_new_string(facts->kind));
        g_variant_builder_add(builder, "{sv}", "Unit", g_variant_new_string(facts->unit));
        g_variant_builder_add(builder, "{sv}", "StepUSec", g_variant_new_uint64(history->step));
        g_variant_builder_add(builder, "{sv}", "Slots", rows_named(history->slots, names));
        g_variant_builder_close(builder);
}

static void print_json(const GPtrArray *all) {
        g_auto(GVariantBuilder) json = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

        for (guint i = 0; i < all->len; i++)
                add_json(&json, all->pdata[i]);
        output_json(g_variant_builder_end(&json));
}

/* Drawn ----------------------------------------------------------------------------- */

/* A chart with what it shows. */
typedef struct Drawing {
        HistoryChart chart; /* the first: a pointer to one is one to the other */
        GArray *points;     /* HistoryPoint */
        DemandForecast forecast;
} Drawing;

static void drawing_free(void *data) {
        Drawing *drawing = data;

        demand_forecast_done(&drawing->forecast);
        g_array_unref(drawing->points);
        g_free(drawing);
}

static GArray *points_of(const History *history) {
        GArray *points = g_array_new(false, false, sizeof(HistoryPoint));
        HistoryPoint point;
        GVariantIter iter;

        g_variant_iter_init(&iter, history->slots);
        while (g_variant_iter_next(&iter, "(xddd)", &point.start, &point.min, &point.mean,
                                   &point.max))
                g_array_append_val(points, point);
        return points;
}

/* Where there is no forecast, what was is drawn alone. */
static Drawing *draw(Client *client, const char *subject, const History *history, bool is_forecast,
                     unsigned horizon) {
        Drawing *drawing = g_new0(Drawing, 1);

        drawing->points = points_of(history);
        drawing->chart = (HistoryChart){
                .facts = history->facts,
                .points = (const HistoryPoint *)drawing->points->data,
                .n_points = drawing->points->len,
                .step = (int64_t)history->step,
        };
        if (is_forecast && demand_forecast_ask(client, subject, history->facts.name, horizon,
                                               &drawing->forecast, NULL))
                drawing->chart.forecast = &drawing->forecast;
        return drawing;
}

static bool write_svg(const char *path, const char *svg, GError **error) {
        if (!g_str_equal(path, "-"))
                return g_file_set_contents(path, svg, -1, error);

        fputs(svg, stdout);
        return true;
}

static bool draw_all(const Options *options, Client *client, const char *subject,
                     const GPtrArray *all, int64_t to, int64_t usec, GError **error) {
        g_autoptr(GPtrArray) charts = g_ptr_array_new_with_free_func(drawing_free);
        g_auto(GStrv) known = demand_forecast_metrics(client, subject, NULL);
        int64_t ahead = MIN(usec, FORECAST_USEC);
        HistorySpan span = { to - usec, to, to + ahead };
        g_autofree char *svg = NULL;

        for (guint i = 0; i < all->len; i++) {
                const History *history = all->pdata[i];
                bool is_forecast = known &&
                                   g_strv_contains((const char *const *)known, history->facts.name);

                if (!isnan(history->mean) || is_forecast)
                        g_ptr_array_add(charts, draw(client, subject, history, is_forecast,
                                                     (unsigned)(ahead / G_USEC_PER_SEC)));
        }
        svg = history_svg(subject, &span, charts);
        return write_svg(options->svg, svg, error);
}

/* ----------------------------------------------------------------------------------- */

static bool print(const Options *options, Client *client, const char *subject, const GPtrArray *all,
                  int64_t to, int64_t usec, GError **error) {
        if (options->svg)
                return draw_all(options, client, subject, all, to, usec, error);

        if (options->json)
                print_json(all);
        else
                print_table(options, all);
        return true;
}

int cmd_history(const Options *options, char *const *arguments, GError **error) {
        g_autoptr(GVariant) metrics = NULL;
        uint64_t seconds = SPAN_SECONDS;
        int64_t to = g_get_real_time();
        g_autoptr(Client) client = NULL;
        g_autoptr(GPtrArray) all = NULL;
        int64_t usec;

        if (options->since && !duration_from_text(options->since, SPAN_MIN, SPAN_MAX, &seconds))
                return output_usage("--since must be 5min to 4w, as in 90min, 12h or 2w, not '%s'",
                                    options->since);
        if (options->svg && options->json)
                return output_usage("--svg and --json cannot be together");

        client = client_new(options->host, error);
        metrics = client ? metrics_list(client, error) : NULL;
        if (!metrics)
                return -1;

        usec = (int64_t)seconds * G_USEC_PER_SEC;
        all = ask_all(client, arguments, metrics, to, usec, error);
        if (!all || !print(options, client, arguments[0], all, to, usec, error))
                return -1;
        return EXIT_STATUS_OK;
}
