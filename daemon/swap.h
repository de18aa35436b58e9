/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A device of a guest is exchanged for another one of this host while the guest
 * runs and stays: `virt-ferry move`. The guest is without it for a moment.
 *
 *   swaps_begin() ─► VirtOps.find() ─► lease, make, bind the new one ─► replug_unplug()
 *        the old one is given back ◄─ reply ◄─ GUEST_PLUGGED ◄─ replug_plug_instead()
 *
 * A VF and an emulated interface are exchanged for each other in the same way,
 * with the same MAC. The note is of the VF in both directions, and of no use
 * while the interface is there (xml/domain.h): so a daemon that is killed leaves
 * the guest one of the two, or gives it the VF.
 *
 * A VF that is half of a team (swap-team.h) comes beside the other half and goes
 * again, which carries the traffic meanwhile: nothing is noted, and a daemon
 * that is killed leaves the guest with the VF or without it.
 *
 *   swaps_begin() ─► VirtOps.find() ─┬─► lease, bind ─► replug_plug_instead() ─► GUEST_PLUGGED
 *                                    │                              reply ◄───────────┘
 *                                    └─► replug_unplug_noted() ─► GUEST_UNPLUGGED
 *                                              given back, reply ◄───────┘
 *
 * The note in the guest's metadata names the old one until the new one is in: a
 * plug that fails and a daemon that is killed give it back to the guest
 * (replug.h). In memory; one thread; belongs to the manager.
 */

#include "daemon/manager.h"

typedef struct Swapped {
        const char *guest, *name; /* "g1", "hostdev0" */
        const char *from, *to;    /* ids; "virtio", "virtio:br0" */
        int64_t without_usec;     /* how long the guest did not have it; 0: of a team, the
                                   * other half carried the traffic */
} Swapped;

/* Borrowed; or the error. */
typedef void (*SwapReply)(void *userdata, const Swapped *done, const GError *error);

Swaps *swaps_new(Manager *manager);
void swaps_free(Swaps *swaps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Swaps, swaps_free)

/* `domain` is a name or a UUID; `device` its name ("hostdev0"), MAC, address in the guest or id
 * here, or the alias or MAC of an emulated interface; `target` the id of a device, or what it is to
 * be one of: a parent, a type of one ("mtty/mtty-2") or a pool, or "virtio:BRIDGE", or "virtio" for
 * libvirt's network 'default'. Both halves of a team have one MAC: with a VF for target the half
 * that stays is meant when the team has no VF, else the VF; "virtio" takes the VF out. Replies
 * later, once. FERRY_ERROR_UNAVAILABLE without libvirt, FERRY_ERROR_NOT_FOUND,
 * FERRY_ERROR_INVALID_STATE for a guest that does not run, moves or has settled too short a time,
 * FERRY_ERROR_NO_DEVICE when nothing fits, FERRY_ERROR_HARDWARE. */
void swaps_begin(Swaps *swaps, const char *domain, const char *device, const char *target,
                 bool force, SwapReply reply, void *userdata);
/* It is being exchanged: its lease is not to end because the guest does not have it. */
bool swaps_is_busy(const Swaps *swaps); /* some device is being exchanged */
bool swaps_holds(const Swaps *swaps, const char *device);
