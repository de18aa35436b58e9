/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Asks virtferry-placement on the system bus what a consumer has claimed here:
 * org.virtferry1.Placement.GetClaim(s consumer) -> (b found, a(sst) claim), of
 * device, resource and amount. What it says is read as what a stranger says. Never
 * waits. Main thread.
 */

#include <systemd/sd-bus.h>

#include "daemon/core/claim-ops.h"

#define CLAIMS_TIMEOUT_USEC (5 * G_USEC_PER_SEC) /* half of what a hook has */
#define CLAIMS_ROWS_MAX     4096

typedef struct ClaimsEdge ClaimsEdge;

/* Borrows the bus, which is on a loop, and ends before it. When the loop ends, and with the edge,
 * who still waits is told that the daemon is about to end: the bus is closed after that. */
int claims_edge_new(sd_bus *bus, uint64_t timeout_usec, ClaimsEdge **ret_claims);
void claims_edge_free(ClaimsEdge *claims);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClaimsEdge, claims_edge_free)
const ClaimOps *claims_edge_ops(ClaimsEdge *claims);
