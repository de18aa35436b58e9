/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the cluster does for a guest that leaves this host: chooses where to, promises what it needs
 * there, enters it as on its way. core/cluster-move-ops.h has the contract. Belongs to cluster.h.
 */

#include "daemon/core/cluster-move-ops.h"
#include "daemon/cluster/cluster.h"

typedef struct ClusterMoving ClusterMoving;

ClusterMoving *cluster_moving_new(Cluster *cluster, const Manager *manager); /* borrowed */
/* Before the promises; when the errands and echoes of the cluster have ended. */
void cluster_moving_free(ClusterMoving *moving);

const ClusterMoveOps *cluster_moving_ops(const ClusterMoving *moving);
void cluster_moving_on_tick(ClusterMoving *moving);
