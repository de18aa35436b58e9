/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a subject will use of a metric, as the daemon forecasts it. */

#include "cli/client.h"
#include "cli/command.h"
#include "daemon/core/demand.h"

typedef struct DemandForecast {
        int64_t start; /* CLOCK_REALTIME us, of the first step */
        int64_t step;  /* us */
        guint n;
        DemandBand *bands;
} DemandForecast;

void demand_forecast_done(DemandForecast *forecast);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DemandForecast, demand_forecast_done)

/* `horizon` in seconds, a day at most. */
bool demand_forecast_ask(Client *client, const char *subject, const char *metric, unsigned horizon,
                         DemandForecast *ret_forecast, GError **error);
/* Those that can be asked for, as strings; NULL with error. */
char **demand_forecast_metrics(Client *client, const char *subject, GError **error);

/* `virt-ferry forecast DOMAIN [METRIC]`, and `--csv`: an ExitStatus, or -1 with error. */
int forecast_subject(const Options *options, char *const *arguments, GError **error);
int forecast_series(const Options *options, GError **error);
