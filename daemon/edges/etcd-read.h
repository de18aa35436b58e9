/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Documents that nobody follows, in pages, when somebody asks: ClusterOps.read(). Each page is as
 * it is when it is asked for, so no compaction can come between two. Main thread.
 */

#include "daemon/core/cluster-ops.h"
#include "daemon/edges/etcd-client.h"

typedef struct EtcdReads EtcdReads;

/* Copies the prefix of all keys. */
EtcdReads *etcd_reads_new(sd_event *loop, EtcdClient *client, const char *prefix);
/* No document and no end comes after it. */
void etcd_reads_free(EtcdReads *reads);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EtcdReads, etcd_reads_free)

/* `below` ends with '/'. `away`: why etcd is, which is the end of it; NULL: it is asked. */
void etcd_reads_begin(EtcdReads *reads, const char *away, const char *below, ClusterEach each,
                      ClusterReadEnd end, void *userdata);
