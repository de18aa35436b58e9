/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of the bus is in a HostState: for host.c alone. All: 0 or negative errno. */

#include <systemd/sd-bus.h>

#include "nova-driver-shim/placement/host-state.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

/* The reply of Manager.ListHeadroom: what devices there are. What is of the host itself is left
 * out: it is Nova's. */
int host_objects_read_headroom(sd_bus_message *m, HostState *state);
/* The reply of GetManagedObjects, after that: what their functions can, who has them, and what
 * slices have. */
int host_objects_read_managed(sd_bus_message *m, HostState *state);
