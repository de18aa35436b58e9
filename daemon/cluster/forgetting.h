/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hosts that an operator says are gone, until nothing of them is left in the store: that may take
 * several transactions (core/cluster-forget.h). Belongs to cluster.h. */

#include "daemon/core/cluster-copy.h"

typedef struct Forgettings Forgettings;

/* Once: `error` NULL, and nothing is left of the host; or why something is. Perhaps from within the
 * call. */
typedef void (*ClusterForgotten)(void *userdata, const GError *error);

Forgettings *forgettings_new(const ClusterCopy *copy); /* borrowed */
/* Who still waits is told that the daemon ends. */
void forgettings_free(Forgettings *forgettings);

/* `ops` is borrowed until the end of it. */
void forgettings_begin(Forgettings *forgettings, const ClusterOps *ops, const char *host,
                       ClusterForgotten done, void *userdata);
/* Those who wait for no answer: on with them; or the store is away, and why: they end. */
void forgettings_wake(Forgettings *forgettings, const char *away);
