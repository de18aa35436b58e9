/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of move-entry.c and move-exit.c. */

#include "daemon/cluster/move-entry.h"

struct MoveEntries {
        Cluster *cluster;
        const Manager *manager;
        GHashTable *entering; /* domain to MoveChange */
        GHashTable *leaving;  /* the same */
};

/* A change of the document that is under way. */
typedef struct MoveChange {
        MoveEntries *entries;
        char *domain, *to, *nonce;
        ClusterTransaction *compares; /* of the last transaction */
        ClusterTransaction *written;  /* those of them that it changes */
        int64_t since;
        bool force;
        bool waits;          /* until the last entry of the domain is out */
        MoveEntered entered; /* NULL: nobody waits */
        void *userdata;
} MoveChange;

MoveChange *move_change_new(MoveEntries *entries, const char *domain);
/* What is compared, by which it is known what became of it. Returns the transaction. */
ClusterTransaction *move_change_note(MoveChange *change, ClusterTransaction *transaction);
ClusterVerdict move_change_judge(const MoveChange *change, const ClusterCopy *copy, bool is_done);
int64_t move_entries_now(const MoveEntries *entries); /* seconds since 1970 */

/* True: an entry of this domain by this host is in the document yet, and on its way out. */
bool move_exit_begin(MoveEntries *entries, const char *domain);
/* It is out, or could not be taken out. */
void move_entries_go_on(MoveEntries *entries, const char *domain);
void move_exit_all(MoveEntries *entries);
