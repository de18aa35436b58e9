/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one door through which libvirt's threads reach the main thread: a queue
 * of GuestEvent and an eventfd that is readable while something is in it.
 */

#include "daemon/core/virt-ops.h"

typedef struct GuestDoor GuestDoor;

GuestDoor *guest_door_new(void); /* NULL and errno */
/* Of any thread. The last one closes it and drops what is in it. */
GuestDoor *guest_door_ref(GuestDoor *door);
void guest_door_unref(GuestDoor *door);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestDoor, guest_door_unref)

/* From any thread. Takes the event. */
void guest_door_push(GuestDoor *door, GuestEvent *event);

/* For the main thread: the fd to watch, and what came in, oldest first; NULL when all is taken. */
int guest_door_fd(const GuestDoor *door);
GuestEvent *guest_door_pop(GuestDoor *door);
