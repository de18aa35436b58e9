/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Settings of a guest that runs, one after the other, and back when one of them
 * fails. Pages are moved and devices let go of in the meantime, so each such
 * order has a thread and a connection of its own, as in virt-plugger.h. A daemon
 * that ends in between leaves a part; the next one plans anew from what is there.
 */

#include "daemon/edges/guest-door.h"

/* GUEST_TUNED comes through the door, also when it could not begin. `steps` is copied. */
void virt_tune(const char *uri, const char *uuid, const GPtrArray *steps, GuestDoor *door);
