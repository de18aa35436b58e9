/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* libvirt, as the main thread sees it: nothing here waits for it. Only the
 * virt*.c files of this folder include libvirt.h.
 *
 * libvirt's own event loop runs in a thread of its own, with GLib's main
 * context, which nobody else may use. What it and the two workers of virt-link
 * learn comes through a door that the main loop watches.
 */

#include <systemd/sd-event.h>

#include "daemon/core/virt-ops.h"

typedef struct Virt Virt;
typedef void (*VirtListener)(void *userdata, const GuestEvent *event);

/* Begins to connect to `uri` ("qemu:///system") and tells the listener, from the loop of `loop`,
 * what comes. Once a process at a time. Negative errno. */
int virt_new(sd_event *loop, const char *uri, VirtListener listener, void *userdata,
             Virt **ret_virt);
/* Waits for the call to libvirt that is under way. */
void virt_free(Virt *virt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Virt, virt_free)

const VirtOps *virt_get_ops(const Virt *virt);
/* Of the libvirt at the other end: 9000000 for 9.0.0; 0 before the first connection. */
unsigned long virt_get_version(const Virt *virt);
/* The same of the QEMU that it starts guests with by default; 0 not known. */
unsigned long virt_get_qemu_version(const Virt *virt);
