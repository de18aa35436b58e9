/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The rows of a trace until all are read: only then is known when it begins. Private to
 * replay-trace.c. */

#include <stdbool.h>

#include "daemon/replay/replay-trace.h"

#define REPLAY_TIME_MAX   (INT64_C(1) << 40)
#define REPLAY_GUESTS_MAX 10000u
#define REPLAY_ROWS_MAX   50000000u
#define REPLAY_HOURS_MAX  (400u * 24)
#define REPLAY_CELLS_MAX  100000000u /* guests * ways * steps */

typedef struct ReplayRows ReplayRows;

ReplayRows *replay_rows_new(void);
void replay_rows_free(ReplayRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReplayRows, replay_rows_free)

/* False: that is too much. */
bool replay_rows_add(ReplayRows *rows, int64_t time, const char *guest, ReplayWay way,
                     double value);
/* From the hour of the first row to the last whole hour. NULL: there is none, or too much. */
ReplayTrace *replay_rows_to_trace(const ReplayRows *rows);
