/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Guests that OpenStack has placed: what they are to have of this host must have
 * been claimed in Placement before they come or start (Claims= of
 * virtferry.conf(5)). The hook's question waits for that, and nothing else does.
 *
 * A guest whose claim cannot be asked for is refused, whether it comes or starts.
 * One that comes runs on where it is, so nobody is hurt. One that starts without
 * its claim would take what the scheduler may have given to another guest, and
 * that would be seen as a failure of the other one later; Nova starts nothing
 * without Placement either, and Claims=no is the way out.
 *
 * Demanded is what core/claim.h counts: functions and offloads of its slice. A
 * <hostdev> without a slice is Nova's own to hand out (device_spec), and of a guest
 * that is not Nova's it is counted where its claim has any VFs.
 *
 * A guest of Nova without a slice of its own is given one by its claim, of the
 * devices that were claimed. From then on it is in the guest's metadata as any
 * other, and the next host holds it against the claim there.
 */

#include "daemon/core/claim-ops.h"
#include "daemon/manager.h"

/* Once; `xml` is what manager_filter_domain() returns, "" of a prepared domain. Borrowed. */
typedef void (*HookAnswer)(void *userdata, const char *xml, const GError *error);

/* manager_filter_domain() and manager_prepare_domain(), when it is known what was claimed. At once
 * for a guest of whom nothing is demanded. */
void hook_claim_filter(Manager *manager, const char *operation, const char *xml, HookAnswer answer,
                       void *userdata);
void hook_claim_prepare(Manager *manager, const char *xml, HookAnswer answer, void *userdata);

/* For hook-ops: whether this guest may come or start by its claim, which was asked for a moment
 * ago. FERRY_ERROR_NO_RESOURCES, FERRY_ERROR_UNAVAILABLE. */
bool hook_claim_check(Manager *manager, const Domain *domain, GError **error);

/* For hook-slice: the slice that the guest is to have, and the same bound to the devices of its
 * claim; without a claim both are that of its metadata. NULL none. Borrowed. */
const Slice *hook_claim_wish(const Manager *manager, const Domain *domain);
const Slice *hook_claim_bound(const Manager *manager, const Domain *domain);
