/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of cluster-share*.c: the lots of this host, and the changes of them that are on their way.
 */

#include "daemon/cluster/share.h"
#include "daemon/core/cluster-lot.h"

typedef struct ShareLot {
        int64_t offered; /* by what this host has done */
        char *turn;      /* of the last change, while the copy does not show it; NULL */
        int64_t turned;  /* when that was done */
        bool busy;       /* a change is on its way */
} ShareLot;

struct ClusterShare {
        Cluster *cluster;
        Manager *manager;
        char *prefix;          /* of the keys of its lots */
        GHashTable *lots;      /* resource to ShareLot */
        GHashTable *seen;      /* nonce of a promise to int64_t, when it was first seen */
        GHashTable *releasing; /* nonces of promises that are for nobody any more */
        unsigned n_changes;    /* on their way */
        int64_t looked;        /* when it was last found out what should be offered */
        bool changed;          /* the host, or what was promised of it, is not as it was then */
        bool hungry;           /* there is more to be done */
        bool called_back;      /* all of it was, when it was looked */
        bool failed;           /* it was said that the store of this host cannot be written */
};

ShareLot *share_take_lot(ClusterShare *share, const char *resource);
const ClusterCopyLot *share_copy_lot(const ClusterShare *share, const char *resource);
/* What is out of the book is what the cluster has, as far as this host knows. False: it cannot be
 * stored. */
bool share_agree(ClusterShare *share, const char *resource);
/* Who has a promise of this lot, in the book of this host. */
void share_note_promises(ClusterShare *share, const char *resource);
void share_note_all_promises(ClusterShare *share);

typedef enum ShareDeed {
        SHARE_SETTLE,
        SHARE_OFFER, /* it is out of the book already */
        SHARE_TAKE_BACK,
        SHARE_REDEEM,
        SHARE_RELEASE,
} ShareDeed;

bool share_is_full(const ClusterShare *share); /* no more changes for now */
void share_change_lot(ClusterShare *share, ShareDeed deed, const char *resource, int64_t amount);
/* All lots that the promise has some of. */
void share_change_promise(ClusterShare *share, ShareDeed deed, const char *domain,
                          const char *promise);

/* Those whose guest has come, or never came: of the lots that may be changed now. */
void share_carry_out_promises(ClusterShare *share, const GPtrArray *settled);
