/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which guests of all hosts are on their way: no more together than the limits say, none twice,
 * none before it has settled, none to a host that is being drained. One document, compared, so that
 * two hosts cannot both be the last one that the limits allow.
 *
 * Each makes the transaction out of the copy, or refuses in a sentence: FERRY_ERROR_BUSY (the same
 * may do in a while), FERRY_ERROR_INVALID_STATE, FERRY_ERROR_UNAVAILABLE, FERRY_ERROR_NOT_FOUND,
 * FERRY_ERROR_INVALID_ARGS. When it is lost it is made again. When no answer came,
 * cluster_moves_has() tells by the nonce whether it was done, and the same may be sent again. Times
 * are seconds since 1970, and by the caller. Pure.
 */

#include "daemon/core/cluster-copy.h"

/* 0: no limit. */
ClusterTransaction *cluster_moves_limit(const ClusterCopy *copy, int64_t together, int64_t per_host,
                                        GError **error);
/* `to` is alive, and goes on to be until this is done. `force`: although it has not settled. */
ClusterTransaction *cluster_moves_begin(const ClusterCopy *copy, const char *domain,
                                        const char *from, const char *to, bool force, int64_t now,
                                        const char *nonce, GError **error);
/* By who began it. It does not move again before `settles`; 0: it did not go, or may at once. */
ClusterTransaction *cluster_moves_end(const ClusterCopy *copy, const char *domain,
                                      const char *nonce, int64_t now, int64_t settles,
                                      GError **error);
bool cluster_moves_has(const ClusterCopy *copy, const char *domain, const char *nonce);
