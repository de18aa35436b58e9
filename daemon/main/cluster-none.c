/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Without libcurl nobody reaches etcd. */

#include "daemon/main/cluster-edge.h"
#include "xml/ferry-error.h"

bool cluster_edge_new(sd_event *loop, Manager *manager, ClusterEdge **ret_edge, GError **error) {
        if (!manager->config->cluster.etcd)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                    "This virtferryd was built without libcurl and reaches no etcd: take Etcd= out "
                    "of [Cluster], or build it with libcurl");
        return false;
}

void cluster_edge_free(ClusterEdge *edge) {
}
