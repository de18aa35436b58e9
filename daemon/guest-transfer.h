/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How the memory of a guest that moves from here is sent: takes the figures from
 * this host and from earlier moves, lets transfer.h choose, and foretells what
 * the move takes then. Used by drive.
 */

#include "daemon/forecast.h"

/* Into the request, whose connections and compression are wishes until then, and into the plan of
 * the migration, whose devices are there already. FERRY_ERROR_INVALID_ARGS for wishes that do not
 * go together. */
bool guest_transfer_plan(Manager *manager, Migration *migration, MoveRequest *request,
                         GuestMemory memory, GError **error);
