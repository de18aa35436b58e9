/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the PF and the host's switch know of the VF of one lease: read, given to
 * it and put back. What it had before is stored with the lease before it is
 * touched. A device that has no place in a switch has nothing of this. Used by
 * guest-switch, which says when and for whom.
 */

#include "daemon/manager.h"

/* As it is now. NULL without an error: it has no place in a switch. `findings` gets sentences on
 * what is left out; NULL when nobody wants them. FERRY_ERROR_HARDWARE. */
SwitchState *lease_switch_capture(const Manager *manager, const Lease *lease, GPtrArray *findings,
                                  GError **error);
/* What the guest has of it, as it was noted; NULL unknown. */
SwitchState *lease_switch_guest(const Lease *lease);

/* Notes what it has. Where that cannot be known: FERRY_ERROR_HARDWARE when the guest `asks` for
 * something, else nothing. */
bool lease_switch_prepare(Manager *manager, Lease *lease, bool asks, GError **error);
/* Gives it `target`. FERRY_ERROR_HARDWARE: the lease is to end. */
bool lease_switch_apply(Manager *manager, Lease *lease, const SwitchState *target, GError **error);

/* The guest lives on elsewhere: it is to have what it had before, without what was the guest's. */
void lease_switch_leave(Manager *manager, Lease *lease, const SwitchState *guest);
/* The guest has ended here, and had this. */
void lease_switch_end(Manager *manager, Lease *lease, const SwitchState *guest);
/* What is to be taken from it is taken, as far as it goes. */
void lease_switch_put_back(Manager *manager, const Lease *lease);

/* Into the journal. */
void lease_switch_log(const GPtrArray *findings);
