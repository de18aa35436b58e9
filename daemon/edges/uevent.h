/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernel and udev tell of devices, as subsystem pci or mdev: PCI
 * functions, mdevs and their parents. A network interface stands for the PCI
 * function that it belongs to.
 */

#include <glib.h>
#include <systemd/sd-event.h>

typedef struct Uevents Uevents;
typedef void (*UeventListener)(void *userdata, const char *subsystem, const char *name);

int uevents_new(sd_event *loop, UeventListener listener, void *userdata, Uevents **ret_uevents);
void uevents_free(Uevents *uevents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Uevents, uevents_free)
