/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a move from here will take, as the model foretells it from what is known
 * of the guest and its devices, and what the model learns when it has ended.
 * daemon/core/model.h has the model; virtferryd(8), THE FORECAST, the words.
 */

#include "daemon/core/model.h"
#include "daemon/manager.h"

Forecasts *forecasts_new(Manager *manager);
void forecasts_free(Forecasts *forecasts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Forecasts, forecasts_free)
/* What the store has of earlier moves. */
bool forecasts_load(Forecasts *forecasts, GError **error);

/* What is known of a guest's memory, in bytes and bytes/s; 0 not known. */
typedef struct GuestMemory {
        uint64_t total;
        uint64_t used;
        uint64_t dirty_rate;
} GuestMemory;

/* Notes the forecast in the plan of the migration, whose devices are there already. `request` NULL:
 * of a plain `virsh migrate`, whose destination nobody tells us. Returns the downtime to allow, in
 * ms. */
int64_t forecasts_plan(Forecasts *forecasts, Migration *migration, const MoveRequest *request,
                       GuestMemory memory);
/* The same for a move that nobody has planned yet, to this destination (NULL: not known): nothing
 * is noted. */
void forecasts_foretell(const Forecasts *forecasts, const Migration *migration, const char *uri,
                        GuestMemory memory, MoveForecast *ret_forecast);
/* What one connection has sent to this destination, in bytes/s; 0 not known. */
uint64_t forecasts_rate(const Forecasts *forecasts, const char *uri);
/* It has ended well, with these figures: learns from it if it was planned since the daemon began.
 */
void forecasts_learn(Forecasts *forecasts, const Migration *migration, const GuestJob *job);
/* It has ended otherwise. */
void forecasts_forget(Forecasts *forecasts, const Migration *migration);
