/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The table of functions through which drive reaches the cluster, which the manager does not link.
 * A host in no cluster has none. Nothing blocks. */

#include <glib.h>
#include <stdbool.h>

/* So many are tried, one after the other, when none was named. */
#define CLUSTER_MOVE_HOSTS 3u

typedef struct ClusterDestination {
        char *host, *uri;
        char *why; /* one sentence, which begins with the host */
} ClusterDestination;

void cluster_destination_free(ClusterDestination *destination);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterDestination, cluster_destination_free)

typedef struct ClusterMoveWish {
        const char *uuid, *xml; /* of the guest */
        const char *host;
        bool only;  /* there is no other host, so it goes on when others have what was offered */
        bool force; /* although it has moved a moment ago */
} ClusterMoveWish;

/* Once, perhaps from within the call. */
typedef void (*ClusterMoveBegun)(void *userdata, const GError *error);

typedef struct ClusterMoveOps {
        /* The best host for the guest of this XML but those of `tried` (names, which may be NULL).
         * FERRY_ERROR_UNAVAILABLE: etcd is away; FERRY_ERROR_NO_RESOURCES: none fits. */
        ClusterDestination *(*choose)(void *userdata, const char *xml, const GPtrArray *tried,
                                      GError **error);
        /* The name of the host whose libvirt has this URI, new; NULL: none of the cluster's. */
        char *(*host_of)(void *userdata, const char *uri);
        /* The guest is promised what the host offers of what it needs, then it is entered as on its
         * way. FERRY_ERROR_BUSY: it may go in a while; FERRY_ERROR_UNAVAILABLE: etcd does not
         * answer. */
        void (*begin)(void *userdata, const ClusterMoveWish *wish, ClusterMoveBegun begun,
                      void *begun_userdata);
        /* What was begun is at an end; it has left, or may have. */
        void (*end)(void *userdata, const char *uuid, bool left);
        void *userdata;
} ClusterMoveOps;
