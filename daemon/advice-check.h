/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What keeps an advice from being carried out by virtferryd itself, of all that
 * the checks find. Only what would make that go wrong counts:
 *
 *   any           the guest is shut off; its XML cannot be read
 *   gets a VF     the kernel has no VFIO; the VF is in no IOMMU group
 *   gives a VF    its team's other half could not carry the traffic
 *   leaves        every error of guest_check(), which is about that
 *
 * What would only keep the guest from moving to another host some day (an old QEMU, a driver that
 * saves no state, another device of the guest) is no reason to leave it where it is badly off here;
 * `virt-ferry check` goes on telling it. Nor are warnings.
 */

#include "daemon/advisor-way.h"
#include "daemon/host-check.h"

/* `found` is a GUEST_FOUND with XML, of a guest of the draft. NULL: nothing does; else one
 * sentence, to be freed. */
char *advice_check(const Manager *manager, const HostState *state, const AdvisorDraft *draft,
                   const GuestEvent *found);
