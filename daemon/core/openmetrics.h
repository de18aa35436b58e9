/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Writes a page of metrics as Prometheus and others read it: OpenMetrics 1.0,
 * the text format (prometheus.io/docs/specs/om/open_metrics_spec).
 *
 * A family has its name, type, unit and a sentence once, and then all of its
 * samples: the samples of two families do not mix. A family without a sample is
 * not written at all. Numbers are exact: no floating point, no locale.
 * Pure text; one thread.
 */

#include <glib.h>
#include <stdint.h>

#define OPENMETRICS_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define OPENMETRICS_LABEL_MAX    128 /* bytes of a label's value; a longer one is cut */

typedef enum OpenmetricsType {
        OPENMETRICS_COUNTER, /* only grows, until it begins anew; written as NAME_total */
        OPENMETRICS_GAUGE,
        OPENMETRICS_SUMMARY, /* written as NAME_count and NAME_sum */
        _OPENMETRICS_TYPE_MAX,
        _OPENMETRICS_TYPE_INVALID = -22,
} OpenmetricsType;

const char *openmetrics_type_to_string(OpenmetricsType type);
OpenmetricsType openmetrics_type_from_string(const char *text);

typedef struct Openmetrics Openmetrics;

Openmetrics *openmetrics_new(void);
void openmetrics_free(Openmetrics *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Openmetrics, openmetrics_free)

/* "{NAME="VALUE",...}" of names and values up to a NULL, escaped; new. What is no UTF-8 in a value
 * is replaced. Made once for all families that have these labels. */
char *openmetrics_labels(const char *name, ...) G_GNUC_NULL_TERMINATED;

/* What the samples that follow are of. `name` is without "_total". `unit` is a base unit ("bytes",
 * "seconds"), with which the name has to end; NULL: it has none. A name comes once a page. */
void openmetrics_family(Openmetrics *page, const char *name, OpenmetricsType type, const char *unit,
                        const char *help);
/* Of a counter or a gauge: value / scale, where scale is a power of ten. `labels` "": none. */
void openmetrics_add(Openmetrics *page, const char *labels, uint64_t value, uint64_t scale);
/* Of a summary: how many, and all of them together. */
void openmetrics_add_summary(Openmetrics *page, const char *labels, uint64_t count, uint64_t sum,
                             uint64_t scale);

/* The page with its end. Takes it. */
GBytes *openmetrics_end(Openmetrics *taken);
