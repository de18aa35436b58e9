/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who has what on this host, as one guest that wants devices sees it: leases of
 * other guests, its own, and what the running negotiation has promised to it.
 * Made for one negotiation, in one pass over the leases.
 */

#include "daemon/core/inventory.h"
#include "daemon/core/lease.h"

typedef struct Usage Usage;

/* Borrows all three. */
Usage *usage_new(const Domain *domain, Inventory *inventory, const LeaseBook *book);
void usage_free(Usage *usage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Usage, usage_free)

Inventory *usage_inventory(const Usage *usage);
const Lease *usage_lease(const Usage *usage, const char *id); /* whoever has it, NULL nobody */
bool usage_is_tried(const Usage *usage, const char *id);      /* a trial has it for the moment */
/* Offered to the cluster, and not for this guest; promised to it there. */
bool usage_is_shared(const Usage *usage, const char *id);
bool usage_is_kept(const Usage *usage, const char *id);
bool usage_expects(const Usage *usage); /* it was promised something there */
bool usage_is_own(const Usage *usage, const Lease *lease);
/* What the guest has leased already for this device of its, by the guest-side address; NULL. */
const Lease *usage_own_lease(const Usage *usage, const DomainDevice *device);

/* Notes that the guest gets `id`. `made_by`: the parent that will make it, NULL when it is there.
 */
void usage_promise(Usage *usage, const char *id, const Pool *pool, const char *made_by);
bool usage_is_promised(const Usage *usage, const char *id);

bool usage_pool_is_full(const Usage *usage, const Pool *pool);
/* Names of the other guests that have leases of the pool, each once. Borrowed names. */
GPtrArray *usage_pool_holders(const Usage *usage, const Pool *pool);
/* How many of the pool are offered to the cluster, and neither leased nor for this guest. */
unsigned usage_pool_shared(const Usage *usage, const Pool *pool);
/* Instances that will be made below this parent and do not show in its types yet. */
unsigned usage_count_unmade(const Usage *usage, const char *parent);

/* Whether a process has the device open, one that virt-ferry knows nothing of: a guest that it does
 * not manage, or a user-space driver of the host's. */
bool usage_is_held(const Usage *usage, const Device *device);

/* inventory_probe(), and after some devices that did not answer the last error at once: opening
 * thousands of devices in turn would hold up the migration. */
int usage_ask(Usage *usage, const char *id);
int usage_ask_error(const Usage *usage); /* 0 or the last one */

/* Why the IOMMU group of a device that is free itself cannot be given away: "group 7 with
 * 0000:3b:10.2, which is leased to guest db1". NULL when it can, and for a device without a group.
 * Free it. */
char *usage_group_trouble(Usage *usage, const Device *device);
