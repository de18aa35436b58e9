/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the copy of a cluster is to place.h: hosts by name, with what their maps say is there and
 * free, less what is promised of it to guests that have not come yet. It is good until the next
 * event of the cluster. A host whose map is not there, or cannot be
 * read, counts as away, since nobody knows what it has. */

#include "daemon/core/cluster-copy.h"
#include "daemon/core/place.h"

typedef struct ClusterWorld ClusterWorld;

/* `domain`: whose promises are free to it; NULL: nobody. */
ClusterWorld *cluster_world_new(const ClusterCopy *copy, const char *domain);
void cluster_world_free(ClusterWorld *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterWorld, cluster_world_free)

const PlaceWorld *cluster_world_place(const ClusterWorld *world);

bool cluster_host_is_drained(const ClusterCopy *copy, const ClusterCopyHost *host);
/* Of cores, memory and bandwidth the scarcest; _INVALID: not known. */
HeadroomLevel cluster_host_headroom(const ClusterCopyHost *host);
