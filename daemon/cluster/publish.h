/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host tells the others of itself: maps/HOST of core/cluster-doc.h. Resources are
 * "cores", "memory" (MiB), "keys", and of all PFs together "lanes" and "bandwidth" (kbit/s), as in
 * core/headroom.h; of an offload device "offload:NAME:cores" and so on. What is free of them is
 * what may be promised.
 */

#include "daemon/core/cluster-doc.h"
#include "daemon/manager.h"

#define CLUSTER_OFFLOAD_PREFIX HEADROOM_OFFLOAD_PREFIX

/* No libvirt, no file but what the resource map reads. */
ClusterMap *cluster_publish_map(const Manager *manager);
/* Adds the amounts of these alone. */
void cluster_publish_amounts(ClusterMap *map, const Manager *manager);
