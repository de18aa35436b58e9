/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of that which a host offers a guest would use there, for a promise: for each of its devices
 * one that it could have, and of amounts as much as it needs and is left. What is not offered is
 * not in it, and no hindrance: the host has more than it offers, and decides when the guest comes.
 * Pure. */

#include "daemon/core/cluster-lot.h"
#include "daemon/core/place.h"

/* Of ClusterWish, whose words are the copy's; empty: it offers nothing that helps, or all of it is
 * promised to this domain already. Free it. */
GArray *cluster_choose_lots(const ClusterCopyHost *host, const PlaceGuest *guest,
                            const char *domain);
