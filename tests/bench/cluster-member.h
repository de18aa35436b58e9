/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A host of a cluster in this process, as virtferryd is one: the manager, the edge to a real etcd
 * and the copy of all that is there. Beside it a bare watch of the same keys, which only sees that
 * something has come.
 */

#include "daemon/cluster/cluster.h"
#include "tests/bench/cluster-fill.h"

typedef struct ClusterMember ClusterMember;

/* When the copy is whole. All that goes wrong ends the program. */
ClusterMember *cluster_member_new(ClusterFill *fill, const char *url);
void cluster_member_free(ClusterMember *member);

typedef struct ClusterDelay {
        double ours, bare; /* ms from the request of a write until it is seen */
} ClusterDelay;

/* A host has another number of free VFs. */
ClusterDelay cluster_member_follow(ClusterMember *member, unsigned host, int64_t free);
typedef struct ClusterCost {
        double decide;  /* ms of CPU that it takes to rank all hosts by the copy */
        double explain; /* the same of cluster_place(): a description and a sentence for each */
        unsigned fit;   /* so many can have it */
} ClusterCost;

/* Of a guest with two VFs and a hardware slice. */
ClusterCost cluster_member_place(ClusterMember *member);
