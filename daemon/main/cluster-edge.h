/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Ties this host to the etcd of its cluster, where the configuration names one. */

#include "daemon/edges/etcd.h"
#include "daemon/manager.h"

typedef struct ClusterEdge ClusterEdge;

/* Sets the manager's cluster; *ret_edge stays NULL where there is none. False: a sentence. */
bool cluster_edge_new(sd_event *loop, Manager *manager, ClusterEdge **ret_edge, GError **error);
/* While who is to be told of its end still can be. */
void cluster_edge_free(ClusterEdge *edge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterEdge, cluster_edge_free)
