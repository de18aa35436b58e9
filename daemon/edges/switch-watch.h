/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernel tells of VFs, bridges and filters, as one call a second at
 * most: they change many at a time. */

#include <glib.h>
#include <systemd/sd-event.h>

typedef struct SwitchWatch SwitchWatch;
typedef void (*SwitchListener)(void *userdata);

int switch_watch_new(sd_event *loop, SwitchListener listener, void *userdata,
                     SwitchWatch **ret_watch);
void switch_watch_free(SwitchWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SwitchWatch, switch_watch_free)
