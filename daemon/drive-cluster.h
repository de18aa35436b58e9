/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where a move goes that was given no destination, and what the cluster does for a move before
 * libvirt is asked for it (core/cluster-move-ops.h). Used by drive.
 *
 *   drive_cluster_begin() ─► promise ─► entered ─► drive_begin()
 *            ▲                  └────────┴─ refused: as if libvirt had refused
 *            └── the next host, when none was named and nothing has begun
 *
 * While etcd is away, a move whose destination was named goes on without all that.
 */

#include "daemon/core/cluster-move-ops.h"
#include "daemon/drive-turn.h"

/* The best host for a guest that was found. FERRY_ERROR_INVALID_ARGS: this host is in no cluster;
 * else what ClusterMoveOps.choose() has. */
ClusterDestination *drive_cluster_choose(const Manager *manager, const GuestEvent *found,
                                         GError **error);
/* Before it waits for its turn: `chosen` is NULL of a destination that was named. */
void drive_cluster_note(Turn *turn, Migration *migration, const GuestEvent *found,
                        const ClusterDestination *chosen);
/* Takes the turn. */
void drive_cluster_begin(Turn *turn);
/* It has failed for this reason. True: it is to be tried with another host, of which the record
 * tells. */
bool drive_cluster_go_elsewhere(Turn *turn, Migration *migration, const char *reason);
/* GUEST_MOVED: it is at an end, or waits again. */
void drive_cluster_end(const Manager *manager, const GuestEvent *event);
