/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which hosts are being emptied. Two do not empty into each other: a host is not drained when each
 * other one that is alive is, when one of its destinations is, or when another host is being
 * emptied to it. Who is alive, and what is drained, are compared.
 *
 * Errors and what to do without an answer are as in cluster-moves.h. Pure.
 */

#include "daemon/core/cluster-copy.h"

/* `to`: a vector of hosts; NULL or empty: any. One that is drained already gets them anew. */
ClusterTransaction *cluster_drains_begin(const ClusterCopy *copy, const char *host,
                                         const char *const *to, int64_t now, const char *nonce,
                                         GError **error);
/* Nobody leaves it any more, so its destinations may be drained. NULL without an error: it has
 * none. */
ClusterTransaction *cluster_drains_finish(const ClusterCopy *copy, const char *host,
                                          GError **error);
ClusterTransaction *cluster_drains_end(const ClusterCopy *copy, const char *host, GError **error);
bool cluster_drains_has(const ClusterCopy *copy, const char *host, const char *nonce);
