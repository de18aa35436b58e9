/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Traffic of teamed guests while their VFs change: passthrough in normal times,
 * the host in between while the guest moves, or gets a VF or gives it back.
 *
 * QEMU unplugs the VF of a team and plugs one at the destination; the guest's
 * net_failover does the rest, and loses packets at three places. The pause of
 * the guest is the one of every move. The other two are ours:
 *
 *   source       the VF has gone, and switches outside still send to its PF:
 *                the MAC is announced on the bridge of the virtio half
 *   destination  the guest drops what comes to the virtio half as soon as the VF
 *                is there, which takes seconds to have a link, and switches send
 *                to the virtio half until the guest speaks through the VF: what
 *                the bridge delivers there goes to the VF as well, until then
 *
 * Needs a virtio half that is a port of a Linux bridge, and a door to rtnetlink;
 * Mediation=no forbids it. A card whose PF is a port of that same bridge decides
 * by itself whom a frame goes to, so nothing is won there. What fails is told
 * and stops no guest. One thread; belongs to the manager.
 */

#include "daemon/manager.h"
#include "xml/domain-standby.h"

Mediations *mediations_new(Manager *manager);
void mediations_free(Mediations *mediations);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mediations, mediations_free)

/* While the VF of a team is unplugged, its traffic needs the virtio half. NULL, or one sentence:
 * its link is down, or the guest's own agent does not see two interfaces with the team's MAC.
 * `found` is a GUEST_FOUND, `domain` what its XML says. Free it. */
char *mediation_trouble(const GuestEvent *found, const Domain *domain);

/* For guest-follow: it runs here, or has arrived; `event->xml` is live. */
void mediations_on_running(Mediations *mediations, const GuestEvent *event, const Domain *domain);
/* The first pass of its memory: QEMU has taken the VFs of its teams by then. */
void mediations_on_leaving(Mediations *mediations, const char *uuid);
/* It did not move, and QEMU plugs its VFs again. */
void mediations_on_stayed(Mediations *mediations, const char *uuid);
void mediations_on_end(Mediations *mediations, const char *uuid);

/* For swap: the team of this MAC, of a guest that runs and stays, has this VF now, or has it no
 * more. Where its virtio half is plugged in is known of mediations_on_running(): the XML of a
 * GUEST_FOUND does not tell. */
void mediations_on_vf_added(Mediations *mediations, const char *uuid, const char *vf,
                            const char *mac);
void mediations_on_vf_removed(Mediations *mediations, const char *uuid, const char *vf,
                              const char *mac);

void mediations_on_time(Mediations *mediations);
int64_t mediations_next_time(const Mediations *mediations); /* CLOCK_REALTIME us, 0 never */
