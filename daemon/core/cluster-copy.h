/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The local copy of what hosts share, made of the events of cluster-ops.h, so that deciding costs
 * no round trip. It may be behind, never ahead; what is decided on it is compared by the store.
 *
 * While all is told anew, from reset() to loaded(), readers have the copy from before that.
 * Pointers into it are good until the next event. Pure; owned by the manager; one thread.
 */

#include "daemon/core/cluster-doc.h"
#include "daemon/core/cluster-ops.h"

typedef struct ClusterCopyHost ClusterCopyHost;

typedef struct ClusterCopyLot {
        ClusterCopyHost *host;
        char *resource;
        ClusterLot *lot; /* NULL: it cannot be read */
        int64_t mod_revision;
        unsigned at; /* in the lots of its resource */
} ClusterCopyLot;

struct ClusterCopyHost {
        char *name;
        int64_t create_revision; /* of hosts/NAME; 0: it is not alive */
        ClusterHost *alive;      /* NULL: it is not, or that cannot be read */
        int64_t map_revision;    /* when maps/NAME was changed last; 0: it has none */
        ClusterMap *map;         /* NULL: the same, or it cannot be read */
        GPtrArray *lots;         /* of ClusterCopyLot, by resource */
        uint64_t changed;        /* the copy's cluster_copy_changes() when something of it did */
};

typedef struct ClusterCopy ClusterCopy;

ClusterCopy *cluster_copy_new(void);
void cluster_copy_free(ClusterCopy *copy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterCopy, cluster_copy_free)

void cluster_copy_reset(ClusterCopy *copy);
void cluster_copy_loaded(ClusterCopy *copy);
/* False: it cannot be read, and why, with the key. That it is there is known all the same: nobody
 * decides as if it were not. Keys of later releases are passed over. */
bool cluster_copy_key(ClusterCopy *copy, const char *key, const char *value,
                      int64_t create_revision, int64_t mod_revision, GError **error);

/* All was told once. */
bool cluster_copy_is_whole(const ClusterCopy *copy);

/* NULL: nothing is known of it. */
ClusterCopyHost *cluster_copy_host(const ClusterCopy *copy, const char *host);
bool cluster_copy_is_alive(const ClusterCopy *copy, const char *host);
/* Name to ClusterCopyHost. */
GHashTable *cluster_copy_hosts(const ClusterCopy *copy);
ClusterCopyLot *cluster_copy_lot(const ClusterCopy *copy, const char *host, const char *resource);
/* Of ClusterCopyLot, in no order; NULL: there is none. */
const GPtrArray *cluster_copy_lots(const ClusterCopy *copy, const char *resource);

/* Rises with each change of a host or of what it has, and the latter when one has come or gone. */
uint64_t cluster_copy_changes(const ClusterCopy *copy);
uint64_t cluster_copy_members(const ClusterCopy *copy);

/* Something that a reader has made of it: freed with it, or when there is another. */
void cluster_copy_keep(const ClusterCopy *copy, void *kept, GDestroyNotify done);
void *cluster_copy_kept(const ClusterCopy *copy); /* NULL: nothing */

/* Each: NULL with revision 0: there is none; with another: it cannot be read. */
const ClusterMoves *cluster_copy_moves(const ClusterCopy *copy, int64_t *ret_revision);
const ClusterDrains *cluster_copy_drains(const ClusterCopy *copy, int64_t *ret_revision);

/* It would hold if the store were as the copy is. */
bool cluster_copy_holds(const ClusterCopy *copy, const ClusterCompare *compare);
