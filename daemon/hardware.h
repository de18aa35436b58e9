/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The hands of the manager: what leases promise is done to the hardware here,
 * stored before it is touched, undone in reverse. Used by hook-ops, recover
 * and guest-follow. */

#include "daemon/manager.h"

/* Makes and binds for all of these leases (Lease), or for none, and enters `claimed`. `managed`
 * leases are not bound: libvirt does that itself. FERRY_ERROR_HARDWARE with words. */
bool hardware_claim(Manager *manager, GPtrArray *leases, GError **error);

/* Gives back and removes what the lease made, and drops the lease. When the kernel refuses (a guest
 * still holds it) the lease stays `releasing` and is tried again after a while. */
bool hardware_release(Manager *manager, Lease *lease, GError **error);
