/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Moves that virtferryd drives itself, for `virt-ferry migrate`: how many at a
 * time, from the question to the end. Its steps have files of their own:
 * drive-plan (who may move, and in which way), drive-turn (who is next),
 * drive-cluster (where to, and what the cluster does before), drive-begin
 * (until libvirt is asked), drive-cold (a guest that is shut down
 * for it) and drive-failure (what the record says of one that failed).
 *
 *   drive_migrate() ─► VirtOps.measure() ─► planned ─► waits for its turn
 *        └─► reply           checked ─► the cluster ─► VirtOps.migrate() ─► drive_on_moved()
 *
 * What happens in between is followed as for a plain `virsh migrate`
 * (guest-follow.c). A destination that enough guests are on their way to
 * (incoming.h) is asked again when a move from here has ended, and now and then,
 * until somebody stops it. The queue is in memory: what waited when a daemon
 * ended is rolled back by the next one. One thread; belongs to the manager.
 */

#include "daemon/manager.h"

typedef struct Turn Turn;

/* What is wished of a move. */
typedef struct DriveWish {
        MoveRequest move; /* all but the UUID; connections and compression as TransferWish; without
                           * a URI it goes to the best host of the cluster */
        const char *strategy; /* strategy_choose(); NULL for the best */
        bool force;           /* although it has come a moment ago */
} DriveWish;

/* The migration as it is planned, borrowed; or the error. */
typedef void (*DriveReply)(void *userdata, const Migration *migration, const GError *error);

Drive *drive_new(Manager *manager);
void drive_free(Drive *drive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Drive, drive_free)

/* `domain` is a name or a UUID. Replies later, once. FERRY_ERROR_UNAVAILABLE without libvirt,
 * FERRY_ERROR_NOT_FOUND, FERRY_ERROR_INVALID_STATE when the guest does not run, is moving already
 * or has settled too short a time, and what strategy_choose() and drive_cluster_choose() have. */
void drive_migrate(Drive *drive, const char *domain, const DriveWish *wish, DriveReply reply,
                   void *userdata);
/* Asks libvirt to stop a move on its way from here, whoever began it; one that waits ends at once.
 * FERRY_ERROR_NOT_FOUND, FERRY_ERROR_INVALID_STATE when it has ended or only comes here. */
bool drive_abort(Drive *drive, const char *migration_id, GError **error);
/* libvirt was asked to move this guest and has not answered: whatever is told of the move before is
 * not its end. */
bool drive_is_moving(const Drive *drive, const char *uuid);
/* Its turn, borrowed; NULL: it is not moving. */
Turn *drive_find_turn(const Drive *drive, const char *uuid);
/* Somebody has stopped the move of this guest, which ends with the next answer. */
bool drive_is_stopped(const Drive *drive, const char *uuid);
/* GUEST_SHUT_DOWN: now its definition moves, or it runs on. */
void drive_on_shut_down(Drive *drive, const GuestEvent *event);
/* A move out of here of a guest that is not active any more, by a daemon that was killed. False: it
 * has left. True: it was being shut down; it is started here again where that is safe. */
bool drive_recover_cold(Drive *drive, Migration *migration);
/* GUEST_MOVED. */
void drive_on_moved(Drive *drive, const GuestEvent *event);
/* It is planned, or was told to wait, and libvirt is not asked for it now. */
bool drive_is_waiting(const Drive *drive, const char *migration_id);
/* When drive_next_time() (CLOCK_REALTIME us, 0 never) has come. */
void drive_on_time(Drive *drive);
int64_t drive_next_time(const Drive *drive);
/* After the store was read: nobody knows any more how the moves that wait were meant. */
void drive_recover(Drive *drive);
