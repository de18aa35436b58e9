/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The leases of a guest as libvirt tells of it: after the fact, so nothing is
 * refused, and what cannot be written down is told in the journal. Used by
 * guest-follow.
 */

#include "daemon/manager.h"

/* It runs here: what it has is leased to it, what it has no more is given back. */
void lease_follow_running(Manager *manager, const Domain *domain);
/* QEMU has the devices and waits for the guest: no lease expires any more. */
void lease_follow_incoming(Manager *manager, const char *uuid);
/* It does not run here any more. */
void lease_follow_end(Manager *manager, const char *uuid);
