/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Guests that move shut down: ended here, defined and started there. Each order has a thread and
 * connections of its own, as in virt-mover.h. None of them goes on after another by itself: the
 * manager stores in between how far it is, since a daemon that is killed must know whether the
 * guest may run elsewhere.
 */

#include "daemon/edges/guest-door.h"

/* GUEST_SHUT_DOWN comes through the door. */
void virt_cold_shut_down(const char *uri, const char *uuid, const char *metadata,
                         unsigned timeout_ms, GuestDoor *door);
/* GUEST_MOVED comes. */
void virt_cold_move(const char *uri, const MoveRequest *request, GuestDoor *door);
/* What fails is told in the journal. */
void virt_cold_start(const char *uri, const char *uuid, GuestDoor *door);
