/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which guests of the cluster should move so that load is even, when somebody asks: reads what all
 * hosts have told of theirs, and weighs it (core/balance.h). Who asks while that is read gets the
 * same answer. Belongs to cluster.h. */

#include "daemon/core/cluster-copy.h"
#include "daemon/manager.h"

#define BALANCE_MOVES_MAX 64u

typedef struct ClusterProposal {
        char *domain, *name; /* UUID, and what people call it */
        char *from, *to;     /* hosts */
        char *uri;           /* of the latter's libvirt; NULL: it has told none */
        double gain, cost;   /* seconds */
        char *sentence;
} ClusterProposal;

typedef struct ClusterBalance {
        GPtrArray *moves;     /* of ClusterProposal, in the order in which they are to be made */
        bool more;            /* there would be */
        const GArray *absent; /* of BalanceAbsent */
} ClusterBalance;

/* Once; `error` FERRY_ERROR_UNAVAILABLE: why not. Perhaps from within the call. */
typedef void (*ClusterBalanced)(void *userdata, const ClusterBalance *balance, const GError *error);

typedef struct Balances Balances;

Balances *balances_new(const Manager *manager, const ClusterCopy *copy); /* borrowed */
/* Who still waits is told that the daemon ends. */
void balances_free(Balances *balances);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Balances, balances_free)

/* At most `moves_max`, 1 to BALANCE_MOVES_MAX. `away`: why the store is; NULL: it answers. `ops` is
 * borrowed until the end of it. */
void balances_begin(Balances *balances, const ClusterOps *ops, const char *away, unsigned moves_max,
                    ClusterBalanced done, void *userdata);
