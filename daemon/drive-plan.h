/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is decided before a move has its turn: whether the guest may move now, and
 * in which way. It begins nothing, and the record is the caller's to store. Used by
 * drive, and by swap, which troubles a guest as little as a move does.
 */

#include "daemon/manager.h"

/* Whether this guest (GUEST_FOUND) has been here for long enough. FERRY_ERROR_INVALID_STATE. */
bool drive_check_settled(const Manager *manager, const GuestEvent *found, GError **error);
/* Whether it may move: it is there, runs, is not on its way and, without `force`, has settled.
 * FERRY_ERROR_NOT_FOUND, FERRY_ERROR_INVALID_STATE. */
bool drive_check_guest(const Manager *manager, const GuestEvent *found, bool force, GError **error);
/* The migration, not stored yet. `strategy` as in DriveWish; the request, whose connections and
 * compression are wishes until then, gets how it is sent and whether the guest is shut down for it.
 * `ret_unplugs`: devices are taken out first, if they are not out then. Errors of strategy_choose()
 * and guest_transfer_plan(), and FERRY_ERROR_INVALID_STATE for a team that is not one. */
Migration *drive_plan(Manager *manager, const GuestEvent *found, const char *strategy,
                      MoveRequest *request, bool *ret_unplugs, GError **error);
