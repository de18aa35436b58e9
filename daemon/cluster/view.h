/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of world.c: what the copy of a cluster is to place.h, kept with the copy. At a
 * question only those hosts are read again of which something has changed: of 10,000 hosts all
 * take 30 ms. */

#include "daemon/core/cluster-copy.h"
#include "daemon/core/place.h"

/* What one domain has been promised of one lot. */
typedef struct ViewPromise {
        const ClusterPromise *promise; /* borrowed of the copy */
        unsigned hash;                 /* of its domain */
        int function;                  /* number in PlaceHost.functions; -1: it is an amount */
        int offload;                   /* of that: number in PlaceHost.offloads; -1: of the host */
        HeadroomResource what;
} ViewPromise;

typedef struct ViewRow {
        const ClusterCopyHost *known;
        uint64_t changed; /* that of the copy, when it was read */
        GArray *promises; /* of ViewPromise; NULL: none */
} ViewRow;

typedef struct ClusterView {
        PlaceWorld place; /* whatever is promised is promised to others */
        ViewRow *rows;    /* as many, in the same order */
        uint64_t members, changes;
        GArray *kinds;       /* of PlaceKind, which own their fingerprints */
        GPtrArray *words;    /* of ClusterKind: what they are, and borrow their pools of */
        GHashTable *numbers; /* these to their number + 1 */
        GStringChunk *names; /* of offload devices */
} ClusterView;

/* Of the copy, and good until its next event. */
const ClusterView *cluster_view(const ClusterCopy *copy);
