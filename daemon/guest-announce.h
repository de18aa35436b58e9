/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lets the switches around this host know that a guest's VFs are here now.
 *
 * QEMU announces what it emulates; of a VF nobody would hear before the guest's
 * own first frame, and what others send to it would go to the host that it came
 * from. Nothing happens without a door to rtnetlink or with Announce=no.
 * Reaches no libvirt. Used by guest-follow, and by whoever plugs a device.
 */

#include "daemon/manager.h"

/* All VFs of a guest that are leased to it. */
void guest_announce(const Manager *manager, const Domain *domain);
/* One VF, by its id on this host, with the MAC and the VLAN that its PF has set. `mac` holds where
 * the PF has none; NULL none. */
void guest_announce_device(const Manager *manager, const char *device, const char *mac);
