/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the hosts of a cluster have told of their load, as balance.h weighs it. A host takes part
 * that is alive, and whose map and load are there and can be read; the others are named. Of a guest
 * that two hosts tell of, the later word counts; who is on its way stays, and who has come settles
 * (core/cluster-moves.h). Pure. */

#include "daemon/core/balance.h"
#include "daemon/core/cluster-copy.h"
#include "daemon/core/cluster-doc-load.h"

/* A plan of 8 moves of so many takes 0.05 s, and one of 64 moves 0.3 s, in which nothing else is
 * done. */
#define BALANCE_GUESTS_MAX 4096u
#define BALANCE_OLD_SEC    (60 * 60) /* of a load: nothing is decided on it */

/* It takes no part, and why: a sentence without its full stop, that does not name it. */
typedef struct BalanceAbsent {
        const char *host;
        char *why;
} BalanceAbsent;

/* What was read of loads/HOST. */
typedef struct BalanceRead {
        ClusterLoad *load; /* NULL: it cannot be read, */
        char *problem;     /* and why */
} BalanceRead;

/* With `room` for so many guests. */
BalanceRead *balance_read_new(const char *text, unsigned room);
unsigned balance_read_count(const BalanceRead *read); /* its guests */
void balance_read_free(BalanceRead *read);

typedef struct BalanceTold BalanceTold;

/* `reads`: host to BalanceRead. Borrows all, and is good until the next event of the cluster. `now`
 * is in seconds since 1970. */
BalanceTold *balance_told_new(const ClusterCopy *copy, GHashTable *reads, const Compat *compat,
                              int64_t now);
void balance_told_free(BalanceTold *told);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BalanceTold, balance_told_free)

const BalanceWorld *balance_told_world(const BalanceTold *told);
const char *balance_told_uuid(const BalanceTold *told, unsigned guest);
const GArray *balance_told_absent(const BalanceTold *told); /* of BalanceAbsent, by host */
