/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a host offers to the others, and who has been promised some of it.
 *
 * A host uses what it has not offered without asking anybody. An amount that it offers is out of
 * its own book before the offer is sent; one that it takes back is in it after that was done. So
 * whatever becomes of a request, no unit is with two.
 *
 * A promise is for a domain that will come from the host that asked (`by`). That host sends the
 * domain only when the promise is done, and releases the promise only when the domain has not come
 * and will not. The owner puts the domain into its own book, then redeems: it may let the domain
 * start before it hears of that. It never takes one in whose promise it is about to release.
 *
 * Each function makes a change out of the copy, or refuses in a sentence: FERRY_ERROR_NO_RESOURCES,
 * FERRY_ERROR_UNAVAILABLE (a host is away; not all was told yet), FERRY_ERROR_BUSY (the copy is
 * behind), FERRY_ERROR_INVALID_STATE, FERRY_ERROR_NOT_FOUND, FERRY_ERROR_INVALID_ARGS. `nonce` is
 * one that no other change has ever had. An owner has one change of a lot at a time. Pure.
 *
 * When no answer came: cluster_change_judge() by what the copy says; while that is
 * CLUSTER_VERDICT_OPEN the same transaction may be sent again, since of both at most one is done.
 */

#include "daemon/core/cluster-copy.h"

typedef enum ClusterChangeKind {
        CLUSTER_CHANGE_OWN, /* offer, take back, redeem */
        CLUSTER_CHANGE_PROMISE,
        CLUSTER_CHANGE_RELEASE,
} ClusterChangeKind;

typedef struct ClusterChange {
        ClusterChangeKind kind;
        char *nonce;  /* its own; of a release: of the promise */
        char *domain; /* of a promise or release */
        ClusterTransaction *transaction;
} ClusterChange;

void cluster_change_free(ClusterChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterChange, cluster_change_free)

typedef struct ClusterWish {
        const char *host, *resource;
        int64_t amount; /* above 0 */
} ClusterWish;

/* By the owner. An amount of 0 settles: when it is done, nothing that was sent before it can be
 * any more, and what the lot says is what was offered. */
ClusterChange *cluster_lot_offer(const ClusterCopy *copy, const char *host, const char *resource,
                                 int64_t amount, const char *nonce, GError **error);
ClusterChange *cluster_lot_take_back(const ClusterCopy *copy, const char *host,
                                     const char *resource, int64_t amount, const char *nonce,
                                     GError **error);
/* All of them, or nothing. Each lot is named once. */
ClusterChange *cluster_lot_promise(const ClusterCopy *copy, const char *by, const char *domain,
                                   const ClusterWish *wishes, unsigned n_wishes, int64_t since,
                                   const char *nonce, GError **error);
/* By the owner: all that `promise`, a nonce, has of this host. */
ClusterChange *cluster_lot_redeem(const ClusterCopy *copy, const char *host, const char *domain,
                                  const char *promise, const char *nonce, GError **error);
/* `host` NULL: on all hosts. */
ClusterChange *cluster_lot_release(const ClusterCopy *copy, const char *host, const char *domain,
                                   const char *promise, GError **error);

typedef enum ClusterVerdict {
        CLUSTER_VERDICT_OPEN, /* not yet, by the copy; it may be */
        CLUSTER_VERDICT_DONE,
        CLUSTER_VERDICT_LOST, /* not done, and it never will be; or undone already */
        CLUSTER_VERDICT_TORN, /* a promise of which owners have released a part: release the rest */
        _CLUSTER_VERDICT_MAX,
        _CLUSTER_VERDICT_INVALID = -22,
} ClusterVerdict;

ClusterVerdict cluster_change_judge(const ClusterChange *change, const ClusterCopy *copy);
