/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Moves of guests that the daemon drives: libvirt's call for that returns when the guest has moved,
 * so each has a thread of its own, with a connection of its own. Nobody waits for these threads: a
 * daemon that ends leaves the move to libvirt, and the next one finds it under way.
 */

#include "daemon/edges/guest-door.h"

/* GUEST_MOVED comes through the door, also when it could not begin. From any thread. */
void virt_mover_begin(const char *uri, const MoveRequest *request, GuestDoor *door);
