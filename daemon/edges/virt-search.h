/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Looks up one guest, asks its agent about a team that it has, and watches for
 * a second how fast it writes its memory where that is asked. A task of the read
 * worker, which pushes itself again while agent or QEMU take their time: nothing
 * here waits.
 */

#include <libvirt/libvirt.h>

#include "daemon/edges/guest-door.h"
#include "daemon/edges/worker.h"

typedef struct VirtSearch VirtSearch;

/* Borrows worker, task and door; the task is whoever calls virt_search_run() with what it is given.
 */
VirtSearch *virt_search_new(Worker *worker, WorkerTask task, GuestDoor *door, const char *name,
                            bool measure, unsigned long question);
void virt_search_free(void *search);

/* GUEST_FOUND comes through the door, now or after another run. `connection` NULL: there is none to
 * `uri`. */
void virt_search_run(VirtSearch *search, virConnectPtr connection, const char *uri);
