/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hosts that an operator says are gone, until nothing of them is left in the store: that may take
 * several transactions (core/cluster-forget.h), each an errand. */

#include "daemon/manager.h"

/* Once: `error` NULL, and nothing is left of the host; or why something is. Perhaps from within the
 * call. */
typedef void (*ClusterForgotten)(void *userdata, const GError *error);

/* FERRY_ERROR_NOT_FOUND: there is none; FERRY_ERROR_INVALID_STATE: it is alive;
 * FERRY_ERROR_UNAVAILABLE and FERRY_ERROR_BUSY: errand.h. */
void cluster_forget_host(Cluster *cluster, const char *host, ClusterForgotten done, void *userdata);
