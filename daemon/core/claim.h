/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What OpenStack Placement has put aside for one consumer on this host: of each
 * PF or offload device how much. Held against what a guest wants, and turned into
 * a hardware slice for one that says nothing itself. Pure.
 *
 * Counted is what this host shows in Placement, and that is what PFs and offload
 * devices have:
 *
 *   of a PF               vfs, lanes, bandwidth   functions of class sriov
 *   of an offload device  cores, memory, keys, bandwidth   <offload>
 *
 * CPUs and memory of the host itself are for OpenStack Nova to count.
 */

#include "daemon/core/headroom.h"
#include "xml/slice.h"

typedef struct Claim {
        bool found;         /* the consumer has something of this host, be it Nova's own */
        GPtrArray *devices; /* of claim.c; in the order in which they were added */
} Claim;

Claim *claim_new(bool found);
Claim *claim_copy(const Claim *claim);
void claim_free(Claim *claim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Claim, claim_free)

/* So much more of it. "0000:3b:00.0" is a PF, any other name an offload device; "", the host, is
 * passed over. */
void claim_add(Claim *claim, const char *device, HeadroomResource resource, uint64_t amount);
uint64_t claim_sum(const Claim *claim, HeadroomResource resource); /* of all devices */

/* Whether all that the slice asks of PFs and offload devices was claimed; `ret_at` is the slice
 * bound to the devices of the claim. Functions and offloads that name a device have to be of it;
 * the others go where they leave least. FERRY_ERROR_NO_RESOURCES: which does not fit, and what was
 * claimed. */
bool claim_cover(const Claim *claim, const Slice *wish, Slice **ret_at, GError **error);

/* What a guest with this claim is to have: a function for each VF, one also for lanes or bandwidth
 * of a PF without VFs, which share in that; and an <offload> for each offload device. `ret_wish`
 * names no device, since the next host has others; `ret_at` does. False: there is nothing to
 * have. */
bool claim_to_slice(const Claim *claim, Slice **ret_wish, Slice **ret_at);
