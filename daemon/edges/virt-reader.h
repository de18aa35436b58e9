/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a connection to libvirt tells: its events, the domains at its start and
 * the figures of jobs, made into GuestEvent and put through the door.
 *
 * The reader belongs to its worker's thread, which asks libvirt what an event
 * left open. libvirt's own thread, on which events come, only pushes them.
 */

#include <libvirt/libvirt.h>
#include <stdbool.h>

#include "daemon/edges/guest-door.h"
#include "daemon/edges/worker.h"

typedef struct VirtReader VirtReader;

/* Borrows both, and outlives the worker's thread and libvirt's. */
VirtReader *virt_reader_new(Worker *worker, GuestDoor *door);
void virt_reader_free(VirtReader *reader);

/* On the worker's thread, or when it has ended. */

/* Watches this connection, borrowed until virt_reader_detach(): tells the domains that are active
 * (GUEST_LIST), then what happens. false: libvirt's last error says why. */
bool virt_reader_attach(VirtReader *reader, virConnectPtr connection);
void virt_reader_detach(VirtReader *reader);
/* Figures of the guest's job every second, GUEST_STAYED when it is gone while the guest is active.
 */
void virt_reader_follow_job(VirtReader *reader, const char *uuid);
/* GUEST_GONE when it is not active; of one that is not defined either, the UUID is the name. */
void virt_reader_look_again(VirtReader *reader, const char *uuid);
