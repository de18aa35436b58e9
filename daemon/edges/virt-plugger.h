/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Devices out of a guest that runs, and into it. A guest takes its time, so each such order has a
 * thread of its own, with a connection of its own. Nobody waits for these threads: what a daemon
 * that ends leaves undone, the next one finds in the guest's metadata (daemon/replug.h).
 */

#include "daemon/edges/guest-door.h"

/* GUEST_UNPLUGGED comes through the door, also when it could not begin. The metadata are written
 * already. */
void virt_plugger_unplug(const char *uri, const UnplugRequest *request, GuestDoor *door);
/* GUEST_PLUGGED comes. `elements` is copied. */
void virt_plugger_plug(const char *uri, const char *uuid, const char *const *elements,
                       GuestDoor *door);
/* That nothing could be done: GUEST_UNPLUGGED with these words. */
void virt_plugger_refuse(const UnplugRequest *request, const char *words, GuestDoor *door);
