/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* This host among those that are being emptied, `drains` of core/cluster-drains.h. All hosts agree
 * to a drain before it begins; from then on what the store of this host has is the truth of it, and
 * `drains` follows:
 *
 *   draining_begin() ─► entered ─► drain_begin() ─► done
 *                          └─ refused; away; nobody answers for DRAINING_WAIT_USEC ─► done(error)
 *
 *   a drain here, not in `drains` ──► entered     begun alone, forgotten, a store of long ago
 *   in `drains`, none here ─────────► taken out   ended; a daemon that was killed in between
 *   nobody leaves it any more ──────► without destinations, so that these may be drained
 *
 * drain_end() waits for nothing: it is taken out of `drains` when etcd is there.
 *
 * Belongs to cluster.h, which wakes it. One thread; nothing blocks.
 */

#include "daemon/drain.h"

#define DRAINING_WAIT_USEC (15 * G_USEC_PER_SEC)

typedef struct Draining Draining;

/* Once, perhaps from within the call. `error` NULL: the drain has begun. */
typedef void (*DrainingBegun)(void *userdata, const GError *error);

Draining *draining_new(Cluster *cluster, Manager *manager); /* borrowed */
/* When the errands of the cluster have ended. Who still waits is told that the daemon ends. */
void draining_free(Draining *draining);

/* The errors of drain_begin() and cluster_drains_begin(), and FERRY_ERROR_UNAVAILABLE. Nothing is
 * stored then. */
void draining_begin(Draining *draining, const DrainWish *wish, DrainingBegun done, void *userdata);
/* One that has not begun is not to begin any more. */
void draining_give_up(Draining *draining);

/* The drain of this host is another one; time has passed; the store is there again. */
void draining_wake(Draining *draining);
