/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An operator's word that a host is gone, and no guest of it runs: its documents and its entries in
 * moves and drains go. Refused while it is alive, which is compared, too. A host that comes back
 * all the same finds that it has offered nothing.
 *
 * It may take more than one transaction, since a host can have more lots than one may delete: the
 * next is asked for when the one before is done and the copy has followed. One that was done is
 * lost when it is sent again: what goes is compared. Pure.
 */

#include "daemon/core/cluster-copy.h"

/* NULL without an error: nothing of it is left. FERRY_ERROR_INVALID_STATE: it is alive. */
ClusterTransaction *cluster_forget(const ClusterCopy *copy, const char *host, GError **error);
