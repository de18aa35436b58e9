/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a consumer has claimed of this host: of its allocations in Placement those on providers of
 * this host's tree, by device and resource. Pure.
 */

#include "nova-driver-shim/placement/api.h"
#include "nova-driver-shim/placement/tree.h"

typedef struct ClaimRow {
        const char *device;   /* id; "" of the root, which is the host itself */
        const char *resource; /* "vfs" */
        uint64_t amount;
} ClaimRow;

/* Rows are the tree's and end with it. Classes that are not ours are left out; of the root, too,
 * where an operator may have put ours with a provider.yaml. `ret_found`: whether there is anything
 * of this host at all, be it Nova's own (VCPU). */
GArray *claim_new(const ApiConsumer *consumer, const Tree *tree, bool *ret_found);
