/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The table of functions through which hosts share one pool: documents in a store that all of them
 * reach (etcd), below one prefix that only the edge knows. Keys here are without it:
 * "lots/hosta/memory". Values are JSON, see cluster-doc.h. A host by itself has no table at all.
 *
 * Nothing blocks; answers and events come from the loop, never from inside a call. One thread.
 *
 * Revisions are the store's: one number for the whole store, which each write raises. A key that
 * is not there has revision 0. One transaction has at most CLUSTER_TRANSACTION_MAX compares and as
 * many writes (etcd's --max-txn-ops).
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_TRANSACTION_MAX 128u

/* Documents that are large and written often: no event tells of them, read() does. Transactions
 * write them as all others. */
#define CLUSTER_APART "loads/"

typedef struct ClusterCompare {
        char *key;
        bool created; /* compares the create_revision, otherwise the mod_revision */
        int64_t revision;
} ClusterCompare;

typedef struct ClusterPut {
        char *key, *value;
} ClusterPut;

/* All compares hold and all is written, or nothing is. */
typedef struct ClusterTransaction {
        GPtrArray *compares; /* of ClusterCompare */
        GPtrArray *puts;     /* of ClusterPut */
        GPtrArray *deletes;  /* of keys */
} ClusterTransaction;

ClusterTransaction *cluster_transaction_new(void);
void cluster_transaction_free(ClusterTransaction *transaction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterTransaction, cluster_transaction_free)

void cluster_transaction_compare_mod(ClusterTransaction *transaction, const char *key,
                                     int64_t revision);
void cluster_transaction_compare_create(ClusterTransaction *transaction, const char *key,
                                        int64_t revision);
/* Takes the value. */
void cluster_transaction_put(ClusterTransaction *transaction, const char *key, char *value);
void cluster_transaction_delete(ClusterTransaction *transaction, const char *key);
/* The store would take it. */
bool cluster_transaction_fits(const ClusterTransaction *transaction);

typedef enum ClusterOutcome {
        CLUSTER_DONE,
        CLUSTER_LOST,    /* a compare did not hold; nothing was written */
        CLUSTER_UNKNOWN, /* no answer: it was done, was not, or will be */
        CLUSTER_AWAY,    /* never sent, or refused: it will not be done; why is a sentence */
        _CLUSTER_OUTCOME_MAX,
        _CLUSTER_OUTCOME_INVALID = -22,
} ClusterOutcome;

const char *cluster_outcome_to_string(ClusterOutcome outcome);
ClusterOutcome cluster_outcome_from_string(const char *name);

/* Once for each transact(). `why`: of CLUSTER_AWAY and CLUSTER_UNKNOWN. */
typedef void (*ClusterAnswer)(void *userdata, ClusterOutcome outcome, const char *why);

/* What read() finds, one by one; then the end of it, once. `why` NULL: that was all. */
typedef void (*ClusterEach)(void *userdata, const char *key, const char *value);
typedef void (*ClusterReadEnd)(void *userdata, const char *why);

/* What the edge calls. */
typedef struct ClusterEvents {
        /* The store answers; it is away, and why. Each follows the other. */
        void (*up)(void *userdata);
        void (*down)(void *userdata, const char *why);
        /* All keys are told anew (at the start, after a gap or a compaction), until loaded().
         * reset() may come again before that. */
        void (*reset)(void *userdata);
        void (*loaded)(void *userdata);
        /* In the order of revisions. `value` NULL: it is gone, and `mod_revision` is that of its
         * end. Revisions are above 0. */
        void (*key)(void *userdata, const char *key, const char *value, int64_t create_revision,
                    int64_t mod_revision);
        void *userdata;
} ClusterEvents;

typedef struct ClusterOps {
        /* A document of this host, for as long as it keeps its lease alive; put anew when the lease
         * was lost. `value` NULL: withdrawn. */
        void (*publish)(void *userdata, const char *key, const char *value);
        void (*transact)(void *userdata, const ClusterTransaction *transaction,
                         ClusterAnswer answer, void *answer_userdata);
        void *userdata;
        /* `below`: CLUSTER_APART. Each is as it was at some time since this was asked. */
        void (*read)(void *userdata, const char *below, ClusterEach each, ClusterReadEnd end,
                     void *read_userdata);
} ClusterOps;
