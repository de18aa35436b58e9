/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tells the others what is forecast of this host (load.h), each LOADS_USEC: forecasts change little
 * in that time, and what many hosts write adds up in their store. Sooner when a guest has come or
 * gone, or who evens load out would do it twice. Not before its guests are known and were thought
 * of (outlook.h), since a host that tells of none looks empty. Belongs to cluster.h.
 */

#include "daemon/core/cluster-ops.h"
#include "daemon/manager.h"

#define LOADS_USEC         (10 * G_TIME_SPAN_MINUTE)
#define LOADS_CHANGED_USEC (30 * G_TIME_SPAN_SECOND) /* two looks at who has come */

typedef struct Loads Loads;

Loads *loads_new(const Manager *manager, const char *host); /* borrowed */
void loads_free(Loads *loads);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Loads, loads_free)

void loads_on_guest_event(Loads *loads, const GuestEvent *event);
/* While the store is there. */
void loads_on_tick(Loads *loads, const ClusterOps *ops);
/* The store has lost it. */
void loads_tell_anew(Loads *loads);
