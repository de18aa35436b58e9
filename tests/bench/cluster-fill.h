/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hosts of a cluster that are simulated: the documents that 64 VFs on 2 PFs make, in a real etcd.
 *
 * Half of the VFs are offered, each as a lot, and of these one in eight is promised; so are amounts
 * of cores, memory, keys, lanes and bandwidth. The documents are written by the functions by which
 * a daemon writes them. hosts/HOST is under no lease: nobody would keep 10,000 of them alive here.
 */

#include "daemon/core/cluster-doc.h"
#include "daemon/core/cluster-ops.h"
#include "daemon/edges/etcd-client.h"

#define CLUSTER_FILL_VFS 64u
#define CLUSTER_FILL_VF  "0000:3b:01.0" /* one that each host offers and nobody has */

typedef struct ClusterFill {
        sd_event *loop; /* borrowed, as all of these */
        EtcdClient *client;
        const char *prefix;
        size_t bytes; /* of keys and values, until now */
        unsigned keys;
        unsigned waiting; /* transactions without an answer */
        ClusterTransaction *transaction;
} ClusterFill;

/* The hosts from one number up to another. Serves the loop; an etcd that does not do it ends the
 * program. */
void cluster_fill_hosts(ClusterFill *fill, unsigned from, unsigned to);

char *cluster_fill_name(unsigned host); /* "host00001" */
/* maps/HOST with so many VFs free. */
char *cluster_fill_map(unsigned host, int64_t free);
