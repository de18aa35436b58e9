/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Guests on their way from here in the document that all hosts share (core/cluster-moves.h): a
 * guest is entered before libvirt is asked for its move, and taken out when that has ended, by
 * whatever the copy shows: so are those that a daemon before this one has entered.
 *
 * Belongs to cluster.h. One thread; nothing blocks. */

#include "daemon/cluster/cluster.h"

#define MOVE_ENTRY_WAIT_USEC (30 * G_USEC_PER_SEC)

typedef struct MoveEntries MoveEntries;

/* Once, perhaps from within the call. NULL: the copy shows it. Errors are those of
 * core/cluster-moves.h, and FERRY_ERROR_UNAVAILABLE; then it is taken out if it is in after all. */
typedef void (*MoveEntered)(void *userdata, const GError *error);

MoveEntries *move_entries_new(Cluster *cluster, const Manager *manager); /* borrowed */
/* When the errands and echoes of the cluster have ended. Who still waits is told. */
void move_entries_free(MoveEntries *entries);

/* `force`: although it has not settled. */
void move_entries_enter(MoveEntries *entries, const char *domain, const char *to, bool force,
                        MoveEntered entered, void *userdata);
/* Takes out those whose move has ended. */
void move_entries_on_tick(MoveEntries *entries);
