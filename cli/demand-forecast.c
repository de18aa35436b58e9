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

/* Of what is neither, that of a VF is told. */
bool demand_forecast_ask(Client *client, const char *subject, const char *metric, unsigned horizon,
                         DemandForecast *ret_forecast, GError **error) {
        g_autoptr(GError) no_vf = NULL;

        if (!subject_is_function(subject))
                return ask_as(client, "guest", subject, metric, horizon, ret_forecast, error);

        if (ask_as(client, "vf", subject, metric, horizon, ret_forecast, &no_vf) ||
            ask_as(client, "pf", subject, metric, horizon, ret_forecast, NULL))
                return true;
        g_propagate_error(error, g_steal_pointer(&no_vf));
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

char **demand_forecast_metrics(Client *client, const char *subject, GError **error) {
        g_auto(GStrv) metrics = NULL;

        if (!subject_is_function(subject))
                return list_as(client, "guest", subject, error);

        metrics = list_as(client, "vf", subject, error);
        if (!metrics || *metrics)
                return g_steal_pointer(&metrics);
        return list_as(client, "pf", subject, error);
}
