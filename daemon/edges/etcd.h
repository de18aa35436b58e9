/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The shared store of ClusterOps in etcd, 3.4 or newer, through its JSON gateway. What is away
 * comes back by itself. Main thread; nothing blocks. May not include libcurl.
 */

#include "daemon/core/cluster-ops.h"
#include "daemon/edges/etcd-client.h"

typedef struct EtcdConfig {
        EtcdAccess access;
        const char *prefix; /* of all keys; ends with '/' */
        unsigned ttl;       /* seconds without a word of this host until others see it as away */
} EtcdConfig;

typedef struct Etcd Etcd;

/* Copies all. It begins as away; no event comes before the loop runs. */
int etcd_new(sd_event *loop, const EtcdConfig *config, const ClusterEvents *events,
             Etcd **ret_etcd);
/* No event and no answer comes after it, nor is it called from within one. */
void etcd_free(Etcd *etcd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Etcd, etcd_free)

/* Its table; a transaction while it is away is refused at once. */
const ClusterOps *etcd_ops(const Etcd *etcd);
