/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the PF and the host's switch know of a guest's VFs, through the guest's
 * life: given to a VF before its guest comes here, kept current in the metadata
 * while it runs, and taken back when it has gone.
 *
 * What the VF had before is stored with its lease before it is touched. Without
 * a door to rtnetlink (manager->rtnl NULL, of a made-up host) nothing happens.
 * Reaches no libvirt but where it says so. Used by hook-ops, hardware and
 * guest-follow.
 */

#include "daemon/manager.h"

/* `prepare begin`: notes what each leased VF has. FERRY_ERROR_HARDWARE where that cannot be known
 * and a guest that comes here asks for something. */
bool guest_switch_prepare(Manager *manager, const Domain *domain, const GPtrArray *leases,
                          GError **error);
/* `start begin`: gives the VFs of a guest that comes here what its metadata say. Not earlier, since
 * libvirt, after `prepare`, gives the VF of an <interface> the MAC and the VLAN of the XML, and no
 * VLAN where the XML has none. All or FERRY_ERROR_HARDWARE: then the leases are to end. */
bool guest_switch_apply(Manager *manager, const Domain *domain, GError **error);
/* A VF that was unplugged for a move is plugged again: libvirt has had its say anew, so what the
 * metadata say is given once more. FERRY_ERROR_HARDWARE. */
bool guest_switch_replugged(Manager *manager, const Domain *domain, const DomainDevice *device,
                            GError **error);
/* The VF of `lease` is to be the guest's in the place of `device`: gets what the metadata say of
 * that, as far as libvirt does not set it. FERRY_ERROR_HARDWARE. */
bool guest_switch_lend(Manager *manager, const Domain *domain, const DomainDevice *device,
                       Lease *lease, GError **error);
/* The guest has the VF `to` now and not `from`, which goes back to what it had without its MACs. */
void guest_switch_moved(Manager *manager, const char *from, const char *to);
/* `release end`: notes what the guest had. When it has left for another host, its VFs are to go
 * back to what they had before it, without its MACs. Done by guest_switch_put_back(). */
void guest_switch_leave(Manager *manager, const Domain *domain, bool migrated);
/* What was given or is to be taken is taken back, as far as it goes: before the lease ends. */
void guest_switch_put_back(Manager *manager, const Lease *lease);

/* Into the entries of `metadata`, as the kernel has it now. While the guest moves away, and where
 * the kernel does not say, as it was. */
void guest_switch_capture(Manager *manager, const Domain *domain, Metadata *metadata);
/* The kernel tells of a change. Asks libvirt for the guests whose VFs are not any more what they
 * were at the last look, and writes their metadata anew. */
void guest_switch_look_again(Manager *manager, GuestFinder write);
