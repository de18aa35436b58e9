/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A guest that has no cores of its own, kept off CPUs that others have alone:
 * each of its threads runs where it could run without those. What it had is
 * written down, so that it gets it back. Pure.
 */

#include "daemon/core/tuning.h"
#include "xml/number-set.h"

/* What is known of it: kept in the store, by the guest's UUID. */
typedef struct TuningAway {
        char *affinity; /* a <domain> that says where its threads might run, as a definition does */
        char *cpus;     /* "2-3": what it has been kept off; "2-3 2": or that before, as long as
                         * the last steps may not have been taken */
} TuningAway;

TuningAway *tuning_away_new(const char *affinity, const char *cpus);
void tuning_away_free(TuningAway *away);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuningAway, tuning_away_free)

/* They have been taken. */
void tuning_away_settle(TuningAway *away);
/* Of a guest that could run anywhere: that of `xml` counts its threads. FERRY_ERROR_INVALID_XML. */
TuningAway *tuning_away_from_anywhere(const char *xml, const NumberSet *cpus, GError **error);

/* The steps that keep the guest off `cpus`; when these are none, that give back what it had.
 * `before`: what is known of it; NULL: nothing, so it has what it had. A thread that somebody has
 * pinned anew meanwhile has that from now on. One that could run on `cpus` alone is left where it
 * is: `ret_stuck` is where, else NULL. `ret_after`: what is to be known of it then, NULL nothing.
 * FERRY_ERROR_INVALID_XML. */
GPtrArray *tuning_plan_away(const char *xml, const TuningAway *before, const NumberSet *cpus,
                            const ResourceMap *map, TuningAway **ret_after, char **ret_stuck,
                            GError **error);
