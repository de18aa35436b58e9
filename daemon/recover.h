/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Making store, kernel and libvirt agree: at start, at a new connection to
 * libvirt, and when a lease expires. What is seen wins over what was written
 * down. Used by manager and guest-follow.
 */

#include "daemon/manager.h"

/* Before libvirt is there: finishes what was about to be given back, forgets migrations whose
 * daemon died before the guest came. */
void recover_after_start(Manager *manager);

/* libvirt has named every active domain: leases of all others are given back, except those that
 * wait for a guest that is on its way. */
void recover_after_list(Manager *manager);

/* The time of this lease is over. */
void recover_expired(Manager *manager, Lease *lease);

/* Gives back all that the domain has and ends its migration as rolled back, with the reason. */
void recover_domain(Manager *manager, const char *domain_uuid, const char *reason);

/* The same guest comes anew, so this move of it has ended, whether we were told or not. */
void recover_superseded(Manager *manager, Migration *migration);
