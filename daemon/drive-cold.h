/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A guest that is shut down for its move and starts at the destination: libvirt
 * tells nothing of such a move but its end, and nobody else starts the guest when
 * it fails. Used by drive, which knows what was asked for and what was stopped.
 */

#include "daemon/manager.h"

bool drive_cold_is(const Migration *migration);
/* Asks the guest of this XML to shut down; GUEST_SHUT_DOWN comes. FERRY_ERROR_INVALID_XML. */
bool drive_cold_shut_down(const Manager *manager, const char *uuid, const char *xml,
                          GError **error);
/* GUEST_SHUT_DOWN. NULL: its definition is to move now. Else why not, and it runs on, or is started
 * here again. `migration` NULL when there is no record of it any more. */
const char *drive_cold_on_shut_down(Manager *manager, Migration *migration, bool stopped,
                                    const GuestEvent *event);
/* GUEST_MOVED: its record, and its start here where that is safe. */
void drive_cold_on_moved(Manager *manager, Migration *migration, const GuestEvent *event);
/* The same of a move that a daemon was killed in. */
void drive_cold_recover(Manager *manager, Migration *migration);
