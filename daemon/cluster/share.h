/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host offers to the others, kept at what it should be (share-aim.h): one lot for
 * each function, and one for each resource (core/cluster-lot.h).
 *
 *   out of the book, stored ──► offered ──► promised by another host, to a domain
 *     ▲                           │            ├─ it runs here ──────► redeemed: its own
 *     └─────── taken back ◄───────┘            ├─ released by who asked
 *                                              └─ not here, nor on its way, for
 *                                                 SHARE_PROMISE_USEC: released
 *
 * What is in the store may be more than this host knows: after a restart, or when it was forgotten.
 * Where both differ the lot is settled first: then nothing that was sent before can be done any
 * more, and what the store says is what was offered.
 *
 * Belongs to cluster.h, which tells it of time and of the copy. One thread; nothing blocks.
 */

#include "daemon/cluster/cluster.h"

#define SHARE_CHANGES_MAX  16u /* on their way */
#define SHARE_PROMISE_USEC (10 * 60 * G_USEC_PER_SEC)
#define SHARE_ECHO_USEC    (10 * G_USEC_PER_SEC) /* the copy shows what was done within that */

typedef struct ClusterShare ClusterShare;

ClusterShare *cluster_share_new(Cluster *cluster, Manager *manager); /* borrowed */
/* When the errands of the cluster have ended. */
void cluster_share_free(ClusterShare *share);

/* After the copy was told of this key. */
void cluster_share_on_key(ClusterShare *share, const char *key);
void cluster_share_on_loaded(ClusterShare *share);
void cluster_share_on_host_changed(ClusterShare *share);
void cluster_share_on_tick(ClusterShare *share);
