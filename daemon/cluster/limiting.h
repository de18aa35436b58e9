/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How many guests of all hosts may be on their way at a time, as an operator changes it: the limits
 * in `moves` of core/cluster-moves.h. One change at a time. Belongs to cluster.h, which wakes it.
 */

#include "daemon/manager.h"

#define LIMITING_WAIT_USEC (15 * G_USEC_PER_SEC)
#define LIMIT_STAYS        (-1)

/* 0: none. */
typedef struct MoveLimits {
        int64_t together; /* in the whole cluster */
        int64_t per_host; /* to and from one of its hosts */
} MoveLimits;

typedef struct Limiting Limiting;

/* Once, perhaps from within the call. */
typedef void (*LimitingDone)(void *userdata, const GError *error);

Limiting *limiting_new(Cluster *cluster, const Manager *manager); /* borrowed */
/* When the errands of the cluster have ended. */
void limiting_free(Limiting *limiting);

/* By the copy. FERRY_ERROR_UNAVAILABLE: not all was told yet; FERRY_ERROR_INVALID_STATE: they
 * cannot be read. */
bool limiting_get(const Limiting *limiting, MoveLimits *ret_limits, GError **error);
/* Limits may be LIMIT_STAYS. The errors of cluster_moves_limit(), and FERRY_ERROR_UNAVAILABLE, when
 * it may have been done. */
void limiting_set(Limiting *limiting, MoveLimits limits, LimitingDone done, void *userdata);

/* Time has passed. */
void limiting_wake(Limiting *limiting);
