/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What was used, and what will be, drawn: a chart a metric, one below the other,
 * as SVG 1.1. Left of now the mean with the band from minimum to maximum, where a
 * gap is a gap; right of it the median with the band up to the 95th percentile.
 * Pure: the same for the same.
 */

#include "cli/demand-forecast.h"
#include "cli/metric.h"

typedef struct HistoryPoint {
        int64_t start; /* CLOCK_REALTIME us */
        double min, mean, max;
} HistoryPoint;

typedef struct HistoryChart {
        MetricFacts facts;
        const HistoryPoint *points; /* oldest first */
        guint n_points;
        int64_t step;                   /* us, of each; 0 there are none */
        const DemandForecast *forecast; /* NULL: there is none */
} HistoryChart;

/* Times of all charts, us: from `from` to `now` there are points, from there to `to` forecasts. */
typedef struct HistorySpan {
        int64_t from, now, to;
} HistorySpan;

/* HistoryChart; `title` is whose they are. New. */
char *history_svg(const char *title, const HistorySpan *span, const GPtrArray *charts);
