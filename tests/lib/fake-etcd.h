/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What etcd keeps, in memory: keys with revisions, transactions, leases, a history that watchers
 * follow and that can be compacted. How long an answer takes, and whether it comes, is the test's.
 */

#include "daemon/core/cluster-copy.h"

typedef struct FakeEtcd FakeEtcd;

FakeEtcd *fake_etcd_new(void);
void fake_etcd_free(FakeEtcd *etcd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeEtcd, fake_etcd_free)

/* False: a compare did not hold, or it is too large. */
bool fake_etcd_transact(FakeEtcd *etcd, const ClusterTransaction *transaction);
void fake_etcd_put(FakeEtcd *etcd, const char *key, const char *value);
/* Nothing where there is none. */
void fake_etcd_delete(FakeEtcd *etcd, const char *key);
/* NULL: it is not there. */
const char *fake_etcd_value(FakeEtcd *etcd, const char *key);

/* Keeps the document until `deadline`, and puts it when it is not there. */
void fake_etcd_keep_alive(FakeEtcd *etcd, const char *key, const char *value, int64_t deadline);
void fake_etcd_expire(FakeEtcd *etcd, int64_t now);

/* What follows the revision is told, up to `max` events; *revision goes on with it. What was
 * compacted meanwhile, or where nothing was told yet (0), all is told anew. */
void fake_etcd_watch(FakeEtcd *etcd, ClusterCopy *copy, int64_t *revision, unsigned max);
void fake_etcd_compact(FakeEtcd *etcd);
