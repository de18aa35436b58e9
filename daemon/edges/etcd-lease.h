/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* This host's lease at etcd, and its documents that are there for as long as it is kept alive. Put
 * anew when the lease was lost, or somebody has written or removed one. Main thread.
 */

#include "daemon/edges/etcd-client.h"

typedef struct EtcdLeaseEvents {
        /* Each follows the other. `away`: it is not kept alive any more and may have ended. */
        void (*alive)(void *userdata);
        void (*away)(void *userdata, const char *why);
        void *userdata;
} EtcdLeaseEvents;

typedef struct EtcdLease EtcdLease;

/* Begins. The TTL is in seconds, at least 3; three tries are made in it. */
int etcd_lease_new(sd_event *loop, EtcdClient *client, const char *prefix, unsigned ttl,
                   const EtcdLeaseEvents *events, EtcdLease **ret_lease);
/* What it holds goes when its TTL is over. */
void etcd_lease_free(EtcdLease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EtcdLease, etcd_lease_free)

bool etcd_lease_is_alive(const EtcdLease *lease);
/* `value` NULL: withdrawn. The key is without the prefix. */
void etcd_lease_publish(EtcdLease *lease, const char *key, const char *value);
/* What etcd tells of a key, ours or not; `value` NULL: it is gone. */
void etcd_lease_seen(EtcdLease *lease, const char *key, const char *value, int64_t mod_revision);
/* All is written again: what etcd has may be of another time. */
void etcd_lease_refresh(EtcdLease *lease);
