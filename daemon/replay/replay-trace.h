/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Recorded traffic of guests, from a file of comma-separated values: a line
 * "timestamp,guest,metric,value", then rows in any order.
 *
 * A timestamp is in seconds since the epoch; several of a step of 5 minutes are averaged, and what
 * no row tells is missing. A metric is "rx" or "tx", in bytes a second, or "receive-bytes" or
 * "transmit-bytes" as telemetry calls them; its other ones are passed over.
 */

#include <glib.h>
#include <stdint.h>
#include <stdio.h>

#define REPLAY_STEP 300 /* seconds */
#define REPLAY_HOUR 12  /* steps */

typedef enum ReplayWay {
        REPLAY_RECEIVE,
        REPLAY_TRANSMIT,
        _REPLAY_WAY_MAX,
} ReplayWay;

typedef struct ReplayGuest {
        char *name;
        float *values[_REPLAY_WAY_MAX]; /* one a step; NAN: missing */
} ReplayGuest;

typedef struct ReplayTrace {
        int64_t begin; /* seconds since the epoch, a whole hour */
        unsigned n_hours;
        GPtrArray *guests; /* ReplayGuest, by name */
} ReplayTrace;

/* Without a guest; without a value. */
ReplayTrace *replay_trace_new(int64_t begin, unsigned n_hours);
ReplayGuest *replay_trace_add(ReplayTrace *trace, const char *name);

/* "-" is standard input. What is wrong is said with its line. */
ReplayTrace *replay_trace_read(const char *path, GError **error);
/* `name` is what the file is called when something is wrong. */
ReplayTrace *replay_trace_read_stream(FILE *file, const char *name, GError **error);
void replay_trace_free(ReplayTrace *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReplayTrace, replay_trace_free)
