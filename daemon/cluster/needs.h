/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a guest needs of a host, as its own host tells of it (core/cluster-doc-load.h) and as
 * another one asks place.h about it. What a device is bound to by the rule of its driver is said by
 * the host that tells; the rule for its state is that of the host that asks, as when it is there.
 * Pure. */

#include "daemon/core/cluster-doc-load.h"
#include "daemon/core/place.h"

/* False: others would not read it, since it is more, or longer, than they take. */
bool cluster_needs_can_be_told(const PlaceGuest *needs);
void cluster_needs_tell(ClusterLoad *load, ClusterLoadGuest *told, const PlaceGuest *needs);

typedef struct ClusterNeeds ClusterNeeds;

/* Borrows all. NULL: it needs a class of devices that this release does not have. */
ClusterNeeds *cluster_needs_new(const ClusterLoad *load, const ClusterLoadGuest *told,
                                const char *host, const Compat *compat);
void cluster_needs_free(ClusterNeeds *needs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClusterNeeds, cluster_needs_free)

PlaceGuest *cluster_needs_get(ClusterNeeds *needs);
