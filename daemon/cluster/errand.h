/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One change of what hosts share, until it is known what became of it. Belongs to cluster.h, which
 * wakes it; who asks for the change says how it is made, and how it is known that it was done.
 *
 *   errands_begin() ─► make() ─► transact ─┬─ done ────────────────► done(NULL)
 *                        ▲                 ├─ lost: as the copy follows, again,
 *                        │                 │        ERRAND_TRIES at most
 *                        │                 ├─ away ────────────────► done(error)
 *                        │                 └─ no answer: judge() at each event
 *                        │                     ├─ OPEN: the same again, when the store is back
 *                        └─────────────────────┴─ LOST
 *
 * An errand without an answer goes on while the store is away: it may have been done. Who has no
 * time to wait for that gives it up; it is then brought to an end all the same.
 */

#include "daemon/core/cluster-lot.h"

#define ERRAND_TRIES 64u

typedef struct ErrandClass {
        /* By the copy as it is now. NULL without an error: it is so already, which is done. What it
         * returns belongs to the errand. */
        ClusterTransaction *(*make)(void *userdata, const ClusterCopy *copy, GError **error);
        /* What the copy says of the last one that was made. */
        ClusterVerdict (*judge)(void *userdata, const ClusterCopy *copy);
        /* Last, and once. NULL: it was done. FERRY_ERROR_UNAVAILABLE: the store is away, or the
         * daemon is about to end (then it may have been done); FERRY_ERROR_BUSY: others were faster
         * ERRAND_TRIES times; what make() says. Perhaps from within errands_begin(). */
        void (*done)(void *userdata, const GError *error);
} ErrandClass;

typedef struct Errands Errands;

Errands *errands_new(const ClusterCopy *copy); /* borrowed */
/* Who still waits is told that the daemon ends. */
void errands_free(Errands *errands);
void errands_set_ops(Errands *errands, const ClusterOps *ops); /* borrowed */

/* `away`: why the store is; NULL: it answers. */
void errands_begin(Errands *errands, const ErrandClass *class, void *userdata, const char *away);
/* After events of the store, and when it went or came back. */
void errands_wake(Errands *errands, const char *away);
