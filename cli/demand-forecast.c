/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/demand-forecast.h"

#include "cli/metric.h"
#include "daemon/names.h"

void demand_forecast_done(DemandForecast *forecast) {
        g_clear_pointer(&forecast->bands, g_free);
}

static void take_bands(DemandForecast *forecast, GVariant *bands) {
        DemandBand *band;
        GVariantIter iter;

        forecast->n = (guint)g_variant_n_children(bands);
        band = forecast->bands = g_new(DemandBand, forecast->n);
        g_variant_iter_init(&iter, bands);
        while (g_variant_iter_next(&iter, "(dddd)", &band->mean, &band->p50, &band->p95,
                                   &band->p99))
                band++;
}

static bool ask_as(Client *client, const char *kind, const char *subject, const char *metric,
                   unsigned horizon, DemandForecast *ret_forecast, GError **error) {
        g_autoptr(GVariant) reply = NULL, bands = NULL;
        uint64_t start;
        uint32_t step;

        reply = client_act_on(client, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "Forecast",
                              g_variant_new("(sssu)", kind, subject, metric, (guint32)horizon),
                              "(tua(dddd))", error);
        if (!reply)
                return false;

        g_variant_get(reply, "(tu@a(dddd))", &start, &step, &bands);
        ret_forecast->start = (int64_t)start;
        ret_forecast->step = (int64_t)step * G_USEC_PER_SEC;
        take_bands(ret_forecast, bands);
        return true;
}

/* What a name may be. Of what is neither, the first is told of. */
typedef struct Kinds {
        const char *first, *second;
} Kinds;

static Kinds kinds_of(const char *subject) {
        if (subject_is_function(subject))
                return (Kinds){ "vf", "pf" };
        return (Kinds){ "guest", subject_kind_beside_guest(subject) };
}

bool demand_forecast_ask(Client *client, const char *subject, const char *metric, unsigned horizon,
                         DemandForecast *ret_forecast, GError **error) {
        Kinds kinds = kinds_of(subject);
        g_autoptr(GError) no_first = NULL;

        if (ask_as(client, kinds.first, subject, metric, horizon, ret_forecast, &no_first) ||
            ask_as(client, kinds.second, subject, metric, horizon, ret_forecast, NULL))
                return true;
        g_propagate_error(error, g_steal_pointer(&no_first));
        return false;
}

static char **list_as(Client *client, const char *kind, const char *subject, GError **error) {
        const char *const arguments[] = { kind, subject, NULL };
        g_autoptr(GVariant) reply = NULL;
        char **metrics;

        reply = client_ask(client, FERRY_INTERFACE_MANAGER, "ListForecasts", "(as)", arguments,
                           error);
        if (!reply)
                return NULL;

        g_variant_get(reply, "(^as)", &metrics);
        return metrics;
}

/* A daemon that is older knows of no offload devices. */
char **demand_forecast_metrics(Client *client, const char *subject, GError **error) {
        g_auto(GStrv) first = NULL, second = NULL;
        Kinds kinds = kinds_of(subject);

        first = list_as(client, kinds.first, subject, error);
        if (!first || *first)
                return g_steal_pointer(&first);

        second = list_as(client, kinds.second, subject, NULL);
        return second ? g_steal_pointer(&second) : g_steal_pointer(&first);
}
