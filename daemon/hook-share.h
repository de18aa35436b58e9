/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A guest that comes or starts while the device that it needs is offered to the cluster
 * (core/share-book.h), and promised to nobody: it is called back, and the hook's question waits for
 * that, HOOK_SHARE_WAIT_USEC at most. No other question does, and none where the cluster is away:
 * then a device that was offered is given to nobody, and the sentence says so.
 *
 * Belongs to the manager. One thread; nothing blocks.
 */

#include "daemon/hook-claim.h"

#define HOOK_SHARE_WAIT_USEC (5 * G_USEC_PER_SEC)

HookShares *hook_shares_new(Manager *manager);
/* Who still waits is told that the daemon ends. */
void hook_shares_free(HookShares *shares);

/* hook_claim_filter() and hook_claim_prepare() when nothing is to be waited for any more. */
void hook_shares_filter(HookShares *shares, const char *operation, const char *xml,
                        HookAnswer answer, void *userdata);
void hook_shares_prepare(HookShares *shares, const char *xml, HookAnswer answer, void *userdata);

/* Something has come back, or nothing will. */
void hook_shares_wake(HookShares *shares);
/* When hook_shares_next_time() (CLOCK_REALTIME us, 0 never) has come. */
void hook_shares_on_time(HookShares *shares);
int64_t hook_shares_next_time(const HookShares *shares);
