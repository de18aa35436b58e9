/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All below a prefix of etcd as it was at one revision, in pages. etcd goes over all keys that are
 * left of a range for each page of it, and makes one answer on one core: so the many keys of
 * lots/HOST/... are asked for in spans of some hosts each, two at a time. Main thread.
 */

#include "daemon/edges/etcd-client.h"
#include "daemon/edges/etcd-page.h"

/* One of the latter three comes last, and may free it. */
typedef struct EtcdLoadEvents {
        EtcdPageTell key; /* a whole key, in no order */
        void (*done)(void *userdata, int64_t revision, uint64_t cluster_id);
        void (*compacted)(void *userdata); /* that revision, in between */
        void (*bad)(void *userdata, const char *why);
        void *userdata;
} EtcdLoadEvents;

typedef struct EtcdLoad EtcdLoad;

/* Begins. The prefix ends with '/'. */
EtcdLoad *etcd_load_new(EtcdClient *client, const char *prefix, const EtcdLoadEvents *events);
void etcd_load_free(EtcdLoad *load);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EtcdLoad, etcd_load_free)
