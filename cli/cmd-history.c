/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "cli/output.h"
#include "cli/sparkline.h"
#include "cli/text.h"
#include "daemon/names.h"

/* `virt-ferry history`: what a guest, or a VF, used in the last six hours. */

#define COLUMNS   48
#define SPAN_USEC (6 * G_TIME_SPAN_HOUR)
/* What is asked for must be within the six hours for the daemon, too, whose clock is another. */
#define MARGIN_USEC G_TIME_SPAN_MINUTE

static const Column columns[] = {
        { "METRIC" },     { "MIN", true },    { "MEAN", true }, { "MAX", true },
        { "LAST", true }, { "LAST 6 HOURS" }, { NULL },
};

typedef struct History {
        const char *name, *kind, *unit; /* borrowed from the list of metrics */
        GVariant *slots;                /* a(xddd) */
        uint64_t step;
        double min, mean, max, last;
        double line[COLUMNS];
} History;

static void history_done(History *history) {
        g_clear_pointer(&history->slots, g_variant_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(History, history_done)

/* By its PCI address; a guest's name cannot have two colons and a dot after them. */
static bool is_function(const char *subject) {
        const char *colon = strrchr(subject, ':');

        return colon && strchr(subject, ':') != colon && strchr(colon, '.');
}

static void summarize(History *history, int64_t from) {
        double sums[COLUMNS] = { 0 }, sum = 0, min, mean, max;
        guint counts[COLUMNS] = { 0 }, n = 0;
        GVariantIter iter;
        int64_t start;

        history->min = history->max = history->last = NAN;
        g_variant_iter_init(&iter, history->slots);
        while (g_variant_iter_next(&iter, "(xddd)", &start, &min, &mean, &max)) {
                int64_t column = CLAMP((start - from) * COLUMNS / SPAN_USEC, 0, COLUMNS - 1);

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

static bool ask_as(Client *client, const char *kind, const char *subject, History *history,
                   GError **error) {
        int64_t to = g_get_real_time(), from = to - SPAN_USEC;
        g_autoptr(GVariant) reply = NULL;

        reply = client_act_on(
                client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "GetHistory",
                g_variant_new("(sssxx)", kind, subject, history->name, from + MARGIN_USEC, to),
                "(ta(xddd))", error);
        if (!reply)
                return false;

        history_done(history);
        g_variant_get(reply, "(t@a(xddd))", &history->step, &history->slots);
        summarize(history, from);
        return true;
}

/* An address does not say whether it is that of a VF or of a PF, and nobody has seen both there. */
static bool ask(Client *client, const char *subject, History *history, GError **error) {
        if (!is_function(subject))
                return ask_as(client, "guest", subject, history, error);

        return ask_as(client, "vf", subject, history, error) &&
               (g_variant_n_children(history->slots) > 0 ||
                ask_as(client, "pf", subject, history, error));
}

/* For people ------------------------------------------------------------------------ */

/* A second of time in each second is 100 %. */
static char *text_value(const History *history, double value) {
        bool rate = g_str_equal(history->kind, "counter");

        if (g_str_equal(history->unit, "bytes")) {
                g_autofree char *bytes = text_bytes((uint64_t)fmax(value, 0));

                return g_strconcat(bytes, rate ? "/s" : "", NULL);
        }
        if (rate && g_str_equal(history->unit, "seconds"))
                return g_strdup_printf("%.1f%%", value * 100);
        return g_strdup_printf("%.1f%s", value, rate ? "/s" : "");
}

static void add_value(Table *table, const History *history, double value) {
        g_autofree char *text = text_value(history, value);

        table_add(table, STYLE_NONE, "%s", text);
}

static void add_row(Table *table, const History *history) {
        g_autofree char *line = NULL;

        if (isnan(history->mean))
                return; /* nobody told of it */

        line = sparkline(history->line, COLUMNS);
        table_add(table, STYLE_NONE, "%s", history->name);
        add_value(table, history, history->min);
        add_value(table, history, history->mean);
        add_value(table, history, history->max);
        add_value(table, history, history->last);
        table_add(table, STYLE_NONE, "%s", line);
}

/* For programs ---------------------------------------------------------------------- */

static void add_json(GVariantBuilder *builder, const History *history) {
        static const char *const names[] = { "Start", "Min", "Mean", "Max", NULL };

        g_variant_builder_open(builder, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(builder, "{sv}", "Metric", g_variant_new_string(history->name));
        g_variant_builder_add(builder, "{sv}", "Kind", g_variant_new_string(history->kind));
        g_variant_builder_add(builder, "{sv}", "Unit", g_variant_new_string(history->unit));
        g_variant_builder_add(builder, "{sv}", "StepUSec", g_variant_new_uint64(history->step));
        g_variant_builder_add(builder, "{sv}", "Slots", rows_named(history->slots, names));
        g_variant_builder_close(builder);
}

/* Each metric that was asked for: into the table, or the array when there is one. False with an
 * error; `ret_known` whether there was any. */
static bool add_all(Client *client, char *const *arguments, GVariant *metrics, Table *table,
                    GVariantBuilder *json, bool *ret_known, GError **error) {
        const char *about;
        GVariantIter iter;
        History next = { 0 };

        *ret_known = false;
        g_variant_iter_init(&iter, metrics);
        while (g_variant_iter_next(&iter, "(&s&s&s&s)", &next.name, &next.kind, &next.unit,
                                   &about)) {
                g_auto(History) history = next;

                if (arguments[1] && !g_str_equal(arguments[1], history.name))
                        continue;
                if (!ask(client, arguments[0], &history, error))
                        return false;
                *ret_known = true;
                if (json)
                        add_json(json, &history);
                else
                        add_row(table, &history);
        }
        return true;
}

static int set_unknown(const char *metric, GVariant *metrics, GError **error) {
        g_autoptr(GString) names = g_string_new(NULL);
        GVariantIter iter;
        const char *name;

        g_variant_iter_init(&iter, metrics);
        while (g_variant_iter_next(&iter, "(&s&s&s&s)", &name, NULL, NULL, NULL))
                g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
        g_set_error(error, CLIENT_ERROR, CLIENT_ERROR_REFUSED,
                    "There is no metric '%s': there are %s", metric, names->str);
        return -1;
}

int cmd_history(const Options *options, char *const *arguments, GError **error) {
        g_auto(GVariantBuilder) json = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
        g_autoptr(GVariant) reply = NULL, metrics = NULL;
        g_autoptr(Client) client = NULL;
        g_autoptr(Table) table = table_new(columns);
        bool known;

        client = client_new(options->host, error);
        if (!client)
                return -1;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "ListMetrics", "(a(ssss))", NULL,
                           error);
        if (!reply)
                return -1;

        metrics = g_variant_get_child_value(reply, 0);
        if (!add_all(client, arguments, metrics, table, options->json ? &json : NULL, &known,
                     error))
                return -1;
        if (!known && arguments[1])
                return set_unknown(arguments[1], metrics, error);

        if (options->json)
                output_json(g_variant_builder_end(&json));
        else
                output_table(options, table, "Nothing was seen of it in the last 6 hours.");
        return EXIT_STATUS_OK;
}
