/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Host hosta over a made-up host, and the store of its cluster, in memory: requests are carried out
 * and answered, and events told, when the test says so. */

#include "daemon/cluster/cluster.h"
#include "tests/unit/daemon/manager-fixture.h"

typedef struct ClusterStore {
        Fixture manager;
        Cluster *cluster;
        ClusterEvents events;
        ClusterOps ops;
        GHashTable *values; /* key to StoreValue */
        int64_t revision;
        GQueue requests; /* of StoreRequest */
        GQueue untold;   /* of StoreEvent */
        bool down;
} ClusterStore;

/* The cluster is up, and all was told. hosta, hostb and hostc are alive. */
void cluster_store_set_up(ClusterStore *store, gconstpointer config);
void cluster_store_tear_down(ClusterStore *store, gconstpointer config);
/* The end of the daemon of hosta, and the next one. */
void cluster_store_end(ClusterStore *store);
void cluster_store_begin(ClusterStore *store);

/* Another host writes it, which is told when the store is up; `value` NULL: deletes. */
void cluster_store_write(ClusterStore *store, const char *key, const char *value);
/* NULL: it is not there. */
const char *cluster_store_value(const ClusterStore *store, const char *key);

/* The first request is carried out and answered; false: there is none. */
bool cluster_store_answer(ClusterStore *store);
/* It is carried out, or with `done` false not, and nobody hears of that by its answer. */
void cluster_store_lose_answer(ClusterStore *store, bool done);
/* All events that were not told, when it is up. */
void cluster_store_tell(ClusterStore *store);
/* Answers and tells until there is nothing to do. */
void cluster_store_run(ClusterStore *store);
unsigned cluster_store_requests(const ClusterStore *store);
void cluster_store_go_down(ClusterStore *store);
void cluster_store_come_up(ClusterStore *store);
/* Time passes, in steps of a tick. */
void cluster_store_pass(ClusterStore *store, unsigned seconds);
