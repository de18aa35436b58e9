/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of daemon/cluster-promise*.c. */

#include "daemon/cluster/promise-book.h"
#include "daemon/cluster/promise.h"

struct Promises {
        Cluster *cluster;
        const Manager *manager;
        PromiseBook *book;
        GHashTable *asked; /* set of those that are not done yet */
        GQueue unanswered; /* those of them that somebody waits for, the oldest first */
};

/* The last change that an errand has made, whose transaction is the errand's. */
typedef struct PromiseChange {
        ClusterChange *change;
        ClusterTransaction *compares; /* of the same */
} PromiseChange;

/* Takes the change; what the errand gets. */
ClusterTransaction *promise_change_lend(PromiseChange *made, ClusterChange *change);
ClusterVerdict promise_change_judge(const PromiseChange *made, const ClusterCopy *copy);
void promise_change_clear(PromiseChange *made);

/* Begins it, or waits for the one that is under way. `done` NULL: nobody waits. */
void promise_release_begin(Promises *promises, Promised *promised, PromiseReleased done,
                           void *userdata);
/* The daemon is about to end. */
void promise_release_end(Promised *promised);
