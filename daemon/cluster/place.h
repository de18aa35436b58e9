/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which host of the cluster is best for a guest, by the copy: no round trip. Whoever is chosen
 * decides again. */

#include "daemon/cluster/cluster.h"
#include "daemon/core/place.h"

typedef struct ClusterPlace {
        char *host, *uri; /* NULL: the host has told none */
        PlaceRule rule;
        HeadroomLevel headroom; /* of one that fits: the lowest of what the guest uses */
        double left;            /* of that: percent of what it then has least of */
        char *sentence;
} ClusterPlace;

/* `xml` is a domain or a hardware slice. Of ClusterPlace, the best first, then those that are ruled
 * out; `ret_guest` is what it is called. FERRY_ERROR_INVALID_XML; FERRY_ERROR_UNAVAILABLE: the
 * cluster has not told all yet. */
GPtrArray *cluster_place(const Cluster *cluster, const Manager *manager, const char *xml,
                         char **ret_guest, GError **error);
