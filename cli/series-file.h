/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A series of measurements in a file of comma-separated values: a line "timestamp,value", then
 * one a step, in seconds since the epoch, with "nan" where a value is missing.
 */

#include <glib.h>
#include <stdint.h>

typedef struct Series {
        int64_t begin;  /* seconds since the epoch, of the first row */
        unsigned step;  /* seconds; demand_step_is_valid() */
        GArray *values; /* double */
} Series;

/* "-" is standard input. What is wrong is said with its line. */
Series *series_read(const char *path, GError **error);
void series_free(Series *series);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Series, series_free)

int64_t series_time(const Series *series, guint row);
